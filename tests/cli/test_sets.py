"""union, intersect, subtract, diff and merge, against Python's sets and dicts."""

import json
import os
import random
import subprocess

from support import STOP, TOOL, WINDOWS, CliTest, escape

KEYS = [b"", b"\t", b"a\nb", b"\\", b"\xff\xfe", b"\0"] + [b"%03d" % n for n in range(300)]
POLICIES = {"first": lambda found: found[0], "last": lambda found: found[-1],
            "sum": sum, "min": min, "max": max}


class Sets(CliTest):
    def make(self, name, pairs, *options):
        """Builds a dictionary of a dict of keys and values (None, int, bytes)."""
        values = list(pairs.values())
        first = values[0] if values else b""
        kind = "none" if first is None else "u64" if isinstance(first, int) else "bytes"
        lines = self.lines(pairs)
        self.run_tool("build", "-q", "-o", self.path(name), "-v", kind,
                      "-f", "lines" if kind == "none" else "tsv", *options, "-", stdin=lines)
        return self.path(name)

    @staticmethod
    def text(value):
        return str(value).encode() if isinstance(value, int) else escape(value)

    def lines(self, pairs):
        return b"".join((escape(key) or b"\\&") + b"\n" if value is None
                        else escape(key) + b"\t" + self.text(value) + b"\n" for key, value in sorted(pairs.items()))

    def draw(self, seed, kind, count=3):
        rng = random.Random(seed)
        dicts = []
        for _ in range(count):
            part = rng.choice([1, 2, 2, 10])
            value = {"none": lambda: None, "u64": lambda: rng.randrange(5),
                     "bytes": lambda: b"v%d\n" % rng.randrange(3)}[kind]
            dicts.append({key: value() for key in KEYS if rng.randrange(part) == 0})
            dicts[-1][b"one"] = value()
        return dicts, [self.make(f"{n}.kf", pairs) for n, pairs in enumerate(dicts)]

    @staticmethod
    def model(dicts, keep, policy):
        keys = {key for pairs in dicts for key in pairs}
        found = {key: [pairs[key] for pairs in dicts if key in pairs] for key in keys}
        return {key: POLICIES[policy](found[key]) for key in keys if keep(key, len(found[key]))}

    def operations(self, dicts):
        return {"union": (["union"], lambda key, n: True),
                "intersection": (["intersect"], lambda key, n: n == len(dicts)),
                "difference": (["subtract"], lambda key, n: n == 1 and key in dicts[0]),
                "symmetric": (["union", "--odd"], lambda key, n: n % 2 == 1)}


class Lists(Sets):
    def test_values_are_lists_only_if_those_of_all_files_are(self):
        for name, lines in (("one", b"a\tp\na\tq\n"), ("two", b"b\tr\n")):
            self.run_tool("build", "-q", "-o", self.path(name + ".kf"), "-d", "all", "-", stdin=lines)
        one, two = self.path("one.kf"), self.path("two.kf")
        texts = self.make("texts.kf", {b"c": b"s"})
        self.assertEqual(self.out("union", one, two), b"a\tp\tq\nb\tr\n")
        self.assertEqual(self.out("diff", one, two, expect=1), b"-a\tp\tq\n+b\tr\n")
        for paths in ((two, texts), (texts, two)):
            self.assertEqual(self.out("union", *paths), b"b\t" + escape(b"\1r") + b"\nc\ts\n")


