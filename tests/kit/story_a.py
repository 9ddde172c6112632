# SPDX-License-Identifier: Apache-2.0
"""Chapter A, "As it was": one account, one key, nobody watches.

The thief is a process of its own with the key file and the node's address. What is gone is computed
from the node's blocks, not from what the thief or the node says.
"""

import json
import select
import subprocess
import sys
import time
from pathlib import Path

import claims
import incident
import nem
import process
import refund
import story_refund
from devnode import DevNode
from incident import clock
from story import XEM, percent, xem

KIT = Path(__file__).resolve().parent

# The chain's clock: a block a chain minute, as on NEM; the first part slower so that it can be read.
START_S = 2 * 60                       # 00:02 JST
SLOW_UNTIL_S = 22 * 60                 # 00:22, behind the eighth transfer
SLOW_MS, FAST_MS = 500, 10             # real time of one chain minute; two of the first eight must not meet in it
BLOCK_S = 60
END_S = 8 * 3600 + 29 * 60             # 08:29, behind the last transfer
BYSTANDER_XEM = 150_000_000             # a stranger's own coins; chapter A.3 mixes the thief's with them


class Thief:
    """The process of thief.py."""

    def __init__(self, folder, plan, name="thief"):
        path = Path(folder) / f"{name}.json"
        path.write_text(json.dumps(plan))
        self.process = subprocess.Popen([sys.executable, str(KIT / "thief.py"), str(path)],
                                        stdin=subprocess.PIPE, stdout=subprocess.PIPE, bufsize=0,
                                        preexec_fn=process._die_with(process.os.getpid()))
        self.buffer = b""
        if self.read(60.0) != "ready":
            self.end()
            raise process.Failed(f"{name} does not start")

    @property
    def pid(self):
        return self.process.pid

    def go(self):
        self.process.stdin.write(b"go\n")

    def read(self, timeout):
        """The next line's object, None when there is none in time or it has ended."""
        deadline = time.monotonic() + timeout
        while b"\n" not in self.buffer:
            left = max(0.0, deadline - time.monotonic())
            if not select.select([self.process.stdout], [], [], left)[0]:
                return None
            piece = self.process.stdout.read(65536)
            if not piece:
                return None
            self.buffer += piece
        line, self.buffer = self.buffer.split(b"\n", 1)
        return json.loads(line)

    def lines(self, count, timeout):
        """So many more lines; Failed when they do not come."""
        out = []
        deadline = time.monotonic() + timeout
        while len(out) < count:
            line = self.read(max(0.0, deadline - time.monotonic()))
            if line is None:
                raise process.Failed(f"the thief said {len(out)} of {count} lines")
            out.append(line)
        return out

    def end(self):
        self.process.stdin.close()
        self.process.stdout.close()
        self.process.kill()
        self.process.wait()


class Follower:
    """Balances and transfers from the blocks alone; every signature and hash link is verified."""

    def __init__(self, node):
        self.node, self.height, self.previous = node, 0, None
        self.balances, self.transfers = {}, []

    def catch_up(self):
        """Reads what is new; the transfers in it as (block height, block time, transaction)."""
        top, found = self.node.height(), []
        while self.height < top:
            block = self.node.block(self.height + 1)
            if self.previous is not None and (block.previous_hash != self.previous
                                              or not block.verify()):
                raise process.Failed(f"block {block.height} is not valid")
            if block.height == 1:
                signer = nem.address_of(block.signer, block.network)
                self.balances[signer] = sum(c for a, c in block.effects() if a != signer and c > 0)
            nem.apply(self.balances, block)
            self.previous, self.height = block.hash(), block.height
            if block.height > 1:
                for one in block.transactions:
                    if not one.verify():
                        raise process.Failed(f"block {block.height}: a signature does not verify")
                    found.append((block.height, block.timestamp, one))
        self.transfers += found
        return found


def factor(ms):
    return BLOCK_S * 1000 // ms


