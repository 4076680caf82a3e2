"""Scores of two names, without an index."""
from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple, Tuple

from . import _errors
from ._name_text import bytes_of, scorer_of, text_of
from ._native import ffi, lib

if TYPE_CHECKING:
    from ._types import AnyScorer


class TokenPair(NamedTuple):
    """A token of one name and the one of the other that it is paired with.

    a, b              the tokens
    a_index, b_index  which one of its name it is, from 0
    common            the length of their longest common subsequence
    similarity        twice that over their lengths together

    >>> keyfold.names_explain("ACNE LTD", "LTD ACME").pairs[0]
    TokenPair(a='ACNE', b='ACME', a_index=0, b_index=1, common=3, similarity=0.75)
    """

    a: str
    b: str
    a_index: int
    b_index: int
    common: int
    similarity: float


class Explanation(NamedTuple):
    """A score, and the pairs of tokens that it comes from.

    >>> keyfold.names_explain("ACNE LTD", "LTD ACME").score
    0.875
    """

    score: float
    pairs: Tuple[TokenPair, ...]

    def __str__(self) -> str:
        """The score, and a line for each pair."""
        wide = [max((len(text) for text in texts), default=0) for texts in
                ([pair.a for pair in self.pairs], [pair.b for pair in self.pairs])]
        return "\n".join([f"{self.score:.4g}", *(f"  {pair.a:{wide[0]}}  {pair.b:{wide[1]}}  {pair.similarity:.4f}"
                                                for pair in self.pairs)])


def names_score(a: str, b: str, *, scorer: AnyScorer = "setratio") -> float:
    """How similar two names are, 0 to 1.

    setratio          their tokens, which are what is between spaces, are paired so that the sum of the pairs' ratios is
                      greatest: twice that over the number of all tokens. python-Levenshtein's setratio of the lists
    ratio             of whole names: twice the length of their longest common subsequence over their lengths together
    token_sort_ratio, token_set_ratio, wratio, partial_ratio, jaro_winkler
                      RapidFuzz's, over 100

    >>> keyfold.names_score("ACME LTD", "LTD ACME")
    1.0
    >>> keyfold.names_score("ACME LTD", "ACNE LTD")
    0.875
    >>> keyfold.names_score("ACME LTD", "LTD ACME", scorer="ratio")
    0.5
    """
    one, other = text_of(a, "a name"), text_of(b, "a name")
    score, error = ffi.new("double *"), ffi.new("kf_error *")
    _errors.check(lib.kf_names_score(scorer_of(scorer), one, len(one), other, len(other), score, error), error)
    return score[0]     # type: ignore[no-any-return]


def names_explain(a: str, b: str, *, scorer: AnyScorer = "setratio") -> Explanation:
    """Why two names have their score: which token is paired with which. Scorers but setratio and token_set_ratio have
    no pairs.

    >>> print(keyfold.names_explain("ACNE LTD", "LTD ACME"))
    0.875
      ACNE  ACME  0.7500
      LTD   LTD   1.0000
    """
    one, other = text_of(a, "a name"), text_of(b, "a name")
    out, error = ffi.new("kf_explanation **"), ffi.new("kf_error *")
    status = lib.kf_names_explain(scorer_of(scorer), one, len(one), other, len(other), out, error)
    _errors.check(status, error)
    found = ffi.gc(out[0], lib.kfpy_explanation_free)
    pairs = [found.pairs[place] for place in range(found.count)]
    return Explanation(found.score, tuple(
        TokenPair(bytes_of(pair.a).decode(), bytes_of(pair.b).decode(), pair.a_index, pair.b_index, pair.common,
                  pair.similarity) for pair in pairs))
