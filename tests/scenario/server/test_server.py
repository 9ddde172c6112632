#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Goal: the real kuramorid opens its books against the coins on chain, answers bad input with field
and reason and without a change, and dies of nothing that its surroundings do.

Method: kuramorid against kuramori-node, driven over HTTP by tests/kit; no signer runs, so that
withdrawals wait. The state hash of the books (GET /v1/audit) is taken before and after every table
of bad input. Then: kill -9 in the middle of the opening and later, a port in use, a journal that is
locked, read-only, cut, another program's, a node that is down, silent or talks rubbish.
"""

import hashlib
import http.client
import json
import os
import re
import shutil
import socket
import sqlite3
import subprocess
import sys
import threading
import time
from pathlib import Path

ROOT = Path(__file__).resolve().parents[3]
sys.path.insert(0, str(ROOT / "tests/kit"))

import canon  # noqa: E402
import claims  # noqa: E402
import nem  # noqa: E402
import process  # noqa: E402
import tap  # noqa: E402
import world  # noqa: E402

BUILD = Path(os.environ.get("KURAMORI_BUILD", ROOT / "build"))
SANITIZED = os.environ.get("KURAMORI_SANITIZED") == "1"
CUSTOMERS = 26_000 if SANITIZED else 260_000
XEM = 1_000_000

class Rig:
    """A small exchange: three boxes, a purse, a till, a deposit account; 260,000 customers."""

    def __init__(self):
        settings = world.Settings(boxes=3, purses=1, quiet_blocks=5, block_ms=150, settle_depth=2,
                                  deposit_depth=3, watchers=3)
        self.world = world.World(process.temp_dir("ks-"), BUILD, settings)
        self.world.ceremony()
        self.world.seal_people((("auditor-cli", "auditor"), ("approver-cli", "approver")))
        self.world.write_documents({which: canon.SigningKey.named("attest " + which).public_hex
                                    for which in "ab"})
        self.amounts = claims.distribute(customers=CUSTOMERS, total=settings.claims_xem * XEM)
        self.rich = claims.customer_name(max(range(CUSTOMERS), key=self.amounts.__getitem__))
        self.folder = self.world.place("kuramorid")
        self.world.write_server_config()
        self.keys = 0

    @property
    def daemon(self):
        return self.world.group.daemons["kuramorid"]

    def argv(self, *more):
        return [self.world.program("kuramorid"), "--config", self.folder / "kuramorid.conf", *more]

    def csv(self, text):
        path = self.folder / "claims.csv"
        path.write_text(text)
        return path

    def open(self, path, expect):
        return process.run(self.argv("--open-books", path), expect=expect, timeout=90)

    def audit(self):
        return self.world.get("/v1/audit")

    def post(self, document, key=None, headers=None):
        """(status, body); document: bytes or a kit document."""
        if key is None:
            self.keys += 1
            key = f"key-{self.keys}"
        raw = document if isinstance(document, (bytes, str)) else document.raw
        return self.world.api("POST", "/v1/withdrawals", raw, idempotency_key=key, headers=headers)[:2]

    def good(self, amount=5 * XEM, **more):
        return self.world.request(more.pop("customer", self.rich),
                                  more.pop("to", self.world.keys.outside[0].address()), amount, **more)

    def changed(self, **fields):
        """A request whose body has these fields instead, signed anew; None takes one away."""
        body = json.loads(self.good().raw)["body"]
        for name, value in fields.items():
            if value is None:
                body.pop(name, None)
            else:
                body[name] = value
        return body

    def envelope(self, body):
        """Bytes of an envelope around any body, signed, canonical or not: what a confused back end
        sends."""
        text = json.dumps(body, sort_keys=True, separators=(",", ":"), ensure_ascii=False)
        genesis = self.world.genesis.id
        digest = hashlib.sha256(b"kuramori/request/v1\n" + genesis.encode() + b"\n" + text.encode()).digest()
        key = self.world.keys.backend
        signature = key.sign(b"kuramori signature v1\n" + digest.hex().encode() + b"\n")
        return ('{"body":' + text + ',"signatures":[{"key":"' + key.public_hex + '","signature":"'
                + signature.hex() + '"}],"type":"request","version":1}').encode()


rig = None


def problem_is(answer, status, slug, field):
    code, body = answer
    assert code == status, (code, body)
    assert body["type"] == "urn:kuramori:problem:" + slug, body
    assert body["status"] == status and body["title"], body
    if field is not None:
        assert body.get("field") == field, body
        assert body.get("detail"), body


@tap.test
def claims_that_cannot_be_are_refused():
    total = sum(rig.amounts)
    for text, words in [("customer,amount\nc1,1\nc2,x\n", ":3"), ("c1\n", ":1"), ("c1,-5\n", ":1"),
                        ("c1,1.5\n", ":1"), ("c 1,5\n", ":1"), (",5\n", ":1"), ("c1,5,6\n", ":1"),
                        ("c1,\n", ":1"), ("c1,007\n", ":1")]:
        done = rig.open(rig.csv(text), 3)
        assert words in done.stderr, (text, done.stderr)
    done = rig.open(rig.csv(f"c1,{total + 2_000 * XEM + 1}\n"), 1)
    assert "claims are" in done.stderr and "the coins on chain" in done.stderr, done.stderr
    assert rig.open(rig.folder / "no-such-file", None).returncode != 0
    # one customer twice with different amounts, and twice with the same
    done = rig.open(rig.csv("c1,5\nc1,6\n"), None)
    assert done.returncode != 0 and "c1" in done.stderr, done.stderr
    done = rig.open(rig.csv("c1,5\nc1,5\n"), None)
    assert done.returncode != 0, done.stderr
    # these have begun an opening, so start anew with an empty journal
    for name in ("journal.db", "journal.db-wal", "journal.db-shm"):
        (rig.folder / name).unlink(missing_ok=True)


@tap.test
def books_of_all_customers_are_opened_though_killed():
    path = rig.folder / "claims.csv"
    with open(path, "w", encoding="ascii", newline="\n") as file:
        claims.write_csv(file, rig.amounts)

    def written():
        size = 0
        for file in rig.folder.glob("journal.db*"):
            try:
                size += file.stat().st_size
            except FileNotFoundError:    # SQLite's own, gone since the folder was listed
                pass
        return size

    # Killed when the journal has grown by so much: in the middle, however fast the machine is.
    cut = 0
    for grow in (300_000, 600_000, 1_200_000):
        before = written()
        child = subprocess.Popen([str(a) for a in rig.argv("--open-books", path)],
                                 stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
        process.wait_until(lambda: child.poll() is not None or written() >= before + grow, 60,
                           "the opening is under way", 0.002)
        cut += child.poll() is None
        child.kill()
        child.wait()
    started = time.monotonic()
    done = rig.open(path, 0)
    print(f"# killed {cut} times, then opened in {time.monotonic() - started:.1f} s: {done.stdout.strip()}")
    assert cut > 0
    assert f"{CUSTOMERS} customers, {sum(rig.amounts)} micro-XEM" in done.stdout
    before = (rig.folder / "journal.db").stat().st_size
    rig.open(path, 0)  # the same once more
    assert abs((rig.folder / "journal.db").stat().st_size - before) < 100_000
    done = rig.open(rig.csv("mallory,1\n"), None)
    assert done.returncode != 0, done.stdout
    daemon = rig.world.start_server()
    rig.world.chain_is_read()
    audit = rig.audit()
    assert audit["explained"] and audit["books_valid"] and audit["opening"] == "0", audit
    assert int(audit["customers"]) == sum(rig.amounts)
    assert int(audit["house"]) == rig.world.settings.fees_xem * XEM
    assert int(audit["customers"]) + int(audit["house"]) == int(audit["reserves"])
    memory = daemon.memory()
    print(f"# {CUSTOMERS} customers: ready in {daemon.ready_s:.2f} s, "
          f"{memory['rss']} KB resident, {memory['peak']} KB at most (goal 49152)")
    for index in (0, 1, CUSTOMERS // 2, CUSTOMERS - 1):
        assert rig.world.customer_balance(claims.customer_name(index)) == rig.amounts[index]


@tap.test
def who_may_ask():
    w = rig.world
    for headers in ({"Authorization": ""}, {"Authorization": "Bearer"}, {"Authorization": "Bearer x"},
                    {"Authorization": "Basic " + w.token}, {"Authorization": "Bearer " + w.token + "0"},
                    {"Authorization": "Bearer " + w.token[:-1]}):
        for method, path in (("GET", "/v1/status"), ("POST", "/v1/withdrawals"), ("GET", "/metrics"),
                             ("GET", "/nowhere")):
            status, body, sent = w.api(method, path, b"{}" if method == "POST" else None, headers=headers)
            problem_is((status, body), 401, "unauthorised", "Authorization")
            assert sent.get("WWW-Authenticate") == "Bearer", sent


@tap.test
def routes_and_methods():
    w = rig.world
    for path in ("/", "/v1", "/v2/status", "/v1/status/", "/v1/withdrawals/a/b", "/v1/orders", "/v1/statu",
                 "/v1//status", "/v1/accounts/", "/%2e%2e/etc/passwd"):
        status, body, _ = w.api("GET", path)
        assert status == 404, (path, status, body)
    for method, path, allow in (("DELETE", "/v1/withdrawals", "GET, POST"), ("PUT", "/v1/status", "GET"),
                                ("POST", "/v1/status", "GET"), ("GET", "/v1/documents", "POST"),
                                ("PATCH", "/v1/documents", "POST"), ("POST", "/v1/orders/" + "0" * 64, "GET")):
        status, body, headers = w.api(method, path, b"{}" if method in ("POST", "PUT", "PATCH") else None)
        assert status == 405 and headers.get("Allow") == allow, (method, path, status, headers)
        assert body["type"].endswith("method-not-allowed"), body
    for path, slug, field in (("/v1/withdrawals/1", "bad-input", "id"),
                              ("/v1/withdrawals/" + canon.uuid7().upper(), "bad-input", "id"),
                              ("/v1/withdrawals/" + canon.uuid7(), "not-found", "id"),
                              ("/v1/orders/" + "0" * 63, "bad-input", "id"),
                              ("/v1/orders/" + "A" * 64, "bad-input", "id"),
                              ("/v1/orders/" + "0" * 64, "not-found", "id"),
                              ("/v1/accounts/nobody", "not-found", "id"),
                              ("/v1/accounts/00000000-0000-8000-8000-000000000000", "not-found", "id"),
                              ("/v1/accounts/" + "x" * 65, "bad-input", "id"),
                              ("/v1/accounts/a%20b", "bad-input", "id"),
                              ("/v1/deposit-tokens/nobody", "not-found", "customer"),
                              ("/v1/withdrawals?limit=0", "field-range", "limit"),
                              ("/v1/withdrawals?limit=101", "field-range", "limit"),
                              ("/v1/withdrawals?limit=-1", "bad-input", "limit"),
                              ("/v1/withdrawals?limit=99999999999999999999", "bad-input", "limit"),
                              ("/v1/withdrawals?state=paid", "bad-input", "state"),
                              ("/v1/withdrawals?stat=settled", "field-unknown", "stat"),
                              ("/v1/withdrawals?limit=1&limit=2", "field-unknown", "limit"),
                              ("/v1/withdrawals?limit=1&state=settled&x", "field-unknown", "x"),
                              ("/v1/status?limit=1", "field-unknown", "limit")):
        status, body, _ = w.api("GET", path)
        problem_is((status, body), 404 if slug == "not-found" else 400, slug, field)


@tap.test
def problems_in_the_language_that_is_asked_for():
    w = rig.world

    def ask(language, method="GET", path="/v1/withdrawals?limit=0", body=None, **more):
        headers = dict(more.pop("headers", {}), **({} if language is None else {"Accept-Language": language}))
        return w.api(method, path, body, headers=headers, **more)

    def machine(body):
        return {name: value for name, value in body.items() if name not in ("title", "detail")}

    _, english, sent = ask(None)
    assert english["title"] == "a field is out of its range" and english["detail"] == "1 to 100", english
    assert sent.get("Content-Language") == "en" and sent.get("Vary") == "Accept-Language", sent
    for language, which in (("ja", "ja"), ("ja-JP", "ja"), ("JA", "ja"), ("ja,en", "ja"), ("en,ja", "en"), ("en-GB", "en"),
                            ("fr, ja;q=0.5, en;q=0.4", "ja"), ("ja;q=0.4,en;q=0.5", "en"), ("de", "en"), ("*", "en"),
                            ("ja;q=0.1, *;q=0.2", "en"), ("ja;q=0", "en"), ("jap", "en"), ("ja;q=2", "en"), ("ja;x=1", "en"),
                            (",", "en"), (";q=1", "en"), ("ja" * 500, "en"), ("../../etc/passwd", "en"),
                            ("ja;q=0.001", "ja"), ("ja ; q=1.000 , en ;q=0.9", "ja")):
        status, body, sent = ask(language)
        assert status == 400 and machine(body) == machine(english), (language, body)
        assert sent.get("Content-Language") == which, (language, sent)
        assert (body["detail"], body["title"]) == ((english["detail"], english["title"]) if which == "en" else
                                                   ("1 から 100 まで", "項目の値が範囲を外れています")), (language, body)
    address, id = w.keys.outside[0].address(), canon.uuid7()
    for method, path, raw, detail in (
            ("GET", "/v1/status?limit=1", None, "このパスにそのような問い合わせ引数はないか、一度しか使えません"),
            ("GET", "/v1/withdrawals/" + id, None, "この ID の出金はありません"),
            ("GET", "/nowhere", None, "そのようなパスはありません。docs/openapi.yaml に一覧があります"),
            ("PUT", "/v1/status", b"{}", "このパスで使えるのは GET です"),
            ("POST", "/v1/withdrawals", w.request("nobody-at-all", address, XEM).raw, "そのような顧客はいません")):
        key = {"idempotency_key": "language-" + path} if method == "POST" else {}
        _, english, _ = ask("en", method, path, raw, **key)
        _, body, sent = ask("ja", method, path, raw, **key)
        assert machine(body) == machine(english) and body["title"] != english["title"], (english, body)
        assert body["detail"] == detail and sent.get("Content-Language") == "ja", (body, sent)
        assert english["detail"].isascii(), english
    # the policy's words have figures in them, which stay what they are
    _, english = rig.post(rig.good(10_000_000 * XEM))
    _, body = rig.post(rig.good(10_000_000 * XEM), headers={"Accept-Language": "ja"})
    assert machine(body) == machine(english), (body, english)
    figures = re.findall(r"\d+", english["detail"])
    assert figures and re.findall(r"\d+", body["detail"]) == figures and not body["detail"].isascii(), (body, english)
    # what is no problem is no text for people
    assert ask("ja", path="/v1/status")[1].keys() == ask("en", path="/v1/status")[1].keys()
    status, body, sent = ask("ja", headers={"Authorization": ""})
    assert status == 401 and sent.get("WWW-Authenticate") == "Bearer" and not body["title"].isascii(), (body, sent)


@tap.test
def requests_that_cannot_be():
    w, before = rig.world, rig.audit()
    address = w.keys.outside[0].address()
    table = [
        # fields: what is changed, status, slug, field
        (dict(amount="-5"), 400, "bad-amount", "amount"),
        (dict(amount="0"), 400, None, "amount"),
        (dict(amount="1.5"), 400, "bad-amount", "amount"),
        (dict(amount="1e6"), 400, "bad-amount", "amount"),
        (dict(amount="007"), 400, "bad-amount", "amount"),
        (dict(amount=""), 400, "bad-amount", "amount"),
        (dict(amount=" 5"), 400, "bad-amount", "amount"),
        (dict(amount="9" * 39), 400, None, "amount"),
        (dict(amount="9" * 60), 400, None, "amount"),
        (dict(amount=5), 400, "field-type", "amount"),
        (dict(amount=True), 400, "field-type", "amount"),
        (dict(amount=["5"]), 400, "field-type", "amount"),
        (dict(amount=None), 400, "field-missing", "amount"),
        (dict(priority="high"), 400, "field-unknown", "priority"),
        (dict(customer="a b"), 400, "field-range", "customer"),
        (dict(customer=""), 400, "field-range", "customer"),
        (dict(customer="x" * 65), 400, "field-range", "customer"),
        (dict(customer=7), 400, "field-type", "customer"),
        (dict(asset="nem:other"), 400, None, "asset"),
        (dict(message="zz"), 400, None, "message"),
        (dict(message="AA"), 400, None, "message"),
        (dict(message="0"), 400, None, "message"),
        (dict(message="00" * 1025), 400, None, "message"),
        (dict(request_id="x"), 400, None, "request_id"),
        (dict(request_id="00000000-0000-4000-8000-000000000000"), 400, None, "request_id"),
        (dict(time_ms="1"), 400, "field-type", "time_ms"),
        (dict(time_ms=world.now_ms() + 86_400_000), 409, "clock", None),
        (dict(destination=w.keys.till.address()), 403, "policy", "destination"),
        (dict(destination=w.keys.boxes[0].address()), 403, "policy", "destination"),
        (dict(destination=w.keys.spares[0].address()), 403, "policy", "destination"),
        (dict(customer="nobody"), 404, "not-found", "customer"),
        (dict(amount=str(250_000 * XEM + 1)), 403, "over-cap", None),
        (dict(genesis="0" * 64), 400, "other-genesis", None),
    ]
    # each way an address can be bad, as the kit knows them, and each with its own reason
    bad = nem.bad_addresses(address)
    reasons = set()
    for words, text in bad:
        answer = rig.post(rig.envelope(rig.changed(destination=text)))
        # what no document can carry at all is refused by its place, before it is an address
        fields = ("destination",) if text.isprintable() else ("destination", "byte")
        assert answer[0] == 400 and answer[1]["field"].startswith(fields), (words, text, answer)
        reasons.add(answer[1]["detail"])
    assert len(reasons) >= 4, reasons
    print(f"# {len(bad)} bad addresses, {len(reasons)} different reasons")
    for fields, status, slug, field in table:
        answer = rig.post(rig.envelope(rig.changed(**fields)))
        try:
            assert answer[0] == status, answer
            assert slug is None or answer[1]["type"].endswith(":" + slug), answer
            assert field is None or field in answer[1].get("field", ""), answer
            assert answer[1].get("detail"), answer
        except AssertionError as problem:
            raise AssertionError(f"{fields}: {problem}") from None
    # bytes that are no request at all
    good = rig.good().raw
    for raw, status in ((b"{", 400), (b"[]", 400), (b"null", 400), (b"\xff\xfe", 400), (b"{}", 400), (b"0", 400),
                        (b" " + good, 400), (good + b"\n", 400), (good.replace(b'"amount"', b'"amount" '), 400),
                        (good[:-1], 400), (good + good, 400), (b'{"body":1}', 400), (b"{" * 100, 400),
                        (good.replace(b'"type":"request"', b'"type":"recipe"'), 400),
                        (good.replace(b'"version":1', b'"version":2'), 400)):
        answer = rig.post(raw)
        assert answer[0] == status and answer[1]["detail"], (raw[:60], answer)
    # who signed it
    answer = rig.post(rig.good(key=canon.SigningKey.named("stranger")))
    problem_is(answer, 403, "unknown-signer", "signatures")
    flipped = bytearray(good)
    at = good.index(b'"signature":"') + len(b'"signature":"') + 40
    flipped[at] = ord("0") if flipped[at] != ord("0") else ord("1")
    problem_is(rig.post(bytes(flipped)), 403, "bad-signature", "signatures")
    more = good.replace(b'"amount":"5000000"', b'"amount":"5000001"')
    problem_is(rig.post(more), 403, "bad-signature", "signatures")
    # headers
    status, body, _ = w.api("POST", "/v1/withdrawals", good)
    problem_is((status, body), 400, "field-missing", "Idempotency-Key")
    problem_is(rig.post(good, key="x" * 129), 400, "field-range", "Idempotency-Key")
    problem_is(rig.post(good, key="a b"), 400, "field-range", "Idempotency-Key")
    problem_is(rig.post(good, headers={"Content-Type": "text/plain"}), 415, "media-type", "Content-Type")
    # too large: by one byte, and by far
    for size in (65_537, 300_000):
        try:
            answer = rig.post(b'{"body":"' + b"x" * (size - 11) + b'"}')
            assert answer[0] == 413, answer
        except (BrokenPipeError, ConnectionResetError):
            pass  # it hung up on us before we had said everything, as it may
    # documents
    for raw in (good, b"{}", rig.world.genesis.raw):
        status, body, _ = w.api("POST", "/v1/documents", raw)
        assert status == 400 and body["detail"], (status, body)
    status, body, _ = w.api("POST", "/v1/documents", rig.world.policy.raw)  # the first follows nothing
    problem_is((status, body), 409, "mismatch", "previous")
    status, body, _ = w.api("POST", "/v1/documents", w.approval("00" * 32, "approver-1").raw)
    problem_is((status, body), 404, "not-found", "subject")
    after = rig.audit()
    assert after["books_hash"] == before["books_hash"]
    assert after["journal_records"] == before["journal_records"]
    print(f"# {len(table)} bodies with one thing wrong; books {after['books_hash'][:16]} as before")


@tap.test
def half_spoken_requests():
    """Cut off at every tenth byte, and bytes that are no HTTP: the next one is served."""
    w = rig.world
    raw = rig.good().raw
    text = (f"POST /v1/withdrawals HTTP/1.1\r\nHost: x\r\nAuthorization: Bearer {w.token}\r\n"
            f"Content-Type: application/json\r\nIdempotency-Key: cut\r\nContent-Length: {len(raw)}\r\n\r\n"
            ).encode() + raw
    before = rig.audit()["books_hash"]
    for cut in list(range(0, len(text), 10)) + [None]:
        with socket.create_connection(("127.0.0.1", w.ports["api"]), 5) as line:
            line.sendall(b"\x16\x03\x01\x00\xff\x00\r\n\r\n" if cut is None else text[:cut])
    rig.daemon.check()
    assert rig.audit()["books_hash"] == before


def looked_at():
    """The audit, once its hash is of the newest record."""
    told = rig.audit()
    return told if told["books_records"] == told["journal_records"] else None


@tap.test
def a_withdrawal_waits_and_is_the_same_after_kill():
    w = rig.world
    document = rig.good(7 * XEM)
    first = rig.post(document, key="first")
    assert first[0] == 201, first
    again = rig.post(document, key="first")
    assert again == first
    other = rig.post(rig.good(8 * XEM), key="first")
    problem_is(other, 422, "idempotency-reuse", "Idempotency-Key")
    assert "differs" in other[1]["detail"]
    assert rig.post(document, key="second") == first
    held = int(first[1]["amount"]) + int(first[1]["fee"])
    account = w.get(f"/v1/accounts/{rig.rich}")
    assert int(account["held"]) == held and w.get("/v1/accounts/" + account["id"])["held"] == account["held"]
    # with so many accounts a look at all of them waits for its turn, however often it is asked for
    audit = process.wait_until(looked_at, 120, "every account is looked at", 0.5)
    rig.daemon.kill()
    w.start_server()
    w.chain_is_read()
    assert rig.post(document, key="first") == first
    assert rig.audit()["books_hash"] == audit["books_hash"]
    shown = w.get("/v1/withdrawals/" + first[1]["id"])
    assert shown["state"] == "approved", shown
    assert [x["id"] for x in w.get("/v1/withdrawals?state=approved")["withdrawals"]] == [shown["id"]]
    order = w.get("/v1/orders/" + shown["order"])
    ids = {}
    for envelope in order["documents"]:
        opened = canon.open_document(json.dumps(envelope, sort_keys=True, separators=(",", ":"),
                                                ensure_ascii=False).encode(), w.genesis.id)
        ids[opened.type] = opened.id
    assert ids["order"] == shown["order"] and ids["request"] == shown["request"]


@tap.test
def approvals_and_a_veto():
    w = rig.world
    _, taken = rig.post(rig.good(20_000 * XEM))
    status, body, _ = w.api("POST", "/v1/documents",
                            w.approval(taken["order"], "approver-1", key=canon.SigningKey.named("x")).raw)
    problem_is((status, body), 403, "bad-signature", "signatures")
    status, body, _ = w.api("POST", "/v1/documents", w.approval(taken["order"], "officer-1").raw)
    problem_is((status, body), 403, "unknown-signer", "person")
    status, body, _ = w.api("POST", "/v1/documents", w.approval(taken["order"], "approver-1").raw)
    assert status == 200 and body["state"] == "approved", body
    before = int(w.get(f"/v1/accounts/{rig.rich}")["available"])
    status, body, _ = w.api("POST", "/v1/documents", w.approval(taken["order"], "approver-2", "no").raw)
    assert status == 200 and body["state"] == "refused", body
    after = int(w.get(f"/v1/accounts/{rig.rich}")["available"])
    assert after - before == int(taken["amount"]) + int(taken["fee"])
    reasons_in_the_language_that_is_asked_for(taken)


def reasons_in_the_language_that_is_asked_for(taken):
    """Of a withdrawal that approver-2 refused: everything but the reason is the same for all."""
    w = rig.world
    english, japanese = "approver-2 said no", "approver-2 が拒否しました"
    for path in (f"/v1/withdrawals/{taken['id']}", f"/v1/orders/{taken['order']}", "/v1/withdrawals?limit=100"):
        status, said, sent = w.api("GET", path)
        assert status == 200 and sent.get("Content-Language") == "en" and sent.get("Vary") == "Accept-Language", sent
        status, told, sent = w.api("GET", path, headers={"Accept-Language": "ja"})
        assert status == 200 and sent.get("Content-Language") == "ja" and sent.get("Vary") == "Accept-Language", sent
        assert sent.get("Content-Type") == "application/json", sent
        pairs = list(zip(said["withdrawals"], told["withdrawals"])) if "withdrawals" in said else [(said, told)]
        assert (english, japanese) in [(a["reason"], b["reason"]) for a, b in pairs], (said, told)
        for a, b in pairs:
            assert (a["reason"] == "") == (b["reason"] == ""), (a, b)
            b["reason"] = a["reason"]
        assert said == told, path
        assert w.api("GET", path, headers={"Accept-Language": "de, en;q=0.5"})[1] == said
    # what the journal has is the same for all; a person reads it in his language
    path = f"/v1/withdrawals/{taken['id']}/history"
    status, told, _ = w.api("GET", path, headers={"Accept-Language": "ja"})
    assert status == 200 and told == w.get(path) and told["changes"][-1]["why"] == english, told
    argv = [w.program("kuramori"), "--config", w.write_cli_config("approver-cli", None, True), "withdrawal", "history", taken["id"]]
    text = {language: process.run(argv, env={"LC_ALL": language}).stdout for language in ("C.UTF-8", "ja_JP.UTF-8")}
    assert english in text["C.UTF-8"] and "needs " in text["C.UTF-8"], text
    assert japanese in text["ja_JP.UTF-8"] and "件必要です" in text["ja_JP.UTF-8"] and english not in text["ja_JP.UTF-8"], text
    assert json.loads(process.run(argv + ["--json"], env={"LC_ALL": "ja_JP.UTF-8"}).stdout) == told


@tap.test
def deposits_by_message():
    w = rig.world
    customer = claims.customer_name(17)
    message = w.deposit_token(customer)
    before = w.customer_balance(customer)
    payer = w.keys.outside[1]
    at = w.chain_time()
    w.send(nem.Transfer(payer.public, w.keys.deposit.address(), 9 * XEM, timestamp=at, message=message.encode())
           .sign(payer))
    at += 1
    w.send(nem.Transfer(payer.public, w.keys.deposit.address(), 4 * XEM, timestamp=at, message=b"?" + message.encode()[1:])
           .sign(payer))
    process.wait_until(lambda: w.customer_balance(customer) == before + 9 * XEM, 20, "the deposit is credited")
    process.wait_until(lambda: int(rig.audit()["suspense"]) == 4 * XEM, 10, "the other is in suspense")
    assert rig.audit()["explained"]
    rig.daemon.kill()
    w.start_server()
    w.chain_is_read()
    time.sleep(1.0)
    assert w.customer_balance(customer) == before + 9 * XEM
    audit = rig.audit()
    assert int(audit["suspense"]) == 4 * XEM and audit["explained"]


@tap.test
def a_chain_for_us_alone():
    """Whoever runs the node that is followed makes blocks for us alone, valid in all that a reader can
    check, and pays himself in. Believed alone it is credited; with witnesses it is not."""
    w = rig.world
    customer = claims.customer_name(18)
    message = w.deposit_token(customer)
    before = w.customer_balance(customer)
    rig.daemon.stop(5.0)
    w.dev("hold", hold=True)
    fork = w.public.height()
    folder = w.place("liar")
    shutil.copytree(w.place("node") / "data", folder / "data")
    ports = process.free_ports(2)
    liar = process.Daemon("liar", [str(a) for a in (
        w.program("kuramori-node"), "--config", w.place("node") / "kuramori-node.conf", "--public-port", ports[0],
        "--clean-port", ports[1], "--websocket-port", 0, "--data-dir", folder / "data", "--blocks", "demand")], folder)
    liar.start(10.0)
    with world.Node(ports[0]) as his:
        payer = w.keys.outside[2]
        pay = nem.Transfer(payer.public, w.keys.deposit.address(), 777 * XEM, message=message.encode(),
                           timestamp=his.get("/dev/state")["now_nem_s"]).sign(payer)
        assert his.announce(pay)["code"] == 1
        his.post("/dev/blocks", {"count": 6, "seconds": 1, "pool": "public"})
        assert his.height() == fork + 6 and w.public.height() == fork

        # One that believes him alone, on a copy of the journal.
        naive = rig.folder / "naive"
        naive.mkdir()
        for file in rig.folder.glob("journal.db*"):
            if file.is_file():
                shutil.copy(file, naive / file.name)
        port = process.free_port()
        robbed = process.Daemon("naive", rig.argv(
            "--store", naive / "journal.db", "--listen", f"127.0.0.1:{port}", "--node-public", f"127.0.0.1:{ports[0]}",
            "--nodes-agree", 1), naive)
        robbed.start(30.0)
        ours, w.ports["api"] = w.ports["api"], port
        process.wait_until(lambda: w.customer_balance(customer) == before + 777 * XEM, 20, "the naive one is robbed")
        w.ports["api"] = ours
        robbed.stop(5.0)

        # Ours asks two more.
        w.server_nodes, w.server_witnesses = (ports[0], w.ports["node clean"]), [w.ports["node public"]]
        w.start_server()
        process.wait_until(lambda: w.get("/v1/status")["height"] == fork + 6, 20, "his chain is read")
        w.dev("hold", hold=False)
        process.wait_until(lambda: w.public.height() >= fork + 8, 20, "the network goes on")
        process.wait_until(lambda: w.get("/v1/status")["nodes_split"] == [False, True, True], 20, "the split is told")
        status = w.get("/v1/status")
        assert status["height_agreed"] == fork and status["nodes_agree"] == 2 and not status["chain_read"], status
        assert w.customer_balance(customer) == before
        his.post("/dev/blocks", {"count": 20, "seconds": 1, "pool": "public"})
        process.wait_until(lambda: w.get("/v1/status")["height"] == fork + 26, 20, "more of his chain is read")
        assert w.customer_balance(customer) == before
        assert rig.post(rig.good())[0] == 503
        rig.daemon.stop(5.0)
    liar.stop(5.0)
    w.server_nodes, w.server_witnesses = None, []
    w.start_server()
    w.chain_is_read()
    assert w.customer_balance(customer) == before and rig.audit()["explained"]
    for more, words in ((("--nodes-agree", 3), "more than there are nodes"),
                        (("--node-witness1", f"127.0.0.1:{w.ports['node public']}"), "no second witness")):
        start_fails(*more, code=2, words=words)


@tap.test
def metrics_are_for_machines():
    connection = http.client.HTTPConnection("127.0.0.1", rig.world.ports["api"], timeout=10)
    connection.request("GET", "/metrics", headers={"Authorization": "Bearer " + rig.world.token})
    answer = connection.getresponse()
    text = answer.read().decode()
    connection.close()
    assert answer.status == 200 and answer.getheader("Content-Type").startswith("text/plain; version=0.0.4")
    names = {line.split("{")[0].split()[0] for line in text.splitlines() if not line.startswith("#")}
    assert "kuramorid_signature_checks_total" in names, names
    assert "kuramorid_withdrawals" in names and "kuramorid_chain_height" in names, names
    for line in text.splitlines():
        if not line.startswith("#"):
            float(line.rsplit(" ", 1)[1])


@tap.test
def a_port_and_a_journal_in_use():
    done = process.run(rig.argv(), expect=None, timeout=20)
    assert done.returncode == 4, (done.returncode, done.stderr)
    assert "journal.db" in done.stderr, done.stderr
    other = rig.folder / "other.db"
    done = process.run(rig.argv("--store", other), expect=None, timeout=20)
    assert done.returncode == 4 and "listens there already" in done.stderr, done.stderr
    rig.daemon.check()
    assert rig.world.get("/v1/status")["books"] == "open"


@tap.test
def sigterm_with_somebody_on_the_line():
    w = rig.world
    lines = [socket.create_connection(("127.0.0.1", w.ports["api"]), 5) for _ in range(3)]
    lines[1].sendall(b"GET /v1/status HTTP/1.1\r\nHost: x\r\n")  # not finished
    lines[2].sendall((f"GET /v1/status HTTP/1.1\r\nHost: x\r\nAuthorization: Bearer {w.token}\r\n\r\n").encode())
    assert lines[2].recv(12).startswith(b"HTTP/1.1 200")
    started = time.monotonic()
    rig.daemon.stop(5.0)
    print(f"# ended {1000 * (time.monotonic() - started):.0f} ms after SIGTERM")
    for line in lines:
        line.close()


def start_fails(*more, code, words, prefix=()):
    done = process.run([*prefix, *rig.argv(*more)], expect=None, timeout=30)
    assert done.returncode == code, (done.returncode, done.stderr[-500:])
    assert words in done.stderr, done.stderr[-500:]


@tap.test
def journals_that_cannot_be_used():
    path = rig.folder / "journal.db"
    holder = sqlite3.connect(path, isolation_level=None)
    holder.execute("PRAGMA locking_mode=EXCLUSIVE")
    holder.execute("BEGIN EXCLUSIVE")
    start_fails(code=4, words="journal.db")
    holder.execute("ROLLBACK")
    holder.close()
    if os.geteuid() == 0 and shutil.which("setpriv"):
        # read-only: as a user who may read everything and write nothing
        user = 64_020
        place = rig.folder / "ro"
        place.mkdir()
        shutil.copy(path, place / "journal.db")
        secret = place / "journal.secret"
        for name, source in (("token", rig.folder / "token"), ("journal.secret", rig.folder / "journal.db.secret")):
            shutil.copy(source, place / name)
            os.chmod(place / name, 0o400)
            os.chown(place / name, user, user)
        os.chmod(place / "journal.db", 0o444)
        os.chmod(place, 0o555)
        for parent in (rig.folder, rig.world.folder):
            os.chmod(parent, 0o755)
        start_fails("--store", place / "journal.db", "--journal-secret-file", secret, "--token-file",
                    place / "token", code=4, words="journal.db",
                    prefix=("setpriv", "--reuid", str(user), "--regid", str(user), "--clear-groups"))
    for content in (b"this is no database\n" * 100, b""):
        other = rig.folder / "other.db"
        other.unlink(missing_ok=True)
        other.write_bytes(content)
        if content:
            start_fails("--store", other, "--listen", "127.0.0.1:1", code=3, words="other.db")
    sql = sqlite3.connect(rig.folder / "else.db")
    sql.execute("CREATE TABLE batches(x)")
    sql.commit()
    sql.close()
    start_fails("--store", rig.folder / "else.db", code=3, words="else.db")
    # one bit of one record
    damaged = rig.folder / "damaged.db"
    shutil.copy(path, damaged)
    sql = sqlite3.connect(damaged)
    first, records = sql.execute("SELECT first_sequence, records FROM batches ORDER BY 1 LIMIT 1 OFFSET 5").fetchone()
    bent = bytearray(records)
    bent[1000] ^= 1
    sql.execute("UPDATE batches SET records=? WHERE first_sequence=?", (bytes(bent), first))
    sql.commit()
    sql.close()
    # without its secret it is not given another one
    start_fails("--store", damaged, code=1, words="its secret is not")
    assert not damaged.with_name("damaged.db.secret").exists()
    start_fails("--store", damaged, "--journal-secret-file", rig.folder / "journal.db.secret", code=70,
                words="damaged.db")
    # the whole journal, but with the secret of another
    other = rig.folder / "other.secret"
    world.write_private(other, "11" * 32 + "\n")
    start_fails("--journal-secret-file", other, code=70, words="journal.db")


@tap.test
def wrong_start_ups():
    start_fails("--network", "104", code=3, words="network")
    start_fails("--settle-depth", "0", code=2, words="settle")
    start_fails("--settle-depth", "361", code=2, words="settle")
    start_fails("--no-such-flag", "1", code=2, words="no-such-flag")
    start_fails("--policy-file", rig.world.place("documents") / "roster.json", code=3, words="where=policy.type")
    start_fails("--genesis-file", "/nonexistent", code=1, words="nonexistent")
    start_fails("--listen", "0.0.0.0:80", code=2, words="listen")
    open_token = rig.folder / "open-token"
    open_token.write_text("x" * 64)
    os.chmod(open_token, 0o644)
    start_fails("--token-file", open_token, code=1, words="open-token")
    short = rig.folder / "short-token"
    world.write_private(short, "short")
    start_fails("--token-file", short, code=3, words="short-token")
    for words in (("--help",), ("--version",), ("--check-config",)):
        assert process.run(rig.argv(*words)).stdout.strip()


class Talker(threading.Thread):
    """A node that answers with these bytes, or with nothing."""

    def __init__(self, answer):
        super().__init__(daemon=True)
        self.answer = answer
        self.listener = socket.create_server(("127.0.0.1", 0))
        self.port = self.listener.getsockname()[1]
        self.asked = 0
        self.kept = []

    def run(self):
        while True:
            try:
                line, _ = self.listener.accept()
            except OSError:
                return
            self.asked += 1
            if self.answer is None:
                self.kept.append(line)  # silent
                continue
            try:
                line.recv(4096)
                line.sendall(self.answer)
                line.close()
            except OSError:
                pass

    def end(self):
        self.listener.close()
        for line in self.kept:
            line.close()


@tap.test
def a_node_that_is_down_silent_or_mad():
    w = rig.world
    rubbish = [None, b"", b"\x00" * 500, b"HTTP/1.1 200 OK\r\nContent-Length: 9\r\n\r\n{\"a\":[{}]",
               b"HTTP/1.1 500 No\r\nContent-Length: 2\r\n\r\n{}",
               b"HTTP/1.1 200 OK\r\nContent-Length: 19\r\n\r\n{\"height\":999999999}",
               b"HTTP/1.1 200 OK\r\nContent-Length: 13\r\n\r\n{\"height\":-1}",
               b"HTTP/1.1 200 OK\r\nContent-Length: 99999999999\r\n\r\n{",
               b"HTTP/1.1 302 Found\r\nLocation: http://127.0.0.1:1/\r\nContent-Length: 0\r\n\r\n"]
    dead = process.free_port()
    for answer in ["down"] + rubbish:
        talker = None
        port = dead
        if answer != "down":
            talker = Talker(answer)
            talker.start()
            port = talker.port
        daemon = process.Daemon("mad", rig.argv("--node-public", f"127.0.0.1:{port}"), rig.folder)
        daemon.start(30.0)
        if talker is not None:
            process.wait_until(lambda: talker.asked > 0, 5, "the node is asked")
        else:
            time.sleep(0.3)
        started = time.monotonic()
        status = w.get("/v1/status")
        took = time.monotonic() - started
        assert status["chain_read"] is False and took < 2, (answer, status, took)
        reply = rig.post(rig.good())
        assert reply[0] == 503 and "chain" in reply[1]["detail"], (answer, reply)
        account = w.get(f"/v1/accounts/{rig.rich}")
        assert int(account["balance"]) > 0
        daemon.stop(5.0)
        if talker is not None:
            talker.end()
    # and with a real one it goes on where it was
    w.start_server()
    w.chain_is_read()
    # which goes away for a while
    node = w.group.daemons["node"]
    node.pause()
    time.sleep(1.0)
    assert w.get("/v1/status")["books"] == "open"
    node.go_on()
    node.kill()
    process.wait_until(lambda: not w.get("/v1/status")["nodes_up"][0], 15, "the node is seen to be down")
    rig.daemon.check()
    assert rig.audit()["explained"]


@tap.test
def a_checkpoint_shows_a_journal_that_was_cut_or_is_another():
    """An auditor signs size and root; records behind that point may be added and none taken away."""
    w, journal = rig.world, rig.folder / "journal.db"
    done = w.cli("audit", "checkpoint", person="approver-cli", json_answer=False, expect=None)
    note = w.cli("audit", "checkpoint", person="auditor-cli", json_answer=False)
    assert done == "" and note.startswith("kuramori/") and "\N{EM DASH} auditor-cli " in note, (done, note)
    size = int(note.splitlines()[1])
    rig.daemon.stop(5.0)
    signed = rig.folder / "checkpoint"

    def verify(text, expect, path=journal):
        signed.write_text(text)
        report = w.cli("audit", "verify", path, person="auditor-cli", server=False, checkpoint=signed,
                       json_answer=False, expect=expect)
        return report

    assert f"begins with the {size} records" in verify(note, 0)
    lines = note.split("\n")
    other = [lines[0], str(size + 1), *lines[2:]]
    verify("\n".join(other), None)  # the signature does not fit any more
    for text in ("", "rubbish\n", note.replace("auditor-cli", "approver-cli"), note[:-2], note + note):
        signed.write_text(text)
        done = process.run([w.program("kuramori"), "--config", w.write_cli_config("auditor-cli", None, False),
                            "--checkpoint-file", signed, "audit", "verify", journal], expect=None)
        assert done.returncode != 0 and "checkpoint" in done.stderr, (text, done.stderr)
    # the last batches cut off by somebody who knows SQL: every batch left verifies by itself
    short = rig.folder / "short.db"
    shutil.copy(journal, short)
    sql = sqlite3.connect(short)
    sql.execute("DELETE FROM batches WHERE first_sequence IN (SELECT first_sequence FROM batches "
                "ORDER BY first_sequence DESC LIMIT 2)")
    sql.commit()
    sql.close()
    done = process.run([w.program("kuramori"), "audit", "verify", short], expect=0)
    signed.write_text(note)
    done = process.run([w.program("kuramori"), "--config", w.write_cli_config("auditor-cli", None, False),
                        "--checkpoint-file", signed, "audit", "verify", short], expect=1)
    assert "cut off or rewritten" in done.stderr, done.stderr
    w.start_server()


@tap.test
def the_books_add_up_from_the_raw_journal():
    """Every record of the journal added up by this program alone: what kuramorid says is what it
    wrote."""
    audit = rig.audit()
    rig.daemon.stop(5.0)
    sql = sqlite3.connect(rig.folder / "journal.db")
    kinds, debits, credits, holds = {}, {}, {}, {}
    for (records,) in sql.execute("SELECT records FROM batches ORDER BY first_sequence"):
        for at in range(0, len(records), 128):
            r = records[at:at + 128]
            kind = int.from_bytes(r[0:2], "little")
            name, debit, credit = r[16:32], r[32:48], r[48:64]
            amount, ref = int.from_bytes(r[64:80], "little"), r[80:96]
            if kind == 1:
                kinds[name] = amount
            elif kind == 2:
                debits[debit] = debits.get(debit, 0) + amount
                credits[credit] = credits.get(credit, 0) + amount
            elif kind == 3:
                holds[name] = (debit, credit, amount)
            elif kind in (4, 5):
                debit, credit, amount = holds.pop(ref)
                if kind == 4:
                    debits[debit] = debits.get(debit, 0) + amount
                    credits[credit] = credits.get(credit, 0) + amount
    sql.close()
    total = {}
    for name, kind in kinds.items():
        total[kind] = total.get(kind, 0) + debits.get(name, 0) - credits.get(name, 0)
    assert sum(total.values()) == 0
    chain = sum(total.get(kind, 0) for kind in (2, 3, 4, 5, 6))
    assert -total[1] == int(audit["customers"]) and chain == int(audit["reserves"])
    assert total[10] == 0 and -total[11] == int(audit["suspense"]) and -total[12] == int(audit["house"])
    assert sum(1 for kind in kinds.values() if kind == 1) == CUSTOMERS
    assert all(debits.get(name, 0) <= credits.get(name, 0) for name, kind in kinds.items() if kind == 1)


def start():
    global rig
    rig = Rig()


def end():
    rig.world.group.kill()


if __name__ == "__main__":
    tap.run(start, end)
