"""Tables and columns as the input of compile, against dicts of the same: the files are the same byte for byte."""
import datetime
import decimal
import random
import struct

import pytest
from hypothesis import given
from hypothesis import strategies as st

import keyfold

RNG = random.Random(5)
LETTERS = "ab\u00e9\u65e5\U0001f600\x00"
TEXTS = ["", *{"".join(RNG.choices(LETTERS, k=RNG.randrange(1, 30))) for _ in range(300)} - {""}]
COUNT = len(TEXTS)
# Columns of values by the codec that a dict of them gets.
VALUES = {
    "str": [TEXTS[i % 7] for i in range(COUNT)],
    "raw": [TEXTS[-i].encode()[:i % 20] for i in range(COUNT)],
    "u64": [RNG.getrandbits(RNG.randrange(64)) for _ in range(COUNT)],
    "int": [RNG.getrandbits(RNG.randrange(64)) - RNG.getrandbits(RNG.randrange(64)) for _ in range(COUNT)],
    "float": [RNG.choice([0.0, -0.0, 1.5, 1e300, float("inf"), RNG.random()]) for _ in range(COUNT)],
    "json": [i % 3 == 0 for i in range(COUNT)],
}
KEYS = {
    "str": TEXTS,
    "bytes": [text.encode() for text in TEXTS],
    "int": list({RNG.getrandbits(RNG.randrange(64)) - RNG.getrandbits(RNG.randrange(63)) for _ in range(2 * COUNT)}
                )[:COUNT],
}


def needs(name):
    return pytest.importorskip(name, reason=f"{name} is not installed")


def content(table):
    with open(table.path, "rb") as file:
        return file.read()


def check(make, frame, model, **options):
    """The frame gives the file that the dict gives."""
    made = make(frame, **options)
    assert dict(made) == model
    assert content(made) == content(make(model)), (made.codec, made.key_kind)
    return made


def model_of(keys="str", values="u64"):
    return dict(zip(KEYS[keys], VALUES[values]))


def arrow_table(model, pa):
    keys, values = list(model), list(model.values())
    wide = type(values[0]) is int and max(values) >= 1 << 63
    return pa.table({"key": keys, "value": pa.array(values, pa.uint64()) if wide else values})


# ---- Arrow ----

@pytest.mark.parametrize("keys", KEYS)
@pytest.mark.parametrize("values", VALUES)
def test_every_type(make, keys, values):
    pa = needs("pyarrow")
    model = model_of(keys, values)
    table = arrow_table(model, pa)
    made = check(make, table, model)
    assert (made.key_kind, made.codec) == (keys, values)
    check(make, table.to_batches()[0], model)


def test_text_and_bytes_of_every_layout(make):
    pa = needs("pyarrow")
    for keys, values, types in (("str", "str", (pa.string(), pa.large_string(), pa.string_view())),
                                ("bytes", "raw", (pa.binary(), pa.large_binary(), pa.binary_view()))):
        model = model_of(keys, values)
        for key in types:
            for value in (*types, pa.dictionary(pa.int8(), types[0]), pa.dictionary(pa.uint32(), types[0])):
                if pa.types.is_dictionary(value) and keys == "bytes" or "int8" in str(value) and values == "raw":
                    continue
                columns = {"k": pa.array(list(model), key), "v": pa.array(list(model.values()), value)}
                check(make, pa.table(columns), model)
    words = [text.encode().ljust(8)[:8] for text in TEXTS[:50]]
    model = {word + bytes([i]): word for i, word in enumerate(words)}
    check(make, pa.table({"k": pa.array(list(model), pa.binary(9)), "v": pa.array(words, pa.binary(8))}), model)


def test_integers_and_floats_of_every_width(make):
    pa = needs("pyarrow")
    for bits in (8, 16, 32, 64):
        for signed in (True, False):
            kind = getattr(pa, f"{'' if signed else 'u'}int{bits}")()
            low, high = (-(1 << (bits - 1)), (1 << (bits - 1)) - 1) if signed else (0, (1 << bits) - 1)
            numbers = sorted({low, low + 1, high, high - 1, 0, 1, 100} | ({-1} if signed else set()))
            table = pa.table({"k": pa.array(numbers, kind), "v": pa.array(numbers[::-1], kind)})
            check(make, table, dict(zip(numbers, numbers[::-1])))
            as_floats = make(table, codec="float")
            assert dict(as_floats) == dict(zip(numbers, map(float, numbers[::-1])))
            check(make, pa.table({"k": pa.array(numbers, kind).dictionary_encode(), "v": numbers}) if high < 1 << 63
                  else table, dict(zip(numbers, numbers)) if high < 1 << 63 else dict(zip(numbers, numbers[::-1])))
    halves = [struct.unpack("<e", struct.pack("<H", bits))[0] for bits in
              (0, 0x8000, 1, 0x83ff, 0x0400, 0x3c00, 0xbc01, 0x7bff, 0x7c00, 0xfc00)]
    for kind in (pa.float16(), pa.float32(), pa.float64()):
        array = pa.array(halves, pa.float64()).cast(kind) if kind != pa.float16() else \
            pa.Array.from_buffers(kind, len(halves), [None, pa.py_buffer(struct.pack(f"<{len(halves)}e", *halves))])
        check(make, pa.table({"k": list(range(len(halves))), "v": array}), dict(enumerate(halves)))
    nan = make(pa.table({"k": ["x"], "v": [float("nan")]}))
    assert nan["x"] != nan["x"] and nan.codec == "float"


