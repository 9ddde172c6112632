# SPDX-License-Identifier: Apache-2.0
"""Starts, stops, kills and checks daemons (design.md 10.4).

Daemons run in the foreground and report readiness through NOTIFY_SOCKET. Everything started here
is killed when this program ends: at exit, on SIGTERM and SIGINT (after catch_signals()), and by the
kernel (PR_SET_PDEATHSIG) should this program itself be killed with -9. The kernel forgets the
latter for a program that changes its uid, so a signer started as root survives only that last case.
PR_SET_PDEATHSIG is tied to the starting thread: start daemons from a thread that lives on.
"""

import atexit
import ctypes
import fcntl
import os
import random
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
import time
from pathlib import Path

_PR_SET_PDEATHSIG = 1
_libc = ctypes.CDLL(None, use_errno=True)
_running = set()
_ports = []
# tests and stories read what programs say: English, whatever the language of who runs them
os.environ["LC_ALL"] = "C.UTF-8"
os.environ.pop("LANGUAGE", None)


class Failed(Exception):
    """A process did not do what was expected of it; the text has its last words."""


def _kill_all():
    for daemon in list(_running):
        daemon.kill()


atexit.register(_kill_all)


def catch_signals():
    """Makes SIGTERM, SIGHUP and SIGINT end this program in order, so that atexit runs."""
    def leave(number, _frame):
        sys.exit(128 + number)
    for number in (signal.SIGTERM, signal.SIGHUP, signal.SIGINT):
        signal.signal(number, leave)


def _die_with(parent):
    """For preexec_fn: the kernel kills the child when the starting thread is gone."""
    def prepare():
        if _libc.prctl(_PR_SET_PDEATHSIG, signal.SIGKILL, 0, 0, 0) != 0 \
                or os.getppid() != parent:
            os._exit(127)
    return prepare


def wait_until(condition, timeout, what, interval=0.01):
    """The first true result of condition(); Failed when there is none in time."""
    deadline = time.monotonic() + timeout
    while True:
        result = condition()
        if result:
            return result
        if time.monotonic() >= deadline:
            raise Failed(f"{what}: not within {timeout} s")
        time.sleep(interval)


def is_stopped(pid):
    """Every thread of it has stopped."""
    try:
        return all((task / "stat").read_text().rsplit(")", 1)[1].split()[0] == "T"
                   for task in Path(f"/proc/{pid}/task").iterdir())
    except FileNotFoundError:
        return False    # a thread that was just ending: look again


def stop_all(pids):
    """SIGSTOP to each, then waits until every thread has stopped: the signal is only pending when kill()
    returns, and a thread that was not told yet could still answer somebody."""
    there = []
    for pid in pids:
        try:
            os.kill(pid, signal.SIGSTOP)
            there.append(pid)
        except ProcessLookupError:
            pass
    for pid in there:
        wait_until(lambda one=pid: is_stopped(one), 20, f"process {pid} stops", 0.001)


