#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Goal: a watcher's key is replaced, and a watcher is added, by the next roster: the machine that has the new key
starts with a journal of its own, learns the roster from the others, and counts as a watcher of k; the one that was
replaced counts for nothing and does not start again; signers start again with sockets for all.

Method: the real signers, watchers and node, k = 2. Roster 2 gives watcher-3 another key and adds watcher-4. Watcher-1 is
stopped before anything is signed under it, so that each signature needs the new watcher-3 or watcher-4.
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
BOTH = ("officer-1", "officer-2")
w = None
new = {name: canon.SigningKey.named(f"new {name}") for name in ("watcher-3", "watcher-4")}
old = None          # the key of watcher-3 by genesis
roster = None       # number 2
held = {}           # watcher: ids of attestations that it acknowledged


def put(name, document):
    with w.link(name) as link:
        return canon.open_document(link.call(frames.STOP_PUT, [document.raw])[0]).type


def rules(name):
    return w.status(name)["rules"]


def ready():
    process.wait_until(lambda: all(w.status(f"signer-{x}").get("signs") == "ready" for x in "ab"), 60, "signers ready")


def paid(amount):
    """A payment that both signers sign; the ids of their attestations."""
    request = w.request("c1", w.keys.outside[0].address(), amount)
    with evil.Server(w) as server:
        order = server.order(request)
        attempt = server.attempt(order)
        a = server.ask("a", [request, order, attempt], 60.0)
        assert a.signed, a.words()
        b = server.ask("b", [request, order, attempt, a.attestation, a.signature], 60.0)
        assert b.signed, b.words()
        w.public.push(server.unit(order, attempt, a, b))
    return [x.attestation.id for x in (a, b)]


def refused(name, words):
    """It does not become ready, and says why."""
    daemon = w.group.daemons[name]
    before = len(daemon.errors())
    w.start_watcher(int(name[-1]), wait=False)
    process.wait_until(lambda: not daemon.alive(), 30, f"{name} ends")
    said = daemon.errors()[before:]
    assert words in said, said


def fresh(which):
    told = w.status(f"signer-{which}")
    return told["watchers_fresh"], told["watchers_needed"]


def calm():
    for name in ("signer-a", "signer-b"):
        assert w.status(name)["frozen"] == "no", name
    for number in range(1, w.settings.watchers + 1):
        if w.group[f"watcher-{number}"].alive():
            told = w.status(f"watcher-{number}")
            assert (told["frozen"], told["thefts"], told["alarms"]) == ("no", "0", "0"), (number, told)


def renew(name, key):
    """A machine made anew: another key, no journal."""
    w.keys.watchers[name] = key
    for file in ("key", "journal"):
        (w.place(name) / file).unlink(missing_ok=True)


def join(name, key, document):
    renew(name, key)
    w.joined_roster = w.place("documents") / f"roster-{document.body['number']}.json"
    w.joined_roster.write_bytes(document.raw)


@tap.test
def a_strange_key_does_not_start():
    w.group["watcher-3"].stop()
    aside = w.place("aside")
    for file in ("key", "journal"):
        (w.place("watcher-3") / file).rename(aside / file)
    renew("watcher-3", new["watcher-3"])
    refused("watcher-3", "joined_roster_file")
    renew("watcher-3", old)
    for file in ("key", "journal"):
        (aside / file).rename(w.place("watcher-3") / file)
    w.start_watcher(3)


@tap.test
def the_old_key_counts_until_then():
    global roster
    watchers = [dict(one, key=new["watcher-3"].public_hex) if one["id"] == "watcher-3" else one
                for one in w.roster.body["watchers"]]
    watchers.append({"id": "watcher-4", "key": new["watcher-4"].public_hex})
    roster = canon.Document("roster", dict(w.roster.body, number=2, previous=w.roster.id, watchers=watchers,
                                           watchers_needed=3))
    roster.sign(*[w.keys.people[name][0] for name in BOTH])
    assert put("watcher-1", roster) == "receipt"
    for name in ("signer-a", "signer-b", "watcher-2", "watcher-3"):
        process.wait_until(lambda n=name: w.status(n)["waiting"] != "none", 30, f"{name}: roster 2 waits")
    ready()
    for name in ("signer-a", "signer-b", "watcher-1", "watcher-2", "watcher-3"):
        process.wait_until(lambda n=name: rules(n) == "roster 2 policy 1", 90, f"{name}: roster 2 is in force")


