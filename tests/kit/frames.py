# SPDX-License-Identifier: Apache-2.0
"""Frames between our processes over Unix sockets (design.md 10.2), from the client's side.

Frame, little-endian: u32 body bytes (at most 65,536), u16 number, u16 zero, u64 request id; the
body is items, each u32 length and its bytes. A request's number is even, its reply is number + 1.
The first request of a connection is HELLO; its body, and that of its reply, is the only one without
items: u32 version of the message table and its SHA-256, 36 bytes. Which messages a path takes stands in the rows of src/ipc/*.def; the hash is computed here
from those rows, as the text of src/ipc/gate.h says.
"""

import hashlib
import re
import socket
import struct
import time

HEADER = struct.Struct("<IHHQ")
BODY_MAX = 65_536
ITEMS_MAX = 72

HELLO = 2
SIGN = 16
ORDER = 18                              # of a signer and of a watcher
STATUS = 32
STOP_PUT, STOP_GET = 48, 50
EXCLUDE, TALLY, REFILL = 64, 66, 68     # of a watcher
VERSIONS = {"signer": 4, "watcher": 5}  # src/ipc/msgs.h
NEXT, HEARTBEAT, ACK, RECALL, SYNC = 64, 66, 68, 70, 72
SWEEP = 80
UNLOCK = 96

ROLES = {"ROLE_SERVER": 1, "ROLE_WATCHER": 2, "ROLE_STOP": 4, "ROLE_UNLOCK": 8, "ROLE_PEER": 16,
         "ROLE_ANY": 31}
PHASES = {"PHASE_ANY": 0, "PHASE_HELLO": 1, "PHASE_READY": 2}


class FrameError(Exception):
    """The other side closed, sent what is no frame, or answered another request."""


class Timeout(FrameError):
    """No complete answer within the time given."""


def pack_items(items):
    return b"".join(struct.pack("<I", len(item)) + bytes(item) for item in items)


def unpack_items(body):
    items, at = [], 0
    while at < len(body):
        if at + 4 > len(body):
            raise FrameError("an item's length is cut off")
        size = int.from_bytes(body[at:at + 4], "little")
        at += 4
        if at + size > len(body):
            raise FrameError("an item is cut off")
        items.append(body[at:at + size])
        at += size
    if len(items) > ITEMS_MAX:
        raise FrameError(f"{len(items)} items")
    return items


def pack_frame(number, body, request_id):
    return HEADER.pack(len(body), number, 0, request_id) + body


def pack(number, items, request_id):
    return pack_frame(number, pack_items(items), request_id)


def read_table(path):
    """The rows of a .def file as (name, number, capability, max_bytes, phase)."""
    with open(path, encoding="utf-8") as file:
        text = re.sub(r"/\*.*?\*/", "", file.read(), flags=re.S)
    rows = []
    for name, number, capability, size, phase in re.findall(
            r"MSG\(\s*(\w+)\s*,\s*(\d+)\s*,\s*([\w\s|]+?)\s*,\s*(\d+)\s*,\s*(\w+)\s*\)", text):
        bits = 0
        for role in capability.split("|"):
            bits |= ROLES[role.strip()]
        rows.append((name, int(number), bits, int(size), PHASES[phase]))
    if not rows:
        raise ValueError(f"{path}: no MSG rows")
    return rows


def table_hash(name, version, rows):
    """SHA-256 over the table's own text (src/ipc/gate.h, gate_table_init)."""
    text = f"kuramori ipc {name} {version}\n"
    for row in rows:
        text += " ".join(str(part) for part in row) + "\n"
    return hashlib.sha256(text.encode()).digest()


