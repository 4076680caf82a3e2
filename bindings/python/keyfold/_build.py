"""compile: pairs into a file."""
from __future__ import annotations

import itertools
import os
from collections import abc
from typing import (TYPE_CHECKING, Any, Callable, Iterable, List, Mapping, Optional, Tuple, TypeVar, Union,
                    overload)

from . import _choose, _errors, _keys
from ._builder import Builder, BuildOptions, processors
from ._codecs import Codec
from ._dictionary import Dictionary
from ._light import Later
from ._lookup import survey
from ._open import open as _open
from ._pack import Source
from ._progress import Progress

if TYPE_CHECKING:
    from . import _files, _parts
    from ._handle import StrPath
else:      # what they import takes longer than many a build
    _files, _parts = Later("_files"), Later("_parts")

K = TypeVar("K")
V = TypeVar("V")
_Path = (str, bytes, os.PathLike)


def _paths(inputs: Any) -> Tuple[Optional[List[str]], Any]:
    """The paths that the inputs are, or None; and the inputs, whose first may have been taken to see that."""
    if isinstance(inputs, _Path):
        return [os.fsdecode(inputs)], inputs
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


def _build_pairs(inputs: Any, wanted: _choose.Wish, options: BuildOptions,
                 make: _parts.MakeBuilder) -> Optional[Builder]:
    source = Source(inputs, options.weights == "given")
    values = None
    if wanted.codec == "auto" and not source.weighted:
        values = _all_values(inputs)
    builder = make(*_choose.choose(wanted, source, values, types=survey(inputs)))
    builder.add(source, _choose.guess(wanted))
    return builder


# What files and readers give has no types of its own.
@overload
def compile(path: StrPath, inputs: Mapping[K, V], *, reader: None = None, workers: Optional[int] = None,
            memory: Union[int, str] = "1G", duplicates: str = "error", codec: Union[str, Codec] = "auto",
            keys: str = "auto", weights: None = None, progress: Any = None, tmpdir: Optional[StrPath] = None,
            threads: Optional[int] = None, shards: Optional[int] = None,
            resume: Optional[StrPath] = None, allow_pickle: bool = False) -> Dictionary[K, V]: ...
@overload
def compile(path: StrPath, inputs: Iterable[Tuple[K, V]], *, reader: None = None,
            workers: Optional[int] = None, memory: Union[int, str] = "1G", duplicates: str = "error",
            codec: Union[str, Codec] = "auto", keys: str = "auto", weights: Optional[str] = None,
            progress: Any = None, tmpdir: Optional[StrPath] = None,
            threads: Optional[int] = None, shards: Optional[int] = None,
            resume: Optional[StrPath] = None, allow_pickle: bool = False) -> Dictionary[K, V]: ...
@overload
def compile(path: StrPath, inputs: Any, *, reader: Optional[Callable[[Any], Any]] = None,
            workers: Optional[int] = None, memory: Union[int, str] = "1G", duplicates: str = "error",
            codec: Union[str, Codec] = "auto", keys: str = "auto", weights: Optional[str] = None,
            progress: Any = None, tmpdir: Optional[StrPath] = None,
            threads: Optional[int] = None, shards: Optional[int] = None,
            resume: Optional[StrPath] = None, allow_pickle: bool = False) -> Dictionary[Any, Any]: ...


def compile(path: StrPath, inputs: Any, *, reader: Optional[Callable[[Any], Any]] = None,
            workers: Optional[int] = None, memory: Union[int, str] = "1G", duplicates: str = "error",
            codec: Union[str, Codec] = "auto", keys: str = "auto", weights: Optional[str] = None,
            progress: Any = None, tmpdir: Optional[StrPath] = None,
            threads: Optional[int] = None, shards: Optional[int] = None,
            resume: Optional[StrPath] = None, allow_pickle: bool = False) -> Dictionary[Any, Any]:
    """Compiles pairs into the file `path` and opens it. Nothing appears there before all is done.

    inputs      a dict or other Mapping; or any iterable of (key, value) pairs; or paths of .tsv, .csv, .jsonl
                and other files, also compressed ones, as the keyfold command reads them; or, with a reader,
                parts of any kind. A str is a path: for a mere set of keys pass dict.fromkeys(keys)
    reader      reader(part) gives a part's pairs: a dict, a list, a generator. It runs in worker processes
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
    resume      a folder that keeps what is sorted, also when the build fails or is killed: the same call then
                goes on from there. It reads all inputs again, which must give the same pairs in the same order
                (a set gives another one in each process) and be encoded alike, or ArgumentError is raised; more
                may follow them. Pairs of parts are added in the order of the parts, so that a worker may have
                to wait for those before it. The folder is made if need be, and goes when the file is there
    """
    options = BuildOptions(path, memory=memory, duplicates=duplicates, weights=weights, tmpdir=tmpdir,
                           threads=threads, shards=shards, resume=resume)
    wanted = _choose.wish(keys, codec, weights, duplicates)
    files = None
    if reader is None:
        files, inputs = _paths(inputs)
    elif not callable(reader):
        raise TypeError(f"reader={reader!r:.100} can't be called")
    elif isinstance(inputs, _Path):
        inputs = [inputs]
    sized = reader is None and files is None and isinstance(inputs, abc.Sized)
    reports = Progress(progress, len(inputs) if sized else None)
    builders: List[Builder] = []

    def make(kind: _keys.KeyKind, chosen: Codec) -> Builder:
        builders.append(Builder(options, kind, chosen, reports))
        return builders[0]

    chosen = codec
    try:
        if files is not None:
            _files.build(files, options, keys, codec, reports)
        else:
            builder = _build_parts(inputs, reader, _workers(workers, inputs), wanted, options, make) \
                if reader is not None else _build_pairs(inputs, wanted, options, make)
            if builder is None:
                builder = make(*_choose.choose(wanted, Source(())))
            chosen = builder.codec
            builder.finish()
    finally:
        for each in builders:
            each.close()
        reports.close()
    pickles = isinstance(chosen, Codec) and chosen.name == "pickle"
    return _open(path, allow_pickle=allow_pickle or pickles)


def _build_parts(parts: Iterable[Any], reader: Callable[[Any], Any], workers: int, wanted: _choose.Wish,
                 options: BuildOptions, make: _parts.MakeBuilder) -> Optional[Builder]:
    if workers == 0:
        return _parts.read_here(parts, reader, wanted, options.weights, make)
    # Which pair is the first or the last of a key goes by the order of the parts, and a build can be resumed only
    # with pairs in the order that they had.
    ordered = options.duplicates in ("first", "last") or options.resume is not None
    return _parts.read_parts(parts, reader, workers, wanted, options.weights, make, ordered)
