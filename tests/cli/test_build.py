"""Options and outcomes of build."""

import fcntl
import json
import os
import random
import resource
import shutil
import signal
import subprocess
import time
import unittest

from support import TOOL, WINDOWS, CliTest, on_posix


class Values(CliTest):
    def test_u64(self):
        self.build(b"a\t18446744073709551615\nb\t0\nc\t007\n", "--values", "u64")
        self.assertEqual(self.pairs(), [(b"a", b"18446744073709551615"), (b"b", b"0"), (b"c", b"7")])

    def test_u64_refuses_the_rest(self):
        for text in (b"", b"-1", b"+1", b" 1", b"1 ", b"1.0", b"0x1", b"18446744073709551616",
                     b"99999999999999999999999"):
            with self.subTest(text=text):
                error = self.build(b"k\t" + text + b"\n", "-v", "u64", expect=3)
                self.assertIn("<stdin>:1: the value is not an integer", error)

    def test_encodings(self):
        data = b"".join(b"key%d\tvalue %d\n" % (n, n % 50) for n in range(500))
        for encoding in ("auto", "distinct", "raw", "tokens", "zstd"):
            self.build(data, "--encoding", encoding)
            self.assertEqual(self.pairs(), sorted(tuple(line.split(b"\t")) for line in data.splitlines()))
            if encoding != "auto":
                found = json.loads(self.out("stat", "--json", self.kf))["encoding"]
                self.assertEqual(found, encoding)
        data = b"".join(b"key%d\t%d\n" % (n, n % 50) for n in range(500))
        for encoding in ("auto", "packed", "distinct"):
            self.build(data, "--encoding", encoding, "-v", "u64")
            self.assertEqual(self.pairs(), sorted(tuple(line.split(b"\t")) for line in data.splitlines()))

    def test_duplicates(self):
        data = b"a\t5\nb\t1\na\t3\na\t4\n"
        for policy, value in (("first", b"5"), ("last", b"4"), ("sum", b"12"), ("min", b"3"), ("max", b"5")):
            done = self.run_tool("build", "-o", self.kf, "-v", "u64", "-d", policy, "--json", "-", stdin=data)
            self.assertEqual(self.pairs(), [(b"a", value), (b"b", b"1")])
            report = json.loads(done.stdout)
            self.assertEqual((report["pairs_added"], report["keys"], report["pairs_dropped"]), (4, 2, 2))
            self.assertIn("duplicates dropped: 2", self.build(data, "-v", "u64", "-d", policy))
        os.remove(self.kf)
        error = self.build(b"x\t1\na\\n\xff\t5\na\\n\xff\t6\n", expect=3)
        self.assertIn(r"(key 'a\n\xff')", error)
        self.assertIn("--duplicates", error)
        self.assert_nothing_built()

    def test_all_values_of_a_key(self):
        lines = b"a\t5\nb\tx\\ty\na\t3\na\t\n"
        done = self.run_tool("build", "-o", self.kf, "-d", "all", "--json", "-", stdin=lines)
        report = json.loads(done.stdout)
        self.assertEqual((report["pairs_added"], report["keys"], report["pairs_dropped"]), (4, 2, 2))
        self.assertEqual(self.out("get", self.kf, "a", "b", "a"), b"a\t5\t3\t\nb\tx\\ty\na\t5\t3\t\n")
        self.assertEqual(json.loads(self.out("scan", "--json", "--prefix", "a", self.kf))["value"], ["5", "3", ""])
        self.assertEqual(self.out("match", self.kf, "[ab]"), self.out("scan", self.kf))
        dumped = self.out("dump", self.kf)
        self.assertEqual(dumped, b"a\t5\na\t3\na\t\nb\tx\\ty\n")
        self.run_tool("build", "-q", "-o", self.path("again.kf"), "-d", "all", "-", stdin=dumped)
        with open(self.kf, "rb") as one, open(self.path("again.kf"), "rb") as other:
            self.assertEqual(one.read(), other.read())
        os.remove(self.kf)
        self.assertIn("no values that --duplicates all could list", self.build(b"a\nb\n", "-d", "all", expect=3))
        for values in ("u64", "none"):
            self.assertIn("lists of bytes", self.build(lines, "-d", "all", "-v", values, expect=2))
        self.assertIn("--weights column", self.build(lines, "-d", "all", "-w", "column", expect=2))
        self.assert_nothing_built()

    def test_memory_and_tmpdir(self):
        os.mkdir(self.path("temporary"))
        rng = random.Random(7)
        lines = sorted({b"%032x" % rng.getrandbits(128) for _ in range(5000)})
        shuffled = lines[:]
        rng.shuffle(shuffled)
        for size in ("16M", "16m", "16384K", "16384KiB", "16MB", "16777216", "16777216B", "1G", "1T"):
            self.build(b"\n".join(shuffled), "--memory", size, "--tmpdir", self.path("temporary"))
            self.assertEqual(self.out("dump", self.kf).split(), lines)
        self.assertEqual(os.listdir(self.path("temporary")), [])
        for size in ("", "M", "1X", "16MM", "-1", "16777216T", "99999999999999999999", "1.5G", "1K"):
            self.build(b"a\n", "--memory=" + size, expect=2)

    def test_metadata(self):
        self.build(b"a\n", "--meta", "source=a=b", "-m", "empty=", "-m", "name=é")
        found = {m["name"]: m["content"] for m in json.loads(self.out("stat", "--json", self.kf))["metadata"]}
        self.assertLessEqual({"source": "a=b", "empty": "", "name": "é"}.items(), found.items())
        self.assertIn(b"source = a=b\n", self.out("stat", self.kf))
        for bad in ("novalue", "=x", "keyfold.x=1", "n" * 256 + "=x"):
            self.build(b"a\n", "--meta", bad, expect=2)


