"""Kinds of keys. Each encodes its keys as bytes in such a way that the bytes' order is the keys' order.

str     UTF-8 with "surrogateescape": a byte that is no UTF-8 is a lone surrogate in Python (as in
        os.fsdecode), so any key of any file is a str and back again. Keys order by their bytes, which for text
        is by code points; prefixes are of bytes too.
bytes   themselves.
int     any size. A length byte, then the magnitude, big-endian: 0x80 is 0; 0x80+n (n <= 126) precedes n bytes
        of a positive number, 0xff an 8-byte length of a longer one. Of a negative number all bytes are inverted.

            0  80      1  81 01      300  82 01 2c      -1  7e fe      -300  7d fe d3

tuple   its elements one after the other, each a tag and the element, which no other element's encoding begins
        with; so a tuple's encoding begins that of every tuple that it begins, and sorts before it (after the
        tuple layer of FoundationDB, 2013, with another escape).

            tag 01  None    nothing
            tag 02  bytes   00 as 01 01, 01 as 01 02; then 00
            tag 03  str     UTF-8, as bytes
            tag 04  tuple   its elements; then 00
            tag 05  number  an int as above; a float that equals none: the next lower int, ff, then the
                            fraction, as drawn in _elements
            tag 06  date, 07 datetime, 08 datetime with a time zone, 09 time, 0a timedelta, 0b UUID:
                            see _elements

        Elements of different kinds order by their tags. Ints and floats are one kind, as 2 == 2.0.
any     one element of a tuple, of whatever kind.
"""
from __future__ import annotations

from ._errors import ArgumentError
from ._integers import FRACTION, encode_int, take_int

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any, Callable, Dict, List, Tuple

_str_encode: Callable[..., bytes] = str.encode
DEPTH = 100   # how deep tuples may be nested


class KeyKind:
    """How keys of one kind become bytes and back. `encode` raises TypeError or ValueError for what is no key
    of the kind."""

    __slots__ = ("name", "encode", "decode", "has_prefixes")

    def __init__(self, name: str, encode: Callable[[Any], bytes], decode: Callable[[bytes], Any],
                 has_prefixes: bool) -> None:
        self.name = name
        self.encode = encode
        self.decode = decode
        self.has_prefixes = has_prefixes   # whether a key's first bytes mean something

    def __repr__(self) -> str:
        return f"<keys: {self.name}>"

    def __reduce__(self) -> Tuple[Any, ...]:
        return kind, (self.name,)


def _encode_str(key: Any) -> bytes:
    try:
        return _str_encode(key)
    except UnicodeEncodeError:
        return _str_encode(key, "utf-8", "surrogateescape")
    except TypeError:
        raise TypeError(f"a key must be a str, not {type(key).__name__}") from None


def _decode_str(data: bytes) -> str:
    return data.decode("utf-8", "surrogateescape")


def _encode_bytes(key: Any) -> bytes:
    if type(key) is bytes:
        return key
    if isinstance(key, bytes):
        return b"".join((key,))
    if isinstance(key, (bytearray, memoryview)):
        return bytes(key)
    raise TypeError(f"a key must be bytes, not {type(key).__name__}")


def _decode_int(data: bytes) -> int:
    try:
        number, end = take_int(data, 0)
    except IndexError:
        end = -1
    if end != len(data):
        raise ValueError("a key that is not an encoded int")
    return number


def _escape(data: bytes) -> bytes:
    return data.replace(b"\x01", b"\x01\x02").replace(b"\x00", b"\x01\x01") + b"\x00"


def _put(parts: List[bytes], items: Tuple[Any, ...], depth: int) -> None:
    if depth > DEPTH:
        raise ValueError(f"a key nested over {DEPTH} deep")
    for item in items:
        if item is None:
            parts.append(b"\x01")
        elif isinstance(item, str):
            parts.append(b"\x03" + _escape(_encode_str(item)))
        elif isinstance(item, bytes):
            parts.append(b"\x02" + _escape(item))
        elif isinstance(item, tuple):
            parts.append(b"\x04")
            _put(parts, item, depth + 1)
            parts.append(b"\x00")
        elif isinstance(item, int):
            parts.append(b"\x05" + encode_int(item))
        else:
            from . import _elements, _scalars
            plain = _scalars.plain(item)
            if isinstance(plain, (str, bytes)):
                _put(parts, (plain,), depth)
            else:
                parts.append(_elements.encode(plain))


