"""What builds tell of themselves while they run, and that a signal ends them in any phase."""

import fcntl
import functools
import gzip
import json
import os
import pty
import random
import re
import signal
import struct
import subprocess
import termios
import time

from support import TOOL, WINDOWS, CliTest, on_posix

PHASES = ["read", "sort", "minimise", "layout", "values", "write"]
FIELDS = {"phase", "done", "total", "share", "rate", "seconds", "eta_seconds", "bytes_on_disk", "projected_bytes",
          "input_bytes", "input_total"}


@functools.lru_cache(maxsize=4)
def pairs(count, seed=1, size=12):
    rng = random.Random(seed)
    return b"".join(b"%016x\t%s\n" % (rng.getrandbits(64), rng.randbytes(size).hex().encode()) for _ in range(count))


class Json(CliTest):
    def lines(self, *args, stdin=b""):
        """The progress of a build or a merge, after checks of what is true of any."""
        found = self.err(*args, "--progress=json", stdin=stdin).splitlines()
        found = [json.loads(line) for line in found]
        summary = found.pop()
        self.assertEqual((summary["level"], summary["file"], summary["status"]), ("summary", self.kf, None))
        self.assertRegex(summary["message"], "^.*out.kf: [0-9 ]+ keys")
        for line in found:
            self.assertEqual(set(line), FIELDS)
            if line["total"] is not None:
                self.assertLessEqual(line["done"], line["total"])
            for name in ("rate", "eta_seconds", "projected_bytes"):
                self.assertTrue(line[name] is None or line[name] >= 0)
            self.assertGreaterEqual(line["bytes_on_disk"], 0)
            if line["eta_seconds"] is not None:
                self.assertIsNotNone(line["share"])
        self.assertEqual([line["seconds"] for line in found], sorted(line["seconds"] for line in found))
        shares = [line["share"] for line in found if line["share"] is not None]
        self.assertEqual(shares, sorted(shares))
        self.assertTrue(all(0 <= share <= 1 for share in shares))
        self.assertLess(shares[0], 1)
        phases = [PHASES.index(line["phase"]) for line in found]
        self.assertEqual(phases, sorted(phases))
        last = found[-1]
        self.assertEqual((last["phase"], last["share"], last["eta_seconds"]), ("write", 1, 0))
        self.assertEqual(last["projected_bytes"], os.path.getsize(self.kf))
        return found

    def test_a_file(self):
        data = pairs(70000)
        found = self.lines("build", "-o", self.kf, self.write("x.tsv", data))
        for line in found:
            self.assertIsNotNone(line["share"])
            self.assertEqual(line["input_total"], len(data))
            self.assertLessEqual(line["input_bytes"], len(data))
        self.assertEqual(found[0]["share"], 0)
        self.assertEqual(list(dict.fromkeys(line["phase"] for line in found)), PHASES)
        for line in found:
            if line["phase"] == "minimise":
                self.assertEqual(line["total"], 70000)
            if line["phase"] != "read":
                self.assertEqual(line["input_bytes"], len(data))

    def test_standard_input(self):
        found = self.lines("build", "-o", self.kf, "-", stdin=pairs(60000))
        for line in found:
            self.assertIsNone(line["input_total"])
            self.assertEqual(line["share"] is None, line["phase"] == "read", line)
        self.assertGreater(max(line["input_bytes"] for line in found), 1 << 20)

    def test_inputs_of_which_one_is_a_pipe(self):
        found = self.lines("build", "-o", self.kf, self.write("x.tsv", pairs(1000)), "-", stdin=pairs(1000, seed=2))
        self.assertIsNone(found[0]["share"])

    def test_compressed_input(self):
        path = self.write("x.tsv.gz", gzip.compress(pairs(50000)))
        found = self.lines("build", "-o", self.kf, path)
        self.assertEqual(found[-1]["input_bytes"], os.path.getsize(path))
        self.assertTrue(all(line["share"] is not None for line in found))

    def test_keys_alone(self):
        found = self.lines("build", "-v", "none", "-o", self.kf, self.write("x.tsv", pairs(100000)))
        self.assertNotIn("values", [line["phase"] for line in found])

    def test_shards(self):
        found = self.lines("build", "--shards", "6", "--threads", "2", "-o", self.kf,
                           self.write("x.tsv", pairs(60000)))
        self.assertLessEqual({line["phase"] for line in found}, {"read", "sort", "minimise", "write"})

    def test_little(self):
        for data in (b"", b"a\tb\n"):
            found = self.lines("build", "-f", "tsv", "-o", self.kf, self.write("x", data))
            self.assertGreaterEqual(len(found), 2)

    def test_temporary_files(self):
        found = self.lines("build", "-M", "16M", "-o", self.kf, self.write("x.tsv", pairs(200000, size=24)))
        self.assertGreater(max(line["bytes_on_disk"] for line in found), 1 << 20)

    def test_merge(self):
        first, second = self.path("a.kf"), self.path("b.kf")
        self.run_tool("build", "-q", "-o", first, "-", stdin=pairs(70000))
        self.run_tool("build", "-q", "-o", second, "-", stdin=pairs(70000, seed=2))
        found = self.lines("merge", "-o", self.kf, first, second)
        reading = [line for line in found if line["phase"] == "read"]
        self.assertTrue(reading)
        for line in reading:
            self.assertEqual(line["total"], 140000)
            self.assertIsNotNone(line["share"])
        # How many keys these will be is not known.
        for more in (["--prefix", "a"], ["--limit", "5000"], ["-O", "difference"]):
            found = self.lines("merge", *more, "-o", self.kf, first, second)
            for line in found:
                if line["phase"] == "read":
                    self.assertIsNone(line["total"])
                    self.assertIsNone(line["share"])

    @on_posix("Wine takes longer to start than this waits")
    def test_reading_is_told_of_before_the_end(self):
        child = subprocess.Popen([TOOL, "build", "-o", self.kf, "--progress=json", "-"], stdin=subprocess.PIPE,
                                 stderr=subprocess.PIPE)
        try:
            for n in range(30):
                child.stdin.write(pairs(2048, seed=n))
                child.stdin.flush()
                time.sleep(0.01)
            time.sleep(0.2)
            child.stdin.write(pairs(2048, seed=99))
            child.stdin.flush()
            for line in child.stderr:
                found = json.loads(line)
                self.assertEqual(found["phase"], "read")
                if found["done"] > 0:
                    break
            self.assertGreater(found["done"], 0)   # far fewer than the library would tell of
            self.assertLess(found["done"], 65536)
        finally:
            child.kill()
            child.communicate()


