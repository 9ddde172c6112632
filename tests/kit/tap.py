# SPDX-License-Identifier: Apache-2.0
"""The runner of tests that share one set-up: functions in order, one TAP line each."""

import sys
import traceback

import process

tests = []


def test(function):
    """Decorator: one more test, in the order of the file."""
    tests.append(function)
    return function


def run(start=None, end=None):
    """Ends the program: with 1 if a test failed. `start` comes before the first test, `end` after
    the last, also when a signal or a test ends the run early."""
    process.catch_signals()
    bad = 0
    try:
        # the version comes first of all, or meson takes the rest for something else
        print(f"TAP version 13\n1..{len(tests)}", flush=True)
        if start is not None:
            start()
        for number, function in enumerate(tests, 1):
            try:
                function()
                print(f"ok {number} - {function.__name__}", flush=True)
            except BaseException as problem:  # noqa: B902
                for line in traceback.format_exc().splitlines():
                    print("# " + line)
                print(f"not ok {number} - {function.__name__}: {type(problem).__name__}", flush=True)
                bad += 1
                if isinstance(problem, (SystemExit, KeyboardInterrupt)):
                    break
    finally:
        if end is not None:
            end()
    sys.exit(1 if bad else 0)
