"""Codecs of lists, list:<codec>: what duplicates="all" makes of the values that a key is given.

    list:str    ["a", "bcd"]    01 a 03 b c d

Each item is its size as a varint (7 bits a byte, the lowest first; the highest bit says that more follow), then its
bytes. Lists are joined by putting them end to end, which is what a builder does.
"""
from __future__ import annotations

from typing import Any, Callable, List, Tuple

PREFIX = "list:"


def _varint(number: int) -> bytes:
    data = bytearray()
    while number > 127:
        data.append(number & 127 | 128)
        number >>= 7
    data.append(number)
    return bytes(data)


_SIZES = [_varint(size) for size in range(1024)]


def functions(encode: Callable[[Any], bytes], decode: Callable[[bytes], Any]) \
        -> Tuple[Callable[[Any], bytes], Callable[[bytes], List[Any]]]:
    """How lists are encoded and decoded, given how their items are."""

    def encode_list(items: Any) -> bytes:
        if not isinstance(items, (list, tuple)):
            raise TypeError(f"the value must be a list, not {type(items).__name__}")
        parts: List[bytes] = []
        for item in items:
            data = encode(item)
            parts.append(_SIZES[len(data)] if len(data) < len(_SIZES) else _varint(len(data)))
            parts.append(data)
        return b"".join(parts)

    def decode_list(data: bytes) -> List[Any]:
        items: List[Any] = []
        at = 0
        end = len(data)
        while at < end:
            size = data[at]
            at += 1
            if size > 127:
                size &= 127
                shift = 7
                while data[at] > 127:
                    size |= (data[at] & 127) << shift
                    shift += 7
                    at += 1
                size |= data[at] << shift
                at += 1
            if size > end - at:
                raise ValueError("a list that ends early")
            items.append(decode(data[at:at + size]))
            at += size
        return items

    return encode_list, decode_list
