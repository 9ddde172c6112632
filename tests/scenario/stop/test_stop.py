#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Goal: what people stop is stopped although the server carries nothing of it: a no, a key that was struck, a cancel,
a tightening and a freeze, each told to one watcher alone, bind both signers within one heartbeat (design.md 3;
attacks T12, T27, T31); what belongs to another genesis stops and starts nothing; a full disk stops no freeze.

Method: the real signers, watchers and node. The server is tests/kit/evil.py: it asks for signatures and passes on
nothing that people say. The journals of one signer and one watcher lie on a disk of their own, which is filled.
"""

import os
import subprocess
import sys
import time
from pathlib import Path

ROOT = Path(__file__).resolve().parents[3]
sys.path.insert(0, str(ROOT / "tests/kit"))

import attempts  # noqa: E402
import canon  # noqa: E402
import evil  # noqa: E402
import frames  # noqa: E402
import process  # noqa: E402
import tap  # noqa: E402
import world as kit  # noqa: E402

BUILD = Path(os.environ.get("KURAMORI_BUILD", ROOT / "build"))
XEM = 1_000_000
HEARTBEAT_S = 2.0
LOOSENING_S = 8.0
LIFE_S = 120            # of an attempt
HOLDERS = attempts.HOLDERS
DISKS = ("signer-a", "watcher-3")
disks = []              # those that are mounted: mounting needs root
w = None
made = 0


def ready():
    process.wait_until(lambda: all(w.status(f"signer-{x}").get("signs") == "ready" for x in "ab"), 30, "signers ready")


def put(name, document):
    """STOP_PUT at one stop socket: "receipt", or the body of the refusal."""
    with w.link(name, "stop") as link:
        answer = canon.open_document(link.call(frames.STOP_PUT, [document.raw])[0])
    return "receipt" if answer.type == "receipt" else answer.body


def people(*names):
    return [w.keys.people[name][0] for name in names]


def payment(server, micro, approvers=()):
    global made
    made += 1
    request = w.request("c1", w.keys.outside[made % 20].address(), micro + made)
    order = server.order(request)
    return [request, order, server.attempt(order), *[w.approval(order.id, name) for name in approvers]]


def cosigned(server, documents):
    """What B needs: A has signed it already, before anybody stops anything."""
    answer = server.ask("a", documents)
    assert answer.signed, answer.words()
    return [*documents, answer.attestation, answer.signature]


def nobody_signs(server, for_b, *codes):
    """Later than one heartbeat: A does not say it again, and B does not begin."""
    time.sleep(HEARTBEAT_S)
    for which, documents in (("a", for_b[:-2]), ("b", for_b)):
        answer = server.ask(which, documents)
        assert not answer.signed and answer.code in codes, (which, answer.words())


def policy_after(signers, **changes):
    body = dict(w.policy.body, number=w.policy.body["number"] + 1, previous=w.policy.id, **changes)
    return canon.Document("policy", body).sign(*people(*signers))


def resume(freezes=(), struck=()):
    body = {"freezes": [{"id": one} for one in sorted(freezes)], "genesis": w.genesis.id, "initiator": "officer-1",
            "nonce": os.urandom(16).hex(), "reason": "test", "scope": "all",
            "struck": [{"key": one} for one in sorted(struck)], "time_ms": kit.now_ms()}
    return canon.Document("resume", body).sign(*people("officer-1", "officer-2"))


def cancel(names, person="approver-3"):
    body = {"document": names, "genesis": w.genesis.id, "person": person, "reason": "test", "time_ms": kit.now_ms()}
    return canon.Document("cancel", body).sign(*people(person))


# ---------------------------------------------------------------- another genesis

@tap.test
def staging_documents_count_for_nothing():
    """The same people, the same keys, another genesis."""
    staging = canon.Document("genesis", dict(w.genesis.body, chain_nemesis="11" * 32))
    named = f"belongs to genesis {staging.id[:16]}..."
    two = people("officer-1", "officer-2")

    def moved(document, *signers):
        return canon.Document(document.type, dict(document.body, genesis=staging.id)).sign(*signers)

    said = [moved(policy_after([], payment_max="1"), *two),
            moved(canon.Document("roster", dict(w.roster.body, number=2, previous=w.roster.id)), *two),
            moved(w.freeze("officer-1", "staging"), two[0]), moved(resume(struck=["55" * 32]), *two),
            moved(cancel("66" * 32), people("approver-3")[0])]
    for document in said:
        for name in HOLDERS:
            answer = put(name, document)
            assert answer != "receipt" and answer["code"] == "other-genesis", (name, document.type, answer)
            assert named in answer["detail"] and w.genesis.id[:16] in answer["detail"], (name, document.type, answer)
    with evil.Server(w) as server:
        whole = payment(server, 20_000 * XEM, ["approver-1"])
        signers = (w.keys.backend, None, None, people("approver-1")[0])
        for place, key in enumerate(signers):
            mixed = list(whole)
            mixed[place] = moved(whole[place], *([key] if key else []))
            for which in "ab":
                answer = server.ask(which, mixed if which == "a" else mixed + [w.policy, w.policy])
                assert answer.code == "other-genesis" and named in answer.refusal["detail"], (which, place, answer.words())
        assert server.ask("a", whole).signed, "the same of this genesis is signed"
    for name in HOLDERS:
        status = w.status(name)
        assert status["frozen"] == "no" and status["rules"] == "roster 1 policy 1", (name, status)


# ---------------------------------------------------------------- five things that a server drops

@tap.test
def a_no_that_the_server_drops():
    ready()
    with evil.Server(w) as server:
        documents = payment(server, 50 * XEM)
        for_b = cosigned(server, documents)
        assert put("watcher-3", cancel(documents[0].id)) == "receipt"
        nobody_signs(server, for_b, "approval-denied")
        # the same request by another order; and by the tool, told to signer B alone, by the order's id
        again = server.order(documents[0], expires_ms=documents[1].body["expires_ms"] - 1)
        assert server.ask("a", [documents[0], again, server.attempt(again)]).code == "approval-denied"
        other = cosigned(server, payment(server, 50 * XEM))
        w.cli("cancel", other[1].id, "--reason", "not mine", person="approver-cli", server=False,
              stops=[w.socket("signer-b", "stop")])
        nobody_signs(server, other, "approval-denied")
        # nobody else's payment waits for it
        ready()
        for_b = cosigned(server, payment(server, 50 * XEM))
        assert server.ask("b", for_b).signed
    for name in HOLDERS:
        assert w.status(name)["frozen"] == "no", f"{name}: a no is no crime of those who signed before it"


@tap.test
def a_struck_key_that_the_server_drops():
    ready()
    with evil.Server(w) as server:
        for_b = cosigned(server, payment(server, 20_000 * XEM, ["approver-1"]))
        assert put("watcher-3", resume(struck=[people("approver-1")[0].public_hex])) == "receipt"
        nobody_signs(server, for_b, "bad-signature")


@tap.test
def a_cancel_that_the_server_drops():
    ready()
    loose = policy_after(["officer-1", "officer-2"], unlisted_max=str(250_000 * XEM))
    assert put("watcher-1", loose) == "receipt"
    for name in HOLDERS:
        process.wait_until(lambda n=name: w.status(n)["waiting"].startswith("policy 2 "), LOOSENING_S / 2, f"{name} waits")
    assert put("watcher-3", cancel(loose.id)) == "receipt"
    time.sleep(LOOSENING_S + HEARTBEAT_S)
    ready()
    with evil.Server(w) as server:
        answer = server.ask("a", payment(server, 120_000 * XEM, ["approver-2", "approver-3"]))
        assert answer.code == "over-cap", answer.words()
    assert all(w.status(name)["rules"] == "roster 1 policy 1" for name in HOLDERS)


@tap.test
def a_tightening_that_the_server_drops():
    ready()
    tight = policy_after(["officer-1", "officer-2"], unlisted_max=str(60 * XEM))
    with evil.Server(w) as server:
        for_b = cosigned(server, payment(server, 90 * XEM))
        assert put("watcher-3", tight) == "receipt"
        nobody_signs(server, for_b, "over-cap")
        ready()
        w.policy = tight
        for_b = cosigned(server, payment(server, 50 * XEM))
        assert server.ask("b", for_b).signed


# ---------------------------------------------------------------- a third attempt

@tap.test
def a_third_attempt_asks_for_a_freeze():
    ready()
    tills = [w.keys.till] + w.keys.more_tills
    with evil.Server(w) as server:
        request, order, first = payment(server, 40 * XEM)
        assert server.ask("a", [request, order, first]).signed
        attempts.emptied(w, tills[0])
        second = server.attempt(order, number=2, account=tills[1].public_hex)
        words = attempts.proofs(w, order, first)
        answer = attempts.when_heard(server, [request, order, second, first, *words])
        assert answer.signed, answer.words()        # and it "fails" too
        attempts.emptied(w, tills[1])
        third = server.attempt(order, number=3, account=tills[2].public_hex)
        words += attempts.proofs(w, order, second)
        documents = [request, order, third, first, second, *words]
        assert attempts.when_heard(server, documents[:-1]).code == "waiting", "one proof too few stops nobody"
        assert w.status("signer-a")["frozen"] == "no"
        answer = attempts.when_heard(server, documents)
        assert answer.code == "frozen" and answer.refusal["field"] == "attempt.number", answer.words()
        for name in HOLDERS:
            process.wait_until(lambda n=name: w.status(n)["frozen"] == "yes", 10, f"{name} stops")
        w.group["signer-a"].kill()
        w.start_signer("a")
        assert w.status("signer-a")["frozen"] == "yes"
        for _ in range(3):
            assert server_again(documents) == "frozen"
        assert {w.status(name)["stops"] for name in HOLDERS} == {"1"}, "asked again it freezes again"
    assert "attempts-dead" in w.group["signer-a"].errors()
    # officers read whose word it is and why, and lift it by its id
    text = w.cli("resume", w.folder / "resume.json", "--reason", "looked", person="officer-cli", json_answer=False,
                 server=False)
    assert "by a" in text and "2 attempts are dead" in text and request.body["request_id"] in text, text


def server_again(documents):
    with evil.Server(w) as server:
        return server.ask("a", documents).code


# ---------------------------------------------------------------- a freeze, and a full disk

def fill(folder):
    """Nothing more fits: to the last byte."""
    with open(folder / "fill", "wb", buffering=0) as file:
        for size in (1 << 20, 4096, 1):
            try:
                while file.write(bytes(size)) > 0:
                    pass
            except OSError:
                continue


def lifted():
    """Everything that binds anywhere is lifted by both officers."""
    binding = set()
    for name in HOLDERS:
        with w.link(name, "stop") as link:
            found = [canon.open_document(item) for item in link.call(frames.STOP_GET, [])]
        binding |= {one.id for one in found if one.type == "freeze"}
    document = resume(freezes=binding)
    for name in HOLDERS:
        assert put(name, document) == "receipt"
    ready()


@tap.test
def a_freeze_that_the_server_drops_and_a_full_disk():
    lifted()
    with evil.Server(w) as server:
        request, order, _ = payment(server, 30 * XEM)
        for_b = cosigned(server, [request, order, server.attempt(order, account=w.keys.more_tills[1].public_hex)])
        for name in disks:
            fill(w.place(name))
            assert os.statvfs(w.place(name)).f_bavail == 0, "the disk is not full"
        # the watcher whose disk is full is the only one that is told
        assert put("watcher-3", w.freeze("officer-1", "disk full")) == "receipt"
        nobody_signs(server, for_b, "frozen")
    for name in HOLDERS:
        process.wait_until(lambda n=name: w.status(n)["frozen"] == "yes", 10, f"{name} stops")
    # and it is durable: killed, they start with it, on the full disk
    for name in DISKS:
        w.group[name].kill()
    w.start_signer("a")
    w.start_watcher(3)
    assert w.status("signer-a")["frozen"] == "yes" and w.status("watcher-3")["frozen"] == "yes"


def start():
    global w
    kit.POLICY.update(attempt_life_s=LIFE_S, clock_skew_ms=3_600_000, heartbeat_age_ms=int(HEARTBEAT_S * 1000),
                      loosening_ms=int(LOOSENING_S * 1000), unlisted_max=str(100_000 * XEM))
    settings = kit.Settings(boxes=1, purses=1, spare_extra=1, quiet_blocks=5, poll_ms=10, till_xem=400_000, more_tills=2,
                            block_ms=1000, journal_bytes=8 * 1024 * 1024)
    w = kit.World(process.temp_dir("ks-"), BUILD, settings)
    w.ceremony()
    w.seal_people((("approver-cli", "approver"), ("officer-cli", "officer"), ("officer-cli-2", "officer")))
    disks.extend(DISKS if os.geteuid() == 0 else ())
    if not disks:
        print("# not root: no disk of their own for journals, and none is filled")
    for name in disks:
        folder = w.place(name)
        subprocess.run(["mount", "-t", "tmpfs", "-o", "size=32m,mode=0755", "tmpfs", folder], check=True)
    w.write_documents(w.seal_signers())
    w.start_all(server=False)
    ready()


def end():
    w.group.kill()
    for name in disks:
        subprocess.run(["umount", "-l", w.place(name)], check=False)


if __name__ == "__main__":
    tap.run(start, end)
