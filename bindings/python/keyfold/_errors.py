"""The exceptions, and how a kf_status becomes one."""
from __future__ import annotations

import errno
import os

from ._native import ffi, lib

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any, Optional


class Error(Exception):
    """The base of all errors of this package.

    `offset` is the byte offset in the file concerned, where there is one; `key` the encoded key concerned
    (its first 64 bytes).

    >>> table = keyfold.compile("capitals.kf", {"Peru": "Lima", "Poland": "Warsaw"})
    >>> try:
    ...     table["Chile"]
    ... except keyfold.Error as problem:
    ...     print(problem)
    'Chile'
    """

    offset: Optional[int] = None
    key: Optional[bytes] = None


class FormatError(Error, ValueError):
    """The file is no keyfold file, or was cut or grown since it was written.

    >>> with open("notes.kf", "w") as file:
    ...     _ = file.write("no dictionary" * 100)
    >>> try:
    ...     _ = keyfold.open("notes.kf")
    ... except keyfold.FormatError as problem:
    ...     print("no keyfold file")
    no keyfold file
    """


class CorruptError(Error, ValueError):
    """The file's content contradicts itself.

    >>> table = keyfold.compile("capitals.kf", {"Peru": "Lima", "Poland": "Warsaw"})
    >>> with open("capitals.kf", "rb") as file:
    ...     data = bytearray(file.read())
    >>> data[-1] ^= 1
    >>> with open("damaged.kf", "wb") as file:
    ...     _ = file.write(data)
    >>> try:
    ...     keyfold.open("damaged.kf").verify()
    ... except (keyfold.CorruptError, keyfold.FormatError):
    ...     print("damaged")
    damaged
    """


class UnsupportedError(Error):
    """The file needs a feature or version that this library lacks.

    >>> table = keyfold.freeze({"cat": {"de": "Katze"}})
    >>> try:
    ...     table.fuzzy("cat")
    ... except keyfold.UnsupportedError as problem:
    ...     print("not of a nested dict")
    not of a nested dict
    """


class NotFound(Error, KeyError):
    """The key is absent.

    >>> table = keyfold.compile("capitals.kf", {"Peru": "Lima", "Poland": "Warsaw"})
    >>> try:
    ...     table["Chile"]
    ... except KeyError as problem:
    ...     print(type(problem).__name__, problem)
    NotFound 'Chile'
    """


class DuplicateKey(Error, ValueError):
    """A key was added twice under duplicates="error".

    >>> try:
    ...     keyfold.compile("twice.kf", [("a", 1), ("a", 2)])
    ... except keyfold.DuplicateKey as problem:
    ...     print(problem)
    the key 'a' was added more than once; duplicates= can say what to do then (first, last, sum, min, max, all)
    """


class LimitError(Error, ValueError):
    """A key, a value or a count is larger than the format allows.

    >>> try:
    ...     keyfold.compile("long.kf", {"x" * 2_000_000: 1})
    ... except keyfold.LimitError as problem:
    ...     print("a key of at most 1 MiB")
    a key of at most 1 MiB
    """


class ArgumentError(Error, ValueError):
    """An argument or option is out of its range.

    >>> try:
    ...     keyfold.compile("a.kf", {"a": 1}, memory="1 cup")
    ... except keyfold.ArgumentError as problem:
    ...     print(problem)
    memory='1 cup': say 512M or 64G; 16M is the least
    """


class ValueTypeError(Error, TypeError):
    """The dictionary's values are of another type than the operation needs.

    >>> table = keyfold.compile("capitals.kf", {"Peru": "Lima", "Poland": "Warsaw"})
    >>> try:
    ...     table.complete("P")
    ... except keyfold.ValueTypeError as problem:
    ...     print("no weights")
    no weights
    """


class MemoryError_(Error, MemoryError):
    """An allocation failed in the library.

    >>> issubclass(keyfold.MemoryError_, MemoryError)
    True
    """


class IOError_(Error, OSError):
    """The operating system reported an error. It is a FileNotFoundError, PermissionError and so on too.

    >>> try:
    ...     keyfold.open("nowhere.kf")
    ... except FileNotFoundError as problem:
    ...     print(isinstance(problem, keyfold.IOError_))
    True
    """


class NoFile(IOError_, FileNotFoundError):
    """There is no such file.

    >>> try:
    ...     keyfold.open("nowhere.kf")
    ... except keyfold.NoFile as problem:
    ...     print(isinstance(problem, FileNotFoundError))
    True
    """


class NoPermission(IOError_, PermissionError):
    """The system does not allow it.

    >>> issubclass(keyfold.NoPermission, PermissionError)
    True
    """


class IsFolder(IOError_, IsADirectoryError):
    """A folder is there instead of a file.

    >>> try:
    ...     keyfold.compile(".", {"a": 1})
    ... except keyfold.IsFolder as problem:
    ...     print(isinstance(problem, IsADirectoryError))
    True
    """


