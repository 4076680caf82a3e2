"""compile: pairs into a file."""
from __future__ import annotations

import errno
import io
import itertools
import os
import tempfile
from collections import abc
from typing import (TYPE_CHECKING, Any, Callable, Dict, Iterable, List, Literal, Mapping, Optional, Tuple, TypeVar,
                    Union, overload)

from . import _choose, _codecs, _errors, _file_options, _keys
from ._builder import Builder, BuildOptions, processors
from ._codecs import Codec
from ._dictionary import Dictionary
from ._inputs import source_of
from ._light import Later
from ._lookup import survey
from ._open import open as _open
from ._pack import Source
from ._progress import Progress
from ._shapes import Columns, is_columns, is_strange
from ._urls import is_url

if TYPE_CHECKING:
    from . import _column_files, _files, _generations, _parts
    from ._handle import StrPath
    from ._types import Duplicates, Effort, Encoding, Format, Keys, NoLists, Normal, Nulls, OnError, Weights
else:      # what they import takes longer than many a build
    _column_files, _files, _parts = Later("_column_files"), Later("_files"), Later("_parts")
    _generations = Later("_generations")

K = TypeVar("K")
V = TypeVar("V")
Metadata = Optional[Mapping[str, Union[str, bytes]]]
_Path = (str, bytes, os.PathLike)


def must_exist(path: Any, alone: bool) -> None:
    """Says of a str that names no file what else may have been meant. A PathLike is a path in any case."""
    try:
        os.stat(path)
    except (OSError, ValueError) as problem:
        if isinstance(path, os.PathLike):
            return              # whoever opens it says so
        code = (problem.errno if isinstance(problem, OSError) else None) or errno.ENOENT
        name = os.fsdecode(path)
        meant = "a str is taken for the path of a file to read" if alone else \
            "str among the inputs are taken for paths of files to read. For a table of keys alone pass " \
            "dict.fromkeys(keys) in their place"
        raise _errors.os_error(code, name if len(name) <= 200 else name[:200] + "...",
                               f"{os.strerror(code)} ({meant})") from None


def _paths(inputs: Any) -> Tuple[Optional[List[str]], Any]:
    """The paths that the inputs are, or None; and the inputs, whose first may have been taken to see that."""
    if isinstance(inputs, _Path):
        must_exist(inputs, True)
        return [os.fsdecode(inputs)], inputs
    if isinstance(inputs, io.IOBase):
        raise TypeError("an open file is no input: pass its path, or pairs that are made of its lines")
    if isinstance(inputs, abc.Mapping) or not isinstance(inputs, abc.Iterable):
        return None, inputs
    again = inputs
    if iter(inputs) is inputs:
        first = list(itertools.islice(inputs, 1))
        again = itertools.chain(first, inputs)
    else:
        first = list(itertools.islice(iter(inputs), 1))
    if not first or not isinstance(first[0], _Path):
        return None, again
    paths = []
    for path in again:
        if not isinstance(path, _Path):
            raise TypeError(f"{path!r:.100} among paths of files is none")
        must_exist(path, False)
        paths.append(os.fsdecode(path))
    return paths, inputs


def _workers(asked: Optional[int], parts: Any) -> int:
    if asked is None:
        asked = processors()
    elif not isinstance(asked, int) or asked < 0:
        raise _errors.ArgumentError(
            f"workers={asked!r}: a number of processes is needed; 0 reads in this process")
    return min(asked, len(parts)) if isinstance(parts, abc.Sized) else asked


def _all_values(inputs: Any) -> Any:
    """All values, where they can be looked through before the build."""
    if isinstance(inputs, abc.Mapping):
        return inputs.values()
    if isinstance(inputs, abc.ItemsView):
        return (value for _, value in inputs)
    return None


def _build_pairs(inputs: Any, source: Source, wanted: _choose.Wish, make: _parts.MakeBuilder) -> Optional[Builder]:
    values = None
    if wanted.codec == "auto" and not source.weighted and not source.columns:
        values = _all_values(inputs)
        if wanted.lists and isinstance(inputs, abc.Mapping):
            values = _choose.items(values)
    builder = make(*_choose.choose(wanted, source, values, types=survey(inputs)))
    builder.add(source, _choose.guess(wanted))
    return builder


# What files and readers give has no types of its own.
@overload
def compile(path: StrPath, inputs: Mapping[K, V], *, reader: None = None, workers: Optional[int] = None,
            memory: Union[int, str] = "1G", duplicates: NoLists = "error", codec: Union[str, Codec] = "auto",
            keys: Keys = "auto", weights: None = None, progress: Any = None, tmpdir: Optional[StrPath] = None,
            threads: Optional[int] = None, shards: Optional[int] = None,
            resume: Optional[StrPath] = None, allow_pickle: bool = False,
            encoding: Encoding = "auto", metadata: Metadata = None,
            normalise: Normal = None, force: bool = False, similarity: bool = False,
            filter: bool = False, sync: bool = True, effort: Effort = "default") -> Dictionary[K, V]: ...
