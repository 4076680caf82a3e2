"""keyfold: fold a huge dict into one small read-only file that every process maps.

    >>> import keyfold
    >>> table = keyfold.compile("capitals.kf", {"France": "Paris", "Peru": "Lima", "Poland": "Warsaw"})
    >>> table["Peru"], "Chile" in table, len(table)
    ('Lima', False, 3)
    >>> list(table.items(prefix="P"))
    [('Peru', 'Lima'), ('Poland', 'Warsaw')]
    >>> [match.key for match in table.fuzzy("Perru")]
    ['Peru']
    >>> keyfold.open("capitals.kf") == table
    True

    compile     a file from a dict, pairs, columns, files, or parts that worker processes read
    open        a Dictionary of a file: a read-only Mapping, which pickles as its path
    freeze      a dict, nested or not, into a file in a cache folder, in one call
    Dictionary  what they return: lookups, many at once, by prefix and range, by rank, by distance, in texts
    merge, union, intersection, difference, symmetric_difference, diff, bundle
                several dictionaries as one
    compile_names, NameIndex
                an index of names, and the best matches of a name in it
    Shards, publish
                one Dictionary of the partitions that Dask, Spark, Ray or another engine has on many hosts

Importing it imports next to nothing: each name brings its module along when it is first used.
"""
from __future__ import annotations

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any, List

    from . import dask as dask, pandas as pandas, ray as ray, spark as spark
    from ._arrow import ArrowArray
    from ._build import compile
    from ._bundle import bundle
    from ._codecs import register_codec
    from ._dictionary import Dictionary
    from ._errors import (ArgumentError, Cancelled, CodecError, CorruptError, DuplicateKey, Error,
                          FormatError, IOError_, IsFolder, LimitError, MemoryError_, NoFile, NoPermission,
                          NotFound, ReaderError, Replaced, UnsupportedError, ValueTypeError)
    from ._features import features
    from ._freeze import freeze
    from ._generations import publish
    from ._match import Match, Matches, Nearest, Occurrence
    from ._name_build import compile_names
    from ._name_index import NameIndex
    from ._name_match import NameMatch, NameMatches, NameRow
    from ._name_pairs import NamePair
    from ._name_score import Explanation, TokenPair, names_explain, names_score
    from ._name_stat import NameStat
    from ._nested import SubDictionary
    from ._open import open
    from ._query import Fuzzy, Glob, PatternError, PatternLimitError, Query, Regex, Subsequence
    from ._sets import Change, diff, difference, intersection, merge, symmetric_difference, union
    from ._shard_rows import ShardRow
    from ._shards import Shards
    from ._stat import Stat
    from ._views import ItemsView, KeysView, ValuesView

    __version__: str

# What is called comes first, what is got from it next, what goes wrong last.
__all__ = [
    "open", "compile", "freeze", "merge", "bundle", "diff", "union", "intersection", "difference",
    "symmetric_difference", "register_codec", "Dictionary",
    "compile_names", "NameIndex", "names_score", "names_explain", "Shards", "ShardRow", "publish",
    "features",
    "SubDictionary", "KeysView", "ValuesView", "ItemsView", "Match", "Matches", "Nearest", "Occurrence",
    "Query", "Fuzzy", "Regex", "Glob", "Subsequence", "Change", "Stat", "ArrowArray",
    "NameMatch", "NameMatches", "NamePair", "NameRow", "NameStat", "Explanation", "TokenPair",
    "Error", "ArgumentError", "Cancelled", "CodecError", "CorruptError", "DuplicateKey", "FormatError",
    "IOError_", "IsFolder", "LimitError", "MemoryError_", "NoFile", "NoPermission", "NotFound", "PatternError",
    "PatternLimitError", "ReaderError", "Replaced", "UnsupportedError", "ValueTypeError",
]

# Where the names are: as above; a test compares the two.
_MODULES = {
    "_arrow": "ArrowArray",
    "_build": "compile",
    "_bundle": "bundle",
    "_codecs": "register_codec",
    "_dictionary": "Dictionary",
    "_errors": "ArgumentError Cancelled CodecError CorruptError DuplicateKey Error FormatError IOError_ "
               "IsFolder LimitError MemoryError_ NoFile NoPermission NotFound ReaderError Replaced "
               "UnsupportedError ValueTypeError",
    "_features": "features",
    "_freeze": "freeze",
    "_generations": "publish",
    "_match": "Match Matches Nearest Occurrence",
    "_name_build": "compile_names",
    "_name_index": "NameIndex",
    "_name_match": "NameMatch NameMatches NameRow",
    "_name_pairs": "NamePair",
    "_name_score": "Explanation TokenPair names_explain names_score",
    "_name_stat": "NameStat",
    "_nested": "SubDictionary",
    "_open": "open",
    "_query": "Fuzzy Glob PatternError PatternLimitError Query Regex Subsequence",
    "_sets": "Change diff difference intersection merge symmetric_difference union",
    "_shard_rows": "ShardRow",
    "_shards": "Shards",
    "_stat": "Stat",
    "_views": "ItemsView KeysView ValuesView",
}
_HOMES = {name: module for module, names in _MODULES.items() for name in names.split()}


def _version() -> str:
    from ._native import ffi, lib
    return str(ffi.string(lib.kf_library_version()).decode())


def __getattr__(name: str) -> Any:
    value: Any
    if name == "__version__":
        value = _version()
    elif name in ("pandas", "dask", "spark", "ray"):
        value = __import__(f"{__name__}.{name}", fromlist=("lookup",))
    elif name in _HOMES:
        value = getattr(__import__(f"{__name__}.{_HOMES[name]}", fromlist=(name,)), name)
    else:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    globals()[name] = value
    return value


def __dir__() -> List[str]:
    return sorted({*globals(), *__all__, "__version__"})