def bystander(seed):
    return nem.KeyPair.named(f"bystander {seed}")


def print_row(teller, step, height, gone, left):
    theft = step.theft
    known = "known" if not step.assumed else "assumed"
    teller.line(f"{theft.number:2}  {clock(step.at, True)} {known:7}  {theft.when():20} "
                f"{theft.xem:>11,} [{theft.amount_basis}] {xem(gone):>13} {percent(gone, gone + left):>8}"
                f"  block {height:3}")


def tell(teller, folder, build, seed):
    """Returns what chapter A.2 goes on with; its end() ends the processes."""
    folder.mkdir(parents=True, exist_ok=True)
    amounts = claims.distribute(seed)
    spread = claims.summary(amounts)
    total = sum(amounts)
    steps = incident.schedule()
    teller.check("the claims add up to what was stolen in 2018", total == incident.TOTAL_XEM * XEM,
                 xem(total))
    teller.check("no two equal payments in one chain second",
                 len({(s.at, s.theft.xem) for s in steps}) == len(steps))
    teller.say(f"{xem(total)} XEM of {spread['customers']:,} customers lie on one account with one key. "
               "Nobody watches.")
    teller.say(claims.SENTENCE + f" As drawn: median {xem(spread['median'])}, largest "
               f"{xem(spread['largest'])}, the first hundredth of the customers has "
               f"{percent(spread['top_1_percent_bp'], 10_000)}.")
    wallet, robber = nem.KeyPair.named(f"hot wallet {seed}"), nem.KeyPair.named(f"thief a {seed}")
    fees = sum(nem.minimum_transfer_fee(s.theft.micro) for s in steps)
    key_file = folder / "hot-wallet.key"
    key_file.write_text(wallet.private_hex + "\n")
    node = DevNode(folder, {wallet.address(): total + fees, bystander(seed).address(): BYSTANDER_XEM * XEM}, incident.nem_seconds(START_S),
                   executable=build / "bin/kuramori-node/kuramori-node")
    node.start()
    thief = stage = None
    try:
        stage = open_exchange(folder, build, node, wallet, seed, amounts, fees)
        thief = Thief(folder, {"port": node.public.port, "keys": [str(key_file)], "to": robber.address(),
                               "transfers": [{"micro": s.theft.micro, "account": None,
                                              "at": incident.nem_seconds(s.at)} for s in steps]})
        teller.say(f"The thief is process {thief.pid}: he has the key file and the node's address. The chain's "
                   f"clock runs {factor(SLOW_MS)} times as fast as a real one until {clock(SLOW_UNTIL_S)}, then "
                   f"{factor(FAST_MS):,} times; at each of his seconds it waits for him. All times are JST of 26 January "
                   "2018. Of ten transfers the second is not known; the second used here is ours and marked as assumed "
                   "(that of the first has one source). Basis: E established, "
                   "1 one source, C contested, I inferred.")
        teller.line()
        teller.line(" #  announced at      reported time              XEM         gone so far    share")
        rows = heist(teller, node, thief, steps, wallet, robber, total)
        aftermath(teller, rows, total, steps)
    except BaseException:
        (stage.end if stage is not None else node.kill)()
        raise
    finally:
        if thief is not None:
            thief.end()
    return stage


def open_exchange(folder, build, node, wallet, seed, amounts, fees):
    """The books of this exchange before that night; chapter A.2 needs them."""
    exchange = refund.Exchange(folder / "exchange", build, node, wallet, seed)
    exchange.found(amounts)
    moment = int(time.time() * 1000)
    time.sleep(0.005)
    return story_refund.Stage(node, exchange, amounts, fees, moment)


