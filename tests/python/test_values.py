"""Values and keys that are not of Python's own types, or of those that JSON lacks: what they come back as."""
import collections
import datetime
import enum
import math
import pickle
import uuid
import zoneinfo
from datetime import date, datetime as moment, time, timedelta, timezone
from decimal import Decimal
from fractions import Fraction

import pytest
from hypothesis import given, strategies as st

import keyfold
from keyfold import _codecs, _keys
from test_codecs import exact

numpy = pytest.importorskip("numpy")

EAST = timezone(timedelta(hours=5, minutes=30))
UTC = timezone.utc
try:
    BERLIN = zoneinfo.ZoneInfo("Europe/Berlin")
except zoneinfo.ZoneInfoNotFoundError:      # no tzdata here
    BERLIN = UTC


class Number(enum.IntEnum):
    ONE = 1
    TWO = 2


class Name(str, enum.Enum):
    RED = "red"
    BLUE = "blue"


class Bytes(bytes):
    pass


class Text(str):
    """Lies about itself."""

    def __len__(self):
        return 99

    def encode(self, *_):
        return b"wrong"


# A value, and what it comes back as.
SCALARS = [
    (numpy.int64(-5), -5), (numpy.uint8(200), 200), (numpy.uint64(2**64 - 1), 2**64 - 1), (numpy.bool_(True), True),
    (numpy.float64(-0.0), -0.0), (numpy.float32(0.1), float(numpy.float32(0.1))), (numpy.float16(0.5), 0.5),
    (numpy.str_("naïve"), "naïve"), (numpy.bytes_(b"\xff\x01"), b"\xff\x01"), (numpy.complex64(1 + 2j), 1 + 2j),
    (numpy.longdouble(0.25), 0.25),
    (numpy.datetime64("2026-11-28"), date(2026, 11, 28)),
    (numpy.datetime64("2026-11-28T01:02:03.000004000"), moment(2026, 11, 28, 1, 2, 3, 4)),
    (numpy.datetime64("2026-11"), date(2026, 11, 1)), (numpy.timedelta64(90, "s"), timedelta(seconds=90)),
    (Number.TWO, 2), (Name.RED, "red"), (Bytes(b"x"), b"x"), (Text("ab"), "ab"),
    (bytearray(b"xy"), b"xy"), (memoryview(b"xyz")[::2], b"xz"),
]
MOMENTS = [
    date(1, 1, 1), date(9999, 12, 31), date(1970, 1, 1), moment.min, moment.max,
    moment(2026, 11, 28, 22, 40, 1, 999999), moment(2026, 11, 28, tzinfo=UTC), moment(2026, 11, 28, 3, tzinfo=EAST),
    moment(1900, 1, 1, tzinfo=timezone(timedelta(seconds=-1234, microseconds=5))), moment(2026, 7, 1, tzinfo=BERLIN),
    moment(2026, 10, 25, 2, 30, fold=1), moment(2026, 10, 25, 2, 30, tzinfo=BERLIN),
    moment(2026, 10, 25, 2, 30, tzinfo=BERLIN, fold=1), moment(2026, 3, 29, 2, 30, tzinfo=BERLIN),
    time(1, 2, 3, 4), time(1, tzinfo=UTC), time(2, tzinfo=EAST, fold=1), time(3, tzinfo=BERLIN),
    timedelta(0), timedelta.max, timedelta.min, timedelta(microseconds=-1),
    Decimal("1.10"), Decimal("-0"), Decimal("1E+400"), Decimal("NaN"), Decimal("-Infinity"), Decimal("0." + "3" * 60),
    uuid.UUID(int=0), uuid.UUID("12345678-1234-5678-9234-567812345678"),
]


def form(value):
    """All that can be told of a value."""
    if isinstance(value, (list, tuple)):
        return type(value), [form(item) for item in value]
    if isinstance(value, dict):
        return type(value), [(form(key), form(item)) for key, item in value.items()]
    rest = ()
    if isinstance(value, (moment, time)):
        rest = value.tzinfo, value.fold, value.utcoffset(), type(value.tzinfo)
    return type(value), repr(value), rest


def check(make, value, expected, codec=None):
    """All ways to read the value of a key give it."""
    table = make({"a": value, "b": value})
    assert codec is None or table.codec == codec
    again = pickle.loads(pickle.dumps(keyfold.open(table.path)))
    for each in (table, again):
        found = [each["a"], each.get("b"), each.value_at(0), *each.values(), *dict(each.items()).values(),
                 *each.get_many(["a", "b"]), *each.get_many(["a"], output="numpy")[0].tolist(),
                 each.get_many(["x", "a"])[1]]
        if table.codec == "datetime-utc":       # NumPy has no time zones
            found[-2] = found[-2].replace(tzinfo=UTC)
        assert [form(each) for each in found] == [form(expected)] * len(found)
        assert each.get_many(["x"]) == [None] and each.get_many(["x"], value) == [value]


