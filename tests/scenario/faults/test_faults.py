# SPDX-License-Identifier: Apache-2.0
"""
Goal: whichever allocation or system call of kuramorid fails, nothing that it acknowledged is lost,
nothing is booked twice, and the same request asked again gets the same answer (P1, P3, P12, T43).
Method: the real kuramorid on a real node; fail_at.so lets its k-th allocation, or its k-th system
call (EIO, ENOSPC, ENOMEM, EINTR in turn), fail, from its first to the last of a life that starts,
takes a withdrawal and ends.  It may refuse, say an error, or end; it may not hang, nor die of
anything but its own decision.  Then it is started without faults: the books must verify from their
raw rows, and the withdrawal asked for again must be held exactly once.
And its wall clock jumps 25 hours ahead and back while it runs and between its lives: the same holds, and
no record of the journal is older than the one before it.  And no file may grow beyond a limit (RLIMIT_FSIZE).
All k with KURAMORI_FAULTS=all, those of a range with KURAMORI_FAULTS=1-5000 (so that several can share
them), else a sample of this many of each kind (default 40); the seed is printed.
"""
import argparse
import contextlib
import errno
import json
import mmap
import os
import pathlib
import random
import resource
import signal
import sqlite3
import struct
import sys
import unittest

ROOT = pathlib.Path(__file__).resolve().parent.parent.parent.parent
sys.path.insert(0, str(ROOT / "tests/kit"))

import canon  # noqa: E402
import faulty  # noqa: E402
import process  # noqa: E402

XEM = faulty.XEM
ROWS = {"memory": 0, "system": 1}
NUMBERS = {"memory": (errno.ENOMEM,), "system": (errno.EIO, errno.ENOSPC, errno.ENOMEM, errno.EINTR)}
OPEN_MOST = 500  # a world's withdrawals stay open and make each start longer; 4,096 is what it takes
OPTIONS = None


def chosen(wanted, last, rng):
    """Which of the calls 1 to last shall fail."""
    if wanted == "all":
        return range(1, last + 1)
    if "-" in wanted:
        first, end = map(int, wanted.split("-"))
        return range(first, min(end, last) + 1)
    return sorted(rng.sample(range(1, last + 1), min(last, int(wanted))))


class Page:
    """The page shared with fail_at.so."""

    def __init__(self, path):
        self.path = path
        path.write_bytes(bytes(4096))
        with open(path, "r+b") as file:
            self.map = mmap.mmap(file.fileno(), 4096)

    def arm(self, kind=None, at=0, number=0):
        """Counting starts again; the at-th call of this kind fails."""
        for row in ROWS.values():
            struct.pack_into("<QQQQ", self.map, row * 32, 0, 0, 0, 0)
        if kind is not None:
            struct.pack_into("<QQQ", self.map, ROWS[kind] * 32, 0, at, number)

    def clock(self, hours):
        """The wall clock of the program is wrong by so much from now on."""
        struct.pack_into("<q", self.map, 64, hours * 3_600_000)

    def calls(self, kind):
        return struct.unpack_from("<Q", self.map, ROWS[kind] * 32)[0]

    def failed(self, kind):
        return struct.unpack_from("<Q", self.map, ROWS[kind] * 32 + 24)[0]


