"""Exceptions: their tree, their pickles, and damaged files."""
import errno
import os
import pickle
import random
import tempfile

import pytest

import keyfold
from keyfold import _errors, _progress
from keyfold._native import lib


def test_the_tree():
    for kind, also in ((keyfold.FormatError, ValueError), (keyfold.CorruptError, ValueError),
                       (keyfold.UnsupportedError, Exception), (keyfold.NotFound, KeyError),
                       (keyfold.DuplicateKey, ValueError), (keyfold.LimitError, ValueError),
                       (keyfold.IOError_, OSError), (keyfold.Cancelled, Exception), (keyfold.CodecError, ValueError),
                       (keyfold.Replaced, Exception), (keyfold.ArgumentError, ValueError),
                       (keyfold.ValueTypeError, TypeError), (keyfold.MemoryError_, MemoryError)):
        assert issubclass(kind, keyfold.Error) and issubclass(kind, also)


def test_a_callback_without_memory():
    heart = _progress.Heart(lambda phase, done, total: None)
    _progress._failed(MemoryError, MemoryError(), None)       # as cffi calls it where there is no frame
    heart.raise_failure(lib.KF_IO)
    with pytest.raises(MemoryError):
        heart.raise_failure(lib.KF_CANCELLED)
    heart.failure = KeyError("kept")
    with pytest.raises(KeyError):
        heart.raise_failure(lib.KF_CANCELLED)


def test_every_status_has_its_exception():
    statuses = [value for name, value in vars(_statuses()).items() if name != "KF_OK"]
    kinds = {status: type(_errors.make(status)) for status in statuses}
    assert keyfold.Error not in {kinds[status] for status in statuses if status != lib.KF_END}
    assert len(statuses) >= 13
    assert isinstance(_errors.make(lib.KF_NO_SPACE), OSError) and _errors.make(lib.KF_NO_SPACE).errno == errno.ENOSPC
    _errors.check(lib.KF_OK)


def _statuses():
    from keyfold._native import ffi

    class Names:
        pass

    names = Names()
    for name in ffi.typeof("kf_status").relements:
        setattr(names, name, getattr(lib, name))
    return names


@pytest.mark.parametrize("number, kind", [(errno.ENOENT, FileNotFoundError), (errno.EACCES, PermissionError),
                                          (errno.EISDIR, IsADirectoryError), (errno.EIO, OSError)])
def test_exceptions_pickle(number, kind):
    problem = _errors.os_error(number, "/some/path")
    again = pickle.loads(pickle.dumps(problem))
    assert type(again) is type(problem) and isinstance(again, (kind, keyfold.IOError_)) and str(again) == str(problem)
    assert (again.errno, again.filename) == (number, "/some/path")


def test_other_exceptions_pickle(make):
    path = make({"a": "x"}).path
    with open(path, "r+b") as file:
        file.truncate(os.path.getsize(path) - 1)
    with pytest.raises(keyfold.FormatError) as caught:
        keyfold.open(path)
    problems = [caught.value, keyfold.NotFound(("a", 1)), _errors.make(lib.KF_CORRUPT)]
    problems[2].offset, problems[2].key = 77, b"abc"
    for problem in problems:
        again = pickle.loads(pickle.dumps(problem))
        assert (type(again), again.args, again.offset, again.key) == \
            (type(problem), problem.args, problem.offset, problem.key)


def test_a_missing_path(tmp_path):
    with pytest.raises(FileNotFoundError) as caught:
        keyfold.open(tmp_path / "none.kf")
    assert isinstance(caught.value, keyfold.Error) and caught.value.filename == str(tmp_path / "none.kf")
    assert caught.value.errno == errno.ENOENT and "none.kf" in str(caught.value)
    with pytest.raises(keyfold.IsFolder):
        keyfold.open(tmp_path)
    with pytest.raises(FileNotFoundError):
        keyfold.compile(tmp_path / "none" / "a.kf", {})


def test_foreign_files(tmp_path):
    path = tmp_path / "foreign.kf"
    for content in (b"", b"a", b"text\n" * 1000, os.urandom(5000)):
        path.write_bytes(content)
        with pytest.raises(keyfold.FormatError):
            keyfold.open(path)


def test_damage_is_an_error_and_nothing_worse(make, tmp_path):
    model = {f"{i:05}": [i, str(i)] for i in range(400)}
    good = open(make(model, codec="json").path, "rb").read()
    source = random.Random(5)
    seen = set()
    for number in range(250):
        data = bytearray(good)
        for _ in range(source.choice((1, 1, 4))):
            data[source.randrange(len(data))] = source.randrange(256)
        if data == good:
            continue
        path = tmp_path / f"{number}.kf"
        path.write_bytes(data)
        for step in ("open", "verify", "all", "get", "order"):
            try:
                if step == "open":
                    table = keyfold.open(path)
                elif step == "verify":
                    table.verify()
                    seen.add("whole")
                elif step == "all":
                    list(table.items()), list(reversed(table)), table.stat(), table.metadata
                elif step == "get":
                    for key in model:
                        table.get(key)
                        key in table
                else:
                    for i in range(len(model)):
                        table.key_at(i), table.value_at(i)
                    table.prefixes("00123"), table.count_prefix("00"), list(table.items("003"))
            except (keyfold.Error, IndexError) as problem:
                seen.add(type(problem))
                if step == "open":
                    break
    assert keyfold.CorruptError in seen and "whole" not in seen


def test_a_name_of_keys_or_codec_that_is_unknown(make):
    path = make({"a": 1}).path
    with pytest.raises(keyfold.ArgumentError):
        keyfold.open(path, keys="nonsense")
    with pytest.raises(keyfold.CodecError):
        keyfold.open(path, codec="str")
    with pytest.raises(keyfold.CodecError):
        keyfold.open(make({"a": "x"}).path, codec="u64")


def test_values_that_the_codec_cannot_read(make):
    table = keyfold.open(make({"a": "{", "b": "x" * 300}).path, codec="json")
    for use in (lambda: table["a"], lambda: table["b"], lambda: table.value_at(0), lambda: list(table.values())):
        with pytest.raises(keyfold.CodecError, match="json"):
            use()


def test_a_failed_compile_leaves_nothing(make):
    path = make.path()

    def broken():
        yield from ((str(i), i) for i in range(10000))
        raise RuntimeError("the source broke")

    with pytest.raises(RuntimeError, match="the source broke"):
        keyfold.compile(path, broken())
    for options in (dict(memory="nonsense"), dict(memory=5), dict(weights="some"), dict(keys="?"), dict(codec="?")):
        with pytest.raises(keyfold.Error):
            keyfold.compile(path, {"a": 1}, **options)
    assert os.listdir(os.path.dirname(path)) == []


def test_a_key_that_is_too_long(make):
    with pytest.raises(keyfold.LimitError):
        make({"x" * ((1 << 20) + 1): 1})
    longest = "x" * (1 << 20)
    assert make({longest: 1})[longest] == 1
