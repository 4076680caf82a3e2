"""compile(..., resume=FOLDER): a build that ended too early is gone on with."""
import fcntl
import itertools
import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

import keyfold
from keyfold import _builder
from keyfold._native import lib

COUNT, PARTS = 250_000, 8

# A build that kills itself, or the process that it is a worker of, behind most pairs and once something is
# written down; and its sources, for others.
BUILD = '''
import functools, os, signal, sys, time
import keyfold

COUNT, PARTS = 250_000, 8


def kill(folder, process):
    end = time.monotonic() + 60
    while not os.path.exists(os.path.join(folder, "keyfold.journal")):
        if time.monotonic() > end:
            raise SystemExit("nothing was written down")
        time.sleep(0.01)
    os.kill(process, signal.SIGKILL)
    time.sleep(60)


def pairs(first=0, step=1, killed=None):
    """killed: a folder and a process."""
    for i in range(first, COUNT, step):
        if killed is not None and i >= COUNT * 9 // 10:
            kill(*killed)
        yield f"{i * 2654435761 % (1 << 32):08x}", i % 1000


def read(first, killed=None):
    """The last part is where it is killed; the first ones are the slowest."""
    if first < 2:
        time.sleep(0.3)
    return pairs(first, PARTS, killed if first == PARTS - 1 else None)


if __name__ == "__main__":
    path, folder, kind = sys.argv[1:]
    killed = folder, os.getpid()
    # Two, where there is one processor too: with fewer more fits in memory, and nothing is written down.
    options = dict(resume=folder, memory="16M", threads=2)
    reader = functools.partial(read, killed=killed)
    if kind == "pairs":
        keyfold.compile(path, pairs(killed=killed), **options)
    elif kind == "parts":
        keyfold.compile(path, range(PARTS), reader=reader, workers=3, **options)
    elif kind == "here":
        keyfold.compile(path, range(PARTS), reader=reader, workers=0, **options)
    else:
        keyfold.compile(path, kind, codec="u64", **options)
'''


@pytest.fixture(scope="module")
def source(tmp_path_factory):
    """BUILD as a module, and the path that it has."""
    folder = tmp_path_factory.mktemp("resume")
    (folder / "resumed_build.py").write_text(BUILD)
    sys.path.insert(0, str(folder))
    try:
        import resumed_build
        yield resumed_build
    finally:
        sys.path.remove(str(folder))


@pytest.fixture(scope="module")
def whole(source, tmp_path_factory):
    """What an uninterrupted build of the pairs gives."""
    path = str(tmp_path_factory.mktemp("whole") / "a.kf")
    keyfold.compile(path, source.pairs(), memory="16M")
    return path


@pytest.fixture
def resumed(monkeypatch):
    """How many pairs each build in this process went on after."""
    found = []
    finish = _builder.Builder.finish

    def count(builder):
        found.append(lib.kf_builder_resumed(builder._builder))
        return finish(builder)

    monkeypatch.setattr(_builder.Builder, "finish", count)
    return found


def killed_build(source, path, folder, kind):
    process = subprocess.run([sys.executable, source.__file__, path, folder, kind], capture_output=True,
                             text=True, timeout=120)
    assert process.returncode == -signal.SIGKILL, process.stderr
    assert not os.path.exists(path) and os.path.exists(os.path.join(folder, "keyfold.journal"))


def same(path, other):
    return Path(path).read_bytes() == Path(other).read_bytes()


def test_killed_pairs(make, tmp_path, source, whole, resumed):
    path, folder = make.path(), str(tmp_path / "kept")
    killed_build(source, path, folder, "pairs")
    reports = []
    table = keyfold.compile(path, source.pairs(), memory="16M", resume=folder,
                            progress=lambda *report: reports.append(report))
    assert 0 < resumed[0] < COUNT
    assert len(table) == COUNT and same(path, whole) and reports[-1] == (COUNT, COUNT)
    assert not os.path.exists(folder)


