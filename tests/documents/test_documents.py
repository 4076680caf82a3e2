#!/usr/bin/env python3
"""Repeats what README.md and the guides show: test_documents.py KEYFOLD LIBRARY

Of every Markdown file of the source tree: console sessions are run command by command in a folder of the file's own;
then C programs are compiled against the headers and the library, and run there; shell blocks must parse. Links and
their anchors, and the files that are named in backticks, must exist. Sizes and times may differ from those shown.
Public declarations must have a comment, for the reference pages.
(Python programs are run by tests/python, where the package is installed.) Ends with "N passed, N failed".
"""

import os
import pathlib
import re
import subprocess
import sys
import tempfile

ROOT = pathlib.Path(__file__).resolve().parents[2]
FOLDERS = [".github", "bench", "bindings", "include", "lib", "tests", "tools"]
MEASURE = re.compile(r"\b\d+(\.\d+)? (?=(B|KiB|MiB|B/key|s)\b)")
PLACE = re.compile(r"(?:%s)/[\w./-]*\w/?" % "|".join(map(re.escape, FOLDERS)))
SOURCE = re.compile(r"\w+\.(?:[ch]|py|map)|[A-Z]+\.md")

passed = failed = 0


def check(good, message):
    global passed, failed
    passed, failed = passed + bool(good), failed + (not good)
    if not good:
        print(message)


def blocks(text, kind):
    return re.findall(rf"^```{kind}\n(.*?)^```$", text, re.M | re.S)


def prose(text):
    return re.sub(r"^```.*?^```$", "", text, flags=re.M | re.S)


def run_session(name, text, folder, environment):
    """Commands begin with "$ "; the first one may show a file that the others use."""
    for number, part in enumerate(re.split(r"^\$ ", text, flags=re.M)[1:]):
        command, _, expected = part.partition("\n")
        if number == 0 and command.startswith("cat "):
            (folder / command.split()[-1]).write_text(expected, encoding="utf-8")
        done = subprocess.run(["bash", "-c", command], cwd=folder, env=environment, text=True, timeout=120,
                              stdout=subprocess.PIPE, stderr=subprocess.STDOUT)
        same = MEASURE.sub("# ", done.stdout) == MEASURE.sub("# ", expected)
        check(same, f"$ {command}\n{name}:\n{expected}now:\n{done.stdout}")


def run_program(name, text, library, folder):
    source, program = folder / "example.c", folder / "example"
    source.write_text(text, encoding="utf-8")
    compiler = os.environ.get("CC", "cc").split()
    done = subprocess.run([*compiler, "-Wall", "-Wextra", "-Werror", f"-I{ROOT}/include", "-o", str(program),
                           str(source), str(library), f"-Wl,-rpath,{library.parent}",
                           "-Wl,--allow-shlib-undefined"], capture_output=True, text=True)
    check(done.returncode == 0, f"{name}:\n{text}\n{done.stderr}")
    symbols = subprocess.run(["nm", "-D", "-u", str(library)], capture_output=True, text=True).stdout
    if done.returncode or "__asan_" in symbols:   # a plain program can't load a sanitized library
        return
    done = subprocess.run([str(program)], cwd=folder, capture_output=True, text=True, timeout=120)
    expected = re.search(r"prints: (.*) \*/", text)
    expected = expected[1] + "\n" if expected else None
    check(done.stdout == expected and done.returncode == 0,
          f"{name}:\n{text}\nprints {done.stdout!r}{done.stderr}, not {expected!r}")


def anchors(text):
    return {re.sub(r"[^\w -]", "", title.lower()).replace(" ", "-")
            for title in re.findall(r"^#+ (.*)$", prose(text), re.M)}


def check_links(name, path, texts):
    for link in re.findall(r"\]\(([^)]+)\)", prose(texts[path])):
        if re.match(r"https?://", link):
            continue
        place, _, anchor = link.partition("#")
        target = (path.parent / place).resolve() if place else path
        check(target.exists() and target.is_relative_to(ROOT), f"{name} links to {place}, which is not there")
        if anchor and target.suffix == ".md" and target in texts:
            check(anchor in anchors(texts[target]), f"{name} links to {link}, which has no such heading")


