# SPDX-License-Identifier: Apache-2.0
"""Goal: what the offline program writes, other people's programs read, and the other way round.
Method: the Python package shamir-mnemonic and the npm package @ngraveio/bc-ur, unmodified (tools/install-sdk), and our
cold_tool.  Cards: random secrets, plans, passphrases, choices of members, both directions; wrong collections are refused
by both.  Texts for QR codes: random messages in random pieces; both write the same texts, mixes far behind the first
round too, and each reads the other's with some lost and all out of order."""

import json
import os
import random
import secrets
import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
sys.path.insert(0, os.environ["KURAMORI_SDK"] + "/python")

import shamir_mnemonic  # noqa: E402

TOOL = Path(os.environ["KURAMORI_BUILD"]) / "tests" / "conformance" / "sdk" / "cold_tool"
SEED = int(os.environ.get("KURAMORI_SEED", "1"))
ROUNDS = 40


def tool(*arguments, lines=()):
    done = subprocess.run([str(TOOL), *map(str, arguments)], input="".join(line + "\n" for line in lines),
                          capture_output=True, text=True, timeout=60)
    if done.returncode != 0:
        raise AssertionError(f"cold_tool {arguments[0]}: {done.stderr}")
    return done.stdout.splitlines()


def plan_of(rng):
    """(groups needed, [(members needed, members)])"""
    groups = []
    for _ in range(rng.randint(1, 5)):
        count = rng.randint(1, 7)
        groups.append((1, 1) if count == 1 else (rng.randint(2, count), count))
    return rng.randint(1, len(groups)), groups


def choose(rng, needed, groups, cards):
    """Exactly as many cards as needed; cards: one list a group."""
    chosen = []
    for g in rng.sample(range(len(groups)), needed):
        chosen += rng.sample(cards[g], groups[g][0])
    rng.shuffle(chosen)
    return chosen


def ours_to_theirs(rng):
    needed, groups = plan_of(rng)
    secret = rng.randbytes(rng.choice([16, 18, 24, 32, 48, 64]))
    passphrase = bytes(rng.randint(32, 126) for _ in range(rng.randint(0, 70)))
    text = ",".join(f"{t}/{n}" for t, n in groups)
    lines = tool("split", needed, text, rng.randint(0, 1), rng.randint(0, 1), secret.hex(), passphrase.hex(),
                 secrets.token_hex(8192))
    cards, at = [], 0
    for _, count in groups:
        cards.append(lines[at:at + count])
        at += count
    assert at == len(lines)
    assert shamir_mnemonic.combine_mnemonics(choose(rng, needed, groups, cards), passphrase) == secret


def theirs_to_ours(rng):
    needed, groups = plan_of(rng)
    secret = rng.randbytes(rng.choice([16, 18, 24, 32, 48, 64]))
    passphrase = bytes(rng.randint(32, 126) for _ in range(rng.randint(0, 70)))
    cards = shamir_mnemonic.generate_mnemonics(needed, groups, secret, passphrase, bool(rng.randint(0, 1)),
                                               rng.randint(0, 1))
    chosen = choose(rng, needed, groups, cards)
    assert tool("combine", passphrase.hex(), lines=chosen) == [f"secret {secret.hex()}"]
    # one word replaced, two words exchanged: refused by both
    spoiled = chosen[0].split()
    a, b = rng.sample(range(len(spoiled)), 2)
    spoiled[a], spoiled[b] = spoiled[b], spoiled[a]
    if spoiled != chosen[0].split():
        refused_by_both([" ".join(spoiled), *chosen[1:]], passphrase)
    refused_by_both(chosen[1:], passphrase)


def refused_by_both(cards, passphrase):
    assert tool("combine", passphrase.hex(), lines=cards)[0].startswith("fault ")
    try:
        shamir_mnemonic.combine_mnemonics(cards, passphrase)
    except (shamir_mnemonic.MnemonicError, ValueError):
        return
    raise AssertionError("shamir-mnemonic takes what we refuse")


class Bc:
    """bc-ur in Node.js."""

    def __init__(self):
        self.process = subprocess.Popen(["node", str(Path(__file__).parent / "bc_ur.mjs"), os.environ["KURAMORI_SDK"]],
                                        stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)

    def ask(self, **request):
        self.process.stdin.write(json.dumps(request) + "\n")
        self.process.stdin.flush()
        line = self.process.stdout.readline()
        assert line, "bc-ur ended"
        return json.loads(line)


def texts_both_ways(bc, rng):
    content = rng.randbytes(rng.randint(1, rng.choice([20, 500, 5000, 20000])))
    head = bytes([0x59]) + len(content).to_bytes(2, "big")
    message = (head + content if len(content) > 255 else
               bytes([0x58, len(content)]) + content if len(content) > 23 else bytes([0x40 + len(content)]) + content)
    fragment = rng.randint(max(10, len(message) // 400 + 1), 700)
    seq = rng.choice([0, 0, rng.randint(1, 1000), 2 ** 31])
    parts = len(message) // fragment + 1
    count = 2 * parts + 10
    ours = tool("ur-encode", "kuramori-test", fragment, seq, count, message.hex())
    theirs = bc.ask(encode=message.hex(), type="kuramori-test", fragment=fragment, seq=seq, count=count)["texts"]
    assert ours == theirs, next((a, b) for a, b in zip(ours, theirs) if a != b)
    heard = [text for text in theirs if rng.random() < 0.9]
    rng.shuffle(heard)
    heard += bc.ask(encode=message.hex(), type="kuramori-test", fragment=fragment, seq=0, count=count)["texts"]
    word, hexed, used = tool("ur-decode", "kuramori-test", lines=heard)[0].split()
    assert word == "message" and hexed == message.hex()
    answer = bc.ask(decode=heard)
    assert answer.get("message") == message.hex() and answer["type"] == "kuramori-test", answer.get("error")
    assert int(used) <= answer["read"], "we need more texts than bc-ur"
    return int(used), answer["read"]


def main():
    rng = random.Random(SEED)
    print(f"# seed {SEED}")
    bad = 0
    tests = [("our cards, read by shamir-mnemonic", ours_to_theirs), ("its cards, read by us", theirs_to_ours)]
    for number, (name, test) in enumerate(tests, 1):
        try:
            for _ in range(ROUNDS):
                test(rng)
            print(f"ok {number} - {name}, {ROUNDS} plans")
        except AssertionError as fault:
            print(f"not ok {number} - {name}: {fault}")
            bad = 1
    try:
        bc = Bc()
        read = [texts_both_ways(bc, rng) for _ in range(ROUNDS)]
        print(f"# texts read until a message was whole: {sum(a for a, _ in read)} by us, {sum(b for _, b in read)} by bc-ur")
        print(f"ok 3 - texts for QR codes of ours and of bc-ur, {ROUNDS} messages")
    except AssertionError as fault:
        print(f"not ok 3 - texts for QR codes: {fault}")
        bad = 1
    print("1..3")
    return bad


sys.exit(main())
