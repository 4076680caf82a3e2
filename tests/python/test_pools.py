"""Every kind of pool shows the error of a table whose file is absent or was replaced, and goes on with other tasks.
Each runs in an interpreter that is killed after a time, so a pool that hangs is a failure."""
import gc
import os
import pickle
import signal
import subprocess
import sys

import pytest

import keyfold
from conftest import need_pool

# Nobody has the files open, so that the absent one is absent.
PROGRAM = """
import os, pickle, sys

def look(table, key):
    return table[key]

def square(number):
    return number * number

def outcome(get):
    try:
        return get()
    except Exception as problem:
        return type(problem).__name__

def tasks(tables):
    for name in ("good", "absent", "replaced", "nested", "packed"):
        yield look, (tables[name], "a")
    for number in range(4):
        yield square, (number,)

def run(kind, tables):
    if kind in ("fork", "spawn", "forkserver"):
        import multiprocessing
        with multiprocessing.get_context(kind).Pool(2) as pool:
            handles = [pool.apply_async(*task) for task in tasks(tables)]
            return [outcome(handle.get) for handle in handles]
    if kind in ("futures", "threads"):
        import concurrent.futures as futures, multiprocessing
        with (futures.ThreadPoolExecutor(2) if kind == "threads" else
              futures.ProcessPoolExecutor(2, mp_context=multiprocessing.get_context("spawn"))) as pool:
            handles = [pool.submit(function, *arguments) for function, arguments in tasks(tables)]
            return [outcome(handle.result) for handle in handles]
    if kind == "loky":
        import joblib
        with joblib.parallel_config("loky", n_jobs=2):
            found = [outcome(lambda: joblib.Parallel()([joblib.delayed(function)(*arguments)])[0])
                     for function, arguments in tasks(tables)]
        return found
    if kind == "cloudpickle":
        import cloudpickle
        return [outcome(lambda: (lambda function, arguments: function(*arguments))(
            *pickle.loads(cloudpickle.dumps(task)))) for task in tasks(tables)]
    if kind == "dask":
        import dask
        return [outcome(dask.delayed(function)(*arguments).compute) for function, arguments in tasks(tables)]
    assert kind == "distributed"
    from distributed import Client, LocalCluster
    with LocalCluster(n_workers=1, threads_per_worker=2, processes=True, dashboard_address=None) as cluster:
        with Client(cluster) as client:
            handles = [client.submit(function, *arguments) for function, arguments in tasks(tables)]
            return [outcome(handle.result) for handle in handles]

if __name__ == "__main__":
    with open(sys.argv[2], "rb") as file:
        answer = run(sys.argv[1], pickle.load(file))
    print(answer, flush=True)
"""
KINDS = {"fork": None, "spawn": None, "forkserver": None, "futures": None, "threads": None, "loky": "joblib",
         "cloudpickle": "cloudpickle", "dask": "dask", "distributed": "distributed"}


@pytest.fixture(scope="module")
def program(tmp_path_factory):
    """The program's path, and that of the tables."""
    folder = tmp_path_factory.mktemp("pools")
    tables = {"good": keyfold.compile(folder / "good.kf", {"a": 1}),
              "absent": keyfold.compile(folder / "absent.kf", {"a": 1}),
              "replaced": keyfold.compile(folder / "replaced.kf", {"a": 1}),
              "nested": keyfold.freeze({"a": {"b": 1}}, folder / "nested.kf"),
              "packed": keyfold.compile(folder / "packed.kf", {"a": 2}).packed()}
    (folder / "tables").write_bytes(pickle.dumps(tables))
    (folder / "program.py").write_text(PROGRAM, encoding="utf-8")
    del tables
    gc.collect()
    for name in ("absent", "nested", "packed"):
        os.unlink(folder / f"{name}.kf")
    keyfold.compile(folder / "replaced.kf", {"a": 3})
    return folder / "program.py", folder / "tables"


@pytest.mark.parametrize("kind", KINDS)
def test_pools(program, kind, tmp_path):
    need_pool(kind)
    if KINDS[kind]:
        pytest.importorskip(KINDS[kind])
    path, tables = program
    out = tmp_path / "out"
    with out.open("wb") as file:
        process = subprocess.Popen([sys.executable, path, kind, tables], stdout=file, stderr=file, cwd=tmp_path,
                                   env={**os.environ, "KEYFOLD_CACHE": str(tmp_path)}, start_new_session=True)
    try:
        process.wait(60)
    except subprocess.TimeoutExpired:
        os.killpg(process.pid, signal.SIGKILL)      # with all its workers
        process.wait()
        pytest.fail(f"it hangs: {out.read_text()}")
    assert out.read_text().splitlines()[-1:] == ["[1, 'NoFile', 'Replaced', 'NoFile', 2, 0, 1, 4, 9]"], out.read_text()
