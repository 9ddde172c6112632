# SPDX-License-Identifier: Apache-2.0
"""The claims of 260,000 customers on 526,300,010 XEM.

What is reported: about 260,000 holders, 526,300,010 XEM (hence a mean of about 2,024 XEM each).
How the holdings were distributed was never published: THE DISTRIBUTION HERE IS OUR ASSUMPTION, a
heavy tail near a log-normal one (sigma of the logarithm 2.5), and every output that shows it has to
say so with SENTENCE. As a check of plausibility only: with it 95 % of the claims are worth
less than 500,000 yen at 88.549 yen, and of customers of 17 Japanese operators in all coins about
90 % were reported to hold less than that (JVCEA, 10 April 2018).

Deterministic for a seed on every machine: integers only, amounts in micro-XEM, exact sum.
"""

import argparse
import random
import sys

CUSTOMERS = 260_000
TOTAL_MICRO = 526_300_010 * 1_000_000
SENTENCE = ("The total of 526,300,010 XEM and the number of about 260,000 holders are reported; "
            "how the claims are spread over them is our assumption (heavy tail, mean 2,024 XEM), "
            "not a fact.")

# A binomial(256, 1/2) count of bits has a standard deviation of 8; 1.367^8 is e^2.5. The powers are
# kept as integers with 32 bits behind the point.
_POWERS = [(1367 ** k << 32) // 1000 ** k for k in range(257)]


def customer_name(index):
    """Pseudonym of customer 0, 1, 2 ... (design.md 10.5)."""
    return f"c{index + 1:06d}"


def distribute(seed=1, customers=CUSTOMERS, total=TOTAL_MICRO):
    """A list of `customers` amounts in micro-XEM, each above 0, with exactly the sum `total`."""
    if not 0 < customers <= total:
        raise ValueError("every customer needs at least one micro-XEM")
    bits = random.Random(f"kuramori claims {seed}").getrandbits
    powers = _POWERS
    weights = [powers[bits(256).bit_count()] * (1024 + bits(10)) for _ in range(customers)]
    whole = sum(weights)
    share = total - customers
    amounts = [1 + share * weight // whole for weight in weights]
    # Rounding down leaves fewer micro-XEM than there are customers: one each to the first.
    for index in range(total - sum(amounts)):
        amounts[index] += 1
    return amounts


def write_csv(file, amounts, header=True):
    """Lines customer,amount (micro-XEM) to an open text file."""
    if header:
        file.write("customer,amount\n")
    file.writelines(f"{customer_name(i)},{amount}\n" for i, amount in enumerate(amounts))


def summary(amounts):
    """Figures of a distribution, all integers in micro-XEM but the counts and basis points."""
    ordered = sorted(amounts)
    n, total = len(ordered), sum(ordered)
    return {"customers": n, "total": total, "mean": total // n, "median": ordered[n // 2],
            "smallest": ordered[0], "largest": ordered[-1],
            "top_1_percent_bp": sum(ordered[-(n // 100 or 1):]) * 10_000 // total}


def main():
    parser = argparse.ArgumentParser(description=SENTENCE)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--customers", type=int, default=CUSTOMERS)
    parser.add_argument("--total", type=int, default=TOTAL_MICRO, help="micro-XEM")
    parser.add_argument("output", nargs="?", help="CSV file; standard output without it")
    options = parser.parse_args()
    amounts = distribute(options.seed, options.customers, options.total)
    if options.output is None:
        write_csv(sys.stdout, amounts)
    else:
        with open(options.output, "w", encoding="ascii", newline="\n") as file:
            write_csv(file, amounts)
    print(f"{SENTENCE}\n{summary(amounts)}", file=sys.stderr)


if __name__ == "__main__":
    main()
