#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Makes tests/conformance/vectors/nem_keys.inc from crypto/1.test-keys.json of the vectors that the
NEM/Symbol project publishes (symbol repository, tests/vectors/nem; 10,000 pairs of keys).

usage: nem_keys.py 1.test-keys.json 200 >nem_keys.inc      the first 200 pairs
"""
import json
import sys

with open(sys.argv[1], encoding="ascii") as f:
    pairs = json.load(f)[:int(sys.argv[2])]
print("/* SPDX-License-Identifier: Apache-2.0 */")
print(f"/* The first {len(pairs)} pairs of symbol, tests/vectors/nem, crypto/1.test-keys.json; made by")
print(" * tests/tools/nem_keys.py: private key as NEM prints it, public key. */")
for pair in pairs:
    print(f'{{ "{pair["privateKey"].lower()}",\n  "{pair["publicKey"].lower()}" }},')