def test_slices_and_chunks(make):
    pa = needs("pyarrow")
    for keys, values in (("str", "str"), ("int", "json"), ("bytes", "int")):
        model = model_of(keys, values)
        table = arrow_table(model, pa)
        for first, count in ((0, 1), (1, 9), (7, 100), (8, COUNT), (COUNT, 0)):
            part = dict(list(model.items())[first:first + count])
            made = make(table.slice(first, count))
            assert dict(made) == part
        pieces = [table.slice(at, 37) for at in range(0, COUNT, 37)]
        check(make, pa.concat_tables(pieces), model)
        assert dict(make(iter(pieces))) == dict(make(pieces)) == dict(make(tuple(pieces))) == model
        batches = [batch for piece in pieces for batch in piece.to_batches()]
        reader = pa.RecordBatchReader.from_batches(table.schema, iter(batches))
        assert dict(make(reader)) == model
        assert dict(make(batches)) == model
        struct_array = pa.StructArray.from_arrays([column.combine_chunks() for column in table.columns], ["a", "b"])
        assert dict(make(struct_array.slice(9, 50))) == dict(list(model.items())[9:59])


def test_dictionaries_that_differ_by_chunk(make):
    pa = needs("pyarrow")
    chunks = [pa.array(["x", "y", "x"]).dictionary_encode(), pa.array(["z", "z", "x"]).dictionary_encode()]
    table = pa.table({"k": list(range(6)), "v": pa.chunked_array(chunks)})
    check(make, table, dict(enumerate("xyxzzx")))
    check(make, table.slice(2, 3), dict(zip((2, 3, 4), "xzz")))
    holed = pa.DictionaryArray.from_arrays(pa.array([0, 1, None]), pa.array(["x", None]))
    with pytest.raises(keyfold.ArgumentError, match="row 1 .*'v'"):
        make(pa.table({"k": [1, 2, 3], "v": holed}))
    assert dict(make(pa.table({"k": [1, 2, 3], "v": holed}), nulls="skip")) == {1: "x"}


def test_streams_go_by_their_types(make):
    """All values of a table are looked at, as those of a dict are; those of a stream come by only once."""
    pa = needs("pyarrow")
    table = pa.table({"k": ["a", "b"], "v": [1, 2]})
    assert make(table).codec == "u64" and make(table.to_reader()).codec == "int"
    assert make(table.cast(pa.schema({"k": pa.string(), "v": pa.uint8()})).to_reader()).codec == "u64"
    assert content(make(table.to_reader(), codec="u64")) == content(make({"a": 1, "b": 2}))
    dataset = needs("pyarrow.dataset").dataset(table)
    check(make, dataset, {"a": 1, "b": 2})
    assert dict(make(dataset.scanner())) == {"a": 1, "b": 2}
    empty = make(table.slice(0, 0))
    assert (len(empty), empty.key_kind, empty.codec) == (0, "str", "u64")
    assert make(pa.schema({"k": pa.int8(), "v": pa.binary()}).empty_table()).codec == "raw"


def test_values_of_other_types(make):
    """Those that C has no layout for become Python objects."""
    pa = needs("pyarrow")
    model = {i: [i, None] if i % 2 else [] for i in range(50)}
    check(make, pa.table({"k": list(model), "v": list(model.values())}), model)
    model = {"a": {"x": 1, "y": "z"}, "b": {"x": 2, "y": ""}}
    check(make, pa.table({"k": list(model), "v": list(model.values())}), model)
    runs = pa.RunEndEncodedArray.from_arrays([2, 5], ["x", "y"])
    check(make, pa.table({"k": list(range(5)), "v": runs}), dict(enumerate("xxyyy")))
    check(make, pa.table({"k": [1], "v": [decimal.Decimal("1.50")]}), {1: decimal.Decimal("1.50")})
    nothing = make(pa.table({"k": ["a", "b"], "v": pa.nulls(2)}))
    assert nothing.codec == "none" and dict(nothing) == {"a": None, "b": None}


def test_slices_of_other_types(make):
    """What pyarrow makes Python objects of, where it does not begin at the beginning of its memory."""
    pa = needs("pyarrow")
    batch = pa.record_batch({"k": ["a", "b", "c"], "v": [[1], [2], None]})
    rows = pa.StructArray.from_arrays(batch.columns, ["k", "v"])
    for frame in (batch[1:2], rows[1:2], pa.table(batch)[1:2], (batch["k"][1:2], batch["v"][1:2]),
                  (pa.chunked_array([["b"]]), pa.chunked_array([[[2]]]))):
        assert dict(make(frame)) == {"b": [2]}
    with pytest.raises(keyfold.ArgumentError, match="row 1 .*'v'"):
        make(batch[1:])


MOMENT = datetime.datetime(2026, 11, 28, 22, 40, 1, 5)
ZULU = MOMENT.replace(tzinfo=datetime.timezone.utc)
TIMES = {
    "date": [MOMENT.date(), datetime.date.min, datetime.date.max],
    "datetime": [MOMENT, datetime.datetime.min, datetime.datetime.max],
    "datetime-utc": [ZULU, datetime.datetime.min.replace(tzinfo=ZULU.tzinfo)],
    "timedelta": [datetime.timedelta(1, 2, 3), datetime.timedelta(-5), datetime.timedelta(0)],
}


