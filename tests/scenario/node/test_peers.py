# SPDX-License-Identifier: Apache-2.0
"""Goal: nodes of one network find the same chain: transactions and blocks spread, after a parting
all are on the branch with the higher score and what the lost one held is mined again; a peer that
is dead, slow, strange or lies does no harm; kill -9 at any moment leaves a chain that goes on; the
clean port can belong to one client.
Method: up to four real processes on free ports, parted by other lists of peers and by kill -9;
false peers are HTTP servers of this file. What the nodes say is compared by hash and balance, and
every chain is read and verified by the kit's own code."""

import concurrent.futures
import http.server
import json
import os
import random
import sys
import threading
import time
import unittest
from pathlib import Path

ROOT = Path(__file__).resolve().parents[3]
sys.path.insert(0, str(ROOT / "tests" / "kit"))

import nem  # noqa: E402
from devnode import DevNode  # noqa: E402
from keccak import keccak256  # noqa: E402
from node import NodeError  # noqa: E402
from process import Failed, catch_signals, temp_dir, wait_until  # noqa: E402
from websocket import Client  # noqa: E402

XEM = 1_000_000
START = 300_000_000
KEYS = {name: nem.KeyPair.named(name) for name in "A B C M X Y".split()}
SOON = 20.0


def address(name):
    return KEYS[name].address()


def transfer(now, source, to, micro):
    return nem.Transfer(KEYS[source].public, address(to), micro, timestamp=now).sign(KEYS[source])


class PeersCase(unittest.TestCase):
    def node(self, name, lasting=False, grants=None, **settings):
        folder = temp_dir()
        settings.setdefault("peer_interval_ms", 20)
        if lasting:
            settings["data_dir"] = folder / "data"
        one = DevNode(folder, grants or {address(k): 1_000_000 * XEM for k in KEYS}, START,
                      name=name, **settings)
        self.addCleanup(one.kill)
        return one.start()

    def nodes(self, count, **more):
        return [self.node(f"node {i}", **more) for i in range(count)]

    def join(self, *nodes):
        """Each has all the others as peers, and no one else; returns when they know each other."""
        for one in nodes:
            one.dev("peers", peers=",".join(f"127.0.0.1:{other.public.port}" for other in nodes
                                            if other is not one))
        for one in nodes:
            wait_until(lambda: one.state()["peers"] == len(nodes) - 1, SOON, "peers")

    def agree(self, *nodes):
        wait_until(lambda: len({one.state()["hash"] for one in nodes}) == 1, SOON, "one chain")
        balances = [{k: one.public.balance(address(k)) for k in KEYS} for one in nodes]
        scores = {one.public.get("/chain/score")["score"] for one in nodes}
        self.assertEqual(len(scores), 1)
        for one in balances:
            self.assertEqual(one, balances[0])
        for one in nodes:
            verdict = one.dev("validate")
            self.assertTrue(verdict["valid"], verdict)


