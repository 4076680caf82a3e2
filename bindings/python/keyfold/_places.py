"""Where a distributed build puts its shards and its manifest: a folder that all hosts have, or a URL.

    table.kfm                       the manifest
    table.kfm.d/RUN-BUILDID.kf      a shard of the run RUN, named by its content: a task that is run again writes the
                                    same file
    table.kfm.d/TIME-BUILDID.kfm    each manifest that was published, so that what old ones name can go when they do
    table.kfm.d/.*.tmp              what is not complete
"""
from __future__ import annotations

import errno
import os
import platform
import posixpath
import shutil
import tempfile
from typing import TYPE_CHECKING, Any, Dict, Iterator, NamedTuple, Optional, Union

from . import _errors
from ._cache import replace, sync, temporary_in
from ._fetch import filesystem, trouble
from ._urls import is_url, shown

if TYPE_CHECKING:
    from ._handle import StrPath

# Where what is put appears at once or not at all; elsewhere it is put beside its place, and moved.
_WHOLE = {"s3", "s3a", "gs", "gcs", "az", "abfs", "abfss", "adl", "oss", "oci"}


class Entry(NamedTuple):
    """A file in the folder of the shards. `time`: when it was written, if that can be told."""

    size: int
    time: Optional[float]


def place_of(path: StrPath) -> Union[Folder, Store]:
    """The place of the manifest `path`."""
    name = os.fsdecode(path)
    if not name:
        raise _errors.ArgumentError("the path of the manifest to write is empty")
    return Store(name) if is_url(name) else Folder(os.path.abspath(name))


class Folder:
    """A manifest in a folder of the file system, with its shards in a folder beside it."""

    def __init__(self, path: str) -> None:
        self.path = path
        self.shards = f"{path}.d"

    def shown(self, name: str) -> str:
        return os.path.join(self.shards, name)

    def room(self, tmpdir: Optional[str]) -> str:
        """A new folder to make files in until they are complete."""
        above = os.path.dirname(self.path)
        if not os.path.isdir(above):
            raise _errors.os_error(errno.ENOENT, above, f"{os.strerror(errno.ENOENT)} (on host {platform.node()}: "
                                   "make the folder of the manifest available to all hosts, or let it be a URL)")
        os.makedirs(self.shards, exist_ok=True)
        folder = temporary_in(self.shards)
        os.mkdir(folder)
        return folder

    def keep(self, path: str, name: str) -> None:
        """Puts a complete file among the shards. It may be moved."""
        target = self.shown(name)
        sync(path)
        try:
            os.replace(path, target)
        except PermissionError:
            # Windows does not replace a file that somebody has open; what has this name has this content.
            if os.name != "nt" or not os.path.isfile(target):
                raise

    def entries(self) -> Dict[str, Entry]:
        """All files among the shards."""
        return dict(self._entries())

    def _entries(self) -> Iterator[Any]:
        try:
            found = list(os.scandir(self.shards))
        except FileNotFoundError:
            return
        for entry in found:
            try:
                stat = entry.stat(follow_symlinks=False)
                yield entry.name, Entry(stat.st_size, stat.st_mtime)
            except FileNotFoundError:
                pass

    def read(self, name: str) -> bytes:
        with open(self.shown(name), "rb") as file:
            return file.read()

    def remove(self, name: str) -> None:
        path = self.shown(name)
        if os.path.isdir(path):
            shutil.rmtree(path, ignore_errors=True)
            return
        try:
            os.unlink(path)
        except FileNotFoundError:
            pass

    def check_target(self) -> None:
        """Refuses what a build would not replace either."""
        from ._builder import BuildOptions
        BuildOptions(self.path).check_target()

    def publish(self, path: str) -> None:
        """Puts a complete file where the manifest is to be."""
        above = os.path.dirname(self.path)
        temporary = os.path.join(above, f".{os.path.basename(temporary_in(''))[1:]}")
        try:
            shutil.copyfile(path, temporary)
            sync(temporary)
            # What it names is there before it is.
            if os.path.isdir(self.shards):
                sync(self.shards)
                sync(above)
            replace(temporary, self.path)
        finally:
            if os.path.exists(temporary):
                os.unlink(temporary)
        sync(above)


class Store:
    """A manifest behind a URL, with its shards under the URL with .d at its end."""

    def __init__(self, url: str) -> None:
        if shown(url) != url:
            raise _errors.ArgumentError(f"{shown(url)}: passwords and signatures are not written into pickles, so the "
                                        "URL must have none: fsspec's configuration is the place for them")
        self.path = url
        self.shards = f"{url}.d"

    def shown(self, name: str) -> str:
        return f"{self.shards}/{name}"

    def room(self, tmpdir: Optional[str]) -> str:
        return tempfile.mkdtemp(prefix="keyfold-", dir=tmpdir)

    def keep(self, path: str, name: str) -> None:
        self._put(path, self.shown(name))

    def _put(self, path: str, url: str) -> None:
        fs, there = filesystem(url)
        protocols = {fs.protocol} if isinstance(fs.protocol, str) else set(fs.protocol)
        try:
            if protocols & _WHOLE:
                fs.put_file(path, there)
                return
            fs.makedirs(posixpath.dirname(there), exist_ok=True)
            head, name = posixpath.split(there)
            temporary = posixpath.join(head, os.path.basename(temporary_in("")))
            fs.put_file(path, temporary)
            fs.mv(temporary, there)
        except Exception as problem:
            raise trouble(problem, url) from None

    def entries(self) -> Dict[str, Entry]:
        fs, there = filesystem(self.shards)
        fs.invalidate_cache()
        try:
            listed = fs.ls(there, detail=True)
        except FileNotFoundError:
            return {}
        except Exception as problem:
            raise trouble(problem, self.shards) from None
        found = {}
        for each in listed:
            time = each.get("LastModified") or each.get("mtime") or each.get("created") or each.get("last_modified")
            time = time.timestamp() if hasattr(time, "timestamp") else time
            found[posixpath.basename(each["name"])] = Entry(each.get("size") or 0,
                                                            time if isinstance(time, (int, float)) else None)
        return found

    def read(self, name: str) -> bytes:
        fs, there = filesystem(self.shown(name))
        content: bytes = fs.cat_file(there)
        return content

    def remove(self, name: str) -> None:
        fs, there = filesystem(self.shown(name))
        try:
            fs.rm_file(there)
        except FileNotFoundError:
            pass
        except Exception as problem:
            raise trouble(problem, self.shown(name)) from None

    def check_target(self) -> None:
        fs, there = filesystem(self.path)
        try:
            if fs.exists(there) and fs.cat_file(there, start=0, end=8) not in (b"", b"\x89KFD\r\n\x1a\n"):
                raise _errors.ArgumentError(f"{self.path} is there and is not a keyfold file: remove it first")
        except Exception as problem:
            raise trouble(problem, self.path) from None

    def publish(self, path: str) -> None:
        self._put(path, self.path)
