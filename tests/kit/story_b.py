# SPDX-License-Identifier: Apache-2.0
"""Chapter B, "Kuramori": the same claims behind the real programs.

B.1 is one evening of business, saved once with every process stopped; B.2 to B.5 and B.7 (story_cold.py) each start from
that copy; B.6 proves the books. Coins are counted from the node's blocks, never from what a program
says about itself.
"""

import copy
import os
import threading
import time

import audit
import canon
import claims
import evil
import frames
import nem
import process
import story_a
import story_cold
import world as kit
from node import NodeError
from proxy import Proxy
from story import XEM, Broken, percent, xem

RECEIVER = 0                           # index of the outside account that customers withdraw to


class Evening:
    """The world of chapter B and what is known about it."""

    def __init__(self, teller, folder, build, seed):
        self.teller, self.build, self.folder = teller, build, folder
        self.world = kit.World(folder / "w", build, kit.Settings(seed=seed))
        self.copy = folder / "evening"
        self.saved = False
        self.follower = None
        self.problem = None

    # -- the ceremony, beside chapter A

    def prepare(self):
        (self.folder / "w").mkdir(parents=True)
        self.world.ceremony_node()
        self.thread = threading.Thread(target=self._prepare, daemon=True)
        self.thread.start()

    def _prepare(self):
        try:
            w = self.world
            w.seal_people()
            w.write_documents(w.seal_signers())
            w.found()
            story_cold.Machines(w).make_keys()
            w.ceremony_chain()
            self.amounts = claims.distribute(w.settings.seed)
            w.write_claims(self.amounts)
            w.open_books()
            self.follow()
        except Exception as problem:  # told by the chapter that needs it
            self.problem = problem

    def ready(self):
        self.thread.join()
        if self.problem is not None:
            raise self.problem

    # -- coins

    def own(self):
        """{address: kind} of every account that genesis names."""
        k = self.world.keys
        kinds = {"till": audit.TILL, "purse": audit.PURSE, "deposit": audit.DEPOSIT}
        out = {key.address(): kinds[kind] for kind, key in k.hot}
        out.update({key.address(): audit.BOX for key in k.boxes})
        out.update({key.address(): audit.SPARE for key in k.spares})
        return out

    def hot(self):
        return [key.address() for _, key in self.world.keys.hot]

    def follow(self):
        """The follower, caught up."""
        if self.follower is None:
            self.follower = story_a.Follower(self.world.public)
        self.follower.catch_up()
        return self.follower

    def holdings(self, addresses=None):
        balances = self.follow().balances
        return sum(balances.get(a, 0) for a in (addresses or self.own()))

    # -- starting and stopping

    def start(self, server=False):
        """All programs at once; returns when they are ready and both signers would sign."""
        w = self.world
        if not w.group.daemons.get("node") or not w.group["node"].alive():
            w.start_node()
        w.start_all(server=server)
        for which in "ab":
            process.wait_until(lambda: w.status(f"signer-{which}").get("signs") == "ready", 60.0,
                               f"signer {which} is ready")
        if server:
            self.wait_server()

    def wait_server(self):
        """Until kuramorid has read the chain and reaches everybody."""
        def well():
            words = self.world.get("/v1/status")
            return words["chain_read"] and all(one["up"] for one in words["links"])
        process.wait_until(well, 60.0, "kuramorid has read the chain and reaches everybody", 0.02)

    def save(self):
        self.follow()
        self.world.stop()
        self.world.save(self.copy)
        self.saved_follower = self.follower
        self.saved = True

    def restart(self, server=False):
        """The saved evening again."""
        if not self.saved:
            raise Broken("there is no saved evening")
        self.world.group.kill()
        self.world.restore(self.copy)
        self.world.start_node()
        self.follower = copy.copy(self.saved_follower)
        self.follower.balances = dict(self.saved_follower.balances)
        self.follower.transfers = list(self.saved_follower.transfers)
        self.follower.node = self.world.public
        self.start(server)

    def wait_blocks(self, count):
        """Until so many more blocks were made."""
        height = self.world.public.height()
        process.wait_until(lambda: self.world.public.height() >= height + count, 60.0 + 3 * count,
                           f"{count} blocks")

    def wait_mined(self, inner_hash, timeout=60.0):
        """The height of the block with this payment."""
        def found():
            for height, _, one in self.follow().transfers:
                if isinstance(one, nem.Multisig) and one.inner_hash() == inner_hash:
                    return height
            return None
        return process.wait_until(found, timeout, "the payment is in a block")


# ---------------------------------------------------------------- watching a freeze

def wait_frozen(world, timeout=30.0):
    """Polls both signers until each says that a freeze is durable; wall times by signer. The poll
    goes round in about a millisecond, so a time is late by that at most."""
    links = {which: world.link(f"signer-{which}", "stop") for which in "ab"}
    times, deadline = {}, time.monotonic() + timeout
    try:
        while len(times) < 2 and time.monotonic() < deadline:
            for which, link in links.items():
                if which not in times and kit.status_of(link)["frozen"] == "yes":
                    times[which] = time.time()
            time.sleep(0.001)
    finally:
        for link in links.values():
            link.close()
    return times


def freezes(world, which):
    """The freeze documents that a signer holds."""
    with world.link(f"signer-{which}", "stop") as link:
        return [canon.open_document(item, world.genesis.id) for item in link.call(frames.STOP_GET)]


def answer_text(answer):
    """A node's answer: code and name."""
    return f"{answer['code']} {answer['message'].removeprefix('FAILURE_')}"


# ---------------------------------------------------------------- B and B.1

def introduce(teller, evening):
    evening.ready()
    w, s = evening.world, evening.world.settings
    balances = evening.follow().balances
    hot = sum(balances.get(a, 0) for a in evening.hot())
    total = evening.holdings()
    multisig = w.keys.multisig()
    teller.say(f"The same {xem(sum(evening.amounts))} XEM of claims. The coins lie in {s.boxes} boxes (3-of-5, "
               f"offline keys), {s.purses} purses and one till (2-of-3 of signer A, signer B and an offline "
               f"recovery key), with {len(w.keys.spares)} empty spare boxes. Hot: {xem(hot)} XEM, "
               f"{percent(hot, total, 2)} (ceiling {int(kit.POLICY['hot_ceiling_bp']) / 100:g} %).")
    teller.check("the coins on chain cover the claims", total >= sum(evening.amounts), xem(total))
    teller.check("the hot share is under the ceiling of the policy",
                 hot * 10_000 <= total * kit.POLICY["hot_ceiling_bp"])
    wrong = [key.address() for key, cosigners, needed in multisig if not is_multisig(w, key, cosigners, needed)]
    teller.check(f"all {len(multisig)} accounts are multisig with exactly their cosigners", not wrong, wrong)
    teller.say(f"Processes: the node (public and clean port), signers A and B, {s.watchers} watchers (two needed), "
               "kuramorid; the back end that signs customers' requests is this script.")
    teller.figure("hot", hot)
    teller.figure("holdings", total)


