"""Runs: pieces of the columns that a build takes, described for C (kfpy_column) or, where C has no layout for
them, as lists of Python objects."""
from __future__ import annotations

import datetime
import struct
import sys
from array import array
from typing import Any, Dict, Iterator, List, Optional, Tuple

from . import _arrow
from ._columns import is_null
from ._native import ffi, lib
from ._scalars import EPOCH_DAY, MICROSECOND, from_microseconds

# What the items of a column are, as far as the choice of a codec and the packing depend on it. All others are OBJECT.
TEXT, BYTES, SIGNED, UNSIGNED, FLOAT, BOOL, NULL, OBJECT = \
    "text", "bytes", "signed", "unsigned", "float", "bool", "null", "object"
# Times are called as their codecs are.
DATE, MOMENT, UTC, SPAN = "date", "datetime", "datetime-utc", "timedelta"
TIMES = (DATE, MOMENT, UTC, SPAN)

# Arrow's formats: family, the name that users know, layout, width, buffers.
_FORMATS: Dict[str, Tuple[str, str, int, int, int]] = {
    "u": (TEXT, "string", lib.KFPY_KEYS_OFFSETS_32, 0, 3),
    "U": (TEXT, "large_string", lib.KFPY_KEYS_OFFSETS_64, 0, 3),
    "vu": (TEXT, "string_view", lib.KFPY_KEYS_VIEWS, 0, 3),
    "z": (BYTES, "binary", lib.KFPY_KEYS_OFFSETS_32, 0, 3),
    "Z": (BYTES, "large_binary", lib.KFPY_KEYS_OFFSETS_64, 0, 3),
    "vz": (BYTES, "binary_view", lib.KFPY_KEYS_VIEWS, 0, 3),
    "e": (FLOAT, "float16", lib.KFPY_COLUMN_FLOATS, 2, 2),
    "f": (FLOAT, "float32", lib.KFPY_COLUMN_FLOATS, 4, 2),
    "g": (FLOAT, "float64", lib.KFPY_COLUMN_FLOATS, 8, 2),
    "b": (BOOL, "bool", lib.KFPY_COLUMN_BITS, 0, 2),
    "n": (NULL, "null", -1, 0, 0),
    **{letter: (SIGNED, f"int{8 << i}", lib.KFPY_KEYS_SIGNED, 1 << i, 2) for i, letter in enumerate("csil")},
    **{letter: (UNSIGNED, f"uint{8 << i}", lib.KFPY_KEYS_UNSIGNED, 1 << i, 2) for i, letter in enumerate("CSIL")},
}
# What those are called that are taken as Python objects: by how the format begins.
_OTHERS = (("tts", "time32"), ("ttm", "time32"), ("tt", "time64"),
           ("ts", "timestamp"), ("tD", "duration"), ("ti", "interval"), ("d:", "decimal"), ("+l", "list"),
           ("+L", "large_list"), ("+v", "list_view"), ("+w", "fixed_size_list"), ("+s", "struct"), ("+m", "map"),
           ("+u", "union"), ("+r", "run_end_encoded"))
# Extension types whose items are not what is stored.
_OPAQUE = ("arrow.uuid", "arrow.bool8")
_LIMIT = 1 << 62
_EMPTY = ffi.new("char[]", 16)


# Times: the width of an item, and by what it is multiplied and divided.
UNITS = {"D": (1, 1), "s": (1_000_000, 1), "m": (1000, 1), "u": (1, 1), "n": (1, 1000)}
_UNIT_NAMES = {"s": "s", "m": "ms", "u": "us", "n": "ns"}
_DAY = 86_400_000
_LEAST_DAY, _MOST_DAY = 1 - EPOCH_DAY, datetime.date.max.toordinal() - EPOCH_DAY
_RANGES = {DATE: (_LEAST_DAY, _MOST_DAY), SPAN: (-1 << 63, (1 << 63) - 1),
           **dict.fromkeys((MOMENT, UTC), (_LEAST_DAY * _DAY * 1000, (_MOST_DAY + 1) * _DAY * 1000 - 1))}


class BrokenArray(ValueError):
    """A producer's array contradicts itself."""


