# SPDX-License-Identifier: Apache-2.0
"""A small exchange of real processes for the attacks: one ceremony, copied afresh for each attack.

Nothing here is a mock: node, signers, watchers, server and tool are the built programs. What an
attack replaces is the party that it owns (kuramorid by evil.Server, people by stolen keys).
"""

import contextlib
import copy
import hashlib
import hmac
import itertools
import json
import os
import struct
import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
sys.path.insert(0, str(ROOT / "tests/kit"))

import attempts  # noqa: E402
import audit  # noqa: E402
import canon  # noqa: E402
import evil  # noqa: E402
import frames  # noqa: E402
import nem  # noqa: E402
import process  # noqa: E402
import story_a  # noqa: E402
import vault  # noqa: E402
import world as kit  # noqa: E402

XEM = kit.XEM
CUSTOMERS = 200
SETTINGS = {"seed": 2018, "boxes": 14, "purses": 1, "purse_xem": 1_000_000, "till_xem": 1_300_000,
            "spare_extra": 1, "journal_bytes": 8 * 1024 * 1024, "passkeys": True, "price_sources": 3}
# A world with tills for three attempts, which live for two minutes.
THIRD = {"boxes": 1, "purses": 1, "spare_extra": 1, "quiet_blocks": 5, "poll_ms": 10, "till_xem": 400_000,
         "more_tills": 2, "block_ms": 1000, "journal_bytes": 8 * 1024 * 1024,
         "policy": {"attempt_life_s": 120, "clock_skew_ms": 3_600_000, "heartbeat_age_ms": 2_000}}
# A world with boxes that five real machines of holders can open; blocks as many as make one final.
VAULT = {"boxes": 5, "purses": 1, "spare_extra": 1, "quiet_blocks": 370, "block_ms": 300}
# The sealing of throw-away keys is made cheap: a signer is unlocked some fifty times.
CHEAP_SEAL = ("--ops", "1", "--mem-kib", "8192")


class Broken(Exception):
    """The attack succeeded, or what should have stopped it did something else."""


def must(holds, words, detail=""):
    """Broken unless it holds."""
    if not holds:
        raise Broken(f"{words}{f' ({detail})' if detail != '' else ''}")


def xem(micro):
    """Micro-XEM for people."""
    whole, rest = divmod(micro, XEM)
    return f"{whole:,}" + (f".{rest:06d}".rstrip("0") if rest else "")


def altered_hex(text, at=-1):
    """The same hex with one bit of one byte flipped."""
    data = bytearray.fromhex(text)
    data[at] ^= 1
    return data.hex()


class World(kit.World):
    """tests/kit's world with what attacks need beside it."""

    def seal_signers(self):
        keys = {}
        for which, key in (("a", self.keys.a), ("b", self.keys.b)):
            done = process.run([self.program("kuramori-signer"), "--seal",
                                self.place(f"signer-{which}") / "key.sealed", *CHEAP_SEAL, "--json"],
                               input=f"{key.private_hex}\n{kit.PASSPHRASE}\n{kit.PASSPHRASE}\n")
            keys[which] = json.loads(done.stdout)["attest_key"]
        return keys

    def attest_key(self, which):
        """What a thief of a hot key has too: all keys of a signer follow from it."""
        key = self.keys.a if which == "a" else self.keys.b
        return canon.SigningKey(hmac.new(bytes.fromhex(key.private_hex), b"kuramori signer attest v1",
                                         hashlib.sha256).digest())

    def ready(self, timeout=15.0):
        """Both signers would sign."""
        for which in "ab":
            process.wait_until(lambda: self.status(f"signer-{which}").get("signs") == "ready", timeout,
                               f"signer {which} is ready")

    def journal_of(self, which):
        """A signer's journal, verified, as it is on the disk now."""
        return audit.read_file_journal(self.journal(f"signer-{which}")).verify()

    def hot(self):
        return [key.address() for _, key in self.keys.hot]

    def own(self):
        k = self.keys
        kinds = {"till": audit.TILL, "purse": audit.PURSE, "deposit": audit.DEPOSIT}
        out = {key.address(): kinds[kind] for kind, key in k.hot}
        out.update({key.address(): audit.BOX for key in k.boxes})
        out.update({key.address(): audit.SPARE for key in k.spares})
        return out

    def follow(self):
        """Balances and transfers from the node's blocks, every signature verified."""
        self.follower.node = self.public
        self.follower.catch_up()
        return self.follower

    def wait_blocks(self, count):
        height = self.public.height()
        process.wait_until(lambda: self.public.height() >= height + count, 20.0 + 3 * count,
                           f"{count} blocks")

    def units(self):
        """Every multisig payment in the blocks, as (height, unit)."""
        return [(h, t) for h, _, t in self.follow().transfers if isinstance(t, nem.Multisig)]

    def both(self, documents, server):
        """Asks A with documents and, with A's answer, B. (answer of A, answer of B or None)."""
        a = server.ask("a", documents)
        return a, server.ask("b", [*documents, a.attestation, a.signature]) if a.signed else None

    def withdraw(self, customer, amount, key, message=b"", to=0):
        """POST /v1/withdrawals; (request, status, answer)."""
        request = self.request(customer, self.keys.outside[to].address(), amount, message)
        status, body, _ = self.api("POST", "/v1/withdrawals", request.raw, key)
        return request, status, body

    def state(self, request):
        return self.get(f"/v1/withdrawals/{request.body['request_id']}")["state"]

    def wait_state(self, request, states, timeout=20.0):
        return process.wait_until(lambda: self.state(request) in states and self.state(request), timeout,
                                  f"withdrawal in {'/'.join(states)}", 0.02)