@pytest.mark.parametrize("value, expected", SCALARS, ids=lambda value: type(value).__name__)
def test_scalars_are_what_they_are(make, value, expected):
    check(make, value, expected)
    for around in ([value], (value, None), {"k": value}, {"n": [value, {1: value}]}):
        plain = make({"a": around})["a"]
        assert form(plain) == form(make({"a": _replaced(around, expected)})["a"])
    assert form(keyfold.freeze({"a": value})["a"]) == form(expected)
    assert form(keyfold.freeze({"a": {"b": value}})["a"]["b"]) == form(expected)
    if not isinstance(value, (numpy.complex64, memoryview)):    # which msgpack has not, or not all of
        assert form(make([("a", value)], codec="msgpack")["a"]) == form(expected)


@pytest.fixture(autouse=True)
def cache(tmp_path, monkeypatch):
    monkeypatch.setenv("KEYFOLD_CACHE", str(tmp_path / "cache"))


def _replaced(around, value):
    if isinstance(around, dict):
        return {key: _replaced(item, value) for key, item in around.items()}
    if isinstance(around, (list, tuple)):
        return type(around)(item if item is None else _replaced(item, value) for item in around)
    return value


@pytest.mark.parametrize("value", MOMENTS, ids=str)
def test_dates_decimals_and_uuids_come_back(make, value):
    if isinstance(value, Decimal) and value.is_nan():
        assert str(make({"a": value})["a"]) == "NaN"
        return
    check(make, value, value)
    for around in ([value, None], (value,), {"k": {"l": value}}, {"$date": value}, [{value: 1}] if hash(value) else []):
        assert form(make({"a": around})["a"]) == form(around)
    assert form(make([("a", {"b": value})], codec="msgpack")["a"]["b"]) == form(value)


@pytest.mark.parametrize("values, codec", [
    ([date(2020, 1, 1), date(1, 1, 1)], "date"), ([moment(2020, 1, 1), moment.min], "datetime"),
    ([moment(2020, 1, 1, tzinfo=UTC)], "datetime-utc"), ([timedelta(1), timedelta(-5)], "timedelta"),
    ([Decimal("1.0"), Decimal(3)], "decimal"), ([uuid.UUID(int=5)], "uuid"),
    ([date(2020, 1, 1), moment(2020, 1, 1)], "object"), ([timedelta.max], "object"),
    ([moment(2020, 1, 1), moment(2020, 1, 1, tzinfo=UTC)], "object"),
    ([moment(2020, 1, 1, fold=1)], "object"), ([moment(2020, 1, 1, tzinfo=EAST)], "object"),
    ([date(2020, 1, 1), None], "object"), ([numpy.int64(1), 2], "u64"), ([numpy.int8(-1), True], "json"),
    ([numpy.float32(1), 2.5], "float"), ([Name.RED, "x", numpy.str_("y")], "str"), ([b"", bytearray(), Bytes()], "raw"),
    ([numpy.datetime64("2020-01-01T00:00:00"), moment(2020, 1, 2)], "datetime"), ([numpy.True_, False], "json")])
def test_the_codec_is_chosen(make, values, codec):
    model = {f"{i}": value for i, value in enumerate(values)}
    table = make(model)
    assert table.codec == codec and dict(table) == model
    assert make(iter(model.items())).codec == ("int" if codec == "u64" else "object" if codec == "json" else codec) or \
        dict(make(iter(model.items()))) == model


@pytest.mark.parametrize("values, dtype, format", [
    ([date(2026, 11, 28), date(1, 1, 1), date(9999, 12, 31)], "M8[D]", "tdD"),
    ([moment(2026, 11, 28, 1, 2, 3, 4), moment.min, moment.max], "M8[us]", "tsu:"),
    ([moment(2026, 11, 28, tzinfo=UTC), moment(1, 1, 1, tzinfo=UTC), moment(9999, 1, 1, tzinfo=UTC)],
     "M8[us]", "tsu:UTC"),
    ([timedelta(1, 2, 3), timedelta(-5), timedelta(days=10**7)], "m8[us]", "tDu")])
