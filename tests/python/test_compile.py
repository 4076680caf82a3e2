"""compile: parts read in worker processes, files, policies, failures, progress."""
import gc
import gzip
import io
import multiprocessing
import os
import pickle
import signal
import subprocess
import sys
import threading
import time
from pathlib import Path

import pytest
from conftest import LEVEL, METHODS, WINDOWS, on_posix
from hypothesis import given, settings, strategies as st

import keyfold
from keyfold import _wire


@pytest.fixture(params=METHODS)
def method(request):
    before = multiprocessing.get_start_method()
    multiprocessing.set_start_method(request.param, force=True)
    yield request.param
    multiprocessing.set_start_method(before, force=True)


@pytest.fixture(autouse=True)
def nothing_is_left(tmp_path):
    yield
    assert multiprocessing.active_children() == []
    left = [name for name in os.listdir(tmp_path) if "tmp" in name or name.startswith(".")]
    assert left == []


def no_children():
    """Whether this process has no child of any kind, zombies included; resource servers aside."""
    mine = []
    for entry in os.listdir("/proc"):
        if entry.isdigit():
            try:
                fields = Path("/proc", entry, "stat").read_text().rsplit(")", 1)[1].split()
                command = Path("/proc", entry, "cmdline").read_bytes()
            except OSError:
                continue
            if int(fields[1]) == os.getpid() and b"forkserver" not in command and b"tracker" not in command:
                mine.append(command)
    return mine == []


# ---- readers, which spawned workers import from here ---------------------------------------------

def unpickle(path):
    with open(path, "rb") as file:
        return pickle.load(file)


def unpickle_items(path):
    return unpickle(path).items()


def pair_by_pair(part):
    yield from part.items()


def itself(part):
    return part


def generated(part):
    yield from part


def slow_first(part):
    number, pairs = part
    if number == 0:
        time.sleep(0.3)
    return pairs


class Odd(Exception):
    def __init__(self, one, two):
        super().__init__(f"{one} and {two}")


def fail(part):
    number, how = part
    pairs = [(f"{number}-{i}", "x") for i in range(100)]
    if not how:
        return pairs
    if how == "raise":
        raise ValueError("no such thing")
    if how == "odd":
        raise Odd("this", "that")
    if how == "exit":
        sys.exit("enough")
    if how == "late":
        return failing_late(pairs)
    if how == "kill":
        os.kill(os.getpid(), signal.SIGKILL)
    if how == "vanish":
        os._exit(0)
    if how == "garbage":
        os.write(own_pipe(), b"garbage" * 100)
        time.sleep(30)
    if how == "cut":
        os.write(own_pipe(), _wire.HEAD.pack(b"keyfoldB", 5, 5, 5, 0))
        os._exit(1)
    if how == "sizes":
        os.write(own_pipe(), _wire.HEAD.pack(b"keyfoldB", 1, 5, 5, 0) + b"\xff" * 26)
        time.sleep(30)
    return how


def own_pipe():
    """Where this worker writes to the building process."""
    frame = sys._getframe()
    while not hasattr(frame.f_locals.get("self"), "pipe"):
        frame = frame.f_back
    return frame.f_locals["self"].pipe.fileno()


def failing_late(pairs):
    yield from pairs * 300
    raise KeyError("late")


def grow(part):
    for i in range(200_000):
        yield f"{part}-{i:09}", "v" * 1000 + str(i)


# ---- parts ---------------------------------------------------------------------------------------

def write_parts(folder, count, size):
    model, paths = {}, []
    for number in range(count):
        part = {f"{number}:{i}": f"é{i * number}" for i in range(size)}
        model.update(part)
        paths.append(folder / f"{number}.pkl")
        paths[-1].write_bytes(pickle.dumps(part))
    return model, paths


@pytest.mark.parametrize("workers", [0, 1, 3])
def test_parts(make, tmp_path, method, workers):
    model, paths = write_parts(tmp_path, 7, 5000)
    for reader in (unpickle, unpickle_items):
        table = keyfold.compile(make.path(), paths, reader=reader, workers=workers)
        assert table == model and (table.key_kind, table.codec) == ("str", "str")


