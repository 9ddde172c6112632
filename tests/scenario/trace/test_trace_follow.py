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


def end():
    if "follow" in world:
        world["follow"].kill()
    node.kill()


if __name__ == "__main__":
    tap.run(start, end)
