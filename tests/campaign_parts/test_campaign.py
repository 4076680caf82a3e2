#!/usr/bin/env python3
"""The campaign notices what fails, hangs or dies, keeps it, counts rightly, and goes on where it stopped: with proofs
that are made up. Prints "N passed, N failed"."""
import contextlib
import importlib.machinery
import importlib.util
import io
import json
import os
import shutil
import signal
import subprocess
import sys
import tempfile
import threading
import time
import unittest

HERE = os.path.dirname(os.path.abspath(__file__))
sys.dont_write_bytecode = True
loader = importlib.machinery.SourceFileLoader("campaign", os.path.join(os.path.dirname(HERE), "campaign"))
campaign = importlib.util.module_from_spec(importlib.util.spec_from_loader("campaign", loader))
loader.exec_module(campaign)
import promises  # noqa: E402
from turns import Proof  # noqa: E402

COUNT = "import os; open(os.environ['KEYFOLD_TEST_COUNTS'], 'a').write('%s\\t%d\\n'); "
TABLE = [("it is so", [("lookups", ["fine", "other"], "lookups", 2)]),
         ("it was once", [("checks", ["once"], "checks", promises.DONE)]),
         ("it is not", [("lookups", ["wrong"], "lookups", 5)])]


def python(name, script, **more):
    return Proof(name, [sys.executable, "-c", script], scales=False, **more)


FINE = python("fine", COUNT % ("lookups", 2) + "import time; time.sleep(0.1); print('7 passed, 0 failed')")
ONCE = python("once", COUNT % ("bits", 5) + "print('100%: Checks: 4, Failures: 0, Errors: 0')", once=True)
WRONG = python("wrong", COUNT % ("lookups", 1) + "print('2 passed, 1 failed')")
DIES = python("dies", "import os, signal; open(os.environ['TMPDIR'] + '/input', 'w').write('bytes');"
              "print('the last words', flush=True); os.kill(os.getpid(), signal.SIGSEGV)")
HANGS = python("hangs", "import os, subprocess, time; child = subprocess.Popen(['sleep', '60']);"
               "open('%s', 'w').write(str(child.pid)); time.sleep(60)", limit=1)

# A fuzz target of the command with two planted faults, and what tests/fuzz/afl asks of a build.
FAULTY = """
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

int main(int argc, char **argv)
{
    char text[2] = "";
    if (argc == 3) {                      /* --write-seeds */
        FILE *seed;
        return chdir(argv[2]) || !(seed = fopen("seed", "w")) || fputs("Ax", seed) < 0 || fclose(seed);
    }
    if (argc == 2 && access(argv[1], R_OK)) return 0;      /* --list-commands */
    if (argc == 2) {                      /* what lies in a folder, again */
        char command[2000];
        snprintf(command, sizeof command, "cat %s/crashes-* 2>/dev/null | grep '^C' >/dev/null && echo again", argv[1]);
        return !system(command);
    }
    const int size = (int)read(0, text, 2);
    if (size > 0 && text[0] == 'C') abort();
    if (size > 1 && text[0] == 'A' && text[1] == 'H') sleep(60);
    return text[0] == 'A';
}
"""
FAULTY_BUILD = """
rule cc
  command = env AFL_QUIET=1 afl-clang-fast -O1 -o $out $in
build tests/fuzz/afl_command: cc faulty.c
build tests/fuzz/fuzz_command: cc faulty.c
build tools/keyfold/keyfold: cc faulty.c
"""


