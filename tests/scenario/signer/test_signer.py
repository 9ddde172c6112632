#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Goal: the real signer process keeps its key, its memory and its promises.

Method: kuramori-signer is sealed, unlocked over its socket and sandboxed as in production; this
program plays the server, the watchers and people with their keys (tests/kit). One payment is signed
by A and B and verified by the kit's own NEM code. Then: kill -9 and restart, the same bytes; strace
of the whole process, where fdatasync must stand before every answer that commits; /proc; the key
looked for in files, memory of others, and found in the signer (a test of the test); malformed
frames, wrong sockets, wrong start-ups.
"""

import ctypes
import hashlib
import json
import os
import re
import shutil
import signal
import socket
import subprocess
import sys
import threading
import time
from pathlib import Path

ROOT = Path(__file__).resolve().parents[3]
sys.path.insert(0, str(ROOT / "tests/kit"))

import canon  # noqa: E402
import frames  # noqa: E402
import nem  # noqa: E402
import process  # noqa: E402
import tap  # noqa: E402

BUILD = Path(os.environ.get("KURAMORI_BUILD", ROOT / "build"))
PROGRAM = BUILD / "bin/kuramori-signer/kuramori-signer"
TOOL = BUILD / "bin/kuramori/kuramori"
DEF = ROOT / "src/ipc/signer.def"
PASSPHRASE = "correct horse battery staple"
NETWORK = 152
XEM = 1_000_000
AGE_MS = 8_000
SANITIZED = os.environ.get("KURAMORI_SANITIZED") == "1"
UID = 64_001  # as root each signer becomes a user of its own

def now_ms():
    return int(time.time() * 1000)


def now_nem():
    return nem.nem_seconds(now_ms())


class Rig:
    """Keys, documents and both signers in one folder."""

    def __init__(self):
        self.folder = process.temp_dir("ks-")
        os.chmod(self.folder, 0o711)
        self.chain = {which: nem.KeyPair.named(f"signer test {which}") for which in "ab"}
        self.backend = canon.SigningKey.named("signer test backend")
        self.stranger = canon.SigningKey.named("signer test stranger")
        self.watchers = {f"watcher-{i}": canon.SigningKey.named(f"signer test watcher {i}")
                         for i in (1, 2, 3)}
        self.people = {"officer-1": canon.SigningKey.named("signer test officer"),
                       "approver-1": canon.SigningKey.named("signer test approver")}
        self.till = nem.KeyPair.named("signer test till")
        self.spare = nem.KeyPair.named("signer test spare")
        self.customer = nem.KeyPair.named("signer test customer")
        self.daemons = {}
        self.attest = {which: self.seal(which) for which in "ab"}
        self.write_documents()

    def place(self, which):
        folder = self.folder / which
        folder.mkdir(exist_ok=True)
        return folder

    def seal(self, which):
        key = self.chain[which]
        done = process.run([PROGRAM, "--seal", self.place(which) / "key.sealed", "--ops", 1,
                            "--mem-kib", 8192],
                           input=f"{key.private_hex}\n{PASSPHRASE}\n{PASSPHRASE}\n")
        keys = dict(line.split() for line in done.stdout.splitlines())
        assert keys["chain_key"] == key.public_hex, keys
        # docs/man/kuramori-signer.8: all keys follow from the sealed one
        import hmac
        seed = hmac.new(bytes.fromhex(key.private_hex), b"kuramori signer attest v1",
                        hashlib.sha256).digest()
        assert keys["attest_key"] == canon.SigningKey(seed).public_hex
        assert os.stat(self.place(which) / "key.sealed").st_mode & 0o777 == 0o400
        return canon.SigningKey(seed)

    def write_documents(self):
        zero = canon.ZERO_ID
        roster = {
            "backends": [{"id": "backend-1", "key": self.backend.public_hex}], "genesis": zero,
            "governance": 1, "holders": [], "number": 1, "people": [
                {"id": "approver-1", "key": self.people["approver-1"].public_hex,
                 "passkeys": [], "roles": ["approver"]},
                {"id": "officer-1", "key": self.people["officer-1"].public_hex,
                 "passkeys": [], "roles": ["officer"]}],
            "previous": zero, "price_sources": [], "prices_needed": 0, "recovery": False,
            "relying_party": {"id": "", "origins": []},
            "signers": [{"attest_key": self.attest[w].public_hex,
                         "chain_key": self.chain[w].public_hex, "id": w} for w in "ab"],
            "software_approvals": True,
            "watchers": [{"id": name, "key": key.public_hex}
                         for name, key in self.watchers.items()],
            "watchers_needed": 2}
        policy = {
            "approval_tiers": [{"approvals": 0, "delay_ms": 0, "up_to": str(100 * XEM)},
                               {"approvals": 1, "delay_ms": 0, "up_to": str(1000 * XEM)}],
            "asset": "nem:xem", "attempt_life_s": 3600, "clock_skew_ms": 600_000,
            "day_max": str(5000 * XEM), "destination_cooling_ms": 0,
            "destination_kinds": ["customer"], "destinations": [], "fee_bp_max": 1_000_000,
            "fee_max": str(3 * XEM), "genesis": zero,
            "grant_life_max_ms": 0, "heartbeat_age_ms": AGE_MS, "hot_ceiling_bp": 500,
            "hour_max": str(4000 * XEM), "hours": [], "loosening_ms": 3_600_000,
            "number": 1, "order_life_ms": 3_600_000, "payment_max": str(1000 * XEM),
            "previous": zero, "till_max": str(100_000 * XEM),
            "unapproved_day_max": str(1000 * XEM), "unlisted_max": str(1000 * XEM), "yen": []}
        genesis = {
            "boxes": [], "chain": "nem", "chain_network": NETWORK, "chain_nemesis": "11" * 32,
            "hot": [{"kind": "till", "public_key": self.till.public_hex,
                     "spare": self.spare.address()}],
            "policy": canon.first_id("policy", policy), "recovery": {"holders": 5, "needed": 3},
            "roster": canon.first_id("roster", roster), "spares": [self.spare.address()]}
        self.genesis = canon.Document("genesis", genesis)
        self.roster = canon.Document("roster", dict(roster, genesis=self.genesis.id))
        self.policy = canon.Document("policy", dict(policy, genesis=self.genesis.id))
        for document in (self.genesis, self.roster, self.policy):
            path = self.folder / f"{document.type}.json"
            path.write_bytes(document.raw)
            os.chmod(path, 0o644)

    def config(self, which, **changes):
        folder = self.place(which)
        pairs = {
            "genesis_file": self.folder / "genesis.json", "roster_file": self.folder / "roster.json",
            "policy_file": self.folder / "policy.json", "sealed_key_file": folder / "key.sealed",
            "journal_file": folder / "journal", "journal_bytes": 16 * 1024 * 1024,
            "journal_create": "yes", "server_socket": folder / "server.sock",
            "stop_socket": folder / "stop.sock", "unlock_socket": folder / "unlock.sock",
            "signer_id": which, "network": NETWORK, "payments_max": 1024,
            "landlock_optional": "yes"}
        for i in (1, 2, 3):
            pairs[f"watcher{i}_socket"] = folder / f"watcher-{i}.sock"
        if os.geteuid() == 0:
            user = UID + "ab".index(which)
            pairs["user"] = user
            for path in (folder, *folder.iterdir()):
                os.chown(path, user, user)
        pairs.update(changes)
        path = folder / "kuramori-signer.conf"
        path.write_text("".join(f"{k} = {v}\n" for k, v in pairs.items() if v is not None))
        os.chmod(path, 0o644)
        return path

    def begin(self, which, prefix=(), **changes):
        """Started, waiting for its passphrase."""
        path = self.config(which, **changes)
        argv = [*prefix, PROGRAM, "--config", path]
        daemon = self.daemons.setdefault(which, process.Daemon(f"signer-{which}", argv,
                                                               self.folder / "logs"))
        daemon.argv = [str(a) for a in argv]
        return daemon.start(ready_timeout=None)

    def unlock(self, which, passphrase=PASSPHRASE):
        with frames.open_client(self.place(which) / "unlock.sock", "signer", frames.VERSIONS["signer"], DEF, timeout=30.0,
                                wait=10.0) as client:
            return client.call(frames.UNLOCK, [passphrase.encode()])

    def start(self, which, prefix=(), **changes):
        daemon = self.begin(which, prefix, **changes)
        assert self.unlock(which) == []
        daemon.wait_ready(20.0)
        return daemon

    def client(self, which, role):
        return frames.open_client(self.place(which) / f"{role}.sock", "signer", frames.VERSIONS["signer"], DEF, wait=2.0)

    def document(self, type_name, body, *keys):
        return canon.Document(type_name, dict(body, genesis=self.genesis.id)).sign(*keys)

    def nonce(self, which, name):
        with self.client(which, name) as client:
            (raw,) = client.call(frames.SYNC)
        return canon.open_document(raw, self.genesis.id, "nonce").body

    def beat(self, which, name, key=None, till=8_000_000_000 * XEM):
        told = self.nonce(which, name)
        heartbeat = self.document("heartbeat", {
            "balances": [{"account": self.till.public_hex, "confirmed": str(till), "promised": "0",
                          "remaining": str(till)}],
            "block": "22" * 32, "chain_time_nem_s": now_nem(), "height": 7,
            "nonce": told["nonce"], "policy": self.policy.id, "records_head": canon.ZERO_ID,
            "records_sequence": 0, "roster": self.roster.id, "signer": which,
            "stop_count": told["stop_count"], "stop_head": told["stop_head"], "watcher": name},
            key or self.watchers[name])
        with self.client(which, name) as client:
            return client.call(frames.HEARTBEAT, [heartbeat.raw])

    def well(self, which, till=8_000_000_000 * XEM):
        """Two watchers have answered a nonce of now, and say what the till holds."""
        for name in ("watcher-1", "watcher-2"):
            deadline = time.monotonic() + 10
            while True:
                answer = self.beat(which, name, till=till)
                if answer == []:
                    break
                code = self.refusal(answer)["code"]  # this nonce is answered: wait for the next
                assert code == "already-used", code
                assert time.monotonic() < deadline
                time.sleep(0.2)

    def ack(self, which, name, attestation_id):
        document = self.document("ack", {"attestation": attestation_id, "time_ms": now_ms(),
                                         "watcher": name}, self.watchers[name])
        with self.client(which, name) as client:
            return client.call(frames.ACK, [document.raw])

    def next(self, client, after=0):
        return client.send(frames.NEXT, [self.document("cursor", {"after": after}).raw])

    def payment(self, amount, approvers=(), **changes):
        """request, order, attempt, approvals for one payment."""
        fee = nem.minimum_transfer_fee(amount, 5)
        common = {"amount": str(amount), "asset": "nem:xem",
                  "destination": self.customer.address(), "message": b"hello".hex(),
                  "request_id": canon.uuid7()}
        request = self.document("request", dict(common, customer="c-1", time_ms=now_ms()),
                                self.backend)
        order = self.document("order", dict(
            common, chain="nem", created_ms=now_ms(), expires_ms=now_ms() + 600_000,
            fee_max=str(2 * XEM), network=NETWORK, request=request.id, vault="hot", **changes))
        attempt = self.document("attempt", {
            "account": self.till.public_hex, "deadline_nem_s": now_nem() + 3600,
            "fee_cosign": "150000", "fee_inner": str(fee), "fee_outer": "150000", "number": 1,
            "order": order.id, "timestamp_nem_s": now_nem()})
        approvals = [self.document("approval", {
            "decision": "yes", "person": name, "subject": order.id, "subject_type": "order",
            "time_ms": now_ms()}, self.people[name]) for name in approvers]
        return [request, order, attempt, *approvals]

    def refusal(self, items):
        assert len(items) == 1, items
        return canon.open_document(items[0], self.genesis.id, "refusal").body

    def sign(self, which, documents, ackers=("watcher-1", "watcher-3"), fresh=True):
        """SIGN to the end: asks, reads the attestation from the feed, acknowledges, the answer."""
        raws = [d if isinstance(d, bytes) else d.raw for d in documents]
        with self.client(which, "server") as server, self.client(which, "watcher-3") as feed:
            asked = server.send(frames.SIGN, raws)
            attempt = canon.open_document(raws[2]).id
            after = 0
            waiting = self.next(feed, after)
            while True:
                try:
                    items = feed.wait_reply(waiting, frames.NEXT, 0.05)
                except frames.Timeout:
                    if arrived(server):  # refused, or acknowledged before
                        return server.wait_reply(asked, frames.SIGN)
                    continue
                if len(items) > 1:
                    attestation = canon.open_document(items[1], self.genesis.id, "attestation")
                    if attestation.body["subject"] == attempt:
                        break
                    after = attestation.body["sequence"]
                waiting = self.next(feed, after)
            assert attestation.signed_by(self.attest[which].public)
            assert [canon.open_document(i).type for i in items[2:5]] == \
                ["attempt", "order", "request"]
            for n, name in enumerate(ackers):
                if n == len(ackers) - 1 and fresh:
                    assert not arrived(server), "a signature left before two acknowledgements"
                assert self.ack(which, name, attestation.id) == []
            return server.wait_reply(asked, frames.SIGN)

    def signature(self, items):
        attestation = canon.open_document(items[0], self.genesis.id, "attestation")
        signature = canon.open_document(items[1], self.genesis.id, "signature")
        assert signature.body["attestation"] == attestation.id
        return attestation, bytes.fromhex(signature.body["signature"])


def arrived(client):
    try:
        client._fill(len(client.buffer) + 1, time.monotonic() + 0.1)
    except frames.Timeout:
        return False
    return True


def field_of(pid, name):
    for line in Path(f"/proc/{pid}/status").read_text().splitlines():
        if line.startswith(name + ":"):
            return line.split(":", 1)[1].strip()
    raise AssertionError(f"no {name} in status")


OWN_SOCKETS = ("server", "stop", "watcher-1", "watcher-2", "watcher-3")
CHANNELS = 12  # bin/kuramori-signer/signer.h


def inventory(pid):
    """{number: what is open there}."""
    out = {}
    for link in Path(f"/proc/{pid}/fd").iterdir():
        try:
            out[int(link.name)] = os.readlink(link)
        except FileNotFoundError:
            pass  # closed meanwhile
    return out


rig = Rig()


@tap.test
def starts_only_when_everything_belongs_together():
    def refuses(expect, words, **changes):
        daemon = rig.begin("a", **changes)
        code = daemon.wait(10.0)
        assert code == expect, (code, daemon.errors()[-400:])
        assert words in daemon.errors(), (words, daemon.errors()[-400:])

    refuses(2, "signer_id", signer_id="c")
    refuses(1, "not-found", genesis_file=rig.folder / "absent")
    refuses(1, "not-found", sealed_key_file=rig.folder / "absent")
    refuses(3, "genesis", genesis_file=rig.folder / "roster.json")
    os.chmod(rig.place("a") / "key.sealed", 0o644)
    refuses(1, "policy", )
    os.chmod(rig.place("a") / "key.sealed", 0o400)
    if os.geteuid() == 0:
        refuses(2, "user", user=None)
        refuses(1, "policy", user="0")

    def refuses_unlocked(expect, words, **changes):
        daemon = rig.begin("a", **changes)
        assert rig.unlock("a") == []
        code = daemon.wait(10.0)
        assert code == expect, (code, daemon.errors()[-400:])
        assert words in daemon.errors(), (words, daemon.errors()[-400:])

    refuses_unlocked(3, "chain_network", network=104)
    refuses_unlocked(3, "chain_key", signer_id="b")
    refuses_unlocked(2, "watcher#_socket", watcher3_socket=None)
    refuses_unlocked(1, "not-found", journal_create="no")
    other = rig.policy.body | {"payment_max": str(526_300_010 * XEM)}
    path = rig.folder / "other-policy.json"
    path.write_bytes(canon.Document("policy", other).raw)
    os.chmod(path, 0o644)
    refuses_unlocked(1, "policy", policy_file=path)  # T22


@tap.test
def unlocks_once_and_by_passphrase_only():
    daemon = rig.begin("a")
    refusal = rig.refusal(rig.unlock("a", "wrong"))
    assert refusal["field"] == "passphrase", refusal
    assert not (rig.place("a") / "server.sock").exists(), "no role before the key"
    # the unlock socket takes nothing else
    with frames.open_client(rig.place("a") / "unlock.sock", "signer", frames.VERSIONS["signer"], DEF) as client:
        client.send(frames.STATUS)
        assert client.closed_by_peer()
    assert rig.unlock("a") == []
    daemon.wait_ready(20.0)
    assert not (rig.place("a") / "unlock.sock").exists()
    assert daemon.stop() == 0
    # ten wrong ones end it
    daemon = rig.begin("a")
    for _ in range(10):
        assert rig.refusal(rig.unlock("a", "guess"))["code"] == "bad-input"
    assert daemon.wait(10.0) == 1
    # asked to end while locked: it ends
    daemon = rig.begin("a")
    process.wait_until(lambda: (rig.place("a") / "unlock.sock").exists(), 10, "unlock.sock")
    assert daemon.stop() == 0


def tool(*words, expect=0, **settings):
    """`kuramori` with these settings; its stderr."""
    path = rig.folder / "kuramori.conf"
    path.write_text("".join(f"{key} = {value}\n" for key, value in settings.items()))
    done = process.run([TOOL, "--config", path, *words], expect=expect, env={"SOFTHSM2_CONF": rig.folder / "softhsm.conf"})
    return done.stderr


def private(name, text):
    path = rig.folder / name
    path.unlink(missing_ok=True)
    path.write_text(text)
    os.chmod(path, 0o400)
    return path


@tap.test
def the_tool_unlocks_it():
    daemon = rig.begin("a")
    socket_path = rig.place("a") / "unlock.sock"
    process.wait_until(socket_path.exists, 10, "unlock.sock")
    wrong = tool("unlock", socket_path, expect=1, passphrase_file=private("passphrase", "wrong\n"))
    assert "does not open" in wrong, wrong
    assert "mode" in tool("unlock", socket_path, expect=1, passphrase_file=__file__)
    tool("unlock", rig.folder / "absent.sock", expect=4, passphrase_file=private("passphrase", PASSPHRASE))
    tool("unlock", socket_path, passphrase_file=private("passphrase", PASSPHRASE + "\n"))
    daemon.wait_ready(20.0)
    # once only
    tool("unlock", socket_path, expect=4, passphrase_file=private("passphrase", PASSPHRASE))
    daemon.stop()


@tap.test
def a_token_unlocks_it():
    """SoftHSM2 as the token: the passphrase is in a file that only its key opens, and only with the PIN."""
    module = Path("/usr/lib/softhsm/libsofthsm2.so")
    assert module.exists() and shutil.which("softhsm2-util"), "softhsm2 is in tools/packages-test"
    tokens = rig.folder / "tokens"
    tokens.mkdir()
    env = {"SOFTHSM2_CONF": rig.folder / "softhsm.conf"}
    (rig.folder / "softhsm.conf").write_text(f"directories.tokendir = {tokens}\nobjectstore.backend = file\nlog.level = ERROR\n")
    pem = rig.folder / "token.pem"
    process.run(["openssl", "genpkey", "-algorithm", "RSA", "-pkeyopt", "rsa_keygen_bits:2048", "-out", pem])
    for label, pin in (("kuramori", "123456"), ("another", "654321")):
        process.run(["softhsm2-util", "--init-token", "--free", "--label", label, "--pin", pin, "--so-pin", "0000" + pin], env=env)
    process.run(["softhsm2-util", "--import", pem, "--token", "kuramori", "--pin", "123456", "--label", "signer-a",
                 "--id", "01"], env=env)
    pem.unlink()
    token = {"token_module": module, "token_key": "signer-a"}
    wrapped = rig.folder / "wrapped"
    phrase = private("passphrase", PASSPHRASE + "\n")
    tool("token", "wrap", wrapped, passphrase_file=phrase, **token)
    assert wrapped.stat().st_size == 256 and wrapped.stat().st_mode & 0o777 == 0o400
    assert PASSPHRASE.encode() not in wrapped.read_bytes()
    # never over another, and no token where none is
    assert "new file" in tool("token", "wrap", wrapped, expect=1, passphrase_file=phrase, **token)
    fresh = rig.folder / "fresh"
    assert "called nobody" in tool("token", "wrap", fresh, expect=1, passphrase_file=phrase, token_module=module,
                                   token_key="nobody")
    assert "PKCS#11" in tool("token", "wrap", fresh, expect=3, passphrase_file=phrase, token_module=DEF, token_key="signer-a")
    tool("token", "wrap", fresh, expect=2, passphrase_file=phrase)
    assert not fresh.exists()

    daemon = rig.begin("a")
    socket_path = rig.place("a") / "unlock.sock"
    process.wait_until(socket_path.exists, 10, "unlock.sock")
    right = private("pin", "123456\n")
    bad = private("bad-pin", "111111\n")
    assert "PIN" in tool("unlock", socket_path, expect=1, wrapped_file=wrapped, passphrase_file=bad, **token)
    spoilt = bytearray(wrapped.read_bytes())
    spoilt[77] ^= 1
    damaged = rig.folder / "damaged"
    for data in (spoilt, spoilt[:100], b"", bytes(2000)):
        damaged.write_bytes(data)
        tool("unlock", socket_path, expect=None, wrapped_file=damaged, passphrase_file=right, **token)
        assert not daemon_is_unlocked(daemon), len(data)
    # a passphrase of another key, properly wrapped
    other = rig.folder / "other"
    tool("token", "wrap", other, passphrase_file=private("passphrase", "of another key"), **token)
    assert "does not open" in tool("unlock", socket_path, expect=1, wrapped_file=other, passphrase_file=right, **token)
    assert not daemon_is_unlocked(daemon)
    tool("unlock", socket_path, wrapped_file=wrapped, passphrase_file=right, **token)
    daemon.wait_ready(20.0)
    # the token's module was in the tool, never in the signer
    if os.geteuid() == 0:
        assert "softhsm" not in Path(f"/proc/{daemon.pid}/maps").read_text()
    daemon.stop()


def daemon_is_unlocked(daemon):
    daemon.check()
    return not (rig.place("a") / "unlock.sock").exists()


@tap.test
def signs_one_payment_with_both():
    for which in "ab":
        rig.start(which)
        rig.well(which)
    documents = rig.payment(500 * XEM, ["approver-1"])
    from_a = rig.sign("a", documents)
    attestation, signature_a = rig.signature(from_a)
    from_b = rig.sign("b", documents + from_a)
    _, signature_b = rig.signature(from_b)
    # the kit's own NEM code builds the same bytes
    attempt = documents[2].body
    inner = nem.Transfer(rig.till.public, rig.customer.address(), 500 * XEM,
                         int(attempt["fee_inner"]), attempt["timestamp_nem_s"],
                         attempt["deadline_nem_s"], b"hello", network=nem.NETWORK)
    assert inner.hash().hex() == attestation.body["inner_hash"]
    cosign = nem.Cosignature(rig.chain["a"].public, inner.hash(), nem.address_of(rig.till.public),
                             150_000, attempt["timestamp_nem_s"], attempt["deadline_nem_s"])
    assert cosign.non_verifiable().hex() == attestation.body["data"]
    assert nem.verify(rig.chain["a"].public, cosign.non_verifiable(), signature_a)
    wrapper = nem.Multisig(rig.chain["b"].public, inner, [], 150_000)
    assert nem.verify(rig.chain["b"].public, wrapper.non_verifiable(), signature_b)
    rig.kept = documents, from_a


@tap.test
def refuses_by_name():
    def refused(code, field, documents):
        answer = rig.refusal(rig.sign("a", documents))
        assert (answer["code"], answer["field"]) == (code, field), answer

    def altered(n, **changes):
        documents = rig.payment(50 * XEM)
        documents[n].body.update(changes)
        if n == 0:
            documents[0].signatures = {}
            documents[0].sign(rig.backend)
            documents[1].body["request"] = documents[0].id
        if n <= 1:
            documents[2].body["order"] = documents[1].id
        return documents

    rig.well("a")
    refused("mismatch", "order.destination", altered(1, destination=rig.spare.address()))
    refused("mismatch", "order.amount", altered(1, amount=str(51 * XEM)))
    refused("mismatch", "order.message", altered(1, message=""))
    refused("wrong-network", "order.network", altered(1, network=104))
    refused("mismatch", "attempt.fee_outer", altered(2, fee_outer=str(999_000 * XEM)))
    refused("policy", "attempt.account", altered(2, account=rig.customer.public_hex))
    refused("wrong-state", "attempt.number", altered(2, number=2))  # where is the first, and what says that it is dead?
    refused("approvals-missing", "approvals", rig.payment(500 * XEM))
    refused("over-cap", "policy.payment_max", rig.payment(5000 * XEM, ["approver-1"]))  # T03
    documents = rig.payment(50 * XEM)
    documents[0].signatures = {}
    refused("not-signed", "request.signatures", documents)
    documents[0].sign(rig.stranger)
    refused("bad-signature", "request.signatures", documents)
    documents = rig.payment(500 * XEM, ["approver-1"])
    documents[3].signatures = {}
    documents[3].sign(rig.stranger)
    refused("bad-signature", "approval.signatures", documents)
    documents = rig.payment(500 * XEM, ["approver-1"])
    documents[3] = rig.payment(500 * XEM, ["approver-1"])[3]
    refused("mismatch", "approval.subject", documents)  # T13
    # 500 XEM and their fees are alive in the till: the watchers have not said that a block holds them
    rig.well("a", till=550 * XEM)
    refused("insufficient-funds", "attempt.account", rig.payment(50 * XEM))
    rig.well("a")
    log = rig.daemons["a"].errors()
    for words in ("order.destination", "policy.payment_max", "approval.subject"):
        assert words in log, f"{words} is not in the log"


@tap.test
def stays_what_it_was_after_kill_9():
    documents, from_a = rig.kept
    rig.daemons["a"].kill()
    rig.start("a")
    # nobody has been heard yet
    with rig.client("a", "server") as server:
        raws = [d.raw for d in documents]
        assert rig.refusal(server.call(frames.SIGN, raws))["code"] == "stale"
        rig.well("a")
        again = server.call(frames.SIGN, raws)
        assert again == from_a, "the same attempt gives the same bytes"
        second = rig.payment(500 * XEM, ["approver-1"])
        second[1].body["request_id"] = documents[1].body["request_id"]
        second[0].body["request_id"] = documents[1].body["request_id"]
        second[0].signatures = {}
        second[0].sign(rig.backend)
        second[1].body["request"] = second[0].id
        second[2].body["order"] = second[1].id
        second[3].body["subject"] = second[1].id
        second[3].signatures = {}
        second[3].sign(rig.people["approver-1"])
        answer = rig.refusal(server.call(frames.SIGN, [d.raw for d in second]))
        assert (answer["code"], answer["field"]) == ("already-used", "order.request_id"), answer


@tap.test
def kill_9_at_any_moment_never_pays_twice():
    """Killed after a random time while it works; asked again, it gives the first bytes."""
    seed = int(os.environ.get("KURAMORI_SEED", "1"))
    print(f"# seed {seed}")
    for round_number in range(6):
        rig.well("a")
        documents = rig.payment((10 + round_number) * XEM)
        raws = [d.raw for d in documents]
        delay = (hashlib.sha256(f"{seed} {round_number}".encode()).digest()[0] / 255) * 0.05
        with rig.client("a", "server") as server:
            server.send(frames.SIGN, raws)
            time.sleep(delay)
            rig.daemons["a"].kill()
        rig.start("a")
        rig.well("a")
        first = rig.sign("a", documents, fresh=False)
        with rig.client("a", "server") as server:
            assert server.call(frames.SIGN, raws) == first


@tap.test
def gives_up_every_right():
    daemon = rig.daemons["a"]
    pid = daemon.pid
    if not SANITIZED:
        assert field_of(pid, "Seccomp") == "2"
    assert field_of(pid, "NoNewPrivs") == "1"
    for name in ("CapEff", "CapPrm", "CapInh", "CapAmb"):
        assert int(field_of(pid, name), 16) == 0, name
    uids = field_of(pid, "Uid").split()
    assert len(set(uids)) == 1 and uids[0] != "0", uids
    assert field_of(pid, "Groups") == "" or os.geteuid() != 0
    if not SANITIZED:  # whose runtime makes mlock() do nothing
        assert int(field_of(pid, "VmLck").split()[0]) > 0
    limits = Path(f"/proc/{pid}/limits").read_text()
    assert re.search(r"Max core file size\s+0\s+0", limits)
    if not SANITIZED:
        memory = daemon.memory()
        print(f"# memory after unlocking: {memory['rss']} KiB resident, "
              f"{memory['anonymous']} KiB of it its own")
        assert memory["rss"] < 16 * 1024, memory
    # a debugger as the same user does not get in
    if os.geteuid() == 0:
        child = os.fork()
        if child == 0:
            os.setgid(UID)
            os.setuid(UID)
            libc = ctypes.CDLL(None, use_errno=True)
            try:
                open(f"/proc/{pid}/mem", "rb").close()
                os._exit(3)
            except PermissionError:
                os._exit(0 if libc.ptrace(16, pid, 0, 0) == -1 else 4)
        assert os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]) == 0
    # what is open: exactly this, by number; nothing of whoever started it
    expected = {0: "/dev/null", 1: rf"{rig.folder}/logs/signer-a\.out", 2: rf"{rig.folder}/logs/signer-a\.err",
                3: r"socket:.*", 4: rf"{rig.place('a')}/journal", 5: r"anon_inode:\[eventpoll\]", 6: r"anon_inode:\[timerfd\]",
                7: r"anon_inode:\[signalfd\]", 8: r"anon_inode:\[eventfd\]"}
    # 9 was the folder of each socket, locked while it was made
    expected.update({10 + i: r"socket:.*" for i in range(len(OWN_SOCKETS))})
    try:
        process.wait_until(lambda: inventory(pid).keys() == expected.keys(), 5, "the last client is gone")
    except process.Failed as problem:
        raise process.Failed(f"{problem}: {inventory(pid)}") from None
    for number, target in inventory(pid).items():
        assert re.fullmatch(expected[number], target), (number, target)
    # and there is room for its channels and one more, not for any other file
    files = re.search(r"Max open files\s+(\d+)\s+(\d+)", limits)
    assert files.group(1) == files.group(2) == str(max(expected) + 1 + CHANNELS + 1), files.group(0)
    if not SANITIZED:
        bound = re.search(r"Max stack size\s+(\d+)\s+(\d+)", limits)
        assert bound.group(1) == bound.group(2) and int(bound.group(1)) < 1024 * 1024, bound.group(0)


@tap.test
def nothing_inherited_stays_open():
    """What whoever started it held open is not there any more, and a missing stderr is not the journal."""
    daemon = rig.daemons["b"]
    daemon.stop()
    daemon = rig.begin("b", prefix=["/bin/sh", "-c", f'exec 9<{rig.folder}/genesis.json 2>&- "$@"', "sh"])
    assert rig.unlock("b") == []
    daemon.wait_ready(20.0)
    open_now = inventory(daemon.pid)
    assert open_now[2] == "/dev/null", open_now
    assert not [target for target in open_now.values() if target.endswith("genesis.json")], open_now
    rig.well("b")


@tap.test
def each_forbidden_thing_kills_the_real_one():
    """probe.c: a child of the real signer, unlocked and with all its descriptors, for each."""
    if SANITIZED:
        print("# a sanitizer cannot run under the filter")
        return
    probe = BUILD / "tests/scenario/signer/signer_probe"
    rig.daemons["b"].stop()
    out = rig.folder / "logs/signer-b.out"
    before = out.stat().st_size
    daemon = rig.begin("b", prefix=["/bin/sh", "-c", f'shift; exec {probe} "$@"', "sh"])
    assert rig.unlock("b") == []
    assert daemon.wait(120.0) == 0
    told = {"probe": {}, "bare": {}, "number": {}}
    for line in out.read_text()[before:].splitlines():
        kind, name, status = line.split()
        told[kind][name] = int(status)
    assert len(told["probe"]) >= 33 and told["probe"].keys() == told["bare"].keys(), told
    for name, status in told["probe"].items():
        # beyond its end the stack is no call that a filter sees: it is just not there
        wanted = signal.SIGSEGV if name == "stack" else signal.SIGSYS
        assert status == 128 + wanted, (name, status)
    # a test of the test: without the sandbox each of them lives, and nearly all of them succeed
    refused = sorted(name for name, status in told["bare"].items() if status == 1)
    for name, status in told["bare"].items():
        assert status in (0, 1) or (name == "stack" and status == 128 + signal.SIGSEGV), (name, status)
    print(f"# {len(told['probe'])} things, refused also without the sandbox: {refused}")
    assert set(refused) <= {"io_uring_setup", "perf_event_open", "process_vm_readv", "ptrace", "unlink", "userfaultfd"}, refused
    lived = {number: status for number, status in told["number"].items() if status != 128 + signal.SIGSYS}
    print(f"# {len(told['number'])} numbers of system calls")
    assert len(told["number"]) > 480 and not lived, lived
    rig.start("b")
    rig.well("b")


@tap.test
def journals_before_it_answers():
    daemon = rig.daemons["a"]
    trace = rig.folder / "trace"
    strace = shutil.which("strace")
    assert strace, "strace is in tools/packages-test"
    rig.well("a")
    tracer = process.Daemon("strace", [strace, "-f", "-p", daemon.pid, "-o", trace, "-e",
                                       "trace=write,pwrite64,fdatasync,accept4", "-xx", "-s",
                                       "24"], rig.folder / "logs")
    tracer.start(ready_timeout=None)
    process.wait_until(lambda: "attached" in tracer.errors(), 10, "strace")
    documents = rig.payment(20 * XEM)
    signed = rig.sign("a", documents)
    assert len(signed) == 2
    refused = rig.refusal(rig.sign("a", rig.payment(5000 * XEM)))
    assert refused["code"] == "over-cap"
    tracer.process.send_signal(signal.SIGINT)
    tracer.wait(5.0)
    lines = trace.read_text().splitlines()
    written = False   # to the journal, and not yet synced
    syncs = answers = commits = 0
    for line in lines:
        call = re.search(r"(pwrite64|fdatasync|write)\((\d+)(?:, \"((?:\\x[0-9a-f]{2})*)\")?", line)
        if call is None:
            continue
        name, _, text = call.groups()
        if name == "pwrite64":
            written = True
            commits += 1
        elif name == "fdatasync":
            assert line.rstrip().endswith("= 0"), line
            written = False
            syncs += 1
        else:
            data = bytes.fromhex((text or "").replace("\\x", ""))
            if len(data) < 16:
                continue  # loop and notify
            number = int.from_bytes(data[4:6], "little")
            if number in (17, 69, 49, 81) and data[6:8] == b"\0\0":
                answers += 1
                assert not written, f"an answer before its record was synced: {line}"
    print(f"# {commits} writes, {syncs} syncs, {answers} answers")
    # the attestation and the refusal; words of watchers share a batch with the next record or wait for the tick
    assert commits >= 2 and syncs >= 2 and answers >= 4, (commits, syncs, answers)


def windows(key):
    return [key[i:i + 16] for i in range(0, len(key) - 15, 8)]


def memory_has(pid, needles):
    with open(f"/proc/{pid}/maps", encoding="ascii", errors="replace") as maps, \
            open(f"/proc/{pid}/mem", "rb", 0) as memory:
        for line in maps:
            where, rights = line.split()[:2]
            if "r" not in rights or "[v" in line:
                continue
            first, last = (int(x, 16) for x in where.split("-"))
            try:
                memory.seek(first)
                data = memory.read(last - first)
            except OSError:
                continue
            if any(n in data for n in needles):
                return True
    return False


@tap.test
def the_key_is_nowhere_else():
    key = bytes.fromhex(rig.chain["a"].private_hex)
    needles = windows(key) + windows(key[::-1]) + [rig.chain["a"].private_hex.encode(),
                                                   PASSPHRASE.encode()]
    for path in rig.folder.rglob("*"):
        if path.is_file():
            data = path.read_bytes()
            assert not any(n in data for n in needles), f"the key is in {path}"
    if os.geteuid() == 0 and not SANITIZED:  # whose memory has terabytes of shadow
        # a test of the test: it is in the signer, and not in the other one
        assert memory_has(rig.daemons["a"].pid, windows(key)), "not found even in the signer"
        assert not memory_has(rig.daemons["b"].pid, needles)
        assert not memory_has(rig.daemons["a"].pid, [PASSPHRASE.encode()]), "the passphrase stays"


@tap.test
def bad_frames_close_only_their_sender():
    rig.well("a")
    raws = [d.raw for d in rig.payment(11 * XEM)]
    whole = frames.pack(frames.SIGN, raws, 1)
    for data in (whole[:16], whole[:100], b"\xff" * 16, whole[:4] + b"\x11\x00" + whole[6:],
                 whole[:6] + b"\x01\x00" + whole[8:]):
        with rig.client("a", "server") as client:
            client.send_raw(data)
            if data != whole[:16] and data != whole[:100]:
                assert client.closed_by_peer()
    # each message on each socket it is not for
    table = frames.read_table(DEF)
    for role, bit in (("server", 1), ("watcher-1", 2), ("stop", 4)):
        for name, number, capability, _, _ in table:
            if number != frames.HELLO and not capability & bit:
                with rig.client("a", role) as client:
                    client.send(number)
                    assert client.closed_by_peer(), f"{name} on {role}"
    # T33: no number signs bytes
    for number in list(range(2, 200, 2)) + [0xfffe]:
        if number not in [row[1] for row in table]:
            with rig.client("a", "server") as client:
                client.send(number, [b"\x00" * 32])
                assert client.closed_by_peer(), number
    # before HELLO
    client = frames.Client(rig.place("a") / "server.sock").connect()
    client.send(frames.STATUS)
    assert client.closed_by_peer()
    client.close()
    # and it still works
    rig.daemons["a"].check()
    assert len(rig.sign("a", rig.payment(12 * XEM))) == 2


@tap.test
def status_tells():
    with rig.client("a", "stop") as client:
        (raw,) = client.call(frames.STATUS)
    detail = {line["name"]: line["value"]
              for line in canon.open_document(raw, rig.genesis.id, "status").body["detail"]}
    assert detail["signer"] == "a" and detail["frozen"] == "no"
    assert detail["seccomp"] == ("no" if SANITIZED else "yes")
    assert int(detail["memory_high_water_kib"]) > 0 and int(detail["secret_bytes"]) > 0
    # at least what the payments asked of it; and those of the next one are counted too
    before = int(detail["signature_checks"])
    rig.sign("a", rig.payment(13 * XEM))
    with rig.client("a", "stop") as client:
        (raw,) = client.call(frames.STATUS)
    after = {line["name"]: line["value"]
             for line in canon.open_document(raw, rig.genesis.id, "status").body["detail"]}
    assert before > 0 and int(after["signature_checks"]) >= before + 4, (before, after)
    used, _, room = detail["stack_high_water"].partition(" of ")
    assert int(room) == 128 * 1024
    if SANITIZED:
        assert int(used) == 0 and int(detail["memory_kib"]) == 0
    else:
        # it has signed: far more than nothing, and half of the room at most
        print(f"# {used} bytes of stack, {detail['memory_kib']} KiB of memory in all")
        assert 4096 < int(used) < int(room) // 2 and int(detail["memory_kib"]) > 1024


def explained(journal, order, *more, tool=()):
    """(exit code, answer or complaint) of the tool about an order, by a signer's journal."""
    path = rig.folder / "explained.json"
    path.write_bytes(order.raw)
    (rig.folder / "person.conf").write_text("".join(
        f"{name}_file = {rig.folder / name}.json\n" for name in ("genesis", "roster", "policy")))
    done = process.run([TOOL, "--config", rig.folder / "person.conf", "--journal", journal, "--json", *tool, "policy", "explain", path, *more], expect=None)
    return done.returncode, json.loads(done.stdout) if done.stdout else done.stderr


