#!/usr/bin/env python3
"""Tests of the streaming generator: compiles it and prints "N passed, N failed" as its last line.

    test.py [COMPILER]      (default cc)

Sorted output ascends strictly; shuffled output is a permutation of it, parts make up the whole, samples are
pairs of it and absent keys are none; at the largest count the same is proved by bisection over parts."""
import glob
import os
import re
import subprocess
import sys
import tempfile

HERE = os.path.dirname(os.path.abspath(__file__))
COUNTS = [1, 2, 3, 63, 64, 65, 4095, 4097, 20011] + [100003] * (os.environ.get("KEYFOLD_TESTS") == "long")
LARGEST, PARTS = 1 << 34, 1 << 20
NUCLEOTIDE = rb"[A-Z]\d{5}|[A-Z]{2}(\d{6}|\d{8})|[A-Z]{4}\d{8,10}|N[CGR]_\d{6}|[NX][MR]_\d{9}"
PROTEIN = rb"[A-Z]{3}(\d{5}|\d{7})|[NXWY]P_\d{9}"
UNIPROT = rb"[OPQ]\d[A-Z\d]{3}\d|[A-Z]\d([A-Z][A-Z\d]{2}\d){1,2}"
SHAPES = {      # forms of a key, and of the value after it
    "accessions": (rb"(%s|%s)\.[1-4]" % (NUCLEOTIDE, PROTEIN), rb"[1-9]\d{0,6}"),
    "fixed": (rb"[0-9A-HJKMNP-TV-Z]{14}", rb"[0-9A-HJKMNP-TV-Z]{15}"),
    "idmapping": (UNIPROT, rb"(UPI00[0-9A-F]{8}|(?P=key)_9[A-Z]{4})"),
    "kmers": (rb"[ACGT]{31}", rb"[1-9]\d{0,6}"),
}
passed = failed = 0
program = None


def check(what, is_right):
    global passed, failed
    if is_right:
        passed += 1
    else:
        failed += 1
        print("FAILED: " + what)


def run(shape, count, *more):
    out = subprocess.run([program, shape, str(count)] + [str(x) for x in more], check=True,
                         stdout=subprocess.PIPE).stdout
    return out.split(b"\n")[:-1]


def keys(lines):
    return [line.partition(b"\t")[0] for line in lines]


def ascends(found):
    return all(a < b for a, b in zip(found, found[1:]))


def small(shape, count):
    what = "%s, %d pairs: " % (shape, count)
    lines = run(shape, count)
    known = keys(lines)
    pairs, distinct = set(lines), set(known)
    check(what + "count", len(lines) == count)
    check(what + "keys are distinct", len(distinct) == count)
    if shape != "kmers":
        check(what + "keys ascend", ascends(known))
    else:
        check(what + "windows overlap", all(a[1:] == b[:-1] for a, b in zip(known, known[1:])))
    key_form, value_form = SHAPES[shape]
    form = re.compile(rb"(?P<key>%s)\t%s" % (key_form, value_form))
    check(what + "form", all(form.fullmatch(line) for line in lines))
    shuffled = run(shape, count, "--order", "shuffled")
    check(what + "shuffled is a permutation", sorted(shuffled) == sorted(lines))
    if count > 60:
        moved = sum(a != b for a, b in zip(shuffled, lines))
        rises = sum(a < b for a, b in zip(shuffled, shuffled[1:])) / count
        check(what + "shuffled is another order", moved > 0.9 * count and 0.3 < rises < 0.7)
    for order, whole in (("genome" if shape == "kmers" else "sorted", lines), ("shuffled", shuffled)):
        for parts in (1, 3, 7):
            found = [run(shape, count, "--order", order, "--part", "%d/%d" % (i + 1, parts))
                     for i in range(parts)]
            check(what + "%d %s parts" % (parts, order), sum(found, []) == whole
                  and max(map(len, found)) - min(map(len, found)) <= 1)
    sample = run(shape, count, "--sample", 3000)
    check(what + "samples are pairs", len(sample) == 3000 and set(sample) <= pairs)
    check(what + "samples differ", len(set(sample)) > 0.6 * min(count, 3000))
    check(what + "another sample",
          count < 10 or run(shape, count, "--sample", 3000, "--sample-seed", 2) != sample)
    absent = run(shape, count, "--absent", 20000)
    check(what + "absent keys", len(absent) == 20000 and not set(absent) & distinct)
    check(what + "absent keys look alike", all(re.fullmatch(key_form, key) for key in absent))
    check(what + "the same again", run(shape, count) == lines)
    check(what + "another seed", count < 10 or run(shape, count, "--seed", 2) != lines)


