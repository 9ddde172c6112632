# SPDX-License-Identifier: Apache-2.0
"""Chapter A.2, "The refund": the claims of chapter A are paid back at 88.549 yen, from the house's
own yen, by a plan that people approve and kuramorid carries out (docs/refund.md).

What each customer should get is computed here with Python's fractions, never taken from what a
program says about itself; rows are proven by refund_row.py.
"""

import fractions
import time
import uuid

import audit
import claims
import process
import refund
import refund_row
from story import xem

RATE = "88.549"
UNROUNDED = "46,603,339,585.49"
JPY = 2                                 # the asset's number in the books
OWN_YEN = 46_700_000_000


class Stage:
    """What chapter A leaves behind: node, exchange with its books, claims, fees of the theft."""

    def __init__(self, node, exchange, amounts, fees, moment_ms):
        self.node, self.exchange, self.amounts = node, exchange, amounts
        self.fees, self.moment_ms = fees, moment_ms

    def end(self):
        self.exchange.group.kill()
        self.node.kill()


def due(micro):
    """Whole yen, half and more up."""
    return (fractions.Fraction(RATE) * micro / 1_000_000 + fractions.Fraction(1, 2)).__floor__()


def decimal(value):
    """An exact signed decimal of a fraction with few digits."""
    sign, value = ("-" if value < 0 else "+"), abs(value)
    whole, rest = divmod(value, 1)
    digits = ""
    while rest:
        digit, rest = divmod(rest * 10, 1)
        digits += str(int(digit))
    return f"{sign}{int(whole):,}" + (f".{digits}" if digits else "")


def wait_loss(teller, stage):
    x, total = stage.exchange, sum(stage.amounts)
    x.start_server()
    # Each answer is a look at 260,000 accounts by the one thread that also reads the chain: not asked without a pause.
    process.wait_until(lambda: int(x.get("/v1/audit")["shortage"]) == total + stage.fees, 60.0,
                       "the loss is booked", 0.5)
    told = x.get("/v1/audit")
    teller.check("the books owe the claims and nothing is behind them",
                 int(told["customers"]) == total and told["reserves"] == "0", told["customers"])
    teller.event(f"The exchange's books, kept by kuramorid, were opened before that night. It reads the chain: "
                 f"{xem(total + stage.fees)} XEM left by transfers that nothing explains and are booked as shortage. "
                 f"{len(stage.amounts):,} customers are still owed {xem(total)} XEM.")


def decide(teller, stage, paid):
    x, total = stage.exchange, sum(stage.amounts)
    x.pay_in(OWN_YEN)
    teller.event(f"officer-cli proposes a posting: {OWN_YEN:,} yen of the company's own, debit {refund.BANK}, credit "
                 f"house:jpy; {' and '.join(refund.DECIDERS[:2])} approve it, and it is booked.")
    x.stop()
    x.make_plan(stage.moment_ms, RATE, reason="the theft of 26 January 2018")
    x.start_server()
    own = x.decide(x.make_id(), "plan", "officer-1")
    teller.check("a plan that was not handed in cannot be approved", own[0] == 404, own)
    plan, state = x.propose(people=refund.DECIDERS[:2])
    teller.check("two yes are not enough for a plan", state == "approving", state)
    state = x.approved(plan, "plan", refund.DECIDERS[2:])
    teller.must("three people, an officer among them, have approved it", state == "approved", state)
    teller.event(f"The plan, as of the moment before the theft: {len(stage.amounts):,} customers, {xem(total)} XEM, "
                 f"{RATE} yen for one XEM, each in whole yen, half a yen and more up: {paid:,} yen. Approved by "
                 f"{', '.join(refund.DECIDERS)}.")
    x.stop()


def run(teller, stage, paid):
    x, total = stage.exchange, sum(stage.amounts)
    started = time.monotonic()
    said = x.run()
    seconds = time.monotonic() - started
    exact = fractions.Fraction(RATE) * total / 1_000_000
    distance = decimal(paid - exact)
    teller.must("every customer was paid, and the total is the sum of what each gets",
                f"{len(stage.amounts)} of {len(stage.amounts)} customers paid {paid} yen" in said, said)
    teller.check("the unrounded total is that of 2018", f"{int(exact):,}.{int(exact % 1 * 100):02}" == UNROUNDED, exact)
    teller.check("the distance between both is exact", f"{distance.replace(',', '')} from it" in said, said)
    booked = said.split("booked in ")[1].split()[0]
    teller.event(f"The run: {paid:,} yen to {len(stage.amounts):,} customers, each linked with the claim that it ends; "
                 f"booked in {int(booked):,} ms, {seconds:.1f} s with reading the journal and judging every row.")
    teller.line()
    teller.line(f"paid, whole yen for each customer   {paid:>17,}    yen")
    teller.line(f"526,300,010 XEM x {RATE} yen       {UNROUNDED:>23} yen")
    teller.line(f"distance                            {distance:>23} yen")
    teller.line()
    teller.check("run again it books nothing", "nothing is booked twice" in x.run())
    teller.figure("paid_yen", paid)
    teller.figure("distance_yen", distance)
    teller.figure("booked_ms", int(booked))


def yen_of(x, customer):
    status, told, _ = x.api("GET", f"/v1/accounts/{uuid.UUID(bytes=audit.account_id(audit.CUSTOMER, customer, JPY))}")
    return int(told["balance"]) if status == 200 and told["asset"] == "jpy" else 0


def prove(teller, stage):
    x = stage.exchange
    x.start_server()
    told = x.get("/v1/audit")
    teller.check("no claim is left, the books are valid, only the fees of the theft are still short",
                 told["customers"] == "0" and told["books_valid"] and int(told["shortage"]) == stage.fees, told)
    ordered = sorted(range(len(stage.amounts)), key=stage.amounts.__getitem__)
    envelope = x.place_of("plan.json").read_bytes()
    names = {"the smallest": ordered[0], "the middle one": ordered[len(ordered) // 2], "the largest": ordered[-1]}
    for words, index in names.items():
        customer, micro = claims.customer_name(index), stage.amounts[index]
        row = x.show(customer)
        wrong = refund_row.objections(envelope, row)
        teller.check(f"the row of {words} is proven to him by a script of the standard library",
                     not wrong and int(row["lost"]) == micro and int(row["paid"]) == due(micro), wrong)
        teller.check(f"{words} has these yen in the books", yen_of(x, customer) == due(micro))
        teller.line(f"{words:15} {customer}  {xem(micro):>22} XEM  {due(micro):>15,} yen  row {row['index']:,}, "
                    f"{len(row['proof'])} hashes to the plan's root")
    bent = dict(row, paid=str(int(row["paid"]) + 1))
    teller.check("a row with one yen more is not proven", refund_row.objections(envelope, bent) != [])


def tell(teller, stage):
    paid = sum(map(due, stage.amounts))
    teller.say(f"In 2018 about 260,000 holders were paid {RATE} yen for each XEM, in yen, from the company's own funds, 45 "
               f"days after the theft. Sources differ on the total (46.0 to 47.3 billion yen); by the claims here it is "
               f"526,300,010 XEM, or {UNROUNDED} yen before anything is rounded.")
    wait_loss(teller, stage)
    decide(teller, stage, paid)
    run(teller, stage, paid)
    prove(teller, stage)
