"""keyfold names."""

import json
import os
import signal
import subprocess
import unittest

from support import TOOL, CliTest

ROWS = "7\tACME WIDGETS LTD\n8\tACME LIMITED\n9\tBOLTS AND NUTS GMBH\n10\tACME LIMITED\n11\t\n".encode()


class Names(CliTest):
    def index(self, data=ROWS, *options, expect=0, name="-"):
        source = "-" if name == "-" else self.write(name, data)
        return self.err("names", "build", "-o", self.kf, *options, source, stdin=data if name == "-" else b"",
                        expect=expect)

    def match(self, *args, **more):
        return self.out("names", "match", *args, **more).decode()

    def test_match(self):
        said = self.index()
        self.assertIn("5 names, 9 different tokens", said)
        self.assertEqual(self.match(self.kf, "ACME LIMITED"), "ACME LIMITED\t8\tACME LIMITED\t1\n")
        self.assertEqual(self.match("-n", "3", "-W", self.kf, "LIMITED ACME"),
                         "8\tACME LIMITED\t1\n10\tACME LIMITED\t1\n7\tACME WIDGETS LTD\t0.64\n")
        self.assertEqual(self.match(self.kf, ""), "\t11\t\t1\n")
        self.assertEqual(self.match("-C", "0.6", self.kf, "NUTS BOLTS"),
                         "NUTS BOLTS\t9\tBOLTS AND NUTS GMBH\t0.6666666666666666\n")

    def test_stream_in_order(self):
        rows = "".join(f"{n}\tname{n} token{n % 7} LIMITED\n" for n in range(500)).encode()
        self.index(rows)
        needles = [f"nam{n} LIMITED token{n % 7}" for n in range(500)]
        for threads in ("1", "3"):
            lines = self.match("-T", threads, self.kf, stdin="\n".join(needles).encode()).splitlines()
            self.assertEqual([line.split("\t")[0] for line in lines], needles)
        path = self.write("needles", "\n".join(needles).encode())
        self.assertEqual(self.match("-i", path, self.kf).splitlines(), lines)

    def test_answers_at_once(self):
        self.index()
        self.converse(["names", "match", "-W", self.kf], [(b"ACME LTD\n", b"7\tACME WIDGETS LTD\t0.8\n"),
                                                          (b"NUTS\n", b"9\tBOLTS AND NUTS GMBH\t0.4\n")])

    def test_missing(self):
        self.index()
        needles = b"zzzz\nACME LIMITED\n"
        self.assertEqual(self.match("-C", ".9", self.kf, stdin=needles), "ACME LIMITED\t8\tACME LIMITED\t1\n")
        self.assertEqual(self.match("-C", ".9", "--missing", self.kf, stdin=needles),
                         "zzzz\nACME LIMITED\t8\tACME LIMITED\t1\n")
        self.assertEqual(self.match("-C", ".9", self.kf, "zzzz", expect=1), "")

    def test_json(self):
        self.index()
        found = json.loads(self.match("-j", self.kf, "ACME LIMITED"))
        self.assertEqual(found, {"needle": "ACME LIMITED", "id": "8", "name": "ACME LIMITED", "score": 1,
                                 "position": 1})
        self.assertEqual(json.loads(self.match("-j", "-C", "1", "--missing", self.kf, "x", expect=1)), {"needle": "x"})

    def test_formats(self):
        csv = b'number,title,more\n1,"ACME, THE",x\n2,BOLTS,y\n'
        self.index(csv, "--header", "--id", "number", "--name", "title", name="n.csv")
        self.assertEqual(self.match(self.kf, "ACME THE"), "ACME THE\t1\tACME, THE\t0.9444444444444444\n")
        self.index(b'{"id": "a", "name": "ACME \\u00c9"}\n["b", "BOLTS"]\n', name="n.jsonl")
        self.assertEqual(self.match(self.kf, "ACME \u00c9"), "ACME \u00c9\ta\tACME \u00c9\t1\n")
        self.index(b'{"k": "a", "n": "ACME"}\n', "--id", "k", "--name", "n", name="m.jsonl")
        self.assertEqual(self.match(self.kf, "ACME"), "ACME\ta\tACME\t1\n")
        self.index(b"ACME\nBOLTS  AND\n")
        self.assertEqual(self.match(self.kf, "BOLTS AND"), "BOLTS AND\t2\tBOLTS  AND\t0.8\n")
        self.index(b"a\\tb\tACME\\nX\n")
        self.assertEqual(self.match(self.kf, "ACME"), "ACME\ta\\tb\tACME\\nX\t0.8\n")
        self.index(b"")
        self.assertEqual(self.match(self.kf, "ACME", expect=1), "")

    def test_same_file_whatever_memory_and_threads(self):
        rows = "".join(f"id{n}\tname{n * 7 % 1000} token{n % 70} LIMITED {n % 3}\n" for n in range(3000)).encode()
        files = []
        for options in ([], ["-M", "16M"], ["--threads", "1"], ["--threads", "4"]):
            self.index(rows, *options)
            with open(self.kf, "rb") as file:
                files.append(file.read())
        self.assertEqual(len(set(files)), 1)

    def test_bad_rows(self):
        for data, message in ((b"1\tgood\n2\t\xff\n", ":2: the name is not UTF-8 at byte 0"),
                              (b"1\t" + b"x" * 65536 + b"\n", ":1: the name of 65536 bytes"),
                              (b"1\t" + b" " * 1024 + b"\n", ":1: the name of 1025 tokens"),
                              (b"1\tgood\nbad\n", ":2: ")):
            self.assertIn(message, self.index(data, expect=3))
            self.assert_nothing_built()

    def test_bad_needles_and_files(self):
        self.index()
        self.assertIn("the needle is not UTF-8", self.err("names", "match", self.kf, stdin=b"\xff\n", expect=3))
        other = self.path("dict.kf")
        self.err("build", "-o", other, "-", stdin=b"a\n")
        self.assertIn("a dictionary, not an index of names", self.err("names", "match", other, "x", expect=3))
        self.assertIn("No such file", self.err("names", "match", self.path("no.kf"), "x", expect=3))
        with open(self.kf, "r+b") as file:
            file.truncate(os.path.getsize(self.kf) - 64)
        self.assertIn("cut", self.err("names", "match", self.kf, "x", expect=3))

    def test_work_limit(self):
        self.index("".join(f"{n}\tname{n} LIMITED\n" for n in range(2000)).encode())
        done = self.run_tool("names", "match", "--work", "50", "-j", self.kf, "nam LIMITD", expect=None)
        self.assertIn(b"work limit", done.stderr)
        self.assertEqual(self.match("--work", "1000000", self.kf, "name7 LIMITED"),
                         "name7 LIMITED\t7\tname7 LIMITED\t1\n")

    def test_score(self):
        self.assertEqual(self.out("names", "score", "A B", "B A C"), b"0.8\n")
        self.assertEqual(self.out("names", "score", "", ""), b"1\n")
        self.err("names", "score", "a", expect=2)
        self.assertIn("second name is not UTF-8", self.err("names", "score", "a", b"\xff", expect=3))

    def test_usage(self):
        for args, message in ((["names"], "which command"), (["names", "mach"], "did you mean 'match'"),
                              (["names", "build", "x"], "-o FILE"), (["names", "build", "-o", "x"], "INPUT"),
                              (["names", "build", "-o", "x", "--id", "a", "y.csv"], "--header"),
                              (["names", "match"], "FILE"), (["names", "match", "-C", "2", "x"], "from 0 to 1"),
                              (["names", "match", "-n", "0", "x"], "at least 1"), (["names", "-x"], "-x"),
                              (["names", "match", "--missing", "-W", "x"], "--no-needle")):
            self.assertIn(message, self.err(*args, expect=2))

    def test_interrupted(self):
        child = subprocess.Popen([TOOL, "names", "build", "-o", self.kf, "-"], stdin=subprocess.PIPE,
                                 stderr=subprocess.PIPE)
        child.stdin.write(b"1\ta\n" * 10000)
        child.stdin.flush()
        child.send_signal(signal.SIGTERM)
        try:
            child.stdin.write(b"1\ta\n" * 100000)
            child.stdin.close()
        except BrokenPipeError:
            pass
        error = child.stderr.read()
        child.stderr.close()
        self.assertIn(child.wait(60), (128 + signal.SIGTERM, -signal.SIGTERM))
        self.assertTrue(b"interrupted" in error or child.returncode < 0)
        self.assert_nothing_built()


if __name__ == "__main__":
    unittest.main()
