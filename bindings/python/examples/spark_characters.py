"""Spark: the names of all characters of Unicode as one table; then the rarest characters of texts, by name.

    python spark_characters.py TABLE TEXT...        TABLE: the manifest to write, in a folder of all hosts, or a URL
"""
import sys
import unicodedata

import pandas
from pyspark.sql import SparkSession, functions

import keyfold


def named(frames):
    """Code points as characters with their names; those that have one."""
    for frame in frames:
        found = [(chr(point), unicodedata.name(chr(point), "")) for point in frame["id"]]
        yield pandas.DataFrame([pair for pair in found if pair[1]], columns=["character", "name"])


def main(target, *paths):
    spark = SparkSession.builder.appName("characters").getOrCreate()
    characters = spark.range(sys.maxunicode + 1).mapInPandas(named, "character string, name string")

    # One shard a range of characters.
    table = keyfold.spark.write(characters, target, key="character", value="name", codec="str", partitions=4)
    print(f"{len(table)} characters in {table.stat().shards} shards")

    # A column against the table, on the workers. What has no name, as the end of a line, is null.
    found = spark.read.text(list(paths)).select(functions.explode(functions.split("value", "")).alias("character"))
    counts = found.groupBy("character").count()
    rare = counts.withColumn("name", keyfold.spark.lookup("character", table)).dropna().orderBy("count", "character")
    for row in rare.limit(5).collect():
        print(f"{row['count']}\t{row['name']}")
    spark.stop()


if __name__ == "__main__":
    main(*sys.argv[1:])
