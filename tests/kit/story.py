#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""./demo: the night of 26 January 2018, twice, with real processes (README.md, "The demonstration").

Chapter A is story_a.py, A.2 story_refund.py, A.3 story_trace.py, B story_b.py, B.7 of it story_cold.py; audit.py recomputes the proof. Everything that is
claimed is checked here: a claim that does not hold is named, and the exit code is 1.
"""

import argparse
import json
import os
import sys
import textwrap
import time
import traceback
from pathlib import Path

import process

XEM = 1_000_000
WIDTH = 96


def xem(micro):
    """Micro-XEM as XEM for people: whole when it is whole."""
    sign, micro = ("-", -micro) if micro < 0 else ("", micro)
    whole, rest = divmod(micro, XEM)
    return f"{sign}{whole:,}" + (f".{rest:06d}".rstrip("0") if rest else "")


def percent(part, whole, digits=1):
    """A share in percent by integers; as many digits as are asked for, rounded down."""
    scaled = part * 100 * 10 ** digits // whole
    text = f"{scaled // 10 ** digits}"
    return text + (f".{scaled % 10 ** digits:0{digits}d}" if digits else "") + " %"


class Broken(Exception):
    """A claim did not hold and what follows in this chapter would make no sense."""


class Teller:
    """Prints for people (or stays quiet), collects checks and figures."""

    def __init__(self, mode, seed):
        self.mode = mode                 # "people", "json" or "check"
        self.seed = seed
        self.checks = []                 # (chapter, claim, holds, detail)
        self.figures = {}                # chapter -> name -> value
        self.chapter = ""
        self.started = time.monotonic()
        self.colour = mode == "people" and sys.stdout.isatty() and "NO_COLOR" not in os.environ

    # -- words

    def _out(self, text):
        if self.mode == "people":
            print(text, flush=True)

    def _paint(self, code, text):
        return f"\033[{code}m{text}\033[0m" if self.colour else text

    def title(self, chapter, words):
        self.chapter = chapter
        self.figures.setdefault(chapter, {})
        self._out("")
        self._out(self._paint("1", f"{chapter}. {words}") if chapter else self._paint("1", words))

    def say(self, text, indent=0):
        """A paragraph, broken to the width."""
        for line in textwrap.wrap(" ".join(text.split()), WIDTH - 2 - indent, break_long_words=False,
                                  break_on_hyphens=False):
            self._out(" " * (2 + indent) + line)

    def line(self, text=""):
        """A line as it is."""
        self._out("  " + text if text else "")

    def event(self, text):
        """Something that just happened, with the seconds of this run in front."""
        lines = textwrap.wrap(" ".join(text.split()), WIDTH - 12, break_long_words=False,
                              break_on_hyphens=False)
        for n, line in enumerate(lines):
            stamp = f"{time.monotonic() - self.started:7.2f} s" if n == 0 else " " * 9
            self._out(f"  {stamp} {line}")

    # -- checks and figures

    def check(self, claim, holds, detail=""):
        """Records a claim; returns whether it holds."""
        holds = bool(holds)
        self.checks.append((self.chapter, claim, holds, str(detail)))
        if not holds:
            text = f"FAILED  {self.chapter}: {claim}" + (f" ({detail})" if detail != "" else "")
            if self.mode == "people":
                self._out(self._paint("31;1", "  " + text))
            else:
                print(text, file=sys.stderr, flush=True)
        return holds

    def must(self, claim, holds, detail=""):
        if not self.check(claim, holds, detail):
            raise Broken(claim)

    def figure(self, name, value):
        self.figures[self.chapter][name] = value
        return value

    def failed(self):
        return [one for one in self.checks if not one[2]]

    def run(self, chapter, words, function, *arguments):
        """One chapter; what breaks it is a failed check, and the next ones go on."""
        self.title(chapter, words)
        try:
            return function(self, *arguments)
        except Broken:
            return None
        except Exception as problem:  # every kind: the story names it and goes on
            self.check("the chapter could be told to its end", False,
                       f"{type(problem).__name__}: {problem}")
            if os.environ.get("KURAMORI_TRACEBACK"):
                traceback.print_exc()
            return None


# ---------------------------------------------------------------- the end

def final_table(teller):
    """A, B.4 and B.5 side by side; every figure is one that the run computed. None when a chapter
    is missing."""
    columns = [("A", "as it was"), ("B.4", "with a probe"), ("B.5", "all at once")]
    names = [("holdings", "holdings, XEM"), ("lost", "lost, fees included, XEM"),
             ("lost_share", "share of the holdings"), ("kept", "kept, XEM"),
             ("noticed", "noticed after"), ("noticed_by", "noticed by"),
             ("stopped", "stopped after"),
             ("evacuated", "hot coins safe after"), ("at_stake", "within reach of the keys, XEM")]
    if any("lost" not in teller.figures.get(chapter, {}) for chapter, _ in columns):
        return None
    rows = []
    for name, words in names:
        rows.append((words, [str(teller.figures[chapter].get(name + "_text", "-")) for chapter, _ in columns]))
    return {"columns": [f"{chapter} {words}" for chapter, words in columns], "rows": rows}


def print_table(table, out):
    heads = table["columns"]
    first = max(len(words) for words, _ in table["rows"])
    widths = [max(len(heads[i]), *(len(cells[i]) for _, cells in table["rows"])) for i in range(len(heads))]
    out("  " + " " * first + "  " + "  ".join(h.rjust(w) for h, w in zip(heads, widths)))
    for words, cells in table["rows"]:
        out("  " + words.ljust(first) + "  " + "  ".join(c.rjust(w) for c, w in zip(cells, widths)))


def conclude(teller):
    table = final_table(teller)
    if not teller.failed() and table is None:
        teller.chapter = "end"
        teller.check("all chapters gave their figures", False)
    failed = teller.failed()
    seconds = time.monotonic() - teller.started
    if teller.mode == "json":
        print(json.dumps({
            "ok": not failed, "seed": teller.seed, "seconds": round(seconds, 2),
            "checks": [{"chapter": c, "claim": claim, "holds": holds, "detail": detail}
                       for c, claim, holds, detail in teller.checks],
            "figures": teller.figures, "table": table}, indent=1))
        return 1 if failed else 0
    out = lambda text: print(text, flush=True)
    if table is not None:
        out("")
        out(teller._paint("1", "The same night, side by side"))
        print_table(table, out)
        out("  The times of A are those of 2018; the times of B are measured on this machine in this run.")
        paid = teller.figures.get("B.1", {}).get("paid")
        if paid is not None:
            out(f"  Before B.4 and B.5 the evening had paid out {xem(paid)} XEM in ordinary business.")
    out("")
    if failed:
        out(teller._paint("31;1", f"{len(failed)} of {len(teller.checks)} claims did not hold:"))
        for chapter, claim, _, detail in failed:
            out(f"  {chapter}: {claim}" + (f" ({detail})" if detail else ""))
    else:
        out(f"  {len(teller.checks)} claims checked, all hold. {seconds:.0f} s.")
    return 1 if failed else 0


def arguments():
    parser = argparse.ArgumentParser(
        prog="./demo", description="Tells the night of 26 January 2018 twice, with real processes, "
        "keys, sockets, chain and database: as it was, and with Kuramori.",
        epilog="Exit code: 0 everything that is claimed was checked and holds, 1 a claim did not "
        "hold (it is named), 2 something that is needed is missing.")
    parser.add_argument("--json", action="store_true", help="one JSON object on standard output, nothing else")
    parser.add_argument("--keep", action="store_true",
                        help="stop after B.1, leave the system running, say how to use it by hand")
    parser.add_argument("--check", action="store_true", help="only the final table and what failed")
    parser.add_argument("--seed", type=int, default=1, metavar="N", help="of keys and claims (1)")
    parser.add_argument("--build", default="build-demo", metavar="FOLDER", help="where the programs are")
    parser.add_argument("--only", metavar="CHAPTER,...", help=argparse.SUPPRESS)
    options = parser.parse_args()
    if options.keep and (options.json or options.check):
        parser.error("--keep is for people: not with --json or --check")
    return options


PROGRAMS = ("kuramori", "kuramori-cold", "kuramori-node", "kuramori-signer", "kuramori-watch", "kuramorid")


def main():
    options = arguments()
    build = Path(options.build).resolve()
    missing = [name for name in PROGRAMS if not (build / "bin" / name / name).exists()]
    if missing:
        print(f"not built in {build}: {', '.join(missing)}; run ./demo", file=sys.stderr)
        return 2
    process.catch_signals()
    import story_a
    import story_b
    import story_refund
    import story_trace
    only = set(options.only.split(",")) if options.only else None
    teller = Teller("json" if options.json else "check" if options.check else "people", options.seed)
    folder = process.temp_dir("kuramori-demo-")
    teller.title("", "Kuramori: the night of 26 January 2018, told twice")
    teller.say("Real processes on this machine, throw-away keys on the test network 0x98, coins that are "
               f"worth nothing. Seed {options.seed}.")
    evening = story_b.Evening(teller, folder / "b", build, options.seed)
    evening.prepare()                   # B's chain is made while A is told
    if only is None or "A" in only:
        stage = teller.run("A", "As it was", story_a.tell, folder / "a", build, options.seed)
        if stage is not None:
            try:
                teller.run("A.2", "The refund", story_refund.tell, stage)
                teller.run("A.3", "Where the coins went", story_trace.tell, stage, build, folder / "trace", options.seed)
            finally:
                stage.end()
    story_b.tell(teller, evening, only, options.keep)
    if options.keep:
        return 1 if teller.failed() else 0
    return conclude(teller)


if __name__ == "__main__":
    sys.exit(main())
