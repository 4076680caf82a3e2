"""Conditions on keys: what fuzzy, match, glob and subsequence look for, as objects that combine.

    keyfold.Fuzzy("Grete", 2) & ~keyfold.Regex(r".*\\d")
"""
from __future__ import annotations

from . import _errors
from ._native import ffi, lib

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any, Dict, Optional, Tuple, Type, TypeVar, Union

    from ._types import Metric, Unit

    Text = Union[str, bytes]
    T = TypeVar("T")

METRICS = {"levenshtein": lib.KF_METRIC_LEVENSHTEIN, "osa": lib.KF_METRIC_OSA, "indel": lib.KF_METRIC_INDEL,
           "jaro-winkler": lib.KF_METRIC_JARO_WINKLER}
UNITS = {"code points": lib.KF_UNIT_CODE_POINTS, "bytes": lib.KF_UNIT_BYTES}


def chosen(options: Dict[str, T], name: str, value: str) -> T:
    """What an option's value stands for, such as a constant of C."""
    try:
        return options[value]
    except (KeyError, TypeError):
        raise _errors.ArgumentError(
            f"{name} must be one of {', '.join(map(repr, options))}, not {value!r}") from None


def unit_of(needle: Text, unit: Optional[Unit]) -> int:
    """What is counted: unless told, code points of str and bytes of bytes."""
    if unit is None:
        unit = "code points" if isinstance(needle, str) else "bytes"
    found: int = chosen(UNITS, "unit", unit)
    return found


def number(name: str, value: Any, most: int, least: int = 0) -> int:
    """An integer option, within what C takes."""
    if not isinstance(value, int) or isinstance(value, bool):
        raise TypeError(f"{name} must be an int, not {type(value).__name__}")
    if not least <= value <= most:
        raise _errors.ArgumentError(f"{name} must be from {least} to {most}, not {value}")
    return value


def encoded(text: Any) -> bytes:
    """A needle's or pattern's bytes."""
    if isinstance(text, str):
        return text.encode("utf-8", "surrogateescape")
    if isinstance(text, bytes):
        return text
    raise TypeError(f"str or bytes is needed, not {type(text).__name__}")


class PatternError(_errors.ArgumentError):
    """A pattern that can't be understood, or that is too large (then also a LimitError). `position` is the
    place in the pattern: of a str in code points, else in bytes.

    >>> try:
    ...     keyfold.Regex("a(b")
    ... except keyfold.PatternError as problem:
    ...     print(problem.pattern, problem.position)
    a(b 1
    """

    def __init__(self, message: str, pattern: Optional[Text] = None, position: Optional[int] = None) -> None:
        super().__init__(message)
        self.pattern = pattern
        self.position = position

    def __reduce__(self) -> Tuple[Any, ...]:
        return type(self), (str(self), self.pattern, self.position)


class PatternLimitError(PatternError, _errors.LimitError):
    """A pattern that would need too much memory or time.

    >>> issubclass(keyfold.PatternLimitError, keyfold.LimitError)
    True
    """


def _pattern_error(status: int, error: Any, pattern: Text, data: bytes) -> Exception:
    problem = _errors.make(status, error)
    if status not in (lib.KF_INVALID, lib.KF_LIMIT):
        return problem
    position = problem.offset
    message = str(problem)
    if position is not None and isinstance(pattern, str):
        position = len(data[:position].decode("utf-8", "surrogateescape"))
        import re
        message = re.sub(r"\Aat byte \d+", f"at position {position}", message)
    kind: Type[PatternError] = PatternLimitError if status == lib.KF_LIMIT else PatternError
    return kind(f"{message}: {pattern!r}", pattern, position)


class Query:
    """A condition on keys, for Dictionary.select. Made of str for str keys and of bytes for bytes keys; & | ~
    combine them. Queries never change; they may be used by many threads, and they pickle.

    >>> query = keyfold.Fuzzy("walk", 1) & ~keyfold.Regex("t.*")
    >>> query.matches("wall"), query.matches("talk")
    (True, False)
    """

    __slots__ = ("_c", "_arguments", "is_text")

    def __init__(self) -> None:
        raise TypeError("use Fuzzy, Regex, Glob or Subsequence")

    def _made(self, out: Any, is_text: bool, arguments: Tuple[Any, ...]) -> None:
        self._c = ffi.gc(out[0], lib.kfpy_query_free)
        self._arguments = arguments
        self.is_text = is_text     # whether it is about str

    def _combined(self, function: Any, sign: str, others: Tuple["Query", ...]) -> "Query":
        parts = (self, *others)
        if any(part.is_text != self.is_text for part in others):
            raise TypeError("a query about str and one about bytes can't be combined")
        out, error = ffi.new("kf_query **"), ffi.new("kf_error *")
        if sign == "~":
            status = function(out, self._c, error)
        else:
            status = function(out, ffi.new("kf_query *[]", [part._c for part in parts]), len(parts), error)
        _errors.check(status, error)
        result = object.__new__(_Combination)
        result._made(out, self.is_text, (sign, parts))
        return result

    def __and__(self, other: "Query") -> "Query":
        return self._combined(lib.kf_query_create_all, "&", (other,)) if isinstance(other, Query) else NotImplemented

    def __or__(self, other: "Query") -> "Query":
        return self._combined(lib.kf_query_create_any, "|", (other,)) if isinstance(other, Query) else NotImplemented

    def __invert__(self) -> "Query":
        return self._combined(lib.kf_query_create_not, "~", ())

    def distance(self, text: Text) -> Optional[int]:
        """How far a text is away: 0 for patterns. None when the query doesn't accept it.

        >>> keyfold.Fuzzy("walk", 2).distance("talks")
        2
        >>> keyfold.Fuzzy("walk", 2).distance("run") is None
        True
        """
        if isinstance(text, str) != self.is_text:
            kind = "str" if self.is_text else "bytes"
            raise TypeError(f"the query is about {kind}, not {type(text).__name__}")
        data = encoded(text)
        found = ffi.new("uint64_t *")
        status = lib.kf_query_matches(self._c, data, len(data), found)
        if status == lib.KF_NOT_FOUND:
            return None
        _errors.check(status)
        return found[0]   # type: ignore[no-any-return]

    def matches(self, text: Text) -> bool:
        """Whether the query accepts a text.

        >>> keyfold.Glob("w*k").matches("walk")
        True
        """
        return self.distance(text) is not None

    def __reduce__(self) -> Tuple[Any, ...]:
        return type(self), self._arguments

    def _shown(self) -> str:
        return repr(self._arguments[0]) + (", ignore_case=True" if self._arguments[1] else "")

    def __repr__(self) -> str:
        return f"keyfold.{type(self).__name__}({self._shown()})"


