# SPDX-License-Identifier: Apache-2.0
"""Several kuramorids on PostgreSQL, and clients that never give up: what the tests here share."""

import http.client
import json
import os
import random
import sys
import threading
import time
from pathlib import Path
from urllib.parse import quote

ROOT = Path(__file__).resolve().parents[3]
sys.path.insert(0, str(ROOT / "tests/kit"))

import canon  # noqa: E402
import postgres  # noqa: E402
import process  # noqa: E402
import world  # noqa: E402

BUILD = Path(os.environ.get("KURAMORI_BUILD", ROOT / "build"))
SEED = int(os.environ.get("KURAMORI_SEED", "1"))
XEM = 1_000_000
EACH = 1_000_000 * XEM
NAMES = [f"c{i}" for i in range(12)]


class Rig:
    """A small exchange whose books are open in a database; servers by number."""

    def __init__(self, url, required):
        settings = world.Settings(boxes=3, purses=1, quiet_blocks=5, block_ms=400, settle_depth=2,
                                  deposit_depth=3, watchers=3)
        self.world = w = world.World(process.temp_dir("kg-"), BUILD, settings)
        w.ceremony()
        w.write_documents({which: canon.SigningKey.named("attest " + which).public_hex for which in "ab"})
        (w.place("documents") / "claims.csv").write_text("".join(f"{name},{EACH}\n" for name in NAMES))
        self.secret = w.place("documents") / "journal.secret"
        world.write_private(self.secret, "5a" * 32)
        self.required = required
        self.ports = {}
        self.daemons = {}
        w.write_server_config()
        self.model = {name: EACH for name in NAMES}
        self.acknowledged = {}      # body of a request: its answer
        self.lock = threading.Lock()
        self.configure(0, url)
        process.run([w.program("kuramorid"), "--config", self.conf(0), "--open-books",
                     w.place("documents") / "claims.csv"], timeout=60.0)

    def conf(self, number):
        return self.world.place(f"kuramorid-{number}") / "kuramorid.conf"

    def configure(self, number, url, **more):
        """Writes a server's configuration: the world's own, with this database."""
        if number not in self.ports:
            self.ports[number] = process.free_port()
        listen = f"127.0.0.1:{self.ports[number]}"
        pairs = dict(line.split(" = ", 1) for line in
                     (self.world.place("kuramorid") / "kuramorid.conf").read_text().splitlines())
        pairs.update(store=url, listen=listen, known_as=f"server-{number} at {listen}",
                     journal_secret_file=self.secret,
                     replica_required="yes" if self.required else "no", **more)
        world.write_config(self.conf(number), pairs.items())

    def start(self, number, wait=30.0):
        daemon = self.daemons.get(number)
        if daemon is None:
            folder = self.world.place(f"kuramorid-{number}")
            daemon = self.daemons[number] = process.Daemon(
                f"kuramorid-{number}", [self.world.program("kuramorid"), "--config", self.conf(number)], folder)
            self.world.group.add(daemon)
        return daemon.start(wait)

    def ask(self, number, method, path, body=None, token=None, timeout=20, language="en"):
        """(status, parsed answer); raises OSError or http.client.HTTPException."""
        connection = http.client.HTTPConnection("127.0.0.1", self.ports[number], timeout=timeout)
        try:
            headers = {"Authorization": f"Bearer {token or self.world.token}", "Accept-Language": language}
            if body is not None:
                headers["Content-Type"] = "application/json"
            connection.request(method, path, body, headers)
            answer = connection.getresponse()
            data = answer.read()
            return answer.status, json.loads(data) if path != "/metrics" else data.decode()
        finally:
            connection.close()

    def store(self, number):
        """What a server says of its journal, or None."""
        try:
            return self.ask(number, "GET", "/v1/status")[1]["store"]
        except (OSError, http.client.HTTPException):
            return None

    def writer(self):
        """The number of the server that writes and has read the chain, or None."""
        for number, daemon in self.daemons.items():
            if daemon.alive():
                try:
                    status, body = self.ask(number, "GET", "/v1/status", timeout=1)
                except (OSError, http.client.HTTPException):
                    continue
                if status == 200 and body["store"]["role"] == "writer" and body.get("chain_read"):
                    return number
        return None

    def wait_writer(self, timeout=20, but=None):
        def other():
            number = self.writer()
            return None if number is None or number == but else (number,)
        return process.wait_until(other, timeout, "a server writes", 0.03)[0]

    # ------------------------------------------------------------ clients

    def send(self, body, numbers, until):
        """The answer to one settlement request, asked of one server after the other until one gives
        it; None: nobody did in time."""
        turn = 0
        while time.monotonic() < until:
            try:
                status, answer = self.ask(numbers[turn % len(numbers)], "POST", "/v1/transfers", body,
                                          self.world.settlement_token, timeout=3)
            except (OSError, http.client.HTTPException):
                status = None
            if status == 200:
                return answer
            if status is not None and status not in (503, 504):
                raise process.Failed(f"{status}: {answer}")
            turn += 1
            time.sleep(0.02)
        return None

    def note(self, body, answer):
        with self.lock:
            self.acknowledged[body] = answer
            for entry, result in zip(json.loads(body)["transfers"], answer["transfers"]):
                # the answer to an earlier try may have been lost
                if result["result"] in ("done", "repeated"):
                    self.model[entry["debit"][9:]] -= int(entry["amount"])
                    self.model[entry["credit"][9:]] += int(entry["amount"])

    def again(self):
        """Every acknowledged request once more: what was done is known, what was refused is so again."""
        number = self.wait_writer()
        for body, answer in self.acknowledged.items():
            got = self.send(body, [number], time.monotonic() + 20)
            was = [(t["id"], t["result"].replace("done", "repeated")) for t in answer["transfers"]]
            if got is None or [(t["id"], t["result"]) for t in got["transfers"]] != was:
                raise process.Failed(f"asked again: {got}\nwas {answer}")

    def check(self):
        """Nothing acknowledged is lost, nothing is booked twice, the books are sound."""
        number = self.wait_writer()
        self.again()
        audit = self.ask(number, "GET", "/v1/audit")[1]
        assert audit["books_valid"] and audit["explained"], audit
        for name in NAMES:
            got = int(self.ask(number, "GET", f"/v1/accounts/{name}")[1]["balance"])
            assert got == self.model[name], (name, got, self.model[name])
        return len(self.acknowledged)


