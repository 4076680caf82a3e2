"""Dictionary against dict: every method, every kind of keys."""
import os
import pickle
from collections import abc

import pytest
from hypothesis import given, strategies as st
from test_keys import BYTES, INTS, TUPLES, rank

import keyfold

CLEAN = st.one_of(st.text(st.characters(exclude_categories=["Cs"]), max_size=6),
                  st.text("ab\0é\U0001f600", max_size=5))
KINDS = {
    "str": (CLEAN, lambda key: key.encode()),
    "bytes": (BYTES, bytes),
    "int": (INTS, int),
    "tuple": (TUPLES, lambda key: tuple(map(rank, key))),
}
VALUES = {"str": st.text(st.characters(exclude_categories=["Cs"]), max_size=400), "u64": st.integers(0, (1 << 64) - 1),
          "none": st.none(), "json": st.one_of(st.none(), st.integers(), st.lists(st.booleans()))}
SETTINGS = [(keys, values) for keys in KINDS for values in VALUES]


def models(keys, values, most=25):
    return st.dictionaries(KINDS[keys][0], VALUES[values], max_size=most)


def starts(a, b):
    return a[:len(b)] == b


@pytest.mark.parametrize("kind, codec", SETTINGS)
def test_as_a_dict(make, kind, codec):
    order = KINDS[kind][1]

    @given(models(kind, codec), st.lists(KINDS[kind][0], max_size=8))
    def check(model, others):
        table = make(model, keys=kind, codec=codec)
        ordered = sorted(model, key=order)
        assert isinstance(table, abc.Mapping)
        assert len(table) == len(model) and bool(table) == bool(model)
        assert list(table) == list(table.keys()) == ordered
        assert list(reversed(table)) == ordered[::-1]
        assert list(table.values()) == [model[key] for key in ordered]
        assert list(table.items()) == [(key, model[key]) for key in ordered]
        assert list(reversed(table.items())) == list(table.items())[::-1]
        assert table == model and model == table and not table != model
        assert dict(table) == model and {**model, **table} == model
        absent = object()
        for key in [*model, *others]:
            assert (key in table) == (key in model)
            assert table.get(key, absent) == model.get(key, absent)
            assert table.get(key) == model.get(key)
            if key in model:
                assert table[key] == model[key] and type(table[key]) is type(model[key])
                assert table.ordinal(key) == ordered.index(key)
                assert (key, model[key]) in table.items() and key in table.keys() and model[key] in table.values()
                assert (key, absent) not in table.items()
            else:
                for look in (table.__getitem__, table.ordinal):
                    with pytest.raises(KeyError) as caught:
                        look(key)
                    assert isinstance(caught.value, keyfold.NotFound) and caught.value.args == (key,)
                assert key not in table.keys()
        for i in range(-len(ordered), len(ordered)):
            assert table.key_at(i) == ordered[i] and table.value_at(i) == model[ordered[i]]
        for i in (len(ordered), -len(ordered) - 1):
            for look in (table.key_at, table.value_at):
                with pytest.raises(IndexError):
                    look(i)
        if others:
            changed = {**model, others[0]: absent}
            assert table != changed and changed != table
        table.verify()

    check()


@pytest.mark.parametrize("kind, codec", SETTINGS[::3])
def test_ranges(make, kind, codec):
    order = KINDS[kind][1]
    key = KINDS[kind][0]

    @given(models(kind, codec), st.data())
    def check(model, data):
        table = make(model, keys=kind, codec=codec)
        bound = st.one_of(st.none(), key, st.sampled_from(sorted(model, key=order))) if model else st.none()
        start, stop, reverse = data.draw(bound), data.draw(bound), data.draw(st.booleans())
        prefix = None
        if kind != "int":
            prefix = data.draw(bound)
            if prefix is not None:
                prefix = prefix[:data.draw(st.integers(0, 2))]
        expected = [each for each in sorted(model, key=order, reverse=reverse)
                    if (prefix is None or starts(each, prefix)) and (start is None or order(each) >= order(start))
                    and (stop is None or order(each) < order(stop))]
        bounds = dict(prefix=prefix, start=start, stop=stop, reverse=reverse)
        keys, values, items = table.keys(**bounds), table.values(**bounds), table.items(**bounds)
        for view in (keys, values, items):
            assert len(view) == len(expected) and view.mapping is table
        assert list(keys) == expected
        assert list(reversed(keys)) == expected[::-1]
        assert list(values) == [model[each] for each in expected]
        assert list(items) == [(each, model[each]) for each in expected]
        for each in model:
            assert (each in keys) == (each in expected)
            assert ((each, model[each]) in items) == (each in expected)
        assert keys == set(expected) and keys & model.keys() == set(expected)
        assert keys | {1} == set(expected) | {1} and isinstance(keys - set(), set)
        if prefix is not None:
            assert table.count_prefix(prefix) == sum(starts(each, prefix) for each in model)

    check()


