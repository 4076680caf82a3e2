"""A copy of the tree where mutants are built and tested: the builds, which test runs which line, one test's run."""
import collections
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
    "lines": FIXED + ["-Db_coverage=true"],
}
LEAST_SECONDS = 10                # what every test may take, however quick it is without a mutant
MEMORY, FILE_SIZE = 16 << 30, 4 << 30   # what a mutant that has lost all measure may take
POLL = 0.02


@dataclasses.dataclass
class Test:
    name: str
    command: list
    environment: dict
    target: str                   # what ninja has to build
    source: str                   # tests/...
    seconds: float = 0            # of processor time, in the slow build with counters
    lines: dict = dataclasses.field(default_factory=dict)   # file -> lines of lib that it runs


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
        self.code = collections.defaultdict(set)             # file -> lines that have code

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

    def ninja(self, build, *targets):
        call(["ninja", "-C", self.build_folder(build), *targets])

    # ---- the tests

    def find_tests(self, suites):
        """Those of Meson's list that are programs; all three builds have the same."""
        folder = self.build_folder("plain")
        names = {}
        for target in json.loads(call(["meson", "introspect", "--targets", folder])):
            sources = [s for part in target["target_sources"] for s in part.get("sources", [])]
            if target["type"] == "executable":
                names[target["filename"][0]] = sources[0]
        for test in json.loads(call(["meson", "introspect", "--tests", folder])):
            program = test["cmd"][0]
            if program not in names or not {s.split(":")[-1] for s in test["suite"]} & suites:
                continue
            relative = str(pathlib.Path(program).relative_to(folder))
            self.tests.append(Test(test["name"], test["cmd"], test["env"], relative,
                                   str(pathlib.Path(names[program]).relative_to(self.tree))))
        if not self.tests:
            raise Failure("no test has been found")

    def survey(self):
        """Runs every test once in the build that counts, to learn which lines it runs and how long it takes."""
        kept = self.folder / "survey.json"
        known = json.loads(kept.read_text()) if kept.exists() else {}
        common = self.digest("lib", "tests/support")
        for test in self.tests:
            digest = self.digest(test.source) + common
            if known.get(test.name, [None])[0] != digest:
                self.set_up("lines")
                self.ninja("lines", test.target)
                known[test.name] = (digest, *self.measure(test))
                kept.write_text(json.dumps(known))
            _, test.seconds, run, code = known[test.name]
            test.lines = {file: set(lines) for file, lines in run.items()}
            for file, lines in code.items():
                self.code[file] |= set(lines)

    def digest(self, *names):
        digest = hashlib.sha256()
        for name in names:
            for path in sorted((self.tree / name).rglob("*.[ch]")) or [self.tree / name]:
                digest.update(path.read_bytes())
        return digest.hexdigest()

    def measure(self, test):
        folder = self.build_folder("lines")
        for old in folder.rglob("*.gcda"):
            old.unlink()
        before = resource.getrusage(resource.RUSAGE_CHILDREN)
        outcome = self.run(test, "lines", 3600)
        after = resource.getrusage(resource.RUSAGE_CHILDREN)
        if outcome:
            raise Failure(f"{test.name} fails without a mutant: {outcome}")
        run, code = collections.defaultdict(set), collections.defaultdict(set)
        counters = [str(p.relative_to(folder)) for p in (folder / "lib").rglob("*.gcda")]
        for text in call(["gcov", "--json-format", "--stdout", *counters], cwd=folder).splitlines():
            for file in json.loads(text)["files"]:
                path = pathlib.Path(os.path.normpath(folder / file["file"]))
                if self.tree / "lib" not in path.parents:
                    continue
                name = str(path.relative_to(self.tree))
                code[name] |= {line["line_number"] for line in file["lines"]}
                run[name] |= {line["line_number"] for line in file["lines"] if line["count"]}
        seconds = after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime
        return (seconds, *({file: sorted(lines) for file, lines in found.items()} for found in (run, code)))

    def runs(self, test, file, first, last):
        """Whether the test runs one of the lines; one without code counts to the last that has some."""
        code, run = self.code[file], test.lines.get(file, set())
        while first > 0 and first not in code:
            first -= 1
        return any(line in run for line in range(first, last + 1))

    # ---- mutants

    def objects(self):
        folder = self.build_folder("plain") / "lib"
        return {path: hashlib.sha256(path.read_bytes()).digest() for path in folder.rglob("*.o")
                if ".so" not in path.parent.name}

    def start(self, suites, twin=None):
        """Everything up to the first mutant; the survey is taken from another lab if there is one."""
        for build in ("plain", "sanitize"):
            self.set_up(build)
        self.find_tests(suites)
        if twin:
            self.code = twin.code
            for test, other in zip(self.tests, twin.tests):
                test.seconds, test.lines = other.seconds, other.lines
        else:
            self.survey()
        self.ninja("plain", *[test.target for test in self.tests])
        self.unchanged = self.objects()
        self.library = str(self.tests and next(self.build_folder("plain").rglob("libkeyfold_private.a"))
                           .relative_to(self.build_folder("plain")))

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
        command = [argument.replace(str(self.build_folder("plain")), str(self.build_folder(build)))
                   for argument in test.command]
        environment = {**os.environ, **test.environment, "CK_TAP_LOG_FILE_NAME": str(log),
                       "TMPDIR": str(self.scratch), "KEYFOLD_TESTS": "quick"}
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
