"""Tables that have arrived in a process by a pickle, and open when they are first used.

Nothing is opened while a pickle is read: pools don't survive an error there. multiprocessing.Pool waits for ever for
a task whose arguments can't be read, ProcessPoolExecutor gives up with all of its tasks. An error at the first use is
one of the task, and every pool hands it on.

An arrived table is of a class of its own, whose place of what a table has when it is open is empty. Whoever looks for
that finds `__getattr__` (and lookups in C, without a dict to search, `_pointer`), which open the file and make the
table one of the class that it was of when it was pickled. So an open table pays nothing for this.
"""
from __future__ import annotations

import os

from . import _errors
from ._cache import packed_path, remove, store, touch
from ._handle import Handle, acquire, acquire_memory, open_handle, wrapped
from ._light import Later
from ._native import ffi
from ._table import Table

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any, Dict, Mapping, Optional, Type, TypeVar

    from . import _verify

    T = TypeVar("T", bound="Table[Any, Any]")
else:
    _verify = Later("_verify")

# What Table.__init__ sets, and the type in C has by then.
_PRESENT = frozenset(("_handle", "_keys", "_codec", "_type", "_decode_key", "_c", "_encode", "_decode"))
_classes: Dict[type, Any] = {}


class Source:
    """Where the file of a table should be that is not open. With `sent`, the content that came with the table, that is
    its place in the cache folder."""

    __slots__ = ("path", "build_id", "in_memory", "sent", "known", "closed", "kind")

    def __init__(self, path: str, build_id: bytes, in_memory: bool, sent: Any, kind: Type[Handle] = Handle) -> None:
        self.kind = kind
        self.path = path if sent is None else packed_path(build_id)
        self.build_id = build_id
        self.in_memory = in_memory
        self.sent = sent
        # What this process has open; it may be another file's path by now.
        self.known: Optional[Handle] = open_handle(self.path, build_id, in_memory)
        self.closed = False

    def content(self, protocol: int) -> Any:
        """As of a Handle."""
        return None if self.sent is None else wrapped(self.sent, protocol)

    def open(self) -> Handle:
        """The file's handle; each time anew, since what hindered it may be over."""
        if self.sent is not None:
            return self._unpacked().as_packed()
        try:
            return self._acquired()
        except (_errors.IOError_, _errors.FormatError, _errors.Replaced) as problem:
            if self.known is not None:
                return self.known
            raise self._explained(problem) from None

    def _acquired(self) -> Handle:
        return acquire(self.path, build_id=self.build_id, in_memory=self.in_memory, kind=self.kind)

    def _unpacked(self) -> Handle:
        """The content from the cache folder, put there if it is not; in memory if that can't be."""
        try:
            handle = self._acquired()
            touch(self.path)
            return handle
        except _errors.Error as problem:
            damaged = not isinstance(problem, _errors.IOError_)
        handle = acquire_memory(self.sent, kind=self.kind)
        _verify.verify(handle.pointer, handle.path, 1, None, self.kind.C_VERIFY)
        if handle.build_id != self.build_id:
            raise _errors.CorruptError(f"the content that came with the table has build id {handle.build_id.hex()} "
                                       f"instead of {self.build_id.hex()}")
        try:
            if damaged:
                remove(self.path)
            store(self.path, self.sent)
            return self._acquired()
        except (_errors.Error, OSError):
            return handle

    def _explained(self, problem: _errors.Error) -> _errors.Error:
        """The same for those who read it far from where the table was pickled."""
        import platform
        sent = (f"the table was sent here as path and build id {self.build_id.hex()}, and host {platform.node()} "
                "opens the file at its first use")
        if isinstance(problem, _errors.IOError_):
            return _errors.os_error(problem.errno or 0, self.path, f"{problem.strerror} ({sent}; make the file "
                                    "available there, or send table.packed(), which takes its content along)")
        return _errors.Replaced(f"{problem}; {sent}: files that tables were sent from must stay as they are (freeze "
                                "gives each content a name of its own), or send table.packed()")


def _open(table: Any, home: Any) -> None:
    """Opens a late table's file and makes it one of class `home`. Of two threads that get here at once both do the
    same, and _hold takes the first one's pointer."""
    source = table._source
    if source is None:
        return
    if source.closed:
        raise ValueError("the dictionary is closed")
    options = {name: value for name, value in table._options.items() if name != "in_memory"}
    Table.__init__(table, source.open(), **options)
    table.__class__ = home
    table._source = None


def _made_late(home: Type[T]) -> Type[T]:
    """The class of tables that will be of `home` when they are open."""

    class Late(home):   # type: ignore[misc, valid-type]
        __slots__ = ()

        # Threads may get to all of these at once, with the table open and of class `home` by the next line.

        def __getattr__(self, name: str) -> Any:
            if name not in _PRESENT:
                raise AttributeError(f"{type(self).__name__!r} object has no attribute {name!r}")
            _open(self, home)
            return getattr(self, name)

        def _pointer(self) -> Any:
            _open(self, home)
            return home._pointer(self)

        def _origin(self) -> Any:
            return self._source or self._handle

        @property
        def closed(self) -> bool:
            source: Any = self._source
            return bool(source.closed if source is not None else home.closed.__get__(self))

        def close(self) -> None:
            source: Any = self._source
            if source is not None:
                source.closed, source.known = True, None
            self._hold(ffi.NULL, 0)

        def _is_open(self) -> bool:
            return False

        def __repr__(self) -> str:
            return f"<keyfold.Dictionary {self.path!r}: {'closed' if self.closed else 'not open yet'}>"

    Late.__name__, Late.__qualname__, Late.__module__ = home.__name__, home.__qualname__, home.__module__
    Late.__doc__ = home.__doc__
    return Late


def arrive(home: Type[T], path: str, build_id: bytes, options: Mapping[str, Any], content: Any) -> T:
    """A table of a pickle: of a file that is opened when it is first used."""
    late = _classes.get(home)
    if late is None:
        late = _classes.setdefault(home, _made_late(home))
    table: T = late.__new__(late)
    table._source = Source(path, build_id, bool(options.get("in_memory", False)), content)
    table._options = dict(options)
    return table