class Run:
    """`count` items of one type: in `column`, or in `items`, or all of them null."""

    __slots__ = ("family", "shown", "count", "column", "items", "_keep")

    def __init__(self, family: str, shown: str, count: int, column: Any = None, items: Optional[List[Any]] = None,
                 keep: Any = None) -> None:
        self.family = family
        self.shown = shown
        self.count = count
        self.column = column
        self.items = items
        self._keep = keep

    def nulls(self, start: int, count: int, mask: Any) -> bool:
        """Clears the mask where items are null; whether there are any."""
        if self.column is not None:
            wrong = ffi.new("size_t *")
            place = ffi.from_buffer("uint8_t[]", mask, require_writable=True)
            found = lib.kfpy_column_nulls(self.column, start, count, place, wrong)
            ffi.release(place)
            if found < 0:
                raise BrokenArray(f"row {start + wrong[0]} is beyond the array's dictionary")
            return bool(found)
        if self.items is None:
            mask[:count] = bytes(count)
            return count > 0
        found = False
        for i in range(count):
            if is_null(self.items[start + i]):
                mask[i] = 0
                found = True
        return found

    def listed(self, start: int, count: int, mask: Optional[bytearray]) -> List[Any]:
        """The items as Python objects, but for those with a 0 in the mask."""
        if self.column is None:
            items = [None] * count if self.items is None else self.items[start:start + count]
            return items if mask is None else [item for item, there in zip(items, mask) if there]
        packed = new_packed()
        if self.family in (TEXT, BYTES):
            sizes, data = pack(packed, self.column, start, count, mask, lib.KFPY_PACK_BYTES)
            whole, at = bytes(data), 0
            parts = []
            for size in array("Q", bytes(sizes)):
                parts.append(whole[at:at + size])
                at += size
            return [part.decode("utf-8", "surrogateescape") for part in parts] if self.family == TEXT else parts
        what = lib.KFPY_PACK_FLOAT if self.family == FLOAT else lib.KFPY_PACK_WORDS
        sizes, data = pack(packed, self.column, start, count, mask, what)
        if self.family == FLOAT:
            return list(struct.unpack(f"<{len(data) // 8}d", data))
        words: List[Any] = array("Q" if self.family == UNSIGNED else "q", bytes(sizes)).tolist()
        if self.family in TIMES:
            return [_time(self.family, word, self.column) for word in words]
        return list(map(bool, words)) if self.family == BOOL else words


def _time(family: str, word: int, column: Any) -> Any:
    """The date or time that an item is."""
    number, rest = divmod(word * column.multiply, column.divide)
    if rest or not column.least <= number <= column.most:
        raise ValueError(f"{word}, in the unit of the column, is finer than what Python's {family} holds, or beyond it")
    if family == DATE:
        return datetime.date.fromordinal(number + EPOCH_DAY)
    if family == SPAN:
        return number * MICROSECOND
    return from_microseconds(number, datetime.timezone.utc if family == UTC else None)


# ---- packing ----------------------------------------------------------------------------------------

def new_packed() -> Any:
    """A kfpy_packed."""
    packed = ffi.gc(lib.kfpy_packed_new(), lib.kfpy_packed_free)
    if packed == ffi.NULL:
        raise MemoryError
    return packed


class Unfit(Exception):
    """An item can't be packed so: the status, and its place."""


def pack(packed: Any, column: Any, start: int, count: int, mask: Optional[bytearray], what: int) -> Tuple[Any, Any]:
    """Sizes and data of the items; they lie in `packed`."""
    place = ffi.NULL if mask is None else ffi.from_buffer("uint8_t[]", mask)
    status = lib.kfpy_pack(packed, column, start, count, place, what)
    if mask is not None:
        ffi.release(place)
    if status == lib.KF_NO_MEMORY:
        raise MemoryError
    if status:
        raise Unfit(status, packed.wrong)
    sizes = ffi.buffer(packed.sizes, 8 * packed.count) if packed.count else b""
    return sizes, ffi.buffer(packed.data, packed.size) if packed.size else b""


def timed(column: Any, family: str, multiply: int, divide: int) -> Any:
    """The column as one of times."""
    column.multiply, column.divide = multiply, divide
    column.least, column.most = _RANGES[family]
    return column


def has_negative(run: Run, start: int, count: int, mask: Optional[bytearray]) -> bool:
    """Whether an integer whose row has no 0 in the mask is below 0."""
    place = ffi.NULL if mask is None else ffi.from_buffer("uint8_t[]", mask)
    found = lib.kfpy_column_has_negative(run.column, start, count, place)
    if mask is not None:
        ffi.release(place)
    return bool(found)


