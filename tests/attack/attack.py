#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""./attack: the fifty attacks T01 to T50 against the real processes; one line each.

Goal: every line says what was tried in this run and what stopped it, or which later part brings it.
Method: a file per party that the attacker owns (signers.py: the server; thieves.py: keys; server.py:
the API, the chain, the power; people.py: persons and machines; cold.py: what the machines of cold holders are
brought). Each attack raises Broken when it succeeds. A line is `held` only by what this run has seen.
"""

import argparse
import json
import os
import subprocess
import sys
import time
import traceback
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parent))

import registry  # noqa: E402
import rig as rigs  # noqa: E402
from registry import ATTACKS, NUMBERS, PARTS  # noqa: E402

import process  # noqa: E402

PROGRAMS = ("kuramori", "kuramori-cold", "kuramori-node", "kuramori-signer", "kuramori-watch", "kuramorid")


def arguments():
    parser = argparse.ArgumentParser(
        prog="./attack", description="Runs the attacks T01 to T50 against real processes on this machine, with "
        "throw-away keys. One line each, in order: number, held, broken or not-yet, and words.",
        epilog="Exit code: 0 nothing is broken, 1 something is (its line says what), 2 something that is needed is "
        "missing.")
    parser.add_argument("--check", action="store_true", help="the same lines, without what is going on")
    parser.add_argument("--json", action="store_true", help="one JSON object on standard output, nothing else")
    parser.add_argument("--only", metavar="T01,T42", help="only these")
    parser.add_argument("--build", default="build-demo", metavar="FOLDER", help="where the programs are")
    parser.add_argument("--one", choices=("all", "there"), help=argparse.SUPPRESS)  # no second process; the second one
    options = parser.parse_args()
    if options.only is not None:
        options.only = options.only.split(",")
        unknown = [name for name in options.only if name not in NUMBERS]
        if unknown:
            parser.error(f"no such attack: {', '.join(unknown)}")
    return options


class Progress:
    """What is going on, on a terminal's standard error."""

    def __init__(self, quiet):
        self.loud = not quiet and sys.stderr.isatty()

    def say(self, text):
        if self.loud:
            sys.stderr.write(f"\r\033[K{text}")
            sys.stderr.flush()


def run_one(rig, attack):
    """(verdict, words) of one attack."""
    try:
        return "held", attack.function(rig)
    except rigs.Broken as problem:
        rig.spoiled()
        return "broken", f"{attack.title}: {problem}"
    except Exception as problem:  # every kind: an attack that cannot be told did not hold
        rig.spoiled()
        if os.environ.get("KURAMORI_TRACEBACK"):
            traceback.print_exc()
        text = " ".join(str(problem).split())
        return "broken", f"{attack.title}: could not be told to its end: {type(problem).__name__}: {text[:600]}"


def run_some(options, attacks, progress):
    """What these did, one after the other in worlds of their own: [(number, title, verdict, words, seconds)]."""
    rig = rigs.Rig(options.build)
    progress.say("the ceremony")
    rig.make()
    told = []
    for n, attack in enumerate(attacks):
        progress.say(f"{n + 1}/{len(attacks)} {attack.number} {attack.title}")
        started = time.monotonic()
        told.append((attack.number, attack.title, *run_one(rig, attack), round(time.monotonic() - started, 1)))
    rig.end()
    progress.say("")
    return told


def run_all(options):
    """Results by number. Half of them run in a second process of this program, side by side."""
    progress = Progress(options.check or options.json)
    wanted = [n for n in NUMBERS if options.only is None or n in options.only]
    todo = sorted((a for a in [*ATTACKS.values(), *PARTS] if a.number in wanted), key=lambda a: (a.scene, a.number))
    here = [a for a in todo if a.scene in registry.SECOND]
    there = [a for a in todo if a.scene not in registry.SECOND]
    if options.one == "there":
        print(json.dumps(run_some(options, there, progress)))
        sys.exit(0)
    if not here or not there or options.one == "all":
        told = run_some(options, todo, progress) if todo else []
    else:
        told = side_by_side(options, here, wanted, progress)
    runs = {n: {title: (verdict, words, seconds) for number, title, verdict, words, seconds in told if number == n}
            for n in wanted}
    return {n: registry.line(n, runs[n]) for n in wanted}


def side_by_side(options, here, wanted, progress):
    argv = [sys.executable, __file__, "--one", "there", "--json", "--build", options.build, "--only", ",".join(wanted)]
    with subprocess.Popen([str(a) for a in argv], stdout=subprocess.PIPE,
                          preexec_fn=process._die_with(os.getpid())) as other:
        told = run_some(options, here, progress)
        answer = other.communicate()[0]
    try:
        return [*told, *json.loads(answer)]
    except ValueError:
        return told     # each of them is missing, and says so


def main():
    options = arguments()
    registry.load()
    options.build = Path(options.build).resolve()
    missing = [n for n in PROGRAMS if not (options.build / "bin" / n / n).exists()]
    if missing:
        print(f"not built in {options.build}: {', '.join(missing)}; run ./attack", file=sys.stderr)
        return 2
    process.catch_signals()
    started = time.monotonic()

    results = run_all(options)
    if not options.json:
        for number in NUMBERS:
            if number in results:
                print(f"{number}  {results[number][0]}  {results[number][1]}")
    broken = sorted(n for n, one in results.items() if one[0] == "broken")
    words = [one[1] for one in results.values()]
    if len(set(words)) != len(words):
        print("two lines say the same words", file=sys.stderr)
        return 1
    if options.json:
        print(json.dumps({"ok": not broken, "broken": broken, "seconds": round(time.monotonic() - started, 1),
                          "attacks": [{"number": n, "verdict": results[n][0], "words": results[n][1],
                                       "seconds": results[n][2]}
                                      for n in NUMBERS if n in results]}, indent=1))
    elif not options.check:
        held = sum(1 for one in results.values() if one[0] == "held")
        print(f"{held} held, {len(broken)} broken, {len(results) - held - len(broken)} not yet; "
              f"{time.monotonic() - started:.0f} s", file=sys.stderr)
    return 1 if broken else 0


if __name__ == "__main__":
    sys.exit(main())
