#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Goal: a person compares what left with the back end's own list, and his day reaches both signers
through the server; every way in which the two lists can differ is said in words and signed by nobody.

Method: the real programs on the real node. Small withdrawals are paid; `kuramori day` reads a copy of
a watcher's journal; the signers' journals are asked what they took.
"""
import json
import os
import shutil
import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parents[3]
sys.path.insert(0, str(ROOT / "tests/kit"))

import audit  # noqa: E402
import canon  # noqa: E402
import process  # noqa: E402
import tap  # noqa: E402
import world as kit  # noqa: E402

BUILD = Path(os.environ.get("KURAMORI_BUILD", ROOT / "build"))
XEM = 1_000_000
CUSTOMER = "c1"
w = None
paid = []


def place(name):
    return w.place("people") / name


def withdraw(amount):
    request = w.request(CUSTOMER, w.keys.outside[0].address(), amount)
    status, body, _ = w.api("POST", "/v1/withdrawals", request.raw, canon.uuid7())
    assert status == 201, (status, body)
    process.wait_until(lambda: w.get(f"/v1/withdrawals/{body['id']}")["state"] in ("announced", "confirming", "settled"),
                       20, "both signers signed")
    paid.append(f"{request.body['request_id']},{amount}")


def run(*words, expect=0, person="auditor-cli"):
    """(what it printed, what it complained of)"""
    done = process.run([w.program("kuramori"), "--config", w.write_cli_config(person), *words], expect=None,
                       timeout=60.0)
    assert done.returncode == expect, (words, done.returncode, done.stdout, done.stderr)
    return done.stdout, done.stderr


def copy(name="watcher-1"):
    """A copy of a journal while its program runs."""
    path = place(f"copy-{name}")
    path.unlink(missing_ok=True)
    shutil.copyfile(w.journal(name), path)
    return path


def listed(lines, end="\n"):
    path = place("listed")
    path.write_text(end.join(lines) + end)
    return path


def compared(lines, expect=0):
    out, _ = run("--json", "day", "compare", copy(), listed(lines), expect=expect)
    return json.loads(out)


def days_of(which):
    """Points of the days in this signer's journal."""
    journal = audit.read_file_journal(w.journal(f"signer-{which}")).verify()
    documents = [canon.open_document(blob, w.genesis.id) for batch in journal.batches for blob in batch.blobs
                 if blob.startswith(b'{"body"')]
    return [d.body for d in documents if d.type == "day"]


@tap.test
def two_lists_that_agree():
    for n in range(3):
        withdraw(20 * XEM + n)
    w.ready_watchers()
    # also with comments, empty lines and the line ends of a spreadsheet
    for lines, end in ((paid, "\n"), (["# of the back end", "", *reversed(paid)], "\r\n")):
        out, _ = run("--json", "day", "compare", copy(), listed(lines, end))
        found = json.loads(out)
        assert found["same"] and found["payments"] == found["listed"] == 3 and found["differences"] == [], found
        assert found["a_unapproved"] == found["b_unapproved"] and int(found["a_unapproved"]) > 60 * XEM, found
        assert found["a_sequence"] == int(w.status("signer-a")["sequence"]), found
        assert found["b_sequence"] == int(w.status("signer-b")["sequence"]), found
    out, _ = run("day", "compare", copy(), listed(paid))
    assert "3 payments left since the last day, 3 are listed, 0 differences" in out, out
    # the salted tree too, and by the journal of another watcher
    run("--journal-secret-file", w.journal_secret_file("watcher-2"), "day", "compare", copy("watcher-2"), listed(paid))


@tap.test
def every_difference_is_said_and_signed_by_nobody():
    file = place("never.json")
    for lines, words, said in (
            (paid[1:], "left, and the back end does not know it", [paid[0]]),
            ([paid[0] + "0", *paid[1:]], "another amount", [paid[0]]),
            ([*paid, f"{canon.uuid7()},5"], "listed, and no signer attested it", None),
            ([], "left, and the back end does not know it", paid)):
        found = compared(lines, expect=1)
        assert not found["same"] and {d["words"] for d in found["differences"]} == {words}, found
        assert said is None or {d["request_id"] for d in found["differences"]} == {s.split(",")[0] for s in said}
        out, err = run("day", "sign", copy(), listed(lines), file, expect=1)
        assert words in out and "before anybody signs" in err and not file.exists(), (out, err)


