#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Goal: the people who hold cold keys change. Their successors' holding is signed by officers and by as many of them as
a recovery needs, every box moves whole into a new one, step after step, and what is emptied stays on watch; an online
side that invents holders of its own gets nowhere.

Method: node, signers and watchers as they run, ten holders with kuramori-cold and keys of their own, `kuramori` as an
officer. Two boxes belong to five holders, two empty ones to five others.
"""

import contextlib
import json
import os
import random
import select
import socket
import sys
import threading
from pathlib import Path

ROOT = Path(__file__).resolve().parents[3]
sys.path.insert(0, str(ROOT / "tests/kit"))

import canon  # noqa: E402
import ceremony  # noqa: E402
import nem  # noqa: E402
import process  # noqa: E402
import tap  # noqa: E402
import vault  # noqa: E402
import world as kit  # noqa: E402

BUILD = Path(os.environ.get("KURAMORI_BUILD", ROOT / "build"))
XEM = kit.XEM
PASSPHRASE = "a passphrase of the test"
OLD, NEW = range(5), range(5, 10)
w = None
folder = None
keys = []      # (key, attest_key) of each holder, in hex
dice_of = []   # and the rolls that made them: practice keys, so that their drills can be written here


class Silent:
    """A watcher's stop socket that is heard of everything but some accounts, each of which is answered so often."""

    def __init__(self, name, of):
        self.upstream, self.of, self.path = w.socket(name, "stop"), dict(of), place(f"silent-{name}")
        self.path.unlink(missing_ok=True)
        self.listener = socket.socket(socket.AF_UNIX)
        self.listener.bind(str(self.path))
        self.listener.listen(8)
        threading.Thread(target=self.serve, daemon=True).start()

    def serve(self):
        with contextlib.suppress(OSError):
            while True:
                client, _ = self.listener.accept()
                with contextlib.suppress(OSError), client, socket.socket(socket.AF_UNIX) as watcher:
                    watcher.connect(str(self.upstream))
                    self.relay(client, watcher)

    def relay(self, client, watcher):
        while True:
            for one in select.select([client, watcher], [], [])[0]:
                data = one.recv(65536)
                asked = [a for a in self.of if a.encode() in data] if one is client else []
                if data == b"" or any(self.of[a] == 0 for a in asked):
                    return
                for a in asked:
                    self.of[a] -= 1
                (watcher if one is client else client).sendall(data)


class Holder:
    """A cold key whose public half alone is known here."""

    def __init__(self, public_hex):
        self.public_hex, self.public = public_hex, bytes.fromhex(public_hex)


def place(name):
    return folder / name


def cold(i, *words, typed=(), expect=0, holding=None, flags=()):
    own = place(f"holder-{i}")
    own.mkdir(exist_ok=True)
    documents = w.place("documents")
    argv = [w.program("kuramori-cold"), "--network-is-up-and-i-know", "yes",
            "--genesis-file", documents / "genesis.json", "--key-file", own / "key", "--journal-file", own / "journal",
            "--seal-ops", "1", "--seal-mem-kib", "8192"]
    if holding is not None:
        argv += ["--roster1-file", documents / "roster.json", "--holding-file", place(holding)]
    return ceremony.typed([*argv, *flags, *words], typed, expect)


def kuramori(*words, expect=0, holding="holding-2", stops=None):
    """(what it printed, what it complained of)."""
    config = w.write_cli_config("officer-cli", stops, server=False)
    done = process.run([w.program("kuramori"), "--config", config, "--holding-file", place(holding), "--drill-folder",
                        place("drills"), *words], expect=None, timeout=120.0)
    assert done.returncode == expect, (words, done.returncode, done.stdout, done.stderr)
    return done.stdout, done.stderr


def holders_make_keys():
    dice = random.Random(11)
    for i in [*OLD, *NEW]:
        rolls = "".join(dice.choice("123456") for _ in range(100))
        out, _ = cold(i, "init", typed=["same", rolls, PASSPHRASE, PASSPHRASE], flags=["--drill", "yes"])
        dice_of.append(rolls)
        one = dict(line.split(" ") for line in out.splitlines() if line.startswith(("key ", "attest_key ")))
        keys.append((one["key"], one["attest_key"]))


