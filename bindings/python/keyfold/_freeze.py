"""freeze: a dict into a file that all processes share, found again by its content."""
from __future__ import annotations

import itertools
import os
import time
from collections import abc
from typing import (TYPE_CHECKING, Any, Callable, Dict, Iterable, Iterator, List, Literal, Mapping, Optional, Tuple,
                    TypeVar, Union, overload)

from . import _build, _choose, _codecs, _errors, _keys, _nested, _sets
from ._builder import Builder, BuildOptions
from ._codecs import Codec
from ._dictionary import Dictionary
from ._native import ffi, lib
from ._open import open as _open
from ._pack import Batch, Packer, Source
from ._progress import Progress

if TYPE_CHECKING:
    from ._nested import SubDictionary
    from ._types import Duplicates, Keys, NoLists, Normal, Weights
    from ._handle import StrPath

K = TypeVar("K")
V = TypeVar("V")
_VERSION = "1"          # of what is digested and how
_DEPTH = 100            # how deep dicts may be nested
_STALE = 86400.0        # seconds after which an unfinished file has no owner any more
_numbers = itertools.count()


def cache_folder() -> str:
    """Where files without a path go: $KEYFOLD_CACHE, or keyfold in the user's cache folder."""
    folder = os.environ.get("KEYFOLD_CACHE")
    if not folder:
        base = os.environ.get("XDG_CACHE_HOME", "")
        folder = os.path.join(base if os.path.isabs(base) else os.path.expanduser("~/.cache"), "keyfold")
    return os.path.abspath(folder)


# ---- content: packed pairs of a dict, in an order that only content decides --------------------------

class _Content:
    """What is frozen. `batches` can be gone through any number of times."""

    def __init__(self, kind: _keys.KeyKind, codec: Codec,
                 batches: Callable[[], Iterator[Batch]], size: int) -> None:
        self.kind = kind
        self.codec = codec
        self.batches = batches
        self.size = size


def _flat(mapping: Mapping[Any, Any], wanted: _choose.Wish) -> _Content:
    source = Source(mapping, lists=wanted.lists)
    values: Optional[Iterable[Any]] = mapping.values() if wanted.codec == "auto" else None
    if values is not None and wanted.lists:
        values = _choose.items(values)
    kind, codec = _choose.choose(wanted, source, values)
    try:
        # The order of str, bytes and int is that of their encodings, but for lone surrogates.
        keys = sorted(mapping, key=kind.encode if kind.name in ("tuple", "any") else None)
    except (TypeError, ValueError):
        keys = list(mapping)     # some key is wrong: the packer says which

    def batches() -> Iterator[Batch]:
        pairs = zip(keys, map(mapping.__getitem__, keys))
        return Packer(kind, codec, _choose.guess(wanted)).batches(
            Source(pairs, lists=wanted.lists, mapping=True))

    return _Content(kind, codec, batches, len(keys))


def _leaves(mapping: Mapping[Any, Any]) -> Iterator[Any]:
    """The values that are no dicts, of all depths. Checks the depth, of which a dict within itself has no
    end."""
    waiting = [iter(mapping.values())]
    while waiting:
        for value in waiting[-1]:
            if isinstance(value, abc.Mapping):
                if len(waiting) == _DEPTH:
                    raise _errors.LimitError(f"dicts are nested over {_DEPTH} deep; is one within itself?")
                waiting.append(iter(value.values()))
                break
            yield value
        else:
            waiting.pop()


def _paths(mapping: Mapping[Any, Any], encode: Callable[[Any], Any], size: Callable[[int], Any]) \
        -> Iterator[Tuple[bytes, Any]]:
    """The entries of a nested dict, in the order of their keys."""

    def entries(level: Mapping[Any, Any], prefix: bytes) -> Iterator[Tuple[bytes, Any]]:
        steps = []
        for key in level:
            try:
                steps.append((prefix + _keys.encode_step(key), key))
            except (TypeError, ValueError) as problem:
                raise TypeError(f"{key!r:.100} can't be a key of a frozen dict: {problem}") from problem
        return iter((path, level[key]) for path, key in sorted(steps, key=lambda step: step[0]))

    yield _nested.own_entry(b""), size(len(mapping))
    waiting = [entries(mapping, b"")]
    while waiting:
        for path, value in waiting[-1]:
            if isinstance(value, abc.Mapping):
                yield _nested.own_entry(path), size(len(value))
                waiting.append(entries(value, path))
                break
            try:
                encoded = encode(value)
            except Exception as problem:   # a codec of one's own may raise anything
                where = "".join(f"[{step!r}]" for step in _keys._decode_tuple(path))
                raise _errors.CodecError(f"the value of {where} can't be encoded: {problem}") from problem
            yield path, encoded
        else:
            waiting.pop()


