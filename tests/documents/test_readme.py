#!/usr/bin/env python3
"""Repeats what README.md shows: test_readme.py KEYFOLD LIBRARY

Its console sessions are run command by command in one folder, its C programs are compiled against the
headers and the library and run, and its links and the folders it names must exist. Sizes and times may differ
from those shown.
Ends with "N passed, N failed".
"""

import os
import pathlib
import re
import subprocess
import sys
import tempfile

ROOT = pathlib.Path(__file__).resolve().parents[2]
README = (ROOT / "README.md").read_text(encoding="utf-8")
MEASURE = re.compile(r"\b\d+(\.\d+)? (?=(B|KiB|MiB|B/key|s)\b)")

passed = failed = 0


def check(good, message):
    global passed, failed
    passed, failed = passed + bool(good), failed + (not good)
    if not good:
        print(message)


def blocks(kind):
    return re.findall(rf"^```{kind}\n(.*?)^```$", README, re.M | re.S)


def run_session(text, folder, environment):
    """Commands begin with "$ "; the first one may show a file that the others use."""
    for number, part in enumerate(re.split(r"^\$ ", text, flags=re.M)[1:]):
        command, _, expected = part.partition("\n")
        if number == 0 and command.startswith("cat "):
            (folder / command.split()[-1]).write_text(expected, encoding="utf-8")
        done = subprocess.run(["bash", "-c", command], cwd=folder, env=environment, text=True, timeout=120,
                              stdout=subprocess.PIPE, stderr=subprocess.STDOUT)
        same = MEASURE.sub("# ", done.stdout) == MEASURE.sub("# ", expected)
        check(same, f"$ {command}\nREADME.md:\n{expected}now:\n{done.stdout}")


def run_program(text, library, folder):
    source, program = folder / "example.c", folder / "example"
    source.write_text(text, encoding="utf-8")
    compiler = os.environ.get("CC", "cc").split()
    done = subprocess.run([*compiler, "-Wall", "-Wextra", "-Werror", f"-I{ROOT}/include", "-o", str(program),
                           str(source), str(library), f"-Wl,-rpath,{library.parent}",
                           "-Wl,--allow-shlib-undefined"], capture_output=True, text=True)
    check(done.returncode == 0, f"{text}\n{done.stderr}")
    symbols = subprocess.run(["nm", "-D", "-u", str(library)], capture_output=True, text=True).stdout
    if done.returncode or "__asan_" in symbols:   # a plain program can't load a sanitized library
        return
    done = subprocess.run([str(program)], cwd=folder, capture_output=True, text=True, timeout=120)
    expected = re.search(r"prints: (.*) \*/", text)[1]
    check(done.stdout == expected + "\n", f"{text}\nprints {done.stdout!r}{done.stderr}, not {expected!r}")


def check_places():
    for place in re.findall(r"\]\(([^)#]+)\)", README):
        check((ROOT / place).exists(), f"README.md links to {place}, which is not there")
    anchors = {re.sub(r"[^\w -]", "", title.lower()).replace(" ", "-")
               for title in re.findall(r"^#+ (.*)$", README, re.M)}
    for anchor in re.findall(r"\]\(#([^)]+)\)", README):
        check(anchor in anchors, f"README.md links to #{anchor}, which is not there")
    tree = README[README.index("## The source tree"):README.index("## Contributing")]
    for row in re.findall(r"^\| (`.*?) \|", tree, re.M):
        for place in re.findall(r"`([^`]+)`", row):
            check((ROOT / place).exists(), f"README.md names {place}, which is not there")


def main():
    tool, library = pathlib.Path(sys.argv[1]).resolve(), pathlib.Path(sys.argv[2]).resolve()
    environment = dict(os.environ, PATH=f"{tool.parent}:{os.environ['PATH']}", LC_ALL="C.UTF-8")
    check(len(blocks("console")) == 2 and len(blocks("c")) == 3, "README.md has other blocks than expected")
    with tempfile.TemporaryDirectory(prefix="keyfold-readme-") as folder:
        folder = pathlib.Path(folder)
        for text in blocks("console"):
            run_session(text, folder, environment)
        for text in blocks("c"):
            run_program(text, library, folder)
    check_places()
    print(f"{passed} passed, {failed} failed")
    return 1 if failed or not passed else 0


if __name__ == "__main__":
    sys.exit(main())
