"""The types of options, most of them one of a few words, for annotations: only type checkers import this."""
from __future__ import annotations

from typing import Iterable, Literal, Union

Keys = Literal["auto", "str", "bytes", "int", "tuple", "any"]
OpenKeys = Literal["str", "bytes", "int", "tuple", "any"]
NoLists = Literal["error", "first", "last", "sum", "min", "max"]
Duplicates = Literal["error", "first", "last", "sum", "min", "max", "all"]
Weights = Literal["value", "given"]
Encoding = Literal["auto", "packed", "distinct", "raw", "tokens", "zstd"]
Effort = Literal["fast", "default", "best"]
Format = Literal["auto", "tsv", "csv", "jsonl", "lines", "nul"]
NamesFormat = Literal["auto", "tsv", "csv", "jsonl", "lines"]
OnError = Literal["fail", "skip"]
Nulls = Literal["error", "skip"]
Normal = Union[str, Iterable[str], None]

Metric = Literal["levenshtein", "osa", "indel", "jaro-winkler"]
Unit = Literal["code points", "bytes"]
Order = Literal["key", "distance", "weight"]
Ranking = Literal["distance", "similarity"]
Overlap = Literal["all", "longest"]
Boundary = Literal["words", "code points", "bytes"]

Scorer = Literal["setratio", "ratio", "token_sort_ratio", "token_set_ratio"]
AnyScorer = Literal["setratio", "ratio", "token_sort_ratio", "token_set_ratio", "wratio", "partial_ratio",
                    "jaro_winkler"]
LegalForms = Literal["keep", "canonical", "ignore"]
IdKind = Literal["int", "str", "bytes"]

Operation = Literal["union", "intersection", "difference", "symmetric_difference"]
OneValue = Literal["first", "last", "sum", "min", "max"]
MemberMetadata = Literal["same", "common", "none"]
ChangeKind = Literal["added", "removed", "changed"]
Output = Literal["list", "numpy", "arrow"]
NamesOutput = Literal["list", "pandas", "polars", "arrow"]
