"""What is special to Windows: paths, replaced files, and builds that are killed. tests/cross runs it, under Wine."""
import contextlib
import os
import shutil
import signal
import subprocess
import time
import unittest

from support import TOOL, WINDOWS, CliTest

KILLS = 12      # of a command, at even intervals


@unittest.skipUnless(WINDOWS, "not on Windows")
class Paths(CliTest):
    def round_trip(self, path):
        """Builds, replaces, looks into and merges a file of this name."""
        for value in (b"1", b"2"):
            self.assertIn(f"{path}: 1 keys, ", self.err("build", "-o", path, "-", stdin=b"a\t" + value + b"\n"))
            self.assertEqual(self.out("get", path, "a"), b"a\t" + value + b"\n")
        self.run_tool("merge", "-q", "-o", self.kf, path)
        self.assertEqual(self.pairs(), [(b"a", b"2")])

    def test_any_letters(self):
        for name in ("Ärger.kf", "żółw 乌龟.kf", "🐢.kf"):
            with self.subTest(name=name):
                self.round_trip(self.path(name))
                self.assertIn(name, os.listdir(self.folder))

    def test_any_length(self):
        folder = os.path.join(self.folder, "ä" * 90, "ö" * 90)
        os.makedirs(folder)
        path, source = os.path.join(folder, "x" * 200), os.path.join(folder, "s" * 200)
        self.assertGreater(len(path), 400)
        self.round_trip(path)
        with open(source, "wb") as file:
            file.write(b"b\t1\n")
        self.run_tool("build", "-q", "--tmpdir", folder, "-o", path, source)
        self.assertEqual(self.out("get", path, "b"), b"b\t1\n")
        self.assertEqual(sorted(os.listdir(folder)), ["s" * 200, "x" * 200])
        # Of a folder whose own path is longer Wine 8 does not tell where it is: reading is all.
        deep = os.path.join(folder, "ü" * 90, "y" * 90)
        os.makedirs(deep)
        path = shutil.copy(path, os.path.join(deep, "z.kf"))
        self.assertEqual(self.out("get", path, "b"), b"b\t1\n")
        self.assertEqual(self.out("verify", path), path.encode() + b": OK\n")

    def test_drive_letters_and_slashes(self):
        self.round_trip("Z:" + self.path("a.kf"))
        self.round_trip("z:" + self.path("b.kf").replace("/", "\\"))
        self.round_trip("\\\\?\\Z:" + self.path("c.kf").replace("/", "\\"))
        self.assertEqual(sorted(os.listdir(self.folder)), ["a.kf", "b.kf", "c.kf", "out.kf"])

    def test_relative(self):
        self.run_tool("build", "-q", "-o", "new.kf", "-", stdin=b"a\t1\n", cwd=self.folder)
        self.assertEqual(os.listdir(self.folder), ["new.kf"])

    def test_devices(self):
        for name in ("NUL", "nul.kf"):
            error = self.err("build", "-o", self.path(name), "-", stdin=b"a\n", expect=2)
            self.assertIn("not a regular file", error)
        self.assertEqual(os.listdir(self.folder), [])


@unittest.skipUnless(WINDOWS, "not on Windows")
class Bytes(CliTest):
    def test_nothing_is_translated(self):
        """Neither ends of lines nor the Ctrl-Z that ends texts."""
        self.build(b"a\\r\tx\\n\nb\x1a\ty\x1a\n", "-f", "tsv")
        self.assertEqual(self.out("dump", self.kf), b"a\\r\tx\\n\nb\x1a\ty\x1a\n")
        self.assertEqual(self.out("get", self.kf, stdin=b"a\\r\nb\x1a\n"), b"a\\r\tx\\n\nb\x1a\ty\x1a\n")
        self.assertNotIn(b"\r", self.out("help") + self.out("stat", self.kf) + self.out("stat", "--json", self.kf))
        self.assertNotIn("\r", self.err("get", expect=2))

    def test_standard_input_is_a_file(self):
        source = self.write("in.tsv", b"a\t1\nb\x1a\t2\n")
        with open(source, "rb") as file:
            subprocess.run([TOOL, "build", "-q", "-o", self.kf, "-"], stdin=file, check=True, timeout=60)
        self.assertEqual(self.pairs(), [(b"a", b"1"), (b"b\x1a", b"2")])


