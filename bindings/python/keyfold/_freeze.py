"""freeze: a dict into a file that all processes share, found again by its content."""
from __future__ import annotations

import itertools
import os
from collections import abc
from typing import (TYPE_CHECKING, Any, Callable, Dict, Iterable, Iterator, List, Literal, Mapping, Optional, Tuple,
                    Type, TypeVar, Union, overload)

from . import _build, _choose, _codecs, _errors, _file_options, _keys, _nested, _sets
from ._builder import Builder, BuildOptions
from ._cache import cache_folder, publish, remove, replace, sweep, sync, temporary_in
from ._codecs import Codec
from ._dictionary import Dictionary
from ._lookup import digest, digest_packed, survey
from ._native import ffi, lib
from ._open import open as _open
from ._pack import Batch, Packer, Source
from ._progress import Progress

if TYPE_CHECKING:
    from ._nested import SubDictionary
    from ._types import Duplicates, Encoding, Keys, NoLists, Normal, Weights
    from ._build import Metadata
    from ._handle import StrPath

K = TypeVar("K")
V = TypeVar("V")
_VERSION = "2"          # of what is digested and how
_LIBRARY = ffi.string(lib.kf_library_version()).decode()
_DEPTH = 100            # how deep dicts may be nested
_SECRET = 16            # bytes
_Types = Tuple[Optional[type], Optional[type]]      # see survey


# ---- content: packed pairs of a dict -------------------------------------------------------------------

class _Content:
    """What is frozen. `batches` can be gone through any number of times. `plain` is the dict itself, where it is
    nothing but pairs."""

    def __init__(self, kind: _keys.KeyKind, codec: Codec, batches: Callable[[], Iterator[Batch]], size: int,
                 plain: Optional[Dict[Any, Any]] = None) -> None:
        self.kind = kind
        self.codec = codec
        self.batches = batches
        self.size = size
        self.plain = plain


def _flat(mapping: Mapping[Any, Any], wanted: _choose.Wish, types: _Types) -> _Content:
    source = Source(mapping, lists=wanted.lists)
    values: Optional[Iterable[Any]] = mapping.values() if wanted.codec == "auto" else None
    if values is not None and wanted.lists:
        values = _choose.items(values)
    kind, codec = _choose.choose(wanted, source, values, types=types)

    def batches() -> Iterator[Batch]:
        return Packer(kind, codec, _choose.guess(wanted)).batches(Source(mapping, lists=wanted.lists))

    plain = type(mapping) is dict and _codecs.is_built_in(codec)
    return _Content(kind, codec, batches, len(mapping), mapping if plain else None)   # type: ignore[arg-type]


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


_HOW = getattr(os, "O_CLOEXEC", 0) | getattr(os, "O_BINARY", 0)       # what the system has of these


# ---- files ---------------------------------------------------------------------------------------

def _secret(folder: str, make: bool = True) -> bytes:
    """The key of the folder's digests: who does not know it can't make another dict that has the name of one.
    FileNotFoundError if there is none and none is to be made."""
    path = os.path.join(folder, ".key")
    while True:
        try:
            file = os.open(path, os.O_RDONLY | _HOW)     # half the time of a file object
            try:
                return os.read(file, _SECRET).ljust(_SECRET, b"\0")
            finally:
                os.close(file)
        except FileNotFoundError:
            if not make:
                raise
            temporary = temporary_in(folder)
            with open(temporary, "xb") as made:
                made.write(os.urandom(_SECRET))
            try:
                publish(temporary, path)
            finally:
                remove(temporary)


class _Plain:
    """What of the options a file's name depends on, where none was given."""

    weights, normalise, encoding = None, 0, "auto"
    metadata: Dict[str, bytes] = {}


def _named(kind: _keys.KeyKind, codec: Codec, options: Union[BuildOptions, Type[_Plain]], total: bytes) -> str:
    """The name of a file with such content."""
    import hashlib
    head = "\n".join((_VERSION, _LIBRARY, kind.name, codec.name, str(options.weights),
                      *([str(options.normalise)] if options.normalise else ()),
                      *([f"{options.encoding} {sorted(options.metadata.items())!r}"]
                        if options.encoding != "auto" or options.metadata else ()), total.hex()))
    return hashlib.blake2b(head.encode(), digest_size=20).hexdigest()


def _digest(batches: Iterable[Batch], numbers: bool, secret: bytes) -> bytes:
    """The sum of the pairs' hashes, and how many pairs there are: the order of the pairs does not matter."""
    low, pairs = 0, 0
    for batch in batches:
        part = digest_packed(batch.key_sizes, batch.key_data, batch.value_sizes, batch.value_data, numbers, secret)
        low += int.from_bytes(part[:16], "little")
        pairs += batch.pairs
    return (low % (1 << 128)).to_bytes(16, "little") + pairs.to_bytes(8, "little")


