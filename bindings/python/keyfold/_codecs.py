"""Codecs turn values into bytes and back. A file stores the name of its codec (metadata "python.values").

none         nothing: every value is None (a set of keys)
u64          integers from 0 to 2**64-1, which the file holds as such: the smallest, and what sums need
raw          bytes
str          UTF-8 with "surrogateescape"
int          integers of any size
float        floats
struct:<fmt> the struct module's: a tuple, or the one value of a format with one
json         what JSON can say. Tuples come back as lists and keys of dicts as str
object       JSON that keeps tuples, bytes, sets, complex numbers and dicts with any keys, and what follows
date, datetime, datetime-utc, timedelta, decimal, uuid   as _moments says
list:<codec> lists of what a codec holds
msgpack      needs the msgpack package. Tuples come back as tuples, lists as lists
pickle       anything. Opening such a file runs what is in it: only with allow_pickle=True
"""
from __future__ import annotations

import struct

from ._errors import ArgumentError, CodecError

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any, Callable, Dict, Iterable, List, Optional, Tuple, Union


class Codec:
    """How values become bytes and back. What its functions raise becomes a CodecError."""

    __slots__ = ("name", "encode", "decode")

    def __init__(self, name: str, encode: Callable[[Any], bytes], decode: Callable[[bytes], Any]) -> None:
        self.name = name
        self.encode = encode
        self.decode = decode

    def __repr__(self) -> str:
        return f"<codec {self.name}>"

    def __reduce__(self) -> Tuple[Any, ...]:
        return codec, (self.name, True)


def _encode_none(value: Any) -> bytes:
    if value is not None:
        raise TypeError(f"the value must be None, not {type(value).__name__}")
    return b""


def _encode_u64(value: Any) -> bytes:
    return u64(value).to_bytes(8, "little")


def u64(value: Any) -> int:
    """The value as an integer that the file can hold as such."""
    try:
        number: int = value.__index__()
    except AttributeError:
        raise TypeError(f"the value must be an int, not {type(value).__name__}") from None
    if not 0 <= number < 1 << 64:
        raise ValueError('the value must be from 0 to 2**64-1; codec="int" takes all ints')
    return number


def raw(value: Any) -> bytes:
    """The value if it is bytes, or holds some."""
    if isinstance(value, bytes):
        return value
    if isinstance(value, (bytearray, memoryview)):
        return bytes(value)
    raise TypeError(f"the value must be bytes, not {type(value).__name__}")


def _encode_str(value: Any) -> bytes:
    try:
        return str.encode(value, "utf-8", "surrogateescape")
    except TypeError:
        raise TypeError(f"the value must be a str, not {type(value).__name__}") from None


def _decode_str(data: bytes) -> str:
    return data.decode("utf-8", "surrogateescape")


