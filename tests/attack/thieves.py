# SPDX-License-Identifier: Apache-2.0
"""Keys are the thief's: he speaks to the public node himself, not through us. What is gone is counted
from the node's blocks."""

import time

import incident
import nem
import story_b
from registry import attack
from rig import XEM, must, process, xem

PROBE = 10 * XEM
SCALE = 150                            # the first ten minutes run so many times faster
LATER_GAP_S = 0.15                      # between the attempts of the hours after them


class Theft:
    """A world, and a thief with both hot keys in it."""

    def __init__(self, world):
        self.world = world
        follower = world.follow()
        self.start, self.balances = follower.height, dict(follower.balances)
        self.before = sum(self.balances.get(a, 0) for a in world.own())
        self.float = sum(self.balances.get(a, 0) for a in world.hot())
        self.ceiling = self.before * world.policy.body["hot_ceiling_bp"] // 10_000
        self.answers = {}

    def unit(self, account, amount):
        k = self.world.keys
        return nem.payment(account.public, k.a, k.b, k.thief.address(), amount, self.world.chain_time())

    def probe(self):
        """Sends it; (seconds to the later freeze after the node's answer, the unit)."""
        unit = self.unit(self.world.keys.till, PROBE)
        self.sent = time.time()
        self.world.public.push(unit)
        answered = time.time()
        times = story_b.wait_frozen(self.world)
        must(len(times) == 2, "both signers are frozen", times)
        return max(times.values()) - answered, unit

    def note(self, answer):
        self.answers[answer["message"]] = self.answers.get(answer["message"], 0) + 1

    def greedy(self, amount):
        """The transfer of 2018 as it was, and everything that the node says each hot account holds."""
        w = self.world
        self.note(w.public.announce(story_b.nem_bare(self.unit(w.keys.till, amount))))
        for _, key in w.keys.hot:
            micro = w.public.balance(key.address()) - 7 * nem.FEE_UNIT
            micro -= nem.minimum_transfer_fee(max(micro, XEM))
            if micro > 0:
                unit = self.unit(key, micro)
                self.note(w.public.announce(story_b.nem_bare(unit)))
                w.public.push(unit)

    def replay(self):
        """The ten transfers behind the probe; the first ten minutes at their distances, SCALE times
        faster, the rest one after the other."""
        steps = incident.schedule()
        first = steps[0].at
        for step in steps[1:]:
            distance = step.at - first
            if distance <= 600:
                time.sleep(max(0.0, self.sent + distance / SCALE - time.time()))
            else:
                time.sleep(LATER_GAP_S)
            self.greedy(step.theft.xem * XEM)
        return len(steps) - 1

    def settle(self):
        """Waits until the hot accounts are empty, and counts."""
        w = self.world

        def empty():
            balances = w.follow().balances
            return all(balances.get(a, 0) < 3 * XEM for a in w.hot())
        process.wait_until(empty, 20.0, "the hot accounts are empty", 0.2)
        w.wait_blocks(2)
        follower = w.follow()
        own, k = set(w.own()), w.keys
        units = [u for h, u in w.units() if h > self.start]
        stolen = [u for u in units if u.inner.recipient == k.thief.address()]
        swept = [u for u in units if u.inner.recipient in own]
        self.loss = sum(u.inner.amount + u.total_fee() for u in stolen)
        self.saved = sum(u.inner.amount for u in swept)
        self.fees = sum(u.total_fee() for u in swept)
        after = sum(follower.balances.get(a, 0) for a in own)
        must(follower.balances.get(k.thief.address(), 0) == sum(u.inner.amount for u in stolen),
             "the thief has more than the blocks show")
        must(self.before - after == self.loss + self.fees, "coins are missing that nobody took",
             f"{xem(self.before - after)} {xem(self.loss)} {xem(self.fees)}")
        must(self.loss <= PROBE + self.ceiling, "more than the probe and the ceiling is gone", xem(self.loss))
        must(all(follower.balances[b.address()] == self.balances[b.address()] for b in k.boxes), "a box was touched")
        spares = {key.public: spare.address() for (_, key), spare in zip(k.hot, k.spares)}
        must(swept and all(spares[u.inner.signer] == u.inner.recipient for u in swept),
             "hot accounts went elsewhere than to their spare boxes")
        self.last = max(h for h, u in w.units() if u in swept)
        return follower

    def said(self):
        return ", ".join(f"{n} {m.removeprefix('FAILURE_')}" for m, n in sorted(self.answers.items()))


@attack("T01", "Coincheck replay", "theft-1")
def coincheck(rig):
    w = rig.fresh(server=True)
    theft = Theft(w)
    w.dev("next-pool", pool="public")       # the worst case: the probe is in the pool that is mined
    reaction, _ = theft.probe()
    count = theft.replay()
    theft.settle()
    rig.spoiled()
    must(0 < theft.loss < theft.float, "the probe, and not everything hot, is gone", xem(theft.loss))
    process.wait_until(lambda: int(w.get("/v1/audit")["shortage"]) == theft.loss, 10.0, "kuramorid books the shortage")
    books = w.get("/v1/audit")
    must(books["explained"], "kuramorid's accounts are not the chain's", books)
    return (f"both hot keys copied, 10 XEM at t0 and the {count} transfers of 2018 behind it (first ten minutes "
            f"{SCALE} times faster), each also with all that was still there: the watchers found the probe unexplained "
            f"and both signers were frozen {1000 * reaction:.0f} ms after the node took it; the later ones got "
            f"{theft.said()}; {xem(theft.saved)} XEM were in spare boxes {theft.last - theft.start} blocks after the "
            f"last quiet one; lost {xem(theft.loss)} XEM with fees, allowed {xem(PROBE + theft.ceiling)}, booked as "
            "shortage to the coin")


