#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Goal: whoever has kuramorid's journal has the books: balances now and then, statements, every
posting, the same that the running program said, and accepted by another bookkeeping program.

Method: a day of business with the real programs; what the API said is written down, with its time.
Then everything is stopped and `kuramori books` is asked. The postings are added up here once more,
and given to the real hledger. A journal with one bit changed tells nothing.
"""

import csv
import io
import json
import os
import random
import re
import shutil
import sqlite3
import subprocess
import sys
import time
import uuid
from pathlib import Path

ROOT = Path(__file__).resolve().parents[3]
sys.path.insert(0, str(ROOT / "tests/kit"))

import audit as judge  # noqa: E402
import canon  # noqa: E402
import forge  # noqa: E402
import ledger  # noqa: E402
import nem  # noqa: E402
import process  # noqa: E402
import tap  # noqa: E402
import world as kit  # noqa: E402

RECORDS = int(os.environ.get("KURAMORI_RECORDS", "20000"))
HLEDGER = int(os.environ.get("KURAMORI_HLEDGER", "100000"))
BUILD = Path(os.environ.get("KURAMORI_BUILD", ROOT / "build"))
XEM = 1_000_000
CUSTOMERS = {"c1": 4_000_000, "c2": 7}
w = journal = audit = None
noted = []      # (milliseconds, {customer: micro-XEM})


def note():
    """What the API says now; a moment before and after it nothing is booked."""
    time.sleep(0.3)
    noted.append((int(time.time() * 1000), {name: w.customer_balance(name) for name in CUSTOMERS}))
    time.sleep(0.3)


def ask(*words, expect=0, more=()):
    done = process.run([w.program("kuramori"), *more, "books", *words], expect=expect)
    return done.stdout if expect == 0 else done.stderr


def ask_json(*words, more=()):
    return json.loads(ask(*words, more=("--json", *more)))


def withdraw(customer, micro):
    request = w.request(customer, w.keys.outside[0].address(), micro)
    status, body, _ = w.api("POST", "/v1/withdrawals", request.raw, canon.uuid7())
    assert status == 201, (status, body)
    process.wait_until(lambda: w.get(f"/v1/withdrawals/{body['id']}")["state"] == "settled", 40, "it is settled")


@tap.test
def balances_are_those_that_kuramorid_told():
    told = ask_json("balance", journal, "customer:c1", "customer:c2")["accounts"]
    assert [int(a["balance"]) for a in told] == [noted[-1][1]["c1"], noted[-1][1]["c2"]]
    kinds = {a["account"]: int(a["balance"]) for a in ask_json("balance", journal)["accounts"]}
    assert kinds["customer"] == int(audit["customers"]) and kinds["suspense"] == int(audit["suspense"])
    assert kinds["house"] == int(audit["house"]) and kinds["opening"] == 0
    assert sum(kinds[k] for k in ("box", "purse", "till", "deposit", "spare")) == int(audit["reserves"])
    words = ask("balance", journal)
    assert "micro-XEM" in words and str(kinds["customer"]) in words
    for row in audit["accounts"]:
        one, = ask_json("balance", journal, f"{row['kind']}:{row['address']}")["accounts"]
        assert int(one["balance"]) == int(row["books"]), (row, one)


@tap.test
def any_past_moment_can_be_asked_for():
    assert len(noted) >= 4 and len({json.dumps(b) for _, b in noted}) == len(noted)
    for ms, balances in noted:
        iso = time.strftime("%Y-%m-%dT%H:%M:%S", time.gmtime(ms // 1000)) + f".{ms % 1000:03}Z"
        for moment in (str(ms), iso):
            for name, micro in balances.items():
                one, = ask_json("balance", journal, f"customer:{name}", more=("--as-of", moment))["accounts"]
                assert int(one["balance"]) == micro, (moment, name, one, micro)
    assert "no such account" in ask("balance", journal, "customer:c1", more=("--as-of", "1000"), expect=1)
    for bad in ("yesterday", "2026-01-01", "2026-01-01T00:00:00", "2026-01-01T00:00:00.5Z", "-1", "1e9", ""):
        ask("balance", journal, more=("--as-of", bad), expect=2)


@tap.test
def a_statement_runs_to_the_balance():
    lines = ask_json("statement", journal, "customer:c1")
    running = 0
    for line in lines:
        running += int(line["amount"]) * (1 if line["side"] == "credit" else -1)
        assert running == int(line["balance"]), line
    assert running == noted[-1][1]["c1"] and len(lines) == 3
    assert [line["sequence"] for line in lines] == sorted(line["sequence"] for line in lines)
    assert {line["other_kind"] for line in lines} >= {"opening", "in-flight", "deposit"}, lines
    assert ask("statement", journal, "customer:c1").count("\n") == len(lines) + 1
    by_id = ask_json("statement", journal, lines[0]["other"])
    assert any(line["other_kind"] == "customer" for line in by_id)
    for bad, code in (("customer:nobody", 1), ("c1", 3), ("kunde:c1", 3), ("customer", 3), ("0" * 36, 3)):
        ask("statement", journal, bad, expect=code)


def by_hledger(book):
    """{(kind, id): micro-XEM}, as hledger adds them up."""
    told = subprocess.run(["hledger", "-f", book, "balance", "--flat", "--empty", "--no-total", "-O", "csv"],
                          capture_output=True, text=True, check=True)
    theirs = {}
    for account, amount in list(csv.reader(io.StringIO(told.stdout)))[1:]:
        _, kind, identifier = account.split(":")
        whole, _, part = amount.removesuffix(" XEM").partition(".")
        sign = -1 if whole.startswith("-") else 1
        theirs[kind, identifier] = sign * (abs(int(whole)) * XEM + int(part.ljust(6, "0") or 0))
    return theirs


@tap.test
def another_program_adds_up_the_same():
    rows = list(csv.DictReader(io.StringIO(ask("export", journal))))
    lines = [json.loads(line) for line in ask("export", journal, more=("--format", "json")).splitlines()]
    assert [{k: str(v) for k, v in line.items()} for line in lines] == rows and len(rows) > 10
    totals = {}
    for row in rows:
        for side, sign in (("debit", 1), ("credit", -1)):
            key = (row[side + "_kind"], row[side])
            totals[key] = totals.get(key, 0) + sign * int(row["amount"])
    assert sum(totals.values()) == 0
    assert -sum(v for (kind, _), v in totals.items() if kind == "customer") == int(audit["customers"])
    # hledger: every transaction balances, and its balances are ours
    book = w.place("people") / "books.hledger"
    book.write_text(ask("export", journal, more=("--format", "hledger")))
    checked = subprocess.run(["hledger", "-f", book, "check"], capture_output=True, text=True)
    assert checked.returncode == 0, checked.stderr
    assert by_hledger(book) == totals
    # and hledger would have said so
    bent = book.with_suffix(".bent")
    bent.write_text(book.read_text().replace("  -", "  -1", 1))
    assert subprocess.run(["hledger", "-f", bent, "check"], capture_output=True).returncode != 0
    ask("export", journal, more=("--format", "xml"), expect=2)


@tap.test
def the_page_has_every_kind():
    page = (ROOT / "docs/journal.md").read_text().split("## Kinds")[1].split("## Batches")[0]
    told = set()
    for first, last in re.findall(r"^\| (\d+)(?: to (\d+))? \|", page, re.M):
        told |= set(range(int(first), int(last or first) + 1))
    rows = re.findall(r"^KIND\(\w+,\s*(\d+),", (ROOT / "src/log/kinds.def").read_text(), re.M)
    assert told == set(map(int, rows)), told ^ set(map(int, rows))


@tap.test
def forty_lines_of_python_recompute_every_balance():
    """The script in docs/journal.md, as it stands there, against what kuramorid said."""
    script = (ROOT / "docs/journal.md").read_text().split("```python\n")[1].split("```")[0]
    assert script.count("\n") <= 40
    place = w.place("people")
    (place / "balances.py").write_text(script)

    def run(path, expect=0):
        return process.run([sys.executable, place / "balances.py", path], expect=expect)

    rows = [line.split() for line in run(journal).stdout.splitlines()]
    mine = {row[0]: [int(n) for n in row[1:]] for row in rows}
    sides = {kind: debit for kind, (_, debit, _, _) in ledger.CHART.items()}
    balance = lambda a: a[2] - a[3] if sides[a[1]] else a[3] - a[2]
    assert len(mine) == len(rows) > 8 and all(a[0] == 1 and a[4] == a[5] == 0 for a in mine.values())
    for name, micro in noted[-1][1].items():
        assert balance(mine[judge.account_id(judge.CUSTOMER, name).hex()]) == micro
    for row in audit["accounts"]:
        kind = getattr(judge, row["kind"].upper())
        assert balance(mine[judge.account_id(kind, row["address"]).hex()]) == int(row["books"]), row
    for kind, told in ((judge.CUSTOMER, "customers"), (judge.SUSPENSE, "suspense"), (judge.HOUSE, "house"), (judge.FEE, "fee"),
                       (judge.SHORTAGE, "shortage"), (judge.IN_FLIGHT, "in_flight")):
        assert sum(balance(a) for a in mine.values() if a[1] == kind) == int(audit[told]), told
    # one bit of one record, and it says where
    copy = place / "bent.db"
    shutil.copy(journal, copy)
    with sqlite3.connect(copy) as sql:
        first, records = sql.execute("SELECT first_sequence, records FROM batches ORDER BY 1 LIMIT 1 OFFSET 3").fetchone()
        sql.execute("UPDATE batches SET records = ? WHERE first_sequence = ?",
                    (records[:70] + bytes([records[70] ^ 1]) + records[71:], first))
    sql.close()
    assert f"the batch at record {first} " in run(copy, expect=1).stderr


@tap.test
def a_journal_that_was_touched_tells_nothing():
    copy = w.place("people") / "copy.db"
    shutil.copy(journal, copy)
    sql = sqlite3.connect(copy)
    first, records = sql.execute("SELECT first_sequence, records FROM batches ORDER BY 1 DESC LIMIT 1").fetchone()
    bent = bytearray(records)
    bent[96] ^= 1
    sql.execute("UPDATE batches SET records = ? WHERE first_sequence = ?", (bytes(bent), first))
    sql.commit()
    sql.close()
    for words in (("balance",), ("export",)):
        said = ask(words[0], copy, expect=70)
        assert "copy.db" in said, said
    ask("balance", w.place("people") / "none.db", expect=None)
    assert "it is" in ask("balance", expect=2) and "it is" in ask("what", journal, expect=2)


def verify(path, *more, broken=None, expect=1):
    """`books verify`; broken: the record that must be named. What it says."""
    done = process.run([w.program("kuramori"), "--json", *more, "books", "verify", path],
                       expect=0 if broken is None else expect)
    told = json.loads(done.stdout)
    assert told["verified"] == (broken is None) and told.get("broken_record") == broken, (told, done.stderr)
    assert "\r" not in done.stderr         # progress is for terminals
    if broken is not None:
        assert told["why"] in done.stderr and str(path) in told["why"], (told, done.stderr)
    return told.get("why", told)


@tap.test
def verify_holds_of_what_kuramorid_wrote():
    secret = ("--journal-secret-file", w.journal_secret_file("kuramorid"))
    told = verify(journal)
    whole = judge.read_sqlite_journal(journal).verify(w.journal_secret("kuramorid"))
    assert told["records"] == whole.size and told["head"] == whole.head.hex() and not told["tree"]
    assert told["blobs"] == sum(len(b.blobs) for b in whole.batches) and told["books"] == audit["books_hash"], (told, audit)
    states = list(whole.records("WITHDRAWAL_STATE"))
    assert told["changes"] == len(states) > 5 and told["withdrawals"] == len({r.id for r in states}) > 0, told
    assert verify(journal, *secret)["tree"]
    words = ask("verify", journal)
    assert "every law holds" in words and "give journal_secret_file" in words, words
    other = w.place("people") / "other.secret"
    kit.write_private(other, "ab" * 32)
    assert "another journal's secret" in verify(journal, "--journal-secret-file", other, broken=0)


@tap.test
def verify_names_the_first_row_that_was_changed():
    secret, hidden = w.journal_secret("kuramorid"), ("--journal-secret-file", w.journal_secret_file("kuramorid"))
    copy = w.place("people") / "forged.db"

    def forged(batches, key=secret):
        return forge.save(journal, copy, forge.rechain(batches, key))

    # a bit of a record, and of a blob, without new hashes
    for what in ("records", "blobs"):
        batches = forge.load(journal)
        victim = [b for b in batches if b.blobs][1]
        if what == "records":
            victim.records = bytes([victim.records[0] ^ 1]) + victim.records[1:]
            forge.save(journal, copy, batches)
        else:
            forge.save(journal, copy, batches)
            sql = sqlite3.connect(copy)
            sql.execute("UPDATE blobs SET bytes = ? WHERE hash = ?",
                        (victim.blobs[0][:-1] + b"?", judge.sha(victim.blobs[0])))
            sql.commit()
            sql.close()
        assert "hash" in verify(copy, broken=victim.first)
    # a blob, a batch, two batches
    shutil.copy(journal, copy)
    sql = sqlite3.connect(copy)
    sql.execute("DELETE FROM blobs WHERE hash = ?", (judge.sha(victim.blobs[0]),))
    sql.commit()
    sql.close()
    assert "missing" in verify(copy, broken=victim.first)
    batches = forge.load(journal)
    gone = batches.pop(3)
    forge.save(journal, copy, batches)
    why = verify(copy, broken=gone.first)
    assert "missing" in why or "does not follow" in why, why
    batches = forge.load(journal)
    batches[3].first, batches[4].first = batches[3].first, batches[3].first + batches[4].count
    batches[3], batches[4] = batches[4], batches[3]
    batches[3].first, batches[4].first = gone.first, gone.first + batches[3].count
    forge.save(journal, copy, batches)
    assert "batch" in verify(copy, broken=gone.first)
    # an amount, with every hash made anew: the post no longer fits its hold
    batches = forge.load(journal)
    batch, index, record = forge.find(batches, "HOLD")
    forge.edit(batch, index, amount=record.amount - 1)
    post = forge.find(batches, "POST")[2]
    assert "another amount" in verify(forged(batches), *hidden, broken=post.sequence)
    # an opening claim, so that all laws hold: only the tree knows, or whoever signed a checkpoint
    batches = forge.load(journal)
    rows = [r for r in judge.Journal("", batches).records("TRANSFER")]
    claim = next(n for n, r in enumerate(rows) if r.credit == judge.account_id(judge.CUSTOMER, "c1"))
    rest = next(n for n, r in enumerate(rows) if r.credit == judge.account_id(judge.HOUSE, "nem:xem"))
    for nth, change in ((claim, 1), (rest, -1)):
        batch, index, record = forge.find(batches, "TRANSFER", nth)
        forge.edit(batch, index, amount=record.amount + change)
    first = min(forge.find(batches, "TRANSFER", n)[0].first for n in (claim, rest))
    verify(forged(batches, None))
    assert "tree root" in verify(copy, *hidden, broken=first)
    # records that break a law, with right hashes and a right tree
    size = sum(b.count for b in forge.load(journal))
    c1, house = judge.account_id(judge.CUSTOMER, "c1"), judge.account_id(judge.HOUSE, "nem:xem")
    now = int(time.time() * 1000)
    hold = forge.find(forge.load(journal), "HOLD")[2]
    for words, fields in (
            ("takes more", {"kind": "TRANSFER", "debit": c1, "credit": house, "amount": 10 ** 30}),
            ("more than is there", {"kind": "TRANSFER", "debit": judge.account_id(judge.SHORTAGE, "nem:xem"),
                                    "credit": c1, "amount": 10 ** 15}),
            ("had ended before", {"kind": "VOID", "ref": hold.id, "amount": hold.amount}),
            ("uses an id again", {"kind": "TRANSFER", "identifier": hold.id, "debit": c1, "credit": house,
                                  "amount": 1}),
            ("ms older", {"kind": "TRANSFER", "debit": c1, "credit": house, "amount": 1, "time_ms": 1})):
        batches = forge.load(journal)
        forge.append(batches, [judge.build_record(**{"asset": 1, "time_ms": now, "identifier": uuid.uuid4().bytes, **fields})])
        why = verify(forged(batches), *hidden, broken=size)
        assert words in why and str(size) in why, (words, why)
    # a withdrawal's way: a step that the table does not have, another state before it, nobody who did it
    states = [r for r in judge.Journal("", forge.load(journal)).records("WITHDRAWAL_STATE")]
    nth = next(n for n, r in enumerate(states) if r.amount >> 8 & 0xff == 6)
    for words, change in (("no such step", lambda a: a & ~0xff00 | 8 << 8),
                          ("but it is in", lambda a: a & ~0xff | 2), ("nobody who did it", lambda a: a & 0xffffff),
                          ("no such step", lambda a: a & ~0xff0000 | 11 << 16)):
        batches = forge.load(journal)
        batch, index, record = forge.find(batches, "WITHDRAWAL_STATE", nth)
        forge.edit(batch, index, amount=change(record.amount))
        why = verify(forged(batches), *hidden, broken=record.sequence)
        assert words in why and str(uuid.UUID(bytes=record.id)) in why, (words, why)
    ask("verify", w.place("people") / "none.db", expect=1)
    assert not (w.place("people") / "none.db").exists()
    ask("verify", w.journal("signer-a"), expect=1)


@tap.test
def yen_are_told_and_exported_beside_coins():
    """A customer's yen on a bank account, in a journal that goes on from this one."""
    place = w.place("people")
    batches = forge.load(journal)
    bank, yen, fee = (judge.account_id(kind, name, 2) for kind, name in ((13, "bank-1"), (judge.CUSTOMER, "c1"),
                                                                       (14, "spread")))
    now = int(time.time() * 1000)

    def record(kind, **fields):
        return judge.build_record(kind, **{"asset": 2, "time_ms": now, **fields})

    forge.append(batches, [record("ACCOUNT", identifier=bank, amount=13),
                           record("ACCOUNT", identifier=yen, amount=judge.CUSTOMER),
                           record("ACCOUNT", identifier=fee, amount=14),
                           record("TRANSFER", identifier=b"1" * 16, debit=bank, credit=yen, amount=46_603_339_585),
                           record("TRANSFER", identifier=b"2" * 16, debit=yen, credit=fee, amount=585)])
    copy = forge.save(journal, place / "yen.db", forge.rechain(batches, w.journal_secret("kuramorid")))
    verify(copy, "--journal-secret-file", w.journal_secret_file("kuramorid"))
    told = {(a["account"], a["asset"]): a["balance"] for a in ask_json("balance", copy)["accounts"]}
    assert told["customer", "jpy"] == told["customer", "jpy"] == "46603339000" and told["bank", "jpy"] == "46603339585"
    assert int(told["customer", "nem:xem"]) == int(audit["customers"])
    one, = ask_json("balance", copy, "jpy/customer:c1")["accounts"]
    assert one["balance"] == "46603339000" and one["asset"] == "jpy"
    assert [line["balance"] for line in ask_json("statement", copy, "jpy/customer:c1")] == ["46603339585", "46603339000"]
    book = place / "yen.hledger"
    book.write_text(ask("export", copy, more=("--format", "hledger")))
    checked = subprocess.run(["hledger", "-f", book, "check"], capture_output=True, text=True)
    assert checked.returncode == 0, checked.stderr
    total = subprocess.run(["hledger", "-f", book, "balance", "liabilities:customer", "--depth", "2", "--flat", "--no-total"],
                           capture_output=True, text=True, check=True).stdout
    assert "-46603339000 JPY" in total.replace(",", "") and "XEM" in total, total
    rows = list(csv.DictReader(io.StringIO(ask("export", copy))))
    assert [r["amount"] for r in rows if r["asset"] == "jpy"] == ["46603339585", "585"]


