# SPDX-License-Identifier: Apache-2.0
"""The server is the thief's: evil.Server speaks to both signers in kuramorid's place. It holds no key
and knows every document; in some attacks hot key A (and A's attest key) is stolen as well."""

import copy
import os
import time

import attempts
import canon
import evil
import frames
import nem
import passkey
import world as kit
from registry import attack
from rig import (XEM, altered_hex, attestations, must, payment, process, raw_answers, refused,
                 thief_server, xem)

PEOPLE = ("approver-1", "approver-2", "approver-3")


@attack("T03", "one big withdrawal", "signers")
def one_big_withdrawal(rig):
    w = rig.scene("signers")
    balances = w.follow().balances
    everything = sum(balances.get(a, 0) for a in w.hot())
    till = balances[w.keys.till.address()]
    sent = 0
    with thief_server(w) as server:
        for amount in (everything, till - 3 * XEM, int(w.policy.body["payment_max"]) + 1):
            documents = payment(w, server, amount, PEOPLE, exact=True)
            stolen = canon.Document("attestation", {
                "data": "00", "genesis": w.genesis.id, "head": canon.ZERO_ID, "inner_hash": "11" * 32,
                "kind": "cosign", "policy": w.policy.id, "previous": canon.ZERO_ID, "program": canon.ZERO_ID, "roster": w.roster.id, "sequence": 1,
                "signer": "a",
                "subject": documents[2].id, "subject_type": "attempt", "time_ms": 1}).sign(w.attest_key("a"))
            signature = canon.Document("signature", {"attestation": stolen.id, "genesis": w.genesis.id,
                                                     "signature": "22" * 64})
            for which, extra in (("a", []), ("b", [stolen, signature])):
                frames_seen = raw_answers(w, which, documents + extra)
                must(len(frames_seen) == 1 and frames_seen[0][0] == frames.SIGN + 1 and len(frames_seen[0][1]) == 1,
                     f"signer {which.upper()} sends more than one refusal", frames_seen)
                said = canon.open_document(frames_seen[0][1][0], w.genesis.id, "refusal")
                must(said.body["code"] == "over-cap" and not said.signatures, "refused for another reason", said.body)
                must(documents[2].id not in attestations(w, which), f"signer {which.upper()}'s journal has signed it")
                sent += len(frames_seen[0][1][0])
    return (f"all {xem(everything)} XEM of hot in one payment with three approvals, the till alone, and the cap of "
            f"{xem(int(w.policy.body['payment_max']))} plus one micro-XEM: A and B refuse each with over-cap; their "
            f"6 answers are 6 refusals of {sent} bytes together, without a signature in frames or journals")


# What each altered field may be answered with: everything but a signature. The bodies that the back
# end or people signed fall to their signatures, the derived ones to comparison.
def field_values(name, value):
    """Other values of the right form for a field."""
    if isinstance(value, bool):
        return [not value]
    if isinstance(value, int):
        return [value + 1, max(0, value - 1)]
    if name == "destination":
        return [nem.KeyPair.named("another").address()]
    if name in ("amount", "fee_cosign", "fee_inner", "fee_max", "fee_outer"):
        return [str(int(value) + 1), str(int(value) - 1)]
    if name == "asset":
        return ["nem:other"]
    if name == "chain":
        return ["bitcoin"]
    if name == "vault":
        return ["cold"]
    if name == "request_id":
        return [canon.uuid7()]
    if name == "message":
        return [value + "00"]
    if name == "customer":
        return ["c000008"]
    if name == "account":
        return [nem.KeyPair.named("another").public_hex]
    if name in ("kind",):
        return ["wrap"]
    if name == "signer":
        return ["b"]
    if name == "subject_type":
        return ["sweep"]
    return [altered_hex(value)]


def altered_each(document):
    """(field, the document with that field altered and its signatures kept), one by one."""
    for name, value in document.body.items():
        for other in field_values(name, value):
            if other != value:
                yield name, evil.altered(document, name, other)