class Rig:
    """The ceremony, once; then a fresh world for each attack. Not for several threads."""

    def __init__(self, build, folder=None):
        self.build = Path(build)
        self.folder = folder or process.temp_dir("ka-")
        self.world = World(self.folder / "w", self.build, kit.Settings(**SETTINGS))
        self.holders = [canon.SigningKey.named(f"cold holder {i}") for i in range(1, 6)]    # who recover the roster
        self.copy = self.folder / "copy"
        self.name = ""
        self.third_asked = None
        self.thirds = 0
        self.cold_side = None
        self.colds = 0

    def make(self):
        w = self.world
        w.folder.mkdir(parents=True)
        w.ceremony()
        w.seal_people((("approver-cli", "approver"), ("officer-cli", "officer"), ("officer-cli-2", "officer")))
        w.roster_holders = [{"id": f"holder-{i}", "key": key.public_hex} for i, key in enumerate(self.holders, 1)]
        w.write_documents(w.seal_signers())
        w.write_claims([(1_000 + 37 * n) * XEM + n for n in range(CUSTOMERS)])
        w.open_books()
        self.follower = story_a.Follower(w.public)
        self.follower.catch_up()
        w.stop()
        w.save(self.copy)

    def fresh(self, server=False, programs=True):
        """The world as the ceremony left it, started; programs False: only the node."""
        w = self.world
        self.name = ""
        w.group.kill()
        for daemon in w.group:
            daemon.env = {}
        w.restore(self.copy)
        w.settings = kit.Settings(**SETTINGS)
        w.follower = copy.copy(self.follower)
        w.follower.balances = dict(self.follower.balances)
        w.follower.transfers = list(self.follower.transfers)
        w.start_node()
        if programs:
            w.start_all(server=server)
            w.ready()
            if server:
                w.chain_is_read()
        return w

    def scene(self, name, server=False):
        """The running world when the last attack left this scene as it was; else a fresh one."""
        if self.name != name:
            self.fresh(server)
            self.name = name
        return self.world

    def third(self):
        """The world in which a server has let two attempts of one order die and has asked A for the third.
        Played once, told to all who ask; played anew where it failed, so that each attack fails by itself."""
        if self.third_asked is None:
            self.thirds += 1
            w = World(self.folder / f"third{self.thirds}", self.build, kit.Settings(**THIRD))
            try:
                self.third_asked = Third(w)
            except BaseException:
                w.group.kill()
                raise
        return self.third_asked

    def cold(self):
        """The world of the cold holders, its officers and its evil online side; each attack has boxes of its own in it."""
        if self.cold_side is None:
            self.colds += 1
            w = World(self.folder / f"cold{self.colds}", self.build, kit.Settings(**VAULT))
            try:
                self.cold_side = Cold(w)
            except BaseException:
                w.group.kill()
                raise
        return self.cold_side

    def spoiled(self):
        """Nobody goes on in this scene."""
        self.name = ""

    def hand_library(self):
        path = self.folder / "hand.so"
        if not path.exists():
            process.run(["cc", "-O2", "-shared", "-fPIC", "-o", path, Path(__file__).parent / "hand.c"])
        return path

    def end(self):
        self.world.group.kill()
        if self.third_asked is not None:
            self.third_asked.world.group.kill()
        if self.cold_side is not None:
            self.cold_side.world.group.kill()