class Errors(CliTest):
    def test_skip(self):
        data = b"".join(b"k%d\tv\nbad%d\n" % (n, n) for n in range(25))
        error = self.build(data, "--on-error", "skip", "-f", "tsv")
        self.assertEqual(error.count(": no tab"), 10)
        self.assertIn("<stdin>:2: no tab, so no value; skipped", error)
        self.assertIn("<stdin>:20: no tab", error)
        self.assertIn("25 bad records skipped, 15 of them not shown", error)
        self.assertEqual(len(self.pairs()), 25)
        done = self.run_tool("build", "-o", self.kf, "--on-error=skip", "--json", "-", stdin=b"a\t1\nb\n")
        self.assertEqual(json.loads(done.stdout)["bad_records"], 1)
        self.assertIn(b"1 bad record skipped", done.stderr)

    def test_unreadable_inputs(self):
        for path in (self.path("absent"), self.folder, "/dev/null/x"):
            error = self.err("build", "-o", self.kf, path, expect=3)
            self.assertIn(path, error)
        self.assert_nothing_built()

    def test_a_failed_build_leaves_the_old_file(self):
        self.build(b"old\tvalue\n")
        with open(self.kf, "rb") as file:
            before = file.read()
        self.build(b"new\tvalue\nbad\n", expect=3)
        self.build(b"a\t1\na\t2\n", expect=3)
        with open(self.kf, "rb") as file:
            self.assertEqual(file.read(), before)
        self.assertEqual(os.listdir(self.folder), ["out.kf"])

    def test_output_that_is_no_file(self):
        os.mkdir(self.path("folder"))
        self.err("build", "-o", self.path("folder"), "-", stdin=b"a\n", expect=None)
        self.assertEqual(os.listdir(self.folder), ["folder"])
        self.err("build", "-o", self.path("no/such/folder.kf"), "-", stdin=b"a\n", expect=3)
        done = self.run_tool("build", "-o", "/dev/null", "-", stdin=b"a\n", expect=None)
        self.assertIn(done.returncode, (2, 3))

    def test_output_that_is_an_input(self):
        source = self.write("x.tsv", b"a\tb\n")
        os.link(source, self.path("link.tsv"))
        error = self.err("build", "-o", source, self.path("link.tsv"), expect=2)
        self.assertIn("both input and output", error)

    def test_a_build_that_is_not_synced(self):
        contents = []
        for target, options in (("1.kf", []), ("2.kf", ["--no-sync"]), ("2.kf", ["--no-sync"])):
            self.run_tool("build", "-q", *options, "-o", self.path(target), self.write("in.tsv", b"a\tx\nb\ty\n"))
        self.run_tool("merge", "-q", "--no-sync", "-o", self.path("3.kf"), self.path("1.kf"))
        for name in ("1.kf", "2.kf", "3.kf"):
            with open(self.path(name), "rb") as file:
                contents.append(file.read())
        self.assertEqual(contents, contents[:1] * 3)
        self.assertEqual(sorted(os.listdir(self.folder)), ["1.kf", "2.kf", "3.kf", "in.tsv"])

    def test_effort(self):
        source = self.write("in.tsv", b"".join(b"the %d. key of many\tand a text that says %d times %d\n"
                                               % (i, i % 97, i * i) for i in range(20000)))
        sizes = {}
        for effort in ("fast", "default", "best"):
            self.run_tool("build", "-q", "--effort", effort, "-o", self.path(effort + ".kf"), source)
            self.assertEqual(self.out("dump", self.path(effort + ".kf")), self.out("dump", self.path("fast.kf")))
            sizes[effort] = os.path.getsize(self.path(effort + ".kf"))
        self.run_tool("build", "-q", "-o", self.path("none.kf"), source)
        self.assertEqual(os.path.getsize(self.path("none.kf")), sizes["default"])
        self.assertGreater(sizes["fast"], sizes["default"])
        self.assertLess(sizes["fast"], 1.4 * sizes["default"])
        self.assertLessEqual(sizes["best"], sizes["default"])
        self.run_tool("merge", "-q", "--effort", "fast", "-o", self.path("merged.kf"), self.path("best.kf"))
        self.assertEqual(os.path.getsize(self.path("merged.kf")), sizes["fast"])
        self.assertIn("effort", self.err("build", "--effort", "much", "-o", self.path("x.kf"), source, expect=2))

    def test_same_input_same_bytes(self):
        data = b"".join(b"%d\tv%d\n" % (n * 7919 % 1000, n % 13) for n in range(1000))
        self.build(data)
        with open(self.kf, "rb") as file:
            first = file.read()
        self.run_tool("build", "-o", self.path("b.kf"), self.write("in.tsv", data))
        with open(self.path("b.kf"), "rb") as file:
            self.assertEqual(file.read(), first)


