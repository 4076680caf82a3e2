"""Shards, publish, and freeze of a table, in a process that is killed, before a system call or at any time, and on a
machine that goes down: the table is the old one or the new one, whole, and the same again makes the new one."""
import os
import random
import re
import shutil
import subprocess
import sys
import tempfile
import time
from pathlib import Path

import pytest
from conftest import LEVEL, SOURCE

import keyfold

sys.path[:0] = [str(SOURCE / "tests" / folder) for folder in ("crash", "support")]
filesystem = pytest.importorskip("filesystem")
from tally import tally  # noqa: E402

pytestmark = pytest.mark.skipif(sys.platform != "linux" or not shutil.which("cc"), reason="needs ptrace and cc")

SEED = int(os.environ.get("KEYFOLD_TEST_SEED") or os.environ.get("KEYFOLD_TEST_FIRST") or 0)
KILLED, UNABLE = 137, 77
SCALE = int(os.environ.get("KEYFOLD_TEST_SCALE") or (10 if LEVEL == "long" else 1))
ROUNDS, SOME = (2 if LEVEL == "quick" else 5) * SCALE, SCALE - 1
# Copies by writes, which the recorder knows.
PROGRAM = """
import shutil, sys, tempfile
import keyfold
shutil._USE_CP_SENDFILE = False
target, how, add = sys.argv[1] + "/table.kfm", sys.argv[2], int(sys.argv[3])
parts = [[(f"{part}{i}", i * i + add) for i in range(300)] for part in "abc" if add]
if add and how != "shards":
    with tempfile.TemporaryDirectory() as other:
        if how == "freeze":
            keyfold.freeze(keyfold.compile(f"{other}/all.kf", sum(parts, [])), target)
            sys.exit()
        files = [keyfold.compile(f"{other}/{i}.kf", part) for i, part in enumerate(parts)]
        keyfold.publish(target, keyfold.bundle(f"{other}/all.kfm", files))
elif add:
    shards = keyfold.Shards(target, codec="u64")
    shards.finish([shards(part) for part in parts])
"""
OLD, NEW = ({f"{part}{i}": i * i + add for part in "abc" for i in range(300)} for add in (1, 2))
# Files that were about to get another name; what a run made that never finished; and what it told of generations.
LITTER = re.compile(r"\.keyfold-\S+|\.\d+-\d+-[0-9a-f]+\.tmp|"
                    r"table\.kfm\.d/(\.\S+|(\d{14}-[0-9a-f]{8}-)?[0-9a-f]{32}\.kf|\d{20,}-[0-9a-f]{32}\.kfm)")


@pytest.fixture(scope="module")
def tracer(tmp_path_factory):
    program = tmp_path_factory.mktemp("tracer") / "tracer"
    subprocess.run(["cc", "-O1", "-D_GNU_SOURCE", "-o", program, SOURCE / "tests/crash/tracer.c"], check=True)
    return program


@pytest.fixture(params=["first by shards", "again by shards", "again by publish", "again by freeze"])
def old(tmp_path, request):
    """A folder, perhaps with a table that was made before, and how the next one is made."""
    folder = tmp_path / "old"
    folder.mkdir()
    order, _, how = request.param.split()
    if order == "again":
        subprocess.run(command(folder, how, 1), check=True)
        assert table_of(folder) == OLD
    return folder, how


def command(folder, how, add=2):
    return [sys.executable, "-c", PROGRAM, str(folder), how, str(add)]


def table_of(folder):
    if not (folder / "table.kfm").exists():
        return None
    with keyfold.open(folder / "table.kfm", max_age=0) as table:
        table.verify()
        return dict(table.items())


def names_in(folder):
    return {os.path.relpath(os.path.join(place, name), folder) for place, _, names in os.walk(folder) for name in names}


def traced(tracer, folder, how, number, add=2):
    log = folder.parent / "log"
    done = subprocess.run([tracer, log, str(number), *command(folder, how, add)], stderr=subprocess.PIPE, text=True)
    if done.returncode == UNABLE:
        pytest.skip("calls can't be traced here")
    assert done.returncode in (0, KILLED), done.stderr
    data = log.read_bytes()
    return done.returncode == KILLED, int(data.rsplit(b"calls ", 1)[1]), data