def body(who, **changed):
    """A holding of these holders: one signs for 6 million at once."""
    return {"genesis": w.genesis.id,
            "holders": [{"attest_key": keys[i][1], "id": f"holder-{i}", "key": keys[i][0],
                         "registration": ""} for i in who],
            "limit": str(6_000_000 * XEM), "number": 1, "previous": canon.ZERO_ID, "residue_max": str(5 * XEM),
            "tally_age_ms": 86_400_000, "window_ms": 1, **changed}


def drill(i, days=30):
    """The drill of that holder, whose cards bring back what his dice made."""
    now = kit.now_ms()
    return canon.Document("drill", {
        "attest_key": keys[i][1], "genesis": w.genesis.id, "holder": f"holder-{i}", "holding": "ab" * 32, "key": keys[i][0],
        "time_ms": now, "valid_until_ms": now + days * 86_400_000}).sign(vault.Sold(dice_of[i]).attest)


def drills(who):
    """The folder of these holders' drills alone; the files."""
    place("drills").mkdir(exist_ok=True)
    for old in place("drills").iterdir():
        old.unlink()
    for i in who:
        (place("drills") / f"drill-{i}").write_bytes(drill(i).raw)
    return sorted(place("drills").iterdir())


def officers(document):
    return document.sign(*(w.keys.people[name][0] for name in ("officer-1", "officer-2")))


def balance(key):
    return w.public.balance(key.address())


def multisig():
    old, new = ([Holder(keys[i][0]) for i in who] for who in (OLD, NEW))
    mine = {key.public_hex: new for key in w.keys.boxes[2:]}
    return [(key, mine.get(key.public_hex, old) if needed == 3 else cosigners, needed)
            for key, cosigners, needed in kit.Keys.multisig(w.keys)]


def fundings():
    k = w.keys
    return [(k.boxes[0].address(), 5_000_000 * XEM), (k.boxes[1].address(), 3_000_000 * XEM),
            (k.till.address(), 1_000_000 * XEM)] + [(p.address(), 1_000_000 * XEM) for p in k.purses]


def start():
    global w, folder
    top = process.temp_dir()
    os.chmod(top, 0o755)
    (top / "w").mkdir()
    folder = top / "cold"
    folder.mkdir()
    w = kit.World(top / "w", BUILD, kit.Settings(boxes=5, purses=2, spare_extra=1, quiet_blocks=370, block_ms=500))
    w.fundings = fundings
    w.seal_people((("officer-cli", "officer"),))
    w.ceremony_node()
    w.write_documents(w.seal_signers())
    holders_make_keys()
    w.keys.multisig = multisig
    w.ceremony_chain()
    place("holding-1").write_bytes(officers(canon.Document("holding", body(OLD))).raw)
    w.start_all(server=False)
    process.wait_until(lambda: all(w.status(f"watcher-{n}").get("node_0") == "up" and
                                   w.status(f"watcher-{n}").get("node_1") == "up" for n in (1, 2, 3)), 60, "nodes read")


def stop():
    if w is not None:
        w.stop()


def take(i, holding, **more):
    return cold(i, "take", holding=holding, typed=[PASSPHRASE, "same"], **more)


@tap.test
def holders_of_ones_own_are_taken_by_nobody():
    kuramori("rotate", "tell", place("holding-1"), holding="holding-1")
    for i in OLD:
        out, _ = take(i, "holding-1")
        assert "in words" in out and "binds this machine from now on" in out, out
    first = canon.open_document(place("holding-1").read_bytes(), w.genesis.id)
    evil = officers(canon.Document("holding", body(NEW, number=2, previous=first.id)))
    place("evil").write_bytes(evil.raw)
    _, err = kuramori("rotate", "tell", place("evil"), holding="holding-1", expect=4)
    assert "fewer holders" in err, err
    for signed in (evil, evil.sign(*(canon.SigningKey.named(f"mine {i}") for i in range(4)))):
        place("evil").write_bytes(signed.raw)
        _, err = take(0, "evil", expect=1)
        assert "fewer holders" in err, err
    # and what was not taken is not gone by
    _, err = cold(0, "explain", place("evil"), holding="evil", typed=[PASSPHRASE], expect=None)
    assert err, err


