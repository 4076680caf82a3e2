"""d[key], d.get(key) and key in d, which are written in C (bindings/python/lookup.c), against a dict."""
import copy
import gc
import inspect
import itertools
import math
import os
import pickle
import random
import sys
import threading
import tracemalloc
import weakref
from collections import abc

import pytest

import keyfold
from keyfold import _dictionary, _handle
from keyfold._codecs import Codec


class Text(str):
    __slots__ = ()

    def encode(self, *options):
        return b"not this"

    def __hash__(self):
        return 5

    def __eq__(self, other):
        return False


class Bytes(bytes):
    __slots__ = ()


class Index:
    """An int key that does something when it is asked for."""

    def __init__(self, number, action):
        self.number, self.action = number, action

    def __index__(self):
        self.action()
        return self.number


LETTERS = ["a", "\0", "\x7f", "\x80", "é", "\xff", "\u0100", "\u07ff", "\u0800", "日", "\uffff", "\U00010000",
           "\U0010ffff"]


def texts(source):
    yield from ("", "\0", "\0a", "a" * 300, "é" * 300, "日" * 300, "\U0001f600" * 300, "é" * 100000,
                "a" * 100000)
    for letter in LETTERS:
        for size in (1, 2, 127, 128, 129, 130):     # a place of 512 bytes holds 128 characters of any kind
            yield letter * size
    for _ in range(3000):
        few = source.sample(LETTERS, source.randrange(1, 5))
        yield "".join(source.choices(few, k=source.choice((1, 3, 8, 40, 128, 200))))


def integers(source):
    for bits in range(0, 1100, 1):
        if bits <= 72 or bits % 100 in (0, 7, 8, 9) or 1000 < bits < 1030:
            for near in (-2, -1, 0, 1, 2):
                yield (1 << bits) + near
                yield -(1 << bits) + near
    for _ in range(2000):
        yield source.randrange(-1 << 70, 1 << 70) >> source.randrange(71)


def keys_of(kind, source):
    if kind == "str":
        return texts(source)
    if kind == "bytes":
        return (source.choice((key.encode("utf-16"), source.randbytes(3), source.randbytes(300)))
                for key in texts(source) if len(key) < 1000)
    if kind == "int":
        return integers(source)
    return ((number, "é" * (number % 3), None)[:source.randrange(1, 4)] for number in integers(source))


VALUES = {
    "none": lambda source: None,
    "u64": lambda source: source.randrange(1 << source.choice((1, 8, 32, 64))),
    "raw": lambda source: source.randbytes(source.randrange(20)),
    "str": lambda source: "".join(source.choices(LETTERS, k=source.randrange(10))),
    "int": lambda source: source.randrange(-1 << 70, 1 << 70) >> source.randrange(72),
    "float": lambda source: source.choice((-0.0, math.inf, -math.inf, 1e-320, source.uniform(-5, 5))),
    "struct:<hd": lambda source: (source.randrange(-5, 5), source.random()),
    "json": lambda source: [source.random(), {"a": None}],
    "object": lambda source: {source.randrange(5): (1, 2)},
    "pickle": lambda source: {source.randrange(5)},
}
KINDS = ("str", "bytes", "int", "tuple")
RELEASE = pytest.mark.parametrize("release", [False, True], ids=["with the GIL", "without the GIL"])


def missing_from(table, key):
    absent = object()
    assert key not in table and table.get(key) is None and table.get(key, absent) is absent
    assert table.get(default=absent, key=key) is absent
    with pytest.raises(keyfold.NotFound) as caught:
        table[key]
    assert caught.value.args == (key,) and caught.value.args[0] is key and caught.value.__context__ is None


@RELEASE
@pytest.mark.parametrize("codec", VALUES)
@pytest.mark.parametrize("kind", KINDS)
def test_against_a_dict(make, kind, codec, release):
    source = random.Random(f"{kind} {codec}")
    keys = list(dict.fromkeys(keys_of(kind, source)))
    source.shuffle(keys)
    model = {key: VALUES[codec](source) for key in keys[::2]}
    table = make(model, keys=kind, codec=codec)
    if codec == "pickle":
        table = keyfold.open(table.path, allow_pickle=True)
    table._release_gil = release
    assert table._release_gil is release and len(model) > 500
    for key, value in model.items():
        assert key in table
        for found in (table[key], table.get(key), table.get(key, 5), table.get(key=key, default=5)):
            assert type(found) is type(value) and repr(found) == repr(value)
    for key in keys[1::2]:
        missing_from(table, key)


