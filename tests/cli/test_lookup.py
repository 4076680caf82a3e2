"""get, scan, stat, verify."""

import json
import os
import random

from support import CliTest, escape


class Get(CliTest):
    def setUp(self):
        super().setUp()
        self.build(b"a\tone\nb\\tc\ttwo\\n\nk\\0\t\\\\\n\tempty\n")

    def test_arguments(self):
        self.assertEqual(self.out("get", self.kf, "a"), b"a\tone\n")
        self.assertEqual(self.out("get", self.kf, "b\tc", "a", "", "a"),
                         b"b\\tc\ttwo\\n\na\tone\n\tempty\na\tone\n")
        self.assertEqual(self.out("get", "-e", self.kf, "b\\tc", "k\\0"), b"b\\tc\ttwo\\n\nk\\0\t\\\\\n")
        self.assertEqual(self.out("get", self.kf, "--", "a"), b"a\tone\n")
        self.run_tool("get", "-e", self.kf, "\\q", expect=2)

    def test_absent(self):
        self.assertEqual(self.out("get", self.kf, "a", "x", expect=1), b"a\tone\n")
        self.assertEqual(self.out("get", self.kf, "-e", "a\\t", expect=1), b"")
        self.assertEqual(self.out("get", self.kf, "--missing", "?", "x\t", "a", expect=1), b"x\\t\t?\na\tone\n")
        self.assertEqual(self.out("get", "-m", "", self.kf, "x", expect=1), b"x\t\n")

    def test_url(self):
        self.assertIn("python -m keyfold", self.err("get", "s3://bucket/a.kf", "a", expect=3))
        self.assertNotIn("python", self.err("get", self.path("bucket/a.kf"), "a", expect=3))

    def test_stdin(self):
        self.assertEqual(self.out("get", self.kf, stdin=b"a\nb\\tc\r\n\nk\\0"),
                         b"a\tone\nb\\tc\ttwo\\n\n\tempty\nk\\0\t\\\\\n")
        self.assertEqual(self.out("get", self.kf, stdin=b""), b"")
        self.assertEqual(self.out("get", self.kf, stdin=b"a\nz\n", expect=1), b"a\tone\n")
        done = self.run_tool("get", self.kf, stdin=b"a\n\\q\n", expect=3)
        self.assertEqual(done.stdout, b"a\tone\n")
        self.assertIn(b"<stdin>:2: invalid escape", done.stderr)

    def test_a_line_for_each_line(self):
        """With --missing, bad lines have one too, and those after them are answered."""
        done = self.run_tool("get", "--missing", "?", self.kf, stdin=b"a\nC:\\q\n\nx\\\na\n", expect=3)
        self.assertEqual(done.stdout, b"a\tone\nC:\\\\q\t?\n\tempty\nx\\\\\t?\na\tone\n")
        words = "invalid escape in the key: a backslash is written \\\\, or use --raw"
        self.assertEqual(done.stderr.decode().splitlines(),
                         [f"keyfold: <stdin>:{line}: {words}" for line in (2, 4)])
        keys = b"a\n" * 40000
        done = self.run_tool("get", "--missing", "?", self.kf, stdin=keys + b"z\0y\na\n", expect=3)
        self.assertEqual(done.stdout, b"a\tone\n" * 40000 + b"z\\0y\t?\na\tone\n")
        self.assertIn(b"<stdin>:40001: a NUL byte in the key", done.stderr)
        self.assertEqual(self.out("get", "-j", "-m", "?", self.kf, stdin=b"C:\\q\na\n", expect=3).splitlines()[0],
                         b'{"key":"C:\\\\q","missing":"?"}')
        done = self.run_tool("get", self.kf, stdin=b"\\q\na\n" * 500, expect=3)
        self.assertEqual(done.stdout, b"a\tone\n" * 500)
        self.assertEqual(len(done.stderr.splitlines()), 11)
        self.assertIn(b"500 bad keys, 490 of them not shown", done.stderr)
        self.converse(["get", "-m?", self.kf], ((b"\\q\n", b"\\\\q\t?\n"), (b"a\n", b"a\tone\n")), expect=3)

    def test_nul_and_raw(self):
        self.assertEqual(self.out("get", "-0", self.kf, stdin=b"b\tc\0a"), b"b\\tc\ttwo\\n\na\tone\n")
        self.assertEqual(self.out("get", "-r", self.kf, stdin=b"b\tc\na\n"), b"b\tc\ttwo\n\na\tone\n")
        self.run_tool("get", "-0", self.kf, "a", expect=2)

    def test_ordinal(self):
        self.assertEqual(self.out("get", "-n", self.kf, "", "a", "b\tc"), b"\t0\na\t1\nb\\tc\t2\n")

    def test_json(self):
        lines = self.out("get", "-jn", "-m?", self.kf, "a", "no", "b\tc", expect=1).splitlines()
        self.assertEqual([json.loads(line) for line in lines], [
            {"key": "a", "ordinal": 1, "value": "one"}, {"key": "no", "ordinal": None, "missing": "?"},
            {"key": "b\tc", "ordinal": 2, "value": "two\n"}])

    def test_value_types(self):
        self.build(b"a\t7\n", "-v", "u64")
        self.assertEqual(self.out("get", self.kf, "a"), b"a\t7\n")
        self.assertEqual(json.loads(self.out("get", "-j", self.kf, "a")), {"key": "a", "value": 7})
        self.build(b"a\n", "-f", "lines")
        self.assertEqual(self.out("get", self.kf, "a"), b"a\n")
        self.assertEqual(json.loads(self.out("get", "-j", self.kf, "a")), {"key": "a"})

    def test_stream_against_a_model(self):
        rng = random.Random(3)
        model = {rng.randbytes(rng.randrange(12)): rng.randbytes(rng.randrange(20)) for _ in range(3000)}
        self.build(b"".join(escape(k) + b"\t" + escape(v) + b"\n" for k, v in model.items()), "-f", "tsv")
        keys = list(model)
        asked = [rng.choice(keys) if rng.random() < 0.7 else rng.randbytes(4) for _ in range(30000)]
        expected = b"".join(escape(k) + b"\t" + (escape(model[k]) if k in model else b"<none>") + b"\n"
                            for k in asked)
        data = b"".join(escape(k) + b"\n" for k in asked)
        found = self.out("get", "--missing", "<none>", self.kf, stdin=data, expect=1)
        self.assertTrue(found == expected)

    def test_conversation(self):
        """A program that writes one key must get its answer without closing the pipe."""
        self.converse(["get", "-m", "?", self.kf],
                      ((b"a\n", b"a\tone\n"), (b"\n", b"\tempty\n"),
                       (b"z\na\n", b"z\t?\na\tone\n"), (b"\xef\n", b"\xef\t?\n")), expect=1)


