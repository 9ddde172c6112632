#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Goal: a cold key goes onto cards and comes back from them with the same keys; whoever types, swaps, forges or breaks
off gets a fault that names card and word, and no file; a restored key signs nothing that its lost journal forbade.

Method: kuramori-cold at a pseudo-terminal; what it shows is read from there, as a person reads it. Wrong cards are
made of right ones. After each attack all files of the folder are searched for what must be in none of them.
"""

import os
import random
import shutil
import signal
import subprocess
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
from terminal import Terminal, words_of_card  # noqa: E402

XEM = 1_000_000
BALANCE = 5_000_000 * XEM
DAY = 86_400_000
PASSPHRASE = "a passphrase of the file"
CARDS_PASSPHRASE = "of the cards, 7 ~"
WAIT = "type its 33 words"
folder = Path(tempfile.mkdtemp(prefix="backup-"))
officers = [canon.SigningKey.named(f"backup officer {i}") for i in (1, 2)]
watchers = [canon.SigningKey.named(f"backup watcher {i}") for i in (1, 2, 3)]
purse, box, spare = (nem.KeyPair.named(f"backup {x}") for x in ("purse", "box", "spare"))
holders = []
documents = {}
cards = {}  # holder: [[words]]


def argv(place, *words):
    place.mkdir(exist_ok=True)
    base = [devnode.program("kuramori-cold"), "--network-is-up-and-i-know", "yes", "--genesis-file", folder / "genesis",
            "--key-file", place / "key", "--journal-file", place / "journal", "--seal-ops", "1", "--seal-mem-kib", "8192"]
    if (folder / "holding").exists():
        base += ["--roster1-file", folder / "roster", "--holding-file", folder / "holding"]
    return [str(a) for a in [*base, *words]]


def piped(place, *words, typed=(), expect=0):
    run = subprocess.run(argv(place, *words), input="".join(line + "\n" for line in typed), capture_output=True, text=True,
                         env={**os.environ, "LC_ALL": "C"}, timeout=60)
    assert run.returncode == expect, (run.returncode, run.stdout, run.stderr)
    return run.stdout, run.stderr


def keys_in(text):
    return dict(line.split(" ") for line in text.splitlines() if line.startswith(("key ", "attest_key ")))


def write(name, document):
    (folder / name).write_bytes(document.raw)
    return folder / name


def nowhere(*secrets):
    """None of these texts stands in any file of the folder."""
    for path in folder.rglob("*"):
        if path.is_file():
            raw = path.read_bytes()
            for secret in secrets:
                assert secret.encode() not in raw, path


def found():
    genesis, roster = ceremony.first_documents(officers, watchers, box, purse, spare, "ab" * 32, {"holders": 5, "needed": 3})
    documents["genesis"] = genesis.id
    write("genesis", genesis)
    write("roster", roster)


def hold(number=1, previous=canon.ZERO_ID):
    more = [{"attest_key": canon.SigningKey.named(f"backup other {i}").public_hex,
             "key": nem.KeyPair.named(f"backup holder {i}").public_hex} for i in range(len(holders), 5)]
    document = canon.Document("holding", {
        "genesis": documents["genesis"], "holders": [{**h, "id": f"holder-{i}", "registration": ""} for i, h in enumerate(holders + more)],
        "limit": str(2 * BALANCE), "number": number, "previous": previous, "residue_max": str(5 * XEM),
        "tally_age_ms": DAY, "window_ms": 7 * DAY}).sign(*officers)
    documents["cosigners"] = sorted(h["key"] for h in holders + more)
    return write("holding", document)


def stop():
    shutil.rmtree(folder, ignore_errors=True)


def rows(words, n=5):
    return [" ".join(words[at:at + n]) for at in range(0, len(words), n)]


def back_up(i, *flags, passphrase="", spoil=None):
    """The whole ceremony; the cards as they were shown. spoil: which card is written down wrongly at first."""
    t = Terminal(argv(folder / f"holder-{i}", *flags, "backup"))
    t.expect("passphrase:")
    t.type(PASSPHRASE)
    t.expect("passphrase of the cards, empty for none:")
    t.type(passphrase)
    t.expect("the same again:")
    t.type(passphrase)
    shown = []
    while True:
        word, before = t.expect("Write the card; then press Enter", "each was read back", "there is no backup")
        if not word.startswith("Write"):
            break
        words = words_of_card(before)
        t.type("")
        word, _ = t.expect("words, on as many lines as you like")
        if spoil == len(shown):
            spoil = None
            twisted = [*words[:6], words[7], words[6], *words[8:]]
            for row in rows(twisted):
                t.type(row)
            t.expect(f"card {len(shown) + 1}: several words")
            t.type(" ".join(["zzzz", *words[1:]]))
            t.expect(f"card {len(shown) + 1}, word 1: not on the list")
            t.type("")
            t.expect("Press Enter: the card is shown again")
            t.type("")
            continue
        for row in rows([w.upper() if k % 7 == 0 else w for k, w in enumerate(words)]):
            t.type(row)
        shown.append(words)
    assert word == "each was read back", t.text
    code = t.end()
    assert code == 0, (code, t.text)
    assert not any(" ".join(words[3:6]) in t.screen() for words in shown), "words stay on the screen"
    assert PASSPHRASE not in t.text and (not passphrase or passphrase not in t.text)
    return shown, keys_in(t.text)


def type_cards(t, some, passphrase="", words=33):
    for card in some:
        t.expect(f"type its {words} words")
        for row in rows(card, 4):
            t.type(row)
    t.expect("passphrase of the cards, empty for none:")
    t.type(passphrase)


def drill(name, *flags):
    place = folder / "clean"
    t = Terminal(argv(place, *flags, "--drill-file", str(folder / name), "drill"))
    t.expect("Type: same")
    t.type("same")
    return t


def fails(t, why, code=1, name="drill-x"):
    got = t.end()
    assert got == code and why in t.text, (got, t.text)
    assert not (folder / name).exists()
    assert not list((folder / "clean").iterdir())


@tap.test
def two_holders_make_their_keys():
    dice = random.Random(11)
    for i in range(2):
        rolls = "".join(dice.choice("123456") for _ in range(100))
        out, _ = piped(folder / f"holder-{i}", "init", typed=["same", rolls, PASSPHRASE, PASSPHRASE])
        holders.append(keys_in(out))
    hold()


@tap.test
def cards_are_shown_to_people_only():
    _, err = piped(folder / "holder-0", "backup", typed=[PASSPHRASE, "", ""], expect=3)
    assert "at a terminal only" in err, err
    out, err = piped(folder / "clean", "--drill-file", folder / "drill-x", "drill", typed=["same"], expect=3)
    assert "at a terminal only" in err, err
    for words, why in ((["--shares", "3of2"], "shares"), (["--shares", "2of3,"], "shares"), (["--shares", "1of1"], "shares"),
                       (["--shares", "2of3,2of3"], "groups-needed"), (["--shares", "1of3"], "shares"),
                       (["--shares", "2of3", "--groups-needed", "2"], "groups-needed"),
                       (["--shares", "2of16,2of16,2of16,2of16,2of2", "--groups-needed", "2"], "shares")):
        _, err = piped(folder / "holder-0", *words, "backup", expect=1 if "1of1" in words else 3)
        assert f"refused: {why}: " in err, err
    _, err = piped(folder / "holder-0", "--shares-exponent", "9", "backup", expect=2)
    assert "shares_exponent" in err or "shares-exponent" in err, err


@tap.test
def every_card_is_written_and_read_back():
    cards[0], keys = back_up(0, "--shares", "2of3,1of1", "--groups-needed", "2", passphrase=CARDS_PASSPHRASE, spoil=1)
    assert len(cards[0]) == 4 and all(len(card) == 33 for card in cards[0]), cards
    assert len({tuple(card) for card in cards[0]}) == 4 and len({tuple(card[:2]) for card in cards[0]}) == 1
    assert keys == holders[0], keys
    cards[1], _ = back_up(1)
    assert len(cards[1]) == 3
    nowhere(*(" ".join(card[4:7]) for some in cards.values() for card in some), CARDS_PASSPHRASE)


@tap.test
def a_few_words_of_each_card_can_be_asked_back():
    t = Terminal(argv(folder / "holder-0", "--words-back", "4", "backup"))
    t.expect("passphrase:")
    t.type(PASSPHRASE)
    for _ in range(2):
        t.expect("empty for none:", "the same again:")
        t.type("")
    for i in range(3):
        _, before = t.expect("Write the card; then press Enter")
        words = words_of_card(before)
        t.type("")
        asked, wrong = [], i == 1
        while len(asked) < 4:
            t.expect(f"card {i + 1}, word ")
            _, number = t.expect(":")
            if wrong:
                wrong, asked = False, []
                t.type(words[int(number) % 33])  # the word behind it
                t.expect("not the word that was shown")
                t.expect("Press Enter")
                t.type("")
                t.expect("Write the card; then press Enter")
                t.type("")
                continue
            asked.append(int(number))
            t.type(words[asked[-1] - 1])
        assert asked == sorted(set(asked)), asked
    t.expect("each was read back")
    assert t.end() == 0


@tap.test
def whoever_breaks_off_has_no_backup():
    for how in ("signal", "ctrl-c", "ctrl-d", "hang-up", "ctrl-z"):
        t = Terminal(argv(folder / "holder-0", "backup"))
        t.expect("passphrase:")
        t.type(PASSPHRASE)
        for _ in range(2):
            t.expect("empty for none:", "the same again:")
            t.type("")
        _, before = t.expect("Write the card; then press Enter")
        words = words_of_card(before)
        t.expect("asked back.")
        if how == "signal":
            os.kill(t.pid, signal.SIGTERM)
        elif how == "hang-up":
            os.kill(t.pid, signal.SIGHUP)
        elif how == "ctrl-z":
            t.key(b"\x1a")  # goes nowhere: the card would stay on the screen
            time.sleep(0.2)
            assert os.waitpid(t.pid, os.WNOHANG | os.WUNTRACED) == (0, 0)
            t.key(b"\x03")
        else:
            t.key(b"\x03" if how == "ctrl-c" else b"\x04")
        t.expect("there is no backup: destroy every card")
        assert t.end() == 4, how
        # one of them alone may stand in a sentence: "destroy" is a word of cards
        assert not all(word in t.screen() for word in words[4:8]) and "each was read back" not in t.text, how
        nowhere(" ".join(words[4:7]))


@tap.test
def a_drill_brings_the_same_keys_and_leaves_nothing():
    before = int(time.time() * 1000)
    t = drill("drill-0", "--drill-days", "30")
    type_cards(t, [cards[0][3], cards[0][2], cards[0][0]], CARDS_PASSPHRASE)
    t.expect("this drill counts until")
    assert t.end() == 0 and keys_in(t.text) == holders[0] and "holder-0" in t.text, t.text
    said = canon.open_document((folder / "drill-0").read_bytes(), documents["genesis"], "drill")
    body = said.body
    assert said.signed_by(holders[0]["attest_key"]), body
    assert body["attest_key"] == holders[0]["attest_key"] and body["key"] == holders[0]["key"], body
    assert (body["holder"], body["genesis"]) == ("holder-0", documents["genesis"])
    assert body["holding"] == canon.open_document((folder / "holding").read_bytes(), documents["genesis"], "holding").id
    assert body["valid_until_ms"] - body["time_ms"] == 30 * DAY and before <= body["time_ms"] <= time.time() * 1000
    assert not list((folder / "clean").iterdir())
    nowhere(*(" ".join(card[4:7]) for card in cards[0]), CARDS_PASSPHRASE)
    # never over an old one
    _, err = piped(folder / "clean", "--drill-file", folder / "drill-0", "drill", expect=1)
    assert "drill-0" in err, err


@tap.test
def wrong_words_are_named():
    good = cards[1]
    t = drill("drill-x")
    t.expect(WAIT)
    wrong = [*good[0][:16], "academic" if good[0][16] != "academic" else "acid", *good[0][17:]]
    for row in rows(wrong):
        t.type(row)
    t.expect("card 1, word 17: not the word that was written down")
    t.type(" ".join(good[0][:8]))
    t.type(" ".join([*good[0][8:12], "kuramori"]))
    t.expect("card 1, word 13: not on the list")
    t.expect("8 words are taken")
    t.type(" ".join(good[0][8:30]))
    t.type("")  # a line was left out
    t.expect("card 1: it has 30 words")
    t.type(" ".join([*good[0], good[0][-1]]))
    t.expect("card 1: it has 34 words")
    t.type("\t " + "   ".join(good[0]) + "  ")
    t.expect("group 1 needs 1 more cards")
    # twice the same; a card of another holder; the checksum's own words
    t.expect("card 2: type")
    t.type(" ".join(good[0]))
    t.expect("card 2: the same as card 1")
    t.type(" ".join(cards[0][0]))
    t.expect("of another set")
    t.expect("it is left out; 1 cards are taken")
    t.type("x" * 2000)
    t.expect("card 2: it has")
    t.type(" ".join(good[2][:30]))
    t.key(b"\x04")  # and he breaks off in the middle
    t.expect("the cards brought no key")
    fails(t, "", code=4)


@tap.test
def another_passphrase_is_another_key():
    t = drill("drill-x")
    type_cards(t, [cards[0][3], cards[0][1], cards[0][2]], "wrong")
    for word in ("Of the cards, 7 ~", ""):
        t.expect("the holding names no such key")
        t.expect("empty for none:")
        t.type(word)
    fails(t, "the holding names no such key", code=3)
    # cards of a key that the holding does not name
    before, cosigners = (folder / "holding").read_bytes(), documents["cosigners"]
    other = holders.pop(1)
    hold()
    t = drill("drill-x")
    type_cards(t, cards[1][:2])
    for _ in range(2):
        t.expect("the holding names no such key")
        t.expect("empty for none:")
        t.type("")
    fails(t, "the cards brought no key", code=3)
    holders.append(other)
    (folder / "holding").write_bytes(before)
    documents["cosigners"] = cosigners


@tap.test
def whoever_does_not_compare_types_no_card():
    t = Terminal(argv(folder / "clean", "--drill-file", str(folder / "drill-x"), "drill"))
    t.expect("Type: same")
    assert "roster 1" in t.text and "holding 1" in t.text, t.text
    t.type("yes")
    fails(t, "genesis")


def tally(i):
    now = int(time.time() * 1000)
    account = {"account": box.public_hex, "balance": str(BALANCE), "cosigners":
               [{"key": key} for key in documents["cosigners"]], "needed": 3, "open": 0, "received": str(BALANCE), "spent": "0"}
    chain_s = nem.nem_seconds(now)
    return write(f"tally-{i}", canon.Document("tally", {
        "accounts": [account], "block": "ab" * 32, "chain_time_nem_s": chain_s, "final_time_nem_s": chain_s - 21600,
        "genesis": documents["genesis"], "height": 1000, "time_ms": now, "watcher": f"w{i}"}).sign(watchers[i - 1]))


def refill():
    stamp = nem.nem_seconds(int(time.time() * 1000))
    fees = {"fee_cosign": 150_000, "fee_inner": 1_250_000, "fee_outer": 150_000}
    others = [key for key in documents["cosigners"] if key != holders[0]["key"]]
    return write("refill", canon.Document("refill", {
        "account": box.public_hex, "amount": str(BALANCE - fees["fee_inner"] - fees["fee_outer"] - 2 * fees["fee_cosign"]),
        "cosigners": [{"key": key} for key in sorted([holders[0]["key"], others[0]])],
        "deadline_nem_s": stamp + 86400, "destination": purse.address(), **{k: str(v) for k, v in fees.items()},
        "genesis": documents["genesis"], "initiator": others[1], "previous": canon.ZERO_ID, "proposer": "officer-1",
        "time_ms": int(time.time() * 1000), "timestamp_nem_s": stamp}))


def sign(place, expect):
    """Signs the refill with what the program asks to be typed."""
    files = [refill(), tally(1), tally(2)]
    t = Terminal(argv(place, "--show", "no", "--answer-file", str(place / "answer"), "sign", *files))
    t.expect("passphrase:")
    t.type(PASSPHRASE)
    word, _ = t.expect("type these words: ", "refused", "kuramori-cold:")
    if word.startswith("type"):
        _, words = t.expect("\n")
        t.type(words)
    code = t.end()
    assert code == expect, (code, t.text)
    return t.text


def no_second(t, second=""):
    """No second passphrase is wanted, or this one."""
    for prompt in ("(Enter: none):", "second passphrase again:"):
        t.expect(prompt)
        t.type(second)


def restore(place, *flags, some=(3, 2, 0), passphrase=PASSPHRASE, second="", answers=()):
    t = Terminal(argv(place, *flags, "restore", *map(str, answers)))
    word, _ = t.expect("Type: same", "kuramori-cold:")
    if not word.startswith("Type"):
        return t
    t.type("same")
    type_cards(t, [cards[0][k] for k in some], CARDS_PASSPHRASE)
    word, _ = t.expect("passphrase:", "kuramori-cold:")
    if word == "passphrase:":
        t.type(passphrase)
        t.expect("passphrase again:")
        t.type(PASSPHRASE)
        if passphrase == PASSPHRASE:
            no_second(t, second)
    return t


@tap.test
def a_restored_machine_has_the_same_keys_and_waits():
    place = folder / "new"
    # two passphrases that differ: nothing is made
    t = restore(place, passphrase="another passphrase of it")
    assert t.end() == 1 and not list(place.iterdir()), t.text
    # the second one is the first again: nothing, no journal that stands in the way of the next try either
    t = restore(place, second=PASSPHRASE)
    assert t.end() == 1 and not list(place.iterdir()), (t.text, list(place.iterdir()))
    t = restore(place)
    t.expect("this key signs nothing before")
    assert t.end() == 0, t.text
    assert sorted(path.name for path in place.iterdir()) == ["journal", "key"]
    assert (place / "key").stat().st_mode & 0o777 == 0o400
    out, _ = piped(place, "check", typed=[PASSPHRASE])
    assert keys_in(out) == holders[0] and "holder-0" in out, out
    out, _ = piped(place, "journal", typed=[PASSPHRASE])
    assert "records 2\nanswers 0\n" in out and "\nrestored 20" in out and "\nsigns_from 20" in out, out
    # the lost machine may have signed for this box a moment ago
    assert "came back from cards" in sign(place, 1)
    assert not (place / "answer").exists()
    # never over what is there
    t = restore(place)
    assert t.end() == 1 and "exists" in t.text, t.text
    nowhere(*(" ".join(card[4:7]) for card in cards[0]), CARDS_PASSPHRASE)


@tap.test
def a_copy_of_the_old_journal_binds_longer():
    old = folder / "holder-0"
    sign(old, 0)
    answer = canon.open_document((old / "answer").read_bytes(), documents["genesis"], "answer").body
    shutil.copy(old / "journal", folder / "copy")
    place = folder / "newer"
    # the journal of another key, half a journal, none
    for name, raw in (("other", (folder / "holder-1" / "journal").read_bytes()),
                      ("half", (folder / "copy").read_bytes()[:4096 + 300]), ("none", b"")):
        (folder / name).write_bytes(raw)
        t = restore(place, "--old-journal-file", str(folder / name))
        assert t.end() != 0 and not list(place.iterdir()), (name, t.text)
    t = restore(place, "--old-journal-file", str(folder / "copy"))
    t.expect("this key signs nothing before")
    assert t.end() == 0, t.text
    out, _ = piped(place, "journal", typed=[PASSPHRASE])
    assert "records 3\nanswers 1\n" in out and f"spent {BALANCE}\n" in out and "\nrestored 20" in out, out
    assert f"box {box.public_hex} {BALANCE}" in out, out
    head = out.splitlines()[0].split(" ")[1]
    assert head != answer["head"] and answer["sequence"] == 0
    assert "came back from cards" in sign(place, 1)


@tap.test
def its_own_answers_tell_how_far_the_journal_was():
    """They shorten nothing; the new journal counts on behind them, so that watchers see no place twice."""
    old, place = folder / "holder-0" / "answer", folder / "newest"
    place.mkdir(exist_ok=True)
    stranger = canon.open_document(old.read_bytes(), documents["genesis"], "answer").body
    write("stranger", canon.Document("answer", dict(stranger, sequence=7)).sign(canon.SigningKey.named("nobody")))
    write("unsigned", canon.Document("answer", dict(stranger, sequence=7)))
    for answers, why in (((old, folder / "stranger"), "another key gave this answer"), ((folder / "unsigned",), "another key"),
                         ((folder / "tally-1",), "refused: answer"), ((folder / "missing",), "missing")):
        t = restore(place, answers=answers)
        assert t.end() != 0 and why in t.text and not list(place.iterdir()), (why, t.text)
    t = restore(place, answers=(old, old))
    t.expect("answers 1")
    t.expect("this key signs nothing before")
    assert t.end() == 0, t.text
    out, _ = piped(place, "journal", typed=[PASSPHRASE])
    assert "records 2\nanswers 1\nspent 0\n" in out and "\nsigns_from 20" in out, out
    assert "came back from cards" in sign(place, 1)


@tap.test
def practice_stays_practice():
    dice = random.Random(12)
    rolls = "".join(dice.choice("123456") for _ in range(100))
    place = folder / "holder-9"
    out, _ = piped(place, "--drill", "yes", "init", typed=["same", rolls, PASSPHRASE, PASSPHRASE])
    keep, mine = (folder / "holding").read_bytes(), holders[1]
    holders[1] = keys_in(out)
    hold()
    cards[9], _ = back_up(9)
    assert all(len(card) == 35 for card in cards[9])
    again = folder / "practice"
    t = Terminal(argv(again, "--drill", "yes", "restore"))
    t.expect("Type: same")
    t.type("same")
    type_cards(t, cards[9][1:], words=35)
    t.expect("passphrase:")
    t.type(PASSPHRASE)
    t.expect("again:")
    t.type(PASSPHRASE)
    no_second(t)
    assert t.end() == 0, t.text
    out, _ = piped(again, "check", typed=[PASSPHRASE])
    assert "DRILL" in out and keys_in(out) == holders[1], out
    holders[1] = mine
    (folder / "holding").write_bytes(keep)


tap.run(found, stop)
