#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Goal: `kuramori show` puts every document in words: no field is left out, whose signature it has is said
and judged, and nothing that a stranger wrote into it moves the cursor or hides.

Method: one sample of every type (doc_tool), and documents of the kit with one thing wrong.
"""
import json
import os
import re
import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parents[3]
sys.path.insert(0, str(ROOT / "tests/kit"))

import canon  # noqa: E402
import ceremony  # noqa: E402
import nem  # noqa: E402
import passkey  # noqa: E402
import process  # noqa: E402
import tap  # noqa: E402

BUILD = Path(os.environ["KURAMORI_BUILD"])
TOOL = BUILD / "bin/kuramori/kuramori"
folder = process.temp_dir("ks-")
OFFICERS = [canon.SigningKey.named(f"officer {i}") for i in (1, 2)]
WATCHERS = [canon.SigningKey.named(f"watcher {i}") for i in (1, 2)]
key = nem.KeyPair.named
genesis, roster = ceremony.first_documents(OFFICERS, WATCHERS, key("box"), key("purse"), key("spare"), "11" * 32,
                                           {"holders": 5, "needed": 3})


def place(name, raw):
    path = folder / name
    path.write_bytes(raw)
    return path


def show(*paths, expect=0, lang="C.UTF-8", options=()):
    """(stdout, stderr)"""
    done = subprocess.run([str(TOOL), *map(str, options), "show", *map(str, paths)], capture_output=True, timeout=60,
                          env={**os.environ, "HOME": str(folder), "LANGUAGE": "", "LC_ALL": "", "LANG": lang})
    assert done.returncode == expect, (done.returncode, done.stdout, done.stderr)
    return done.stdout.decode(), done.stderr.decode()


def known():
    return ["--genesis-file", place("genesis", genesis.raw), "--roster-file", place("roster", roster.raw)]


def holding(number=1, previous=canon.ZERO_ID, **changes):
    body = {"genesis": genesis.id, "limit": "20000000000000", "number": number, "previous": previous,
            "residue_max": "100000", "tally_age_ms": 86400000, "window_ms": 604800000,
            "holders": [{"attest_key": canon.SigningKey.named(f"attest {i}").public_hex, "id": f"h{i}",
                         "key": key(f"holder {i}").public_hex, "registration": ""} for i in range(1, 6)]}
    return canon.Document("holding", {**body, **changes})


def names(value):
    """Every key of a body, at any depth."""
    if isinstance(value, dict):
        for name, inner in value.items():
            yield name
            yield from names(inner)
    elif isinstance(value, list):
        for inner in value:
            yield from names(inner)


@tap.test
def every_type_with_every_field():
    samples = subprocess.run([os.environ["DOC_TOOL"], "samples"], capture_output=True, check=True).stdout.split(b"\n")[:-1]
    seen = set()
    for i, line in enumerate(samples):
        raw = line.split(b" ", 2)[2]
        document = json.loads(raw)
        path = place(f"sample-{i}", raw)
        for lang in ("C.UTF-8", "ja_JP.UTF-8"):
            said, complaint = show(path, lang=lang)
            assert said.startswith(document["type"] + " ") and complaint == "", (said, complaint)
            for name in names(document["body"]):
                assert re.search(rf"(^|[ (]){name}[:),]|, \d+/\d+: ", said, re.M), (document["type"], name, said)
            assert len(re.findall(r"^(?:words  |       ) *\d+  [a-z]", said, re.M)) == 4 or lang != "C.UTF-8", said
        as_json = json.loads(show(path, options=["--json"])[0])
        assert as_json["body"] == document["body"] and as_json["type"] == document["type"]
        assert len(as_json["words"].split()) == 24 and len(as_json["signatures"]) == len(document["signatures"])
        seen.add(document["type"])
    assert len(seen) == len(samples) >= 34, sorted(seen)


@tap.test
def whose_signatures_it_has():
    plain = holding()
    said, _ = show(place("plain", plain.raw), options=known())
    assert "nobody has signed it" in said and "one holder signs for at most (limit): 20,000,000.000000 XEM" in said, said
    assert "(window_ms): 7 d" in said and "WHICH NOBODY COMPARED" not in said, said
    both = holding().sign(OFFICERS[0]).sign(canon.SigningKey.named("attest 3")).sign(canon.SigningKey.named("stranger"))
    said, _ = show(place("both", both.raw), options=known())
    assert "signed by officer-1," in said and "this holding itself calls h3," in said and "NOBODY KNOWN HERE" in said, said
    assert "officer-2" not in said
    # without genesis_file it says so, and knows no names of the roster
    said, _ = show(place("both", both.raw))
    assert "WHICH NOBODY COMPARED HERE" in said and said.count("NOBODY KNOWN HERE") == 2, said
    # who makes a holding gives its holders what names he likes: none of them is the roster's
    thief = canon.SigningKey.named("attest 3")
    holders = [dict(h, id="officer-2") if h["id"] == "h3" else h for h in plain.body["holders"]]
    usurped = holding(holders=holders).sign(thief)
    said, _ = show(place("usurped", usurped.raw), options=known())
    assert "signed by officer-2" not in said and "no roster here has" in said, said
    signature, = json.loads(show(place("usurped", usurped.raw), options=[*known(), "--json"])[0])["signatures"]
    assert (signature["by"], signature["by_itself"], signature["verifies"]) == (None, "officer-2", True), signature
    forged = json.loads(both.raw)
    forged["signatures"][0]["signature"] = forged["signatures"][1]["signature"]
    said, _ = show(place("forged", canon.write(forged)), expect=1, options=known())
    assert said.count("DOES NOT VERIFY") == 1, said


@tap.test
def what_security_keys_say_is_judged_for_programs_too():
    owner, stranger = passkey.Passkey("owner"), passkey.Passkey("stranger")
    party = {"id": "approve.example", "origins": [{"origin": "https://approve.example"}]}
    people = [dict(p, passkeys=[owner.entry()]) if p["id"] == "officer-1" else p for p in roster.body["people"]]
    ours = canon.Document("roster", dict(roster.body, people=people, relying_party=party, number=2, previous=roster.id))
    draft = canon.Document("roster", dict(roster.body, number=2, previous=roster.id))
    options = ["--genesis-file", place("genesis", genesis.raw), "--roster-file", place("ours", ours.raw)]
    for by, verifies, code in ((owner, True, 0), (stranger, False, 1)):
        behind = by.approve(draft, party["id"], "https://approve.example")
        path = place("proved", draft.raw + b"\n" + behind.raw)
        said, _ = show(path, options=options, expect=code)
        assert ("signed by officer-1, with a security key" in said) is verifies, said
        as_json = json.loads(show(path, options=[*options, "--json"], expect=code)[0])
        assert as_json["security_keys"] == [{"verifies": verifies, "by": "officer-1" if verifies else None}], as_json
        # without a genesis it is shown as every other document, and nobody judged it
        said, _ = show(path)
        assert "set roster_file to have them judged" in said and "WHICH NOBODY COMPARED" in said, said
        assert json.loads(show(path, options=["--json"])[0])["security_keys"] == [{"verifies": None, "by": None}]
    assert json.loads(show(place("plain", draft.raw), options=["--json"])[0])["security_keys"] == []


@tap.test
def a_holding_beside_the_one_before_it():
    first = holding()
    more = holding(2, first.id, limit="20000000000001")
    fewer = holding(2, first.id, holders=first.body["holders"][:4])
    options = [*known(), "--holding-file", place("first", first.raw)]
    assert "It LOOSENS" in show(place("next", more.raw), options=options)[0]
    said, _ = show(place("next", fewer.raw), options=options)
    assert "GOES: h5" in said and "takes away only" in said, said
    other = holding(2, first.id, holders=first.body["holders"][:4] + [dict(first.body["holders"][4], key=key("thief").public_hex)])
    said, _ = show(place("next", other.raw), options=options)
    assert "COMES NEW: h5" in said and "GOES: h5" in said and "It LOOSENS" in said, said
    assert "COMES NEW" not in show(place("next", holding(3, "22" * 32).raw), options=options)[0]


@tap.test
def what_a_stranger_wrote_moves_nothing():
    shown = []
    for text in ("plain", "a\u200bb", "c\u0301\u0301\u0301\u0301d", "\u05d0\u05d1", "x\u2800\u2800\U0001d159y", "one   two \u3000 \u3000three ", "x\u3000y"):
        freeze = canon.Document("freeze", {"evacuate": False, "evidence": "", "genesis": genesis.id, "issuer": "officer-1",
                                           "nonce": "00" * 16, "reason": text, "scope": "all", "time_ms": 1})
        said, _ = show(place("freeze", freeze.sign(OFFICERS[0]).raw), options=known())
        shown.append(next(line for line in said.splitlines() if "(reason)" in line).split(": ", 1)[1])
    assert shown == ["plain", "a?b", "c\u0301\u0301??d", "??", "x???y", "one ??two ???three ", "x\u3000y"], shown
    # control characters and turned text are no document at all
    for text in ("a\u001bb", "a\u202eb", "a\u2066b", "a\u0085b"):
        raw = freeze.raw.replace("x\u3000y".encode(), json.dumps(text).strip('"').encode() if text[1] < " " else text.encode())
        show(place("bad", raw), expect=3)


@tap.test
def what_is_no_document():
    for raw, code in ((b"", 3), (b"{}", 3), (b"\xff" * 70000, 3), (genesis.raw + b"\n", 3), (genesis.raw[:-1], 3)):
        show(place("bad", raw), expect=code)
    show(folder / "absent", expect=1)
    show(expect=2)
    # of another genesis than the one that is configured
    other = canon.Document("roster", dict(roster.body, genesis="77" * 32))
    show(place("other", other.raw), expect=3, options=known())
    # a draft of a first roster, before there is a genesis
    draft = canon.Document("roster", dict(roster.body, genesis=canon.ZERO_ID))
    assert "of no genesis yet" in show(place("draft", draft.raw))[0]


if __name__ == "__main__":
    tap.run()