@tap.test
def the_tool_explains_what_it_answered():
    """Each answer of the real signer is the one that its journal explains, before and after, while it runs."""
    journal = rig.place("a") / "journal"
    rig.well("a")
    for amount, people, refused, answer in ((21 * XEM, [], None, "allowed"),
                                            (220 * XEM, [], "approvals-missing", "escalated"),
                                            (220 * XEM, ["approver-1"], None, "allowed"),
                                            (5000 * XEM, ["approver-1"], "over-cap", "refused"),
                                            (900 * XEM, ["approver-1"], None, "allowed")):
        documents = rig.payment(amount, people)
        code, told = explained(journal, documents[1], f"approvals={len(people)}")
        assert (code, told["answer"]) == (0 if refused is None else 1, answer), told
        assert told["journal"]["signer"] == "a" and told["journal"]["said"] == [], told
        before = int(told["journal"]["hour"])
        rig.well("a")
        said = rig.sign("a", documents)
        code, told = explained(journal, documents[1], f"approvals={len(people)}")
        heard = told["journal"]["said"]
        if refused is None:
            rig.signature(said)
            assert [one["said"] for one in heard] == ["attested"] and heard[0]["approvals"] == len(people), told
            assert code == 0 and int(told["journal"]["hour"]) > before + amount, told
        else:
            assert rig.refusal(said)["code"] == refused == heard[-1]["code"], told
            broken = [rule for rule in told["rules"] if not rule["allowed"]]
            assert broken[0]["code"] == refused and heard[-1]["words"].startswith(broken[0]["field"]), told
            assert int(told["journal"]["hour"]) == before, told
    # the same order a second before it was asked for: nothing was said then
    code, told = explained(journal, documents[1], "approvals=1", tool=("--at", str(documents[1].body["created_ms"] - 1000)))
    assert told["journal"]["said"] == [] and int(told["journal"]["hour"]) == before, told
    # in words, for a person
    done = process.run([TOOL, "--config", rig.folder / "person.conf", "--journal", journal, "policy", "explain", rig.folder / "explained.json"])
    assert "signer a at 20" in done.stdout and "allowed: it attested attempt 1, which 1 people had approved" in \
        done.stdout and "it would be paid" in done.stdout, done.stdout


