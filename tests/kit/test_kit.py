# SPDX-License-Identifier: Apache-2.0
"""Goal: the kit, which judges the C code, is itself right, and refuses what it should refuse.

Method: published vectors (RFC 8032; the real NIS core's bytes, hashes and signatures; the Symbol
project's keys, addresses and transactions), hashlib as second opinion on the permutation, every
truncation and every flipped byte of real transactions, one negative for each rule of canonical
JSON, and real sockets and processes for frames, node client and process control.
"""

import hashlib
import http.server
import io
import json
import math
import os
import signal
import socket
import struct
import subprocess
import sys
import tempfile
import threading
import time
import unittest
from pathlib import Path

HERE = Path(__file__).resolve().parent
sys.path.insert(0, str(HERE))

import canon  # noqa: E402
import claims  # noqa: E402
import ed25519  # noqa: E402
import frames  # noqa: E402
import incident  # noqa: E402
import keccak  # noqa: E402
import nem  # noqa: E402
import nem_types  # noqa: E402
import node  # noqa: E402
import process  # noqa: E402

A = nem.KeyPair("575dbb3062267eff57c970a336ebbc8fbcfe12c5bd3ed7bc11eb0481d7704ced")
B = nem.KeyPair("5b0e3fa5d3b49a79022d7c1e121ba1cbbf4db5821f47ab8c708ef88defc29bfe")
C = nem.KeyPair("738ba9bb9110aea8f15caa353aca5653b4bdfca1db9f34d0efed2ce1325aeeda")
M = nem.KeyPair("e8bf9bc0f35c12d8c8bf94dd3a8b5b4034f1063948e3cc5304e55e31aa4b95a6")
T0 = 300_000_000


def data(name):
    return json.loads((HERE / "data" / name).read_text(encoding="utf-8"))


GOLDEN = {v["name"]: v for v in data("nem-golden.json")["vectors"]}


def golden(start):
    found = [v for name, v in GOLDEN.items() if name.startswith(start)]
    assert len(found) == 1, start
    return found[0]


class Hashes(unittest.TestCase):
    def test_permutation_against_hashlib(self):
        for size in list(range(0, 290)) + [1000, 1544]:
            text = hashlib.shake_128(b"%d" % size).digest(size)
            self.assertEqual(keccak.sha3_256(text), hashlib.sha3_256(text).digest())
            self.assertEqual(keccak.sha3_512(text), hashlib.sha3_512(text).digest())

    def test_original_padding(self):
        self.assertEqual(keccak.keccak256(b"").hex(),
                         "c5d2460186f7233c927e7db2dcc703c0e500b653ca82273b7bfad8045d85a470")
        self.assertTrue(keccak.keccak512(b"").hex().startswith("0eab42de4c3ceb9235fc91acffe746b2"))
        self.assertNotEqual(keccak.keccak256(b"x"), keccak.sha3_256(b"x"))

    def test_ripemd160(self):
        for text, digest in (
                (b"", "9c1185a5c5e9fc54612808977ee8f548b2258d31"),
                (b"abc", "8eb208f7e05d987a9b044a8e98c6b087f15a0bfc"),
                (b"message digest", "5d0689ef49d2fae572b881b123a85ffa21595f36"),
                (b"1234567890" * 8, "9b752e45573d4b39f4dbd3323cab82bf63326bfb")):
            self.assertEqual(ed25519.ripemd160(text).hex(), digest)

    def test_ripemd160_against_hashlib(self):
        try:
            hashlib.new("ripemd160")
        except ValueError:
            self.skipTest("this hashlib has no RIPEMD-160")
        for size in range(0, 130):
            text = bytes(range(size))
            self.assertEqual(ed25519.ripemd160(text), hashlib.new("ripemd160", text).digest())


class Signatures(unittest.TestCase):
    # RFC 8032 section 7.1: TEST 1, 2, 3, SHA(abc).
    RFC = (
        ("9d61b19deffd5a60ba844af492ec2cc44449c5697b326919703bac031cae7f60",
         "d75a980182b10ab7d54bfed3c964073a0ee172f3daa62325af021a68f707511a", b"",
         "e5564300c360ac729086e2cc806e828a84877f1eb8e5d974d873e065224901555fb8821590a33bacc61e39701c"
         "f9b46bd25bf5f0595bbe24655141438e7a100b"),
        ("4ccd089b28ff96da9db6c346ec114e0f5b8a319f35aba624da8cf6ed4fb8a6fb",
         "3d4017c3e843895a92b70aa74d1b7ebc9c982ccf2ec4968cc0cd55f12af4660c", b"\x72",
         "92a009a9f0d4cab8720e820b5f642540a2b27b5416503f8fb3762223ebdb69da085ac1e43e15996e458f3613d0"
         "f11d8c387b2eaeb4302aeeb00d291612bb0c00"),
        ("c5aa8df43f9f837bedb7442f31dcb7b166d38535076f094b85ce3a2e0b4458f7",
         "fc51cd8e6218a1a38da47ed00230f0580816ed13ba3303ac5deb911548908025", b"\xaf\x82",
         "6291d657deec24024827e69c3abe01a30ce548a284743a445e3680d7db5ac3ac18ff9b538d16f290ae67f76098"
         "4dc6594a7c15e9716ed28dc027beceea1ec40a"),
        ("833fe62409237b9d62ec77587520911e9a759cec1d19755b7da901b96dca3d42",
         "ec172b93ad5e563bf4932c70e1245034c35467ef2efd4d64ebf819683467e2bf",
         hashlib.sha512(b"abc").digest(),
         "dc2a4459e7369633a52b1bf277839a00201009a3efbf3ecb69bea2186c26b58909351fc9ac90b3ecfdfbc7c664"
         "31e0303dca179c138ac17ad9bef1177331a704"))

    def test_rfc8032(self):
        for seed, public, message, signature in self.RFC:
            key = ed25519.Expanded(bytes.fromhex(seed))
            self.assertEqual(key.public.hex(), public)
            self.assertEqual(key.sign(message).hex(), signature)
            self.assertTrue(ed25519.verify(key.public, message, bytes.fromhex(signature)))

    def test_every_flipped_bit_of_a_signature_and_key(self):
        message = b"kuramori"
        signature = A.sign(message)
        self.assertTrue(nem.verify(A.public, message, signature))
        for index in range(64):
            wrong = bytearray(signature)
            wrong[index] ^= 1 << index % 8
            self.assertFalse(nem.verify(A.public, message, bytes(wrong)))
        for index in range(0, 32, 3):
            wrong = bytearray(A.public)
            wrong[index] ^= 1
            self.assertFalse(nem.verify(bytes(wrong), message, signature))
        self.assertFalse(nem.verify(A.public, message + b"x", signature))
        self.assertFalse(ed25519.verify(A.public, message, signature))  # SHA-512 is another scheme

    def test_non_canonical_scalar_and_zero(self):
        message = b"kuramori"
        signature = A.sign(message)
        s = int.from_bytes(signature[32:], "little")
        grown = signature[:32] + (s + ed25519.L).to_bytes(32, "little")
        self.assertFalse(nem.verify(A.public, message, grown))
        self.assertFalse(nem.verify(A.public, message, signature[:32] + bytes(32)))
        # With the identity as key and as R only the rule against S = 0 stands in the way.
        identity = b"\x01" + bytes(31)
        self.assertFalse(nem.verify(identity, message, identity + bytes(32)))
        self.assertFalse(nem.verify(bytes(32), message, signature))
        self.assertFalse(nem.verify(A.public, message, signature[:63]))
        self.assertFalse(nem.verify(A.public[:31], message, signature))

    def test_points(self):
        self.assertIsNone(ed25519.decode_point(ed25519.P.to_bytes(32, "little")))
        self.assertIsNone(ed25519.decode_point(b"\x02" + bytes(31)))
        self.assertIsNone(ed25519.decode_point(b"\x01" + bytes(30) + b"\x80"))
        self.assertTrue(ed25519.order_is_prime(A.public))
        # the point of order two: (0, -1)
        self.assertFalse(ed25519.order_is_prime((ed25519.P - 1).to_bytes(32, "little")))

    def test_base_table_is_multiplication(self):
        for scalar in (1, 2, 15, 16, 255, ed25519.L - 1, 2**254 + 8):
            self.assertEqual(ed25519._encode(ed25519._base_multiply(scalar)),
                             ed25519._encode(ed25519._multiply(scalar, ed25519.BASE)))

    def test_nem_signature_takes_under_4_ms(self):
        text, rounds = bytes(212), 40
        start = time.process_time()
        for _ in range(rounds):
            A.sign(text)
        each = (time.process_time() - start) / rounds
        print(f"# NEM signature of 212 bytes: {each * 1000:.2f} ms", file=sys.stderr)
        # The goal is 4 ms; five times that allows for a busy machine and still finds a lost table.
        self.assertLess(each, 0.020)


