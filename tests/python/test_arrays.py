"""Keys in arrays of numpy, pyarrow, pandas and polars, against single lookups; results as Arrow."""
import gc
import random
import subprocess
import sys

import pytest

import keyfold


def needs(name):
    return pytest.importorskip(name, reason=f"{name} is not installed")


RNG = random.Random(11)
LETTERS = "ab\u00e9\u65e5\U0001f600"
MODEL = {"".join(RNG.choices(LETTERS, k=RNG.randrange(8))): i for i in range(3000)}
MODEL[""] = 1 << 63
NUMBERS = {n: str(n) for i in range(70) for n in (1 << i, -(1 << i), (1 << i) - 1, -(1 << i) - 1, 3 * i)}
# Keys of every length up to past what a view of Arrow holds, some absent, some None.
KEYS = [*MODEL, *("".join(RNG.choices(LETTERS, k=RNG.randrange(9))) for _ in range(2000))]
RNG.shuffle(KEYS)
HOLED = [None if i % 7 == 3 else key for i, key in enumerate(KEYS)]


@pytest.fixture(scope="module")
def texts(tmp_path_factory):
    return keyfold.compile(tmp_path_factory.mktemp("texts") / "texts.kf", MODEL)


@pytest.fixture(scope="module")
def blobs(tmp_path_factory):
    return keyfold.compile(tmp_path_factory.mktemp("blobs") / "blobs.kf",
                           {key.encode(): i for key, i in MODEL.items()})


@pytest.fixture(scope="module")
def numbers(tmp_path_factory):
    return keyfold.compile(tmp_path_factory.mktemp("numbers") / "numbers.kf", NUMBERS)


def check(table, column, keys, encode=None):
    """A column finds what single lookups of the keys find."""
    want = [None if key is None else table.get(key if encode is None else encode(key)) for key in keys]
    assert table.get_many(column) == want
    assert table.contains_many(column) == [each is not None for each in want]
    assert table.values_at(table.ordinals(column)) == want
    return want


# ---- numpy ----

def test_numpy_texts(texts):
    np = needs("numpy")
    for kind in ("U8", "<U8", ">U8", "U30", object):
        column = np.array(KEYS, kind)
        check(texts, column, column.tolist())
        check(texts, column[::-1], KEYS[::-1])
        check(texts, column[5::3], KEYS[5::3])
        check(texts, np.stack([column, column], 1)[:, 1], KEYS)
        check(texts, column[:0], [])
    column = np.array(KEYS, object)
    column[::5] = None
    column[1::5] = float("nan")
    check(texts, column, [key if isinstance(key, str) else None for key in column.tolist()])
    for column in (np.array([KEYS]), np.array("a"), np.array([KEYS], object)):
        with pytest.raises(ValueError, match="dimension"):
            texts.get_many(column)
    check(texts, np.array(["a\udce9", "\ud800", "a"]), ["a\udce9", None, "a"])
    assert texts.get_many(np.array([1, 2])) == [None, None]
    masked = np.ma.masked_array(np.array(KEYS[:4]), [False, True, False, True])
    check(texts, masked, [KEYS[0], None, KEYS[2], None])


def test_numpy_texts_of_no_length(texts):
    np = needs("numpy")
    assert texts.get_many(np.array(["", ""])) == [MODEL[""]] * 2
    assert texts.get_many(np.zeros(2, "U0")) == texts.get_many(np.zeros(2, "S0")) == [MODEL[""]] * 2


def test_numpy_string_dtype(texts):
    np = needs("numpy")
    if not hasattr(np, "dtypes") or not hasattr(np.dtypes, "StringDType"):
        pytest.skip("this numpy has no StringDType")
    check(texts, np.array(KEYS, np.dtypes.StringDType()), KEYS)
    check(texts, np.array(HOLED, np.dtypes.StringDType(na_object=None))[::2], HOLED[::2])


def test_numpy_bytes(texts, blobs):
    np = needs("numpy")
    data = [key.encode() for key in KEYS]
    for kind in ("S32", "S40", object):
        column = np.array(data, kind)
        if kind != object:
            check(texts, column, KEYS)
            check(texts, column[::-2], KEYS[::-2])
        check(blobs, column, KEYS, str.encode)
        check(blobs, column[7:100], KEYS[7:100], str.encode)
    with pytest.raises(TypeError, match="bytes"):
        blobs.get_many(np.array(KEYS))
    fixed = [key for key in MODEL if len(key.encode()) == 6]
    column = np.array([key.encode() for key in fixed], "V6")
    check(blobs, column, fixed, str.encode)


