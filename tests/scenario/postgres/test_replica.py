#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Goal: with a synchronous replica no acknowledged transfer is lost and none is booked twice, whatever
happens to the primary; and a primary that comes back lets nobody acknowledge a second history.

Method: two real PostgreSQL 15 with streaming replication, two kuramorids, clients that repeat every
request until it is answered. Under load the primary is killed, cut off from its replica, and paused;
the replica is promoted as docs/scale.md tells the operator to; the old primary comes back as it was,
and then is rewound. Afterwards every acknowledged request is sent again and all balances are compared
with what the answers add up to.
"""

import http.client
import json
import socket
import threading
import time

import rig as kit
from rig import canon, postgres, process

import tap  # from tests/kit

primary = replica = rig = load = link = None


class Link:
    """What lies between a replica and its primary: a TCP proxy that can be cut."""

    def __init__(self, port):
        self.upstream = port
        self.pairs = []
        self.cut_off = False
        self.listener = socket.create_server(("127.0.0.1", 0))
        self.port = self.listener.getsockname()[1]
        threading.Thread(target=self._accept, daemon=True).start()

    def _accept(self):
        while True:
            client, _ = self.listener.accept()
            if self.cut_off:
                client.close()
                continue
            try:
                server = socket.create_connection(("127.0.0.1", self.upstream))
            except OSError:
                client.close()
                continue
            self.pairs.append((client, server))
            for one, other in ((client, server), (server, client)):
                threading.Thread(target=self._pump, args=(one, other), daemon=True).start()

    def _pump(self, one, other):
        try:
            while True:
                piece = one.recv(65536)
                if not piece or self.cut_off:   # what has arrived here is lost
                    break
                other.sendall(piece)
        except OSError:
            pass
        for each in (one, other):
            try:
                each.shutdown(socket.SHUT_RDWR)
            except OSError:
                pass

    def cut(self):
        self.cut_off = True
        for pair in self.pairs:
            for each in pair:
                try:
                    each.shutdown(socket.SHUT_RDWR)
                except OSError:
                    pass
        self.pairs.clear()

    def mend(self):
        self.cut_off = False


def restart_ended(numbers=(1, 2)):
    """systemd's work."""
    for number in numbers:
        daemon = rig.daemons[number]
        if daemon.process is not None and not daemon.alive():
            if daemon.process.returncode not in (0, 4, -9):
                raise process.Failed(f"{daemon.name} ended with {daemon.process.returncode}\n{daemon.errors()[-2000:]}")
            try:
                daemon.start(30.0)
            except process.Failed:
                pass        # no database yet


def until_acknowledged(by=20, timeout=60):
    """Waits for so many more acknowledged requests; servers that ended are started again."""
    aim = len(rig.acknowledged) + by
    deadline = time.monotonic() + timeout
    while len(rig.acknowledged) < aim:
        if load.problems:
            raise load.problems[0]
        if time.monotonic() > deadline:
            raise process.Failed(f"not {by} more acknowledged within {timeout} s; {[rig.store(n) for n in (1, 2)]}")
        restart_ended()
        time.sleep(0.05)


def nothing_is_acknowledged(seconds):
    """Lets what was on its way arrive, then watches. (The one place that looks at a clock: a thing that
    must not happen cannot be waited for.)"""
    time.sleep(0.3)
    before = len(rig.acknowledged)
    deadline = time.monotonic() + seconds
    while time.monotonic() < deadline:
        restart_ended()
        time.sleep(0.05)
    assert len(rig.acknowledged) == before, (before, len(rig.acknowledged))


def try_directly(number, seconds):
    """A client that talks to one server only, for some time: how many answers 200 it got."""
    good = 0
    deadline = time.monotonic() + seconds
    while time.monotonic() < deadline:
        body = json.dumps({"transfers": [{"kind": "transfer", "id": canon.uuid7(), "debit": "customer:c0",
                                          "credit": "customer:c1", "asset": "nem:xem", "amount": "1"}]},
                          sort_keys=True, separators=(",", ":"))
        try:
            status, _ = rig.ask(number, "POST", "/v1/transfers", body, rig.world.settlement_token, timeout=2)
            good += status == 200
        except (OSError, http.client.HTTPException):
            pass
    return good


def attach(server, to, through=None):
    """server, stopped and clean, follows `to`, which waits for it from then on."""
    where = None if through is None else f"host=127.0.0.1 port={through.port}"
    server.follow(to, where)
    server.start()
    to.configure(synchronous_standby_names=f"'{server.name}'")
    to.wait_replica(server.name)


@tap.test
def a_commit_waits_for_the_replica():
    global load
    for number, order in ((1, (primary, replica)), (2, (replica, primary))):
        rig.configure(number, kit.hosts_url(order, "journal"))
        rig.start(number)
    rig.wait_writer()
    load = kit.Load(rig, [1, 2])
    until_acknowledged()
    # all that was acknowledged is on the replica's disk: what a client was told is there to read
    seen = len(rig.acknowledged)
    assert seen > 0
    on_replica = int(replica.sql("SELECT next_sequence FROM writer", "journal"))
    assert on_replica > 0


