# SPDX-License-Identifier: Apache-2.0
"""NEM (NIS1) in plain Python: keys, addresses, transactions, fees, blocks, JSON.

An independent second implementation, written from nem.md sections 1 to 3 and not from the C code,
so that the two can judge each other. It builds what an honest wallet builds, and, on request, what
a thief or an evil server would (see `canonical`). Decoding is strict: bytes that NIS would
normalise to something else are refused (nem.md 2.6).

Integers are little-endian; amounts are micro-XEM; times are NEM seconds unless named otherwise.
This is test code: not constant-time, never for a key that is worth anything.
"""

import base64
import hashlib
import secrets
import struct

import ed25519
from keccak import keccak256, keccak512

MAINNET, TESTNET, MIJIN = 0x68, 0x98, 0x60
NETWORK = TESTNET

TRANSFER, MODIFICATION, COSIGNATURE, MULTISIG = 257, 4097, 4098, 4100
MICRO = 1_000_000
FEE_UNIT = 50_000
COSIGNATURE_FEE_MAX = 1000 * MICRO
MESSAGE_MAX = 1024
DEADLINE_MAX_S = 86_400
EPOCH_UNIX_S = 1_427_587_585
SUPPLY_MICRO = 8_999_999_999 * MICRO

ALPHABET = "ABCDEFGHIJKLMNOPQRSTUVWXYZ234567"

# ValidationResult (nem.md A): the codes that the announce and block rules of this slice can give.
RESULTS = {
    0: "NEUTRAL", 1: "SUCCESS", 2: "FAILURE_UNKNOWN", 3: "FAILURE_PAST_DEADLINE",
    4: "FAILURE_FUTURE_DEADLINE", 5: "FAILURE_INSUFFICIENT_BALANCE",
    6: "FAILURE_MESSAGE_TOO_LARGE", 8: "FAILURE_SIGNATURE_NOT_VERIFIABLE",
    10: "FAILURE_TIMESTAMP_TOO_FAR_IN_FUTURE", 17: "FAILURE_INSUFFICIENT_FEE",
    20: "FAILURE_WRONG_NETWORK", 22: "FAILURE_ENTITY_INVALID_VERSION",
    71: "FAILURE_MULTISIG_NOT_A_COSIGNER", 72: "FAILURE_MULTISIG_INVALID_COSIGNERS",
    73: "FAILURE_MULTISIG_NO_MATCHING_MULTISIG",
    74: "FAILURE_TRANSACTION_NOT_ALLOWED_FOR_MULTISIG",
    75: "FAILURE_MULTISIG_ALREADY_A_COSIGNER",
    77: "FAILURE_MULTISIG_MODIFICATION_MULTIPLE_DELETES",
    78: "FAILURE_MULTISIG_MODIFICATION_REDUNDANT_MODIFICATIONS",
    79: "FAILURE_CONFLICTING_MULTISIG_MODIFICATION",
    80: "FAILURE_TOO_MANY_MULTISIG_COSIGNERS",
    81: "FAILURE_MULTISIG_ACCOUNT_CANNOT_BE_COSIGNER",
    82: "FAILURE_MULTISIG_MIN_COSIGNATORIES_OUT_OF_RANGE",
}


class Malformed(ValueError):
    """Bytes, JSON or an address that is not what it should be; the text names the reason."""


# ---------------------------------------------------------------- time (nem.md 3.4)

def nem_seconds(unix_ms):
    """NEM seconds of a Unix time in milliseconds, rounded as NIS rounds."""
    return (unix_ms - EPOCH_UNIX_S * 1000 + 500) // 1000


def unix_ms(nem_s):
    return (nem_s + EPOCH_UNIX_S) * 1000


# ---------------------------------------------------------------- keys (nem.md 1.1)

