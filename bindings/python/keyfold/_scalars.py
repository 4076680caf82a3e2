"""What stands for a value of one of Python's own types: NumPy's scalars, members of enumerations, pandas' timestamps
and other subclasses. Imported when something is met that is of none of these types itself."""
from __future__ import annotations

import datetime
import sys
from decimal import Decimal
from typing import Any, Callable, Tuple
from uuid import UUID

EPOCH_DAY = 719163      # date(1970, 1, 1).toordinal()
MICROSECOND = datetime.timedelta(microseconds=1)
_DAY = 86_400_000_000


def _of_numpy(value: Any) -> Any:
    letter = value.dtype.kind
    if letter in "mM":
        return _moment_of_numpy(value)
    plain = value.item()
    if type(plain).__module__ == "numpy":       # long double
        plain = complex(value) if letter == "c" else float(value) if letter == "f" else value
        if plain != value and value == value:
            raise TypeError(f"{type(value).__name__} {value!r} is more than Python's {type(plain).__name__} can hold")
    return plain


def _moment_of_numpy(value: Any) -> Any:
    """datetime64 and timedelta64: the item is an int where the unit is finer than a microsecond."""
    if value != value:
        raise TypeError("NaT is no point in time; None can stand for it among values")
    plain = value.item()
    if isinstance(plain, int):
        rounded = value.astype(value.dtype.kind + "8[us]")
        plain = rounded.item()
        if rounded != value or isinstance(plain, int):
            raise TypeError(f"{value!r} is finer than a microsecond or out of range: no datetime or timedelta holds it")
    return plain


def _refuse_finer(value: Any, nanoseconds: int) -> None:
    if value != value:
        raise TypeError("NaT is no point in time; None can stand for it among values")
    if nanoseconds:
        raise TypeError(f"{value!r} has nanoseconds, which datetime and timedelta do not: round it")


def _datetime(value: Any) -> datetime.datetime:
    _refuse_finer(value, getattr(value, "nanosecond", 0))
    return datetime.datetime(value.year, value.month, value.day, value.hour, value.minute, value.second,
                             value.microsecond, value.tzinfo, fold=value.fold)


def _timedelta(value: Any) -> datetime.timedelta:
    _refuse_finer(value, getattr(value, "nanoseconds", 0))
    return datetime.timedelta(value.days, value.seconds, value.microseconds)


_BASES: Tuple[Tuple[Any, Callable[[Any], Any]], ...] = (
    (int, int.__index__), (float, float.__float__), (str, str.__str__), (bytes, lambda value: b"".join((value,))),
    ((bytearray, memoryview), bytes),
    (datetime.datetime, _datetime), (datetime.date, lambda value: datetime.date(value.year, value.month, value.day)),
    (datetime.timedelta, _timedelta), (Decimal, Decimal), (UUID, lambda value: UUID(int=value.int)),
)
_OWN = {int, float, str, bytes, bool, type(None), list, tuple, dict, set, frozenset, complex, datetime.datetime,
        datetime.date, datetime.time, datetime.timedelta, Decimal, UUID}


def plain(value: Any) -> Any:
    """The value of Python's own type that is meant; the value itself if there is none. TypeError for what is no
    value of the type (NaT) or does not fit it (nanoseconds)."""
    kind = type(value)
    if kind in _OWN:
        return value
    numpy: Any = sys.modules.get("numpy")
    if numpy is not None and isinstance(value, numpy.generic):
        return _of_numpy(value)
    for base, convert in _BASES:
        if isinstance(value, base):
            return convert(value)
    return value


def plain_or_same(value: Any) -> Any:
    """The same, and the value itself also in place of an error."""
    try:
        return plain(value)
    except TypeError:
        return value


# ---- points in time as numbers ----------------------------------------------------------------------

def microseconds(value: Any) -> int:
    """Of a datetime since the beginning of 1970, in its own time."""
    seconds = (value.hour * 60 + value.minute) * 60 + value.second
    number: int = (value.toordinal() - EPOCH_DAY) * _DAY + seconds * 1_000_000 + value.microsecond
    return number


def utc_microseconds(value: Any) -> int:
    """Of a datetime with a time zone since the beginning of 1970, in UTC."""
    offset: int = value.utcoffset() // MICROSECOND
    return microseconds(value) - offset


def from_microseconds(number: int, zone: Any = None) -> datetime.datetime:
    """The datetime of so many microseconds."""
    try:
        return datetime.datetime(1970, 1, 1, tzinfo=zone) + number * MICROSECOND
    except OverflowError:
        raise ValueError(f"{number} microseconds are beyond the years of datetime") from None
