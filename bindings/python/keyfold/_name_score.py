"""Scores of two names, without an index."""
from __future__ import annotations

from . import _errors
from ._name_index import scorer_of, text_of
from ._native import ffi, lib

TYPE_CHECKING = False
if TYPE_CHECKING:
    from ._types import Scorer


def names_score(a: str, b: str, *, scorer: Scorer = "setratio") -> float:
    """How similar two names are, 0 to 1.

    >>> keyfold.names_score("ACME LTD", "LTD ACME")
    1.0
    >>> keyfold.names_score("ACME LTD", "ACNE LTD")
    0.875
    """
    one, other = text_of(a, "a name"), text_of(b, "a name")
    score, error = ffi.new("double *"), ffi.new("kf_error *")
    _errors.check(lib.kf_names_score(scorer_of(scorer), one, len(one), other, len(other), score, error), error)
    return score[0]     # type: ignore[no-any-return]