def grown(path, records):
    """The journal with so many more records: transfers between customers, holds, what is posted and released of them.
    (path, {account: credit minus debit} of what was added, postings added)."""
    chance, batches = random.Random(RECORDS), forge.load(journal)
    names = [judge.account_id(judge.CUSTOMER, name) for name in CUSTOMERS]
    kinds = {name: number for number, name in judge.KINDS.items()}
    now, moved, held, postings, left = int(time.time() * 1000), dict.fromkeys(names, 0), [], 0, records

    def record(kind, amount, debit=bytes(16), credit=bytes(16), ref=bytes(16)):
        name = bytearray(chance.randbytes(16))
        name[6], name[8] = name[6] & 15 | 0x80, name[8] & 63 | 0x80     # of version 8: of no time
        rows.append(judge._RECORD.pack(kinds[kind], 0, 1, now, bytes(name), debit, credit, amount.to_bytes(16, "little"), ref,
                                       judge.ZERO))
        return bytes(name)

    while left > 0:
        rows = []
        for _ in range(min(left, 8190)):
            debit, credit = chance.sample(names, 2)
            dice, amount = chance.random(), chance.randint(1, 50)
            if dice < 0.1:
                held.append((record("HOLD", amount, debit, credit), amount, debit, credit))
                continue
            if dice < 0.2 and held:
                ref, amount, debit, credit = held.pop(chance.randrange(len(held)))
                if dice < 0.12:
                    record("VOID", amount, ref=ref)
                    continue
                record("POST", amount, ref=ref)
            else:
                record("TRANSFER", amount, debit, credit)
            moved[debit] -= amount
            moved[credit] += amount
            postings += 1
        left -= len(rows)
        forge.append(batches, rows)
    return forge.save(journal, path, forge.rechain(batches)), moved, postings


