#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Goal: `kuramori nem` makes what a node takes, refuses with the exit code of its page what no node
would take, says every effect, and never lets a private key out.

Method: the real program, one command feeding the next, against real kuramori-nodes whose chain
stands at the wall clock. Keys, bytes and hashes are compared with tests/kit/nem.py, which shares
nothing with the program.
"""

import contextlib
import hashlib
import hmac
import http.server
import json
import os
import re
import stat
import sys
import threading
import time
import unicodedata
from pathlib import Path

ROOT = Path(__file__).resolve().parents[3]
sys.path.insert(0, str(ROOT / "tests/kit"))

import nem  # noqa: E402
import process  # noqa: E402
import tap  # noqa: E402
from devnode import DevNode, program  # noqa: E402
from node import NodeError  # noqa: E402

XEM = 1_000_000
folder = process.temp_dir("kn-")
names = ("alice", "bob", "carol", "till")
keys = {name: nem.KeyPair.named(name) for name in names}


def address(name):
    return keys[name].address()


def key_file(name):
    path = folder / f"{name}.key"
    if not path.exists():
        path.touch(mode=0o600)
        path.write_text(keys[name].private_hex + "\n")
    return path


def nem_seconds():
    return int(time.time()) - 1_427_587_585


def ask(*words, stdin="", code=0):
    """stdout; the exit code must be `code`. With another code than 0: stderr."""
    done = process.run([program("kuramori"), "nem", *words], expect=None, input=stdin)
    assert done.returncode == code, (words, done.returncode, done.stdout, done.stderr)
    for key in keys.values():
        assert key.private_hex not in done.stdout + done.stderr, "a private key came out"
    if code != 0:
        assert done.stderr.startswith("kuramori: "), done.stderr
        return done.stderr
    return done.stdout


def transfer(sender, recipient, amount, **more):
    return {"type": 257, "version": -1744830463, "signer": keys[sender].public_hex,
            "recipient": address(recipient), "amount": amount, "message": {}, **more}


def build(tx):
    return json.loads(ask("--json", "tx", "build", "-", stdin=json.dumps(tx)))


def sign(name, tx):
    return ask("--json", "--nem-key-file", str(key_file(name)), "tx", "sign", "-",
               stdin=tx if isinstance(tx, str) else json.dumps(tx))


def decode(text):
    return json.loads(ask("--json", "tx", "decode", "-", stdin=text))


class Chain:
    """A node whose clock is the wall's, and blocks made by a thread while `ask` waits."""

    def __init__(self, name, grants=None, start=None):
        self.node = DevNode(folder / name, grants or {address(n): 1000 * XEM for n in names},
                            start or nem_seconds() - 3600).start()
        self.node.clock(mode="real")
        self.place = f"127.0.0.1:{self.node.public.port}"

    def block(self):
        """One of the public pool, as soon as the real clock, which has one a second, has room for it."""
        def made():
            with contextlib.suppress(NodeError):
                return self.node.blocks(pool="public")
        process.wait_until(made, 30, "a block")

    def during(self, *words, stdin="", code=0):
        ended = threading.Event()

        def mine():
            while not ended.wait(0.3):
                with contextlib.suppress(NodeError):  # the real clock has room for one a second
                    self.node.blocks()
        thread = threading.Thread(target=mine)
        thread.start()
        try:
            return ask(*words, stdin=stdin, code=code)
        finally:
            ended.set()
            thread.join()


def hd_vectors():
    """(words, passphrase, network, account, public key): one of each kind in the official vectors."""
    text = (ROOT / "tests/conformance/vectors/nem_hd.inc").read_text()
    rows = re.findall(r'\{ "([^"]*)", "([^"]*)", "[0-9a-f]*", (0x\w\w), (\d), "([0-9a-f]{64})" \}', text)
    assert len(rows) == 144
    kinds = {}
    for words, passphrase, network, account, public in rows:
        kind = (len(words.split()), passphrase != "", network, account)
        kinds.setdefault(kind, (words, passphrase, {"0x68": "mainnet", "0x98": "testnet"}[network], account, public))
    assert any(passphrase for _, passphrase, *_ in kinds.values())
    return kinds.values()


@tap.test
def keys_are_made_shown_and_kept():
    path = folder / "new.key"
    made = json.loads(ask("--json", "key", "new", str(path)))
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    pair = nem.KeyPair(path.read_text().strip())
    assert made["public_key"] == pair.public_hex and made["address"] == pair.address()
    before = path.read_text()
    assert "exists" in ask("key", "new", str(path), code=1)
    assert path.read_text() == before
    assert nem.pretty(pair.address()) in ask("key", "show", str(path))
    assert json.loads(ask("--json", "key", "show", "-", stdin=before)) == made
    os.chmod(path, 0o644)
    assert "yours alone" in ask("key", "show", str(path), code=1)
    for text in ("", "00", "zz" * 32, before.strip() + "00", before.strip()[:-1]):
        assert "64 hexadecimal digits" in ask("key", "show", "-", stdin=text, code=3)
    second = folder / "second.key"
    ask("key", "new", str(second))
    assert second.read_text() != before


@tap.test
def addresses_are_checked_and_compared():
    good = address("alice")
    assert json.loads(ask("--json", "address", nem.pretty(good).lower()))["address"] == good
    assert json.loads(ask("--json", "address", keys["alice"].public_hex))["address"] == good
    main = keys["alice"].address(nem.MAINNET)
    ask("address", main, code=3)
    assert json.loads(ask("--json", "--network", "mainnet", "address", main))["address"] == main
    for bad in nem.bad_addresses(good):
        text = bad if isinstance(bad, str) else bad[0]
        if text.replace("-", "").replace(" ", "").upper() != good and text.strip() and text[0] != "-":
            ask("address", text, code=3)
    ask("address", good, nem.pretty(good))
    assert "characters differ" in ask("address", good, address("bob"), code=1)
    ask("--network", "othernet", "address", good, code=2)


