#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Slow, independent Keccak and Ed25519-Keccak, and the generator of the vectors made with them.

Goal: expected values that share nothing with src/crypto: big integers, affine points, the textbook
addition law with a division in every step, Keccak from its specification.

Method: `edk_reference.py keccak` prints tests/unit/crypto/keccak_vectors.inc, `edk_reference.py edges`
prints tests/conformance/vectors/edk_edges.inc.  Both are committed; the gate `crypto vectors` builds
them again and compares.  No randomness: inputs are derived from counters by SHA-256.
"""
import hashlib
import sys

P = 2**255 - 19
L = 2**252 + 27742317777372353535851937790883648493
D = -121665 * pow(121666, -1, P) % P


def rol(x, n):
    n %= 64
    return ((x << n) | (x >> (64 - n))) & (2**64 - 1) if n else x


def keccak_f(a):
    """FIPS 202, 3.2, on a[x][y]; the round constants come from the LFSR."""
    lfsr = 1
    for _ in range(24):
        c = [a[x][0] ^ a[x][1] ^ a[x][2] ^ a[x][3] ^ a[x][4] for x in range(5)]
        d = [c[(x - 1) % 5] ^ rol(c[(x + 1) % 5], 1) for x in range(5)]
        a = [[a[x][y] ^ d[x] for y in range(5)] for x in range(5)]
        x, y, current = 1, 0, a[1][0]
        for t in range(24):
            x, y = y, (2 * x + 3 * y) % 5
            current, a[x][y] = a[x][y], rol(current, (t + 1) * (t + 2) // 2)
        a = [[a[x][y] ^ (~a[(x + 1) % 5][y] & a[(x + 2) % 5][y]) for y in range(5)]
             for x in range(5)]
        for j in range(7):
            lfsr = ((lfsr << 1) ^ ((lfsr >> 7) * 0x71)) % 256
            if lfsr & 2:
                a[0][0] ^= 1 << ((1 << j) - 1)
    return a


def keccak(data, out_bytes, padding=0x01):
    rate = 200 - 2 * out_bytes
    message = bytearray(data) + bytearray([padding]) + bytearray(-(len(data) + 1) % rate)
    message[-1] |= 0x80
    a = [[0] * 5 for _ in range(5)]
    for at in range(0, len(message), rate):
        for i in range(rate // 8):
            a[i % 5][i // 5] ^= int.from_bytes(message[at + 8 * i:at + 8 * i + 8], "little")
        a = keccak_f(a)
    return b"".join(a[i % 5][i // 5].to_bytes(8, "little") for i in range(out_bytes // 8))


def k512(data):
    return keccak(data, 64)


def add(p, q):
    """The affine addition law of edwards25519."""
    x1, y1 = p
    x2, y2 = q
    t = D * x1 * x2 * y1 * y2 % P
    x3 = (x1 * y2 + x2 * y1) * pow(1 + t, -1, P) % P
    y3 = (y1 * y2 + x1 * x2) * pow(1 - t, -1, P) % P
    return x3, y3


def mul(n, p):
    r = (0, 1)
    for bit in bin(n)[2:] if n else "":
        r = add(r, r)
        if bit == "1":
            r = add(r, p)
    return r


def neg(p):
    return (-p[0] % P, p[1])


def encode(p):
    return (p[1] | (p[0] & 1) << 255).to_bytes(32, "little")


def decode(b):
    """As NIS: y modulo p, the sign of x = 0 ignored; None if no point has this y."""
    n = int.from_bytes(b, "little")
    y, sign = (n & (2**255 - 1)) % P, n >> 255
    xx = (y * y - 1) * pow(D * y * y + 1, -1, P) % P
    x = pow(xx, (P + 3) // 8, P)
    if x * x % P != xx:
        x = x * pow(2, (P - 1) // 4, P) % P
    if x * x % P != xx:
        return None
    return (-x % P if x & 1 != sign else x), y


B = decode((4 * pow(5, -1, P) % P).to_bytes(32, "little"))


def verify(key, message, sig):
    """The rule of NIS, nem.md 1.1 step 5."""
    r, s = sig[:32], int.from_bytes(sig[32:], "little")
    if not 0 < s < L or key == bytes(32):
        return False
    a = decode(key)
    if a is None:
        return False
    k = int.from_bytes(k512(r + key + message), "little") % L
    return encode(add(mul(s, B), mul(k, neg(a)))) == r


def derived(label, n):
    out, i = b"", 0
    while len(out) < n:
        out += hashlib.sha256(f"{label} {i}".encode()).digest()
        i += 1
    return out[:n]


def scalar(label):
    return int.from_bytes(derived(label, 64), "little") % L


def torsion():
    """The eight points of order dividing 8, as multiples of one of order 8."""
    i = 0
    while True:
        p = decode(derived(f"torsion {i}", 32))
        i += 1
        if p is not None:
            t = mul(L, p)
            if mul(4, t) != (0, 1):
                return [mul(j, t) for j in range(8)]


def sign_as(a, key, r, nonce_point, message):
    """A signature with this secret, public key bytes and R bytes: what an attacker can choose."""
    k = int.from_bytes(k512(nonce_point + key + message), "little") % L
    return nonce_point + ((r + k * a) % L).to_bytes(32, "little")


def edges():
    """(name, key, message, signature)"""
    rows = []
    t = torsion()
    assert len(set(t)) == 8 and t[0] == (0, 1)
    # mixed-order keys A + T: the cofactorless result depends on k mod 8
    for j in range(8):
        for n in range(4):
            a, r = scalar(f"a {j} {n}"), scalar(f"r {j} {n}")
            m = derived(f"m {j} {n}", 5 * n)
            key = encode(add(mul(a, B), t[j]))
            rows.append((f"key A+T{j}, R = rB", key, m, sign_as(a, key, r, encode(mul(r, B)), m)))
            # R shifted by the torsion that makes it true: R = rB - kT for the right k mod 8
            for guess in range(8):
                rr = encode(add(mul(r, B), t[guess]))
                rows.append((f"key A+T{j}, R = rB+T{guess}", key, m, sign_as(a, key, r, rr, m)))
    # keys of small order: no secret at all, S = r
    for j in range(8):
        r = scalar(f"small {j}")
        key = encode(t[j])
        for guess in range(8):
            m = derived(f"small m {j} {guess}", 12)
            rr = encode(add(mul(r, B), t[guess]))
            rows.append((f"key T{j}, R = rB+T{guess}", key, m, rr + r.to_bytes(32, "little")))
    # keys spelled in other ways: y + p, the sign of x = 0, y with no point
    for y in range(0, 19):
        for sign in (0, 1):
            for base in (0, P):
                key = (y + base | sign << 255).to_bytes(32, "little")
                p = decode(key)
                r = scalar(f"y {y}")
                m = derived(f"y {y} {sign} {base}", 9)
                nonce = mul(r, B)
                if p is not None and mul(8, p) == (0, 1):
                    # guess the torsion of R until it is true: then NIS accepts this spelling
                    for guess in t:
                        s = encode(add(nonce, guess)) + r.to_bytes(32, "little")
                        if verify(key, m, s):
                            rows.append((f"key y={y}+{base != 0}p sign {sign}, R fits", key, m, s))
                            break
                rows.append((f"key y={y}+{base != 0}p sign {sign}", key, m,
                             encode(nonce) + r.to_bytes(32, "little")))
    # R of small order, canonical and not: S = k a gives R' = identity
    a = scalar("non-canonical R")
    key = encode(mul(a, B))
    identity = (1).to_bytes(32, "little")
    for name, rr in (("identity", identity), ("identity, sign set", (1 | 1 << 255).to_bytes(32, "little")),
                     ("identity as p+1", (P + 1).to_bytes(32, "little")),
                     ("p+1, sign set", (P + 1 | 1 << 255).to_bytes(32, "little"))):
        m = derived(name, 20)
        rows.append((f"R = {name}", key, m, sign_as(a, key, 0, rr, m)))
    # S: 1 and L-1 are in range; 0, L, S+L, and above are not
    m = derived("S", 33)
    r = scalar("S r")
    good = sign_as(a, key, r, encode(mul(r, B)), m)
    s = int.from_bytes(good[32:], "little")
    for name, value in (("S", s), ("S+L", s + L), ("S+2L", s + 2 * L), ("S+8L", s + 8 * L),
                        ("S+15L", s + 15 * L), ("0", 0), ("1", 1), ("L-1", L - 1), ("L", L), ("L+1", L + 1),
                        ("2^252", 2**252), ("2^253", 2**253), ("2^255", 2**255), ("2^256-1", 2**256 - 1)):
        if value < 2**256:
            rows.append((f"S is {name}", key, m, good[:32] + value.to_bytes(32, "little")))
    # S at both ends of its range, made true by choosing R = S B - k A with k of that R (A = 0-order trick)
    for name, value in (("1", 1), ("2", 2), ("L-1", L - 1), ("L-2", L - 2)):
        m2 = derived(f"true {name}", 7)
        rows.append((f"true: key identity, S is {name}", identity, m2,
                     encode(mul(value, B)) + value.to_bytes(32, "little")))
        for wrong in (value + L, value + 8 * L):
            if wrong < 2**256:
                rows.append((f"S is {name} plus a multiple of L", identity, m2,
                             encode(mul(value, B)) + wrong.to_bytes(32, "little")))
    rows.append(("S = 0, R = identity, key identity", identity, m, identity + bytes(32)))
    rows.append(("key all zero, R = rB", bytes(32), m, encode(mul(r, B)) + r.to_bytes(32, "little")))
    # lengths of the message around the blocks of K512(R || A || message)
    for n in (0, 1, 7, 8, 9, 71, 72, 73, 79, 80, 81, 144, 151, 152, 153):
        a2, r2 = scalar(f"len a {n}"), scalar(f"len r {n}")
        key2, m2 = encode(mul(a2, B)), derived(f"len {n}", n)
        rows.append((f"message of {n} bytes", key2, m2,
                     sign_as(a2, key2, r2, encode(mul(r2, B)), m2)))
    return rows


HEADER = "/* SPDX-License-Identifier: Apache-2.0 */\n/* Made by tests/tools/edk_reference.py {}; not edited by hand. */\n"


def print_keccak():
    print(HEADER.format("keccak"), end="")
    for n in list(range(0, 10)) + [63, 64, 65, 70, 71, 72, 73, 74, 127, 128, 129, 134, 135, 136, 137, 138, 143,
                                   144, 145, 207, 208, 209, 215, 216, 217, 271, 272, 273, 400]:
        data = bytes((7 * i + n) % 256 for i in range(n))
        print(f'{{ {n}, "{keccak(data, 32).hex()}",\n  "{keccak(data, 64).hex()}" }},')


def print_edges():
    print(HEADER.format("edges"), end="")
    assert mul(L, B) == (0, 1)
    rows = edges()
    for name, key, message, sig in rows:
        verdict = "true" if verify(key, message, sig) else "false"
        print(f'{{ "{name}", "{key.hex()}",\n  "{message.hex()}",\n  "{sig.hex()}", {verdict} }},')


if __name__ == "__main__":
    assert keccak(b"abc", 32, 0x06) == hashlib.sha3_256(b"abc").digest()
    assert keccak(b"x" * 200, 64, 0x06) == hashlib.sha3_512(b"x" * 200).digest()
    if sys.argv[1:] == ["keccak"]:
        print_keccak()
    elif sys.argv[1:] == ["edges"]:
        print_edges()
    else:
        sys.exit("usage: edk_reference.py keccak|edges")
