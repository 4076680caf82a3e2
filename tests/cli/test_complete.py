"""Weights: build --weights in every format, dump and stat of them, complete."""

import json
import random
import unittest

from support import CliTest, escape, unescape

PAIRS = [(b"house", b"3", 7), (b"houses", b"1", 9), (b"horse", b"2", 9), (b"zoo", b"x\ty\\", 0),
         (b"a\tb\n", b"", 2**64 - 1)]


def best(pairs, prefix, count=10):
    found = sorted((-weight, key) for key, _, weight in pairs if key.startswith(prefix))
    return [(key, -weight) for weight, key in found[:count]]


class Weights(CliTest):
    def tsv(self, pairs, values=True):
        return b"".join(escape(key) + (b"\t" + escape(value) if values else b"") + b"\t%d\n" % weight
                        for key, value, weight in pairs)

    def completed(self, *args, **more):
        """[(key, weight)] as `complete` prints them."""
        rows = [line.split(b"\t") for line in self.out("complete", self.kf, *args, **more).splitlines()]
        return [(unescape(row[0]), int(row[1])) for row in rows]

    def test_tsv(self):
        self.build(self.tsv(PAIRS), "--weights", "column")
        self.assertEqual(self.completed(""), best(PAIRS, b""))
        self.assertEqual(self.completed("ho"), best(PAIRS, b"ho"))
        self.assertEqual(self.out("get", self.kf, "zoo"), b"zoo\tx\\ty\\\\\n")
        # What stands before the last tab is the value, tabs and all.
        self.build(b"k\tv\tw\t12\r\n", "--weights", "column")
        self.assertEqual(self.out("complete", "-v", self.kf, ""), b"k\t12\tv\\tw\n")

    def test_without_values(self):
        for data in (b"a\t1\nb\t2\n", b"a\tx\t1\nb\t\t2"):
            self.build(data, "-w", "column", "--values", "none")
            self.assertEqual(self.out("dump", self.kf), b"a\t1\nb\t2\n")
            self.assertEqual(self.completed(""), [(b"b", 2), (b"a", 1)])

    def test_numbers(self):
        self.build(b"a\t5\nb\t6\nc\t5\n", "--values", "u64")
        slow = self.completed("")
        self.assertEqual(slow, [(b"b", 6), (b"a", 5), (b"c", 5)])
        self.assertEqual(json.loads(self.out("stat", "--json", self.kf))["weights"], "none")
        self.build(b"a\t5\nb\t6\nc\t5\n", "--values", "u64", "--weights", "value")
        self.assertEqual(self.completed(""), slow)
        self.assertIn(b"weights         the values", self.out("stat", self.kf))
        self.assertEqual(self.out("dump", self.kf), b"a\t5\nb\t6\nc\t5\n")
        self.build(b"a\t5\t1\nb\t6\t0\n", "--values", "u64", "--weights", "column")
        self.assertEqual(self.out("complete", "--values", self.kf, ""), b"a\t1\t5\nb\t0\t6\n")
        self.out("verify", self.kf)

    def test_csv(self):
        self.build(b"k,v,3\n", "--format", "csv", "--weights", "column")
        self.assertEqual(self.out("complete", "-v", self.kf, ""), b"k\t3\tv\n")
        data = b'name,"how often",text\nb,8,y\na,9,"x,x"\n'
        self.build(data, "--format", "csv", "--header", "--weights", "column", "--weight-column", "how often",
                   "--value-column", "text", "--key-column=name")
        self.assertEqual(self.out("complete", "-v", self.kf, ""), b"a\t9\tx,x\nb\t8\ty\n")
        self.build(b"1,b\n2,a\n", "-f", "csv", "-v", "none", "-K2", "-W1", "-wcolumn")
        self.assertEqual(self.completed(""), [(b"a", 2), (b"b", 1)])
        self.assertIn("2 fields, column 3 is needed",
                      self.build(b"1,b\n", "-f", "csv", "-wcolumn", expect=3))
        self.assertIn("no column 'w'", self.build(data, "-f", "csv", "-H", "-Kname", "-Vtext", "-W", "w", "-wcolumn",
                                                   expect=3))

    def test_jsonl(self):
        for options, line in (([], b'{"weight": 5, "key": "k", "value": "v"}'), ([], b'["k", "v", 5]'),
                              (["--weight-field", "n"], b'{"n": "5", "weight": 1, "key": "k", "value": "v"}')):
            self.build(line, "-f", "jsonl", "--weights", "column", *options)
            self.assertEqual(self.out("complete", "-v", self.kf, ""), b"k\t5\tv\n")
        for line, message in ((b'["k", "v"]', "no weight"), (b'{"key": "k", "value": 1}', "no weight"),
                              (b'["k", "v", 5, 6]', "[key, value, weight]"), (b'["k", "v", -1]', "weight is not"),
                              (b'["k", "v", 5.0]', "weight is not"), (b'["k", "v", [1]]', "weight is not"),
                              (b'{"weight": 1, "weight": 2, "key": "k", "value": ""}', '"weight" comes twice')):
            self.assertIn(message, self.build(line, "-f", "jsonl", "--weights", "column", expect=3))

    def test_nul(self):
        self.build(b"b\0v\0" + b"7\0a\0\0" + b"8", "-f", "nul", "--pairs", "-w", "column")
        self.assertEqual(self.out("complete", "-v", self.kf, ""), b"a\t8\t\nb\t7\tv\n")
        self.build(b"b\0007\0a\0008\0", "-f", "nul", "-w", "column")
        self.assertEqual(self.completed(""), [(b"a", 8), (b"b", 7)])
        for data in (b"b\0v\0", b"b\0v", b"b\0v\0007\0a\0v\0", b"b"):
            error = self.build(data, "-f", "nul", "--pairs", "-w", "column", expect=3)
            self.assertRegex(error, "the last key has no (weight|value)")
        self.assertIn("no weight", self.build(b"b", "-f", "nul", "-w", "column", expect=3))

    def test_round_trips(self):
        rng = random.Random(5)
        keys = {bytes(rng.choices(b"ab\t\n\\\0\xff", k=rng.randint(0, 9))) for _ in range(500)}
        for values in ("bytes", "u64", "none"):
            pairs = [(key, b"%d" % rng.randrange(99), rng.randrange(2**rng.randint(0, 64))) for key in keys]
            options = ["--values", values, "--weights", "column"]
            self.build(self.tsv(pairs, values != "none"), "-f", "tsv", *options)
            with open(self.kf, "rb") as file:
                first = file.read()
            for form in ("tsv", "jsonl"):
                dumped = self.out("dump", "-f", form, self.kf)
                self.build(dumped, "-f", form, *options)
                with open(self.kf, "rb") as file:
                    self.assertEqual(file.read(), first, f"{values} {form}")
            self.assertEqual(self.completed("-e", "-n", "7", "a\\t"), best(pairs, b"a\t", 7))
        pairs = [(key.replace(b"\0", b""), value.replace(b"\0", b""), weight) for key, value, weight in PAIRS]
        self.build(self.tsv(pairs), "-w", "column")
        dumped = self.out("dump", "-f", "nul", self.kf)
        self.assertEqual(dumped.count(b"\0"), 3 * len(pairs))
        with open(self.kf, "rb") as file:
            first = file.read()
        self.build(dumped, "-f", "nul", "--pairs", "-w", "column")
        with open(self.kf, "rb") as file:
            self.assertEqual(file.read(), first)

    def test_guarded_dump(self):
        self.build(b"\\x1f\\x8b\\x08\tv\t3\n", "-f", "tsv", "-w", "column")
        self.assertEqual(self.out("dump", self.kf), b"\\x1f\x8b\x08\tv\t3\n")

    def test_bad_lines(self):
        for line in (b"k\tv\t", b"k\tv\t-1", b"k\tv\t18446744073709551616", b"k\tv\tx", b"k\tv\t1 "):
            self.assertIn("the weight is not an integer", self.build(line, "-f", "tsv", "-w", "column", expect=3))
        self.assertIn("no weight", self.build(b"k\t1\n", "-f", "tsv", "-w", "column", expect=3))
        self.assertIn("no weight", self.build(b"k\n", "-f", "tsv", "-w", "column", expect=3))
        error = self.build(b"a\tv\t1\nb\tv\nc\tv\t3\n", "-f", "tsv", "-w", "column", "--on-error", "skip")
        self.assertIn(":2: ", error)
        self.assertEqual(self.completed(""), [(b"c", 3), (b"a", 1)])

    def test_duplicates(self):
        data = b"k\tfirst\t1\nk\tlast\t9\n"
        self.build(data, "-w", "column", "-d", "first")
        self.assertEqual(self.out("complete", "-v", self.kf, ""), b"k\t1\tfirst\n")
        self.build(data, "-w", "column", "-d", "last")
        self.assertEqual(self.out("complete", "-v", self.kf, ""), b"k\t9\tlast\n")
        self.build(data, "-w", "column", expect=3)

    def test_usage(self):
        for options, message in ((["--weights", "value"], "--values u64"),
                                 (["--weights", "value", "--values", "bytes"], "--values u64"),
                                 (["--weights", "column", "--values", "u64", "-d", "sum"], "--duplicates sum"),
                                 (["--weights", "column", "-f", "lines"], "lines has no weights"),
                                 (["--weights", "column", "-W", "0"], "counted from 1"),
                                 (["--weights", "column", "-W", "name"], "--header"),
                                 (["--weights", "column", "--weight-field", "key"], "same"),
                                 (["--weights", "yes"], "none, value, column")):
            with self.subTest(options=options):
                self.assertIn(message, self.build(b"", *options, expect=2))
        self.assertIn("taken for lines", self.build(b"k\n", "-w", "column", expect=3))