class Together(PeersCase):
    def test_transactions_and_blocks_spread(self):
        a, b, c = nodes = self.nodes(3)
        self.join(*nodes)
        change = nem.Modification(KEYS["M"].public, [(1, KEYS[k]) for k in "ABC"], 2,
                                  timestamp=a.now()).sign(KEYS["M"])
        self.assertEqual(b.public.announce(change)["code"], 1)
        wait_until(lambda: all(one.state()["public_pool"] == 1 for one in nodes), SOON, "pools")
        c.blocks(pool="public")
        self.agree(*nodes)
        self.assertEqual(a.state()["height"], 2)
        # A proposal at one node, its cosignature at another, the block at a third.
        inner = nem.Transfer(KEYS["M"].public, address("X"), 7 * XEM, timestamp=a.now())
        wrapper = nem.Multisig(KEYS["A"].public, inner, timestamp=a.now()).sign(KEYS["A"])
        self.assertEqual(a.public.announce(wrapper)["code"], 1)
        wait_until(lambda: b.public.pool(), SOON, "the proposal at b")
        cosignature = nem.Cosignature(KEYS["B"].public, inner.hash(), address("M"),
                                      timestamp=a.now()).sign(KEYS["B"])
        self.assertEqual(b.public.announce(cosignature)["code"], 1)
        wait_until(lambda: all([len(t.cosignatures) for t in one.public.pool()] == [1]
                               for one in nodes), SOON, "the cosignature everywhere")
        c.blocks(pool="public")
        self.agree(*nodes)
        self.assertEqual(a.public.balance(address("X")), 1_000_007 * XEM)
        self.assertEqual([one.state()["public_pool"] for one in nodes], [0, 0, 0])
        listed = a.public.get("/node/peer-list/all")["active"]
        self.assertEqual({p["endpoint"]["port"] for p in listed},
                         {b.public.port, c.public.port})
        for one in listed:
            other = b if one["endpoint"]["port"] == b.public.port else c
            info = other.public.get("/node/info")
            info["metaData"]["platform"] = None
            self.assertEqual(one, info)
        self.assertEqual(a.public.get("/node/peer-list/active")["data"], listed)
        self.assertEqual(a.public.get("/status")["code"], 6)

    def test_who_was_away_catches_up(self):
        a, b = self.nodes(2)
        change = nem.Modification(KEYS["M"].public, [(1, KEYS[k]) for k in "ABC"], 2,
                                  timestamp=a.now()).sign(KEYS["M"])
        a.public.announce(change)
        a.blocks(900, pool="public")
        one = transfer(a.now(), "A", "X", XEM)
        a.public.announce(one)
        inner = nem.Transfer(KEYS["M"].public, address("X"), 7 * XEM, timestamp=a.now())
        wrapper = nem.Multisig(KEYS["A"].public, inner, timestamp=a.now()).sign(KEYS["A"])
        a.public.announce(wrapper)
        self.join(a, b)
        self.agree(a, b)
        wait_until(lambda: len(b.public.pool()) == 2, SOON, "the pool of a at b")
        # A cosignature that b missed comes with the next look into the pool of a.
        b.dev("peers", peers="")
        cosignature = nem.Cosignature(KEYS["B"].public, inner.hash(), address("M"),
                                      timestamp=a.now()).sign(KEYS["B"])
        a.dev("peers", peers="")
        a.public.announce(cosignature)
        b.dev("peers", peers=f"127.0.0.1:{a.public.port}")
        wait_until(lambda: any(getattr(t, "cosignatures", []) for t in b.public.pool()), SOON,
                   "the cosignature at b")
        b.blocks(pool="public")
        self.assertEqual(b.public.balance(address("X")), 1_000_008 * XEM)

    def test_parted_and_joined(self):
        """Two branches by kill -9 and other peers: the higher score wins on all, and the lost
        branch's transaction is mined again."""
        a, b, c = nodes = self.nodes(3, lasting=True)
        self.join(*nodes)
        a.blocks(3)
        self.agree(*nodes)
        c.kill()
        c.start()
        a.dev("peers", peers=f"127.0.0.1:{b.public.port}")
        b.dev("peers", peers=f"127.0.0.1:{a.public.port}")
        self.assertEqual(c.state()["height"], 4)
        lost = transfer(c.now(), "A", "X", 5 * XEM)
        self.assertEqual(c.public.announce(lost)["code"], 1)
        other = transfer(a.now(), "B", "Y", 6 * XEM)
        self.assertEqual(a.public.announce(other)["code"], 1)
        c.blocks(2, pool="public")
        b_height = 3
        wait_until(lambda: b.state()["public_pool"] == 1, SOON, "the other transaction at b")
        b.blocks(b_height, pool="public")
        self.agree(a, b)
        self.assertIsNotNone(c.public.transaction(lost.hash()))
        self.assertIsNone(a.public.transaction(lost.hash()))
        self.assertNotEqual(a.public.block(5).hash(), c.public.block(5).hash())
        self.join(*nodes)
        self.agree(*nodes)
        self.assertEqual(c.state()["height"], 4 + b_height)
        self.assertEqual(c.public.last_block().hash(), b.public.last_block().hash())
        self.assertIsNone(c.public.transaction(lost.hash()))
        self.assertIsNotNone(c.public.transaction(other.hash()))
        wait_until(lambda: all([t.hash() for t in one.public.pool()] == [lost.hash()]
                               for one in nodes), SOON, "what was lost waits everywhere")
        a.blocks(pool="public")
        self.agree(*nodes)
        for one in nodes:
            meta, _ = one.public.transaction(lost.hash())
            self.assertEqual(meta["height"], 5 + b_height)
            self.assertEqual(one.public.balance(address("X")), 1_000_005 * XEM)
            list(one.public.blocks())  # read and verified
        # And it is on disk: c begins again with the branch that won.
        c.kill()
        c.start()
        self.assertEqual(c.public.last_block().hash(), a.public.last_block().hash())

    def test_a_fork_on_request_spreads(self):
        """One step for whoever looks: the chain is never shorter, and WebSocket clients of a peer
        hear of the other branch and of what waits again."""
        a, b = nodes = self.nodes(2)
        self.join(*nodes)
        a.blocks(3)
        one = transfer(a.now(), "A", "X", 5 * XEM)
        a.public.announce(one)
        a.blocks(2, pool="public")
        self.agree(*nodes)
        self.assertIsNotNone(b.public.transaction(one.hash()))
        client = Client(b.websocket_port)
        self.addCleanup(client.close)
        client.subscribe("/blocks/new")
        client.subscribe("/unconfirmed")
        self.assertEqual(client.settled(), [])
        state = a.dev("fork", blocks=3, seconds=59)
        self.assertEqual((state["height"], state["public_pool"]), (7, 1))
        self.agree(*nodes)
        wait_until(lambda: len(b.public.pool()) == 1, SOON, "the lost transaction at b")
        heard = client.settled()
        self.assertEqual([t for t, _ in heard], ["/unconfirmed", "/blocks/new"])
        self.assertEqual(heard[0][1]["signature"], one.signature.hex())
        self.assertEqual(heard[1][1], {"height": 4})
        self.assertEqual(b.public.balance(address("X")), 1_000_000 * XEM)
        b.blocks(pool="public")
        self.agree(*nodes)
        self.assertEqual(a.public.balance(address("X")), 1_000_005 * XEM)
        for bad in ({}, {"blocks": 0}, {"blocks": 8}, {"blocks": 361}, {"blocks": 1, "more": -1},
                    {"blocks": 1, "seconds": 0}, {"blocks": "1"}, {"blocks": 1, "x": 1}):
            with self.assertRaises(NodeError) as caught:
                a.public.post("/dev/fork", bad)
            self.assertEqual(caught.exception.status, 400)
        self.agree(*nodes)

    def test_a_fork_that_is_too_deep_stays(self):
        deep, deeper, far = self.nodes(3)
        deep.blocks(360)
        deeper.blocks(361)
        far.blocks(380, seconds=59)
        before = deeper.state()["hash"]
        one = transfer(deep.now(), "A", "X", XEM)
        self.assertEqual(deep.public.announce(one)["code"], 1)
        self.join(deep, far)
        self.agree(deep, far)
        # who has no block in common is left at once, and so is no peer when one looks
        deeper.dev("peers", peers=f"127.0.0.1:{far.public.port}")
        far.dev("peers", peers=f"127.0.0.1:{deeper.public.port}")
        wait_until(lambda: "no block in common" in deeper.daemon.errors(), SOON, "the other chain, refused")
        wait_until(lambda: far.state()["peers"] == 1, SOON, "peers")
        self.assertEqual(deep.state()["height"], 381)
        deeper.blocks()
        self.assertEqual(deeper.state()["height"], 363)
        self.assertEqual(deeper.public.block(362).hash().hex(), before)
        self.assertTrue(deeper.dev("validate")["valid"])

    def test_by_rule_of_nis(self):
        """Blocks at the seconds that are drawn; a node that takes any second stays alone until the
        others are worth more."""
        grants = {nem.KeyPair.named(k).address(): v * 1_000_000 * XEM
                  for k, v in (("one", 3), ("two", 2), ("three", 1))}
        a, b, c = nodes = [self.node(k, grants=grants, harvester=k, harvest_rule="nis")
                           for k in ("one", "two", "three")]
        cheat = self.node("cheat", grants=grants)
        self.join(*nodes)
        dice = random.Random(1)
        for _ in range(30):
            dice.choice(nodes).blocks(seconds=1)
            self.agree(*nodes)
        chain = list(a.public.blocks())
        self.assertEqual(len({one.signer for one in chain[1:]}), 3)
        self.assertGreater(max(y.timestamp - x.timestamp for x, y in zip(chain, chain[1:])), 1)
        cheat.blocks(40, seconds=1)  # nobody hits so often; its harvester has nothing at all
        before = a.state()["hash"]
        a.dev("peers", peers=f"127.0.0.1:{cheat.public.port},127.0.0.1:{b.public.port}")
        b.blocks(seconds=1)
        wait_until(lambda: a.state()["height"] == 32, SOON, "the next honest block")
        self.assertEqual(a.public.block(31).hash().hex(), before)
        self.assertTrue(a.dev("validate")["valid"])