@tap.test
def a_long_journal_is_exported_whole():
    """KURAMORI_RECORDS=1000000 for a long one; hledger gets as many postings as KURAMORI_HLEDGER says (100,000)."""
    place = w.place("people")
    before = {name: int(ask_json("balance", journal, f"customer:{name}")["accounts"][0]["balance"]) for name in CUSTOMERS}
    copy, moved, postings = grown(place / "long.db", RECORDS)
    after = {name: before[name] + moved[judge.account_id(judge.CUSTOMER, name)] for name in CUSTOMERS}
    for name, want in after.items():
        assert int(ask_json("balance", copy, f"customer:{name}")["accounts"][0]["balance"]) == want, name
    files, took = {}, {}
    for form in ("csv", "json", "hledger"):
        files[form], started = place / f"long.{form}", time.monotonic()
        with open(files[form], "wb") as out:
            done = subprocess.run([w.program("kuramori"), "--format", form, "books", "export", copy], stdout=out, stderr=subprocess.PIPE)
        assert done.returncode == 0, done.stderr
        took[form] = time.monotonic() - started
    totals, rows = {}, 0
    with open(files["csv"], newline="") as table, open(files["json"]) as lines:
        for row, line in zip(csv.DictReader(table), lines, strict=True):
            assert {k: str(v) for k, v in json.loads(line).items()} == row, (row, line)
            for side, sign in (("debit", 1), ("credit", -1)):
                key = (row[side + "_kind"], row[side])
                totals[key] = totals.get(key, 0) + sign * int(row["amount"])
            rows += 1
    assert rows == postings + len(list(csv.DictReader(io.StringIO(ask("export", journal))))), (rows, postings)
    for name, want in after.items():
        assert -totals["customer", str(uuid.UUID(bytes=judge.account_id(judge.CUSTOMER, name)))] == want, name
    print(f"# {RECORDS} records more: export in " + ", ".join(f"{form} {s:.1f} s" for form, s in took.items()))
    if rows > HLEDGER:
        copy = grown(place / "short.db", HLEDGER)[0]
        files["hledger"].write_text(ask("export", copy, more=("--format", "hledger")))
        totals = {}
        for row in csv.DictReader(io.StringIO(ask("export", copy))):
            for side, sign in (("debit", 1), ("credit", -1)):
                key = (row[side + "_kind"], row[side])
                totals[key] = totals.get(key, 0) + sign * int(row["amount"])
    started = time.monotonic()
    checked = subprocess.run(["hledger", "-f", files["hledger"], "check"], capture_output=True, text=True)
    assert checked.returncode == 0, checked.stderr
    assert by_hledger(files["hledger"]) == totals
    print(f"# hledger checks and adds up {min(rows, HLEDGER)} postings in {time.monotonic() - started:.1f} s")


