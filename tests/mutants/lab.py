"""A copy of the tree where mutants are built and tested: the builds, the tests, one test's run."""
import dataclasses
import hashlib
import json
import os
import pathlib
import resource
import shutil
import signal
import subprocess
import time

FIXED = ["--buildtype=release", "-Doptimization=1"]
BUILDS = {
    "plain": FIXED,
    "sanitize": FIXED + ["-Db_sanitize=address,undefined", "-Db_lundef=false",
                         "-Dc_args=-fno-sanitize-recover=all"],
    "coverage": FIXED + ["-Db_coverage=true"],
}
LEFT_OUT = ("test_memory.py", "test_documents.py")   # what measures, and what reads texts
LEAST_SECONDS = 5                 # what every test may take, however quick it is without a mutant
MEMORY, FILE_SIZE = 16 << 30, 4 << 30   # what a mutant that has lost all measure may take
POLL = 0.02


@dataclasses.dataclass
class Test:
    name: str
    command: list
    environment: dict
    targets: list                 # what ninja has to build
    source: str                   # tests/...
    seconds: float = 0            # of processor time


class Failure(Exception):
    pass


def call(command, **options):
    done = subprocess.run(command, capture_output=True, text=True, **options)
    if done.returncode:
        raise Failure(f"{' '.join(map(str, command[:4]))}: {(done.stdout + done.stderr)[-2000:]}")
    return done.stdout


class Lab:
    def __init__(self, root, folder):
        self.folder = pathlib.Path(folder).resolve()
        self.tree = self.folder / "tree"
        self.scratch = self.folder / "scratch"
        self.copy(pathlib.Path(root))
        self.tests = []

    def copy(self, root):
        """Files that are unchanged stay as they are, so that a folder used again builds little."""
        names = call(["git", "ls-files", "-co", "--exclude-standard"], cwd=root).split("\n")
        wanted = {name for name in names if (root / name).is_file()}
        for old in (self.tree.rglob("*") if self.tree.exists() else ()):
            if old.is_file() and str(old.relative_to(self.tree)) not in wanted:
                old.unlink()
        for name in wanted:
            source, copy = root / name, self.tree / name
            copy.parent.mkdir(parents=True, exist_ok=True)
            if not copy.exists() or copy.read_bytes() != source.read_bytes():
                shutil.copy(source, copy)

    def build_folder(self, build):
        return self.folder / build

    def set_up(self, build):
        folder = self.build_folder(build)
        if not (folder / "build.ninja").exists():
            call(["meson", "setup", folder, self.tree] + BUILDS[build])
        self.ninja(build, "build.ninja")                     # what has changed since in the meson.build files

    def ninja(self, build, *targets):
        call(["ninja", "-C", self.build_folder(build), *targets])

    # ---- the tests

    def find_tests(self, suites):
        """Those of Meson's list that run programs; all builds have the same."""
        folder = self.build_folder("plain")
        sources = {}                                         # {program: its main source}
        for target in json.loads(call(["meson", "introspect", "--targets", folder])):
            name = str(pathlib.Path(target["filename"][0]).relative_to(folder))
            if target["type"] == "executable":
                sources[name] = target["target_sources"][0]["sources"][0]
            elif target["type"] == "static library" and target["name"] == "keyfold":
                self.library = name
        for test in json.loads(call(["meson", "introspect", "--tests", folder])):
            kinds = {suite.split(":")[-1] for suite in test["suite"]}
            command = [word.removeprefix(f"{folder}/") for word in test["cmd"]]
            programs = [word for word in command if word in sources]
            if not programs or not kinds & suites or command[0].endswith(LEFT_OUT):
                continue
            source = pathlib.Path(sources.get(command[0], command[0]))
            if "cli" in kinds:
                source = source.with_name(f"{command[-1]}.py")
            environment = {**test["env"], "KEYFOLD_TESTS": "quick" if "quick" in kinds else "run"}
            self.tests.append(Test(test["name"], command, environment, programs, str(source.relative_to(self.tree))))
        if not self.tests:
            raise Failure("no test has been found")

    # ---- mutants

    def objects(self):
        folder = self.build_folder("plain") / "lib"
        return {path: hashlib.sha256(path.read_bytes()).digest() for path in folder.rglob("*.o")}

    def start(self, suites):
        """Everything up to the first mutant."""
        for build in ("plain", "sanitize"):
            self.set_up(build)
        self.find_tests(suites)
        self.ninja("plain", *{target for test in self.tests for target in test.targets})
        self.unchanged = self.objects()

    def text_of(self, name):
        return (self.tree / name).read_text()

    def put(self, mutant, text):
        """Builds the library with the mutant in a file's text; what came of it."""
        (self.tree / mutant.file).write_text(mutant.apply(text))
        try:
            self.ninja("plain", self.library)
        except Failure:
            return "does not compile"
        return "same" if self.objects() == self.unchanged else "built"

    def remove(self, mutant, text):
        (self.tree / mutant.file).write_text(text)

    # ---- one test

    def run(self, test, build, seconds):
        """Runs a test until its first failure. Returns what failed, None if nothing did."""
        shutil.rmtree(self.scratch, ignore_errors=True)
        self.scratch.mkdir(parents=True)
        log = self.scratch / "tap"
        command = [self.build_folder(build) / word if word in test.targets else word for word in test.command]
        environment = {**os.environ, **test.environment, "CK_TAP_LOG_FILE_NAME": str(log),
                       "TMPDIR": str(self.scratch)}
        asan = build == "sanitize"

        def limit():
            resource.setrlimit(resource.RLIMIT_CPU, (int(seconds) + 1, int(seconds) + 2))
            resource.setrlimit(resource.RLIMIT_FSIZE, (FILE_SIZE, resource.RLIM_INFINITY))
            resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
            if not asan:
                resource.setrlimit(resource.RLIMIT_AS, (MEMORY, MEMORY))

        process = subprocess.Popen(command, env=environment, cwd=self.scratch, preexec_fn=limit,
                                   stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL,
                                   stderr=subprocess.DEVNULL, start_new_session=True)
        end, failed = time.monotonic() + 10 * seconds + 60, None
        while process.poll() is None and not failed:
            if time.monotonic() > end:
                failed = "takes too long"
            else:
                time.sleep(POLL)
                failed = self.first_failure(log)
        try:
            os.killpg(process.pid, signal.SIGKILL)
        except ProcessLookupError:
            pass
        code = process.wait()
        failed = failed or self.first_failure(log) or (f"status {code}" if code else None)
        shutil.rmtree(self.scratch, ignore_errors=True)
        return failed

    @staticmethod
    def first_failure(log):
        if not log.exists():
            return None
        with open(log, encoding="utf-8", errors="replace") as lines:
            for line in lines:
                if line.startswith("not ok"):
                    parts = line.split(":")
                    return parts[2].strip() if len(parts) > 2 else line.strip()
        return None
