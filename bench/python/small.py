"""Small tables and calls, against pickle, marisa-trie and LMDB in one process and in turn: small.py PAIRS FOLDER COUNT.

Prints CPU times: of compiling a dict of COUNT of the pairs in the file PAIRS, of freezing it again, of ten items of a
prefix, of all items, of get_many of few keys."""
import itertools
import json
import os
import pickle
import random
import sys
import time

import keyfold
import lmdb
import marisa_trie
import pyarrow

MOST_BELOW = 40     # keys that a prefix of ten begins, at most


def in_turn(ways, least=5, seconds=0.2):
    """The median CPU time of each of some functions, called one after the other again and again."""
    times = {name: [] for name in ways}
    begin = time.perf_counter()
    while len(times[next(iter(ways))]) < least or time.perf_counter() - begin < seconds:
        for name, way in ways.items():
            start = time.process_time()
            way()
            times[name].append(time.process_time() - start)
    return {name: sorted(each)[len(each) // 2] for name, each in times.items()}


def sync(path, flags=os.O_RDONLY):
    opened = os.open(path, flags)
    os.fsync(opened)
    os.close(opened)


def compiling(model, folder):
    def pickled(path=os.path.join(folder, "pickle")):
        with open(path, "wb") as file:
            pickle.dump(model, file, 5)

    def marisa(path=os.path.join(folder, "trie")):
        marisa_trie.BytesTrie((key, value.encode()) for key, value in model.items()).save(path)

    def published(write):
        """As keyfold does it: no reader ever sees half of it, and it survives a crash."""
        beside = os.path.join(folder, "beside")
        write(beside)
        sync(beside)
        os.replace(beside, os.path.join(folder, "published"))
        sync(folder, os.O_RDONLY | os.O_DIRECTORY)

    def compiled(**options):
        keyfold.compile(os.path.join(folder, "small.kf"), model, **options)

    def frozen():
        keyfold.freeze(model)

    columns = pyarrow.table({"key": list(model), "value": list(model.values())})
    frozen()
    return in_turn({"keyfold": compiled, "pickle": pickled, "marisa": marisa, "freeze": frozen,
                    "pickle, published": lambda: published(pickled), "marisa, published": lambda: published(marisa),
                    "keyfold, not synced": lambda: compiled(sync=False),
                    "keyfold, fast": lambda: compiled(effort="fast"),
                    "keyfold, of columns": lambda: keyfold.compile(os.path.join(folder, "columns.kf"), columns)})


def prefixes(table, keys):
    """Some that at least ten keys begin with, and not many more."""
    found = []
    for key in random.Random(2).sample(keys, min(len(keys), 300)):
        size = next((size for size in range(len(key), 0, -1) if len(table.keys(prefix=key[:size])) >= 10), 0)
        if size and len(table.keys(prefix=key[:size])) <= MOST_BELOW:
            found.append(key[:size])
    return found


def ten(items, starts):
    return [list(itertools.islice(items(start), 10)) for start in starts]


def main(pairs, folder, count):
    with open(pairs, "rb") as file:
        model = dict(itertools.islice(pickle.load(file), int(count)))
    os.environ["KEYFOLD_CACHE"] = os.path.join(folder, "cache")
    found = {"compile": compiling(model, folder)}
    keys = sorted(model)
    table = keyfold.open(os.path.join(folder, "small.kf"))
    trie = marisa_trie.BytesTrie().mmap(os.path.join(folder, "trie"))
    store = lmdb.open(os.path.join(folder, "lmdb"), map_size=1 << 32, lock=False, sync=False)
    with store.begin(write=True) as transaction:
        for key in keys:
            transaction.put(key.encode(), model[key].encode())
    starts = prefixes(table, keys)

    def ours(start):
        return table.items(prefix=start)

    wrong = [] if dict(table.items()) == model else ["items"]
    if [[key for key, _ in each] for each in ten(ours, starts)] != \
            [keys[table.ordinal(each[0][0]):][:10] for each in ten(ours, starts)]:
        wrong.append("prefixes")
    if starts:
        found["prefix"] = {name: seconds / len(starts) for name, seconds in in_turn({
            "keyfold": lambda: ten(ours, starts), "marisa": lambda: ten(trie.iteritems, starts)}).items()}

    def walk():
        with store.begin() as transaction:
            return [(key, value) for key, value in transaction.cursor()]

    found["items"] = {name: seconds / len(keys) for name, seconds in in_turn({
        "keyfold": lambda: list(table.items()), "lmdb": walk}).items()}
    asked = random.Random(4).choices(keys, k=1000)
    few = {f"get_many of {size}": lambda size=size: [table.get_many(asked[at:at + size]) for at in range(0, 1000, size)]
           for size in (1, 10, 100)}
    found["few"] = {name: seconds / 1000 for name, seconds in in_turn(
        {"get": lambda: [table.get(key) for key in asked], **few}).items()}
    if any(table.get_many(asked[:size]) != [model[key] for key in asked[:size]] for size in (1, 10, 100)):
        wrong.append("get_many")
    print(json.dumps({**found, "pairs": len(model), "wrong": wrong}))


if __name__ == "__main__":
    main(*sys.argv[1:])
