"""What searches in indexes of names find."""
from __future__ import annotations

import contextlib
from typing import Iterator, List, NamedTuple, Union

from . import _errors


@contextlib.contextmanager
def from_file(path: str) -> Iterator[None]:
    """Turns what decoding raises into the error of a damaged file."""
    try:
        yield
    except ValueError as problem:
        raise _errors.CorruptError(f"{path}: a name or an id is damaged: {problem}") from None


class NameMatch(NamedTuple):
    """A name that a search found.

    id        as it was given
    name      as it was given
    score     0 to 1
    position  how many names are before it in what was compiled

    >>> index = keyfold.compile_names("firms.kf", {7: "ACME HOLDINGS LTD", 8: "BOLTS AND NUTS INC"})
    >>> match = index.best("ACME HOLDINGS")
    >>> match.id, match.name, round(match.score, 3), match.position
    (7, 'ACME HOLDINGS LTD', 0.8, 0)
    >>> id, name, score, *rest = match
    """

    id: Union[int, str, bytes]
    name: str
    score: float
    position: int

    def __str__(self) -> str:
        return f"{self.name} ({self.score:.4f}, id {self.id!r})"


class NameMatches(List[NameMatch]):
    """The best matches of a needle, best first. If not `exact`, `work` ended the search, and there may be better ones.

    >>> index = keyfold.compile_names("firms.kf", {7: "ACME HOLDINGS LTD", 8: "BOLTS AND NUTS INC"})
    >>> found = index.matches("ACME HOLDINGS")
    >>> [match.id for match in found], found.exact
    ([7, 8], True)
    """

    exact = True
