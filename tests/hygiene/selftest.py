"""Every rule can fail: a small house keeps them all, and each change to it breaks the one that it is to break."""
import pathlib
import subprocess
import tempfile

GOOD = {
    "include/keyfold/x.h": "#ifndef KEYFOLD_X_H\n#define KEYFOLD_X_H\n#define KF_API\n"
                           "KF_API int kf_x(void);\n#endif\n",
    "lib/base/hash.h": "#ifndef KFI_BASE_HASH_H\n#define KFI_BASE_HASH_H\n#include <xxhash.h>\n#endif\n",
    "lib/read/a.h": "#ifndef KFI_READ_A_H\n#define KFI_READ_A_H\nint kfi_a(void);\n#endif\n",
    "lib/read/a.c": "#include \"read/a.h\"\nint kfi_a(void)\n{\n    return 1;\n}\n",
    "lib/read/b.c": "#include <keyfold/x.h>\n#include \"read/a.h\"\nstatic const int t[] = { 1, 2 };\n"
                    "int kf_x(void)\n{\n    return kfi_a() + t[0]; /* kfi_none( */\n}\n",
    "lib/meson.build": "s = files('read/a.c', 'read/b.c')\n",
    "tools/keyfold/main.c": "#include <keyfold/x.h>\nint main(void)\n{\n    return kf_x();\n}\n",
    "tools/meson.build": "executable('keyfold', 'keyfold/main.c')\n",
    "bindings/python/keyfold/_a.py": "TOP = 1\n",
    "bindings/python/keyfold/_b.py": "from ._a import TOP\n",
    "bindings/python/helpers.c": "static int kfpy_f(void)\n{\n    return 1;\n}\n",
    "bindings/python/keyfold/_c.py": "from . import _b\nprint(lib.kfpy_f())\n",
    "tests/unit/read/test_a.c": "int test;\n",
    "tests/meson.build": "t = ['unit/read/test_a.c']\n",
    "tests/mutants/named.txt": "lib/read/a.c kfi_a\n- return 1;\n+ return 0;\n= wrong\n",
}
LIBRARY = "int kf_x(void) { return 1; }\n"

_BOTH = {"lib/read/c.c": "int kfi_c(void)\n{\n    return kfi_d();\n}\n",
         "lib/read/d.c": "int kfi_d(void)\n{\n    return kfi_c();\n}\n",
         "lib/meson.build": "s = files('read/a.c', 'read/b.c', 'read/c.c', 'read/d.c')\n",
         "lib/read/b.c": GOOD["lib/read/b.c"].replace("kfi_a()", "kfi_a() + kfi_c()")}
_LONG = "int main(void)\n{\n" + 80 * "    kf_x();\n" + "}\n"

