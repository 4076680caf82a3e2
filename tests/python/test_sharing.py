"""One file, many users: pickles, processes, threads, fork, exit."""
import gc
import multiprocessing
import os
import pickle
import shutil
import signal
import sys
import threading
import weakref
from concurrent.futures import ProcessPoolExecutor, ThreadPoolExecutor

import pytest

import keyfold
from conftest import LEVEL, METHODS, need_pool, on_posix
from keyfold import _handle

MODEL = {f"key {i}": f"value {i * i}" for i in range(3000)}


@pytest.fixture
def table(make):
    return make(MODEL)


def mappings(path):
    with open("/proc/self/maps", encoding="utf-8", errors="surrogateescape") as lines:
        return sum(line.rstrip("\n").endswith(path) for line in lines)


def test_a_pickle_is_small(table):
    for protocol in range(pickle.HIGHEST_PROTOCOL + 1):
        data = pickle.dumps(table, protocol)
        assert len(data) < 300 + len(table.path) - 40
        assert pickle.loads(data)["key 7"] == "value 49"
    assert len(pickle.dumps(table)) < 300


@on_posix("no /proc")
def test_a_process_maps_a_file_once(table):
    copies = [pickle.loads(pickle.dumps(table)) for _ in range(20)]
    copies += [keyfold.open(table.path), keyfold.open(os.path.relpath(table.path))]
    assert all(copy == table and copy._handle is table._handle for copy in copies)
    assert mappings(table.path) == 1


@on_posix("links take a right")
def test_a_symbolic_link_is_the_same_file(table, tmp_path):
    link = tmp_path / "link.kf"
    link.symlink_to(table.path)
    assert keyfold.open(link)._handle is table._handle
    assert keyfold.open(os.fsencode(link)).path == table.path


def test_options_travel_with_the_pickle(table):
    other = keyfold.open(table.path, codec="raw", keys="bytes", in_memory=True)
    again = pickle.loads(pickle.dumps(other))
    assert again[b"key 3"] == b"value 9" and again._handle is other._handle is not table._handle
    assert len(pickle.dumps(other)) < 300


def test_a_bound_method_pickles(table):
    assert pickle.loads(pickle.dumps(table.get))("key 5") == "value 25"


def work(table, keys):
    return os.getpid(), [table.get(key) for key in keys], len(table), _handle.acquire(table.path) is table._handle


@pytest.mark.parametrize("method", METHODS)
def test_workers(table, method):
    chunks = [[f"key {i}" for i in range(start, start + 120)] for start in range(0, 3600, 120)]
    with multiprocessing.get_context(method).Pool(3) as pool:
        results = pool.starmap(work, [(table, chunk) for chunk in chunks])
    assert [values for _, values, _, _ in results] == [[MODEL.get(key) for key in chunk] for chunk in chunks]
    assert all(size == len(MODEL) and same for _, _, size, same in results)
    assert os.getpid() not in {pid for pid, *_ in results}


def test_futures(table):
    chunks = [[f"key {i}" for i in range(start, start + 500)] for start in range(0, 3000, 500)]
    expected = [[MODEL[key] for key in chunk] for chunk in chunks]
    with ThreadPoolExecutor(8) as pool:
        assert [values for _, values, _, _ in pool.map(work, [table] * 6, chunks)] == expected
    need_pool("futures")
    context = multiprocessing.get_context("spawn")
    with ProcessPoolExecutor(2, mp_context=context) as pool:
        assert [values for _, values, _, _ in pool.map(work, [table] * 6, chunks)] == expected


