#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Goal: a batch of accounts becomes boxes: keys made and used once without network, conversions announced, followed
until nothing can undo them, and an account is called a box only then, while drills are valid. Whoever swaps an address,
names another cosigner, or brings drills of others gets no box named and no coin moved.

Method: kuramori-cold and kuramori as they run, a kuramori-node whose blocks come when they are asked for. The batch is
made from dice alone, so that the thief of the batch can be played here, too.
"""

import hashlib
import hmac
import json
import os
import random
import shutil
import sys
import tempfile
import time
from pathlib import Path

ROOT = Path(__file__).resolve().parents[3]
sys.path.insert(0, str(ROOT / "tests/kit"))

import canon  # noqa: E402
import ceremony  # noqa: E402
import devnode  # noqa: E402
import nem  # noqa: E402
import pictures  # noqa: E402
import process  # noqa: E402
import tap  # noqa: E402

XEM = 1_000_000
FEE = XEM // 2
DAY = 86_400_000
PASSPHRASE = "a passphrase of the test"
folder = Path(tempfile.mkdtemp(prefix="prepare-"))
officers = [canon.SigningKey.named(f"prepare officer {i}") for i in (1, 2)]
watchers = [canon.SigningKey.named(f"prepare watcher {i}") for i in (1, 2, 3)]
holders = [(canon.SigningKey.named(f"prepare attest {i}"), nem.KeyPair.named(f"prepare holder {i}")) for i in range(5)]
bank, thief = nem.KeyPair.named("prepare bank"), nem.KeyPair.named("prepare thief")
purse = nem.KeyPair.named("prepare purse")
node = None
keys = []       # of the batch
genesis = None


def place(name):
    return folder / name


def write(name, content):
    place(name).write_bytes(content if isinstance(content, bytes) else content.raw)
    return place(name)


def cold_argv(*words, key="batch", genesis="genesis", holding="holding", unit="unit", next="next"):
    argv = [devnode.program("kuramori-cold"), "--network-is-up-and-i-know", "yes", "--key-file", place(key),
            "--seal-ops", "1", "--seal-mem-kib", "8192", "--drill", "yes", "--list-file", place("list"),
            "--unit-file", place(unit), "--new-key-file", place(next)]
    if place(genesis).exists():
        argv += ["--genesis-file", place(genesis), "--roster1-file", place("roster"), "--holding-file", place(holding)]
    return [*argv, *words]


def cold(*words, typed=(), expect=0, **named):
    return ceremony.typed(cold_argv(*words, **named), typed, expect)


def kuramori(*words, expect=0, flags=(), holding="holding", drills="drills"):
    """(what it printed, what it complained of). expect None: it does not end well."""
    place("kuramori.conf").write_text("".join(f"{name} = {value}\n" for name, value in (
        ("genesis_file", place("genesis")), ("roster_file", place("roster")), ("person", "officer-1"), ("network", "testnet"),
        ("holding_file", place(holding)), ("drill_folder", place(drills)))))
    done = process.run([devnode.program("kuramori"), "--config", place("kuramori.conf"), *flags, *words], expect=None,
                       timeout=100.0, env={**os.environ, "LC_ALL": "C"})
    ended = done.returncode != 0 if expect is None else done.returncode == expect
    assert ended, (words, done.returncode, done.stdout, done.stderr)
    return done.stdout, done.stderr


def at():
    return f"127.0.0.1:{node.public.port}"


def states():
    out, _ = kuramori("--json", "prepare", "status", at())
    return [a["state"] for a in json.loads(out)["accounts"]]


def batch_keys(rolls, n):
    """The batch once more, by what src/cold/cold_account.h says."""
    state = hashlib.sha256(b"kuramori cold drill v1\n" + rolls.encode()).digest()
    out = []
    for _ in range(n):
        out.append(nem.KeyPair(hmac.digest(state, b"kuramori box key v1", "sha256").hex()))
        state = hmac.digest(state, b"kuramori box next v1", "sha256")
    return out


def holding(**changed):
    return canon.Document("holding", {
        "genesis": genesis.id, "holders": [
            {"attest_key": attest.public_hex, "id": f"holder-{i}", "key": chain.public_hex, "registration": ""}
            for i, (attest, chain) in enumerate(holders)],
        "limit": str(XEM), "number": 1, "previous": canon.ZERO_ID, "residue_max": str(5 * XEM), "tally_age_ms": DAY,
        "window_ms": DAY, **changed})


def lines(*transactions):
    return "".join(json.dumps({"data": tx.non_verifiable().hex(), "signature": tx.signature.hex()}) + "\n"
                   for tx in transactions).encode()


def conversion(key, cosigners=None, needed=3, stamp=None, fee=FEE, kind=1, life=86400):
    stamp = stamp or nem.nem_seconds(int(time.time() * 1000)) - 600
    return nem.Modification(key.public, [(kind, c.public) for c in cosigners or [chain for _, chain in holders]], needed,
                            timestamp=stamp, deadline=stamp + life, fee=fee).sign(key)


def pay(key, micro):
    now = node.now()
    answer = node.public.announce(nem.Transfer(bank.public, key.address(), micro, timestamp=now, deadline=now + 3600).sign(bank))
    assert answer["code"] == 1, answer


def start():
    global node
    now = nem.nem_seconds(int(time.time() * 1000))
    node = devnode.DevNode(folder / "node", {bank.address(): 10_000 * XEM}, time=now - 600).start()


def stop():
    if node is not None:
        node.kill()
    shutil.rmtree(folder, ignore_errors=True)


@tap.test
def keys_are_made_before_there_is_a_genesis():
    dice = random.Random(3)
    rolls = "".join(dice.choice("123456") for _ in range(100))
    for words, why in ((("accounts", "0", "testnet"), "1..224"), (("accounts", "225", "testnet"), "1..224"),
                       (("accounts", "7x", "testnet"), "1..224"), (("accounts", "7", "moon"), "1..224")):
        _, err = cold(*words, expect=2)
        assert why in err, err
    _, err = cold("accounts", "7", "testnet", typed=["1" * 100], expect=1)
    assert "dice" in err and not place("batch").exists(), err
    out, _ = cold("accounts", "7", "testnet", typed=[rolls, PASSPHRASE, PASSPHRASE])
    keys.extend(batch_keys(rolls, 7))
    assert place("list").read_text() == "".join(f"{k.address()} {k.public_hex}\n" for k in keys)
    for k in keys:
        assert " ".join(k.address()[i:i + 6] for i in range(0, 40, 6)) in out, out
        assert k.private_hex not in out and bytes.fromhex(k.private_hex) not in place("batch").read_bytes()
    assert "DRILL" in out, out
    cold("accounts", "7", "testnet", typed=[rolls, PASSPHRASE, PASSPHRASE], expect=1)   # never over an old file


def found(name, boxes):
    first, roster = ceremony.first_documents(officers, watchers, keys[0], purse, keys[5], node.nemesis.hex(),
                                             {"holders": 5, "needed": 3})
    document = canon.Document("genesis", {**first.body, "boxes": [a for a in boxes], "spares": [keys[5].address()]})
    write(name, document)
    if name == "genesis":
        write("roster", canon.Document("roster", dict(roster.body, genesis=document.id)))
    return document


@tap.test
def a_swapped_address_is_found_before_anything_is_signed():
    global genesis
    addresses = [k.address() for k in keys[:5]]
    genesis = found("genesis", [*addresses[:1], thief.address(), *addresses[2:]])
    write("holding", holding().sign(*officers))
    out, err = cold("convert", "2", typed=[PASSPHRASE, "same"], expect=1)
    assert "refused: account" in err and "changed the list" in err, err
    assert "   1  " in out and not place("unit").exists() and not place("next").exists(), out
    genesis = found("genesis", addresses)
    write("holding", holding().sign(*officers))


@tap.test
def who_is_no_holder_gets_no_account():
    mine = canon.SigningKey.named("mine"), nem.KeyPair.named("mine")
    evil = [{"attest_key": mine[0].public_hex, "id": "holder-9", "key": mine[1].public_hex, "registration": ""}]
    for body in (holding(holders=holding().body["holders"][:4] + evil), holding(holders=holding().body["holders"][:4])):
        write("evil", body.sign(officers[0], canon.SigningKey.named("nobody")))
        _, err = cold("convert", "2", typed=[PASSPHRASE, "same"], expect=None, holding="evil")
        assert "refused: signatures" in err, err
    # all officers together: the words differ from the other machine's, and who is new is on the screen
    write("evil", holding(holders=holding().body["holders"][:4] + evil).sign(*officers))
    out, err = cold("convert", "2", typed=[PASSPHRASE, "different"], expect=1, holding="evil")
    assert mine[1].public_hex in out and "in words" in out and "nothing was signed" in err, (out, err)
    write("evil", holding(holders=holding().body["holders"][:4]).sign(*officers))
    _, err = cold("convert", "2", typed=[PASSPHRASE, "same"], expect=1, holding="evil")
    assert "as many holders as genesis says" in err, err
    assert not place("unit").exists() and not place("next").exists()
    cold("convert", "2", typed=["another passphrase"], expect=3)


@tap.test
def the_keys_are_used_once():
    out, _ = cold("convert", "4", typed=[PASSPHRASE, "same", "the passphrase of the next", "the passphrase of the next"])
    assert genesis_words(out) and "4 accounts converted" in out and "destroy every copy" in out, out
    unit = [json.loads(line) for line in place("unit").read_text().splitlines()]
    assert [one["data"] for one in unit] == [
        conversion(k, stamp=int.from_bytes(bytes.fromhex(unit[0]["data"])[8:12], "little")).non_verifiable().hex() for k in keys[:4]]
    # the new file has the next keys and not the old ones; the old one gives the same again
    cold("convert", "4", typed=[PASSPHRASE, "same"], expect=1)           # never over an old unit
    out, _ = cold("convert", "2", key="next", unit="unit-2", next="next-2",
                  typed=["the passphrase of the next", "same", "the passphrase of the last", "the passphrase of the last"])
    signers = [bytes.fromhex(json.loads(line)["data"])[16:48].hex() for line in place("unit-2").read_text().splitlines()]
    assert signers == [keys[4].public_hex, keys[5].public_hex], signers
    # the seventh is no box of genesis
    _, err = cold("convert", "1", key="next-2", unit="unit-3", next="next-3", typed=["the passphrase of the last", "same"], expect=1)
    assert "refused: account" in err and not place("unit-3").exists(), err


def converted_at_terminal(n, name, frames=40):
    """Converts at a terminal of its own and gives the pictures of what it shows then."""
    screen = pictures.Screen(cold_argv("convert", str(n), unit=f"unit-{name}", next=f"next-{name}"))
    for asked, typed in (("assphrase: ", PASSPHRASE), ("Type: same", "same"), ("is sealed anew; its passphrase:\npassphrase: ", "short"),
                         ("passphrase again: ", "short")):
        screen.until(lambda text, asked=asked: asked in text)
        screen.type(typed + "\n")
    screen.until(lambda text: len(screen.frames(text)) >= frames)
    seen = screen.frames()
    screen.type("q")
    said = screen.end()
    assert "\x1b[?1049l" in said and "the parcel's mark: " in said, said[-300:]
    return [pictures.of_blocks(blocks) for _, blocks in seen]


@tap.test
def conversions_travel_as_pictures():
    """Photographed in any order, some lost, some spoiled, those of another ceremony between: what comes out is what was
    signed, and what is announced below is it."""
    rng = random.Random(11)
    frames = converted_at_terminal(4, "seen")
    foreign = converted_at_terminal(1, "foreign", frames=8)[:6]
    texts = pictures.scan([picture.write(place(f"clean-{n:03}.pgm")) for n, picture in enumerate(frames)])
    lines = pictures.bad_road(rng, folder, frames, foreign)
    write("texts", "".join(line + "\n" for line in lines).encode())
    out, err = kuramori("qr", "read", place("texts"), place("in"))
    assert out.split() == [str(place("in") / "unit")] and "mark: " in err, (out, err)
    unit = (place("in") / "unit").read_bytes()
    assert unit == place("unit-seen").read_bytes() and len(unit.splitlines()) == 4
    # a part that was changed so that all of its checksums hold yields nothing
    assert len(texts) == len(frames), (len(texts), len(frames))
    count = int(texts[0].split("/")[1].split("-")[1])
    assert count > 1 and len(texts) >= count
    for n in range(count):
        foe = [pictures.mixed_in(text) if i == n else text for i, text in enumerate(texts[:count])]
        write("texts", "".join(line + "\n" for line in foe).encode())
        _, err = kuramori("qr", "read", place("texts"), place("foe"), expect=3)
        assert "mixed with somebody's own: 1" in err and not place("foe").exists(), err
    # what goes on below is what came through the pictures
    place("unit").write_bytes(unit)


def genesis_words(out):
    return "genesis in words" in out and "the holding in words" in out


@tap.test
def conversions_that_are_not_ours_are_named_by_their_line():
    stamp = nem.nem_seconds(int(time.time() * 1000)) - 600
    chains = [chain for _, chain in holders]
    good = place("unit").read_bytes()
    edited = good.replace(holders[0][1].public_hex.encode(), thief.public_hex.encode(), 1)
    for bad, why in (
            (lines(conversion(keys[1], chains[:4] + [thief])), "cosigners"),
            (lines(conversion(keys[1], chains + [thief])), "cosigners"),
            (lines(conversion(keys[1], chains, kind=2)), ""),
            (lines(conversion(keys[1], needed=2)), "needed"),
            (lines(conversion(keys[1], fee=2 * FEE)), "another fee"),
            (lines(conversion(keys[1], stamp=stamp - 2 * 86400)), "deadline"),
            (lines(conversion(keys[1], stamp=0x7fffffff - 86400)), "in the future"),
            (lines(conversion(keys[1], stamp=0x7fffffff - 3600, life=3600)), "clock"),
            (lines(conversion(thief)), "account"),
            (lines(nem.Transfer(keys[1].public, thief.address(), 1, timestamp=stamp, deadline=stamp + 60).sign(keys[1])), "type"),
            (good.splitlines(True)[0], "twice"), (b"{}\n", ""), (b"not json\n", "")):
        write("bad", good.splitlines(True)[0] + bad)
        _, err = kuramori("prepare", "announce", place("bad"), at(), expect=None)
        assert "line 2" in err and why in err and "nothing was announced" in err, (why, err)
    write("bad", edited)
    _, err = kuramori("prepare", "announce", place("bad"), at(), expect=None)
    assert "line 1" in err, err
    assert not node.public.pool()


@tap.test
def they_are_followed_until_nothing_can_undo_them():
    assert states() == ["unpaid"] * 6
    out, err = kuramori("prepare", "announce", place("unit"), at(), expect=1)
    assert "4 lack the fee" in err and "0.5 XEM" in err and "0 announced" in out, (out, err)
    for k in keys[:4]:
        pay(k, FEE)
    # conversions are ten minutes older than they are: five are left for a slow machine
    node.blocks(1, seconds=nem.nem_seconds(int(time.time() * 1000)) - 300 - node.now())
    assert states() == ["paid"] * 4 + ["unpaid"] * 2
    out, _ = kuramori("prepare", "announce", place("unit"), at(), flags=["--dry-run", "yes"])
    assert "4 would be announced" in out and "without --dry-run" in out and states()[:4] == ["paid"] * 4, out
    # the thief of the batch was at the fourth before us
    stamp = nem.nem_seconds(int(time.time() * 1000)) - 600
    answer = node.public.announce(conversion(keys[3], [thief, purse], 1, stamp=stamp))
    assert answer["code"] == 1, answer
    node.blocks(2, seconds=1)   # one of each pool
    out, _ = kuramori("prepare", "announce", place("unit"), at())
    assert "3 announced" in out and "others than the holding's" in out, out
    _, err = kuramori("prepare", "follow", place("unit"), at(), flags=["--wait-s", "0"], expect=4)
    assert "not all are boxes" in err, err
    node.blocks(2, seconds=1)
    assert states() == ["young"] * 3 + ["foreign"] + ["unpaid"] * 2
    drills()
    for blocks in (1, 300, 58):
        _, err = kuramori("prepare", "name", keys[0].address(), at(), expect=1)
        assert "can still be undone" in err and "send nothing there" in err, err
        node.blocks(blocks, seconds=1)
    out, _ = kuramori("prepare", "status", at())
    assert "359 of 360 blocks" in out and "next: call an officer. 1 are" in out and "send nothing to the 3" in out, out
    node.blocks(1, seconds=1)
    assert states() == ["ready"] * 3 + ["foreign"] + ["unpaid"] * 2
    out, err = kuramori("prepare", "follow", place("unit"), at(), expect=1)
    assert keys[3].address() in err and "a box, empty" in out, (out, err)


def drill(i, attest=None, **changed):
    now = int(time.time() * 1000)
    return canon.Document("drill", {
        "attest_key": holders[i][0].public_hex, "genesis": genesis.id, "holder": f"holder-{i}", "holding": "ab" * 32,
        "key": holders[i][1].public_hex, "time_ms": now, "valid_until_ms": now + 30 * DAY, **changed}).sign(attest or holders[i][0])


def drills():
    place("drills").mkdir(exist_ok=True)
    for i in range(3):
        write(f"drills/drill-{i}", drill(i))


@tap.test
def no_valid_drill_no_box():
    out, _ = kuramori("prepare", "name", keys[0].address(), at())
    assert "-".join(keys[0].address()[i:i + 6] for i in range(0, 40, 6)) in out, out
    other = canon.SigningKey.named("of another key set")
    for bad, why in ((drill(0, attest=other, attest_key=other.public_hex), "drill.key"), (drill(0, attest=other), "drill.signatures"),
                     (drill(0, genesis="cd" * 32), "drill"), (drill(0, holder="holder-9"), "drill.holder"), (drill(1), ""),
                     (drill(0, time_ms=1, valid_until_ms=2), "drill.valid_until_ms")):
        write("drills/drill-0", bad)
        out, err = kuramori("prepare", "name", keys[0].address(), at(), expect=1)
        assert "do drills first" in err and why in err and keys[0].address() not in out, (why, err)
    write("drills/drill-0", drill(0))
    out, err = kuramori("prepare", "name", keys[0].address(), at(), drills="nowhere", expect=1)
    assert not out and "folder" in err, err


@tap.test
def what_is_no_box_is_not_named():
    for key, why in ((keys[3], "others than the holding"), (keys[4], "lacks the fee"), (thief, "is no box"), (keys[6], "is no box")):
        out, err = kuramori("prepare", "name", key.address(), at(), expect=1)
        assert why in err and not out, (why, err)
    # other holders than those who control it
    write("later", holding(holders=[{"attest_key": a.public_hex, "id": f"holder-{i}", "key": nem.KeyPair.named(f"new {i}").public_hex,
                                     "registration": ""} for i, (a, _) in enumerate(holders)]).sign(*officers))
    _, err = kuramori("prepare", "name", keys[0].address(), at(), holding="later", expect=1)
    assert "do drills first" in err, err
    # filled
    pay(keys[1], 100 * XEM)
    node.blocks(2, seconds=1)
    _, err = kuramori("prepare", "name", keys[1].address(), at(), expect=1)
    assert "filled" in err, err
    # emptied: it holds nothing, and is used
    now, chains = node.now(), [chain for _, chain in holders]
    inner = nem.Transfer(keys[1].public, bank.address(), 90 * XEM, timestamp=now, deadline=now + 3600)
    unit = nem.Multisig(chains[0].public, inner, [nem.Cosignature.of(chain, inner) for chain in chains[1:3]])
    assert node.given([unit.sign(chains[0])], seconds=1)["code"] == 1
    assert states()[1] == "used"
    _, err = kuramori("prepare", "name", keys[1].address(), at(), expect=1)
    assert "used" in err, err
    # nor does who follows its conversion hear that it is a box
    write("three", b"".join(place("unit").read_bytes().splitlines(True)[:3]))
    out, err = kuramori("prepare", "follow", place("three"), at(), expect=1)
    assert keys[1].address() in err and "are boxes" not in out, (out, err)


if __name__ == "__main__":
    tap.run(start, stop)
