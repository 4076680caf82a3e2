#!/usr/bin/env python3
"""Commands whose machine goes down: after any of their calls, and whatever of what was not synced reached the disk, the
target is the old file or the new one, whole; once the command has ended it is the new one.

    test_power.py KEYFOLD TRACER [JOB...]

filesystem.py says what a crash may leave. KEYFOLD_TEST_SEED draws inputs and crashes, KEYFOLD_TEST_SCALE
has more of them. Builds with --resume are gone on with from some of the crashes. Prints "N passed, N failed"."""
import os
import random
import subprocess
import sys
import tempfile

sys.dont_write_bytecode = True
import filesystem  # noqa: E402
from jobs import SEED, tally, traced, try_jobs  # noqa: E402

SOME = 4 * int(os.environ.get("KEYFOLD_TEST_SCALE") or 1)
GONE_ON = 6                   # crashes after which a resumed build is gone on with
STATUS_DATA = 3


def state_of(recording, operations):
    """By path, what a crash left: nodes of files and folders."""
    names, found = filesystem.names_after(operations), {}

    def visit(folder, path):
        for name, node in names.get(folder, {}).items():
            if node is not None:
                inner = os.path.join(path, os.fsdecode(name))
                found[inner] = node
                visit(node, inner)
    visit(recording.root, "")
    return found


def put(job, recording, operations):
    """Makes the job's folder what the crash left."""
    job.reset()
    state = state_of(recording, operations)
    if job.target not in state and os.path.exists(job.path(job.target)):
        os.remove(job.path(job.target))
    for path, node in state.items():
        if node.is_folder:
            os.makedirs(job.path(path), exist_ok=True)
        else:
            with open(job.path(path), "wb") as file:
                file.write(filesystem.content_after(operations, node))


def go_on(job, recording, operations):
    """A build with --resume takes up what a crash left, or refuses it clearly; it makes nothing wrong of it."""
    put(job, recording, operations)
    target = job.content()
    done = subprocess.run(job.command(), stderr=subprocess.PIPE, text=True)
    tally("crashes gone on from", 1)
    if done.returncode == 0:
        return None if job.content() == job.new else "what was gone on with made another file"
    if done.returncode != STATUS_DATA or not done.stderr:
        return f"gone on with: status {done.returncode}"
    return None if job.content() == target else "a build that was refused changed the target"


def wrong_after(job, recording, operations, has_ended):
    state = state_of(recording, operations)
    content = filesystem.content_after(operations, state[job.target]) if job.target in state else None
    problem = job.problem(content, {path for path in state if "/" not in path})
    if problem is None and has_ended and content != job.new:
        problem = "the command had ended, and the new file is not there"
    return problem


def try_recording(job, recording, draw):
    """What is wrong after some crash, how many there were, and those that a build may go on from."""
    problems, seen, resumable = [], 0, []
    total = len(recording.operations)
    for number in range(total + 1):
        for operations in filesystem.crashes(recording, number, draw, SOME):
            seen += 1
            problem = wrong_after(job, recording, operations, number == total)
            if problem:
                problems.append(f"after {number} of {total} operations: {problem}")
            if job.resumes and any(b"kept" == name and node for each in operations for _, name, node in each.names):
                resumable.append((number, operations))
    return problems, seen, resumable


def try_job(job, tool, tracer):
    draw = random.Random(SEED)
    with tempfile.TemporaryDirectory(prefix="keyfold-power-") as base:
        folder, log = os.path.join(base, "files"), os.path.join(base, "log")
        os.mkdir(folder)
        job.prepare(tool, folder, SEED)
        status, _, message = traced(tracer, log, 0, job)
        if status or not job.verify():
            raise SystemExit(f"{job.name}: {message}")
        with open(log, "rb") as file:
            recording = filesystem.Recording(file.read(), folder, {job.target: job.old_content} if job.old else {})
        problems, seen, resumable = try_recording(job, recording, draw)
        for number, operations in draw.sample(resumable, min(len(resumable), GONE_ON * SOME // 4)):
            problem = go_on(job, recording, operations)
            if problem:
                problems.append(f"gone on with after {number} operations: {problem}")
        # Were it not synced, this would show.
        for is_folder in (False, True):
            careless = filesystem.without_syncs(recording, is_folder)
            if not try_recording(job, careless, draw)[0]:
                problems.append("syncs make no difference here")
    print(f"{job.name}: {seen} crashes within {len(recording.operations)} operations")
    tally("crashes", seen)
    for problem in problems[:5]:
        print(f"{job.name}, seed {SEED}: {problem}")
    return not problems


if __name__ == "__main__":
    sys.exit(try_jobs(try_job, *sys.argv[1:]))
