"""Tables that arrive in another process: they open at their first use, and what hinders that is raised there."""
import copy
import gc
import os
import pickle
import platform
import shutil
import sys
import threading
from concurrent.futures import ThreadPoolExecutor

import pytest

import keyfold
from conftest import on_posix
from keyfold import _codecs

MODEL = {f"key {i}": i * i for i in range(300)}
NESTED = {"a": {"b": 1, "c": {}}, "d": 2}


def sent(table):
    """The pickle of a table that no longer is in this process."""
    data = pickle.dumps(table)
    table.close()
    return data


@pytest.fixture
def away(make):
    """The path of a table, its pickle, and that of another one with the same path."""
    path = make.path()
    data = sent(keyfold.compile(path, MODEL, weights="value"))
    gc.collect()
    return path, data


# How a table may be used for the first time, and the answer.
USES = {
    "[]": (lambda table: table["key 7"], 49), "get": (lambda table: table.get("key 7"), 49),
    "get default": (lambda table: table.get("none", 5), 5), "get by name": (lambda table: table.get(key="key 7"), 49),
    "in": (lambda table: "key 7" in table, True), "not in": (lambda table: "none" in table, False),
    "len": (len, 300), "bool": (bool, True), "iter": (lambda table: next(iter(table)), "key 0"),
    "reversed": (lambda table: next(reversed(table)), "key 99"),
    "keys": (lambda table: len(table.keys("key 1")), 111), "values": (lambda table: sum(table.values()), 8955050),
    "items": (lambda table: next(iter(table.items())), ("key 0", 0)), "dict": (dict, MODEL),
    "in items": (lambda table: ("key 7", 49) in table.items(), True),
    "==": (lambda table: table == MODEL, True), "!=": (lambda table: table != {}, True),
    "get_many": (lambda table: table.get_many(["key 7", "x"]), [49, None]),
    "get_many numpy": (lambda table: table.get_many(["key 7"], output="numpy")[0].tolist(), [49]),
    "ordinal": (lambda table: table.ordinal("key 0"), 0), "key_at": (lambda table: table.key_at(0), "key 0"),
    "value_at": (lambda table: table.value_at(0), 0), "count_prefix": (lambda table: table.count_prefix("key 1"), 111),
    "longest_prefix": (lambda table: table.longest_prefix("key 7 and"), "key 7"),
    "prefixes": (lambda table: table.prefixes("key 7 and"), ["key 7"]),
    "fuzzy": (lambda table: len(list(table.fuzzy("kei 7"))), 1),
    "nearest": (lambda table: table.nearest("kei 7")[0].key, "key 7"),
    "match": (lambda table: len(list(table.match("key 1."))), 10),
    "glob": (lambda table: len(list(table.glob("key 1?"))), 10),
    "select": (lambda table: len(list(table.select(keyfold.Glob("key 1?")))), 10),
    "complete": (lambda table: table.complete("key 1", 1)[0].key, "key 199"),
    "find_all": (lambda table: next(iter(table.find_all("a key 7 b"))).value, 49),
    "key_kind": (lambda table: table.key_kind, "str"), "codec": (lambda table: table.codec, "u64"),
    "metadata": (lambda table: table.metadata["python.values"], b"u64"), "stat": (lambda table: table.stat().keys, 300),
    "verify": (lambda table: table.verify(), None), "with": (lambda table: table.__enter__()["key 7"], 49),
    "get_many few": (lambda table: table.get_many(["key 7"] * 3), [49] * 3),
    "normalise": (lambda table: table.normalise, None),
    "completions": (lambda table: len(table._ipython_key_completions_()) > 9, True),
    "arrow": (lambda table: pytest.importorskip("pyarrow") and table.to_arrow().num_rows, 300),
    "union": (lambda table: len(list(keyfold.union(table, table))), 300),
}


