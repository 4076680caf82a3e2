"""Runs the Python programs of README.md, each by itself in an empty folder."""
import os
import pathlib
import re
import subprocess
import sys

import pytest

README = (pathlib.Path(__file__).resolve().parents[2] / "README.md").read_text(encoding="utf-8")
PROGRAMS = re.findall(r"^```python\n(.*?)^```$", README, re.M | re.S)


def test_there_are_programs() -> None:
    assert len(PROGRAMS) >= 3


@pytest.mark.parametrize("number", range(len(PROGRAMS)))
def test_program(number: int, tmp_path: pathlib.Path) -> None:
    program = tmp_path / "program.py"
    program.write_text(PROGRAMS[number], encoding="utf-8")
    environment = dict(os.environ, KEYFOLD_CACHE=str(tmp_path / "cache"))
    done = subprocess.run([sys.executable, str(program)], cwd=tmp_path, env=environment, text=True, timeout=120,
                          capture_output=True)
    assert done.returncode == 0, done.stderr
