#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Goal: an exchange is founded with the tool alone, out of what the machines' own programs print, to the very
bytes that another implementation makes; nothing is written over, the same words find what they made; and who
founds cannot slip in a key, a name, a threshold or a network that is none.

Method: a world of the kit, whose documents are made a second time by words; a batch of accounts by
kuramori-cold; then each thing that a founder, or somebody on his way, would try.
"""
import json
import os
import random
import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parents[3]
sys.path.insert(0, str(ROOT / "tests/kit"))

import canon  # noqa: E402
import ceremony  # noqa: E402
import nem  # noqa: E402
import process  # noqa: E402
import tap  # noqa: E402
import world  # noqa: E402

BUILD = Path(os.environ.get("KURAMORI_BUILD", ROOT / "build"))
named, key = canon.SigningKey.named, nem.KeyPair.named
ROLLS = "".join(random.Random(7).choices("123456", k=120))
PEOPLE = {"aiko": "officer,approver", "bunta": "officer", "chie": "approver", "daigo": "auditor"}
NEMESIS = "11" * 32
MAIN1 = "438cf6375dab5a0d32f9b7bf151d4539e00a590f7c022d5572c7d41815a24be4"


def place(name):
    path = rig.folder / name
    path.mkdir(parents=True, exist_ok=True)
    return path


def run(*words, expect=0, options=()):
    """What it prints, or with another exit code its complaint."""
    done = process.run([rig.program("kuramori"), *options, *words], expect=expect, timeout=60.0)
    return done.stdout if expect == 0 else done.stderr


def roster_words(**changes):
    """name: words (a list)."""
    words = {name: [f"person={name}:{roles}:{named(name).public_hex}"] for name, roles in PEOPLE.items()}
    words |= {f"w{n}": [f"watcher=watch-{n}:{named(f'watch {n}').public_hex}"] for n in "xyz"}
    words |= {x: [f"signer={x}:{named('attest ' + x).public_hex}:{key('chain ' + x).public_hex}"] for x in "ab"}
    words |= {"shop": [f"backend=shop:{named('shop').public_hex}"], "governance": ["governance=2"], "needed": ["watchers_needed=2"]}
    return [word for group in {**words, **changes}.values() for word in group]


def policy_words(**changes):
    words = dict(payment_max="4000XEM", hour_max="10000XEM", day_max="20000XEM", unapproved_day_max="500XEM", unlisted_max="4000XEM",
                 till_max="100000XEM", fee_max="5XEM", fee_bp_max="1000000", attempt_life_s="1h", clock_skew_ms="10min",
                 destination_cooling_ms="0s", destination_kinds="purse,customer", grant_life_max_ms="0s", heartbeat_age_ms="5s",
                 hot_ceiling_bp="500", loosening_ms="1d", order_life_ms="1h")
    words.update(changes)
    return [f"{name}={value}" for name, value in words.items()] + ["tier=100XEM:0:0s", "tier=1000.5XEM:1:1min", "tier=4000XEM:2:10min"]


def genesis_words(folder, *more, network="testnet", nemesis=NEMESIS):
    """In place of these what `more` says of the same."""
    words = [f"nemesis={nemesis}", f"roster={folder / 'roster'}", f"policy={folder / 'policy'}", "holders=3", "needed=2"]
    said = {word.split("=")[0] for word in more}
    return [f"network={network}", *(word for word in words if word.split("=")[0] not in said), *more]


def drafts(name):
    folder = place(name)
    run("roster", "make", folder / "roster", *roster_words())
    run("policy", "make", folder / "policy", *policy_words())
    return folder


def accounts(n=1):
    """hot, box words of accounts that are nobody's."""
    return [f"hot=till:{key('till').public_hex}:{key('spare').address()}"] + [f"box={key(f'box {i}').address()}" for i in range(n)]


