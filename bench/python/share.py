"""One table, many workers: share.py HOW FOLDER WORKERS SECONDS.

Each worker looks random keys up for some seconds; then the parent adds up what all its processes (workers,
servers, itself) take of the memory: the sum of their Pss."""
import contextlib
import json
import multiprocessing
import os
import pickle
import random
import sys
import time

from server import pss, redis_server, tree

TABLE = None     # what fork inherits


def nothing(_):
    return None


def only_started(table):
    table.get("?")


def table_itself(table):
    return table.get


def inherited(_):
    return TABLE.get


def redis_get(port):
    import redis
    client = redis.Redis(port=port)

    def get(key):
        found = client.get(key)
        return None if found is None else found.decode()
    return get


def lmdb_get(path):
    from peers import Lmdb
    global TABLE
    TABLE = Lmdb()
    return TABLE.open(path)


def shared_memory_get(setting):
    from shared_memory_dict import SharedMemoryDict
    global TABLE
    TABLE = SharedMemoryDict(*setting)
    return TABLE.get


def ultra_get(name):
    from UltraDict import UltraDict
    global TABLE
    TABLE = UltraDict(name=name)
    return TABLE.get


def work(opener, argument, keys_file, started, ready, begin, seconds, results):
    # What it takes until the first answer, the interpreter's start included.
    get = opener(argument)
    if get is not None:
        get("?")
    ready.put(time.monotonic() - started)
    with open(keys_file, "rb") as file:
        pairs = pickle.load(file)
    rng = random.Random(os.getpid())
    rng.shuffle(pairs)
    begin.wait()
    count = wrong = at = 0
    batch = 1       # until the clock is asked again
    start = now = time.monotonic()
    while get is not None and now < start + seconds:
        for key, value in pairs[at:at + batch]:
            wrong += get(key) != value
        count += len(pairs[at:at + batch])
        at = at + batch if at + batch < len(pairs) else 0
        before, now = now, time.monotonic()
        if now - before < 0.001:
            batch = min(2 * batch, 1024)
    results.put((count, wrong, max(now - start, 1e-9)))
    begin.wait()


@contextlib.contextmanager
def shared(how, folder):
    """Yields how a worker opens the table, with what, and the start method."""
    global TABLE
    path = os.path.join(folder, "keyfold")
    if how == "keyfold":
        import keyfold
        yield table_itself, keyfold.open(path), "spawn"
    elif how == "nothing":
        yield nothing, None, "spawn"
    elif how == "keyfold, one pair":
        import keyfold
        yield only_started, keyfold.compile(os.path.join(folder, "one.kf"), {"a": "b"}), "spawn"
    elif how == "lmdb":
        yield lmdb_get, os.path.join(folder, "lmdb"), "spawn"
    else:
        with open(os.path.join(folder, "pairs"), "rb") as file:
            table = dict(pickle.load(file))
        if how == "fork + dict":
            TABLE = table
            yield inherited, None, "fork"
        elif how == "a dict in each worker":
            yield table_itself, table, "spawn"
        elif how == "Manager.dict":
            with multiprocessing.get_context("spawn").Manager() as manager:
                proxy = manager.dict(table)
                table.clear()
                yield table_itself, proxy, "spawn"
        elif how == "Redis on loopback":
            import redis
            with redis_server(folder) as (port, _):
                client = redis.Redis(port=port)
                items = list(table.items())
                for i in range(0, len(items), 10000):
                    client.mset(dict(items[i:i + 10000]))
                table.clear()
                items.clear()
                yield redis_get, port, "spawn"
        elif how == "shared-memory-dict":
            from shared_memory_dict import SharedMemoryDict
            setting = f"keyfold-bench-{os.getpid()}", 2 * len(pickle.dumps(table)) + 1000
            memory = SharedMemoryDict(*setting)
            try:
                memory.update(table)
                table.clear()
                yield shared_memory_get, setting, "spawn"
            finally:
                memory.shm.close()
                memory.shm.unlink()
        elif how == "UltraDict":
            from UltraDict import UltraDict
            size = 2 * len(pickle.dumps(table)) + 1000
            ultra = UltraDict(table, full_dump_size=size, buffer_size=size, auto_unlink=True)
            table.clear()
            yield ultra_get, ultra.name, "spawn"


def main(how, folder, workers, seconds):
    with shared(how, folder) as (opener, argument, method):
        context = multiprocessing.get_context(method)
        ready, results = context.Queue(), context.Queue()
        begin = context.Barrier(workers + 1)
        processes, starts = [], []
        for _ in range(workers):
            process = context.Process(target=work, args=(
                opener, argument, os.path.join(folder, "sample"), time.monotonic(), ready, begin, seconds,
                results))
            process.start()
            processes.append(process)
            starts.append(ready.get())      # one after the other: how long one takes alone
        begin.wait()
        answers = [results.get() for _ in processes]
        memory = sum(map(pss, tree(os.getpid())))
        begin.wait()
        for process in processes:
            process.join()
    starts.sort()
    print(json.dumps({
        "gets_per_s": sum(count / took for count, _, took in answers),
        "wrong": sum(wrong for _, wrong, _ in answers), "start_s": starts[len(starts) // 2], "pss": memory}))


if __name__ == "__main__":
    main(sys.argv[1], sys.argv[2], int(sys.argv[3]), float(sys.argv[4]))
