#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Real PostgreSQL servers for tests, from Debian's package, each in a folder of its own.

A server of Debian refuses to run as root: then it runs as the package's own user. It listens on a
Unix socket in its folder and on the loopback, never elsewhere, and believes everybody who reaches it
(trust): what it believes of passwords is not what is tested here.

    postgres.py run PROGRAM [ARGUMENT...]     a server for the time of one program, which finds in
                                              KURAMORI_POSTGRES where (URL without the database)
"""

import os
import pwd
import shutil
import signal
import subprocess
import sys
import time
from pathlib import Path
from urllib.parse import quote

import process

BIN = Path("/usr/lib/postgresql/15/bin")
ROLE = "kuramori"
ROOT = Path(__file__).resolve().parent.parent.parent


def user():
    """Whom servers run as: None is whoever we are."""
    return "postgres" if os.geteuid() == 0 else None


def install():
    """The package, if it is not here: a test that needs it does not pass without."""
    if not (BIN / "postgres").exists():
        process.run([ROOT / "tools/install-packages", ROOT / "tools/packages-test"], timeout=600.0)


def as_user(argv):
    """argv so that it runs as user() and dies with us."""
    if user() is None:
        return ["setpriv", "--pdeathsig", "KILL", *argv]
    return ["setpriv", f"--reuid={user()}", f"--regid={user()}", "--init-groups", "--pdeathsig", "KILL", *argv]


class Server:
    """One PostgreSQL. settings: lines of postgresql.conf, changed by configure()."""

    def __init__(self, name="postgres", settings=None):
        install()
        self.name = name
        self.folder = process.temp_dir("kp-")
        if user() is not None:
            account = pwd.getpwnam(user())
            os.chown(self.folder, account.pw_uid, account.pw_gid)
        self.folder.chmod(0o755)
        self.data = self.folder / "data"
        self.port = process.free_port()
        self.settings = {"listen_addresses": "'127.0.0.1'", "port": self.port,
                         "unix_socket_directories": f"'{self.folder}'", "max_connections": 40,
                         "shared_buffers": "32MB", "max_wal_size": "512MB", "wal_log_hints": "on",
                         "log_min_messages": "warning", "wal_keep_size": "256MB",
                         **(settings or {})}
        # beside the data, as Debian does: pg_rewind writes over what lies in there
        self.conf = self.folder / "postgresql.conf"
        self.daemon = process.Daemon(name, as_user([BIN / "postgres", "-D", self.data, "-c",
                                                    f"config_file={self.conf}"]), self.folder)

    # ------------------------------------------------------------ life

    def tool(self, *argv, expect=0, timeout=60.0):
        """One of PostgreSQL's own programs, as the server's user."""
        return process.run(as_user([BIN / argv[0], *argv[1:]]), expect=expect, timeout=timeout, cwd="/",
                           env={"LC_ALL": "C.UTF-8"})

    def make(self, *more):
        """A new, empty server (initdb)."""
        self.tool("initdb", "-D", self.data, "-U", ROLE, "-A", "trust", "-E", "UTF8", "--locale=C.UTF-8", *more)
        return self

    def start(self):
        self.write_settings()
        self.daemon.start(30.0)
        return self

    def write_settings(self):
        self.conf.write_text("".join(f"{key} = {value}\n" for key, value in self.settings.items()))
        self.conf.chmod(0o644)

    def configure(self, **settings):
        """Changes settings of the running server and waits until new sessions have them."""
        self.settings.update(settings)
        self.write_settings()
        os.kill(self.daemon.pid, signal.SIGHUP)
        for key, value in settings.items():
            want = str(value).strip("'")
            process.wait_until(lambda k=key, w=want: self.sql(f"SHOW {k}") == w, 10, f"{key} = {want}")

    def processes(self):
        """The postmaster's pid and those of its children."""
        out = [self.daemon.pid]
        for entry in Path("/proc").iterdir():
            if entry.name.isdigit():
                try:
                    fields = (entry / "stat").read_text().rpartition(")")[2].split()
                except OSError:
                    continue
                if int(fields[1]) == self.daemon.pid:
                    out.append(int(entry.name))
        return out

    def _signal_all(self, number):
        for pid in self.processes():
            try:
                os.kill(pid, number)
            except ProcessLookupError:
                pass

    def kill(self):
        """Every process at once with -9: what a power cut of its machine looks like from outside."""
        self.daemon.pause()     # no new children meanwhile
        self._signal_all(signal.SIGKILL)
        self.daemon.kill()

    def pause(self):
        self.daemon.pause()
        process.stop_all(self.processes())

    def go_on(self):
        self._signal_all(signal.SIGCONT)

    def stop(self):
        """A fast shutdown: sessions are ended."""
        os.kill(self.daemon.pid, signal.SIGINT)
        self.daemon.wait(30.0, 0)

    # ------------------------------------------------------------ questions

    def url(self, database):
        """As kuramorid takes it, over the Unix socket."""
        return f"postgres://{ROLE}@{quote(str(self.folder), safe='')}:{self.port}/{database}"

    def psql(self, sql, database="postgres", expect=0, timeout=30.0):
        return process.run([BIN / "psql", "-XAtq", "-v", "ON_ERROR_STOP=1", "-h", self.folder, "-p", self.port,
                            "-U", ROLE, "-d", database, "-c", sql], expect=expect, timeout=timeout)

    def sql(self, sql, database="postgres", timeout=30.0):
        """The answer's rows as text, fields separated by |."""
        return self.psql(sql, database, 0, timeout).stdout.rstrip("\n")

    def create(self, database, more=""):
        self.sql(f"CREATE DATABASE {database} {more}")
        return self.url(database)

    # ------------------------------------------------------------ a replica

    def replica(self, name="replica"):
        """A streaming replica of this server, running, called `name` in synchronous_standby_names."""
        other = Server(name, {key: value for key, value in self.settings.items()
                              if key not in ("port", "unix_socket_directories", "synchronous_standby_names")})
        self.tool("pg_basebackup", "-h", self.folder, "-p", self.port, "-U", ROLE, "-D", other.data,
                  "-X", "stream", "-c", "fast")
        other.follow(self)
        return other.start()

    def follow(self, primary, where=None):
        """Makes the stopped server a replica of another. where: "host=... port=..." instead of the
        primary's own socket (a proxy)."""
        where = where or f"host={primary.folder} port={primary.port}"
        self.settings["primary_conninfo"] = f"'{where} user={ROLE} application_name={self.name}'"
        signal_file = self.data / "standby.signal"
        signal_file.touch()
        if user() is not None:
            shutil.chown(signal_file, user())

    def wait_replica(self, name="replica"):
        """Until the replica is attached as a synchronous one."""
        process.wait_until(lambda: self.sql("SELECT sync_state FROM pg_stat_replication WHERE application_name = "
                                            f"'{name}'") == "sync", 30, f"{name} is synchronous", 0.05)

    def promote(self):
        self.tool("pg_ctl", "promote", "-D", self.data, "-w")
        self.settings.pop("primary_conninfo", None)

    def rewind(self, primary):
        """After it had been the primary and was stopped: takes back what it has alone, then is ready to
        follow. Without the checkpoint pg_rewind of 15 sees the new primary's old timeline and does
        nothing, silently."""
        primary.sql("CHECKPOINT")
        self.tool("pg_rewind", "--target-pgdata", self.data, "--source-server",
                  f"host={primary.folder} port={primary.port} user={ROLE} dbname=postgres", timeout=120.0)
        self.follow(primary)
        return self


def main():
    if len(sys.argv) < 3 or sys.argv[1] != "run":
        sys.exit(__doc__)
    process.catch_signals()
    server = Server().make().start()
    environment = {**os.environ, "KURAMORI_POSTGRES": server.url("")}
    done = subprocess.run(sys.argv[2:], env=environment)
    server.stop()
    sys.exit(done.returncode if done.returncode >= 0 else 128 - done.returncode)


if __name__ == "__main__":
    main()
