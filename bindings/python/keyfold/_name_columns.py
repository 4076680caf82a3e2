"""Which columns of tables are the names, the ids and so on, and their rows, packed."""
from __future__ import annotations

import itertools
from typing import Any, Iterable, Iterator, List, NamedTuple, Optional, Sequence, Tuple

from . import _errors, _frames, _runs
from ._frames import Role, Window
from ._name_pack import (NONE, ROWS, Packed, Payloads, Texts, encode_attribute, encode_id, encode_name, id_kind,
                         packed_some, packed_texts)
from ._native import lib
from ._runs import BYTES, SIGNED, TEXT, UNSIGNED

_ID_KINDS = {TEXT: "str", BYTES: "bytes", SIGNED: "int", UNSIGNED: "int"}


class NameRoles(NamedTuple):
    """What is what in a frame; without ids they are positions."""

    id: Optional[Role]
    name: Role
    attribute: Optional[Role] = None
    payload: Optional[Role] = None

    def all(self) -> List[Role]:
        return [role for role in self if role is not None]


class NameColumns(NamedTuple):
    """Which columns of a frame are which, and what becomes of nulls: as _shapes.Columns."""

    id: Any = None
    name: Any = None
    attribute: Any = None
    payload: Any = None
    nulls: str = "error"

    @property
    def labels(self) -> Tuple[str, ...]:
        return "id", "name", "attribute"

    @property
    def single(self) -> str:
        return "name"

    @property
    def asked(self) -> str:
        return "id= and name="

    def spoken(self) -> List[Any]:
        return [each for asked in (self.id, self.name, self.attribute, self.payload) if asked is not None
                for each in (asked if isinstance(asked, list) else [asked])]

    def assign(self, labels: Sequence[Any]) -> NameRoles:
        """As the caller said; else the columns called so, else a column of names, or one of ids and one of names."""
        attribute = _role(labels, self.attribute, "attribute")
        payload = _role(labels, self.payload, "payload", True)
        id, name = _role(labels, self.id, "id"), _role(labels, self.name, "name")
        if name is not None:
            return NameRoles(id, name, attribute, payload)
        used = [place for role in (id, attribute, payload) if role is not None for place in role.places]
        left = [place for place in range(len(labels)) if place not in used]
        called = [str(labels[place]) for place in left]
        if not self.spoken() and called == list(self.labels):       # such as those of a tuple
            return NameRoles(Role([0], False), Role([1], False), Role([2], False))
        if id is None and called.count("id") == 1 and called.count("name") == 1:
            id, left = Role([left[called.index("id")]], False), [left[called.index("name")]]
        elif id is None and len(left) == 2 and called[0] != "name" and called[1] != "id":
            id, left = Role([left[0]], False), left[1:]
        if len(left) != 1:
            raise _errors.ArgumentError(f"say name= (and id=): the columns are {_frames._listed(labels)}")
        return NameRoles(id, Role(left, False), attribute, payload)


def _role(labels: Sequence[Any], wanted: Any, argument: str, several: bool = False) -> Optional[Role]:
    if wanted is None:
        return None
    if isinstance(wanted, list) and not several:
        raise _errors.ArgumentError(f"{argument}={wanted!r:.100}: the name of one column is needed")
    return _frames._role(labels, wanted, argument)


