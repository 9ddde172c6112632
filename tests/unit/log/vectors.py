#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Writes vectors.h: Merkle trees, salts, batches computed a second time, from the text of RFC 6962
(section 2.1, the recursive definitions) and of src/log/batch.h, with nothing but hashlib.

    python3 tests/unit/log/vectors.py > tests/unit/log/vectors.h

The eight leaves are those of the certificate-transparency project's own tests."""
import hashlib
import hmac
import struct


def sha(b):
    return hashlib.sha256(b).digest()


def leaf(d):
    return sha(b"\0" + d)


def node(a, b):
    return sha(b"\1" + a + b)


def split(n):
    k = 1
    while 2 * k < n:
        k *= 2
    return k


def mth(d):
    if not d:
        return sha(b"")
    if len(d) == 1:
        return leaf(d[0])
    k = split(len(d))
    return node(mth(d[:k]), mth(d[k:]))


def path(m, d):
    if len(d) == 1:
        return []
    k = split(len(d))
    if m < k:
        return path(m, d[:k]) + [mth(d[k:])]
    return path(m - k, d[k:]) + [mth(d[:k])]


def subproof(m, d, b):
    if m == len(d):
        return [] if b else [mth(d)]
    k = split(len(d))
    if m <= k:
        return subproof(m, d[:k], b) + [mth(d[k:])]
    return subproof(m - k, d[k:], False) + [mth(d[:k])]


CT = [b"", b"\0", b"\x10", b"\x20\x21", b"\x30\x31", b"\x40\x41\x42\x43",
      bytes(range(0x50, 0x58)), bytes(range(0x60, 0x70))]


def record(kind, asset, time_ms, seed, amount, link):
    ids = [bytes([seed + i] * 16) for i in range(4)]  # id debit credit ref
    return (struct.pack("<HHIQ", kind, 0, asset, time_ms) + ids[0] + ids[1] + ids[2] +
            amount.to_bytes(16, "little") + ids[3] + link)


SECRET = bytes(range(32))


def salted(seq, rec):
    return leaf_hash(hmac.new(SECRET, struct.pack("<Q", seq), hashlib.sha256).digest() + rec)


def leaf_hash(d):
    return sha(b"\0" + d)


def mth_hashes(h):
    if len(h) == 1:
        return h[0]
    k = split(len(h))
    return node(mth_hashes(h[:k]), mth_hashes(h[k:]))


def batch(first, previous, leaves_before, records, blobs):
    leaves = leaves_before + [salted(first + i, r) for i, r in enumerate(records)]
    body = b"".join(records) + b"".join(struct.pack("<I", len(b)) + b for b in blobs)
    body += bytes(-len(body) % 128)
    root = mth_hashes(leaves)
    a = b"KBAT" + struct.pack("<HHQIII", 1, 0, first, len(records), len(blobs), 128 + len(body))
    h = sha(a + previous + root + body)
    check = sha(a + previous + root + h)[:4]
    return a + check + previous + root + h + body, leaves, h


def array(name, b):
    text = ", ".join("0x%02x" % x for x in b)
    lines, line = [], ""
    for word in text.split(" "):
        if len(line) + len(word) > 88:
            lines.append(line.rstrip())
            line = ""
        line += word + " "
    lines.append(line.rstrip())
    print("static const uint8_t %s[%d] = {\n\t%s\n};" % (name, len(b), "\n\t".join(lines)))


def main():
    print("/* SPDX-License-Identifier: Apache-2.0 */")
    print("/* Written by vectors.py; do not edit. */\n/* clang-format off */")
    print("static const char *const ct_root[9] = {")
    for n in range(9):
        print('\t"%s",' % mth(CT[:n]).hex())
    print("};")
    print('static const char *const ct_inclusion_5_of_8 =\n\t"%s";' % b"".join(path(5, CT)).hex())
    print('static const char *const ct_consistency_6_8 =\n\t"%s";'
          % b"".join(subproof(6, CT, True)).hex())
    # Every proof of every size up to 64, as one digest.
    data = [struct.pack("<I", i) for i in range(64)]
    all_roots, inclusion, consistency = hashlib.sha256(), hashlib.sha256(), hashlib.sha256()
    for n in range(1, 65):
        d = data[:n]
        all_roots.update(mth(d))
        for m in range(n):
            p = path(m, d)
            inclusion.update(bytes([len(p)]) + b"".join(p))
        for m in range(1, n + 1):
            p = subproof(m, d, True)
            consistency.update(bytes([len(p)]) + b"".join(p))
    print('static const char *const all_roots =\n\t"%s";' % all_roots.hexdigest())
    print('static const char *const all_inclusion =\n\t"%s";' % inclusion.hexdigest())
    print('static const char *const all_consistency =\n\t"%s";' % consistency.hexdigest())
    # Two batches in a chain: two records, the second with a blob; then one with an empty blob.
    blob = b"a document"
    r0 = record(2, 1, 1516982533000, 0x10, 10_000_000, bytes(32))
    r1 = record(17, 0, 1516982533001, 0x20, 0, sha(blob))
    r2 = record(34, 1, 2**64 - 1, 0x30, 2**128 - 1, sha(b""))
    b1, leaves, h1 = batch(0, bytes(32), [], [r0, r1], [blob])
    b2, leaves, h2 = batch(2, h1, leaves, [r2], [b""])
    array("batch_1", b1)
    array("batch_2", b2)
    print("/* clang-format on */")


if __name__ == "__main__":
    main()
