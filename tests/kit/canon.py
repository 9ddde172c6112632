# SPDX-License-Identifier: Apache-2.0
"""Canonical JSON and documents (design.md section 3), written from the text, not from the C code.

One document has exactly one spelling (RFC 8785, restricted): no white space; keys [a-z0-9_]+ in
byte order; strings, integers 0 to 2^53-1 in plain decimal, true, false, arrays, objects; no null,
floats or minus; strings are valid UTF-8 without control or bidi control characters, escapes only
\\" and \\\\; depth 8, 64 KiB, 1,024 values at most (every string, integer, boolean, array and
object counts as a value, the outermost included; keys do not). The outermost value is an object
at depth 1.
"""

import hashlib
import os
import threading
import time

import ed25519

BYTES_MAX = 65_536
DEPTH_MAX = 8
VALUES_MAX = 1_024
INTEGER_MAX = (1 << 53) - 1
ZERO_ID = "0" * 64
SIGNATURES_MAX = 8

_KEY = frozenset("abcdefghijklmnopqrstuvwxyz0123456789_")
_BIDI = frozenset([0x061C, 0x200E, 0x200F, *range(0x202A, 0x202F), *range(0x2066, 0x206A)])

# contract of the documents: enum doc_type, 1 first, append only.
TYPES = ("genesis", "roster", "policy", "request", "order", "attempt", "approval", "freeze",
         "sweep", "heartbeat", "attestation", "ack", "receipt", "signature", "nonce", "cursor",
         "refusal", "status", "closing", "posting", "plan", "exclusion",
         "cancel", "resume", "day", "price", "grant", "assertion", "maturity",
         "holding", "tally", "refill", "answer", "drill")
VERSIONS = {"roster": 3, "policy": 2, "attestation": 3, "holding": 2, "answer": 2}  # of the types that are not at their first


def version_of(type_name):
    return VERSIONS.get(type_name, 1)


class NotCanonical(ValueError):
    """The bytes or the value break a rule; the text says which and where."""


def _forbidden(code):
    return code < 0x20 or 0x7F <= code <= 0x9F or code in _BIDI or 0xD800 <= code <= 0xDFFF


# ---------------------------------------------------------------- writer

def _write(value, depth, count, out):
    count[0] += 1
    if count[0] > VALUES_MAX:
        raise NotCanonical(f"more than {VALUES_MAX} values")
    if value is True:
        out.append("true")
    elif value is False:
        out.append("false")
    elif isinstance(value, int):
        if not 0 <= value <= INTEGER_MAX:
            raise NotCanonical(f"integer {value} is not within 0 to 2^53-1")
        out.append(str(value))
    elif isinstance(value, str):
        for character in value:
            if _forbidden(ord(character)):
                raise NotCanonical(f"character U+{ord(character):04X} in a string")
        out.append('"' + value.replace("\\", "\\\\").replace('"', '\\"') + '"')
    elif isinstance(value, (dict, list, tuple)):
        if depth > DEPTH_MAX:
            raise NotCanonical(f"deeper than {DEPTH_MAX}")
        if isinstance(value, dict):
            out.append("{")
            for n, key in enumerate(sorted(value)):
                if not isinstance(key, str) or not key or not _KEY.issuperset(key):
                    raise NotCanonical(f"key {key!r}")
                out.append(("," if n else "") + f'"{key}":')
                _write(value[key], depth + 1, count, out)
            out.append("}")
        else:
            out.append("[")
            for n, element in enumerate(value):
                if n:
                    out.append(",")
                _write(element, depth + 1, count, out)
            out.append("]")
    else:
        raise NotCanonical(f"{type(value).__name__} has no canonical form")


def write(value):
    """The one spelling of an object, as bytes."""
    if not isinstance(value, dict):
        raise NotCanonical("a document is an object")
    out = []
    _write(value, 1, [0], out)
    data = "".join(out).encode()
    if len(data) > BYTES_MAX:
        raise NotCanonical(f"{len(data)} bytes, more than {BYTES_MAX}")
    return data


# ---------------------------------------------------------------- strict reader

