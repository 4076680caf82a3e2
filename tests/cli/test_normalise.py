"""build --normalise, and what follows from it in all commands."""

import json

from support import CliTest


class Normalise(CliTest):
    pairs = "Straße\t1\nCAFÉ\t2\nÅngström\t3\n"

    def setUp(self):
        super().setUp()
        self.build(self.pairs.encode(), "--normalise", "case,accents", "-v", "u64", "-w", "value")

    def text(self, *arguments, **options):
        return self.out(*arguments, **options).decode()

    def test_lookups(self):
        self.assertEqual(self.text("get", self.kf, "STRASSE", "cafe\u0301", "ångstrom"),
                         "STRASSE\t1\ncafe\u0301\t2\nångstrom\t3\n")
        self.assertEqual(self.text("get", self.kf, stdin="ANGSTRÖM\n".encode()), "ANGSTRÖM\t3\n")
        self.assertEqual(self.text("scan", "--prefix", "Å", self.kf), "angstrom\t3\n")
        self.assertEqual(self.text("scan", "--from", "Á", "--to", "CAFÉ", "-k", self.kf), "angstrom\n")
        self.assertEqual(self.text("dump", self.kf), "angstrom\t3\ncafe\t2\nstrasse\t1\n")

    def test_queries(self):
        self.assertEqual(self.text("fuzzy", "-k", "1", self.kf, "STRAẞEN"), "strasse\t1\t1\n")
        self.assertEqual(self.text("nearest", self.kf, "ANGSTRØM"), "angstrom\t1\t3\n")
        self.assertEqual(self.text("match", "-k", self.kf, "C.*É|STRAß+E"), "cafe\nstrasse\n")
        self.assertEqual(self.text("match", "-k", "--glob", self.kf, "*[É-Ê]"), "cafe\nstrasse\n")
        self.assertEqual(self.text("complete", self.kf, ""), "angstrom\t3\ncafe\t2\nstrasse\t1\n")
        self.assertEqual(self.text("complete", self.kf, "ST"), "strasse\t1\n")

    def test_find(self):
        text = "Im Cafe\u0301, STRASSE\nund Straßen; eine Straße\n".encode()
        self.assertEqual(self.text("find", "-k", self.kf, stdin=text), "1:4\tcafe\n1:12\tstrasse\n2:20\tstrasse\n")
        rows = [json.loads(line) for line in self.text("find", "-j", self.kf, stdin=text).splitlines()]
        self.assertEqual([text[row["offset"]:row["offset"] + row["length"]].decode() for row in rows],
                         ["Cafe\u0301", "STRASSE", "Straße"])
        # Lines do not matter to what is found, however the text is cut.
        many = text * 40000
        self.assertEqual(self.text("find", "-c", self.kf, stdin=many), "120000\n")
        self.assertEqual(self.text("find", "-cw", self.kf, stdin=many), "120000\n")

    def test_stat(self):
        self.assertIn("\nnormalised      case,nfc,accents\n", self.text("stat", self.kf))
        self.assertEqual(json.loads(self.text("stat", "-j", self.kf))["normalise"], "case,nfc,accents")
        self.build(b"a\n")
        self.assertNotIn("normalised", self.text("stat", self.kf))
        self.assertEqual(json.loads(self.text("stat", "-j", self.kf))["normalise"], "none")

    def test_usage(self):
        for value, said in (("case,x", "case, nfc, nfkc, accents, not 'case,x'"), ("", "of case"),
                            ("case,", "of case"), ("Case", "of case"), ("nfc,nfkc", "not both")):
            self.assertIn(said, self.err("build", "--normalise", value, "-o", self.kf, "-", stdin=b"a\n", expect=2))

    def test_duplicates(self):
        told = self.err("build", "--normalise", "case", "-o", self.kf, "-", stdin="ß\t1\nSS\t2\n".encode(), expect=3)
        self.assertIn("normal form", told)
        self.assertIn("'ss'", told)
        first, second = self.write("1.tsv", "x\t0\nß\t1\n".encode()), self.write("2.tsv", b"a\t3\nSs\t2\nsS\t4\n")
        told = self.err("build", "--normalise", "case", "-o", self.kf, first, second, expect=3).split("\n")
        self.assertEqual(told[1:], [f"keyfold: {first}:2: here the key is '\\xc3\\x9f'",
                                    f"keyfold: {second}:2: here the key is 'Ss'", "keyfold: see --duplicates", ""])
        self.build("ß\t1\nSS\t2\n".encode(), "--normalise", "case", "-d", "last")
        self.assertEqual(self.text("dump", self.kf), "ss\t2\n")

    def test_sets(self):
        same, other = self.path("same.kf"), self.path("other.kf")
        self.out("build", "-q", "--normalise", "case,accents", "-v", "u64", "-o", same, "-", stdin="ß\t7\n".encode())
        self.out("build", "-q", "-v", "u64", "-o", other, "-", stdin=b"a\t7\n")
        self.assertEqual(self.text("union", "-k", self.kf, same), "angstrom\ncafe\nss\nstrasse\n")
        self.out("merge", "-q", "-o", self.path("m.kf"), self.kf, same)
        self.assertEqual(self.text("get", self.path("m.kf"), "SS"), "SS\t7\n")
        for code, *command in ((2, "union", self.kf, other), (2, "diff", other, self.kf),
                               (2, "merge", "-o", same, self.kf, other),
                               (3, "bundle", "-o", self.path("b.kfm"), other, self.kf)):
            self.assertIn("normal form", self.err(*command, expect=code))