class Pushing(PeersCase):
    def push(self, node, block, key=None):
        key = key or nem.KeyPair.random()
        return node.public.post("/push/block", {
            "entity": block.to_json(), "signature": key.sign(keccak256(block.verifiable())).hex(),
            "identity": {"name": "kit", "public-key": key.public_hex}})

    def refused(self, status, call, *arguments):
        with self.assertRaises(NodeError) as caught:
            call(*arguments)
        self.assertEqual(caught.exception.status, status, caught.exception)

    def test_blocks(self):
        a, b = self.nodes(2)
        a.blocks(3)
        two, three, four = (a.public.block(h) for h in (2, 3, 4))
        try_push = lambda block: self.push(b, block)  # noqa: E731
        for block, height in ((three, 1), (two, 2), (two, 2), (four, 2), (three, 3), (two, 3)):
            try:
                try_push(block)
            except NodeError as problem:  # the empty 200 of NIS is no JSON
                self.assertEqual(problem.status, 200, problem)
            self.assertEqual(b.state()["height"], height)
        for change in ({"height": 3}, {"timeStamp": four.timestamp + 1}, {"type": -1},
                       {"signature": "00" * 64}, {"signer": KEYS["A"].public_hex}):
            body = dict(four.to_json(), **change)
            block = nem.Block.from_json(body)
            key = KEYS["B"]
            try:
                b.public.post("/push/block", {
                    "entity": body, "signature": key.sign(keccak256(block.verifiable())).hex(),
                    "identity": {"name": "kit", "public-key": key.public_hex}})
            except NodeError as problem:
                self.assertIn(problem.status, (200, 400), problem)
            self.assertEqual(b.state()["height"], 3)
        envelope = {"entity": four.to_json(), "signature": "00" * 64,
                    "identity": {"name": "kit", "public-key": KEYS["A"].public_hex}}
        self.refused(400, b.public.post, "/push/block", envelope)
        for bad in ({}, {"entity": []}, {"entity": {}}, {"entity": four.to_json()},
                    {**envelope, "identity": 5}, {**envelope, "signature": None}):
            self.refused(400, b.public.post, "/push/block", bad)
        self.assertEqual(b.state()["height"], 3)

    def test_a_better_sibling_replaces_the_top(self):
        a, b = self.nodes(2)
        a.blocks(1, seconds=60)
        b.blocks(1, seconds=30)  # sooner is better
        try:
            self.push(b, a.public.block(2))
        except NodeError as problem:
            self.assertEqual(problem.status, 200)
        self.assertNotEqual(b.state()["hash"], a.state()["hash"])
        try:
            self.push(a, b.public.block(2))
        except NodeError as problem:
            self.assertEqual(problem.status, 200)
        self.assertEqual(b.state()["hash"], a.state()["hash"])

    def test_the_clean_port_has_one_client(self):
        client, stranger = KEYS["C"], KEYS["X"]
        one = self.node("clean", clean_client1=client.public_hex)
        now = one.now()
        self.refused(401, one.clean.announce, transfer(now, "A", "X", XEM))
        push = lambda tx, key: one.clean.raw(  # noqa: E731
            "POST", "/push/transaction", json.dumps(one.clean.push_body(tx, key)).encode(),
            {"Content-Type": "application/json"})[0]
        self.assertEqual(push(transfer(now, "A", "X", XEM), stranger), 401)
        self.assertEqual(one.state()["clean_pool"], 0)
        self.assertEqual(push(transfer(now, "A", "X", XEM), client), 200)
        self.assertEqual(one.state()["clean_pool"], 1)
        # A stranger who copies the name of the client has not his signature.
        body = one.clean.push_body(transfer(now, "A", "Y", XEM), stranger)
        body["identity"]["public-key"] = client.public_hex
        self.refused(400, one.clean.post, "/push/transaction", body)
        self.assertEqual(one.public.announce(transfer(now, "A", "X", 2 * XEM))["code"], 1)
        self.assertEqual(one.state()["clean_pool"], 1)
        one.blocks(pool="clean")
        self.assertEqual(one.public.balance(address("X")), 1_000_001 * XEM)
        # Peers give to the public pool only.
        other = self.node("other")
        self.join(one, other)
        self.agree(one, other)
        other.public.announce(transfer(other.now(), "B", "Y", XEM))
        wait_until(lambda: one.state()["public_pool"] == 2, SOON, "the public pool")
        self.assertEqual(one.state()["clean_pool"], 0)

    def test_words_that_are_no_peers(self):
        one = self.node("one")
        for bad in (":1", "host", "host:", "host:0", "host:65536", "host:1,", ",host:1", "host:1x",
                    "a b:1", "http://h:1/", "h:1;h:2", ",".join(["h:1"] * 9), "h" * 256 + ":1"):
            self.refused(400, one.public.post, "/dev/peers", {"peers": bad})
            with self.assertRaises(Failed):
                self.node("never", peers=bad)
        self.refused(400, one.public.post, "/dev/peers", {})
        self.refused(400, one.public.post, "/dev/peers", {"peers": 5})
        one.dev("peers", peers="localhost:1,[::1]:1,127.0.0.1:1")
        self.assertEqual(one.state()["peers"], 0)


