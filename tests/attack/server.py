# SPDX-License-Identifier: Apache-2.0
"""kuramorid at work, and everything that may happen around it: crashes at every step, repeated and
concurrent calls, false deposits, rollbacks of the chain, claims that no coins cover."""

import http.client
import random
import shutil
import threading
import time

import audit
import nem
import nem_types
from registry import attack
from rig import CUSTOMERS, Hand, XEM, must, process, xem

OPEN = ("requested", "screened", "approving", "approved", "authorised", "announced", "confirming")


# ---------------------------------------------------------------- T42

class Crashes:
    """One withdrawal for each point; each is asked for once more after the restart."""

    def __init__(self, rig):
        self.rig, self.world, self.made, self.points, self.kills = rig, rig.world, [], [], 0

    def post(self, quiet=False):
        """A new withdrawal under its own key; quiet: whatever the answer is."""
        w, n = self.world, len(self.made)
        one = {"request": w.request(f"c{n % CUSTOMERS + 1:06d}", w.keys.outside[0].address(), 50 * XEM + n),
               "key": f"crash-{n}"}
        self.made.append(one)
        try:
            self.repeat(one)
        except (OSError, http.client.HTTPException):
            must(quiet, "kuramorid does not answer")
        return one

    def repeat(self, one):
        while True:
            status, body, _ = self.world.api("POST", "/v1/withdrawals", one["request"].raw, one["key"])
            if status != 503 or body["detail"] != "the chain has not been read yet":
                break
            time.sleep(0.02)
        must(status in (200, 201) and body["id"] == one["request"].body["request_id"], "the withdrawal is taken",
             (status, body))

    def kill(self, *names):
        for name in names:
            self.world.group[name].kill()
            self.kills += 1

    def back(self, *names):
        """Restarts, and the customer asks once more as if he had heard nothing."""
        for name in names:
            if name == "kuramorid":
                self.world.start_server()
            elif name.startswith("signer"):
                self.world.start_signer(name[-1])
            else:
                self.world.start_watcher(int(name[-1]))
        self.repeat(self.made[-1])

    def point(self, words, *victims):
        self.points.append(words)
        self.kill(*victims)
        self.back(*victims)

    def count(self, which, name):
        return int(self.world.status(f"signer-{which}")[name])

    def rises(self, which, name, before, words):
        process.wait_until(lambda: self.count(which, name) > before, 10.0, words)


def crash_points(c):
    w, group = c.world, c.world.group
    c.post()
    c.point("answered", "kuramorid")
    thread = threading.Thread(target=c.post, args=(True,))
    thread.start()
    time.sleep(0.002)
    c.kill("kuramorid")
    thread.join()
    c.points.append("while answering")
    c.back("kuramorid")
    w.ready()
    group["signer-a"].pause()
    c.post()
    time.sleep(0.15)
    c.points.append("A asked")
    c.kill("kuramorid")
    group["signer-a"].go_on()
    c.back("kuramorid")
    w.ready()
    before = c.count("a", "sequence")
    for n in (2, 3):
        group[f"watcher-{n}"].pause()
    c.post()
    c.rises("a", "sequence", before, "A has attested")
    c.points.append("A attested, unacknowledged")
    c.kill("kuramorid", "signer-a")
    for n in (2, 3):
        group[f"watcher-{n}"].go_on()
    c.back("signer-a", "kuramorid")
    w.ready()
    time.sleep(0.3)
    group["signer-b"].pause()
    before = c.count("a", "released")
    c.post()
    c.rises("a", "released", before, "A has answered")
    time.sleep(0.1)
    c.points.append("B asked")
    c.kill("kuramorid")
    group["signer-b"].go_on()
    c.back("kuramorid")
    w.ready()
    time.sleep(0.3)
    before, sequence = c.count("a", "released"), c.count("b", "sequence")
    group["signer-b"].pause()
    c.post()
    c.rises("a", "released", before, "A has answered")
    for n in (2, 3):
        group[f"watcher-{n}"].pause()
    group["signer-b"].go_on()
    c.rises("b", "sequence", sequence, "B has attested")
    c.points.append("B attested, unacknowledged")
    c.kill("kuramorid", "signer-b")
    for n in (2, 3):
        group[f"watcher-{n}"].go_on()
    c.back("signer-b", "kuramorid")
    w.ready()
    time.sleep(0.3)
    w.dev("hold", hold=True)
    one = c.post()
    w.wait_state(one["request"], ("announced",))
    c.points.append("announced, in no block")
    c.kill("kuramorid")
    c.back("kuramorid")
    w.dev("hold", hold=False)
    one = c.post()
    w.wait_state(one["request"], ("confirming",))
    c.points.append("mined, not settled")
    c.kill("kuramorid")
    c.back("kuramorid")
    w.wait_state(one["request"], ("settled",))
    c.points.append("settled")
    c.kill("kuramorid")
    c.back("kuramorid")


