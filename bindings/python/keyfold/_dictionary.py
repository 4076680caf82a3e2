"""Dictionary: a file of keys and values as a read-only Mapping."""
from __future__ import annotations

import operator
from collections import abc

from . import _errors
from ._batch import Batches
from ._late import arrive
from ._native import ffi, lib
from ._search import Searches
from ._views import ItemsView, KeysView, ValuesView

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any, Callable, Iterator, List, Mapping, NoReturn, Optional, Tuple, TypeVar, Union, overload

    K = TypeVar("K")
    V = TypeVar("V", covariant=True)
    T = TypeVar("T")
    from . import _packed
else:
    from ._light import Later, overload

    _packed = Later("_packed")

_unpack = ffi.unpack
_INLINE = lib.KFPY_INLINE
_slots: List[Any] = []          # of kfpy_slot_new; whoever needs one takes it and puts it back
_LARGEST_KEPT = 1 << 20         # a slot that may have grown larger is freed


def _new_slot() -> Any:
    slot = lib.kfpy_slot_new()
    if slot == ffi.NULL:
        raise MemoryError
    return ffi.gc(slot, lib.kfpy_slot_free)


def _reopen(path: str, build_id: bytes, options: Mapping[str, Any] = {},
            content: Any = None) -> "Dictionary[Any, Any]":
    return arrive(Dictionary, path, build_id, options, content)


class Dictionary(Batches["K", "V"], Searches["K", "V"]):
    """A read-only Mapping over a file, in key order. Made by open, compile, freeze, merge and bundle.

    Any number of threads may use it. A single lookup keeps the GIL, as a dict's does, unless the file needs
    more than half of the memory; all else that searches or reads lets other threads run. It is not hashable, as
    it equals any Mapping with the same items.

    It pickles as the file's path and build id. What arrives in another process opens the file when it is first
    used, and that raises NoFile or Replaced if the file is not there; processes share the file's memory.
    packed() gives one that travels with its content.
    """

    __slots__ = ()

    def __reduce_ex__(self, protocol: Any) -> Tuple[Any, ...]:
        return _reopen, self._arguments(protocol)

    def _arguments(self, protocol: int) -> Tuple[Any, ...]:
        content = self._handle.content(protocol)
        if content is not None:
            return "", self.build_id, self._options, content
        arguments: Tuple[Any, ...] = (self.path, self.build_id)
        return arguments + (self._options,) if self._options else arguments

    def packed(self: T) -> T:
        """This table as one that travels with its content, for processes that can't open its file: on another host,
        say. It differs only when it is pickled. Where it arrives, the content is kept in the cache folder
        ($KEYFOLD_CACHE, see freeze) for all processes there, or in memory if that can't be written.

            pool = Pool(8, initializer=work.set_table, initargs=(table.packed(),))

        Each pickle holds all of the file, so give it to workers once, not with each task. Of a manifest (bundle) one
        file is made first, in the cache folder here.
        """
        return _packed.packed(self)   # type: ignore[no-any-return]

    # ---- order --------------------------------------------------------------------------------

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
