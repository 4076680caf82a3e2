"""Dictionaries in several files (bundle) and of several shards (shards=), against plain ones."""
import multiprocessing
import os
import pickle
import random
import shutil
import signal
import threading
from pathlib import Path

import pytest
from conftest import METHODS, on_posix
from hypothesis import given, strategies as st

import keyfold

KEYS = {"str": st.text("ab\u00e9\U0001f600", max_size=5), "bytes": st.binary(max_size=4),
        "int": st.integers(-2**62, 2**62), "tuple": st.tuples(st.text("ab", max_size=2), st.integers(-3, 3))}
VALUES = {"u64": st.integers(0, 2**64 - 1), "str": st.text(max_size=5), "json": st.lists(st.integers(), max_size=2),
          "none": st.none()}


class Parts:
    """A plain dictionary, and its items in several files. With `shards`, these have shards themselves."""

    def __init__(self, folder, pairs, cuts, shards=1, **options):
        os.makedirs(folder, exist_ok=True)
        self.folder = folder
        self.plain = keyfold.compile(os.path.join(folder, "plain.kf"), pairs, shards=1, **options)
        items = list(self.plain.items())
        options.update(keys=self.plain.key_kind, codec=self.plain.codec)
        if "weights" in options and options["weights"] == "given":
            weights = {key: weight for key, _, weight in pairs}
            items = [(key, value, weights[key]) for key, value in items]
        bounds = [0, *sorted(cuts), len(items)]
        self.members = []
        for number, (start, stop) in enumerate(zip(bounds, bounds[1:])):
            path = os.path.join(folder, f"part{number}.kf")
            keyfold.compile(path, items[start:stop], shards=shards, **options).close()
            self.members.append(path)
        self.path = os.path.join(folder, "all.kfm")

    def bundle(self, **options):
        return keyfold.bundle(self.path, self.members, **options)


def words(count, seed=5):
    random.seed(seed)
    return {"".join(random.choices("abcde", k=random.randint(1, 7))): random.randrange(1 << random.randint(0, 40))
            for _ in range(count)}


@pytest.fixture
def parts(tmp_path):
    """A dictionary of numbers in four files."""
    return Parts(tmp_path, words(6000), [1, 700, 3000], weights="value")


class Sharded(Parts):
    """One file of several shards instead of several files."""

    def bundle(self, **options):
        return keyfold.compile(self.path, self.plain, weights="value", shards=4, **options)


@pytest.fixture(params=["files", "shards", "files of shards"])
def forms(request, tmp_path):
    kind = Sharded if request.param == "shards" else Parts
    return kind(tmp_path, words(6000), [700, 3000], 3 if request.param == "files of shards" else 1,
                weights="value")


def test_a_file_of_shards(tmp_path):
    model = words(6000)
    plain = keyfold.compile(tmp_path / "plain.kf", model, shards=1)
    ids = set()
    for threads in (None, 1, 3):
        table = keyfold.compile(tmp_path / f"{threads}.kf", model, shards=5, threads=threads)
        assert table == model and list(table) == list(plain) and table.metadata == plain.metadata
        stat = table.stat()
        assert (stat.shards, stat.is_manifest, stat.keys) == (5, False, len(model))
        assert stat.file_size == os.path.getsize(table.path)
        table.verify()
        ids.add(table.build_id)
    assert len(ids) == 1
    copy = keyfold.freeze(table, tmp_path / "copy.kf")
    assert copy == model and copy.build_id == table.build_id and copy.stat().shards == 5
    merged = keyfold.merge(tmp_path / "m.kf", [table], shards=3, threads=2)
    assert merged == model and merged.stat().shards == 3
    both = keyfold.merge(tmp_path / "m.kf", [table, merged], values="sum")
    assert both["a"] == 2 * model["a"] and both.stat().shards == 0
    member = keyfold.compile(tmp_path / "z.kf", {"z": 1})
    assert keyfold.bundle(tmp_path / "b.kfm", [member, table]).stat().shards == 6