class KeysAndAddresses(unittest.TestCase):
    def test_key_vectors(self):
        vectors = data("nem-keys.json")["keys"]
        self.assertGreaterEqual(len(vectors), 100)
        for private, public in vectors:
            self.assertEqual(nem.KeyPair(private).public_hex.upper(), public)

    def test_address_vectors(self):
        vectors = data("nem-keys.json")["addresses"]
        self.assertGreaterEqual(len(vectors), 100)
        for public, main, test, mijin in vectors:
            key = bytes.fromhex(public)
            for network, address in ((nem.MAINNET, main), (nem.TESTNET, test),
                                     (nem.MIJIN, mijin)):
                self.assertEqual(nem.address_of(key, network), address)
                self.assertEqual(nem.check_address(address, network)[0], network)

    def test_signatures_of_nem_md_1_1(self):
        for text, signature in (
                ("", "80ada74caa8ada2b1da65268fbe0603db9822ef69a0d5bfad12905ab62849078224f76a8c2cfe6"
                     "1705d7c12327db30b835ba05cf18f1aed0020c9fbab38f0c00"),
                ("00", "c807e7ff16b456f46135ecde24d062a6b550caec2521bcb15c8ede4fb5db3bc54df38db2f416"
                       "7412c6dc28fab3ac1dc28ff95fa5e0ccec62ab06f5d7ab390a06")):
            self.assertEqual(A.sign(bytes.fromhex(text)).hex(), signature)

    def test_private_key_forms(self):
        self.assertEqual(nem.KeyPair("00" + A.private_hex.upper()).public, A.public)
        self.assertEqual(nem.KeyPair("1".rjust(64, "0")).public_hex,
                         "d656155b48d4e71e4c59ec6faeb5eb4f214de8bc3c65d5bf6a3d9931b4e5acf2")
        self.assertEqual(nem.KeyPair("01" + "00" * 31).public_hex,
                         "250c836b6dac3b720f5416f9e56e76607268e2764e997a7ce63f4e33e11ef74b")
        for bad in ("", "00", A.private_hex[:-1], A.private_hex + "00", "01" + A.private_hex,
                    "g" * 64, " " * 64):
            with self.assertRaises(nem.Malformed):
                nem.KeyPair(bad)

    def test_bad_addresses(self):
        good = A.address()
        nem.check_address(good, nem.TESTNET)
        listed = nem.bad_addresses(good)
        self.assertGreaterEqual(len({text for _, text in listed}), 18)
        for reason, text in listed:
            with self.assertRaises(nem.Malformed, msg=reason):
                nem.check_address(text, nem.TESTNET)

    def test_every_changed_character(self):
        good = A.address()
        for index in range(40):
            for character in nem.ALPHABET:
                if character != good[index]:
                    changed = good[:index] + character + good[index + 1:]
                    with self.assertRaises(nem.Malformed):
                        nem.check_address(changed, nem.TESTNET)

    def test_time(self):
        self.assertEqual(nem.nem_seconds(1_427_587_585_000), 0)
        self.assertEqual(nem.nem_seconds(1_427_587_585_499), 0)
        self.assertEqual(nem.nem_seconds(1_427_587_585_500), 1)
        self.assertEqual(nem.nem_seconds(nem.unix_ms(T0)), T0)


