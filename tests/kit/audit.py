# SPDX-License-Identifier: Apache-2.0
"""The proof, a second time: everything that the journals claim, recomputed from their raw bytes.

Written from the texts of src/log/batch.h, record.h, tree.h, src/store/file.h, sqlite.h and
books/books.h and from RFC 6962, not from the C code. Nothing here asks a program of ours: it reads
files of stopped programs (or copies of them) and the node's blocks. What does not hold raises
Objection with words that name it.
"""

import base64
import collections
import hashlib
import hmac
import shutil
import sqlite3
import struct
import tempfile
from pathlib import Path

import canon
import ed25519
import nem
import passkey

XEM_ASSET = 1
BATCHES_AT = 4096
HEAD_BYTES = RECORD_BYTES = 128
ZERO = bytes(32)

KINDS = {1: "ACCOUNT", 2: "TRANSFER", 3: "HOLD", 4: "POST", 5: "VOID", 6: "HOLD_UNTIL", 7: "EXPIRE",
         8: "REFUSED", 9: "CLOSE", 10: "LIMIT", 16: "WITHDRAWAL_STATE",
         17: "DOCUMENT", 18: "IDEMPOTENCY", 19: "PAYMENT_SEEN", 20: "DEPOSIT_SEEN",
         21: "CHAIN_HEIGHT", 24: "REFUND", 32: "GUARD_RESERVE", 33: "GUARD_ATTEST", 34: "GUARD_STOP",
         35: "GUARD_ACK", 36: "GUARD_REFUSE", 37: "GUARD_START", 48: "WATCH_ATTEST",
         49: "WATCH_STOP", 50: "WATCH_ALARM", 51: "WATCH_BLOCK", 52: "WATCH_SWEEP",
         53: "WATCH_START", 38: "GUARD_CLOSING", 39: "GUARD_RULES", 40: "GUARD_ORDER", 47: "GUARD_PASSKEY",
         41: "GUARD_EXPORT", 42: "GUARD_IMPORT", 43: "GUARD_RECALL",
         54: "WATCH_CLOSING", 55: "WATCH_EXCLUSION", 56: "WATCH_RULES", 57: "WATCH_ORDER", 58: "WATCH_LATER", 59: "WATCH_REFILL",
         64: "GENESIS", 65: "SHUTDOWN"}
CUSTOMER, BOX, PURSE, TILL, DEPOSIT, SPARE, IN_FLIGHT, FEE, SHORTAGE, OPENING, SUSPENSE, HOUSE, BANK, \
    FEE_INCOME, CONVERSION = range(1, 16)
ON_CHAIN = frozenset((BOX, PURSE, TILL, DEPOSIT, SPARE))
UNIT = 1000                             # in place of a document type: a complete unit
DEBIT_SIDE = frozenset((BOX, PURSE, TILL, DEPOSIT, SPARE, BANK, FEE, SHORTAGE))


class Objection(Exception):
    """Something that the journals or the chain claim does not hold."""


def sha(data):
    return hashlib.sha256(data).digest()


# ---------------------------------------------------------------- the tree (RFC 6962 2.1)

class Tree:
    """The root over all leaves so far; complete subtrees are kept by size."""

    def __init__(self):
        self.size, self.full = 0, []

    def append(self, leaf):
        node, size, full = leaf, self.size, self.full
        while size & 1:
            node = hashlib.sha256(b"\1" + full.pop() + node).digest()
            size >>= 1
        full.append(node)
        self.size += 1

    def root(self):
        if not self.full:
            return sha(b"")
        node = self.full[-1]
        for left in reversed(self.full[:-1]):
            node = sha(b"\1" + left + node)
        return node


def salted_leaf(secret, sequence, record):
    salt = hmac.digest(secret, struct.pack("<Q", sequence), "sha256")
    return hashlib.sha256(b"\0" + salt + record).digest()


# ---------------------------------------------------------------- batches and records

Record = collections.namedtuple(
    "Record", "sequence kind asset time_ms id debit credit ref amount link")