@tap.test
def everybody_finds_his_own_key():
    """A person, a watcher, a back end; whose key was swapped is told to stop. And what each draft says is next."""
    folder = place("own")
    (folder / "words").write_text("six words that stand nowhere else\n")
    (folder / "words").chmod(0o400)
    secret = ["--passphrase-file", folder / "words"]
    made = {name: json.loads(run("key", "new", folder / name, options=["--json", *secret]))["public_key"] for name in ("aiko", "watch-x", "shop", "thief")}
    person = next(w for w in roster_words() if w.startswith("person=aiko:")).rsplit(":", 1)[0]
    said = run("roster", "make", folder / "roster", *roster_words(aiko=[f"{person}:{made['aiko']}"], wx=[f"watcher=watch-x:{made['watch-x']}"],
                                                                  shop=[f"backend=shop:{made['shop']}"]))
    assert "compares his own lines" in said, said
    said = run("policy", "make", folder / "policy", *policy_words())
    assert "kuramori policy check" in said and "his own lines" not in said, said
    said = run("policy", "make", folder / "bad", *[w for w in policy_words() if not w.startswith("tier=")], expect=3)
    assert "tier=" in said and not (folder / "bad").exists(), said
    said = run("genesis", "make", folder / "made", *genesis_words(folder, *accounts()))
    assert "address of hot account 1: " in said and key("till").address() in said.replace("-", ""), said
    known = ["--genesis-file", folder / "made/genesis", "--roster-file", folder / "made/roster", *secret]
    for name in ("aiko", "watch-x", "shop"):
        said = run("key", "check", options=[*known, "--person", name, "--key-file", folder / name])
        assert f"is that of {name} on roster number 1" in said, said
        for key_file in ("thief", "aiko" if name != "aiko" else "shop"):
            said = run("key", "check", options=[*known, "--person", name, "--key-file", folder / key_file], expect=1)
            assert "not that of " + name in said and "Stop, and tell everybody" in said, said
    # a watcher's key is checked, and signs nothing that people sign
    run("roster", "next", folder / "next", "governance=1", options=known)
    said = run("roster", "propose", folder / "next", options=[*known, "--person", "watch-x", "--key-file", folder / "watch-x"], expect=1)
    assert "no officer" in said, said


@tap.test
def the_kits_world_to_the_byte():
    """Security keys, price sources, several hot accounts: all of it out of words, the hash of block 1 from the node."""
    rig.found()
    before = {p: p.stat().st_mtime_ns for p in (rig.folder / "founded/made").iterdir()}
    rig.found()
    assert len(before) == 3 and before == {p: p.stat().st_mtime_ns for p in before}, "the same words write nothing"


@tap.test
def nothing_is_written_over():
    folder = drafts("over")
    kept = (folder / "roster").read_bytes()
    words = run("roster", "make", folder / "roster", *roster_words(governance=["governance=1"]), expect=1)
    assert "nothing is written over it" in words and (folder / "roster").read_bytes() == kept, words
    said = run("genesis", "make", folder / "made", *genesis_words(folder, *accounts()))
    assert "PRACTICE: testnet" in said and "words   1  " in said and "kuramori key check" in said, said
    files = {p.name: p.read_bytes() for p in (folder / "made").iterdir()}
    run("genesis", "make", folder / "made", *genesis_words(folder, *accounts(2)), expect=1)
    assert {p.name: p.read_bytes() for p in (folder / "made").iterdir()} == files and sorted(files) == ["genesis", "policy", "roster"]
    # one of three is another's: none is written
    torn = place("torn")
    (torn / "policy").write_bytes(b"{}")
    run("genesis", "make", torn, *genesis_words(folder, *accounts()), expect=1)
    assert [p.name for p in torn.iterdir()] == ["policy"]
    # the reader of every other program takes them
    genesis = canon.open_document(files["genesis"], None, "genesis")
    roster = canon.open_document(files["roster"], genesis.id, "roster")
    policy = canon.open_document(files["policy"], genesis.id, "policy")
    assert genesis.body["roster"] == canon.first_id("roster", dict(roster.body, genesis=canon.ZERO_ID))
    assert policy.body["approval_tiers"][1] == {"approvals": 1, "delay_ms": 60000, "up_to": "1000500000"}
    assert policy.body["destination_kinds"] == ["customer", "purse"] and policy.body["loosening_ms"] == 86400000


