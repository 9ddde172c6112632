# SPDX-License-Identifier: Apache-2.0
"""Chapter B.7, "The cold side": what is hot runs low, three people without network bring a box; too much is hot, and a
purse goes home.

The keys of the cold holders are made by kuramori-cold at the ceremony; this script never has them. It types what a
person types, and carries the papers. Coins are counted from the node's blocks.
"""

import json
import os
import random
import subprocess

import canon
import ceremony
import claims
import nem
import process
import world as kit
from story import XEM, percent, xem

HOLDERS, SIGN = 5, 3
FLOOR_XEM, TARGET_XEM = 17_000_000, 20_000_000
DEPOSIT_XEM = 8_000_000
PASSPHRASE = "for development, nothing else"
SAMPLE_ARGON = ["--seal-ops", "1", "--seal-mem-kib", "8192"]    # the usual ones take a second each


class Holder:
    """A cold key whose public half alone is known here."""

    def __init__(self, name, lines):
        self.id, self.public_hex, self.attest_hex = name, lines["key"], lines["attest_key"]
        self.public = bytes.fromhex(self.public_hex)

    def address(self):
        return nem.address_of(self.public)


class Machines:
    """The holders' machines: each its folder, no network if this system can take it away."""

    def __init__(self, world):
        self.world, self.folder = world, world.place("cold")
        self.alone = offline()

    def argv(self, i, *more):
        own = self.folder / f"holder-{i + 1}"
        own.mkdir(exist_ok=True)
        documents = self.world.place("documents")
        argv = [*self.alone, self.world.program("kuramori-cold")]
        if not self.alone:
            argv += ["--network-is-up-and-i-know", "yes"]
        argv += ["--genesis-file", documents / "genesis.json", "--key-file", own / "key", "--journal-file",
                 own / "journal", *SAMPLE_ARGON]
        if (self.folder / "holding").exists():
            argv += ["--roster1-file", documents / "roster.json", "--holding-file", self.folder / "holding"]
        return [*argv, *more]

    def make_keys(self):
        """What the ceremony does on each machine, with dice of this script."""
        dice = random.Random(self.world.settings.seed)
        for i in range(HOLDERS):
            rolls = "".join(dice.choice("123456") for _ in range(100))
            out, _ = ceremony.typed(self.argv(i, "init"), ["same", rolls, PASSPHRASE, PASSPHRASE], 0)
            lines = dict(line.split(" ") for line in out.splitlines() if line.startswith(("key ", "attest_key ")))
            self.world.keys.holders[i] = Holder(f"holder-{i + 1}", lines)
        documents, draft = self.world.place("documents"), self.folder / "holding-draft"
        draft.unlink(missing_ok=True)
        process.run([self.world.program("kuramori"), "--genesis-file", documents / "genesis.json", "--roster-file", documents / "roster.json",
                     "holding", "make", draft, *(f"holder={h.id}:{h.public_hex}:{h.attest_hex}" for h in self.world.keys.holders),
                     "limit=10000000XEM", "window_ms=7d", "residue_max=5XEM", "tally_age_ms=1d"], timeout=60.0)
        holding = canon.open_document(draft.read_bytes(), self.world.genesis.id, "holding")
        self.write("holding", canon.Document("holding", holding.body).sign(
            *(self.world.keys.people[name][0] for name in ("officer-1", "officer-2"))))

    def write(self, name, document):
        (self.folder / name).write_bytes(document.raw)
        return self.folder / name

    def sign(self, i, papers, answers=(), words="WORDS", expect=0):
        """(answer's file, what the machine showed, what it complained of); papers: texts of QR codes, in a file."""
        answer = self.folder / f"answer-{i + 1}"
        out, err = ceremony.typed(self.argv(i, "--answer-file", answer, "--unit-file", self.folder / "unit", "sign",
                                            papers, *answers), [PASSPHRASE, words], expect)
        return answer, out, err

    def journal(self, i):
        return (self.folder / f"holder-{i + 1}" / "journal").read_bytes()


