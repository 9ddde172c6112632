# SPDX-License-Identifier: Apache-2.0
"""Who rules next: keys that were rotated, limits that somebody loosens quietly."""

import os
import time

import canon
import frames
import world as kit
from registry import attack
from rig import XEM, Hand, must, payment, process, refused, thief_server, xem

HOLDERS = ("signer-a", "signer-b", "watcher-1", "watcher-2", "watcher-3")


def put(world, name, document):
    """STOP_PUT at one stop socket: "receipt", or the code of the refusal."""
    raw = world.link(name, "stop").call(frames.STOP_PUT, [document.raw])[0]
    answer = canon.open_document(raw, world.genesis.id)
    return "receipt" if answer.type == "receipt" else answer.body["code"]


def officers(world, *names):
    return [world.keys.people[name][0] for name in names]


def next_policy(world, signers, **changes):
    body = dict(world.policy.body, number=world.policy.body["number"] + 1, previous=world.policy.id, **changes)
    return canon.Document("policy", body).sign(*signers)


def resume(world, freezes, struck, signers):
    body = {"freezes": [{"id": one} for one in sorted(freezes)], "genesis": world.genesis.id,
            "initiator": "officer-1", "nonce": os.urandom(16).hex(), "reason": "rotation", "scope": "all",
            "struck": [{"key": one} for one in sorted(struck)], "time_ms": kit.now_ms()}
    return canon.Document("resume", body).sign(*signers)


def all_say(world, words, timeout=10.0, **lines):
    """Waits until every signer and watcher has these words in these lines of its status."""
    def said():
        return all(text in world.status(name)[line] for name in HOLDERS for line, text in lines.items())
    process.wait_until(said, timeout, words)


@attack("T09", "rotation is real", "rotation")
def rotated(rig):
    w = rig.fresh(server=True)
    two = officers(w, "officer-1", "officer-2")
    old_approver, old_officer = w.keys.people["approver-1"][0], w.keys.people["officer-1"][0]
    # Before: all of them count.
    with thief_server(w) as server:
        documents = payment(w, server, 20_000 * XEM, ["approver-1"])
        must(server.ask("a", documents).signed, "an approved payment is signed before the rotation")
    w.cli("freeze", "--reason", "a laptop was stolen", person="officer-cli")
    all_say(w, "everybody is frozen", frozen="yes")
    # Officers resume through the tool, one after the other, and strike what lay on the laptop.
    path = w.folder / "resume.json"
    struck = ",".join((old_approver.public_hex, w.keys.backend.public_hex))
    first = w.cli("resume", path, "--reason", "keys replaced", "--strike", struck, person="officer-cli")
    must(first["signed"] == 1 and w.status("signer-a")["frozen"] == "yes", "one officer alone resumes", first)
    done = w.cli("resume", path, person="officer-cli-2")
    must(all(h["persisted"] for h in done["holders"]) and done["server"], "not everybody has the resume", done)
    all_say(w, "everybody has resumed", frozen="no")
    # The third of the stolen keys goes without any freeze.
    last = resume(w, [], [old_officer.public_hex], officers(w, "officer-2") + two)
    must(put(w, "watcher-2", last) == "approvals-missing", "an officer counts for the resume that strikes him")
    path.unlink()
    w.cli("resume", path, "--reason", "an officer's key", "--strike", old_officer.public_hex, person="officer-cli")
    w.cli("resume", path, person="officer-cli-2")
    w.ready()
    codes = []
    with thief_server(w) as server:
        for which in "ab":
            request, order, attempt, yes = payment(w, server, 20_000 * XEM, ["approver-1"])
            if which == "a":
                codes.append(refused(server, which, [request, order, attempt], "bad-signature",
                                     what="a request of the old back end key").code)
                codes.append(refused(server, which, [request, order, attempt, yes], "bad-signature",
                                     what="an approval of the old credential").code)
    before = [put(w, name, w.freeze("officer-1", "old hand", key=old_officer)) for name in HOLDERS]
    must(set(before) == {"bad-signature"}, "a struck officer freezes", before)
    loose = next_policy(w, officers(w, "officer-1", "officer-2"), payment_max=str(10 ** 15))
    rules = [put(w, name, loose) for name in HOLDERS]
    must(set(rules) == {"approvals-missing"}, "a struck officer's name under a policy counts", rules)
    status, body, _ = w.api("POST", "/v1/withdrawals", w.request("c000003", w.keys.outside[1].address(), XEM).raw, "old")
    must(status == 403, "the server takes the old back end key", (status, body))
    # Killed and started again, they have not forgotten.
    w.group["signer-a"].kill()
    w.start_signer("a")
    w.ready()
    with thief_server(w) as server:
        codes.append(refused(server, "a", payment(w, server, 50 * XEM), "bad-signature", what="the same after a restart").code)
    must(put(w, "signer-a", w.freeze("officer-1", "old hand", key=old_officer)) == "bad-signature",
         "the signer has forgotten who was struck")
    must(all(w.status(name)["frozen"] == "no" for name in HOLDERS), "somebody is frozen")
    rig.spoiled()
    return ("approver, officer and back end key struck by two officers through the tool: request, approval, freeze and "
            f"policy under the old keys refused ({', '.join(sorted(set(codes + before + rules)))}, HTTP {status}), by both "
            "signers and all watchers, also after kill -9; accounts are rotated by closing them (scenario closing)")