@on_posix("a lambda can't be sent to a process that is spawned")
def test_what_readers_may_return(make):
    pairs = [(i, [i, None]) for i in range(3000)]
    parts = [pairs[:1000], dict(pairs[1000:2000]), {}, (), pairs[2000:]]
    for reader in (itself, lambda part: iter(part if isinstance(part, (list, tuple)) else part.items())):
        for workers in (0, 2):
            table = keyfold.compile(make.path(), parts, reader=reader, workers=workers)
            assert table == dict(pairs) and table.key_kind == "int"
    assert keyfold.compile(make.path(), (part for part in parts), reader=itself, workers=2) == dict(pairs)
    by_default = keyfold.compile(make.path(), iter(parts), reader=itself)
    assert by_default == dict(pairs)


def test_one_path_is_one_part(make, tmp_path):
    model, paths = write_parts(tmp_path, 1, 10)
    assert keyfold.compile(make.path(), paths[0], reader=unpickle) == model
    assert keyfold.compile(make.path(), str(paths[0]), reader=unpickle, workers=0) == model


def test_the_first_pair_decides_whoever_reads_it(make):
    parts = [(0, {}), (1, {b"a": 1.5}), (2, {b"b": 2.5})]
    for workers in (0, 1, 3):
        table = keyfold.compile(make.path(), parts, reader=slow_first, workers=workers)
        assert (table.key_kind, table.codec, dict(table)) == ("bytes", "float", {b"a": 1.5, b"b": 2.5})
    parts = [(0, {"first": "x"}), (1, {"second": 5})]
    with pytest.raises(keyfold.CodecError, match=r"part 1.*pair 1.*'second'.*codec 'str'.*first pairs"):
        keyfold.compile(make.path(), parts, reader=slow_first, workers=2)
    for parts in ([], [{}, [], ()]):
        for workers in (0, 2):
            table = keyfold.compile(make.path(), parts, reader=itself, workers=workers)
            assert len(table) == 0 and table.key_kind == "str"


@pytest.mark.parametrize("workers", [0, 2])
def test_what_does_not_fit_is_named(make, workers):
    good = [(f"{i}", "x") for i in range(2000)]
    cases = [
        (good + [(5, "x")], {}, TypeError, "part 1.*pair 2001: the key 5 is not one of str keys"),
        (good + [("k", b"x")], {}, keyfold.CodecError, "part 1.*pair 2001: the key 'k' has a value"),
        ([("k", -1)], dict(codec="u64", keys="str"), keyfold.CodecError, "part 1.*'k'.*u64.*2\\*\\*64"),
        (good + [("k", "x", 1)], {}, TypeError, "part 1.*pair 2001.*needed, not"),
        (good + [7], {}, TypeError, "part 1.*pair 2001.*needed, not 7"),
        (7, {}, TypeError, "part 1.*needed, not 7"),
        (None, {}, TypeError, "part 1.*needed, not None"),
    ]
    for second, options, kind, text in cases:
        path = make.path()
        first = [("a", 1)] if options else [("a", "x")]
        with pytest.raises(kind, match=text):
            keyfold.compile(path, [first, second], reader=itself, workers=workers, **options)
        assert not os.path.exists(path)


@pytest.mark.parametrize("method", METHODS if LEVEL == "long" else METHODS[:1], indirect=True)
@pytest.mark.parametrize("how, text", [
    ("raise", "the reader raised ValueError: no such thing"), ("odd", "the reader raised Odd: this and that"),
    ("exit", "the reader raised SystemExit: enough"), ("late", "the reader raised KeyError"),
    ("kill", "its worker was killed by SIGKILL"), ("vanish", "its worker exited with status 0"),
    ("garbage", "its worker sent garbage"), ("cut", "its worker exited with status 1"),
    ("sizes", "its worker sent garbage")])
def test_a_part_that_fails(make, method, how, text):
    if WINDOWS and how in ("kill", "garbage", "cut", "sizes"):
        pytest.skip("no such signal, and no descriptor to write to")
    path = make.path()
    parts = [(number, how if number == 5 else "") for number in range(9)]
    with pytest.raises(keyfold.ReaderError, match=f"part 5.*({text})") as caught:
        keyfold.compile(path, parts, reader=fail, workers=2)
    assert "5" in caught.value.part and not os.path.exists(path)
    assert pickle.loads(pickle.dumps(caught.value)).args == caught.value.args
    assert no_children()
    if how == "raise":
        assert isinstance(caught.value.__cause__, ValueError)
        assert "in fail" in str(caught.value.__cause__.__cause__)