@tap.test
def what_is_built_is_what_the_kit_builds():
    tx = build(transfer("alice", "bob", 5 * XEM))
    # NIS rounds to the nearest second, which may still be ahead
    assert tx["fee"] == 50_000 and -1 <= nem_seconds() - tx["timeStamp"] < 60
    assert tx["deadline"] == tx["timeStamp"] + 3600
    kit = nem.from_json({**tx})
    kit.sign(keys["alice"])
    ours = json.loads(sign("alice", tx))
    assert bytes.fromhex(ours["signature"]) == kit.signature
    seen = decode(json.dumps(ours))
    assert seen["hash"] == kit.hash().hex() and seen["signature"] == "verifies"
    moves = [(e["from"], e["to"], e["micro_xem"]) for e in seen["effects"]]
    assert moves == [(address("alice"), address("bob"), "5000000"), (address("alice"), "", "50000")]
    for form in (kit.verifiable(), kit.non_verifiable()):
        assert decode(form.hex())["hash"] == seen["hash"]
    assert decode(kit.non_verifiable().hex())["signature"] == "none"
    words = ask("tx", "decode", "-", stdin=json.dumps(ours))
    assert f"{nem.pretty(address('alice'))} loses 5.000000 XEM to {nem.pretty(address('bob'))}" in words


def say(*words, code=0):
    """tx build TYPE NAME=VALUE...: the object, or stderr."""
    out = ask("--json", "tx", "build", *words, code=code)
    return out if code != 0 else json.loads(out)


@tap.test
def every_type_is_said_in_words_too():
    chain = Chain("said")
    alice, bob, carol, till = (keys[n].public_hex for n in ("alice", "bob", "carol", "till"))

    def goes(who, tx):
        """Signed, announced, mined; and exactly what the kit reads and signs."""
        mine = nem.from_json({**tx})
        mine.sign(keys[who])
        ours = sign(who, tx)
        assert json.loads(ours)["signature"] == mine.signature.hex(), tx
        told = json.loads(chain.during("--json", "tx", "announce", "-", chain.place, stdin=ours))
        assert told["height"] > 1
        return decode(ours)["effects"]

    def same(words, tx):
        """The same as the JSON of NIS, but for the times."""
        times = {k: words[k] for k in ("timeStamp", "deadline")}
        assert build({**tx, **times}) == words, (build({**tx, **times}), words)
        return words
    plain = same(say("transfer", f"from={alice}", f"to={nem.pretty(address('bob'))}", "amount=1.5", "message=hello = you"),
                 {**transfer("alice", "bob", 1_500_000), "message": {"payload": b"hello = you".hex(), "type": 1}})
    goes("alice", plain)
    timed = say("transfer", f"from={alice}", f"to={address('bob')}", "fee=0.25", "deadline_s=600")
    assert timed["fee"] == 250_000 and timed["deadline"] == timed["timeStamp"] + 600 and timed["amount"] == 0
    effects = goes("alice", say("importance", f"from={alice}", f"remote={nem.KeyPair.named('remote').public_hex}", "mode=activate",
                                "fee=0.15"))
    assert "may harvest for" in json.dumps(effects), effects
    # a name, a name below it, a mosaic there, more of it, and some of it sent
    assert goes("bob", say("namespace", f"from={bob}", "name=shop"))
    sub = same(say("namespace", f"from={bob}", "name=shop.tokens"),
               {"type": 8193, "version": -1744830463, "signer": bob, "newPart": "tokens", "parent": "shop",
                "rentalFeeSink": NAMESPACE_SINK, "rentalFee": 10 * XEM})
    goes("bob", sub)
    goes("bob", say("mosaic", f"from={bob}", "id=shop.tokens:silver coin", "description=a = b", "supply=1000",
                    "divisibility=2", "mutable=yes", "levy=absolute", "levy_mosaic=nem:xem", "levy_fee=7",
                    f"levy_to={address('carol')}"))
    definition = chain.node.public.get("/mosaic/definition", mosaicId="shop.tokens:silver coin")
    properties = {p["name"]: p["value"] for p in definition["properties"]}
    assert properties == {"divisibility": "2", "initialSupply": "1000", "supplyMutable": "true", "transferable": "true"}
    assert definition["levy"]["fee"] == 7 and definition["levy"]["recipient"] == address("carol")
    goes("bob", say("supply", f"from={bob}", "id=shop.tokens:silver coin", "change=+50"))
    goes("bob", say("supply", f"from={bob}", "id=shop.tokens:silver coin", "change=-20"))
    assert chain.node.public.get("/mosaic/supply", mosaicId="shop.tokens:silver coin")["supply"] == 1030
    pay = ("transfer", f"from={bob}", f"to={address('alice')}", "mosaic=shop.tokens:silver coin=205", "mosaic=nem:xem=3")
    assert "fee" in say(*pay, code=3)
    goes("bob", say(*pay, "fee=1"))
    owned = chain.node.public.get("/account/mosaic/owned", address=address("alice"))["data"]
    assert 205 in [o["quantity"] for o in owned if o["mosaicId"]["name"] == "silver coin"]
    # cosigners, a payment of theirs, and consent to it
    goes("till", say("cosigners", f"from={till}", f"add={alice}", f"add={bob}", f"add={carol}", "change=+2"))
    inner = ask("--json", "tx", "build", "transfer", f"from={till}", f"to={address('carol')}", "amount=3")
    wrapper = json.loads(ask("--json", "tx", "build", "wrap", f"from={bob}", "inner=-", stdin=inner))
    assert wrapper["otherTrans"] == json.loads(inner) and wrapper["fee"] == 150_000
    ours = sign("bob", wrapper)
    ask("--wait-s", "0", "tx", "announce", "-", chain.place, stdin=ours, code=4)
    yes = say("cosign", f"from={carol}", f"payment={decode(ours)['payment']}", f"account={address('till')}")
    ask("tx", "announce", "-", chain.place, stdin=sign("carol", yes))
    before = chain.node.public.balance(address("till"))
    chain.block()
    assert chain.node.public.balance(address("till")) == before - 3 * XEM - 50_000 - 2 * 150_000
    fewer = say("cosigners", f"from={till}", f"remove={carol}", "change=-1", "fee=0.5")
    assert fewer["minCosignatories"] == {"relativeChange": -1}
    chain.node.stop()