@attack("T27", "limits loosened quietly", "loosening")
def loosened(rig):
    w = rig.fresh(server=True)
    loot = 300_000 * XEM                    # above payment_max
    wide = {"payment_max": str(10 ** 13), "hour_max": str(10 ** 13), "unlisted_max": str(10 ** 13)}
    seen = set()
    for signers in (["officer-1"], ["officer-1", "approver-1", "approver-2", "auditor-1"], ["approver-1", "approver-2"]):
        one = next_policy(w, officers(w, *signers), **wide)
        answers = {put(w, name, one) for name in HOLDERS}
        must(answers == {"approvals-missing"}, f"{signers} change the policy", answers)
        seen |= answers
        status, body, _ = w.api("POST", "/v1/documents", one.raw)
        must(status == 403, "the server takes it", (status, body))
    # A quorum that has been bought: announced everywhere, in force nowhere.
    bought = next_policy(w, officers(w, "officer-1", "officer-2"), **wide)
    must(put(w, "signer-a", bought) == "receipt", "a quorum may propose")
    all_say(w, "everybody announces it", waiting="policy 2 ", rules="roster 1 policy 1")
    with thief_server(w) as server:
        people = ["approver-1", "approver-2", "approver-3"]
        refused(server, "a", payment(w, server, loot, people), "over-cap", "stale", what="what the new policy would allow")
    # one person, one watcher: nobody forgets it again
    cancel = canon.Document("cancel", {"document": bought.id, "genesis": w.genesis.id, "person": "approver-3",
                                       "reason": "nobody asked for this", "time_ms": kit.now_ms()})
    must(put(w, "watcher-3", cancel.sign(w.keys.people["approver-3"][0])) == "receipt", "one person cancels")
    all_say(w, "nobody waits for it any more", waiting="none")
    must({put(w, name, bought) for name in HOLDERS} == {"receipt"}, "told again it is known")
    w.group["signer-a"].kill()
    w.start_signer("a")
    w.ready()
    all_say(w, "it stays dead", waiting="none", rules="roster 1 policy 1")
    # cold holders that have been bought name the officers: too few are nobody, enough wait, and one who was not bought ends it
    theirs = {**w.roster.body, "number": 2, "previous": w.roster.id, "recovery": True,
              "people": [{"id": f"thief-{i}", "key": canon.SigningKey.named(f"thief {i}").public_hex, "passkeys": [],
                          "roles": ["approver", "officer"]} for i in (1, 2)]}
    must(put(w, "signer-b", canon.Document("roster", theirs).sign(*rig.holders[:2])) == "approvals-missing", "two holders recover")
    named = canon.Document("roster", theirs).sign(*rig.holders[:3])
    must(put(w, "signer-b", named) == "receipt", "three holders may announce a roster")
    all_say(w, "everybody announces a recovery", waiting="recovery 2 ", rules="roster 1 policy 1")
    no = canon.Document("cancel", {"document": named.id, "genesis": w.genesis.id, "person": "holder-5",
                                   "reason": "", "time_ms": 0})
    must(put(w, "watcher-2", no.sign(rig.holders[4])) == "receipt", "one holder ends it")
    all_say(w, "nobody waits for it any more", waiting="none")
    # a watcher less is a looser roster
    blind = dict(w.roster.body, number=2, previous=w.roster.id, watchers=w.roster.body["watchers"][:2])
    must(put(w, "signer-b", canon.Document("roster", blind).sign(*officers(w, "officer-1", "officer-2"))) == "receipt",
         "a quorum may propose a roster")
    all_say(w, "a watcher less is announced too", waiting="roster 2 ", rules="roster 1 policy 1")
    # Tightening is in force at once, also when the server carries nothing.
    w.group["kuramorid"].stop()
    tight = next_policy(w, officers(w, "officer-1", "officer-2"), payment_max=str(100 * XEM))
    started = time.monotonic()
    must(put(w, "watcher-1", tight) == "receipt", "a quorum tightens")
    all_say(w, "the tighter policy is in force everywhere", rules="policy 2")
    took = time.monotonic() - started
    w.ready()
    with thief_server(w) as server:
        refused(server, "a", payment(w, server, 101 * XEM), "over-cap", what="more than the tighter policy allows")
        must(server.ask("a", payment(w, server, 50 * XEM)).signed, "what it allows is signed")
        # A freeze, a resume and a revocation, each told to one watcher alone: both signers live by them.
        stop = w.freeze("officer-2", "told to one watcher")
        must(put(w, "watcher-2", stop) == "receipt", "one officer freezes")
        all_say(w, "all are frozen", frozen="yes")
        refused(server, "b", payment(w, server, 50 * XEM), "bad-input", "frozen", what="anything in a freeze")
        two = officers(w, "officer-1", "officer-2")
        back = w.keys.backend.public_hex
        must(put(w, "watcher-3", resume(w, [stop.id], [back], two)) == "receipt", "two officers resume")
        all_say(w, "all have resumed", frozen="no")
        w.ready()
        refused(server, "a", payment(w, server, 50 * XEM), "bad-signature", what="a request of the struck back end")
    rig.spoiled()
    return (f"one officer, or one with approvers and auditor: {', '.join(seen)} at five sockets and the server; two "
            f"officers: announced by all five, not in force, {xem(loot)} XEM refused; cancelled for ever by one approver "
            f"at one watcher; a watcher less waits too; officers named by three bought holders waited at all five, until a fourth said no; a tighter policy told to one watcher alone was in force at all "
            f"five after {took:.1f} s, without the server; so were a freeze, a resume and a struck key")