@attack("T11", "declared fields are not the payload", "signers")
def field_split(rig):
    w = rig.scene("signers")
    tries, codes = 0, set()
    with thief_server(w) as server:
        documents = payment(w, server, message=b"hi")
        # A: request, order, attempt, one field after the other, the rest as it was.
        for position in range(3):
            for name, other in altered_each(documents[position]):
                if (documents[position].type, name) in (("order", "created_ms"), ("order", "expires_ms"),
                                                        ("order", "fee_max"), ("attempt", "timestamp_nem_s"),
                                                        ("attempt", "deadline_nem_s")):
                    changed = documents[:position] + [other] + documents[position + 1:]
                    if position == 2 or changed[2].body["order"] == other.id:
                        continue            # free for the server to choose, and judged on their own
                else:
                    changed = documents[:position] + [other] + documents[position + 1:]
                answer = refused(server, "a", changed, what=f"{other.type}.{name} altered")
                codes.add(answer.code)
                tries += 1
                if position < 2 and name != "genesis":
                    # The followers made to agree with the altered one again: still not what was asked.
                    followed = follow(server, changed, position)
                    if followed is not None:
                        codes.add(refused(server, "a", followed, what=f"{other.type}.{name}, followed").code)
                        tries += 1
        a = server.ask("a", documents)
        must(a.signed, "A signs the honest one", a.words())
        # B: A's statement and signature, one field after the other, before B sees them.
        first = tries
        for name, other in altered_each(a.attestation):
            for signed in (other, canon.Document("attestation", other.body).sign(w.attest_key("a"))):
                if signed.signatures != a.attestation.signatures and name in ("head", "previous", "program", "sequence", "time_ms"):
                    continue                # of A's journal, not of the payment: watchers judge that
                for signature in (a.signature, evil.altered(a.signature, "attestation", signed.id)):
                    codes.add(refused(server, "b", documents + [signed, signature],
                                      what=f"A's attestation.{name} altered").code)
                    tries += 1
        for at in (0, 31, 32, 63):
            bad = evil.altered(a.signature, "signature", altered_hex(a.signature.body["signature"], at))
            codes.add(refused(server, "b", documents + [a.attestation, bad], what="A's signature altered").code)
            tries += 1
        b = server.ask("b", documents + [a.attestation, a.signature])
        must(b.signed and server.unit(documents[1], documents[2], a, b).verify(), "B signs what A really signed",
             b.words())
    return (f"{first} times a field of request, order or attempt altered for A, {tries - first} times A's attestation "
            f"or signature on its way to B, half of them signed again with A's stolen attest key: every one refused "
            f"({', '.join(sorted(codes))}), and the unaltered payment signed by both")


def follow(server, documents, position):
    """order and attempt derived again from an altered request or order; None when they cannot be."""
    request, order, attempt = documents[:3]
    try:
        if position == 0:
            body = dict(order.body, request=request.id)
            for name in ("amount", "asset", "destination", "message", "request_id"):
                body[name] = request.body[name]
            order = canon.Document("order", body)
        attempt = canon.Document("attempt", dict(attempt.body, order=order.id))
    except (KeyError, ValueError):
        return None
    if position == 1 and all(order.body[n] == request.body[n]
                             for n in ("amount", "asset", "destination", "message", "request_id")) \
            and order.body["request"] == request.id:
        return None                         # only what the server may choose differs
    return [request, order, attempt, *documents[3:]]


@attack("T13", "the destination altered after the approvals", "signers")
def destination_swap(rig):
    w = rig.scene("signers")
    robber = w.keys.thief.address()
    amount = 60_000 * XEM
    answers = []
    with thief_server(w) as server:
        request, order, attempt, yes = payment(w, server, amount, PEOPLE[:1])
        turned = server.order(request, destination=robber)
        answers.append(refused(server, "a", [request, turned, server.attempt(turned), yes], "mismatch",
                               what="the order swapped, the approval kept"))
        thief_request = w.request("c000007", robber, amount, key=canon.SigningKey(os.urandom(32)))
        own = server.order(thief_request)
        answers.append(refused(server, "a", [thief_request, own, server.attempt(own), yes], "bad-signature", "mismatch",
                               what="request and order swapped, the approval kept"))
        # Even with the back end's key: the approval names the order that the person saw.
        stolen_request = w.request("c000007", robber, amount)
        own = server.order(stolen_request)
        answers.append(refused(server, "a", [stolen_request, own, server.attempt(own), yes], "mismatch",
                               what="a request signed with the back end's stolen key, the old approval"))
        renamed = evil.altered(yes, "subject", own.id)
        answers.append(refused(server, "a", [stolen_request, own, server.attempt(own), renamed], "bad-signature",
                               what="the approval edited to name the new order"))
        # B is shown the swapped order behind A's honest answer.
        a = server.ask("a", [request, order, attempt, yes])
        must(a.signed, "A signs what was approved", a.words())
        answers.append(refused(server, "b", [request, turned, server.attempt(turned), yes, a.attestation, a.signature],
                               "mismatch", what="the order swapped between A and B"))
        answers.append(refused(server, "b", [stolen_request, own, server.attempt(own), w.approval(own.id, PEOPLE[0]),
                                             a.attestation, a.signature], "mismatch",
                               what="another approved order behind A's answer"))
        logged = [w.journal_of("a").blob(r) for r in w.journal_of("a").records("GUARD_REFUSE")]
        must(any(b"approval.subject" in line for line in logged), "the swap stands in A's journal", logged[-3:])
        b = server.ask("b", [request, order, attempt, yes, a.attestation, a.signature])
        must(b.signed, "B signs what was approved", b.words())
        unit = server.unit(order, attempt, a, b)
        must(unit.inner.recipient == w.keys.outside[2].address(), "the signed bytes pay somebody else")
    return (f"{xem(amount)} XEM approved by one person, then the destination turned to the thief in {len(answers)} "
            f"ways (order, request, edited approval, between A and B, back end's key stolen): refused as "
            f"{', '.join(a.code for a in answers)}; the mismatch is in A's journal and the signed bytes pay whom the "
            "person saw")