class Scan(CliTest):
    keys = sorted(b"%s%d" % (word, n) for word in (b"ant", b"bee", b"cow") for n in range(30))

    def setUp(self):
        super().setUp()
        self.build(b"".join(b"%s\tv%s\n" % (key, key) for key in self.keys))

    def lines(self, keys):
        return b"".join(b"%s\tv%s\n" % (key, key) for key in keys)

    def test_selections(self):
        keys = self.keys
        cases = [
            ([], keys), (["--reverse"], keys[::-1]), (["--limit", "3"], keys[:3]), (["-R", "-l3"], keys[:-4:-1]),
            (["--prefix", "bee"], [k for k in keys if k.startswith(b"bee")]),
            (["-p", "bee1", "-R"], [k for k in keys if k.startswith(b"bee1")][::-1]),
            (["--from", "bee5"], [k for k in keys if k >= b"bee5"]),
            (["--to", "bee5"], [k for k in keys if k < b"bee5"]),
            (["-f", "ant9", "-t", "bee1", "-l", "2"], [k for k in keys if b"ant9" <= k < b"bee1"][:2]),
            (["-p", "bee", "-f", "bee2", "-t", "bee25"], [k for k in keys if b"bee2" <= k < b"bee25"]),
            (["--first", "80"], keys[80:]), (["--first", "10", "-p", "ant"], keys[10:30]),
            (["--limit", "0"], []),
        ]
        for options, expected in cases:
            with self.subTest(options=options):
                self.assertEqual(self.out("scan", self.kf, *options), self.lines(expected))
                self.assertEqual(self.out("scan", self.kf, "--count", *options), b"%d\n" % len(expected))
                self.assertEqual(self.out("scan", "-k", self.kf, *options).split(), expected)
                ordinals = b"".join(b"%s\t%d\n" % (k, keys.index(k)) for k in expected)
                self.assertEqual(self.out("scan", "-n", self.kf, *options), ordinals)

    def test_nothing(self):
        for options in (["-p", "dog"], ["-f", "d"], ["-t", "a"], ["-t", ""], ["--first", "90"],
                        ["-f", "b", "-t", "a"]):
            self.assertEqual(self.out("scan", self.kf, *options, expect=1), b"")
            self.assertEqual(self.out("scan", "-c", self.kf, *options, expect=1), b"0\n")
        self.build(b"")
        self.assertEqual(self.out("scan", self.kf), b"")

    def test_escapes_and_json(self):
        self.build(b"a\\0b\tx\\n\n\\t\\xff\ty\n")
        self.assertEqual(self.out("scan", "-e", "-p", "a\\0", self.kf), b"a\\0b\tx\\n\n")
        self.assertEqual(self.out("scan", "-r", "-p", "\t", self.kf), b"\t\xff\ty\n")
        self.assertIn(b"invalid escape", self.run_tool("scan", "-e", "-p", "\\q", self.kf, expect=2).stderr)
        found = [json.loads(line) for line in self.out("scan", "-jn", self.kf).splitlines()]
        self.assertEqual(found, [{"key_hex": "09ff", "ordinal": 0, "value": "y"},
                                 {"key": "a\0b", "ordinal": 1, "value": "x\n"}])


