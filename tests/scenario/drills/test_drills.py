#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Goal: no valid drill, no new deposit address: kuramorid gives a deposit message out only while as many cold holders as a
recovery needs have a drill that is signed, of the holding's keys and not run out; everything else it does as ever.

Method: the real kuramorid with a drill folder into which files are put, forged, aged and taken out while it runs.
"""

import json
import os
import sys
import time
from pathlib import Path

ROOT = Path(__file__).resolve().parents[3]
sys.path.insert(0, str(ROOT / "tests/kit"))

import canon  # noqa: E402
import process  # noqa: E402
import tap  # noqa: E402
import world  # noqa: E402

BUILD = Path(os.environ.get("KURAMORI_BUILD", ROOT / "build"))
DAY = 86_400_000
rig = None
attest = [canon.SigningKey.named(f"drills attest {i}") for i in range(5)]
folder = None


def start():
    global rig, folder
    rig = world.World(process.temp_dir("kd-"), BUILD, world.Settings(
        boxes=1, purses=1, quiet_blocks=5, block_ms=150, settle_depth=2, deposit_depth=3, watchers=3))
    rig.ceremony()
    rig.write_documents({which: canon.SigningKey.named("attest " + which).public_hex for which in "ab"})
    rig.open_books_of({"alice": 1_000_000})
    folder = rig.place("drills")
    rig.server_pairs.append(("drill_folder", folder))
    rig.start_server()
    rig.chain_is_read()


def stop():
    if rig is not None:
        rig.group.kill()


def holding(officers=("officer-1", "officer-2"), **changed):
    document = canon.Document("holding", {
        "genesis": rig.genesis.id, "holders": [
            {"attest_key": attest[i].public_hex, "id": f"holder-{i}", "key": rig.keys.holders[i].public_hex, "registration": ""} for i in range(5)],
        "limit": "1", "number": 1, "previous": canon.ZERO_ID, "residue_max": "0", "tally_age_ms": DAY, "window_ms": DAY,
        **changed}).sign(*(rig.keys.people[name][0] for name in officers))
    (folder / "holding").write_bytes(document.raw + b"\n")
    return document


def drill(i, days=30, before=0, key=None, **changed):
    now = int(time.time() * 1000) - before
    return canon.Document("drill", {
        "attest_key": attest[i].public_hex, "genesis": rig.genesis.id, "holder": f"holder-{i}", "holding": "ab" * 32,
        "key": rig.keys.holders[i].public_hex, "time_ms": now, "valid_until_ms": now + days * DAY, **changed,
    }).sign(key or attest[i])


def put(name, document):
    (folder / name).write_bytes(document.raw)


def asked(expect, why=""):
    """What the server says after it has looked again."""
    time.sleep(1.1)
    status, body, _ = rig.api("GET", "/v1/deposit-tokens/alice")
    assert status == expect, (status, body)
    if expect == 200:
        assert body["message"] and body["addresses"], body
    else:
        assert body["type"].endswith("stale") and why in json.dumps(body), body


@tap.test
def without_a_holding_there_is_no_address():
    asked(409, "no holding")
    status, body, _ = rig.api("GET", "/v1/deposit-tokens/alice", headers={"Accept-Language": "ja"})
    assert status == 409 and body["detail"] == "drill のフォルダーに読める holding がありません", body
    holding(officers=["officer-1"])
    asked(409, "governance")
    holding(officers=["approver-1", "approver-2"])
    asked(409, "signatures")
    holding()
    asked(409, "do drills first")
    # all else goes on
    assert rig.get("/v1/accounts/alice")["balance"] == "1000000"


@tap.test
def as_many_holders_as_a_recovery_needs():
    for i in range(2):
        put(f"drill-{i}", drill(i))
    asked(409, "do drills first")
    put("drill-twice", drill(1, days=31))
    asked(409, "do drills first")
    put("drill-2", drill(2))
    asked(200)
    (folder / "drill-0").unlink()
    asked(409, "do drills first")


@tap.test
def a_drill_that_is_none_does_not_count():
    forged = drill(0)
    forged.body["valid_until_ms"] += 1
    for field, bad in (
            ("drill.valid_until_ms", drill(0, days=30, before=31 * DAY)), ("drill.signatures", drill(0, key=attest[1])),
            ("drill.holder", drill(0, holder="holder-9")), ("drill.key", drill(0, key=attest[3], attest_key=attest[3].public_hex)),
            ("drill.time_ms", drill(0, before=-DAY)), ("drill", drill(0, genesis="cd" * 32)),
            ("drill.signatures", forged), ("drill", drill(0, days=367))):
        said = len(rig.group.daemons["kuramorid"].errors())
        put("drill-0", bad)
        asked(409, "do drills first")
        said = rig.group.daemons["kuramorid"].errors()[said:]
        assert f"drill-refused file=drill-0 field={field} " in said, (field, said)
    (folder / "drill-0").write_bytes(b"{" * 100_000)
    asked(409, "do drills first")
    (folder / "drill-0").unlink()
    (folder / "drill-0").mkdir()
    asked(409, "do drills first")
    (folder / "drill-0").rmdir()
    put("drill-0", drill(0, days=366))
    asked(200)


@tap.test
def another_holding_asks_for_other_drills():
    holding(holders=[{"attest_key": attest[i].public_hex, "id": f"other-{i}", "key": rig.keys.holders[i].public_hex, "registration": ""}
                     for i in range(5)])
    asked(409, "do drills first")
    holding()
    asked(200)


tap.run(start, stop)
