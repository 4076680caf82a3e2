"""NameIndex: a file of names, for the best matches of a needle."""
from __future__ import annotations

from . import _codecs, _errors
from ._handle import Handle
from ._late import Source
from ._light import Later
from ._name_text import ID_KINDS, Kinds, attribute_of, bytes_of, scorer_of, text_of
from ._names_handle import NamesHandle
from ._native import ffi, lib
from ._open import handle_of

TYPE_CHECKING = False
if TYPE_CHECKING:
    from types import TracebackType
    from typing import (Any, Dict, Iterator, List, Literal, Optional, Tuple, Type, TypeVar, Union,
                        overload)

    import pandas
    import polars
    import pyarrow

    from . import _columns, _name_many, _name_match, _name_pairs, _name_score, _name_stat, _name_table, _query, _verify
    from ._batch import Column
    from ._name_match import NameMatch, NameMatches, NameRow
    from ._name_pairs import Pairs
    from ._name_score import Explanation
    from ._name_stat import NameStat
    from ._name_table import Found
    from ._open import Opened
    from ._types import AnyScorer, IdKind, NamesOutput, Scorer

    T = TypeVar("T")
else:
    from ._light import overload

    _columns, _query, _verify = Later("_columns"), Later("_query"), Later("_verify")
    _name_many, _name_match, _name_score = Later("_name_many"), Later("_name_match"), Later("_name_score")
    _name_pairs, _name_stat, _name_table = Later("_name_pairs"), Later("_name_stat"), Later("_name_table")

_CANDIDATES = 100       # for re-ranking, unless told


def _reopen(path: str, build_id: bytes, options: Dict[str, Any] = {}, content: Any = None) -> "NameIndex":
    made = NameIndex.__new__(NameIndex)
    made._handle = None
    made._options = dict(options)
    made._source = Source(path, build_id, bool(options.get("in_memory", False)), content, NamesHandle)
    return made


