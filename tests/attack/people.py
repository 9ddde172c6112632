# SPDX-License-Identifier: Apache-2.0
"""Machines and persons: policy files, journals, clocks, disks, copies of signers, a host whose root
is bought, text that is not what it seems."""

import json
import os
import shutil
import socket
import threading
import time

import audit
import canon
import evil
import frames
import rules
import story_b
import thieves
import world as kit
from registry import attack
from rig import (XEM, Hand, attestations, must, payment, process, refused, thief_server, xem)


def documents_with(world, folder, policy=None, policy_body=None, roster=None):
    """A genesis of its own around a changed policy or roster; paths as configuration pairs, and the
    three documents."""
    zero = canon.ZERO_ID
    policy_first = dict(policy_body or world.policy.body, genesis=zero, **(policy or {}))
    roster_first = dict(world.roster.body, genesis=zero, **(roster or {}))
    genesis = canon.Document("genesis", dict(world.genesis.body, policy=canon.first_id("policy", policy_first),
                                             roster=canon.first_id("roster", roster_first)))
    out = [genesis, canon.Document("roster", dict(roster_first, genesis=genesis.id)),
           canon.Document("policy", dict(policy_first, genesis=genesis.id))]
    folder.mkdir(parents=True, exist_ok=True)
    os.chmod(folder, 0o755)
    pairs = {}
    for one in out:
        path = folder / f"{one.type}.json"
        path.write_bytes(one.raw)
        pairs[f"{one.type}_file"] = path
    return pairs, out


def configured(world, program, folder, name, **changes):
    """A copy of a program's configuration with some rows changed (None: left out); its path."""
    lines = (world.place(folder) / f"{program}.conf").read_text().splitlines()
    pairs = dict(line.split(" = ", 1) for line in lines)
    pairs.update({k: str(v) for k, v in changes.items() if v is not None})
    for key in [k for k, v in changes.items() if v is None]:
        pairs.pop(key, None)
    path = world.place(folder) / f"{name}.conf"
    path.write_text("".join(f"{k} = {v}\n" for k, v in pairs.items()))
    return path


# ---------------------------------------------------------------- T22, T29

LOOSE = {"approval_tiers": [{"approvals": 0, "delay_ms": 0, "up_to": str(10 ** 15)}], "payment_max": str(10 ** 15),
         "hour_max": str(10 ** 15), "day_max": str(10 ** 15), "unapproved_day_max": str(10 ** 15),
         "till_max": str(10 ** 15), "unlisted_max": str(10 ** 15)}


@attack("T22", "policy and database of the server replaced", "policy-1")
def replaced_policy(rig):
    w = rig.fresh(server=True)
    loot = 500_000 * XEM
    attacker = canon.SigningKey(os.urandom(32))
    second = canon.Document("policy", dict(w.policy.body, number=2, previous=w.policy.id, **LOOSE))
    signed = canon.Document("policy", second.body).sign(attacker)
    officer = canon.Document("policy", second.body).sign(w.keys.people["officer-1"][0])
    codes = set()
    with thief_server(w) as server:
        documents = payment(w, server, loot)
        codes.add(refused(server, "a", documents, "over-cap", what="half a million without approvals").code)
        for policy in (second, signed, officer):
            for items in (documents + [policy], [policy] + documents, [policy]):
                codes.add(refused(server, "a", items, "unknown-type", "bad-input", what="a looser policy sent along").code)
            answer = canon.open_document(w.link("signer-a", "stop").call(frames.STOP_PUT, [policy.raw])[0], None, "refusal")
            codes.add(answer.body["code"])
        codes.add(refused(server, "a", payment(w, server, 60_000 * XEM), "approvals-missing", what="no approvals").code)
    # kuramorid restarted with the looser file: the genesis does not name it.
    w.group["kuramorid"].stop()
    loose = w.folder / "loose.json"
    loose.write_bytes(canon.Document("policy", dict(w.policy.body, **LOOSE)).raw)
    done = process.run([w.program("kuramorid"), "--config",
                        configured(w, "kuramorid", "kuramorid", "loose", policy_file=loose)], expect=None, timeout=10.0)
    must(done.returncode not in (0, -15), "kuramorid starts with a policy that the genesis does not name")
    # Everything of his own: genesis, roster with his back end key, policy, database. Now it starts.
    pairs, his = documents_with(w, w.folder / "his", policy=LOOSE,
                                roster={"backends": [{"id": "backend-1", "key": attacker.public_hex}]})
    journal = w.folder / "his" / "journal.db"
    claims = w.folder / "his" / "claims.csv"
    reserves = sum(w.follow().balances.get(a, 0) for a in w.own())
    claims.write_text(f"customer,amount\nthief,{reserves}\n")
    conf = configured(w, "kuramorid", "kuramorid", "his", store=journal, **pairs)
    process.run([w.program("kuramorid"), "--config", conf, "--open-books", claims])
    daemon = w.group["kuramorid"]
    argv, daemon.argv = daemon.argv, [str(w.program("kuramorid")), "--config", str(conf)]
    daemon.start(10.0)
    w.chain_is_read()
    before = {x: w.status(f"signer-{x}") for x in "ab"}
    request = canon.Document("request", {
        "amount": str(loot), "asset": "nem:xem", "customer": "thief", "destination": w.keys.thief.address(),
        "genesis": his[0].id, "message": "", "request_id": canon.uuid7(), "time_ms": kit.now_ms()}).sign(attacker)
    status, body, _ = w.api("POST", "/v1/withdrawals", request.raw, "loot")
    must(status == 201 and body["approvals_needed"] == 0, "his server takes his request", (status, body))
    w.wait_blocks(3)
    state = w.state(request)
    after = {x: w.status(f"signer-{x}") for x in "ab"}
    must(all(after[x]["released"] == before[x]["released"] for x in "ab"), "a signature left", after)
    must(int(after["a"]["refused"]) > int(before["a"]["refused"]), "A was not even asked", after["a"])
    must(not w.units() and w.follow().balances.get(w.keys.thief.address(), 0) == 0, "something was paid")
    daemon.stop()
    daemon.argv = argv
    rig.spoiled()
    return (f"a looser policy sent along unsigned, signed by the attacker, signed by an officer: {', '.join(sorted(codes))};"
            f" kuramorid with that file ends with code {done.returncode}; with genesis, roster, policy and database all "
            f"of his own it runs and takes his {xem(loot)} XEM without approvals, and stays at '{state}' for three "
            f"blocks: A refused {int(after['a']['refused']) - int(before['a']['refused'])} times, no signature left")