def is_multisig(world, key, cosigners, needed):
    got = world.public.account(key.address())
    return got["account"]["multisigInfo"].get("minCosignatories") == needed and \
        {c["address"] for c in got["meta"]["cosignatories"]} == {c.address() for c in cosigners}


class Business:
    """Withdrawals over HTTP as the exchange's back end makes them."""

    def __init__(self, teller, evening, name="evening"):
        self.teller, self.evening, self.world, self.name = teller, evening, evening.world, name
        self.made = []

    def withdraw(self, customer, amount, message=b"", to=RECEIVER):
        """POST; the withdrawal as the API shows it."""
        request = self.world.request(customer, self.world.keys.outside[to].address(), amount, message)
        key = f"{self.name}-{len(self.made)}"
        status, body, _ = self.world.api("POST", "/v1/withdrawals", request.raw, key)
        if status not in (200, 201):
            raise process.Failed(f"POST /v1/withdrawals: {status} {body}")
        self.made.append({"request": request, "key": key, "id": request.body["request_id"], "first": body})
        return self.made[-1]

    def state(self, one):
        status, body, _ = self.world.api("GET", f"/v1/withdrawals/{one['id']}")
        if status != 200:
            raise process.Failed(f"GET /v1/withdrawals/{one['id']}: {status} {body}")
        one["last"] = body
        return body["state"]

    def wait(self, ones, states, timeout=60.0):
        left = list(ones)

        def done():
            left[:] = [one for one in left if self.state(one) not in states]
            return not left
        process.wait_until(done, timeout, f"withdrawals in {'/'.join(states)}", 0.05)


def ordinary_business(teller, evening):
    w = evening.world
    evening.start(server=True)
    owed = int(w.get("/v1/audit")["customers"])
    teller.check("the books were opened with exactly the claims", owed == sum(evening.amounts), xem(owed))
    teller.event(f"All {len(w.group.daemons)} processes run. The books were opened with {len(evening.amounts):,} "
                 f"customers, {xem(owed)} XEM, against the coins on chain.")
    evening.checkpoint = take_checkpoint(w)
    shop = Business(teller, evening)
    rich = sorted(range(len(evening.amounts)), key=lambda i: -evening.amounts[i])
    name = claims.customer_name
    # Deposits: one that names a customer by message, one that names nobody.
    token = w.deposit_token(name(rich[0]))
    before = w.customer_balance(name(rich[0]))
    at = w.chain_time()
    payer = w.keys.outside[1]
    deposit = 1_250 * XEM
    for amount, message in ((deposit, token.encode()), (7 * XEM, b"hello")):
        w.send(nem.Transfer(payer.public, w.keys.deposit.address(), amount, timestamp=at,
                            message=message).sign(payer))
    # Withdrawals: small ones without people, larger ones with one and two approvals.
    small = [shop.withdraw(name(rich[10 + n]), (100 + n) * XEM + n, f"order {n}".encode()) for n in range(4)]
    one_person = shop.withdraw(name(rich[1]), 50_000 * XEM)
    two_people = shop.withdraw(name(rich[2]), 200_000 * XEM, b"to my own wallet")
    teller.event(f"{len(small)} withdrawals of about 100 XEM, one of 50,000, one of 200,000; one deposit of "
                 f"{xem(deposit)} XEM with a customer's token, one of 7 XEM that names nobody.")
    repeated = w.api("POST", "/v1/withdrawals", small[0]["request"].raw, small[0]["key"])
    teller.check("the same request under the same idempotency key is the same withdrawal",
                 repeated[0] in (200, 201) and repeated[1]["id"] == small[0]["id"]
                 and repeated[1] == small[0]["first"], repeated[:2])
    other = w.request(name(rich[10]), w.keys.outside[RECEIVER].address(), 1 * XEM)
    reused = w.api("POST", "/v1/withdrawals", other.raw, small[0]["key"])
    teller.check("the same key for another request is refused", reused[0] == 422, reused[:2])
    shop.wait(small, ("announced", "confirming", "settled"))
    teller.check("without approvals the larger ones wait",
                 {shop.state(one_person), shop.state(two_people)} == {"approving"})
    approve(teller, evening, shop, one_person, two_people)
    shop.wait([one_person, two_people], ("announced", "confirming", "settled"))
    stopped_watchers(teller, evening, shop, name(rich[20]))
    shop.wait(shop.made, ("settled",), 60.0)
    process.wait_until(lambda: w.customer_balance(name(rich[0])) == before + deposit, 60.0,
                       "the deposit is credited", 0.05)
    follower = evening.follow()
    units = {one.inner_hash(): one for _, _, one in follower.transfers if isinstance(one, nem.Multisig)}
    teller.check("each unit on chain was begun by B, cosigned by A and pays exactly the minimum fees",
                 units and all(u.signer == w.keys.b.public and u.fee == u.minimum_fee()
                               and [c.signer for c in u.cosignatures] == [w.keys.a.public]
                               and all(c.fee == c.minimum_fee() for c in u.cosignatures)
                               and u.inner.fee == u.inner.minimum_fee() for u in units.values()))
    teller.event(f"{len(shop.made)} withdrawals settled, each confirmed by the hash of its payment; their holds "
                 "are posted. The deposit with the token is credited, the other is in suspense.")
    teller.check("as many payments on chain as withdrawals", len(units) == len(shop.made),
                 f"{len(units)} and {len(shop.made)}")
    heights = {one.inner_hash().hex(): height for height, _, one in follower.transfers
               if isinstance(one, nem.Multisig)}
    teller.check("each is confirmed under its inner hash, in the block in which it stands",
                 all(heights.get(one["last"]["payment"]) == one["last"]["block_height"] for one in shop.made),
                 [one["last"] for one in shop.made])
    evening.shop = shop
    audit_words = evening.last_audit = w.get("/v1/audit")
    teller.check("kuramorid's own reconciliation explains every account", all_explained(audit_words),
                 audit_words)
    teller.check("all holds are posted: nothing is in flight, and only the nameless deposit is in suspense",
                 audit_words["in_flight"] == "0" and int(audit_words["suspense"]) == 7 * XEM, audit_words["suspense"])
    teller.figure("withdrawals", len(shop.made))
    teller.figure("paid", sum(int(one["request"].body["amount"]) for one in shop.made))
    teller.figure("deposits", 2)