@tap.test
def a_roster_that_nobody_should_found():
    folder = place("rosters")
    thief = named("thief").public_hex
    person = lambda name, of, roles="approver": [f"person={name}:{roles}:{named(of).public_hex}"]
    cases = [  # one person twice, one key twice, a name like another's, no key, mistyped, nobody reaches it
        (3, dict(chie=person("aiko", "chie")), "aiko stands twice"), (3, dict(chie=person("chie", "aiko")), "a key stands twice"),
        (3, dict(chie=[f"person=chie:approver:{key('chain a').public_hex}"]), "a key stands twice"),
        (1, dict(chie=person("A1ko", "chie")), "look alike"), (1, dict(wx=[f"watcher=AIKO:{thief}"]), "look alike"),
        (3, dict(chie=["person=chie:approver:" + "00" * 32]), "chie"), (3, dict(chie=["person=chie:approver:02" + "00" * 31]), "chie"),
        (3, dict(chie=["person=chie:approver:" + thief[:-1]]), "key"), (3, dict(chie=["person=chie:approver:" + thief.upper()]), "key"),
        (3, dict(chie=["person=chie:king:" + thief]), "roles"), (3, dict(chie=["person=chie:approver,approver:" + thief]), "roles"),
        (1, dict(governance=["governance=3"]), "governance"), (3, dict(governance=["governance=9"]), "governance"),
        (3, dict(governance=[]), "governance"), (3, dict(needed=["watchers_needed=1"]), "watchers_needed"),
        (3, dict(needed=["watchers_needed=4"]), "watchers_needed"), (3, dict(b=[]), "signers"),
        (1, dict(x=["software_approvals=no"]), "security key"), (3, dict(x=["governance=2"]), "stands twice"),
        (2, dict(x=["guvernance=2"]), "guvernance"), (2, dict(x=["number=7"]), "number"), (2, dict(x=["previous=" + thief]), "previous"),
        (2, dict(x=["genesis=" + thief]), "genesis"), (2, dict(x=["recovery=yes"]), "recovery"), (2, dict(x=["watchers"]), "NAME=VALUE"),
        (3, dict(x=["person=a\u202eb:auditor:" + thief]), ""), (3, dict(x=["person=a\x1b[2Jb:auditor:" + thief]), ""),
        (3, dict(x=["person=a b:auditor:" + thief]), ""), (3, dict(x=["person=a:auditor:" + thief]), "twice"), (3, dict(a=[], b=[], x=["backend=b:" + thief]), "signers"),
        (1, dict(x=["person=governance:officer:" + thief, "backend=Govern-ance:" + key("t").public_hex]), "look alike"),
        (2, dict(x=["passkey=aiko:es256:aa"]), "passkey"), (3, dict(x=["passkey=hana:es256:aa:bb"]), "person="),
        (3, dict(x=["prices_needed=1"]), "prices_needed"), (1, dict(x=["gone=hana"]), "nobody of this name"),
    ]
    for code, changes, said in cases:
        words = run("roster", "make", folder / "roster", *roster_words(**changes), expect=code)
        assert said in words and not (folder / "roster").exists(), (changes, words)
        assert "\x1b" not in words and "\u202e" not in words, words
    # no text at all, in words and in a file of them
    for bad in (b"person=h\xffna:auditor:", b"person=h\x1b]0;x\x07:auditor:", b"\xed\xa0\x80=1", b"origin=\x00", b"governance=\x85", "governance=\u202e2".encode(), "w\u200batcher=".encode()):
        (folder / "words").write_bytes("\n".join(roster_words()).encode() + b"\n" + bad + thief.encode() + b"\n")
        words = run("roster", "make", folder / "roster", "@" + str(folder / "words"), expect=3)
        assert "word 13" in words and "\x1b" not in words and not (folder / "roster").exists(), words
    run("roster", "make", folder / "roster", *roster_words(x=["@" + str(folder / "absent")]), expect=1)


