#!/usr/bin/env python3
"""Commands that are killed right before a system call: the target is the old file or the new one, whole, and nothing
is left but what the manual tells of; then the same command ends as if nothing had been.

    test_killed.py KEYFOLD TRACER [JOB...]

Before every call in a long run, else before some that KEYFOLD_TEST_SEED draws. Prints "N passed, N failed"."""
import os
import random
import sys
import tempfile

sys.dont_write_bytecode = True
from jobs import KILLED, SEED, tally, traced, try_jobs  # noqa: E402

SOME = 12


def kill_once(job, tracer, log, number):
    """What was wrong, or None; and whether it was killed."""
    status, _, message = traced(tracer, log, number, job)
    problem = job.problem(job.content(), os.listdir(job.folder))
    if status not in (0, KILLED):
        problem = problem or f"status {status}: {message}"
    if status == 0 and job.content() != job.new:
        problem = problem or "it ended, and the file is the old one"
    if problem is None and job.run().returncode == 0:
        left = set(os.listdir(job.folder)) - job.known
        if job.content() != job.new:
            problem = "afterwards, the same command made another file"
        elif "kept" in left and os.listdir(job.path("kept")):     # an empty one may be the user's own
            problem = "the folder of the resumed build is left"
    job.reset()
    return problem, status == KILLED


def try_job(job, tool, tracer):
    problems = kills = 0
    with tempfile.TemporaryDirectory(prefix="keyfold-killed-") as base:
        folder, log = os.path.join(base, "files"), os.path.join(base, "log")
        os.mkdir(folder)
        job.prepare(tool, folder, SEED)
        verified = not job.old or job.verify()
        _, calls, _ = traced(tracer, log, 0, job)
        verified = verified and job.content() == job.new and job.verify()
        job.reset()
        numbers = range(1, calls + 1)
        if os.environ.get("KEYFOLD_TESTS") != "long":
            # The first load libraries.
            numbers = sorted(random.Random(SEED).sample(range(calls // 3, calls + 1), SOME))
        for number in numbers:
            problem, killed = kill_once(job, tracer, log, number)
            kills += killed
            if problem:
                problems += 1
                print(f"{job.name}, seed {SEED}: killed before call {number} of {calls}: {problem}")
    print(f"{job.name}: {kills} killed, of {calls} calls")
    tally("kills before system calls", kills)
    return not problems and verified and kills >= len(numbers) // 2


if __name__ == "__main__":
    sys.exit(try_jobs(try_job, *sys.argv[1:]))
