# SPDX-License-Identifier: Apache-2.0
"""The rules a third time, in another language and with exact fractions: random ledgers go through
trace_tool and through this page, which shares no line with the engine.

`oracle.py TOOL [LEDGERS] [SEED]`.  Prints TAP.
"""
import random
import subprocess
import sys
from collections import deque
from fractions import Fraction

ISSUANCE, DESTROYED = 0, 1
RULES = ("poison", "poison-emptied", "haircut", "haircut-tx", "fifo", "lifo", "taint-first", "clean-first", "tiho")


def make_ledger(rng):
    """Blocks of events (from, to, amount, tx); all possible."""
    n = rng.randint(4, 10)
    balance = [0] * n
    blocks, tx = [], 0

    def pay(block, a, b, v):
        if a != ISSUANCE:
            balance[a] -= v
        balance[b] += v
        block.append((a, b, v, tx))

    first = []
    for account in range(2, n, 2):
        pay(first, ISSUANCE, account, rng.randint(1, 1000))
        tx += 1
    blocks.append(first)
    for _ in range(rng.randint(3, 12)):
        block = []
        for _ in range(rng.randint(0, 5)):
            tx += 1
            a = rng.randrange(2, n)
            if rng.random() < 0.1:
                pay(block, ISSUANCE, a, rng.randint(1, 1000))
                continue
            for _ in range(rng.choice((1, 1, 1, 2, 3))):
                if balance[a] == 0:
                    break
                b = DESTROYED if rng.random() < 0.04 else rng.randrange(2, n)
                pay(block, a, b, balance[a] if rng.random() < 0.3 else rng.randint(1, balance[a]))
        blocks.append(block)
    return n, blocks


class Rule:
    """One case over one ledger; keeps clean coins too, and balances of its own."""

    def __init__(self, name, n, seeds, sinks=(), floor=(0, 0, 0), stop=None, exact=False):
        self.name, self.seeds, self.sinks, self.floor, self.stop = name, seeds, sinks, floor, stop
        self.exact = exact  # haircut in fractions, nothing rounded
        self.balance, self.taint, self.rests = [0] * n, [0] * n, [0] * n
        self.queue = [deque() for _ in range(n)]  # of (units, stolen or not)
        self.total = dict.fromkeys(("stolen", "absorbed", "evaporated", "destroyed", "touched"), 0)
        self.moved = []

    def lined(self):
        return self.name in ("fifo", "lifo")

    def shares(self, legs, t, b):
        """Of the legs' amounts, in their order."""
        if self.name == "tiho":
            out, rest = [0] * len(legs), min(t, sum(legs))
            for k in sorted(range(len(legs)), key=lambda k: (-legs[k], k)):
                out[k] = min(legs[k], rest)
                rest -= out[k]
            return out
        moved = Fraction(sum(legs) * t, b).__floor__()
        exact = [Fraction(v * moved, sum(legs)) for v in legs]
        out = [x.__floor__() for x in exact]
        for k in sorted(range(len(legs)), key=lambda k: (out[k] - exact[k], k))[: moved - sum(out)]:
            out[k] += 1
        return out

    def take(self, a, v):
        """Chunks that leave a queue or a stack, in the receiver's order."""
        out, queue = deque(), self.queue[a]
        while v:
            units, stolen = queue.popleft() if self.name == "fifo" else queue.pop()
            if units > v:
                rest = (units - v, stolen)
                queue.appendleft(rest) if self.name == "fifo" else queue.append(rest)
                units = v
            out.append((units, stolen)) if self.name == "fifo" else out.appendleft((units, stolen))
            v -= units
        return out

    def run(self, blocks):
        events = [e for block in blocks for e in block]
        ends, at = [], 0
        for block in blocks:
            at += len(block)
            ends.append(at)
        i = 0
        plan = {}
        for height, block in enumerate(blocks, 1):
            live = self.stop is None or height <= self.stop
            for _ in block:
                self.event(events, i, live, plan)
                i += 1
            if live:
                for kind, account, where, amount in self.seeds:
                    if kind == 2 and where == height:
                        self.seed(account, self.balance[account], amount or self.balance[account], None)
        return self

    def event(self, events, i, live, plan):
        a, b, v, tx = events[i]
        t, before = self.taint[a], self.balance[a]
        m, chunks = 0, deque([(v, False)])
        if a != ISSUANCE and live and t:
            self.total["touched"] += 1
            if self.name.startswith("poison"):
                m = v
            elif self.name == "haircut":
                m = Fraction(v * t, before) if self.exact else v * t // before
            elif self.name == "taint-first":
                m = min(v, t)
            elif self.name == "clean-first":
                m = max(0, v - (before - t))
            elif not self.lined():
                if i not in plan:
                    end = i + 1
                    while a != b and end < len(events) and events[end][0] == a and events[end][3] == tx and events[end][1] != a:
                        end += 1
                    for k, share in enumerate(self.shares([e[2] for e in events[i:end]], t, before)):
                        plan[i + k] = share
                m = plan[i]
        if a != ISSUANCE and self.lined() and live:
            chunks = self.take(a, v)
            m = sum(units for units, stolen in chunks if stolen)
        if a != ISSUANCE:
            self.balance[a] -= v
        poison = self.name.startswith("poison")
        if poison:
            if self.name == "poison-emptied" and a != ISSUANCE and self.balance[a] == 0 and live:
                self.taint[a] = 0
        else:
            self.taint[a] -= m
        units, part, whole = self.floor
        keep = 0 if poison else m
        arrived = m
        if m and b == DESTROYED:
            self.total["destroyed"] += keep
            m = 0
        elif m and b in self.sinks:
            self.total["absorbed"] += keep
            self.rests[b] += keep
            m = 0
        elif m and (m < units or m * whole < v * part):
            self.total["evaporated"] += keep
            m = arrived = 0
        if m == 0:
            chunks = deque([(v, False)])
        self.moved.append(arrived)
        self.balance[b] += v
        if self.lined() and live:
            self.queue[b].extend(chunks)
        if m:
            self.taint[b] = 1 if poison else self.taint[b] + m
        if live:
            for kind, _, where, amount in self.seeds:
                if kind == 1 and where == i:
                    self.seed(b, v, amount or v, arrived)

    def seed(self, account, whole, want, arrived):
        """`arrived` of an event: units of the case that came with it; None: a balance."""
        if self.name.startswith("poison"):
            if account != DESTROYED and account not in self.sinks and (arrived is not None or whole or self.name == "poison"):
                self.taint[account] = 1
            return
        if account == DESTROYED or account in self.sinks:
            added = min(want, whole - arrived) if arrived is not None else max(0, want - self.rests[account])
            self.total["destroyed" if account == DESTROYED else "absorbed"] += added
            self.rests[account] += 0 if account == DESTROYED else added
        elif self.lined():
            queue, top, added = self.queue[account], deque(), 0
            skip = whole - want if arrived is not None else 0  # newest first: what of the event is not the seed's
            for left, steal in ((skip, False), (want, True)):
                while left:
                    units, stolen = queue.pop()
                    if units > left:
                        queue.append((units - left, stolen))
                        units = left
                    left -= units
                    added += units if steal and not stolen else 0
                    top.appendleft((units, stolen or steal))
            queue.extend(top)
            self.taint[account] += added
        else:
            added = min(want, whole - (arrived if arrived is not None else self.taint[account]))
            self.taint[account] += added
        self.total["stolen"] += added


