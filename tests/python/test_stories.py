"""The two programs that the package is for, run as whole programs under conftest's start methods.

The first runs under a limit of memory that neither the dict nor its file fits into. KEYFOLD_STORY_PAIRS
(75000), KEYFOLD_STORY_PARTS (16), KEYFOLD_STORY_VALUE (1000 incompressible bytes a value) and
KEYFOLD_STORY_LIMIT (72 MiB) make it larger: 49 bytes a pair in the pickles is what it was like in earnest.
"""
import hashlib
import json
import os
import pickle
import random
import subprocess
import sys

import pytest
from conftest import LEVEL, METHODS

PAIRS = int(os.environ.get("KEYFOLD_STORY_PAIRS", "75000"))
PARTS = int(os.environ.get("KEYFOLD_STORY_PARTS", "16"))
VALUE = int(os.environ.get("KEYFOLD_STORY_VALUE", "1000"))
LIMIT = int(os.environ.get("KEYFOLD_STORY_LIMIT", str(72 << 20)))


def run(program, folder, *arguments):
    """Runs a program from a file, which spawned workers can import."""
    path = folder / "program.py"
    path.write_text(program)
    done = subprocess.run([sys.executable, path, *map(str, arguments)],
                          capture_output=True, text=True, timeout=3000)
    assert done.returncode == 0, done.stderr
    return json.loads(done.stdout)


# ---- A: a dict in many pickled parts, looked up by many workers ----------------------------------

STORY_A = '''
import functools, glob, hashlib, json, multiprocessing as mp, os, pickle, resource, sys
import keyfold

folder, method, limit = sys.argv[1], sys.argv[2], int(sys.argv[3])
WORKERS = 3

def items(path):                                  # runs in compile workers, one part at a time
    with open(path, "rb") as f:
        return pickle.load(f).items()

def written():
    """How much memory this process alone has. The file's pages, which nobody writes, are not in it."""
    with open("/proc/self/smaps_rollup") as f:
        return sum(int(line.split()[1]) << 10 for line in f if line.startswith("Private_Dirty"))

def idle(_):
    return written()

def chunks(folder):
    for path in sorted(glob.glob(os.path.join(folder, "*"))):
        with open(path) as f:
            yield f.read()

def ids(chunk):
    return chunk.split("\\n")

def process(chunk, values):
    return hashlib.sha256("\\n".join(value or "?" for value in values).encode()).hexdigest(), written()

def job(table, chunk):
    return process(chunk, table.get_many(ids(chunk)))

if __name__ == "__main__":
    resource.setrlimit(resource.RLIMIT_DATA, (limit, limit))
    mp.set_start_method(method)
    big = os.path.join(folder, "big.kf")
    keyfold.compile(big, glob.glob(os.path.join(folder, "parts", "*.pkl")), reader=items,
                    workers=WORKERS, memory="16M", duplicates="error")
    table = keyfold.open(big)                     # Mapping[str, str]
    with mp.Pool(WORKERS) as pool:
        base = min(pool.map(idle, range(WORKERS), chunksize=1))
        answers = list(pool.imap(functools.partial(job, table), chunks(os.path.join(folder, "data"))))
    print(json.dumps({"count": len(table), "answers": [answer for answer, _ in answers],
                      "growth": max(memory for _, memory in answers) - base, "size": os.path.getsize(big),
                      "pickle": len(pickle.dumps(table))}))
'''