class False_(http.server.ThreadingHTTPServer):
    """A peer that says what its answers() gives: path to bytes, None for silence."""
    daemon_threads = True

    def __init__(self, answer):
        class Handler(http.server.BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"

            def respond(self):
                n = int(self.headers.get("Content-Length") or 0)
                body = json.loads(self.rfile.read(n) or b"{}")
                self.server.asked += 1
                reply = answer(self.path, body)
                if reply is None:
                    self.server.end.wait(60)
                    return
                status, data = reply if isinstance(reply, tuple) else (200, reply)
                if not isinstance(data, bytes):
                    data = json.dumps(data).encode()
                self.send_response(status)
                self.send_header("Content-Length", str(len(data)))
                self.end_headers()
                self.wfile.write(data)

            do_GET = do_POST = respond

            def log_message(self, *_):
                pass

        super().__init__(("127.0.0.1", 0), Handler)
        self.asked = 0
        self.end = threading.Event()
        self.thread = threading.Thread(target=self.serve_forever, daemon=True)
        self.thread.start()

    def handle_error(self, *_):
        pass  # the node may hang up

    def close(self):
        self.end.set()
        self.shutdown()
        self.server_close()


INFO = {"metaData": {"networkId": -104, "version": "1"}, "identity": {"name": "x", "public-key": "11" * 32}}


class Hostile(PeersCase):
    def false(self, answer):
        one = False_(answer)
        self.addCleanup(one.close)
        return one

    def liar(self, block_at, score="7f" * 16, info=INFO, pool=None):
        def answer(path, body):
            if path == "/node/info":
                return info
            if path == "/chain/score":
                return {"score": score}
            if path == "/block/at/public":
                return block_at(body["height"])
            if path == "/transactions/unconfirmed":
                return {"entity": {"data": [] if pool is None else pool}}
            return 200, b""
        return self.false(answer)

    def test_strange_and_dead_peers_do_no_harm(self):
        honest, node = self.nodes(2)
        honest.blocks(5)
        none = (404, {"status": 404})
        theirs = [honest.public.block_json(h) for h in range(1, 7)]
        block = lambda h: (theirs[h - 1] if h <= 6 else none)  # noqa: E731
        stranger = self.node("another network of the same number", grants={address("A"): 5 * XEM})
        stranger.blocks(50)
        key = nem.KeyPair.named("liar")
        made = {}

        def forged(height):
            """The honest blocks, and above them an endless chain whose signatures are wrong."""
            if height <= 6:
                return block(height)
            if height not in made:
                below = made[height - 1] if height > 7 else nem.Block.from_json(block(6))
                made[height] = nem.Block(key, below.hash(), height, below.timestamp + 60,
                                         signature=b"\1" * 64)
            return made[height].to_json()

        lock = threading.Lock()

        def one_at_a_time(function):
            def call(height):
                with lock:
                    return function(height)
            return call

        peers = {
            "silent": self.false(lambda path, body: None),
            "garbage": self.false(lambda path, body: b"<html>"),
            "a list": self.false(lambda path, body: []),
            "too much": self.false(lambda path, body: b"[" * (1 << 20)),
            "of mainnet": self.liar(block, info={**INFO, "metaData": {"networkId": 104, "version": "1"}}),
            "nobody": self.liar(block, info={}),
            "an endless score": self.liar(block, score="7" * 4000),
            "no score": self.liar(block, score="zz"),
            "claims much, has nothing": self.liar(lambda h: none),
            "claims much, has ours": self.liar(one_at_a_time(block)),
            "another height": self.liar(one_at_a_time(lambda h: block(1))),
            "no blocks": self.liar(lambda h: {"height": h}),
            "forged and endless": self.liar(one_at_a_time(forged)),
            "a pool of rubbish": self.liar(block, score="00", pool=[5, None, {}, {"type": 257}]),
            "no pool": self.liar(block, score="00", pool={}),
        }
        ports = [p.server_address[1] for p in peers.values()] + [stranger.public.port, 1]
        for at in range(0, len(ports), 7):
            some = ports[at:at + 7] + [honest.public.port]
            node.dev("peers", peers=",".join(f"127.0.0.1:{p}" for p in some))
            height = honest.blocks()["height"]
            wait_until(lambda: node.state()["height"] == height, SOON, "the honest chain")
            liars = list(peers.values())[at:at + 7]
            wait_until(lambda: all(p.asked > 0 for p in liars), SOON, "questions to each")
            asked = sum(p.asked for p in liars)
            wait_until(lambda: sum(p.asked for p in liars) > asked + 5 or len(liars) < 7, SOON, "more questions")
            self.assertEqual(node.state()["hash"], honest.state()["hash"])
            self.assertTrue(node.dev("validate")["valid"])
        self.assertEqual(node.state()["public_pool"], 0)
        node.stop()  # within five seconds, although somebody is still silent

    def test_a_liar_is_left_alone(self):
        """After each failure more rounds are left out, up to 16, of those that others get."""
        node = self.node("node", peer_interval_ms=200)
        liar = self.liar(lambda h: (404, {"status": 404}))
        poor = self.liar(lambda h: (404, {"status": 404}), score="00")
        node.dev("peers", peers=",".join(f"127.0.0.1:{p.server_address[1]}" for p in (liar, poor)))
        wait_until(lambda: liar.asked >= 15, SOON, "questions")
        # Three questions in each of 5 rounds, and 1 + 2 + 4 + 8 were left out; the other is asked
        # twice a round: 38 times, or less if it is slow.
        self.assertGreater(poor.asked, 20)
        self.assertEqual(node.state()["height"], 1)

    def test_faults_of_a_real_peer(self):
        """The faults that the node itself can show its clients: its peers live with them too."""
        a, b = self.nodes(2)
        for kind in ("unavailable", "garbage", "drop", "cut", "truncated", "silent", "none"):
            b.dev("peers", peers="")
            a.dev("fault", port="public", kind=kind)
            b.dev("peers", peers=f"127.0.0.1:{a.public.port}")
            a.blocks()
            if kind == "silent":
                # What it took it answers when the fault is lifted, or the peer asks again.
                a.dev("fault", port="public", kind="none")
            elif kind != "none":
                self.assertEqual(b.state()["peers"], 0, kind)
        self.agree(a, b)
        self.assertEqual(b.state()["height"], 8)


class Lasting(PeersCase):
    def test_killed_at_random_moments(self):
        """A goes through branches, B follows and is killed now and then: what B has after each
        start is a beginning of a chain that A once had, and it goes on from there."""
        dice = random.Random(int(os.environ.get("KURAMORI_SEED", "1")))
        a, b = self.nodes(2, lasting=True)
        had = {a.state()["hash"]}

        def wander():
            back = dice.randrange(4) if a.state()["height"] > 5 else 0
            if back:
                a.dev("rollback", blocks=back)
            for _ in range(back + 1 + dice.randrange(3)):
                a.public.announce(transfer(a.now(), "A", "X", 1 + dice.randrange(XEM)))
                had.add(a.blocks(seconds=30 + dice.randrange(60))["hash"])

        for _ in range(8):
            with concurrent.futures.ThreadPoolExecutor(1) as pool:
                b.dev("peers", peers=f"127.0.0.1:{a.public.port}")
                busy = pool.submit(lambda: [wander() for _ in range(12)])
                time.sleep(dice.uniform(0.02, 0.2))
                b.kill()
                busy.result(60)
            b.start()
            self.assertIn(b.state()["hash"], had)
            list(b.public.blocks())
            self.assertTrue(b.dev("validate")["valid"])
            b.dev("peers", peers=f"127.0.0.1:{a.public.port}")
            self.agree(a, b)
        self.assertGreater(b.state()["height"], 20)


    def test_nights_of_a_network(self):
        """Four nodes are parted, joined, killed and made to fork at random while all mine and pay.
        Whenever all are joined they find one chain, and on it the sum of all payments is right."""
        dice = random.Random(int(os.environ.get("KURAMORI_SEED", "1")))
        nodes = [self.node(f"node {i}", lasting=True, result_cache="no") for i in range(4)]
        paid = {}

        def topology():
            for one in nodes:
                others = [o for o in nodes if o is not one and dice.random() < 0.4]
                one.dev("peers", peers=",".join(f"127.0.0.1:{o.public.port}" for o in others))

        def step():
            one = dice.choice(nodes)
            chance = dice.random()
            if chance < 0.45:
                pay = transfer(one.now(), dice.choice("AB"), dice.choice("XY"),
                               1 + dice.randrange(XEM))
                if one.public.announce(pay)["code"] == 1:
                    paid[pay.hash()] = pay
            elif chance < 0.75:
                one.blocks(1 + dice.randrange(3), seconds=30 + dice.randrange(60), pool="public")
            elif chance < 0.85:
                topology()
            elif chance < 0.93:
                if one.state()["height"] > 3:
                    one.dev("fork", blocks=1 + dice.randrange(2), seconds=20 + dice.randrange(60))
            else:
                one.kill()
                one.start()

        for _ in range(4):
            for _ in range(40):
                step()
            self.join(*nodes)
            for _ in range(10):
                try:
                    wait_until(lambda: len({one.state()["hash"] for one in nodes}) == 1, 2.0, "")
                    break
                except Failed:
                    nodes[0].blocks(pool="public")  # two branches may be worth the same
            self.agree(*nodes)
            dice.choice(nodes).blocks(pool="public")
            self.agree(*nodes)
            mined = [t for block in nodes[0].public.blocks() for t in block.transactions
                     if block.height > 1]
            self.assertEqual(len({t.hash() for t in mined}), len(mined))
            for t in mined:
                self.assertEqual(t.verifiable(), paid[t.hash()].verifiable())
            for name in "XY":
                sum_ = sum(t.amount for t in mined if t.recipient == address(name))
                self.assertEqual(nodes[3].public.balance(address(name)), 1_000_000 * XEM + sum_)
        self.assertGreater(len(mined), 20)


if __name__ == "__main__":
    catch_signals()
    unittest.main(verbosity=2)