@tap.test
def a_policy_that_nobody_should_found():
    folder = place("policies")
    for code, changes, said in (
            (3, dict(payment_max="4000"), "unit"), (3, dict(payment_max="4000xem"), "unit"), (3, dict(payment_max="1.0000001XEM"), "unit"),
            (3, dict(payment_max="-1XEM"), "unit"), (3, dict(payment_max="1,000XEM"), "unit"), (3, dict(loosening_ms="86400000"), "unit"),
            (3, dict(loosening_ms="1 d"), "unit"), (3, dict(attempt_life_s="1500ms"), "seconds"), (3, dict(hot_ceiling_bp="5%"), "number"),
            (3, dict(hot_ceiling_bp="10001"), "hot_ceiling_bp"), (1, dict(payment_max="0XEM"), "payment_max"), (3, dict(asset="btc"), "asset"),
            (3, dict(destination_kinds="customer,thief"), "destination_kinds"), (2, dict(tier="100XEM"), "AMOUNT:APPROVALS:DURATION"),
            (3, dict(tier="100:1:1s"), "unit"), (3, dict(tier="100XEM:x:1s"), "approvals")):
        words = run("policy", "make", folder / "policy", *policy_words(**changes), expect=code)
        assert said in words and not (folder / "policy").exists(), (changes, words)
    # a tier for which there are not people enough shows when genesis puts both together
    run("policy", "make", folder / "policy", *policy_words(), "tier=4001XEM:3:20min")
    run("roster", "make", folder / "roster", *roster_words())
    words = run("genesis", "make", folder / "made", *genesis_words(folder, *accounts()), expect=1)
    assert "more approvals than there are approvers" in words and not (folder / "made").exists(), words


@tap.test
def a_genesis_that_nobody_should_found():
    folder = drafts("geneses")
    mistyped = nem.KeyPair.named("box 0")
    hot, *box = accounts()
    chain_a = key("chain a").public_hex
    for code, words, said in (
            (2, [w for w in genesis_words(folder, *accounts()) if not w.startswith("network=")], "network="),
            (2, [w for w in genesis_words(folder, *accounts()) if not w.startswith("nemesis=")], "nemesis="),
            (2, [w for w in genesis_words(folder, *accounts()) if not w.startswith("roster=")], "roster=FILE"),
            (3, genesis_words(folder, *accounts(), network="mainnet", nemesis=MAIN1), ""),        # staging's addresses
            (1, genesis_words(folder, *accounts(), network="mainnet"), "another chain"),          # staging's chain
            (1, genesis_words(folder, *accounts(), nemesis=MAIN1), "practice"),                   # production's chain in staging
            (2, genesis_words(folder, *accounts(), network="main"), "mainnet"), (3, genesis_words(folder, *accounts(), "network=testnet"), "twice"),
            # of two the last would count, and the first be read
            *((3, [*genesis_words(folder, *accounts()), again], "twice") for again in (
                f"roster={folder / 'roster'}", f"policy={folder / 'other'}", f"nemesis={NEMESIS}", "holders=3", "needed=3")),
            (3, genesis_words(folder, hot, *box, *box), "boxes"), (1, genesis_words(folder, hot, *box, f"box={key('spare').address()}"), "twice"),
            (1, genesis_words(folder, hot, *box, f"box={key('till').address()}"), "twice"),
            (1, genesis_words(folder, hot), "boxes"), (1, genesis_words(folder, *box), "hot"),
            (3, genesis_words(folder, *box, f"hot=till:{chain_a}:{key('spare').address()}"), "hot account"),
            (3, genesis_words(folder, hot, "box=" + mistyped.address()[:-1] + ("A" if mistyped.address()[-1] != "A" else "B")), ""),
            (3, genesis_words(folder, hot, *box, "needed=4"), "recovery"), (3, genesis_words(folder, hot, *box, "needed=1"), "recovery"),
            (3, genesis_words(folder, hot, *box, "boxes=3"), "list"), (2, genesis_words(folder, hot, *box, "chain_network=1"), "chain_network"),
            (3, genesis_words(folder, *box, f"hot=till:{key('t').public_hex}"), "list"),
            (3, genesis_words(folder, *box, f"hot=vault:{key('t').public_hex}:{key('spare').address()}"), "kind")):
        said_words = run("genesis", "make", folder / "made", *words, expect=code)
        assert said in said_words and not (folder / "made").exists(), (words, said_words)
    # a roster of another genesis is no first roster; nor is a policy one
    run("genesis", "make", folder / "made", *genesis_words(folder, *accounts()))
    for swap in (f"roster={folder / 'made/roster'}", f"policy={folder / 'roster'}"):
        run("genesis", "make", folder / "again", *genesis_words(folder, *accounts(), swap), expect=3)
    assert not (folder / "again").exists()


