#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Goal: kuramori-cold stays as small as it is: what its holder has to trust is counted, and may shrink only.

Method: bench/cold/measure.py counts lines, calls and memory of the built program; each is held under a ceiling, which is
a little above today's number, or the goal where that is reached. A ceiling is raised by hand, in the commit that needs it.

cold_counts.py BUILD
"""

import re
import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
sys.path.insert(0, str(ROOT / "bench/cold"))

import measure  # noqa: E402

LINES, FILES, INSTRUCTED = 21_200, 94, 8_000    # the last is the goal
RESIDENT_KIB = 4096                             # the goal
FILTER = 32                                     # calls that the filter lets through, some with some arguments only
CALLS = set("close exit_group fadvise64 fchmod fdatasync flock fsync ftruncate getpid getrandom ioctl mmap munmap newfstatat "
            "openat pread64 pwrite64 read renameat2 write".split())    # 20, which is the goal
# of our own folders; what talks to others has no place in it
NEVER = ("src/ipc", "src/guard", "src/watch", "src/books", "src/payout", "src/api", "src/trace")


def judge(found, files, allowed):
    """Complaints about what measure() found."""
    problems = [f"{found[name]} {what}, the ceiling is {ceiling}" for name, what, ceiling in (
        ("lines", "lines are linked", LINES), ("files", "files are linked", FILES),
        ("lines_instructed", "lines became instructions", INSTRUCTED)) if not 0 < found[name] <= ceiling]
    problems += [f"{n} KiB are resident, the ceiling is {RESIDENT_KIB}" for n in found["resident_kib"]
                 if not 0 < n <= RESIDENT_KIB]
    problems += [f"a call that was not made before: {name}" for name in sorted(set(found["calls"]) - CALLS)]
    problems += [f"{path} is linked" for path in files if path.startswith(NEVER)]
    if allowed > FILTER:
        problems.append(f"the filter lets {allowed} calls through, the ceiling is {FILTER}")
    if not {"src/cold/cold_judge.c", "bin/kuramori-cold/main.c"} <= set(files) or not {"read", "openat"} <= set(found["calls"]):
        problems.append("nothing is seen of the program: this test is blind")
    return problems


def allowed_calls():
    """How many the probe of the filter lets pass, which kills at every other one (sandbox_probe.c); ioctl is beside them."""
    text = (ROOT / "tests/gates/sandbox_probe.c").read_text()
    return len(re.findall(r'"\w+"', re.search(r"offline_may\[\] = \{(.*?)\};", text, re.S)[1])) + 1


def main():
    found, files = measure.measure(sys.argv[1])
    allowed = allowed_calls()
    problems = judge(found, files, allowed)
    # and that it would complain
    for name, bad in (("lines", LINES + 1), ("files", 0), ("lines_instructed", INSTRUCTED + 1),
                      ("resident_kib", (RESIDENT_KIB + 1, 1)), ("calls", {"socket": 1, "read": 1, "openat": 1}), ("calls", {})):
        if not set(judge({**found, name: bad}, files, allowed)) - set(problems):
            problems.append(f"{name} {bad} passes")
    for more, calls in (({"src/ipc/frame.c": 1}, allowed), ({}, FILTER + 1)):
        if not set(judge(found, {**files, **more}, calls)) - set(problems):
            problems.append(f"{more} {calls} passes")
    for line in problems:
        print(f"cold_counts: {line}", file=sys.stderr)
    print(f"cold_counts: {found['lines']} lines in {found['files']} files, {found['lines_instructed']} became instructions; "
          f"{len(found['calls'])} calls made, {allowed} allowed; {max(found['resident_kib'])} KiB; {len(problems)} problems")
    return 1 if problems else 0


if __name__ == "__main__":
    sys.exit(main())
