"""Ray: a Dataset of any size as one Dictionary, and lookups in one.

    table = keyfold.ray.write(ds, "s3://bucket/table.kfm", key="k", value="v")
    ds = keyfold.ray.lookup(ds, "k", table, "v")
"""
from __future__ import annotations

from typing import TYPE_CHECKING, Any, Optional

from . import _shards

if TYPE_CHECKING:
    from ._dictionary import Dictionary

__all__ = ["write", "lookup"]


def write(dataset: Any, path: Any, key: Any, value: Any = None, *, divided: bool = False,
          partitions: Optional[int] = None, **options: Any) -> "Dictionary[Any, Any]":
    """Makes one Dictionary of a Ray Dataset, a shard of each block, and opens it.

    path            of the manifest to write, in a folder that all hosts have, or a URL
    key, value      columns, as in keyfold.compile
    divided         the blocks are ranges of keys already: else sort(key) makes them such
    partitions      how many ranges sort makes: as many as the dataset has blocks if not given
    options         of keyfold.Shards: codec, duplicates, nulls, memory, ...

    >>> ray = getfixture("ray")
    >>> dataset = ray.data.from_items([{"k": "b", "v": 2}, {"k": "a", "v": 1}])
    >>> dict(keyfold.ray.write(dataset, "table.kfm", key="k", value="v"))
    {'a': 1, 'b': 2}
    """
    shards = _shards.Shards(path, key, value, **options)
    if partitions and not divided:
        dataset = dataset.repartition(partitions)
    ranges = dataset if divided else dataset.sort(key)

    def shard(batch: Any) -> Any:
        return shards(batch)

    return shards.finish(ranges.map_batches(shard, batch_size=None, batch_format="pyarrow").take_all())


def lookup(dataset: Any, column: str, dictionary: "Dictionary[Any, Any]", name: str) -> Any:
    """The Dataset with one column more: the values of a column of keys, null where a key is absent. The Dictionary
    travels as its path or URL, and each host maps its file once.

    >>> ray = getfixture("ray")
    >>> ages = keyfold.compile("ages.kf", {"Ann": 31, "Bo": 27})
    >>> dataset = ray.data.from_items([{"who": "Bo"}, {"who": "Cy"}])
    >>> [row["age"] for row in keyfold.ray.lookup(dataset, "who", ages, "age").take_all()]
    [27, None]
    """
    def found(batch: Any) -> Any:
        import pyarrow
        keys = batch.column(column)
        try:
            values = pyarrow.array(dictionary.get_many(keys, output="arrow"))
        except TypeError:       # of a codec without an Arrow type
            values = pyarrow.array(dictionary.get_many(keys))
        return batch.append_column(name, values)

    return dataset.map_batches(found, batch_size=None, batch_format="pyarrow")