def _deep(mapping: Mapping[Any, Any], wanted: _choose.Wish) -> _Content:
    if wanted.keys != "auto":
        raise _errors.ArgumentError(f"keys={wanted.keys!r}: a nested dict has keys of any kinds; "
                                    "nested=False stores the inner dicts as values")
    codec = wanted.codec
    leaves = list(_leaves(mapping))
    if codec == "auto":
        codec = _codecs.choose(leaves, True)
    count = len(leaves)
    del leaves
    if codec == "none":
        codec = "object"     # the sizes of the dicts need a place
    chosen = _codecs.codec(codec, True)
    numbers = chosen.name == "u64"
    encode: Callable[[Any], Any] = _codecs.u64 if numbers else chosen.encode
    size: Callable[[int], Any] = int if numbers else _nested.encode_size
    packing = _codecs.codec("u64" if numbers else "raw")

    def batches() -> Iterator[Batch]:
        return Packer(_keys.KINDS["bytes"], packing).batches(Source(_paths(mapping, encode, size)))

    return _Content(_keys.NESTED, chosen, batches, count)


# ---- files ---------------------------------------------------------------------------------------

def _digest(kind: _keys.KeyKind, codec: Codec, options: BuildOptions, batches: Iterable[Batch]) -> str:
    """The name of a file with such content."""
    import hashlib
    version = ffi.string(lib.kf_library_version()).decode()
    head = "\n".join((_VERSION, version, kind.name, codec.name, str(options.weights),
                      *([str(options.normalise)] if options.normalise else ())))
    state = hashlib.blake2b(head.encode(), digest_size=20)
    for batch in batches:
        state.update(f"\n{batch.pairs} {len(batch.key_data)} {len(batch.value_data)}\n".encode())
        for part in (batch.key_sizes, batch.value_sizes, batch.key_data, batch.value_data):
            state.update(part)
    return state.hexdigest()


def _digest_of_file(table: Dictionary[Any, Any], options: BuildOptions) -> str:
    """The same of a file that is there."""
    if options.weights == "given":
        return table.build_id.hex()     # which the weights are part of
    codec = _codecs.codec({"u64": "u64", "none": "none"}.get(table.codec, "raw"))
    raw = _open(table.path, keys="bytes", codec=codec)
    return _digest(table._keys, table._codec, options, Packer(_keys.KINDS["bytes"], codec).batches(
        Source(iter(raw.items()))))


def _write(content: _Content, options: BuildOptions, progress: Any) -> None:
    reports = Progress(progress, content.size)
    builder = Builder(options, content.kind, content.codec, reports)
    try:
        for batch in content.batches():
            builder.add_batch(batch)
        builder.finish()
    finally:
        builder.close()
        reports.close()


def _try_open(path: str, codec: Codec) -> Optional[Dictionary[Any, Any]]:
    try:
        table = _open(path, allow_pickle=codec.name in _codecs.PICKLES)
        os.utime(path)      # what is used was used lately, for those who clear the folder
        return table
    except (_errors.Error, OSError):
        return None         # there is none, or it is damaged


def _publish(temporary: str, path: str) -> None:
    """Gives a finished file its name. Of several processes the first does: the file may be in use already."""
    try:
        os.link(temporary, path)
    except FileExistsError:
        pass
    except OSError:         # no hard links here
        os.replace(temporary, path)


def _sweep(folder: str) -> None:
    """Removes what killed processes left."""
    oldest = time.time() - _STALE
    for entry in os.scandir(folder):
        if entry.name.startswith(".") and entry.name.endswith(".tmp"):
            try:
                if entry.stat(follow_symlinks=False).st_mtime < oldest:
                    os.unlink(entry.path)
            except OSError:
                pass


def _temporary(folder: str) -> str:
    return os.path.join(folder, f".{os.getpid()}-{next(_numbers)}-{time.time_ns():x}.tmp")


def _remove(path: str) -> None:
    try:
        os.unlink(path)
    except FileNotFoundError:
        pass


def _find_or_write(content: _Content, folder: str,
                   options: Dict[str, Any], progress: Any) -> Dictionary[Any, Any]:
    temporary = _temporary(folder)
    build = BuildOptions(temporary, **options)
    path = os.path.join(folder, _digest(content.kind, content.codec, build, content.batches()) + ".kf")
    found = _try_open(path, content.codec)
    if found is not None:
        return found
    _sweep(folder)
    try:
        _write(content, build, progress)
        _publish(temporary, path)
        found = _try_open(path, content.codec)
        if found is None:
            os.replace(temporary, path)
    finally:
        _remove(temporary)
    return found if found is not None else _open(path, allow_pickle=content.codec.name in _codecs.PICKLES)


