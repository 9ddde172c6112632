# SPDX-License-Identifier: Apache-2.0
"""Who wants more, or another, refund than each customer's whole yen: files exchanged on the server's disk,
plans that people signed without adding them up."""

import hashlib
import hmac
import time

import canon
import claims
import devnode
import nem
import refund
import refund_row
from registry import attack
from rig import must, process

RATE = 88_549
CUSTOMERS = 40
# One customer's micro-XEM times 88549 is beyond 2^64 by itself, as the whole sum is.
LARGE = 300_000_000_000_000
PEOPLE = refund.DECIDERS
ABSENT = object()


def due(micro, rate=RATE, half=5 * 10 ** 8):
    return (micro * rate + half) // 10 ** 9


def exact_total(micro):
    """lost x rate as people write it."""
    whole, rest = divmod(micro * RATE, 10 ** 9)
    return f"{whole}.{rest:09d}".rstrip("0").rstrip(".")


def root_of(leaves):
    """RFC 6962, 2.1."""
    if len(leaves) == 1:
        return leaves[0]
    k = 1 << (len(leaves) - 1).bit_length() - 1
    return hashlib.sha256(b"\1" + root_of(leaves[:k]) + root_of(leaves[k:])).digest()


class Rows:
    """A file of rows that whoever writes it is free to make, with what a plan says of it."""

    SALT = "5a" * 32

    def __init__(self, rows):
        self.rows = rows                       # (customer, lost, paid)
        self.text = (f"kuramori refund rows v1 {self.SALT}\ncustomer,lost,paid\n" +
                     "".join(f"{c},{lost},{paid}\n" for c, lost, paid in rows))

    def body(self, honest, **changes):
        """A plan's body for these rows; everything else as the honest plan has it."""
        leaves = [refund_row.leaf(hmac.new(bytes.fromhex(self.SALT), c.encode(), hashlib.sha256).hexdigest(), c, lost,
                                  paid) for c, lost, paid in self.rows]
        body = dict(honest, initiator="approver-3", customers=len(self.rows), lost=str(sum(r[1] for r in self.rows)),
                    paid=str(sum(r[2] for r in self.rows)), root=root_of(leaves).hex(),
                    rows=hashlib.sha256(self.text.encode()).hexdigest())
        return {k: v for k, v in dict(body, **changes).items() if v is not ABSENT}