@overload
def compile(path: StrPath, inputs: Iterable[Tuple[K, V]], *, reader: None = None,
            workers: Optional[int] = None, memory: Union[int, str] = "1G", duplicates: NoLists = "error",
            codec: Union[str, Codec] = "auto", keys: Keys = "auto", weights: Optional[Weights] = None,
            progress: Any = None, tmpdir: Optional[StrPath] = None,
            threads: Optional[int] = None, shards: Optional[int] = None,
            resume: Optional[StrPath] = None, allow_pickle: bool = False,
            encoding: Encoding = "auto", metadata: Metadata = None,
            normalise: Normal = None, force: bool = False, similarity: bool = False,
            filter: bool = False, sync: bool = True, effort: Effort = "default") -> Dictionary[K, V]: ...
@overload
def compile(path: StrPath, inputs: Mapping[K, List[V]], *, reader: None = None, workers: Optional[int] = None,
            memory: Union[int, str] = "1G", duplicates: Literal["all"], codec: Union[str, Codec] = "auto",
            keys: Keys = "auto", weights: None = None, progress: Any = None, tmpdir: Optional[StrPath] = None,
            threads: Optional[int] = None, shards: Optional[int] = None,
            resume: Optional[StrPath] = None, allow_pickle: bool = False,
            encoding: Encoding = "auto", metadata: Metadata = None,
            normalise: Normal = None, force: bool = False, similarity: bool = False,
            filter: bool = False, sync: bool = True, effort: Effort = "default") -> Dictionary[K, List[V]]: ...
@overload
def compile(path: StrPath, inputs: Iterable[Tuple[K, V]], *, reader: None = None,
            workers: Optional[int] = None, memory: Union[int, str] = "1G", duplicates: Literal["all"],
            codec: Union[str, Codec] = "auto", keys: Keys = "auto", weights: None = None,
            progress: Any = None, tmpdir: Optional[StrPath] = None,
            threads: Optional[int] = None, shards: Optional[int] = None,
            resume: Optional[StrPath] = None, allow_pickle: bool = False,
            encoding: Encoding = "auto", metadata: Metadata = None,
            normalise: Normal = None, force: bool = False, similarity: bool = False,
            filter: bool = False, sync: bool = True, effort: Effort = "default") -> Dictionary[K, List[V]]: ...
@overload
def compile(path: StrPath, inputs: Any, *, reader: Optional[Callable[[Any], Any]] = None,
            workers: Optional[int] = None, memory: Union[int, str] = "1G", duplicates: Duplicates = "error",
            codec: Union[str, Codec] = "auto", keys: Keys = "auto", weights: Optional[Weights] = None,
            progress: Any = None, tmpdir: Optional[StrPath] = None,
            threads: Optional[int] = None, shards: Optional[int] = None,
            resume: Optional[StrPath] = None, allow_pickle: bool = False, key: Any = None, value: Any = None,
            nulls: Nulls = "error",
            encoding: Encoding = "auto", metadata: Metadata = None, format: Optional[Format] = None,
            delimiter: Optional[str] = None, header: bool = False, key_column: Union[int, str, None] = None,
            value_column: Union[int, str, None] = None, weight_column: Union[int, str, None] = None,
            key_field: Optional[str] = None, value_field: Optional[str] = None,
            weight_field: Optional[str] = None, raw: bool = False, text: bool = False, pairs: bool = False,
            on_error: Optional[OnError] = None, normalise: Normal = None,
            force: bool = False, similarity: bool = False,
            filter: bool = False, sync: bool = True, effort: Effort = "default") -> Dictionary[Any, Any]: ...


