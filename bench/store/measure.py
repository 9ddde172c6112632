# SPDX-License-Identifier: Apache-2.0
"""The commit path of the books on PostgreSQL with a synchronous replica, beside pgbench doing the same
double entry on the same two servers, and beside the disk's fdatasync, in turns in the same run.

    python3 bench/store/measure.py --build BUILD [--batch 1000] [--seconds 8] [--rounds 3] [--accounts 100000]

`bench_books store`: what kuramorid does with a transfer, journal in the database, replica required.
pgbench: one transaction a transfer (two balances, one row of history, ids unique), the way of a
database without a ledger of its own, at 1, 16 and 32 clients; and on one hot account. Nothing about
time is asserted. One JSON object on stdout.
"""
import argparse
import json
import pathlib
import re
import statistics
import sys

ROOT = pathlib.Path(__file__).resolve().parent.parent.parent
sys.path.insert(0, str(ROOT / "tests/kit"))
sys.path.insert(0, str(ROOT / "bench"))

import postgres  # noqa: E402
import process  # noqa: E402
from disk import fdatasync_ms, spread  # noqa: E402

GOAL = 200_000
SCHEMA = """
CREATE TABLE accounts(id bigint PRIMARY KEY, balance numeric(39) NOT NULL CHECK (balance >= 0));
CREATE TABLE transfers(id uuid PRIMARY KEY, debit bigint NOT NULL, credit bigint NOT NULL, amount numeric(39) NOT NULL,
  time_ms bigint NOT NULL);
"""
# the lower account first, so that two clients do not wait for each other in a ring
SCRIPT = """\\set a random(1, {last})
\\set b random({first}, {accounts})
\\set low least(:a, :b)
\\set high greatest(:a, :b)
\\set amount random(1, 1000)
BEGIN;
UPDATE accounts SET balance = balance - :amount WHERE id = :low;
UPDATE accounts SET balance = balance + :amount WHERE id = :high;
INSERT INTO transfers VALUES(gen_random_uuid(), :low, :high, :amount, 1700000000000);
COMMIT;
"""


def pgbench(server, script, clients, seconds):
    path = server.folder / "script.sql"
    path.write_text(script)
    done = process.run([postgres.BIN / "pgbench", "-h", server.folder, "-p", server.port, "-U", postgres.ROLE, "-n",
                        "-M", "prepared", "-f", path, "-c", clients, "-j", 2, "-T", seconds, "peer"],
                       timeout=seconds + 60)
    return float(re.search(r"tps = ([0-9.]+)", done.stdout).group(1))


def ours(server, build, batch, seconds, accounts, number):
    url = server.create(f"books{number}")
    done = process.run([build / "bench/books/bench_books", "store", url, batch, "--seconds", seconds,
                        "--accounts", accounts], timeout=seconds + 300)
    server.sql(f"DROP DATABASE books{number}")
    return json.loads(done.stdout.splitlines()[-1])


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--build", required=True, type=pathlib.Path)
    parser.add_argument("--batch", type=int, default=1000)
    parser.add_argument("--seconds", type=int, default=8)
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--accounts", type=int, default=100_000)
    o = parser.parse_args()
    process.catch_signals()
    settings = {"shared_buffers": "256MB", "max_wal_size": "4GB", "wal_buffers": "16MB"}
    primary = postgres.Server("primary", settings).make().start()
    replica = primary.replica("replica")
    primary.configure(synchronous_standby_names="'replica'")
    primary.wait_replica()
    primary.create("peer")
    primary.psql(SCHEMA, "peer")
    primary.psql(f"INSERT INTO accounts SELECT n, 1000000000 FROM generate_series(1, {o.accounts}) n", "peer",
                 timeout=120.0)
    uniform = SCRIPT.format(last=o.accounts, first=1, accounts=o.accounts)
    hot = SCRIPT.format(last=1, first=2, accounts=o.accounts)
    rows = {"ours": [], "pgbench 1 client": [], "pgbench 16 clients": [], "pgbench 32 clients": [],
            "pgbench 16 clients, one hot account": []}
    sync, cpu = [], []
    for number in range(o.rounds):
        sync.append(fdatasync_ms()["median"])
        one = ours(primary, o.build.resolve(), o.batch, o.seconds, o.accounts, number)
        cpu.append(one["cpu_decide_us"] + one["cpu_sync_us"])
        rows["ours"].append(one["median"])
        for clients in (1, 16, 32):
            rows[f"pgbench {clients} client{'s' if clients > 1 else ''}"].append(
                pgbench(primary, uniform, clients, o.seconds))
        rows["pgbench 16 clients, one hot account"].append(pgbench(primary, hot, 16, o.seconds))
    best = max(statistics.median(v) for k, v in rows.items() if k.startswith("pgbench"))
    on_replica = replica.sql("SELECT count(*) FROM transfers", "peer")
    print(json.dumps({"batch": o.batch, "fdatasync_ms": spread(sync), "goal": GOAL,
                      "transfers_per_s": {k: spread([round(x) for x in v]) for k, v in rows.items()},
                      "processor_us_each": spread(cpu),
                      "ours_to_goal": round(statistics.median(rows["ours"]) / GOAL, 3),
                      "ours_to_best_pgbench": round(statistics.median(rows["ours"]) / best, 1),
                      "pgbench_rows_on_the_replica": int(on_replica)}, indent=1))
    replica.stop()
    primary.configure(synchronous_standby_names="''")
    primary.stop()


main()
