#!/usr/bin/env python3
"""A build's memory stays within --memory: test_memory.py KEYFOLD PAIRS    (pairs.c, compiled)

Peak resident sizes are the system's own figures of the tool's process; there is no point in a sanitized one's.
Prints "N passed, N failed" as its last line.
"""
import json
import os
import subprocess
import sys
import tempfile

SKIPPED = 77
MIB = 1 << 20
# Resident besides what --memory divides: the program, the libraries that it maps, and the tool's input buffers.
# Measured: 3 MiB for three pairs.
BESIDE = 8 * MIB
SMALL, LARGE = 23, 24         # 2.8 and 5.6 million pairs: 180 and 370 MB of input
RUNS = [                      # bits, order, MiB of memory, other options
    (SMALL, "sorted", 64, []),
    (SMALL, "shuffled", 64, []),
    (SMALL, "shuffled", 64, ["--shards", "5"]),
    (LARGE, "sorted", 256, []),
    (LARGE, "shuffled", 256, []),
    (SMALL, "sorted", 1024, []),
    (LARGE, "shuffled", 1024, []),
]
# The larger half takes most of the time and shows the same at another size: it is for the long run.
if os.environ.get("KEYFOLD_TESTS") != "long":
    RUNS = [run for run in RUNS if run[0] == SMALL]
passed = failed = 0


def check(what, is_right):
    global passed, failed
    if is_right:
        passed += 1
    else:
        failed += 1
        print("FAILED: " + what)


def build(tool, pairs, folder, bits, order, memory, more):
    """The tool's report, and its peak resident size in bytes."""
    out = os.path.join(folder, "out.kf")
    # Whatever is allocated would be touched.
    quiet = {name: text for name, text in os.environ.items() if name != "MALLOC_PERTURB_"}
    feed = subprocess.Popen([pairs, str(bits), order], stdout=subprocess.PIPE)
    tool = subprocess.Popen([tool, "build", "-q", "-j", "-o", out, "-f", "tsv", "--raw", "--threads", "2",
                             "--memory", "%dM" % memory, *more, "-"],
                            stdin=feed.stdout, stdout=subprocess.PIPE, env=quiet)
    feed.stdout.close()
    report = tool.stdout.read()
    tool.stdout.close()
    _, status, usage = os.wait4(tool.pid, 0)
    tool.returncode = status
    if feed.wait() or status:
        return None, 0
    os.unlink(out)
    return json.loads(report), usage.ru_maxrss * 1024


def main():
    if not sys.platform.startswith("linux"):      # elsewhere ru_maxrss has other units, or is 0
        print("0 passed, 0 failed")
        return SKIPPED
    tool, pairs = map(os.path.abspath, sys.argv[1:3])
    peaks, keys = {}, {}
    with tempfile.TemporaryDirectory(prefix="keyfold-memory-") as folder:
        for bits, order, memory, more in RUNS:
            what = "%d bits, %s, %d MiB%s: " % (bits, order, memory, " in shards" if more else "")
            report, peak = build(tool, pairs, folder, bits, order, memory, more)
            check(what + "is built", report is not None)
            if report is None:
                continue
            print("%s%.1f MiB, %.0f MB on disk" % (what, peak / MIB, report["temporary_peak"] / 1e6))
            check(what + "all pairs are in it", report["keys"] == keys.setdefault(bits, report["keys"]) > 1 << 21)
            check(what + "peak of %.1f MiB" % (peak / MIB), 0 < peak <= memory * MIB + BESIDE)
            peaks[bits, order, memory] = peak
    # The budgets are the reason: the same pairs take more where they may.
    check("64 MiB is less than the pairs would take", peaks.get((SMALL, "sorted", 1024), 0) > 64 * MIB + BESIDE)
    if (LARGE, "shuffled", 1024) in peaks:
        check("256 MiB is less than the pairs would take", peaks.get((LARGE, "shuffled", 1024), 0) > 256 * MIB + BESIDE)
    print("%d passed, %d failed" % (passed, failed))
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main())