class Scene:
    """An exchange that was robbed of everything, with its yen paid in and no plan yet; then with one."""

    def __init__(self, rig):
        self.folder = rig.folder / "refund"
        self.amounts = claims.distribute(47, CUSTOMERS - 1, claims.TOTAL_MICRO - LARGE)
        self.amounts.insert(CUSTOMERS // 2, LARGE)
        wallet, thief = nem.KeyPair.named("T47 wallet"), nem.KeyPair.named("T47 thief")
        fee = nem.minimum_transfer_fee(claims.TOTAL_MICRO)
        self.node = devnode.DevNode(self.folder / "node", {wallet.address(): claims.TOTAL_MICRO + fee},
                                    nem.nem_seconds(int(time.time() * 1000)) - 7200,
                                    executable=rig.build / "bin/kuramori-node/kuramori-node")
        self.node.start()
        self.x = refund.Exchange(self.folder / "w", rig.build, self.node, wallet)
        self.x.found(self.amounts)
        self.before = int(time.time() * 1000)
        time.sleep(0.01)
        refund.rob(self.node, wallet, thief, claims.TOTAL_MICRO)
        self.x.start_server()
        process.wait_until(lambda: int(self.x.get("/v1/audit")["shortage"]) == claims.TOTAL_MICRO + fee, 30,
                           "the loss is booked", 0.02)
        # more than the refund takes: what stops a wrong one is not that the yen are missing
        self.x.pay_in(2 * sum(map(due, self.amounts)))
        self.hash = self.x.books_hash()
        self.x.stop()
        self.unplanned, self.ready = self.folder / "unplanned", self.folder / "ready"
        self.x.keep(self.unplanned)
        self.x.make_plan(self.before)
        self.x.start_server()
        must(self.x.propose()[1] == "approved", "the honest plan is approved")
        self.x.stop()
        self.x.keep(self.ready)
        self.plan = self.x.place_of("plan.json").read_bytes()
        self.honest = canon.open_document(self.plan).body
        self.rows = self.x.place_of("plan.rows").read_text()
        self.refused, self.at_once = [], 0

    def end(self):
        self.x.group.kill()
        self.node.kill()

    def unpaid(self, what):
        """Nobody was paid, nothing was booked."""
        self.x.start_server()
        now = self.x.books_hash()
        self.x.stop()
        must(now == self.hash, f"somebody was paid by {what}")

    def run(self, what, words, rows=None, plan=None):
        """The run with these files beside the approved plan; Broken unless it stops and says the words."""
        for name, content in (("bent.rows", rows or self.rows), ("bent.json", plan or self.plan)):
            path = self.x.place_of(name)
            path.unlink(missing_ok=True)
            path.write_bytes(content if isinstance(content, bytes) else content.encode())
        said = self.x.run(expect=None, name="bent")
        must("stopped" in said or "no such plan" in said, f"the run went on with {what}", said[-300:])
        must(words in said, f"the run stops at {what} and does not say `{words}`", said[-300:])
        self.refused.append(what)

    def approved_by_all(self, what, words, rows, **changes):
        """A plan that its makers got three people to sign, without anybody adding it up; then the run."""
        self.x.back_to(self.unplanned)
        self.x.start_server()
        document = canon.Document("plan", rows.body(self.honest, **changes)).sign(self.x.keys.people["approver-3"][0])
        status, told, _ = self.x.api("POST", "/v1/documents", document.raw)
        if status != 200:
            self.x.stop()
            must(words in str(told), f"{what} is refused when it is handed in and does not say `{words}`", told)
            self.at_once += 1
            return
        must(self.x.approved(document.id, "plan", PEOPLE) == "approved", "three people sign it")
        self.x.stop()
        self.run(what, words, rows.text, document.raw)
        self.unpaid(what)


def exchanged_files(s):
    """The server's disk is the attacker's: the approved plan, and other rows or another plan beside it."""
    lines = s.rows.splitlines(keepends=True)
    at = 2 + CUSTOMERS // 2
    name, lost, paid = lines[at].strip().split(",")

    def row(lost, paid, name=name):
        return "".join(lines[:at] + [f"{name},{lost},{paid}\n"] + lines[at + 1:])

    for what, rows in (("a yen more in one row", row(lost, int(paid) + 1)),
                       ("a yen less in one row", row(lost, int(paid) - 1)),
                       ("a claim and its yen raised together", row(int(lost) + 10 ** 9, due(int(lost) + 10 ** 9))),
                       ("a row paid modulo 2^64", row(lost, due(int(lost)) % 2 ** 64 - 2 ** 64 // 10 ** 9)),
                       ("two rows exchanged", "".join(lines[:at] + [lines[at + 1], lines[at]] + lines[at + 2:])),
                       ("the yen of two rows exchanged",
                        "".join(lines[:at] + [f"{name},{lost},{lines[at + 1].strip().split(',')[2]}\n",
                                              ",".join(lines[at + 1].split(",")[:2] + [paid]) + "\n"] + lines[at + 2:])),
                       ("a row left out", "".join(lines[:at] + lines[at + 1:])),
                       ("a row twice", "".join(lines[:at + 1] + lines[at:])),
                       ("a row of the thief's", row(lost, paid, "c000020x")),
                       ("another salt", s.rows.replace(lines[0].split()[-1], "ab" * 32, 1))):
        must(rows != s.rows, f"{what} changes nothing")
        s.run(what, "stopped", rows=rows)
    body = s.honest
    for what, changes in (("another rate", {"rate": "88.55"}), ("another total", {"paid": str(int(body["paid"]) + 1)}),
                          ("another loss", {"lost": str(int(body["lost"]) - 1)}), ("another root", {"root": "00" * 32})):
        document = canon.Document("plan", dict(body, initiator="approver-3", **changes)).sign(s.x.keys.people["approver-3"][0])
        s.run(f"{what} in the plan on disk", "no such plan", plan=document.raw)
    s.unpaid("exchanged files")


def signed_by_all(s):
    """Three people sign what they are shown: the run adds it up before anybody is paid."""
    good = [(claims.customer_name(n), micro, due(micro)) for n, micro in enumerate(s.amounts)]
    middle = CUSTOMERS // 2

    def bent(*rows):
        out = list(good)
        for n, lost, paid in rows:
            out[n] = (good[n][0], lost, paid)
        return Rows(out)

    def with_paid(rule):
        return Rows([(c, lost, rule(lost)) for c, lost, _ in good])

    whole = Rows(good)
    total = int(whole.body(s.honest)["paid"])
    at, first = f"line {middle + 3}", "line "
    wrapped = with_paid(lambda lost: (lost * RATE % 2 ** 64 + 5 * 10 ** 8) // 10 ** 9)
    must(sum(r[2] for r in wrapped.rows) != total, "64 bits would do")
    # exactly half a yen more than an even number of yen
    half = next(h for h in (5 * 10 ** 8 * pow(RATE, -1, 10 ** 9) % 10 ** 9 + k * 10 ** 9 for k in range(200_000, 200_002))
                if h * RATE // 10 ** 9 % 2 == 0)
    must(half * RATE % 10 ** 9 == 5 * 10 ** 8 and half < LARGE, "half a yen")
    once = (claims.TOTAL_MICRO * RATE + 5 * 10 ** 8) // 10 ** 9
    must(once != total, "the rounded total is the sum of the rounded rows, nothing to be shown with")
    for what, words, rows, changes in (
            ("one row a yen too high, its total with it", at, bent((middle, LARGE, due(LARGE) + 1)), {}),
            ("one row a yen too low", at, bent((middle, LARGE, due(LARGE) - 1)), {}),
            ("a yen moved from one row to another", first, bent((0, good[0][1], good[0][2] + 1),
                                                                (1, good[1][1], good[1][2] - 1)), {}),
            ("a total one yen too high", "paid", whole, {"paid": str(total + 1)}),
            ("a total one yen too low", "paid", whole, {"paid": str(total - 1)}),
            ("the loss times the rate as the total", "paid", whole, {"paid": str(once)}),
            ("a loss one micro-XEM higher", "lost", whole, {"lost": str(claims.TOTAL_MICRO + 1)}),
            ("a customer more than there are", "customers", whole, {"customers": CUSTOMERS + 1}),
            ("another rate than the rows have", "no rounding", whole, {"rate": "88.548"}),
            ("a rate a hair higher than the rows have", first, whole, {"rate": "88.54900001"}),
            ("small rows rounded down", first, with_paid(lambda lost: due(lost, half=0) if lost < 10 ** 11 else due(lost)), {}),
            ("small rows rounded up", first, with_paid(lambda lost: -(-lost * RATE // 10 ** 9) if lost < 10 ** 11 else
                                                       due(lost)), {}),
            ("half a yen rounded to even", at, bent((middle, half, half * RATE // 10 ** 9)), {}),
            ("a rounding that is none of ours", "rounding", whole, {"rounding": "down"}),
            ("no rounding at all", "rounding", whole, {"rounding": ABSENT}),
            ("64-bit arithmetic in every row", "no rounding", wrapped, {}),
            ("a total in 64 bits", "paid", whole, {"paid": str(total % 2 ** 32)}),
            ("a claim that the books never owed", at, bent((middle, LARGE + 10 ** 6, due(LARGE + 10 ** 6))), {}),
            ("a root of other rows", "root", whole, {"root": s.honest["root"]})):
        s.approved_by_all(what, words, rows, **changes)


@attack("T47", "a refund that is not exact", "refund")
def refund_tampered_with(rig):
    s = Scene(rig)
    try:
        s.x.back_to(s.ready)
        exchanged_files(s)
        files = len(s.refused)
        signed_by_all(s)
        # and the honest one, from the same disk: once, to the yen
        s.x.back_to(s.ready)
        total, lost = sum(map(due, s.amounts)), sum(s.amounts)
        must(lost * RATE > 2 ** 64 and LARGE * RATE > 2 ** 64, "64 bits would do")
        said = s.x.run()
        must(f"{CUSTOMERS} of {CUSTOMERS} customers paid {total} yen" in said, "the honest plan is paid", said)
        must(exact_total(lost) == "46603339585.49" and exact_total(lost) in said, "lost times rate is told exactly", said)
        must("nothing is booked twice" in s.x.run(), "a second run pays nobody")
        s.x.start_server()
        audit = s.x.get("/v1/audit")
        must(audit["books_valid"] and audit["customers"] == "0", "every claim has ended", audit)
        s.x.stop()
        return (f"526,300,010 XEM of {CUSTOMERS} customers at 88.549: {files} exchanged files, {s.at_once} plans when they are handed in and "
                f"{len(s.refused) - files} that three people had signed (a yen moved, totals off by one, other roundings, 64 bits) stop before "
                f"anybody is paid; the honest one pays {total:,} yen, the sum of its rows, where lost times rate is 46,603,339,585.49")
    finally:
        s.end()
