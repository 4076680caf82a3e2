"""Writing and looking up by Dask, and in a long run by Spark and Ray, with killed workers and a killed driver. Engines
run in interpreters of their own, as they start threads and processes that don't end."""
import os
import signal
import subprocess
import sys
import tempfile
import time

import pytest
from conftest import LEVEL

import keyfold

BEGIN = """
import os, signal, sys
import keyfold

folder, way = sys.argv[1], sys.argv[2]
PAIRS = [(f"k{(number * 7919) % 5000:05}", number) for number in range(5000)]

def check(table):
    assert dict(table) == dict(PAIRS), table
    assert table.stat().shards > 1, table.stat()

def die(builder):
    os.kill(os.getpid(), signal.SIGKILL)

def once(shards):
    # The first task of all is killed in the middle of its shard; the engine runs it again.
    def call(part):
        if way == "killed" and not os.path.exists(folder + "/once"):
            open(folder + "/once", "w").close()
            keyfold._shards.Builder.finish = die
        return shards(part)
    return call

# One key has most of the rows, which the engine finds in all partitions.
HOT = PAIRS[:1000] + [("k00500", 1)] * 9000
SUMS = {**dict(PAIRS[:1000]), "k00500": dict(PAIRS[:1000]).get("k00500", 0) + 9000}

def finish(shards, rows):
    if way == "driver" and not os.path.exists(folder + "/again"):
        open(folder + "/again", "w").close()
        os.kill(os.getpid(), signal.SIGKILL)
    check(shards.finish(rows, pairs=5000))
"""

DASK = BEGIN + """
if __name__ == "__main__":
    import dask.dataframe, pandas
    frame = pandas.DataFrame(PAIRS, columns=["k", "v"])
    ddf = dask.dataframe.from_pandas(frame, npartitions=4, sort=False)
    if way == "plain":
        table = keyfold.dask.write(ddf, folder + "/t.kfm", key="k", value="v")
        check(table)
        found = keyfold.dask.lookup(ddf["k"], table).compute()
        assert (found == ddf["v"].compute()).all()
        some = dask.dataframe.from_pandas(pandas.Series(["k00001", "no"]), npartitions=2)
        assert keyfold.dask.lookup(some, table, 0).compute().tolist() == [dict(PAIRS)["k00001"], 0]
        hot = dask.dataframe.from_pandas(pandas.DataFrame(HOT, columns=["k", "v"]), npartitions=4, sort=False)
        sums = keyfold.dask.write(hot, folder + "/h.kfm", "k", "v", duplicates="sum", codec="u64")
        assert dict(sums) == SUMS
        twice = dask.dataframe.from_pandas(frame.assign(k="one"), npartitions=2, sort=False)
        try:
            keyfold.dask.write(twice, folder + "/u.kfm", "k")
        except keyfold.DuplicateKey as problem:
            assert "'one'" in str(problem)
        else:
            raise AssertionError
    else:
        from distributed import Client
        with Client(n_workers=2, threads_per_worker=1, dashboard_address=None) as client:
            shards = keyfold.Shards(folder + "/t.kfm", key="k", value="v")
            ranges = ddf.set_index("k", drop=False)
            finish(shards, ranges.map_partitions(once(shards), meta=shards.meta).compute())
"""

SPARK = BEGIN + """
if __name__ == "__main__":
    from pyspark.sql import SparkSession
    spark = SparkSession.builder.master("local[2,4]").config(       # a task may be tried four times
        "spark.ui.enabled", "false").config("spark.sql.shuffle.partitions", "4").getOrCreate()
    df = spark.createDataFrame(PAIRS, "k string, v bigint")
    if way == "plain":
        table = keyfold.spark.write(df, folder + "/t.kfm", key="k", value="v", partitions=4)
        check(table)
        found = df.select("v", keyfold.spark.lookup("k", table).alias("w")).collect()
        assert len(found) == 5000 and all(row.v == row.w for row in found)
        hot = spark.createDataFrame(HOT, "k string, v bigint").repartition(4)
        sums = keyfold.spark.write(hot, folder + "/h.kfm", "k", "v", partitions=4, duplicates="sum", codec="u64")
        assert dict(sums) == SUMS
        shards = keyfold.Shards(folder + "/u.kfm")
        rows = df.rdd.map(lambda row: (row.k, row.v)).sortByKey(numPartitions=3).mapPartitions(shards).collect()
        check(shards.finish(rows))
    else:
        shards = keyfold.Shards(folder + "/t.kfm", key="k", value="v")
        finish(shards, df.repartitionByRange(4, "k").mapInArrow(once(shards), shards.schema).collect())
"""

