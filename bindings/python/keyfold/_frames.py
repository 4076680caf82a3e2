"""Frames: tables and columns that a build takes, whoever made them, as windows of aligned runs."""
from __future__ import annotations

from typing import Any, Callable, Iterator, List, NamedTuple, NoReturn, Optional, Sequence, Tuple

from . import _arrow, _errors, _runs, _series
from ._native import ffi
from ._runs import OBJECT, Run
from ._shapes import Columns, library


_AHEAD = 4      # batches that pyarrow reads of files before they are asked for


class Role(NamedTuple):
    """Which columns are the keys, the values or the weights."""

    places: List[int]
    is_tuple: bool      # several columns make tuples; so may one


class Roles(NamedTuple):
    """What is what in a frame; no values: a set of keys."""

    key: Role
    value: Optional[Role]
    weight: Optional[Role]

    def all(self) -> List[Role]:
        return [role for role in self if role is not None]


class Window(NamedTuple):
    """So many rows: each column is a run, from a place on."""

    rows: int
    columns: List[Tuple[Run, int]]


class Frame:
    """A table: `windows` gives its rows, `types` the family of each column and its name. `rows` is None unless all are
    in memory; `again`: they may be gone through twice."""

    def __init__(self, labels: Sequence[Any], types: List[Tuple[str, str]], roles: Roles,
                 windows: Callable[[], Iterator[Window]], rows: Optional[int], again: bool = False) -> None:
        self.labels = labels
        self.types = types
        self.roles = roles
        self.windows = windows
        self.rows = rows
        self.again = again or rows is not None


# ---- which columns ----------------------------------------------------------------------------------

def _listed(labels: Sequence[Any]) -> str:
    shown = [str(label) for label in labels[:20]]
    return ", ".join(shown) + (f" and {len(labels) - 20} more" if len(labels) > 20 else "") if shown else "none"


def _place(labels: Sequence[Any], name: Any, argument: str) -> int:
    found = [place for place, label in enumerate(labels)
             if (isinstance(label, type(name)) or isinstance(name, type(label))) and label == name]
    if len(found) == 1:
        return found[0]
    fault = "there is no such column" if not found else f"{len(found)} columns have that name"
    raise _errors.ArgumentError(f"{argument}={name!r:.100}: {fault}; there are {_listed(labels)}")


def _role(labels: Sequence[Any], wanted: Any, argument: str) -> Optional[Role]:
    if isinstance(wanted, list):
        return Role([_place(labels, name, argument) for name in wanted], True) if wanted else None
    return Role([_place(labels, wanted, argument)], False)


def assign(labels: Sequence[Any], wanted: Any, weighted: bool) -> Any:
    """Which columns are what: as the caller said, else the first the keys, the second the values."""
    if not isinstance(wanted, Columns):     # of a build of another kind
        return wanted.assign(labels)
    most = 3 if weighted else 2
    count = len(labels)
    if wanted.key is None and wanted.value is None:
        if not 0 < count <= most or (weighted and count < 3):
            raise _errors.ArgumentError(
                f'say key= and value= (value=[] for a set of keys): the columns are {_listed(labels)}'
                if count > most else f"{'three columns are' if weighted else 'a column is'} needed "
                f"({'key, value, weight' if weighted else 'the keys'}); there are {_listed(labels)}")
        single = [Role([place], False) for place in range(count)]
        return Roles(single[0], single[1] if count > 1 else None, single[2] if weighted else None)
    if weighted and (wanted.key is None or wanted.value is None):
        raise _errors.ArgumentError('weights="given": say both key= and value=, or neither; the column that is left is '
                                    "the weight")
    if wanted.key is None:
        value = _role(labels, wanted.value, "value")
        key: Optional[Role] = _rest(labels, value, "key")
    else:
        key = _role(labels, wanted.key, "key")
        value = _role(labels, wanted.value, "value") if wanted.value is not None else \
            _rest(labels, key, "value") if count > 1 else None
    if key is None:
        raise _errors.ArgumentError("key=[]: at least one column is needed")
    return Roles(key, value, _rest(labels, key, "weight", value) if weighted else None)


