#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Goal: a database whose disk is full takes nothing and loses nothing: the server ends, what was
acknowledged is there when there is room again, and nothing is booked twice.

Method: a real PostgreSQL on a small file system of its own, which another table fills; kuramorid
under load until it ends; then the file system is made larger, and everything is started again.
"""

import atexit
import errno
import shutil
import subprocess

import rig as kit
from rig import postgres, process

import tap  # from tests/kit

MEGABYTES = 128
database = rig = load = None
mounted = False


def mount(server):
    """The server's data on a tmpfs; False: no right to mount one."""
    server.data.mkdir()
    done = subprocess.run(["mount", "-t", "tmpfs", "-o", f"size={MEGABYTES}m", "none", server.data],
                          capture_output=True)
    if done.returncode != 0:
        server.data.rmdir()
        return False
    atexit.register(subprocess.run, ["umount", "-l", server.data], capture_output=True)
    if postgres.user() is not None:
        shutil.chown(server.data, postgres.user())
    server.data.chmod(0o700)
    return True


def fill():
    with open(database.data / "filler", "wb", buffering=0) as file:
        while True:
            try:
                file.write(bytes(4096))
            except OSError as problem:
                if problem.errno != errno.ENOSPC:
                    raise
                return


@tap.test
def it_ends_when_the_disk_is_full():
    global load
    rig.start(1)
    rig.wait_writer()
    load = kit.Load(rig, [1])
    load.grown(30)
    if not mounted:
        print("# no right to mount a small file system: the disk was not filled")
        return
    fill()
    rig.daemons[1].wait(120, 4)
    words = rig.daemons[1].errors()
    assert "commit-failed" in words, words[-2000:]
    print("# " + words.strip().splitlines()[-1][:200], flush=True)
    # started again, it does not get better by itself, and nothing is acknowledged
    before = len(rig.acknowledged)
    for _ in range(2):
        try:
            rig.daemons[1].start(20.0)
            rig.daemons[1].wait(60)
        except process.Failed:
            rig.daemons[1].kill()
    assert len(rig.acknowledged) - before <= 4 * 2, "what still fitted into the last pages, at most"


@tap.test
def with_room_again_all_that_was_acknowledged_is_there():
    if mounted:
        (database.data / "filler").unlink()
        subprocess.run(["mount", "-o", f"remount,size={2 * MEGABYTES}m", database.data], check=True)
        if not database.daemon.alive():
            database.daemon.kill()
            database.start()
        process.wait_until(lambda: database.psql("SELECT 1", expect=None).returncode == 0, 30, "the database is back")
    if not rig.daemons[1].alive():
        rig.start(1)
    rig.wait_writer(30)
    load.grown(20)
    load.stop()
    print(f"# {rig.check()} requests acknowledged", flush=True)


def begin():
    global database, rig, mounted
    database = postgres.Server("small", {"wal_keep_size": "0", "max_wal_size": "32MB", "min_wal_size": "32MB",
                                         "checkpoint_timeout": "30s"})
    mounted = mount(database)
    database.make().start()
    rig = kit.Rig(database.create("journal"), required=False)
    rig.configure(1, database.url("journal"))


def end():
    if rig is not None:
        rig.world.group.kill()


tap.run(begin, end)
