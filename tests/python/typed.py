"""What type checkers make of the package: checked by test_types.py, with mypy --strict. Never run.

An ignore that is not needed is an error too, so these lines show what is refused."""
from typing import Any, Dict, List, Optional, Tuple, Union

import numpy
import numpy.typing
import pandas
from typing_extensions import assert_type

import keyfold

Arrays = Tuple["numpy.typing.NDArray[Any]", "numpy.typing.NDArray[numpy.bool_]"]


def lookups(table: "keyfold.Dictionary[str, int]", name: str) -> None:
    assert_type(table["a"], int)
    assert_type(table.get("a"), Optional[int])
    assert_type(table.get("a", 0.5), Union[int, float])
    assert_type(list(table.items()), List[Tuple[str, int]])
    assert_type(table.key_at(0), str)
    assert_type(table.longest_prefix("abc"), Optional[str])
    assert_type(table.prefixes("abc"), List[str])
    table.get(5)                                            # type: ignore[call-overload]


def many(table: "keyfold.Dictionary[str, int]", keys: List[str], name: str) -> None:
    assert_type(table.get_many(keys), List[Optional[int]])
    assert_type(table.get_many(("a", None)), List[Optional[int]])
    assert_type(table.get_many(keys, 0), List[int])
    assert_type(table.get_many(keys, ""), List[Union[int, str]])
    assert_type(table.get_many(keys, output="numpy"), Arrays)
    assert_type(table.get_many(keys, 0, output="numpy"), Arrays)
    assert_type(table.get_many(keys, output="arrow"), keyfold.ArrowArray)
    assert_type(table.get_many(table.get_many(keys, output="arrow")), List[Optional[int]])
    assert_type(table.get_many(keys, output=name), Any)
    assert_type(table.ordinals(keys), List[Optional[int]])
    assert_type(table.ordinals(keys, output="numpy"), "numpy.typing.NDArray[numpy.int64]")
    assert_type(table.ordinals(keys, output="arrow"), keyfold.ArrowArray)
    assert_type(table.contains_many(keys), List[bool])
    assert_type(table.contains_many(keys, output="numpy"), "numpy.typing.NDArray[numpy.bool_]")
    assert_type(table.values_at([1, None]), List[Optional[int]])
    assert_type(table.values_at(table.ordinals(keys)), List[Optional[int]])
    assert_type(table.values_at([1], 0, output="numpy"), Arrays)
    table.get_many([1, 2])                                  # type: ignore[list-item]
    table.get_many(5)                                       # type: ignore[call-overload]


def columns(table: "keyfold.Dictionary[str, int]", array: "numpy.typing.NDArray[numpy.str_]",
            series: "pandas.Series[Any]") -> None:
    assert_type(table.get_many(array), List[Optional[int]])
    assert_type(table.get_many(array, output="numpy"), Arrays)
    assert_type(table.get_many(series), List[Optional[int]])
    assert_type(keyfold.pandas.lookup(series, table), "pandas.Series[Any]")
    assert_type(keyfold.compile("a.kf", series), "keyfold.Dictionary[Any, Any]")
    assert_type(keyfold.compile("a.kf", (array, array)), "keyfold.Dictionary[Any, Any]")
    assert_type(keyfold.compile("a.kf", series, key="a", value=["b"], nulls="skip"), "keyfold.Dictionary[Any, Any]")
    assert_type(table.to_pandas("a"), "pandas.DataFrame")
    assert_type(table.__arrow_c_stream__(), object)
    assert_type(table.items(start="b").__arrow_c_stream__(None), object)
    table.to_arrow(5)                                       # type: ignore[arg-type]


def making(pairs: List[Tuple[int, str]], untyped: Any) -> None:
    assert_type(keyfold.open("a.kf"), "keyfold.Dictionary[Any, Any]")
    assert_type(keyfold.compile("a.kf", {"a": 1}), "keyfold.Dictionary[str, int]")
    assert_type(keyfold.compile("a.kf", pairs), "keyfold.Dictionary[int, str]")
    assert_type(keyfold.compile("a.kf", iter(pairs)), "keyfold.Dictionary[int, str]")
    assert_type(keyfold.compile("a.kf", "a.tsv"), "keyfold.Dictionary[Any, Any]")
    assert_type(keyfold.compile("a.kf", ["a.tsv"]), "keyfold.Dictionary[Any, Any]")
    assert_type(keyfold.compile("a.kf", ["a"], reader=dict_of), "keyfold.Dictionary[Any, Any]")
    assert_type(keyfold.compile("a.kf", untyped), "keyfold.Dictionary[Any, Any]")
    assert_type(keyfold.compile("a.kf", {"a": 1}, threads=2, shards=4), "keyfold.Dictionary[str, int]")
    assert_type(keyfold.compile("a.kf", {"a": 1}, resume="kept"), "keyfold.Dictionary[str, int]")


def bundles(tables: "List[keyfold.Dictionary[str, int]]") -> None:
    assert_type(keyfold.bundle("a.kfm", tables), "keyfold.Dictionary[str, int]")
    assert_type(keyfold.bundle("a.kfm", ["a.kf", b"b.kf"], absolute=True), "keyfold.Dictionary[Any, Any]")
    assert_type(keyfold.bundle("a.kfm", ["a.kf", *tables]), "keyfold.Dictionary[Any, Any]")
    assert_type(keyfold.bundle("a.kfm", "a.kf", metadata="none"), "keyfold.Dictionary[Any, Any]")
    assert_type(tables[0].stat().is_manifest, bool)
    keyfold.bundle("a.kfm", [5])                            # type: ignore[arg-type]


def dict_of(part: str) -> Dict[str, int]:
    return {part: 1}


def searches(table: "keyfold.Dictionary[str, int]") -> None:
    assert_type([hit.key for hit in table.fuzzy("a")], List[Any])
    assert_type(table.nearest("a", 3), keyfold.Nearest)
    assert_type(keyfold.Fuzzy("a", 2) & ~keyfold.Regex("b"), keyfold.Query)
    table.fuzzy(5)                                          # type: ignore[arg-type]
