"""duplicates="all": tables whose values are lists. And keys alone, which are not taken for paths of files."""
import collections
import itertools
import os
import pathlib
import random

import pytest
from hypothesis import given, strategies as st

import keyfold

PAIRS = [("b", 3), ("a", 1), ("b", -1), ("c", 2), ("b", 3)]
LISTS = {"a": [1], "b": [3, -1, 3], "c": [2]}


@pytest.fixture(autouse=True)
def cache(tmp_path, monkeypatch):
    monkeypatch.setenv("KEYFOLD_CACHE", str(tmp_path / "cache"))


def check(table, lists):
    for each in (table, keyfold.open(table.path, allow_pickle=True)):
        assert dict(each) == lists and each == lists and len(each) == len(lists)
        assert each.get_many([*lists, "no"]) == [*lists.values(), None]
        assert [each.value_at(i) for i in range(len(each))] == [each[key] for key in each] == list(each.values())
        values, found = each.get_many(["no", *lists], output="numpy")
        assert list(values) == [None, *lists.values()] and list(found) == [False] + [True] * len(lists)
        with pytest.raises(TypeError, match="list:"):
            each.get_many(["a"], output="arrow")


def reader(part):
    return PAIRS[part]


def lists_of(part):
    return [{"a": [1, 2], "b": 3}, collections.ChainMap({"a": [4], "c": []}), {"a": [[5]]}.items()][part]


def test_all_values_of_a_key(make, tmp_path):
    for pairs in (PAIRS, iter(PAIRS), tuple(PAIRS), LISTS, collections.ChainMap(LISTS),
                  [(key, value) for key, values in LISTS.items() for value in values]):
        table = make(pairs, duplicates="all")
        assert table.codec == "list:int"
        check(table, LISTS)
    for pairs in (PAIRS, LISTS):
        check(keyfold.freeze(pairs, duplicates="all"), LISTS)
        check(keyfold.freeze(pairs, tmp_path / "frozen.kf", duplicates="all"), LISTS)
    assert keyfold.freeze(LISTS, duplicates="all").path == keyfold.freeze(dict(LISTS), duplicates="all").path


@pytest.mark.parametrize("workers", [0, 1, 3])
def test_parts(make, workers):
    parts = [slice(i, i + 2) for i in range(0, 5, 2)]
    for _ in range(3):
        check(make(parts, reader=reader, workers=workers, duplicates="all"), LISTS)
    table = make([0, 1, 2], reader=lists_of, workers=workers, duplicates="all", codec="object")
    check(table, {"a": [1, 2, 4, [[5]]], "b": [3], "c": []})


def test_a_list_in_a_mapping_is_the_values(make):
    check(make({"a": [1, 2], "b": 3, "c": []}, duplicates="all", codec="int"), {"a": [1, 2], "b": [3], "c": []})
    check(make({"a": [[1, 2]]}, duplicates="all"), {"a": [[1, 2]]})
    check(make({"a": [1, 2]}.items(), duplicates="all"), {"a": [[1, 2]]})
    check(make([("a", [1, 2]), ("a", [3])], duplicates="all"), {"a": [[1, 2], [3]]})
    check(make({"a": (1, 2)}, duplicates="all"), {"a": [(1, 2)]})


@pytest.mark.parametrize("values, codec", [
    (["", "é" * 200, "\0"], "str"), ([b"", b"x" * 20000], "raw"), ([None, None], "none"), ([1.5, -0.0], "float"),
    ([True, None], "json"), ([(1,), {2}], "object"), ([2**70, -1], "int"), ([object], "pickle"), ([5, 7], "struct:<H")])
def test_codecs(make, values, codec):
    wanted = codec if codec in ("pickle", "struct:<H") else "auto"
    table = make([("a", value) for value in values] + [("b", values[0])], duplicates="all", codec=wanted)
    assert table.codec == "list:" + codec
    check(table, {"a": values, "b": values[:1]})
    check(make({"a": values}, codec="list:" + codec), {"a": values})
    check(make({"a": values}, duplicates="all", codec="list:" + codec), {"a": values})
    if codec == "pickle":
        with pytest.raises(keyfold.CodecError, match="allow_pickle"):
            keyfold.open(table.path)


def test_empty(make):
    assert dict(make([], duplicates="all")) == {} and dict(make({}, duplicates="all")) == {}


@given(st.lists(st.tuples(st.sampled_from(["", "a", "ab", "abc", "b"]), st.binary(max_size=300)), max_size=30))
def test_order_of_arrival(make, pairs):
    lists = {}
    for key, value in pairs:
        lists.setdefault(key, []).append(value)
    check(make(pairs, duplicates="all", codec="raw"), lists)


