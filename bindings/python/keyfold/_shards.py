"""Shards: what turns the partitions of a distributed table into the files of one Dictionary."""
from __future__ import annotations

import errno
import itertools
import os
import shutil
import time
from collections import abc
from typing import TYPE_CHECKING, Any, Dict, Iterator, List, Optional, Union

from . import _choose, _codecs, _errors, _shard_rows
from ._builder import Builder, BuildOptions, thread_count
from ._codecs import Codec
from ._dictionary import Dictionary
from ._file_options import metadata as _encoded
from ._generations import stub, write_manifest
from ._handle import Handle, acquire
from ._inputs import source_of
from ._open import open as _open
from ._places import place_of
from ._progress import Progress
from ._shapes import Columns, is_columns, is_strange
from ._shard_rows import ShardRow, range_of

if TYPE_CHECKING:
    from ._build import Metadata
    from ._handle import StrPath
    from ._types import Duplicates, Encoding, Keys, Normal, Nulls

_STALE = 86400.0        # seconds after which files of a run that never finished are removed by another


class Shards:
    """Builds one Dictionary on many hosts: call it with each partition of a table, by whatever engine has it, and
    finish() with all rows that these calls returned.

        shards = keyfold.Shards("/shared/table.kfm", key="k", value="v")
        rows = ddf.set_index("k", drop=False).map_partitions(shards, meta=shards.meta).compute()            # Dask
        rows = df.repartitionByRange(8, "k").mapInArrow(shards, shards.schema).collect()                    # Spark
        rows = ds.sort("k").map_batches(shards, batch_size=None, batch_format="pyarrow").take_all()         # Ray
        table = shards.finish(rows)

    Partitions must not overlap: whatever its order is within, all keys of one are above all keys of another. A call
    writes one shard, a complete file, into the folder `path`.d, and returns one row that tells of it (ShardRow), as a
    table of the kind that it was given. It takes a table of pandas, Arrow or Polars or a Mapping, and an iterator of
    tables or of pairs, for which it is a generator. A row is some hundred bytes and two keys, so all of them go to the
    driver.

    Shards pickles; a call may be repeated, also at the same time: the same partition gives the same file. Nothing can
    be opened before finish() has written the manifest, which happens at once or not at all.

    path        of the manifest to write, in a folder that all hosts have, or a URL that fsspec knows
    key, value, nulls, duplicates, normalise, encoding, metadata, similarity, filter
                as in compile
    keys, codec as in compile; but "auto" goes by the types of the columns only, so that all partitions agree, and not
                by whether integers are 0 or more: say codec="u64" for those. Where partitions don't agree, as they may
                where columns are Python objects, finish() says so
    memory, threads
                what one call may hold in memory, and how many threads sort in it: engines run a call a processor
    tmpdir      a folder of each host for what doesn't fit in memory, and for shards on their way to a URL

    >>> shards = keyfold.Shards("table.kfm")
    >>> rows = [shards(part) for part in ([("a", 1), ("b", 2)], [("c", 3)], [])]
    >>> dict(shards.finish(rows))
    {'a': 1, 'b': 2, 'c': 3}
    """

    def __init__(self, path: StrPath, key: Any = None, value: Any = None, *, keys: Keys = "auto",
                 codec: Union[str, Codec] = "auto", duplicates: Duplicates = "error", nulls: Nulls = "error",
                 memory: Union[int, str] = "256M", threads: int = 1, tmpdir: Optional[StrPath] = None,
                 encoding: Encoding = "auto", metadata: Metadata = None, normalise: Normal = None,
                 similarity: bool = False, filter: bool = False) -> None:
        if nulls not in ("error", "skip"):
            raise _errors.ArgumentError(f'nulls={nulls!r}: there are "error" and "skip"')
        self._place = place_of(path)
        self._wanted = _choose.wish(keys, codec.name if isinstance(codec, Codec) else codec, None, duplicates,
                                    Columns(key, value, nulls))._replace(codec=codec)
        self._asked: Dict[str, Any] = dict(
            memory=memory, threads=thread_count(threads), tmpdir=tmpdir, duplicates=duplicates, encoding=encoding,
            metadata=_encoded(metadata), normalise=normalise, similarity=similarity, filter=filter,
            shards=1)
        BuildOptions(os.path.join(os.sep, "any"), **{**self._asked, "tmpdir": None})     # refuses what tasks would
        self.run = f"{time.strftime('%Y%m%d%H%M%S', time.gmtime())}-{os.urandom(4).hex()}"

    @property
    def path(self) -> str:
        """Of the manifest.

        >>> keyfold.Shards("/shared/table.kfm").path
        '/shared/table.kfm'
        """
        return self._place.path

    @property
    def schema(self) -> str:
        """The columns of what a call returns, as Spark writes them.

        >>> keyfold.Shards("table.kfm").schema[:32]
        'name string, first binary, last '
        """
        return _shard_rows.SCHEMA

    @property
    def meta(self) -> Any:
        """The same as an empty frame of pandas, for Dask.

        >>> list(keyfold.Shards("table.kfm").meta)[:3]
        ['name', 'first', 'last']
        """
        return _shard_rows.pandas_frame([])

    def __repr__(self) -> str:
        return f"<keyfold.Shards {self.path!r}: run {self.run}>"

    # ---- in the tasks -------------------------------------------------------------------------

    def __call__(self, partition: Any) -> Any:
        if isinstance(partition, abc.Iterator) and not is_columns(partition):
            return self._each(partition)
        return _shard_rows.like(partition, self._shard(partition, partition))

    def _each(self, parts: Iterator[Any]) -> Iterator[Any]:
        for first in parts:
            yield _shard_rows.like(first, self._shard(itertools.chain((first,), parts), first))

    def _shard(self, partition: Any, sample: Any) -> ShardRow:
        """Writes the shard of a partition, which is what the sample is or consists of such."""
        wanted = self._wanted
        is_table = is_columns(sample) and type(sample) is not tuple or is_strange(sample)
        source = source_of(partition, wanted.columns if is_table else Columns(), False, lists=wanted.lists)
        kind, codec = _choose.choose(wanted, source, alone=False)
        room = self._place.room(self._asked["tmpdir"])
        try:
            path = os.path.join(room, "shard.kf")
            builder = Builder(BuildOptions(path, **self._asked), kind, codec, Progress(None))
            try:
                builder.add(source, _choose.guess(wanted))
                if not builder.count:
                    return ShardRow("", b"", b"", 0, 0, 0, "", kind.name, codec.name, b"")
                builder.finish()
            finally:
                builder.close()
            return self._kept(path, builder.count)
        finally:
            shutil.rmtree(room, ignore_errors=True)

    def _kept(self, path: str, pairs: int) -> ShardRow:
        """Gives a complete shard the name of its content."""
        handle: Handle = acquire(path)
        table: Dictionary[Any, Any] = Dictionary(handle, allow_pickle=True)
        build_id = handle.build_id.hex()
        name = f"{self.run}-{build_id}.kf"
        first, last = (table._encode(table.key_at(at)) for at in (0, -1))
        named = os.path.join(os.path.dirname(path), name)
        os.rename(path, named)
        row = ShardRow(name, first, last, pairs, len(table), os.path.getsize(named), build_id, table.key_kind,
                       table.codec, stub(named))
        self._place.keep(named, name)
        return row

    # ---- in the driver ------------------------------------------------------------------------

    def finish(self, rows: Any, *, pairs: Optional[int] = None, keep: int = 1) -> Dictionary[Any, Any]:
        """Checks the rows of all shards, writes the manifest, and opens it.

        rows    all that the calls have returned, as the engine's collect(), compute() or take_all() gives it. Those of
                tasks that were repeated may be among them
        pairs   how many rows or pairs there must have been in all; not checked if not given
        keep    as in publish: this is one

        Files of this run that no row tells of, of tasks that failed or were repeated, are removed, and, after a day,
        what killed tasks of other runs did not complete. Raises ArgumentError where the keys of two shards overlap,
        ValueTypeError where they are of different kinds, and NoFile where a shard is not there: whatever was at
        `path` before stays.

        >>> shards = keyfold.Shards("table.kfm")
        >>> rows = [shards({"a": 1, "c": 2}), shards({"b": 3})]
        >>> try:
        ...     _ = shards.finish(rows)
        ... except keyfold.ArgumentError as problem:
        ...     print(str(problem)[:35], "...")
        the keys of two partitions overlap: ...
        """
        found = sorted(_shard_rows.collected(rows), key=lambda row: row.first)
        self._check_kinds(found)
        self._check_ranges(found)
        read = sum(row.pairs for row in found)
        if pairs is not None and read != pairs:
            raise _errors.ArgumentError(f"the {len(found)} shards were made of {read} pairs, but there are {pairs}: "
                                        "rows of some tasks are missing, or from another run")
        self._check_files(found)
        self._publish(found, keep)
        self._sweep(found)
        return _open(self.path, max_age=0, allow_pickle=bool(found) and found[0].codec in _codecs.PICKLES)

    def _check_kinds(self, rows: List[ShardRow]) -> None:
        for row in rows[1:]:
            for what, option, ours, theirs in (("keys", "keys", rows[0].key_kind, row.key_kind),
                                               ("values", "codec", rows[0].codec, row.codec)):
                if ours != theirs:
                    raise _errors.ValueTypeError(
                        f"the partition of the keys {range_of(rows[0])} has {what} of kind {ours!r}, that of "
                        f"{range_of(row)} has {theirs!r}: say {option}=, so that all agree")

    def _check_ranges(self, rows: List[ShardRow]) -> None:
        for before, row in zip(rows, rows[1:]):
            if before.last >= row.first:
                shown = range_of(row._replace(last=row.first)).partition(" .. ")[0]
                raise _errors.ArgumentError(
                    f"the keys of two partitions overlap: those of {before.name} are {range_of(before)}, those of "
                    f"{row.name} are {range_of(row)}, and {shown} lies in both; partition the rows by ranges of "
                    "the key column, with all rows of a key in one partition, before they get here")

    def _check_files(self, rows: List[ShardRow]) -> None:
        there = self._place.entries()
        for row in rows:
            if row.name not in there or there[row.name].size != row.bytes:
                raise _errors.os_error(errno.ENOENT, self._place.shown(row.name), "the shard is not there as a task "
                                       "has written it: is the folder one that all hosts share, and are the rows those "
                                       "of this run?")

    def _publish(self, rows: List[ShardRow], keep: int) -> None:
        if rows:
            write_manifest(self._place, [(row.name, row.manifest) for row in rows], keep)
            return
        kind, codec = _choose.choose(self._wanted, source_of((), Columns(), False), alone=False)
        room = self._place.room(None)
        try:
            builder = Builder(BuildOptions(os.path.join(room, "none.kf"), **self._asked), kind, codec, Progress(None))
            builder.finish()
            self._place.check_target()
            self._place.publish(builder.path)
        finally:
            shutil.rmtree(room, ignore_errors=True)

    def _sweep(self, rows: List[ShardRow]) -> None:
        kept = {row.name for row in rows}
        old = time.time() - _STALE
        for name, entry in self._place.entries().items():
            lost = name.startswith(f"{self.run}-") and name not in kept
            if lost or name.startswith(".") and entry.time is not None and entry.time < old:
                self._place.remove(name)
