#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""What the machine of a cold holder has to carry: how many lines of ours kuramori-cold is linked from, which calls of the
kernel it makes, how much memory it takes.

Goal: under 8,000 lines beside libraries, 20 calls, 4 MB resident.
Method: the linker's map names the objects that are in the program, its line table the lines that became instructions;
strace watches init, check, explain and sign from the first call behind the filter on; the kernel says how much was
resident, Argon2id's own memory taken off. tests/gates/cold_counts.py holds the same numbers under ceilings.
"""

import argparse
import collections
import json
import os
import random
import re
import shutil
import subprocess
import sys
import tempfile
import time
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
sys.path.insert(0, str(ROOT / "tests/kit"))

import canon  # noqa: E402
import ceremony  # noqa: E402
import nem  # noqa: E402

XEM = 1_000_000
BALANCE = 5_000_000 * XEM
SEAL_KIB = 8192
PASSPHRASE = "a passphrase of the measurement"


def program(build):
    return Path(build) / "bin/kuramori-cold/kuramori-cold"


# ---------------------------------------------------------------- lines

def sources(build):
    """{our file: its lines} of every object that the linker took."""
    text = program(build).with_suffix(".map").read_text()
    objects = set(re.findall(r"\b((?:src|bin)/\S+?\.p/\S+?\.o)\b", text))
    files = {}
    for one in objects:
        folder, name = re.match(r"((?:src|bin)/\S+)/[^/]+\.p/(.+)\.o$", one).groups()
        while not (path := ROOT / folder / name).exists():
            name = name.replace("_", "/", 1)    # of a subfolder, as meson spells it
        files[str(path.relative_to(ROOT))] = len(path.read_text().splitlines())
    return files


def instructed(build):
    """How many lines of ours became instructions that are in it; 0 of a program without a line table.

    The line table keeps the lines of functions that the linker left out, at addresses near zero: what does not lie in .text
    does not count."""
    section = re.search(r"\s\.text\s+PROGBITS\s+(\w+)\s+\w+\s+(\w+)", subprocess.run(
        ["readelf", "-SW", program(build)], check=True, capture_output=True, text=True).stdout)
    first, size = int(section[1], 16), int(section[2], 16)
    text = subprocess.run(["objdump", "--dwarf=decodedline", program(build)], check=True, capture_output=True,
                          text=True).stdout
    found, ours = set(), None
    for line in text.splitlines():
        if line.endswith(":"):
            where = re.search(r"((?:src|bin)/[\w/.-]+):$", line)
            ours = where[1] if where and "/usr/" not in line else None
        elif ours and (row := re.match(r"\S+\s+(\d+)\s+0x(\w+)", line)) and 0 <= int(row[2], 16) - first < size:
            found.add((ours, int(row[1])))
    return len(found)


# ---------------------------------------------------------------- a holder's day

class Holder:
    """One holder who wraps, his cosigner known by keys alone, and papers for both; no node: it is about one machine."""

    def __init__(self, build, folder, front=()):
        self.binary, self.folder, self.front = program(build), folder, list(front)
        self.officers = [canon.SigningKey.named(f"measure officer {i}") for i in (1, 2)]
        self.watchers = [canon.SigningKey.named(f"measure watcher {i}") for i in (1, 2)]
        self.box, self.purse, self.spare = (nem.KeyPair.named(f"measure {x}") for x in ("box", "purse", "spare"))
        self.genesis, roster = ceremony.first_documents(self.officers, self.watchers, self.box, self.purse, self.spare,
                                                        "11" * 32, {"holders": 2, "needed": 2})
        self.write("genesis", self.genesis)
        self.write("roster", roster)
        self.other = canon.SigningKey.named("measure other"), nem.KeyPair.named("measure other")
        self.keys = None

    def write(self, name, document):
        (self.folder / name).write_bytes(document.raw)
        return self.folder / name

    def argv(self, *words):
        more = ["--roster1-file", self.folder / "roster", "--holding-file", self.folder / "holding"]
        return [str(a) for a in [
            *self.front, self.binary, "--network-is-up-and-i-know", "yes", "--genesis-file", self.folder / "genesis",
            "--key-file", self.folder / "key", "--journal-file", self.folder / "journal", "--seal-ops", "1",
            "--seal-mem-kib", SEAL_KIB, "--answer-file", self.folder / "answer",
            *(more if (self.folder / "holding").exists() else []), *words]]

    def init(self):
        dice = random.Random(1)
        rolls = "".join(dice.choice("123456") for _ in range(100))
        out, _ = ceremony.typed(self.argv("init"), ["same", rolls, PASSPHRASE, PASSPHRASE], 0)
        self.keys = ceremony.keys_in(out)
        attest, chain = self.other
        self.write("holding", canon.Document("holding", {
            "genesis": self.genesis.id, "holders": [
                {"attest_key": self.keys["attest_key"], "id": "holder-0", "key": self.keys["key"], "registration": ""},
                {"attest_key": attest.public_hex, "id": "holder-1", "key": chain.public_hex, "registration": ""}],
            "limit": str(4 * BALANCE), "number": 1, "previous": canon.ZERO_ID, "residue_max": "0",
            "tally_age_ms": 86_400_000, "window_ms": 604_800_000}).sign(*self.officers))

    def papers(self):
        now = int(time.time() * 1000)
        at = nem.nem_seconds(now)
        attest, chain = self.other
        fees = {"fee_cosign": 150_000, "fee_inner": 1_250_000, "fee_outer": 150_000}
        refill = canon.Document("refill", {
            "account": self.box.public_hex, "amount": str(BALANCE - sum(fees.values())),
            "cosigners": [{"key": self.keys["key"]}], "deadline_nem_s": at + 86400, "destination": self.purse.address(),
            **{k: str(v) for k, v in fees.items()}, "genesis": self.genesis.id, "initiator": chain.public_hex,
            "previous": canon.ZERO_ID, "proposer": "officer-1", "time_ms": now, "timestamp_nem_s": at})
        account = {"account": self.box.public_hex, "balance": str(BALANCE), "cosigners":
                   [{"key": key} for key in sorted((self.keys["key"], chain.public_hex))], "needed": 2, "open": 0,
                   "received": str(BALANCE), "spent": "0"}
        tallies = [canon.Document("tally", {
            "accounts": [account], "block": "ab" * 32, "chain_time_nem_s": at, "final_time_nem_s": at - 21600,
            "genesis": self.genesis.id, "height": 1000, "time_ms": now, "watcher": f"w{i}"}).sign(key)
            for i, key in enumerate(self.watchers, 1)]
        return [self.write("refill", refill), *(self.write(f"tally-{i}", t) for i, t in enumerate(tallies, 1))]

    def day(self):
        """init, check, explain, sign: what a holder does."""
        self.init()
        ceremony.typed(self.argv("check"), [PASSPHRASE], 0)
        papers = self.papers()
        ceremony.typed(self.argv("explain", *papers), [PASSPHRASE], 0)
        ceremony.typed(self.argv("sign", *papers), [PASSPHRASE, "WORDS"], 0)
        assert canon.open_document((self.folder / "answer").read_bytes(), self.genesis.id, "answer").signed_by(
            self.keys["attest_key"])


# ---------------------------------------------------------------- calls and memory

def calls(build, folder):
    """{call: how often} behind the filter, of one holder's day."""
    traces = folder / "traces"
    traces.mkdir()
    front = folder / "traced"
    front.write_text(f'#!/bin/sh\nexec {shutil.which("strace")} -q -o {traces}/$$ "$@"\n')
    front.chmod(0o755)
    Holder(build, folder, [front]).day()
    made = collections.Counter()
    for path in traces.iterdir():
        lines = path.read_text(errors="replace").splitlines()
        entered = [n for n, line in enumerate(lines) if line.startswith("seccomp(SECCOMP_SET_MODE_FILTER") and "= 0" in line]
        assert entered, f"no filter in {path}: {lines[-1:]}"
        made.update(re.match(r"(\w+)\(", line)[1] for line in lines[entered[-1] + 1:] if re.match(r"\w+\(", line))
    return dict(made)



