"""Rows of names that are Python objects, and the rows of whatever a caller has."""
from __future__ import annotations

import itertools
from collections import abc
from typing import Any, Iterable, Iterator, List, NamedTuple, NoReturn, Optional, Union

from . import _errors, _frames
from ._inputs import refuse_strange
from ._name_columns import Framed, NameColumns
from ._name_pack import (NONE, ROWS, Packed, Payloads, encode_attribute, encode_id, encode_name, id_kind, pack_ids,
                         pack_names, packed_some)
from ._shapes import is_columns, is_strange, is_table

_TEXTS = (str, bytes)


class _Block(NamedTuple):
    """Columns of some rows; of what there is not at all None."""

    ids: Optional[List[Any]]
    names: List[Any]
    attributes: Optional[List[Any]] = None
    payloads: Optional[List[Any]] = None


class Listed:
    """Rows in lists: as Framed."""

    def __init__(self, blocks: Iterator[_Block], with_ids: bool, payloads: Payloads) -> None:
        self.kind: Optional[str] = None if with_ids else "int"
        self.total: Optional[int] = None
        self.position = self.added = 0
        self._blocks = blocks
        self._payloads = payloads
        self._now = _Block(None, [])

    def packed(self) -> Iterator[Packed]:
        """All rows."""
        for block in self._blocks:
            self._now = block
            try:
                packed = self._pack(block)
            except (TypeError, ValueError):
                self._refuse(block)
            yield packed
            self.position += packed.rows
            self.added += packed.rows

    def _pack(self, block: _Block) -> Packed:
        numbers, is_signed, ids = None, False, NONE
        if block.ids is not None:
            self.kind = self.kind or id_kind(block.ids[0])
            numbers, is_signed, ids = pack_ids(self.kind, block.ids)
        attributes = NONE if block.attributes is None else packed_some(list(map(encode_attribute, block.attributes)))
        payloads = NONE
        if block.payloads is not None:
            self._payloads.choose(iter(block.payloads))
            payloads = packed_some(list(map(self._payloads.encode, block.payloads)))
        return Packed(len(block.names), numbers, is_signed, ids, pack_names(block.names), attributes, payloads)

    def _refuse(self, block: _Block) -> NoReturn:
        """Raises the error of the first row that can't be packed."""
        for row, name in enumerate(block.names):
            try:
                if block.ids is not None:
                    encode_id(self.kind or id_kind(block.ids[row]), block.ids[row])
                encode_name(name)
                if block.attributes is not None:
                    encode_attribute(block.attributes[row])
                if block.payloads is not None:
                    self._payloads.encode(block.payloads[row])
            except (TypeError, ValueError) as problem:
                raise TypeError(f"{self.named(row)}: {problem}") from None
        raise AssertionError

    def named(self, row: int) -> str:
        """A row of the last Packed, for messages."""
        shown = "" if self._now.ids is None else f" (id {self._now.ids[row]!r:.60})"
        return f"row {self.position + row}{shown}"


# ---- blocks -----------------------------------------------------------------------------------------

def _of_mapping(names: Any) -> Iterator[_Block]:
    ids, values = iter(names), iter(names.values())
    while True:
        taken = list(itertools.islice(ids, ROWS))
        if not taken:
            return
        yield _Block(taken, list(itertools.islice(values, ROWS)))


def _of_texts(texts: Iterator[Any]) -> Iterator[_Block]:
    while True:
        taken = list(itertools.islice(texts, ROWS))
        if not taken:
            return
        yield _Block(None, taken)


def _of_tuples(rows: Iterator[Any]) -> Iterator[_Block]:
    """Rows of id and name, and perhaps attribute and payload."""
    number = 0
    while True:
        taken = list(itertools.islice(rows, ROWS))
        if not taken:
            return
        columns: List[List[Any]] = [[], [], [], []]
        for place, row in enumerate(taken):
            try:
                if isinstance(row, (str, bytes, set, frozenset, abc.Mapping)):
                    raise TypeError
                id, name, *rest = row
                attribute, payload = (*rest, None, None)[:2] if len(rest) <= 2 else rest
            except (TypeError, ValueError):
                raise TypeError(f"row {number + place}: an id and a name (and perhaps an attribute and a payload) are "
                                f"needed, not {row!r:.100}") from None
            for column, item in zip(columns, (id, name, attribute, payload)):
                column.append(item)
        yield _Block(columns[0], columns[1], *(column if any(item is not None for item in column) else None
                                               for column in columns[2:]))
        number += len(taken)


def _of_dicts(rows: Iterator[Any], wanted: NameColumns, with_ids: bool) -> Iterator[_Block]:
    fields = ["id" if wanted.id is None else wanted.id, "name" if wanted.name is None else wanted.name,
              wanted.attribute, wanted.payload]
    if not with_ids:
        fields[0] = None
    number = 0
    while True:
        taken = list(itertools.islice(rows, ROWS))
        if not taken:
            return
        columns: List[Any] = []
        for field in fields:
            if field is None:
                columns.append(None)
                continue
            columns.append([])
            for place, row in enumerate(taken):
                if not isinstance(row, abc.Mapping):
                    raise TypeError(f"row {number + place}: a dict is needed as the rows before it, not {row!r:.100}")
                if field not in row:
                    raise _errors.ArgumentError(f"row {number + place}: it has no {field!r}; id=, name= and so on say "
                                                f"what the fields are called; there are {_frames._listed(list(row))}")
                columns[-1].append(row[field])
        yield _Block(*columns)
        number += len(taken)


# ---- all of them ------------------------------------------------------------------------------------

def rows_of(inputs: Any, wanted: NameColumns, payloads: Payloads) -> Union[Listed, Framed]:
    """The rows of a Mapping of ids to names, of rows, of names alone, or of frames."""
    if is_columns(inputs):
        return Framed((inputs,), wanted, payloads, False)
    if is_strange(inputs):
        refuse_strange(inputs)
    if isinstance(inputs, abc.Mapping):
        _refuse_columns(wanted, inputs)
        made = Listed(_of_mapping(inputs), True, payloads)
        made.total = len(inputs)
        return made
    if not isinstance(inputs, abc.Iterable) or isinstance(inputs, _TEXTS):
        raise TypeError(f"names are needed: a dict of ids and names, rows of both, or a table, not {inputs!r:.100}")
    again = iter(inputs)
    first = list(itertools.islice(again, 1))
    rows: Iterable[Any] = itertools.chain(first, again)
    head = first[0] if first else None
    if is_strange(head):
        refuse_strange(head)
    if first and is_columns(head) and type(head) is not tuple and is_table(head):
        return Framed(rows, wanted, payloads, True)
    if isinstance(head, abc.Mapping):
        with_ids = wanted.id is not None or "id" in head
        made = Listed(_of_dicts(iter(rows), wanted, with_ids), with_ids, payloads)
    else:
        _refuse_columns(wanted, inputs)
        made = Listed(_of_texts(iter(rows)), False, payloads) if isinstance(head, _TEXTS) else \
            Listed(_of_tuples(iter(rows)), True, payloads)
    made.total = len(inputs) if isinstance(inputs, abc.Sized) else None
    return made


def _refuse_columns(wanted: NameColumns, inputs: Any) -> None:
    if wanted.spoken() or wanted.nulls != "error":
        raise _errors.ArgumentError("id=, name=, attribute=, payload= and nulls= are about tables, and rows that are "
                                    f"dicts: a {type(inputs).__name__} of others is none")
