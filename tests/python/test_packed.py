"""Tables that travel with their content, and those of what is no file: bytes, file objects, resources."""
import gc
import gzip
import importlib.resources
import io
import mmap
import multiprocessing
import os
import pickle
import sys
import tempfile
import threading
import time
import zipfile
from concurrent.futures import ThreadPoolExecutor

import numpy
import pytest

import keyfold
from conftest import WINDOWS, on_posix
from keyfold import _cache

MODEL = {f"key {i}": f"value {i}" for i in range(300)}


@pytest.fixture(autouse=True)
def cache(tmp_path, monkeypatch):
    monkeypatch.setenv("KEYFOLD_CACHE", str(tmp_path / "cache"))
    return tmp_path / "cache"


def packed_away(make, model=MODEL, protocol=None):
    """The pickle of a packed table whose file is gone, and the build id."""
    table = keyfold.freeze(model, make.path())
    data = pickle.dumps(table.packed(), protocol)
    build_id = table.build_id
    os.unlink(table.path)
    del table
    gc.collect()
    return data, build_id


# ---- packed ---------------------------------------------------------------------------------------

@pytest.mark.parametrize("protocol", range(pickle.HIGHEST_PROTOCOL + 1))
def test_packed(make, cache, protocol):
    data, build_id = packed_away(make, protocol=protocol)
    table, second = pickle.loads(data), pickle.loads(data)
    place = str(cache / "packed" / f"{build_id.hex()}.kf")
    assert table.path == place and "not open yet" in repr(table) and not cache.exists()
    assert pickle.loads(pickle.dumps(table, protocol)) == MODEL             # before it is open
    assert table == MODEL and second == MODEL and table.path == place and "300 str keys" in repr(table)
    assert os.listdir(cache / "packed") == [os.path.basename(place)]
    assert table._handle.pointer is second._handle.pointer
    again = pickle.dumps(table, protocol)
    _cache.remove(place)
    del table, second
    gc.collect()
    assert pickle.loads(again) == MODEL                                     # and after


def test_only_pickles_differ(make):
    table = make(MODEL)
    packed = table.packed()
    assert packed == table and packed.path == table.path and packed._handle.pointer is table._handle.pointer
    assert len(pickle.dumps(table)) < 300 < len(pickle.dumps(packed)) and pickle.loads(pickle.dumps(packed)) == MODEL
    assert pickle.dumps(packed.packed()) == pickle.dumps(packed)
    table.close()
    assert packed["key 7"] == "value 7"
    with pytest.raises(ValueError, match="closed"):
        table.packed()


def test_content_goes_out_of_band(make):
    table = make(MODEL).packed()
    buffers = []
    data = pickle.dumps(table, 5, buffer_callback=buffers.append)
    assert len(data) < 300 and len(buffers) == 1
    with buffers[0].raw() as view:
        assert bytes(view) == open(table.path, "rb").read() and view.readonly
    os.unlink(table.path)
    del table
    gc.collect()
    assert pickle.loads(data, buffers=buffers) == MODEL


def test_content_is_that_of_the_handle(make):
    path = make.path()
    table = keyfold.compile(path, MODEL)
    keyfold.compile(path, {"other": "file"})
    assert pickle.loads(pickle.dumps(table.packed())) == MODEL
    os.unlink(path)
    assert keyfold.freeze(table.packed(), make.path()) == MODEL


def test_options_and_nested_dicts(make):
    table = keyfold.open(make(MODEL).path, codec="raw", keys="bytes", in_memory=True)
    again = pickle.loads(pickle.dumps(table.packed()))
    assert again[b"key 3"] == b"value 3" and again.codec == "raw" and again._handle.in_memory
    nested = {"a": {"b": 1}, 5: {"c": {}}}
    data, _ = packed_away(make, nested)
    table = pickle.loads(data)
    assert table.to_dict() == nested and table["a"]["b"] == 1
    unpacked = keyfold.freeze(nested, make.path())
    inner = pickle.dumps([table["a"], unpacked["a"].packed()])
    os.unlink(unpacked.path)
    del table, unpacked
    gc.collect()
    assert pickle.loads(inner) == [{"b": 1}, {"b": 1}]


