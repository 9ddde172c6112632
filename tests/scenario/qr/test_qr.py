#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Goal: a refill goes to two machines without network and their answers come back, as pictures alone, over a road that
loses, spoils and disorders them; and whoever stands in that road with pictures of his own gets nothing signed or written
that nobody sent.

Method: kuramori draws (PNG, SVG, terminal), pictures are spoiled, another people's reader (zbarimg) reads them in random
order, kuramori-cold explains and signs at a terminal of its own (a pty), and what it shows there is read the same way.
The foe knows everything that is shown, and makes parts whose checksums all fit.
"""

import json
import os
import random
import re
import subprocess
import sys
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

SEED = int(os.environ.get("KURAMORI_SEED", "1"))
XEM = 1_000_000
BALANCE = 5_000_000 * XEM
PASSPHRASE = "a passphrase of the test"
folder = process.temp_dir("kqr-")
rng = random.Random(SEED)
box, purse, spare = (nem.KeyPair.named(f"qr {name}") for name in ("box", "purse", "spare"))
officers = [canon.SigningKey.named(f"qr officer {i}") for i in (1, 2)]
watchers = [canon.SigningKey.named(f"qr watcher {i}") for i in (1, 2, 3)]
holders = []
genesis = None


def write(name, document):
    (folder / name).write_bytes(document.raw)
    return folder / name


def cold_argv(i, *words, answer=None):
    place = folder / f"holder-{i}"
    place.mkdir(exist_ok=True)
    argv = [devnode.program("kuramori-cold"), "--network-is-up-and-i-know", "yes",
            "--genesis-file", folder / "genesis", "--key-file", place / "key", "--journal-file", place / "journal",
            "--seal-ops", "1", "--seal-mem-kib", "8192"]
    if (folder / "holding").exists():
        argv += ["--roster1-file", folder / "roster", "--holding-file", folder / "holding"]
    if answer is not None:
        argv += ["--answer-file", answer, "--unit-file", folder / "unit"]
    return [str(a) for a in [*argv, *words]]


def cold(i, *words, typed=(), expect=0, answer=None):
    run = subprocess.run(cold_argv(i, *words, answer=answer), input="".join(line + "\n" for line in typed), text=True,
                         capture_output=True, timeout=60, env={**os.environ, "LC_ALL": "C"})
    assert run.returncode == expect, (run.returncode, run.stdout, run.stderr)
    return run.stdout, run.stderr


def online(*words, expect=0, stdin=""):
    argv = [devnode.program("kuramori"), "--genesis-file", folder / "genesis", *words]
    run = subprocess.run([str(a) for a in argv], input=stdin, text=True, capture_output=True, timeout=60,
                         env={**os.environ, "LC_ALL": "C", "HOME": str(folder)})
    assert run.returncode == expect, (run.returncode, run.stdout, run.stderr)
    return run.stdout, run.stderr


def found():
    global genesis
    document, roster = ceremony.first_documents(officers, watchers, box, purse, spare, "11" * 32, {"holders": 2, "needed": 2})
    genesis = document.id
    write("genesis", document)
    write("roster", roster)


def tally(i):
    now = int(time.time() * 1000)
    chain_s = nem.nem_seconds(now)
    account = {"account": box.public_hex, "balance": str(BALANCE), "cosigners":
               [{"key": key} for key in sorted(h["key"] for h in holders)], "needed": 2, "open": 0,
               "received": str(BALANCE), "spent": "0"}
    return canon.Document("tally", {
        "accounts": [account], "block": "ab" * 32, "chain_time_nem_s": chain_s, "final_time_nem_s": chain_s - 21600,
        "genesis": genesis, "height": 4711, "time_ms": now, "watcher": f"w{i}"}).sign(watchers[i - 1])


def refill(**changed):
    stamp = nem.nem_seconds(int(time.time() * 1000))
    fees = {"fee_cosign": 150_000, "fee_inner": 1_250_000, "fee_outer": 150_000}
    return canon.Document("refill", {
        "account": box.public_hex, "amount": str(BALANCE - sum(fees.values())),
        "cosigners": [{"key": holders[0]["key"]}], "deadline_nem_s": stamp + 86400, "destination": purse.address(),
        **{name: str(fee) for name, fee in fees.items()}, "genesis": genesis, "initiator": holders[1]["key"],
        "previous": canon.ZERO_ID, "proposer": "officer-1", "time_ms": int(time.time() * 1000),
        "timestamp_nem_s": stamp, **changed})


def shown(*files, **settings):
    """The texts of an animation of these files."""
    out, _ = online("qr", "show", *files, *(f"{name}={value}" for name, value in settings.items()))
    return out.splitlines()


def bad_road(frames, foreign=(), spoil=True):
    return pictures.bad_road(rng, folder, frames, foreign, spoil)


def texts_file(name, lines):
    (folder / name).write_text("".join(line + "\n" for line in lines))
    return folder / name


def pngs(place):
    return [pictures.of_png(path.read_bytes()) for path in sorted(place.glob("frame-*.png"))]


def sign_at_terminal(i, answer, *files, frames=30, scanner=()):
    """Signs at a terminal of its own and gives the pictures of what it shows then, and all it said."""
    screen = pictures.Screen(cold_argv(i, "sign", *files, answer=answer))
    if scanner:
        screen.until(lambda text: "scan the animation" in text)
        time.sleep(0.1)
    for n, line in enumerate(scanner):
        screen.type(line + "\r")
        if n % 3 == 2:
            time.sleep(0.02)
    if scanner:
        screen.until(lambda text: "take the scanner away" in text)
        screen.type(scanner[0] + "\r")  # it goes on for a while
        screen.type("\r")
    screen.until(lambda text: "assphrase: " in text)
    time.sleep(0.1)
    screen.type(PASSPHRASE + "\n")
    words = screen.until(lambda text: re.search(r"type these words: (.*)\n", text))
    screen.type(words[1] + "\n")
    screen.until(lambda text: len(screen.frames(text)) >= frames)
    seen = screen.frames()
    screen.type("q")
    said = screen.end()
    # the terminal is as it was
    assert re.search(r"the parcel's mark: [0-9a-f ]{19}\n$", said), said[-300:]
    assert "\x1b[?1049l" in said and "\x1b[?25h" in said
    return [pictures.of_blocks(blocks) for _, blocks in seen], said


@tap.test
def holders_and_papers():
    dice = random.Random(9)
    for i in range(2):
        rolls = "".join(dice.choice("123456") for _ in range(100))
        out, _ = cold(i, "init", typed=["same", rolls, PASSPHRASE, PASSPHRASE])
        holders.append(dict(line.split(" ") for line in out.splitlines() if line.startswith(("key ", "attest_key "))))
    holding = {"genesis": genesis, "holders":
               [{"attest_key": h["attest_key"], "id": f"holder-{i}", "key": h["key"], "registration": ""} for i, h in enumerate(holders)],
               "limit": str(4 * BALANCE), "number": 1, "previous": canon.ZERO_ID, "residue_max": str(5 * XEM),
               "tally_age_ms": 86_400_000, "window_ms": 604_800_000}
    write("holding", canon.Document("holding", holding).sign(*officers))
    write("refill", refill())
    for i in (1, 2):
        write(f"tally-{i}", tally(i))
    write("other", refill(destination=spare.address()))


PAPERS = ("refill", "tally-1", "tally-2")


@tap.test
def pictures_of_every_kind_are_the_same_texts():
    files = [folder / name for name in PAPERS]
    texts = shown(*files, frames=12)
    assert len(texts) == 12 and all(t.startswith("UR:KURAMORI/") for t in texts), texts[:1]
    online("qr", "show", *files, f"png={folder / 'png'}", f"svg={folder / 'film.svg'}", "frames=12")
    assert pictures.scan(sorted((folder / "png").glob("*.png"))) == texts  # a PNG as it is
    drawn = [p.write(folder / f"svg-{n:03}.pgm") for n, p in enumerate(pictures.of_svg((folder / "film.svg").read_text()))]
    assert pictures.scan(drawn) == texts
    # a screen of its own size: other parts, the same parcel
    screen = pictures.Screen([devnode.program("kuramori"), "--genesis-file", folder / "genesis", "qr", "show", *files,
                              "rate=20"], env={"HOME": str(folder)})
    screen.until(lambda text: len(screen.frames(text)) > 60)
    large = screen.frames()
    screen.resize(24, 80)
    screen.until(lambda text: len(screen.frames(text)) > len(large) + 5)
    small = screen.frames()[-2]
    screen.type("\x03")  # no key is special
    said = screen.end()
    mark = re.search(r"mark ([0-9a-f ]{19}) - any key ends", large[0][0])[1]
    assert said.rstrip().endswith(f"the parcel's mark: {mark}"), said[-200:]
    assert len(large[0][1]) > 30 > 23 > len(small[1]) and max(len(line) for line in small[1]) < 100
    lines = pictures.scan([pictures.of_blocks(blocks).write(folder / f"screen-{n:03}.pgm")
                           for n, (_, blocks) in enumerate(large)])
    out, err = online("qr", "read", "-", folder / "screen", stdin="\n".join(lines))
    assert f"mark: {mark}\n" in err and "refused" not in err, err
    assert sorted(out.split()) == sorted(str(folder / "screen" / n) for n in ("refill-1", "tally-1", "tally-2"))
    for name, paper in zip(("refill-1", "tally-1", "tally-2"), PAPERS):
        assert (folder / "screen" / name).read_bytes() == (folder / paper).read_bytes()


@tap.test
def a_bad_road_to_the_cosigner_and_back():
    print(f"# seed {SEED}")
    files = [folder / name for name in PAPERS]
    online("qr", "show", *files, f"png={folder / 'out'}", "frames=60")
    online("qr", "show", folder / "other", f"png={folder / 'stranger'}", "frames=6")
    lines = bad_road(pngs(folder / "out"), foreign=pngs(folder / "stranger"))
    damaged = [line[:80] + ("A" if line[80] != "A" else "E") + line[81:] for line in rng.sample(lines[1:], 3)]
    texts = texts_file("texts", [lines[0], "https://example.org/", *damaged, "X" * 5000, *lines[1:]])
    said, err = cold(0, "explain", texts, typed=[PASSPHRASE])
    address = purse.address()
    assert "-".join(address[k:k + 6] for k in range(0, 40, 6)) in said, said
    refused = re.search(r"texts refused: (\d+) \(damaged or no UR: (\d+), of another animation: (\d+), too large: (\d+), "
                        r"mixed with somebody's own: 0\)", err)
    assert refused, err
    total, bad, others, large = map(int, refused.groups())
    assert bad >= 1 and large == 1 and total == bad + others + large and bad <= 4, refused[0]
    frames, said = sign_at_terminal(0, folder / "answer-0", texts)
    back = texts_file("back", bad_road(frames))
    out, err = online("qr", "read", back, folder / "in")
    assert out.split() == [str(folder / "in" / "answer-1")]
    assert (folder / "in" / "answer-1").read_bytes() == (folder / "answer-0").read_bytes()
    mark = re.search(r"the parcel's mark: ([0-9a-f ]{19})", said.split("any key ends")[-1])[1]
    assert f"mark: {mark}\n" in err, (mark, err)
    # never over what is there
    _, err = online("qr", "read", back, folder / "in", expect=1)
    assert "nothing was written" in err, err


@tap.test
def a_scanner_that_types_to_who_wraps_and_the_unit_back():
    files = [*(folder / name for name in PAPERS), folder / "in" / "answer-1"]
    online("qr", "show", *files, f"png={folder / 'wrap'}")
    lines = bad_road(pngs(folder / "wrap"), spoil=False)
    frames, said = sign_at_terminal(1, folder / "answer-1", "-", scanner=lines, frames=40)
    assert lines[0] not in said  # nothing is echoed
    back = texts_file("back-2", bad_road(frames))
    out, _ = online("qr", "read", back, folder / "in-2")
    assert out.split() == [str(folder / "in-2" / "answer-1"), str(folder / "in-2" / "unit")]
    assert (folder / "in-2" / "answer-1").read_bytes() == (folder / "answer-1").read_bytes()
    unit = (folder / "unit").read_bytes()
    assert (folder / "in-2" / "unit").read_bytes() == unit and len(unit.splitlines()) == 2
    for line in unit.splitlines():
        part = json.loads(line)
        assert nem.verify(bytes.fromhex(holders[1 if line == unit.splitlines()[0] else 0]["key"]),
                          bytes.fromhex(part["data"]), bytes.fromhex(part["signature"]))
    # shown again from its file, on whatever day
    screen = pictures.Screen(cold_argv(1, "show", folder / "answer-1"))
    screen.until(lambda text: len(screen.frames(text)) > 20)
    again = [pictures.of_blocks(blocks) for _, blocks in screen.frames()]
    screen.type(" ")
    screen.end()
    out, _ = online("qr", "read", texts_file("back-3", bad_road(again, spoil=False)), folder / "in-3")
    assert (folder / "in-3" / "answer-1").read_bytes() == (folder / "answer-1").read_bytes()


@tap.test
def a_foe_in_the_road_gets_nothing_that_nobody_sent():
    files = [folder / name for name in PAPERS]
    texts = shown(*files, fragment=200)
    count = int(texts[0].split("/")[1].split("-")[1])
    for n in range(count):
        # one part of the refill or of a tally is the foe's; every checksum of UR is right
        foe = [pictures.mixed_in(text) if i == n else text for i, text in enumerate(texts[:count])]
        assert foe[n] != texts[n] and len(foe[n]) == len(texts[n])
        if n % 4 == 0:
            _, err = cold(0, "explain", texts_file("foe", foe), typed=[PASSPHRASE], expect=3)
            assert "mixed with somebody's own: 1" in err and "the texts ended after 0 of" in err, err
        _, err = online("qr", "read", texts_file("foe", foe), folder / "foe-in", expect=3)
        assert "mixed with somebody's own: 1" in err and not (folder / "foe-in").exists(), err
    # the foe's picture first, then the true ones, once: his whole is false, theirs is what was sent
    foe = [pictures.mixed_in(texts[0]), *texts[:count]]
    out, err = online("qr", "read", texts_file("foe", foe), folder / "foe-in")
    assert "mixed with somebody's own: 1" in err, err
    assert sorted(p.name for p in (folder / "foe-in").iterdir()) == ["refill-1", "tally-1", "tally-2"]
    for name, paper in zip(("refill-1", "tally-1", "tally-2"), PAPERS):
        assert (folder / "foe-in" / name).read_bytes() == (folder / paper).read_bytes()


@tap.test
def an_animation_of_the_foe_s_own_is_judged():
    def ur(*documents, announcements=()):
        return pictures.parcel_text(documents, announcements)

    def refused(why, text, expect, place="evil"):
        _, err = online("qr", "read", "-", folder / place, stdin=text + "\n", expect=expect)
        assert why in err and not (folder / place).exists(), err

    good = (folder / "refill").read_bytes()
    out, _ = online("qr", "read", "-", folder / "plain", stdin=ur(good) + "\n")
    assert (folder / "plain" / "refill-1").read_bytes() == good
    stranger = canon.Document("refill", dict(refill().body, genesis="22" * 32)).raw
    refused("document 1 of the parcel", ur(stranger), 3)
    refused("document 2 of the parcel", ur(good, good.replace(b'{"body"', b'{ "body"')), 3)
    refused("document 1 of the parcel", ur(b"\x1b[2J"), 3)
    line = json.loads((folder / "unit").read_text().splitlines()[0])
    data, signature = bytes.fromhex(line["data"]), bytes.fromhex(line["signature"])
    refused("transaction 1 of the parcel", ur(announcements=[bytes(64) + data]), 1)
    refused("transaction 1 of the parcel", ur(announcements=[signature + data[:-1]]), 3)
    refused("transaction 1 of the parcel", ur(announcements=[signature]), 3)
    out, _ = online("qr", "read", "-", folder / "unit-in", stdin=ur(announcements=[signature + data]) + "\n")
    assert (folder / "unit-in" / "unit").read_text() == (folder / "unit").read_text().splitlines(True)[0]
    refused("mixed with somebody's own: 1", "ur:kuramori/" + pictures.words_of(b"\x83\x00\x01\x02"), 3)
    refused("the texts ended after 0 of 0 parts", "", 3)
    # what is no document to sign is none for the offline machine either, and thieves are refused as ever
    cold(0, "explain", texts_file("evil", [ur(announcements=[signature + data])]), typed=[PASSPHRASE], expect=3)
    cold(0, "explain", texts_file("evil", [ur(stranger)]), typed=[PASSPHRASE], expect=3)
    cold(0, "explain", texts_file("evil", [ur((folder / "holding").read_bytes())]), typed=[PASSPHRASE], expect=3)
    thief = canon.Document("refill", dict(refill().body, destination=nem.KeyPair.named("thief").address())).raw
    (folder / "thief").write_bytes(thief)
    lines = shown(folder / "thief", *(folder / name for name in PAPERS[1:]))
    _, err = cold(0, "explain", texts_file("evil", lines), typed=[PASSPHRASE], expect=1)
    assert "refill.destination" in err, err


@tap.test
def what_is_shown_is_judged_too():
    (folder / "garbage").write_text("{}")
    for words, expect in ((["qr", "show", folder / "garbage"], 3), (["qr", "show", folder / "none"], 1),
                          (["qr", "show", "rate=5"], 2), (["qr", "show", folder / "refill", "rate=21"], 2),
                          (["qr", "show", folder / "refill", "fragment=9"], 2), (["qr"], 2),
                          (["qr", "show", folder / "refill", f"svg={folder / 'film.svg'}"], 1),
                          (["qr", "read", folder / "none", folder / "x"], 1)):
        online(*words, expect=expect)
    # a window that shows no code at all
    screen = pictures.Screen([devnode.program("kuramori"), "--genesis-file", folder / "genesis", "qr", "show",
                              folder / "refill"], rows=8, columns=20, env={"HOME": str(folder)})
    assert "enlarge the window" in screen.end(expect=3)
    assert "\x1b[?1049l" in screen.text


tap.run(found)