def _encode_int(value: Any) -> bytes:
    try:
        number: int = value.__index__()
    except AttributeError:
        raise TypeError(f"the value must be an int, not {type(value).__name__}") from None
    return number.to_bytes(number.bit_length() // 8 + 1, "little", signed=True)


def _decode_int(data: bytes) -> int:
    return int.from_bytes(data, "little", signed=True)


_double = struct.Struct("<d")


def _encode_float(value: Any) -> bytes:
    try:
        data = _double.pack(value)
    except (struct.error, OverflowError):
        raise TypeError(f"the value must be a float, not {type(value).__name__}") from None
    if type(value) is not float and _decode_float(data) != value and value == value:
        raise ValueError(f"no float is {value!r:.100}")
    return data


def _decode_float(data: bytes) -> float:
    return _double.unpack(data)[0]   # type: ignore[no-any-return]


_LARGEST_STRUCT = 1 << 24


def _struct_codec(name: str) -> Codec:
    try:
        layout = struct.Struct(name[len("struct:"):])
    except struct.error as problem:
        raise ArgumentError(f"codec {name!r}: {problem}") from None
    if layout.size > _LARGEST_STRUCT:   # the name may come from a file
        raise ArgumentError(f"codec {name!r}: over {_LARGEST_STRUCT} bytes")
    pack, unpack = layout.pack, layout.unpack
    try:
        fields = len(unpack(bytes(layout.size)))
    except struct.error:
        fields = 0

    def encode(value: Any) -> bytes:
        try:
            return pack(*value) if fields != 1 else pack(value)
        except struct.error as problem:
            raise ValueError(f"the value does not fit {name!r}: {problem}") from None

    return Codec(name, encode, unpack if fields != 1 else lambda data: unpack(data)[0])


_codecs: Dict[str, Codec] = {each.name: each for each in (
    Codec("none", _encode_none, lambda data: None),
    Codec("u64", _encode_u64, lambda data: int.from_bytes(data, "little")),
    Codec("raw", raw, bytes),
    Codec("str", _encode_str, _decode_str),
    Codec("int", _encode_int, _decode_int),
    Codec("float", _encode_float, _decode_float),
)}
_ELSEWHERE = {**dict.fromkeys(("json", "object", "msgpack", "pickle"), "_structured"),
              **dict.fromkeys(("date", "datetime", "datetime-utc", "timedelta", "decimal", "uuid"), "_moments")}
_BUILT_IN = frozenset((*_codecs, *_ELSEWHERE, "auto"))
PICKLES = ("pickle", "list:pickle")
_FAMILIES = ("struct:", "list:")


def register_codec(name: str, encode: Callable[[Any], bytes], decode: Callable[[bytes], Any]) -> None:
    """Makes a codec known under a name, which is stored in the files that are built with it. Every process
    that opens such a file must register it first (do so where your module is imported).

    >>> keyfold.register_codec("hex", bytes.fromhex, bytes.hex)
    >>> keyfold.compile("a.kf", {"a": "00ff"}, codec="hex")["a"]
    '00ff'
    """
    if not isinstance(name, str) or not name or name in _BUILT_IN or name.startswith(_FAMILIES):
        raise ArgumentError(f"{name!r} can't be the name of a codec of your own")
    _codecs[name] = Codec(name, encode, decode)


def codec(name: Union[str, Codec], allow_pickle: bool = False) -> Codec:
    """The codec of a name. "pickle" must be allowed, as reading a pickle can run any code."""
    if isinstance(name, Codec):
        return name
    if name in PICKLES and not allow_pickle:
        raise CodecError("the values are pickles, and reading one can run any code that is in it: "
                         "pass allow_pickle=True if you trust the file")
    found = _codecs.get(name)
    if found is None:
        if not isinstance(name, str):
            raise ArgumentError(f"codec={name!r:.100}: the name of one is needed")
        if name in _ELSEWHERE:
            home = __import__(f"{__package__}.{_ELSEWHERE[name]}", fromlist=("functions",))
            found = Codec(name, *home.functions(name))
        elif name.startswith("struct:"):
            found = _struct_codec(name)
        elif name.startswith("list:") and not name.startswith("list:list:"):
            from . import _lists
            item = codec(name[len("list:"):], allow_pickle)
            found = Codec(name, *_lists.functions(item.encode, item.decode))
        else:
            raise CodecError(f"unknown codec {name!r}: register_codec makes your own known; there are "
                             f"{', '.join(sorted(_BUILT_IN - {'auto'}))}, struct:<format>, list:<codec>")
        _codecs[name] = found
    return found


def is_built_in(codec: Codec) -> bool:
    """Whether the codec is the one that has its name here."""
    return _codecs.get(codec.name) is codec and codec.name in _BUILT_IN


def of_items(name: str) -> str:
    """The codec of lists of what a codec holds."""
    return "list:" + ("int" if name == "u64" else name)


def _is_json(value: Any) -> bool:
    """Whether JSON gives back the very value."""
    open_values = [value]
    while open_values:
        each = open_values.pop()
        kind = type(each)
        if kind is list:
            open_values += each
        elif kind is dict:
            if not all(type(key) is str for key in each):
                return False
            open_values += each.values()
        elif kind is int:
            if not -(1 << 1024) < each < 1 << 1024:
                return False
        elif kind not in (str, float, bool, type(None)):
            return False
    return True


_SIMPLE = {str, bytes, int, float, bool, type(None), list, tuple, dict, set, frozenset}
UNIFORM: Dict[type, str] = {str: "str", bytes: "raw", float: "float", type(None): "none"}


def choose(values: Iterable[Any], complete: bool) -> str:
    """The name of the codec for such values. `complete`: there are no others than these."""
    values = list(values)
    kinds = {type(value) for value in values}
    if not kinds <= _SIMPLE:
        from . import _moments, _scalars
        values = list(map(_scalars.plain_or_same, values))
        kinds = {type(value) for value in values}
        if len(kinds) == 1:
            name = _moments.choose(values)
            if name is not None:
                return name
    only: Optional[type] = next(iter(kinds)) if len(kinds) == 1 else None
    if only is int:
        return "u64" if complete and all(0 <= value < 1 << 64 for value in values) else "int"
    if only in UNIFORM and (complete or only is not type(None)):
        return UNIFORM[only]
    if not kinds:
        return "none" if complete else "object"
    return "json" if complete and all(map(_is_json, values)) else "object"
