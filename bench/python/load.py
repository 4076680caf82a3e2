"""Pickled parts into one table: load.py HOW FOLDER WORKERS MEMORY_MIB.

The peak is of the sum of all processes' Pss, looked at every tenth of a second."""
import functools
import glob
import json
import multiprocessing
import os
import pickle
import sys
import threading
import time

from server import pss, redis_server, tree


def items(path):
    with open(path, "rb") as file:
        return pickle.load(file).items()


def into_redis(port, path):
    import redis
    client = redis.Redis(port=port)
    pairs = list(items(path))
    for i in range(0, len(pairs), 10000):
        client.mset(dict(pairs[i:i + 10000]))
    return len(pairs)


class Peak(threading.Thread):
    def __init__(self):
        super().__init__(daemon=True)
        self.peak = 0
        self.done = threading.Event()

    def run(self):
        while not self.done.wait(0.1):
            self.peak = max(self.peak, sum(map(pss, tree(os.getpid()))))


def load(how, folder, parts, workers, memory):
    path = os.path.join(folder, "loaded")
    if how == "keyfold":
        import keyfold
        table = keyfold.compile(path, parts, reader=items, workers=workers, memory=f"{memory}M")
        return len(table), os.path.getsize(path)
    if how == "Redis":
        import redis
        with redis_server(folder) as (port, process):
            with multiprocessing.Pool(workers) as pool:
                count = sum(pool.imap_unordered(functools.partial(into_redis, port), parts))
            assert redis.Redis(port=port).dbsize() == count
            return count, pss(process.pid)
    import lmdb
    environment = lmdb.open(path, map_size=1 << 36, subdir=False, lock=False, sync=False)
    for part in parts:
        with environment.begin(write=True) as transaction:
            for key, value in items(part):
                transaction.put(key.encode(), value.encode())
    environment.sync(True)
    count = environment.stat()["entries"]
    environment.close()
    return count, os.path.getsize(path)


def main(how, folder, workers, memory):
    parts = sorted(glob.glob(os.path.join(folder, "parts", "*.pickle")))
    peak = Peak()
    peak.start()
    start = time.perf_counter()
    count, size = load(how, folder, parts, workers, memory)
    seconds = time.perf_counter() - start
    peak.done.set()
    peak.join()
    print(json.dumps({"pairs": count, "seconds": seconds, "peak": peak.peak, "bytes": size,
                      "largest_part": max(map(os.path.getsize, parts))}))


if __name__ == "__main__":
    main(sys.argv[1], sys.argv[2], int(sys.argv[3]), int(sys.argv[4]))
