"""Packing pairs: their encoded keys and values end to end, thousands in a few buffers.

A batch travels through a pipe and enters a builder in one call, so a pair costs no Python object once it is
packed. What is common (str and bytes) is packed by functions that take whole lists; only when one fails are
the pairs looked at singly, to say which is wrong.
"""
from __future__ import annotations

import itertools
import sys
from array import array
from collections import abc
from typing import Any, Callable, Dict, Iterator, List, NamedTuple, NoReturn, Optional, Tuple, Type

from . import _codecs, _errors
from ._codecs import Codec, is_built_in
from ._keys import KeyKind
from ._lookup import pack

# Pairs a batch: as many as make about _BYTES, as far as the last batch tells.
_FIRST, _MOST = 16, 16384
_BYTES = 1 << 20


class Batch(NamedTuple):
    """Packed pairs. `value_sizes` has the values themselves where the file holds integers."""

    pairs: int
    key_sizes: Any          # arrays of unsigned 64-bit integers
    key_data: Any
    value_sizes: Any
    value_data: Any
    weights: Optional[Any]


_Packed = Tuple[Any, bytes]
_NO_PAIRS = (str, bytes, bytearray, memoryview, set, frozenset, dict)
_dict_items: Type[Any] = type({}.items())


def _pack_str(items: List[Any]) -> _Packed:
    joined = "".join(items)
    data = joined.encode("utf-8", "surrogateescape")
    if len(data) == len(joined):
        sizes = array("Q", map(len, items))
        if sum(sizes) == len(data):
            return sizes, data
    # By the method of str, which a subclass may have others of.
    return array("Q", [len(str.encode(item, "utf-8", "surrogateescape")) for item in items]), data


def _pack_bytes(items: List[Any]) -> _Packed:
    if set(map(type, items)) != {bytes}:
        items = list(map(_codecs.raw, items))
    return array("Q", map(len, items)), b"".join(items)


def _pack_numbers(items: List[Any]) -> _Packed:
    return array("Q", items), b""


def _pack_nothing(items: List[Any]) -> _Packed:
    if any(item is not None for item in items):
        raise TypeError
    return array("Q", bytes(8 * len(items))), b""


def _packer(encode: Callable[[Any], bytes]) -> Callable[[List[Any]], _Packed]:
    def pack(items: List[Any]) -> _Packed:
        encoded = list(map(encode, items))
        return array("Q", map(len, encoded)), b"".join(encoded)
    return pack


def key_packer(kind: KeyKind) -> Callable[[List[Any]], _Packed]:
    """The function that packs a list of keys."""
    if kind.name in ("str", "bytes"):
        return _pack_str if kind.name == "str" else _pack_bytes
    return _packer(kind.encode)


def value_packer(codec: Codec) -> Callable[[List[Any]], _Packed]:
    """The function that packs a list of values."""
    known = {"str": _pack_str, "raw": _pack_bytes, "u64": _pack_numbers, "none": _pack_nothing}
    return known.get(codec.name) or _packer(codec.encode)


class Source:
    """Pairs of a Mapping or of an iterable, taken as lists of keys, of values and of weights.

    `name` is what errors say the pairs are from; empty for the one source of a build. `lists`: all values of a key
    are wanted, so each becomes a list of one; but a list in a Mapping (or in the items of one, says `mapping`), which
    has a key only once, is that list.
    """

    columns = False         # whether it is an _intake.Intake instead
    rows: Optional[int] = None

    def __init__(self, pairs: Any, weighted: bool = False, name: str = "",
                 lists: bool = False, mapping: bool = False) -> None:
        self.name = name
        self.weighted = weighted
        self.lists = lists
        self.position = 0       # of the next pair
        self._ahead: Optional[Tuple[List[Any], List[Any], List[Any]]] = None
        self.plain: Optional[Dict[Any, Any]] = None     # the dict, if there is nothing else to it
        self._keys: Optional[Iterator[Any]] = None
        self._has_lists = lists and (mapping or isinstance(pairs, abc.Mapping))
        if type(pairs) is _dict_items and sys.version_info >= (3, 10):
            pairs = pairs.mapping
        elif hasattr(pairs, "items") and not isinstance(pairs, (abc.Mapping, abc.ItemsView)):
            pairs = pairs.items()
        if isinstance(pairs, abc.Mapping) and not weighted:
            if isinstance(pairs, dict) or type(pairs).__name__ == "mappingproxy":
                # Keys and values one by one, without a tuple for each pair.
                self._keys, self._pairs = iter(pairs), iter(pairs.values())
                self.plain = pairs if type(pairs) is dict else None
                return
            pairs = pairs.items()
        try:
            self._pairs = iter(pairs.items() if isinstance(pairs, abc.Mapping) else pairs)
        except TypeError:
            raise TypeError(f"{self._where()}pairs of key and value are needed, not {pairs!r:.100}") from None

    def _where(self) -> str:
        return f"{self.name}: " if self.name else ""

    def take(self, count: int) -> Tuple[List[Any], List[Any], List[Any]]:
        """The next pairs; three empty lists at the end."""
        if self._ahead is not None:
            ahead, self._ahead = self._ahead, None
            return ahead
        keys, values, weights = self._take(count)
        if self.lists:
            values = [value if self._has_lists and type(value) is list else [value] for value in values]
        return keys, values, weights

    def _take(self, count: int) -> Tuple[List[Any], List[Any], List[Any]]:
        if self._keys is not None:
            return list(itertools.islice(self._keys, count)), list(itertools.islice(self._pairs, count)), []
        pairs = list(itertools.islice(self._pairs, count))
        try:
            # "ab", {1, 2} and the like can be unpacked too.
            if not all(issubclass(kind, (tuple, list)) or not issubclass(kind, _NO_PAIRS)
                       for kind in set(map(type, pairs))):
                raise TypeError
            if self.weighted:
                return [k for k, _, _ in pairs], [v for _, v, _ in pairs], [w for _, _, w in pairs]
            return [k for k, _ in pairs], [v for _, v in pairs], []
        except (TypeError, ValueError):
            wanted = 3 if self.weighted else 2
            for index, pair in enumerate(pairs):
                try:
                    good = len(tuple(pair)) == wanted and not isinstance(pair, _NO_PAIRS)
                except TypeError:
                    good = False
                if not good:
                    what = "(key, value, weight)" if self.weighted else "(key, value)"
                    raise TypeError(f"{self.named(index)}: {what} is needed, not {pair!r:.100}; for a table of keys "
                                    "alone pass dict.fromkeys(keys)") from None
            raise

    def go_on(self) -> None:
        """Takes from the position on, after others have taken pairs of the dict."""
        assert self.plain is not None
        self._ahead = None
        self._keys = itertools.islice(self.plain, self.position, None)
        self._pairs = itertools.islice(self.plain.values(), self.position, None)

    def look(self, count: int) -> Tuple[List[Any], List[Any], List[Any]]:
        """The same without taking them."""
        self._ahead = self.take(count)
        return self._ahead

    def named(self, index: int) -> str:
        """What a message calls the pair at an index from the position."""
        return f"{self._where()}pair {self.position + index + 1}"


