"""Which columns of a table are the names, the ids and so on, and their rows, packed for the builder of an index."""
from __future__ import annotations

import itertools
import operator
from array import array
from collections import abc
from typing import Any, Iterable, Iterator, List, NamedTuple, NoReturn, Optional, Sequence, Tuple

from . import _errors, _frames, _runs
from ._frames import Role, Window
from ._native import ffi, lib
from ._runs import BYTES, SIGNED, TEXT, UNSIGNED, Run
from ._shapes import is_columns, is_strange, is_table

ROWS = 8192         # that are packed at a time
_TEXTS = (str, bytes)
_ID_KINDS = {TEXT: "str", BYTES: "bytes", SIGNED: "int", UNSIGNED: "int"}


class NameRoles(NamedTuple):
    """What is what in a frame; without ids they are positions."""

    id: Optional[Role]
    name: Role

    def all(self) -> List[Role]:
        return [role for role in self if role is not None]


class NameColumns(NamedTuple):
    """Which columns of a frame are which, and what becomes of nulls: as _shapes.Columns."""

    id: Any = None
    name: Any = None
    nulls: str = "error"

    @property
    def labels(self) -> Tuple[str, ...]:
        return "id", "name"

    @property
    def single(self) -> str:
        return "name"

    @property
    def asked(self) -> str:
        return "id= and name="

    def spoken(self) -> List[Any]:
        return [each for each in (self.id, self.name) if each is not None]

    def assign(self, labels: Sequence[Any]) -> NameRoles:
        """As the caller said; else the columns called so, else a column of names, or one of ids and one of names."""
        if self.name is not None:
            return NameRoles(None if self.id is None else _role(labels, self.id, "id"),
                             _role(labels, self.name, "name"))
        if self.id is not None:
            one = _role(labels, self.id, "id")
            left = [place for place in range(len(labels)) if place != one.places[0]]
            if len(left) != 1:
                raise _errors.ArgumentError(f"say name= too: the columns are {_frames._listed(labels)}")
            return NameRoles(one, Role(left, False))
        called = [str(label) for label in labels]
        if called.count("id") == 1 and called.count("name") == 1:
            return NameRoles(Role([called.index("id")], False), Role([called.index("name")], False))
        if len(labels) == 1:
            return NameRoles(None, Role([0], False))
        if len(labels) == 2 and called[0] != "name" and called[1] != "id":
            return NameRoles(Role([0], False), Role([1], False))
        raise _errors.ArgumentError(f"say name= (and id=): the columns are {_frames._listed(labels)}")


def _role(labels: Sequence[Any], wanted: Any, argument: str) -> Role:
    return Role([_frames._place(labels, wanted, argument)], False)


# ---- ids and texts as bytes -------------------------------------------------------------------------

def id_kind(value: Any) -> str:
    """What ids are of which this is one."""
    if isinstance(value, str):
        return "str"
    if isinstance(value, (bytes, bytearray, memoryview)):
        return "bytes"
    if isinstance(value, bool) or not hasattr(value, "__index__"):
        raise TypeError(f"an id is an int, a str or bytes, not {type(value).__name__} (None among integers makes them "
                        'floats in pandas: astype("Int64") keeps them)' if isinstance(value, float) else
                        f"an id is an int, a str or bytes, not {type(value).__name__}")
    return "int"


def encode_id(kind: str, value: Any) -> bytes:
    """An id as the file has it."""
    found = id_kind(value)
    if found != kind:
        raise TypeError(f"the id is {type(value).__name__}, but the first one was {kind}: all ids must be of one kind")
    if kind == "int":
        return b"%d" % operator.index(value)
    return value.encode("utf-8", "surrogateescape") if kind == "str" else bytes(value)


def encode_name(value: Any) -> bytes:
    """A name as the file has it."""
    if isinstance(value, str):
        return value.encode()
    if isinstance(value, bytes):
        return value
    raise TypeError(f"a name is a str, not {type(value).__name__}")