def test_numpy_integers(numbers):
    np = needs("numpy")
    for kind in ("i1", "u1", "i2", ">i2", "u2", "i4", "u4", ">u4", "i8", "u8", ">i8", ">u8"):
        limits = np.iinfo(kind)
        keys = [key for key in NUMBERS if limits.min <= key <= limits.max]
        keys += [key + 1 for key in keys if key < limits.max]
        column = np.array(keys, kind)
        check(numbers, column, keys)
        check(numbers, column[::-3], keys[::-3])
    assert numbers.get_many(np.array([1.0, 2.5, 4.0])) == ["1", None, "4"]
    assert numbers.get_many(np.array([True])) == ["1"]
    keys = list(NUMBERS)
    check(numbers, np.array(keys, object), keys)
    assert numbers.get_many(np.array(["1"])) == [None]


# ---- pyarrow ----

def test_arrow_texts(texts):
    pa = needs("pyarrow")
    kinds = [pa.string(), pa.large_string(), pa.dictionary(pa.int16(), pa.string()),
             pa.dictionary(pa.uint64(), pa.large_string())]
    if hasattr(pa, "string_view"):
        kinds.append(pa.string_view())
    for kind in kinds:
        for keys in (KEYS, HOLED):
            plain = pa.array(keys, pa.string())
            column = plain.cast(kind)
            check(texts, column, keys)
            check(texts, column[3:], keys[3:])
            check(texts, column[9:777], keys[9:777])
            check(texts, column[:0], [])
            chunked = pa.chunked_array([column[:100], column[:0], column[100:101], column[205:]], kind)
            check(texts, chunked, keys[:101] + keys[205:])
            check(texts, pa.chunked_array([], kind), [])
    assert texts.get_many(pa.nulls(3)) == [None] * 3
    assert texts.get_many(pa.array([None, None], pa.string())) == [None] * 2


def test_arrow_dictionaries(texts):
    pa = needs("pyarrow")
    places = pa.array([0, 2, None, 1, 3, 0], pa.int8())
    column = pa.DictionaryArray.from_arrays(places, pa.array(["a", None, "b", "?"]))
    check(texts, column, ["a", "b", None, None, "?", "a"])
    check(texts, column[1:5], ["b", None, None, "?"])
    empty = pa.DictionaryArray.from_arrays(pa.array([None, None], pa.int8()), pa.array([], pa.string()))
    check(texts, empty, [None, None])
    # Chunks with one dictionary, and with one each.
    chunks = [pa.array(KEYS[i:i + 50]).dictionary_encode() for i in range(0, 500, 50)]
    check(texts, pa.chunked_array(chunks), KEYS[:500])
    check(texts, pa.chunked_array(chunks).unify_dictionaries(), KEYS[:500])


def test_arrow_bytes(texts, blobs):
    pa = needs("pyarrow")
    data = [None if key is None else key.encode() for key in HOLED]
    for kind in [pa.binary(), pa.large_binary()] + ([pa.binary_view()] if hasattr(pa, "binary_view") else []):
        column = pa.array(data, kind)
        check(blobs, column, HOLED, str.encode)
        check(blobs, column[11:], HOLED[11:], str.encode)
        check(texts, column, HOLED)
    fixed = [key for key in KEYS if len(key.encode()) == 6]
    column = pa.array([key.encode() for key in fixed] + [None], pa.binary(6))
    check(blobs, column[1:], fixed[1:] + [None], str.encode)
    with pytest.raises(TypeError, match="'u'"):
        blobs.get_many(pa.array(["a"]))


def test_arrow_integers(numbers, texts):
    pa = needs("pyarrow")
    for kind in (pa.int8(), pa.uint8(), pa.int16(), pa.uint16(), pa.int32(), pa.uint32(), pa.int64(),
                 pa.uint64()):
        least = -(1 << kind.bit_width - 1) if pa.types.is_signed_integer(kind) else 0
        keys = [key for key in NUMBERS if least <= key < least + (1 << kind.bit_width)] + [None]
        check(numbers, pa.array(keys, kind), keys)
        check(numbers, pa.array(keys, kind)[5:], keys[5:])
    with pytest.raises(TypeError, match="kind int"):
        numbers.get_many(pa.array(["1"]))
    with pytest.raises(TypeError, match="kind str"):
        texts.get_many(pa.array([1]))