def test_columns_of_times(make, values, dtype, format):
    pyarrow, pandas = pytest.importorskip("pyarrow"), pytest.importorskip("pandas")
    table = make({f"{i}": value for i, value in enumerate(values)})
    keys = ["1", "no", "0", None, "2"]
    listed = [values[1], None, values[0], None, values[2]]
    array, found = table.get_many(keys, output="numpy")
    assert array.dtype == dtype and list(found) == [True, False, True, False, True]
    assert list(numpy.isnat(array)) == list(~found)
    naive = [value.replace(tzinfo=None) if isinstance(value, moment) else value for value in listed]
    assert array.tolist() == naive
    column = table.get_many(keys, output="arrow")
    assert column.format == format and pyarrow.array(column).to_pylist() == listed
    assert table.get_many(keys, values[2], output="numpy")[0].tolist()[1] == naive[4]
    assert pyarrow.array(table.get_many(keys, values[2], output="arrow")).to_pylist()[1] == values[2]
    assert table.get_many(keys, values[2]) == table.get_many(keys, values[2], output="list") == \
        [values[2] if value is None else value for value in listed]
    for output in ("numpy", "arrow"):
        with pytest.raises(TypeError, match="default does not fit"):
            table.get_many(keys, 5, output=output)
    found_by = keyfold.pandas.lookup(pandas.Series(["0", "no"]), table)
    assert pandas.isna(found_by[1]) and found_by[0] == values[0]
    assert pyarrow.table(table)["value"].to_pylist() == values
    assert table.to_pandas()["value"].tolist()[0] == values[0]


def test_what_can_not_be_kept_is_refused(make):
    pandas = pytest.importorskip("pandas")
    for value, said in ((pandas.NaT, "NaT"), (numpy.datetime64("NaT"), "NaT"), (pandas.Timestamp(1), "nanoseconds"),
                        (pandas.Timedelta(1), "nanoseconds"), (numpy.datetime64(1, "ns"), "finer"),
                        (collections.namedtuple("P", "x y")(1, 2), "tuple"), (numpy.arange(3), "tolist")):
        with pytest.raises(keyfold.CodecError, match=said):
            make({"a": value})
        with pytest.raises(keyfold.CodecError, match=said):
            make([("a", [value])])
    assert form(make({"a": pandas.Timestamp(2026, 1, 2, 3)})["a"]) == form(moment(2026, 1, 2, 3))
    assert form(make({"a": pandas.Timestamp("2026-01-02", tz="UTC")})["a"].utcoffset()) == form(timedelta(0))
    assert form(make({"a": pandas.Timedelta(hours=1)})["a"]) == form(timedelta(hours=1))
    assert make({"a": collections.OrderedDict(b=1), "c": collections.Counter("aab")})["c"] == {"a": 2, "b": 1}
    for value in (2**53 + 1, Decimal("0.1"), Fraction(1, 3)):
        with pytest.raises(keyfold.CodecError, match="no float"):
            make({"a": value}, codec="float")
    assert make({"a": 5, "b": Fraction(1, 2), "c": numpy.float32(0.1), "d": math.nan}, codec="float")["b"] == 0.5
    with pytest.raises(keyfold.CodecError, match="time zone"):
        make({"a": moment(2020, 1, 1, tzinfo=EAST)}, codec="datetime")
    with pytest.raises(keyfold.CodecError, match='codec="object"'):
        make({"a": timedelta.max}, codec="timedelta")


@pytest.mark.parametrize("codec", ["date", "datetime", "datetime-utc", "timedelta", "decimal", "uuid", "object",
                                   "list:str", "list:date"])
def test_foreign_bytes_are_a_codec_error(make, codec):
    @given(st.binary(max_size=24))
    def check_one(data):
        table = keyfold.open(make({"a": data}).path, codec=codec)
        try:
            table["a"]
        except keyfold.CodecError:
            pass

    check_one()


def test_an_unknown_time_zone_is_told(make):
    text = '{"$datetime":["2026-07-01T00:00:00+02:00","%s",0]}'
    zones = {"a": "Nowhere/Land", "b": "Europe/London", "c": "../etc/passwd"}
    table = keyfold.open(make({key: text % zone for key, zone in zones.items()}).path, codec="object")
    for key in table:      # not known, another offset, no zone at all
        assert form(table[key]) == form(moment(2026, 7, 1, tzinfo=timezone(timedelta(hours=2))))


# ---- keys ----

NUMBERS = st.one_of(st.integers(-3, 3), st.integers(), st.floats(allow_nan=False),
                    st.integers(-8, 8).map(lambda n: n / 4), st.floats(-4, 4),
                    st.sampled_from((5e-324, -5e-324, 1.7e308, 0.1, -0.1, -0.0)))
