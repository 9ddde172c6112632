#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Goal: what has a time lock is paid when the lock is over and not before, whoever asks; and nobody
calls an honest signer a thief over it (docs/decisions/0019).

Method: the real programs on the real node under a policy with a lock of twelve seconds. First the
honest server; then evil.Server in its place, which asks at once, backdates, tells one signer early
and the other late, and tells no watcher at all. Journals are read at the end.
"""

import os
import sys
import threading
import time
from pathlib import Path

ROOT = Path(__file__).resolve().parents[3]
sys.path.insert(0, str(ROOT / "tests/kit"))

import audit  # noqa: E402
import canon  # noqa: E402
import evil  # noqa: E402
import frames  # noqa: E402
import nem  # noqa: E402
import process  # noqa: E402
import story_a  # noqa: E402
import tap  # noqa: E402
import world as kit  # noqa: E402

BUILD = Path(os.environ.get("KURAMORI_BUILD", ROOT / "build"))
XEM = 1_000_000
LOCK_MS = 12_000
CUSTOMER, PERSON = "c1", "approver-1"
LARGE = 50_000 * XEM
w = None
known = {}


def order_told(which, request, order):
    """ORDER to a signer ("a") or watcher (1) as the server says it; the receipt or refusal."""
    name = f"signer-{which}" if which in ("a", "b") else f"watcher-{which}"
    link = w.link(name, "server")
    answer = canon.open_document(link.call(frames.ORDER, [request.raw, order.raw], 5.0)[0], w.genesis.id)
    link.close()
    return answer


def frozen():
    return [name for name in ("signer-a", "signer-b", "watcher-1", "watcher-2", "watcher-3")
            if w.status(name)["frozen"] != "no"]


@tap.test
def the_honest_server_waits_and_pays():
    request = w.request(CUSTOMER, w.keys.outside[0].address(), LARGE)
    status, body, _ = w.api("POST", "/v1/withdrawals", request.raw, canon.uuid7())
    assert status == 201, (status, body)
    path = f"/v1/withdrawals/{body['id']}"
    status, told, _ = w.api("POST", "/v1/documents", w.approval(body["order"], PERSON).raw)
    assert status == 200 and told["state"] == "approved", (status, told)
    until = process.wait_until(lambda: w.get(path)["locked_until_ms"], 10, "everybody knows the order")
    began = kit.now_ms()
    assert 0 < until - began <= LOCK_MS, (until, began)
    history = w.get(path + "/history")
    assert history["locked_until_ms"] == until and history["attempts"] == 0, history
    while kit.now_ms() < until - 1000:
        now = w.get(path)
        assert now["state"] == "approved" and not now["payment"], now
        time.sleep(0.5)
    process.wait_until(lambda: w.get(path)["state"] == "settled", 90, "settled")
    assert w.get(path + "/history")["attempts"] == 1
    assert not frozen(), frozen()


@tap.test
def what_has_no_lock_is_told_to_nobody():
    request = w.request(CUSTOMER, w.keys.outside[1].address(), 100 * XEM)
    status, body, _ = w.api("POST", "/v1/withdrawals", request.raw, canon.uuid7())
    assert status == 201, (status, body)
    process.wait_until(lambda: w.get(f"/v1/withdrawals/{body['id']}")["state"] == "settled", 60, "settled")
    assert w.get(f"/v1/withdrawals/{body['id']}")["locked_until_ms"] == 0


@tap.test
def an_evil_server_that_asks_at_once():
    w.kuramorid.stop(10.0)
    request = w.request(CUSTOMER, w.keys.outside[2].address(), LARGE)
    with evil.Server(w) as server:
        for changes in ({}, {"created_ms": kit.now_ms() - 1_800_000, "expires_ms": kit.now_ms() + 1_800_000}):
            order = server.order(request, **changes)
            approvals = [w.approval(order.id, PERSON)]
            _, answer = server.pay(request, approvals, order)
            assert answer.code == "waiting", answer.words()
            receipt = order_told("a", request, order)
            assert receipt.type == "receipt" and receipt.body["time_ms"] >= kit.now_ms() - 5000, receipt.body
            _, answer = server.pay(request, approvals, order)
            assert answer.code == "waiting", answer.words()
    forged = w.request(CUSTOMER, w.keys.outside[2].address(), LARGE, key=canon.SigningKey(os.urandom(32)))
    for which in ("a", "b", 1, 2, 3):
        answer = order_told(which, forged, evil.Server(w).order(forged))
        assert answer.type == "refusal" and answer.body["code"] == "bad-signature", answer.body


@tap.test
def an_evil_server_that_tells_one_signer_late_and_no_watcher():
    request = w.request(CUSTOMER, w.keys.outside[3].address(), LARGE)
    with evil.Server(w) as server:
        order = server.order(request)
        approvals = [w.approval(order.id, PERSON)]
        first = order_told("a", request, order).body
        time.sleep(LOCK_MS / 1000 + 3)
        attempt = server.attempt(order)
        documents = [request, order, attempt, *approvals]
        asked = time.monotonic()
        answers = []
        asking = threading.Thread(target=lambda: answers.append(server.ask("a", documents, 60.0)))
        asking.start()
        time.sleep(LOCK_MS / 2000)
        # A has attested; watchers first heard of it from A, and wait for their own lock.
        assert not answers and not frozen(), (answers, frozen())
        asking.join()
        a = answers[0]
        assert a.signed and time.monotonic() - asked >= LOCK_MS / 1000 - 2, (a.words(), time.monotonic() - asked)
        b = server.ask("b", documents + [a.attestation, a.signature])
        assert b.code == "waiting", b.words()
        order_told("b", request, order)
        b = server.ask("b", documents + [a.attestation, a.signature])
        assert b.code == "waiting", b.words()
        assert order_told("a", request, order).body == first
        time.sleep(LOCK_MS / 1000 + 3)
        b = server.ask("b", documents + [a.attestation, a.signature], 30.0)
        assert b.signed, b.words()
        w.public.push(server.unit(order, attempt, a, b))
    height = w.public.height()
    process.wait_until(lambda: w.public.height() >= height + 3, 30, "blocks")
    chain = story_a.Follower(w.public)
    chain.catch_up()
    payment = server.inner(order, attempt).hash()
    paid = [t for _, _, t in chain.transfers if isinstance(t, nem.Multisig) and t.inner.hash() == payment]
    assert len(paid) == 1, len(paid)
    assert not frozen(), frozen()
    for n in (1, 2, 3):
        assert w.status(f"watcher-{n}")["thefts"] == "0", w.status(f"watcher-{n}")
    known.update(order=order.id)


@tap.test
def journals_have_since_when():
    w.group.stop()
    for which in "ab":
        journal = audit.read_file_journal(w.journal(f"signer-{which}")).verify()
        since = {}
        for record in journal.records("GUARD_ORDER", "GUARD_RESERVE"):
            if record.kind == "GUARD_ORDER":
                since[record.ref] = record.time_ms
            elif record.id in since:
                assert record.time_ms - since[record.id] >= LOCK_MS, (which, record)
        assert since, which
    for n in (1, 2, 3):
        journal = audit.read_file_journal(w.journal(f"watcher-{n}")).verify()
        assert bytes.fromhex(known["order"])[:16] in [r.id for r in journal.records("WATCH_ORDER")], n


class World(kit.World):
    def start_server(self, wait=True):
        self.kuramorid = super().start_server(wait)
        return self.kuramorid


def start():
    global w
    kit.POLICY["approval_tiers"] = [dict(tier, delay_ms=LOCK_MS if tier["approvals"] else 0)
                                    for tier in kit.POLICY["approval_tiers"]]
    w = World(process.temp_dir("kl-"), BUILD, kit.Settings(boxes=1, purses=1, quiet_blocks=1))
    w.ceremony()
    w.write_documents(w.seal_signers())
    w.open_for_business({CUSTOMER: w.settings.claims_xem * XEM})


def end():
    w.group.kill()


if __name__ == "__main__":
    tap.run(start, end)
