"""Writes the C source of keyfold._native: cffi_build.py OUTPUT DECLARATIONS.h... HELPERS.c"""
import sys

import cffi


def main() -> None:
    output, *declarations, helpers = sys.argv[1:]
    ffi = cffi.FFI()
    for path in declarations:
        with open(path, encoding="utf-8") as file:
            ffi.cdef(file.read())
    with open(helpers, encoding="utf-8") as file:
        ffi.set_source("keyfold._native", file.read())
    ffi.emit_c_code(output)


main()
