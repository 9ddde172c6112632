# SPDX-License-Identifier: Apache-2.0
"""The ledger a second time: plain lists and dicts, one record after the other, every id kept for ever.

Written from docs/books.md, whose chart it reads, not from the C code. No bounds on memory, no index, no
window: what the books say to a record must be what this says.
"""

import collections
import hashlib
import re
import struct
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
U128 = 2 ** 128
U64 = 2 ** 64
AHEAD_MS = 10 * 60 * 1000
AGE_MS = 35 * 24 * 3600 * 1000

ACCOUNT, TRANSFER, HOLD, POST, VOID, HOLD_UNTIL, EXPIRE, REFUSED, CLOSE, LIMIT = range(1, 11)
ASSETS = (1, 2)
REMEMBERED = ("NOT_FOUND", "ASSET", "CLOSED", "AMOUNT", "FUNDS", "LIMIT", "CAP", "STATE", "EXPIRED", "OVERFLOW")

LINKED = 1                              # flag: stands or falls with the next record
Record = collections.namedtuple("Record", "kind asset time id debit credit amount ref link flags", defaults=(0,))
_BYTES = struct.Struct("<HHIQ16s16s16s16s16s32s")


def read_record(data):
    kind, flags, asset, time, identifier, debit, credit, amount, ref, link = _BYTES.unpack(data)
    assert flags & ~LINKED == 0
    return Record(kind, asset, time, identifier, debit, credit, int.from_bytes(amount, "little"), ref, link, flags)


def write_record(r):
    return _BYTES.pack(r.kind, r.flags, r.asset, r.time, r.id, r.debit, r.credit, r.amount.to_bytes(16, "little"), r.ref,
                       r.link)


def errors():
    """name: number, from the one table of them."""
    rows = re.findall(r"^ERR\((\w+),\s*(\d+),", (ROOT / "src/base/err.def").read_text(), re.M)
    return {name: int(number) for name, number in rows}


ERRORS = errors()
NAMES = {number: name for name, number in ERRORS.items()}


def chart():
    """kind's number: (name, debit side, limited, reserve), from the page."""
    rows = re.findall(r"^\| ([a-z-]+) \| (\d+) \| (debit|credit) \| (\S+) \| (\S+) \|", (ROOT / "docs/books.md").read_text(),
                      re.M)
    assert len(rows) >= 15
    return {int(n): (name, side == "debit", limited == "limited", reserve == "reserve")
            for name, n, side, limited, reserve in rows}


CHART = chart()
CLAIMS = {n for n, row in CHART.items() if row[0] in ("customer", "in-flight")}


PARTS = ("customers", "in flight", "reserves")
PART_OF = {n: {"customer": "customers", "in-flight": "in flight"}.get(row[0], "reserves" if row[3] else None)
           for n, row in CHART.items()}


class Refused(Exception):
    pass


# debits, credits: posted; debits_held, credits_held; most: 0 is any; opened: the most it was opened with
Account = collections.namedtuple("Account", "order asset kind debits credits debits_held credits_held most opened closed")
Hold = collections.namedtuple("Hold", "debit credit amount moment")


def mixed(n):
    n = (n + 0x9E3779B97F4A7C15) % U64
    n = (n ^ n >> 30) * 0xBF58476D1CE4E5B9 % U64
    n = (n ^ n >> 27) * 0x94D049BB133111EB % U64
    return n ^ n >> 31


class Sums(dict):
    """Weights of the digest by (account, field)."""

    def __missing__(self, key):
        self[key] = value = mixed(key) | 1
        return value


WEIGHTS = Sums()


def weigh_account(a):
    at, total = a.order * 32, 0
    for field, value in enumerate((a.debits, a.credits, a.debits_held, a.credits_held, a.most)):
        total += value % U64 * WEIGHTS[at + 2 * field] + (value >> 64) * WEIGHTS[at + 2 * field + 1]
    return total + (1 + a.closed) * WEIGHTS[at + 10]


