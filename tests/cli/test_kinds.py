"""Files that are something else than they seem: read, or refused by name; and text that only looks like them."""

import os
import random
import sys
import unittest

from support import WINDOWS, CliTest, escape, unescape

sys.path.insert(0, os.path.join(os.path.dirname(os.path.dirname(os.path.abspath(__file__))), "support"))
from foreign import FOREIGN, LEGITIMATE, LONG, NOISE, PAIRS, PLAIN, TSV  # noqa: E402

WANTED = sorted((key.encode(), value.encode()) for key, value in PAIRS.items())


def known(files):
    """What is built for Windows is built without liblzma."""
    return {name: files[name] for name in files if not (WINDOWS and name.endswith(".xz"))}


class Readable(CliTest):
    def test_files(self):
        from foreign import READABLE
        for name, data in known(READABLE).items():
            with self.subTest(name=name):
                self.build(data, name=name)
                self.assertEqual(self.pairs(), WANTED)

    def test_standard_input(self):
        for codec in ("utf-16", "utf-16-le", "utf-16-be", "utf-32"):
            error = self.build(TSV.encode(codec))
            self.assertEqual(self.pairs(), WANTED)
            self.assertIn("<stdin>: note: read as UTF-", error)
            self.assertEqual(self.build(TSV.encode(codec), "-q"), "")

    def test_long_utf16(self):
        """Many windows of it, and characters that lie across their ends."""
        rng = random.Random(16)
        keys = ["".join(chr(rng.choice((65, 233, 0x416, 0x20ac, 0x4e00, 0x1f600))) for _ in range(9)) + str(n)
                for n in range(60000)]
        for codec in ("utf-16-le", "utf-16-be", "utf-32-le"):
            self.build("\ufeff".encode(codec) + "".join(key + "\n" for key in keys).encode(codec), "-f", "lines")
            self.assertEqual(self.pairs(), sorted((key.encode(),) for key in keys))