_RECORD = struct.Struct("<HHIQ16s16s16s16s16s32s")


def parse_record(sequence, data):
    kind, flags, asset, time_ms, identifier, debit, credit, amount, ref, link = _RECORD.unpack(data)
    if kind not in KINDS or flags & ~1:
        raise Objection(f"record {sequence}: kind {kind}, flags {flags}")
    return Record(sequence, KINDS[kind], asset, time_ms, identifier, debit, credit, ref,
                  int.from_bytes(amount, "little"), link)


def build_record(kind, asset=0, time_ms=0, identifier=bytes(16), debit=bytes(16), credit=bytes(16),
                 amount=0, ref=bytes(16), link=ZERO):
    """The 128 bytes (for tests that forge journals)."""
    number = next(n for n, name in KINDS.items() if name == kind)
    return _RECORD.pack(number, 0, asset, time_ms, identifier, debit, credit,
                        amount.to_bytes(16, "little"), ref, link)


class Batch:
    """One batch, taken apart. `records`: bytes; `blobs`: list in their order."""

    def __init__(self, first, previous, root, records, blobs, digest):
        self.first, self.previous, self.root = first, previous, root
        self.records, self.blobs, self.hash = records, blobs, digest

    @property
    def count(self):
        return len(self.records) // RECORD_BYTES

    def body(self):
        out = self.records + b"".join(struct.pack("<I", len(b)) + b for b in self.blobs)
        return out + bytes(-len(out) % 128)

    def head(self):
        return b"KBAT" + struct.pack("<HHQIII", 1, 0, self.first, self.count, len(self.blobs),
                                     HEAD_BYTES + len(self.body()))

    def computed_hash(self):
        return sha(self.head() + self.previous + self.root + self.body())

    def raw(self):
        check = sha(self.head() + self.previous + self.root + self.hash)[:4]
        return self.head() + check + self.previous + self.root + self.hash + self.body()


def split_blobs(data, count):
    blobs, at = [], 0
    for _ in range(count):
        if at + 4 > len(data):
            raise Objection("a batch's blobs are cut off")
        size = int.from_bytes(data[at:at + 4], "little")
        if at + 4 + size > len(data):
            raise Objection("a blob is cut off")
        blobs.append(data[at + 4:at + 4 + size])
        at += 4 + size
    if any(data[at:]) or len(data) - at >= 128:
        raise Objection("bytes behind the last blob")
    return blobs


def parse_batch(data, at):
    """(Batch, offset behind it); None at zeros."""
    head = data[at:at + HEAD_BYTES]
    if not any(head):
        return None
    if len(head) < HEAD_BYTES or head[:4] != b"KBAT":
        raise Objection(f"no batch at byte {at}")
    version, zero, first, count, blob_count, size = struct.unpack_from("<HHQIII", head, 4)
    previous, root, digest = head[32:64], head[64:96], head[96:128]
    if version != 1 or zero or not count or size % 128 or at + size > len(data):
        raise Objection(f"the batch at byte {at} has an impossible header")
    if sha(head[:28] + head[32:])[:4] != head[28:32]:
        raise Objection(f"the batch at byte {at}: its header check is wrong")
    end = at + HEAD_BYTES + count * RECORD_BYTES
    blobs = split_blobs(data[end:at + size], blob_count)
    return Batch(first, previous, root, data[at + HEAD_BYTES:end], blobs, digest), at + size