class _Reader:
    def __init__(self, data):
        if len(data) > BYTES_MAX:
            raise NotCanonical(f"{len(data)} bytes, more than {BYTES_MAX}")
        try:
            self.text = bytes(data).decode("utf-8")
        except UnicodeDecodeError as problem:
            raise NotCanonical(f"not UTF-8 at byte {problem.start}") from None
        self.at = 0
        self.values = 0

    def fail(self, why):
        raise NotCanonical(f"{why} at character {self.at}")

    def peek(self):
        return self.text[self.at:self.at + 1]

    def expect(self, literal):
        if not self.text.startswith(literal, self.at):
            self.fail(f"expected {literal!r}")
        self.at += len(literal)

    def string(self):
        self.expect('"')
        out = []
        while True:
            character = self.peek()
            if character == "":
                self.fail("string ends early")
            self.at += 1
            if character == '"':
                return "".join(out)
            if character == "\\":
                character = self.peek()
                if character not in ('"', "\\"):
                    self.fail("escape that is not allowed")
                self.at += 1
            elif _forbidden(ord(character)):
                self.at -= 1
                self.fail(f"character U+{ord(character):04X}")
            out.append(character)

    def integer(self):
        start = self.at
        while self.peek() and self.peek() in "0123456789":
            self.at += 1
        digits = self.text[start:self.at]
        if len(digits) > 1 and digits[0] == "0":
            self.fail("leading zero")
        if len(digits) > 16 or int(digits) > INTEGER_MAX:
            self.fail("integer above 2^53-1")
        return int(digits)

    def value(self, depth):
        self.values += 1
        if self.values > VALUES_MAX:
            self.fail(f"more than {VALUES_MAX} values")
        character = self.peek()
        if character == '"':
            return self.string()
        if character and character in "0123456789":
            return self.integer()
        if character == "t":
            self.expect("true")
            return True
        if character == "f":
            self.expect("false")
            return False
        if character == "{":
            return self.object(depth)
        if character == "[":
            return self.array(depth)
        return self.fail("no value")

    def object(self, depth):
        if depth > DEPTH_MAX:
            self.fail(f"deeper than {DEPTH_MAX}")
        self.expect("{")
        out = {}
        if self.peek() == "}":
            self.at += 1
            return out
        previous = None
        while True:
            key = self.string()
            if not key or not _KEY.issuperset(key):
                self.fail(f"key {key!r}")
            if previous is not None and key <= previous:
                self.fail(f"key {key!r} repeated or out of order")
            previous = key
            self.expect(":")
            out[key] = self.value(depth + 1)
            if self.peek() == "}":
                self.at += 1
                return out
            self.expect(",")

    def array(self, depth):
        if depth > DEPTH_MAX:
            self.fail(f"deeper than {DEPTH_MAX}")
        self.expect("[")
        out = []
        if self.peek() == "]":
            self.at += 1
            return out
        while True:
            out.append(self.value(depth + 1))
            if self.peek() == "]":
                self.at += 1
                return out
            self.expect(",")


def read(data):
    """The object of canonical bytes; NotCanonical for every other spelling."""
    reader = _Reader(data)
    if reader.peek() != "{":
        reader.fail("a document is an object")
    value = reader.value(1)
    if reader.at != len(reader.text):
        reader.fail("text behind the document")
    return value


# ---------------------------------------------------------------- documents

def document_id(type_name, body, genesis=None, version=None):
    """SHA-256 as hex; `genesis` overrides the id that the body carries (ZERO_ID for genesis)."""
    if version is None:
        version = version_of(type_name)
    if genesis is None:
        genesis = ZERO_ID if type_name == "genesis" else body["genesis"]
    head = f"kuramori/{type_name}/v{version}\n{genesis}\n".encode()
    return hashlib.sha256(head + write(body)).hexdigest()


def first_id(type_name, body):
    """The id of the first roster or policy as the genesis names it: before there is a genesis id,
    with 64 zeros in its field and in its hash."""
    return document_id(type_name, dict(body, genesis=ZERO_ID), ZERO_ID)


def signed_text(identifier):
    """The bytes under a software signature."""
    return f"kuramori signature v1\n{identifier}\n".encode()


class SigningKey:
    """A software signing key of a person, watcher, signer or back end (plain Ed25519)."""

    __slots__ = ("seed", "public", "_expanded")

    def __init__(self, seed):
        self.seed = bytes(seed)
        self._expanded = ed25519.Expanded(self.seed)
        self.public = self._expanded.public

    @classmethod
    def random(cls):
        return cls(os.urandom(32))

    @classmethod
    def named(cls, label):
        """A throw-away key that is the same in every run (SHA-256 of a label)."""
        return cls(hashlib.sha256(b"kuramori test kit document key " + label.encode()).digest())

    @property
    def public_hex(self):
        return self.public.hex()

    def sign(self, data):
        return self._expanded.sign(data)

    def sign_id(self, identifier):
        return self._expanded.sign(signed_text(identifier))


