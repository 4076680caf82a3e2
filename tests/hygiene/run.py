#!/usr/bin/env python3
"""Rules of the house that a compiler does not check.

    hygiene.py SOURCE_ROOT SHARED_LIBRARY

Prints a line for each broken rule and "N passed, N failed" at the end.
"""
import pathlib
import re
import shutil
import subprocess
import sys
import tempfile

root, library = map(pathlib.Path, sys.argv[1:3])
passed = failed = 0


def rule(name, problems):
    global passed, failed
    if problems:
        failed += 1
        print(f"{name}: " + "; ".join(sorted(problems)[:20]))
    else:
        passed += 1


def symbols(*options):
    """Names of the library's dynamic symbols, without versions."""
    output = subprocess.run(["nm", "-D", *options, str(library)], check=True, capture_output=True, text=True)
    return {(line.split()[-1].split("@")[0], line.split()[-2]) for line in output.stdout.splitlines()}


headers = sorted((root / "include/keyfold").glob("*.h"))
sources = sorted((root / "lib").rglob("*.[ch]"))
tools = sorted((root / "tools").rglob("*.[ch]"))

# The library exports what the headers declare, and nothing else.
declared = set()
for header in headers:
    code = re.sub(r"/\*.*?\*/", "", header.read_text(), flags=re.S)
    declared |= set(re.findall(r"^KF_API\b[^;]*?\b(kf_\w+)\s*\(", code, re.M))
exported = {name for name, kind in symbols("--defined-only") if kind in "TDBRVW"}
rule("declared but not exported", declared - exported)
rule("exported but not declared", {name for name in exported - declared if not name.startswith("__")})
rule("no public function found", set() if len(declared) > 20 else {"the headers were not understood"})

# The library reports failures: it never ends, prints or asserts.
undefined = {name for name, _ in symbols("--undefined-only")}
banned = {"abort", "exit", "_exit", "_Exit", "quick_exit", "__assert_fail", "printf", "puts", "putchar",
          "fprintf", "vfprintf", "vprintf", "perror", "fputs", "fwrite", "fputc", "stdout", "stderr",
          "__printf_chk", "__fprintf_chk", "strcpy", "sprintf", "gets", "rand", "srand", "signal",
          "sigaction", "setlocale", "setenv", "umask", "chdir", "system", "popen"}
if not any(name.startswith(("__asan", "__ubsan")) for name in undefined):
    rule("the library calls", undefined & banned)

# Each public header compiles alone, as C and as C++.
for compiler, language, standard in (("cc", "c", "c99"), ("c++", "c++", "c++11")):
    if not shutil.which(compiler):
        continue
    for header in headers:
        with tempfile.TemporaryDirectory() as folder:
            unit = pathlib.Path(folder) / "unit"
            unit.write_text(f"#include <keyfold/{header.name}>\n#include <keyfold/{header.name}>\n")
            result = subprocess.run(
                [compiler, "-x", language, f"-std={standard}", "-Wall", "-Wextra", "-Wpedantic", "-Werror",
                 "-fsyntax-only", "-I", str(root / "include"), str(unit)], capture_output=True, text=True)
        rule(f"{header.name} as {language}", set(result.stderr.splitlines()[:3]))

# Layers: base <- format <- write, read <- query; the command sees the public headers only.
may_include = {"base": {"base"}, "format": {"base", "format"}, "write": {"base", "format", "write"},
               "read": {"base", "format", "read"}, "query": {"base", "format", "write", "read", "query"}}
wrong = set()
for source in sources:
    room = source.relative_to(root / "lib").parts[0]
    for name in re.findall(r'^\s*#\s*include\s+"(\w+)/', source.read_text(), re.M):
        if name not in may_include.get(room, {name}):
            wrong.add(f"{source.relative_to(root)} includes {name}/")
rule("layers", wrong)
private = {f"{tool.relative_to(root)} includes {name}" for tool in tools
           for name in re.findall(r'^\s*#\s*include\s+["<]((?:base|format|write|read|query|lib)/[^">]*)',
                                  tool.read_text(), re.M)}
rule("the command uses private headers", private)

print(f"{passed} passed, {failed} failed")
sys.exit(1 if failed else 0)
