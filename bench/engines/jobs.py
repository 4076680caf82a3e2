"""One job of one engine, a local cluster of two workers: jobs.py ENGINE JOB FOLDER SHARDS MEMORY.

write       the pairs as a table of keyfold's            parquet     the same rows, sorted by the engine, as Parquet
lookup      the keys in that table                       join        the same by the engine's join with the pairs"""
import json
import os
import shutil
import sys
import threading
import time

import keyfold


class Dask:
    def __init__(self, job, shards, options):
        import dask
        import distributed
        dask.config.set({"dataframe.convert-string": True})
        self.shards, self.options = shards, options
        self.client = distributed.Client(n_workers=2, threads_per_worker=1, dashboard_address=None)

    def stop(self):
        self.client.shutdown()

    def read(self, folder):
        import dask.dataframe
        return dask.dataframe.read_parquet(folder)

    def write(self, pairs, target):
        keyfold.dask.write(pairs, target, "k", "v", partitions=self.shards, **self.options)

    def parquet(self, pairs, target):
        pairs.set_index("k", npartitions=self.shards).map_partitions(lambda part: part.sort_index()).to_parquet(
            target, compression="zstd")

    def _summed(self, values):
        import dask
        total, count = dask.compute(values.sum(), values.count())
        return int(total), int(count)

    def lookup(self, keys, table):
        return self._summed(keyfold.dask.lookup(keys["k"], table))

    def join(self, keys, pairs):
        return self._summed(keys.merge(pairs, on="k", how="left")["v"])


class Spark:
    def __init__(self, job, shards, options):
        from pyspark.sql import SparkSession
        self.shards, self.options = shards, options
        self.spark = SparkSession.builder.master("local[2]").config("spark.ui.enabled", "false").config(
            "spark.driver.memory", "4g").config("spark.sql.shuffle.partitions", shards).getOrCreate()

    def stop(self):
        self.spark.stop()

    def read(self, folder):
        return self.spark.read.parquet(folder)

    def write(self, pairs, target):
        keyfold.spark.write(pairs, target, "k", "v", partitions=self.shards, **self.options)

    def parquet(self, pairs, target):
        pairs.repartitionByRange(self.shards, "k").sortWithinPartitions("k").write.option(
            "compression", "zstd").parquet(target)

    def _summed(self, frame):
        from pyspark.sql import functions
        return tuple(frame.agg(functions.sum("v"), functions.count("v")).collect()[0])

    def lookup(self, keys, table):
        return self._summed(keys.select(keyfold.spark.lookup("k", table).alias("v")))

    def join(self, keys, pairs):
        return self._summed(keys.join(pairs, "k", "left"))


class Ray:
    def __init__(self, job, shards, options):
        import ray
        self.shards, self.options = shards, options
        # Its join does not begin with two.
        ray.init(num_cpus=4 if job == "join" else 2, include_dashboard=False, log_to_driver=False,
                 logging_level="error")
        ray.data.DataContext.get_current().enable_progress_bars = False
        self.data, self.stop = ray.data, ray.shutdown

    def read(self, folder):
        return self.data.read_parquet(folder)

    def write(self, pairs, target):
        keyfold.ray.write(pairs, target, "k", "v", partitions=self.shards, **self.options)

    def parquet(self, pairs, target):
        pairs.repartition(self.shards).sort("k").write_parquet(target, compression="zstd")

    def _summed(self, dataset):
        from ray.data.aggregate import Count, Sum
        found = dataset.aggregate(Sum("v"), Count("v", ignore_nulls=True))
        return int(found["sum(v)"]), int(found["count(v)"])

    def lookup(self, keys, table):
        return self._summed(keyfold.ray.lookup(keys, "k", table, "v").select_columns(["v"]))

    def join(self, keys, pairs):
        return self._summed(keys.join(pairs, join_type="left_outer", num_partitions=self.shards, on=("k",)))


class Peak(threading.Thread):
    """The most memory that a process below this one has for itself, in bytes, looked at five times a second: not what
    it maps of files, nor of what processes share. The Java of Spark counts as one, the rest are Python's workers."""

    def __init__(self):
        super().__init__(daemon=True)
        self.most = {"python": 0, "java": 0}
        self.done = threading.Event()
        self.start()

    def run(self):
        while not self.done.wait(0.2):
            below, found = {os.getpid()}, {}
            for pid in sorted(int(name) for name in os.listdir("/proc") if name.isdigit()):
                try:
                    with open(f"/proc/{pid}/stat") as file:
                        name, _, rest = file.read().partition("(")[2].rpartition(")")
                    found[pid] = (int(rest.split()[1]), name)
                except OSError:
                    continue
            more = True
            while more:
                more = {pid for pid, (parent, _) in found.items() if parent in below} - below
                below |= more
            for pid in below - {os.getpid()}:
                kind = "java" if found[pid][1] == "java" else "python"
                self.most[kind] = max(self.most[kind], own_memory(pid))


def own_memory(pid):
    try:
        with open(f"/proc/{pid}/smaps_rollup") as file:
            return next(int(line.split()[1]) * 1024 for line in file if line.startswith("Anonymous:"))
    except (OSError, StopIteration):
        return 0


def rows_of(job, target):
    if job == "write":
        return len(keyfold.open(target))
    import pyarrow.dataset
    return pyarrow.dataset.dataset(target, format="parquet", exclude_invalid_files=True).count_rows()


def main(name, job, folder, shards, memory):
    engine = {"dask": Dask, "spark": Spark, "ray": Ray}[name](job, int(shards), {"codec": "u64", "memory": memory})
    pairs, keys, few, few_keys = (os.path.join(folder, each) for each in ("pairs", "keys", "few", "few-keys"))
    made = os.path.join(folder, f"{name}.kfm" if job == "write" else name)
    work = getattr(engine, job)
    if job in ("write", "parquet"):
        work(engine.read(few), f"{made}.few")
        peak, begun = Peak(), time.perf_counter()
        work(engine.read(pairs), made)
        found = {"seconds": time.perf_counter() - begun, "peak": peak.most, "rows": rows_of(job, made)}
        if job == "parquet":
            shutil.rmtree(made)
    else:
        other = keyfold.open(f"{made}.kfm") if job == "lookup" else engine.read(pairs)
        work(engine.read(few_keys), other if job == "lookup" else engine.read(few))
        peak, begun = Peak(), time.perf_counter()
        answer = work(engine.read(keys), other)
        found = {"seconds": time.perf_counter() - begun, "peak": peak.most, "answer": answer}
    print(json.dumps(found), flush=True)
    engine.stop()


if __name__ == "__main__":
    main(*sys.argv[1:])
