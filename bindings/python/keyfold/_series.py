"""NumPy arrays and pandas' Series and Indexes as runs."""
from __future__ import annotations

from typing import Any, Iterator, List, Optional, Tuple

from . import _runs
from ._native import ffi, lib
from ._runs import BOOL, BYTES, DATE, FLOAT, MOMENT, OBJECT, SIGNED, SPAN, TEXT, UNSIGNED, UTC, Run
from ._shapes import library

_LAYOUTS = {"S": (BYTES, lib.KFPY_KEYS_PADDED), "V": (BYTES, lib.KFPY_KEYS_FIXED),
            "i": (SIGNED, lib.KFPY_KEYS_SIGNED), "u": (UNSIGNED, lib.KFPY_KEYS_UNSIGNED),
            "b": (BOOL, lib.KFPY_KEYS_UNSIGNED), "f": (FLOAT, lib.KFPY_COLUMN_FLOATS)}


def _masked(run: Run, absent: Any) -> Run:
    """The run, with nulls where the array of bool says so."""
    if absent is None or not absent.any():
        return run
    if run.column is None:
        assert run.items is not None
        run.items = [None if gone else item for item, gone in zip(run.items, absent.tolist())]
        return run
    import numpy
    bits = ffi.from_buffer("uint8_t[]", numpy.packbits(~absent, bitorder="little"))
    run.column.items.valid = bits
    run._keep = (run._keep, bits)
    return run


def numpy_run(values: Any, absent: Any = None) -> Run:
    """A one-dimensional array; `absent`, an array of bool or None, says where it has nulls."""
    if values.ndim != 1:
        raise TypeError(f"a column must be one-dimensional, not {values.ndim}-dimensional")
    if hasattr(values, "mask") and hasattr(values, "filled"):       # numpy.ma
        import numpy
        return numpy_run(values.data, numpy.ma.getmaskarray(values) if absent is None else absent)
    letter, shown, width = values.dtype.kind, str(values.dtype), values.dtype.itemsize
    if letter in "Mm":
        return _times(values, shown, absent)
    if letter == "U":
        native = values.dtype.isnative
        layout = lib.KFPY_KEYS_UCS4 if native else lib.KFPY_KEYS_UCS4_SWAPPED
        return _masked(_native(TEXT, shown, layout, values), absent)
    if letter in _LAYOUTS and values.dtype.names is None and not (letter == "f" and width > 8) and \
            (width or letter == "S"):
        if not values.dtype.isnative:
            values = values.astype(values.dtype.newbyteorder("="))
        return _masked(_native(*_LAYOUTS[letter][:1], shown, _LAYOUTS[letter][1], values), absent)
    return _masked(Run(OBJECT, shown, len(values), items=values.tolist()), absent)


def _times(values: Any, shown: str, absent: Any, family: str = "") -> Run:
    import numpy
    unit, count = numpy.datetime_data(values.dtype)
    letter = "m" if unit == "ms" else unit[0]
    if count != 1 or unit not in ("D", "s", "ms", "us", "ns") or (unit == "D" and values.dtype.kind == "m"):
        return _masked(Run(OBJECT, shown, len(values), items=list(values)), absent)     # tolist makes ints of some
    if not values.dtype.isnative:
        values = values.astype(values.dtype.newbyteorder("="))
    family = family or (SPAN if values.dtype.kind == "m" else DATE if unit == "D" else MOMENT)
    run = _native(family, shown, lib.KFPY_KEYS_SIGNED, values)
    _runs.timed(run.column, family, *_runs.UNITS[letter])
    lost = numpy.isnat(values)
    return _masked(run, lost if absent is None else lost | absent)


def _native(family: str, shown: str, layout: int, values: Any) -> Run:
    place = ffi.cast("char *", values.__array_interface__["data"][0])
    column = _runs.described(layout, len(values), place, values.dtype.itemsize, values.strides[0])
    if family == BOOL:
        column.distinct = _runs.BITS
    return Run(family, shown, len(values), column, keep=values)


# ---- pandas -----------------------------------------------------------------------------------------

def pandas_runs(column: Any) -> Iterator[Run]:
    """A Series or an Index. NaN and NA are nulls, as everywhere in pandas."""
    if getattr(column, "nlevels", 1) > 1:
        yield Run(OBJECT, "MultiIndex", len(column), items=column.tolist())
        return
    content = column.array
    if hasattr(content, "categories") and hasattr(content, "codes"):
        yield _categories(column, content)
    elif type(column.dtype).__name__ == "ArrowDtype" or getattr(column.dtype, "storage", None) == "pyarrow":
        yield from _runs.arrow_runs(content.__arrow_array__())
    elif hasattr(content, "_mask") and hasattr(column.dtype, "numpy_dtype"):      # Int64, Float64, boolean
        absent = column.isna()
        absent = absent if isinstance(absent, type(column.to_numpy())) else absent.to_numpy()
        yield numpy_run(column.to_numpy(column.dtype.numpy_dtype, na_value=0), absent)
    elif str(getattr(column.dtype, "tz", "")) == "UTC":
        moments = column.dt if hasattr(column, "dt") else column
        values = moments.tz_localize(None).to_numpy()
        yield _times(values, str(column.dtype), None, UTC)
    elif hasattr(column.dtype, "na_value"):
        yield Run(OBJECT, str(column.dtype), len(column), items=column.to_numpy(object, na_value=None).tolist())
    elif column.dtype.kind == "O":
        yield Run(OBJECT, str(column.dtype), len(column), items=column.tolist())
    else:
        values = column.to_numpy()
        yield numpy_run(values, values != values if values.dtype.kind == "f" else None)


def _categories(column: Any, content: Any) -> Run:
    """Places in the categories; -1 is a null."""
    found = [joined for joined in (_texts(run) for run in pandas_runs(content.categories))]
    shown = f"category of {content.categories.dtype}"
    if len(found) != 1 or found[0].column is None or found[0].family == BOOL:
        return Run(OBJECT, shown, len(column), items=column.tolist())
    run = numpy_run(content.codes)
    run.column.distinct = found[0].column
    run.column.negative_is_null = 1
    run.family, run.shown = found[0].family, shown
    run._keep = (run._keep, found[0])
    return run


def _texts(run: Run) -> Run:
    """The run, with a layout that C can read if it has objects that all are str."""
    if run.items is None or not run.items or {type(item) for item in run.items} != {str}:
        return run
    try:
        column, keep = _runs.strings([item.encode("utf-8", "surrogateescape") for item in run.items])
    except UnicodeEncodeError:
        return run
    return Run(TEXT, run.shown, run.count, column, keep=keep)


def column_runs(column: Any) -> List[Run]:
    """The runs of whatever is a column."""
    if library(column) == "pandas":
        return list(pandas_runs(column))
    if hasattr(column, "__arrow_c_array__") or hasattr(column, "__arrow_c_stream__"):
        return list(_runs.arrow_runs(column))
    return [numpy_run(column)]


def index_name(frame: Any) -> Tuple[bool, Optional[List[Any]]]:
    """Whether a frame's index says something of its own; and the names of its levels."""
    index = frame.index
    names = list(index.names)
    if index.nlevels > 1 or names[0] is not None:
        return True, names
    return index.dtype.kind not in "iu", names