class NameIndex:
    """An index of names, opened: for the names that are most similar to a needle, among millions. compile_names makes
    one.

        index = keyfold.NameIndex("firms.kf")

    path                 as for open: a path, a file object, the content of a file
    ids                  what the ids are, "int", "str" or "bytes", for files that don't tell. Of files that Python
                         didn't make they are ints if all are decimal numbers, else str
    populate, in_memory  as for open

    The score of two names is, by default, `setratio`: their tokens (what is between spaces) are paired so that the
    pairs are as similar as can be. Searches are exact: they find what scoring every name would find. Names of the same
    score are in the order in which they were compiled.

    Any number of threads may use it; searches let others run. It pickles as a Dictionary does: as path and build id,
    and whoever gets it opens the file when it is first used.

    >>> index = keyfold.compile_names("firms.kf", {7: "ACME HOLDINGS LTD", 8: "BOLTS AND NUTS INC"})
    >>> index.best("HOLDINGS ACME LTD").id, len(index)
    (7, 2)
    >>> keyfold.NameIndex("firms.kf") == index
    True
    """

    __slots__ = ("_handle", "_options", "_source", "_kinds", "__weakref__")

    def __init__(self, path: Opened, *, ids: Optional[IdKind] = None, populate: bool = False,
                 in_memory: bool = False) -> None:
        if ids is not None:
            _query.chosen(ID_KINDS, "ids", ids)
        handle = handle_of(path, populate, in_memory, NamesHandle)
        self._options = {name: value for name, value in (("ids", ids), ("in_memory", handle.in_memory)) if value}
        self._source: Optional[Source] = None
        self._handle: Optional[NamesHandle] = None
        self._take(handle)

    def _take(self, handle: Any) -> None:
        stored = handle.metadata("python.ids")
        kind = self._options.get("ids") or (stored.decode("utf-8", "replace") if stored is not None else None)
        stat = handle.stat()
        if kind is None:
            kind = "int" if stat.id_type == lib.KF_VALUES_U64 else "str"
        if kind not in ID_KINDS:
            raise _errors.UnsupportedError(f"{handle.path}: ids of kind {kind!r} are not known")
        codec = handle.metadata("python.payloads") or b"str"
        self._kinds = Kinds(handle.path, kind, stat.attributes > 0, _codecs.codec(codec.decode("utf-8", "replace"))
                            if stat.payload_bytes else None)
        self._handle = handle

    def _opened(self) -> NamesHandle:
        """The handle. What has arrived by a pickle is opened now."""
        while True:
            handle = self._handle
            if handle is not None:
                return handle
            source = self._source
            if source is None:      # another thread has opened it since
                continue
            if source.closed:
                raise ValueError("the index is closed")
            self._take(source.open())
            self._source = None
            if source.closed:       # by another thread, which may have thought it late still
                self._source, self._handle = source, None

    # ---- one needle ---------------------------------------------------------------------------

    def best(self, needle: str, *, by: Optional[str] = None, cutoff: float = 0.0, scorer: Scorer = "setratio",
             rerank: Optional[AnyScorer] = None, candidates: Optional[int] = None, gap: bool = False,
             work: Optional[int] = None) -> Optional[NameMatch]:
        """The name that is most similar to a needle; None if none has the cutoff.

        by          only names with this attribute
        cutoff      the least score, 0 to 1. A high one makes searches faster
        scorer      "setratio", "ratio", "token_sort_ratio" or "token_set_ratio": see names_score
        rerank      any scorer, by which the best `candidates` (by `scorer`; 100 if not given) are scored again: score
                    and cutoff are its then, and other names may have a better one
        gap         whether matches tell how much better they are than the next name
        work        how much to look at, at most, in units that are the same on every machine: then the name need not
                    be the best one (matches tells whether it is)

        >>> index = keyfold.compile_names("firms.kf", {7: "ACME HOLDINGS LTD", 8: "BOLTS AND NUTS INC"})
        >>> index.best("ACME HOLDING LTD").name
        'ACME HOLDINGS LTD'
        >>> index.best("COGS", cutoff=0.5) is None
        True
        >>> index.best("HOLDINGS ACME", rerank="wratio").score
        0.95
        """
        found = self.matches(needle, 1, by=by, cutoff=cutoff, scorer=scorer, rerank=rerank, candidates=candidates,
                             gap=gap, work=work)
        return found[0] if found else None

    def matches(self, needle: str, limit: int = 10, *, by: Optional[str] = None, cutoff: float = 0.0,
                scorer: Scorer = "setratio", ties: bool = False, rerank: Optional[AnyScorer] = None,
                candidates: Optional[int] = None, gap: bool = False, work: Optional[int] = None) -> NameMatches:
        """The names that are most similar to a needle, best first; of equal scores that of the lowest position.

        limit  how many
        ties   also all names that are as good as the last of these

        The rest is as for best.

        >>> index = keyfold.compile_names("firms.kf", {7: "ACME HOLDINGS LTD", 8: "BOLTS AND NUTS INC"})
        >>> [match.id for match in index.matches("BOLTS & NUTS")]
        [8, 7]
        """
        data = text_of(needle, "the needle")
        options = _search_options(limit, cutoff, scorer, ties, rerank, candidates, gap, work)
        keep = _within(options, by)
        handle = self._opened()
        error, hits = ffi.new("kf_error *"), ffi.new("kf_name_hits **")
        matcher = handle.take_matcher()
        try:
            _errors.check(lib.kf_matcher_search(matcher, data, len(data), options, hits, error), error, handle.path)
            return self._taken(hits[0], gap)
        finally:
            handle.put_back(matcher)
            del keep

    def _taken(self, hits: Any, gap: bool) -> NameMatches:
        """What lies in a matcher as Python objects."""
        made, kinds = _name_match.NameMatch, self._kinds
        found = _name_match.NameMatches()
        with _name_match.from_file(self.path):
            for place in range(hits.count):
                hit = hits.hits[place]
                found.append(made(kinds.decode_id(bytes_of(hit.id)), bytes_of(hit.name).decode(), hit.score,
                                  hit.position, kinds.attribute(bytes_of(hit.attribute)),
                                  kinds.payload(bytes_of(hit.payload)), hit.gap if gap else None))
        found.exact, found.tied = bool(hits.exact), hits.tied
        return found

    def explain(self, needle: str, name: Union[str, NameMatch], *, scorer: AnyScorer = "setratio") -> Explanation:
        """Which token of a needle was paired with which of a name, or of a match, and how alike they are.

        >>> index = keyfold.compile_names("firms.kf", {7: "ACME HOLDINGS LTD", 8: "BOLTS AND NUTS INC"})
        >>> print(index.explain("LTD ACNE", index.best("LTD ACNE")))
        0.7
          LTD   LTD   1.0000
          ACNE  ACME  0.7500
        """
        other = name if isinstance(name, str) else name.name
        return _name_score.names_explain(self.process(needle), self.process(other), scorer=scorer)

    def process(self, text: str) -> str:
        """What the index makes of a needle or a name before it compares it: see compile_names.

        >>> index = keyfold.compile_names("firms.kf", ["ACME, Ltd."], normalise="case,punctuation,spaces")
        >>> index.process("Acme  ltd!"), index.best("Acme Ltd").score
        ('acme ltd', 1.0)
        """
        data = text_of(text, "the text")
        handle = self._opened()
        buffer, out, error = ffi.new("kf_buffer *"), ffi.new("kf_bytes *"), ffi.new("kf_error *")
        place = ffi.from_buffer(data or b"\0")
        try:
            status = lib.kf_names_process(handle.pointer, place, len(data), buffer, out, error)
            _errors.check(status, error, handle.path)
            return bytes_of(out).decode()
        finally:
            lib.kf_buffer_free(buffer)

    # ---- many needles -------------------------------------------------------------------------

    @overload
    def best_many(self, needles: Column[str], *, threads: Optional[int] = None, progress: Any = None,
                  output: Literal["list"] = "list", **options: Any) -> List[Optional[NameMatch]]: ...
    @overload
    def best_many(self, needles: Column[str], *, threads: Optional[int] = None, progress: Any = None,
                  output: Literal["arrow"], **options: Any) -> pyarrow.Table: ...
    @overload
    def best_many(self, needles: Column[str], *, threads: Optional[int] = None, progress: Any = None,
                  output: Literal["pandas"], **options: Any) -> pandas.DataFrame: ...
    @overload
    def best_many(self, needles: Column[str], *, threads: Optional[int] = None, progress: Any = None,
                  output: Literal["polars"], **options: Any) -> polars.DataFrame: ...

    def best_many(self, needles: Any, *, threads: Optional[int] = None, progress: Any = None,
                  output: NamesOutput = "list", **options: Any) -> Any:
        """The best match of each needle, in the order of the needles.

        needles   a list, a NumPy array, a column of pandas, Polars or Arrow. None, NaN and nulls find nothing
        threads   as many as there are processors if not given
        progress  True, a function that gets the number of needles done and of all, or a tqdm bar
        output    "list": a NameMatch or None for each needle; "arrow", "pandas" or "polars": a table with a row for
                  each needle and the columns needle, id, name, score, position and, if the index has them, attribute
                  and payload, null where nothing was found. One of pandas has the index of the needles' Series, so that
                  df.join(...) puts both side by side
        options   those of best: cutoff, scorer, ... `by` may be a column too, of an attribute for each needle, or None
                  for any

        >>> index = keyfold.compile_names("firms.kf", {7: "ACME HOLDINGS LTD", 8: "BOLTS AND NUTS INC"})
        >>> [match and match.id for match in index.best_many(["ACME", None, "NUTS & BOLTS"])]
        [7, None, 8]
        >>> index.best_many(["ACME HOLDINGS LTD"], output="pandas")["id"].tolist()
        [7]
        """
        _name_table.check_output(output)
        if options.get("ties"):
            raise _errors.ArgumentError("ties=True: best_many gives one name for a needle, matches_many several")
        found = self._search_many(needles, 1, threads, progress, options)
        return found.best_list() if output == "list" else found.table(output, True, _index_of(needles))

    @overload
    def matches_many(self, needles: Column[str], limit: int = 10, *, threads: Optional[int] = None,
                     progress: Any = None, output: Literal["list"] = "list",
                     **options: Any) -> List[NameMatches]: ...
    @overload
    def matches_many(self, needles: Column[str], limit: int = 10, *, threads: Optional[int] = None,
                     progress: Any = None, output: Literal["arrow"], **options: Any) -> pyarrow.Table: ...
    @overload
    def matches_many(self, needles: Column[str], limit: int = 10, *, threads: Optional[int] = None,
                     progress: Any = None, output: Literal["pandas"], **options: Any) -> pandas.DataFrame: ...
    @overload
    def matches_many(self, needles: Column[str], limit: int = 10, *, threads: Optional[int] = None,
                     progress: Any = None, output: Literal["polars"], **options: Any) -> polars.DataFrame: ...

    def matches_many(self, needles: Any, limit: int = 10, *, threads: Optional[int] = None, progress: Any = None,
                     output: NamesOutput = "list", **options: Any) -> Any:
        """The best matches of each needle: for a list one list each; in a table a row for each match, with the number
        of the needle in the column row. The rest is as for best_many, and the options are those of matches.

        >>> index = keyfold.compile_names("firms.kf", {7: "ACME HOLDINGS LTD", 8: "BOLTS AND NUTS INC"})
        >>> index.matches_many(["ACME", "NUTS"], 2, cutoff=0.3, output="polars")["id"].to_list()
        [7, 8]
        """
        _name_table.check_output(output)
        found = self._search_many(needles, limit, threads, progress, options)
        return found.all_list() if output == "list" else found.table(output, False, _index_of(needles))

    def _search_many(self, needles: Any, limit: int, threads: Optional[int], progress: Any,
                     options: Dict[str, Any]) -> Found:
        by = options.pop("by", None)
        search = _search_options(limit, **options)
        texts = _columns.needles(_columns.TEXT, needles, True)
        attributes = [by] * len(texts) if by is None or isinstance(by, str) else \
            _columns.needles(_columns.TEXT, by, True)
        handle = self._opened()
        raw = _name_many.search(handle, texts, attributes, search, threads, progress)
        return _name_table.Found(texts, raw, self._kinds, bool(options.get("gap")))

    # ---- names that are alike ------------------------------------------------------------------

    def dedupe(self, cutoff: float, *, scorer: Scorer = "setratio", by: Optional[str] = None,
               same_attribute: bool = False, threads: Optional[int] = None, progress: Any = None,
               output: NamesOutput = "list") -> Any:
        """All pairs of names in the index whose score is the cutoff or better: exactly those that scoring every pair
        would find. The higher the cutoff, the faster.

        by              only names with this attribute
        same_attribute  only pairs with equal ones
        threads         as many as there are processors if not given
        progress        as for best_many
        output          "list" of NamePair; "arrow", "pandas" or "polars": a table with the columns first_id,
                        first_name, first_position, second_id ..., score

        >>> index = keyfold.compile_names("firms.kf", {7: "ACME LTD", 8: "BOLTS INC", 9: "ACMY LTD"})
        >>> [(pair.first.id, pair.second.id, pair.score) for pair in index.dedupe(0.8)]
        [(7, 9, 0.875)]
        """
        _name_table.check_output(output)
        found = self._pairs(cutoff, scorer, by, same_attribute, False, threads, progress)
        return found.pairs() if output == "list" else found.table(output)

    def groups(self, cutoff: float, *, scorer: Scorer = "setratio", by: Optional[str] = None,
               same_attribute: bool = False, threads: Optional[int] = None, progress: Any = None,
               output: NamesOutput = "list") -> Any:
        """Names that the pairs of dedupe connect, directly or by way of others, in groups of two and more.

        output  "list" of lists of NameMatch, whose score is that of one of the pairs; "arrow", "pandas" or "polars": a
                table with a row for each name that is in a group, its number in the column group

        The rest is as for dedupe.

        >>> index = keyfold.compile_names("firms.kf", {7: "ACME LTD", 8: "BOLTS INC", 9: "ACMY LTD"})
        >>> index.groups(0.8, output="pandas")[["group", "id"]].values.tolist()
        [[0, 7], [0, 9]]
        """
        _name_table.check_output(output)
        found = self._pairs(cutoff, scorer, by, same_attribute, True, threads, progress)
        return found.groups() if output == "list" else found.group_table(output)

    def _pairs(self, cutoff: float, scorer: str, by: Optional[str], same_attribute: bool, links: bool,
               threads: Optional[int], progress: Any) -> Pairs:
        options = _search_options(1, cutoff, scorer)
        keep = _within(options, by)
        flags = (lib.KF_DEDUPE_WITHIN_ATTRIBUTE if same_attribute else 0) | (lib.KF_DEDUPE_LINKS if links else 0)
        handle = self._opened()
        found = _name_pairs.Pairs(handle, self._kinds, options, flags, threads, progress)
        del keep
        return found

    # ---- all names ----------------------------------------------------------------------------

    def rows(self, start: int = 0) -> Iterator[NameRow]:
        """The names in the order in which they were compiled, from a position on.

        >>> index = keyfold.compile_names("firms.kf", {7: "ACME HOLDINGS LTD", 8: "BOLTS AND NUTS INC"})
        >>> [row.id for row in index.rows(1)]
        [8]
        """
        handle = self._opened()
        return _name_many.rows(handle, _query.number("start", start, 2**63), self._kinds)

    def __iter__(self) -> Iterator[NameRow]:
        return self.rows()

    def __contains__(self, name: object) -> bool:
        """Whether there is exactly this name."""
        if not isinstance(name, str):
            return False
        return any(match.name == name for match in self.matches(name, 1, cutoff=1.0, ties=True))

    # ---- the file -----------------------------------------------------------------------------

    def _origin(self) -> Any:
        return self._source or self._handle or self._source     # which a thread may have closed in between

    @property
    def path(self) -> str:
        """The file's path, absolute and without symbolic links; "<memory>" of bytes.

        >>> import os
        >>> os.path.basename(keyfold.compile_names("firms.kf", ["ACME"]).path)
        'firms.kf'
        """
        path: str = self._origin().path
        return path

    @property
    def build_id(self) -> bytes:
        """16 bytes derived from the file's content: equal files have equal ones.

        >>> len(keyfold.compile_names("firms.kf", ["ACME"]).build_id)
        16
        """
        build_id: bytes = self._origin().build_id
        return build_id

    @property
    def id_kind(self) -> str:
        """What the ids are: "int", "str" or "bytes".

        >>> keyfold.compile_names("firms.kf", [("A-1", "ACME")]).id_kind
        'str'
        """
        self._opened()
        return self._kinds.id

    @property
    def metadata(self) -> Dict[str, bytes]:
        """The file's metadata entries, with those that keyfold itself stored.

        >>> keyfold.compile_names("firms.kf", ["ACME"], metadata={"source": "by hand"}).metadata["source"]
        b'by hand'
        """
        handle = self._opened()
        name, content = ffi.new("kf_bytes *"), ffi.new("kf_bytes *")
        result: Dict[str, bytes] = {}
        while True:
            status = lib.kf_names_metadata_at(handle.pointer, len(result), name, content)
            if status == lib.KF_NOT_FOUND:
                return result
            _errors.check(status, None, handle.path)
            result[bytes_of(name).decode("utf-8", "surrogateescape")] = bytes_of(content)

    def stat(self) -> NameStat:
        """Sizes of the file's parts.

        >>> keyfold.compile_names("firms.kf", ["ACME LTD", "BOLTS LTD"]).stat().tokens
        3
        """
        handle = self._opened()
        return _name_stat.read(handle.stat())

    def verify(self, *, threads: Optional[int] = None, progress: Any = None) -> None:
        """Checks every checksum and walks every structure. Raises CorruptError. Arguments as for Dictionary.verify.

        >>> keyfold.compile_names("firms.kf", ["ACME"]).verify()
        """
        handle = self._opened()
        _verify.verify(handle.pointer, handle.path, threads, progress, lib.kf_names_verify)

    @property
    def closed(self) -> bool:
        """Whether close() was called.

        >>> index = keyfold.compile_names("firms.kf", ["ACME"])
        >>> index.close()
        >>> index.closed
        True
        """
        origin = self._origin()
        return bool(isinstance(origin, Source) and origin.closed)

    def close(self) -> None:
        """Makes this object unusable. The file is unmapped once nothing else uses it.

        >>> with keyfold.compile_names("firms.kf", ["ACME"]) as index:
        ...     index.best("ACME").score
        1.0
        """
        origin = self._origin()
        if isinstance(origin, Handle):
            origin = Source(origin.path, origin.build_id, origin.in_memory, None, NamesHandle)
        origin.closed, origin.known = True, None
        self._source, self._handle = origin, None

    def __enter__(self: T) -> T:
        return self

    def __exit__(self, kind: Optional[Type[BaseException]], value: Optional[BaseException],
                 traceback: Optional[TracebackType]) -> None:
        self.close()

    def packed(self) -> "NameIndex":
        """This index as one that travels with its content: see Dictionary.packed.

        >>> import os, pickle
        >>> sent = pickle.dumps(keyfold.compile_names("firms.kf", ["ACME"]).packed())
        >>> os.unlink("firms.kf")
        >>> pickle.loads(sent).best("ACNE").name
        'ACME'
        """
        handle = self._opened()
        made = _reopen("", handle.build_id, self._options)
        made._source = None
        made._take(handle.as_packed())
        return made

    def __reduce__(self) -> Tuple[Any, ...]:
        return self.__reduce_ex__(2)

    def __reduce_ex__(self, protocol: Any) -> Tuple[Any, ...]:
        content = self._origin().content(protocol)
        if content is not None:
            return _reopen, ("", self.build_id, self._options, content)
        return _reopen, (self.path, self.build_id, self._options)

    def __copy__(self: T) -> T:
        return self

    def __deepcopy__(self: T, memo: Any) -> T:
        return self

    def __len__(self) -> int:
        return lib.kf_names_count(self._opened().pointer)   # type: ignore[no-any-return]

    def __eq__(self, other: object) -> bool:
        return isinstance(other, NameIndex) and self.build_id == other.build_id

    def __hash__(self) -> int:
        return hash(self.build_id)

    def __repr__(self) -> str:
        state = "closed" if self.closed else "not open yet" if self._handle is None else \
            f"{len(self):,} names, ids are {self._kinds.id}"
        return f"<keyfold.NameIndex {self.path!r}: {state}>"