class Lines(Sets):
    def test_operations(self):
        for seed, kind in enumerate(["none", "u64", "bytes"] * 3):
            dicts, paths = self.draw(seed, kind)
            for name, (command, keep) in self.operations(dicts).items():
                for policy in POLICIES if kind == "u64" else ("first", "last"):
                    if name == "difference" and policy != "first":
                        continue
                    wanted = self.model(dicts, keep, policy)
                    options = [] if name == "difference" else ["--values", policy]
                    with self.subTest(seed=seed, name=name, policy=policy):
                        code = 0 if wanted else 1
                        run = lambda *more: self.out(*command, *options, *more, *paths, expect=code)
                        self.assertEqual(run(), self.lines(wanted))
                        self.assertEqual(run("--count"), b"%d\n" % len(wanted))
                        self.assertEqual(run("-k"), self.lines(dict.fromkeys(wanted)))

    def test_all(self):
        dicts, paths = self.draw(3, "u64")
        wanted = b"".join(b"%s\t%d\t%s\n" % (escape(key), pairs[key], path.encode())
                          for key in sorted({key for pairs in dicts for key in pairs})
                          for pairs, path in zip(dicts, paths) if key in pairs)
        self.assertEqual(self.out("union", "--values", "all", *paths), wanted)
        found = [json.loads(line) for line in self.out("union", "-v", "all", "--json", *paths).splitlines()]
        self.assertEqual(len(found), wanted.count(b"\n"))
        self.assertEqual({entry["file"] for entry in found}, set(paths))

    def test_ranges(self):
        dicts, paths = self.draw(4, "bytes")
        union = self.model(dicts, lambda key, n: True, "first")
        for options, keep in ((["--prefix", "1"], lambda key: key.startswith(b"1")),
                              (["--from", "1", "--to", "2"], lambda key: b"1" <= key < b"2"),
                              (["-e", "--from", r"\xff"], lambda key: key >= b"\xff"),
                              (["-f", "250"], lambda key: key >= b"250")):
            wanted = {key: value for key, value in union.items() if keep(key)}
            self.assertEqual(self.out("union", *options, *paths), self.lines(wanted))
        limited = dict(sorted(union.items())[:7])
        self.assertEqual(self.out("union", "--limit", "7", *paths), self.lines(limited))
        self.assertEqual(self.out("union", "--limit", "0", *paths), b"")
        self.assertEqual(self.out("union", "--prefix", "nothing", *paths, expect=1), b"")
        self.err("union", "-e", "--prefix", r"\q", *paths, expect=2)

    def test_json_and_raw(self):
        a = self.make("a.kf", {b"k\t": b"v\n", b"\xff": b"x"})
        found = [json.loads(line) for line in self.out("union", "--json", a, a).splitlines()]
        self.assertEqual(found, [{"key": "k\t", "value": "v\n"}, {"key_hex": "ff", "value": "x"}])
        self.assertEqual(self.out("intersect", "--raw", a, a), b"k\t\tv\n\n\xff\tx\n")

    def test_one_file_none_and_itself(self):
        a = self.make("a.kf", {b"x": 1, b"y": 2})
        empty = self.make("empty.kf", {}, "-v", "u64")
        for command in ("union", "intersect", "subtract"):
            self.assertEqual(self.out(command, a), b"x\t1\ny\t2\n")
            self.assertIn("which FILE?", self.err(command, expect=2))
        self.assertEqual(self.out("union", a, empty, a, "-v", "sum"), b"x\t2\ny\t4\n")
        self.assertEqual(self.out("intersect", a, empty, expect=1), b"")
        self.assertEqual(self.out("subtract", a, empty), b"x\t1\ny\t2\n")
        self.assertEqual(self.out("subtract", a, a, expect=1), b"")
        self.assertEqual(self.out("union", "--odd", a, a, expect=1), b"")

    def test_errors(self):
        a = self.make("a.kf", {b"big": 2 ** 64 - 1})
        b = self.make("b.kf", {b"big": b"text"})
        error = self.err("union", a, b, expect=3)
        self.assertIn(f"{b}: has values of another type", error)
        self.assertIn("integers", self.err("union", "-v", "sum", b, expect=3))
        error = self.err("union", "-v", "sum", a, a, expect=3)
        self.assertIn("above 18446744073709551615 (key 'big')", error)
        self.assertIn("missing.kf", self.err("union", a, self.path("missing.kf"), expect=3))
        self.assertIn("first, last, sum", self.err("union", "-v", "mean", a, expect=2))
        with open("/dev/full", "wb") as full:
            for command in (["union", a], ["diff", a, a, "-c"],
                            ["merge", "--json", "-o", self.path("m.kf"), a]):
                done = subprocess.run([TOOL, *command], stdout=full, stderr=subprocess.PIPE, timeout=60)
                self.assertEqual(done.returncode, 3)
                self.assertIn(b"standard output", done.stderr)

    def test_damaged_file_is_named(self):
        a = self.make("a.kf", {b"%05d" % n: None for n in range(3000)})
        with open(a, "rb") as file:
            good = file.read()
        rng, named = random.Random(1), 0
        for _ in range(60):
            data = bytearray(good)
            for _ in range(40):
                data[rng.randrange(1024, len(data) - 256)] = rng.randrange(256)
            bad = self.write("bad.kf", bytes(data))
            done = self.run_tool("union", "--count", a, bad, a, expect=None)
            self.assertIn(done.returncode, (0, 3))
            if done.returncode == 3:
                self.assertIn(b"bad.kf: ", done.stderr)
                self.assertNotIn(b"a.kf: ", done.stderr)
                named += 1
        self.assertGreater(named, 0)