def _rest(labels: Sequence[Any], taken: Optional[Role], argument: str, other: Optional[Role] = None) -> Role:
    """The only column that is left."""
    used = [place for role in (taken, other) if role is not None for place in role.places]
    left = [place for place in range(len(labels)) if place not in used]
    if argument == "weight" and len(left) != 1:
        raise _errors.ArgumentError('weights="given": one column must be left for the weights; there are '
                                    f"{_listed([labels[place] for place in left])}")
    if len(left) != 1:
        raise _errors.ArgumentError(f"say {argument}= too: the columns are {_listed(labels)}")
    return Role(left, False)


# ---- windows ----------------------------------------------------------------------------------------

def aligned(columns: List[List[Run]]) -> Iterator[Window]:
    """Windows of columns whose runs end in different places."""
    places = [(0, 0)] * len(columns)
    while True:
        for number, runs in enumerate(columns):
            run, start = places[number]
            while run < len(runs) and start == runs[run].count:
                run, start = run + 1, 0
            places[number] = run, start
        if any(run == len(columns[number]) for number, (run, _) in enumerate(places)):
            return
        here = [(columns[number][run], start) for number, (run, start) in enumerate(places)]
        count = min(run.count - start for run, start in here)
        yield Window(count, here)
        places = [(run, start + count) for run, start in places]


def _from_columns(labels: Sequence[Any], columns: Sequence[Any], wanted: Columns, weighted: bool) -> Frame:
    """A frame of columns, each in an object of its own."""
    lengths = [len(column) for column in columns]
    if len(set(lengths)) > 1:
        raise _errors.ArgumentError(f"the columns have different lengths: {', '.join(map(str, lengths))}")
    roles = assign(labels, wanted, weighted)
    used = {place for role in roles.all() for place in role.places}
    runs: List[List[Run]] = []
    for place, column in enumerate(columns):
        try:
            runs.append(_series.column_runs(column) if place in used else
                        [Run(OBJECT, "unused", lengths[place], items=None)])
        except (TypeError, ValueError, ImportError) as problem:
            raise _named(problem, labels[place]) from problem
    types = [(each[0].family, each[0].shown) if each else (OBJECT, "object") for each in runs]
    return Frame(labels, types, roles, lambda: aligned(runs), lengths[0] if lengths else 0)


def _named(problem: Exception, label: Any) -> Exception:
    return type(problem)(f"column {label!r}: {problem}")


def _from_pandas(frame: Any, wanted: Columns, weighted: bool) -> Frame:
    if frame.ndim == 1 and not hasattr(frame, "index"):         # an Index
        return _from_columns(["index"], [frame], wanted, weighted)
    own, names = _series.index_name(frame)
    if frame.ndim == 1:
        name = wanted.labels[1] if frame.name is None else frame.name
        index = _index_label(names)
        if index == name:
            index, name = wanted.labels[:2]
        return _from_columns([index, name], [frame.index, frame], wanted, weighted)
    labels, columns = list(frame.columns), [frame.iloc[:, place] for place in range(frame.shape[1])]
    spoken = wanted.spoken()
    if own and not spoken and len(labels) in (0, 1):
        labels, columns = [_index_label(names), *labels], [frame.index, *columns]
    elif own and not spoken:
        raise _errors.ArgumentError(f"say {wanted.asked}: the index is {_index_label(names)!r}, "
                                    f"the columns are {_listed(labels)}")
    else:
        for level, name in enumerate(names or ()):
            if name is not None and name in spoken and name not in labels:
                labels.append(name)
                columns.append(frame.index.get_level_values(level))
    return _from_columns(labels, columns, wanted, weighted)


def _index_label(names: Optional[List[Any]]) -> Any:
    if names and len(names) == 1 and names[0] is not None:
        return names[0]
    return "index"


# ---- Arrow ------------------------------------------------------------------------------------------

