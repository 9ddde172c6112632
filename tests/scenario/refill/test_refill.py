#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Goal: a box is emptied into a purse with what the online side really does: the watchers' own tallies, the holders'
machines, the network; and a lie on any of these roads ends there, in words.

Method: node, signers and watchers as they run, holders with kuramori-cold and keys of their own, `kuramori` as an
officer. A node that lies stands between one watcher and the chain.
"""

import os
import random
import socket
import subprocess
import sys
import threading
from pathlib import Path

ROOT = Path(__file__).resolve().parents[3]
sys.path.insert(0, str(ROOT / "tests/kit"))

import canon  # noqa: E402
import nem  # noqa: E402
import process  # noqa: E402
import tap  # noqa: E402
import world as kit  # noqa: E402

BUILD = Path(os.environ.get("KURAMORI_BUILD", ROOT / "build"))
XEM = kit.XEM
PASSPHRASE = "a passphrase of the test"
w = None
folder = None
attest = []    # of the holders


class Holder:
    """A cold key whose public half alone is known here."""

    def __init__(self, public_hex):
        self.public_hex, self.public = public_hex, bytes.fromhex(public_hex)


class Liar:
    """A proxy before a node that says other figures than it: one run of bytes for another of that length."""

    def __init__(self, upstream, truth, lie):
        assert len(truth) == len(lie)
        self.upstream, self.truth, self.lie = upstream, truth, lie
        self.told = 0
        self.listener = socket.create_server(("127.0.0.1", 0))
        self.port = self.listener.getsockname()[1]
        threading.Thread(target=self._accept, daemon=True).start()

    def _accept(self):
        while True:
            try:
                client, _ = self.listener.accept()
            except OSError:
                return
            node = socket.create_connection(("127.0.0.1", self.upstream))
            threading.Thread(target=self._pass, args=(client, node, False), daemon=True).start()
            threading.Thread(target=self._pass, args=(node, client, True), daemon=True).start()

    def _pass(self, source, to, lying):
        try:
            while piece := source.recv(1 << 20):
                if lying:
                    self.told += piece.count(self.truth)
                    piece = piece.replace(self.truth, self.lie)
                to.sendall(piece)
        except OSError:
            pass
        source.close()
        to.close()


def place(name):
    return folder / name


def write(name, document):
    place(name).write_bytes(document.raw)
    return place(name)


def cold(i, *words, typed=(), expect=0, answer=None, holding="holding"):
    """kuramori-cold of holder i; (stdout, stderr). typed: lines; "WORDS" is what the program asks to be typed."""
    own = place(f"holder-{i}")
    own.mkdir(exist_ok=True)
    documents = w.place("documents")
    argv = [w.program("kuramori-cold"), "--network-is-up-and-i-know", "yes",
            "--genesis-file", documents / "genesis.json", "--key-file", own / "key", "--journal-file", own / "journal",
            "--seal-ops", "1", "--seal-mem-kib", "8192"]
    if place("holding").exists():
        argv += ["--roster1-file", documents / "roster.json", "--holding-file", place(holding)]
    if answer is not None:
        argv += ["--answer-file", answer, "--unit-file", place("unit")]
    with subprocess.Popen([str(a) for a in [*argv, *words]], stdin=subprocess.PIPE, stdout=subprocess.PIPE,
                          stderr=subprocess.PIPE, text=True, env={**os.environ, "LC_ALL": "C"}) as run:
        out = ""
        try:
            for line in typed:
                if line == "WORDS":
                    while "type these words: " not in out:
                        more = run.stdout.readline()
                        if not more:
                            break
                        out += more
                    line = out.rsplit(": ", 1)[1].strip() if "type these words: " in out else ""
                run.stdin.write(line + "\n")
                run.stdin.flush()
        except BrokenPipeError:
            pass  # it refused before it asked
        rest, err = run.communicate(timeout=60)
    assert run.returncode == expect, (run.returncode, out + rest, err)
    return out + rest, err


def kuramori(*words, expect=0, stops=None):
    """(what it printed, what it complained of)"""
    config = w.write_cli_config("officer-cli", stops, server=False)
    done = process.run([w.program("kuramori"), "--config", config, *words], expect=None, timeout=60.0)
    assert done.returncode == expect, (words, done.returncode, done.stdout, done.stderr)
    return done.stdout, done.stderr


def holders_make_keys():
    dice = random.Random(7)
    for i in range(5):
        rolls = "".join(dice.choice("123456") for _ in range(100))
        out, _ = cold(i, "init", typed=["same", rolls, PASSPHRASE, PASSPHRASE])
        one = dict(line.split(" ") for line in out.splitlines() if line.startswith(("key ", "attest_key ")))
        w.keys.holders[i] = Holder(one["key"])
        attest.append(one["attest_key"])


def holding(**changed):
    officers = [w.keys.people[name][0] for name in ("officer-1", "officer-2")]
    return canon.Document("holding", {
        "genesis": w.genesis.id,
        "holders": [{"attest_key": attest[i], "id": f"holder-{i}", "key": h.public_hex}
                    for i, h in enumerate(w.keys.holders)],
        "limit": str(20_000_000 * XEM), "number": 1, "previous": canon.ZERO_ID, "residue_max": str(5 * XEM),
        "tally_age_ms": 86_400_000, "window_ms": 604_800_000, **changed}).sign(*officers)


def balance(key):
    return w.public.balance(key.address())


def start():
    global w, folder
    top = process.temp_dir()
    os.chmod(top, 0o755)
    (top / "w").mkdir()
    folder = top / "cold"
    folder.mkdir()
    w = kit.World(top / "w", BUILD, kit.Settings(boxes=3, purses=2, spare_extra=1, quiet_blocks=370, block_ms=500))
    w.seal_people((("officer-cli", "officer"),))
    w.ceremony_node()
    w.write_documents(w.seal_signers())
    holders_make_keys()
    w.ceremony_chain()
    write("holding", holding())
    w.start_all(server=False)


def stop():
    if w is not None:
        w.stop()


def tallies(*what, expect=0, stops=None, into="tallies"):
    place(into).mkdir(exist_ok=True)
    for old in place(into).iterdir():
        old.unlink()
    out, err = kuramori("tally", place(into), *what, expect=expect, stops=stops)
    return sorted(place(into).iterdir()), out, err


def watcher_stops(*numbers):
    return [w.socket(f"watcher-{n}", "stop") for n in numbers]


def refill(box, to, **changed):
    """A refill of that whole box, by what the node says."""
    stamp = w.chain_time()
    amount = balance(box) - 150_000 - 2 * 150_000 - 1_250_000
    body = {
        "account": box.public_hex, "amount": str(amount),
        "cosigners": [{"key": key} for key in sorted(h.public_hex for h in w.keys.holders[:2])],
        "deadline_nem_s": stamp + 86400, "destination": to.address(), "fee_cosign": "150000",
        "fee_inner": "1250000", "fee_outer": "150000", "genesis": w.genesis.id,
        "initiator": w.keys.holders[2].public_hex, "previous": canon.ZERO_ID, "proposer": "officer-cli",
        "time_ms": kit.now_ms(), "timestamp_nem_s": stamp}
    return canon.Document("refill", {**body, **changed})


@tap.test
def watchers_say_what_a_box_holds():
    box = w.keys.boxes[0]
    process.wait_until(lambda: all(w.status(f"watcher-{n}").get("node_0") == "up" for n in (1, 2, 3)), 30, "nodes read")
    files, out, _ = tallies(box.address(), w.keys.purses[0].address())
    assert [f.name for f in files] == ["tally-watcher-1", "tally-watcher-2", "tally-watcher-3"], files
    assert "5,000,000.000000 XEM" in out and "3 of 5 sign" in out, out
    for number, file in enumerate(files, 1):
        said = canon.open_document(file.read_bytes(), w.genesis.id, "tally")
        assert said.signed_by(w.keys.watchers[f"watcher-{number}"].public_hex)
        first, purse = said.body["accounts"]
        assert first["account"] == box.public_hex and first["balance"] == first["received"] == str(balance(box)), first
        assert first["spent"] == "0" and first["open"] == 0 and first["needed"] == 3, first
        assert [c["key"] for c in first["cosigners"]] == sorted(h.public_hex for h in w.keys.holders), first
        assert purse["needed"] == 2 and len(purse["cosigners"]) == 3, purse
        block = w.public.block(said.body["height"])
        assert said.body["block"] == block.hash().hex() and said.body["chain_time_nem_s"] == block.timestamp, said.body
        assert said.body["final_time_nem_s"] == w.public.block(said.body["height"] - 360).timestamp, said.body


@tap.test
def what_is_asked_wrongly_is_said():
    for what, code, said in (((nem.KeyPair.named("a stranger").address(),), 4, "not an account of the genesis document"),
                             (("NOTANADDRESS",), 1, "NOTANADDRESS"),
                             (tuple(b.address() for b in w.keys.boxes + w.keys.spares)[:5], 2, "four accounts"),
                             ((w.keys.boxes[0].address(),) * 2, 4, "twice")):
        files, out, err = tallies(*what, expect=code)
        assert said in err and not files, (out, err)
    _, _, err = tallies(w.keys.boxes[0].address(), expect=4, stops=watcher_stops(1))
    assert "1 watchers gave a tally, and the roster needs 2" in err, err
    # one watcher twice is one watcher
    tallies(w.keys.boxes[0].address(), expect=4, stops=watcher_stops(1, 1))


@tap.test
def a_watcher_with_a_lying_node_says_nothing():
    box = w.keys.boxes[0]
    daemon = w.group.daemons["watcher-3"]
    daemon.stop()
    # its node doubles what came into the boxes, in the blocks that it tells
    truth, lie = b'"amount":5000000000000', b'"amount":9000000000000'
    liar, honest = Liar(w.ports["node public"], truth, lie), w.ports["node public"]
    w.ports["node public"] = liar.port
    try:
        w.start_watcher(3)
        process.wait_until(lambda: liar.told > 0, 30, "the lie is told")
        files, out, err = tallies(box.address())
        assert [f.name for f in files] == ["tally-watcher-1", "tally-watcher-2"], (out, err)
        assert "gives no tally" in err and "node of ours" in err, err
    finally:
        daemon.stop()
        w.ports["node public"] = honest
    w.start_watcher(3)
    process.wait_until(lambda: w.status("watcher-3").get("node_0") == "up" and
                       w.status("watcher-3").get("node_1") == "up", 30, "it is back")
    files, _, _ = tallies(box.address())
    assert len(files) == 3, files


@tap.test
def holders_sign_by_what_the_watchers_say():
    box, purse = w.keys.boxes[0], w.keys.purses[0]
    good = write("refill", refill(box, purse))
    words, _, _ = tallies(good)
    assert len(words) == 3
    # too old, by a holding that wants them fresher
    first = canon.open_document(place("holding").read_bytes(), w.genesis.id)
    write("fresh", holding(number=2, previous=first.id, tally_age_ms=1))
    _, err = cold(0, "sign", good, *words, typed=[PASSPHRASE], expect=1, answer=place("no"), holding="fresh")
    assert "tally.time_ms" in err and not place("no").exists(), err
    # of another box
    others, _, _ = tallies(w.keys.boxes[1].address(), into="others")
    _, err = cold(0, "sign", good, *others, typed=[PASSPHRASE], expect=1, answer=place("no"))
    assert "tally.accounts" in err and not place("no").exists(), err
    # to somebody else
    evil = write("evil", refill(box, nem.KeyPair.named("thief")))
    _, err = cold(0, "sign", evil, *words, typed=[PASSPHRASE], expect=1, answer=place("no"))
    assert "refill.destination" in err and not place("no").exists(), err
    answers = [place(f"answer-{i}") for i in range(3)]
    for i in (0, 1):
        cold(i, "sign", good, *words, typed=[PASSPHRASE, "WORDS"], answer=answers[i])
    cold(2, "sign", good, *words, *answers[:2], typed=[PASSPHRASE, "WORDS"], answer=answers[2])
    assert len(place("unit").read_text().splitlines()) == 3


if __name__ == "__main__":
    tap.run(start, stop)
