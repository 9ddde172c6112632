# SPDX-License-Identifier: Apache-2.0
"""Goal: whoever speaks SockJS and STOMP to kuramori-node hears what a NIS would say, to whom it
would say it and in its order; whoever speaks anything else is shown out, and nobody else notices.
Method: the real process, spoken to raw (tests/kit/websocket.py, which can break every layer). That a
message does not come is seen by asking for one that must come after it."""

import json
import os
import random
import socket
import struct
import sys
import unittest
from pathlib import Path

ROOT = Path(__file__).resolve().parents[3]
sys.path.insert(0, str(ROOT / "tests" / "kit"))

import nem  # noqa: E402
import nem_types  # noqa: E402
import websocket  # noqa: E402
from devnode import DevNode  # noqa: E402
from process import Failed, catch_signals, temp_dir, wait_until  # noqa: E402
from websocket import Client, Closed, WebSocket, frame, stomp  # noqa: E402

XEM = 1_000_000
START = 300_000_000
KEYS = {name: nem.KeyPair.named(name) for name in "A B C M X Y".split()}
NAMESPACE_SINK = "TAMESPACEWH4MKFMBCVFERDPOOP4FK7MTDJEYP35"
MOSAIC_SINK = "TBMOSAICOD4F54EE5CDMR23CCBGOAM2XSJBR5OLC"
UNCONFIRMED_HEIGHT = 2**53 - 1


def address(name):
    return KEYS[name].address()


class PushCase(unittest.TestCase):
    settings = {}

    def setUp(self):
        grants = {address(name): 1_000_000 * XEM for name in KEYS}
        self.world = DevNode(temp_dir(), grants, START, next_pool="public", **self.settings)
        self.addCleanup(lambda: self.world.kill())
        self.world.start()
        self.public, self.clean = self.world.public, self.world.clean
        self.port = self.world.websocket_port

    def tearDown(self):
        if self.world.daemon.alive():
            verdict = self.world.dev("validate")
            self.assertTrue(verdict["valid"], verdict)

    def client(self, *topics, **more):
        """Connected and subscribed."""
        client = Client(self.port, **more)
        self.addCleanup(client.close)
        for topic in topics:
            client.subscribe(topic)
        self.assertEqual(client.settled(), [])
        return client

    def transfer(self, source="A", to="B", micro=XEM, **more):
        return nem.Transfer(KEYS[source].public, address(to), micro, timestamp=self.world.now(),
                            **more).sign(KEYS[source])

    def announce(self, transaction, node=None):
        answer = (node or self.public).announce(transaction)
        self.assertEqual(answer["code"], 1, answer)
        return transaction

    def topics(self, client):
        return [topic for topic, _ in client.settled()]


