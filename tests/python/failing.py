"""What test_memory.py runs in a process of its own: what the package does while one allocation after another fails.

    failing.py library STEP FOLDER [NAME...]   by malloc, of the package's modules: each STEP-th; with fail_malloc.c
                                               preloaded
    failing.py objects MANY FOLDER [NAME...]   of Python's objects: as many, as many of the first 10 as of 10 to 100

An allocation of a call fails once. The call then raises MemoryError or gives what it gives otherwise, and the same
call does so afterwards. A line for each that does something else; the last line counts those that raised, and those
lines."""
import ctypes
import gc
import itertools
import os
import pickle
import random
import shutil
import sys
import traceback
from pathlib import Path

import keyfold

how, many, folder, wanted = sys.argv[1], int(sys.argv[2]), Path(sys.argv[3]), sys.argv[4:]
random.seed(os.environ.get("KEYFOLD_TEST_FIRST", "0"))
STRINGS = {f"key {i:03}": f"value {i % 7} of {i}" for i in range(60)}
NUMBERS = {key: i * i for i, key in enumerate(STRINGS)}
LISTS = {key: [number, None] for key, number in NUMBERS.items()}
NUMBER = itertools.count()
NAMES = ["Acme Ltd", "Acne Limited", "Zenith GmbH", "Apex Inc"]
strings = keyfold.compile(folder / "strings.kf", STRINGS)
numbers = keyfold.compile(folder / "numbers.kf", NUMBERS, weights="value")
names = keyfold.compile_names(folder / "names.kfn", NAMES)


def pairs(matches):
    return [(match.key, match.value) for match in matches]


def compile_all():
    return [dict(keyfold.compile(folder / "new.kf", table, **options).items())
            for table, options in ((STRINGS, {}), (NUMBERS, {}), (LISTS, {"codec": "json"}), (STRINGS.items(), {}))]


def compile_more():
    keyfold.merge(folder / "merged.kf", [strings, strings])
    return [list(keyfold.compile_names(folder / "new.kfn", NAMES).rows()), list(keyfold.open(folder / "merged.kf"))]


def shards():
    for path in folder.glob("table.kfm*"):
        path.unlink() if path.is_file() else shutil.rmtree(path)
    made = keyfold.Shards(folder / "table.kfm", codec="u64")
    return dict(made.finish([made([("a", 1), ("b", 2)]), made([("c", 3)])]).items())


def freeze():
    return keyfold.freeze({**STRINGS, "new": str(next(NUMBER))})["key 003"]


def open_new():
    shutil.copy(folder / "strings.kf", folder / "copy.kf")
    with keyfold.open(folder / "copy.kf") as table:
        return table["key 004"], pickle.loads(pickle.dumps(table))["key 005"]


def look_up():
    key = f"key {random.randrange(60):03}"
    assert strings[key] == STRINGS[key] and numbers.get(key) == NUMBERS[key] and "x" not in strings
    return (strings.get("x"), strings.get_many([*STRINGS]), numbers.get_many(["key 007", "x"]),
            strings.packed()["key 008"])


def walk():
    return (list(strings), list(strings.items(prefix="key 00")), list(strings.values()), strings.ordinal("key 010"),
            strings.longest_prefix("key 0055"), strings.prefixes("key 0055"), strings.count_prefix("key"),
            strings.key_at(4), strings.value_at(3), list(keyfold.union(strings, strings)),
            list(keyfold.diff(strings, strings)), str(strings.stat()), strings.metadata)


def search():
    return (pairs(strings.select(keyfold.Fuzzy("key 01x", 1) & ~keyfold.Glob("*9"))), pairs(strings.match("key 0.*3")),
            pairs(strings.nearest("key 0i", 3)), pairs(strings.subsequence("k8")), pairs(numbers.complete("key", 3)),
            pairs(strings.find_all("a key 003 and key 010")),
            [pairs(found) for found in strings.fuzzy_many(["key 0i", "k"], workers=1)],
            [pairs(found) for found in strings.nearest_many(["key 0i", "k"], workers=1)])