@pytest.mark.parametrize("codec", TIMES)
def test_times(make, codec):
    pa = needs("pyarrow")
    model = dict(enumerate(TIMES[codec]))
    table = pa.table({"k": list(model), "v": list(model.values())})
    assert check(make, table, model).codec == codec
    check(make, make(model).to_arrow(), model)
    check(make, needs("polars").DataFrame({"k": list(model), "v": list(model.values())}), model)
    # What has seconds only fits each unit.
    whole = model[0] if codec == "date" else \
        datetime.timedelta(7, 8) if codec == "timedelta" else model[0].replace(microsecond=0)
    for unit in ("s", "ms", "us", "ns"):
        kind = {"date": pa.date64(), "datetime": pa.timestamp(unit), "datetime-utc": pa.timestamp(unit, "UTC"),
                "timedelta": pa.duration(unit)}[codec]
        column = pa.array([None, whole], kind)
        check(make, pa.table({"k": [1, 2], "v": column}).slice(1), {2: whole})
        check(make, pa.table({"k": [1, 2], "v": column}), {2: whole}, nulls="skip")
    assert dict(make(pa.table({"k": [1], "v": [whole]}), codec="object")) == {1: whole}
    assert dict(make(pa.table({"k": [whole], "v": [1]}))) == {whole: 1}


def test_times_that_python_lacks(make):
    pa = needs("pyarrow")
    for number, kind in ((5, pa.timestamp("ns")), (1 << 62, pa.timestamp("s")), (1 << 40, pa.timestamp("ms", "UTC")),
                         ((1 << 31) - 1, pa.date32()), (-719163, pa.date32()), (1, pa.date64()),
                         (1 << 62, pa.duration("s")), (-1, pa.duration("ns"))):
        wrong = number << 9 if number == 1 << 40 else number
        with pytest.raises(keyfold.CodecError, match="row 1 .*'v' .* is finer than what Python's .* or beyond it"):
            make(pa.table({"k": [0, 1], "v": pa.array([0, wrong], kind)}))
    zone = pa.table({"k": ["a"], "v": pa.array([0], pa.timestamp("us", "Europe/Berlin"))})
    assert make(zone)["a"] == datetime.datetime(1970, 1, 1, tzinfo=datetime.timezone.utc)


def test_times_of_numpy_and_pandas(make):
    np, pd = needs("numpy"), needs("pandas")
    second = MOMENT.replace(microsecond=0)
    for unit in ("s", "ms", "us", "ns"):
        for order in "<>":
            column = np.array([second, "NaT"], f"{order}M8[{unit}]")
            check(make, (np.array(["a", "b"]), column), {"a": second}, nulls="skip")
        check(make, pd.Series(column.astype(f"M8[{unit}]"), ["a", "b"]).dropna(), {"a": second})
        check(make, (np.array(["a"]), np.array([datetime.timedelta(3)], f"m8[{unit}]")), {"a": datetime.timedelta(3)})
    for unit in ("D", "h", "M"):
        day = datetime.date(2026, 11, 1)
        column = np.array([day], f"M8[{unit}]")
        check(make, (np.array(["a"]), column), {"a": column.tolist()[0]})
    zulu = pd.Series([second, None], ["a", "b"]).dt.tz_localize("UTC")
    check(make, zulu, {"a": second.replace(tzinfo=datetime.timezone.utc)}, nulls="skip")
    assert make(zulu.dropna().index)["a"] is None
    with pytest.raises(keyfold.ArgumentError, match="row 1 .*null"):
        make(zulu)
    berlin = zulu.dt.tz_convert("Europe/Berlin").dropna()
    assert make(berlin)["a"] == second.replace(tzinfo=datetime.timezone.utc)
    days = pd.Series([1, 2], pd.DatetimeIndex(["2026-11-28", "2026-11-29"]))
    assert dict(make(days)) == {datetime.datetime(2026, 11, 28): 1, datetime.datetime(2026, 11, 29): 2}


def test_codecs_that_are_asked_for(make):
    pa = needs("pyarrow")
    table = pa.table({"k": ["a", "b"], "v": [1, 2], "w": ["x", "y"], "b": [True, False]})
    for codec in ("int", "float", "json", "object", "pickle", "struct:<i"):
        model = {"a": 1, "b": 2}
        assert content(make(table, key="k", value="v", codec=codec)) == content(make(model, codec=codec))
    for codec in ("json", "object", "pickle", "u64", "int"):
        assert content(make(table, key="k", value="b", codec=codec)) == \
            content(make({"a": True, "b": False}, codec=codec))
    assert dict(make(table, key="v", value="w", codec="json")) == {1: "x", 2: "y"}
    for key, codec, message in (("k", "u64", "'w' .string. can't be a value: the value must be an int"),
                                ("k", "raw", "must be bytes"), ("k", "none", "must be None")):
        with pytest.raises(keyfold.CodecError, match=message):
            make(table, key=key, value="w", codec=codec)
    with pytest.raises(keyfold.CodecError, match="no column of values"):
        make(table, key="k", value=[], codec="str")
    with pytest.raises(keyfold.CodecError, match="row 1 .*'v' .int64. .* from 0"):
        make(pa.table({"k": [1, 2], "v": [5, -5]}), codec="u64")
    for keys in ("int", "bytes", "tuple"):
        with pytest.raises(TypeError, match="row 0 .* column 'k'"):
            make(table, key="k", value="v", keys=keys)


