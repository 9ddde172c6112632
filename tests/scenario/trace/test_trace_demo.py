#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Goal: `kuramori trace demo coincheck` makes what it says: the published figures are met and stand beside ours, its
files are whole and marked as generated, and every number that comes of them can be computed again.

Method: the real programs. The sums are taken here from transfers.csv, not from what the tool says of them; the store
that the tool makes must be the one that its own files make.
"""

import csv
import datetime
import json
import os
import sys
from collections import Counter
from pathlib import Path

ROOT = Path(__file__).resolve().parents[3]
sys.path.insert(0, str(ROOT / "tests/kit"))

import process  # noqa: E402
import tap  # noqa: E402
from devnode import program  # noqa: E402

folder = process.temp_dir("kd-")
XEM = 1_000_000
made = folder / "made"


def ask(*words, code=0):
    done = process.run([program("kuramori"), *words], expect=None)
    assert done.returncode == code, (words, done.returncode, done.stdout, done.stderr)
    return done.stdout if code == 0 else done.stderr


answer = json.loads(ask("--json", "trace", "demo", "coincheck", made))
labels = list(csv.DictReader((made / "labels.csv").open()))
rows = list(csv.DictReader((made / "transfers.csv").open()))


def figure(count, until_s=None, name=""):
    found = [f for f in answer["figures"] if f["count"] == count and f["name"] == name and until_s in (None, f["until_s"])]
    assert len(found) == 1, (count, until_s, name, found)
    return found[0]


@tap.test
def the_figures_are_those_of_the_file():
    thieves = {label["address"] for label in labels if label["category"] == "perpetrator"}
    assert len(thieves) == 24
    payments = [r for r in rows if r["index"] == "0" and r["from"]]
    for f in answer["figures"]:
        before = [r for r in payments if int(r["time"]) < f["until_s"]]
        left = [r for r in before if r["from"] in thieves and r["to"] not in thieves]
        if f["count"] == "left":
            assert int(f["here"]) == sum(int(r["amount"]) for r in left), f
        if f["count"] == "sends":
            assert int(f["here"]) == sum(r["from"] in thieves for r in before), f
        if f["count"] == "largest":
            assert int(f["here"]) == max(int(r["amount"]) for r in left), f
        if f["count"] == "peak_day":
            days = Counter()
            for r in left:
                days[(int(r["time"]) + 9 * 3600) // 86400] += int(r["amount"])
            assert int(f["here"]) == max(days.values()), f
    stolen = [r for r in payments if r["basis"] == "published" and int(r["amount"]) >= 10 * XEM and r["from"] not in thieves]
    assert len(stolen) == 11 and sum(int(r["amount"]) for r in stolen) == 526_300_010 * XEM


@tap.test
def what_was_published_is_met():
    assert answer["generated"] is True
    for f in answer["figures"]:
        for is_ in (int(f[key]) for key in ("here", "fifo", "haircut") if key in f):
            wanted = int(f["published"])
            assert is_ >= wanted if f["at_least"] else abs(is_ - wanted) <= wanted // 50, f
            assert f["source"]
    moment = figure("reached", name="exchanges")["until_s"]
    assert datetime.datetime.fromtimestamp(moment, datetime.timezone.utc).isoformat() == "2018-03-15T15:00:00+00:00"


@tap.test
def everything_generated_says_so():
    assert json.loads((made / "case.json").read_text())["generated"] is True
    assert Counter(r["basis"] for r in rows)["published"] == 2 * (11 + 14 + 2)  # with their fees
    assert sum("generated" not in label["source"] for label in labels) == 12
    text = ask("trace", "demo", "coincheck", folder / "text")
    assert text.startswith("GENERATED"), text
    assert ask("trace", "report", made / "case.json", made / "store", "interval=no").startswith("GENERATED DATA")


@tap.test
def a_stranger_computes_it_again():
    first, second = folder / "first.bundle", folder / "second.bundle"
    ask("trace", "report", made / "case.json", made / "store", "interval=no", f"bundle={first}")
    for name in ("kuramori-trace-verify", "kuramori-trace-verify-bounds"):
        process.run([sys.executable, ROOT / "tools" / name, first], timeout=360)
    done = json.loads(ask("--json", "trace", "ingest", folder / "again", "csv", made / "transfers.csv"))
    assert done["known"] == 0 and done["zeros"] == 3, done
    ask("trace", "verify", folder / "again")
    (first.parent / "labels.csv").write_bytes((made / "labels.csv").read_bytes())
    ask("trace", "verify", first, folder / "again")
    again = json.loads(ask("--json", "trace", "ingest", made / "store", "csv", made / "transfers.csv"))
    assert again["known"] == again["rows"] - 3 and again["events"] == 0, again
    ask("trace", "report", made / "case.json", folder / "again", "interval=no", f"bundle={second}")
    assert first.read_bytes() == second.read_bytes()


@tap.test
def the_bounds_of_a_sale_to_an_exchange():
    """The answer that an exchange wants at night: how much of this deposit is certain, and how much possible."""
    exchanges = {label["address"] for label in labels if label["category"] == "exchange"}
    sales = [r for r in rows if r["to"] in exchanges and r["index"] == "0" and r["amount"] != "0"]
    chosen = [sales[len(sales) * k // 8] for k in range(1, 8)]
    said = json.loads(ask("--json", "trace", "bounds", made / "case.json", made / "store",
                          *(f"deposit={r['txid']}/{r['to']}" for r in chosen), f"account={sorted(exchanges)[0]}"))
    for r, a in zip(chosen, said["asked"]):
        assert (a["tx"], a["amount"], a["height"]) == (r["txid"], r["amount"], int(r["height"])), a
    for a in said["asked"]:
        units = [int(p["units"]) for p in a["policies"].values() if "units" in p]
        assert len(units) == 5 and 0 <= int(a["lower"]) <= min(units) <= max(units) <= int(a["upper"]) <= int(a["amount"]), a
    assert any(int(a["lower"]) > 0 for a in said["asked"])
    assert ask("trace", "bounds", made / "case.json", made / "store", f"account={sorted(exchanges)[0]}").startswith("GENERATED DATA")


@tap.test
def a_pedigree_of_the_large_ledger_is_computed_again():
    last, place = rows[-2], folder / "p.bundle"
    for policy in ("fifo", "lifo"):
        said = json.loads(ask("--json", "trace", "pedigree", made / "store", "nem:xem", last["txid"], last["to"], f"policy={policy}",
                              f"bundle={place}"))
        ends = sum(int(p["units"]) for p in said["pieces"] if p["kind"] != "passed")
        assert ends == int(last["amount"]) and len(place.read_text().splitlines()) > 500, (policy, ends)
        done = process.run([sys.executable, ROOT / "tools/kuramori-trace-verify", place, said["bundle"]], timeout=240)
        assert "every number agrees" in done.stdout, done
        ask("trace", "verify", place, made / "store")


@tap.test
def nothing_that_is_there_is_overwritten():
    before = sorted(os.listdir(made))
    assert "name a folder that is not" in ask("trace", "demo", "coincheck", made, code=1)
    assert sorted(os.listdir(made)) == before
    for bad in (("trace", "demo"), ("trace", "demo", "mtgox", folder / "x"), ("trace", "demo", "coincheck", folder / "x", "seed=-1"),
                ("trace", "demo", "coincheck", folder / "x", "speed=1"), ("trace", "demo", "coincheck", folder / ("x" * 300))):
        ask(*bad, code=3 if "seed=-1" in bad else 2)
    assert not (folder / "x").exists()


if __name__ == "__main__":
    tap.run()
