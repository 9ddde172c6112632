# SPDX-License-Identifier: Apache-2.0
"""Goal: the C reader of canonical JSON and the kit's, written apart from the same text, take and
refuse exactly the same bytes.

Method: all cases of test_kit.py, the limits at +-1, and seeded random documents with one or two
bytes changed, inserted or removed. argv[1] is the canon_oracle program. Any difference fails.
"""

import json
import random
import struct
import subprocess
import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parent))

import canon  # noqa: E402
import test_kit  # noqa: E402

SEED = 5
DOCUMENTS = 3000
TEXTS = ("a", '"', "\\", "é", "蔵", "\U0001f3ef", "0", "/", "\x7f", "\u0085", "\u200d", "\u2028",
         "\u202e", "\ufeff", "\uffff")
BYTES = b'{}[]",:\\0123456789abtfnull -.eE\x00\x7f\xc2\x80\xe2\xff'


def value(random_, depth):
    kind = random_.randrange(7 if depth < 9 else 4)
    if kind == 0:
        return random_.randrange(1 << random_.randrange(1, 55))
    if kind == 1:
        return random_.random() < 0.5
    if kind < 4:
        return "".join(random_.choice(TEXTS) for _ in range(random_.randrange(5)))
    if kind < 6:
        return {random_.choice(("a", "b", "_", "0", "a0", "aa", "z9", "ab")):
                value(random_, depth + 1) for _ in range(random_.randrange(4))}
    return [value(random_, depth + 1) for _ in range(random_.randrange(4))]


def cases():
    yield from test_kit.Canonical.GOOD
    yield from (text for text, _ in test_kit.Canonical.BAD)
    for count in (1021, 1022, 1023):
        yield b'{"a":[' + b",".join([b"0"] * count) + b"]}"
    for size in (65527, 65528, 65529):
        yield b'{"a":"' + b"x" * size + b'"}'
    for depth in (7, 8, 9):
        yield b'{"a":' + b"[" * (depth - 1) + b"]" * (depth - 1) + b"}"
    random_ = random.Random(SEED)
    for _ in range(DOCUMENTS):
        text = json.dumps({"a": value(random_, 2), "b": value(random_, 2)}, ensure_ascii=False,
                          separators=(",", ":"), sort_keys=True).encode()
        yield text
        for _ in range(5):
            changed = bytearray(text)
            for _ in range(random_.randrange(1, 3)):
                at = random_.randrange(len(changed) or 1)
                kind = random_.randrange(3)
                if kind == 0:
                    changed[at:at + 1] = bytes([random_.choice(BYTES)])
                elif kind == 1:
                    del changed[at:at + 1]
                else:
                    changed.insert(at, random_.choice(BYTES))
            yield bytes(changed)


def main():
    texts = list(cases())
    answer = subprocess.run([sys.argv[1]], check=True, stdout=subprocess.PIPE,
                            input=b"".join(struct.pack("<I", len(t)) + t for t in texts)).stdout
    if len(answer) != len(texts):
        sys.exit(f"{len(answer)} answers to {len(texts)} texts")
    taken = differences = 0
    for text, said in zip(texts, answer):
        try:
            canon.read(text)
            mine = ord("1")
            taken += 1
        except canon.NotCanonical:
            mine = ord("0")
        if mine != said:
            differences += 1
            print(f"C says {chr(said)}, the kit {chr(mine)}: {text[:200]!r}")
    print(f"{len(texts)} texts (seed {SEED}), {taken} taken, {differences} differences")
    if differences or not taken or taken == len(texts):
        sys.exit(1)


if __name__ == "__main__":
    main()
