# SPDX-License-Identifier: Apache-2.0
"""Ed25519 with a pluggable 64-byte hash, and RIPEMD-160, in plain Python.

The curve arithmetic follows RFC 8032 section 5.1 (extended coordinates). With SHA-512 it makes and
checks the signatures of documents (design.md section 3), with Keccak-512 those of NEM (nem.md 1.1).
Verification recomputes R and compares its bytes (no cofactor), refuses S = 0 and S >= L and the
all-zero key, as NIS does.

This is test code: it is not constant-time and must never hold a key that is worth anything.
"""

import hashlib
import struct

P = 2**255 - 19
L = 2**252 + 27742317777372353535851937790883648493
D = -121665 * pow(121666, P - 2, P) % P
D2 = 2 * D % P
SQRT_M1 = pow(2, (P - 1) // 4, P)
IDENTITY = (0, 1, 1, 0)


def sha512(data):
    return hashlib.sha512(data).digest()


def _recover_x(y, sign):
    """RFC 8032 5.1.3; None when y is not on the curve or the encoding is not canonical."""
    if y >= P:
        return None
    x2 = (y * y - 1) * pow(D * y * y + 1, P - 2, P) % P
    if x2 == 0:
        return None if sign else 0
    x = pow(x2, (P + 3) // 8, P)
    if (x * x - x2) % P:
        x = x * SQRT_M1 % P
    if (x * x - x2) % P:
        return None
    return P - x if (x & 1) != sign else x


def _add(p, q):
    x1, y1, z1, t1 = p
    x2, y2, z2, t2 = q
    a = (y1 - x1) * (y2 - x2) % P
    b = (y1 + x1) * (y2 + x2) % P
    c = t1 * t2 * D2 % P
    d = 2 * z1 * z2 % P
    e, f, g, h = b - a, d - c, d + c, b + a
    return e * f % P, g * h % P, f * g % P, e * h % P


def _double(p):
    x, y, z, _ = p
    a = x * x % P
    b = y * y % P
    c = 2 * z * z
    h = a + b
    e = h - (x + y) * (x + y)
    g = a - b
    f = c + g
    return e * f % P, g * h % P, f * g % P, e * h % P


_BASE_Y = 4 * pow(5, P - 2, P) % P
_BASE_X = _recover_x(_BASE_Y, 0)
BASE = (_BASE_X, _BASE_Y, 1, _BASE_X * _BASE_Y % P)


def _build_base_table():
    """TABLE[i][d - 1] = d * 16^i * B as (y + x, y - x, 2dxy), affine: 64 additions a product."""
    rows = []
    point = BASE
    for _ in range(64):
        row = [point]
        for _ in range(14):
            row.append(_add(row[-1], point))
        rows.append(row)
        point = _double(row[7])
    flat = [p for row in rows for p in row]
    # One inversion for all Z (Montgomery's trick).
    prefix = [1]
    for p in flat:
        prefix.append(prefix[-1] * p[2] % P)
    inverse = pow(prefix[-1], P - 2, P)
    affine = [None] * len(flat)
    for i in range(len(flat) - 1, -1, -1):
        x, y, z, _ = flat[i]
        zi = inverse * prefix[i] % P
        inverse = inverse * z % P
        x, y = x * zi % P, y * zi % P
        affine[i] = ((y + x) % P, (y - x) % P, x * y * D2 % P)
    return [affine[15 * i:15 * i + 15] for i in range(64)]


_TABLE = _build_base_table()


def _base_multiply(scalar):
    x, y, z, t = IDENTITY
    for row in _TABLE:
        digit = scalar & 15
        scalar >>= 4
        if digit:
            plus, minus, dxy = row[digit - 1]
            a = (y - x) * minus % P
            b = (y + x) * plus % P
            c = t * dxy % P
            d = 2 * z
            e, f, g, h = b - a, d - c, d + c, b + a
            x, y, z, t = e * f % P, g * h % P, f * g % P, e * h % P
    return x, y, z, t


def _multiply(scalar, point):
    table = [IDENTITY, point]
    for _ in range(14):
        table.append(_add(table[-1], point))
    result = IDENTITY
    for shift in range(252, -1, -4):
        result = _double(_double(_double(_double(result))))
        digit = scalar >> shift & 15
        if digit:
            result = _add(result, table[digit])
    return result


def _encode(point):
    x, y, z, _ = point
    zi = pow(z, -1, P)
    x, y = x * zi % P, y * zi % P
    return (y | (x & 1) << 255).to_bytes(32, "little")


def decode_point(data):
    """The point of 32 bytes, or None when they are not the canonical encoding of one."""
    if len(data) != 32:
        return None
    value = int.from_bytes(data, "little")
    sign = value >> 255
    y = value & (1 << 255) - 1
    x = _recover_x(y, sign)
    return None if x is None else (x, y, 1, x * y % P)


class Expanded:
    """A private key expanded once: scalar, prefix and public key."""

    __slots__ = ("scalar", "prefix", "public", "hash")

    def __init__(self, seed, hash=sha512):
        if len(seed) != 32:
            raise ValueError("an Ed25519 seed has 32 bytes")
        digest = hash(bytes(seed))
        low = int.from_bytes(digest[:32], "little")
        self.scalar = low & ((1 << 254) - 8) | 1 << 254
        self.prefix = digest[32:]
        self.hash = hash
        self.public = _encode(_base_multiply(self.scalar))

    def sign(self, message):
        message = bytes(message)
        r = int.from_bytes(self.hash(self.prefix + message), "little") % L
        encoded = _encode(_base_multiply(r))
        k = int.from_bytes(self.hash(encoded + self.public + message), "little") % L
        return encoded + ((r + k * self.scalar) % L).to_bytes(32, "little")


def public_key(seed, hash=sha512):
    return Expanded(seed, hash).public


def sign(seed, message, hash=sha512):
    return Expanded(seed, hash).sign(message)


def verify(public, message, signature, hash=sha512):
    """True only for a signature that NIS's rule accepts (nem.md 1.1, step 5)."""
    if len(public) != 32 or len(signature) != 64 or not any(public):
        return False
    s = int.from_bytes(signature[32:], "little")
    if s == 0 or s >= L:
        return False
    point = decode_point(public)
    if point is None:
        return False
    k = int.from_bytes(hash(signature[:32] + bytes(public) + bytes(message)), "little") % L
    x, y, z, t = point
    expected = _add(_base_multiply(s), _multiply(k, (P - x, y, z, P - t)))
    return _encode(expected) == bytes(signature[:32])


def order_is_prime(public):
    """Whether the key lies in the prime-order subgroup (L times the point is the identity)."""
    point = decode_point(public)
    if point is None:
        return False
    x, y, z, _ = _multiply(L, point)
    return x % P == 0 and (y - z) % P == 0


_RIPEMD_LEFT = (
    0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15,
    7, 4, 13, 1, 10, 6, 15, 3, 12, 0, 9, 5, 2, 14, 11, 8,
    3, 10, 14, 4, 9, 15, 8, 1, 2, 7, 0, 6, 13, 11, 5, 12,
    1, 9, 11, 10, 0, 8, 12, 4, 13, 3, 7, 15, 14, 5, 6, 2,
    4, 0, 5, 9, 7, 12, 2, 10, 14, 1, 3, 8, 11, 6, 15, 13)
_RIPEMD_RIGHT = (
    5, 14, 7, 0, 9, 2, 11, 4, 13, 6, 15, 8, 1, 10, 3, 12,
    6, 11, 3, 7, 0, 13, 5, 10, 14, 15, 8, 12, 4, 9, 1, 2,
    15, 5, 1, 3, 7, 14, 6, 9, 11, 8, 12, 2, 10, 0, 4, 13,
    8, 6, 4, 1, 3, 11, 15, 0, 5, 12, 2, 13, 9, 7, 10, 14,
    12, 15, 10, 4, 1, 5, 8, 7, 6, 2, 13, 14, 0, 3, 9, 11)
_RIPEMD_LEFT_SHIFT = (
    11, 14, 15, 12, 5, 8, 7, 9, 11, 13, 14, 15, 6, 7, 9, 8,
    7, 6, 8, 13, 11, 9, 7, 15, 7, 12, 15, 9, 11, 7, 13, 12,
    11, 13, 6, 7, 14, 9, 13, 15, 14, 8, 13, 6, 5, 12, 7, 5,
    11, 12, 14, 15, 14, 15, 9, 8, 9, 14, 5, 6, 8, 6, 5, 12,
    9, 15, 5, 11, 6, 8, 13, 12, 5, 12, 13, 14, 11, 8, 5, 6)
_RIPEMD_RIGHT_SHIFT = (
    8, 9, 9, 11, 13, 15, 15, 5, 7, 7, 8, 11, 14, 14, 12, 6,
    9, 13, 15, 7, 12, 8, 9, 11, 7, 7, 12, 7, 6, 15, 13, 11,
    9, 7, 15, 11, 8, 6, 6, 14, 12, 13, 5, 14, 13, 13, 7, 5,
    15, 5, 8, 11, 14, 14, 6, 14, 6, 9, 12, 9, 12, 5, 15, 8,
    8, 5, 12, 9, 12, 5, 14, 6, 8, 13, 6, 5, 15, 13, 11, 11)
_RIPEMD_LEFT_ADD = (0x00000000, 0x5A827999, 0x6ED9EBA1, 0x8F1BBCDC, 0xA953FD4E)
_RIPEMD_RIGHT_ADD = (0x50A28BE6, 0x5C4DD124, 0x6D703EF3, 0x7A6D76E9, 0x00000000)
_RIPEMD_F = (
    lambda x, y, z: x ^ y ^ z,
    lambda x, y, z: (x & y) | (~x & z),
    lambda x, y, z: (x | (~y & 0xFFFFFFFF)) ^ z,
    lambda x, y, z: (x & z) | (y & ~z),
    lambda x, y, z: x ^ (y | (~z & 0xFFFFFFFF)))


def _ripemd_line(state, words, order, shifts, adds, functions):
    a, b, c, d, e = state
    for i in range(80):
        j = i >> 4
        t = (a + functions[j](b, c, d) + words[order[i]] + adds[j]) & 0xFFFFFFFF
        s = shifts[i]
        t = ((t << s | t >> 32 - s) + e) & 0xFFFFFFFF
        a, e, d, c, b = e, d, (c << 10 | c >> 22) & 0xFFFFFFFF, b, t
    return a, b, c, d, e


def ripemd160(data):
    """20 bytes (hashlib may lack it: OpenSSL 3 moved it to the legacy provider)."""
    data = bytes(data)
    padded = data + b"\x80" + bytes((55 - len(data)) % 64) + struct.pack("<Q", 8 * len(data))
    h = (0x67452301, 0xEFCDAB89, 0x98BADCFE, 0x10325476, 0xC3D2E1F0)
    for offset in range(0, len(padded), 64):
        words = struct.unpack_from("<16I", padded, offset)
        left = _ripemd_line(h, words, _RIPEMD_LEFT, _RIPEMD_LEFT_SHIFT, _RIPEMD_LEFT_ADD,
                            _RIPEMD_F)
        right = _ripemd_line(h, words, _RIPEMD_RIGHT, _RIPEMD_RIGHT_SHIFT, _RIPEMD_RIGHT_ADD,
                             _RIPEMD_F[::-1])
        h = tuple((h[(i + 1) % 5] + left[(i + 2) % 5] + right[(i + 3) % 5]) & 0xFFFFFFFF
                  for i in range(5))
    return struct.pack("<5I", *h)
