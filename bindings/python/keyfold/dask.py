"""Dask: a DataFrame of any size as one Dictionary, and lookups in one.

    table = keyfold.dask.write(ddf, "s3://bucket/table.kfm", key="k", value="v")
    ddf["v"] = keyfold.dask.lookup(ddf["k"], table)

Both work with whatever scheduler computes them.
"""
from __future__ import annotations

from typing import TYPE_CHECKING, Any, Optional

from . import _shards
from .pandas import lookup as _lookup

if TYPE_CHECKING:
    from ._dictionary import Dictionary

__all__ = ["write", "lookup"]


def write(frame: Any, path: Any, key: Any, value: Any = None, *, divided: bool = False,
          partitions: Optional[int] = None, **options: Any) -> "Dictionary[Any, Any]":
    """Makes one Dictionary of a Dask DataFrame, a shard of each partition, and opens it.

    path            of the manifest to write, in a folder that all workers have, or a URL
    key, value      columns, as in keyfold.compile
    divided         the partitions are ranges of keys already: else set_index(key) makes them such
    partitions      how many ranges set_index makes: as many as the frame has if not given
    options         of keyfold.Shards: codec, duplicates, nulls, memory, ...

    >>> import dask.dataframe, pandas
    >>> frame = dask.dataframe.from_pandas(pandas.DataFrame({"k": ["b", "a", "c"], "v": [2, 1, 3]}), npartitions=2)
    >>> dict(keyfold.dask.write(frame, "table.kfm", key="k", value="v"))
    {'a': 1, 'b': 2, 'c': 3}
    """
    shards = _shards.Shards(path, key, value, **options)
    first = key[0] if isinstance(key, list) else key
    ranges = frame if divided else frame.set_index(first, drop=False, npartitions=partitions)
    return shards.finish(ranges.map_partitions(shards, meta=shards.meta).compute())


def lookup(keys: Any, dictionary: "Dictionary[Any, Any]", default: Any = None) -> Any:
    """The values of a Dask Series of keys, as a Series: keyfold.pandas.lookup of each partition, with one dtype for
    all. The Dictionary travels as its path or URL, and each host maps its file once.

    >>> import dask.dataframe, pandas
    >>> ages = keyfold.compile("ages.kf", {"Ann": 31, "Bo": 27})
    >>> names = dask.dataframe.from_pandas(pandas.Series(["Bo", "Cy"]), npartitions=2)
    >>> keyfold.dask.lookup(names, ages, 0).compute().tolist()
    [27, 0]
    """
    meta = _lookup(keys._meta_nonempty, dictionary, default).head(0)
    return keys.map_partitions(_one, dictionary, default, meta.dtype, meta=meta)


def _one(keys: Any, dictionary: Any, default: Any, dtype: Any) -> Any:
    return _lookup(keys, dictionary, default).astype(dtype)
