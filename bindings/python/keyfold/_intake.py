"""What a build takes from frames: batches packed from their columns, without an object for each key where C knows the
column's type."""
from __future__ import annotations

import itertools
from array import array
from typing import Any, Callable, Iterable, Iterator, List, NoReturn, Optional, Tuple, Type

from . import _choose, _codecs, _errors, _frames, _keys, _runs
from ._codecs import Codec
from ._frames import Frame, Role, Window
from ._keys import KeyKind
from ._native import lib
from ._pack import _BYTES, _FIRST, _MOST, Batch, Columns, Source, key_packer, value_packer
from ._runs import BOOL, BYTES, FLOAT, NULL, OBJECT, SIGNED, TEXT, UNSIGNED, Run

_KEYS = {TEXT: "str", BYTES: "bytes", SIGNED: "int", UNSIGNED: "int"}
_VALUES = {TEXT: "str", BYTES: "raw", UNSIGNED: "u64", SIGNED: "int", FLOAT: "float", NULL: "none"}
_INTEGERS = (SIGNED, UNSIGNED)
# How C packs what: by the kind of keys, and by the codec.
_KEY_PACKING = {("str", TEXT): lib.KFPY_PACK_BYTES, ("bytes", BYTES): lib.KFPY_PACK_BYTES,
                **{("int", each): lib.KFPY_PACK_KEY for each in _INTEGERS}}
_VALUE_PACKING = {("str", TEXT): lib.KFPY_PACK_BYTES, ("raw", BYTES): lib.KFPY_PACK_BYTES,
                  ("float", FLOAT): lib.KFPY_PACK_FLOAT,
                  **{(codec, each): what for each in _INTEGERS
                     for codec, what in (("int", lib.KFPY_PACK_INT), ("u64", lib.KFPY_PACK_UNSIGNED),
                                         ("float", lib.KFPY_PACK_FLOAT))}}


class _Column:
    """The keys, the values or the weights of a build, being packed."""

    def __init__(self, what: str, role: Optional[Role], pack: Callable[[List[Any]], Any],
                 encode: Callable[[Any], Any], native: Callable[[str], Optional[int]], truths: List[bytes]) -> None:
        self.what = what
        self.role = role
        self.encode = encode
        self._pack = pack
        self._native = native
        self._truths = truths       # False and True as the codec encodes them
        self._packed = _runs.new_packed()

    def pack(self, window: Window, start: int, count: int, mask: Optional[bytearray]) -> Tuple[Any, Any]:
        """Sizes and data of so many rows."""
        if self.role is None:
            return array("Q", bytes(8 * (count if mask is None else mask.count(1)))), b""
        run, place = window.columns[self.role.places[0]]
        what = None if self.role.is_tuple or run.column is None else self._native(run.family)
        if what is None:
            return self._pack(listed(window, self.role, start, count, mask))    # type: ignore[no-any-return]
        if run.family == BOOL:
            column, keep = _runs.with_distinct(run.column, self._truths)
            return _runs.pack(self._packed, column, place + start, count, mask, what)
        return _runs.pack(self._packed, run.column, place + start, count, mask, what)


def listed(window: Window, role: Role, start: int, count: int, mask: Optional[bytearray]) -> List[Any]:
    """The items of so many rows as Python objects; tuples of several columns."""
    lists = [run.listed(place + start, count, mask) for run, place in (window.columns[at] for at in role.places)]
    return list(zip(*lists)) if role.is_tuple else lists[0]


