"""Elements of tuple keys that are neither None, bytes, str, tuples nor ints (see _keys).

number     A float that equals an int is encoded as that int, because 2.0 == 2 are one key; so it comes back as an
           int. Any other is its floor as an int, ff, then the digits of its fraction to the base 128, the first
           one first; each is a byte, digit * 2, and 1 more where another digit follows. -inf and inf are the ints of
           the greatest length. NaN equals nothing and is no key.

               2.5  05 81 02 ff 80       -0.25  05 7e fe ff c0       inf  05 ff ff ff ff ff ff ff ff ff

date       its day, counted from 1970, as an int
datetime   its microsecond, counted from 1970, as an int
aware      the same in UTC. Two datetimes with time zones that mean the same instant are equal, whatever their zones:
           one key, which comes back in UTC
time       microseconds of the day, as an int; those with a time zone are no keys
timedelta  microseconds, as an int
UUID       16 bytes
"""
from __future__ import annotations

import datetime
from typing import Any, Callable, Dict, Tuple
from uuid import UUID

from ._integers import FRACTION, encode_int, take_int
from ._scalars import EPOCH_DAY, MICROSECOND, from_microseconds, microseconds, utc_microseconds


def _encode_float(value: float) -> bytes:
    if value != value:
        raise ValueError("NaN is no key, as it does not equal itself")
    if value in (float("inf"), -float("inf")):
        return (b"\xff" if value > 0 else b"\x00") * 9
    numerator, denominator = value.as_integer_ratio()
    bits = denominator.bit_length() - 1
    whole = numerator >> bits
    fraction = numerator - (whole << bits)
    if not fraction:
        return encode_int(whole)
    digits = bytearray()
    fraction <<= -bits % 7
    while fraction:
        digits.append((fraction & 127) << 1 | bool(digits))
        fraction >>= 7
    # Zeros that the fraction begins with.
    digits += b"\x01" * (-(-bits // 7) - len(digits))
    return encode_int(whole) + FRACTION + digits[::-1]


def take_fraction(whole: int, data: bytes, at: int) -> Tuple[float, int]:
    """The float with a fraction at a position and the position behind it."""
    fraction = bits = 0
    more = 1
    while more:
        more = data[at] & 1
        fraction = fraction << 7 | data[at] >> 1
        bits += 7
        at += 1
    return ((whole << bits) + fraction) / (1 << bits), at


def _encode_datetime(value: Any) -> bytes:
    if value.tzinfo is None or value.utcoffset() is None:
        return b"\x07" + encode_int(microseconds(value))
    number = utc_microseconds(value)
    from_microseconds(number)       # or it could not come back
    return b"\x08" + encode_int(number)


def _encode_time(value: Any) -> bytes:
    if value.tzinfo is not None:
        raise TypeError("a time with a time zone is no key")
    return b"\x09" + encode_int(microseconds(datetime.datetime.combine(datetime.date(1970, 1, 1), value)))


def encode(item: Any) -> bytes:
    """An element, which _scalars.plain has returned, with its tag."""
    for kind, encoder in _ENCODERS:
        if isinstance(item, kind):
            return encoder(item)
    try:
        number = float(item) if not hasattr(item, "__index__") else item
        if number == item and hash(number) == hash(item):   # a Fraction or Decimal
            return b"\x05" + (_encode_float(number) if isinstance(number, float) else encode_int(number))
    except (TypeError, ValueError, ArithmeticError):
        pass
    raise TypeError(f"a key must be a str, bytes, int, float, date, datetime, time, timedelta, UUID, None or a tuple "
                    f"of these, not {type(item).__name__}")


_ENCODERS: Tuple[Tuple[Any, Callable[[Any], bytes]], ...] = (
    (bool, lambda item: b"\x05" + encode_int(item)),
    (int, lambda item: b"\x05" + encode_int(item)),
    (float, lambda item: b"\x05" + _encode_float(item)),
    (datetime.datetime, _encode_datetime),
    (datetime.date, lambda item: b"\x06" + encode_int(item.toordinal() - EPOCH_DAY)),
    (datetime.time, _encode_time),
    (datetime.timedelta, lambda item: b"\x0a" + encode_int(item // MICROSECOND)),
    (UUID, lambda item: b"\x0b" + item.bytes),
)


def _time(number: int) -> datetime.time:
    if not 0 <= number < 86_400_000_000:
        raise ValueError("a key with a time beyond a day")
    return from_microseconds(number).time()


_OF_INTS: Dict[int, Callable[[int], Any]] = {
    0x06: lambda number: datetime.date.fromordinal(number + EPOCH_DAY),
    0x07: from_microseconds,
    0x08: lambda number: from_microseconds(number, datetime.timezone.utc),
    0x09: _time,
    0x0a: lambda number: number * MICROSECOND,
}


def take(tag: int, data: bytes, at: int) -> Tuple[Any, int]:
    """The element with a tag whose encoding is at a position, and the position behind it."""
    if tag == 0x0b and len(data) - at >= 16:
        return UUID(bytes=data[at:at + 16]), at + 16
    if tag not in _OF_INTS:
        raise ValueError("a key that is not an encoded tuple")
    number, at = take_int(data, at)
    return _OF_INTS[tag](number), at