class Transactions(unittest.TestCase):
    def check(self, start, transaction, key):
        vector = golden(start)
        self.assertEqual(transaction.non_verifiable().hex(), vector["data"])
        self.assertEqual(transaction.hash().hex(), vector["hash"])
        transaction.sign(key)
        self.assertEqual(transaction.signature.hex(), vector["signature"])
        self.assertTrue(transaction.verify())
        self.assertEqual(nem.decode(bytes.fromhex(vector["data"])).non_verifiable(),
                         transaction.non_verifiable())
        self.assertEqual(nem.decode_verifiable(transaction.verifiable()), transaction)
        if "json" in vector:
            self.assertEqual(transaction.to_json(), vector["json"])
            self.assertEqual(nem.from_json(vector["json"]).verifiable(), transaction.verifiable())

    def inner(self):
        return nem.Transfer(M, B.address(), 1000 * nem.MICRO, timestamp=T0)

    def test_built_like_nis(self):
        to = B.address()
        self.check("Transfer v1, A → B, 12", nem.Transfer(A, to, 12345 * nem.MICRO, timestamp=T0),
                   A)
        self.check("Transfer v1, A → B, 1.5",
                   nem.Transfer(A, to, 1_500_000, timestamp=T0, message=b"deposit 42"), A)
        self.check("Transfer v2, multiplier", nem.Transfer(
            A, to, 3 * nem.MICRO, fee=100_000, timestamp=T0,
            mosaics=[("nem", "xem", 1_000_000), ("alice.vouchers", "silver coin", 7)]), A)
        self.check("Transfer v2 without",
                   nem.Transfer(A, to, 3 * nem.MICRO, timestamp=T0, version=2), A)
        entries = [(nem.ADD, A), (nem.ADD, C), (nem.ADD, B)]
        self.check("Modification v2: M", nem.Modification(M, entries, 2, timestamp=T0), M)
        self.check("Modification v2 without", nem.Modification(M, entries, None, timestamp=T0), M)
        self.check("Modification v1", nem.Modification(M, entries, timestamp=T0, version=1), M)
        self.check("Multisig: A", nem.Multisig(A, self.inner()), A)
        self.check("Cosignature of B", nem.Cosignature.of(B, self.inner(), T0 + 5, T0 + 3605), B)

    def test_multisig_with_cosignature(self):
        vector = golden("Cosignature of B")
        self.assertEqual(self.inner().hash().hex(), golden("Modification v1")["inner_hash"])
        unit = nem.Multisig(A, self.inner(), [nem.Cosignature.of(B, self.inner(), T0 + 5, T0 + 3605)])
        unit.sign(A)
        self.assertEqual(unit.verifiable().hex(), vector["multisig_verifiable"])
        self.assertEqual(unit.hash().hex(), golden("Multisig: A")["hash"])
        self.assertEqual(unit.to_json(), vector["multisig_json"])
        self.assertTrue(unit.verify())
        again = nem.decode_verifiable(unit.verifiable())
        self.assertEqual(again, unit)
        self.assertEqual(again.signers(), {A.public, B.public})
        self.assertEqual(again.total_fee(), 50_000 + 150_000 + 150_000)
        unit.cosignatures[0].other_hash = bytes(32)
        unit.cosignatures[0].sign(B)
        self.assertFalse(unit.verify())

    def test_payment_is_a_complete_unit(self):
        unit = nem.payment(M.public, A, B, C.address(), 20_000 * nem.MICRO, T0, message=b"m" * 31)
        self.assertTrue(unit.verify())
        self.assertEqual(unit.signer, B.public)
        self.assertEqual([one.signer for one in unit.cosignatures], [A.public])
        self.assertEqual(unit.inner.fee, 150_000)
        self.assertEqual(nem.decode_verifiable(unit.verifiable()), unit)
        changes = {}
        for address, change in nem.effects(unit):
            changes[address] = changes.get(address, 0) + change
        self.assertEqual(changes, {M.address(): -20_000_450_000, C.address(): 20_000_000_000})

    def test_modification_order_is_by_address_text(self):
        # nem.md B: digits before letters, not the order of the raw hash.
        first = bytes.fromhex("e0bfe9248f5fe2bf02a305ce32d5ef3dfd41a5020b13d29e9f5973f28f0158a2")
        second = bytes.fromhex("5fc9c462983575b48dd2a2f0c801382fe351c8877e47533ce3fbdc69737300b4")
        made = nem.Modification(A, [(nem.ADD, second), (nem.ADD, first)], 1, timestamp=T0)
        self.assertEqual([m["cosignatoryAccount"] for m in made.to_json()["modifications"]],
                         [first.hex(), second.hex()])
        swapped = nem.Modification(A, [(nem.ADD, second), (nem.ADD, first)], 1, timestamp=T0,
                                   canonical=False)
        self.assertNotEqual(made.non_verifiable(), swapped.non_verifiable())
        with self.assertRaises(nem.Malformed):
            nem.decode(swapped.non_verifiable())

    def test_cosignatures_are_a_sorted_set_without_the_initiator(self):
        inner = self.inner()
        several = [nem.Cosignature.of(key, inner) for key in (C, A, B, C)]
        unit = nem.Multisig(A, inner, several).sign(A)
        self.assertEqual([one.signer for one in nem.decode_verifiable(unit.verifiable())
                          .cosignatures], [B.public, C.public])
        loose = nem.Multisig(A, inner, several, canonical=False).sign(A)
        with self.assertRaises(nem.Malformed):
            nem.decode_verifiable(loose.verifiable())

    def test_symbol_vectors(self):
        refused = taken = 0
        for schema, name, payload in data("nem-transactions.json")["transactions"]:
            # Their fees are below zero to NIS, which refuses them; with smaller ones:
            fee = bytes.fromhex("e0feeeeffeeeeffe")
            self.assertIn(fee, bytes.fromhex(payload))
            with self.assertRaises(nem.Malformed, msg=name):
                nem.decode_verifiable(bytes.fromhex(payload))
            raw = bytes.fromhex(payload).replace(fee, fee[:7] + b"\x7e")
            # Their creators are not their signers, which NIS does not even parse (nem.md 8).
            if "MosaicDefinition" not in name:
                self.assertEqual(nem.decode_verifiable(raw).verifiable(), raw, name)
                taken += 1
            else:
                with self.assertRaises(nem.Malformed, msg=name):
                    nem.decode_verifiable(raw)
                refused += 1
        self.assertEqual((taken, refused), (22, 5))

    def test_types_not_known_in_full_are_refused(self):
        raw = bytearray.fromhex(golden("Supply change")["data"])
        raw[0] = 3
        with self.assertRaises(nem.Malformed):
            nem.decode(bytes(raw))
        with self.assertRaises(nem.Malformed):
            nem.from_json({**golden("Supply change")["json"], "type": 0x102})

    def test_namespaces_and_mosaics_of_nis(self):
        for start in ("Importance", "Namespace root", 'Namespace "vouchers"',
                      "Mosaic definition alice.vouchers:tag",
                      "Mosaic definition alice.vouchers:gold", "Supply change"):
            with self.subTest(start):
                v = golden(start)
                one = nem.decode(bytes.fromhex(v["data"]))
                self.assertEqual(one.hash().hex(), v["hash"])
                one.signature = bytes.fromhex(v["signature"])
                self.assertTrue(one.verify())
                self.assertEqual(nem.decode_verifiable(one.verifiable()), one)
                self.assertEqual(nem.from_json(one.to_json()), one)
                self.assertEqual(one.fee, one.minimum_fee())
                if v.get("json"):
                    self.assertEqual(one.to_json(), v["json"])

    def test_namespaces_and_mosaics_refused(self):
        for start in ("Importance", "Namespace root", "Mosaic definition alice.vouchers:gold",
                      "Supply change"):
            whole = bytes.fromhex(golden(start)["data"])
            for size in range(len(whole)):
                with self.assertRaises(nem.Malformed):
                    nem.decode(whole[:size])
            with self.assertRaises(nem.Malformed):
                nem.decode(whole + b"\0")
        for space, name in (("", "a"), ("a.", "b"), ("a..b", "c"), ("-a", "b"), ("A", "b"),
                            ("a.b.c.d", "e"), ("a" * 17, "b"), ("a." + "b" * 65, "c"), ("a", ""),
                            ("a", "b" * 33), ("a", "b  c"), ("a", " b"), ("a", "b "), ("a", "'b"),
                            ("a", "b.c"), ("a", "b:c"), ("a", "b\n")):
            with self.assertRaises(nem.Malformed, msg=f"{space}:{name}"):
                nem_types.check_mosaic_id(space, name)
        nem_types.check_mosaic_id("a" * 16 + "." + "b" * 64 + "." + "c" * 46, "d" * 32)
        with self.assertRaises(nem.Malformed):
            nem_types.check_namespace("a" * 16 + "." + "b" * 64 + "." + "c" * 47)

    def test_every_truncation_and_extension(self):
        whole = bytes.fromhex(golden("Cosignature of B")["multisig_verifiable"])
        for size in range(len(whole)):
            with self.assertRaises(nem.Malformed):
                nem.decode_verifiable(whole[:size])
        with self.assertRaises(nem.Malformed):
            nem.decode_verifiable(whole + b"\0")
        plain = bytes.fromhex(golden("Transfer v1, A → B, 1.5")["data"])
        for size in range(len(plain)):
            with self.assertRaises(nem.Malformed):
                nem.decode(plain[:size])
        with self.assertRaises(nem.Malformed):
            nem.decode(plain + b"\0")

    def test_every_flipped_byte_is_refused_or_another_transaction(self):
        for start in ("Transfer v1, A → B, 1.5", "Modification v2: M", "Cosignature of B",
                      "Multisig: A"):
            plain = bytes.fromhex(golden(start)["data"])
            signature = bytes.fromhex(golden(start)["signature"])
            for index in range(len(plain)):
                wrong = bytearray(plain)
                wrong[index] ^= 0x01
                try:
                    other = nem.decode(bytes(wrong))
                except nem.Malformed:
                    continue
                self.assertEqual(other.non_verifiable(), bytes(wrong))
                self.assertNotEqual(other.hash().hex(), golden(start)["hash"])
                if index % 16 == 0:
                    other.signature = signature
                    self.assertFalse(other.verify())

    def test_json_rebuilt_wrongly_is_refused(self):
        good = golden("Transfer v1, A → B, 1.5")["json"]
        for key in ("type", "version", "timeStamp", "signer", "fee", "deadline", "recipient",
                    "amount"):
            with self.assertRaises(nem.Malformed, msg=key):
                nem.from_json({k: v for k, v in good.items() if k != key})
        with self.assertRaises(nem.Malformed):
            nem.from_json(dict(good, version=3))
        self.assertEqual(nem.from_json(dict(good, message={"payload": "", "type": 1})).message, b"")

    def test_rarity_of_a_mosaic_is_the_logarithm_of_nis(self):
        for step, n in enumerate(nem._ADJUSTMENT, 1):
            self.assertEqual(int(0.8 * math.log(n)), step)
            self.assertEqual(int(0.8 * math.log(n - 1)), step - 1)

    def test_fees(self):
        fee = nem.minimum_transfer_fee
        for xem, units in ((0, 1), (1, 1), (9_999, 1), (19_999, 1), (20_000, 2), (29_999, 2),
                           (249_999, 24), (250_000, 25), (100_000_000, 25)):
            self.assertEqual(fee(xem * nem.MICRO), units * 50_000, xem)
        self.assertEqual(fee(20_000 * nem.MICRO - 1), 50_000)
        for size, units in ((0, 0), (1, 1), (31, 1), (32, 2), (63, 2), (64, 3), (1024, 33)):
            self.assertEqual(fee(0, size), (1 + units) * 50_000, size)
        self.assertEqual(fee(1_000_000, 0, [("nem", "xem", 250_000 * nem.MICRO)]), 25 * 50_000)
        self.assertEqual(fee(1_000_000, 0, [("a", "b", 7)], {("a", "b"): (10_000, 0)}), 50_000)
        with self.assertRaises(KeyError):
            fee(1_000_000, 0, [("a", "b", 7)])

    def test_amount_of_a_mosaic_transfer_is_a_multiplier(self):
        trap = nem.Transfer(A, B.address(), nem.MICRO, fee=100_000, mosaics=[("a", "tag", 1)])
        self.assertEqual(trap.xem_moved(), 0)
        both = nem.Transfer(A, B.address(), 3 * nem.MICRO, fee=1,
                            mosaics=[("a", "tag", 1), ("nem", "xem", 2_000_000)])
        self.assertEqual(both.xem_moved(), 6 * nem.MICRO)

    def test_identical_payouts_collide(self):
        one = nem.Transfer(A, B.address(), 5, timestamp=T0)
        two = nem.Transfer(A, B.address(), 5, timestamp=T0)
        self.assertEqual(one.hash(), two.hash())
        two.timestamp += 1
        self.assertNotEqual(one.hash(), two.hash())