def _narrowed(frame: Any, wanted: Columns, weighted: bool) -> Any:
    """The frame without the columns that are not asked for, if its library has a way to leave them out; so that they
    need not be exported."""
    root = library(frame)
    if root not in ("pyarrow", "polars", "duckdb", "_duckdb"):
        return frame
    schema = getattr(frame, "schema", None) if root == "pyarrow" else None
    labels = list(getattr(schema, "names", None) or getattr(frame, "columns", None) or ())
    if not all(isinstance(label, str) for label in labels) or len(set(labels)) < len(labels) or not labels:
        labels = []
    scanner = getattr(frame, "scanner", None)
    if not labels:
        return scanner(batch_readahead=_AHEAD, fragment_readahead=1) if scanner is not None else frame
    roles = assign(labels, wanted, weighted)
    used = sorted({place for role in roles.all() for place in role.places})
    names = [labels[place] for place in used]
    if scanner is not None:                    # a Dataset
        return scanner(columns=names, batch_readahead=_AHEAD, fragment_readahead=1)
    if len(used) == len(labels):
        return frame
    if root in ("duckdb", "_duckdb"):
        return frame.project(", ".join('"' + name.replace('"', '""') + '"' for name in names))
    return frame.select(names) if hasattr(frame, "select") else frame


def _from_arrow(frame: Any, wanted: Columns, weighted: bool) -> Frame:
    # The length of a DuckDB relation is not known before its query runs.
    sized = hasattr(type(frame), "__len__") and library(frame) not in ("duckdb", "_duckdb")
    narrow = _narrowed(frame, wanted, weighted)
    is_scanner = not _is_arrow(narrow)

    kept: List[_ArrowStream] = []   # so that no producer is let go at the end of an iteration, with StopIteration set

    def stream() -> _ArrowStream:
        kept.append(_ArrowStream(narrow.to_reader() if is_scanner else narrow, wanted.single))
        return kept[-1]

    waiting = [stream()]
    labels = waiting[0].labels
    roles = assign(labels, wanted, weighted)

    def windows() -> Iterator[Window]:
        return (waiting.pop() if waiting else stream()).windows(roles)

    return Frame(labels, waiting[0].types(), roles, windows, len(frame) if sized else None, hasattr(frame, "scanner"))


def _lacks_children(raw: Any) -> bool:
    return raw.n_children < 0 or raw.n_children > 0 and (
        raw.children == ffi.NULL or any(raw.children[place] == ffi.NULL for place in range(raw.n_children)))