def test_surrogates(make):
    keys = [b"\xff", b"\xc3", b"a\xed\xa0\x80", b"\xff" * 200]
    table = keyfold.open(make({key: key for key in keys}).path, keys="str", codec="str")
    for key in keys:
        text = key.decode("utf-8", "surrogateescape")
        assert table[text] == table.get(text) == text and text in table
    for text in ("\ud800", "\udfff", "a\ud800", "\ud800\udc00", "é" * 200 + "\ud800", "\udc80", "\udcff" * 2):
        missing_from(table, text)


def test_a_lookup_leaves_nothing_in_the_key(make):
    for size in (1, 100, 1000):
        key = "日" * size
        table = make({key: "x", "é" * size: "y"})
        before = sys.getsizeof(key)
        assert table[key] == "x" and key in table and sys.getsizeof(key) == before


def test_what_can_be_no_key_is_absent(make):
    tables = {kind: make({key: 1}, keys=kind) for kind, key in zip(KINDS, ("a", b"a", 97, (97,)))}
    others = ["", b"", 5, 1.5, math.nan, math.inf, None, [], {}, bytearray(b"b"), memoryview(b"b"), object(), (), ([],),
              (math.nan,), ("\ud800",)]
    for table in tables.values():
        for key in others:
            missing_from(table, key)
    with pytest.raises(RuntimeError, match="of mine"):
        tables["int"].get(Index(1, raises(RuntimeError("of mine"))))


def raises(problem):
    def action():
        raise problem
    return action


def test_subclasses_of_str_and_bytes(make):
    table = make({"abc": 1, "日本": 2, "é" * 300: 3})
    for key, value in table.items():
        assert table[Text(key)] == table.get(Text(key)) == value and Text(key) in table
    missing_from(table, Text("日"))
    table = make({b"abc": b"x"})
    assert table[Bytes(b"abc")] == table.get(Bytes(b"abc")) == b"x" and Bytes(b"abc") in table
    missing_from(table, Bytes(b"ab"))
    table = make({1: "x", 0: "y", -1: "z"})
    assert [table[key] for key in (True, False, 1.0, 0.0, -1.0, Index(1, int))] == list("xyxyzx")


def test_arguments_of_get(make):
    table = make({"a": "x"})
    assert table.get("a") == table.get(key="a") == table.get("a", default=1) == "x"
    assert table.get(default=1, key="a") == table.get("a", 1) == "x"
    assert table.get("b", 1) == table.get("b", default=1) == table.get(key="b", default=1) == 1
    for wrong in (lambda: table.get(), lambda: table.get("a", 1, 2), lambda: table.get(default=1),
                  lambda: table.get("a", key="a"), lambda: table.get("a", 1, default=2),
                  lambda: table.get("a", other=2), lambda: table.get("a", 1, **{"é": 2})):
        with pytest.raises(TypeError, match=r"get\(\)"):
            wrong()
    for make_one in (keyfold.Dictionary, type(table)):
        assert str(inspect.signature(make_one.get)) == "(self, /, key, default=None)"
        assert make_one.get.__doc__.startswith("The value of a key, or the default.\n")


@RELEASE
@pytest.mark.parametrize("size", [0, 1, 2, 8, 9, 255, 256, 257, 5000, 2 << 20])
def test_values_of_any_size(make, size, release):
    source = random.Random(size)
    numbers = source.randbytes(size)
    for value in (b"x" * size, numbers):
        table = make({"a": value, "b": b"other", **{f"c{i}": value[:i] for i in range(50)}})
        table._release_gil = release
        for _ in range(3):
            assert table["a"] == table.get("a") == value and table["b"] == b"other"
            assert table["c40"] == value[:40]
    text = "".join(map(chr, numbers[:5000])) + "é" * (size - 5000)
    table = make({"a": text, "b": "é"})
    table._release_gil = release
    assert table["a"] == table.get("a") == text and table["b"] == "é"


@RELEASE
def test_values_that_are_no_utf8(make, release):
    values = {"a": b"\xff", "b": b"x\xc3", "c": b"\xed\xa0\x80" * 200, "d": "é".encode(),
              "e": b"\x80" + b"y" * 70000}
    table = keyfold.open(make(values).path, codec="str")
    table._release_gil = release
    for key, value in values.items():
        assert table[key] == table.get(key) == value.decode("utf-8", "surrogateescape")