def test_killed_dict(make, tmp_path, source, whole, resumed):
    """The same pairs in the same order, as a dict has them, with options that make no difference to it."""
    path, folder = make.path(), str(tmp_path / "kept")
    model = dict(source.pairs())
    killed_build(source, path, folder, "pairs")
    os.mkdir(tmp_path / "other")
    table = keyfold.compile(path, model, codec=keyfold.open(whole).codec, memory="64M", threads=1,
                            resume=Path(folder), tmpdir=tmp_path / "other")
    assert 0 < resumed[0] < COUNT and table == model and same(path, whole)


@pytest.mark.parametrize("kind, workers", [("parts", 3), ("parts", 0), ("here", 2)])
def test_killed_parts(make, tmp_path, source, whole, resumed, kind, workers):
    """However many workers there were and are: the order is that of the parts."""
    path, folder = make.path(), str(tmp_path / "kept")
    killed_build(source, path, folder, kind)
    table = keyfold.compile(path, range(PARTS), reader=source.read, workers=workers, memory="16M",
                            resume=folder)
    assert 0 < resumed[0] < COUNT and len(table) == COUNT and same(path, whole)
    assert not os.path.exists(folder)


def test_killed_while_it_reads_a_file(make, tmp_path, source):
    path, whole, folder = make.path(), make.path(), str(tmp_path / "kept")
    good, bad, fifo = tmp_path / "a.tsv", tmp_path / "bad.tsv", tmp_path / "pipe.tsv"
    lines = [f"{key}\t{value}\n" for key, value in source.pairs()]
    good.write_text("".join(lines))
    bad.write_text("".join(["other\t1\n", *lines[1:]]))
    keyfold.compile(whole, good, codec="u64", memory="16M")
    os.mkfifo(fifo)
    process = subprocess.Popen([sys.executable, source.__file__, path, folder, str(fifo)])
    try:
        with open(fifo, "w") as pipe:
            pipe.write("".join(lines[:COUNT * 9 // 10]))
            pipe.flush()
            wait_for(os.path.join(folder, "keyfold.journal"))
            process.kill()
            process.wait()
            wait_for_lock(folder)      # the tool ends a moment later
    finally:
        process.kill()
        process.wait()
    kept = sorted(os.listdir(folder))
    assert "keyfold.journal" in kept and not os.path.exists(path)
    with pytest.raises(keyfold.ArgumentError, match="^.*the input is not the one .*remove that folder"):
        keyfold.compile(path, bad, codec="u64", memory="16M", resume=folder)
    with pytest.raises(keyfold.ArgumentError, match="another value type"):
        keyfold.compile(path, good, codec="str", memory="16M", resume=folder)
    with locked(folder), pytest.raises(keyfold.ArgumentError, match="in use"):
        keyfold.compile(path, good, codec="u64", memory="16M", resume=folder)
    assert sorted(os.listdir(folder)) == kept
    keyfold.compile(path, good, codec="u64", memory="16M", resume=folder)
    assert same(path, whole) and not os.path.exists(folder)
    os.mkdir(folder)
    Path(folder, "keyfold.journal").write_bytes(b"garbage" * 20)
    with pytest.raises(keyfold.CorruptError, match="damaged; remove that folder"):
        keyfold.compile(path, good, codec="u64", memory="16M", resume=folder)


def wait_for(path):
    end = time.monotonic() + 60
    while not os.path.exists(path):
        assert time.monotonic() < end
        time.sleep(0.01)


class locked:
    """Nobody else may work in a folder meanwhile."""

    def __init__(self, folder, wait=0):
        self.file = open(os.path.join(folder, "keyfold.lock"), "r+b")
        fcntl.flock(self.file, fcntl.LOCK_EX | (0 if wait else fcntl.LOCK_NB))

    def __enter__(self):
        return self

    def __exit__(self, *exception):
        self.file.close()


def wait_for_lock(folder):
    with locked(folder, wait=1):
        pass


# ---- in one process --------------------------------------------------------------------------------

def stopping(pairs, count):
    yield from itertools.islice(pairs, count)
    raise RuntimeError("stop here")


def stopped_build(source, path, folder):
    with pytest.raises(RuntimeError, match="stop here"):
        keyfold.compile(path, stopping(source.pairs(), COUNT * 9 // 10), codec="u64", memory="16M", threads=2,
                        resume=folder)
    wait_for(os.path.join(folder, "keyfold.journal"))


def test_other_input_is_refused(make, tmp_path, source):
    path, folder = make.path(), str(tmp_path / "kept")
    stopped_build(source, path, folder)
    pairs = list(source.pairs())
    kept = sorted(os.listdir(folder))
    reader = dict(enumerate([pairs[1:], pairs[:1]])).get
    for inputs, options, text in ((reversed(pairs), {}, "the input is not the one"),
                                  ([pairs[0], *pairs], {}, "the input is not the one"),
                                  (pairs[:100], {}, "the input is not the one"),
                                  ([], {}, "the input is not the one"),
                                  ([0, 1], dict(reader=reader, workers=2), "the input is not the one"),
                                  (pairs, dict(codec="json"), "another value type"),
                                  ((pair + (1,) for pair in pairs), dict(weights="given"),
                                   "choice of weights")):
        with pytest.raises(keyfold.ArgumentError, match=f"{text}.*remove that folder"):
            keyfold.compile(path, inputs, memory="16M", resume=folder, **{"codec": "u64", **options})
        assert not os.path.exists(path) and sorted(os.listdir(folder)) == kept
    with locked(folder), pytest.raises(keyfold.ArgumentError, match="in use"):
        keyfold.compile(path, pairs, codec="u64", memory="16M", resume=folder)
    journal = Path(folder, "keyfold.journal")
    good = journal.read_bytes()
    journal.write_bytes(good[:-1] + bytes([good[-1] ^ 1]))
    with pytest.raises(keyfold.CorruptError, match="damaged; remove that folder"):
        keyfold.compile(path, pairs, codec="u64", memory="16M", resume=folder)
    journal.write_bytes(good)
    assert len(keyfold.compile(path, pairs, codec="u64", memory="16M", resume=folder)) == COUNT


def test_more_pairs_may_follow(make, tmp_path, source, resumed):
    path, whole, folder = make.path(), make.path(), str(tmp_path / "kept")
    stopped_build(source, path, folder)
    more = [("more", 1), ("most", 2)]
    keyfold.compile(path, itertools.chain(source.pairs(), more), codec="u64", memory="16M", resume=folder)
    keyfold.compile(whole, itertools.chain(source.pairs(), more), codec="u64", memory="16M")
    assert resumed[0] > 0 and resumed[1] == 0 and same(path, whole)


def test_a_duplicate_found_late(make, tmp_path, source, resumed):
    path, folder = make.path(), str(tmp_path / "kept")
    pairs = [*source.pairs(), next(source.pairs())]
    with pytest.raises(keyfold.DuplicateKey):
        keyfold.compile(path, pairs, codec="u64", memory="16M", resume=folder)
    table = keyfold.compile(path, pairs, memory="16M", duplicates="sum", resume=folder)
    assert resumed[1] > 0 and len(table) == COUNT and not os.path.exists(folder)
    assert table[pairs[-2][0]] == pairs[-2][1] and table[pairs[0][0]] == 2 * pairs[0][1]


def test_the_folder(make, tmp_path):
    mine, file = tmp_path / "mine", tmp_path / "file"
    mine.mkdir()
    file.write_text("")
    for pairs, options in (({"a": 1}, {}), ([0], dict(reader=lambda part: {"a": 1}, workers=0))):
        assert keyfold.compile(make.path(), pairs, resume=mine, **options) == {"a": 1}
        assert list(mine.iterdir()) == []       # it was there before
    (tmp_path / "a.tsv").write_text("a\t1\n")
    assert len(keyfold.compile(make.path(), tmp_path / "a.tsv", resume=mine)) == 1
    assert list(mine.iterdir()) == []
    for inputs in ([("a", 1)], tmp_path / "a.tsv"):
        with pytest.raises(FileNotFoundError, match="none"):
            keyfold.compile(make.path(), inputs, resume=tmp_path / "none" / "kept")
        with pytest.raises(OSError, match="Not a directory.*file"):
            keyfold.compile(make.path(), inputs, resume=file)
        with pytest.raises(OSError, match="Not a directory.*file"):
            keyfold.compile(make.path(), inputs, resume=file / "kept")
    with pytest.raises(TypeError):
        keyfold.compile(make.path(), [("a", 1)], resume=5)