class _Combination(Query):
    __slots__ = ()

    def __reduce__(self) -> Tuple[Any, ...]:
        return _combine, self._arguments

    def __repr__(self) -> str:
        sign, parts = self._arguments
        return f"~{parts[0]!r}" if sign == "~" else f"({f' {sign} '.join(map(repr, parts))})"


def _combine(sign: str, parts: Tuple[Query, ...]) -> Query:
    return ~parts[0] if sign == "~" else parts[0] & parts[1] if sign == "&" else parts[0] | parts[1]


class Fuzzy(Query):
    """Keys within a distance of a needle.

    metric        "levenshtein"; "osa" (transpositions too); "indel" (insertions and deletions only)
    unit          "code points" or "bytes"
    exact_prefix  so many units at the start must agree
    prefix        keys that begin with something near

    >>> keyfold.Fuzzy("walk", 1, metric="osa").matches("wlak")
    True
    """

    __slots__ = ()

    def __init__(self, needle: Text, distance: int = 1, *, metric: Metric = "levenshtein",
                 unit: Optional[Unit] = None, exact_prefix: int = 0, prefix: bool = False) -> None:
        data = encoded(needle)
        options = ffi.new("kf_fuzzy_options *", lib.kfpy_fuzzy_options())
        options.metric = chosen(METRICS, "metric", metric)
        options.unit = unit_of(needle, unit)
        options.distance = number("distance", distance, lib.KF_DISTANCE_LIMIT)
        options.exact_prefix = number("exact_prefix", exact_prefix, 2**62)
        options.prefix = bool(prefix)
        out, error = ffi.new("kf_query **"), ffi.new("kf_error *")
        _errors.check(lib.kf_query_create_fuzzy(out, data, len(data), options, error), error)
        self._made(out, isinstance(needle, str), (needle, distance, metric, unit, exact_prefix, prefix))

    def __reduce__(self) -> Tuple[Any, ...]:
        return _fuzzy, self._arguments

    def _shown(self) -> str:
        needle, distance, *rest = self._arguments
        given = zip(("metric", "unit", "exact_prefix", "prefix"), rest, ("levenshtein", None, 0, False))
        return f"{needle!r}, {distance}" + "".join(
            f", {name}={value!r}" for name, value, default in given if value != default)


def _fuzzy(needle: Text, distance: int, metric: Metric, unit: Optional[Unit], exact_prefix: int,
           prefix: bool) -> Fuzzy:
    return Fuzzy(needle, distance, metric=metric, unit=unit, exact_prefix=exact_prefix, prefix=prefix)


class _Pattern(Query):
    __slots__ = ()

    def _compile(self, function: Any, pattern: Text, ignore_case: bool) -> None:
        data = encoded(pattern)
        flags = (lib.KF_PATTERN_IGNORE_CASE if ignore_case else 0) | \
            (0 if isinstance(pattern, str) else lib.KF_PATTERN_BYTES)
        out, error = ffi.new("kf_query **"), ffi.new("kf_error *")
        status = function(out, data, len(data), flags, error)
        if status:
            raise _pattern_error(status, error, pattern, data)
        self._made(out, isinstance(pattern, str), (pattern, bool(ignore_case)))


class Regex(_Pattern):
    """Keys that a regular expression matches as a whole (as re.fullmatch). In time linear in the key: there
    are no back references and no look-around; see keyfold/query.h for what there is.

    >>> keyfold.Regex("wal(k|l)s?").matches("walls")
    True
    """

    __slots__ = ()

    def __init__(self, pattern: Text, ignore_case: bool = False) -> None:
        self._compile(lib.kf_query_create_regex, pattern, ignore_case)


class Glob(_Pattern):
    """Keys that a glob matches: ? * [a-z] [!a-z] {this,that}. A * matches slashes too.

    >>> keyfold.Glob("*.txt", ignore_case=True).matches("NOTES.TXT")
    True
    """

    __slots__ = ()

    def __init__(self, pattern: Text, ignore_case: bool = False) -> None:
        self._compile(lib.kf_query_create_glob, pattern, ignore_case)


class Subsequence(_Pattern):
    """Keys that have these letters in this order, with anything between.

    >>> keyfold.Subsequence("wg").matches("walking")
    True
    """

    __slots__ = ()

    def __init__(self, letters: Text, ignore_case: bool = False) -> None:
        self._compile(lib.kf_query_create_subsequence, letters, ignore_case)
