# SPDX-License-Identifier: Apache-2.0
"""ECDSA on P-256 over SHA-256 (FIPS 186-4), in plain Python: affine points, the textbook law.

Nonces are those of RFC 6979, so what is made here is the same each time and its published vectors
apply. verify() reads DER as strictly as src/crypto/es256.c does, by other means: a signature is
well formed if it is what der() writes of the numbers in it.

This is test code: it is not constant-time and must never hold a key that is worth anything.
"""

import hashlib
import hmac

P = 2**256 - 2**224 + 2**192 + 2**96 - 1
N = 0xffffffff00000000ffffffffffffffffbce6faada7179e84f3b9cac2fc632551
A = P - 3
B = 0x5ac635d8aa3a93e7b3ebbd55769886bc651d06b0cc53b0f63bce3c3e27d2604b
G = (0x6b17d1f2e12c4247f8bce6e563a440f277037d812deb33a0f4a13945d898c296,
     0x4fe342e2fe1a7f9b8ee7eb4a7c0f9e162bce33576b315ececbb6406837bf51f5)
INFINITY = None


def on_curve(point):
    x, y = point
    return 0 <= x < P and 0 <= y < P and (y * y - (x * x * x + A * x + B)) % P == 0


def lift(x):
    """The point with this x and an even y, or None."""
    square = (x * x * x + A * x + B) % P
    y = pow(square, (P + 1) // 4, P)
    if y * y % P != square:
        return None
    return x, y if y % 2 == 0 else P - y


def negate(point):
    return point if point is INFINITY else (point[0], -point[1] % P)


def add(p, q):
    if p is INFINITY:
        return q
    if q is INFINITY:
        return p
    if p[0] == q[0]:
        if (p[1] + q[1]) % P == 0:
            return INFINITY
        slope = (3 * p[0] * p[0] + A) * pow(2 * p[1], -1, P)
    else:
        slope = (q[1] - p[1]) * pow(q[0] - p[0], -1, P)
    x = (slope * slope - p[0] - q[0]) % P
    return x, (slope * (p[0] - x) - p[1]) % P


def mul(k, point):
    result = INFINITY
    for bit in bin(k % N)[2:]:
        result = add(result, result)
        if bit == "1":
            result = add(result, point)
    return result


def digest(message):
    return int.from_bytes(hashlib.sha256(message).digest(), "big")


def public(secret):
    return mul(secret, G)


def encode(point):
    """x and y, 32 bytes each: the form of people[].passkeys[].key."""
    return point[0].to_bytes(32, "big") + point[1].to_bytes(32, "big")


def _integer(value):
    body = value.to_bytes(value.bit_length() // 8 + 1, "big")
    return b"\x02" + bytes([len(body)]) + body


def der(r, s):
    body = _integer(r) + _integer(s)
    return b"\x30" + bytes([len(body)]) + body


def nonce(secret, message):
    """RFC 6979, 3.2."""
    h = hashlib.sha256(message).digest()
    seed = secret.to_bytes(32, "big") + (int.from_bytes(h, "big") % N).to_bytes(32, "big")
    k, v = bytes(32), b"\x01" * 32
    for mark in (b"\x00", b"\x01"):
        k = hmac.digest(k, v + mark + seed, "sha256")
        v = hmac.digest(k, v, "sha256")
    while True:
        v = hmac.digest(k, v, "sha256")
        candidate = int.from_bytes(v, "big")
        if 1 <= candidate < N:
            return candidate
        k = hmac.digest(k, v + b"\x00", "sha256")
        v = hmac.digest(k, v, "sha256")


def sign_numbers(secret, message):
    k = nonce(secret, message)
    r = mul(k, G)[0] % N
    return r, pow(k, -1, N) * (digest(message) + r * secret) % N


def sign(secret, message):
    return der(*sign_numbers(secret, message))


def verify(key, message, signature):
    """key: 64 bytes; signature: DER."""
    q = int.from_bytes(key[:32], "big"), int.from_bytes(key[32:], "big")
    if not on_curve(q) or len(signature) < 8 or len(signature) > 72:
        return False
    n = signature[3]
    r = int.from_bytes(signature[4:4 + n], "big")
    s = int.from_bytes(signature[6 + n:], "big")
    if der(r, s) != signature or not 1 <= r < N or not 1 <= s < N:
        return False
    w = pow(s, -1, N)
    point = add(mul(digest(message) * w % N, G), mul(r * w % N, q))
    return point is not INFINITY and point[0] % N == r
