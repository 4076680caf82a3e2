"""The cache of files that URLs lead to: each is fetched once a host, by build id.

    remote/BUILDID.kf       a file, complete and checked; the least recently used ones are removed when all have more
                            than $KEYFOLD_REMOTE_LIMIT bytes (20G if not set), but none that a process uses
    remote/HASH.url         which build id a URL led to, and when that was looked up
    remote/.BUILDID.lock    is locked by the process that fetches the file
    remote/.PID-*.use       is locked while a process lives; names the files that it uses
"""
from __future__ import annotations

import errno
import hashlib
import os
import re
import time
from typing import TYPE_CHECKING, Any, Dict, List, Optional, Set, Tuple

from . import _cache, _errors, _lock
from ._native import ffi, lib
from ._urls import shown

if TYPE_CHECKING:
    from typing import IO

_HEAD = 128         # bytes of a file that have its build id
_MAGIC = b"\x89KFD\r\n\x1a\n"


# ---- the other side ----------------------------------------------------------------------------------

def filesystem(url: str) -> Tuple[Any, str]:
    """fsspec's file system of a URL, and the path there."""
    try:
        import fsspec
    except ImportError:
        raise _errors.ArgumentError(f"{shown(url)} is a URL: opening one needs the package fsspec (pip install fsspec, "
                                    "and what it needs for this scheme, such as s3fs); or download the file, then open "
                                    "its path") from None
    try:
        found: Tuple[Any, str] = fsspec.core.url_to_fs(url)
        return found
    except (ImportError, ValueError) as problem:
        raise _errors.ArgumentError(f"{shown(url)}: {problem}") from None


def trouble(problem: BaseException, url: str) -> BaseException:
    """The exception for what a file system raised, without what may be secret."""
    if isinstance(problem, _errors.Error) or not isinstance(problem, Exception):
        return problem
    number = problem.errno if isinstance(problem, OSError) and problem.errno else \
        errno.ENOENT if isinstance(problem, FileNotFoundError) else \
        errno.EACCES if isinstance(problem, PermissionError) else errno.EIO
    text = re.sub(r"\?[^\s'\")>]+", "?...", str(problem).replace(url, shown(url)))
    text = re.sub(r"://[^\s/@'\"]+@", "://", text)
    return _errors.os_error(number, shown(url), f"{type(problem).__name__}: {text:.300}")


def _head(fs: Any, path: str, url: str) -> bytes:
    try:
        content: bytes = fs.cat_file(path, start=0, end=_HEAD)
    except Exception as problem:
        raise trouble(problem, url) from None
    if content[:8] != _MAGIC or len(content) < _HEAD:
        raise _errors.FormatError(f"{shown(url)} is not a keyfold file")
    return content


# ---- what this process uses --------------------------------------------------------------------------

class _Use:
    """The files that this process uses, told to those that clear the cache."""

    def __init__(self, folder: str) -> None:
        self.file: IO[str] = open(os.path.join(folder, f".{os.getpid()}-{time.time_ns():x}.use"), "a")
        _lock.lock(self.file)
        self.counts: Dict[str, int] = {}

    def add(self, name: str) -> None:
        self.counts[name] = self.counts.get(name, 0) + 1
        self._tell(f"+{name}\n")

    def drop(self, name: str) -> None:
        self._tell(f"-{name}\n")

    def _tell(self, line: str) -> None:
        try:
            os.write(self.file.fileno(), line.encode())
        except (OSError, ValueError):
            pass


_uses: Dict[str, _Use] = {}


def _use(folder: str) -> _Use:
    found = _uses.get(folder)
    return found if found is not None else _uses.setdefault(folder, _Use(folder))


def _used(folder: str) -> Set[str]:
    """The files that living processes use. What dead ones left behind is removed."""
    used: Set[str] = set()
    abandoned: List[str] = []
    for entry in os.scandir(folder):
        if not entry.name.endswith(".use"):
            continue
        try:
            with open(entry.path) as file:
                if _lock.try_lock(file):
                    _cache.remove(entry.path)
                    abandoned.append(entry.path)
                    continue
                counts: Dict[str, int] = {}
                for line in file:
                    counts[line[1:].strip()] = counts.get(line[1:].strip(), 0) + (1 if line[0] == "+" else -1)
        except OSError:
            continue
        used |= {os.path.join(folder, name) for name, count in counts.items() if count > 0}
    for path in abandoned:      # on Windows they had to be closed first
        _cache.remove(path)
    return used


# ---- the cache ---------------------------------------------------------------------------------------

class Fetched:
    """A file of the cache, which stays there as long as this does."""

    def __init__(self, path: str) -> None:
        self.path = path
        self._folder, self._name = os.path.split(path)
        _use(self._folder).add(self._name)

    def __del__(self) -> None:
        found = _uses.get(self._folder)
        if found is not None:
            found.drop(self._name)


def _folder() -> str:
    folder = os.path.join(_cache.cache_folder(), "remote")
    os.makedirs(folder, mode=0o700, exist_ok=True)
    return folder


def _there(path: str) -> Optional[Fetched]:
    """The file, if it is in the cache. It is claimed first, then looked for, so that nobody removes it in between."""
    found = Fetched(path)
    if not os.path.exists(path):
        return None
    _cache.touch(path)
    return found


def _memo(folder: str, url: str) -> str:
    return os.path.join(folder, f"{hashlib.sha256(url.encode()).hexdigest()[:32]}.url")