@pytest.mark.parametrize("use", USES)
def test_every_use_opens(away, use):
    path, data = away
    function, answer = USES[use]
    table = pickle.loads(data)
    again = pickle.dumps(table)
    assert again == data and "not open yet" in repr(table) and repr(path) in repr(table) and not table.closed
    assert (table.path, len(table.build_id)) == (path, 16) and copy.copy(table) is copy.deepcopy(table) is table
    os.rename(path, path + ".away")
    for _ in range(2):
        with pytest.raises(keyfold.NoFile) as caught:
            function(table)
        assert "not open yet" in repr(table)
    for part in (repr(path)[1:-1], table.build_id.hex(), platform.node(), "packed"):
        assert part in str(caught.value)
    assert str(pickle.loads(pickle.dumps(caught.value))) == str(caught.value)
    os.rename(path + ".away", path)
    assert function(table) == answer        # what hindered it is over
    assert type(table) is keyfold.Dictionary and "300 str keys" in repr(table) and pickle.dumps(table) == data


def test_attributes_that_are_not_there(away):
    path, data = away
    os.unlink(path)
    table = pickle.loads(data)
    assert not hasattr(table, "__array__") and not hasattr(table, "nothing")
    with pytest.raises(AttributeError, match="'Dictionary' object has no attribute 'nothing'"):
        table.nothing
    assert isinstance(table, keyfold.Dictionary) and "get" in dir(table)
    with pytest.raises(TypeError):
        hash(table)


def test_views_of_a_table_that_is_not_open(away):
    path, data = away
    os.unlink(path)
    view = keyfold.KeysView(pickle.loads(data))
    assert "not open yet" in repr(view)
    with pytest.raises(keyfold.NoFile):
        len(view)


def test_a_view_a_match_and_a_query_travel(away):
    path, data = away
    table = keyfold.open(path)
    things = pickle.dumps([table.keys("key 1"), table.items(start="key 2"), table.nearest("kei 7"),
                           next(table.fuzzy("kei 7")), keyfold.Glob("key 1?") & ~keyfold.Regex("key 11")])
    table.close()
    del table
    gc.collect()
    os.rename(path, path + ".away")
    keys, items, nearest, match, query = pickle.loads(things)
    assert match.key == nearest[0].key == "key 7" and query.matches("key 12") and not query.matches("key 11")
    for use in (lambda: len(keys), lambda: list(items), lambda: match.value, lambda: nearest[0].value):
        with pytest.raises(keyfold.NoFile):
            use()
    os.rename(path + ".away", path)
    assert len(keys) == 111 and dict(items)["key 2"] == 4 and match.value == nearest[0].value == 49
    with pytest.raises(TypeError, match="list"):
        pickle.dumps(keyfold.open(path).fuzzy("kei 7"))


@on_posix("what is mapped stays")
def test_a_file_that_was_replaced(away):
    path, data = away
    table = pickle.loads(data)
    other = keyfold.compile(path, {"a": 1})
    with pytest.raises(keyfold.Replaced) as caught:
        table["key 7"]
    for part in (repr(path)[1:-1], table.build_id.hex(), other.build_id.hex(), platform.node(), "packed"):
        assert part in str(caught.value)
    with open(path, "w", encoding="utf-8") as file:
        file.write("no dictionary any more")
    with pytest.raises(keyfold.Replaced, match="not a keyfold file"):
        len(table)
    keyfold.compile(path, MODEL, weights="value", force=True)
    assert table["key 7"] == 49


def test_a_codec_that_is_not_there(make):
    keyfold.register_codec("arrival", str.encode, bytes.decode)
    path = make({"a": "x"}, codec="arrival").path
    data = pickle.dumps(keyfold.open(path, codec="arrival"))
    gc.collect()
    kept = _codecs._codecs.pop("arrival")
    table = pickle.loads(data)
    with pytest.raises(keyfold.CodecError, match="arrival"):
        table["a"]
    _codecs._codecs["arrival"] = kept
    assert table["a"] == "x"


def test_closing_before_the_first_use(away):
    path, data = away
    with pickle.loads(data) as table:
        pass
    assert table.closed and "closed" in repr(table) and table.path == path
    for use in (lambda: table["key 7"], lambda: table.get("key 7"), lambda: "key 7" in table, lambda: len(table),
                lambda: list(table), lambda: table.key_kind, table.stat, lambda: table.get_many(["key 7"])):
        with pytest.raises(ValueError, match="closed"):
            use()
    assert pickle.loads(pickle.dumps(table))["key 7"] == 49     # as that of a table that was closed when open


