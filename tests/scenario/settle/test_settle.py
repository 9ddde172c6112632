#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Goal: POST /v1/transfers books what the exchange's settlement asks for exactly once and exactly so,
touches no account that is not settlement's, limits, closes and holds until a moment, refuses bad input with field and reason and without a
change, and keeps every answer it gave through kill -9.

Method: the real kuramorid against kuramori-node over HTTP; a model in this file adds up what was
answered "done" and is compared with the balances; the state hash of the books is taken around every
table of bad input; the journal is killed under load and every id is sent again.
"""

import http.client
import json
import os
import random
import signal
import sys
import threading
import time
from pathlib import Path

ROOT = Path(__file__).resolve().parents[3]
sys.path.insert(0, str(ROOT / "tests/kit"))

import canon  # noqa: E402
import process  # noqa: E402
import tap  # noqa: E402
import world  # noqa: E402

BUILD = Path(os.environ.get("KURAMORI_BUILD", ROOT / "build"))
SEED = int(os.environ.get("KURAMORI_SEED", "1"))
XEM = 1_000_000
CUSTOMERS = 40
EACH = 1000 * XEM
MOST = 8190
TOO_MUCH = str(2 ** 128 - 1)


def uuid7():
    return canon.uuid7()


def entry(debit, credit, amount, kind="transfer", asset="nem:xem", name=None, **more):
    return dict({"kind": kind, "id": name or uuid7(), "debit": debit, "credit": credit, "asset": asset,
                 "amount": str(amount)}, **more)


def end_hold(kind, ref, amount, name=None, asset="nem:xem", **more):
    return dict({"kind": kind, "id": name or uuid7(), "ref": ref, "asset": asset, "amount": str(amount)}, **more)


def text_of(entries):
    return json.dumps({"transfers": entries}, sort_keys=True, separators=(",", ":"), ensure_ascii=False)


class Rig:
    def __init__(self):
        settings = world.Settings(boxes=1, purses=1, quiet_blocks=5, block_ms=150, settle_depth=2,
                                  deposit_depth=3, watchers=3)
        self.world = world.World(process.temp_dir("kx-"), BUILD, settings)
        self.world.ceremony()
        self.world.write_documents({which: canon.SigningKey.named("attest " + which).public_hex
                                    for which in "ab"})
        self.folder = self.world.place("kuramorid")
        self.names = [f"c{i}" for i in range(CUSTOMERS)]
        self.world.open_books_of(dict.fromkeys(self.names, EACH))
        self.start()
        self.model = {"customer:" + name: EACH for name in self.names}

    def start(self):
        daemon = self.world.start_server()
        self.world.chain_is_read()
        return daemon

    def send(self, body, token=None, headers=None):
        body = body if isinstance(body, (bytes, str)) else text_of(body)
        return self.world.api("POST", "/v1/transfers", body, token=token or self.world.settlement_token,
                              headers=headers)[:2]

    def book(self, *entries):
        """The results of a request that is well formed; the model learns what was done."""
        status, answer = self.send(list(entries))
        assert status == 200, (status, answer)
        results = answer["transfers"]
        assert len(results) == len(entries)
        for asked, got in zip(entries, results):
            if asked["kind"] != "account":
                assert got["id"] == asked["id"], (asked, got)
            if got["result"] == "done" and asked["kind"] == "transfer" and asked["asset"] == "nem:xem":
                self.move(asked["debit"], asked["credit"], int(asked["amount"]))
        return results

    def move(self, debit, credit, amount):
        self.model[debit] = self.model.get(debit, 0) - amount
        self.model[credit] = self.model.get(credit, 0) + amount

    def results(self, *entries):
        return [got["result"] for got in self.book(*entries)]

    def account(self, name):
        return self.world.get(f"/v1/accounts/{name}")

    def check(self):
        """Books and model agree, and the books are sound."""
        audit = self.world.get("/v1/audit")
        assert audit["books_valid"] and audit["explained"], audit
        for name in self.names:
            assert int(self.account(name)["balance"]) == self.model["customer:" + name], name
        return audit["books_hash"]

    def hash(self):
        return self.world.get("/v1/audit")["books_hash"]


rig = None


def refused(got, code, field):
    assert got["result"] == "refused" and got["code"] == code and got["field"] == field, got


@tap.test
def who_may_settle():
    w, before = rig.world, rig.hash()
    good = text_of([entry("customer:c0", "customer:c1", 5)])
    for token, status, slug in ((w.token, 403, "wrong-credential"), ("x" * 40, 401, "unauthorised"),
                                (w.settlement_token[:-1], 401, "unauthorised"),
                                (w.settlement_token + "0", 401, "unauthorised")):
        got, body = rig.send(good, token=token)
        assert got == status and body["type"].endswith(slug) and body["field"] == "Authorization", (got, body)
    for method, path in (("GET", "/v1/status"), ("GET", "/v1/accounts/c0"), ("GET", "/metrics"),
                         ("POST", "/v1/withdrawals"), ("POST", "/v1/documents"), ("GET", "/v1/audit")):
        got, body, _ = w.api(method, path, b"{}" if method == "POST" else None, token=w.settlement_token)
        assert got == 403 and body["type"].endswith("wrong-credential"), (path, got, body)
    got, body, headers = w.api("GET", "/v1/transfers", token=w.settlement_token)
    assert got == 405 and headers["Allow"] == "POST", (got, body)
    # a body larger than others' is read for this token only
    large = b"x" * 70_000
    got, body = rig.send(large, token=w.token)
    assert got == 413, (got, body)
    got, body = rig.send(large)
    assert got == 400, (got, body)
    assert rig.hash() == before


@tap.test
def transfers_holds_and_repeats():
    one = entry("customer:c0", "customer:c1", 7 * XEM)
    assert rig.results(one) == ["done"]
    assert rig.results(one) == ["repeated"]
    assert rig.results(one, one) == ["repeated", "repeated"]
    again = dict(one, amount="8")
    # other content under a used id: which field, and what it was
    for row, field, was in ((again, "amount", str(7 * XEM)), (dict(one, kind="hold"), "kind", "transfer"),
                            (dict(one, credit="customer:c2"), "credit", rig.account("c1")["id"]),
                            (dict(one, debit="customer:c2"), "debit", rig.account("c0")["id"]),
                            (dict(one, debit=rig.account("c0")["id"], credit=rig.account("c1")["id"], asset="jpy"),
                             "asset", "nem:xem")):
        got = rig.book(row)[0]
        refused(got, "exists", field)
        assert got["was"] == was, got
    two = entry("customer:c1", "customer:c2", 1)
    assert rig.results(two, two) == ["done", "repeated"]
    # by the account's own name
    uuids = [rig.account(name)["id"] for name in ("c0", "c1")]
    three = entry(uuids[0], uuids[1], 3)
    assert rig.results(three) == ["done"]
    for uuid, name in zip(uuids, ("customer:c0", "customer:c1")):
        rig.model[name] += rig.model.pop(uuid)
    assert rig.results(dict(three, debit="customer:c0")) == ["repeated"]
    # hold, post, void
    first, second = (entry("customer:c2", "customer:c3", 10 * XEM, kind="hold") for _ in "ab")
    assert rig.results(first, second) == ["done", "done"]
    row = rig.account("c2")
    assert int(row["held"]) == 20 * XEM and int(row["available"]) == int(row["balance"]) - 20 * XEM, row
    free = int(row["available"])
    refused(rig.book(entry("customer:c2", "customer:c4", free + 1))[0], "insufficient-funds", "amount")
    post = end_hold("post", first["id"], 10 * XEM)
    assert rig.results(post) == ["done"] and rig.results(post) == ["repeated"]
    rig.move("customer:c2", "customer:c3", 10 * XEM)
    refused(rig.book(end_hold("void", first["id"], 10 * XEM))[0], "wrong-state", "ref")
    assert rig.results(end_hold("void", second["id"], 10 * XEM)) == ["done"]
    refused(rig.book(end_hold("post", second["id"], 10 * XEM))[0], "wrong-state", "ref")
    assert int(rig.account("c2")["held"]) == 0
    rig.check()


@tap.test
def accounts_are_opened_and_paid():
    news = [{"kind": "account", "account": "fee-income:trading", "asset": "nem:xem"},
            {"kind": "account", "account": "customer:newcomer", "asset": "nem:xem"},
            {"kind": "account", "account": "conversion:desk", "asset": "nem:xem"},
            {"kind": "account", "account": "conversion:desk", "asset": "jpy"},
            {"kind": "account", "account": "customer:c0", "asset": "jpy"}]
    assert [r["result"] for r in rig.book(*news)] == ["done"] * 5
    assert [r["result"] for r in rig.book(*news)] == ["repeated"] * 5
    for kind in ("till", "box", "purse", "deposit", "spare", "in-flight", "fee", "shortage", "opening", "suspense",
                 "house", "bank"):
        got = rig.book({"kind": "account", "account": kind + ":mine", "asset": "nem:xem"})[0]
        refused(got, "policy", "account")
    assert rig.results(entry("customer:c4", "fee-income:trading", 5), entry("customer:c4", "customer:newcomer", 6),
                       entry("customer:c4", "conversion:desk", 7)) == ["done"] * 3
    assert rig.world.customer_balance("newcomer") == 6
    # no yen is credited that is not there (T41): the bank's account is nobody's to touch here
    got = rig.book(entry("conversion:desk", "customer:c0", 1, asset="jpy"))[0]
    refused(got, "over-cap", "amount")
    rig.check()


@tap.test
def linked_entries_stand_or_fall_together():
    def chain(n, **last):
        rows = [entry("customer:c5", "customer:c6", 1, linked=True) for _ in range(n)]
        rows[-1] = dict(rows[-1], linked=False)
        rows[-1].update(last)
        return rows

    before = rig.hash()
    rows = chain(3, amount=str(10 ** 15))
    got = rig.book(*rows)
    refused(got[0], "linked", "linked")
    refused(got[1], "linked", "linked")
    refused(got[2], "insufficient-funds", "amount")
    rows = chain(3)
    rows[1] = dict(rows[1], credit="customer:nobody")
    got = rig.book(*rows)
    refused(got[1], "not-found", "credit")
    refused(got[0], "linked", "linked")
    assert rig.hash() == before
    # nothing of it is remembered: the same ids may come right
    rows[1] = dict(rows[1], credit="customer:c6")
    assert rig.results(*rows) == ["done"] * 3
    assert rig.results(*rows) == ["repeated"] * 3
    before = rig.hash()
    # one of them known, one new: not the same group, so nothing
    mixed = [dict(rows[0]), entry("customer:c5", "customer:c6", 1)]
    got = rig.book(*mixed)
    refused(got[0], "exists", "id")
    refused(got[1], "linked", "linked")
    # the same id twice in one group
    twice = chain(2)
    twice[1] = dict(twice[1], id=twice[0]["id"])
    refused(rig.book(*twice)[1], "exists", "id")
    # a link to nothing
    for got in rig.book(*[entry("customer:c5", "customer:c6", 1, linked=True) for _ in range(2)]):
        refused(got, "bad-input", "linked")
    # the longest chain: a whole batch, broken at its end and whole; an id that stands twice in it
    long = chain(MOST)
    got = rig.book(*long[:-1], dict(long[-1], credit="customer:nobody"))
    refused(got[-1], "not-found", "credit")
    assert all(one["code"] == "linked" for one in got[:-1])
    got = rig.book(*long[:-1], dict(long[-1], id=long[4000]["id"]))
    refused(got[-1], "exists", "id")
    assert rig.hash() == before
    for word in ("done", "repeated"):
        assert rig.results(*long) == [word] * MOST
    # independent of the neighbours: before, between, behind
    a, b = entry("customer:c5", "customer:c6", 1), entry("customer:c5", "customer:c6", 2)
    bad = chain(2, amount=TOO_MUCH)
    got = [r["result"] for r in rig.book(a, *bad, b, entry("customer:nobody", "customer:c1", 1))]
    assert got == ["done", "refused", "refused", "done", "refused"], got
    # a trade: each leg of what the other brings
    assert rig.results(entry("customer:c7", "conversion:desk", 50, linked=True),
                       entry("conversion:desk", "customer:c8", 50)) == ["done", "done"]
    rig.check()


@tap.test
def accounts_are_limited_and_closed():
    def limit(name, most, ident=None):
        return {"kind": "limit", "id": ident or uuid7(), "account": name, "asset": "nem:xem", "amount": str(most)}

    def close(name, ident=None):
        return {"kind": "close", "id": ident or uuid7(), "account": name, "asset": "nem:xem"}

    assert rig.results({"kind": "account", "account": "customer:brief", "asset": "nem:xem"}) == ["done"]
    shut = close("customer:brief")
    row = limit("customer:brief", 9)
    assert rig.results(row) == ["done"] and rig.results(row) == ["repeated"]
    got = rig.book(dict(row, amount="8"))[0]
    refused(got, "exists", "amount")
    assert got["was"] == "9"
    refused(rig.book(entry("customer:c0", "customer:brief", 10))[0], "over-limit", "amount")
    assert rig.results(entry("customer:c0", "customer:brief", 9)) == ["done"]
    refused(rig.book(limit("customer:brief", 8))[0], "over-limit", "amount")
    told = rig.account("brief")
    assert told["limit"] == "9" and told["closed"] is False, told
    refused(rig.book(close("customer:brief"))[0], "wrong-state", "account")
    # emptied and closed, linked: both or none
    empty = entry("customer:brief", "customer:c0", 9)
    got = rig.book(dict(empty, amount="8", linked=True), shut)
    refused(got[1], "wrong-state", "account")
    refused(got[0], "linked", "linked")
    shut = close(told["id"])  # by its UUID, too
    assert rig.results(dict(empty, id=uuid7(), linked=True), shut) == ["done", "done"]
    assert rig.results(dict(shut, account="customer:brief")) == ["repeated"]
    refused(rig.book(dict(shut, account="customer:c0"))[0], "exists", "account")
    refused(rig.book(entry("customer:c0", "customer:brief", 1))[0], "account-closed", "credit")
    refused(rig.book(limit("customer:brief", 0))[0], "account-closed", "account")
    assert rig.account("brief")["closed"] is True
    status, answer, _ = rig.world.api("GET", "/v1/deposit-tokens/brief")
    assert status == 409 and answer["type"].endswith("account-closed"), (status, answer)
    before = rig.hash()
    for make in (close, lambda name: limit(name, 5)):
        refused(rig.book(make("customer:nobody"))[0], "not-found", "account")
        for kind in ("in-flight", "shortage", "suspense", "house"):
            refused(rig.book(make(kind + ":nem:xem"))[0], "policy", "account")
        for account in rig.world.get("/v1/audit")["accounts"]:
            refused(rig.book(make(account["kind"] + ":" + account["address"]))[0], "policy", "account")
    for good in (close("customer:c1"), limit("customer:c1", 5)):
        cases = [({k: v for k, v in good.items() if k != field}, "field-missing", field)
                 for field in good if field != "kind"]
        cases += [(dict(good, **{field: value}), slug, field) for field, value, slug in (
            ("account", "", "bad-input"), ("account", "c1", "bad-input"), ("account", 5, "field-type"),
            ("account", "nobody:c1", "unknown-type"), ("id", "x", "field-range"), ("ref", uuid7(), "field-unknown"),
            ("debit", "customer:c1", "field-unknown"), ("until_ms", 5, "field-unknown"),
            ("asset", "eth", "unknown-asset"))]
        cases += [(dict(good, amount=bad), slug, "amount") for bad, slug in
                  ((("-1", "bad-amount"), (5, "field-type"), (str(2 ** 128), "overflow")) if "amount" in good else
                   (("5", "field-unknown"),))]
        for body, slug, field in cases:
            status, answer = rig.send([body])
            assert status == 400 and answer["type"].endswith(":" + slug), (body, answer)
            assert answer["field"] == f"transfers[0].{field}", (body, answer)
    assert rig.hash() == before
    rig.check()


@tap.test
def holds_end_at_their_moment():
    def now():
        return int(time.time() * 1000)

    def hold(amount, until, **more):
        return entry("customer:c2", "customer:c3", amount, kind="hold", until_ms=until, **more)

    free = int(rig.account("c2")["available"])
    before = rig.hash()
    for value, slug in ((0, "field-range"), ("5", "field-type"), (True, "field-type"), (None, "not-canonical"),
                        (-1, "not-canonical"), (1.5, "not-canonical"), (2 ** 53, "not-canonical")):
        status, answer = rig.send([hold(1, value)])
        assert status == 400 and answer["type"].endswith(slug), (value, answer)
    status, answer = rig.send([dict(end_hold("void", uuid7(), 1), until_ms=now() + 60_000)])
    assert status == 400 and answer["field"] == "transfers[0].until_ms", answer
    status, answer = rig.send([dict(entry("customer:c2", "customer:c3", 1), until_ms=now() + 60_000)])
    assert status == 400 and answer["field"] == "transfers[0].until_ms", answer
    assert rig.hash() == before
    refused(rig.book(hold(1, now() - 1000))[0], "expired", "until_ms")
    kept, taken = hold(5 * XEM, now() + 3_600_000), hold(7 * XEM, now() + 3_600_000)
    short = hold(11 * XEM, now() + 2500)
    assert rig.results(kept, taken, short) == ["done"] * 3
    assert rig.results(kept) == ["repeated"]
    got = rig.book(dict(kept, until_ms=kept["until_ms"] + 1))[0]
    refused(got, "exists", "until_ms")
    assert got["was"] == str(kept["until_ms"]), got
    refused(rig.book({k: v for k, v in kept.items() if k != "until_ms"})[0], "exists", "until_ms")
    assert int(rig.account("c2")["held"]) == 23 * XEM
    assert rig.results(end_hold("post", taken["id"], 7 * XEM)) == ["done"]
    rig.move("customer:c2", "customer:c3", 7 * XEM)
    # it is released by itself, also by the process that comes after a kill
    rig.world.group["kuramorid"].kill()
    rig.start()
    process.wait_until(lambda: int(rig.account("c2")["held"]) == 5 * XEM, 20, "the short hold has ended")
    code = rig.book(end_hold("post", short["id"], 11 * XEM))[0]
    refused(code, "wrong-state", "ref")
    assert rig.results(end_hold("void", kept["id"], 5 * XEM)) == ["done"]
    assert int(rig.account("c2")["available"]) == free - 7 * XEM
    rig.check()


@tap.test
def the_command_line():
    """kuramori books close, limit, hold, entries: the same route with words."""
    w = rig.world
    people = w.place("people")
    token = people / "settlement-token"
    world.write_private(token, w.settlement_token + "\n", 0o400)
    config = people / "settle.conf"
    config.write_text(f"api = 127.0.0.1:{w.ports['api']}\ntoken_file = {token}\n")

    def ask(*words, expect=0, config=config):
        done = process.run([w.program("kuramori"), "--config", config, *words], expect=None, timeout=60)
        assert done.returncode == expect, (words, done.returncode, done.stdout, done.stderr)
        return done.stdout + done.stderr

    def books(*words, **more):
        return ask("books", *words, **more)

    path = people / "entries.json"
    rows = [{"kind": "account", "account": "customer:cli", "asset": "nem:xem"},
            {"kind": "account", "account": "customer:cli", "asset": "jpy"},
            entry("customer:c0", "customer:cli", 50)]
    path.write_text(json.dumps({"transfers": rows}, indent=1))
    assert "3 done, 0 repeated, 0 refused" in books("entries", path)
    rig.move("customer:c0", "customer:cli", 50)
    assert "0 done, 3 repeated, 0 refused" in books("entries", path)
    # more than one request has, cut between groups and not in them
    many = [entry("customer:c0", "customer:c1", 1) for _ in range(3 * MOST)]
    for at in range(MOST - 3, MOST + 3):
        many[at]["linked"] = True
    path.write_text(json.dumps({"transfers": many}))
    assert f"{3 * MOST} done, 0 repeated, 0 refused" in books("entries", path)
    rig.move("customer:c0", "customer:c1", 3 * MOST)
    assert f"0 done, {3 * MOST} repeated" in books("entries", path)
    for at in range(len(many)):
        many[at]["linked"] = True
    path.write_text(json.dumps({"transfers": many}))
    assert "are linked" in books("entries", path, expect=3)
    bad = [entry("customer:c0", "customer:c1", 1), entry("customer:nobody", "customer:c1", 1)]
    path.write_text(json.dumps({"transfers": bad}))
    said = books("entries", path, expect=1)
    assert "not-found, field debit" in said and "1 done, 0 repeated, 1 refused" in said, said
    rig.move("customer:c0", "customer:c1", 1)
    for text, code, words in (("", 3, "line"), ("[]", 3, "transfers"), ('{"transfers":[]}', 3, "transfers"),
                              ('{"transfers":[5]}', 3, "transfers[0]"), ('{"transfers":[{}],"x":1}', 3, "transfers"),
                              ('{"transfers":[{"a":1,"a":1}]}', 3, "line"), ('{"transfers":{"a":[]}}', 3, "transfers")):
        path.write_text(text)
        assert words in books("entries", path, expect=code), text
    assert "no-such" in books("entries", people / "no-such", expect=1)

    # limit and close; the id is said, and again with it nothing is done twice
    refuse = books("limit", "customer:cli", "49", expect=1)
    assert "over-limit, field amount" in refuse, refuse
    said = books("limit", "customer:cli", "60")
    name = said.split()[1]
    assert said.splitlines() == [f"id {name}", "done"], said
    assert "was done before" in books("limit", "customer:cli", "60", "--id", name)
    assert "exists, field amount, which was 60" in books("limit", "customer:cli", "61", "--id", name, expect=1)
    assert rig.account("cli")["limit"] == "60"
    assert "id: a UUID" in books("limit", "customer:cli", "60", "--id", "x", expect=2)
    assert "wrong-state, field account" in books("close", "customer:cli", expect=1)
    assert "done" in books("close", "jpy/customer:cli")
    assert "account-closed" in books("close", "jpy/customer:cli", expect=1)
    assert "policy, field account" in books("close", "shortage:nem:xem", expect=1)
    books("close", "nonsense", expect=3)

    # a hold until a moment
    when = time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime(time.time() + 3600))
    assert "done" in books("hold", "customer:cli", "customer:c1", "20", when)
    assert rig.account("cli")["held"] == "20"
    assert "expired, field until_ms" in books("hold", "customer:cli", "customer:c1", "1", "2018-01-26T00:02:13Z", expect=1)
    assert "insufficient-funds" in books("hold", "customer:cli", "customer:c1", "31", when, expect=1)
    books("hold", "customer:cli", "customer:c1", "1", "tomorrow", expect=3)
    assert "different assets" in books("hold", "customer:cli", "jpy/customer:c1", "1", when, expect=3)
    assert "it is: kuramori books" in books("hold", "customer:cli", expect=2)

    # as JSON, with the other token, and with nobody there
    got = json.loads(ask("--json", "books", "limit", "customer:cli", "70").splitlines()[-1])
    assert got["result"] == "done", got
    other = people / "other.conf"
    wrong = people / "api-token"
    world.write_private(wrong, w.token + "\n", 0o400)
    other.write_text(config.read_text().replace(str(token), str(wrong)))
    books("close", "customer:c1", expect=1, config=other)
    nobody = people / "nobody.conf"
    nobody.write_text(config.read_text().replace(str(w.ports["api"]), "1"))
    said = books("close", "customer:c1", expect=4, config=nobody)
    name = said.split()[1]
    assert f"ask again with --id {name}" in said, said
    rig.check()


@tap.test
def bad_requests_change_nothing():
    before = rig.hash()
    good = entry("customer:c0", "customer:c1", 1)
    held = end_hold("post", uuid7(), 1)

    def without(row, field):
        return {k: v for k, v in row.items() if k != field}

    cases = [([dict(good, **{field: value})], slug, f"transfers[0].{field}") for field, value, slug in [
        ("amount", "-1", "bad-amount"), ("amount", "", "bad-amount"), ("amount", "1.5", "bad-amount"),
        ("amount", "1e3", "bad-amount"), ("amount", "007", "bad-amount"), ("amount", " 1", "bad-amount"),
        ("amount", "+1", "bad-amount"), ("amount", str(2 ** 128), "overflow"), ("amount", "9" * 60, "overflow"),
        ("amount", 5, "field-type"), ("amount", True, "field-type"), ("amount", [], "field-type"),
        ("asset", "xem", "unknown-asset"), ("asset", "NEM:XEM", "unknown-asset"), ("asset", "", "unknown-asset"),
        ("asset", 1, "field-type"), ("debit", "", "bad-input"), ("debit", "c0", "bad-input"),
        ("debit", "customer:", "field-range"), ("debit", "customer:a b", "field-range"),
        ("debit", "customer:" + "x" * 65, "field-range"), ("debit", "nobody:c0", "unknown-type"),
        ("debit", {}, "field-type"), ("credit", 'customer:"', "field-range"), ("credit", "till", "bad-input"),
        ("credit", good["id"].upper(), "bad-input"), ("credit", 0, "field-type"), ("id", "1", "field-range"),
        ("id", good["id"].upper(), "field-range"), ("id", good["id"][:14] + "8" + good["id"][15:], "field-range"),
        ("id", 7, "field-type"), ("kind", "pay", "unknown-type"), ("kind", "", "unknown-type"),
        ("kind", 1, "field-type"), ("linked", "true", "field-type"), ("linked", 1, "field-type"),
        ("ref", uuid7(), "field-unknown"), ("account", "customer:c0", "field-unknown"), ("note", "x", "field-unknown"),
    ]]
    cases += [([without(good, field)], "field-missing", f"transfers[0].{field}")
              for field in ("amount", "asset", "credit", "debit", "id", "kind")]
    cases += [([without(held, field)], "field-missing", f"transfers[0].{field}")
              for field in ("amount", "asset", "id", "kind", "ref")]
    cases += [([dict(held, ref="x")], "field-range", "transfers[0].ref"),
              ([dict(held, debit="customer:c0")], "field-unknown", "transfers[0].debit"),
              ([{"kind": "account", "account": "customer:q", "asset": "nem:xem", "linked": True}], "field-unknown",
               "transfers[0].linked"),
              ([{"kind": "account", "account": good["id"], "asset": "nem:xem"}], "bad-input",
               "transfers[0].account"),
              ([good] * 17 + [dict(good, amount="x")], "bad-amount", "transfers[17].amount"),
              ([good, 5], "field-type", "transfers[1]"), ([[]], "field-type", "transfers[0]"),
              ([], "field-range", "transfers"),
              ('{"transfers":{}}', "field-type", "transfers"), ('{"transfers":"x"}', "field-type", "transfers"),
              ("{}", "field-missing", "transfers"), ('{"transfer":[]}', "field-unknown", "transfers"),
              ('{"transfers":[],"x":1}', "field-range", "transfers")]
    cases += [(body, slug, "body") for body, slug in (
        ("[]", "bad-input"), ("x", "bad-input"), ('{"transfers": []}', "not-canonical"),
        (text_of([good])[:-1], "bad-input"), (text_of([good]) + "x", "bad-input"),
        (text_of([good]) + "\n", "not-canonical"), (text_of([good]).replace('"amount"', '"Amount"'), "not-canonical"),
        ('{"transfers":[{"amount":"1","amount":"2"}]}', "not-canonical"),
        ('{"transfers":[{"asset":"nem:xem","amount":"2"}]}', "not-canonical"),
        ('{"transfers":[{"amount":-5}]}', "not-canonical"), ('{"transfers":[{"amount":1.5}]}', "not-canonical"),
        ('{"transfers":[{"amount":null}]}', "not-canonical"), (b'{"transfers":[{"amount":"\xff"}]}', "bad-input"))]
    for body, slug, field in cases:
        status, answer = rig.send(body)
        assert status == 400, (body, status, answer)
        assert answer["type"].endswith(":" + slug), (body, answer)
        assert answer["field"].startswith(field) and answer["detail"], (body, answer)
        if field != "body":
            assert answer["field"] == field, (body, answer)
        # the same in the language that is asked for, in every word for people and in no other
        _, asked = rig.send(body, headers={"Accept-Language": "ja"})
        assert not asked["detail"].isascii() and answer["detail"].isascii(), (body, asked)
        assert {k: v for k, v in asked.items() if k not in ("title", "detail")} == \
            {k: v for k, v in answer.items() if k not in ("title", "detail")}, (body, asked)
    status, answer = rig.send(text_of([good]), headers={"Content-Type": "text/plain"})
    assert status == 415, (status, answer)
    # well formed, and refused one by one
    for row, code, field in [
            (dict(good, amount="0"), "bad-amount", "amount"),
            (dict(good, credit="customer:c0"), "bad-input", "credit"),
            (dict(good, credit="customer:nobody"), "not-found", "credit"),
            (dict(good, debit="customer:nobody"), "not-found", "debit"),
            (dict(good, debit="00000000-0000-8000-8000-000000000000"), "not-found", "debit"),
            (dict(good, asset="jpy", debit="customer:c1", credit="customer:c2"), "not-found", "debit"),
            (dict(good, id=uuid7(), debit=rig.account("c0")["id"], credit=rig.account("c1")["id"], asset="jpy"),
             "unknown-asset", "asset"),
            (dict(good, id=uuid7(), amount=TOO_MUCH), "overflow", "amount"),
            (dict(good, id=uuid7(), amount=str(2 ** 127)), "insufficient-funds", "amount"),
            (dict(good, id="01700000-0000-7000-8000-000000000000"), "stale", "id"),
            (held, "not-found", "ref")]:
        for _ in range(2):
            refused(rig.book(row)[0], code, field)
    assert rig.hash() == before
    # an id that the books themselves refused stays refused, when there is enough and after a restart
    poor = entry("customer:c5", "customer:c6", int(rig.account("c5")["balance"]) + 1)
    for _ in range(2):
        refused(rig.book(poor)[0], "insufficient-funds", "amount")
    assert rig.results(entry("customer:c6", "customer:c5", 1)) == ["done"]
    refused(rig.book(poor)[0], "insufficient-funds", "amount")
    pair = [dict(entry("customer:c6", "customer:c5", 1), linked=True), poor]
    assert [(got["result"], got["code"]) for got in rig.book(*pair)] == [("refused", "linked"),
                                                                        ("refused", "insufficient-funds")]
    rig.world.group["kuramorid"].kill()
    rig.start()
    refused(rig.book(poor)[0], "insufficient-funds", "amount")
    refused(rig.book(dict(poor, amount="1"))[0], "exists", "amount")
    assert rig.results(dict(poor, id=uuid7())) == ["done"]
    assert rig.results(dict(good)) == ["done"]  # after all that it is still free
    rig.check()


@tap.test
def accounts_that_are_not_settlements():
    """Coins on chain, what is in flight, and a withdrawal's hold are out of reach."""
    w, before = rig.world, rig.hash()
    shelf = []
    for row in w.get("/v1/audit")["accounts"]:
        shelf.append((w.get(f"/v1/accounts/{row['address']}")["id"], row["kind"]))
        shelf.append((row["kind"] + ":" + row["address"], row["kind"]))
    shelf += [(kind + ":nem:xem", kind) for kind in ("in-flight", "fee", "shortage", "opening", "suspense", "house")]
    assert len({kind for _, kind in shelf}) >= 10, shelf
    for account, kind in shelf:
        refused(rig.book(entry("customer:c0", account, 1))[0], "policy", "credit")
        refused(rig.book(entry(account, "customer:c0", 1))[0], "policy", "debit")
        refused(rig.book(entry(account, "customer:c0", 1, kind="hold"))[0], "policy", "debit")
    assert rig.hash() == before
    # a withdrawal of c9 holds amount and fee: settlement can neither spend, post nor release it
    request = w.request("c9", w.keys.outside[0].address(), 400 * XEM)
    status, booked, _ = w.api("POST", "/v1/withdrawals", request.raw, idempotency_key="w1")
    assert status == 201, (status, booked)
    row = rig.account("c9")
    held, free = int(row["held"]), int(row["available"])
    assert held == 400 * XEM + int(booked["fee"]) and free == EACH - held, row
    refused(rig.book(entry("customer:c9", "customer:c0", free + 1))[0], "insufficient-funds", "amount")
    for kind in ("post", "void"):
        refused(rig.book(end_hold(kind, booked["id"], held))[0], "not-found", "ref")
    # and what settlement holds a withdrawal cannot take
    mine = entry("customer:c9", "customer:c0", free - XEM, kind="hold")
    assert rig.results(mine) == ["done"]
    request = w.request("c9", w.keys.outside[0].address(), 2 * XEM)
    status, answer, _ = w.api("POST", "/v1/withdrawals", request.raw, idempotency_key="w2")
    assert status == 409 and answer["type"].endswith("insufficient-funds"), (status, answer)
    assert rig.results(end_hold("void", mine["id"], free - XEM)) == ["done"]
    # what was refused stays refused; there is enough for a new one
    status, answer, _ = w.api("POST", "/v1/withdrawals", request.raw, idempotency_key="w2")
    assert status == 409 and answer["type"].endswith("insufficient-funds"), (status, answer)
    request = w.request("c9", w.keys.outside[0].address(), 2 * XEM)
    status, answer, _ = w.api("POST", "/v1/withdrawals", request.raw, idempotency_key="w3")
    assert status == 201, (status, answer)
    # an id that a later withdrawal will need is not a client's to take
    assert rig.results(entry("customer:c9", "customer:c0", 1)) == ["done"]
    rig.check()