@tap.test
def officers_and_holders_sign_the_next_one():
    first = canon.open_document(place("holding-1").read_bytes(), w.genesis.id)
    place("draft").write_text(json.dumps(body(NEW, number=2, previous=first.id), indent=1))
    # another predecessor, another number, no holding before it at all, who is no officer: nobody signs that
    for changes, before, said in ((dict(number=2, previous="22" * 32), "holding-1", ("previous", first.id)),
                                  (dict(number=3, previous=first.id), "holding-1", ("number", "number 2")),
                                  (dict(), "holding-1", ("previous", first.id)),
                                  (dict(number=2, previous=first.id), "absent", ("not there",))):
        place("stray").write_text(json.dumps(body(NEW, **changes), indent=1))
        kept = place("stray").read_bytes()
        _, err = kuramori("rotate", "sign", place("stray"), holding=before, expect=1)
        assert all(x in err for x in said) and place("stray").read_bytes() == kept, (changes, err)
    _, err = kuramori("rotate", "sign", place("draft"), holding="draft", expect=3)
    _, err = kuramori("--person", "approver-1", "rotate", "sign", place("draft"), holding="holding-1", expect=1)
    assert "no officer" in err, err
    out, _ = kuramori("rotate", "sign", place("draft"), holding="holding-1")
    assert "number 2 has your signature" in out and "1 of 2 officers" in out and "the next one" in out, out
    document = canon.open_document(place("draft").read_bytes(), w.genesis.id, "holding")
    document.sign(w.keys.people["officer-1"][0])
    at = place("signed")
    at.write_bytes(document.raw)
    for i in range(3):
        out, _ = cold(i, "endorse", at, holding="holding-1", typed=[PASSPHRASE, "no"], expect=None,
                      flags=["--endorsed-file", place("none")])
        assert "LOOSENS" in out and out.count("COMES NEW") == 5 and out.count("GOES") == 5, out
        assert not place("none").exists()
        after = place(f"signed-{i}")
        cold(i, "endorse", at, holding="holding-1", typed=[PASSPHRASE, "same"], flags=["--endorsed-file", after])
        at = after
    place("holding-2").write_bytes(at.read_bytes())
    # who comes later signs nothing before
    _, err = cold(5, "endorse", at, holding="holding-1", typed=[PASSPHRASE, "same"], expect=None,
                  flags=["--endorsed-file", place("none")])
    assert "does not name this key" in err and not place("none").exists(), err
    kuramori("rotate", "tell", place("holding-2"))
    for i in [*OLD, *NEW]:
        take(i, "holding-2")
    out, _ = cold(0, "journal", holding="holding-2", typed=[PASSPHRASE])
    assert "\nholding 2 " in out and "\nbinds_from " in out, out
    _, err = take(0, "holding-2", expect=1)
    assert "before" in err, err


def plan():
    out, _ = kuramori("--json", "rotate", "plan", f"old={place('holding-1')}")
    return json.loads(out)


def signers(refill):
    public = [c["key"] for c in refill["cosigners"]] + [refill["initiator"]]
    return [next(i for i in range(10) if keys[i][0] == key) for key in public]


