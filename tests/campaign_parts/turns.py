"""Running a proof: once, with a seed and a scale, or for a turn's time with one seed after another."""
import contextlib
import dataclasses
import fcntl
import os
import re
import shlex
import shutil
import signal
import subprocess
import sys
import tempfile
import threading
import time

HERE = os.path.dirname(os.path.abspath(__file__))
ROOT = os.path.dirname(os.path.dirname(HERE))
sys.path.insert(0, os.path.join(ROOT, "tests", "support"))
import count  # noqa: E402

SEEDS_APART = 100000          # a run counts its seeds from its own on
LONGEST_RUN = 60              # seconds that the scale is chosen for
SCALE_LIMIT = 2000
KEPT_BYTES = 256 << 20        # of a failing run's files
FUZZED = re.compile(r"^stat::number_of_executed_units: (\d+)", re.M)
COVERED = re.compile(r"^(lib\S*)\s+(\d+) of\s+(\d+)\s+\S+ %\s+(\d+) of\s+(\d+)", re.M)


@dataclasses.dataclass
class Proof:
    name: str
    command: list             # {build}, {seed}, {seconds}, {kept}: where to leave what fails
    build: str = "plain"
    targets: tuple = ()       # of ninja
    env: dict = dataclasses.field(default_factory=dict)
    once: bool = False        # no seeds: it is done when it has passed at a commit
    scales: bool = True       # KEYFOLD_TEST_SCALE makes it longer
    share: int = 1            # how many times as long its turns are
    asked: bool = False       # only if it is named
    folder: str = ""          # a folder of the checkout that it builds in, with other proofs and campaigns
    limit: int = 1200         # seconds after which it hangs, besides those that it is given


def scratch_base():
    return os.environ.get("TMPDIR") or ("/dev/shm" if os.access("/dev/shm", os.W_OK) else "/tmp")