class Load:
    """Clients that settle until stop(); each repeats a request until it is answered."""

    def __init__(self, rig, numbers, clients=4, seed=SEED):
        self.rig, self.numbers = rig, numbers
        self.ending = threading.Event()
        self.problems = []
        self.limit = None
        self.threads = [threading.Thread(target=self._client, args=(random.Random(f"{seed} {i}"),), daemon=True)
                        for i in range(clients)]
        for one in self.threads:
            one.start()

    def _client(self, chance):
        try:
            while not self.ending.is_set():
                entries = []
                for _ in range(chance.randint(1, 6)):
                    debit, credit = chance.sample(NAMES, 2)
                    entries.append({"kind": "transfer", "id": canon.uuid7(), "debit": "customer:" + debit,
                                    "credit": "customer:" + credit, "asset": "nem:xem",
                                    "amount": str(chance.randint(1, 50 * XEM))})
                body = json.dumps({"transfers": entries}, sort_keys=True, separators=(",", ":"))
                answer = self.rig.send(body, self.numbers, time.monotonic() + 60)
                if answer is None:
                    raise process.Failed("a client got no answer within 60 s")
                self.rig.note(body, answer)
        except Exception as problem:     # told by stop()
            self.problems.append(problem)

    def grown(self, by, timeout=30):
        """Waits until so many more requests were acknowledged."""
        aim = len(self.rig.acknowledged) + by
        process.wait_until(lambda: self.problems or len(self.rig.acknowledged) >= aim, timeout,
                           f"{by} more acknowledged")
        if self.problems:
            raise self.problems[0]

    def stop(self):
        self.ending.set()
        for one in self.threads:
            one.join(70)
        if self.problems:
            raise self.problems[0]


def hosts_url(servers, database):
    """The URL of a database on the first of several servers that takes writes."""
    hosts = ",".join(f"{quote(str(s.folder), safe='')}:{s.port}" for s in servers)
    return f"postgres://{postgres.ROLE}@{hosts}/{database}"
