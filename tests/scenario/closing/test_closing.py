#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Goal: a till is used up: an officer closes it, business goes on with its successor, what it held
goes whole to its own spare box without a freeze, and nothing that it ever signed is worth anything
any more.

Method: the real programs on the real node, a till and its successor, `kuramori close` by an officer.
Then the thief of nem.md 4.2: hot key B and a block of its own, re-wrapping a cosignature that A gave
long ago; first against the closed till, then against the open one, which is robbed.
"""

import os
import sys
import time
from pathlib import Path

ROOT = Path(__file__).resolve().parents[3]
sys.path.insert(0, str(ROOT / "tests/kit"))

import canon  # noqa: E402
import nem  # noqa: E402
import process  # noqa: E402
import tap  # noqa: E402
import world as kit  # noqa: E402
from node import NodeError  # noqa: E402

BUILD = Path(os.environ.get("KURAMORI_BUILD", ROOT / "build"))
XEM = 1_000_000
CUSTOMER = "c1"
w = None
paid = []


def balance(key):
    return w.public.balance(key.address())


def withdraw(micro):
    """Posts one and waits until it is settled."""
    request = w.request(CUSTOMER, w.keys.outside[0].address(), micro)
    status, body, _ = w.api("POST", "/v1/withdrawals", request.raw, canon.uuid7())
    assert status == 201, (status, body)
    identifier = body["id"]
    process.wait_until(lambda: w.get(f"/v1/withdrawals/{identifier}")["state"] == "settled", 40, "it is settled")
    payment = w.get(f"/v1/withdrawals/{identifier}")["payment"]
    for block in w.public.blocks():
        for tx in block.transactions:
            if isinstance(tx, nem.Multisig) and tx.inner.hash().hex() == payment:
                paid.append(tx)
                return tx
    raise AssertionError("settled, and in no block")


def words(person, *more, expect=0):
    return w.cli(*more, person=person, server=True, expect=expect, json_answer=expect == 0)


def nobody_is_frozen():
    for name in ("signer-a", "signer-b", "watcher-1", "watcher-2", "watcher-3"):
        status = w.status(name)
        assert status["frozen"] == "no", (name, status)
    assert w.status("watcher-1")["alarms"] == "0" and w.status("watcher-2")["thefts"] == "0"


@tap.test
def the_clean_node_takes_our_units_alone():
    payer = w.keys.outside[4]
    gift = nem.Transfer(payer.public, w.keys.thief.address(), XEM, timestamp=w.chain_time()).sign(payer)
    for say in (w.clean.announce, w.clean.push):
        try:
            say(gift)
        except NodeError as refused:
            assert refused.status == 401 and "clients only" in refused.text, refused
        else:
            raise AssertionError("a stranger's transaction was taken")
        assert w.clean.pool() == []


@tap.test
def only_an_officer_closes_and_only_what_is_hot():
    till, box = w.keys.till.address(), w.keys.boxes[0].address()
    for person, address, code in (("approver-cli", till, 1), ("auditor-cli", till, 1), ("officer-cli", box, 1),
                                  ("officer-cli", till[:-1], 3)):
        words(person, "close", address, "--reason", "x", expect=code)
    done = process.run([w.program("kuramori"), "--config", w.write_cli_config("officer-cli"), "close", till], expect=2)
    assert "say why" in done.stderr, done.stderr
    assert w.get("/v1/status")["closed_accounts"] == []
    assert all(w.status(name)["accounts_closed"] == "0" for name in ("signer-a", "signer-b", "watcher-3"))


@tap.test
def a_till_is_used_up_and_its_successor_goes_on():
    till, next_till, spare = w.keys.till, w.keys.more_tills[0], w.keys.spares[0]
    before = balance(next_till)
    first = withdraw(5 * XEM)
    assert first.inner.signer == till.public and balance(next_till) == before
    held = balance(till)
    report = words("officer-cli", "close", nem.pretty(till.address()), "--reason", "a day old")
    assert report["server"] and len(report["holders"]) == 5 and all(h["persisted"] for h in report["holders"]), report
    # the same account once more is a new document; nobody keeps it, and it is closed all the same
    again = words("officer-cli", "close", till.address(), "--reason", "again")
    assert all(not h["persisted"] and "closed already" in h["why"] for h in again["holders"]), again
    process.wait_until(lambda: balance(till) == 0, 40, "the till is emptied")
    # whole: everything but the exact fees of the move
    assert balance(spare) == held - kit_fees(held), (balance(spare), held)
    second = withdraw(6 * XEM)
    assert second.inner.signer == next_till.public
    nobody_is_frozen()
    assert w.get("/v1/status")["closed_accounts"] == [till.address()]
    audit = w.get("/v1/audit")
    assert audit["explained"] and audit["books_valid"] and int(audit["shortage"]) == 0, audit


def kit_fees(held):
    """Exactly what a whole move costs: the inner transfer of what is left, wrapper, cosignature."""
    outer = 2 * 150_000
    for fee in range(50_000, 1_300_000, 50_000):
        if nem.minimum_transfer_fee(held - outer - fee) == fee:
            return outer + fee
    raise AssertionError("no fee fits")


@tap.test
def closed_stays_closed_and_what_arrives_goes_home():
    till, spare = w.keys.till, w.keys.spares[0]
    for name in ("kuramorid", "signer-a", "signer-b", "watcher-1", "watcher-2", "watcher-3"):
        w.group.daemons[name].kill()
    w.start_all()
    w.chain_is_read()
    assert w.get("/v1/status")["closed_accounts"] == [till.address()]
    assert all(w.status(name)["accounts_closed"] == "1" for name in ("signer-a", "signer-b", "watcher-1"))
    w.dev("next-pool", pool="alternate")  # a stranger's coins come by the public pool
    before = balance(spare)
    payer = w.keys.outside[3]
    w.send(nem.Transfer(payer.public, till.address(), 100 * XEM, timestamp=w.chain_time()).sign(payer))
    process.wait_until(lambda: balance(spare) > before and balance(till) == 0, 60, "it went home")
    nobody_is_frozen()
    assert withdraw(7 * XEM).inner.signer == w.keys.more_tills[0].public


def revive(old, till, fee):
    """What key B can do with a block of its own: A's old cosignature in a new wrapper."""
    now = w.chain_time()
    wrapper = nem.Multisig(w.keys.b.public, old.inner, old.cosignatures, fee=fee, timestamp=now,
                           deadline=now + 3600)
    assert old.inner.signer == till.public and old.cosignatures[0].signer == w.keys.a.public
    return w.given([wrapper.sign(w.keys.b)], harvester=w.keys.thief)