def step(number):
    """Plans, signs, announces one step; the refill's body."""
    file = place(f"step-{number}")
    kuramori("rotate", "next", file, f"old={place('holding-1')}")
    refill = canon.open_document(file.read_bytes(), w.genesis.id, "refill").body
    kuramori("tally", place("tallies"), file)
    words = sorted(place("tallies").iterdir())
    assert all(len(canon.open_document(t.read_bytes(), w.genesis.id).body["accounts"]) == 2 for t in words)
    answers, papers = [], drills(NEW)[:3]
    _, err = cold(signers(refill)[0], "sign", file, *words, *papers[1:], holding="holding-2", typed=[PASSPHRASE], expect=1,
                  flags=["--answer-file", place("no")])
    assert "do drills first" in err and not place("no").exists(), err
    for i in signers(refill):
        answers.append(place(f"answer-{number}-{i}"))
        out, _ = cold(i, "sign", file, *words, *papers, *answers[:-1][:2 if len(answers) == 3 else 0], holding="holding-2",
                      typed=[PASSPHRASE, "WORDS"], flags=["--answer-file", answers[-1]])
        assert "a former holder" in out and "our box, number" in out, out
    node = f"node=127.0.0.1:{w.ports['node public']}"
    out, _ = kuramori("refill", "collect", file, *answers, node, f"old={place('holding-1')}")
    assert "stands in block" in out, out
    return refill


@tap.test
def boxes_move_step_after_step():
    old, new = w.keys.boxes[:2], w.keys.boxes[2:]
    said = plan()
    assert said["steps"] == 2 and said["left"] == 8_000_000 * XEM and said["moved"] == 0, said
    assert said["days"] == 3, said      # the same people sign for 6 million at once
    out, _ = kuramori("rotate", "plan", f"old={place('holding-1')}")
    assert "to be moved" in out and "day 0" in out and "day 2" in out, out
    # holders are named who never had a box, and not those who have them: theirs are no strangers' boxes, and are not done
    place("holding-0").write_bytes(officers(canon.Document("holding", body(NEW))).raw)
    _, err = kuramori("rotate", "next", place("no"), f"old={place('holding-0')}", expect=1)
    assert "nothing is left" not in err and "2 accounts are unclear" in err, err
    out, _ = kuramori("rotate", "plan", f"old={place('holding-0')}")
    assert out.count("UNCLEAR: ") == out.count("no holding that was named here") == 2, out
    # not to people who have not tried their cards, or only some of whom have, or others instead of them
    for who in ((), NEW[:2], OLD):
        drills(who)
        _, err = kuramori("rotate", "next", place("no"), f"old={place('holding-1')}", expect=1)
        assert "do drills first" in err and not place("no").exists(), err
    drills(NEW)
    # not into a purse, whoever asks: former holders pay nobody
    _, err = kuramori("refill", "propose", place("no"), f"old={place('holding-1')}", f"box={old[0].address()}",
                      f"to={w.keys.purses[0].address()}", expect=1)
    assert "former holder" in err and not place("no").exists(), err
    # nor into a box of their own, which is as good as the old one
    _, err = kuramori("refill", "propose", place("no"), f"box={old[0].address()}", f"to={new[0].address()}", expect=1)
    assert "no holder" in err, err
    kuramori("refill", "propose", place("own"), f"old={place('holding-1')}", f"box={old[0].address()}",
             f"to={old[1].address()}")
    kuramori("tally", place("tallies"), place("own"))
    who = signers(canon.open_document(place("own").read_bytes(), w.genesis.id).body)[0]
    _, err = cold(who, "sign", place("own"), *sorted(place("tallies").iterdir()), holding="holding-2",
                  typed=[PASSPHRASE], expect=1, flags=["--answer-file", place("no")])
    assert "tally.cosigners" in err and not place("no").exists(), err
    first = step(1)
    assert first["account"] == old[1].public_hex and first["destination"] == new[0].address(), first
    said = plan()
    assert said["steps"] == 1 and said["emptied"] == 1 and said["left"] == 5_000_000 * XEM, said
    # the first step once more, by an old paper: the box is used
    kuramori("tally", place("tallies"), place("step-1"))
    _, err = cold(who, "sign", place("step-1"), *sorted(place("tallies").iterdir()), holding="holding-2",
                  typed=[PASSPHRASE], expect=1, flags=["--answer-file", place("no")])
    assert not place("no").exists(), err
    step(2)
    said = plan()
    assert said["steps"] == 0 and said["left"] == 0 and said["emptied"] == 2, said
    assert balance(old[0]) == balance(old[1]) == 0 and balance(new[0]) + balance(new[1]) == said["moved"]
    # the boxes have moved, and what is hot would still be evacuated to who has gone
    assert said["exposed"] == 3, said
    _, err = kuramori("rotate", "next", place("no"), f"old={place('holding-1')}", expect=1)
    assert "the rotation is not over: 3 hot accounts" in err and not place("no").exists(), err
    out, _ = kuramori("rotate", "plan", f"old={place('holding-1')}")
    assert out.count("EVACUATED TO FORMER HOLDERS") == 3 and out.count("kuramori close") == 3, out
    for n in (1, 2, 3):
        status = w.status(f"watcher-{n}")
        assert status["frozen"] == "no" and status["alarms"] == "0", status


