"""pandas: looking up a whole Series.

    df["name"] = keyfold.pandas.lookup(df["id"], table)

s.map(table.get) gives the same values, one call of Python for each of them; so does s.map(table) from pandas 3 on.
Before that pandas makes a Series of the whole table first.
"""
from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pandas as pd

from . import _batch

if TYPE_CHECKING:
    from ._dictionary import Dictionary

__all__ = ["lookup"]


def lookup(series: "pd.Series[Any]", dictionary: "Dictionary[Any, Any]",
           default: Any = None) -> "pd.Series[Any]":
    """The values of a Series of keys, as a Series with its index and name.

    str values     keep the dtype of a Series of strings; otherwise they are objects
    numbers        uint64 of integers that the file holds as such, int64 for codec int (objects if one does
                   not fit), the number's type for codecs float and struct:<one>. Where keys are absent and
                   there is no default: nullable (UInt64), or NaN in floats
    times          datetime64 (of codec datetime-utc with UTC) and timedelta64, with NaT
    other values   objects

    >>> import pandas
    >>> ages = keyfold.compile("ages.kf", {"Ann": 31, "Bo": 27})
    >>> keyfold.pandas.lookup(pandas.Series(["Bo", "Cy"]), ages, 0).tolist()
    [27, 0]
    """
    if not isinstance(series, pd.Series):
        raise TypeError(f"a Series is needed, not {type(series).__name__}")
    values = _values(series, dictionary, default)
    result: "pd.Series[Any]" = pd.Series(values, index=series.index, name=series.name, dtype=values.dtype)
    return result


def _values(series: "pd.Series[Any]", dictionary: "Dictionary[Any, Any]", default: Any) -> Any:
    if dictionary.codec in ("u64", "int") or _batch.number_of(dictionary) is not None:
        values, found = dictionary.get_many(series, default, output="numpy")
        if dictionary.codec == "datetime-utc":
            return pd.DatetimeIndex(values, tz="UTC").array
        if dictionary.codec == "date":
            return pd.Series(dictionary.get_many(series, default), dtype=object).to_numpy()
        return values if values.dtype == object else _numbers(values, found, default is not None)
    dtype: Any = _text_dtype(series) if dictionary.codec == "str" else None
    if dtype is None:
        return pd.Series(dictionary.get_many(series, default), dtype=object).to_numpy()
    if default is None or isinstance(default, str):
        try:
            import pyarrow
        except ImportError:
            pass
        else:
            return pd.array(pyarrow.array(dictionary.get_many(series, default, output="arrow")), dtype=dtype)
    return pd.array(dictionary.get_many(series, default), dtype=dtype)


def _text_dtype(series: "pd.Series[Any]") -> Any:
    """The series' dtype, or that of its categories, if it is one of strings; else None."""
    dtype: Any = series.dtype
    if isinstance(dtype, pd.CategoricalDtype):
        dtype = dtype.categories.dtype
    if isinstance(dtype, pd.StringDtype):
        return dtype
    if isinstance(dtype, pd.ArrowDtype) and dtype.type is str:
        return dtype
    return None


def _numbers(values: Any, found: Any, has_default: bool) -> Any:
    values = values.astype(values.dtype.newbyteorder("="), copy=False)
    if values.dtype.kind in "mM":       # NaT where keys are absent
        return values
    if has_default or found.all():
        return values
    if values.dtype.kind == "f":
        values[~found] = float("nan")
        return values
    return pd.arrays.IntegerArray(values, ~found)