@tap.test
def an_old_cosignature_takes_nothing_from_a_closed_till():
    """Nodes forget hashes after 36 hours: then a mined payment can be mined again, in a wrapper whose fee
    nobody limits, by whoever has B's key and a block."""
    till, next_till, thief = w.keys.till, w.keys.more_tills[0], w.keys.thief
    w.dev("hold", hold=True)
    w.dev("settings", retention_s=1)
    time.sleep(1.5)
    had = balance(thief)
    assert balance(till) == 0
    told = revive(paid[0], till, 150_000)
    assert told["message"] == "FAILURE_INSUFFICIENT_BALANCE", told
    assert balance(thief) == had
    nobody_is_frozen()
    # the same against the till that is open: everything that it holds, as a fee
    left = balance(next_till) - paid[1].inner.amount - paid[1].inner.fee - 150_000
    told = revive(paid[1], next_till, left)
    assert told["code"] == 1, told
    assert balance(next_till) == 0 and balance(thief) >= had + left, (balance(thief), had, left)
    process.wait_until(lambda: w.status("signer-a")["frozen"] == "yes", 20, "that is a theft, and stops us")


def start():
    global w
    settings = kit.Settings(boxes=1, purses=1, spare_extra=1, quiet_blocks=5, poll_ms=10, settle_depth=1,
                            deposit_depth=1, till_xem=5_000, more_tills=1, identities=True, block_ms=300)
    w = kit.World(process.temp_dir("kx-"), BUILD, settings)
    w.ceremony()
    w.seal_people()
    w.write_documents(w.seal_signers())
    w.open_books_of({CUSTOMER: settings.claims_xem * XEM})
    # From here on the clean node knows its clients; and only it makes blocks.
    w.group.daemons["node"].stop(5.0)
    w.start_node()
    w.dev("next-pool", pool="clean")
    w.start_all()
    w.chain_is_read()
    process.wait_until(lambda: all(w.status(f"signer-{x}").get("signs") == "ready" for x in "ab"), 20, "signers ready")


def end():
    w.group.kill()


if __name__ == "__main__":
    tap.run(start, end)
