# SPDX-License-Identifier: Apache-2.0
"""Goal: the cards that kuramori-cold shows are read by other people's program, which finds in them the key that the
machine uses; cards which that program made bring the same key into a drill; the key stands in no file.
Method: kuramori-cold at a pseudo-terminal, the Python package shamir-mnemonic, unmodified (tools/install-sdk), and the
kit's own derivation of the NEM key and of the attest key."""

import hashlib
import hmac
import itertools
import os
import random
import shutil
import sys
import tempfile
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
sys.path.insert(0, os.environ["KURAMORI_SDK"] + "/python")
sys.path.insert(0, str(ROOT / "tests/kit"))

import canon  # noqa: E402
import ed25519  # noqa: E402
import nem  # noqa: E402
import shamir_mnemonic  # noqa: E402
from terminal import Terminal, words_of_card  # noqa: E402

PROGRAM = Path(os.environ["KURAMORI_BUILD"]) / "bin" / "kuramori-cold" / "kuramori-cold"
SEED = int(os.environ.get("KURAMORI_SEED", "1"))
PASSPHRASE = "a passphrase of the file"
folder = Path(tempfile.mkdtemp(prefix="sdk-backup-"))
officers = [canon.SigningKey.named(f"sdk officer {i}") for i in (1, 2)]


def start(*words):
    argv = [PROGRAM, "--network-is-up-and-i-know", "yes", "--genesis-file", folder / "genesis", "--key-file",
            folder / "key", "--journal-file", folder / "journal", "--seal-ops", "1", "--seal-mem-kib", "8192"]
    if (folder / "holding").exists():
        argv += ["--roster1-file", folder / "roster", "--holding-file", folder / "holding"]
    return Terminal([str(a) for a in [*argv, *words]], wait=60)


def documents():
    roster = {
        "backends": [], "genesis": canon.ZERO_ID, "governance": 2, "holders": [], "number": 1,
        "people": [{"id": f"officer-{i}", "key": key.public_hex, "passkeys": [], "roles": ["officer"]}
                   for i, key in enumerate(officers, 1)],
        "previous": canon.ZERO_ID, "price_sources": [], "prices_needed": 0, "recovery": False,
        "relying_party": {"id": "", "origins": []},
        "signers": [{"attest_key": canon.SigningKey.named("attest " + x).public_hex,
                     "chain_key": nem.KeyPair.named("chain " + x).public_hex, "id": x} for x in "ab"],
        "software_approvals": True, "watchers": [{"id": "w1", "key": canon.SigningKey.named("sdk watcher").public_hex}],
        "watchers_needed": 1}
    purse, box = nem.KeyPair.named("sdk purse"), nem.KeyPair.named("sdk box")
    genesis = canon.Document("genesis", {
        "boxes": [box.address()], "chain": "nem", "chain_network": nem.NETWORK & 0xFF, "chain_nemesis": "ab" * 32,
        "hot": [{"kind": "purse", "public_key": purse.public_hex, "spare": nem.KeyPair.named("sdk spare").address()}],
        "policy": canon.ZERO_ID, "recovery": {"holders": 5, "needed": 3}, "roster": canon.first_id("roster", roster),
        "spares": [nem.KeyPair.named("sdk spare").address()]})
    (folder / "genesis").write_bytes(genesis.raw)
    (folder / "roster").write_bytes(canon.Document("roster", dict(roster, genesis=genesis.id)).raw)
    return genesis.id


def make_key(rng, genesis):
    t = start("init")
    for prompt, line in (("Type: same", "same"), ("blanks are ignored", "".join(rng.choice("123456") for _ in range(100))),
                         ("passphrase:", PASSPHRASE), ("again:", PASSPHRASE), ("(Enter: none):", ""),
                         ("second passphrase again:", "")):
        t.expect(prompt)
        t.type(line)
    assert t.end() == 0, t.text
    keys = dict(line.split(" ") for line in t.text.splitlines() if line.startswith(("key ", "attest_key ")))
    (folder / "holding").write_bytes(canon.Document("holding", {
        "genesis": genesis, "holders": [{"attest_key": keys["attest_key"], "id": "holder", "key": keys["key"], "registration": ""}],
        "limit": "1", "number": 1, "previous": canon.ZERO_ID, "residue_max": "0", "tally_age_ms": 1, "window_ms": 1,
    }).sign(*officers).raw)
    return keys


