"""Dictionary: a file of keys and values as a read-only Mapping."""
from __future__ import annotations

import operator
from collections import abc

from . import _codecs, _errors, _keys, _lookup
from ._batch import Batches
from ._codecs import Codec
from ._handle import acquire
from ._light import Later
from ._native import ffi, lib
from ._search import Searches
from ._views import Bounds, ItemsView, KeysView, ValuesView

TYPE_CHECKING = False
if TYPE_CHECKING:
    from types import TracebackType
    from typing import (Any, Callable, Dict, Iterator, List, Mapping, NoReturn, Optional, Tuple, Type,
                        TypeVar, Union, overload)

    from . import _stat
    from ._handle import Handle, StrPath
    from ._stat import Stat

    K = TypeVar("K")
    V = TypeVar("V", covariant=True)
    T = TypeVar("T")
else:
    from ._light import overload

    _stat = Later("_stat")

_unpack = ffi.unpack
_INLINE = lib.KFPY_INLINE
_slots: List[Any] = []          # of kfpy_slot_new; whoever needs one takes it and puts it back
_LARGEST_KEPT = 1 << 20         # a slot that may have grown larger is freed
_NO_KEY = (TypeError, ValueError)
_classes: Dict[str, Type[Dictionary[Any, Any]]] = {}    # of kinds of keys that have one of their own

_lookup.bind(*(int(ffi.cast("uintptr_t", ffi.addressof(lib, _name)))
               for _name in ("kf_dict_get", "kf_dict_get_u64", "kf_dict_contains", "kf_buffer_free")))


def _new_slot() -> Any:
    slot = lib.kfpy_slot_new()
    if slot == ffi.NULL:
        raise MemoryError
    return ffi.gc(slot, lib.kfpy_slot_free)


def open(path: StrPath, *, codec: Union[str, Codec, None] = None, keys: Optional[str] = None,
         allow_pickle: bool = False, populate: bool = False,
         in_memory: bool = False) -> "Dictionary[Any, Any]":
    """Opens a file: in well under a millisecond, whatever its size.

    codec, keys   what values and keys are, for files that don't tell (or to read them as something else);
                  files that Python didn't make have str keys, and str, int or no values
    allow_pickle  values may be pickles, and reading them may run any code in them
    populate      read all pages ahead (unless this process has the file open already)
    in_memory     read the whole file instead of mapping it
    """
    handle = acquire(path, populate=populate, in_memory=in_memory)
    return Dictionary(handle, codec=codec, keys=keys, allow_pickle=allow_pickle)


def _reopen(path: str, build_id: bytes, options: Mapping[str, Any] = {}) -> "Dictionary[Any, Any]":
    rest = dict(options)
    handle = acquire(path, build_id=build_id, in_memory=rest.pop("in_memory", False))
    return Dictionary(handle, **rest)


def _metadata(handle: Handle, name: str) -> Optional[bytes]:
    content = ffi.new("kf_bytes *")
    status = lib.kf_dict_metadata(handle.pointer, name.encode(), content)
    if status == lib.KF_NOT_FOUND:
        return None
    _errors.check(status, None, handle.path)
    return bytes(ffi.buffer(content.data, content.size)) if content.size else b""


