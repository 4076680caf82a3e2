#!/usr/bin/env python3
"""Compares scores and searches of keyfold with those of python-Levenshtein, in whose terms setratio is defined, and
the similarity of tokens with RapidFuzz's.

    oracle.py KEYFOLD LIBRARY [PAIRS [NAMES [NEEDLES]]]      needs Levenshtein and rapidfuzz; bench/names/run has them

Prints what differs and "N passed, N failed". Scores agree within 1e-12; where two names score the same within that,
either may be the best one for the peer, whose sums depend on the order of adding."""
import ctypes
import os
import random
import subprocess
import sys
import tempfile

import Levenshtein
from rapidfuzz.distance import Indel

LETTERS = ["a", "b", "c", "\u00e9", "e\u0301", "\U0001f600", "\u4e2d", "A", "-", "'"]
passed = failed = 0


def check(good, message):
    global passed, failed
    passed, failed = passed + bool(good), failed + (not good)
    if not good and failed < 20:
        print(message)


def score_of(library):
    function = ctypes.CDLL(library).kf_names_score

    def score(a, b):
        a, b, result = a.encode(), b.encode(), ctypes.c_double()
        status = function(0, a, ctypes.c_size_t(len(a)), b, ctypes.c_size_t(len(b)), ctypes.byref(result), None)
        assert status == 0
        return result.value
    return score


def random_name(rng, kinds, most_tokens, most_letters):
    return " ".join("".join(rng.choices(LETTERS[:kinds], k=rng.randint(0, most_letters)))
                    for _ in range(rng.randint(1, most_tokens)))


def compare_scores(score, count):
    rng = random.Random(1)
    for i in range(count):
        shape = (rng.randint(1, 10), *rng.choice([(1, 130), (4, 6), (6, 20), (12, 4), (70, 3), (3, 70)]))
        a, b = random_name(rng, *shape), random_name(rng, *shape)
        mine, peer = score(a, b), Levenshtein.setratio(a.split(" "), b.split(" "))
        check(abs(mine - peer) < 1e-12 and mine == score(b, a), f"{a!r} {b!r}: {mine} {peer}")
        shuffled = b.split(" ")
        rng.shuffle(shuffled)
        check(mine == score(a, " ".join(shuffled)), f"{a!r} {b!r}: depends on the order")
        if " " not in a and " " not in b:
            check(abs(mine - Indel.normalized_similarity(a, b)) < 1e-12, f"{a!r} {b!r}: not the ratio")


def compare_searches(tool, names, needles):
    with tempfile.TemporaryDirectory() as folder:
        index, rows = os.path.join(folder, "names.kf"), "".join(f"{i}\t{name}\n" for i, name in enumerate(names))
        subprocess.run([tool, "names", "build", "-q", "-r", "-f", "tsv", "-o", index, "-"], input=rows.encode(),
                       check=True)
        found = subprocess.run([tool, "names", "match", "-r", "-W", index, "-i", "-"], check=True,
                               input="".join(f"{needle}\n" for needle in needles).encode(), capture_output=True).stdout
    lists = [name.split(" ") for name in names]
    for needle, line in zip(needles, found.decode().splitlines()):
        position, name, score = line.split("\t")
        tokens = needle.split(" ")
        scores = [Levenshtein.setratio(tokens, other) for other in lists]
        best = max(scores)
        lowest = next(i for i, other in enumerate(scores) if other > best - 1e-12)
        check(abs(float(score) - best) < 1e-12 and int(position) == lowest and name == names[lowest],
              f"{needle!r}: {line} and not {lowest} {names[lowest]!r} {best}")
    check(len(found.splitlines()) == len(needles), "needles without an answer")


def main():
    tool, library = sys.argv[1], os.path.abspath(sys.argv[2])
    pairs, count, searches = (int(text) for text in (sys.argv[3:] + ["4000", "1500", "300"][len(sys.argv) - 3:]))
    compare_scores(score_of(library), pairs)
    rng = random.Random(3)
    for kinds, tokens, letters in ((3, 3, 3), (6, 5, 5), (10, 3, 12)):
        names = [random_name(rng, kinds, tokens, letters) for _ in range(count)]
        needles = [random_name(rng, kinds, tokens + 1, letters) for _ in range(searches // 3)]
        compare_searches(tool, names, needles)
    print(f"{passed} passed, {failed} failed")
    return 1 if failed or not passed else 0


if __name__ == "__main__":
    sys.exit(main())