def _digest_of(content: _Content, secret: bytes) -> bytes:
    total = None
    if content.plain is not None:
        total = digest(content.plain, content.kind.name, content.codec.name, secret)
    return total or _digest(content.batches(), content.codec.name == "u64", secret)


def _digest_of_file(table: Dictionary[Any, Any], secret: bytes) -> bytes:
    """The same of a file that is there."""
    codec = _codecs.codec({"u64": "u64", "none": "none"}.get(table.codec, "raw"))
    raw = _open(table.path, keys="bytes", codec=codec)
    return _digest(Packer(_keys.KINDS["bytes"], codec).batches(Source(iter(raw.items()))), codec.name == "u64", secret)


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


def _find_or_write(content: _Content, folder: str,
                   options: Dict[str, Any], progress: Any) -> Dictionary[Any, Any]:
    temporary = temporary_in(folder)
    build = BuildOptions(temporary, **options)
    name = _named(content.kind, content.codec, build, _digest_of(content, _secret(folder)))
    path = os.path.join(folder, name + ".kf")
    found = _try_open(path, content.codec)
    if found is not None:
        return found
    sweep(folder)
    try:
        _write(content, build, progress)
        publish(temporary, path)
        found = _try_open(path, content.codec)
        if found is None:
            replace(temporary, path)
    finally:
        remove(temporary)
    return found if found is not None else _open(path, allow_pickle=content.codec.name in _codecs.PICKLES)


_NO_OPTIONS: Dict[str, Any] = dict(memory="1G", duplicates="error", weights=None, tmpdir=None, threads=None,
                                   shards=None, normalise=None, force=False, encoding="auto", metadata={})


def _found_at_once(mapping: Dict[Any, Any], wanted: _choose.Wish, options: Dict[str, Any]) \
        -> Optional[Dictionary[Any, Any]]:
    """The file of a dict of the commonest types that is in the cache already. Its types are taken to be those of its
    first pair: that all are shows when they are hashed, which is the only way through the dict."""
    key, value = next(iter(mapping.items()))
    if type(key) not in (str, bytes) or type(value) not in (str, bytes, type(None)) or wanted.lists:
        return None
    content = _flat(mapping, wanted, (type(key), type(value)))
    folder = cache_folder()
    try:
        secret = _secret(folder, False)
    except OSError:
        return None
    total = content.plain and digest(content.plain, content.kind.name, content.codec.name, secret)
    if not total:
        return None
    given = _Plain if options == _NO_OPTIONS else BuildOptions(os.path.join(folder, "any"), **options)
    name = _named(content.kind, content.codec, given, total)
    return _try_open(os.path.join(folder, name + ".kf"), content.codec)


def _write_and_name(pairs: Any, folder: str, options: Dict[str, Any], **rest: Any) -> Dictionary[Any, Any]:
    """A file of pairs that can be gone through only once: it is written before its name is known."""
    temporary = temporary_in(folder)
    sweep(folder)
    try:
        table = _build.compile(temporary, pairs, **options, **rest)
        codec = table._codec
        name = table.build_id.hex()     # which the weights are part of
        if options["weights"] != "given":
            name = _named(table._keys, codec, BuildOptions(temporary, **options),
                          _digest_of_file(table, _secret(folder)))
        path = os.path.join(folder, name + ".kf")
        table.close()                   # Windows would not remove it
        publish(temporary, path)
        found = _try_open(path, codec)
        if found is None:
            replace(temporary, path)
            found = _open(path, allow_pickle=codec.name in _codecs.PICKLES)
        return found
    finally:
        remove(temporary)


def _copy(table: Dictionary[Any, Any], build: BuildOptions, progress: Any) -> Dictionary[Any, Any]:
    path = build.path
    if os.path.realpath(path) != table.path:
        if table.stat().is_manifest:        # whose members would be sought beside the copy
            return _sets.write([table], build, progress)
        build.check_target()
        temporary = temporary_in(os.path.dirname(path))
        try:
            with open(temporary, "xb") as file:
                file.write(table._handle.bytes())   # what the path leads to may be another file by now
            sync(temporary)
            replace(temporary, path)
            sync(os.path.dirname(path) or os.curdir)
        finally:
            remove(temporary)
    options: Dict[str, Any] = dict(table._options)
    return _open(path, **options)


_SIMPLE = frozenset((str, bytes, int, float, bool, type(None)))     # never Mappings


def _is_deep(mapping: Mapping[Any, Any], keys: str, types: _Types) -> bool:
    """Whether a mapping is to be stored as a nested one."""
    key_type, value_type = types
    if value_type not in _SIMPLE and _is_nested(mapping.values()):
        return True
    return keys == "auto" and key_type not in (str, bytes, int) and _is_mixed(mapping)


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
           nested: Optional[Literal[True]] = None, normalise: Normal = None,
           encoding: Encoding = "auto", metadata: Metadata = None,
           force: bool = False) -> Dictionary[K, SubDictionary]: ...