def bad_policies(body):
    """(words, field named, body) of policies that say too little or too much."""
    for name in sorted(body):
        if name != "genesis":
            yield f"{name} missing", name, {k: v for k, v in body.items() if k != name}
    for name in ("payment_max", "hour_max", "day_max", "fee_max", "till_max", "unapproved_day_max"):
        for value in ("", "0", "-1", "1.5", "1e9", 5, "9" * 40):
            yield f"{name} {value!r}", name, dict(body, **{name: value})
    yield "no tiers", "approval_tiers", dict(body, approval_tiers=[])
    yield "falling tiers", "approval_tiers", dict(body, approval_tiers=list(reversed(body["approval_tiers"])))
    yield "unknown key", "pyament_max", dict(body, pyament_max="1")
    yield "unknown asset", "asset", dict(body, asset="nem:dollar")
    yield "version of another type", "number", dict(body, number="1")


@attack("T29", "a policy that says too little", "policy-2")
def fail_open(rig):
    w = rig.fresh(server=True)
    for name in ("kuramorid", "signer-a", "watcher-1"):
        w.group[name].stop()
    cases = list(bad_policies(w.policy.body))
    named = tried = 0
    for n, (words, field, body) in enumerate(cases):
        pairs, _ = documents_with(w, w.folder / "bad" / str(n), policy_body={k: v for k, v in body.items()})
        programs = [("kuramorid", "kuramorid")]
        if n % 4 == 0:
            programs += [("kuramori-signer", "signer-a"), ("kuramori-watch", "watcher-1")]
        for program, folder in programs:
            tried += 1
            conf = configured(w, program, folder, "bad", **pairs)
            code, text = starts(w, program, conf)
            must(code not in (0, None, -9, -11, 70), f"{program} with {words}: exit code {code}", text[-300:])
            named += field in text
    rig.spoiled()
    must(named >= len(cases), "the field is not named", named)
    return (f"{len(cases)} policies with a missing field, an empty, zero, negative or huge cap, a wrong type, an unknown key or asset, no tiers, each with a "
            f"genesis that names it: kuramorid (for every fourth also a signer and a watcher) refuses to start, the field "
            f"named in {named} of {tried} answers")


def starts(world, program, conf):
    """Runs a program that should not start: (exit code, stderr); None when it became ready."""
    daemon = process.Daemon(f"try-{program}", [world.program(program), "--config", conf], world.place("try"))
    daemon.err_path.unlink(missing_ok=True)
    daemon.start(ready_timeout=None)
    try:
        if program == "kuramori-signer":
            path = world.socket("signer-a", "unlock")
            try:
                with frames.open_client(path, "signer", frames.VERSIONS["signer"], kit.ROOT / "src/ipc/signer.def", wait=3.0) as client:
                    client.call(frames.UNLOCK, [kit.PASSPHRASE.encode()])
            except (OSError, frames.FrameError):
                pass
        try:
            daemon.wait_ready(5.0)
        except process.Failed:
            return daemon.process.returncode, daemon.errors()
        return None, daemon.errors()
    finally:
        daemon.kill()


# ---------------------------------------------------------------- T23, T24, T25, T26, T31: a signer's memory

def pay_one(world, amount=25 * XEM):
    with thief_server(world) as server:
        documents = payment(world, server, amount)
        unit, answer = server.pay(documents[0], (), documents[1], documents[2])
        must(unit is not None, "an honest payment is signed", answer.words())
        return documents, unit