def part_of(shape, key):
    """The lines of the part at the largest count that has the key, if any has it."""
    low, high = 1, PARTS
    while low < high:
        middle = (low + high + 1) // 2
        first = run_first(shape, middle)
        low, high = (middle, high) if first <= key else (low, middle - 1)
    return run(shape, LARGEST, "--part", "%d/%d" % (low, PARTS))


def run_first(shape, part):
    command = [program, shape, str(LARGEST), "--part", "%d/%d" % (part, PARTS)]
    with subprocess.Popen(command, stdout=subprocess.PIPE) as process:
        line = process.stdout.readline()
        process.stdout.read()
    return line.partition(b"\t")[0]


def largest(shape):
    what = "%s, %d pairs: " % (shape, LARGEST)
    seams = [run(shape, LARGEST, "--part", "%d/%d" % (i, PARTS))
             for i in (1, 2, 3, PARTS // 2, PARTS // 2 + 1, PARTS - 1, PARTS)]
    whole = keys(sum(seams, []))
    check(what + "keys of some parts are distinct", len(set(whole)) == len(whole) == 7 * LARGEST // PARTS)
    sample = run(shape, LARGEST, "--sample", 50000)
    absent = run(shape, LARGEST, "--absent", 50000)
    check(what + "samples are spread", len(set(sample)) > 49990)
    check(what + "no sample is absent", not set(absent) & set(keys(sample)))
    if shape != "kmers":
        check(what + "keys of some parts ascend", ascends(whole))
        for line in sample[:8]:
            check(what + "bisection finds %r" % line, line in part_of(shape, line.partition(b"\t")[0]))
        for key in absent[:8]:
            check(what + "bisection misses %r" % key, key not in keys(part_of(shape, key)))


def refusals():
    for line in ("accessions", "nothing 5", "fixed 0", "fixed 5x", "fixed 17179869185", "fixed 5 6",
                 "fixed -5", "fixed 5 --part 0/2", "fixed 5 --part 3/2", "fixed 5 --part 1",
                 "fixed 5 --order up", "kmers 5 --order sorted", "fixed 5 --order genome",
                 "fixed 5 --value-bytes 0", "fixed 5 --sample x", "fixed 5 --unknown"):
        done = subprocess.run([program] + line.split(), stdout=subprocess.PIPE, stderr=subprocess.PIPE)
        check("refuses " + line,
              done.returncode == 2 and not done.stdout and b"usage:" in done.stderr)
    with open("/dev/full", "wb") as full:
        done = subprocess.run([program, "fixed", "100000"], stdout=full, stderr=subprocess.PIPE)
    check("says that the disk is full", done.returncode == 1 and done.stderr.startswith(b"gen_stream: "))


def main():
    global program
    with tempfile.TemporaryDirectory() as folder:
        program = os.path.join(folder, "gen_stream")
        subprocess.run([sys.argv[1] if len(sys.argv) > 1 else "cc", "-std=gnu11", "-O2", "-Wall", "-Wextra",
                        "-Werror", "-o", program] + sorted(glob.glob(os.path.join(HERE, "*.c"))), check=True)
        for shape in SHAPES:
            for count in COUNTS:
                small(shape, count)
            largest(shape)
        values = [line.split(b"\t") for line in run("fixed", 2000, "--value-bytes", 1001)]
        check("values of 1001 bytes", {len(v) for _, v in values} == {1001})
        check("values differ", len({v for _, v in values}) == 2000)
        check("they don't change the keys", [k for k, _ in values] == keys(run("fixed", 2000)))
        refusals()
    print("%d passed, %d failed" % (passed, failed))
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main())