class Runner:
    """Runs proofs for a state; of several threads at once."""

    def __init__(self, state, folder):
        self.state, self.folder = state, os.path.abspath(folder)
        self.lock = threading.Lock()
        self.children = set()
        self.stop = threading.Event()

    def end_all(self):
        self.stop.set()
        with self.lock:
            for child in self.children:
                kill(child)

    def turn(self, proof, seconds):
        """Runs it until the time is over; returns the sums of what was counted, for showing, and the failures."""
        sums, failures, start = {}, 0, time.monotonic()
        while not self.stop.is_set():
            left = seconds - (time.monotonic() - start)
            if left <= 0:
                break
            with self.lock:
                plan = dict(self.state.plan(proof.name))
                self.state.plan(proof.name)["seed"] += SEEDS_APART
            with self.alone(proof):
                if self.stop.is_set():
                    break
                begun = time.monotonic()
                counts, why = self.run(proof, plan["seed"], plan["scale"], max(1, int(left)))
                took = time.monotonic() - begun
            if self.stop.is_set() and why:
                break                     # it was ended, it did not fail
            with self.lock:
                self.state.add(proof.name, took, counts)
                failures += why is not None
                if why:
                    self.state.fail(proof.name, plan["seed"], why, self.place(proof, plan["seed"]))
                self.state.of(proof.name)["done"] |= proof.once
                if proof.scales and not why:
                    aim = min(seconds / 2, LONGEST_RUN) / max(took, 0.05)
                    self.state.plan(proof.name)["scale"] = max(1, min(SCALE_LIMIT, int(plan["scale"] * aim)))
                self.state.save()
            for name, number in counts.items():
                sums[name] = sums.get(name, 0) + number
            if proof.once or why:
                break
        return sums, failures

    @contextlib.contextmanager
    def alone(self, proof):
        """No other proof or campaign works in its folder, unless all is to stop."""
        if not proof.folder:
            yield
            return
        path = os.path.join(ROOT, proof.folder + ".lock")
        os.makedirs(os.path.dirname(path), exist_ok=True)
        with open(path, "w") as lock:
            while not self.stop.is_set():
                try:
                    fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
                    break
                except BlockingIOError:
                    self.stop.wait(0.1)
            yield

    def place(self, proof, seed):
        return os.path.join(self.folder, "failures", f"{proof.name}-{seed}")

    def run(self, proof, seed, scale, seconds):
        """Once. Returns what was counted, and why it failed or None; then its folder has all of it."""
        work = tempfile.mkdtemp(prefix=f"keyfold-campaign-{proof.name}-", dir=scratch_base())
        kept = os.path.join(work, "kept")
        os.mkdir(kept)
        counts, log = os.path.join(work, "counts"), os.path.join(work, "log.txt")
        places = {"build": os.path.join(self.folder, proof.build), "seed": seed, "seconds": seconds, "kept": kept}
        command = [word.format(**places) for word in proof.command]
        own = {"CK_DEFAULT_TIMEOUT": str(proof.limit), "UBSAN_OPTIONS": "print_stacktrace=1:halt_on_error=1",
               "ASAN_OPTIONS": "allocator_may_return_null=1:detect_leaks=1", "TSAN_OPTIONS": "halt_on_error=1",
               **{name: value.format(**places) for name, value in proof.env.items()}}
        if not proof.once:
            own |= {"KEYFOLD_TEST_FIRST": str(seed)}
        if proof.scales and scale > 1:
            own |= {"KEYFOLD_TEST_SCALE": str(scale)}
        why = None
        try:
            with open(log, "wb") as out:
                child = subprocess.Popen(command, cwd=ROOT, stdin=subprocess.DEVNULL, stdout=out, stderr=out,
                                         start_new_session=True,
                                         env={**os.environ, **own, "TMPDIR": kept, "KEYFOLD_TEST_COUNTS": counts})
            with self.lock:
                self.children.add(child)
            if self.stop.is_set():
                kill(child)
            try:
                timed = any("{seconds}" in word for word in [*proof.command, *proof.env.values()])
                status = child.wait(proof.limit + (seconds if timed else 0))
                if status:
                    why = f"signal {signal.Signals(-status).name}" if status < 0 else f"status {status}"
            except subprocess.TimeoutExpired as problem:
                why = f"no end after {problem.timeout:.0f} s"
            finally:
                kill(child)
                with self.lock:
                    self.children.discard(child)
        except OSError as problem:
            why = str(problem)
        found, failed = read_counts(counts, log)
        why = why or (failed and f"{failed} checks failed") or (not found and "nothing was counted") or None
        if why and not self.stop.is_set():
            self.keep(proof, seed, work, kept, own, command, why)
        shutil.rmtree(work, ignore_errors=True)
        return found, why

    def keep(self, proof, seed, work, kept, own, command, why):
        """The log, the files that the run left, and the command that does it again."""
        place = self.place(proof, seed)
        shutil.rmtree(place, ignore_errors=True)
        os.makedirs(place)
        shutil.copy(os.path.join(work, "log.txt"), place)
        size = sum(os.path.getsize(os.path.join(folder, name)) for folder, _, names in os.walk(kept)
                   for name in names if os.path.isfile(os.path.join(folder, name)))
        if size <= KEPT_BYTES:
            shutil.copytree(kept, os.path.join(place, "files"), ignore_dangling_symlinks=True,
                            copy_function=copy_regular)
        command = [word.replace(kept, os.path.join(place, "files")) for word in command]
        with open(os.path.join(place, "reproduce"), "w", encoding="utf-8") as file:
            words = [f"{name}={shlex.quote(value)}" for name, value in own.items()]
            file.write(f"#!/bin/sh\n# {why}; at {self.state.commit}\ncd {shlex.quote(ROOT)} &&\n"
                       f"env {' '.join(words)} {shlex.join(command)}\n")
        os.chmod(file.name, 0o755)


def copy_regular(source, target):
    if os.path.isfile(source):
        shutil.copyfile(source, target)


def kill(child):
    """With all that it started."""
    try:
        os.killpg(child.pid, signal.SIGKILL)
    except ProcessLookupError:
        pass
    child.wait()


def read_counts(path, log):
    """What the tests counted themselves, and what their output says; and how many checks failed."""
    counts = {}
    try:
        with open(path, encoding="utf-8") as file:
            for line in file:
                name, number = line.rsplit("\t", 1)
                counts[name] = counts.get(name, 0) + int(number)
    except FileNotFoundError:
        pass
    try:
        with open(log, encoding="utf-8", errors="replace") as file:
            text = file.read()
    except FileNotFoundError:
        return counts, 0
    passed, failed = count.count(text) or (0, 0)
    for name, number in (("checks", passed), ("inputs", sum(map(int, FUZZED.findall(text))))):
        if number:
            counts[name] = counts.get(name, 0) + number
    for folder, *numbers in COVERED.findall(text):
        for name, number in zip(("lines run", "lines", "branches taken", "branches"), numbers):
            counts[f"{folder}: {name}"] = int(number)
    return counts, failed