def locked(world, which, timeout=5.0):
    """The words of a signer that has learnt that its journal lacks something."""
    def said():
        status = world.status(f"signer-{which}")
        return status if status["locked"] == "yes" else None
    return process.wait_until(said, timeout, f"signer {which} is locked", 0.02)


def hear_one_watcher(world, only):
    """Stops the watchers 2 and 3, or lets them go on: with one alone a signer learns what it lacks, and not that this is
    all."""
    for n in (2, 3):
        watcher = world.group[f"watcher-{n}"]
        watcher.pause() if only else watcher.go_on()


def back_in_service(world, server, which, items, before):
    """It has caught up without people: the same bytes for what it had signed, and nothing else for that request."""
    world.ready()
    status = world.status(f"signer-{which}")
    must(status["locked"] == "no" and status["frozen"] == "no", "it is not back", status)
    again = server.ask(which, items, timeout=10.0)
    must(again.signed and again.signature.raw == before.signature.raw, "other bytes than before", again.words())
    other = server.attempt(items[1], at=items[2].body["timestamp_nem_s"] + 1)
    refused(server, which, items[:2] + [other] + items[3:], "already-used", "mismatch", what="another attempt of what it had signed")
    return int(status["recalled"].split(",")[0])


@attack("T23", "yesterday's memory", "memory")
def rewind(rig):
    told = []
    for which in "ab":
        w = rig.fresh()
        name = f"signer-{which}"
        pay_one(w)
        w.group[name].stop()
        old = w.folder / "old"
        shutil.copy(w.journal(name), old)
        w.start_signer(which)
        w.ready()
        with thief_server(w) as server:
            items = payment(w, server)
            before = server.ask("a", items)
            must(before.signed, "an honest payment is signed", before.words())
            if which == "b":
                items = [*items, before.attestation, before.signature]
                before = server.ask("b", items)
                must(before.signed, "an honest payment is signed", before.words())
        w.group[name].kill()
        hear_one_watcher(w, True)
        shutil.copy(old, w.journal(name))
        w.start_signer(which)
        started = time.monotonic()
        status = locked(w, which)
        took = time.monotonic() - started
        must(status["signs"].startswith("locked: "), "it does not say why", status)
        with thief_server(w) as server:
            if which == "a":
                refused(server, "a", payment(w, server), "locked", what="a payment from an older memory")
            refused(server, which, items, "locked", what="what it had signed and forgotten")
            hear_one_watcher(w, False)
            recalled = back_in_service(w, server, which, items, before)
        must(recalled == 1, "it has not taken back what it lacked", recalled)
        told.append(f"{which.upper()} locked {1000 * took:.0f} ms after it was ready")
    rig.spoiled()
    return (f"each signer's journal put back to one payment earlier: a watcher shows it a record that it signed itself "
            f"and lacks ({'; '.join(told)}), nothing old or new is signed; when two watchers show no more than what it "
            "has taken back, it gives the same bytes again, refuses another attempt, and nobody had to come")


@attack("T24", "amnesia", "memory")
def amnesia(rig):
    w = rig.fresh()
    with thief_server(w) as server:
        items = payment(w, server)
        before = server.ask("a", items)
        must(before.signed, "an honest payment is signed", before.words())
    w.group["signer-a"].kill()
    w.journal("signer-a").unlink()
    conf = configured(w, "kuramori-signer", "signer-a", "amnesia", journal_create="no")
    code, text = starts(w, "kuramori-signer", conf)
    must(code not in (None, 0) and "journal" in text, "it starts without its journal", (code, text[-300:]))
    must(not w.journal("signer-a").exists(), "it made a journal without being told")
    hear_one_watcher(w, True)
    w.start_signer("a")                     # with journal_create: an empty one
    status = locked(w, "a")
    with thief_server(w) as server:
        answer = refused(server, "a", payment(w, server), "locked", what="a payment without a memory")
        must(status["signs"].startswith("locked: "), "it says that it would sign", status)
        hear_one_watcher(w, False)
        back_in_service(w, server, "a", items, before)
    rig.spoiled()
    return (f"A's journal deleted: A does not start (exit code {code}); told to make a new one it starts locked, because "
            f"the watchers hold a record that it signed, answers {answer.code}, and signs again when it has that back")