@tap.test
def cut_off_from_its_replica_it_acknowledges_nothing():
    link.cut()
    nothing_is_acknowledged(3)
    link.mend()
    until_acknowledged()


@tap.test
def the_primary_is_killed_and_the_replica_promoted():
    global primary, replica
    until_acknowledged()
    primary.kill()
    nothing_is_acknowledged(1)
    replica.promote()
    # promoted, it still waits for a replica of its own: one copy is not two
    replica.configure(synchronous_standby_names=f"'{primary.name}'")
    nothing_is_acknowledged(2)
    # the old primary comes back, first as it was: nobody may get an answer out of it
    old, new = primary, replica
    old.start()
    nothing_is_acknowledged(2)
    old.stop()
    old.rewind(new)
    attach(old, new)
    until_acknowledged()
    primary, replica = new, old


@tap.test
def a_paused_primary_comes_back_after_another_took_over():
    """Split brain, made on purpose: the old primary goes on with its own server beside the new one."""
    global primary, replica
    until_acknowledged()
    old, new = primary, replica
    # server 1 stays with the old primary alone, server 2 with the new
    for number, order in ((1, (old,)), (2, (new,))):
        rig.daemons[number].stop()
        rig.configure(number, kit.hosts_url(order, "journal"))
    rig.start(1)
    assert rig.wait_writer() == 1
    until_acknowledged_by_one()
    old.pause()
    nothing_is_acknowledged(1)
    new.promote()
    third = new.replica("third")
    new.configure(synchronous_standby_names="'third'")
    new.wait_replica("third")
    rig.start(2)
    process.wait_until(lambda: (rig.store(2) or {}).get("role") == "writer", 20, "server 2 writes")
    until_acknowledged_by_one(2)
    old.go_on()
    # the old primary and its server are back; they have no replica, and so no second history
    began = len(rig.acknowledged)
    assert try_directly(1, 4) == 0
    restart_ended((1,))
    assert try_directly(1, 3) == 0
    until_acknowledged_by_one(2)
    assert len(rig.acknowledged) > began
    rig.daemons[1].kill()
    old.kill()
    primary, replica = new, third


def until_acknowledged_by_one(number=1, by=15):
    aim = len(rig.acknowledged) + by
    process.wait_until(lambda: load.problems or len(rig.acknowledged) >= aim, 60, f"server {number} acknowledges")
    if load.problems:
        raise load.problems[0]


@tap.test
def a_replica_that_is_no_longer_waited_for_stops_everything():
    until_acknowledged_by_one(2)
    primary.configure(synchronous_standby_names="''")
    rig.daemons[2].wait(15, 1)
    assert "waits for no standby" in rig.daemons[2].errors()
    before = len(rig.acknowledged)
    process.run([rig.world.program("kuramorid"), "--config", rig.conf(2)], expect=1, timeout=20)
    primary.configure(synchronous_standby_names="'third'")
    primary.wait_replica("third")
    assert len(rig.acknowledged) == before
    rig.start(2)
    until_acknowledged_by_one(2)


@tap.test
def an_asynchronous_copy_is_told_from_the_journal():
    """A copy that lacks what was acknowledged (a backup, a replica that nobody waited for): a server
    that has read more ends instead of going on there."""
    copy = postgres.Server("copy").make().start()
    copy.create("journal")
    dump = rig.world.place("documents") / "journal.sql"
    process.run([postgres.BIN / "pg_dump", "-h", primary.folder, "-p", primary.port, "-U", postgres.ROLE, "-d",
                 "journal", "-f", dump])
    until_acknowledged_by_one(2)
    # server 1 stands by at the real journal; then its hosts lead it to the copy
    proxy = Link(primary.port)
    rig.configure(1, f"postgres://{postgres.ROLE}@127.0.0.1:{proxy.port}/journal")
    rig.start(1)
    process.wait_until(lambda: (rig.store(1) or {}).get("records", 0) > 0, 10, "server 1 stands by")
    process.run([postgres.BIN / "psql", "-XAtq", "-h", copy.folder, "-p", copy.port, "-U", postgres.ROLE, "-d",
                 "journal", "-f", dump])
    copy.configure(synchronous_standby_names="'nobody'")
    proxy.upstream = copy.port
    proxy.cut()
    proxy.mend()
    rig.daemons[1].wait(20, 1)
    assert "older or another copy" in rig.daemons[1].errors(), rig.daemons[1].errors()[-2000:]
    copy.kill()


@tap.test
def everything_acknowledged_is_there_once():
    load.numbers[:] = [2]
    load.stop()
    print(f"# {rig.check()} requests acknowledged", flush=True)
    assert len(rig.acknowledged) > 100


def begin():
    global primary, replica, rig, link
    primary = postgres.Server("primary").make().start()
    primary.create("journal")
    replica = primary.replica("replica")
    replica.stop()
    link = Link(primary.port)
    attach(replica, primary, link)
    rig = kit.Rig(primary.url("journal"), required=True)


def end():
    if rig is not None:
        rig.world.group.kill()


tap.run(begin, end)