class Complete(CliTest):
    def setUp(self):
        super().setUp()
        rng = random.Random(6)
        keys = {bytes(rng.choices(b"abc", k=rng.randint(0, 8))) for _ in range(4000)}
        self.pairs = [(key, b"v" + key, rng.choice((rng.randrange(9), rng.randrange(2**40)))) for key in keys]
        self.build(b"".join(b"%s\t%s\t%d\n" % pair for pair in self.pairs), "-f", "tsv", "-w", "column")

    def lines(self, prefix, count=10, needle=False):
        front = prefix + b"\t" if needle else b""
        return b"".join(front + b"%s\t%d\n" % hit for hit in best(self.pairs, prefix, count))

    def test_prefixes(self):
        for prefix in (b"", b"a", b"bc", b"cab", b"aaaa", b"ccccc"):
            for count in (0, 1, 3, 10, 10000):
                found = self.out("complete", "-n", str(count), self.kf, prefix, expect=None)
                self.assertEqual(found, self.lines(prefix, count))
        self.assertEqual(self.out("complete", self.kf, "a", "b", "zz"), self.lines(b"a") + self.lines(b"b"))
        self.assertEqual(len(self.out("complete", self.kf, "").splitlines()), 10)

    def test_stream(self):
        rng = random.Random(7)
        prefixes = [bytes(rng.choices(b"abcd", k=rng.randint(0, 4))) for _ in range(300)]
        want = b"".join(self.lines(prefix, 4, True) for prefix in prefixes)
        stdin = b"\n".join(prefixes) + b"\n"
        for options in ([], ["--threads", "1"], ["--threads", "3"]):
            self.assertEqual(self.out("complete", "-n4", *options, self.kf, stdin=stdin), want)
        self.assertEqual(self.out("complete", "-n4", "-i", self.write("prefixes", stdin), self.kf), want)
        self.assertEqual(self.out("complete", "-n4", "-0", self.kf, stdin=stdin.replace(b"\n", b"\0")), want)
        self.assertEqual(self.out("complete", "-n2", "--no-needle", self.kf, stdin=b"ab\n"), self.lines(b"ab", 2))

    def test_forms(self):
        key, weight = best(self.pairs, b"b")[0]
        self.assertEqual(self.out("complete", "-n1", "--values", self.kf, "b"), b"%s\t%d\tv%s\n" % (key, weight, key))
        self.assertEqual(self.out("complete", "-n1", "--keys-only", self.kf, "b"), key + b"\n")
        self.assertEqual(json.loads(self.out("complete", "-n1", "--json", self.kf, "b")),
                         {"key": key.decode(), "weight": weight})
        self.assertEqual(json.loads(self.out("complete", "-n1", "-jvw", self.kf, "b")),
                         {"needle": "b", "key": key.decode(), "value": "v" + key.decode(), "weight": weight})
        self.assertEqual(self.out("complete", "-n1", "--value-regex", "v.*cc", self.kf, "b"),
                         b"%s\t%d\n" % best([p for p in self.pairs if p[0].endswith(b"cc")], b"b")[0])

    def test_exit_codes(self):
        self.run_tool("complete", self.kf, "x", expect=1)
        self.run_tool("complete", self.kf, "x", "a", expect=0)
        self.run_tool("complete", self.kf, "-n0", "a", expect=1)
        self.run_tool("complete", self.kf, stdin=b"", expect=1)
        self.assertIn("FILE", self.err("complete", expect=2))
        self.assertIn("either", self.err("complete", "-vk", self.kf, "a", expect=2))
        self.assertIn("number", self.err("complete", "-n", "x", self.kf, "a", expect=2))
        self.assertIn("invalid escape", self.err("complete", "-e", self.kf, "\\q", expect=2))
        self.run_tool("complete", self.path("absent"), "a", expect=3)
        self.build(b"a\tb\n")
        self.assertIn("no weights", self.err("complete", self.kf, "a", expect=3))


if __name__ == "__main__":
    unittest.main()