@attack("T25", "power cuts around reserve, sign and reply", "memory")
def power_cut(rig):
    w = rig.fresh()
    hands = {x: Hand(rig, f"signer-{x}") for x in "ab"}
    for which in "ab":
        w.group[f"signer-{which}"].kill()
        w.start_signer(which)
    w.ready()
    cuts = 0
    asked = []
    with evil.Server(w) as server:
        for which in "ab":
            for what in (Hand.BEFORE, Hand.AFTER):
                for countdown in (1, 2, 3):
                    documents = payment(w, server)
                    items = documents
                    if which == "b":
                        a = server.ask("a", documents)
                        must(a.signed, "A signs", a.words())
                        items = documents + [a.attestation, a.signature]
                    hands[which].set(what, countdown)
                    first = None
                    try:
                        first = server.ask(which, items, 1.5)
                    except (frames.FrameError, OSError):
                        pass
                    server.close()
                    try:
                        hands[which].off(1.0)
                        cuts += 1
                    except process.subprocess.TimeoutExpired:
                        w.group[f"signer-{which}"].kill()
                        hands[which].set()
                    w.start_signer(which)
                    w.ready()
                    other = server.attempt(documents[1], at=documents[2].body["timestamp_nem_s"] + 1)
                    journalled = documents[2].id in attestations(w, which)
                    if journalled and which == "a":
                        refused(server, "a", documents[:2] + [other], "already-used", what="another attempt after the cut")
                    again = server.ask(which, items)
                    must(again.signed, "the same attempt is signed after the cut", again.words())
                    if first is not None and first.signed:
                        must(first.signature.raw == again.signature.raw and first.attestation.raw == again.attestation.raw,
                             "two different signatures for one attempt")
                    asked.append((which, documents))
    for which in "ab":
        journal = w.journal_of(which)
        attested = [d.body for r, d in journal.documents("attestation") if r.kind == "GUARD_ATTEST"
                    and d.body["signer"] == which]
        subjects = [d["subject"] for d in attested]
        must(len(subjects) == len(set(subjects)), f"signer {which.upper()} attested an attempt twice")
        reserved = sum(r.amount for r in journal.records("GUARD_RESERVE"))
        signed = sum(int(d[1].body["amount"]) for x, d in asked if d[2].id in subjects)
        must(reserved >= signed, "the counter is lower than what was signed", (reserved, signed))
    must(cuts >= 8, "too few cuts hit", cuts)
    rig.spoiled()
    return (f"{cuts} power cuts of A or B before and after the first, second and third sync behind a SIGN: {len(asked)} "
            "payments asked again after the restart, the same bytes each time, another attempt refused as already used, "
            "windows never below what was signed")


@attack("T26", "twin signers", "memory")
def twins(rig):
    w = rig.fresh()
    pay_one(w)
    folder = w.place("signer-a")
    sockets = {name: w.folder / f"twin-{name}" for name in ("server_socket", "stop_socket", "unlock_socket",
                                                            "watcher1_socket", "watcher2_socket", "watcher3_socket")}
    place = w.place("twin")
    user = w.own_user("signer-a", place)
    sockets = {name: place / path.name for name, path in sockets.items()}

    def twin(**changes):
        conf = configured(w, "kuramori-signer", "signer-a", "twin", **sockets, **changes)
        daemon = process.Daemon("twin", [w.program("kuramori-signer"), "--config", conf], w.place("try"))
        daemon.err_path.unlink(missing_ok=True)
        daemon.start(ready_timeout=None)
        with frames.open_client(sockets["unlock_socket"], "signer", frames.VERSIONS["signer"], kit.ROOT / "src/ipc/signer.def", wait=5.0) as link:
            link.call(frames.UNLOCK, [kit.PASSPHRASE.encode()])
        return daemon
    first = twin()
    code = first.wait(5.0)
    must(code != 0 and "busy" in first.errors(), "a second signer opens the same journal", (code, first.errors()[-300:]))
    shutil.copy(folder / "journal", place / "journal")
    if user is not None:
        os.chown(place / "journal", user, user)
    second = twin(journal_file=place / "journal", journal_create="no")
    try:
        second.wait_ready(5.0)
        with thief_server(w) as server, \
                frames.open_client(sockets["server_socket"], "signer", frames.VERSIONS["signer"], kit.ROOT / "src/ipc/signer.def") as link:
            documents = payment(w, server)
            answer = evil.Answer(link.call(frames.SIGN, [d.raw for d in documents]), w.genesis.id)
            must(not answer.signed, "the twin signs", answer.words())
            own = server.ask("a", documents)
            must(own.signed, "the first signer goes on", own.words())
    finally:
        second.kill()
    rig.spoiled()
    return (f"a second A with the same key: on the same journal it ends with code {code} (busy); on a copy it runs, "
            f"but no watcher answers its nonces and it says {answer.code}; the first one goes on signing")