def test_shards_in_all_builds(tmp_path, monkeypatch):
    model = words(3000)
    halves = [dict(list(model.items())[start::2]) for start in (0, 1)]
    for options in (dict(workers=0), dict(workers=2), dict(workers=2, threads=1), dict(workers=2, threads=4)):
        table = keyfold.compile(tmp_path / "a.kf", halves, reader=dict, shards=3, **options)
        assert table == model and table.stat().shards == 3
    monkeypatch.setenv("KEYFOLD_CACHE", str(tmp_path / "cache"))
    for source in (dict, lambda pairs: iter(pairs.items())):
        frozen = keyfold.freeze(source(model), shards=2, threads=2)
        assert frozen == model and frozen.stat().shards == 2
        # The same dict is the same file, however it is built.
        again = keyfold.freeze(source(model))
        assert again.path == frozen.path and again.stat().shards == 2
    nested = {"low": halves[0], "high": {"deep": halves[1]}, "none": {}}
    frozen = keyfold.freeze(nested, tmp_path / "nested.kf", shards=4)
    assert frozen.stat().shards == 4 and frozen["low"] == halves[0] and frozen["high"]["deep"] == halves[1]
    assert list(frozen["low"]) == sorted(halves[0]) and not frozen["none"]
    part = pickle.loads(pickle.dumps(frozen["high"]))["deep"]
    assert part.get_many(list(halves[1])) == list(halves[1].values()) and len(part) == len(halves[1])
    assert list(part.keys(prefix="ab")) == sorted(key for key in halves[1] if key.startswith("ab"))


@pytest.mark.parametrize("bad", [dict(threads=0), dict(threads=257), dict(threads=1.5), dict(threads="2"),
                                 dict(shards=0), dict(shards=65), dict(shards=-1), dict(shards="2")])
def test_threads_and_shards_are_checked(tmp_path, bad):
    one = keyfold.compile(tmp_path / "one.kf", {"a": 1}, threads=256, shards=64)
    path = tmp_path / "a.kf"
    for build in (lambda: keyfold.compile(path, {"a": 1}, **bad), lambda: keyfold.freeze({"a": 1}, path, **bad),
                  lambda: keyfold.merge(path, [one], **bad), lambda: keyfold.compile(path, ["a.tsv"], **bad)):
        with pytest.raises(keyfold.ArgumentError, match=f"{next(iter(bad))}=.*a number from 1 to"):
            build()
    assert not path.exists()


def test_the_command_builds_so_too(tmp_path):
    model = words(3000)
    (tmp_path / "a.tsv").write_text("".join(f"{key}\t{value}\n" for key, value in model.items()))
    for options in (dict(shards=3), dict(shards=3, threads=1), dict(shards=1, threads=2)):
        table = keyfold.compile(tmp_path / "a.kf", tmp_path / "a.tsv", codec="u64", **options)
        assert table == model and table.stat().shards == {3: 3, 1: 0}[options["shards"]]


@on_posix("no alarm")
def test_a_build_of_shards_can_be_interrupted(tmp_path):
    def interrupt(*_):
        raise KeyboardInterrupt

    def started(done, total):
        if total is not None:       # all is read: what is left is the library's work
            signal.setitimer(signal.ITIMER_REAL, 0.001)

    pairs = [(f"{number * 7919 % 300_007:012}", number) for number in range(300_007)]
    count = len(os.listdir("/proc/self/task"))
    before = signal.signal(signal.SIGALRM, interrupt)
    try:
        with pytest.raises(KeyboardInterrupt):
            keyfold.compile(tmp_path / "a.kf", pairs, shards=8, threads=3, memory="32M", progress=started)
    finally:
        signal.setitimer(signal.ITIMER_REAL, 0)
        signal.signal(signal.SIGALRM, before)
    assert not os.listdir(tmp_path) and len(os.listdir("/proc/self/task")) <= count