@tap.test
def words_that_say_nothing_are_named():
    alice, bob = keys["alice"].public_hex, address("bob")
    good = ["transfer", f"from={alice}", f"to={bob}", "amount=1"]
    say(*good)
    for change, words, code in (
            (["what", *good[1:]], "TYPE", 2), (good[:1] + good[2:], "from: is missing", 2),
            (good[:2] + good[3:], "to: is missing", 2), (good + ["amount=1"], "amount: stands twice", 2),
            (good + ["amont=1"], "amont=1: no word", 2), (good + ["amount"], "NAME=VALUE", 2),
            (good + ["mosaic=nem:xem=1"], "amount: not beside mosaic", 2),
            (good[:3] + ["mosaic=nem:xem"], "mosaic", 3), (good[:3] + ["mosaic=nem=1"], "mosaic", 3),
            (good[:3] + ["mosaic=nem:xem=-1"], "mosaic", 3), (good[:3] + ["mosaic=nem:xem=9223372036854775808"], "mosaic", 3),
            (good + ["message=a", "encrypted=00"], "message", 2), (good + ["encrypted=zz"], "payload", 3),
            (good + ["message=" + "x" * 1025], "message", None), (good + ["fee=-1"], "fee", 3),
            (good + ["deadline_s=86401"], "deadline_s", 3), (good + ["deadline_s="], "deadline_s", 3),
            (["transfer", "from=00", f"to={bob}"], "from", 3), (["transfer", f"from={alice}", "to=TALICE"], "to", 3),
            (["importance", f"from={alice}", f"remote={alice}", "mode=on"], "mode", 3),
            (["cosigners", f"from={alice}", f"add={alice}", "change=99"], "change", 3),
            (["cosigners", f"from={alice}", "add=x"], "add", 3),
            (["wrap", f"from={alice}", f"inner={folder / 'nothing'}"], "nothing", 1),
            (["cosign", f"from={alice}", "payment=00", f"account={bob}"], "payment", 3),
            (["namespace", f"from={alice}", "name=UPPER"], "name", 3), (["namespace", f"from={alice}", "name=a..b"], "name", 3),
            (["mosaic", f"from={alice}", "id=a:b", "description=x", "supply=1", "levy=absolute"], "levy", 2),
            (["mosaic", f"from={alice}", "id=a:b", "description=x", "supply=1", "levy_fee=1"], "levy", 2),
            (["mosaic", f"from={alice}", "id=a:b", "description=x", "supply=1", "divisibility=7"], "divisibility", 3),
            (["mosaic", f"from={alice}", "id=a:b", "description=x", "supply=1", "mutable=maybe"], "mutable", 3),
            (["mosaic", f"from={alice}", "id=ab", "description=x", "supply=1"], "id", 3),
            (["supply", f"from={alice}", "id=a:b", "change=5"], "change", 3),
            (["supply", f"from={alice}", "id=a:b", "change=+x"], "change", 3)):
        done = process.run([program("kuramori"), "nem", "tx", "build", *change], expect=None)
        assert done.returncode == code or (code is None and done.returncode in (1, 3)), (change, done)
        assert words in done.stderr and done.stdout == "", (change, done)
    for amount in ("", ".", "1.", ".5", "1.0000001", "-1", "+1", "1e3", "9000000000", "1,5", "0x1", " 1", "1" * 40):
        assert "amount" in say(*good[:3], f"amount={amount}", code=3)
    for amount, micro in (("0", 0), ("0.000001", 1), ("8999999999", 8999999999 * XEM), ("007.10", 7_100_000)):
        assert say(*good[:3], f"amount={amount}")["amount"] == micro


@tap.test
def entries_are_put_in_order():
    entries = [{"modificationType": 1, "cosignatoryAccount": keys[n].public_hex}
               for n in ("carol", "bob", "alice")]
    for order in (entries, entries[::-1], entries[1:] + entries[:1]):
        tx = build({"type": 4097, "version": -1744830462, "signer": keys["till"].public_hex,
                    "modifications": order, "minCosignatories": {"relativeChange": 2}})
        got = [nem.KeyPair.named(n).public_hex for n in names]
        listed = [m["cosignatoryAccount"] for m in tx["modifications"]]
        where = {keys[n].public_hex: address(n) for n in names}
        assert listed == sorted(listed, key=where.get) and set(listed) < set(got)
        assert tx["fee"] == 500_000


@tap.test
def what_does_not_verify_is_refused():
    ours = json.loads(sign("alice", build(transfer("alice", "bob", XEM))))
    ask("tx", "verify", "-", stdin=json.dumps(ours))
    for change in ({"amount": XEM + 1}, {"fee": 60_000}, {"recipient": address("carol")},
                   {"signature": "00" * 64}, {"signer": keys["bob"].public_hex}):
        ask("tx", "verify", "-", stdin=json.dumps({**ours, **change}), code=1)
    unsigned = {k: v for k, v in ours.items() if k != "signature"}
    ask("tx", "verify", "-", stdin=json.dumps(unsigned), code=1)
    assert "not the key" in ask("--nem-key-file", str(key_file("bob")), "tx", "sign", "-",
                                stdin=json.dumps(unsigned), code=3)
    ask("tx", "sign", "-", stdin=json.dumps(unsigned), code=2)
    ask("--nem-key-file", "-", "tx", "sign", "-", stdin=json.dumps(unsigned), code=2)
    low = {**unsigned, "fee": 49_999}
    assert "least" in ask("--nem-key-file", str(key_file("alice")), "tx", "sign", "-",
                          stdin=json.dumps(low), code=3)
    high = process.run([program("kuramori"), "nem", "--nem-key-file", str(key_file("alice")), "tx", "sign",
                        "-"], input=json.dumps({**unsigned, "fee": 5 * XEM}))
    assert "5000000 micro-XEM" in high.stderr


