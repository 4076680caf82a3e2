"""What a Dictionary is as a table: an Arrow stream, and the frames that others make of it."""
from __future__ import annotations

from typing import Any, Dict, List, Optional, Tuple

from . import _arrow, _errors, _runs
from ._batch import number_of
from ._bounds import Bounds, ordinals
from ._entries import own
from ._native import ffi, lib
from ._table import Table

_Column = Tuple[int, str, int]      # what it is, Arrow's format, the width of an item
_NONE: _Column = (lib.KFPY_STREAM_NONE, "", 0)
_SMALL = {"u": lib.KFPY_STREAM_TEXT, "z": lib.KFPY_STREAM_BYTES}


def _key_column(table: Table[Any, Any], bounds: Bounds) -> Optional[_Column]:
    name = table.key_kind
    if name == "str":
        return lib.KFPY_STREAM_TEXT, "U", 0
    if name == "bytes":
        return lib.KFPY_STREAM_BYTES, "Z", 0
    return (lib.KFPY_STREAM_KEY, _integers(table, bounds), 8) if name == "int" else None


def _integers(table: Any, bounds: Bounds) -> str:
    """The format for keys of kind int: they are in order, so the first and the last say what all need."""
    low, high = ordinals(table._pointer(), bounds)
    if low == high:
        return "l"
    least, most = table.key_at(low), table.key_at(high - 1)
    if -(1 << 63) <= least and most < 1 << 63:
        return "l"
    if 0 <= least and most < 1 << 64:
        return "L"
    raise _errors.LimitError(f"{table.path}: the keys are from {least} to {most}, which no Arrow integer holds; "
                             "start= and stop= can leave some out, and to_pandas gives objects")


def _value_column(table: Table[Any, Any]) -> Optional[_Column]:
    if table._type == lib.KF_VALUES_U64:
        return lib.KFPY_STREAM_U64, "L", 8
    name = table.codec
    if name == "none":
        return _NONE
    if name in ("str", "raw"):
        return (lib.KFPY_STREAM_TEXT, "U", 0) if name == "str" else (lib.KFPY_STREAM_BYTES, "Z", 0)
    if name == "int":
        return lib.KFPY_STREAM_INT, "l", 8
    number = number_of(table)       # type: ignore[arg-type]
    if number is not None and number.numpy[0] == "<":
        return lib.KFPY_STREAM_FIXED, number.arrow, number.layout.size
    return None


def _refuse_keys(table: Table[Any, Any]) -> TypeError:
    return TypeError(f"{table.path}: {table.key_kind} keys have no Arrow type; to_pandas gives them as objects")


def _mixed(table: Table[Any, Any], whose: str, problem: Exception) -> TypeError:
    return TypeError(f"{table.path}: the values have no one {whose} type ({str(problem).partition(chr(10))[0]}); "
                     f"to_pandas gives them as objects{_otherwise(table)}")


def _otherwise(table: Table[Any, Any]) -> str:
    """What else there is for values without an Arrow type."""
    if table.codec in ("json", "object"):
        return ', and a dictionary opened with codec="str" their JSON texts'
    return ', and one opened with codec="raw" their bytes'


def _requested(column: _Column, formats: Dict[str, str], name: str) -> _Column:
    """The column with offsets of 32 bits if those are asked for. What else is asked for is the consumer's to make."""
    what, format, width = column
    asked = formats.get(name, "")
    if _SMALL.get(asked) == what and what:
        return what | lib.KFPY_STREAM_SMALL, asked, width
    return column


def _formats(requested: Any) -> Dict[str, str]:
    """The formats of the columns of a requested schema, which is a capsule or None."""
    if requested is None:
        return {}
    schema = _arrow.schema_in(requested)
    names = [schema.children[place] for place in range(schema.n_children)]
    return {ffi.string(each.name).decode("utf-8", "replace"): _runs.arrow_format(each)
            for each in names if each.name != ffi.NULL}


