# SPDX-License-Identifier: Apache-2.0
"""Goal: kuramori-node is a NIS node to whoever talks HTTP to it: shapes, codes and errors of nem.md
5 and 7, the properties of multisig that hurt, the hooks of development; it survives bad input,
restarts and kill -9, and what it says agrees with what a reader computes from its blocks.
Method: the real process on free ports, driven by the kit's own NEM code (no code in common with the
node); every answer that says "refused" is followed by a look that nothing changed."""

import concurrent.futures
import http.client
import json
import os
import random
import re
import socket
import subprocess
import sys
import time
import unittest
from pathlib import Path

ROOT = Path(__file__).resolve().parents[3]
sys.path.insert(0, str(ROOT / "tests" / "kit"))

import nem  # noqa: E402
from devnode import DevNode, program  # noqa: E402
from node import Node, NodeError  # noqa: E402
from process import Failed, catch_signals, run, temp_dir, wait_until  # noqa: E402

XEM = 1_000_000
START = 300_000_000
KEYS = {name: nem.KeyPair.named(name) for name in "A B C R M X Y Z T".split()}
ADD, DELETE = 1, 2


def address(name):
    return KEYS[name].address()


def grants():
    return {address(name): 1_000_000 * XEM for name in KEYS}


def transfer(now, source, to, micro, **more):
    return nem.Transfer(KEYS[source].public, address(to), micro, timestamp=now, **more) \
        .sign(KEYS[source])


def answers(port, height):
    with Node(port, timeout=1) as node:
        try:
            return node.height() == height
        except NodeError:
            return False


class NodeCase(unittest.TestCase):
    settings = {}

    def setUp(self):
        self.folder = temp_dir()
        self.addCleanup(lambda: self.world.kill())
        self.world = DevNode(self.folder, grants(), START, **self.settings).start()
        self.public, self.clean = self.world.public, self.world.clean

    def tearDown(self):
        if self.world.daemon.alive():
            verdict = self.world.dev("validate")
            self.assertTrue(verdict["valid"], verdict)

    def refused(self, status, call, *arguments, **more):
        with self.assertRaises(NodeError) as caught:
            call(*arguments, **more)
        self.assertEqual(caught.exception.status, status, caught.exception)
        return caught.exception.text

    def convert(self, account="M", cosigners="ABC", needed=2):
        change = nem.Modification(KEYS[account].public, [(ADD, KEYS[c]) for c in cosigners], needed,
                                  timestamp=self.world.now()).sign(KEYS[account])
        self.assertEqual(self.public.announce(change)["code"], 1)
        self.world.blocks(pool="public")

    def inner(self, micro, to="X", account="M"):
        return nem.Transfer(KEYS[account].public, address(to), micro, timestamp=self.world.now())