def _encode_tuple(key: Any) -> bytes:
    if not isinstance(key, tuple):
        raise TypeError(f"a key must be a tuple, not {type(key).__name__}")
    parts: List[bytes] = []
    _put(parts, key, 1)
    return b"".join(parts)


def _take_escaped(data: bytes, at: int) -> Tuple[bytes, int]:
    end = data.index(b"\x00", at)
    return data[at:end].replace(b"\x01\x01", b"\x00").replace(b"\x01\x02", b"\x01"), end + 1


def take_number(data: bytes, at: int) -> Tuple[Any, int]:
    """The int or float at a position, and the position behind it."""
    if data[at] in (0x00, 0xff) and data[at:at + 9] == data[at:at + 1] * 9:
        return float("inf") if data[at] else -float("inf"), at + 9
    number, at = take_int(data, at)
    if data[at:at + 1] != FRACTION:
        return number, at
    from . import _elements
    return _elements.take_fraction(number, data, at + 1)


def _decode_tuple(data: bytes) -> Tuple[Any, ...]:
    open_tuples: List[List[Any]] = [[]]
    at = 0
    try:
        while at < len(data):
            tag = data[at]
            at += 1
            item: Any
            if tag == 0x00:
                item = tuple(open_tuples.pop())
            elif tag == 0x01:
                item = None
            elif tag == 0x02:
                item, at = _take_escaped(data, at)
            elif tag == 0x03:
                item, at = _take_escaped(data, at)
                item = _decode_str(item)
            elif tag == 0x04:
                open_tuples.append([])
                continue
            elif tag == 0x05:
                item, at = take_number(data, at)
            else:
                from . import _elements
                item, at = _elements.take(tag, data, at)
            open_tuples[-1].append(item)
    except (IndexError, OverflowError):
        raise ValueError("a key that is not an encoded tuple") from None
    if len(open_tuples) != 1:
        raise ValueError("a key that is not an encoded tuple")
    return tuple(open_tuples[0])


KINDS: Dict[str, KeyKind] = {each.name: each for each in (
    KeyKind("str", _encode_str, _decode_str, True),
    KeyKind("bytes", _encode_bytes, bytes, True),
    KeyKind("int", encode_int, _decode_int, False),
    KeyKind("tuple", _encode_tuple, _decode_tuple, True),
)}


def encode_step(key: Any) -> bytes:
    """A tuple of one key: a step of a nested dict's path (see _nested)."""
    if type(key) is str:
        data = b"\x03" + _encode_str(key)
        if b"\x00" not in data and b"\x01" not in data:
            return data + b"\x00"
    return _encode_tuple((key,))


def decode_step(data: bytes) -> Any:
    return _decode_tuple(data)[0]


KINDS["any"] = KeyKind("any", encode_step, decode_step, False)
# The paths of a nested dict. Only freeze writes them, so it is not among those to choose from.
NESTED = KeyKind("nested", encode_step, decode_step, False)


def kind(name: str) -> KeyKind:
    """The kind of a name."""
    if name == "nested":
        return NESTED
    try:
        return KINDS[name]
    except KeyError:
        raise ArgumentError(f"unknown kind of keys {name!r}: there are {', '.join(KINDS)}") from None


def kind_of(key: Any) -> KeyKind:
    """The kind that a key is of."""
    for type_, name in ((str, "str"), ((bytes, bytearray, memoryview), "bytes"), (tuple, "tuple"), (int, "int")):
        if isinstance(key, type_):   # type: ignore[arg-type]
            return KINDS[name]
    for name in ("int", "any"):
        try:
            KINDS[name].encode(key)
            return KINDS[name]
        except TypeError as problem:
            said = problem
    raise said
