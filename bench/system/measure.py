# SPDX-License-Identifier: Apache-2.0
"""What the whole system does on this machine, beside the physical limit in the same run.

    python3 bench/system/measure.py --build BUILD [--payments N] [--rounds N] [--in-flight N] [--poll-ms N]

Measured: the disk's fdatasync, one behind the other and as those of a payment come; memory of each program
(kuramorid with 260,000 customers); what all programs
use while nobody asks them anything; one payment after the other, from the record that takes the request to
the record that both signers have signed, and what each program uses for it beyond that: processor time, and
the signatures that it checked, as the programs themselves count them. The client asks over one connection and
waits --pause-ms before the next request, so that kuramorid's in_flight (16, and a block each second) holds
none back: who asks faster measures the blocks.
payments a second from the first POST until both signers have signed and the unit is announced, and until it
is in a block; the time from the node's acceptance of a theft to the later of both durable freezes
(taken from ./demo --json: run that for it). Nothing is asserted. One JSON object on stdout.
"""
import argparse
import http.client
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
import path as paths  # noqa: E402
import process  # noqa: E402
from disk import fdatasync_ms, five_syncs_ms, spread  # noqa: E402
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


def processor(world):
    """Processor time of each program so far, in seconds: /proc/PID/schedstat of its threads."""
    return {d.name: sum(int((task / "schedstat").read_text().split()[0])
                        for task in pathlib.Path(f"/proc/{d.process.pid}/task").iterdir()) / 1e9
            for d in world.group}


class Client:
    """One connection that stays: what the client costs the server is little beside what is measured."""

    def __init__(self, world):
        self.connection = http.client.HTTPConnection("127.0.0.1", world.ports["api"], timeout=30)
        self.token = world.token

    def ask(self, method, path, body=None, headers=()):
        self.connection.request(method, path, body, {"Authorization": "Bearer " + self.token, **dict(headers)})
        answer = self.connection.getresponse()
        data = answer.read()
        if answer.status not in (200, 201):
            raise process.Failed(f"{answer.status} {data}")
        return json.loads(data) if answer.getheader("Content-Type").startswith("application/json") else data.decode()


def checks(world):
    """Signatures that each program has checked so far."""
    out = {d.name: int(world.status(d.name)["signature_checks"])
           for d in world.group if d.name.startswith(("signer", "watcher"))}
    text = Client(world).ask("GET", "/metrics")
    out["kuramorid"] = next(int(line.split()[1]) for line in text.splitlines()
                            if line.startswith("kuramorid_signature_checks_total "))
    return out


def at_rest(world, seconds):
    """What each program does a second while nobody asks it anything: seconds of processor, signatures checked."""
    checked, before, start = checks(world), processor(world), time.perf_counter()
    time.sleep(seconds)
    after, took = processor(world), time.perf_counter() - start
    checked_after = checks(world)
    return {"processor": {name: (after[name] - before[name]) / took for name in after},
            "checks": {name: (checked_after[name] - checked[name]) / took for name in checked}}