def back_up(plan, needed, passphrase, exponent):
    t = start("--shares", ",".join(f"{m}of{n}" for m, n in plan), "--groups-needed", str(needed),
              "--shares-exponent", str(exponent), "backup")
    for prompt, line in (("passphrase:", PASSPHRASE), ("empty for none:", passphrase), ("same again:", passphrase)):
        t.expect(prompt)
        t.type(line)
    cards = []
    for _, count in plan:
        cards.append([])
        for _ in range(count):
            _, before = t.expect("Write the card")
            words = words_of_card(before)
            t.type("")
            t.expect("as many lines as you like")
            t.type(" ".join(words))
            cards[-1].append(" ".join(words))
    t.expect("each was read back")
    assert t.end() == 0, t.text
    return cards


def drill(chosen, passphrase, name):
    t = start("--drill-file", str(folder / name), "drill")
    t.expect("Type: same")
    t.type("same")
    for card in chosen:
        t.expect("as many lines as you like")
        t.type(card)
    t.expect("empty for none:")
    t.type(passphrase)
    word, _ = t.expect("this drill counts until", "no such key")
    if word != "this drill counts until":
        t.key(b"\x03")
    return t.end() == 0


def choices(rng, plan, needed, cards):
    """Some choices that bring the key back; every card in one of them."""
    left = {card for group in cards for card in group}
    while left:
        chosen = []
        for g in rng.sample(range(len(plan)), needed):
            chosen += rng.sample(cards[g], plan[g][0])
        left -= set(chosen)
        rng.shuffle(chosen)
        yield chosen


def nowhere(secret, cards):
    texts = [secret, secret.hex().encode(), secret[::-1], *(card.encode() for card in cards), *(card[:40].encode() for card in cards)]
    for path in folder.rglob("*"):
        raw = path.read_bytes() if path.is_file() else b""
        assert not any(text in raw for text in texts), path


def ours_to_theirs(rng, keys):
    for plan, needed, passphrase in (([(2, 3)], 1, ""), ([(2, 3), (3, 5), (1, 1)], 2, "of the cards ~ 7")):
        cards = back_up(plan, needed, passphrase, rng.randint(0, 2))
        for chosen in choices(rng, plan, needed, cards):
            secret = shamir_mnemonic.combine_mnemonics(chosen, passphrase.encode())
            # the whole secret: the chain key and the attest key both follow from it
            assert nem.KeyPair(secret.hex()).public_hex == keys["key"]
            attest = hmac.new(secret, b"kuramori cold attest v1", hashlib.sha256).digest()
            assert ed25519.public_key(attest).hex() == keys["attest_key"]
        nowhere(secret, itertools.chain(*cards))
    return secret


def theirs_to_ours(rng, secret):
    for number, (plan, needed) in enumerate((([(2, 3)], 1), ([(3, 4), (1, 1), (2, 2)], 2))):
        passphrase = rng.choice(["", "theirs"])
        for exponent, good in ((0, True), (3, True)):
            cards = shamir_mnemonic.generate_mnemonics(needed, plan, secret, passphrase.encode(), bool(exponent), exponent)
            chosen = next(choices(rng, plan, needed, cards))
            name = f"drill-{number}-{exponent}"
            assert drill(chosen, passphrase, name) == good
            assert (folder / name).exists()
            nowhere(secret, itertools.chain(*cards))
    # another secret of theirs: good cards, and no key of the holding
    cards = shamir_mnemonic.generate_mnemonics(1, [(2, 3)], rng.randbytes(32), b"")
    assert not drill(cards[0][:2], "", "drill-other") and not (folder / "drill-other").exists()
    # rounds without end: refused before they are counted
    cards = shamir_mnemonic.generate_mnemonics(1, [(2, 3)], secret, b"", iteration_exponent=9)
    t = start("--drill-file", str(folder / "drill-long"), "drill")
    t.expect("Type: same")
    t.type("same")
    t.expect("as many lines as you like")
    t.type(cards[0][0])
    t.expect("would be counted for too long")
    t.key(b"\x03")
    assert t.end() != 0 and not (folder / "drill-long").exists()


def main():
    rng = random.Random(SEED)
    print(f"# seed {SEED}")
    bad = 0
    keys = make_key(rng, documents())
    secret = None
    for number, name in enumerate(("our program's cards, read by shamir-mnemonic", "its cards, in a drill of ours"), 1):
        try:
            if number == 1:
                secret = ours_to_theirs(rng, keys)
            else:
                assert secret is not None, "there are no cards"
                theirs_to_ours(rng, secret)
            print(f"ok {number} - {name}")
        except AssertionError as fault:
            print(f"not ok {number} - {name}: {fault}")
            bad = 1
    print("1..2")
    shutil.rmtree(folder, ignore_errors=True)
    return bad


sys.exit(main())