def all_explained(words):
    return bool(words["accounts"]) and words["explained"] and words["books_valid"] \
        and all(one["explained"] for one in words["accounts"])


def take_checkpoint(world):
    """What an auditor signs while the evening is young, with `kuramori audit checkpoint`: size and
    root of the log."""
    note = world.cli("audit", "checkpoint", person="auditor-cli")["checkpoint"]
    (world.place("people") / "checkpoint").write_text(note)
    return note


def approve(teller, evening, shop, one_person, two_people):
    w = evening.world
    for one in (one_person, two_people):
        shop.state(one)
    first, second = one_person["last"]["order"], two_people["last"]["order"]
    shown = w.cli("order", "show", first)
    teller.check("`kuramori order show` decodes what is approved from the document itself",
                 shown["destination"] == w.keys.outside[RECEIVER].address()
                 and shown["amount"] == one_person["request"].body["amount"], shown)
    w.cli("approve", first, json_answer=False)
    teller.event("approver-cli looks at the order of 50,000 with `kuramori order show` and says yes with "
                 "`kuramori approve`.")
    for person in ("approver-1", "approver-2"):
        answer = w.api("POST", "/v1/documents", w.approval(second, person).raw)
        if answer[0] not in (200, 201, 202):
            raise process.Failed(f"POST /v1/documents: {answer}")
        if person == "approver-1":
            teller.check("one of two approvals is not enough", shop.state(two_people) == "approving")
    teller.event("approver-1 and approver-2 say yes to the order of 200,000.")


def stopped_watchers(teller, evening, shop, customer):
    """Two of three watchers stand still: nothing leaves a signer; then it goes on."""
    w = evening.world
    before = {which: w.status(f"signer-{which}") for which in "ab"}
    for number in (2, 3):
        w.group[f"watcher-{number}"].pause()
    height = w.public.height()
    one = shop.withdraw(customer, 321 * XEM)
    time.sleep(1.5)
    state = shop.state(one)
    after = {which: w.status(f"signer-{which}") for which in "ab"}
    released = sum(int(after[x]["released"]) - int(before[x]["released"]) for x in "ab")
    waiting = [u for u in w.public.pool() + w.clean.pool() if isinstance(u, nem.Multisig)
               and u.inner.amount == 321 * XEM]
    teller.check("with two watchers stopped no signature leaves a signer", released == 0, released)
    teller.check("and nothing of it reaches a pool or the chain",
                 state in ("approved", "approving") and not waiting, state)
    teller.event(f"Watchers 2 and 3 are stopped (SIGSTOP). A withdrawal of 321 XEM is asked for; after 1.5 s and "
                 f"{blocks(w.public.height() - height)} it is still '{state}': nobody has acknowledged it.")
    for number in (2, 3):
        w.group[f"watcher-{number}"].go_on()
    shop.wait([one], ("announced", "confirming", "settled"))
    teller.event("They go on (SIGCONT), and so does the withdrawal.")


# ---------------------------------------------------------------- B.2

def refusals(world, which):
    """(error number, words) of every refusal in a signer's journal as it is on the disk now."""
    journal = audit.read_file_journal(world.journal(f"signer-{which}")).verify()
    return [(record.amount, journal.blob(record).decode("utf-8", "replace"))
            for record in journal.records("GUARD_REFUSE")]


class Owned:
    """B.2: the machine of the server belongs to the thief."""

    def __init__(self, teller, evening, server):
        self.teller, self.world, self.server, self.evening = teller, evening.world, server, evening
        self.list = []

    def expect(self, words, which, documents, code):
        """Asks a signer and insists on the refusal, in the answer and in the signer's journal."""
        count = len(refusals(self.world, which))
        answer = self.server.ask(which, documents)
        self.teller.check(f"{words}: refused with {code}", answer.code == code, answer.words())
        noted = refusals(self.world, which)[count:]
        told = answer.refusal and any(answer.refusal["detail"] and answer.refusal["detail"] in line
                                      or answer.refusal["field"] and answer.refusal["field"] in line
                                      for _, line in noted)
        self.teller.check(f"{words}: the refusal stands in the journal of signer {which.upper()}", told,
                          noted[-1:] or "nothing")
        self.teller.event(f"{words}: {which.upper()} answers {answer.words()}")
        self.list.append({"try": words, "signer": which, "answer": answer.code})
        return answer


