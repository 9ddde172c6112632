# SPDX-License-Identifier: Apache-2.0
"""What the scenarios of cold keeping share: a genesis with one box, and a person who types what kuramori-cold asks for."""

import os
import subprocess

import canon
import nem
from terminal import words_of_card


def first_documents(officers, watchers, box, purse, spare, nemesis, recovery):
    """(genesis, first roster): two officers rule, one box, one purse with one spare box, no policy."""
    roster = {
        "backends": [], "genesis": canon.ZERO_ID, "governance": 2, "holders": [], "number": 1,
        "people": [{"id": f"officer-{i}", "key": key.public_hex, "passkeys": [], "roles": ["officer"]}
                   for i, key in enumerate(officers, 1)],
        "previous": canon.ZERO_ID, "price_sources": [], "prices_needed": 0, "recovery": False,
        "relying_party": {"id": "", "origins": []},
        "signers": [{"attest_key": canon.SigningKey.named("attest " + x).public_hex,
                     "chain_key": nem.KeyPair.named("chain " + x).public_hex, "id": x} for x in "ab"],
        "software_approvals": True,
        "watchers": [{"id": f"w{i}", "key": key.public_hex} for i, key in enumerate(watchers, 1)],
        "watchers_needed": 2,
    }
    genesis = canon.Document("genesis", {
        "boxes": [box.address()], "chain": "nem", "chain_network": nem.NETWORK & 0xFF, "chain_nemesis": nemesis,
        "hot": [{"kind": "purse", "public_key": purse.public_hex, "spare": spare.address()}],
        "policy": canon.ZERO_ID, "recovery": recovery,
        "roster": canon.first_id("roster", roster), "spares": [spare.address()]})
    return genesis, canon.Document("roster", dict(roster, genesis=genesis.id))


def typed(argv, lines, expect):
    """Runs kuramori-cold and types lines, WORDS being the words that it names; (what it printed, what it complained of).
    expect None: it does not end well."""
    with subprocess.Popen([str(a) for a in argv], stdin=subprocess.PIPE, stdout=subprocess.PIPE,
                          stderr=subprocess.PIPE, text=True, env={**os.environ, "LC_ALL": "C"}) as run:
        out = ""
        try:
            for line in lines:
                if line == "WORDS":
                    while "type these words: " not in out:
                        more = run.stdout.readline()
                        if not more:
                            break
                        out += more
                    line = out.rsplit(": ", 1)[1].strip() if "type these words: " in out else ""
                run.stdin.write(line + "\n")
                run.stdin.flush()
        except BrokenPipeError:
            pass  # it refused before it asked
        rest, err = run.communicate(timeout=60)
    ended = run.returncode != 0 if expect is None else run.returncode == expect
    assert ended, (run.returncode, out + rest, err)
    return out + rest, err


def back_up(t, passphrase):
    """At the terminal t of `kuramori-cold backup`, to its end: cards without a passphrase; the words of each."""
    t.expect("passphrase:")
    t.type(passphrase)
    for words in ("empty for none:", "the same again:"):
        t.expect(words)
        t.type("")
    cards = []
    while True:
        word, before = t.expect("Write the card; then press Enter", "each was read back")
        if not word.startswith("Write"):
            break
        cards.append(words_of_card(before))
        t.type("")
        t.expect("words, on as many lines as you like")
        t.type(" ".join(cards[-1][:20]))
        t.type(" ".join(cards[-1][20:]))
    assert t.end() == 0, t.text
    return cards


def keys_in(text):
    """{"key", "attest_key"} of what kuramori-cold printed."""
    return dict(line.split(" ") for line in text.splitlines() if line.startswith(("key ", "attest_key ")))