class Text(CliTest):
    def on_terminal(self, columns, *args):
        """What a terminal of that width gets, without the wiping."""
        control, terminal = pty.openpty()
        fcntl.ioctl(terminal, termios.TIOCSWINSZ, struct.pack("HHHH", 24, columns, 0, 0))
        child = subprocess.Popen([TOOL, *args], stderr=terminal, stdin=subprocess.DEVNULL)
        os.close(terminal)
        text = b""
        try:
            while True:
                piece = os.read(control, 4096)
                text += piece
                if not piece:
                    break
        except OSError:
            pass   # the terminal's other side was closed
        os.close(control)
        self.assertEqual(child.wait(60), 0)
        return text.decode().split("\r\033[K")

    @on_posix("a terminal gets what Wine draws")
    def test_lines(self):
        source = self.write("x.tsv", pairs(100000))
        long = self.write("long.tsv", pairs(2000000))   # what is left is told after 0.3 s
        for columns in (200, 80, 30):
            lines = self.on_terminal(columns, "build", "-o", self.kf, long if columns == 200 else source)
            self.assertIn("2 000 000 keys" if columns == 200 else "100 000 keys", lines.pop())
            self.assertGreater(len(lines), 4)
            percents = []
            for line in lines:
                self.assertLess(len(line), columns)
                self.assertIn(line.split()[0], PHASES)
                percents.append(int(re.search(r" (\d+) %  ", line)[1]))
            self.assertEqual(percents, sorted(percents))
            if columns == 200:
                self.assertTrue(any("disk " in line for line in lines))
                self.assertTrue(any(" left" in line for line in lines))
                self.assertTrue(any(" M/s" in line for line in lines))
        self.assertEqual(len(self.on_terminal(80, "build", "-q", "-o", self.kf, source)), 1)

    def test_wiping(self):
        error = self.build(pairs(60000), "--progress=text")
        self.assertIn("\r\033[K", error)
        self.assertRegex(error.split("\r\033[K")[-1], r"^keyfold: .*out.kf: 60 000 keys")
        self.assertNotIn("\033", self.build(pairs(1000)))


