"""What the tests share."""
import itertools
import multiprocessing
import os
import subprocess
import sys
from pathlib import Path

import pytest
from hypothesis import HealthCheck, settings

import keyfold

LEVEL = os.environ.get("KEYFOLD_TESTS", "run")

# A long run draws anew each time; what fails is printed as a @reproduce_failure.
settings.register_profile("keyfold", deadline=None, derandomize=LEVEL != "long", print_blob=True,
                          max_examples={"quick": 10, "long": 1000}.get(LEVEL, 20),
                          suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow])
settings.load_profile("keyfold")

WINDOWS = os.name == "nt"
# Engines and builds that are killed, memory as Linux tells it, and what is hidden here because Windows lacks it.
collect_ignore = ["test_engines.py", "test_resume.py", "test_stories.py", "test_systems.py"] if WINDOWS else []


def on_posix(reason):
    """For tests of what Windows lacks, or Wine."""
    return pytest.mark.skipif(WINDOWS, reason=reason)


@pytest.hookimpl(wrapper=True)
def pytest_runtest_call():
    """On Windows a test ends where it would replace what it has open: only try_wheel.py closes all before."""
    try:
        return (yield)
    except keyfold.IOError_ as problem:
        if WINDOWS and "a process has it open" in str(problem):
            pytest.skip("what is mapped stays")
        raise


def need_pool(kind):
    """Skips the test if no processes of a kind can be had."""
    if WINDOWS and kind in ("fork", "forkserver"):
        pytest.skip("no such processes")
    if WINDOWS and kind == "futures":
        pytest.skip("Wine never ends it, whatever it runs")


# How worker processes start. Those of a fork server are as strange to their parent as spawned ones.
METHODS = [method for method in multiprocessing.get_all_start_methods() if LEVEL == "long" or method != "forkserver"]

SOURCE = Path(__file__).resolve().parents[2]


class Maker:
    """Compiles dictionaries into files of their own."""

    def __init__(self, folder):
        self.folder = folder
        self.numbers = itertools.count()

    def path(self):
        return os.path.join(self.folder, f"{next(self.numbers)}.kf")

    def __call__(self, pairs, /, **options):
        return keyfold.compile(self.path(), pairs, **options)


@pytest.fixture
def make(tmp_path):
    return Maker(tmp_path)


def run_python(program, *arguments, timeout=60, **options):
    """Runs a program in a new interpreter; returns the completed process."""
    return subprocess.run([sys.executable, "-c", program, *map(str, arguments)], capture_output=True, text=True,
                          timeout=timeout, **options)


@pytest.fixture
def python():
    return run_python


def run_tool(*arguments, **options):
    """The keyfold command of the package."""
    return subprocess.run([sys.executable, "-m", "keyfold", *map(str, arguments)], capture_output=True, **options)


@pytest.fixture
def tool():
    return run_tool