class Blocks(unittest.TestCase):
    def test_golden_block(self):
        vector = golden("Block 42")
        block = nem.Block.from_json(vector["json"])
        self.assertEqual(block.non_verifiable().hex(), vector["data"])
        self.assertEqual(block.hash().hex(), vector["hash"])
        self.assertEqual(block.signature.hex(), vector["signature"])
        self.assertTrue(block.verify())
        self.assertEqual(block.to_json(), vector["json"])
        self.assertEqual(nem.Block.from_json(block.to_json()).sign(C).signature, block.signature)
        self.assertTrue(all(one.verify() for one in block.transactions))
        block.transactions.reverse()
        self.assertFalse(block.verify())

    def test_balances_follow_the_block(self):
        block = nem.Block.from_json(golden("Block 42")["json"])
        start = {M.address(): 1_001 * nem.MICRO, B.address(): 2 * nem.MICRO}
        end = nem.apply(dict(start), block)
        self.assertEqual(end[A.address()], nem.MICRO)
        self.assertEqual(end[M.address()], nem.MICRO - 350_000)
        self.assertEqual(end[C.address()], 50_000 + 350_000)
        self.assertEqual(sum(end.values()), sum(start.values()))
        start[M.address()] = 1_000 * nem.MICRO
        with self.assertRaises(ValueError):
            nem.apply(start, block)

    def test_incomplete_json(self):
        good = golden("Block 42")["json"]
        for key in ("signer", "prevBlockHash", "height", "timeStamp", "transactions", "version"):
            with self.assertRaises(nem.Malformed, msg=key):
                nem.Block.from_json({k: v for k, v in good.items() if k != key})


class Canonical(unittest.TestCase):
    GOOD = (b"{}", b'{"a":0}', b'{"a":9007199254740991}', b'{"a":"\\"\\\\"}', b'{"0":1,"_":2,"a":3}',
            b'{"a":[],"b":{},"c":true,"d":false}', '{"a":"蔵守"}'.encode(),
            b'{"a":[[[[[[[]]]]]]]}', '{"a":"\U0001f3ef"}'.encode())

    BAD = (
        (b"", "nothing"), (b"[]", "array outside"), (b'"a"', "string outside"), (b"1", "number"),
        (b"true", "boolean outside"), (b"{} ", "space behind"), (b" {}", "space before"),
        (b"{}\n", "line feed"), (b"{ }", "space inside"), (b'{"a" :1}', "space before colon"),
        (b'{"a": 1}', "space behind colon"), (b'{"a":1, "b":2}', "space behind comma"),
        (b'{"a":1,}', "comma at the end"), (b'{"a":1', "cut"), (b'{"a":}', "no value"),
        (b'{"a"}', "no colon"), (b"{a:1}", "bare key"), (b"{'a':1}", "single quotes"),
        (b'{"b":1,"a":2}', "key order"), (b'{"a":1,"a":1}', "repeated key"),
        (b'{"A":1}', "upper-case key"), (b'{"a-b":1}', "hyphen in key"), (b'{"":1}', "empty key"),
        (b'{"a b":1}', "space in key"), ('{"é":1}'.encode(), "letter in key"),
        (b'{"\\u0061":1}', "escaped key"), (b'{"a":null}', "null"), (b'{"a":-1}', "minus"),
        (b'{"a":-0}', "minus zero"), (b'{"a":+1}', "plus"), (b'{"a":01}', "leading zero"),
        (b'{"a":00}', "two zeros"), (b'{"a":1.0}', "fraction"), (b'{"a":1e3}', "exponent"),
        (b'{"a":.5}', "bare fraction"), (b'{"a":0x10}', "hexadecimal"),
        (b'{"a":9007199254740992}', "2^53"), (b'{"a":18446744073709551616}', "2^64"),
        ('{"a":１}'.encode(), "full-width digit"), ('{"a":²}'.encode(), "superscript"),
        (b'{"a":tru}', "tru"), (b'{"a":True}', "True"), (b'{"a":truefalse}', "two words"),
        (b'{"a":NaN}', "NaN"), (b'{"a":"\\n"}', "escape n"), (b'{"a":"\\/"}', "escape slash"),
        (b'{"a":"\\u00e9"}', "escape u"), (b'{"a":"\\"}', "escape at the end"),
        (b'{"a":"x', "string cut"), (b'{"a":"\x00"}', "NUL"), (b'{"a":"\n"}', "raw line feed"),
        (b'{"a":"\x1f"}', "control 1f"), (b'{"a":"\x7f"}', "delete"),
        ('{"a":"\x80"}'.encode(), "control 80"), ('{"a":"\x9f"}'.encode(), "control 9f"),
        ('{"a":"\u061c"}'.encode(), "bidi 061c"), ('{"a":"\u200e"}'.encode(), "bidi 200e"),
        ('{"a":"\u200f"}'.encode(), "bidi 200f"), ('{"a":"\u202a"}'.encode(), "bidi 202a"),
        ('{"a":"\u202e"}'.encode(), "bidi 202e"), ('{"a":"\u2066"}'.encode(), "bidi 2066"),
        ('{"a":"\u2069"}'.encode(), "bidi 2069"), (b'{"a":"\xff"}', "not UTF-8"),
        (b'{"a":"\xc0\x80"}', "overlong"), (b'{"a":"\xed\xa0\x80"}', "surrogate"),
        (b'{"a":"\xf4\x90\x80\x80"}', "above U+10FFFF"), (b'{"a":"\xe8\x94"}', "UTF-8 cut"),
        (b'\xef\xbb\xbf{}', "byte order mark"), (b'{"a":[1,]}', "comma in array"),
        (b'{"a":[,1]}', "comma first"), (b'{"a":[1 ]}', "space in array"),
        (b'{"a":[[[[[[[[]]]]]]]]}', "depth 9"), (b'{}{}', "two documents"),
        (b'{"a":1}//', "comment"))

    def test_good(self):
        for text in self.GOOD:
            self.assertEqual(canon.write(canon.read(text)), text)

    def test_bad(self):
        for text, why in self.BAD:
            with self.assertRaises(canon.NotCanonical, msg=why):
                canon.read(text)

    def test_writer_refuses(self):
        deep = {"a": []}
        for _ in range(7):
            deep = {"a": deep}
        for value in ([], "a", {"a": None}, {"a": 1.0}, {"a": -1}, {"a": 1 << 53}, {"A": 1},
                      {"": 1}, {1: 1}, {"a": b"x"}, {"a": "\n"}, {"a": "\u202e"}, {"a": "\ud800"},
                      {"a": "\x7f"}, deep):
            with self.assertRaises((canon.NotCanonical, TypeError), msg=repr(value)):
                canon.write(value)

    def test_limits(self):
        # one object, one array, 1,022 integers = 1,024 values
        self.assertEqual(canon.read(canon.write({"a": [0] * 1022})), {"a": [0] * 1022})
        with self.assertRaises(canon.NotCanonical):
            canon.write({"a": [0] * 1023})
        with self.assertRaises(canon.NotCanonical):
            canon.read(b'{"a":[' + b",".join([b"0"] * 1023) + b"]}")
        full = b'{"a":"' + b"x" * (65536 - 8) + b'"}'
        self.assertEqual(canon.write(canon.read(full)), full)
        with self.assertRaises(canon.NotCanonical):
            canon.read(full[:-2] + b'x"}')
        with self.assertRaises(canon.NotCanonical):
            canon.write({"a": "x" * (65536 - 7)})

    def test_every_truncation(self):
        text = canon.write({"a": [1, {"b": "蔵\\"}], "c": True, "d": "x"})
        for size in range(len(text)):
            with self.assertRaises(canon.NotCanonical):
                canon.read(text[:size])

    def test_every_flipped_byte_reads_back_or_is_refused(self):
        text = canon.write({"amount": "1000", "b": [12, False], "c": "蔵"})
        for index in range(len(text)):
            for bit in range(8):
                wrong = bytearray(text)
                wrong[index] ^= 1 << bit
                try:
                    value = canon.read(bytes(wrong))
                except canon.NotCanonical:
                    continue
                self.assertEqual(canon.write(value), bytes(wrong))


