#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Goal: what is hot above the policy's ceiling goes home, one whole unused purse to its own spare box, chosen by rule;
and nobody gets coins moved elsewhere, twice, or out of a float that is not too large.

Method: the real programs on the real node; coins come in until the ceiling is passed. Two officers at once, a block
that is undone, strangers' dust, the wrong policy, one watcher alone, a hostile host at a signer's socket, a refill that
would go into the used purse.
"""

import json
import os
import socket
import subprocess
import sys
import threading
import time
from pathlib import Path

ROOT = Path(__file__).resolve().parents[3]
sys.path.insert(0, str(ROOT / "tests/kit"))

import canon  # noqa: E402
import frames  # noqa: E402
import nem  # noqa: E402
import process  # noqa: E402
import tap  # noqa: E402
import world as kit  # noqa: E402

BUILD = Path(os.environ.get("KURAMORI_BUILD", ROOT / "build"))
XEM = kit.XEM
CUSTOMER = "c1"
BP = kit.POLICY["hot_ceiling_bp"]
NAMES = ("signer-a", "signer-b", "watcher-1", "watcher-2", "watcher-3")
w = None


def balance(key):
    return w.public.balance(key.address())


def spare_of(purse):
    return w.keys.spares[[key for _, key in w.keys.hot].index(purse)]


def hot():
    return sum(balance(key) for _, key in w.keys.hot)


def argv(person, *words, policy=None, stops=None):
    return [str(a) for a in (w.program("kuramori"), "--config", w.write_cli_config(person, stops, server=stops is None),
                             "--policy-file", policy or w.place("documents") / "policy.json", *words)]


def sweep(*words, person="officer-cli", expect=0, **more):
    """(answer, what was complained of)."""
    done = process.run(argv(person, "--json", *words, **more), expect=expect, timeout=60.0)
    return json.loads(done.stdout) if done.stdout else None, done.stderr


def status(expect):
    """Asked until nothing is between two blocks."""
    for _ in range(20):
        said, err = sweep("sweep", "status", expect=None)
        if "a block came" not in err:
            break
    done = process.run(argv("officer-cli", "sweep", "status"), expect=None, timeout=60.0)
    assert said is not None and (expect == 0) == (said["state"] == "under"), (said, err, done.stdout, done.stderr)
    return said, done.stdout + done.stderr


def pay(payer, address, micro):
    stamp = w.chain_time()
    before = w.public.balance(address)
    w.send(nem.Transfer(payer.public, address, micro, timestamp=stamp, deadline=stamp + 3600).sign(payer))
    process.wait_until(lambda: w.public.balance(address) == before + micro, 30, "it is paid in")


def undo(hook, height, **more):
    """The block at this height and what came after it are gone; their transactions are in the pools."""
    w.dev(hook, blocks=w.public.height() - height + 1, **more)


def relay(path, to, cut):
    """A host between: what is asked with one of `cut` in it is never answered."""
    server = socket.socket(socket.AF_UNIX)
    server.bind(str(path))
    server.listen()

    def carry(near, far, asks):
        while data := near.recv(65_536):
            if asks and any(words in data for words in cut):
                break
            far.sendall(data)
        for end in (near, far):
            try:
                end.shutdown(socket.SHUT_RDWR)
            except OSError:
                pass   # the other thread was first

    def serve():
        while True:
            near, _ = server.accept()
            far = socket.socket(socket.AF_UNIX)
            far.connect(str(to))
            for one, other, asks in ((near, far, True), (far, near, False)):
                threading.Thread(target=carry, args=(one, other, asks), daemon=True).start()

    threading.Thread(target=serve, daemon=True).start()
    return path


def watchers_follow():
    height = w.public.height()
    process.wait_until(lambda: all(int(w.status(f"watcher-{n}")["height_0"]) >= height for n in (1, 2, 3)), 20, "height")


def nobody_is_frozen():
    for name in NAMES:
        said = w.status(name)
        assert said["frozen"] == "no" and said.get("alarms", "0") == "0" and said.get("thefts", "0") == "0", (name, said)


def whole(held):
    """What arrives of a whole move of so much."""
    outer = 2 * 150_000
    for fee in range(50_000, 1_300_000, 50_000):
        if nem.minimum_transfer_fee(held - outer - fee) == fee:
            return held - outer - fee
    raise AssertionError("no fee fits")


@tap.test
def below_the_ceiling_nothing_is_moved():
    said, words = status(0)
    assert int(said["hot"]) == hot() and int(said["all"]) == hot() + sum(balance(b) for b in w.keys.boxes + w.keys.spares)
    assert int(said["ceiling"]) == int(said["all"]) * BP // 10_000 >= hot(), said
    assert "not above the ceiling" in words and said["state"] == "under", words
    # a spare box that was never prepared holds nothing that anybody vouches for; it is nobody's destination
    assert "1 cold accounts are not counted" in words, words
    said, _ = sweep("sweep", "close")
    assert said["state"] == "under" and all(w.status(name)["accounts_closed"] == "0" for name in NAMES), said
    assert w.get("/v1/status")["hot_over_ceiling"] is False


@tap.test
def a_watcher_that_falls_silent_makes_no_purse_go():
    """Hot accounts are answered, boxes are not: they are not there is no answer."""
    folder = process.temp_dir("kd-")
    cold = [key.address().encode() for key in w.keys.boxes]
    stops = [relay(folder / str(n), w.socket(f"watcher-{n}", "stop"), cold) for n in (1, 2)]
    for words in (("sweep", "status"), ("sweep", "close")):
        said, err = sweep(*words, stops=stops, expect=4)
        assert said is None and w.keys.boxes[0].address() in err and "too few watchers" in err, (said, err)
    assert all(w.status(name)["accounts_closed"] == "0" for name in NAMES)
    # the same relays, and nothing is cut: it is judged
    cold.clear()
    for _ in range(20):
        said, err = sweep("sweep", "status", stops=stops, expect=None)
        if "a block came" not in err:
            break
    assert said["state"] == "under", (said, err)


@tap.test
def what_is_asked_wrongly_is_said():
    for words, code, text in ((("sweep",), 2, "sweep status"), (("sweep", "everything"), 2, "sweep status"),
                              (("sweep", "close", w.keys.thief.address()), 2, "sweep status")):
        _, err = sweep(*words, expect=code)
        assert text in err, (words, err)
    # another policy than that which genesis names, or which is in force
    for body, text in (({**w.policy.body, "hot_ceiling_bp": 1}, "another first policy"),
                       ({**w.policy.body, "hot_ceiling_bp": 1, "number": 2, "previous": w.policy.id}, "in force")):
        path = w.place("documents") / "other.json"
        path.write_bytes(canon.Document("policy", body).raw)
        _, err = sweep("sweep", "close", policy=path, expect=1)
        assert text in err, err
    assert all(w.status(name)["accounts_closed"] == "0" for name in NAMES)


@tap.test
def above_it_a_purse_is_named_and_who_may_not_moves_nothing():
    first, second = w.keys.purses[:2]
    # a box that strangers have filled is no empty box: its purse is passed over
    pay(w.keys.bank, spare_of(first).address(), 101 * XEM)
    pay(w.keys.bank, w.keys.deposit.address(), 600_000 * XEM)
    watchers_follow()
    said, words = status(1)
    assert said["state"] == "chosen" and said["purse"] == second.address(), (said, words)
    assert said["box"] == spare_of(second).address() and int(said["after"]) == hot() - balance(second), said
    assert int(said["least"]) <= int(said["after"]) <= int(said["ceiling"]) < int(said["hot"]), said
    assert "above the ceiling" in words and "-".join(second.address()[k:k + 6] for k in range(0, 40, 6)) in words, words
    process.wait_until(lambda: w.get("/v1/status")["hot_over_ceiling"], 20, "the server says so, too")
    # who is no officer; one watcher alone; tried only
    sweep("sweep", "close", person="approver-cli", expect=1)
    _, err = sweep("sweep", "close", stops=[w.socket("watcher-1", "stop")], expect=4)
    assert "1 watchers gave a tally" in err, err
    said, _ = sweep("--dry-run", "yes", "sweep", "close")
    assert said["purse"] == second.address(), said
    watchers_follow()
    assert all(w.status(name)["accounts_closed"] == "0" for name in NAMES) and balance(second) > 0


@tap.test
def a_block_that_is_undone_takes_the_reason_with_it():
    paid = next(block.height for block in w.public.blocks() for tx in block.transactions
                if isinstance(tx, nem.Transfer) and tx.recipient == w.keys.deposit.address() and tx.amount > XEM)
    w.dev("hold", hold=True)
    undo("rollback", paid)
    assert balance(w.keys.deposit) == 0
    watchers_follow()
    said, _ = status(0)
    assert said["state"] == "under", said
    assert sweep("sweep", "close")[0]["state"] == "under"
    assert all(w.status(name)["accounts_closed"] == "0" for name in NAMES)
    w.dev("hold", hold=False)
    process.wait_until(lambda: balance(w.keys.deposit) > 0, 30, "it is paid in again")
    watchers_follow()
    assert status(1)[0]["state"] == "chosen"
    nobody_is_frozen()


@tap.test
def two_officers_at_once_move_one_purse():
    purse = w.keys.purses[1]
    held, before = balance(purse), hot()
    runs = [subprocess.Popen(argv(person, "sweep", "close"), stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
            for person in ("officer-cli", "officer-two")]
    told = [(*run.communicate(timeout=60), run.returncode) for run in runs]
    assert any(code == 0 for _, _, code in told), told
    process.wait_until(lambda: balance(purse) == 0, 40, "the purse is emptied")
    assert balance(spare_of(purse)) == whole(held), (balance(spare_of(purse)), held)
    assert hot() == before - held and all(w.status(name)["accounts_closed"] == "1" for name in NAMES)
    watchers_follow()
    said, _ = status(0)
    assert said["state"] == "under" and int(said["going"]) == 0, said
    # the same once more finds nothing to do
    assert sweep("sweep", "close")[0]["state"] == "under"
    process.wait_until(lambda: w.get("/v1/status")["hot_over_ceiling"] is False, 20, "cured")
    nobody_is_frozen()


@tap.test
def its_own_block_undone_it_is_moved_once():
    purse = w.keys.purses[1]
    arrived = balance(spare_of(purse))
    moved = next(block.height for block in w.public.blocks() for tx in block.transactions
                 if isinstance(tx, nem.Multisig) and tx.inner.signer == purse.public)
    undo("fork", moved, seconds=1)
    process.wait_until(lambda: balance(purse) == 0 and balance(spare_of(purse)) == arrived, 40, "it is moved again")
    watchers_follow()
    moves = [tx for block in w.public.blocks() for tx in block.transactions
             if isinstance(tx, nem.Multisig) and tx.inner.signer == purse.public]
    assert len(moves) == 1, moves
    nobody_is_frozen()
    process.wait_until(lambda: w.get("/v1/audit")["explained"], 20, "every account is explained")
    audit = w.get("/v1/audit")
    assert audit["books_valid"] and int(audit["shortage"]) == 0, audit


@tap.test
def the_used_purse_is_used_no_more():
    purse = w.keys.purses[1]
    # its box is filled, and it has paid: neither is chosen again, whatever comes in
    pay(w.keys.bank, w.keys.deposit.address(), 600_000 * XEM)
    watchers_follow()
    said, _ = status(1)
    assert said["state"] == "chosen" and said["purse"] == w.keys.purses[2].address(), said
    # a refill would go home at once: it is not proposed
    officers = [w.keys.people[name][0] for name in ("officer-1", "officer-2")]
    holding = canon.Document("holding", {
        "genesis": w.genesis.id,
        "holders": [{"attest_key": canon.SigningKey.named(f"attest {i}").public_hex, "id": f"holder-{i}",
                     "key": h.public_hex, "registration": ""} for i, h in enumerate(w.keys.holders)],
        "limit": str(20_000_000 * XEM), "number": 1, "previous": canon.ZERO_ID, "residue_max": str(5 * XEM),
        "tally_age_ms": 86_400_000, "window_ms": 604_800_000}).sign(*officers)
    folder = w.place("cold")
    (folder / "holding").write_bytes(holding.raw)
    box = w.keys.boxes[0].address()
    words = ["--holding-file", folder / "holding", "refill", "propose", folder / "refill", f"box={box}"]
    done = process.run(argv("officer-cli", *words, f"to={purse.address()}"), expect=1, timeout=60.0)
    assert "a purse is used once" in done.stderr and not (folder / "refill").exists(), done.stderr
    process.run(argv("officer-cli", *words), timeout=60.0)
    made = canon.open_document((folder / "refill").read_bytes(), w.genesis.id, "refill")
    assert made.body["destination"] in (w.keys.purses[0].address(), w.keys.purses[2].address()), made.body


@tap.test
def a_hostile_host_has_it_moved_nowhere_else():
    """Who has a watcher's socket and an officer's key: home, whole, at its fees, or nothing is signed."""
    purse = w.keys.purses[2]
    stamp, held = w.chain_time(), balance(purse)
    closing = canon.Document("closing", {
        "account": purse.public_hex, "genesis": w.genesis.id, "issuer": "officer-1", "reason": "mine",
        "time_ms": kit.now_ms()}).sign(w.keys.people["officer-1"][0])
    good = {"account": purse.public_hex, "amount": str(whole(held)), "deadline_nem_s": stamp + 3600,
            "destination": spare_of(purse).address(), "fee_cosign": "150000",
            "fee_inner": str(held - whole(held) - 300_000), "fee_outer": "150000", "genesis": w.genesis.id,
            "timestamp_nem_s": stamp}
    for changed, field in (({"destination": w.keys.thief.address()}, "sweep.destination"),
                           ({"destination": spare_of(w.keys.purses[0]).address()}, "sweep.destination"),
                           ({"account": w.keys.boxes[0].public_hex}, "closing.account"),
                           ({"account": w.keys.purses[0].public_hex}, "closing.account"),
                           ({"fee_outer": "5000000"}, "sweep.fee_outer"), ({"fee_cosign": "0"}, "sweep.fee_cosign"),
                           ({"fee_inner": "5000000"}, "sweep.fee_inner"),
                           ({"deadline_nem_s": stamp + 7200}, "sweep.deadline_nem_s")):
        with w.signer("a", "watcher-1") as link:
            answer = link.call(frames.SWEEP, [canon.Document("sweep", {**good, **changed}).raw, closing.raw])
        said = canon.open_document(answer[0], w.genesis.id, "refusal").body
        assert said["field"] == field, (changed, said)
    # what he gets, once the watchers know of it, is what was to happen anyway
    for n in (1, 2, 3):
        with w.link(f"watcher-{n}") as link:
            canon.open_document(link.call(frames.STOP_PUT, [closing.raw])[0], w.genesis.id, "receipt")
    process.wait_until(lambda: balance(purse) == 0, 40, "home, whole")
    assert balance(spare_of(purse)) == whole(held) and balance(w.keys.thief) == 0
    nobody_is_frozen()


def fundings():
    """The second purse is the smaller of the two that cure it."""
    rows = dict(kit.World.fundings(w))
    rows[w.keys.purses[1].address()] = 690_000 * XEM
    return list(rows.items())


def start():
    global w
    settings = kit.Settings(boxes=10, purses=3, purse_xem=700_000, till_xem=100_000, spare_extra=1, quiet_blocks=5,
                            settle_depth=1, deposit_depth=1, block_ms=500)
    w = kit.World(process.temp_dir("kx-"), BUILD, settings)
    w.fundings = fundings
    prepared = w.keys.multisig()[:-1]
    w.keys.multisig = lambda: prepared
    w.ceremony()
    w.seal_people((("officer-cli", "officer"), ("officer-two", "officer"), ("approver-cli", "approver")))
    w.write_documents(w.seal_signers())
    w.open_books_of({CUSTOMER: 52_000_000 * XEM})
    w.start_all()
    w.chain_is_read()
    process.wait_until(lambda: all(w.status(f"signer-{x}").get("signs") == "ready" for x in "ab"), 20, "signers ready")
    process.wait_until(lambda: all(w.status(f"watcher-{n}").get("node_0") == "up" for n in (1, 2, 3)), 20, "nodes read")


def end():
    if w is not None:
        w.group.kill()


if __name__ == "__main__":
    tap.run(start, end)
