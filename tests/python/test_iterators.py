"""Iterators over keys, values and items, and few keys at once, which are written in C (bindings/python/entries.c and
lookup.c): what an iterator promises beside the right entries."""
import gc
import threading
import weakref

import pytest

import keyfold

PAIRS = {f"key {n:05}": f"value {n % 700}" for n in range(5000)}


@pytest.fixture
def table(tmp_path):
    return keyfold.compile(tmp_path / "t.kf", PAIRS)


def test_an_iterator_outlives_its_dictionary(table):
    entries = iter(table.items())
    assert next(entries) == ("key 00000", "value 0")
    table.close()
    assert list(entries) == list(PAIRS.items())[1:]
    assert list(entries) == [] and next(entries, None) is None
    for view in (table.keys, table.values, table.items):
        with pytest.raises(ValueError, match="closed"):
            list(view())


def test_an_iterator_is_freed_in_the_middle(table):
    before = len(gc.get_objects())
    for _ in range(300):
        entries = iter(table.values())
        for _ in range(20):
            next(entries)
    del entries
    gc.collect()
    assert len(gc.get_objects()) < before + 200
    holder = weakref.ref(table)
    entries = iter(table)
    del table
    gc.collect()
    assert holder() is not None and next(entries) == "key 00000"


def test_threads_share_an_iterator(table):
    entries = iter(table.items())
    seen, others = [], []

    def take():
        while True:
            try:
                seen.append(next(entries))
            except StopIteration:
                return
            except ValueError as problem:      # another thread is fetching
                others.append(str(problem))

    threads = [threading.Thread(target=take) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert sorted(seen) == list(PAIRS.items()) and set(others) <= {"the iterator is in use"}


def test_a_value_that_cannot_be_decoded_ends_it(tmp_path):
    class Wrong(Exception):
        pass

    def decode(data):
        if data == b"30":
            raise Wrong("thirty")
        return int(data)

    keyfold.register_codec("iterators", lambda value: b"%d" % value, decode)
    table = keyfold.compile(tmp_path / "t.kf", {n: n for n in range(40)}, codec="iterators")
    entries = iter(table.items())
    with pytest.raises(keyfold.CodecError, match="thirty") as caught:
        for expected in range(40):
            assert next(entries) == (expected, expected)
    assert isinstance(caught.value.__cause__, Wrong) and list(entries) == []
    assert list(table.keys()) == list(range(40))


def test_iterators_are_used_again(tmp_path, table):
    keys = list(PAIRS)
    numbers = keyfold.compile(tmp_path / "n.kf", {key: n for n, key in enumerate(keys)})
    for n in range(0, 5000, 83):           # ended early, at the end, after a failure, in turn with others
        prefix = keys[n][:7]
        below = [key for key in keys if key.startswith(prefix)]
        first, second = iter(table.items(prefix=prefix)), reversed(table.keys(start=keys[n], stop=keys[n + 9]))
        third = iter(numbers.values(prefix=prefix))
        assert next(first) == (below[0], PAIRS[below[0]]) and next(second) == keys[n + 8]
        del first
        fourth = iter(table.values(prefix=keys[n]))
        assert list(second) == keys[n:n + 8][::-1] and list(fourth) == [PAIRS[keys[n]]]
        assert list(table.keys(prefix=prefix)) == below and list(table.keys(prefix="none")) == []
        assert list(third) == [keys.index(key) for key in below]
        with pytest.raises(TypeError):
            iter(table.items(prefix=7))
    late = iter(table.items())
    assert next(late) == (keys[0], PAIRS[keys[0]])
    table.close()                          # with one that is kept and one that is not
    assert list(late) == list(PAIRS.items())[1:]


def test_a_codec_that_iterates_itself(tmp_path):
    def decode(data):
        with pytest.raises(ValueError, match="in use"):
            next(entries)
        return data

    keyfold.register_codec("reentrant", bytes, decode)
    table = keyfold.compile(tmp_path / "t.kf", {"a": b"1", "b": b"2"}, codec="reentrant")
    entries = iter(table.items())
    assert list(entries) == [("a", b"1"), ("b", b"2")]


class Name(str):
    """A str that is none of exactly that type."""


@pytest.mark.parametrize("count", [0, 1, 2, 63, 64, 65, 200])
def test_few_keys_are_as_many(table, count):
    keys = list(PAIRS)[7:7 + count]
    want = [PAIRS[key] for key in keys]
    assert table.get_many(keys) == table.get_many(tuple(keys)) == table.get_many(iter(keys)) == want
    for odd in (None, float("nan"), "absent", 3, b"key 00001", Name("key 00001"), "\udcff", ("key 00001",)):
        mixed = [*keys, odd]
        default = object()
        got = PAIRS.get(odd, default) if isinstance(odd, str) else default
        assert table.get_many(mixed, default) == [*want, got]
    with pytest.raises(keyfold.ArgumentError):
        table.get_many(keys, output="lists")


@pytest.mark.parametrize("keys", [{1: "a", -5: "b", 1 << 80: "c"}, {b"x": 1, b"": 2}, {("a", 1): 2.5, ("b",): 0.5}])
def test_few_keys_of_other_kinds(tmp_path, keys):
    table = keyfold.compile(tmp_path / "t.kf", keys)
    asked = [*keys, True, "x", None, *keys]
    assert table.get_many(list(keys)) == list(keys.values())
    assert table.get_many(asked, "no") == [table.get(key, "no") if key is not None else "no" for key in asked]


# ---- packing, which C does for the commonest types and Python from the first pair on that is none of them ----------

MIXED = [
    {f"k{n}": "v" for n in range(40)} | {"odd\udcff": "v", Name("name"): "w"} | {f"l{n}": "x\udc80" for n in range(40)},
    {f"é{n}" * 300: f"ü{n}" * 300 for n in range(30)} | {"": ""},
    {b"%d" % n: b"\0" * n for n in range(100)} | {b"z": b"y"},
    {f"k{n}": n for n in range(100)} | {"last": (1 << 64) - 1},
    {f"k{n}": n for n in range(100)} | {"last": 1 << 64},
    {f"k{n}": None for n in range(100)},
    {f"k{n}": n for n in range(100)} | {"last": True},
]


@pytest.mark.parametrize("model", MIXED, ids=range(len(MIXED)))
@pytest.mark.parametrize("codec", ["auto", "str", "raw", "u64", "none", "json"])
def test_a_dict_is_packed_as_pairs_are(tmp_path, model, codec):
    built = []
    for given in (model, iter(model.items())):
        path = tmp_path / f"{len(built)}.kf"
        try:
            keyfold.compile(path, given, codec=keyfold.compile(path, model).codec if codec == "auto" else codec)
            built.append(path.read_bytes())
        except (keyfold.Error, TypeError) as problem:
            built.append(str(problem))
    assert built[0] == built[1]


def test_a_dict_that_changes_while_it_is_read(tmp_path):
    model = {f"{n}": "x" for n in range(100_000)}

    def grow(done, total, phase):
        if phase == "reading":
            model[f"more {len(model)}"] = "y"

    with pytest.raises(RuntimeError, match="changed size"):
        keyfold.compile(tmp_path / "t.kf", model, progress=grow)
    assert not (tmp_path / "t.kf").exists()
