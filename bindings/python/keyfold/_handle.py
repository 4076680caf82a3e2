"""Open files: a process maps each of them once, however many dictionaries use it.

A handle closes when the last Dictionary, view, iterator or array that needs it is gone: they all hold the one
cffi object whose destructor unmaps the file, and a call that is running holds it as its argument. Nothing is
closed at interpreter exit, where other threads may still be inside a call; the system unmaps then. A handle
survives fork, because nothing in it ever changes.
"""
from __future__ import annotations

import os
import sys
import weakref
from _thread import allocate_lock

from . import _errors
from ._light import Later
from ._native import ffi, lib
from ._urls import is_url

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any, Optional, Tuple, Type, TypeVar, Union

    StrPath = Union[str, bytes, "os.PathLike[str]", "os.PathLike[bytes]"]
    _Key = Tuple[str, bytes, bool]
    H = TypeVar("H", bound="Handle")

    from . import _remote
else:
    _remote = Later("_remote")


_SMALL = 16 << 20


def _memory() -> int:
    """The machine's, in bytes; 0 if the system does not tell."""
    if sys.platform == "win32":
        import ctypes
        status = (ctypes.c_uint64 * 8)(64)      # a MEMORYSTATUSEX, which begins with its size
        return status[1] if ctypes.windll.kernel32.GlobalMemoryStatusEx(status) else 0
    try:
        return os.sysconf("SC_PHYS_PAGES") * os.sysconf("SC_PAGE_SIZE")
    except (ValueError, OSError):
        return 0