@tap.test
def the_tool_believes_no_journal_that_was_changed():
    journal = rig.place("a") / "journal"
    order = rig.payment(10 * XEM)[1]
    data = bytearray(journal.read_bytes())
    copy = rig.folder / "copied"
    copy.write_bytes(data)
    assert explained(copy, order)[0] == 0
    assert copy.read_bytes() == data
    end = (len(data.rstrip(b"\0")) - 1) // 512 * 512   # its last sector never arrived
    for change, code, words in (
            (lambda b: b.__setitem__(4096 + 300, b[4096 + 300] ^ 1), 70, ("damaged at byte 4096", "Copy it again")),
            (lambda b: b.__setitem__(slice(end, None), bytes(len(b) - end)), 70,
             ("not whole", "Copy it again")),
            (lambda b: b.__delitem__(slice(4096 + 128, None)), 70, ("not whole", "Copy it again")),
            (lambda b: b.__setitem__(slice(0, 8), b"nonsense"), 3, ("not a Kuramori journal", "journal_file of a signer")),
            (lambda b: b.__delitem__(slice(4096, None)), 1, ("empty",))):
        changed = bytearray(data)
        change(changed)
        copy.write_bytes(changed)
        answer = explained(copy, order)
        assert answer[0] == code and all(word in answer[1] for word in words), answer
        assert copy.read_bytes() == changed, "it wrote into the journal"
    for more, tool, words in ((["hour=5"], (), "the journal says that"), (["at=5"], (), "the journal says that"),
                              ([], ("--at", "yesterday"), "2018-01-26T00:02:13Z"), ([], ("--at", "2016-01-01T00:00:00Z"), "begins later"),
                              ([], ("--at", "1"), "not a time"),
                              ([], ("--policy-file", str(rig.folder / "roster.json")), "not a policy")):
        code, said = explained(journal, order, *more, tool=tool)
        assert code != 0 and words in said, (more, tool, said)
    bare = rig.folder / "bare.conf"
    bare.write_text(f"genesis_file = {rig.folder}/genesis.json\npolicy_file = {rig.folder}/policy.json\n")
    done = process.run([TOOL, "--config", bare, "--journal", journal, "policy", "explain", rig.folder / "explained.json"],
                       expect=None)
    assert done.returncode == 2 and "are needed" in done.stderr, done
    code, said = explained(rig.folder / "absent", order)
    assert code == 1 and "no such journal" in said, (code, said)