def test_arrow_types_that_hold_no_keys(texts):
    pa = needs("pyarrow")
    for column in (pa.array([1.5]), pa.array([["a"]]), pa.array([{"a": "b"}]), pa.array([True]),
                   pa.table({"a": ["b"]}), pa.array([1], pa.date32())):
        with pytest.raises(TypeError, match="format|one of its columns"):
            texts.get_many(column)


def test_a_stream_that_fails(texts):
    pa = needs("pyarrow")

    def batches():
        yield pa.record_batch({"a": ["b"]})
        raise RuntimeError("the source is gone")

    reader = pa.RecordBatchReader.from_batches(pa.schema({"a": pa.string()}), batches())
    with pytest.raises((ValueError, TypeError)):
        texts.get_many(reader)

    class Failing:
        def __arrow_c_stream__(self, requested_schema=None):
            raise RuntimeError("no stream")

    with pytest.raises(RuntimeError, match="no stream"):
        texts.get_many(Failing())


# ---- results as Arrow ----

@pytest.mark.parametrize("codec, kind, values", [
    ("u64", "uint64", [0, 5, (1 << 64) - 1]), ("str", "large_string", ["", "é", "日本語" * 50]),
    ("int", "int64", [-5, (1 << 63) - 1, -1 << 63, 0]),
    ("raw", "large_binary", [b"", b"\0\xff"]), ("float", "double", [0.5, -1.0]), ("struct:<i", "int32", [-5]),
    ("struct:<Q", "uint64", [5, 1 << 63]), ("struct:<e", "halffloat", [0.5]), ("struct:<b", "int8", [-1])])
def test_results_as_arrow(make, codec, kind, values):
    pa = needs("pyarrow")
    model = {f"{i:02}": value for i, value in enumerate(values)}
    table = make(model, codec=codec)
    keys = ["??", *model, "?", None, *reversed(model)]
    column = table.get_many(keys, output="arrow")
    assert len(column) == len(keys) and column.null_count == 3
    array = pa.array(column)
    array.validate(full=True)
    assert str(array.type) == kind and array.null_count == 3
    assert array.to_pylist() == [model.get(key) for key in keys]
    again = pa.array(column)     # the same memory
    assert [each.address for each in again.buffers()[1:]] == [each.address for each in array.buffers()[1:]]
    filled = pa.array(table.get_many(keys, values[-1], output="arrow"))
    filled.validate(full=True)
    assert filled.null_count == 0 and filled.to_pylist() == [model.get(key, values[-1]) for key in keys]
    whole = pa.array(table.get_many(list(model), output="arrow"))
    assert whole.null_count == 0 and whole.to_pylist() == values
    for empty in (pa.array(table.get_many([], output="arrow")),
                  pa.array(table.get_many(["?"], output="arrow"))[:0]):
        empty.validate(full=True)
        assert empty.to_pylist() == [] and str(empty.type) == kind
    del table, column, again
    gc.collect()
    assert array.to_pylist() == [model.get(key) for key in keys]
    if codec != "u64":
        with pytest.raises(TypeError, match="default"):
            make(model, codec=codec).get_many(keys, object(), output="arrow")


def test_ordinals_and_presence_as_arrow(texts):
    pa = needs("pyarrow")
    ordinals = pa.array(texts.ordinals(HOLED, output="arrow"))
    ordinals.validate(full=True)
    assert ordinals.to_pylist() == texts.ordinals(HOLED)
    assert texts.values_at(ordinals) == texts.get_many(HOLED)
    assert texts.values_at(ordinals.cast("int32")[5:]) == texts.get_many(HOLED)[5:]
    assert texts.values_at(ordinals.dictionary_encode()) == texts.get_many(HOLED)
    there = pa.array(texts.contains_many(HOLED, output="arrow"))
    there.validate(full=True)
    assert there.null_count == 0 and there.to_pylist() == texts.contains_many(HOLED)


def test_no_values_as_arrow(make):
    pa = needs("pyarrow")
    table = make({"a": None, "b": None})
    assert table.codec == "none"
    for keys in (["a", "?", None, "b"], []):
        column = table.get_many(keys, output="arrow")
        array = pa.array(column)
        array.validate(full=True)
        assert str(array.type) == "null" and len(array) == array.null_count == column.null_count == len(keys)
    with pytest.raises(TypeError, match="contains_many"):
        table.get_many(["a"], 5, output="arrow")


