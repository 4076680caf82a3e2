"""compile: pairs into a file."""
from __future__ import annotations

import itertools
import os
from array import array
from collections import abc
from typing import Any, Callable, Iterable, Iterator, List, Mapping, Optional, Tuple, Union

from . import _codecs, _errors, _keys
from ._codecs import Codec
from ._dictionary import Dictionary, open as _open
from ._handle import StrPath
from ._native import ffi, lib

_DUPLICATES = {"error": lib.KF_DUPLICATES_ERROR, "first": lib.KF_DUPLICATES_FIRST,
               "last": lib.KF_DUPLICATES_LAST, "sum": lib.KF_DUPLICATES_SUM, "min": lib.KF_DUPLICATES_MIN,
               "max": lib.KF_DUPLICATES_MAX}
_UNITS = {"": 1, "K": 1 << 10, "M": 1 << 20, "G": 1 << 30, "T": 1 << 40}
_SAMPLE = 1000      # pairs that choose keys="auto" and codec="auto" where not all can be seen first
_BATCH = 4096       # pairs a call


def memory_size(text: Union[int, str]) -> int:
    """What 64G and the like are in bytes."""
    if isinstance(text, int):
        return text
    number = text.strip().upper().rstrip("B").rstrip("I")
    unit = number[-1:] if number[-1:] in _UNITS else ""
    try:
        return int(float(number[:len(number) - len(unit)]) * _UNITS[unit])
    except ValueError:
        raise _errors.ArgumentError(f"{text!r} is no amount of memory: say 512M or 64G") from None


class Builder:
    """A kf_builder that takes Python's keys and values."""

    def __init__(self, path: StrPath, *, keys: _keys.KeyKind, codec: Codec, memory: Union[int, str] = "1G",
                 duplicates: str = "error", weights: Optional[str] = None,
                 tmpdir: Optional[StrPath] = None) -> None:
        if duplicates not in _DUPLICATES:
            raise _errors.ArgumentError(f"duplicates={duplicates!r}: there are {', '.join(_DUPLICATES)}")
        if weights not in (None, "value", "given"):
            raise _errors.ArgumentError(f'weights={weights!r}: there are None, "value" and "given"')
        self.path = os.path.abspath(os.fsdecode(path))
        self.keys = keys
        self.codec = codec
        self.weighted = weights == "given"
        self.numbers = codec.name == "u64"
        self._error = ffi.new("kf_error *")
        options = ffi.new("kf_build_options *", lib.kfpy_build_options())
        options.value_type = (lib.KF_VALUES_U64 if self.numbers else
                              lib.KF_VALUES_NONE if codec.name == "none" else lib.KF_VALUES_BYTES)
        options.duplicates = _DUPLICATES[duplicates]
        options.memory_limit = memory_size(memory)
        options.weights = {None: lib.KF_WEIGHTS_NONE, "value": lib.KF_WEIGHTS_VALUE,
                           "given": lib.KF_WEIGHTS_GIVEN}[weights]
        folder = None if tmpdir is None else ffi.new("char[]", os.fsencode(tmpdir))
        if folder is not None:
            options.temporary_folder = folder
        out = ffi.new("kf_builder **")
        self._check(lib.kf_builder_create(out, os.fsencode(self.path), options, self._error))
        self._builder = ffi.gc(out[0], lib.kfpy_builder_free)
        self.set_metadata("python.keys", keys.name.encode())
        self.set_metadata("python.values", codec.name.encode())

    def _check(self, status: int) -> None:
        if status == lib.KF_DUPLICATE and self._error.key_size <= 64:
            error = _errors.make(status, self._error, self.path)
            try:
                error.args = (f"the key {self.keys.decode(error.key or b'')!r} was added twice",)
            except ValueError:
                pass
            raise error
        _errors.check(status, self._error, self.path)

    def set_metadata(self, name: str, content: bytes) -> None:
        self._check(lib.kf_builder_set_metadata(self._builder, name.encode(), content, len(content),
                                                self._error))

    def add(self, pairs: Iterable[Tuple[Any, ...]]) -> int:
        """Adds (key, value) pairs, or (key, value, weight); tells how many."""
        count = 0
        pairs = iter(pairs)
        while True:
            batch = list(itertools.islice(pairs, _BATCH))
            if not batch:
                return count
            self._add_batch(batch)
            count += len(batch)

    def _add_batch(self, batch: List[Tuple[Any, ...]]) -> None:
        encode_key = self.keys.encode
        encode_value: Callable[[Any], Any] = _codecs.u64 if self.numbers else self.codec.encode
        keys: List[bytes] = []
        values: List[Any] = []
        try:
            for pair in batch:
                keys.append(encode_key(pair[0]))
                values.append(encode_value(pair[1]))
        except MemoryError:
            raise
        except Exception as problem:   # a codec's function may raise anything
            raise self._unfit(batch[len(values)], len(keys) > len(values), problem) from problem
        key_ends = array("Q", itertools.accumulate(map(len, keys)))
        weights = ffi.NULL
        if self.weighted:
            weights = ffi.from_buffer("uint64_t[]", array("Q", [pair[2] for pair in batch]))
        if self.numbers:
            self._check(lib.kfpy_add_many_u64(
                self._builder, len(keys), b"".join(keys), ffi.from_buffer("uint64_t[]", key_ends),
                ffi.from_buffer("uint64_t[]", array("Q", values)), weights, self._error))
        else:
            value_ends = array("Q", itertools.accumulate(map(len, values)))
            self._check(lib.kfpy_add_many(
                self._builder, len(keys), b"".join(keys), ffi.from_buffer("uint64_t[]", key_ends),
                b"".join(values), ffi.from_buffer("uint64_t[]", value_ends), weights, self._error))

    def _unfit(self, pair: Any, value: bool, problem: Exception) -> Exception:
        if not isinstance(pair, tuple) and not isinstance(pair, list) or len(pair) < 2:
            return TypeError(f"a pair of key and value is needed, not {pair!r:.100}")
        if value:
            return _errors.CodecError(
                f"the value of {pair[0]!r:.100} is not one for codec {self.codec.name!r}: {problem}")
        return TypeError(f"{pair[0]!r:.100} is not one of {self.keys.name} keys: {problem}")

    def finish(self) -> Any:
        """Writes the file; returns the kf_build_report."""
        report = ffi.new("kf_build_report *")
        self._check(lib.kf_builder_finish(self._builder, report, self._error))
        self.close()
        return report

    def close(self) -> None:
        """Ends the build; what is not finished vanishes."""
        ffi.release(self._builder)


