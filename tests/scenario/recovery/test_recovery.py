#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Goal: too few officers are left, and as many cold holders as genesis says put others into office, announced, with nobody
saying no, and nothing else changes; no fewer do, nobody else does, and one person or one holder ends it. The server has
no part in it.

Method: node, signers and watchers as they run. Two holders have kuramori-cold and keys of their own; three are the
attacker's, who signs with their keys whatever he likes. The chain's clock stands: no wait ends before the test says so.
"""

import json
import os
import random
import re
import sys
import time
import urllib.request
from pathlib import Path

ROOT = Path(__file__).resolve().parents[3]
sys.path.insert(0, str(ROOT / "tests/kit"))

import attempts  # noqa: E402
import canon  # noqa: E402
import ceremony  # noqa: E402
import frames  # noqa: E402
import nem  # noqa: E402
import process  # noqa: E402
import tap  # noqa: E402
import world as kit  # noqa: E402

BUILD = Path(os.environ.get("KURAMORI_BUILD", ROOT / "build"))
EVERYBODY = attempts.HOLDERS      # of records: signers and watchers
PASSPHRASE = "a passphrase of the test"
LOOSENING_MS = 1000
w = None
folder = None
named = []          # of each holder: {"key", "attest_key"}
foes = {i: canon.SigningKey.named(f"foe {i}") for i in (2, 3, 4)}
new = {f"new-{i}": canon.SigningKey.named(f"new officer {i}") for i in (1, 2)}
roster = None       # in force


def place(name):
    return folder / name


def cold(i, *words, typed=(), expect=0, flags=()):
    own = place(f"holder-{i}")
    own.mkdir(exist_ok=True)
    argv = [w.program("kuramori-cold"), "--network-is-up-and-i-know", "yes",
            "--genesis-file", w.place("documents") / "genesis.json", "--key-file", own / "key",
            "--journal-file", own / "journal", "--seal-ops", "1", "--seal-mem-kib", "8192"]
    if place("holding").exists():
        argv += ["--roster1-file", w.place("documents") / "roster.json", "--roster2-file", place("roster-2"),
                 "--holding-file", place("holding")]
    return ceremony.typed([*argv, *flags, *words], typed, expect)


def kuramori(*words, expect=0):
    """(what it printed, what it complained of)."""
    config = w.write_cli_config("officer-cli", None, server=False)
    done = process.run([w.program("kuramori"), "--config", config, "--roster-file", place("roster-2"), *words],
                       expect=None, timeout=120.0)
    assert done.returncode == expect, (words, done.returncode, done.stdout, done.stderr)
    return done.stdout, done.stderr


def put(name, document):
    """STOP_PUT at one stop socket: "receipt", or the body of the refusal."""
    with w.link(name, "stop") as link:
        answer = canon.open_document(link.call(frames.STOP_PUT, [document.raw])[0])
    return "receipt" if answer.type == "receipt" else answer.body


def everywhere(what, test, timeout=60):
    process.wait_until(lambda: all(test(w.status(name)) for name in EVERYBODY), timeout, what)


def time_passes(rules):
    """Blocks, until these rules are in force everywhere."""
    def moved():
        w.mine(1, 2)
        return all(w.status(name)["rules"] == rules for name in EVERYBODY)
    process.wait_until(moved, 90, rules)


def metric():
    """How many recoveries wait at the server."""
    ask = urllib.request.Request(f"http://127.0.0.1:{w.ports['api']}/metrics",
                                 headers={"Authorization": f"Bearer {w.token}"})
    with urllib.request.urlopen(ask, timeout=15) as answer:
        return int(re.search(r"^kuramorid_recoveries (\d+)$", answer.read().decode(), re.M)[1])


def clocks_agree():
    """Nobody counts from an older block: watchers have read the newest, and no heartbeat from before it is fresh."""
    height = w.dev("state")["height"]
    process.wait_until(lambda: all(w.status(f"watcher-{n}").get("balance_height") == str(height) for n in (1, 2, 3)), 60,
                       "the newest block is read")
    time.sleep(kit.POLICY["heartbeat_age_ms"] / 1000 + 0.5)


def officers(document, *names):
    return document.sign(*(w.keys.people[name][0] for name in names or ("officer-1", "officer-2")))


def people(prefix):
    """Two officers of one's own, and nobody else."""
    return [{"id": f"{prefix}-{i}", "key": canon.SigningKey.named(f"{prefix} {i}").public_hex, "passkeys": [],
             "roles": ["approver", "officer"]} for i in (1, 2)]


def recovery(prefix, **changed):
    return canon.Document("roster", {**roster.body, "number": roster.body["number"] + 1, "previous": roster.id,
                                     "recovery": True, "people": people(prefix), **changed})


