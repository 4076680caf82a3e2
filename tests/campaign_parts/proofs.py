"""The proofs, and what their programs are built with."""
import os
import shutil
import subprocess

from turns import ROOT, Proof

BUILDS = {
    "plain": (None, ["--buildtype=release", "-Db_ndebug=if-release"]),
    "sanitize": ("clang", ["--buildtype=debugoptimized", "-Db_sanitize=address,undefined", "-Db_lundef=false",
                           "-Doptimization=1", "-Dc_args=-fno-sanitize-recover=all -g1"]),
    "thread": ("clang", ["--buildtype=debugoptimized", "-Db_sanitize=thread", "-Db_lundef=false", "-Doptimization=1"]),
}
FUZZED = ["dict", "build", "input", "names", "pattern", "query"]
MODELS = ["model", "queries", "nearest", "sets", "find", "minimal", "normalised", "names", "names_attributes",
          "names_dedupe", "names_ranking", "names_ratio", "shards", "shards_query", "parallel", "chain", "chain_query"]
FAULTS = ["builder_fault", "names_fault", "sets_fault", "parallel_fault", "parallel_edges", "resume", "resume_build",
          "resume_damage", "sort", "column"]
SWEPT = ["builder_fault", "names_fault", "sets_fault", "sort", "column"]
THREADED = ["parallel", "names_many", "join", "shards", "thread", "verify", "sort"]
# Scripts and programs that are done when they have passed at a commit, by Meson's names.
WHOLE = {
    "bombs": ["test_bombs"],
    "versions": ["format/test_format.py", "format/test_reader.py", "header", "cli/kinds"],
    "bytes": ["digests"],
    "input": ["cli/input", "cli/usage", "cli/build", "builder"],
    "house": ["hygiene/run.py", "abi/test_abi.py"],
    "right": ["cli/jail"],
    "patterns": ["model/test_patterns.py"],
}
RUN, LONG = {"KEYFOLD_TESTS": "run"}, {"KEYFOLD_TESTS": "long"}


def program(test, build, name=None, **more):
    path = f"tests/test_{test}"
    return Proof(name or f"{test}-{build}".removesuffix("-plain"), [f"{{build}}/{path}"], build, (path,), **more)


def meson(name, tests, **more):
    script = "meson test -C $0 --no-rebuild --logbase campaign-$1 --timeout-multiplier 20 $2; status=$?; " \
             "python3 tests/support/count.py $0/meson-logs/campaign-$1.json && exit $status"
    command = ["bash", "-c", script, "{build}", name, " ".join(tests)]
    return Proof(name, command, targets=("all",), once=True, limit=7200, env=RUN, **more)


def cases(test, case, name, build="plain", **more):
    env = {"CK_RUN_CASE": case, **more.pop("env", {})}
    return program(test, build, name, env=env, **more)


def crash(test, name, **more):
    tools = "tools/keyfold/keyfold", "tests/tracer"
    return Proof(name, [f"tests/crash/test_{test}.py", *(f"{{build}}/{tool}" for tool in tools)], targets=tools, **more)


def fuzzers():
    for target in FUZZED:
        if shutil.which("clang"):
            yield Proof(f"fuzz-{target}", ["tests/fuzz/run", "--seconds", "{seconds}", "--seed", "{seed}", "--crashes",
                                           "{kept}", target], scales=False, share=3)
        else:
            yield Proof(f"fuzz-{target}", [f"{{build}}/tests/fuzz/fuzz_{target}", "--mutate", "1000",
                                           f"tests/fuzz/corpus/{target}"], "sanitize", (f"tests/fuzz/fuzz_{target}",))


def all_proofs():
    for build in ("plain", "sanitize"):
        end = "" if build == "plain" else "-sanitize"
        yield cases("damage", "damage", "damage" + end, build, share=3)
        yield program("names_damage", build, "damage-names" + end)
        yield program("shards_damage", build, "damage-shards" + end)
    yield cases("damage", "bits", "every-bit", env=LONG, once=True, scales=False)
    yield cases("damage", "lengths", "every-length", once=True, scales=False)
    yield from fuzzers()
    for test in FAULTS:
        yield program(test, "sanitize", env=RUN, scales=False)
    for test in SWEPT:
        yield program(test, "plain", f"every-call-{test}", env=LONG, once=True, scales=False, limit=14400)
    yield program("room", "plain", env=LONG, scales=False)
    yield program("kill", "plain")
    for name, more in (("killed", {"scales": False}), ("power", {})):
        yield crash(name, name, **more)
    yield crash("killed", "killed-at-every-call", env=LONG, once=True, scales=False, limit=7200)
    yield program("readers", "plain", scales=False)
    yield program("soak", "plain", env={"KEYFOLD_TEST_SECONDS": "{seconds}"}, scales=False)
    yield cases("readers", "threads", "readers-thread", "thread", scales=False)
    for test in THREADED:
        yield program(test, "thread", scales=False, env={"KEYFOLD_TESTS": "quick"})
    for test in MODELS:
        yield program(test, "plain", env=RUN)
    for name, tests in WHOLE.items():
        yield meson(name, tests)
    yield Proof("afl", ["tests/fuzz/afl", "--seconds", "{seconds}", "--seed", "{seed}", "--crashes", "{kept}"],
                scales=False, share=3, asked=True, folder="build/campaign/afl")
    huge = "build/campaign/huge"
    yield Proof("huge", ["tests/campaign_parts/huge.py", "{build}/tools/keyfold/keyfold", huge], folder=huge,
                targets=("tools/keyfold/keyfold",), once=True, limit=7200, scales=False, asked=True)
    yield Proof("coverage", ["tests/coverage"], once=True, limit=14400, env=RUN, scales=False, asked=True,
                folder="build/coverage")
    package = "build/tests-python"
    yield Proof("python", ["tests/python/run", package], once=True, limit=7200, scales=False, asked=True,
                folder=package)
    yield Proof("python-crashes", ["tests/python/run", package, "test_crashes.py"], limit=7200, env=RUN, asked=True,
                folder=package)
    for target in ("arm64", "s390x", "i386", "riscv64", "musl", "windows-x64"):
        yield Proof(f"bytes-{target}", ["tests/cross", target, "digests"], once=True, limit=14400, scales=False,
                    asked=True, folder=f"build/cross/{target}")


def build(folder, proofs):
    """Compiles what the proofs need."""
    for name in dict.fromkeys(proof.build for proof in proofs if proof.targets):
        place = os.path.join(folder, name)
        compiler, options = BUILDS[name]
        env = dict(os.environ, CCACHE_NOHASHDIR="1")
        if compiler and shutil.which(compiler) and "CC" not in env:
            env["CC"] = compiler
        if not os.path.exists(os.path.join(place, "build.ninja")):
            subprocess.run(["meson", "setup", place, *options], cwd=ROOT, env=env, check=True,
                           stdout=subprocess.DEVNULL)
        targets = sorted({target for proof in proofs if proof.build == name for target in proof.targets})
        print(f"building {name}", flush=True)
        done = subprocess.run(["ninja", "-C", place, *targets], env=env, stdout=subprocess.PIPE,
                              stderr=subprocess.STDOUT, text=True)
        if done.returncode:
            raise SystemExit(done.stdout[-4000:] + f"\n{name} was not built")
