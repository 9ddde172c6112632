#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Goal: under caps in yen a withdrawal waits for prices and no longer: one source that speaks through
the tool and one that does not are enough; a price that nobody of the roster signed, an old one and a
foreign one change nothing; caps hold over restarts of everything; nothing fails because a price was
late.

Method: all real programs with caps in yen in the first policy; prices by `kuramori price` and by
tests/kit. What is asked is the API, and the signers' journals.
"""
import os
import sys
import time
import urllib.request
from pathlib import Path

ROOT = Path(__file__).resolve().parents[3]
sys.path.insert(0, str(ROOT / "tests/kit"))

import audit  # noqa: E402
import canon  # noqa: E402
import process  # noqa: E402
import tap  # noqa: E402
import world  # noqa: E402

BUILD = Path(os.environ.get("KURAMORI_BUILD", ROOT / "build"))
XEM = world.XEM
AGE_MS = 6000
YEN = [{"age_max_ms": AGE_MS, "day_max": "40000", "hour_max": "20000", "jump_max_bp": 1000}]


class Rig:
    def __init__(self):
        self.world = w = world.World(process.temp_dir("kq-"), BUILD,
                                     world.Settings(boxes=1, purses=1, purse_xem=1000, till_xem=1000, fees_xem=10,
                                                    quiet_blocks=1, settle_depth=1, deposit_depth=1, price_sources=2,
                                                    policy={"yen": YEN}))
        w.ceremony()
        w.seal_people((("approver-cli", "approver"), ("price-cli", "price source")))
        w.write_documents(w.seal_signers())
        w.open_for_business({"c1": 500 * XEM, "c2": 500 * XEM})
        self.asked = 0

    def tool(self, *words, person="price-cli", stdin=None, expect=0):
        done = process.run([self.world.program("kuramori"), "--config", self.world.write_cli_config(person), *words],
                           input=stdin, expect=expect, timeout=60.0)
        return done.stdout if expect == 0 else done.stderr

    def put(self, document):
        status, body, _ = self.world.api("POST", "/v1/prices", document.raw)
        return body["state"] if status == 200 else body["type"].rsplit("/", 1)[-1].rsplit(":", 1)[-1]

    def speak(self, rate="100"):
        """One source by the tool, one by hand."""
        signed = self.tool("price", "sign", rate)
        assert "kept: price-cli says" in self.tool("price", "put", "-", stdin=signed), signed
        assert self.put(self.world.price("price-1", rate)) == "kept"

    def withdraw(self, xem, customer="c1"):
        self.asked += 1
        request = self.world.request(customer, self.world.keys.outside[self.asked].address(), xem * XEM)
        status, body, _ = self.world.api("POST", "/v1/withdrawals", request.raw, f"k{self.asked}")
        assert status == 201, (status, body)
        return request.body["request_id"]

    def seen(self, withdrawal):
        return self.world.get(f"/v1/withdrawals/{withdrawal}")

    def wait(self, withdrawal, state, words="", speak=False):
        """Until it has this state and says these words; speak: sources go on speaking."""
        deadline, said = time.monotonic() + 30, 0.0
        while time.monotonic() < deadline:
            if speak and time.monotonic() - said > 1.5:
                self.speak()
                said = time.monotonic()
            now = self.seen(withdrawal)
            if now["state"] == state and words in now["reason"]:
                return now
            time.sleep(0.05)
        raise AssertionError(now)

    def yen(self, which):
        """What a signer's journal has counted, from its bytes."""
        records = audit.read_file_journal(self.world.journal(f"signer-{which}")).verify().records()
        return sum(-(-r.amount * int.from_bytes(r.credit[8:16], "little") // 10 ** 15)
                   for r in records if r.kind == "GUARD_RESERVE")


@tap.test
def it_waits_for_prices_and_then_it_pays():
    first = rig.withdraw(50)
    rig.wait(first, "approved", "waits for prices: 0 of 2")
    assert rig.put(rig.world.price("price-1", "100")) == "kept"
    rig.wait(first, "approved", "1 of 2 that are needed agree")
    rig.wait(first, "settled", speak=True)
    assert rig.yen("a") == rig.yen("b") and 5000 < rig.yen("a") < 5100, (rig.yen("a"), rig.yen("b"))
    status = rig.world.get("/v1/status")
    assert status["prices_needed"] == 2 and {p["source"] for p in status["prices"]} >= {"price-1", "price-cli"}, status


@tap.test
def what_no_source_says_changes_nothing():
    w = rig.world
    before = w.get("/v1/status")["prices"]
    own = canon.SigningKey.named("nobody")
    now = world.now_ms()
    assert rig.put(w.price("price-1", "1", key=own)) == "bad-signature"
    assert rig.put(w.price("price-7", "1", key=own)) == "unknown-signer"
    assert rig.put(canon.Document("price", w.price("price-1", "1").body)) == "not-signed"
    assert rig.put(w.price("price-1", "1", time_ms=now - 60_000)) == "stale"
    assert rig.put(w.price("price-1", "1", time_ms=now + 3_600_000)) == "clock"
    assert rig.put(w.approval("11" * 32, "approver-1")) == "unknown-type"
    assert [(p["source"], p["rate"]) for p in w.get("/v1/status")["prices"]] == [(p["source"], p["rate"]) for p in before]
    status, _, _ = w.api("POST", "/v1/prices", w.price("price-1", "1").raw, token="x" * 40)
    assert status == 401, status


@tap.test
def the_tool_says_what_is_wrong():
    for words, code, said in (
            (("price", "sign", "0"), 3, "rate"),
            (("price", "sign", "1,5"), 3, "rate"),
            (("price", "sign", "0.10"), 3, "rate"),
            (("price", "sign", "1" * 40), 3, "rate"),
            (("price", "sell", "1"), 2, "price sign"),
            (("price", "sign"), 2, "price sign"),
            (("price", "put", "/nowhere"), None, "/nowhere")):
        words_said = rig.tool(*words, expect=code)
        assert said in words_said, (words, words_said)
    assert "no price source" in rig.tool("price", "sign", "1", person="approver-cli", expect=1)
    assert "price" in rig.tool("price", "put", "-", stdin="{}", expect=3)
    genesis = (rig.world.place("documents") / "policy.json").read_text()
    assert "not a price" in rig.tool("price", "put", "-", stdin=genesis, expect=3)
    old = rig.world.price("price-1", "1", time_ms=world.now_ms() - 60_000).raw.decode()
    assert "older" in rig.tool("price", "put", "-", stdin=old, expect=1)


@tap.test
def the_cap_holds_over_restarts():
    second = rig.withdraw(140)
    rig.wait(second, "settled", speak=True)
    counted = rig.yen("a")
    assert 19_000 < counted <= 20_000, counted
    rig.world.group["kuramorid"].kill()
    rig.world.start_server()
    for which in "ab":
        rig.world.group[f"signer-{which}"].kill()
        rig.world.start_signer(which)
    rig.world.chain_is_read()
    third = rig.withdraw(10, "c2")      # the server has forgotten what was counted; signers have not
    rig.wait(third, "approved", "waits for prices: 0 of 2")
    rig.wait(third, "approved", "more yen than any hour may carry", speak=True)
    assert rig.yen("a") == counted == rig.yen("b")
    asked = urllib.request.Request(f"http://127.0.0.1:{rig.world.ports['api']}/metrics",
                                   headers={"Authorization": f"Bearer {rig.world.token}"})
    with urllib.request.urlopen(asked, timeout=5) as answer:
        text = answer.read().decode()
    assert 'kuramorid_price_age_milliseconds{source="price-1"}' in text and "kuramorid_prices_needed 2" in text


def start():
    global rig
    rig = Rig()


def end():
    rig.world.group.kill()


if __name__ == "__main__":
    tap.run(start, end)
