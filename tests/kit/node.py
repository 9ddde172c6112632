# SPDX-License-Identifier: Apache-2.0
"""A client of a NIS node's REST interface (nem.md section 5), over one kept-alive connection.

It reads what wallets and followers read and can announce like a wallet (/transaction/announce) or
push a complete unit like a peer (/push/transaction, nem.md 5.4.3). Answers of the node are parsed,
not believed: blocks() recomputes hashes and signatures from the JSON.
"""

import http.client
import json
import os
from urllib.parse import urlencode

import nem
from keccak import keccak256


class NodeError(Exception):
    """The node answered with something other than 200 and JSON; status 0: it did not answer."""

    def __init__(self, status, text):
        super().__init__(f"node: {status} {text}")
        self.status = status
        self.text = text


class Node:
    """One connection, not for several threads at once."""

    def __init__(self, port, host="127.0.0.1", timeout=5.0, network=nem.NETWORK):
        self.host, self.port, self.timeout, self.network = host, port, timeout, network
        self._connection = None
        self._identity = None

    def close(self):
        if self._connection is not None:
            self._connection.close()
            self._connection = None

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.close()

    def raw(self, method, path, body=None, headers=None):
        """(status, bytes) of any request. A reused connection that the node has closed meanwhile
        is opened once more: every request here may safely be repeated (announcing the same bytes
        twice gives NEUTRAL)."""
        for again in (True, False):
            fresh = self._connection is None
            if fresh:
                self._connection = http.client.HTTPConnection(self.host, self.port,
                                                              timeout=self.timeout)
            try:
                self._connection.request(method, path, body, headers or {})
                reply = self._connection.getresponse()
                data = reply.read()
                if reply.will_close:
                    self.close()
                return reply.status, data
            except (http.client.HTTPException, OSError) as problem:
                self.close()
                closed = isinstance(problem, (http.client.RemoteDisconnected,
                                              ConnectionResetError, BrokenPipeError))
                if fresh or not again or not closed:
                    raise NodeError(0, f"{type(problem).__name__}: {problem}") from None
        raise AssertionError("unreachable")

    def _json(self, status, data):
        text = data.decode("utf-8", "replace")
        if status != 200:
            try:
                text = json.loads(text)["message"]
            except (ValueError, KeyError, TypeError):
                pass
            raise NodeError(status, text)
        if not text.strip():
            return None
        try:
            return json.loads(text)
        except ValueError:
            raise NodeError(status, "the answer is no JSON") from None

    def get(self, path, **parameters):
        if parameters:
            path += "?" + urlencode(parameters)
        return self._json(*self.raw("GET", path))

    def post(self, path, obj):
        return self._json(*self.raw("POST", path, json.dumps(obj).encode(),
                                    {"Content-Type": "application/json"}))

    # -- chain

    def heartbeat(self):
        return self.get("/heartbeat")["code"] == 1

    def height(self):
        return self.get("/chain/height")["height"]

    def last_block(self):
        return nem.Block.from_json(self.get("/chain/last-block"))

    def network_time_ms(self):
        """Milliseconds since the nemesis epoch."""
        return self.get("/time-sync/network-time")["sendTimeStamp"]

    def block_json(self, height):
        return self.post("/block/at/public", {"height": height})

    def block(self, height):
        return nem.Block.from_json(self.block_json(height))

    def blocks(self, first=1, last=None, verify=True):
        """Blocks in order; ValueError when the chain of hashes or (verify) a signature is broken.
        The nemesis block's transactions are not verified: its signer has no rules to keep."""
        last = self.height() if last is None else last
        previous = None
        for height in range(first, last + 1):
            block = self.block(height)
            if block.height != height:
                raise ValueError(f"asked for block {height}, got {block.height}")
            if previous is not None and block.previous_hash != previous:
                raise ValueError(f"block {height} does not follow block {height - 1}")
            if verify and not block.verify():
                raise ValueError(f"block {height}: signature does not verify")
            if verify and height > 1 and not all(one.verify() for one in block.transactions):
                raise ValueError(f"block {height}: a transaction's signature does not verify")
            previous = block.hash()
            yield block

    def balances(self, verify=False):
        """Every balance recomputed from the blocks, fees and harvesters included: the node's own
        figures are not asked."""
        out = {}
        for block in self.blocks(verify=verify):
            if block.height == 1:
                # The nemesis block creates the supply: its signer starts with what it gives out.
                signer = nem.address_of(block.signer, block.network)
                out[signer] = sum(change for address, change in block.effects()
                                  if address != signer and change > 0)
                out[signer] += sum(nem.fee_of(one) for one in block.transactions)
            nem.apply(out, block)
        return out

    # -- accounts

    def account(self, address):
        return self.get("/account/get", address=address)

    def balance(self, address):
        """The confirmed balance in micro-XEM, as the node says."""
        return self.account(address)["account"]["balance"]

    def unconfirmed(self, address):
        """Pending transactions of an account: (transaction, inner hash or None)."""
        out = []
        for pair in self.get("/account/unconfirmedTransactions", address=address)["data"]:
            inner = pair["meta"].get("data")
            out.append((nem.from_json(pair["transaction"]), bytes.fromhex(inner) if inner else None))
        return out

    def transfers(self, address, which="all", **parameters):
        return self.get(f"/account/transfers/{which}", address=address, **parameters)["data"]

    # -- transactions

    def announce(self, transaction):
        """Announces as a wallet does; the answer as a dict. code 1 means only "in this pool"."""
        return self.announce_bytes(transaction.non_verifiable(), transaction.signature)

    def announce_bytes(self, data, signature):
        return self.post("/transaction/announce", {"data": data.hex(),
                                                   "signature": signature.hex()})

    def push_body(self, transaction, key=None):
        """The signed envelope of a peer around a transaction with everything attached."""
        if key is None:
            if self._identity is None:
                self._identity = nem.KeyPair.random()
            key = self._identity
        return {"entity": transaction.to_json(),
                "signature": key.sign(keccak256(transaction.verifiable())).hex(),
                "identity": {"name": "test kit", "public-key": key.public_hex}}

    def push(self, transaction):
        """Pushes a complete unit. The answer says nothing: look into pool and chain."""
        return self.post("/push/transaction", self.push_body(transaction))

    def pool(self):
        """The whole pool (POST /transactions/unconfirmed)."""
        answer = self.post("/transactions/unconfirmed",
                           {"challenge": {"data": os.urandom(64).hex()},
                            "entity": {"hashShortIds": []}})
        return [nem.from_json(one) for one in answer["entity"]["data"]]

    def transaction(self, hash32):
        """(meta, transaction) of a confirmed one by hash, or None when the node forgot or never
        knew it; that proves nothing (nem.md 5.4.3)."""
        try:
            pair = self.get("/transaction/get", hash=hash32.hex())
        except NodeError as problem:
            if problem.status == 400:
                return None
            raise
        return pair["meta"], nem.from_json(pair["transaction"])
