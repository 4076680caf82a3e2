"""Names, needles and scorers between Python and C."""
from __future__ import annotations

from . import _errors
from ._native import ffi, lib

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any, Callable, Dict, Optional

    from ._codecs import Codec


def scorer_of(scorer: str, argument: str = "scorer") -> int:
    """The kf_scorer of a name."""
    found = ffi.new("kf_scorer *")
    if not isinstance(scorer, str) or lib.kf_scorer_find(scorer.encode("utf-8", "replace"), found):
        names = map(lib.kf_scorer_name, range(1 << 8))
        known = ", ".join(repr(ffi.string(name).decode()) for name in names if name != ffi.NULL)
        raise _errors.ArgumentError(f"{argument} must be one of {known}, not {scorer!r:.100}")
    return int(found[0])


def text_of(text: Any, what: str) -> bytes:
    """A name or a needle in UTF-8."""
    if isinstance(text, str):
        return text.encode()
    if isinstance(text, bytes):
        return text
    raise TypeError(f"{what} must be a str, not {type(text).__name__}")


ID_KINDS: Dict[str, Callable[[bytes], Any]] = {"int": int, "bytes": bytes,
                                               "str": lambda data: data.decode("utf-8", "surrogateescape")}


def attribute_of(by: Any) -> Optional[bytes]:
    """An attribute that a search is limited to."""
    if by is None or isinstance(by, str):
        return None if by is None else by.encode("utf-8", "surrogateescape")
    raise TypeError(f"by= is an attribute, a str, not {type(by).__name__}")


class Kinds:
    """What an index holds: the kind of the ids, whether there are attributes, and the codec of payloads (None: there
    are none). `path` is for messages."""

    __slots__ = ("path", "id", "attributes", "payloads", "decode_id")

    def __init__(self, path: str, id: str, attributes: bool, payloads: Optional[Codec]) -> None:
        self.path = path
        self.id = id
        self.attributes = attributes
        self.payloads = payloads
        self.decode_id = ID_KINDS[id]

    def attribute(self, data: bytes) -> Optional[str]:
        """An attribute, of which an empty one is none."""
        return data.decode("utf-8", "surrogateescape") if data else None

    def payload(self, data: bytes) -> Any:
        """A payload, of which an empty one is none."""
        if not data or self.payloads is None:
            return None
        try:
            return self.payloads.decode(data)
        except MemoryError:
            raise
        except Exception as problem:   # a codec's function may raise anything
            raise _errors.CodecError(f"{self.path}: a payload is not one of codec {self.payloads.name!r}: {problem}") \
                from problem


def bytes_of(raw: Any) -> bytes:
    """The content of a kf_bytes."""
    return ffi.buffer(raw.data, raw.size)[:] if raw.size else b""