class Handshake(PushCase):
    def test_pages(self):
        status, headers, body = websocket.get(self.port, "/w/messages/info?t=1")
        self.assertEqual((status, headers["Access-Control-Allow-Origin"]), (200, "*"))
        info = json.loads(body)
        self.assertIsInstance(info.pop("entropy"), int)
        self.assertEqual(info, {"websocket": True, "cookie_needed": True, "origins": ["*:*"]})
        _, headers, _ = websocket.get(self.port, "/w/messages/info", Origin="http://shop.example")
        self.assertEqual(headers["Access-Control-Allow-Origin"], "http://shop.example")
        self.assertEqual(headers["Access-Control-Allow-Credentials"], "true")
        self.assertEqual(websocket.get(self.port, "/w/messages")[::2], (200, b"Welcome to SockJS!\n"))
        self.assertEqual(websocket.get(self.port, "/w/messages/info", "OPTIONS")[0], 204)
        self.assertEqual(websocket.get(self.port, "/w/messages/info", "DELETE")[0], 405)
        self.assertEqual(websocket.get(self.port, "/w/messages/websocket")[0], 400)
        self.assertEqual(websocket.get(self.port, "/w/messages/1/2/xhr", "POST")[0], 404)
        self.assertEqual(websocket.get(self.port, "/chain/height")[0], 404)
        for path in ("/w/messages/1/a.b/websocket", "/w/messages//b/websocket"):
            with self.assertRaises(Closed) as caught:
                WebSocket(self.port, path)
            self.assertEqual(caught.exception.code, 404)
        self.assertEqual(self.world.state()["websocket_port"], self.port)

    def raw(self, data):
        """Everything that comes back before the node hangs up."""
        with socket.create_connection(("127.0.0.1", self.port), timeout=10) as connection:
            connection.sendall(data)
            out = b""
            while more := connection.recv(65536):
                out += more
            return out

    def test_what_is_no_request(self):
        for data in (b"\r\n\r\n", b"GET / HTTP/1.0\r\n\r\n", b"GET / HTTP/1.1\r\n\r\n",
                     b"GET / HTTP/1.1\r\nHost: x\r\n folded: y\r\n\r\n", b"x" * 8192):
            self.assertTrue(self.raw(data).startswith(b"HTTP/1.1 400 "), data[:40])
        old = (b"GET /w/messages/websocket HTTP/1.1\r\nHost: x\r\nUpgrade: websocket\r\n"
               b"Connection: Upgrade\r\nSec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n"
               b"Sec-WebSocket-Version: 8\r\n\r\n")
        self.assertTrue(self.raw(old).startswith(b"HTTP/1.1 426 "))

    def test_request_and_frames_in_one_piece(self):
        """What comes right behind the request is not lost."""
        head = (b"GET /w/messages/websocket HTTP/1.1\r\nHost: x\r\nUpgrade: websocket\r\n"
                b"Connection: Upgrade\r\nSec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n"
                b"Sec-WebSocket-Version: 13\r\n\r\n")
        out = self.raw(head + frame(websocket.PING, b"early") + frame(websocket.CLOSE))
        self.assertTrue(out.endswith(b"\r\n\r\n\x8a\x05early\x88\x00"), out)


class Frames(PushCase):
    def code(self, *frames, sockjs=False):
        """How the node closes after these bytes."""
        with Client(self.port, sockjs=sockjs, connect=False) as client:
            for one in frames:
                client.socket.sendall(one)
            said = []
            try:
                while True:
                    said.append(client.read()[1])
            except Closed as closed:
                return (closed.code, said) if sockjs else closed.code

    def test_control(self):
        client = self.client(sockjs=False)
        client.send(b"are you there?", websocket.PING)
        self.assertEqual(client.read(), (websocket.PONG, b"are you there?"))
        client.send(b"nobody asked", websocket.PONG)
        client.send(struct.pack(">H", 4000) + b"bye", websocket.CLOSE)
        with self.assertRaises(Closed) as caught:
            client.read()
        self.assertEqual(caught.exception.code, 4000)
        with self.assertRaises(Closed):
            client._more()

    def test_broken(self):
        text, binary = websocket.TEXT, websocket.BINARY
        self.assertEqual(self.code(frame(text, b"x", masked=False)), 1002)
        self.assertEqual(self.code(frame(text, b"x", reserved=4)), 1002)
        self.assertEqual(self.code(frame(3, b"x")), 1002)
        self.assertEqual(self.code(frame(websocket.PING, b"x", last=False)), 1002)
        self.assertEqual(self.code(frame(websocket.CONTINUATION, b"x")), 1002)
        self.assertEqual(self.code(frame(text, b"a", last=False), frame(text, b"b")), 1002)
        self.assertEqual(self.code(frame(text, b"\xff")), 1007)
        self.assertEqual(self.code(frame(text, b"x" * 65537)[:20]), 1009)
        self.assertEqual(self.code(frame(text, b"x" * 65535, last=False),
                                   frame(websocket.CONTINUATION, b"xx")), 1009)
        self.assertEqual(self.code(b"\x01\x80\0\0\0\0" + b"\x00\x80\0\0\0\0" * 1024), 1008)
        self.assertEqual(self.code(frame(binary, b"x")), 1003)
        self.assertEqual(self.code(frame(websocket.CLOSE, b"\x03")), 1002)
        self.assertIsNone(self.code(frame(websocket.CLOSE)))
        # SockJS says it in its own words first
        self.assertEqual(self.code(frame(text, b"no JSON"), sockjs=True), (1007, [b'c[1007,""]']))
        self.assertEqual(self.code(frame(text, b"{}"), sockjs=True), (1007, [b'c[1007,""]']))
        self.assertEqual(self.code(frame(binary, b"[]"), sockjs=True),
                         (1003, [b'c[1003,"Binary messages not supported"]']))

    def test_noise(self):
        """Whatever comes, the node goes on and others hear nothing of it."""
        witness = self.client("/blocks/new")
        seed = int(os.environ.get("KURAMORI_SEED", "1"))
        print(f"# seed {seed}")
        noise = random.Random(seed)
        session = frame(websocket.TEXT, stomp("CONNECT", accept_version="1.1")) + \
            frame(websocket.TEXT, stomp("SUBSCRIBE", id="a", destination="/blocks")) + \
            frame(websocket.TEXT, stomp("SEND", b"{'account':'x'}", destination="/w/api/account/get"))
        for _ in range(200):
            data = bytearray(session)
            for _ in range(noise.randrange(1, 6)):
                data[noise.randrange(len(data))] = noise.randrange(256)
            with Client(self.port, sockjs=False, connect=False) as client:
                client.socket.sendall(data[:noise.randrange(len(data) + 1)])
        self.world.blocks()
        self.assertEqual(witness.settled(), [("/blocks/new", {"height": 2})])


