#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Goal: memory cannot be rewound (P7; T23, T24), and nobody has to come when it was: a signer whose journal was put back
or lost is locked until it has its own records back from the watchers; then it pays, its limits remembered, and nothing
twice. A watcher that invents records opens nothing, and locks nothing for ever.

Method: the real signers, watchers and node; journals are exchanged for earlier copies or deleted between kill and start.
Watchers are stopped (SIGSTOP) where a moment is to be seen. The server is tests/kit/evil.py. One watcher is killed and
this test speaks in its place, with its own key.
"""

import os
import shutil
import sys
import time
from pathlib import Path

ROOT = Path(__file__).resolve().parents[3]
sys.path.insert(0, str(ROOT / "tests/kit"))

import audit  # noqa: E402
import canon  # noqa: E402
import evil  # noqa: E402
import frames  # noqa: E402
import process  # noqa: E402
import tap  # noqa: E402
import world as kit  # noqa: E402

BUILD = Path(os.environ.get("KURAMORI_BUILD", ROOT / "build"))
XEM = 1_000_000
HEARTBEAT_S = 1.5
NEM_EPOCH_S = 1_427_587_585
WATCHERS = (1, 2, 3)
w = None
made = 0


def status(which):
    return w.status(f"signer-{which}")


def journal_of(which):
    return audit.read_file_journal(w.journal(f"signer-{which}")).verify()


def ready(*which):
    for x in which or "ab":
        process.wait_until(lambda x=x: status(x)["signs"] == "ready", 30, f"signer {x} ready")


def payment(server, micro):
    global made
    made += 1
    request = w.request("c1", w.keys.outside[made % 20].address(), micro + made)
    order = server.order(request)
    return [request, order, server.attempt(order)]


def pay(server, micro):
    """Signed by both: the documents for A, and those for B with A's part."""
    documents = payment(server, micro)
    a = server.ask("a", documents)
    assert a.signed, a.words()
    for_b = [*documents, a.attestation, a.signature]
    b = server.ask("b", for_b)
    assert b.signed, b.words()
    return {"a": (documents, a), "b": (for_b, b)}


def refused(server, which, documents, *codes):
    answer = server.ask(which, documents)
    assert not answer.signed and answer.code in codes, (which, answer.words())


def memory_of(which):
    """The journal as it is now, on a disk that was taken away."""
    name = f"signer-{which}"
    w.group[name].stop()
    copy = w.folder / f"old-{which}"
    shutil.copy(w.journal(name), copy)
    w.start_signer(which)
    ready(which)
    return copy


def put_back(which, copy):
    name = f"signer-{which}"
    w.group[name].kill()
    if copy is None:
        w.journal(name).unlink()
    else:
        shutil.copy(copy, w.journal(name))
    w.start_signer(which)


def watchers(numbers, what):
    for n in numbers:
        getattr(w.group[f"watcher-{n}"], what)()


def caught_up(which, recalled):
    ready(which)
    said = status(which)
    assert said["locked"] == "no" and said["frozen"] == "no", said
    assert said["recalled"].startswith(f"{recalled}, "), said
    # it stands in its journal as what it is
    journal = journal_of(which)
    numbers = [r.amount for r in journal.records("GUARD_RECALL")]
    assert numbers == sorted(set(numbers)) and len(numbers) == recalled, numbers


def same_again(server, which, signed):
    """What was signed before the memory was lost: the same bytes, never others."""
    documents, before = signed[which]
    answer = server.ask(which, documents, timeout=10.0)
    assert answer.signed, answer.words()
    assert answer.signature.raw == before.signature.raw and answer.attestation.raw == before.attestation.raw


@tap.test
def rewound_by_some_payments():
    """A, then B: four payments that it signed are gone from its journal."""
    for which in "ab":
        with evil.Server(w) as server:
            first = pay(server, 25 * XEM)
        copy = memory_of(which)
        with evil.Server(w) as server:
            signed = [pay(server, 2_400 * XEM) for _ in range(4)]
        watchers(WATCHERS, "pause")
        put_back(which, copy)
        with evil.Server(w) as server:
            # nobody has told it yet; it believes nobody, and signs nothing
            refused(server, which, signed[3][which][0], "stale")
            # one watcher tells it, and hands it what it lacks; that this is all two have to say
            watchers((1,), "go_on")
            process.wait_until(lambda: status(which)["recalled"].startswith("4, "), 20, "four records are back")
            said = status(which)
            assert said["locked"] == "yes" and said["signs"].startswith("locked: "), said
            refused(server, which, signed[3][which][0], "locked")
            watchers((2, 3), "go_on")
            caught_up(which, 4)
            for one in [first, *signed]:
                same_again(server, which, one)
            other = server.attempt(signed[0]["a"][0][1], at=signed[0]["a"][0][2].body["timestamp_nem_s"] + 1)
            refused(server, "a", signed[0]["a"][0][:2] + [other], "already-used")
            pay(server, 25 * XEM)
        log = w.group[f"signer-{which}"].errors()
        assert "broken kuramori-signer locked" in log and "unlocked" in log, log[-2000:]


