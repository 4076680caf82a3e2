"""get_many against loops over dict.get, in one process and in turn: many.py FILE PAIRS."""
import json
import pickle
import random
import sys
import time

import keyfold
import pyarrow


def main(path, pairs):
    with open(pairs, "rb") as file:
        model = dict(pickle.load(file))
    table = keyfold.open(path)
    # The keys of a query are other objects than those in the dict.
    keys = pickle.loads(pickle.dumps(list(model)))
    random.Random(9).shuffle(keys)
    array = pyarrow.array(keys)
    get = model.get
    ways = {
        "[dict.get(k) for k in list]": lambda: [get(key) for key in keys],
        "list(map(dict.get, list))": lambda: list(map(get, keys)),
        "[dict.get(k) for k in arrow.to_pylist()]": lambda: [get(key) for key in array.to_pylist()],
        "get_many(arrow), as Arrow": lambda: table.get_many(array, output="arrow"),
        "get_many(arrow), as list": lambda: table.get_many(array),
        "get_many(list), as list": lambda: table.get_many(keys),
        "get_many(list), as Arrow": lambda: table.get_many(keys, output="arrow"),
        "ordinals(arrow), as numpy": lambda: table.ordinals(array, output="numpy"),
    }
    want = ways["[dict.get(k) for k in list]"]()
    wrong = [name for name, way in ways.items() if name.startswith("get_many") and
             (way() if name.endswith("list") else pyarrow.array(way()).to_pylist()) != want]
    best = {}
    for _ in range(5):
        for name, way in ways.items():
            start = time.process_time()
            way()
            once = time.process_time() - start
            best[name] = min(best.get(name, once), once)
    print(json.dumps({"keys": len(keys), "wrong": wrong,
                      "rate": {name: len(keys) / seconds for name, seconds in best.items()}}))


if __name__ == "__main__":
    main(*sys.argv[1:])