@tap.test
def hostile_input_is_refused_with_a_reason():
    ours = sign("alice", build(transfer("alice", "bob", XEM, message={"payload": "00ff", "type": 1})))
    kit = nem.from_json(json.loads(ours)).verifiable() if "payload" in ours else b""
    assert len(kit) > 150
    for cut in range(0, len(kit), 7):
        ask("tx", "decode", "-", stdin=kit[:cut].hex(), code=3)
    for text in ("", "{", "[]", "{}", "null", "0", "zz", '{"type":257}', "{" * 5000, '{"a":1,"a":1}',
                 ours.replace("257", "999"), ours.replace(address("bob"), address("bob")[:-1]),
                 "0" * 300_000):
        ask("tx", "decode", "-", stdin=text, code=3)
    for key in ("signer", "recipient", "amount", "type", "version"):
        broken = json.loads(ours)
        del broken[key]
        assert key in ask("tx", "decode", "-", stdin=json.dumps(broken), code=3)
    ask("tx", "decode", str(folder / "nothing"), code=1)
    for words in ([], ["what"], ["tx"], ["tx", "what"], ["key"], ["node"], ["node", "status"], ["tx", "decode"],
                  ["multisig"], ["tx", "announce", "-"], ["key", "new"]):
        ask(*words, code=2)
    for word in ("tx", "node", "message", "tag", "multisig"):
        assert f"it is: kuramori nem {word} " in ask(word, code=2)


@tap.test
def a_payment_goes_all_the_way():
    chain = world["chain"]
    ours = sign("alice", build(transfer("alice", "bob", 7 * XEM)))
    told = json.loads(chain.during("--json", "tx", "announce", "-", chain.place, stdin=ours))
    assert told["hash"] == decode(ours)["hash"] and told["height"] > 1
    assert chain.node.public.account(address("bob"))["account"]["balance"] == 1007 * XEM
    # again: the chain says where it stands, and nobody is asked to take it
    assert json.loads(ask("--json", "tx", "announce", "-", chain.place, stdin=ours)) == told
    assert chain.node.public.account(address("bob"))["account"]["balance"] == 1007 * XEM
    much = sign("alice", build(transfer("alice", "bob", 5000 * XEM)))
    assert "FAILURE_INSUFFICIENT_BALANCE" in ask("tx", "announce", "-", chain.place, stdin=much, code=1)
    spoiled = json.dumps({**json.loads(ours), "amount": 8 * XEM})
    ask("tx", "announce", "-", chain.place, stdin=spoiled, code=1)
    late = sign("alice", build(transfer("alice", "bob", XEM)))
    assert "do not send another" in ask("--wait-s", "1", "tx", "announce", "-", chain.place, stdin=late,
                                        code=4)
    ask("tx", "announce", "-", "127.0.0.1:1", stdin=ours, code=4)


@tap.test
def cosigners_see_what_waits_for_them():
    chain = world["chain"]
    till = address("till")
    assert "no multisig" in ask("multisig", "status", till, chain.place)
    make = build({"type": 4097, "version": -1744830462, "signer": keys["till"].public_hex,
                  "modifications": [{"modificationType": 1, "cosignatoryAccount": keys[n].public_hex}
                                    for n in ("alice", "bob", "carol")],
                  "minCosignatories": {"relativeChange": 2}})
    chain.during("tx", "announce", "-", chain.place, stdin=sign("till", make))
    words = ask("multisig", "status", till, chain.place)
    assert "needs 2 of 3" in words and "nothing waits" in words
    wrapper = build({"type": 4100, "version": -1744830463, "signer": keys["alice"].public_hex,
                     "otherTrans": transfer("till", "carol", 3 * XEM)})
    assert wrapper["fee"] == 150_000 and wrapper["otherTrans"]["fee"] == 50_000
    signed = sign("alice", wrapper)
    inner = decode(signed)
    ask("--wait-s", "0", "tx", "announce", "-", chain.place, stdin=signed, code=4)
    state = json.loads(ask("--json", "multisig", "status", till, chain.place))
    one, = state["waiting"]
    assert one["payment"] == inner["payment"] and one["signed"] == [address("alice")]
    assert sorted(one["missing"]) == sorted([address("bob"), address("carol")])
    assert one["initiator"] == address("alice") and one["nodes"] == [chain.place]
    # It stands in one pool of three; and a node that lies about the account is outvoted and named.
    port = chain.node.clean.port
    clean, third = f"127.0.0.1:{port}", f"localhost:{port}"
    words = ask("multisig", "status", till, clean, third, chain.place)
    assert f"only in the pool of {chain.place}" in words and f"proposed by {address('alice')}" in words
    for lie in ({"kind": "lie", "lie": "empty"}, {"kind": "garbage"}, {"kind": "drop"}, {"kind": "truncated"}):
        chain.node.dev("fault", port="public", path="/account/get", **lie)
        done = process.run([program("kuramori"), "nem", "multisig", "status", till, chain.place, clean, third])
        assert "needs 2 of 3" in done.stdout and chain.place in done.stderr, (lie, done)
        ask("--agree", "3", "multisig", "status", till, chain.place, clean, third, code=4)
        ask("multisig", "status", till, chain.place, clean, code=4)
    chain.node.dev("fault", port="public", kind="none")
    ask("multisig", "status", till, chain.place, chain.place, code=2)
    yes = build({"type": 4098, "version": -1744830463, "signer": keys["bob"].public_hex,
                 "otherHash": {"data": inner["payment"]}, "otherAccount": till})
    ask("tx", "announce", "-", chain.place, stdin=sign("bob", yes))
    before = chain.node.public.account(address("carol"))["account"]["balance"]
    chain.block()
    assert chain.node.public.account(address("carol"))["account"]["balance"] == before + 3 * XEM
    assert "nothing waits" in ask("multisig", "status", till, chain.place)


