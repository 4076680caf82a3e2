"""fuzzy, nearest, match: against models in Python, as streams, on several threads, with bad input."""

import collections
import errno
import fnmatch
import functools
import json
import os
import pty
import random
import re
import signal
import subprocess

from support import TOOL, WINDOWS, CliTest, escape, on_posix, unescape

METRICS = ("levenshtein", "osa", "indel")


def units(data, unit):
    """A key or needle as the sequence of what is compared."""
    return data if unit == "bytes" else data.decode("utf-8", "surrogateescape")


@functools.lru_cache(maxsize=None)
def last_row(needle, text, metric):
    """[distance of needle and text[:i] for each i], by plain dynamic programming."""
    change = 2 if metric == "indel" else 1
    before, above = None, list(range(len(needle) + 1))
    last = [len(needle)]
    for i, unit in enumerate(text):
        row = [i + 1]
        for j, other in enumerate(needle):
            best = above[j] if unit == other else min(above[j] + change, above[j + 1] + 1, row[j] + 1)
            if metric == "osa" and i and j and unit == needle[j - 1] and text[i - 1] == other:
                best = min(best, before[j - 1] + 1)
            row.append(best)
        before, above = above, row
        last.append(row[-1])
    return last


def similarity(needle, text, metric):
    if metric == "jaro-winkler":
        return jaro_winkler(needle, text)
    longest = len(needle) + len(text) if metric == "indel" else max(len(needle), len(text))
    return 1 - last_row(needle, text, metric)[-1] / longest if longest else 1.0