def start():
    global w, folder
    top = process.temp_dir()
    os.chmod(top, 0o755)
    (top / "w").mkdir()
    folder = top / "cold"
    folder.mkdir()
    w = kit.World(top / "w", BUILD, kit.Settings(boxes=1, purses=1, policy={"loosening_ms": LOOSENING_MS}))
    w.seal_people((("officer-cli", "approver"),))
    w.ceremony_node()
    w.write_documents(w.seal_signers())
    w.ceremony_chain()
    dice = random.Random(7)
    for i in (0, 1):
        rolls = "".join(dice.choice("123456") for _ in range(100))
        out, _ = cold(i, "init", typed=["same", rolls, PASSPHRASE, PASSPHRASE])
        named.append(ceremony.keys_in(out))
    named.extend({"key": nem.KeyPair.named(f"foe {i}").public_hex, "attest_key": foes[i].public_hex} for i in foes)
    w.start_all(server=False)
    everywhere("nodes are read", lambda s: s.get("node_0", "up") == "up" and s.get("node_1", "up") == "up")
    w.dev("clock", mode="demand")


def stop():
    if w is not None:
        w.stop()


@tap.test
def the_roster_names_its_holders():
    global roster
    holders = [{"id": f"holder-{i}", "key": one["attest_key"]} for i, one in enumerate(named)]
    roster = officers(canon.Document("roster", {**w.roster.body, "holders": holders, "number": 2,
                                                "previous": w.roster.id}))
    place("roster-2").write_bytes(roster.raw)
    holding = canon.Document("holding", {
        "genesis": w.genesis.id,
        "holders": [{"attest_key": one["attest_key"], "id": f"holder-{i}", "key": one["key"], "registration": ""}
                    for i, one in enumerate(named)],
        "limit": "1", "number": 1, "previous": canon.ZERO_ID, "residue_max": "1", "tally_age_ms": 86_400_000,
        "window_ms": 1})
    place("holding").write_bytes(officers(holding).raw)
    assert put("watcher-1", roster) == "receipt"
    time_passes("roster 2 policy 1")
    clocks_agree()


@tap.test
def what_is_no_recovery_is_refused_by_all():
    three = list(foes.values())
    strangers = [canon.SigningKey.named(f"stranger {i}") for i in range(5)]
    others = canon.Document("genesis", dict(w.genesis.body, chain_nemesis="11" * 32))
    dearer = [dict(roster.body["watchers"][0], key=strangers[0].public_hex), *roster.body["watchers"][1:]]
    bad = [(recovery("evil").sign(*three[:2]), "signatures"),
           (officers(recovery("evil").sign(*three[:2])), "signatures"),
           (recovery("evil").sign(*strangers), "signatures"),
           (recovery("evil", recovery=False).sign(*three), "signatures"),
           (recovery("evil", governance=1).sign(*three), "governance"),
           (recovery("evil", watchers=dearer).sign(*three), "watchers"),
           (recovery("evil", holders=roster.body["holders"][2:]).sign(*three), "holders"),
           (recovery("evil", software_approvals=not roster.body["software_approvals"]).sign(*three),
            "software_approvals"),
           (recovery("evil", people=people("evil")[:1]).sign(*three), "governance"),
           (recovery("evil", previous=w.roster.id, number=2, holders=[]).sign(*three), ""),
           (recovery("evil", genesis=others.id).sign(*three), "")]
    for document, field in bad:
        for name in EVERYBODY:
            answer = put(name, document)
            assert answer != "receipt" and field in answer["field"], (name, field, answer)
    place("few").write_bytes(bad[0][0].raw)
    _, err = kuramori("recover", "tell", place("few"), expect=1)
    assert "5 of 5 refused it" in err, err
    # nor does an honest holder's machine sign more than people
    place("more").write_bytes(bad[5][0].raw)
    _, err = cold(0, "endorse", place("more"), typed=[PASSPHRASE, "same"], expect=1,
                  flags=["--endorsed-file", place("no")])
    assert "watchers" in err and not place("no").exists(), err
    everywhere("nothing came of it", lambda s: s["waiting"] == "none" and s["rules"] == "roster 2 policy 1", 5)


