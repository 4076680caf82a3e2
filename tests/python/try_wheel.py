"""Tries an installed package with nothing but the standard library: files are built, opened and searched, and the
command reads packed input. bindings/python/wheel runs it in a clean environment, and so does continuous integration."""
import bz2
import gzip
import json
import lzma
import os
import subprocess
import sys
import tempfile

import keyfold


def command(*words):
    done = subprocess.run([sys.executable, "-m", "keyfold", *words], capture_output=True, check=False)
    assert done.returncode == 0, done.stderr.decode()
    return done.stdout


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

    # zlib, zstd, liblzma and libbz2 are there.
    assert command("get", path, "key 7").decode().rstrip("\n").endswith(entries["key 7"])
    with gzip.open(os.path.join(folder, "in.jsonl.gz"), "wt") as lines:
        lines.write(json.dumps({"key": "a", "value": "b"}) + "\n")
    command("build", "-o", os.path.join(folder, "a.kf"), os.path.join(folder, "in.jsonl.gz"))
    assert b"b" in command("get", os.path.join(folder, "a.kf"), "a")
    for name, pack in (("in.tsv.xz", lzma.compress), ("in.tsv.bz2", bz2.compress)):
        with open(os.path.join(folder, name), "wb") as lines:
            lines.write(pack(b"packed\tfound\n"))
        assert keyfold.compile(path, os.path.join(folder, name))["packed"] == "found"
    print(command("--version").decode().splitlines()[0])


if __name__ == "__main__":
    with tempfile.TemporaryDirectory() as made:
        main(made)