def with_distinct(column: Any, texts: List[bytes]) -> Tuple[Any, Any]:
    """The column as one of places in a list; and what must live as long."""
    distinct, keep = strings(texts)
    own = ffi.new("kfpy_column *", column[0])
    own.distinct = distinct
    return own, (distinct, keep)


def strings(texts: List[bytes]) -> Tuple[Any, Any]:
    """A column of texts; and what must live as long."""
    whole = b"".join(texts)
    offsets = array("q", [0])
    for text in texts:
        offsets.append(offsets[-1] + len(text))
    column = described(lib.KFPY_KEYS_OFFSETS_64, len(texts), ffi.from_buffer(whole) if whole else ffi.NULL)
    column.items.offsets = place = ffi.from_buffer(offsets)
    return column, (whole, offsets, place, column.items.data)


def described(layout: int, count: int, data: Any, width: int = 0, stride: Optional[int] = None) -> Any:
    """A kfpy_column."""
    column = ffi.new("kfpy_column *")
    items = column.items
    items.layout, items.count, items.data = layout, count, data
    items.width, items.stride = width, width if stride is None else stride
    return column


_ZERO_ONE = ffi.new("uint8_t[]", [0, 1])
BITS = described(lib.KFPY_KEYS_UNSIGNED, 2, _ZERO_ONE, 1)      # what the places in columns of bits stand for


# ---- Arrow ------------------------------------------------------------------------------------------

def _extension(schema: Any) -> str:
    """The name of a schema's extension type: in the metadata a number of pairs, each text after its size."""
    if schema.metadata == ffi.NULL:
        return ""
    at = ffi.cast("uint8_t *", schema.metadata)

    def number() -> int:
        nonlocal at
        value = int.from_bytes(ffi.buffer(at, 4), sys.byteorder, signed=True)
        at += 4
        return max(0, value)

    def text() -> bytes:
        nonlocal at
        size = number()
        content = bytes(ffi.buffer(at, size)) if size else b""
        at += size
        return content

    pairs = dict((text(), text()) for _ in range(number()))
    return pairs.get(b"ARROW:extension:name", b"").decode("utf-8", "replace")


def arrow_format(schema: Any) -> str:
    """A schema's format."""
    if schema.format == ffi.NULL:
        raise BrokenArray("an Arrow schema without a format")
    return str(ffi.string(schema.format).decode("utf-8", "replace"))


def arrow_type(schema: Any) -> Tuple[str, str]:
    """The family of an Arrow type, and its name."""
    format = arrow_format(schema)
    extension = _extension(schema)
    if extension in _OPAQUE:
        return OBJECT, extension
    if schema.dictionary != ffi.NULL:
        family, shown = arrow_type(schema.dictionary)
        if schema.dictionary.dictionary != ffi.NULL or _FORMATS.get(format, (OBJECT,))[0] not in (SIGNED, UNSIGNED):
            family = OBJECT
        return (OBJECT if family in (NULL, BOOL, *TIMES) else family), f"dictionary of {shown}"
    if format in _FORMATS:
        return _FORMATS[format][:2]
    if format.startswith("w:"):
        return BYTES, f"fixed_size_binary[{format[2:]}]"
    if format in ("tdD", "tdm"):
        return DATE, "date32" if format == "tdD" else "date64"
    if format[:2] in ("tD", "ts") and format[2:3] in _UNIT_NAMES:
        unit, zone = _UNIT_NAMES[format[2]], format[4:]
        if format[1] == "D":
            return SPAN, f"duration[{unit}]"
        # Other zones are part of the values.
        family = MOMENT if not zone else UTC if zone == "UTC" else OBJECT
        return family, f"timestamp[{unit}{', ' if zone else ''}{zone}]"
    for begin, name in _OTHERS:
        if format.startswith(begin):
            return OBJECT, name
    return OBJECT, format


