"""Single gets, one peer a process: single.py build PEER PAIRS FILE, single.py get PEER FILE KEYS."""
import json
import pickle
import resource
import sys
import time

from peers import PEERS, size


def build(peer, pairs, path):
    with open(pairs, "rb") as file:
        pairs = pickle.load(file)
    start = time.perf_counter()
    PEERS[peer]().build(path, pairs)
    return {"build_s": time.perf_counter() - start, "bytes": size(path)}


def get(peer, path, keys):
    with open(keys, "rb") as file:
        keys = pickle.load(file)
    opened = PEERS[peer]()
    before = time.perf_counter()
    find = opened.open(path)
    found = {"open_s": time.perf_counter() - before}
    checksum = hash_of(find, keys)
    best = None
    for _ in range(3):
        start = time.process_time()
        for key in keys:
            find(key)
        once = time.process_time() - start
        best = once if best is None else min(best, once)
    found.update(ns=best / len(keys) * 1e9, checksum=checksum,
                 rss=resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * 1024)
    return found


def hash_of(find, keys):
    """The same for peers that answer the same."""
    return sum(len(key) * (int(find(key)) + 1) for key in keys) % (1 << 61)


if __name__ == "__main__":
    print(json.dumps({"build": build, "get": get}[sys.argv[1]](*sys.argv[2:])))
