"""freeze: the cache folder, nested dicts."""
import copy
import itertools
import multiprocessing
import os
import pickle
import random
import threading
import time
from collections import OrderedDict, abc
from types import MappingProxyType

import pytest
from hypothesis import given, strategies as st

import keyfold
from conftest import LEVEL, METHODS, on_posix


@pytest.fixture(autouse=True)
def cache(tmp_path, monkeypatch):
    folder = tmp_path / "cache"
    monkeypatch.setenv("KEYFOLD_CACHE", str(folder))
    yield folder
    if folder.exists():
        assert [name for name in os.listdir(folder) if not name.endswith(".kf")] in ([], [".key"])


def files(folder):
    return sorted(name for name in os.listdir(folder) if name != ".key")


# ---- where files go ------------------------------------------------------------------------------

def test_the_same_dict_is_one_file(cache):
    model = {f"{i}": f"v{i}" for i in range(3000)}
    table = keyfold.freeze(model)
    assert isinstance(table, keyfold.Dictionary) and table == model and model == table
    assert os.path.dirname(table.path) == str(cache) and files(cache) == [os.path.basename(table.path)]
    before = os.stat(table.path).st_ino
    shuffled = list(model.items())
    random.Random(3).shuffle(shuffled)
    for again in (dict(shuffled), OrderedDict(shuffled), MappingProxyType(model), shuffled, iter(shuffled)):
        assert keyfold.freeze(again).path == table.path
    assert files(cache) == [os.path.basename(table.path)] and os.stat(table.path).st_ino == before


@pytest.mark.parametrize("model", [
    {"": ""}, {"a": "b"}, {"é\udcff": "ü" * 700, "\U0001f600" * 200: "\udc80"}, {"x" * 5000: "y" * 5000, "a\0": "\0"},
    {b"": b"", b"a" * 1000: b"b\0"}, {"a": 0, "b": (1 << 64) - 1}, {"a": -1, "b": 1 << 70}, {"a": None, "b": None},
    {1: "a", -5: "b"}, {("a", 1): "x"}, {"a": 1.5, "b": float("inf")}, {"a": [1, None], "b": {"c": "d"}},
    {"a": True, "b": False}, {"a": "x", "b": 1}, {f"{n}": "" for n in range(40000)}],
    ids=lambda model: repr(model)[:40])
def test_content_alone_names_a_file(cache, model):
    other = OrderedDict(sorted(model.items(), key=lambda pair: repr(pair[0]), reverse=True))
    paths = {keyfold.freeze(each).path for each in (model, dict(other), other, MappingProxyType(model))}
    if keyfold.freeze(model) == model and keyfold.freeze(model).key_kind != "nested":
        paths |= {keyfold.freeze(iter(each.items()), codec=keyfold.freeze(model).codec).path for each in (model, other)}
    assert len(paths) == len(files(cache)) == 1
    changed = {**model, next(iter(model)): "another"}
    assert keyfold.freeze(changed).path not in paths


def test_each_folder_has_a_key_of_its_own(cache, tmp_path, monkeypatch):
    first = keyfold.freeze({"a": "b"})
    assert len((cache / ".key").read_bytes()) == 16
    monkeypatch.setenv("KEYFOLD_CACHE", str(tmp_path / "other"))
    second = keyfold.freeze({"a": "b"})
    assert os.path.basename(first.path) != os.path.basename(second.path) and first == second
    assert keyfold.freeze({"a": "b"}).path == second.path


def test_what_differs_is_another_file(cache):
    tables = [keyfold.freeze(model, **options) for model, options in (
        ({"a": "x"}, {}), ({"a": "y"}, {}), ({"ab": "x"}, {}), ({"a": "xb"}, {}), ({"a": "x", "b": ""}, {}),
        ({b"a": "x"}, {}), ({b"a": b"x"}, {}), ({"a": "x"}, dict(codec="json")), ({"a": 5}, {}),
        ({"a": 5}, dict(codec="int")), ({"a": 5}, dict(weights="value")), ({}, {}), ({"a": {}}, {}),
        ({"a": {}}, dict(nested=False)), ({"a": {"x": 5}}, {}), ([("a", "x", 1)], dict(weights="given")),
        ([("a", "x", 2)], dict(weights="given")))]
    assert len({table.path for table in tables}) == len(tables) == len(files(cache))


