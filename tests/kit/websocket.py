# SPDX-License-Identifier: Apache-2.0
"""The WebSocket port of NIS, spoken raw: HTTP upgrade, RFC 6455, SockJS, STOMP (docs/node.md). Every
layer can be left out or broken on purpose; nothing here is shared with the node."""

import base64
import hashlib
import http.client
import json
import os
import socket
import struct

GUID = b"258EAFA5-E914-47DA-95CA-C5AB0DC85B11"
CONTINUATION, TEXT, BINARY, CLOSE, PING, PONG = 0, 1, 2, 8, 9, 10


class Closed(Exception):
    """The other side hung up; code is that of its close frame, or None."""

    def __init__(self, code=None):
        super().__init__(f"closed with {code}")
        self.code = code


def get(port, path, method="GET", **headers):
    """(status, headers, body) of one plain request."""
    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=10)
    try:
        connection.request(method, path, headers=headers)
        reply = connection.getresponse()
        return reply.status, dict(reply.getheaders()), reply.read()
    finally:
        connection.close()


def frame(opcode, payload=b"", last=True, masked=True, reserved=0):
    """A client's frame."""
    head = bytes([(0x80 if last else 0) | reserved << 4 | opcode])
    bit = 0x80 if masked else 0
    if len(payload) < 126:
        head += bytes([bit | len(payload)])
    elif len(payload) < 65536:
        head += bytes([bit | 126]) + struct.pack(">H", len(payload))
    else:
        head += bytes([bit | 127]) + struct.pack(">Q", len(payload))
    if not masked:
        return head + payload
    mask = os.urandom(4)
    return head + mask + bytes(b ^ mask[i % 4] for i, b in enumerate(payload))


class WebSocket:
    """One connection after its upgrade."""

    def __init__(self, port, path="/w/messages/websocket", timeout=10.0, receive_buffer=None):
        self.socket = socket.socket()
        if receive_buffer is not None:
            self.socket.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, receive_buffer)
        self.socket.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        self.socket.settimeout(timeout)
        self.socket.connect(("127.0.0.1", port))
        self.have = b""
        try:
            self._upgrade(path)
        except Exception:
            self.close()
            raise

    def _upgrade(self, path):
        key = base64.b64encode(os.urandom(16))
        self.socket.sendall(b"GET " + path.encode() + b" HTTP/1.1\r\nHost: 127.0.0.1\r\n"
                            b"Upgrade: websocket\r\nConnection: Upgrade\r\nSec-WebSocket-Key: " + key +
                            b"\r\nSec-WebSocket-Version: 13\r\n\r\n")
        while b"\r\n\r\n" not in self.have:
            self._more()
        head, self.have = self.have.split(b"\r\n\r\n", 1)
        lines = head.split(b"\r\n")
        if not lines[0].startswith(b"HTTP/1.1 101 "):
            raise Closed(int(lines[0].split()[1]))
        accept = base64.b64encode(hashlib.sha1(key + GUID).digest())
        if b"Sec-WebSocket-Accept: " + accept not in lines:
            raise Closed("accept")

    def _more(self):
        more = self.socket.recv(65536)
        if not more:
            raise Closed
        self.have += more

    def _take(self, count):
        while len(self.have) < count:
            self._more()
        taken, self.have = self.have[:count], self.have[count:]
        return taken

    def send(self, data, opcode=TEXT, **more):
        self.socket.sendall(frame(opcode, data, **more))

    def read(self):
        """(opcode, payload) of the next frame; a close frame is Closed."""
        first, second = self._take(2)
        assert first & 0x80 and not second & 0x80, "a server sends whole frames without a mask"
        length = second & 0x7f
        if length == 126:
            length, = struct.unpack(">H", self._take(2))
        elif length == 127:
            length, = struct.unpack(">Q", self._take(8))
        payload = self._take(length)
        if first & 0x0f == CLOSE:
            raise Closed(struct.unpack(">H", payload[:2])[0] if payload else None)
        return first & 0x0f, payload

    def close(self):
        self.socket.close()

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.close()


def stomp(command, body=b"", **headers):
    """A frame; a header name's underscores are hyphens."""
    lines = [command] + [f"{name.replace('_', '-')}:{value}" for name, value in headers.items()]
    return "\n".join(lines).encode() + b"\n\n" + body + b"\0"


class Frame:
    def __init__(self, raw):
        assert raw.endswith(b"\0"), raw
        head, self.body = raw[:-1].split(b"\n\n", 1)
        lines = head.decode().split("\n")
        self.command = lines[0]
        self.headers = dict(line.split(":", 1) for line in lines[1:])

    def json(self):
        return json.loads(self.body)


class Client(WebSocket):
    """A STOMP session, over SockJS or not; connected unless told otherwise."""

    def __init__(self, port, sockjs=True, connect=True, **more):
        self.sockjs = sockjs
        self.count = 0
        super().__init__(port, "/w/messages/042/kuramori/websocket" if sockjs
                         else "/w/messages/websocket", **more)
        if sockjs:
            assert self.read() == (TEXT, b"o")
        if connect:
            self.put(stomp("CONNECT", accept_version="1.1,1.0", heart_beat="10000,10000"))
            connected = self.frame()
            assert (connected.command, connected.headers) == \
                ("CONNECTED", {"version": "1.1", "heart-beat": "0,0"}), vars(connected)

    def put(self, text):
        self.send(json.dumps([text.decode()]).encode() if self.sockjs else text)

    def subscribe(self, destination):
        self.count += 1
        self.put(stomp("SUBSCRIBE", id=f"sub-{self.count}", destination=destination))
        return f"sub-{self.count}"

    def say(self, destination, body=""):
        self.put(stomp("SEND", body.encode(), destination=destination,
                       content_length=len(body.encode())))

    def ask(self, what, address=None):
        """As nem-sdk asks: an object in single quotes."""
        self.say("/w/api/" + what, "" if address is None else "{'account':'" + address + "'}")

    def frame(self):
        """The next STOMP frame; heart-beats of SockJS are passed over."""
        opcode, payload = self.read()
        while self.sockjs and payload == b"h":
            opcode, payload = self.read()
        assert opcode == TEXT
        if not self.sockjs:
            return Frame(payload)
        if payload.startswith(b"c"):
            raise Closed(json.loads(payload[1:])[0])
        assert payload.startswith(b"a") and payload.isascii(), payload
        texts = json.loads(payload[1:])
        assert len(texts) == 1
        return Frame(texts[0].encode())

    def message(self):
        """(destination, JSON) of the next message."""
        got = self.frame()
        assert got.command == "MESSAGE" and got.body.endswith(b"\r\n"), vars(got)
        assert int(got.headers["content-length"]) == len(got.body)
        return got.headers["destination"], got.json()

    def settled(self):
        """Everything that was said before is here: what the node answers to this comes last."""
        mark = self.subscribe("/node/info")
        self.ask("node/info")
        out = []
        while True:
            topic, body = self.message()
            if topic == "/node/info":
                break
            out.append((topic, body))
        self.put(stomp("UNSUBSCRIBE", id=mark))
        return out
