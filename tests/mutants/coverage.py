"""Which tests come to which lines of lib/, and how long they take: found once with gcov, and kept in the lab's folder.

A test is known by its own source: where that is new or has changed the test runs again. Where a file of lib/ has
changed since, lines are no use: its functions tell.
"""
import collections
import gzip
import hashlib
import json
import resource

import lab


def digest(path):
    return hashlib.sha256(path.read_bytes()).hexdigest()[:16]


class Coverage:
    def __init__(self, place):
        self.place, self.path = place, place.folder / "coverage.json.gz"
        kept = json.loads(gzip.decompress(self.path.read_bytes())) if self.path.exists() else {}
        self.tests = kept.get("tests", {})                   # {name: {"source", "seconds", "files"}}
        self.code = kept.get("code", {})                     # {file digest: its lines that have code}
        self.now = {str(path.relative_to(place.tree)): digest(path) for path in (place.tree / "lib").rglob("*.[ch]")}

    def make(self):
        """Runs what is new, and leaves out what fails without a mutant."""
        place, sources = self.place, {test.name: digest(self.place.tree / test.source) for test in self.place.tests}
        new = [test for test in place.tests if self.tests.get(test.name, {}).get("source") != sources[test.name]]
        for build in ("plain", "coverage") if new else ():
            place.set_up(build)
            place.ninja(build, *{target for test in new for target in test.targets})
        for test in new:
            before = resource.getrusage(resource.RUSAGE_CHILDREN)
            outcome = place.run(test, "plain", 3600)
            after = resource.getrusage(resource.RUSAGE_CHILDREN)
            if outcome:
                print(f"{test.name} fails without a mutant and is left out: {outcome}", flush=True)
                place.tests.remove(test)
                continue
            seconds = after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime
            self.tests[test.name] = {"source": sources[test.name], "seconds": seconds, "files": self.files_of(test)}
            self.path.write_bytes(gzip.compress(json.dumps({"tests": self.tests, "code": self.code}).encode(), 1))
        for test in place.tests:
            test.seconds = self.tests[test.name]["seconds"]

    def files_of(self, test):
        """{file: {"digest", "lines", "functions"}}: what of lib/ the test executes."""
        folder = self.place.build_folder("coverage")
        for old in folder.rglob("*.gcda"):
            old.unlink()
        self.place.run(test, "coverage", 3600)
        counts = list(folder.rglob("*.gcda"))
        output = lab.call(["gcov", "--json-format", "--stdout", *counts], cwd=folder) if counts else ""
        found = collections.defaultdict(lambda: {"lines": set(), "functions": set()})
        code = collections.defaultdict(set)
        for unit in output.splitlines():
            for file in json.loads(unit)["files"]:
                path = (folder / file["file"]).resolve()
                name = str(path.relative_to(self.place.tree)) if path.is_relative_to(self.place.tree) else ""
                if name not in self.now:
                    continue
                code[self.now[name]].update(line["line_number"] for line in file["lines"])
                found[name]["lines"].update(line["line_number"] for line in file["lines"] if line["count"])
                found[name]["functions"].update(f["name"] for f in file["functions"] if f["execution_count"])
        for key, lines in code.items():
            self.code[key] = sorted(lines | set(self.code.get(key, ())))
        return {name: {"digest": self.now[name], **{key: sorted(value) for key, value in what.items()}}
                for name, what in found.items() if what["lines"]}

    def comes_to(self, test, mutant):
        """Whether a test executes the mutant's line."""
        what = self.tests[test.name]["files"].get(mutant.file)
        if not what:
            return False
        if what["digest"] != self.now[mutant.file]:
            known = any(mutant.function in entry["files"].get(mutant.file, {"functions": ()})["functions"]
                        for entry in self.tests.values())
            return mutant.function in what["functions"] or not known
        line = max((line for line in self.code[what["digest"]] if line <= mutant.line), default=0)
        return line in what["lines"]