def test_what_is_frozen_stays_as_it_is(cache, tmp_path):
    table = keyfold.freeze({"a": {"b": 1}})
    assert keyfold.freeze(table) is table
    inner = table["a"]
    assert keyfold.freeze(inner) is inner
    copied = keyfold.freeze(table, tmp_path / "copy.kf")
    assert copied == table and copied.build_id == table.build_id and copied.path != table.path
    assert keyfold.freeze(copied, tmp_path / "copy.kf") == table
    assert keyfold.freeze(inner, tmp_path / "inner.kf") == {"b": 1}
    pickles = keyfold.freeze({"a": {1, 2}}, codec="pickle")
    assert keyfold.freeze(pickles, tmp_path / "pickles.kf")["a"] == {1, 2}


def test_with_a_path(cache, tmp_path):
    path = tmp_path / "a.kf"
    for model in ({"a": 1}, {"a": {"b": None}}, {}):
        assert keyfold.freeze(model, path) == model
        assert keyfold.freeze(iter(model.items()), path) == model
    assert not cache.exists()


@on_posix("modes and homes are others")
def test_folders(tmp_path, monkeypatch):
    monkeypatch.delenv("KEYFOLD_CACHE")
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "xdg"))
    assert os.path.dirname(keyfold.freeze({"a": 1}).path) == str(tmp_path / "xdg" / "keyfold")
    assert os.stat(tmp_path / "xdg" / "keyfold").st_mode & 0o777 == 0o700
    monkeypatch.setenv("XDG_CACHE_HOME", "relative")       # which the specification says to ignore
    monkeypatch.setenv("HOME", str(tmp_path / "home"))
    assert os.path.dirname(keyfold.freeze({"a": 1}).path) == str(tmp_path / "home" / ".cache" / "keyfold")


def test_a_damaged_file_is_written_again(cache):
    path = keyfold.freeze({"a": 1}).path
    good = open(path, "rb").read()
    for bad in (good[:100], b"", b"x" * 5000):
        os.unlink(path)
        with open(path, "wb") as file:
            file.write(bad)
        table = keyfold.freeze({"a": 1})
        assert table == {"a": 1} and table.path == path and open(path, "rb").read() == good
        table.close()


def test_what_a_killed_process_left_goes(cache):
    keyfold.freeze({"a": 1})
    old, new = cache / ".1-0-5.tmp", cache / ".1-0-6.tmp"
    for path in (old, new):
        path.write_bytes(b"unfinished")
    os.utime(old, (time.time() - 90000,) * 2)
    keyfold.freeze({"a": 2})
    assert not old.exists() and new.exists()
    new.unlink()


def test_a_failure_leaves_nothing(cache):
    for bad in ({"a": object()}, {"a": {"b": object()}}, {1.5j: 1},
                {"a": {1.5j: 1}}, {float("nan"): 1}, [("a", 1), ("a", 2)], [5], 5):
        with pytest.raises((TypeError, ValueError)):
            keyfold.freeze(bad)
    with pytest.raises(keyfold.DuplicateKey):
        keyfold.freeze([("a", {}), ("a", {})])
    assert keyfold.freeze([("a", {"x": 1}), ("a", {})], duplicates="first") == {"a": {"x": 1}}
    with pytest.raises(keyfold.CodecError, match=r"\['a'\]\['b'\]"):
        keyfold.freeze({"a": {"b": object()}})
    with pytest.raises(keyfold.ArgumentError, match="given"):
        keyfold.freeze({"a": 1}, weights="given")
    endless = {}
    endless["again"] = endless
    with pytest.raises(keyfold.LimitError, match="within itself"):
        keyfold.freeze(endless)


def freeze_at_once(folder):
    os.environ["KEYFOLD_CACHE"] = str(folder)   # a fork server has the environment that it was started with
    model = {f"{i}": {"n": i} for i in range(2000)}
    table = keyfold.freeze(model)
    return table.path, table.build_id, table == model, pickle.dumps(table)


@pytest.mark.parametrize("method", METHODS)
def test_many_processes_freeze_at_once(cache, method):
    with multiprocessing.get_context(method).Pool(4) as pool:
        results = pool.map(freeze_at_once, [cache] * 8, chunksize=1)
    assert len({result[:2] for result in results}) == 1 and all(result[2] for result in results)
    assert len(files(cache)) == 1
    assert pickle.loads(results[0][3])["7"]["n"] == 7


