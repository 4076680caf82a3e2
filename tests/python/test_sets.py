"""union, intersection, difference, symmetric_difference, diff, merge, against sets and dicts."""
import os
import threading

import pytest
from hypothesis import given, strategies as st

import keyfold

KEYS = st.text("ab\u00e9", max_size=4)
MODELS = st.lists(st.dictionaries(KEYS, st.integers(0, 50), max_size=12), min_size=1, max_size=4)
OPERATIONS = ("union", "intersection", "difference", "symmetric_difference")
POLICIES = ("first", "last", "sum", "min", "max")


def keys_of(operation, models):
    sets = [set(model) for model in models]
    if operation == "union":
        return set.union(*sets)
    if operation == "intersection":
        return set.intersection(*sets)
    if operation == "difference":
        return sets[0].difference(*sets[1:])
    return {key for key in set.union(*sets) if sum(key in each for each in sets) % 2}


def expected(operation, models, values):
    result = {}
    for key in sorted(keys_of(operation, models), key=str.encode):
        found = {number: model[key] for number, model in enumerate(models) if key in model}
        numbers = list(found.values())
        result[key] = {"first": numbers[0], "last": numbers[-1], "all": found}[values] \
            if values in ("first", "last", "all") else {"sum": sum, "min": min, "max": max}[values](numbers)
    return result


class Tables:
    def __init__(self, folder):
        self.folder = folder
        self.count = 0

    def __call__(self, model, **options):
        self.count += 1
        return keyfold.compile(self.folder / f"{self.count}.kf", model, **options)


@given(MODELS, st.sampled_from(OPERATIONS), st.sampled_from(POLICIES + ("all",)))
def test_operations(tmp_path_factory, models, operation, values):
    tables = Tables(tmp_path_factory.mktemp("sets"))
    members = [tables(model, codec="u64", keys="str") for model in models]
    wanted = expected(operation, models, "first" if operation == "difference" else values)
    function = getattr(keyfold, operation)
    options = {} if operation == "difference" else {"values": values}
    assert list(function(*members, **options)) == list(wanted.items())
    assert list(function(members, **options)) == list(wanted.items())
    for prefix in ("a", "b", "\u00e9a"):
        part = [(key, value) for key, value in wanted.items() if key.startswith(prefix)]
        assert list(function(*members, prefix=prefix, **options)) == part
    between = [(key, value) for key, value in wanted.items() if b"a" <= key.encode() < b"bb"]
    assert list(function(*members, start="a", stop="bb", **options)) == between
    if values != "all":
        for limit in (0, 1, 3):
            assert list(function(*members, limit=limit, **options)) == list(wanted.items())[:limit]
        path = tables.folder / "merged.kf"
        merged = keyfold.merge(path, members, operation, options.get("values", "first"))
        assert list(merged.items()) == list(wanted.items()) and merged.codec == "u64"
        assert dict(keyfold.merge(path, members, operation, options.get("values", "first"), prefix="a")) == \
            {key: value for key, value in wanted.items() if key.startswith("a")}


@given(st.dictionaries(KEYS, st.text(max_size=2), max_size=12),
       st.dictionaries(KEYS, st.text(max_size=2), max_size=12))
def test_diff(tmp_path_factory, old, new):
    tables = Tables(tmp_path_factory.mktemp("diff"))
    first, second = tables(old, keys="str", codec="str"), tables(new, keys="str", codec="str")
    wanted = []
    for key in sorted(set(old) | set(new), key=str.encode):
        if old.get(key) != new.get(key):
            change = "added" if key not in old else "removed" if key not in new else "changed"
            wanted.append((key, change, old.get(key), new.get(key)))
    changes = list(keyfold.diff(first, second))
    assert changes == wanted and all(type(change) is keyfold.Change for change in changes)
    assert list(keyfold.diff(first, first)) == [] == list(keyfold.diff(first, second, limit=0))
    assert [change.key for change in keyfold.diff(first, second, prefix="a")] == \
        [key for key, *_ in wanted if key.startswith("a")]


@pytest.mark.parametrize("models", [
    [{5: None, -3: None}, {5: None, 7: None}], [{("a", 1): (1, 2)}, {("a", 2): None}],
    [{b"\xff": b"x"}, {b"": b""}], [{"a": [1, {"b": 2}]}, {"b": [], "a": 5}]])
def test_kinds_and_codecs(tmp_path, models):
    tables = Tables(tmp_path)
    codecs = {tables(model).codec for model in models}
    members = [tables(model, codec="auto" if len(codecs) == 1 else "object") for model in models]
    both = dict(keyfold.union(*members))
    assert both == {**models[1], **models[0]}
    merged = keyfold.merge(tmp_path / "m.kf", members, values="last")
    assert merged == {**models[0], **models[1]} and merged.key_kind == members[0].key_kind
    assert {change.key for change in keyfold.diff(*members)} == \
        {key for key in {**models[0], **models[1]} if models[0].get(key, 0) != models[1].get(key, 0)}