class Verify(CliTest):
    def lines(self, *args):
        """The progress of verifying one file."""
        found = [json.loads(line) for line in self.err("verify", "--progress=json", *args).splitlines()]
        for line in found:
            self.assertEqual(set(line), FIELDS)
            self.assertEqual(line["phase"], "verify")
            self.assertLessEqual(line["done"], line["total"])
        for name in ("seconds", "share", "done"):
            self.assertEqual([line[name] for line in found], sorted(line[name] for line in found))
        self.assertEqual((found[0]["share"], found[-1]["share"]), (0, 1))
        self.assertEqual(found[-1]["done"], found[-1]["total"])
        return found

    def test_bytes(self):
        self.build(pairs(60000, size=100))
        for threads in ("1", "2", "7", "256"):
            found = self.lines("--threads", threads, self.kf)
            self.assertGreater(found[0]["total"], os.path.getsize(self.kf))
            self.assertLess(found[0]["total"], 2.1 * os.path.getsize(self.kf))

    def test_several_files(self):
        self.build(pairs(1000))
        error = self.err("verify", "--progress=json", self.kf, self.kf)
        self.assertEqual([json.loads(line)["share"] for line in error.splitlines()].count(1), 2)

    def test_text(self):
        self.build(pairs(60000, size=100))
        error = self.err("verify", "--progress=text", self.kf)
        self.assertIn("verify ", error)
        self.assertTrue(error.endswith("\r\033[K"))
        self.assertEqual(self.err("verify", self.kf), "")
        self.assertEqual(self.err("verify", "-q", "--progress=text", self.kf), "")

    @on_posix("Wine tells too late of Ctrl-C")
    def test_signal(self):
        self.build(pairs(200000, size=100), "--encoding", "zstd")
        for _ in range(6):
            child = subprocess.Popen([TOOL, "verify", "--progress=json", self.kf], stdout=subprocess.PIPE,
                                     stderr=subprocess.PIPE, text=True)
            child.stderr.readline()
            child.send_signal(signal.SIGTERM)
            out, error = child.communicate(timeout=60)
            if child.returncode != 0:
                break
        self.assertEqual((child.returncode, out), (128 + signal.SIGTERM, ""))
        self.assertEqual(json.loads(error.splitlines()[-1]), {"level": "error", "message": "interrupted",
                                                              "status": "cancelled", "file": None, "line": None})


class Messages(CliTest):
    """With --progress=json all of standard error is objects."""

    def told(self, *args, **more):
        found = [json.loads(line) for line in self.err(*args, **more).splitlines()]
        for each in found:
            if "phase" not in each:
                self.assertEqual(set(each), {"level", "message", "status", "file", "line"})
                self.assertIn(each["level"], ("error", "warning", "note", "summary"))
        return [(each["level"], each["status"], each["file"], each["line"]) for each in found if "phase" not in each], \
            [each["message"] for each in found if "phase" not in each]

    def test_records(self):
        path = self.write("bad name.tsv" if WINDOWS else "bad \"name\".tsv", b"a\t1\nb\nc\t1\n\n")
        found, texts = self.told("build", "--progress=json", "-o", self.kf, path, expect=3)
        self.assertEqual(found, [("error", "format", path, 2)])
        self.assertEqual(texts, [path + ":2: no tab, so no value"])
        found, texts = self.told("build", "--on-error=skip", "--progress", "json", "-o", self.kf, path)
        self.assertEqual(found, [("warning", "format", path, 2), ("warning", "format", path, 4),
                                 ("warning", "format", None, None), ("summary", None, self.kf, None)])
        self.assertEqual(texts[2], "2 bad records skipped")
        found, _ = self.told("build", "--progress=json", "-o", self.kf, "-", expect=3,
                             stdin=b"\xef\xbb\xbfa\t1\na\t2\n")
        self.assertEqual(found, [("note", None, "<stdin>", None), ("error", "duplicate", self.kf, None),
                                 ("note", None, None, None)])

    def test_files(self):
        absent, folder = self.path("absent"), self.folder
        for args, expect, wanted in (
                (["build", "-o", self.kf, absent], 3, ("error", "io", absent, None)),
                (["build", "-o", self.kf, folder], 3, ("error", "io", folder, None)),
                (["build", "-o", self.kf, self.write("x.zip", b"PK\3\4" + bytes(30))], 3,
                 ("error", "format", self.path("x.zip"), None)),
                (["build", "-o", self.write("text", b"text"), self.write("x.tsv", b"a\t1\n")], 2,
                 ("error", "invalid", self.path("text"), None)),
                (["merge", "-o", self.kf, absent], 3, ("error", "io", absent, None)),
                (["verify", absent], 3, ("error", "io", absent, None)),
                (["verify", self.path("text")], 3, ("error", "format", self.path("text"), None)),
                (["verify", os.fsencode(folder) + b"/\xff"], 3, ("error", "io", folder + "/\ufffd", None))):
            with self.subTest(args=args):
                self.assertEqual(self.told(*args, "--progress=json", expect=expect)[0], [wanted])

    def test_usage(self):
        for args in (["build", "--no-such-option"], ["build"], ["build", "-o"], ["merge", "--limit=x"], ["verify"],
                     ["build", "-o", "-", "x"], ["build", "--memory=1", "x"], ["build", "-o", self.kf, "-m", "x", "y"]):
            for place in (1, len(args)):
                more = args[:place] + ["--progress=json"] + args[place:]
                if args[-1] == "-o" and place == len(args):
                    continue    # it would be the output's name
                with self.subTest(args=more):
                    found, texts = self.told(*more, expect=2)
                    self.assertEqual(found, [("error", "invalid", None, None), ("note", None, None, None)])
                    self.assertEqual(texts[1], f"Try 'keyfold {args[0]} --help'.")
        self.assertIn("keyfold: verify: which FILE?\nTry",
                      self.err("verify", "--progress=json", "--progress=text", expect=2))


