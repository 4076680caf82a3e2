"""What today's tools take for the same needles: peers.py ROWS NEEDLES...

A row is "ID TAB NAME"; a needle a line; a file of them is a class. For each class, as JSON: CPU milliseconds a needle
of RapidFuzz's extractOne (ratio, token_sort_ratio) and of a loop over python-Levenshtein's setratio, and the best
score that the loop found, which must be keyfold's. Few needles do: each is a scan of all names."""
import json
import os
import resource
import sys
import time

import Levenshtein
from rapidfuzz import fuzz, process


def cpu(function):
    begun = time.process_time()
    result = function()
    return 1000 * (time.process_time() - begun), result


def main():
    with open(sys.argv[1], encoding="utf-8") as file:
        names = [line.rstrip("\n").split("\t", 1)[1] for line in file]
    lists = [name.split(" ") for name in names]
    for path in sys.argv[2:]:
        with open(path, encoding="utf-8") as file:
            needles = [line.rstrip("\n") for line in file]
        times, best = {"extractOne ratio": 0, "extractOne token_sort_ratio": 0, "setratio loop": 0}, []
        for needle in needles:
            tokens = needle.split(" ")
            for name, scorer in (("ratio", fuzz.ratio), ("token_sort_ratio", fuzz.token_sort_ratio)):
                spent, _ = cpu(lambda: process.extractOne(needle, names, scorer=scorer))
                times["extractOne " + name] += spent
            spent, score = cpu(lambda: max(Levenshtein.setratio(tokens, other) for other in lists))
            times["setratio loop"] += spent
            best.append(score)
        print(json.dumps({"class": os.path.basename(path), "needles": needles, "best": best,
                          "ms": {name: spent / len(needles) for name, spent in times.items()}}))
    print(json.dumps({"peak_mib": resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024}))


if __name__ == "__main__":
    main()
