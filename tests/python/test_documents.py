"""Runs the Python programs of README.md and of the guides, each by itself in an empty folder."""
import os
import pathlib
import re
import subprocess
import sys
from typing import Iterator, Tuple

import pytest

ROOT = pathlib.Path(__file__).resolve().parents[2]


def _programs() -> Iterator[Tuple[str, str]]:
    guides = (path for folder in ("bench", "bindings", "include", "lib", "tests", "tools")
              for path in sorted((ROOT / folder).rglob("*.md")))
    for path in [ROOT / "README.md", *guides]:
        programs = re.findall(r"^```python\n(.*?)^```$", path.read_text(encoding="utf-8"), re.M | re.S)
        for number, text in enumerate(programs):
            yield f"{path.relative_to(ROOT)}:{number}", text


PROGRAMS = dict(_programs())


def test_there_are_programs() -> None:
    assert len(PROGRAMS) >= 5


@pytest.mark.parametrize("name", PROGRAMS)
def test_program(name: str, tmp_path: pathlib.Path) -> None:
    program = tmp_path / "program.py"
    program.write_text(PROGRAMS[name], encoding="utf-8")
    environment = dict(os.environ, KEYFOLD_CACHE=str(tmp_path / "cache"))
    done = subprocess.run([sys.executable, str(program)], cwd=tmp_path, env=environment, text=True, timeout=120,
                          capture_output=True)
    absent = re.search(r"^ModuleNotFoundError: No module named '(pandas|polars|pyarrow)'"
                       r"|needs the (pyarrow|polars) package", done.stderr, re.M)
    if absent:
        pytest.skip(f"{absent.group(1) or absent.group(2)} is not installed")
    if os.name == "nt" and re.search("cannot find context for 'fork'|Windows does not replace it", done.stderr):
        pytest.skip("it forks, or replaces what it has open")
    assert done.returncode == 0, done.stderr