@pytest.mark.parametrize("place", ["whole", "inner"])
def test_nested(tmp_path, place):
    frozen = keyfold.freeze(NESTED, tmp_path / "nested.kf")
    path, data = frozen.path, pickle.dumps(frozen if place == "whole" else frozen["a"])
    del frozen
    gc.collect()
    os.rename(path, path + ".away")
    model = NESTED if place == "whole" else NESTED["a"]
    table = pickle.loads(data)
    assert "not open yet" in repr(table)
    uses = {"len": len, "list": list, "items": lambda mapping: dict(mapping.items()), "to_dict": lambda t: t.to_dict(),
            "==": lambda t: t == model, "[]": lambda t: t[next(iter(model))], "in": lambda t: next(iter(model)) in t,
            "get_many": lambda t: t.get_many(list(model))}
    for use in uses.values():
        with pytest.raises(keyfold.NoFile):
            use(table)
    os.rename(path + ".away", path)
    for name, use in uses.items():
        table = pickle.loads(data)
        assert use(table) == use(frozen_again(path, place)) and table == model, name
    views = pickle.loads(pickle.dumps([table.keys(), table.items()]))
    assert list(views[0]) == list(model) and dict(views[1]) == model
    if place == "whole":
        with pytest.raises(keyfold.UnsupportedError):
            pickle.loads(data).fuzzy("a")


def frozen_again(path, place):
    table = keyfold.open(path)
    return table if place == "whole" else table["a"]


def test_a_manifest(make, tmp_path):
    members = [make({f"{day} {hour}": hour for hour in range(24)}) for day in "ab"]
    bundle = keyfold.bundle(tmp_path / "all.kfm", members)
    data = sent(bundle)
    del bundle
    gc.collect()
    table = pickle.loads(data)
    os.rename(members[1].path, members[1].path + ".away")
    with pytest.raises(keyfold.NoFile):
        table["b 3"]
    os.rename(members[1].path + ".away", members[1].path)
    assert table["b 3"] == 3 and table.stat().shards == 2


def test_many_threads_use_it_first(away):
    path, data = away
    switch = sys.getswitchinterval()
    sys.setswitchinterval(1e-6)
    try:
        for number in range(60):
            table = pickle.loads(data)
            barrier = threading.Barrier(4)
            use, answer = list(USES.values())[number % 12]

            def first(_):
                barrier.wait()
                return use(table)

            with ThreadPoolExecutor(4) as pool:
                assert list(pool.map(first, range(4))) == [answer] * 4
    finally:
        sys.setswitchinterval(switch)


@pytest.mark.parametrize("use", USES)
def test_use_while_another_thread_opens_it(away, use, monkeypatch):
    path, data = away
    keep = keyfold.open(path)
    call, expected = USES[use]
    table = pickle.loads(data)
    answers = []

    def exceeds_memory(handle):
        """What Table.__init__ asks for last, before it holds the pointer."""
        if not answers:
            answers.append(None)
            answers.append(call(table))
        return False

    monkeypatch.setattr(type(keep._handle), "exceeds_memory", property(exceeds_memory))
    assert call(table) == expected and answers == [None, expected]


def test_threads_close_and_use_it_first(away):
    path, data = away
    for _ in range(60):
        table = pickle.loads(data)
        barrier = threading.Barrier(3)

        def first(number):
            barrier.wait()
            if number == 0:
                table.close()
                return 49
            try:
                return table["key 7"]
            except ValueError as problem:
                assert "closed" in str(problem)
                return 49

        with ThreadPoolExecutor(3) as pool:
            assert list(pool.map(first, range(3))) == [49] * 3
        assert table.closed
        with pytest.raises(ValueError, match="closed"):
            table["key 7"]


# ---- the cache of open files ----------------------------------------------------------------------

def overwrite(path, content):
    """In place, as cp and editors do."""
    with open(path, "r+b") as file:
        file.write(content)