def max_flow(room, source, drain):
    """Ways by breadth first; room: {tail: {head: units}}, changed."""
    total = 0
    while True:
        back, queue = {source: None}, deque([source])
        while queue and drain not in back:
            node = queue.popleft()
            for head, units in room.get(node, {}).items():
                if units > 0 and head not in back:
                    back[head] = node
                    queue.append(head)
        if drain not in back:
            return total
        path, node = [], drain
        while back[node] is not None:
            path.append((back[node], node))
            node = back[node]
        units = min(room[a][b] for a, b in path)
        for a, b in path:
            room[a][b] -= units
            room.setdefault(b, {}).setdefault(a, 0)
            room[b][a] += units
        total += units


def interval(blocks, seed, n, target):
    """[L, U] of one account at the end or of one event, a node for every account at every moment."""
    events = [e for block in blocks for e in block]
    ends = {}
    for banned in (False, True):
        room = {}

        def add(a, b, units):
            room.setdefault(a, {})[b] = room.get(a, {}).get(b, 0) + units

        balance, at = [0] * n, [0] * n
        for i, (a, b, v, _) in enumerate(events):
            way = ("event", i)
            if a != ISSUANCE:
                if i != seed:
                    add((a, at[a]), way, v)
                balance[a] -= v
                add((a, at[a]), (a, at[a] + 1), balance[a])
                at[a] += 1
            add((b, at[b]), (b, at[b] + 1), balance[b])
            at[b] += 1
            balance[b] += v
            if i == seed:
                add("source", way, v)
            if target == way and not banned:
                add(way, "target", v)
            elif target != way:
                add(way, (b, at[b]), v)
        for a in range(1, n):
            if target == ("account", a):
                add((a, at[a]), "target", balance[a])
            else:
                add((a, at[a]), "rest", balance[a])
        if banned:
            ends["lower"] = events[seed][2] - max_flow(room, "source", "rest")
        else:
            room.pop("rest", None)
            ends["upper"] = max_flow(room, "source", "target")
    return ends["lower"], ends["upper"]