@tap.test
def as_many_as_fit():
    def some(n):
        return [entry("customer:c10", "customer:c11", 1) for _ in range(n)]

    rows = some(MOST)
    started = time.monotonic()
    assert rig.results(*rows) == ["done"] * MOST
    print(f"# {MOST} entries in one request, answered after {time.monotonic() - started:.2f} s")
    assert rig.results(*rows) == ["repeated"] * MOST
    before = rig.hash()
    status, answer = rig.send(some(MOST + 1))
    assert status == 413 and answer["field"] == "transfers", (status, answer)
    status, answer = rig.send(b"{" + b" " * (5 << 20))
    assert status == 413, (status, answer)
    assert rig.hash() == before
    # several large requests in one turn of the loop are several batches
    answers = [None] * 6
    bodies = [some(3000) for _ in answers]

    def client(i):
        answers[i] = rig.send(bodies[i])

    threads = [threading.Thread(target=client, args=(i,)) for i in range(len(answers))]
    for t in threads:
        t.start()
    for t in threads:
        t.join()
    for status, answer in answers:
        assert status == 200 and all(r["result"] == "done" for r in answer["transfers"]), status
    rig.move("customer:c10", "customer:c11", 3000 * len(answers))
    rig.check()


class Client(threading.Thread):
    """One keep-alive connection, one transfer after the other, until the server is gone."""

    def __init__(self, number, stop):
        super().__init__()
        self.random = random.Random(SEED * 1000 + number)
        self.stop = stop
        self.sent, self.done = [], []
        self.problem = None

    def run(self):
        connection = http.client.HTTPConnection("127.0.0.1", rig.world.ports["api"], timeout=15)
        headers = {"Authorization": "Bearer " + rig.world.settlement_token, "Content-Type": "application/json"}
        try:
            while not self.stop.is_set():
                a, b = self.random.sample(range(12, CUSTOMERS), 2)
                row = entry(f"customer:c{a}", f"customer:c{b}", self.random.randint(1, 50 * XEM))
                self.sent.append(row)
                connection.request("POST", "/v1/transfers", text_of([row]), headers)
                answer = connection.getresponse()
                body = json.loads(answer.read())
                if answer.status == 503:
                    return
                if answer.status != 200:
                    self.problem = body
                    return
                self.done.append((row, body["transfers"][0]))
        except (OSError, http.client.HTTPException):
            pass
        finally:
            connection.close()