TIMES = st.one_of(st.datetimes(), st.datetimes(timezones=st.sampled_from((UTC, EAST))).filter(
    lambda at: moment(2, 1, 1) < at.replace(tzinfo=None) < moment(9998, 1, 1)), st.dates(), st.times(), st.timedeltas(),
    st.uuids())
ELEMENTS = st.one_of(NUMBERS, TIMES, st.none(), st.text(st.characters(exclude_categories=["Cs"]), max_size=3),
                     st.binary(max_size=3))


def rank(item):
    """Sorts elements as the tuple encoding promises to."""
    tags = [(type(None), 1), (bytes, 2), (str, 3), (tuple, 4), ((int, float), 5), (moment, 7), (date, 6), (time, 9),
            (timedelta, 10), (uuid.UUID, 11)]
    tag = next(tag for kind, tag in tags if isinstance(item, kind))
    if item is None:
        return (tag,)
    if isinstance(item, moment) and item.tzinfo is not None:
        tag = 8
    return tag, tuple(map(rank, item)) if isinstance(item, tuple) else item


@given(st.lists(st.lists(ELEMENTS, max_size=3).map(tuple), min_size=2, max_size=8))
def test_bytes_order_as_the_keys_do(keys):
    kind = _keys.KINDS["tuple"]
    for key in keys:
        assert kind.decode(kind.encode(key)) == key and hash(kind.decode(kind.encode(key))) == hash(key)
    assert [kind.decode(data) for data in sorted(map(kind.encode, keys))] == \
        sorted(keys, key=lambda key: tuple(map(rank, key)))


@given(NUMBERS, NUMBERS)
def test_equal_numbers_are_one_key(a, b):
    encode = _keys.KINDS["tuple"].encode
    assert (encode((a,)) == encode((b,))) == (a == b) and (encode((a,)) < encode((b,))) == (a < b)
    for wrapped in (numpy.float64(a) if isinstance(a, float) else Fraction(a), Fraction(a) if abs(a) < math.inf else a):
        assert encode((wrapped,)) == encode((a,))


def test_tables_with_numbers_and_dates_in_their_keys(make):
    numbers = (-math.inf, -2.5, -2, -0.25, 0.0, 1e-300, 1, 1.5, 2, 2.25, 2.5, 1e300, math.inf)
    keys = [(number, name) for number in numbers for name in ("a", "b")]
    table = make({key: index for index, key in reversed(list(enumerate(keys)))})
    assert list(table) == keys and list(table.values()) == list(range(len(keys)))
    for two in (2.0, Decimal(2), numpy.int64(2), numpy.float32(2), Fraction(2)):
        assert table[(two, numpy.str_("a"))] == keys.index((2, "a"))
    assert (math.nan, "a") not in table
    assert table.get_many([(1.5, "b"), (math.nan, "b")]) == [keys.index((1.5, "b")), None]
    assert list(table.keys(prefix=(2,))) == [(2, "a"), (2, "b")] and table.count_prefix((2,)) == 2
    assert list(table.keys(prefix=(2.25,))) == [(2.25, "a"), (2.25, "b")] and table.count_prefix(()) == len(keys)
    assert list(table.keys(prefix=(2,), reverse=True)) == [(2, "b"), (2, "a")]
    assert list(table.keys(start=(1,), stop=(2.25,))) == [key for key in keys if (1,) <= key < (2.25,)]
    assert (2.25, "a") not in table.keys(prefix=(2,)) and (2, "a") in table.keys(prefix=(2,))
    for wrong in ((math.nan, "a"), (1j, "a")):
        with pytest.raises((TypeError, ValueError), match="key"):
            make({wrong: 1})
    short = make({(2,): 1, (2.5,): 2, (2.5, 1): 3})
    assert short.longest_prefix((2.5, "x")) == (2.5,) and short.prefixes((2.5, 1, 1)) == [(2.5,), (2.5, 1)]
    assert short.longest_prefix((2.25, "x")) is None and short.prefixes((2.25,)) == []
    assert short.longest_prefix((2, 1.5), "none") == (2,)


