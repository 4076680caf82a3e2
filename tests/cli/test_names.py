"""keyfold names."""

import json
import os
import subprocess
import unittest

from support import STOP, TOOL, WINDOWS, CliTest

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
                                 "position": 1, "tied": 1})
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
        if not WINDOWS:   # where arguments are text
            self.assertIn("second name is not UTF-8", self.err("names", "score", "a", b"\xff", expect=3))

    COUNTRIES = ("7\tACME WIDGETS LTD\tGB\tpay\n8\tACME LIMITED\tGB\n9\tBOLTS AND NUTS GMBH\tDE\n10\tACME WIDGETS LTD"
                 "\tDE\n11\tACME\\tX\t\n").encode()

    def test_score_by(self):
        for scorer, score in (("setratio", "0.8"), ("ratio", "0.4"), ("token_sort_ratio", "0.8"),
                              ("token_set_ratio", "0.8"), ("partial_ratio", "0.6666666666666666")):
            said = self.out("names", "score", "-S", scorer, "ACME LTD", "LIMITED ACME").decode()
            self.assertEqual(said, score + "\n")
        self.assertEqual(self.out("names", "score", "-x", "ACME LTD", "LIMITED ACME"),
                         b"0.8\nACME=ACME 1\nLTD=LIMITED 0.6\n")
        self.assertEqual(json.loads(self.out("names", "score", "-x", "-j", "A B", "BC")), {
            "scorer": "setratio", "score": 0.4444444444444444,
            "pairs": [{"a": "B", "b": "BC", "a_index": 1, "b_index": 0, "common": 1,
                       "similarity": 0.6666666666666666}]})
        self.assertEqual(json.loads(self.out("names", "score", "-j", "-S", "wratio", "A", "A")),
                         {"scorer": "wratio", "score": 1})

    def test_ties_and_gaps(self):
        self.index(self.COUNTRIES)
        self.assertEqual(self.match("-t", "-W", self.kf, "LTD ACME WIDGETS"),
                         "7\tACME WIDGETS LTD\t1\n10\tACME WIDGETS LTD\t1\n")
        self.assertEqual(self.match("-x", self.kf, "BOLT X"),
                         "BOLT X\t9\tBOLTS AND NUTS GMBH\t0.2962962962962963\t0.06772486772486772\tBOLT=BOLTS "
                         "0.8888888888888888\n")
        one, = self.match("-j", "-x", self.kf, "WIDGETS").splitlines()
        self.assertEqual(json.loads(one), {
            "needle": "WIDGETS", "id": "7", "name": "ACME WIDGETS LTD", "position": 0, "attribute": "GB",
            "payload": "pay", "score": 0.5, "gap": 0, "tied": 1,
            "pairs": [{"a": "WIDGETS", "b": "WIDGETS", "a_index": 0, "b_index": 1, "common": 7, "similarity": 1}]})
        self.assertEqual(self.match("-t", self.kf, "zzz").count("\n"), 1)

    def test_by(self):
        self.index(self.COUNTRIES)
        self.assertEqual(self.match("-W", "--by", "DE", self.kf, "ACME WIDGETS LTD"), "10\tACME WIDGETS LTD\t1\n")
        self.assertEqual(self.match("-W", "-n", "9", "--by", "GB", self.kf, "ACME LIMITED"),
                         "8\tACME LIMITED\t1\n7\tACME WIDGETS LTD\t0.64\n")
        self.assertEqual(self.match("--by", "FR", self.kf, "ACME", expect=1), "")
        self.assertEqual(self.match("-W", "--by", "", self.kf, "ACME"), "11\tACME\\tX\t0.8\n")
        needles = b"ACME WIDGETS LTD\tDE\nACME WIDGETS LTD\tGB\nACME WIDGETS LTD\nACME\tFR\nACME\\tX\t\n"
        for threads in ("1", "3"):
            self.assertEqual(self.match("-B", "-T", threads, "--missing", self.kf, stdin=needles),
                             "ACME WIDGETS LTD\t10\tACME WIDGETS LTD\t1\nACME WIDGETS LTD\t7\tACME WIDGETS LTD\t1\n"
                             "ACME WIDGETS LTD\t7\tACME WIDGETS LTD\t1\nACME\nACME\\tX\t11\tACME\\tX\t1\n")
        self.index()
        self.assertIn("no attribute to search by", self.err("names", "match", "--by", "DE", self.kf, "x", expect=2))
        said = self.err("names", "dedupe", "-C", "1", "--within", self.kf, expect=2)
        self.assertIn("no attribute to search by", said)

    def test_other_scorers(self):
        self.index(self.COUNTRIES)
        self.assertEqual(self.match("-S", "ratio", "-n", "2", "-W", self.kf, "ACME WIDGETS"),
                         "7\tACME WIDGETS LTD\t0.8571428571428571\n10\tACME WIDGETS LTD\t0.8571428571428571\n")
        self.assertEqual(self.match("-S", "token_set_ratio", "-W", self.kf, "NUTS"), "9\tBOLTS AND NUTS GMBH\t1\n")
        for options in ([], ["--candidates", "3"]):
            found = json.loads(self.match("-j", "-R", "jaro_winkler", *options, self.kf, "ACME LIMITD"))
            self.assertEqual((found["id"], round(found["score"], 4)), ("8", 0.9833))

    def test_dedupe(self):
        self.index(self.COUNTRIES)
        pair = "7\tACME WIDGETS LTD\t10\tACME WIDGETS LTD\t1\n"
        self.assertEqual(self.out("names", "dedupe", "-C", "0.9", self.kf).decode(), pair)
        more = self.out("names", "dedupe", "-C", "0.6", "-T", "2", self.kf).decode().splitlines(True)
        self.assertEqual(sorted(more), sorted([pair, "7\tACME WIDGETS LTD\t8\tACME LIMITED\t0.64\n",
                                               "8\tACME LIMITED\t10\tACME WIDGETS LTD\t0.64\n"]))
        self.assertEqual(self.out("names", "dedupe", "-C", "0.6", "--within", self.kf),
                         b"7\tACME WIDGETS LTD\t8\tACME LIMITED\t0.64\n")
        self.assertEqual(self.out("names", "dedupe", "-C", "0.6", "--by", "DE", self.kf, expect=1), b"")
        self.assertEqual(json.loads(self.out("names", "dedupe", "-C", "1", "-j", self.kf)), {
            "score": 1, "first": {"id": "7", "name": "ACME WIDGETS LTD", "position": 0, "attribute": "GB",
                                  "payload": "pay"},
            "second": {"id": "10", "name": "ACME WIDGETS LTD", "position": 3, "attribute": "DE"}})

    def test_groups(self):
        rows = "".join(f"{n}\t{'AB'[n % 2]}CME{n // 40} LTD\n" for n in range(200)).encode()
        self.index(rows)
        lines = self.out("names", "dedupe", "-C", "1", "--groups", self.kf).decode().splitlines()
        groups = {}
        for line in lines:
            number, identifier, name = line.split("\t")
            groups.setdefault(int(number), []).append((int(identifier), name))
        self.assertEqual(list(groups), list(range(1, 11)))
        for members in groups.values():
            self.assertEqual(members, sorted(members))
            self.assertEqual(len(members), 20)
            self.assertEqual(len({name for _, name in members}), 1)
        first = [json.loads(line) for line in self.out("names", "dedupe", "-C", "1", "-gj", self.kf).splitlines()]
        self.assertEqual([[int(one["id"]) for one in group["names"]] for group in first],
                         [[identifier for identifier, _ in members] for members in groups.values()])
        self.assertEqual(first[0]["names"][0], {"id": "0", "name": "ACME0 LTD", "position": 0})

    def test_progress_of_needles(self):
        self.index()
        path = self.write("needles", b"ACME\n" * 1000)
        for options in (["-i", path], []):
            done = self.run_tool("names", "match", "--progress=json", *options, self.kf,
                                 stdin=b"" if options else b"ACME\n" * 1000)
            self.assertEqual(done.stdout.count(b"\n"), 1000)
            last = json.loads(done.stderr.splitlines()[-1])
            self.assertEqual((last["phase"], last["done"], last["share"]), ("match", 1000, 1))
        self.assertEqual(self.run_tool("names", "match", "-i", path, self.kf).stderr, b"")

    def test_progress_of_dedupe(self):
        self.index()
        done = self.run_tool("names", "dedupe", "-C", "1", "--progress=json", self.kf)
        last = json.loads(done.stderr.splitlines()[-1])
        self.assertEqual((last["phase"], last["done"], last["total"], last["share"]), ("match", 5, 5, 1))

    def test_usage(self):
        for args, message in ((["names"], "which command"), (["names", "mach"], "did you mean 'match'"),
                              (["names", "build", "x"], "-o FILE"), (["names", "build", "-o", "x"], "INPUT"),
                              (["names", "build", "-o", "x", "--id", "a", "y.csv"], "--header"),
                              (["names", "match"], "FILE"), (["names", "match", "-C", "2", "x"], "from 0 to 1"),
                              (["names", "match", "-n", "0", "x"], "at least 1"), (["names", "-x"], "-x"),
                              (["names", "match", "--missing", "-W", "x"], "--no-needle"),
                              (["names", "match", "--candidates", "5", "x"], "without --rerank"),
                              (["names", "match", "-R", "wratio", "-n", "9", "--candidates", "5", "x"], "--candidates"),
                              (["names", "match", "-S", "wratio", "x"], "--scorer is one of"),
                              (["names", "match", "--by", "a", "-B", "x"], "with --by"),
                              (["names", "match", "--progress=text", "x", "y"], "with NEEDLE"),
                              (["names", "dedupe", "x"], "-C SCORE"), (["names", "dedupe", "-C", "0", "x"], "above 0"),
                              (["names", "dedupe", "-C", "1"], "FILE"),
                              (["names", "dedupe", "-C", "1", "x", "y"], "one FILE"),
                              (["names", "dedupe", "-C", "1", "-T", "999", "x"], "256"),
                              (["names", "dedupe", "-C", "1", "--by", "a", "-w", "x"], "with --by"),
                              (["names", "score", "-S", "x", "a", "b"], "--scorer is one of")):
            self.assertIn(message, self.err(*args, expect=2))

    def test_interrupted(self):
        child = subprocess.Popen([TOOL, "names", "build", "-o", self.kf, "-"], stdin=subprocess.PIPE,
                                 stderr=subprocess.PIPE)
        child.stdin.write(b"1\ta\n" * 100000)   # more than a pipe holds: it has begun to read
        child.stdin.flush()
        child.send_signal(STOP)
        try:
            child.stdin.write(b"1\ta\n" * 100000)
            child.stdin.close()
        except BrokenPipeError:
            pass
        error = child.stderr.read()
        child.stderr.close()
        self.assertIn(child.wait(60), (128 + STOP, -STOP))
        self.assertTrue(b"interrupted" in error or child.returncode < 0)
        self.assert_nothing_built()


if __name__ == "__main__":
    unittest.main()