def server_owned(teller, evening):
    evening.restart()
    w = evening.world
    people, keys = w.keys.people, w.keys
    victim = keys.outside[2].address()
    robber = keys.thief.address()
    with evil.Server(w) as server:
        o = Owned(teller, evening, server)
        teller.say("kuramorid is stopped; a program of the thief speaks to both signers in its place. It holds no "
                   "key, but every document.")
        # An order without a request: a request that nobody signed, and one that the thief signed.
        fake = w.request("c000001", robber, 5_000 * XEM, key=canon.SigningKey(os.urandom(32)))
        order = server.order(fake)
        o.expect("an order without a customer's request", "a", [fake, order, server.attempt(order)],
                 "bad-signature")
        large = w.request("c000002", victim, 60_000 * XEM)
        order = server.order(large)
        o.expect("a large one without approvals", "a", [large, order, server.attempt(order)],
                 "approvals-missing")
        yes = w.approval(order.id, "approver-1")
        turned = server.order(large, destination=robber)
        o.expect("a destination altered after approval", "a", [large, turned, server.attempt(turned), yes],
                 "mismatch")
        o.expect("a forged approval", "a", [large, order, server.attempt(order),
                                            evil.forged_approval(w, order.id, "approver-2")], "bad-signature")
        # A's answer altered on its way to B.
        honest = w.request("c000003", victim, 25 * XEM)
        order = server.order(honest)
        attempt = server.attempt(order)
        documents = [honest, order, attempt]
        a = server.ask("a", documents)
        teller.must("A signs an honest request", a.signed, a.words())
        data = bytearray.fromhex(a.attestation.body["data"])
        data[-1] ^= 1
        o.expect("A's bytes altered before B sees them", "b",
                 documents + [evil.altered(a.attestation, "data", data.hex()), a.signature], "bad-signature")
        signature = bytearray.fromhex(a.signature.body["signature"])
        signature[5] ^= 1
        o.expect("A's signature altered before B sees it", "b",
                 documents + [a.attestation, evil.altered(a.signature, "signature", signature.hex())],
                 "bad-signature")
        b = server.ask("b", documents + [a.attestation, a.signature])
        teller.must("B signs what A really signed", b.signed, b.words())
        again = server.ask("a", documents)
        teller.check("the same attempt asked for again gives the same bytes",
                     again.signed and again.signature.raw == a.signature.raw)
        later = server.attempt(order, at=attempt.body["timestamp_nem_s"] + 1)
        o.expect("a repeated order, in another attempt", "a", [honest, order, later], "already-used")
        second = server.order(honest, expires_ms=order.body["expires_ms"] - 1)
        o.expect("two orders for one request", "a", [honest, second, server.attempt(second)], "already-used")
        last = w.request("c000005", victim, 1 * XEM)
        order = server.order(last)
        documents = [last, order, server.attempt(order)]
        a = server.ask("a", documents)
        teller.must("A signs one more payment, which B has not seen", a.signed, a.words())
        stolen_backend(teller, evening, server, o)
        withheld_freeze(teller, evening, o, documents, a)
        teller.figure("refused", o.list)


def stolen_backend(teller, evening, server, o):
    """The back end's request key is the thief's too: what policy allows without people is his."""
    w = evening.world
    policy = int(kit.POLICY["unapproved_day_max"])
    tier = int(kit.POLICY["approval_tiers"][0]["up_to"])
    robber = w.keys.thief.address()
    used = sum(record.amount for record in audit.read_file_journal(w.journal("signer-a")).verify()
               .records("GUARD_RESERVE") if int.from_bytes(record.debit[12:16], "little") == 0)
    units, amount, last = [], tier, None
    while amount >= XEM and len(units) < 60:
        request = w.request("c000004", robber, amount - len(units))
        unit, answer = server.pay(request)
        if unit is None:
            last = answer
            if answer.code != "over-cap":
                break
            amount //= 2
            continue
        units.append(unit)
    went = sum(u.inner.amount + u.total_fee() for u in units)
    for unit in units:
        w.public.push(unit)
    teller.must("the window of the no-approval tier closes", last is not None and last.code == "over-cap",
                last.words() if last else "it never closed")
    heights = [evening.wait_mined(unit.inner_hash()) for unit in units]
    arrived = sum(t.inner.amount for _, _, t in evening.follow().transfers
                  if isinstance(t, nem.Multisig) and t.inner.recipient == robber)
    teller.check("what left is within the policy's budget of a day, together with the evening's own",
                 0 < went and went + used <= policy, f"{xem(went)} + {xem(used)} of {xem(policy)}")
    teller.check("and no more than that arrived", arrived == sum(u.inner.amount for u in units), xem(arrived))
    teller.event(f"With the back end's request key stolen too: {len(units)} payments of the tier without people are "
                 f"signed and mined by block {max(heights)}, {xem(went)} XEM with fees. Then: "
                 f"{last.words()}")
    teller.event(f"The policy's figure for this: {xem(policy)} XEM a day, of which {xem(used)} were used before. "
                 "Anything larger needs people.")
    teller.figure("stolen_request_key", {"went": went, "policy": policy, "used_before": used})


def withheld_freeze(teller, evening, o, documents, a):
    """An officer's freeze, given to ONE watcher only; the server never shows it to anybody."""
    w = evening.world
    report = w.cli("freeze", "--reason", "the server is not ours any more", person="officer-cli",
                   stops=[w.socket("watcher-2", "stop")], server=False)
    persisted = [h["holder"] for h in report["holders"] if h["persisted"]]
    teller.check("`kuramori freeze` prints who has persisted it", persisted == ["watcher-2"], persisted)
    times = wait_frozen(w)
    teller.must("a freeze given to one watcher alone stops both signers, past the server", len(times) == 2, times)
    teller.event("officer-cli freezes with `kuramori freeze`, told only to watcher 2; the server shows it to "
                 "nobody. Watcher 2 hands it to both signers and to its peers.")
    o.expect("a withheld freeze: A is asked again for what it had signed", "a", documents, "frozen")
    o.expect("a withheld freeze: B is asked to wrap it", "b",
             documents + [a.attestation, a.signature], "frozen")


# ---------------------------------------------------------------- thieves

def proposal(world, key, till, to, amount, at):
    """An uncosigned proposal of one stolen key."""
    inner = nem.Transfer(till.public, to, amount, timestamp=at)
    return nem.Multisig(key, inner, []).sign(key)


def blocks(count):
    return f"{count} block" if count == 1 else f"{count} blocks"


def announce_unit(node, unit):
    """As a wallet does: the wrapper, then its cosignatures; the codes in order."""
    answers = [node.announce(nem_bare(unit))]
    answers += [node.announce(one) for one in unit.cosignatures]
    return answers


def nem_bare(unit):
    """The wrapper alone."""
    return nem.Multisig(unit.signer, unit.inner, [], unit.fee, unit.timestamp, unit.deadline,
                        signature=unit.signature)


def tell_tries(teller, tries):
    width = max(len(words) for words, _ in tries)
    for words, answers in tries:
        teller.line(f"  {words:{width}}  {answers}")


def key_a_stolen(teller, evening):
    w, k = evening.world, evening.world.keys
    proxies = [Proxy(w.ports["node public"]), Proxy(w.ports["node clean"])]
    w.server_nodes = [one.port for one in proxies]
    try:
        evening.restart(server=True)
        jammed_till(teller, evening, proxies)
    finally:
        w.server_nodes = None
        for one in proxies:
            one.close()