class Client:
    """A blocking connection. Not for several threads at once."""

    def __init__(self, path, timeout=5.0):
        self.path = str(path)
        self.timeout = timeout
        self.next_id = 1
        self.socket = None
        self.buffer = b""

    def connect(self, wait=0.0):
        """Connects, trying again for `wait` seconds while nobody listens. Returns itself."""
        deadline = time.monotonic() + wait
        while True:
            attempt = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM | socket.SOCK_CLOEXEC)
            attempt.settimeout(self.timeout)
            try:
                attempt.connect(self.path)
            except (FileNotFoundError, ConnectionRefusedError):
                attempt.close()
                if time.monotonic() >= deadline:
                    raise
                time.sleep(0.01)
                continue
            except BaseException:
                attempt.close()
                raise
            self.socket = attempt
            self.buffer = b""
            return self

    def close(self):
        if self.socket is not None:
            self.socket.close()
            self.socket = None

    def __enter__(self):
        return self if self.socket is not None else self.connect()

    def __exit__(self, *_):
        self.close()

    def hello(self, version, table):
        """Says HELLO; FrameError when the other side has another table. Returns itself."""
        mine = struct.pack("<I", version) + bytes(table)
        body = self.wait_body(self.send_body(HELLO, mine), HELLO)
        if body != mine:
            raise FrameError("the other side has another message table")
        return self

    def send_raw(self, data):
        """Any bytes, for tests of what is malformed."""
        self.socket.sendall(data)

    def send_body(self, number, body):
        """Sends a request with any body without waiting; returns its id."""
        request_id = self.next_id
        self.next_id += 1
        self.send_raw(pack_frame(number, body, request_id))
        return request_id

    def send(self, number, items=()):
        """Sends a request without waiting; returns its id."""
        return self.send_body(number, pack_items(items))

    def _fill(self, size, deadline):
        while len(self.buffer) < size:
            left = deadline - time.monotonic()
            if left <= 0:
                raise Timeout(f"{self.path}: no answer in time")
            self.socket.settimeout(left)
            try:
                piece = self.socket.recv(BODY_MAX)
            except socket.timeout:
                raise Timeout(f"{self.path}: no answer in time") from None
            except ConnectionError:
                piece = b""
            if not piece:
                raise FrameError(f"{self.path}: the other side closed")
            self.buffer += piece

    def receive(self, timeout=None):
        """The next frame, as (number, request id, body). After a Timeout one may ask again."""
        deadline = time.monotonic() + (self.timeout if timeout is None else timeout)
        self._fill(HEADER.size, deadline)
        size, number, zero, request_id = HEADER.unpack_from(self.buffer)
        if size > BODY_MAX or zero:
            raise FrameError(f"{self.path}: header with size {size} and reserved {zero}")
        self._fill(HEADER.size + size, deadline)
        body = self.buffer[HEADER.size:HEADER.size + size]
        self.buffer = self.buffer[HEADER.size + size:]
        return number, request_id, body

    def wait_body(self, request_id, number, timeout=None):
        """The body of the reply to one request; replies to earlier, abandoned ones are skipped."""
        deadline = time.monotonic() + (self.timeout if timeout is None else timeout)
        while True:
            got, identifier, body = self.receive(max(0.0, deadline - time.monotonic()))
            if identifier < request_id:
                continue
            if identifier != request_id or got != number + 1:
                raise FrameError(f"{self.path}: reply {got} to request {identifier}, "
                                 f"expected {number + 1} to {request_id}")
            return body

    def wait_reply(self, request_id, number, timeout=None):
        """The items of the reply to one request."""
        return unpack_items(self.wait_body(request_id, number, timeout))

    def call(self, number, items=(), timeout=None):
        """One request and its reply's items."""
        return self.wait_reply(self.send(number, items), number, timeout)

    def closed_by_peer(self, timeout=2.0):
        """True when the other side closes within the time without sending another byte."""
        deadline = time.monotonic() + timeout
        try:
            self._fill(len(self.buffer) + 1, deadline)
        except Timeout:
            return False
        except FrameError:
            return True
        return False


def open_client(path, table_name, version, def_path, timeout=5.0, wait=0.0):
    """Connected and past HELLO: table_name is "signer" or "watcher", def_path its .def file."""
    client = Client(path, timeout).connect(wait)
    try:
        return client.hello(version, table_hash(table_name, version, read_table(def_path)))
    except BaseException:
        client.close()
        raise
