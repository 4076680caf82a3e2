"""Ray: files of equal content, by a table of their digests.

    python ray_duplicates.py TABLE FOLDER...        TABLE: the manifest to write, in a folder of all hosts, or a URL
"""
import hashlib
import os
import sys

import ray

import keyfold


def digested(row):
    with open(row["item"], "rb") as file:
        return {"digest": hashlib.sha256(file.read()).digest(), "path": row["item"]}


def main(target, *folders):
    paths = [os.path.join(folder, name) for top in folders for folder, _, names in os.walk(top) for name in names]
    files = ray.data.from_items([path for path in paths if os.path.isfile(path)]).map(digested)

    # A digest that comes more than once has a list of all its paths.
    table = keyfold.ray.write(files, target, key="digest", value="path", codec="list:str", duplicates="all")
    print(f"{len(paths)} files, {len(table)} contents in {table.stat().shards} shards")

    several = [sorted(found) for found in table.values() if len(found) > 1]
    for found in sorted(several, key=lambda each: (-len(each), each))[:5]:
        print(f"{len(found)}\t{found[0]}")

    # The same table in tasks: it travels as a path.
    known = keyfold.ray.lookup(files.limit(3), "digest", table, "paths").take_all()
    assert all(row["path"] in row["paths"] for row in known)


if __name__ == "__main__":
    main(*sys.argv[1:])