class Dictionary(_lookup.Lookup["K", "V"], Batches["K", "V"], Searches["K", "V"], abc.Mapping["K", "V"]):
    """A read-only Mapping over a file, in key order. Made by open, compile, freeze, merge and bundle.

    Any number of threads may use it. A single lookup keeps the GIL, as a dict's does, unless the file needs
    more than half of the memory; all else that searches or reads lets other threads run. It pickles as the
    file's path and build id, and processes that open the same file share its memory. It is not hashable, as
    it equals any Mapping with the same items.
    """

    __slots__ = ("_handle", "_keys", "_codec", "_type", "_decode_key", "_options", "__weakref__")

    def __init__(self, handle: Handle, *, codec: Union[str, Codec, None] = None, keys: Optional[str] = None,
                 allow_pickle: bool = False) -> None:
        """Not for you: use keyfold.open."""
        self._handle = handle
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
        self._decode_key = self._keys.decode
        plain = self._type == lib.KF_VALUES_U64 or _codecs.is_built_in(self._codec)
        # A nested dict asks for paths, which it has encoded.
        keys = "bytes" if self._keys.name == "nested" else self._keys.name
        self._set_up(keys, self._codec.name if plain else "", self._keys.encode, self._codec.decode,
                     _errors.NotFound)
        self._release_gil = handle.exceeds_memory
        self._hold(handle.pointer, int(ffi.cast("uintptr_t", handle.pointer)))
        if type(self) is Dictionary:
            self.__class__ = _classes.get(self._keys.name, Dictionary)

    # ---- about the file -----------------------------------------------------------------------

    @property
    def path(self) -> str:
        """The file's path, absolute and without symbolic links."""
        return self._handle.path

    @property
    def build_id(self) -> bytes:
        """16 bytes derived from the file's content: equal files have equal ones."""
        return self._handle.build_id

    @property
    def key_kind(self) -> str:
        """What the keys are: "str", "bytes", "int" or "tuple"."""
        return self._keys.name

    @property
    def codec(self) -> str:
        """The name of the values' codec."""
        return self._codec.name

    @property
    def closed(self) -> bool:
        return bool(self._c == ffi.NULL)

    def _pointer(self) -> Any:
        """The kf_dict *. Whoever passes it on must keep it until the last use of what comes of it."""
        c = self._c
        if c == ffi.NULL:
            raise ValueError("the dictionary is closed")
        return c

    @property
    def metadata(self) -> Dict[str, bytes]:
        """The file's metadata entries, with those that keyfold itself stored."""
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
        """Sizes of the file's parts, and what its build recorded."""
        raw = ffi.new("kf_dict_stat *", lib.kfpy_dict_stat())
        _errors.check(lib.kf_dict_get_stat(self._pointer(), raw), None, self.path)
        return _stat.read(raw)

    def verify(self) -> None:
        """Checks every checksum and walks every structure. Raises CorruptError."""
        error = ffi.new("kf_error *")
        _errors.check(lib.kf_dict_verify(self._pointer(), error), error, self.path)

    def close(self) -> None:
        """Makes this object unusable. The file is unmapped once nothing else uses it."""
        self._hold(ffi.NULL, 0)

    def __enter__(self: T) -> T:
        return self

    def __exit__(self, kind: Optional[Type[BaseException]], value: Optional[BaseException],
                 traceback: Optional[TracebackType]) -> None:
        self.close()

    def __repr__(self) -> str:
        if self.closed:
            return f"<keyfold.Dictionary {self.path!r}: closed>"
        return (f"<keyfold.Dictionary {self.path!r}: {len(self)} {self._keys.name} keys, "
                f"{self._codec.name} values>")

    def __reduce__(self) -> Tuple[Any, ...]:
        arguments: Tuple[Any, ...] = (self._handle.path, self._handle.build_id)
        return _reopen, arguments + (self._options,) if self._options else arguments

    def __copy__(self: T) -> T:
        return self

    def __deepcopy__(self: T, memo: Any) -> T:
        return self

    # ---- lookups: those by key are Lookup's ---------------------------------------------------

    def __len__(self) -> int:
        return lib.kf_dict_count(self._pointer())   # type: ignore[no-any-return]

    def _encoded(self, key: Any) -> Optional[bytes]:
        """The key's bytes, or None for what can't be a key here."""
        try:
            return self._encode(key)
        except _NO_KEY:
            return None

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

    # ---- order --------------------------------------------------------------------------------

    def _bounds(self, prefix: Any, start: Any, stop: Any, reverse: bool) -> Bounds:
        encode = self._encode
        if prefix is not None and not self._keys.has_prefixes:
            raise TypeError(f"{self._keys.name} keys have no prefixes")
        return Bounds(b"" if prefix is None else encode(prefix), b"" if start is None else encode(start),
                      None if stop is None else encode(stop), reverse)

    def __iter__(self) -> Iterator[K]:
        return iter(KeysView(self))

    def __reversed__(self) -> Iterator[K]:
        return reversed(KeysView(self))

    def keys(self, prefix: Optional[K] = None, *, start: Optional[K] = None, stop: Optional[K] = None,
             reverse: bool = False) -> KeysView[K]:
        """A view of the keys that begin with `prefix`, from `start`, before `stop`."""
        return KeysView(self, self._bounds(prefix, start, stop, reverse))

    def values(self, prefix: Optional[K] = None, *, start: Optional[K] = None, stop: Optional[K] = None,
               reverse: bool = False) -> ValuesView[V]:
        """A view of those keys' values."""
        return ValuesView(self, self._bounds(prefix, start, stop, reverse))

    def items(self, prefix: Optional[K] = None, *, start: Optional[K] = None, stop: Optional[K] = None,
              reverse: bool = False) -> ItemsView[K, V]:
        """A view of those keys with their values."""
        return ItemsView(self, self._bounds(prefix, start, stop, reverse))

    def count_prefix(self, prefix: K) -> int:
        """How many keys begin with a prefix, without enumerating them."""
        return len(self.keys(prefix))

    def ordinal(self, key: K) -> int:
        """The rank of a key among all keys, from 0. Raises NotFound."""
        encoded = self._encoded(key)
        if encoded is not None:
            number = lib.kfpy_ordinal(self._c, encoded, len(encoded))
            if number.status == 0:
                return number.value   # type: ignore[no-any-return]
            self._failed(number.status)
        raise _errors.NotFound(key)

    def _index(self, ordinal: int) -> int:
        size = len(self)
        place = operator.index(ordinal)
        if place < 0:
            place += size
        if not 0 <= place < size:
            raise IndexError(f"no key with the ordinal {ordinal}: there are {size}")
        return place

    def _taken(self, function: Callable[..., int], place: int) -> bytes:
        """The bytes that kfpy_key_at or kfpy_value_at finds."""
        c = self._pointer()
        try:
            slot = _slots.pop()
        except IndexError:
            slot = _new_slot()
        size = function(c, place, slot)
        if size < 0:
            raise _errors.make(-1 - size, None, self.path)
        data: bytes = _unpack(slot if size <= _INLINE else lib.kfpy_slot_data(slot), size)
        if size <= _LARGEST_KEPT:
            _slots.append(slot)
        return data

    def key_at(self, ordinal: int) -> K:
        """The key with an ordinal; negative ones count from the end. Raises IndexError."""
        key: K = self._decode_key(self._taken(lib.kfpy_key_at, self._index(ordinal)))
        return key

    def value_at(self, ordinal: int) -> V:
        """The value of the key with an ordinal."""
        place = self._index(ordinal)
        if self._type == lib.KF_VALUES_NONE:
            return None   # type: ignore[return-value]
        if self._type == lib.KF_VALUES_U64:
            number = lib.kfpy_u64_at(self._c, place)
            if number.status:
                self._failed(number.status)
            return number.value   # type: ignore[no-any-return]
        return self._value(self._taken(lib.kfpy_value_at, place))   # type: ignore[no-any-return]

    # ---- prefixes of a text -------------------------------------------------------------------

    def _text(self, text: Any) -> bytes:
        if not self._keys.has_prefixes:
            raise TypeError(f"{self._keys.name} keys have no prefixes")
        return self._encode(text)

    @overload
    def longest_prefix(self, text: K, default: None = None) -> Optional[K]: ...
    @overload
    def longest_prefix(self, text: K, default: T) -> Union[K, T]: ...

    def longest_prefix(self, text: Any, default: Any = None) -> Any:
        """The longest key that begins a text, or the default."""
        encoded = self._text(text)
        number = lib.kfpy_longest_prefix(self._pointer(), encoded, len(encoded))
        if number.status == 0:
            return self._decode_key(encoded[:number.value])
        self._failed(number.status)
        return default

    def prefixes(self, text: K) -> List[K]:
        """All keys that begin a text, shortest first."""
        encoded = self._text(text)
        c = self._pointer()
        capacity = 16
        while True:
            matches = ffi.new("kf_prefix_match[]", capacity)
            count = ffi.new("size_t *")
            status = lib.kf_dict_prefixes(c, encoded, len(encoded), matches, capacity, count)
            _errors.check(status, None, self.path)
            if count[0] < capacity or capacity > len(encoded):
                return [self._decode_key(encoded[:matches[i].size]) for i in range(count[0])]
            capacity *= 8

    # ---- comparing ----------------------------------------------------------------------------

    def __eq__(self, other: object) -> bool:
        if self is other:
            return True
        if not isinstance(other, abc.Mapping):
            return NotImplemented
        if isinstance(other, Dictionary) and self._same(other):
            return True
        if len(self) != len(other):
            return False
        absent = object()
        for key, value in self.items():
            theirs = other.get(key, absent)
            if theirs is not value and (theirs is absent or theirs != value):
                return False
        return True

    __hash__ = None   # type: ignore[assignment]

    def _same(self, other: "Dictionary[Any, Any]") -> bool:
        return (self.build_id == other.build_id and self._keys is other._keys and self._codec is other._codec)

    def _refuse(self, other: object) -> NoReturn:
        raise TypeError("a keyfold.Dictionary is read-only and has no |: keyfold.merge writes a new file, "
                        "and {**a, **b} makes a dict")

    __or__ = __ror__ = __ior__ = _refuse