def test_dates_are_keys(make):
    days = [date(2026, 1, 1) + timedelta(days=7 * n) for n in range(100)]
    table = make({(day, "x"): n for n, day in enumerate(days)})
    assert list(table) == [(day, "x") for day in days]
    assert list(table.keys(start=(date(2026, 2, 1),), stop=(date(2026, 3, 1),))) == \
        [(day, "x") for day in days if date(2026, 2, 1) <= day < date(2026, 3, 1)]
    assert table[(numpy.datetime64("2026-01-08"), "x")] == 1
    alone = make({day: n for n, day in enumerate(reversed(days))})
    assert alone.key_kind == "any" and list(alone) == days and alone[days[0]] == 99
    assert keyfold.open(alone.path).get_many([days[1], None, "x", days[2]]) == [98, None, None, 97]
    numpy_days = numpy.array(days[:2], "M8[D]")
    assert alone.get_many(numpy_days) == alone.get_many(list(numpy_days)) == [99, 98]
    assert alone.get_many(numpy.array(days[:2], "M8[ns]")) == [None, None]      # datetimes, which no date equals
    pandas, pyarrow = pytest.importorskip("pandas"), pytest.importorskip("pyarrow")
    for column in (pandas.Series(days[:2]), pandas.Index(days[:2]), pyarrow.array(days[:2]),
                   pyarrow.chunked_array([days[:1], days[1:2]])):
        assert alone.get_many(column) == [99, 98]
    times = make({moment(2026, 1, 1): "a", moment(2026, 1, 2): "b"})
    column = pandas.Series(pandas.to_datetime(["2026-01-02", "2026-01-05", None]))
    for form_of_it in (column, column.to_numpy(), pyarrow.array(column), column.tolist()):
        assert times.get_many(form_of_it) == ["b", None, None]
    assert times[pandas.Timestamp(2026, 1, 1)] == "a" and pandas.NaT not in times
    assert pandas.Timestamp("2026-01-01 00:00:00.000000001") not in times
    instants = make({moment(2026, 1, 1, 12, tzinfo=EAST): "a", moment(2026, 1, 1, 12, tzinfo=UTC): "b"})
    assert instants[moment(2026, 1, 1, 6, 30, tzinfo=UTC)] == "a" and list(instants)[0].tzinfo is UTC
    assert moment(2026, 1, 1, 6, 30) not in instants


def test_any_keys(make):
    model = {None: 0, "a": 1, b"a": 2, 1: 3, 1.5: 4, (1, "x"): 5, date(2026, 1, 1): 6, uuid.UUID(int=1): 7, True + 1: 8}
    table = make(model, keys="any")
    assert dict(table) == model and len(table) == len(model) and table[2.0] == 8
    with pytest.raises(TypeError, match='keys="any"'):
        make(model.items(), keys="int")
    with pytest.raises(TypeError, match='keys="any"'):
        make({"a": 1, 2: 3})
    nested = {1: {"x": 1}, 1.5: {"y": 2}, 2: 3, date(2026, 1, 1): {moment(2026, 1, 1): {0.25: 5}}, uuid.UUID(int=2): {}}
    frozen = keyfold.freeze(nested)
    assert frozen.to_dict() == nested and frozen[1].to_dict() == {"x": 1} and list(frozen[1.5]) == ["y"]
    assert frozen[date(2026, 1, 1)][moment(2026, 1, 1)][0.25] == 5


def test_keys_of_other_types(make):
    for key, plain in ((numpy.str_("a"), "a"), (numpy.bytes_(b"a"), b"a"), (Name.RED, "red"), (Bytes(b"a"), b"a"),
                       (Text("ab"), "ab"), (numpy.int64(5), 5), (numpy.bool_(True), 1), (Number.TWO, 2), (True, 1),
                       (bytearray(b"b"), b"b"), (memoryview(b"m"), b"m"), (Decimal(5), 5), (numpy.float32(2), 2)):
        pairs = [(key, 1)] if isinstance(key, bytearray) else {key: 1}
        for table in (make(pairs), make(pairs, keys=_keys.kind_of(plain).name)):
            assert list(table) == [plain] and type(next(iter(table))) is type(plain)
            assert table[key] == 1 and table[plain] == 1 and key in table and table.get_many([key, plain]) == [1, 1]
            assert table.ordinal(key) == 0 and list(table.keys(start=key)) == [plain]
    mixed = make([(b"a", 1), (bytearray(b"b"), 2), (numpy.bytes_(b"c"), 3)])
    assert dict(mixed) == {b"a": 1, b"b": 2, b"c": 3}


def test_registered_codecs_know_nothing_of_it(make):
    assert _codecs.of_items("u64") == "list:int"
    for name in ("date", "list:x", "uuid"):
        with pytest.raises(keyfold.ArgumentError):
            keyfold.register_codec(name, bytes, bytes)
    assert exact(datetime.date.min) == ("date", repr(datetime.date.min))
