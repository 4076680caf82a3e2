"""The Arrow C data interface and its capsules (https://arrow.apache.org/docs/format/CDataInterface.html)."""
from __future__ import annotations

from . import _errors
from ._native import ffi, lib

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any, Callable, Iterator, List, Optional, Tuple

    _Functions = Tuple[Callable[[int, int, int], object], Callable[[object, bytes], int]]

_functions: List[_Functions] = []


def _capsules() -> _Functions:
    """PyCapsule_New and PyCapsule_GetPointer."""
    if _functions:
        return _functions[0]
    import ctypes   # not when keyfold is imported: few need it, and it takes milliseconds
    # Not ctypes.pythonapi.PyCapsule_New, whose types anybody else in the process may set.
    new: Any = ctypes.PYFUNCTYPE(ctypes.py_object, ctypes.c_void_p, ctypes.c_void_p, ctypes.c_void_p)(
        ("PyCapsule_New", ctypes.pythonapi))
    pointer: Any = ctypes.PYFUNCTYPE(ctypes.c_void_p, ctypes.py_object, ctypes.c_char_p)(
        ("PyCapsule_GetPointer", ctypes.pythonapi))
    _functions.append((new, pointer))
    return new, pointer


def _address(pointer: Any) -> int:
    return int(ffi.cast("uintptr_t", pointer))


def _opened(capsule: Any, kind: str, name: bytes) -> Any:
    return ffi.cast(f"struct {kind} *", _capsules()[1](capsule, name))


def schema_in(capsule: Any) -> Any:
    """The struct ArrowSchema * in a capsule."""
    return _opened(capsule, "ArrowSchema", b"arrow_schema")


def stream_capsule() -> Tuple[object, Any]:
    """A capsule, and the struct ArrowArrayStream * in it, which is to be filled."""
    place = lib.kfpy_stream_new()
    if place == ffi.NULL:
        raise MemoryError
    capsule = _capsules()[0](_address(place), _address(lib.kfpy_stream_name()),
                             _address(lib.kfpy_stream_destructor()))
    return capsule, ffi.cast("struct ArrowArrayStream *", place)


class Chunk:
    """An array that somebody else exported, while this object lives."""

    __slots__ = ("schema", "array", "_keep")

    def __init__(self, schema: Any, array: Any, keep: Any) -> None:
        self.schema = schema
        self.array = array
        self._keep = keep


def opened(column: Any) -> Tuple[Any, Iterator[Chunk], Any]:
    """The schema of an object with __arrow_c_array__ or __arrow_c_stream__; its arrays, the first of which is asked
    for when it is wanted; and the capsules."""
    if hasattr(column, "__arrow_c_array__"):
        capsules = column.__arrow_c_array__()
        own = _opened(capsules[0], "ArrowSchema", b"arrow_schema")
        return own, iter((Chunk(own, _opened(capsules[1], "ArrowArray", b"arrow_array"), capsules),)), capsules
    capsule = column.__arrow_c_stream__()
    stream = _opened(capsule, "ArrowArrayStream", b"arrow_array_stream")
    schema = ffi.gc(ffi.new("struct ArrowSchema *"), lib.kfpy_schema_release)
    _check(stream, stream.get_schema(stream, schema))
    return schema, _arrays(stream, schema, capsule), capsule


def _arrays(stream: Any, schema: Any, capsule: Any) -> Iterator[Chunk]:
    while True:
        owned_array = ffi.gc(ffi.new("struct ArrowArray *"), lib.kfpy_array_release)
        _check(stream, stream.get_next(stream, owned_array))
        if owned_array.release == ffi.NULL:
            return
        yield Chunk(schema, owned_array, capsule)


def chunks(column: Any) -> Iterator[Chunk]:
    """The arrays of an object with __arrow_c_array__ or __arrow_c_stream__."""
    return opened(column)[1]


def _check(stream: Any, code: int) -> None:
    if code:
        text = stream.get_last_error(stream)
        message = ffi.string(text).decode("utf-8", "replace") if text != ffi.NULL else f"error {code}"
        raise ValueError(f"the Arrow stream failed: {message}")


class ArrowArray:
    """A column of results for any library that knows Arrow's C data interface: pyarrow.array(column),
    polars.Series(column), pandas.Series.from_arrow(column). It is handed over without a copy, any number of
    times.

    >>> import pyarrow
    >>> table = keyfold.compile("capitals.kf", {"Peru": "Lima", "Poland": "Warsaw"})
    >>> column = table.get_many(["Peru", "Chile"], output="arrow")
    >>> pyarrow.array(column).to_pylist()
    ['Lima', None]
    """

    __slots__ = ("_batch", "_what", "_nulls", "format")

    def __init__(self, batch: Any, what: int, nulls: bool, format: str) -> None:
        self._batch = batch
        self._what = what
        self._nulls = nulls
        self.format = format   # Arrow's: "U" is large_utf8, "L" uint64

    def __len__(self) -> int:
        return self._batch.count   # type: ignore[no-any-return]

    @property
    def null_count(self) -> int:
        """How many items are null.

        >>> table = keyfold.compile("capitals.kf", {"Peru": "Lima", "Poland": "Warsaw"})
        >>> table.get_many(["Peru", "Chile"], output="arrow").null_count
        1
        """
        if self._what == lib.KFPY_EXPORT_NULLS:
            return len(self)
        return self._batch.count - self._batch.found if self._nulls else 0

    def __arrow_c_array__(self, requested_schema: Optional[object] = None) -> Tuple[object, object]:
        """Capsules of an ArrowSchema and an ArrowArray."""
        schema, array = lib.kfpy_schema_new(), lib.kfpy_array_new()
        if schema == ffi.NULL or array == ffi.NULL:
            lib.kfpy_free(schema)
            lib.kfpy_free(array)
            raise MemoryError
        new = _capsules()[0]
        # From here on the capsules free what there is.
        pair = (new(_address(schema), _address(lib.kfpy_schema_name()),
                    _address(lib.kfpy_schema_destructor())),
                new(_address(array), _address(lib.kfpy_array_name()), _address(lib.kfpy_array_destructor())))
        _errors.check(lib.kfpy_lookup_export(self._batch, self._what, self._nulls, self.format.encode(),
                                            ffi.cast("struct ArrowSchema *", schema),
                                            ffi.cast("struct ArrowArray *", array)))
        return pair

    def __repr__(self) -> str:
        return f"<keyfold.ArrowArray of format {self.format!r}: {len(self)} items, {self.null_count} null>"
