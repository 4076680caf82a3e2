"""The shared library and the headers as a compiler and a linker see them."""
import re
import shutil
import subprocess
import tempfile

# The library reports failures: it never ends, prints or asserts, nor changes what is the whole process's.
BANNED = {"abort", "exit", "_exit", "_Exit", "quick_exit", "__assert_fail", "printf", "puts", "putchar",
          "fprintf", "vfprintf", "vprintf", "perror", "fputs", "fwrite", "fputc", "stdout", "stderr",
          "__printf_chk", "__fprintf_chk", "strcpy", "sprintf", "gets", "rand", "srand", "signal",
          "sigaction", "setlocale", "setenv", "umask", "chdir", "system", "popen"}
UNNEEDED = ("libxxhash",)       # what is compiled in


def _output(*command):
    return subprocess.run(command, check=True, capture_output=True, text=True).stdout


def _symbols(library, option):
    """Names of the library's dynamic symbols, without versions, and their kinds."""
    return {(line.split()[-1].split("@")[0], line.split()[-2])
            for line in _output("nm", "-D", option, str(library)).splitlines()}


def _alone(root, name, compiler, language, standard):
    """What a compiler says about a header that nothing precedes and that comes twice."""
    with tempfile.NamedTemporaryFile("w", suffix=".txt") as unit:
        unit.write(f"#include <keyfold/{name}>\n#include <keyfold/{name}>\n")
        unit.flush()
        result = subprocess.run(
            [compiler, "-x", language, f"-std={standard}", "-Wall", "-Wextra", "-Wpedantic", "-Werror",
             "-fsyntax-only", "-I", str(root / "include"), unit.name], capture_output=True, text=True)
    return result.stderr.splitlines()[:3]


def rules(house, library):
    headers = [file for file in house.within("include") if file.path.startswith("include/keyfold/")]
    declared = {name for header in headers for name in re.findall(r"^KF_API\b[^;]*?\b(kf_\w+)\s*\(", header.code, re.M)}
    exported = {name for name, kind in _symbols(library, "--defined-only") if kind in "TDBRVW"}
    yield "declared but not exported", declared - exported
    yield "exported but not declared", {name for name in exported - declared if not name.startswith("__")}
    yield "no public function found", set() if declared else {"the headers were not understood"}

    called = {name for name, _ in _symbols(library, "--undefined-only")}
    sanitized = any(name.startswith(("__asan", "__ubsan")) for name in called)
    yield "the library calls", set() if sanitized else called & BANNED
    needed = re.findall(r"\(NEEDED\).*\[(.*)\]", _output("readelf", "-d", str(library)))
    yield "the library needs", {name for name in needed if name.startswith(UNNEEDED)}

    segments, dynamic = _output("readelf", "-lW", str(library)), _output("readelf", "-dW", str(library))
    hardened = {"a stack that can't be executed": re.search(r"GNU_STACK.* RW ", segments),
                "read-only tables of addresses": "GNU_RELRO" in segments and "BIND_NOW" in dynamic,
                "guards of stack frames": sanitized or "__stack_chk_fail" in called}
    yield "the library has not", {name for name, there in hardened.items() if not there}

    for compiler, language, standard in (("cc", "c", "c99"), ("c++", "c++", "c++11")):
        if shutil.which(compiler):
            for header in headers:
                name = header.path.rsplit("/", 1)[1]
                yield f"{name} as {language}", _alone(house.root, name, compiler, language, standard)