def test_many_threads_freeze_at_once(cache):
    results = []
    threads = [threading.Thread(target=lambda: results.append(freeze_at_once(cache))) for _ in range(6)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(results) == 6 and len(set(results)) == 1


def test_progress(cache):
    seen = []
    keyfold.freeze({f"{i}": i for i in range(20_000)}, progress=lambda *report: seen.append(report))
    assert seen[-1] == (20_000, 20_000)


# ---- values and keys -----------------------------------------------------------------------------

KEYS = st.one_of(st.text(max_size=4), st.binary(max_size=4), st.integers(), st.none(),
                 st.tuples(st.text(max_size=2), st.integers(-3, 3)))
LEAVES = st.one_of(st.none(), st.booleans(), st.integers(), st.floats(allow_nan=False), st.text(max_size=5),
                   st.binary(max_size=5), st.tuples(st.integers(), st.text(max_size=2)),
                   st.lists(st.dictionaries(st.text(max_size=2), st.integers(), max_size=2), max_size=2))
NESTED = st.recursive(st.dictionaries(KEYS, LEAVES, max_size=5),
                      lambda inner: st.dictionaries(KEYS, st.one_of(LEAVES, inner), max_size=5),
                      max_leaves=40)


def same(frozen, model):
    """Every method of a mapping, at every depth."""
    assert isinstance(frozen, abc.Mapping) and len(frozen) == len(model)
    keys = list(frozen)
    assert set(keys) == set(model) == set(frozen.keys()) and len(keys) == len(model)
    assert list(frozen.keys()) == keys and [key for key, _ in frozen.items()] == keys
    assert frozen == model and model == frozen and not frozen != model
    assert (keys, model) in [(keys, frozen)] and frozen != {**model, "another key": 1}
    for (key, value), second in zip(frozen.items(), frozen.values()):
        assert key in frozen and value == model[key] == frozen[key] == frozen.get(key) == second
        if isinstance(model[key], dict):
            assert isinstance(value, keyfold.SubDictionary)
            same(frozen[key], model[key])
        else:
            assert type(value) is type(model[key])
    assert frozen != {key: ["no"] for key in model} or not model
    for absent in ("absent", b"absent", -12345, ("absent", 0), 1.5, ["unhashable"]):
        assert frozen.get(absent) is None and frozen.get(absent, 7) == 7 and absent not in frozen
        with pytest.raises(KeyError):
            frozen[absent]


@given(NESTED)
def test_nested_dicts_of_anything(tmp_path_factory, model):
    path = tmp_path_factory.mktemp("nested") / "a.kf"
    frozen = keyfold.freeze(model, path, nested=True)
    same(frozen, model)
    assert frozen.to_dict() == model
    again = pickle.loads(pickle.dumps(frozen))
    assert again == frozen and again == model
    for key, value in model.items():
        if isinstance(value, dict):
            copied = pickle.loads(pickle.dumps(frozen[key]))
            assert copied == value and copied == frozen[key] and hash_is_refused(copied)


def hash_is_refused(value):
    try:
        hash(value)
    except TypeError:
        return True
    return False


@pytest.mark.parametrize("codec, leaves", [
    ("u64", [0, 5, 2**64 - 1]), ("int", [0, -5, 2**70]), ("str", ["", "é", "\udcff"]), ("raw", [b"", b"\0"]),
    ("json", [None, [1, 2], "x"]), ("msgpack", [None, (1, 2), [3], b"x"]), ("pickle", [None, {1, 2}, 3j]),
    ("float", [0.5, 1e300]), ("struct:<hh", [(1, 2), (-3, 4)]), ("object", [(1, (None,)), b"x", {3}])])
def test_codecs_of_leaves(codec, leaves):
    leaf = itertools.cycle(leaves)
    model = {str(i): {"a": next(leaf), "b": {"c": next(leaf), "d": {}}} for i in range(20)}
    frozen = keyfold.freeze(model, codec=codec)
    assert frozen.codec == codec
    same(frozen, model)


def test_flat_dicts():
    for model in ({"a": "x"}, {1: None, -5: None}, {("a", 1): (1, 2)}, {b"\0": 5}, {}, {"a": [{"b": 1}]},
                  {"\udc80": "x", "\ue000": "y", "\U00010000": "z"}):
        table = keyfold.freeze(model)
        assert table == model and table.key_kind != "nested"
        assert keyfold.freeze(list(model.items()), codec=table.codec).path == table.path
    mixed = {"a": 1, 5: 2, None: 3, b"x": 4, ("t",): 5}
    assert keyfold.freeze(mixed) == mixed
    whole = keyfold.freeze({"a": {"b": 1}}, nested=False)
    assert whole["a"] == {"b": 1} and type(whole["a"]) is dict


def test_large_inner_dicts():
    model = {"big": {str(i): {"x": i} for i in range(1200)}, "": {}, "small": {"y": 1}, "z": 5}
    frozen = keyfold.freeze(model)
    same(frozen, {**model})
    assert list(frozen) == ["", "big", "small", "z"] and list(reversed(frozen)) == ["z", "small", "big", ""]
    assert frozen["big"]["1199"]["x"] == 1199


def test_a_trie_of_nested_dicts():
    source = random.Random(8)
    words = {"".join(source.choices("abcde", k=source.randrange(1, 9))) for _ in range(800)}
    trie = {}
    for word in words:
        level = trie
        for letter in word:
            level = level.setdefault(letter, {})
        level[""] = len(word)
    frozen = keyfold.freeze(trie)
    assert frozen == trie and frozen.to_dict() == trie
    for word in words:
        level = frozen
        for letter in word:
            level = level[letter]
        assert level[""] == len(word)


def test_an_inner_dict_travels_as_its_path(tmp_path):
    frozen = keyfold.freeze({"level": {"one": {"two": {str(i): i for i in range(1000)}}}}, tmp_path / "a.kf")
    inner = frozen["level"]["one"]["two"]
    assert len(pickle.dumps(inner)) < 400 and len(pickle.dumps(frozen)) < 300
    assert pickle.loads(pickle.dumps(inner))["77"] == 77
    assert copy.copy(inner) is inner and copy.deepcopy([inner])[0] is inner
    assert "1000 keys" in repr(inner)
    pickled = pickle.dumps(inner)
    del frozen, inner       # or the handle would still have the old file
    keyfold.freeze({"level": 0}, tmp_path / "a.kf")
    with pytest.raises(keyfold.Replaced):
        pickle.loads(pickled)["77"]


def test_what_a_nested_dictionary_refuses():
    frozen = keyfold.freeze({"a": {"b": 1}})
    for name in ("ordinal", "key_at", "value_at", "longest_prefix", "prefixes", "count_prefix"):
        with pytest.raises(keyfold.UnsupportedError, match=name):
            getattr(frozen, name)("a")
    for name in ("ordinal", "fuzzy", "nearest", "complete", "find_all"):
        assert not hasattr(frozen["a"], name)
        with pytest.raises(AttributeError, match=f"no {name}.*nested=False"):
            getattr(frozen["a"], name)
    with pytest.raises(AttributeError, match="no attribute 'nothing'"):
        frozen["a"].nothing
    flat = keyfold.freeze(frozen.to_dict(), nested=False)
    assert [hit.key for hit in flat.fuzzy("b", distance=1)] == ["a"] and flat["a"] == {"b": 1}
    frozen.verify()
    assert frozen.stat().keys == 3
    with pytest.raises(keyfold.ArgumentError, match="nested"):
        keyfold.freeze({"a": {}}, keys="str")
    with pytest.raises(TypeError):
        frozen["a"]["c"] = 1
    with pytest.raises(keyfold.ArgumentError):
        keyfold.compile(frozen.path, {"a": 1}, keys="nested")


def levels(frozen, model):
    """All dicts of a frozen one, with what they were."""
    waiting = [(frozen, model)]
    while waiting:
        level, plain = waiting.pop()
        yield level, plain
        waiting += [(level[key], value) for key, value in plain.items() if isinstance(value, dict)]


SOURCE = random.Random(21)


def some_dict(depth):
    keys = ["", "a", "ab", "abc", "b\0", "b\1c", "\0", "é", "éa", b"", b"a", b"ab", b"\0\1", 0, 5, -1, ("a",),
            None]
    chosen = SOURCE.sample(keys, SOURCE.randrange(len(keys)))
    return {key: some_dict(depth - 1) if depth and SOURCE.random() < 0.3 else SOURCE.randrange(99)
            for key in chosen}


def test_many_keys_of_nested_dicts(cache):
    for _ in range(120 if LEVEL == "long" else 15):
        model = {"inner": some_dict(2), **some_dict(1)}
        for level, plain in levels(keyfold.freeze(model), model):
            keys = [*plain, "?", "inner ", 7.5, ("a", "b"), [], None, float("nan")]
            SOURCE.shuffle(keys)
            want = [plain.get(key, "none") if key.__hash__ else "none" for key in keys]
            got = level.get_many(keys, "none")
            assert got == want
            assert [type(each) for each in got] == \
                [keyfold.SubDictionary if isinstance(each, dict) else type(each) for each in want]
            assert level.get_many(iter(keys), "none") == want and level.get_many([]) == []
            for prefix in ("", "a", "ab", "b", "b\0", "\0", "é", "x", b"", b"a", b"\0"):
                part = {key: value for key, value in plain.items()
                        if type(key) is type(prefix) and key.startswith(prefix)}
                assert level.keys(prefix) == set(part) and len(level.keys(prefix)) == len(part)
                assert sorted(level.keys(prefix)) == list(level.keys(prefix)) and repr(level.keys(prefix))
                assert dict(level.items(prefix)) == part and len(level.items(prefix)) == len(part)
                assert list(level.values(prefix)) == [part[key] for key in level.keys(prefix)]
                for key, value in [*plain.items(), ("?", 0)]:
                    assert (key in level.keys(prefix)) == (key in part)
                    assert ((key, value) in level.items(prefix)) == (key in part)
                    assert value not in part.values() or value in level.values(prefix)
            for wrong in (5, ("a",), 1.5):
                with pytest.raises(TypeError, match="prefix"):
                    level.keys(wrong)
    for wrong in ("ab", b"ab"):
        with pytest.raises(TypeError, match="many keys"):
            keyfold.freeze(model).get_many(wrong)
    with pytest.raises(keyfold.ArgumentError, match="output"):
        keyfold.freeze(model).get_many(["a"], output="frame")


def test_columns_of_keys_of_nested_dicts(cache):
    numpy = pytest.importorskip("numpy", reason="numpy is not installed")
    frozen = keyfold.freeze({"a": {"b": 1, "c": 2, "d": {}}, "e": {"b": -1, "c": "x"}})
    inner = frozen["a"]
    values, found = inner.get_many(["c", "?", "b"], output="numpy")
    assert values.tolist() == [2, None, 1] and found.tolist() == [True, False, True]
    assert inner.get_many(numpy.array(["c", "?"])) == [2, None]
    with pytest.raises(TypeError, match="item 1, 'd', is a dict"):
        inner.get_many(["c", "d"], output="numpy")
    with pytest.raises(TypeError, match="is a dict"):
        frozen.get_many(["a"], output="arrow")
    numbers = keyfold.freeze({"a": {"b": 1, "c": 2}})["a"]
    assert numbers.get_many(["c", "?"], output="numpy")[0].dtype == numpy.uint64
    pyarrow = pytest.importorskip("pyarrow", reason="pyarrow is not installed")
    assert inner.get_many(pyarrow.array(["b", None, "c"])) == [1, None, 2]
    assert pyarrow.array(numbers.get_many(["c", "?"], output="arrow")).to_pylist() == [2, None]
    pandas = pytest.importorskip("pandas", reason="pandas is not installed")
    assert inner.get_many(pandas.Series(["b", "?"])) == [1, None]


def test_damaged_nested_dicts_are_errors_and_nothing_worse(tmp_path):
    model = {str(i): {"a": i, "b": {str(j): "x" * j for j in range(3)}} for i in range(60)}
    good = open(keyfold.freeze(model, tmp_path / "a.kf").path, "rb").read()
    source = random.Random(9)
    seen = 0
    for number in range(150):
        data = bytearray(good)
        for _ in range(source.choice((1, 3))):
            data[source.randrange(len(data))] = source.randrange(256)
        path = tmp_path / f"{number}.kf"
        path.write_bytes(data)
        try:
            table = keyfold.open(path)
            list(table.items())
            for key in model:
                table.get(key)
            table.to_dict()
        except (keyfold.Error, RecursionError) as problem:
            assert not isinstance(problem, RecursionError)
            seen += 1
    assert seen > 20


def test_encoding_and_metadata(cache):
    plain = keyfold.freeze({"a": "x", "b": "y"})
    told = keyfold.freeze({"a": "x", "b": "y"}, encoding="raw", metadata={"source": "here", "raw": b"\xff"})
    assert dict(told) == dict(plain) and told.path != plain.path
    assert told.stat().value_encoding == "raw"
    assert told.metadata["source"] == b"here" and told.metadata["raw"] == b"\xff"
    inode = os.stat(told.path).st_ino
    again = keyfold.freeze({"b": "y", "a": "x"}, encoding="raw", metadata={"raw": b"\xff", "source": b"here"})
    assert again.path == told.path and os.stat(told.path).st_ino == inode
    paths = {keyfold.freeze({"a": "x", "b": "y"}, **more).path for more in (
        {}, {"encoding": "raw"}, {"metadata": {"source": "here"}}, {"metadata": {"source": "there"}})}
    assert len(paths) == 4
    pairs = keyfold.freeze([("a", "x"), ("b", "y")], metadata={"source": "here"})
    assert pairs.metadata["source"] == b"here" and pairs.path in paths
    for given in ({"encoding": "raw"}, {"metadata": {"source": "here"}}):
        with pytest.raises(keyfold.ArgumentError, match="taken as it is"):
            keyfold.freeze(plain, **given)
    with pytest.raises(keyfold.ArgumentError, match="reserved"):
        keyfold.freeze({"a": "x"}, metadata={"python.keys": "x"})
