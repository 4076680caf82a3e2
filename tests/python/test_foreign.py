"""Files handed to compile that are something else than they seem, and targets that are."""
import os
import pathlib
import sys
from importlib.util import find_spec

import pytest

import keyfold
from keyfold._builder import BuildOptions
from keyfold._native import ffi, lib

sys.path.insert(0, os.path.join(os.path.dirname(os.path.dirname(os.path.abspath(__file__))), "support"))
from foreign import FOREIGN, LEGITIMATE, PAIRS, READABLE  # noqa: E402


def test_what_can_be_read(tmp_path):
    for name, data in READABLE.items():
        path = tmp_path / name
        path.write_bytes(data)
        assert dict(keyfold.compile(tmp_path / "t.kf", path)) == PAIRS, name


def test_what_can_not(tmp_path):
    assert len(FOREIGN) > 60
    for name, (data, words) in FOREIGN.items():
        if name.endswith(".parquet") and not find_spec("pyarrow"):
            continue
        path = tmp_path / name
        path.write_bytes(data)
        with pytest.raises(keyfold.FormatError, match=words) as caught:
            keyfold.compile(tmp_path / "t.kf", path)
        assert str(path) in str(caught.value), name
        assert not (tmp_path / "t.kf").exists(), name
        del caught      # whose traceback may hold the file
        path.unlink()
    assert os.listdir(tmp_path) == []


def test_text_that_begins_like_something_else(tmp_path):
    for name, (data, keys) in LEGITIMATE.items():
        path = tmp_path / name
        path.write_bytes(data)
        assert list(keyfold.compile(tmp_path / "t.kf", path, keys="bytes")) == keys, name


def test_dictionaries_as_inputs(tmp_path):
    table = keyfold.compile(tmp_path / "a.kf", {"a": "b"})
    with pytest.raises(keyfold.FormatError, match="a keyfold dictionary"):
        keyfold.compile(tmp_path / "t.kf", table.path)


def make(kind, path, folder, force):
    more = {"force": True} if force else {}
    if kind == "dict":
        return keyfold.compile(path, {"a": "b"}, **more)
    if kind == "pairs":
        return keyfold.compile(path, iter([("a", "b")]), **more)
    if kind == "file":
        (folder / "in.tsv").write_bytes(b"a\tb\n")
        return keyfold.compile(path, folder / "in.tsv", **more)
    if kind == "parts":
        return keyfold.compile(path, [1], reader=lambda part: {"a": "b"}, workers=0, **more)
    if kind == "freeze":
        return keyfold.freeze({"a": "b"}, path, **more)
    table = keyfold.compile(folder / f"in-{len(os.listdir(folder))}.kf", {"a": "b"})
    if kind == "copy":
        return keyfold.freeze(table, path, **more)
    return (keyfold.merge if kind == "merge" else keyfold.bundle)(path, [table], **more)


@pytest.mark.parametrize("kind", ["dict", "pairs", "file", "parts", "freeze", "copy", "merge", "bundle"])
def test_targets(tmp_path, kind):
    target = tmp_path / "target"
    for content in (b"my text\n", b"\x89KF", b"\0"):
        target.write_bytes(content)
        with pytest.raises(keyfold.ArgumentError, match="is not a keyfold file.*force=True") as caught:
            make(kind, target, tmp_path, False)
        assert str(target) in str(caught.value)
        assert target.read_bytes() == content
    assert make(kind, target, tmp_path, True)["a"] == "b"
    assert make(kind, target, tmp_path, False)["a"] == "b"      # over a keyfold file, no force is needed
    target.write_bytes(b"")
    assert make(kind, target, tmp_path, False)["a"] == "b"      # nor over an empty one, as of mkstemp


