#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""The thief: a process of its own that has stolen key files and a node's address, nothing else.

    thief.py PLAN.json

PLAN: {"port": node's port, "keys": [key files], "to": address, "transfers": [{"micro": n,
"account": public key of a multisig account or null, "at": chain second or null}]}. One key and no
account: plain transfers, as in 2018. Two keys and an account: complete units that the first key
cosigns and the second wraps, pushed in one piece. `at`: waits for that second of the chain's clock
and stamps the transfer with it; null: now, stamped so that the very next block can take it.

It prints the line "ready", waits for a line on standard input, and then prints one JSON line for
each transfer: what the node answered and when.
"""

import json
import sys
import time

import nem
from node import Node, NodeError


def read_keys(paths):
    """Stolen key files: 64 hex digits each."""
    keys = []
    for path in paths:
        with open(path, encoding="ascii") as file:
            keys.append(nem.KeyPair(file.read()))
    return keys


def build(keys, transfer, to, at):
    """The signed transaction: plain with one key, a complete unit with two."""
    if transfer["account"] is None:
        return nem.Transfer(keys[0].public, to, transfer["micro"], timestamp=at).sign(keys[0])
    return nem.payment(bytes.fromhex(transfer["account"]), keys[0], keys[1], to, transfer["micro"], at)


def wait_for(node, second):
    """Until the chain's clock has reached the second; the clock in milliseconds."""
    while True:
        now = node.network_time_ms()
        if now >= second * 1000:
            return now
        time.sleep(0.0005)


def taken(node, one):
    """The unit waits in the pool, or stands in a block already: one may have come since it was pushed."""
    address = nem.address_of(one.inner.signer, one.network)
    if any(inner == one.inner_hash() for _, inner in node.unconfirmed(address)):
        return True
    top = node.height()
    return any(isinstance(made, nem.Multisig) and made.inner_hash() == one.inner_hash()
               for height in range(max(1, top - 2), top + 1) for made in node.block(height).transactions)


def say(obj):
    print(json.dumps(obj), flush=True)


def main():
    with open(sys.argv[1], encoding="utf-8") as file:
        plan = json.load(file)
    keys = read_keys(plan["keys"])
    node = Node(plan["port"])
    transfers = plan["transfers"]
    ready = {}
    for n, transfer in enumerate(transfers):
        if transfer["at"] is not None:
            ready[n] = build(keys, transfer, plan["to"], transfer["at"])
    say("ready")
    sys.stdin.readline()
    pushed = []
    for n, transfer in enumerate(transfers):
        if n in ready:
            chain_ms = wait_for(node, transfer["at"])
            one = ready[n]
        else:
            # A second back: a block takes only what is older than itself, so the next one may.
            chain_ms = node.network_time_ms()
            one = build(keys, transfer, plan["to"], chain_ms // 1000 - 1)
        if transfer["account"] is None:
            sent = time.time()
            answer = node.announce(one)
            say({"n": n, "sent_s": sent, "answered_s": time.time(), "chain_ms": chain_ms,
                 "code": answer["code"], "message": answer["message"], "hash": one.hash().hex()})
        else:
            pushed.append((n, one, node.push_body(one), chain_ms))
    # Complete units go out together, prepared to the last byte: all in one moment.
    times = []
    for _, _, body, _ in pushed:
        sent = time.time()
        node.post("/push/transaction", body)
        times.append((sent, time.time()))
    for (n, one, _, chain_ms), (sent, answered) in zip(pushed, times):
        try:
            there = taken(node, one)
        except NodeError:
            there = None
        say({"n": n, "sent_s": sent, "answered_s": answered, "chain_ms": chain_ms,
             "taken": there, "inner": one.inner_hash().hex(), "unit": one.verifiable().hex()})


if __name__ == "__main__":
    main()