class Stomp(PushCase):
    def refused(self, *texts, sockjs=True, connect=True):
        """The words of the ERROR, which is the last thing that is said."""
        with Client(self.port, sockjs=sockjs, connect=connect) as client:
            for text in texts:
                client.put(text)
            got = client.frame()
            self.assertEqual((got.command, got.body), ("ERROR", b""))
            with self.assertRaises(Closed) as caught:
                client.frame()
            self.assertEqual(caught.exception.code, 1002)
            return got.headers["message"]

    def test_refusals(self):
        subscribe = stomp("SUBSCRIBE", id="a", destination="/blocks")
        self.assertEqual(self.refused(subscribe, connect=False), "not connected")
        self.assertEqual(self.refused(subscribe, connect=False, sockjs=False), "not connected")
        self.assertEqual(self.refused(stomp("CONNECT")), "connected already")
        self.assertEqual(self.refused(stomp("CONNECT", accept_version="2.0"), connect=False),
                         "Unsupported accept version")
        self.assertEqual(self.refused(stomp("MESSAGE")), "unknown command")
        self.assertEqual(self.refused(stomp("SEND")), "SEND needs destination")
        self.assertEqual(self.refused(stomp("UNSUBSCRIBE")), "UNSUBSCRIBE needs id")
        self.assertEqual(self.refused(stomp("SUBSCRIBE", id="a")), "SUBSCRIBE needs id and destination")
        self.assertEqual(self.refused(stomp("SUBSCRIBE", id="a", destination="/" + "x" * 128)),
                         "id or destination empty or too long")
        self.assertEqual(self.refused(subscribe, subscribe), "this id is subscribed already")
        self.assertEqual(self.refused(b"not stomp\n\n\0"), "this is no STOMP")
        self.assertEqual(self.refused(b"SEND\ncontent-length:70000\n\n"), "the frame is too large")

    def test_versions(self):
        for accepted, version in (("1.0,1.1,1.2", "1.2"), ("1.1,1.0", "1.1"), ("1.0", "1.0")):
            client = self.client_unconnected()
            client.put(stomp("CONNECT", accept_version=accepted))
            self.assertEqual(client.frame().headers["version"], version)
        client = self.client_unconnected()
        client.put(stomp("STOMP"))
        self.assertEqual(client.frame().headers["version"], "1.0")

    def client_unconnected(self):
        client = Client(self.port, connect=False)
        self.addCleanup(client.close)
        return client

    def test_session(self):
        """Frames cut by stomp.js, heart-beats, a subscription that ends, a receipt."""
        client = self.client("/blocks/new")
        text = stomp("SUBSCRIBE", id="cut", destination="/blocks/new")
        client.put(text[:9])
        client.put(b"")
        client.put(text[9:] + b"\n")
        client.put(b"\n")
        client.put(stomp("ACK", id="1") + stomp("BEGIN", transaction="1"))
        self.assertEqual(client.settled(), [])
        self.world.blocks()
        first, second = client.frame(), client.frame()
        self.assertEqual([first.headers["subscription"], second.headers["subscription"]],
                         ["sub-1", "cut"])
        self.assertEqual(first.headers["content-type"], "application/json")
        self.assertNotEqual(first.headers["message-id"], second.headers["message-id"])
        client.put(stomp("UNSUBSCRIBE", id="cut"))
        client.put(stomp("UNSUBSCRIBE", id="cut"))
        self.assertEqual(client.settled(), [])
        self.world.blocks()
        self.assertEqual(self.topics(client), ["/blocks/new"])
        client.put(stomp("DISCONNECT", receipt="77"))
        got = client.frame()
        self.assertEqual((got.command, got.headers), ("RECEIPT", {"receipt-id": "77"}))
        with self.assertRaises(Closed) as caught:
            client.frame()
        self.assertEqual(caught.exception.code, 1000)

    def test_raw_is_the_same(self):
        client = self.client("/blocks/new", sockjs=False)
        self.world.blocks()
        self.assertEqual(client.settled(), [("/blocks/new", {"height": 2})])


