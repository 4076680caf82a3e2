"""Allocations that fail: no crash, no leak, no wrong answer."""
import os
import platform
import shutil
import subprocess
import sys
from pathlib import Path

import pytest
from conftest import LEVEL

HERE = Path(__file__).parent


def sweep(how, many, folder, **environment):
    """How many calls raised."""
    (folder / "files").mkdir()
    done = subprocess.run([sys.executable, "-X", "faulthandler", HERE / "failing.py", how, str(many), folder / "files"],
                          stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, timeout=1200,
                          env={**os.environ, "PYTHONHASHSEED": "0", "KEYFOLD_CACHE": str(folder / "cache"),
                               **environment})
    assert done.returncode == 0, done.stdout[-5000:]
    raised, wrong = done.stdout.splitlines()[-1].split()
    assert wrong == "0", done.stdout[-5000:]
    return int(raised)


@pytest.mark.skipif(platform.libc_ver()[0] != "glibc", reason="the library that is preloaded stands before glibc's")
def test_memory_of_the_library(tmp_path):
    compiler = shutil.which("cc")
    if compiler is None:
        pytest.skip("no compiler")
    preloaded = tmp_path / "fail_malloc.so"
    subprocess.run([compiler, "-shared", "-fPIC", "-O2", "-D_GNU_SOURCE", "-o", preloaded, HERE / "fail_malloc.c",
                    "-ldl", "-lpthread"], check=True)
    step = {"quick": 20, "long": 1}.get(LEVEL, 5)
    assert sweep("library", step, tmp_path, LD_PRELOAD=str(preloaded)) > 1000 / step


def test_memory_of_objects(tmp_path):
    pytest.importorskip("_testcapi")
    many = {"quick": 10, "long": 1000}.get(LEVEL, 50)
    assert sweep("objects", many, tmp_path) > many
