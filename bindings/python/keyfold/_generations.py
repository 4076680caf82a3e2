"""Publishing a table as a whole: its files first, the manifest that names them last; and what old manifests named goes.

A manifest is what readers follow: whoever has one open goes on with the files that it names, `refresh` opens the one
that is there now. What was published before stays for as many generations as are kept, since readers may still have to
open files of it."""
from __future__ import annotations

import os
import shutil
import tempfile
import time
from typing import TYPE_CHECKING, Any, Dict, List, Set, Tuple, Union

from . import _errors, _manifest
from ._cache import lend
from ._dictionary import Dictionary
from ._fetch import members_of
from ._handle import MEMORY, Handle, acquire
from ._open import open as _open
from ._places import Folder, Store, place_of
from ._urls import is_url

if TYPE_CHECKING:
    from ._handle import StrPath

    Place = Union[Folder, Store]


def write_manifest(place: Place, stubs: List[Tuple[str, bytes]], keep: int) -> None:
    """Publishes the manifest of shards that are there. Each has a name and a manifest of its own that names it."""
    place.check_target()
    folder = place.room(None)       # where files can be moved from, unlike the folder of temporary files
    try:
        name = os.path.basename(place.path)
        os.mkdir(os.path.join(folder, f"{name}.d"))
        paths = []
        for shard, content in stubs:
            paths.append(os.path.join(folder, f"{name}.d", f"{shard}.kfm"))
            with open(paths[-1], "wb") as file:
                file.write(content)
        path = os.path.join(folder, name)
        _manifest.write(path, paths, "same", False, False)
        build_id = acquire(path).build_id.hex()
        # The record first: whatever is published has one.
        copy = f"{path}.copy"
        shutil.copyfile(path, copy)
        place.keep(copy, f"{time.time_ns():020}-{build_id}.kfm")
        place.publish(path)
    finally:
        shutil.rmtree(folder, ignore_errors=True)
    _forget(place, keep)


def stub(path: str) -> bytes:
    """A manifest of one file, beside it: all that the manifest of many must know of it."""
    _manifest.write(f"{path}.kfm", [path], "same", False, True)
    with open(f"{path}.kfm", "rb") as file:
        return file.read()


def _forget(place: Place, keep: int) -> None:
    """Removes the records of generations but the newest `keep` + 1, and the files that only they name."""
    records = sorted(name for name in place.entries() if name.endswith(".kfm"))
    old, new = records[:-1 - keep], records[-1 - keep:]
    if not old:
        return
    used: Set[str] = {name for record in new for name in _named(place, record)}
    for record in old:
        for name in _named(place, record) - used:
            place.remove(name)
        place.remove(record)


def _named(place: Place, record: str) -> Set[str]:
    """The names of the files among the shards that a manifest names."""
    with tempfile.TemporaryDirectory(prefix="keyfold-") as folder:
        path = os.path.join(folder, record)
        try:
            with open(path, "wb") as file:
                file.write(place.read(record))
            return {os.path.basename(name) for name, _, _ in members_of(acquire(path).pointer)}
        except (_errors.Error, FileNotFoundError):
            return set()            # somebody else removes it


def publish(path: StrPath, table: Union[Dictionary[Any, Any], StrPath], *, keep: int = 1) -> Dictionary[Any, Any]:
    """Puts a table at a path or a URL, at once, and opens it there: readers get the old one or the new one, as a whole.

        keyfold.publish("s3://bucket/prices.kfm", todays)     # each day
        table = table.refresh()                               # in workers, whenever it suits

    path    where readers open it. Of a table in one file that file is put there; of a manifest the files that it names
            are put into the folder `path`.d first, unless they are there
    keep    of manifests: for how many generations before this one the files stay, since readers may still have to open
            some of them. What readers have open goes on in any case

    >>> table = keyfold.compile("today.kf", {"a": 1})
    >>> seen = keyfold.publish("current.kf", table)
    >>> _ = keyfold.publish("current.kf", keyfold.compile("today.kf", {"a": 2}))
    >>> seen["a"], seen.refresh()["a"]
    (1, 2)
    """
    given = table if isinstance(table, Dictionary) else _open(table)
    place = place_of(path)
    given._pointer()
    handle: Handle = given._handle
    members = members_of(handle.pointer)
    if not members and given.path != MEMORY and given.stat().is_manifest:
        raise _errors.ArgumentError(f"{given.path} names files that have shards, which can't be published together: "
                                    "keyfold.merge makes one of them")
    options = {name: value for name, value in given._options.items() if name != "in_memory"}
    if not members:
        with tempfile.TemporaryDirectory(prefix="keyfold-") as folder:
            whole = os.path.join(folder, "whole.kf")
            with open(whole, "wb") as file:
                file.write(handle.bytes())
            place.check_target()
            place.publish(whole)
    else:
        write_manifest(place, _put_members(place, given, members), keep)
    made: Any = _open
    return made(place.path, max_age=0, **options)  # type: ignore[no-any-return]


def _put_members(place: Place, table: Dictionary[Any, Any], members: List[Tuple[str, bytes, int]]) \
        -> List[Tuple[str, bytes]]:
    there: Dict[str, Any] = place.entries()
    stubs = []
    for name, build_id, size in members:
        if is_url(table.path):
            from ._fetch import fetch
            from ._remote import beside
            source = fetch(beside(table.path, name), build_id, trusted=True).path
        else:
            source = os.path.join(os.path.dirname(table.path), name)
        target = f"{build_id.hex()}.kf"
        room = place.room(None)
        try:
            copy = os.path.join(room, target)
            if target in there and there[target].size == size:
                lend(os.path.abspath(source), copy)
                stubs.append((target, stub(copy)))
                continue
            shutil.copyfile(source, copy)
            stubs.append((target, stub(copy)))
            place.keep(copy, target)
        finally:
            shutil.rmtree(room, ignore_errors=True)
    return stubs