class Campaign(unittest.TestCase):
    def setUp(self):
        temporary = tempfile.TemporaryDirectory(prefix="keyfold-campaign-test-")
        self.addCleanup(temporary.cleanup)
        self.folder = temporary.name
        self.output = ""

    def run_it(self, *every, hours=0.4 / 3600, **more):
        arguments = ["--folder", self.folder, "--hours", str(hours)]
        for name, value in more.items():
            arguments += [f"--{name}", str(value)]
        out = io.StringIO()
        try:
            with contextlib.redirect_stdout(out):
                return campaign.main(arguments, every, TABLE)
        finally:
            self.output = out.getvalue()

    def state(self):
        with open(os.path.join(self.folder, "state.json"), encoding="utf-8") as file:
            state = json.load(file)
        (work,) = state["work"].values()
        return work, state

    def failure(self, name, times):
        work, state = self.state()
        self.assertEqual(work[name]["failures"], times)
        found = [each for each in state["failures"] if each["proof"] == name]
        self.assertEqual(len({each["folder"] for each in found}), times)
        return found[-1]["why"], found[-1]["folder"]

    def test_counts_and_table(self):
        self.assertEqual(self.run_it(FINE, ONCE, seed=7), 0)
        work, state = self.state()
        runs = work["fine"]["runs"]
        self.assertGreater(runs, 0)
        self.assertEqual(work["fine"]["counts"], {"lookups": 2 * runs, "checks": 7 * runs})
        self.assertEqual(work["once"]["counts"], {"bits": 5, "checks": 4})
        self.assertEqual(state["next"]["fine"]["seed"], 7 + 100000 * runs)
        self.assertIn("it is so: reached, 0 failures", self.output)
        self.assertIn(f"lookups: {2 * runs} of 2", self.output)
        self.assertIn("it was once: reached", self.output)
        self.assertIn("checks: 4\n", self.output)
        self.assertIn("it is not: not yet", self.output)

    def test_what_is_reached_gets_less_time(self):
        self.assertEqual(self.run_it(FINE), 0)
        state = campaign.State(os.path.join(self.folder, "state.json"), next(iter(self.state()[1]["work"])))
        turns = campaign.Turns(campaign.Runner(state, self.folder), [FINE, WRONG], 100, TABLE)
        self.assertEqual(turns.seconds(WRONG), 50)
        self.assertEqual(turns.seconds(FINE), 10)

    def test_proofs_that_share_a_folder_wait_for_each_other_in_all_campaigns(self):
        place = os.path.join(self.folder, "place")
        script = f"import os, time; os.mkdir({place!r}); time.sleep(0.3); os.rmdir({place!r}); "
        failures = []

        def one(name):
            folder = os.path.join(self.folder, name)
            os.mkdir(folder)
            proof = python(name, script + "print('1 passed, 0 failed')", folder=place, once=True)
            state = campaign.State(os.path.join(folder, "state.json"), "commit")
            failures.append(campaign.Runner(state, folder).turn(proof, 10)[1])

        threads = [threading.Thread(target=one, args=(name,)) for name in "abc"]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        self.assertEqual(failures, [0, 0, 0])

    def test_what_waits_for_a_folder_can_be_stopped(self):
        runner = campaign.Runner(campaign.State(os.path.join(self.folder, "state.json"), "commit"), self.folder)
        proof = python("shared", "print('1 passed, 0 failed')", folder=os.path.join(self.folder, "place"), once=True)
        with runner.alone(proof):
            thread = threading.Thread(target=runner.turn, args=(proof, 10))
            thread.start()
            runner.end_all()
            thread.join(20)
            self.assertFalse(thread.is_alive())
        self.assertFalse(runner.state.of("shared")["runs"])

    def test_it_goes_on(self):
        self.assertEqual(self.run_it(FINE, ONCE), 0)
        before, first = self.state()
        self.assertEqual(self.run_it(FINE, ONCE), 0)
        after, second = self.state()
        self.assertGreater(after["fine"]["runs"], before["fine"]["runs"])
        self.assertGreater(second["next"]["fine"]["seed"], first["next"]["fine"]["seed"])
        self.assertEqual(after["once"]["runs"], 1)

    def test_what_fails(self):
        self.assertEqual(self.run_it(WRONG, DIES, hours=1), 1)      # which end it, failing again and again
        self.assertIn("it is not: not yet, 3 failures", self.output)
        self.assertEqual(self.failure("wrong", 3)[0], "1 checks failed")
        why, folder = self.failure("dies", 3)
        self.assertEqual(why, "signal SIGSEGV")
        with open(os.path.join(folder, "files", "input"), encoding="utf-8") as file:
            self.assertEqual(file.read(), "bytes")
        with open(os.path.join(folder, "log.txt"), encoding="utf-8") as file:
            self.assertIn("the last words", file.read())
        again = subprocess.run([os.path.join(folder, "reproduce")], capture_output=True, text=True,
                               env={**os.environ, "TMPDIR": self.folder})
        self.assertIn("the last words", again.stdout)
        self.assertNotEqual(again.returncode, 0)

    def test_silence(self):
        self.assertEqual(self.run_it(python("silent", "pass"), hours=1), 1)
        self.assertEqual(self.failure("silent", 3)[0], "nothing was counted")

    def test_what_hangs(self):
        child = os.path.join(self.folder, "child")
        hangs = python("hangs", HANGS.command[2] % child, limit=1)
        self.assertEqual(self.run_it(hangs, FINE, hours=4 / 3600), 1)
        self.assertRegex(self.failure("hangs", 1)[0], "no end after [0-9]+ s")
        self.assertGreater(self.state()[0]["fine"]["runs"], 0)
        with open(child, encoding="utf-8") as file:
            pid = int(file.read())
        for _ in range(100):         # what it started has ended too
            try:
                with open(f"/proc/{pid}/stat", encoding="utf-8") as file:
                    if file.read().rsplit(")", 1)[1].split()[0] == "Z":
                        break
            except FileNotFoundError:
                break
            time.sleep(0.05)
        else:
            self.fail("a child lives on")

    @unittest.skipUnless(shutil.which("afl-fuzz") and shutil.which("afl-clang-fast"), "AFL++ is not installed")
    def test_what_afl_finds(self):
        build = os.path.join(self.folder, "build")
        os.mkdir(build)
        for name, text in (("faulty.c", FAULTY), ("build.ninja", FAULTY_BUILD)):
            with open(os.path.join(build, name), "w", encoding="utf-8") as file:
                file.write(text)
        afl = Proof("afl", ["tests/fuzz/afl", "--build", build, "--seconds", "8", "--seed", "1", "--crashes", "{kept}"],
                    env={"AFL_HANG_TMOUT": "2100"}, scales=False, once=True)
        self.assertEqual(self.run_it(afl, hours=1), 1)
        why, folder = self.failure("afl", 1)
        self.assertEqual(why, "status 1")
        found = set()
        for name in os.listdir(os.path.join(folder, "files")):
            with open(os.path.join(folder, "files", name), "rb") as file:
                found.add((name.split("-")[0], file.read(2)[name.startswith("hangs"):][:1]))
        self.assertEqual(found, {("crashes", b"C"), ("hangs", b"H")})
        # What was found is tried before all else.
        again = subprocess.run([os.path.join(folder, "reproduce")], capture_output=True, text=True)
        self.assertEqual((again.returncode, again.stdout.split()), (1, ["again"]), again.stderr)

    def test_interrupted(self):
        slow = python("slow", "import time; time.sleep(60)")

        def interrupt():
            while not os.path.exists(os.path.join(self.folder, "state.json")):
                time.sleep(0.05)
            os.kill(os.getpid(), signal.SIGTERM)
        threading.Thread(target=interrupt).start()
        start = time.monotonic()
        self.assertEqual(self.run_it(FINE, slow, hours=1, jobs=2), 0)
        self.assertLess(time.monotonic() - start, 30)
        work, state = self.state()
        self.assertGreater(work["fine"]["runs"], 0)
        self.assertEqual(state["failures"], [])
        self.assertNotIn("slow", {name for name, each in work.items() if each["runs"]})

    def test_names(self):
        with self.assertRaises(SystemExit):
            self.run_it(FINE, only="fines")
        self.assertEqual(self.run_it(FINE, WRONG, only="f*"), 0)
        every = [proof.name for proof in campaign.proofs.all_proofs()]
        self.assertEqual(len(every), len(set(every)))
        for _, figures in promises.PROMISES:
            for _, names, _, _ in figures:
                self.assertLessEqual(set(names), set(every))

    def test_coverage(self):
        state = campaign.State(os.path.join(self.folder, "none.json"), "commit", 0)
        state.of("coverage").update(done=True, counts={
            "lib/read: lines run": 96, "lib/read: lines": 100, "lib/read: branches taken": 8, "lib/read: branches": 8})
        table = [("covered", [("of all", ["coverage"], "lines", promises.DONE)])]
        for name, number, enough in (("lib/read: lines", 100, True), ("lib/read: branches", 9, False),
                                     ("lib/read: branches", 8, True), ("lib/write: lines", 1, False)):
            state.of("coverage")["counts"][name] = number
            self.assertEqual(next(promises.rows(state, table))[3], enough, name)

    def test_record(self):
        self.run_it(FINE, ONCE)
        state = campaign.State(os.path.join(self.folder, "state.json"), next(iter(self.state()[1]["work"])), 0)
        text = promises.table(state, {"date": "today", "cpu": "one", "cores": 2}, TABLE)
        number = state.total(["fine"], "lookups")
        self.assertIn(f"| 1 | it is so | lookups: {number} of 2 | yes | 0 |", text)
        self.assertIn("| 2 | it was once | checks: 4 | yes | 0 |", text)
        self.assertIn("| 3 | it is not | lookups: 0 of 5 | not yet | 0 |", text)


if __name__ == "__main__":
    result = unittest.TextTestRunner(verbosity=1).run(unittest.defaultTestLoader.loadTestsFromTestCase(Campaign))
    bad = len(result.failures) + len(result.errors)
    print(f"{result.testsRun - bad} passed, {bad} failed")
    sys.exit(bad > 0)
