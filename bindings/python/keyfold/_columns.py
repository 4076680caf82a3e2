"""Where keys lie: lists, numpy arrays, Arrow arrays and what pandas and polars make of them, as kfpy_keys."""
from __future__ import annotations

import sys
from array import array
from collections import abc

from . import _arrow, _keys
from ._keys import KeyKind
from ._native import ffi, lib

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any, Iterable, Iterator, List, Optional, Sequence

# Arrow's names of integers: layout and width.
_INTEGERS = {name: (layout, 1 << place)
             for layout, names in ((lib.KFPY_KEYS_SIGNED, "csil"), (lib.KFPY_KEYS_UNSIGNED, "CSIL"))
             for place, name in enumerate(names)}
_OFFSETS = {"u": lib.KFPY_KEYS_OFFSETS_32, "U": lib.KFPY_KEYS_OFFSETS_64, "z": lib.KFPY_KEYS_OFFSETS_32,
            "Z": lib.KFPY_KEYS_OFFSETS_64}
_INT = _keys.KINDS["int"]
# Not keys but ordinals themselves.
ORDINALS = KeyKind("int", _INT.encode, _INT.decode, False)
_DIGITS = b"0" + b"1" * 255
_EMPTY = ffi.new("char[]", 8)     # what columns without any bytes point to


class Source:
    """A run of keys. With `distinct`, the keys are places in those."""

    __slots__ = ("keys", "distinct", "same", "_keep")

    def __init__(self, keys: Any, keep: Any, distinct: Optional[Iterable["Source"]] = None,
                 same: Any = None) -> None:
        self.keys = keys
        self.distinct = distinct
        self.same = same       # two sources with the same one (not None) have the same distinct keys
        self._keep = keep


def _described(layout: int, count: int, data: Any, **rest: Any) -> Any:
    keys = ffi.new("kfpy_keys *")
    keys.layout, keys.count = layout, count
    keys.data = data if data != ffi.NULL else _EMPTY
    for name, value in rest.items():
        setattr(keys, name, value)
    return keys


# ---- lists ------------------------------------------------------------------------------------------

def _sized(parts: Sequence[bytes], mask: Optional[bytearray] = None) -> Source:
    """Keys end to end, with their sizes. A 0 in the mask is no key."""
    whole = b"".join(parts)
    sizes = array("Q", map(len, parts))
    place = ffi.from_buffer(whole) if whole else ffi.NULL
    keys = _described(lib.KFPY_KEYS_SIZES, len(parts), place, size=len(whole))
    offsets = ffi.from_buffer(sizes) if sizes else ffi.NULL
    keys.offsets = offsets
    return _masked(Source(keys, (whole, place, sizes, offsets)), mask)


