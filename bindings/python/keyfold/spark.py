"""Spark: a DataFrame of any size as one Dictionary, and lookups in one.

    table = keyfold.spark.write(df, "s3://bucket/table.kfm", key="k", value="v")
    df.withColumn("v", keyfold.spark.lookup("k", table))

Needs PySpark 3.3 or newer, and pyarrow and pandas where its workers run.
"""
from __future__ import annotations

from typing import TYPE_CHECKING, Any, Optional

from . import _errors, _shards

if TYPE_CHECKING:
    from ._dictionary import Dictionary

__all__ = ["write", "lookup"]

_TYPES = {"u64": "bigint", "int": "bigint", "float": "double", "str": "string", "raw": "binary", "date": "date",
          "datetime": "timestamp_ntz", "datetime-utc": "timestamp"}
_ARROW = {"bigint": "int64", "double": "float64", "string": "string", "binary": "binary"}    # types alike


def write(frame: Any, path: Any, key: Any, value: Any = None, *, partitions: Optional[int] = None,
          **options: Any) -> "Dictionary[Any, Any]":
    """Makes one Dictionary of a Spark DataFrame, a shard of each range of keys, and opens it.

    path            of the manifest to write, in a folder that all hosts have, or a URL
    key, value      columns, as in keyfold.compile
    partitions      how many shards: as many as Spark makes partitions when it shuffles if not given
    options         of keyfold.Shards: codec, duplicates, nulls, memory, ...

    >>> spark = getfixture("spark")
    >>> frame = spark.createDataFrame([("b", 2), ("a", 1), ("c", 3)], "k string, v bigint")
    >>> dict(keyfold.spark.write(frame, "table.kfm", key="k", value="v", partitions=2))
    {'a': 1, 'b': 2, 'c': 3}
    """
    shards = _shards.Shards(path, key, value, **options)
    by = key if isinstance(key, list) else [key]
    ranges = frame.repartitionByRange(*([partitions] if partitions else []), *by)
    return shards.finish(ranges.mapInArrow(shards, shards.schema).collect())


def lookup(column: Any, dictionary: "Dictionary[Any, Any]", *, returns: Optional[str] = None) -> Any:
    """A column of the values of a column of keys, null where a key is absent: a UDF on Arrow's arrays (PySpark 4.1 and
    newer) or on pandas. The Dictionary travels as its path or URL, and each host maps its file once.

    returns         the type of the values as Spark names it, where the codec does not say; u64 and int are bigint

    >>> spark = getfixture("spark")
    >>> ages = keyfold.compile("ages.kf", {"Ann": 31, "Bo": 27})
    >>> frame = spark.createDataFrame([("Bo",), ("Cy",)], "name string")
    >>> [row.age for row in frame.select(keyfold.spark.lookup("name", ages).alias("age")).collect()]
    [27, None]
    """
    from pyspark.sql import functions
    kind = returns or _TYPES.get(dictionary.codec)
    if kind is None:
        raise _errors.ArgumentError(f"codec {dictionary.codec!r} has no type of Spark's: say returns=")
    if kind in _ARROW and hasattr(functions, "arrow_udf"):
        import pyarrow

        def found(keys: Any) -> Any:
            return pyarrow.array(dictionary.get_many(keys, output="arrow")).cast(_ARROW[kind])

        udf: Any = functions.arrow_udf
        array: Any = pyarrow.Array
    else:
        import pandas

        def found(keys: Any) -> Any:
            from .pandas import lookup as values
            return values(keys, dictionary)

        udf, array = getattr(functions, "pandas_udf"), pandas.Series
    found.__annotations__ = {"keys": array, "return": array}
    return udf(found, kind)(column)