@pytest.mark.parametrize("kind", ["str", "bytes", "tuple"])
def test_prefixes(make, kind):
    @given(models(kind, "u64"), KINDS[kind][0])
    def check(model, text):
        table = make(model, keys=kind, codec="u64")
        for each in [text, *model]:
            longer = each + text
            # 1 and True are the same key; compare what the keys begin as bytes.
            found = sorted((key for key in model if starts(longer, key)), key=len)
            assert table.prefixes(longer) == found
            assert table.longest_prefix(longer, "none") == (found[-1] if found else "none")

    check()


def test_many_prefixes(make):
    model = {"a" * n: n for n in range(300)}
    table = make(model)
    assert table.prefixes("a" * 1000) == list(model)


@given(st.lists(st.one_of(st.text(), st.binary(), st.integers(), st.none(), st.floats(), st.just([]), st.just({}),
                          st.tuples(st.floats()))))
@pytest.mark.parametrize("kind", KINDS)
def test_what_can_be_no_key_is_absent(make, kind, others):
    table = make({}, keys=kind, codec="u64")
    for key in [*others, object(), "\ud800", ("\ud800",)]:
        assert key not in table and table.get(key, 7) == 7 and key not in table.keys()
        assert (key, 1) not in table.items()
        with pytest.raises(KeyError):
            table[key]


@pytest.mark.parametrize("number", [0xdeadbeefcafef00d, (1 << 63) - 1, 1 << 63, (1 << 64) - 2])
def test_large_numbers(make, number):
    table = make({"a": number, "b": number + 1, "c": (1 << 64) - 1})
    assert table["a"] == table.get("a") == number
    assert dict(table) == {"a": number, "b": number + 1, "c": (1 << 64) - 1}


@pytest.mark.parametrize("size", [0, 1, 255, 256, 257, 4096, 3 << 20])
def test_values_of_any_length(make, size):
    model = {"a": "x" * size, "b": "é" * size, "c": ""}
    table = make(model)
    for key in model:
        assert table[key] == table.get(key) == model[key]
    assert list(table.values()) == list(model.values()) and table.value_at(1) == model["b"]


def test_many_entries(make):
    model = {f"{i * 7919 % 50021:05}": str(i) * (i % 5) for i in range(50021)}
    table = make(iter(model.items()))
    assert list(table.items()) == sorted(model.items())
    assert all(table[key] == value for key, value in model.items())
    first = iter(table)
    second = iter(table)
    assert [next(first) for _ in range(3)] == [next(second) for _ in range(3)] == sorted(model)[:3]


def test_keys_that_are_no_utf8(make):
    keys = [b"\xff", b"\xc3", b"a\xed\xa0\x80", "é".encode()]
    path = make({key: key for key in keys}).path
    table = keyfold.open(path, keys="str", codec="str")
    texts = [key.decode("utf-8", "surrogateescape") for key in keys]
    assert sorted(table) == sorted(texts)
    for text in texts:
        assert table[text] == text and text in table and table.ordinal(text) >= 0
        assert table.longest_prefix(text) == text   # (and the byte c3 begins é)
    assert "\ud800" not in table


