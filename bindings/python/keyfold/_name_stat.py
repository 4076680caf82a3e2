"""What NameIndex.stat returns."""
from __future__ import annotations

from typing import Any, NamedTuple

from . import _name_processing
from ._stat import VALUE_TYPES, lines


class NameStat(NamedTuple):
    """Sizes in bytes of an index's parts, and how much there is in it: see kf_names_stat in keyfold/names.h.

    >>> print(keyfold.compile_names("firms.kf", ["ACME LTD", "BOLTS LTD"]).stat())
    names                         2
    tokens                        3
    ...
    """

    names: int
    tokens: int
    name_bytes: int
    longest_name: int
    most_tokens: int
    file_size: int
    vocabulary_bytes: int
    block_bytes: int
    posting_bytes: int
    forward_bytes: int
    position_bytes: int
    id_bytes: int
    id_type: str
    attributes: int
    attribute_bytes: int
    payload_bytes: int
    text_bytes: int
    normalise: str
    legal_forms: str
    letter_bytes: int

    def __str__(self) -> str:
        """A line for each part."""
        return lines(self)

    def _repr_pretty_(self, printer: Any, cycle: bool) -> None:
        printer.text(str(self))


def read(raw: Any) -> NameStat:
    """A NameStat of a kf_names_stat."""
    numbers = {name: getattr(raw, name) for name in NameStat._fields if name != "normalise"}
    numbers["normalise"] = _name_processing.shown(raw)
    numbers["legal_forms"] = list(_name_processing.LEGAL_FORMS)[raw.legal_forms]
    numbers["id_type"] = VALUE_TYPES[raw.id_type]
    return NameStat(**numbers)
