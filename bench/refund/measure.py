# SPDX-License-Identifier: Apache-2.0
"""The refund of 260,000 customers in kuramorid's books, beside the disk's syncs in the same run.

    python3 bench/refund/measure.py --build BUILD [--customers N] [--rounds N]

An exchange is robbed on a development node, its plan approved (tests/kit/refund.py); then the run
starts from a copy of that journal, N times. Measured: the booking itself (two linked transfers and
an opened account for each customer; kuramorid's own figure, from the first batch to the last
commit), its processor time, the whole process with replay and the judging of every row. Beside it:
fdatasync of 1 MiB written, the size of the run's batches, times their number. Nothing is asserted.
One JSON object on stdout.
"""
import argparse
import json
import os
import pathlib
import resource
import statistics
import subprocess
import sys
import tempfile
import time

ROOT = pathlib.Path(__file__).resolve().parents[2]
sys.path.insert(0, str(ROOT / "tests/kit"))

BATCH_ROWS = 2500           # PAYOUT_REPAY_ROWS_MAX


def spread(values):
    values = sorted(values)
    return {"median": round(statistics.median(values), 3), "min": round(values[0], 3), "max": round(values[-1], 3),
            "n": len(values)}


def sync_ms(rounds=60, size=1 << 20):
    """Append 1 MiB and fdatasync: what one commit of the run must cost at least."""
    times = []
    with tempfile.NamedTemporaryFile(dir=os.environ.get("TMPDIR", "/tmp")) as file:
        data = os.urandom(size)
        for _ in range(rounds):
            start = time.perf_counter()
            file.write(data)
            file.flush()
            os.fdatasync(file.fileno())
            times.append((time.perf_counter() - start) * 1000)
    return spread(times)


def prepare(folder, customers):
    import claims
    import devnode
    import nem
    import process
    import refund
    wallet, thief = nem.KeyPair.named("bench wallet"), nem.KeyPair.named("bench thief")
    micro = claims.TOTAL_MICRO
    fee = nem.minimum_transfer_fee(micro)
    node = devnode.DevNode(folder / "node", {wallet.address(): micro + fee},
                           nem.nem_seconds(int(time.time() * 1000)) - 7200)
    node.start()
    x = refund.Exchange(folder / "w", pathlib.Path(os.environ["KURAMORI_BUILD"]), node, wallet)
    x.found(claims.distribute(1, customers, micro))
    moment = int(time.time() * 1000)
    time.sleep(0.01)
    refund.rob(node, wallet, thief, micro)
    x.start_server()
    process.wait_until(lambda: int(x.get("/v1/audit")["shortage"]) == micro + fee, 60, "the loss is booked", 0.05)
    x.pay_in(46_700_000_000)
    x.stop()
    x.make_plan(moment)
    x.start_server()
    x.propose()
    x.stop()
    node.kill()
    return x


def one_run(x, ready):
    x.back_to(ready)
    before, start = resource.getrusage(resource.RUSAGE_CHILDREN), time.perf_counter()
    said = subprocess.run([str(a) for a in x.run_argv()], capture_output=True, text=True, check=True).stdout
    wall, after = time.perf_counter() - start, resource.getrusage(resource.RUSAGE_CHILDREN)
    cpu = after.ru_utime - before.ru_utime + after.ru_stime - before.ru_stime
    words = said.split("booked in ")[1].split()
    return int(words[0]), int(words[2]), wall * 1000, cpu * 1000


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--build", required=True)
    parser.add_argument("--customers", type=int, default=260_000)
    parser.add_argument("--rounds", type=int, default=5)
    options = parser.parse_args()
    os.environ["KURAMORI_BUILD"] = str(pathlib.Path(options.build).resolve())
    import process
    process.catch_signals()
    folder = process.temp_dir("kuramori-bench-refund-")
    x = prepare(folder, options.customers)
    ready = folder / "ready"
    x.keep(ready)
    one_run(x, ready)       # warm
    syncs, runs = [], []
    for _ in range(options.rounds):
        syncs.append(sync_ms()["median"])
        runs.append(one_run(x, ready))
    commits = -(-options.customers // BATCH_ROWS)
    booked = [run[0] for run in runs]
    print(json.dumps({
        "customers": options.customers, "commits": commits, "booked_ms": spread(booked),
        "booked_cpu_ms": spread([run[1] for run in runs]), "process_ms": spread([run[2] for run in runs]),
        "process_cpu_ms": spread([run[3] for run in runs]),
        "sync_1mib_ms": spread(syncs), "sync_bound_ms": spread([s * commits for s in syncs]),
        "booked_by_bound": spread([b / (s * commits) for b, s in zip(booked, syncs)]),
        "journal_bytes": sum(p.stat().st_size for p in x.journal("kuramorid").parent.glob("journal.db*") if p.is_file()),
        "load": os.getloadavg()[0]}, indent=1))


if __name__ == "__main__":
    main()
