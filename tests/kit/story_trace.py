# SPDX-License-Identifier: Apache-2.0
"""Chapter A.3, "Where the coins went": the coins of chapter A are moved on, mixed with a stranger's, and partly sold;
`kuramori trace` follows them from the node's blocks to two labelled exchanges.

What each rule should say is computed here from the blocks by other means: FIFO by queues of pieces, haircut by
fractions rounded down. The re-run bundle is recomputed by the verifiers, which share nothing with either.
"""

import csv
import fractions
import json
import subprocess
import sys
from collections import defaultdict, deque
from pathlib import Path

import nem
import process
from story import XEM, percent, xem
from story_a import Follower, bystander

ROOT = Path(__file__).resolve().parents[2]
VERIFIERS = [ROOT / "tools/kuramori-trace-verify", ROOT / "tools/kuramori-trace-verify-bounds"]
EXCHANGES = ("Exchange X", "Exchange Y")


def people(seed):
    """Everybody of this chapter by a name; all but the thief and the bystander begin with nothing."""
    keys = {name: nem.KeyPair.named(f"{name} {seed}") for name in ("pot", "store", "once", *EXCHANGES)}
    return {"thief": nem.KeyPair.named(f"thief a {seed}"), "bystander": bystander(seed), **keys}


# block by block: from, to, XEM (None: all that is left after the fee)
MOVES = [
    [("bystander", "pot", 100_000_000)],
    [("thief", "pot", 200_000_000), ("thief", "store", 300_000_000)],
    [("pot", "Exchange X", 120_000_000)],
    [("pot", "Exchange Y", 90_000_000), ("store", "once", 150_000_000)],
    [("once", "Exchange Y", None), ("store", "Exchange X", 50_000_000), ("thief", "bystander", 10)],
    [("bystander", "Exchange X", 20_000_000)],
]


def launder(teller, node, who):
    """Carries out MOVES, each block by itself."""
    for moves in MOVES:
        made, spent = [], defaultdict(int)
        now = node.state()["time_nem_s"]
        for source, to, amount in moves:
            key = who[source]
            left = node.public.balance(key.address()) - spent[source]
            # of "all" the fee is the one of all: more than 25 units are never asked for
            micro = amount * XEM if amount is not None else left - nem.minimum_transfer_fee(left)
            one = nem.Transfer(key.public, who[to].address(), micro, timestamp=now).sign(key)
            spent[source] += micro + one.fee
            made.append(one)
        answer = node.given(made)
        teller.must("the node took the thief's block", answer.get("code") in (0, 1), answer)


class Oracle:
    """Both rules over the legs of the blocks, one after the other."""

    def __init__(self, network, sinks):
        self.network, self.sinks = network, sinks
        self.balance = defaultdict(int)
        self.queue = defaultdict(deque)              # pieces [stolen?, units], first come first
        self.taint = defaultdict(int)                # haircut
        self.absorbed = {rule: defaultdict(int) for rule in ("fifo", "haircut")}
        self.moved = {}                              # (hash, rule) of a payment -> units

    def leg(self, source, to, units, stolen, key=None):
        if units == 0:
            return
        out, left = [], units
        while source is not None and left > 0:
            piece = self.queue[source][0]
            part = min(piece[1], left)
            out.append([piece[0], part])
            piece[1] -= part
            left -= part
            if piece[1] == 0:
                self.queue[source].popleft()
        fifo = sum(part for dirty, part in out if dirty)
        haircut = 0
        if source is not None:
            share = fractions.Fraction(units * self.taint[source], self.balance[source])
            haircut = share.__floor__()
            self.taint[source] -= haircut
            self.balance[source] -= units
        if key is not None:
            self.moved[key, "fifo"], self.moved[key, "haircut"] = fifo, haircut
        self.balance[to] += units
        if stolen:
            out, haircut = [[True, units]], units
        if to in self.sinks:
            self.absorbed["fifo"][to] += sum(part for dirty, part in out if dirty)
            self.absorbed["haircut"][to] += haircut
            out, haircut = [[False, units]], 0
        self.queue[to].extend(out if out else [[False, units]])
        self.taint[to] += haircut

    def held(self, rule):
        if rule == "haircut":
            return sum(self.taint.values())
        return sum(part for queue in self.queue.values() for dirty, part in queue if dirty)

    def block(self, block, thefts):
        address = lambda key: nem.address_of(key, self.network)
        if block.height == 1:
            for who, change in block.effects():
                if change > 0 and who != address(block.signer):
                    self.leg(None, who, change, False)
            return
        for one in block.transactions:
            source = address(one.signer)
            self.leg(source, one.recipient, one.amount, one.hash().hex() in thefts, one.hash().hex())
            self.leg(source, "fees", one.fee, False)
        self.leg("fees", address(block.signer), self.balance["fees"], False)