@tap.test
def the_batch_of_a_machine_without_network():
    folder = drafts("batch")
    argv = [rig.program("kuramori-cold"), "--network-is-up-and-i-know", "yes", "--key-file", folder / "batch", "--list-file", folder / "list"]
    ceremony.typed(argv + ["accounts", "6", "testnet"], [ROLLS, "a passphrase of many words", "a passphrase of many words"], 0)
    listed = [line.split(" ") for line in (folder / "list").read_text().splitlines()]
    hot = [f"hot=till:{key('till').public_hex}", f"hot=purse:{key('purse').public_hex}"]
    words = genesis_words(folder, f"list={folder / 'list'}", hot[0], "boxes=2", hot[1], "boxes=1")
    complaint = run("genesis", "make", folder / "made", *words, expect=3)
    assert "5 accounts of the list are used and it has 6" in complaint, complaint
    run("genesis", "make", folder / "made", *words, "spares=1")
    body = canon.open_document((folder / "made/genesis").read_bytes(), None, "genesis").body
    address = [a for a, _ in listed]
    assert body["boxes"] == [address[1], address[2], address[4]] and body["spares"] == [address[0], address[3], address[5]]
    assert [h["spare"] for h in body["hot"]] == [address[0], address[3]]
    # somebody changes the list on its way: another key, another address, another network's
    for line, code in ((f"{address[0]} {key('thief').public_hex}", 1), (f"{key('thief').address()} {listed[0][1]}", 1), (address[0], 3),
                       (f"{address[0]} {listed[0][1]} {listed[0][1]}", 3)):
        (folder / "other").write_text("\n".join([line] + [" ".join(pair) for pair in listed[1:]]) + "\n")
        run("genesis", "make", folder / "other-made", *genesis_words(folder, f"list={folder / 'other'}", *hot, "boxes=4"), expect=code)
    assert not (folder / "other-made").exists()


def holder(name, of=None, registration=""):
    of = of or name
    return f"holder={name}:{key('cold ' + of).public_hex}:{named('cold ' + of).public_hex}" + (":" + registration if registration else "")


LIMITS = ["limit=20000000XEM", "window_ms=7d", "residue_max=0.1XEM", "tally_age_ms=1d"]
HOLDERS = ("emi", "fumio", "goro")


