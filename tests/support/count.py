#!/usr/bin/env python3
"""Adds up the single checks in Meson's logs of test runs.

A test reports them in one of three ways: Check's summary, TAP lines, or a last line
"N passed, N failed". One that reports none, fails without saying so, dies or hangs is one failed
check, so that silence never passes for success.
"""
import argparse
import json
import re
import sys

CHECK = re.compile(r"^\d+%: Checks: (\d+), Failures: (\d+), Errors: (\d+)", re.M)
TAP = re.compile(r"^(ok|not ok)\b(.*)$", re.M)
PLAIN = re.compile(r"^(\d+) passed, (\d+) failed\s*$", re.M)


def count(output):
    """Returns (passed, failed), or None where the output holds no count."""
    found = [tuple(map(int, groups)) for groups in CHECK.findall(output)]
    if found:
        bad = sum(failures + errors for _, failures, errors in found)
        return sum(checks for checks, _, _ in found) - bad, bad
    found = PLAIN.findall(output)
    if found:
        return int(found[-1][0]), int(found[-1][1])
    found = [(word, rest) for word, rest in TAP.findall(output) if "# SKIP" not in rest]
    if found:
        bad = sum(word == "not ok" for word, _ in found)
        return len(found) - bad, bad
    return None


def judge(test):
    """Returns (passed, failed) of one test of Meson's log."""
    if test["result"] == "SKIP":
        return 0, 0
    counted = count(test.get("stdout") or "")
    if counted is None:
        return 0, 1
    passed, failed = counted
    if test["result"] not in ("OK", "EXPECTEDFAIL") and failed == 0:
        failed = 1
    return passed, failed


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("--broken", type=int, default=0)
    parser.add_argument("logs", nargs="*")
    arguments = parser.parse_args()
    total_passed, total_failed = 0, arguments.broken
    for log in arguments.logs:
        try:
            with open(log, encoding="utf-8") as lines:
                tests = [json.loads(line) for line in lines]
        except OSError as problem:
            print(f"no results: {problem}")
            tests = []
        if not tests:
            total_failed += 1
        print(log)
        for test in tests:
            passed, failed = judge(test)
            total_passed += passed
            total_failed += failed
            print(f"{test['name']:<40} {test['duration']:7.1f} s {passed:6} passed {failed:4} failed"
                  f"  {test['result']}")
            if failed:
                for stream in ("stdout", "stderr"):
                    text = (test.get(stream) or "").strip().splitlines()
                    print("".join(f"    | {line}\n" for line in text[-60:]), end="")
    print(f"{total_passed} passed, {total_failed} failed")
    return 1 if total_failed or not total_passed else 0


if __name__ == "__main__":
    sys.exit(main())