def trace(build, *words):
    done = subprocess.run([str(build / "bin/kuramori/kuramori"), "--json", "trace", *map(str, words)], capture_output=True, text=True)
    if done.returncode != 0:
        raise process.Failed(f"kuramori trace {words[0]}: {done.stderr}")
    return json.loads(done.stdout)


def follow(build, folder, node, who, thefts):
    """Store, labels, case, report and bundle, as compliance staff would make them."""
    (folder / "labels.csv").write_text("address,label,category\n" + "".join(
        f"{who[name].address()},{name},exchange\n" for name in EXCHANGES) + f"{who['thief'].address()},thief,perpetrator\n")
    ingested = trace(build, "ingest", folder / "ledger", "nem", f"127.0.0.1:{node.public.port}", "check=all")
    trace(build, "case", "new", folder / "case.json", "name=demo-a", "asset=nem:xem", "unit=XEM", "decimals=6", "policy=fifo",
          "policy=haircut", "labels=labels.csv", "sink_category=exchange", *(f"tx={one}/{who['thief'].address()}" for one in thefts))
    report = trace(build, "report", folder / "case.json", folder / "ledger", f"bundle={folder / 'a.bundle'}",
                   f"transfers_csv={folder / 'transfers.csv'}")
    return ingested, report


def print_hops(teller, rows, names):
    teller.line("block  from         to                       XEM    of it stolen: haircut             FIFO")
    for row in rows:
        teller.line(f"{row['height']:>5}  {names.get(row['from'], row['from'][:6] + '..'):12} {names.get(row['to'], row['to'][:6] + '..'):12} "
                    f"{xem(int(row['amount'])):>15} {xem(int(row['haircut'])):>24} {xem(int(row['fifo'])):>16}")


def print_bounds(teller, names, asked):
    """Each sale as the exchange would ask for it."""
    teller.say("And what each exchange asks of each of these deposits: how much of it is stolen whatever rule is preferred, and how much at most.")
    teller.line()
    teller.line("deposit of                    from         to               certain, at least     possible, at most")
    for one in asked:
        teller.line(f"{xem(int(one['amount'])):>25} XEM  {names.get(one['from'], '?'):12} {names[one['address']]:12} {xem(int(one['lower'])):>22} {xem(int(one['upper'])):>21}")
        teller.check(f"both rules lie within the bounds of the deposit of {xem(int(one['amount']))} XEM",
                     all(int(one["lower"]) <= int(p["units"]) <= int(one["upper"]) for p in one["policies"].values()), one)
    teller.line()