def free_ports(count):
    """Ports of the loopback that are free, all different, and this program's until it ends: no other test takes them
    (a lock in a folder that all share), and the kernel gives none of them to a client that connects (they lie below
    its range), so that a daemon that was killed finds its port again."""
    folder = Path(tempfile.gettempdir()) / f"kuramori-ports-{os.getuid()}"
    folder.mkdir(mode=0o700, exist_ok=True)
    with open("/proc/sys/net/ipv4/ip_local_port_range", encoding="ascii") as file:
        top = int(file.read().split()[0])
    ports = []
    tried = random.SystemRandom().sample(range(top // 2, top), top // 2)
    while len(ports) < count:
        port = tried.pop()
        lock = open(folder / str(port), "w", encoding="ascii")
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
            with socket.socket(socket.AF_INET, socket.SOCK_STREAM) as one:
                one.bind(("127.0.0.1", port))
        except OSError:
            lock.close()
            continue
        _ports.append(lock)
        ports.append(port)
    return ports


def free_port():
    return free_ports(1)[0]


def temp_dir(prefix="kuramori-", keep=False):
    """A new folder (mode 0700), removed at exit unless `keep`. Its path is short: sockets in it
    must stay within the 107 bytes of sun_path."""
    folder = Path(tempfile.mkdtemp(prefix=prefix))
    if not keep:
        atexit.register(shutil.rmtree, folder, True)
    return folder


def memory(pid):
    """Kilobytes of a process as the kernel counts them: rss, peak, anonymous."""
    names = {"VmRSS": "rss", "VmHWM": "peak", "RssAnon": "anonymous"}
    out = {}
    with open(f"/proc/{pid}/status", encoding="ascii", errors="replace") as file:
        for line in file:
            name, _, rest = line.partition(":")
            if name in names:
                out[names[name]] = int(rest.split()[0])
    return out


def run(argv, expect=0, timeout=30.0, input=None, env=None, cwd=None):
    """One program to its end; Failed unless its exit code is `expect` (None: any). The result has
    returncode, stdout, stderr as text."""
    try:
        done = subprocess.run([str(a) for a in argv], input=input, timeout=timeout, cwd=cwd,
                              env=None if env is None else {**os.environ, **env},
                              stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True,
                              errors="replace", preexec_fn=_die_with(os.getpid()),
                              stdin=subprocess.DEVNULL if input is None else None)
    except subprocess.TimeoutExpired:
        raise Failed(f"{argv[0]}: not done within {timeout} s") from None
    if expect is not None and done.returncode != expect:
        raise Failed(f"{' '.join(str(a) for a in argv)}: exit code {done.returncode} instead of "
                     f"{expect}\n{done.stdout[-2000:]}{done.stderr[-4000:]}")
    return done


class Daemon:
    """One foreground process. Its stdout and stderr go to NAME.out and NAME.err in `folder`, where
    restarts append."""

    def __init__(self, name, argv, folder, env=None):
        self.name = name
        self.argv = [str(a) for a in argv]
        self.folder = Path(folder)
        self.env = dict(env or {})
        self.process = None
        self.ready_s = None
        self.starts = 0
        self._notify = None

    @property
    def pid(self):
        return self.process.pid

    @property
    def err_path(self):
        return self.folder / f"{self.name}.err"

    @property
    def out_path(self):
        return self.folder / f"{self.name}.out"

    def errors(self):
        """All that it wrote to stderr, over all starts."""
        try:
            return self.err_path.read_text(errors="replace")
        except FileNotFoundError:
            return ""

    def _tail(self):
        text = self.errors()
        return f"\n--- end of {self.name}'s stderr\n{text[-3000:]}" if text else ""

    def _command(self, env):
        """What is started. A static program loads nothing: with LD_PRELOAD its twin does, of the same objects."""
        twin = Path(self.argv[0] + "-shared")
        return [str(twin), *self.argv[1:]] if "LD_PRELOAD" in env and twin.exists() else self.argv

    def start(self, ready_timeout=10.0):
        """Starts it and waits for READY=1. ready_timeout None: does not wait (wait_ready() later).
        Returns itself. Failed when it ends or stays silent."""
        if self.alive():
            raise Failed(f"{self.name} runs already")
        self.folder.mkdir(parents=True, exist_ok=True)
        # The notify socket has its own short path: state folders may be deep.
        place = tempfile.mkdtemp(prefix="kn-")
        os.chmod(place, 0o711)  # a daemon that changed its uid must still reach the socket
        path = os.path.join(place, "n")
        self._close_notify()
        self._notify = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM | socket.SOCK_CLOEXEC)
        self._notify.bind(path)
        os.chmod(path, 0o666)
        self._place = place
        self.started = time.monotonic()
        self.ready_s = None
        with open(self.out_path, "ab") as out, open(self.err_path, "ab") as err:
            try:
                env = {**os.environ, **self.env, "NOTIFY_SOCKET": path}
                self.process = subprocess.Popen(
                    self._command(env), stdin=subprocess.DEVNULL, stdout=out, stderr=err, env=env,
                    start_new_session=True, preexec_fn=_die_with(os.getpid()))
            except OSError as problem:
                self._close_notify()
                raise Failed(f"{self.name}: cannot be started: {problem}") from None
        self.starts += 1
        _running.add(self)
        if ready_timeout is not None:
            self.wait_ready(ready_timeout)
        return self

    def wait_ready(self, timeout=10.0):
        """Seconds from start to READY=1."""
        deadline = self.started + timeout
        self._notify.settimeout(0.02)
        while self.ready_s is None:
            try:
                message = self._notify.recv(4096)
            except socket.timeout:
                message = b""
            if b"READY=1" in message.split(b"\n"):
                self.ready_s = time.monotonic() - self.started
            elif self.process.poll() is not None:
                code = self._ended()
                raise Failed(f"{self.name}: ended with {code} before it was ready{self._tail()}")
            elif time.monotonic() >= deadline:
                self.kill()
                raise Failed(f"{self.name}: not ready within {timeout} s{self._tail()}")
        return self.ready_s

    def alive(self):
        return self.process is not None and self.process.poll() is None

    def check(self):
        """Failed unless it runs."""
        if not self.alive():
            raise Failed(f"{self.name}: not running, exit code "
                         f"{None if self.process is None else self.process.returncode}"
                         f"{self._tail()}")

    def _close_notify(self):
        if self._notify is not None:
            self._notify.close()
            self._notify = None
            shutil.rmtree(self._place, ignore_errors=True)

    def _ended(self):
        self.process.wait()
        _running.discard(self)
        self._close_notify()
        return self.process.returncode

    def wait(self, timeout=5.0, expect=None):
        """Waits for its own end; the exit code (negative: the signal). Failed when it does not end
        in time or the code is not `expect`."""
        try:
            self.process.wait(timeout)
        except subprocess.TimeoutExpired:
            raise Failed(f"{self.name}: still running after {timeout} s{self._tail()}") from None
        code = self._ended()
        if expect is not None and code != expect:
            raise Failed(f"{self.name}: exit code {code} instead of {expect}{self._tail()}")
        return code

    def stop(self, timeout=5.0, expect=0):
        """SIGTERM; it must end within 5 s (design.md 10.4) with exit code `expect`."""
        self.check()
        self.process.send_signal(signal.SIGTERM)
        try:
            return self.wait(timeout, expect)
        except Failed:
            self.kill()
            raise

    def kill(self):
        """kill -9 and wait. Nothing when it does not run."""
        if self.process is not None and self.process.returncode is None:
            self.process.kill()
        if self.process is not None:
            self._ended()

    def signal(self, number):
        self.check()
        self.process.send_signal(number)

    def pause(self):
        """It keeps its sockets and answers nothing from now on."""
        self.check()
        stop_all([self.pid])

    def go_on(self):
        self.signal(signal.SIGCONT)

    def memory(self):
        self.check()
        return memory(self.pid)


class Group:
    """Several daemons by name, started in order and stopped in reverse."""

    def __init__(self):
        self.daemons = {}

    def add(self, daemon):
        if daemon.name in self.daemons:
            raise ValueError(f"two daemons are called {daemon.name}")
        self.daemons[daemon.name] = daemon
        return daemon

    def __getitem__(self, name):
        return self.daemons[name]

    def __iter__(self):
        return iter(self.daemons.values())

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.kill()

    def start(self, ready_timeout=10.0):
        for daemon in self:
            daemon.start(ready_timeout)
        return self

    def stop(self, timeout=5.0):
        """Stops all that run; Failed names all that did not end well."""
        problems = []
        for daemon in reversed(list(self)):
            if daemon.process is None or daemon.process.returncode is not None:
                continue
            try:
                daemon.stop(timeout)
            except Failed as problem:
                problems.append(str(problem))
        if problems:
            raise Failed("\n".join(problems))

    def kill(self):
        for daemon in reversed(list(self)):
            daemon.kill()

    def check(self):
        for daemon in self:
            daemon.check()
