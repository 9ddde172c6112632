# SPDX-License-Identifier: Apache-2.0
"""Caps in yen: who asks from everywhere at once, and who lies about prices."""

import contextlib
import threading
import time

import canon
import world as kit
from registry import attack
from rig import XEM, must, payment, process, refused, thief_server, xem
from rules import HOLDERS, all_say, next_policy, officers, put

SOURCES = ("price-1", "price-2", "price-3")
HOUR_YEN = 2_000_000                    # at 100 yen: 20,000 XEM, well below every cap in coins
AGE_MS = 20_000
CLIENTS, EACH, AMOUNT = 64, 3, 400 * XEM


@contextlib.contextmanager
def capped(rig, server):
    """A fresh world in which two officers have put caps in yen into force."""
    w = rig.fresh(server=server)
    before = w.policy
    try:
        caps = [{"age_max_ms": AGE_MS, "day_max": str(2 * HOUR_YEN), "hour_max": str(HOUR_YEN), "jump_max_bp": 1000}]
        tight = next_policy(w, officers(w, "officer-1", "officer-2"), yen=caps)
        for name in HOLDERS:
            must(put(w, name, tight) == "receipt", "two officers put caps in yen into force")
        if server:
            status, body, _ = w.api("POST", "/v1/documents", tight.raw)
            must(status == 200, "the server takes the policy", (status, body))
        all_say(w, "caps in yen are in force", rules="roster 1 policy 2")
        w.policy = tight
        w.ready()
        yield w
    finally:
        w.policy = before
        rig.spoiled()


def prices(w, rate="100", sources=SOURCES[:2], **changes):
    return [w.price(name, rate, **changes) for name in sources]