def jammed_till(teller, evening, proxies):
    w, k = evening.world, evening.world.keys
    before = evening.holdings()
    # An honest payment is signed by both; its announcement is held back on the way.
    for one in proxies:
        one.hold()
    shop = Business(teller, evening, "jammed")
    rich = max(range(len(evening.amounts)), key=evening.amounts.__getitem__)
    honest = shop.withdraw(claims.customer_name(rich), 40 * XEM, to=3)
    unit = process.wait_until(lambda: proxies[0].units and proxies[0].units[0], 10.0,
                              "the honest payment is announced")
    teller.must("an honest payment is complete, both signatures have left, and its announcement is held back",
                unit.verify() and unit.inner.amount == 40 * XEM and shop.state(honest) == "announced", unit)
    balance = evening.follow().balances[k.till.address()]
    fees = nem.minimum_transfer_fee(balance) + 3 * nem.FEE_UNIT
    rogue = proposal(w, k.a, k.till, k.thief.address(), balance - fees - XEM, w.chain_time())
    sent = time.time()
    answer = w.public.announce(rogue)
    answered = time.time()
    teller.check("the public pool takes the proposal", answer["code"] == 1, answer)
    times = wait_frozen(w)
    teller.must("the watchers freeze both signers", len(times) == 2, times)
    teller.event(f"Hot key A alone proposes to move {xem(rogue.inner.amount)} XEM out of the till. The public port "
                 f"answers {answer_text(answer)}; {1000 * (max(times.values()) - answered):.0f} ms later both "
                 "signers are frozen.")
    said = freezes(w, "a")
    reasons = [d.body["reason"] for d in said]
    named = [r for r in reasons if "hot-key-A" in r]
    teller.check("the watchers name key A, and not key B",
                 named and not [r for r in reasons if "hot-key-B" in r], reasons)
    teller.event(f"{', '.join(sorted({d.body['issuer'] for d in said}))}: \"{(named or reasons)[0]}\"")
    # The till is jammed at the public port, not at the clean one.
    jammed = w.public.announce(nem_bare(unit))
    teller.check("the public port refuses the honest payment: the till is jammed there (code 5)",
                 jammed["code"] == 5, jammed)
    for one in proxies:
        one.release()
    height = evening.wait_mined(unit.inner_hash())
    teller.check("it is not in the public pool", not any(inner == unit.inner_hash() for _, inner in
                                                         w.public.unconfirmed(k.till.address())))
    teller.event(f"The honest payment of 40 XEM that both had signed before: at the public port "
                 f"{answer_text(jammed)}, at the clean one kuramorid's announcement is taken and mined in block "
                 f"{height}.")
    shop.wait([honest], ("settled",), 60.0)
    follower = evening.follow()
    mined = any(isinstance(t, nem.Multisig) and t.inner_hash() == rogue.inner_hash()
                for _, _, t in follower.transfers)
    teller.check("the proposal is never mined", not mined)
    collected(teller, evening)
    after = evening.holdings()
    paid = unit.inner.amount + unit.total_fee()
    teller.check("nothing is lost: the holdings are those of before, less the honest payment",
                 after == before - paid, f"{xem(before)} {xem(after)}")
    teller.check("the thief has nothing", evening.follow().balances.get(k.thief.address(), 0) == 0)
    teller.figure("lost", before - paid - after)
    teller.figure("freeze_ms", round(1000 * (max(times.values()) - sent), 1))


def collected(teller, evening):
    """What one stolen key can make of every signature that the till has collected."""
    w, k = evening.world, evening.world.keys
    units = [one for _, _, one in evening.follow().transfers if isinstance(one, nem.Multisig)]
    cosignatures = [c for one in units for c in one.cosignatures]
    usable = [c for c in cosignatures if c.signer != k.a.public]
    wrappers = [one for one in units if one.signer != k.a.public]
    teller.check("every cosignature that the chain shows is A's own", cosignatures and not usable,
                 f"{len(usable)} of {len(cosignatures)}")
    teller.event(f"What he can collect: {len(cosignatures)} cosignatures and {len(wrappers)} wrapper signatures of "
                 f"{len(units)} payments. A cosignature can be used again, a wrapper's signature cannot; all "
                 f"{len(cosignatures)} are A's own, so for key A they are worth nothing. He tries:")
    colluder = nem.KeyPair.named("colluding harvester")
    balance = evening.follow().balances[k.till.address()]
    oldest = units[0]
    burn = balance - oldest.inner.amount - oldest.inner.fee
    mine = nem.Multisig(k.a, oldest.inner, [], burn, timestamp=w.chain_time(),
                        deadline=w.chain_time() + 3600).sign(k.a)
    withsig = nem.Multisig(k.a, oldest.inner, oldest.cosignatures, burn, timestamp=w.chain_time(),
                           deadline=w.chain_time() + 3600, canonical=False).sign(k.a)
    tries, good = [], []

    def attempt(words, ask, *what):
        try:
            answer = ask(*what)
            tries.append((words, answer_text(answer)))
            good.append(answer["code"] != 1)
        except NodeError as problem:         # not even a transaction to the node
            tries.append((words, f"HTTP {problem.status} {problem.text}"))
            good.append(problem.status == 400)
    attempt("a mined unit again, public port", w.public.announce, nem_bare(oldest))
    attempt("a mined unit again, in a colluding block", w.given, [oldest], colluder)
    attempt("his own wrapper around it, all as fee, public", w.public.announce, mine)
    attempt("the same in a colluding block", w.given, [mine], colluder)
    attempt("the same with A's old cosignature attached", w.given, [withsig], colluder)
    alone = proposal(w, k.a, k.till, k.thief.address(), 1_000 * XEM, w.chain_time())
    attempt("a proposal of 1,000 XEM in a colluding block", w.given, [alone], colluder)
    # 36 hours later nodes have forgotten the hashes.
    w.dev("clock", offset_s=37 * 3600)
    late = w.chain_time()
    w.mine(1)
    mine = nem.Multisig(k.a, oldest.inner, [], burn, timestamp=late, deadline=late + 3600).sign(k.a)
    attempt("37 h later, hashes forgotten: the unit in a block", w.given, [oldest], colluder)
    attempt("37 h later: his own wrapper in a block", w.given, [mine], colluder)
    tell_tries(teller, tries)
    teller.check("no node and no block takes any of it", all(good), tries)
    teller.figure("tries", tries)