class Journal:
    """Batches in order; nothing is believed before verify()."""

    def __init__(self, name, batches):
        self.name, self.batches = name, batches
        self.head, self.tree_root, self.size = ZERO, None, 0
        self.blobs = {}
        self.points = {}                # size: (head, root as the batch states it)

    def verify(self, secret=None):
        """Hashes, chain, sequence, names of blobs; with the secret also every batch's tree root.
        Returns itself."""
        previous, sequence, tree = ZERO, 0, Tree()
        for batch in self.batches:
            where = f"{self.name}: batch at record {sequence}"
            if batch.first != sequence or batch.previous != previous:
                raise Objection(f"{where} does not follow the one before it")
            if batch.computed_hash() != batch.hash:
                raise Objection(f"{where} is not what its hash says")
            links, names = [], {sha(b): b for b in batch.blobs}
            for n in range(batch.count):
                record = batch.records[n * RECORD_BYTES:(n + 1) * RECORD_BYTES]
                if names:
                    links.append(record[96:])
                if secret is not None:
                    tree.append(salted_leaf(secret, sequence + n, record))
            if names and not names.keys() <= set(links):
                raise Objection(f"{where} carries a blob that no record names")
            self.blobs.update(names)
            if secret is not None and tree.root() != batch.root:
                raise Objection(f"{where}: the root of its tree is wrong")
            previous, sequence = batch.hash, sequence + batch.count
            self.points[sequence] = batch.hash, batch.root
        self.head, self.size = previous, sequence
        self.tree_root = tree.root() if secret is not None else None
        return self

    def records(self, *kinds):
        wanted = frozenset(kinds)
        for batch in self.batches:
            for n in range(batch.count):
                record = parse_record(batch.first + n,
                                      batch.records[n * RECORD_BYTES:(n + 1) * RECORD_BYTES])
                if not wanted or record.kind in wanted:
                    yield record

    def blob(self, record):
        """The blob that a record names, b"" when it names none."""
        return self.blobs.get(record.link, b"")

    def documents(self, type_name=None):
        """Every document that a record of this journal brings, with that record."""
        for record in self.records("DOCUMENT", "GUARD_ATTEST", "GUARD_RECALL", "GUARD_STOP", "GUARD_ACK",
                                   "WATCH_ATTEST", "WATCH_STOP", "WATCH_SWEEP"):
            if record.kind == "DOCUMENT" and record.amount & 0xFFFFFFFF == UNIT:
                continue                # kuramorid's complete unit: bytes of the chain
            try:
                document = canon.open_document(self.blob(record))
            except canon.NotCanonical as problem:
                raise Objection(f"{self.name}: record {record.sequence}: {problem}") from None
            if type_name is None or document.type == type_name:
                yield record, document


def read_file_journal(path, data=None):
    """A signer's or watcher's journal (src/store/file.h). It may still be written to: what lies
    behind the last complete batch is left out only if it is zeros."""
    path = Path(path)
    data = path.read_bytes() if data is None else data
    head = data[:BATCHES_AT]
    if head[:16] != b"kuramori journal" or struct.unpack_from("<II", head, 16) != (1, 0) \
            or sha(head[:24])[:4] != head[24:28] or any(head[28:]):
        raise Objection(f"{path}: not a journal")
    batches, at = [], BATCHES_AT
    while at < len(data):
        found = parse_batch(data, at)
        if found is None:
            break
        batches.append(found[0])
        at = found[1]
    if data.count(0, at) != len(data) - at:
        raise Objection(f"{path}: bytes behind the last batch")
    return Journal(path.parent.name, batches)


def read_sqlite_journal(path):
    """kuramorid's journal (src/store/sqlite.h), read from a copy: the original is not touched."""
    path = Path(path)
    with tempfile.TemporaryDirectory(prefix="kuramori-audit-") as place:
        for one in path.parent.glob(path.name + "*"):
            if one.is_file():           # beside it: the history, which is derived
                shutil.copy(one, place)
        database = sqlite3.connect(Path(place) / path.name)
        try:
            blobs = dict(database.execute("SELECT hash, bytes FROM blobs"))
            batches = []
            for first, count, previous, digest, root, records, names in database.execute(
                    "SELECT first_sequence, count, previous, hash, root, records, blobs "
                    "FROM batches ORDER BY first_sequence"):
                if len(records) != count * RECORD_BYTES or len(names) % 32:
                    raise Objection(f"{path}: batch at record {first} has an impossible size")
                wanted = [names[i:i + 32] for i in range(0, len(names), 32)]
                if any(name not in blobs for name in wanted):
                    raise Objection(f"{path}: batch at record {first} lacks a blob")
                batches.append(Batch(first, previous, root, records, [blobs[n] for n in wanted], digest))
        except sqlite3.Error as problem:
            raise Objection(f"{path}: {problem}") from None
        finally:
            database.close()
    for name, data in blobs.items():
        if sha(data) != name:
            raise Objection(f"{path}: a blob does not hash to its name")
    return Journal(path.parent.name, batches)