class Third:
    """An order whose attempts "fail": A signs the first and the second, B is never asked; then the third.

    world; request, order; documents: all that A is shown with the third; harvest: A's two answers; short: A's answer when
    one watcher's word is missing, unfrozen: whether it left A unfrozen; answer: A's answer to the third."""

    def __init__(self, w):
        self.world = w
        w.folder.mkdir(parents=True)
        w.ceremony()
        w.write_documents(w.seal_signers())
        w.start_all(server=False)
        w.ready()
        tills = [w.keys.till] + w.keys.more_tills
        with evil.Server(w) as server:
            self.request = w.request("c1", w.keys.outside[2].address(), 40 * XEM)
            self.order = server.order(self.request)
            tried, words, self.harvest = [], [], []
            for n in (1, 2):
                attempt = server.attempt(self.order, number=n, account=tills[n - 1].public_hex)
                answer = attempts.when_heard(server, [self.request, self.order, attempt, *tried, *words])
                must(answer.signed, f"A signs attempt {n}", answer.words())
                self.harvest.append(answer)
                attempts.emptied(w, tills[n - 1])
                words += attempts.proofs(w, self.order, attempt)
                tried.append(attempt)
            last = server.attempt(self.order, number=3, account=tills[2].public_hex)
            self.documents = [self.request, self.order, last, *tried, *words]
            self.short = attempts.when_heard(server, self.documents[:-1])
            self.unfrozen = w.status("signer-a")["frozen"] == "no"
            self.answer = attempts.when_heard(server, self.documents)

    def frozen(self):
        """Every signer and watcher has stopped; Broken if one has not. Their number."""
        for name in attempts.HOLDERS:
            process.wait_until(lambda n=name: self.world.status(n)["frozen"] == "yes", 10, f"{name} stops")
        return len(attempts.HOLDERS)


class Cold:
    """Node, signers and watchers as they run, five holders with kuramori-cold (the thief has seen the last one's dice),
    and what is in their boxes."""

    def __init__(self, w):
        self.world = w
        w.folder.mkdir(parents=True)
        os.chmod(w.folder, 0o755)
        (w.folder / "cold").mkdir()
        self.vault = vault.Vault(w, w.folder / "cold", second=(3,))
        w.seal_people((("officer-cli", "officer"),))
        w.ceremony_node()
        w.write_documents(w.seal_signers())
        self.vault.make_keys(sold=True)
        w.ceremony_chain()
        self.vault.write("holding", self.vault.holding())
        w.start_all(server=False)
        self.vault.watchers_see()
        self.start = {key.address(): self.vault.balance(key) for key in self.own()}
        self.came = self.fees = 0       # into our accounts, and from them to whoever makes blocks
        self.moved = []                 # boxes that were emptied as they should be
        self.tries = 0
        self.good = None
        self.cards = {}

    def own(self):
        k = self.world.keys
        return k.boxes + k.spares + [key for _, key in k.hot]

    def papers(self):
        """A refill and tallies that nothing is wrong with, of a box that nobody empties by them."""
        if self.good is None:
            k = self.world.keys
            refill = self.vault.write("good", self.vault.refill(k.boxes[4], k.purses[0]))
            heights = [1, 2]
            while heights[0] != heights[1]:     # of one block, so that two who differ contradict each other
                tallies = self.vault.tallies(refill, into="good-tallies")[0]
                heights = [canon.open_document(t.read_bytes(), self.world.genesis.id).body["height"] for t in tallies[:2]]
            self.good = refill, tallies
        return self.good

    def refused(self, who, why, *files, code=1, holding="holding"):
        """That holder's machine says no in these words and with this code, signs nothing, and its journal is as it was.
        What it said."""
        answer, journal = self.vault.place("refused"), self.vault.place(f"holder-{who}") / "journal"
        before = journal.read_bytes()
        try:
            out, err = self.vault.cold(who, "sign", *files, typed=[vault.PASSPHRASE, "WORDS"], expect=code, answer=answer,
                                       holding=holding)
        except AssertionError as problem:
            raise Broken(f"kuramori-cold does not end with code {code} and {why}: {problem}") from problem
        must(why in err, f"kuramori-cold says {why}", err)
        must(not answer.exists() and journal.read_bytes() == before, "kuramori-cold SIGNED what it must refuse", why)
        must((out + err).replace("\n", "").isprintable(), "a control character reaches the holder's screen", out + err)
        self.tries += 1
        return err

    def unhurt(self):
        """No micro-XEM of ours is gone but the fees of whole moves; Broken else. The words for it."""
        holds = {key.address(): self.vault.balance(key) for key in self.own()}
        lost = sum(self.start.values()) + self.came - self.fees - sum(holds.values())
        must(lost == 0, "coins are gone", xem(lost))
        self.boxes_whole()
        return "not one micro-XEM of ours left"

    def boxes_whole(self):
        """Each box that was not emptied on purpose holds what it held, or dust more."""
        for box in self.world.keys.boxes:
            must(box in self.moved or self.vault.balance(box) >= self.start[box.address()], "a box was touched",
                 box.address())

    def dust(self, box, amount):
        """Somebody sends coins into a box."""
        w, before = self.world, self.vault.balance(box)
        stamp = w.chain_time()
        w.send(nem.Transfer(w.keys.bank.public, box.address(), amount, timestamp=stamp, deadline=stamp + 3600)
               .sign(w.keys.bank))
        process.wait_until(lambda: self.vault.balance(box) == before + amount, 20, "dust in the box")
        self.came += amount


