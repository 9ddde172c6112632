#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Goal: whoever dies, wherever he dies between the proof that an attempt is dead and the settled second
attempt, each withdrawal is excluded once, paid once, by its second attempt, and the books are what they are
without a death (P3, P9, T42; docs/decisions/0009).

Method: the real programs on the real node. Withdrawals of one till, half of them signed by A alone, half complete, none in a
block; the till is closed, emptied, 360 blocks deep. While they are called dead, the server and two of the watchers that say so
die side by side (die_at.so): at their first sync, in their next life at the second, and so on. Then one second attempt after
the other is made, and for each sync that one takes, in the server and in each signer, one of them meets a death right behind it (the
step is durable, nothing of it was said) and one right before it (what stands before it was said, this is lost).
"""

import argparse
import sys
import time
from pathlib import Path

ROOT = Path(__file__).resolve().parents[3]
sys.path.insert(0, str(ROOT / "tests/kit"))

import canon  # noqa: E402
import faulty  # noqa: E402
import nem  # noqa: E402
import process  # noqa: E402
import tap  # noqa: E402
import world as kit  # noqa: E402

XEM = faulty.XEM
VICTIMS = ("kuramorid", "signer-a", "signer-b", "watcher-1", "watcher-2")
MODES = (True, False)       # right behind a sync, right before it
COUNT = 40                  # one for each death, and some that none meets
w = dying = None
asked, deaths = [], {}


def ask(micro):
    request = w.request("c1", w.keys.outside[0].address(), micro)
    status, body, _ = w.api("POST", "/v1/withdrawals", request.raw, canon.uuid7())
    assert status == 201, (status, body)
    asked.append({"id": body["id"], "amount": micro, "fee": int(body["fee"])})
    return asked[-1]


def looks(one, part=""):
    """The withdrawal, or its history; None while nobody answers."""
    try:
        status, body, _ = w.api("GET", f"/v1/withdrawals/{one['id']}{part}")
    except Exception:       # the server has just died
        return None
    return body if status == 200 else None


def all_in(ones, state):
    return all((looks(one) or {}).get("state") == state for one in ones)


def excluded():
    """How many attempts were called dead, as kuramorid tells; None while it does not."""
    told = [looks(one, "/history") for one in asked]
    return None if None in told else sum(t["attempts_dead"] for t in told)


def settled():
    told = [looks(one) for one in asked]
    return None if None in told else sum(t["state"] == "settled" for t in told)


def until(reached, seconds=120, **victims):
    """Each of these processes (True: behind a sync, False: before it) dies at its first sync, in its next life at the
    second, ... until so much is reached."""
    names = {name.replace("_", "-"): after for name, after in victims.items()}
    ahead = dict.fromkeys(names, 1)
    end = time.monotonic() + seconds
    for name, after in names.items():
        dying.pages[name].arm(1, after)
    while not reached():
        assert time.monotonic() < end, f"no progress, and at these syncs they died: {ahead}"
        for name, after in names.items():
            if not dying.pages[name].armed:
                process.wait_until(lambda n=name: not w.group[n].alive(), 10, f"{name} has died", 0.01)
                deaths[name, after] = deaths.get((name, after), 0) + 1
                ahead[name] += 1
                dying.start(name)
                dying.pages[name].arm(ahead[name], after)
        time.sleep(0.02)
    for name in names:
        dying.pages[name].arm(0, False)
        if not w.group[name].alive():
            dying.start(name)


@tap.test
def attempts_are_dead_and_nobody_says_so_yet():
    w.dev("hold", hold=True)
    w.dev("settings", result_cache=False)
    for n in range(COUNT // 2):
        ask(5 * XEM + n)
    process.wait_until(lambda: all_in(asked, "announced"), 40, "half are announced")
    w.dev("clock", mode="demand")
    w.group.daemons["signer-b"].kill()
    for n in range(COUNT // 2):
        ask(7 * XEM + n)
    process.wait_until(lambda: all_in(asked[COUNT // 2:], "authorised"), 40, "A has signed the others")
    w.cli("close", w.keys.till.address(), "--reason", "used up", person="officer-cli", expect=4, json_answer=False)
    dying.start("signer-b")
    assert w.given([])["code"] == 1
    w.dev("clock", advance_s=faulty.LateWorld.LIFE_S + 100)
    assert w.given([])["code"] == 1
    for pool in ("public", "clean"):
        w.dev("drop-pool", pool=pool)
    process.wait_until(lambda: (w.mine(1, 1, pool="clean"), w.public.balance(w.keys.till.address()) == 0)[1], 60,
                       "the till is emptied", 0.3)
    w.mine(356, 1)
    # from here on one attempt at a time
    w.group.daemons["kuramorid"].stop()
    w.server_pairs = [("in_flight", 1)]
    dying.start("kuramorid")
    process.wait_until(lambda: excluded() == 0, 20, "the server is back")


@tap.test
def deaths_while_they_are_called_dead():
    """One exclusion, and then the others, with the server and two of the watchers that say so dying."""
    w.mine(8, 1)
    until(lambda: (excluded() or 0) > 0, kuramorid=True, watcher_1=True, watcher_2=False)
    until(lambda: excluded() == COUNT, kuramorid=False, watcher_1=False, watcher_2=True)
    print(f"# deaths until all were excluded: {deaths}")
    for name in ("kuramorid", "watcher-1", "watcher-2"):
        assert deaths.get((name, True), 0) + deaths.get((name, False), 0) > 0, f"{name} never died: {deaths}"


def one_more(name, ahead, after):
    """Until one more is settled, with this death on the way if the process comes to that sync; True if it died."""
    page = dying.pages[name]
    have = settled() or 0
    assert have < COUNT, "there are too few withdrawals for all deaths"
    page.arm(ahead, after)
    # a second one that is settled has passed every sync
    process.wait_until(lambda: not page.armed or (settled() or 0) >= min(have + 2, COUNT), 60, f"{name} at sync {ahead}", 0.02)
    died = not page.armed
    page.arm(0, False)
    if died:
        process.wait_until(lambda: not w.group[name].alive(), 10, f"{name} has died", 0.01)
        dying.start(name)
    process.wait_until(lambda: (settled() or 0) > have, 60, "one more is settled", 0.02)
    return died


@tap.test
def deaths_while_second_attempts_pay():
    w.dev("clock", mode="real", interval_ms=600, offset_s=w.chain_time() - nem.nem_seconds(kit.now_ms()))
    w.dev("hold", hold=False)
    before = {name: page.syncs for name, page in dying.pages.items()}
    process.wait_until(lambda: (settled() or 0) >= 1 and all(dying.pages[n].syncs > before[n] for n in VICTIMS), 60,
                       "everybody works", 0.02)
    before = {name: dying.pages[name].syncs for name in VICTIMS}
    have = settled()
    process.wait_until(lambda: (settled() or 0) >= have + 3, 60, "three more are settled", 0.02)
    takes = {name: -(-(dying.pages[name].syncs - before[name]) // (settled() - have)) for name in VICTIMS}
    print(f"# syncs of one second attempt: {takes}")
    for name in VICTIMS[:3]:    # a dead watcher holds up nothing: the two others acknowledge
        assert takes[name] > 0, f"{name} syncs nothing"
        died = [one_more(name, ahead, after) for ahead in range(1, takes[name] + 1) for after in MODES]
        print(f"# {name}: {sum(died)} deaths at {takes[name]} syncs; {settled()} are settled")
        assert sum(died) >= takes[name], f"{name} did not die where it was told to"
    process.wait_until(lambda: settled() == COUNT, 120, "all are settled")


@tap.test
def each_was_excluded_once_and_paid_once():
    paid = faulty.paid(w)
    for one in asked:
        assert paid.pop((w.keys.outside[0].address(), one["amount"]), 0) == 1, one
        told = looks(one, "/history")
        assert (told["attempts"], told["attempts_dead"], told["state"]) == (2, 1, "settled"), told
        names = [c["what"] for c in told["changes"]]
        assert names.count("exclude") == 1 and names[names.index("exclude") + 1:] == ["cosign", "wrap", "mine", "settle"], names
    assert paid == {}, "payments that nobody asked for"
    process.wait_until(lambda: all(row["explained"] for row in w.get("/v1/audit")["accounts"]), 20, "books = chain")
    audit = w.get("/v1/audit")
    assert audit["books_valid"] and int(audit["shortage"]) == 0 and int(audit["in_flight"]) == 0, audit
    left = w.settings.claims_xem * XEM - sum(one["amount"] + one["fee"] for one in asked)
    assert w.customer_balance("c1") == left, (w.customer_balance("c1"), left)
    for name in ("signer-a", "signer-b", "watcher-1", "watcher-2", "watcher-3"):
        assert w.status(name)["frozen"] == "no", name
    w.stop()
    process.run([w.program("kuramori"), "books", "verify", w.journal("kuramorid")])


def start():
    global w, dying
    parser = argparse.ArgumentParser()
    parser.add_argument("--build", type=Path, required=True)
    parser.add_argument("--die-at", type=Path, required=True)
    options = parser.parse_args()
    kit.POLICY.update(faulty.LateWorld.POLICY)
    folder, w = faulty.small_world(options.build, make=faulty.LateWorld, till_xem=5_000, more_tills=2, block_ms=1000,
                                   people=(("officer-cli", "officer"),))
    w.server_pairs = [("in_flight", COUNT)]
    dying = faulty.Dying(w, options.die_at, folder, VICTIMS)
    dying.start_all()


def end():
    if w is not None:
        w.group.kill()


if __name__ == "__main__":
    tap.run(start, end)
