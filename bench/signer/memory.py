# SPDX-License-Identifier: Apache-2.0
"""What a signer's resident memory consists of, after it has signed; and how long it takes from its
passphrase to READY=1.

    python3 bench/signer/memory.py --build BUILD

The real program with its defaults (payments_max 8192). As root; anybody else may not look at its
mappings. One JSON object on stdout; nothing is asserted.
"""
import argparse
import json
import os
import pathlib
import re
import sys
import time

ROOT = pathlib.Path(__file__).resolve().parent.parent.parent
sys.path.insert(0, str(ROOT / "tests/kit"))

import process  # noqa: E402
import world as kit  # noqa: E402

GOAL_KIB = 4096


def kind(name, rights, flags):
    if name.startswith("/"):
        program = "kuramori-signer" in name
        what = "code" if "x" in rights else "data" if "w" in rights else "constants"
        return f"{'program' if program else 'libraries'}: {what}"
    if name in ("[heap]", "[stack]"):
        return name.strip("[]")
    if name.startswith("[v"):
        return "kernel's"
    return "locked arena" if "lo" in flags else "static and allocated"


def parts(pid):
    """{kind: [KiB resident, KiB of it its own]}."""
    out, name, rights, rss, own = {}, "", "", 0, 0
    for line in pathlib.Path(f"/proc/{pid}/smaps").read_text().splitlines():
        head = re.match(r"[0-9a-f]+-[0-9a-f]+ (\S+) \S+ \S+ \d+\s*(.*)$", line)
        if head:
            rights, name, rss, own = head.group(1), head.group(2), 0, 0
        elif line.startswith("Rss:"):
            rss = int(line.split()[1])
        elif line.startswith(("Private_Clean:", "Private_Dirty:")):
            own += int(line.split()[1])
        elif line.startswith("VmFlags:"):
            entry = out.setdefault(kind(name, rights, line.split()[1:]), [0, 0])
            entry[0] += rss
            entry[1] += own
    return out


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--build", required=True, type=pathlib.Path)
    o = parser.parse_args()
    process.catch_signals()
    if os.geteuid() != 0:
        sys.exit("memory.py: a signer's mappings can be read by root only")
    settings = kit.Settings(boxes=1, purses=1, spare_extra=1, quiet_blocks=5, till_xem=5_000)
    world = kit.World(process.temp_dir("kb-"), o.build.resolve(), settings)
    try:
        world.ceremony()
        world.write_documents(world.seal_signers())
        daemon = world.start_signer("a", wait=False)
        before = time.monotonic()
        world.unlock("a")
        unlocked = time.monotonic()
        daemon.wait_ready(20.0)
        ready = time.monotonic()
        print(json.dumps({"goal_kib": GOAL_KIB, "kib": daemon.memory(), "parts_kib_and_own": parts(daemon.pid),
                          "unlock_s": round(unlocked - before, 3), "ready_after_s": round(ready - unlocked, 3),
                          "status": {name: value for name, value in world.status("signer-a").items()
                                     if name in ("memory_kib", "stack_high_water", "secret_bytes",
                                                 "memory_high_water_kib")}}, indent=1))
    finally:
        world.group.kill()


main()
