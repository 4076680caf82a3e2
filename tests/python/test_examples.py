"""The example programs, with data that every Python has: in the usual run that of Dask."""
import collections
import email
import hashlib
import json
import os
import re
import sys
import unicodedata

import pytest
from conftest import SOURCE
from test_engines import LONG, run

import keyfold

EXAMPLES = SOURCE / "bindings" / "python" / "examples"


def lines_of(name, *arguments):
    status, output = run(EXAMPLES / name, *arguments)
    assert status == 0, output
    return output.splitlines()


def texts(*packages):
    folders = [os.path.dirname(package.__file__) for package in packages]
    return [os.path.join(folder, name) for folder in folders for name in sorted(os.listdir(folder))
            if name.endswith(".py")]


def test_words(tmp_path):
    pytest.importorskip("dask.dataframe")
    paths = texts(json, email)
    counts = {path: collections.Counter(re.findall(r"[^\W\d_]+", open(path, encoding="utf-8").read().lower()))
              for path in paths}
    whole = sum(counts.values(), collections.Counter())
    lines = lines_of("dask_words.py", tmp_path / "words.kfm", *paths)
    assert dict(keyfold.open(tmp_path / "words.kfm")) == whole
    assert re.fullmatch(rf"{len(whole)} words in [2-4] shards", lines[0])
    alone = sorted((-count, word, path) for path in paths for word, count in counts[path].items()
                   if whole[word] == count)
    shown = [line.split("\t") for line in lines[1:]]
    assert [int(count) for _, count, _ in shown] == [-count for count, _, _ in alone[:5]]
    assert all((-int(count), word, path) in alone for word, count, path in shown)


@LONG
def test_characters(tmp_path):
    pytest.importorskip("pyspark")
    (tmp_path / "text").write_text("\u00e9\u2203x xxx\n\u00e9\n", encoding="utf-8")
    lines = lines_of("spark_characters.py", tmp_path / "characters.kfm", tmp_path / "text")
    names = {chr(point): unicodedata.name(chr(point)) for point in range(sys.maxunicode + 1)
             if unicodedata.name(chr(point), "")}
    assert dict(keyfold.open(tmp_path / "characters.kfm")) == names
    assert lines == [f"{len(names)} characters in 4 shards", "1\tSPACE", "1\tTHERE EXISTS",
                     "2\tLATIN SMALL LETTER E WITH ACUTE", "4\tLATIN SMALL LETTER X"]


@LONG
def test_duplicates(tmp_path):
    pytest.importorskip("ray")
    folder = tmp_path / "files"
    folder.mkdir()
    for path in texts(json, email):
        content = open(path, "rb").read()
        for copy in range(1 + len(content) % 3):
            (folder / f"{os.path.basename(path)}{copy}").write_bytes(content)
    found = {}
    for path in sorted(folder.iterdir()):
        found.setdefault(hashlib.sha256(path.read_bytes()).digest(), []).append(str(path))
    lines = lines_of("ray_duplicates.py", tmp_path / "files.kfm", folder)
    table = keyfold.open(tmp_path / "files.kfm")
    assert {key: sorted(paths) for key, paths in table.items()} == found
    several = sorted((-len(paths), paths[0]) for paths in found.values() if len(paths) > 1)
    assert lines[0].startswith(f"{sum(map(len, found.values()))} files, {len(found)} contents in ")
    assert lines[1:] == [f"{-count}\t{path}" for count, path in several[:5]]
