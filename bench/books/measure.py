# SPDX-License-Identifier: Apache-2.0
"""Settlement over HTTP: concurrent keep-alive clients with one transfer each, against the real
kuramorid, beside libmicrohttpd alone and the disk's fdatasync in the same run.

    python3 bench/books/measure.py --build BUILD [--clients 64] [--seconds 10] [--customers 10000]
                                   [--rounds 3]

Runs `bench_books load`, whose clients are one thread of C; every answer must say "done", and
afterwards the books must hold as many transfers as were answered. In turn the same clients ask
`bench_bare`, which answers the same bytes without looking: what HTTP alone costs. Nothing about
time is asserted. One JSON object on stdout; medians, and the lowest and highest of the rounds.
"""
import argparse
import json
import os
import pathlib
import statistics
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


def load(o, port, token, clients):
    done = subprocess.run([str(o.build / "bench/books/bench_books"), "load", str(port), str(token), str(clients),
                           str(o.seconds), str(o.customers)], check=True, capture_output=True, text=True)
    return json.loads(done.stdout)


def of_kuramorid(o, world, daemon, clients):
    before, spent = records(world), processor_s(daemon.pid)
    run = load(o, world.ports["api"], world.place("kuramorid") / "settlement-token", clients)
    booked = records(world) - before
    if not run["n"] <= booked <= run["n"] + clients:
        raise SystemExit(f"{run['n']} answered, {booked} booked")
    return run | {"server_us": (processor_s(daemon.pid) - spent) / booked * 1e6}


def of_bare(o, world, clients):
    with subprocess.Popen([str(o.build / "bench/books/bench_bare")], stdout=subprocess.PIPE, text=True) as bare:
        try:
            port = int(bare.stdout.readline())
            run = load(o, port, world.place("kuramorid") / "settlement-token", clients)
            return run | {"server_us": processor_s(bare.pid) / run["n"] * 1e6}
        finally:
            bare.kill()


def spread(values):
    return [round(f(values), 2) for f in (statistics.median, min, max)]


def table(runs):
    return {"rate": spread([r["rate"] for r in runs]), "p50_ms": spread([r["p50_ms"] for r in runs]),
            "p99_ms": spread([r["p99_ms"] for r in runs]), "server_processor_us": spread([r["server_us"] for r in runs]),
            "client_processor_us": spread([r["processor_us"] for r in runs])}


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--build", required=True, type=pathlib.Path)
    parser.add_argument("--clients", type=int, nargs="+", default=[1, 64])
    parser.add_argument("--seconds", type=int, default=10)
    parser.add_argument("--customers", type=int, default=10_000)
    parser.add_argument("--rounds", type=int, default=3)
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
            ours, bare = [], []
            for _ in range(o.rounds):
                ours.append(of_kuramorid(o, world, daemon, clients))
                bare.append(of_bare(o, world, clients))
            out["runs"].append({
                "clients": clients, "kuramorid": table(ours), "libmicrohttpd_alone": table(bare),
                "of_goal": round(table(ours)["rate"][0] / GOAL, 3),
                "of_libmicrohttpd": spread([a["rate"] / b["rate"] for a, b in zip(ours, bare)]),
                "processor_of_libmicrohttpd": spread([a["server_us"] / b["server_us"] for a, b in zip(ours, bare)])})
        out["fdatasync_ms_after"] = fdatasync_ms()
        out["load"] = os.getloadavg()[0]
        print(json.dumps(out, indent=1))
    finally:
        world.group.kill()


if __name__ == "__main__":
    main()