@tap.test
def an_account_is_not_to_be_funded_before_its_control_is_final():
    node = DevNode(folder / "depth", {address(n): 1000 * XEM for n in names}, name="depth").start()
    till, place, clean = address("till"), f"127.0.0.1:{node.public.port}", f"127.0.0.1:{node.clean.port}"

    def final(*places):
        words = ask("multisig", "status", till, *places)
        told = json.loads(ask("--json", "multisig", "status", till, *places))["control_final"]
        assert told == ("can no longer be undone" in words) != ("put no coins there yet" in words), words
        return told
    make = nem.Modification(keys["till"].public, [(nem.ADD, keys[n]) for n in ("alice", "bob", "carol")], 2,
                            timestamp=node.now())
    assert node.given([make.sign(keys["till"])])["code"] == 1
    assert not final(place)
    node.blocks(359)
    assert not final(place)
    assert "359 blocks ago" in ask("multisig", "status", till, place)
    node.blocks(1)
    assert final(place) and final(place, clean)
    # a node that hides what it knows makes nobody sure
    node.dev("fault", port="public", path="/account/transfers/all", kind="lie", lie="empty")
    assert not final(place) and not final(clean, place) and final(clean)
    node.dev("fault", port="public", path="/account/transfers/all", kind="none")
    # other payments of its page are no change of its control; a change by its cosigners is one
    pay = nem.Transfer(keys["bob"].public, till, XEM, 50_000, node.now(), node.now() + 3600)
    assert node.given([pay.sign(keys["bob"])])["code"] == 1
    assert final(place)
    inner = nem.Modification(keys["till"].public, [(nem.DELETE, keys["carol"])], 0, timestamp=node.now())
    wrapper = nem.Multisig(keys["alice"].public, inner, [], 150_000).sign(keys["alice"])
    wrapper.cosignatures.append(nem.Cosignature(keys["bob"].public, inner.hash(), till, 150_000, inner.timestamp,
                                                inner.deadline).sign(keys["bob"]))
    assert node.given([wrapper])["code"] == 1
    assert not final(place)
    node.stop()


@tap.test
def nodes_are_held_against_each_other():
    chain = world["chain"]
    grants = {address("bob"): 5 * XEM}
    start = nem_seconds() - 7200
    same = [Chain(f"same{i}", grants, start) for i in range(2)]
    other = Chain("other", grants, start + 1)
    places = [one.place for one in same]
    own = json.loads(ask("--json", "node", "status", chain.place))
    assert own["hash"] == chain.node.public.last_block().hash().hex() and own["agree"] == 1
    assert abs(own["clock_behind_ms"]) < 5000
    assert "2 of 2 agree: block 1 is" in ask("node", "status", *places)

    def status(*words, code):
        done = process.run([program("kuramori"), "nem", "--json", *words], expect=None)
        assert done.returncode == code, done
        return json.loads(done.stdout), done.stderr
    told, errors = status("node", "status", *places, other.place, code=1)
    assert [n["standing"] for n in told["nodes"]] == ["agrees", "agrees", "another hash at an agreed height"]
    assert other.place in errors and told["hash"] == same[0].node.nemesis.hex()
    told, errors = status("--agree", "3", "node", "status", *places, other.place, code=1)
    assert told["hash"] is None and "believe none" in errors
    told, errors = status("node", "status", *places, "127.0.0.1:1", code=4)
    assert told["hash"] is not None and told["nodes"][2]["standing"] == "no answer in time"
    status("node", "status", places[0], "127.0.0.1:1", code=4)
    ask("--agree", "2", "node", "status", places[0], code=2)
    assert "named twice" in ask("node", "status", places[0], places[0], code=2)
    same[0].node.clock(mode="demand")
    same[0].node.clock(advance_s=60)
    assert "clock" in ask("node", "status", places[0], code=1)
    for one in (*same, other):
        one.node.stop()


@tap.test
def a_liar_among_three_changes_nothing():
    """Two honest nodes of one chain and one that takes everything and puts it nowhere."""
    grants = {address("alice"): 50 * XEM}
    start = nem_seconds() - 7200
    honest = [Chain(f"honest{i}", grants, start) for i in range(2)]
    liar = Chain("liar", grants, start)
    places = [one.place for one in (*honest, liar)]
    signed = sign("alice", build(transfer("alice", "bob", 2 * XEM)))
    # only the liar says that it stands in a block
    liar.node.public.announce(nem.from_json(json.loads(signed)))
    liar.node.clock(mode="demand")
    liar.node.blocks(2)
    assert liar.node.public.account(address("bob"))["account"]["balance"] == 2 * XEM
    assert "do not send another" in ask("--wait-s", "1", "tx", "announce", "-", *places, stdin=signed, code=4)
    # who believes one of three believes the liar
    told = json.loads(ask("--json", "--agree", "1", "--wait-s", "1", "tx", "announce", "-", *places, stdin=signed))
    assert told["height"] in (2, 3)
    # the honest ones make the same block each, and the liar's stands alone
    for one in honest:
        one.node.clock(mode="demand")
    block = nem_seconds() + 30
    for one in honest:
        one.node.clock(set_nem_s=block)
        one.node.blocks()
    heights = {one.node.public.height() for one in honest}
    tops = {one.node.public.last_block().hash() for one in honest}
    assert len(heights) == len(tops) == 1, (heights, tops)
    told = json.loads(ask("--json", "--wait-s", "5", "tx", "announce", "-", *places, stdin=signed))
    assert told["height"] == 2
    done = process.run([program("kuramori"), "nem", "--wait-s", "0", "tx", "announce", "-", *places], input=signed)
    assert f"{liar.place}: another hash" in done.stderr, done
    # also when the liar is the first to answer
    assert json.loads(ask("--json", "tx", "announce", "-", *places[::-1], stdin=signed))["height"] == 2
    for one in (*honest, liar):
        one.node.stop()