class KeyPair:
    """A private key as NEM writes it: hex of a big-endian integer, reversed before hashing."""

    __slots__ = ("private_hex", "public", "_expanded")

    def __init__(self, private_hex):
        text = private_hex.strip()
        if len(text) == 66 and text.startswith("00"):
            text = text[2:]  # an old wallet's BigInteger with its sign byte
        if len(text) != 64:
            raise Malformed("a private key has 64 hex digits")
        try:
            seed = bytes.fromhex(text)[::-1]
        except ValueError:
            raise Malformed("a private key is hexadecimal") from None
        if len(seed) != 32:
            raise Malformed("a private key has 64 hex digits")
        self.private_hex = text.lower()
        self._expanded = ed25519.Expanded(seed, keccak512)
        self.public = self._expanded.public

    @classmethod
    def random(cls):
        return cls(secrets.token_hex(32))

    @classmethod
    def named(cls, label):
        """A throw-away key that is the same in every run (SHA-256 of a label)."""
        return cls(hashlib.sha256(b"kuramori test kit key " + label.encode()).hexdigest())

    @property
    def public_hex(self):
        return self.public.hex()

    def address(self, network=NETWORK):
        return address_of(self.public, network)

    def sign(self, data):
        return self._expanded.sign(data)


def verify(public, data, signature):
    return ed25519.verify(public, data, signature, keccak512)


# ---------------------------------------------------------------- addresses (nem.md 1.2)

def _address_from_hash(digest20, network):
    body = bytes([network]) + digest20
    return base64.b32encode(body + keccak256(body)[:4]).decode()


_addresses = {}


def address_of(public, network=NETWORK):
    """The 40 characters of a 32-byte public key."""
    known = _addresses.get((public, network))
    if known is None:
        if len(public) != 32:
            raise Malformed("a public key has 32 bytes")
        known = _address_from_hash(ed25519.ripemd160(keccak256(public)), network)
        _addresses[(bytes(public), network)] = known
    return known


def check_address(text, network=None):
    """The 25 decoded bytes; raises Malformed naming what is wrong. No hyphens, upper case only."""
    if len(text) != 40:
        raise Malformed("an address has 40 characters")
    for character in text:
        if character not in ALPHABET:
            raise Malformed("an address has only the characters A-Z and 2-7")
    raw = base64.b32decode(text)
    if network is not None and raw[0] != network:
        raise Malformed("the address belongs to another network")
    if keccak256(raw[:21])[:4] != raw[21:]:
        raise Malformed("the address has a wrong checksum")
    return raw


def pretty(address):
    """Groups of six with hyphens, as wallets print it."""
    return "-".join(address[i:i + 6] for i in range(0, 40, 6))


def bad_addresses(good):
    """Every way an address can be bad, as (reason, text), made from a good one of NETWORK."""
    raw = check_address(good)
    other = MAINNET if raw[0] != MAINNET else TESTNET
    checksum = bytearray(raw)
    checksum[24] ^= 1
    body = bytearray(raw)
    body[10] ^= 1
    swapped = list(good)
    for i in range(1, 39):
        if swapped[i] != swapped[i + 1]:
            swapped[i], swapped[i + 1] = swapped[i + 1], swapped[i]
            break
    return [
        ("empty", ""),
        ("one character short", good[:-1]),
        ("one character long", good + "A"),
        ("lower case", good.lower()),
        ("hyphens", pretty(good)),
        ("leading space", " " + good[:-1]),
        ("trailing newline", good[:-1] + "\n"),
        ("digit 0", good[:20] + "0" + good[21:]),
        ("digit 1", good[:20] + "1" + good[21:]),
        ("digit 8", good[:20] + "8" + good[21:]),
        ("padding", good[:-1] + "="),
        ("NUL", good[:-1] + "\0"),
        ("full-width letter", good[:5] + "Ａ" + good[6:]),
        ("Cyrillic look-alike", good[:5] + "А" + good[6:]),
        ("checksum, last bit", base64.b32encode(bytes(checksum)).decode()),
        ("one bit of the hash", base64.b32encode(bytes(body)).decode()),
        ("two characters swapped", "".join(swapped)),
        ("another network", _address_from_hash(raw[1:21], other)),
        ("another network's byte, own checksum kept",
         base64.b32encode(bytes([other]) + raw[1:]).decode()),
    ]


# ---------------------------------------------------------------- reading and writing bytes

