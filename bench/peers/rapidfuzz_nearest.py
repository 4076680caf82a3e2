"""The nearest key by RapidFuzz, which compares the needle with all keys: its C++ scorers over a list of str.

    rapidfuzz_nearest.py levenshtein|indel|jaro-winkler distance|similarity CORPUS NEEDLES

Prints the figures of bench/queries.h."""
import json
import sys
import time

from rapidfuzz import process
from rapidfuzz.distance import Indel, JaroWinkler, Levenshtein

METRICS = {"levenshtein": Levenshtein, "indel": Indel, "jaro-winkler": JaroWinkler}


def lines(path):
    with open(path, "rb") as f:
        return f.read().decode("utf-8", "surrogateescape").split("\n")[:-1]


def main():
    metric, ranking, corpus, needles = sys.argv[1:]
    scorer = getattr(METRICS[metric], "distance" if ranking == "distance" else "normalized_similarity")
    keys, needles = lines(corpus), lines(needles)
    process.extractOne(needles[0], keys, scorer=scorer)
    microseconds, scores = [], []
    for needle in needles:
        start = time.thread_time()
        found = process.extractOne(needle, keys, scorer=scorer)
        microseconds.append((time.thread_time() - start) * 1e6)
        scores.append(found[1])
    print(json.dumps({"us": microseconds, "compile_us": [0] * len(needles), "hits": [1] * len(needles),
                      "sums": scores}))


main()
