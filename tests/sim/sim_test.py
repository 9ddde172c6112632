#!/usr/bin/python3
# SPDX-License-Identifier: Apache-2.0
"""sim_test.py KURAMORI-SIM plant NAME | same | usage

Goal: the simulator finds what is planted, names the broken promise, and replays it exactly; the
same seed is the same run.
Method: runs the program.  plant: within 1,000 seeds, exit code 1; the seed alone breaks the same
promise at the same event, and without the plant it is clean.  same: hashes over all journals of
seeds that run together, again, and alone.  usage: every way to call it wrongly is exit code 2.
"""
import re
import subprocess
import sys

SEEDS = 1000
LATE = 60                               # seeds, each with its quiet hours, for what needs final blocks
SAME = 12


def run(*arguments):
    done = subprocess.run([sys.argv[1], *map(str, arguments)], capture_output=True, text=True,
                          timeout=550)
    return done.returncode, done.stdout, done.stderr


class Tap:
    def __init__(self):
        self.n, self.bad = 0, 0

    def ok(self, good, words, detail=""):
        self.n += 1
        self.bad += not good
        print(f"{'ok' if good else 'not ok'} {self.n} - {words}")
        if not good:
            for line in detail.splitlines()[-60:]:
                print("# " + line)

    def end(self):
        print(f"1..{self.n}")
        sys.exit(1 if self.bad else 0)


def broken(out):
    """What stands behind BROKEN, and the seed and event."""
    law = re.search(r"^BROKEN (.*)$", out, re.M)
    where = re.search(r"^  seed (\d+) event (\d+)", out, re.M)
    return (law.group(1), where.group(1), where.group(2)) if law and where else None


def plant(tap, name):
    late, seeds = (("--late",), LATE) if "exclu" in name else ((), SEEDS)
    code, out, _ = run("--plant", name, "--seeds", seeds, *late)
    first = broken(out)
    tap.ok(code == 1 and first is not None, f"{name} is found within {seeds} seeds", out)
    if first is None:
        return
    law, seed, event = first
    print(f"# seed {seed}, event {event}: {law}")
    tap.ok(re.match(r"(P\d+|liveness|CHECK): ", law) is not None, "the broken promise is named", law)
    code, out, _ = run("--plant", name, "--first", seed, "--seeds", 1, *late)
    tap.ok(code == 1 and broken(out) == first, "the seed alone breaks the same promise at the same event", out)
    code, out, _ = run("--first", seed, "--seeds", 1, *late)
    tap.ok(code == 0, "without the plant that seed is clean", out)


def same(tap):
    code, out, _ = run("--seeds", SAME, "--hash")
    lines = re.findall(r"^\d+ [0-9a-f]{64}$", out, re.M)
    tap.ok(code == 0 and len(lines) == SAME, f"{SAME} seeds", out)
    tap.ok(len({line.split()[1] for line in lines}) == SAME, "each seed is another run", out)
    _, again, _ = run("--seeds", SAME, "--hash")
    tap.ok(out == again, "the same seeds are the same runs, to the last byte of all journals", again)
    for line in lines[::4]:
        seed = line.split()[0]
        _, alone, _ = run("--first", seed, "--seeds", 1, "--hash")
        tap.ok(line in alone.splitlines(), f"seed {seed} alone is the same run", alone)
    code, out, _ = run("--first", 3, "--seeds", 1, "--verbose")
    told = ("payout starts", "books-open ", "healing begins")
    tap.ok(code == 0 and all(words in out for words in told), "--verbose tells what happens", out)


def usage(tap):
    for wrong in (["--seeds", "0"], ["--seeds", "x"], ["--seeds", "-1"], ["--first", ""], ["--plant", "none"],
                  ["--nonsense"], ["left over"], ["--seeds", "99999999999999999999"]):
        code, out, err = run(*wrong)
        tap.ok(code == 2 and out == "" and err.startswith("kuramori-sim:"), f"refused: {' '.join(wrong)}", out + err)
    code, out, _ = run("--help")
    tap.ok(code == 0 and "--seeds" in out, "--help", out)
    code, out, _ = run("--plant", "list")
    modules = {line.split()[1] for line in out.splitlines()}
    tap.ok(code == 0 and modules == {"payout", "guard", "watch", "books", "nis", "control"},
           "planted bugs in each of the six modules", out)


def main():
    tap = Tap()
    if sys.argv[2] == "plant":
        plant(tap, sys.argv[3])
    elif sys.argv[2] == "same":
        same(tap)
    else:
        usage(tap)
    tap.end()


main()