# ---------------------------------------------------------------- the books (src/books/books.h)

def account_id(kind, name, asset=XEM_ASSET):
    """The 128-bit name of an account."""
    digest = bytearray(sha(b"kuramori account v1\n" + struct.pack("<II", kind, asset)
                           + name.encode())[:16])
    digest[6] = digest[6] & 0x0F | 0x80
    digest[8] = digest[8] & 0x3F | 0x80
    return bytes(digest)


class Books:
    """Accounts as [asset, kind, debits, credits, debits held, credits held, maximum, closed]; holds as
    [debit, credit, amount, "open" or "posted" or "voided" or "expired", the withdrawal's id, moment]."""

    def __init__(self):
        self.accounts, self.holds = {}, {}

    def apply(self, record):
        kind = record.kind
        if kind == "ACCOUNT":
            if record.id in self.accounts:
                raise Objection(f"record {record.sequence} opens an account twice")
            self.accounts[record.id] = [record.asset, record.amount, 0, 0, 0, 0,
                                        int.from_bytes(record.ref, "little"), 0]
            return
        if kind == "REFUSED":
            return
        if kind in ("CLOSE", "LIMIT"):
            self.accounts[record.ref][6:] = [self.accounts[record.ref][6], 1] if kind == "CLOSE" else [record.amount, 0]
            return
        if kind in ("TRANSFER", "HOLD", "HOLD_UNTIL"):
            debit, credit = self.accounts.get(record.debit), self.accounts.get(record.credit)
            if debit is None or credit is None or debit is credit or not record.amount \
                    or debit[0] != record.asset or credit[0] != record.asset:
                raise Objection(f"record {record.sequence}: a {kind.lower()} that cannot be")
            if kind != "TRANSFER":
                if record.id in self.holds:
                    raise Objection(f"record {record.sequence} holds twice")
                self.holds[record.id] = [record.debit, record.credit, record.amount, "open", record.ref,
                                         int.from_bytes(record.ref[:8], "little") if kind == "HOLD_UNTIL" else 0]
                debit[4] += record.amount
                credit[5] += record.amount
            else:
                debit[2] += record.amount
                credit[3] += record.amount
            self._not_below_zero(record, debit, credit)
            return
        hold = self.holds.get(record.ref)
        if hold is None or hold[3] != "open":
            raise Objection(f"record {record.sequence}: a {kind.lower()} of no open hold")
        hold[3] = {"POST": "posted", "VOID": "voided", "EXPIRE": "expired"}[kind]
        debit, credit, amount = self.accounts[hold[0]], self.accounts[hold[1]], hold[2]
        debit[4] -= amount
        credit[5] -= amount
        if kind == "POST":
            if record.amount > amount:
                raise Objection(f"record {record.sequence}: posts more than was held")
            debit[2] += record.amount
            credit[3] += record.amount
            self._not_below_zero(record, debit, credit)

    def _not_below_zero(self, record, *accounts):
        for one in accounts:
            if one[1] == CUSTOMER and one[3] - one[2] - one[4] < 0:
                raise Objection(f"record {record.sequence}: a customer falls below zero")
            if one[1] in ON_CHAIN and one[2] - one[3] < 0:
                raise Objection(f"record {record.sequence}: an account of ours falls below zero")

    def replay(self, journal):
        for record in journal.records(*(name for number, name in KINDS.items() if number <= 10)):
            self.apply(record)
        return self

    def must_balance(self):
        """Per asset the sum of all accounts is zero, posted and held."""
        sums = collections.Counter()
        for asset, _, debits, credits, debits_held, credits_held, *_ in self.accounts.values():
            sums[asset, "posted"] += debits - credits
            sums[asset, "held"] += debits_held - credits_held
        for (asset, what), difference in sums.items():
            if difference:
                raise Objection(f"asset {asset}: {what} debits and credits differ by {difference}")

    def balance(self, identifier):
        """Debits minus credits for what we have, credits minus debits for what we owe."""
        one = self.accounts.get(identifier)
        if one is None:
            return 0
        return one[2] - one[3] if one[1] in DEBIT_SIDE else one[3] - one[2]

    def total(self, kind):
        return sum(self.balance(i) for i, one in self.accounts.items() if one[1] == kind)

    def open_holds(self):
        return [hold for hold in self.holds.values() if hold[3] == "open"]

    def state_hash(self):
        """As `kuramori audit verify` and GET /v1/status name it."""
        number = lambda n: n.to_bytes(16, "little")
        digest = hashlib.sha256()
        for identifier in sorted(self.accounts):
            digest.update(identifier + b"".join(map(number, self.accounts[identifier])))
        for identifier in sorted(self.holds):
            debit, credit, amount, state, _, moment = self.holds[identifier]
            if state == "open":
                digest.update(identifier + debit + credit + number(amount) + number(moment))
        return digest.hexdigest()


