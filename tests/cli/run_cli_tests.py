#!/usr/bin/env python3
"""Runs the tests of the command-line tool: run_cli_tests.py KEYFOLD [TEST...]

TEST is a name as unittest knows it, such as test_get or test_get.Get.test_missing.
Ends with "N passed, N failed".
"""

import os
import sys
import unittest


def main():
    if len(sys.argv) < 2:
        sys.exit(__doc__.strip())
    here = os.path.dirname(os.path.abspath(__file__))
    sys.dont_write_bytecode = True
    sys.path.insert(0, here)
    os.environ["KEYFOLD_TOOL"] = os.path.abspath(sys.argv[1])
    loader = unittest.TestLoader()
    if len(sys.argv) > 2:
        suite = loader.loadTestsFromNames(sys.argv[2:])
    else:
        suite = loader.discover(here, pattern="test_*.py")
    result = unittest.TextTestRunner(verbosity=1).run(suite)
    bad = result.failures + result.errors
    # A test with several failing subtests is one failed test.
    failed = len({getattr(test, "test_case", test).id() for test, _ in bad})
    print(f"{result.testsRun - failed} passed, {failed} failed", flush=True)
    sys.exit(0 if result.wasSuccessful() and result.testsRun > 0 else 1)


if __name__ == "__main__":
    main()