# ---- errors ---------------------------------------------------------------------------------------

def test_values_that_the_codec_cannot_read(make):
    path = make({"a": b"{ of 7.", "b": b"x" * 300}).path
    for codec in ("float", "json", "struct:<q"):
        table = keyfold.open(path, codec=codec)
        for key in table:
            for look in (table.get, table.__getitem__):
                with pytest.raises(keyfold.CodecError, match=codec) as caught:
                    look(key)
                assert isinstance(caught.value.__cause__, Exception) and path in str(caught.value)
                assert caught.value.__cause__.__traceback__ is not None
            assert key in table
    problem = None

    def decode(data):
        raise problem

    table = keyfold.open(path, codec=Codec("mine", bytes, decode))
    for problem in (keyfold.LimitError("x"), MemoryError(), KeyboardInterrupt(), SystemExit()):
        with pytest.raises(type(problem)) as caught:
            table["a"]
        assert caught.value is problem
    problem = KeyError("a")
    with pytest.raises(keyfold.CodecError):
        table.get("a")


def test_damaged_files(make, tmp_path):
    model = {f"{i:05}": [f"{i}", "text" * (i % 7)] for i in range(400)}
    with open(make(model, codec="json").path, "rb") as file:
        good = file.read()
    source = random.Random(11)
    seen = {}
    for turn in range(150):
        data = bytearray(good)
        for _ in range(3):
            data[source.randrange(256, len(data))] = source.randrange(256)
        path = tmp_path / f"{turn}.kf"
        path.write_bytes(data)
        try:
            table = keyfold.open(path, codec=("raw", "str", "json", "float")[turn % 4])
        except keyfold.Error:
            continue
        table._release_gil = turn % 3 == 0
        for key in model:
            for look in (table.get, table.__getitem__, table.__contains__):
                try:
                    look(key)
                except (keyfold.CorruptError, keyfold.CodecError, keyfold.NotFound) as problem:
                    seen.setdefault(type(problem), set()).add(look.__name__)
    assert seen[keyfold.CorruptError] >= {"get", "__getitem__"}
    assert keyfold.CodecError in seen


def test_closed(make):
    for model in ({"a": "x"}, {b"a": 1}, {1: None}, {(1,): 0.5}):
        table = make(model)
        table.close()
        assert table.closed
        for key in (*model, "other", None, []):
            for look in (table.get, table.__getitem__, lambda key: key in table):
                with pytest.raises(ValueError, match="the dictionary is closed"):
                    look(key)
    blank = keyfold.Dictionary.__new__(keyfold.Dictionary)
    with pytest.raises(AttributeError):
        blank.get("a")


@RELEASE
def test_closed_while_a_key_is_encoded(make, release):
    for look in (lambda t, k: t.get(k), lambda t, k: t[k], lambda t, k: k in t):
        table = make({1: "x", 2: "y"})
        table._release_gil = release
        assert look(table, Index(1, int))
        with pytest.raises(ValueError, match="closed"):
            look(table, Index(1, table.close))
        assert table.closed


def test_closed_while_a_value_is_decoded(make):
    def decode(data):
        table.close()
        gc.collect()
        return data

    path = make({"a": b"x" * 3000}).path
    table = keyfold.open(path, codec=Codec("closes", bytes, decode))
    assert table["a"] == b"x" * 3000 and table.closed


def test_lookups_within_lookups(make):
    """A value must be complete before Python code can look another up in the same memory."""
    model = {"a": b"a" * 70000, "b": b"b" * 80000, "c": b"c"}
    inner = make(model)

    def decode(data):
        assert [len(inner[key]) for key in ("b", "c", "a")] == [80000, 1, 70000]
        return data

    table = keyfold.open(inner.path, codec=Codec("looks", bytes, decode))
    assert {key: table[key] for key in model} == model
    numbers = make({n: "x" * n for n in range(300)})
    assert all(numbers[Index(n, lambda: numbers[299 - n])] == "x" * n for n in range(300))


# ---- objects and memory ---------------------------------------------------------------------------

