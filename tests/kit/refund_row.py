#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""refund_row.py PLAN ROW: what a customer needs to check his refund, and nothing else.

PLAN is the plan document, ROW what `kuramori --json books refund show` printed for him. Checked:
the plan's id is that of its bytes; his row is leaf `index` of the tree of `size` rows under the
plan's root (RFC 6962, RFC 9162 2.1.3.2); he is paid lost x rate in whole yen, half and more up.
Python's standard library alone. Exit code 0 if all holds; else what does not.
"""

import fractions
import hashlib
import json
import sys


def leaf(salt, customer, lost, paid):
    text = f"kuramori refund row v1\n{salt}\n{customer},{lost},{paid}\n"
    return hashlib.sha256(b"\0" + text.encode()).digest()


def root_of(hash_, index, size, proof):
    """The root that a proof leads to, None if it is none for this place."""
    if not 0 <= index < size:
        return None
    last, at = size - 1, index
    for other in proof:
        if last == 0:
            return None
        if at & 1 or at == last:
            hash_ = hashlib.sha256(b"\1" + other + hash_).digest()
            while not at & 1 and at:
                at, last = at >> 1, last >> 1
        else:
            hash_ = hashlib.sha256(b"\1" + hash_ + other).digest()
        at, last = at >> 1, last >> 1
    return hash_ if last == 0 else None


def plan_id(envelope):
    """SHA-256 as docs/documents.md says, from the envelope's bytes."""
    body = envelope[envelope.index(b'{"body":') + 8:envelope.rindex(b',"signatures":')]
    genesis = json.loads(body)["genesis"]
    return hashlib.sha256(f"kuramori/plan/v1\n{genesis}\n".encode() + body).hexdigest()


def objections(envelope, row):
    """What does not hold, in words; empty if all does."""
    plan = json.loads(envelope)["body"]
    out = []
    if plan_id(envelope) != row["plan"]:
        out.append("the row is of another plan")
    if row["size"] != plan["customers"]:
        out.append("the tree has another size")
    proof = [bytes.fromhex(one) for one in row["proof"]]
    found = root_of(leaf(row["salt"], row["customer"], row["lost"], row["paid"]), row["index"],
                    row["size"], proof)
    if found is None or found.hex() != plan["root"]:
        out.append("the proof does not lead to the plan's root")
    due = fractions.Fraction(plan["rate"]) * int(row["lost"]) / 1_000_000
    if (due + fractions.Fraction(1, 2)).__floor__() != int(row["paid"]) or plan["rounding"] != "half-up":
        out.append("paid is not lost times rate, half up")
    return out


def main():
    with open(sys.argv[1], "rb") as file:
        envelope = file.read()
    with open(sys.argv[2], encoding="ascii") as file:
        row = json.load(file)
    wrong = objections(envelope, row)
    for one in wrong:
        print(one)
    if not wrong:
        print(f"{row['customer']} lost {row['lost']} micro-XEM and is paid {row['paid']} yen: row {row['index']} "
              f"of {row['size']} in plan {row['plan']}")
    return 1 if wrong else 0


if __name__ == "__main__":
    sys.exit(main())