@tap.test
def a_hot_account_is_closed_and_its_spare_box_moves():
    """A purse goes whole to its own spare box, which is the former holders', and on into a new one."""
    purse, spare, new = w.keys.purses[0], w.keys.spares[2], w.keys.boxes[4]
    assert w.genesis.body["hot"][2] == {"kind": "purse", "public_key": purse.public_hex, "spare": spare.address()}
    kuramori("close", purse.address(), "--reason", "its spare box is former holders'")
    process.wait_until(lambda: balance(purse) == 0 and balance(spare) > 900_000 * XEM, 60, "the watchers empty it")
    process.wait_until(lambda: plan()["steps"] == 1, 60, "watchers see its block")
    assert plan()["exposed"] == 2, plan()
    third = step(3)
    assert third["account"] == spare.public_hex and third["destination"] == new.address(), third
    said = plan()
    assert (said["exposed"], said["left"], said["steps"], said["emptied"]) == (2, 0, 0, 3), said


@tap.test
def one_watchers_silence_hides_nothing():
    """Two watchers are heard, as many as must be, and one of them says nothing of what is still former holders'."""
    till, purse = w.keys.till.address(), w.keys.purses[1].address()
    old = f"old={place('holding-1')}"

    def heard(**silent_of):
        """The first question is whether there are enough watchers, and asks for the till."""
        return [w.socket("watcher-1", "stop"), Silent("watcher-2", silent_of).path]

    out, _ = kuramori("--json", "rotate", "plan", old, stops=heard())
    assert json.loads(out)["unclear"] == 0 and json.loads(out)["exposed"] == 2, out
    hidden = {till: 1, purse: 0}
    out, _ = kuramori("--json", "rotate", "plan", old, stops=heard(**hidden))
    assert json.loads(out)["unclear"] == 2 and json.loads(out)["exposed"] == 0, out
    _, err = kuramori("rotate", "next", place("no"), old, stops=heard(**hidden), expect=1)
    assert "nothing is left" not in err and "the rotation is not over: 2 accounts are unclear" in err, err
    out, _ = kuramori("rotate", "plan", old, stops=heard(**hidden))
    assert out.count("UNCLEAR: ") == 2 and "2 accounts are unclear" in out, out
    # nor an emptied box, into which coins may have come
    out, _ = kuramori("--json", "rotate", "plan", old, stops=heard(**{w.keys.boxes[0].address(): 0}))
    assert json.loads(out)["unclear"] == 1, out


@tap.test
def what_was_emptied_stays_on_watch():
    stamp = w.chain_time()
    bank, box = w.keys.bank, w.keys.boxes[0]
    w.send(nem.Transfer(bank.public, box.address(), 10 * XEM, timestamp=stamp, deadline=stamp + 3600).sign(bank))
    process.wait_until(lambda: all(w.status(f"watcher-{n}")["alarms"] == "1" for n in (1, 2, 3)), 30, "it is called")
    assert all(w.status(f"watcher-{n}")["frozen"] == "no" for n in (1, 2, 3))
    # a watcher that starts again calls it no second time
    w.group.daemons["watcher-3"].stop()
    w.start_watcher(3)
    process.wait_until(lambda: w.status("watcher-3").get("node_0") == "up", 30, "it is back")
    assert w.status("watcher-3")["alarms"] == "1", w.status("watcher-3")
    said = plan()
    assert said["steps"] == 0 and said["emptied"] == 3, said


if __name__ == "__main__":
    tap.run(start, stop)
