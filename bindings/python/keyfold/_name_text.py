"""Names, needles and scorers between Python and C."""
from __future__ import annotations

from . import _errors
from ._native import ffi, lib

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any


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


def bytes_of(raw: Any) -> bytes:
    """The content of a kf_bytes."""
    return ffi.buffer(raw.data, raw.size)[:] if raw.size else b""