def check_names(name, path, texts, names):
    """What stands in backticks and looks like a path from the root, or like a source file; NAME stands for any."""
    for quoted in re.findall(r"`((?![^`\n]*NAME)[^`\n]+)`", prose(texts[path])):
        for place in PLACE.findall(quoted):
            if quoted.startswith(place) and not place.startswith("bench/out"):
                check((ROOT / place).exists() or (path.parent / place).exists(),
                      f"{name} names {place}, which is not there")
        if SOURCE.fullmatch(quoted.rpartition("/")[2]):
            check(quoted.rpartition("/")[2] in names, f"{name} names {quoted}, which is not there")


def check_lists(texts):
    """Every room of the library and of the command, and every source of the Python package, is in the table that
    explains them."""
    rooms = {str(path.parent.relative_to(ROOT)) for path in (ROOT / "lib").rglob("*.[ch]")}
    command = {str(path.parent.relative_to(ROOT / "tools")) for path in (ROOT / "tools").rglob("*.[ch]")}
    sources = {path.name for path in (ROOT / "bindings/python").rglob("*") if path.suffix in (".c", ".py")}
    for name, parts in ("lib/README.md", rooms), ("tools/README.md", command), ("bindings/README.md", sources):
        rows = re.findall(r"^\|([^|]*)\|", texts[ROOT / name], re.M)
        named = {quoted for row in rows for quoted in re.findall(r"`([^`]+)`", row)}
        named |= {quoted.removeprefix("keyfold/") for quoted in named}
        check(parts <= named, f"{name} does not list {', '.join(sorted(parts - named))}")


def main():
    tool, library = pathlib.Path(sys.argv[1]).resolve(), pathlib.Path(sys.argv[2]).resolve()
    environment = dict(os.environ, PATH=f"{tool.parent}:{os.environ['PATH']}", LC_ALL="C.UTF-8")
    files = [*ROOT.iterdir(), *(path for folder in FOLDERS for path in (ROOT / folder).rglob("*.*"))]
    names = {path.name for path in files}
    texts = {path: path.read_text(encoding="utf-8") for path in sorted(files)
             if path.suffix == ".md" and not path.is_relative_to(ROOT / "bench/out")}
    sessions = programs = 0
    for path, text in texts.items():
        name = str(path.relative_to(ROOT))
        with tempfile.TemporaryDirectory(prefix="keyfold-documents-") as folder:
            for block in blocks(text, "console"):
                run_session(name, block, pathlib.Path(folder), environment)
                sessions += 1
            for block in blocks(text, "c"):
                run_program(name, block, library, pathlib.Path(folder))
                programs += 1
        for block in blocks(text, "sh"):
            check(subprocess.run(["bash", "-n"], input=block, text=True).returncode == 0, f"{name}:\n{block}")
        check_links(name, path, texts)
        check_names(name, path, texts, names)
    check_lists(texts)
    done = subprocess.run([sys.executable, str(ROOT / "tools/reference"), "--check"], capture_output=True, text=True)
    check(done.returncode == 0, f"public declarations without a comment:\n{done.stdout}{done.stderr}")
    check(sessions >= 10 and programs >= 10, f"only {sessions} sessions and {programs} programs were found")
    check(len(texts[ROOT / "README.md"].splitlines()) <= 200, "README.md is longer than 200 lines")
    # What a package index shows has no place that a relative link could lead to.
    page = re.search(r'^readme = "(.*?)"', (ROOT / "pyproject.toml").read_text(encoding="utf-8"), re.M)[1]
    links = re.findall(r"\]\((?!https?://)([^)]+)\)", prose(texts[ROOT / page]))
    check(not links, f"{page} is shown outside of the source tree, and links to {links}")
    print(f"{passed} passed, {failed} failed")
    return 1 if failed or not passed else 0


if __name__ == "__main__":
    sys.exit(main())