@tap.test
def a_balance_is_that_of_most_nodes():
    chain = world["chain"]
    port = chain.node.clean.port
    three = [f"127.0.0.1:{port}", f"localhost:{port}", chain.place]
    real = chain.node.public.balance(address("carol"))
    height = chain.node.public.height()
    fault = lambda **f: chain.node.dev("fault", port="public", path="/account/get", **f)
    told = json.loads(ask("--json", "account", address("carol"), *three))
    assert told == {"address": address("carol"), "agree": 2, "height": height, "micro_xem": str(real)}
    fault(kind="lie", lie="balance", by=10 ** 9)
    for order in (three, three[::-1], three[1:] + three[:1]):
        done = process.run([program("kuramori"), "nem", "account", nem.pretty(address("carol")), *order])
        assert f"has {real / XEM:,.6f} XEM after block {height}; 2 of 3 agree" in done.stdout, done
        assert f"{chain.place}: another balance at an agreed height" in done.stderr, done
    ask("account", address("carol"), *three[1:], code=1)  # one against one
    ask("--agree", "3", "account", address("carol"), *three, code=1)
    for kind in ("garbage", "truncated", "drop", "unavailable"):
        fault(kind=kind)
        assert json.loads(ask("--json", "account", address("carol"), *three)) == told
        ask("account", address("carol"), chain.place, code=1)
    fault(kind="none")
    # one that is ahead of the others says of another block: it is not counted, nor blamed
    chain.node.dev("fault", port="public", path="/chain/height", kind="lie", lie="height", by=3)
    assert json.loads(ask("--json", "account", address("carol"), *three)) == told
    chain.node.dev("fault", port="public", kind="none")
    ask("account", address("carol")[:-1], *three, code=3)
    ask("account", address("carol"), code=2)


@tap.test
def what_can_no_longer_stand_in_a_block_is_said_to_be_dead():
    chain = Chain("late", {address("alice"): 50 * XEM})
    signed = sign("alice", build(transfer("alice", "bob", XEM)))
    ask("--wait-s", "0", "tx", "announce", "-", chain.place, stdin=signed, code=4)
    chain.node.dev("drop-pool", pool="public")
    chain.node.dev("drop-pool", pool="clean")
    chain.node.clock(mode="demand")
    chain.node.clock(advance_s=4000)
    chain.node.blocks()
    assert "beyond its deadline" in ask("tx", "announce", "-", chain.place, stdin=signed, code=1)
    chain.node.stop()


def derived(words, passphrase):
    """The public key at m/44'/1'/0'/0'/0', by Python's own PBKDF2, HMAC and Unicode."""
    form = lambda text: unicodedata.normalize("NFKD", text).encode()
    seed = hashlib.pbkdf2_hmac("sha512", form(words), b"mnemonic" + form(passphrase), 2048)
    node = hmac.digest(b"ed25519-keccak seed", seed, "sha512")
    for index in (44, 1, 0, 0, 0):
        node = hmac.digest(node[32:], b"\0" + node[:32] + (0x80000000 | index).to_bytes(4, "big"), "sha512")
    return nem.KeyPair(node[:32][::-1].hex()).public_hex


@tap.test
def words_give_the_keys_of_other_wallets():
    """The words of the official HD vectors; what they give is in tests/conformance/vectors/nem_hd.inc."""
    for row, (words, passphrase, network, account, public) in enumerate(hd_vectors()):
        out, secret = folder / f"derived{row}", folder / f"passphrase{row}"
        secret.touch(mode=0o600)
        secret.write_text(passphrase + "\n")
        told = json.loads(ask("--json", "--network", network, "--account", account, "--passphrase-file", str(secret),
                              "key", "derive", "-", str(out), stdin=words + "\n"))
        assert told["public_key"] == public == nem.KeyPair(out.read_text().strip()).public_hex
        assert stat.S_IMODE(out.stat().st_mode) == 0o600
    new = folder / "words"
    ask("key", "words", str(new))
    assert stat.S_IMODE(new.stat().st_mode) == 0o600 and len(new.read_text().split()) == 24
    assert "exists" in ask("key", "words", str(new), code=1)
    first = json.loads(ask("--json", "key", "derive", str(new), str(folder / "d1")))
    secret = folder / "passphrase"
    secret.touch(mode=0o600)
    secret.write_text("open sesame\n")
    second = json.loads(ask("--json", "--passphrase-file", str(secret), "key", "derive", str(new),
                            str(folder / "d2")))
    assert first["address"] != second["address"]
    # BIP39 normalises by NFKD: the same words on another keyboard are the same account
    for row, phrase in enumerate(("caf\u00e9", "cafe\u0301", "\u334d\u30ac\u30d0\u30f4\u30a1\u3071\u3070\u3050\u309e\u3061\u3062"
                                  "\u5341\u4eba\u5341\u8272", "\u84b8 \uff76\uff9e \u2460", "\u00e9" * 85)):
        secret.write_text(phrase + "\n")
        told = json.loads(ask("--json", "--passphrase-file", str(secret), "key", "derive", str(new),
                              str(folder / f"nfkd{row}")))
        assert told["public_key"] == derived(new.read_text().strip(), phrase), phrase
    for bad in (b"a\xe3\x81", b"\xff", b"a\x7f", b"a\tb", ("\u00e9" * 86).encode(), ("\ufdfa" * 20).encode()):
        secret.write_bytes(bad + b"\n")
        assert "UTF-8" in ask("--passphrase-file", str(secret), "key", "derive", str(new), str(folder / "d3"), code=3), bad
    assert "checksum" in ask("key", "derive", "-", str(folder / "d4"), stdin=" ".join(["abandon"] * 12), code=3)
    words = " ".join(["abandon"] * 11 + ["about"])
    for text in ("", "abandon", "abandon " * 12, words.upper(), words + " " + words, words.replace(" ", "  ", 1),
                 "x" * 10_000):
        ask("key", "derive", "-", str(folder / "d5"), stdin=text, code=3)
    assert not (folder / "d5").exists()
    ask("--network", "mijin", "key", "derive", "-", str(folder / "d6"), stdin=words, code=3)
    os.chmod(new, 0o640)
    ask("key", "derive", str(new), str(folder / "d7"), code=1)


