#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""A ledger and a case that a foe of `kuramori trace report` would make: random payments among few accounts that are used
again and again, in any size, so that stolen coins go everywhere and the network of all rules has as many ways as can be.

    hostile.py FOLDER EVENTS ACCOUNTS SEEDS [RANDOM]     writes FOLDER/ledger.csv and FOLDER/case.json
"""

import json
import random
import sys
from pathlib import Path


def main(folder, events, accounts, seeds, number=3):
    r = random.Random(number)
    balance = [r.randrange(1, 1 << 40) for _ in range(accounts)]
    rows = [f"1,1,{i:064x},,a{i},{balance[i]}" for i in range(accounts)]
    for k in range(accounts, events):
        sender = r.randrange(accounts)
        while balance[sender] == 0:
            sender = r.randrange(accounts)
        to, amount = r.randrange(accounts), r.randrange(1, balance[sender] + 1)
        balance[sender] -= amount
        balance[to] += amount
        height = 2 + (k - accounts) // 100
        rows.append(f"{height},{height},{k:064x},a{sender},a{to},{amount}")
    folder.mkdir(parents=True, exist_ok=True)
    (folder / "ledger.csv").write_text("\n".join(["height,time,txid,from,to,amount", *rows]) + "\n")
    (folder / "case.json").write_text(json.dumps({
        "case": "hostile", "asset": "coin", "unit": "COIN", "generated": True, "policies": ["poison", "tiho", "lifo"],
        "seeds": [{"tx": f"{i:064x}", "to": f"a{i}"} for i in range(seeds)]}))


if __name__ == "__main__":
    main(Path(sys.argv[1]), *map(int, sys.argv[2:]))