class Foreign(CliTest):
    def test_kinds(self):
        self.assertGreater(len(FOREIGN), 60)
        for name, (data, words) in known(FOREIGN).items():
            with self.subTest(name=name):
                error = self.build(data, name=name, expect=3)
                self.assertRegex(error, words)
                self.assertTrue(error.startswith("keyfold: " + self.path(name) + ":"), error)
                self.assertEqual(error.count("\n"), 1)
                self.assertNotIn("%s", error)
                self.assert_nothing_built()

    def test_formats_that_are_named(self):
        """Naming the format does not make text of what is none."""
        for kind in ("tsv", "csv", "jsonl", "lines"):
            for name in ("t.db", "t.parquet", "protocol-4.pickle", "archive.zip", "noise.bin", "t.png"):
                with self.subTest(kind=kind, name=name):
                    data, words = FOREIGN[name]
                    self.assertRegex(self.build(data, "-f", kind, name=name, expect=3), words)
                    self.assertRegex(self.build(data, "-f", kind, expect=3), words)
        for name in ("t.db", "t.parquet", "archive.zip", "protocol-4.pickle"):
            self.assertRegex(self.build(FOREIGN[name][0], "-f", "tsv", "--raw", expect=3), FOREIGN[name][1])
            self.assertRegex(self.build(FOREIGN[name][0], "-f", "nul", expect=3), FOREIGN[name][1])

    def test_dictionaries(self):
        self.build(PLAIN)
        os.rename(self.kf, self.path("a.kf"))
        self.build(b"zzz\tx\n")
        os.rename(self.kf, self.path("b.kf"))
        self.run_tool("bundle", "-q", "-o", self.path("all.kfm"), self.path("a.kf"), self.path("b.kf"))
        for name in ("a.kf", "all.kfm"):
            error = self.err("build", "-o", self.kf, self.path(name), expect=3)
            self.assertRegex(error, "a keyfold dictionary.*keyfold merge.*keyfold dump")

    def test_as_text(self):
        """--text takes any bytes for what the format says."""
        self.build(b"PK\3\4\tv\0w\nk\0\tx\n", "--text", "-f", "tsv")
        self.assertEqual(self.pairs(), [(b"PK\3\4", b"v\0w"), (b"k\0", b"x")])
        self.build(b"k\0,v\0\n", "-a", "-f", "csv")
        self.assertEqual(self.pairs(), [(b"k\0", b"v\0")])
        self.build(b"\xff\xfea\0\n", "-a", "-f", "lines")
        self.assertEqual(self.pairs(), [(b"\xff\xfea\0",)])
        self.build(b"SQLite format 3\0x\0", "-a", "-f", "nul")
        self.assertEqual(self.pairs(), [(b"SQLite format 3",), (b"x",)])
        self.build(b"a\rb\n\rc", "-a", "-f", "lines", "--raw")
        self.assertEqual(self.pairs(), [(b"\rc",), (b"a\rb",)])
        self.build(b'["a"]\n["b"]\n', "-a")
        self.assertEqual(self.pairs(), [(b'["a"]',), (b'["b"]',)])

    def test_lines_as_records_that_end_with_nul(self):
        self.assertIn("no NUL byte", self.build(b"one\ntwo\n", "-f", "nul", expect=3))
        self.assertIn("no NUL byte", self.build(LONG, "-f", "nul", "--pairs", expect=3))
        self.build(b"one\ntwo\n", "-f", "nul", "--text")
        self.assertEqual(self.pairs(), [(b"one\ntwo\n",)])
        self.build(b"one\ntwo\0", "-f", "nul")
        self.assertEqual(self.pairs(), [(b"one\ntwo",)])
        for command in ("get", "fuzzy", "nearest"):
            self.assertIn("no NUL byte", self.err(command, "-0", self.kf, stdin=b"one\ntwo\n", expect=3))
        self.converse(["get", "-0m?", self.kf], ((b"one\ntwo\0", b"one\\ntwo\n"), (b"x\ny\0", b"x\\ny\t?\n")), expect=1)

    def test_a_first_line_without_a_tab(self):
        error = self.build(b"towns\nOslo\t1\n", name="x.txt", expect=3)
        self.assertIn("x.txt:2: a tab, but there is none in the first line", error)
        self.build(b"towns\nOslo\t1\n", "-f", "lines")
        self.assertEqual(self.pairs(), [(b"Oslo\t1",), (b"towns",)])
        self.assertIn("note: taken for lines", self.build(b"Oslo,1\nBergen,2\n"))
        self.assertNotIn("note", self.build(b"Oslo,1\nBergen,2\n", "-f", "lines"))
        self.assertNotIn("note", self.build(b"Oslo,1\nBergen,2\n", "-v", "none"))

    def test_raw_has_nul_bytes(self):
        self.build(b"k\0\tv\0\rw\n", "-f", "tsv", "--raw")
        self.assertEqual(self.pairs(), [(b"k\0", b"v\0\rw")])

    def test_documents_as_lines(self):
        """A format that is named is the user's word for text."""
        self.build(b'["a", 1]\n["b", 2]\n', "-f", "lines")
        self.assertEqual(self.pairs(), [(b'["a", 1]',), (b'["b", 2]',)])
        self.build(b"<html>\n<b></b>\n", "-f", "lines")
        self.assertEqual(self.pairs(), [(b"<b></b>",), (b"<html>",)])
        self.build(b"---\na: b\n", "-f", "lines", name="x.yaml")
        self.assertEqual(self.pairs(), [(b"---",), (b"a: b",)])
        # What dump prints of them says nothing of a format, and is read back.
        for keys in ([b"---", b"a: b"], [b"--", b"-- PostgreSQL database"], [b"[a]", b"b=c"], [b"BEGIN TRANSACTION;",
                     b"CREATE"], [b"<a>", b"<b/>", b"</a>"]):
            self.build(b"\n".join(keys), "-f", "lines")
            found = self.pairs()
            self.build(self.out("dump", self.kf))
            self.assertEqual(self.pairs(), found)


class Legitimate(CliTest):
    def test_text(self):
        for name, (data, keys) in LEGITIMATE.items():
            with self.subTest(name=name):
                self.build(data, name=name)
                self.assertEqual([pair[0] for pair in self.pairs()], keys)

    def test_random_keys(self):
        """Keys of any bytes, with the escapes that the formats have, are no file of another kind, whatever the first of
        them begins with; what dump prints is read back."""
        rng = random.Random(7)
        starts = [b"PK", b"BZh9", b"{", b"[", b"<", b"\xff\xfe", b"\xfe\xff", b"\xff\xd8\xff", b"\x80\x02", b"\x80\x04",
                  b"BM", b"MZ", b"ID3", b"x\x9c", b"\x1f\x9d", b"Obj\1", b"ORC\1", b"%PDF-1.4", b"\xff\xff\xff\xff",
                  b"\xd0\xcf", b"\x5d", b"(dp0", b" {", b"\x04\x22", b"\x93NUMPY", b"\x89PNG", b"GIF89a", b"\0\0\0"]
        for start in starts + [b""] * 20:
            keys = [start + rng.randbytes(rng.randrange(3))] + [rng.randbytes(rng.randrange(1, 9)) for _ in range(50)]
            for values in (True, False):
                model = {key: rng.randbytes(5) for key in keys if key}
                lines = b"".join(escape(key) + (b"\t" + escape(value) if values else b"") + b"\n"
                                 for key, value in model.items())
                with self.subTest(start=start, values=values):
                    self.build(lines, "-f", "tsv" if values else "lines")
                    found = self.pairs()
                    self.assertEqual(found, sorted(model.items() if values else ((key,) for key in model)))
                    self.build(self.out("dump", self.kf))
                    self.assertEqual(self.pairs(), found)

    def test_marks_in_the_first_key(self):
        """What can't be told from a file of that kind is refused, and dump does not print it so."""
        for key in (b"PK\3\4", b"7z\xbc\xaf\x27\x1c", b"SQLite format 3\0", b"\x04\x22\x4d\x18", b"{\\rtf1",
                    b"%!PS-Adobe-", b'{"a": "b c"}', b"[1, 2, 3, 4, 5]", b"\x89KFD\r\n\x1a\n", b"CREATE TABLE t;",
                    b"%YAML 1.2", b"-- MySQL dump", b"[a]", b"@relation x"):
            with self.subTest(key=key):
                self.build(b"\\x%02x" % key[0] + escape(key[1:]) + b"\n", "-f", "lines")
                self.assertEqual(self.pairs(), [(key,)])
                dumped = self.out("dump", self.kf)
                self.build(dumped)
                self.assertEqual(self.pairs(), [(key,)])