class _ArrowStream:
    """An opened producer."""

    def __init__(self, producer: Any, single: str) -> None:
        self.producer = producer
        self.is_array = hasattr(producer, "__arrow_c_array__")
        self.schema, self.chunks, self.capsules = _arrow.opened(producer)
        self.is_table = _runs.arrow_format(self.schema) == "+s"
        self.labels: List[Any] = [single]
        if self.is_table:
            if _lacks_children(self.schema):
                raise _runs.BrokenArray("an Arrow schema lacks its columns")
            self.labels = [self._label(place) for place in range(self.schema.n_children)]

    def types(self) -> List[Tuple[str, str]]:
        """The family of each column, and its name."""
        return [_runs.arrow_type(self._child(self.schema, place)) for place in range(len(self.labels))]

    def _label(self, place: int) -> str:
        name = self.schema.children[place].name
        return "" if name == ffi.NULL else ffi.string(name).decode("utf-8", "replace")

    def _child(self, schema: Any, place: int) -> Any:
        return schema.children[place] if self.is_table else schema

    def windows(self, roles: Roles) -> Iterator[Window]:
        """All rows."""
        used = {place for role in roles.all() for place in role.places}
        types = self.types()
        hard = {place for place in used if types[place][0] == OBJECT}
        if hard:
            yield from self._by_pyarrow(used, hard)
            return
        for chunk in self.chunks:
            if chunk.array.length:
                yield self._window(chunk, used, {})

    def _window(self, chunk: Any, used: Any, given: Any) -> Window:
        raw = chunk.array
        if self.is_table and (raw.n_children != self.schema.n_children or _lacks_children(raw) or
                              raw.length < 0 or raw.offset < 0):
            raise _runs.BrokenArray(f"an Arrow batch has {raw.n_children} columns, "
                                    f"its schema {self.schema.n_children}")
        if self.is_table and raw.null_count and raw.n_buffers and raw.buffers[0] != ffi.NULL:
            self._refuse_null_rows(raw)
        columns: List[Tuple[Run, int]] = []
        for place in range(len(self.labels)):
            if place in given:
                columns.append((given[place], 0))
            elif place not in used:
                columns.append((Run(OBJECT, "unused", raw.length), 0))
            else:
                child = raw.children[place] if self.is_table else raw
                try:
                    run = _runs.from_arrow(self._child(chunk.schema, place), child,
                                           raw.offset if self.is_table else 0, raw.length, chunk)
                except _runs.BrokenArray as problem:
                    raise _named(problem, self.labels[place]) from None
                columns.append((run, 0))
        return Window(raw.length, columns)

    def _refuse_null_rows(self, raw: Any) -> None:
        bits = ffi.cast("uint8_t *", raw.buffers[0])
        for row in range(raw.offset, raw.offset + raw.length):
            if not bits[row >> 3] >> (row & 7) & 1:
                raise _errors.ArgumentError(f"row {row - raw.offset} of an Arrow batch is null as a whole")

    def _by_pyarrow(self, used: Any, hard: Any) -> Iterator[Window]:
        """The same where some columns have no layout that C reads: pyarrow makes Python objects of these."""
        types = self.types()
        shown = ", ".join(f"{self.labels[place]!r} ({types[place][1]})" for place in sorted(hard))
        package = _runs.pyarrow(f"column {shown}")
        again = _runs.Again(self.capsules)
        try:
            if not self.is_table:
                batches = (package.array(again),) if self.is_array else package.chunked_array(again).chunks
            elif self.is_array:     # a record batch can't be imported that begins within its columns; structs can
                batches = (package.RecordBatch.from_struct_array(package.array(again)),)
            else:
                reader = package.RecordBatchReader
                batches = reader.from_stream(again) if hasattr(reader, "from_stream") else \
                    reader._import_from_c_capsule(self.capsules)        # before pyarrow 15
        except (ValueError, TypeError, NotImplementedError) as problem:
            raise _errors.ArgumentError(f"pyarrow can't read column {shown}: {problem}; cast it to another type "
                                        "first") from problem
        if not self.is_table:
            for array in batches:
                yield Window(len(array), [(_objects(array, self.labels[0], shown), 0)])
            return
        for batch in batches:
            if batch.num_rows:
                given = {place: _objects(batch.column(place), self.labels[place], shown) for place in hard}
                schema, array = batch.__arrow_c_array__()
                chunk = next(_arrow.opened(_runs.Again((schema, array)))[1])
                yield self._window(chunk, used, given)


def _objects(array: Any, label: Any, shown: str) -> Run:
    try:
        return Run(OBJECT, str(array.type), len(array), items=array.to_pylist())
    except (ValueError, TypeError, ArithmeticError, NotImplementedError) as problem:
        raise _errors.ArgumentError(f"column {label!r} of type {array.type} can't be made Python objects of: "
                                    f"{problem}") from problem


# ---- all of them ------------------------------------------------------------------------------------

def _is_arrow(frame: Any) -> bool:
    return hasattr(frame, "__arrow_c_stream__") or hasattr(frame, "__arrow_c_array__")


def opened(frame: Any, wanted: Any, weighted: bool) -> Frame:
    """A frame of whatever is_columns takes for one. `wanted` is a Columns, or has the same methods and `assign`."""
    root = library(frame)
    if root == "polars" and hasattr(frame, "collect"):      # a LazyFrame
        frame = frame.collect()
    if root == "polars" and not _is_arrow(frame):           # before Polars 1
        frame = frame.to_arrow()
    if type(frame) is tuple:
        return _from_columns(wanted.labels[:len(frame)], frame, wanted, weighted)
    if root == "pandas":
        return _from_pandas(frame, wanted, weighted)
    if root == "numpy":
        if frame.dtype.names is None:
            return _from_columns([wanted.single], [frame], wanted, weighted)
        if frame.ndim != 1:
            _refuse_dimensions(frame)
        return _from_columns(list(frame.dtype.names), [frame[name] for name in frame.dtype.names], wanted, weighted)
    return _from_arrow(frame, wanted, weighted)


def _refuse_dimensions(frame: Any) -> NoReturn:
    raise _errors.ArgumentError(f"a structured array must be one-dimensional, not {frame.ndim}-dimensional")