def from_arrow(schema: Any, raw: Any, first: int, count: int, keep: Any) -> Run:
    """Items of an Arrow array, from one of them on; its family is not OBJECT."""
    family, shown = arrow_type(schema)
    if min(raw.length, raw.offset, first, count, raw.n_buffers) < 0 or first + count > raw.length or \
            raw.length + raw.offset > _LIMIT:
        raise BrokenArray("the lengths of an Arrow array contradict each other")
    if family == NULL:
        return Run(family, shown, count)
    format = arrow_format(schema)
    column = _arrow_column(format, raw, first, count)
    if schema.dictionary != ffi.NULL:
        if raw.dictionary == ffi.NULL:
            raise BrokenArray("an Arrow array lacks its dictionary")
        distinct = from_arrow(schema.dictionary, raw.dictionary, 0, raw.dictionary.length, keep)
        column.distinct = distinct.column
        keep = (keep, distinct)
    elif family == BOOL:
        column.distinct = BITS
    elif family in TIMES:
        timed(column, family, *((1, _DAY) if format == "tdm" else UNITS[format[2]]))
    return Run(family, shown, count, column, keep=keep)


def _arrow_column(format: str, raw: Any, first: int, count: int) -> Any:
    if format.startswith("w:"):
        width = int(format[2:])
        layout, buffers = lib.KFPY_KEYS_FIXED, 2
        if width < 0:
            raise BrokenArray(f"items of {width} bytes")
    elif format[0] == "t":
        layout, width, buffers = lib.KFPY_KEYS_SIGNED, 4 if format == "tdD" else 8, 2
    else:
        _, _, layout, width, buffers = _FORMATS[format]
    if raw.n_buffers < buffers or (raw.n_buffers > buffers and layout != lib.KFPY_KEYS_VIEWS) or \
            (count and raw.buffers == ffi.NULL):
        raise BrokenArray(f"an Arrow array of format {format!r} has {raw.n_buffers} buffers")
    if count == 0:
        return described(layout, 0, _EMPTY, width)
    # Strings may be without data: C looks whether all of them are empty then.
    has_offsets = layout in (lib.KFPY_KEYS_OFFSETS_32, lib.KFPY_KEYS_OFFSETS_64)
    if raw.buffers[1] == ffi.NULL and not (layout == lib.KFPY_KEYS_FIXED and width == 0):
        raise BrokenArray(f"an Arrow array of format {format!r} lacks a buffer")
    column = described(layout, count, raw.buffers[2 if has_offsets else 1], width)
    items = column.items
    items.first = raw.offset + first
    if has_offsets:
        items.offsets = raw.buffers[1]
    elif layout == lib.KFPY_KEYS_VIEWS:
        items.buffers, items.buffer_count = raw.buffers + 2, raw.n_buffers - 3
        items.offsets = raw.buffers[raw.n_buffers - 1]
        if items.buffer_count and items.offsets == ffi.NULL:
            raise BrokenArray("an Arrow array of views lacks the sizes of its buffers")
    elif layout == lib.KFPY_KEYS_FIXED and width == 0:
        items.data = _EMPTY
    if raw.null_count:
        items.valid = ffi.cast("uint8_t *", raw.buffers[0])
        if raw.null_count > 0 and raw.buffers[0] == ffi.NULL:
            raise BrokenArray("an Arrow array with nulls does not say where they are")
    return column


def arrow_runs(column: Any) -> Iterator[Run]:
    """The runs of an Arrow array or of a stream of such."""
    schema, chunks, capsules = _arrow.opened(column)
    family, shown = arrow_type(schema)
    if family == OBJECT:
        for part in _pyarrow_arrays(column, capsules, shown):
            yield Run(OBJECT, shown, len(part), items=part.to_pylist())
        return
    for chunk in chunks:
        yield from_arrow(schema, chunk.array, 0, chunk.array.length, chunk)


class Again:
    """What has been opened already, for pyarrow."""

    def __init__(self, capsules: Any) -> None:
        self._capsules = capsules

    def __arrow_c_array__(self, requested_schema: Any = None) -> Any:
        return self._capsules

    def __arrow_c_stream__(self, requested_schema: Any = None) -> Any:
        return self._capsules


def pyarrow(why: str) -> Any:
    """The pyarrow package."""
    try:
        import pyarrow
    except ImportError:
        raise ImportError(f"{why} needs the pyarrow package: pip install pyarrow") from None
    return pyarrow


def _pyarrow_arrays(column: Any, capsules: Any, shown: str) -> Any:
    package = pyarrow(f"a column of type {shown}")
    if hasattr(column, "__arrow_c_array__"):
        return (package.array(Again(capsules)),)
    return package.chunked_array(Again(capsules)).chunks