# ---------------------------------------------------------------- B.4 and B.5

def steal_keys(evening):
    """The two key files in the thief's hands."""
    folder = evening.folder / "thief"
    folder.mkdir(exist_ok=True)
    files = []
    for name, key in (("a", evening.world.keys.a), ("b", evening.world.keys.b)):
        kit.write_private(folder / f"{name}.key", key.private_hex + "\n")
        files.append(str(folder / f"{name}.key"))
    return folder, files


def lost_of(evening, before_own, transfers):
    """(taken by the thief, fees of his transactions, fees of the evacuation) from the blocks."""
    k = evening.world.keys
    own = set(evening.own())
    stolen = stolen_fees = sweep_fees = 0
    for _, _, one in transfers:
        if not isinstance(one, nem.Multisig) or nem.address_of(one.inner.signer) not in own:
            continue
        if isinstance(one.inner, nem.Transfer) and one.inner.recipient in own:
            sweep_fees += one.total_fee()
        else:
            stolen += one.inner.amount
            stolen_fees += one.total_fee()
    return stolen, stolen_fees, sweep_fees


def new_transfers(evening, height):
    return [t for t in evening.follow().transfers if t[0] > height]


def both_keys_probe(teller, evening):
    evening.restart()
    w, k = evening.world, evening.world.keys
    before = evening.holdings()
    start = evening.follow().height
    hot = evening.hot()
    folder, files = steal_keys(evening)
    thief = story_a.Thief(folder, {"port": w.public.port, "keys": files, "to": k.thief.address(), "transfers": [
        {"micro": 10 * XEM, "account": k.till.public_hex, "at": None}]}, "probe")
    w.dev("next-pool", pool="public")       # the worse case: what is public is mined first
    accepted_at = w.public.height()
    try:
        thief.go()
        times = wait_frozen(w)
        said = thief.lines(1, 5.0)[0]
    finally:
        thief.end()
    teller.must("the node takes the probe of 10 XEM", said["taken"] is not False, said)
    teller.must("the watchers freeze both signers", len(times) == 2, times)
    later = max(times.values())
    reaction = 1000 * (later - said["answered_s"])
    worst = 1000 * (later - said["sent_s"])
    teller.event(f"The thief (process {thief.pid}) has the keys of A and B; the server is stopped. As at 00:02:13 he "
                 f"tries 10 XEM first, from the till: complete, validly signed, taken by the public port, which also makes "
                 "the next block (the clean pool would take the evacuation first).")
    teller.event(f"Nobody attested it. {reaction:.0f} ms after the node's answer both signers have a freeze on disk "
                 f"({worst:.0f} ms after the announcement left the thief; the watchers ask the node every "
                 f"{w.settings.poll_ms} ms).")
    first = further_tries(teller, evening, "at once")
    probe = bytes.fromhex(said["inner"])
    height = evening.wait_mined(probe)
    w.dev("next-pool", pool="alternate")

    def empty():
        balances = evening.follow().balances
        return all(balances.get(a, 0) < 3 * XEM for a in hot)
    process.wait_until(empty, 60.0, "till and purses are empty")
    moved = [(h, t) for h, _, t in new_transfers(evening, start) if isinstance(t, nem.Multisig)
             and isinstance(t.inner, nem.Transfer) and t.inner.recipient in evening.own()]
    spares = {key.public_hex: spare.address() for (_, key), spare in zip(k.hot, k.spares)}
    teller.check("each hot account went whole to its own spare box, signed by A and B",
                 moved and all(spares.get(t.inner.signer.hex()) == t.inner.recipient for _, t in moved))
    last = max(h for h, _ in moved)
    safe = sum(t.inner.amount for _, t in moved)
    teller.event(f"The watchers derive the moves, A and B sign them (frozen signers sign nothing else), the watchers "
                 f"announce them: {xem(safe)} XEM of till, purses and deposit account are in spare boxes by block "
                 f"{last}. The node took the probe at height {accepted_at} and mined it in block {height}: evacuated "
                 f"{blocks(last - accepted_at)} after it was taken.")
    second = further_tries(teller, evening, "after the evacuation")
    evening.wait_blocks(2)
    stolen, fees, sweep_fees = lost_of(evening, before, new_transfers(evening, start))
    robbed = evening.follow().balances.get(k.thief.address(), 0)
    after = evening.holdings()
    teller.check("the thief has the probe and nothing else", robbed == stolen == 10 * XEM, xem(robbed))
    teller.check("what is missing is the probe and network fees, to the last micro-XEM",
                 before - after == stolen + fees + sweep_fees, xem(before - after))
    teller.say(f"Lost: {xem(stolen)} XEM and {xem(fees)} of network fees for it, {percent(stolen + fees, before, 7)} of "
               f"the holdings; the evacuation itself cost {xem(sweep_fees)} XEM in fees.")
    books_after(teller, evening, stolen + fees, sweep_fees)
    summary(teller, before, stolen + fees, after, f"{reaction:.0f} ms", f"{reaction:.0f} ms",
            sum(evening.saved_follower.balances.get(a, 0) for a in hot))
    teller.figure("freeze_ms", round(reaction, 1))
    teller.figure("freeze_from_sending_ms", round(worst, 1))
    teller.figure("poll_ms", w.settings.poll_ms)
    teller.figure("blocks_to_evacuation", last - accepted_at)
    teller.figure("evacuated_text", blocks(last - accepted_at))
    teller.figure("evacuation_fees", sweep_fees)
    teller.figure("tries", first + second)


def books_after(teller, evening, lost, sweep_fees):
    """The server comes back: the loss is the house's, not a customer's."""
    w = evening.world
    customers = int(evening.last_audit["customers"])
    w.start_server()
    evening.wait_server()

    def booked():
        words = w.get("/v1/audit")          # a look at every account: not asked for more often than needed
        return words if int(words["shortage"]) == lost and all_explained(words) else None
    words = process.wait_until(booked, 60.0, "the books explain the night", 0.5)
    teller.check("after the night the books balance with the chain again", words["books_valid"])
    teller.check("the loss is booked to shortage, the moves cost fees, no customer's claim has changed",
                 int(words["customers"]) == customers
                 and int(words["fee"]) == int(evening.last_audit["fee"]) + sweep_fees, words["customers"])
    evening.follow()
    w.stop()
    journal = audit.read_sqlite_journal(w.journal("kuramorid")).verify(w.journal_secret("kuramorid"))
    books = audit.Books().replay(journal)
    books.must_balance()
    chain = audit.Chain([])
    chain.balances = evening.follower.balances
    kept = audit.check_reserves(books, chain, evening.own(), {}, {})
    teller.check("the same recomputed from its journal and the blocks: shortage is the loss, books = chain",
                 books.total(audit.SHORTAGE) == lost and books.total(audit.CUSTOMER) == customers
                 and kept == sum(chain.of(a) for a in evening.own()), xem(books.total(audit.SHORTAGE)))
    teller.event(f"The server is started again: it books {xem(lost)} XEM to shortage, a house account, and finds every "
                 f"other coin in the spare boxes. Customers are owed {xem(customers)} XEM, as before.")


