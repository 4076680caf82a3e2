"""Writes the C source of keyfold._native: cffi_build.py OUTPUT DECLARATIONS.h... HELPERS.c...

The helpers are one translation unit, in their order."""
import sys

import cffi


def main() -> None:
    output, *inputs = sys.argv[1:]
    ffi = cffi.FFI()
    helpers = []
    for path in inputs:
        with open(path, encoding="utf-8") as file:
            if path.endswith(".h"):
                ffi.cdef(file.read())
            else:
                helpers.append(file.read())
    ffi.set_source("keyfold._native", "\n".join(helpers))
    ffi.emit_c_code(output)


main()
