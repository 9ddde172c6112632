#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Goal: `kuramori trace follow` says within a round that stolen coins reached a label, once, and withdraws what the
chain takes back; it keeps its state over rounds, and that state is the one of who follows from the beginning; a node
that is down, or lies, ends nothing.

Method: the real program beside a real kuramori-node that makes blocks, rolls them back and lies; `check=yes` compares
the state after each round with a whole run, and at the end a fresh program must tell the same alerts.
SEED=N repeats one night of forks.
"""

import json
import os
import random
import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parents[3]
sys.path.insert(0, str(ROOT / "tests/kit"))

import nem  # noqa: E402
import process  # noqa: E402
import tap  # noqa: E402
from devnode import DevNode, program  # noqa: E402

XEM = 1_000_000
folder = process.temp_dir("kf-")
keys = {name: nem.KeyPair.named(name) for name in ("victim", "thief", "mule", "exchange")}
node = DevNode(folder / "node", {keys[n].address(): 1000 * XEM for n in ("victim", "exchange")})
world = {}


def pay(sender, recipient, amount):
    one = nem.Transfer(keys[sender].public, keys[recipient].address(), amount, timestamp=node.now()).sign(keys[sender])
    answer = node.given([one])
    assert answer["code"] == 1, answer
    return one


def said_whole(daemon):
    """What it said so far; a line that is just being written comes with the next look."""
    return [json.loads(line) for line in daemon.out_path.read_text().split("\n")[:-1]]


def alerts():
    return said_whole(world["follow"])


def follow(*words):
    return process.run([program("kuramori"), "--json", "trace", "follow", folder / "case.json", folder / "store", world["place"],
                        "once=yes", *words], expect=None)


def start():
    node.start()
    world["place"] = f"127.0.0.1:{node.public.port}"
    theft = pay("victim", "thief", 100 * XEM)
    process.run([program("kuramori"), "trace", "ingest", folder / "store", "nem", world["place"]])
    (folder / "labels.csv").write_text(f"address,label,category\n{keys['exchange'].address()},Zaif,exchange\n")
    (folder / "case.json").write_text(json.dumps({
        "case": "live", "asset": "nem:xem", "unit": "XEM", "decimals": 6, "labels": [{"file": "labels.csv"}],
        "policies": ["haircut", "fifo"], "sink_categories": ["exchange"], "generated": True,
        "seeds": [{"address": keys["thief"].address(), "height": node.public.height()}]}))
    world["theft"] = theft


@tap.test
def one_round_by_hand():
    done = follow()
    assert done.returncode == 0 and done.stdout == "", done
    (folder / "wrong.json").write_text((folder / "case.json").read_text().replace('"live"', '"live", "spare": 1'))
    done = process.run([program("kuramori"), "trace", "follow", folder / "wrong.json", folder / "store", world["place"]], expect=3)
    assert "spare" in done.stderr
    done = process.run([program("kuramori"), "trace", "follow", folder / "case.json", folder / "store", "127.0.0.1:1"], expect=4)
    assert "127.0.0.1:1" in done.stderr


@tap.test
def alerts_when_a_label_is_reached_and_withdraws_with_the_chain():
    world["follow"] = process.Daemon("follow", [program("kuramori"), "--json", "trace", "follow", folder / "case.json",
                                                folder / "store", world["place"], "poll_s=1"], folder)
    world["follow"].start(ready_timeout=None)
    process.wait_until(world["follow"].out_path.exists, 20, "it started")
    pay("thief", "mule", 60 * XEM)
    pay("mule", "exchange", 50 * XEM)
    process.wait_until(lambda: len(alerts()) == 1, 30, "an alert")
    first = alerts()[0]
    assert first["alert"] == "reached" and first["label"] == "Zaif" and first["to"] == keys["exchange"].address()
    assert first["height"] == node.public.height()
    assert int(first["moved"]["fifo"]) == 50 * XEM == int(first["moved"]["haircut"]), first
    # two blocks are undone, and the coins go another way
    node.dev("rollback", blocks=2)
    for pool in ("public", "clean"):
        node.dev("drop-pool", pool=pool)
    pay("thief", "exchange", 30 * XEM)
    node.blocks(count=2)
    process.wait_until(lambda: len(alerts()) == 3, 30, "two more")
    said = {a["alert"]: a for a in alerts()[1:]}
    assert said["withdrawn"]["tx"] == first["tx"] and int(said["reached"]["moved"]["fifo"]) == 30 * XEM, said
    # what was said is not said again
    height = node.public.height()
    node.blocks(count=1)
    process.wait_until(lambda: json.loads(process.run(
        [program("kuramori"), "--json", "trace", "report", folder / "case.json", folder / "store"]).stdout)["height"] > height,
        30, "the next block is in the store")
    assert len(alerts()) == 3


@tap.test
def the_alerts_are_what_the_report_says():
    report = json.loads(process.run([program("kuramori"), "--json", "trace", "report", folder / "case.json", folder / "store"]).stdout)
    assert report["reached"][0]["policies"]["fifo"] == {"units": str(30 * XEM), "transfers": 1}
    assert report["generated"] is True


@tap.test
def a_transaction_that_comes_again_is_not_told_again():
    said = len(alerts())
    pay("thief", "exchange", 7 * XEM)
    process.wait_until(lambda: len(alerts()) == said + 1, 30, "an alert")
    # the transaction returns to the pool, and the next blocks have it again
    height = node.public.height()
    node.dev("rollback", blocks=1)
    node.blocks(count=2)
    process.wait_until(lambda: in_store() == height + 1, 30, "the new blocks are in the store")
    pay("thief", "exchange", 3 * XEM)
    process.wait_until(lambda: len(alerts()) >= said + 2, 30, "the next alert")
    assert [int(a["moved"]["fifo"]) for a in alerts()[said:]] == [7 * XEM, 3 * XEM], alerts()[said:]


def in_store():
    return json.loads(process.run([program("kuramori"), "--json", "trace", "report", folder / "case.json", folder / "store"]).stdout)["height"]


@tap.test
def a_node_that_is_down_ends_nothing():
    node.stop()
    process.wait_until(lambda: world["place"] in world["follow"].errors(), 30, "it says that the node is down")
    assert world["follow"].alive()
    world["follow"].kill()
    process.run([program("kuramori"), "trace", "verify", folder / "store"])


class Night:
    """A second chain with many forks, followed with check=yes."""

    def __init__(self, seed, undo):
        self.random, self.undo = random.Random(seed), undo
        self.folder = folder / f"night-{undo}"
        self.names = ["v", "t", "a", "b", "c", "x1", "x2", "x3"]
        self.key = {name: nem.KeyPair.named(f"night-{name}") for name in self.names}
        self.node = DevNode(self.folder / "node", {self.key[n].address(): 100_000 * XEM for n in ("v", "a")}, name=f"night{undo}")
        self.node.start()
        self.place = f"127.0.0.1:{self.node.public.port}"
        self.give([("v", "t", 1000), ("a", "t", 50), ("t", "b", 300)])
        theft = self.theft = self.node.public.height()
        process.run([program("kuramori"), "trace", "ingest", self.folder / "store", "nem", self.place])
        # x3 is labelled later
        self.label(["x1", "x2"])
        (self.folder / "case.json").write_text(json.dumps({
            "case": "night", "asset": "nem:xem", "labels": [{"file": "labels.csv"}], "generated": True,
            "policies": ["poison", "haircut", "fifo", "lifo", "taint-first", "clean-first"], "sink_categories": ["exchange"],
            "floor": {"units": "1000", "per_million": 0}, "hops_max": 40,
            "seeds": [{"address": self.key["t"].address(), "height": theft}]}))
        self.daemon = process.Daemon(f"follow{undo}", self.command("poll_s=0", "check=yes", f"undo={undo}"), self.folder)
        self.daemon.start(ready_timeout=None)

    def command(self, *words, store="store"):
        return [program("kuramori"), "--json", "trace", "follow", self.folder / "case.json", self.folder / store, self.place, *words]

    def label(self, names):
        rows = "".join(f"{self.key[n].address()},Exchange {n},exchange\n" for n in names)
        (self.folder / "labels.new").write_text("address,label,category\n" + rows)
        (self.folder / "labels.new").rename(self.folder / "labels.csv")

    def give(self, payments):
        ones = [nem.Transfer(self.key[s].public, self.key[r].address(), units * XEM, timestamp=self.node.now() + n)
                .sign(self.key[s]) for n, (s, r, units) in enumerate(payments)]
        answer = self.node.given(ones, seconds=61)
        return answer["code"] == 1

    def some(self):
        """A block of payments that are possible, for the thief sends in small parts."""
        pairs = [self.random.sample(self.names, 2) for _ in range(self.random.randrange(1, 4))]
        return any(self.give([(s, r, self.random.choice((1, 3, 20)))]) for s, r in pairs)

    def lines(self):
        return said_whole(self.daemon)

    def settle(self):
        """Until a round has seen the end of the chain; how many lines there were."""
        height = self.node.public.height()
        process.wait_until(lambda: [x for x in self.lines() if x.get("notice") == "checked"][-1:] and
                           [x for x in self.lines() if x.get("notice") == "checked"][-1]["height"] == height,
                           30, f"checked at {height}")

    def standing(self, lines):
        """What is told and not withdrawn; each once."""
        out = {}
        for line in lines:
            key = line.get("tx"), line.get("to")
            if line.get("alert") == "reached":
                assert key not in out, f"told twice: {line}"
                out[key] = line["height"], line["label"], line["moved"]
            elif line.get("alert") == "withdrawn":
                assert out.pop(key, None), f"withdrawn, but never told: {line}"
        return out

    def fork(self, blocks):
        self.node.dev("rollback", blocks=blocks)
        if self.random.random() < 0.5:
            for pool in ("public", "clean"):
                self.node.dev("drop-pool", pool=pool)
        for _ in range(blocks + self.random.randrange(1, 3)):
            if not self.some():
                self.node.blocks(count=1)

    def compare(self):
        """A fresh program over a fresh store tells the same."""
        process.run([program("kuramori"), "trace", "ingest", self.folder / "fresh", "nem", self.place])
        fresh = process.run(self.command("once=yes", "from_height=1", store="fresh")).stdout
        mine, other = self.standing(self.lines()), self.standing(map(json.loads, fresh.splitlines()))
        # heights of those told before a rollback that brought them again are the old ones
        assert {k: v[1:] for k, v in mine.items()} == {k: v[1:] for k, v in other.items()}, (mine, other)
        return mine

    def end(self):
        self.daemon.kill()
        self.node.kill()


@tap.test
def random_forks_leave_the_state_of_a_whole_run():
    seed = int(os.environ.get("SEED", random.randrange(1 << 30)))
    print(f"# SEED={seed}", flush=True)
    night = Night(seed, 360)
    try:
        for round_ in range(14):
            for _ in range(night.random.randrange(1, 4)):
                night.some()
            above = night.node.public.height() - night.theft
            if round_ % 2 == 1 and above > 0:
                night.settle()
                night.fork(night.random.randrange(1, min(above, 5) + 1))
            if round_ == 6:
                # the node lies, and fails, and says the truth again
                for fault in ({"kind": "lie", "lie": "hash"}, {"kind": "garbage"}, {"kind": "truncated"}, {"kind": "lie", "lie": "height"}):
                    night.node.dev("fault", port="public", path="/local/chain/blocks-after", times=4, **fault)
                    night.some()
                night.node.dev("fault", port="public", path="/local/chain/blocks-after", kind="none")
        night.give([("t", "x1", 5), ("t", "x2", 6)])
        night.settle()
        mine = night.compare()
        assert len(mine) >= 2, mine
        assert not [x for x in night.lines() if x.get("notice") == "restarted"], "undo of 360 is enough"
        # a label that comes later is told of what reached it since; one that goes is withdrawn
        night.give([("t", "x3", 9)])
        night.settle()
        before = len(night.lines())
        night.label(["x1", "x3"])
        process.wait_until(lambda: [x for x in night.lines()[before:] if x.get("notice") == "checked"], 30, "labels are read again")
        said = night.lines()[before:]
        assert [x["because"] for x in said if x.get("notice") == "restarted"] == ["the files of labels have changed"], said
        assert [x for x in said if x.get("alert") == "reached" and x["label"] == "Exchange x3"], said
        gone = [x for x in said if x.get("alert") == "withdrawn"]
        # x2 absorbs no more, so what it sends on may reach the others
        assert all(x["because"] == "labels" for x in gone) and night.key["x2"].address() in [x["to"] for x in gone], said
        night.compare()
        # a round without news writes nothing, and says nothing
        before = len(night.lines()), (night.folder / "store/head").read_bytes()
        asked = night.node.public.height()
        process.run([program("kuramori"), "--json", "trace", "report", night.folder / "case.json", night.folder / "store"])
        assert (len(night.lines()), (night.folder / "store/head").read_bytes()) == before and asked == night.node.public.height()
    finally:
        night.end()


@tap.test
def a_rollback_deeper_than_the_undo_starts_again_and_says_so():
    night = Night(1, 2)
    try:
        for _ in range(5):
            night.give([("t", "x1", 2)])
        night.settle()
        night.fork(2)
        night.settle()
        assert not [x for x in night.lines() if x.get("notice") == "restarted"]
        for _ in range(3):
            night.give([("t", "x2", 1)])
        night.settle()
        night.fork(4)
        night.settle()
        said = [x for x in night.lines() if x.get("notice") == "restarted"]
        assert len(said) == 1 and "deeper" in said[0]["because"], said
        night.compare()
        # back to before the theft: what was stolen is not, and is said not to be
        night.node.dev("rollback", blocks=night.node.public.height() - 1)
        for pool in ("public", "clean"):
            night.node.dev("drop-pool", pool=pool)
        night.node.blocks(count=40)
        process.wait_until(lambda: "held 0" in night.daemon.errors() or "not in the ledger" in night.daemon.errors(), 30,
                           "the case cannot be followed")
        assert night.daemon.alive()
    finally:
        night.end()


# ---- bounds beside a chain that goes back ------------------------------------------------------


def most_flow(arcs):
    """The most that flows from "stolen" to "goal", by the shortest way again and again; arcs: [from, to, room]."""
    room = {}
    for tail, head, units in arcs:
        room.setdefault(tail, {})[head] = room.setdefault(tail, {}).get(head, 0) + units
        room.setdefault(head, {}).setdefault(tail, 0)
    total = 0
    while True:
        came, queue = {"stolen": None}, ["stolen"]
        for here in queue:
            for there, units in room.get(here, {}).items():
                if units > 0 and there not in came:
                    came[there] = here
                    queue.append(there)
        if "goal" not in came:
            return total
        way, here = [], "goal"
        while came[here] is not None:
            way.append((came[here], here))
            here = came[here]
        units = min(room[a][b] for a, b in way)
        for a, b in way:
            room[a][b] -= units
            room[b][a] += units
        total += units


def naive_bounds(opening, moves, theft, deposit=None, account=None):
    """[L, U] of one of the moves (from, to, amount), or of an account's end: an account is a node anew after each outflow."""
    now, balance = dict.fromkeys(opening, 0), dict(opening)
    arcs = []
    for at, (sender, to, amount) in enumerate(moves):
        tail = (sender, now[sender])
        balance[sender] -= amount
        now[sender] += 1
        arcs.append([tail, (sender, now[sender]), balance[sender]])
        arcs.append([tail, (to, now.setdefault(to, 0)), amount])
        balance[to] = balance.get(to, 0) + amount
        if at == deposit:
            asked = arcs.pop()
        if at == theft:
            arcs.append(["stolen", arcs.pop()[1], amount])
    stolen, ends = moves[theft][2], [[(a, n), "goal", 1 << 62] for a, n in now.items()]
    if deposit is not None:
        goal, rest = [[asked[0], "goal", asked[2]]], ends
    else:
        goal, rest = [e for e in ends if e[0][0] == account], [e for e in ends if e[0][0] != account]
    return [str(stolen - most_flow(arcs + rest)), str(most_flow(arcs + goal))]