class Diff(Sets):
    def wanted(self, old, new):
        lines = b""
        for key in sorted(old.keys() | new.keys()):
            if key not in old:
                lines += b"+" + self.lines({key: new[key]}).replace(b"\\&", b"")
            elif key not in new:
                lines += b"-" + self.lines({key: old[key]}).replace(b"\\&", b"")
            elif old[key] != new[key]:
                lines += b"~" + b"\t".join([escape(key), self.text(old[key]), self.text(new[key])]) + b"\n"
        return lines

    def test_lines_and_counts(self):
        for seed, kind in enumerate(["none", "u64", "bytes"] * 2):
            (old, new), paths = self.draw(seed + 50, kind, 2)
            lines = self.wanted(old, new)
            code = 1 if lines else 0
            self.assertEqual(self.out("diff", *paths, expect=code), lines)
            marks = [line[:1] for line in lines.splitlines()]
            counts = [marks.count(mark) for mark in (b"+", b"-", b"~")]
            self.assertEqual(self.out("diff", "--count", *paths, expect=code),
                             b"added\t%d\nremoved\t%d\nchanged\t%d\n" % tuple(counts))
            found = json.loads(self.out("diff", "--count", "--json", *paths, expect=code))
            self.assertEqual(found, dict(zip(("added", "removed", "changed"), counts)))
            self.assertEqual(self.out("diff", "--quiet", *paths, expect=code), b"")
            keys = b"".join(line.split(b"\t")[0] + b"\n" for line in lines.splitlines())
            self.assertEqual(self.out("diff", "-k", *paths, expect=code), keys)
            limited = b"".join(lines.splitlines(True)[:3])
            self.assertEqual(self.out("diff", "--limit", "3", *paths, expect=code), limited)

    def test_json(self):
        old = self.make("old.kf", {b"a": b"1", b"b": b"2", b"c": b"3"})
        new = self.make("new.kf", {b"b": b"2", b"c": b"\xff", b"d": b"4"})
        found = [json.loads(line) for line in self.out("diff", "--json", old, new, expect=1).splitlines()]
        self.assertEqual(found, [{"change": "removed", "key": "a", "value": "1"},
                                 {"change": "changed", "key": "c", "before": "3", "value_hex": "ff"},
                                 {"change": "added", "key": "d", "value": "4"}])
        self.assertEqual(self.out("diff", "--from", "d", old, new, expect=1), b"+d\t4\n")

    def test_same_and_trouble(self):
        a = self.make("a.kf", {b"k%d" % n: b"value %d" % n for n in range(2000)}, "--encoding", "zstd")
        b = self.make("b.kf", {b"k%d" % n: b"value %d" % n for n in range(2000)}, "--encoding", "raw")
        c = self.make("c.kf", {b"k": 1})
        self.assertEqual(self.out("diff", a, b), b"")
        self.assertIn("c.kf", self.err("diff", a, c, expect=3))
        self.assertIn("OLD and NEW", self.err("diff", a, expect=2))
        self.assertIn("OLD and NEW", self.err("diff", a, b, c, expect=2))
        self.err("diff", a, self.path("missing.kf"), expect=3)


