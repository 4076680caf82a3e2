"""Codecs of dates, times, decimals and UUIDs, and the tags that they have within values of codec object (see
_structured). Imported when one of them is asked for.

date          days since 1970-01-01, 4 bytes, little-endian
datetime      without a time zone: microseconds since 1970-01-01, 8 bytes. `fold`, which without a zone means
              nothing, is refused
datetime-utc  with datetime.timezone.utc: the same
timedelta     microseconds, 8 bytes
decimal       as text, which keeps the exponent: 1.10 is not 1.1
uuid          16 bytes

Any other date and time is a value of codec object:

    {"$datetime": "2026-11-28T22:40:00+01:00"}                                 without a zone, or a fixed offset
    {"$datetime": ["2026-10-25T02:30:00+01:00", "Europe/Berlin", 1]}           zoneinfo.ZoneInfo, and fold
    {"$date": "2026-11-28"} {"$time": ...} {"$timedelta": [days, seconds, microseconds]} {"$decimal": "1.10"}
    {"$uuid": "..."}

A zone of zoneinfo comes back as such, if the reader knows it and it has that offset there. In its place, and in place
of zones of other packages, comes the fixed offset.
"""
from __future__ import annotations

import datetime
import struct
from decimal import Decimal, InvalidOperation
from typing import Any, Callable, Dict, List, Optional, Tuple
from uuid import UUID

from ._scalars import EPOCH_DAY, MICROSECOND, from_microseconds, microseconds, plain, utc_microseconds

_UTC = datetime.timezone.utc
_days, _wide = struct.Struct("<i"), struct.Struct("<q")


def _is_a(kind: type, value: Any) -> Any:
    """The value as one of exactly that type."""
    value = plain(value)
    if type(value) is not kind:
        raise TypeError(f"the value must be a {kind.__name__}, not {type(value).__name__}")
    return value


def _encode_date(value: Any) -> bytes:
    return _days.pack(_is_a(datetime.date, value).toordinal() - EPOCH_DAY)


def _decode_date(data: bytes) -> datetime.date:
    return datetime.date.fromordinal(_days.unpack(data)[0] + EPOCH_DAY)


def _encode_naive(value: Any) -> bytes:
    value = _is_a(datetime.datetime, value)
    if value.tzinfo is not None or value.fold:
        what = "time zone" if value.tzinfo is not None else "fold"
        raise TypeError(f'{value!r} has a {what}: codec="object" keeps it')
    return _wide.pack(microseconds(value))


def _encode_utc(value: Any) -> bytes:
    value = _is_a(datetime.datetime, value)
    if value.tzinfo is not _UTC or value.fold:
        raise TypeError(f'{value!r} is not one with datetime.timezone.utc: codec="object" keeps any')
    return _wide.pack(utc_microseconds(value))


