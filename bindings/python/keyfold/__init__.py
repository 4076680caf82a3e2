"""keyfold: fold a huge dict into one small read-only file that every process maps."""
from ._arrow import ArrowArray
from ._build import compile
from ._codecs import register_codec
from ._dictionary import Dictionary, Stat, open
from ._errors import (ArgumentError, Cancelled, CodecError, CorruptError, DuplicateKey, Error, FormatError,
                      IOError_, LimitError, MemoryError_, NotFound, ReaderError, Replaced, UnsupportedError,
                      ValueTypeError)
from ._freeze import freeze
from ._match import Match, Matches, Nearest, Occurrence
from ._native import ffi as _ffi, lib as _lib
from ._nested import SubDictionary
from ._query import Fuzzy, Glob, PatternError, PatternLimitError, Query, Regex, Subsequence
from ._sets import Change, diff, difference, intersection, merge, symmetric_difference, union
from ._views import ItemsView, KeysView, ValuesView

__version__: str = _ffi.string(_lib.kf_version()).decode()

__all__ = [
    "ArgumentError", "ArrowArray", "Cancelled", "Change", "CodecError", "CorruptError", "Dictionary",
    "DuplicateKey", "Error", "FormatError", "Fuzzy", "Glob", "IOError_", "ItemsView", "KeysView",
    "LimitError", "Match", "Matches", "MemoryError_", "Nearest", "NotFound", "Occurrence", "PatternError",
    "PatternLimitError", "Query", "ReaderError", "Regex", "Replaced", "Stat", "SubDictionary", "Subsequence",
    "UnsupportedError", "ValueTypeError", "ValuesView", "compile", "diff", "difference", "freeze",
    "intersection", "merge", "open", "register_codec", "symmetric_difference", "union",
]
