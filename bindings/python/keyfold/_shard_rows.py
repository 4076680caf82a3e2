"""Rows that tell of shards: what a task of an engine returns, in the form in which it was given its partition."""
from __future__ import annotations

from collections import abc
from typing import Any, Dict, Iterable, List, NamedTuple, Tuple

from . import _errors, _keys


class ShardRow(NamedTuple):
    """What keyfold.Shards tells of a shard.

    `name` is the file's; "" if the partition was empty. `first` and `last` are encoded keys, `pairs` is how many rows
    or pairs were read, `keys` how many keys are left of them, `manifest` what finish() makes the manifest of.

    >>> row = keyfold.Shards("table.kfm")([("a", 1), ("b", 2)])
    >>> row.keys, row.first, row.key_kind
    (2, b'a', 'str')
    """

    name: str
    first: bytes
    last: bytes
    pairs: int
    keys: int
    bytes: int
    build_id: str
    key_kind: str
    codec: str
    manifest: Any


def range_of(row: ShardRow) -> str:
    """The keys as messages show them."""
    decode = _keys.kind(row.key_kind).decode
    return f"{decode(row.first)!r:.80} .. {decode(row.last)!r:.80}"


# How Spark names the types of these.
SCHEMA = ", ".join(f"{name} {kind}" for name, kind in zip(ShardRow._fields, (
    "string", "binary", "binary", "bigint", "bigint", "bigint", "string", "string", "string", "binary")))


def _listed(row: ShardRow) -> Dict[str, List[Any]]:
    return {name: [value] for name, value in row._asdict().items()}


def pandas_frame(rows: Iterable[ShardRow]) -> Any:
    import pandas
    frame = pandas.DataFrame([tuple(row) for row in rows], columns=list(ShardRow._fields)).astype(object)
    return frame.astype({"pairs": "int64", "keys": "int64", "bytes": "int64"})


def arrow_batch(row: ShardRow) -> Any:
    import pyarrow
    whole, text, data = pyarrow.int64(), pyarrow.string(), pyarrow.binary()
    types = (text, data, data, whole, whole, whole, text, text, text, data)
    schema = pyarrow.schema(list(zip(ShardRow._fields, types)))
    return pyarrow.RecordBatch.from_pydict(_listed(row), schema)


def like(partition: Any, row: ShardRow) -> Any:
    """The row as a table of the library that the partition is of; itself if that is of none."""
    root = type(partition).__module__.partition(".")[0]
    if root == "pandas":
        return pandas_frame([row])
    if root == "pyarrow":
        import pyarrow
        batch = arrow_batch(row)
        return batch if isinstance(partition, pyarrow.RecordBatch) else pyarrow.Table.from_batches([batch])
    if root == "polars":
        return __import__("polars").DataFrame(_listed(row))
    return row


def _dicts(rows: Any) -> Iterable[Any]:
    """What an engine returned, row by row."""
    if hasattr(rows, "to_pylist"):              # Arrow
        return rows.to_pylist()                 # type: ignore[no-any-return]
    if hasattr(rows, "to_dicts"):               # Polars
        return rows.to_dicts()                  # type: ignore[no-any-return]
    if hasattr(rows, "to_dict") and hasattr(rows, "iloc"):      # pandas
        return rows.to_dict("records")          # type: ignore[no-any-return]
    if isinstance(rows, (ShardRow, abc.Mapping)):
        return [rows]
    return rows                                 # type: ignore[no-any-return]


def collected(rows: Any) -> List[ShardRow]:
    """The rows of all tasks, each shard's once, without those of empty partitions: whatever collect(), compute() and
    take_all() made of them."""
    found: Dict[str, ShardRow] = {}
    for each in _dicts(rows):
        if hasattr(each, "to_pylist") or hasattr(each, "iloc") or hasattr(each, "to_dicts"):    # a table a partition
            inner: List[ShardRow] = collected(each)
        else:
            inner = [_row(each)]
        for row in inner:
            if row.keys:
                found[row.name] = row
    return list(found.values())


def _row(each: Any) -> ShardRow:
    fields: Tuple[str, ...] = ShardRow._fields
    try:
        if hasattr(each, "asDict"):             # Spark
            each = each.asDict()
        values = [each[name] for name in fields] if isinstance(each, abc.Mapping) else list(each)
        row = ShardRow(*values)
        return row._replace(first=bytes(row.first), last=bytes(row.last), manifest=bytes(row.manifest),
                            pairs=int(row.pairs), keys=int(row.keys), bytes=int(row.bytes))
    except (TypeError, KeyError, ValueError):
        raise _errors.ArgumentError(f"{each!r:.100} is no row of a shard: finish takes all that the tasks have "
                                    "returned") from None