class _Reader:
    def __init__(self, data):
        self.data = bytes(data)
        self.at = 0

    def take(self, size):
        if size < 0 or self.at + size > len(self.data):
            raise Malformed(f"the bytes end early (offset {self.at}, {size} wanted)")
        piece = self.data[self.at:self.at + size]
        self.at += size
        return piece

    def u32(self):
        return int.from_bytes(self.take(4), "little")

    def i32(self):
        return int.from_bytes(self.take(4), "little", signed=True)

    def u63(self):
        """An amount or a quantity: NIS reads it with a sign and takes none below zero."""
        number = int.from_bytes(self.take(8), "little", signed=True)
        if number < 0:
            raise Malformed(f"an amount below zero (offset {self.at - 8})")
        return number

    def sized(self, size, what):
        length = self.u32()
        if length != size:
            raise Malformed(f"{what}: length {length} instead of {size}")
        return self.take(size)

    def blob(self):
        return self.take(self.u32())

    def address(self, what):
        raw = self.sized(40, what)
        try:
            return raw.decode("ascii")
        except UnicodeDecodeError:
            raise Malformed(f"{what}: not ASCII") from None

    def end(self):
        if self.at != len(self.data):
            raise Malformed(f"{len(self.data) - self.at} bytes too many")


def _blob(data):
    return struct.pack("<I", len(data)) + data


def _signed32(value):
    return value - (1 << 32) if value >= 1 << 31 else value


# ---------------------------------------------------------------- transactions (nem.md 2.2 - 2.4)

class Transaction:
    """What all types have in common. `canonical` False keeps lists exactly as given."""

    type = 0

    def __init__(self, signer, fee, timestamp, deadline, version=1, network=NETWORK,
                 signature=None, canonical=True):
        self.signer = signer.public if isinstance(signer, KeyPair) else bytes(signer)
        self.fee = fee
        self.timestamp = timestamp
        self.deadline = deadline
        self.version = version
        self.network = network
        self.signature = signature
        self.canonical = canonical

    @property
    def version_word(self):
        return self.network << 24 | self.version

    def body(self):
        raise NotImplementedError

    def _head(self):
        return struct.pack("<IIi", self.type, self.version_word, self.timestamp) \
            + _blob(self.signer)

    def _tail(self):
        return struct.pack("<Qi", self.fee, self.deadline) + self.body()

    def non_verifiable(self):
        """What is signed, hashed and announced."""
        return self._head() + self._tail()

    def verifiable(self):
        """What stands in blocks: with signature, and in a multisig with cosignatures."""
        if self.signature is None or len(self.signature) != 64:
            raise Malformed("the verifiable form needs a signature of 64 bytes")
        return self._head() + _blob(self.signature) + self._tail()

    def hash(self):
        return keccak256(self.non_verifiable())

    def address(self):
        """The signer's address."""
        return address_of(self.signer, self.network)

    def sign(self, key):
        """Signs with any key, also a wrong one: the caller may be a thief. Returns itself."""
        self.signature = key.sign(self.non_verifiable())
        return self

    def verify(self):
        return self.signature is not None \
            and verify(self.signer, self.non_verifiable(), self.signature)

    def announce(self):
        """The body of POST /transaction/announce (nem.md 5.4.1)."""
        return {"data": self.non_verifiable().hex(), "signature": self.signature.hex()}

    def minimum_fee(self):
        raise NotImplementedError

    def _json_body(self):
        raise NotImplementedError

    def to_json(self):
        """The JSON of nem.md 2.7; without `signature` when unsigned (an inner transaction)."""
        out = {"type": self.type, "version": _signed32(self.version_word),
               "timeStamp": self.timestamp, "signer": self.signer.hex(), "fee": self.fee,
               "deadline": self.deadline}
        if self.signature is not None:
            out["signature"] = self.signature.hex()
        out.update(self._json_body())
        return out

    def __eq__(self, other):
        return type(self) is type(other) and self.to_json() == other.to_json()

    def __repr__(self):
        return f"<{type(self).__name__} {self.hash().hex()[:16]}>"