def further_tries(teller, evening, when):
    """What the thief of both keys tries next, with the public port's answers."""
    w, k = evening.world, evening.world.keys
    at, to = w.chain_time(), k.thief.address()
    tries = []

    def attempt(words, account, amount):
        unit = nem.payment(account.public, k.a, k.b, to, amount, at)
        answers = announce_unit(w.public, unit)
        tries.append((f"{words}, {when}", ", ".join(answer_text(a) for a in answers), answers))
    attempt("100,000,000 XEM from the till", k.till, 100_000_000 * XEM)
    attempt("4,999,995 XEM from a box", k.boxes[0 if when == "at once" else 1], BOX_TRY)
    # Other amounts each time: a node remembers its answer to the same bytes for ten minutes.
    few = XEM if when == "at once" else 2 * XEM
    attempt(f"{xem(few)} XEM from a spare box", k.spares[0], few)
    if when != "at once":
        for n, purse in enumerate(k.purses):
            attempt(f"purse {n + 1}, nearly all", purse, (w.settings.purse_xem - 5) * XEM)
        attempt("3 XEM from the till", k.till, 3 * XEM)
    tell_tries(teller, [(words, answers) for words, answers, _ in tries])
    teller.check(f"nothing that the thief tries {when} is taken",
                 all(answers[0]["code"] != 1 for _, _, answers in tries), [t[:2] for t in tries])
    return [list(t[:2]) for t in tries]


BOX_TRY = (kit.BOX_XEM - 5) * XEM


def both_keys_at_once(teller, evening):
    evening.restart()
    w, k = evening.world, evening.world.keys
    before = evening.holdings()
    balances = evening.follow().balances
    start = evening.follower.height
    hot = evening.hot()
    float_micro = sum(balances.get(a, 0) for a in hot)
    boxes = {key.address(): balances[key.address()] for key in k.boxes}
    folder, files = steal_keys(evening)
    transfers = []
    for _, key in k.hot:
        left = balances.get(key.address(), 0)
        micro = left - 6 * nem.FEE_UNIT
        while micro > 0 and micro + nem.minimum_transfer_fee(micro) + 6 * nem.FEE_UNIT > left:
            micro = left - 6 * nem.FEE_UNIT - nem.minimum_transfer_fee(micro)
        if micro > 0:
            transfers.append({"micro": micro, "account": key.public_hex, "at": None})
    thief = story_a.Thief(folder, {"port": w.public.port, "keys": files, "to": k.thief.address(),
                                   "transfers": transfers}, "drain")
    try:
        # The worst case: no block comes between, and the next one is made from the public pool.
        w.dev("hold", hold=True)
        thief.go()
        said = thief.lines(len(transfers), 10.0)
        w.mine(1, pool="public")
        mined = time.time()
    finally:
        thief.end()
    w.dev("hold", hold=False)
    times = wait_frozen(w)
    teller.must("the watchers freeze both signers", len(times) == 2, times)
    evening.wait_blocks(3)
    stolen, fees, sweep_fees = lost_of(evening, before, new_transfers(evening, start))
    after = evening.holdings()
    balances = evening.follow().balances
    first = min(one["answered_s"] for one in said)
    reaction = 1000 * (max(times.values()) - first)
    teller.event(f"{len(transfers)} complete units, everything hot in one moment, and the next block is made from the "
                 f"public pool {1000 * (mined - first):.0f} ms later: the worst case. Frozen after {reaction:.0f} ms, "
                 "too late for what that block took.")
    teller.check("the loss is the hot float at most", 0 < stolen + fees <= float_micro,
                 f"{xem(stolen + fees)} of {xem(float_micro)}")
    teller.check("and under the ceiling of the policy",
                 (stolen + fees) * 10_000 <= before * kit.POLICY["hot_ceiling_bp"])
    teller.check("what is missing is what the thief took and fees",
                 before - after == stolen + fees + sweep_fees, xem(before - after))
    teller.check("the boxes are untouched", all(balances[a] == was for a, was in boxes.items()))
    tries = []
    for words, account, amount in (("a box", k.boxes[1], BOX_TRY), ("a spare box", k.spares[2], XEM)):
        unit = nem.payment(account.public, k.a, k.b, k.thief.address(), amount, w.chain_time())
        answers = announce_unit(w.public, unit)
        tries.append((f"{xem(amount)} XEM from {words}", ", ".join(answer_text(a) for a in answers)))
        teller.check(f"{words} does not open to A and B", answers[0]["code"] != 1, answers)
    tell_tries(teller, tries)
    kept = sum(boxes.values())
    teller.say(f"Lost: {xem(stolen + fees)} XEM with fees, {percent(stolen + fees, before, 2)} of the holdings and "
               f"{percent(stolen + fees, float_micro)} of the hot float of {xem(float_micro)}. Kept: {xem(after)} XEM, of which {xem(kept)} in {len(boxes)} boxes that these keys "
               "do not open.")
    summary(teller, before, stolen + fees, after, f"{reaction:.0f} ms", f"{reaction:.0f} ms", float_micro)
    teller.figure("freeze_ms", round(reaction, 1))
    teller.figure("hot_float", float_micro)
    teller.figure("evacuated_text", "nothing was left")


def summary(teller, before, lost, after, noticed, stopped, at_stake):
    teller.figure("holdings", before)
    teller.figure("holdings_text", xem(before))
    teller.figure("lost", lost)
    teller.figure("lost_text", xem(lost))
    teller.figure("lost_share_text", percent(lost, before, 7 if lost < 1000 * XEM else 2))
    teller.figure("kept", after)
    teller.figure("kept_text", xem(after))
    teller.figure("noticed_text", noticed)
    teller.figure("noticed_by_text", "the watchers")
    teller.figure("stopped_text", stopped)
    teller.figure("at_stake_text", xem(at_stake))


