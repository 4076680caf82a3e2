"""The cache folder: where freeze puts files without a path, and where content that arrived with a table is kept.

    NAME.kf             what freeze made, by its content; nothing removes it
    packed/BUILDID.kf   what table.packed() brought here; removed when it was not used for 30 days, or when all of them
                        are larger than $KEYFOLD_PACKED_LIMIT (20G if not set): those that were not used for longest
    remote/             what URLs lead to: _fetch.py
    .*.tmp              not complete; removed after a day, when its writer must have been killed
"""
from __future__ import annotations

import errno
import itertools
import os
import time

from . import _errors

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any, Collection

_STALE = 86400.0                # seconds after which an unfinished file has no owner any more
_UNUSED = 30 * 86400.0          # and after which a packed one is removed: senders have it
_LIMIT = 20.0 * (1 << 30)
_UNITS = {"K": 1 << 10, "M": 1 << 20, "G": 1 << 30, "T": 1 << 40}
_numbers = itertools.count()


def cache_folder() -> str:
    """Where files without a path go: $KEYFOLD_CACHE, or keyfold in the user's cache folder."""
    folder = os.environ.get("KEYFOLD_CACHE")
    if not folder:
        base = os.environ.get("XDG_CACHE_HOME") or (os.environ.get("LOCALAPPDATA") if os.name == "nt" else None) or ""
        folder = os.path.join(base if os.path.isabs(base) else os.path.expanduser("~/.cache"), "keyfold")
    return os.path.abspath(folder)


def packed_path(build_id: bytes) -> str:
    """Where the content of a file with a build id is kept."""
    return os.path.join(cache_folder(), "packed", f"{build_id.hex()}.kf")


def publish(temporary: str, path: str) -> None:
    """Gives a finished file its name. Of several processes the first does: the file may be in use already."""
    try:
        if os.name == "nt":     # where renaming replaces nothing, and a second name stays while the file is open
            os.rename(temporary, path)
        else:
            os.link(temporary, path)
    except FileExistsError:
        pass
    except OSError:         # no hard links here
        replace(temporary, path)


def size_limit(variable: str) -> float:
    """How many bytes the files of a folder may have together, as a variable of the environment says."""
    asked = os.environ.get(variable, "").strip().upper()
    number, unit = (asked[:-1], asked[-1:]) if asked[-1:] in _UNITS else (asked, "")
    try:
        return float(number) * _UNITS.get(unit, 1) if number else _LIMIT
    except ValueError:
        return _LIMIT


def shrink(folder: str, limit: float, kept: Collection[str]) -> None:
    """Removes the complete files that were not used for longest until the others have at most `limit` bytes, but not
    those that are to be kept. Whoever has one open goes on with it."""
    found = []
    for entry in os.scandir(folder):
        if entry.name.endswith(".kf"):
            try:
                stat = entry.stat(follow_symlinks=False)
                found.append((entry.path not in kept, stat.st_mtime, stat.st_size, entry.path))
            except OSError:
                pass
    total = sum(size for _, _, size, _ in found)
    for others, _, size, path in sorted(found):
        if others and total > limit:
            remove(path)
            total -= size


def sweep(folder: str, unused: float = 0.0) -> None:
    """Removes what killed processes left, and complete files that were not used for `unused` seconds."""
    now = time.time()
    for entry in os.scandir(folder):
        age = 0.0
        if entry.name.startswith(".") and entry.name.endswith(".tmp"):
            age = _STALE
        elif unused and entry.name.endswith(".kf"):
            age = unused
        try:
            if age and entry.stat(follow_symlinks=False).st_mtime < now - age:
                os.unlink(entry.path)
        except OSError:
            pass


def temporary_in(folder: str) -> str:
    return os.path.join(folder, f".{os.getpid()}-{next(_numbers)}-{time.time_ns():x}.tmp")


def remove(path: str) -> None:
    try:
        os.unlink(path)
    except FileNotFoundError:
        pass
    except PermissionError:
        if os.name != "nt":     # where a file that somebody has open stays: it is swept later
            raise


def replace(temporary: str, path: str) -> None:
    """Puts a finished file where another may be."""
    try:
        os.replace(temporary, path)
    except PermissionError:
        if os.name != "nt" or not os.path.isfile(path):
            raise
        raise _errors.os_error(errno.EBUSY, path) from None


def sync(path: str) -> None:
    """Waits until a file's bytes, or the names in a folder, are on disk."""
    if os.name == "nt" and os.path.isdir(path):         # which has no such thing
        return
    file = os.open(path, os.O_RDWR if os.name == "nt" else os.O_RDONLY)
    try:
        os.fsync(file)
    finally:
        os.close(file)


def lend(source: str, path: str) -> None:
    """Another path to a file for a while: a link, if that may be made, or a copy."""
    try:
        os.symlink(source, path)
    except OSError:
        if os.name != "nt":     # where it takes a right that few have
            raise
        import shutil
        shutil.copyfile(source, path)


def touch(path: str) -> None:
    """Notes that a file was used, for those who clear the folder; if it may be noted."""
    try:
        os.utime(path)
    except OSError:
        pass


def store(path: str, content: Any) -> None:
    """Puts content, or what a function writes, under a path in a folder of the cache, complete or not at all, unless
    another process did so. OSError where it can't be written."""
    folder = os.path.dirname(path)
    os.makedirs(folder, mode=0o700, exist_ok=True)
    sweep(folder, _UNUSED)
    temporary = temporary_in(folder)
    try:
        if callable(content):
            content(temporary)
        else:
            with open(temporary, "xb") as file:
                file.write(content)
                file.flush()
                os.fsync(file.fileno())
        publish(temporary, path)
    finally:
        remove(temporary)
    try:
        shrink(folder, size_limit("KEYFOLD_PACKED_LIMIT"), (path,))
    except OSError:
        pass
