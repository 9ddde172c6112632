#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Goal: the past is answered by the running program as by its journal; a backup is made while it runs;
an older backup, restored, pays nothing a second time.

Method: a day of business with the real programs, small history files so that they are written and
merged meanwhile. What the API said at the time is asked for again later. kuramorid is killed while
the history is built, its files are bent, cut and taken away; a backup is killed, cut, flipped, its
disk is full; then everything is set back to it while signers, watchers and the chain are not.
"""

import contextlib
import json
import os
import random
import resource
import shutil
import signal
import socket
import subprocess
import sys
import threading
import time
from pathlib import Path
from urllib.parse import quote

ROOT = Path(__file__).resolve().parents[3]
sys.path.insert(0, str(ROOT / "tests/kit"))

import canon  # noqa: E402
import nem  # noqa: E402
import postgres  # noqa: E402
import process  # noqa: E402
import tap  # noqa: E402
import world as kit  # noqa: E402

BUILD = Path(os.environ.get("KURAMORI_BUILD", ROOT / "build"))
SEED = int(os.environ.get("KURAMORI_SEED", "1"))
XEM = 1_000_000
CUSTOMERS = {"c1": 4_000_000, "c2": 7_000, "c3": 50}
w = None
noted = []      # (milliseconds, {customer: what GET /v1/accounts said})
requests = {}   # name: (request, key) of a withdrawal


def accounts():
    return {name: w.get(f"/v1/accounts/{name}") for name in CUSTOMERS}


def note():
    """What the API says now; a moment before and after it nothing is booked."""
    time.sleep(0.25)
    noted.append((int(time.time() * 1000), accounts()))
    time.sleep(0.25)


def withdraw(name, customer, micro, wait=True):
    request, key = requests.setdefault(name, (w.request(customer, w.keys.outside[0].address(), micro), canon.uuid7()))
    status, body, _ = w.api("POST", "/v1/withdrawals", request.raw, key)
    assert status == 201, (status, body)
    if wait:
        process.wait_until(lambda: w.get(f"/v1/withdrawals/{body['id']}")["state"] == "settled", 40, "it is settled")
    return body["id"]


def problem(path, expect):
    status, body, _ = w.api("GET", path)
    assert status == expect and body["type"].startswith("urn:kuramori:problem:"), (path, status, body)
    return body


def statement(name, limit):
    """All lines, page by page; each page begins with the balance that the one before ended with."""
    lines, cursor, balance, more = [], 0, 0, True
    while more:
        page = w.get(f"/v1/accounts/{name}/statement?cursor={cursor}&limit={limit}")
        assert len(page["lines"]) <= limit and int(page["opening"]) == balance, page
        for line in page["lines"]:
            balance += int(line["amount"]) * (1 if line["side"] == "credit" else -1)
            assert int(line["balance"]) == balance, line
        assert int(page["balance"]) == balance
        lines += page["lines"]
        cursor, more = page["next"], page["more"]
        assert not more or len(page["lines"]) == limit
    return lines, balance


def wait_history():
    process.wait_until(lambda: w.api("GET", "/v1/accounts/c1?as_of=1")[0] == 200, 20, "the history is built")


def the_past_is_as_it_was():
    wait_history()
    for ms, said in noted:
        for name, account in said.items():
            told = w.get(f"/v1/accounts/{name}?as_of={ms}")
            kept = {k: v for k, v in account.items() if k not in ("closed", "limit")}    # told as of now only
            assert {k: told[k] for k in kept} == kept, (ms, told, account)
    for name in CUSTOMERS:
        now = int(w.get(f"/v1/accounts/{name}")["balance"])
        for limit in (1, 2, 200):
            lines, balance = statement(name, limit)
            assert balance == now and lines == statement(name, 200)[0]


def kuramori(*words, expect=0, secret=False, more=(), **how):
    argv = [w.program("kuramori"), "--config", w.write_cli_config("officer-cli")]
    if secret:
        argv += ["--journal-secret-file", w.journal_secret_file("kuramorid")]
    return process.run([*argv, *more, "books", *words], expect=expect, timeout=60.0, **how)


def sums_outside():
    """What the chain says that the outside account has: payments that were made twice would be seen."""
    return w.public.account(w.keys.outside[0].address())["account"]["balance"]


@tap.test
def any_past_moment_is_told_again():
    the_past_is_as_it_was()
    told = w.get("/v1/accounts/c1?as_of=1000")
    assert told["balance"] == "0" and told["records"] == 0
    by_id = noted[-1][1]["c1"]["id"]
    assert w.get(f"/v1/accounts/{by_id}?as_of={noted[-1][0]}")["balance"] == noted[-1][1]["c1"]["balance"]
    assert "c1" not in w.get(f"/v1/accounts/{by_id}?as_of={noted[-1][0]}").values()
    files = [p.name for p in (w.place("kuramorid") / "journal.db.history").iterdir()]
    assert files and all(name.startswith("run-") for name in files), files


@tap.test
def a_statement_says_who_and_when():
    lines, _ = statement("c1", 200)
    assert {line["other_kind"] for line in lines} >= {"opening", "in-flight", "deposit"}, lines
    assert [line["sequence"] for line in lines] == sorted({line["sequence"] for line in lines})
    assert [line["time_ms"] for line in lines] == sorted(line["time_ms"] for line in lines)
    assert {line["what"] for line in lines} == {"transfer", "hold posted"}


@tap.test
def the_tool_asks_the_running_program():
    server = ("--server", "yes", "--json")
    told = json.loads(kuramori("balance", "customer:c1", "customer:c2", more=server).stdout)
    assert [one["balance"] for one in told] == [w.get(f"/v1/accounts/{name}")["balance"] for name in ("c1", "c2")]
    ms, said = noted[1]
    told = json.loads(kuramori("balance", "customer:c1", more=(*server, "--as-of", str(ms))).stdout)
    assert told[0]["balance"] == said["c1"]["balance"]
    till = w.get("/v1/audit")["accounts"][0]
    for name in ("customer:c1", "customer:c3", f"{till['kind']}:{till['address']}"):
        lines = json.loads(kuramori("statement", name, more=server).stdout)
        assert lines and lines[-1]["balance"] == w.get("/v1/accounts/" + name.split(":")[1])["balance"]
        assert kuramori("statement", name, more=("--server", "yes")).stdout.count("\n") == len(lines) + 1
    kuramori("balance", "customer:nobody", more=server, expect=1)
    kuramori("statement", "customer:nobody", more=server, expect=1)
    kuramori("balance", "kunde:c1", more=server, expect=3)


@tap.test
def bad_questions_change_nothing():
    for path, status in (("/v1/accounts/nobody?as_of=1", 404), ("/v1/accounts/nobody/statement", 404),
                         ("/v1/accounts/c1?as_of=", 400), ("/v1/accounts/c1?as_of=-1", 400),
                         ("/v1/accounts/c1?as_of=1e3", 400), ("/v1/accounts/c1?as_of=99999999999999999999", 400),
                         (f"/v1/accounts/c1?as_of={int(time.time() * 1000) + 60000}", 400),
                         ("/v1/accounts/c1?as_of=1&as_of=2", 400), ("/v1/accounts/c1?cursor=1", 400),
                         ("/v1/accounts/c1/statement?limit=0", 400), ("/v1/accounts/c1/statement?limit=201", 400),
                         ("/v1/accounts/c1/statement?cursor=x", 400), ("/v1/accounts/c1/statement?as_of=1", 400),
                         ("/v1/accounts/c1/x", 404), ("/v1/accounts/a%20b/statement", 400),
                         ("/v1/accounts/" + "a" * 65 + "/statement", 400), ("/v1/journal?from=x", 400),
                         ("/v1/journal?from=5000000", 409), ("/v1/journal?from=2", 409), ("/v1/journal?to=1", 400)):
        problem(path, status)
    assert w.api("GET", "/v1/journal?from=0", token="0" * 64)[0] == 401
    page = w.get("/v1/accounts/c1/statement?cursor=4000000")
    assert page["lines"] == [] and not page["more"] and page["balance"] == page["opening"]


@tap.test
def the_history_is_built_again_whatever_happens_to_it():
    place = w.place("kuramorid") / "journal.db.history"
    rng = random.Random(SEED)
    server = w.group["kuramorid"]
    for way in ("away", "cut", "bent", "foreign", "killed", "killed"):
        if way == "killed":
            shutil.rmtree(place)
            server.stop()
            server.start(ready_timeout=None)
            time.sleep(rng.random() * 0.3)
            server.kill()
        else:
            server.stop()
        files = sorted(place.glob("run-*"))
        if way == "away":
            shutil.rmtree(place)
        elif way == "cut":
            os.truncate(files[0], files[0].stat().st_size // 2)
        elif way == "bent":
            for path in files:
                data = bytearray(path.read_bytes())
                data[rng.randrange(len(data))] ^= 1 << rng.randrange(8)
                path.write_bytes(data)
        elif way == "foreign":
            (place / "run-0000000000000000-00000000ffffffff").write_bytes(files[0].read_bytes())
            (place / "run-1.new").write_bytes(b"x")
        w.start_server()
        the_past_is_as_it_was()
    # where it cannot be written the program runs on and says so
    server.stop()
    shutil.rmtree(place)
    place.write_bytes(b"no directory")
    w.start_server()
    assert "history" in problem("/v1/accounts/c1?as_of=1", 500)["detail"]
    assert int(w.get("/v1/accounts/c1")["balance"]) > 0
    server.stop()
    place.unlink()
    w.start_server()
    the_past_is_as_it_was()


@tap.test
def a_backup_is_made_while_it_runs():
    backup = w.place("people") / "journal.backup"
    first = json.loads(kuramori("backup", backup, more=("--json",), secret=True).stdout)
    assert first["new"] == first["records"] == w.get("/v1/audit")["journal_records"] and first["tree"]
    assert first["head"] == w.get("/v1/audit")["journal_head"]
    again = json.loads(kuramori("backup", backup, more=("--json",)).stdout)
    assert again["new"] == 0 and again["head"] == first["head"]
    assert "secret is not in it" in kuramori("backup", backup).stdout
    # gone on with while business goes on
    withdraw("w2", "c2", 2 * XEM)
    assert json.loads(kuramori("backup", backup, more=("--json",)).stdout)["new"] > 0
    # every reader of journals reads it
    assert kuramori("verify", backup, secret=True).stdout.count("every law holds") == 1
    told = json.loads(kuramori("balance", backup, "customer:c2", more=("--json",)).stdout)["accounts"][0]
    assert told["balance"] == w.get("/v1/accounts/c2")["balance"]
    assert oct(backup.stat().st_mode & 0o777) == "0o600"
    assert "401" in kuramori("backup", backup, more=("--token-file", other_token()), expect=1).stderr


def other_token():
    path = w.place("people") / "other.token"
    kit.write_private(path, "x" * 40 + "\n")
    return path


def head_of(path):
    return json.loads(kuramori("verify", path, more=("--json",)).stdout)["head"]


@tap.test
def a_backup_that_was_interrupted_goes_on():
    place = w.place("people")
    rng = random.Random(SEED)
    backup = place / "killed.backup"
    kills = 0
    while kills < 12:
        running = subprocess.Popen([w.program("kuramori"), "--config", w.write_cli_config("officer-cli"), "books",
                                    "backup", backup], stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
        time.sleep(rng.random() * 0.06)
        running.send_signal(signal.SIGKILL)
        running.wait()
        kills += 1
        if backup.exists():
            kuramori("verify", backup)
            backup.unlink()
    kuramori("backup", backup)
    assert not Path(f"{backup}.new").exists()
    whole = backup.read_bytes()

    def small():
        resource.setrlimit(resource.RLIMIT_FSIZE, (6000, 6000))
        signal.signal(signal.SIGXFSZ, signal.SIG_IGN)

    full = place / "full.backup"
    argv = [w.program("kuramori"), "--config", w.write_cli_config("officer-cli"), "books"]
    done = subprocess.run([*argv, "backup", full], preexec_fn=small, capture_output=True, text=True)
    assert done.returncode == 4 and "full.backup" in done.stderr and not full.exists(), done
    kuramori("backup", full)
    assert full.read_bytes()[4096:] == whole[4096:]
    done = subprocess.run([*argv, "restore", full, place / "full.db"], preexec_fn=small, capture_output=True, text=True)
    assert done.returncode == 4 and "full.db" in done.stderr, done
    assert not list(place.glob("full.db*"))
    # a restore that is killed leaves no journal, or the whole one
    target = place / "killed.db"
    for _ in range(12):
        running = subprocess.Popen([*argv, "restore", full, target], stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
        time.sleep(rng.random() * 0.08)
        running.send_signal(signal.SIGKILL)
        running.wait()
        if target.exists():
            assert json.loads(kuramori("verify", target, more=("--json",)).stdout)["head"] == head_of(full)
            target.unlink()
    kuramori("restore", full, target)
    assert json.loads(kuramori("verify", target, more=("--json",)).stdout)["head"] == head_of(full)
    assert [path.name for path in place.glob("killed.db*")] == ["killed.db"], list(place.glob("killed.db*"))
    # cut, flipped, of another journal
    bad = place / "bad.backup"
    for n in [rng.randrange(len(whole)) for _ in range(8)] + [4096, len(whole) - 1]:
        bad.write_bytes(whole[:n])
        said = kuramori("restore", bad, place / "bad.db", expect=None)
        assert said.returncode in (1, 3, 70) and "bad.backup" in said.stderr, said
        flipped = bytearray(whole)
        flipped[n % len(whole)] ^= 4
        bad.write_bytes(flipped)
        said = kuramori("restore", bad, place / "bad.db", expect=None)
        assert said.returncode in (1, 3, 70) and "bad.backup" in said.stderr, said
        assert not list(place.glob("bad.db*"))
    assert "no such" in kuramori("restore", place / "none.backup", place / "bad.db", expect=1).stderr.lower()
    assert "cannot create" in kuramori("backup", "/nowhere/x.backup", expect=None).stderr


def restore_through(server, messages, backup):
    """`books restore` into the database cut; it is killed when it has sent so many messages, and none after them arrives."""
    folder = process.temp_dir("kp-")
    listener = socket.socket(socket.AF_UNIX)
    listener.bind(str(folder / f".s.PGSQL.{server.port}"))
    listener.listen(4)
    url = server.url("cut").replace(quote(str(server.folder), safe=""), quote(str(folder), safe=""))
    running = subprocess.Popen([str(w.program("kuramori")), "books", "restore", str(backup), url], stdout=subprocess.DEVNULL,
                               stderr=subprocess.DEVNULL)
    left = messages

    def back(node, client):
        with contextlib.suppress(OSError):
            while data := node.recv(1 << 16):
                client.sendall(data)

    listener.settimeout(0.05)
    while running.poll() is None and left > 0:
        try:
            client, _ = listener.accept()
        except TimeoutError:
            continue
        node = socket.socket(socket.AF_UNIX)
        node.connect(str(server.folder / f".s.PGSQL.{server.port}"))
        threading.Thread(target=back, args=(node, client), daemon=True).start()
        while left > 0 and (data := client.recv(1 << 16)):
            node.sendall(data)
            left -= 1
        if left == 0:
            time.sleep(0.02)        # what was sent has its effect
            running.kill()
        for end in (node, client):
            with contextlib.suppress(OSError):
                end.shutdown(socket.SHUT_RDWR)
            end.close()
    running.wait()
    listener.close()


@tap.test
def a_backup_goes_into_a_database_too():
    backup = w.place("people") / "journal.backup"
    server = postgres.Server().make().start()
    try:
        server.create("kuramori")
        url = server.url("kuramori")
        told = json.loads(kuramori("restore", backup, url, secret=True, more=("--json",)).stdout)
        whole = json.loads(kuramori("verify", url, secret=True, more=("--json",)).stdout)
        assert whole["verified"] and whole["head"] == told["head"] and whole["tree"]
        asked = [json.loads(kuramori("balance", where, more=("--json",)).stdout)["accounts"] for where in (url, backup)]
        assert asked[0] == asked[1] and asked[0]
        assert "never overwrites" in kuramori("restore", backup, url, expect=1).stderr
        # killed behind any of its messages, a restore leaves nothing, or what nobody takes for a journal, or the whole
        server.create("cut")
        seen = {"nothing": 0, "a part": 0, "the whole": 0}
        messages = 0
        while seen["the whole"] < 2:
            server.sql("DROP TABLE IF EXISTS batches, blobs, writer", "cut")
            messages += 1
            restore_through(server, messages, backup)
            left = kuramori("verify", server.url("cut"), expect=None, more=("--json",))
            if left.returncode == 0:
                records = json.loads(left.stdout)["records"]
                assert records in (0, told["records"]), f"a shorter journal: {records} records after {messages} messages"
                seen["nothing" if records == 0 else "the whole"] += 1
            elif "has not ended" in left.stderr:
                seen["a part"] += 1
                assert "has not ended" in kuramori("restore", backup, server.url("cut"), expect=1).stderr
            else:
                assert "no such" in left.stderr.lower() or "there is no" in left.stderr, left.stderr
                seen["nothing"] += 1
        print(f"# a restore cut off behind each of its messages left {seen}")
        assert seen["a part"] >= 3 and seen["nothing"] >= 3, seen
        # and between any two of its batches: what is there then is nobody's journal either
        server.sql("UPDATE writer SET application = 'kuramori restore'", "kuramori")
        for words in (("verify", url), ("balance", url), ("export", url), ("restore", backup, url)):
            assert "has not ended" in kuramori(*words, expect=1).stderr, words
        server.sql("UPDATE writer SET application = 'kuramori journal'", "kuramori")
        # a batch taken out of it is named
        first = int(server.sql("SELECT first_sequence FROM batches ORDER BY 1 OFFSET 3 LIMIT 1", "kuramori").strip())
        server.sql(f"DELETE FROM batches WHERE first_sequence = {first}", "kuramori")
        broken = json.loads(kuramori("verify", url, expect=1, more=("--json",)).stdout)
        assert broken["broken_record"] == first and "missing" in broken["why"], broken
    finally:
        server.stop()


@tap.test
def an_older_backup_pays_nothing_twice():
    place, backup = w.place("people"), w.place("people") / "old.backup"
    folder = w.place("kuramorid")
    # one that is under way when the backup is made, and one that is asked for afterwards
    w.group["signer-a"].pause()
    under_way = withdraw("w3", "c1", 3 * XEM, wait=False)
    kuramori("backup", backup, secret=True)
    before = json.loads(kuramori("verify", backup, more=("--json",)).stdout)
    w.group["signer-a"].go_on()
    process.wait_until(lambda: w.get(f"/v1/withdrawals/{under_way}")["state"] == "settled", 40, "it is settled")
    later = withdraw("w4", "c2", 4 * XEM)
    paid = sums_outside()
    assert w.get("/v1/audit")["explained"]
    w.group["kuramorid"].stop()
    for path in folder.glob("journal.db*"):
        if not path.name.endswith((".secret", ".history")):
            path.rename(place / ("lost-" + path.name))
    said = kuramori("restore", backup, folder / "journal.db", secret=True).stdout
    assert before["head"] in said and "secret is the right one" in said and "checkpoint" in said, said
    assert "never overwrites" in kuramori("restore", backup, folder / "journal.db", expect=1).stderr
    # without the secret it does not start, and does not make another
    secret = folder / "journal.db.secret"
    secret.rename(place / "secret.kept")
    w.write_server_config()
    server = w.start_server(wait=False)
    server.wait(10.0)
    assert not secret.exists() and "secret" in server.errors()
    (place / "secret.kept").rename(secret)
    w.start_server()
    w.chain_is_read()
    assert w.get("/v1/accounts/c2?as_of=" + str(noted[-1][0]))["balance"] == noted[-1][1]["c2"]["balance"]
    # the back end asks for both again, with the very same requests
    withdraw("w3", "c1", 3 * XEM, wait=False)
    withdraw("w4", "c2", 4 * XEM, wait=False)
    time.sleep(6.0)                         # blocks go on; nobody signs anything a second time
    assert sums_outside() == paid, (sums_outside(), paid)
    states = {name: w.get(f"/v1/withdrawals/{one}") for name, one in (("under way", under_way), ("later", later))}
    told = w.get("/v1/audit")
    assert told["books_valid"] and told["explained"]
    # what was begun in the backup comes to the same end; what was not known is on chain as a loss
    assert states["under way"]["state"] == "settled"
    assert states["later"]["state"] == "approved" and "already" in states["later"]["reason"], states
    assert int(told["shortage"]) >= 4 * XEM
    w.group["kuramorid"].stop()
    kuramori("verify", folder / "journal.db", secret=True)


def start():
    global w
    settings = kit.Settings(boxes=1, purses=1, spare_extra=1, quiet_blocks=5, poll_ms=10, settle_depth=1,
                            deposit_depth=1, block_ms=300)
    w = kit.World(process.temp_dir("kp-"), BUILD, settings)
    w.server_pairs = [("history_records", 16)]
    w.ceremony()
    w.seal_people()
    w.write_documents(w.seal_signers())
    w.open_for_business({name: xem * XEM for name, xem in CUSTOMERS.items()})
    note()
    withdraw("w0", "c1", 5 * XEM)
    note()
    payer = w.keys.outside[1]
    w.send(nem.Transfer(payer.public, w.keys.deposit.address(), 9 * XEM, timestamp=w.chain_time(),
                        message=w.deposit_token("c1").encode()).sign(payer))
    process.wait_until(lambda: int(w.get("/v1/accounts/c1")["balance"]) > int(noted[-1][1]["c1"]["balance"]), 20,
                       "the deposit is credited")
    note()
    # one that is held while it is noted
    w.group["signer-a"].pause()
    held = withdraw("w1", "c3", 6 * XEM, wait=False)
    note()
    assert int(noted[-1][1]["c3"]["held"]) > 0
    w.group["signer-a"].go_on()
    process.wait_until(lambda: w.get(f"/v1/withdrawals/{held}")["state"] == "settled", 40, "it is settled")
    note()


def end():
    w.group.kill()


if __name__ == "__main__":
    tap.run(start, end)