class Blocks(PushCase):
    def test_blocks(self):
        client = self.client("/blocks", "/blocks/new")
        self.world.blocks(2)
        blocks = [self.public.post("/block/at/public", {"height": h}) for h in (2, 3)]
        self.assertEqual(client.settled(), [
            ("/blocks/new", {"height": 2}), ("/blocks", blocks[0]),
            ("/blocks/new", {"height": 3}), ("/blocks", blocks[1])])
        # what is asked for comes without the news
        client.ask("block/last")
        self.assertEqual(client.settled(), [("/blocks", blocks[1])])

    def test_the_harvester_always_changed(self):
        harvester = self.world.harvester.address()
        client = self.client(f"/account/{harvester}")
        self.world.blocks()
        self.assertEqual(client.settled(), [(f"/account/{harvester}", self.public.account(harvester))])

    def test_a_patient_reader(self):
        """Who is slow, but within the limit, gets everything once he reads."""
        client = self.client("/blocks", "/blocks/new", receive_buffer=4096)
        for _ in range(3):
            self.world.blocks(200)
        for height in range(2, 602):
            self.assertEqual(client.message(), ("/blocks/new", {"height": height}))
            self.assertEqual(client.message()[1]["height"], height)
        self.assertEqual(client.settled(), [])

    def test_blocks_by_themselves(self):
        client = self.client("/blocks/new")
        self.world.clock(mode="interval", interval_ms=20, seconds=60)
        for height in (2, 3, 4):
            self.assertEqual(client.message(), ("/blocks/new", {"height": height}))
        self.world.clock(mode="demand")

    def test_after_a_rollback_heights_come_again(self):
        client = self.client("/blocks/new", "/unconfirmed")
        self.world.blocks()
        one = self.announce(self.transfer())
        self.world.blocks(2)
        heard = client.settled()
        self.assertEqual([body["height"] for topic, body in heard if topic == "/blocks/new"], [2, 3, 4])
        self.assertEqual([topic for topic, _ in heard].count("/unconfirmed"), 1)
        # nothing says which blocks are gone; what was in them waits again, and is said again
        self.world.dev("rollback", blocks=2)
        self.assertEqual(client.settled(), [("/unconfirmed", one.to_json())])
        self.world.blocks()
        self.assertEqual(client.settled(), [("/blocks/new", {"height": 3})])

    def test_a_fork(self):
        """Another branch in one step: first what lost its block, then the first new height, once,
        and every new block."""
        client = self.client("/blocks/new", "/blocks", "/unconfirmed", f"/transactions/{address('A')}")
        client.ask("account/subscribe", address("A"))
        one = self.announce(self.transfer())
        self.world.blocks(3)
        client.settled()
        self.world.dev("fork", blocks=3, more=1)
        heard = client.settled()
        self.assertEqual([topic for topic, _ in heard], ["/unconfirmed", "/blocks/new"] + ["/blocks"] * 4)
        self.assertEqual(heard[0][1], one.to_json())
        self.assertEqual(heard[1][1], {"height": 2})
        self.assertEqual([body for _, body in heard[2:]],
                         [self.public.post("/block/at/public", {"height": h}) for h in range(2, 6)])

    def test_a_block_past_the_pools(self):
        client = self.client("/blocks/new", "/unconfirmed", f"/transactions/{address('B')}")
        client.ask("account/subscribe", address("B"))
        self.assertEqual(self.world.given([self.transfer()])["code"], 1)
        heard = client.settled()
        self.assertEqual([topic for topic, _ in heard], ["/blocks/new", f"/transactions/{address('B')}"])
        self.assertNotEqual(self.world.given([self.transfer(fee=1)])["code"], 1)
        self.assertEqual(client.settled(), [])


