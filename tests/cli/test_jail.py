"""Commands that read do so with no other right than to read: jail.c says what ends them otherwise."""
import os
import shutil
import signal
import subprocess
import unittest

from support import TOOL, CliTest, on_posix

HERE = os.path.dirname(os.path.abspath(__file__))
COMPILER = os.environ.get("CC", "cc")
ROWS = b"".join(b"id%d\tname %d of a house\n" % (i, i) for i in range(300))


@on_posix("the jail would hold Wine")
@unittest.skipUnless(shutil.which(COMPILER.split()[0]), "no compiler")
class Jail(CliTest):
    def setUp(self):
        super().setUp()
        self.jail = self.path("jail")
        subprocess.run([*COMPILER.split(), "-o", self.jail, os.path.join(HERE, "jail.c")], check=True)
        if subprocess.run([self.jail, "/bin/true"], capture_output=True).returncode == 77:
            self.skipTest("the kernel has no seccomp")

    def jailed(self, *command, stdin=b""):
        return subprocess.run([self.jail, *command], input=stdin, capture_output=True, timeout=120)

    def test_it_holds(self):
        file = self.path("new")
        for script in (f"> {file}", f"exec 3<>{file}", f"exec 3>> {file}", f"rm {self.jail}", "kill -9 $$"):
            status = self.jailed("/bin/bash", "-c", script).returncode
            self.assertIn(status, (-signal.SIGSYS, 128 + signal.SIGSYS), script)
        self.assertFalse(os.path.exists(file))

    def test_readers(self):
        one, other, both, names = self.kf, self.path("other.kf"), self.path("both.kfm"), self.path("names.kf")
        weighted = "-q", "--values", "u64", "--weights", "value"
        self.build(b"".join(b"a%d\t%d\n" % (i, i) for i in range(3000)), *weighted)
        self.err("build", "-o", other, *weighted, "-", stdin=b"b\t1\nc\t2\n")
        self.err("bundle", "-q", "-o", both, one, other)
        self.err("names", "build", "-q", "-o", names, "-", stdin=ROWS)
        for command, stdin in (
                (["get", one, "a7"], b""), (["get", both], b"a1\nb\n"), (["scan", "--prefix", "a1", one], b""),
                (["fuzzy", one, "a12"], b""), (["nearest", one, "a12x"], b""), (["match", one, "a1[0-9]"], b""),
                (["complete", one, "a1"], b""), (["find", one], b"see a17 there\n"), (["union", one, other], b""),
                (["diff", one, other], b""), (["stat", one], b""), (["verify", "--threads", "2", both], b""),
                (["dump", one], b""), (["names", "match", names, "house 7 of name"], b""), (["stat", names], b"")):
            free, jailed = self.run_tool(*command, stdin=stdin, expect=None), self.jailed(TOOL, *command, stdin=stdin)
            self.assertIn(free.returncode, (0, 1), (command, free.stderr))
            self.assertEqual((jailed.returncode, jailed.stdout), (free.returncode, free.stdout), command)
