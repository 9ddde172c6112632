# SPDX-License-Identifier: Apache-2.0
"""NEM's other transactions in plain Python: importance, namespaces, mosaics (nem.md 2.4 - 2.7, 3.5).

Part of nem.py, which reads and writes these types as its own; written from nem.md and not from the
C code, so that the two can judge each other.
"""

import re
import struct

import nem
from nem import FEE_UNIT, KeyPair, Malformed, Transaction, _blob, _Reader, check_address

IMPORTANCE, NAMESPACE, DEFINITION, SUPPLY = 2049, 8193, 16385, 16386
QUANTITY_MAX = 9_000_000_000_000_000
LONG_MAX = (1 << 63) - 1
ABSOLUTE, PERCENTILE = 1, 2

_PART = re.compile(r"[a-z0-9][a-z0-9_-]*")
_NAME = re.compile(r"[a-z0-9][a-z0-9'_-]*( [a-z0-9'_-]+)*")
# Java's Character.isWhitespace.
_BLANK = {*range(0x09, 0x0E), *range(0x1C, 0x21), 0x1680, *range(0x2000, 0x200B), 0x2028, 0x2029,
          0x205F, 0x3000} - {0x2007}


def check_part(text):
    if not _PART.fullmatch(text) or len(text) > 128:
        raise Malformed(f"namespace part {text!r}")


def check_namespace(text):
    parts = text.split(".")
    if len(parts) > 3 or len(text) > 128:
        raise Malformed(f"namespace {text!r}")
    for i, part in enumerate(parts):
        check_part(part)
        if len(part) > (64 if i else 16):
            raise Malformed(f"namespace part {part!r} is too long")


def check_mosaic_id(namespace, name):
    check_namespace(namespace)
    if not _NAME.fullmatch(name) or len(name) > 32:
        raise Malformed(f"mosaic name {name!r}")


def check_description(text):
    units = len(text.encode("utf-16-le")) // 2
    if units == 0 or units > 512 or all(ord(c) in _BLANK for c in text):
        raise Malformed("the description of a mosaic is empty, blank or too long")


def check_long(number, what):
    if not 0 <= number <= LONG_MAX:
        raise Malformed(f"{what}: {number}")


def _text(reader, what):
    try:
        return reader.blob().decode()
    except UnicodeDecodeError:
        raise Malformed(f"{what}: not UTF-8") from None


def identity_bytes(namespace, name):
    return _blob(_blob(namespace.encode()) + _blob(name.encode()))


def read_identity(reader):
    inside = _Reader(reader.blob())
    pair = _text(inside, "namespace"), _text(inside, "name")
    inside.end()
    check_mosaic_id(*pair)
    return pair


def _identity_json(pair):
    return {"namespaceId": pair[0], "name": pair[1]}


def _identity_of(obj):
    check_mosaic_id(obj["namespaceId"], obj["name"])
    return obj["namespaceId"], obj["name"]


class Importance(Transaction):
    """Type 2049: mode 1 lets a remote key harvest with the signer's importance, 2 ends that."""

    type = IMPORTANCE

    def __init__(self, signer, mode, remote, fee=3 * FEE_UNIT, timestamp=0, deadline=None,
                 version=1, **common):
        self.mode = mode
        self.remote = remote.public if isinstance(remote, KeyPair) else bytes(remote)
        super().__init__(signer, fee, timestamp,
                         timestamp + 3600 if deadline is None else deadline, version, **common)

    def body(self):
        return struct.pack("<I", self.mode) + _blob(self.remote)

    def minimum_fee(self):
        return 3 * FEE_UNIT

    def _json_body(self):
        return {"mode": self.mode, "remoteAccount": self.remote.hex()}

    @classmethod
    def _read(cls, reader, common):
        mode = reader.u32()
        if mode not in (1, 2):
            raise Malformed(f"importance mode {mode}")
        return cls(mode=mode, remote=reader.sized(32, "remote account"), **common)

    @classmethod
    def _from_json(cls, obj, common):
        return cls(mode=obj["mode"], remote=bytes.fromhex(obj["remoteAccount"]), **common)