def test_keys_of_other_types(make):
    pa = needs("pyarrow")
    day = datetime.date(2000, 1, 1)
    for keys in ([1.5, -2.0], [1.0, -2.0], [True, False], [day, datetime.date(1999, 1, 1)]):
        check(make, pa.table({"k": keys, "v": ["x", "y"]}), dict(zip(keys, "xy")))
    assert dict(make(pa.table({"k": [1.0, 2.5], "v": ["x", "y"]}))) == {1: "x", 2.5: "y"}
    assert make(pa.table({"k": [1.0], "v": [1]}).to_reader()).key_kind == "any"
    with pytest.raises(TypeError, match="column 'k' .list."):
        make(pa.table({"k": [[1]], "v": [1]}))
    assert dict(make(pa.table({"k": [1.0, 2.0], "v": [1, 2]}), keys="int")) == {1: 1, 2: 2}
    with pytest.raises(TypeError, match="row 1 .*'k' .float64. can't be a key"):
        make(pa.table({"k": [1.0, 2.5], "v": [1, 2]}), keys="int")
    with pytest.raises((TypeError, ValueError), match="row 1 .*'k' .float64. can't be a key: NaN"):
        make(pa.table({"k": [1.0, float("nan")], "v": [1, 2]}))


# ---- nulls ----

def test_nulls(make):
    pa = needs("pyarrow")
    keys = [None if i % 50 == 49 else text for i, text in enumerate(TEXTS)]
    for name, values in VALUES.items():
        values = [None if i % 31 == 30 else value for i, value in enumerate(values)]
        wide = name == "u64"
        table = pa.table({"the key": keys, "the value": pa.array(values, pa.uint64()) if wide else values})
        for frame in (table, pa.concat_tables([table.slice(0, 11), table.slice(11)])):
            with pytest.raises(keyfold.ArgumentError, match=r"row 30 \(the first is 0\) of column 'the value' is null; "
                                                            'nulls="skip"'):
                make(frame)
            model = {key: value for key, value in zip(keys, values) if key is not None and value is not None}
            check(make, frame, model, nulls="skip")
        with pytest.raises(keyfold.ArgumentError, match="row 8 .*'the key'"):
            make(table.slice(41, 20))
        shifted = dict(list(zip(keys, values))[33:48])
        check(make, table.slice(33, 15), shifted)
    with pytest.raises(keyfold.ArgumentError, match='nulls="drop"|nulls=.drop.'):
        make(pa.table({"k": ["a"]}), nulls="drop")
    with pytest.raises(keyfold.ArgumentError, match="row 0 .*'k' is null"):
        make(pa.table({"k": pa.nulls(2)}))
    assert len(make(pa.table({"k": pa.nulls(2)}), nulls="skip")) == 0
    with pytest.raises(keyfold.ArgumentError, match="row 1 .*'v'"):
        make(pa.table({"k": [1, 2, 3], "v": [[1], None, [2]]}))
    assert dict(make(pa.table({"k": [1, 2, 3], "v": [[1], None, [2]]}), nulls="skip")) == {1: [1], 3: [2]}


def test_rows_are_counted_across_batches(make):
    pa = needs("pyarrow")
    numbers = list(range(40_000))
    for place in (0, 9_999, 16_385, 39_999):
        values = [None if i == place else i for i in numbers]
        table = pa.table({"k": numbers, "v": values})
        for frame in (table, table.to_reader(7_000), iter(table.to_batches(7_000))):
            with pytest.raises(keyfold.ArgumentError, match=f"row {place} "):
                make(frame)


# ---- which columns ----

def test_default_columns(make):
    pa = needs("pyarrow")
    assert dict(make(pa.table({"x": ["b", "a"]}))) == {"a": None, "b": None}
    assert dict(make(pa.array(["b", "a"]))) == dict(make(pa.chunked_array([["b"], ["a"]]))) == {"a": None, "b": None}
    table = pa.table({"x": [1, 2], "y": ["p", "q"], "z": [0.5, 1.5]})
    with pytest.raises(keyfold.ArgumentError, match="say key= and value= .*the columns are x, y, z"):
        make(table)
    with pytest.raises(keyfold.ArgumentError, match="a column is needed"):
        make(pa.table({}))
    wide = pa.table({f"c{i}": [1] for i in range(50)})
    with pytest.raises(keyfold.ArgumentError, match="c19 and 30 more$"):
        make(wide)


def test_named_columns(make):
    pa = needs("pyarrow")
    table = pa.table({"x": [1, 2], "y": ["p", "q"], "z": [0.5, 1.5]})
    assert dict(make(table, key="y", value="z")) == {"p": 0.5, "q": 1.5}
    assert dict(make(table, key="y", value="y")) == {"p": "p", "q": "q"}
    assert dict(make(table, key="y", value=[])) == {"p": None, "q": None}
    assert dict(make(table.select(["x", "y"]), key="y")) == {"p": 1, "q": 2}
    assert dict(make(table.select(["x", "y"]), value="x")) == {"p": 1, "q": 2}
    assert dict(make(table.select(["x"]), key="x")) == {1: None, 2: None}
    for options, message in (({"key": "q"}, "key='q': there is no such column; there are x, y, z"),
                             ({"key": "x", "value": "q"}, "value='q': there is no such column"),
                             ({"key": "x"}, "say value= too: the columns are x, y, z"),
                             ({"value": "x"}, "say key= too"), ({"key": [], "value": "x"}, "key=..: at least one"),
                             ({"key": 0, "value": 1}, "key=0: there is no such column")):
        with pytest.raises(keyfold.ArgumentError, match=message):
            make(table, **options)
    twice = pa.table([[1], [2], [3]], names=["a", "b", "a"])
    with pytest.raises(keyfold.ArgumentError, match="2 columns have that name"):
        make(twice, key="a", value="b")
    assert dict(make(pa.table([[1], [2]], names=["a", "a"]))) == {1: 2}


