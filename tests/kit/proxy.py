# SPDX-License-Identifier: Apache-2.0
"""A small TCP proxy in front of a node that can hold back announcements (POST /push/transaction)
while everything else passes: what a slow or hostile network does to a server."""

import json
import socket
import threading

import nem


class Proxy:
    """Listens on `port` of the loopback. hold() and release() concern announcements only; `units`
    are the transactions of all announcements that came, in order."""

    def __init__(self, upstream):
        self.upstream = upstream
        self.open = threading.Event()
        self.open.set()
        self.units = []
        self.listener = socket.create_server(("127.0.0.1", 0))
        self.port = self.listener.getsockname()[1]
        threading.Thread(target=self._accept, daemon=True).start()

    def hold(self):
        self.open.clear()

    def release(self):
        self.open.set()

    def close(self):
        self.release()
        self.listener.close()

    def _accept(self):
        while True:
            try:
                client, _ = self.listener.accept()
            except OSError:
                return
            threading.Thread(target=self._serve, args=(client,), daemon=True).start()

    def _serve(self, client):
        try:
            node = socket.create_connection(("127.0.0.1", self.upstream))
        except OSError:
            client.close()
            return
        threading.Thread(target=self._back, args=(node, client), daemon=True).start()
        try:
            while True:
                request = self._request(client)
                if not request:
                    break
                if request.startswith(b"POST /push/transaction "):
                    self._note(request)
                    self.open.wait()
                node.sendall(request)
        except OSError:
            pass
        for one in (node, client):
            one.close()

    def _note(self, request):
        try:
            entity = json.loads(request.split(b"\r\n\r\n", 1)[1])["entity"]
            self.units.append(nem.from_json(entity))
        except (ValueError, KeyError, IndexError):
            pass                            # the node will say what it thinks of it

    @staticmethod
    def _request(client):
        """One whole HTTP request with a Content-Length or without a body; b"" at the end."""
        data = b""
        while b"\r\n\r\n" not in data:
            piece = client.recv(65536)
            if not piece:
                return b""
            data += piece
        head, body = data.split(b"\r\n\r\n", 1)
        length = 0
        for line in head.split(b"\r\n")[1:]:
            name, _, value = line.partition(b":")
            if name.strip().lower() == b"content-length":
                length = int(value)
        while len(body) < length:
            piece = client.recv(65536)
            if not piece:
                return b""
            body += piece
        return head + b"\r\n\r\n" + body

    @staticmethod
    def _back(node, client):
        try:
            while True:
                piece = node.recv(65536)
                if not piece:
                    break
                client.sendall(piece)
        except OSError:
            pass
        for one in (node, client):
            one.close()