@tap.test
def messages_are_read_by_the_two_accounts_alone():
    alice, bob = keys["alice"].public_hex, keys["bob"].public_hex
    for cipher, head in (("new", 28), ("old", 48)):
        payload = ask("--nem-key-file", str(key_file("alice")), "--cipher", cipher, "message", "encrypt", bob, "-",
                      stdin="to bob \x1b[2Jalone").strip()
        assert len(bytes.fromhex(payload)) > head
        assert payload != ask("--nem-key-file", str(key_file("alice")), "--cipher", cipher, "message", "encrypt", bob,
                              "-", stdin="to bob \x1b[2Jalone").strip()
        for who, other in (("bob", alice), ("alice", bob)):
            told = json.loads(ask("--json", "--nem-key-file", str(key_file(who)), "message", "decrypt", other, "-",
                                  stdin=payload))
            assert told == {"text_hex": b"to bob \x1b[2Jalone".hex(), "cipher": cipher}
        assert ask("--nem-key-file", str(key_file("bob")), "message", "decrypt", alice, "-", stdin=payload) == \
            "to bob ?[2Jalone\n"
        # it travels in a transaction as type 2
        tx = build(transfer("alice", "bob", XEM, message={"payload": payload, "type": 2}))
        assert decode(sign("alice", tx))["transaction"]["message"] == {"payload": payload, "type": 2}
    new = ask("--nem-key-file", str(key_file("alice")), "message", "encrypt", bob, "-", stdin="x").strip()
    for name, other, text in (("carol", alice, new), ("bob", bob, new), ("bob", alice, new[:-2]), ("bob", alice, ""),
                              ("bob", alice, "00" * 1025), ("bob", alice, "zz"), ("bob", "01" + "00" * 31, new)):
        ask("--nem-key-file", str(key_file(name)), "message", "decrypt", other, "-", stdin=text, code=3)
    ask("--nem-key-file", str(key_file("bob")), "message", "encrypt", address("alice"), "-", stdin="x", code=3)
    ask("--nem-key-file", str(key_file("bob")), "message", "encrypt", alice, "-", stdin="x" * 997, code=3)
    ask("--nem-key-file", str(key_file("bob")), "message", "encrypt", alice, "-", stdin="", code=3)
    ask("--nem-key-file", str(key_file("bob")), "--cipher", "rot13", "message", "encrypt", alice, "-", stdin="x", code=2)
    ask("message", "encrypt", alice, "-", stdin="x", code=2)
    ask("--nem-key-file", "-", "message", "encrypt", alice, "-", stdin="x", code=2)


# The account that rental fees go to (src/chain/nem/nem_mosaic.c has its key).
NAMESPACE_SINK = "TAMESPACEWH4MKFMBCVFERDPOOP4FK7MTDJEYP35"


def rent(chain, who, root):
    chain.during("tx", "announce", "-", chain.place, stdin=sign(who, build(
        {"type": 8193, "version": -1744830463, "signer": keys[who].public_hex, "newPart": root, "parent": None,
         "rentalFeeSink": NAMESPACE_SINK, "rentalFee": 100 * XEM})))


def mint(chain, who, mosaic):
    chain.during("tx", "announce", "-", chain.place, stdin=sign(who, ask(
        "tag", "define", keys[who].public_hex, mosaic, "9000", "do not accept: stolen")))


def give(chain, who, mosaic, to):
    chain.during("tx", "announce", "-", chain.place,
                 stdin=sign(who, ask("tag", "build", mosaic, address(to), chain.place)))


