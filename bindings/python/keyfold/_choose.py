"""keys="auto" and codec="auto": decided from what a build sees first."""
from __future__ import annotations

from typing import Any, List, NamedTuple, Optional, Tuple, Union

from . import _codecs, _errors, _keys
from ._codecs import Codec
from ._pack import Source

_SAMPLE = 1000


class Wish(NamedTuple):
    """What the caller said of keys and values."""

    keys: str
    codec: Union[str, Codec]

    @property
    def settled(self) -> bool:
        return self.keys != "auto" and self.codec != "auto"


def wish(keys: str, codec: Union[str, Codec], weights: Optional[str], duplicates: str) -> Wish:
    """Checks what the caller said, and adds what follows from it."""
    if keys == "nested":
        raise _errors.ArgumentError('keys="nested": freeze makes those')
    if keys != "auto":
        _keys.kind(keys)
    if duplicates in ("sum", "min", "max") or weights == "value":
        why = f'weights="{weights}"' if weights == "value" else f'duplicates="{duplicates}"'
        if codec == "auto":
            codec = "u64"
        elif codec != "u64":
            raise _errors.ArgumentError(f'{why} needs codec="u64", not {codec!r}')
    if codec != "auto":
        codec = _codecs.codec(codec, True)
    return Wish(keys, codec)


def guess(wanted: Wish) -> Tuple[str, str]:
    """What errors add about keys and about values that do not fit."""
    return (' (keys="auto" went by the first pair)' if wanted.keys == "auto" else "",
            ' (codec="auto" went by the first pairs: say codec=)' if wanted.codec == "auto" else "")


def choose(wanted: Wish, source: Source, values: Any = None,
           alone: bool = True, types: Tuple[Optional[type], Optional[type]] = (None, None)) \
        -> Tuple[_keys.KeyKind, Codec]:
    """The kind of keys and the codec for what a source gives. `values`: all values, where they are at hand; `types`:
    the one type of all keys and of all values, if known. `alone`: no other source follows."""
    keys: List[Any] = []
    sample: List[Any] = []
    if not wanted.settled:
        keys, sample, _ = source.look(_SAMPLE)
    kind = _keys.kind(wanted.keys) if wanted.keys != "auto" else \
        _keys.kind_of(keys[0]) if keys else _keys.KINDS["str"]
    if wanted.codec != "auto":
        return kind, _codecs.codec(wanted.codec, True)
    if values is not None and types[1] in _codecs._UNIFORM:
        return kind, _codecs.codec(_codecs._UNIFORM[types[1]], True)   # type: ignore[index]
    if values is not None:
        return kind, _codecs.codec(_codecs.choose(values, True), True)
    return kind, _codecs.codec(_codecs.choose(sample, alone and len(sample) < _SAMPLE), True)
