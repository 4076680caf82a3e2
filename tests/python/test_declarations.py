"""The declarations that cffi reads say what the headers say."""
import re

import pytest
from conftest import SOURCE

from keyfold._native import ffi, lib

HEADERS = ("status", "values", "progress", "builder", "dict", "iter", "query", "set", "text", "bundle", "names")


def tokens(text):
    text = re.sub(r"/\*.*?\*/", " ", text, flags=re.S)
    return re.findall(r"\w+|\S", text)


def of_header(text):
    """A header's declarations as tokens, without what the preprocessor removes; and the constants it defines."""
    text = re.sub(r"/\*.*?\*/", " ", text, flags=re.S).replace("\\\n", " ")
    constants = [name for name, value in re.findall(r"^#define (KF_\w+) +(\S.*)$", text, re.M)
                 if not name.endswith("_INIT") and name != "KF_API" and not name.startswith("KF_VERSION_")]
    text = re.sub(r"^\s*#.*$", "", text, flags=re.M)
    text = re.sub(r'extern "C" \{(.*)\}', r"\1", text, flags=re.S)
    found = tokens(re.sub(r"\bKF_API\b", "", text).replace("1u <<", "1 <<"))
    return found, constants


@pytest.mark.parametrize("name", HEADERS)
def test_declarations_are_those_of_the_header(name):
    expected, constants = of_header((SOURCE / f"include/keyfold/{name}.h").read_text())
    declared = (SOURCE / f"bindings/python/cdef/{name}.h").read_text()
    defined = re.findall(r"^#define (\w+) \.\.\.$", declared, re.M)
    assert tokens(re.sub(r"^#define.*$", "", declared, flags=re.M)) == expected
    assert defined == constants
    for constant in constants:
        assert isinstance(getattr(lib, constant), int)


def test_every_header_is_declared():
    there = {path.stem for path in (SOURCE / "include/keyfold").glob("*.h")}
    assert there == {*HEADERS, "keyfold", "features"}      # the command tells what the last has


def test_every_struct_that_may_grow_has_its_initial_value():
    text = "".join((SOURCE / f"include/keyfold/{name}.h").read_text() for name in HEADERS)
    structs = [name.lower() for name in re.findall(r"#define KF_(\w+)_INIT +\{ sizeof", text)]
    assert len(structs) >= 11
    for name in structs:
        options = getattr(lib, f"kfpy_{name}")()
        assert options.struct_size == ffi.sizeof(f"kf_{name}")