@tap.test
def a_tag_is_believed_by_its_creators_key_alone():
    chain = Chain("tags")
    taggers = folder / "taggers"

    def trust(*lines):
        taggers.write_text("# whose tags we believe\n\n" + "".join(line + "\n" for line in lines))

    def read(who, code=0):
        out = ask("--json", "--tagger-file", str(taggers), "tag", "read", address(who), chain.place, code=code)
        return out if code != 0 else [(t["mosaic"], t["verdict"]) for t in json.loads(out)["tags"]]
    real, twin, near = "marks:stolen_funds_do_not_accept", "narks:stolen_funds_do_not_accept", "marks2:stolen_funds_do_not_acept"
    trust(f"{keys['alice'].public_hex} stolen established {real}")
    assert read("bob") == []
    rent(chain, "alice", "marks")
    mint(chain, "alice", real)
    give(chain, "alice", real, "bob")
    assert read("bob") == [(real, "in effect")] and read("carol") == []
    words = ask("--tagger-file", str(taggers), "tag", "read", address("bob"), chain.place)
    assert "in effect" in words and "not transferable" in words and "sent by the creator" in words
    # one of three nodes hides what came in, or what is owned: outvoted, and named; two of three do not
    port = chain.node.clean.port
    three = [chain.place, f"127.0.0.1:{port}", f"localhost:{port}"]
    for path in ("/account/transfers/incoming", "/account/mosaic/owned"):
        chain.node.dev("fault", port="public", path=path, kind="lie", lie="empty")
        done = process.run([program("kuramori"), "nem", "--tagger-file", str(taggers), "tag", "read",
                            address("bob"), *three])
        assert "in effect" in done.stdout and f"{chain.place}: says something else" in done.stderr, done
        ask("--tagger-file", str(taggers), "tag", "read", address("bob"), *three[:2], code=1)
        chain.node.dev("fault", port="public", path=path, kind="none")
    # a namesake of another creator, and a name that only looks the same
    rent(chain, "carol", "narks")
    mint(chain, "carol", twin)
    give(chain, "carol", twin, "till")
    assert read("till") == [(twin, "look-alike")]
    rent(chain, "carol", "marks2")
    mint(chain, "carol", near)
    give(chain, "carol", near, "till")
    assert sorted(read("till")) == sorted([(twin, "look-alike"), (near, "look-alike")])
    # the reader who trusts the wrong key, no key, and an exchange that was tagged
    trust(f"{keys['carol'].public_hex} stolen established {real}")
    assert read("bob") == [(real, "look-alike")]
    trust(f"unknown thief inferred {real}")
    assert read("bob") == [(real, "unproven")]
    trust(f"{keys['alice'].public_hex} stolen established {real}", f"service {address('bob')}")
    assert read("bob") == [(real, "mistaken")]
    # sent back: only to its creator can it go
    back = build({"type": 257, "version": -1744830462, "signer": keys["bob"].public_hex, "recipient": address("alice"),
                  "amount": XEM, "message": {}, "fee": 50_000,
                  "mosaics": [{"mosaicId": {"namespaceId": "marks", "name": "stolen_funds_do_not_accept"}, "quantity": 1}]})
    chain.during("tx", "announce", "-", chain.place, stdin=sign("bob", back))
    assert read("bob") == [(real, "lifted")]
    for bad in ("x", f"{keys['alice'].public_hex} lost established {real}", f"00 stolen established {real}",
                f"unknown stolen inferred {real[:5]}", f"unknown stolen maybe {real}", "service TALICE", "service"):
        trust(bad)
        assert f"{taggers}:3: " in read("bob", code=3)
    trust()
    read("bob", code=3)
    ask("tag", "read", address("bob"), chain.place, code=2)
    ask("tag", "build", "marks:nothing", address("bob"), chain.place, code=1)
    ask("tag", "build", real, address("alice"), chain.place, code=1)
    ask("tag", "build", "nem:xem", address("bob"), chain.place, code=3)
    ask("tag", "define", keys["alice"].public_hex, real, "0", "x", code=3)
    chain.node.stop()


@tap.test
def what_a_stolen_key_is_worth_is_as_the_page_says():
    page = (ROOT / "docs/nem-wallets.md").read_text()
    shown = re.findall(r"^    \$ kuramori nem (loss .*)\n((?:    .*\n)+)", page, re.M)
    assert len(shown) >= 6, "the page has lost its tables"
    for words, table in shown:
        assert ask(*words.split()) == re.sub(r"^    ", "", table, flags=re.M), words
    # the same for programs, and its parts add up
    got = json.loads(ask("--json", "loss", "till", "5000000000", "live:10000000", "settled:25000000"))
    assert (got["kind"], got["holders"], got["needed"], got["balance"]) == ("till", 3, 2, "5000000000")
    by = {(row["keys"], row["own_blocks"]): row for row in got["losses"]}
    assert len(by) == len(got["losses"]) == 8
    for row in got["losses"]:
        assert int(row["total"]) == sum(int(row[part]) for part in ("burnt", "taken", "repeated"))
    assert by["a", False]["by"] == "raise" and by["a", False]["total"] == "999850000"
    assert by["b", False]["by"] == "rewrap" and by["b", True]["by"] == "repeat"
    assert by["r", True]["total"] == by["a,b", True]["total"] == "5000000000"
    for words, code in (((), 2), (("till",), 2), (("vault", "1"), 2), (("till", "-1"), 2), (("till", "+1"), 3), (("till", "1.5"), 3),
                        (("till", "9000000000000000"), 3), (("till", "1", "live"), 2), (("till", "1", "live:x"), 3),
                        (("till", "1", "dead:1"), 2), (("till", "349999", "live:all"), 1),
                        (("till", "1", *["live:1"] * 70), 2)):
        ask("loss", *words, code=code)


@tap.test
def a_server_that_is_no_node_is_named():
    class Liar(http.server.BaseHTTPRequestHandler):
        def do_GET(self):
            self.send_response(200)
            self.end_headers()
            self.wfile.write(b'{"height":-1,"sendTimeStamp":9e99,"transactions":[' + b"7," * 1000)

        do_POST = do_GET

        def log_message(self, *_):
            pass
    server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Liar)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    place = f"127.0.0.1:{server.server_address[1]}"
    for words in (["node", "status", place], ["multisig", "status", address("till"), place]):
        done = process.run([program("kuramori"), "nem", *words], expect=None)
        assert done.returncode == 4 and place in done.stderr, done
    ours = sign("alice", build(transfer("alice", "bob", XEM)))
    assert place in ask("tx", "announce", "-", place, stdin=ours, code=4)
    server.shutdown()


world = {}


def start():
    world["chain"] = Chain("chain")


def end():
    world["chain"].node.stop()


if __name__ == "__main__":
    tap.run(start, end)