@tap.test
def one_holder_ends_what_three_have_signed():
    evil = recovery("evil").sign(*foes.values())
    place("evil").write_bytes(evil.raw)
    assert put("signer-a", evil) == "receipt"      # in secret, as he thinks
    everywhere("it is announced", lambda s: "recovery 3 " + evil.id[:16] in s["waiting"])
    for name in EVERYBODY:
        assert re.search(r"broken \S+ control type=recovery", w.group.daemons[name].errors()), name
    out, _ = cold(0, "refuse", place("evil"), typed=[PASSPHRASE], flags=["--endorsed-file", place("no-0")])
    assert "COMES NEW: evil-1 officer approver" in out and "GOES: officer-1 officer" in out, out
    kuramori("recover", "tell", place("no-0"))
    everywhere("it is ended", lambda s: s["waiting"] == "none")
    # told again it is dead
    kuramori("recover", "tell", place("evil"))
    # the next one is ended by a person of the roster
    again = recovery("again").sign(*foes.values())
    place("again").write_bytes(again.raw)
    kuramori("recover", "tell", place("again"))
    everywhere("it waits", lambda s: "recovery 3 " + again.id[:16] in s["waiting"])
    kuramori("cancel", again.id, "--reason", "nobody asked me")
    everywhere("it is ended", lambda s: s["waiting"] == "none")
    # and long after they are
    w.mine(5, 10)
    clocks_agree()
    everywhere("the old roster rules", lambda s: s["rules"] == "roster 2 policy 1", 5)


@tap.test
def holders_put_others_into_office():
    # one officer is left, who stops everything; no quorum can start it again
    freeze = w.freeze("officer-1", "who did that?")
    assert put("watcher-2", freeze) == "receipt"
    everywhere("frozen", lambda s: s["frozen"] == "yes")
    place("people").write_text(json.dumps([{"id": name, "key": key.public_hex, "passkeys": [],
                                            "roles": ["approver", "officer"]} for name, key in new.items()]))
    out, _ = kuramori("recover", "make", place("next"), place("people"))
    assert "0 holders have signed it, 3 must" in out and "COMES NEW" in out, out
    at = place("next")
    for i in (0, 1):
        _, err = cold(i, "endorse", at, typed=[PASSPHRASE, "no"], expect=None, flags=["--endorsed-file", place("no")])
        assert not place("no").exists(), err
        after = place(f"next-{i}")
        cold(i, "endorse", at, typed=[PASSPHRASE, "same"], flags=["--endorsed-file", after])
        at = after
    _, err = kuramori("recover", "tell", at, expect=1)
    good = canon.open_document(at.read_bytes(), w.genesis.id, "roster").sign(foes[2])
    at.write_bytes(good.raw)
    out, _ = kuramori("recover", "show", at)
    assert "3 holders have signed it, 3 must" in out, out
    kuramori("recover", "tell", at)
    # the attacker's beside it: neither comes into force, however long it takes
    evil = recovery("beside").sign(*foes.values())
    assert put("watcher-3", evil) == "receipt"
    everywhere("both wait", lambda s: s["waiting"].count("waits for the end of another") == 2)
    w.mine(10, 10)
    place("beside").write_bytes(evil.raw)
    cold(1, "refuse", place("beside"), typed=[PASSPHRASE], flags=["--endorsed-file", place("no-1")])
    assert all(w.status(name)["rules"] == "roster 2 policy 1" for name in EVERYBODY)
    kuramori("recover", "tell", place("no-1"))
    time_passes("roster 3 policy 1")
    # nothing is lifted by it, and the old officers lift nothing any more
    assert all(w.status(name)["frozen"] == "yes" for name in EVERYBODY)
    body = {"freezes": [{"id": freeze.id}], "genesis": w.genesis.id, "initiator": "officer-1",
            "nonce": "ab" * 16, "reason": "test", "scope": "all", "struck": [], "time_ms": kit.now_ms()}
    for name in EVERYBODY:
        assert put(name, officers(canon.Document("resume", body)))["field"] == "resume.signatures"
    resume = canon.Document("resume", dict(body, initiator="new-1")).sign(*new.values())
    assert put("watcher-1", resume) == "receipt"
    everywhere("the new officers start again", lambda s: s["frozen"] == "no")


@tap.test
def who_starts_again_knows_it():
    for name in ("signer-b", "watcher-1"):
        w.group.daemons[name].stop()
    w.start_signer("b")
    w.start_watcher(1)
    everywhere("they rule on", lambda s: s["rules"] == "roster 3 policy 1" and s["waiting"] == "none", 30)


@tap.test
def the_server_is_one_more_copy():
    rules = (place("roster-2"), place("next-1"))
    w.dev("clock", mode="demand")
    w.start_server()
    w.chain_is_read()
    for number, path in enumerate(rules, 2):
        status, told, _ = w.api("POST", "/v1/documents", path.read_bytes())
        assert (status, told["state"]) == (200, "waits"), (status, told)
        assert metric() == number - 2, number
        process.wait_until(lambda n=number: [w.mine(1, 2)] and f"roster={n} " in w.group.daemons["kuramorid"].errors(), 60,
                           "in force there, too")
    assert metric() == 0


if __name__ == "__main__":
    tap.run(start, stop)