@attack("T31", "the log cannot be written, the witnesses are down", "memory")
def no_log(rig):
    w = rig.fresh()
    hand = Hand(rig, "signer-a")
    w.group["signer-a"].kill()
    w.start_signer("a")
    w.ready()
    with thief_server(w) as server:
        documents = payment(w, server)
        hand.set(Hand.FULL, 1)
        with w.signer("a") as link:
            link.send(frames.SIGN, [d.raw for d in documents])
            must(link.closed_by_peer(5.0), "A answers although its journal is not durable")
    code = w.group["signer-a"].wait(5.0)
    must(code > 0, "A goes on after a failed write", code)
    hand.set()
    w.start_signer("a")
    w.ready()
    # Two of three witnesses stand still.
    for n in (1, 2):
        w.group[f"watcher-{n}"].pause()
    with thief_server(w) as server, w.signer("a") as link:
        more = payment(w, server)
        asked = link.send(frames.SIGN, [d.raw for d in more])
        try:
            items = link.wait_reply(asked, frames.SIGN, 2.0)
            answer = evil.Answer(items, w.genesis.id)
            must(not answer.signed, "a signature left without acknowledgements", answer.words())
        except frames.Timeout:
            pass
        # A freeze needs no witness and no server.
        freeze = w.freeze("officer-1", "the witnesses are silent")
        with w.link("signer-a", "stop") as stop:
            receipt = canon.open_document(stop.call(frames.STOP_PUT, [freeze.raw])[0], w.genesis.id, "receipt")
        must(receipt.body["document"] == freeze.id and w.status("signer-a")["frozen"] == "yes", "the freeze is held")
        refused(server, "a", more, "frozen", what="the waiting payment after the freeze")
    for n in (1, 2):
        w.group[f"watcher-{n}"].go_on()
    w.group["signer-a"].kill()
    w.start_signer("a")
    must(w.status("signer-a")["frozen"] == "yes", "the freeze is forgotten")
    rig.spoiled()
    return (f"the disk full at the journal's sync: A cuts the connection without a byte and ends with code {code}; two "
            "of three watchers silent: two seconds without a signature, while an officer's freeze is taken, receipted and "
            "kept over kill -9")


# ---------------------------------------------------------------- T30

DAY = 24 * 3600


def loosening_by_clocks(w, hands, move, base):
    """A policy that loosens waits an hour: no host's clock alone brings it nearer, or takes it back."""
    two = rules.officers(w, "officer-1", "officer-2")
    wide = rules.next_policy(w, two, payment_max=str(10 ** 13))
    must({rules.put(w, name, wide) for name in hands} == {"receipt"}, "a quorum may propose")

    def alone(seconds, line, words):
        for name, hand in hands.items():
            for moved in (seconds, -seconds):
                hand.set(wall_s=base + moved, mono_s=base if name.startswith("signer") else 0)
                w.wait_blocks(1)
                time.sleep(0.3)
                says = {one: w.status(one) for one in hands}
                wrong = {one: (s["rules"], s["frozen"]) for one, s in says.items()
                         if line not in s["rules"] or s["frozen"] != "no"}
                must(not wrong, f"{words}, with {name}'s clock {moved} s off", wrong)
            hand.set(wall_s=base, mono_s=base if name.startswith("signer") else 0)

    alone(25 * 3600, "policy 1", "a policy that waits is in force, or somebody has frozen")
    base += 2 * 3600
    move(base, base, base, base)
    rules.all_say(w, "by every clock its wait is over", timeout=20.0, rules="policy 2", frozen="no")
    alone(25 * 3600, "policy 2", "a policy that was in force is not, or somebody has frozen")
    return ("a policy that loosens stays out of force, and in force after, with each host's clock alone 25 h ahead and "
            "behind, and nobody freezes")


def people_compare(w, server, ask, listed, fits):
    """No clock renews what nobody approves: only a person who compared the lists does, once. How many
    payments that brought, and the words of what brought none."""
    journal, lines = w.place("people") / "watched", w.place("people") / "listed"

    def day(*words, person="officer-cli", expect=0):
        journal.unlink(missing_ok=True)
        shutil.copyfile(w.journal("watcher-1"), journal)
        return w.cli("day", words[0], str(journal), str(lines), *words[1:], person=person, server=False,
                     secret=w.journal_secret_file("watcher-1"), expect=expect)
    # The thief's payments are missing in the back end's list: the tool names each, and signs nothing.
    lines.write_text("".join(listed[2:]))
    file = w.place("people") / "day.json"
    seen = day("sign", str(file), expect=1)
    must(len(seen["differences"]) == 2 and not file.exists(), "two payments are told, none is signed for", seen)
    must({one["request_id"] for one in seen["differences"]} == {line.split(",")[0] for line in listed[:2]},
         "the two that are missing", seen)
    lines.write_text("".join(listed))
    points = day("compare")
    must(points["same"] and points["payments"] == fits == points["listed"], "the lists agree", points)
    less = str(int(points["a_unapproved"]) - 1)
    wrong = (("an approver's", w.day(points, "approver-1"), "unknown-signer"),
             ("the back end's", w.day(points, "auditor-1", w.keys.backend), "bad-signature"),
             ("an auditor's of another sum", w.day(points, a_unapproved=less), "mismatch"),
             ("of more than was signed", w.day(points, a_sequence=points["a_sequence"] + 9), "mismatch"),
             ("of another genesis", w.day(points, genesis="11" * 32), "other-genesis"),
             ("of nothing compared", w.day(points, a_sequence=0, a_unapproved="0"), "over-cap"))
    for words, one, code in wrong:
        answer = ask(one)
        must(answer.code == code, f"a day that is {words}", answer.words())
    day("sign", str(file))
    good = canon.open_document(file.read_bytes(), w.genesis.id, "day")
    must(good.body["person"] == "officer-cli", "the officer's day", good.body)
    renewed = 0
    while (answer := ask(good)).signed:
        renewed += 1
    must(answer.code == "over-cap" and abs(renewed - fits) <= 1, "one budget for one day", (answer.words(), renewed, fits))
    return renewed, ", ".join(f"{words} {code}" for words, _, code in wrong)


