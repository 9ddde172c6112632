# SPDX-License-Identifier: Apache-2.0
"""
Goal: whichever process dies, wherever it dies, each withdrawal is paid exactly once and the books
agree with the chain (P3, P9, T42).
Method: the real programs on the real node. die_at.so ends one of them right before or right after
the N-th sync since a withdrawal was posted, for every N that an undisturbed withdrawal takes (a
sync stands between every decision and its effect, so these are all the points that a crash can
tell apart); it is started again and the withdrawal must settle. Then kill -9 at random moments
under load, all kinds of process, seed printed. At the end payments on chain are counted from the
node's blocks, and kuramorid's own reconciliation must explain every account.
"""
import argparse
import pathlib
import random
import sys
import time
import unittest

ROOT = pathlib.Path(__file__).resolve().parent.parent.parent.parent
sys.path.insert(0, str(ROOT / "tests/kit"))

import canon  # noqa: E402
import faulty  # noqa: E402
import process  # noqa: E402

XEM = faulty.XEM
PROCESSES = ("kuramorid", "signer-a", "signer-b", "watcher-1", "watcher-2")
OPTIONS = None


class Killed(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        process.catch_signals()
        folder, cls.world = faulty.small_world(OPTIONS.build)
        cls.customer = "c1"
        cls.dying = faulty.Dying(cls.world, OPTIONS.die_at, folder, PROCESSES)
        cls.posted = []
        cls.dying.start_all()

    @classmethod
    def tearDownClass(cls):
        cls.world.stop()

    def post(self):
        """One withdrawal; asked again with the same key while the server is away, as a back end does."""
        w = self.world
        number = len(self.posted)
        request = w.request(self.customer, w.keys.outside[0].address(), XEM + number)
        key = canon.uuid7()
        self.posted.append(request)
        return lambda: self.ask(request, key)

    def ask(self, request, key):
        try:
            status, body, _ = self.world.api("POST", "/v1/withdrawals", request.raw, key)
        except OSError:
            return False
        except Exception as broken:  # the connection broke in the middle of the answer
            if "http" not in type(broken).__module__:
                raise
            return False
        if status == 503:  # the server has just come back and has not read the chain yet
            return False
        self.assertEqual(status, 201, body)
        return True

    def state(self, request):
        try:
            _, body, _ = self.world.api("GET", f"/v1/withdrawals/{request.body['request_id']}")
        except Exception:
            return "unreachable"
        return body.get("state")

    def settled(self, request, timeout=40):
        process.wait_until(lambda: self.state(request) == "settled", timeout, f"{request} settles", 0.03)

    def check_books(self):
        seen = faulty.paid(self.world)
        for request in self.posted:
            key = (request.body["destination"], int(request.body["amount"]))
            self.assertEqual(seen.pop(key, 0), 1, f"payments of {request.body['amount']} micro-XEM")
        self.assertEqual(seen, {}, "payments that nobody asked for")

        def explained():
            words = self.world.get("/v1/audit")
            return all(one["explained"] for one in words["accounts"])
        process.wait_until(explained, 20, "books = chain + in flight for every account", 0.1)
        self.assertEqual([d.name for d in self.world.group if not d.alive()], [])

    def one_death(self, name, ahead, after):
        page = self.dying.pages[name]
        daemon = self.world.group[name]
        ask = self.post()
        page.arm(ahead, after)
        first = ask()
        deadline = time.monotonic() + 20
        request = self.posted[-1]
        while page.armed and time.monotonic() < deadline:
            if self.state(request) == "settled":
                break
            time.sleep(0.01)
        died = not page.armed
        if died:
            process.wait_until(lambda: not daemon.alive(), 10, f"{name} has died", 0.01)
            self.dying.start(name)
        page.arm(0, False)
        if not first:
            process.wait_until(ask, 30, "the server takes the request again", 0.05)
        self.settled(request)
        return died

    def test_every_sync(self):
        """Dies before and after each sync that one withdrawal takes, in every kind of process."""
        before = {name: page.syncs for name, page in self.dying.pages.items()}
        ask = self.post()
        self.assertTrue(ask())
        self.settled(self.posted[-1])
        takes = {name: page.syncs - before[name] for name, page in self.dying.pages.items()}
        print(f"syncs of one withdrawal: {takes}", flush=True)
        for name in PROCESSES[:4]:
            self.assertGreater(takes[name], 0, f"{name} syncs nothing: die_at.so is not loaded")
            deaths = 0
            for ahead in range(1, takes[name] + 1):
                for after in (False, True):
                    deaths += self.one_death(name, ahead, after)
            print(f"{name}: died {deaths} times at {takes[name]} syncs", flush=True)
            self.assertGreaterEqual(deaths, takes[name], f"{name} did not die where it was told to")
        self.check_books()

    def test_random_moments(self):
        """kill -9 at random moments under load."""
        chance = random.Random(OPTIONS.seed)
        print(f"seed {OPTIONS.seed}", flush=True)
        kinds = ("kuramorid", "signer-a", "signer-b", "watcher-1", "watcher-2", "watcher-3", "node")
        for _ in range(OPTIONS.kills):
            asks = [self.post() for _ in range(3)]
            waiting = [ask for ask in asks if not ask()]
            time.sleep(chance.random() * 0.6)
            name = chance.choice(kinds)
            self.world.group[name].kill()
            if name == "node":
                self.world.group[name].start()
                self.world.dev("clock", mode="real", interval_ms=self.world.settings.block_ms)
            else:
                self.dying.start(name)
            for ask in waiting:
                process.wait_until(ask, 30, "the server takes the request again", 0.05)
        for request in self.posted:
            self.settled(request, 60)
        self.check_books()


def main():
    global OPTIONS
    parser = argparse.ArgumentParser()
    parser.add_argument("--build", type=pathlib.Path, required=True)
    parser.add_argument("--die-at", type=pathlib.Path, required=True, help="die_at.so")
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--kills", type=int, default=12)
    OPTIONS, rest = parser.parse_known_args()
    unittest.main(argv=[sys.argv[0], *rest], verbosity=2)


main()
