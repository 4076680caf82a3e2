"""Many keys at once: one call of C for a whole column, with the interpreter lock released."""
from __future__ import annotations

import struct
import sys

from . import _errors
from ._light import Later
from ._native import ffi, lib
from ._table import Table

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import (Any, Callable, Iterable, List, Literal, Optional, Protocol, Tuple, TypeVar,
                        Union, overload)

    import numpy
    from numpy.typing import NDArray

    from . import _arrow, _columns
    from ._arrow import ArrowArray
    from ._codecs import Codec
    from ._keys import KeyKind
    from ._types import Output

    K = TypeVar("K")
    V_co = TypeVar("V_co", covariant=True)
    T = TypeVar("T")

    class _ArrowColumn(Protocol):
        def __arrow_c_array__(self, requested_schema: Optional[object] = None) -> Tuple[object, object]: ...

    class _ArrowStream(Protocol):
        def __arrow_c_stream__(self, requested_schema: Optional[object] = None) -> object: ...

    Column = Union[Iterable[Optional[K]], _ArrowColumn, _ArrowStream]
    _List = Literal["list"]
    _NumPy = Literal["numpy"]
    _Arrow = Literal["arrow"]
    _Arrays = Tuple[NDArray[Any], NDArray[numpy.bool_]]     # results, and which keys were found
else:
    from ._light import overload

    _arrow, _columns = Later("_arrow"), Later("_columns")

_FEW = 64       # keys that are looked up one by one
_OUTPUTS = ("list", "numpy", "arrow")
# What else there is for values that have no Arrow type.
_TEXTS = ', and a dictionary opened with codec="str" their JSON texts'
_BYTES = ', and a dictionary opened with codec="raw" their bytes'
# Values that are all of one width, and may be the items of an array: numpy's and Arrow's names of the type.
_STRUCT = {"b": ("i1", "c"), "B": ("u1", "C"), "h": ("i2", "s"), "H": ("u2", "S"), "i": ("i4", "i"),
           "I": ("u4", "I"), "l": ("i4", "i"), "L": ("u4", "I"), "q": ("i8", "l"), "Q": ("u8", "L"),
           "e": ("f2", "e"), "f": ("f4", "f"), "d": ("f8", "g")}


# Dates and times: their layout, that of the array, NumPy's and Arrow's names of the type.
_MOMENTS = {"date": ("<i", "<i4", "M8[D]", "tdD"), "datetime": ("<q", "<i8", "M8[us]", "tsu:"),
            "datetime-utc": ("<q", "<i8", "M8[us]", "tsu:UTC"), "timedelta": ("<q", "<i8", "m8[us]", "tDu")}


class _Number:
    """A value that is a number of a fixed width. `moment` is what NumPy calls it if it is a date or a time."""

    __slots__ = ("layout", "numpy", "arrow", "moment")

    def __init__(self, layout: str, numpy: str, arrow: str, moment: str = "") -> None:
        self.layout = struct.Struct(layout)
        self.numpy = numpy
        self.arrow = arrow
        self.moment = moment


def _number(codec: "Codec") -> Optional[_Number]:
    if codec.name == "float":
        return _Number("<d", "<f8", "g")
    if codec.name in _MOMENTS:
        layout, numpy, moment, arrow = _MOMENTS[codec.name]
        return _Number(layout, numpy, arrow, moment)
    name = codec.name[len("struct:"):]
    if codec.name.startswith("struct:") and name[:1] in ("<", ">", "!") and name[1:] in _STRUCT:
        order = "<" if name[0] == "<" else ">"
        numpy, arrow = _STRUCT[name[1:]]
        return _Number(name, order + numpy, arrow)
    return None


def number_of(dictionary: "Batches[Any, Any]") -> Optional[_Number]:
    """What the values are, if all of them are numbers of a fixed width."""
    return _number(dictionary._codec) if dictionary._type == lib.KF_VALUES_BYTES else None


def _new() -> Any:
    batch = lib.kfpy_lookup_new()
    if batch == ffi.NULL:
        raise MemoryError
    return ffi.gc(batch, lib.kfpy_lookup_free)