class Tool:
    def __init__(self, path):
        self.p = subprocess.Popen([path], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)

    def ledger(self, n, blocks):
        lines = [f"L {n}"]
        for height, block in enumerate(blocks, 1):
            lines.append(f"B {height} {height * 60}")
            lines += [f"E {a} {b} {v} {tx}" for a, b, v, tx in block]
        self.p.stdin.write("\n".join(lines) + "\n")

    def case(self, rule):
        units, part, whole = rule.floor
        lines = [f"C {rule.name} {units} {part} {whole} {rule.stop or 0} 0 0"]
        lines += [f"S {kind} {account} {at} {amount}" for kind, account, at, amount in rule.seeds]
        lines += [f"K {account}" for account in rule.sinks]
        self.p.stdin.write("\n".join(lines) + "\n")

    def ask(self, command, lines):
        self.p.stdin.write(command + "\n")
        self.p.stdin.flush()
        return [[int(x) for x in self.p.stdout.readline().split()] for _ in range(lines)]


def make_seeds(rng, n, blocks):
    events = [e for block in blocks for e in block]
    seeds = {}
    for _ in range(rng.randint(1, 3)):
        if rng.random() < 0.7:
            at = rng.randrange(len(events))
            seeds[1, 0, at] = rng.choice((0, rng.randint(1, events[at][2])))
        else:
            seeds[2, rng.randrange(2, n), rng.randint(1, len(blocks))] = 0
    return [(kind, account, at, amount) for (kind, account, at), amount in seeds.items()]


def rules(tool, rng):
    n, blocks = make_ledger(rng)
    tool.ledger(n, blocks)
    run = []
    for name in RULES:
        poison = name.startswith("poison")
        rule = Rule(name, n, make_seeds(rng, n, blocks),
                    sinks=tuple(rng.sample(range(2, n), rng.randint(0, 1))),
                    floor=rng.choice(((0, 0, 0), (rng.randint(0, 50), 0, 0), (0, 0 if poison else rng.randint(0, 30), 100))),
                    stop=rng.choice((None, None, rng.randint(1, len(blocks)))))
        tool.case(rule)
        run.append(rule.run(blocks))
    answer = tool.ask(f"R {rng.randint(0, 1)}", 2 * len(run))
    for k, rule in enumerate(run):
        poison = rule.name.startswith("poison")
        t = rule.total
        held = 0 if poison else sum(rule.taint)
        want = [t["stolen"], held, t["absorbed"], 0, t["evaporated"], t["destroyed"], t["touched"]]
        assert answer[2 * k] == want, (rule.name, answer[2 * k], want)
        accounts = []
        for a in range(n):
            accounts += [0 if poison else rule.taint[a], rule.rests[a], int(rule.taint[a] > 0)]
        assert answer[2 * k + 1] == accounts, (rule.name, answer[2 * k + 1], accounts)


def fractions(tool, rng):
    """Whole units are less than one per touching event away from the exact fraction."""
    n, blocks = make_ledger(rng)
    events = [e for block in blocks for e in block]
    seeds = [(1, 0, rng.choice([i for i, e in enumerate(events) if e[0] == ISSUANCE]), 0)]
    tool.ledger(n, blocks)
    tool.case(Rule("haircut", n, seeds))
    exact = Rule("haircut", n, seeds, exact=True).run(blocks)
    answer = tool.ask("R 0", 2)
    assert sum(exact.taint) + exact.total["destroyed"] == exact.total["stolen"]
    for a in range(n):
        off = abs(answer[1][3 * a] - exact.taint[a])
        assert off == 0 or off < exact.total["touched"], (a, answer[1][3 * a], exact.taint[a])


def intervals(tool, rng):
    n, blocks = make_ledger(rng)
    events = [e for block in blocks for e in block]
    seed = rng.choice([i for i, e in enumerate(events) if e[0] == ISSUANCE])
    tool.ledger(n, blocks)
    tool.case(Rule("poison", n, [(1, 0, seed, 0)]))
    accounts, deposits = tool.ask("I", 2)
    for a in range(2, n):
        want = interval(blocks, seed, n, ("account", a))
        assert tuple(accounts[2 * a : 2 * a + 2]) == want, (a, accounts[2 * a : 2 * a + 2], want)
    for i in rng.sample(range(len(events)), min(4, len(events))):
        want = interval(blocks, seed, n, ("event", i))
        assert tuple(deposits[2 * i : 2 * i + 2]) == want, (i, deposits[2 * i : 2 * i + 2], want)


def main():
    ledgers = int(sys.argv[2]) if len(sys.argv) > 2 else 1500
    seed = int(sys.argv[3]) if len(sys.argv) > 3 else 1
    tool = Tool(sys.argv[1])
    plan = (("every rule, sink, floor and end", rules, ledgers),
            ("whole units beside exact fractions", fractions, ledgers // 2),
            ("the interval, by ways searched breadth first", intervals, ledgers // 8))
    print(f"TAP version 13\n1..{len(plan)}\n# seed {seed}")
    failed = 0
    for number, (name, check, rounds) in enumerate(plan, 1):
        rng = random.Random(seed)
        try:
            for _ in range(rounds):
                check(tool, rng)
            print(f"ok {number} - {name}")
        except AssertionError as wrong:
            failed += 1
            print(f"# {wrong}\nnot ok {number} - {name}")
    tool.p.stdin.close()
    return 1 if tool.p.wait() != 0 or failed else 0


sys.exit(main())