@tap.test
def replaced_it_counts_for_nothing():
    assert w.status("watcher-3")["stands"] == "no" and w.status("watcher-1")["stands"] == "yes"
    for which in "ab":
        process.wait_until(lambda x=which: fresh(x) == ("2", "3"), 60, f"signer {which} counts two of three")
    w.group["watcher-3"].stop()
    refused("watcher-3", "our key stands there no more")
    # nor with a journal that knows nothing: it starts, learns, and counts for nothing
    (w.place("watcher-3") / "journal").rename(w.place("aside") / "journal")
    w.start_watcher(3)
    process.wait_until(lambda: w.status("watcher-3")["stands"] == "no", 90, "it learns that it is replaced")
    assert all(fresh(which) == ("2", "3") for which in "ab")
    w.group["watcher-3"].stop()
    refused("watcher-3", "our key stands there no more")


@tap.test
def a_roster_that_nobody_signed_makes_no_watcher():
    foe = canon.SigningKey.named("foe")
    watchers = [dict(one, key=foe.public_hex) if one["id"] == "watcher-3" else one
                for one in roster.body["watchers"]]
    forged = canon.Document("roster", dict(roster.body, number=3, previous=roster.id, watchers=watchers)).sign(foe)
    join("watcher-3", foe, forged)
    w.start_watcher(3)
    process.wait_until(lambda: rules("watcher-3") == "roster 2 policy 1", 90, "it has roster 2")
    assert w.status("watcher-3")["stands"] == "no"
    assert all(fresh(which) == ("2", "3") for which in "ab")
    w.group["watcher-3"].stop()


@tap.test
def with_the_new_key_it_counts():
    join("watcher-3", new["watcher-3"], roster)
    w.start_watcher(3)
    process.wait_until(lambda: rules("watcher-3") == "roster 2 policy 1", 90, "watcher 3 has roster 2")
    assert w.status("watcher-3")["stands"] == "yes"
    ready()
    ids = paid(200 * XEM)
    process.wait_until(lambda: w.status("watcher-3")["payments"] == "1", 60, "watcher 3 has judged it")
    height = w.public.height()
    process.wait_until(lambda: int(w.status("watcher-3")["height_0"]) > height, 60, "watcher 3 has read the chain")
    calm()
    held["watcher-3"] = ids


@tap.test
def one_that_is_added_counts():
    for which in "ab":
        w.group[f"signer-{which}"].stop()
    for which in "ab":      # with three sockets for four watchers
        w.start_signer(which)
    process.wait_until(lambda: all(fresh(x) == ("3", "3") for x in "ab"), 60, "three watchers suffice")
    w.settings.watchers = 4
    for which in "ab":
        w.group[f"signer-{which}"].stop()
    for which in "ab":
        w.start_signer(which)
    join("watcher-4", new["watcher-4"], roster)
    w.start_watcher(4)
    process.wait_until(lambda: w.status("watcher-4")["stands"] == "yes", 90, "watcher 4 has roster 2")
    process.wait_until(lambda: all(fresh(x) == ("4", "3") for x in "ab"), 60, "four watchers")
    w.group["watcher-1"].stop()
    ready()
    ids = paid(300 * XEM)       # the words of both that are new
    process.wait_until(lambda: w.status("watcher-4")["payments"] == "2", 60, "watcher 4 has judged both payments")
    height = w.public.height()
    process.wait_until(lambda: int(w.status("watcher-4")["height_0"]) > height, 60, "watcher 4 has read the chain")
    calm()
    held["watcher-3"] += ids
    held["watcher-4"] = held["watcher-3"]


@tap.test
def started_again_it_is_who_it_was():
    w.group["watcher-3"].stop()
    w.joined_roster = None
    refused("watcher-3", "joined_roster_file")      # the first roster still has another key
    w.joined_roster = w.place("documents") / "roster-2.json"
    w.start_watcher(3)
    ready()
    paid(50 * XEM)
    w.group.stop()
    for name, ids in held.items():
        journal = audit.read_file_journal(w.journal(name)).verify()
        records = [r.id for r in journal.records("WATCH_ATTEST")]
        assert all(bytes.fromhex(one)[:16] in records for one in ids), name


def start():
    global w, old
    kit.POLICY.update(loosening_ms=LOOSENING_S * 1000)
    w = kit.World(process.temp_dir("kk-"), BUILD, kit.Settings(boxes=1, purses=1, quiet_blocks=5, block_ms=1000))
    old = w.keys.watchers["watcher-3"]
    w.ceremony()
    w.write_documents(w.seal_signers())
    w.start_all(server=False)
    ready()


def end():
    w.group.kill()


if __name__ == "__main__":
    tap.run(start, end)