class Ledger:
    def __init__(self):
        self.accounts = {}              # id: Account
        self.holds = {}                 # id: Hold, open ones only
        self.used = {}                  # id: (record, "OK" or the error's name)
        self.now = 0
        self.digest = 0                 # over accounts and open holds, kept up as they change
        self.sums = collections.Counter()   # (asset, part)
        self._undo = []

    # ---- changes, which can be taken back

    def _set(self, table, key, value):
        old = table.get(key)
        self._undo.append((table, key, old, self.digest, self.now))
        if table is self.accounts:
            self.digest += weigh_account(value) - (weigh_account(old) if old else 0)
            self._add(value, 1)
            self._add(old, -1)
        elif table is self.holds:
            self.digest += (self._weigh_hold(key, value) if value else 0) - (self._weigh_hold(key, old) if old else 0)
        self.digest %= U64
        if value is None:
            del table[key]
        else:
            table[key] = value

    def _take_back(self):
        while self._undo:
            table, key, old, self.digest, self.now = self._undo.pop()
            if table is self.accounts:
                self._add(table[key], -1)
                self._add(old, 1)
            if old is None:
                del table[key]
            else:
                table[key] = old

    def _add(self, a, sign):
        part = a and PART_OF.get(a.kind)
        if part:
            self.sums[a.asset, part] += sign * (a.debits - a.credits if part == "reserves" else a.credits - a.debits)

    def _weigh_hold(self, identifier, hold):
        weight = int.from_bytes(identifier[:8], "little") | 1
        return weight * (hold.amount % U64 + (hold.amount >> 64) * 11 + 3 * self.accounts[hold.debit].order
                         + 5 * self.accounts[hold.credit].order + 7 * hold.moment)

    def copy(self):
        other = Ledger()
        other.accounts, other.holds, other.used = dict(self.accounts), dict(self.holds), dict(self.used)
        other.now, other.digest, other.sums = self.now, self.digest, self.sums.copy()
        return other

    # ---- what there is

    def claims(self, asset):
        return self.sums[asset, "customers"] + self.sums[asset, "in flight"]

    def first_moment(self):
        return min((h.moment for h in self.holds.values() if h.moment), default=0)

    # ---- judging

    def commit(self, records):
        """All or none. ("OK", None), or the error's name and the place of the record that is refused."""
        self._undo = []
        touched = {r.asset for r in records if r.asset in ASSETS}
        before = {asset: self.claims(asset) for asset in touched}
        raised = {}
        for at, record in enumerate(records):
            try:
                asset = self._one(record)
            except Refused as refusal:
                self._take_back()
                return str(refusal), at
            if asset is not None:
                raised[asset] = at
        for asset in sorted(raised):
            claims = self.claims(asset)
            if claims >= U128:
                self._take_back()
                return "OVERFLOW", raised[asset]
            if claims > before[asset] and claims > self.sums[asset, "reserves"]:
                self._take_back()
                return "CAP", raised[asset]
        return "OK", None

    def _form(self, r):
        if not ACCOUNT <= r.kind <= LIMIT or r.kind == REFUSED:
            raise Refused("TYPE")
        if r.asset not in ASSETS:
            raise Refused("ASSET")
        if r.kind == ACCOUNT and r.amount not in CHART:
            raise Refused("INPUT")
        if r.kind in (TRANSFER, HOLD, HOLD_UNTIL) and r.debit == r.credit:
            raise Refused("INPUT")
        if r.kind == HOLD_UNTIL and (not any(r.ref[:8]) or any(r.ref[8:])):
            raise Refused("INPUT")
        if r.kind in (TRANSFER, HOLD, HOLD_UNTIL, POST, VOID, EXPIRE) and not r.amount:
            raise Refused("AMOUNT")

    def _inner(self, r):
        """The record that a REFUSED one speaks of, and its answer."""
        inner = r._replace(kind=r.asset >> 16 & 0xFF, asset=r.asset & 0xFFFF)
        answer = NAMES.get(r.asset >> 24)
        if not self._may_be_remembered(inner, answer):
            raise Refused("INPUT")
        return inner, answer

    def _may_be_remembered(self, r, answer):
        if answer not in REMEMBERED or r.kind in (ACCOUNT, EXPIRE):
            return False
        try:
            self._form(r)
        except Refused:
            return False
        return True

    def _one(self, r):
        """Applies one record. Returns its asset if it raised the claims on it."""
        now = max(self.now, r.time)
        content, answer = r, "OK"
        if r.kind == REFUSED:
            content, answer = self._inner(r)
        else:
            self._form(r)
        if r.kind == ACCOUNT:
            return self._open(r, now)
        known = self.used.get(r.id)
        if known:
            if known[0]._replace(time=0, flags=0) != content._replace(time=0, flags=0) or (r.kind == REFUSED and known[1] != answer):
                raise Refused("EXISTS")
            if r.kind != REFUSED and known[1] != "OK":
                raise Refused(known[1])
            return None
        if r.id[6] >> 4 == 7 and r.id[8] >> 6 == 2:
            made = int.from_bytes(r.id[:6], "big")
            if made > now + AHEAD_MS:
                raise Refused("CLOCK")
            if made + AGE_MS < now:
                raise Refused("STALE")
        raised = None
        if r.kind == TRANSFER:
            self._may_move(r)
            raised = self._move(r.debit, r.credit, r.amount, 0)
        elif r.kind in (HOLD, HOLD_UNTIL):
            self._hold(r, now)
        elif r.kind in (POST, VOID, EXPIRE):
            raised = self._resolve(r, now)
        elif r.kind in (CLOSE, LIMIT):
            self._close_or_limit(r)
        self._set(self.used, r.id, (content, answer))
        self.now = now
        return raised

    def _open(self, r, now):
        most, old = int.from_bytes(r.ref, "little"), self.accounts.get(r.id)
        if old:
            if (old.asset, old.kind, old.opened) != (r.asset, r.amount, most):
                raise Refused("EXISTS")
            return None
        self._set(self.accounts, r.id, Account(len(self.accounts), r.asset, r.amount, 0, 0, 0, 0, most, most, False))
        self.now = now
        return None

    def _may_move(self, r):
        debit, credit = self.accounts.get(r.debit), self.accounts.get(r.credit)
        if debit is None or credit is None:
            raise Refused("NOT_FOUND")
        if debit.asset != r.asset or credit.asset != r.asset:
            raise Refused("ASSET")
        if debit.closed or credit.closed:
            raise Refused("CLOSED")
        if debit.debits + debit.debits_held + r.amount >= U128 or credit.credits + credit.credits_held + r.amount >= U128:
            raise Refused("OVERFLOW")
        _, debit_side, limited, _ = CHART[debit.kind]
        if limited and not debit_side and debit.credits - debit.debits - debit.debits_held < r.amount:
            raise Refused("FUNDS")
        if debit_side and debit.most and debit.debits + debit.debits_held + r.amount > debit.most + debit.credits:
            debit_over = True
        else:
            debit_over = False
        _, debit_side, limited, _ = CHART[credit.kind]
        if limited and debit_side and credit.debits - credit.credits - credit.credits_held < r.amount:
            raise Refused("FUNDS")
        if debit_over or (not debit_side and credit.most
                          and credit.credits + credit.credits_held + r.amount > credit.most + credit.debits):
            raise Refused("LIMIT")

    def _move(self, debit_id, credit_id, amount, release):
        """Posts; release: what was held for it. Returns the asset whose claims it raised."""
        debit, credit = self.accounts[debit_id], self.accounts[credit_id]
        self._set(self.accounts, debit_id, debit._replace(debits=debit.debits + amount,
                                                          debits_held=debit.debits_held - release))
        self._set(self.accounts, credit_id, credit._replace(credits=credit.credits + amount,
                                                            credits_held=credit.credits_held - release))
        if amount and any(self.sums[debit.asset, part] >= U128 for part in PARTS):
            raise Refused("OVERFLOW")
        return debit.asset if amount and credit.kind in CLAIMS and debit.kind not in CLAIMS else None

    def _hold(self, r, now):
        self._may_move(r)
        debit, credit = self.accounts[r.debit], self.accounts[r.credit]
        if credit.kind in CLAIMS and debit.kind not in CLAIMS:
            claims, reserves = self.claims(r.asset) + r.amount, self.sums[r.asset, "reserves"]
            reserves += r.amount if CHART[debit.kind][3] else 0
            if claims >= U128 or reserves >= U128:
                raise Refused("OVERFLOW")
            if claims > reserves:
                raise Refused("CAP")
        moment = int.from_bytes(r.ref[:8], "little") if r.kind == HOLD_UNTIL else 0
        if r.kind == HOLD_UNTIL and moment <= now:
            raise Refused("EXPIRED")
        self._set(self.accounts, r.debit, debit._replace(debits_held=debit.debits_held + r.amount))
        self._set(self.accounts, r.credit, credit._replace(credits_held=credit.credits_held + r.amount))
        self._set(self.holds, r.id, Hold(r.debit, r.credit, r.amount, moment))

    def _resolve(self, r, now):
        hold = self.holds.get(r.ref)
        if hold is None:
            was = self.used.get(r.ref)
            raise Refused("STATE" if was and was[1] == "OK" and was[0].kind in (HOLD, HOLD_UNTIL) else "NOT_FOUND")
        if self.accounts[hold.debit].asset != r.asset:
            raise Refused("ASSET")
        if r.amount > hold.amount or (r.kind != POST and r.amount != hold.amount):
            raise Refused("AMOUNT")
        late = hold.moment and hold.moment <= now
        if r.kind == POST and late:
            raise Refused("EXPIRED")
        if r.kind == EXPIRE and not late:
            raise Refused("WAIT")
        self._set(self.holds, r.ref, None)
        return self._move(hold.debit, hold.credit, r.amount if r.kind == POST else 0, hold.amount)

    def _close_or_limit(self, r):
        a = self.accounts.get(r.ref)
        if a is None:
            raise Refused("NOT_FOUND")
        if a.asset != r.asset:
            raise Refused("ASSET")
        if a.closed:
            raise Refused("CLOSED")
        if r.kind == CLOSE:
            if a.debits != a.credits or a.debits_held or a.credits_held:
                raise Refused("STATE")
            self._set(self.accounts, r.ref, a._replace(closed=True))
            return
        inside, outside = a.credits + a.credits_held, a.debits
        if CHART[a.kind][1]:
            inside, outside = a.debits + a.debits_held, a.credits
        if r.amount and inside > r.amount + outside:
            raise Refused("LIMIT")
        self._set(self.accounts, r.ref, a._replace(most=r.amount))

    def refuse(self, r, answer):
        """The REFUSED record that remembers this answer, applied; None if there is nothing to remember."""
        if r.kind == REFUSED or not self._may_be_remembered(r, answer) or r.id in self.used:
            return None
        refused = r._replace(flags=0, kind=REFUSED, asset=r.asset + (r.kind << 16) + (ERRORS[answer] << 24))
        return refused if self.commit([refused])[0] == "OK" else None

    # ---- the laws and the one hash

    def broken(self):
        """The law that does not hold, or None."""
        held = collections.Counter()
        for hold in self.holds.values():
            held[hold.debit, "d"] += hold.amount
            held[hold.credit, "c"] += hold.amount
        for asset in ASSETS:
            mine = [a for a in self.accounts.values() if a.asset == asset]
            for part in PARTS:
                side = 1 if part == "reserves" else -1
                if self.sums[asset, part] != side * sum(a.debits - a.credits for a in mine if PART_OF[a.kind] == part):
                    return "a running total differs from its accounts"
            if sum(a.debits - a.credits for a in mine) or sum(a.debits_held - a.credits_held for a in mine):
                return "the sum of all accounts is not zero"
        for identifier, a in self.accounts.items():
            _, debit_side, limited, _ = CHART[a.kind]
            if (a.debits_held, a.credits_held) != (held[identifier, "d"], held[identifier, "c"]):
                return "an account's held sums are not those of its open holds"
            balance = a.debits - a.credits if debit_side else a.credits - a.debits
            if limited and balance - (a.credits_held if debit_side else a.debits_held) < 0:
                return "an account that may not is below zero"
            if a.most and balance > a.most:
                return "an account holds more than its maximum"
            if a.closed and (balance or a.debits_held or a.credits_held):
                return "a closed account is not empty"
        return None

    def state_hash(self):
        """As `kuramori audit verify` names it."""
        digest = hashlib.sha256()
        for identifier in sorted(self.accounts):
            a = self.accounts[identifier]
            digest.update(identifier)
            for n in (a.asset, a.kind, a.debits, a.credits, a.debits_held, a.credits_held, a.most, int(a.closed)):
                digest.update(n.to_bytes(16, "little"))
        for identifier in sorted(self.holds):
            hold = self.holds[identifier]
            digest.update(identifier + hold.debit + hold.credit + hold.amount.to_bytes(16, "little")
                          + hold.moment.to_bytes(16, "little"))
        return digest.digest()
