"""Dask: how often each word occurs in many texts, as one table; then the words that one text alone has.

    python dask_words.py TABLE TEXT...        TABLE: the manifest to write, in a folder of all hosts, or a URL
"""
import collections
import re
import sys

import dask.dataframe
import pandas

import keyfold

WORD = re.compile(r"[^\W\d_]+")


def counted(path):
    """The words of one text, with how often it has them."""
    with open(path, encoding="utf-8", errors="replace") as text:
        counts = collections.Counter(WORD.findall(text.read().lower()))
    return pandas.DataFrame({"word": pandas.Series(list(counts), dtype=object), "count": list(counts.values()),
                             "text": path}).astype({"count": "int64"})


def main(target, *paths):
    meta = pandas.DataFrame({"word": pandas.Series(dtype=object), "count": pandas.Series(dtype="int64"),
                             "text": pandas.Series(dtype="str")})
    words = dask.dataframe.from_map(counted, paths, meta=meta)

    # One shard a partition; what several texts have is added up.
    table = keyfold.dask.write(words, target, key="word", value="count", codec="u64", duplicates="sum",
                               partitions=4)
    print(f"{len(table)} words in {table.stat().shards} shards")

    # A column against the table: the workers map its files, however many tasks there are.
    words["everywhere"] = keyfold.dask.lookup(words["word"], table, 0)
    alone = words[words["count"] == words["everywhere"]].nlargest(5, "count").compute()
    alone = alone.sort_values(["count", "word"], ascending=[False, True])
    for word, count, path in alone[["word", "count", "text"]].itertuples(index=False, name=None):
        print(f"{word}\t{count}\t{path}")


if __name__ == "__main__":
    main(*sys.argv[1:])