@tap.test
def freeze_wins():
    freeze = rig.document("freeze", {
        "evacuate": False, "evidence": "", "issuer": "officer-1", "nonce": "ab" * 16,
        "reason": "test", "scope": "all", "time_ms": now_ms()}, rig.people["officer-1"])
    rig.well("a")
    documents = rig.payment(13 * XEM)
    with rig.client("a", "server") as server:
        asked = server.send(frames.SIGN, [d.raw for d in documents])
        process.wait_until(lambda: rig.nonce("a", "watcher-1")["sequence"], 5, "attested")
        with rig.client("a", "stop") as stop:
            (raw,) = stop.call(frames.STOP_PUT, [freeze.raw])
            receipt = canon.open_document(raw, rig.genesis.id, "receipt")
            assert receipt.signed_by(rig.attest["a"].public)
            assert receipt.body["document"] == freeze.id
            assert stop.call(frames.STOP_PUT, [freeze.raw]) == [raw]
        assert rig.refusal(server.wait_reply(asked, frames.SIGN))["code"] == "frozen"
    rig.daemons["a"].kill()
    rig.start("a")
    with rig.client("a", "server") as server:
        assert rig.refusal(server.call(frames.SIGN, [d.raw for d in rig.kept[0]]))["code"] == \
            "frozen"
        assert server.call(frames.STOP_GET) == [freeze.raw]
    code, told = explained(rig.place("a") / "journal", documents[1])
    assert code == 1 and told["answer"] == "refused" and told["rules"][0]["code"] == "frozen", told
    assert [(f["id"], f["issuer"]) for f in told["journal"]["freezes"]] == [(freeze.id, "officer-1")], told


