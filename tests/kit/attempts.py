# SPDX-License-Identifier: Apache-2.0
"""Attempts that die: a till is closed and emptied behind one, two watchers call it dead, and another is asked for
(docs/decisions/0025). The parties are a world with tills to spare and attempts that live for minutes, and evil.Server.
"""

import time

import canon
import frames
import nem
import process
import world as kit

HOLDERS = ("signer-a", "signer-b", "watcher-1", "watcher-2", "watcher-3")


def proofs(w, order, attempt):
    """What two watchers say of an attempt that is dead, once they do."""
    out = []
    for name in ("watcher-1", "watcher-2"):
        def said(watcher=name):
            with w.link(watcher, "server") as link:
                answer = canon.open_document(link.call(frames.EXCLUDE, [order.raw, attempt.raw])[0])
            return answer if answer.type == "exclusion" else None
        out.append(process.wait_until(said, 60, f"{name} calls it dead", 0.5))
    return out


def emptied(w, till):
    """An officer closes it, its attempts' time goes by, and the watchers move what is in it to its spare box.
    Both signers would sign again at the end."""
    body = {"account": till.public_hex, "genesis": w.genesis.id, "issuer": "officer-1", "reason": "used up",
            "time_ms": kit.now_ms()}
    closing = canon.Document("closing", body).sign(w.keys.people["officer-1"][0])
    for name in HOLDERS:
        with w.link(name, "stop") as link:
            answer = canon.open_document(link.call(frames.STOP_PUT, [closing.raw])[0])
        assert answer.type == "receipt", (name, answer.body)
    w.dev("clock", mode="demand")
    w.dev("clock", advance_s=w.policy.body["attempt_life_s"] + 60)
    assert w.given([])["code"] == 1
    process.wait_until(lambda: (w.mine(1, 1, pool="clean"), w.public.balance(till.address()) == 0)[1], 60, "it is empty",
                       0.3)
    w.mine(362, 1)
    w.dev("clock", mode="real", offset_s=w.chain_time() - nem.nem_seconds(kit.now_ms()))
    process.wait_until(lambda: all(w.status(f"signer-{x}").get("signs") == "ready" for x in "ab"), 30, "signers ready")


def when_heard(server, documents):
    """A's answer once the watchers' heartbeats say what time it is on the chain, and that the closed tills are empty."""
    for _ in range(40):
        answer = server.ask("a", documents, timeout=3.0)
        if answer.code not in ("insufficient-funds", "clock"):
            break
        time.sleep(0.25)
    return answer