@on_posix("Wine tells too late of Ctrl-C; test_build.py has it")
class Signals(CliTest):
    def stop(self, phase, number, *args):
        """Sends the signal once the phase has begun; the exit code. Nothing may be left unless it was too late."""
        folder, temporary = self.path("out"), self.path("temporary")
        os.makedirs(folder, exist_ok=True)
        os.makedirs(temporary, exist_ok=True)
        output = os.path.join(folder, "x.kf")
        child = subprocess.Popen([TOOL, args[0], "-o", output, "--tmpdir", temporary, "--progress=json", *args[1:]],
                                 stderr=subprocess.PIPE, preexec_fn=lambda: signal.signal(number, signal.SIG_DFL))
        told = {}
        try:
            for line in child.stderr:
                if json.loads(line).get("phase") == phase:
                    break
            child.send_signal(number)
            for line in child.stderr:
                told = json.loads(line)
            child.wait(60)
        finally:
            child.kill()
            child.communicate()
        self.assertEqual(os.listdir(temporary), [])
        if child.returncode == 0:
            self.assertEqual(os.listdir(folder), ["x.kf"])
            os.remove(output)
        else:
            self.assertRegex(told["message"], "^interrupted; .*x.kf is as it was before$")
            self.assertEqual((told["level"], told["status"]), ("error", "cancelled"))
            self.assertEqual(os.listdir(folder), [])
        return child.returncode

    def stopped(self, phase, number, *args):
        """A phase may be over before the signal arrives, but not every time."""
        for _ in range(6):
            code = self.stop(phase, number, *args)
            if code != 0:
                break
        self.assertEqual(code, 128 + number, phase)

    def test_any_phase(self):
        source = self.write("x.tsv", pairs(200000, size=24))
        for phase in ("read", "sort", "minimise", "layout", "values"):
            with self.subTest(phase=phase):
                self.stopped(phase, signal.SIGTERM, "build", source)
                self.stopped(phase, signal.SIGINT, "build", "-M", "16M", "--encoding", "zstd", source)

    def test_shards(self):
        source = self.write("x.tsv", pairs(200000))
        for phase in ("read", "minimise"):
            self.stopped(phase, signal.SIGTERM, "build", "--shards", "8", "--threads", "3", source)

    def test_large_values(self):
        rng = random.Random(3)
        source = self.write("x.tsv", b"".join(b"%03d\t%s\n" % (n, rng.randbytes(100000).hex().encode())
                                              for n in range(300)))
        for encoding in ("tokens", "zstd", "raw"):
            self.stopped("read", signal.SIGTERM, "build", "--encoding", encoding, source)
            if encoding != "raw":
                self.stopped("values", signal.SIGTERM, "build", "--encoding", encoding, source)

    def test_merge(self):
        first = self.path("a.kf")
        self.run_tool("build", "-q", "-o", first, "-", stdin=pairs(200000))
        for phase in ("read", "minimise", "layout"):
            self.stopped(phase, signal.SIGTERM, "merge", first)
