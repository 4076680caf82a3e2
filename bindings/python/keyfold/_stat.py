"""What Dictionary.stat returns."""
from __future__ import annotations

from typing import Any, NamedTuple

VALUE_TYPES = ("none", "u64", "bytes")
_ENCODINGS = ("auto", "packed", "distinct", "raw", "tokens", "zstd")
_WEIGHTS = ("none", "value", "given")
NORMALISE = ("case", "nfc", "nfkc", "accents")     # by their bits, from the lowest


class Stat(NamedTuple):
    """Sizes in bytes of a file's parts, and what its build recorded: see kf_dict_stat in keyfold/dict.h.

    >>> table = keyfold.compile("capitals.kf", {"Peru": "Lima", "Poland": "Warsaw"})
    >>> print(table.stat())
    keys                            2
    longest key                     6
    ...
    """

    keys: int
    longest_key: int
    file_size: int
    key_bytes: int
    token_bytes: int
    shared_bytes: int
    value_bytes: int
    metadata_bytes: int
    checksum_bytes: int
    raw_key_bytes: int
    raw_value_bytes: int
    states: int
    states_extra: int
    weight_bytes: int
    value_type: str
    value_encoding: str
    weights: str
    shards: int
    is_manifest: bool
    normalise: str
    similarity_bytes: int
    filter_bytes: int

    def __str__(self) -> str:
        """A line for each part."""
        return lines(self)

    def _repr_pretty_(self, printer: Any, cycle: bool) -> None:
        printer.text(str(self))


def lines(stat: Any) -> str:
    """A line for each field."""
    width = max(map(len, stat._fields))
    return "\n".join(f"{name.replace('_', ' '):{width}}  {value:>15,}" if type(value) is int else
                     f"{name.replace('_', ' '):{width}}  {value!s:>15}" for name, value in stat._asdict().items())


def normal_name(flags: int) -> str:
    """What KF_NORMALISE_ flags are called together; none: nothing."""
    return ",".join(name for bit, name in enumerate(NORMALISE) if flags >> bit & 1)


def read(raw: Any) -> Stat:
    """A Stat of a kf_dict_stat."""
    numbers = {name: getattr(raw, name) for name in Stat._fields}
    numbers["value_type"] = VALUE_TYPES[raw.value_type]
    numbers["value_encoding"] = _ENCODINGS[raw.value_encoding]
    numbers["weights"] = _WEIGHTS[raw.weights]
    numbers["normalise"] = normal_name(raw.normalise) or "none"
    numbers["is_manifest"] = bool(raw.is_manifest)
    return Stat(**numbers)