class Reports(CliTest):
    def test_summary(self):
        error = self.build(b"a\t1\nb\t2\n")
        self.assertIn("out.kf: 2 keys, ", error)
        self.assertEqual(self.build(b"a\t1\n", "--quiet"), "")

    def test_json(self):
        done = self.run_tool("build", "--json", "-o", self.kf, "-", stdin=b"a\t1\nb\t2\n")
        report = json.loads(done.stdout)
        self.assertEqual(done.stderr, b"")
        self.assertEqual(report["file"], self.kf)
        self.assertEqual(report["values"], "bytes")
        self.assertEqual(report["keys"], 2)
        self.assertEqual(report["bad_records"], 0)
        self.assertEqual(report["file_size"], os.path.getsize(self.kf))
        self.assertGreaterEqual(report["seconds"], 0)


@on_posix("no limits of a process")
class Limits(CliTest):
    def test_file_size_limit(self):
        generator = random.Random(5)
        data = b"".join(b"%032x\n" % generator.getrandbits(128) for _ in range(20000))
        self.build(b"old\n")

        def limit():
            resource.setrlimit(resource.RLIMIT_FSIZE, (65536, 65536))

        error = self.run_tool("build", "-o", self.kf, "-", stdin=data, expect=3, preexec_fn=limit).stderr
        self.assertIn(b"File too large", error)
        self.assertEqual(os.listdir(self.folder), ["out.kf"])
        self.assertEqual(self.out("dump", self.kf), b"old\n")


@unittest.skipIf(WINDOWS or not shutil.which("unshare"), "no mounts of one process")
class ReadOnly(CliTest):
    def on_read_only(self, *args, **more):
        """The tool, to which the folder is a file system that is mounted read-only."""
        mount = 'mount --bind "$0" "$0" && mount -o remount,bind,ro "$0" || exit 77; exec "$@"'
        names = ["--mount"] if os.geteuid() == 0 else ["--mount", "--map-root-user"]
        done = subprocess.run(["unshare", *names, "sh", "-c", mount, self.folder, TOOL, *args], timeout=120,
                              stdout=subprocess.PIPE, stderr=subprocess.PIPE, **more)
        if done.returncode in (1, 77):        # unshare's own, mount's
            self.skipTest(f"nothing can be mounted here: {done.stderr.decode()}")
        return done

    def test_read_only_file_system(self):
        source = self.write("in.tsv", b"a\tx\nb\ty\n")
        self.run_tool("build", "-q", "-o", self.kf, source)
        before = sorted(os.listdir(self.folder))
        self.assertEqual(self.on_read_only("get", self.kf, "a").stdout, b"a\tx\n")
        self.assertEqual(self.on_read_only("verify", self.kf).returncode, 0)
        new = self.path("new.kf")
        for path, *command in ((self.kf, "build", "-o", self.kf, source), (new, "build", "-o", new, source),
                               (new, "merge", "-o", new, self.kf), (new, "bundle", "-o", new, self.kf),
                               (new, "names", "build", "-o", new, source)):
            done = self.on_read_only(*command)
            self.assertEqual(done.returncode, 3)
            self.assertEqual(done.stderr.decode(),
                             f"keyfold: cannot create a file beside '{path}': Read-only file system\n")
        self.assertEqual(sorted(os.listdir(self.folder)), before)

    def test_it_is_told_before_the_input_is_read(self):
        with subprocess.Popen(["yes"], stdout=subprocess.PIPE) as endless:
            done = self.on_read_only("build", "-o", self.kf, "-", stdin=endless.stdout)
            endless.kill()
        self.assertEqual(done.returncode, 3)
        self.assertIn("Read-only file system", done.stderr.decode())
        self.assertEqual(os.listdir(self.folder), [])


