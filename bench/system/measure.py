# SPDX-License-Identifier: Apache-2.0
"""What the whole system does on this machine, beside the physical limit in the same run.

    python3 bench/system/measure.py --build BUILD [--payments N] [--rounds N]

Measured: the disk's fdatasync; memory of each program (kuramorid with 260,000 customers); one payment
after the other, from the record that takes the request to the record that both signers have signed;
payments a second from the first POST until both signers have signed and the unit is announced, and until it
is in a block; the time from the node's acceptance of a theft to the later of both durable freezes
(taken from ./demo --json: run that for it). Nothing is asserted. One JSON object on stdout.
"""
import argparse
import json
import os
import pathlib
import sys
import tempfile
import time
from concurrent.futures import ThreadPoolExecutor

ROOT = pathlib.Path(__file__).resolve().parent.parent.parent
sys.path.insert(0, str(ROOT / "tests/kit"))
sys.path.insert(0, str(ROOT / "bench"))

import canon  # noqa: E402
import claims  # noqa: E402
import process  # noqa: E402
from disk import fdatasync_ms, spread  # noqa: E402
import world as kit  # noqa: E402

XEM = 1_000_000


def payments(world, customer, count, threads):
    """Seconds until all are announced and until all are in a block, from the first POST."""
    receiver = world.keys.outside[0].address()
    requests = [world.request(customer, receiver, XEM + n, b"") for n in range(count)]
    start = time.perf_counter()

    def post(request):
        status, body, _ = world.api("POST", "/v1/withdrawals", request.raw, canon.uuid7())
        if status != 201:
            raise process.Failed(f"{status} {body}")
        return body["id"]

    with ThreadPoolExecutor(threads) as pool:
        ids = list(pool.map(post, requests))
    booked = time.perf_counter() - start
    reached = {}

    def all_in(states):
        left = [i for i in ids if (i, states) not in reached]
        for one in left:
            _, body, _ = world.api("GET", f"/v1/withdrawals/{one}")
            if body["state"] in states:
                reached[(one, states)] = True
            else:
                return False
        return True

    signed, mined = ("announced", "confirming", "settled"), ("confirming", "settled")
    process.wait_until(lambda: all_in(signed), 120, "all announced", 0.02)
    announced = time.perf_counter() - start
    process.wait_until(lambda: all_in(mined), 240, "all in a block", 0.05)
    return {"booked_s": booked, "announced_s": announced, "mined_s": time.perf_counter() - start}


def ticks_of(world):
    """Processor time of each signer so far, in seconds."""
    out = {}
    for name in ("signer-a", "signer-b"):
        fields = pathlib.Path(f"/proc/{world.group[name].process.pid}/stat").read_text().rsplit(")", 1)[1].split()
        out[name] = (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")
    return out


def one_by_one(world, customer, count):
    """Milliseconds from the request's record to that of the second signature, by the server's journal, and the
    processor time of each signer for one payment."""
    receiver = world.keys.outside[0].address()
    took = []
    before, start = ticks_of(world), time.perf_counter()
    for n in range(count):
        status, body, _ = world.api("POST", "/v1/withdrawals",
                                    world.request(customer, receiver, XEM + n, b"").raw, canon.uuid7())
        if status != 201:
            raise process.Failed(f"{status} {body}")
        one = body["id"]
        process.wait_until(lambda: world.api("GET", f"/v1/withdrawals/{one}")[1]["state"]
                           in ("announced", "confirming", "settled"), 30, "announced", 0.002)
        _, told, _ = world.api("GET", f"/v1/withdrawals/{one}/history")
        times = {}
        for change in told["changes"]:
            times.setdefault(change["new"], change["time_ms"])
        took.append(times["announced"] - times["requested"])
    seconds = time.perf_counter() - start
    after = ticks_of(world)
    took.sort()
    return {"payments": count, "p50_ms": took[len(took) // 2], "p90_ms": took[len(took) * 9 // 10],
            "lowest_ms": took[0], "highest_ms": took[-1],
            "signer_processor_ms": {name: round(1000 * (after[name] - before[name]) / count, 2) for name in after},
            "seconds": round(seconds, 1)}


def main():
    parser = argparse.ArgumentParser(description="Measure the whole system; nothing is asserted.")
    parser.add_argument("--build", required=True, type=pathlib.Path)
    parser.add_argument("--payments", type=int, default=60, help="payments of one round (default 60)")
    parser.add_argument("--one-by-one", type=int, default=100, help="payments one after the other (default 100)")
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--threads", type=int, default=8)
    a = parser.parse_args()
    process.catch_signals()
    folder = process.temp_dir()
    world = kit.World(folder / "w", a.build.resolve(), kit.Settings())
    (folder / "w").mkdir()
    out = {"fdatasync_ms_before": fdatasync_ms()}
    world.ceremony()
    world.seal_people()
    world.write_documents(world.seal_signers())
    amounts = claims.distribute(1)
    world.write_claims(amounts)
    start = time.perf_counter()
    world.open_books()
    out["open_books_s"] = round(time.perf_counter() - start, 2)
    world.start_all()
    process.wait_until(lambda: all(world.status(f"signer-{w}").get("signs") == "ready" for w in "ab"), 20, "signers")
    process.wait_until(lambda: world.get("/v1/status")["chain_read"], 20, "the chain is read")
    rich = claims.customer_name(max(range(len(amounts)), key=amounts.__getitem__))
    out["both_signatures"] = one_by_one(world, rich, a.one_by_one)
    rounds = [payments(world, rich, a.payments, a.threads) for _ in range(a.rounds)]
    for key in ("booked_s", "announced_s", "mined_s"):
        out[f"payments_per_s_{key[:-2]}"] = spread([a.payments / r[key] for r in rounds])
    out["fdatasync_ms_after"] = fdatasync_ms()
    floor = 5 * out["fdatasync_ms_after"]["median"] / 1000
    out["bound"] = {"fsyncs_in_a_row_per_payment": 5, "payments_per_s_one_at_a_time": round(1 / floor, 1),
                    "ratio_announced": round(out["payments_per_s_announced"]["median"] * floor, 3)}
    # goal of one payment: five syncs in a row and 2.5 ms
    goal = 5 * out["fdatasync_ms_after"]["median"] + 2.5
    out["both_signatures"].update(goal_ms=round(goal, 2), ratio=round(out["both_signatures"]["p50_ms"] / goal, 2))
    out["memory_kib"] = {d.name: d.memory() for d in world.group}
    world.stop()
    print(json.dumps(out, indent=1))
    return 0


sys.exit(main())