def test_several_columns_are_tuples(make):
    pa = needs("pyarrow")
    table = pa.table({"a": ["x", "y"], "b": [1, -2], "c": [0.5, 1.5], "d": ["p", "q"]})
    check(make, table, {("x", 1): "p", ("y", -2): "q"}, key=["a", "b"], value="d")
    check(make, table, {"x": (1, 0.5), "y": (-2, 1.5)}, key="a", value=["b", "c"])
    check(make, table, {("x",): (1,), ("y",): (-2,)}, key=["a"], value=["b"])
    packed = make(table, key="a", value=["b", "c"], codec="struct:<id")
    assert content(packed) == content(make({"x": (1, 0.5), "y": (-2, 1.5)}, codec="struct:<id"))
    holed = pa.table({"a": ["x", "y"], "b": [1, None], "c": [1, 2]})
    with pytest.raises(keyfold.ArgumentError, match="row 1 .*'b'"):
        make(holed, key=["a", "b"], value="c")
    assert dict(make(holed, key=["a", "b"], value="c", nulls="skip")) == {("x", 1): 1}


def test_what_is_no_table_has_no_columns(make, tmp_path):
    path = tmp_path / "a.tsv"
    path.write_text("a\tb\n")
    for options in ({"key": "a"}, {"value": "a"}, {"nulls": "skip"}):
        for inputs in ({"a": 1}, [("a", 1)], iter([("a", 1)]), str(path)):
            with pytest.raises(keyfold.ArgumentError, match="tables of columns"):
                make(inputs, **options)
    with pytest.raises(keyfold.ArgumentError, match="tables of columns .*part 0.* none"):
        make([0], reader=lambda part: {"a": 1}, workers=0, key="a")


# ---- duplicates, weights, progress ----

def test_duplicates_and_weights(make):
    pa = needs("pyarrow")
    table = pa.table({"k": ["a", "b", "a"], "v": [1, 2, 3]})
    with pytest.raises(keyfold.DuplicateKey, match="'a'"):
        make(table)
    for duplicates, value in (("first", 1), ("last", 3), ("sum", 4), ("min", 1), ("max", 3)):
        assert make(table, duplicates=duplicates)["a"] == value
    assert [match.key for match in make(table, duplicates="last", weights="value").complete("")] == ["a", "b"]
    weighted = pa.table({"k": ["a", "b"], "v": ["x", "y"], "w": [1, 5]})
    made = make(weighted, weights="given")
    assert [match.key for match in made.complete("")] == ["b", "a"] and made["a"] == "x"
    assert content(made) == content(make([("a", "x", 1), ("b", "y", 5)], weights="given"))
    named = weighted.select(["w", "v", "k"])
    assert content(make(named, weights="given", key="k", value="v")) == content(made)
    for options in ({"key": "k"}, {"value": "v"}, {"key": "k", "value": ["v", "w"]}):
        with pytest.raises(keyfold.ArgumentError, match="say both|one column must be left"):
            make(named, weights="given", **options)
    with pytest.raises(keyfold.ArgumentError, match="three columns"):
        make(table, weights="given")
    with pytest.raises(keyfold.ArgumentError, match="row 1 .*'w' .int64. can't be a weight"):
        make(pa.table({"k": ["a", "b"], "v": ["x", "y"], "w": [1, -5]}), weights="given")


def test_progress(make):
    pa = needs("pyarrow")
    told = []
    make(pa.table({"k": list(range(50_000))}), progress=lambda done, of: told.append((done, of)))
    assert told[0][1] == 50_000 and told[-1] == (50_000, 50_000)
    told.clear()
    make(pa.table({"k": list(range(50))}).to_reader(), progress=lambda done, of: told.append((done, of)))
    assert told[-1] == (50, 50)


# ---- readers ----

def read_table(part):
    return needs("pyarrow").table({"k": [f"{part}-{i}" for i in range(100)], "v": range(part, part + 100)})


def read_batches(part):
    for batch in read_table(part).to_batches(max_chunksize=30):
        yield batch


def read_mixed(part):
    return read_table(part) if part % 2 else dict(zip(*read_table(part).to_pydict().values()))


def read_nothing(part):
    return read_table(part).slice(0, 0)


def read_badly(part):
    yield from read_batches(part)
    raise OSError("the reader's own")


@pytest.mark.parametrize("workers", [0, 2])
def test_readers_give_tables(make, workers):
    needs("pyarrow")
    model = {f"{part}-{i}": part + i for part in range(6) for i in range(100)}
    for reader in (read_table, read_batches, read_mixed):
        assert dict(make(range(6), reader=reader, workers=workers)) == model
    assert content(make(range(6), reader=read_batches, workers=workers, codec="u64")) == content(make(model))
    assert dict(make(range(6), reader=read_table, workers=workers, key="v", value="k", duplicates="first")) == \
        {number: f"{max(0, number - 99)}-{min(99, number)}" for number in range(105)}
    assert len(make(range(6), reader=read_nothing, workers=workers)) == 0
    with pytest.raises(keyfold.ReaderError, match="the reader's own"):
        make(range(2), reader=read_badly, workers=workers)
    with pytest.raises(keyfold.ArgumentError, match=r"part 0 .*key='q': there is no such column"):
        make(range(1), reader=read_table, workers=workers, key="q", value="k")


