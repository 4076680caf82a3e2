"""Tables behind URLs: fetched into the cache folder, then mapped as any other; and members of manifests, when something
first touches them."""
from __future__ import annotations

import errno
import os
import posixpath
from typing import Any, List, Optional

from . import _errors
from ._fetch import Fetched, fetch, trouble
from ._native import ffi, lib
from ._urls import is_url, shown

MAX_AGE = 60.0      # seconds for which what a URL leads to need not be looked up again


class Members:
    """Brings the members of a manifest. Those that are there stay in the cache as long as this does."""

    def __init__(self, url: str) -> None:
        self.url = url
        self.fetched: List[Fetched] = []
        self.handle = ffi.new_handle(self)

    def bring(self, member: Any) -> bytes:
        """The path of a member that a kf_member describes."""
        name = os.fsdecode(bytes(ffi.buffer(member.name.data, member.name.size)))
        self.fetched.append(fetch(beside(self.url, name), bytes(ffi.buffer(member.build_id, 16)), trusted=True))
        return os.fsencode(self.fetched[-1].path)


def beside(url: str, name: str) -> str:
    """The URL of what a manifest names; of a signed URL with the same query."""
    if is_url(name):
        return name
    if name.startswith("/"):
        raise _errors.ArgumentError(f"{shown(url)} names a file of another host by its absolute path, {name}: write "
                                    "the manifest with names relative to it")
    head, chain, outer = url.partition("::")
    head, query, rest = head.partition("?")
    scheme, _, path = head.partition("://")
    return f"{scheme}://{posixpath.normpath(posixpath.join(posixpath.dirname(path), name))}{query}{rest}{chain}{outer}"


def _failed(kind: Any, problem: Any, traceback: Any) -> int:
    """Tells the library what a callback raised; the status is what this then returns."""
    if traceback is None:           # it had no memory for a frame
        return int(lib.KF_NO_MEMORY)
    error = traceback.tb_frame.f_locals["error"]
    url = ffi.from_handle(traceback.tb_frame.f_locals["context"]).url
    told = trouble(problem, url)
    status = lib.KF_IO
    for each, kinds in ((lib.KF_REPLACED, _errors.Replaced), (lib.KF_CORRUPT, _errors.CorruptError),
                        (lib.KF_FORMAT, _errors.FormatError), (lib.KF_NO_MEMORY, MemoryError)):
        if isinstance(told, kinds):
            status = each
    error.status, error.offset = status, 2**64 - 1
    error.os_error = getattr(told, "errno", None) or errno.EIO
    text = f"{getattr(told, 'filename', None) or shown(url)}: {getattr(told, 'strerror', None) or told}".encode()
    ffi.memmove(error.message, text[:len(error.message) - 1] + b"\0", min(len(text), len(error.message) - 1) + 1)
    return int(status)


@ffi.def_extern(error=lib.KF_IO, onerror=_failed)   # type: ignore[untyped-decorator]
def kfpy_member_needed(context: Any, member: Any, error: Any) -> int:
    path = ffi.from_handle(context).bring(member)
    ffi.memmove(member.place, path + b"\0", len(path) + 1)
    return 0


def acquire(url: str, build_id: Optional[bytes], in_memory: bool, kind: Any, max_age: float,
            lazy: bool) -> Any:
    """A handle of what a URL leads to."""
    fetched = fetch(url, build_id, max_age)
    members = Members(url)
    options = ffi.new("kf_open_options *", lib.kfpy_open_options())
    options.flags = (lib.KF_OPEN_IN_MEMORY if in_memory else 0)
    if kind.C_OPEN == lib.kf_dict_open:
        options.flags |= 0 if lazy else lib.KF_OPEN_CHECK
        options.member_needed, options.member_context = lib.kfpy_member_needed, members.handle
    out, error = ffi.new(kind.C_OUT), ffi.new("kf_error *")
    _errors.check(kind.C_OPEN(out, os.fsencode(fetched.path), options, error), error, shown(url))
    free = kind.C_FREE
    kept = [fetched, members]

    def close(pointer: Any) -> None:
        free(pointer)
        del kept[:]

    pointer = ffi.gc(out[0], close)
    raw = ffi.new("uint8_t[16]")
    kind.C_BUILD_ID(pointer, raw)
    return kind(shown(url), bytes(ffi.buffer(raw)), in_memory, pointer)


def open_members(handle: Any) -> None:
    """Fetches the members of one that was opened lazily."""
    error = ffi.new("kf_error *")
    if handle.C_OPEN == lib.kf_dict_open:
        _errors.check(lib.kf_dict_open_members(handle.pointer, error), error, handle.path)
