#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Goal: each key is in the one process that holds it, there in the locked arena alone, and nowhere else;
and a unit lets its program start.

Method: all programs run as in production and pay once, with keys of this run's own seed. Then the memory of
every process, every file of the run (journals, databases, logs, sockets' folders, core files) and every
command line and environment are searched for the keys in each form that the programs compute: as sealed,
reversed, expanded, the derived ones, as text, and the passphrase. A 16-byte window of a key contains 8 of its
bytes that begin at a multiple of 8, so those are looked for. Tests of the test: each key is found in its own
process; a copy put into a file and into a process is found.

Only root can read the memory of signers and watchers: they are undumpable. Anybody else sees here that he
cannot, and that part is left out, which the test says. Last: all system calls of each program from its
start on, by strace, held against the filter of its unit.
"""

import hashlib
import hmac
import os
import re
import resource
import shutil
import signal
import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parents[3]
sys.path.insert(0, str(ROOT / "tests/kit"))

import canon  # noqa: E402
import keccak  # noqa: E402
import process  # noqa: E402
import tap  # noqa: E402
import world as kit  # noqa: E402

BUILD = Path(os.environ.get("KURAMORI_BUILD", ROOT / "build"))
XEM = 1_000_000
CUSTOMER = "c1"
IS_ROOT = os.geteuid() == 0
SEED = int(os.environ.get("KURAMORI_SEED", "0")) or int.from_bytes(os.urandom(4), "little")
w = None


def expanded(digest):
    """Ed25519's two halves of a hashed seed: clamped scalar, prefix."""
    scalar = bytearray(digest[:32])
    scalar[0] &= 0xF8
    scalar[31] = scalar[31] & 0x7F | 0x40
    return bytes(scalar), digest[32:]


def forms_of_signer(key):
    """Everything secret of one signer, as bin/kuramori-signer/secrets.c derives it."""
    private = bytes.fromhex(key.private_hex)
    digest = keccak.keccak512(private[::-1])
    scalar, prefix = expanded(digest)
    attest = hmac.digest(private, b"kuramori signer attest v1", "sha256")
    attest_scalar, attest_prefix = expanded(hashlib.sha512(attest).digest())
    return {"private key": private, "seed": private[::-1], "scalar": scalar, "prefix": prefix, "digest": digest[:32],
            "attest seed": attest, "attest scalar": attest_scalar, "attest prefix": attest_prefix,
            "journal secret": hmac.digest(private, b"kuramori signer journal v1", "sha256"),
            "text": key.private_hex.encode(), "TEXT": key.private_hex.upper().encode()}


def forms_of_watcher(key):
    scalar, prefix = expanded(hashlib.sha512(key.seed).digest())
    return {"freeze seed": key.seed, "scalar": scalar, "prefix": prefix,
            "journal secret": hmac.digest(key.seed, b"kuramori watch journal v1", "sha256")}


def blocks(secret):
    if secret == kit.PASSPHRASE.encode():
        return [secret]     # words are elsewhere too, this sentence is not
    return [secret[i:i + 8] for i in range(0, len(secret) - 7, 8)]


def pattern(secrets):
    """One expression for all; secrets: {name: bytes}."""
    return re.compile(b"|".join(re.escape(block) for secret in secrets.values() for block in blocks(secret)))


def name_of(found, secrets):
    return next(name for name, secret in secrets.items() if found in blocks(secret))


def mappings(pid):
    """(first, last, name) of what can be read."""
    for line in Path(f"/proc/{pid}/maps").read_text(errors="replace").splitlines():
        parts = line.split(None, 5)
        first, last = (int(x, 16) for x in parts[0].split("-"))
        name = parts[5] if len(parts) > 5 else ""
        if "r" in parts[1] and name not in ("[vvar]", "[vsyscall]"):
            yield first, last, name


def memory_hits(pid, secrets):
    """{name of a secret: [(first address of the mapping, its name)]}."""
    wanted = pattern(secrets)
    hits = {}
    with open(f"/proc/{pid}/mem", "rb", 0) as memory:
        for first, last, name in mappings(pid):
            try:
                memory.seek(first)
                data = memory.read(last - first)
            except OSError:
                continue
            for found in wanted.finditer(data):
                hits.setdefault(name_of(found.group(), secrets), set()).add((first, name))
    return hits


def flags_of(pid, first):
    """VmFlags of the mapping that begins at `first`."""
    here = False
    for line in Path(f"/proc/{pid}/smaps").read_text().splitlines():
        if re.match(r"[0-9a-f]+-[0-9a-f]+ ", line):
            here = int(line.split("-")[0], 16) == first
        elif here and line.startswith("VmFlags:"):
            return line.split()[1:]
    raise AssertionError(f"no mapping at {first:x}")


def daemons():
    return {d.name: d.pid for d in w.group if d.alive()}


def signer_secrets(which):
    return forms_of_signer(getattr(w.keys, which))


def file_hits(secrets, skip=()):
    wanted = pattern(secrets)
    hits, seen = [], 0
    for path in w.folder.rglob("*"):
        if path.is_file() and path not in skip:
            seen += 1
            found = wanted.search(path.read_bytes())
            if found:
                hits.append(f"{name_of(found.group(), secrets)} in {path}")
    assert seen > 10, seen
    return hits


@tap.test
def each_key_is_in_its_own_locked_arena_alone():
    if not IS_ROOT:
        for name, pid in daemons().items():
            if name.startswith(("signer", "watcher")):
                try:
                    open(f"/proc/{pid}/mem", "rb").close()
                    raise AssertionError(f"anybody reads the memory of {name}")
                except PermissionError:
                    pass
        print("# not root: the memory of signers and watchers cannot be read, and was not searched")
        return
    for which in "ab":
        secrets = signer_secrets(which)
        pid = daemons()[f"signer-{which}"]
        hits = memory_hits(pid, secrets)
        # a test of the test: what it signs with is there
        for name in ("private key", "scalar", "prefix", "attest seed", "journal secret"):
            assert name in hits, (which, name, hits)
        places = set().union(*hits.values())
        assert len(places) == 1, f"signer {which} has its key in more than its arena: {hits}"
        (first, name), = places
        assert name == "", name
        flags = flags_of(pid, first)
        for flag, words in (("lo", "locked"), ("dd", "not dumped"), ("dc", "not inherited")):
            assert flag in flags, f"the arena of signer {which} is not {words}: {flags}"
    for number in range(1, w.settings.watchers + 1):
        secrets = forms_of_watcher(w.keys.watchers[f"watcher-{number}"])
        hits = memory_hits(daemons()[f"watcher-{number}"], secrets)
        assert "freeze seed" in hits, hits
        print(f"# watcher-{number}: {sorted((name, len(places)) for name, places in hits.items())}")


@tap.test
def no_other_process_has_it():
    if not IS_ROOT:
        print("# not root: only programs of one's own that are not undumpable were searched")
    searched = 0
    for name, pid in daemons().items():
        if not IS_ROOT and name.startswith(("signer", "watcher")):
            continue
        for which in "ab":
            secrets = dict(signer_secrets(which), passphrase=kit.PASSPHRASE.encode())
            if name == f"signer-{which}":
                secrets = {"passphrase": kit.PASSPHRASE.encode()}
            hits = memory_hits(pid, secrets)
            assert not hits, f"of signer {which} in {name}: {hits}"
        for number in range(1, w.settings.watchers + 1):
            if name != f"watcher-{number}":
                hits = memory_hits(pid, forms_of_watcher(w.keys.watchers[f"watcher-{number}"]))
                assert not hits, f"of watcher-{number} in {name}: {hits}"
        for what in ("cmdline", "environ"):
            text = Path(f"/proc/{pid}/{what}").read_bytes() if IS_ROOT or what == "cmdline" else b""
            for which in "ab":
                assert not pattern(signer_secrets(which)).search(text), (name, what)
        searched += 1
    print(f"# {searched} processes")
    assert searched >= (7 if IS_ROOT else 2), searched


@tap.test
def a_copy_in_a_process_is_found():
    """A test of the test: it sees one stray window of 16 bytes, at any place of the key."""
    secrets = signer_secrets("a")
    for at in (0, 3, 9, 16):
        window = secrets["scalar"][at:at + 16]
        child = subprocess.Popen([sys.executable, "-c", "import sys; x = bytearray(sys.stdin.buffer.read(16)); "
                                  "print('ready', flush=True); sys.stdin.buffer.read()"],
                                 stdin=subprocess.PIPE, stdout=subprocess.PIPE)
        try:
            child.stdin.write(window)
            child.stdin.flush()
            assert child.stdout.readline() == b"ready\n"
            assert set(memory_hits(child.pid, secrets)) & {"scalar", "digest"}, at
        finally:
            child.kill()
            child.wait()
            child.stdin.close()
            child.stdout.close()


@tap.test
def no_file_has_it():
    for which in "ab":
        secrets = dict(signer_secrets(which), passphrase=kit.PASSPHRASE.encode())
        hits = file_hits(secrets, skip=[w.place("people") / "passphrase"])  # the tool's own
        assert not hits, hits
    # a test of the test
    stray = w.place("people") / "stray"
    stray.write_bytes(b"x" * 1001 + signer_secrets("a")["prefix"][5:21] + b"y" * 99)
    assert len(file_hits(signer_secrets("a"))) == 1
    stray.unlink()


@tap.test
def no_core_file_has_it():
    """Killed by signals that dump core, with no limit on core files, signers and watchers leave none."""
    soft, hard = resource.getrlimit(resource.RLIMIT_CORE)
    if hard not in (resource.RLIM_INFINITY,) and not IS_ROOT:
        print("# the limit of core files cannot be raised here")
        return
    resource.setrlimit(resource.RLIMIT_CORE, (resource.RLIM_INFINITY, resource.RLIM_INFINITY))
    signal.signal(signal.SIGQUIT, signal.SIG_DFL)   # ignored, and by children too, when a shell started this with &
    place = w.place("cores")
    os.chmod(place, 0o777)
    here = os.getcwd()
    os.chdir(place)
    try:
        kinds = Path("/proc/sys/kernel/core_pattern").read_text().strip()
        sleeper = subprocess.Popen(["sleep", "100"])
        sleeper.send_signal(signal.SIGQUIT)
        sleeper.wait()
        control = list(place.iterdir())
        for path in control:
            path.unlink()
        print(f"# core_pattern {kinds}; a program without walls leaves {len(control)} here")
        for name, start in (("signer-a", lambda: w.start_signer("a")), ("watcher-1", lambda: w.start_watcher(1))):
            w.group[name].stop()
            start()
            for number in (signal.SIGQUIT, signal.SIGABRT, signal.SIGSEGV):
                w.group[name].signal(number)
                assert w.group[name].wait(5.0) == -number
                assert not list(place.iterdir()), f"{name} left a core file"
                start()
    finally:
        os.chdir(here)
        resource.setrlimit(resource.RLIMIT_CORE, (0, resource.RLIM_INFINITY if IS_ROOT else hard))
    process.wait_until(lambda: w.status("signer-a").get("signs") == "ready", 20, "signer a is ready")


def groups():
    """systemd's own groups of system calls."""
    text = subprocess.run(["systemd-analyze", "syscall-filter", "--no-pager"], check=True, text=True,
                          stdout=subprocess.PIPE, env={**os.environ, "LC_ALL": "C"}).stdout
    found, name = {}, None
    for line in text.splitlines():
        if line.startswith("@"):
            name = line.split()[0]
            found[name] = set()
        elif line.startswith("    ") and name and not line.strip().startswith("#"):
            found[name].add(line.strip())
    return found


def expand(word, table):
    if not word.startswith("@"):
        return {word}
    return set().union(*(expand(one, table) for one in table[word]))


def granted(unit, table):
    """The calls that a unit lets pass: lines of SystemCallFilter in order (systemd.exec(5))."""
    calls = set(table["@default"])
    for line in re.findall(r"^SystemCallFilter=(.*)$", unit, re.M):
        words = line.lstrip("~").split()
        named = set().union(*(expand(word, table) for word in words))
        calls = calls - named if line.startswith("~") else calls | named
    # what systemd grants every unit with such a filter, to be able to start it
    return calls | {"execve", "exit", "exit_group", "getrlimit", "rt_sigreturn", "sigreturn"}


# tried on purpose at the start, and must fail: root does not come back
MAY_FAIL = {"setresuid", "setuid"}
# on the way from root to `user`, and what SQLite does for root's new files: under its unit a program never was root
ROOT_ONLY = {"setgroups", "setresgid", "fchown"}


@tap.test
def units_let_their_programs_start():
    strace = shutil.which("strace")
    assert strace, "strace is in tools/packages-test"
    if shutil.which("systemd-analyze") is None:
        print("# no systemd-analyze here (Debian package systemd): the filters were not held against the programs")
        return
    table = groups()
    w.stop()
    traced = w.place("traced")
    os.chmod(traced, 0o777)
    shim = w.place("shim")
    for program in ("kuramori-signer", "kuramori-watch", "kuramorid", "kuramori-node"):
        (shim / "bin" / program).mkdir(parents=True)
        path = shim / "bin" / program / program
        real = BUILD / "bin" / program / program
        path.write_text(f'#!/bin/sh\nexec {strace} -D -f -q -o {traced}/{program}.$$ {real} "$@"\n'
                        if program != "kuramori-node" else f'#!/bin/sh\nexec {real} "$@"\n')
        path.chmod(0o755)
    w.build = shim
    w.start_node()
    w.start_all()
    process.wait_until(lambda: w.status("signer-a", "stop").get("signs") == "ready", 30, "signer a is ready")
    w.stop()
    w.build = BUILD
    for program in ("kuramori-signer", "kuramori-watch", "kuramorid"):
        allowed = granted((ROOT / f"systemd/{program}.service").read_text(), table)
        lines = "".join(path.read_text(errors="replace") for path in traced.glob(f"{program}.*")).splitlines()
        calls = {m.group(1): line for line in lines if (m := re.match(r"\d+ +(?:<\.\.\. )?(\w+)(?:\(| resumed)", line))}
        assert {"read", "epoll_wait", "execve"} <= calls.keys(), sorted(calls)
        refused = sorted(calls.keys() - allowed)
        print(f"# {program}: {len(calls)} different calls, refused by its unit: {refused}")
        assert set(refused) <= MAY_FAIL | (ROOT_ONLY if IS_ROOT else set()), [calls[name] for name in refused]
        # a test of the test
        assert "ptrace" not in allowed and "mount" not in allowed and "io_uring_setup" not in allowed


def start():
    global w
    print(f"# seed {SEED}")
    kit.PASSPHRASE = f"the walls of run {SEED}"
    settings = kit.Settings(seed=SEED, boxes=1, purses=1, spare_extra=1, quiet_blocks=5, settle_depth=1, deposit_depth=1,
                            till_xem=5_000, block_ms=300)
    w = kit.World(process.temp_dir("kw-"), BUILD, settings)
    w.ceremony()
    w.seal_people()
    w.write_documents(w.seal_signers())
    w.open_for_business({CUSTOMER: settings.claims_xem * XEM})
    request = w.request(CUSTOMER, w.keys.outside[0].address(), 5 * XEM)
    status, body, _ = w.api("POST", "/v1/withdrawals", request.raw, canon.uuid7())
    assert status == 201, (status, body)
    process.wait_until(lambda: w.get(f"/v1/withdrawals/{body['id']}")["state"] == "settled", 30, "one payment")


def end():
    if w is not None:
        w.group.kill()


if __name__ == "__main__":
    tap.run(start, end)
