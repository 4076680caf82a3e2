"""Where a distributed build puts its shards and its manifest: a folder that all hosts have, or a URL.

    table.kfm                       the manifest
    table.kfm.d/RUN-BUILDID.kf      a shard of the run RUN, named by its content: a task that is run again writes the
                                    same file
    table.kfm.d/.RUN-*.tmp          one that is not complete
"""
from __future__ import annotations

import errno
import os
from typing import TYPE_CHECKING, Any, Dict, Iterator, Tuple

from . import _errors
from ._cache import remove, temporary_in

if TYPE_CHECKING:
    from ._handle import StrPath


def place_of(path: StrPath) -> Folder:
    """The place of the manifest `path`."""
    name = os.fsdecode(path)
    if not name:
        raise _errors.ArgumentError("the path of the manifest to write is empty")
    return Folder(os.path.abspath(name))


class Folder:
    """A manifest in a folder of the file system, with its shards in a folder beside it."""

    def __init__(self, path: str) -> None:
        self.path = path
        self.shards = f"{path}.d"

    def shown(self, name: str) -> str:
        return os.path.join(self.shards, name)

    def begin(self, run: str) -> str:
        """Where a task is to write a shard until it is complete."""
        above = os.path.dirname(self.path)
        if not os.path.isdir(above):
            host = os.uname().nodename
            raise _errors.os_error(errno.ENOENT, above, f"{os.strerror(errno.ENOENT)} (on host {host}: make the folder "
                                   "of the manifest available to all hosts, or let it be a URL)")
        os.makedirs(self.shards, exist_ok=True)
        folder, name = os.path.split(temporary_in(self.shards))
        return os.path.join(folder, f".{run}-{name[1:]}")

    def keep(self, temporary: str, name: str) -> None:
        """Gives a complete shard its name."""
        os.replace(temporary, self.shown(name))

    def sizes(self) -> Dict[str, int]:
        """Of all shards that are there, by name."""
        return {name: size for name, size, _ in self._files()}

    def _files(self) -> Iterator[Tuple[str, int, float]]:
        try:
            entries = list(os.scandir(self.shards))
        except FileNotFoundError:
            return
        for entry in entries:
            try:
                stat = entry.stat(follow_symlinks=False)
            except FileNotFoundError:
                continue
            yield entry.name, stat.st_size, stat.st_mtime

    def times(self) -> Dict[str, float]:
        """When each file was written, those of killed tasks too."""
        return {name: time for name, _, time in self._files()}

    def remove(self, name: str) -> None:
        remove(self.shown(name))

    def publish(self, write: Any) -> None:
        """Puts the manifest in place: `write` writes it to a path, atomically."""
        write(self.path)