class Framed:
    """Rows of frames: `kind` is that of their ids, `position` the number of the next row, `added` how many were not
    left out before that."""

    def __init__(self, frames: Iterable[Any], wanted: NameColumns, payloads: Payloads, many: bool) -> None:
        if wanted.nulls not in ("error", "skip"):
            raise _errors.ArgumentError(f'nulls={wanted.nulls!r}: there are "error" and "skip"')
        self._wanted: Any = wanted
        frames = iter(frames)
        first: Any = _frames.opened(next(frames), self._wanted, False)
        role = first.roles.id
        self.kind = "int" if role is None else _ID_KINDS.get(first.types[role.places[0]][0])
        self.total = None if many else first.rows
        self.position = self.added = 0
        self._frames = itertools.chain((first,), (_frames.opened(each, self._wanted, False) for each in frames))
        self._payloads = payloads
        self._memory = [_runs.new_packed() for _ in range(4)]
        self._label: Any = ""
        self._mask: Optional[bytearray] = None

    def packed(self) -> Iterator[Packed]:
        """All rows."""
        for frame in self._frames:
            for window in frame.windows():
                for start in range(0, window.rows, ROWS):
                    count = min(ROWS, window.rows - start)
                    yield self._pack(frame, window, start, count)
                    self.position += count
                    self.added += count if self._mask is None else self._mask.count(1)

    def named(self, row: int) -> str:
        """A row of the last Packed, for messages."""
        if self._mask is not None:      # of those that were not left out
            row = [place for place, there in enumerate(self._mask) if there][row]
        return f"row {self.position + row} (the first is 0) of column {self._label!r}"

    def _pack(self, frame: Any, window: Window, start: int, count: int) -> Packed:
        roles = frame.roles
        self._mask = self._nulls(frame, window, start, count)
        numbers, is_signed, ids = None, False, NONE
        if roles.id is not None:
            numbers, is_signed, ids = self._ids(frame, window, start, count)
        attributes = NONE if roles.attribute is None else \
            self._texts(frame, window, roles.attribute, start, count, encode_attribute, (TEXT,), 2, True)
        payloads = NONE if roles.payload is None else self._packed_payloads(frame, window, start, count)
        names = self._texts(frame, window, roles.name, start, count, encode_name, (TEXT, BYTES), 1)
        return Packed(count if self._mask is None else self._mask.count(1), numbers, is_signed, ids, names, attributes,
                      payloads)

    def _nulls(self, frame: Any, window: Window, start: int, count: int) -> Optional[bytearray]:
        """A 0 for each row without an id or a name; None if there are none."""
        mask = bytearray(b"\1") * count
        for role in (frame.roles.id, frame.roles.name):
            if role is None:
                continue
            run, place = window.columns[role.places[0]]
            if run.nulls(place + start, count, mask) and self._wanted.nulls == "error":
                raise _errors.ArgumentError(
                    f"row {self.position + mask.index(0)} (the first is 0) of column {frame.labels[role.places[0]]!r} "
                    'is null; nulls="skip" leaves such rows out')
        return mask if 0 in mask else None

    def _texts(self, frame: Any, window: Window, role: Role, start: int, count: int, encode: Any,
               native: Tuple[str, ...], memory: int, optional: bool = False) -> Texts:
        """A column as texts: of `native` families by C, others one by one. Of an `optional` one nulls are none."""
        run, place = window.columns[role.places[0]]
        self._label = ", ".join(str(frame.labels[at]) for at in role.places)
        mask = self._mask
        if run.column is not None and run.family in native and not role.is_tuple:
            there: Any = None
            if optional:
                rest = bytearray(b"\1") * count
                if run.nulls(place + start, count, rest):
                    there = rest if mask is None else bytes(each for each, kept in zip(rest, mask) if kept)
                    mask = rest if mask is None else bytearray(map(min, rest, mask))
            try:
                sizes, data = _runs.pack(self._memory[memory], run.column, place + start, count, mask,
                                         lib.KFPY_PACK_BYTES)
            except _runs.Unfit as problem:
                raise _runs.BrokenArray(f"row {self.position + problem.args[1]} of column {self._label!r} is broken: "
                                        "its Arrow array contradicts itself") from None
            return (sizes, data, there) if len(sizes) else NONE
        parts: List[Any] = []
        for row, item in enumerate(self._items(window, role, start, count)):
            try:
                parts.append(encode(item))
            except (TypeError, ValueError) as problem:
                raise type(problem)(f"{self.named(row)} ({run.shown}): {problem}") from None
        return packed_some(parts) if optional else packed_texts(parts)

    def _items(self, window: Window, role: Role, start: int, count: int) -> List[Any]:
        """The items of the rows that are not left out, None for nulls; tuples of several columns."""
        columns: List[List[Any]] = []
        for run, place in (window.columns[at] for at in role.places):
            mask = bytearray(b"\1") * count if self._mask is None else bytearray(self._mask)
            run.nulls(place + start, count, mask)
            items = iter(run.listed(place + start, count, mask))
            columns.append([next(items) if there else None for there, kept in
                            zip(mask, self._mask or itertools.repeat(1)) if kept])
        return list(zip(*columns)) if role.is_tuple else columns[0]

    def _ids(self, frame: Any, window: Window, start: int, count: int) -> Tuple[Any, bool, Texts]:
        role = frame.roles.id
        run, place = window.columns[role.places[0]]
        if run.column is not None and run.family in (SIGNED, UNSIGNED) and self.kind == "int":
            sizes, _ = _runs.pack(self._memory[0], run.column, place + start, count, self._mask, lib.KFPY_PACK_WORDS)
            return sizes, run.family == SIGNED, NONE
        native = tuple(family for family in (TEXT, BYTES) if _ID_KINDS[family] == self.kind)

        def encode(item: Any) -> bytes:
            if self.kind is None:
                self.kind = id_kind(item)
            return encode_id(self.kind, item)

        return None, False, self._texts(frame, window, role, start, count, encode, native, 0)

    def _packed_payloads(self, frame: Any, window: Window, start: int, count: int) -> Texts:
        role, payloads = frame.roles.payload, self._payloads
        if payloads.codec is None:
            payloads.choose(iter(self._items(window, role, start, count)))
        name = "none" if payloads.codec is None else payloads.codec.name
        native = {"str": (TEXT,), "raw": (BYTES,)}.get(name, ())
        return self._texts(frame, window, role, start, count, payloads.encode, native, 3, True)