def offline():
    """The words that run a program where no network is, or none if this system does not let us."""
    words = ["unshare", *([] if os.geteuid() == 0 else ["--map-root-user"]), "--net", "--mount", "sh", "-c",
             'mount -t sysfs none /sys && exec "$@"', "sh"]
    try:
        done = subprocess.run([*words, "true"], capture_output=True, timeout=10, check=False)
    except OSError:
        return []
    return words if done.returncode == 0 else []


def kuramori(evening, *words, expect=0):
    """`kuramori` of officer-cli: (what it printed, what it complained of)."""
    w = evening.world
    done = process.run([w.program("kuramori"), "--config", w.write_cli_config("officer-cli"), "--policy-file",
                        w.place("documents") / "policy.json", "--holding-file", w.place("cold") / "holding",
                        "--refill-floor", str(FLOOR_XEM * XEM), "--refill-target", str(TARGET_XEM * XEM),
                        "--timeout-ms", "15000", *words], expect=expect, timeout=60.0)
    return done.stdout, done.stderr


def again(evening, *words):
    """The same, asked again while a block comes in between; the parsed JSON."""
    for _ in range(20):
        out, err = kuramori(evening, "--json", *words, expect=None)
        if out and "a block came" not in err:
            return json.loads(out)
    raise process.Failed(f"{words}: {err}")


def balance(evening, address):
    return evening.follow().balances.get(address, 0)


def hot(evening):
    return sum(balance(evening, a) for a in evening.hot())


def line_of(text, label):
    """What stands behind a label of the tool."""
    return next((one[len(label):].strip() for one in text.splitlines() if one.startswith(label)), "")


# ---------------------------------------------------------------- the refill

def propose(teller, evening, machines):
    folder = machines.folder
    kuramori(evening, "refill", "propose", folder / "refill")
    refill = canon.open_document((folder / "refill").read_bytes(), evening.world.genesis.id, "refill")
    box = next(key for key in evening.world.keys.boxes if key.public_hex == refill.body["account"])
    purse = next(key for key in evening.world.keys.purses if key.address() == refill.body["destination"])
    teller.check("`kuramori refill propose` proposes a whole box into a purse, with three of the five holders",
                 int(refill.body["amount"]) == balance(evening, box.address()) - fees_of(refill)
                 and len(refill.body["cosigners"]) + 1 == SIGN, refill.body)
    (folder / "tallies").mkdir()
    kuramori(evening, "tally", folder / "tallies", folder / "refill")
    tallies = sorted((folder / "tallies").iterdir())
    teller.check("each watcher signs what its own chain shows of the box", len(tallies) == evening.world.settings.watchers)
    return refill, box, purse, tallies


def fees_of(refill):
    return int(refill.body["fee_inner"]) + int(refill.body["fee_outer"]) + \
        len(refill.body["cosigners"]) * int(refill.body["fee_cosign"])


def on_qr(evening, machines, name, *files):
    """The texts of the QR codes that a screen shows of these files, as a scanner's file."""
    out, _ = kuramori(evening, "qr", "show", *files)
    path = machines.folder / name
    path.write_text(out)
    return path, len(out.splitlines())


def who_signs(evening, refill):
    """Places of the cosigners, and of who wraps."""
    keys = [h.public_hex for h in evening.world.keys.holders]
    return [keys.index(c["key"]) for c in refill.body["cosigners"]], keys.index(refill.body["initiator"])


def swapped(teller, evening, machines, refill, tallies):
    """The papers of a thief who has the officer's machine."""
    robber = evening.world.keys.thief.address()
    evil = machines.write("evil", canon.Document("refill", dict(refill.body, destination=robber)))
    papers, _ = on_qr(evening, machines, "evil.txt", evil, *tallies)
    first = who_signs(evening, refill)[0][0]
    before = machines.journal(first)
    answer, _, err = machines.sign(first, papers, expect=1)
    teller.check("a refill to the thief's account is refused by the holder's machine, which signs nothing",
                 "refill.destination" in err and not answer.exists() and machines.journal(first) == before, err)
    teller.event(f"Somebody swaps the paper on the way: the same box, to another account. holder-{first + 1}'s machine: "
                 f"\"{err.strip().splitlines()[-1].removeprefix('kuramori-cold: ')}\"")


