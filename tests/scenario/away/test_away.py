#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Goal: a watcher that was down while looser rules were announced, waited and came into force judges by them when it
is back, although by its own clocks they would wait for long; and calls nobody a thief over it (docs/decisions/0033).

Method: the real signers, watchers and node. Watcher 3 is stopped; a looser policy is told to watcher 1 alone, comes
into force, and a payment that only it allows is signed and mined. Then watcher 3 starts. Its journal is read at the
end: it believed the other watchers' words, not its own clocks.
"""

import os
import sys
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
LOOSENING_S = 15
BY_CLOCKS, A_WORD, BY_WORDS = range(3)      # src/watch/watch_stop.c
w = None
paid = {}


def put(name, document, role="stop"):
    with w.link(name, role) as link:
        return canon.open_document(link.call(frames.STOP_PUT, [document.raw])[0])


def looser():
    body = dict(w.policy.body, number=2, previous=w.policy.id, unlisted_max=str(2_000 * XEM))
    return canon.Document("policy", body).sign(*[w.keys.people[name][0] for name in ("officer-1", "officer-2")])


def rules(name):
    return w.status(name)["rules"]


def ready():
    process.wait_until(lambda: all(w.status(f"signer-{x}").get("signs") == "ready" for x in "ab"), 30, "signers ready")


@tap.test
def paid_by_rules_that_came_while_one_was_away():
    w.group["watcher-3"].stop()
    policy = looser()
    assert put("watcher-1", policy).type == "receipt"
    for name in ("signer-a", "signer-b", "watcher-1", "watcher-2"):
        process.wait_until(lambda n=name: rules(n) == "roster 1 policy 2", 60, f"{name}: the looser policy is in force")
    ready()
    request = w.request("c1", w.keys.outside[0].address(), 1_500 * XEM)
    with evil.Server(w) as server:
        order = server.order(request)
        attempt = server.attempt(order)
        documents = [request, order, attempt, w.approval(order.id, "approver-1")]
        a = server.ask("a", documents, 30.0)
        assert a.signed, a.words()
        b = server.ask("b", documents + [a.attestation, a.signature], 30.0)
        assert b.signed, b.words()
        w.public.push(server.unit(order, attempt, a, b))
        paid.update(policy=policy.id, records=[x.attestation.id for x in (a, b)])
    height = w.public.height()
    process.wait_until(lambda: w.public.height() >= height + 2, 60, "blocks")


@tap.test
def back_it_judges_by_them():
    w.start_watcher(3)
    process.wait_until(lambda: rules("watcher-3") == "roster 1 policy 2", 60, "watcher 3 has the rules")
    process.wait_until(lambda: w.status("watcher-3")["payments"] == "1", 60, "watcher 3 has judged the payment")
    height = w.public.height()
    process.wait_until(lambda: int(w.status("watcher-3")["height_0"]) > height, 60, "watcher 3 has read the chain")
    for name in ("signer-a", "signer-b", "watcher-1", "watcher-2", "watcher-3"):
        assert w.status(name)["frozen"] == "no", name
    told = w.status("watcher-3")
    assert told["thefts"] == "0" and told["alarms"] == "0" and int(told["acks"]) == 2, told
    w.group.stop()
    for number, by in ((1, [BY_CLOCKS]), (3, [A_WORD, BY_WORDS])):
        journal = audit.read_file_journal(w.journal(f"watcher-{number}")).verify()
        how = [r.debit[4] for r in journal.records("WATCH_RULES") if r.id == bytes.fromhex(paid["policy"])[:16]]
        # both others may have said it before the first word was weighed
        assert [one for i, one in enumerate(how) if one != A_WORD or i == 0] == by, (number, how)
        records = [r.id for r in journal.records("WATCH_ATTEST")]
        assert all(bytes.fromhex(one)[:16] in records for one in paid["records"]), number


def start():
    global w
    kit.POLICY.update(loosening_ms=LOOSENING_S * 1000, unlisted_max=str(1_000 * XEM), clock_skew_ms=3_600_000)
    w = kit.World(process.temp_dir("ka-"), BUILD, kit.Settings(boxes=1, purses=1, quiet_blocks=5, block_ms=1000))
    w.ceremony()
    w.write_documents(w.seal_signers())
    w.start_all(server=False)
    ready()


def end():
    w.group.kill()


if __name__ == "__main__":
    tap.run(start, end)
