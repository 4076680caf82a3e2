"""The searches of a Dictionary: by distance, by pattern, by rank, in texts."""
from __future__ import annotations

from . import _errors
from ._entries import blocks, own
from ._light import Later
from ._native import ffi, lib
from ._table import Table

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any, Callable, Iterable, Iterator, List, Optional, Tuple, TypeVar, Union

    from . import _columns, _match, _query
    from ._batch import Column
    from ._match import Callback, Filter, Match, Matches, Nearest, Occurrence
    from ._query import Query
    from ._types import Boundary, Metric, Order, Overlap, Ranking, Unit

    K = TypeVar("K")
    V_co = TypeVar("V_co", covariant=True)
    T = TypeVar("T")
else:
    _columns, _match, _query = Later("_columns"), Later("_match"), Later("_query")

_ORDERS = {"key": lib.KF_ORDER_KEY, "distance": lib.KF_ORDER_DISTANCE, "weight": lib.KF_ORDER_WEIGHT}
_RANKINGS = {"distance": lib.KF_RANK_DISTANCE, "similarity": lib.KF_RANK_SIMILARITY}
_OVERLAPS = {"all": lib.KF_OVERLAP_ALL, "longest": lib.KF_OVERLAP_LONGEST}
_BOUNDARIES = {"bytes": lib.KF_BOUNDARY_BYTES, "code points": lib.KF_BOUNDARY_CODE_POINTS,
               "words": lib.KF_BOUNDARY_WORDS}
_WANT = lib.KFPY_WANT_KEYS | lib.KFPY_WANT_MATCHES


def _in_threads(function: Callable[[Any], T], needles: List[Any], workers: Optional[int]) -> List[T]:
    import os
    if workers is None:
        workers = len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1
    workers = min(_query.number("workers", workers, 1024, 1), len(needles) or 1)
    if workers == 1:
        return list(map(function, needles))
    from concurrent.futures import ThreadPoolExecutor   # takes milliseconds, and few need it
    with ThreadPoolExecutor(workers) as threads:
        return list(threads.map(function, needles))


def _code_points(data: bytes) -> int:
    return len(data.decode("utf-8", "surrogateescape"))


