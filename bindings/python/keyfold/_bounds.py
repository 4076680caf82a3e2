"""Bounds: a prefix and a range of encoded keys."""
from __future__ import annotations

from . import _errors
from ._native import ffi, lib

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any, Optional, Tuple


class Bounds:
    """Which keys: those with the encoded prefix, from `start`, before `stop`."""

    __slots__ = ("prefix", "start", "stop", "reverse")

    def __init__(self, prefix: bytes, start: bytes, stop: Optional[bytes], reverse: bool) -> None:
        self.prefix = prefix
        self.start = start
        self.stop = stop
        self.reverse = reverse

    def hold(self, key: bytes) -> bool:
        return key.startswith(self.prefix) and key >= self.start and (self.stop is None or key < self.stop)

    def options(self) -> Tuple[Any, Any]:
        """A kf_iter_options *, and what must live as long."""
        options = ffi.new("kf_iter_options *", lib.kfpy_iter_options())
        keep = []
        for field, data in ((options.prefix, self.prefix), (options.__getattribute__("from"), self.start),
                            (options.to, self.stop)):
            if data:
                place = ffi.from_buffer("uint8_t[]", data)
                keep.append(place)
                field.data = place
                field.size = len(data)
        options.has_to = self.stop is not None
        options.flags = lib.KF_ITER_REVERSE if self.reverse else 0
        return options, keep


EVERYTHING = Bounds(b"", b"", None, False)


def ordinals(c: Any, bounds: Bounds) -> Tuple[int, int]:
    """The range of ordinals within the bounds."""
    low, high = 0, lib.kf_dict_count(c)
    if bounds.prefix:
        found = lib.kfpy_prefix_range(c, bounds.prefix, len(bounds.prefix))
        _errors.check(found.status)
        low, high = found.first, found.first + found.count
    if bounds.start:
        number = lib.kfpy_lower_bound(c, bounds.start, len(bounds.start))
        _errors.check(number.status)
        low = max(low, number.value)
    if bounds.stop is not None:
        number = lib.kfpy_lower_bound(c, bounds.stop, len(bounds.stop))
        _errors.check(number.status)
        high = min(high, number.value)
    return low, max(low, high)