class Transactions(PushCase):
    def topics_of(self, *names):
        return [f"/{kind}/{address(name)}" for name in names
                for kind in ("unconfirmed", "transactions", "account")]

    def test_a_transfer(self):
        client = self.client("/unconfirmed", *self.topics_of("A", "B"))
        client.ask("account/get", address("A"))
        self.assertEqual(client.settled(), [(f"/account/{address('A')}", self.public.account(address("A")))])
        one = self.announce(self.transfer())
        pair = {"meta": {"innerHash": {}, "id": 0, "hash": {"data": one.hash().hex()},
                         "height": UNCONFIRMED_HEIGHT}, "transaction": one.to_json()}
        # B is nobody whom the node observes
        self.assertEqual(client.settled(), [("/unconfirmed", one.to_json()),
                                            (f"/unconfirmed/{address('A')}", pair)])
        self.world.blocks()
        pair["meta"]["height"] = 2
        self.assertEqual(client.settled(), [(f"/transactions/{address('A')}", pair),
                                            (f"/account/{address('A')}", self.public.account(address("A")))])
        # another client's registration counts for all, also when he is gone
        with self.client() as other:
            other.ask("account/subscribe", address("B"))
            other.settled()
        self.announce(self.transfer(micro=2 * XEM))
        self.world.blocks()
        self.assertEqual(self.topics(client), [
            "/unconfirmed", f"/unconfirmed/{address('A')}", f"/unconfirmed/{address('B')}",
            f"/transactions/{address('A')}", f"/transactions/{address('B')}",
            f"/account/{address('A')}", f"/account/{address('B')}"])

    def test_to_oneself_is_told_twice(self):
        client = self.client(*self.topics_of("A"))
        client.ask("account/subscribe", address("A"))
        self.announce(self.transfer(to="A"))
        self.world.blocks()
        self.assertEqual(self.topics(client), [f"/unconfirmed/{address('A')}"] * 2 +
                         [f"/transactions/{address('A')}"] * 2 + [f"/account/{address('A')}"])

    def test_refused_and_other_pools_are_silent(self):
        client = self.client("/unconfirmed")
        self.assertNotEqual(self.public.announce(self.transfer(micro=9_000_000 * XEM))["code"], 1)
        one = self.announce(self.transfer())
        self.assertEqual(self.public.announce(one)["code"], 0)
        self.announce(self.transfer(micro=2), self.clean)
        self.assertEqual(client.settled(), [("/unconfirmed", one.to_json())])

    def test_multisig(self):
        convert = nem.Modification(KEYS["M"].public, [(1, KEYS[c]) for c in "ABC"], 2,
                                   timestamp=self.world.now()).sign(KEYS["M"])
        client = self.client("/unconfirmed", *self.topics_of("A", "B", "M", "X"))
        for name in "ABMX":
            client.ask("account/subscribe", address(name))
        self.announce(convert)
        self.assertEqual(self.topics(client), ["/unconfirmed"] + [
            f"/unconfirmed/{address(name)}" for name in ["M"] + sorted("AB", key=address)])
        self.world.blocks()
        client.settled()
        inner = nem.Transfer(KEYS["M"].public, address("X"), XEM, timestamp=self.world.now())
        wrapper = self.announce(nem.Multisig(KEYS["A"], inner).sign(KEYS["A"]))
        heard = client.settled()
        self.assertEqual([topic for topic, _ in heard],
                         ["/unconfirmed"] + [f"/unconfirmed/{address(name)}" for name in "AMX"])
        for _, pair in heard[1:]:
            self.assertEqual(pair["transaction"]["type"], 4100)
            self.assertEqual(pair["meta"]["hash"]["data"], wrapper.hash().hex())
            self.assertEqual(pair["meta"]["innerHash"]["data"], inner.hash().hex())
        # a cosignature: bare, and to nobody by name
        cosignature = self.announce(nem.Cosignature.of(KEYS["B"], inner))
        self.assertEqual(client.settled(), [("/unconfirmed", cosignature.to_json())])
        self.world.blocks()
        self.assertEqual(self.topics(client), [f"/transactions/{address(name)}" for name in "AMX"] +
                         [f"/account/{address(name)}" for name in "AMX"])

    def test_a_whole_unit(self):
        convert = nem.Modification(KEYS["M"].public, [(1, KEYS[c]) for c in "ABC"], 2,
                                   timestamp=self.world.now()).sign(KEYS["M"])
        self.announce(convert)
        self.world.blocks()
        client = self.client("/unconfirmed")
        inner = nem.Transfer(KEYS["M"].public, address("X"), XEM, timestamp=self.world.now())
        whole = nem.Multisig(KEYS["A"], inner, [nem.Cosignature.of(KEYS["B"], inner)]).sign(KEYS["A"])
        self.public.push(whole)
        (topic, heard), = client.settled()
        self.assertEqual((topic, len(heard["signatures"])), ("/unconfirmed", 1))

    def test_asked_for(self):
        """The recent ones and the pool: to all who listen, as in NIS."""
        client = self.client(f"/recenttransactions/{address('A')}", "/unconfirmed",
                             f"/unconfirmed/{address('B')}")
        witness = self.client(f"/recenttransactions/{address('A')}")
        client.ask("account/subscribe", address("B"))
        self.announce(self.transfer())
        self.world.blocks()
        for micro in range(1, 13):
            self.announce(self.transfer(micro=micro))
        client.settled()
        client.ask("account/transfers/all", address("A"))
        heard = client.settled()
        self.assertEqual(heard[0], (f"/recenttransactions/{address('A')}",
                                    self.public.get("/account/transfers/all", address=address("A"))))
        self.assertEqual([topic for topic, _ in heard[1:]],
                         ["/unconfirmed", f"/unconfirmed/{address('B')}"] * 10)
        self.assertEqual(self.topics(witness), [f"/recenttransactions/{address('A')}"])
        client.ask("account/transfers/unconfirmed", address("A").lower())
        self.assertEqual(len(client.settled()), 20)

    def test_mosaics_and_namespaces(self):
        topics = [f"/account/{what}/{address(name)}" for name in "AB"
                  for what in ("namespace/owned", "mosaic/owned/definition", "mosaic/owned")]
        client = self.client(*topics)
        self.announce(nem_types.Namespace(KEYS["A"].public, NAMESPACE_SINK, 100 * XEM, "alice",
                                          timestamp=self.world.now()).sign(KEYS["A"]))
        self.world.blocks()
        name = self.public.get("/namespace", namespace="alice")
        self.assertEqual(client.settled(), [(topics[0], name)])
        self.announce(nem_types.Definition(
            KEYS["A"].public, ("alice", "gold"), "with a levy", MOSAIC_SINK, 10 * XEM,
            initial_supply=50, levy=(1, address("B"), ("nem", "xem"), 7),
            timestamp=self.world.now()).sign(KEYS["A"]))
        self.world.blocks()

        def expected(who, at):
            at_node = self.public.get("/account/mosaic/owned", address=address(who))["data"]
            supplies = {"xem": 8_999_999_999, "gold": 50}
            definitions = self.public.get("/account/mosaic/owned/definition",
                                          address=address(who))["data"]
            return [(topics[at + 1], {"mosaicDefinition": d, "supply": supplies[d["id"]["name"]]})
                    for d in definitions], [(topics[at + 2], m) for m in at_node]
        a, b = expected("A", 0), expected("B", 3)
        self.assertEqual((len(a[0]), len(b[0])), (2, 1))
        self.assertEqual(client.settled(), a[0] + b[0] + a[1] + b[1])
        client.ask("account/mosaic/owned", address("A"))
        client.ask("account/mosaic/owned/definition", address("A"))
        client.ask("account/namespace/owned", address("A"))
        client.ask("account/namespace/owned", address("B"))
        self.assertEqual(client.settled(), a[1] + a[0] + [(topics[0], name)])

    def test_node_and_errors(self):
        client, witness = self.client("/errors"), self.client("/errors")
        client.subscribe("/node/info")
        client.ask("node/info")
        self.assertEqual(client.message(), ("/node/info", self.public.get("/node/info")))
        for body, message in (
                ("", "unexpected data"), ("[]", "unexpected data"),
                ("{'account':{}}", "unexpected data"),
                ("{}", "expected value for property account"),
                ("{'account':1}", "expected value for property account"),
                ("{'account':'TALICE'}", "address must be valid"),
                ('{"account":"%s"}' % address("A").replace("T", "N", 1), "address must be valid")):
            client.say("/w/api/account/get", body)
            error = {"timeStamp": START, "error": "Bad Request", "message": message, "status": 400}
            self.assertEqual(client.message(), ("/errors", error))
            self.assertEqual(witness.message(), ("/errors", error))
        client.say("/w/api/no/such/thing", "{}")
        client.say("/elsewhere", "{}")
        client.ask("node/info")
        self.assertEqual(client.message()[0], "/node/info")

    def test_anybody_may_say_anything(self):
        """The broker of NIS lets a client speak on every topic: a message is a hint, no more."""
        client = self.client("/blocks/new", f"/transactions/{address('A')}")
        with self.client() as forger:
            forger.say("/blocks/new", '{"height":4711}\r\n')
            forger.say(f"/transactions/{address('A')}", "{}\r\n")
            forger.settled()
        self.assertEqual(client.settled(), [("/blocks/new", {"height": 4711}),
                                            (f"/transactions/{address('A')}", {})])
        self.assertEqual(self.public.height(), 1)


