"""A kf_builder that takes packed pairs."""
from __future__ import annotations

import errno
import os
from typing import TYPE_CHECKING, Any, Iterable, Mapping, Optional, Tuple, Union

from . import _errors, _keys
from ._codecs import Codec
from ._native import ffi, lib
from ._pack import Batch, Packer, Source
from ._progress import Heart, Progress
from ._stat import NORMALISE, normal_name

if TYPE_CHECKING:
    from ._handle import StrPath
    from ._types import Normal

DUPLICATES = {"error": lib.KF_DUPLICATES_ERROR, "first": lib.KF_DUPLICATES_FIRST,
              "last": lib.KF_DUPLICATES_LAST, "sum": lib.KF_DUPLICATES_SUM,
              "min": lib.KF_DUPLICATES_MIN, "max": lib.KF_DUPLICATES_MAX, "all": lib.KF_DUPLICATES_JOIN}
_WEIGHTS = {None: lib.KF_WEIGHTS_NONE, "value": lib.KF_WEIGHTS_VALUE, "given": lib.KF_WEIGHTS_GIVEN}
_EFFORTS = {"fast": lib.KF_BUILD_FAST, "default": 0, "best": lib.KF_BUILD_BEST}
ENCODINGS = {"auto": lib.KF_ENCODING_AUTO, "packed": lib.KF_ENCODING_PACKED, "distinct": lib.KF_ENCODING_DISTINCT,
             "raw": lib.KF_ENCODING_RAW, "tokens": lib.KF_ENCODING_TOKENS, "zstd": lib.KF_ENCODING_ZSTD}
_UNITS = {"": 1, "K": 1 << 10, "M": 1 << 20, "G": 1 << 30, "T": 1 << 40}
_LEAST_MEMORY = 16 << 20
_MOST_THREADS = 256
_MOST_SHARDS = 64


def memory_size(text: Union[int, str]) -> int:
    """What 64G and the like are in bytes."""
    size = text
    if isinstance(size, str):
        number = size.strip().upper().rstrip("B").rstrip("I")
        unit = number[-1:] if number[-1:] in _UNITS else ""
        try:
            size = int(float(number[:len(number) - len(unit)]) * _UNITS[unit])
        except (ValueError, OverflowError):
            size = 0
    if not isinstance(size, int) or not _LEAST_MEMORY <= size < 1 << 63:
        raise _errors.ArgumentError(f"memory={text!r}: say 512M or 64G; 16M is the least")
    return size


def normal_flags(asked: Union[str, Iterable[str], None]) -> int:
    """What "case,nfc", or a collection of such names, is as KF_NORMALISE_ flags."""
    if asked is None:
        return 0
    names = asked.split(",") if isinstance(asked, str) else list(asked)
    names = [name.strip() if isinstance(name, str) else name for name in names]
    if not names or any(name not in NORMALISE for name in names):
        raise _errors.ArgumentError(f"normalise={asked!r}: names with commas between are needed, of "
                                    f"{', '.join(NORMALISE)}")
    if "nfc" in names and "nfkc" in names:
        raise _errors.ArgumentError(f"normalise={asked!r}: nfc or nfkc, which does more, not both")
    return sum(1 << NORMALISE.index(name) for name in set(names))


def processors() -> int:
    """How many processors this process may use."""
    return len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1


def _count(name: str, asked: Any, most: int) -> None:
    if asked is not None and (not isinstance(asked, int) or not 1 <= asked <= most):
        raise _errors.ArgumentError(f"{name}={asked!r}: a number from 1 to {most} is needed, or None")


def thread_count(threads: Optional[int]) -> int:
    """What threads=None and the like mean."""
    _count("threads", threads, _MOST_THREADS)
    return threads or min(processors(), _MOST_THREADS)


