"""What Windows lacks is not missed: it is hidden here, and what takes its place is tried on this system."""
import errno
import fcntl
import importlib
import multiprocessing
import os
import sys
import threading
import types

import keyfold
import pytest
from keyfold import _cache, _errors, _handle, _lock, _places, _table, _wire

HIDING = """
import multiprocessing, os, signal, sys, tempfile
for name in ("register_at_fork", "sysconf", "uname", "O_CLOEXEC", "O_NONBLOCK", "O_DIRECTORY"):
    delattr(os, name)
for name in ("pthread_sigmask", "SIGKILL", "SIGALRM"):
    delattr(signal, name)
import keyfold
folder = sys.argv[1]
os.environ["KEYFOLD_CACHE"] = os.path.join(folder, "cache")

def read(part):
    return [(f"{part} {n}", n) for n in range(100)]

path = os.path.join(folder, "a.kf")
table = keyfold.compile(path, range(3), reader=read, workers=2)
assert table["2 99"] == 99 and keyfold.open(path)["0 0"] == 0
assert keyfold.freeze({"a": "b"})["a"] == "b" and keyfold.freeze({"a": "b"})["a"] == "b"
with open(os.path.join(folder, "text"), "w") as file:
    file.write("a text")
try:
    keyfold.open(file.name)
except keyfold.FormatError as problem:
    assert "it is text" in str(problem)
"""


def test_names_that_are_not_there(python, tmp_path):
    done = python(HIDING, tmp_path)
    assert done.returncode == 0, done.stderr


def test_locks(monkeypatch, tmp_path):
    def locking(number, mode, size):
        assert mode == "try" and size == 1 and os.lseek(number, 0, os.SEEK_CUR) > 1 << 29
        try:
            fcntl.flock(number, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            raise PermissionError(errno.EACCES, "locked") from None

    monkeypatch.setitem(sys.modules, "msvcrt", types.SimpleNamespace(LK_NBLCK="try", locking=locking))
    with monkeypatch.context() as there:
        there.setattr(sys, "platform", "win32")
        importlib.reload(_lock)
    try:
        path = tmp_path / "lock"
        path.write_text("+name\n")
        with open(path) as first, open(path) as second:
            _lock.lock(first)
            assert not _lock.try_lock(second) and second.read() == "+name\n"
            waiting = threading.Thread(target=_lock.lock, args=(second,))
            waiting.start()
            fcntl.flock(first, fcntl.LOCK_UN)
            waiting.join(30)
            assert not waiting.is_alive() and not _lock.try_lock(first)
    finally:
        importlib.reload(_lock)


def test_messages(monkeypatch):
    monkeypatch.setattr(_wire, "sys", types.SimpleNamespace(platform="win32"))
    monkeypatch.setattr(_wire, "os", None)
    results, end = multiprocessing.Pipe(duplex=False)
    _wire.send(end, b"C", 3, b"abc")
    _wire.send(end, b"D", 7)
    end.close()
    for kind, number, body in ((b"C", 3, b"abc"), (b"D", 7, b"")):
        raw = bytearray(_wire.HEAD.size)
        assert _wire.read_into(results, memoryview(raw)) == len(raw)
        head = _wire.head(raw)
        room = bytearray(head.body_size())
        assert not room or _wire.read_into(results, memoryview(room)) == len(room)
        assert (head.kind, head.number, bytes(room)) == (kind, number, body)
    assert _wire.read_into(results, memoryview(bytearray(1))) == 0


def test_closed_tables_let_go_of_the_file(monkeypatch, tmp_path):
    table = keyfold.compile(tmp_path / "a.kf", {"a": "b"})
    here = types.SimpleNamespace(**{name: getattr(os, name) for name in dir(os) if not name.startswith("__")})
    here.name = "nt"
    monkeypatch.setattr(_table, "os", here)
    place, build_id = table.path, table.build_id
    table.close()
    assert _handle.open_handle(place, build_id, False) is None
    assert table.closed and table.path == place and table.build_id == build_id and "closed" in repr(table)
    with pytest.raises(ValueError, match="closed"):
        table["a"]


def test_files_that_are_open(monkeypatch, tmp_path):
    """Windows neither replaces nor removes them."""
    def refuse(*paths):
        raise PermissionError(errno.EACCES, "in use")

    new, old = tmp_path / "new", tmp_path / "old"
    new.write_bytes(b"new")
    old.write_bytes(b"old")
    nt = types.SimpleNamespace(**{name: getattr(os, name) for name in dir(os) if not name.startswith("__")})
    nt.name, nt.replace, nt.unlink, nt.symlink = "nt", refuse, refuse, refuse
    for module in (_cache, _places, _errors):
        monkeypatch.setattr(module, "os", nt)
    with pytest.raises(keyfold.IOError_, match="a process has it open") as caught:
        _cache.replace(str(new), str(old))
    assert caught.value.errno == errno.EBUSY
    _cache.remove(str(old))
    _cache.lend(str(new), str(tmp_path / "lent"))
    assert (tmp_path / "lent").read_bytes() == b"new"
    # What has its name by its content is there already.
    place = _places.Folder(str(tmp_path / "m.kfm"))
    os.mkdir(place.shards)
    (tmp_path / "m.kfm.d" / "x.kf").write_bytes(b"x")
    place.keep(str(new), "x.kf")
    with pytest.raises(PermissionError):
        place.keep(str(new), "y.kf")
