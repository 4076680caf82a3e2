"""Dictionaries as Arrow streams and as tables of pyarrow, pandas and Polars."""
import ctypes
import doctest
import gc
import os
import pickle
import random
import threading

import pytest
from hypothesis import given
from hypothesis import strategies as st

import keyfold

RNG = random.Random(9)
MODELS = {
    "str": {f"k{i}": f"v{i % 7}" * (i % 40) for i in range(3000)},
    "raw": {i.to_bytes(2, "big"): bytes(i % 5) for i in range(300)},
    "u64": {i * 7 - 1000: RNG.getrandbits(64) for i in range(3000)},
    "int": {"a": -(1 << 63), "b": (1 << 63) - 1, "c": 0, "d": -1, "": -256, "e": 255},
    "float": {f"{i}": value for i, value in enumerate((0.0, -0.0, 1e300, float("-inf"), 0.1))},
    "none": dict.fromkeys(["", "\u00e9", "\u65e5\U0001f600", "x\0y"]),
    "json": {"a": True, "b": False},
    "object": {1: (1, 2), 2: (3,)},
}
TYPES = {"str": "large_string", "raw": "large_binary", "u64": "uint64", "int": "int64", "float": "double"}


def needs(name):
    return pytest.importorskip(name, reason=f"{name} is not installed")


def content(table):
    with open(table.path, "rb") as file:
        return file.read()


def stream_of(entries, schema=None):
    return needs("pyarrow").RecordBatchReader.from_stream(entries, schema)


def pairs_of(table):
    columns = [column.to_pylist() for column in table.columns]
    return list(zip(*columns)) if len(columns) == 2 else [(key, None) for key in columns[0]]


# ---- the protocol ----

@pytest.mark.parametrize("codec", TYPES)
def test_the_stream(make, codec):
    table = make(MODELS[codec])
    assert table.codec == codec
    reader = stream_of(table)
    assert reader.schema.names == ["key", "value"] and str(reader.schema.field("value").type) == TYPES[codec]
    whole = reader.read_all()
    whole.validate(full=True)
    assert pairs_of(whole) == list(table.items())
    assert pairs_of(stream_of(table).read_all()) == list(table.items())


def test_a_set_of_keys_has_one_column(make):
    table = make(MODELS["none"])
    whole = stream_of(table).read_all()
    assert whole.schema.names == ["key"] and whole["key"].to_pylist() == list(table)
    assert table.to_arrow() == whole
    assert list(table.to_pandas().columns) == list(table.to_polars().columns) == ["key"] if needs("polars") else True


def test_nothing(make):
    for model in ({}, {"a": 1}):
        table = make(model)
        for entries in (table.items(prefix="x"), table.items(start="b"), table.items(start="b", stop="a")):
            whole = stream_of(entries).read_all()
            assert whole.num_rows == 0 and whole.schema.names == ["key", "value"][:1 + len(model)]
        assert table.to_arrow("x").num_rows == len(table.to_pandas("x")) == 0


def test_batches_are_bounded(make):
    table = make({f"{i:06}": i for i in range(150_000)})
    sizes = [batch.num_rows for batch in stream_of(table)]
    assert sum(sizes) == 150_000 and max(sizes) <= 65_536 and len(sizes) == 3
    table = make({f"{i:04}": "x" * 100_000 for i in range(300)})
    batches = list(stream_of(table))
    assert sum(batch.num_rows for batch in batches) == 300
    assert max(batch.nbytes for batch in batches) < 6 << 20 and len(batches) > 5
    single = make({"a": "x" * (20 << 20), "b": "y"})
    assert [batch.num_rows for batch in stream_of(single)] == [1, 1]


