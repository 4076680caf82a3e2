"""What keeps importing keyfold cheap. A worker that unpickles a Dictionary waits for every import, and most
look things up and do nothing else; so modules that few need are imported when they are first used, and typing,
which takes longer than all of the package, only by type checkers (and what needs it while it runs)."""
from __future__ import annotations

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any


class Later:
    """A module of this package that is imported when something of it is first used."""

    __slots__ = ("_name",)

    def __init__(self, name: str) -> None:
        self._name = f"{__package__}.{name}"

    def __getattr__(self, name: str) -> Any:
        return getattr(__import__(self._name, fromlist=(name,)), name)


class Generic:
    """typing.Generic while the program runs: subscripts say something to type checkers only."""

    __slots__ = ()

    def __class_getitem__(cls, items: Any) -> Any:
        return cls


def overload(function: Any) -> Any:
    """typing.overload while the program runs."""
    return function
