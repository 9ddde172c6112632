#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""The generator of the ES256 vectors at the edges of the rule, with verdicts of tests/kit/p256.py.

Goal: expected values that share nothing with src/crypto or BearSSL.

Method: prints tests/conformance/vectors/es256_edges.inc. It is committed; the gate `crypto vectors`
builds it again and compares. No randomness: inputs are derived from counters by SHA-256.
"""
import hashlib
import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parent.parent / "kit"))
import p256  # noqa: E402
from p256 import G, N, P  # noqa: E402


def scalar(label):
    return int.from_bytes(hashlib.sha512(label.encode()).digest(), "big") % (N - 1) + 1


def integer(value, lead=b""):
    """The usual spelling with something in front of it."""
    body = lead + value.to_bytes(value.bit_length() // 8 + 1, "big")
    return b"\x02" + bytes([len(body)]) + body


def sequence(body):
    return b"\x30" + bytes([len(body)]) + body


def key_for(r, s, point, message):
    """The key under which (r, s) leads to this point: Q = (s R - e G) / r."""
    e = p256.digest(message)
    q = p256.add(p256.mul(s, point), p256.negate(p256.mul(e, G)))
    return p256.encode(p256.mul(pow(r, -1, N), q))


def forms(rows, key, message, r, s):
    good = p256.der(r, s)
    a, b = integer(r), integer(s)

    def row(name, signature):
        rows.append((name, key, message, signature))

    row("good", good)
    row("s and n - s: the other one", p256.der(r, N - s))
    for n in range(len(good)):
        row(f"cut to {n} bytes", good[:n])
    for tail in (b"\x00", b"\x02\x01\x01", good):
        row("bytes behind it", good + tail)
        row("bytes behind s", sequence(a + b + tail) if len(tail) < 10 else good + tail)
    row("a byte in front", b"\x00" + good)
    row("the length in two bytes", b"\x30\x81" + bytes([len(a + b)]) + a + b)
    row("the length in three bytes", b"\x30\x82\x00" + bytes([len(a + b)]) + a + b)
    row("no length (BER)", b"\x30\x80" + a + b + b"\x00\x00")
    row("length one more", b"\x30" + bytes([len(a + b) + 1]) + a + b)
    row("length one less", b"\x30" + bytes([len(a + b) - 1]) + a + b)
    row("length 255", b"\x30\xff" + a + b)
    for tag in (0x00, 0x02, 0x10, 0x31, 0xb0):
        row(f"sequence tag {tag:02x}", bytes([tag]) + good[1:])
    for tag in (0x00, 0x01, 0x03, 0x22, 0x30, 0x82):
        row(f"tag of r {tag:02x}", sequence(bytes([tag]) + a[1:] + b))
        row(f"tag of s {tag:02x}", sequence(a + bytes([tag]) + b[1:]))
    row("r with a needless zero", sequence(integer(r, b"\x00") + b))
    row("s with a needless zero", sequence(a + integer(s, b"\x00")))
    row("r with two zeros", sequence(integer(r, b"\x00\x00") + b))
    row("r without its zero: negative", sequence(b"\x02\x20" + r.to_bytes(32, "big") + b))
    row("s without its zero: negative", sequence(a + b"\x02\x20" + s.to_bytes(32, "big")))
    row("r's length in two bytes", sequence(b"\x02\x81" + a[1:] + b))
    row("s's length in two bytes", sequence(a + b"\x02\x81" + b[1:]))
    row("r's length 127", sequence(b"\x02\x7f" + a[2:] + b))
    row("r's length beyond the end", sequence(b"\x02\x21" + a[2:12]))
    row("r empty", sequence(b"\x02\x00" + b))
    row("s empty", sequence(a + b"\x02\x00"))
    row("both empty", sequence(b"\x02\x00\x02\x00"))
    row("r alone", sequence(a))
    row("an empty sequence", b"\x30\x00")
    row("raw r and s", r.to_bytes(32, "big") + s.to_bytes(32, "big"))
    row("s and r", p256.der(s, r))
    row("r twice", p256.der(r, r))
    row("one INTEGER of both", sequence(integer(r << 256 | s)[:66]))


def edges():
    rows = []
    secret, message = scalar("key"), b"what was approved"
    key = p256.encode(p256.public(secret))
    r, s = p256.sign_numbers(secret, message)
    # both with the top bit, so that each needs its zero
    count = 0
    while r >> 255 == 0 or s >> 255 == 0:
        count += 1
        message = b"what was approved %d" % count
        r, s = p256.sign_numbers(secret, message)
    forms(rows, key, message, r, s)
    # both at the ends of their ranges and beyond
    ends = {"0": 0, "1": 1, "2": 2, "n - 1": N - 1, "n": N, "n + 1": N + 1, "p - 1": P - 1, "p": P,
            "p + 1": P + 1, "2^255": 2**255, "2^256 - 1": 2**256 - 1, "2^256": 2**256, "2^260": 2**260}
    for name, value in ends.items():
        rows.append((f"r is {name}", key, message, p256.der(value, s)))
        rows.append((f"s is {name}", key, message, p256.der(r, value)))
        rows.append((f"both are {name}", key, message, p256.der(value, value)))
    rows.append(("r + n", key, message, p256.der(r + N, s)))
    rows.append(("s + n", key, message, p256.der(r, s + N)))
    rows.append(("n - r", key, message, p256.der(N - r, s)))
    # true at the ends of s
    point = p256.mul(scalar("R"), G)
    for name, value in (("1", 1), ("2", 2), ("n - 1", N - 1), ("n - 2", N - 2),
                        ("(n + 1) / 2", (N + 1) // 2), ("2^128", 2**128)):
        made = key_for(point[0] % N, value, point, message)
        rows.append((f"true: s is {name}", made, message, p256.der(point[0] % N, value)))
        rows.append((f"s is {name}, plus n", made, message, p256.der(point[0] % N, value + N)))
    # points whose x is n or more: r is x - n
    found = 0
    for x in range(N, P):
        point = p256.lift(x)
        if point is None or x == N:
            continue
        found += 1
        made = key_for(x - N, s, point, message)
        rows.append((f"true: x is n + {x - N}", made, message, p256.der(x - N, s)))
        rows.append((f"r is that x, n + {x - N}", made, message, p256.der(x, s)))
        if found == 4:
            break
    # points with a small x: r short
    for x in range(1, 40):
        point = p256.lift(x)
        if point is not None:
            made = key_for(x, s, point, message)
            rows.append((f"true: r is {x}", made, message, p256.der(x, s)))
            rows.append((f"r is {x}, plus n", made, message, p256.der(x + N, s)))
    # the two halves of the sum: equal, opposite
    e = p256.digest(message)
    for name, sign in (("equal", 1), ("opposite: infinity", -1)):
        value = scalar("halves " + name)
        half = p256.mul(e * pow(value, -1, N) % N, G)
        r2 = p256.add(half, half)[0] % N
        q = p256.mul(sign * e * pow(r2, -1, N) % N, G)
        rows.append((f"halves {name}", p256.encode(q), message, p256.der(r2, value)))
    # keys near the generator
    for name, k in (("G", 1), ("2 G", 2), ("-G", N - 1), ("-2 G", N - 2), ("(n + 1) / 2 G", (N + 1) // 2)):
        rows.append((f"true: key is {name}", p256.encode(p256.public(k)), message, p256.sign(k, message)))
    # keys that are none
    x, y = p256.public(secret)
    small = next(x for x in range(1, 100) if p256.lift(x))
    sx, sy = p256.lift(small)
    zero = p256.lift(0)
    made = key_for(r, s, (x, y), message)
    for name, point in (("zero", (0, 0)), ("x + 1", (x + 1, y)), ("y + 1", (x, y + 1)), ("swapped", (y, x)),
                        ("x alone", (x, 0)), ("y alone", (0, y)), ("all ones", (2**256 - 1, 2**256 - 1)),
                        ("p", (P, P)), ("x + p of a small x", (sx + P, sy)), ("that small x", (sx, sy)),
                        ("of x zero", zero), ("p for x zero", (P, zero[1])), ("-Q", (x, P - y)),
                        ("on the twist", next((t, 1) for t in range(1, 99) if p256.lift(t) is None))):
        rows.append((f"key {name}", p256.encode(point), message, p256.der(r, s)))
    rows.append(("another key", made, message, p256.der(r, s)))
    # lengths of the message around SHA-256's blocks, and RFC 6979, A.2.5
    for n in (0, 1, 55, 56, 63, 64, 65, 119, 120, 200):
        k, m = scalar(f"len {n}"), bytes(i % 251 for i in range(n))
        rows.append((f"true: message of {n} bytes", p256.encode(p256.public(k)), m, p256.sign(k, m)))
    k = 0xC9AFA9D845BA75166B5C215767B1D6934E50C3DB36E89B127B8A622B120F6721
    for m in (b"sample", b"test"):
        rows.append((f"true: RFC 6979 {m.decode()}", p256.encode(p256.public(k)), m, p256.sign(k, m)))
    return rows


def main():
    # RFC 6979, A.2.5: the nonce and both numbers, as printed there
    k = 0xC9AFA9D845BA75166B5C215767B1D6934E50C3DB36E89B127B8A622B120F6721
    assert p256.public(k)[0] == 0x60FED4BA255A9D31C961EB74C6356D68C049B8923B61FA6CE669622E60F29FB6
    assert p256.nonce(k, b"sample") == 0xA6E3C57DD01ABE90086538398355DD4C3B17AA873382B0F24D6129493D8AAD60
    assert p256.sign_numbers(k, b"sample") == (
        0xEFD48B2AACB6A8FD1140DD9CD45E81D69D2C877B56AAF991C34D0EA84EAF3716,
        0xF7CB1C942D657C41D436C7A1B6E29F65F3E900DBB9AFF4064DC4AB2F843ACDA8)
    assert p256.mul(N - 1, G) == p256.negate(G) and p256.on_curve(G)
    print("/* SPDX-License-Identifier: Apache-2.0 */")
    print("/* Made by tests/tools/es256_reference.py; not edited by hand. */")
    for name, key, message, signature in edges():
        verdict = "true" if p256.verify(key, message, signature) else "false"
        assert not name.startswith("true") or verdict == "true", name
        print(f'{{ "{name}", "{key.hex()}",\n  "{message.hex()}",\n  "{signature.hex()}", {verdict} }},')


if __name__ == "__main__":
    main()