class Signals(CliTest):
    def check(self, number, code):
        # The tool leaves a signal ignored that it inherits so (nohup); here it must not inherit that.
        child = subprocess.Popen([TOOL, "build", "-o", self.kf, "-"], stdin=subprocess.PIPE,
                                 stdout=subprocess.PIPE, stderr=subprocess.PIPE,
                                 preexec_fn=lambda: signal.signal(number, signal.SIG_DFL))
        child.stdin.write(b"".join(b"key%d\tvalue\n" % n for n in range(50000)))
        child.stdin.flush()
        time.sleep(0.3)   # lets it get to where it waits for more; either way it has to stop cleanly
        child.send_signal(number)
        try:
            _, error = child.communicate(timeout=60)
        finally:
            child.kill()
        self.assertEqual(child.returncode, code)
        self.assertRegex(error, rb"^keyfold: interrupted; [^\n]*out.kf is as it was before\n$")
        self.assert_nothing_built()
        self.assertEqual(os.listdir(self.folder), [])

    def test_interrupt(self):
        self.check(signal.SIGINT, 130)

    @on_posix("no such signal")
    def test_terminate(self):
        self.check(signal.SIGTERM, 143)

    @on_posix("no such signal")
    def test_hang_up(self):
        self.check(signal.SIGHUP, 129)


class ResumeTest(CliTest):
    """--resume: what a killed build has sorted is not sorted again."""

    def setUp(self):
        super().setUp()
        self.lines = [b"%08x\tvalue %d" % (i * 2654435761 % (1 << 32), i % 1000) for i in range(600000)]
        self.tsv = self.write("in.tsv", b"\n".join(self.lines) + b"\n")
        self.resume = self.path("resume")
        self.arguments = ["build", "--memory", "16M", "--resume", self.resume, "-o"]

    def kill(self, number, *more):
        """Builds from a pipe that never ends, and stops it when something was written down."""
        child = subprocess.Popen([TOOL, *self.arguments, self.kf, "--format", "tsv", *more, "-"],
                                 stdin=subprocess.PIPE, stderr=subprocess.PIPE,
                                 preexec_fn=lambda: signal.signal(signal.SIGINT, signal.SIG_DFL))
        child.stdin.write(b"\n".join(self.lines[:500000]) + b"\n")
        child.stdin.flush()
        journal, end = os.path.join(self.resume, "keyfold.journal"), time.monotonic() + 60
        while not os.path.exists(journal) and time.monotonic() < end:
            time.sleep(0.01)
        child.send_signal(number)
        errors = child.communicate()[1].decode()
        self.assertFalse(os.path.exists(self.kf))
        return child.returncode, errors

    def test_killed_then_finished(self):
        want = self.path("want.kf")
        self.run_tool("build", "-q", "--memory", "16M", "-o", want, self.tsv)
        for number, expected in ((signal.SIGKILL, -signal.SIGKILL), (signal.SIGINT, 130)):
            code, errors = self.kill(number)
            self.assertEqual(code, expected)
            if number == signal.SIGINT:
                self.assertIn("go on with --resume", errors)
            errors = self.err(*self.arguments, self.kf, self.tsv)
            self.assertRegex(errors, r"going on after [1-9]\d* records")
            with open(want, "rb") as a, open(self.kf, "rb") as b:
                self.assertEqual(a.read(), b.read())
            self.assertFalse(os.path.exists(self.resume))
            os.unlink(self.kf)

    def test_other_input_and_options(self):
        self.kill(signal.SIGKILL)
        self.lines[0] = b"another\tx"
        other = self.write("other.tsv", b"\n".join(self.lines))
        errors = self.err(*self.arguments, self.kf, other, expect=2)
        self.assertIn("the input is not the one", errors)
        errors = self.err(*self.arguments, self.kf, "--values", "none", self.tsv, expect=2)
        self.assertIn("another value type", errors)
        self.run_tool(*self.arguments, self.kf, "--duplicates", "last", self.tsv)

    @on_posix("Wine's locks are its own")
    def test_in_use(self):
        os.mkdir(self.resume)
        with open(os.path.join(self.resume, "keyfold.lock"), "wb") as lock:
            fcntl.flock(lock, fcntl.LOCK_EX)
            self.assertIn("in use", self.err(*self.arguments, self.kf, self.tsv, expect=2))
        self.run_tool(*self.arguments, self.kf, self.tsv)
        self.assertEqual(os.listdir(self.resume), [])   # the build did not make it
