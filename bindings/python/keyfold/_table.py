"""Table: what all parts of a Dictionary stand on, the open file and what its keys and values are."""
from __future__ import annotations

import os
from collections import abc

from . import _codecs, _errors, _integers, _keys, _lookup
from ._bounds import Bounds
from ._codecs import Codec
from ._light import Later
from ._native import ffi, lib

TYPE_CHECKING = False
if TYPE_CHECKING:
    from types import TracebackType
    from typing import Any, Dict, Optional, Tuple, Type, TypeVar, Union

    from . import _stat, _verify
    from ._handle import Handle
    from ._stat import Stat

    K = TypeVar("K")
    V = TypeVar("V", covariant=True)
    T = TypeVar("T")
else:
    _stat = Later("_stat")
    _verify = Later("_verify")

_NO_KEY = (TypeError, ValueError)

_lookup.bind(*(int(ffi.cast("uintptr_t", ffi.addressof(lib, _name)))
               for _name in ("kf_dict_get", "kf_dict_get_u64", "kf_dict_contains", "kf_buffer_free",
                             "kf_iter_reset", "kf_iter_next", "kf_iter_value", "kf_iter_value_u64",
                             "kf_iter_destroy")))


def _metadata(handle: Handle, name: str) -> Optional[bytes]:
    content = ffi.new("kf_bytes *")
    status = lib.kf_dict_metadata(handle.pointer, name.encode(), content)
    if status == lib.KF_NOT_FOUND:
        return None
    _errors.check(status, None, handle.path)
    return bytes(ffi.buffer(content.data, content.size)) if content.size else b""


