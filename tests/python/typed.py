"""What type checkers make of the package: checked by test_types.py, with mypy --strict. Never run.

An ignore that is not needed is an error too, so these lines show what is refused."""
from typing import Any, Dict, List, Literal, Optional, Tuple, Union

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


def many(table: "keyfold.Dictionary[str, int]", keys: List[str],
         name: Literal["list", "numpy"]) -> None:
    assert_type(table.get_many(keys), List[Optional[int]])
    assert_type(table.get_many(("a", None)), List[Optional[int]])
    assert_type(table.get_many(keys, 0), List[int])
    assert_type(table.get_many(keys, ""), List[Union[int, str]])
    assert_type(table.get_many(keys, output="numpy"), Arrays)
    assert_type(table.get_many(keys, 0, output="numpy"), Arrays)
    assert_type(table.get_many(keys, output="arrow"), keyfold.ArrowArray)
    assert_type(table.get_many(table.get_many(keys, output="arrow")), List[Optional[int]])
    assert_type(table.get_many(keys, output=name), Union[List[Optional[int]], Arrays])
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


def lists(pairs: List[Tuple[str, int]], mapping: Dict[str, List[int]]) -> None:
    assert_type(keyfold.compile("a.kf", pairs, duplicates="all"), "keyfold.Dictionary[str, List[int]]")
    assert_type(keyfold.compile("a.kf", mapping, duplicates="all"), "keyfold.Dictionary[str, List[int]]")
    assert_type(keyfold.compile("a.kf", pairs, duplicates="last"), "keyfold.Dictionary[str, int]")
    assert_type(keyfold.freeze(pairs, duplicates="all"), "keyfold.Dictionary[str, List[int]]")
    keyfold.compile("a.kf", pairs, duplicates="frist")      # type: ignore[call-overload]
    keyfold.compile("a.kf", pairs, keys="string")           # type: ignore[call-overload]
    keyfold.compile("a.kf", pairs, encoding="gzip")         # type: ignore[call-overload]
    keyfold.compile("a.kf", "a.csv", on_error="ignore")     # type: ignore[call-overload]
    keyfold.open("a.kf", keys="string")                     # type: ignore[arg-type]


def freezing(flat: Dict[str, int], nested: Dict[str, Dict[str, int]], table: "keyfold.Dictionary[int, str]") -> None:
    assert_type(keyfold.freeze(flat), "keyfold.Dictionary[str, int]")
    assert_type(keyfold.freeze([("a", 1)]), "keyfold.Dictionary[str, int]")
    assert_type(keyfold.freeze(nested), "keyfold.Dictionary[str, keyfold.SubDictionary]")
    assert_type(keyfold.freeze(nested, nested=False), "keyfold.Dictionary[str, Dict[str, int]]")
    assert_type(keyfold.freeze(table, "copy.kf"), "keyfold.Dictionary[int, str]")
    keyfold.freeze(flat, weights="values")                  # type: ignore[call-overload]


def sets(old: "keyfold.Dictionary[str, int]", new: "keyfold.Dictionary[str, int]") -> None:
    assert_type(list(keyfold.union(old, new)), List[Tuple[str, int]])
    assert_type(list(keyfold.union([old, new], values="sum")), List[Tuple[str, int]])
    assert_type(list(keyfold.union(old, new, values="all")), List[Tuple[str, Dict[int, int]]])
    assert_type(list(keyfold.intersection([old, new], values="all")), List[Tuple[str, Dict[int, int]]])
    assert_type(list(keyfold.difference(old, new, prefix="a")), List[Tuple[str, int]])
    assert_type(list(keyfold.symmetric_difference(old, new)), List[Tuple[str, int]])
    assert_type(keyfold.merge("a.kf", [old, new], values="max"), "keyfold.Dictionary[str, int]")
    for change in keyfold.diff(old, new):
        assert_type(change, "keyfold.Change[str, int]")
        assert_type(change.before, Optional[int])
        assert_type(change.key, str)
    keyfold.merge("a.kf", [old], values="all")              # type: ignore[arg-type]
    keyfold.merge("a.kf", [old], operation="joined")        # type: ignore[arg-type]
    keyfold.union(old, values="least")                      # type: ignore[call-overload]


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
    assert_type([hit.key for hit in table.fuzzy("a")], List[str])
    assert_type(table.fuzzy("a"), "keyfold.Matches[str, int]")
    assert_type([hit.value for hit in table.match("a+")], List[int])
    assert_type(table.nearest("a", 3), "keyfold.Nearest[str, int]")
    assert_type(table.nearest("a", 3)[0].value, int)
    assert_type(table.nearest_many(["a", None]), "List[keyfold.Nearest[str, int]]")
    assert_type(table.fuzzy_many(["a"])[0][0].key, str)
    assert_type(table.complete("a"), "List[keyfold.Match[str, int]]")
    assert_type([found.start for found in table.find_all("a")], List[int])
    table.select(keyfold.Glob("*"), filter=lambda match: match.value > 5 and match.key.islower())
    table.get_many(["a"], output="pandas")                  # type: ignore[call-overload]
    table.contains_many(["a"], output="set")                # type: ignore[call-overload]
    table.nearest("a", metric="hamming")                    # type: ignore[arg-type]
    table.find_all("a", overlap="none")                     # type: ignore[arg-type]
    assert_type(keyfold.Fuzzy("a", 2) & ~keyfold.Regex("b"), keyfold.Query)
    table.fuzzy(5)                                          # type: ignore[arg-type]