class Packed(NamedTuple):
    """Rows for kfpy_names_add. `keep` has what they lie in."""

    rows: int
    numbers: Any                    # ids that are integers
    is_signed: bool
    ids: Tuple[Any, Any]            # sizes and data; (None, None) if they are positions or numbers
    names: Tuple[Any, Any]


def _texts(parts: List[bytes]) -> Tuple[Any, Any]:
    return array("Q", map(len, parts)), b"".join(parts)


class Rows:
    """The rows of whatever a caller has, as Packed; `kind` is that of the ids, "int" for positions."""

    def __init__(self, kind: Optional[str]) -> None:
        self.kind = kind
        self.position = 0       # rows that were taken from the source
        self.added = 0          # and those that were not left out
        self.total: Optional[int] = None

    def packed(self) -> Iterator[Packed]:
        raise NotImplementedError

    def named(self, row: int) -> str:
        """A row of the last Packed, for messages."""
        raise NotImplementedError

    def _ids(self, ids: List[Any]) -> Tuple[Any, bool, Tuple[Any, Any]]:
        """Numbers, whether they have signs, sizes and data."""
        if self.kind is None and ids:
            self.kind = id_kind(ids[0])
        if self.kind == "int" and set(map(type, ids)) == {int}:
            try:
                return array("q", ids), True, (None, None)
            except OverflowError:
                pass
        kind = str(self.kind)
        return None, False, _texts([encode_id(kind, each) for each in ids])


# ---- rows as Python objects -------------------------------------------------------------------------

class _Listed(Rows):
    """Rows in lists of ids (None: positions) and names."""

    def __init__(self, blocks: Iterator[Tuple[Optional[List[Any]], List[Any]]], with_ids: bool) -> None:
        super().__init__(None if with_ids else "int")
        self._blocks = blocks
        self._ids_now: Optional[List[Any]] = None

    def packed(self) -> Iterator[Packed]:
        for ids, names in self._blocks:
            self._ids_now = ids
            try:
                numbers, is_signed, packed_ids = (None, False, (None, None)) if ids is None else self._ids(ids)
                packed = Packed(len(names), numbers, is_signed, packed_ids, _texts(list(map(encode_name, names))))
            except (TypeError, ValueError):
                self._refuse(ids, names)
            yield packed
            self.position += len(names)
            self.added += len(names)

    def _refuse(self, ids: Optional[List[Any]], names: List[Any]) -> NoReturn:
        for row, name in enumerate(names):
            try:
                if ids is not None:
                    encode_id(str(self.kind or id_kind(ids[row])), ids[row])
                encode_name(name)
            except (TypeError, ValueError) as problem:
                raise TypeError(f"{self.named(row)}: {problem}") from None
        raise AssertionError

    def named(self, row: int) -> str:
        shown = "" if self._ids_now is None else f" (id {self._ids_now[row]!r:.60})"
        return f"row {self.position + row}{shown}"


def _blocks_of_mapping(names: Any) -> Iterator[Tuple[Optional[List[Any]], List[Any]]]:
    ids, values = iter(names), iter(names.values())
    while True:
        taken = list(itertools.islice(ids, ROWS))
        if not taken:
            return
        yield taken, list(itertools.islice(values, ROWS))


def _blocks_of_texts(texts: Iterator[Any]) -> Iterator[Tuple[Optional[List[Any]], List[Any]]]:
    while True:
        taken = list(itertools.islice(texts, ROWS))
        if not taken:
            return
        yield None, taken


def _blocks_of_rows(rows: Iterator[Any], wanted: NameColumns,
                    with_ids: bool) -> Iterator[Tuple[Optional[List[Any]], List[Any]]]:
    """Rows that are tuples or lists of id and name, or dicts."""
    number = 0
    id_field = "id" if wanted.id is None else wanted.id
    name_field = "name" if wanted.name is None else wanted.name
    while True:
        taken = list(itertools.islice(rows, ROWS))
        if not taken:
            return
        ids: List[Any] = []
        names: List[Any] = []
        for place, row in enumerate(taken):
            try:
                if isinstance(row, abc.Mapping):
                    names.append(row[name_field])
                    if with_ids:
                        ids.append(row[id_field])
                    continue
                if isinstance(row, (str, bytes, set, frozenset)):
                    raise ValueError
                one, name = row
            except KeyError as problem:
                raise _errors.ArgumentError(f"row {number + place}: it has no {problem.args[0]!r}; name= and id= say "
                                            "what the fields are called; there are "
                                            f"{_frames._listed(list(row))}") from None
            except (TypeError, ValueError):
                raise TypeError(f"row {number + place}: an id and a name are needed, not {row!r:.100}") from None
            ids.append(one)
            names.append(name)
        yield (ids if with_ids else None), names
        number += len(taken)


