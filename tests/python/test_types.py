"""The types that users of the package get: mypy over typed.py."""
import os
import re
import subprocess
import sys

import pytest
from conftest import SOURCE

pytest.importorskip("mypy", reason="mypy is not installed")
pytest.importorskip("numpy", reason="its types are part of ours")


def test_types(tmp_path):
    command = [sys.executable, "-m", "mypy", "--strict", "--warn-unused-ignores", "--ignore-missing-imports",
               str(SOURCE / "tests/python/typed.py")]
    environment = {**os.environ, "MYPY_CACHE_DIR": os.environ.get("MYPY_CACHE_DIR", str(tmp_path / "cache"))}
    done = subprocess.run(command, cwd=tmp_path, env=environment, capture_output=True, text=True, timeout=600)
    # Pandas has no types of its own: what comes of it is Any, unless its stubs are there.
    lines = [line for line in done.stdout.splitlines() if not re.search(r"pandas|^Found|^Success", line)]
    assert not lines and done.returncode in (0, 1), done.stdout + done.stderr