RAY = BEGIN + """
if __name__ == "__main__":
    import ray
    ray.init(num_cpus=2, include_dashboard=False, log_to_driver=False)
    ds = ray.data.from_items([{"k": key, "v": value} for key, value in PAIRS]).repartition(4)
    if way == "plain":
        table = keyfold.ray.write(ds, folder + "/t.kfm", key="k", value="v")
        check(table)
        found = keyfold.ray.lookup(ds, "k", table, "w").take_all()
        assert len(found) == 5000 and all(row["v"] == row["w"] for row in found)
        hot = ray.data.from_items([{"k": key, "v": value} for key, value in HOT]).repartition(4)
        sums = keyfold.ray.write(hot, folder + "/h.kfm", "k", "v", duplicates="sum", codec="u64")
        assert dict(sums) == SUMS
    else:
        shards = keyfold.Shards(folder + "/t.kfm", key="k", value="v")
        finish(shards, ds.sort("k").map_batches(once(shards), batch_size=None, batch_format="pyarrow").take_all())
"""


def run(program, *arguments, timeout=240):
    """Runs a program without its helpers once it has ended; returns its status, and what it printed."""
    environment = {**os.environ, "PYSPARK_PYTHON": sys.executable, "RAY_DEDUP_LOGS": "0",
                   "RAY_ACCEL_ENV_VAR_OVERRIDE_ON_ZERO": "0", "PYTHONWARNINGS": "ignore"}
    with tempfile.TemporaryFile("w+") as errors:
        process = subprocess.Popen([sys.executable, str(program), *map(str, arguments)], stdout=subprocess.PIPE,
                                   stderr=errors, text=True, start_new_session=True, env=environment)
        try:
            output = process.communicate(timeout=timeout)[0]
        finally:
            try:
                os.killpg(process.pid, signal.SIGKILL)
            except ProcessLookupError:
                pass
        errors.seek(0)
        return process.returncode, output + (errors.read() if process.returncode else "")


def engine(program, tmp_path, way):
    """The program is in a file, as workers that are spawned import it."""
    path = tmp_path / "program.py"
    path.write_text(program)
    code, output = run(path, tmp_path, way)
    if way == "driver":
        assert code == -signal.SIGKILL, output
        assert not os.path.exists(tmp_path / "t.kfm")       # nothing is half there
        left = set(os.listdir(tmp_path / "t.kfm.d"))
        assert left
        time.sleep(1)
        code, output = run(path, tmp_path, way)
    assert code == 0, output
    if way != "plain":
        table = keyfold.open(tmp_path / "t.kfm", check=True)
        assert len(table) == 5000
        left = [name for name in os.listdir(tmp_path / "t.kfm.d") if name.endswith(".tmp")]
        assert len(left) == (way == "killed")               # of the killed task, for a day


def test_dask(tmp_path):
    pytest.importorskip("dask.dataframe")
    engine(DASK, tmp_path, "plain")


LONG = pytest.mark.skipif(LEVEL != "long", reason="engines take minutes: in a long run")


@LONG
@pytest.mark.parametrize("way", ["killed", "driver"])
def test_dask_distributed(tmp_path, way):
    pytest.importorskip("distributed")
    engine(DASK, tmp_path, way)


@LONG
@pytest.mark.parametrize("way", ["plain", "killed", "driver"])
def test_spark(tmp_path, way):
    pytest.importorskip("pyspark")
    engine(SPARK, tmp_path, way)


@LONG
@pytest.mark.parametrize("way", ["plain", "killed", "driver"])
def test_ray(tmp_path, way):
    pytest.importorskip("ray")
    engine(RAY, tmp_path, way)