def _encode_timedelta(value: Any) -> bytes:
    try:
        return _wide.pack(_is_a(datetime.timedelta, value) // MICROSECOND)
    except struct.error:
        raise ValueError('a timedelta of over 292 000 years: codec="object" keeps it') from None


def _decode_decimal(data: bytes) -> Decimal:
    try:
        return Decimal(data.decode("ascii"))
    except InvalidOperation:
        raise ValueError("no decimal") from None


_FUNCTIONS: Dict[str, Tuple[Callable[[Any], bytes], Callable[[bytes], Any]]] = {
    "date": (_encode_date, _decode_date),
    "datetime": (_encode_naive, lambda data: from_microseconds(_wide.unpack(data)[0])),
    "datetime-utc": (_encode_utc, lambda data: from_microseconds(_wide.unpack(data)[0], _UTC)),
    "timedelta": (_encode_timedelta, lambda data: _wide.unpack(data)[0] * MICROSECOND),
    "decimal": (lambda value: str(_is_a(Decimal, value)).encode(), _decode_decimal),
    "uuid": (lambda value: _is_a(UUID, value).bytes, lambda data: UUID(bytes=data)),   # type: ignore[no-any-return]
}


def functions(name: str) -> Tuple[Callable[[Any], bytes], Callable[[bytes], Any]]:
    """How the codec of a name encodes and decodes."""
    return _FUNCTIONS[name]


# Any value of the codec, which stands for absent ones where there is no default.
NOTHING = {"date": bytes(4), "datetime": _wide.pack(-1 << 63), "datetime-utc": _wide.pack(-1 << 63),
           "timedelta": _wide.pack(-1 << 63)}


def choose(values: List[Any]) -> Optional[str]:
    """The codec for values of one type, if it is one of these and holds all of them."""
    kind = type(values[0])
    if kind is datetime.datetime:
        folds = any(value.fold for value in values)
        zones = {value.tzinfo if value.tzinfo is None else value.tzinfo is _UTC for value in values}
        if folds or len(zones) != 1:
            return None
        return {None: "datetime", True: "datetime-utc"}.get(zones.pop())
    if kind is datetime.timedelta:
        return "timedelta" if all(abs(value // MICROSECOND) < 1 << 62 for value in values) else None
    return {datetime.date: "date", Decimal: "decimal", UUID: "uuid"}.get(kind)


# ---- within values of codec object ------------------------------------------------------------------

def _zone_name(zone: Any) -> Optional[str]:
    """What zoneinfo knows a zone by."""
    if not type(zone).__module__.endswith("zoneinfo"):
        return None
    key: Optional[str] = zone.key
    if key is None:
        raise TypeError(f"{zone!r} has no name that it could be found by again")
    return key


def _tag_datetime(value: datetime.datetime) -> Any:
    text = value.isoformat()
    name = _zone_name(value.tzinfo)
    return [text, name, value.fold] if name is not None or value.fold else text


def _tag_time(value: datetime.time) -> Any:
    name = _zone_name(value.tzinfo)
    if name is None and value.tzinfo is not None and value.utcoffset() is None:
        raise TypeError(f"{value!r} has a time zone without an offset or a name")
    return [value.replace(tzinfo=None).isoformat() if name else value.isoformat(), name, value.fold] \
        if name is not None or value.fold else value.isoformat()


_TAGS: Dict[type, Tuple[str, Callable[[Any], Any]]] = {
    datetime.date: ("$date", datetime.date.isoformat),
    datetime.datetime: ("$datetime", _tag_datetime),
    datetime.time: ("$time", _tag_time),
    datetime.timedelta: ("$timedelta", lambda value: [value.days, value.seconds, value.microseconds]),
    Decimal: ("$decimal", str),
    UUID: ("$uuid", str),
}


def tag(value: Any) -> Optional[Dict[str, Any]]:
    """A value of one of these types as JSON, else None."""
    found = _TAGS.get(type(value))
    return None if found is None else {found[0]: found[1](value)}


def _in_zone(value: Any, content: Any) -> Any:
    """A datetime or time with the zone and the fold that it had."""
    value = value.replace(fold=content[2])
    if content[1] is None:
        return value
    import zoneinfo
    try:
        found = value.replace(tzinfo=zoneinfo.ZoneInfo(content[1]))
    except (zoneinfo.ZoneInfoNotFoundError, ValueError, OSError):
        if value.tzinfo is None:
            raise ValueError(f"the time zone {content[1]!r:.100} is not known here: pip install tzdata") from None
        return value
    return found if value.tzinfo is None or found.utcoffset() == value.utcoffset() else value


def _untag_datetime(content: Any) -> datetime.datetime:
    if isinstance(content, str):
        return datetime.datetime.fromisoformat(content)
    return _in_zone(datetime.datetime.fromisoformat(content[0]), content)   # type: ignore[no-any-return]


def _untag_time(content: Any) -> datetime.time:
    if isinstance(content, str):
        return datetime.time.fromisoformat(content)
    return _in_zone(datetime.time.fromisoformat(content[0]), content)   # type: ignore[no-any-return]


UNTAG: Dict[str, Callable[[Any], Any]] = {
    "$date": datetime.date.fromisoformat, "$datetime": _untag_datetime, "$time": _untag_time,
    "$timedelta": lambda parts: datetime.timedelta(*parts),
    "$decimal": lambda text: _decode_decimal(text.encode()), "$uuid": UUID,
}
