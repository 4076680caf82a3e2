"""find."""

import gzip
import json
import random
import re

from support import CliTest, escape


def occurrences(keys, text, overlap, boundary):
    """[(position, key)] by trying every key at every place. Texts are ASCII here."""
    def edge(at):
        pair = text[max(at - 1, 0):at + 1] if at else b""
        return boundary != "words" or not re.fullmatch(rb"\w\w", pair)

    found, free_from = [], 0
    for at in range(len(text)):
        if overlap == "longest" and at < free_from:
            continue
        here = sorted((key for key in keys if key and text.startswith(key, at)), key=len)
        here = [key for key in here if edge(at) and edge(at + len(key))]
        if overlap == "longest" and here:
            here = here[-1:]
            free_from = at + len(here[0])
        found += [(at, key) for key in here]
    return found


class Find(CliTest):
    text = b"New York is new.\nThe newest York,\tYork\\e\nin New Yorkshire"

    def setUp(self):
        super().setUp()
        self.build(b"New York\tcity\nYork\ttown\nnew\tadjective\nNew\tother\n\tempty\nYork,\\tYork\\\\\tescaped\n"
                   b"is new.\\nThe\ttwo\\nlines\n")

    def test_lines_and_columns(self):
        self.assertEqual(self.out("find", self.kf, stdin=self.text),
                         b"1:1\tNew York\tcity\n1:13\tnew\tadjective\n2:12\tYork,\\tYork\\\\\tescaped\n"
                         b"3:4\tNew\tother\n")
        self.assertEqual(self.out("find", self.kf, "-", stdin=self.text), self.out("find", self.kf, stdin=self.text))

    def test_offsets(self):
        self.assertEqual(self.out("find", "--offset", "-k", self.kf, stdin=self.text),
                         b"0\tNew York\n12\tnew\n28\tYork,\\tYork\\\\\n44\tNew\n")
        for line in self.out("find", "--offset", "-rk", self.kf, stdin=self.text).splitlines():
            at, key = line.split(b"\t", 1)
            self.assertTrue(self.text.startswith(key, int(at)))

    def test_overlap_and_boundary(self):
        self.assertEqual(self.out("find", "-k", "--overlap=all", self.kf, stdin=b"New York, new"),
                         b"1:1\tNew\n1:1\tNew York\n1:5\tYork\n1:11\tnew\n")
        self.assertEqual(self.out("find", "-k", "-b", "bytes", self.kf, stdin=b"Yorknews"), b"1:1\tYork\n1:5\tnew\n")
        self.assertEqual(self.out("find", self.kf, stdin=b"Yorknews", expect=1), b"")
        self.build("é\nn\nX\n".encode() + b"\xa9\n", "-f", "lines")
        text = "née éX X".encode()
        self.assertEqual(self.out("find", "-b", "words", self.kf, stdin=text), b"1:10\tX\n")
        self.assertEqual(self.out("find", "-b", "code-points", self.kf, stdin=text),
                         "1:1\tn\n1:2\té\n1:6\té\n1:8\tX\n1:10\tX\n".encode())
        self.assertEqual(self.out("find", "-o", "all", "-b", "bytes", self.kf, stdin=b"n\xc3\xa9"),
                         b"1:1\tn\n1:2\t\xc3\xa9\n1:3\t\xa9\n")

    def test_whole(self):
        self.assertEqual(self.out("find", "-wk", self.kf, stdin=self.text),
                         b"1:1\tNew York\n1:10\tis new.\\nThe\n2:12\tYork,\\tYork\\\\\n3:4\tNew\n")
        self.assertEqual(self.out("find", "-w", self.kf, stdin=b"", expect=1), b"")

    def test_json(self):
        rows = [json.loads(line) for line in self.out("find", "-jn", self.kf, stdin=self.text).splitlines()]
        self.assertEqual(rows[1], {"line": 1, "column": 13, "offset": 12, "length": 3, "key": "new",
                                   "ordinal": 6, "value": "adjective"})
        self.assertEqual(rows[3], {"line": 3, "column": 4, "offset": 44, "length": 3, "key": "New", "ordinal": 1,
                                   "value": "other"})
        name = self.write("one.txt", self.text)
        row = json.loads(self.out("find", "-jH", self.kf, name).splitlines()[3])
        self.assertEqual((row["file"], row["line"], row["offset"]), (name, 3, 44))
        self.assertEqual(json.loads(self.out("find", "-jcH", self.kf, name)), {"file": name, "count": 4})
        self.assertEqual(json.loads(self.out("find", "-jc", self.kf, name)), {"count": 4})

    def test_several_files(self):
        one, two = self.write("one.txt", b"a new\n"), self.write("two.txt", b"old\nnew")
        none = self.write("none", b"nothing")
        self.assertEqual(self.out("find", "-k", self.kf, one, two, none),
                         f"{one}:1:3\tnew\n{two}:2:1\tnew\n".encode())
        self.assertEqual(self.out("find", "-n", self.kf, one, "-", stdin=b"New"),
                         f"{one}:1:3\t6\n".encode().replace(b"\t6", b"\tnew\t6") + b"<stdin>:1:1\tNew\t1\n")
        self.assertEqual(self.out("find", "-c", self.kf, one, none, two),
                         f"{one}:1\n{none}:0\n{two}:1\n".encode())
        self.assertEqual(self.out("find", "-c", self.kf, one), b"1\n")
        self.assertEqual(self.out("find", "-c", self.kf, none, expect=1), b"0\n")
        self.assertEqual(self.out("find", "-Hk", self.kf, two), f"{two}:2:1\tnew\n".encode())

    def test_unreadable_text(self):
        one, lost = self.write("one.txt", b"a new\n"), self.path("lost")
        done = self.run_tool("find", "-k", self.kf, lost, one, expect=3)
        self.assertEqual(done.stdout, f"{one}:1:3\tnew\n".encode())
        self.assertEqual(done.stderr.decode(), f"keyfold: {lost}: No such file or directory\n")
        self.assertIn("folder", self.err("find", self.kf, self.folder, expect=3))
        cut = self.write("cut.gz", gzip.compress(b"new york\n" * 99)[:-9])
        self.assertIn(f"{cut}: ", self.err("find", self.kf, cut, expect=3))

    def test_compressed(self):
        self.assertEqual(self.out("find", "-k", self.kf, self.write("t.gz", gzip.compress(self.text))),
                         self.out("find", "-k", self.kf, stdin=self.text))

    def test_usage(self):
        self.err("find", expect=2)
        self.err("find", "--overlap", "some", self.kf, expect=2)
        self.assertIn("lost.kf", self.err("find", self.path("lost.kf"), expect=3))

    def test_values(self):
        self.build(b"new\t7\n", "-v", "u64")
        self.assertEqual(self.out("find", self.kf, stdin=b"new"), b"1:1\tnew\t7\n")
        self.assertEqual(json.loads(self.out("find", "-j", self.kf, stdin=b"new"))["value"], 7)
        self.build(b"\xff\n", "-f", "lines")
        self.assertEqual(json.loads(self.out("find", "-j", self.kf, stdin=b"a\xffb"))["key_hex"], "ff")

    def test_huge_line(self):
        line = b"x" * 3000000 + b" new " + b"y" * 2000000
        self.assertEqual(self.out("find", "-k", self.kf, stdin=b"new\n" + line + b"\nnew"),
                         b"1:1\tnew\n2:3000002\tnew\n3:1\tnew\n")

    def test_streams(self):
        """Lines are answered as they come."""
        self.converse(["find", "-k", self.kf],
                      ((b"a new one\n", b"1:3\tnew\n"), (b"\nno\nYork\nNe", b"4:1\tYork\n"),
                       (b"w York\n", b"5:1\tNew York\n")))

    def test_against_a_model(self):
        rng = random.Random(11)
        for case in range(40):
            letters = rng.choice([b"ab", b"ab \n", b"abc_ -\n\t"])
            keys = {bytes(rng.choices(letters, k=rng.randrange(6))) for _ in range(rng.randrange(1, 30))}
            text = bytes(rng.choices(letters, k=rng.randrange(400)))
            self.build(b"".join((escape(key) or b"\\&") + b"\n" for key in keys), "-f", "lines")
            overlap, boundary = rng.choice(["all", "longest"]), rng.choice(["words", "bytes"])
            whole = rng.random() < 0.5
            usable = keys if whole else {key for key in keys if b"\n" not in key}
            expected = b"".join(
                b"%d:%d\t%s\n" % (text.count(b"\n", 0, at) + 1, at - text.rfind(b"\n", 0, at), escape(key))
                for at, key in occurrences(usable, text, overlap, boundary))
            options = ["-o", overlap, "-b", boundary] + ["-w"] * whole
            with self.subTest(case=case):
                self.assertEqual(self.out("find", *options, self.kf, stdin=text, expect=0 if expected else 1), expected)

    def test_many_pieces(self):
        """A text of several windows, as one of lines and as a whole."""
        rng = random.Random(5)
        words = [b"new", b"York", b"New", b"x", b"old one", b"\n", b",", b"New York"]
        text = b" ".join(rng.choices(words, k=700000))
        lines = self.out("find", "-k", self.kf, stdin=text)
        self.assertEqual(lines.count(b"\n"), len(re.findall(rb"New York|\bNew\b|\bYork\b|\bnew\b", text)))
        self.assertTrue(self.out("find", "-kw", self.kf, stdin=text) == lines)
        name = self.write("text", text)
        self.assertTrue(self.out("find", "-k", self.kf, name) == lines)
        self.assertEqual(self.out("find", "-c", self.kf, name), b"%d\n" % lines.count(b"\n"))
        found = [line.split(b"\t") for line in self.out("find", "-k", "--offset", self.kf, name).splitlines()]
        self.assertTrue(all(text.startswith(key, int(at)) for at, key in found))
        starts = [0] + [at.end() for at in re.finditer(b"\n", text)]
        self.assertTrue(all(int(at) == starts[int(line) - 1] + int(column) - 1 for (at, _), (line, column) in zip(
            found, (place.split(b"\t")[0].split(b":") for place in lines.splitlines()))))
