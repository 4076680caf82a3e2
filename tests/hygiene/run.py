#!/usr/bin/env python3
"""Rules of the house that a compiler does not check, each tried on examples first (selftest.py).

    run.py SOURCE_ROOT SHARED_LIBRARY

Prints a line for each broken rule and "N passed, N failed" at the end.
"""
import sys

import callers
import circles
import library
import mutations
import rooms
import selftest
import text
from house import House


def broken(root, shared_library):
    """The rules in their order, with what breaks them."""
    house = House(root)
    for module in (text, rooms, circles, callers, mutations):
        for name, problems in module.rules(house):
            yield name, sorted(problems)
    if shared_library:
        for name, problems in library.rules(house, shared_library):
            yield name, sorted(problems)


def main(root, shared_library):
    passed = failed = 0
    for name, problems in [*selftest.results(broken), *broken(root, shared_library)]:
        if problems:
            failed += 1
            print(f"{name}: " + "; ".join(problems[:20]) + ("; ..." if len(problems) > 20 else ""))
        else:
            passed += 1
    print(f"{passed} passed, {failed} failed")
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main(*sys.argv[1:3]))