class Limits(PushCase):
    settings = {"websocket_connections": 3, "websocket_queue_bytes": 65536,
                "websocket_subscriptions": 4, "websocket_addresses": 2,
                "websocket_heartbeat_ms": 3_600_000}

    def test_connections(self):
        first, second, third = [self.client() for _ in range(3)]
        with self.assertRaises(Closed) as caught:
            Client(self.port)
        self.assertEqual(caught.exception.code, 503)
        second.close()

        def again():
            try:
                return Client(self.port)
            except Closed:
                return None
        wait_until(again, 10, "the place of the one who left").close()
        for client in (first, third):
            self.assertEqual(client.settled(), [])

    def places(self):
        """Three connections are taken again, as soon as the node has let go of others."""
        def three():
            taken = []
            try:
                for _ in range(3):
                    taken.append(Client(self.port))
            except Closed:
                return False
            finally:
                for one in taken:
                    one.close()
            return True
        wait_until(three, 30, "three free places", interval=0.2)

    def test_who_says_nothing_leaves_a_place(self):
        idle = [socket.create_connection(("127.0.0.1", self.port)) for _ in range(3)]
        idle[0].sendall(b"GET /w/messages/websocket HTTP/1.1\r\nHost: x\r\n")
        self.places()
        for one in idle:
            self.assertEqual(one.recv(1), b"")
            one.close()

    def test_who_does_not_hang_up_leaves_a_place(self):
        rude = [Client(self.port, sockjs=False) for _ in range(3)]
        for one in rude:
            one.send(b"x", reserved=7)
            with self.assertRaises(Closed):
                one.read()
        self.places()
        for one in rude:
            one.close()

    def test_subscriptions(self):
        client = self.client("/blocks", "/blocks/new", "/errors")
        client.subscribe("/unconfirmed")
        client.subscribe("/transactions/x")
        got = client.frame()
        self.assertEqual((got.command, got.headers["message"]), ("ERROR", "too many subscriptions"))

    def test_addresses(self):
        client = self.client("/errors")
        for name in "AABBA":
            client.ask("account/subscribe", address(name))
        self.assertEqual(client.settled(), [])
        client.ask("account/subscribe", address("C"))
        (topic, error), = client.settled()
        self.assertEqual((topic, error["message"]), ("/errors", "too many addresses are observed"))

    def test_slow_reader(self):
        """Who subscribes and does not read is cut off; who reads misses nothing."""
        slow = self.client("/blocks", receive_buffer=4096)
        quick = self.client("/blocks/new")
        heights = 1

        def cut_off():
            nonlocal heights
            self.world.blocks(100)
            for _ in range(100):
                heights += 1
                self.assertEqual(quick.message(), ("/blocks/new", {"height": heights}))
            return "websocket-lost" in self.world.daemon.errors()
        wait_until(cut_off, 60, "the slow reader's end")
        read = 0
        try:
            while slow.message():
                read += 1
        except (Closed, ConnectionResetError):
            pass
        self.assertLess(read, heights - 1)
        self.assertEqual(self.topics(quick), [])