@tap.test
def both_at_once_and_from_nothing():
    """Both disks are lost wholly; the limits of the day are those of before."""
    with evil.Server(w) as server:
        spent = sum(int(r.amount) for r in journal_of("a").records("GUARD_RESERVE"))
        while spent < 45_000 * XEM:         # of 50,000 a day without approvals
            last = pay(server, 4_000 * XEM)
            spent += 4_000 * XEM
    for which in "ab":
        w.group[f"signer-{which}"].kill()
    counts = {x: len(list(journal_of(x).records("GUARD_ATTEST", "GUARD_RECALL"))) for x in "ab"}
    for which in "ab":
        w.journal(f"signer-{which}").unlink()
    for which in "ab":
        w.start_signer(which)
    for which in "ab":
        caught_up(which, counts[which])
    with evil.Server(w) as server:
        for which in "ab":
            same_again(server, which, last)
        refused(server, "a", payment(server, 9_000 * XEM), "over-cap")
        pay(server, 25 * XEM)
    for n in WATCHERS:
        assert w.status(f"watcher-{n}")["frozen"] == "no"


def false_head(which, n, sequence):
    """Watcher n shows a record that never was: the answer's items."""
    name = f"watcher-{n}"
    with w.link(f"signer-{which}", name) as link:
        told = canon.open_document(link.call(frames.SYNC)[0], w.genesis.id, "nonce").body
        heartbeat = canon.Document("heartbeat", {
            "balances": [], "block": "22" * 32, "chain_time_nem_s": int(time.time()) - NEM_EPOCH_S,
            "genesis": w.genesis.id, "height": 7, "nonce": told["nonce"], "policy": w.policy.id,
            "records_head": "77" * 32, "records_sequence": sequence, "roster": w.roster.id, "signer": which,
            "stop_count": told["stop_count"], "stop_head": told["stop_head"], "watcher": name})
        return link.call(frames.HEARTBEAT, [heartbeat.sign(w.keys.watchers[name]).raw])


@tap.test
def a_watcher_that_invents_records():
    w.group["watcher-3"].kill()
    with evil.Server(w) as server:
        documents = payment(server, 25 * XEM)
        process.wait_until(lambda: false_head("a", 3, 10 ** 9) != [] and status("a")["locked"] == "yes", 10, "A is locked")
        refused(server, "a", documents, "locked")
        # the attestation of another key, and one of our own that it has: neither is what was claimed
        forged = canon.Document("attestation", dict(list(journal_of("a").documents("attestation"))[-1][1].body,
                                                    sequence=10 ** 9)).sign(w.keys.watchers["watcher-3"])
        with w.link("signer-a", "watcher-3") as link:
            said = canon.open_document(link.call(frames.RECALL, [forged.raw])[0], w.genesis.id, "refusal")
            assert said.body["code"] == "bad-signature", said.body
        started = time.monotonic()
        while status("a")["locked"] == "yes":
            false_head("a", 3, 10 ** 9 + int(time.monotonic()))
            assert time.monotonic() - started < 60, "one watcher's word locks it for ever"
            time.sleep(0.2)
        ready("a")
        answer = server.ask("a", documents)
        assert answer.signed, answer.words()
    assert not list(journal_of("a").records("GUARD_STOP"))
    w.start_watcher(3)
    ready()


def start():
    global w
    kit.POLICY.update(clock_skew_ms=3_600_000, heartbeat_age_ms=int(HEARTBEAT_S * 1000))
    settings = kit.Settings(boxes=1, purses=1, spare_extra=1, quiet_blocks=5, poll_ms=10, till_xem=400_000,
                            block_ms=1000, journal_bytes=16 * 1024 * 1024)
    w = kit.World(process.temp_dir("kr-"), BUILD, settings)
    w.ceremony()
    w.write_documents(w.seal_signers())
    w.start_all(server=False)
    ready()


if __name__ == "__main__":
    tap.run(start, lambda: w.group.kill())
