#!/usr/bin/env python3
"""Programs in C and C++, outside of the tree, build against what is installed: by pkg-config and by CMake, with the
shared library and with the static one.

    test_package.py BUILD VERSION               of a build folder
    test_package.py --installed ROOT VERSION    of packages that were unpacked in a folder

Prints "N passed, N failed". Without CMake or a C++ compiler what needs them is skipped, and said so.
"""
import os
import shutil
import subprocess
import sys
import tempfile

PROGRAM = """#include <keyfold/keyfold.h>
#include <stdio.h>
int main(void)
{
    kf_dict *dict = NULL;
    kf_status status = kf_dict_open(&dict, "nothing.kf", NULL, NULL);
    printf("%s\\n", kf_library_version());
    kf_dict_close(&dict);
    return status == KF_OK;
}
"""
LISTS = """cmake_minimum_required(VERSION 3.10)
project(outside {languages})
find_package(keyfold {version} REQUIRED)
add_executable(shared program.{suffix})
target_link_libraries(shared keyfold::keyfold)
add_executable(fixed program.{suffix})
target_link_libraries(fixed keyfold::static)
"""


def run(*words, **keywords):
    done = subprocess.run(words, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, **keywords)
    if done.returncode:
        raise RuntimeError(f"{' '.join(words)}\n{done.stdout}")
    return done.stdout


def by_pkg_config(folder, root, suffix, compiler, static):
    source, program = os.path.join(folder, "program." + suffix), os.path.join(folder, "program")
    with open(source, "w", encoding="utf-8") as text:
        text.write(PROGRAM)
    descriptions = run("find", root, "-name", "keyfold.pc").split()
    environment = dict(os.environ, PKG_CONFIG_PATH=os.path.dirname(descriptions[0]))
    with open(descriptions[0], encoding="utf-8") as text:
        prefix = text.readline().strip().replace("prefix=", "prefix=" + root)
    flags = run("pkg-config", "--define-variable=" + prefix, "--cflags", "--libs",
                *["--static"] * static, "keyfold", env=environment)
    library = os.path.dirname(os.path.dirname(descriptions[0]))
    words = [flag if flag != "-lkeyfold" else "-l:libkeyfold.a" if static else flag for flag in flags.split()]
    run(compiler, source, *words, "-o", program)
    return run(program, env=dict(os.environ, LD_LIBRARY_PATH="" if static else library))


def by_cmake(folder, root, suffix, version):
    with open(os.path.join(folder, "program." + suffix), "w", encoding="utf-8") as text:
        text.write(PROGRAM)
    with open(os.path.join(folder, "CMakeLists.txt"), "w", encoding="utf-8") as text:
        text.write(LISTS.format(languages="C" if suffix == "c" else "C CXX", suffix=suffix, version=version))
    made = os.path.join(folder, "made")
    configs = run("find", root, "-name", "keyfoldConfig.cmake").split()
    run("cmake", "-S", folder, "-B", made, "-Dkeyfold_DIR=" + os.path.dirname(configs[0]))
    run("cmake", "--build", made)
    return run(os.path.join(made, "shared")) + run(os.path.join(made, "fixed"))


def main(place, version):
    """`place`: the arguments before the version."""
    checks, skipped = [], []
    compilers = {"c": shutil.which("cc"), "cpp": shutil.which("c++")}
    with tempfile.TemporaryDirectory() as root:
        if place[0] == "--installed":
            root = os.path.abspath(place[1])
        else:
            run("meson", "install", "-C", place[0], "--no-rebuild", "--destdir", root)
        for suffix, compiler in compilers.items():
            checks += [(f"{suffix}, pkg-config, static: {static}", compiler, by_pkg_config, (suffix, compiler, static))
                       for static in (False, True)]
            checks.append((f"{suffix}, CMake", compiler and shutil.which("cmake"), by_cmake, (suffix, version)))
        failed = passed = 0
        for name, possible, check, arguments in checks:
            if not possible:
                skipped.append(name)
                continue
            with tempfile.TemporaryDirectory() as folder:
                try:
                    good = set(check(folder, root, *arguments).split()) == {version}
                except RuntimeError as problem:
                    print(problem)
                    good = False
            passed, failed = passed + good, failed + (not good)
            if not good:
                print(f"{name}: failed")
    if skipped:
        print("skipped: " + "; ".join(skipped))
    print(f"{passed} passed, {failed} failed")
    return failed != 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:-1], sys.argv[-1]))
