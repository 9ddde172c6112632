#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""check_refund.py TOOL ROOT: the refund's arithmetic against Python's fractions.

Goal: what each customer is paid is floor(lost x rate + 1/2) in exact numbers, sums and distances are
exact, what does not fit 128 bits is refused and never wrapped, and a row's leaf is the documented one.
Method: random amounts and rates of a printed seed, edges at 2^53, 2^63, 2^64, 2^127 and 2^128 -1 and
+1, amounts around every half; the whole refund of 2018 (T47). KURAMORI_COUNT scales it.
"""

import fractions
import hashlib
import hmac
import os
import random
import subprocess
import sys

TOOL, ROOT = sys.argv[1], sys.argv[2]
sys.path.insert(0, os.path.join(ROOT, "tests", "kit"))

import claims  # noqa: E402

SEED = int(os.environ.get("KURAMORI_SEED", "1"))
COUNT = int(os.environ.get("KURAMORI_COUNT", "3000"))
MOST = (1 << 128) - 1
count = failed = 0


def ok(name, condition, detail=""):
    global count, failed
    count += 1
    if not condition:
        failed += 1
        if detail:
            print(f"# {detail}")
    print(f"{'ok' if condition else 'not ok'} {count} - {name}")


def tool(rate, lines):
    done = subprocess.run([TOOL, rate], input="".join(line + "\n" for line in lines),
                          stdout=subprocess.PIPE, text=True, check=True)
    return done.stdout.split("\n")[:-1]


def parts(rate):
    """What the C computes with: numerator and power of ten, as whole numbers."""
    digits = rate.replace(".", "").lstrip("0") or "0"
    return int(digits), 10 ** (6 + len(rate.partition(".")[2]))


def due(rate, lost):
    value = fractions.Fraction(rate) / 10 ** 6 * lost
    return (value + fractions.Fraction(1, 2)).__floor__()


def shortest(value, sign=False):
    """An exact decimal of a fraction whose denominator is a power of ten."""
    mark = "" if value == 0 or not sign and value > 0 else "+" if value > 0 else "-"
    value = abs(value)
    whole, rest = divmod(value, 1)
    digits = ""
    while rest:
        rest *= 10
        digits += str(int(rest))
        rest -= int(rest)
    return mark + str(int(whole)) + ("." + digits if digits else "")


def check_due(pick, rate, amounts):
    numerator, _ = parts(rate)
    got = tool(rate, [f"due {a}" for a in amounts])
    want = [str(due(rate, a)) if a * numerator <= MOST else "overflow" for a in amounts]
    bad = [(a, g, w) for a, g, w in zip(amounts, got, want) if g != w]
    ok(f"rate {rate}: {len(amounts)} amounts", len(got) == len(amounts) and not bad, str(bad[:3]))
    return want.count("overflow")


def amounts_for(pick, rate, n):
    numerator, denominator = parts(rate)
    out = [pick.getrandbits(pick.randrange(1, 129)) for _ in range(n)]
    for bits in (53, 63, 64, 127, 128):
        out += [min(MOST, (1 << bits) + d) for d in (-1, 0, 1)]
    out += [MOST // numerator + d for d in (-1, 0, 1) if MOST // numerator + d <= MOST]
    for k in [0, 1, 2] + [pick.randrange(10 ** 9) for _ in range(n // 10)]:
        half = (2 * k + 1) * denominator // (2 * numerator)
        out += [half + d for d in (-1, 0, 1, 2) if 0 <= half + d <= MOST]
    return out


def check_exact(pick, rate):
    numerator, denominator = parts(rate)
    lost = [pick.getrandbits(pick.randrange(1, 110)) for _ in range(200)] + [0, MOST]
    exact = [fractions.Fraction(a * numerator, denominator) for a in lost]
    fits = [a * numerator <= MOST for a in lost]
    got = tool(rate, [f"exact {a}" for a in lost])
    ok(f"rate {rate}: lost x rate, exactly",
       got == [shortest(x) if f else "overflow" for x, f in zip(exact, fits)])
    paid = [max(0, int(x) + pick.randrange(-3, 4)) if f else 0 for x, f in zip(exact, fits)]
    got = tool(rate, [f"distance {a} {b}" for a, b in zip(lost, paid)])
    ok(f"rate {rate}: distances, exactly",
       got == [shortest(b - x, True) if f and b * denominator <= MOST else "overflow"
               for x, b, f in zip(exact, paid, fits)])


def check_whole():
    amounts = claims.distribute(SEED)
    total = sum(amounts)
    paid = [int(line) for line in tool("88.549", [f"due {a}" for a in amounts])]
    ok("260,000 customers are paid as the fractions say",
       paid == [(a * 88549 * 2 + 10 ** 9) // (2 * 10 ** 9) for a in amounts])
    exact, distance = tool("88.549", [f"exact {total}", f"distance {total} {sum(paid)}"])
    ok("526,300,010 XEM are 46,603,339,585.49 yen", exact == "46603339585.49", exact)
    ok("the total is the sum of the parts, its distance exact",
       distance == shortest(sum(paid) - fractions.Fraction(4660333958549, 100), True), distance)
    ok("the product has more than 64 bits", total * 88549 > (1 << 64) - 1)
    print(f"# paid {sum(paid):,} yen, {distance} from {exact}")


def check_leaf(pick):
    lines, want = [], []
    for _ in range(200):
        salt = pick.getrandbits(256).to_bytes(32, "big")
        name = "".join(pick.choice("abcXYZ019._:-") for _ in range(pick.randrange(1, 65)))
        lost, paid = pick.getrandbits(pick.randrange(1, 129)) or 1, pick.getrandbits(100)
        own = hmac.digest(salt, name.encode(), "sha256").hex()
        text = f"kuramori refund row v1\n{own}\n{name},{lost},{paid}\n"
        lines.append(f"row {salt.hex()} {name} {lost} {paid}")
        want.append(hashlib.sha256(b"\0" + text.encode()).hexdigest())
    ok("leaves of rows", tool("1", lines) == want)


def main():
    print(f"# seed {SEED}, count {COUNT}")
    pick = random.Random(SEED)
    rates = ["88.549", "1", "0.5", "0.000001", "999999999999.999999", "3", "110.123456789012345"]
    rates += [shortest(fractions.Fraction(pick.randrange(1, 10 ** 12), 10 ** pick.randrange(10)))
              for _ in range(5)]
    overflows = sum(check_due(pick, rate, amounts_for(pick, rate, COUNT // len(rates))) for rate in rates)
    ok("some amounts did not fit", overflows > 20, str(overflows))
    for rate in rates:
        check_exact(pick, rate)
    check_whole()
    check_leaf(pick)
    print(f"1..{count}")
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main())