def compile(path: StrPath, inputs: Any, *, reader: Optional[Callable[[Any], Any]] = None,
            workers: Optional[int] = None, memory: Union[int, str] = "1G", duplicates: Duplicates = "error",
            codec: Union[str, Codec] = "auto", keys: Keys = "auto", weights: Optional[Weights] = None,
            progress: Any = None, tmpdir: Optional[StrPath] = None,
            threads: Optional[int] = None, shards: Optional[int] = None,
            resume: Optional[StrPath] = None, allow_pickle: bool = False, key: Any = None, value: Any = None,
            nulls: Nulls = "error",
            encoding: Encoding = "auto", metadata: Metadata = None, format: Optional[Format] = None,
            delimiter: Optional[str] = None, header: bool = False, key_column: Union[int, str, None] = None,
            value_column: Union[int, str, None] = None, weight_column: Union[int, str, None] = None,
            key_field: Optional[str] = None, value_field: Optional[str] = None,
            weight_field: Optional[str] = None, raw: bool = False, text: bool = False, pairs: bool = False,
            on_error: Optional[OnError] = None, normalise: Normal = None,
            force: bool = False, similarity: bool = False,
            filter: bool = False, sync: bool = True, effort: Effort = "default") -> Dictionary[Any, Any]:
    """Compiles pairs into the file `path` and opens it. Nothing appears there before all is done.

    path        of the file; or a URL that fsspec knows, to which the complete file is put
    inputs      a dict or other Mapping; or any iterable of (key, value) pairs; or a table of Arrow, pandas,
                Polars, DuckDB or NumPy; or paths of .tsv, .csv, .jsonl and other files, also compressed ones, as
                the keyfold command reads them, or of Parquet, Feather and Arrow IPC files; or, with a reader, parts
                of any kind. A str is a path: for a mere set of keys pass dict.fromkeys(keys)
    reader      reader(part) gives a part's pairs: a dict, a list, a generator; a table, or a generator of tables.
                It runs in worker processes
    workers     how many: as many as there are processors if not given. 0 reads in this process
    memory      what the building process may hold; each worker holds what its reader does
    duplicates  when a key comes again: "error", "first" or "last" (in the order of the inputs); of integers
                also "sum", "min", "max"
    keys        "str", "bytes", "int" or "tuple"; if not given, what the first key is
    codec       how values are stored (see keyfold.Dictionary.codec); if not given, what suits all values of a
                Mapping, or the first 1000 of others
    weights     "value": integer values order the keys for completion; "given": pairs are (key, value, weight)
    progress    True, a tqdm bar, or a function that gets the number of pairs done and of all (None while unknown),
                and what is done at the moment if it has a parameter `phase`. A pair that was read is done in part:
                all are when the file is there
    tmpdir      where temporary files go, if not beside the file
    threads     that sort and fold in this process: as many as there are processors if not given, also with
                workers, as those are done when most of the work of the threads begins
    shards      most automata that the keys are divided among, which are built side by side and make one file
                all the same: if not given, as many as the keys are worth, one below some 33 million; 1 always
                one, which is smallest; at most 64
    encoding    how the file stores the values: "auto" samples them and chooses one of "packed", "distinct", "raw",
                "tokens" and "zstd"
    metadata    a dict of entries of the caller's, str or bytes, which Dictionary.metadata gives as bytes
    force       replaces a file that is there and neither empty nor a keyfold file, which is refused otherwise
    resume      a folder that keeps what is sorted, also when the build fails or is killed: the same call then
                goes on from there. It reads all inputs again, which must give the same pairs in the same order
                (a set gives another one in each process) and be encoded alike, or ArgumentError is raised; more
                may follow them. Pairs of parts are added in the order of the parts, so that a worker may have
                to wait for those before it. The folder is made if need be, and goes when the file is there
    normalise   what is to make no difference between keys, names with commas between: "case" (full case
                folding), "accents" (marks above, below and through letters), "nfc" or "nfkc" (Unicode's normal
                forms). Keys are stored like that, and what is looked up or searched for becomes so too. Keys
                that are then the same are duplicates. For str, and for bytes, which are taken as UTF-8
    filter      stores hashes of the keys, about 10 bits each, that make looking up absent keys several times faster
    effort      "fast" takes less time for a small table and a fraction for long texts; the file is some percent larger,
                of long texts more. "best" takes more time, for a slightly smaller file of much text
    sync        False: the file is not waited for until it is on disk, which takes most of the time of a small table.
                It appears as a whole or not at all all the same, but may be damaged if the machine goes down soon
                after: for what can be made again
    similarity  stores the keys once more, in a form in which all are compared at once: Dictionary.nearest takes
                milliseconds for a million keys, for about as many bytes as the keys have, and 3 to 5 more each
    key, value  which columns of a table are the keys and the values: a name, or a list of names for tuples;
                value=[] for a set of keys. Needed unless there are one or two columns. A pandas Series is index and
                values, and (keys, values), a tuple of two columns, is a table as well
    nulls       "error", or "skip" for rows with a null (in pandas NaN is one)

    What is about files only, and refused with anything else:

    format      "tsv", "csv", "jsonl", "lines" or "nul"; if not given, what the name and the first line say
    header, delimiter, key_column, value_column, weight_column
                of csv: whether the first record names the columns; a column is a number from 1, or such a name
    key_field, value_field, weight_field
                of jsonl: the members of an object
    raw, pairs  of tsv and lines: no escapes; of nul: values too
    text        take files as text of the format whatever they look like, NUL bytes and all
    on_error    "skip": bad records are left out, and a warning tells how many; "fail" (the default) names the first

    >>> table = keyfold.compile("ages.kf", {"Ann": 31, "Bo": 27})
    >>> table["Bo"]
    27
    >>> pairs = [("red", "apple"), ("green", "lime"), ("red", "cherry")]
    >>> dict(keyfold.compile("colours.kf", pairs, duplicates="all"))
    {'green': ['lime'], 'red': ['apple', 'cherry']}
    >>> with open("towns.csv", "w") as file:
    ...     _ = file.write("town;people\\nOslo;700000\\n")
    >>> towns = keyfold.compile("towns.kf", "towns.csv", header=True, delimiter=";", value_column="people", codec="u64")
    >>> towns["Oslo"]
    700000
    >>> import numpy
    >>> names, ages = numpy.array(["Ann", "Bo"]), numpy.array([31, 27])
    >>> dict(keyfold.compile("ages.kf", (names, ages)))
    {'Ann': 31, 'Bo': 27}
    """
    if is_url(path):
        return _to_url(str(path), {name: each for name, each in locals().items() if name != "path"})
    options = BuildOptions(path, memory=memory, duplicates=duplicates, weights=weights, tmpdir=tmpdir,
                           threads=threads, shards=shards, resume=resume, encoding=encoding,
                           metadata=_file_options.metadata(metadata), normalise=normalise, force=force,
                           similarity=similarity, filter=filter, sync=sync, effort=effort)
    about_files = _file_options.given(dict(
        format=format, delimiter=delimiter, header=header, key_column=key_column, value_column=value_column,
        weight_column=weight_column, key_field=key_field, value_field=value_field, weight_field=weight_field, raw=raw,
        text=text, pairs=pairs, on_error=on_error))
    wanted = _choose.wish(keys, codec, weights, duplicates, Columns(key, value, nulls))
    files = source = None
    if reader is None:
        files, inputs = (None, inputs) if is_columns(inputs) or is_strange(inputs) else _paths(inputs)
        if files is not None:
            tables = _column_files.tables(files)
            files, inputs = (files, inputs) if tables is None else \
                (None, tables[0] if len(tables) == 1 else iter(tables))
        if files is None:
            _file_options.refuse(about_files, inputs, None)
            source = source_of(inputs, wanted.columns, weights == "given", lists=wanted.lists)
        elif wanted.columns != Columns():
            raise _errors.ArgumentError(f"key=, value= and nulls= are about tables of columns, and {files[0]} is none: "
                                        "key_column= and value_column= are for csv, key_field= and value_field= for "
                                        "jsonl")
    elif not callable(reader):
        raise TypeError(f"reader={reader!r:.100} can't be called")
    else:
        _file_options.refuse(about_files, inputs, reader)
        inputs = [inputs] if isinstance(inputs, _Path) else inputs
    if reader is None and workers is not None:
        raise _errors.ArgumentError(f"workers={workers!r} needs a reader=: only that runs in worker processes "
                                    "(threads= is how many sort and fold)")
    reports = Progress(progress, None if source is None else source.rows)
    builders: List[Builder] = []

    def make(kind: _keys.KeyKind, chosen: Codec) -> Builder:
        builders.append(Builder(options, kind, chosen, reports))
        return builders[0]

    chosen = codec
    try:
        if files is not None:
            _files.build(files, options, keys, codec, reports, about_files)
        else:
            builder = _build_pairs(inputs, source, wanted, make) if source is not None else \
                _build_parts(inputs, reader, _workers(workers, inputs), wanted, options, make)
            if builder is None:
                builder = make(*_choose.choose(wanted, Source(())))
            chosen = builder.codec
            builder.finish()
    finally:
        for each in builders:
            each.close()
        reports.close()
    pickles = isinstance(chosen, Codec) and chosen.name in _codecs.PICKLES
    return _open(path, allow_pickle=allow_pickle or pickles)


def _to_url(url: str, arguments: Dict[str, Any]) -> Dictionary[Any, Any]:
    """Builds a file here, and puts it behind a URL."""
    with tempfile.TemporaryDirectory(prefix="keyfold-", dir=arguments["tmpdir"]) as folder:
        return _generations.publish(url, compile(os.path.join(folder, "whole.kf"), **arguments))


def _build_parts(parts: Iterable[Any], reader: Any, workers: int, wanted: _choose.Wish,
                 options: BuildOptions, make: _parts.MakeBuilder) -> Optional[Builder]:
    if workers == 0:
        return _parts.read_here(parts, reader, wanted, options.weights, make)
    # Which pair is the first or the last of a key, or of a list, goes by the order of the parts, and a build can be
    # resumed only with pairs in the order that they had.
    ordered = options.duplicates in ("first", "last", "all") or options.resume is not None
    return _parts.read_parts(parts, reader, workers, wanted, options.weights, make, ordered)