# ---------------------------------------------------------------- other bytes than a payment

def forged(world, attempt, data, inner_hash, which="a"):
    """What a thief of key A can say to B: an attestation of any bytes, and A's signature over them."""
    attestation = canon.Document("attestation", {
        "data": data.hex(), "genesis": world.genesis.id, "head": canon.ZERO_ID, "inner_hash": inner_hash.hex(),
        "kind": "cosign", "policy": world.policy.id, "previous": canon.ZERO_ID, "program": canon.ZERO_ID,
        "roster": world.roster.id,
        "sequence": 3, "signer": which, "subject": attempt.id,
        "subject_type": "attempt", "time_ms": int(time.time() * 1000)}).sign(world.attest_key("a"))
    signature = canon.Document("signature", {"attestation": attestation.id, "genesis": world.genesis.id,
                                             "signature": world.keys.a.sign(data).hex()})
    return [attestation, signature]


def cosignature_of(world, inner, **changes):
    return nem.Cosignature(world.keys.a.public, inner.hash(), nem.address_of(inner.signer),
                           timestamp=inner.timestamp, deadline=inner.deadline, **changes).non_verifiable()


@attack("T10", "other bytes than a payment", "signers")
def other_types(rig):
    w = rig.scene("signers")
    tries = 0
    with thief_server(w) as server:
        request, order, attempt = payment(w, server)
        at, k = attempt.body["timestamp_nem_s"], w.keys
        honest = server.inner(order, attempt)
        owners = nem.Modification(k.till.public, [(1, k.thief.public), (2, k.b.public)], 0, timestamp=at,
                                  deadline=at + 3600)
        # Importance transfer 0x0801: mode 1, a remote account; laid out by hand, the kit sends none.
        importance = bytearray(honest.non_verifiable())
        importance[0:4] = (0x0801).to_bytes(4, "little")
        bare = owners.non_verifiable()
        for words, data, inner_hash in (
                ("a change of the till's owners itself", bare, owners.hash()),
                ("a cosignature for a change of owners", cosignature_of(w, owners), owners.hash()),
                ("the same under the payment's own hash", cosignature_of(w, owners), honest.hash()),
                ("an importance transfer", bytes(importance), honest.hash())):
            answer = refused(server, "b", [request, order, attempt, *forged(w, attempt, data, inner_hash)], "mismatch",
                             what=words)
            must(answer.refusal["field"] in ("attestation.inner_hash", "attestation.data"), "another field is named",
                 answer.words())
            tries += 1
        # The documents have no place for a type, and no other vault or chain.
        for document in (dict(order.body, type="modification"), dict(order.body, transaction_type=0x1001)):
            changed = canon.Document("order", document)
            refused(server, "a", [request, changed, server.attempt(order), ], "field-unknown", what="a type in an order")
            tries += 1
    # On chain, A's key alone proposes the change: never complete, and the signers freeze.
    start = time.monotonic()
    wrapper = nem.Multisig(k.a, owners, []).sign(k.a)
    answer = w.public.announce(wrapper)
    must(answer["code"] == 1, "the public pool takes the proposal", answer)
    wait_frozen(w)
    frozen = 1000 * (time.monotonic() - start)
    rig.spoiled()
    w.wait_blocks(2)
    got = w.public.account(k.till.address())
    must(len(got["meta"]["cosignatories"]) == 3 and got["account"]["multisigInfo"]["minCosignatories"] == 2,
         "the till has other owners now", got)
    return (f"with A's keys stolen B is shown {tries - 2} times the bytes of an owner change (0x1001) or importance "
            "transfer (0x0801) in place of the cosignature, and orders that name a type: B rebuilds the cosignature of "
            f"the payment itself and refuses; proposed on chain by key A the owner change freezes both in {frozen:.0f} "
            "ms and the till keeps its three owners")