def test_prefixes_and_ranges(make):
    needs("polars")
    table = make(MODELS["str"])
    for arguments in ({"prefix": "k29"}, {"start": "k15", "stop": "k3"}, {"prefix": "k1", "start": "k12"},
                      {"reverse": True}, {"prefix": "k2", "stop": "k21", "reverse": True}):
        want = list(table.items(**arguments))
        assert want
        assert pairs_of(stream_of(table.items(**arguments)).read_all()) == want
        assert pairs_of(table.to_arrow(**arguments)) == want
        assert list(table.to_pandas(**arguments).itertuples(index=False, name=None)) == want
        assert table.to_polars(**arguments).rows() == want
    assert table.to_arrow("k29") == table.to_arrow(prefix="k29")
    with pytest.raises(TypeError, match="no prefixes"):
        make({1: 2}).to_arrow(1)


def test_a_requested_schema(make):
    pa = needs("pyarrow")
    table = make({"a": "x"})
    narrow = pa.schema({"key": pa.string(), "value": pa.string()})
    reader = stream_of(table, narrow)
    assert reader.schema == narrow and pairs_of(reader.read_all()) == [("a", "x")]
    mixed = pa.schema({"key": pa.large_string(), "value": pa.string()})
    assert stream_of(table, mixed).schema == mixed
    blobs = make({b"a": b"x"})
    narrow = pa.schema({"key": pa.binary(), "value": pa.binary()})
    assert stream_of(blobs, narrow).read_all().to_pydict() == {"key": [b"a"], "value": [b"x"]}
    for other in (pa.schema({"key": pa.int8(), "value": pa.date32()}), pa.schema({"x": pa.string()}), pa.int8()):
        capsule = table.__arrow_c_stream__(other.__arrow_c_schema__())
        assert "arrow_array_stream" in repr(capsule)
    with pytest.raises(ValueError):
        table.__arrow_c_stream__(pa.array([1]).__arrow_c_array__()[1])


def test_integer_keys(make):
    for keys, shown in (([-(1 << 63), 5, (1 << 63) - 1], "int64"), ([0, 1 << 63, (1 << 64) - 1], "uint64"),
                        ([255, 256, 65535, 65536, -255, -256, -257, 0], "int64")):
        table = make(dict.fromkeys(keys, "x"))
        whole = table.to_arrow()
        assert str(whole.schema.field("key").type) == shown and whole["key"].to_pylist() == sorted(keys)
    for keys in ([-1, 1 << 63], [1 << 64], [-(1 << 63) - 1], [1 << 600]):
        table = make({**dict.fromkeys(keys, "x"), 7: "y"})
        with pytest.raises(keyfold.LimitError, match="the keys are from"):
            table.to_arrow()
        assert table.to_arrow(start=7, stop=8).to_pydict() == {"key": [7], "value": ["y"]}
        assert table.to_pandas()["key"].tolist() == sorted([*keys, 7])


def test_what_has_no_arrow_type(make):
    pa, _ = needs("pyarrow"), needs("polars")
    for model, advice in (({"a": [1]}, "JSON texts"), ({"a": (1, 2), "b": 3}, "JSON texts")):
        table = make(model)
        with pytest.raises(TypeError, match=f"codec '{table.codec}' have no Arrow type .*{advice}"):
            table.__arrow_c_stream__()
        assert keyfold.open(table.path, codec="str").to_arrow().num_rows == len(model)
    with pytest.raises(TypeError, match="their bytes"):
        make({"a": 1}, codec="pickle").__arrow_c_stream__()
    tuples = make({("a", 1): 2})
    for call in (tuples.__arrow_c_stream__, tuples.to_arrow, tuples.to_polars):
        with pytest.raises(TypeError, match="tuple keys have no Arrow type; to_pandas"):
            call()
    assert tuples.to_pandas()["key"].tolist() == [("a", 1)]
    big = make({"a": 1 << 63, "b": -1})
    with pytest.raises(pa.ArrowInvalid, match="the value with ordinal 0 does not fit"):
        stream_of(big).read_all()
    with pytest.raises(pa.ArrowInvalid, match="does not fit"):
        big.to_arrow()
    assert big.to_pandas()["value"].tolist() == [1 << 63, -1]