def minimum_transfer_fee(amount, message_bytes=0, mosaics=(), definitions=None):
    """nem.md 3.2 (second fee fork)."""
    units = message_bytes // 32 + 1 if message_bytes else 0
    if not mosaics:
        units += min(25, max(1, amount // MICRO // 10_000))
    for namespace, name, quantity in mosaics:
        if (namespace, name) == ("nem", "xem"):
            supply, divisibility = 8_999_999_999, 6
        else:
            supply, divisibility = (definitions or {})[(namespace, name)]
        units += _mosaic_units(amount, quantity, supply, divisibility)
    return FEE_UNIT * units


# trunc(0.8 * ln(n)) reaches 1, 2, 3 ... at these n (nem.md 3.2).
_ADJUSTMENT = (
    4, 13, 43, 149, 519, 1809, 6311, 22027, 76880, 268338, 936590, 3269018, 11409992, 39824785,
    139002156, 485165196, 1693392924, 5910522064, 20629749058, 72004899338, 251321793305,
    877199251319, 3061726229132, 10686474581525, 37299461295719, 130187912050633,
    454400461972587, 1586013452313426, 5535730883721906)


def _mosaic_units(amount, quantity, supply, divisibility):
    if divisibility == 0 and supply <= 10_000:
        return 1
    equivalent = 0
    if supply:
        equivalent = 8_999_999_999 * quantity * amount // supply // 10 ** (divisibility + 6)
        equivalent = (equivalent + (1 << 63)) % (1 << 64) - (1 << 63)  # BigInteger.longValue()
    fee = min(25, max(1, equivalent // 10_000))
    total = supply * 10 ** divisibility
    n = 9_000_000_000_000_000 // total if total else 0
    return max(1, fee - sum(1 for threshold in _ADJUSTMENT if threshold <= n))


class Transfer(Transaction):
    """Type 257, versions 1 and 2 (mosaics as (namespace, name, quantity))."""

    type = TRANSFER

    def __init__(self, signer, recipient, amount, fee=None, timestamp=0, deadline=None,
                 message=b"", message_type=1, mosaics=(), version=None, **common):
        self.recipient = recipient
        self.amount = amount
        self.message = bytes(message)
        self.message_type = message_type
        self.mosaics = list(mosaics)
        if version is None:
            version = 2 if self.mosaics else 1
        if fee is None:
            fee = minimum_transfer_fee(amount, len(self.message), self.mosaics)
        super().__init__(signer, fee, timestamp,
                         timestamp + 3600 if deadline is None else deadline, version, **common)

    def _mosaics(self):
        if not self.canonical:
            return self.mosaics
        merged = {}
        for namespace, name, quantity in self.mosaics:
            merged[namespace, name] = merged.get((namespace, name), 0) + quantity
        return sorted(((ns, name, q) for (ns, name), q in merged.items()),
                      key=lambda m: f"{m[0]}:{m[1]} : {m[2]}".encode())

    def body(self):
        out = _blob(self.recipient.encode()) + struct.pack("<Q", self.amount)
        if self.message:
            payload = struct.pack("<I", self.message_type) + _blob(self.message)
            out += _blob(payload)
        else:
            out += bytes(4)
        if self.version >= 2:
            mosaics = self._mosaics()
            out += struct.pack("<I", len(mosaics))
            for namespace, name, quantity in mosaics:
                identity = _blob(namespace.encode()) + _blob(name.encode())
                out += _blob(_blob(identity) + struct.pack("<Q", quantity))
        return out

    def xem_moved(self):
        """Micro-XEM that really move (nem.md 2.5: with mosaics `amount` is a multiplier)."""
        if self.version < 2 or not self.mosaics:
            return self.amount
        return sum(self.amount * q // MICRO for ns, name, q in self._mosaics()
                   if (ns, name) == ("nem", "xem"))

    def minimum_fee(self, definitions=None):
        return minimum_transfer_fee(self.amount, len(self.message), self.mosaics, definitions)

    def _json_body(self):
        out = {"recipient": self.recipient, "amount": self.amount, "message": {}}
        if self.message:
            out["message"] = {"payload": self.message.hex(), "type": self.message_type}
        if self.version >= 2:
            out["mosaics"] = [{"quantity": q, "mosaicId": {"namespaceId": ns, "name": name}}
                              for ns, name, q in self._mosaics()]
        return out

    @classmethod
    def _read(cls, reader, common):
        recipient = reader.address("recipient")
        check_address(recipient, common["network"])
        amount = reader.u63()
        message, message_type = b"", 1
        size = reader.u32()
        if size:
            start = reader.at
            message_type = reader.u32()
            message = reader.blob()
            if len(message) > MESSAGE_MAX:
                raise Malformed("message: too long")
            if reader.at - start != size or not message:
                raise Malformed("message: lengths do not agree or the message is empty")
            if message_type not in (1, 2):
                raise Malformed(f"message: type {message_type}")
        mosaics = []
        if common["version"] == 2:
            for _ in range(reader.u32()):
                entry = _Reader(reader.blob())
                pair = nem_types.read_identity(entry)
                mosaics.append((*pair, entry.u63()))
                nem_types.check_long(mosaics[-1][2], "quantity")
                entry.end()
        return cls(recipient=recipient, amount=amount, message=message,
                   message_type=message_type, mosaics=mosaics, **common)

    @classmethod
    def _from_json(cls, obj, common):
        message = obj.get("message") or {}
        mosaics = [(m["mosaicId"]["namespaceId"], m["mosaicId"]["name"], m["quantity"])
                   for m in obj.get("mosaics", ())] if common["version"] == 2 else ()
        return cls(recipient=obj["recipient"], amount=obj["amount"],
                   message=bytes.fromhex(message.get("payload", "")),
                   message_type=message.get("type", 1), mosaics=mosaics, **common)


ADD, DELETE = 1, 2


class Modification(Transaction):
    """Type 4097: entries (ADD or DELETE, public key); relative change None = no change object."""

    type = MODIFICATION

    def __init__(self, signer, modifications, relative_change=None, fee=10 * FEE_UNIT,
                 timestamp=0, deadline=None, version=2, **common):
        self.modifications = [(kind, key.public if isinstance(key, KeyPair) else bytes(key))
                              for kind, key in modifications]
        self.relative_change = relative_change
        super().__init__(signer, fee, timestamp,
                         timestamp + 3600 if deadline is None else deadline, version, **common)

    def _entries(self):
        if not self.canonical:
            return self.modifications
        return sorted(self.modifications, key=lambda m: (m[0], address_of(m[1], self.network)))

    def body(self):
        entries = self._entries()
        out = struct.pack("<I", len(entries))
        for kind, key in entries:
            out += _blob(struct.pack("<I", kind) + _blob(key))
        if self.version >= 2:
            if self.relative_change is None:
                out += bytes(4)
            else:
                out += _blob(struct.pack("<i", self.relative_change))
        return out

    def minimum_fee(self):
        return 10 * FEE_UNIT

    def _json_body(self):
        out = {"modifications": [{"modificationType": kind, "cosignatoryAccount": key.hex()}
                                 for kind, key in self._entries()]}
        if self.version >= 2:
            out["minCosignatories"] = {} if self.relative_change is None \
                else {"relativeChange": self.relative_change}
        return out

    @classmethod
    def _read(cls, reader, common):
        entries = []
        for _ in range(reader.u32()):
            entry = _Reader(reader.sized(40, "modification"))
            entries.append((entry.u32(), entry.sized(32, "cosignatory")))
            entry.end()
            if entries[-1][0] not in (ADD, DELETE):
                raise Malformed(f"modification of type {entries[-1][0]}")
        change = None
        if common["version"] == 2:
            size = reader.u32()
            if size == 4:
                change = reader.i32()
            elif size != 0:
                raise Malformed(f"minimum cosignatories: length {size}")
        if not entries and change is None:
            raise Malformed("a modification that changes nothing")
        return cls(modifications=entries, relative_change=change, **common)

    @classmethod
    def _from_json(cls, obj, common):
        entries = [(m["modificationType"], bytes.fromhex(m["cosignatoryAccount"]))
                   for m in obj["modifications"]]
        change = None
        if common["version"] == 2:
            change = (obj.get("minCosignatories") or {}).get("relativeChange")
        return cls(modifications=entries, relative_change=change, **common)


class Cosignature(Transaction):
    """Type 4098: names the inner hash and the multisig account, nothing else (nem.md 2.8)."""

    type = COSIGNATURE

    def __init__(self, signer, other_hash, other_account, fee=3 * FEE_UNIT, timestamp=0,
                 deadline=None, version=1, **common):
        self.other_hash = bytes(other_hash)
        self.other_account = other_account
        super().__init__(signer, fee, timestamp,
                         timestamp + 3600 if deadline is None else deadline, version, **common)

    @classmethod
    def of(cls, key, inner, timestamp=None, deadline=None, **rest):
        """The cosignature of an inner transaction, with the times of the inner by default."""
        return cls(key, inner.hash(), address_of(inner.signer, inner.network),
                   timestamp=inner.timestamp if timestamp is None else timestamp,
                   deadline=inner.deadline if deadline is None else deadline,
                   network=inner.network, **rest).sign(key)

    def body(self):
        return _blob(_blob(self.other_hash)) + _blob(self.other_account.encode())

    def minimum_fee(self):
        return 3 * FEE_UNIT

    def _json_body(self):
        return {"otherHash": {"data": self.other_hash.hex()},
                "otherAccount": self.other_account}

    @classmethod
    def _read(cls, reader, common):
        outer = _Reader(reader.sized(36, "other hash"))
        other_hash = outer.sized(32, "other hash")
        account = reader.address("other account")
        check_address(account, common["network"])
        return cls(other_hash=other_hash, other_account=account, **common)

    @classmethod
    def _from_json(cls, obj, common):
        return cls(other_hash=bytes.fromhex(obj["otherHash"]["data"]),
                   other_account=obj["otherAccount"], **common)


class Multisig(Transaction):
    """Type 4100: the wrapper around an inner transaction of a multisig account."""

    type = MULTISIG

    def __init__(self, signer, inner, cosignatures=(), fee=3 * FEE_UNIT, timestamp=None,
                 deadline=None, version=1, **common):
        self.inner = inner
        self.cosignatures = list(cosignatures)
        super().__init__(signer, fee, inner.timestamp if timestamp is None else timestamp,
                         inner.deadline if deadline is None else deadline, version, **common)

    def _attached(self):
        """Sorted by signer address, then hash; one per signer; not the initiator's (2.6)."""
        if not self.canonical:
            return self.cosignatures
        seen, out = {self.signer}, []
        for one in sorted(self.cosignatures,
                          key=lambda c: (address_of(c.signer, c.network), c.hash())):
            if one.signer not in seen:
                seen.add(one.signer)
                out.append(one)
        return out

    def inner_hash(self):
        return self.inner.hash()

    def body(self):
        return _blob(self.inner.non_verifiable())

    def verifiable(self):
        attached = self._attached()
        return super().verifiable() + struct.pack("<I", len(attached)) \
            + b"".join(_blob(one.verifiable()) for one in attached)

    def verify(self):
        """The wrapper's signature and those of all attached cosignatures."""
        return super().verify() and all(
            one.verify() and one.other_hash == self.inner.hash()
            and one.other_account == address_of(self.inner.signer, self.network)
            for one in self._attached())

    def signers(self):
        """Public keys that count as having signed."""
        return {self.signer} | {one.signer for one in self._attached()}

    def minimum_fee(self):
        return 3 * FEE_UNIT

    def total_fee(self):
        """What the multisig account pays besides the amount (nem.md 3.3)."""
        return self.fee + self.inner.fee + sum(one.fee for one in self._attached())

    def _json_body(self):
        inner = self.inner.to_json()
        inner.pop("signature", None)
        return {"otherTrans": inner, "signatures": [one.to_json() for one in self._attached()]}

    @classmethod
    def _read(cls, reader, common):
        inner = decode(reader.blob())
        if inner.type in (MULTISIG, COSIGNATURE):
            raise Malformed("the inner transaction is itself a multisig or a cosignature")
        if inner.network != common["network"]:
            raise Malformed("the inner transaction is of another network")
        return cls(inner=inner, **common)

    @classmethod
    def _from_json(cls, obj, common):
        return cls(inner=from_json(obj["otherTrans"]),
                   cosignatures=[from_json(one) for one in obj.get("signatures", ())], **common)


_CLASSES = {TRANSFER: (Transfer, (1, 2)), MODIFICATION: (Modification, (1, 2)),
            COSIGNATURE: (Cosignature, (1,)), MULTISIG: (Multisig, (1,))}


def _read_transaction(reader, with_signature):
    kind = reader.u32()
    word = reader.u32()
    timestamp = reader.i32()
    signer = reader.sized(32, "signer")
    signature = reader.sized(64, "signature") if with_signature else None
    fee = reader.u63()
    deadline = reader.i32()
    if timestamp < 0 or deadline < 0:
        raise Malformed("a time before the nemesis block")
    if kind not in _CLASSES:
        raise Malformed(f"transaction type {kind} is not one this kit knows in full")
    cls, versions = _CLASSES[kind]
    version, network = word & 0xFFFF, word >> 24
    if word >> 16 & 0xFF or version not in versions:
        raise Malformed(f"version {word:#010x} of type {kind}")
    if network not in (MAINNET, TESTNET, MIJIN):
        raise Malformed(f"network {network:#x}")
    transaction = cls._read(reader, {
        "signer": signer, "fee": fee, "timestamp": timestamp, "deadline": deadline,
        "version": version, "network": network, "signature": signature})
    if with_signature and kind == MULTISIG:
        transaction.cosignatures = []
        for _ in range(reader.u32()):
            one = decode_verifiable(reader.blob())
            if one.type != COSIGNATURE:
                raise Malformed("a multisig carries something that is no cosignature")
            if one.other_hash != transaction.inner.hash() or one.network != network \
                    or one.other_account != address_of(transaction.inner.signer, network):
                raise Malformed("a multisig carries a cosignature of something else")
            transaction.cosignatures.append(one)
    return transaction


def decode(data):
    """A transaction from its non-verifiable bytes; Malformed unless they are canonical."""
    reader = _Reader(data)
    transaction = _read_transaction(reader, False)
    reader.end()
    if transaction.non_verifiable() != bytes(data):
        raise Malformed("the bytes are not in canonical form")
    return transaction


def decode_verifiable(data):
    """A transaction from its verifiable bytes; Malformed unless they are canonical."""
    reader = _Reader(data)
    transaction = _read_transaction(reader, True)
    reader.end()
    if transaction.verifiable() != bytes(data):
        raise Malformed("the bytes are not in canonical form")
    return transaction


def register(*classes):
    """Further types (nem_types.py), each with version 1 alone."""
    for cls in classes:
        _CLASSES[cls.type] = (cls, (1,))


def from_json(obj):
    """A transaction from a node's JSON (nem.md 2.7). Malformed names what is missing."""
    try:
        kind = obj["type"]
        if kind not in _CLASSES:
            raise Malformed(f"transaction type {kind} is not one this kit knows in full")
        cls, versions = _CLASSES[kind]
        word = obj["version"] & 0xFFFFFFFF
        version, network = word & 0xFFFF, word >> 24
        if word >> 16 & 0xFF or version not in versions:
            raise Malformed(f"version {obj['version']} of type {kind}")
        signature = obj.get("signature")
        return cls._from_json(obj, {
            "signer": bytes.fromhex(obj["signer"]), "fee": obj["fee"],
            "timestamp": obj["timeStamp"], "deadline": obj["deadline"], "version": version,
            "network": network,
            "signature": None if signature is None else bytes.fromhex(signature)})
    except (KeyError, TypeError, AttributeError) as problem:
        raise Malformed(f"transaction JSON: {problem!r}") from None


def payment(till_public, first, second, recipient, amount, timestamp, deadline=None,
            message=b"", network=NETWORK, inner_fee=None, outer_fee=3 * FEE_UNIT):
    """A complete 2-of-n payment: `first` cosigns, `second` wraps (design.md 7)."""
    inner = Transfer(till_public, recipient, amount, inner_fee, timestamp, deadline, message,
                     network=network)
    return Multisig(second, inner, [Cosignature.of(first, inner)], outer_fee,
                    network=network).sign(second)


# ---------------------------------------------------------------- effects on balances (nem.md 3.3)

def effects(transaction):
    """(address, change in micro-XEM) of one transaction, fees to the harvester and levies left out:
    a levy stands in the definition of the mosaic, not in the transfer."""
    if isinstance(transaction, Multisig):
        account = address_of(transaction.inner.signer, transaction.network)
        outer = transaction.total_fee() - transaction.inner.fee
        return [(account, -outer)] + effects(transaction.inner)
    if isinstance(transaction, Cosignature):
        return [(transaction.other_account, -transaction.fee)]
    out = [(transaction.address(), -transaction.fee)]
    if isinstance(transaction, Transfer):
        moved = transaction.xem_moved()
        out += [(transaction.address(), -moved), (transaction.recipient, moved)]
    elif isinstance(transaction, nem_types.Namespace):
        out += [(transaction.address(), -transaction.rental_fee),
                (transaction.sink, transaction.rental_fee)]
    elif isinstance(transaction, nem_types.Definition):
        out += [(transaction.address(), -transaction.creation_fee),
                (transaction.sink, transaction.creation_fee)]
    return out


def fee_of(transaction):
    """What the harvester gets for one transaction of a block."""
    return transaction.total_fee() if isinstance(transaction, Multisig) else transaction.fee


# ---------------------------------------------------------------- blocks (nem.md 2.9)

class Block:
    def __init__(self, signer, previous_hash, height, timestamp, transactions=(), kind=1,
                 network=NETWORK, version=1, signature=None):
        self.signer = signer.public if isinstance(signer, KeyPair) else bytes(signer)
        self.previous_hash = bytes(previous_hash)
        self.height = height
        self.timestamp = timestamp
        self.transactions = list(transactions)
        self.kind = kind
        self.network = network
        self.version = version
        self.signature = signature

    def _head(self):
        return struct.pack("<iIi", self.kind, self.network << 24 | self.version,
                           self.timestamp) + _blob(self.signer)

    def _tail(self):
        return _blob(_blob(self.previous_hash)) \
            + struct.pack("<QI", self.height, len(self.transactions)) \
            + b"".join(_blob(one.verifiable()) for one in self.transactions)

    def non_verifiable(self):
        """What is hashed and signed."""
        return self._head() + self._tail()

    def verifiable(self):
        if self.signature is None or len(self.signature) != 64:
            raise Malformed("the verifiable form needs a signature of 64 bytes")
        return self._head() + _blob(self.signature) + self._tail()

    def hash(self):
        return keccak256(self.non_verifiable())

    def sign(self, key):
        self.signature = key.sign(self.non_verifiable())
        return self

    def verify(self):
        return self.signature is not None \
            and verify(self.signer, self.non_verifiable(), self.signature)

    def to_json(self):
        return {"type": self.kind, "version": _signed32(self.network << 24 | self.version),
                "timeStamp": self.timestamp, "signer": self.signer.hex(),
                "signature": self.signature.hex() if self.signature else None,
                "prevBlockHash": {"data": self.previous_hash.hex()}, "height": self.height,
                "transactions": [one.to_json() for one in self.transactions]}

    @classmethod
    def from_json(cls, obj):
        try:
            word = obj["version"] & 0xFFFFFFFF
            signature = obj.get("signature")
            return cls(bytes.fromhex(obj["signer"]),
                       bytes.fromhex(obj["prevBlockHash"]["data"]), obj["height"],
                       obj["timeStamp"], [from_json(one) for one in obj["transactions"]],
                       obj["type"], word >> 24, word & 0xFFFF,
                       None if signature is None else bytes.fromhex(signature))
        except (KeyError, TypeError, AttributeError) as problem:
            raise Malformed(f"block JSON: {problem!r}") from None

    def effects(self):
        """(address, change) of the whole block, fees to the harvester included."""
        out = []
        for one in self.transactions:
            out += effects(one)
        out.append((address_of(self.signer, self.network),
                    sum(fee_of(one) for one in self.transactions)))
        return out


def apply(balances, block):
    """Plays a block on a dict of balances; ValueError when one would fall below zero."""
    for address, change in block.effects():
        balances[address] = balances.get(address, 0) + change
    for address, _ in block.effects():
        if balances[address] < 0:
            raise ValueError(f"block {block.height}: {address} falls to {balances[address]}")
    return balances


import nem_types  # noqa: E402,F401  the other types: they are classes of the ones above
