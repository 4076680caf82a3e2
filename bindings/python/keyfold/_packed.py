"""What Dictionary.packed makes."""
from __future__ import annotations

import os
import tempfile
from typing import Any

from . import _errors
from ._cache import packed_path, store, touch
from ._handle import Handle, acquire
from ._native import ffi, lib


def packed(table: Any) -> Any:
    """The same table, of a handle that takes its content along."""
    pointer = table._pointer()
    handle: Handle = table._handle
    if lib.kf_dict_content(pointer, ffi.new("kf_bytes *")) == lib.KF_TYPE:
        handle = _whole(handle)
    home: Any = type(table)
    made = home.__new__(home)
    home.__init__(made, handle.as_packed(), codec=table._codec, keys=table._keys.name)
    made._options = table._options
    return made


def _whole(handle: Handle) -> Handle:
    """All that a manifest names as one file: in the cache folder, or without a name if that can't be written."""
    path = packed_path(handle.build_id)[:-len(".kf")] + "-whole.kf"

    def write(place: str) -> None:
        options, error = ffi.new("kf_merge_options *", lib.kfpy_merge_options()), ffi.new("kf_error *")
        members = ffi.new("kf_dict *[]", [handle.pointer])
        status = lib.kf_dict_merge(os.fsencode(place), members, 1, options, ffi.NULL, error)
        _errors.check(status, error, place)

    try:
        found = acquire(path)
        touch(path)
        return found
    except _errors.Error:
        pass
    try:
        store(path, write)
        return acquire(path)
    except OSError:
        with tempfile.TemporaryDirectory() as folder:
            place = os.path.join(folder, "whole.kf")
            write(place)
            return acquire(place, in_memory=os.name == "nt")   # where what is mapped can't be removed