@overload
def freeze(mapping_or_items: Mapping[K, V], path: Optional[StrPath] = None, *,
           codec: Union[str, Codec] = "auto", keys: Keys = "auto", memory: Union[int, str] = "1G",
           duplicates: NoLists = "error", weights: None = None, progress: Any = None,
           tmpdir: Optional[StrPath] = None, threads: Optional[int] = None, shards: Optional[int] = None,
           nested: Optional[bool] = None, normalise: Normal = None,
           encoding: Encoding = "auto", metadata: Metadata = None, force: bool = False) -> Dictionary[K, V]: ...
@overload
def freeze(mapping_or_items: Iterable[Tuple[K, V]], path: Optional[StrPath] = None, *,
           codec: Union[str, Codec] = "auto", keys: Keys = "auto", memory: Union[int, str] = "1G",
           duplicates: NoLists = "error", weights: Optional[Weights] = None, progress: Any = None,
           tmpdir: Optional[StrPath] = None, threads: Optional[int] = None, shards: Optional[int] = None,
           nested: Optional[bool] = None, normalise: Normal = None,
           encoding: Encoding = "auto", metadata: Metadata = None, force: bool = False) -> Dictionary[K, V]: ...
@overload
def freeze(mapping_or_items: Mapping[K, List[V]], path: Optional[StrPath] = None, *,
           codec: Union[str, Codec] = "auto", keys: Keys = "auto", memory: Union[int, str] = "1G",
           duplicates: Literal["all"], weights: None = None, progress: Any = None,
           tmpdir: Optional[StrPath] = None, threads: Optional[int] = None, shards: Optional[int] = None,
           nested: Optional[bool] = None, normalise: Normal = None,
           encoding: Encoding = "auto", metadata: Metadata = None, force: bool = False) -> Dictionary[K, List[V]]: ...
@overload
def freeze(mapping_or_items: Iterable[Tuple[K, V]], path: Optional[StrPath] = None, *,
           codec: Union[str, Codec] = "auto", keys: Keys = "auto", memory: Union[int, str] = "1G",
           duplicates: Literal["all"], weights: None = None, progress: Any = None,
           tmpdir: Optional[StrPath] = None, threads: Optional[int] = None, shards: Optional[int] = None,
           nested: Optional[bool] = None, normalise: Normal = None,
           encoding: Encoding = "auto", metadata: Metadata = None, force: bool = False) -> Dictionary[K, List[V]]: ...
@overload
def freeze(mapping_or_items: Any, path: Optional[StrPath] = None, *,
           codec: Union[str, Codec] = "auto", keys: Keys = "auto", memory: Union[int, str] = "1G",
           duplicates: Duplicates = "error", weights: Optional[Weights] = None, progress: Any = None,
           tmpdir: Optional[StrPath] = None, threads: Optional[int] = None, shards: Optional[int] = None,
           nested: Optional[bool] = None, normalise: Normal = None,
           encoding: Encoding = "auto", metadata: Metadata = None, force: bool = False) -> Any: ...


def freeze(mapping_or_items: Any, path: Optional[StrPath] = None, *, codec: Union[str, Codec] = "auto",
           keys: Keys = "auto", memory: Union[int, str] = "1G", duplicates: Duplicates = "error",
           weights: Optional[Weights] = None, progress: Any = None, tmpdir: Optional[StrPath] = None,
           threads: Optional[int] = None, shards: Optional[int] = None, nested: Optional[bool] = None,
           normalise: Normal = None, encoding: Encoding = "auto", metadata: Metadata = None,
           force: bool = False) -> Any:
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
                                   threads=threads, shards=shards, normalise=normalise, force=force,
                                   encoding=encoding, metadata=_file_options.metadata(metadata))
    source = mapping_or_items
    if path is None and type(source) is dict and source and not nested:
        found = _found_at_once(source, _choose.wish(keys, codec, weights, duplicates), options)
        if found is not None:
            return found
    types = survey(source)
    if isinstance(source, (Dictionary, _nested.SubDictionary)):
        if encoding != "auto" or metadata is not None:
            raise _errors.ArgumentError("encoding= and metadata= are for what is compiled, and a Dictionary is taken "
                                        "as it is: keyfold.compile(path, table, ...) makes another one of its pairs")
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
        nested = _is_deep(source, keys, types)
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
    content = _deep(source, wanted) if nested else _flat(source, wanted, types)
    if path is None:
        return _find_or_write(content, folder, options, progress)
    _write(content, BuildOptions(path, **options), progress)
    return _open(path, allow_pickle=content.codec.name in _codecs.PICKLES)