@tap.test
def the_first_holding_and_the_next():
    folder = drafts("holdings")
    made = folder / "made"
    run("genesis", "make", made, *genesis_words(folder, *accounts()))
    known = ["--genesis-file", made / "genesis", "--roster-file", made / "roster"]
    registration = "ab" * (32 + 3 * 48)
    words = [holder("emi"), holder("fumio", registration=registration), holder("goro"), *LIMITS]
    for code, wrong, said in (
            (1, [*map(holder, HOLDERS[:2]), *LIMITS], "holders"), (3, [holder("emi"), holder("emi"), holder("goro"), *LIMITS], "stands twice"),
            (3, [holder("emi"), holder("hana", "emi"), holder("goro"), *LIMITS], "a key stands twice"),
            (1, [holder("emi"), holder("EM1"), holder("goro"), *LIMITS], "look alike"), (1, [holder("emi"), holder("A1ko"), holder("goro"), *LIMITS], "look alike"),
            (3, [holder("emi"), holder("fumio"), f"holder=goro:{key('chain a').public_hex}:{named('cold goro').public_hex}", *LIMITS], "one hand"),
            (3, [holder("emi"), holder("fumio"), f"holder=goro:{key('cold goro').public_hex}:{named('bunta').public_hex}", *LIMITS], "one hand"),
            (3, [holder("emi", registration="ab" * (32 + 2 * 48)), holder("fumio"), holder("goro"), *LIMITS], "registers again"),
            (1, [*map(holder, HOLDERS), *LIMITS[1:], "limit=0XEM"], "limit"), (3, [*map(holder, HOLDERS), *LIMITS[:3], "tally_age_ms=25h"], "tally_age_ms"),
            (3, [*map(holder, HOLDERS), *LIMITS[:3]], "tally_age_ms"), (2, ["holder=emi:" + "11" * 32], "ATTEST_KEY")):
        complaint = run("holding", "make", folder / "holding", *wrong, expect=code, options=known)
        assert said in complaint and not (folder / "holding").exists(), (wrong, complaint)
    said = run("holding", "make", folder / "holding", *words, options=known)
    assert "kuramori rotate sign" in said and "one holder signs for at most (limit): 20,000,000.000000 XEM" in said, said
    first = canon.open_document((folder / "holding").read_bytes(), canon.open_document((made / "genesis").read_bytes(), None).id, "holding")
    assert first.body["number"] == 1 and first.body["holders"][1]["registration"] == registration
    assert run("holding", "make", folder / "holding", *words, options=known) == said
    # the next one: who goes, who comes, nothing else
    known += ["--holding-file", folder / "holding"]
    run("holding", "next", folder / "next", "gone=emi", holder("hana"), options=known)
    after = canon.open_document((folder / "next").read_bytes(), first.body["genesis"], "holding").body
    assert (after["number"], after["previous"]) == (2, first.id) and [h["id"] for h in after["holders"]] == ["fumio", "goro", "hana"]
    assert after["holders"][0] == first.body["holders"][1] and after["limit"] == first.body["limit"]
    run("holding", "next", folder / "bad", "gone=hana", options=known, expect=1)
    run("holding", "next", folder / "bad", "gone=emi", options=known, expect=1)  # too few control a box then