def test_more_than_memory(make):
    draw = random.Random(5)
    pairs = [(f"key{draw.randrange(3000)}", f"{number} {'x' * draw.randrange(120)}") for number in range(250000)]
    lists = {}
    for key, value in pairs:
        lists.setdefault(key, []).append(value)
    for threads, shards in ((1, 1), (3, 4)):
        table = make(iter(pairs), duplicates="all", memory="16M", threads=threads, shards=shards)
        assert dict(table) == lists


def test_what_does_not_go_with_it(make, tmp_path):
    for options, said in (({"weights": "given"}, "weights"), ({"weights": "value"}, "weights")):
        with pytest.raises(keyfold.ArgumentError, match=said):
            make(PAIRS, duplicates="all", **options)
    with pytest.raises(keyfold.ArgumentError, match="nested"):
        keyfold.freeze({"a": {"b": 1}}, duplicates="all")
    with pytest.raises(keyfold.CodecError, match="pair 2: the key 'b'.*must be a str"):
        make([("a", "x"), ("b", 5)], duplicates="all", codec="str")
    with pytest.raises(keyfold.CodecError, match="must be a list, not str"):
        make({"a": "x"}, codec="list:str")
    with pytest.raises(keyfold.CodecError, match="unknown codec"):
        make({"a": "x"}, codec="list:list:str")


def test_resuming_lists(make, tmp_path):
    def pairs(fails):
        for number in range(150000):
            yield f"key{number % 500}", f"{number} {'y' * 200}"
        if fails:
            raise KeyboardInterrupt

    options = dict(duplicates="all", memory="16M", resume=tmp_path / "kept")
    with pytest.raises(KeyboardInterrupt):
        make(pairs(True), **options)
    assert os.listdir(tmp_path / "kept")
    table = make(pairs(False), **options)
    assert table["key7"] == [f"{number} {'y' * 200}" for number in range(7, 150000, 500)]


# ---- keys alone ----

@pytest.mark.parametrize("keys", [["apple", "pear"], ("apple",), {"apple", "pear"}, frozenset(["pear"]), [b"apple"],
                                  dict.fromkeys(["apple"]).keys(), ["x" * 5000], ["with\0null"], [""]], ids=repr)
def test_keys_alone_are_no_paths(make, keys):
    for inputs in (keys, iter(keys), (key for key in keys)):
        with pytest.raises(OSError, match=r"paths of files.*dict\.fromkeys") as caught:
            make(inputs)
        assert isinstance(caught.value, keyfold.Error) and len(str(caught.value)) < 600
    with pytest.raises(keyfold.ArgumentError, match=r"dict\.fromkeys"):
        keyfold.freeze(keys)
    key_only = make(dict.fromkeys(keys))
    assert key_only.codec == "none" and set(key_only) == set(keys)


def test_only_as_much_is_taken_as_shows_it(make):
    taken = itertools.count()
    with pytest.raises(OSError, match="fromkeys"):
        make(f"word {next(taken)}" for _ in range(10**9))
    assert next(taken) < 5


def test_swapped_arguments_are_told(tmp_path):
    for wrong in ({"a": 1}, [("a", 1)], 5, None):
        for call in (keyfold.compile, keyfold.bundle):
            with pytest.raises(TypeError, match="the path of the file to write comes first"):
                call(wrong, tmp_path / "a.kf")
        if wrong is not None:
            with pytest.raises(TypeError, match="the path of the file to write comes first"):
                keyfold.freeze({"a": 1}, wrong)


def test_files_that_are_there_are_read(make, tmp_path):
    good = tmp_path / "good.tsv"
    good.write_text("a\tx\n")
    for inputs in ([str(good)], {str(good)}, iter([good]), str(good), good, os.fsencode(good)):
        assert dict(make(inputs)) == {"a": "x"}
    with pytest.raises(FileNotFoundError, match="fromkeys"):
        make([str(good), "pear"])
    with pytest.raises(FileNotFoundError, match="a str is taken for the path") as caught:
        make("no such file")
    assert caught.value.filename == "no such file"
    with pytest.raises(FileNotFoundError) as caught:
        make([pathlib.Path("nowhere.tsv")])
    assert "fromkeys" not in str(caught.value)
    for wrong in ("x.tsv", b"x", good, ["a"]):
        with pytest.raises(keyfold.ArgumentError, match="keyfold.compile reads files"):
            keyfold.freeze(wrong)


@pytest.mark.parametrize("pairs", [[("a", 1), "bc"], [("a", 1), {1, 2}], [("a", 1), b"bc"],
                                   [("a", 1), {"a": 1, "b": 2}], [1, 2], {3, 4}, [("a", 1), 5], [("a",)],
                                   [("a", 1, 2)], [None]], ids=repr)
def test_what_is_no_pair_is_told(make, pairs):
    with pytest.raises(TypeError, match=r"pair \d: \(key, value\) is needed, not .*dict\.fromkeys"):
        make(pairs)
    assert dict(make([["a", 1], ("b", 2)])) == {"a": 1, "b": 2}