# ---- Polars, DuckDB ----

def test_types_that_pyarrow_does_not_know(make):
    pl = needs("polars")
    if not hasattr(pl, "Int128"):
        pytest.skip("Polars has no such type yet")
    frame = pl.DataFrame({"k": pl.Series([1, 2], dtype=pl.Int128), "v": ["a", "b"]})
    try:
        assert dict(make(frame)) == {1: "a", 2: "b"}
    except keyfold.ArgumentError as problem:
        assert "pyarrow can't read column 'k'" in str(problem) and "cast it" in str(problem)


def test_polars(make):
    pl = needs("polars")
    for keys, values in (("str", "str"), ("int", "int"), ("bytes", "float"), ("str", "json")):
        model = model_of(keys, values)
        frame = pl.DataFrame({"k": list(model), "v": list(model.values())})
        check(make, frame, model)
        check(make, frame.lazy(), model)
        check(make, pl.concat([frame[:20], frame[20:]], rechunk=False), model)
        assert dict(make(frame.with_columns(x=1), key="k", value="v")) == model
        check(make, (frame["k"], frame["v"]), model)
        assert list(make(frame["k"])) == sorted(model, key=lambda key: key.encode() if isinstance(key, str) else key)
    for kind in (pl.Categorical, pl.Enum(["x", "y"])):
        check(make, pl.DataFrame({"k": ["a", "b", "c"], "v": pl.Series(["x", "y", "x"], dtype=kind)}),
              {"a": "x", "b": "y", "c": "x"})
    with pytest.raises(keyfold.ArgumentError, match="row 1 .*'v'"):
        make(pl.DataFrame({"k": ["a", "b"], "v": [1, None]}))
    assert dict(make(pl.DataFrame({"k": ["a", "b"], "v": [1, None]}), nulls="skip")) == {"a": 1}
    with pytest.raises(keyfold.ArgumentError, match="tuple"):
        make([frame["k"], frame["v"]])


def test_duckdb(make):
    duckdb = needs("duckdb")
    connection = duckdb.connect()
    relation = connection.sql("select 'key ' || i as k, i * 2 as \"the \"\"v\"\"\", null as n from range(3000) t(i)")
    model = {f"key {i}": 2 * i for i in range(3000)}
    assert content(make(relation, key="k", value='the "v"', codec="u64")) == content(make(model))
    assert dict(make(connection.sql("select 1 as a"))) == {1: None}
    for value, want in (("[1, 2]", [1, 2]), ("1.50::decimal(5, 2)", decimal.Decimal("1.50")),
                        ("date '2020-01-02'", datetime.date(2020, 1, 2)), ("{'x': 1}", {"x": 1}), ("1.5::double", 1.5)):
        assert dict(make(connection.sql(f"select 'a' as k, {value} as v"))) == {"a": want}


# ---- NumPy ----

def test_numpy(make):
    np = needs("numpy")
    for keys in KEYS:
        for values in VALUES:
            model = model_of(keys, values)
            # NumPy takes zeros at the end for none.
            model = {key: value for key, value in model.items()
                     if not any(isinstance(each, (str, bytes)) and each[-1:] in ("\0", b"\0") for each in (key, value))}
            columns = np.array(list(model)), np.array(list(model.values()), "u8" if values == "u64" else None)
            check(make, columns, model)
            check(make, tuple(np.repeat(column, 2)[::2] for column in columns), model)
            check(make, tuple(column[::-1].copy()[::-1] for column in columns), model)
            swapped = tuple(column.astype(column.dtype.newbyteorder()) for column in columns)
            check(make, swapped, model)
    pairs = np.array([("a", 1), ("b", -2)], [("name", "U3"), ("number", "i2")])
    check(make, pairs, {"a": 1, "b": -2})
    assert dict(make(pairs, key="number", value="name")) == {1: "a", -2: "b"}
    assert dict(make(np.array(["b", "a"]))) == {"a": None, "b": None}
    assert dict(make(np.array(["b", "a"], object))) == {"a": None, "b": None}
    assert dict(make(np.array([3, 1]))) == {1: None, 3: None}
    masked = np.ma.masked_array([1, 2, 3], [False, True, False])
    with pytest.raises(keyfold.ArgumentError, match="row 1 .*'value' is null"):
        make((np.array(["a", "b", "c"]), masked))
    assert dict(make((np.array(["a", "b", "c"]), masked), nulls="skip")) == {"a": 1, "c": 3}
    nan = make((np.array(["a"]), np.array([float("nan")])))
    assert nan["a"] != nan["a"]
    for columns, message in (((np.array(["a"]), np.array([1, 2])), "different lengths: 1, 2"),
                             ((np.array(["a"]), np.array([[1]])), "one-dimensional")):
        with pytest.raises((ValueError, TypeError), match=message):
            make(columns)
    with pytest.raises(TypeError, match="row 1 .*'key'"):
        make((np.array(["a", "\ud800"]), np.array([1, 2])))


# ---- pandas ----