# ---------------------------------------------------------------- B.6

def proof(teller, evening):
    """Of the saved evening: raw journals against the node's blocks."""
    if not evening.saved:
        raise Broken("there is no saved evening")
    w = evening.world
    w.group.kill()
    w.restore(evening.copy)
    w.start_node()
    w.dev("hold", hold=True)
    chain = audit.Chain(w.public.blocks(verify=False, last=evening.saved_follower.height))
    secrets = {name: w.journal_secret(name) for name in w.journals()}
    journals = {}
    for name, path in w.journals().items():
        read = audit.read_sqlite_journal if name == "kuramorid" else audit.read_file_journal
        journals[name] = read(path).verify(secrets[name])
        teller.check(f"the journal of {name} verifies: hashes, chain, tree of {journals[name].size:,} records",
                     journals[name].size > 0)
    server = journals["kuramorid"]
    origin, size, root = audit.check_checkpoint(
        evening.checkpoint, bytes.fromhex(w.keys.people["auditor-cli"][0].public_hex))
    teller.check("the checkpoint that an auditor signed in the evening is a prefix of the journal",
                 server.points.get(size, (None, None))[1] == root and size < server.size, size)
    stated = evening.last_audit
    teller.check("head and root that kuramorid stated over HTTP are those of its journal",
                 server.points.get(stated["journal_records"]) == (bytes.fromhex(stated["journal_head"]),
                                                                  bytes.fromhex(stated["journal_root"])))
    books = audit.Books().replay(server)
    books.must_balance()
    owed, owned = books.total(audit.CUSTOMER), sum(books.total(kind) for kind in audit.ON_CHAIN)
    teller.check("the books balance to zero", True)
    found = audit.withdrawals(server)
    settled, flying, amounts = audit.check_paid(found, chain, books)
    arriving = audit.arriving_of(chain, evening.own(), w.settings.deposit_depth)
    booked = audit.check_reserves(books, chain, evening.own(), amounts, arriving)
    on_chain = sum(chain.of(a) for a in evening.own())
    teller.check("books = chain + in flight, for each of the accounts",
                 booked == on_chain + sum(amounts.values()) - sum(arriving.values()), f"{xem(booked)} {xem(on_chain)}")
    teller.check("the blocks that the node shows now are those that were followed all evening",
                 chain.previous == evening.saved_follower.previous)
    teller.check("each withdrawal was paid exactly once",
                 settled == len(found) == len(evening.shop.made) and flying == 0, f"{settled} {len(found)} {flying}")
    people = sum(audit.check_people(one, w.roster, w.policy) for one in found.values())
    attested = audit.check_signers(found, chain, {"a": journals["signer-a"], "b": journals["signer-b"]},
                                   [journals[f"watcher-{n}"] for n in range(1, w.settings.watchers + 1)],
                                   w.roster, w.settings.watchers_needed)
    teller.check("every request, approval, attestation and acknowledgement is signed by whom it names",
                 people >= len(found) and attested >= 2 * len(found), f"{people} {attested}")
    verified = verify_by_program(teller, evening, journals, books)
    teller.say(f"Recomputed by this script from the raw journals and the node's blocks: {server.size:,} records, "
               f"{len(books.accounts):,} accounts; customers are owed {xem(owed)} XEM, our accounts hold {xem(owned)}; "
               f"{settled} payments, each once; {people} signatures of back end and approvers, {attested} attestations "
               f"with two acknowledgements each. {verified}")
    teller.figure("records", {name: one.size for name, one in journals.items()})
    teller.figure("owed", owed)
    teller.figure("held", owned)
    teller.figure("withdrawals", settled)
    w.stop()


def verify_by_program(teller, evening, journals, books):
    """`kuramori audit verify` over the same files."""
    w = evening.world
    agreed = []
    for name, path in w.journals().items():
        report = w.cli("audit", "verify", path, server=False, secret=w.journal_secret_file(name),
                       checkpoint=w.place("people") / "checkpoint")[0]
        agreed.append(report["checkpoint"] == (name == "kuramorid"))
        agreed.append(report["verified"] and report["head"] == journals[name].head.hex()
                      and report["records"] == journals[name].size)
        if name == "kuramorid":
            agreed.append(report["books"] == books.state_hash())
    teller.check("`kuramori audit verify` agrees: same heads, same count, same state of the books", all(agreed),
                 agreed)
    return "`kuramori audit verify` agrees."


# ---------------------------------------------------------------- all of it

def tell(teller, evening, only, keep):
    def wanted(chapter):
        return only is None or chapter in only
    teller.run("B", "Kuramori", introduce, evening)
    if evening.problem is not None:
        return
    teller.run("B.1", "Ordinary business", ordinary_business, evening)
    if keep:
        stay(teller, evening)
        return
    if teller.run("B.1", "The evening is saved", save, evening) is None and not evening.saved:
        return
    for chapter, words, function in (
            ("B.2", "The server is owned", server_owned),
            ("B.3", "Hot key A is stolen", key_a_stolen),
            ("B.4", "Hot keys A and B are stolen: the probe of 00:02:13", both_keys_probe),
            ("B.5", "The same without a probe", both_keys_at_once),
            ("B.6", "The proof", proof),
            ("B.7", "Out of the cold, and home again", story_cold.tell)):
        if wanted(chapter):
            teller.run(chapter, words, function, evening)
    evening.world.group.kill()


def save(teller, evening):
    evening.save()
    teller.say("All processes are stopped and all folders copied together. Each of B.2 to B.5, and B.7, starts from this copy.")


def stay(teller, evening):
    """Leaves everything running and says how to use it by hand."""
    w = evening.world
    teller.title("", "The system is running")
    rich = max(range(len(evening.amounts)), key=evening.amounts.__getitem__)
    for line in w.by_hand(claims.customer_name(rich)):
        print(line, flush=True)
    try:
        while True:
            time.sleep(1)
            w.group.check()
    except (KeyboardInterrupt, SystemExit):
        print("\nstopping ...", flush=True)
    w.group.kill()
