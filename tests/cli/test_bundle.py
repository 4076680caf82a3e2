"""bundle, and every command on files that are made of shards: a manifest, and one file with several inside."""

import json
import os
import random
import shutil

from support import WINDOWS, CliTest


def words(count, seed):
    rng = random.Random(seed)
    return sorted({b"".join(rng.choice([b"ba", b"co", b"di", b"fu", b"ge", b"hy"]) for _ in range(rng.randint(1, 7)))
                   for _ in range(count)})


class Shards(CliTest):
    """Three forms of the same dictionary: plain.kf, all.kfm (three files) and inside.kf."""

    def make(self, lines, *options):
        self.write("all.tsv", b"".join(lines))
        self.plain, self.manifest, self.inside = (self.path(name) for name in ("plain.kf", "all.kfm", "inside.kf"))
        self.run_tool("build", "-q", *options, "-o", self.plain, self.path("all.tsv"))
        self.run_tool("build", "-q", *options, "--shards", "4", "-o", self.inside, self.path("all.tsv"))
        self.parts = []
        cuts = [0, len(lines) // 5, len(lines) // 2, len(lines)]
        for number in range(3):
            source = self.write(f"part{number}.tsv", b"".join(lines[cuts[number]:cuts[number + 1]]))
            self.parts.append(self.path(f"part{number}.kf"))
            self.run_tool("build", "-q", *options, "-o", self.parts[-1], source)
        self.run_tool("bundle", "-q", "-o", self.manifest, *reversed(self.parts))

    def forms(self):
        return (self.manifest, self.inside)

    def same(self, *args, stdin=b"", expect=0):
        """FILE in the arguments is each of the forms in turn; all print the same."""
        wanted = self.run_tool(*[self.plain if arg == "FILE" else arg for arg in args], stdin=stdin, expect=expect)
        for form in self.forms():
            found = self.run_tool(*[form if arg == "FILE" else arg for arg in args], stdin=stdin, expect=expect)
            self.assertEqual(found.stdout, wanted.stdout, (form, args))
        return wanted.stdout


class Commands(Shards):
    def setUp(self):
        super().setUp()
        self.words = words(3000, 3)
        self.make([b"%s\tthe text of %s\n" % (word, word[::-1]) for word in self.words], "-m", "of=all")

    def test_they_are_made_of_shards(self):
        found = [json.loads(self.out("stat", "-j", path)) for path in (self.plain, self.manifest, self.inside)]
        self.assertEqual([(stat["shards"], stat["manifest"]) for stat in found],
                         [(0, False), (3, True), (4, False)])
        for stat in found:
            self.assertEqual(stat["keys"], len(self.words))
            self.assertEqual({entry["name"]: entry["content"] for entry in stat["metadata"]}["of"], "all")
        self.assertNotIn(b"shards", self.out("stat", self.plain))
        self.assertRegex(self.out("stat", self.manifest), rb"^shards +3, in the files that this manifest names\n")
        self.assertRegex(self.out("stat", self.inside), rb"^shards +4, inside the file\n")
        self.assertEqual(found[1]["file_size"],
                         sum(os.path.getsize(path) for path in [self.manifest, *self.parts]))

    def test_lookups(self):
        rng = random.Random(1)
        asked = b"\n".join(rng.sample(self.words, 500) + [b"absent", b"", b"zz", b"a"]) + b"\n"
        self.assertEqual(self.same("get", "--missing", "?", "FILE", stdin=asked, expect=1).count(b"\t?\n"), 4)
        self.same("get", "--ordinal", "FILE", stdin=asked, expect=1)
        self.same("get", "--json", "FILE", *[word.decode() for word in self.words[::97]])

    def test_scans(self):
        self.assertEqual(len(self.same("scan", "FILE").splitlines()), len(self.words))
        self.same("dump", "FILE")
        for word in self.words[::301]:
            prefix, to = word[:2].decode(), (word + b"~").decode()
            for more in ([], ["--count"], ["--reverse"], ["--limit", "3", "--ordinal"]):
                self.same("scan", *more, "--prefix", prefix, "FILE")
                self.same("scan", *more, "--from", prefix, "--to", to, "FILE")
        self.same("scan", "--prefix", "q", "FILE", expect=1)

    def test_queries(self):
        needles = [word[1:].decode() for word in self.words[5::401]]
        for needle in needles:
            self.same("fuzzy", "-k", "2", "FILE", needle, expect=None)
            self.same("nearest", "FILE", needle)
        self.assertGreater(len(self.same("match", "FILE", "(ba|co)+fu.*").splitlines()), 10)
        self.same("match", "--glob", "FILE", "*dige*")
        text = b" ".join(self.words[::7]) + b"\n" + b"".join(self.words[1::50]) + b"\n"
        self.assertGreater(len(self.same("find", "FILE", stdin=text).splitlines()), 100)

    def test_graph(self):
        self.assertIn(b"digraph", self.same("graph", "--prefix", "baba", "FILE"))
        for form in self.forms():
            self.assertIn("choose some with --prefix", self.err("graph", form, expect=3))

    def test_sets(self):
        other = self.path("other.kf")
        self.run_tool("build", "-q", "-o", other, "-", stdin=b"".join(b"%s\tx\n" % word for word in words(900, 8)))
        for command in ("union", "intersect", "subtract"):
            self.same(command, "FILE", other)
            self.same(command, other, "FILE")
        self.same("diff", "FILE", other, expect=None)
        for form in self.forms():
            self.assertEqual(self.out("diff", form, self.plain), b"")
            self.assertEqual(self.out("verify", form), b"%s: OK\n" % form.encode())

    def test_merge_makes_one_file(self):
        merged = self.path("merged.kf")
        for form in self.forms():
            report = json.loads(self.out("merge", "-j", "--shards", "1", "-o", merged, form))
            self.assertEqual((report["keys"], report["shards"]), (len(self.words), 1))
            with open(merged, "rb") as file, open(self.plain, "rb") as plain:
                self.assertEqual(file.read(), plain.read())
        # A file of shards may be replaced by one of none, and a manifest by what it names.
        if WINDOWS:
            return    # replaces nothing that is mapped: test_sets.py
        self.run_tool("merge", "-q", "-o", self.inside, self.inside)
        self.run_tool("merge", "-q", "-o", self.manifest, self.manifest)
        for form in self.forms():
            self.assertEqual(self.out("dump", form), self.out("dump", self.plain))
            self.assertEqual(json.loads(self.out("stat", "-j", form))["shards"], 0)

    def test_merge_of_parts(self):
        merged = self.path("merged.kf")
        self.run_tool("merge", "-q", "--shards", "3", "--threads", "2", "-o", merged, *self.parts)
        self.assertEqual(json.loads(self.out("stat", "-j", merged))["shards"], 3)
        self.assertEqual(self.out("dump", merged), self.out("dump", self.plain))

    def test_verify_finds_damage(self):
        for victim, form in ((self.parts[1], self.manifest), (self.inside, self.inside)):
            with open(victim, "r+b") as file:
                file.seek(os.path.getsize(victim) // 2)
                byte = file.read(1)
                file.seek(-1, os.SEEK_CUR)
                file.write(bytes([byte[0] ^ 64]))
            self.assertIn(form, self.err("verify", form, expect=3))


class Weights(Shards):
    def test_complete(self):
        rng = random.Random(4)
        keys = words(3000, 5)
        self.make([b"%s\t%d\n" % (word, rng.randrange(1 << 20)) for word in keys], "-v", "u64", "-w", "value")
        for prefix in ("", "ba", "cofu", "hyge"):
            self.same("complete", "--limit", "20", "FILE", prefix)
        self.same("complete", "FILE", "q", expect=1)
        column = [b"%s\tv%d\t%d\n" % (word, number, rng.randrange(999)) for number, word in enumerate(keys)]
        self.make(column, "-w", "column")
        for prefix in ("", "di", "gege"):
            self.same("complete", "--limit", "20", "FILE", prefix)
        self.same("dump", "FILE")


class Building(Shards):
    def test_the_same_bytes_with_any_threads(self):
        lines = [b"%s\t%d\n" % (word, len(word)) for word in words(5000, 6)]
        random.Random(7).shuffle(lines)
        source = self.write("x.tsv", b"".join(lines))
        seen = set()
        for threads in ("1", "2", "7"):
            self.run_tool("build", "-q", "--shards", "5", "--threads", threads, "-o", self.kf, source)
            with open(self.kf, "rb") as file:
                seen.add(file.read())
        self.assertEqual(len(seen), 1)

    def test_report(self):
        done = self.run_tool("build", "-j", "--shards", "3", "-o", self.kf, "-", stdin=b"a\nb\nc\nd\n")
        self.assertEqual(json.loads(done.stdout)["shards"], 3)
        self.assertIn("in 3 shards", self.build(b"a\nb\nc\nd\n", "--shards", "3"))
        self.assertNotIn("shards", self.build(b"a\nb\nc\nd\n"))

    def test_duplicates_across_shards(self):
        lines = [b"%s\t1\n" % word for word in words(400, 9)] * 3
        random.Random(1).shuffle(lines)
        self.assertIn("see --duplicates", self.build(b"".join(lines), "-v", "u64", "--shards", "6", expect=3))
        self.assert_nothing_built()
        self.build(b"".join(lines), "-v", "u64", "--shards", "6", "-d", "sum")
        self.assertEqual({value for _, value in self.pairs()}, {b"3"})

    def test_limits(self):
        for option, limit in (("--threads", 256), ("--shards", 64)):
            self.assertIn(f"at most {limit}", self.build(b"a\n", option, str(limit + 1), expect=2))
            self.assertIn(f"at most {limit}", self.err("merge", option, str(limit + 1), "-o", self.kf, "x", expect=2))
            self.build(b"a\n", option, str(limit))


class Bundles(CliTest):
    def part(self, name, lines, *options):
        self.run_tool("build", "-q", *options, "-o", self.path(name), "-", stdin=lines)
        return self.path(name)

    def setUp(self):
        super().setUp()
        self.a, self.b = self.part("a.kf", b"apple\t1\nfig\t2\n"), self.part("b.kf", b"kiwi\t3\nplum\t4\n")
        self.kfm = self.path("all.kfm")

    def bundle(self, *args, expect=0):
        return self.err("bundle", "-o", self.kfm, *args, expect=expect)

    def refused(self, *args):
        """The message of a bundle that can't be; nothing is written."""
        before = sorted(os.listdir(self.folder))
        message = self.bundle(*args, expect=3)
        self.assertEqual(sorted(os.listdir(self.folder)), before)
        self.assertEqual(message.count("\n"), 1)
        return message

    def test_reports(self):
        self.assertRegex(self.bundle(self.b, self.a), r"^keyfold: .*all.kfm: 4 keys in 2 shards, ")
        self.assertEqual(self.bundle("-q", self.b, self.a), "")
        done = self.run_tool("bundle", "--json", "-o", self.kfm, self.a, self.part("none.kf", b"", "-f", "tsv"), self.b)
        report = json.loads(done.stdout)
        self.assertEqual(done.stderr, b"")
        self.assertEqual(report, {"file": self.kfm, "values": "bytes", "keys": 4, "members": 3, "shards": 2,
                                  "file_size": sum(os.path.getsize(p) for p in (self.kfm, self.a, self.b))})

    def test_members_that_do_not_fit(self):
        between = self.part("between.kf", b"lime\t5\n")
        message = self.refused(self.a, self.b, between)
        self.assertIn("overlap", message)
        self.assertIn("lime", message)
        self.assertIn("overlap", self.refused(self.a, self.a))
        self.assertIn("another type", self.refused(self.a, self.part("u.kf", b"z\t5\n", "-v", "u64")))
        self.assertIn("weights", self.refused(self.a, self.part("w.kf", b"z\tv\t5\n", "-w", "column")))
        self.assertIn(self.path("absent.kf"), self.refused(self.a, self.path("absent.kf")))
        self.assertIn("no.kf", self.refused(self.a, self.write("no.kf", b"this is none")))
        self.refused(self.part("none.kf", b"", "-f", "tsv"))
        self.bundle(self.a, self.b)
        self.out("bundle", "-o", self.path("x.kfm"), self.kfm)       # its members
        self.assertEqual(self.out("get", self.path("x.kfm"), "fig"), b"fig\t2\n")
        self.assertIn("member of itself", self.err("bundle", "-o", self.a, self.a, self.b, expect=3))
        self.assertEqual(self.out("get", self.a, "fig"), b"fig\t2\n")

    def test_usage(self):
        self.assertIn("-o FILE", self.err("bundle", self.a, expect=2))
        self.assertIn("FILE", self.bundle(expect=2))
        self.assertIn("same, common, none", self.bundle("-m", "all", self.a, expect=2))
        self.err("bundle", "-o", self.folder, self.a, expect=2)
        self.err("bundle", "-o", self.path("no/x.kfm"), self.a, expect=3)

    def test_members_that_change(self):
        self.bundle(self.a, self.b)
        self.assertEqual(self.out("get", self.kfm, "plum"), b"plum\t4\n")
        os.rename(self.b, self.path("away.kf"))
        self.assertIn("b.kf", self.err("get", self.kfm, "plum", expect=3))
        self.part("b.kf", b"kiwi\t3\nplum\t9\n")
        self.assertIn("b.kf", self.err("get", self.kfm, "plum", expect=3))
        for command in ("stat", "verify", "dump"):
            self.assertIn("b.kf", self.err(command, self.kfm, expect=3))
        self.bundle(self.a, self.b)
        self.assertEqual(self.out("get", self.kfm, "plum"), b"plum\t9\n")
        os.replace(self.path("away.kf"), self.b)
        self.err("get", self.kfm, "plum", expect=3)

    def test_only_what_is_needed_is_opened(self):
        """A file that is gone fails what needs it, with its name; what reads everything fails before it prints."""
        self.bundle(self.a, self.b)
        os.unlink(self.b)
        self.assertEqual(self.out("get", self.kfm, "fig"), b"fig\t2\n")
        self.assertEqual(self.out("scan", "--prefix", "a", self.kfm), b"apple\t1\n")
        self.assertEqual(self.out("scan", "--to", "fig", self.kfm), b"apple\t1\n")
        for needing in (["get", self.kfm, "kiwi"], ["get", "--ordinal", self.kfm, "kiwi"], ["get", self.kfm, "lime"],
                        ["scan", "--from", "kiwi", self.kfm], ["scan", "--prefix", "pl", self.kfm],
                        ["scan", self.kfm], ["complete", self.kfm, "a"], ["match", self.kfm, "apple"]):
            done = self.run_tool(*needing, expect=3)
            self.assertEqual(done.stdout, b"", needing)
            self.assertIn(b"b.kf", done.stderr, needing)
            self.assertEqual(done.stderr.count(b"\n"), 1, needing)
        done = self.run_tool("scan", "--from", "fig", self.kfm, expect=3)
        self.assertEqual(done.stdout, b"fig\t2\n")
        self.assertIn(b"b.kf", done.stderr)

    def test_moving(self):
        os.makedirs(self.path("x/deep"))
        shutil.move(self.a, self.path("x/a.kf"))
        shutil.move(self.b, self.path("x/deep/b.kf"))
        members = [self.path("x/a.kf"), self.path("x/deep/b.kf")]
        self.run_tool("bundle", "-o", self.path("x/together.kfm"), *members)
        self.run_tool("bundle", "--absolute", "-o", self.path("x/apart.kfm"), *members)
        # From another folder, by a relative path.
        found = self.out("dump", "together.kfm", cwd=self.path("x"))
        self.assertEqual(found, b"apple\t1\nfig\t2\nkiwi\t3\nplum\t4\n")
        os.rename(self.path("x/apart.kfm"), self.path("elsewhere.kfm"))
        self.assertEqual(self.out("dump", self.path("elsewhere.kfm")), found)
        os.rename(self.path("x"), self.path("y"))
        self.assertEqual(self.out("dump", self.path("y/together.kfm")), found)
        self.err("dump", self.path("elsewhere.kfm"), expect=3)

    def test_metadata(self):
        c = self.part("c.kf", b"v\t1\n", "-m", "place=here", "-m", "day=1")
        d = self.part("d.kf", b"w\t1\n", "-m", "place=here", "-m", "day=2")
        self.assertIn("'day'", self.refused(c, d))
        for mode, wanted in (("common", {"place": "here"}), ("none", {})):
            self.bundle("--metadata", mode, c, d)
            stat = json.loads(self.out("stat", "-j", self.kfm))
            found = {entry["name"]: entry["content"] for entry in stat["metadata"]
                     if not entry["name"].startswith("keyfold.")}
            self.assertEqual(found, wanted)

    def test_a_bundle_of_shards(self):
        self.part("c.kf", b"".join(b"z%03d\tv\n" % n for n in range(100)), "--shards", "3")
        self.assertIn("in 5 shards", self.bundle(self.path("c.kf"), self.b, self.a))
        self.assertEqual(self.out("get", "--ordinal", self.kfm, "z099"), b"z099\t103\n")
