"""Indexes of names in other processes and threads: pickles, pools, errors there, forks, interrupts."""
import copy
import gc
import os
import pickle
import signal
import subprocess
import sys
import threading
from concurrent import futures

import pytest
from conftest import LEVEL, need_pool, on_posix

import keyfold

NAMES = [f"FIRM {number} {form}" for number in range(300) for form in ("LTD", "INC", "GMBH")]


@pytest.fixture
def index(tmp_path):
    return keyfold.compile_names(tmp_path / "firms.kf", NAMES)


def test_pickles(index):
    for protocol in range(2, pickle.HIGHEST_PROTOCOL + 1):
        sent = pickle.dumps(index, protocol)
        assert len(sent) < 300
        assert pickle.loads(sent).best("FIRM 7 INC").id == NAMES.index("FIRM 7 INC")
    assert copy.copy(index) is index and copy.deepcopy(index) is index
    match = index.best("FIRM 7 INC")
    assert pickle.loads(pickle.dumps(match)) == match
    found = pickle.loads(pickle.dumps(index.matches("FIRM 7", 3)))
    assert found == index.matches("FIRM 7", 3) and found.exact and found.tied == index.matches("FIRM 7", 3).tied
    named = keyfold.NameIndex(index.path, ids="bytes")
    assert pickle.loads(pickle.dumps(named)).best("FIRM 7 INC").id == b"22"


def test_what_arrives_is_open_at_its_first_use(tmp_path):
    index = keyfold.compile_names(tmp_path / "firms.kf", NAMES)
    path = index.path
    sent = pickle.dumps(index)
    del index
    gc.collect()
    os.rename(path, tmp_path / "away.kf")
    late = pickle.loads(sent)
    assert late.path == path and "not open yet" in repr(late) and len(late.build_id) == 16
    with pytest.raises(keyfold.NoFile, match="was sent here as path and build id"):
        late.best("FIRM")
    os.rename(tmp_path / "away.kf", path)
    assert late.best("FIRM 7 LTD").score == 1.0 and "900 names" in repr(late)
    del late
    keyfold.compile_names(path, ["OTHER"])
    with pytest.raises(keyfold.Replaced):
        len(pickle.loads(sent))
    closed = pickle.loads(sent)
    closed.close()
    with pytest.raises(ValueError, match="closed"):
        len(closed)


def test_threads_use_it_first(index):
    sent = pickle.dumps(index)
    switch = sys.getswitchinterval()
    sys.setswitchinterval(1e-6)
    try:
        for _ in range(60):
            late, barrier = pickle.loads(sent), threading.Barrier(4)

            def first(_, late=late, barrier=barrier):
                barrier.wait()
                return len(late)

            with futures.ThreadPoolExecutor(4) as pool:
                assert list(pool.map(first, range(4))) == [900] * 4
    finally:
        sys.setswitchinterval(switch)


@pytest.mark.parametrize("before", [True, False])
def test_closed_while_another_thread_opens_it(index, monkeypatch, before):
    late = pickle.loads(pickle.dumps(index))
    take = keyfold.NameIndex._take

    def taken(self, handle):
        if before:
            late.close()
        take(self, handle)
        if not before:
            late.close()

    monkeypatch.setattr(keyfold.NameIndex, "_take", taken)
    with pytest.raises(ValueError, match="closed"):
        len(late)
    assert late.closed and "closed" in repr(late)
    with pytest.raises(ValueError, match="closed"):
        len(late)
    assert len(index) == 900


def test_an_index_outlives_its_file(index):
    sent = pickle.dumps(index)
    os.unlink(index.path)
    assert pickle.loads(sent).best("FIRM 7 LTD").score == 1.0


def test_packed(index, tmp_path, monkeypatch):
    monkeypatch.setenv("KEYFOLD_CACHE", str(tmp_path / "cache"))
    sent = pickle.dumps(index.packed())
    again = pickle.dumps(keyfold.NameIndex(open(index.path, "rb").read()))
    assert min(len(sent), len(again)) > os.stat(index.path).st_size
    os.unlink(index.path)
    del index
    gc.collect()
    for each in (sent, again):
        there = pickle.loads(each)
        assert there.best("FIRM 7 LTD").score == 1.0 and there.path.startswith(str(tmp_path / "cache"))


def test_threads_have_matchers_of_their_own(index):
    expected = {name: index.matches(name + "X", 5) for name in NAMES[::30]}
    problems = []

    def search():
        try:
            for _ in range(3):
                for name, answer in expected.items():
                    assert index.matches(name + "X", 5) == answer
        except BaseException as problem:
            problems.append(problem)

    workers = [threading.Thread(target=search) for _ in range(6)]
    for each in workers:
        each.start()
    for each in workers:
        each.join()
    assert not problems and 1 <= len(index._handle._matchers) <= 6


@on_posix("no fork")
def test_forks(index, python):
    done = python("""
import os, sys, threading, keyfold
index = keyfold.NameIndex(sys.argv[1])
expected = index.matches("FIRM 77", 3)
stop = threading.Event()
def busy():
    while not stop.is_set():
        index.best("FIRM 78 LDT")
threads = [threading.Thread(target=busy) for _ in range(3)]
for each in threads: each.start()
for _ in range(10):
    child = os.fork()
    if child == 0:
        good = index.matches("FIRM 77", 3) == expected and index.best_many(["FIRM 77"] * 5, threads=2)[4] == expected[0]
        os._exit(0 if good else 1)
    assert os.waitpid(child, 0)[1] == 0
stop.set()
for each in threads: each.join()
print("good")
""", index.path)
    assert done.stdout == "good\n", done.stderr