# ---------------------------------------------------------------- the chain

class Chain:
    """Balances and payments from the node's blocks (an iterable of nem.Block from height 1)."""

    def __init__(self, blocks, verify=True):
        self.balances, self.units, self.incoming = {}, [], []
        self.height, self.previous, self.seen = 0, None, collections.Counter()
        for block in blocks:
            self.add(block, verify)

    def add(self, block, verify=True):
        if block.height != self.height + 1 or (self.previous is not None
                                               and block.previous_hash != self.previous):
            raise Objection(f"block {block.height} does not follow block {self.height}")
        if block.height == 1:
            signer = nem.address_of(block.signer, block.network)
            self.balances[signer] = sum(c for a, c in block.effects() if a != signer and c > 0)
        elif verify and not (block.verify() and all(one.verify() for one in block.transactions)):
            raise Objection(f"block {block.height}: a signature does not verify")
        try:
            nem.apply(self.balances, block)
        except ValueError as problem:
            raise Objection(str(problem)) from None
        for one in block.transactions:
            inner = one.inner if isinstance(one, nem.Multisig) else one
            self.seen[inner.hash()] += 1
            if isinstance(one, nem.Multisig):
                self.units.append((block.height, one))
            if isinstance(inner, nem.Transfer):
                self.incoming.append((block.height, inner))
        self.previous, self.height = block.hash(), block.height

    def of(self, address):
        return self.balances.get(address, 0)


# ---------------------------------------------------------------- what the documents say

# attempt and inner: of the newest attempt; dead: (attempt, inner) of those before it.
Withdrawal = collections.namedtuple(
    "Withdrawal", "request_id request order attempt approvals assertions inner dead", defaults=((),))


def inner_of(order, attempt):
    """The payment that an order with its attempt stands for (design.md 7; policy/payment.h)."""
    return nem.Transfer(bytes.fromhex(attempt.body["account"]), order.body["destination"],
                        int(order.body["amount"]), fee=int(attempt.body["fee_inner"]),
                        timestamp=attempt.body["timestamp_nem_s"],
                        deadline=attempt.body["deadline_nem_s"],
                        message=bytes.fromhex(order.body["message"]))