def test_a_bundle_is_the_whole(parts):
    table, plain = parts.bundle(), parts.plain
    assert (table.key_kind, table.codec, table.path) == ("str", "u64", os.path.realpath(parts.path))
    assert table == plain and list(table.items()) == list(plain.items()) and len(table) == len(plain)
    assert list(reversed(table)) == list(reversed(plain)) and table.keys() == plain.keys()
    table.verify()
    stat, whole = table.stat(), plain.stat()
    assert (stat.shards, stat.is_manifest) == (4, True) and (whole.shards, whole.is_manifest) == (0, False)
    assert stat.keys == whole.keys and stat.raw_key_bytes == whole.raw_key_bytes and stat.weights == "value"
    assert stat.file_size >= sum(os.path.getsize(path) for path in parts.members) > 0
    assert table.metadata == plain.metadata
    assert sorted(os.listdir(parts.folder)) == \
        ["all.kfm", "part0.kf", "part1.kf", "part2.kf", "part3.kf", "plain.kf"]
    assert keyfold.open(parts.path) == plain and keyfold.open(parts.path, in_memory=True) == plain


@given(st.data(), st.sampled_from(sorted(KEYS)), st.sampled_from(sorted(VALUES)))
def test_any_kinds(tmp_path_factory, data, kind, codec):
    model = data.draw(st.dictionaries(KEYS[kind], VALUES[codec], min_size=1, max_size=30))
    cuts = data.draw(st.lists(st.integers(0, len(model)), max_size=4))
    shards = data.draw(st.sampled_from((1, 1, 2, 3)))
    parts = Parts(tmp_path_factory.mktemp("kinds"), model, cuts, shards, keys=kind, codec=codec)
    table, plain = parts.bundle(), parts.plain
    assert table == model and list(table.items()) == list(plain.items())
    asked = [*model, *data.draw(st.lists(KEYS[kind], max_size=10))]
    assert table.get_many(asked) == [model.get(key) for key in asked]
    assert table.ordinals(asked) == plain.ordinals(asked)
    assert table.contains_many(asked) == [key in model for key in asked]
    assert [table.key_at(number) for number in range(len(model))] == list(plain)
    assert [table.value_at(number) for number in range(len(model))] == list(plain.values())
    assert pickle.loads(pickle.dumps(table)) == model
    for start, stop in ((asked[0], None), (None, asked[-1])):
        assert list(table.items(start=start, stop=stop)) == list(plain.items(start=start, stop=stop))
    if kind in ("str", "bytes"):
        for text in asked:
            assert table.prefixes(text) == plain.prefixes(text)
            assert table.longest_prefix(text) == plain.longest_prefix(text)
            assert list(table.keys(text[:1])) == list(plain.keys(text[:1]))
            assert table.count_prefix(text[:1]) == plain.count_prefix(text[:1])


def test_searches(forms):
    table, plain = forms.bundle(), forms.plain
    for needle in ("abcde", "eda", "bbb", ""):
        for ask in (lambda t: t.fuzzy(needle, distance=2), lambda t: t.nearest(needle, 20),
                    lambda t: t.glob(f"*{needle}?"), lambda t: t.match(f"{needle}[a-c]*"),
                    lambda t: t.complete(needle[:1], 30), lambda t: t.items(prefix=needle[:2], reverse=True)):
            assert list(map(str, ask(table))) == list(map(str, ask(plain)))
    text = "abcdeabcaedddcba" * 20
    assert list(map(str, table.find_all(text))) == list(map(str, plain.find_all(text)))


def test_given_weights(tmp_path):
    pairs = [(key, str(value), value % 1000) for key, value in words(2000).items()]
    parts = Parts(tmp_path, pairs, [500, 1200], weights="given")
    table = parts.bundle()
    for prefix in ("", "a", "cd"):
        assert list(map(str, table.complete(prefix, 40))) == list(map(str, parts.plain.complete(prefix, 40)))
    merged = keyfold.merge(tmp_path / "one.kf", table)
    assert merged == parts.plain and merged.stat().weights == "given" and merged.stat().shards == 0
    assert list(map(str, merged.complete("a", 40))) == list(map(str, parts.plain.complete("a", 40)))


def test_columns(forms):
    numpy = pytest.importorskip("numpy")
    table, plain = forms.bundle(), forms.plain
    keys = [*list(plain)[::7], "nothing", *list(plain)[5::900]]
    for column in (keys, numpy.array(keys)):
        for ours, theirs in zip(table.get_many(column, output="numpy"), plain.get_many(column, output="numpy")):
            assert ours.tolist() == theirs.tolist()
    assert table.ordinals(keys, output="numpy").tolist() == plain.ordinals(keys, output="numpy").tolist()
    assert table.values_at(table.ordinals(keys)) == plain.get_many(keys)


