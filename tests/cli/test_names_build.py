"""keyfold names build: formats, columns, processing, ids, bad input."""

import gzip
import json
import os
import unittest

from support import CliTest


class NamesBuild(CliTest):
    def build(self, data, *options, expect=0, name="-"):
        if name == "-":
            return self.err("names", "build", "-o", self.kf, *options, "-", stdin=data, expect=expect)
        return self.err("names", "build", "-o", self.kf, *options, self.write(name, data), expect=expect)

    def hits(self, needle, *options):
        found = self.out("names", "match", "-j", *options, self.kf, needle).decode()
        return [(hit["id"], hit["name"], round(hit["score"], 6)) for hit in map(json.loads, found.splitlines())]

    def best(self, needle):
        return self.hits(needle)[0]

    # ---- formats

    def test_rows_of_every_format(self):
        for name, data, options in (
                ("n.tsv", b"7\tACME\tDE\tpay\tload\n8\tBOLTS\n", ()),
                ("n.csv", b"7,ACME,DE,pay\n8,BOLTS,,\n", ("-B", "3", "-P", "4")),
                ("n.csv", b"note,country,company,no\nx,DE,ACME,7\ny,FR,BOLTS,8\n",
                 ("-H", "--id", "no", "--name", "company", "--by", "country", "--payload", "note")),
                ("n.csv", b"7;ACME\n8;BOLTS\n", ("-D", ";")),
                ("n.jsonl", b'{"id": 7, "name": "ACME", "attribute": null, "payload": {"a": [1]}}\n'
                            b'[8, "BOLTS", "DE", 3]\n', ()),
                ("n.jsonl", b'{"no": "7", "n": "ACME", "c": "DE"}\n{"no": 8, "n": "BOLTS"}\n',
                 ("-I", "no", "-N", "n", "-B", "c")),
                ("n.tsv.gz", gzip.compress(b"7\tACME\n8\tBOLTS\n"), ()),
                ("n.txt", "7\tACME\n8\tBOLTS\n".encode("utf-16"), ())):
            with self.subTest(name=name, options=options):
                said = self.build(data, *options, name=name)
                self.assertIn("2 names", said)
                self.assertEqual(self.best("ACME"), ("7", "ACME", 1))
                self.assertEqual(self.best("BOLTS"), ("8", "BOLTS", 1))

    def test_lines_go_on_from_input_to_input(self):
        first, second = self.write("a.txt", b"ACME\nBOLTS\n"), self.write("b.txt", b"NUTS\n\\&\nSCREWS")
        said = self.err("names", "build", "-o", self.kf, first, second)
        self.assertIn("note: 1 name is empty", said)
        self.assertEqual([self.best(name)[0] for name in ("ACME", "BOLTS", "NUTS", "", "SCREWS")], list("12345"))

    def test_kinds_of_files(self):
        for data, message in ((b"%PDF-1.4\n1 0 obj\n", "PDF"), (b"PK\x03\x04" + bytes(60), "not lines of text"),
                              (b"1\tACME\x00 LIMITED\n2\tBOLTS\n", "NUL"), (b'{"a": {\n"b": 1}}\n', "JSON document")):
            self.assertIn(message, self.build(data, expect=3, name="x.txt"))
            self.assert_nothing_built()
        self.assertIn("this is a folder", self.err("names", "build", "-o", self.kf, self.path("."), expect=3))
        said = self.build(b"1,ACME\n2,BOLTS\n", name="n.txt")
        self.assertIn("taken for lines, a name each", said)

    # ---- what is wrong with rows

    def test_bad_rows(self):
        for options, data, line, message in (
                ((), b"1\tgood\n2\t\xff\n3\tx\n", 2, "the name is not UTF-8 at byte 0"),
                ((), b"1\tgood\n" + b"2\t" + b"x" * 65536 + b"\n3\tx\n", 2, "the name of 65536 bytes"),
                ((), b"1\tgood\n" + b"2\t" + b" " * 1024 + b"\n3\tx\n", 2, "the name of 1025 tokens"),
                ((), b"1\tgood\n2\n3\tx\n", 2, "no tab, so no name"),
                ((), b"1\tgood\n\n3\tx\n", 2, "empty line"),
                ((), b"1\tgood\n" + b"9" * (1 << 20) + b"9\tx\n3\tx\n", 2, "an id of 1048577 bytes"),
                ((), b"1\tgood\n2\tx\t" + b"a" * 65536 + b"\n3\tx\n", 2, "an attribute of 65536 bytes"),
                ((), b"1\tgood\n2\t\\q\n3\tx\n", 2, "name"),
                (("-f", "jsonl"), b'["1","good"]\n["2"]\n["3","x"]\n', 2, "no name"),
                (("-f", "jsonl"), b'["1","good"]\n["2",7]\n["3","x"]\n', 2, "the name is not a string"),
                (("-f", "jsonl"), b'["1","good"]\n[["2"],"x"]\n["3","x"]\n', 2, "neither a string nor a number"),
                (("-f", "jsonl"), b'["1","good"]\n["2","x",[]]\n["3","x"]\n', 2, "the attribute is neither"),
                (("-f", "jsonl"), b'["1","good"]\n["2","x","y","z",1]\n["3","x"]\n', 2, "id, name, attribute, payload"),
                (("-f", "csv"), b"1,good\n2\n3,x\n", 2, "column 2 is needed"),
                (("--nfkc",), b"1\tgood\n2\t" + b"\xef\xb7\xba" * 4000 + b"\n3\tx\n", 2, "the name of ")):
            with self.subTest(message=message):
                said = self.build(data, *options, expect=3)
                self.assertIn(f":{line}: ", said)
                self.assertIn(message, said)
                self.assert_nothing_built()
                said = self.build(data, "--on-error", "skip", *options)
                self.assertIn("; skipped", said)
                self.assertIn("1 bad record skipped", said)
                self.assertIn("2 names", said)
                os.remove(self.kf)

    def test_equal_ids(self):
        rows = b"".join(b"%d\tname %d\n" % (n, n) for n in range(1, 50))
        for name, data, first, second in (("r.tsv", rows + b"7\tother\n", 7, 50),
                                          ("r.tsv", b"x\ta\ny\tb\nx\tc\n", 1, 3),
                                          ("r.csv", b"5,a\n5,b\n", 1, 2)):
            said = self.build(data, name=name, expect=3)
            path = self.path(name)
            self.assertIn(f"{path}:{first}: here the key is", said)
            self.assertIn(f"{path}:{second}: here the key is", said)
            self.assertIn("--equal-ids", said)
            self.assert_nothing_built()
            self.build(data, "--equal-ids", name=name)
            os.remove(self.kf)
        self.assertIn("is that of position 0 and of 2", self.build(b"x\ta\ny\tb\nx\tc\n", expect=3))
        self.build(b"1\ta\n01\tb\n", name="r.tsv")      # these differ

    def test_other_files_stay(self):
        with open(self.kf, "wb") as file:
            file.write(b"my text\n")
        self.assertIn("--force", self.build(b"1\ta\n", expect=2))
        self.build(b"1\ta\n", "--force")
        self.build(b"1\tb\n")
        self.assertEqual(self.best("b"), ("1", "b", 1))
        self.assertIn("both input and output", self.err("names", "build", "-o", self.kf, self.kf, expect=2))

    # ---- processing

    def test_processing(self):
        rows = "1\tM\u00fcller & S\u00f6hne, G.m.b.H.\n2\tACME Limited\n3\tPT. Astra\n4\tA/B+C\n".encode()
        self.build(rows, "--fold-case", "--no-accents", "--no-punctuation", "--squeeze", "--legal", "ignore")
        self.assertEqual(self.best("MULLER SOHNE gmbh"), ("1", "M\u00fcller & S\u00f6hne, G.m.b.H.", 1))
        self.assertEqual(self.best("acme"), ("2", "ACME Limited", 1))
        self.assertEqual(self.best("astra"), ("3", "PT. Astra", 1))
        self.build(rows, "--separators", "/+", "--legal", "canonical")
        self.assertEqual(self.best("ACME LTD."), ("2", "ACME Limited", 1))
        self.assertEqual(self.best("B C A"), ("4", "A/B+C", 1))
        self.assertLess(self.best("acme Ltd")[2], 1)
        self.build("1\te\u0301\n".encode(), "--nfkc")
        self.assertEqual(self.best("\u00e9"), ("1", "e\u0301", 1))

    def test_table_of_legal_forms(self):
        table = self.write("forms", "# mine\nVerein\te.V.\nFirma\t^Fa.\n".encode())
        self.build(b"1\tTurn e.V.\n2\tFa. Meier\n3\tACME Ltd\n", "--legal", "ignore", "--legal-table", table)
        self.assertEqual(self.best("Turn"), ("1", "Turn e.V.", 1))
        self.assertEqual(self.best("Firma Meier"), ("2", "Fa. Meier", 1))
        self.assertLess(self.best("ACME")[2], 1)
        for data, message in ((b"A\tB\nC\tB\n", "'b' is in line 1 and in line 2"), (b"A\t--\n", "'--' has no letters"),
                              (b"A\t\xff\n", "UTF-8")):
            said = self.build(b"1\ta\n", "--legal", "ignore", "--legal-table", self.write("forms", data), expect=3)
            self.assertIn(table, said)
            self.assertIn(message, said)
        self.assertIn("No such file", self.build(b"1\ta\n", "--legal", "ignore", "--legal-table", self.path("none"),
                                                 expect=3))

    # ---- the rest

    def test_report(self):
        self.build(b"1\tACME LTD\n2\t\n")
        done = self.run_tool("names", "build", "-j", "-o", self.kf, "-", stdin=b"1\tACME LTD\n2\t\n", expect=0)
        report = json.loads(done.stdout)
        wanted = ("names", "tokens", "name_bytes", "bad_records", "empty_names")
        self.assertEqual({name: report[name] for name in wanted},
                         {"names": 2, "tokens": 3, "name_bytes": 8, "bad_records": 0, "empty_names": 1})
        self.assertEqual(report["file_size"], os.path.getsize(self.kf))

    def test_progress(self):
        rows = "".join(f"{n}\tname{n * 7 % 5000} token{n % 70} LIMITED {n % 3}\n" for n in range(20000)).encode()
        path = self.write("rows.tsv", rows)
        said = self.err("names", "build", "--progress", "json", "-o", self.kf, path)
        lines = [json.loads(line) for line in said.splitlines()]
        shares = [line["share"] for line in lines if "phase" in line]
        self.assertEqual(shares, sorted(shares))
        self.assertEqual(shares[-1], 1)
        self.assertGreaterEqual({line["phase"] for line in lines if "phase" in line},
                                {"read", "sort", "minimise", "layout", "values", "write"})
        self.assertEqual(lines[-1]["level"], "summary")

    def test_usage(self):
        for args, message in ((["x"], "-o FILE"), (["-o", "x"], "INPUT"), (["-o", "x", "-", "-"], "only once"),
                              (["-o", "x", "--id", "a", "y.csv"], "--header"),
                              (["-o", "x", "--id", "0", "y.csv"], "from 1"),
                              (["-o", "x", "--id", "2", "--name", "2", "y.csv"], "same column"),
                              (["-o", "x", "--id", "a", "y.tsv"], "about csv and jsonl"),
                              (["-o", "x", "--header", "y.tsv"], "about csv"),
                              (["-o", "x", "--legal-table", "t", "y"], "--legal"),
                              (["-o", "x", "--legal", "keep", "--legal-table", "t", "y"], "--legal"),
                              (["-o", "x", "--legal", "drop", "y"], "drop"),
                              (["-o", "x", "-D", "ab", "y.csv"], "one byte"),
                              (["-o", "x", "--threads", "300", "y"], "at most"), (["-o", ".", "y"], "folder")):
            self.assertIn(message, self.err("names", "build", *args, expect=2))


if __name__ == "__main__":
    unittest.main()
