#!/usr/bin/env python3
"""What a compiled program relies on - exported symbols, layouts of structs, numbers of enumerators and constants,
prototypes - is what the committed description says.

    test_abi.py SOURCE_ROOT SHARED_LIBRARY             compares with tests/abi/keyfold.abi; "N passed, N failed"
    test_abi.py --update SOURCE_ROOT SHARED_LIBRARY    rewrites keyfold.abi, if only something was added
    test_abi.py --break SOURCE_ROOT SHARED_LIBRARY     rewrites it whatever has changed: older programs then no longer
                                                       work, and the library needs another soversion

A field that is added at a struct's end changes the struct's size and adds a line; all other lines must stay. The
layouts are those of x86-64 and of all that lays structs out alike.
"""
import difflib
import os
import pathlib
import re
import subprocess
import sys
import tempfile

SIZES = re.compile(r"^struct \S+ \d+$")


def prototype(text):
    """On one line, without parameters' names."""
    text = re.sub(r"([ *])\w+((?:\[\w*\])?)(?=[,)])", r"\1\2", " ".join(text.split()))
    return text.replace(" ,", ",").replace(" )", ")")


def declarations(folder):
    """Of all headers: {struct: fields}, enumerators, constants, {name: prototype or function type}."""
    structs, enumerators, constants, types = {}, [], [], {}
    for header in sorted(folder.glob("*.h")):
        text = re.sub(r"/\*.*?\*/", " ", header.read_text(), flags=re.S).replace("\\\n", " ")
        constants += [name for name, value in re.findall(r"^#define (KF_\w+) +(\S.*)$", text, re.M)
                      if not name.endswith("_INIT") and name != "KF_API" and not name.startswith("KF_VERSION_")]
        text = re.sub(r"^\s*#.*$", "", text, flags=re.M)
        for body, name in re.findall(r"struct \w+ \{(.*?)\} (\w+);", text, re.S):
            fields = [re.sub(r"\[.*?\]", "", field).split(",") for field in body.split(";") if field.strip()]
            structs[name] = [re.search(r"(\w+)\s*$", part).group(1) for parts in fields for part in parts]
        for body in re.findall(r"\benum\b[^;{]*\{(.*?)\}", text, re.S):
            enumerators += re.findall(r"(?:^|,)\s*(KF_\w+)", body)
        for declared in re.findall(r"^KF_API\b([^;]*);", text, re.M):
            types[re.search(r"(\w+)\s*\(", declared).group(1)] = prototype(declared)
        for name, rest in re.findall(r"^typedef ([^;{]*?\(\*\w+\))(\([^;]*\));", text, re.M):
            types[re.search(r"\(\*(\w+)\)", name).group(1)] = f"{' '.join(name.split())}{prototype(rest)}"
    return structs, enumerators, constants, types


def layouts(root, structs, enumerators, constants):
    """Lines that a program prints which is compiled with the headers."""
    out = ["#include <keyfold/keyfold.h>", "#include <stdio.h>",
           "#define NUMBER(kind, name) printf(kind \" \" #name \" %llu\\n\", (unsigned long long)(name))",
           "#define FIELD(s, f) printf(\"field \" #s \".\" #f \" %zu %zu\\n\", offsetof(s, f), sizeof ((s *)0)->f)",
           "int main(void)", "{"]
    for name, fields in sorted(structs.items()):
        out.append(f'printf("struct {name} %zu\\n", sizeof({name}));')
        out += [f"FIELD({name}, {field});" for field in fields]
    out += [f'NUMBER("enumerator", {name});' for name in enumerators]
    out += [f'NUMBER("constant", {name});' for name in constants]
    with tempfile.TemporaryDirectory() as folder:
        source, program = pathlib.Path(folder) / "layout.c", pathlib.Path(folder) / "layout"
        source.write_text("\n".join([*out, "return 0;", "}", ""]))
        subprocess.run([os.environ.get("CC", "cc"), "-I", str(root / "include"), "-o", str(program), str(source)],
                       check=True)
        return subprocess.run([str(program)], check=True, capture_output=True, text=True).stdout.splitlines()


def symbols(library):
    output = subprocess.run(["nm", "-D", "--defined-only", str(library)], check=True, capture_output=True, text=True)
    names = [line.split()[-1] for line in output.stdout.splitlines() if line.split()[-2] in "TDBRVW"]
    return [f"symbol {name}" for name in sorted(names) if name.startswith("kf_")]


def main():
    arguments = sys.argv[1:]
    mode = arguments.pop(0) if arguments[0].startswith("--") else ""
    root, library = map(pathlib.Path, arguments)
    structs, enumerators, constants, types = declarations(root / "include/keyfold")
    if len(structs) < 15 or len(enumerators) < 80 or len(constants) < 3 or len(types) < 50:
        sys.exit("the headers were not understood\n0 passed, 1 failed")
    found = [*layouts(root, structs, enumerators, constants), *symbols(library),
             *(f"type {types[name]}" for name in sorted(types))]
    file = root / "tests/abi/keyfold.abi"
    wanted = file.read_text().splitlines() if file.exists() else []
    gone = [line for line in wanted if line not in found and not SIZES.match(line)]
    if mode == "--update" and gone:
        sys.exit("older programs would not work any more:\n" + "\n".join(gone))
    if mode in ("--update", "--break"):
        file.write_text("\n".join([*found, ""]))
        return
    difference = list(difflib.unified_diff(wanted, found, "tests/abi/keyfold.abi", "this build", lineterm="", n=0))
    print(*difference, sep="\n")
    if difference:
        print("If this is meant, see tests/abi/test_abi.py.")
    print(f"{int(not difference)} passed, {int(bool(difference))} failed")
    sys.exit(1 if difference else 0)


main()