def _remembered(folder: str, url: str, max_age: float) -> Optional[bytes]:
    """The build id that the URL led to, if that was looked up in the last `max_age` seconds."""
    try:
        with open(_memo(folder, url)) as file:
            if time.time() - os.fstat(file.fileno()).st_mtime < max_age:
                return bytes.fromhex(file.read(32))
    except (OSError, ValueError):
        pass
    return None


def _remember(folder: str, url: str, build_id: bytes) -> None:
    temporary = _cache.temporary_in(folder)
    try:
        with open(temporary, "x") as file:
            file.write(build_id.hex())
        os.replace(temporary, _memo(folder, url))
    except OSError:     # then it is looked up again
        _cache.remove(temporary)


def fetch(url: str, build_id: Optional[bytes] = None, max_age: float = 0.0, trusted: bool = False) -> Fetched:
    """The file that a URL leads to, from the cache, put there if need be.

    With a build id it must be that one. Without, what the URL leads to is looked up, unless it was in the last
    `max_age` seconds. `trusted`: a manifest says the build id, so it is only looked at what has come."""
    folder = _folder()
    wanted = build_id or _remembered(folder, url, max_age)
    if wanted is not None:
        found = _there(os.path.join(folder, f"{wanted.hex()}.kf"))
        if found is not None:
            return found
    fs, path = filesystem(url)
    head = b""
    if not trusted:
        head = _head(fs, path, url)
        here = head[88:104]
        if build_id is not None and here != build_id:
            raise _replaced(url, here, build_id)
        wanted = here
    assert wanted is not None
    found = _brought(fs, path, url, wanted, os.path.join(folder, f"{wanted.hex()}.kf"), head)
    if build_id is None:
        _remember(folder, url, wanted)
    return found


def _replaced(url: str, found: bytes, wanted: bytes) -> Exception:
    return _errors.Replaced(f"{shown(url)} has changed: it has build id {found.hex()}, but {wanted.hex()} is needed")


def _brought(fs: Any, path: str, url: str, build_id: bytes, target: str, head: bytes) -> Fetched:
    """Fetches a file; of several processes one does, and the others wait for it."""
    folder = os.path.dirname(target)
    lock = os.path.join(folder, f".{build_id.hex()}.lock")
    with open(lock, "a") as file:
        _lock.lock(file)        # the system gives it back if this process is killed
        found = _there(target)
        if found is None:
            _cache.sweep(folder)
            _download(fs, path, url, build_id, target, head)
            found = _there(target)
        _cache.remove(lock)
    if os.name == "nt":         # where that does nothing while anybody has it open
        _cache.remove(lock)
    if found is None:
        raise _errors.os_error(errno.ENOENT, target, "it was removed from the cache folder at once")
    try:
        _cache.shrink(folder, _cache.size_limit("KEYFOLD_REMOTE_LIMIT"), {target, *_used(folder)})
    except OSError:
        pass
    return found


def _download(fs: Any, path: str, url: str, build_id: bytes, target: str, head: bytes) -> None:
    temporary = _cache.temporary_in(os.path.dirname(target))
    try:
        try:
            if len(head) > _HEAD:       # the server knows no ranges, and has sent all of it
                with open(temporary, "xb") as out:
                    out.write(head)
            else:
                fs.get_file(path, temporary)
        except OSError as problem:
            if problem.errno in (errno.ENOSPC, errno.EDQUOT, errno.EFBIG):
                raise _errors.os_error(problem.errno, os.path.dirname(target), f"{os.strerror(problem.errno)} (while "
                                       f"fetching {shown(url)}; KEYFOLD_CACHE names another folder)") from None
            raise trouble(problem, url) from None
        except Exception as problem:
            raise trouble(problem, url) from None
        _check(temporary, url, build_id)
        _cache.publish(temporary, target)
    finally:
        _cache.remove(temporary)


def _check(temporary: str, url: str, build_id: bytes) -> None:
    """Whether what has come is all there, and what is wanted."""
    import mmap
    found, error = ffi.new("uint8_t[16]"), ffi.new("kf_error *")
    with open(temporary, "r+b") as file:
        os.fsync(file.fileno())
        if os.fstat(file.fileno()).st_size == 0:
            raise _errors.FormatError(f"{shown(url)} is empty")
        with mmap.mmap(file.fileno(), 0, access=mmap.ACCESS_READ) as content:
            data = ffi.from_buffer(content)
            try:
                status = lib.kf_content_check(data, len(data), found, error)
            finally:
                ffi.release(data)
    if status:
        problem = _errors.make(status, error)
        raise type(problem)(f"{shown(url)}: what has come is not all of the file, or damaged: {problem}")
    if bytes(ffi.buffer(found)) != build_id:
        raise _replaced(url, bytes(ffi.buffer(found)), build_id)


def members_of(pointer: Any) -> List[Tuple[str, bytes, int]]:
    """Name, build id and size of each member of a manifest; none if it is no manifest of plain files."""
    found: List[Tuple[str, bytes, int]] = []
    member = ffi.new("kf_member *", lib.kfpy_member())
    while lib.kf_dict_member_at(pointer, len(found), member) == lib.KF_OK:
        name = bytes(ffi.buffer(member.name.data, member.name.size))
        found.append((os.fsdecode(name), bytes(ffi.buffer(member.build_id, 16)), member.file_size))
    return found