def test_a_reader_in_this_process_that_fails(make):
    path = make.path()
    with pytest.raises(keyfold.ReaderError, match="part 1.*no such thing") as caught:
        keyfold.compile(path, [(0, ""), (1, "raise")], reader=fail, workers=0)
    assert isinstance(caught.value.__cause__, ValueError)
    with pytest.raises(SystemExit):
        keyfold.compile(path, [(0, "exit")], reader=fail, workers=0)
    assert not os.path.exists(path)


def test_a_reader_that_cannot_travel(make, method):
    parts = [{"a": "x"}]
    here = threading.Lock()

    def reader(part):
        assert here
        return part

    assert keyfold.compile(make.path(), parts, reader=reader, workers=0) == {"a": "x"}
    if method == "fork":
        assert keyfold.compile(make.path(), parts, reader=reader, workers=1) == {"a": "x"}
    else:
        with pytest.raises(keyfold.ArgumentError, match="picklable.*workers=0"):
            keyfold.compile(make.path(), parts, reader=reader, workers=1)
    with pytest.raises(keyfold.ReaderError, match="part 0.*pickled"):
        keyfold.compile(make.path(), [here], reader=itself, workers=1)
    with pytest.raises(TypeError, match="called"):
        keyfold.compile(make.path(), parts, reader="reader")


@given(st.lists(st.lists(st.tuples(st.text(max_size=3), st.integers(0, 1000)), max_size=8), max_size=6),
       st.sampled_from(["first", "last", "sum", "min", "max"]), st.integers(0, 3))
@settings(max_examples=40)
def test_policies_over_parts(tmp_path_factory, parts, policy, workers):
    model = {}
    for key, value in (pair for part in parts for pair in part):
        old = model.get(key)
        model[key] = value if old is None else {"first": old, "last": value, "sum": old + value,
                                                "min": min(old, value), "max": max(old, value)}[policy]
    path = tmp_path_factory.mktemp("policies") / "a.kf"
    numbered = list(enumerate(parts))
    table = keyfold.compile(path, numbered, reader=second, workers=workers, duplicates=policy, codec="u64",
                            keys="str")
    assert dict(table) == model


def second(part):
    return part[1]


def test_the_order_of_parts_counts(make):
    parts = [(number, [("k", str(number))]) for number in range(6)]
    for duplicates, value in (("first", "0"), ("last", "5")):
        table = keyfold.compile(make.path(), parts, reader=slow_first, workers=3, duplicates=duplicates)
        assert dict(table) == {"k": value}


def test_a_key_that_comes_again_is_named(make):
    for parts, text in (([{"key one": 1}, {"key one": 2}], "'key one'"), ([{-300: 1}, {-300: 1}], "-300"),
                        ([{("a", 1): 1}, {("a", 1): 1}], r"\('a', 1\)"),
                        ([{"x" * 99: 1}, {"x" * 99: 1}], "xxxxx")):
        for workers in (0, 2):
            path = make.path()
            with pytest.raises(keyfold.DuplicateKey, match=text) as caught:
                keyfold.compile(path, parts, reader=itself, workers=workers)
            assert "first, last" in str(caught.value) and not os.path.exists(path)


def test_weights(make):
    triples = [(f"k{i:03}", str(i), i * 7 % 101) for i in range(500)]
    path = make.path()
    for options in (dict(), dict(reader=itself, workers=2), dict(reader=generated, workers=0)):
        inputs = [triples[:200], triples[200:]] if options else triples
        table = keyfold.compile(path, inputs, weights="given", **options)
        assert table.stat().weights == "given" and table["k005"] == "5"
    assert make({"a": 5, "b": 7}, weights="value").codec == "u64"
    for bad, kind in (([("a", "x")], TypeError), ([("a", "x", -1)], keyfold.ArgumentError),
                      ([("a", "x", "y")], keyfold.ArgumentError)):
        with pytest.raises(kind, match="pair 1"):
            make(bad, weights="given")
    with pytest.raises(keyfold.ArgumentError, match="u64"):
        make({"a": "x"}, weights="value", codec="str")


