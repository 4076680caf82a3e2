"""Parquet files of pairs in no order, and of keys to look up, nine of ten of them there:
data.py GENERATOR FOLDER PAIRS LOOKUPS FILES."""
import json
import os
import subprocess
import sys

import pyarrow
import pyarrow.csv
import pyarrow.parquet


def lines(columns, *command):
    """Tables of the generator's lines."""
    with subprocess.Popen(list(map(str, command)), stdout=subprocess.PIPE) as process:
        reader = pyarrow.csv.open_csv(
            process.stdout, pyarrow.csv.ReadOptions(column_names=list(columns), block_size=1 << 22),
            pyarrow.csv.ParseOptions(delimiter="\t", quote_char=False),
            pyarrow.csv.ConvertOptions(column_types=columns, strings_can_be_null=False))
        for batch in reader:
            yield pyarrow.Table.from_batches([batch])
    if process.returncode != 0:
        raise OSError("the generator failed")


def write(path, tables):
    writer = None
    for table in tables:
        writer = writer or pyarrow.parquet.ParquetWriter(path, table.schema, compression="zstd")
        writer.write_table(table)
    writer.close()


def main(generator, folder, pairs, lookups, files):
    both, keys = {"k": pyarrow.string(), "v": pyarrow.int64()}, {"k": pyarrow.string()}
    for name in ("pairs", "keys", "few", "few-keys"):
        os.makedirs(os.path.join(folder, name))
    stream = (generator, "accessions", pairs)
    for number in range(1, files + 1):
        write(os.path.join(folder, "pairs", f"{number:03}.parquet"),
              lines(both, *stream, "--order", "shuffled", "--part", f"{number}/{files}"))
        there = (table.select(["k"]) for table in
                 lines(both, *stream, "--sample", lookups * 9 // 10 // files, "--sample-seed", number))
        absent = lines(keys, *stream, "--absent", lookups // 10 // files, "--sample-seed", number)
        write(os.path.join(folder, "keys", f"{number:03}.parquet"), (each for some in (there, absent) for each in some))
    few = pyarrow.parquet.read_table(os.path.join(folder, "pairs", "001.parquet")).slice(0, 1000)
    for name, columns in (("few", ["k", "v"]), ("few-keys", ["k"])):
        pyarrow.parquet.write_table(few.select(columns), os.path.join(folder, name, "001.parquet"),
                                    compression="zstd")
    size = sum(entry.stat().st_size for entry in os.scandir(os.path.join(folder, "pairs")))
    print(json.dumps({"pairs": pairs, "lookups": pyarrow.parquet.ParquetDataset(
        os.path.join(folder, "keys")).read().num_rows, "bytes": size}))


if __name__ == "__main__":
    main(*sys.argv[1:3], *map(int, sys.argv[3:]))