# ---------------------------------------------------------------- T28

HOUR = 3600
LIMIT = 100 * XEM                           # what a stranger may get
LIFT = 150 * XEM                            # what is asked for, and granted for a while


def grant(world, to, until_ms, signers, **changes):
    body = {"destination": to, "from_ms": kit.now_ms() - 1000, "genesis": world.genesis.id,
            "reason": "a new market maker", "until_ms": until_ms, "up_to": str(2 * LIFT)}
    body.update(changes)
    return canon.Document("grant", {k: v for k, v in body.items() if v is not None}).sign(*signers)


def without_end(w, two):
    """Nobody makes, takes or keeps one without an end. The words of the refusals."""
    path, to = w.folder / "endless.json", w.keys.outside[4].address()
    argv = [w.program("kuramori"), "--config", w.write_cli_config("officer-cli", server=False), "policy", "grant", path,
            f"to={to}", f"up_to={LIFT}", "--reason", "for now"]
    tool = process.run(argv, expect=2).stderr
    must("without an end" in tool and not path.exists(), "the tool makes a grant without an end", tool)
    now = kit.now_ms()
    past = process.run(argv + [f"until={now - 1000}", f"from={now - 5000}"], expect=1).stderr
    must("before it could run" in past and not path.exists(), "the tool makes a grant that is over", past)
    codes = set()
    for until, more in ((None, {}), (0, {}), (now, {"from_ms": now})):
        bad = grant(w, to, until, two, **more)
        codes |= {put(w, name, bad) for name in HOLDERS}
    must("receipt" not in codes, "a grant without an end is taken", codes)
    return codes