class Namespace(Transaction):
    """Type 8193: rents `part` under `parent` (None: a root)."""

    type = NAMESPACE

    def __init__(self, signer, sink, rental_fee, part, parent=None, fee=3 * FEE_UNIT, timestamp=0,
                 deadline=None, version=1, **common):
        self.sink, self.rental_fee, self.part, self.parent = sink, rental_fee, part, parent
        super().__init__(signer, fee, timestamp,
                         timestamp + 3600 if deadline is None else deadline, version, **common)

    def body(self):
        parent = struct.pack("<I", 0xFFFFFFFF) if self.parent is None \
            else _blob(self.parent.encode())
        return _blob(self.sink.encode()) + struct.pack("<Q", self.rental_fee) \
            + _blob(self.part.encode()) + parent

    def minimum_fee(self):
        return 3 * FEE_UNIT

    def _json_body(self):
        return {"rentalFeeSink": self.sink, "rentalFee": self.rental_fee, "newPart": self.part,
                "parent": self.parent}

    @classmethod
    def _read(cls, reader, common):
        sink = reader.address("rental fee sink")
        check_address(sink, common["network"])
        rental_fee = reader.u63()
        part = _text(reader, "new part")
        check_part(part)
        parent = None
        if reader.data[reader.at:reader.at + 4] == b"\xff" * 4:
            reader.u32()
        else:
            parent = _text(reader, "parent")
            check_namespace(parent)
        return cls(sink=sink, rental_fee=rental_fee, part=part, parent=parent, **common)

    @classmethod
    def _from_json(cls, obj, common):
        return cls(sink=obj["rentalFeeSink"], rental_fee=obj["rentalFee"], part=obj["newPart"],
                   parent=obj["parent"], **common)


class Definition(Transaction):
    """Type 16385. `levy`: None or (type, recipient, (namespace, name), fee)."""

    type = DEFINITION

    def __init__(self, signer, identity, description, sink, creation_fee, divisibility=0,
                 initial_supply=1000, supply_mutable=False, transferable=True, levy=None,
                 creator=None, fee=3 * FEE_UNIT, timestamp=0, deadline=None, version=1, **common):
        self.identity, self.description = tuple(identity), description
        self.sink, self.creation_fee = sink, creation_fee
        self.divisibility, self.initial_supply = divisibility, initial_supply
        self.supply_mutable, self.transferable, self.levy = supply_mutable, transferable, levy
        super().__init__(signer, fee, timestamp,
                         timestamp + 3600 if deadline is None else deadline, version, **common)
        self.creator = self.signer if creator is None else bytes(creator)

    def _properties(self):
        return [("divisibility", str(self.divisibility)),
                ("initialSupply", str(self.initial_supply)),
                ("supplyMutable", "true" if self.supply_mutable else "false"),
                ("transferable", "true" if self.transferable else "false")]

    def body(self):
        levy = b""
        if self.levy is not None:
            kind, recipient, identity, fee = self.levy
            levy = struct.pack("<I", kind) + _blob(recipient.encode()) \
                + identity_bytes(*identity) + struct.pack("<Q", fee)
        definition = _blob(self.creator) + identity_bytes(*self.identity) \
            + _blob(self.description.encode()) + struct.pack("<I", 4) \
            + b"".join(_blob(_blob(name.encode()) + _blob(value.encode()))
                       for name, value in self._properties()) \
            + _blob(levy)
        return _blob(definition) + _blob(self.sink.encode()) \
            + struct.pack("<Q", self.creation_fee)

    def minimum_fee(self):
        return 3 * FEE_UNIT

    def _json_body(self):
        levy = {}
        if self.levy is not None:
            kind, recipient, identity, fee = self.levy
            levy = {"type": kind, "recipient": recipient, "mosaicId": _identity_json(identity),
                    "fee": fee}
        return {"mosaicDefinition": {
                    "creator": self.creator.hex(), "description": self.description,
                    "id": _identity_json(self.identity),
                    "properties": [{"name": n, "value": v} for n, v in self._properties()],
                    "levy": levy},
                "creationFeeSink": self.sink, "creationFee": self.creation_fee}

    def _check(self):
        check_mosaic_id(*self.identity)
        check_description(self.description)
        if self.creator != self.signer:
            raise Malformed("the creator of a mosaic is not the signer")
        if not 0 <= self.divisibility <= 6 or \
                not 0 <= self.initial_supply * 10 ** self.divisibility <= QUANTITY_MAX:
            raise Malformed("divisibility or supply of a mosaic")
        check_address(self.sink, self.network)
        if self.levy is not None:
            kind, recipient, identity, fee = self.levy
            if kind not in (ABSOLUTE, PERCENTILE):
                raise Malformed(f"levy type {kind}")
            check_address(recipient, self.network)
            check_mosaic_id(*identity)
            check_long(fee, "levy")
        return self

    @classmethod
    def _read(cls, reader, common):
        inside = _Reader(reader.blob())
        creator = inside.sized(32, "creator")
        identity = read_identity(inside)
        description = _text(inside, "description")
        if inside.u32() != 4:
            raise Malformed("a definition has four properties")
        values = {}
        for _ in range(4):
            one = _Reader(inside.blob())
            name, value = _text(one, "property"), _text(one, "value")
            one.end()
            values[name] = value
        levy = _Reader(inside.blob())
        inside.end()
        read_levy = None
        if levy.data:
            kind, recipient = levy.u32(), levy.address("levy recipient")
            read_levy = kind, recipient, read_identity(levy), levy.u63()
            levy.end()
        sink, creation_fee = reader.address("creation fee sink"), reader.u63()
        try:
            # Whatever is spelt otherwise is found when the bytes are written again.
            return cls(identity=identity, description=description, sink=sink,
                       creation_fee=creation_fee, divisibility=int(values["divisibility"]),
                       initial_supply=int(values["initialSupply"]),
                       supply_mutable=values["supplyMutable"] == "true",
                       transferable=values["transferable"] == "true",
                       levy=read_levy, creator=creator, **common)._check()
        except (KeyError, ValueError) as problem:
            raise Malformed(f"mosaic definition: {problem!r}") from None

    @classmethod
    def _from_json(cls, obj, common):
        definition = obj["mosaicDefinition"]
        values = {p["name"]: p["value"] for p in definition["properties"]}
        levy = definition["levy"] or None
        if levy is not None:
            levy = levy["type"], levy["recipient"], _identity_of(levy["mosaicId"]), levy["fee"]
        return cls(identity=_identity_of(definition["id"]), description=definition["description"],
                   sink=obj["creationFeeSink"], creation_fee=obj["creationFee"],
                   divisibility=int(values["divisibility"]),
                   initial_supply=int(values["initialSupply"]),
                   supply_mutable=values["supplyMutable"] == "true",
                   transferable=values["transferable"] == "true", levy=levy,
                   creator=bytes.fromhex(definition["creator"]), **common)._check()


