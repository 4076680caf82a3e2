"""Rows of names as bytes, packed for the builder of an index."""
from __future__ import annotations

import operator
from array import array
from typing import Any, Iterator, List, NamedTuple, Optional, Tuple, Union

from . import _codecs
from ._codecs import Codec
from ._native import ffi
from ._pack import _pack_str

ROWS = 8192         # that are packed at a time
SAMPLE = 1000       # payloads that a codec is chosen by

Texts = Tuple[Any, Any, Any]        # sizes, data, and a byte a row, 0 where there is none and no size (or None)
NONE: Texts = (None, None, None)


class Packed(NamedTuple):
    """Rows for kfpy_names_add."""

    rows: int
    numbers: Any                    # ids that are integers
    is_signed: bool
    ids: Texts                      # NONE if they are positions or numbers
    names: Texts
    attributes: Texts
    payloads: Texts


def packed_texts(parts: List[bytes]) -> Texts:
    """Texts that are all there."""
    return array("Q", map(len, parts)), b"".join(parts), None


def packed_some(parts: List[Optional[bytes]]) -> Texts:
    """Texts of which some are none."""
    if None not in parts:
        return packed_texts(parts)      # type: ignore[arg-type]
    there = [part for part in parts if part is not None]
    return (*packed_texts(there)[:2], bytes(part is not None for part in parts)) if there else NONE


# ---- one by one -------------------------------------------------------------------------------------

def id_kind(value: Any) -> str:
    """What ids are of which this is one."""
    if isinstance(value, str):
        return "str"
    if isinstance(value, (bytes, bytearray, memoryview)):
        return "bytes"
    if isinstance(value, bool) or not hasattr(value, "__index__"):
        hint = ' (None among integers makes them floats in pandas: astype("Int64") keeps them)' \
            if isinstance(value, float) else ""
        raise TypeError(f"an id is an int, a str or bytes, not {type(value).__name__}{hint}")
    return "int"


def encode_id(kind: str, value: Any) -> bytes:
    """An id as the file has it."""
    if id_kind(value) != kind:
        raise TypeError(f"the id is {type(value).__name__}, but the first was {kind}: all ids must be of one kind")
    if kind == "int":
        return b"%d" % operator.index(value)
    return value.encode("utf-8", "surrogateescape") if kind == "str" else bytes(value)


def encode_name(value: Any) -> bytes:
    """A name as the file has it."""
    if isinstance(value, str):
        return value.encode()
    if isinstance(value, bytes):
        return value
    raise TypeError(f"a name is a str, not {type(value).__name__}")


def encode_attribute(value: Any) -> Optional[bytes]:
    """An attribute as the file has it."""
    if value is None:
        return None
    if isinstance(value, str):
        return value.encode("utf-8", "surrogateescape")
    raise TypeError(f"an attribute is a str, not {type(value).__name__}")


class Payloads:
    """Encodes payloads by a codec, which the first ones choose if it is "auto"."""

    def __init__(self, wish: Union[str, Codec]) -> None:
        self.codec: Optional[Codec] = None if wish == "auto" else _codecs.codec(wish)

    def choose(self, values: Iterator[Any]) -> None:
        """By the first of these that are not None."""
        if self.codec is not None:
            return
        sample = [value for value, _ in zip((value for value in values if value is not None), range(SAMPLE))]
        if sample:
            self.codec = _codecs.codec(_codecs.choose(sample, False))

    def encode(self, value: Any) -> Optional[bytes]:
        """A payload as the file has it."""
        if value is None:
            return None
        self.choose(iter((value,)))
        assert self.codec is not None
        try:
            return self.codec.encode(value)
        except (TypeError, ValueError) as problem:
            raise TypeError(f"the payload can't be encoded by codec {self.codec.name!r}: {problem}") from None


# ---- lists ------------------------------------------------------------------------------------------

def pack_ids(kind: str, ids: List[Any]) -> Tuple[Any, bool, Texts]:
    """Numbers, whether they have signs, and texts."""
    kinds = set(map(type, ids))
    if kind == "int" and kinds == {int}:
        try:
            return array("q", ids), True, NONE
        except OverflowError:
            pass
    if kind == "str" and kinds == {str}:
        return None, False, (*_pack_str(ids), None)
    return None, False, packed_texts([encode_id(kind, each) for each in ids])


def pack_names(names: List[Any]) -> Texts:
    if set(map(type, names)) == {str}:
        return (*_pack_str(names), None)    # with surrogates they are not UTF-8, as C will find
    return packed_texts(list(map(encode_name, names)))


def fill(raw: Any, packed: Packed, first: int) -> List[Any]:
    """Fills a kfpy_name_rows; returns what must live as long, and be released."""
    raw.count, raw.first, raw.is_signed = packed.rows, first, packed.is_signed
    kept: List[Any] = []

    def place(buffer: Any, kind: str) -> Any:
        if buffer is None or not len(buffer):
            return ffi.NULL
        kept.append(ffi.from_buffer(kind, buffer))
        return kept[-1]

    raw.numbers = place(packed.numbers, "uint64_t[]")
    for texts, (sizes, data, there) in ((raw.ids, packed.ids), (raw.names, packed.names),
                                        (raw.attributes, packed.attributes), (raw.payloads, packed.payloads)):
        texts.sizes, texts.data, texts.there = \
            place(sizes, "uint64_t[]"), place(data, "char[]"), place(there, "uint8_t[]")
    return kept
