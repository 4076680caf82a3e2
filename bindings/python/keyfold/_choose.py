"""keys="auto" and codec="auto": decided from what a build sees first."""
from __future__ import annotations

from typing import Any, Iterable, Iterator, List, NamedTuple, Optional, Tuple, Union

from . import _codecs, _errors, _keys
from ._codecs import Codec
from ._pack import Source
from ._shapes import Columns

_SAMPLE = 1000


class Wish(NamedTuple):
    """What the caller said of keys and values."""

    keys: str
    codec: Union[str, Codec]
    lists: bool = False         # of all values that a key is given
    columns: Columns = Columns()

    @property
    def settled(self) -> bool:
        return self.keys != "auto" and self.codec != "auto"


def wish(keys: str, codec: Union[str, Codec], weights: Optional[str], duplicates: str,
         columns: Columns = Columns()) -> Wish:
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
    lists = duplicates == "all"
    if codec != "auto":
        codec = _codecs.codec(codec, True)
        if lists and not codec.name.startswith("list:"):
            codec = _codecs.codec(_codecs.of_items(codec.name), True)
    return Wish(keys, codec, lists, columns)


def items(values: Iterable[Any]) -> Iterator[Any]:
    """The values that are lists' items, or values themselves: see Source."""
    return (item for value in values for item in (value if type(value) is list else (value,)))


def guess(wanted: Wish) -> Tuple[str, str]:
    """What errors add about keys and about values that do not fit."""
    return (' (keys="auto" went by the first pair; keys="any" takes all kinds)' if wanted.keys == "auto" else
            "" if wanted.keys == "any" else '; keys="any" takes all kinds of keys',
            ' (codec="auto" went by the first pairs: say codec=)' if wanted.codec == "auto" else "")


def choose(wanted: Wish, source: Source, values: Any = None,
           alone: bool = True, types: Tuple[Optional[type], Optional[type]] = (None, None)) \
        -> Tuple[_keys.KeyKind, Codec]:
    """The kind of keys and the codec for what a source gives. `values`: all values, where they are at hand; `types`:
    the one type of all keys and of all values, if known. `alone`: no other source follows."""
    if source.columns:
        return source.choose(wanted.keys, wanted.codec, alone)     # type: ignore[attr-defined, no-any-return]
    keys: List[Any] = []
    sample: List[Any] = []
    by_type = values is not None and types[1] in _codecs.UNIFORM and not wanted.lists
    if not wanted.settled:
        if source.plain and (by_type or wanted.codec != "auto"):
            keys = [next(iter(source.plain))]
        else:
            keys, sample, _ = source.look(_SAMPLE)
    kind = _keys.kind(wanted.keys) if wanted.keys != "auto" else \
        _keys.kind_of(keys[0]) if keys else _keys.KINDS["str"]
    if wanted.codec != "auto":
        return kind, _codecs.codec(wanted.codec, True)
    if by_type:
        return kind, _codecs.codec(_codecs.UNIFORM[types[1]], True)   # type: ignore[index]
    complete = values is not None or alone and len(sample) < _SAMPLE
    if values is None:
        values = items(sample) if wanted.lists else sample
    name = _codecs.choose(values, complete)
    return kind, _codecs.codec(_codecs.of_items(name) if wanted.lists else name, True)
