"""What searches for many needles find, as lists and as tables."""
from __future__ import annotations

import itertools
from typing import Any, Callable, Dict, List, Optional, Tuple

from . import _arrow, _errors, _name_match, _runs
from ._batch import _new, _owned, _unpacked
from ._name_match import NameMatch, NameMatches
from ._name_text import Kinds
from ._native import ffi, lib

OUTPUTS = ("list", "arrow", "pandas", "polars")
_NOWHERE = 2**64 - 1


class Found:
    """The hits that a kfpy_found has, of needles."""

    def __init__(self, needles: List[Optional[str]], raw: Any, kinds: Kinds, gaps: bool) -> None:
        self._needles = needles
        self._raw = raw
        self._kinds = kinds
        self._gaps = gaps
        self._needle_of: List[int] = ffi.unpack(raw.needles, raw.count) if raw.count and needles else []

    # ---- columns ------------------------------------------------------------------------------

    def _column(self, what: int, rows: List[int]) -> Any:
        """A kfpy_lookup of what the hits have."""
        batch = _new()
        status = lib.kfpy_found_column(self._raw, what, ffi.new("uint64_t[]", rows), len(rows), batch)
        if status == lib.KF_LIMIT:
            return None
        _errors.check(status)
        return batch

    def _texts(self, what: int, rows: List[int]) -> List[bytes]:
        batch = self._column(what, rows)
        whole = ffi.buffer(batch.value_data, batch.value_offsets[batch.count])[:]
        return _unpacked(whole, batch.value_offsets, batch.count)

    def _hit_order(self) -> List[int]:
        """All hits in the order of their needles: those of a needle are in theirs."""
        order = self._needle_of
        places = list(range(len(order)))
        return places if all(a <= b for a, b in zip(order, order[1:])) else sorted(places, key=order.__getitem__)

    def _decoded(self, what: int, rows: List[int], decode: Callable[[bytes], Any]) -> List[Any]:
        with _name_match.from_file(self._kinds.path):
            return [None if row == _NOWHERE else decode(each) for row, each in zip(rows, self._texts(what, rows))]

    def _ids(self, rows: List[int]) -> List[Any]:
        return self._decoded(lib.KFPY_FOUND_ID, rows, self._kinds.decode_id)

    def _names(self, rows: List[int]) -> List[Any]:
        return self._decoded(lib.KFPY_FOUND_NAME, rows, bytes.decode)

    def _attributes(self, rows: List[int]) -> Any:
        if not self._kinds.attributes:
            return itertools.repeat(None)
        return self._decoded(lib.KFPY_FOUND_ATTRIBUTE, rows, self._kinds.attribute)

    def _payloads(self, rows: List[int]) -> Any:
        if self._kinds.payloads is None:
            return itertools.repeat(None)
        return self._decoded(lib.KFPY_FOUND_PAYLOAD, rows, self._kinds.payload)

    def _matches(self, rows: List[int]) -> List[NameMatch]:
        if not rows:
            return []
        positions = self._column(lib.KFPY_FOUND_POSITION, rows)
        gaps = self._floats(lib.KFPY_FOUND_GAP, rows) if self._gaps else itertools.repeat(None)
        return list(map(_name_match.NameMatch, self._ids(rows), self._names(rows),
                        self._floats(lib.KFPY_FOUND_SCORE, rows), ffi.unpack(positions.numbers, len(rows)),
                        self._attributes(rows), self._payloads(rows), gaps))

    def _floats(self, what: int, rows: List[int]) -> List[float]:
        column = self._column(what, rows)
        return ffi.unpack(ffi.cast("double *", column.numbers), len(rows))      # type: ignore[no-any-return]

    def rows(self) -> List[_name_match.NameRow]:
        """The rows of an index that were taken instead."""
        rows = list(range(self._raw.count))
        return list(map(_name_match.NameRow, self._ids(rows), self._names(rows), self._attributes(rows),
                        self._payloads(rows))) if rows else []

    # ---- lists --------------------------------------------------------------------------------

    def best_list(self) -> List[Optional[NameMatch]]:
        """A match or None for each needle."""
        result: List[Optional[NameMatch]] = [None] * len(self._needles)
        rows = list(range(len(self._needle_of)))
        for place, match in zip(self._needle_of, self._matches(rows)):
            result[place] = match
        return result

    def all_list(self) -> List[NameMatches]:
        """The matches of each needle."""
        result = [NameMatches() for _ in self._needles]
        for place in range(self._raw.notes_count):
            note = self._raw.notes[place]
            result[note.needle].exact, result[note.needle].tied = bool(note.exact), note.tied
        rows = self._hit_order()
        for row, match in zip(rows, self._matches(rows)):
            result[self._needle_of[row]].append(match)
        return result

    # ---- tables -------------------------------------------------------------------------------

    def table(self, output: str, every: bool, index: Any) -> Any:
        """A table of a row a needle, or, if not `every`, of one a hit. `index`: that of a pandas Series of needles."""
        if every:
            rows = [_NOWHERE] * len(self._needles)
            for hit, place in enumerate(self._needle_of):
                rows[place] = hit
            needle_of = list(range(len(self._needles)))
        else:
            rows = self._hit_order()
            needle_of = [self._needle_of[row] for row in rows]
        columns: Dict[str, Any] = {} if every else {"row": needle_of}
        columns["needle"] = [self._needles[place] for place in needle_of]
        return _MAKERS[output](self, columns, rows, every, index, needle_of)

    def _numbers(self) -> List[Tuple[str, int, str]]:
        """The columns of numbers: what they are called, what they are, and Arrow's format."""
        return [("score", lib.KFPY_FOUND_SCORE, "g"), ("position", lib.KFPY_FOUND_POSITION, "L"),
                *([("gap", lib.KFPY_FOUND_GAP, "g")] if self._gaps else [])]

    def _arrow_texts(self, what: int, rows: List[int], is_text: bool = True) -> Any:
        batch = self._column(what, rows)
        if is_text and lib.kfpy_lookup_check_utf8(batch):
            raise _errors.CodecError(f"{self._kinds.path}: row {batch.wrong} of what was found has an id or an "
                                     'attribute that is not UTF-8, so it is no text to Arrow: NameIndex(..., '
                                     'ids="bytes") has ids that are bytes, output="list" takes attributes of any kind')
        return _arrow.ArrowArray(batch, lib.KFPY_EXPORT_PACKED, True, "U" if is_text else "Z")

    def _arrow(self, columns: Dict[str, Any], rows: List[int], array: Callable[..., Any]) -> Dict[str, Any]:
        """The columns of a table, each as `array` makes it of an Arrow array or of a list and the name of a type."""
        result = {name: array(items, "u64" if name == "row" else "str") for name, items in columns.items()}
        numbers = self._column(lib.KFPY_FOUND_NUMBER, rows) if self._kinds.id == "int" else None
        if numbers is not None:
            result["id"] = array(_arrow.ArrowArray(numbers, lib.KFPY_EXPORT_NUMBERS, True, "l"), None)
        elif self._kinds.id == "int":
            ids = self._ids(rows)
            if not _are_unsigned(ids):
                raise _errors.LimitError(f"{self._kinds.path}: the ids that were found fit no Arrow type: "
                                         'output="list" and output="pandas" give integers of any size')
            result["id"] = array(ids, "u64")
        else:
            result["id"] = array(self._arrow_texts(lib.KFPY_FOUND_ID, rows, self._kinds.id == "str"), None)
        result["name"] = array(self._arrow_texts(lib.KFPY_FOUND_NAME, rows), None)
        for name, what, format in self._numbers():
            result[name] = array(_arrow.ArrowArray(self._column(what, rows), lib.KFPY_EXPORT_NUMBERS, True, format),
                                 None)
        if self._kinds.attributes:
            result["attribute"] = array(self._arrow_texts(lib.KFPY_FOUND_ATTRIBUTE, rows), None)
        if self._kinds.payloads is not None:
            result["payload"] = array(self._payloads(rows), {"str": "str", "raw": "bytes"}.get(
                self._kinds.payloads.name))
        return result