@unittest.skipUnless(WINDOWS, "not on Windows")
class Killed(CliTest):
    def wait_until_gone(self, names):
        """Windows, or Wine's server, closes what was open, and what is marked vanishes."""
        end = time.monotonic() + 10
        while set(os.listdir(self.folder)) > names and time.monotonic() < end:
            time.sleep(0.05)
        found = set(os.listdir(self.folder)) - names
        # A new file has a name of that kind for a moment before it is marked to vanish, and before it gets its own.
        self.assertLessEqual(len(found), 1, found)
        for name in found:
            self.assertRegex(name, r"^\.(keyfold-[0-9a-f]{16}|out\.kf\..*tmp)$")
            with contextlib.suppress(FileNotFoundError):   # it has vanished, if late
                os.unlink(self.path(name))

    def kill_everywhere(self, arguments, before):
        """Kills a command at its phases, and at many moments; then what it writes is what was there, or the new file.
        Returns how often it was the new one."""
        kept = set(os.listdir(self.folder)) | {"out.kf"}

        def lay():
            if before is None and os.path.exists(self.kf):
                os.unlink(self.kf)
            if before is not None:
                self.write("out.kf", before)

        lay()
        start = time.monotonic()
        phases = self.err(*arguments).count('"phase"')
        seconds = time.monotonic() - start
        with open(self.kf, "rb") as file:
            after = file.read()
        self.assertNotEqual(before, after)
        moments = [("line", n) for n in range(1, phases + 1)]
        moments += [("second", (n + 0.5) * seconds / KILLS) for n in range(KILLS + 2)]
        renewed = 0
        for kind, moment in moments:
            with self.subTest(kind=kind, moment=moment):
                lay()
                child = subprocess.Popen([TOOL, *arguments], stderr=subprocess.PIPE)
                if kind == "line":
                    for _ in range(moment):
                        child.stderr.readline()
                else:
                    time.sleep(moment)
                child.send_signal(signal.SIGKILL)
                child.stderr.read()
                child.wait(60)
                child.stderr.close()
                self.wait_until_gone(kept)
                content = None
                if os.path.exists(self.kf):
                    with open(self.kf, "rb") as file:
                        content = file.read()
                self.assertTrue(content in (before, after), "neither the old file nor the new one")
                renewed += content == after
        lay()
        self.run_tool(*arguments)
        with open(self.kf, "rb") as file:
            self.assertEqual(file.read(), after)
        self.assertEqual(set(os.listdir(self.folder)), kept)
        return renewed

    def lines(self, count, what):
        return b"".join(b"%s%08x\tvalue %d\n" % (what, n * 2654435761 % (1 << 32), n) for n in range(count))

    def old_file(self):
        self.build(b"old\tvalue\n")
        with open(self.kf, "rb") as file:
            return file.read()

    def test_builds(self):
        """Sorted on disk, as a new file and over an old one, by one thread and into shards."""
        old = self.old_file()
        source = self.write("in.tsv", self.lines(150000, b""))
        arguments = ["build", "--progress=json", "--memory=16M", "-o", self.kf]
        for before in (None, old):
            self.kill_everywhere([*arguments, source], before)
        self.kill_everywhere([*arguments, "--threads=2", "--shards=3", source], old)

    def test_merges_and_bundles(self):
        old = self.old_file()
        members = []
        for name, count in (("a.kf", 40000), ("b.kf", 60000)):     # no key of one between those of the other
            members.append(self.path(name))
            self.run_tool("build", "-q", "-o", members[-1], "-", stdin=self.lines(count, name.encode()))
        self.kill_everywhere(["merge", "--progress=json", "--values=last", "-o", self.kf, *members], old)
        self.kill_everywhere(["merge", "--values=last", "-o", self.kf, *members], None)
        for before in (None, old):
            self.kill_everywhere(["bundle", "-o", self.kf, *members], before)

    def test_killed(self):
        """The old file is whole, and what was temporary is gone."""
        self.build(b"old\tvalue\n")
        with open(self.kf, "rb") as file:
            before = file.read()
        child = subprocess.Popen([TOOL, "build", "-q", "--memory", "16M", "-o", self.kf, "-"], stdin=subprocess.PIPE)
        child.stdin.write(b"".join(b"%08x\tvalue %d\n" % (n * 2654435761 % (1 << 32), n) for n in range(500000)))
        child.stdin.flush()
        self.assertGreater(len(os.listdir(self.folder)), 1)   # they have names there
        child.send_signal(signal.SIGKILL)
        child.wait(60)
        child.stdin.close()
        end = time.monotonic() + 30
        while len(os.listdir(self.folder)) > 1 and time.monotonic() < end:
            time.sleep(0.1)   # Windows, or Wine's server, closes what was open
        self.assertEqual(os.listdir(self.folder), ["out.kf"])
        with open(self.kf, "rb") as file:
            self.assertEqual(file.read(), before)
        self.build(b"new\tvalue\n")
        self.assertEqual(self.pairs(), [(b"new", b"value")])

    def test_replaced_while_it_is_mapped(self):
        """The reader goes on; the build is told why it failed, and leaves nothing."""
        self.build(b"old\tvalue\n")
        reader = subprocess.Popen([TOOL, "get", self.kf], stdin=subprocess.PIPE, stdout=subprocess.PIPE, bufsize=0)
        try:
            reader.stdin.write(b"old\n")
            self.assertEqual(reader.stdout.readline(), b"old\tvalue\n")
            done = self.run_tool("build", "-o", self.kf, "-", stdin=b"new\tvalue\n", expect=None)
            self.assertIn(done.returncode, (0, 3))   # NTFS may replace it
            if done.returncode == 3:
                self.assertRegex(done.stderr, b"cannot rename a file to '.*out.kf': a process has it open")
            self.assertEqual(os.listdir(self.folder), ["out.kf"])
            reader.stdin.write(b"old\n")
            self.assertEqual(reader.stdout.readline(), b"old\tvalue\n")
        finally:
            reader.kill()
            reader.wait()
            reader.stdin.close()
            reader.stdout.close()
