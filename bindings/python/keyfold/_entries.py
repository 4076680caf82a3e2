"""Reading the entries of a kf_iter, many a call."""
from __future__ import annotations

from . import _errors
from ._native import ffi, lib

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any, Callable, Iterator, List, Optional, Tuple

_FIRST, _MOST = 16, 1024   # entries a call: few at first, as many iterations end after some


class Block:
    """What one call read. `keys` and `values` are encoded; what was not wanted is empty. `matches` is the
    kf_match array (valid until the next block)."""

    __slots__ = ("count", "keys", "values", "ordinals", "matches")

    def __init__(self, count: int, keys: List[bytes], values: List[Any], ordinals: List[int],
                 matches: Any) -> None:
        self.count = count
        self.keys = keys
        self.values = values
        self.ordinals = ordinals
        self.matches = matches


def _split(data: Any, ends: Any, count: int) -> List[bytes]:
    places = ffi.unpack(ends, count)
    size = places[-1]
    whole = ffi.unpack(data, size) if size else b""
    start = 0
    result = []
    for end in places:
        result.append(whole[start:end])
        start = end
    return result


def own(pointer: Any, keep: Any) -> Any:
    """A kf_iter * that is destroyed with its last reference; `keep` (the kf_dict *, or a cffi object that holds
    on to several) lives as long."""
    free = lib.kfpy_iter_free
    return ffi.gc(pointer, lambda iterator: free(keep, iterator))


def blocks(iterator: Any, *, want: int, ordinals: bool = False,
           path: Optional[str] = None) -> Iterator[Block]:
    """The entries of a kf_iter that `own` returned. `want` is made of lib.KFPY_WANT_..."""
    block = ffi.gc(lib.kfpy_block_new(), lib.kfpy_block_free)
    if block == ffi.NULL:
        raise MemoryError
    size = _FIRST
    while True:
        status = lib.kfpy_block_fill(block, iterator, size, want)
        count = block.count
        if count:
            values: List[Any] = []
            if want & lib.KFPY_WANT_VALUES:
                values = _split(block.value_data, block.value_ends, count)
            elif want & lib.KFPY_WANT_NUMBERS:
                values = ffi.unpack(block.numbers, count)
            yield Block(count,
                        _split(block.key_data, block.key_ends, count) if want & lib.KFPY_WANT_KEYS else [],
                        values,
                        ffi.unpack(block.ordinals, count) if ordinals else [],
                        block.matches)
        if status == lib.KF_END:
            return
        _errors.check(status, None, path)
        size = min(4 * size, _MOST)