def counted(w, which):
    """(yen, micro-XEM, payments) that a signer's journal has reserved, by its own bytes."""
    yen = micro = count = 0
    for record in w.journal_of(which).records():
        if record.kind == "GUARD_RESERVE":
            price = int.from_bytes(record.credit[8:16], "little")
            must(price > 0, "a payment without a price under caps in yen")
            yen += -(-record.amount * price // 10 ** 15)
            micro += record.amount
            count += 1
    return yen, micro, count


class Sources:
    """All price sources of the roster, speaking to the server until they are told to stop."""

    def __init__(self, w):
        self.w, self.ended, self.thread = w, threading.Event(), threading.Thread(target=self.run)

    def run(self):
        n = 0
        while not self.ended.is_set():
            for name in SOURCES:
                self.w.api("POST", "/v1/prices", self.w.price(name, ("100", "101", "102")[n % 3]).raw)
            n += 1
            self.ended.wait(0.4)

    def __enter__(self):
        self.thread.start()
        return self

    def __exit__(self, *_):
        self.ended.set()
        self.thread.join()


@attack("T05", "a drain over many accounts at once", "prices")
def drain(rig):
    with capped(rig, server=True) as w:
        taken, statuses = [], []
        barrier = threading.Barrier(CLIENTS)

        def client(number):
            barrier.wait()
            for n in range(EACH):
                request, status, _ = w.withdraw(f"c{number + 1:06d}", AMOUNT + number, f"race-{number}-{n}",
                                                to=number % 20)
                statuses.append(status)
                if status == 201:
                    taken.append(request)

        clients = [threading.Thread(target=client, args=(n,)) for n in range(CLIENTS)]
        with Sources(w):
            for one in clients:
                one.start()
            for one in clients:
                one.join()
            fits = HOUR_YEN // (100 * AMOUNT // XEM)
            asked = len(taken) * AMOUNT
            must(asked * 100 > 2 * HOUR_YEN * XEM, "the race asks for more than the cap", xem(asked))
            last = (0, time.monotonic())
            deadline = time.monotonic() + 60
            # until a cap is reached: nothing new is signed for three seconds
            while time.monotonic() < deadline and (last[0] == 0 or time.monotonic() - last[1] < 3.0):
                now = counted(w, "b")[2]
                if now != last[0]:
                    last = (now, time.monotonic())
                time.sleep(0.2)
            capped_by_yen, deadline = False, time.monotonic() + 60
            # a busy machine's sources can fall silent for a moment: then payments say that they wait for prices
            while not capped_by_yen and time.monotonic() < deadline:
                waiting = [r for r in taken if w.state(r) == "approved"]
                # those that were not asked for yet say nothing
                reasons = {w.get(f"/v1/withdrawals/{r.body['request_id']}")["reason"] for r in waiting} - {""}
                capped_by_yen = bool(reasons) and all("over-cap" in words and "yen" in words for words in reasons)
        must(capped_by_yen, "what does not fit waits, and says why", reasons)
        w.group["kuramorid"].kill()
        # Past the server, to both signers, again after kill -9 of both: what is left fits no payment of this size.
        codes = set()
        for again in range(2):
            with thief_server(w) as server:
                for n in range(CLIENTS):
                    documents = payment(w, server, AMOUNT + n) + prices(w, "100")
                    codes.add(refused(server, "a", documents, "over-cap", what="one more payment").code)
            for which in "ab":
                w.group[f"signer-{which}"].kill()
                w.start_signer(which)
            w.ready()
        told = {which: counted(w, which) for which in "ab"}
        for which, (yen, _, count) in told.items():
            must(yen <= HOUR_YEN, f"signer {which.upper()} signed {yen} yen", count)
        must(told["a"][0] > HOUR_YEN - 103 * (AMOUNT // XEM + 2), "the cap in yen is what stopped it", told)
        gone = sum(t.inner.amount + t.total_fee() for _, t in w.units())
        must(gone <= told["a"][1] and gone * 100 <= HOUR_YEN * XEM, "more left than was counted", xem(gone))
        must(all(w.status(name)["frozen"] == "no" for name in HOLDERS), "somebody calls honest signers thieves")
    return (f"one asset exists so far, so over many accounts instead of many chains (several assets in one cap: unit test "
            f"policy rules): {CLIENTS} clients at once asked over the API for {len(taken)} withdrawals, {xem(asked)} XEM "
            f"of {CLIENTS} customers, each below every cap in coins; at 100 to 102 yen A counted {told['a'][0]:,} and B "
            f"{told['b'][0]:,} of {HOUR_YEN:,} yen in {told['a'][2]} payments (at most {fits} fit), {xem(gone)} XEM in blocks; "
            f"{2 * CLIENTS} more past the server, also after kill -9 of both signers: {', '.join(codes)}")


@attack("T06", "a lie about prices", "prices")
def price_lie(rig):
    people = ("approver-1", "approver-2")
    seen = set()
    # Every source is the thief's, from the first payment on: a thousandth. The caps in coins bind.
    with capped(rig, server=False) as w:
        most = int(w.policy.body["payment_max"])
        limit = int(w.policy.body["hour_max"])
        went = 0
        with thief_server(w) as server:
            lie = lambda: prices(w, "0.1")
            seen.add(refused(server, "a", payment(w, server, most + 1, people, exact=True) + lie(), "over-cap",
                             what="more than one payment may carry").code)
            for amount in (240_000 * XEM, 150_000 * XEM):
                documents = payment(w, server, amount, people) + lie()
                a = server.ask("a", documents)
                must(a.signed, "what the caps in coins allow is signed at the false price", a.words())
                went += amount
            answer = refused(server, "a", payment(w, server, 20_000 * XEM, people) + lie(), "over-cap",
                             what="more than any hour may carry")
            must(answer.refusal["field"] == "policy.hour_max", "the cap in coins is what binds", answer.words())
            truth = refused(server, "a", payment(w, server) + prices(w, "100"), "mismatch", what="the truth after the lie")
            must("jump" in truth.refusal["detail"], "a jump stops", truth.words())
        must(counted(w, "a")[0] < HOUR_YEN // 10, "it was counted at the false price")
    # Honest sources, one of three stolen.
    with capped(rig, server=False) as w:
        with thief_server(w) as server:
            a, b = w.both(payment(w, server) + prices(w), server)
            must(a.signed and b.signed, "two honest prices", (a.words(), b and b.words()))
            stolen = w.price("price-3", "0.1")
            old = kit.now_ms() - AGE_MS - 2000
            own = canon.SigningKey.named("a thief's own")
            cases = [
                ("no price", [], "stale"),
                ("the stolen source alone", [stolen], "stale"),
                ("the stolen source twice", [stolen, w.price("price-3", "0.1001")], "already-used"),
                ("one honest, one lie", [w.price("price-1", "100"), stolen], "mismatch"),
                ("two honest, one lie", prices(w) + [stolen], "mismatch"),
                ("a thousandth from all", prices(w, "0.1", SOURCES), "mismatch"),
                ("a jump of a quarter from all", prices(w, "75", SOURCES), "mismatch"),
                ("prices of before", prices(w, "100", time_ms=old), "stale"),
                ("one of them of before", [w.price("price-1", "100"), w.price("price-2", "100", time_ms=old)], "stale"),
                ("prices of tomorrow", prices(w, "100", time_ms=kit.now_ms() + 86_400_000), "clock"),
                ("an honest source's name, the thief's key", [w.price("price-1", "100"), w.price("price-2", "100", key=own)],
                 "bad-signature"),
                ("a source that is none", [w.price("price-1", "100"), w.price("price-9", "100", key=own)], "unknown-signer"),
                ("nobody's signature", [w.price("price-1", "100"),
                                        canon.Document("price", w.price("price-2", "100").body)], "not-signed"),
                ("another rate under an honest signature",
                 [w.price("price-1", "0.1"), altered_rate(w.price("price-2", "100"), "0.1")], "bad-signature"),
            ]
            for words, said, code in cases:
                for which in "ab":
                    request, order, attempt = payment(w, server)
                    documents = [request, order, attempt, *said]
                    if which == "b":
                        honest = server.ask("a", [request, order, attempt, *prices(w)])
                        must(honest.signed, "A signs with honest prices in between", honest.words())
                        documents += [honest.attestation, honest.signature]
                    seen.add(refused(server, which, documents, code, what=words).code)
            a, b = w.both(payment(w, server) + prices(w, "101"), server)
            must(a.signed and b.signed, "honest prices still pay", (a.words(), b and b.words()))
        must(all(w.status(name)["frozen"] == "no" for name in HOLDERS), "somebody froze over an honest payment")
    return (f"all sources stolen from the first payment on and a price of 1/1000: {xem(went)} XEM were signed and no more, the "
            f"hour's cap of {xem(limit)} XEM in coins binds, and the truth is refused as a jump; one of three sources stolen: "
            f"{len(cases)} ways to lie to A and to B (alone, twice, beside honest ones, jumping, old, from tomorrow, forged, "
            f"altered, unsigned, none) all refused ({', '.join(sorted(seen))}), honest prices pay before and after")


def altered_rate(document, rate):
    return canon.Document("price", dict(document.body, rate=rate), document.signatures)