def wait_frozen(world, timeout=10.0):
    import story_b
    times = story_b.wait_frozen(world, timeout)
    must(len(times) == 2, "both signers are frozen", times)
    return times


@attack("T15", "hidden instructions beside the wanted one", "signers")
def hidden_instructions(rig):
    w = rig.scene("signers")
    with thief_server(w) as server:
        request, order, attempt = payment(w, server)
        honest = server.inner(order, attempt)
        good = cosignature_of(w, honest)
        nested = nem.Multisig(w.keys.a, honest, [], timestamp=honest.timestamp, deadline=honest.deadline)
        tries = 0
        for words, data in (("eight more instructions behind it", good + good * 8), ("one byte behind it", good + b"\0"),
                            ("one byte less", good[:-1]), ("the payment's own bytes", honest.non_verifiable()),
                            ("a wrapper in its place", nested.non_verifiable()),
                            ("another account named", cosignature_of(w, honest)[:-40] + bytes(40))):
            refused(server, "b", [request, order, attempt, *forged(w, attempt, data, honest.hash())], "mismatch",
                    "too-large", "field-range", "bad-input", what=words)
            tries += 1
        for extra in ({"actions": []}, {"inner": "00"}, {"mosaics": []}, {"recipients": [order.body["destination"]]}):
            changed = canon.Document("order", dict(order.body, **extra))
            refused(server, "a", [request, changed, server.attempt(changed)], "field-unknown", what="one field more")
            changed = canon.Document("attempt", dict(attempt.body, **extra))
            refused(server, "a", [request, order, changed], "field-unknown", what="one field more in the attempt")
            tries += 2
        second = w.request("c000007", w.keys.thief.address(), 1 * XEM)
        other = server.order(second)
        refused(server, "a", [request, order, attempt, second, other, server.attempt(other)], what="two payments at once")
        refused(server, "a", [request, order, attempt, other], what="a second order in an approval's place")
        tries += 2
        unit, answer = server.pay(request, (), order, attempt)
        must(unit is not None and len(unit.cosignatures) == 1 and isinstance(unit.inner, nem.Transfer)
             and unit.inner.version == 1, "the wanted payment alone", answer.words())
    return (f"{tries} ways to let more ride along (bytes behind A's cosignature, a wrapper inside, unknown fields, a "
            "second order in the same call): all refused; what came out for the honest call is one transfer of "
            f"version 1 with one cosignature, {len(unit.verifiable())} bytes that decode to the last one")


@attack("T12", "signatures harvested from failed attempts", "signers")
def harvested(rig):
    w = rig.scene("signers")
    with thief_server(w) as server:
        request, order, attempt = payment(w, server)
        at = attempt.body["timestamp_nem_s"]
        a = server.ask("a", [request, order, attempt])
        must(a.signed, "A signs the first attempt", a.words())      # then it "fails": B is never asked
        codes = [refused(server, "a", [request, order, server.attempt(order, at=at + n)], "already-used",
                         what=f"attempt {n + 1}").code for n in (1, 2, 3)]
        codes.append(refused(server, "a", [request, order, server.attempt(order, at=at + 1, number=2)],
                             what="an attempt numbered 2").code)
        later = server.attempt(order, at=at + 1)
        codes.append(refused(server, "b", [request, order, later, a.attestation, a.signature], "mismatch",
                             what="A's first answer behind another attempt").code)
        other_request = w.request("c000007", w.keys.thief.address(), 9_000 * XEM)
        other = server.order(other_request)
        codes.append(refused(server, "b", [other_request, other, server.attempt(other), a.attestation, a.signature],
                             "mismatch", what="A's first answer behind another order").code)
    # On chain: the harvested cosignature under the thief's own transfer.
    k = w.keys
    theft = nem.Transfer(k.till.public, k.thief.address(), 9_000 * XEM, timestamp=at)
    cosignature = nem.Cosignature(k.a.public, theft.hash(), k.till.address(), timestamp=at, deadline=at + 3600,
                                  signature=bytes.fromhex(a.signature.body["signature"]))
    must(not cosignature.verify(), "a cosignature fits another payment")
    said = w.public.announce(cosignature)
    must(said["code"] != 1, "the node takes a harvested cosignature", said)
    third = rig.third()
    must(third.short.code == "waiting" and third.unfrozen, "one watcher's word too few does something",
         third.short.words())
    must(third.answer.code == "frozen" and third.answer.refusal["field"] == "attempt.number",
         "A's answer to the third attempt", third.answer.words())
    stopped = third.frozen()
    return (f"one order let fail after A had signed, then {len(codes)} more tries to get or combine signatures: "
            f"{', '.join(codes)}; an attempt that may live is the only one, and A's cosignature under the thief's transfer is "
            f"answered {said['code']} by the node; two attempts let die in closed tills, as watchers prove, and the third "
            f"asked for: A signs nothing and freezes, and all {stopped} signers and watchers stop")