def test_threads_share_a_handle(make):
    model = {f"{i}": "x" * (i % 700) + str(i) for i in range(2000)}
    table = make(model)
    failures = []
    switch = sys.getswitchinterval()

    def look(seed):
        try:
            for i in range(4000):
                key = str((i * 7919 + seed) % 2500)
                if table.get(key) != model.get(key):
                    failures.append(key)
            if dict(table) != model:
                failures.append("items")
        except BaseException as problem:
            failures.append(problem)

    sys.setswitchinterval(1e-6)
    try:
        threads = [threading.Thread(target=look, args=(seed,)) for seed in range(8)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
    finally:
        sys.setswitchinterval(switch)
    assert not failures


@on_posix("no alarm")
def test_lookups_inside_lookups(make):
    """A signal handler that looks things up may run between any two steps of a lookup."""
    model = {f"{i}": chr(97 + i % 26) * (i % 300) for i in range(500)}
    table = make(model)
    failures = []

    def handler(number, frame):
        for i in range(0, 500, 37):
            if table[f"{i}"] != model[f"{i}"]:
                failures.append(i)

    before = signal.signal(signal.SIGALRM, handler)
    try:
        signal.setitimer(signal.ITIMER_REAL, 1e-4, 1e-4)
        for round_ in range(40):
            for i in range(500):
                if table[f"{i}"] != model[f"{i}"]:
                    failures.append(i)
    finally:
        signal.setitimer(signal.ITIMER_REAL, 0)
        signal.signal(signal.SIGALRM, before)
    assert not failures


@on_posix("no /proc")
def test_opening_in_many_threads_gives_one_handle(make):
    path = make(MODEL).path
    gc.collect()
    assert mappings(path) == 0
    barrier = threading.Barrier(8)

    def open_(_):
        barrier.wait()
        return keyfold.open(path)

    with ThreadPoolExecutor(8) as pool:
        tables = list(pool.map(open_, range(8)))
    assert len({id(each._handle) for each in tables}) == 1
    assert mappings(path) == 1


@on_posix("no /proc")
def test_a_handle_closes_with_its_last_user(make):
    table = make(MODEL)
    path = table.path
    iterator = iter(table.items())
    view = table.keys()
    next(iterator)
    handle = weakref.ref(table._handle)
    del table
    assert mappings(path) == 1 and len(view) == len(MODEL)
    del view
    gc.collect()
    assert sum(1 for _ in iterator) == len(MODEL) - 1
    del iterator
    gc.collect()
    assert handle() is None and mappings(path) == 0


def test_closing(table):
    other = keyfold.open(table.path)
    iterator = iter(table)
    next(iterator)
    with table as inside:
        assert inside is table
    assert table.closed and "closed" in repr(table)
    assert next(iterator) in MODEL
    for use in (lambda: table["key 1"], lambda: table.get("key 1"), lambda: "key 1" in table, lambda: len(table),
                lambda: list(table), lambda: table.ordinal("key 1"), lambda: table.key_at(0), table.verify,
                table.stat, lambda: table.longest_prefix("x"), lambda: table.metadata, lambda: len(table.keys())):
        with pytest.raises(ValueError, match="closed"):
            use()
    table.close()
    assert other["key 1"] == "value 1"
    numbers = keyfold.open(other.path, codec="raw")
    numbers.close()
    with pytest.raises(ValueError, match="closed"):
        numbers.get("key 1")


@pytest.mark.parametrize("codec", ["u64", "none"])
def test_closing_other_shapes(make, codec):
    table = make({"a": 1 if codec == "u64" else None}, codec=codec)
    table.close()
    for use in (lambda: table["a"], lambda: table.get("a"), lambda: table.get("b"), lambda: "a" in table,
                lambda: table.value_at(0), lambda: list(table.values())):
        with pytest.raises(ValueError, match="closed"):
            use()


def test_closing_under_threads_that_look_things_up(make):
    model = {str(i): "x" * 300 + str(i) for i in range(100)}
    path = make(model).path
    wrong = []
    for _ in range(60 if LEVEL == "long" else 10):
        gc.collect()
        table = keyfold.open(path)

        def look():
            try:
                while True:
                    for key, value in model.items():
                        if table[key] != value:
                            wrong.append(key)
            except ValueError:
                pass
            except BaseException as problem:
                wrong.append(problem)

        threads = [threading.Thread(target=look) for _ in range(3)]
        for thread in threads:
            thread.start()
        table.close()
        for thread in threads:
            thread.join()
    assert not wrong


@on_posix("no fork")
def test_a_forked_child_uses_what_the_parent_opened(table):
    reader, writer = os.pipe()
    held = threading.Event()
    done = threading.Event()

    def hold():
        with _handle._lock:
            held.set()
            done.wait(30)

    thread = threading.Thread(target=hold)
    thread.start()
    held.wait()
    child = os.fork()
    if child == 0:
        status = 1
        try:
            signal.alarm(20)
            again = keyfold.open(table.path)   # the lock that the parent's thread held must not matter
            ok = dict(again) == MODEL == dict(table) and pickle.loads(pickle.dumps(table))["key 2"] == "value 4"
            os.write(writer, b"ok" if ok else b"no")
            status = 0
        finally:
            os._exit(status)
    os.close(writer)
    with os.fdopen(reader, "rb") as answer:
        text = answer.read()
    _, status = os.waitpid(child, 0)
    done.set()
    thread.join()
    assert (text, status) == (b"ok", 0)


def test_a_replaced_file(make):
    path = make.path()
    old = keyfold.compile(path, {"a": "old"})
    data = pickle.dumps(old)
    new = keyfold.compile(path, {"a": "new"})
    assert new["a"] == "new" and old["a"] == "old"
    # This process still has the file that the pickle means, others must not take the new one for it.
    assert pickle.loads(data)["a"] == "old"
    del old
    gc.collect()
    with pytest.raises(keyfold.Replaced, match="replaced"):
        pickle.loads(data)["a"]
    keyfold.compile(path, {"a": "old"})
    assert pickle.loads(data)["a"] == "old"


def test_a_pickle_whose_file_is_gone(make):
    path = make.path()
    data = pickle.dumps(keyfold.compile(path, {"a": "x"}))
    os.unlink(path)
    gc.collect()
    with pytest.raises(FileNotFoundError) as caught:
        pickle.loads(data)["a"]
    assert isinstance(caught.value, keyfold.NoFile) and caught.value.filename == path
    os.mkdir(path)
    with pytest.raises(keyfold.Error):
        pickle.loads(data)["a"]


def test_a_copy_at_another_path_is_another_file(table, tmp_path):
    copy = keyfold.open(shutil.copy(table.path, tmp_path / "copy.kf"))
    assert copy._handle is not table._handle and copy.build_id == table.build_id and copy == table


EXIT = """
import sys, threading, keyfold
table = keyfold.open(sys.argv[1])
how = sys.argv[2]
class Late:
    def __del__(self):
        print(table is None or table.get("key 3"), flush=True)
late = Late()
iterator = iter(table.items()); next(iterator)
if how == "cycle":
    late.itself = late; late.iterator = iterator
if how == "thread":
    def look():
        while True:
            for i in range(100): table[f"key {i}"]
    for _ in range(3): threading.Thread(target=look, daemon=True).start()
if how == "atexit":
    import atexit; atexit.register(lambda: print(table["key 3"]))
"""


@pytest.mark.parametrize("how", ["plain", "cycle", "thread", "atexit"])
def test_interpreter_exit(table, python, how):
    for _ in range(5 if how == "thread" else 1):
        done = python(EXIT, table.path, how)
        assert done.returncode == 0 and not done.stderr, done
        assert set(done.stdout.split("\n")) <= {"value 9", "True", ""}


MEMORY = """
import resource, sys, keyfold
table = keyfold.open(sys.argv[1])
size = table.stat().file_size
resource.setrlimit(resource.RLIMIT_DATA, (48 << 20, 48 << 20))
assert size > 64 << 20
del table
table = keyfold.open(sys.argv[1])
for i in range(0, 70, 7):
    value = table[i]
    assert len(value) == 1 << 20 and value[:8] == b"%8d" % i
assert len(table) == 70 and 69 in table
print("ok")
"""


@on_posix("no limits of a process")
def test_a_data_limit_below_the_file_size(make, python):
    path = make(((i, b"%8d" % i + os.urandom((1 << 20) - 8)) for i in range(70)), codec="raw").path
    done = python(MEMORY, path)
    assert done.stdout == "ok\n", done