def test_it_is_read_only(make):
    table = make({"a": "1"})
    for change in (lambda: table | {}, lambda: {} | table, lambda: table | table):
        with pytest.raises(TypeError, match="merge"):
            change()
    with pytest.raises(TypeError):
        table["a"] = 1
    with pytest.raises(TypeError):
        del table["a"]
    with pytest.raises(TypeError):
        hash(table)
    with pytest.raises(AttributeError):
        table.anything = 1
    assert not hasattr(table, "__dict__")


def test_views_print_what_they_hold(make):
    table = make({"a": 1, "b": 2})
    assert repr(table.items()) == "ItemsView([('a', 1), ('b', 2)])"
    assert "..." in repr(make({str(i): i for i in range(100)}).keys())
    assert repr(table).startswith("<keyfold.Dictionary ") and "2 str keys, u64 values" in repr(table)


def test_int_keys_have_no_prefixes(make):
    table = make({1: "a"})
    for look in (table.keys, table.prefixes, table.longest_prefix, table.count_prefix):
        with pytest.raises(TypeError, match="prefix"):
            look(1)
    with pytest.raises(TypeError):
        make({"a": 1}).keys(prefix=5)


def test_numbers_that_are_equal_are_one_key(make):
    table = make({1: "a", 0: "b"})
    assert table[True] == table[1.0] == "a" and table[False] == "b" and 1.5 not in table
    numpy = pytest.importorskip("numpy")
    assert table[numpy.int64(1)] == "a"


def test_metadata_and_stat(make):
    table = make({"a": "1", "bc": "23"})
    assert table.metadata["python.keys"] == b"str" and table.metadata["python.values"] == b"str"
    stat = table.stat()
    assert (stat.keys, stat.longest_key, stat.raw_key_bytes, stat.value_type) == (2, 2, 3, "bytes")
    assert len(table.build_id) == 16 and table.key_kind == "str" and table.codec == "str"


def test_weights(make):
    table = make([("a", "x", 5), ("b", "y", 7)], weights="given")
    assert dict(table) == {"a": "x", "b": "y"} and table.stat().weights == "given"


def test_duplicates(make):
    pairs = [("a", 1), ("b", 5), ("a", 3)]
    with pytest.raises(keyfold.DuplicateKey, match="'a'"):
        make(pairs)
    for policy, value in dict(first=1, last=3, sum=4, min=1, max=3).items():
        assert dict(make(pairs, duplicates=policy)) == {"a": value, "b": 5}
    with pytest.raises(keyfold.ArgumentError):
        make(pairs, duplicates="nonsense")


def test_pairs_must_be_pairs(make):
    for pairs in ([("a",)], [1], 1):
        with pytest.raises(TypeError):
            make(pairs, keys="str", codec="str")
    with pytest.raises(TypeError, match="str keys"):
        make([("a", 1), (2, 2)])


def test_copies_are_the_same_object(make):
    import copy
    table = make({"a": 1})
    assert copy.copy(table) is table and copy.deepcopy([table])[0] is table
    assert pickle.loads(pickle.dumps(table)) == table


def test_verify_reports_and_can_be_ended(tmp_path):
    table = keyfold.compile(tmp_path / "a.kf", {f"key {i}": os.urandom(2000) for i in range(3000)}, codec="raw")
    for threads in (None, 1, 3):
        told = []
        assert table.verify(threads=threads, progress=lambda done, total: told.append((done, total))) is None
        assert told == sorted(told) and told[-1][0] == told[-1][1] > os.path.getsize(table.path)
        assert len({total for _, total in told}) == 1

    class Bar:
        total = None
        done = 0

        def update(self, count):
            self.done += count

    bar = Bar()
    table.verify(progress=bar)
    assert bar.done == bar.total > 0

    def stop(done, total):
        raise KeyboardInterrupt
    with pytest.raises(KeyboardInterrupt):
        table.verify(threads=2, progress=stop)
    for threads in (0, 257, "2"):
        with pytest.raises(keyfold.ArgumentError, match="threads"):
            table.verify(threads=threads)
    with pytest.raises(keyfold.ArgumentError, match="progress"):
        table.verify(progress=7)