def test_options_are_checked_before_anything_is_read(tmp_path):
    def reader(part):
        raise AssertionError("it was read")

    good, none = tmp_path / "a.kf", tmp_path / "none"
    for path, options in ((none / "a.kf", {}), (tmp_path, {}), (good, dict(tmpdir=none)),
                          (good, dict(duplicates="some")), (good, dict(memory="1K")),
                          (good, dict(codec="some")), (good, dict(keys="some")), (good, dict(workers=-1)),
                          (good, dict(duplicates="sum", codec="str"))):
        with pytest.raises(keyfold.Error):
            keyfold.compile(path, [1], reader=reader, **{"workers": 0, **options})


@pytest.mark.parametrize("workers", [2, 0])
def test_an_error_leaves_nothing_in_use(make, monkeypatch, workers):
    """What an error's traceback holds of a worker's pairs, or of a reader here, can be collected."""
    found = []
    monkeypatch.setattr(sys, "unraisablehook", found.append)
    parts = [{"a": 1}, {"b" * (2 << 20): 1, **{f"{i}": i for i in range(100_000)}}]
    for _ in range(3):
        with pytest.raises(keyfold.LimitError):
            keyfold.compile(make.path(), parts, reader=pair_by_pair, workers=workers)
        gc.collect()
    assert not found


def test_large_values(make):
    model = {f"{i}": bytes([i % 256]) * (i * 50_000) for i in range(60)}
    parts = [dict(list(model.items())[i::4]) for i in range(4)]
    assert keyfold.compile(make.path(), parts, reader=itself, workers=2) == model
    assert make(model) == model


