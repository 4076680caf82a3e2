"""The codecs of structured values: json, object, msgpack and pickle (see _codecs). Imported when one of them is
asked for."""
from __future__ import annotations

import base64
import json
import pickle
from typing import Any, Callable, Dict, List, Tuple

from ._errors import CodecError

Functions = Tuple[Callable[[Any], bytes], Callable[[bytes], Any]]


def _json_default(value: Any) -> Any:
    """What JSON takes in place of a value that it does not know."""
    from . import _scalars
    plain = _scalars.plain(value)
    if plain is value:
        raise TypeError(f"JSON has no {type(value).__name__}; codec=\"object\" may have")
    return plain


_json_encode = json.JSONEncoder(ensure_ascii=False, separators=(",", ":"), check_circular=True,
                                default=_json_default).encode
_json_decode = json.JSONDecoder().decode


def _encode_json(value: Any) -> bytes:
    # Lone surrogates, which UTF-8 has no place for, are legal in JSON and come back as they were.
    text = _json_encode(value)
    try:
        return text.encode()
    except UnicodeEncodeError:
        return json.dumps(value, separators=(",", ":"), default=_json_default).encode()


def _decode_json(data: bytes) -> Any:
    return _json_decode(data.decode())


# In the "object" codec, a JSON object with one member whose name begins with "$" is not a dict:
#   {"$tuple": [...]} {"$set": [...]} {"$frozenset": [...]} {"$dict": [key, value, key, value, ...]}
#   {"$bytes": "base64"} {"$int": "hexadecimal"} {"$complex": [real, imaginary]}, and those of _moments
_DEPTH = 500


def _tag(value: Any, depth: int) -> Any:
    kind = type(value)
    if kind is str or kind is float or kind is bool or value is None:
        return value
    if kind is int:
        # Python refuses to read decimals of thousands of digits.
        return value if -(1 << 1024) < value < 1 << 1024 else {"$int": hex(value)}
    if depth > _DEPTH:
        raise ValueError(f"the value is nested over {_DEPTH} deep")
    depth += 1
    if kind is list:
        return [_tag(item, depth) for item in value]
    if kind is tuple:
        return {"$tuple": [_tag(item, depth) for item in value]}
    if kind is dict:
        if all(type(key) is str for key in value) and not (len(value) == 1 and next(iter(value))[:1] == "$"):
            return {key: _tag(item, depth) for key, item in value.items()}
        flat: List[Any] = []
        for key, item in value.items():
            flat += (_tag(key, depth), _tag(item, depth))
        return {"$dict": flat}
    if kind is bytes:
        return {"$bytes": base64.b64encode(value).decode()}
    if kind is set or kind is frozenset:
        items = [_tag(item, depth) for item in value]
        items.sort(key=repr)   # the same set gives the same file
        return {"$" + kind.__name__: items}
    if kind is complex:
        return {"$complex": [value.real, value.imag]}
    return _tag_other(value, depth)


def _tag_other(value: Any, depth: int) -> Any:
    from . import _moments, _scalars
    plain = _scalars.plain(value)
    tagged = _moments.tag(plain)
    if tagged is not None:
        return tagged
    if type(plain) is not type(value):
        return _tag(plain, depth)
    if isinstance(value, dict) and type(value).__module__ == "collections":
        return _tag(dict(value), depth)     # OrderedDict, defaultdict, Counter
    hint = next((f", or {base.__name__}(value) in their place" for base in (tuple, list, dict, set)
                 if isinstance(value, base)), "")
    if hasattr(value, "tolist"):
        hint = ", or value.tolist() in their place"
    raise TypeError(f'values of type {type(value).__name__} need codec="pickle" or a codec of their own{hint}')


_UNTAG: Dict[str, Callable[[Any], Any]] = {
    "$tuple": tuple, "$set": set, "$frozenset": frozenset,
    "$dict": lambda flat: dict(zip(flat[::2], flat[1::2])),
    "$bytes": base64.b64decode, "$int": lambda text: int(text, 16), "$complex": lambda pair: complex(*pair),
}


def _untag(members: Dict[str, Any]) -> Any:
    if len(members) == 1:
        (name, content), = members.items()
        if name[:1] == "$":
            if name in _UNTAG:
                return _UNTAG[name](content)
            from . import _moments
            if name in _moments.UNTAG:
                return _moments.UNTAG[name](content)
    return members


def _encode_object(value: Any) -> bytes:
    return _encode_json(_tag(value, 0))


_object_decode = json.JSONDecoder(object_hook=_untag).decode


def _decode_object(data: bytes) -> Any:
    return _object_decode(data.decode())


def _msgpack() -> Functions:
    try:
        import msgpack   # type: ignore[import-untyped,import-not-found,unused-ignore]
    except ImportError:
        raise CodecError('codec "msgpack" needs the msgpack package: pip install msgpack') from None

    def unknown(value: Any) -> Any:
        if isinstance(value, tuple):
            return msgpack.ExtType(1, pack(list(value)))
        if type(value) is int:
            return msgpack.ExtType(2, value.to_bytes(value.bit_length() // 8 + 1, "little", signed=True))
        from . import _moments, _scalars
        plain = _scalars.plain(value)
        if _moments.tag(plain) is not None:
            return msgpack.ExtType(3, _encode_object(plain))
        if type(plain) is not type(value):
            return plain
        raise TypeError(f"msgpack has no {type(value).__name__}")

    def known(code: int, data: bytes) -> Any:
        if code == 1:
            return tuple(decode(data))
        if code == 2:
            return int.from_bytes(data, "little", signed=True)
        if code == 3:
            return _decode_object(data)
        return msgpack.ExtType(code, data)

    # With strict_types, tuples reach `unknown` instead of becoming lists.
    def pack(value: Any) -> bytes:
        return msgpack.packb(value, default=unknown, strict_types=True,   # type: ignore[no-any-return]
                             unicode_errors="surrogatepass")

    def decode(data: bytes) -> Any:
        return msgpack.unpackb(data, ext_hook=known, strict_map_key=False, unicode_errors="surrogatepass")

    return pack, decode


def _encode_pickle(value: Any) -> bytes:
    return pickle.dumps(value, protocol=4)   # 4: what every Python from 3.4 on reads


def functions(name: str) -> Functions:
    """How the codec of a name encodes and decodes."""
    if name == "msgpack":
        return _msgpack()
    if name == "json":
        return _encode_json, _decode_json
    if name == "object":
        return _encode_object, _decode_object
    return _encode_pickle, pickle.loads
