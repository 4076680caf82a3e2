"""Tries an installed package with nothing but the standard library: files are built, opened, searched and replaced, by
worker processes too, and the command reads packed input. bindings/python/wheel runs it in a clean environment, and so
does continuous integration."""
import bz2
import errno
import gzip
import json
import lzma
import multiprocessing
import os
import subprocess
import sys
import tempfile

import keyfold


def command(*words):
    done = subprocess.run([sys.executable, "-m", "keyfold", *words], capture_output=True, check=False)
    assert done.returncode == 0, done.stderr.decode()
    return done.stdout


def pairs_of(part):
    return [(f"part {part} key {n}", n) for n in range(5000)]


def failing(part):
    raise ValueError("no such part")


def processes(folder, table, entries):
    """Worker processes read parts, and have tables sent to them."""
    with keyfold.compile(os.path.join(folder, "parts.kf"), range(4), reader=pairs_of, workers=2) as parts:
        assert len(parts) == 20000 and parts["part 3 key 4999"] == 4999
    try:
        keyfold.compile(os.path.join(folder, "none.kf"), range(4), reader=failing, workers=2)
        raise AssertionError("the reader's error is lost")
    except keyfold.ReaderError as problem:
        assert "no such part" in str(problem)
    with multiprocessing.get_context("spawn").Pool(2) as pool:
        assert pool.map(table.get, list(entries)[:1000], chunksize=100) == list(entries.values())[:1000]


def replaced(path, table, entries):
    """What is open stays as it was. Windows replaces it later only, and says so."""
    try:
        keyfold.compile(path, {"a": "b"}).close()
        assert keyfold.open(path)["a"] == "b"
    except OSError as problem:
        assert os.name == "nt" and problem.errno == errno.EBUSY and "a process has it open" in str(problem), problem
    assert all(table[key] == value for key, value in entries.items())
    table.close()
    keyfold.compile(path, {"a": "c"}).close()
    with keyfold.open(path) as again:
        assert again["a"] == "c"
    assert not [name for name in os.listdir(os.path.dirname(path)) if name.startswith(".")]


def frozen(folder):
    os.environ["KEYFOLD_CACHE"] = cache = os.path.join(folder, "cache")
    for given in ({"a": "b"}, {"nested": {"a": 1}}):
        for _ in range(2):
            table = keyfold.freeze(given)
            assert dict(table.items()) == given if "a" in given else table["nested"]["a"] == 1
            table.close()
    with keyfold.freeze(iter([("a", "b"), ("c", "d")])) as table:
        assert table["c"] == "d"
    left = sorted(name for name in os.listdir(cache) if not name.endswith(".kf"))
    assert left == [".key"], left


def main(folder):
    path = os.path.join(folder, "numbers.kf")
    entries = {f"key {n}": f"value {n}" * 9 for n in range(20000)}
    keyfold.compile(path, entries)
    table = keyfold.open(path)
    assert len(table) == 20000 and all(table[key] == value for key, value in entries.items())
    assert "key 20000" not in table
    assert "key 77" in [hit.key for hit in table.fuzzy("kez 77", distance=1)]
    names = keyfold.compile_names(os.path.join(folder, "names.kf"), {1: "ACME WIDGETS LTD", 2: "BOLTS & NUTS"})
    assert names.best("WIDGET LIMITED ACME").id == 1
    names.close()   # Windows neither replaces nor removes what is open

    processes(folder, table, entries)
    frozen(folder)

    # zlib, zstd, liblzma and libbz2 are there.
    assert command("get", path, "key 7").decode().rstrip("\n").endswith(entries["key 7"])
    with gzip.open(os.path.join(folder, "in.jsonl.gz"), "wt") as lines:
        lines.write(json.dumps({"key": "a", "value": "b"}) + "\n")
    command("build", "-o", os.path.join(folder, "a.kf"), os.path.join(folder, "in.jsonl.gz"))
    assert b"b" in command("get", os.path.join(folder, "a.kf"), "a")
    for name, pack in (("in.tsv.xz", lzma.compress), ("in.tsv.bz2", bz2.compress)):
        with open(os.path.join(folder, name), "wb") as lines:
            lines.write(pack(b"packed\tfound\n"))
        with keyfold.compile(os.path.join(folder, f"{name}.kf"), os.path.join(folder, name)) as packed:
            assert packed["packed"] == "found"
    replaced(path, table, entries)
    print(command("--version").decode().splitlines()[0])


if __name__ == "__main__":
    with tempfile.TemporaryDirectory() as made:
        main(made)