def withdrawals(journal):
    """Every withdrawal of kuramorid's journal by request id."""
    found = {}
    for record, document in journal.documents():
        one = found.setdefault(record.ref, {"approval": [], "assertion": [], "attempts": [], "exclusion": []})
        if document.type in ("approval", "assertion", "exclusion"):
            one[document.type].append(document)
        elif document.type == "attempt":
            one["attempts"].append(document)
        elif document.type in ("request", "order"):
            if document.type in one:
                raise Objection(f"two {document.type}s for one request")
            one[document.type] = document
    out = {}
    for one in found.values():
        if "request" not in one:
            continue
        request, order, attempts = one["request"], one.get("order"), one["attempts"]
        attempt = attempts[-1] if attempts else None
        if order is not None and (order.body["request"] != request.id or any(
                order.body[k] != request.body[k]
                for k in ("amount", "asset", "destination", "message", "request_id"))):
            raise Objection(f"request {request.body['request_id']}: its order says something else")
        for number, each in enumerate(attempts, 1):
            if order is None or each.body["order"] != order.id:
                raise Objection(f"request {request.body['request_id']}: its attempt is of another order")
            if each.body["number"] != number:
                raise Objection(f"request {request.body['request_id']}: attempt {each.body['number']} where "
                                f"{number} is due")
        identifier = request.body["request_id"]
        out[identifier] = Withdrawal(identifier, request, order, attempt, one["approval"], one["assertion"],
                                     inner_of(order, attempt) if attempt is not None else None,
                                     tuple((each, inner_of(order, each)) for each in attempts[:-1]))
    return out


REWRITE_MAX = 360                       # blocks that NIS ever undoes
EMPTY_MAX = 350_000                     # micro-XEM: the least fees of a whole move, and nothing to move


def check_dead(order, attempt, statements, roster):
    """Watchers of the roster say that this attempt is dead (docs/decisions/0009). Returns who."""
    inner, keys = inner_of(order, attempt), {w["id"]: w["key"] for w in roster.body["watchers"]}
    needs = inner.amount + sum(int(attempt.body[k]) for k in ("fee_inner", "fee_outer", "fee_cosign"))
    who = set()
    for one in statements:
        body = one.body
        if body["attempt"] != attempt.id:
            continue
        if body["watcher"] not in keys or not one.signed_by(keys[body["watcher"]]):
            raise Objection(f"attempt {attempt.id}: an exclusion that no watcher signed")
        if body["account"] != attempt.body["account"] or body["inner_hash"] != inner.hash().hex():
            raise Objection(f"attempt {attempt.id}: an exclusion of another payment")
        if body["height"] - body["final_height"] < REWRITE_MAX:
            raise Objection(f"attempt {attempt.id}: excluded at a block that may be undone")
        if body["final_time_nem_s"] <= attempt.body["deadline_nem_s"]:
            raise Objection(f"attempt {attempt.id}: excluded while it could be mined")
        if int(body["residue"]) > EMPTY_MAX or not int(body["residue"]) <= int(body["largest"]) < needs:
            raise Objection(f"attempt {attempt.id}: excluded although its till had money")
        who.add(body["watcher"])
    return who


def check_second_attempts(journal, roster, needed):
    """Every later attempt that this signer attested stands beside all earlier ones of its order and the
    word of `needed` watchers on each that it is dead. Returns how many there were."""
    later = 0
    for batch in journal.batches:
        documents, attested = collections.defaultdict(list), False
        for n in range(batch.count):
            record = parse_record(batch.first + n, batch.records[n * RECORD_BYTES:(n + 1) * RECORD_BYTES])
            if record.kind == "DOCUMENT":
                one = canon.open_document(journal.blob(record))
                documents[one.type].append(one)
            attested = attested or record.kind in ("GUARD_ATTEST", "GUARD_RECALL")
        if not attested or not documents["attempt"]:
            continue
        (order,), (attempt, *earlier) = documents["order"], documents["attempt"]
        if attempt.body["number"] == 1 and not earlier and not documents["exclusion"]:
            continue
        if [e.body["number"] for e in earlier] != list(range(1, attempt.body["number"])):
            raise Objection(f"attempt {attempt.id}: not beside all those before it")
        if any(e.body["order"] != order.id for e in earlier + [attempt]) \
                or len({e.body["account"] for e in earlier + [attempt]}) != len(earlier) + 1:
            raise Objection(f"attempt {attempt.id}: of another order, or from one till twice")
        for e in earlier:
            if len(check_dead(order, e, documents["exclusion"], roster)) < needed:
                raise Objection(f"attempt {attempt.id}: too few say that {e.id} is dead")
        later += 1
    return later


