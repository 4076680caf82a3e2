"""What searches in indexes of names find."""
from __future__ import annotations

import contextlib
from typing import Any, Iterator, List, NamedTuple, Optional, Union

from . import _errors


@contextlib.contextmanager
def from_file(path: str) -> Iterator[None]:
    """Turns what decoding raises into the error of a damaged file."""
    try:
        yield
    except _errors.Error:
        raise
    except ValueError as problem:
        raise _errors.CorruptError(f"{path}: a name, an id, an attribute or a payload is damaged: {problem}") from None


class NameMatch(NamedTuple):
    """A name that a search found.

    id        as it was given
    name      as it was given
    score     0 to 1
    position  how many names are before it in what was compiled
    attribute, payload
              as they were given; None if there is none
    gap       if asked for: by how much the score is better than that of the next name

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
    attribute: Optional[str] = None
    payload: Any = None
    gap: Optional[float] = None

    def __repr__(self) -> str:
        return _shown(self, 4)


class NameRow(NamedTuple):
    """A name of an index, with its id, and its attribute and payload if it has them.

    >>> index = keyfold.compile_names("firms.kf", {7: "ACME HOLDINGS LTD", 8: "BOLTS AND NUTS INC"})
    >>> list(index)
    [NameRow(id=7, name='ACME HOLDINGS LTD'), NameRow(id=8, name='BOLTS AND NUTS INC')]
    """

    id: Union[int, str, bytes]
    name: str
    attribute: Optional[str] = None
    payload: Any = None

    def __repr__(self) -> str:
        return _shown(self, 2)


def _shown(row: Any, always: int) -> str:
    """The fields, but for those that are None."""
    fields = ", ".join(f"{name}={value!r}" for place, (name, value) in enumerate(row._asdict().items())
                       if place < always or value is not None)
    return f"{type(row).__name__}({fields})"


class NameMatches(List[NameMatch]):
    """The best matches of a needle, best first. If not `exact`, `work` ended the search, and there may be better ones.
    `tied` names are as good as the last of them, and not among them for want of `ties`.

    >>> index = keyfold.compile_names("firms.kf", {7: "ACME HOLDINGS LTD", 8: "BOLTS AND NUTS INC"})
    >>> found = index.matches("ACME HOLDINGS")
    >>> [match.id for match in found], found.exact
    ([7, 8], True)
    """

    exact = True
    tied = 0