def test_pandas(make):
    pd = needs("pandas")
    for keys in KEYS:
        for values in VALUES:
            model = model_of(keys, values)
            series = pd.Series(list(model.values()), index=pd.Index(list(model)), dtype="uint64" if values == "u64" else
                               None)
            check(make, series, model)
            frame = pd.DataFrame({"k": list(model), "v": series.to_numpy()})
            check(make, frame, model)
            check(make, frame.set_index("k"), model)
            assert dict(make(frame.assign(x=1), key="k", value="v")) == model
            assert dict(make(frame.assign(x=1).set_index("k"), key="k", value="v")) == model
    frame = pd.DataFrame({"k": ["a", "b", "c"], "v": [1, 2, 3]})
    assert dict(make(frame[frame.v > 1])) == {"b": 2, "c": 3}
    assert dict(make(frame[["k"]][frame.v > 1])) == {"b": None, "c": None}
    assert dict(make(pd.Index(["a"]))) == {"a": None}
    assert dict(make((frame["k"], frame["v"]))) == {"a": 1, "b": 2, "c": 3}
    assert dict(make(pd.DataFrame([["a", 1], ["b", 2]]), key=1, value=0)) == {1: "a", 2: "b"}
    with pytest.raises(keyfold.ArgumentError, match="the index is 'name', the columns are k, v"):
        make(frame.set_index(pd.Index(["x", "y", "z"], name="name")))


def test_pandas_types(make):
    pd, np = needs("pandas"), needs("numpy")
    model = {"a": "x", "b": "y", "c": "x"}
    for kind in ("category", "string", object, "string[pyarrow]"):
        if kind == "string[pyarrow]":
            needs("pyarrow")
        check(make, pd.Series(list(model.values()), list(model)).astype(kind), model)
        check(make, pd.DataFrame({"k": pd.Series(list(model)).astype(kind), "v": list(model.values())}), model)
    for kind in ("Int64", "UInt8", "int64[pyarrow]"):
        if "pyarrow" in kind:
            needs("pyarrow")
        holed = pd.Series([1, None, 3], ["a", "b", "c"], dtype=kind)
        with pytest.raises(keyfold.ArgumentError, match="row 1 .*null"):
            make(holed)
        check(make, holed, {"a": 1, "c": 3}, nulls="skip")
        check(make, holed.dropna(), {"a": 1, "c": 3})
    for holed in (pd.Series([1.5, np.nan], ["a", "b"]), pd.Series([1.5, None], ["a", "b"], dtype="Float64"),
                  pd.Series([1.5, np.nan], ["a", "b"], dtype=object),
                  pd.Series([1.5, pd.NA], ["a", "b"], dtype=object)):
        with pytest.raises(keyfold.ArgumentError, match="row 1 .*null"):
            make(holed)
        check(make, holed, {"a": 1.5}, nulls="skip")
    check(make, pd.Series([True, False], ["a", "b"], dtype="boolean"), {"a": True, "b": False})
    lost = pd.Series(["x", None, "y"], ["a", "b", "c"], dtype="category")
    assert dict(make(lost, nulls="skip")) == {"a": "x", "c": "y"}
    several = pd.Series([1, 2], pd.MultiIndex.from_tuples([("a", 1), ("b", 2)], names=["x", "y"]), name="v")
    check(make, several, {("a", 1): 1, ("b", 2): 2})
    check(make, several.to_frame(), {("a", 1): 1, ("b", 2): 2})
    check(make, several.to_frame(), {("a", 1): 1, ("b", 2): 2}, key=["x", "y"], value="v")
    assert dict(make(several.to_frame(), key="y", value="v")) == {1: 1, 2: 2}
    check(make, pd.DataFrame({("a", "b"): ["k"], ("a", "c"): [2]}), {"k": 2}, key=("a", "b"), value=("a", "c"))
    check(make, pd.Series(pd.arrays.SparseArray([1, 0]), ["a", "b"]), {"a": 1, "b": 0})
    check(make, pd.Series([[1], {"a": 2}], ["a", "b"]), {"a": [1], "b": {"a": 2}})


class Strange:
    """A table that does not speak Arrow, as Dask's and Spark's."""

    columns = ["a", "b"]
    dtypes = [str, int]

    def __iter__(self):
        return iter(self.columns)

    def to_pandas(self):
        return needs("pandas").DataFrame({"a": ["x"], "b": [1]})


def test_strange_tables(make):
    """Whose items are names of columns: neither pairs nor paths of files."""
    for inputs in (Strange(), [Strange()], iter([Strange()])):
        with pytest.raises(keyfold.ArgumentError, match=r"type test_frames.Strange .*: to_pandas\(\) may make one"):
            make(inputs)
    with pytest.raises(keyfold.ArgumentError, match="Strange"):
        make([0], reader=lambda part: Strange(), workers=0)
    assert dict(make(Strange().to_pandas())) == {"x": 1}


def test_subclasses(make):
    """GeoPandas and others derive from frames and arrays."""
    np, pd = needs("numpy"), needs("pandas")
    frame = type("Frame", (pd.DataFrame,), {"__module__": "elsewhere"})({"k": ["a"], "v": [1]})
    assert dict(make(frame)) == dict(make(frame.set_index("k"))) == {"a": 1}
    series = type("Series", (pd.Series,), {"__module__": "elsewhere"})([1], ["a"])
    assert dict(make(series)) == {"a": 1}
    assert dict(make(np.rec.array([("a", 1)], names=["k", "v"]))) == {"a": 1}
    assert dict(make(np.array(["a"]).view(type("Array", (np.ndarray,), {"__module__": "elsewhere"})))) == {"a": None}