@attack("T30", "clocks moved by a day", "clocks")
def clocks(rig):
    w = rig.fresh()
    names = ["signer-a", "signer-b", "watcher-1", "watcher-2", "watcher-3"]
    hands = {name: Hand(rig, name) for name in names}
    for name in names:
        w.group[name].kill()
    w.start_all(server=False)
    w.ready()
    tier = int(w.policy.body["approval_tiers"][0]["up_to"])
    made = iter(range(1, 1000))

    def move(signers=0, running=0, chain=0, others=0):
        """Offsets in seconds: the signers' wall and running clocks, the chain's, the watchers'."""
        for name, hand in hands.items():
            hand.set(wall_s=signers if name.startswith("signer") else others,
                     mono_s=running if name.startswith("signer") else 0)
        w.dev("clock", offset_s=chain)
        w.wait_blocks(1)
        time.sleep(0.3)

    listed = []  # what the back end knows that it asked for

    def ask(server, wall, *beside):
        request = w.request("c000001", w.keys.outside[4].address(), tier - 1000 - next(made))
        now = kit.now_ms() + wall * 1000
        order = server.order(request, created_ms=now, expires_ms=now + 1_800_000)
        answer = server.ask("a", [request, order, server.attempt(order), *beside])
        if answer.signed:
            listed.append(f"{request.body['request_id']},{request.body['amount']}\n")
        return answer
    told = []
    with thief_server(w) as server:
        # The cap is sent seconds before midnight UTC, and asked for again seconds after it.
        base = DAY - int(time.time()) % DAY - 8
        move(base, base, base, base)
        w.ready()
        signed = 0
        while (answer := ask(server, base)).signed:
            signed += 1
        before = (int(time.time()) + base) % DAY
        must(answer.code == "over-cap" and signed >= 4 and before > DAY - 8, "the window closes before midnight",
             (answer.words(), signed, before))
        base += 20
        hour = 25 * 3600
        for words, signers, running, chain in (
                ("after midnight", base, base, base), ("wall clock +25 h", base + hour, base, base),
                ("wall clock -25 h", base - hour, base, base), ("back again", base, base, base),
                ("wall and running clock +25 h", base + hour, base + hour, base),
                ("chain too, but an hour short of the day", base + hour, base + hour, base + DAY - 3600)):
            move(signers, running, chain, max(base, signers))
            answer = ask(server, signers)
            must(answer.code in ("over-cap", "clock", "stale"), f"{words}: not signed", answer.words())
            told.append(f"{words} {answer.code}")
        rig_day = base + hour
        move(rig_day, rig_day, rig_day, rig_day)
        w.ready()
        answer = ask(server, rig_day)
        must(answer.code == "over-cap", "a day later by every clock the budget is open again", answer.words())
        renewed, by = people_compare(w, server, lambda *beside: ask(server, rig_day, *beside), listed, signed)
    waited = loosening_by_clocks(w, hands, move, rig_day)
    rig.spoiled()
    return (f"the day's budget of the lowest tier used up by {signed} payments {DAY - before} s before midnight UTC, then "
            f"asked again with A's clocks and the chain's moved: {', '.join(told)}; and when wall, running and "
            f"chain clock all say that a day is over, over-cap. Days that renew nothing: {by}; then an officer compared "
            f"the lists and signed: {renewed} more, and not one for the same day again; {waited}")


# ---------------------------------------------------------------- T32