def test_references_stay_as_they_are(make):
    table, numbers = make({"a" * 40: "x" * 40, "é" * 40: "y"}), make({5: "x", (1 << 70): "y"})
    pairs = keyfold.open(table.path, codec="raw")
    default, absent = object(), "zé" * 99
    hit, other, bad, huge = "a" * 40, "é" * 40, "\ud800" * 3, 1 << 70
    watched = (default, absent, hit, other, bad, huge, table, numbers, pairs, None, 5)

    def counts():
        return [sys.getrefcount(each) for each in watched[:-2]]

    def all_lookups():
        for key in (hit, other, absent, bad, 7):
            for each in (table, pairs):
                each.get(key), each.get(key, default), each.get(key=key, default=default), key in each
                try:
                    each[key]
                except KeyError:
                    pass
        numbers.get(huge), numbers.get("a"), numbers.get(-huge, default), numbers.get(1.0), huge in numbers

    all_lookups()
    before = counts()
    for _ in range(1000):
        all_lookups()
    assert counts() == before


def failing(look, *arguments):
    try:
        look(*arguments)
    except (keyfold.Error, ValueError, TypeError):
        return
    raise AssertionError("nothing was raised")


@RELEASE
def test_memory_does_not_grow(make, release):
    table = make({"a": "x" * 100, "é" * 200: "y" * 300, "b": "é"})
    floats = keyfold.open(make({"a": b"x"}).path, codec="float")
    closed = make({"a": 1})
    closed.close()
    table._release_gil = floats._release_gil = release
    steps = {
        "hits": lambda: (table["a"], table["b"], table.get("é" * 200), "a" in table),
        "misses": lambda: (table.get("c"), table.get("\ud800"), table.get(5), "é" * 201 in table),
        "failures": lambda: (failing(table.__getitem__, "c"), failing(table.get), failing(closed.get, "a"),
                             failing(floats.get, "a")),
    }
    for name, step in steps.items():
        for _ in range(100):
            step()
        gc.collect()
        tracemalloc.start()
        try:
            step()
            before = tracemalloc.get_traced_memory()[0]
            for _ in range(5000 if name == "failures" else 25000):
                step()
            gc.collect()
            grown = tracemalloc.get_traced_memory()[0] - before
        finally:
            tracemalloc.stop()
        assert grown < 20000, (name, grown)      # a byte a lookup would be more


class Holder(keyfold.Dictionary):
    """With a __dict__."""


def test_cycles_are_collected(make):
    path = make({"a": "x"}).path
    table = Holder(_handle.acquire(path))
    assert table["a"] == "x" and table._encode is not None
    table.again = [table]
    cycles = [weakref.ref(table)]

    def decode(data):
        return table, data

    table = keyfold.open(path, codec=Codec("cycle", bytes, decode))
    assert table["a"] == (table, b"x")
    cycles.append(weakref.ref(table))
    handle = weakref.ref(table._handle)
    del table, decode
    gc.collect()
    assert [each() for each in cycles] == [None, None] and handle() is None


def test_it_is_an_object_as_before(make):
    table = make({"a": "x", "b": "y"})
    assert type(table) is keyfold.Dictionary and type(table).__module__ == "keyfold._dictionary"
    assert isinstance(table, abc.Mapping) and not inspect.isabstract(keyfold.Dictionary)
    assert weakref.ref(table)() is table and copy.copy(table) is table and copy.deepcopy(table) is table
    assert pickle.loads(pickle.dumps(table)) == table and not hasattr(table, "__dict__")
    alias = keyfold.Dictionary[str, int]
    assert alias.__origin__ is keyfold.Dictionary and alias.__args__ == (str, int)
    assert gc.is_tracked(table) and table.__contains__("a") and table.__getitem__("a") == "x"
    for name in ("_c", "_encode", "_decode"):
        with pytest.raises(AttributeError):
            setattr(table, name, None)
    with pytest.raises(TypeError):
        type("Both", (keyfold.Dictionary, int), {})
    if sys.version_info >= (3, 10):
        space = {"table": table}
        exec("match table:\n    case {'a': value, 'b': 'y'}: pass", space)
        assert space["value"] == "x"


def test_subclasses_may_override(make):
    class Loud(keyfold.Dictionary):
        __slots__ = ()

        def get(self, key, default=None):
            return super().get(key.lower(), default)

        def __getitem__(self, key):
            return super().__getitem__(key.lower())

        def __contains__(self, key):
            return super().__contains__(key.lower())

    table = Loud(_handle.acquire(make({"a": "x"}).path))
    assert table["A"] == table.get("A") == "x" and "A" in table
    assert table.get("B", 5) == 5 and "B" not in table