def test_chunks_of_pandas(make, tmp_path):
    pd = needs("pandas")
    path = tmp_path / "a.csv"
    path.write_text("k,v\n" + "".join(f"key {i},{i}\n" for i in range(1000)))
    model = {f"key {i}": i for i in range(1000)}
    with pd.read_csv(path, chunksize=300) as chunks:
        assert dict(make(chunks)) == model
    assert dict(make([path], reader=pd.read_csv, workers=0)) == model


# ---- files ----

def test_files_of_columns(make, tmp_path):
    pa, pq = needs("pyarrow"), needs("pyarrow.parquet")
    feather, ipc = needs("pyarrow.feather"), needs("pyarrow.ipc")
    model = {f"key {i}": i for i in range(1000)}
    table = pa.table({"other": pa.nulls(1000), "k": list(model), "v": list(model.values())})
    names = {name: str(tmp_path / name) for name in ("a.parquet", "a.feather", "a.arrow", "a.arrows", "no ending")}
    pq.write_table(table, names["a.parquet"], row_group_size=77)
    pq.write_table(table, names["no ending"])
    feather.write_feather(table, names["a.feather"])
    with ipc.new_file(names["a.arrow"], table.schema) as file:
        file.write_table(table, 100)
    with ipc.new_stream(names["a.arrows"], table.schema) as file:
        file.write_table(table, 100)
    for name, path in names.items():
        if name == "a.arrows":      # a stream comes by once, so its codec is that of any int64
            assert dict(make(path, key="k", value="v")) == model
        else:
            check(make, path, model, key="k", value="v")
    (tmp_path / "folder").mkdir()
    parts = [str(tmp_path / "folder" / f"{i}.parquet") for i in range(3)]
    for i, part in enumerate(parts):
        pq.write_table(table.slice(400 * i, 400), part)
    check(make, parts, model, key="k", value="v")
    check(make, str(tmp_path / "folder"), model, key="k", value="v")
    assert dict(make(iter([parts[0], names["a.feather"]]), key="k", value="v", duplicates="first")) == model
    with pytest.raises(keyfold.ArgumentError, match="the columns are other, k, v"):
        make(parts)
    (tmp_path / "a.tsv").write_text("a\tb\n")
    with pytest.raises(keyfold.ArgumentError, match="a.tsv is none"):
        make([parts[0], str(tmp_path / "a.tsv")], key="k", value="v")
    with open(parts[0], "rb") as file:
        (tmp_path / "cut.parquet").write_bytes(file.read()[:500])
    with pytest.raises(keyfold.FormatError, match="cut.parquet"):
        make(str(tmp_path / "cut.parquet"), key="k", value="v")


def test_without_pyarrow(make, python, tmp_path):
    """What needs pyarrow says so; the rest does without."""
    pl, pq, pa = needs("polars"), needs("pyarrow.parquet"), needs("pyarrow")
    path = tmp_path / "a.parquet"
    pq.write_table(pa.table({"k": [1]}), path)
    done = python(f"""
import sys
sys.modules["pyarrow"] = None
import keyfold, polars
frame = polars.DataFrame({{"k": ["a", "b"], "v": [1.5, 2.5], "d": [[1], [2]]}})
assert dict(keyfold.compile("a.kf", frame, key="k", value="v")) == {{"a": 1.5, "b": 2.5}}
for inputs in (frame, {str(path)!r}):
    try:
        keyfold.compile("b.kf", inputs, key="k", value="d")
    except ImportError as problem:
        print(problem)
""", cwd=tmp_path)
    assert done.returncode == 0, done.stderr
    lines = done.stdout.splitlines()
    assert len(lines) == 2 and all("pip install pyarrow" in line for line in lines)
    assert "'d' (large_list)" in lines[0] and "a.parquet" in lines[1]
    del pl


# ---- all at random ----

@st.composite
def tables(draw):
    """Columns of keys and values, each with its Arrow type, and where chunks end."""
    pa = pytest.importorskip("pyarrow")
    text = st.text(st.characters(exclude_categories=["Cs"]), max_size=20)
    kinds = ((text, (pa.string(), pa.large_string(), pa.string_view())),
             (st.binary(max_size=20), (pa.binary(), pa.large_binary(), pa.binary_view())),
             (st.integers(-(1 << 63), (1 << 63) - 1), (pa.int64(),)), (st.integers(0, 255), (pa.uint8(), pa.int16())))
    keys, key_types = draw(st.sampled_from(kinds))
    values, value_types = draw(st.sampled_from((*kinds, (st.booleans(), (pa.bool_(),)),
                                                (st.floats(allow_nan=False), (pa.float64(),)))))
    model = draw(st.dictionaries(keys, values, min_size=1, max_size=40))
    cuts = sorted(draw(st.lists(st.integers(0, len(model)), max_size=3)))
    return model, draw(st.sampled_from(key_types)), draw(st.sampled_from(value_types)), cuts


@given(case=tables())
def test_random_tables(make, case):
    pa = needs("pyarrow")
    model, key_type, value_type, cuts = case
    table = pa.table({"k": pa.array(list(model), key_type), "v": pa.array(list(model.values()), value_type)})
    edges = [0, *cuts, len(model)]
    table = pa.concat_tables([table.slice(start, end - start) for start, end in zip(edges, edges[1:])])
    check(make, table, model)
