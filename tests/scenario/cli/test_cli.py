#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Goal: at three in the morning `kuramori` says what happened, what it means, and ends with the exit
code that its page promises; nobody who hangs keeps a freeze from the others.

Method: both real signers with their stop sockets, an officer and an approver with keys that
`kuramori key new` sealed, sockets on which somebody listens and never answers, a server that is not
there. Every case looks at words and exit code; whether the signers are frozen is asked of them.
"""

import json
import os
import socket
import subprocess
import sys
import time
from pathlib import Path

ROOT = Path(__file__).resolve().parents[3]
sys.path.insert(0, str(ROOT / "tests/kit"))

import canon  # noqa: E402
import process  # noqa: E402
import tap  # noqa: E402
import terminal  # noqa: E402
import world  # noqa: E402

BUILD = Path(os.environ.get("KURAMORI_BUILD", ROOT / "build"))

class Rig:
    def __init__(self):
        self.world = world.World(process.temp_dir("kc-"), BUILD,
                                 world.Settings(boxes=1, purses=1, watchers=1, watchers_needed=1, quiet_blocks=1))
        w = self.world
        w.ceremony_node()
        w.seal_people()
        w.write_documents(w.seal_signers())
        for which in "ab":
            w.start_signer(which)
        self.tool = w.program("kuramori")
        self.stops = [w.socket(f"signer-{which}", "stop") for which in "ab"]

    def ask(self, *words, person="officer-cli", stops=None, timeout=60.0, config=None, more=()):
        """(exit code, stdout, stderr)"""
        config = config or self.world.write_cli_config(person, self.stops if stops is None else stops, False)
        done = process.run([self.tool, "--config", config, *more, *words], expect=None, timeout=timeout)
        return done.returncode, done.stdout, done.stderr

    def frozen(self, which):
        return self.world.status(f"signer-{which}")["frozen"] == "yes"

    def silent(self, name):
        """A socket on which somebody listens and says nothing."""
        path = self.world.place("people") / name
        path.unlink(missing_ok=True)
        listener = socket.socket(socket.AF_UNIX)
        listener.bind(str(path))
        listener.listen(8)
        self.kept = getattr(self, "kept", []) + [listener]
        return path


@tap.test
def a_misused_command_is_told_what_it_takes():
    for words, said in (((), "say what to do"), (("fly",), "there is no command `fly`"),
                        (("approve",), "kuramori approve ID"), (("approve", "a", "b"), "kuramori approve ID"),
                        (("challenge", "a"), "kuramori challenge ID FILE"),
                        (("order",), "kuramori order show"), (("order", "show"), "kuramori order show"),
                        (("order", "eat", "x"), "kuramori order show"), (("status", "now"), "it is: kuramori status"),
                        (("audit", "verify"), "kuramori audit verify FILE"), (("key", "new"), "kuramori key new FILE"),
                        (("freeze",), "--reason"), (("freeze", "now"), "--reason"),
                        (("freeze", "--reason"), "needs a value"), (("freeze", "--reason", ""), "is empty"),
                        (("freeze", "--why", "x"), "--why is not known")):
        code, out, err = rig.ask(*words)
        assert code == 2 and said in err and out == "", (words, code, out, err)
    assert not rig.frozen("a") and not rig.frozen("b")


@tap.test
def what_is_wrong_with_a_file_is_what_is_said():
    place = rig.world.place("people")
    world.write_private(place / "wrong", "not the passphrase\n")
    world.write_private(place / "open", world.PASSPHRASE + "\n", 0o644)
    for path, code, said in ((place / "wrong", 3, "wrong passphrase"), (place / "open", 1, "yours alone"),
                             (place / "absent", 1, "there is no such thing")):
        config = rig.world.write_cli_config("officer-cli", rig.stops, False)
        text = config.read_text().replace(str(place / "passphrase"), str(path))
        config = place / "other.conf"
        config.write_text(text)
        got, out, err = rig.ask("freeze", "--reason", "x", config=config)
        assert got == code and said in err and str(path if code == 1 else "officer-cli.key") in err, (path, got, err)
        assert ("yours alone" in err) == (path.name == "open"), err
    got, _, err = rig.ask("freeze", "--reason", "x", "--person", "nobody")
    assert got == 1 and "not that of nobody" in err, err
    assert not rig.frozen("a") and not rig.frozen("b")


@tap.test
def a_new_passphrase_is_asked_for_twice():
    path = rig.world.place("people") / "new.key"
    for again, expected, said in (("other way", 3, "differ"), ("one way", 0, "public key for the roster")):
        asked = terminal.Terminal([rig.tool, "key", "new", path], wait=60)
        asked.expect("passphrase: ")
        asked.type("one way")
        asked.expect("again: ")
        asked.type(again)
        code = asked.end()
        assert code == expected and said in asked.text and "one way" not in asked.text, (code, asked.text)
        assert path.exists() == (expected == 0)


@tap.test
def two_people_compare_the_genesis_in_words():
    path = rig.world.place("documents") / "genesis.json"
    code, out, err = rig.ask("genesis", "words", path, more=["--json"])
    assert code == 0, err
    told = json.loads(out)
    assert told["genesis"] == rig.world.genesis.id and len(told["words"].split(" ")) == 24, told
    # each machine wrote the same words when it started
    for which in "ab":
        line = f'genesis words="{told["words"]}"'
        assert line in rig.world.group[f"signer-{which}"].errors(), f"signer-{which} said other words"
    code, out, _ = rig.ask("genesis", "words", path)
    assert code == 0 and all(word in out for word in told["words"].split(" ")), out
    # one digit of one address is another genesis, and shows in the words
    other = rig.world.place("people") / "other-genesis.json"
    nemesis = rig.world.genesis.body["chain_nemesis"]
    body = dict(rig.world.genesis.body, chain_nemesis=f"{int(nemesis[0], 16) ^ 1:x}" + nemesis[1:])
    other.write_bytes(canon.Document("genesis", body).raw)
    code, out, _ = rig.ask("genesis", "words", other, more=["--json"])
    assert code == 0 and json.loads(out)["words"] != told["words"], out
    # what is none has no words
    other.write_bytes(rig.world.policy.raw)
    code, out, err = rig.ask("genesis", "words", other)
    assert code == 3 and "no genesis document" in err and out == "", (code, out, err)


@tap.test
def an_approver_is_refused_and_nothing_is_called_frozen():
    code, out, err = rig.ask("freeze", "--reason", "x", person="approver-cli")
    assert code == 1 and "NOTHING IS FROZEN: 2 refused it" in err and "0 of 2" in out, (code, out, err)
    assert "does not answer" not in err and "pass it on" not in err, err
    assert not rig.frozen("a") and not rig.frozen("b")


@tap.test
def with_nobody_there_nothing_is_called_frozen():
    place = rig.world.place("people")
    code, out, err = rig.ask("freeze", "--reason", "x", stops=[place / "none-1", place / "none-2"])
    assert code == 4 and "NOTHING IS FROZEN" in err and out.count("NOT PERSISTED") == 2, (code, out, err)
    code, _, err = rig.ask("freeze", "--reason", "x", stops=[])
    assert code == 2 and "no stop socket" in err, (code, err)
    code, _, err = rig.ask("status", stops=[rig.stops[0], place / "none-1"])
    assert code == 4, (code, err)
    code, out, _ = rig.ask("status")
    assert code == 0 and out.count("kuramori-signer") == 2, (code, out)


@tap.test
def who_hangs_does_not_keep_the_freeze_from_the_others():
    """Three silent sockets stand before signer B: with one round of 60 s each he would wait three minutes."""
    stops = [rig.silent(f"silent-{i}") for i in range(3)] + [rig.stops[1]]
    config = rig.world.write_cli_config("officer-cli", stops, False)
    asked = subprocess.Popen([str(rig.tool), "--config", str(config), "--timeout-ms", "60000", "freeze",
                              "--reason", "some of you hang"], stdout=subprocess.PIPE, stderr=subprocess.PIPE)
    try:
        process.wait_until(lambda: rig.frozen("b"), 55.0, "signer B frozen although others hang")
        assert asked.poll() is None, "it gave up on the silent ones at once"
    finally:
        asked.kill()
        asked.communicate()
    assert not rig.frozen("a")


@tap.test
def one_holder_counts_once():
    code, out, err = rig.ask("freeze", "--reason", "twice the same", stops=[rig.stops[1], rig.stops[1]])
    assert code == 4 and "1 of 2 signers and watchers" in out and "another socket" in out and "1 of 2 did not" in err, (out, err)


@tap.test
def a_hanging_signer_gets_it_when_he_goes_on():
    """Stopped and, while the second round waits, woken: everybody has it in the end."""
    daemon = rig.world.group.daemons["signer-a"]
    daemon.pause()
    config = rig.world.write_cli_config("officer-cli", rig.stops, False)
    asked = subprocess.Popen([str(rig.tool), "--config", str(config), "--timeout-ms", "30000", "freeze",
                              "--reason", "late"], stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
    try:
        time.sleep(2.5)
    finally:
        daemon.go_on()
    out, err = asked.communicate(timeout=60)
    assert asked.returncode == 0 and "2 of 2 signers and watchers" in out, (asked.returncode, out, err)
    assert rig.frozen("a") and rig.frozen("b")


@tap.test
def frozen_is_an_exit_code_of_status():
    code, out, _ = rig.ask("status")
    assert code == 5 and "frozen" in out, (code, out)
    code, out, _ = rig.ask("--json", "status")
    assert code == 5 and out.startswith("[{"), (code, out)
    code, _, _ = rig.ask("status", stops=rig.stops + [rig.world.place("people") / "none"])
    assert code == 4, code


@tap.test
def many_freezes_are_no_alarm_that_nothing_is_frozen():
    """A holder keeps a fixed number of one officer's freezes; the next is told that it is frozen."""
    code = 0
    for _ in range(40):
        code, out, err = rig.ask("freeze", "--reason", "again")
        if code != 0:
            break
    assert code == 4 and "frozen already" in err and "NOTHING" not in err, (code, out, err)
    assert "--evacuate yes" in err, err
    assert rig.frozen("a") and rig.frozen("b")
    # the last place of each issuer is for an evacuation: it is still taken by everybody, once
    code, out, err = rig.ask("freeze", "--evacuate", "yes", "--reason", "thief")
    assert code == 0, (code, out, err)
    code, out, err = rig.ask("freeze", "--evacuate", "yes", "--reason", "thief again")
    assert code == 4 and "frozen already" in err and "NOTHING" not in err, (code, out, err)
    assert "--evacuate" not in err, err


def start():
    global rig
    rig = Rig()


def end():
    rig.world.group.kill()


if __name__ == "__main__":
    tap.run(start, end)