def _search_options(limit: int, cutoff: float = 0.0, scorer: str = "setratio", ties: bool = False,
                    rerank: Optional[str] = None, candidates: Optional[int] = None, gap: bool = False,
                    work: Optional[int] = None) -> Any:
    """A kf_matcher_options."""
    options = ffi.new("kf_matcher_options *", lib.kfpy_matcher_options())
    options.limit = _query.number("limit", limit, 2**63, 1)
    options.cutoff = cutoff
    options.scorer = scorer_of(scorer)
    options.flags = (lib.KF_MATCH_TIES if ties else 0) | (lib.KF_MATCH_EXPLAIN if gap else 0)
    options.work_limit = 0 if work is None else _query.number("work", work, 2**63, 1)
    if rerank is not None:
        options.rerank = scorer_of(rerank, "rerank")
        options.candidates = max(limit, _CANDIDATES) if candidates is None else \
            _query.number("candidates", candidates, 2**32 - 1, 1)
    elif candidates is not None:
        raise _errors.ArgumentError("candidates= is for rerank=, the scorer that they are scored by again")
    return options


def _within(options: Any, by: Optional[str]) -> Any:
    """Limits a search to an attribute; returns what must live as long."""
    attribute = attribute_of(by)
    if attribute is None:
        return None
    place = ffi.from_buffer(attribute or b"\0")
    options.attribute.data, options.attribute.size = ffi.cast("uint8_t *", place), len(attribute)
    return place


def _index_of(needles: Any) -> Any:
    """The index of a pandas Series."""
    return needles.index if _columns.is_pandas(needles) and hasattr(needles, "index") else None