def _exceeds_memory(file_size: int) -> bool:
    """Whether a file, with all members of a manifest, needs more than half of the memory."""
    if file_size < _SMALL:      # without asking: that takes longer than the rest of opening it
        return False
    memory = _memory()
    return bool(memory and file_size > memory // 2)


class Handle:
    """A file that is open. `pointer` is the kf_dict *. If it exceeds the memory, lookups may have to wait for
    the disk, and let other threads run meanwhile. `normalise`: KF_NORMALISE_ flags. If it is `packed` (true, or the
    handle that it has the file of), tables of it travel with their content.

    Files of another kind have a subclass, with functions of C of their own."""

    __slots__ = ("path", "build_id", "in_memory", "pointer", "exceeds_memory", "normalise", "packed", "__weakref__")
    C_OUT = "kf_dict **"
    C_OPEN, C_OPEN_MEMORY, C_FREE = lib.kf_dict_open, lib.kf_dict_open_memory, lib.kfpy_dict_free
    C_BUILD_ID, C_CONTENT, C_SAME, C_VERIFY = \
        lib.kf_dict_build_id, lib.kf_dict_content, lib.kf_dict_same_files, lib.kf_dict_verify

    def __init__(self, path: str, build_id: bytes, in_memory: bool, pointer: Any, packed: Any = False) -> None:
        self.path = path
        self.build_id = build_id
        self.in_memory = in_memory
        self.pointer = pointer
        self.packed = packed
        self.normalise = 0
        self._look()

    def _look(self) -> None:
        """Sets what the file itself says."""
        stat = ffi.new("kf_dict_stat *", lib.kfpy_dict_stat())
        _errors.check(lib.kf_dict_get_outline(self.pointer, stat), None, self.path)
        self.exceeds_memory = not self.in_memory and _exceeds_memory(stat.file_size)
        self.normalise = stat.normalise

    def as_packed(self: H) -> H:
        """The same file, packed."""
        return type(self)(self.path, self.build_id, self.in_memory, self.pointer, self)

    def husk(self: H) -> H:
        """What a table that was closed tells of it, without the file; unless that travels with it."""
        if self.packed:
            return self
        husk = type(self).__new__(type(self))
        for name in ("path", "build_id", "in_memory", "exceeds_memory", "normalise", "packed"):
            setattr(husk, name, getattr(self, name))
        husk.pointer = None
        return husk

    def bytes(self) -> memoryview:
        """The file's, as they are mapped; the mapping stays as long as this does."""
        content = ffi.new("kf_bytes *")
        _errors.check(self.C_CONTENT(self.pointer, content), None, self.path)
        pointer = self.pointer
        owner = ffi.gc(content.data, lambda _: pointer and None)
        return memoryview(ffi.buffer(owner, content.size)).toreadonly()

    def told(self, status: int) -> Any:
        """The kf_error of a member that could not be opened, if that is what a status came from; else None."""
        error = ffi.new("kf_error *")
        return error if lib.kf_dict_member_error(self.pointer, status, error) else None

    def content(self, protocol: int) -> Any:
        """What a pickle takes along of the file: its bytes, or None if it is not packed."""
        return wrapped(self.bytes(), protocol) if self.packed else None


def wrapped(content: Any, protocol: int) -> Any:
    """Bytes as a pickle takes them: without a copy where the protocol can."""
    if protocol < 5:
        return bytes(content)
    from _pickle import PickleBuffer
    return PickleBuffer(content)


MEMORY = "<memory>"     # what has no path is called
_handles: "weakref.WeakValueDictionary[_Key, Handle]" = weakref.WeakValueDictionary()
_lock = allocate_lock()    # threading's Lock without threading


def _after_fork() -> None:
    # Another thread of the parent may have held it.
    global _lock
    _lock = allocate_lock()


if hasattr(os, "register_at_fork"):
    os.register_at_fork(after_in_child=_after_fork)


def real_path(path: StrPath) -> str:
    if not os.fsdecode(path):
        raise _errors.ArgumentError("the path is empty")
    if os.name == "nt":         # where the library's has other slashes than Python's
        return os.path.realpath(os.fsdecode(path))
    name = os.fsencode(path)
    found = lib.kfpy_real_path(name) if b"\0" not in name else ffi.NULL
    if found == ffi.NULL:       # something is not there: that is told when it is opened
        return os.path.realpath(os.fsdecode(path))
    try:
        return os.fsdecode(ffi.string(found))
    finally:
        lib.kfpy_free(found)


def _build_id(pointer: Any, kind: Type[Handle]) -> bytes:
    raw = ffi.new("uint8_t[16]")
    kind.C_BUILD_ID(pointer, raw)
    return bytes(ffi.buffer(raw))


def acquire_memory(content: Any, copy: bool = False, kind: Type[Handle] = Handle) -> Handle:
    """A handle of a file's bytes, in any object with a buffer, which it keeps. What may change is copied."""
    view = memoryview(content)
    copy = copy or not view.readonly
    options = ffi.new("kf_open_options *", lib.kfpy_open_options())
    options.flags = lib.KF_OPEN_IN_MEMORY if copy else 0
    data = ffi.from_buffer(view)
    keep = None if copy else data
    out, error = ffi.new(kind.C_OUT), ffi.new("kf_error *")
    _errors.check(kind.C_OPEN_MEMORY(out, data, len(data), options, error), error)

    def free(pointer: Any) -> None:
        kind.C_FREE(pointer)
        del keep_until_here[:]

    keep_until_here = [keep]
    pointer = ffi.gc(out[0], free)
    return kind(MEMORY, _build_id(pointer, kind), False, pointer, True)


def open_handle(place: str, build_id: bytes, in_memory: bool) -> Optional[Handle]:
    """The handle that this process has of a file, whatever has its path by now; or None."""
    with _lock:
        return _handles.get((place, build_id, in_memory))


def acquire(path: StrPath, *, build_id: Optional[bytes] = None, populate: bool = False, in_memory: bool = False,
            kind: Type[Handle] = Handle, check: bool = False, lazy: bool = True, max_age: float = 60.0) -> Handle:
    """The one handle of a file. With a build id, the file must have that one. `populate` matters to a file that
    is not open yet. `check`: all files that a manifest names must be there. Of a URL these are fetched at once unless
    it is `lazy`, and what it leads to is looked up if that was longer ago than `max_age` seconds."""
    if is_url(path):
        fetched = _remote.acquire(str(path), build_id, in_memory, kind, max_age, lazy and not check)
        with _lock:
            known = _handles.get((fetched.path, fetched.build_id, in_memory))
            if known is None:
                known = _handles[fetched.path, fetched.build_id, in_memory] = fetched
        if known is not fetched and not lazy:
            _remote.open_members(known)
        return known
    place = real_path(path)
    options = ffi.new("kf_open_options *", lib.kfpy_open_options())
    options.flags = ((lib.KF_OPEN_IN_MEMORY if in_memory else 0) | (lib.KF_OPEN_POPULATE if populate else 0)
                     | (lib.KF_OPEN_CHECK if check else 0))
    out = ffi.new(kind.C_OUT)
    error = ffi.new("kf_error *")
    _errors.check(kind.C_OPEN(out, os.fsencode(place), options, error), error, place)
    pointer = ffi.gc(out[0], kind.C_FREE)
    found = _build_id(pointer, kind)
    if build_id is not None and found != build_id:
        raise _errors.Replaced(
            f"{place} was replaced: it has build id {found.hex()}, but {build_id.hex()} is needed")
    with _lock:
        # Of two threads that opened it at once, the second drops its own. A handle of another file that had this
        # path is left to those who have it: that file may have been overwritten before it was replaced.
        known = _handles.get((place, found, in_memory))
        if known is None or not kind.C_SAME(known.pointer, pointer):
            known = kind(place, found, in_memory, pointer)
            _handles[place, found, in_memory] = known
    return known


def _told(status: int, path: str) -> Any:
    """Of a lookup, which returns no more than a status: the kf_error of the member that it touched, if that it was."""
    for (place, _, _), handle in list(_handles.items()):
        if place == path:
            told = handle.told(status)
            if told is not None:
                return told
    return None


_errors.told = _told
