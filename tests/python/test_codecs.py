"""Codecs: every value comes back as it was, or is refused."""
import math
import pickle
import struct

import pytest
from hypothesis import given, strategies as st

import keyfold
from keyfold import _codecs

TEXT = st.text(st.characters(exclude_categories=[]), max_size=10)
CLEAN = st.text(st.characters(exclude_categories=["Cs"]), max_size=10)
SCALARS = st.one_of(st.none(), st.booleans(), st.integers(), st.floats(allow_nan=False), CLEAN)
JSON = st.recursive(SCALARS, lambda inner: st.one_of(st.lists(inner, max_size=4),
                                                     st.dictionaries(CLEAN, inner, max_size=4)), max_leaves=10)
KEYS = st.recursive(st.one_of(SCALARS, st.binary(max_size=6)), lambda inner: st.lists(inner, max_size=3).map(tuple),
                    max_leaves=6)
OBJECTS = st.recursive(
    st.one_of(SCALARS, st.binary(max_size=6), st.integers(-(1 << 2000), 1 << 2000),
              st.complex_numbers(allow_nan=False)),
    lambda inner: st.one_of(st.lists(inner, max_size=4), st.lists(inner, max_size=4).map(tuple),
                            st.dictionaries(st.one_of(KEYS, st.just("$tuple")), inner, max_size=3),
                            st.sets(KEYS, max_size=3), st.frozensets(KEYS, max_size=3)), max_leaves=10)
PACKED = st.recursive(st.one_of(SCALARS, st.binary(max_size=6), st.integers(-(1 << 200), 1 << 200)),
                      lambda inner: st.one_of(st.lists(inner, max_size=4), st.lists(inner, max_size=4).map(tuple),
                                              st.dictionaries(KEYS, inner, max_size=3)), max_leaves=10)

VALUES = {
    "none": st.none(), "u64": st.integers(0, (1 << 64) - 1), "raw": st.binary(), "str": st.one_of(
        CLEAN, st.binary().map(lambda data: data.decode("utf-8", "surrogateescape"))),
    "int": st.integers(), "float": st.floats(allow_nan=False), "json": st.one_of(JSON, TEXT), "object": OBJECTS,
    "msgpack": PACKED, "pickle": OBJECTS, "struct:<iq": st.tuples(st.integers(-9, 9), st.integers(-9, 9)),
    "struct:>H": st.integers(0, 65535), "struct:4s": st.binary(min_size=4, max_size=4),
}


def exact(value):
    """Equality that tells True from 1 and 0.0 from -0.0."""
    if isinstance(value, dict):
        return ("dict", [(exact(key), exact(item)) for key, item in value.items()])
    if isinstance(value, (list, tuple)):
        return (type(value).__name__, [exact(item) for item in value])
    if isinstance(value, (set, frozenset)):
        return (type(value).__name__, sorted(repr(exact(item)) for item in value))
    return (type(value).__name__, repr(value))


@pytest.mark.parametrize("name", VALUES)
def test_values_come_back(name):
    codec = _codecs.codec(name, allow_pickle=True)

    @given(VALUES[name])
    def check(value):
        data = codec.encode(value)
        assert type(data) is bytes
        assert exact(codec.decode(data)) == exact(value)

    check()


@pytest.mark.parametrize("name", VALUES)
def test_values_come_back_from_files(make, name):
    @given(st.lists(VALUES[name], max_size=12))
    def check(values):
        model = {f"{i:03}": value for i, value in enumerate(values)}
        made = make(model, codec=name)
        again = keyfold.open(made.path, allow_pickle=True)
        assert made.codec == again.codec == name
        for table in (made, again):
            assert exact(dict(table)) == exact(model)
            assert [exact(table[key]) for key in model] == [exact(value) for value in values]
            assert [exact(table.value_at(i)) for i in range(len(values))] == [exact(value) for value in values]
            assert table == model

    check()