class StatAndVerify(CliTest):
    def test_stat(self):
        self.build(b"".join(b"key%d\tvalue %d\n" % (n, n % 3) for n in range(1000)))
        stat = json.loads(self.out("stat", "--json", self.kf))
        self.assertEqual(stat["keys"], 1000)
        self.assertEqual(stat["longest_key"], 6)
        self.assertEqual(stat["values"], "bytes")
        self.assertEqual(stat["file_size"], os.path.getsize(self.kf))
        self.assertRegex(stat["build_id"], r"^[0-9a-f]{32}$")
        text = self.out("stat", self.kf).decode()
        self.assertRegex(text, r"(?m)^keys +1 000$")
        self.assertRegex(text, r"(?m)^values +bytes, encoding ")
        self.assertIn(stat["build_id"], text)

    def test_verify(self):
        self.build(b"".join(b"key%d\n" % n for n in range(1000)))
        other = self.path("other.kf")
        self.run_tool("build", "-o", other, "-", stdin=b"x\n")
        self.assertEqual(self.out("verify", self.kf, other), f"{self.kf}: OK\n{other}: OK\n".encode())
        self.assertEqual(self.out("verify", "-q", self.kf), b"")
        with open(self.kf, "rb") as file:
            whole = file.read()
        broken = self.write("broken.kf", whole[:-1])
        done = self.run_tool("verify", broken, other, expect=3)
        self.assertEqual(done.stdout, f"{other}: OK\n".encode())
        self.assertIn(b"broken.kf", done.stderr)

    def test_files_that_are_no_dictionary(self):
        foreign = self.write("foreign", b"key\tvalue\n" * 1000)
        empty = self.write("empty", b"")
        for path in (foreign, empty, self.path("absent"), self.folder, "/dev/null"):
            for command in (["get"], ["scan"], ["stat"], ["verify"], ["dump"]):
                done = self.run_tool(*command, path, expect=3)
                self.assertEqual(done.stdout, b"")
                self.assertIn(path.encode(), done.stderr)


class Dump(CliTest):
    def round_trip(self, model, build_options=(), formats=("tsv", "jsonl", "nul")):
        first = self.pairs()
        self.assertEqual(first, sorted(model))
        for form in formats:
            dumped = self.out("dump", "--format", form, self.kf)
            copy = self.path("by-" + form + ".kf")   # on Windows nul.kf is a device
            options = ["--format", form] if form != "tsv" else []
            if form == "nul" and len(model) and len(model[0]) == 2:
                options.append("--pairs")
            self.run_tool("build", "-o", copy, *options, *build_options, "-", stdin=dumped)
            with open(self.kf, "rb") as one, open(copy, "rb") as two:
                self.assertTrue(one.read() == two.read(), form)

    def test_random_bytes(self):
        rng = random.Random(99)
        for low in (0, 1):
            model = {bytes(rng.randrange(low, 256) for _ in range(rng.randrange(9))):
                     bytes(rng.choice((low, 9, 10, 13, 92, 200)) for _ in range(rng.randrange(9)))
                     for _ in range(2000)}
            self.build(b"".join(escape(k) + b"\t" + escape(v) + b"\n" for k, v in model.items()), "-f", "tsv")
            self.round_trip(list(model.items()), formats=("tsv", "jsonl", "nul") if low else ("tsv", "jsonl"))

    def test_keys_only(self):
        keys = [bytes([a, b]) for a in (0, 9, 10, 13, 92, 65, 255) for b in (0, 9, 10, 13, 92)]
        self.build(b"".join(escape(k) + b"\n" for k in keys), "-f", "lines")
        self.round_trip([(k,) for k in keys], formats=("tsv",))
        self.round_trip([(k,) for k in keys], ("--values", "none"), formats=("jsonl",))

    def test_u64(self):
        self.build(b"a\t1\nb\t18446744073709551615\n", "-v", "u64")
        self.round_trip([(b"a", b"1"), (b"b", b"18446744073709551615")], ("-v", "u64"))

    def test_keys_that_look_like_file_headers(self):
        for key in (b"\xef\xbb\xbfkey", b"\x1f\x8b\x08key", b"\x28\xb5\x2f\xfdkey", b"\x50\x2a\x4d\x18",
                    b"\x5f\x2a\x4d\x18"):
            with self.subTest(key=key):
                self.build(b"\\x%02x" % key[0] + key[1:] + b"\tv\n", "-f", "tsv")
                self.round_trip([(key, b"v")], formats=("tsv", "jsonl"))
                if key[0] == 0xef:    # a byte order mark is nothing special there
                    self.round_trip([(key, b"v")], formats=("nul",))
                else:
                    self.run_tool("dump", "--format", "nul", self.kf, expect=3)

    def test_nul_refuses_nul(self):
        self.build(b"a\tx\nb\ty\\0\n")
        error = self.err("dump", "--format", "nul", self.kf, expect=3)
        self.assertIn("ordinal 1 ", error)

    def test_raw(self):
        self.build(b"a\\t\tx\\\\\n")
        self.assertEqual(self.out("dump", "--raw", self.kf), b"a\t\tx\\\n")