def stream(table: Table[Any, Any], bounds: Bounds, requested: Any = None, values: bool = True) -> Any:
    """The capsule of an ArrowArrayStream."""
    key, value = _key_column(table, bounds), _value_column(table) if values else _NONE
    if key is None:
        raise _refuse_keys(table)
    if value is None:
        raise TypeError(f"{table.path}: values of codec {table.codec!r} have no Arrow type of their own: to_arrow "
                        f"looks at all of them for one, to_pandas gives them as they are{_otherwise(table)}")
    formats = _formats(requested)
    c = table._pointer()
    options, keep = bounds.options()
    out, error = ffi.new("kf_iter **"), ffi.new("kf_error *")
    _errors.check(lib.kf_iter_create(out, c, options, error), error, table.path)
    iterator = own(out[0], c)
    kinds, texts = [], []
    for name, column in (("key", key), ("value", value)):
        what, format, width = _requested(column, formats, name)
        texts.append(ffi.new("char[]", format.encode()))
        kinds.append(ffi.new("kfpy_stream_column *", (what, texts[-1], width)))
    del keep
    capsule, place = _arrow.stream_capsule()
    _errors.check(lib.kfpy_stream_export(place, iterator, id(iterator), table.path.encode("utf-8", "replace"),
                                         *kinds))
    return capsule


class Entries:
    """Entries within bounds, for who knows Arrow's protocol."""

    __slots__ = ("table", "bounds", "values")

    def __init__(self, table: Table[Any, Any], bounds: Bounds, values: bool = True) -> None:
        self.table = table
        self.bounds = bounds
        self.values = values

    def __arrow_c_stream__(self, requested_schema: Any = None) -> Any:
        return stream(self.table, self.bounds, requested_schema, self.values)


def to_arrow(items: Any) -> Any:
    """A pyarrow.Table of what an ItemsView holds."""
    pyarrow = _runs.pyarrow("to_arrow")
    table, bounds = items._mapping, items._bounds
    if _key_column(table, bounds) is None:
        raise _refuse_keys(table)
    if _value_column(table) is not None:
        return pyarrow.table(Entries(table, bounds))
    made = pyarrow.table(Entries(table, bounds, False))
    try:
        return made.append_column("value", pyarrow.array([value for _, value in items]))
    except (pyarrow.ArrowException, ValueError, TypeError) as problem:
        raise _mixed(table, "Arrow", problem) from problem


def to_polars(items: Any) -> Any:
    """A polars.DataFrame."""
    try:
        import polars
    except ImportError:
        raise ImportError("to_polars needs the polars package: pip install polars") from None
    table, bounds = items._mapping, items._bounds
    if _key_column(table, bounds) is None:
        raise _refuse_keys(table)
    if _value_column(table) is not None:
        return polars.DataFrame(Entries(table, bounds))
    made = polars.DataFrame(Entries(table, bounds, False))
    values = [value for _, value in items]
    try:
        return made.with_columns(polars.Series("value", values))
    except Exception as problem:        # polars has errors of many kinds
        raise _mixed(table, "Polars", problem) from problem


def to_pandas(items: Any) -> Any:
    """A pandas.DataFrame."""
    try:
        import pandas
    except ImportError:
        raise ImportError("to_pandas needs the pandas package: pip install pandas") from None
    table, bounds = items._mapping, items._bounds
    try:
        key, value = _key_column(table, bounds), _value_column(table)
    except _errors.LimitError:
        key, value = None, _value_column(table)
    if key is not None and value is not None and table.codec != "int" and _has_pyarrow():
        return _runs.pyarrow("to_pandas").table(Entries(table, bounds)).to_pandas(split_blocks=True,
                                                                                  self_destruct=True)
    keys: List[Any] = []
    values: List[Any] = []
    for each, its in items:
        keys.append(each)
        values.append(its)
    columns: Dict[str, Any] = {"key": _series(pandas, keys, table.key_kind, key)}
    if value != _NONE:
        columns["value"] = _series(pandas, values, table.codec, value)
    return pandas.DataFrame(columns)


def _has_pyarrow() -> bool:
    try:
        import pyarrow  # noqa: F401
    except ImportError:
        return False
    return True


_DTYPES = {"l": "int64", "L": "uint64", "g": "float64", "f": "float32", "e": "float16", "i": "int32", "I": "uint32",
           "s": "int16", "S": "uint16", "c": "int8", "C": "uint8"}


def _series(pandas: Any, items: List[Any], name: str, column: Optional[_Column]) -> Any:
    if column is None or name in ("raw", "bytes"):
        return pandas.Series(items, dtype=object)
    if name == "str":
        return pandas.Series(items, dtype=None if items else object)
    if column[1] not in _DTYPES:    # dates and times, which pandas knows
        return pandas.Series(items, dtype=None if items else object)
    try:
        return pandas.Series(items, dtype=_DTYPES[column[1]])
    except OverflowError:       # codec "int" has no limits
        return pandas.Series(items, dtype=object)