def test_before_it_is_set_up():
    blank = keyfold.Dictionary.__new__(keyfold.Dictionary)
    assert not any(hasattr(blank, name) for name in ("_c", "_encode", "_decode")) and blank._release_gil is False
    with pytest.raises(ValueError):
        blank._hold(None, 1)
    for wrong in ((), ("a",), ("a", "b", None), (1, 2, 3, 4, 5)):
        with pytest.raises(TypeError):
            blank._set_up(*wrong)


# ---- nested dicts ---------------------------------------------------------------------------------

@pytest.mark.parametrize("values", [[1, 2, 3], ["x", "é", ""], [None, 0.5, [1]]])
def test_nested_dicts(tmp_path, values):
    model = {"a": {"b": values[0], 5: {}}, b"c": values[1], (1, "x"): values[2], "\0é" * 200: values[0]}
    table = keyfold.freeze(model, tmp_path / "nested.kf")
    for key, value in model.items():
        assert key in table and table[key] == table.get(key) == value
    assert table["a"]["b"] == values[0] and 5 in table["a"] and len(table["a"][5]) == 0 and len(table) == 4
    for key in ("", "c", 5, None, 1.5, [], "\ud800"):
        missing_from(table, key)
        missing_from(table["a"], key) if key != 5 else None
    inner = table["a"]
    table.close()
    for look in (table.get, table.__getitem__, inner.get, inner.__contains__):
        with pytest.raises(ValueError, match="closed"):
            look("a")


# ---- threads --------------------------------------------------------------------------------------

@RELEASE
def test_threads(make, release):
    model = {f"key {i}": f"value {i} " * (i % 200) for i in range(3000)}
    table = make(model)
    table._release_gil = release
    done = []

    def work(seed):
        source = random.Random(seed)
        keys = list(model)
        for turn in range(3000):
            key = source.choice(keys)
            assert table[key] == model[key] and key in table and table.get(key + " ") is None
            if turn % 300 == 0:
                again = keyfold.open(table.path)
                again._release_gil = release
                assert again[key] == model[key]
                again.close()
        done.append(seed)

    interval = sys.getswitchinterval()
    sys.setswitchinterval(1e-5)
    try:
        threads = [threading.Thread(target=work, args=(seed,)) for seed in range(6)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
    finally:
        sys.setswitchinterval(interval)
    assert len(done) == 6


@RELEASE
def test_close_while_others_look_up(make, release):
    path = make({f"{i}": f"{i}" * 50 for i in range(500)}).path
    outcomes = set()
    for _ in range(20):
        table = keyfold.open(path)      # the only one: its close unmaps the file
        table._release_gil = release
        started = threading.Barrier(4)

        def work():
            started.wait()
            try:
                for turn in itertools.count():
                    assert table[f"{turn % 500}"] == f"{turn % 500}" * 50
            except ValueError as problem:
                outcomes.add(str(problem))

        threads = [threading.Thread(target=work) for _ in range(3)]
        for thread in threads:
            thread.start()
        started.wait()
        table.close()
        del table._handle
        for thread in threads:
            thread.join()
    assert outcomes == {"the dictionary is closed"}


def test_when_the_gil_is_released(make, monkeypatch):
    model = {f"{i:05}": os.urandom(20) for i in range(1000)}
    tables = [make({f"{n}{key}": value for key, value in model.items()}) for n in range(3)]
    size = tables[0].stat().file_size
    assert not tables[0]._release_gil       # of a file this small

    def opened(path, memory, **options):
        monkeypatch.setattr(_handle, "_memory", lambda: memory)
        return keyfold.open(path, **options)._release_gil

    monkeypatch.setattr(_handle, "_SMALL", 0)
    bundle = keyfold.bundle(make.path(), tables)
    assert not bundle._release_gil and bundle.stat().file_size >= 3 * size - 9
    path, whole = bundle.path, bundle.stat().file_size
    del tables, bundle
    assert opened(path, 2 * whole - 2) and not opened(path, 2 * whole) and not opened(path, 0)
    assert opened(path, 1) and not opened(path, 1, in_memory=True)
    monkeypatch.undo()
    assert _handle._memory() > 1 << 24 and _dictionary.Dictionary is keyfold.Dictionary