def search_names():
    return ([match.name for match in names.matches("Acme Limited", 3)], names.best("Zenith").name,
            str(names.explain("Acme", "Acme Ltd")),
            [match.name for match in names.best_many(["Acme Limited", "Zenith"])],
            [[match.name for match in found] for found in names.matches_many(["Acme", "Apex"], 2)],
            str(list(names.dedupe(0.3))), list(names.rows()), names.process("ACME ltd."), "Acme Ltd" in names)


def verify():
    return strings.verify(), names.verify()


def arrays():
    """Where numpy gets no memory for an object it crashes."""
    try:
        import numpy
        import pyarrow  # noqa: F401
    except ImportError:
        return None
    if how == "objects":
        return None
    made = keyfold.compile(folder / "array.kf", (numpy.array([*NUMBERS]), numpy.arange(60)))
    return (dict(made.items()), strings.to_arrow().to_pydict(),
            numbers.get_many(numpy.array(["key 003", "x"]), default=0))


CALLS = [compile_all, compile_more, shards, freeze, open_new, look_up, walk, search, search_names, verify, arrays]


class Library:
    def __init__(self):
        self.library = ctypes.PyDLL(os.environ["LD_PRELOAD"])
        self.library.fail_arm.argtypes = [ctypes.c_uint64]
        self.library.fail_live.restype = ctypes.c_long
        assert self.library.fail_watch() > 0

    def arm(self, n):
        self.library.fail_arm(n)

    def off(self):
        fired = self.library.fail_fired()
        self.library.fail_arm(0)
        return fired

    def live(self):
        return self.library.fail_live()


class Objects:
    """Nothing tells whether one has failed, or how many there are. (Needles of several threads are not asked for: where
    Python's pool gets no memory it waits for ever.)"""

    def __init__(self):
        import _testcapi
        self.hooks = _testcapi

    def arm(self, n):
        self.hooks.set_nomemory(n, n + 1)

    def off(self):
        self.hooks.remove_mem_hooks()
        return True

    def live(self):
        return 0


def is_others(problem):
    """What Python makes of it where its own library was running, and where a call got no frame."""
    *_, (frame, _) = traceback.walk_tb(problem.__traceback__)
    path = frame.f_code.co_filename
    return not path.startswith((os.path.dirname(keyfold.__file__), __file__)) or "can't allocate" in str(problem) or \
        str(problem).startswith(("error return without", "<function ")) or isinstance(problem, pickle.PicklingError)


def allocations():
    """The numbers of those that fail."""
    if how == "library":
        return itertools.count(random.randrange(many) + 1, many)
    return (int(10 ** random.uniform(0, 5)) for _ in range(many))


def sweep(call, memory):
    """Returns how many failed, and how many of them were something else than they should be."""
    call()
    expected = call()
    gc.collect()
    most, failures, wrong = memory.live(), 0, 0
    for n in allocations():
        got, problem = None, None
        memory.arm(n)
        try:
            try:
                got = call()
            finally:
                fired = memory.off()
        except BaseException as each:
            problem = each
        if problem is not None:
            fired = True
            failures += 1
            if not isinstance(problem, MemoryError) and not is_others(problem):
                wrong += 1
                print(f"{call.__name__}, allocation {n}: {problem!r}")
                traceback.print_exception(problem, file=sys.stdout)
            problem = None
        elif got != expected:
            wrong += 1
            print(f"{call.__name__}, allocation {n}: a wrong answer: {str(got)[:200]}")
        got = None
        if memory.live() > most:
            call()
            gc.collect()
            if memory.live() > most:
                wrong += 1
                print(f"{call.__name__}, allocation {n}: {memory.live() - most} are left")
                most = memory.live()
        if not fired:
            break
    if call() != expected:
        wrong += 1
        print(f"{call.__name__}: another answer afterwards")
    return failures, wrong


counts = {call.__name__: sweep(call, Library() if how == "library" else Objects())
          for call in CALLS if not wanted or call.__name__ in wanted}
print(counts)
print(sum(failures for failures, _ in counts.values()), sum(wrong for _, wrong in counts.values()))