@tap.test
def what_is_no_list_and_no_journal():
    for lines, said in ((["nonsense"], "line 1: no comma"), ([paid[0], "x,5"], "line 2: the request's id"),
                        ([paid[0].replace(",", ",-")], "line 1: the amount"), ([paid[0] + ".5"], "line 1: the amount"),
                        ([paid[0], paid[0]], "stands there twice"), (["x" * 200 + ",1"], "line 1: no comma in it, or")):
        _, err = run("day", "compare", copy(), listed(lines), expect=3)
        assert said in err, (lines, err)
    # another program's journal has no attestations of a watcher: nothing left, it would seem
    _, err = run("day", "compare", copy("signer-a"), listed([]), expect=3)
    assert "the journal of a watcher is wanted" in err, err
    bent = copy()
    data = bytearray(bent.read_bytes())
    data[data.index(b'"type":"order"') - 200] ^= 1
    bent.write_bytes(data)
    done = process.run([w.program("kuramori"), "--config", w.write_cli_config("auditor-cli"), "day", "compare", bent,
                        listed(paid)], expect=None, timeout=60.0)
    assert done.returncode != 0 and str(bent) in done.stderr, (done.returncode, done.stderr)
    for words in ((), ("compare",), ("sign", "a", "b"), ("put",), ("away", "x")):
        _, err = run("day", *words, expect=2)
        assert "kuramori day compare JOURNAL LIST" in err, err


@tap.test
def who_may_not_is_refused_by_the_server():
    file = place("approver.json")
    run("day", "sign", copy(), listed(paid), file, person="approver-cli")
    _, err = run("day", "put", file, expect=1)
    assert "no officer or auditor" in err, err
    _, err = run("day", "put", place("listed"), expect=3)
    assert "no day of this genesis" in err, err


@tap.test
def the_day_reaches_both_signers_with_the_next_payment():
    file = place("day.json")
    run("day", "sign", copy(), listed(paid), file)
    _, err = run("day", "sign", copy(), listed(paid), file, expect=1)
    assert "none is overwritten" in err, err
    run("day", "put", file)
    run("day", "put", file)  # the same once more
    body = canon.open_document(file.read_bytes(), w.genesis.id, "day").body
    assert days_of("a") == days_of("b") == []
    withdraw(30 * XEM)
    assert days_of("a") == days_of("b") == [body]
    withdraw(31 * XEM)
    assert days_of("a") == days_of("b") == [body]
    # from here on only what came since is new
    w.ready_watchers()
    found = compared(paid[3:])
    assert found["payments"] == found["listed"] == 2, found
    found = compared(paid)
    assert found["payments"] == 2 and found["listed"] == 5, found


@tap.test
def a_server_that_starts_again_still_has_it():
    file = place("second.json")
    run("day", "sign", copy(), listed(paid), file, person="officer-cli")
    run("day", "put", file)
    w.group["kuramorid"].kill()
    w.start_server()
    w.chain_is_read()
    withdraw(32 * XEM)
    assert len(days_of("a")) == len(days_of("b")) == 2


class World(kit.World):
    def ready_watchers(self):
        """Watchers 1 and 2 hold every attestation of both signers."""
        wanted = {which: self.status(f"signer-{which}")["sequence"] for which in "ab"}
        process.wait_until(lambda: all(self.status(f"watcher-{n}")[f"records_{which}"] == wanted[which]
                                       for n in (1, 2) for which in "ab"), 10, "the watchers hold everything")


def start():
    global w
    w = World(process.temp_dir("kd-"), BUILD, kit.Settings(boxes=1, purses=1, quiet_blocks=1))
    w.ceremony()
    w.seal_people()
    w.write_documents(w.seal_signers())
    w.open_for_business({CUSTOMER: w.settings.claims_xem * XEM})


def end():
    w.group.kill()


if __name__ == "__main__":
    tap.run(start, end)