@tap.test
def the_next_roster_names_the_holders():
    folder = drafts("rosters-next")
    made = folder / "made"
    run("genesis", "make", made, *genesis_words(folder, *accounts()))
    known = ["--genesis-file", made / "genesis", "--roster-file", made / "roster"]
    cold = [f"holder={name}:{named('cold ' + name).public_hex}" for name in HOLDERS]
    run("roster", "next", folder / "next", *cold, options=known)
    genesis = canon.open_document((made / "genesis").read_bytes(), None)
    before = canon.open_document((made / "roster").read_bytes(), genesis.id, "roster")
    after = canon.open_document((folder / "next").read_bytes(), genesis.id, "roster").body
    assert (after["number"], after["previous"]) == (2, before.id) and [h["id"] for h in after["holders"]] == list(HOLDERS)
    assert {**after, "holders": [], "number": 1, "previous": canon.ZERO_ID} == before.body
    for code, words, said in ((1, ["gone=bunta"], "governance"), (1, [f"signer=a:{named('new').public_hex}:{key('chain a').public_hex}"], "signers"),
                              (1, [f"holder=EM1:{named('x').public_hex}", *cold], "look alike"), (3, [f"holder=emi:{named('aiko').public_hex}"], "a key stands twice"),
                              (1, ["gone=nobody"], "nobody")):
        complaint = run("roster", "next", folder / "bad", *words, options=known, expect=code)
        assert said in complaint and not (folder / "bad").exists(), (words, complaint)
    # under a roster that names them, a holding with a swapped attest key is none
    known[3] = folder / "next"
    run("holding", "make", folder / "holding", *map(holder, HOLDERS), *LIMITS, options=known)
    swapped = f"holder=emi:{key('cold emi').public_hex}:{named('thief').public_hex}"
    assert "another attest key" in run("holding", "make", folder / "bad", swapped, *map(holder, HOLDERS[1:]), *LIMITS, options=known, expect=1)
    assert "leaves it first" in run("holding", "make", folder / "bad", holder("hana"), *map(holder, HOLDERS[1:]), *LIMITS, options=known, expect=1)
    run("policy", "next", folder / "policy-2", "payment_max=3999XEM", options=[*known, "--policy-file", made / "policy"])
    two = canon.open_document((folder / "policy-2").read_bytes(), genesis.id, "policy").body
    assert (two["number"], two["payment_max"], two["previous"]) == (
        2, "3999000000", canon.open_document((made / "policy").read_bytes(), genesis.id).id)
    run("policy", "next", folder / "bad", "tier=1XEM:9:0s", options=[*known, "--policy-file", made / "policy"], expect=1)
    assert "policy_file" in run("policy", "next", folder / "bad", "payment_max=1XEM", options=known, expect=2)


@tap.test
def a_founder_who_swaps_a_key():
    """The one whose key it is finds it out, by his own file, before it counts."""
    folder = place("swapped")
    (folder / "passphrase").write_text("a passphrase of many words")
    (folder / "passphrase").chmod(0o400)
    mine = json.loads(run("--json", "key", "new", folder / "aiko.key", options=["--passphrase-file", folder / "passphrase"]))["public_key"]
    for who, code in ((mine, 0), (named("thief").public_hex, 1)):
        at = place(f"swapped/{who[:8]}")
        run("roster", "make", at / "roster", *roster_words(aiko=[f"person=aiko:officer,approver:{who}"]))
        run("policy", "make", at / "policy", *policy_words())
        run("genesis", "make", at / "made", *genesis_words(at, *accounts()))
        said = run("key", "check", expect=code, options=["--genesis-file", at / "made/genesis", "--roster-file", at / "made/roster", "--person",
                   "aiko", "--key-file", folder / "aiko.key", "--passphrase-file", folder / "passphrase"])
        assert ("words   1" in said) if code == 0 else ("is not that of aiko" in said), said
    # nor is a first roster that genesis does not name
    words = run("key", "check", expect=3, options=["--genesis-file", at / "made/genesis", "--roster-file", at / "roster", "--person", "aiko",
                "--key-file", folder / "aiko.key", "--passphrase-file", folder / "passphrase"])
    assert "genesis" in words, words


def start():
    global rig
    rig = world.World(process.temp_dir("kf-"), BUILD, world.Settings(boxes=2, purses=2, watchers=3, quiet_blocks=1, passkeys=True, price_sources=2,
                                                                     more_tills=1, policy={
        "hours": [{"days": 96, "from_minute": 0, "payment_max": "1000000", "to_minute": 1440}],
        "destinations": sorted(({"address": key(n).address(), "name": n} for n in ("partner", "other")), key=lambda d: d["address"]),
        "yen": [{"age_max_ms": 60000, "day_max": "2000000", "hour_max": "1000000", "jump_max_bp": 500}]}))
    rig.ceremony_node()
    rig.write_documents({x: named("attest " + x).public_hex for x in "ab"})


def end():
    rig.group.kill()


if __name__ == "__main__":
    tap.run(start, end)
