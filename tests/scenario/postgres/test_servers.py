#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Goal: several kuramorids on one PostgreSQL: one writes, the others answer nobody and take over when
it ends, dies or is stopped; nothing acknowledged is lost, nothing is booked twice, and who was
deposed never answers again.

Method: real kuramorids on a real PostgreSQL; clients settle all the time and repeat every request
until it is answered; the writer is ended, killed with -9, stopped and continued, the database is
killed and started; afterwards every acknowledged request is sent again, and all balances are
compared with what the answers add up to. Random moments, seed printed.
"""

import http.client
import random
import threading
import time

import rig as kit
from rig import postgres, process

import tap  # from tests/kit

ROUNDS = int(kit.os.environ.get("KURAMORI_POSTGRES_ROUNDS", "6"))
database = rig = load = None
url = ""


@tap.test
def one_writes_and_the_others_say_whom_to_ask():
    global load
    for number in (1, 2, 3):
        rig.configure(number, url)
        rig.start(number, None)
    for number in (1, 2, 3):
        rig.daemons[number].wait_ready(30.0)
    writer = rig.wait_writer()
    stores = {number: rig.store(number) for number in (1, 2, 3)}
    assert [s["role"] for s in stores.values()].count("writer") == 1, stores
    others = [number for number in (1, 2, 3) if number != writer]
    for number in others:
        process.wait_until(lambda n=number: rig.store(n)["epoch"] == rig.store(writer)["epoch"], 5, "it has looked")
        for method, path, body, token in (("GET", "/v1/audit", None, None), ("GET", "/v1/accounts/c1", None, None),
                                          ("POST", "/v1/transfers", '{"transfers":[]}',
                                           rig.world.settlement_token)):
            status, answer = rig.ask(number, method, path, body, token)
            assert status == 503 and answer["type"] == "urn:kuramori:problem:standby", (status, answer)
            where = f"server-{writer} at 127.0.0.1:{rig.ports[writer]}"
            assert answer["detail"] == f"this server stands by; ask {where}", answer
            _, asked = rig.ask(number, method, path, body, token, language="ja")
            assert asked["detail"] == f"このサーバーは待機中です。{where} に尋ねてください", asked
        assert rig.ask(number, "GET", "/v1/status", token="x" * 40)[0] == 401
        text = rig.ask(number, "GET", "/metrics")[1]
        assert 'kuramorid_store_writer{engine="postgres"} 0\n' in text and "kuramorid_store_behind_records 0\n" in text
        epoch = rig.store(writer)["epoch"]
        assert f"kuramorid_store_epoch {epoch}\n" in text, text
    text = rig.ask(writer, "GET", "/metrics")[1]
    assert 'kuramorid_store_writer{engine="postgres"} 1\n' in text and "kuramorid_withdrawals" in text
    # they follow
    process.wait_until(lambda: all(rig.store(n)["records"] == rig.store(writer)["records"] for n in others), 10,
                       "those that stand by have it all")
    load = kit.Load(rig, [1, 2, 3])
    settled(5)


def settled(by=30):
    load.grown(by)


@tap.test
def killed_writers_are_followed():
    settled()
    for _ in range(2):
        writer = rig.wait_writer()
        rig.daemons[writer].kill()
        began = time.monotonic()
        after = rig.wait_writer(20)
        print(f"# killed; another writes after {time.monotonic() - began:.1f} s", flush=True)
        settled()
        rig.start(writer)
        assert rig.store(writer)["role"] == "standby" and after != writer
        settled()


@tap.test
def a_clean_end_is_known_at_once():
    writer = rig.wait_writer()
    rig.daemons[writer].stop()
    began = time.monotonic()
    rig.wait_writer(10)
    took = time.monotonic() - began
    print(f"# ended; another writes after {took:.1f} s", flush=True)
    settled()
    rig.start(writer)


@tap.test
def a_stopped_writer_comes_back_fenced():
    writer = rig.wait_writer()
    daemon = rig.daemons[writer]
    answers, ending = [], threading.Event()

    def visitor():
        """Asks the stopped one all the time; what it says after it was deposed must not be 200."""
        while not ending.is_set():
            try:
                status = rig.ask(writer, "GET", "/v1/accounts/c1", timeout=20)[0]
            except (OSError, http.client.HTTPException):
                status = None
            answers.append((time.monotonic(), status))
            if status is None:
                time.sleep(0.01)

    daemon.pause()
    began = time.monotonic()
    visitors = [threading.Thread(target=visitor, daemon=True) for _ in range(3)]
    for one in visitors:
        one.start()
    process.wait_until(lambda: any(d.alive() and n != writer and (rig.store(n) or {}).get("role") == "writer"
                                   for n, d in rig.daemons.items()), 20, "another takes over", 0.05)
    print(f"# stopped; another writes after {time.monotonic() - began:.1f} s", flush=True)
    settled()
    daemon.go_on()
    daemon.wait(20, 4)
    ending.set()
    for one in visitors:
        one.join(30)
    assert answers and all(status != 200 for _, status in answers), answers
    # stopped in the middle of a commit for more than 10 s, it ends because of that (decision 13); before its COMMIT,
    # after 3 s the database ended the session (STORE_POSTGRES_IDLE_MS)
    words = daemon.errors()
    assert any(one in words for one in ("another server has taken over", "the database does not answer",
                                        "the connection is lost")), words[-2000:]
    rig.start(writer)
    settled()


@tap.test
def random_moments():
    chance = random.Random(kit.SEED)
    print(f"# seed {kit.SEED}", flush=True)
    stopped = set()
    for _ in range(ROUNDS):
        writer = rig.wait_writer()
        how = chance.choice(("kill", "kill", "stop", "end"))
        settled(chance.randint(1, 20))
        if how == "kill":
            rig.daemons[writer].kill()
        elif how == "stop":
            rig.daemons[writer].pause()
            stopped.add(writer)
        else:
            rig.daemons[writer].stop()
        settled(10)
        for number in list(stopped):
            rig.daemons[number].go_on()
            rig.daemons[number].wait(20, 4)
            stopped.discard(number)
        for number, daemon in rig.daemons.items():
            if not daemon.alive():
                daemon.start(30.0)


@tap.test
def the_database_dies_and_comes_back():
    settled()
    writer = rig.wait_writer()
    database.kill()
    # the writer ends by itself, those that stand by look again; systemd is us
    rig.daemons[writer].wait(15, 4)
    others = [daemon for number, daemon in rig.daemons.items() if number != writer]
    assert all(daemon.alive() for daemon in others)
    database.start()
    rig.daemons[writer].start(30.0)
    settled()
    assert all(daemon.alive() for daemon in others)


@tap.test
def everything_acknowledged_is_there_once():
    load.stop()
    count = rig.check()
    epochs = int(database.sql("SELECT epoch FROM writer", "journal"))
    print(f"# {count} requests acknowledged over {epochs} epochs", flush=True)
    assert count > 200 and epochs > 5
    # whoever replays the journal from its start finds the same
    writer = rig.wait_writer()
    before = rig.ask(writer, "GET", "/v1/audit")[1]["books_hash"]
    for daemon in rig.daemons.values():
        if daemon.alive():
            daemon.stop()
    rig.start(1)
    rig.wait_writer()
    assert rig.ask(1, "GET", "/v1/audit")[1]["books_hash"] == before
    rig.daemons[1].stop()


def refused(code, words, number=9, **settings):
    rig.configure(number, url)
    pairs = dict(line.split(" = ", 1) for line in rig.conf(number).read_text().splitlines())
    pairs.update(settings)
    kit.world.write_config(rig.conf(number), [(k, v) for k, v in pairs.items() if v is not None])
    done = process.run([rig.world.program("kuramorid"), "--config", rig.conf(number)], expect=code, timeout=20)
    for word in words if isinstance(words, tuple) else (words,):
        assert word in done.stderr, done.stderr
    assert "5a5a5a" not in done.stderr
    return done.stderr


@tap.test
def what_is_not_right_is_refused():
    refused(1, "synchronous_standby_names", replica_required="yes")
    refused(2, "journal_secret_file", journal_secret_file=None)
    missing = rig.world.place("documents") / "no.secret"
    refused(1, "64 hex digits", journal_secret_file=missing)
    assert not missing.exists()
    other = rig.world.place("documents") / "other.secret"
    kit.world.write_private(other, "5b" * 32)
    refused(70, "refused", journal_secret_file=other)
    text = refused(2, "password", store="postgres://kuramori:hunter2@localhost/journal")
    assert "hunter2" not in text
    refused(2, "verify-full", store="postgres://db.example/journal?sslmode=require")
    refused(2, "postgres://", store="mysql://localhost/journal")
    refused(2, "absolute path", store="journal.db")
    refused(4, "cannot connect", store="postgres://localhost:1/journal")
    database.create("others")
    database.sql("CREATE TABLE cats(name text)", "others")
    refused(3, "another program", store=database.url("others"))
    database.create("newer", "TEMPLATE journal")
    database.sql("UPDATE writer SET version = 2", "newer")
    refused(3, "schema version 2", store=database.url("newer"))
    database.create("damaged", "TEMPLATE journal")
    database.sql("UPDATE batches SET records = overlay(records placing '\\x01' from 97 for 1) WHERE first_sequence = "
                 "(SELECT max(first_sequence) FROM batches)", "damaged")
    refused(70, "does not match its hash", store=database.url("damaged"))
    # another variable of the environment
    done = process.run([rig.world.program("kuramorid"), "--config", rig.conf(1)], expect=2, timeout=20,
                       env={"PGPASSWORD": "hunter2"})
    assert "PGPASSWORD" in done.stderr and "hunter2" not in done.stderr
    # none of this has touched the journal
    assert int(database.sql("SELECT count(*) FROM writer WHERE released", "journal")) == 1


def begin():
    global database, rig, url
    database = postgres.Server().make().start()
    url = database.create("journal")
    rig = kit.Rig(url, required=False)


def end():
    if rig is not None:
        rig.world.group.kill()


tap.run(begin, end)