def test_two_builds_at_once(make):
    models = [{f"{n}-{i}": str(i) for i in range(20_000)} for n in range(2)]
    results = [None, None]

    def build(number):
        pairs = list(models[number].items())
        parts = [pairs[i::5] for i in range(5)]
        results[number] = keyfold.compile(make.path(), parts, reader=itself, workers=2) == models[number]

    threads = [threading.Thread(target=build, args=(n,)) for n in range(2)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(60)
    assert results == [True, True]


def test_heads_that_are_none():
    good = _wire.HEAD.pack(b"keyfoldB", 1, 2, 3, 0)
    assert _wire.head(good) == (b"B", 1, 2, 3, 0) and _wire.head(good).body_size() == 21
    for bad in (b"x" * len(good), _wire.HEAD.pack(b"keyfoldQ", 1, 2, 3, 0),
                _wire.HEAD.pack(b"keyfoldB", 1, 2, 3, 2),
                _wire.HEAD.pack(b"keyfoldB", 1 << 60, 2, 3, 0)):
        assert _wire.head(bad) is None


# ---- limits of memory, signals, death ------------------------------------------------------------

PRELUDE = f"""
import os, resource, signal, sys, time
sys.path.insert(0, {str(Path(__file__).parent)!r})
import keyfold, test_compile
"""


@on_posix("no limits of a process")
def test_parts_are_never_held_whole(make, python):
    # Two parts of 200 MB each; neither fits into what any process may allocate.
    path = make.path()
    done = python(PRELUDE + """
resource.setrlimit(resource.RLIMIT_DATA, (150 << 20, 150 << 20))
table = keyfold.compile(sys.argv[1], [1, 2], reader=test_compile.grow, workers=2, memory="32M")
print(len(table), table["2-000199999"][-6:])
""", path, timeout=120)
    assert done.stdout.split() == ["400000", "199999"], done.stderr
    os.unlink(path)


def waiting(part):
    """A reader that tells its process and then never ends."""
    folder, number = part
    Path(folder, f"pid-{number}").write_text(str(os.getpid()))
    while True:
        time.sleep(0.05)
        if number == 1:
            yield f"{time.time()}", "x" * 1000


def running(pid):
    try:
        return Path("/proc", str(pid), "stat").read_text().rsplit(")", 1)[1].split()[0] != "Z"
    except OSError:
        return False


@on_posix("no signals to a group of processes")
@pytest.mark.parametrize("method_name", METHODS)
@pytest.mark.parametrize("number", [signal.SIGINT, getattr(signal, "SIGKILL", 9)])
def test_an_interrupted_or_killed_build(tmp_path, number, method_name):
    path = tmp_path / "a.kf"
    program = PRELUDE + """
if __name__ == "__main__":
    import multiprocessing
    multiprocessing.set_start_method(sys.argv[2])
    folder = os.path.dirname(sys.argv[1])
    keyfold.compile(sys.argv[1], [(folder, 0), (folder, 1)], reader=test_compile.waiting, workers=2)
"""
    process = subprocess.Popen([sys.executable, "-c", program, str(path), method_name],
                               stderr=subprocess.PIPE, text=True, start_new_session=True)
    pids = []
    for each in (tmp_path / "pid-0", tmp_path / "pid-1"):
        deadline = time.time() + 30
        while not (each.exists() and each.read_text()):
            assert time.time() < deadline and process.poll() is None
            time.sleep(0.02)
        pids.append(int(each.read_text()))
    if number == signal.SIGINT:
        os.killpg(process.pid, number)      # as a terminal does
    else:
        os.kill(process.pid, number)
    error = process.communicate(timeout=30)[1]
    deadline = time.time() + 10
    while any(map(running, pids)) and time.time() < deadline:
        time.sleep(0.02)
    assert not any(map(running, pids))
    assert sorted(each.name for each in tmp_path.iterdir()) == ["pid-0", "pid-1"]
    if number == signal.SIGINT:
        assert error.strip().endswith("KeyboardInterrupt") and error.count("Traceback") == 1, error


@on_posix("no alarm")
def test_an_interrupt_within_the_library(make, python):
    path = make.path()
    done = python("""
import os, signal, sys, keyfold
count = 0
def tell(done, total):
    global count
    count += 1
    if total is not None:
        signal.setitimer(signal.ITIMER_REAL, 0.01)     # while the library sorts and writes
def interrupted(*_):
    raise KeyboardInterrupt
signal.signal(signal.SIGALRM, interrupted)
try:
    keyfold.compile(sys.argv[1], ((f"{i * 7919 % 1000003}", str(i)) for i in range(600_000)), progress=tell)
except KeyboardInterrupt:
    print("interrupted", os.path.exists(sys.argv[1]))
""", path)
    assert done.stdout.split() == ["interrupted", "False"], done


# ---- progress ------------------------------------------------------------------------------------

class Bar:
    total = None

    def __init__(self):
        self.count = 0

    def update(self, count):
        self.count += count


def test_progress(make, capfd):
    pairs = {f"{i}": i for i in range(70_000)}
    parts = [pairs] + [{f"{n}:{i}": i for i in range(1000)} for n in range(9)]
    for inputs, options, count in ((pairs, {}, 70_000), (iter(pairs.items()), {}, 70_000),
                                   (parts, dict(reader=itself, workers=2), 79_000)):
        seen = []
        keyfold.compile(make.path(), inputs, progress=lambda *report: seen.append(report), **options)
        assert seen[-1] == (count, count) and seen == sorted(seen, key=lambda pair: pair[0])
        assert {total for _, total in seen[:-1]} <= {None, count}
    for inputs, options, count in ((pairs, {}, 70_000), (parts, dict(reader=itself, workers=0), 79_000)):
        bar = Bar()
        keyfold.compile(make.path(), inputs, progress=bar, **options)
        assert (bar.count, bar.total) == (count, count)
    capfd.readouterr()
    make(pairs, progress=True)      # no terminal: silence, or what tqdm says
    make(pairs, progress=False)
    assert "Traceback" not in capfd.readouterr().err
    with pytest.raises(keyfold.ArgumentError, match="progress"):
        make(pairs, progress=5)


@pytest.mark.parametrize("inputs", ["dict", "pairs", "parts", "file"])
def test_progress_is_honest(make, tmp_path, monkeypatch, inputs):
    """Counted in reports, which come with the work: no share stands for long, and all is done only at the end."""
    monkeypatch.setattr("keyfold._progress._INTERVAL", 0)
    pairs = {f"{i * 7919 % 1000003} {i % 100}": f"the value {i % 70001}" for i in range(300_000)}
    (tmp_path / "a.tsv").write_text("".join(f"{key}\t{value}\n" for key, value in pairs.items()))
    given = {"dict": pairs, "pairs": iter(pairs.items()), "parts": [pairs], "file": tmp_path / "a.tsv"}[inputs]
    options = dict(reader=itself, workers=0) if inputs == "parts" else {}
    seen = []

    def tell(done, total, phase):
        seen.append((done, total, phase))

    keyfold.compile(make.path(), given, progress=tell, **options)
    assert seen[-1][:2] == (len(pairs), len(pairs))
    shares = [done / len(pairs) for done, _, _ in seen]
    assert shares == sorted(shares) and all(share < 1 for share in shares[:-1])
    assert max(share for share, (_, _, phase) in zip(shares, seen) if phase == "reading") < 0.35
    if inputs == "file":
        return      # the command tells by the clock, and reports of a quick build are few
    phases = list(dict.fromkeys(phase for _, _, phase in seen))
    assert phases[:1] == ["reading"] and phases[-1] == "writing" and {"folding", "laying out"} < set(phases)
    assert len(seen) > 30 and max(map(shares.count, shares)) < len(shares) / 5
    for phase in phases[1:]:
        own = [share for share, (_, _, each) in zip(shares, seen) if each == phase]
        assert own[0] < 1 and own[-1] <= 1


def test_progress_by_a_bar_with_a_postfix(make, monkeypatch):
    class Postfix(Bar):
        texts = []

        def set_postfix_str(self, text, refresh):
            self.texts.append(text)

    monkeypatch.setattr("keyfold._progress._INTERVAL", 0)
    bar = Postfix()
    make({f"{i}": "x" * (i % 9) for i in range(50_000)}, progress=bar)
    assert (bar.count, bar.total) == (50_000, 50_000)
    assert bar.texts[0] == "reading" and bar.texts[-1] == "writing" and len(set(bar.texts)) == len(bar.texts)


@pytest.mark.parametrize("workers", [None, 2])
def test_progress_that_raises_cancels(make, workers):
    path = make.path()

    def stop(done, total):
        raise keyfold.Cancelled("no more")

    inputs = [("a", "b")] if workers is None else [{"a": "b"}]
    with pytest.raises(keyfold.Cancelled, match="no more"):
        keyfold.compile(path, inputs, progress=stop, workers=workers, reader=itself if workers else None)
    assert not os.path.exists(path)


# ---- files ---------------------------------------------------------------------------------------

def test_files(make, tmp_path, tool):
    model = {f"k{i}": f"v{i}é" for i in range(1000)}
    (tmp_path / "a.tsv").write_text("".join(f"{k}\t{v}\n" for k, v in model.items()))
    (tmp_path / "a.csv").write_text("".join(f'{k},"{v}"\n' for k, v in model.items()))
    (tmp_path / "a.jsonl").write_text("".join(f'["{k}", "{v}"]\n' for k, v in model.items()))
    (tmp_path / "a.tsv.gz").write_bytes(gzip.compress((tmp_path / "a.tsv").read_bytes()))
    (tmp_path / "keys.txt").write_text("".join(f"{k}\n" for k in model))
    for name in ("a.tsv", "a.csv", "a.jsonl", "a.tsv.gz"):
        path = make.path()
        assert keyfold.compile(path, tmp_path / name) == model
        assert tool("build", "-q", "-o", path + "2", tmp_path / name).returncode == 0
        assert Path(path).read_bytes() == Path(path + "2").read_bytes()
    assert keyfold.compile(make.path(), str(tmp_path / "keys.txt")) == dict.fromkeys(model)
    seen = []
    both = keyfold.compile(make.path(), [tmp_path / "a.tsv", str(tmp_path / "a.csv")], duplicates="last",
                           progress=lambda *report: seen.append(report))
    assert both == model and seen[-1] == (2000, 2000)
    lazy = (each for each in [tmp_path / "a.tsv"])
    assert keyfold.compile(make.path(), lazy, codec="raw", keys="bytes") == \
        {k.encode(): v.encode() for k, v in model.items()}
    (tmp_path / "n.tsv").write_text("a\t1\nb\t2\na\t5\n")
    assert keyfold.compile(make.path(), tmp_path / "n.tsv", codec="u64", duplicates="sum") == {"a": 6, "b": 2}
    table = keyfold.compile(make.path(), tmp_path / "n.tsv", codec="json", duplicates="first")
    assert table == {"a": 1, "b": 2}


def test_files_that_fail(make, tmp_path):
    (tmp_path / "n.tsv").write_text("a\t1\nb\t2\na\t5\n")
    (tmp_path / "bad.tsv").write_text("a\tb\nonly a key\n")
    path = make.path()
    with pytest.raises(keyfold.DuplicateKey, match="'a'.*duplicates="):
        keyfold.compile(path, tmp_path / "n.tsv")
    with pytest.raises(keyfold.FormatError, match="bad.tsv:2: "):
        keyfold.compile(path, [tmp_path / "n.tsv", tmp_path / "bad.tsv"], duplicates="first")
    with pytest.raises(FileNotFoundError, match="none.tsv"):
        keyfold.compile(path, [tmp_path / "n.tsv", tmp_path / "none.tsv"])
    for options in (dict(codec="int"), dict(codec="pickle"), dict(keys="int"), dict(keys="tuple")):
        with pytest.raises(keyfold.ArgumentError, match="reader="):
            keyfold.compile(path, tmp_path / "n.tsv", **options)
    for opened in (io.StringIO("a\t1\n"), io.BytesIO(b"a\t1\n")):
        with pytest.raises(TypeError, match="an open file is no input: pass its path"):
            keyfold.compile(tmp_path / "opened.kf", opened)
    with pytest.raises(TypeError, match="among paths"):
        keyfold.compile(path, [tmp_path / "n.tsv", ("a", "b")])
    (tmp_path / "long.tsv").write_text("".join(f"{i * 7919 % 1000003}\t{i}\n" for i in range(400_000)))
    with pytest.raises(KeyboardInterrupt):
        keyfold.compile(path, tmp_path / "long.tsv", progress=interrupt)
    assert not os.path.exists(path) and no_children()


def interrupt(done, total):
    raise KeyboardInterrupt


READS_A_PIPE = """
import os, signal, sys, threading, keyfold
folder, thread, ignored = sys.argv[1:]
if ignored == "ignored":
    signal.signal(signal.SIGTERM, signal.SIG_IGN)
    signal.pthread_sigmask(signal.SIG_BLOCK, {signal.SIGTERM})
def compile():
    keyfold.compile(folder + "/a.kf", folder + "/pipe.tsv", memory="16M", tmpdir=folder)
if thread == "thread":
    other = threading.Thread(target=compile)
    other.start()
    other.join()
else:
    compile()
"""


@on_posix("no signals to a group of processes")
@pytest.mark.parametrize("how, thread, ignored", [
    ("kill", "main", ""), ("kill", "thread", ""), ("kill", "main", "ignored"), ("terminal", "main", ""),
    ("int", "main", ""), ("int", "main", "ignored")])
def test_the_tool_ends_with_who_started_it(tmp_path, how, thread, ignored):
    """While it waits for more of a pipe that stays open, so that no write to a closed pipe ends it."""
    fifo = tmp_path / "pipe.tsv"
    os.mkfifo(fifo)
    end = os.open(fifo, os.O_RDWR)
    process = subprocess.Popen([sys.executable, "-c", READS_A_PIPE, str(tmp_path), thread, ignored],
                               stderr=subprocess.PIPE, text=True, start_new_session=True)
    try:
        # More than the memory that it has, so that it holds temporary files too.
        for first in range(0, 700_000, 10_000):
            numbers = range(first, first + 10_000)
            data = "".join(f"{i * 7919 % 1000003} is a key\t{i}\n" for i in numbers).encode()
            while data:
                data = data[os.write(end, data):]
        tools = [pid for task in Path(f"/proc/{process.pid}/task").iterdir()
                 for pid in map(int, (task / "children").read_text().split())]
        assert len(tools) == 1 and running(tools[0])
        if how == "terminal":
            os.killpg(process.pid, signal.SIGINT)
        else:
            os.kill(process.pid, signal.SIGINT if how == "int" else signal.SIGKILL)
        error = process.communicate(timeout=30)[1]
        deadline = time.time() + 10
        while running(tools[0]) and time.time() < deadline:
            time.sleep(0.01)
        assert not running(tools[0])
        assert [each.name for each in tmp_path.iterdir()] == ["pipe.tsv"]
        if how != "kill":
            assert error.strip().endswith("KeyboardInterrupt"), error
    finally:
        os.close(end)
        process.kill()
        process.wait()


def test_the_tool_notices_that_who_started_it_is_gone(tmp_path):
    (tmp_path / "a.tsv").write_text("a\tb\n")
    command = [sys.executable, "-m", "keyfold", "build", "-q", "-o", str(tmp_path / "a.kf"),
               str(tmp_path / "a.tsv")]
    for parent, status in (("1", 1), (str(os.getpid()), 0)):
        done = subprocess.run(command, env={**os.environ, "KEYFOLD_PARENT": parent}, timeout=60)
        assert done.returncode == status and os.path.exists(tmp_path / "a.kf") == (status == 0)