@tap.test
def killed_under_load():
    """What was answered is there, what was not may be sent again, and nothing is there twice."""
    sure = likely = 0
    for how in (signal.SIGKILL, signal.SIGTERM, signal.SIGKILL):
        stop = threading.Event()
        clients = [Client(i, stop) for i in range(16)]
        for c in clients:
            c.start()
        process.wait_until(lambda: sum(len(c.done) for c in clients) > 400, 30, "400 are answered")
        daemon = rig.world.group.daemons["kuramorid"]
        if how == signal.SIGKILL:
            daemon.kill()
        else:
            assert daemon.stop() == 0
        stop.set()
        for c in clients:
            c.join()
            assert c.problem is None, c.problem
        rig.start()
        for c in clients:
            answered = {row["id"]: got for row, got in c.done}
            for row in c.sent:
                first = answered.get(row["id"])
                again = rig.send([row])[1]["transfers"][0]
                if first is not None and first["result"] == "done":
                    assert again["result"] == "repeated", (row, first, again)
                    sure += 1
                elif first is None:
                    likely += again["result"] == "repeated"
                if first is not None and first["result"] == "done" or again["result"] in ("done", "repeated"):
                    rig.move(row["debit"], row["credit"], int(row["amount"]))
        before = rig.check()
        daemon = rig.world.group.daemons["kuramorid"]
        daemon.kill()
        rig.start()
        assert rig.check() == before
    print(f"# {sure} answered before an end and all of them there after it; {likely} booked and not answered")
    assert sure > 1000