@pytest.mark.parametrize("shards", [1, 3])
def test_a_manifest_becomes_one_file(make, tmp_path, cache, shards):
    parts = [make({f"{day} {hour:02}": hour for hour in range(24)}, shards=shards, weights="value") for day in "ab"]
    model = {**parts[0], **parts[1]}
    bundle = keyfold.bundle(tmp_path / "all.kfm", parts)
    packed = bundle.packed()
    assert packed == model == bundle and packed.path.startswith(str(cache))
    before = os.stat(packed.path).st_ino
    assert os.stat(bundle.packed().path).st_ino == before           # which is made once
    assert pickle.loads(pickle.dumps(parts[0].packed())) == dict(parts[0])
    data = pickle.dumps(packed)
    cache.rename(tmp_path / "elsewhere")
    for file in (*(part.path for part in parts), bundle.path):
        os.unlink(file)
    del parts, bundle, packed
    gc.collect()
    again = pickle.loads(data)
    assert again == model and again.complete("b", 1)[0].key == "b 23"


def test_a_manifest_where_nothing_can_be_written(make, tmp_path, cache):
    parts = [make({f"{day} {hour:02}": hour for hour in range(24)}) for day in "ab"]
    cache.write_text("no folder")
    packed = keyfold.bundle(tmp_path / "all.kfm", parts).packed()
    assert pickle.loads(pickle.dumps(packed)) == {**parts[0], **parts[1]}


def test_a_cache_that_cannot_be_written(make, cache):
    data, _ = packed_away(make)
    cache.write_text("no folder")
    table = pickle.loads(data)
    assert table == MODEL and table.path == "<memory>" and pickle.loads(pickle.dumps(table)) == MODEL


def test_a_disk_that_is_full(make, cache, monkeypatch):
    data, _ = packed_away(make)

    def full(number):
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(os, "fsync", full)
    assert pickle.loads(data) == MODEL and os.listdir(cache / "packed") == []


def test_damage_in_the_cache_is_mended(make, cache):
    data, build_id = packed_away(make)
    place = cache / "packed" / f"{build_id.hex()}.kf"
    place.parent.mkdir(parents=True)
    for damage in (b"", b"garbage", None):
        if damage is None:
            os.replace(make({"another": "file"}).path, place)
        else:
            place.write_bytes(damage)
        table = pickle.loads(data)
        assert table == MODEL and table.path == str(place)
        table.verify()
        del table
        gc.collect()


def test_content_that_was_damaged_on_its_way(make, cache):
    data, _ = packed_away(make)
    place = data.index(b"\x89KFD")
    for at, kind in ((1, keyfold.FormatError), (2500, keyfold.CorruptError)):
        damaged = bytearray(data)
        damaged[place + at] ^= 1
        table = pickle.loads(bytes(damaged))
        with pytest.raises(kind):
            table["key 1"]
        assert "not open yet" in repr(table) and not list(cache.glob("packed/*"))


def test_many_receivers_at_once(make, cache):
    data, _ = packed_away(make)
    tables = [pickle.loads(data) for _ in range(8)]
    barrier = threading.Barrier(8)

    def first(table):
        barrier.wait()
        return table["key 7"]

    with ThreadPoolExecutor(8) as pool:
        assert list(pool.map(first, tables)) == ["value 7"] * 8
    assert len(os.listdir(cache / "packed")) == 1


def _place(table):
    assert table == MODEL
    return table.path, os.stat(table.path).st_ino


@on_posix("no fork")
def test_processes_share_what_was_sent(make):
    data, _ = packed_away(make)
    with multiprocessing.get_context("fork").Pool(3) as pool:
        assert len(set(pool.map(_place, [pickle.loads(data) for _ in range(6)], 1))) == 1