def test_many_entries(tmp_path):
    tables = Tables(tmp_path)
    models = [{f"{i:06}": str(i * n) for i in range(0, 30_000, n + 1)} for n in range(3)]
    members = [tables(model) for model in models]
    assert list(keyfold.union(*members, values="all")) == list(expected("union", models, "all").items())
    assert dict(keyfold.intersection(*members)) == expected("intersection", models, "first")
    assert len(list(keyfold.diff(members[0], members[1]))) == \
        sum(models[0].get(key) != models[1].get(key) for key in {**models[0], **models[1]})


def test_iterators_outlive_their_members(tmp_path):
    tables = Tables(tmp_path)
    members = [tables({f"{n}-{i}": i for i in range(5000)}) for n in range(2)]
    items, changes = keyfold.union(*members), keyfold.diff(*members)
    next(items), next(changes)
    for member in members:
        member.close()
    del members, member
    assert len(list(items)) == 9999
    with pytest.raises(ValueError, match="closed"):
        closed = tables({"a": 1})
        closed.close()
        keyfold.union(closed)


def test_iterators_are_independent(tmp_path):
    tables = Tables(tmp_path)
    members = [tables({f"{i * n}": i for i in range(1, 3000)}) for n in (1, 2)]
    wanted = list(keyfold.union(*members))
    results = []
    threads = [threading.Thread(target=lambda: results.append(list(keyfold.union(*members)) == wanted))
               for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert results == [True] * 4


def test_members_must_agree(tmp_path):
    tables = Tables(tmp_path)
    texts, numbers, other = tables({"a": "x"}), tables({"a": 1}), tables({5: "x"})
    for function in (keyfold.union, keyfold.intersection, keyfold.difference,
                     keyfold.symmetric_difference, keyfold.diff):
        with pytest.raises(keyfold.ValueTypeError, match="str values.*u64 values"):
            function(texts, numbers)
        with pytest.raises(keyfold.ValueTypeError, match="str keys.*int keys"):
            function(texts, other)
        with pytest.raises(TypeError, match="freeze"):
            function(texts, {"a": "x"})
    with pytest.raises(keyfold.UnsupportedError, match="nested"):
        keyfold.union(keyfold.freeze({"a": {}}, tmp_path / "n.kf"))
    for bad in ([], [[]]):
        with pytest.raises(keyfold.ArgumentError):
            keyfold.union(*bad)
    for options in (dict(values="some"), dict(limit=-1)):
        with pytest.raises(keyfold.ArgumentError):
            keyfold.union(texts, **options)
    with pytest.raises(keyfold.ValueTypeError):
        keyfold.union(texts, values="sum")


def test_merge_fails_without_a_file(tmp_path):
    tables = Tables(tmp_path)
    path = tmp_path / "merged.kf"
    big = tables({"a": 2**64 - 1})
    with pytest.raises(keyfold.LimitError):
        keyfold.merge(path, [big, big], values="sum")
    for options in (dict(operation="some"), dict(values="some"),
                    dict(values="all"), dict(memory="5"), dict(limit=0)):
        with pytest.raises(keyfold.ArgumentError):
            keyfold.merge(path, [big], **options)
    with pytest.raises(FileNotFoundError):
        keyfold.merge(tmp_path / "none" / "a.kf", [big])
    large = tables((f"{i}", i) for i in range(100_000))

    def stop(done, total):
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        keyfold.merge(path, [large], progress=stop)
    assert not path.exists()


def test_merge_over_a_member(tmp_path):
    tables = Tables(tmp_path)
    first, second = tables({"a": 1, "b": 2}), tables({"b": 3, "c": 4})
    seen = []
    merged = keyfold.merge(first.path, [first, second], values="sum",
                           progress=lambda *report: seen.append(report))
    assert merged == {"a": 1, "b": 5, "c": 4} and seen[-1] == (3, 3) and merged.path == first.path
    assert first == {"a": 1, "b": 2}
    pickles = [tables({"a": {1}}, codec="pickle"), tables({"b": {2}}, codec="pickle")]
    assert keyfold.merge(tmp_path / "p.kf", pickles) == {"a": {1}, "b": {2}}
    assert keyfold.merge(tmp_path / "one.kf", first) == first
    assert sorted(os.listdir(tmp_path)) == sorted([f"{i}.kf" for i in range(1, 5)] + ["p.kf", "one.kf"])