class Documents(unittest.TestCase):
    GENESIS = "ab" * 32
    KEYS = [canon.SigningKey.named(name) for name in ("one", "two", "three")]

    def approval(self):
        return canon.Document("approval", {
            "decision": "yes", "genesis": self.GENESIS, "person": "p1", "subject": "cd" * 32,
            "subject_type": "order", "time_ms": 1_516_892_533_000})

    def test_id_by_hand(self):
        document = self.approval()
        body = ('{"decision":"yes","genesis":"%s","person":"p1","subject":"%s",'
                '"subject_type":"order","time_ms":1516892533000}' % (self.GENESIS, "cd" * 32))
        text = f"kuramori/approval/v1\n{self.GENESIS}\n{body}".encode()
        self.assertEqual(document.id, hashlib.sha256(text).hexdigest())

    def test_genesis_id_uses_zeros(self):
        body = {"chain": "nem"}
        text = b"kuramori/genesis/v1\n" + b"0" * 64 + b'\n{"chain":"nem"}'
        self.assertEqual(canon.document_id("genesis", body), hashlib.sha256(text).hexdigest())
        first = {"genesis": self.GENESIS, "number": 1}
        text = b"kuramori/roster/v3\n" + b"0" * 64 + b'\n{"genesis":"' + b"0" * 64 \
            + b'","number":1}'
        self.assertEqual(canon.first_id("roster", first), hashlib.sha256(text).hexdigest())
        self.assertEqual(first["genesis"], self.GENESIS)

    def test_signatures(self):
        document = self.approval().sign(*self.KEYS)
        again = canon.open_document(document.raw, self.GENESIS, "approval")
        self.assertEqual(again.id, document.id)
        keys = [entry["key"] for entry in canon.read(document.raw)["signatures"]]
        self.assertEqual(keys, sorted(keys))
        for key in self.KEYS:
            self.assertTrue(again.signed_by(key.public))
            self.assertTrue(ed25519.verify(
                key.public, f"kuramori signature v1\n{document.id}\n".encode(),
                bytes.fromhex(document.signatures[key.public_hex])))
        self.assertFalse(again.signed_by(canon.SigningKey.named("four").public))
        again.body["decision"] = "no"
        self.assertFalse(again.signed_by(self.KEYS[0].public))

    def test_a_signature_is_bound_to_type_and_genesis(self):
        document = self.approval().sign(self.KEYS[0])
        for other in (canon.Document("freeze", document.body, document.signatures),
                      canon.Document("approval", dict(document.body, genesis="ac" * 32),
                                     document.signatures)):
            self.assertFalse(other.signed_by(self.KEYS[0].public))

    def test_bad_envelopes(self):
        document = self.approval().sign(*self.KEYS[:2])
        good = canon.read(document.raw)
        entries = good["signatures"]
        many = [{"key": f"{n:064x}", "signature": "00" * 64} for n in range(9)]
        cases = {
            "unknown field": dict(good, more=1),
            "missing field": {k: v for k, v in good.items() if k != "version"},
            "unknown type": dict(good, type="wish"),
            "other version": dict(good, version=2),
            "version as boolean": dict(good, version=True),
            "version as text": dict(good, version="1"),
            "body as list": dict(good, body=[]),
            "no genesis": dict(good, body={"a": 1}),
            "other genesis": dict(good, body=dict(good["body"], genesis="ac" * 32)),
            "upper-case genesis": dict(good, body=dict(good["body"], genesis="AB" * 32)),
            "order of keys": dict(good, signatures=entries[::-1]),
            "repeated key": dict(good, signatures=[entries[0], entries[0]]),
            "nine signatures": dict(good, signatures=many),
            "short key": dict(good, signatures=[dict(entries[0], key="ab")]),
            "upper-case signature": dict(good, signatures=[dict(entries[0], signature="AB" * 64)]),
            "field in a signature": dict(good, signatures=[dict(entries[0], who="me")]),
            "genesis in a genesis": dict(good, type="genesis"),
        }
        canon.open_document(canon.write(dict(good, signatures=many[:8])), self.GENESIS)
        for why, envelope in cases.items():
            with self.assertRaises(canon.NotCanonical, msg=why):
                canon.open_document(canon.write(envelope), self.GENESIS)
        with self.assertRaises(canon.NotCanonical):
            canon.open_document(document.raw, self.GENESIS, "freeze")

    def test_uuid7(self):
        made = [canon.uuid7() for _ in range(5000)]
        self.assertEqual(made, sorted(made))
        self.assertEqual(len(set(made)), 5000)
        for text in made[:50] + [canon.uuid7(1_516_892_533_000)]:
            self.assertRegex(text, r"\A[0-9a-f]{8}-[0-9a-f]{4}-7[0-9a-f]{3}-[89ab][0-9a-f]{3}-"
                                   r"[0-9a-f]{12}\Z")
        stamp = canon.uuid7(1_516_892_533_000).replace("-", "")[:12]
        self.assertEqual(int(stamp, 16), 1_516_892_533_000)