@attack("T16", "repeat it until somebody signs", "signers")
def repeats(rig):
    w = rig.scene("signers")
    with thief_server(w) as server:
        request, order, attempt, yes = payment(w, server, 60_000 * XEM, PEOPLE[:1])
        a = server.ask("a", [request, order, attempt, yes])
        must(a.signed, "A signs", a.words())
        same = [server.ask("a", [request, order, attempt, yes]) for _ in range(3)]
        must(all(one.signed and one.signature.raw == a.signature.raw and one.attestation.raw == a.attestation.raw
                 for one in same), "the same attempt gives other bytes", [one.words() for one in same])
        must(attestations(w, "a").count(attempt.id) == 1, "the journal has it more than once")
        # The "device error" story: the same payment once more under a new order needs a fresh approval.
        again = server.order(request, expires_ms=order.body["expires_ms"] + 1)
        codes = [refused(server, "a", [request, again, server.attempt(again), yes], "mismatch",
                         what="a new order with the old approval").code]
        codes.append(refused(server, "a", [request, again, server.attempt(again), w.approval(again.id, PEOPLE[0])],
                             "already-used", what="a new order for the same request, freshly approved").code)
        fresh = w.request("c000007", w.keys.outside[2].address(), 60_000 * XEM)
        third = server.order(fresh)
        codes.append(refused(server, "a", [fresh, third, server.attempt(third), yes], "mismatch",
                             what="a new request with the old approval").code)
        two = payment(w, server, 200_000 * XEM, PEOPLE[:1])
        twice = w.approval(two[1].id, PEOPLE[0])
        time.sleep(0.002)
        codes.append(refused(server, "a", two + [w.approval(two[1].id, PEOPLE[0])], "already-used",
                             what="the same approver twice").code)
        codes.append(refused(server, "a", two[:3] + [twice, twice], "already-used", what="one approval twice").code)
    # The device that "fails" until the attempts are dead: the third repeat stops A, and no more of them helps.
    third = rig.third()
    must(len({one.signature.body["signature"] for one in third.harvest}) == 2, "each dead attempt has its own signature")
    stopped = third.frozen()
    third.world.group["signer-a"].kill()
    third.world.start_signer("a")
    with thief_server(third.world) as server:
        for _ in range(3):
            refused(server, "a", third.documents, "frozen", what="the third attempt again, after a new start")
        fresh = third.world.request("c1", third.world.keys.outside[3].address(), 41 * XEM)
        order = server.order(fresh)
        refused(server, "a", [fresh, order, server.attempt(order, account=third.world.keys.more_tills[1].public_hex)],
                "frozen", what="another payment while it is frozen")
    stops = {third.world.status(name)["stops"] for name in attempts.HOLDERS}
    must(stops == {"1"}, "each repeat freezes once more", stops)
    return (f"asked four times for one attempt A answers the same {len(a.signature.raw)} bytes and has journalled it "
            f"once; repeated as new order, new request, with old, renewed or doubled approvals: {', '.join(codes)}; "
            f"repeated after two dead attempts it has frozen {stopped} programs once, and A says so again after a new start")


@attack("T18", "the fee as loot", "signers")
def fee_burn(rig):
    w = rig.scene("signers")
    fee_max = int(w.policy.body["fee_max"])
    tries = 0
    with thief_server(w) as server:
        request, order, attempt = payment(w, server)
        for changes in ({"fee_max": str(fee_max + 1)}, {"fee_max": str(10 ** 15)}, {"fee_max": "1"}):
            big = server.order(request, **changes)
            refused(server, "a", [request, big, server.attempt(big)], "over-cap", "policy", "mismatch",
                    what=f"order.fee_max {changes['fee_max']}")
            tries += 1
        roomy = server.order(request, fee_max=str(fee_max))
        for name in ("fee_inner", "fee_outer", "fee_cosign"):
            for more in (1, -1, 50_000, 1_000 * XEM):
                value = int(attempt.body[name]) + more
                refused(server, "a", [request, roomy, server.attempt(roomy, **{name: str(value)})],
                        what=f"attempt.{name} {value}")
                tries += 1
        a = server.ask("a", [request, order, attempt])
        must(a.signed, "A signs at the minimum fees", a.words())
        # Key A stolen: a cosignature that burns the till as its own fee.
        inner = server.inner(order, attempt)
        for fee in (200_000, 1_000 * XEM):
            refused(server, "b", [request, order, attempt,
                                  *forged(w, attempt, cosignature_of(w, inner, fee=fee), inner.hash())], "mismatch",
                    what="a cosignature with a large fee")
            tries += 1
        b = server.ask("b", [request, order, attempt, a.attestation, a.signature])
        must(b.signed, "B signs at the minimum fees", b.words())
        unit = server.unit(order, attempt, a, b)
    fees = [unit.inner.fee, unit.fee, unit.cosignatures[0].fee]
    must(fees == [unit.inner.minimum_fee(), unit.minimum_fee(), unit.cosignatures[0].minimum_fee()],
         "fees are not the minimum", fees)
    return (f"{tries} fees that are not the chain's minimum, from one micro-XEM to 1,000 XEM too much, in order, "
            f"attempt or a cosignature of stolen key A: refused by A or B; signed are {fees[0]} + {fees[1]} + "
            f"{fees[2]} micro-XEM")


