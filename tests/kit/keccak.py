# SPDX-License-Identifier: Apache-2.0
"""Keccak-256 and Keccak-512 with the original padding byte 0x01, in plain Python.

NEM (nem.md, conventions) uses the Keccak of the competition, not FIPS-202 SHA3 (padding byte
0x06); hashlib has only the latter. The permutation is generated once as straight-line code over 25
local integers, which is some ten times faster than loops over a list.

This is test code: it is not constant-time and must never hold a key that is worth anything.
"""

import struct


def _round_constants():
    """The 24 constants of iota, from the LFSR of the Keccak reference (x^8+x^6+x^5+x^4+1)."""
    constants = []
    lfsr = 1
    for _ in range(24):
        value = 0
        for j in range(7):
            if lfsr & 1:
                value |= 1 << ((1 << j) - 1)
            lfsr = (lfsr << 1) ^ (0x171 if lfsr & 0x80 else 0)
        constants.append(value)
    return tuple(constants)


def _rotations():
    """rho: rotation of lane x + 5y."""
    offsets = [0] * 25
    x, y = 1, 0
    for t in range(24):
        offsets[x + 5 * y] = (t + 1) * (t + 2) // 2 % 64
        x, y = y, (2 * x + 3 * y) % 5
    return offsets


def _generate():
    mask = 0xFFFFFFFFFFFFFFFF
    rot = _rotations()

    def rotl(expr, n):
        return expr if n == 0 else f"(({expr} << {n} | {expr} >> {64 - n}) & {mask})"

    lanes = ", ".join(f"a{i}" for i in range(25))
    out = ["def permute(state):", f"    {lanes} = state", "    for rc in CONSTANTS:"]
    for x in range(5):
        out.append(f"        c{x} = " + " ^ ".join(f"a{x + 5 * y}" for y in range(5)))
    for x in range(5):
        out.append(f"        d{x} = c{(x + 4) % 5} ^ " + rotl(f"c{(x + 1) % 5}", 1))
    for y in range(5):
        for x in range(5):
            source = x + 5 * y
            target = y + 5 * ((2 * x + 3 * y) % 5)
            out.append(f"        t = a{source} ^ d{x}")
            out.append(f"        b{target} = " + rotl("t", rot[source]))
    for y in range(5):
        for x in range(5):
            i, j, k = 5 * y + x, 5 * y + (x + 1) % 5, 5 * y + (x + 2) % 5
            # b_j & ~b ... is written as (b_j ^ mask) & b_k: ~ would make the lane negative.
            out.append(f"        a{i} = b{i} ^ ((b{j} ^ {mask}) & b{k})")
    out.append("        a0 ^= rc")
    out.append(f"    return ({lanes})")
    names = {"CONSTANTS": _round_constants()}
    exec("\n".join(out), names)  # our own text, built above from constants only
    return names["permute"]


permute = _generate()


def _sponge(data, rate, size, pad):
    data = bytes(data)
    fill = rate - len(data) % rate
    padded = bytearray(data + bytes(fill))
    padded[len(data)] ^= pad
    padded[-1] ^= 0x80
    lanes = rate // 8
    unpack = struct.Struct(f"<{lanes}Q").unpack_from
    state = (0,) * 25
    for offset in range(0, len(padded), rate):
        block = unpack(padded, offset)
        state = permute([s ^ b for s, b in zip(state, block)] + list(state[lanes:]))
    return struct.pack("<8Q", *state[:8])[:size]


def keccak256(data):
    """32 bytes."""
    return _sponge(data, 136, 32, 0x01)


def keccak512(data):
    """64 bytes."""
    return _sponge(data, 72, 64, 0x01)


def sha3_256(data):
    """FIPS-202, here only so that the permutation can be checked against hashlib."""
    return _sponge(data, 136, 32, 0x06)


def sha3_512(data):
    """FIPS-202, here only so that the permutation can be checked against hashlib."""
    return _sponge(data, 72, 64, 0x06)