def _write_and_name(pairs: Any, folder: str, options: Dict[str, Any], **rest: Any) -> Dictionary[Any, Any]:
    """A file of pairs that can be gone through only once: it is written before its name is known."""
    temporary = _temporary(folder)
    _sweep(folder)
    try:
        table = _build.compile(temporary, pairs, **options, **rest)
        codec = table._codec
        path = os.path.join(folder, _digest_of_file(table, BuildOptions(temporary, **options)) + ".kf")
        _publish(temporary, path)
        found = _try_open(path, codec)
        if found is None:
            os.replace(temporary, path)
            found = _open(path, allow_pickle=codec.name in _codecs.PICKLES)
        return found
    finally:
        _remove(temporary)


def _copy(table: Dictionary[Any, Any], build: BuildOptions, progress: Any) -> Dictionary[Any, Any]:
    path = build.path
    if os.path.realpath(path) != table.path:
        if table.stat().is_manifest:        # whose members would be sought beside the copy
            return _sets.write([table], build, progress)
        temporary = _temporary(os.path.dirname(path))
        try:
            import shutil
            shutil.copyfile(table.path, temporary)
            os.replace(temporary, path)
        finally:
            _remove(temporary)
    options: Dict[str, Any] = dict(table._options)
    return _open(path, **options)


def _is_nested(values: Iterable[Any]) -> bool:
    return any(isinstance(value, abc.Mapping) for value in values)


def _is_mixed(mapping: Mapping[Any, Any]) -> bool:
    """Whether keys are of several kinds. Nested dicts take any keys, so they take such a dict too."""
    names = set()
    for key in {type(key): key for key in mapping}.values():
        try:
            names.add("None" if key is None else _keys.kind_of(key).name)
        except TypeError:
            return False    # no kind: an error, and not ours
    return len(names) > 1 or "None" in names


def _gathered(pairs: Iterable[Any], duplicates: str) -> Dict[Any, Any]:
    """A dict of pairs some of whose values are dicts."""
    result: Dict[Any, Any] = {}
    for key, value in pairs:
        if key in result and duplicates == "error":
            raise _errors.DuplicateKey(f"the key {key!r:.100} was added more than once")
        if key not in result or duplicates == "last":
            result[key] = value
    return result


def _paths_refused(ahead: List[Any]) -> None:
    if ahead and isinstance(ahead[0], (str, bytes, os.PathLike)):
        raise _errors.ArgumentError(f"{ahead[0]!r:.100}: a dict or pairs are needed. For a table of keys alone pass "
                                    "dict.fromkeys(keys); keyfold.compile reads files")


@overload    # dicts within become SubDictionaries
def freeze(   # type: ignore[overload-overlap]
           mapping_or_items: Mapping[K, Mapping[Any, Any]], path: Optional[StrPath] = None, *,
           codec: Union[str, Codec] = "auto", keys: Keys = "auto", memory: Union[int, str] = "1G",
           duplicates: NoLists = "error", weights: None = None, progress: Any = None,
           tmpdir: Optional[StrPath] = None, threads: Optional[int] = None, shards: Optional[int] = None,
           nested: Optional[Literal[True]] = None, normalise: Normal = None) -> Dictionary[K, SubDictionary]: ...
@overload
def freeze(mapping_or_items: Mapping[K, V], path: Optional[StrPath] = None, *,
           codec: Union[str, Codec] = "auto", keys: Keys = "auto", memory: Union[int, str] = "1G",
           duplicates: NoLists = "error", weights: None = None, progress: Any = None,
           tmpdir: Optional[StrPath] = None, threads: Optional[int] = None, shards: Optional[int] = None,
           nested: Optional[bool] = None, normalise: Normal = None) -> Dictionary[K, V]: ...
@overload
def freeze(mapping_or_items: Iterable[Tuple[K, V]], path: Optional[StrPath] = None, *,
           codec: Union[str, Codec] = "auto", keys: Keys = "auto", memory: Union[int, str] = "1G",
           duplicates: NoLists = "error", weights: Optional[Weights] = None, progress: Any = None,
           tmpdir: Optional[StrPath] = None, threads: Optional[int] = None, shards: Optional[int] = None,
           nested: Optional[bool] = None, normalise: Normal = None) -> Dictionary[K, V]: ...
