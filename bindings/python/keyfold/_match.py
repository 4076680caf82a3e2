"""What searches find, and the Python functions that they ask."""
from __future__ import annotations

from collections import abc

from ._native import ffi, lib

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any, Callable, Generic, Iterator, List, NoReturn, Optional, Tuple, TypeVar

    K = TypeVar("K")
    V = TypeVar("V")
    Filter = Callable[["Match[K, V]"], Any]
else:
    from ._light import Generic


def _short(value: Any) -> str:
    text = repr(value)
    return text if len(text) <= 100 else f"{text[:100]}..."


class Match(Generic["K", "V"]):
    """A key that a search found. The value is read when it is asked for.

    >>> words = keyfold.compile("words.kf", {"talk": 7, "walk": 5, "walked": 9, "walking": 20})
    >>> match = words.nearest("walks")[0]
    >>> match.key, match.value, match.distance, match.ordinal
    ('walk', 5, 1, 1)
    """

    __slots__ = ("key", "ordinal", "distance", "similarity", "weight", "_dictionary")

    def __init__(self, dictionary: Any, key: K, ordinal: int, distance: int, similarity: float,
                 weight: int) -> None:
        self.key = key
        self.ordinal = ordinal
        self.distance = distance        # fuzzy and nearest: edits
        self.similarity = similarity    # nearest by similarity: 0 to 1
        self.weight = weight            # complete, and order="distance" where there are weights
        self._dictionary = dictionary

    @property
    def value(self) -> V:
        """The key's value.

        >>> words = keyfold.compile("words.kf", {"talk": 7, "walk": 5, "walked": 9, "walking": 20})
        >>> words.nearest("talks")[0].value
        7
        """
        value: V = self._dictionary.value_at(self.ordinal)
        return value

    def _fields(self) -> Tuple[Any, ...]:
        return self.key, self.ordinal, self.distance, self.similarity, self.weight

    def __eq__(self, other: object) -> bool:
        return type(self) is type(other) and self._fields() == other._fields()   # type: ignore[attr-defined]

    def __hash__(self) -> int:
        return hash(self._fields())

    def __repr__(self) -> str:
        rest = "".join(f", {name}={getattr(self, name)!r:.6}" for name in ("distance", "similarity", "weight")
                       if getattr(self, name))
        return f"<Match {self.key!r}{self._shown()}{rest}>"

    def _shown(self) -> str:
        """The value, if it can be read and is not None."""
        try:
            value = self.value
        except Exception:       # of a dictionary that is closed, of a codec of one's own
            return ": ?"
        return "" if value is None else f": {_short(value)}"


class Occurrence(Match["K", "V"]):
    """A key in a text: text[start:end] is the key, or, if the dictionary has a normal form, becomes it.

    >>> words = keyfold.compile("words.kf", {"talk": 7, "walk": 5, "walked": 9, "walking": 20})
    >>> found = next(words.find_all("I walk"))
    >>> found.key, found.start, found.end
    ('walk', 2, 6)
    """

    __slots__ = ("start", "end")

    def __init__(self, dictionary: Any, key: K, ordinal: int, start: int, end: int) -> None:
        super().__init__(dictionary, key, ordinal, 0, 0.0, 0)
        self.start = start
        self.end = end

    def _fields(self) -> Tuple[Any, ...]:
        return self.key, self.ordinal, self.start

    def __repr__(self) -> str:
        return f"<Occurrence {self.key!r}{self._shown()} at {self.start}:{self.end}>"


class Nearest(list["Match[K, V]"]):
    """The nearest keys, best first. `incomplete`: `work` ended the search, so there may be better ones.

    >>> words = keyfold.compile("words.kf", {"talk": 7, "walk": 5, "walked": 9, "walking": 20})
    >>> found = words.nearest("walks", 2)
    >>> [match.key for match in found], found.incomplete
    (['walk', 'talk'], False)
    """

    incomplete = False


class Matches(abc.Iterator["Match[K, V]"]):
    """What a search finds, while it is read.

    >>> words = keyfold.compile("words.kf", {"talk": 7, "walk": 5, "walked": 9, "walking": 20})
    >>> for match in words.fuzzy("walks"):
    ...     print(match.key, match.value)
    walk 5
    """

    __slots__ = ("_iterator", "_read")

    def __init__(self, iterator: Any, read: Iterator[Match[K, V]]) -> None:
        self._iterator = iterator
        self._read = read

    def __iter__(self) -> Iterator[Match[K, V]]:
        return self._read

    def __next__(self) -> Match[K, V]:
        return next(self._read)

    def __reduce__(self) -> NoReturn:
        raise TypeError("what a search finds is read once, here: pickle list(matches) instead")

    @property
    def incomplete(self) -> bool:
        """Whether the search ended because of `work`, so that there may be more.

        >>> words = keyfold.compile("words.kf", {"talk": 7, "walk": 5, "walked": 9, "walking": 20})
        >>> found = words.fuzzy("walks", 2, work=100000)
        >>> len(list(found)), found.incomplete
        (3, False)
        """
        return bool(lib.kf_iter_incomplete(self._iterator))

    def __repr__(self) -> str:
        return "<keyfold.Matches: for match in ... reads them>"


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
