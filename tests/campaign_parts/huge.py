#!/usr/bin/env python3
"""A dictionary with more than 4 GiB of values: every one is found, from one side of the limit to the other.

    huge.py KEYFOLD FOLDER [MIB]

Needs some 11 GiB in the folder's file system. Prints "N passed, N failed"."""
import os
import random
import subprocess
import sys
import tempfile

sys.dont_write_bytecode = True
sys.path.append(os.path.join(os.path.dirname(os.path.dirname(os.path.abspath(__file__))), "support"))
from tally import tally  # noqa: E402

SIZE = 1 << 20
BLOCK = random.Random(1).randbytes(SIZE).hex().encode()


def value(number):
    """Of a MiB, and like no other."""
    turn = number * 7919 % SIZE
    return b"%016d" % number + BLOCK[turn:turn + SIZE - 16]


def main(tool, folder, count=5200):
    os.makedirs(folder, exist_ok=True)
    with tempfile.TemporaryDirectory(prefix="huge-", dir=folder) as work:
        path = os.path.join(work, "huge.kf")
        with subprocess.Popen([tool, "build", "-q", "--encoding", "raw", "--format", "tsv", "-o", path, "-"],
                              stdin=subprocess.PIPE) as build:
            for number in range(count):
                build.stdin.write(b"key %08d\t" % number + value(number) + b"\n")
        verified = build.returncode == 0 and subprocess.run([tool, "verify", "-q", path]).returncode == 0
        wrong = int(os.path.getsize(path) < count * SIZE)
        dump = subprocess.Popen([tool, "dump", path], stdout=subprocess.PIPE)
        for number in range(count):
            wrong += dump.stdout.readline() != b"key %08d\t" % number + value(number) + b"\n"
        wrong += dump.stdout.read() != b"" or dump.wait() != 0
        for number in (0, 4094, 4095, 4096, 4097, count - 1):
            if number < count:
                got = subprocess.run([tool, "get", path, "key %08d" % number], stdout=subprocess.PIPE).stdout
                wrong += not got.endswith(value(number) + b"\n")
    tally("values beyond 4 GiB", max(0, count - 4096))
    print(f"{int(verified) + (not wrong)} passed, {int(not verified) + (wrong > 0)} failed")
    return not verified or wrong > 0


if __name__ == "__main__":
    sys.exit(main(*sys.argv[1:3], *map(int, sys.argv[3:])))