@overload
def freeze(mapping_or_items: Mapping[K, List[V]], path: Optional[StrPath] = None, *,
           codec: Union[str, Codec] = "auto", keys: Keys = "auto", memory: Union[int, str] = "1G",
           duplicates: Literal["all"], weights: None = None, progress: Any = None,
           tmpdir: Optional[StrPath] = None, threads: Optional[int] = None, shards: Optional[int] = None,
           nested: Optional[bool] = None, normalise: Normal = None) -> Dictionary[K, List[V]]: ...
@overload
def freeze(mapping_or_items: Iterable[Tuple[K, V]], path: Optional[StrPath] = None, *,
           codec: Union[str, Codec] = "auto", keys: Keys = "auto", memory: Union[int, str] = "1G",
           duplicates: Literal["all"], weights: None = None, progress: Any = None,
           tmpdir: Optional[StrPath] = None, threads: Optional[int] = None, shards: Optional[int] = None,
           nested: Optional[bool] = None, normalise: Normal = None) -> Dictionary[K, List[V]]: ...
@overload
def freeze(mapping_or_items: Any, path: Optional[StrPath] = None, *,
           codec: Union[str, Codec] = "auto", keys: Keys = "auto", memory: Union[int, str] = "1G",
           duplicates: Duplicates = "error", weights: Optional[Weights] = None, progress: Any = None,
           tmpdir: Optional[StrPath] = None, threads: Optional[int] = None, shards: Optional[int] = None,
           nested: Optional[bool] = None, normalise: Normal = None) -> Any: ...


def freeze(mapping_or_items: Any, path: Optional[StrPath] = None, *, codec: Union[str, Codec] = "auto",
           keys: Keys = "auto", memory: Union[int, str] = "1G", duplicates: Duplicates = "error",
           weights: Optional[Weights] = None, progress: Any = None, tmpdir: Optional[StrPath] = None,
           threads: Optional[int] = None, shards: Optional[int] = None, nested: Optional[bool] = None,
           normalise: Normal = None) -> Any:
    """Turns a dict, any Mapping or pairs into a Dictionary that all processes share.

    Without a path the file goes into a cache folder, $KEYFOLD_CACHE or keyfold in the user's cache folder,
    under a name that its content decides: the same dict is written once. Nothing is removed from there, and
    you may remove anything no process needs any more. What is a Dictionary already is returned as it is, or
    copied to the path, several files that are one (bundle) into a single one.

    Values that are dicts become read-only Mappings of their own (SubDictionary), so d["a"]["b"] reads no more
    than the one value; with nested=False they are values as any others. The other options are those of
    compile.

    >>> table = keyfold.freeze({"cat": {"de": "Katze", "fr": "chat"}})
    >>> table["cat"]["fr"]
    'chat'
    """
    options: Dict[str, Any] = dict(memory=memory, duplicates=duplicates, weights=weights, tmpdir=tmpdir,
                                   threads=threads, shards=shards, normalise=normalise)
    source = mapping_or_items
    if isinstance(source, (Dictionary, _nested.SubDictionary)):
        if path is None:
            return source
        if isinstance(source, Dictionary):
            return _copy(source, BuildOptions(path, **options), progress)
    wanted = _choose.wish(keys, codec, weights, duplicates)
    if not isinstance(source, abc.Mapping):
        _paths_refused([source])
        source = iter(source)
        ahead: List[Any] = list(itertools.islice(source, 1000))
        _paths_refused(ahead[:1])
        source = itertools.chain(ahead, source)
        if nested is None and weights != "given":
            nested = _is_nested(pair[1] for pair in ahead if isinstance(pair, tuple) and len(pair) == 2)
        if nested:
            source = _gathered(source, duplicates)
    elif nested is None:
        nested = _is_nested(source.values()) or (keys == "auto" and _is_mixed(source))
    if nested and wanted.lists:
        raise _errors.ArgumentError('duplicates="all": a nested dict has a key only once; nested=False stores the '
                                    "inner dicts as values")
    if weights == "given" and isinstance(source, abc.Mapping):
        raise _errors.ArgumentError('weights="given" needs (key, value, weight) triples, not a mapping')
    folder = ""
    if path is None:
        folder = cache_folder()
        os.makedirs(folder, mode=0o700, exist_ok=True)
    if not isinstance(source, abc.Mapping):
        rest = dict(keys=keys, codec=codec, progress=progress)
        if path is not None:
            return _build.compile(path, source, **options, **rest)
        return _write_and_name(source, folder, options, **rest)
    content = _deep(source, wanted) if nested else _flat(source, wanted)
    if path is None:
        return _find_or_write(content, folder, options, progress)
    _write(content, BuildOptions(path, **options), progress)
    return _open(path, allow_pickle=content.codec.name in _codecs.PICKLES)