@attack("T32", "log surgery", "log")
def log_surgery(rig):
    w = rig.fresh(server=True)
    for n in range(3):
        request, status, _ = w.withdraw(f"c{n + 20:06d}", (60 + n) * XEM, f"log-{n}")
        must(status == 201, "taken", status)
        w.wait_state(request, ("confirming", "announced"))
    w.dev("hold", hold=True)
    time.sleep(0.3)
    stated = w.get("/v1/audit")
    note = audit.make_checkpoint("attack/kuramorid", stated["journal_records"], bytes.fromhex(stated["journal_root"]),
                                 "auditor-1", w.keys.people["auditor-1"][0])
    for name in list(w.group.daemons):
        if name != "node":
            w.group[name].stop()
    public = w.keys.people["auditor-1"][0].public
    secret = w.journal_secret("kuramorid")
    _, size, root = audit.check_checkpoint(note, public)

    def judged(path):
        """What an auditor with the checkpoint finds: None when all is well."""
        try:
            journal = audit.read_sqlite_journal(path).verify(secret)
        except audit.Objection as problem:
            return str(problem)
        if size not in journal.points:
            return f"{journal.size} records, the checkpoint states {size}"
        return None if journal.points[size][1] == root else "another root than the checkpoint's"
    good = w.journal("kuramorid")
    must(judged(good) is None, "the true log passes", judged(good))
    told = []
    for words, change in (("the last 10 records cut", cut_ten), ("one amount altered", alter_one),
                          ("a record's batch rewritten with a new hash", rehash_one),
                          ("the whole log rewritten and hashed again", rewrite_all)):
        place = w.folder / "surgery"
        shutil.rmtree(place, ignore_errors=True)
        place.mkdir()
        for one in good.parent.glob("journal.db*"):
            if one.is_file():  # what is derived from it stays where it is
                shutil.copy(one, place)
        change(place / "journal.db", secret)
        found = judged(place / "journal.db")
        must(found is not None, f"{words}: nobody notices")
        program = process.run([w.program("kuramori"), "--json", "--journal-secret-file", w.journal_secret_file("kuramorid"),
                               "audit", "verify", place / "journal.db"], expect=None)
        told.append(f"{words}: {'also' if program.returncode != 0 else 'not'} by `kuramori audit verify`")
        must(words.startswith(("the last", "the whole")) or program.returncode != 0,
             f"{words}: the program's own verification passes", program.stdout[-300:])
    rig.spoiled()
    return (f"against a checkpoint of {size} records that an auditor signed before: {'; '.join(told)}; each is "
            "detected by the checkpoint")


def database(path):
    import sqlite3
    return sqlite3.connect(path)


def batches_of(path):
    return audit.read_sqlite_journal(path).batches


def cut_ten(path, _secret):
    """Whole batches from the end, until at least ten records are gone."""
    gone = 0
    with database(path) as db:
        for batch in reversed(batches_of(path)):
            db.execute("DELETE FROM batches WHERE first_sequence = ?", (batch.first,))
            gone += batch.count
            if gone >= 10:
                break