class Frames(unittest.TestCase):
    def setUp(self):
        folder = tempfile.TemporaryDirectory()
        self.addCleanup(folder.cleanup)
        self.path = os.path.join(folder.name, "s")
        self.listener = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
        self.listener.bind(self.path)
        self.listener.listen(1)
        self.addCleanup(self.listener.close)
        self.received = []

    def serve(self, *replies):
        """Answers the n-th frame with the bytes that replies[n](number, id, body) gives; closes at
        None."""
        def work():
            peer, _ = self.listener.accept()
            with peer, peer.makefile("rb") as reader:
                for reply in replies:
                    head = reader.read(16)
                    if len(head) < 16:
                        return
                    size, number, _, identifier = struct.unpack("<IHHQ", head)
                    body = reader.read(size)
                    self.received.append((number, identifier, body))
                    answer = reply(number, identifier, body)
                    if answer is None:
                        return
                    peer.sendall(answer)
                reader.read(1)
        thread = threading.Thread(target=work, daemon=True)
        thread.start()
        self.addCleanup(thread.join, 5)
        client = frames.Client(self.path, 2.0).connect()
        self.addCleanup(client.close)
        return client

    @staticmethod
    def echo(number, identifier, body):
        return frames.pack_frame(number + 1, body, identifier)

    def test_bytes(self):
        self.assertEqual(frames.pack(16, [b"ab", b""], 7).hex(),
                         "0a000000" "1000" "0000" "0700000000000000"
                         "02000000" "6162" "00000000")

    def test_hello_and_call(self):
        client = self.serve(self.echo, self.echo)
        table = bytes(range(32))
        client.hello(3, table)
        self.assertEqual(client.call(32, [b"x", b"", b"yz"]), [b"x", b"", b"yz"])
        self.assertEqual(self.received[0], (2, 1, struct.pack("<I", 3) + table))

    def test_hello_with_another_table(self):
        client = self.serve(lambda n, i, b: frames.pack_frame(3, b[:-1] + b"?", i))
        with self.assertRaises(frames.FrameError):
            client.hello(1, bytes(32))

    def test_wrong_replies(self):
        for wrong in (lambda n, i, b: frames.pack_frame(n, b, i),          # number of the request
                      lambda n, i, b: frames.pack_frame(n + 1, b, i + 1),  # another request's id
                      lambda n, i, b: struct.pack("<IHHQ", 65537, n + 1, 0, i),
                      lambda n, i, b: struct.pack("<IHHQ", 0, n + 1, 1, i),
                      lambda n, i, b: frames.pack_frame(n + 1, b"\x05\0\0\0abc", i),
                      lambda n, i, b: frames.pack_frame(n + 1, b"\x05\0", i),
                      lambda n, i, b: frames.pack_frame(n + 1, bytes(4 * (frames.ITEMS_MAX + 1)), i),
                      lambda n, i, b: b"\0\0",
                      lambda n, i, b: None):
            with self.subTest():
                client = self.serve(wrong)
                client.timeout = 0.3
                with self.assertRaises(frames.FrameError):
                    client.call(32)

    def test_late_reply_is_skipped_and_not_mistaken(self):
        held = []

        def late(number, identifier, body):
            held.append(frames.pack_frame(number + 1, frames.pack_items([b"old"]), identifier))
            return b""

        def both(number, identifier, body):
            return held[0] + frames.pack_frame(number + 1, frames.pack_items([b"new"]), identifier)
        client = self.serve(late, both)
        with self.assertRaises(frames.Timeout):
            client.call(64, timeout=0.05)
        self.assertEqual(client.call(64), [b"new"])

    def test_reply_in_pieces_over_a_timeout(self):
        pieces = []

        def half(number, identifier, body):
            whole = frames.pack_frame(number + 1, frames.pack_items([b"slow"]), identifier)
            pieces.append(whole[20:])
            return whole[:20]
        client = self.serve(half, lambda n, i, b: pieces[0])
        identifier = client.send(64)
        with self.assertRaises(frames.Timeout):
            client.wait_reply(identifier, 64, 0.05)
        client.send(32)
        self.assertEqual(client.wait_reply(identifier, 64), [b"slow"])

    def test_closed_by_peer(self):
        client = self.serve(lambda n, i, b: None)
        client.send(2)
        self.assertTrue(client.closed_by_peer())
        client = self.serve(self.echo)
        self.assertFalse(client.closed_by_peer(0.05))

    def test_nobody_listens(self):
        with self.assertRaises(OSError):
            frames.Client(self.path + "-not").connect(0.05)

    def test_table_hash(self):
        with tempfile.NamedTemporaryFile("w", suffix=".def") as file:
            file.write("/* MSG(NO, 1, ROLE_ANY, 1, PHASE_ANY) */\n"
                       "MSG(HELLO, 2, ROLE_SERVER | ROLE_STOP, 36, PHASE_HELLO)\n"
                       "MSG(SIGN, 16, ROLE_SERVER, 65536, PHASE_READY)\n")
            file.flush()
            rows = frames.read_table(file.name)
        self.assertEqual(rows, [("HELLO", 2, 5, 36, 1), ("SIGN", 16, 1, 65536, 2)])
        self.assertEqual(frames.table_hash("signer", 1, rows), hashlib.sha256(
            b"kuramori ipc signer 1\nHELLO 2 5 36 1\nSIGN 16 1 65536 2\n").digest())


class _Nis(http.server.BaseHTTPRequestHandler):
    """Canned answers of a node; what was asked is kept in server.asked."""

    protocol_version = "HTTP/1.1"

    def _answer(self, body):
        self.server.asked.append((self.command, self.path, body))
        self.server.connections.add(self.client_address)
        status, answer = self.server.answers.get(self.path.split("?")[0], (404, b"{}"))
        if answer is None:
            self.close_connection = True
            return
        if callable(answer):
            answer = answer(body)
        text = answer if isinstance(answer, bytes) else json.dumps(answer).encode() + b"\r\n"
        self.send_response(status)
        self.send_header("Content-Length", str(len(text)))
        self.end_headers()
        self.wfile.write(text)

    def do_GET(self):
        self._answer(None)

    def do_POST(self):
        self._answer(json.loads(self.rfile.read(int(self.headers["Content-Length"]))))

    def log_message(self, *_):
        pass