def test_what_arrow_can_not_hold(make):
    pa = needs("pyarrow")
    for codec, value, instead in (("json", 1, 'codec="str"'), ("object", (1,), 'codec="str"'),
                                  ("pickle", 1, 'codec="raw"'), ("msgpack", 1, 'codec="raw"'),
                                  ("struct:<ii", (1, 2), 'codec="raw"'), ("struct:>i", 1, 'output="numpy"')):
        if codec == "msgpack":
            needs("msgpack")
        table = make({"a": value}, codec=codec)
        with pytest.raises(TypeError, match=f'no Arrow type.*output="list".*{instead}'):
            table.get_many(["a"], output="arrow")
        if instead != 'output="numpy"':
            other = keyfold.open(table.path, codec=instead[7:-1])
            assert len(pa.array(other.get_many(["a"], output="arrow"))) == 1
    for value in (1 << 63, (-1 << 63) - 1, 1 << 200):
        table = make({"a": 1, "b": value}, codec="int")
        with pytest.raises(keyfold.LimitError, match="item 2 .*int64"):
            table.get_many(["a", "?", "b"], output="arrow")
        with pytest.raises(TypeError, match="default"):
            table.get_many(["a"], value, output="arrow")
    table = make({"a": "\udcff", "b": "é"}, codec="str")
    assert len(table.get_many(["b", "c"], output="arrow")) == 2
    with pytest.raises(keyfold.CodecError, match="item 2 .*UTF-8"):
        table.get_many(["b", "c", "a"], output="arrow")
    # Well-formed only if values are taken together.
    table = make({"a": "\udcc3", "b": "\udca9"}, codec="str")
    with pytest.raises(keyfold.CodecError, match="UTF-8"):
        table.get_many(["a", "b"], output="arrow")


def test_capsules_that_nobody_takes(texts):
    for _ in range(100):
        texts.get_many(KEYS[:100], output="arrow").__arrow_c_array__()
    gc.collect()


def test_arrow_arrays_at_interpreter_exit(texts):
    needs("pyarrow")
    program = """import keyfold, pyarrow, sys
kept = pyarrow.array(keyfold.open(sys.argv[1]).get_many(["a"] * 9, output="arrow"))
capsules = keyfold.open(sys.argv[1]).get_many(["b"], output="arrow").__arrow_c_array__()"""
    done = subprocess.run([sys.executable, "-c", program, texts.path], capture_output=True, timeout=60)
    assert done.returncode == 0 and done.stderr == b""


# ---- polars ----

def test_polars(texts, blobs, numbers):
    pl = needs("polars")
    if not hasattr(pl.Series, "__arrow_c_stream__"):
        pytest.skip("this polars has no Arrow C stream")
    for keys in (KEYS, HOLED):
        column = pl.Series(keys, dtype=pl.String)
        check(texts, column, keys)
        check(texts, column[10:], keys[10:])
        check(texts, column.cast(pl.Categorical), keys)
        check(texts, pl.concat([column, column[:5]], rechunk=False), keys + keys[:5])
    check(blobs, pl.Series([key.encode() for key in KEYS], dtype=pl.Binary), KEYS, str.encode)
    check(numbers, pl.Series([1, 2, None, 5, -1], dtype=pl.Int32), [1, 2, None, 5, -1])
    check(texts, pl.Series([], dtype=pl.String), [])
    result = pl.Series(texts.get_many(KEYS, output="arrow"))
    assert result.dtype == pl.UInt64 and result.to_list() == texts.get_many(KEYS)
    assert pl.Series(numbers.get_many([1, 3, 99999], output="arrow")).to_list() == ["1", "3", None]
    for column in (pl.Series([0.5]), pl.Series([["a"]]), pl.Series([1])):
        with pytest.raises(TypeError, match="format"):
            texts.get_many(column)


# ---- pandas ----

def pandas_columns(pd, keys):
    holed = None in keys
    yield pd.Series(keys)
    yield pd.Series(keys, dtype=object)
    yield pd.Series(keys, dtype="category")
    yield pd.Series(keys, dtype="string")
    yield pd.Index(keys)
    if not holed:
        yield pd.Series(keys).astype("category").cat.set_categories(["a", "b", ""])
    try:
        import pyarrow as pa
    except ImportError:
        return
    yield pd.Series(keys, dtype="string[python]")
    yield pd.Series(keys, dtype="string[pyarrow]")
    yield pd.Series(keys, dtype=pd.ArrowDtype(pa.string()))
    yield pd.Series(keys, dtype=pd.ArrowDtype(pa.large_string())).iloc[::-1].iloc[::-1]