@tap.test
def one_journal_one_process_and_undamaged():
    """A second process does not get the journal; a damaged one is not used."""
    daemon = rig.daemons["b"]
    daemon.stop()
    path = rig.place("b") / "journal"
    # another process holds the journal
    daemon = rig.start("b")
    second = process.Daemon("signer-b2", [*daemon.argv], rig.folder / "logs")
    config = rig.config("b", unlock_socket=rig.place("b") / "unlock2.sock",
                        server_socket=rig.place("b") / "server2.sock",
                        stop_socket=rig.place("b") / "stop2.sock")
    second.argv = [str(PROGRAM), "--config", str(config)]
    second.start(ready_timeout=None)
    with frames.open_client(rig.place("b") / "unlock2.sock", "signer", frames.VERSIONS["signer"], DEF, timeout=30.0,
                            wait=10.0) as client:
        assert client.call(frames.UNLOCK, [PASSPHRASE.encode()]) == []
    assert second.wait(10.0) == 4
    assert "busy" in second.errors()
    # damage in the middle of what is there: it does not start
    daemon.stop()
    data = bytearray(path.read_bytes())
    at = 4096 + 200
    data[at] ^= 1
    path.write_bytes(data)
    daemon = rig.begin("b")
    assert rig.unlock("b") == []
    assert daemon.wait(10.0) == 70
    data[at] ^= 1
    path.write_bytes(data)
    rig.start("b").stop()


