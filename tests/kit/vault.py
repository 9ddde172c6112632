# SPDX-License-Identifier: Apache-2.0
"""The cold side of a world: five holders with kuramori-cold on machines of their own, the holding that officers signed,
refills and the watchers' tallies. What the online side brings to the holders' machines is files in one folder."""

import hashlib
import hmac
import random
import re

import canon
import ceremony
import nem
import process
import world as kit
from terminal import Terminal

XEM = kit.XEM
PASSPHRASE = "a passphrase of the test"
SECOND = "another passphrase of the test"
FEES = {"fee_cosign": 150_000, "fee_inner": 1_250_000, "fee_outer": 150_000}   # of a whole box, two who cosign
MOVED = FEES["fee_inner"] + FEES["fee_outer"] + 2 * FEES["fee_cosign"]


class Holder:
    """A cold key whose public half alone is known here."""

    def __init__(self, public_hex):
        self.public_hex, self.public = public_hex, bytes.fromhex(public_hex)


class Sold:
    """The keys of a holder who rolled his dice in front of the thief: a key of a drill is the dice alone."""

    def __init__(self, rolls):
        seed = hashlib.sha256(b"kuramori cold drill v1\n" + rolls.encode()).digest()
        self.chain = nem.KeyPair(seed.hex())
        self.attest = canon.SigningKey(hmac.digest(seed, b"kuramori cold attest v1", "sha256"))