def one_by_one(world, customer, count, rest, pause_ms):
    """Milliseconds from the request's record to that of the second signature, by the server's journal, and the
    processor time of each program for one payment and the signatures that it checks, beyond what it does at rest."""
    receiver = world.keys.outside[0].address()
    took = []
    requests = [world.request(customer, receiver, XEM + n, b"").raw for n in range(count)]
    client = Client(world)
    before, checked, start = processor(world), checks(world), time.perf_counter()
    for request in requests:
        one = client.ask("POST", "/v1/withdrawals", request,
                         {"Idempotency-Key": canon.uuid7(), "Content-Type": "application/json"})["id"]
        time.sleep(pause_ms / 2000)
        process.wait_until(lambda: client.ask("GET", f"/v1/withdrawals/{one}")["state"]
                           in ("announced", "confirming", "settled"), 30, "announced", 0.01)
        times = {}
        for change in client.ask("GET", f"/v1/withdrawals/{one}/history")["changes"]:
            times.setdefault(change["new"], change["time_ms"])
        took.append(times["announced"] - times["requested"])
        time.sleep(pause_ms / 2000)
    seconds = time.perf_counter() - start
    after, checked_after = processor(world), checks(world)
    took.sort()
    return {"payments": count, "p50_ms": took[len(took) // 2], "p90_ms": took[len(took) * 9 // 10],
            "lowest_ms": took[0], "highest_ms": took[-1],
            "processor_ms": {name: round(1000 * (after[name] - before[name] - rest["processor"][name] * seconds) / count, 2)
                             for name in after},
            "signature_checks": {name: round((checked_after[name] - checked[name] - rest["checks"][name] * seconds)
                                             / count, 1) for name in checked_after},
            "seconds": round(seconds, 1)}


def main():
    parser = argparse.ArgumentParser(description="Measure the whole system; nothing is asserted.")
    parser.add_argument("--build", required=True, type=pathlib.Path)
    parser.add_argument("--payments", type=int, default=60, help="payments of one round (default 60)")
    parser.add_argument("--one-by-one", type=int, default=100, help="payments one after the other (default 100)")
    parser.add_argument("--pause-ms", type=int, default=70,
                        help="between two of those (default 70: no more than in_flight in a second's block)")
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--threads", type=int, default=8)
    parser.add_argument("--in-flight", type=int, default=16, help="kuramorid's in_flight (default 16, its own)")
    parser.add_argument("--poll-ms", type=int, default=50,
                        help="between two looks of each program at each node (default 50, theirs)")
    parser.add_argument("--library", type=pathlib.Path, help="libpath.so of another build")
    parser.add_argument("--path", action="store_true",
                        help="also where one payment's time goes, event by event (the programs with BUILD's libpath.so)")
    a = parser.parse_args()
    process.catch_signals()
    folder = process.temp_dir()
    if a.path:
        (folder / "path").mkdir()
        os.environ["KURAMORI_PATH_FOLDER"] = str(folder / "path")
        os.environ["LD_PRELOAD"] = str(a.library.resolve() if a.library else a.build.resolve() / "bench/system/libpath.so")
    world = kit.World(folder / "w", a.build.resolve(), kit.Settings(poll_ms=a.poll_ms))
    world.server_pairs = [("in_flight", a.in_flight)]
    traced = a.build.resolve() / "bench/system/signer_path"
    if a.path and traced.exists():
        program = world.program
        world.program = lambda name: traced if name == "kuramori-signer" else program(name)
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
    rest = at_rest(world, 3)
    out["processors_at_rest"] = {name: round(share, 3) for name, share in rest["processor"].items()}
    out["both_signatures"] = one_by_one(world, rich, a.one_by_one, rest, a.pause_ms)
    if a.path:
        trace = paths.read(folder / "path", {d.process.pid: d.name for d in world.group})
        out["path"] = paths.table(trace, world.settings.watchers_needed)
        out["path"]["syncs"] = paths.syncs(trace, a.one_by_one)
    rounds = [payments(world, rich, a.payments, a.threads) for _ in range(a.rounds)]
    for key in ("booked_s", "announced_s", "mined_s"):
        out[f"payments_per_s_{key[:-2]}"] = spread([a.payments / r[key] for r in rounds])
    out["fdatasync_ms_after"] = fdatasync_ms()
    floor = 5 * out["fdatasync_ms_after"]["median"] / 1000
    out["bound"] = {"fsyncs_in_a_row_per_payment": 5, "payments_per_s_one_at_a_time": round(1 / floor, 1),
                    "ratio_announced": round(out["payments_per_s_announced"]["median"] * floor, 3)}
    # goal of one payment: five syncs in a row and 2.5 ms, by syncs without a pause and by syncs that come as its own do
    out["five_syncs_ms"] = five_syncs_ms(pause_ms=a.pause_ms)
    p50 = out["path"]["p50_us"] / 1000 if a.path else out["both_signatures"]["p50_ms"]
    for name, syncs in (("", 5 * out["fdatasync_ms_after"]["median"]), ("_as_they_come", out["five_syncs_ms"]["median"])):
        out["both_signatures"].update({f"goal_ms{name}": round(syncs + 2.5, 2), f"ratio{name}": round(p50 / (syncs + 2.5), 2)})
    out["memory_kib"] = {d.name: d.memory() for d in world.group}
    world.stop()
    print(json.dumps(out, indent=1))
    return 0


sys.exit(main())
