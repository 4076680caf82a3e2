"""Names of one index that are like one another: in pairs, and in groups."""
from __future__ import annotations

import itertools
from typing import Any, Dict, List, NamedTuple, Optional

from . import _errors
from ._name_many import many_options, new_found
from ._name_match import NameMatch
from ._name_table import Found, frame_of
from ._name_text import Kinds
from ._names_handle import NamesHandle
from ._native import ffi, lib
from ._progress import Heart, Progress


class NamePair(NamedTuple):
    """Two names of an index that are alike, `first` the one that was compiled before `second`.

    >>> index = keyfold.compile_names("firms.kf", {7: "ACME LTD", 8: "BOLTS INC", 9: "ACMY LTD"})
    >>> [(pair.first.id, pair.second.id, pair.score) for pair in index.dedupe(0.8)]
    [(7, 9, 0.875)]
    """

    first: NameMatch
    second: NameMatch
    score: float


class Pairs:
    """The pairs that kf_names_dedupe finds."""

    def __init__(self, handle: NamesHandle, kinds: Kinds, options: Any, flags: int, threads: Optional[int],
                 progress: Any) -> None:
        self._raw, error = new_found(), ffi.new("kf_error *")
        reports = Progress(progress, lib.kf_names_count(handle.pointer), "names")
        heart = Heart(lambda phase, done, total: reports.of_all("matching", done, total))
        many = many_options(threads, heart)
        many.flags = flags
        try:
            status = lib.kf_names_dedupe(handle.pointer, options, many, lib.kfpy_found_pair, self._raw, error)
        finally:
            reports.close()
        if status:
            heart.raise_failure(status)
            raise _errors.make(status, error, handle.path)
        self._found = Found([], self._raw, kinds, False)
        self._count = self._raw.count // 2

    def pairs(self) -> List[NamePair]:
        """All of them."""
        matches = self._found.matches(list(range(2 * self._count)))
        return [NamePair(first, second, first.score) for first, second in zip(matches[::2], matches[1::2])]

    def table(self, output: str) -> Any:
        """A table of a row a pair."""
        rows = list(range(2 * self._count))
        columns: Dict[str, Any] = {}
        for name, some in (("first", rows[::2]), ("second", rows[1::2])):
            part = self._found.plain(output, some)
            columns.update({f"{name}_{label}": part[label] for label in part if label != "score"})
            columns["score"] = part["score"]
        columns["score"] = columns.pop("score")
        return frame_of(output, columns)

    def groups(self) -> List[List[NameMatch]]:
        """What pairs connect, directly or by others, in the order of positions."""
        rows = self._grouped()
        matches = self._found.matches([row for group in rows for row in group])
        taken = iter(matches)
        return [list(itertools.islice(taken, len(group))) for group in rows]

    def group_table(self, output: str) -> Any:
        """A table of a row a name that is in a group."""
        rows = self._grouped()
        part = self._found.plain(output, [row for group in rows for row in group])
        numbers = [number for number, group in enumerate(rows) for _ in group]
        return frame_of(output, {"group": numbers, **{label: part[label] for label in part if label != "score"}})

    def _grouped(self) -> List[List[int]]:
        """The groups as rows, of which each is that of a position."""
        if not self._count:
            return []
        positions = self._found.positions(list(range(2 * self._count)))
        above: Dict[int, int] = {}
        row_of: Dict[int, int] = {}

        def top(position: int) -> int:
            while above[position] != position:
                above[position] = above[above[position]]
                position = above[position]
            return position

        for row, position in enumerate(positions):
            row_of.setdefault(position, row)
            above.setdefault(position, position)
            if row % 2:
                one, other = top(positions[row - 1]), top(position)
                above[max(one, other)] = min(one, other)
        groups: Dict[int, List[int]] = {}
        for position in sorted(above):
            groups.setdefault(top(position), []).append(row_of[position])
        return list(groups.values())