def test_effort(tmp_path):
    model = {f"the {i}. key of many": f"and a text that says {i % 97} times {i * i}" for i in range(20000)}
    tables = {effort: keyfold.compile(tmp_path / f"{effort}.kf", model, effort=effort)
              for effort in ("fast", "default", "best")}
    sizes = {effort: os.path.getsize(table.path) for effort, table in tables.items()}
    assert all(dict(table.items()) == model for table in tables.values())
    assert sizes["best"] <= sizes["default"] < sizes["fast"] < 1.4 * sizes["default"]
    merged = keyfold.merge(tmp_path / "merged.kf", [tables["best"]], effort="fast")
    assert dict(merged.items()) == model and os.path.getsize(merged.path) > sizes["default"]
    with pytest.raises(keyfold.ArgumentError, match="effort='much': there are fast, default, best"):
        keyfold.compile(tmp_path / "x.kf", model, effort="much")


def test_a_build_that_is_not_synced(tmp_path):
    tables = [keyfold.compile(tmp_path / "a.kf", {"a": 1}), keyfold.compile(tmp_path / "b.kf", {"a": 1}, sync=False)]
    tables += [keyfold.merge(tmp_path / "c.kf", tables[:1]), keyfold.merge(tmp_path / "d.kf", tables[:1], sync=False)]
    assert len({pathlib.Path(table.path).read_bytes() for table in tables}) == 1
    assert sorted(os.listdir(tmp_path)) == ["a.kf", "b.kf", "c.kf", "d.kf"]
    for sync in (True, False):
        options = ffi.new("kf_build_options *", lib.kfpy_build_options())
        BuildOptions(tmp_path / "e.kf", sync=sync).fill(options)
        assert bool(options.flags & lib.KF_BUILD_NO_SYNC) is not sync


def test_swapped_arguments(tmp_path):
    text = tmp_path / "fruit.txt"
    text.write_bytes(b"apple\npear\n")
    with pytest.raises(FileNotFoundError):
        keyfold.compile(text, tmp_path / "fruit.kf")
    keyfold.compile(tmp_path / "fruit.kf", text)
    with pytest.raises(keyfold.Error):
        keyfold.compile(text, tmp_path / "fruit.kf")
    assert text.read_bytes() == b"apple\npear\n"


def test_empty_paths(tmp_path):
    with pytest.raises(keyfold.NoFile, match="the path is empty"):
        keyfold.open("")
    for call in (lambda: keyfold.compile("", {"a": 1}), lambda: keyfold.freeze({"a": 1}, ""),
                 lambda: keyfold.merge("", [keyfold.compile(tmp_path / "a.kf", {"a": 1})])):
        with pytest.raises(keyfold.ArgumentError, match="empty"):
            call()
    for path in (tmp_path / "absent.tsv", tmp_path / "absent" / "x.tsv"):
        with pytest.raises(FileNotFoundError):
            keyfold.compile(tmp_path / "t.kf", path)
    with pytest.raises(IsADirectoryError):
        keyfold.compile(tmp_path / "t.kf", tmp_path)


def test_bad_records(tmp_path):
    for name, data, words in (("a.csv", b"a,1\nb,2,3\n", ":2: 3 fields, the first record has 2"),
                              ("a.csv", b'a,1\nb,"2\n', ":2: a quote is not closed"),
                              ("a.tsv", b"a\t1\n\n", ":2: empty line"), ("a.tsv", b"C:\\q\t1\n", ":1: invalid escape"),
                              ("a.jsonl", b'["a","\\ud800"]\n', "half of a surrogate pair"),
                              ("a.jsonl", b'["a",' + b"[" * 3000, "nested more than 2048 deep")):
        path = tmp_path / name
        path.write_bytes(data)
        with pytest.raises(keyfold.FormatError, match=words):
            keyfold.compile(tmp_path / "t.kf", path)
    path = tmp_path / "double.tsv"
    path.write_bytes(b"a\t1\na\t2\n")
    with pytest.raises(keyfold.DuplicateKey, match="duplicates="):
        keyfold.compile(tmp_path / "t.kf", path)