class Vault:
    """w: a world whose holders are made here. folder: a new one, of holders' machines and of papers. second: the holders
    who have a second passphrase; with any of them, all are registered."""

    def __init__(self, w, folder, second=()):
        self.w = w
        self.folder = folder
        self.second = second
        self.attest = []    # of the holders
        self.sold = None    # of the last holder

    def place(self, name):
        return self.folder / name

    def write(self, name, document):
        self.place(name).write_bytes(document if isinstance(document, bytes) else document.raw)
        return self.place(name)

    # ------------------------------------------------------------ machines

    def argv(self, who, *words, answer=None, holding="holding", unit="unit"):
        """kuramori-cold on the machine of this holder (a number) or of this name."""
        own = self.place(f"holder-{who}" if isinstance(who, int) else who)
        own.mkdir(exist_ok=True)
        documents = self.w.place("documents")
        argv = [self.w.program("kuramori-cold"), "--network-is-up-and-i-know", "yes",
                "--genesis-file", documents / "genesis.json", "--key-file", own / "key", "--journal-file", own / "journal",
                "--seal-ops", "1", "--seal-mem-kib", "8192"]
        if self.place(holding).exists():
            argv += ["--roster1-file", documents / "roster.json", "--holding-file", self.place(holding)]
        if answer is not None:
            argv += ["--answer-file", answer, "--unit-file", self.place(unit)]
        return [str(a) for a in [*argv, *words]]

    def cold(self, who, *words, typed=(), expect=0, answer=None, holding="holding", unit="unit"):
        """(stdout, stderr). typed: lines; "WORDS" is what the program asks to be typed."""
        return ceremony.typed(self.argv(who, *words, answer=answer, holding=holding, unit=unit), typed, expect)

    def sign(self, who, answer, *files, **more):
        """That holder signs; the answer's path."""
        self.cold(who, "sign", *files, typed=[PASSPHRASE, "WORDS"], answer=self.place(answer), **more)
        return self.place(answer)

    def make_keys(self, sold=False):
        """Five holders' keys, of kernel and dice; sold: the last one's of dice that the thief has seen."""
        dice = random.Random(7)
        for i in range(5):
            rolls = "".join(dice.choice("123456") for _ in range(100))
            drill = ["--drill", "yes"] if sold and i == 4 else []
            second = [SECOND, SECOND] if i in self.second else []
            out, _ = self.cold(i, *drill, "init", typed=["same", rolls, PASSPHRASE, PASSPHRASE, *second])
            one = ceremony.keys_in(out)
            self.w.keys.holders[i] = Holder(one["key"])
            self.attest.append(one["attest_key"])
            if drill:
                self.sold = Sold(rolls)
                assert self.sold.chain.public_hex == one["key"] and self.sold.attest.public_hex == one["attest_key"]

    def held(self, who, *words, typed=(), expect=0, key=None):
        """cold(), with any key file."""
        argv = self.argv(who, *words)
        if key is not None:
            argv[argv.index("--key-file") + 1] = str(key)
        return ceremony.typed(argv, typed, expect)

    def registration(self, who, passphrase=PASSPHRASE, key=None):
        """What that holder says for the next holding, and the screen that it stands on."""
        roster = [] if self.place("holding").exists() else ["--roster1-file", self.w.place("documents") / "roster.json"]
        out, _ = self.held(who, *map(str, roster), "register", typed=[passphrase], key=key)
        return re.search(r"^registration ([0-9a-f]+)$", out, re.M)[1], out

    # ------------------------------------------------------------ papers

    def holding(self, officers=("officer-1", "officer-2"), **changed):
        return canon.Document("holding", {
            "genesis": self.w.genesis.id,
            "holders": [{"attest_key": self.attest[i], "id": f"holder-{i}", "key": h.public_hex,
                         "registration": self.registration(i)[0] if self.second else ""}
                        for i, h in enumerate(self.w.keys.holders)],
            "limit": str(20_000_000 * XEM), "number": 1, "previous": canon.ZERO_ID, "residue_max": str(5 * XEM),
            "tally_age_ms": 86_400_000, "window_ms": 604_800_000, **changed,
        }).sign(*(self.w.keys.people[name][0] for name in officers))

    def balance(self, key):
        return self.w.public.balance(key.address())

    def refill(self, box, to, by=(0, 1, 2), **changed):
        """A refill of that whole box, by what the node says. by: the holders, who wraps comes last."""
        stamp = self.w.chain_time()
        keys = [self.w.keys.holders[i].public_hex for i in by]
        return canon.Document("refill", {
            "account": box.public_hex, "amount": str(self.balance(box) - MOVED),
            "cosigners": [{"key": key} for key in sorted(keys[:-1])], "deadline_nem_s": stamp + 86400,
            "destination": to.address(), **{name: str(fee) for name, fee in FEES.items()}, "genesis": self.w.genesis.id,
            "initiator": keys[-1], "previous": canon.ZERO_ID, "proposer": "officer-cli", "time_ms": kit.now_ms(),
            "timestamp_nem_s": stamp, **changed})

    def kuramori(self, *words, expect=0, stops=None):
        """An officer's tool; (what it printed, what it complained of). expect None: it does not end well."""
        config = self.w.write_cli_config("officer-cli", stops, server=False)
        done = process.run([self.w.program("kuramori"), "--config", config, *words], expect=None, timeout=60.0)
        ended = done.returncode != 0 if expect is None else done.returncode == expect
        assert ended, (words, done.returncode, done.stdout, done.stderr)
        return done.stdout, done.stderr

    def tallies(self, *what, expect=0, stops=None, into="tallies"):
        """What the watchers say of these accounts, or of a refill's: (files, stdout, stderr)."""
        self.place(into).mkdir(exist_ok=True)
        for old in self.place(into).iterdir():
            old.unlink()
        out, err = self.kuramori("tally", self.place(into), *what, expect=expect, stops=stops)
        return sorted(self.place(into).iterdir()), out, err

    def watchers_see(self, numbers=(1, 2, 3)):
        """Waits until these watchers have read both their nodes."""
        process.wait_until(lambda: all(self.w.status(f"watcher-{n}").get(node) == "up"
                                       for n in numbers for node in ("node_0", "node_1")), 30, "nodes read")

    def collect(self, refill, *answers, expect=0, announce=True):
        node = [f"node=127.0.0.1:{self.w.ports['node public']}"] if announce else []
        return self.kuramori("--holding-file", self.place("holding"), "refill", "collect", refill, *answers, *node,
                             expect=expect)

    # ------------------------------------------------------------ cards

    def back_up(self, who, *flags):
        """The ceremony of that holder's cards; the words of each card."""
        return ceremony.back_up(Terminal(self.argv(who, *flags, "backup")), PASSPHRASE)

    def from_cards(self, who, command, cards, *flags, again=()):
        """A machine that cards are typed into, up to their passphrase; command: drill or restore."""
        t = Terminal(self.argv(who, *flags, command))
        t.expect("Type: same")
        t.type("same")
        for card in cards:
            t.expect("type its 33 words")
            t.type(" ".join(card[:20]))
            t.type(" ".join(card[20:]))
        t.expect("passphrase of the cards, empty for none:")
        t.type("")
        for line in again:
            t.expect("passphrase")
            t.type(line)
        return t