def three_runs(teller, evening, machines, refill, tallies):
    cosigners, wraps = who_signs(evening, refill)
    papers, frames = on_qr(evening, machines, "papers.txt", machines.folder / "refill", *tallies)
    teller.event(f"The refill and {len(tallies)} tallies cross to the holders as {frames} QR codes (their texts; a "
                 "camera is not part of this script).")
    _, _, err = machines.sign(cosigners[0], papers, words="yes yes yes", expect=1)
    teller.check("whoever types other words than those that follow from what is shown signs nothing",
                 not (machines.folder / f"answer-{cosigners[0] + 1}").exists(), err)
    answers = []
    for i in cosigners:
        answer, out, _ = machines.sign(i, papers)
        answers.append(answer)
        teller.event(f"holder-{i + 1}, alone with a machine without network, reads: to {line_of(out, 'to')[:47]}, amount "
                     f"{line_of(out, 'amount').partition(' =')[0]}; types the three words that it names, and cosigns.")
        if i == cosigners[0]:
            node = f"node=127.0.0.1:{evening.world.ports['node public']}"
            said, _ = kuramori(evening, "refill", "collect", machines.folder / "refill", *answers, node, expect=None)
            teller.check("with one answer nothing is announced", "1 of 3 have answered" in said, said)
    answer, _, _ = machines.sign(wraps, papers, answers)
    answers.append(answer)
    teller.event(f"holder-{wraps + 1} has both answers before him, wraps them, and signs last.")
    return answers


def refill_chapter(teller, evening, machines):
    w = evening.world
    held = hot(evening)
    teller.say(f"After the evening {xem(held)} XEM are hot; the officers want no less than {xem(FLOOR_XEM * XEM)}. The keys "
               f"of the boxes lie with {HOLDERS} people, made on their machines out of the kernel's randomness and dice; "
               f"{SIGN} of them must sign" + (", each where no network is." if machines.alone else
                                              " (this system lets nobody take a network away: it is there, and unused)."))
    refill, box, purse, tallies = propose(teller, evening, machines)
    amount, before = int(refill.body["amount"]), balance(evening, purse.address())
    teller.event(f"`kuramori refill propose`: the box {nem.pretty(box.address())[:20]}… whole, {xem(amount)} XEM and fees "
                 f"of {xem(fees_of(refill))}, into the emptiest purse.")
    swapped(teller, evening, machines, refill, tallies)
    answers = three_runs(teller, evening, machines, refill, tallies)
    node = f"node=127.0.0.1:{w.ports['node public']}"
    out, _ = kuramori(evening, "refill", "collect", machines.folder / "refill", *answers, node)
    teller.must("the watchers are told, the unit is announced, and it stands in a block", "stands in block" in out, out)
    teller.check("the box is empty and the purse has exactly the amount more",
                 balance(evening, box.address()) == 0 and balance(evening, purse.address()) == before + amount)
    teller.check("no watcher calls it a theft: they judged the answers of all three before it was announced",
                 calm(w), [w.status(f"watcher-{n}")["frozen"] for n in range(1, w.settings.watchers + 1)])
    _, err = kuramori(evening, "refill", "propose", machines.folder / "twice", f"box={box.address()}", expect=1)
    teller.check("the same box a second time is refused", "a box is used once" in err, err)
    teller.event(f"`kuramori refill collect`: in a block. {xem(hot(evening))} XEM are hot. The box is used up: a second "
                 "refill of it is proposed by nobody and signed by nobody.")
    teller.figure("refilled", amount)


def calm(w):
    return all(w.status(name)["frozen"] == "no" for name in
               ["signer-a", "signer-b"] + [f"watcher-{n}" for n in range(1, w.settings.watchers + 1)])