class Reading(NodeCase):
    def test_shapes(self):
        public = self.public
        self.assertEqual(public.get("/heartbeat"), {"code": 1, "type": 2, "message": "ok"})
        self.assertEqual(public.get("/status"), {"type": 4, "code": 7, "message": "status"})
        self.assertEqual(public.get("/chain/height"), {"height": 1})
        block = public.last_block()
        self.assertEqual((block.height, block.timestamp), (1, START))
        self.assertTrue(block.verify())
        self.assertEqual(block.hash(), self.world.nemesis)
        info = public.get("/node/info")
        self.assertEqual(info["metaData"]["networkId"], -104)
        self.assertEqual(info["metaData"]["application"], "NIS")
        self.assertEqual(public.get("/node/extended-info")["node"], info)
        self.assertEqual(public.network_time_ms(), START * 1000)
        account = public.account(address("A"))
        self.assertEqual(account["meta"], {"cosignatories": [], "cosignatoryOf": [],
                                           "status": "LOCKED", "remoteStatus": "INACTIVE"})
        self.assertEqual(account["account"], {
            "address": address("A"), "harvestedBlocks": 0, "balance": 1_000_000 * XEM,
            "importance": (8999999999 // 9) / 8999999999, "vestedBalance": 1_000_000 * XEM, "publicKey": None, "label": None,
            "multisigInfo": {}})
        self.assertEqual(public.get("/account/status", address=address("A")), account["meta"])
        importances = {one["address"]: one["importance"]
                       for one in public.get("/account/importances")["data"]}
        self.assertEqual(importances[address("A")], {
            "isSet": 1, "score": account["account"]["importance"], "ev": 0.0, "height": 1})
        self.assertEqual(importances[self.world.nemesis_key.address()], {"isSet": 0})
        self.assertEqual(public.get("/account/get/from-public-key",
                                    publicKey=KEYS["A"].public_hex.upper()), account)
        self.assertEqual(public.get("/account/mosaic/owned", address=address("A")),
                         {"data": [{"quantity": 1_000_000 * XEM,
                                    "mosaicId": {"namespaceId": "nem", "name": "xem"}}]})
        unknown = public.account(nem.KeyPair.random().address())
        self.assertEqual(unknown["account"]["balance"], 0)
        self.assertRegex(public.get("/chain/score")["score"], "^([0-9a-f]{2})+$")
        self.world.blocks(3)
        self.assertEqual(int(public.get("/chain/score")["score"], 16), 3 * 10**14 - 180)
        after = public.post("/local/chain/blocks-after", {"height": 1})["data"]
        self.assertEqual([one["block"]["height"] for one in after], [2, 3, 4])
        for one in after:
            self.assertEqual(nem.Block.from_json(one["block"]).hash().hex(), one["hash"])
        at = public.post("/local/block/at", {"height": 4})
        self.assertEqual(at, after[2])
        self.assertEqual(at["beneficiary"], self.world.harvester.address())
        status, text = public.raw("GET", "/heartbeat")
        self.assertTrue(status == 200 and text.endswith(b"\r\n"))

    def test_errors(self):
        public = self.public
        for bad in nem.bad_addresses(address("A")):
            word = bad[0] if isinstance(bad, tuple) else bad
            if word == address("A") or word.upper() == address("A"):
                continue
            self.assertEqual(self.refused(400, public.get, "/account/get", address=word),
                             "address must be valid", bad)
        self.refused(400, public.get, "/account/get")
        status, text = public.raw("GET", "/account/get?address=X")
        body = json.loads(text)
        self.assertEqual(body, {"timeStamp": START, "error": "Bad Request",
                                "message": "address must be valid", "status": 400})
        self.assertIn("block not found in the db '9'", self.refused(404, public.block, 9))
        for height in (0, -1, 2**63 - 1):
            self.assertRaises(NodeError, public.block, height)
        for height in ("1", 1.0, None, [], {}):
            self.refused(400, public.post, "/block/at/public", {"height": height})
        self.refused(500, public.post, "/block/at/public", {})
        self.assertEqual(self.refused(400, public.get, "/transaction/get", hash="00" * 32),
                         "Hash was not found in cache")
        for bad in ("", "00", "zz" * 32, "00" * 33):
            self.refused(400, public.get, "/transaction/get", hash=bad)
        self.refused(400, public.get, "/transaction/get")
        for page in ("", "x", "-1", "1.5", "99999999999999999999"):
            self.refused(400, public.get, "/account/transfers/all", address=address("A"),
                         pageSize=page)
            self.refused(400, public.get, "/account/transfers/all", address=address("A"), id=page)
        self.refused(404, public.get, "/nothing/here")
        self.refused(404, public.get, "/")
        self.refused(404, public.get, "/dev/nothing")
        self.refused(404, self.clean.get, "/dev/state")
        self.refused(405, public.get, "/transaction/announce")
        self.refused(405, public.post, "/heartbeat", {})
        self.refused(405, public.get, "/dev/blocks")
        for method in ("PUT", "DELETE", "PATCH", "TRACE", "BREW"):
            status, _ = public.raw(method, "/heartbeat")
            self.assertIn(status, (400, 405, 501), method)
        status, text = public.raw("POST", "/transaction/announce", b"{}", {"Content-Type": "text/plain"})
        self.assertEqual(status, 415)
        self.assertEqual(public.height(), 1)

    def test_cors(self):
        for path in ("/transaction/announce", "/chain/height", "/nothing"):
            connection = http.client.HTTPConnection("127.0.0.1", self.public.port, timeout=5)
            connection.request("OPTIONS", path, headers={"Origin": "http://wallet"})
            reply = connection.getresponse()
            reply.read()
            self.assertEqual(reply.status, 200)
            self.assertEqual(reply.headers["Access-Control-Allow-Origin"], "*")
            self.assertIn("POST", reply.headers["Access-Control-Allow-Methods"])
            connection.close()

    def test_transfer_lists_have_pages(self):
        for i in range(12):
            self.public.announce(transfer(self.world.now(), "A", "X", XEM + i))
        self.world.blocks(pool="public")
        everything = self.public.transfers(address("X"), "incoming", pageSize=100)
        self.assertEqual(len(everything), 13)
        ids = [one["meta"]["id"] for one in everything]
        self.assertEqual(ids, sorted(ids, reverse=True))
        page = self.public.transfers(address("X"), "incoming", pageSize=1)
        self.assertEqual(page, everything[:5])  # clamped to 5
        page = self.public.transfers(address("X"), "incoming", pageSize=5, id=ids[4])
        self.assertEqual(page, everything[5:10])
        page = self.public.transfers(address("X"), "incoming",
                                     hash=everything[4]["meta"]["hash"]["data"], pageSize=5)
        self.assertEqual(page, everything[5:10])
        self.assertEqual(self.public.transfers(address("X"), "incoming", id=1), [])
        self.assertEqual(self.public.transfers(address("X"), "incoming", id=0), [])
        for one in everything:
            self.assertEqual(nem.from_json(one["transaction"]).hash().hex(), one["meta"]["hash"]["data"])


class Announcing(NodeCase):
    def test_transfer(self):
        one = transfer(self.world.now(), "A", "X", 5 * XEM, message=b"deposit 42")
        answer = self.public.announce(one)
        self.assertEqual(answer, {"innerTransactionHash": {}, "code": 1, "type": 1,
                                  "message": "SUCCESS",
                                  "transactionHash": {"data": one.hash().hex()}})
        self.assertEqual(self.public.announce(one)["code"], 0)
        self.assertEqual(self.public.pool(), [one])
        self.assertEqual(self.clean.pool(), [])
        self.assertEqual([t for t, _ in self.public.unconfirmed(address("X"))], [one])
        self.assertIsNone(self.public.transaction(one.hash()))
        self.assertEqual(self.public.balance(address("A")), 1_000_000 * XEM)
        self.world.blocks(pool="public")
        meta, again = self.public.transaction(one.hash())
        self.assertEqual((again, meta["height"]), (one, 2))
        balances = self.public.balances()
        for name in KEYS:
            self.assertEqual(self.clean.balance(address(name)), balances[address(name)])
        self.assertEqual(self.public.account(address("A"))["account"]["publicKey"],
                         KEYS["A"].public_hex)

    def test_bodies_that_are_none(self):
        post = self.public.post
        good = transfer(self.world.now(), "A", "X", XEM).announce()
        self.refused(500, post, "/transaction/announce", {})
        self.refused(500, post, "/transaction/announce", {"data": good["data"]})
        self.refused(500, post, "/transaction/announce", {"signature": good["signature"]})
        for field in ("data", "signature"):
            for bad in (1, None, [], {}, "zz", "0", good[field][:-2], good[field] + "0"):
                before = self.world.state()
                try:
                    answer = post("/transaction/announce", {**good, field: bad})
                    self.assertGreaterEqual(answer["code"], 2)
                except NodeError as problem:
                    self.assertIn(problem.status, (400, 404, 500), (field, bad))
                self.assertEqual(self.world.state(), before)
        for body in (b"", b"{", b"[]", b"null", b'"x"', b"{}x", b"\xff\xfe", b"{" * 5000,
                     b'{"data":"' + b"00" * 5000 + b'","signature":"' + b"00" * 64 + b'"}'):
            status, _ = self.public.raw("POST", "/transaction/announce", body,
                                        {"Content-Type": "application/json"})
            self.assertIn(status, (400, 413, 500), body[:20])
        status, _ = self.public.raw("POST", "/transaction/announce", b" " * 1_050_000,
                                    {"Content-Type": "application/json"})
        self.assertEqual(status, 413)
        try:  # one that is far too large may be cut off while it is still being sent
            status, _ = self.public.raw("POST", "/transaction/announce", b" " * 30_000_000,
                                        {"Content-Type": "application/json"})
            self.assertEqual(status, 413)
        except NodeError as problem:
            self.assertEqual(problem.status, 0)
        upper = {key: value.upper() for key, value in good.items()}
        self.assertEqual(post("/transaction/announce", {**upper, "more": 1})["code"], 1)

    def test_codes_over_http(self):
        now = self.world.now()
        cases = [
            (3, transfer(now - 50, "A", "X", XEM, deadline=now - 1)),
            (4, transfer(now, "A", "X", XEM, deadline=now + 86401)),
            (5, transfer(now, "A", "X", 2_000_000 * XEM)),
            (10, transfer(now + 11, "A", "X", XEM)),
            (17, transfer(now, "A", "X", XEM, fee=49_999)),
            (8, nem.Transfer(KEYS["A"].public, address("X"), XEM, timestamp=now).sign(KEYS["B"])),
        ]
        for code, one in cases:
            answer = self.public.announce(one)
            self.assertEqual((answer["code"], answer["message"]), (code, nem.RESULTS[code]))
        other = nem.Transfer(KEYS["A"].public, KEYS["X"].address(nem.MAINNET), XEM, timestamp=now)
        self.refused(404, self.public.announce, other.sign(KEYS["A"]))
        main = nem.Transfer(KEYS["A"].public, KEYS["X"].address(nem.MAINNET), XEM, timestamp=now,
                            network=nem.MAINNET).sign(KEYS["A"])
        self.assertEqual(self.public.announce(main)["code"], 20)
        self.assertEqual(self.public.pool(), [])

    def test_result_cache_and_its_switch(self):
        now = self.world.now()
        one = transfer(now, "A", "X", XEM)
        self.assertEqual(self.public.announce_bytes(one.non_verifiable(), bytes(64))["code"], 8)
        self.assertEqual(self.public.announce(one)["code"], 8)  # poisoned for ten minutes
        self.assertEqual(self.clean.announce(one)["code"], 1)
        self.world.dev("settings", result_cache=False)
        self.assertEqual(self.public.announce(one)["code"], 1)

    def test_push_takes_whole_units(self):
        self.convert()
        inner = self.inner(10 * XEM)
        whole = nem.Multisig(KEYS["A"], inner, [nem.Cosignature.of(KEYS["B"], inner)]) \
            .sign(KEYS["A"])
        for wrong in ({}, {"entity": {}}, {"entity": whole.to_json()},
                      {**self.clean.push_body(whole), "signature": "00" * 64},
                      {**self.clean.push_body(whole), "identity": {"name": "x"}}):
            self.assertRaises(NodeError, self.clean.post, "/push/transaction", wrong)
        self.assertEqual(self.clean.pool(), [])
        self.assertIsNone(self.clean.push(whole))
        self.assertEqual(self.clean.pool(), [whole])
        self.world.blocks(pool="clean")
        meta, got = self.clean.transaction(whole.hash())
        self.assertEqual(got, whole)
        self.assertEqual(meta["innerHash"]["data"], inner.hash().hex())
        for name in "MABC":
            found = [one["meta"]["hash"]["data"]
                     for one in self.public.transfers(address(name), "outgoing")]
            self.assertIn(whole.hash().hex(), found)
        account = self.public.account(address("M"))
        self.assertEqual(account["account"]["multisigInfo"],
                         {"cosignatoriesCount": 3, "minCosignatories": 2})
        self.assertEqual({one["address"] for one in account["meta"]["cosignatories"]},
                         {address(c) for c in "ABC"})
        self.assertEqual([one["address"] for one in
                          self.public.account(address("A"))["meta"]["cosignatoryOf"]],
                         [address("M")])


class Multisig(NodeCase):
    def test_ordinary_flow(self):
        self.convert()
        inner = self.inner(10 * XEM)
        wrapper = nem.Multisig(KEYS["A"], inner).sign(KEYS["A"])
        answer = self.public.announce(wrapper)
        self.assertEqual(answer["code"], 1)
        self.assertEqual(answer["innerTransactionHash"]["data"], inner.hash().hex())
        self.world.blocks(pool="public")
        self.assertEqual(self.public.height(), 3)
        for name in "MABCX":
            pending = self.public.unconfirmed(address(name))
            self.assertEqual([h for _, h in pending], [inner.hash()], name)
        self.assertEqual(self.public.unconfirmed(address("Y")), [])
        self.assertEqual(self.public.announce(nem.Cosignature.of(KEYS["B"], inner))["code"], 1)
        self.assertEqual(len(self.public.pool()[0].cosignatures), 1)
        self.world.blocks(pool="public")
        self.assertEqual(self.public.pool(), [])
        self.assertEqual(self.public.balance(address("M")),
                         1_000_000 * XEM - 500_000 - 10 * XEM - 50_000 - 300_000)

    def test_jamming_of_one_pool(self):
        self.convert()
        rogue = nem.Multisig(KEYS["A"], self.inner(990_000 * XEM, "T")).sign(KEYS["A"])
        self.assertEqual(self.public.announce(rogue)["code"], 1)
        inner = self.inner(100_000 * XEM)
        honest = nem.Multisig(KEYS["B"], inner, [nem.Cosignature.of(KEYS["C"], inner)]) \
            .sign(KEYS["B"])
        self.public.push(honest)
        self.assertEqual(self.public.pool(), [rogue])
        self.clean.push(honest)
        self.assertEqual(self.clean.pool(), [honest])
        self.world.blocks(pool="public")
        self.assertIsNone(self.public.transaction(honest.hash()))
        self.world.blocks(pool="clean")
        self.assertIsNotNone(self.public.transaction(honest.hash()))
        self.assertEqual(self.public.pool(), [])  # the rogue one no longer fits

    def test_fee_drain_by_a_colluding_harvester(self):
        self.convert()
        inner = self.inner(10 * XEM)
        cosignature = nem.Cosignature.of(KEYS["B"], inner)
        honest = nem.Multisig(KEYS["A"], inner, [cosignature]).sign(KEYS["A"])
        self.public.push(honest)
        rogue = nem.Multisig(KEYS["C"], inner, [cosignature], fee=900_000 * XEM).sign(KEYS["C"])
        self.assertEqual(self.public.announce(rogue)["code"], 0)
        verdict = self.world.given([rogue], harvester=KEYS["T"])
        self.assertEqual((verdict["code"], verdict["height"]), (1, 3))
        self.assertGreater(self.public.balance(address("T")), 1_900_000 * XEM - 1)
        verdict = self.world.given([honest])
        self.assertEqual(verdict["message"], "NEUTRAL")
        self.assertEqual(self.public.height(), 3)

    def test_revival_after_the_retention(self):
        self.convert()
        inner = self.inner(10 * XEM)
        cosignature = nem.Cosignature.of(KEYS["B"], inner)
        self.public.push(nem.Multisig(KEYS["A"], inner, [cosignature]).sign(KEYS["A"]))
        self.world.blocks(pool="public")
        def again():
            now = self.world.now()
            return nem.Multisig(KEYS["A"], inner, [cosignature], timestamp=now,
                                deadline=now + 3600).sign(KEYS["A"])
        self.assertEqual(self.world.given([again()])["code"], 0)
        self.world.clock(advance_s=36 * 3600)
        self.world.blocks()
        late = again()
        self.clean.push(late)
        self.assertEqual(self.clean.pool(), [])  # pools ask the inner deadline, blocks do not
        self.assertEqual(self.world.given([late])["code"], 1)
        self.assertEqual(self.public.balance(address("X")), 1_000_020 * XEM)

    def test_block_of_nonsense(self):
        for body in ({}, {"transactions": "x"}, {"transactions": ["00"]}, {"transactions": [1]},
                     {"transactions": [], "harvester": "00"}, {"transactions": [], "seconds": 0},
                     {"transactions": [], "what": 1}, {"transactions": ["00"] * 121}):
            self.refused(400, self.public.post, "/dev/block", body)
        self.assertEqual(self.public.height(), 1)


class Hooks(NodeCase):
    def test_clock(self):
        self.assertEqual(self.world.now(), START)
        self.assertEqual(self.world.clock(advance_s=100)["now_nem_s"], START + 100)
        self.assertEqual(self.world.blocks(seconds=7)["time_nem_s"], START + 107)
        self.assertEqual(self.world.clock(set_nem_s=START + 5000)["now_nem_s"], START + 5000)
        for bad in ({"set_nem_s": START}, {"mode": "x"}, {"mode": 1}, {"advance_s": -1},
                    {"interval_ms": -1}, {"seconds": 0}, {"mode": "interval", "interval_ms": 0},
                    {"advance_s": 10**9}, {"advance": 5}, {"advance_s": "5"}):
            self.refused(400, self.public.post, "/dev/clock", bad)
        self.assertEqual(self.world.now(), START + 5000)
        self.world.clock(mode="interval", interval_ms=50, seconds=600)
        wait_until(lambda: self.public.height() >= 5, 5, "blocks on a fast clock")
        self.world.dev("hold", hold=True)
        held = self.public.height()
        time.sleep(0.2)
        self.assertEqual(self.public.height(), held)
        self.world.clock(mode="demand")
        self.world.dev("hold", hold=False)
        times = [b.timestamp for b in self.public.blocks(3)]
        self.assertTrue(all(b - a == 600 for a, b in zip(times, times[1:])), times)

    def test_real_clock(self):
        state = self.world.clock(mode="real", interval_ms=1000)
        self.assertLessEqual(abs(state["now_nem_s"] - nem.nem_seconds(int(time.time() * 1000))), 1)
        wait_until(lambda: self.public.height() >= 3, 6, "a block a second")
        self.assertLessEqual(abs(self.public.last_block().timestamp -
                                 nem.nem_seconds(int(time.time() * 1000))), 3)
        self.refused(400, self.public.post, "/dev/blocks", {"count": 20})

    def test_pools_take_turns(self):
        one = transfer(self.world.now(), "A", "X", XEM)
        self.clean.announce(one)
        self.world.dev("next-pool", pool="public")
        self.world.blocks(2)
        self.assertIsNone(self.public.transaction(one.hash()))
        self.world.dev("next-pool", pool="alternate")
        self.world.blocks(2)
        self.assertIsNotNone(self.public.transaction(one.hash()))
        self.refused(400, self.public.post, "/dev/next-pool", {"pool": "both"})
        self.public.announce(transfer(self.world.now(), "A", "X", XEM))
        self.assertEqual(self.world.dev("drop-pool", pool="public")["public_pool"], 0)
        self.refused(400, self.public.post, "/dev/drop-pool", {})

    def test_rollback(self):
        one = transfer(self.world.now(), "A", "X", XEM)
        self.public.announce(one)
        self.world.blocks(3, pool="public")
        old = self.public.last_block()
        self.refused(400, self.public.post, "/dev/rollback", {"blocks": 4})
        self.refused(400, self.public.post, "/dev/rollback", {"blocks": 0})
        self.refused(400, self.public.post, "/dev/rollback", {})
        state = self.world.dev("rollback", blocks=3)
        self.assertEqual(state["height"], 1)
        self.assertEqual(self.public.balance(address("X")), 1_000_000 * XEM)
        self.assertEqual(self.public.pool(), [one])
        self.assertEqual(self.clean.pool(), [one])
        self.world.blocks(3, pool="clean")
        self.assertNotEqual(self.public.last_block().hash(), old.hash())
        self.assertEqual(self.public.balance(address("X")), 1_000_001 * XEM)
        list(self.public.blocks())

    def test_faults(self):
        fault = lambda **f: self.world.dev("fault", **f)
        for bad in ({}, {"port": "public"}, {"port": "x", "kind": "none"},
                    {"port": "public", "kind": "refuse"}, {"port": "public", "kind": "x"},
                    {"port": "clean", "kind": "delay", "delay_ms": 0}):
            self.refused(400, self.public.post, "/dev/fault", bad)
        fault(port="public", kind="unavailable")
        self.assertEqual(self.refused(503, self.public.height), "NIS_ILLEGAL_STATE_NOT_BOOTED")
        self.assertEqual(self.clean.height(), 1)
        fault(port="public", kind="garbage")
        self.refused(200, self.public.height)
        fault(port="public", kind="delay", delay_ms=300)
        began = time.monotonic()
        self.assertEqual(self.public.height(), 1)
        self.assertGreaterEqual(time.monotonic() - began, 0.29)
        fault(port="public", kind="none")
        fault(port="clean", kind="silent")
        with Node(self.clean.port, timeout=0.3) as slow:
            self.refused(0, slow.height)
        with Node(self.clean.port) as patient, concurrent.futures.ThreadPoolExecutor(1) as pool:
            waiting = pool.submit(patient.height)
            time.sleep(0.2)
            self.assertFalse(waiting.done())
            fault(port="clean", kind="none")
            self.assertEqual(waiting.result(5), 1)
        fault(port="clean", kind="refuse")
        with Node(self.clean.port, timeout=1) as nobody:
            self.refused(0, nobody.height)
        fault(port="clean", kind="none")
        with Node(self.clean.port) as again:
            self.assertEqual(again.height(), 1)

    def test_faults_of_a_path(self):
        fault = lambda **f: self.world.dev("fault", port="public", **f)
        for bad in ({"kind": "lie"}, {"kind": "lie", "lie": "x"}, {"kind": "drop", "lie": "hash"},
                    {"kind": "drop", "path": "chain"}, {"kind": "drop", "path": "/dev/state"},
                    {"kind": "drop", "path": "/" + 63 * "x"}, {"kind": "drop", "times": -1},
                    {"kind": "drop", "times": 1000001}, {"kind": "lie", "lie": "height", "by": 0.5},
                    {"kind": "lie", "lie": "height", "by": 10 ** 16 + 1}, {"kind": "drop", "x": 1}):
            self.refused(400, self.public.post, "/dev/fault", {"port": "public", **bad})
        self.refused(400, self.world.dev, "fault", port="clean", kind="refuse", path="/chain/height")
        self.refused(400, self.world.dev, "fault", port="clean", kind="refuse", times=1)
        # One path fails, the others and the other port do not.
        fault(path="/chain/height", kind="unavailable", times=2)
        for _ in range(2):
            self.refused(503, self.public.height)
            self.assertEqual(self.public.last_block().height, 1)
            self.assertEqual(self.clean.height(), 1)
        self.assertEqual(self.public.height(), 1)
        # A path of its own stands before the whole port; none ends one, or all.
        fault(kind="unavailable")
        fault(path="/chain/height", kind="delay", delay_ms=1)
        self.assertEqual(self.public.height(), 1)
        self.refused(503, self.public.last_block)
        fault(path="/chain/height", kind="none")
        self.refused(503, self.public.height)
        fault(kind="none")
        self.assertEqual(self.public.height(), 1)
        for i in range(16):
            fault(path=f"/{i}", kind="drop")
        self.refused(400, self.world.dev, "fault", port="public", path="/16", kind="drop")
        fault(path="/3", kind="silent")
        fault(kind="none")
        self.refused(404, self.public.get, "/3")

    def test_answers_that_break(self):
        fault = lambda **f: self.world.dev("fault", port="clean", **f)
        path = f"/account/get?address={address('A')}"
        whole = self.clean.raw("GET", path)[1]
        self.assertTrue(whole.endswith(b"}\r\n"))
        whole = whole[:-2]
        fault(kind="drop")
        self.refused(0, self.clean.get, path)
        fault(kind="truncated")
        self.assertEqual(self.clean.raw("GET", path), (200, whole[:len(whole) // 2]))
        fault(kind="drip", delay_ms=1)
        self.assertEqual(self.clean.raw("GET", path), (200, whole))
        fault(kind="cut")
        with socket.create_connection(("127.0.0.1", self.clean.port), timeout=10) as s:
            s.sendall(f"GET {path} HTTP/1.1\r\nHost: x\r\n\r\n".encode())
            got = b"".join(iter(lambda: s.recv(4096), b""))
        head, body = got.split(b"\r\n\r\n", 1)
        self.assertEqual(body, whole[:len(whole) // 2])
        self.assertIn(f"Content-Length: {len(whole)}\r\n".encode(), head + b"\r\n")
        # A drip that would last hours ends with its client, and with the node.
        fault(kind="drip", delay_ms=600000)
        with Node(self.clean.port, timeout=0.3) as slow:
            self.refused(0, slow.height)
        began = time.monotonic()
        with concurrent.futures.ThreadPoolExecutor(1) as pool, Node(self.clean.port) as patient:
            waiting = pool.submit(self.refused, 0, patient.height)
            time.sleep(0.2)
            self.assertEqual(self.world.stop(), 0)
            waiting.result(5)
        self.assertLess(time.monotonic() - began, 5)

    def test_lies(self):
        fault = lambda **f: self.world.dev("fault", port="public", kind="lie", **f)
        self.world.blocks(2)
        zero = transfer(self.world.now(), "A", "B", XEM)
        self.clean.announce(zero)
        self.world.blocks(pool="clean")
        self.assertEqual(len(self.public.transfers(address("A"))), 2)
        fault(lie="height", by=7)
        self.assertEqual(self.public.height(), 11)
        fault(lie="height", by=-(10 ** 16))
        self.assertEqual(self.public.height(), 0)
        self.assertEqual(self.clean.height(), 4)
        fault(lie="balance", by=-5)
        self.assertEqual(self.public.balance(address("A")), self.clean.balance(address("A")) - 5)
        fault(lie="empty")
        self.assertEqual(self.public.transfers(address("A")), [])
        one = transfer(self.world.now(), "A", "X", XEM)
        fault(lie="hash", times=1)
        told = self.public.announce(one)
        self.assertEqual(told["code"], 1)
        self.assertNotEqual(told["transactionHash"]["data"], one.hash().hex())
        self.assertEqual(self.world.state()["public_pool"], 1)
        # Accepted, and thrown away; refused, and taken.
        two, three = (transfer(self.world.now(), "A", "X", v * XEM) for v in (2, 3))
        fault(lie="accepted", path="/transaction/announce")
        told = self.public.announce(two)
        self.assertEqual((told["code"], told["message"]), (1, "SUCCESS"))
        self.assertEqual(told["transactionHash"]["data"], two.hash().hex())
        self.assertEqual(self.world.state()["public_pool"], 1)
        fault(lie="refused", path="/transaction/announce")
        told = self.public.announce(three)
        self.assertEqual((told["code"], told["message"]), (5, "FAILURE_INSUFFICIENT_BALANCE"))
        self.assertEqual(self.world.state()["public_pool"], 2)
        self.world.dev("fault", port="public", kind="none")
        self.world.blocks(pool="public")
        self.assertIsNone(self.public.transaction(two.hash()))
        self.assertEqual(self.public.balance(address("X")), 1_000_004 * XEM)

    def test_restart(self):
        with DevNode(temp_dir(), grants(), START, data_dir=temp_dir() / "data") as world:
            one, two = (transfer(START, "A", "X", v * XEM) for v in (1, 2))
            world.public.announce(one)
            world.blocks(pool="public")
            world.public.announce(two)
            world.dev("fault", port="clean", kind="silent")
            self.refused(400, world.dev, "restart", down_ms=-1)
            ports = world.public.port, world.clean.port
            self.assertEqual(world.dev("restart", down_ms=300)["public_pool"], 1)
            down = []
            wait_until(lambda: answers(ports[0], 2) or down.append(1), 10, "the node again")
            self.assertTrue(down)
            # The chain is there; pools, faults and what the hooks had set are not.
            state = world.state()
            self.assertEqual((state["public_port"], state["clean_port"]), ports)
            self.assertEqual((state["height"], state["public_pool"]), (2, 0))
            self.assertEqual(world.clean.height(), 2)
            self.assertEqual(world.public.balance(address("X")), 1_000_001 * XEM)
            world.public.announce(two)
            world.blocks(pool="public")
            self.assertTrue(world.dev("validate")["valid"])
            for _ in range(3):
                world.dev("restart")
                wait_until(lambda: answers(ports[0], 3), 10, "the node again")
            self.assertEqual(world.stop(), 0)
        # In memory only, the next life begins at the first block.
        with DevNode(temp_dir(), grants(), START) as world:
            world.blocks(3)
            world.dev("restart")
            wait_until(lambda: answers(world.public.port, 1), 10, "the node again")

    def test_hooks_only_in_development(self):
        other = DevNode(self.folder / "other", grants(), START, name="other", development="no")
        with other:
            self.refused(404, other.public.get, "/dev/state")
            self.refused(404, other.public.post, "/dev/blocks", {})
            self.assertEqual(other.public.height(), 1)

    def test_retention_switch(self):
        one = transfer(self.world.now(), "A", "X", XEM)
        self.public.announce(one)
        self.world.blocks(pool="public")
        self.world.clock(advance_s=40 * 3600)
        self.world.blocks()
        self.assertIsNone(self.public.transaction(one.hash()))
        self.world.dev("settings", retention_s=0)
        self.assertIsNotNone(self.public.transaction(one.hash()))
        for bad in ({"retention_s": -1}, {"retention_s": "x"}, {"result_cache": 1}, {"x": 1}):
            self.refused(400, self.public.post, "/dev/settings", bad)


class Lasting(NodeCase):
    def setUp(self):
        self.settings = {"data_dir": temp_dir() / "data"}
        super().setUp()

    def test_restart_and_kill(self):
        one = transfer(self.world.now(), "A", "X", XEM)
        self.public.announce(one)
        self.world.blocks(5, pool="public")
        self.public.announce(transfer(self.world.now(), "A", "Y", XEM))
        top, state = self.public.last_block(), self.world.state()
        self.world.stop()
        self.world.start()
        public = self.world.public
        self.assertEqual(public.last_block().hash(), top.hash())
        self.assertEqual(self.world.state()["time_nem_s"], state["time_nem_s"])
        self.assertEqual(public.pool(), [])  # pools do not last, as in NIS
        self.assertIsNotNone(public.transaction(one.hash()))
        self.world.blocks(2)
        self.world.dev("rollback", blocks=3)
        self.world.blocks(1)
        top = self.world.public.last_block()
        self.world.kill()
        self.world.start()
        self.assertEqual(self.world.public.last_block().hash(), top.hash())
        list(self.world.public.blocks())

    def test_kill_at_random_moments(self):
        dice = random.Random(int(os.environ.get("KURAMORI_SEED", "1")))
        for _ in range(6):
            seen = self.world.public.height()
            with concurrent.futures.ThreadPoolExecutor(1) as pool:
                busy = pool.submit(lambda: [self.world.blocks() for _ in range(10_000)])
                time.sleep(dice.uniform(0.01, 0.1))
                self.world.daemon.kill()
                try:
                    busy.result(10)
                except (NodeError, Failed, OSError):
                    pass
            self.world.start()
            self.assertGreaterEqual(self.world.public.height(), seen)
            last = self.world.public.height()
            list(self.world.public.blocks(max(1, last - 30)))

    def test_a_torn_or_altered_file(self):
        self.world.blocks(5)
        self.world.stop()
        path = self.settings["data_dir"] / "blocks"
        whole = path.read_bytes()
        path.write_bytes(whole[:-7])
        self.world.start()
        self.assertEqual(self.world.public.height(), 5)
        self.world.stop()
        dice = random.Random(2)
        for _ in range(10):
            at = dice.randrange(len(whole))
            broken = bytearray(whole)
            broken[at] ^= 0x20
            path.write_bytes(broken)
            try:
                self.world.start()
            except Failed as problem:
                self.assertIn("70", str(problem))
                continue
            # A length that became larger than the file looks torn: fewer blocks, all of them true.
            self.assertLess(self.world.public.height(), 6, at)
            list(self.world.public.blocks())
            self.world.stop()
        path.write_bytes(whole)
        self.world.start()
        self.assertEqual(self.world.public.height(), 6)

    def test_two_on_one_folder(self):
        other = DevNode(self.folder / "other", grants(), START, name="other", **self.settings)
        with self.assertRaises(Failed) as caught:
            other.start()
        self.assertIn("busy", str(caught.exception))
        self.assertEqual(self.public.height(), 1)

    def test_another_nemesis(self):
        self.world.blocks()
        self.world.stop()
        other = DevNode(self.folder / "other", {address("A"): XEM}, START, name="other",
                        **self.settings)
        self.assertRaises(Failed, other.start)
        self.world.start()
        self.assertEqual(self.world.public.height(), 2)


class Program(unittest.TestCase):
    def test_flags(self):
        self.assertIn("kuramori-node", run([program(), "--help"]).stdout)
        self.assertRegex(run([program(), "--version"]).stdout, r"\d+\.\d+\.\d+")
        run([program(), "--what"], expect=2)
        self.assertIn("nemesis_", run([program(), "--check-config"], expect=2).stderr)
        world = DevNode(temp_dir(), grants(), START)
        run(world.daemon.argv + ["--check-config"])
        for setting in ("--public-port 65536", "--public-port x",
                        "--development maybe", "--block-interval-ms 1"):
            run(world.daemon.argv + setting.split(), expect=2)

    def test_first_blocks_that_are_refused(self):
        def start(text=None, mode=0o600, time=START, keys=None, **more):
            world = DevNode(temp_dir(), grants(), time, **more)
            if text is not None:
                (world.folder / "nemesis.txt").write_text(text)
            for file, key in (keys or {}).items():
                (world.folder / file).write_text(key)
            os.chmod(world.folder / "nemesis.key", mode)
            result = run(world.daemon.argv, expect=None, timeout=10)
            self.assertNotEqual(result.returncode, 0, text)
            self.assertEqual(result.stdout, "")
            return result.stderr

        good = f"{address('A')} 1\n"
        for line in ("x", "A 1", address("B"), address("B") + " ", address("B") + "\t1",
                     " " + good[:-1], good[:-1] + " x"):
            self.assertIn("nemesis.txt:4", start("# grants\n\n" + good + line))
        for bad in (address("A").lower(), address("A")[:-1] + ("A" if address("A")[-1] != "A" else "B"),
                    KEYS["A"].address(nem.MAINNET)):
            self.assertIn("nemesis.txt:1", start(f"{bad} 1\n"))
        for amount in ("0", "-1", "1.5", "", "01", "x", "1 ", "9" * 40, str(2**64)):
            self.assertIn("nemesis.txt:1", start(f"{address('A')} {amount}\n"))
        self.assertIn("why=overflow", start(good + f"{address('B')} {nem.SUPPLY_MICRO}\n"))
        self.assertIn("why=full", start(good * 1401))
        for key in ("", "00", "zz" * 32, KEYS["A"].private_hex + "00", KEYS["A"].private_hex + "\n\n"):
            self.assertIn("nemesis.key", start(good, keys={"nemesis.key": key}))
            self.assertIn("harvester.key", start(good, keys={"harvester.key": key}))
        same = {"nemesis.key": KEYS["A"].private_hex, "harvester.key": KEYS["A"].private_hex}
        self.assertIn("why=bad-key", start(good, keys=same))
        self.assertIn("why=policy", start(good, mode=0o644))
        self.assertIn("nemesis_time", start(good, time=2**31))
        self.assertIn("blocks", start(good, blocks="sometimes"))
        self.assertIn("next_pool", start(good, next_pool="mine"))
        with DevNode(temp_dir(), {nem.KeyPair.named(str(i)).address(): 1 for i in range(1000)}) as w:
            self.assertEqual(len(w.public.last_block().transactions), 1000)

    def test_port_in_use(self):
        with socket.socket() as taken:
            taken.bind(("127.0.0.1", 0))
            taken.listen()
            world = DevNode(temp_dir(), grants(), START, public_port=taken.getsockname()[1])
            result = run(world.daemon.argv, expect=4, timeout=10)
            self.assertIn("busy", result.stderr)

    def test_stops_with_requests_waiting(self):
        world = DevNode(temp_dir(), grants(), START).start()
        world.dev("fault", port="clean", kind="silent")
        clients = [Node(world.clean.port, timeout=8) for _ in range(4)]
        with concurrent.futures.ThreadPoolExecutor(4) as pool:
            waiting = [pool.submit(one.raw, "GET", "/chain/height") for one in clients]
            time.sleep(0.3)
            began = time.monotonic()
            self.assertEqual(world.stop(), 0)
            self.assertLess(time.monotonic() - began, 5)
            self.assertEqual([one.result(5)[0] for one in waiting], [503] * 4)
        for one in clients:
            one.close()

    def test_a_clock_of_its_own(self):
        world = DevNode(temp_dir(), grants(), START, blocks="clock", block_interval_ms=1000,
                        development="no")
        with world:
            wait_until(lambda: world.public.height() >= 2, 5, "a block")
            self.assertLess(abs(world.public.last_block().timestamp
                                - nem.nem_seconds(int(time.time() * 1000))), 4)

    def test_garbage_on_the_socket(self):
        with DevNode(temp_dir(), grants(), START) as world:
            dice = random.Random(3)
            for _ in range(40):
                with socket.create_connection(("127.0.0.1", world.public.port), 2) as s:
                    s.sendall(dice.randbytes(dice.randrange(1, 400)))
            for head in (b"POST /transaction/announce HTTP/1.1\r\nContent-Length: 99999999999\r\n\r\n",
                         b"POST /transaction/announce HTTP/1.1\r\nContent-Length: -1\r\n\r\n",
                         b"GET /chain/height HTTP/9.9\r\n\r\n", b"GET " + b"/a" * 9000 + b"\r\n\r\n"):
                with socket.create_connection(("127.0.0.1", world.public.port), 2) as s:
                    s.sendall(head)
            self.assertEqual(world.public.height(), 1)


if __name__ == "__main__":
    catch_signals()
    unittest.main(verbosity=2)