@pytest.fixture(scope="module")
def parts(tmp_path_factory):
    """Accessions as in NCBI's accession2taxid tables: prefixes of a Zipf distribution, runs of consecutive
    numbers with gaps, versions that are mostly .1. The values begin with the versioned accession; what
    follows is noise, which makes the file as large as the limit of memory asks for."""
    folder = tmp_path_factory.mktemp("story")
    (folder / "parts").mkdir()
    (folder / "data").mkdir()
    source = random.Random(20)
    prefixes = [("XM_", 9), ("NP_", 9), ("WP_", 9)] + \
        [("".join(source.choices("ABCDEFGHJKLMNPQRSTUVWXYZ", k=letters)), digits)
         for letters, digits in ((1, 5), (2, 6), (3, 5), (4, 8)) for _ in range(12)]
    seen, chunk, wanted = set(), [], []
    for number in range(PARTS):
        part = {}
        while len(part) < PAIRS // PARTS:
            prefix, digits = prefixes[min(int(source.paretovariate(0.7)) - 1, len(prefixes) - 1)]
            at = source.randrange(10 ** digits)
            for _ in range(min(source.randrange(1, 400), PAIRS // PARTS - len(part))):
                at = (at + (1 if source.random() < 0.9 else source.randrange(2, 9))) % 10 ** digits
                key = f"{prefix}{at:0{digits}}"
                if key not in seen:
                    seen.add(key)
                    noise = source.getrandbits(8 * VALUE).to_bytes(VALUE, "little").hex() if VALUE else ""
                    part[key] = f"{key}.{1 if source.random() < 0.9 else 2}{noise}"
        (folder / "parts" / f"{number:04}.pkl").write_bytes(pickle.dumps(part))
        for key in source.sample(sorted(part), len(part) // 10):
            chunk += [(key, part[key]), (key + "x", "?")]
        if number % 4 == 3 or number == PARTS - 1:
            source.shuffle(chunk)
            (folder / "data" / f"{number:04}").write_text("\n".join(key for key, _ in chunk))
            wanted.append(hashlib.sha256("\n".join(value for _, value in chunk).encode()).hexdigest())
            chunk = []
    return folder, wanted


@pytest.mark.parametrize("method", METHODS if LEVEL == "long" else METHODS[:1])
def test_a_huge_dict_that_every_worker_reads(parts, method, tmp_path):
    folder, wanted = parts
    result = run(STORY_A, tmp_path, folder, method, LIMIT)
    assert result["count"] == PAIRS // PARTS * PARTS and result["answers"] == wanted
    assert result["growth"] < 50 << 20 and result["pickle"] < 300
    assert result["size"] > LIMIT, "the file fits into the limit, so the test shows nothing"
    os.unlink(folder / "big.kf")
    assert sorted(os.listdir(folder)) == ["data", "parts"]


# ---- B: lookup structures within a pipeline ------------------------------------------------------

STORY_B = '''
import json, multiprocessing as mp, os, pickle, random, sys
from concurrent.futures import ProcessPoolExecutor, ThreadPoolExecutor
import keyfold

class Tokenize:
    def __call__(self, doc): return doc.split()

class Lookup:
    def __init__(self, table): self.table = keyfold.freeze(table)   # dict, nested dict or already frozen
    def __call__(self, doc): return doc + [self.table.get(t) for t in doc if isinstance(t, str)]

class Pipeline:
    def __init__(self, steps): self.steps = steps
    def __call__(self, doc):
        for step in self.steps: doc = step(doc)
        return doc

def maps(pipe):
    """How often this process maps the pipeline's files, after it unpickled them many times."""
    copies = [pickle.loads(pickle.dumps(pipe)) for _ in range(20)]
    tables = [step.table for copy in copies for step in copy.steps[1:]]
    assert [table.get("w1") for table in tables]
    with open("/proc/self/maps") as f:
        lines = [line.split()[-1] for line in f if line.rstrip().endswith(".kf")]
    return {path: lines.count(path) for path in {table.path for table in tables}}

if __name__ == "__main__":
    source = random.Random(4)
    words = [f"w{i}" for i in range(5000)]
    values = [None, 0, -5, 2**70, "text", (1, ("two", None)), 1.5, True, b"bytes", [1, {"in": "side"}]]
    huge_dict = {word: source.choice(values) for word in words}
    nested_trie = {word: {"pos": {"tag": source.choice("NVA"), "rank": i}, "senses": {}} if i % 2 else i
                   for i, word in enumerate(words)}
    docs = [" ".join(source.choices(words + ["absent"], k=30)) for _ in range(40)]
    pipe = Pipeline([Tokenize(), Lookup(huge_dict), Lookup(nested_trie), Lookup(keyfold.freeze(huge_dict))])
    assert len(pickle.dumps(pipe)) < 4 << 10
    single = list(map(pipe, docs))
    plain = Pipeline([Tokenize()] + [Lookup.__new__(Lookup) for _ in range(3)])
    for step, table in zip(plain.steps[1:], (huge_dict, nested_trie, huge_dict)):
        step.table = table
    assert single == list(map(plain, docs)) and list(map(plain, docs)) == single
    for frozen, table in zip(pipe.steps[1:], plain.steps[1:]):
        frozen, table = frozen.table, table.table
        assert frozen == table and table == frozen and len(frozen) == len(table) and set(frozen) == set(table)
        assert keyfold.freeze(frozen) is frozen
        try: frozen["absent"]
        except KeyError: pass
        else: raise AssertionError("no KeyError")
        for word in words:
            assert frozen[word] == table[word]
            assert (type(frozen[word]) is type(table[word]) or table is nested_trie)
    assert pipe.steps[1].table is not pipe.steps[2].table
    seen = {}
    for method in sys.argv[1:]:
        with mp.get_context(method).Pool(3) as p:
            assert p.map(pipe, docs) == single
            assert list(p.imap_unordered(maps, [pipe] * 6))
            seen[method] = [sorted(counts.values()) for counts in p.map(maps, [pipe] * 6, chunksize=1)]
        with ProcessPoolExecutor(2, mp_context=mp.get_context(method)) as ex:
            assert list(ex.map(pipe, docs)) == single
    with ThreadPoolExecutor(8) as ex: assert list(ex.map(pipe, docs)) == single
    print(json.dumps(seen))
'''


def test_lookup_structures_in_a_pipeline(tmp_path, monkeypatch):
    monkeypatch.setenv("KEYFOLD_CACHE", str(tmp_path / "cache"))
    seen = run(STORY_B, tmp_path, *METHODS)
    assert sorted(seen) == sorted(METHODS)
    for counts in seen.values():
        assert counts == [[1, 1]] * 6       # two files (one table is there twice), each mapped once
    assert len(list((tmp_path / "cache").glob("*.kf"))) == 2