class BuildOptions:
    """What a build is asked for; made, and so checked, before anything is read."""

    def __init__(self, path: StrPath, *, memory: Union[int, str] = "1G", duplicates: str = "error",
                 weights: Optional[str] = None, tmpdir: Optional[StrPath] = None,
                 threads: Optional[int] = None, shards: Optional[int] = None,
                 resume: Optional[StrPath] = None, encoding: str = "auto",
                 metadata: Optional[Mapping[str, bytes]] = None, normalise: Normal = None,
                 force: bool = False, similarity: bool = False, filter: bool = False, sync: bool = True,
                 effort: str = "default") -> None:
        self.threads = thread_count(threads)
        _count("shards", shards, _MOST_SHARDS)
        if duplicates not in DUPLICATES:
            raise _errors.ArgumentError(f"duplicates={duplicates!r}: there are {', '.join(DUPLICATES)}")
        if weights not in _WEIGHTS:
            raise _errors.ArgumentError(f'weights={weights!r}: there are None, "value" and "given"')
        if encoding not in ENCODINGS:
            raise _errors.ArgumentError(f"encoding={encoding!r}: there are {', '.join(ENCODINGS)}")
        if effort not in _EFFORTS:
            raise _errors.ArgumentError(f"effort={effort!r}: there are {', '.join(_EFFORTS)}")
        if duplicates == "all" and weights is not None:
            raise _errors.ArgumentError(f'duplicates="all" does not go with weights="{weights}"')
        if not isinstance(path, (str, bytes, os.PathLike)):
            raise TypeError("the path of the file to write comes first, and then what it is made of: "
                            f"{path!r:.100} is no path")
        if not os.fsdecode(path):
            raise _errors.ArgumentError("the path of the file to write is empty")
        self.path = os.path.abspath(os.fsdecode(path))
        self.memory = memory_size(memory)
        self.duplicates = duplicates
        self.lists = duplicates == "all"
        self.encoding = encoding
        self.metadata = metadata or {}
        self.weights = weights
        self.normalise = normal_flags(normalise)
        self.shards = shards
        self.force = force
        self.similarity = similarity
        self.filter = filter
        self.sync = sync
        self.effort = effort
        self.tmpdir = None if tmpdir is None else os.path.abspath(os.fsdecode(tmpdir))
        self.resume = None if resume is None else os.path.abspath(os.fsdecode(resume))
        needed = [os.path.dirname(self.path), *([self.tmpdir] if self.tmpdir else [])]
        if self.resume is not None:     # the library makes it, in a folder that is there
            needed.append(self.resume if os.path.lexists(self.resume) else os.path.dirname(self.resume))
        for folder in needed:
            if not os.path.isdir(folder):
                raise _errors.os_error(errno.ENOTDIR if os.path.exists(folder) else errno.ENOENT, folder)
        if os.path.isdir(self.path):
            raise _errors.os_error(errno.EISDIR, self.path)

    def check_target(self) -> None:
        """Raises what a build raises whose target is a file of another kind."""
        if not self.force and os.path.isfile(self.path):
            with open(self.path, "rb") as file:
                if file.read(8) not in (b"", b"\x89KFD\r\n\x1a\n"):
                    raise _errors.ArgumentError(f"'{self.path}' exists and is not a keyfold file: it is replaced "
                                                "only by force (force=True)")

    def fill(self, options: Any) -> Any:
        """Fills a kf_build_options; returns what must live as long."""
        options.duplicates = DUPLICATES[self.duplicates]
        options.value_encoding = ENCODINGS[self.encoding]
        options.memory_limit = self.memory
        options.weights = _WEIGHTS[self.weights]
        options.normalise = self.normalise
        # Also beside worker processes: they are gone by the time that the keys are folded, and until then the
        # threads only sort and write what has come, for which this process, and so all of them, had to wait.
        options.threads = self.threads
        options.shards = self.shards or 0
        options.flags = ((lib.KF_BUILD_REPLACE_ANY if self.force else 0)
                         | (lib.KF_BUILD_SIMILARITY if self.similarity else 0)
                         | (lib.KF_BUILD_FILTER if self.filter else 0)
                         | (0 if self.sync else lib.KF_BUILD_NO_SYNC) | _EFFORTS[self.effort])
        kept = []
        for name, folder in (("temporary_folder", self.tmpdir), ("resume_folder", self.resume)):
            if folder is not None:
                kept.append(ffi.new("char[]", os.fsencode(folder)))
                setattr(options, name, kept[-1])
        return kept


