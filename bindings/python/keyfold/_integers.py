"""Integers of any size as bytes in the same order: as keys, and in tuples (drawn in _keys)."""
from __future__ import annotations

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any, Tuple

FRACTION = b"\xff"    # what an int goes on with that is the floor of a float: greater than every tag


def _equal_int(key: Any) -> int:
    """The int that a key equals, as a dict finds the one by the other: that of 1.0, of Decimal(1), of NumPy's
    True."""
    if not isinstance(key, (str, bytes, bytearray)):
        try:
            number = int(key)
            if number == key and hash(number) == hash(key):
                return number
        except (TypeError, ValueError, ArithmeticError):
            pass
    raise TypeError(f"a key must be an int, not {type(key).__name__}")


def encode_int(key: Any) -> bytes:
    number: int
    if type(key) is int:
        number = key
    elif getattr(getattr(key, "dtype", None), "kind", "") == "b":     # NumPy's True would be an index with a warning
        number = int(key)
    else:
        try:
            number = key.__index__()
        except (AttributeError, TypeError):
            number = _equal_int(key)
    if number >= 0:
        size = (number.bit_length() + 7) >> 3
        head = bytes((0x80 + size,)) if size <= 126 else b"\xff" + size.to_bytes(8, "big")
        return head + number.to_bytes(size, "big")
    size = ((-number).bit_length() + 7) >> 3
    # Inverting all bytes is 256**n - 1 - magnitude.
    head = bytes((0x7f - size,)) if size <= 126 else b"\x00" + (2**64 - 1 - size).to_bytes(8, "big")
    return head + ((1 << (8 * size)) - 1 + number).to_bytes(size, "big")


def take_int(data: bytes, at: int) -> Tuple[int, int]:
    """The number at a position, and the position behind it."""
    head = data[at]
    at += 1
    if head in (0x00, 0xff):
        size = int.from_bytes(data[at:at + 8], "big")
        if head == 0:
            size = 2**64 - 1 - size
        at += 8
    else:
        size = head - 0x80 if head >= 0x80 else 0x7f - head
    if size > len(data) - at:
        raise ValueError("a key that is not an encoded int")
    number = int.from_bytes(data[at:at + size], "big")
    if head < 0x80:
        number -= (1 << (8 * size)) - 1
    return number, at + size
