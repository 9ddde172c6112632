#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Goal: three holders at three machines move one box into a purse by files alone, and the network takes what
they signed; an evil online side gets nothing out of them.

Method: five kuramori-cold with keys of their own (kernel and dice), a box of 3-of-5 on a kuramori-node, tallies
written from what the node says and signed by two of three watchers. What is typed goes through a pipe.
"""

import json
import random
import re
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
import tap  # noqa: E402

XEM = 1_000_000
BALANCE = 5_000_000 * XEM
PASSPHRASE = "a passphrase of the test"
folder = Path(tempfile.mkdtemp(prefix="cold-"))
node = None
box = nem.KeyPair.named("cold box")
purse = nem.KeyPair.named("cold purse")
spare = nem.KeyPair.named("cold spare")
officers = [canon.SigningKey.named(f"cold officer {i}") for i in (1, 2)]
watchers = [canon.SigningKey.named(f"cold watcher {i}") for i in (1, 2, 3)]
holders = []  # {"key": ..., "attest_key": ...}
documents = {}


def write(name, document):
    (folder / name).write_bytes(document.raw)
    return folder / name


def cold(i, *words, typed=(), expect=0, answer=None, practice="yes", journal="journal"):
    """kuramori-cold of holder i; (stdout, stderr). typed: lines; "WORDS" is what the program asks to be typed."""
    place = folder / f"holder-{i}"
    place.mkdir(exist_ok=True)
    argv = [devnode.program("kuramori-cold"), "--network-is-up-and-i-know", practice,
            "--genesis-file", folder / "genesis", "--key-file", place / "key", "--journal-file", place / journal,
            "--seal-ops", "1", "--seal-mem-kib", "8192"]
    if (folder / "holding").exists():
        argv += ["--roster1-file", folder / "roster", "--holding-file", folder / "holding"]
    if answer is not None:
        argv += ["--answer-file", answer, "--unit-file", folder / "unit"]
    return ceremony.typed([*argv, *words], typed, expect)


def found():
    genesis, roster = ceremony.first_documents(officers, watchers, box, purse, spare, node.nemesis.hex(), {"holders": 5, "needed": 3})
    documents["genesis"] = genesis.id
    write("genesis", genesis)
    write("roster", roster)


def tally(i, **changed):
    block = node.public.last_block()
    now = int(time.time() * 1000)
    account = {"account": box.public_hex, "balance": str(BALANCE), "cosigners":
               [{"key": key} for key in sorted(h["key"] for h in holders)], "needed": 3, "open": 0,
               "received": str(BALANCE), "spent": "0", **changed}
    chain_s = nem.nem_seconds(now)
    return canon.Document("tally", {
        "accounts": [account], "block": "ab" * 32, "chain_time_nem_s": chain_s, "final_time_nem_s": chain_s - 21600,
        "genesis": documents["genesis"], "height": node.public.height(), "time_ms": now, "watcher": f"w{i}",
    }).sign(watchers[i - 1]) if block else None


def refill(**changed):
    stamp = node.now()
    fees = {"fee_cosign": 150_000, "fee_inner": 1_250_000, "fee_outer": 150_000}
    amount = BALANCE - fees["fee_inner"] - fees["fee_outer"] - 2 * fees["fee_cosign"]
    return canon.Document("refill", {
        "account": box.public_hex, "amount": str(amount),
        "cosigners": [{"key": key} for key in sorted(h["key"] for h in holders[:2])],
        "deadline_nem_s": stamp + 86400, "destination": purse.address(),
        **{name: str(fee) for name, fee in fees.items()}, "genesis": documents["genesis"],
        "initiator": holders[2]["key"], "previous": canon.ZERO_ID, "proposer": "officer-1",
        "time_ms": int(time.time() * 1000), "timestamp_nem_s": stamp, **changed})


def start():
    global node
    now = nem.nem_seconds(int(time.time() * 1000))
    bank = nem.KeyPair.named("cold bank")
    grants = {box.address(): XEM // 2, bank.address(): BALANCE + 100 * XEM, spare.address(): 10 * XEM}
    node = devnode.DevNode(folder / "node", grants, time=now - 600).start()
    found()


def stop():
    if node is not None:
        node.kill()
    shutil.rmtree(folder, ignore_errors=True)


@tap.test
def a_machine_with_a_network_does_not_start():
    up = [path.parent.name for path in Path("/sys/class/net").glob("*/flags")
          if path.parent.name != "lo" and int(path.read_text(), 16) & 1]
    _, err = cold(0, "journal", practice="no", expect=1 if up else 2)
    assert (up and up[0] in err) or not up, err


@tap.test
def five_holders_make_their_keys():
    dice = random.Random(7)
    for i in range(5):
        rolls = "".join(dice.choice("123456") for _ in range(100))
        _, err = cold(i, "init", typed=["different", rolls], expect=1)
        assert "genesis" in err, err
        assert not (folder / f"holder-{i}" / "key").exists()
        _, err = cold(i, "init", typed=["same", "3" * 100], expect=1)
        assert "dice" in err, err
        _, err = cold(i, "init", typed=["same", rolls, PASSPHRASE, "another"], expect=1)
        out, _ = cold(i, "init", typed=["same", " ".join(rolls), PASSPHRASE, PASSPHRASE])
        one = dict(line.split(" ") for line in out.splitlines() if line.startswith(("key ", "attest_key ")))
        assert len(one["key"]) == 64, out
        holders.append(one)
        # never over an old key, and not after all the dice
        _, err = cold(i, "init", expect=1)
        assert f"holder-{i}/key" in err, err
        out, _ = cold(i, "check", typed=[PASSPHRASE])
        assert one["key"] in out and one["attest_key"] in out, out
        cold(i, "check", typed=["wrong"], expect=3)


@tap.test
def nothing_is_begun_that_could_not_end():
    """Each command says at its start that a file of its end stands there, or was not named."""
    mine = folder / "holder-0"
    for flags, names in ((("init",), "key"), (("accounts", "3", "testnet"), "key"), (("restore",), "key"),
                         (("--new-key-file", mine / "key", "reseal"), "key"),
                         (("--endorsed-file", mine / "key", "endorse", "nothing"), "key"),
                         (("--endorsed-file", mine / "key", "refuse", "nothing"), "key"),
                         (("--drill-file", mine / "key", "drill"), "key")):
        _, err = cold(0, *flags, expect=1)
        assert f"holder-0/{names}" in err, (flags, err)
    # a folder that is not there, or is a file: nobody rolls the dice for that
    for file in (folder / "no-folder" / "x", mine / "key" / "x"):
        for flags in (("--new-key-file", file, "reseal"), ("--list-file", file, "accounts", "3", "testnet"), ("--drill-file", file, "drill"),
                      ("--endorsed-file", file, "endorse", "x")):
            _, err = cold(14, *flags, expect=1)
            assert f"{file.parent}/" in err and "passphrase" not in err, (flags, err)
    # one file cannot be the key and the journal
    for command in ("init", "restore"):
        _, err = cold(14, command, journal="key", expect=1)
        assert "holder-14/key" in err and not (folder / "holder-14/key").exists(), (command, err)
    # a link to nowhere is something, too
    new = folder / "holder-13"
    new.mkdir(exist_ok=True)
    (new / "journal").symlink_to(folder / "nowhere")
    for flags in (("init",), ("restore",), ("--list-file", new / "journal", "accounts", "3", "testnet")):
        _, err = cold(13, *flags, expect=1)
        assert "holder-13/journal" in err and not (folder / "nowhere").exists(), (flags, err)
    for flags, name in ((("drill",), "--drill-file"), (("reseal",), "--new-key-file"), (("endorse", "x"), "--endorsed-file"),
                        (("accounts", "3", "testnet"), "--list-file")):
        _, err = cold(13, *flags, expect=2)
        assert name in err, (flags, err)


@tap.test
def a_weak_passphrase_is_asked_for_again():
    dice = random.Random(9)
    rolls = "".join(dice.choice("123456") for _ in range(100))
    weak = ["short", "nineteen characters", "a" * 64, "abcdefg" * 9, "十九文字" * 4 + "です。"]
    _, err = cold(9, "init", typed=["same", rolls, *weak], expect=3)
    assert err.count("too short") == 3 and err.count("too few different") == 2, err
    assert not re.search(r"\b(5|19|20|64)\b", err) and not (folder / "holder-9/key").exists(), err
    _, err = cold(9, "init", typed=["same", rolls, *weak, "馬 電池 ホチキス 正しい 山 雲が六つ", "馬 電池 ホチキス 正しい 山 雲が六つ"])
    cold(9, "check", typed=["馬 電池 ホチキス 正しい 山 雲が六つ"])
    # the second one, too, and it is never said that there is one
    told = set()
    for i, second in ((10, ["help", "help"]), (11, ["a second passphrase of mine", "a second passphrase of yours"])):
        told.add(cold(i, "init", typed=["same", rolls, PASSPHRASE, PASSPHRASE, *second], expect=1)[1].replace(f"holder-{i}", ""))
        assert not (folder / f"holder-{i}/key").exists()
    assert len(told) == 1, told
    # practice is free
    cold(12, "--drill", "yes", "init", typed=["same", rolls, "short", "short"])
    cold(12, "check", typed=["short"])


@tap.test
def words_are_numbered():
    out, _ = cold(0, "check", typed=[PASSPHRASE])
    lines = [line for line in out.splitlines() if re.match(r"   ?(1|7|13|19) ", line)]
    assert len(lines) == 8 and all(len(line.split()) == 7 for line in lines), out
    assert [line.split()[0] for line in lines] == ["1", "7", "13", "19"] * 2, lines


@tap.test
def a_drill_is_the_dice_alone():
    dice = random.Random(8)
    rolls = "".join(dice.choice("123456") for _ in range(120))
    keys = []
    for i in (7, 8):
        out, _ = cold(i, "--drill", "yes", "init", typed=["same", rolls, PASSPHRASE, PASSPHRASE])
        assert "DRILL" in out, out
        keys.append([line for line in out.splitlines() if line.startswith("key ")])
        out, _ = cold(i, "check", typed=[PASSPHRASE])
        assert "DRILL" in out, out
    assert keys[0] == keys[1] and keys[0]


@tap.test
def the_box_is_made_and_filled():
    holding = {"genesis": documents["genesis"], "holders":
               [{"attest_key": h["attest_key"], "id": f"holder-{i}", "key": h["key"], "registration": ""} for i, h in enumerate(holders)],
               "limit": str(2 * BALANCE), "number": 1, "previous": canon.ZERO_ID, "residue_max": str(5 * XEM),
               "tally_age_ms": 86_400_000, "window_ms": 604_800_000}
    write("holding", canon.Document("holding", holding).sign(*officers))
    for i in range(5):
        out, _ = cold(i, "check", typed=[PASSPHRASE])
        assert f"holder-{i}" in out, out
    change = nem.Modification(box.public, [(1, bytes.fromhex(h["key"])) for h in holders], 3,
                              timestamp=node.now()).sign(box)
    node.public.announce(change)
    node.blocks(1, pool="public")
    assert node.public.balance(box.address()) == 0
    bank = nem.KeyPair.named("cold bank")
    node.public.announce(nem.Transfer(bank.public, box.address(), BALANCE, timestamp=node.now()).sign(bank))
    node.blocks(1, pool="public")
    assert node.public.balance(box.address()) == BALANCE


def tallies():
    return [write(f"tally-{i}", tally(i)) for i in (1, 2)]


def refused(why, *files):
    answer = folder / "refused"
    _, err = cold(0, "sign", *files, typed=[PASSPHRASE, "WORDS"], expect=None or 1, answer=answer)
    assert why in err and not answer.exists(), err


@tap.test
def an_evil_online_side_gets_nothing():
    good, words = write("refill", refill()), tallies()
    thief = nem.KeyPair.named("thief").address()
    refused("refill.destination", write("evil", refill(destination=thief)), *words)
    refused("refill.fee_cosign", write("evil", refill(fee_cosign=str(1000 * XEM))), *words)
    refused("refill.amount", write("evil", refill(amount=str(10 * XEM), fee_inner="50000")), *words)
    refused("tally", good, words[0])
    refused("tally.watcher", good, words[0], words[0])
    refused("tally.balance", good, words[0], write("evil", tally(2, balance=str(XEM), received=str(XEM))))
    refused("tally.open", good, words[0], write("evil", tally(2, open=1)))
    refused("tally.spent", good, words[0], write("evil", tally(2, received=str(BALANCE + 1), spent="1")))
    forged = tally(2)
    forged.body["height"] += 1
    refused("tally.signatures", good, words[0], write("evil", forged))
    # what a person sees has no room for hidden text: such a document does not open
    raw = good.read_bytes().replace(b"officer-1", b"\x1b[2Jficer")
    (folder / "evil").write_bytes(raw)
    out, err = cold(0, "sign", folder / "evil", *words, typed=[PASSPHRASE], expect=3, answer=folder / "refused")
    assert "\x1b" not in out + err, err
    (folder / "evil").write_bytes(b"{" * 70_000)
    cold(0, "explain", folder / "evil", typed=[PASSPHRASE], expect=3)
    # and nobody who does not type what was shown
    _, err = cold(0, "sign", good, *words, typed=[PASSPHRASE, "yes"], expect=1, answer=folder / "refused")
    assert "nothing was signed" in err and not (folder / "refused").exists(), err
    out, _ = cold(0, "journal", typed=[PASSPHRASE])
    assert "answers 0\n" in out and "spent 0\n" in out, out


@tap.test
def three_holders_move_the_box():
    good, words = write("refill", refill()), tallies()
    shown, _ = cold(0, "explain", good, *words, typed=[PASSPHRASE])
    address = purse.address()
    assert "-".join(address[k:k + 6] for k in range(0, 40, 6)) in shown, shown
    assert "4,999,998.300000 XEM = 4999998300000 micro-XEM" in shown, shown
    answers = []
    for i in (0, 1):
        answers.append(folder / f"answer-{i}")
        cold(i, "sign", good, *words, typed=[PASSPHRASE, "WORDS"], answer=answers[-1])
        out, _ = cold(i, "journal", typed=[PASSPHRASE])
        assert "answers 1\n" in out and f"spent {BALANCE}\n" in out, out
        head = out.split("\n")[0].split(" ")[1]
        said = canon.open_document(answers[-1].read_bytes(), documents["genesis"], "answer")
        assert said.body["head"] == head and said.signed_by(holders[i]["attest_key"]), said.body
    # the last one does not sign before the others
    _, err = cold(2, "sign", good, *words, answers[0], typed=[PASSPHRASE, "WORDS"], expect=1, answer=folder / "answer-2")
    assert "answer" in err, err
    cold(2, "sign", good, *words, *answers, typed=[PASSPHRASE, "WORDS"], answer=folder / "answer-2")
    for line in (folder / "unit").read_text().splitlines():
        part = json.loads(line)
        node.public.announce_bytes(bytes.fromhex(part["data"]), bytes.fromhex(part["signature"]))
    node.blocks(1, pool="public")
    assert node.public.balance(box.address()) == 0
    assert node.public.balance(address) == 4_999_998_300_000


@tap.test
def a_box_is_used_once():
    words = tallies()
    # the watchers lie: they say that the box is still full, and of another refill
    other = write("evil", refill(destination=spare.address()))
    refused("refill.previous", other, *words)
    # the same again gives the same signature, and counts once
    again = folder / "again"
    cold(0, "sign", folder / "refill", *words, typed=[PASSPHRASE, "WORDS"], answer=again)
    first, second = (canon.open_document(path.read_bytes()).body for path in (folder / "answer-0", again))
    assert first["signature"] == second["signature"] and second["spent"] == str(BALANCE), second
    # an answer is never written over another
    cold(0, "sign", folder / "refill", *words, typed=[PASSPHRASE, "WORDS"], expect=1, answer=again)


tap.run(start, stop)