@tap.test
def a_freeze_stops_settlement():
    w = rig.world
    known = entry("customer:c0", "customer:c1", 1)
    assert rig.results(known) == ["done"]
    freeze = w.freeze("officer-1", "a drill")
    status, answer, _ = w.api("POST", "/v1/documents", freeze.raw)
    assert status == 200, (status, answer)
    before = rig.hash()
    refused(rig.book(entry("customer:c0", "customer:c1", 1))[0], "frozen", "")
    assert rig.results(known) == ["repeated"]  # what was booked is still answered
    assert rig.hash() == before


@tap.test
def the_second_token_is_judged_at_the_start():
    w = rig.world
    w.group.daemons["kuramorid"].kill()
    conf = rig.folder / "kuramorid.conf"
    text = conf.read_text()
    path = rig.folder / "settlement-token"
    argv = [w.program("kuramorid"), "--config", conf]

    def start_fails(words):
        done = process.run(argv, expect=None, timeout=20)
        assert done.returncode not in (0, 70) and words in done.stderr, (done.returncode, done.stderr)

    for content, mode, words in ((w.token + "\n", 0o400, "the same token"), ("short\n", 0o400, "32 to 128"),
                                 (w.settlement_token + "\n", 0o644, "0400"), ("a b" * 20 + "\n", 0o400, "32 to 128")):
        world.write_private(path, content, mode)
        start_fails(words)
    path.unlink()
    start_fails("0400")
    # without it the route is off
    conf.write_text("".join(line + "\n" for line in text.splitlines() if "settlement" not in line))
    w.group.daemons["kuramorid"].start(ready_timeout=30.0)
    for token, status in ((w.token, 403), (w.settlement_token, 401)):
        got, body = rig.send([entry("customer:c0", "customer:c1", 1)], token=token)
        assert got == status, (got, body)
    got, body = rig.send([entry("customer:c0", "customer:c1", 1)], token=w.token)
    assert "settlement is off" in body["detail"], body


def start():
    global rig
    print(f"# seed {SEED}")
    rig = Rig()


def end():
    rig.world.group.kill()


if __name__ == "__main__":
    tap.run(start, end)