def _to_arrow(found: Found, columns: Dict[str, Any], rows: List[int], every: bool, index: Any,
              needle_of: List[int]) -> Any:
    pyarrow = _runs.pyarrow('output="arrow"')
    types = {None: None, "u64": pyarrow.uint64(), "str": pyarrow.large_string(), "bytes": pyarrow.large_binary()}
    return pyarrow.table(found._arrow(columns, rows, lambda items, kind: pyarrow.array(items, types[kind])))


def _to_polars(found: Found, columns: Dict[str, Any], rows: List[int], every: bool, index: Any,
               needle_of: List[int]) -> Any:
    try:
        import polars
    except ImportError:
        raise ImportError('output="polars" needs the polars package: pip install polars') from None
    types = {None: None, "u64": polars.UInt64, "str": polars.String, "bytes": polars.Binary}
    return polars.DataFrame(found._arrow(columns, rows, lambda items, kind: polars.Series(items, dtype=types[kind])))


def _to_pandas(found: Found, columns: Dict[str, Any], rows: List[int], every: bool, index: Any,
               needle_of: List[int]) -> Any:
    try:
        import pandas
    except ImportError:
        raise ImportError('output="pandas" needs the pandas package: pip install pandas') from None
    result: Dict[str, Any] = dict(columns)
    absent = [row == _NOWHERE for row in rows]
    ids = found._ids(rows)
    result["id"] = _id_array(pandas, ids, found._kinds.id)
    result["name"] = found._names(rows)
    for name, what, format in found._numbers():
        numbers = _owned_numbers(found, what, rows, "f8" if format == "g" else "i8")
        if format == "g":
            numbers[absent] = float("nan")
        else:
            numbers = pandas.array(numbers, dtype="Int64")
            numbers[absent] = pandas.NA
        result[name] = numbers
    if found._kinds.attributes:
        result["attribute"] = found._attributes(rows)
    if found._kinds.payloads is not None:
        result["payload"] = pandas.Series(found._payloads(rows), dtype=None if rows else object)
    if index is not None:
        index = index if every else index.take(needle_of)
    frame = pandas.DataFrame({name: pandas.Series(column) for name, column in result.items()})
    return frame if index is None else frame.set_axis(index, axis=0)


def _id_array(pandas: Any, ids: List[Any], kind: str) -> Any:
    if kind != "int":
        return pandas.Series(ids, dtype=None if kind == "str" and ids else object)
    if all(each is None or -(1 << 63) <= each < 1 << 63 for each in ids):
        return pandas.array(ids, dtype="Int64")
    return pandas.array(ids, dtype="UInt64") if _are_unsigned(ids) else pandas.Series(ids, dtype=object)


def _are_unsigned(ids: List[Any]) -> bool:
    return all(each is None or 0 <= each < 1 << 64 for each in ids)


def _owned_numbers(found: Found, what: int, rows: List[int], dtype: str) -> Any:
    batch = found._column(what, rows)
    return _owned(lib.kfpy_lookup_take_numbers(batch), 8 * len(rows), dtype).copy()


_MAKERS = {"arrow": _to_arrow, "pandas": _to_pandas, "polars": _to_polars}


def check_output(output: str) -> None:
    if output not in OUTPUTS:
        raise _errors.ArgumentError(f'output must be one of {", ".join(map(repr, OUTPUTS))}, not {output!r}')