def alter_one(path, _secret):
    batch = batches_of(path)[len(batches_of(path)) // 2]
    records = bytearray(batch.records)
    records[80] ^= 1
    with database(path) as db:
        db.execute("UPDATE batches SET records = ? WHERE first_sequence = ?", (bytes(records), batch.first))


def rehash_one(path, _secret):
    batch = batches_of(path)[len(batches_of(path)) // 2]
    records = bytearray(batch.records)
    records[80] ^= 1
    batch.records = bytes(records)
    with database(path) as db:
        db.execute("UPDATE batches SET records = ?, hash = ? WHERE first_sequence = ?",
                   (batch.records, batch.computed_hash(), batch.first))


def rewrite_all(path, secret):
    """A customer's amount changed early on, then every hash, link and root computed again."""
    previous, tree = audit.ZERO, audit.Tree()
    with database(path) as db:
        for n, batch in enumerate(batches_of(path)):
            records = bytearray(batch.records)
            if n == 1:
                records[80] ^= 1
            batch.records, batch.previous = bytes(records), previous
            for i in range(batch.count):
                tree.append(audit.salted_leaf(secret, batch.first + i, batch.records[i * 128:(i + 1) * 128]))
            batch.root = tree.root()
            batch.hash = previous = batch.computed_hash()
            db.execute("UPDATE batches SET records = ?, previous = ?, hash = ?, root = ? WHERE first_sequence = ?",
                       (batch.records, batch.previous, batch.hash, batch.root, batch.first))


# ---------------------------------------------------------------- T36, T17

@attack("T36", "the recruiter's script: root on the coordinator", "coordinator")
def bought_root(rig):
    w = rig.fresh(server=True)
    w.group["kuramorid"].kill()
    shutil.rmtree(w.place("kuramorid"))
    tries = 0
    with thief_server(w) as server:
        refused(server, "a", payment(w, server, 200_000 * XEM), "approvals-missing", what="outside policy")
        # Silence the watchers: their server sockets, filled and fed with rubbish, for as long as it takes.
        stop, sockets = threading.Event(), []

        def flood():
            while not stop.is_set():
                for name in ("watcher-1", "watcher-2", "watcher-3"):
                    try:
                        one = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
                        one.settimeout(0.2)
                        one.connect(str(w.socket(name, "server")))
                        one.sendall(os.urandom(64))
                        sockets.append(one)
                    except OSError:
                        one.close()
                if len(sockets) > 300:
                    while sockets:
                        sockets.pop().close()
                flood.n += 3
                time.sleep(0.002)
        flood.n = 0
        for name in ("watcher-1", "watcher-2", "watcher-3"):
            # NEXT, HEARTBEAT and ACK have the numbers of EXCLUDE, TALLY and REFILL there, which a watcher takes from the server
            for number in (frames.RECALL, frames.SYNC, frames.SWEEP, frames.SIGN, frames.UNLOCK, 20, 52, 54):
                with w.link(name, "server") as link:
                    link.send(number, [b"{}"])
                    must(link.closed_by_peer(2.0), f"{name} takes message {number} from the server")
                    tries += 1
        thread = threading.Thread(target=flood)
        thread.start()
        time.sleep(0.3)
        theft = thieves.Theft(w)
        try:
            reaction, _ = theft.probe()
        finally:
            stop.set()
            thread.join()
            for one in sockets:
                one.close()
        # Unfreeze: there is nothing that lifts a freeze.
        key = canon.SigningKey(os.urandom(32))
        held = story_b.freezes(w, "a")
        body = dict(held[0].body)
        lifts = [w.freeze("officer-1", "lift", key=key), evil.altered(held[0], "scope", "none"),
                 evil.altered(held[0], "reason", "a mistake")]
        raws = [d.raw for d in lifts] + [d.raw.replace(b'"type":"freeze"', b'"type":"resume"') for d in held]
        for raw in raws:
            for name in ("signer-a", "signer-b"):
                with w.link(name, "server") as link:
                    said = canon.open_document(link.call(frames.STOP_PUT, [raw])[0], None)
                    must(said.type == "refusal", f"{name} takes what should lift a freeze", said.body)
                    tries += 1
        for name in ("signer-a", "signer-b"):
            must(w.status(name)["frozen"] == "yes", f"{name} is not frozen any more")
        refused(server, "a", payment(w, server), "frozen", what="a payment after all that")
    rig.spoiled()
    must(body["scope"] == "all", "the freeze")
    return (f"kuramorid killed and its folder deleted, its sockets used by root: nothing signed outside policy; {flood.n} "
            f"connections of rubbish to the watchers do not keep them from freezing {1000 * reaction:.0f} ms after a "
            f"theft; {tries} messages to silence watchers or lift the freeze refused or cut off, both signers stay frozen")


@attack("T17", "text that is not what it seems", "text")
def hidden_text(rig):
    w = rig.scene("signers")
    place = w.place("text")
    shown = 0
    with thief_server(w) as server:
        for n, message in enumerate((b"\x1b[2J\x1b[1;1Hamount 1 XEM\x1b[8m", "pay \u202e001 to\u202c".encode(),
                                     b"<script>alert(1)</script>", b"\r\namount  1 XEM\r\n", b"\x9b31m", b"\0\xff\xfe")):
            request = w.request("c000007", w.keys.outside[2].address(), 60_000 * XEM, message)
            order = server.order(request)
            path = place / f"{n}.json"
            path.write_bytes(order.raw)
            for flags in ([], ["--json"]):
                done = process.subprocess.run(
                    [w.program("kuramori"), "--config", w.write_cli_config("approver-cli", server=False), *flags, "order",
                     "show", path], stdout=process.subprocess.PIPE, stderr=process.subprocess.PIPE, check=False)
                out = done.stdout
                must(done.returncode == 0 and out.isascii(), "the order is shown in plain characters", (out, done.stderr))
                must(all(32 <= b < 127 or b == 10 for b in out), "a control character reaches the screen", out)
                must(w.keys.outside[2].address().encode() in out.replace(b"-", b"").replace(b" ", b""), "the address", out)
                shown += 1
        # In documents such characters are no text at all, and long ones do not fit.
        codes = []
        for reason in ("a\x1b[2Jb", "a\u202eb", "a\tb", "x" * 501, "x" * 10_240):
            bad = w.freeze("officer-1", "plain")
            raw = raw_with_reason(bad, reason)
            with w.link("signer-a", "stop") as link:
                said = canon.open_document(link.call(frames.STOP_PUT, [raw])[0], None, "refusal")
                codes.append(said.body["code"])
                must(said.body["detail"].isprintable() and len(said.body["detail"]) <= 500, "the refusal repeats it")
        long = w.request("c000007", w.keys.outside[2].address(), 1 * XEM, bytes(10_240))
        order = server.order(long, fee_max=str(4 * XEM))
        codes.append(refused(server, "a", [long, order, server.attempt(order)], what="a message of 10 kB").code)
    must(w.status("signer-a")["frozen"] == "no", "a freeze with bad text was taken")
    return (f"terminal escapes, right-to-left marks, HTML, line breaks and 10 kB as payment message or freeze reason: "
            f"`kuramori order show` prints {shown} times plain ASCII with the full address, signers answer "
            f"{', '.join(codes)}")


def raw_with_reason(freeze, reason):
    """The envelope with any characters in it, signed over just those bytes."""
    body = dict(freeze.body, reason=reason)
    text = json.dumps(body, separators=(",", ":"), sort_keys=True, ensure_ascii=False).encode()
    import hashlib
    head = f"kuramori/freeze/v1\n{body['genesis']}\n".encode()
    identifier = hashlib.sha256(head + text).hexdigest()
    key = canon.SigningKey.named("world 2018 officer-1")
    signature = {"key": key.public_hex, "signature": key.sign_id(identifier).hex()}
    tail = json.dumps([signature], separators=(",", ":"), sort_keys=True).encode()
    return b'{"body":' + text + b',"signatures":' + tail + b',"type":"freeze","version":1}'