def test_sets_and_merge(forms, tmp_path):
    table, plain = forms.bundle(), forms.plain
    model = dict(plain)
    other = {key: value + 1 for key, value in list(model.items())[::3]}
    other["zz"] = 5
    more = keyfold.compile(tmp_path / "more.kf", other)
    for operation in (keyfold.union, keyfold.intersection, keyfold.difference, keyfold.symmetric_difference):
        for ours, theirs in (((table, more), (plain, more)), ((more, table), (more, plain))):
            assert list(operation(*ours)) == list(operation(*theirs))
    assert list(keyfold.diff(table, more)) == list(keyfold.diff(plain, more))
    assert not list(keyfold.diff(plain, table))
    for options in (dict(), dict(values="sum"), dict(operation="difference"), dict(prefix="a")):
        assert keyfold.merge(tmp_path / "m1.kf", [table, more], **options) == \
            dict(keyfold.merge(tmp_path / "m2.kf", [plain, more], **options))
    merged = keyfold.merge(table.path, table)     # over the manifest itself
    assert merged == model and merged.stat().shards == 0 and table == model


def _sum(table):
    return sum(table.values()), table.stat().shards


@pytest.mark.parametrize("method", METHODS)
def test_processes(forms, method):
    table = forms.bundle()
    shards = table.stat().shards
    assert shards in (3, 4, 9)
    again = pickle.loads(pickle.dumps(table))
    assert len(pickle.dumps(table)) < 300 and len(again) == len(table) and again._handle is table._handle
    with multiprocessing.get_context(method).Pool(2) as pool:
        assert pool.map(_sum, [table] * 4) == [(sum(forms.plain.values()), shards)] * 4