def power_cuts(c):
    """The power of kuramorid's machine fails before and after the n-th commit behind a POST."""
    hand = Hand(c.rig, "kuramorid")
    c.kill("kuramorid")
    c.world.start_server()
    cuts = 0
    for countdown in range(1, 8):
        for what in (Hand.BEFORE, Hand.AFTER):
            hand.set(what, countdown)
            c.post(quiet=True)
            try:
                hand.off(4.0)
            except process.subprocess.TimeoutExpired:
                hand.set()
                continue
            cuts += 1
            c.kills += 1
            c.back("kuramorid")
    must(cuts >= 10, "power failed at too few commits", cuts)
    return cuts


def random_kills(c, rounds, seed):
    """Any process, at any moment."""
    dice = random.Random(seed)
    names = ["kuramorid", "kuramorid", "signer-a", "signer-b", "watcher-1", "watcher-3"]
    for _ in range(rounds):
        for _ in range(2):
            c.post()
        name = dice.choice(names)
        time.sleep(dice.uniform(0, 0.12))
        c.kill(name)
        c.back(name)


def books_of(world):
    """The stopped programs' raw journals against the node's blocks: (withdrawals, settled)."""
    chain = audit.Chain(world.public.blocks(verify=False))
    journal = audit.read_sqlite_journal(world.journal("kuramorid")).verify(world.journal_secret("kuramorid"))
    books = audit.Books().replay(journal)
    books.must_balance()
    found = audit.withdrawals(journal)
    settled, flying, amounts = audit.check_paid(found, chain, books)
    arriving = audit.arriving_of(chain, world.own(), world.settings.deposit_depth)
    audit.check_reserves(books, chain, world.own(), amounts, arriving)
    return chain, found, settled, flying


@attack("T42", "crash and pay twice", "server-1")
def crashes(rig):
    w = rig.fresh(server=True)
    c = Crashes(rig)
    started = time.monotonic()
    crash_points(c)
    cuts = power_cuts(c)
    random_kills(c, 6, seed=w.settings.seed)
    w.ready()
    for one in c.made:
        w.wait_state(one["request"], ("settled",), 30.0)
    for one in c.made:
        c.repeat(one)
    w.wait_blocks(4)
    w.dev("hold", hold=True)
    books = w.get("/v1/audit")
    must(books["explained"] and books["books_valid"], "kuramorid's books are not the chain", books)
    for name in list(w.group.daemons):
        if name != "node":
            w.group[name].stop()
    chain, found, settled, flying = books_of(w)
    rig.spoiled()
    paid = {}
    for _, unit in chain.units:
        paid.setdefault(unit.inner.amount, []).append(unit)
    twice = [a for a, u in paid.items() if len(u) != 1]
    must(not twice, "a withdrawal was paid twice", twice)
    must(sorted(paid) == sorted(50 * XEM + n for n in range(len(c.made))), "a withdrawal was not paid", len(paid))
    must(settled == len(found) == len(c.made) and flying == 0, "not every withdrawal is settled",
         (settled, len(found), flying))
    return (f"{len(c.made)} withdrawals, {c.kills} times kill -9 in {time.monotonic() - started:.0f} s: at "
            f"{len(c.points)} named points ({'; '.join(c.points)}), {cuts} times before or after a commit of "
            f"kuramorid, 6 times anywhere, each asked for again after it; {len(paid)} payments on chain, each once; "
            "the raw journal's books equal the blocks")


# ---------------------------------------------------------------- T43

def available(world, customer):
    """What a customer can still spend: balance less holds."""
    return int(world.get(f"/v1/accounts/{customer}")["available"])