class NodeClient(unittest.TestCase):
    def setUp(self):
        self.server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), _Nis)
        self.server.daemon_threads = True
        self.server.answers, self.server.asked, self.server.connections = {}, [], set()
        thread = threading.Thread(target=self.server.serve_forever, args=(0.02,), daemon=True)
        thread.start()
        self.addCleanup(self.server.server_close)
        self.addCleanup(self.server.shutdown)
        self.node = node.Node(self.server.server_address[1], timeout=2)
        self.addCleanup(self.node.close)

    def test_height_over_one_connection(self):
        self.server.answers["/chain/height"] = 200, {"height": 42}
        self.assertEqual([self.node.height() for _ in range(3)], [42, 42, 42])
        self.assertEqual(len(self.server.connections), 1)

    def test_announce_sends_the_non_verifiable_bytes(self):
        vector = golden("Transfer v1, A → B, 12")
        self.server.answers["/transaction/announce"] = 200, {"code": 1, "message": "SUCCESS"}
        sent = nem.decode(bytes.fromhex(vector["data"])).sign(A)
        self.assertEqual(self.node.announce(sent)["code"], 1)
        self.assertEqual(self.server.asked[-1][2], {"data": vector["data"],
                                                    "signature": vector["signature"]})

    def test_push_carries_the_complete_unit(self):
        self.server.answers["/push/transaction"] = 200, b""
        unit = nem.payment(M.public, A, B, C.address(), 10 * nem.MICRO, T0)
        self.assertIsNone(self.node.push(unit))
        body = self.server.asked[-1][2]
        self.assertEqual(nem.from_json(body["entity"]), unit)
        self.assertTrue(nem.verify(bytes.fromhex(body["identity"]["public-key"]),
                                   keccak.keccak256(unit.verifiable()),
                                   bytes.fromhex(body["signature"])))

    def chain(self):
        harvester = nem.KeyPair.named("harvester")
        nemesis = nem.Block(C, bytes(32), 1, 0, [
            nem.Transfer(C, A.address(), 1000 * nem.MICRO, fee=0, timestamp=0).sign(C)],
            kind=-1).sign(C)
        second = nem.Block(harvester, nemesis.hash(), 2, 100, [
            nem.Transfer(A, B.address(), 10 * nem.MICRO, timestamp=60).sign(A)]).sign(harvester)
        blocks = [nemesis, second]
        self.server.answers["/chain/height"] = 200, {"height": 2}
        self.server.answers["/block/at/public"] = \
            200, lambda body: blocks[body["height"] - 1].to_json()
        return blocks, harvester

    def test_blocks_and_balances(self):
        blocks, harvester = self.chain()
        self.assertEqual([one.hash() for one in self.node.blocks()],
                         [one.hash() for one in blocks])
        self.assertEqual(self.node.balances(), {
            C.address(): 0, A.address(): 990 * nem.MICRO - 50_000, B.address(): 10 * nem.MICRO,
            harvester.address(): 50_000})

    def test_lying_node(self):
        blocks, harvester = self.chain()
        good = blocks[1]

        def refused(change):
            blocks[1] = nem.Block.from_json(good.to_json())
            change(blocks[1])
            with self.assertRaises(ValueError):
                list(self.node.blocks())
        refused(lambda b: setattr(b, "signature", bytes(64)))
        refused(lambda b: setattr(b, "timestamp", 101))
        refused(lambda b: (setattr(b, "previous_hash", bytes(32)), b.sign(harvester)))
        refused(lambda b: (setattr(b, "height", 3), b.sign(harvester)))
        refused(lambda b: (setattr(b.transactions[0], "amount", 11), b.sign(harvester)))

    def test_pool_unconfirmed_and_account(self):
        unit = nem.payment(M.public, A, B, C.address(), 10 * nem.MICRO, T0)
        self.server.answers["/transactions/unconfirmed"] = \
            200, {"entity": {"data": [unit.to_json()]}, "signature": ""}
        self.assertEqual(self.node.pool(), [unit])
        self.server.answers["/account/unconfirmedTransactions"] = \
            200, {"data": [{"meta": {"data": unit.inner_hash().hex()},
                            "transaction": unit.to_json()}]}
        self.assertEqual(self.node.unconfirmed(M.address()), [(unit, unit.inner_hash())])
        self.server.answers["/account/get"] = 200, {"account": {"balance": 5}, "meta": {}}
        self.assertEqual(self.node.balance(M.address()), 5)

    def test_errors(self):
        self.server.answers["/account/get"] = \
            400, {"message": "address must be valid", "status": 400}
        with self.assertRaises(node.NodeError) as caught:
            self.node.balance("x")
        self.assertEqual((caught.exception.status, caught.exception.text),
                         (400, "address must be valid"))
        self.server.answers["/chain/height"] = 200, b"<html>"
        with self.assertRaises(node.NodeError):
            self.node.height()
        self.server.answers["/chain/height"] = 200, None  # closes without an answer
        with self.assertRaises(node.NodeError) as caught:
            node.Node(self.node.port).height()
        self.assertEqual(caught.exception.status, 0)
        self.server.answers["/transaction/get"] = 400, {"message": "Hash was not found in cache"}
        self.assertIsNone(self.node.transaction(bytes(32)))
        with self.assertRaises(node.NodeError):
            node.Node(process.free_port(), timeout=1).height()


DAEMON = """
import os, signal, socket, sys, threading, time
mode = sys.argv[1]
print("line on stderr", file=sys.stderr, flush=True)
if mode == "dies": sys.exit(3)
if mode == "stubborn": signal.signal(signal.SIGTERM, signal.SIG_IGN)
else: signal.signal(signal.SIGTERM, lambda *_: sys.exit(int(sys.argv[2]) if len(sys.argv) > 2 else 0))
def turn():
    while True: time.sleep(0.0001)
if mode == "threads":
    for _ in range(3): threading.Thread(target=turn, daemon=True).start()
if mode != "silent":
    with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as s:
        s.connect(os.environ["NOTIFY_SOCKET"])
        s.send(b"STATUS=up\\nREADY=1")
while True: time.sleep(0.05)
"""


