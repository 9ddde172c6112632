#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Goal: the real watcher notices, stops and evacuates, whatever signers, nodes and machines do.

Method: kuramori-watch with its journal and sockets against the real kuramori-node over HTTP; this
program plays both signers on their sockets (every message of src/ipc/signer.def that a watcher
sends), people, the back end and a thief with both keys. Everything signed is verified by the kit's
own code; the journal is read by the kit's own auditor. kill -9 at random moments; nodes that are
down, silent or talk garbage; wrong starts.
"""

import hashlib
import os
import random
import socket
import sys
import threading
import time
from pathlib import Path

ROOT = Path(__file__).resolve().parents[3]
sys.path.insert(0, str(ROOT / "tests/kit"))

import audit  # noqa: E402
import canon  # noqa: E402
import frames  # noqa: E402
import nem  # noqa: E402
import process  # noqa: E402
import tap  # noqa: E402
import world as kit  # noqa: E402

BUILD = Path(os.environ.get("KURAMORI_BUILD", ROOT / "build"))
SEED = int(os.environ.get("KURAMORI_SEED", "1"))
XEM = kit.XEM
DEF = ROOT / "src/ipc/signer.def"
TABLE = frames.table_hash("signer", frames.VERSIONS["signer"], frames.read_table(DEF))

history = {"a": [], "b": []}


class FakeSigner:
    """One signer as its watcher sees it: a listening socket and what it was told to say."""

    def __init__(self, world, which, watcher):
        self.world, self.which = world, which
        self.attest = attest_keys[which]
        self.chain = world.keys.a if which == "a" else world.keys.b
        self.path = world.socket(f"signer-{which}", watcher)
        self.lock = threading.RLock()
        # (sequence, [raw documents]): what stands in the chain since earlier scenes, and is told to
        # every new watcher
        self.records = list(history[which])
        self.sequence = self.records[-1][0] if self.records else 0
        self.acks, self.stops, self.heartbeats, self.sweeps = {}, [], [], []
        self.nonce = os.urandom(32)
        self.held = None             # (connection, request id, after) of a NEXT that waits
        self.told = None             # nonce that was told last
        self.swept = {}
        self.connections = set()
        self.running = True
        self.refuse_sweeps = False
        self.path.unlink(missing_ok=True)
        self.listener = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
        self.listener.bind(str(self.path))
        os.chmod(self.path, 0o660)  # as a signer's; the kit gives it to the watchers' group
        self.listener.listen(4)
        threading.Thread(target=self.accept, daemon=True).start()

    def close(self):
        self.running = False
        with self.lock:
            history[self.which] = [r for r in self.records if canon.open_document(r[1][0]).id in self.acks]
            for one in list(self.connections):
                one.close()
            self.listener.close()
        self.path.unlink(missing_ok=True)

    def accept(self):
        while self.running:
            try:
                connection, _ = self.listener.accept()
            except OSError:
                return
            with self.lock:
                self.connections.add(connection)
                self.told = None
            threading.Thread(target=self.serve, args=(connection,), daemon=True).start()

    def serve(self, connection):
        buffer = b""
        try:
            while True:
                piece = connection.recv(65536)
                if not piece:
                    break
                buffer += piece
                while len(buffer) >= 16:
                    size, number, _, request_id = frames.HEADER.unpack_from(buffer)
                    if len(buffer) < 16 + size:
                        break
                    body, buffer = buffer[16:16 + size], buffer[16 + size:]
                    with self.lock:
                        self.take(connection, number, request_id, body)
        except OSError:
            pass
        with self.lock:
            self.connections.discard(connection)
            if self.held is not None and self.held[0] is connection:
                self.held = None
        connection.close()

    def reply(self, connection, number, request_id, items):
        connection.sendall(frames.pack(number + 1, items, request_id))

    def document(self, type_name, body, *keys):
        return canon.Document(type_name, dict(body, genesis=self.world.genesis.id)).sign(*keys)

    def nonce_raw(self):
        return self.document("nonce", {
            "frozen": bool(self.stops), "head": canon.ZERO_ID, "nonce": self.nonce.hex(),
            "sequence": self.sequence, "signer": self.which, "stop_count": len(self.stops),
            "stop_head": stop_head(self.stops)}).raw

    def take(self, connection, number, request_id, body):
        if number == frames.HELLO:
            mine = frames.VERSIONS["signer"].to_bytes(4, "little") + TABLE
            assert body == mine, "HELLO of another table"
            connection.sendall(frames.pack_frame(frames.HELLO + 1, mine, request_id))
            return
        items = frames.unpack_items(body)
        genesis, key = self.world.genesis.id, self.world.keys.watchers["watcher-1"].public_hex
        if number == frames.NEXT:
            after = canon.open_document(items[0], genesis, "cursor").body["after"]
            self.held = (connection, request_id, after)
            self.feed()
        elif number == frames.SYNC:
            self.reply(connection, number, request_id, [self.nonce_raw()])
        elif number == frames.ACK:
            ack = canon.open_document(items[0], genesis, "ack")
            assert ack.signed_by(key)
            self.acks[ack.body["attestation"]] = self.acks.get(ack.body["attestation"], 0) + 1
            self.reply(connection, number, request_id, [])
        elif number == frames.HEARTBEAT:
            beat = canon.open_document(items[0], genesis, "heartbeat")
            assert beat.signed_by(key) and beat.body["nonce"] == self.nonce.hex()
            self.heartbeats.append(beat.body)
            self.reply(connection, number, request_id, [])
        elif number == frames.STOP_PUT:
            freeze = canon.open_document(items[0], genesis, "freeze")
            if freeze.id not in [s.id for s in self.stops]:
                freeze.arrived = time.time()
                self.stops.append(freeze)
            receipt = self.document("receipt", {"document": freeze.id, "holder": self.which, "sequence": 1,
                                                "time_ms": kit.now_ms()}, self.attest)
            self.reply(connection, number, request_id, [receipt.raw])
        elif number == frames.STOP_GET:
            self.reply(connection, number, request_id, [s.raw for s in self.stops])
        elif number == frames.SWEEP:
            self.sweep(connection, request_id, items)
        else:
            raise AssertionError(f"message {number} is none of a watcher's")

    def sweep(self, connection, request_id, items):
        genesis = self.world.genesis.id
        sweep = canon.open_document(items[0], genesis, "sweep")
        freeze = canon.open_document(items[1], genesis, "freeze")
        self.sweeps.append(sweep.body)
        assert freeze.body["evacuate"] and freeze.body["evidence"], "no ground for a sweep"
        if self.refuse_sweeps:
            no = self.document("refusal", {"code": "no-evidence", "detail": "", "field": ""})
            self.reply(connection, frames.SWEEP, request_id, [no.raw])
            return
        if sweep.id not in self.swept:
            inner = transfer_of(sweep.body["account"], sweep.body, sweep.body["destination"],
                                int(sweep.body["amount"]), b"")
            signed = signed_part(self, inner, sweep.body)
            attestation = self.attested(sweep, inner, signed, [sweep.raw, freeze.raw])
            signature = self.document("signature", {"attestation": attestation.id,
                                                    "signature": signed.signature.hex()})
            self.swept[sweep.id] = [attestation.raw, signature.raw]
            if self.which == "b":
                part = canon.open_document(items[-1], genesis, "signature")
                other = transfer_part(inner, self.world.keys.a, sweep.body)
                assert bytes.fromhex(part.body["signature"]) == other.signature
        self.reply(connection, frames.SWEEP, request_id, self.swept[sweep.id])

    def attested(self, subject, inner, signed, documents, **changes):
        """Journals (here: keeps) an attestation; it is told to the watcher."""
        with self.lock:
            self.sequence += 3
            body = {"data": signed.non_verifiable().hex(), "head": os.urandom(32).hex(),
                    "inner_hash": inner.hash().hex(), "kind": "cosign" if self.which == "a" else "wrap",
                    "policy": self.world.policy.id, "previous": canon.ZERO_ID, "roster": self.world.roster.id,
                    "program": "11" * 32, "sequence": self.sequence, "signer": self.which,
                    "subject": subject.id, "subject_type": subject.type, "time_ms": kit.now_ms()}
            body.update(changes)
            document = self.document("attestation", body, self.attest)
            self.records.append((self.sequence, [document.raw] + documents))
            self.feed()
        return document

    def feed(self):
        if self.held is None:
            return
        connection, request_id, after = self.held
        for sequence, documents in self.records:
            if sequence > after:
                self.held = None
                self.reply(connection, frames.NEXT, request_id, [self.nonce_raw()] + documents)
                return
        if self.told != self.nonce:
            self.told = self.nonce
            self.held = None
            self.reply(connection, frames.NEXT, request_id, [self.nonce_raw()])

    def new_nonce(self):
        with self.lock:
            self.nonce = os.urandom(32)
            self.feed()


def stop_head(stops):
    ids = b"".join(sorted(bytes.fromhex(s.id) for s in stops))
    return hashlib.sha256(ids).hexdigest() if stops else canon.ZERO_ID


def transfer_of(account, attempt, destination, amount, message):
    return nem.Transfer(bytes.fromhex(account), destination, amount, fee=int(attempt["fee_inner"]),
                        timestamp=attempt["timestamp_nem_s"], deadline=attempt["deadline_nem_s"],
                        message=message)


def transfer_part(inner, key, attempt):
    return nem.Cosignature.of(key, inner, fee=int(attempt["fee_cosign"]))


def signed_part(signer, inner, attempt):
    if signer.which == "a":
        return transfer_part(inner, signer.chain, attempt)
    return nem.Multisig(signer.chain.public, inner, fee=int(attempt["fee_outer"])).sign(signer.chain)


class Scene:
    """A fresh watcher with both signers played, over the one chain."""

    def __init__(self, **changes):
        self.folder = world.place("watcher-1")
        for name in ("journal", "key"):
            (self.folder / name).unlink(missing_ok=True)
        self.signers = {which: FakeSigner(world, which, "watcher-1") for which in "ab"}
        self.base = len(history["a"])
        self.daemon = world.start_watcher(1)
        self.wait_well()

    def wait_well(self):
        for signer in self.signers.values():
            signer.new_nonce()
        process.wait_until(lambda: all(s.heartbeats for s in self.signers.values()), 10.0, "heartbeats")

    def status(self):
        return world.status("watcher-1")

    def __enter__(self):
        return self

    def __exit__(self, kind, *_):
        if kind is not None:
            print("# " + "\n# ".join(self.daemon.errors().splitlines()[-20:]))
            self.daemon.kill()
        elif self.daemon.alive():
            self.daemon.stop()
        for signer in self.signers.values():
            signer.close()

    def payment(self, amount=50 * XEM, back_end=None):
        """The documents of one payment and its inner transaction."""
        k, now = world.keys, world.chain_time()
        request = world.request("customer-1", k.outside[0].address(), amount, b"memo", key=back_end)
        common = {f: request.body[f] for f in ("amount", "asset", "destination", "message", "request_id")}
        order = canon.Document("order", dict(
            common, chain="nem", created_ms=kit.now_ms(), expires_ms=kit.now_ms() + 600_000,
            fee_max=str(2 * XEM), genesis=world.genesis.id, network=nem.NETWORK & 0xFF, request=request.id,
            vault="hot"))
        attempt = canon.Document("attempt", {
            "account": k.till.public_hex, "deadline_nem_s": now + 3600, "fee_cosign": "150000",
            "fee_inner": str(nem.minimum_transfer_fee(amount, 4)), "fee_outer": "150000",
            "genesis": world.genesis.id, "number": 1, "order": order.id, "timestamp_nem_s": now})
        inner = transfer_of(k.till.public_hex, attempt.body, order.body["destination"], amount, b"memo")
        return request, order, attempt, inner

    def attest(self, which, payment, **changes):
        request, order, attempt, inner = payment
        signer = self.signers[which]
        return signer.attested(attempt, inner, signed_part(signer, inner, attempt.body),
                               [attempt.raw, order.raw, request.raw], **changes)

    def unit(self, payment):
        _, _, attempt, inner = payment
        unit = signed_part(self.signers["b"], inner, attempt.body)
        unit.cosignatures.append(transfer_part(inner, world.keys.a, attempt.body))
        return unit

    def acked(self, which, document, timeout=10.0):
        process.wait_until(lambda: document.id in self.signers[which].acks, timeout, "acknowledgement")

    def frozen(self, timeout=10.0):
        return process.wait_until(lambda: all(s.stops for s in self.signers.values())
                                  and [s.stops[0] for s in self.signers.values()], timeout, "freeze")

    def quiet(self, seconds=1.5):
        time.sleep(seconds)
        status = self.status()
        assert (status["frozen"], status["alarms"]) == ("no", "0"), status
        assert not any(s.stops for s in self.signers.values())


def stolen(amount=10 * XEM, keys=None):
    k, now = world.keys, world.chain_time()
    first, second = keys or (k.a, k.b)
    inner = nem.Transfer(k.till.public, k.thief.address(), amount, timestamp=now, deadline=now + 3600)
    unit = nem.Multisig(first.public, inner).sign(first)
    if second is not None:
        unit.cosignatures.append(nem.Cosignature.of(second, inner))
    return unit


def mined(inner_hash):
    def look():
        return any(getattr(t, "inner", t).hash() == inner_hash for b in world.public.blocks(
            max(2, world.public.height() - 20), verify=False) for t in b.transactions)
    process.wait_until(look, 15.0, "the payment is mined", 0.2)


@tap.test
def quiet_start_with_true_figures():
    with Scene() as scene:
        beat = scene.signers["a"].heartbeats[-1]
        balances = world.public.balances()
        assert beat["height"] >= 2
        assert {b["account"]: b["confirmed"] for b in beat["balances"]} == \
            {key.public_hex: str(balances.get(key.address(), 0)) for _, key in world.keys.hot}
        status = scene.status()
        boxes = sum(balances[b.address()] for b in world.keys.boxes)
        assert status["boxes_micro"] == str(boxes), status
        assert beat["block"] == world.public.block(beat["height"]).hash().hex()
        scene.quiet()


@tap.test
def a_payment_is_judged_journalled_acknowledged_and_settles():
    with Scene() as scene:
        payment = scene.payment()
        held = {which: scene.attest(which, payment) for which in "ab"}
        for which in "ab":
            scene.acked(which, held[which])
        world.public.push(scene.unit(payment))
        mined(payment[3].hash())
        scene.quiet()
        assert scene.status()["payments"] == str(scene.base + 1)
        for signer in scene.signers.values():
            signer.new_nonce()
        process.wait_until(lambda: scene.signers["a"].heartbeats[-1]["records_sequence"] == scene.signers["a"].sequence, 5.0, "record")
        scene.daemon.stop()
        journal = audit.read_file_journal(scene.folder / "journal").verify(world.journal_secret("watcher-1"))
        names = {d.id for _, d in journal.documents("attestation")}
        assert names == {d.id for d in held.values()}
        assert {d.id for _, d in journal.documents("order")} == {payment[1].id}
        assert [r.kind for r in journal.records("WATCH_BLOCK")] == ["WATCH_BLOCK"]
        assert scene.base == 0


@tap.test
def what_nobody_asked_for_is_not_acknowledged():
    with Scene() as scene:
        payment = scene.payment(back_end=canon.SigningKey.named("a stranger"))
        told = scene.attest("a", payment)
        freeze = scene.frozen()[0]
        assert told.id not in scene.signers["a"].acks
        assert "request.signatures" in freeze.body["reason"] and not freeze.body["evacuate"]
        assert freeze.signed_by(world.keys.watchers["watcher-1"].public_hex)


@tap.test
def kill_9_at_any_moment_loses_nothing():
    """What was acknowledged is in the journal; what was not is fetched again; nothing is a theft."""
    dice = random.Random(SEED)
    print(f"# seed {SEED}")
    with Scene() as scene:
        told = []
        for n in range(12):
            payment = scene.payment(10 * XEM + n)
            told += [("a", scene.attest("a", payment)), ("b", scene.attest("b", payment))]
            world.public.push(scene.unit(payment))
            if n % 3 == 2:
                time.sleep(dice.random() * 0.05)
                scene.daemon.kill()
                journal = audit.read_file_journal(scene.folder / "journal").verify()
                kept = {d.id for _, d in journal.documents("attestation")}
                for which in "ab":
                    with scene.signers[which].lock:
                        assert set(scene.signers[which].acks) <= kept, "acknowledged and forgotten"
                world.start_watcher(1)
        for which, one in told:
            scene.acked(which, one)
        scene.wait_well()
        scene.quiet()
        assert scene.status()["payments"] == str(scene.base + 12)
        scene.daemon.stop()
        journal = audit.read_file_journal(scene.folder / "journal").verify(world.journal_secret("watcher-1"))
        names = [d.id for _, d in journal.documents("attestation")]
        assert len(names) == len(set(names)) == 2 * scene.base + len(told), "each once"
        assert {d.id for _, d in told} <= set(names)


@tap.test
def a_rollback_is_no_theft():
    with Scene() as scene:
        payment = scene.payment()
        for which in "ab":
            scene.acked(which, scene.attest(which, payment))
        world.public.push(scene.unit(payment))
        mined(payment[3].hash())
        world.dev("rollback", blocks=3)
        mined(payment[3].hash())
        scene.quiet()
        height = world.public.height()
        process.wait_until(lambda: int(scene.status()["height_0"]) >= height, 5.0, "height")


@tap.test
def nodes_that_fail():
    """Down, silent, garbage: told once, waited for, nothing is frozen, and it goes on."""
    with Scene() as scene:
        for kind in ("garbage", "unavailable", "silent"):
            world.dev("fault", port="clean", kind=kind)
            process.wait_until(lambda: scene.status()["node_1"] == "down", 10.0, f"{kind} is noticed")
            assert scene.status()["node_0"] == "up"
            scene.quiet(0.5)
            world.dev("fault", port="clean", kind="none")
            process.wait_until(lambda: scene.status()["node_1"] == "up", 10.0, f"{kind} is over")
        lines = [l for l in scene.daemon.errors().splitlines() if " node-down " in l]
        assert len(lines) == 3, lines
        # the whole node is gone: no heartbeat says otherwise
        world.group["node"].stop()
        process.wait_until(lambda: scene.status()["node_0"] == "down", 10.0, "node down")
        before = len(scene.signers["a"].heartbeats)
        scene.signers["a"].new_nonce()
        time.sleep(0.5)
        assert len(scene.signers["a"].heartbeats) == before
        world.start_node()
        process.wait_until(lambda: scene.status()["node_0"] == "up", 10.0, "node up")
        process.wait_until(lambda: len(scene.signers["a"].heartbeats) > before, 10.0, "heartbeat")
        scene.quiet(0.5)


@tap.test
def people_stop_it():
    with Scene() as scene:
        freeze = world.freeze("officer-1", "I do not like it")
        with world.link("watcher-1", "stop") as link:
            answer = link.call(frames.STOP_PUT, [freeze.raw])
            receipt = canon.open_document(answer[0], world.genesis.id, "receipt")
            assert receipt.body["document"] == freeze.id and receipt.body["holder"] == "watcher-1"
            assert receipt.signed_by(world.keys.watchers["watcher-1"].public_hex)
            bad = world.freeze("officer-1", "forged", key=world.keys.backend)
            assert canon.open_document(link.call(frames.STOP_PUT, [bad.raw])[0]).type == "refusal"
            assert link.call(frames.STOP_GET) == [freeze.raw]
        assert [s.id for s in scene.frozen()] == [freeze.id, freeze.id]
        assert scene.status()["evacuating"] == "no"
        # bytes that are no frame close their sender only
        with world.link("watcher-1", "stop") as link:
            link.send_raw(b"\xff" * 64)
            assert link.closed_by_peer()
        scene.daemon.kill()
        world.start_watcher(1)
        assert scene.status()["stops"] == "1"


@tap.test
def a_signer_that_forgot_a_stop_is_told_again():
    with Scene() as scene:
        freeze = world.freeze("officer-1", "stop")
        with world.link("watcher-1", "stop") as link:
            link.call(frames.STOP_PUT, [freeze.raw])
        scene.frozen()
        with scene.signers["b"].lock:
            scene.signers["b"].stops.clear()
        scene.signers["b"].new_nonce()
        process.wait_until(lambda: scene.signers["b"].stops, 5.0, "told again")


@tap.test
def one_stolen_key_freezes_only():
    with Scene() as scene:
        unit = stolen(keys=(world.keys.a, None))
        world.public.push(unit)
        freeze = scene.frozen()[0]
        assert "proposal" in freeze.body["reason"] and "hot-key-A" in freeze.body["reason"]
        assert not freeze.body["evacuate"] and freeze.body["evidence"] == unit.verifiable().hex()
        assert scene.status()["evacuating"] == "no"
        assert not scene.signers["a"].sweeps
    world.dev("drop-pool", pool="public")


@tap.test
def two_stolen_keys_are_stopped_and_evacuated():
    with Scene() as scene:
        k = world.keys
        unit = stolen()
        world.public.push(unit)
        accepted = time.time()
        freezes = scene.frozen()
        print(f"# node's answer to the later freeze: {1000 * (max(f.arrived for f in freezes) - accepted):.0f} ms, "
              f"poll {world.settings.poll_ms} ms")
        assert freezes[0].body["evacuate"] and freezes[0].body["evidence"] == unit.verifiable().hex()
        assert "hot-key-A+hot-key-B" in freezes[0].body["reason"], freezes[0].body["reason"]

        def empty():
            balances = world.public.balances()
            return all(balances.get(key.address(), 0) == 0 for _, key in k.hot)
        process.wait_until(empty, 20.0, "hot accounts are empty", 0.3)
        balances = world.public.balances()
        for (_, key), spare in zip(k.hot, k.spares):
            before = scene.signers["a"].heartbeats[0]["balances"]
            had = int(next(b["confirmed"] for b in before if b["account"] == key.public_hex))
            if had > XEM:
                assert balances[spare.address()] > had - 20 * XEM
        assert len(scene.signers["a"].stops) == 1, "its own sweeps are no theft"
        journal = audit.read_file_journal(scene.folder / "journal").verify()
        assert list(journal.records("WATCH_SWEEP"))


@tap.test
def wrong_starts():
    config = world.place("watcher-1") / "kuramori-watch.conf"
    # as this user itself: without a user to become
    text = "\n".join(l for l in config.read_text().splitlines() if not l.startswith(("user", "key_file")))
    key = world.place("wrong") / "key"
    kit.write_private(key, world.keys.watchers["watcher-1"].seed.hex() + "\n")
    text += f"\nkey_file = {key}"

    def ends(code, words, **changes):
        lines = [line for line in text.splitlines() if line.split(" = ")[0] not in changes]
        lines += [f"{name} = {value}" for name, value in changes.items() if value is not None]
        path = world.place("wrong") / "kuramori-watch.conf"
        path.write_text("\n".join(lines) + "\n")
        daemon = process.Daemon("wrong", [world.program("kuramori-watch"), "--config", path],
                                world.place("wrong"))
        daemon.start(ready_timeout=None)
        assert daemon.wait(10.0) == code, daemon.errors()
        assert words in daemon.errors(), daemon.errors()

    wrong = world.place("wrong")
    if os.geteuid() == 0:
        # a user to become, by a name or number that is none
        ends(2, "user", user="nobody-at-all", journal_file=wrong / "journal")
        ends(2, "user", user="0", journal_file=wrong / "journal")
    journal = wrong / "journal"
    other = wrong / "other-key"
    kit.write_private(other, canon.SigningKey.named("another").seed.hex() + "\n")
    ends(3, "bad-key", key_file=other, journal_file=journal)
    loose = wrong / "loose-key"
    kit.write_private(loose, key.read_text(), mode=0o444)
    ends(1, "policy", key_file=loose, journal_file=journal)
    torn = wrong / "torn-key"
    kit.write_private(torn, "abc")
    ends(3, "bad-input", key_file=torn, journal_file=journal)
    ends(1, "mismatch", watcher_id="watcher-9", journal_file=journal)
    ends(3, "wrong-network", network=104, journal_file=journal)
    ends(2, "config", node_public="no port", journal_file=journal)
    ends(2, "", poll_ms="fast", journal_file=journal)
    ends(1, "not-found", genesis_file=wrong / "none.json", journal_file=journal)
    ends(3, "other-genesis", genesis_file=world.place("documents") / "policy.json", journal_file=journal)
    # a sealed key: with its passphrase, without, with another
    sealed = wrong / "key.sealed"
    process.run([world.program("kuramori-signer"), "--seal", sealed, "--ops", "1", "--mem-kib", "8192"],
                input=f"{world.keys.watchers['watcher-1'].seed.hex()}\ncorrect horse\ncorrect horse\n")
    kit.write_private(wrong / "pass", "correct horse\n")
    kit.write_private(wrong / "pass-2", "another horse\n")
    ends(2, "passphrase", key_file=sealed, journal_file=journal)
    ends(3, "key", key_file=sealed, passphrase_file=wrong / "pass-2", journal_file=journal)
    lines = [line for line in text.splitlines() if not line.startswith(("key_file", "journal_file"))]
    path = wrong / "kuramori-watch.conf"
    path.write_text("\n".join(lines + [f"key_file = {sealed}", f"passphrase_file = {wrong / 'pass'}",
                                       f"journal_file = {journal}"]) + "\n")
    daemon = process.Daemon("sealed", [world.program("kuramori-watch"), "--config", path], wrong)
    daemon.start()
    assert "key-not-sealed" not in daemon.errors()
    # the same journal, the same sockets: one process has them
    ends(4, "busy", journal_file=journal)
    daemon.stop()
    # damage in the middle: it does not start
    data = bytearray(journal.read_bytes())
    data[4096 + 200] ^= 1
    journal.write_bytes(data)
    ends(70, "corrupt", journal_file=journal)


def start():
    global world, attest_keys
    folder = process.temp_dir("kw-")
    world = kit.World(folder, BUILD, kit.Settings(seed=7, boxes=2, purses=1, quiet_blocks=12, watchers=1,
                                                  watchers_needed=1, block_ms=500))
    attest_keys = {which: canon.SigningKey.named(f"attest {which}") for which in "ab"}
    world.ceremony()
    world.write_documents({which: key.public_hex for which, key in attest_keys.items()})


def end():
    for daemon in world.group:
        daemon.kill()


if __name__ == "__main__":
    tap.run(start, end)