class Needles(CliTest):
    """Lists of keys and needles are read like inputs."""

    def setUp(self):
        super().setUp()
        self.build(b"".join(b"%s\t%d\n" % (word, n) for n, word in enumerate((b"ant", b"bee", b"cow"))), "-v", "u64",
                   "-w", "value")
        self.lists = {"mark": b"\xef\xbb\xbfant\r\nbee\r\n", "utf16": "ant\r\nbee\r\n".encode("utf-16"),
                      "utf16le": "ant\nbee\n".encode("utf-16-le"), "crlf": b"ant\r\nbee", "plain": b"ant\nbee\n"}

    def test_standard_input(self):
        for name, data in self.lists.items():
            with self.subTest(name=name):
                self.assertEqual(self.out("get", self.kf, stdin=data), b"ant\t0\nbee\t1\n")
                for command in (["fuzzy", "-k0"], ["nearest"]):
                    self.assertEqual(self.out(*command, self.kf, stdin=data), b"ant\tant\t0\t0\nbee\tbee\t0\t1\n")
                self.assertEqual(self.out("complete", self.kf, stdin=data), b"ant\tant\t0\nbee\tbee\t1\n")
                self.assertEqual(self.out("find", "-k", self.kf, stdin=data), b"1:1\tant\n2:1\tbee\n")

    def test_files(self):
        import bz2
        import lzma
        for name, data in known({**self.lists, "a.xz": lzma.compress(self.lists["utf16"]),
                                 "a.bz2": bz2.compress(self.lists["mark"])}).items():
            path = self.write(name, data)
            with self.subTest(name=name):
                for command in (["fuzzy", "-k0"], ["nearest"]):
                    self.assertEqual(self.out(*command, self.kf, "-i", path), b"ant\tant\t0\t0\nbee\tbee\t0\t1\n")
                self.assertEqual(self.out("complete", self.kf, "-i", path), b"ant\tant\t0\nbee\tbee\t1\n")
                self.assertEqual(self.out("find", "-k", self.kf, path), b"1:1\tant\n2:1\tbee\n")

    def test_foreign(self):
        for name in ("t.db", "archive.zip", "t.parquet", "protocol-4.pickle", "archive.tar.gz"):
            data, words = FOREIGN[name]
            path = self.write(name, data)
            for command in ("fuzzy", "nearest", "complete"):
                self.assertRegex(self.err(command, self.kf, "-i", path, expect=3), words)
            if name != "protocol-4.pickle":
                self.assertRegex(self.err("find", self.kf, path, expect=3), words)
            self.assertRegex(self.err("get", self.kf, stdin=data, expect=3), words)
        for data in (NOISE, b"ant\0bee\0"):
            self.assertRegex(self.err("get", self.kf, stdin=data, expect=3), "NUL.*--null")
        self.assertIn("CR alone", self.err("get", self.kf, stdin=b"ant\rbee\r", expect=3))
        self.run_tool("find", "--text", self.kf, self.write("x.zip", FOREIGN["archive.zip"][0]), expect=1)
        self.assertEqual(self.out("get", "-0", self.kf, stdin=b"ant\0bee\0"), b"ant\t0\nbee\t1\n")

    def test_conversation(self):
        for mark in (b"\xef\xbb\xbf", b""):
            self.converse(["get", "-m?", self.kf], ((mark + b"ant\n", b"ant\t0\n"), (b"no\n", b"no\t?\n")), expect=1)
        self.converse(["get", "-m?", self.kf], (("\ufeffant\n".encode("utf-16-le"), b"ant\t0\n"),
                                                ("bee\n".encode("utf-16-le"), b"bee\t1\n")))
        self.converse(["find", "-k", self.kf], ((b"ant\n", b"1:1\tant\n"), (b"bee\n", b"2:1\tbee\n")))