class Packer:
    """Packs what a Source gives, for one kind of keys and one codec; `hints` end what errors say
    of keys and of values."""

    def __init__(self, kind: KeyKind, codec: Codec, hints: Tuple[str, str] = ("", "")) -> None:
        self._hints = hints
        self.kind = kind
        self.codec = codec
        self._pack_keys = key_packer(kind)
        self._pack_values = value_packer(codec)
        self._count = _FIRST

    def batches(self, source: Source) -> Iterator[Batch]:
        """All pairs of a source."""
        if source.columns:
            yield from source.batches(self.kind, self.codec, self._hints)   # type: ignore[attr-defined]
            return
        if source.plain is not None:
            yield from self._of_dict(source, source.plain)
            if source.position == len(source.plain):
                return
            source.go_on()
        while True:
            keys, values, weights = source.take(self._count)
            if not keys:
                return
            batch = self._pack(keys, values, weights, source)
            self._learn(batch)
            del keys, values, weights
            yield batch
            source.position += batch.pairs

    def _of_dict(self, source: Source, pairs: Dict[Any, Any]) -> Iterator[Batch]:
        """Those that are of the commonest types, up to the first that is not."""
        length, place = len(pairs), 0
        while is_built_in(self.codec):
            packed = pack(pairs, length, place, _MOST, self.kind.name, self.codec.name)
            if packed is None or packed[1] == 0:
                return
            place, count, key_sizes, key_data, value_sizes, value_data = packed
            yield Batch(count, key_sizes, key_data, value_sizes, value_data, None)
            source.position += count

    def _learn(self, batch: Batch) -> None:
        fitting = batch.pairs * _BYTES // max(len(batch.key_data) + len(batch.value_data), 1)
        self._count = max(1, min(fitting, 4 * self._count, _MOST))

    def _pack(self, keys: List[Any], values: List[Any], weights: List[Any], source: Source) -> Batch:
        try:
            key_sizes, key_data = self._pack_keys(keys)
        except Exception:
            self._name(source, keys, keys, self.kind.encode,
                       f"is not one of {self.kind.name} keys", TypeError, self._hints[0])
        try:
            value_sizes, value_data = self._pack_values(values)
        except Exception:   # a codec of one's own may raise anything
            encode: Callable[[Any], Any] = _codecs.u64 if self.codec.name == "u64" else self.codec.encode
            self._name(source, keys, values, encode, f"has a value that codec {self.codec.name!r} can't hold",
                       _errors.CodecError, self._hints[1])
        numbers = None
        if source.weighted:
            try:
                numbers = array("Q", weights)
            except Exception:
                self._name(source, keys, weights, _codecs.u64, "has a weight that can't be",
                           _errors.ArgumentError)
        return Batch(len(keys), key_sizes, key_data, value_sizes, value_data, numbers)

    def _name(self, source: Source, keys: List[Any], items: List[Any], encode: Callable[[Any], Any],
              fault: str, kind: Type[Exception], hint: str = "") -> NoReturn:
        """Raises the error of the first item that can't be encoded."""
        if isinstance(sys.exc_info()[1], MemoryError):
            raise MemoryError(f"no memory to encode {source.named(0)} and the next {len(items)}")
        for index, item in enumerate(items):
            try:
                encode(item)
            except Exception as problem:
                raise kind(f"{source.named(index)}: the key {keys[index]!r:.100} {fault}: {problem}{hint}") \
                    from problem
        raise kind(f"{source.named(0)}: one of the next {len(items)} pairs {fault}")