class Processes(unittest.TestCase):
    def setUp(self):
        folder = tempfile.TemporaryDirectory()
        self.addCleanup(folder.cleanup)
        self.folder = Path(folder.name)

    def daemon(self, *args, name="d"):
        made = process.Daemon(name, [sys.executable, "-c", DAEMON, *args], self.folder)
        self.addCleanup(made.kill)
        return made

    def test_start_ready_stop_restart(self):
        one = self.daemon("good").start()
        self.assertGreater(one.ready_s, 0)
        self.assertGreater(one.memory()["peak"], 1000)
        with self.assertRaises(process.Failed):
            one.start()
        self.assertEqual(one.stop(), 0)
        self.assertFalse(one.alive())
        one.start()
        one.kill()
        self.assertEqual(one.process.returncode, -signal.SIGKILL)
        one.kill()
        self.assertEqual(one.errors().count("line on stderr"), 2)
        with self.assertRaises(process.Failed):
            one.check()

    def test_failures_are_noticed(self):
        with self.assertRaisesRegex(process.Failed, "ended with 3(.|\n)*line on stderr"):
            self.daemon("dies").start()
        silent = self.daemon("silent")
        with self.assertRaisesRegex(process.Failed, "not ready"):
            silent.start(0.3)
        self.assertFalse(silent.alive())
        stubborn = self.daemon("stubborn").start()
        with self.assertRaisesRegex(process.Failed, "still running"):
            stubborn.stop(0.2)
        self.assertFalse(stubborn.alive())
        with self.assertRaisesRegex(process.Failed, "cannot be started"):
            process.Daemon("none", [self.folder / "none"], self.folder).start()
        with self.assertRaisesRegex(process.Failed, "exit code 70 instead of 0"):
            self.daemon("good", "70").start().stop()

    def test_pause(self):
        """When pause() returns no thread runs any more, also where many are running."""
        one = self.daemon("threads").start()
        for _ in range(100):
            one.pause()
            states = [(task / "stat").read_text().rsplit(")", 1)[1].split()[0]
                      for task in Path(f"/proc/{one.pid}/task").iterdir()]
            self.assertEqual(states, ["T"] * 4)
            one.go_on()
            process.wait_until(lambda: not process.is_stopped(one.pid), 5, "it goes on", 0.001)
        self.assertEqual(one.stop(), 0)

    def test_group(self):
        with process.Group() as group:
            for name in ("a", "b"):
                group.add(self.daemon("good", name=name))
            with self.assertRaises(ValueError):
                group.add(self.daemon("good", name="a"))
            group.start()
            group.check()
            group["a"].kill()
            with self.assertRaises(process.Failed):
                group.check()
            group.stop()
            self.assertFalse(group["b"].alive())

    def test_children_die_with_the_program(self):
        for ending in ("kill", "exit"):
            pid_file = self.folder / f"pid-{ending}"
            program = (f"import sys; sys.path.insert(0, {str(HERE)!r})\n"
                       "import process, time\n"
                       f"d = process.Daemon('x', [sys.executable, '-c', {DAEMON!r}, 'stubborn'], "
                       f"{str(self.folder)!r}).start()\n"
                       f"open({str(pid_file)!r} + '.new', 'w').write(str(d.pid))\n"
                       f"import os; os.rename({str(pid_file)!r} + '.new', {str(pid_file)!r})\n"
                       + ("time.sleep(60)" if ending == "kill" else ""))
            with subprocess.Popen([sys.executable, "-c", program]) as parent:
                process.wait_until(pid_file.exists, 10, "the daemon runs")
                if ending == "kill":
                    parent.kill()
            pid = int(pid_file.read_text())

            def gone():
                try:
                    return Path(f"/proc/{pid}/stat").read_text().split(")")[1].split()[0] == "Z"
                except FileNotFoundError:
                    return True
            process.wait_until(gone, 5, f"the daemon is gone after {ending}")

    def test_run(self):
        done = process.run([sys.executable, "-c", "print(input())"], input="hello\n")
        self.assertEqual(done.stdout, "hello\n")
        with self.assertRaisesRegex(process.Failed, "exit code 2 instead of 0"):
            process.run([sys.executable, "-c", "raise SystemExit(2)"])
        process.run([sys.executable, "-c", "raise SystemExit(2)"], expect=2)
        with self.assertRaisesRegex(process.Failed, "not done"):
            process.run([sys.executable, "-c", "import time; time.sleep(9)"], timeout=0.3)

    def test_ports_and_waiting(self):
        ports = process.free_ports(20)
        self.assertEqual(len(set(ports)), 20)
        # another program gets none of them, and neither does a client that connects from anywhere
        other = "import process; print(*process.free_ports(2000))"
        theirs = process.run([sys.executable, "-c", other], cwd=Path(process.__file__).parent).stdout.split()
        self.assertEqual((len(theirs), set(ports) & set(map(int, theirs))), (2000, set()))
        with socket.socket() as client:
            client.bind(("127.0.0.1", 0))
            self.assertGreater(client.getsockname()[1], max(ports))
        with self.assertRaisesRegex(process.Failed, "never: not within"):
            process.wait_until(lambda: False, 0.03, "never")
        self.assertEqual(process.wait_until(lambda: 7, 0, "at once"), 7)


class Story(unittest.TestCase):
    def test_claims(self):
        start = time.process_time()
        amounts = claims.distribute(1)
        spent = time.process_time() - start
        self.assertLess(spent, 2)
        self.assertEqual(len(amounts), 260_000)
        self.assertEqual(sum(amounts), 526_300_010_000_000)
        self.assertGreater(min(amounts), 0)
        figures = claims.summary(amounts)
        self.assertEqual(figures["mean"] // 1_000_000, 2024)
        # A heavy tail: half own little, one in a hundred owns at least a third.
        self.assertLess(figures["median"], figures["mean"] // 5)
        self.assertGreater(figures["top_1_percent_bp"], 3_333)
        self.assertLess(figures["largest"], claims.TOTAL_MICRO // 20)
        self.assertIn("assumption", claims.SENTENCE)

    def test_claims_are_repeatable(self):
        self.assertEqual(claims.distribute(7, 1000), claims.distribute(7, 1000))
        self.assertNotEqual(claims.distribute(7, 1000), claims.distribute(8, 1000))
        # Pinned, so that a change of the generator cannot pass unseen.
        digest = hashlib.sha256(",".join(map(str, claims.distribute(1))).encode()).hexdigest()
        self.assertEqual(digest, "1921118535e7d019b22fb457c68b4bc6265ac230cc3e9707e801a4f593925d2d")
        self.assertEqual(claims.distribute(1, 5, 5), [1] * 5)
        for customers, total in ((0, 5), (6, 5), (-1, 5)):
            with self.assertRaises(ValueError):
                claims.distribute(1, customers, total)

    def test_claims_csv(self):
        text = io.StringIO()
        amounts = claims.distribute(3, 500)
        claims.write_csv(text, amounts)
        lines = text.getvalue().splitlines()
        self.assertEqual(lines[0], "customer,amount")
        self.assertEqual([int(line.split(",")[1]) for line in lines[1:]], amounts)
        names = [line.split(",")[0] for line in lines[1:]]
        self.assertEqual(len(set(names)), 500)
        self.assertRegex(names[-1], r"\A[A-Za-z0-9._:-]{1,64}\Z")

    def test_thefts(self):
        self.assertEqual([t.number for t in incident.THEFTS], list(range(1, 12)))
        self.assertEqual(sum(t.xem for t in incident.THEFTS), incident.TOTAL_XEM)
        self.assertEqual(sum(t.xem for t in incident.THEFTS[:8]), 523_000_010)
        self.assertEqual([t.number for t in incident.THEFTS if t.to_second], [1])
        for theft in incident.THEFTS:
            self.assertIn(theft.amount_basis, incident.BASIS)
            self.assertIn(theft.time_basis, incident.BASIS)
            self.assertTrue(theft.source)
            if not theft.to_second:
                self.assertGreaterEqual(theft.latest - theft.earliest, 59)
                self.assertNotRegex(theft.when(), r"\d\d:\d\d:\d\d")
        self.assertEqual(incident.THEFTS[0].when(), "00:02:13 [E]")
        nem.check_address(incident.HOT_WALLET, nem.MAINNET)
        nem.check_address(incident.THIEF, nem.MAINNET)
        for address in incident.FIRST_HOPS:
            nem.check_address(address, nem.MAINNET)

    def test_schedule_stays_within_the_facts(self):
        steps = incident.schedule()
        self.assertEqual(len(steps), 11)
        self.assertEqual(len({s.at for s in steps}), 11)
        self.assertEqual([s.at for s in steps], sorted(s.at for s in steps))
        for step in steps:
            self.assertTrue(step.theft.earliest <= step.at <= step.theft.latest)
            self.assertEqual(step.assumed, step.theft.number != 1)
            self.assertIn("known" if step.theft.number == 1 else "assumed", step.when())

    def test_times(self):
        self.assertEqual(incident.gone_until(incident.DETECTED.at), 526_300_010)
        self.assertEqual(incident.gone_until(incident.THEFTS[0].earliest), 10)
        self.assertEqual(incident.gone_until(incident.THEFTS[0].earliest - 1), 0)
        # "11 h 23 min" in the reports counts minutes
        self.assertEqual(incident.unnoticed_s(), 11 * 3600 + 22 * 60 + 47)
        self.assertEqual(incident.nem_seconds(0), nem.nem_seconds(incident.MIDNIGHT_UNIX_S * 1000))
        for moment in incident.MOMENTS:
            self.assertIn(moment.basis, incident.BASIS)
            self.assertTrue(moment.basis != "C" or moment.note)


if __name__ == "__main__":
    unittest.main()