def test_what_was_not_used_is_removed(make, cache):
    data, build_id = packed_away(make)
    folder = cache / "packed"
    folder.mkdir(parents=True)
    month, day = 31 * 86400, 2 * 86400
    for name, age in (("old.kf", month), ("new.kf", day), (".old.tmp", day), (".new.tmp", 0), ("other", month)):
        (folder / name).write_bytes(b"")
        os.utime(folder / name, (0, time.time() - age))
    (cache / "frozen.kf").write_bytes(b"")
    os.utime(cache / "frozen.kf", (0, 0))
    assert pickle.loads(data) == MODEL
    name = f"{build_id.hex()}.kf"
    assert set(os.listdir(folder)) == {".new.tmp", name, "new.kf", "other"}
    assert (cache / "frozen.kf").exists()
    os.utime(folder / name, (0, 0))
    assert pickle.loads(data) == MODEL
    assert os.stat(folder / name).st_mtime > time.time() - day          # it was used


# ---- what is no path ------------------------------------------------------------------------------

@pytest.fixture
def content(make):
    with open(make(MODEL).path, "rb") as file:
        return file.read()


FORMS = {
    "bytes": lambda content, path: content,
    "bytearray": lambda content, path: bytearray(content),
    "memoryview": lambda content, path: memoryview(content),
    "a part": lambda content, path: memoryview(b"before" + content + b"after")[6:-5],
    "of other items": lambda content, path: memoryview(numpy.frombuffer(content[:len(content) // 8 * 8], "<u8")),
    "numpy": lambda content, path: numpy.frombuffer(content, numpy.uint8),
    "mmap": lambda content, path: _mapped(path, mmap.ACCESS_READ),
    "mmap to write": lambda content, path: _mapped(path, mmap.ACCESS_COPY),
    "file": lambda content, path: open(path, "rb"),
    "file to write": lambda content, path: open(path, "r+b"),
    "unbuffered": lambda content, path: open(path, "rb", buffering=0),
    "BytesIO": lambda content, path: io.BytesIO(content),
    "BytesIO inside": lambda content, path: _at(io.BytesIO(b"before" + content), 6),
    "temporary file": lambda content, path: _written(tempfile.TemporaryFile(), content),
    "named temporary file": lambda content, path: _written(tempfile.NamedTemporaryFile(), content),
    "spooled": lambda content, path: _written(tempfile.SpooledTemporaryFile(), content),
    "memfd": lambda content, path: _written(os.fdopen(os.memfd_create("x"), "w+b"), content),
    "unlinked": lambda content, path: _unlinked(path),
    "gzip.open": lambda content, path: gzip.GzipFile(fileobj=io.BytesIO(gzip.compress(content))),
    "gzip file": lambda content, path: _zipped(path, content),
    "pipe": lambda content, path: _pipe(content),
    "Path": lambda content, path: _Path(path),
    "bytes of a path": lambda content, path: os.fsencode(path),
    "zipfile.Path": lambda content, path: zipfile.Path(_archive(content), "in/x.kf"),
    "in a zip file": lambda content, path: zipfile.ZipFile(_archive(content)).open("in/x.kf"),
}


class _Path:
    """What is no str and no pathlib.Path."""

    def __init__(self, path):
        self.path = path

    def __fspath__(self):
        return self.path


def _mapped(path, access):
    with open(path, "r+b") as file:
        return mmap.mmap(file.fileno(), 0, access=access)


def _at(file, place):
    file.seek(place)
    return file


def _written(file, content):
    file.write(content)
    file.seek(0)
    return file


def _unlinked(path):
    file = open(path, "rb")
    os.unlink(path)
    return file


def _zipped(path, content):
    with gzip.open(path + ".gz", "wb") as file:
        file.write(content)
    return gzip.open(path + ".gz", "rb")


def _pipe(content):
    reader, writer = os.pipe()
    with os.fdopen(writer, "wb") as file:
        file.write(content)
    return os.fdopen(reader, "rb")


def _archive(content):
    archive = io.BytesIO()
    with zipfile.ZipFile(archive, "w") as file:
        file.writestr("in/x.kf", content)
    return archive


@pytest.mark.parametrize("form", FORMS)
def test_what_can_be_opened(content, make, form):
    path = make.path()
    with open(path, "wb") as file:
        file.write(content)
    if WINDOWS and form in ("memfd", "unlinked"):
        pytest.skip("no such files")
    source = FORMS[form](content, path)
    if form == "of other items" and len(content) % 8:
        pytest.skip("the file is no multiple of 8 bytes")
    for options in ({}, {"in_memory": True}):
        table = keyfold.open(source, **options)
        assert dict(table) == MODEL and table["key 7"] == "value 7"
        table.verify()
        if form in ("pipe", "in a zip file", "gzip.open", "gzip file", "spooled") or form.startswith("BytesIO"):
            break       # it is read
    del source
    gc.collect()
    data = pickle.dumps(table)
    assert table["key 8"] == "value 8" and pickle.loads(data)["key 9"] == "value 9"
    is_file = table.path != "<memory>"
    assert is_file == (form in ("file", "file to write", "unbuffered", "named temporary file", "Path",
                                "bytes of a path") or WINDOWS and form == "temporary file")   # which has a name there
    assert (len(data) < 300) == is_file


def test_memory_stays_as_long_as_the_table(content):
    buffer = bytearray(content)
    table = keyfold.open(buffer)
    buffer[:] = bytes(len(buffer))
    assert dict(table) == MODEL                         # it was copied
    buffer.clear()
    with tempfile.TemporaryFile() as file:
        file.write(content)
        file.flush()
        mapped = mmap.mmap(file.fileno(), 0, access=mmap.ACCESS_READ)
    table = keyfold.open(mapped)
    with pytest.raises(BufferError):
        mapped.close()
    iterator = iter(table.items())
    next(iterator)
    table.close()
    del table
    assert sum(1 for _ in iterator) == len(MODEL) - 1
    del iterator
    gc.collect()
    mapped.close()


def test_tables_in_memory_work_together(content, make, tmp_path):
    table = keyfold.open(content)
    assert table == keyfold.open(content) and table.build_id == keyfold.open(content).build_id
    assert dict(keyfold.merge(tmp_path / "both.kf", [table, make({"z": "z"})])) == {**MODEL, "z": "z"}
    assert keyfold.freeze(table, tmp_path / "copy.kf") == table and keyfold.freeze(table) is table
    assert "<memory>" in repr(table) and table.packed() == table
    with pytest.raises(keyfold.ArgumentError, match="in memory"):
        keyfold.bundle(tmp_path / "all.kfm", [table])


def test_a_nested_dict_in_memory():
    table = keyfold.freeze({"a": {"b": 1}})
    with open(table.path, "rb") as file:
        again = keyfold.open(file.read())
    assert again["a"]["b"] == 1 and again.to_dict() == {"a": {"b": 1}}


def test_a_manifest_in_memory(make, tmp_path):
    bundle = keyfold.bundle(tmp_path / "all.kfm", [make({"a": 1}), make({"b": 2})])
    with open(bundle.path, "rb") as file:
        with pytest.raises(keyfold.ArgumentError, match="manifest"):
            keyfold.open(file.read())
        file.seek(0)
        assert dict(keyfold.open(file)) == {"a": 1, "b": 2}


def test_resources(content, tmp_path, monkeypatch):
    (tmp_path / "package").mkdir()
    (tmp_path / "package/__init__.py").touch()
    (tmp_path / "package/x.kf").write_bytes(content)
    with zipfile.ZipFile(tmp_path / "zipped.zip", "w") as archive:
        archive.writestr("zipped_package/__init__.py", "")
        archive.writestr("zipped_package/x.kf", content)
    monkeypatch.syspath_prepend(str(tmp_path))
    monkeypatch.syspath_prepend(str(tmp_path / "zipped.zip"))
    table = keyfold.open(importlib.resources.files("package") / "x.kf")
    assert dict(table) == MODEL and table.path == str(tmp_path / "package/x.kf")
    table = keyfold.open(importlib.resources.files("zipped_package") / "x.kf")
    assert dict(table) == MODEL and pickle.loads(pickle.dumps(table)) == MODEL
    for name in ("package", "zipped_package"):
        sys.modules.pop(name, None)


WRONG = {
    "empty path": (lambda folder: "", keyfold.NoFile, "the path is empty"),
    "no file": (lambda folder: folder / "nothing", keyfold.NoFile, "nothing"),
    "folder": (lambda folder: folder, keyfold.IsFolder, "Is a directory"),
    "text": (lambda folder: _file(folder, b"some text\n"), keyfold.FormatError, "text: keyfold.compile"),
    "empty file": (lambda folder: _file(folder, b""), keyfold.FormatError, "it is empty"),
    "gzip": (lambda folder: _file(folder, gzip.compress(b"x")), keyfold.FormatError, "gunzip"),
    "zip": (lambda folder: _file(folder, _archive(b"x").getvalue()), keyfold.FormatError, "zipfile.Path"),
    "other": (lambda folder: _file(folder, bytes(99)), keyfold.FormatError, "wrong.kf: not a keyfold file"),
    "other file": (lambda folder: open(_file(folder, bytes(99)), "rb"), keyfold.FormatError, "not a keyfold file"),
    "no bytes": (lambda folder: b"", keyfold.FormatError, "the content is not a keyfold file; it is empty"),
    "other bytes": (lambda folder: bytes(99), keyfold.FormatError, "the content is not a keyfold file"),
    "text bytes": (lambda folder: b"one\t1\n", keyfold.FormatError, "the content is not .* keyfold.compile"),
    "long bytes": (lambda folder: b"one " * 99, keyfold.FormatError, "the content is not .* keyfold.compile"),
    "gzip bytes": (lambda folder: gzip.compress(b"x" * 99), keyfold.FormatError, "gunzip"),
    "text file": (lambda folder: open(_file(folder, b"x"), encoding="utf-8"), TypeError, "binary mode"),
    "text buffer": (lambda folder: io.StringIO("x"), TypeError, "binary mode"),
    "text temporary": (lambda folder: tempfile.NamedTemporaryFile("w+"), TypeError, "binary mode"),
    "at its end": (lambda folder: _at(io.BytesIO(b"x"), 1), keyfold.FormatError, "seek"),
    "for writing": (lambda folder: open(folder / "new", "wb"), keyfold.ArgumentError, "not open for reading"),
    "None": (lambda folder: None, TypeError, "not NoneType"), "int": (lambda folder: 3, TypeError, "not int"),
    "dict": (lambda folder: {"a": 1}, TypeError, "keyfold.freeze"), "list": (lambda folder: [], TypeError, "not list"),
    "table": (lambda folder: keyfold.freeze({"a": 1}), TypeError, "already"),
    "strided": (lambda folder: memoryview(bytes(99))[::2], (ValueError, BufferError), "contiguous"),
}


def _file(folder, content):
    (folder / "wrong.kf").write_bytes(content)
    return folder / "wrong.kf"


@pytest.mark.parametrize("name", WRONG)
def test_what_can_not_be_opened(tmp_path, name):
    make_, kind, message = WRONG[name]
    source = make_(tmp_path)
    with pytest.raises(kind, match=message):
        keyfold.open(source)
    getattr(source, "close", bool)()


def test_what_was_not_used_for_longest_goes_when_there_is_too_much(make, cache, monkeypatch):
    def arrive(number):
        data, build_id = packed_away(make, {f"key {n}": f"{number} {n}" for n in range(1000)})
        assert len(pickle.loads(data)) == 1000
        return cache / "packed" / f"{build_id.hex()}.kf"

    monkeypatch.setenv("KEYFOLD_PACKED_LIMIT", "1G")
    old = [arrive(number) for number in range(4)]
    for age, path in zip((4, 1, 3, 2), old):
        os.utime(path, (time.time() - 60 * age,) * 2)
    size = old[0].stat().st_size
    monkeypatch.setenv("KEYFOLD_PACKED_LIMIT", str(size * 3 + size // 2))
    new = arrive(4)
    assert [path.exists() for path in old] == [False, True, False, True] and new.exists()
    monkeypatch.setenv("KEYFOLD_PACKED_LIMIT", "1K")
    last = arrive(5)
    assert os.listdir(cache / "packed") == [last.name]
    monkeypatch.setenv("KEYFOLD_PACKED_LIMIT", "what")
    assert arrive(6).exists() and last.exists()