@attack("T28", "a forgotten grant", "grants")
def forgotten(rig):
    w = rig.fresh()
    hands = {name: Hand(rig, name) for name in HOLDERS}
    for name in HOLDERS:
        w.group[name].kill()
    w.start_all(server=False)
    w.ready()
    two = officers(w, "officer-1", "officer-2")
    here, there = (w.keys.outside[n].address() for n in (4, 5))
    made = iter(range(1, 1000))
    began = kit.now_ms()

    def move(wall, running=None, chain=None, others=None):
        """Offsets in seconds: the signers' wall and running clocks, the chain's, the watchers'; all as the first."""
        for name, hand in hands.items():
            mine = wall if name.startswith("signer") else wall if others is None else others
            hand.set(wall_s=mine, mono_s=(wall if running is None else running) if name.startswith("signer") else 0)
        w.dev("clock", offset_s=wall if chain is None else chain)
        w.wait_blocks(2)                    # the first may be of the second before
        w.ready()

    def documents(server, to, wall, **changes):
        request = w.request("c000001", to, LIFT + next(made))
        now = kit.now_ms() + wall * 1000
        order = server.order(request, **dict({"created_ms": now, "expires_ms": now + 1_800_000}, **changes))
        return [request, order, server.attempt(order)]

    def nobody_pays(server, to, wall, what, **changes):
        """Both signers refuse; B is shown what A once said of something else."""
        codes = set()
        w.ready()
        for which, more in (("a", []), ("b", spoken)):
            asked = documents(server, to, wall, **changes)
            answer = refused(server, which, asked + more, what=what)
            must(answer.code == "over-cap", f"signer {which.upper()}: {what}", answer.words())
            codes.add(answer.code)
        return codes

    endless = without_end(w, two)
    with thief_server(w) as server:
        # A policy by which strangers get little; what it allows more than the first waits its hour.
        first = server.ask("a", payment(w, server, 50 * XEM))
        spoken = [first.attestation, first.signature]
        strict = next_policy(w, two, unlisted_max=str(LIMIT), grant_life_max_ms=6 * HOUR * 1000)
        must(put(w, "signer-a", strict) == "receipt", "a quorum proposes")
        all_say(w, "everybody announces it", waiting="policy 2 ")
        move(HOUR + 100)
        all_say(w, "the policy is in force", rules="policy 2")
        nobody_pays(server, here, HOUR + 100, "more than a stranger may get")
        # One officer is not enough; two with the tool are, and it waits in everybody's sight.
        end = began + (3 * HOUR + 400) * 1000
        must(put(w, "signer-a", grant(w, here, end, two[:1])) == "approvals-missing", "one officer grants")
        path = w.folder / "grant.json"
        w.cli("policy", "grant", path, f"to={here}", f"up_to={2 * LIFT}", f"until={end}", "--reason", "market maker",
              person="officer-cli", server=False)
        done = w.cli("policy", "grant", path, person="officer-cli-2", server=False)
        must(all(h["persisted"] for h in done["holders"]), "not everybody has the grant", done)
        other = grant(w, there, end, two)
        must(put(w, "watcher-2", other) == "receipt", "a second grant, told to one watcher")
        all_say(w, "everybody announces both", waiting="; grant ")
        nobody_pays(server, here, HOUR + 100, "under a grant that waits")
        # It runs: the honest payment that it is for is signed by both.
        at = 2 * HOUR + 300
        move(at)
        all_say(w, "both run", waiting=" runs, ")
        w.ready()
        a, b = w.both(documents(server, here, at), server)
        must(a.signed and b is not None and b.signed, "a payment under a running grant is signed", (a.words(), b))
        # One approver at one watcher ends the other one.
        cancel = canon.Document("cancel", {"document": other.id, "genesis": w.genesis.id, "person": "approver-3",
                                           "reason": "no longer needed", "time_ms": kit.now_ms()})
        must(put(w, "watcher-3", cancel.sign(w.keys.people["approver-3"][0])) == "receipt", "one person cancels")
        process.wait_until(lambda: all("; " not in w.status(name)["waiting"] for name in HOLDERS), 10.0, "it is over")
        cancelled = nobody_pays(server, there, at, "under a grant that was cancelled")
        # Over: by every clock; by the chain's with the host's set back; by the journal when all are set back.
        at = 3 * HOUR + 450
        move(at)
        all_say(w, "none runs any more", waiting="none")
        over = nobody_pays(server, here, at, "under a grant that is over")
        over |= nobody_pays(server, here, at, "an order of the time when it ran", created_ms=end - 60_000)
        move(at - 240, running=at, chain=at)
        over |= nobody_pays(server, here, at - 240, "with the host's clock before its end")
        w.group["signer-a"].kill()
        w.start_signer("a")
        w.group["signer-b"].kill()
        w.start_signer("b")
    granted = canon.open_document(path.read_bytes(), w.genesis.id)
    replayed = {put(w, name, old) for name in HOLDERS for old in (granted, other)}
    must(replayed == {"receipt"}, "the old grants told again", replayed)
    all_say(w, "told again it stays over", waiting="none")
    with thief_server(w) as server:
        over |= nobody_pays(server, here, at - 240, "after a restart, told again, with the host's clock before its end")
        over |= nobody_pays(server, there, at - 240, "the cancelled one told again")
    must(all(w.status(name)["frozen"] == "no" for name in HOLDERS), "somebody is frozen")
    rig.spoiled()
    return (f"without an end: not made by the tool, {', '.join(sorted(endless))} at five sockets; {xem(LIFT)} XEM to a "
            f"stranger refused before the grant ran, signed by both while it ran; cancelled by one approver "
            f"({', '.join(sorted(cancelled))}); after its end refused by both ({', '.join(sorted(over))}), also with hosts' "
            "clocks set back before it, after kill -9, and told again")