class Cancelled(Error):
    """A progress callback asked to stop.

    >>> issubclass(keyfold.Cancelled, keyfold.Error)
    True
    """


class CodecError(Error, ValueError):
    """A value can't be encoded or decoded, or the codec isn't there.

    >>> try:
    ...     keyfold.compile("a.kf", {"a": 1, "b": "x"}, codec="str")
    ... except keyfold.CodecError as problem:
    ...     print(problem)
    pair 1: the key 'a' has a value that codec 'str' can't hold: the value must be a str, not int
    """


class ReaderError(Error):
    """A part could not be read: what its reader raised is the __cause__, or its worker process died.

    >>> try:
    ...     keyfold.compile("a.kf", ["0"], reader=lambda part: [(1 / int(part), 1)], workers=0)
    ... except keyfold.ReaderError as problem:
    ...     print(problem)
    part '0': the reader raised ZeroDivisionError: division by zero
    """

    part: str = ""   # as messages name it


class Replaced(Error):
    """The file at the path is another one than the dictionary was pickled from, or than a manifest was written
    of.

    >>> import pickle
    >>> sent = pickle.dumps(keyfold.compile("capitals.kf", {"Peru": "Lima"}))
    >>> _ = keyfold.compile("capitals.kf", {"Poland": "Warsaw"})
    >>> try:
    ...     pickle.loads(sent)["Peru"]
    ... except keyfold.Replaced:
    ...     print("send it again")
    send it again
    """


_IO_CLASSES = {errno.ENOENT: NoFile, errno.EACCES: NoPermission, errno.EPERM: NoPermission,
               errno.EISDIR: IsFolder}
_CLASSES = {
    lib.KF_NOT_FOUND: NotFound,
    lib.KF_INVALID: ArgumentError,
    lib.KF_NO_MEMORY: MemoryError_,
    lib.KF_FORMAT: FormatError,
    lib.KF_UNSUPPORTED: UnsupportedError,
    lib.KF_CORRUPT: CorruptError,
    lib.KF_DUPLICATE: DuplicateKey,
    lib.KF_LIMIT: LimitError,
    lib.KF_TYPE: ValueTypeError,
    lib.KF_CANCELLED: Cancelled,
    lib.KF_REPLACED: Replaced,
}
_OF_LOOKUPS = (lib.KF_NOT_FOUND, lib.KF_TYPE, lib.KF_END)
_ABOUT_FILES = (lib.KF_FORMAT, lib.KF_UNSUPPORTED, lib.KF_CORRUPT)


def os_error(number: int, path: Optional[str] = None, text: Optional[str] = None) -> IOError_:
    """The IOError_ of an errno."""
    kind = _IO_CLASSES.get(number, IOError_)
    if os.name == "nt" and number == errno.EBUSY and text is None:
        text = "a process has it open, and Windows does not replace it as long"
    return kind(number, text or os.strerror(number), path) if path is not None else kind(number, text)


def _untold(status: int, path: str) -> Any:
    return None


told = _untold      # what _handle knows of a status without a kf_error


def _is_about(said: str, path: str) -> bool:
    """Whether a message names the file itself, rather than another one or one below it."""
    at = said.find(path)
    return at >= 0 and said[at + len(path):at + len(path) + 1] not in (".", "/")


def make(status: int, error: Any = None, path: Optional[str] = None) -> Error:
    """The exception for a status; `error` is the kf_error that came with it, or None."""
    of_member = error is None and path is not None and status not in _OF_LOOKUPS
    if of_member:
        error = told(status, str(path))
    said = ""
    if error is not None and error.status == status:
        said = ffi.string(error.message).decode("utf-8", "replace")
    message = said or ffi.string(lib.kf_status_name(status)).decode()
    result: Error
    if status in (lib.KF_IO, lib.KF_NO_SPACE):
        number = error.os_error if error is not None and error.os_error else \
            errno.ENOSPC if status == lib.KF_NO_SPACE else errno.EIO
        # What the library says matters if it is about another file: one of several, or a temporary one.
        matters = path is None or said and (of_member or not _is_about(said, path))
        result = os_error(number, path, message if matters else None)
    else:
        if status in _ABOUT_FILES and path is not None and path not in message:
            message = f"{path}: {message}"
        result = _CLASSES.get(status, Error)(message)
    if error is not None and error.status == status:
        if error.offset != 2**64 - 1:
            result.offset = error.offset
        if error.key_size:
            result.key = bytes(ffi.buffer(error.key, min(error.key_size, 64)))
    return result


def check(status: int, error: Any = None, path: Optional[str] = None) -> None:
    """Raises what the status stands for, unless it is KF_OK."""
    if status != 0:
        raise make(status, error, path)
