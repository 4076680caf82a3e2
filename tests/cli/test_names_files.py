"""Files of the other kind: indexes of names where dictionaries are wanted, and the other way round; and what takes
both."""

import json
import os
import unittest

from support import CliTest

ROWS = "101\tACME WIDGETS LTD\n102\tACME HOLDINGS LIMITED\n103\t\n102\tACME HOLDINGS LIMITED\n".encode()
# Every command that reads a dictionary; F is the file. Those of several files have it first and second.
READING = [["get", "F", "x"], ["get", "F"], ["scan", "F"], ["complete", "F", "x"], ["fuzzy", "F", "x"],
           ["nearest", "F", "x"], ["match", "F", "x"], ["find", "F"], ["graph", "F"], ["union", "F"],
           ["union", "D", "F"], ["intersect", "F", "D"], ["subtract", "D", "F"], ["diff", "F", "D"], ["diff", "D", "F"],
           ["merge", "-o", "O", "D", "F"], ["merge", "-o", "O", "F"]]


class NamesFiles(CliTest):
    def files(self):
        self.err("names", "build", "-q", "--equal-ids", "-o", self.kf, "-", stdin=ROWS)
        self.dict = self.path("dict.kf")
        self.err("build", "-q", "-o", self.dict, "-", stdin=b"a\t1\nb\t2\n")

    def given(self, args):
        return [{"F": self.kf, "D": self.dict, "O": self.path("other.kf")}.get(word, word) for word in args]

    def test_commands_for_dictionaries(self):
        self.files()
        for args in READING:
            said = self.err(*self.given(args), stdin=b"x\n", expect=3)
            self.assertEqual(said, f"keyfold: {self.kf}: this is an index of names, not a dictionary: "
                                   "keyfold names match searches it\n", args)
            self.assertFalse(os.path.exists(self.path("other.kf")))
        said = self.err("bundle", "-o", self.path("all.kfm"), self.dict, self.kf, expect=3)
        self.assertIn(f"'{self.kf}': the file is an index of names, not a dictionary", said)
        self.assertFalse(os.path.exists(self.path("all.kfm")))

    def test_commands_for_names(self):
        self.files()
        for args in (["names", "match", "D", "x"], ["names", "match", "D"], ["names", "dedupe", "-C", ".9", "D"]):
            said = self.err(*self.given(args), stdin=b"x\n", expect=3)
            self.assertIn(f"{self.dict}: the file is a dictionary, not an index of names", said)

    def test_as_input(self):
        self.files()
        for args in (["build", "-o", "O", "F"], ["names", "build", "-o", "O", "F"]):
            said = self.err(*self.given(args), expect=3)
            self.assertIn(f"{self.kf}: this is an index of names, not lines of text; it is built already", said)
            with open(self.kf, "rb") as file:
                piped = self.err(*self.given(args[:-1]), "-", stdin=file.read(), expect=3)
            self.assertIn("this is an index of names", piped)
            self.assertFalse(os.path.exists(self.path("other.kf")))
        self.assertIn("this is a keyfold dictionary",
                      self.err("names", "build", "-o", self.path("other.kf"), self.dict, expect=3))

    def test_verify(self):
        self.files()
        self.assertEqual(self.out("verify", self.kf, self.dict).decode(), f"{self.kf}: OK\n{self.dict}: OK\n")
        self.assertEqual(self.out("verify", "-q", self.kf), b"")
        with open(self.kf, "r+b") as file:
            data = bytearray(file.read())
            data[len(data) // 2] ^= 1
            file.seek(0)
            file.write(data)
        done = self.run_tool("verify", self.kf, self.dict, expect=3)
        self.assertEqual(done.stdout.decode(), f"{self.dict}: OK\n")
        self.assertRegex(done.stderr.decode(), rf"keyfold: {self.kf}: .+ \(at byte \d+\)\n")

    def test_stat(self):
        self.files()
        facts = json.loads(self.out("stat", "--json", self.kf))
        self.assertEqual((facts["names"], facts["tokens"], facts["longest_name"], facts["most_tokens"], facts["ids"],
                          facts["file_size"], facts["file"]),
                         (4, 6, 21, 3, "u64", os.path.getsize(self.kf), self.kf))
        self.assertEqual(facts["name_bytes"], sum(len(row.split(b"\t")[1]) for row in ROWS.splitlines()))
        self.assertNotIn("keys", facts)
        text = self.out("stat", self.kf).decode()
        for pattern in (r"^names +4$", r"^tokens +6$", r"^longest name +21 bytes; at most 3 tokens$", r"^ids +numbers$",
                        r"^file .* 100\.0 % .* B/name$", r"^  blocks ", r"^build id +[0-9a-f]{32}$"):
            self.assertRegex(text, f"(?m){pattern}")
        self.assertNotIn("attributes", text)
        self.assertNotIn("processing", text)
        self.assertEqual((facts["processing"], facts["legal"], facts["text_bytes"]), ("none", "keep", 0))
        self.err("names", "build", "-q", "--fold-case", "--squeeze", "--legal", "ignore", "--equal-ids", "-o", self.kf,
                 "-", stdin=ROWS)
        facts = json.loads(self.out("stat", "--json", self.kf))
        self.assertEqual((facts["processing"], facts["legal"]), ("fold-case,squeeze", "ignore"))
        self.assertTrue(facts["text_bytes"] > 0 and facts["letter_bytes"] > 0)
        text = self.out("stat", self.kf).decode()
        for pattern in (r"^processing +fold-case,squeeze$", r"^legal forms +ignore$", "^  texts ", "^  letters "):
            self.assertRegex(text, f"(?m){pattern}")
        self.err("names", "build", "-q", "-o", self.kf, "-", stdin=b"a\tA\tGB\tx\nb\tB\tDE\nc\tC\tGB\n")
        facts = json.loads(self.out("stat", "-j", self.kf))
        self.assertEqual((facts["attributes"], facts["ids"]), (2, "bytes"))
        self.assertTrue(facts["attribute_bytes"] > 0 and facts["payload_bytes"] > 0)
        text = self.out("stat", self.kf).decode()
        for pattern in (r"^attributes +2 different ones$", "^  attributes .* B/name$", "^  payloads "):
            self.assertRegex(text, f"(?m){pattern}")
        self.err("names", "build", "-q", "-o", self.kf, "-", stdin=b"")
        self.assertEqual(json.loads(self.out("stat", "-j", self.kf))["names"], 0)
        self.assertRegex(self.out("stat", self.kf).decode(), "(?m)^names +0$")

    # Rows, and what dump prints of them.
    DUMPED = [(b"1\tACME\n2\tB C\n", b"1\tACME\n2\tB C\n"), (b"", b""),
              (b"b\\ta\tX\\nY\n\tno id\nno name\t\n", None),
              (b"1\tA\tGB\n2\tB\n3\tC\tGB\n", b"1\tA\tGB\n2\tB\t\n3\tC\tGB\n"),
              (b"1\tA\t\tp\n2\tB\tGB\tq\\tr\n", None), (b"1\tA\n2\tB\t\tx\n", b"1\tA\t\t\n2\tB\t\tx\n"),
              (b"{\tA\n", b"\\x7b\tA\n"), (b"\xff\xfe\tA\n1\tB\n", None),
              ("7\tCAF\u00c9  \U0001f600\n7\tCAF\u00c9  \U0001f600\n".encode(), None)]

    def test_dump_comes_back(self):
        other = self.path("again.kf")
        for rows, expected in self.DUMPED:
            self.err("names", "build", "-q", "--equal-ids", "-f", "tsv", "-o", self.kf, "-", stdin=rows)
            dumped = self.out("dump", self.kf)
            self.assertEqual(dumped, rows if expected is None else expected)
            options = ["-f", "tsv"] if not rows else []
            self.err("names", "build", "-q", "--equal-ids", "-o", other, *options, "-", stdin=dumped)
            with open(self.kf, "rb") as first, open(other, "rb") as second:
                self.assertEqual(first.read(), second.read(), rows)
            lines = [line.split(b"\t") for line in self.out("dump", "-f", "jsonl", self.kf).splitlines()]
            self.assertEqual(len(lines), rows.count(b"\n"))

    def test_dump(self):
        self.err("names", "build", "-q", "-f", "lines", "-o", self.kf, "-", stdin=b"ACME\nB\\tC\n")
        self.assertEqual(self.out("dump", self.kf), b"1\tACME\n2\tB\\tC\n")
        self.assertEqual(self.out("dump", "-r", self.kf), b"1\tACME\n2\tB\tC\n")
        self.err("names", "build", "-q", "-o", self.kf, "-", stdin=b"1\tA\tGB\tx\ta\n")
        self.assertEqual([json.loads(line) for line in self.out("dump", "-f", "jsonl", self.kf).splitlines()],
                         [{"id": "1", "name": "A", "attribute": "GB", "payload": "x\ta"}])
        self.assertIn("tsv or jsonl", self.err("dump", "-f", "nul", self.kf, expect=2))

    def test_damaged(self):
        """What dump comes upon is told, with what was whole before it."""
        self.err("names", "build", "-q", "--equal-ids", "-o", self.kf, "-", stdin=ROWS)
        with open(self.kf, "r+b") as file:
            file.truncate(os.path.getsize(self.kf) - 64)
        for command in ("dump", "stat", "verify"):
            self.assertIn("cut", self.err(command, self.kf, expect=3))


if __name__ == "__main__":
    unittest.main()