def test_pandas(texts, blobs, numbers):
    pd = needs("pandas")
    for keys in (KEYS, HOLED):
        for column in pandas_columns(pd, keys):
            there = [None if pd.isna(key) else key for key in column.tolist()]
            check(texts, column, there)
            check(texts, column[4:], there[4:])
            check(texts, column[::3], there[::3])
    data = [key.encode() for key in KEYS]
    check(blobs, pd.Series(data), KEYS, str.encode)
    check(blobs, pd.Series(data, dtype="category"), KEYS, str.encode)
    check(numbers, pd.Series([1, 2, 99999]), [1, 2, 99999])
    check(numbers, pd.Series([1, None, 2]), [1, None, 2])
    check(numbers, pd.Series([1, None, 2], dtype="Int64"), [1, None, 2])
    check(numbers, pd.Series([1, 2, 1], dtype="category"), [1, 2, 1])
    for ordinals in (pd.Series([1, None, 0], dtype="Int64"), pd.Series([1, None, 0], dtype=object)):
        assert numbers.values_at(ordinals) == [numbers.value_at(1), None, numbers.value_at(0)]
    check(numbers, pd.RangeIndex(5), list(range(5)))


def test_pandas_multi_index(make):
    pd = needs("pandas")
    model = {("a", 1): 5, ("b", 2): 6}
    table = make(model)
    assert table.get_many(pd.MultiIndex.from_tuples([("b", 2), ("a", 2), ("a", 1)])) == [6, None, 5]
    assert table.get_many(pd.Series([("b", 2), ("x", 1)])) == [6, None]


def test_pandas_lookup(make):
    pd = needs("pandas")
    import keyfold.pandas
    lookup = keyfold.pandas.lookup
    table = make({"a": "x", "b": "é"})
    index = pd.Index([10, 5, 7])
    for column in pandas_columns(pd, ["b", "?", "a"]):
        if isinstance(column, pd.Index) or column.dtype == "category" and "b" not in list(column):
            continue
        column.index, column.name = index, "name"
        for default in (None, "none", 5):
            if default == 5 and column.dtype != object:
                continue
            found = lookup(column, table, default)
            assert found.index is index or found.index.equals(index)
            assert found.name == "name"
            assert found.tolist()[::2] == ["é", "x"]
            assert pd.isna(found.iloc[1]) if default is None else found.iloc[1] == default
            if column.dtype != "category":
                assert found.dtype == column.dtype
    counts = make({"a": 5, "b": 1 << 63})
    found = lookup(pd.Series(["b", "a"]), counts)
    assert found.dtype == "uint64" and found.tolist() == [1 << 63, 5]
    found = lookup(pd.Series(["b", "?"]), counts)
    assert found.dtype == "UInt64" and found[0] == 1 << 63 and found[1] is pd.NA
    assert lookup(pd.Series(["b", "?"]), counts, 3).tolist() == [1 << 63, 3]
    for codec in ("float", "struct:>d"):
        found = lookup(pd.Series(["b", "?"]), make({"b": 0.5}, codec=codec))
        assert found.dtype == "float64" and found[0] == 0.5 and found.isna().tolist() == [False, True]
    signed = make({"b": -5, "c": 1 << 90, "d": 7}, codec="int")
    found = lookup(pd.Series(["b", "d"]), signed)
    assert found.dtype == "int64" and found.tolist() == [-5, 7]
    found = lookup(pd.Series(["b", "?"]), signed)
    assert found.dtype == "Int64" and found[0] == -5 and found[1] is pd.NA
    found = lookup(pd.Series(["b", "?", "c"]), signed)
    assert found.dtype == object and found.tolist() == [-5, None, 1 << 90]
    assert lookup(pd.Series(["b", "?"]), signed, 3).tolist() == [-5, 3]
    found = lookup(pd.Series(["b", "?"]), make({"b": -5}, codec="struct:>i"))
    assert found.dtype == "Int32" and found[0] == -5 and found[1] is pd.NA
    found = lookup(pd.Series(["b", "?"], index=["x", "y"]), make({"b": [1]}))
    assert found.dtype == object and found["x"] == [1] and found["y"] is None
    for kind in (object, "string"):
        assert len(lookup(pd.Series([], dtype=kind), table)) == 0
    with pytest.raises(TypeError, match="Series"):
        lookup(["a"], table)
