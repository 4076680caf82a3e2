"""What all tests of the tool share."""

import os
import re
import select
import shutil
import signal
import struct
import subprocess
import tempfile
import unittest

TOOL = os.environ["KEYFOLD_TOOL"]
# Built for Windows: the tests run here, it under Wine.
WINDOWS = TOOL.endswith(".exe")
# What asks it to stop. Wine makes Ctrl-C of SIGINT, and SIGTERM ends Wine itself.
STOP = signal.SIGINT if WINDOWS else signal.SIGTERM
ROOT = os.path.dirname(os.path.dirname(os.path.dirname(os.path.abspath(__file__))))

ESCAPES = {0: b"\\0", 9: b"\\t", 10: b"\\n", 13: b"\\r", 92: b"\\\\"}
SPECIAL = re.compile(b"[\\0\\t\\n\\r\\\\\\\\]")
ESCAPED = re.compile(rb"\\(x(..)|.|$)", re.S)


def on_posix(reason):
    """For tests of what Windows lacks, or Wine."""
    return unittest.skipIf(WINDOWS, reason)


def escape(data):
    return SPECIAL.sub(lambda found: ESCAPES[found[0][0]], data)


def unescape(data):
    """The inverse of escape, written independently of the tool's."""
    names = {b"&": b"", b"0": b"\0", b"t": b"\t", b"n": b"\n", b"r": b"\r", b"\\": b"\\"}
    return ESCAPED.sub(lambda found: bytes([int(found[2], 16)]) if found[2] else names[found[1]], data)


def zstd_frame(data):
    """A zstd frame with stored blocks: enough to test a reader without a compressor."""
    header = b"\x28\xb5\x2f\xfd\xa0" + struct.pack("<I", len(data))
    pieces = [data[at:at + 65536] for at in range(0, len(data), 65536)] or [b""]
    blocks = b""
    for number, piece in enumerate(pieces):
        last = number == len(pieces) - 1
        blocks += struct.pack("<I", last | len(piece) << 3)[:3] + piece
    return header + blocks


class CliTest(unittest.TestCase):
    maxDiff = 2000

    def setUp(self):
        self.folder = tempfile.mkdtemp(prefix="keyfold-cli-")
        self.addCleanup(shutil.rmtree, self.folder)
        self.kf = self.path("out.kf")

    def path(self, name):
        return os.path.join(self.folder, name)

    def write(self, name, data):
        with open(self.path(name), "wb") as file:
            file.write(data)
        return self.path(name)

    def run_tool(self, *args, stdin=b"", expect=0, **more):
        """Runs the tool; returns the finished process after checking its exit code."""
        done = subprocess.run([TOOL, *args], input=stdin, stdout=subprocess.PIPE,
                              stderr=subprocess.PIPE, timeout=120, **more)
        if expect is not None and done.returncode != expect:
            self.fail(f"{args}: exit code {done.returncode}, not {expect}\n"
                      f"{done.stderr[:2000].decode(errors='replace')}")
        return done

    def out(self, *args, **more):
        return self.run_tool(*args, **more).stdout

    def err(self, *args, **more):
        return self.run_tool(*args, **more).stderr.decode(errors="replace")

    def converse(self, arguments, exchanges, expect=0):
        """Writes each question to the tool and waits for its whole answer before the next one; the pipe stays
        open in between."""
        child = subprocess.Popen([TOOL, *arguments], stdin=subprocess.PIPE, stdout=subprocess.PIPE, bufsize=0)
        try:
            for question, answer in exchanges:
                child.stdin.write(question)
                found = b""
                while len(found) < len(answer):
                    ready, _, _ = select.select([child.stdout], [], [], 30)
                    self.assertTrue(ready, "no answer")
                    piece = os.read(child.stdout.fileno(), 4096)
                    self.assertTrue(piece, "the tool has ended")
                    found += piece
                self.assertEqual(found, answer)
            child.stdin.close()
            self.assertEqual(child.wait(30), expect)
        finally:
            child.kill()
            child.wait()
            child.stdout.close()

    def build(self, data, *options, expect=0, name="-"):
        """Builds self.kf from `data` on stdin or in a file of that name; returns stderr."""
        if name == "-":
            return self.err("build", "-o", self.kf, *options, "-", stdin=data, expect=expect)
        return self.err("build", "-o", self.kf, *options, self.write(name, data), expect=expect)

    def pairs(self, path=None):
        """The dictionary's entries through dump, unescaped by the tests' own code."""
        lines = self.out("dump", path or self.kf).split(b"\n")
        self.assertEqual(lines.pop(), b"")
        return [tuple(unescape(part) for part in line.split(b"\t")) for line in lines]

    def assert_nothing_built(self):
        self.assertFalse(os.path.exists(self.kf))
        left = [name for name in os.listdir(self.folder) if name.startswith((".", "out"))]
        self.assertEqual(left, [])