class Document:
    """A document with its signatures; `raw` are the bytes of the envelope and of the assertions behind it."""

    def __init__(self, type_name, body, signatures=(), version=None):
        self.type = type_name
        self.body = body
        self.version = version_of(type_name) if version is None else version
        self.signatures = dict(signatures)  # key hex -> signature hex
        self.proofs = []

    @property
    def id(self):
        return document_id(self.type, self.body, None, self.version)

    @property
    def raw(self):
        envelope = write({"body": self.body, "type": self.type, "version": self.version,
                          "signatures": [{"key": key, "signature": self.signatures[key]}
                                         for key in sorted(self.signatures)]})
        return b"\n".join([envelope, *[proof.raw for proof in self.proofs]])

    def sign(self, *keys):
        """Adds one signature for each SigningKey; returns itself."""
        identifier = self.id
        for key in keys:
            self.signatures[key.public_hex] = key.sign_id(identifier).hex()
        return self

    def signed_by(self, public):
        """Whether this key (bytes or hex) has signed and the signature verifies."""
        name = public if isinstance(public, str) else bytes(public).hex()
        signature = self.signatures.get(name)
        return signature is not None and ed25519.verify(
            bytes.fromhex(name), signed_text(self.id), bytes.fromhex(signature))

    def __repr__(self):
        return f"<{self.type} {self.id[:16]}>"


def _hex(value, size, what):
    if not isinstance(value, str) or len(value) != 2 * size \
            or not frozenset("0123456789abcdef").issuperset(value):
        raise NotCanonical(f"{what}: not {size} bytes of lower-case hex")


# what people may prove by security keys: assertions stand behind it, a line each
PROVABLE = {"freeze", "closing", "cancel", "resume", "day", "roster", "policy", "grant", "holding"}
PROOFS_MAX = 8


def open_document(data, genesis=None, type_name=None):
    """The Document of an envelope's bytes. `genesis`: the id that its body must carry. Its `proofs` are the
    assertions behind it."""
    lines = bytes(data).split(b"\n")
    if len(lines) == 1:
        return _open_envelope(data, genesis, type_name)
    document = _open_envelope(lines[0], genesis, type_name)
    if document.type not in PROVABLE or len(lines) > 1 + PROOFS_MAX:
        raise NotCanonical("lines behind a document that has none, or more than it has")
    document.proofs = [_open_envelope(line, document.body["genesis"], "assertion") for line in lines[1:]]
    for proof in document.proofs:
        if proof.signatures or proof.body.get("approval") != document.id:
            raise NotCanonical("an assertion behind a document that it does not name")
    return document


def _open_envelope(data, genesis, type_name):
    envelope = read(data)
    if sorted(envelope) != ["body", "signatures", "type", "version"]:
        raise NotCanonical("an envelope has exactly body, signatures, type, version")
    body, signatures = envelope["body"], envelope["signatures"]
    if envelope["type"] not in TYPES:
        raise NotCanonical(f"type: {envelope['type']!r} is unknown")
    if type_name is not None and envelope["type"] != type_name:
        raise NotCanonical(f"type: {envelope['type']!r} instead of {type_name!r}")
    if envelope["version"] is True or envelope["version"] != version_of(envelope["type"]):
        raise NotCanonical(f"version: {envelope['version']!r}")
    if not isinstance(body, dict):
        raise NotCanonical("body: not an object")
    if envelope["type"] == "genesis":
        if "genesis" in body:
            raise NotCanonical("genesis: the genesis itself carries none")
    else:
        _hex(body.get("genesis"), 32, "genesis")
        if genesis is not None and body["genesis"] != genesis:
            raise NotCanonical("genesis: the document belongs to another")
    if not isinstance(signatures, list) or len(signatures) > SIGNATURES_MAX:
        raise NotCanonical(f"signatures: not a list of at most {SIGNATURES_MAX}")
    previous = ""
    for one in signatures:
        if not isinstance(one, dict) or sorted(one) != ["key", "signature"]:
            raise NotCanonical("signatures: an entry has exactly key and signature")
        _hex(one["key"], 32, "signatures.key")
        _hex(one["signature"], 64, "signatures.signature")
        if one["key"] <= previous:
            raise NotCanonical("signatures: keys repeated or out of order")
        previous = one["key"]
    return Document(envelope["type"], body,
                    {one["key"]: one["signature"] for one in signatures}, envelope["version"])


# ---------------------------------------------------------------- identifiers

_uuid_lock = threading.Lock()
_uuid_last = 0


def uuid7(unix_ms=None, random=os.urandom):
    """UUIDv7 text 8-4-4-4-12 (RFC 9562), rising within this process when no time is given.

    The 12 bits behind the time hold a counter, so several in one millisecond keep their order.
    """
    global _uuid_last
    with _uuid_lock:
        if unix_ms is None:
            _uuid_last = max(_uuid_last + 1, int(time.time() * 1000) << 12)
            stamp = _uuid_last
        else:
            stamp = unix_ms << 12 | int.from_bytes(random(2), "big") >> 4
    value = stamp >> 12 << 80 | 7 << 76 | (stamp & 0xFFF) << 64 \
        | 2 << 62 | int.from_bytes(random(8), "big") >> 2
    text = f"{value:032x}"
    return "-".join((text[:8], text[8:12], text[12:16], text[16:20], text[20:]))