def check_killed(old, folder):
    assert table_of(folder) in (table_of(old), NEW)
    strange = names_in(folder) - names_in(old) - {"table.kfm"}
    assert all(LITTER.fullmatch("/".join(name.split("/")[:2])) for name in strange), strange


def test_before_a_system_call(tracer, old, tmp_path):
    old, how = old
    draw, kills, folder = random.Random(SEED), 0, tmp_path / "files"
    _, before, _ = traced(tracer, shutil.copytree(old, folder), how, 0, 0)
    _, calls, _ = traced(tracer, folder, how, 0)
    assert table_of(folder) == NEW
    for number in draw.sample(range(before, calls + 1), min(ROUNDS, calls - before)):
        shutil.rmtree(folder)
        killed, _, _ = traced(tracer, shutil.copytree(old, folder), how, number)
        kills += killed
        check_killed(old, folder)
    subprocess.run(command(folder, how), check=True)
    assert table_of(folder) == NEW
    assert kills >= ROUNDS // 2
    tally("kills before system calls", kills)


def test_at_any_time(old, tmp_path):
    old, how = old
    draw, kills, folder = random.Random(SEED), 0, tmp_path / "files"
    begun = time.monotonic()
    subprocess.run(command(shutil.copytree(old, folder), how), check=True)
    took = time.monotonic() - begun
    for _ in range(ROUNDS):
        shutil.rmtree(folder)
        child = subprocess.Popen(command(shutil.copytree(old, folder), how))
        time.sleep(took * (0.3 + 0.7 * draw.random()))
        child.kill()
        kills += child.wait() != 0
        check_killed(old, folder)
    subprocess.run(command(folder, how), check=True)
    assert table_of(folder) == NEW
    tally("kills at random times", kills)


def put(operations, recording, folder):
    """Makes a folder what a crash left."""
    names = filesystem.names_after(operations)
    shutil.rmtree(folder, ignore_errors=True)

    def visit(node, path):
        path.mkdir()
        for name, inner in names.get(node, {}).items():
            if inner is not None and inner.is_folder:
                visit(inner, path / os.fsdecode(name))
            elif inner is not None:
                (path / os.fsdecode(name)).write_bytes(filesystem.content_after(operations, inner))
    visit(recording.root, folder)


def crashed(recording, before, folder, draw):
    """What was there after losses of power and is neither the table before nor the new one; how many losses."""
    problems, seen, total = [], 0, len(recording.operations)
    for number in range(total + 1):
        for operations in filesystem.crashes(recording, number, draw, SOME):
            put(operations, recording, folder)
            try:
                found = table_of(folder)
            except (keyfold.Error, OSError) as problem:
                found = problem
            seen += 1
            if found != NEW and (found != before or number == total):
                problems.append(f"after {number} of {total} operations: {found!r:.200}")
    return problems, seen


@pytest.fixture
def memory():
    """A folder in memory: what crashes leave is made a thousand times."""
    with tempfile.TemporaryDirectory(dir="/dev/shm" if os.access("/dev/shm", os.W_OK) else None) as folder:
        yield Path(folder)


def test_losses_of_power(tracer, old, tmp_path, memory):
    old, how = old
    draw, folder = random.Random(SEED), tmp_path / "files"
    contents = {name: (old / name).read_bytes() for name in sorted(names_in(old))}
    _, _, data = traced(tracer, shutil.copytree(old, folder), how, 0)
    recording = filesystem.Recording(data, folder, contents)
    problems, seen = crashed(recording, table_of(old), memory / "crashed", draw)
    assert not problems, f"{len(problems)} of {seen}: {problems[:3]}"
    # Were it not synced, this would show.
    for is_folder in (False, True):
        careless = filesystem.without_syncs(recording, is_folder)
        assert crashed(careless, table_of(old), memory / "crashed", draw)[0]
    tally("crashes", seen)
