#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Goal: a payment whose till was closed before it was mined is paid once, by a second attempt that
waited for the proof that the first is dead; every change says who and why; and the dead one is a theft
wherever it turns up again (P3; attacks T12, T25, T42, T43; docs/decisions/0009).

Method: the real programs on the real node. One withdrawal that A signed and B did not, one that is complete and
announced and in no block, both from one till; an officer closes it; blocks until it is empty and final.
On the way the server and a watcher are killed and lied to. Then the thief: B's key, A's old cosignature, a
stranger's coins in the closed till, and a block of his own.
"""

import os
import sys
import time
from pathlib import Path

ROOT = Path(__file__).resolve().parents[3]
sys.path.insert(0, str(ROOT / "tests/kit"))

import audit  # noqa: E402
import canon  # noqa: E402
import faulty  # noqa: E402
import frames  # noqa: E402
import nem  # noqa: E402
import process  # noqa: E402
import tap  # noqa: E402
import world as kit  # noqa: E402

BUILD = Path(os.environ.get("KURAMORI_BUILD", ROOT / "build"))
XEM = 1_000_000
CUSTOMER = "c1"
LIFE_S = faulty.LateWorld.LIFE_S
w = None
half, whole = {}, {}


def balance(key):
    return w.public.balance(key.address())


def ask(micro, to):
    """Posts one; what is needed to post it again."""
    request = w.request(CUSTOMER, to.address(), micro)
    key = canon.uuid7()
    status, body, _ = w.api("POST", "/v1/withdrawals", request.raw, key)
    assert status == 201, (status, body)
    return {"id": body["id"], "order": body["order"], "raw": request.raw, "key": key, "answer": body}


def state(one):
    return w.get(f"/v1/withdrawals/{one['id']}")["state"]


def reaches(one, wanted, seconds=40):
    try:
        process.wait_until(lambda: state(one) == wanted, seconds, wanted)
    except process.Failed:
        raise AssertionError((wanted, w.get(f"/v1/withdrawals/{one['id']}"))) from None


def paid(key):
    """How often our tills paid this account, in the whole chain."""
    tills = {t.public for t in [w.keys.till] + w.keys.more_tills}
    return [tx.inner for block in w.public.blocks() for tx in block.transactions
            if isinstance(tx, nem.Multisig) and isinstance(tx.inner, nem.Transfer)
            and tx.inner.recipient == key.address() and tx.inner.signer in tills]


@tap.test
def two_payments_of_a_till_are_caught_halfway():
    w.dev("hold", hold=True)
    w.dev("settings", result_cache=False)
    whole.update(ask(5 * XEM, w.keys.outside[0]))
    reaches(whole, "announced")
    # the server's clock is ahead of the chain's, and no node takes what is from the future
    w.dev("clock", mode="demand")
    w.dev("clock", advance_s=70)
    process.wait_until(lambda: w.clean.pool() or w.public.pool(), 25, "it is in a pool")
    whole["unit"] = (w.clean.pool() or w.public.pool())[0]
    w.group.daemons["signer-b"].kill()
    half.update(ask(7 * XEM, w.keys.outside[1]))
    reaches(half, "authorised")
    # signer b is down and told later, by the server
    w.cli("close", w.keys.till.address(), "--reason", "used up", person="officer-cli", expect=4, json_answer=False)
    w.start_signer("b")
    assert state(half) == "authorised" and state(whole) == "announced"


def exclude(watcher, one, number=0):
    """Asks a watcher as the server would; the document that it answers."""
    documents = w.get(f"/v1/orders/{one['order']}")["documents"]
    raw = [canon.write(d) for d in documents if d["type"] == "order"]
    raw += [canon.write([d for d in documents if d["type"] == "attempt"][number])]
    with w.link(watcher, "server") as link:
        return canon.open_document(link.call(frames.EXCLUDE, raw)[0])


@tap.test
def nobody_calls_them_dead_before_they_are():
    for watcher in ("watcher-1", "watcher-2", "watcher-3"):
        for one in (half, whole):
            refusal = exclude(watcher, one)
            assert refusal.type == "refusal", refusal.body
    # their time goes by in blocks that leave them out
    told = w.given([])
    assert told["code"] == 1, told
    w.dev("clock", advance_s=LIFE_S + 100)
    assert w.given([])["code"] == 1
    w.dev("drop-pool", pool="public")
    w.dev("drop-pool", pool="clean")
    process.wait_until(lambda: (w.mine(1, 1, pool="clean"), balance(w.keys.till) == 0)[1], 60, "the till is emptied", 0.3)
    height = w.dev("state")["height"]
    # not one block too early, whoever asks
    w.mine(359 - 3, 1)
    time.sleep(1.0)
    assert exclude("watcher-1", half).type == "refusal"
    assert state(half) == "authorised" and state(whole) == "announced"
    # a crash of everybody forgets nothing and remembers nothing wrong
    for name in ("kuramorid", "watcher-2"):
        w.group.daemons[name].kill()
    half["height"] = height


@tap.test
def the_second_attempt_pays_and_nothing_pays_twice():
    w.start_watcher(2)
    w.start_server()
    w.mine(8, 1)
    w.dev("clock", mode="real", offset_s=w.chain_time() - nem.nem_seconds(kit.now_ms()))
    w.dev("hold", hold=False)
    for one, to in ((half, w.keys.outside[1]), (whole, w.keys.outside[0])):
        reaches(one, "settled", 60)
        payments = paid(to)
        assert len(payments) == 1 and payments[0].signer == w.keys.more_tills[0].public, payments
        status, again, _ = w.api("POST", "/v1/withdrawals", one["raw"], one["key"])
        assert status == 201 and again == one["answer"], "the same key, the same body, the same answer (T43)"
        other = w.request(CUSTOMER, to.address(), 9 * XEM)
        status, refused, _ = w.api("POST", "/v1/withdrawals", other.raw, one["key"])
        assert status == 422 and "differs in" in refused["detail"], refused
    audit_ = w.get("/v1/audit")
    assert audit_["explained"] and audit_["books_valid"] and int(audit_["shortage"]) == 0, audit_
    for name in ("signer-a", "signer-b", "watcher-1", "watcher-2", "watcher-3"):
        assert w.status(name)["frozen"] == "no", name


@tap.test
def who_did_what_and_why():
    for one, first in ((half, "signer a"), (whole, "signer b")):
        told = w.get(f"/v1/withdrawals/{one['id']}/history")
        assert told["attempts"] == 2 and told["attempts_dead"] == 1 and told["state"] == "settled", told
        changes = told["changes"]
        assert all(a["new"] == b["old"] for a, b in zip(changes, changes[1:])), changes
        assert [c["sequence"] for c in changes] == sorted({c["sequence"] for c in changes})
        assert changes[0]["who"] == "back end backend-1", changes[0]
        assert CUSTOMER in changes[0]["why"]
        names = [c["what"] for c in changes]
        at = names.index("exclude")
        assert changes[at - 1]["who"] == first and changes[at]["new"] == "approved", changes
        assert changes[at]["who"].startswith("watchers watcher-") and "attempt 1" in changes[at]["why"]
        assert names[at + 1:] == ["cosign", "wrap", "mine", "settle"], names
        assert changes[-1]["who"] == "chain" and changes[-1]["why"].startswith("block ")
        text = w.cli("withdrawal", "history", one["id"], json_answer=False)
        assert "exclude" in text and "signer a" in text and "attempt 1 is dead" in text, text
    assert w.api("GET", f"/v1/withdrawals/{canon.uuid7()}/history")[0] == 404
    assert w.api("GET", "/v1/withdrawals/nonsense/history")[0] == 400
    assert w.api("GET", "/v1/withdrawals//history")[0] == 404


@tap.test
def the_dead_one_is_a_theft_wherever_it_turns_up():
    """A stranger's coins in the closed till, A's old cosignature, B's key, a block of one's own."""
    till, thief, payer = w.keys.till, w.keys.thief, w.keys.outside[3]
    old = whole["unit"]
    now = w.chain_time()
    w.dev("hold", hold=True)
    gift = nem.Transfer(payer.public, till.address(), 50 * XEM, timestamp=now).sign(payer)
    wrapper = nem.Multisig(w.keys.b.public, old.inner, old.cosignatures, fee=150_000, timestamp=now,
                           deadline=now + 3600).sign(w.keys.b)
    told = w.given([gift, wrapper], harvester=thief)
    assert told["code"] == 1, told
    assert len(paid(w.keys.outside[0])) == 2, "the customer has a stranger's coins too"
    for name in ("signer-a", "signer-b", "watcher-1"):
        process.wait_until(lambda n=name: w.status(n)["frozen"] == "yes", 20, f"{name} stops")
    process.wait_until(lambda: int(w.get("/v1/audit")["shortage"]) > 0, 20, "it is booked as shortage")
    # our customers' coins are all there: what is short is what the stranger gave
    told = w.get("/v1/audit")
    assert told["explained"] and told["books_valid"], told
    assert int(told["shortage"]) <= 50 * XEM
    assert "dead-attempt-mined" in w.group.daemons["kuramorid"].errors()
    assert state(whole) == "settled"


@tap.test
def a_second_implementation_agrees():
    """The journals by tests/kit/audit.py, written from the texts and not from the C code."""
    w.stop()
    needed = w.roster.body["watchers_needed"]
    for name in ("signer-a", "signer-b"):
        journal = audit.read_file_journal(w.journal(name)).verify(w.journal_secret(name))
        assert audit.check_second_attempts(journal, w.roster, needed) == 2, name
    for spoil in ("final_height", "largest", "watcher"):
        found = [d for _, d in audit.read_file_journal(w.journal("signer-a")).verify().documents("exclusion")]
        attempts = {d.id: d for _, d in audit.read_file_journal(w.journal("signer-a")).verify().documents("attempt")}
        orders = {d.id: d for _, d in audit.read_file_journal(w.journal("signer-a")).verify().documents("order")}
        one = found[0]
        attempt = attempts[one.body["attempt"]]
        order = orders[attempt.body["order"]]
        assert len(audit.check_dead(order, attempt, found, w.roster)) == needed
        one.body[spoil] = {"final_height": one.body["final_height"] + 1, "largest": str(10 ** 12),
                           "watcher": "nobody"}[spoil]
        try:
            audit.check_dead(order, attempt, [one], w.roster)
        except audit.Objection:
            continue
        raise AssertionError(f"the second implementation believes a spoilt {spoil}")
    kept = audit.read_sqlite_journal(w.journal("kuramorid")).verify()
    for one in audit.withdrawals(kept).values():
        assert len(one.dead) == 1 and one.attempt.body["number"] == 2, one


def start():
    global w
    kit.POLICY.update(faulty.LateWorld.POLICY)
    settings = kit.Settings(boxes=1, purses=1, spare_extra=1, quiet_blocks=5, poll_ms=10, settle_depth=1,
                            deposit_depth=1, till_xem=5_000, more_tills=2, block_ms=1000)
    w = faulty.LateWorld(process.temp_dir("kx-"), BUILD, settings)
    w.ceremony()
    w.seal_people()
    w.write_documents(w.seal_signers())
    w.open_for_business({CUSTOMER: settings.claims_xem * XEM})


def end():
    w.group.kill()


if __name__ == "__main__":
    tap.run(start, end)