def jaro_winkler(a, b):
    if not a and not b:
        return 1.0
    window = max(max(len(a), len(b)) // 2 - 1, 0)
    taken, ours = set(), []
    for i, unit in enumerate(a):
        for j in range(max(0, i - window), min(len(b), i + window + 1)):
            if j not in taken and b[j] == unit:
                taken.add(j)
                ours.append(unit)
                break
    if not ours:
        return 0.0
    theirs = [b[j] for j in sorted(taken)]
    crossed = sum(x != y for x, y in zip(ours, theirs)) // 2
    m = len(ours)
    jaro = (m / len(a) + m / len(b) + (m - crossed) / m) / 3
    common = len(os.path.commonprefix([a[:4], b[:4]]))
    return jaro + common * 0.1 * (1 - jaro)


def random_key(rng):
    letters = ["a", "b", "c", "é", "ж", "日", "𝄞"]
    key = "".join(rng.choice(letters[:rng.choice((2, 3, 7))]) for _ in range(rng.randrange(9))).encode()
    if rng.random() < 0.08:   # not UTF-8 any more, or UTF-8 cut in the middle
        at = rng.randrange(len(key) + 1)
        key = key[:at] + rng.choice((b"\xff", b"\xc3", b"\xe6\x97", b"\x80")) + key[at:]
    if rng.random() < 0.05:
        key += rng.choice((b"\t", b"\n", b"\\", b"\0"))
    return key


class Queries(CliTest):
    @classmethod
    def setUpClass(cls):
        rng = random.Random(20)
        cls.keys = sorted({random_key(rng) for _ in range(400)})
        cls.numbers = {key: rng.randrange(1000) for key in cls.keys}
        cls.texts = {key: rng.choice((b"red", b"green", b"blue", b"")) + b"%d" % rng.randrange(30)
                     for key in cls.keys}
        needles = {random_key(rng) for _ in range(40)}
        cls.needles = sorted(n for n in needles if n.decode("utf-8", "replace").encode() == n)
        cls.any_needles = sorted(needles)

    def build_numbers(self):
        self.build(b"".join(escape(k) + b"\t%d\n" % v for k, v in self.numbers.items()), "-f", "tsv", "-v", "u64")

    def build_texts(self):
        self.build(b"".join(escape(k) + b"\t" + v + b"\n" for k, v in self.texts.items()), "-f", "tsv")

    def stream(self, needles):
        return b"".join(escape(needle) + b"\n" for needle in needles)

    def rows(self, output):
        lines = output.split(b"\n")
        self.assertEqual(lines.pop(), b"")
        return [tuple(unescape(part) for part in line.split(b"\t")) for line in lines]

    def assert_same(self, found, expected, what=None):
        """assertEqual without the differences of all of two long lists, which take minutes."""
        if found != expected:
            at = next((i for i, (a, b) in enumerate(zip(found, expected)) if a != b), min(len(found), len(expected)))
            self.fail(f"{what}: item {at} is {found[at:at + 1]}, not {expected[at:at + 1]}; "
                      f"{len(found)} items, not {len(expected)}")

    def model(self, needles, k, metric, unit, exact=0, prefix=False):
        """[(needle, key, distance)] in the order of the tool."""
        found = []
        for needle in needles:
            shape = units(needle, unit)
            agree = shape[:exact]
            for key in self.keys:
                text = units(key, unit)
                if text[:len(agree)] != agree:
                    continue
                if not prefix and abs(len(text) - len(shape)) > k:
                    continue
                row = last_row(shape[len(agree):], text[len(agree):], metric)
                distance = min(row) if prefix else row[-1]
                if distance <= k:
                    found.append((needle, key, distance))
        return found


class Fuzzy(Queries):
    def check(self, needles, k, metric="levenshtein", unit="characters", exact=0, prefix=False, options=()):
        expected = self.model(needles, k, metric, unit, exact, prefix)
        options = ["-k", str(k), "-m", metric, *(["--bytes"] if unit == "bytes" else []),
                   *(["-x", str(exact)] if exact else []), *(["--prefix"] if prefix else []), *options]
        found = self.rows(self.out("fuzzy", *options, self.kf, stdin=self.stream(needles),
                                   expect=0 if expected else 1))
        self.assert_same(found, [(n, key, b"%d" % d, b"%d" % self.numbers[key]) for n, key, d in expected], options)
        return len(expected)

    def test_against_a_model(self):
        self.build_numbers()
        hits = 0
        for metric in METRICS:
            for k in (0, 1, 2, 3):
                hits += self.check(self.needles, k, metric)
            hits += self.check(self.any_needles, 2, metric, "bytes")
            hits += self.check(self.needles, 2, metric, exact=2)
            hits += self.check(self.needles, 1, metric, prefix=True)
            hits += self.check(self.any_needles, 1, metric, "bytes", exact=1, prefix=True)
        hits += self.check(self.needles[:10], 8)
        self.assertGreater(hits, 3000)

    def test_arguments_and_the_needle_column(self):
        self.build(b"house\t1\nhorse\t2\nmouse\t3\n", "-v", "u64")
        bare = b"horse\t1\t2\nhouse\t0\t1\nmouse\t1\t3\n"
        shown = b"".join(b"house\t" + line + b"\n" for line in bare.splitlines())
        self.assertEqual(self.out("fuzzy", self.kf, "house"), bare)
        self.assertEqual(self.out("fuzzy", "--with-needle", self.kf, "house"), shown)
        self.assertEqual(self.out("fuzzy", self.kf, stdin=b"house\n"), shown)
        self.assertEqual(self.out("fuzzy", self.kf, stdin=b"house"), shown)
        self.assertEqual(self.out("fuzzy", "--no-needle", self.kf, stdin=b"house\r\n"), bare)
        self.assertEqual(self.out("fuzzy", "--keys-only", self.kf, "house"), b"horse\nhouse\nmouse\n")
        self.assertEqual(self.out("fuzzy", "--no-values", "-k0", self.kf, "house"), b"house\t0\n")
        self.assertEqual(self.out("fuzzy", "--ordinal", "-k0", self.kf, "house"), b"house\t0\t1\n")
        self.assertEqual(self.out("fuzzy", self.kf, "house", "zzz", "mouse", "-k0"), b"house\t0\t1\nmouse\t0\t3\n")
        self.assertEqual(self.out("fuzzy", self.kf, "zzz", expect=1), b"")
        self.assertEqual(self.out("fuzzy", self.kf, stdin=b"", expect=1), b"")

    def test_input_escapes_and_nul(self):
        self.build(b"a\\tb\nab\n", "-f", "lines")
        path = self.write("needles", b"a\\tb\nac\n")
        self.assertEqual(self.out("fuzzy", "-k0", "-i", path, self.kf), b"a\\tb\ta\\tb\t0\n")
        self.assertEqual(self.out("fuzzy", "-k0", "-0", self.kf, stdin=b"a\tb\0"), b"a\\tb\ta\\tb\t0\n")
        self.assertEqual(self.out("fuzzy", "-k0", "-r", self.kf, stdin=b"a\tb\n"), b"a\tb\ta\tb\t0\n")
        self.assertEqual(self.out("fuzzy", "-k0", "-e", self.kf, "a\\tb"), b"a\\tb\t0\n")
        self.assertEqual(self.out("fuzzy", "-k0", self.kf, "a\tb"), b"a\\tb\t0\n")

    def test_order_limit_and_count(self):
        self.build_numbers()
        by_needle = collections.defaultdict(list)
        for needle, key, distance in self.model(self.needles, 2, "levenshtein", "characters"):
            by_needle[needle].append((distance, -self.numbers[key], key))   # u64 values are weights
        data = self.stream(self.needles)
        for limit in (None, 0, 1, 5):
            options = ["-k2"] + (["--limit", str(limit)] if limit is not None else [])
            in_order = [(n, key, b"%d" % d) for n in self.needles for d, _, key in by_needle[n][:limit]]
            nearest = [(n, key, b"%d" % d) for n in self.needles for d, _, key in sorted(by_needle[n])[:limit]]
            counts = [(n, b"%d" % len(by_needle[n][:limit])) for n in self.needles]
            for order, expected in ((["-o", "key"], in_order), (["-o", "distance"], nearest),
                                    (["--count"], counts)):
                found = self.out("fuzzy", "--no-values", *options, *order, self.kf, stdin=data,
                                 expect=0 if in_order else 1)
                self.assert_same(self.rows(found), expected, order)
        self.assertEqual(self.out("fuzzy", "-k0", "-cj", self.kf, "no such key", expect=1), b'{"count":0}\n')

    def test_ranges_and_values(self):
        self.build_numbers()
        whole = self.model(self.needles, 2, "levenshtein", "characters")
        data = self.stream(self.needles)
        for options, keep in (
                (["--from", "b"], lambda key: key >= b"b"), (["--to", "b"], lambda key: key < b"b"),
                (["--prefix-range", "ab"], lambda key: key.startswith(b"ab")),
                (["-e", "-p", "\\xc3"], lambda key: key.startswith(b"\xc3")),
                (["-f", "ab", "-t", "c", "-p", "b"], lambda key: key.startswith(b"b")),
                (["--value-min", "300"], lambda key: self.numbers[key] >= 300),
                (["--value-max", "300"], lambda key: self.numbers[key] <= 300),
                (["--value-min", "300", "--value-max", "600", "--from", "b"],
                 lambda key: 300 <= self.numbers[key] <= 600 and key >= b"b")):
            expected = [(n, key, b"%d" % d) for n, key, d in whole if keep(key)]
            self.assertTrue(0 < len(expected) < len(whole))
            for threads in "14":
                found = self.out("fuzzy", "-k2", "--no-values", "-T", threads, *options, self.kf, stdin=data)
                self.assert_same(self.rows(found), expected, options)

    def test_value_regex(self):
        self.build_texts()
        whole = self.model(self.needles, 2, "levenshtein", "characters")
        for pattern in ("red.*", "(green|blue)1\\d?", ".*[02468]"):
            expected = [(n, key, b"%d" % d, self.texts[key]) for n, key, d in whole
                        if re.fullmatch(pattern.encode(), self.texts[key])]
            self.assertTrue(expected)
            found = self.out("fuzzy", "-k2", "--value-regex", pattern, self.kf, stdin=self.stream(self.needles))
            self.assert_same(self.rows(found), expected, pattern)
        found = self.out("fuzzy", "-k9", "-o", "distance", "-l3", "--value-regex", "blue.*", self.kf, "abc")
        best = sorted((d, key) for _, key, d in self.model([b"abc"], 9, "levenshtein", "characters")
                      if self.texts[key].startswith(b"blue"))[:3]
        self.assertEqual(self.rows(found), [(key, b"%d" % d, self.texts[key]) for d, key in best])

    def test_json(self):
        self.build_texts()
        found = [json.loads(line) for line in
                 self.out("fuzzy", "-jk1", self.kf, stdin=self.stream(self.needles)).splitlines()]
        expected = []
        for needle, key, distance in self.model(self.needles, 1, "levenshtein", "characters"):
            hit = {"needle": needle.decode(), "ordinal": self.keys.index(key), "distance": distance,
                   "value": self.texts[key].decode()}
            try:
                hit["key"] = key.decode()
            except UnicodeDecodeError:
                hit["key_hex"] = key.hex()
            expected.append(hit)
        self.assert_same(found, expected)
        self.assertTrue(any("key_hex" in hit for hit in found))
        only = json.loads(self.out("fuzzy", "-jk0", "--keys-only", self.kf, "a"))
        self.assertEqual(only, {"key": "a"})

    def test_errors(self):
        self.build(b"abc\t1\n", "-v", "u64")
        for args, message in (
                (["-k", "255"], "--distance is at most 254"), (["-k", "99999999999"], "at most 254"),
                (["-k", "-1"], "needs a number"), (["-m", "jaro-winkler"], "levenshtein, osa, indel"),
                (["-T", "100000"], "--threads is at most"), (["-w", "-W"], "either"),
                (["-i", "x"], "--input is about"), (["-0"], "--null is about"), (["-e", "a\\q"], "invalid escape"),
                (["--value-regex", "a"], "has none"), (["-e", "--from", "\\q"], "invalid escape")):
            error = self.err("fuzzy", self.kf, "abc", *args, expect=2)
            self.assertIn(message, error, args)
        self.assertIn("FILE", self.err("fuzzy", expect=2))
        self.build(b"abc\tred\n")
        self.assertIn("has none", self.err("fuzzy", "--value-min", "1", self.kf, "abc", expect=2))
        self.assertIn("pattern '(': ", self.err("fuzzy", "--value-regex", "(", self.kf, "abc", expect=2))
        self.assertIn("absent", self.err("fuzzy", self.path("absent"), "abc", expect=3))
        self.assertIn("nofile", self.err("fuzzy", self.kf, "-i", self.path("nofile"), expect=3))
        if not WINDOWS:   # where arguments are text
            for unit, expect in (([], 2), (["--bytes"], 0)):
                self.run_tool("fuzzy", *unit, self.kf, b"abc\xff", expect=expect)
            self.assertIn("needle 'abc\\xff'", self.err("fuzzy", self.kf, b"abc\xff", expect=2))
        # What comes before a needle that fails is answered, whatever the threads.
        for threads in "14":
            for bad in (b"\xff", b"\\q", b"a" * (2 << 20)):
                lines = [b"abc"] * 100 + [bad] + [b"abc"] * 100
                done = self.run_tool("fuzzy", "-T", threads, self.kf, stdin=b"\n".join(lines), expect=3)
                self.assertEqual(done.stdout, b"abc\tabc\t0\tred\n" * 100)
                self.assertIn(b"<stdin>:101: ", done.stderr)
                self.assertEqual(done.stderr.count(b"\n"), 1)
        self.assertEqual(self.out("fuzzy", "-k", "254", self.kf, "abd"), b"abc\t1\tred\n")


class Threads(Queries):
    """Any number of threads prints the same, however large the results and however they are read."""

    def test_same_output(self):
        self.build_numbers()
        rng = random.Random(4)
        data = self.stream([rng.choice(self.needles) for _ in range(1500)])
        for options in (["-k1"], ["-k2", "-o", "distance", "-l3"], ["-k1", "-j"], ["-k1", "-c"]):
            one = self.out("fuzzy", "-T1", *options, self.kf, stdin=data)
            for threads in ("-T2", "-T4", "-T32"):
                self.assertTrue(one == self.out("fuzzy", threads, *options, self.kf, stdin=data))
            self.assertTrue(one == self.out("fuzzy", *options, self.kf, stdin=data))

    def test_large_results(self):
        """Every needle hits everything: batches of several MB, which wait for their turn."""
        value = b"v" * 3000
        self.build(b"".join(b"%03d\t%s\n" % (n, value) for n in range(300)))
        needles = [b"%03d" % n for n in range(0, 90)]
        found = self.out("fuzzy", "-k3", "-T4", self.kf, stdin=b"\n".join(needles))
        lines = found.split(b"\n")
        self.assertEqual(len(lines), 90 * 300 + 1)
        self.assertEqual([line.split(b"\t", 2)[:2] for line in lines[:-1]],
                         [[needle, b"%03d" % n] for needle in needles for n in range(300)])
        self.assertTrue(all(line.endswith(b"\t" + value) for line in lines[:-1]))

    def test_conversation(self):
        self.build(b"abc\n")
        for command in (["fuzzy", "-T1"], ["fuzzy", "-T4"], ["nearest", "-k1", "-T4"]):
            self.converse([*command, self.kf],
                          ((b"abd\n", b"abd\tabc\t1\n"), (b"abc\n\nabe\n", b"abc\tabc\t0\nabe\tabc\t1\n")))

    def test_output_that_fails(self):
        self.build(b"".join(b"key%06d\tvalue value value\n" % n for n in range(20000)))
        needles = b"key000001\n" * 100
        for args in (["fuzzy", "-k8", "-T1"], ["fuzzy", "-k8", "-T4"], ["nearest", "-n20000", "-T4"]):
            with open("/dev/full", "wb") as full:
                done = subprocess.run([TOOL, *args, self.kf], input=needles, stdout=full, stderr=subprocess.PIPE,
                                      timeout=120)
            self.assertEqual(done.returncode, 3)
            self.assertEqual(done.stderr.count(b"\n"), 1)
            self.assertIn(b"standard output", done.stderr)
            self.closed_pipe(args + [self.kf], needles)
        self.closed_pipe(["match", self.kf, ".*"], b"")

    def closed_pipe(self, args, needles):
        path = self.write("needles", needles)
        ended = 128 + signal.SIGPIPE
        for restore, code in ((True, ended if WINDOWS else -signal.SIGPIPE), (False, ended)):
            with open(path, "rb") as stdin:
                child = subprocess.Popen([TOOL, *args], stdin=stdin, stdout=subprocess.PIPE, stderr=subprocess.PIPE,
                                         restore_signals=restore)
            child.stdout.read(10)
            child.stdout.close()
            error = child.stderr.read()
            child.stderr.close()
            self.assertEqual(child.wait(120), code)
            self.assertEqual(error, b"")


class Nearest(Queries):
    def check(self, needles, count, metric, unit="characters", by="distance", keep=lambda key: True, options=()):
        hits = self.rows(self.out("nearest", "-n", str(count), "-m", metric, "--by", by, "--no-values", *options,
                                  *(["--bytes"] if unit == "bytes" else []), self.kf, stdin=self.stream(needles)))
        found = collections.defaultdict(list)
        for needle, key, score in hits:
            found[needle].append((key, float(score)))
        self.assertEqual([n for n, _, _ in hits], sorted((n for n, _, _ in hits), key=needles.index))
        for needle in needles:
            shape = units(needle, unit)
            if by == "distance":
                ranked = [(last_row(shape, units(key, unit), metric)[-1], key) for key in self.keys if keep(key)]
                expected = [(key, score) for score, key in sorted(ranked)[:count]]
            else:
                ranked = [(-round(similarity(shape, units(key, unit), metric), 9), key)
                          for key in self.keys if keep(key)]
                expected = [(key, -score) for score, key in sorted(ranked)[:count]]
            self.assertEqual([key for key, _ in found[needle]], [key for key, _ in expected], (needle, metric, by))
            for (_, one), (_, two) in zip(found[needle], expected):
                self.assertAlmostEqual(one, two, places=6)

    def test_by_distance(self):
        self.build_numbers()
        for metric in METRICS:
            self.check(self.needles[:25], 5, metric)
            self.check(self.any_needles[:15], 1, metric, "bytes")

    def test_by_similarity(self):
        self.build_numbers()
        for metric in (*METRICS, "jaro-winkler"):
            self.check(self.needles[:20], 4, metric, by="similarity")
            self.check(self.any_needles[:12], 2, metric, "bytes", by="similarity")

    def test_keys_in_blocks(self):
        self.build_numbers()
        needles, answers = self.stream(self.needles[:20]), []
        options = [["-m", metric, "-B", by] for metric in METRICS for by in ("distance", "similarity")]
        self.assertEqual(json.loads(self.out("stat", "--json", self.kf))["similarity_bytes"], 0)
        for _ in range(2):
            answers.append([self.out("nearest", "-n3", *some, self.kf, stdin=needles) for some in options])
            self.build(b"".join(escape(k) + b"\t%d\n" % v for k, v in self.numbers.items()), "-f", "tsv", "-v", "u64",
                       "--similarity")
        self.assertEqual(*answers)
        self.assertGreater(json.loads(self.out("stat", "--json", self.kf))["similarity_bytes"], len(self.keys))
        self.assertIn(b"similarity", self.out("stat", self.kf))
        self.out("verify", self.kf)

    def test_only_some_keys(self):
        self.build_numbers()
        some = self.needles[:15]
        self.check(some, 3, "levenshtein", keep=lambda key: key >= b"b", options=["--from", "b"])
        self.check(some, 3, "osa", keep=lambda key: key < b"b", options=["--to", "b"])
        self.check(some, 3, "indel", keep=lambda key: key.startswith(b"ab"), options=["-p", "ab"])
        self.check(some, 3, "levenshtein", keep=lambda key: self.numbers[key] > 500, options=["--value-min", "501"])
        self.check(some, 3, "levenshtein", by="similarity", keep=lambda key: self.numbers[key] <= 500,
                   options=["--value-max", "500"])

    def test_bounds(self):
        self.build(b"house\t1\nhorse\t2\nmouse\t3\nmoose\t4\n", "-v", "u64")
        self.assertEqual(self.out("nearest", self.kf, "house"), b"house\t0\t1\n")
        self.assertEqual(self.out("nearest", "-n9", "-k1", self.kf, "house"),
                         b"house\t0\t1\nhorse\t1\t2\nmouse\t1\t3\n")
        self.assertEqual(self.out("nearest", "-n9", "--cutoff", "0.7", self.kf, "house"),
                         b"house\t1\t1\nhorse\t0.8\t2\nmouse\t0.8\t3\n")
        self.assertEqual(self.out("nearest", "-k1", self.kf, "xxxxxxxxx", "house", "--keys-only"), b"house\n")
        self.assertEqual(self.out("nearest", "--cutoff", "0.99", self.kf, "hous", expect=1), b"")
        self.assertEqual(self.out("nearest", "-c", "-n3", self.kf, stdin=b"house\n"), b"house\t3\n")
        hits = [json.loads(line) for line in self.out("nearest", "-jn2", "-B", "similarity", self.kf, "house",
                                                      "-w").splitlines()]
        self.assertEqual(hits, [
            {"needle": "house", "key": "house", "ordinal": 1, "value": 1, "distance": 0, "similarity": 1},
            {"needle": "house", "key": "horse", "ordinal": 0, "value": 2, "distance": 1, "similarity": 0.8}])
        hit = json.loads(self.out("nearest", "-j", "-m", "jaro-winkler", self.kf, "moose"))
        self.assertEqual(hit, {"key": "moose", "ordinal": 2, "value": 4, "similarity": 1})

    def test_work(self):
        self.build_numbers()
        for threads in "14":
            done = self.run_tool("nearest", "--work", "3", "-j", "-n5", "-T", threads, self.kf, expect=None,
                                 stdin=self.stream(self.needles))
            self.assertIn(done.returncode, (0, 1))
            notes = done.stderr.decode().splitlines()
            self.assertEqual(len(notes), len(self.needles))
            self.assertIn("the work limit ended the search", notes[0])
            for line in done.stdout.splitlines():
                self.assertIs(json.loads(line)["incomplete"], True)
        done = self.run_tool("nearest", "--work", "100000000", "-j", self.kf, "abc")
        self.assertEqual(done.stderr, b"")
        self.assertNotIn("incomplete", json.loads(done.stdout))

    def test_errors(self):
        self.build(b"abc\n")
        for args, message in (
                (["-n0"], "--number is at least 1"), (["-k", "255"], "at most 254"), (["-C", "2"], "0 to 1"),
                (["-C", "x"], "0 to 1"), (["-C", ""], "0 to 1"), (["-C", "nan"], "0 to 1"),
                (["-C", "0.5", "--by", "distance"], "--by similarity"),
                (["-m", "jaro-winkler", "--by", "distance"], "jaro-winkler"), (["-m", "hamming"], "levenshtein")):
            self.assertIn(message, self.err("nearest", *args, self.kf, "abc", expect=2), args)
        if not WINDOWS:
            self.assertIn("needle 'abc\\xff'", self.err("nearest", self.kf, b"abc\xff", expect=2))
        self.assertEqual(self.out("nearest", "-n18446744073709551615", self.kf, "abc"), b"abc\t0\n")


class Match(Queries):
    def setUp(self):
        super().setUp()
        self.keys = [key for key in self.keys if key.decode("utf-8", "ignore").encode() == key]
        self.build(b"".join(escape(k) + b"\t%d\n" % self.numbers[k] for k in self.keys), "-f", "tsv", "-v", "u64")

    def check(self, keep, *args, keys=None):
        expected = [key for key in (self.keys if keys is None else keys) if keep(key)]
        found = self.rows(self.out("match", *args, self.kf, expect=0 if expected else 1))
        self.assert_same(found, [(key, b"%d" % self.numbers[key]) for key in expected], args)
        self.assertEqual(self.out("match", "-c", *args, self.kf, expect=0 if expected else 1),
                         b"%d\n" % len(expected))
        return len(expected)

    # The file must come before the patterns, so patterns go last: match [options] FILE PATTERN...
    def out(self, command, *args, **more):
        if command == "match" and args[-1] == self.kf:
            options = [arg for arg in args[:-1] if not isinstance(arg, tuple)]
            patterns = [pattern for arg in args if isinstance(arg, tuple) for pattern in arg]
            args = [*options, self.kf, "--", *patterns]
        return super().out(command, *args, **more)

    def test_regex(self):
        hits = 0
        for pattern in ("a.*", ".*b", "(a|b)c?.*", "[^ab]+", "[a-c]{2,4}", "(ab)*", "a*b*c*", ".{3}", "é+.*",
                        "[ж日]*", "\\w+", "(?:a|é)(b|c){1,3}", "", ".*\\wb",
                        "a?b?c?d?", "((a|b)(c|é))+", "\\x61.*", "(a.)*(b.)*"):
            compiled = re.compile(pattern)
            hits += self.check(lambda key, c=compiled: c.fullmatch(key.decode()), (pattern,))
            self.check(lambda key, c=compiled: not c.fullmatch(key.decode()), "--not", (pattern,))
        self.assertGreater(hits, 500)
        self.check(lambda key: re.fullmatch(b"a.\xa9?.*", key, re.S), "--bytes", ("(a[\\x00-\\xff])\\xa9?(.|\\n)*",))

    def test_glob(self):
        for pattern in ("a*", "*b", "a?c*", "[ab]*", "[!ab]*", "*é*", "??", "*", "a*b*c", "[a-b][b-c]*"):
            self.check(lambda key, p=pattern: fnmatch.fnmatchcase(key.decode(), p), "--glob", (pattern,))
        self.check(lambda key: key[:1] in (b"a", b"b") and len(key.decode()) == 2, "-g", ("{a,b}?", "b?"))

    def test_subsequence(self):
        for letters in ("abc", "cba", "aé", "", "bbb", "日"):
            pattern = re.compile(".*" + ".*".join(map(re.escape, letters)) + ".*", re.S)
            self.check(lambda key, p=pattern: p.fullmatch(key.decode()), "-s", (letters,))

    def test_ignore_case(self):
        self.build("Straße\t1\nSTRASSE\t1\nÉté\t1\nété\t1\nABC\t1\nabc\t1\n".encode(), "-v", "u64")
        for args, found in ((["-ik", self.kf, "été"], "Été\nété\n"), (["-ik", self.kf, "ABC"], "ABC\nabc\n"),
                            (["-k", self.kf, "abc"], "abc\n"), (["-ikg", self.kf, "stra?e"], "Straße\n"),
                            (["-ikb", self.kf, "aBc"], "ABC\nabc\n"), (["-iks", self.kf, "BC"], "ABC\nabc\n"),
                            (["-k", self.kf, "(?i)aBC"], "ABC\nabc\n")):
            self.assertEqual(self.run_tool("match", *args).stdout.decode(), found, args)

    def test_several_patterns(self):
        one, two = re.compile("a.*"), re.compile(".*b")
        self.check(lambda key: one.fullmatch(key.decode()) or two.fullmatch(key.decode()), ("a.*", ".*b"))
        self.check(lambda key: one.fullmatch(key.decode()) and two.fullmatch(key.decode()), "--all", ("a.*", ".*b"))
        self.check(lambda key: not (one.fullmatch(key.decode()) or two.fullmatch(key.decode())), "--not",
                   ("a.*", ".*b"))
        self.check(lambda key: not (one.fullmatch(key.decode()) and two.fullmatch(key.decode())), "-v", "-a",
                   ("a.*", ".*b"))
        self.check(lambda key: key in (b"a", b"b") or key[:1] == b"c" and len(key.decode()) == 2, ("a", "b", "c."))

    def test_ranges_values_and_limit(self):
        compiled = re.compile("[abc]*")
        keys = [key for key in self.keys if compiled.fullmatch(key.decode())]
        for options, keep in ((["--from", "b"], lambda key: key >= b"b"), (["--to", "b"], lambda key: key < b"b"),
                              (["-p", "ab"], lambda key: key.startswith(b"ab")),
                              (["--value-min", "400"], lambda key: self.numbers[key] >= 400),
                              (["--value-max", "0"], lambda key: self.numbers[key] <= 0)):
            self.check(keep, *options, ("[abc]*",), keys=keys)
        for limit in (0, 1, 7):
            self.check(lambda key: True, "-l", str(limit), ("[abc]*",), keys=keys[:limit])

    def test_output(self):
        self.build(b"a\\tb\tx\nabc\ty\n", "-f", "tsv")
        self.assertEqual(self.out("match", "-g", "--", self.kf, "a?b"), b"a\\tb\tx\n")
        self.assertEqual(self.out("match", "-gr", self.kf, "a?b"), b"a\tb\tx\n")
        self.assertEqual(self.out("match", "-n", self.kf, "abc"), b"abc\t1\n")
        self.assertEqual(json.loads(self.out("match", "-jn", self.kf, "abc")),
                         {"key": "abc", "ordinal": 1, "value": "y"})
        self.assertEqual(self.out("match", "-jc", self.kf, "a.*"), b'{"count":2}\n')
        self.assertEqual(self.out("match", "--value-regex", "[x]", self.kf, ".*"), b"a\\tb\tx\n")

    def test_errors(self):
        for pattern in ("(", "a)", "[a", "a{3,1}", "*a", "\\", "a{", "(?=b)", "[z-a]", "\\p{Nonsense}"):
            error = self.err("match", self.kf, pattern, expect=2)
            start = "keyfold: match: pattern '" + re.escape(pattern) + "'"
            self.assertRegex(error, "^" + start + r": at byte \d+ of the pattern: [^\d]*\n$")
        self.assertIn("match", self.err("match", self.kf, "a{1000}{1000}{1000}", expect=2))
        self.assertIn("pattern '\\x01('", self.err("match", self.kf, "\1(", expect=2))
        self.assertIn("pattern '[a': at byte ", self.err("match", "-g", self.kf, "[a", expect=2))
        if not WINDOWS:   # where arguments are text
            self.assertIn("pattern '\\xff': at byte 0 ", self.err("match", self.kf, b"\xff", expect=2))
            self.assertIn("pattern '\\xff': at byte 0 ", self.err("match", "-s", self.kf, b"\xff", expect=2))
            self.assertEqual(self.err("match", "-b", self.kf, b"\xff", expect=1), "")
        self.assertIn("pattern '\\xc2\\x9b('", self.err("match", self.kf, b"\xc2\x9b(", expect=2))
        long = self.err("match", self.kf, "a" * 5000 + "(", expect=2)
        self.assertLess(len(long), 500)
        self.assertIn("PATTERN", self.err("match", self.kf, expect=2))
        self.assertIn("FILE", self.err("match", expect=2))
        self.assertIn("only one of", self.err("match", "-gs", self.kf, "a", expect=2))
        self.assertIn("at most 64", self.err("match", self.kf, *["a"] * 65, expect=2))
        self.assertIn("absent", self.err("match", self.path("absent"), "a", expect=3))

    @on_posix("a terminal gets what Wine draws")
    def test_mark_on_a_terminal(self):
        for pattern, column in (("ab(c", None), ("é日*)x", 3), ("\1a)", 5)):
            main, other = pty.openpty()
            done = subprocess.run([TOOL, "match", self.kf, pattern], stderr=other, timeout=60)
            os.close(other)
            text = b""
            try:
                while block := os.read(main, 4096):
                    text += block
            except OSError as error:   # how Linux says that the other side is closed
                self.assertEqual(error.errno, errno.EIO)
            os.close(main)
            self.assertEqual(done.returncode, 2)
            lines = text.decode().replace("\r", "").split("\n")
            self.assertEqual(lines[1], "  " + pattern.replace("\1", "\\x01"))
            self.assertRegex(lines[2], r"^ *\^$")
            if column is not None:
                self.assertEqual(lines[2].index("^"), 2 + column)


class Damage(Queries):
    def test_damaged_files(self):
        self.build_numbers()
        with open(self.kf, "rb") as file:
            whole = file.read()
        commands = (["fuzzy", "-k2", "-T2", "--value-min", "3"], ["nearest", "-n3"], ["match"])
        cut = self.write("cut.kf", whole[:-1])
        for command in commands:
            self.assertIn("cut.kf", self.err(*command, cut, "abc", expect=3))
        rng = random.Random(8)
        refused = 0
        for _ in range(60):
            damaged = bytearray(whole)
            for _ in range(rng.choice((1, 5, 50))):
                damaged[rng.randrange(256, len(damaged))] = rng.randrange(256)
            path = self.write("damaged.kf", damaged)
            for command in commands:
                done = self.run_tool(*command, path, "abc", expect=None)
                self.assertIn(done.returncode, (0, 1, 3), done.stderr)
                self.assertEqual(done.returncode == 3, done.stderr != b"")
                refused += done.returncode == 3
        self.assertGreater(refused, 0)
