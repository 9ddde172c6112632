#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Goal: the transcript of a ceremony says what was shown, asked and confirmed, never a secret, on all machines in one file
that everybody signs; whoever changes a line of it, a signature or a photograph is found, and named by its line.

Method: kuramori-cold at terminals of its own, kuramori as an officer; the file edited in every way that one can think of,
and read once more by the few lines of shell of docs/transcript.md.
"""

import hashlib
import json
import os
import random
import re
import shutil
import subprocess
import sys
import tempfile
from pathlib import Path

ROOT = Path(__file__).resolve().parents[3]
sys.path.insert(0, str(ROOT / "tests/kit"))

import canon  # noqa: E402
import ceremony  # noqa: E402
import nem  # noqa: E402
import process  # noqa: E402
import tap  # noqa: E402
from terminal import Terminal  # noqa: E402

BUILD = Path(os.environ.get("KURAMORI_BUILD", ROOT / "build"))
PASSPHRASE, SECOND = "one passphrase of the test", "another one of the test"
folder = Path(tempfile.mkdtemp(prefix="transcript-"))
officers = []
rolls = []
cards = []
keys = {}


class Sealed:
    """A key whose public half alone is known here."""

    def __init__(self, public_hex):
        self.public_hex = public_hex


def place(name):
    return folder / name


def program(name):
    return BUILD / "bin" / name / name


def cold(*words, transcript="transcript", holding=True):
    argv = [program("kuramori-cold"), "--network-is-up-and-i-know", "yes", "--genesis-file", place("genesis"), "--key-file",
            place("key"), "--journal-file", place("journal"), "--seal-ops", "1", "--seal-mem-kib", "8192",
            "--roster1-file", place("roster")]
    argv += ["--holding-file", place("holding")] if holding else []
    argv += ["--transcript-file", place(transcript)] if transcript else []
    return [str(a) for a in [*argv, *words]]


def kuramori(*words, expect=0, people=True):
    """(stdout, stderr). people: with genesis, roster and holding; expect None: it does not end well."""
    pairs = [("person", "officer-1"), ("key_file", place("officer.key")), ("passphrase_file", place("passphrase"))]
    if people:
        pairs += [("genesis_file", place("genesis")), ("roster_file", place("roster")), ("holding_file", place("holding"))]
    place("kuramori.conf").write_text("".join(f"{name} = {value}\n" for name, value in pairs))
    done = process.run([program("kuramori"), "--config", place("kuramori.conf"), *words], expect=None, timeout=60.0,
                       env={**os.environ, "LC_ALL": "C"})
    ended = done.returncode != 0 if expect is None else done.returncode == expect
    assert ended, (words, done.returncode, done.stdout, done.stderr)
    return done.stdout, done.stderr


def lines():
    return place("transcript").read_text().splitlines()


def start():
    place("passphrase").touch(mode=0o600)
    place("passphrase").write_text(PASSPHRASE + "\n")
    done = process.run([program("kuramori"), "--json", "--passphrase-file", place("passphrase"), "key", "new",
                        place("officer.key")], timeout=60.0)
    officers.extend([Sealed(json.loads(done.stdout)["public_key"]), canon.SigningKey.named("transcript officer")])
    watchers = [canon.SigningKey.named(f"transcript watcher {i}") for i in (1, 2)]
    box, purse, spare = (nem.KeyPair.named(f"transcript {x}") for x in ("box", "purse", "spare"))
    genesis, roster = ceremony.first_documents(officers, watchers, box, purse, spare, "11" * 32, {"holders": 2, "needed": 2})
    roster.body["governance"] = 1
    roster = canon.Document("roster", {**roster.body, "genesis": canon.ZERO_ID})
    genesis = canon.Document("genesis", {**genesis.body, "roster": canon.first_id("roster", roster.body)})
    place("genesis").write_bytes(genesis.raw)
    place("roster").write_bytes(canon.Document("roster", {**roster.body, "genesis": genesis.id}).raw)
    keys["genesis"] = genesis.id


def stop():
    shutil.rmtree(folder, ignore_errors=True)


@tap.test
def what_is_shown_and_asked_is_there_and_no_secret():
    dice = random.Random(5)
    rolls.append("".join(dice.choice("123456") for _ in range(100)))
    t = Terminal(cold("init", holding=False))
    t.expect("Type: same")
    t.type("same")
    t.expect("the dice")
    t.type(rolls[0])
    for words, line in (("passphrase:", PASSPHRASE), ("passphrase again:", PASSPHRASE), ("a second passphrase", SECOND),
                        ("second passphrase again", SECOND)):
        t.expect(words)
        t.type(line)
    assert t.end() == 0, t.text
    keys.update(ceremony.keys_in(t.text))
    other = canon.SigningKey.named("transcript other"), nem.KeyPair.named("transcript other")
    holding = canon.Document("holding", {
        "genesis": keys["genesis"], "holders": [
            {"attest_key": keys["attest_key"], "id": "holder-0", "key": keys["key"], "registration": ""},
            {"attest_key": other[0].public_hex, "id": "holder-1", "key": other[1].public_hex, "registration": ""}],
        "limit": "1", "number": 1, "previous": canon.ZERO_ID, "residue_max": "0", "tally_age_ms": 86_400_000,
        "window_ms": 86_400_000}).sign(officers[1])
    place("holding").write_bytes(holding.raw)
    cards.extend(ceremony.back_up(Terminal(cold("backup")), PASSPHRASE))
    t = Terminal(cold("take"))
    t.expect("passphrase:")
    t.type(SECOND)
    t.expect("Type: same")
    t.type(PASSPHRASE)      # the wrong thing at the wrong moment
    assert t.end() == 1, t.text
    text = place("transcript").read_text()
    for secret in (PASSPHRASE, SECOND, rolls[0], rolls[0][:12], *(" ".join(c[i:i + 2]) for c in cards for i in range(30))):
        assert secret not in text, secret
    shown = [tuple(line.split(" ", 3)[2:]) for line in lines()[1:]]
    assert shown[0] == ("begin", "kuramori-cold 0.1.0 init"), shown[0]
    assert ("shown", "key " + keys["key"]) in shown and ("typed", "same") in shown, shown
    assert any(kind == "said" and "passphrase:" in what for kind, what in shown), shown
    assert ("begin", "kuramori-cold 0.1.0 backup") in shown and ("typed", "(something else)") in shown, shown
    assert shown[-1] == ("end", "1") and any(kind == "said" and "holding" in what for kind, what in shown), shown
    after = shown[shown.index(("begin", "kuramori-cold 0.1.0 backup")) + 1]
    assert after == ("end", "0"), after      # of cards nothing


@tap.test
def no_line_says_how_long_somebody_typed():
    """Or it would say whether there is a second passphrase: a run has one time."""
    begun, times = None, {}
    for number, line in enumerate(lines()[1:]):
        _, time_ms, kind = line.split(" ")[:3]
        begun = number if kind == "begin" else begun
        times.setdefault(begun, set()).add(time_ms)
    assert len(times) >= 2 and all(len(one) == 1 for one in times.values()), times


@tap.test
def everybody_signs_and_anybody_verifies():
    place("door.jpg").write_bytes(os.urandom(100_000))
    place("bags.jpg").write_bytes(os.urandom(3))
    kuramori("transcript", "note", place("transcript"), "the bags 17 and 18 lie in the safe")
    kuramori("transcript", "photo", place("transcript"), place("door.jpg"), place("bags.jpg"))
    _, err = kuramori("transcript", "verify", place("transcript"), expect=1)
    assert "nobody signed" in err, err
    t = Terminal(cold("seal-transcript"))
    t.expect("passphrase:")
    t.type(PASSPHRASE)
    t.expect("Type: same")
    t.type("same")
    assert t.end() == 0, t.text
    out, _ = kuramori("transcript", "sign", place("transcript"))
    words = "\n".join(out.rstrip().splitlines()[-4:])
    assert len(words.split()) == 4 + 24, out
    out, _ = kuramori("transcript", "verify", place("transcript"), place("bags.jpg"), place("door.jpg"))
    assert words in out and "are signed by holder-0" in out and "are signed by officer-1" in out and "2 seals" in out, out
    out, _ = kuramori("transcript", "verify", place("transcript"), people=False)     # anywhere
    assert "calls itself holder-0: " + keys["attest_key"] in out, out
    out, _ = kuramori("transcript", "show", place("transcript"), people=False)
    assert "note   the bags 17 and 18 lie in the safe" in out and "typed  same" in out, out


def shell(path):
    """What the lines of docs/transcript.md say of it."""
    script = re.search(r"```\n(.*?)```", (ROOT / "docs/transcript.md").read_text(), re.S)[1]
    place("copy").mkdir(exist_ok=True)
    shutil.copy(path, place("copy") / "transcript")
    return subprocess.run(["sh", "-c", script], cwd=place("copy"), capture_output=True, text=True, check=True).stdout


def edited(change, *photos, expect=1):
    all_lines = lines()
    got = change(all_lines)
    place("edited").write_text("".join(line + "\n" for line in (all_lines if got is None else got)))
    _, err = kuramori("transcript", "verify", place("edited"), *photos, expect=expect)
    return err


@tap.test
def a_change_is_named_by_its_line():
    assert shell(place("transcript")) == ""
    total = len(lines())
    for at in range(1, total):
        def swap(all_lines, at=at):
            all_lines[at] = all_lines[at][:-1] + ("x" if all_lines[at][-1] != "x" else "y")
        err = edited(swap)
        assert f"line {at + 1}: not what was written" in err, (at, err)
        if at % 7 == 0:
            assert shell(place("edited")), at
    for change, line in ((lambda a: a.pop(3), 4), (lambda a: a.insert(3, a[3]), 5), (lambda a: a.insert(5, a.pop(4)), 5),
                         (lambda a: a.__setitem__(0, "kuramori transcript v2"), 1)):
        err = edited(lambda a, change=change: change(a) and None)
        assert f"line {line}: " in err, (line, err)
    raw = place("transcript").read_bytes()
    place("edited").write_bytes(raw[:-1])
    assert f"line {total}: " in kuramori("transcript", "verify", place("edited"), expect=1)[1]
    place("edited").write_bytes(b"")
    assert "line 1: " in kuramori("transcript", "verify", place("edited"), expect=1)[1]
    place("edited").write_bytes(raw + b"a" * 5000)
    assert f"line {total + 1}: " in kuramori("transcript", "verify", place("edited"), expect=1)[1]
    # and nobody goes on behind such a one
    edited(lambda a: a.pop(3) and None)
    before = place("edited").read_bytes()
    t = Terminal(cold("journal", transcript="edited"))
    assert t.end() == 1 and "line 4" in t.text, t.text
    _, err = kuramori("transcript", "note", place("edited"), "more", expect=1)
    assert "line 4" in err and place("edited").read_bytes() == before, err


def chained(all_lines):
    """Every CHAIN written anew, as somebody does who knows how."""
    c = hashlib.sha256((all_lines[0] + "\n").encode()).digest()
    out = all_lines[:1]
    for line in all_lines[1:]:
        content = line.split(" ", 1)[1]
        c = hashlib.sha256(c + content.encode() + b"\n").digest()
        out.append(c.hex()[:16] + " " + content)
    return out


@tap.test
def who_writes_it_anew_has_no_keys():
    seals = [n for n, line in enumerate(lines(), 1) if " seal " in line]

    def other_words(all_lines):
        at = next(n for n, line in enumerate(all_lines) if line.endswith(" typed same"))
        all_lines[at] = all_lines[at].replace("typed same", "typed (something else)")
        return chained(all_lines)
    err = edited(other_words)
    assert f"line {seals[0]}: this seal is not of what stands before it" in err, err
    # without a seal
    err = edited(lambda a: chained(a[:seals[0] - 1]))
    assert "nobody signed" in err, err
    # without the last seal, or behind it
    place("edited").write_text("".join(line + "\n" for line in lines()[:-1]))
    out, _ = kuramori("transcript", "verify", place("edited"))
    assert "1 seals" in out and "officer-1" not in out, out      # it says who has signed: the papers know who must
    shutil.copy(place("transcript"), place("edited"))
    kuramori("transcript", "note", place("edited"), "one thing more")
    _, err = kuramori("transcript", "verify", place("edited"), expect=1)
    assert "nobody signed the 1 lines" in err, err
    # a key of his own in an officer's name
    mine = canon.SigningKey.named("mine")
    all_lines = place("edited").read_text().splitlines()
    state = hashlib.sha256((all_lines[0] + "\n").encode()).digest()
    for line in all_lines[1:]:
        state = hashlib.sha256(state + line.split(" ", 1)[1].encode() + b"\n").digest()
    signature = mine.sign(b"kuramori transcript v1\n" + state.hex().encode() + b"\n")
    place("edited").write_text("\n".join(chained([*all_lines, f"- 1 seal officer-1 {mine.public_hex} {signature.hex()}"])) + "\n")
    _, err = kuramori("transcript", "verify", place("edited"), expect=1)
    assert "neither roster nor holding" in err, err
    out, _ = kuramori("transcript", "verify", place("edited"), people=False)
    assert "calls itself officer-1: " + mine.public_hex in out, out


@tap.test
def a_photograph_that_was_replaced_is_named():
    place("door.jpg").write_bytes(os.urandom(100_000))
    _, err = kuramori("transcript", "verify", place("transcript"), place("bags.jpg"), place("door.jpg"), expect=1)
    assert "door.jpg: no photograph of the transcript" in err, err
    _, err = kuramori("transcript", "verify", place("transcript"), place("nowhere.jpg"), expect=1)
    assert "nowhere.jpg" in err, err


if __name__ == "__main__":
    tap.run(start, stop)