@on_posix("what is mapped stays")
def test_a_file_overwritten_in_place_and_then_replaced(away):
    path, _ = away
    table = keyfold.open(path)
    good = open(path, "rb").read()
    overwrite(path, bytes(len(good)))
    with pytest.raises(keyfold.FormatError):
        keyfold.open(path)
    with open(path + ".new", "wb") as file:
        file.write(good)
    os.replace(path + ".new", path)
    again = keyfold.open(path)
    assert dict(again) == MODEL and again.build_id == table.build_id and again._handle is not table._handle
    again.verify()
    assert keyfold.open(path)._handle is again._handle
    with pytest.raises(keyfold.Error):
        table.verify()
    assert pickle.loads(pickle.dumps(table)) == MODEL       # the file of its path, not the one that was damaged


@on_posix("what is mapped stays")
def test_a_file_truncated_and_then_replaced(away, python):
    """What is still mapped is beyond the end of its file, where reading means SIGBUS."""
    path, _ = away
    done = python("""
import os, pickle, sys, keyfold
path = sys.argv[1]
table = keyfold.open(path)
data, good = pickle.dumps(table), open(path, "rb").read()
os.truncate(path, 0)
with open(path + ".new", "wb") as file:
    file.write(good)
os.replace(path + ".new", path)
assert keyfold.open(path)["key 7"] == pickle.loads(data)["key 7"] == 49
print("ok")
""", path)
    assert done.stdout == "ok\n", done


@on_posix("what is mapped stays")
@pytest.mark.parametrize("touched", [False, True])
def test_a_member_overwritten_in_place_and_then_replaced(make, tmp_path, touched):
    members = [make({f"{day} {hour}": "x" * hour for hour in range(24)}) for day in "ab"]
    bundle = keyfold.bundle(tmp_path / "all.kfm", members)
    assert keyfold.open(bundle.path)._handle is bundle._handle
    assert not touched or bundle["b 3"] == "xxx"
    path = members[1].path
    good = open(path, "rb").read()
    overwrite(path, bytes(len(good)))
    with pytest.raises(keyfold.Error):
        keyfold.open(bundle.path, check=True)
    with pytest.raises(keyfold.Error):
        keyfold.open(bundle.path)["b 3"]
    with open(path + ".new", "wb") as file:
        file.write(good)
    os.replace(path + ".new", path)
    again = keyfold.open(bundle.path)
    assert again["b 3"] == "xxx" and (again._handle is not bundle._handle or not touched)
    again.verify()


@on_posix("what is mapped stays")
def test_a_good_old_handle_stays(away):
    path, _ = away
    table = keyfold.open(path)
    shutil.copy(path, path + ".new")
    os.replace(path + ".new", path)                       # the same content in another file
    again = keyfold.open(path)
    assert dict(table) == dict(again) == MODEL and again._handle is not table._handle
    os.utime(path)
    os.link(path, path + ".link")
    assert keyfold.open(path)._handle is again._handle    # touched, and linked, it is the same file
    assert keyfold.open(path + ".link")["key 7"] == 49


@on_posix("links take a right")
def test_a_link_that_leads_elsewhere(away, make, tmp_path, monkeypatch):
    path, _ = away
    other = make({"key 7": 1}).path
    link = tmp_path / "current.kf"
    link.symlink_to(path)
    table = keyfold.open(link)
    data = pickle.dumps(table)
    link.unlink()
    link.symlink_to(other)
    assert (table["key 7"], keyfold.open(link)["key 7"], pickle.loads(data)["key 7"]) == (49, 1, 49)
    for folder, answer in (("one", 1), ("two", 2)):
        (tmp_path / folder).mkdir()
        monkeypatch.chdir(tmp_path / folder)
        keyfold.compile("t.kf", {"key 7": answer})
        assert keyfold.open("t.kf")["key 7"] == answer
    monkeypatch.chdir(tmp_path / "one")
    assert keyfold.open("t.kf")["key 7"] == 1


def test_a_file_in_memory(away):
    path, _ = away
    table = keyfold.open(path, in_memory=True)
    good = open(path, "rb").read()
    assert keyfold.open(path, in_memory=True)._handle is table._handle
    os.truncate(path, 0)
    overwrite(path, good)
    os.utime(path)
    assert keyfold.open(path, in_memory=True)._handle is table._handle
    assert keyfold.open(path)._handle is not table._handle
    damaged = bytearray(good)
    damaged[-1000] ^= 255
    overwrite(path, damaged)
    assert keyfold.open(path, in_memory=True)._handle is not table._handle
    table.verify()
