"""Kinds of keys: back and forth, and in order."""
import pytest
from hypothesis import given, strategies as st

import keyfold
from keyfold import _keys

INTS = st.one_of(st.integers(), st.integers(-300, 300), st.builds(lambda n, s, d: s * (1 << n) + d,
                                                                  st.integers(0, 1100), st.sampled_from((1, -1)),
                                                                  st.integers(-2, 2)))
BYTES = st.one_of(st.binary(max_size=12), st.lists(st.sampled_from((0, 1, 2, 255))).map(bytes))
TEXTS = st.one_of(st.text(max_size=12), BYTES.map(lambda data: data.decode("utf-8", "surrogateescape")))
ELEMENTS = st.one_of(st.none(), BYTES, st.text(st.characters(exclude_categories=["Cs"]), max_size=8), INTS)
TUPLES = st.recursive(st.lists(ELEMENTS, max_size=4).map(tuple),
                      lambda inner: st.lists(st.one_of(ELEMENTS, inner), max_size=4).map(tuple), max_leaves=12)


def rank(item):
    """Sorts elements as the tuple encoding promises to."""
    if item is None:
        return (1,)
    if isinstance(item, bytes):
        return (2, item)
    if isinstance(item, str):
        return (3, item.encode())
    if isinstance(item, tuple):
        return (4, tuple(map(rank, item)))
    return (5, item)


@pytest.mark.parametrize("name, strategy, order", [
    ("str", st.text(st.characters(exclude_categories=["Cs"])), str), ("bytes", BYTES, bytes), ("int", INTS, int),
    ("tuple", TUPLES, lambda key: tuple(map(rank, key)))])
def test_bytes_order_as_the_keys_do(name, strategy, order):
    kind = _keys.KINDS[name]

    @given(st.lists(strategy, min_size=2, max_size=8))
    def check(keys):
        for key in keys:
            assert kind.decode(kind.encode(key)) == key
        assert [kind.decode(data) for data in sorted(map(kind.encode, keys))] == sorted(keys, key=order)

    check()


@given(BYTES)
def test_any_bytes_are_a_str(data):
    kind = _keys.KINDS["str"]
    assert kind.encode(kind.decode(data)) == data


@given(TUPLES, TUPLES)
def test_an_encoded_tuple_begins_another_only_if_the_tuple_does(a, b):
    encode = _keys.KINDS["tuple"].encode
    assert encode(b).startswith(encode(a)) == (repr(b[:len(a)]) == repr(a))


@given(INTS, INTS)
def test_no_encoded_int_begins_another(a, b):
    encode = _keys.KINDS["int"].encode
    assert encode(b).startswith(encode(a)) == (a == b)


@given(st.binary(max_size=30))
def test_foreign_bytes_are_an_error_and_nothing_worse(data):
    for name in ("int", "tuple"):
        try:
            _keys.KINDS[name].decode(data)
        except ValueError:
            pass


@pytest.mark.parametrize("text, encoded", [
    (0, "80"), (1, "8101"), (300, "82012c"), (-1, "7efe"), (-300, "7dfed3"), (255, "81ff"), (256, "820100"),
    (-255, "7e00"), (-256, "7dfeff")])
def test_the_drawn_layout_of_ints(text, encoded):
    assert _keys.KINDS["int"].encode(text).hex() == encoded


def test_a_long_int_has_a_long_length():
    for number in (1 << 1007, 1 << 1008, 1 << 1016, 1 << 5000):
        for value in (number, -number, number - 1, 1 - number):
            assert _keys.KINDS["int"].decode(_keys.KINDS["int"].encode(value)) == value


def test_equal_keys_have_equal_bytes():
    encode = _keys.KINDS["int"].encode
    assert encode(True) == encode(1) == encode(1.0)
    with pytest.raises(TypeError):
        encode(1.5)


def test_wrong_kinds():
    for name, wrong in (("str", 1), ("str", b"x"), ("bytes", "x"), ("int", "1"), ("tuple", [1]), ("tuple", (1.5j,)),
                        ("tuple", ({},)), ("int", None)):
        with pytest.raises(TypeError):
            _keys.KINDS[name].encode(wrong)
    with pytest.raises(ValueError):
        _keys.KINDS["str"].encode("\ud800")
    nested = ()
    for _ in range(200):
        nested = (nested,)
    with pytest.raises(ValueError):
        _keys.KINDS["tuple"].encode(nested)


def test_kinds_of_keys():
    class Text(str):
        pass

    assert [_keys.kind_of(key).name for key in ("", b"", 1, True, (), Text("a"))] == \
        ["str", "bytes", "int", "int", "tuple", "str"]
    assert [_keys.kind_of(key).name for key in (1.5, None)] == ["any", "any"]
    with pytest.raises(TypeError):
        _keys.kind_of({})


def test_a_wrong_key_is_told_in_words_of_ours(make):
    table = make({"a": "x"})
    for wrong in (table.keys, table.items, table.longest_prefix, table.prefixes):
        with pytest.raises(TypeError, match="a key must be a str, not int"):
            wrong(5)
    for pairs in ([("a", "x"), (5, "x")], {"a": "x", 5: "y"}):
        with pytest.raises(TypeError, match="must be a str, not int"):
            make(pairs)
    with pytest.raises(keyfold.CodecError, match="must be a str, not int"):
        make({"a": 5}, codec="str")