def resident_kib(build, folder):
    """(at rest, at most) in KiB up to the words that are typed to sign, the most without Argon2id's own memory."""
    holder = Holder(build, folder)
    holder.init()
    with subprocess.Popen(holder.argv("sign", *holder.papers()), stdin=subprocess.PIPE, stdout=subprocess.PIPE,
                          stderr=subprocess.DEVNULL, env={**os.environ, "LC_ALL": "C"}) as run:
        run.stdin.write(PASSPHRASE.encode() + b"\n")
        run.stdin.flush()
        while b"type these words" not in run.stdout.readline():
            assert run.poll() is None
        status = dict(line.split(":\t", 1) for line in Path(f"/proc/{run.pid}/status").read_text().splitlines())
        run.stdin.close()
    rest, most = (int(status[name].split()[0]) for name in ("VmRSS", "VmHWM"))
    return rest, max(rest, most - SEAL_KIB)


def measure(build):
    files = sources(build)
    out = {"files": len(files), "lines": sum(files.values()), "lines_instructed": instructed(build)}
    for what, ask in (("calls", calls), ("resident_kib", resident_kib)):
        folder = Path(tempfile.mkdtemp(prefix="cold-measure-"))
        try:
            out[what] = ask(build, folder)
        finally:
            shutil.rmtree(folder, ignore_errors=True)
    return out, files


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("--build", default="build")
    parser.add_argument("--json", action="store_true")
    options = parser.parse_args()
    found, files = measure(options.build)
    if options.json:
        print(json.dumps(found, indent=1))
        return 0
    folders = collections.Counter()
    for path, n in files.items():
        folders[os.path.dirname(path)] += n
    print(f"{found['lines']} lines in {found['files']} files, {found['lines_instructed']} lines became instructions "
          "(goal 8000)")
    for name, n in folders.most_common():
        print(f"  {n:6} {name}")
    print(f"{len(found['calls'])} calls made (goal 20): {' '.join(sorted(found['calls']))}")
    rest, most = found["resident_kib"]
    print(f"{rest} KiB resident when the words are asked for, {most} KiB at most beside Argon2id (goal 4096)")
    return 0


if __name__ == "__main__":
    sys.exit(main())