class Bounds:
    """A small chain whose surviving branch is known here, payment by payment, a block each."""

    def __init__(self):
        self.folder = folder / "bounds"
        self.key = {name: nem.KeyPair.named(f"bounds-{name}") for name in ("victim", "thief", "mule", "exchange", "friend")}
        self.opening = {"victim": 1000 * XEM, "exchange": 500 * XEM, "friend": 200 * XEM}
        self.node = DevNode(self.folder / "node", {self.key[n].address(): units for n, units in self.opening.items()}, name="bounds")
        self.node.start()
        self.place = f"127.0.0.1:{self.node.public.port}"
        self.paid = []  # what stands: (transaction, from, to, units)

    def pay(self, sender, to, units, again=None):
        one = again or nem.Transfer(self.key[sender].public, self.key[to].address(), units * XEM, timestamp=self.node.now()).sign(self.key[sender])
        assert self.node.given([one], seconds=61)["code"] == 1
        self.paid.append((one, sender, to, units * XEM))
        return one

    def back(self, blocks):
        self.node.dev("rollback", blocks=blocks)
        for pool in ("public", "clean"):
            self.node.dev("drop-pool", pool=pool)
        del self.paid[-blocks:]

    def ingest(self, store="store"):
        process.run([program("kuramori"), "trace", "ingest", self.folder / store, "nem", self.place])

    def ask(self, *words, store="store", command="bounds"):
        return process.run([program("kuramori"), "--json", "trace", command, self.folder / "case.json", self.folder / store, *words], expect=None)

    def word(self, one):
        return f"deposit={one.hash().hex()}/{one.recipient}"

    def check(self, deposits, accounts=("thief", "mule", "exchange")):
        """Both ends of all of these are the oracle's on the branch that stands, and every rule lies between them."""
        moves, place = [], {}
        for one, sender, to, units in self.paid:
            place[one.hash()] = len(moves)
            moves += [(sender, to, units), (sender, "harvester", one.fee)]
        theft, known = place[self.theft.hash()], {a: self.opening.get(a, 0) for a in (*self.key, "harvester")}
        wanted = [naive_bounds(known, moves, theft, deposit=place[one.hash()]) for one in deposits]
        wanted += [naive_bounds(known, moves, theft, account=a) for a in accounts]
        done = self.ask(*(self.word(one) for one in deposits), *(f"account={self.key[a].address()}" for a in accounts))
        assert done.returncode == 0, done
        found = json.loads(done.stdout)["asked"]
        assert [[x["lower"], x["upper"]] for x in found] == wanted, (found, wanted)
        assert all(int(x["lower"]) <= int(p["units"]) <= int(x["upper"]) for x in found for p in x["policies"].values() if "units" in p)
        told = {a["address"]: [a["interval"]["lower"], a["interval"]["upper"]] for a in json.loads(self.ask(command="report").stdout)["accounts"]
                if "interval" in a}
        for name, ends in zip(accounts, wanted[len(deposits):]):
            assert told.get(self.key[name].address(), ends) == ends, (name, told, ends)
        assert any(self.key[name].address() in told for name in accounts)
        return [[int(n) // XEM for n in ends] for ends in wanted]


@tap.test
def bounds_follow_a_chain_that_goes_back_and_grows_again():
    b = Bounds()
    try:
        b.theft = b.pay("victim", "thief", 100)
        b.pay("friend", "thief", 50)
        b.pay("thief", "mule", 60)
        (b.folder / "case.json").write_text(json.dumps({
            "case": "branches", "asset": "nem:xem", "unit": "XEM", "decimals": 6, "generated": True,
            "policies": ["poison", "haircut", "fifo", "lifo", "taint-first", "clean-first"],
            "seeds": [{"tx": b.theft.hash().hex(), "to": b.key["thief"].address()}]}))
        gone = b.pay("mule", "exchange", 40)
        kept = b.pay("thief", "exchange", 80)
        b.ingest()
        before = b.check([gone, kept])
        bundle = b.folder / "before.bundle"
        assert b.ask(b.word(gone), f"bundle={bundle}").returncode == 0
        process.run([program("kuramori"), "trace", "verify", bundle, b.folder / "store"])
        # the two deposits are orphans; in their place the friend's coins come to the mule
        b.back(2)
        b.pay("friend", "mule", 90)
        b.pay("thief", "exchange", 10)
        last = b.pay("mule", "exchange", 120)
        b.ingest()
        b.check([b.paid[-2][0], last])
        # attack: a deposit that stands on the branch that was given up alone has no bounds, and no bundle of it is believed
        for one in (gone, kept):
            refused = b.ask(b.word(one))
            assert refused.returncode != 0 and refused.stdout == "" and one.hash().hex() in refused.stderr, refused
        assert process.run([program("kuramori"), "trace", "verify", bundle, b.folder / "store"], expect=None).returncode != 0
        # it comes again behind the friend's coins: the same transaction, and other bounds
        b.pay("friend", "mule", 20)
        b.pay("mule", "exchange", 40, again=gone)
        b.ingest()
        after = b.check([gone, last])
        assert after[0] != before[0], (after, before)
        assert process.run([program("kuramori"), "trace", "verify", bundle, b.folder / "store"], expect=None).returncode != 0
        # who has seen the surviving branch alone says the same
        b.ingest("fresh")
        words = [b.word(gone), b.word(last), f"account={b.key['exchange'].address()}"]
        assert b.ask(*words).stdout == b.ask(*words, store="fresh").stdout
        # the theft itself goes: nothing was stolen, and it is said
        b.back(len(b.paid))
        for n in range(12):
            b.pay("friend", "mule", 1)
        b.ingest()
        refused = b.ask(f"account={b.key['exchange'].address()}")
        assert refused.returncode != 0 and b.theft.hash().hex() in refused.stderr or "not in the ledger" in refused.stderr, refused
    finally:
        b.node.kill()


def end():
    if "follow" in world:
        world["follow"].kill()
    node.kill()


if __name__ == "__main__":
    tap.run(start, end)