def check_people(withdrawal, roster, policy):
    """The back end signed the request; as many different approvers as the tier asks for signed yes
    to exactly this order. Returns how many signatures were verified."""
    if not any(withdrawal.request.signed_by(b["key"]) for b in roster.body["backends"]):
        raise Objection(f"request {withdrawal.request_id}: no back end signed it")
    people = {p["id"]: p for p in roster.body["people"]}
    proofs = {a.body["approval"]: a for a in withdrawal.assertions}
    amount, yes, verified = int(withdrawal.request.body["amount"]), set(), 1
    for approval in withdrawal.approvals:
        person = people.get(approval.body["person"])
        if person is None or "approver" not in person["roles"] or not (
                passkey.proves(proofs[approval.id], approval, roster, person) if approval.id in proofs
                else roster.body["software_approvals"] and approval.signed_by(person["key"])):
            raise Objection(f"request {withdrawal.request_id}: an approval nobody of the roster signed")
        if approval.body["subject"] != withdrawal.order.id:
            raise Objection(f"request {withdrawal.request_id}: an approval of another order")
        verified += 1
        if approval.body["decision"] == "yes":
            yes.add(approval.body["person"])
    needed = next((t["approvals"] for t in policy.body["approval_tiers"]
                   if amount <= int(t["up_to"])), None)
    if needed is None or len(yes) < needed:
        raise Objection(f"request {withdrawal.request_id}: {len(yes)} approvals where {needed} are needed")
    return verified


def check_paid(found, chain, books):
    """Each withdrawal stands in the chain exactly once if its hold is posted, at most once if it is
    open, never if it was released. Returns (settled, in flight, micro-XEM in flight by account)."""
    by_hash = {one.inner.hash(): one for one in found.values() if one.inner is not None}
    if len(by_hash) != sum(one.inner is not None for one in found.values()):
        raise Objection("two withdrawals share one payment")
    states = collections.defaultdict(list)
    for hold in books.holds.values():
        states[hold[4]].append(hold[3])
    flying, settled, amounts = 0, 0, collections.Counter()
    for one in found.values():
        for attempt, inner in one.dead:
            if chain.seen[inner.hash()]:
                raise Objection(f"request {one.request_id}: attempt {attempt.body['number']}, which was called "
                                f"dead, stands in a block")
    for _, unit in chain.units:
        one = by_hash.get(unit.inner.hash())
        if one is None:
            continue                         # a sweep or a theft: judged elsewhere
        state = states[bytes.fromhex(one.request_id.replace("-", ""))]
        if "posted" in state:
            settled += 1
        elif "open" in state:
            flying += 1
            amounts[nem.address_of(unit.inner.signer)] += unit.inner.amount + unit.total_fee()
        else:
            raise Objection(f"request {one.request_id} was paid and nothing is held or posted for it")
    for digest, one in by_hash.items():
        times = chain.seen[digest]
        state = states[bytes.fromhex(one.request_id.replace("-", ""))]
        if times > 1 or len(state) > 1:
            raise Objection(f"request {one.request_id}: paid {times} times, held {len(state)} times")
        if times == 0 and "posted" in state:
            raise Objection(f"request {one.request_id} is posted and stands in no block")
    return settled, flying, amounts


def arriving_of(chain, own, depth):
    """{address: micro-XEM} of deposits that are in blocks but not yet `depth` blocks deep, the own
    one counted: they are not in the books yet."""
    out = collections.Counter()
    for height, inner in chain.incoming:
        sender = nem.address_of(inner.signer, inner.network)
        if height > chain.height - depth + 1 and inner.recipient in own and sender not in own:
            out[inner.recipient] += inner.xem_moved()
    return out


def check_reserves(books, chain, own, leaving, arriving):
    """books = chain + in flight for each account of ours; own: {address: kind}. Returns the sum."""
    total = 0
    for address, kind in own.items():
        booked = books.balance(account_id(kind, address))
        there = chain.of(address)
        if booked + arriving.get(address, 0) != there + leaving.get(address, 0):
            raise Objection(f"{address}: books {booked}, chain {there}, leaving "
                            f"{leaving.get(address, 0)}, arriving {arriving.get(address, 0)}")
        total += booked
    return total