class Faults(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        process.catch_signals()
        # nothing may expire while all calls are tried, but for a clock that is 25 hours wrong
        faulty.kit.POLICY.update(order_life_ms=24 * 3_600_000)
        cls.lives = cls.refused = cls.ended = 0
        cls.begin_world()

    @classmethod
    def begin_world(cls):
        folder, w = faulty.small_world(OPTIONS.build)
        cls.world, cls.total = w, w.settings.claims_xem * XEM
        cls.page = Page(folder / "page")
        cls.held = cls.open = 0

    @classmethod
    def tearDownClass(cls):
        cls.world.stop()

    def start(self, loaded):
        """Starts kuramorid; False when it ended before it was ready."""
        here = faulty.loaded(OPTIONS.fail_at, "KURAMORI_FAIL_PAGE", self.page.path) if loaded else contextlib.nullcontext()
        try:
            with here:
                self.world.start_server()
            return True
        except process.Failed as problem:
            if not loaded or "before it was ready" not in str(problem):
                raise
            return False

    def ask(self, request, key):
        """(status, body) of one POST; (None, None) when no answer came."""
        try:
            status, body, _ = self.world.api("POST", "/v1/withdrawals", request.raw, key)
        except (OSError, json.JSONDecodeError):
            return None, None
        except Exception as broken:  # the connection broke in the middle of the answer
            if "http" not in type(broken).__module__:
                raise
            return None, None
        return status, body

    def end(self, what):
        """Ends it; however it ended, it was its own decision."""
        daemon = self.world.group["kuramorid"]
        if daemon.alive():
            daemon.process.send_signal(signal.SIGTERM)
        code = daemon.wait(timeout=30.0)
        self.assertIn(code, (0, 1, 2, 3, 4, 5, 70, -signal.SIGABRT), f"{what}: {daemon.errors()[-2000:]}")
        return code

    def life(self, what):
        """One life with a fault, and the look at what it left."""
        w = self.world
        request = w.request("c1", w.keys.outside[0].address(), XEM + self.lives)
        key = canon.uuid7()
        status = body = None
        type(self).lives += 1
        if self.start(loaded=True):
            for _ in range(200):
                status, body = self.ask(request, key)
                if status != 503:  # 503: the chain is not read yet
                    break
                process.time.sleep(0.01)
            self.assertIn(status, (None, 201, 500, 503, 507), f"{what}: {body}")
        code = self.end(what)
        type(self).ended += code != 0
        type(self).refused += status not in (201, None)
        calls = {kind: (self.page.calls(kind), self.page.failed(kind)) for kind in ROWS}
        verified = process.run([w.program("kuramori"), "books", "verify", w.journal("kuramorid")], expect=None)
        self.assertEqual(verified.returncode, 0, f"{what}: {verified.stdout}{verified.stderr}")
        self.start(loaded=False)
        w.chain_is_read()
        again, told = self.ask(request, key)
        self.assertEqual(again, 201, f"{what}: {told}")
        if status == 201:
            for field in ("id", "customer", "amount", "fee"):
                self.assertEqual(told.get(field), body.get(field), what)
        third, same = self.ask(request, key)
        self.assertEqual((third, same["id"]), (201, told["id"]), what)
        type(self).held += int(told["amount"]) + int(told["fee"])
        type(self).open += 1
        account = w.get("/v1/accounts/c1")
        self.assertEqual(int(account["balance"]), self.total, what)
        self.assertEqual(int(account["available"]), self.total - self.held, what)
        w.group["kuramorid"].stop()
        return calls

    def every(self, kind):
        self.page.arm()
        before = self.life("no fault")
        last = before[kind][0]
        self.assertGreater(last, 100)
        wanted = os.environ.get("KURAMORI_FAULTS", "40")
        seed = int(os.environ.get("KURAMORI_SEED", str(random.randrange(1 << 32))))
        rng = random.Random(seed)
        ks = chosen(wanted, last, rng)
        print(f"# {kind}: {last} calls in a life, seed {seed}", flush=True)
        hits = 0
        for k in ks:
            if self.open >= OPEN_MOST:
                self.world.stop()
                self.begin_world()
            number = NUMBERS[kind][k % len(NUMBERS[kind])]
            self.page.arm(kind, k, number)
            calls = self.life(f"{kind} call {k} fails with {errno.errorcode[number]}")
            hits += calls[kind][1]
        print(f"# {kind}: {len(ks)} lives, {hits} faults met, {self.ended} ended early, {self.refused} refused",
              flush=True)
        self.assertGreaterEqual(hits, len(ks) * 3 // 4)

    def test_clock(self):
        """25 hours either way, in the middle of a life and across a kill -9."""
        w = self.world
        self.page.arm()
        asked = []
        for life in ((0, 25, 0), (25, -25), (-25, 0), (0, 0)):
            self.page.clock(life[0])
            self.assertTrue(self.start(loaded=True))
            w.chain_is_read()
            for hours in life:
                self.page.clock(hours)
                request, key = w.request("c1", w.keys.outside[0].address(), 7 * XEM + len(asked)), canon.uuid7()
                status, body = self.ask(request, key)
                if hours == 0:
                    self.assertEqual(status, 201, body)
                else:  # a clock that is far from the chain's decides nothing
                    self.assertEqual((status, body["type"]), (409, "urn:kuramori:problem:clock"))
                asked.append((request, key))
                # a tick later: what waits for people or signers may end by time, nothing else may move
                process.time.sleep(1.2)
            w.group["kuramorid"].kill()
        self.page.clock(0)
        self.start(loaded=False)
        w.chain_is_read()
        expired = 0
        for request, key in asked:
            status, told = self.ask(request, key)
            self.assertEqual(status, 201, told)
            state = w.get(f"/v1/withdrawals/{told['id']}")["state"]
            self.assertIn(state, ("approved", "expired"))
            if state == "expired":
                expired += 1
            else:
                type(self).held += int(told["amount"]) + int(told["fee"])
        account = w.get("/v1/accounts/c1")
        self.assertEqual(int(account["available"]), self.total - self.held)
        print(f"# clock: {len(asked)} withdrawals, {expired} ended by a clock that was 25 hours ahead", flush=True)
        self.assertLess(expired, len(asked))
        w.group["kuramorid"].stop()
        with contextlib.closing(sqlite3.connect(f"file:{w.journal('kuramorid')}?mode=ro", uri=True)) as db:
            times = [struct.unpack_from("<Q", records, at + 8)[0]
                     for records, in db.execute("SELECT records FROM batches ORDER BY first_sequence")
                     for at in range(0, len(records), 128)]
        self.assertEqual(times, sorted(times), "time goes back in the journal")
        self.assertGreater(times[-1] - times[0], 24 * 3_600_000)
        verified = process.run([w.program("kuramori"), "books", "verify", w.journal("kuramorid")], expect=None)
        self.assertEqual(verified.returncode, 0, verified.stderr)
        errors = w.group["kuramorid"].errors()
        self.assertIn("clock-behind-journal", errors)

    def test_limit(self):
        """A limit of file sizes below the log that is written ahead: kuramorid says so and goes on."""
        soft, hard = resource.getrlimit(resource.RLIMIT_FSIZE)
        resource.setrlimit(resource.RLIMIT_FSIZE, (5_000_000, hard))
        try:
            self.page.arm()
            self.life("no file may be longer than 5 MB")
        finally:
            resource.setrlimit(resource.RLIMIT_FSIZE, (soft, hard))
        self.assertIn("log-not-ahead", self.world.group["kuramorid"].errors())

    def test_memory(self):
        self.every("memory")

    def test_system(self):
        self.every("system")


if __name__ == "__main__":
    parser = argparse.ArgumentParser()
    parser.add_argument("--build", type=pathlib.Path, required=True)
    parser.add_argument("--fail-at", type=pathlib.Path, required=True)
    OPTIONS, rest = parser.parse_known_args()
    unittest.main(argv=[sys.argv[0], *rest], verbosity=2)
