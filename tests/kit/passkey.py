# SPDX-License-Identifier: Apache-2.0
"""A security key, its browser and the phisher between them, in plain Python (WebAuthn level 3).

Written from the specification, not from src/policy: client data and authenticator data are built
here in the spellings that real browsers and devices use, or in any other that a test asks for.
"""

import base64
import hashlib
import json
import struct

import canon
import ed25519
import p256

PRESENT, VERIFIED, BACKUP_FIT, BACKED_UP, ATTESTED, EXTENSIONS = 0x01, 0x04, 0x08, 0x10, 0x40, 0x80


def base64url(data):
    return base64.urlsafe_b64encode(data).rstrip(b"=").decode()


def cbor(value):
    """RFC 8949 of what extensions hold, in its shortest form."""
    def head(major, number):
        for extra, size in ((24, 1), (25, 2), (26, 4), (27, 8)):
            if number < 24:
                return bytes([major << 5 | number])
            if number < 1 << 8 * size:
                return bytes([major << 5 | extra]) + number.to_bytes(size, "big")
        raise ValueError(number)
    if value is False or value is True:
        return b"\xf5" if value else b"\xf4"
    if isinstance(value, int):
        return head(0, value) if value >= 0 else head(1, -1 - value)
    if isinstance(value, bytes):
        return head(2, len(value)) + value
    if isinstance(value, str):
        return head(3, len(value.encode())) + value.encode()
    if isinstance(value, list):
        return head(4, len(value)) + b"".join(map(cbor, value))
    return head(5, len(value)) + b"".join(cbor(k) + cbor(v) for k, v in value.items())


def client_data(challenge, origin, kind="webauthn.get", cross_origin=False, more=()):
    """As Chromium writes it (WebAuthn 5.8.1.1), then what others add."""
    text = {"type": kind, "challenge": challenge, "origin": origin, "crossOrigin": cross_origin}
    text.update(dict(more))
    return json.dumps({k: v for k, v in text.items() if v is not None},
                      separators=(",", ":"), ensure_ascii=False).encode()


def authenticator_data(relying_party, flags, counter, extensions=b""):
    return (hashlib.sha256(relying_party.encode()).digest() + bytes([flags]) +
            struct.pack(">I", counter) + extensions)


def proves(assertion, approval, roster, person):
    """Does this assertion stand behind this approval of this person? (An auditor's own look.)"""
    body, party = assertion.body, roster.body["relying_party"]
    keys = [k for k in person["passkeys"] if k["credential"] == body["credential"]]
    client, device = bytes.fromhex(body["client_data"]), bytes.fromhex(body["authenticator_data"])
    said = json.loads(client)
    if (len(keys) != 1 or body["approval"] != approval.id or said["type"] != "webauthn.get" or
            said["challenge"] != base64url(bytes.fromhex(approval.id)) or said.get("crossOrigin", False) or
            said["origin"] not in [o["origin"] for o in party["origins"]] or
            device[:32] != hashlib.sha256(party["id"].encode()).digest() or
            device[32] & (PRESENT | VERIFIED) != PRESENT | VERIFIED):
        return False
    signed, key = device + hashlib.sha256(client).digest(), bytes.fromhex(keys[0]["key"])
    verify = p256.verify if keys[0]["algorithm"] == "es256" else ed25519.verify
    return verify(key, signed, bytes.fromhex(body["signature"]))


class Passkey:
    """One credential. counter None: the device keeps no count and says 0."""

    def __init__(self, label, algorithm="es256", counter=0, credential_bytes=64):
        seed = hashlib.sha512(b"passkey " + label.encode()).digest()
        self.algorithm, self.counter = algorithm, counter
        self.credential = hashlib.shake_256(b"credential " + label.encode()).digest(credential_bytes)
        if algorithm == "es256":
            self._secret = int.from_bytes(seed, "big") % (p256.N - 1) + 1
            self.key = p256.encode(p256.public(self._secret))
        else:
            self._secret = seed[:32]
            self.key = ed25519.public_key(self._secret)

    def entry(self):
        """Its place in people[].passkeys."""
        return {"algorithm": self.algorithm, "credential": self.credential.hex(),
                "key": self.key.hex()}

    def sign(self, data):
        if self.algorithm == "es256":
            return p256.sign(self._secret, data)
        return ed25519.sign(self._secret, data)

    def assertion(self, approval, relying_party, origin, flags=PRESENT | VERIFIED, counter=None,
                  extensions=None, client=None, **words):
        """The body of an assertion document, but for genesis. approval: the id, in hex.

        client: the bytes of clientDataJSON, or its parts as words of client_data().
        """
        if counter is None:
            if self.counter is not None:
                self.counter += 1
            counter = self.counter or 0
        if client is None:
            client = client_data(words.pop("challenge", base64url(bytes.fromhex(approval))), origin,
                                 **words)
        if isinstance(extensions, dict):
            flags |= EXTENSIONS
            extensions = cbor(extensions)
        device = authenticator_data(relying_party, flags, counter, extensions or b"")
        return {"approval": approval, "authenticator_data": device.hex(),
                "client_data": client.hex(), "credential": self.credential.hex(),
                "signature": self.sign(device + hashlib.sha256(client).digest()).hex()}

    def approve(self, approval, relying_party, origin, **more):
        """The assertion document behind this approval document."""
        body = self.assertion(approval.id, relying_party, origin, **more)
        return canon.Document("assertion", {**body, "genesis": approval.body["genesis"]})