def test_texts_that_are_no_utf8(make):
    pa = needs("pyarrow")
    table = make({"a": "x", "b\udce9": "y", "c": "\udcff"})
    with pytest.raises(pa.ArrowInvalid, match='the key with ordinal 1 is not UTF-8: open the file with keys="bytes"'):
        table.to_arrow()
    assert table.to_arrow(stop="b").to_pydict() == {"key": ["a"], "value": ["x"]}
    with pytest.raises(pa.ArrowInvalid, match='the value with ordinal 2 is not UTF-8: .* codec="raw"'):
        keyfold.open(table.path, keys="bytes").to_arrow()
    blobs = keyfold.open(table.path, keys="bytes", codec="raw").to_arrow()
    assert blobs["value"].to_pylist() == [b"x", b"y", b"\xff"]
    other = make({"a": "ab"})
    with pytest.raises(pa.ArrowInvalid, match="the value with ordinal 0 is not one of its codec"):
        keyfold.open(other.path, codec="float").to_arrow()


def test_values_of_a_width(make):
    for layout, values, shown in (("<h", [-5, 7], "int16"), ("<B", [255, 0], "uint8"), ("<f", [0.5, -1.5], "float"),
                                  ("<e", [0.5, 2.0], "halffloat"), ("<q", [-1, 1], "int64")):
        table = make({"a": values[0], "b": values[1]}, codec=f"struct:{layout}")
        whole = table.to_arrow()
        assert str(whole.schema.field("value").type) == shown and whole["value"].to_pylist() == values
        assert table.to_pandas()["value"].tolist() == values
    for layout in (">h", "<hh"):
        table = make({"a": (1, 2)[:len(layout) - 1] if len(layout) > 2 else 1}, codec=f"struct:{layout}")
        with pytest.raises(TypeError, match="no Arrow type"):
            stream_of(table)
        assert table.to_arrow()["value"].to_pylist() in ([1], [[1, 2]])


# ---- tables ----

@pytest.mark.parametrize("codec", MODELS)
def test_there_and_back(make, codec):
    """What a table is made of gives the file again."""
    table = make(MODELS[codec])
    assert table.codec == codec
    frames = [table.to_arrow(), table.to_pandas()]
    if codec != "object":       # to whom tuples are lists
        assert content(make(frames[0])) == content(table)
    assert content(make(frames[1])) == content(table)
    polars = needs("polars")
    if codec not in ("object", "none"):
        assert content(make(table.to_polars())) == content(table)
    if codec in TYPES:
        assert content(make(polars.DataFrame(table.items()))) == content(table)
        assert content(make(needs("pyarrow").table(table))) == content(table)


def test_pandas_types(make):
    pd = needs("pandas")
    assert str(make(MODELS["u64"]).to_pandas()["value"].dtype) == "uint64"
    assert str(make(MODELS["int"]).to_pandas()["value"].dtype) == "int64"
    assert str(make(MODELS["float"]).to_pandas()["value"].dtype) == "float64"
    frame = make({"a": {"b": [1]}, "c": None}).to_pandas()
    assert frame["value"].tolist() == [{"b": [1]}, None] and frame["value"].dtype == object
    series = make(MODELS["str"]).to_pandas().set_index("key")["value"]
    assert series.to_dict() == MODELS["str"] and isinstance(series, pd.Series)


def test_mixed_values(make):
    needs("polars")
    table = make({"a": 1, "b": "x", "c": [2]})
    with pytest.raises(TypeError, match="no one Arrow type .*to_pandas"):
        table.to_arrow()
    with pytest.raises(TypeError, match="no one Polars type .*to_pandas"):
        table.to_polars()
    assert table.to_pandas()["value"].tolist() == [1, "x", [2]]


