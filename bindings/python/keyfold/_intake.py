"""What a build takes from frames: batches packed from their columns, without an object for each key where C knows the
column's type."""
from __future__ import annotations

import itertools
from array import array
from typing import Any, Callable, Iterable, Iterator, List, NoReturn, Optional, Tuple, Type, Union

from . import _codecs, _errors, _frames, _keys, _runs
from ._codecs import Codec
from ._frames import Frame, Role, Window
from ._keys import KeyKind
from ._native import lib
from ._pack import _BYTES, _FIRST, _MOST, Batch, Source, key_packer, value_packer
from ._runs import BOOL, BYTES, DATE, FLOAT, NULL, OBJECT, SIGNED, TEXT, TIMES, UNSIGNED, Run
from ._shapes import Columns

_SAMPLE = 1000
_KEYS = {TEXT: "str", BYTES: "bytes", SIGNED: "int", UNSIGNED: "int"}
_VALUES = {TEXT: "str", BYTES: "raw", UNSIGNED: "u64", SIGNED: "int", FLOAT: "float", NULL: "none",
           **{each: each for each in TIMES}}
_INTEGERS = (SIGNED, UNSIGNED)
# How C packs what: by the kind of keys, and by the codec.
_KEY_PACKING = {("str", TEXT): lib.KFPY_PACK_BYTES, ("bytes", BYTES): lib.KFPY_PACK_BYTES,
                **{("int", each): lib.KFPY_PACK_KEY for each in _INTEGERS}}
_VALUE_PACKING = {("str", TEXT): lib.KFPY_PACK_BYTES, ("raw", BYTES): lib.KFPY_PACK_BYTES,
                  ("float", FLOAT): lib.KFPY_PACK_FLOAT,
                  **{(each, each): lib.KFPY_PACK_DAYS if each == DATE else lib.KFPY_PACK_TIMES for each in TIMES},
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
        self._rest = map(self._opened, frames)
        self._first = next(self._rest)
        self.rows = None if many else self._first.rows
        self._ahead_windows: Iterator[Tuple[Frame, Window]] = self._windows()

    def _opened(self, frame: Any) -> Frame:
        try:
            return _frames.opened(frame, self._wanted, self.weighted)
        except (_errors.ArgumentError, _runs.BrokenArray) as problem:
            raise type(problem)(f"{self._where()}{problem}") from None

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

    def choose(self, keys: str, codec: Union[str, Codec], alone: bool) -> Tuple[KeyKind, Codec]:
        """The kind of keys and the codec: those, or in place of "auto" what the types of the columns ask for."""
        first = next(self._ahead_windows, None)
        frame, window = first or (self._first, None)
        if first is not None:
            self._ahead_windows = itertools.chain((first,), self._ahead_windows)
        if keys == "auto":
            keys = self._choose_keys(frame, window, alone)
        if codec == "auto":
            codec = self._choose_codec(frame, window, alone)
            codec = _codecs.of_items(codec) if self.lists else codec
        return _keys.kind(keys), _codecs.codec(codec, True)

    def _pieces(self, frame: Frame,
                windows: Iterable[Window]) -> Iterator[Tuple[Window, int, int, Optional[bytearray]]]:
        """Pieces of windows that lie ahead, which are only looked at: window, start, count and mask."""
        row = self.position
        for window in windows:
            for start in range(0, window.rows, _MOST):
                count = min(_MOST, window.rows - start)
                yield window, start, count, self._mask(frame, window, start, count, row)
                row += count

    def _items(self, frame: Frame, windows: Iterable[Window], role: Role) -> Iterator[Any]:
        for window, start, count, mask in self._pieces(frame, windows):
            yield from listed(window, role, start, count, mask)

    def _choose_keys(self, frame: Frame, window: Optional[Window], alone: bool) -> str:
        role = frame.roles.key
        family, shown = frame.types[role.places[0]]
        if role.is_tuple:
            return "tuple"
        if family in _KEYS:
            return _KEYS[family]
        if family == FLOAT:
            # An integer and the float that equals it are one key.
            whole = alone and frame.again and not self._many
            return "int" if whole and all(key.is_integer() for key in self._items(frame, frame.windows(), role)) \
                else "any"
        sample = list(itertools.islice(self._items(frame, () if window is None else (window,), role), 1))
        try:
            return _keys.kind_of(sample[0]).name if sample else "str"
        except TypeError as problem:
            label = frame.labels[role.places[0]]
            raise TypeError(f"{self._where()}column {label!r} ({shown}): {problem}") from None

    def _choose_codec(self, frame: Frame, window: Optional[Window], alone: bool) -> str:
        role = frame.roles.value
        if role is None:
            return "none"
        family = frame.types[role.places[0]][0]
        whole = alone and frame.again and not self._many
        if role.is_tuple or family == OBJECT:
            if whole and frame.rows is not None:
                return _codecs.choose(self._items(frame, frame.windows(), role), True)
            ahead = self._items(frame, () if window is None else (window,), role)
            return _codecs.choose(itertools.islice(ahead, _SAMPLE), False)
        if family == BOOL:
            return _codecs.choose([True], alone and not self._many)
        if family == SIGNED and whole and not self._has_negative(frame, role):
            return "u64"
        return _VALUES[family]

    def _has_negative(self, frame: Frame, role: Role) -> bool:
        for window, start, count, mask in self._pieces(frame, frame.windows()):
            run, place = window.columns[role.places[0]]
            if run.column is not None and _runs.has_negative(run, place + start, count, mask):
                return True
        return False

    # ---- nulls --------------------------------------------------------------------------------

    def _mask(self, frame: Frame, window: Window, start: int, count: int, row: int) -> Optional[bytearray]:
        """A 0 for each row with a null in it; None if there are none. `row` is the number of the first."""
        mask = bytearray(b"\1") * count
        columns = [(at, *window.columns[at]) for role in frame.roles.all() for at in role.places
                   if not self._has_no_values(frame, window, role)]
        found = [at for at, run, place in columns if self._nulls(frame, at, run, place + start, mask)]
        if not found:
            return None
        if self._wanted.nulls == "error":
            first = mask.index(0)
            for at, run, place in columns:
                if self._nulls(frame, at, run, place + start + first, bytearray(1)):
                    self._refuse_null(frame, at, row + first)
        return mask

    def _has_no_values(self, frame: Frame, window: Window, role: Role) -> bool:
        """A column of Arrow's null type is one without values."""
        return role is frame.roles.value and not role.is_tuple and \
            window.columns[role.places[0]][0].family == NULL

    def _nulls(self, frame: Frame, at: int, run: Run, place: int, mask: bytearray) -> bool:
        try:
            return run.nulls(place, len(mask), mask)
        except _runs.BrokenArray as problem:
            raise _runs.BrokenArray(f"{self._where()}column {frame.labels[at]!r}: {problem}") from None

    def _refuse_null(self, frame: Frame, at: int, row: int) -> NoReturn:
        raise _errors.ArgumentError(f"{self._where()}row {row} (the first is 0) of column "
                                    f'{frame.labels[at]!r} is null; nulls="skip" leaves such rows out')

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
                mask = self._mask(now, window, start, count, self.position)
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
        # Types decide for themselves.
        hint = {"key": hints[0], "value": hints[1]}.get(column.what, "") if run.family == OBJECT else ""
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