def heist(teller, node, thief, steps, wallet, robber, total):
    """The eleven transfers; what the blocks say about each."""
    follower = Follower(node.public)
    rows, answers, gone = [], [], 0
    start, end, slow_until = (incident.nem_seconds(s) for s in (START_S, END_S, SLOW_UNTIL_S))
    waiting = [incident.nem_seconds(s.at) for s in steps]
    node.clock(mode="demand")
    thief.go()
    now = node.state()["now_nem_s"]
    while now < end:
        minute = now + BLOCK_S - (now - start) % BLOCK_S
        while waiting and waiting[0] < minute:
            # The clock stands in his second until he was answered: a busy machine is no reason to be late.
            node.clock(set_nem_s=max(now, waiting.pop(0)))
            answer = thief.read(60.0)
            if answer is not None:
                answers.append(answer)
            now = node.state()["now_nem_s"]
        time.sleep((SLOW_MS if now < slow_until else FAST_MS) / 1000)
        node.blocks(seconds=minute - now)
        for height, when, one in follower.catch_up():
            if not isinstance(one, nem.Transfer) or one.signer != wallet.public:
                continue
            gone += one.amount
            rows.append((height, when, one))
            if len(rows) <= len(steps):
                print_row(teller, steps[len(rows) - 1], height, gone, total - gone)
        now = node.state()["now_nem_s"]
    teller.check("the node took each announcement of the thief", len(answers) == len(steps)
                 and all(a["code"] == 1 for a in answers), answers)
    teller.must("the eleven transfers stand in the blocks, in order, to one account, at their seconds",
                [(t.amount, t.recipient, t.timestamp) for _, _, t in rows]
                == [(s.theft.micro, robber.address(), incident.nem_seconds(s.at)) for s in steps])
    teller.check("one key signed them all", {t.signer for _, _, t in rows} == {wallet.public})
    teller.check("the hot wallet is empty by the blocks and by the node's answer",
                 follower.balances[wallet.address()] == 0
                 and node.public.balance(wallet.address()) == 0)
    teller.check("the thief has all of it", follower.balances[robber.address()] == total,
                 xem(follower.balances[robber.address()]))
    return rows


def duration(seconds):
    hours, minutes = divmod(seconds // 60, 60)
    return f"{hours} h {minutes} min {seconds % 60} s"


def aftermath(teller, rows, total, steps):
    gone = sum(one.amount for _, _, one in rows)
    first, last = steps[0], steps[-1]
    teller.line()
    teller.say(f"By the blocks: {xem(gone)} XEM gone, {xem(total - gone)} left for {xem(total)} XEM of claims. Nothing and nobody "
               f"stood between the key and the coins. What people did in 2018, and when:")
    for moment in incident.MOMENTS:
        teller.line(f"{moment.when():10} {moment.what}")
        if moment.basis == "C":
            teller.say("sources differ: " + moment.note, indent=11)
    unnoticed = incident.unnoticed_s()
    teller.say(f"From the first transfer to the first look at the balance: {duration(unnoticed)}; from the last "
               f"(its minute is known, its second is assumed): {duration(incident.DETECTED.at - last.at)}.")
    teller.check("everything was gone before anybody noticed", all(s.at < incident.DETECTED.at for s in steps)
                 and gone == total)
    teller.figure("holdings", total)
    teller.figure("holdings_text", xem(total))
    teller.figure("lost", gone)
    teller.figure("lost_text", xem(gone))
    teller.figure("lost_share_text", percent(gone, total, 2))
    teller.figure("kept_text", xem(total - gone))
    teller.figure("noticed_s", unnoticed)
    teller.figure("noticed_text", duration(unnoticed))
    teller.figure("noticed_by_text", "people, in 2018")
    teller.figure("stopped_text", duration(incident.MOMENTS[1].at - first.at))
    teller.figure("evacuated_text", "never")
    teller.figure("at_stake_text", xem(total))
    teller.figure("transfers", [{"xem": s.theft.xem, "second": clock(s.at, True), "assumed": s.assumed,
                                 "basis": [s.theft.amount_basis, s.theft.time_basis], "block": height}
                                for s, (height, _, _) in zip(steps, rows)])