@on_posix("no such signal")
def test_an_interrupt_ends_a_batch(index, python):
    done = python("""
import os, signal, sys, threading, keyfold
index = keyfold.NameIndex(sys.argv[1])
threading.Timer(0.3, os.kill, (os.getpid(), signal.SIGINT)).start()
try:
    while True:
        index.best_many(["NO SUCH THING %d AT ALL" % n for n in range(50000)], threads=2)
except KeyboardInterrupt:
    print("interrupted", index.best("FIRM 7 LTD").score)
""", index.path)
    assert done.stdout == "interrupted 1.0\n", done.stderr


def test_progress_of_a_batch(index):
    told = []
    index.best_many(NAMES, threads=2, progress=lambda done, total: told.append((done, total)))
    assert told[-1] == (len(NAMES), len(NAMES)) and told == sorted(told)

    class Bar:
        total = done = 0

        def update(self, count):
            self.done += count

    bar = Bar()
    index.matches_many(["FIRM", None], progress=bar)
    assert bar.done == 1

    def stop(done, total):
        raise RuntimeError("enough")

    with pytest.raises(RuntimeError, match="enough"):
        index.best_many(NAMES, progress=stop)


PROGRAM = """
import pickle, sys
import keyfold

def look(index, names):
    return [match.id for match in index.best_many(names, threads=1)]

def square(number):
    return number * number

def outcome(get):
    try:
        return get()
    except Exception as problem:
        return type(problem).__name__

def run(kind, indexes):
    tasks = [(look, (index, ["FIRM 7 LTD", "FIRM 8 GMBH"])) for index in indexes] + [(square, (3,))]
    if kind == "loky":
        import joblib
        with joblib.parallel_config("loky", n_jobs=2):
            return [outcome(lambda: joblib.Parallel()([joblib.delayed(function)(*arguments)])[0])
                    for function, arguments in tasks]
    if kind == "dask":
        import dask
        return [outcome(dask.delayed(function)(*arguments).compute) for function, arguments in tasks]
    if kind in ("fork", "spawn"):
        import multiprocessing
        with multiprocessing.get_context(kind).Pool(2) as pool:
            handles = [pool.apply_async(*task) for task in tasks]
            return [outcome(handle.get) for handle in handles]
    import concurrent.futures as futures, multiprocessing
    with (futures.ThreadPoolExecutor(2) if kind == "threads" else
          futures.ProcessPoolExecutor(2, mp_context=multiprocessing.get_context("forkserver"))) as pool:
        handles = [pool.submit(function, *arguments) for function, arguments in tasks]
        return [outcome(handle.result) for handle in handles]

if __name__ == "__main__":
    with open(sys.argv[2], "rb") as file:
        answer = run(sys.argv[1], pickle.load(file))
    print(answer, flush=True)
"""


@pytest.fixture(scope="module")
def program(tmp_path_factory):
    """A program, and indexes that are there, absent, and replaced."""
    folder = tmp_path_factory.mktemp("names")
    indexes = [keyfold.compile_names(folder / f"{name}.kf", NAMES + [name]) for name in ("good", "absent", "replaced")]
    (folder / "indexes").write_bytes(pickle.dumps(indexes))
    (folder / "program.py").write_text(PROGRAM, encoding="utf-8")
    del indexes
    gc.collect()
    os.unlink(folder / "absent.kf")
    keyfold.compile_names(folder / "replaced.kf", ["OTHER"])
    return folder / "program.py", folder / "indexes"


@pytest.mark.parametrize("kind", ["fork", "spawn", "futures", "threads", "loky", "dask"])
def test_pools(program, kind, tmp_path):
    """A task whose index can't be opened fails and tells why, and its pool goes on."""
    need_pool(kind)
    if kind in ("loky", "dask"):
        pytest.importorskip({"loky": "joblib"}.get(kind, kind))
    if kind == "loky" and LEVEL != "long":
        pytest.skip("it takes long to start, and test_pools.py has it for dictionaries")
    path, indexes = program
    process = subprocess.Popen([sys.executable, path, kind, indexes], stdout=subprocess.PIPE, stderr=subprocess.STDOUT,
                               cwd=tmp_path, start_new_session=True, text=True)
    try:
        said = process.communicate(timeout=60)[0]
    except subprocess.TimeoutExpired:
        os.killpg(process.pid, signal.SIGKILL)      # with all its workers
        pytest.fail("it hangs: " + process.communicate()[0])
    assert said.splitlines()[-1:] == [f"[[{7 * 3}, {8 * 3 + 2}], 'NoFile', 'Replaced', 9]"], said


def test_a_udf_in_the_style_of_spark(index):
    """An iterator of pandas Series in, one of frames out, through a pickled function that has the index."""
    pandas = pytest.importorskip("pandas")
    cloudpickle = pytest.importorskip("cloudpickle")

    def match(batches):
        for series in batches:
            yield index.best_many(series, threads=1, output="pandas")[["id", "score"]]

    there = pickle.loads(cloudpickle.dumps(match))
    frames = list(there(iter([pandas.Series(["FIRM 7 LTD"]), pandas.Series(["FIRM 8 GMBH", None])])))
    assert [frame["id"].tolist() for frame in frames] == [[21], [26, pandas.NA]]