class Intake(Source):
    """A source whose pairs are rows of frames."""

    columns = True

    def __init__(self, frames: Iterable[Any], wanted: Columns, weighted: bool, name: str = "",
                 lists: bool = False, many: bool = False) -> None:
        if wanted.nulls not in ("error", "skip"):
            raise _errors.ArgumentError(f'nulls={wanted.nulls!r}: there are "error" and "skip"')
        self.name = name
        self.weighted = weighted
        self.lists = lists
        self.position = 0
        self._wanted = wanted
        self._many = many
        opened = (_frames.opened(frame, wanted, weighted) for frame in frames)
        self._first = next(opened)
        self._rest = opened
        self.rows = None if many else self._first.rows
        self._ahead_windows: Iterator[Tuple[Frame, Window]] = self._windows()

    def _windows(self) -> Iterator[Tuple[Frame, Window]]:
        for frame in itertools.chain((self._first,), self._rest):
            for window in frame.windows():
                yield frame, window

    def look(self, count: int) -> Tuple[List[Any], List[Any], List[Any]]:
        """Whether there are any rows: lists with something in them, or empty ones."""
        first = next(self._ahead_windows, None)
        if first is None:
            return [], [], []
        self._ahead_windows = itertools.chain((first,), self._ahead_windows)
        return [None], [None], []

    # ---- what suits the columns ---------------------------------------------------------------

    def choose(self, wanted: _choose.Wish, alone: bool) -> Tuple[KeyKind, Codec]:
        """The kind of keys and the codec that the types of the columns ask for."""
        first = next(self._ahead_windows, None)
        if first is None:
            codec = wanted.codec if wanted.codec != "auto" else _codecs.of_items("none") if self.lists else "none"
            return _keys.kind("str" if wanted.keys == "auto" else wanted.keys), _codecs.codec(codec, True)
        self._ahead_windows = itertools.chain((first,), self._ahead_windows)
        frame, window = first
        keys = wanted.keys if wanted.keys != "auto" else self._choose_keys(frame, window)
        codec = wanted.codec
        if codec == "auto":
            name = self._choose_codec(frame, window, alone)
            codec = _codecs.of_items(name) if self.lists else name
        return _keys.kind(keys), _codecs.codec(codec, True)

    def _sample(self, frame: Frame, window: Window, role: Role, most: int) -> List[Any]:
        mask = self._mask(frame, window, 0, window.rows)
        items = listed(window, role, 0, window.rows, mask)
        return items[:most]

    def _choose_keys(self, frame: Frame, window: Window) -> str:
        role = frame.roles.key
        if role.is_tuple:
            return "tuple"
        run = window.columns[role.places[0]][0]
        label = frame.labels[role.places[0]]
        if run.family in _KEYS:
            return _KEYS[run.family]
        if run.family == OBJECT:
            sample = self._sample(frame, window, role, 1)
            try:
                return _keys.kind_of(sample[0]).name if sample else "str"
            except TypeError as problem:
                raise TypeError(f"{self._where()}column {label!r} ({run.shown}): {problem}") from None
        if run.family == NULL:
            return "str"
        raise TypeError(f"{self._where()}column {label!r} is of type {run.shown}: keys must be str, bytes or integers")

    def _choose_codec(self, frame: Frame, window: Window, alone: bool) -> str:
        role = frame.roles.value
        if role is None:
            return "none"
        run = window.columns[role.places[0]][0]
        whole = alone and frame.again and not self._many
        if role.is_tuple or run.family == OBJECT:
            return self._choose_by_items(frame, window, role, whole)
        if run.family == BOOL:
            return _codecs.choose([True], alone and not self._many)
        if run.family == SIGNED and whole and not any(self._has_negative(frame, each, role)
                                                       for each in frame.windows()):
            return "u64"
        return _VALUES[run.family]

    def _choose_by_items(self, frame: Frame, window: Window, role: Role, whole: bool) -> str:
        if not whole:
            return _codecs.choose(self._sample(frame, window, role, 1000), False)
        return _codecs.choose([item for each in frame.windows()
                               for item in self._sample(frame, each, role, each.rows)], True)

    def _has_negative(self, frame: Frame, window: Window, role: Role) -> bool:
        run, place = window.columns[role.places[0]]
        if run.column is None:
            return False
        mask = self._mask(frame, window, 0, window.rows)
        return _runs.has_negative(run, place, window.rows, mask)

    # ---- nulls --------------------------------------------------------------------------------

    def _mask(self, frame: Frame, window: Window, start: int, count: int) -> Optional[bytearray]:
        """A 0 for each row with a null in it; None if there are none."""
        mask = bytearray(b"\1") * count
        found = False
        for role in frame.roles.all():
            for at in role.places:
                run, place = window.columns[at]
                if role is frame.roles.value and run.family == NULL and not role.is_tuple:
                    continue        # values that all are None are none
                try:
                    here = run.nulls(place + start, count, mask)
                except _runs.BrokenArray as problem:
                    raise self._broken(frame, at, problem) from None
                if here and self._wanted.nulls == "error":
                    self._refuse_null(frame, at, mask.index(0))
                found = found or here
        return mask if found else None

    def _refuse_null(self, frame: Frame, at: int, row: int) -> NoReturn:
        raise _errors.ArgumentError(f"{self._where()}row {self.position + row} (the first is 0) of column "
                                    f'{frame.labels[at]!r} is null; nulls="skip" leaves such rows out')

    def _broken(self, frame: Frame, at: int, problem: Exception) -> Exception:
        return _runs.BrokenArray(f"{self._where()}column {frame.labels[at]!r}: {problem}")

    # ---- packing ------------------------------------------------------------------------------

    def batches(self, kind: KeyKind, codec: Codec, hints: Tuple[str, str]) -> Iterator[Batch]:
        """All rows, packed. Each batch lies in memory of the next."""
        columns: List[_Column] = []
        frame: Optional[Frame] = None
        most = _FIRST
        for now, window in self._ahead_windows:
            if now is not frame:
                columns, frame = self._packing(now, kind, codec), now
            start = 0
            while start < window.rows:
                count = min(most, window.rows - start)
                mask = self._mask(now, window, start, count)
                packed = [self._pack(now, column, window, start, count, mask, hints) for column in columns]
                pairs = _length(packed[0][0])
                if pairs:
                    batch = Batch(pairs, packed[0][0], packed[0][1], packed[1][0], packed[1][1],
                                  packed[2][0] if self.weighted else None)
                    yield batch
                    size = len(batch.key_data) + len(batch.value_data)
                    most = max(1, min(pairs * _BYTES // max(size, 1), 4 * most, _MOST))
                start += count
                self.position += count

    def _packing(self, frame: Frame, kind: KeyKind, codec: Codec) -> List[_Column]:
        roles = frame.roles
        truths: List[bytes] = []

        def native_value(family: str) -> Optional[int]:
            if family == BOOL and codec.name not in ("u64", "none"):
                truths[:] = truths or [encode(False), encode(True)]
                return lib.KFPY_PACK_BYTES      # type: ignore[no-any-return]
            return _VALUE_PACKING.get((codec.name, family)) if _codecs.is_built_in(codec) else None

        encode: Callable[[Any], Any] = _codecs.u64 if codec.name == "u64" else codec.encode
        if roles.value is None and codec.name != "none":
            raise _errors.CodecError(f"{self._where()}there is no column of values for codec {codec.name!r}")
        pack = value_packer(codec)
        if self.lists:      # each value is a list of one
            encode = lambda value: codec.encode([value])
            pack = lambda values: value_packer(codec)([[value] for value in values])
        found = [_Column("key", roles.key, key_packer(kind), kind.encode,
                         lambda family: _KEY_PACKING.get((kind.name, family)), []),
                 _Column("value", roles.value, pack, encode, native_value, truths)]
        if self.weighted:
            u64 = _codecs.codec("u64")
            found.append(_Column("weight", roles.weight, value_packer(u64), _codecs.u64,
                                 lambda family: _VALUE_PACKING.get(("u64", family)), []))
        return found

    def _pack(self, frame: Frame, column: _Column, window: Window, start: int, count: int,
              mask: Optional[bytearray], hints: Tuple[str, str]) -> Tuple[Any, Any]:
        try:
            return column.pack(window, start, count, mask)
        except (MemoryError, KeyboardInterrupt):
            raise
        except Exception as problem:        # a codec of one's own may raise anything
            self._name(frame, column, window, start, count, mask, hints, problem)

    def _name(self, frame: Frame, column: _Column, window: Window, start: int, count: int,
              mask: Optional[bytearray], hints: Tuple[str, str], problem: Exception) -> NoReturn:
        """Raises the error of the first row that can't be packed."""
        role = column.role
        assert role is not None
        run: Run = window.columns[role.places[0]][0]
        label = ", ".join(repr(frame.labels[at]) for at in role.places)
        if isinstance(problem, _runs.Unfit) and problem.args[0] == lib.KF_INVALID:
            raise _runs.BrokenArray(f"{self._where()}row {self.position + problem.args[1]} of column {label} is "
                                    f"broken: its Arrow array contradicts itself") from None
        kind: Type[Exception] = {"key": TypeError, "value": _errors.CodecError}.get(column.what, _errors.ArgumentError)
        hint = {"key": hints[0], "value": hints[1]}.get(column.what, "")
        shown = "tuples" if role.is_tuple else run.shown
        for row in range(count):
            if mask is not None and not mask[row]:
                continue
            try:
                item = listed(window, role, start + row, 1, None)[0]
                column.encode(item)
            except Exception as fault:
                raise kind(f"{self._where()}row {self.position + row} (the first is 0) of column {label} ({shown}) "
                           f"can't be a {column.what}: {fault}{hint}") from fault
        raise kind(f"{self._where()}column {label} ({shown}) can't be packed as a {column.what}: {problem}") \
            from problem


def _length(sizes: Any) -> int:
    return len(sizes) if isinstance(sizes, array) else len(sizes) // 8