def test_threads(forms):
    table, wanted = forms.bundle(), list(forms.plain.items())
    results = []
    threads = [threading.Thread(target=lambda: results.append(
        list(table.items()) == wanted and all(table[key] == value for key, value in wanted))) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert results == [True] * 4


@on_posix("what is mapped stays")
def test_freeze_copies_what_the_manifest_names(parts, tmp_path):
    table = parts.bundle()
    assert keyfold.freeze(table) is table
    folder = tmp_path / "elsewhere"
    folder.mkdir()
    copy = keyfold.freeze(table, folder / "copy.kf")
    assert not copy.stat().is_manifest and os.listdir(folder) == ["copy.kf"]
    shutil.rmtree(folder)
    assert copy == parts.plain and copy.stat().weights == "value"
    assert keyfold.freeze(table, parts.path).stat().is_manifest     # what is there is the same


def test_nested(tmp_path):
    model = {"cat": {"de": "Katze", "fr": {"sg": "chat"}}, "dog": {"de": "Hund"}, "n": "x"}
    frozen = keyfold.freeze(model, tmp_path / "n.kf")
    table = keyfold.bundle(tmp_path / "n.kfm", [frozen])
    assert type(table["cat"]) is keyfold.SubDictionary and table["cat"]["fr"].to_dict() == {"sg": "chat"}
    assert table.stat().is_manifest and {key: table[key] for key in table} == model
    part = pickle.loads(pickle.dumps(table["cat"]))
    assert part["de"] == "Katze" and part.get_many(["de", "es"]) == ["Katze", None]
    copy = keyfold.freeze(table, tmp_path / "copy.kf")
    assert copy["dog"] == {"de": "Hund"} and not copy.stat().is_manifest
    with pytest.raises(keyfold.UnsupportedError, match="nested"):
        keyfold.bundle(tmp_path / "m.kfm", [frozen, keyfold.freeze({"a": {}}, tmp_path / "o.kf")])


def test_members(parts, tmp_path):
    """Paths of all sorts and Dictionaries, in any order."""
    opened = [keyfold.open(path) for path in parts.members]
    mixed = [opened[3], parts.members[1].encode(), tmp_path / "part0.kf", opened[2]]
    for members in (opened, reversed(opened), mixed, iter(parts.members), tuple(parts.members)):
        assert keyfold.bundle(parts.path, members) == parts.plain
    empty = keyfold.compile(tmp_path / "empty.kf", {}, keys="str", codec="u64", weights="value")
    assert keyfold.bundle(parts.path, [empty, *opened]).stat().shards == 4
    for one in (parts.members[2], opened[2], [opened[2]]):
        assert keyfold.bundle(parts.path, one) == opened[2]
    folder = os.getcwd()
    os.chdir(tmp_path)
    try:
        assert keyfold.bundle("relative.kfm", ["part0.kf", "part1.kf"]).path == str(tmp_path / "relative.kfm")
    finally:
        os.chdir(folder)


@on_posix("links take a right")
def test_moving(parts, tmp_path_factory):
    model = dict(parts.plain)
    parts.bundle().close()
    away = tmp_path_factory.mktemp("away") / "data"
    shutil.copytree(parts.folder, away)
    manifest = away / "all.kfm"
    assert keyfold.open(manifest) == model
    link = away.parent / "link.kfm"
    link.symlink_to(manifest)
    assert keyfold.open(link) == model
    absolute = keyfold.bundle(parts.path, parts.members, absolute=True)
    shutil.copy(parts.path, manifest)
    alone = away.parent / "alone.kfm"
    shutil.copy(parts.path, alone)
    assert absolute == model and keyfold.open(alone) == model


def test_members_that_go_together(tmp_path):
    def file(name, pairs, **options):
        return keyfold.compile(tmp_path / name, pairs, **options)

    def bundle(*members, **options):
        return keyfold.bundle(path, members, **options)

    path = tmp_path / "all.kfm"
    texts, numbers, other = file("a.kf", {"a": "x"}), file("b.kf", {"b": 1}), file("c.kf", {5: "x"})
    json, more = file("d.kf", {"d": "x"}, codec="json"), file("e.kf", {"e": "y"})
    for metadata in ("same", "common", "none"):
        with pytest.raises(keyfold.ValueTypeError, match="str values.*u64 values"):
            bundle(texts, numbers, metadata=metadata)
        with pytest.raises(keyfold.ValueTypeError, match="str keys.*int keys"):
            bundle(texts, other, metadata=metadata)
        with pytest.raises(keyfold.ValueTypeError, match="str values.*json values"):
            bundle(texts, json.path, metadata=metadata)
    with pytest.raises(keyfold.ArgumentError, match="overlap"):
        bundle(file("f.kf", {"a": "x", "z": "y"}), more)
    with pytest.raises(keyfold.ArgumentError, match="overlap"):
        bundle(texts, texts)
    with pytest.raises(keyfold.ArgumentError, match="metadata=.*same, common, none"):
        bundle(texts, more, metadata="some")
    for bad in ([], (), iter(())):
        with pytest.raises(keyfold.ArgumentError, match="no member"):
            keyfold.bundle(path, bad)
    with pytest.raises(keyfold.ArgumentError):
        bundle(file("g.kf", {}))
    for bad in ({"a": 1}.items(), [5], [None]):
        with pytest.raises(TypeError, match="neither a path nor"):
            keyfold.bundle(path, bad)
    with pytest.raises(FileNotFoundError) as caught:
        bundle(texts, tmp_path / "none.kf")
    assert caught.value.filename == str(tmp_path / "none.kf")
    with pytest.raises(FileNotFoundError):
        keyfold.bundle(tmp_path / "none" / "all.kfm", [texts])
    with pytest.raises(IsADirectoryError):
        keyfold.bundle(tmp_path, [texts])
    (tmp_path / "foreign").write_bytes(b"x" * 4096)
    with pytest.raises(keyfold.FormatError):
        bundle(texts, tmp_path / "foreign")
    assert not path.exists()
    assert bundle(texts, more) == {"a": "x", "e": "y"}
    assert keyfold.bundle(tmp_path / "second.kfm", [path]) == {"a": "x", "e": "y"}      # of the same files
    with pytest.raises(keyfold.ArgumentError):
        bundle(path, texts)


def test_metadata(tmp_path, tool):
    """What Python says of keys and values is in the metadata, and may differ or be left out."""
    path = tmp_path / "all.kfm"
    (tmp_path / "z.tsv").write_text("z\tplain\n")
    assert tool("build", "-q", "-o", tmp_path / "z.kf", tmp_path / "z.tsv").returncode == 0
    texts = keyfold.compile(tmp_path / "a.kf", {"a": "x"})
    with pytest.raises(keyfold.ArgumentError, match='metadata="common" keeps'):
        keyfold.bundle(path, [texts, tmp_path / "z.kf"])
    for metadata in ("common", "none"):
        table = keyfold.bundle(path, [texts, tmp_path / "z.kf"], metadata=metadata)
        assert table == {"a": "x", "z": "plain"} and not table.metadata
    low, high = (keyfold.compile(tmp_path / f"{number}.kf", {number: [number]}) for number in (1, 2))
    assert keyfold.bundle(path, [low, high], metadata="common").metadata == low.metadata
    table = keyfold.bundle(path, [low, high], metadata="none")
    assert table == {1: [1], 2: [2]} == pickle.loads(pickle.dumps(table)) and not table.metadata
    assert keyfold.open(path, keys="int", codec="json") == table
    assert keyfold.open(path).key_kind == "str"
    table = keyfold.bundle(path, [low.path, high.path], keys="bytes", codec="raw")
    assert dict(keyfold.bundle(path, [low, high])) == {1: [1], 2: [2]} and table.codec == "raw"


def test_pickles_must_be_allowed(tmp_path):
    path = tmp_path / "all.kfm"
    members = [keyfold.compile(tmp_path / f"{key}.kf", {key: {key}}, codec="pickle") for key in "ab"]
    with pytest.raises(keyfold.CodecError, match="allow_pickle"):
        keyfold.bundle(path, [member.path for member in members])
    assert not path.exists()
    assert keyfold.bundle(path, members) == {"a": {"a"}, "b": {"b"}}
    assert keyfold.bundle(path, [member.path for member in members], allow_pickle=True)["b"] == {"b"}


@on_posix("what is mapped stays")
def test_a_member_that_is_gone_or_another(parts, python):
    table = parts.bundle()
    data, model, member = pickle.dumps(table), dict(parts.plain), parts.members[2]
    program = "import pickle, sys; print(len(dict(pickle.loads(bytes.fromhex(sys.argv[1])))))"
    assert python(program, data.hex()).stdout.split() == [str(len(model))]
    assert dict(table) == model         # all that it needs is open from here on
    os.rename(member, member + ".away")
    with pytest.raises(FileNotFoundError, match="part2.kf") as caught:
        keyfold.open(parts.path, check=True)
    assert caught.value.filename == table.path
    done = python(program, data.hex())
    assert done.returncode == 1 and "part2.kf" in done.stderr and "No such file" in done.stderr
    changed = {key: value + 1 for key, value in keyfold.open(member + ".away").items()}
    keyfold.compile(member, changed, weights="value")
    with pytest.raises(keyfold.Replaced, match="part2.kf.*replaced"):
        keyfold.open(parts.path, check=True)
    os.unlink(member)
    Path(member).write_bytes(Path(member + ".away").read_bytes()[:-64])
    with pytest.raises((keyfold.FormatError, keyfold.Replaced), match="part2.kf"):
        keyfold.open(parts.path, check=True)
    os.rename(member + ".away", member)
    assert table == model
    # A Dictionary of a file that was replaced does not stand for what is there by now.
    opened = keyfold.open(parts.members[0])
    keyfold.compile(parts.members[0], {"A": 5}, weights="value")
    with pytest.raises(keyfold.Replaced):
        keyfold.bundle(parts.path, [opened])
    again = parts.bundle()
    assert again["A"] == 5 and again.build_id != table.build_id
    assert pickle.loads(data) == model          # where the old one is open it stays
    assert "keyfold._errors.Replaced" in python(program, data.hex()).stderr


def test_damage_in_a_member_is_found(parts):
    parts.bundle().verify()
    member = Path(parts.members[3])
    raw = bytearray(member.read_bytes())
    raw[len(raw) // 2] ^= 0x10
    member.unlink()
    member.write_bytes(raw)
    with pytest.raises(keyfold.CorruptError, match="part3.kf"):
        keyfold.open(parts.path).verify()