# The rule, part of what it must say, and what is other in the house: files by path; None: the library's source;
# "soname": of another library that it needs; "options": of its compiler, behind those that harden it.
BAD = [
    ("lines over 120 columns", "a.c:6 has 121",
     {"lib/read/a.c": GOOD["lib/read/a.c"] + "/*" + 117 * "x" + "*/\n"}),
    ("lines over 120 columns", "meson.build:1",
     {"lib/meson.build": "#" + 60 * "\u00e9" + "\n" + GOOD["lib/meson.build"]}),
    ("tabs", "main.c:4", {"tools/keyfold/main.c": GOOD["tools/keyfold/main.c"].replace("    ", "\t")}),
    ("blanks at a line's end", "_a.py:1", {"bindings/python/keyfold/_a.py": "TOP = 1 \n"}),
    ("files that don't end with one newline", "_a.py", {"bindings/python/keyfold/_a.py": "TOP = 1"}),
    ("files that don't end with one newline", "_a.py", {"bindings/python/keyfold/_a.py": "TOP = 1\n\n"}),
    ("files over 800 lines", "test_a.c has 801", {"tests/unit/read/test_a.c": 801 * "int test;\n"}),
    ("functions over 80 lines", "main has 83", {"tools/keyfold/main.c": _LONG}),
    ("prefetches that may be dropped", "lib/read/a.c",
     {"lib/read/a.c": GOOD["lib/read/a.c"].replace("return 1", "__builtin_prefetch(0);\n    return 1")}),
    ("bool instead of int", "a.c", {"lib/read/a.c": GOOD["lib/read/a.c"] + "static bool b;\n"}),
    ("layers", 'lib/read/a.c includes "write/', {"lib/read/a.c": '#include "write/x.h"\n' + GOOD["lib/read/a.c"]}),
    ("tools and bindings use private headers", "main.c includes",
     {"tools/keyfold/main.c": '#include "read/a.h"\n' + GOOD["tools/keyfold/main.c"]}),
    ("tools and bindings use private headers", "helpers.c includes",
     {"bindings/python/helpers.c": '#include <lib/read/a.h>\n' + GOOD["bindings/python/helpers.c"]}),
    ("system calls and threads outside lib/base", "<pthread.h>",
     {"lib/read/a.c": "#include <pthread.h>\n" + GOOD["lib/read/a.c"]}),
    ("the system called outside lib/base", "lib/read/a.c calls pthread_once",
     {"lib/read/a.c": GOOD["lib/read/a.c"].replace("return 1", "return pthread_once(0, 0)")}),
    ("the system called outside lib/base", "lib/read/a.c calls munmap",
     {"lib/read/a.c": GOOD["lib/read/a.c"].replace("return 1", "return munmap (0, 1)")}),
    ("xxhash.h outside lib/base/hash.h", "main.c",
     {"tools/keyfold/main.c": "#include <xxhash.h>\n" + GOOD["tools/keyfold/main.c"]}),
    ("sources of one name in lib", "lib/base/a.c and lib/read/a.c",
     {"lib/base/a.c": "typedef int kfi_t;\n", "lib/base/meson.build": "'a.c'\n"}),
    ("sources of one name in lib", "lib/base/a.h and lib/read/a.h",
     {"lib/base/a.h": "#ifndef KFI_BASE_A_H\n#define KFI_BASE_A_H\n#endif\n"}),
    ("guards that don't say the path", "lib/read/a.h", {"lib/read/a.h": GOOD["lib/read/a.h"].replace("READ_", "")}),
    ("sources in no meson.build", "lib/read/a.c", {"lib/meson.build": "'read/b.c'\n"}),
    ("sources in no meson.build", "test_a.c", {"tests/meson.build": "\n"}),
    ("unit tests of rooms that lib does not have", "test_a.c",
     {"tests/unit/wrong/test_a.c": "int test;\n",
      "tests/meson.build": "'unit/read/test_a.c', 'unit/wrong/test_a.c'\n"}),
    ("mutants of what is not there any more", "lib/read/a.c kfi_a: return 2;",
     {"tests/mutants/named.txt": GOOD["tests/mutants/named.txt"].replace("- return 1;", "- return 2;")}),
    ("mutants of what is not there any more", "lib/read/a.c kfi_e: return 1;",
     {"tests/mutants/named.txt": GOOD["tests/mutants/named.txt"].replace("kfi_a", "kfi_e")}),
    ("circles of files", "lib/read/c.c - lib/read/d.c", _BOTH),
    ("circles of files", "lib/read/a.h - lib/read/e.h",
     {"lib/read/a.h": GOOD["lib/read/a.h"].replace("int kfi_a", '#include "read/e.h"\nint kfi_a'),
      "lib/read/e.h": GOOD["lib/read/a.h"].replace("A_H", "E_H").replace("int kfi_a(void);", '#include "read/a.h"')}),
    ("circles of modules", "_a - _b",
     {"bindings/python/keyfold/_a.py": "def late():\n    from . import (\n        _b)\n"}),
    ("circles of modules", "_a - _b - _c", {"bindings/python/keyfold/_a.py": 'c = Later("_c")\n'}),
    ("functions of lib that nothing in lib uses", "lib/read/a.c: kfi_e",
     {"lib/read/a.c": GOOD["lib/read/a.c"] + "int kfi_e(void)\n{\n    return kfi_e();\n}\n"}),
    ("functions of lib that nothing in lib uses", "lib/read/a.h: kfi_h",
     {"lib/read/a.h": GOOD["lib/read/a.h"].replace("#endif", "static inline int kfi_h(void) { return 1; }\n#endif")}),
    ("functions of lib that nothing in lib uses", "lib/read/a.c: kfi_g",
     {"lib/read/a.c": GOOD["lib/read/a.c"] + "int kfi_f(void)\n{\n    return kfi_g();\n}\nint kfi_g(void)\n{\n"
                                             "    return kfi_f();\n}\n"}),
    ("functions that the command does not use", "main.c: unused",
     {"tools/keyfold/main.c": GOOD["tools/keyfold/main.c"] + "int unused(void)\n{\n    return 1;\n}\n"}),
    ("functions that the bindings don't use", "kfpy_f", {"bindings/python/keyfold/_c.py": "from . import _b\n"}),
    ("macros that nothing uses", "KFI_M", {"lib/read/a.c": "#define KFI_M 1\n" + GOOD["lib/read/a.c"]}),
    ("declared but not exported", "kf_x", {None: "static int kf_x(void) { return 1; }\nint kf_z = 1;\n"}),
    ("exported but not declared", "kf_y", {None: LIBRARY + "int kf_y(void) { return 1; }\n"}),
    ("the library calls", "abort", {None: LIBRARY + "void abort(void);\n__attribute__((visibility(\"hidden\"))) "
                                                    "void a(void) { abort(); }\n"}),
    ("the library needs", "libxxhash.so.0", {None: LIBRARY, "soname": "libxxhash.so.0"}),
    ("the library has not", "read-only tables", {None: LIBRARY, "options": ["-Wl,-z,lazy"]}),
    ("the library has not", "a stack", {None: LIBRARY, "options": ["-Wl,-z,execstack"]}),
    ("the library has not", "guards", {None: LIBRARY, "options": ["-fno-stack-protector"]}),
    ("no public function found", "not understood",
     {"include/keyfold/x.h": GOOD["include/keyfold/x.h"].replace("kf_x", "x")}),
    ("x.h as c", "", {"include/keyfold/x.h": GOOD["include/keyfold/x.h"].replace("(void)", "(size_t)")}),
    ("x.h as c++", "", {"include/keyfold/x.h": GOOD["include/keyfold/x.h"].replace("(void)", "(int new)")}),
]