class Merge(Sets):
    def test_operations(self):
        out = self.path("out.kf")
        for seed, kind in enumerate(("none", "u64", "bytes", "u64")):
            dicts, paths = self.draw(seed + 90, kind, 4)
            for name, (_, keep) in self.operations(dicts).items():
                for policy in POLICIES if kind == "u64" else ("first", "last"):
                    wanted = self.model(dicts, keep, policy)
                    values = [] if name == "difference" else ["-v", policy]
                    error = self.err("merge", "-o", out, "--operation", name, *values, *paths)
                    self.assertIn(f"{len(wanted)} keys", error)
                    self.assertEqual(self.out("scan", out), self.lines(wanted))
                    self.run_tool("verify", out)

    def test_options(self):
        a = self.make("a.kf", {b"a%d" % n: b"value %d" % n for n in range(500)},
                      "-m", "title=first", "-m", "x=1")
        b = self.make("b.kf", {b"b%d" % n: b"value %d" % n for n in range(500)},
                      "-m", "title=second", "-m", "y=2")
        out = self.path("out.kf")
        os.mkdir(self.path("temporary"))
        done = self.run_tool("merge", "-o", out, "--json", "--encoding", "zstd", "--memory", "16M",
                             "--tmpdir", self.path("temporary"), "--prefix", "a", "--progress", "json", a, b)
        report = json.loads(done.stdout)
        self.assertEqual((report["keys"], report["files"], report["values"]), (500, 2, "bytes"))
        for line in done.stderr.splitlines():
            self.assertIn("phase", json.loads(line))
        self.assertTrue(done.stderr)
        self.assertEqual(os.listdir(self.path("temporary")), [])
        stat = json.loads(self.out("stat", "--json", out))
        self.assertEqual(stat["encoding"], "zstd")
        metadata = {entry["name"]: entry["content"] for entry in stat["metadata"]}
        self.assertLessEqual({"title": "first", "x": "1", "y": "2"}.items(), metadata.items())
        self.assertEqual(json.loads(self.out("stat", "-j", out))["similarity_bytes"], 0)
        self.err("merge", "-q", "--similarity", "--filter", "-o", out, a, b)
        stat = json.loads(self.out("stat", "-j", out))
        self.assertGreater(stat["similarity_bytes"], 0)
        self.assertGreater(stat["filter_bytes"], 500)
        self.assertIn(b"filter", self.out("stat", out))
        self.out("verify", out)
        self.assertEqual(self.err("merge", "-q", "-o", out, "--limit", "3", a, b), "")
        self.assertEqual(self.out("scan", "--count", out), b"3\n")
        self.assertIn("-o FILE", self.err("merge", a, expect=2))
        self.assertIn("which FILE?", self.err("merge", "-o", out, expect=2))
        self.err("merge", "-o", out, "--memory", "1K", a, expect=2)
        self.err("merge", "-o", out, "--encoding", "packed", a, expect=2)

    def test_target_is_a_member(self):
        a = self.make("a.kf", {b"a": 1, b"b": 2})
        b = self.make("b.kf", {b"b": 3, b"c": 4})
        if WINDOWS:   # where a file that is mapped stays
            error = self.err("merge", "-q", "-v", "sum", "-o", a, a, b, expect=3)
            self.assertRegex(error, "cannot rename a file to '.*a.kf': a process has it open")
            self.assertEqual(self.out("scan", a), b"a\t1\nb\t2\n")
            self.assertEqual(sorted(os.listdir(self.folder)), ["a.kf", "b.kf"])
            return
        self.run_tool("merge", "-q", "-v", "sum", "-o", a, a, b)
        self.assertEqual(self.out("scan", a), b"a\t1\nb\t5\nc\t4\n")

    def test_failures_leave_the_target(self):
        a = self.make("a.kf", {b"big": 2 ** 64 - 1})
        b = self.make("b.kf", {b"big": b"text"})
        out = self.make("out.kf", {b"what was": b"there"})
        with open(out, "rb") as file:
            before = file.read()
        names = sorted(os.listdir(self.folder))
        error = self.err("merge", "-o", out, a, b, expect=3)
        self.assertIn(f"{b}: has values of another type", error)
        error = self.err("merge", "-o", out, "-v", "sum", a, a, expect=3)
        self.assertIn("(key 'big')", error)
        self.err("merge", "-o", out, a, self.write("junk.kf", b"junk" * 1000), expect=3)
        os.remove(self.path("junk.kf"))
        self.assertEqual(sorted(os.listdir(self.folder)), names)
        with open(out, "rb") as file:
            self.assertEqual(file.read(), before)

    def test_interrupted(self):
        parts = [self.make(f"{part}.kf", {b"%d-%07d" % (part, n): None for n in range(150000)})
                 for part in range(4)]
        out = self.make("out.kf", {b"what was": b"there"})
        names = sorted(os.listdir(self.folder))
        child = subprocess.Popen([TOOL, "merge", "--progress", "json", "-o", out, *parts],
                                 stderr=subprocess.PIPE)
        child.stderr.readline()
        child.send_signal(STOP)
        error = child.stderr.read().decode()
        child.stderr.close()
        code = child.wait(60)
        if code == 0:
            self.skipTest("the merge was done before the signal came")
        self.assertEqual(code, 128 + STOP)
        self.assertIn("interrupted", error)
        self.assertEqual(sorted(os.listdir(self.folder)), names)