def as_user(config, *argv, passphrase=PASSPHRASE):
    """kuramori-signer run by hand by the signer's user; (exit code, what it printed, what it complained of)."""
    program = rig.folder / "by-hand"
    if not program.exists():
        shutil.copy(PROGRAM, program)   # where every user may run it
        os.chmod(program, 0o755)
    who = {"user": UID, "group": UID, "extra_groups": []} if os.geteuid() == 0 else {}
    done = subprocess.run([program, *map(str, argv), "--config", config], input=passphrase + "\n", text=True,
                          capture_output=True, timeout=60, **who)
    return done.returncode, done.stdout, done.stderr


@tap.test
def moves_with_its_memory():
    """Exported here it never starts here again; imported there it remembers; no copy comes twice or in part."""
    rig.well("a")
    paid = rig.payment(7 * XEM)
    first = rig.sign("a", paid)
    here, there = rig.place("a"), rig.folder / "there"
    config = rig.config("a")
    code, _, words = as_user(config, "--export", here / "moving")
    assert code == 4 and "end the signer first" in words, (code, words)
    assert not (here / "moving").exists()
    rig.daemons["a"].stop()
    code, _, words = as_user(config, "--export", here / "moving", passphrase="not that")
    assert code != 0 and "passphrase" in words and not (here / "moving").exists(), (code, words)
    code, said, words = as_user(config, "--export", here / "moving")
    assert code == 0 and "never starts again" in said, (code, said, words)
    daemon = rig.begin("a")
    assert rig.unlock("a") == []
    assert daemon.wait(10.0) == 1 and "was exported" in daemon.errors(), daemon.errors()[-400:]
    # the folder was lost on the way: the same again; a folder that is there is left alone
    code, said, words = as_user(config, "--export", here / "again")
    assert code == 0, words
    code, _, words = as_user(config, "--export", here / "again")
    assert code != 0 and "not there yet" in words, (code, words)

    there.mkdir()
    os.chmod(there, 0o755)
    if os.geteuid() == 0:
        os.chown(there, UID, UID)
    new = rig.config("a", journal_file=there / "journal", sealed_key_file=there / "key.sealed")
    whole = (here / "again" / "journal").read_bytes()
    end = max(i for i in range(4096, len(whole), 128) if whole[i:i + 4] == b"KBAT")
    for name, bad, why in (("shorter", whole[:end] + bytes(len(whole) - end), "did not end"),
                           ("altered", whole[:4700] + bytes([whole[4700] ^ 1]) + whole[4701:], "no whole export")):
        (here / "again" / "journal").write_bytes(bad)
        code, _, words = as_user(new, "--import", here / "again")
        assert code != 0 and why in words and not list(there.iterdir()), (name, code, words)
    # b's key does not open a's memory
    code, said, words = as_user(new, "--import", here / "moving", "--signer_id", "b")
    assert code != 0 and not list(there.iterdir()), (code, words)
    code, said, words = as_user(new, "--import", here / "moving")
    assert code == 0 and "Start the signer here" in said, (code, said, words)
    code, _, words = as_user(new, "--import", here / "moving")
    assert code != 0 and "never replaced" in words, (code, words)
    elsewhere = rig.config("a", journal_file=there / "second", sealed_key_file=there / "key.sealed")
    code, _, words = as_user(elsewhere, "--import", here / "moving")
    assert code != 0 and "imported already" in words, (code, words)

    rig.start("a", journal_file=there / "journal", sealed_key_file=there / "key.sealed", journal_create="no")
    rig.well("a")
    with rig.client("a", "server") as server:
        assert server.call(frames.SIGN, [d.raw for d in paid]) == first
    rig.daemons["a"].stop()
    # and back again, for the tests behind this one
    code, _, words = as_user(rig.config("a", journal_file=there / "journal", sealed_key_file=there / "key.sealed"),
                             "--export", here / "back")
    assert code == 0, words
    (here / "journal").unlink()
    code, _, words = as_user(rig.config("a"), "--import", here / "back")
    assert code == 0, words
    rig.start("a")
    rig.well("a")