@attack("T43", "one key, many calls", "server-2")
def idempotency(rig):
    w = rig.scene("server", server=True)
    customer = "c000011"
    before = available(w, customer)
    request, status, first = w.withdraw(customer, 100 * XEM, "key-1")
    must(status == 201, "the first is taken", (status, first))
    again = w.api("POST", "/v1/withdrawals", request.raw, "key-1")
    must(again[0] in (200, 201) and again[1] == first, "the same again is another answer", again[:2])
    other = w.request(customer, w.keys.outside[0].address(), 101 * XEM)
    must(w.api("POST", "/v1/withdrawals", other.raw, "key-1")[0] == 422, "the key takes another body")
    moved = w.api("POST", "/v1/withdrawals", request.raw, "key-2")
    answers = {}

    def race(name, bodies):
        barrier, out = threading.Barrier(len(bodies)), []

        def one(raw):
            barrier.wait()
            out.append(w.api("POST", "/v1/withdrawals", raw, name)[:2])
        threads = [threading.Thread(target=one, args=(raw,)) for raw in bodies]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        answers[name] = out
        return out
    same = w.request(customer, w.keys.outside[0].address(), 7 * XEM)
    got = race("key-3", [same.raw] * 8)
    must(len(got) == 8 and all(s in (200, 201) and b == got[0][1] for s, b in got), "eight equal calls differ", got)
    different = [w.request(customer, w.keys.outside[0].address(), (20 + n) * XEM) for n in range(8)]
    got = race("key-4", [r.raw for r in different])
    codes = sorted(s for s, _ in got)
    must(codes[0] in (200, 201) and codes[1:] == [422] * 7, "eight different bodies under one key", codes)
    winner = next(b for s, b in got if s != 422)
    spent = 100 * XEM + int(first["fee"]) + 7 * XEM + int(winner["amount"]) + 2 * int(winner["fee"])
    must(before - available(w, customer) == spent, "more was held than three withdrawals",
         (before - available(w, customer), spent))
    w.group["kuramorid"].kill()
    w.start_server()
    w.chain_is_read()
    late = w.api("POST", "/v1/withdrawals", request.raw, "key-1")
    must(late[0] in (200, 201) and late[1] == first, "the answer is another after kill -9", late[:2])
    late = w.api("POST", "/v1/withdrawals", other.raw, "key-1")
    must(late[0] == 422 and before - available(w, customer) == spent, "the key is forgotten after kill -9", late)
    known = f"answered {moved[0]}" if moved[0] >= 400 else "the same withdrawal"
    return (f"one idempotency key: the same body twice and from 8 threads gives one withdrawal and equal bytes, another "
            f"body 422, 8 bodies at once one winner and seven times 422; the same request under a second key is {known}; "
            f"after kill -9 the answers are the same; {xem(spent)} XEM held for 3 withdrawals in 21 calls")


# ---------------------------------------------------------------- T44, T45

def deposit(world, amount, message, to=None, payer=1, mine=False):
    """A transfer to our deposit account, announced; the transaction."""
    payer = world.keys.outside[payer]
    one = nem.Transfer(payer.public, (to or world.keys.deposit).address(), amount, timestamp=world.chain_time(),
                       message=message).sign(payer)
    world.send(one)
    if mine:
        height = world.public.height()
        process.wait_until(lambda: world.public.height() > height, 5.0, "a block")
    return one


def with_mosaic(world, message, mosaic, multiplier):
    """A transfer of version 2 to our deposit account that the node takes."""
    payer = world.keys.outside[4]
    world.send(nem.Transfer(payer.public, world.keys.deposit.address(), multiplier, timestamp=world.chain_time(),
                            message=message, mosaics=[mosaic], version=2, fee=3 * XEM).sign(payer))


def false_mosaics(world, message):
    """Three transfers, each of an amount that is not XEM, with a mosaic that is called xem."""
    maker = world.keys.outside[4]
    sink = {"namespace": "3e82e1c1e4a75adaa3cba8c101c3cd31d9817a2eb966eb3b511fb2ed45b8e262",
            "mosaic": "53e140b5947f104cabc2d6fe8baedbc30ef9a0609c717d9613de593ec2a266d3"}
    sink = {name: nem.address_of(bytes.fromhex(key)) for name, key in sink.items()}
    world.send(nem_types.Namespace(maker.public, sink["namespace"], 100 * XEM, "xem",
                                   timestamp=world.chain_time()).sign(maker))
    world.mine(1, 1)
    world.send(nem_types.Definition(maker.public, ("xem", "xem"), "XEM", sink["mosaic"], 10 * XEM, divisibility=6,
                                    initial_supply=8_999_999_999, timestamp=world.chain_time()).sign(maker))
    world.mine(1, 1)
    for quantity, multiplier in ((1, 1 * XEM), (1_000_000 * XEM, 1 * XEM), (1_000, 9_000 * XEM)):
        with_mosaic(world, message, ("xem", "xem", quantity), multiplier)