class Searches(Table["K", "V_co"]):
    """The part of Dictionary that searches. All take keys within the prefix `within`, from `start`, before
    `stop`, and with `filter` only those matches that the function returns true for; they need str or bytes
    keys."""

    __slots__ = ()

    def _searchable(self, is_text: bool, what: str) -> None:
        kind = self._keys.name
        if kind not in ("str", "bytes"):
            raise TypeError(f"{kind} keys can't be searched: only str and bytes")
        if is_text != (kind == "str"):
            raise TypeError(f"the dictionary's keys are {kind}: {what} must be too")

    def _match(self, key: bytes, ordinal: int, match: Any) -> Match[K, V_co]:
        return _match.Match(self, self._decode_key(key), ordinal, match.distance, match.similarity, match.weight)

    def _filter(self, options: Any, function: Optional[Filter[K, V_co]], made: Any = None) -> Optional[Callback]:
        """Has C ask a function about each match. What is returned must live as long as the iterator."""
        if function is None:
            return None
        make, chosen_by = made or self._match, function

        def decide(iterator: Any, entry: Any) -> Any:
            key = bytes(ffi.buffer(entry.key.data, entry.key.size)) if entry.key.size else b""
            return chosen_by(make(key, entry.ordinal, lib.kf_iter_match(iterator)))

        callback = _match.Callback(decide)
        options.filter, options.filter_context = lib.kfpy_filter, callback.handle
        return callback

    def _created(self, function: Any, *arguments: Any) -> Any:
        """The kf_iter * that a function of C creates."""
        c = self._pointer()
        out, error = ffi.new("kf_iter **"), ffi.new("kf_error *")
        _errors.check(function(out, c, *arguments, error), error, self.path)
        return own(out[0], c)

    def _read(self, iterator: Any, make: Callable[[bytes, int, Any], Match[K, V_co]],
              callbacks: Tuple[Optional[Callback], ...], *keep: Any) -> Iterator[Any]:
        for block in blocks(iterator, want=_WANT, ordinals=True, path=self.path):
            for callback in callbacks:
                if callback is not None:
                    callback.done()
            for place, (key, ordinal) in enumerate(zip(block.keys, block.ordinals)):
                yield make(key, ordinal, block.matches[place])
        for callback in callbacks:
            if callback is not None:
                callback.done()

    # ---- queries ------------------------------------------------------------------------------

    def select(self, query: Query, *, order: Order = "key", limit: Optional[int] = None,
               within: Optional[K] = None, start: Optional[K] = None, stop: Optional[K] = None,
               work: Optional[int] = None, filter: Optional[Filter[K, V_co]] = None) -> Matches[K, V_co]:
        """The keys that a query accepts, by "key", by "distance" or by "weight" (the heaviest first).

        work  how many labels of the automaton to look at, at most: then the result is `incomplete`

        >>> words = keyfold.compile("words.kf", {"talk": 7, "walk": 5, "walked": 9, "walking": 20})
        >>> [match.key for match in words.select(keyfold.Glob("w*") & ~keyfold.Regex(".*ed"))]
        ['walk', 'walking']
        """
        if not isinstance(query, _query.Query):
            raise TypeError(f"a query is needed, such as keyfold.Regex(...), not {type(query).__name__}")
        self._searchable(query.is_text, "a query's texts")
        options, keep = self._bounds(within, start, stop, False).options()
        options.query = query._c
        options.order = _query.chosen(_ORDERS, "order", order)
        if limit is not None:
            options.limit = _query.number("limit", limit, 2**63)
        if work is not None:
            options.work_limit = _query.number("work", work, 2**63, 1)
        callback = self._filter(options, filter)
        iterator = self._created(lib.kf_iter_create, options)
        if callback is not None:
            callback.done()
        return _match.Matches(iterator, self._read(iterator, self._match, (callback,), query, keep))

    def fuzzy(self, needle: K, distance: int = 1, *, metric: Metric = "levenshtein", unit: Optional[Unit] = None,
              exact_prefix: int = 0, prefix: bool = False, order: Order = "key", limit: Optional[int] = None,
              within: Optional[K] = None, start: Optional[K] = None, stop: Optional[K] = None,
              work: Optional[int] = None, filter: Optional[Filter[K, V_co]] = None) -> Matches[K, V_co]:
        """The keys within a distance of a needle; see Fuzzy for metric, unit, exact_prefix and prefix.

        >>> words = keyfold.compile("words.kf", {"talk": 7, "walk": 5, "walked": 9, "walking": 20})
        >>> list(words.fuzzy("wals"))
        [<Match 'walk': 5, distance=1>]
        """
        self._searchable(isinstance(needle, str), "the needle")
        query = _query.Fuzzy(needle, distance, metric=metric, unit=unit,   # type: ignore[arg-type]
                      exact_prefix=exact_prefix, prefix=prefix)
        return self.select(query, order=order, limit=limit, within=within, start=start, stop=stop, work=work,
                           filter=filter)

    def match(self, pattern: K, ignore_case: bool = False, *, limit: Optional[int] = None,
              within: Optional[K] = None, start: Optional[K] = None, stop: Optional[K] = None,
              work: Optional[int] = None, filter: Optional[Filter[K, V_co]] = None) -> Matches[K, V_co]:
        """The keys that a regular expression matches as a whole; see Regex.

        >>> words = keyfold.compile("words.kf", {"talk": 7, "walk": 5, "walked": 9, "walking": 20})
        >>> [match.key for match in words.match("walk(ed|ing)")]
        ['walked', 'walking']
        """
        self._searchable(isinstance(pattern, str), "the pattern")
        query = _query.Regex(pattern, ignore_case)   # type: ignore[arg-type]
        return self.select(query, limit=limit, within=within, start=start, stop=stop, work=work,
                           filter=filter)

    def glob(self, pattern: K, ignore_case: bool = False, *, limit: Optional[int] = None,
             within: Optional[K] = None, start: Optional[K] = None, stop: Optional[K] = None,
             work: Optional[int] = None, filter: Optional[Filter[K, V_co]] = None) -> Matches[K, V_co]:
        """The keys that a glob matches; see Glob.

        >>> words = keyfold.compile("words.kf", {"talk": 7, "walk": 5, "walked": 9, "walking": 20})
        >>> [match.key for match in words.glob("?alk")]
        ['talk', 'walk']
        """
        self._searchable(isinstance(pattern, str), "the pattern")
        query = _query.Glob(pattern, ignore_case)   # type: ignore[arg-type]
        return self.select(query, limit=limit, within=within, start=start, stop=stop, work=work,
                           filter=filter)

    def subsequence(self, letters: K, ignore_case: bool = False, *, limit: Optional[int] = None,
                    within: Optional[K] = None, start: Optional[K] = None, stop: Optional[K] = None,
                    work: Optional[int] = None, filter: Optional[Filter[K, V_co]] = None) -> Matches[K, V_co]:
        """The keys that have some letters in their order, with anything between.

        >>> words = keyfold.compile("words.kf", {"talk": 7, "walk": 5, "walked": 9, "walking": 20})
        >>> [match.key for match in words.subsequence("wkg")]
        ['walking']
        """
        self._searchable(isinstance(letters, str), "the letters")
        query = _query.Subsequence(letters, ignore_case)   # type: ignore[arg-type]
        return self.select(query, limit=limit, within=within, start=start, stop=stop, work=work,
                           filter=filter)

    def fuzzy_many(self, needles: Column[K], distance: int = 1, *, workers: Optional[int] = None,
                   **options: Any) -> List[List[Match[K, V_co]]]:
        """fuzzy for many needles, in threads (as many as there are processors): a list for each. Needles come as
        get_many takes keys; those that are None, NaN or null find nothing.

        >>> words = keyfold.compile("words.kf", {"talk": 7, "walk": 5, "walked": 9, "walking": 20})
        >>> words.fuzzy_many(["wals", None, "tolk"])
        [[<Match 'walk': 5, distance=1>], [], [<Match 'talk': 7, distance=1>]]
        """
        return _in_threads(lambda needle: [] if needle is None else list(self.fuzzy(needle, distance, **options)),
                           self._needles(needles), workers)

    def _needles(self, needles: Any) -> List[Any]:
        self._searchable(self._keys.name == "str", "needles")
        return _columns.needles(self._keys, needles)

    # ---- ranks --------------------------------------------------------------------------------

    def complete(self, prefix: K, n: int = 10, *, query: Optional[Query] = None,
                 filter: Optional[Filter[K, V_co]] = None) -> List[Match[K, V_co]]:
        """The n heaviest keys that begin with a prefix (and that a query accepts). Weights are those that the
        file was compiled with, or its values where they are integers.

        >>> words = keyfold.compile("words.kf", {"talk": 7, "walk": 5, "walked": 9, "walking": 20}, weights="value")
        >>> words.complete("walk", 2)
        [<Match 'walking': 20, weight=20>, <Match 'walked': 9, weight=9>]
        """
        self._searchable(isinstance(prefix, str), "the prefix")
        if query is not None:
            self._searchable(query.is_text, "a query's texts")
        options, keep = self._bounds(prefix, None, None, False).options()
        options.order = lib.KF_ORDER_WEIGHT
        options.limit = _query.number("n", n, 2**63)
        if query is not None:
            options.query = query._c
        callback = self._filter(options, filter)
        try:
            iterator = self._created(lib.kf_iter_create, options)
        except _errors.ValueTypeError as problem:
            raise _errors.ValueTypeError(
                f'{problem}: compile(weights="value"), of integers, or weights="given" gives it some') from None
        if callback is not None:
            callback.done()
        return list(self._read(iterator, self._match, (callback,), query, keep))

    def nearest(self, needle: K, n: int = 1, *, metric: Metric = "levenshtein", unit: Optional[Unit] = None,
                by: Optional[Ranking] = None, cutoff: Optional[float] = None, most_distance: Optional[int] = None,
                work: Optional[int] = None, within: Optional[K] = None, start: Optional[K] = None,
                stop: Optional[K] = None, filter: Optional[Filter[K, V_co]] = None) -> Nearest[K, V_co]:
        """The n keys nearest to a needle, best first.

        metric         also "jaro-winkler", which is a similarity
        by             "distance", or "similarity" (1 - distance / length): cutoff and jaro-winkler imply it
        cutoff         only keys as similar as that: 0 to 1
        most_distance  only keys within that distance
        work           how many labels of the automaton to look at, at most: then the result is `incomplete`

        >>> words = keyfold.compile("words.kf", {"talk": 7, "walk": 5, "walked": 9, "walking": 20})
        >>> words.nearest("wolke")
        [<Match 'walk': 5, distance=2>]
        """
        self._searchable(isinstance(needle, str), "the needle")
        data = self._encode(needle)
        options = ffi.new("kf_nearest_options *", lib.kfpy_nearest_options())
        if by is None:
            by = "similarity" if cutoff is not None or metric == "jaro-winkler" else "distance"
        options.metric = _query.chosen(_query.METRICS, "metric", metric)
        options.ranking = _query.chosen(_RANKINGS, "by", by)
        options.unit = _query.unit_of(needle, unit)   # type: ignore[arg-type]
        options.count = _query.number("n", n, 2**63, 1)
        if most_distance is not None:
            options.most_distance = _query.number("most_distance", most_distance, lib.KF_DISTANCE_LIMIT)
        if cutoff is not None:
            if by != "similarity":
                raise _errors.ArgumentError('a cutoff needs by="similarity"')
            options.least_similarity = cutoff
        options.work_limit = 0 if work is None else _query.number("work", work, 2**63, 1)
        inner, keep = self._bounds(within, start, stop, False).options()
        callback = self._filter(inner, filter)
        options.within = inner
        iterator = self._created(lib.kf_iter_create_nearest, data, len(data), options)
        if callback is not None:
            callback.done()
        result = _match.Nearest(self._read(iterator, self._match, (callback,), keep))
        result.incomplete = bool(lib.kf_iter_incomplete(iterator))
        return result

    def nearest_many(self, needles: Column[K], n: int = 1, *, workers: Optional[int] = None,
                     **options: Any) -> List[Nearest[K, V_co]]:
        """nearest for many needles, in threads (as many as there are processors). Needles come as get_many takes
        keys; those that are None, NaN or null find nothing.

        >>> words = keyfold.compile("words.kf", {"talk": 7, "walk": 5, "walked": 9, "walking": 20})
        >>> [found[0].key for found in words.nearest_many(["tolk", "walkin"])]
        ['talk', 'walking']
        """
        return _in_threads(lambda needle: _match.Nearest() if needle is None else self.nearest(needle, n, **options),
                           self._needles(needles), workers)

    # ---- texts --------------------------------------------------------------------------------

    def find_all(self, text: K, *, overlap: Overlap = "all",
                 boundary: Union[Boundary, Callable[[K, int], Any], None] = None,
                 filter: Optional[Filter[K, V_co]] = None) -> Iterator[Occurrence[K, V_co]]:
        """The keys that occur in a text, by position, then by length. Positions count code points of a str, of the
        text as it is given, also where the dictionary has a normal form: then keys are found in that of the text,
        between whole characters (a letter and its marks are found together).

        overlap   "all", or "longest": the longest key at a place, then on behind it
        boundary  where keys may begin and end: "words" (not within a word), "code points" (for str),
                  "bytes" (for bytes: anywhere), or a function of the text and a position

        >>> words = keyfold.compile("words.kf", {"talk": 7, "walk": 5, "walked": 9, "walking": 20})
        >>> list(words.find_all("to talk or walk", boundary="words"))
        [<Occurrence 'talk': 7 at 3:7>, <Occurrence 'walk': 5 at 11:15>]
        """
        self._searchable(isinstance(text, str), "the text")
        data = self._encode(text)
        options = ffi.new("kf_find_options *", lib.kfpy_find_options())
        options.overlap = _query.chosen(_OVERLAPS, "overlap", overlap)
        asked: Optional[Callback] = None
        if callable(boundary):
            asked = _match.Callback(self._asking(boundary, text, data))
            options.boundary = lib.KF_BOUNDARY_CALLBACK
            options.is_boundary, options.boundary_context = lib.kfpy_boundary, asked.handle
        else:
            default = "code points" if self._keys.name == "str" else "bytes"
            options.boundary = _query.chosen(_BOUNDARIES, "boundary", default if boundary is None else boundary)

        # C asks the filter ahead of what is read, so each has a count of its own.
        made, callback = self._maker(data), self._filter(options, filter, self._maker(data))
        place = ffi.from_buffer(data) if data else ffi.new("char[1]")
        iterator = self._created(lib.kf_iter_create_find, place, len(data), options)
        return self._read(iterator, made, (callback, asked), data, place)

    def _maker(self, data: bytes) -> Callable[[bytes, int, Any], Occurrence[K, V_co]]:
        position = self._positions(data)

        def made(key: bytes, ordinal: int, match: Any) -> Occurrence[K, V_co]:
            start = position(match.position)
            end = position(match.position + match.length)
            return _match.Occurrence(self, self._decode_key(key), ordinal, start, end)

        return made

    def _positions(self, data: bytes) -> Callable[[int], int]:
        """Turns positions in the encoded text, which ascend (or go back a little), into those in the text."""
        if self._keys.name == "bytes" or data.isascii():
            return int
        at = count = 0

        def position(wanted: int) -> int:
            nonlocal at, count
            if wanted < at:
                count -= _code_points(data[wanted:at])
            else:
                count += _code_points(data[at:wanted])
            at = wanted
            return count

        return position

    def _asking(self, boundary: Callable[[Any, int], Any], text: Any, data: bytes) -> Callable[[int], Any]:
        if self._keys.name == "bytes" or data.isascii():
            return lambda position: boundary(text, position)
        from bisect import bisect_right
        from itertools import accumulate
        starts = list(accumulate((len(self._encode(letter)) for letter in text), initial=0))

        def ask(position: int) -> Any:
            place = bisect_right(starts, position) - 1
            return starts[place] == position and boundary(text, place)

        return ask
