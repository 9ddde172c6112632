# SPDX-License-Identifier: Apache-2.0
"""A server that has been taken over: it holds no key, knows every document, and says to both signers
whatever it likes (design.md 4; contract of SIGN in src/ipc/signer.def).

Used honestly it is the smallest correct server: request, order, attempt, A, B, unit.
"""

import os
import time

import canon
import frames
import nem

OUTER_FEE = COSIGN_FEE = 3 * nem.FEE_UNIT


class Answer:
    """What a signer said: attestation and signature, or a refusal."""

    def __init__(self, items, genesis):
        documents = [canon.open_document(item, genesis) for item in items]
        kinds = [d.type for d in documents]
        self.attestation = self.signature = self.refusal = None
        if kinds == ["refusal"]:
            self.refusal = documents[0].body
        elif kinds == ["attestation", "signature"]:
            self.attestation, self.signature = documents
        else:
            raise frames.FrameError(f"a signer answers {kinds}")

    @property
    def signed(self):
        return self.refusal is None

    @property
    def code(self):
        return "signed" if self.signed else self.refusal["code"]

    def words(self):
        if self.signed:
            return "signed"
        field = f" {self.refusal['field']}" if self.refusal["field"] else ""
        return f"{self.refusal['code']}{field}: {self.refusal['detail']}"


class Server:
    """Connections to the server's sockets of both signers."""

    def __init__(self, world):
        self.world = world
        self.links = {}

    def link(self, which):
        if which not in self.links:
            self.links[which] = self.world.signer(which, "server")
        return self.links[which]

    def close(self):
        for link in self.links.values():
            link.close()
        self.links = {}

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.close()

    # -- documents: by rule, and with whatever is to be wrong

    def order(self, request, **changes):
        body = request.body
        now = int(time.time() * 1000)
        fees = nem.minimum_transfer_fee(int(body["amount"]), len(body["message"]) // 2) + OUTER_FEE + COSIGN_FEE
        order = {"amount": body["amount"], "asset": body["asset"], "chain": "nem", "created_ms": now,
                 "destination": body["destination"],
                 "expires_ms": now + self.world.policy.body["order_life_ms"], "fee_max": str(fees),
                 "genesis": self.world.genesis.id, "message": body["message"],
                 "network": nem.NETWORK & 0xFF, "request": request.id, "request_id": body["request_id"],
                 "vault": "hot"}
        order.update(changes)
        return canon.Document("order", order)

    def attempt(self, order, at=None, **changes):
        at = self.world.chain_time() if at is None else at
        inner = nem.minimum_transfer_fee(int(order.body["amount"]), len(order.body["message"]) // 2)
        attempt = {"account": self.world.keys.till.public_hex,
                   "deadline_nem_s": at + self.world.policy.body["attempt_life_s"],
                   "fee_cosign": str(COSIGN_FEE), "fee_inner": str(inner), "fee_outer": str(OUTER_FEE),
                   "genesis": self.world.genesis.id, "number": 1, "order": order.id,
                   "timestamp_nem_s": at}
        attempt.update(changes)
        return canon.Document("attempt", attempt)

    # -- asking

    def ask(self, which, documents, timeout=5.0):
        items = [d if isinstance(d, bytes) else d.raw for d in documents]
        return Answer(self.link(which).call(frames.SIGN, items, timeout), self.world.genesis.id)

    def inner(self, order, attempt):
        return nem.Transfer(bytes.fromhex(attempt.body["account"]), order.body["destination"],
                            int(order.body["amount"]), fee=int(attempt.body["fee_inner"]),
                            timestamp=attempt.body["timestamp_nem_s"],
                            deadline=attempt.body["deadline_nem_s"],
                            message=bytes.fromhex(order.body["message"]))

    def unit(self, order, attempt, a, b):
        """The complete unit out of two answers; it verifies, or ValueError."""
        keys, inner = self.world.keys, self.inner(order, attempt)
        cosignature = nem.Cosignature(keys.a.public, inner.hash(), nem.address_of(inner.signer),
                                      timestamp=inner.timestamp, deadline=inner.deadline,
                                      signature=bytes.fromhex(a.signature.body["signature"]))
        unit = nem.Multisig(keys.b.public, inner, [cosignature],
                            signature=bytes.fromhex(b.signature.body["signature"]))
        if not unit.verify():
            raise ValueError("the signers' signatures do not make a valid unit")
        return unit

    def pay(self, request, approvals=(), order=None, attempt=None):
        """The whole road: (unit or None, the answer that ended it)."""
        order = self.order(request) if order is None else order
        attempt = self.attempt(order) if attempt is None else attempt
        documents = [request, order, attempt, *approvals]
        a = self.ask("a", documents)
        if not a.signed:
            return None, a
        b = self.ask("b", documents + [a.attestation, a.signature])
        if not b.signed:
            return None, b
        return self.unit(order, attempt, a, b), b


def altered(document, field, value):
    """The same signatures over another body: what an evil server can make of a document."""
    return canon.Document(document.type, dict(document.body, **{field: value}), document.signatures)


def forged_approval(world, order_id, person):
    """An approval in a person's name, signed with a key of the thief's own."""
    return world.approval(order_id, person, key=canon.SigningKey(os.urandom(32)))