@attack("T44", "false top-up", "server-3")
def false_top_up(rig):
    w = rig.fresh(server=True)
    customer = "c000012"
    token = w.deposit_token(customer).encode()
    before, owed = w.customer_balance(customer), int(w.get("/v1/audit")["customers"])

    def nothing(words):
        must(w.customer_balance(customer) == before, f"{words} was credited", w.customer_balance(customer))
        must(int(w.get("/v1/audit")["customers"]) == owed, f"{words}: somebody else was credited")
    w.dev("clock", mode="demand")
    deposit(w, 1_000 * XEM, token)
    time.sleep(0.5)
    nothing("an unconfirmed deposit")
    # Mined, then rolled back before it is deep enough, and gone from every pool.
    w.mine(2, 1)
    time.sleep(0.4)
    nothing("a deposit two blocks deep")
    w.dev("rollback", blocks=2)
    for pool in ("public", "clean"):
        w.dev("drop-pool", pool=pool)
    w.mine(6, 1)
    time.sleep(0.4)
    nothing("a rolled back deposit")
    # Messages that name nobody; a proposal that nobody cosigned; coins to other accounts of ours.
    for message in (b"", b"c000012", token[:-1], token + b" ", token.swapcase(), b"\x00" + token):
        deposit(w, 10 * XEM, message, payer=2)
    deposit(w, 10 * XEM, token, to=w.keys.boxes[0], payer=3)
    k = w.keys
    bare = nem.Multisig(k.holders[0], nem.Transfer(k.boxes[1].public, k.deposit.address(), 5 * XEM,
                                                   timestamp=w.chain_time(), message=token), []).sign(k.holders[0])
    proposal = w.public.announce(bare)["code"]
    # What looks like coins and is none: with mosaics the amount is only a multiplier (nem.md 2.5).
    false_mosaics(w, token)
    w.mine(6, 1)
    process.wait_until(lambda: int(w.get("/v1/audit")["height"]) == w.public.height(), 5.0, "kuramorid has read them")
    time.sleep(0.3)
    nothing("a deposit that names nobody")
    suspense = int(w.get("/v1/audit")["suspense"])
    must(suspense >= 60 * XEM, "what names nobody is in suspense", xem(suspense))
    # And true ones, once: plainly, and as nem:xem beside a multiplier of one.
    deposit(w, 33 * XEM, token)
    with_mosaic(w, token, ("nem", "xem", 7 * XEM), 1 * XEM)
    w.mine(6, 1)
    process.wait_until(lambda: w.customer_balance(customer) == before + 40 * XEM, 5.0, "true deposits are credited")
    w.mine(5, 1)
    time.sleep(0.3)
    must(w.customer_balance(customer) == before + 40 * XEM, "they were credited twice")
    rig.spoiled()
    return (f"credited 0: unconfirmed, two blocks deep, rolled back and dropped, six near misses of the message, to a "
            f"box, an uncosigned proposal (node answers {proposal}), three mosaic transfers of an amount of up to 9,000 XEM; "
            f"{xem(suspense)} XEM that name nobody wait in suspense, a true deposit of 33 XEM and one of 7 as a mosaic "
            "were credited once at depth "
            f"{w.settings.deposit_depth}")