# ---------------------------------------------------------------- the sweep

def pay_in(evening, customer):
    """A large deposit, waited for in the chain and in the books."""
    w = evening.world
    credited, held = w.customer_balance(customer), hot(evening)
    at = w.chain_time()
    w.send(nem.Transfer(w.keys.bank.public, w.keys.deposit.address(), DEPOSIT_XEM * XEM, timestamp=at,
                        message=w.deposit_token(customer).encode()).sign(w.keys.bank))
    process.wait_until(lambda: hot(evening) == held + DEPOSIT_XEM * XEM, 60.0, "the deposit is in a block")
    process.wait_until(lambda: w.get("/v1/status")["hot_over_ceiling"], 60.0, "kuramorid has seen it", 0.05)
    return lambda: w.customer_balance(customer) == credited + DEPOSIT_XEM * XEM


def sweep_chapter(teller, evening):
    w = evening.world
    before = again(evening, "sweep", "status")
    teller.check("before, nothing is above the ceiling and `kuramori sweep close` moves nothing",
                 before["state"] == "under" and again(evening, "sweep", "close")["state"] == "under", before)
    credited = pay_in(evening, claims.customer_name(0))
    said = again(evening, "sweep", "status")
    teller.must("the deposit lifts hot accounts above the ceiling, and the rule names one unused purse and its own spare box",
                said["state"] == "chosen" and int(said["hot"]) == hot(evening) > int(said["ceiling"])
                and int(said["all"]) == evening.holdings(), said)
    held, purse, box = balance(evening, said["purse"]), said["purse"], said["box"]
    teller.event(f"A customer pays in {xem(DEPOSIT_XEM * XEM)} XEM: {xem(int(said['hot']))} are hot, "
                 f"{percent(int(said['hot']), int(said['all']), 2)}; the ceiling is "
                 f"{int(kit.POLICY['hot_ceiling_bp']) / 100:g} %. `kuramori sweep status` names the smallest purse that "
                 f"cures it, {nem.pretty(purse)[:20]}…, {xem(held)} XEM.")
    kuramori(evening, "sweep", "close")
    process.wait_until(lambda: balance(evening, purse) == 0, 60.0, "the purse is empty")
    arrived = balance(evening, box)
    teller.check("it went whole to its own spare box, at the exact fees of a whole move",
                 arrived == held - 2 * 150_000 - nem.minimum_transfer_fee(arrived), f"{xem(held)} {xem(arrived)}")
    left = hot(evening)
    teller.check("what stays hot is below the ceiling and above half of it",
                 int(said["least"]) <= left <= int(said["ceiling"]) and left == int(said["after"]), xem(left))
    process.wait_until(lambda: not w.get("/v1/status")["hot_over_ceiling"] and credited(), 60.0,
                       "kuramorid has seen it, and the deposit is credited", 0.05)
    process.wait_until(lambda: all_well(w), 60.0, "every account is explained", 0.05)
    teller.check("nobody was frozen, the deposit is credited, and the books explain every account", calm(w) and all_well(w))
    out, err = kuramori(evening, "refill", "propose", w.place("cold") / "again", f"box={w.keys.boxes[-1].address()}",
                        f"to={purse}", expect=1)
    teller.check("the used purse is filled no more", "a purse is used once" in err, out + err)
    teller.event(f"An officer says so with `kuramori sweep close`; both signers judge it, two watchers acknowledge it, and "
                 f"{xem(arrived)} XEM are cold again. Hot: {xem(left)} XEM, {percent(left, evening.holdings(), 2)}.")
    teller.figure("swept", arrived)
    teller.figure("hot_after", left)


def all_well(w):
    words = w.get("/v1/audit")
    return words["explained"] and words["books_valid"] and int(words["shortage"]) == 0


def tell(teller, evening):
    evening.restart(server=True)
    machines = Machines(evening.world)
    refill_chapter(teller, evening, machines)
    sweep_chapter(teller, evening)
    evening.world.stop()