def start():
    global w, journal, audit
    settings = kit.Settings(boxes=1, purses=1, spare_extra=1, quiet_blocks=5, poll_ms=10, settle_depth=1,
                            deposit_depth=1, block_ms=300)
    w = kit.World(process.temp_dir("kb-"), BUILD, settings)
    w.ceremony()
    w.seal_people()
    w.write_documents(w.seal_signers())
    w.open_for_business({name: xem * XEM for name, xem in CUSTOMERS.items()})
    note()
    withdraw("c1", 5 * XEM)
    note()
    payer = w.keys.outside[1]
    for message, micro in ((w.deposit_token("c1"), 9 * XEM), ("?", 4 * XEM)):
        w.send(nem.Transfer(payer.public, w.keys.deposit.address(), micro, timestamp=w.chain_time(),
                            message=message.encode()).sign(payer))
    process.wait_until(lambda: int(w.get("/v1/audit")["suspense"]) == 4 * XEM, 20, "what nobody knows is in suspense")
    process.wait_until(lambda: w.customer_balance("c1") == noted[-1][1]["c1"] + 9 * XEM, 20, "it is credited")
    note()
    withdraw("c2", 3 * XEM)
    note()
    audit = w.get("/v1/audit")
    w.stop()
    journal = w.place("kuramorid") / "journal.db"


def end():
    w.group.kill()


if __name__ == "__main__":
    tap.run(start, end)