@attack("T02", "Zaif weekend", "theft-2")
def weekend(rig):
    w = rig.fresh(server=False)
    must("kuramorid" not in w.group.daemons or not w.group["kuramorid"].alive(), "kuramorid runs")
    theft = Theft(w)
    reaction, _ = theft.probe()
    theft.settle()
    rig.spoiled()
    tries = 0
    for hours in (24, 48, 72):
        w.dev("clock", offset_s=hours * 3600)
        w.wait_blocks(1)
        for account, amount in [(key, PROBE) for _, key in w.keys.hot] + [(w.keys.boxes[0], PROBE),
                                                                       (w.keys.spares[0], PROBE)]:
            answer = w.public.announce(story_b.nem_bare(theft.unit(account, amount)))
            must(answer["code"] != 1, "the node takes more of the thief's", answer)
            theft.note(answer)
            tries += 1
    for which in "ab":
        w.group[f"signer-{which}"].kill()
    for which in "ab":
        w.start_signer(which)
        must(w.status(f"signer-{which}")["frozen"] == "yes", f"signer {which} forgot the freeze over a restart")
    w.wait_blocks(2)
    got = w.follow().balances.get(w.keys.thief.address(), 0)
    must(got <= PROBE, "the thief has more than his probe", xem(got))
    return (f"the server stopped and nobody at work: the three watchers alone freeze both signers {1000 * reaction:.0f} "
            f"ms after the node took the probe and carry {xem(theft.saved)} XEM to spare boxes; {tries} more tries of "
            f"the thief up to 72 hours of chain time later ({theft.said()}) and a kill -9 of both signers change "
            f"nothing; {xem(theft.loss)} XEM lost")


@attack("T08", "a dormant key wakes", "theft-3")
def dormant(rig):
    told = []
    for words, who, account in (("the offline recovery key", "recovery", "till"), ("a box holder's key", "holder", "box"),
                                ("a box holder's key at an empty spare box", "holder", "spare")):
        w = rig.fresh()
        k = w.keys
        key = k.recovery if who == "recovery" else k.holders[0]
        source = {"till": k.till, "box": k.boxes[3], "spare": k.spares[0]}[account]
        inner = nem.Transfer(source.public, k.thief.address(), 0 if account == "spare" else XEM, timestamp=w.chain_time())
        answer = w.public.announce(nem.Multisig(key, inner, []).sign(key))
        taken = time.time()
        if answer["code"] != 1:             # an empty account cannot even pay the proposal's fee
            must(account == "spare", "the node refuses the proposal", answer)
            told.append(f"{words}: {answer['message'].removeprefix('FAILURE_')}, nothing to act on")
            continue
        times = story_b.wait_frozen(w)
        must(len(times) == 2, f"{words} froze both signers", times)
        reasons = [d.body["reason"] for d in story_b.freezes(w, "a")]
        must(any(key.public_hex in r or key.address() in r for r in reasons), "the freeze names the key", reasons)
        told.append(f"{words}: {1000 * (max(times.values()) - taken):.0f} ms")
    rig.spoiled()
    return ("keys that never sign in normal business propose a payment on chain, signed alone: both signers freeze and "
            f"the freeze names the key ({'; '.join(told)})")


@attack("T49", "evacuation without a coordinator", "theft-4")
def evacuate(rig):
    w = rig.fresh(server=True)
    theft = Theft(w)
    w.group["kuramorid"].kill()
    words = ("freeze", "--evacuate", "yes", "--reason", "the coordinator is gone")
    first = w.cli(*words, person="officer-cli", server=False)
    must(sum(h["persisted"] for h in first["holders"]) == len(first["holders"]), "somebody did not persist it", first)
    w.wait_blocks(2)
    must(not w.units(), "one officer alone moved coins")
    started, height = time.time(), w.public.height()
    w.cli(*words, person="officer-cli-2", server=False)
    follower = theft.settle()
    rig.spoiled()
    must(theft.loss == 0 and theft.saved + theft.fees == theft.float, "all of the hot float arrived", xem(theft.saved))
    evacuated = time.time() - started
    must(follower.height >= theft.last, "not in a block")
    return (f"kuramorid killed; one officer's freeze moves nothing in two blocks, the second officer's order sends "
            f"all {xem(theft.float)} XEM of hot to spare boxes within {theft.last - height} blocks "
            f"({evacuated:.1f} s with the count; network fees {xem(theft.fees)} XEM), by {len(first['holders'])} "
            "stop sockets and no server; the notice to the authority is not written by itself yet")