@attack("T33", "sign these bytes", "signers")
def raw_sign(rig):
    w = rig.scene("signers")
    digest = os.urandom(32)
    known = {number for _, number, _, _, _ in frames.read_table(kit_def())}
    closed = 0
    for which in "ab":
        for role in ("server", "stop", "watcher-1"):
            for number in sorted(set(range(0, 130)) - known) + [1000, 4096, 65_534, 65_535]:
                with knock(w, which, role) as link:
                    link.send(number, [digest])
                    must(link.closed_by_peer(2.0), f"message {number} on {role} of {which} is not cut off")
                    closed += 1
    crossed = 0
    for which in "ab":
        for role, numbers in (("server", (frames.NEXT, frames.HEARTBEAT, frames.ACK, frames.SYNC, frames.SWEEP,
                                          frames.UNLOCK)),
                              ("stop", (frames.SIGN, frames.NEXT, frames.HEARTBEAT, frames.ACK, frames.SWEEP,
                                        frames.UNLOCK)),
                              ("watcher-1", (frames.SIGN, frames.UNLOCK))):
            for number in numbers:
                with knock(w, which, role) as link:
                    link.send(number, [digest])
                    must(link.closed_by_peer(2.0), f"message {number} may be sent to {role} of {which}")
                    crossed += 1
    with thief_server(w) as server:
        refusals = [refused(server, which, [digest], what="a bare hash").code for which in "ab"]
        refused(server, "a", [digest, digest, digest], what="three bare hashes")
    must(not w.socket("signer-a", "unlock").exists() or not connects(w.socket("signer-a", "unlock")),
         "the unlock socket is still open")
    w.ready()
    return (f"a 32-byte hash under {closed // 6} message numbers that are in no table, on all six sockets of A and B, "
            f"and {crossed} known messages on the wrong socket: each connection cut without an answer; inside SIGN it "
            f"is {refusals[0]}; both signers go on")


def knock(world, which, role):
    """A connection; a path takes two at a time, and a watcher's own is one of them."""
    deadline = time.monotonic() + 3.0
    while True:
        try:
            return world.signer(which, role)
        except (frames.FrameError, OSError):
            if time.monotonic() >= deadline:
                raise
            time.sleep(0.01)


def kit_def():
    from rig import ROOT
    return ROOT / "src/ipc/signer.def"


def connects(path):
    try:
        frames.Client(path).connect().close()
    except OSError:
        return False
    return True