def test_without_pyarrow(make, python, tmp_path):
    needs("polars")
    table = make({"a": 1, "b": 2})
    done = python(f"""
import sys
sys.modules["pyarrow"] = None
import keyfold, polars
table = keyfold.open({table.path!r})
assert table.to_polars().rows() == [("a", 1), ("b", 2)] == polars.DataFrame(table.items()).rows()
frame = table.to_pandas()
assert list(frame.itertuples(index=False, name=None)) == [("a", 1), ("b", 2)] and str(frame["value"].dtype) == "uint64"
for name in ("pandas", "polars"):
    sys.modules[name] = None
for name in ("arrow", "pandas", "polars"):
    try:
        getattr(table, "to_" + name)()
    except ImportError as problem:
        print(problem)
""", cwd=tmp_path)
    assert done.returncode == 0, done.stderr
    lines = done.stdout.splitlines()
    assert [line.split("pip install ")[1] for line in lines] == ["pyarrow", "pandas", "polars"]


def test_duckdb(make):
    connection = needs("duckdb").connect()
    table = make({f"k{i}": i for i in range(5000)})
    for entries in (table, table.items()):
        assert connection.sql("select count(*), sum(value) from entries where value >= 10").fetchall() == \
            [(4990, sum(range(10, 5000)))]
        assert connection.sql("select key from entries where value = 7").fetchall() == [("k7",)]


# ---- what holds on to what ----

def test_a_stream_outlives_its_dictionary(make):
    table = make(MODELS["str"])
    reader = stream_of(table)
    whole = list(table.items())
    table.close()
    del table
    gc.collect()
    batch = reader.read_next_batch()
    del reader
    gc.collect()
    assert list(zip(*(column.to_pylist() for column in batch.columns))) == whole


def test_streams_that_nobody_reads(make, python):
    """Capsules, streams, schemas and batches are freed wherever they are left; also by threads, and at exit."""
    table = make(MODELS["str"])
    for _ in range(100):
        table.__arrow_c_stream__()
        stream_of(table).read_next_batch()
        column = stream_of(table).read_all()["key"]
    gc.collect()
    assert column[0].as_py() == "k0"
    reader = stream_of(table)
    thread = threading.Thread(target=reader.close)
    thread.start()
    thread.join()
    done = python(f"""
import keyfold, pyarrow
table = keyfold.open({table.path!r})
reader = pyarrow.RecordBatchReader.from_stream(table)
reader.read_next_batch()
capsule = table.__arrow_c_stream__()
""")
    assert done.returncode == 0, done.stderr


def test_children_may_be_taken_out_of_their_parent(make):
    """Who imports a table may move its columns away: by the protocol they are released by themselves then."""
    from producer import RELEASE_ARRAY, Array, Schema, Stream
    pointer = ctypes.pythonapi.PyCapsule_GetPointer
    pointer.restype, pointer.argtypes = ctypes.c_void_p, [ctypes.py_object, ctypes.c_char_p]
    capsule = make({"a": "x", "b": "yy"}).__arrow_c_stream__()
    stream = ctypes.cast(pointer(capsule, b"arrow_array_stream"), ctypes.POINTER(Stream))
    schema, batch, end = Schema(), Array(), Array()
    assert stream.contents.schema(stream, ctypes.byref(schema)) == 0
    assert stream.contents.next(stream, ctypes.byref(batch)) == 0 and batch.length == 2 and batch.n_children == 2
    column, its_schema = Array(), Schema()
    for mine, parent in ((column, batch), (its_schema, schema)):
        child = parent.children[1]
        ctypes.memmove(ctypes.byref(mine), child, ctypes.sizeof(mine))
        child.contents.release = type(mine.release)()
        parent.release(ctypes.byref(parent))
        assert not parent.release
    assert its_schema.format == b"U" and its_schema.name == b"value"
    offsets = ctypes.cast(column.buffers[1], ctypes.POINTER(ctypes.c_int64))
    assert (column.length, offsets[:3], ctypes.string_at(column.buffers[2], 3)) == (2, [0, 1, 3], b"xyy")
    for mine in (column, its_schema):
        mine.release(ctypes.byref(mine))
    assert stream.contents.next(stream, ctypes.byref(end)) == 0 and not end.release
    assert isinstance(end.release, RELEASE_ARRAY)


