"""Shards, without an engine: partitions of every kind, and what finish refuses."""
import os
import pickle
import tempfile

import pytest

import keyfold


def parts_of(pairs, count):
    """Sorted pairs in so many ranges."""
    ordered = sorted(pairs)
    size = max(1, -(-len(ordered) // count))
    return [ordered[start:start + size] for start in range(0, len(ordered), size)]


@pytest.fixture
def pairs():
    return [(f"k{(number * 7919) % 3000:05}", number) for number in range(3000)]


def forms(part):
    """A partition as all that a call takes, and what makes rows of what it gives."""
    pandas, pyarrow = pytest.importorskip("pandas"), pytest.importorskip("pyarrow")
    frame = pandas.DataFrame(part, columns=["k", "v"])
    table = pyarrow.Table.from_pandas(frame, preserve_index=False)
    halves = table.to_batches(max_chunksize=100)
    return {"pandas": frame, "index": frame.set_index("k", drop=False), "Arrow": table,
            "batches": iter(halves), "frames": iter([frame.head(7), frame.iloc[7:]])}


@pytest.mark.parametrize("form", ["pandas", "index", "Arrow", "batches", "frames"])
def test_tables(tmp_path, pairs, form):
    shards = keyfold.Shards(tmp_path / "t.kfm", key="k", value="v")
    rows = []
    for part in parts_of(pairs, 4):
        given = forms(part)[form]
        row = pickle.loads(pickle.dumps(shards))(given)
        if form in ("batches", "frames"):
            row = list(row)
            assert len(row) == 1
            row = row[0]
        rows.append(row)
        kind = {"Arrow": "Table", "batches": "RecordBatch"}.get(form, "DataFrame")
        assert type(row).__name__ == kind
    table = shards.finish(rows, pairs=3000)
    assert dict(table) == dict(pairs) and table.stat().shards == 4 and table.codec == "int"
    assert keyfold.open(tmp_path / "t.kfm")["k00007"] == dict(pairs)["k00007"]


def test_pairs(tmp_path, pairs):
    shards = keyfold.Shards(tmp_path / "t.kfm", codec="u64")
    first, second, third = parts_of(pairs, 3)
    rows = [shards(dict(first)), *shards(iter(second)), shards(third)]
    table = shards.finish(rows)
    assert dict(table) == dict(pairs) and table.codec == "u64"


def test_rows_of_engines(tmp_path):
    """What take_all() and collect() make of rows, tables of several rows among them."""
    pandas, pyarrow = pytest.importorskip("pandas"), pytest.importorskip("pyarrow")
    shards = keyfold.Shards(tmp_path / "t.kfm", key="k", value="v")
    frames = [pandas.DataFrame({"k": [letter], "v": [1]}) for letter in "abc"]
    rows = [shards(frame) for frame in frames]
    whole = pandas.concat(rows)
    assert list(whole.columns) == list(shards.meta.columns) == list(keyfold.ShardRow._fields)
    assert list(map(str, whole.dtypes)) == list(map(str, shards.meta.dtypes))
    for given in (whole, rows, whole.to_dict("records"), pyarrow.Table.from_pandas(whole),
                  [tuple(row) for row in whole.itertuples(index=False)]):
        assert list(shards.finish(given)) == ["a", "b", "c"]
    with pytest.raises(keyfold.ArgumentError, match="is no row of a shard"):
        shards.finish([("a", 1)])


def test_empty(tmp_path):
    pandas = pytest.importorskip("pandas")
    shards = keyfold.Shards(tmp_path / "t.kfm", key="k", value="v")
    empty = shards(pandas.DataFrame({"k": pandas.Series([], dtype="str"), "v": pandas.Series([], dtype="int64")}))
    full = shards(pandas.DataFrame({"k": ["a"], "v": [1]}))
    assert empty["name"].tolist() == [""] and list(shards(iter([]))) == []
    assert dict(shards.finish([empty, full, empty])) == {"a": 1}
    assert len(list((tmp_path / "t.kfm.d").glob("*.kf"))) == 1
    again = keyfold.Shards(tmp_path / "none.kfm", key="k", value="v", keys="int", codec="float")
    table = again.finish([empty])
    assert dict(table) == {} and (table.key_kind, table.codec) == ("int", "float")


def test_nulls(tmp_path):
    pandas = pytest.importorskip("pandas")
    frame = pandas.DataFrame({"k": ["a", None, "c"], "v": [1, 2, 3]})
    with pytest.raises(keyfold.ArgumentError, match="row 1 .* is null"):
        keyfold.Shards(tmp_path / "t.kfm", key="k", value="v")(frame)
    assert not list(tmp_path.glob("t.kfm.d/*"))
    shards = keyfold.Shards(tmp_path / "t.kfm", key="k", value="v", nulls="skip")
    assert dict(shards.finish(shards(frame))) == {"a": 1, "c": 3}


def test_repeated_tasks(tmp_path, pairs):
    """A partition again is the same file; what nobody tells of goes, what was there before stays."""
    old = keyfold.Shards(tmp_path / "t.kfm")
    before = old.finish([old([("x", 1)])])
    shards = keyfold.Shards(tmp_path / "t.kfm")
    first, second = parts_of(pairs, 2)
    rows = [shards(first), shards(second), shards(list(reversed(first)))]
    assert rows[0].name == rows[2].name
    shards([("lost", 1)])       # of a task that failed afterwards
    killed = tmp_path / "t.kfm.d" / ".1-2-3.tmp"
    killed.mkdir()
    (killed / "shard.kf").write_bytes(b"half")
    os.utime(killed, (0, 0))
    assert len(list((tmp_path / "t.kfm.d").glob("*.kf"))) == 4
    table = shards.finish(rows, pairs=3000)
    assert dict(table) == dict(pairs) and len(list((tmp_path / "t.kfm.d").glob("*.kf"))) == 3
    assert not killed.exists()
    assert before["x"] == 1 and keyfold.open(before.path)["k00001"] == dict(pairs)["k00001"]


def test_overlap(tmp_path):
    shards = keyfold.Shards(tmp_path / "t.kfm")
    rows = [shards({"a": 1, "m": 2}), shards({"k": 1, "z": 2})]
    with pytest.raises(keyfold.ArgumentError, match=r"overlap.*'a' \.\. 'm'.*'k' \.\. 'z', and 'k' lies in both"):
        shards.finish(rows)
    with pytest.raises(keyfold.ArgumentError, match="overlap"):     # one key in two partitions
        shards.finish([shards({"a": 1, "m": 2}), shards({"m": 2, "z": 2})])
    assert not os.path.exists(tmp_path / "t.kfm")


def test_kinds_differ(tmp_path):
    shards = keyfold.Shards(tmp_path / "t.kfm")
    with pytest.raises(keyfold.ValueTypeError, match="'a' .* values of kind 'int', .*'b' has 'str': say codec="):
        shards.finish([shards([("a", 1)]), shards([("b", "x")])])
    with pytest.raises(keyfold.ValueTypeError, match="say keys="):
        shards.finish([shards([("a", 1)]), shards([(7, 1)])])


def test_missing(tmp_path):
    shards = keyfold.Shards(tmp_path / "t.kfm")
    rows = [shards([("a", 1)]), shards([("b", 1)])]
    with pytest.raises(keyfold.ArgumentError, match="made of 2 pairs, but there are 3"):
        shards.finish(rows, pairs=3)
    os.unlink(tmp_path / "t.kfm.d" / rows[1].name)
    with pytest.raises(keyfold.NoFile, match="all hosts share"):
        shards.finish(rows)
    assert not os.path.exists(tmp_path / "t.kfm")


def test_bad_input(tmp_path):
    with pytest.raises(keyfold.ArgumentError, match="nulls="):
        keyfold.Shards(tmp_path / "t.kfm", nulls="maybe")
    with pytest.raises(keyfold.ArgumentError, match="memory="):
        keyfold.Shards(tmp_path / "t.kfm", memory="1 cup")([("a", 1)])
    with pytest.raises(keyfold.ArgumentError, match="duplicates="):
        keyfold.Shards(tmp_path / "t.kfm", duplicates="some")
    with pytest.raises(FileNotFoundError, match="available to all hosts"):
        keyfold.Shards(tmp_path / "nowhere" / "t.kfm")([("a", 1)])
    with pytest.raises(keyfold.DuplicateKey):
        keyfold.Shards(tmp_path / "t.kfm")([("a", 1), ("a", 2)])


def test_lists_and_sums(tmp_path):
    for duplicates, codec, wanted in (("all", "auto", {"a": [1, 2], "b": [3]}), ("sum", "u64", {"a": 3, "b": 3}),
                                      ("last", "auto", {"a": 2, "b": 3})):
        shards = keyfold.Shards(tmp_path / f"{duplicates}.kfm", duplicates=duplicates, codec=codec)
        assert dict(shards.finish([shards([("a", 1), ("a", 2)]), shards([("b", 3)])])) == wanted


def test_another_file_system(tmp_path, monkeypatch):
    """Temporary files lie where nothing can be moved from."""
    other = [folder for folder in ("/dev/shm", "/tmp")
             if os.path.isdir(folder) and os.stat(folder).st_dev != os.stat(tmp_path).st_dev]
    if not other:
        pytest.skip("there is no other one")
    with tempfile.TemporaryDirectory(dir=other[0]) as folder:
        monkeypatch.setattr(tempfile, "tempdir", folder)
        shards = keyfold.Shards(tmp_path / "shards.kfm")
        assert dict(shards.finish([shards({"a": 1}), shards({"b": 2})])) == {"a": 1, "b": 2}
        table = keyfold.bundle(tmp_path / "bundle.kfm", [keyfold.compile(tmp_path / "a.kf", {"a": 1})])
        assert dict(keyfold.publish(tmp_path / "published.kfm", table)) == {"a": 1}
        assert os.listdir(folder) == []
