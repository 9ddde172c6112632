#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""The demonstration's own judge can object.

Goal: a proof that cannot fail proves nothing. So honest journals, books, documents and blocks made
here pass the audit, and each single falsification of them is objected to.
Method: journals in memory from audit.build_record() and Batch; blocks of kit/nem.py; one figure
flipped at a time. Tree roots are compared with the recursive definition of RFC 6962.
"""

import contextlib
import os
import struct
import unittest

import audit
import canon
import incident
import nem
import refund_row
import story
import story_refund
from audit import Batch, Books, Journal, Objection, account_id, build_record, sha

SECRET = bytes(range(32))
A, B = account_id(audit.TILL, "TILL"), account_id(audit.CUSTOMER, "c000001")
OPENING, FLIGHT = account_id(audit.OPENING, "nem:xem"), account_id(audit.IN_FLIGHT, "nem:xem")
REQUEST = bytes.fromhex("0192" + "00" * 14)


def opened():
    """Records of books with one till and one customer who has 1,000, of which 100 were paid."""
    rows = [build_record("ACCOUNT", 1, 1, identifier, amount=kind)
            for identifier, kind in ((A, audit.TILL), (B, audit.CUSTOMER), (OPENING, audit.OPENING),
                                     (FLIGHT, audit.IN_FLIGHT))]
    rows.append(build_record("TRANSFER", 1, 2, b"t" * 16, A, OPENING, 1000))
    rows.append(build_record("TRANSFER", 1, 3, b"u" * 16, OPENING, B, 1000))
    rows.append(build_record("HOLD", 1, 4, b"h" * 16, B, FLIGHT, 100, REQUEST))
    rows.append(build_record("POST", 1, 5, b"p" * 16, amount=100, ref=b"h" * 16))
    rows.append(build_record("TRANSFER", 1, 5, b"v" * 16, FLIGHT, A, 100))
    return rows


def journal(groups, blobs=()):
    """A well-formed journal of these groups of records; blobs: {group: [bytes]}."""
    tree, previous, first, batches = audit.Tree(), audit.ZERO, 0, []
    for n, rows in enumerate(groups):
        for k, row in enumerate(rows):
            tree.append(audit.salted_leaf(SECRET, first + k, row))
        one = Batch(first, previous, tree.root(), b"".join(rows), dict(blobs).get(n, []), audit.ZERO)
        one.hash = one.computed_hash()
        batches.append(one)
        previous, first = one.hash, first + len(rows)
    return Journal("test", batches)


def recursive_root(leaves):
    if not leaves:
        return sha(b"")
    if len(leaves) == 1:
        return leaves[0]
    k = 1
    while 2 * k < len(leaves):
        k *= 2
    return sha(b"\1" + recursive_root(leaves[:k]) + recursive_root(leaves[k:]))


class Journals(unittest.TestCase):
    def test_tree_is_that_of_the_standard(self):
        for size in range(40):
            tree, leaves = audit.Tree(), [sha(bytes([n])) for n in range(size)]
            for leaf in leaves:
                tree.append(leaf)
            self.assertEqual(tree.root(), recursive_root(leaves), size)

    def test_honest_journal(self):
        rows = opened()
        one = journal([rows[:4], rows[4:]]).verify(SECRET)
        self.assertEqual(one.size, len(rows))
        self.assertEqual([r.kind for r in one.records("HOLD")], ["HOLD"])

    def test_each_flipped_byte_of_a_batch(self):
        rows = opened()
        raw = journal([rows]).batches[0].raw()
        for at in range(len(raw)):
            bad = bytearray(raw)
            bad[at] ^= 1
            with self.assertRaises(Objection, msg=f"byte {at}"):
                found = audit.parse_batch(bytes(bad), 0)
                if found is None:
                    raise Objection("no batch")
                Journal("test", [found[0]]).verify(SECRET)

    def test_file_form(self):
        head = b"kuramori journal" + struct.pack("<II", 1, 0)
        head += sha(head)[:4]
        head += bytes(audit.BATCHES_AT - len(head))
        rows = opened()
        body = b"".join(b.raw() for b in journal([rows[:4], rows[4:]]).batches)
        good = head + body + bytes(512)
        self.assertEqual(len(audit.read_file_journal("x/journal", good).verify(SECRET).batches), 2)
        for bad in (head[:-1] + b"\1" + body, b"K" + good[1:], good + b"\1", good[:len(head)] + body[:-128]):
            with self.assertRaises(Objection):
                audit.read_file_journal("x/journal", bad).verify(SECRET)

    def test_batches_left_out_or_exchanged(self):
        rows = opened()
        batches = journal([rows[:3], rows[3:6], rows[6:]]).batches
        for chosen in ([0, 2], [1, 2], [0, 2, 1], [0, 0, 1, 2]):
            with self.assertRaises(Objection, msg=str(chosen)):
                Journal("test", [batches[i] for i in chosen]).verify()

    def test_root_under_another_secret(self):
        with self.assertRaisesRegex(Objection, "tree"):
            journal([opened()]).verify(bytes(32))

    def test_blob_that_nobody_names(self):
        blob = b"a document"
        row = build_record("DOCUMENT", link=sha(blob))
        self.assertEqual(journal([[row]], {0: [blob]}).verify(SECRET).blobs[sha(blob)], blob)
        with self.assertRaisesRegex(Objection, "no record names"):
            journal([[build_record("DOCUMENT")]], {0: [blob]}).verify(SECRET)


class TheBooks(unittest.TestCase):
    def books(self, rows):
        books = Books().replay(journal([rows]).verify(SECRET))
        books.must_balance()
        return books

    def test_honest_books(self):
        books = self.books(opened())
        self.assertEqual((books.balance(A), books.balance(B), books.balance(FLIGHT)), (900, 900, 0))
        self.assertEqual(books.total(audit.CUSTOMER), 900)
        self.assertEqual(books.open_holds(), [])

    def test_each_figure_flipped(self):
        """One figure of the books changed and everything sealed again: the reserves no longer agree
        with the chain, or the books themselves object."""
        address, objected = nem.KeyPair.named("till").address(), 0
        own = {address: audit.TILL}
        till = account_id(audit.TILL, address)
        honest = [row.replace(A, till) for row in opened()]
        chain = audit.Chain([])
        chain.balances[address] = 900
        self.assertEqual(audit.check_reserves(self.books(honest), chain, own, {}, {}), 900)
        for n, row in enumerate(honest):
            record = audit.parse_record(n, row)
            if record.kind == "ACCOUNT" or till not in (record.debit, record.credit):
                continue
            for change in (1, -1):
                forged = bytearray(row)
                forged[64:80] = (record.amount + change).to_bytes(16, "little")
                rows = honest[:n] + [bytes(forged)] + honest[n + 1:]
                with self.assertRaises(Objection, msg=f"record {n} by {change}"):
                    audit.check_reserves(self.books(rows), chain, own, {}, {})
                objected += 1
        self.assertEqual(objected, 4)

    def test_unbalanced(self):
        books = self.books(opened())
        books.accounts[B][3] += 1
        with self.assertRaisesRegex(Objection, "differ by -1"):
            books.must_balance()

    def test_what_the_books_refuse(self):
        rows = opened()
        more = {
            "opens an account twice": rows[0],
            "no open hold": build_record("POST", 1, identifier=b"q" * 16, amount=100, ref=b"h" * 16),
            "falls below zero": build_record("TRANSFER", 1, identifier=b"w" * 16, debit=B, credit=FLIGHT,
                                             amount=901),
            "that cannot be": build_record("TRANSFER", 1, identifier=b"x" * 16, debit=A, credit=A, amount=1),
            "more than was held": build_record("POST", 1, identifier=b"q" * 16, amount=101, ref=b"i" * 16)}
        second = build_record("HOLD", 1, 4, b"i" * 16, B, FLIGHT, 100, REQUEST)
        for words, row in more.items():
            with self.assertRaisesRegex(Objection, words):
                self.books(rows + [second, row] if "more than" in words else rows + [row])


class Payments(unittest.TestCase):
    """One withdrawal of 5 XEM, paid in block 2."""

    def setUp(self):
        self.a, self.b = nem.KeyPair.named("a"), nem.KeyPair.named("b")
        self.till, self.to = nem.KeyPair.named("till"), nem.KeyPair.named("customer").address()
        self.backend, self.person = canon.SigningKey.named("back end"), canon.SigningKey.named("p")
        genesis, request_id = "11" * 32, "01920000-0000-7000-8000-000000000001"
        request = {"amount": "5000000", "asset": "nem:xem", "customer": "c000001",
                   "destination": self.to, "genesis": genesis, "message": "", "request_id": request_id,
                   "time_ms": 1}
        self.request = canon.Document("request", request).sign(self.backend)
        order = {"amount": "5000000", "asset": "nem:xem", "chain": "nem", "created_ms": 1,
                 "destination": self.to, "expires_ms": 9, "fee_max": "350000", "genesis": genesis,
                 "message": "", "network": 152, "request": self.request.id, "request_id": request_id,
                 "vault": "hot"}
        self.order = canon.Document("order", order)
        attempt = {"account": self.till.public_hex, "deadline_nem_s": 3610, "fee_cosign": "150000",
                   "fee_inner": "50000", "fee_outer": "150000", "genesis": genesis, "number": 1,
                   "order": self.order.id, "timestamp_nem_s": 10}
        self.attempt = canon.Document("attempt", attempt)
        approval = {"decision": "yes", "genesis": genesis, "person": "p", "subject": self.order.id,
                    "subject_type": "order", "time_ms": 2}
        self.approval = canon.Document("approval", approval).sign(self.person)
        self.roster = canon.Document("roster", {
            "backends": [{"id": "b", "key": self.backend.public_hex}],
            "people": [{"id": "p", "key": self.person.public_hex, "passkeys": [], "roles": ["approver"]}],
            "relying_party": {"id": "", "origins": []}, "software_approvals": True})
        self.policy = canon.Document("policy", {"approval_tiers": [
            {"approvals": 0, "up_to": "1000000"}, {"approvals": 1, "up_to": "9000000"}]})
        self.reference = bytes.fromhex(request_id.replace("-", ""))

    def found(self, documents=None):
        documents = documents or [self.request, self.order, self.attempt, self.approval]
        rows = [build_record("DOCUMENT", identifier=self.reference, ref=self.reference, link=sha(d.raw))
                for d in documents]
        return audit.withdrawals(journal([rows], {0: [d.raw for d in documents]}).verify(SECRET))

    def chain(self, times=1):
        nemesis, start = nem.KeyPair.named("nemesis"), 5
        grant = nem.Transfer(nemesis.public, self.till.address(), 90_000_000, fee=0, timestamp=start)
        blocks = [nem.Block(nemesis, audit.ZERO, 1, start, [grant.sign(nemesis)], kind=-1).sign(nemesis)]
        unit = nem.payment(self.till.public, self.a, self.b, self.to, 5_000_000, 10)
        for n in range(times):
            blocks.append(nem.Block(self.a, blocks[-1].hash(), n + 2, 20 + n, [unit]).sign(self.a))
        return audit.Chain(blocks)

    def books(self, last="POST"):
        books = Books()
        rows = [build_record("ACCOUNT", 1, identifier=i, amount=k) for i, k in (
            (A, audit.TILL), (B, audit.CUSTOMER), (OPENING, audit.OPENING), (FLIGHT, audit.IN_FLIGHT))]
        rows += [build_record("TRANSFER", 1, identifier=b"t" * 16, debit=OPENING, credit=B, amount=9_000_000),
                 build_record("HOLD", 1, identifier=b"h" * 16, debit=B, credit=FLIGHT, amount=5_350_000,
                              ref=self.reference)]
        if last is not None:
            rows.append(build_record(last, 1, identifier=b"p" * 16, ref=b"h" * 16, amount=5_350_000))
        return books.replay(journal([rows]).verify(SECRET))

    def test_honest(self):
        found = self.found()
        self.assertEqual(audit.check_paid(found, self.chain(), self.books()), (1, 0, {}))
        self.assertEqual(audit.check_people(next(iter(found.values())), self.roster, self.policy), 2)
        settled, flying, amounts = audit.check_paid(found, self.chain(), self.books(None))
        self.assertEqual((settled, flying, dict(amounts)), (0, 1, {self.till.address(): 5_350_000}))

    def test_paid_twice_not_at_all_or_for_nothing(self):
        for times, last in ((2, "POST"), (0, "POST"), (1, "VOID"), (2, None)):
            with self.assertRaises(Objection, msg=f"{times} {last}"):
                audit.check_paid(self.found(), self.chain(times), self.books(last))

    def test_people(self):
        forged = canon.Document("approval", self.approval.body).sign(canon.SigningKey.named("x"))
        stolen = canon.Document("approval", self.approval.body, {
            self.person.public_hex: forged.signatures[canon.SigningKey.named("x").public_hex]})
        other = canon.Document("approval", dict(self.approval.body, subject="22" * 32)).sign(self.person)
        no = canon.Document("approval", dict(self.approval.body, decision="no")).sign(self.person)
        for bad in ([], [forged], [stolen], [other], [no]):
            found = self.found([self.request, self.order, self.attempt] + bad)
            with self.assertRaises(Objection, msg=str(bad)):
                audit.check_people(next(iter(found.values())), self.roster, self.policy)
        unsigned = canon.Document("request", self.request.body)
        found = self.found([unsigned, self.order, self.attempt, self.approval])
        with self.assertRaisesRegex(Objection, "back end"):
            audit.check_people(next(iter(found.values())), self.roster, self.policy)

    def test_order_that_says_something_else(self):
        for field, value in (("amount", "5000001"), ("destination", self.till.address()), ("message", "00")):
            order = canon.Document("order", dict(self.order.body, **{field: value}))
            with self.assertRaises(Objection, msg=field):
                self.found([self.request, order])

    def test_block_with_a_broken_signature(self):
        chain = self.chain(0)
        unit = nem.payment(self.till.public, self.a, self.b, self.to, 5_000_000, 10)
        unit.signature = bytes([unit.signature[0] ^ 1]) + unit.signature[1:]
        with self.assertRaisesRegex(Objection, "signature"):
            chain.add(nem.Block(self.a, chain.previous, 2, 20, [unit]).sign(self.a))


class Checkpoints(unittest.TestCase):
    def test_honest_and_forged(self):
        key, root = canon.SigningKey.named("auditor"), sha(b"root")
        note = audit.make_checkpoint("kuramori.example/log", 7, root, "auditor-1", key)
        self.assertEqual(audit.check_checkpoint(note, key.public, 7, root), ("kuramori.example/log", 7, root))
        other = canon.SigningKey.named("other")
        for bad, wanted, public in ((note, (8, root), key), (note, (7, sha(b"x")), key), (note, (7, root), other),
                                    (note.replace("\n7\n", "\n8\n"), (8, root), key),
                                    (note.replace("log\n", "log\nextra\n", 1), (7, root), key)):
            with self.assertRaises(Objection, msg=bad):
                audit.check_checkpoint(bad, public.public, *wanted)

    def test_points_of_a_journal(self):
        rows = opened()
        one = journal([rows[:4], rows[4:]]).verify(SECRET)
        self.assertEqual(sorted(one.points), [4, len(rows)])
        self.assertEqual(one.points[len(rows)], (one.head, one.tree_root))


class TheRefund(unittest.TestCase):
    def test_whole_yen_half_up(self):
        for micro, yen in ((0, 0), (5646, 0), (5647, 1), (1_000_000, 89), (526_300_010_000_000, 46_603_339_585),
                           (4_000_000_000_000_000_000, 354_196_000_000_000)):
            self.assertEqual(story_refund.due(micro), yen, micro)

    def test_exact_decimals(self):
        f = story_refund.fractions.Fraction
        for value, text in ((f(-49, 100), "-0.49"), (f(32751, 100), "+327.51"), (f(0), "+0"), (f(-1234567), "-1,234,567"),
                            (f(1, 10 ** 9), "+0.000000001")):
            self.assertEqual(story_refund.decimal(value), text)

    def plan(self, rows):
        leaves = [refund_row.leaf(salt, *row) for salt, row in rows]
        body = {"customers": len(rows), "genesis": "11" * 32, "rate": "88.549", "root": recursive_root(leaves).hex(),
                "rounding": "half-up"}
        return canon.Document("plan", body), leaves

    def proof(self, leaves, index):
        """RFC 6962 2.1.1, by its own recursion."""
        if len(leaves) == 1:
            return []
        k = 1
        while 2 * k < len(leaves):
            k *= 2
        if index < k:
            return self.proof(leaves[:k], index) + [recursive_root(leaves[k:]).hex()]
        return self.proof(leaves[k:], index - k) + [recursive_root(leaves[:k]).hex()]

    def test_each_row_is_proven_and_nothing_else(self):
        for size in (1, 2, 3, 7, 8, 9, 33):
            rows = [(f"{n:064x}", (f"c{n:03}", str(1_000_000 * (n + 1)), str(story_refund.due(1_000_000 * (n + 1)))))
                    for n in range(size)]
            plan, leaves = self.plan(rows)
            for index, (salt, (customer, lost, paid)) in enumerate(rows):
                row = {"customer": customer, "lost": lost, "paid": paid, "salt": salt, "index": index, "size": size,
                       "proof": self.proof(leaves, index), "plan": plan.id}
                self.assertEqual(refund_row.objections(plan.raw, row), [], (size, index))
                bends = {"paid": str(int(paid) + 1), "lost": str(int(lost) + 1), "salt": "22" * 32, "customer": "x",
                         "index": index + 1, "size": size + 1, "plan": "22" * 32, "proof": row["proof"] + ["22" * 32]}
                for field, value in bends.items():
                    self.assertNotEqual(refund_row.objections(plan.raw, dict(row, **{field: value})), [], field)
            other = canon.Document("plan", dict(plan.body, rate="88.55"))
            self.assertNotEqual(refund_row.objections(other.raw, dict(row, plan=other.id, lost="4000000000000000")), [])


class Words(unittest.TestCase):
    def test_figures_for_people(self):
        self.assertEqual(story.xem(526_300_010_000_000), "526,300,010")
        self.assertEqual(story.xem(10_350_000), "10.35")
        self.assertEqual(story.xem(-1), "-0.000001")
        self.assertEqual(story.percent(10_350_000, 526_300_010_000_000, 7), "0.0000019 %")
        self.assertEqual(story.percent(1, 1), "100.0 %")

    def test_a_claim_that_does_not_hold_ends_with_1(self):
        teller = story.Teller("json", 1)
        teller.title("A", "x")
        self.assertTrue(teller.check("holds", True))
        with open(os.devnull, "w", encoding="ascii") as nowhere, \
                contextlib.redirect_stdout(nowhere), contextlib.redirect_stderr(nowhere):
            teller.check("does not", False)
            self.assertEqual(story.conclude(teller), 1)
            silent = story.Teller("json", 1)
            self.assertEqual(story.conclude(silent), 1, "a story without its figures is no success")

    def test_schedule(self):
        steps = incident.schedule()
        self.assertEqual(sum(s.theft.xem for s in steps), incident.TOTAL_XEM)
        self.assertEqual([s.assumed for s in steps].count(False), 1)


if __name__ == "__main__":
    unittest.main(verbosity=1)
