"""open, which knows all kinds of dictionaries, and all that one can be in."""
from __future__ import annotations

import errno
import os

from . import _errors
from ._codecs import Codec
from ._dictionary import Dictionary
from ._handle import Handle, acquire, acquire_memory
from ._light import Later

TYPE_CHECKING = False
if TYPE_CHECKING:
    import mmap
    from typing import Any, BinaryIO, Optional, Protocol, Type, Union

    from . import _nested
    from ._handle import StrPath
    from ._types import OpenKeys

    class Readable(Protocol):
        """What importlib.resources.files(...) / "name" and zipfile.Path are."""

        def read_bytes(self) -> bytes: ...

    Opened = Union[StrPath, bytes, bytearray, memoryview, mmap.mmap, BinaryIO, Readable]
else:
    _nested = Later("_nested")

_MAGIC = b"\x89KFD"
_HOW = getattr(os, "O_NONBLOCK", 0) | getattr(os, "O_BINARY", 0)     # what the system has of these
_HEADS = ((b"\x1f\x8b", "compressed by gzip: gunzip it"), (b"\x28\xb5\x2f\xfd", "compressed by zstd: decompress it"),
          (b"BZh", "compressed by bzip2: decompress it"), (b"\xfd7zXZ", "compressed by xz: decompress it"),
          (b"PK\x03\x04", "a zip archive: open(zipfile.Path(archive, name)) opens a file in it"))


def open(path: Opened, *, codec: Union[str, Codec, None] = None, keys: Optional[OpenKeys] = None,
         allow_pickle: bool = False, populate: bool = False, in_memory: bool = False, check: bool = False,
         lazy: bool = False, max_age: float = 60.0) -> "Dictionary[Any, Any]":
    """Opens a file: in well under a millisecond, whatever its size.

        table = keyfold.open("table.kf")
        table = keyfold.open(importlib.resources.files("package") / "table.kf")

    path          of a file or a manifest; or a URL that fsspec knows, such as "s3://bucket/table.kf", whose file is
                  fetched into the cache folder, once for all processes of the host; or a file object opened in binary
                  mode, a resource of a package, a file in an archive (zipfile.Path), or a file's content: bytes,
                  memoryview, mmap and the like. A file object on a file is mapped; others are read from where they
                  are, as are objects with read_bytes().
                  Content is kept as long as the table needs it, without a copy if it can't change (an mmap with
                  ACCESS_READ, but not a bytearray); such a table pickles with its content, as packed() does
    codec, keys   what values and keys are, for files that don't tell (or to read them as something else);
                  files that Python didn't make have str keys, and str, int or no values
    allow_pickle  values may be pickles, and reading them may run any code in them
    populate      read all pages ahead (unless this process has the file open already)
    in_memory     read the whole file instead of mapping it
    check         see that all files that a manifest names are there, which else whoever first touches one finds out
    lazy          of a manifest's URL: fetch the files that it names when something first touches them, not all now
    max_age       seconds for which it need not be looked up again what a URL leads to; 0 asks the server at each open

    >>> _ = keyfold.compile("ages.kf", {"Ann": 31})
    >>> keyfold.open("ages.kf")["Ann"]
    31
    """
    handle = handle_of(path, populate, in_memory, check=check, lazy=lazy, max_age=max_age)
    made: Dictionary[Any, Any] = Dictionary(handle, codec=codec, keys=keys, allow_pickle=allow_pickle)
    return _nested.refined(made) if made.key_kind == "nested" else made


def handle_of(source: Any, populate: bool, in_memory: bool, kind: Type[Handle] = Handle, **how: Any) -> Handle:
    """The handle of whatever open takes. `how`: what else acquire takes of paths."""
    try:
        return _handle_of(source, populate, in_memory, kind, how)
    except _errors.ValueTypeError as problem:
        what = "an index of names, which keyfold.NameIndex" if kind is Handle else "a dictionary, which keyfold.open"
        shown = f"{os.fsdecode(source)} is" if isinstance(source, (str, os.PathLike)) else "this is"
        raise type(problem)(f"{shown} {what}(...) opens") from None