@attack("T34", "one person alone", "signers")
def alone(rig):
    w = rig.scene("signers")
    k = w.keys
    with thief_server(w) as server:
        two = payment(w, server, 200_000 * XEM)
        order = two[1].id
        yes = [w.approval(order, name) for name in PEOPLE]
        codes = [refused(server, "a", two + [yes[0]], "approvals-missing", what="one of two").code,
                 refused(server, "a", two + [yes[0], yes[0]], "already-used", what="one person twice").code]
        # In other names with his own key; with his signature beside; as an officer; as initiator.
        own = k.people["approver-1"][0]
        codes.append(refused(server, "a", two + [yes[0], w.approval(order, "approver-2", key=own)], "bad-signature",
                             what="the second name with the first key").code)
        both = canon.Document("approval", w.approval(order, "approver-2", key=own).body).sign(own)
        codes.append(refused(server, "a", two + [yes[0], both], "bad-signature", what="his key beside another name").code)
        codes.append(refused(server, "a", two + [yes[0], w.approval(order, "officer-1")], "unknown-signer",
                             what="an officer's yes").code)
        codes.append(refused(server, "a", two + [yes[0], w.approval(order, "auditor-1")], "unknown-signer",
                             what="an auditor's yes").code)
        no = w.approval(order, "approver-3", decision="no")
        codes.append(refused(server, "a", two + [yes[0], yes[1], no], "approval-denied", what="one no beside two yes").code)
        request = w.request("approver-1", k.outside[2].address(), 60_000 * XEM)
        mine = server.order(request)
        codes.append(refused(server, "a", [request, mine, server.attempt(mine), w.approval(mine.id, "approver-1")],
                             "policy", what="the initiator's own yes").code)
        unsigned = canon.Document("request", request.body)
        own_request = copy.copy(unsigned).sign(own)
        mine = server.order(own_request)
        codes.append(refused(server, "a", [own_request, mine, server.attempt(mine), w.approval(mine.id, "approver-2")],
                             "bad-signature", "not-signed", what="a request that a person signed").code)
        # The same with security keys: two answers behind one yes, one key under two names, key and
        # software key of one person, an officer's key, the initiator's own.
        touch, second = w.approved_by_key(order, "approver-1"), w.passkey("approver-1").approve
        again = second(touch[0], kit.PARTY, kit.ORIGIN)
        keys = [refused(server, "a", two + touch + [again], "bad-input", what="two answers behind one yes").code]
        keys += [refused(server, "a", two + touch + w.approved_by_key(order, name, key=w.passkey("approver-1")),
                         "unknown-signer", what=f"his security key as {name}'s").code for name in ("approver-2", "officer-1")]
        keys.append(refused(server, "a", two + touch + [yes[0]], "already-used", what="his key beside his software key").code)
        keys.append(refused(server, "a", two + touch + w.approved_by_key(order, "officer-1"), "unknown-signer",
                            what="an officer's key").code)
        mine = server.order(request)
        keys.append(refused(server, "a", [request, mine, server.attempt(mine), *w.approved_by_key(mine.id, "approver-1")],
                            "policy", what="the initiator's own key").code)
        good = server.ask("a", two + touch + [yes[1]])
        must(good.signed, "two different people are enough", good.words())
    return (f"200,000 XEM wants two people; one of them tries it twice over, under a second name, with an officer, an "
            f"auditor, against a no, as initiator, as back end: {', '.join(codes)}; with security keys in place of software "
            f"keys: {', '.join(keys)}; with a second approver, one by security key and one by software, A signs")


@attack("T20", "a phished approver", "signers")
def phished(rig):
    w = rig.scene("signers")
    name, key = "approver-1", w.passkey("approver-1")
    with thief_server(w) as server:
        wanted = payment(w, server, 60_000 * XEM)
        order = wanted[1].id
        # What a phisher gets out of the key on a page of his own, or asks it for in another way.
        tries = (("another relying party", "mismatch", {"party": "evil.example"}),
                 ("a look-alike's page", "mismatch", {"origin": "https://approve.examp1e"}),
                 ("a page below ours", "mismatch", {"origin": "https://evil.approve.example"}),
                 ("our page without TLS", "mismatch", {"origin": "http://approve.example"}),
                 ("our page inside his", "policy", {"cross_origin": True}),
                 ("a challenge of his own", "mismatch", {"challenge": passkey.base64url(os.urandom(32))}),
                 ("the order's id for a challenge", "mismatch", {"challenge": passkey.base64url(bytes.fromhex(order))}),
                 ("a registration", "mismatch", {"kind": "webauthn.create"}),
                 ("nobody verified", "policy", {"flags": passkey.PRESENT}),
                 ("nobody present", "policy", {"flags": passkey.VERIFIED}),
                 ("hostile client data", "bad-input", {"client": b'{"type":"webauthn.get","type":"webauthn.get"}'}))
        codes = [refused(server, "a", wanted + w.approved_by_key(order, name, **more), code, what=what).code
                 for what, code, more in tries]
        # What he has from another order, and what he makes of it.
        other = payment(w, server, 60_000 * XEM)
        old = w.approved_by_key(other[1].id, name)
        new = w.approved_by_key(order, name)
        moved = evil.altered(old[1], "approval", new[0].id)
        stranger = passkey.Passkey("a thief's")
        stranger.credential = key.credential
        spoilt = evil.altered(new[1], "signature", altered_hex(new[1].body["signature"]))
        taken = [refused(server, "a", wanted + documents, *expected, what=what).code for what, documents, expected in (
            ("the yes to another order", old, ("mismatch",)),
            ("another order's answer", [new[0], old[1]], ("mismatch",)),
            ("another order's answer with a new name", [new[0], moved], ("mismatch",)),
            ("no answer", [new[0]], ("not-signed",)), ("an answer to nothing", [new[1]], ("bad-input",)),
            ("his own key under this credential", w.approved_by_key(order, name, key=stranger), ("bad-signature",)),
            ("one bit of the signature", [new[0], spoilt], ("bad-signature",)))]
        must(wanted[2].id not in attestations(w, "a"), "A has signed none of them")
        good = server.ask("a", wanted + new)
        must(good.signed, "A takes the true answer", good.words())
        # B judges for itself: A's signature does not make up for a phished answer.
        cosigned = [good.attestation, good.signature]
        bad = w.approved_by_key(order, name, origin="https://approve.examp1e")
        at_b = refused(server, "b", wanted + bad + cosigned, "mismatch", what="a look-alike's page, with A's signature").code
        must(server.ask("b", wanted + new + cosigned).signed, "B takes the true answer")
        # A copy of the key from before: its counts were used, or are lower.
        used, counts = key.counter, []
        for what, code, counter in (("the same count for another order", "already-used", used - 1),
                                    ("an older count", "stale", used - 7), ("no count any more", "stale", 0)):
            one = payment(w, server, 60_000 * XEM)
            counts.append(refused(server, "a", one + w.approved_by_key(one[1].id, name, counter=counter), code, what=what).code)
        rig.spoiled()
        w.group["signer-a"].kill()
        w.start_signer("a")
        w.ready()
    with thief_server(w) as server:
        one = payment(w, server, 60_000 * XEM)
        counts.append(refused(server, "a", one + w.approved_by_key(one[1].id, name, counter=used - 7), "stale",
                              what="an older count, after a restart").code)
        must(server.ask("a", one + w.approved_by_key(one[1].id, name)).signed, "and the next count of the true key")
    return (f"11 answers that a phisher can get of a security key (other party, page, challenge, nobody verified): "
            f"{', '.join(codes)}; 7 taken from another order or made up: {', '.join(taken)}; B with A's signature: {at_b}; "
            f"a copy of the key with counts of the past, also after A was killed: {', '.join(counts)}; the true answers are signed")