# ---- frames -----------------------------------------------------------------------------------------

class _Framed(Rows):
    """Rows of frames."""

    def __init__(self, frames: Iterable[Any], wanted: NameColumns, many: bool) -> None:
        if wanted.nulls not in ("error", "skip"):
            raise _errors.ArgumentError(f'nulls={wanted.nulls!r}: there are "error" and "skip"')
        self._wanted: Any = wanted
        frames = iter(frames)
        first = _frames.opened(next(frames), self._wanted, False)
        super().__init__(self._kind_of(first))
        self.total = None if many else first.rows
        self._frames = itertools.chain((first,), (_frames.opened(each, self._wanted, False) for each in frames))
        self._memory = [_runs.new_packed(), _runs.new_packed()]
        self._label: Any = ""
        self._mask: Optional[bytearray] = None

    @staticmethod
    def _kind_of(frame: Any) -> Optional[str]:
        role = frame.roles.id
        return "int" if role is None else _ID_KINDS.get(frame.types[role.places[0]][0])

    def packed(self) -> Iterator[Packed]:
        for frame in self._frames:
            for window in frame.windows():
                for start in range(0, window.rows, ROWS):
                    count = min(ROWS, window.rows - start)
                    yield self._pack(frame, window, start, count)
                    self.position += count
                    self.added += count if self._mask is None else self._mask.count(1)

    def named(self, row: int) -> str:
        if self._mask is not None:      # of those that were not left out
            row = [place for place, there in enumerate(self._mask) if there][row]
        return f"row {self.position + row} (the first is 0) of column {self._label!r}"

    def _pack(self, frame: Any, window: Window, start: int, count: int) -> Packed:
        roles = frame.roles
        self._label = frame.labels[roles.name.places[0]]
        self._mask = None       # rows are named as they are counted
        self._mask = self._nulls(frame, window, start, count)
        kept = count if self._mask is None else self._mask.count(1)
        numbers, is_signed, ids = None, False, (None, None)
        if roles.id is not None:
            numbers, is_signed, ids = self._packed_ids(frame, window, start, count)
        run, place = window.columns[roles.name.places[0]]
        names = self._packed_texts(run, place + start, count, encode_name, self._memory[1], self._label)
        return Packed(kept, numbers, is_signed, ids, names)

    def _nulls(self, frame: Any, window: Window, start: int, count: int) -> Optional[bytearray]:
        mask = bytearray(b"\1") * count
        for role in frame.roles.all():
            run, place = window.columns[role.places[0]]
            if not run.nulls(place + start, count, mask):
                continue
            if self._wanted.nulls == "error":
                raise _errors.ArgumentError(
                    f"row {self.position + mask.index(0)} (the first is 0) of column {frame.labels[role.places[0]]!r} "
                    'is null; nulls="skip" leaves such rows out')
        return mask if 0 in mask else None

    def _packed_texts(self, run: Run, start: int, count: int, encode: Any, memory: Any,
                      label: Any) -> Tuple[Any, Any]:
        """Sizes and data; without an `encode` of what C has a layout for."""
        if run.column is not None and (encode is None or encode is encode_name and run.family in (TEXT, BYTES)):
            try:
                return _runs.pack(memory, run.column, start, count, self._mask, lib.KFPY_PACK_BYTES)
            except _runs.Unfit as problem:
                raise _runs.BrokenArray(f"row {self.position + problem.args[1]} of column {label!r} is broken: its "
                                        "Arrow array contradicts itself") from None
        items = run.listed(start, count, self._mask)
        parts: List[bytes] = []
        for row, item in enumerate(items):
            try:
                parts.append(encode(item))
            except (TypeError, ValueError) as problem:
                self._label = label
                raise TypeError(f"{self.named(row)} ({run.shown}): {problem}") from None
        return _texts(parts)

    def _packed_ids(self, frame: Any, window: Window, start: int,
                    count: int) -> Tuple[Any, bool, Tuple[Any, Any]]:
        at = frame.roles.id.places[0]
        run, place = window.columns[at]
        label = frame.labels[at]
        if run.column is not None and run.family in (SIGNED, UNSIGNED) and self.kind == "int":
            sizes, _ = _runs.pack(self._memory[0], run.column, place + start, count, self._mask, lib.KFPY_PACK_WORDS)
            return sizes, run.family == SIGNED, (None, None)
        if run.column is not None and self.kind is not None and _ID_KINDS.get(run.family) == self.kind:
            return None, False, self._packed_texts(run, place + start, count, None, self._memory[0], label)

        def encode(item: Any) -> bytes:
            if self.kind is None:
                self.kind = id_kind(item)
            return encode_id(self.kind, item)

        return None, False, self._packed_texts(run, place + start, count, encode, self._memory[0], label)


