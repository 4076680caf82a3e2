"""Commands that write files, to be stopped at any moment: what they are given, and what may be there afterwards."""
import os
import random
import re
import shutil
import subprocess
import sys

sys.path.append(os.path.join(os.path.dirname(os.path.dirname(os.path.abspath(__file__))), "support"))
from tally import tally  # noqa: E402, F401

SEED = int(os.environ.get("KEYFOLD_TEST_SEED") or os.environ.get("KEYFOLD_TEST_FIRST") or 0)
KILLED, UNABLE = 137, 77
# What a killed process may leave beside its target: a file that was about to be renamed, and, where files have names
# from the start, a temporary one that was about to lose its name.
LITTER = re.compile(r"\.(?:%s)\.[0-9a-f]{16}\.tmp|\.keyfold-[A-Za-z0-9]{6}")
MEMORY = ["--memory", "16M"]


class Job:
    """`make(folder, draw)` puts inputs there; `command(folder)` is the tool's arguments."""

    def __init__(self, name, make, arguments, target="out.kf", old=True, resumes=False):
        self.name, self.make, self.arguments, self.target = name, make, arguments, target
        self.old, self.resumes = old, resumes

    def prepare(self, tool, folder, seed):
        """Inputs, the old target, and what the new one will be."""
        self.tool, self.folder = tool, folder
        self.make(tool, folder, random.Random(f"{self.name} {seed}"))
        self.run()
        self.new = self.content()
        os.remove(self.path(self.target))
        self.old_content = None
        if self.old:
            write_pairs(self.path("old.tsv"), random.Random(-1 - seed), 300)
            subprocess.run([tool, "build", "-q", "-o", self.path("old.kf"), self.path("old.tsv")], check=True)
            old = "old.kf"
            if self.target.endswith(".kfm"):
                old = "old.kfm"
                subprocess.run([tool, "bundle", "-q", "-o", self.path(old), self.path("old.kf")], check=True)
            with open(self.path(old), "rb") as file:
                self.old_content = file.read()
        self.known = set(os.listdir(folder)) | {self.target}
        self.reset()

    def path(self, name):
        return os.path.join(self.folder, name)

    def command(self):
        return [self.tool, *(word.replace("@", self.folder + "/") for word in self.arguments)]

    def run(self):
        return subprocess.run(self.command(), check=True)

    def content(self):
        try:
            with open(self.path(self.target), "rb") as file:
                return file.read()
        except FileNotFoundError:
            return None

    def verify(self):
        return subprocess.run([self.tool, "verify", "-q", self.path(self.target)]).returncode == 0

    def reset(self):
        """As it was before the command."""
        for name in set(os.listdir(self.folder)) - self.known:
            path = self.path(name)
            shutil.rmtree(path) if os.path.isdir(path) else os.remove(path)
        if self.old:
            with open(self.path(self.target), "wb") as file:
                file.write(self.old_content)
        elif os.path.exists(self.path(self.target)):
            os.remove(self.path(self.target))

    def problem(self, content, names):
        """What is wrong with the target's content and the folder's names, or None."""
        if content not in (self.old_content, self.new):
            return f"the target has {'no file' if content is None else f'{len(content)} strange bytes'}"
        litter = set(names) - self.known - ({"kept"} if self.resumes else set())
        if any(not re.fullmatch(LITTER.pattern % re.escape(self.target), name) for name in litter):
            return f"left behind: {', '.join(sorted(litter))}"
        return f"too many files left: {len(litter)}" if len(litter) > 3 else None


def traced(tracer, log, number, job):
    """The command's status, how many calls it made, and its messages."""
    done = subprocess.run([tracer, log, str(number), *job.command()], stderr=subprocess.PIPE, text=True, timeout=600)
    if done.returncode == UNABLE:
        print("calls can't be traced here")
        sys.exit(UNABLE)       # which Meson takes for skipped
    with open(log, "rb") as file:
        return done.returncode, int(file.read().rsplit(b"calls ", 1)[1]), done.stderr


def write_pairs(path, draw, count):
    with open(path, "w", encoding="utf-8") as file:
        for number in draw.sample(range(10 * count), count):
            file.write(f"key {number * 2654435761 % 2 ** 32:08x}\t{number * draw.randrange(1, 4)}\n")


def one_list(count):
    def make(_, folder, draw):
        write_pairs(os.path.join(folder, "in.tsv"), draw, draw.randrange(count, 2 * count))
    return make


def two_files(tool, folder, draw):
    for name in ("a", "b"):
        write_pairs(os.path.join(folder, name + ".tsv"), draw, draw.randrange(500, 3000))
        path = os.path.join(folder, name)
        with open(path + ".tsv", encoding="utf-8") as file:
            lines = [f"{name} {line}" for line in file]
        with open(path + ".tsv", "w", encoding="utf-8") as file:
            file.writelines(lines)
        subprocess.run([tool, "build", "-q", "-o", path + ".kf", path + ".tsv"], check=True)


def names(_, folder, draw):
    with open(os.path.join(folder, "in.tsv"), "w", encoding="utf-8") as file:
        for number in range(draw.randrange(200, 800)):
            words = draw.choices(["ACME", "BOLTS", "NUTS", "LIMITED", "HOUSE", str(number)], k=4)
            file.write(f"{number}\t{' '.join(words)}\n")


BUILD = ["build", "-q", "-o", "@out.kf"]
JOBS = [
    Job("build", one_list(2000), [*BUILD, "--threads", "1", "@in.tsv"]),
    Job("build of a new file", one_list(2000), [*BUILD, "--threads", "1", "@in.tsv"], old=False),
    Job("build beyond memory", one_list(150000), [*BUILD, *MEMORY, "--threads", "1", "--values", "u64", "@in.tsv"]),
    Job("build of shards", one_list(4000), [*BUILD, "--threads", "2", "--shards", "3", "@in.tsv"]),
    Job("resumed build", one_list(150000), [*BUILD, *MEMORY, "--threads", "1", "--resume", "@kept", "@in.tsv"],
        resumes=True),
    Job("merge", two_files, ["merge", "-q", "-o", "@out.kf", "@a.kf", "@b.kf"]),
    Job("bundle", two_files, ["bundle", "-q", "-o", "@out.kfm", "@a.kf", "@b.kf"], target="out.kfm"),
    Job("index of names", names, ["names", "build", "-q", "--threads", "1", "-o", "@out.kf", "@in.tsv"], old=False),
]


def try_jobs(try_job, tool, tracer, *wanted):
    """Of all jobs, or those that are named; the status."""
    passed = [try_job(job, os.path.abspath(tool), os.path.abspath(tracer)) for job in JOBS
              if not wanted or job.name in wanted]
    print(f"{sum(passed)} passed, {len(passed) - sum(passed)} failed")
    return not all(passed)
