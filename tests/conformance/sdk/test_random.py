# SPDX-License-Identifier: Apache-2.0
"""Goal: the kit's Python and our C, written apart from each other, agree on every NEM transaction.

Method: random transactions and blocks of every type, with names, messages and numbers at their
limits, plain and in a multisig: C makes the kit's bytes, hash, signature, least fee and JSON from
the kit's JSON, and the other way round.  Then damaged bytes: what one accepts the other accepts,
as the same transaction.  The seed is printed; KURAMORI_SEED sets it.
"""

import json
import os
import random
import subprocess
import sys
import unittest
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[2] / "kit"))

import nem  # noqa: E402
import nem_types  # noqa: E402

TOOL = sys.argv.pop(1)
SEED = int(os.environ.get("KURAMORI_SEED", "1"))
COUNT = 260
KEYS = [nem.KeyPair.named(f"random {i}") for i in range(12)]
NETWORKS = (nem.MAINNET, nem.TESTNET, nem.MIJIN)
LOWER = "abcdefghijklmnopqrstuvwxyz0123456789"


class Make:
    """Random valid transactions."""

    def __init__(self, rng, network):
        self.rng, self.network = rng, network

    def number(self, most):
        """Small, at the end, or anything: numbers of every length are equally likely."""
        kind = self.rng.randrange(8)
        return (0, 1, most, most - 1)[kind] if kind < 4 \
            else self.rng.randrange(1 << self.rng.randrange(1, 64)) % (most + 1)

    def part(self, most):
        size = self.rng.choice((1, 2, 5, most))
        return self.rng.choice(LOWER) + "".join(self.rng.choice(LOWER + "-_")
                                                for _ in range(size - 1))

    def space(self):
        parts = [self.part(16)] + [self.part(46) for _ in range(self.rng.randrange(3))]
        return ".".join(parts)

    def name(self):
        words = ["".join(self.rng.choice(LOWER + "'-_") for _ in range(self.rng.randrange(1, 7)))
                 for _ in range(self.rng.randrange(1, 5))]
        return (self.rng.choice(LOWER) + " ".join(words))[:32].strip()

    def identity(self):
        return ("nem", "xem") if self.rng.random() < 0.25 else (self.space(), self.name())

    def address(self):
        return self.rng.choice(KEYS).address(self.network)

    def text(self):
        alphabet = self.rng.choice(("abc ", "é金\U0001fa99x", LOWER + "\"\\/\t<>&\x7f\x01"))
        while True:
            out = "".join(self.rng.choice(alphabet) for _ in range(
                self.rng.choice((1, 3, 40, 250))))
            try:
                nem_types.check_description(out)
                return out
            except nem.Malformed:
                continue

    def head(self):
        return {"timestamp": self.number((1 << 31) - 1), "deadline": self.number((1 << 31) - 1),
                "fee": self.number(nem_types.LONG_MAX), "network": self.network}

    def plain(self, kind, signer):
        rng, head = self.rng, self.head()
        if kind in ("transfer", "mosaics"):
            message = rng.randbytes(rng.choice((0, 0, 1, 31, 32, 1023, 1024)))
            mosaics = []
            if kind == "mosaics":
                mosaics = [(*self.identity(), self.number(nem_types.LONG_MAX))
                           for _ in range(rng.randrange(13))]
                mosaics = list({m[:2]: m for m in mosaics}.values())
                rng.shuffle(mosaics)
            return nem.Transfer(signer, self.address(), self.number(nem_types.LONG_MAX),
                                message=message, message_type=rng.choice((1, 2)),
                                mosaics=mosaics, version=2 if kind == "mosaics" else 1, **head)
        if kind == "modification":
            keys = rng.sample(KEYS, rng.randrange(1, len(KEYS)))
            version = rng.choice((1, 2))
            change = None if version == 1 or rng.random() < 0.3 \
                else rng.choice((0, 1, -1, 32, (1 << 31) - 1, -(1 << 31)))
            return nem.Modification(signer, [(rng.choice((1, 2)), k) for k in keys], change,
                                    version=version, **head)
        if kind == "importance":
            return nem_types.Importance(signer, rng.choice((1, 2)), rng.choice(KEYS), **head)
        if kind == "namespace":
            return nem_types.Namespace(signer, self.address(), self.number(nem_types.LONG_MAX),
                                       self.part(64), rng.choice((None, self.space())), **head)
        if kind == "definition":
            divisibility = rng.randrange(7)
            levy = None if rng.random() < 0.4 else (
                rng.choice((1, 2)), self.address(), self.identity(),
                self.number(nem_types.LONG_MAX))
            return nem_types.Definition(
                signer, (self.space(), self.name()), self.text(), self.address(),
                self.number(nem_types.LONG_MAX), divisibility,
                self.number(nem_types.QUANTITY_MAX // 10 ** divisibility),
                rng.random() < 0.5, rng.random() < 0.5, levy, **head)
        if kind == "supply":
            return nem_types.Supply(signer, (self.space(), self.name()), rng.choice((1, 2)),
                                    max(1, self.number(nem_types.QUANTITY_MAX)), **head)
        raise AssertionError(kind)

    KINDS = ("transfer", "mosaics", "modification", "importance", "namespace", "definition",
             "supply")

    def any(self, i, signed=True):
        """(transaction, key); every type in turn, each third time in a wrapper.  Not signed: with 64
        bytes that are no signature."""
        def sign(one):
            if signed:
                return one.sign(key)
            one.signature = self.rng.randbytes(64)
            return one
        key = self.rng.choice(KEYS)
        kind = self.KINDS[i % len(self.KINDS)]
        if i % 23 == 22:
            return sign(nem.Cosignature(key, self.rng.randbytes(32), self.address(),
                                        **self.head())), key
        if i // len(self.KINDS) % 3 == 2:
            inner = self.plain(kind, self.rng.choice(KEYS))
            others = self.rng.sample(KEYS, self.rng.randrange(4))
            consents = [nem.Cosignature.of(k, inner, self.number(1 << 30)) for k in others]
            self.rng.shuffle(consents)
            return sign(nem.Multisig(key, inner, consents, **self.head())), key
        return sign(self.plain(kind, key)), key


class Tool:
    def __init__(self):
        self.process = subprocess.Popen([TOOL], stdin=subprocess.PIPE, stdout=subprocess.PIPE,
                                        text=True)

    def ask(self, **question):
        self.process.stdin.write(json.dumps(question) + "\n")
        self.process.stdin.flush()
        return json.loads(self.process.stdout.readline())

    def close(self):
        self.process.stdin.close()
        self.process.stdout.close()
        return self.process.wait(10)


def unsigned(transaction):
    obj = transaction.to_json()
    obj.pop("signature")
    obj.pop("signatures", None)
    return obj


def shuffled(rng, obj):
    """Lists that people may write in any order."""
    for holder in (obj, obj.get("otherTrans", {})):
        for name in ("mosaics", "modifications"):
            if name in holder:
                rng.shuffle(holder[name])
    return obj


MOVE, FEE, ADD, REMOVE, THRESHOLD, CONSENT, TOKEN, MINT, BURN, DEFINE, NAME, DELEGATE, UNDELEGATE, \
    LEVY_UNKNOWN = range(1, 15)


def expected_effects(one):
    """What chain/nem/nem_effects.h promises, from the kit's objects; None where it refuses."""
    inner = getattr(one, "inner", one)
    account = one.other_account if one.type == nem.COSIGNATURE \
        else nem.address_of(inner.signer, one.network)
    out = []

    def add(kind, to="", micro=0, token="", quantity=0, change=0):
        out.append([kind, account, to, micro, token, quantity, change])
    if isinstance(inner, nem.Transfer):
        if not inner.mosaics:
            add(MOVE, inner.recipient, inner.amount)
        for space, name, quantity in inner._mosaics():
            moved = inner.amount * quantity // nem.MICRO
            if (space, name) == ("nem", "xem"):
                add(MOVE, inner.recipient, moved)
            else:
                add(TOKEN, inner.recipient, 0, f"{space}:{name}", moved)
                add(LEVY_UNKNOWN)
    elif isinstance(inner, nem.Modification):
        for kind, key in inner._entries():
            add(ADD if kind == nem.ADD else REMOVE, nem.address_of(key, one.network))
        if inner.relative_change is not None:
            add(THRESHOLD, change=inner.relative_change)
    elif isinstance(inner, nem_types.Importance):
        add(DELEGATE if inner.mode == 1 else UNDELEGATE, nem.address_of(inner.remote, one.network))
    elif isinstance(inner, nem_types.Namespace):
        whole = inner.part if inner.parent is None else f"{inner.parent}.{inner.part}"
        try:
            nem_types.check_namespace(whole)
        except nem.Malformed:
            return None
        add(MOVE, inner.sink, inner.rental_fee)
        add(NAME, token=whole)
    elif isinstance(inner, nem_types.Definition):
        add(MOVE, inner.sink, inner.creation_fee)
        add(DEFINE, inner.levy[1] if inner.levy else "", 0, ":".join(inner.identity),
            inner.initial_supply)
    elif isinstance(inner, nem_types.Supply):
        add(MINT if inner.kind == 1 else BURN, token=":".join(inner.identity), quantity=inner.delta)
    if inner is not one:
        add(FEE, micro=inner.fee)
    add(FEE, micro=one.fee)
    for consent in one._attached() if isinstance(one, nem.Multisig) else ():
        add(FEE, micro=consent.fee)
    if one.type == nem.COSIGNATURE:
        add(CONSENT, one.address())
    if any(e[3] > nem.SUPPLY_MICRO or (e[0] == TOKEN and e[5] > nem_types.QUANTITY_MAX)
           for e in out):
        return None
    return out


class Random(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.rng = random.Random(SEED)
        cls.tool = Tool()
        cls.made = [Make(cls.rng, cls.rng.choice(NETWORKS)).any(i) for i in range(COUNT)]

    @classmethod
    def tearDownClass(cls):
        assert cls.tool.close() == 0

    def same(self, answer, one):
        self.assertNotIn("error", answer, one.to_json())
        self.assertEqual(answer["signing"], one.non_verifiable().hex())
        self.assertEqual(answer["hash"], one.hash().hex())

    def definitions(self, one):
        inner = one.inner if isinstance(one, nem.Multisig) else one
        out = {}
        for namespace, name, _ in getattr(inner, "mosaics", ()):
            divisibility = self.rng.randrange(7)
            supply = self.rng.choice((0, 1, 10_000, 10_001,
                                      self.rng.randrange(nem_types.QUANTITY_MAX)))
            out[namespace, name] = \
                min(supply, nem_types.QUANTITY_MAX // 10 ** divisibility), divisibility
        return out

    def test_json_to_bytes(self):
        kinds = set()
        for one, key in self.made:
            known = self.definitions(one)
            answer = self.tool.ask(
                json=shuffled(self.rng, unsigned(one)), key=key.private_hex, network=one.network,
                mosaics={f"{ns}:{name}": list(v) for (ns, name), v in known.items()})
            self.same(answer, one)
            self.assertEqual(answer["signature"], one.signature.hex())
            self.assertTrue(answer["verified"])
            minimum = one.minimum_fee(known) if isinstance(one, nem.Transfer) \
                else one.minimum_fee()
            self.assertEqual(answer["fee"], minimum)
            kinds.add((one.type, one.version, getattr(one, "inner", one).type))
        self.assertEqual(len(kinds), 9 + 6, kinds)  # alone (two versions of two), and wrapped

    def test_signed_json_both_ways(self):
        for one, _ in self.made:
            answer = self.tool.ask(signed_json=one.to_json(), network=one.network)
            self.same(answer, one)
            self.assertEqual(answer["signed"], one.verifiable().hex())
            self.assertTrue(answer["verified"])
            self.assertEqual(answer["json"], one.to_json())
            self.assertEqual(nem.from_json(answer["json"]), one)

    def test_bytes_to_json(self):
        for one, _ in self.made:
            answer = self.tool.ask(signed=one.verifiable().hex(), network=one.network)
            self.same(answer, one)
            self.assertEqual(answer["json"], one.to_json())
            self.assertTrue(answer["verified"])
            self.assertEqual(nem.decode_verifiable(bytes.fromhex(answer["signed"])), one)
            self.same(self.tool.ask(signing=one.non_verifiable().hex(), network=one.network), one)

    def test_effects(self):
        listed = refused = 0
        for i in range(3 * COUNT):
            make = Make(self.rng, self.rng.choice(NETWORKS))
            one = make.any(i, signed=False)[0]
            # Half of them of amounts that exist.
            if i % 2:
                for part in (one, getattr(one, "inner", one), *getattr(one, "cosignatures", ())):
                    part.fee %= 1_000_000_000
                    for name in ("amount", "rental_fee", "creation_fee"):
                        if hasattr(part, name):
                            setattr(part, name, getattr(part, name) % nem.SUPPLY_MICRO)
                if isinstance(one, nem.Multisig):
                    one.cosignatures = []
            answer = self.tool.ask(signed=one.verifiable().hex(), network=one.network)
            self.assertNotIn("error", answer)
            want = expected_effects(one)
            if want is None:
                self.assertIsInstance(answer["effects"], str, answer)
                refused += 1
                continue
            self.assertEqual(answer["effects"], want)
            listed += 1
            # And the balances that follow are the kit's.
            change = {}
            for kind, payer, to, micro, *_ in answer["effects"]:
                change[payer] = change.get(payer, 0) - micro
                if kind == MOVE:
                    change[to] = change.get(to, 0) + micro
            kit = {}
            for address, micro in nem.effects(one):
                kit[address] = kit.get(address, 0) + micro
            self.assertEqual({a: m for a, m in change.items() if m},
                             {a: m for a, m in kit.items() if m})
        self.assertGreater(listed, COUNT)
        self.assertGreater(refused, COUNT // 2)

    def test_another_network_is_refused(self):
        for one, _ in self.made[:40]:
            other = NETWORKS[NETWORKS.index(one.network) - 1]
            answer = self.tool.ask(signed=one.verifiable().hex(), network=other)
            self.assertIn("error", answer)

    def damage(self, raw):
        raw, kind, at = bytearray(raw), self.rng.randrange(7), self.rng.randrange(len(raw))
        if kind == 0:
            raw[at] ^= 1 << self.rng.randrange(8)
        elif kind == 1:
            raw[at] = self.rng.choice(b"\x00\x01\x20\x2e\x3a\x7f\x80\xff")
        elif kind == 2:
            del raw[at:]
        elif kind == 3:
            del raw[at:at + self.rng.choice((1, 4))]
        elif kind == 4:
            raw[at:at] = self.rng.randbytes(self.rng.choice((1, 4)))
        elif kind == 5:
            word = int.from_bytes(raw[at:at + 4], "little")
            raw[at:at + 4] = (word + self.rng.choice((-1, 1, 1 << 31)) & 0xFFFFFFFF) \
                .to_bytes(4, "little")
        else:
            other = self.rng.randrange(len(raw))
            raw[at:at + 4], raw[other:other + 4] = raw[other:other + 4], raw[at:at + 4]
        return bytes(raw)

    def test_damaged_bytes_are_judged_alike(self):
        accepted = refused = 0
        for one, _ in self.made:
            for form, whole, decode in (("signing", one.non_verifiable(), nem.decode),
                                        ("signed", one.verifiable(), nem.decode_verifiable)):
                for _ in range(12):
                    raw = self.damage(whole)
                    try:
                        mine = decode(raw)
                        if mine.network != one.network:
                            continue
                    except nem.Malformed:
                        mine = None
                    answer = self.tool.ask(**{form: raw.hex()}, network=one.network)
                    if mine is None:
                        self.assertIn("error", answer, f"{form} {raw.hex()}")
                        refused += 1
                    else:
                        self.assertNotIn("error", answer, f"{form} {raw.hex()}")
                        self.assertEqual(answer["hash"], mine.hash().hex())
                        accepted += 1
        print(f"# {accepted} damaged transactions are others, {refused} are none")
        self.assertGreater(accepted, 500)
        self.assertGreater(refused, 1500)

    # (kind of transaction, path of the field, what is the last good, what is not)
    LIMITS = [
        ("transfer", "timeStamp", [0, (1 << 31) - 1], [-1, 1 << 31, 1.0, "1", None]),
        ("transfer", "deadline", [0, (1 << 31) - 1], [-1, 1 << 31, True]),
        ("transfer", "fee", [0, nem_types.LONG_MAX], [-1, 1 << 63, 0.5]),
        ("transfer", "amount", [0, nem_types.LONG_MAX], [-1, 1 << 63, 1e3, "5"]),
        ("transfer", "signer", ["ab" * 32, "AB" * 32], ["ab" * 31, "ab" * 33, "zz" * 32, ""]),
        ("transfer", "type", [257], [0, 258, 4100, -257, 0x102, 257 + (1 << 32)]),
        ("transfer", "version", [-1744830463], [-1744830462 + 1, -1744830464, 1, 2550136833]),
        ("transfer", "recipient", [KEYS[0].address()],
         [KEYS[0].address(nem.MAINNET), KEYS[0].address()[:-1], KEYS[0].address().lower(), "",
          nem.pretty(KEYS[0].address())]),
        ("transfer", "message", [{}, None, {"payload": "", "type": 1}, {"payload": "00", "type": 2},
                                 {"payload": "ab" * 1024, "type": 1}],
         [{"payload": "ab" * 1025, "type": 1}, {"payload": "0", "type": 1}, {"payload": "00"},
          {"payload": "00", "type": 0}, {"payload": "00", "type": 3}, {"type": 1}, [], "x"]),
        ("mosaics", "mosaics.0.quantity", [0, nem_types.LONG_MAX], [-1, 1 << 63, "1"]),
        ("mosaics", "mosaics.0.mosaicId.namespaceId",
         ["a", "a" * 16 + "." + "b" * 64 + "." + "c" * 46],
         ["", "A", "a.", "a" * 17, "a." + "b" * 65, "a.b.c.d", "a\0", "a" * 16 + "." + "b" * 64
          + "." + "c" * 47]),
        ("mosaics", "mosaics.0.mosaicId.name", ["a", "b c", "d" * 32],
         ["", " a", "a ", "a  b", "A", "d" * 33, "a\0", "\u00e9"]),
        ("modification", "modifications.0.modificationType", [1, 2], [0, 3, -1]),
        ("modification", "modifications.0.cosignatoryAccount", ["cd" * 32], ["cd" * 31, ""]),
        ("modification", "minCosignatories",
         [{"relativeChange": (1 << 31) - 1}, {"relativeChange": -(1 << 31)}, {}, None],
         [{"relativeChange": 1 << 31}, {"relativeChange": -(1 << 31) - 1}, {"other": 1}]),
        ("importance", "mode", [1, 2], [0, 3, "1"]),
        ("importance", "remoteAccount", ["ab" * 32], ["ab" * 31, None]),
        ("namespace", "rentalFee", [0, nem_types.LONG_MAX], [-1, 1 << 63]),
        ("namespace", "newPart", ["a", "a" * 128], ["", "-a", "a.b", "a" * 129, "a\0", None]),
        ("namespace", "parent", [None, "a", "a.b.c"], ["", "a.b.c.d", "a.", 5]),
        ("namespace", "rentalFeeSink", [KEYS[1].address()], [KEYS[1].address(nem.MIJIN), ""]),
        ("definition", "mosaicDefinition.description", ["d", "d" * 512, "\U0001fa99" * 256],
         ["", " ", "d" * 513, "\U0001fa99" * 257, "\u3000", None]),
        ("definition", "mosaicDefinition.properties.0.value", ["0", "6"],
         ["7", "-1", "00", "", "+1", " 1", 1]),
        ("definition", "mosaicDefinition.properties.1.value", ["0", "9000000000"],
         ["9000000001", "-1", "", "1.0", "99999999999999999999"]),
        ("definition", "mosaicDefinition.properties.2.value", ["true", "false"], ["True", "1", ""]),
        ("definition", "mosaicDefinition.properties.0.name", [],
         ["transferable", "Divisibility", "more"]),
        ("definition", "mosaicDefinition.creator", [], ["ab" * 32, KEYS[3].public_hex]),
        ("definition", "mosaicDefinition.levy.type", [1, 2], [0, 3]),
        ("definition", "mosaicDefinition.levy.fee", [0, nem_types.LONG_MAX], [-1, 1 << 63]),
        ("definition", "mosaicDefinition.levy", [{}, None], [{"type": 1}, [], 1]),
        ("definition", "creationFee", [0, nem_types.LONG_MAX], [-1, 1 << 63]),
        ("supply", "supplyType", [1, 2], [0, 3]),
        ("supply", "delta", [1, nem_types.QUANTITY_MAX], [0, -1, nem_types.QUANTITY_MAX + 1]),
    ]

    def limited(self, kind):
        """JSON of a transaction of this kind whose other fields are ordinary."""
        common = {"fee": 5, "timestamp": 7, "deadline": 9}
        to = KEYS[5].address()
        return unsigned({
            "transfer": lambda: nem.Transfer(KEYS[2], to, 1, **common),
            "mosaics": lambda: nem.Transfer(KEYS[2], to, 1, mosaics=[("x", "y", 1)], **common),
            "modification": lambda: nem.Modification(KEYS[2], [(1, KEYS[4])], 1, **common),
            "importance": lambda: nem_types.Importance(KEYS[2], 1, KEYS[4], **common),
            "namespace": lambda: nem_types.Namespace(KEYS[2], to, 1, "x", "y", **common),
            "definition": lambda: nem_types.Definition(
                KEYS[2], ("x", "y"), "d", to, 1, 6, 9, levy=(1, to, ("nem", "xem"), 1), **common),
            "supply": lambda: nem_types.Supply(KEYS[2], ("x", "y"), 1, 1, **common),
        }[kind]().sign(KEYS[2]))

    def test_limits_in_json(self):
        for kind, path, good, bad in self.LIMITS:
            for wrapped in (False, True):
                for wanted, values in ((True, good), (False, bad)):
                    for value in values:
                        inner = self.limited(kind)
                        *folders, last = path.split(".")
                        holder = inner
                        for name in folders:
                            holder = holder[int(name) if name.isdigit() else name]
                        holder[last] = value
                        whole = inner
                        if wrapped:
                            whole = unsigned(nem.Multisig(KEYS[1], nem.Transfer(
                                KEYS[2], KEYS[3].address(), 1)).sign(KEYS[1]))
                            whole["otherTrans"] = inner
                        if kind == "definition" and path.endswith("creator"):
                            whole["signer"] = KEYS[2].public_hex
                        answer = self.tool.ask(json=whole, network=nem.TESTNET)
                        # Another type has other fields; the creator of a mosaic is its signer.
                        self.assertEqual("error" not in answer, wanted, (path, value, answer))
                        if not wanted and not isinstance(value, int):
                            self.assertTrue(answer["where"] or answer["error"] == "bad-input",
                                            (path, value, answer))

    def test_blocks(self):
        for size in (0, 1, 5, 20, 30):
            network = self.rng.choice(NETWORKS)
            key = self.rng.choice(KEYS)
            make = Make(self.rng, network)
            inside = [make.any(self.rng.randrange(200))[0] for _ in range(size)]
            block = nem.Block(key, self.rng.randbytes(32), 2 + make.number(1 << 40),
                              make.number((1 << 31) - 1), inside, network=network).sign(key)
            answer = self.tool.ask(block=block.verifiable().hex(), network=network)
            self.assertNotIn("error", answer)
            self.assertEqual(answer["hash"], block.hash().hex())
            self.assertTrue(answer["verified"])
            self.assertEqual(answer["json"], block.to_json())
            again = self.tool.ask(block_json=block.to_json(), network=network)
            self.assertEqual(again, answer)
            self.assertEqual(nem.Block.from_json(answer["json"]).hash(), block.hash())


if __name__ == "__main__":
    print(f"# seed {SEED}")
    unittest.main()
