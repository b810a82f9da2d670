"""Runs the tests of every `test_*.py` beside it against one server, with the example years in it.

Closes with the line `N passed, N failed`; what is skipped is named before it.
"""

import sys
import unittest
from pathlib import Path

import reports


def main():
    folder = Path(__file__).resolve().parent
    reports.begin()
    try:
        suite = unittest.defaultTestLoader.discover(str(folder), "test_*.py", str(folder))
        result = unittest.TextTestRunner(stream=sys.stdout, verbosity=2).run(suite)
    finally:
        reports.end()
    for test, reason in result.skipped:
        print(f"skipped: {test.id()}: {reason}")
    # Of a test that fails for several reports, each has an entry.
    faults = [getattr(test, "test_case", test) for test, _ in result.failures + result.errors]
    failed = len({test.id() for test in faults})
    passed = result.testsRun - failed - len(result.skipped)
    print(f"{passed} passed, {failed} failed")
    return 1 if failed or passed == 0 else 0


if __name__ == "__main__":
    sys.exit(main())