def _handle_of(source: Any, populate: bool, in_memory: bool, kind: Type[Handle], how: Any) -> Handle:
    if isinstance(source, (str, os.PathLike)):
        return _of_path(source, populate, in_memory, kind, how)
    if isinstance(source, bytes) and _may_be_path(source):
        return _of_path(source, populate, in_memory, kind, how)
    if isinstance(source, Dictionary):
        raise TypeError("it is a keyfold.Dictionary already")
    try:
        view = memoryview(source)
    except TypeError:
        pass
    else:
        return _of_content(view, in_memory, kind)
    if hasattr(source, "read"):
        return _of_file(source, populate, in_memory, kind)
    if hasattr(source, "read_bytes"):
        return _of_content(source.read_bytes(), in_memory, kind)
    hint = ": keyfold.freeze makes a table of a dict" if isinstance(source, dict) else ""
    raise TypeError("open takes a path, a file object opened in binary mode, a resource, or the bytes of a file, "
                    f"not {type(source).__name__}{hint}")


def _may_be_path(content: bytes) -> bool:
    """Whether bytes may be a path, in which no name is longer than 255 bytes, and not a file's content."""
    return 0 < len(content) < 4096 and b"\0" not in content and content[:4] != _MAGIC and \
        (max(map(len, content.split(b"/"))) <= 255 and b"\n" not in content or os.path.exists(content))


def _of_path(path: Any, populate: bool, in_memory: bool, kind: Type[Handle], how: Any) -> Handle:
    name = os.fsdecode(path)
    if not name:
        raise _errors.os_error(errno.ENOENT, name, "the path is empty")
    try:
        return acquire(name, populate=populate, in_memory=in_memory, kind=kind, **how)
    except _errors.FormatError as problem:
        if os.path.isdir(name):
            raise _errors.os_error(errno.EISDIR, name) from None
        _explain(problem, name)
        raise


def _explain(problem: Exception, name: str) -> None:
    """Adds to the message what the file is instead."""
    if "not a keyfold file" not in str(problem):
        return
    try:
        with os.fdopen(os.open(name, os.O_RDONLY | _HOW), "rb") as file:
            head = file.read(4096)
    except OSError:
        return
    problem.args = (_named(str(problem), head),)


def _named(message: str, head: bytes) -> str:
    found = next((kind for start, kind in _HEADS if head.startswith(start)), None)
    if found is None and not head.startswith(_MAGIC) and b"\0" not in head:
        found = "text: keyfold.compile(target, path) makes a dictionary of it" if head else "empty"
    return f"{message}; it is {found}" if found else message


def _of_content(content: Any, in_memory: bool, kind: Type[Handle]) -> Handle:
    try:
        return acquire_memory(content, in_memory, kind)
    except _errors.FormatError as problem:
        problem.args = (_named(f"the content is {problem}", bytes(memoryview(content).cast("B")[:4096])),)
        raise


def _of_file(file: Any, populate: bool, in_memory: bool, kind: Type[Handle]) -> Handle:
    import io
    shown = repr(getattr(file, "name", None) or file)
    if isinstance(getattr(file, "file", file), io.TextIOBase):
        raise TypeError(f'{shown} is a file object in text mode: open it in binary mode, open(path, "rb")')
    real = getattr(file, "file", file)              # in what tempfile makes
    if isinstance(real, io.IOBase) and not real.readable():
        raise _errors.ArgumentError(f"{shown} is not open for reading")
    if not isinstance(getattr(real, "raw", real), io.FileIO) or not file.seekable() or file.tell() != 0:
        # Such as a file in an archive, or compressed: its descriptor, if it has one, leads to something else.
        content = file.read()
        if not isinstance(content, (bytes, bytearray, memoryview)):
            raise TypeError(f"{shown}: read() gave {type(content).__name__} instead of bytes: open it in binary mode")
        if not content:
            raise _errors.FormatError(f"{shown} is at its end, or empty: seek(0) goes back to where the content begins")
        return _of_content(content, in_memory, kind)
    if file.writable():
        file.flush()
    number = file.fileno()
    name = getattr(file, "name", None)
    if isinstance(name, (str, bytes)) and os.path.exists(name) and os.path.samestat(os.stat(name), os.fstat(number)):
        return _of_path(name, populate, in_memory, kind, {})
    import mmap
    # It has no name any more.
    return acquire_memory(mmap.mmap(number, 0, access=mmap.ACCESS_READ), in_memory, kind)
