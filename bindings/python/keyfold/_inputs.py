"""The source of a build: of pairs, or of tables."""
from __future__ import annotations

import itertools
from collections import abc
from typing import TYPE_CHECKING, Any, NoReturn

from . import _errors
from ._light import Later
from ._pack import Source
from ._shapes import Columns, is_columns, is_strange, is_table

if TYPE_CHECKING:
    from . import _intake
else:
    _intake = Later("_intake")


def refuse_strange(table: Any) -> NoReturn:
    """Raises the error of a table that can't be read."""
    ways = ("to_arrow", "toArrow", "to_pandas", "toPandas", "compute")
    way = next((f": {name}() may make one that has it" for name in ways if hasattr(table, name)), "")
    kind = type(table)
    raise _errors.ArgumentError(f"a table of type {kind.__module__}.{kind.__qualname__} has no __arrow_c_stream__ to "
                                f"be read by{way}")


def source_of(pairs: Any, columns: Columns, weighted: bool, name: str = "", lists: bool = False,
              mapping: bool = False) -> Source:
    """A source of pairs, of a frame, or of frames one after the other. `lists` and `mapping` as for a Source."""
    whole, sized = pairs, isinstance(pairs, abc.Sized)
    if is_columns(pairs):
        return _intake.Intake((pairs,), columns, weighted, name, lists)
    if is_strange(pairs):
        refuse_strange(pairs)
    if isinstance(pairs, abc.Iterable) and not isinstance(pairs, (abc.Mapping, abc.ItemsView, str, bytes)):
        again = iter(pairs)
        first = list(itertools.islice(again, 1))
        if first and is_strange(first[0]):
            refuse_strange(first[0])
        if first and is_columns(first[0]) and type(first[0]) is not tuple and is_table(first[0]):
            return _intake.Intake(itertools.chain(first, again), columns, weighted, name, lists, many=True)
        if first and (hasattr(first[0], "__arrow_c_array__") or hasattr(first[0], "__arrow_c_stream__")):
            raise _errors.ArgumentError(f"{name or 'the input'}: columns are given as a tuple (keys, values), "
                                        f"not as a {type(pairs).__name__}")
        if again is pairs:
            pairs = itertools.chain(first, again)
    if columns != Columns():
        raise _errors.ArgumentError("key=, value= and nulls= are about tables of columns (Arrow, pandas, NumPy): "
                                    f"{name or 'these inputs'} are none")
    source = Source(pairs, weighted, name, lists, mapping)
    if sized:
        source.rows = len(whole)
    return source