def check_signers(found, chain, signers, watchers, roster, needed):
    """Every payment of ours in the chain was attested by both signers, acknowledged by `needed`
    different watchers in each signer's journal, and journalled by as many watchers. Returns the
    number of attestations verified."""
    keys = {s["id"]: s["attest_key"] for s in roster.body["signers"]}
    watch_keys = {w["id"]: w["key"] for w in roster.body["watchers"]}
    held = collections.Counter()
    for journal in watchers:
        for identifier in {d.id for _, d in journal.documents("attestation")}:
            held[identifier] += 1
    verified = 0
    for which, journal in signers.items():
        attested, acks, recalled = {}, collections.defaultdict(set), set()
        for record, document in journal.documents():
            if document.type == "attestation" and document.body["signer"] == which \
                    and record.kind in ("GUARD_ATTEST", "GUARD_RECALL"):
                if not document.signed_by(keys[which]):
                    raise Objection(f"signer {which}: an attestation that it did not sign")
                attested[document.body["inner_hash"]] = document
                if record.kind == "GUARD_RECALL":
                    recalled.add(document.id)
                verified += 1
            elif document.type == "ack":
                name = document.body["watcher"]
                if name not in watch_keys or not document.signed_by(watch_keys[name]):
                    raise Objection(f"signer {which}: an acknowledgement that no watcher signed")
                acks[document.body["attestation"]].add(name)
        for one in found.values():
            if one.inner is None or not chain.seen[one.inner.hash()]:
                continue
            document = attested.get(one.inner.hash().hex())
            if document is None or document.body["subject"] != one.attempt.id:
                raise Objection(f"signer {which} never attested the payment of {one.request_id}")
            # those that a recalled one had stand in the journal that was lost; its watchers hold it
            if len(acks[document.id]) < needed and document.id not in recalled:
                raise Objection(f"signer {which}: {len(acks[document.id])} acknowledgements for "
                                f"{one.request_id}, {needed} are needed")
            if held[document.id] < needed:
                raise Objection(f"{held[document.id]} watchers hold the attestation of signer "
                                f"{which} for {one.request_id}")
    return verified


# ---------------------------------------------------------------- checkpoint (C2SP signed note)

def make_checkpoint(origin, size, root, name, key):
    """What an auditor signs who has asked for size and root: a C2SP checkpoint in a signed note.
    key: canon.SigningKey."""
    text = f"{origin}\n{size}\n{base64.b64encode(root).decode()}\n"
    identifier = sha(name.encode() + b"\n\x01" + key.public)[:4]
    signature = base64.b64encode(identifier + key.sign(text.encode())).decode()
    return f"{text}\n\N{EM DASH} {name} {signature}\n"


def check_checkpoint(text, public_key, size=None, root=None):
    """Verifies the note by this key and, when given, that it states this size and root. Returns
    (origin, size, root)."""
    head, _, tail = text.partition("\n\n")
    lines = (head + "\n").split("\n")
    if len(lines) != 4 or lines[3] != "":
        raise Objection("the checkpoint has not exactly origin, size and root")
    origin, stated = lines[0], int(lines[1])
    digest = base64.b64decode(lines[2], validate=True)
    good = False
    for line in tail.splitlines():
        dash, name, blob = line.split(" ")
        raw = base64.b64decode(blob, validate=True)
        identifier = sha(name.encode() + b"\n\x01" + public_key)[:4]
        if dash == "\N{EM DASH}" and raw[:4] == identifier:
            good = ed25519.verify(public_key, (head + "\n").encode(), raw[4:])
    if not good:
        raise Objection("the checkpoint is not signed by this key")
    if size is not None and (stated, digest) != (size, root):
        raise Objection(f"the checkpoint states {stated} records and another root than the journal")
    return origin, stated, digest