def test_what_json_changes():
    codec = _codecs.codec("json")
    assert codec.decode(codec.encode((1, (2,)))) == [1, [2]]
    assert codec.decode(codec.encode({1: 2})) == {"1": 2}
    assert math.isnan(codec.decode(codec.encode(math.nan)))


@pytest.mark.parametrize("name, wrong", [
    ("none", 0), ("u64", -1), ("u64", 1 << 64), ("u64", "1"), ("u64", 1.0), ("raw", "x"), ("raw", 3), ("str", b"x"),
    ("str", None), ("str", "\ud800"), ("int", 1.5), ("int", None), ("float", "1"), ("struct:<i", "x"),
    ("struct:<i", 1 << 40), ("struct:<ii", 5), ("json", {1, 2}), ("object", object()), ("msgpack", object()),
    ("pickle", lambda: 0)])
def test_wrong_values_are_refused_with_their_key(make, name, wrong):
    path = make.path()
    with pytest.raises(keyfold.CodecError, match="'the key'") as caught:
        keyfold.compile(path, {"the key": wrong}, codec=name)
    assert caught.value.__cause__ is not None
    with pytest.raises(FileNotFoundError):
        keyfold.open(path)


def test_pickles_open_only_when_allowed(make):
    path = make({"a": {1, 2}}, codec="pickle").path
    with pytest.raises(keyfold.CodecError, match="allow_pickle"):
        keyfold.open(path)
    table = keyfold.open(path, allow_pickle=True)
    assert table["a"] == {1, 2}
    assert pickle.loads(pickle.dumps(table))["a"] == {1, 2}
    assert keyfold.open(path, codec="raw")["a"][:1] == b"\x80"


def test_unknown_codecs(make):
    for name in ("nonsense", "struct"):
        with pytest.raises(keyfold.CodecError):
            make({"a": 1}, codec=name)
    with pytest.raises(keyfold.ArgumentError):
        make({"a": 1}, codec="struct:?!")
    with pytest.raises(keyfold.ArgumentError):
        make({"a": 1}, codec="struct:9999999999s")


def test_a_codec_of_ones_own(make, python):
    keyfold.register_codec("point", lambda point: struct.pack("<dd", point.real, point.imag),
                           lambda data: complex(*struct.unpack("<dd", data)))
    path = make({"a": 1 + 2j}, codec="point").path
    assert keyfold.open(path)["a"] == 1 + 2j
    assert keyfold.open(path).codec == "point"
    done = python("import keyfold, sys; keyfold.open(sys.argv[1])", path)
    assert "CodecError" in done.stderr and "register_codec" in done.stderr
    for name in ("str", "auto", "struct:x", "", 5):
        with pytest.raises(keyfold.ArgumentError):
            keyfold.register_codec(name, bytes, bytes)


@pytest.mark.parametrize("values, name", [
    ([], "none"), (["a"], "str"), ([b"a"], "raw"), ([1, 0], "u64"), ([1, -1], "int"), ([1 << 64], "int"),
    ([1.5], "float"), ([None, None], "none"), ([True], "json"), ([None, "a"], "json"), ([1, "a"], "json"),
    ([[1], {"a": 2}], "json"), ([(1,)], "object"), ([{1: 2}], "object"), ([[(1,)]], "object"), ([b"a", "a"], "object")])
def test_the_codec_that_auto_takes(make, values, name):
    model = {str(i): value for i, value in enumerate(values)}
    for pairs in (model, iter(list(model.items()))):
        table = make(pairs)
        assert table.codec == name
        assert exact(dict(table)) == exact(model)


def test_auto_of_a_stream_leaves_room(make):
    """What comes after the sample may be of the same sort, but not of its narrowest form."""
    assert make((str(i), i) for i in range(5000)).codec == "int"
    assert make(((str(i), None if i < 2000 else "x") for i in range(5000)))["4000"] == "x"
    assert make(((str(i), 5) for i in range(5000)), duplicates="sum").codec == "u64"
    with pytest.raises(keyfold.CodecError, match="'str'"):
        make((str(i), "a" if i < 3000 else 1) for i in range(5000))