def choose(pairs: Any, keys: str, codec: Union[str, Codec], weights: Optional[str],
           duplicates: str) -> Tuple[Iterator[Tuple[Any, ...]], _keys.KeyKind, Codec]:
    """The pairs, the kind of their keys and the codec for their values, looked up in (the first of) them."""
    if isinstance(pairs, abc.Mapping):
        complete = True
        iterator: Iterator[Tuple[Any, ...]] = iter(pairs.items())
    else:
        iterator = iter(pairs)
        complete = False
    sample: List[Tuple[Any, ...]] = []
    if keys == "auto" or codec == "auto":
        sample = list(itertools.islice(iterator, _SAMPLE))
        if len(sample) < _SAMPLE:
            complete = True
    if keys == "auto":
        kind = _keys.kind_of(sample[0][0]) if sample else _keys.KINDS["str"]
    else:
        kind = _keys.kind(keys)
    if codec == "auto":
        if weights == "value" or duplicates in ("sum", "min", "max"):
            codec = "u64"
        elif isinstance(pairs, abc.Mapping):
            codec = _codecs.choose(pairs.values(), True)
        else:
            codec = _codecs.choose([pair[1] for pair in sample], complete)
    return itertools.chain(sample, iterator), kind, _codecs.codec(codec, True)


def compile(path: StrPath, inputs: Union[Mapping[Any, Any], Iterable[Tuple[Any, Any]]], *,
            reader: Optional[Callable[[Any], Any]] = None, workers: Optional[int] = None,
            memory: Union[int, str] = "1G", duplicates: str = "error", codec: Union[str, Codec] = "auto",
            keys: str = "auto", weights: Optional[str] = None, progress: Any = None,
            tmpdir: Optional[StrPath] = None, allow_pickle: bool = False) -> Dictionary[Any, Any]:
    """Compiles pairs into the file `path` and opens it."""
    pairs, kind, chosen = choose(inputs, keys, codec, weights, duplicates)
    builder = Builder(path, keys=kind, codec=chosen, memory=memory, duplicates=duplicates, weights=weights,
                      tmpdir=tmpdir)
    try:
        builder.add(pairs)
        builder.finish()
    finally:
        builder.close()
    return _open(path, allow_pickle=allow_pickle or chosen.name == "pickle")