@attack("T45", "a rollback deeper than confirmations", "server-4")
def deep_reorg(rig):
    w = rig.fresh(server=True)
    customer = "c000001"
    token = w.deposit_token(customer).encode()
    before = w.customer_balance(customer)
    w.dev("clock", mode="demand")
    lower = w.public.height()
    deposit(w, 5_000 * XEM, token)
    w.mine(4, 1)
    process.wait_until(lambda: w.customer_balance(customer) == before + 5_000 * XEM, 5.0, "credited")
    w.ready()
    request, status, answer = w.withdraw(customer, before + 4_900 * XEM, "run", to=3)
    must(status == 201, "the withdrawal is taken", (status, answer))
    w.wait_state(request, ("announced",))
    w.mine(4, 1)
    w.wait_state(request, ("settled",))
    left = w.customer_balance(customer)
    depth = w.public.height() - lower
    w.dev("rollback", blocks=depth)
    for pool in ("public", "clean"):
        w.dev("drop-pool", pool=pool)
    w.mine(depth + 2, 1)
    process.wait_until(lambda: int(w.get("/v1/audit")["shortage"]) > 0, 8.0, "the shortage is booked")

    def whole():
        w.mine(1, 1)
        time.sleep(0.2)
        books = w.get("/v1/audit")
        return w.state(request) == "settled" and books["explained"] and books
    books = process.wait_until(whole, 20.0, "the payment is mined again and explained", 0.2)
    shortage = int(books["shortage"])
    must(w.customer_balance(customer) == 0, "the customer keeps coins that are gone", w.customer_balance(customer))
    must(shortage == 5_000 * XEM - left, "the shortage is not what is missing", xem(shortage))
    more = w.withdraw(customer, 1 * XEM, "more")
    must(more[1] == 409 and "undone by the chain" in more[2]["detail"], "the account is not frozen", more[1:])
    deposit(w, 10 * XEM, token)
    w.mine(5, 1)
    process.wait_until(lambda: int(w.get("/v1/audit")["shortage"]) == shortage - 10 * XEM, 8.0,
                       "what comes in covers the shortage first")
    more = w.withdraw(customer, 1 * XEM, "more-again")
    must(more[1] == 409 and w.customer_balance(customer) == 0, "the account is free before it is covered", more[1:])
    payments = [u for _, u in audit.Chain(w.public.blocks(verify=False)).units]
    must(len(payments) == 1, "the payment stands more than once", len(payments))
    alarms = [line for line in w.group["kuramorid"].errors().splitlines() if " broken " in line or " unusual " in line
              or "shortage" in line]
    must(alarms, "nobody was told")
    rig.spoiled()
    return (f"5,000 XEM deposited, credited and withdrawn, then a rollback of {depth} blocks takes the deposit away: the "
            f"customer's last {xem(left)} XEM go back, {xem(shortage)} XEM are booked as shortage and logged, nothing "
            f"more can be withdrawn ({more[2]['type'].rsplit('/', 1)[-1]}), and the payment is announced again and "
            "stands in the new chain once")


# ---------------------------------------------------------------- T41

def no_books(w):
    """The journal, its secret and what is derived from it go."""
    for one in w.place("kuramorid").glob("journal.db*"):
        if one.is_dir():
            shutil.rmtree(one)
        else:
            one.unlink()


@attack("T41", "coins that do not exist", "server-5")
def invented_credit(rig):
    w = rig.fresh(programs=False)
    no_books(w)
    have = sum(w.follow().balances.get(a, 0) for a in w.own())
    folder = w.place("documents")
    tried = 0
    for words, rows in (("620,000 where 42,000 are held", [have * 620 // 42]), ("one micro-XEM too much", [have, 1]),
                        ("many small ones", [have // 100] * 101), ("more than 64 bits", [2 ** 64 + 1]),
                        ("more than there is", [9 * 10 ** 15]), ("a negative one", [-1])):
        (folder / "claims.csv").write_text("customer,amount\n" + "".join(f"c{n:06d},{a}\n" for n, a in enumerate(rows, 1)))
        w.write_server_config()
        done = process.run([w.program("kuramorid"), "--config", w.place("kuramorid") / "kuramorid.conf", "--open-books",
                            folder / "claims.csv"], expect=None, timeout=30.0)
        must(done.returncode in (1, 3), f"{words}: exit code {done.returncode}", done.stderr[-300:])
        must("kuramorid:" in done.stderr, f"{words}: no clear words", done.stderr)
        tried += 1
        no_books(w)
    (folder / "claims.csv").write_text(f"customer,amount\nc000001,{have}\n")
    process.run([w.program("kuramorid"), "--config", w.place("kuramorid") / "kuramorid.conf", "--open-books",
                 folder / "claims.csv"], timeout=30.0)
    w.start_all(server=True)
    books = w.get("/v1/audit")
    must(int(books["customers"]) == have and int(books["house"]) == 0, "claims of exactly the coins are booked", books)
    codes = [w.api(method, path, b'{"amount":"620000"}')[0] for method, path in
             (("POST", "/v1/accounts/c000001"), ("PUT", "/v1/accounts/c000001"), ("POST", "/v1/transfers"),
              ("POST", "/v1/credits"), ("PATCH", "/v1/accounts/c000001"))]
    must(all(c in (403, 404, 405) for c in codes) and int(w.get("/v1/audit")["customers"]) == have, "credit over the API", codes)
    rig.spoiled()
    return (f"{tried} opening files that credit what nobody holds (14.8 times the coins as in the Bithumb case, one micro-XEM "
            f"too much, beyond 64 bits, negative): refused; {xem(have)} XEM of claims on exactly as many coins pass; "
            f"{len(codes)} calls that would credit through the API answer {', '.join(map(str, codes))}")