def _unpacked(whole: Any, offsets: Any, count: int) -> List[Any]:
    """What lies between the offsets."""
    places = ffi.unpack(offsets, count + 1)
    return [whole[start:end] for start, end in zip(places, places[1:])]


def _numpy() -> Any:
    try:
        import numpy
    except ImportError:
        raise ImportError('output="numpy" needs the numpy package') from None
    return numpy


def _owned(pointer: Any, size: int, dtype: str) -> Any:
    """A numpy array of memory that C allocated for it."""
    numpy = _numpy()
    if size == 0:
        lib.kfpy_free(pointer)
        return numpy.empty(0, dtype)
    memory = ffi.gc(pointer, lib.kfpy_free, size)
    return numpy.frombuffer(ffi.buffer(memory, size), dtype)


class Batches(Table["K", "V_co"]):
    """The part of Dictionary that takes many keys.

    Keys may be a list or tuple, a numpy array (of str, bytes, integers or objects), a pandas Series or Index,
    a polars Series, a pyarrow array, or whatever else has Arrow's __arrow_c_array__ or __arrow_c_stream__;
    for other iterables a list is made. Arrays are read where they lie. None, NaN and nulls are absent keys.
    An array of bytes is taken as UTF-8 where keys are str.

    output="list"   a list
    output="numpy"  a pair of arrays: the results, and which keys were found
    output="arrow"  an ArrowArray, with nulls
    """

    __slots__ = ()

    # ---- ordinals -----------------------------------------------------------------------------

    def _found(self, keys: Any, by: Callable[[Any, Any, Any], int], kind: "KeyKind") -> Any:
        """A kfpy_lookup of the ordinals."""
        c = self._pointer()
        batch = _new()
        before: Optional[_columns.Source] = None
        distinct: Any = None
        for source in _columns.sources(kind, keys):
            if source.distinct is None:
                status = by(batch, c, source.keys)
            else:
                if before is None or source.same is None or before.same != source.same:
                    distinct = _new()
                    for part in source.distinct:
                        self._checked(by(distinct, c, part.keys), distinct)
                status = lib.kfpy_lookup_gather(batch, distinct, source.keys)
                before = source        # and its memory, which the next may be in as well
            self._checked(status, batch)
        return batch

    def _checked(self, status: int, batch: Any) -> None:
        if status == lib.KF_LIMIT:
            raise IndexError(f"item {batch.wrong}: there is no such ordinal")
        if status == lib.KF_INVALID:
            raise ValueError(f"item {batch.wrong} of the keys is broken")
        _errors.check(status, None, self.path)

    def _batch(self, keys: Any) -> Any:
        return self._found(keys, lib.kfpy_lookup_find, self._keys)

    @overload
    def ordinals(self, keys: Column[K], *, output: _List = "list") -> List[Optional[int]]: ...
    @overload
    def ordinals(self, keys: Column[K], *, output: _NumPy) -> NDArray[numpy.int64]: ...
    @overload
    def ordinals(self, keys: Column[K], *, output: _Arrow) -> ArrowArray: ...
    @overload
    def ordinals(self, keys: Column[K], *, output: Output) -> Any: ...

    def ordinals(self, keys: Any, *, output: Output = "list") -> Any:
        """The ordinals of many keys: None for absent ones; as numpy one array of int64, with -1 for them.

        >>> words = keyfold.compile("words.kf", {"talk": 7, "walk": 5, "walked": 9, "walking": 20})
        >>> words.ordinals(["walk", "run"])
        [1, None]
        """
        _check_output(output)
        batch = self._batch(keys)
        if output == "arrow":
            return _arrow.ArrowArray(batch, lib.KFPY_EXPORT_ORDINALS, True, "L")
        if output == "numpy":
            size = 8 * batch.count
            return _owned(lib.kfpy_lookup_take_ordinals(batch), size, "i8")
        return _patched(batch, ffi.unpack(batch.ordinals, batch.count) if batch.count else [], None)

    @overload
    def contains_many(self, keys: Column[K], *, output: _List = "list") -> List[bool]: ...
    @overload
    def contains_many(self, keys: Column[K], *, output: _NumPy) -> NDArray[numpy.bool_]: ...
    @overload
    def contains_many(self, keys: Column[K], *, output: _Arrow) -> ArrowArray: ...
    @overload
    def contains_many(self, keys: Column[K], *, output: Output) -> Any: ...

    def contains_many(self, keys: Any, *, output: Output = "list") -> Any:
        """Which of many keys are there, as booleans (as numpy: one array).

        >>> words = keyfold.compile("words.kf", {"talk": 7, "walk": 5, "walked": 9, "walking": 20})
        >>> words.contains_many(["walk", "run"])
        [True, False]
        """
        _check_output(output)
        batch = self._batch(keys)
        if output == "arrow":
            return _arrow.ArrowArray(batch, lib.KFPY_EXPORT_FOUND, False, "b")
        if output == "numpy":
            return _mask(batch)
        if batch.found == batch.count:
            return [True] * batch.count   # type: ignore[no-any-return]
        found = ffi.new("uint8_t[]", batch.count)
        lib.kfpy_lookup_mask(batch, found)
        return list(map(bool, ffi.buffer(found)[:]))

    # ---- values -------------------------------------------------------------------------------

    @overload
    def get_many(self, keys: Column[K], default: None = None, *,
                 output: _List = "list") -> List[Optional[V_co]]: ...
    @overload
    def get_many(self, keys: Column[K], default: T, *, output: _List = "list") -> List[Union[V_co, T]]: ...
    @overload
    def get_many(self, keys: Column[K], default: Any = None, *, output: _NumPy) -> _Arrays: ...
    @overload
    def get_many(self, keys: Column[K], default: Any = None, *, output: _Arrow) -> ArrowArray: ...
    @overload
    def get_many(self, keys: Column[K], default: Any = None, *, output: Output) -> Any: ...

    def get_many(self, keys: Any, default: Any = None, *, output: Output = "list") -> Any:
        """The values of many keys, and the default for those that are absent.

        codec         as numpy                         as Arrow
        u64           uint64                           uint64
        int           int64 if all fit, else objects   int64, or LimitError where a value does not fit
        float         float64                          double
        struct:<one>  the number's type                the number's type (little-endian ones)
        date          datetime64[D]                    date32
        datetime      datetime64[us]                   timestamp[us] (datetime-utc: with UTC)
        timedelta     timedelta64[us]                  duration[us]
        str, raw      objects                          large_utf8, large_binary
        none          objects                          null (contains_many tells what is there)
        others        objects                          TypeError

        Absent ones are the default; without one 0 in arrays of numbers, NaT in those of times, None in those of
        objects, null in Arrow's.

        >>> words = keyfold.compile("words.kf", {"talk": 7, "walk": 5, "walked": 9, "walking": 20})
        >>> words.get_many(["walk", "run"], 0)
        [5, 0]
        >>> values, found = words.get_many(["walk", "run"], output="numpy")
        >>> values.tolist(), found.tolist()
        ([5, 0], [True, False])
        """
        if output == "list" and type(keys) in (list, tuple) and len(keys) <= _FEW:
            few = self._get_few(keys, default)
            if few is not None:
                return few
        _check_output(output)
        return self._results(self._batch(keys), default, output)

    @overload
    def values_at(self, ordinals: Column[int], default: None = None, *,
                  output: _List = "list") -> List[Optional[V_co]]: ...
    @overload
    def values_at(self, ordinals: Column[int], default: T, *,
                  output: _List = "list") -> List[Union[V_co, T]]: ...
    @overload
    def values_at(self, ordinals: Column[int], default: Any = None, *, output: _NumPy) -> _Arrays: ...
    @overload
    def values_at(self, ordinals: Column[int], default: Any = None, *, output: _Arrow) -> ArrowArray: ...
    @overload
    def values_at(self, ordinals: Column[int], default: Any = None, *, output: Output) -> Any: ...

    def values_at(self, ordinals: Any, default: Any = None, *, output: Output = "list") -> Any:
        """The values of keys by their ordinals, as get_many. None, null and -1, which `ordinals` returns for
        absent keys, get the default; other ordinals that don't exist raise IndexError.

        >>> words = keyfold.compile("words.kf", {"talk": 7, "walk": 5, "walked": 9, "walking": 20})
        >>> words.values_at([1, -1])
        [5, None]
        """
        _check_output(output)
        batch = self._found(ordinals, lib.kfpy_lookup_ordinals, _columns.ORDINALS)
        return self._results(batch, default, output)

    def _results(self, batch: Any, default: Any, output: str) -> Any:
        if output == "list":
            return self._as_list(batch, default)
        if self._type == lib.KF_VALUES_U64:
            fallback = 0 if default is None else default
            try:
                status = lib.kfpy_lookup_numbers(batch, self._pointer(), fallback)
            except (TypeError, OverflowError):
                raise TypeError("the default must be an integer from 0 to 2**64-1 here, "
                                f"not {default!r}") from None
            self._value_status(status, batch)
            if output == "arrow":
                return _arrow.ArrowArray(batch, lib.KFPY_EXPORT_NUMBERS, default is None, "L")
            return self._with_mask(batch, "u8")
        if self._codec.name == "int":
            return self._as_integers(batch, default, output)
        number = number_of(self)
        if number is not None and (output == "numpy" or number.numpy[0] == "<"):
            return self._as_numbers(batch, number, default, output)
        return self._as_arrow(batch, default) if output == "arrow" else self._as_objects(batch, default)

    def _value_status(self, status: int, batch: Any) -> None:
        if status == lib.KF_TYPE:
            raise _errors.CodecError(f"{self.path}: the value of item {batch.wrong} is not one of codec "
                                     f"{self._codec.name!r}")
        _errors.check(status, None, self.path)

    def _with_mask(self, batch: Any, dtype: str) -> Tuple[Any, Any]:
        mask = _mask(batch)
        size = batch.count * int(dtype[-1])
        return _owned(lib.kfpy_lookup_take_numbers(batch), size, dtype), mask

    def _as_numbers(self, batch: Any, number: _Number, default: Any, output: str) -> Any:
        try:
            fallback = number.layout.pack(0 if default is None else default) if not number.moment else \
                bytes(number.layout.size) if default is None else self._codec.encode(default)
        except (struct.error, TypeError, ValueError) as problem:
            raise TypeError(f"the default does not fit codec {self._codec.name!r}: {problem}") from None
        self._value_status(lib.kfpy_lookup_fixed(batch, self._pointer(), len(fallback), fallback), batch)
        if output == "arrow":
            return _arrow.ArrowArray(batch, lib.KFPY_EXPORT_NUMBERS, default is None, number.arrow)
        values, found = self._with_mask(batch, number.numpy)
        if number.moment:
            values = values.astype(number.moment)
            if default is None:
                values[~found] = "NaT"
        return values, found

    def _as_integers(self, batch: Any, default: Any, output: str) -> Any:
        status = lib.KF_LIMIT
        try:
            status = lib.kfpy_lookup_signed(batch, self._pointer(), 0 if default is None else default)
        except (TypeError, OverflowError):
            if output == "arrow":
                raise TypeError("the default must be an integer from -2**63 to 2**63-1 here, "
                                f"not {default!r}") from None
        if status == lib.KF_LIMIT and output == "numpy":
            return self._as_objects(batch, default)
        if status == lib.KF_LIMIT:
            raise _errors.LimitError(f"{self.path}: the value of item {batch.wrong} does not fit Arrow's "
                                     'int64: output="list" and output="numpy" give integers of any size')
        self._value_status(status, batch)
        if output == "arrow":
            return _arrow.ArrowArray(batch, lib.KFPY_EXPORT_NUMBERS, default is None, "l")
        return self._with_mask(batch, "i8")

    def _as_arrow(self, batch: Any, default: Any) -> ArrowArray:
        name = self._codec.name
        if name == "none":
            if default is not None:
                raise TypeError(f"the default must be None here, as all values are, not {default!r}; "
                                "contains_many tells which keys are there")
            return _arrow.ArrowArray(batch, lib.KFPY_EXPORT_NULLS, False, "n")
        format = {"str": "U", "raw": "Z"}.get(name)
        if format is None:
            others = ", and output=\"numpy\" an array" if number_of(self) is not None else \
                _TEXTS if name in ("json", "object") else _BYTES
            raise TypeError(f"values of codec {name!r} have no Arrow type: output=\"list\" gives them as they "
                            f"are{others}")
        try:
            fallback = b"" if default is None else self._codec.encode(default)
        except (TypeError, ValueError):
            raise TypeError(f"the default does not fit codec {self._codec.name!r}: {default!r}") from None
        self._packed(batch, False, fallback)
        if format == "U" and lib.kfpy_lookup_check_utf8(batch):
            raise _errors.CodecError(f"{self.path}: the value of item {batch.wrong} is not UTF-8, so it is no "
                                     'text to Arrow: open the file with codec="raw"')
        return _arrow.ArrowArray(batch, lib.KFPY_EXPORT_PACKED, default is None, format)

    def _as_objects(self, batch: Any, default: Any) -> Tuple[Any, Any]:
        numpy = _numpy()
        values = numpy.empty(batch.count, object)
        values[:] = self._as_list(batch, default)
        return values, _mask(batch)

    def _packed(self, batch: Any, separator: bool, fallback: bytes = b"") -> None:
        status = lib.kfpy_lookup_packed(batch, self._pointer(), separator, fallback, len(fallback))
        self._value_status(status, batch)

    def _as_list(self, batch: Any, default: Any) -> List[Any]:
        count = batch.count
        if batch.found == 0:
            return [default] * count
        if self._type == lib.KF_VALUES_NONE:
            return _patched(batch, [None] * count, default)
        if self._type == lib.KF_VALUES_U64:
            self._value_status(lib.kfpy_lookup_numbers(batch, self._pointer(), 0), batch)
            return _patched(batch, ffi.unpack(batch.numbers, count), default)
        name = self._codec.name
        if name == "str":
            return _patched(batch, self._texts(batch), default)
        if name == "float" and sys.byteorder == "little":
            self._value_status(lib.kfpy_lookup_fixed(batch, self._pointer(), 8, bytes(8)), batch)
            return _patched(batch, ffi.unpack(ffi.cast("double *", batch.numbers), count), default)
        self._packed(batch, False)
        whole = ffi.buffer(batch.value_data, batch.value_offsets[count])[:]
        parts = _unpacked(whole, batch.value_offsets, count)
        if name == "raw":
            return _patched(batch, parts, default)
        return self._decoded(batch, parts, default)

    def _texts(self, batch: Any) -> List[str]:
        """All values in one string, cut where the zero bytes between them are."""
        self._packed(batch, True)
        if not batch.has_zeros:
            whole = ffi.buffer(batch.value_data, batch.value_offsets[batch.count])[:]
            return whole.decode("utf-8", "surrogateescape").split("\0")   # type: ignore[no-any-return]
        self._packed(batch, False)
        whole = ffi.buffer(batch.value_data, batch.value_offsets[batch.count])[:]
        return list(map(self._decode, _unpacked(whole, batch.value_offsets, batch.count)))

    def _decoded(self, batch: Any, parts: List[bytes], default: Any) -> List[Any]:
        try:
            if batch.found == batch.count:
                return list(map(self._decode, parts))
            found = ffi.new("uint8_t[]", batch.count)
            lib.kfpy_lookup_mask(batch, found)
            return [self._decode(part) if there else default
                    for part, there in zip(parts, ffi.buffer(found)[:])]
        except Exception as problem:
            raise self._undecodable(problem) from problem


def _missing(batch: Any) -> List[int]:
    """The places of the absent keys."""
    count = batch.count - batch.found
    if count == 0:
        return []
    places = ffi.new("uint64_t[]", count)
    lib.kfpy_lookup_missing(batch, places)
    return ffi.unpack(places, count)   # type: ignore[no-any-return]


def _patched(batch: Any, values: List[Any], default: Any) -> List[Any]:
    for place in _missing(batch):
        values[place] = default
    return values


def _mask(batch: Any) -> Any:
    found = _numpy().empty(batch.count, bool)
    if batch.count:
        lib.kfpy_lookup_mask(batch, ffi.from_buffer("uint8_t[]", found.view("u1"), require_writable=True))
    return found


def _check_output(output: str) -> None:
    if output not in _OUTPUTS:
        raise _errors.ArgumentError(f'output must be one of {", ".join(map(repr, _OUTPUTS))}, not {output!r}')