class Supply(Transaction):
    """Type 16386: kind 1 makes `delta` whole units of a mosaic, 2 destroys them."""

    type = SUPPLY

    def __init__(self, signer, identity, kind, delta, fee=3 * FEE_UNIT, timestamp=0, deadline=None,
                 version=1, **common):
        self.identity, self.kind, self.delta = tuple(identity), kind, delta
        super().__init__(signer, fee, timestamp,
                         timestamp + 3600 if deadline is None else deadline, version, **common)

    def body(self):
        return identity_bytes(*self.identity) + struct.pack("<IQ", self.kind, self.delta)

    def minimum_fee(self):
        return 3 * FEE_UNIT

    def _json_body(self):
        return {"mosaicId": _identity_json(self.identity), "supplyType": self.kind,
                "delta": self.delta}

    @classmethod
    def _read(cls, reader, common):
        identity, kind, delta = read_identity(reader), reader.u32(), reader.u63()
        if kind not in (1, 2) or not 1 <= delta <= QUANTITY_MAX:
            raise Malformed(f"supply change {kind} of {delta}")
        return cls(identity=identity, kind=kind, delta=delta, **common)

    @classmethod
    def _from_json(cls, obj, common):
        return cls(identity=_identity_of(obj["mosaicId"]), kind=obj["supplyType"],
                   delta=obj["delta"], **common)


def levy_due(levy, moved):
    """What the sender pays on top.  NIS multiplies in 64 bits, which wrap
    (C:model/mosaic/DefaultMosaicTransferFeeCalculator.java)."""
    kind, _, _, fee = levy
    if kind == ABSOLUTE:
        return fee
    product = (moved * fee + (1 << 63)) % (1 << 64) - (1 << 63)
    quotient = abs(product) // 10_000
    if product < 0 < quotient:
        raise ValueError("NIS fails on a negative quantity")
    return quotient


nem.register(Importance, Namespace, Definition, Supply)