def _compile(path, source, *options):
    subprocess.run(["cc", "-shared", "-fPIC", "-w", "-fstack-protector-all", "-Wl,-z,now", "-x", "c", "-o", str(path),
                    "-", "-x", "none", *options], input=source, text=True, check=True)
    return path


def _try(broken, folder, changes):
    """The rules for the small house with some changes, each with what breaks it."""
    root = pathlib.Path(tempfile.mkdtemp(dir=folder))
    files = {**GOOD, **changes}
    source, soname, options = files.pop(None, LIBRARY), files.pop("soname", None), files.pop("options", [])
    for path, content in files.items():
        (root / path).parent.mkdir(parents=True, exist_ok=True)
        (root / path).write_text(content)
    if changes and None not in changes and "include/keyfold/x.h" not in changes:
        return dict(broken(root, None))
    needed = ["-Wl,--no-as-needed", _compile(root / "other.so", "", f"-Wl,-soname,{soname}")] if soname else []
    return dict(broken(root, _compile(root / "x.so", source, *needed, *options)))


def results(broken):
    """Rules about the rules: each a name and what is wrong."""
    with tempfile.TemporaryDirectory() as folder:
        good = _try(broken, folder, {})
        yield "the small house breaks a rule", [f"{name}: {problems}" for name, problems in good.items() if problems]
        yield "rules without an example", sorted(good.keys() - {rule for rule, _, _ in BAD})
        for rule, text, changes in BAD:
            found = _try(broken, folder, changes)
            there = any(text in problem for problem in found[rule])
            yield f"'{rule}' can't fail", [] if there else [f"wants {text!r}; got {found[rule]}"]