class Table(_lookup.Lookup["K", "V"], abc.Mapping["K", "V"]):
    """An open file with its codec and its kind of keys."""

    __slots__ = ("_handle", "_keys", "_codec", "_type", "_decode_key", "_options", "_source", "__weakref__")
    _source: Any    # see _late

    def __init__(self, handle: Handle, *, codec: Union[str, Codec, None] = None, keys: Optional[str] = None,
                 allow_pickle: bool = False) -> None:
        """Not for you: use keyfold.open."""
        if not hasattr(handle, "pointer"):
            call = "freeze makes one of a dict or pairs" if not isinstance(handle, (str, bytes)) and \
                not hasattr(handle, "__fspath__") else f"open({handle!r}) opens a file"
            raise TypeError(f"a keyfold.Dictionary is not made by calling its class: keyfold.{call}, keyfold.compile "
                            "makes one")
        self._type = lib.kf_dict_value_type(handle.pointer)
        self._options = {name: value for name, value in (
            ("codec", codec.name if isinstance(codec, Codec) else codec), ("keys", keys),
            ("allow_pickle", allow_pickle), ("in_memory", handle.in_memory)) if value}
        if keys is None:
            stored = _metadata(handle, "python.keys")
            keys = "str" if stored is None else stored.decode("utf-8", "replace")
        if codec is None:
            stored = _metadata(handle, "python.values")
            if stored is None:
                codec = ("none", "u64", "str")[self._type]
            else:
                codec = stored.decode("utf-8", "replace")
        self._keys = _keys.kind(keys)
        self._codec = _codecs.codec(codec, allow_pickle)
        if (self._type == lib.KF_VALUES_U64) != (self._codec.name == "u64"):
            raise _errors.CodecError(f"{handle.path} has values of type {_stat.VALUE_TYPES[self._type]}: "
                                     f"codec {self._codec.name!r} can't read them")
        self._handle = handle
        self._decode_key = self._keys.decode
        plain = self._type == lib.KF_VALUES_U64 or _codecs.is_built_in(self._codec)
        # A nested dict asks for paths, which it has encoded.
        keys = "bytes" if self._keys.name == "nested" else self._keys.name
        self._set_up(keys, self._codec.name if plain else "", self._keys.encode, self._codec.decode,
                     _errors.NotFound)
        self._release_gil = handle.exceeds_memory
        self._hold(handle.pointer, int(ffi.cast("uintptr_t", handle.pointer)))

    @property
    def path(self) -> str:
        """The file's path, absolute and without symbolic links; "<memory>" of bytes.

        >>> table = keyfold.compile("capitals.kf", {"Peru": "Lima", "Poland": "Warsaw"})
        >>> import os
        >>> os.path.basename(table.path)
        'capitals.kf'
        """
        path: str = self._origin().path
        return path

    @property
    def build_id(self) -> bytes:
        """16 bytes derived from the file's content: equal files have equal ones.

        >>> table = keyfold.compile("capitals.kf", {"Peru": "Lima", "Poland": "Warsaw"})
        >>> table.build_id == keyfold.open("capitals.kf").build_id, len(table.build_id)
        (True, 16)
        """
        build_id: bytes = self._origin().build_id
        return build_id

    @property
    def key_kind(self) -> str:
        """What the keys are: "str", "bytes", "int" or "tuple".

        >>> table = keyfold.compile("capitals.kf", {"Peru": "Lima", "Poland": "Warsaw"})
        >>> table.key_kind
        'str'
        """
        return self._keys.name

    @property
    def codec(self) -> str:
        """The name of the values' codec.

        >>> table = keyfold.compile("capitals.kf", {"Peru": "Lima", "Poland": "Warsaw"})
        >>> table.codec
        'str'
        """
        return self._codec.name

    @property
    def normalise(self) -> Optional[str]:
        """The normal form of the keys, and so of all that is looked up: "case,nfc" and the like (see compile), or
        None.

        >>> table = keyfold.compile("capitals.kf", {"Peru": "Lima"}, normalise="case")
        >>> table.normalise, table["PERU"]
        ('case', 'Lima')
        """
        return _stat.normal_name(self._handle.normalise) or None

    @property
    def closed(self) -> bool:
        """Whether close() was called.

        >>> table = keyfold.compile("capitals.kf", {"Peru": "Lima", "Poland": "Warsaw"})
        >>> table.close()
        >>> table.closed
        True
        """
        return bool(self._c == ffi.NULL)

    def _origin(self) -> Any:
        """What has the file's path and build id, and its content for pickles: also of a table that is not open."""
        return self._handle

    def _is_open(self) -> bool:
        """Whether it can be looked at without opening it, for what must not fail."""
        return not self.closed

    def _pointer(self) -> Any:
        """The kf_dict *. Whoever passes it on must keep it until the last use of what comes of it."""
        c = self._c
        if c == ffi.NULL:
            raise ValueError("the dictionary is closed")
        return c

    @property
    def metadata(self) -> Dict[str, bytes]:
        """The file's metadata entries, with those that keyfold itself stored.

        >>> table = keyfold.compile("a.kf", {"a": 1}, metadata={"source": "by hand"})
        >>> table.metadata["source"]
        b'by hand'
        """
        c = self._pointer()
        name, content = ffi.new("kf_bytes *"), ffi.new("kf_bytes *")
        result: Dict[str, bytes] = {}
        index = 0
        while True:
            status = lib.kf_dict_metadata_at(c, index, name, content)
            if status == lib.KF_NOT_FOUND:
                return result
            _errors.check(status, None, self.path)
            result[bytes(ffi.buffer(name.data, name.size)).decode("utf-8", "surrogateescape")] = \
                bytes(ffi.buffer(content.data, content.size)) if content.size else b""
            index += 1

    def stat(self) -> Stat:
        """Sizes of the file's parts, and what its build recorded.

        >>> table = keyfold.compile("capitals.kf", {"Peru": "Lima", "Poland": "Warsaw"})
        >>> stat = table.stat()
        >>> stat.keys, stat.longest_key, stat.value_type
        (2, 6, 'bytes')
        """
        raw = ffi.new("kf_dict_stat *", lib.kfpy_dict_stat())
        _errors.check(lib.kf_dict_get_stat(self._pointer(), raw), None, self.path)
        return _stat.read(raw)

    def verify(self, *, threads: Optional[int] = None, progress: Any = None) -> None:
        """Checks every checksum and walks every structure. Raises CorruptError.

        threads     as many as there are processors if not given
        progress    True, a function that gets the number of bytes checked and of all, or a tqdm bar. What it raises
                    ends the check

        >>> table = keyfold.compile("capitals.kf", {"Peru": "Lima", "Poland": "Warsaw"})
        >>> table.verify()
        """
        _verify.verify(self._pointer(), self.path, threads, progress)

    def close(self) -> None:
        """Makes this object unusable. The file is unmapped once nothing else uses it.

        >>> table = keyfold.compile("capitals.kf", {"Peru": "Lima", "Poland": "Warsaw"})
        >>> with table:
        ...     print(table["Peru"])
        Lima
        >>> table.closed
        True
        """
        self._hold(ffi.NULL, 0)
        if os.name == "nt":     # where a file that is mapped is not replaced
            self._handle = self._handle.husk()

    def __enter__(self: T) -> T:
        return self

    def __exit__(self, kind: Optional[Type[BaseException]], value: Optional[BaseException],
                 traceback: Optional[TracebackType]) -> None:
        self.close()

    def __repr__(self) -> str:
        if not self._is_open():
            return f"<keyfold.Dictionary {self.path!r}: closed>"
        return (f"<keyfold.Dictionary {self.path!r}: {len(self)} {self._keys.name} keys, "
                f"{self._codec.name} values>")

    def __copy__(self: T) -> T:
        return self

    def __deepcopy__(self: T, memo: Any) -> T:
        return self

    def __len__(self) -> int:
        return lib.kf_dict_count(self._pointer())   # type: ignore[no-any-return]

    def _encoded(self, key: Any) -> Optional[bytes]:
        """The key's bytes, or None for what can't be a key here."""
        try:
            return self._encode(key)
        except _NO_KEY:
            return None

    def _normal(self, data: bytes) -> bytes:
        """The form that an encoded key has in the file."""
        if not self._handle.normalise:
            return data
        buffer, form = ffi.new("kf_buffer *"), ffi.new("kf_bytes *")
        try:
            status = lib.kf_text_normalise(data, len(data), self._handle.normalise, buffer, form)
            _errors.check(status, None, self.path)
            # Of what is normal already it is the data itself, which cffi lent for the call only.
            return data if form.data != buffer.data else bytes(ffi.buffer(form.data, form.size))
        finally:
            lib.kf_buffer_free(buffer)

    def _failed(self, status: int) -> bool:
        """False for KF_NOT_FOUND; raises for everything else."""
        if status == lib.KF_NOT_FOUND:
            return False
        self._pointer()
        raise _errors.make(status, None, self.path)

    def _value(self, data: bytes) -> Any:
        """A value from its bytes."""
        try:
            return self._decode(data)
        except Exception as problem:   # a codec's function may raise anything
            raise self._undecodable(problem) from problem

    def _undecodable(self, problem: Exception) -> Exception:
        if isinstance(problem, (_errors.Error, MemoryError)):
            return problem
        return _errors.CodecError(f"{self.path}: a value is not one of codec {self._codec.name!r}: {problem}")

    def _bounds(self, prefix: Any, start: Any, stop: Any, reverse: bool) -> Bounds:
        if prefix is not None and not self._keys.has_prefixes:
            raise TypeError(f"{self._keys.name} keys have no prefixes")
        begin = b"" if prefix is None else self._normal(self._encode(prefix))
        end = None if stop is None else self._normal(self._encode(stop))
        if begin and self._keys.name == "tuple":
            # (2,) begins (2, "x") but not (2.5,), which is behind it.
            behind = begin + _integers.FRACTION
            end = behind if end is None else min(end, behind)
        return Bounds(begin, b"" if start is None else self._normal(self._encode(start)), end, reverse)