@attack("T04", "salami", "signers-windows")
def salami(rig):
    w = rig.fresh()
    tier = int(w.policy.body["approval_tiers"][0]["up_to"])
    budget = int(w.policy.body["unapproved_day_max"])
    robber = w.keys.thief.address()
    went = signed = over = 0
    started = time.monotonic()
    with thief_server(w) as server:
        for n in range(1000):
            request = w.request(f"c{n % 200 + 1:06d}", robber, tier - 1 - n)
            unit, answer = server.pay(request)
            if unit is not None:
                signed, went = signed + 1, went + unit.inner.amount + unit.total_fee()
            else:
                must(answer.code == "over-cap", "refused for another reason", answer.words())
                over += 1
            if n % 100 == 99:
                process.wait_until(lambda: w.status("signer-a")["signs"] == "ready", 5.0, "signer A is ready")
    seconds = time.monotonic() - started
    must(went <= budget, f"{xem(went)} of {xem(budget)} XEM went")
    # What is left of the window, to the last coin; then a restart with kill -9 and a later chain clock.
    with thief_server(w) as server:
        left = budget - went
        fees = 2 * XEM
        unit, answer = server.pay(w.request("c000001", robber, left))
        must(unit is None and answer.code == "over-cap", "the amount fits and its fee does not", answer.words())
        unit, answer = server.pay(w.request("c000001", robber, left - fees)) if left > fees else (None, None)
        if unit is not None:
            went += unit.inner.amount + unit.total_fee()
        must(went <= budget, f"{xem(went)} of {xem(budget)} XEM went")
    for which in "ab":
        w.group[f"signer-{which}"].kill()
    for which in "ab":
        w.start_signer(which)
    w.ready()
    w.dev("clock", offset_s=9 * 60)
    time.sleep(0.3)
    w.ready()
    with thief_server(w) as server:
        for which in "ab":
            request, order, attempt = payment(w, server, tier - 2000)
            refused(server, which, [request, order, attempt] + ([] if which == "a" else
                    forged(w, attempt, cosignature_of(w, server.inner(order, attempt)),
                           server.inner(order, attempt).hash())), "over-cap", what="one more after the restart")
    return (f"1,000 withdrawals, each a few micro-XEM under the tier of {xem(tier)} XEM, from 200 customers with the back "
            f"end's key stolen, in {seconds:.1f} s: {signed} signed, {over} refused; {xem(went)} of the day's "
            f"{xem(budget)} XEM went; kill -9 of both signers and a chain clock 9 minutes ahead open nothing")
