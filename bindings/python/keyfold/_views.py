"""The lazy views of a Dictionary: keys, values or items of all of it, of a prefix, of a range."""
from __future__ import annotations

from collections import abc

from . import _errors
from ._bounds import EVERYTHING, Bounds, ordinals
from ._entries import blocks, own
from ._light import Later
from ._lookup import entries
from ._native import ffi, lib

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any, Iterable, Iterator, List, Mapping, Optional, Set, TypeVar

    from . import _export
    from ._table import Table

    V_co = TypeVar("V_co", covariant=True)
    K_co = TypeVar("K_co", covariant=True)
else:
    _export = Later("_export")


class _View:
    __slots__ = ()
    _what = ""
    _mapping: "Table[Any, Any]"    # the slot of abc.MappingView
    _bounds: Bounds

    def __init__(self, table: "Table[Any, Any]", bounds: Bounds = EVERYTHING) -> None:
        self._mapping = table   # type: ignore[misc]
        self._bounds = bounds   # type: ignore[misc]

    @property
    def mapping(self) -> "Mapping[Any, Any]":
        """The dictionary that this is a view of.

        >>> table = keyfold.compile("capitals.kf", {"Peru": "Lima", "Poland": "Warsaw"})
        >>> table.keys().mapping is table
        True
        """
        return self._mapping

    def __len__(self) -> int:
        low, high = ordinals(self._mapping._pointer(), self._bounds)
        return high - low

    def _turned(self) -> Bounds:
        bounds = self._bounds
        return Bounds(bounds.prefix, bounds.start, bounds.stop, not bounds.reverse)

    def _blocks(self, bounds: Bounds, keys: bool, values: bool) -> Iterator[Any]:
        table = self._mapping
        c = table._pointer()
        options, keep = bounds.options()
        out = ffi.new("kf_iter **")
        error = ffi.new("kf_error *")
        _errors.check(lib.kf_iter_create(out, c, options, error), error, table.path)
        iterator = own(out[0], c)
        want = lib.KFPY_WANT_KEYS if keys else 0
        if values and table._type:
            want |= lib.KFPY_WANT_NUMBERS if table._type == lib.KF_VALUES_U64 else lib.KFPY_WANT_VALUES
        return blocks(iterator, want=want, path=table.path)

    def _all(self, bounds: Bounds) -> Iterator[Any]:
        table = self._mapping
        return entries(table, self._what, table._keys.name, table._decode_key, bounds.prefix, bounds.start,
                       bounds.stop, bounds.reverse)

    def __iter__(self) -> Iterator[Any]:
        return self._all(self._bounds)

    def __reversed__(self) -> Iterator[Any]:
        return self._all(self._turned())

    def __repr__(self) -> str:
        if not self._mapping._is_open():
            return f"<{type(self).__name__} of {self._mapping!r}>"
        shown: List[str] = []
        for item in self:
            if len(shown) == 20:
                shown.append("...")
                break
            shown.append(repr(item))
        return f"{type(self).__name__}([{', '.join(shown)}])"


class KeysView(_View, abc.KeysView["K_co"]):
    """Keys, in their order. A set in the sense of collections.abc.Set.

    >>> table = keyfold.compile("capitals.kf", {"Peru": "Lima", "Poland": "Warsaw"})
    >>> keys = table.keys("P")
    >>> len(keys), list(keys), keys & {"Peru", "Chile"}
    (2, ['Peru', 'Poland'], {'Peru'})
    """

    __slots__ = ("_bounds",)
    _what = "keys"

    def __contains__(self, key: object) -> bool:
        encoded = self._mapping._encoded(key)
        return encoded is not None and self._bounds.hold(self._mapping._normal(encoded)) and key in self._mapping

    @classmethod
    def _from_iterable(cls, items: Iterable[Any]) -> Set[Any]:
        return set(items)


class ValuesView(_View, abc.ValuesView["V_co"]):
    """Values, in the order of their keys.

    >>> table = keyfold.compile("capitals.kf", {"Peru": "Lima", "Poland": "Warsaw"})
    >>> list(reversed(table.values()))
    ['Warsaw', 'Lima']
    """

    __slots__ = ("_bounds",)
    _what = "values"

    def __contains__(self, value: object) -> bool:
        return any(each is value or each == value for each in self)


class ItemsView(_View, abc.ItemsView["K_co", "V_co"]):
    """Pairs of key and value, in the order of the keys. A set in the sense of collections.abc.Set.

    >>> table = keyfold.compile("capitals.kf", {"Peru": "Lima", "Poland": "Warsaw"})
    >>> ("Peru", "Lima") in table.items()
    True
    """

    __slots__ = ("_bounds",)
    _what = "items"

    def __arrow_c_stream__(self, requested_schema: Optional[object] = None) -> object:
        """As Dictionary.__arrow_c_stream__."""
        return _export.stream(self._mapping, self._bounds, requested_schema)

    def __contains__(self, item: object) -> bool:
        if not isinstance(item, tuple) or len(item) != 2:
            return False
        encoded = self._mapping._encoded(item[0])
        if encoded is None or not self._bounds.hold(self._mapping._normal(encoded)):
            return False
        absent = object()
        value = self._mapping.get(item[0], absent)
        return value is not absent and (value is item[1] or value == item[1])

    @classmethod
    def _from_iterable(cls, items: Iterable[Any]) -> Set[Any]:
        return set(items)
