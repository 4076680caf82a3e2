"""The lazy views of a Dictionary: keys, values or items of all of it, of a prefix, of a range."""
from __future__ import annotations

from collections import abc

from . import _errors
from ._entries import blocks, own
from ._native import ffi, lib

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any, Iterable, Iterator, List, Optional, Set, Tuple, TypeVar

    from ._dictionary import Dictionary

    V_co = TypeVar("V_co", covariant=True)
    K_co = TypeVar("K_co", covariant=True)


class Bounds:
    """Which keys: those with the encoded prefix, from `start`, before `stop`."""

    __slots__ = ("prefix", "start", "stop", "reverse")

    def __init__(self, prefix: bytes, start: bytes, stop: Optional[bytes], reverse: bool) -> None:
        self.prefix = prefix
        self.start = start
        self.stop = stop
        self.reverse = reverse

    def hold(self, key: bytes) -> bool:
        return key.startswith(self.prefix) and key >= self.start and (self.stop is None or key < self.stop)

    def options(self) -> Tuple[Any, Any]:
        """A kf_iter_options *, and what must live as long."""
        options = ffi.new("kf_iter_options *", lib.kfpy_iter_options())
        keep = []
        for field, data in ((options.prefix, self.prefix), (options.__getattribute__("from"), self.start),
                            (options.to, self.stop)):
            if data:
                place = ffi.from_buffer("uint8_t[]", data)
                keep.append(place)
                field.data = place
                field.size = len(data)
        options.has_to = self.stop is not None
        options.flags = lib.KF_ITER_REVERSE if self.reverse else 0
        return options, keep


EVERYTHING = Bounds(b"", b"", None, False)


def ordinals(c: Any, bounds: Bounds) -> Tuple[int, int]:
    """The range of ordinals within the bounds."""
    low, high = 0, lib.kf_dict_count(c)
    if bounds.prefix:
        found = lib.kfpy_prefix_range(c, bounds.prefix, len(bounds.prefix))
        _errors.check(found.status)
        low, high = found.first, found.first + found.count
    if bounds.start:
        number = lib.kfpy_lower_bound(c, bounds.start, len(bounds.start))
        _errors.check(number.status)
        low = max(low, number.value)
    if bounds.stop is not None:
        number = lib.kfpy_lower_bound(c, bounds.stop, len(bounds.stop))
        _errors.check(number.status)
        high = min(high, number.value)
    return low, max(low, high)


class _View:
    __slots__ = ()
    _mapping: "Dictionary[Any, Any]"    # the slot of abc.MappingView
    _bounds: Bounds

    def __init__(self, dictionary: "Dictionary[Any, Any]", bounds: Bounds = EVERYTHING) -> None:
        self._mapping = dictionary   # type: ignore[misc]
        self._bounds = bounds   # type: ignore[misc]

    @property
    def mapping(self) -> "Dictionary[Any, Any]":
        """The dictionary that this is a view of."""
        return self._mapping

    def __len__(self) -> int:
        low, high = ordinals(self._mapping._pointer(), self._bounds)
        return high - low

    def _turned(self) -> Bounds:
        bounds = self._bounds
        return Bounds(bounds.prefix, bounds.start, bounds.stop, not bounds.reverse)

    def _blocks(self, bounds: Bounds, keys: bool, values: bool) -> Iterator[Any]:
        dictionary = self._mapping
        c = dictionary._pointer()
        options, keep = bounds.options()
        out = ffi.new("kf_iter **")
        error = ffi.new("kf_error *")
        _errors.check(lib.kf_iter_create(out, c, options, error), error, dictionary.path)
        iterator = own(out[0], c)
        want = lib.KFPY_WANT_KEYS if keys else 0
        if values and dictionary._type:
            want |= lib.KFPY_WANT_NUMBERS if dictionary._type == lib.KF_VALUES_U64 else lib.KFPY_WANT_VALUES
        return blocks(iterator, want=want, path=dictionary.path)

    def _all(self, bounds: Bounds) -> Iterator[Any]:
        raise NotImplementedError

    def __iter__(self) -> Iterator[Any]:
        return self._all(self._bounds)

    def __reversed__(self) -> Iterator[Any]:
        return self._all(self._turned())

    def __repr__(self) -> str:
        shown: List[str] = []
        for item in self:
            if len(shown) == 20:
                shown.append("...")
                break
            shown.append(repr(item))
        return f"{type(self).__name__}([{', '.join(shown)}])"


def _decoded(dictionary: "Dictionary[Any, Any]", block: Any) -> Iterable[Any]:
    """The values of a block."""
    if dictionary._type == lib.KF_VALUES_U64:
        return block.values   # type: ignore[no-any-return]
    if dictionary._type == lib.KF_VALUES_NONE:
        return [None] * block.count
    try:
        return list(map(dictionary._decode, block.values))
    except Exception as problem:
        raise dictionary._undecodable(problem) from problem


class KeysView(_View, abc.KeysView["K_co"]):
    """Keys, in their order. A set in the sense of collections.abc.Set."""

    __slots__ = ("_bounds",)

    def _all(self, bounds: Bounds) -> Iterator[Any]:
        decode = self._mapping._decode_key
        for block in self._blocks(bounds, True, False):
            yield from map(decode, block.keys)

    def __contains__(self, key: object) -> bool:
        encoded = self._mapping._encoded(key)
        return encoded is not None and self._bounds.hold(encoded) and key in self._mapping

    @classmethod
    def _from_iterable(cls, items: Iterable[Any]) -> Set[Any]:
        return set(items)


class ValuesView(_View, abc.ValuesView["V_co"]):
    """Values, in the order of their keys."""

    __slots__ = ("_bounds",)

    def _all(self, bounds: Bounds) -> Iterator[Any]:
        for block in self._blocks(bounds, False, True):
            yield from _decoded(self._mapping, block)

    def __contains__(self, value: object) -> bool:
        return any(each is value or each == value for each in self)


class ItemsView(_View, abc.ItemsView["K_co", "V_co"]):
    """Pairs of key and value, in the order of the keys. A set in the sense of collections.abc.Set."""

    __slots__ = ("_bounds",)

    def _all(self, bounds: Bounds) -> Iterator[Any]:
        decode = self._mapping._decode_key
        for block in self._blocks(bounds, True, True):
            yield from zip(map(decode, block.keys), _decoded(self._mapping, block))

    def __contains__(self, item: object) -> bool:
        if not isinstance(item, tuple) or len(item) != 2:
            return False
        encoded = self._mapping._encoded(item[0])
        if encoded is None or not self._bounds.hold(encoded):
            return False
        absent = object()
        value = self._mapping.get(item[0], absent)
        return value is not absent and (value is item[1] or value == item[1])

    @classmethod
    def _from_iterable(cls, items: Iterable[Any]) -> Set[Any]:
        return set(items)
