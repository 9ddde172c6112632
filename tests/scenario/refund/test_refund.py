#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Goal: after a theft each customer is paid exactly what the approved plan says, once, whatever is
cut off, and can prove his row; nobody's word but that of enough people moves a yen.

Method: the real node, the real kuramorid, the real tool. A small exchange for what may go wrong: a
crash before and after every sync of a run, kill -9 at random moments (seed printed), wrong files,
missing people and yen, a freeze. One whole refund of 260,000 with kills. hledger takes the books.
"""

import argparse
import csv
import io
import json
import os
import random
import subprocess
import sys
import time
from pathlib import Path

ROOT = Path(__file__).resolve().parents[3]
sys.path.insert(0, str(ROOT / "tests/kit"))
os.environ.setdefault("KURAMORI_BUILD", str(ROOT / "build"))

import claims  # noqa: E402
import devnode  # noqa: E402
import nem  # noqa: E402
import process  # noqa: E402
import refund  # noqa: E402
import refund_row  # noqa: E402
import tap  # noqa: E402

BUILD = Path(os.environ["KURAMORI_BUILD"])
SEED = int(os.environ.get("KURAMORI_SEED", "1"))
SMALL = 6000                # three commits of 2,500 rows
WHOLE = int(os.environ.get("KURAMORI_CUSTOMERS", "260000"))
KILLS = int(os.environ.get("KURAMORI_COUNT", "6"))
die_at = None
node = x = amounts = ready = want = None
pick = random.Random(SEED)
LATER = int(time.time() * 1000) + 86_400_000


def make(folder, customers, micro):
    """An exchange, robbed, with a plan that is approved and yen enough; (node, exchange, amounts)."""
    wallet, thief = nem.KeyPair.named("refund wallet"), nem.KeyPair.named("refund thief")
    fee = nem.minimum_transfer_fee(micro)
    start = nem.nem_seconds(int(time.time() * 1000)) - 7200
    n = devnode.DevNode(folder / "node", {wallet.address(): micro + fee}, start)
    n.start()
    try:
        own = refund.Exchange(folder / "w", BUILD, n, wallet)
        parts = claims.distribute(SEED, customers, micro)
        said = own.found(parts, (("officer-cli", "officer"), ("approver-cli", "approver")))
        assert f"{customers} customers" in said.stdout, said.stdout
        before = int(time.time() * 1000)
        time.sleep(0.01)
        refund.rob(n, wallet, thief, micro)
        own.start_server()
        process.wait_until(lambda: int(own.get("/v1/audit")["shortage"]) == micro + fee, 30, "the loss is booked", 0.5)
        own.pay_in(sum(due(a) for a in parts) + 12_345)
        own.stop()
        own.make_plan(before)
        own.start_server()
        assert own.propose()[1] == "approved"
        own.stop()
    except BaseException:
        n.kill()
        raise
    return n, own, parts


def due(micro, rate=88_549):
    return (2 * micro * rate + 10 ** 9) // (2 * 10 ** 9)


def journal():
    return x.journal("kuramorid")


def restore():
    """The books with the approved plan, before anybody was paid."""
    x.back_to(ready)


def books_now():
    """(state hash, audit) by a server that only looks."""
    x.start_server()
    told = x.get("/v1/audit")
    x.stop()
    return told["books_hash"], told


@tap.test
def everybody_is_paid_once():
    global want
    said = x.run()
    total, lost = sum(map(due, amounts)), sum(amounts)
    assert f"{SMALL} of {SMALL} customers paid {total} yen" in said, said
    assert f"claims taken: {lost} of {lost} micro-XEM" in said, said
    want, told = books_now()
    assert told["books_valid"] and told["customers"] == "0" and told["reserves"] == "0", told
    assert "nothing is booked twice" in x.run()
    assert books_now()[0] == want
    # one by one, from the journal, by the tool
    rows = x.cli("books", "balance", journal(), json_answer=True, person="officer-cli", server=False)
    kinds = {row["account"]: row for row in rows["accounts"]}
    assert "customer" in kinds, kinds


@tap.test
def each_row_is_proven_to_its_customer():
    envelope = x.place_of("plan.json").read_bytes()
    for index in [0, 1, SMALL - 1] + [pick.randrange(SMALL) for _ in range(5)]:
        row = x.show(claims.customer_name(index))
        assert (int(row["lost"]), int(row["paid"])) == (amounts[index], due(amounts[index])), row
        assert refund_row.objections(envelope, row) == [], row
        path = x.place_of("row.json")
        path.write_text(json.dumps(row))
        process.run([sys.executable, ROOT / "tests/kit/refund_row.py", x.place_of("plan.json"), path])
        for field, bent in (("paid", str(int(row["paid"]) + 1)), ("lost", str(int(row["lost"]) + 1)),
                            ("customer", "c999999"), ("index", row["index"] ^ 1), ("size", SMALL + 1),
                            ("salt", "00" * 32), ("proof", row["proof"][1:]), ("proof", row["proof"] + ["00" * 32]),
                            ("plan", "00" * 32)):
            assert refund_row.objections(envelope, dict(row, **{field: bent})), field
    said = x.cli("books", "refund", "show", x.place_of("plan.json"), x.place_of("plan.rows"), "nobody",
                 person="officer-cli", server=False, json_answer=False, expect=1)
    assert said == "", said
    told = x.cli("books", "refund", "check", x.place_of("plan.json"), x.place_of("plan.rows"), person="officer-cli",
                 server=False)
    assert told == {"customers": SMALL, "lost": str(sum(amounts)), "paid": str(sum(map(due, amounts)))}, told


@tap.test
def another_bookkeeping_program_takes_it():
    book = x.place_of("books.hledger")
    book.write_text(process.run([x.program("kuramori"), "--format", "hledger", "books", "export", journal()]).stdout)
    done = subprocess.run(["hledger", "-f", book, "check"], capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
    told = subprocess.run(["hledger", "-f", book, "balance", "cur:JPY", "--depth", "2", "--flat", "--no-total", "-O",
                           "csv"], capture_output=True, text=True, check=True).stdout
    yen = {account: amount for account, amount in list(csv.reader(io.StringIO(told)))[1:]}
    figure = lambda name: int(yen[name].split()[0].lstrip("-").replace(",", ""))
    assert figure("liabilities:customer") == sum(map(due, amounts)), told
    assert figure("assets:bank") == sum(map(due, amounts)) + 12_345, told
    assert figure("liabilities:house") == 12_345, told


@tap.test
def cut_off_at_every_write():
    """Before and after each sync of a run; then again: the same books."""
    page = x.place_of("page")
    page.write_bytes(bytes(4096))
    env = dict(os.environ, LD_PRELOAD=str(die_at), KURAMORI_DIE_PAGE=str(page))
    cuts = after = number = 0
    done = False
    while not done:
        number, after = (number, 1) if after == 0 and number else (number + 1, 0)
        restore()
        page.write_bytes(bytes(8) + number.to_bytes(8, "little") + after.to_bytes(8, "little") + bytes(4072))
        got = subprocess.run([str(a) for a in x.run_argv()], env=env, capture_output=True, text=True)
        done = got.returncode == 0
        if not done:
            assert got.returncode < 0, got.stderr
            cuts += 1
            said = x.run()
            assert "refund done" in said and (f"paid {sum(map(due, amounts))} yen" in said or "twice" in said), said
        if cuts % 3 == 1 or done:
            hash_, told = books_now()
            assert hash_ == want and told["books_valid"], (number, after)
    print(f"# {cuts} cuts")
    assert cuts >= 6, cuts


@tap.test
def killed_at_random_moments():
    print(f"# seed {SEED}")
    for _ in range(KILLS):
        restore()
        runs = 0
        while runs < 40:
            one = subprocess.Popen([str(a) for a in x.run_argv()], stdout=subprocess.PIPE, stderr=subprocess.PIPE)
            try:
                code = one.wait(0.01 + pick.random() * 0.2)
            except subprocess.TimeoutExpired:
                one.kill()
                code = one.wait()
            one.communicate()
            runs += 1
            if code == 0:
                break
            assert code == -9, code
        else:
            x.run()
    assert books_now()[0] == want


@tap.test
def postings_by_hand():
    """A draft, shown in words, decided with the tool; drafts that are none."""
    restore()
    x.start_server()
    draft = x.place_of("by-hand.draft")
    entry = {"amount": "250", "asset": "jpy", "debit": "house:jpy", "credit": "customer:c000001", "reason": "for the wait"}
    draft.write_text(json.dumps({"reason": "kindness", "entries": [entry]}))
    words = x.cli("books", "post", draft, person="officer-cli", json_answer=False)
    for part in ("250 yen", "debit  house jpy", "credit customer c000001", "for the wait", "kindness", "two other people"):
        assert part in words, words
    posting = words.split("posting ")[1].split()[0]
    shown = x.cli("approve", posting, person="approver-cli", json_answer=False)
    assert "250 yen" in shown and "approver-cli said yes" in shown, shown
    own = x.cli("approve", posting, person="officer-cli", json_answer=False, expect=1)
    assert own == "" or "said yes" not in own, own
    assert x.get(f"/v1/documents/{posting}")["state"] == "approving"
    assert x.decide(posting, "posting", "approver-3")[1]["state"] == "done"
    again = x.cli("books", "post", draft, person="officer-cli", json_answer=False, expect=1)
    assert "waits" not in again, again
    bad = [("{", 3), ("[]", 3), ('{"reason":"x"}', 3), ('{"reason":"x","entries":[]}', 3)]
    for field, value, code in (("amount", "-1", 3), ("amount", 5, 3), ("amount", "1.5", 3), ("amount", "0", 3), ("asset", "eur", 3),
                               ("debit", "house", 3), ("credit", "house:jpy", 3), ("debit", "till:x", 1),
                               ("credit", "customer:nobody", 1), ("debit", "shortage:nem:xem", 1), ("reason", "", 3),
                               ("reason", "x" * 161, 3), ("extra", "1", 3)):
        bad.append((json.dumps({"reason": "x", "entries": [dict(entry, **{field: value})]}), code))
    bad.append((json.dumps({"reason": "x", "entries": [entry] * 33}), 3))
    before = x.books_hash()
    for text, code in bad:
        draft.write_text(text)
        x.cli("books", "post", draft, person="officer-cli", json_answer=False, expect=code)
    assert x.books_hash() == before
    x.stop()


@tap.test
def what_was_not_approved_is_not_paid():
    restore()
    before = books_now()[0]
    rows, other = x.place_of("plan.rows"), x.place_of("bent.rows")
    text = rows.read_text()
    lines = text.splitlines(keepends=True)
    name, lost, paid = lines[100].strip().split(",")
    bent = {
        "a row says more": "".join(lines[:100] + [f"{name},{int(lost) + 10 ** 6},{due(int(lost) + 10 ** 6)}\n"] + lines[101:]),
        "a row is paid more": "".join(lines[:100] + [f"{name},{lost},{int(paid) + 1}\n"] + lines[101:]),
        "a row is left out": "".join(lines[:100] + lines[101:]),
        "a row stands twice": "".join(lines[:101] + lines[100:]),
        "two rows exchanged": "".join(lines[:100] + [lines[101], lines[100]] + lines[102:]),
        "another salt": text.replace(lines[0].split()[-1], "ab" * 32, 1),
        "a name nobody knows": text.replace(f"\n{name},", "\nc000050x,", 1),
        "the end is missing": text[:-10],
        "empty lines": text + "\n",
    }
    for what, content in bent.items():
        other.write_text(content)
        said = x.run(expect=None, rows=other)
        assert "stopped" in said, (what, said)
    assert "stopped" in x.run(expect=None, rows=x.place_of("plan.json"))
    for more in (["--open-books", str(rows)], ["--refund-rows", "/nowhere"], ["--refund-plan", str(rows)]):
        assert subprocess.run([str(a) for a in x.run_argv() + more], capture_output=True).returncode not in (0, 70), more
    # a plan that was never handed in
    x.make_plan(LATER, name="other", rate="99")
    said = x.run(expect=1, name="other")
    assert "no such plan" in said, said
    assert books_now()[0] == before
    # handed in: it is not ours while the first is open, and too few people are too few
    x.start_server()
    status, told, _ = x.api("POST", "/v1/documents", x.place_of("other.json").read_bytes())
    assert status == 409 and "not ended" in told["detail"], told
    status, told = x.decide("00" * 32, "plan", "officer-1")
    assert status == 404, told
    x.api("POST", "/v1/documents", x.freeze("officer-1", "something is wrong").raw)
    x.stop()
    said = x.run(expect=1)
    assert "freeze" in said and "0 of 3" in said, said
    assert books_now()[0] == before
    restore()
    x.run()
    assert books_now()[0] == want


@tap.test
def the_whole_refund_with_kills():
    global node, x, amounts
    node.kill()
    folder = process.temp_dir("kuramori-refund-whole-")
    node, x, amounts = make(folder, WHOLE, claims.TOTAL_MICRO)
    kills = 0
    while kills < 3:
        one = subprocess.Popen([str(a) for a in x.run_argv()], stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
        try:
            one.wait(1.0 + 1.5 * pick.random())
        except subprocess.TimeoutExpired:
            one.kill()
        out, err = one.communicate()
        if one.returncode == 0:
            break
        assert one.returncode == -9, err
        kills += 1
    said = x.run()
    total = sum(map(due, amounts))
    print(f"# {kills} kills; {said.strip()}".replace("\n", "\n# "))
    if "twice" not in said:
        assert f"{WHOLE} of {WHOLE} customers paid {total} yen" in said, said
        if WHOLE == 260_000:
            assert "46603339585.49 yen" in said, said
    _, told = books_now()
    assert told["books_valid"] and told["customers"] == "0", told
    x.start_server()
    for index in [pick.randrange(WHOLE) for _ in range(20)]:
        assert x.customer_balance(claims.customer_name(index)) == 0


def start():
    global node, x, amounts, ready, die_at
    parser = argparse.ArgumentParser()
    parser.add_argument("--die-at", required=True)
    die_at = parser.parse_args().die_at
    folder = process.temp_dir("kuramori-refund-")
    node, x, amounts = make(folder, SMALL, 987_654_321_000_000)
    ready = folder / "ready"
    x.keep(ready)


def end():
    if x is not None:
        x.group.kill()
    if node is not None:
        node.kill()


if __name__ == "__main__":
    tap.run(start, end)