# ---- all of them ------------------------------------------------------------------------------------

def rows_of(inputs: Any, wanted: NameColumns) -> Rows:
    """The rows of a Mapping of ids to names, of rows, of names alone, or of frames."""
    if is_columns(inputs):
        return _Framed((inputs,), wanted, False)
    if is_strange(inputs):
        from ._inputs import refuse_strange
        refuse_strange(inputs)
    if isinstance(inputs, abc.Mapping) or hasattr(inputs, "mapping") and isinstance(inputs, abc.ItemsView):
        _refuse_columns(wanted, inputs)
        made: Rows = _Listed(_blocks_of_mapping(inputs if isinstance(inputs, abc.Mapping) else dict(inputs)), True)
        made.total = len(inputs)
        return made
    if not isinstance(inputs, abc.Iterable) or isinstance(inputs, (str, bytes)):
        raise TypeError(f"names are needed: a dict of ids and names, rows of both, or a table, not {inputs!r:.100}")
    total = len(inputs) if isinstance(inputs, abc.Sized) else None
    again = iter(inputs)
    first = list(itertools.islice(again, 1))
    rows = itertools.chain(first, again)
    head = first[0] if first else None
    if is_strange(head):
        from ._inputs import refuse_strange
        refuse_strange(head)
    if first and is_columns(head) and type(head) is not tuple and is_table(head):
        return _Framed(rows, wanted, True)
    if isinstance(head, abc.Mapping):
        with_ids = wanted.id is not None or "id" in head
        made = _Listed(_blocks_of_rows(rows, wanted, with_ids), with_ids)
    else:
        _refuse_columns(wanted, inputs)
        made = _Listed(_blocks_of_texts(rows), False) if isinstance(head, _TEXTS) else \
            _Listed(_blocks_of_rows(rows, wanted, True), True)
    made.total = total
    return made


def _refuse_columns(wanted: NameColumns, inputs: Any) -> None:
    if wanted.spoken() or wanted.nulls != "error":
        raise _errors.ArgumentError("id=, name= and nulls= are about tables, and rows that are dicts: a "
                                    f"{type(inputs).__name__} of others is none")


def fill(raw: Any, packed: Packed, first: int) -> List[Any]:
    """Fills a kfpy_name_rows; returns what must live as long, and be released."""
    raw.count, raw.first, raw.is_signed = packed.rows, first, packed.is_signed
    kept: List[Any] = []

    def place(buffer: Any, kind: str) -> Any:
        if buffer is None or not len(buffer):
            return ffi.NULL
        kept.append(ffi.from_buffer(kind, buffer))
        return kept[-1]

    raw.numbers = place(packed.numbers, "uint64_t[]")
    for texts, (sizes, data) in ((raw.ids, packed.ids), (raw.names, packed.names)):
        texts.sizes, texts.data = place(sizes, "uint64_t[]"), place(data, "char[]")
    return kept