def _masked(source: Source, mask: Optional[bytearray]) -> Source:
    if mask is not None:
        # Every byte becomes a bit: the number that the last to the first are the binary digits of.
        bits = int(mask.translate(_DIGITS)[::-1], 2).to_bytes(len(mask) // 8 + 1, "little")
        valid = ffi.from_buffer("uint8_t[]", bits)
        source.keys.valid = valid
        source._keep = (source._keep, bits, valid)
    return source


def _separated(whole: bytes, count: int) -> Source:
    place = ffi.from_buffer(whole) if whole else ffi.NULL
    return Source(_described(lib.KFPY_KEYS_SEPARATED, count, place, size=len(whole)), (whole, place))


def _encoded(kind: KeyKind, keys: Sequence[Any]) -> Source:
    """Any keys, one by one: those that can't be one are masked."""
    encode, mask = kind.encode, bytearray()
    parts: List[bytes] = []
    for key in keys:
        try:
            part = encode(key)
        except (TypeError, ValueError):
            parts.append(b"")
            mask.append(0)
        else:
            parts.append(part)
            mask.append(1)
    return _sized(parts, mask if 0 in mask else None)


def from_list(kind: KeyKind, keys: Sequence[Any]) -> Source:
    """Keys of a list or tuple; what is no key of the kind is absent."""
    if kind is ORDINALS:
        return _from_ordinals(keys)
    if not keys:
        return _separated(b"", 0)
    if kind.name == "str":
        return _from_texts(kind, keys)
    if kind.name == "bytes" and set(map(type, keys)) == {bytes}:
        whole = b"\0".join(keys)
        if whole.count(0) == len(keys) - 1:
            return _separated(whole, len(keys))
        return _sized(keys)
    return _encoded(kind, keys)


def _from_texts(kind: KeyKind, keys: Sequence[Any]) -> Source:
    mask: Optional[bytearray] = None
    try:
        try:
            whole = "\0".join(keys).encode()
        except TypeError:      # None, NaN and the like
            mask = bytearray([isinstance(key, str) for key in keys])
            whole = "\0".join([key if isinstance(key, str) else "" for key in keys]).encode()
    except UnicodeEncodeError:
        return _encoded(kind, keys)
    if whole.count(0) == len(keys) - 1:
        return _masked(_separated(whole, len(keys)), mask)
    return _encoded(kind, keys)


def _from_ordinals(ordinals: Sequence[Any]) -> Source:
    if None in ordinals:
        ordinals = [-1 if each is None else each for each in ordinals]
    try:
        numbers = array("q", ordinals)
    except OverflowError:
        raise IndexError("there is no such ordinal") from None
    place = ffi.from_buffer(numbers) if numbers else ffi.NULL
    return Source(_described(lib.KFPY_KEYS_SIGNED, len(numbers), place, width=8, stride=8), (numbers, place))


# ---- numpy ------------------------------------------------------------------------------------------

def _numpy_integers(values: Any) -> Source:
    values = values.astype(values.dtype.newbyteorder("="), copy=False)
    layout = lib.KFPY_KEYS_SIGNED if values.dtype.kind == "i" else lib.KFPY_KEYS_UNSIGNED
    return _numpy_items(values, layout)


def _numpy_items(values: Any, layout: int) -> Source:
    address = values.__array_interface__["data"][0]
    return Source(_described(layout, len(values), ffi.cast("char *", address), width=values.dtype.itemsize,
                             stride=values.strides[0]), values)


def _from_numpy(kind: KeyKind, values: Any) -> Source:
    if values.ndim != 1:
        raise ValueError(f"keys must be one-dimensional, not {values.ndim}-dimensional")
    letter = values.dtype.kind
    if hasattr(values, "mask"):
        return from_list(kind, values.tolist())
    if letter == "U":
        if kind.name == "bytes":
            raise TypeError("the dictionary's keys are bytes: an array of str can't hold any")
        if kind.name == "str":
            native = "<" if sys.byteorder == "little" else ">"
            is_native = values.dtype.byteorder in ("=", native)
            return _numpy_items(values, lib.KFPY_KEYS_UCS4 if is_native else lib.KFPY_KEYS_UCS4_SWAPPED)
    if letter == "S" and kind.name in ("str", "bytes"):
        return _numpy_items(values, lib.KFPY_KEYS_PADDED)
    if letter == "V" and kind.name == "bytes" and values.dtype.names is None:
        return _numpy_items(values, lib.KFPY_KEYS_FIXED)
    if letter in "iu" and kind.name == "int":
        return _numpy_integers(values)
    # The items of times would be mere ints where they are finer than datetime.
    return from_list(kind, list(values) if letter in "mM" else values.tolist())


# ---- Arrow ------------------------------------------------------------------------------------------

def _from_arrow(kind: KeyKind, column: Any) -> Iterator[Source]:
    if kind.name == "any":      # dates and floats among them, which only Python encodes
        yield from_list(kind, _arrow_list(column))
        return
    for chunk in _arrow.chunks(column):
        yield _from_chunk(kind, chunk, chunk.schema, chunk.array)


def _from_chunk(kind: KeyKind, chunk: Any, schema: Any, raw: Any) -> Source:
    format = ffi.string(schema.format).decode()
    if raw.length == 0 and schema.dictionary == ffi.NULL:
        return from_list(kind, ())
    buffers = raw.buffers
    valid = ffi.cast("uint8_t *", buffers[0]) if raw.n_buffers and raw.null_count else ffi.NULL
    if schema.dictionary != ffi.NULL:
        layout, width = _INTEGERS[format]
        distinct = raw.dictionary
        same = (distinct.length, distinct.offset, distinct.null_count,
                *(int(ffi.cast("uintptr_t", distinct.buffers[i])) for i in range(distinct.n_buffers)))
        keys = _described(layout, raw.length, buffers[1], width=width, stride=width, valid=valid,
                          first=raw.offset)
        return Source(keys, chunk, [_from_chunk(kind, chunk, schema.dictionary, distinct)], same)
    if format == "n":
        return from_list(kind, [None] * raw.length)
    is_text = format in ("u", "U", "vu")
    if is_text and kind.name == "str" or format in ("z", "Z", "vz") or format.startswith("w:"):
        if kind.name not in ("str", "bytes"):
            raise TypeError(f"the dictionary's keys are of kind {kind.name}, not bytes")
        if format in _OFFSETS:
            keys = _described(_OFFSETS[format], raw.length, buffers[2], offsets=buffers[1])
        elif format.startswith("w:"):
            width = int(format[2:])
            keys = _described(lib.KFPY_KEYS_FIXED, raw.length, buffers[1], width=width, stride=width)
        else:
            # The last buffer has the sizes of those before.
            keys = _described(lib.KFPY_KEYS_VIEWS, raw.length, buffers[1], buffers=buffers + 2,
                              buffer_count=max(0, raw.n_buffers - 3), offsets=buffers[raw.n_buffers - 1])
    elif kind.name == "int" and format in _INTEGERS:
        layout, width = _INTEGERS[format]
        keys = _described(layout, raw.length, buffers[1], width=width, stride=width)
    else:
        raise TypeError(f"an Arrow array of format {format!r} can't hold keys of kind {kind.name}")
    keys.valid, keys.first = valid, raw.offset
    return Source(keys, chunk)


# ---- pandas -----------------------------------------------------------------------------------------

def is_pandas(column: Any) -> bool:
    """Whether it is a Series or an Index."""
    return type(column).__module__.partition(".")[0] == "pandas" and hasattr(column, "to_numpy")


def _from_pandas(kind: KeyKind, column: Any) -> Iterator[Source]:
    if getattr(column, "nlevels", 1) > 1 or not hasattr(column, "dtype"):
        yield from_list(kind, column.to_numpy().tolist())
        return
    content = column.array
    if hasattr(content, "categories") and hasattr(content, "codes"):
        source = _numpy_integers(content.codes)
        source.distinct = sources(kind, content.categories)
        yield source
    elif type(column.dtype).__name__ == "ArrowDtype" or getattr(column.dtype, "storage", None) == "pyarrow":
        yield from _from_arrow(kind, content.__arrow_array__())
    elif hasattr(column.dtype, "na_value"):
        yield from sources(kind, column.to_numpy(object, na_value=None))
    else:
        yield from sources(kind, column.to_numpy())


TEXT = _keys.KINDS["str"]


# ---- needles ----------------------------------------------------------------------------------------

def _arrow_list(column: Any) -> List[Any]:
    for name in ("to_pylist", "to_list"):       # pyarrow's and polars' own
        if hasattr(column, name):
            return list(getattr(column, name)())
    try:
        import pyarrow
    except ImportError:
        raise TypeError(f"a {type(column).__name__} of needles needs the pyarrow package, or a list") from None
    if hasattr(column, "__arrow_c_array__"):
        return pyarrow.array(column).to_pylist()   # type: ignore[no-any-return]
    return pyarrow.chunked_array(column).to_pylist()   # type: ignore[no-any-return]


def is_null(item: Any) -> bool:
    """Whether it is None, NaN, NaT or NA."""
    return item is None or item != item if type(item).__name__ != "NAType" else True


def needles(kind: KeyKind, column: Any, strict: bool = False) -> List[Any]:
    """The keys of a column as sources() takes it, one by one; None for those that are neither str nor bytes, which are
    refused unless they are nulls if that is to be `strict`."""
    refuse_one(column)
    wanted = bytes if kind.name == "bytes" else str
    items: Any = column
    is_array = True
    numpy = sys.modules.get("numpy")
    if is_pandas(column):
        items = column.to_numpy().tolist()
    elif hasattr(column, "__arrow_c_array__") or hasattr(column, "__arrow_c_stream__"):
        items = _arrow_list(column)
    elif numpy is not None and isinstance(column, numpy.ndarray):
        if column.ndim != 1:
            raise ValueError(f"keys must be one-dimensional, not {column.ndim}-dimensional")
        items = column.tolist()
    else:
        items, is_array = list(column), False
    if is_array and wanted is str:      # arrays of bytes are taken as UTF-8
        items = [kind.decode(item) if isinstance(item, bytes) else item for item in items]
    found = [item if isinstance(item, wanted) else None for item in items]
    other = str if wanted is bytes else bytes
    for number, item in enumerate(items) if None in found else ():
        if isinstance(item, other):
            raise TypeError(f"item {number} of the needles is {other.__name__}, but the dictionary's keys are "
                            f"{wanted.__name__}")
        if strict and found[number] is None and not is_null(item):
            raise TypeError(f"item {number} of the needles is {type(item).__name__}, not a str")
    return found


# ---- all of them ------------------------------------------------------------------------------------

def refuse_one(keys: Any) -> None:
    """Raises TypeError of what is no column of keys: one key, or a whole table."""
    if isinstance(keys, (str, bytes, bytearray, memoryview)):
        raise TypeError(f"many keys are needed, not one {type(keys).__name__}: [{keys!r:.60}] is a list of one")
    if hasattr(type(keys), "columns"):      # which iterate over their columns' names, or have no items
        raise TypeError(f"one column of keys is needed, not a {type(keys).__name__}: pass one of its columns, or for "
                        "keys that are tuples a list of its rows as tuples")


def sources(kind: KeyKind, keys: Any) -> Iterable[Source]:
    """The runs of a column of keys."""
    if isinstance(keys, (list, tuple)):
        return (from_list(kind, keys),)
    refuse_one(keys)
    if is_pandas(keys):
        return _from_pandas(kind, keys)
    if (hasattr(keys, "__arrow_c_array__") or hasattr(keys, "__arrow_c_stream__")) and \
            not isinstance(keys, abc.Mapping):      # a Dictionary is a table: of it the keys are meant
        return _from_arrow(kind, keys)
    numpy = sys.modules.get("numpy")
    if numpy is not None and isinstance(keys, numpy.ndarray):
        return (_from_numpy(kind, keys),)
    return (from_list(kind, list(keys)),)