def test_a_closed_dictionary(make):
    needs("polars")
    table = make({"a": 1})
    table.close()
    for call in (table.__arrow_c_stream__, table.to_arrow, table.to_pandas, table.to_polars):
        with pytest.raises(ValueError, match="closed"):
            call()


def test_many_threads(make):
    table = make(MODELS["u64"])
    want, found = table.to_arrow(), []

    def read():
        for _ in range(20):
            found.append(table.to_arrow() == want)
    threads = [threading.Thread(target=read) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert found == [True] * 80


def test_what_takes_dictionaries_still_does(make):
    """A Dictionary that is a table too is a Mapping all the same to those who ask for one, and its keys are meant
    where keys are."""
    table = make({"a": "b", "b": "c"})
    assert table.get_many(table) == ["b", "c"] and table.get_many(table.keys()) == ["b", "c"]
    assert dict(make(table)) == dict(make(table.items())) == dict(table)
    assert dict(make(make({"a": [1]}))) == {"a": [1]}
    assert needs("pandas").Series(["a", "x"]).map(table).tolist()[0] == "b"


def test_the_examples(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    for name in ("pyarrow", "pandas", "polars"):
        needs(name)
    finder = doctest.DocTestFinder(recurse=False)
    runner = doctest.DocTestRunner()
    exports = [getattr(keyfold.Dictionary, f"to_{name}") for name in ("arrow", "pandas", "polars")]
    for call in (keyfold.compile, *exports):
        examples = finder.find(call, call.__name__, globs={"keyfold": keyfold})
        assert examples and all(each.examples for each in examples)
        for each in examples:
            runner.run(each)
    assert runner.summarize(False).failed == 0


def test_a_table_that_arrived_by_a_pickle(make, python):
    """It opens when it is first asked for something: also as a stream."""
    table = make(MODELS["str"])
    for call in ("to_arrow().num_rows", "to_pandas().shape[0]", "to_polars().height"):
        needs(call[3:].split("(")[0].replace("arrow", "pyarrow"))
        done = python(f"import pickle; print(pickle.loads({pickle.dumps(table)!r}).{call})")
        assert done.stdout.strip() == str(len(table)), done.stderr
    done = python(f"import pickle, pyarrow; print(pyarrow.table(pickle.loads({pickle.dumps(table)!r})).num_rows)")
    assert done.stdout.strip() == str(len(table)), done.stderr
    os.remove(table.path)
    done = python(f"import pickle; pickle.loads({pickle.dumps(table)!r}).__arrow_c_stream__()")
    assert done.returncode == 1 and "NoFile" in done.stderr


def test_tables_of_lists(make):
    pa = needs("pyarrow")
    frame = pa.table({"k": ["a", "b", "a"], "v": [1, 2, 3]})
    table = make(frame, duplicates="all")
    assert dict(table) == {"a": [1, 3], "b": [2]} and table.codec == "list:int"
    assert content(table) == content(make([("a", 1), ("b", 2), ("a", 3)], duplicates="all", codec="list:int"))
    assert table.to_arrow()["value"].to_pylist() == [[1, 3], [2]]
    with pytest.raises(TypeError, match="no Arrow type"):
        table.__arrow_c_stream__()


# ---- all at random ----

TEXT = st.text(st.characters(exclude_categories=["Cs"]), max_size=12)


@given(model=st.dictionaries(st.one_of(TEXT), TEXT, min_size=1) | st.dictionaries(st.binary(max_size=9), st.floats()) |
       st.dictionaries(st.integers(-(1 << 63), (1 << 63) - 1), st.integers(-(1 << 63), (1 << 63) - 1), min_size=1) |
       st.dictionaries(st.integers(0, (1 << 64) - 1), st.integers(0, (1 << 64) - 1), min_size=1))
def test_random_tables(make, model):
    table = make(model)
    assert repr(pairs_of(table.to_arrow())) == repr(list(table.items()))
    assert content(make(table.to_arrow())) == content(table) or not model
