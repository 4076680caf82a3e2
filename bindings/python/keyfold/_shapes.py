"""What is a table or a column of some library, by looking at it; and what a build is told about its columns."""
from __future__ import annotations

from collections import abc
from typing import Any, List, NamedTuple, Tuple


class Columns(NamedTuple):
    """Which columns of a frame are which, and what becomes of nulls."""

    key: Any = None
    value: Any = None
    nulls: str = "error"

    @property
    def labels(self) -> Tuple[str, ...]:
        """What columns without names are called."""
        return "key", "value", "weight"

    @property
    def single(self) -> str:
        """And one alone."""
        return "key"

    @property
    def asked(self) -> str:
        """What the caller of a frame with more columns must say."""
        return "key= and value="

    def spoken(self) -> List[Any]:
        """The names that the caller has said."""
        return [each for asked in (self.key, self.value) if asked is not None
                for each in (asked if isinstance(asked, list) else [asked])]


_LIBRARIES = ("pyarrow", "polars", "pandas", "numpy", "duckdb", "_duckdb")


def library(thing: Any) -> str:
    """The library that a table or column is of, if it is one of those that have ways of their own; else ""."""
    for kind in type(thing).__mro__:        # of GeoPandas' frames it is pandas
        root = kind.__module__.partition(".")[0]
        if root in _LIBRARIES:
            return root
    return ""


def is_strange(thing: Any) -> bool:
    """Whether it looks like a table of a library that does not speak Arrow: going through one gives its names."""
    return not isinstance(thing, abc.Mapping) and not is_columns(thing) and (
        hasattr(type(thing), "__dataframe__") or hasattr(thing, "columns") and hasattr(thing, "dtypes"))


def is_columns(thing: Any) -> bool:
    """Whether it is a table or column of some library, which _frames can take apart, or a tuple of columns."""
    kind = type(thing)
    if kind in (dict, list, str):
        return False
    if kind is tuple:
        return 2 <= len(thing) <= 3 and all(map(_is_column, thing))
    if isinstance(thing, (abc.Mapping, abc.ItemsView)):
        return False
    if hasattr(kind, "__arrow_c_stream__") or hasattr(kind, "__arrow_c_array__"):
        return True
    root = library(thing)
    if root == "pandas":
        return hasattr(thing, "iloc") or hasattr(thing, "get_level_values")
    if root == "numpy":
        return _is_column(thing) and not _has_rows(thing)
    return root in ("pyarrow", "polars") and is_table(thing)


def _is_column(thing: Any) -> bool:
    if library(thing) == "numpy":
        return hasattr(thing, "dtype") and thing.ndim > 0
    return type(thing) is not tuple and is_columns(thing) and not is_table(thing)


def _has_rows(values: Any) -> bool:
    """Whether the items of a numpy array are pairs."""
    if values.dtype.names is not None:
        return False
    return values.ndim != 1 or values.dtype.kind == "O" and len(values) > 0 and isinstance(values[0], (tuple, list))


def is_table(thing: Any) -> bool:
    """Whether what has columns is more than one column; of libraries that are not known it is."""
    root = library(thing)
    if root in ("numpy", "pandas", "polars"):
        return hasattr(type(thing), "columns")
    return root != "pyarrow" or any(hasattr(type(thing), name) for name in ("schema", "scanner", "to_reader"))