class Hand:
    """hand.c around one daemon: its clocks, and what happens at its syncs."""

    LAYOUT = struct.Struct("<qqiiii")
    BEFORE, AFTER, FULL = 1, 2, 3

    def __init__(self, rig, name):
        self.daemon = rig.world.group[name]
        path = rig.folder / f"{name}.hand"
        path.write_bytes(bytes(self.LAYOUT.size))
        os.chmod(path, 0o666)
        os.chmod(rig.folder, 0o711)
        self.path = path
        self.daemon.env = {"LD_PRELOAD": str(rig.hand_library()), "ATTACK_HAND": str(path)}

    def set(self, what=0, countdown=0, wall_s=0, mono_s=0):
        with open(self.path, "r+b") as file:
            file.write(self.LAYOUT.pack(int(wall_s * 10 ** 9), int(mono_s * 10 ** 9), what, countdown, 0, 0))

    def syncs(self):
        return self.LAYOUT.unpack(self.path.read_bytes())[4]

    def off(self, timeout=5.0):
        """Waits until the power has failed."""
        self.daemon.process.wait(timeout)
        self.daemon.kill()
        self.set()


# ---------------------------------------------------------------- asking signers

@contextlib.contextmanager
def thief_server(world):
    with evil.Server(world) as server:
        yield server


def refused(server, which, documents, *codes, what=""):
    """Asks a signer; Broken unless it refuses with one of the codes. The answer."""
    answer = server.ask(which, documents)
    must(not answer.signed, f"signer {which.upper()} SIGNED {what or 'what it must refuse'}")
    must(not codes or answer.code in codes, f"signer {which.upper()} answers {answer.words()} to {what}",
         f"expected {' or '.join(codes)}")
    return answer


_made = itertools.count(1)


def payment(world, server, amount=25 * XEM, approvers=(), message=b"", exact=False):
    """request, order, attempt, approvals of an honest payment. Unless `exact` a few micro-XEM more
    than `amount`: no two equal payments fall into one chain second."""
    request = world.request("c000007", world.keys.outside[2].address(), amount + (0 if exact else next(_made)),
                            message)
    order = server.order(request)
    attempt = server.attempt(order)
    return [request, order, attempt, *[world.approval(order.id, name) for name in approvers]]


def raw_answers(world, which, documents, seconds=0.4):
    """Every frame that a signer sends for one SIGN, as lists of items, nothing interpreted."""
    with world.signer(which) as link:
        link.send(frames.SIGN, [d.raw for d in documents])
        out = []
        while True:
            try:
                number, _, body = link.receive(seconds if out else 5.0)
            except frames.Timeout:
                return out
            out.append((number, frames.unpack_items(body)))


def attestations(world, which):
    """Ids of the subjects that a signer's journal says it signed for."""
    return [d.body["subject"] for r, d in world.journal_of(which).documents("attestation")
            if r.kind == "GUARD_ATTEST"]