class Builder:
    """Builds a file of one kind of keys and one codec."""

    def __init__(self, wanted: BuildOptions, keys: _keys.KeyKind, codec: Codec, progress: Progress) -> None:
        if wanted.normalise and keys.name not in ("str", "bytes"):
            raise _errors.ArgumentError(f"normalise={normal_name(wanted.normalise)!r}: keys of kind {keys.name!r} "
                                        "are no texts, only str and bytes are")
        self.path = wanted.path
        self.normalise = wanted.normalise
        self.keys = keys
        self.codec = codec
        self.weighted = wanted.weights == "given"
        self.numbers = codec.name == "u64"
        self.count = 0
        self._progress = progress
        self._heart = Heart(progress.phase)
        self._error = ffi.new("kf_error *")
        self._batch = ffi.new("kfpy_batch *")
        options = ffi.new("kf_build_options *", lib.kfpy_build_options())
        folders = wanted.fill(options)
        options.value_type = (lib.KF_VALUES_U64 if self.numbers else
                              lib.KF_VALUES_NONE if codec.name == "none" else lib.KF_VALUES_BYTES)
        self._heart.fill(options)
        out = ffi.new("kf_builder **")
        self._check(lib.kf_builder_create(out, os.fsencode(self.path), options, self._error))
        del folders  # the builder has copies
        self._builder = ffi.gc(out[0], lib.kfpy_builder_free)
        for name, content in wanted.metadata.items():
            self.set_metadata(name, content)
        self.set_metadata("python.keys", keys.name.encode())
        self.set_metadata("python.values", codec.name.encode())

    def _check(self, status: int) -> None:
        if status == 0:
            return
        self._heart.raise_failure(status)
        error = _errors.make(status, self._error, self.path)
        if status in (lib.KF_DUPLICATE, lib.KF_LIMIT) and self._error.key_size:
            error.args = (self._told(status, error),)
        raise error

    def _told(self, status: int, error: _errors.Error) -> str:
        """The message of an error that concerns a key."""
        raw = error.key or b""
        try:
            shown = repr(self.keys.decode(raw)) if self._error.key_size <= len(raw) else f"{raw!r}..."
        except ValueError:
            shown = repr(raw)
        if status == lib.KF_DUPLICATE:
            what = f"more than one key is {shown} once normalised" if self.normalise else \
                f"the key {shown} was added more than once"
            return (f"{what}; duplicates= can say what to do then "
                    f"({', '.join(list(DUPLICATES)[1:])})")
        return f"{error.args[0]} (key {shown:.200})"

    def set_metadata(self, name: str, content: bytes) -> None:
        encoded = name.encode("utf-8", "surrogateescape")
        self._check(lib.kf_builder_set_metadata(self._builder, encoded, content, len(content),
                                                self._error))

    def add_batch(self, batch: Batch) -> bool:
        """Adds packed pairs; False if their sizes do not fit their data."""
        raw = self._batch
        columns = [None if each is None else ffi.from_buffer("uint64_t[]", each)
                   for each in (batch.key_sizes, batch.value_sizes, batch.weights)]
        data = [ffi.from_buffer(each) for each in (batch.key_data, batch.value_data)]
        raw.count = batch.pairs
        raw.key_data, raw.key_size, raw.key_sizes = data[0], len(batch.key_data), columns[0]
        raw.value_data, raw.value_size, raw.value_sizes = data[1], len(batch.value_data), columns[1]
        raw.weights, raw.numbers = columns[2] or ffi.NULL, self.numbers
        try:
            status = lib.kfpy_add_batch(self._builder, raw, self._error)
        finally:
            # Before an error is raised, whose traceback holds this frame: CPython 3.11 crashes when it collects a
            # cycle that has a memoryview whose buffer is in use.
            for each in [*columns, *data]:
                if each is not None:
                    ffi.release(each)
        if status == lib.KFPY_BAD_BATCH:
            return False
        self._check(status)
        self.count += batch.pairs
        self._progress.pairs(batch.pairs)
        return True

    def add(self, source: Source, hints: Tuple[str, str]) -> None:
        """Adds all pairs of a source; `hints` end what errors say of keys and of values."""
        for batch in Packer(self.keys, self.codec, hints).batches(source):
            self.add_batch(batch)

    def finish(self) -> Any:
        """Writes the file; returns the kf_build_report."""
        self._progress.all_read()
        report = ffi.new("kf_build_report *", lib.kfpy_build_report())
        self._check(lib.kf_builder_finish(self._builder, report, self._error))
        self._progress.finished()
        self.close()
        return report

    def close(self) -> None:
        """Ends the build; what is not finished vanishes."""
        ffi.release(self._builder)
