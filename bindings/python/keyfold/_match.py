"""What searches find, and the Python functions that they ask."""
from __future__ import annotations

from collections import abc

from ._native import ffi, lib

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any, Callable, Iterator, NoReturn, Optional, Tuple

    Filter = Callable[["Match"], Any]


class Match:
    """A key that a search found. The value is read when it is asked for."""

    __slots__ = ("key", "ordinal", "distance", "similarity", "weight", "_dictionary")

    def __init__(self, dictionary: Any, key: Any, ordinal: int, distance: int, similarity: float,
                 weight: int) -> None:
        self.key = key
        self.ordinal = ordinal
        self.distance = distance        # fuzzy and nearest: edits
        self.similarity = similarity    # nearest by similarity: 0 to 1
        self.weight = weight            # complete, and order="distance" where there are weights
        self._dictionary = dictionary

    @property
    def value(self) -> Any:
        """The key's value."""
        return self._dictionary.value_at(self.ordinal)

    def _fields(self) -> Tuple[Any, ...]:
        return self.key, self.ordinal, self.distance, self.similarity, self.weight

    def __eq__(self, other: object) -> bool:
        return type(self) is type(other) and self._fields() == other._fields()   # type: ignore[attr-defined]

    def __hash__(self) -> int:
        return hash(self._fields())

    def __repr__(self) -> str:
        rest = "".join(f", {name}={getattr(self, name)!r}" for name in ("distance", "similarity", "weight")
                       if getattr(self, name))
        return f"<Match {self.key!r}{rest}>"


class Occurrence(Match):
    """A key in a text: text[start:end] == key."""

    __slots__ = ("start", "end")

    def __init__(self, dictionary: Any, key: Any, ordinal: int, start: int) -> None:
        super().__init__(dictionary, key, ordinal, 0, 0.0, 0)
        self.start = start
        self.end = start + len(key)

    def _fields(self) -> Tuple[Any, ...]:
        return self.key, self.ordinal, self.start

    def __repr__(self) -> str:
        return f"<Occurrence {self.key!r} at {self.start}:{self.end}>"


class Nearest(list[Match]):
    """The nearest keys, best first. `incomplete`: `work` ended the search, so there may be better ones."""

    incomplete = False


class Matches(abc.Iterator[Match]):
    """What a search finds, while it is read."""

    __slots__ = ("_iterator", "_read")

    def __init__(self, iterator: Any, read: Iterator[Match]) -> None:
        self._iterator = iterator
        self._read = read

    def __iter__(self) -> Iterator[Match]:
        return self._read

    def __next__(self) -> Match:
        return next(self._read)

    def __reduce__(self) -> NoReturn:
        raise TypeError("what a search finds is read once, here: pickle list(matches) instead")

    @property
    def incomplete(self) -> bool:
        """Whether the search ended because of `work`, so that there may be more."""
        return bool(lib.kf_iter_incomplete(self._iterator))



class Callback:
    """A Python function that C asks. The first exception is kept and raised by who called C."""

    __slots__ = ("function", "problem", "handle", "__weakref__")

    def __init__(self, function: Callable[..., Any]) -> None:
        self.function = function
        self.problem: Optional[BaseException] = None
        self.handle = ffi.new_handle(self)

    def __call__(self, *arguments: Any) -> int:
        if self.problem is not None:
            return 0
        try:
            return 1 if self.function(*arguments) else 0
        except BaseException as problem:
            self.problem = problem
            return 0

    def done(self) -> None:
        if self.problem is not None:
            raise self.problem


@ffi.def_extern(name="kfpy_filter")   # type: ignore[untyped-decorator]
def _filtered(context: Any, iterator: Any, entry: Any) -> int:
    return ffi.from_handle(context)(iterator, entry)   # type: ignore[no-any-return]


@ffi.def_extern(name="kfpy_boundary")   # type: ignore[untyped-decorator]
def _bounded(context: Any, text: Any, position: int) -> int:
    return ffi.from_handle(context)(position)   # type: ignore[no-any-return]
