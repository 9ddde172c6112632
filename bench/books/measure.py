# SPDX-License-Identifier: Apache-2.0
"""Settlement over HTTP: concurrent keep-alive clients with one transfer each, against the real
kuramorid, beside the disk's fdatasync in the same run.

    python3 bench/books/measure.py --build BUILD [--clients 64] [--seconds 10] [--customers 10000]

Runs `bench_books load`; every answer must say "done", and afterwards the books must hold as many
transfers as were answered. Nothing about time is asserted. One JSON object on stdout.
"""
import argparse
import json
import os
import pathlib
import subprocess
import sys
import tempfile

ROOT = pathlib.Path(__file__).resolve().parent.parent.parent
sys.path.insert(0, str(ROOT / "tests/kit"))
sys.path.insert(0, str(ROOT / "bench"))

import canon  # noqa: E402
import process  # noqa: E402
import world as kit  # noqa: E402
from disk import fdatasync_ms  # noqa: E402

EACH = 100_000_000
GOAL, GOAL_P99_MS = 50_000, 5


def records(world):
    return world.get("/v1/status")["journal_records"]


def processor_s(pid):
    fields = pathlib.Path(f"/proc/{pid}/stat").read_text().rsplit(")", 1)[1].split()
    return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--build", required=True, type=pathlib.Path)
    parser.add_argument("--clients", type=int, nargs="+", default=[1, 64])
    parser.add_argument("--seconds", type=int, default=10)
    parser.add_argument("--customers", type=int, default=10_000)
    o = parser.parse_args()
    process.catch_signals()
    settings = kit.Settings(boxes=1, purses=1, quiet_blocks=5, block_ms=1000, settle_depth=2, deposit_depth=3)
    world = kit.World(tempfile.mkdtemp(prefix="kuramori-bench-"), o.build.resolve(), settings)
    try:
        world.ceremony()
        world.write_documents({which: canon.SigningKey.named("attest " + which).public_hex for which in "ab"})
        claims = world.place("documents") / "claims.csv"
        claims.write_text("".join(f"c{i},{EACH}\n" for i in range(o.customers)))
        world.open_books()
        daemon = world.start_server()
        process.wait_until(lambda: world.get("/v1/status")["chain_read"], 20, "the chain is read")
        out = {"fdatasync_ms": fdatasync_ms(), "goal": GOAL, "goal_p99_ms": GOAL_P99_MS, "runs": []}
        for clients in o.clients:
            before, spent = records(world), processor_s(daemon.pid)
            done = subprocess.run([str(o.build / "bench/books/bench_books"), "load", str(world.ports["api"]),
                                   str(world.place("kuramorid") / "settlement-token"), str(clients), str(o.seconds),
                                   str(o.customers)], check=True, capture_output=True, text=True)
            run = json.loads(done.stdout)
            booked = records(world) - before
            if not run["n"] <= booked <= run["n"] + clients:
                raise SystemExit(f"{run['n']} answered, {booked} booked")
            run["server_processor_us"] = round((processor_s(daemon.pid) - spent) / booked * 1e6, 2)
            run["of_goal"] = round(run["rate"] / GOAL, 3)
            out["runs"].append(run)
        out["fdatasync_ms_after"] = fdatasync_ms()
        print(json.dumps(out, indent=1))
    finally:
        world.group.kill()


if __name__ == "__main__":
    main()