class Heartbeats(PushCase):
    settings = {"websocket_heartbeat_ms": 10}

    def test_heartbeats(self):
        sockjs, raw = Client(self.port), self.client(sockjs=False)
        self.addCleanup(sockjs.close)
        for _ in range(3):
            self.assertEqual(sockjs.read(), (websocket.TEXT, b"h"))
        self.assertEqual(raw.settled(), [])


class Ends(PushCase):
    def test_goodbye(self):
        sockjs, raw = self.client(), self.client(sockjs=False)
        self.assertEqual(self.world.stop(), 0)
        with self.assertRaises(Closed) as caught:
            sockjs.frame()
        self.assertEqual(caught.exception.code, 3000)
        for client in (sockjs, raw):
            with self.assertRaises(Closed) as caught:
                client.read()
            self.assertEqual(caught.exception.code, 1001)

    def test_restart(self):
        client = self.client("/blocks/new")
        self.world.dev("restart", down_ms=0)
        with self.assertRaises(Closed):
            client.frame()

        def back():
            try:
                return Client(self.port)
            except (Closed, ConnectionError):
                return None
        again = wait_until(back, 10, "the same port")
        again.subscribe("/blocks/new")
        again.settled()
        self.world.blocks()
        self.assertEqual(again.settled(), [("/blocks/new", {"height": 2})])
        again.close()

    def test_a_port_in_use(self):
        other = DevNode(temp_dir(), {address("A"): XEM}, websocket_port=self.port)
        self.addCleanup(other.kill)
        with self.assertRaises(Failed):
            other.start()
        self.assertIn("port port=%d" % self.port, other.daemon.errors())


if __name__ == "__main__":
    catch_signals()
    unittest.main(verbosity=2)