def tell(teller, stage, build, folder, seed):
    node, who = stage.node, people(seed)
    folder.mkdir(parents=True, exist_ok=True)
    launder(teller, node, who)
    follower = Follower(node.public)
    follower.catch_up()
    victim = nem.KeyPair.named(f"hot wallet {seed}").public
    thefts = [one.hash().hex() for _, _, one in follower.transfers if one.signer == victim]
    stolen = sum(one.amount for _, _, one in follower.transfers if one.signer == victim)
    ingested, report = follow(build, folder, node, who, thefts)
    oracle = Oracle(node.public.network, {who[name].address() for name in EXCHANGES})
    for block in node.public.blocks(verify=False):
        oracle.block(block, set(thefts))

    names = {key.address(): name for name, key in who.items()}
    with open(folder / "transfers.csv", newline="", encoding="utf-8") as file:
        rows = [row for row in csv.DictReader(file) if row["tx"] not in thefts]
    payments = [row for row in rows if row["to"] in names and row["from"] in names]
    teller.say(f"The thief mixes his coins with {xem(100_000_000 * XEM)} XEM of a stranger in one pot, uses an account once, sends dust to a "
               "bystander, and sells at two exchanges. kuramori trace reads the node's blocks and follows what was stolen, by each rule "
               "for coins that were mixed; here two of them, side by side.")
    teller.line()
    print_hops(teller, payments, names)
    teller.line()
    totals = {one["policy"]: one for one in report["totals"]}
    reached = {one["label"]: one for one in report["reached"]}
    for name in EXCHANGES:
        got, between = reached[name]["policies"], reached[name]["interval"]
        teller.line(f"{name}: haircut {xem(int(got['haircut']['units']))}, FIFO {xem(int(got['fifo']['units']))}; by whatever rule from "
                    f"{xem(int(between['lower']))} to {xem(int(between['upper']))} XEM")
    sold = {rule: sum(int(reached[name]["policies"][rule]["units"]) for name in EXCHANGES) for rule in totals}
    teller.say(f"At exchanges: haircut {percent(sold['haircut'], stolen)}, FIFO {percent(sold['fifo'], stolen)} of what was stolen. "
               "The rest is where the table ends; not a unit is missing by either rule.")
    check(teller, oracle, report, rows, stolen, who, ingested)
    sales = [row for row in payments if names[row["to"]] in EXCHANGES]
    said = trace(build, "bounds", folder / "case.json", folder / "ledger", *(f"deposit={row['tx']}/{row['to']}" for row in sales),
                 f"bundle={folder / 'a.bundle'}")
    print_bounds(teller, names, said["asked"])
    for verifier, what in zip(VERIFIERS, ("computes every number again", "proves both ends of every interval")):
        done = subprocess.run([sys.executable, str(verifier), str(folder / "a.bundle"), said["bundle"]], capture_output=True, text=True)
        teller.check(f"a stranger's program {what} from the bundle alone", done.returncode == 0, done.stdout + done.stderr)
    teller.figure("stolen", stolen)
    for rule in totals:
        teller.figure(f"at_exchanges_{rule}", sold[rule])


def check(teller, oracle, report, rows, stolen, who, ingested):
    teller.check("every account that the trace knows holds what the node says", ingested["checked"] > 0, ingested)
    for total in report["totals"]:
        rule = total["policy"]
        parts = {part: int(total[part]) for part in ("held", "absorbed", "stopped", "evaporated", "destroyed")}
        teller.check(f"{rule}: what is held and what was sold is what was stolen, to the unit",
                     sum(parts.values()) == int(total["stolen"]) == stolen, total)
        teller.check(f"{rule}: the same as reckoned from the blocks by other means",
                     parts["held"] == oracle.held(rule) and parts["absorbed"] == sum(oracle.absorbed[rule].values()),
                     (parts, oracle.held(rule), dict(oracle.absorbed[rule])))
        teller.check(f"{rule}: so is every payment on the way",
                     all(int(row[rule]) == oracle.moved[row["tx"], rule] for row in rows if row["to"] in {k.address() for k in who.values()}))
    for one in report["reached"]:
        if one["label"] in EXCHANGES:
            address = who[one["label"]].address()
            low, high = int(one["interval"]["lower"]), int(one["interval"]["upper"])
            teller.check(f"{one['label']}: both rules lie between what no rule can deny and what no rule can exceed",
                         all(low <= int(got["units"]) == oracle.absorbed[rule][address] <= high for rule, got in one["policies"].items()), one)