@tap.test
def sixty_four_at_once_give_one_total():
    """T05: two servers that know nothing of each other ask at the same moment for 64 payments, each well below every
    limit. What is reserved is what the day's budget without approvals holds, also after kill -9."""
    own = Rig()
    try:
        daemon = own.start("a")
        own.well("a")
        each, fees, budget = 70 * XEM, 400_000, 1000 * XEM
        fits = budget // (each + fees)
        asked = [own.payment(each - n) for n in range(65)]  # equal ones of one second would be one payment
        last = asked.pop()
        codes, problems = [], []

        def race(mine):
            try:
                with own.client("a", "server") as server:
                    for documents in mine:
                        server.send(frames.SIGN, [d.raw for d in documents])
                    # when this is answered all before it have been judged; those that are not answered
                    # wait for the watchers
                    server.send(frames.STATUS)
                    while True:
                        number, _, body = server.receive()
                        if number == frames.STATUS + 1:
                            break
                        answer = own.refusal(frames.unpack_items(body))
                        codes.append((answer["code"], answer["field"]))
            except Exception as problem:  # noqa: BLE001
                problems.append(problem)

        threads = [threading.Thread(target=race, args=(asked[n::2],)) for n in range(2)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        assert not problems, problems
        over = ("over-cap", "policy.unapproved_day_max")
        assert codes == [over] * (64 - fits), codes
        for _ in range(2):
            with own.client("a", "server") as server:
                status = {line["name"]: line["value"] for line in
                          canon.open_document(server.call(frames.STATUS)[0], None, "status").body["detail"]}
                assert status["payments"] == str(fits), status
                answer = own.refusal(server.call(frames.SIGN, [d.raw for d in last]))
                assert (answer["code"], answer["field"]) == over, answer
            daemon.kill()
            own.start("a")
            own.well("a")
    finally:
        for daemon in own.daemons.values():
            daemon.kill()


@tap.test
def a_crowd_at_a_socket_neither_kills_nor_blocks():
    """Two places at the server's socket. A third finds none; who comes as another leaves finds his
    place; and the sandbox knows every call that this takes."""
    first, second = rig.client("a", "server"), rig.client("a", "server")
    for _ in range(20):
        third = socket.socket(socket.AF_UNIX)
        third.connect(str(rig.place("a") / "server.sock"))
        assert third.recv(1) == b""
        third.close()
    for _ in range(50):
        first.close()
        first = rig.client("a", "server")
        first.call(frames.STATUS, timeout=5.0)
        first, second = second, first
    first.close()
    second.close()


def end():
    for daemon in rig.daemons.values():
        daemon.kill()


if __name__ == "__main__":
    tap.run(end=end)
