#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Goal: a box is emptied into a purse with what the online side really does: the watchers' own tallies, the holders'
machines, the network; and a lie on any of these roads ends there, in words.

Method: node, signers and watchers as they run, holders with kuramori-cold and keys of their own, `kuramori` as an
officer. A node that lies stands between one watcher and the chain.
"""

import os
import socket
import sys
import threading
from pathlib import Path

ROOT = Path(__file__).resolve().parents[3]
sys.path.insert(0, str(ROOT / "tests/kit"))

import canon  # noqa: E402
import nem  # noqa: E402
import process  # noqa: E402
import tap  # noqa: E402
import vault  # noqa: E402
import world as kit  # noqa: E402

BUILD = Path(os.environ.get("KURAMORI_BUILD", ROOT / "build"))
XEM = kit.XEM
PASSPHRASE = vault.PASSPHRASE
w = None
v = None    # its cold side


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


def fundings():
    """As the kit has them, and the last box with less."""
    small = w.keys.boxes[2].address()
    return [(address, 3_000_000 * XEM if address == small else micro) for address, micro in kit.World.fundings(w)]


def start():
    global w, v
    top = process.temp_dir()
    os.chmod(top, 0o755)
    (top / "w").mkdir()
    (top / "cold").mkdir()
    w = kit.World(top / "w", BUILD, kit.Settings(boxes=3, purses=2, spare_extra=1, quiet_blocks=370, block_ms=500))
    w.fundings = fundings
    v = vault.Vault(w, top / "cold")
    w.seal_people((("officer-cli", "officer"),))
    w.ceremony_node()
    w.write_documents(w.seal_signers())
    v.make_keys()
    w.ceremony_chain()
    v.write("holding", v.holding())
    w.start_all(server=False)


def stop():
    if w is not None:
        w.stop()


def watcher_stops(*numbers):
    return [w.socket(f"watcher-{n}", "stop") for n in numbers]


@tap.test
def watchers_say_what_a_box_holds():
    box = w.keys.boxes[0]
    process.wait_until(lambda: all(w.status(f"watcher-{n}").get("node_0") == "up" for n in (1, 2, 3)), 30, "nodes read")
    files, out, _ = v.tallies(box.address(), w.keys.purses[0].address())
    assert [f.name for f in files] == ["tally-watcher-1", "tally-watcher-2", "tally-watcher-3"], files
    assert "5,000,000.000000 XEM" in out and "3 of 5 sign" in out, out
    for number, file in enumerate(files, 1):
        said = canon.open_document(file.read_bytes(), w.genesis.id, "tally")
        assert said.signed_by(w.keys.watchers[f"watcher-{number}"].public_hex)
        first, purse = said.body["accounts"]
        assert first["account"] == box.public_hex and first["balance"] == first["received"] == str(v.balance(box)), first
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
        files, out, err = v.tallies(*what, expect=code)
        assert said in err and not files, (out, err)
    _, _, err = v.tallies(w.keys.boxes[0].address(), expect=4, stops=watcher_stops(1))
    assert "1 watchers gave a tally, and the roster needs 2" in err, err
    # one watcher twice is one watcher
    v.tallies(w.keys.boxes[0].address(), expect=4, stops=watcher_stops(1, 1))


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
        files, out, err = v.tallies(box.address())
        assert [f.name for f in files] == ["tally-watcher-1", "tally-watcher-2"], (out, err)
        assert "gives no tally" in err and "node of ours" in err, err
    finally:
        daemon.stop()
        w.ports["node public"] = honest
    w.start_watcher(3)
    process.wait_until(lambda: w.status("watcher-3").get("node_0") == "up" and
                       w.status("watcher-3").get("node_1") == "up", 30, "it is back")
    files, _, _ = v.tallies(box.address())
    assert len(files) == 3, files


@tap.test
def holders_sign_by_what_the_watchers_say():
    box, purse = w.keys.boxes[0], w.keys.purses[0]
    good = v.write("refill", v.refill(box, purse))
    words, _, _ = v.tallies(good)
    assert len(words) == 3
    # too old, by a holding that wants them fresher
    v.write("fresh", v.holding(tally_age_ms=1))
    _, err = v.cold(0, "sign", good, *words, typed=[PASSPHRASE], expect=1, answer=v.place("no"), holding="fresh")
    assert "tally.time_ms" in err and not v.place("no").exists(), err
    # by a later one, which nobody took on this machine
    first = canon.open_document(v.place("holding").read_bytes(), w.genesis.id)
    v.write("later", v.holding(number=2, previous=first.id))
    _, err = v.cold(0, "sign", good, *words, typed=[PASSPHRASE], expect=1, answer=v.place("no"), holding="later")
    assert "has not taken this holding" in err and not v.place("no").exists(), err
    # of another box
    others, _, _ = v.tallies(w.keys.boxes[1].address(), into="others")
    _, err = v.cold(0, "sign", good, *others, typed=[PASSPHRASE], expect=1, answer=v.place("no"))
    assert "tally.accounts" in err and not v.place("no").exists(), err
    # to somebody else
    evil = v.write("evil", v.refill(box, nem.KeyPair.named("thief")))
    _, err = v.cold(0, "sign", evil, *words, typed=[PASSPHRASE], expect=1, answer=v.place("no"))
    assert "refill.destination" in err and not v.place("no").exists(), err


@tap.test
def the_smallest_box_that_lifts_is_proposed():
    floor, target = ["--refill-floor", str(10_000_000 * XEM)], ["--refill-target", str(12_000_000 * XEM)]
    hot = sum(v.balance(key) for key in [w.keys.till] + w.keys.purses)
    assert 10_000_000 * XEM < hot < 12_000_000 * XEM, hot
    holds = ["--holding-file", v.place("holding")]
    # above the floor nothing is proposed, also below the target
    out, _ = v.kuramori(*holds, *floor, *target, "refill", "propose", v.place("proposal"))
    assert "no refill is proposed" in out and not v.place("proposal").exists(), out
    low = ["--refill-floor", str(hot + 1)]
    _, err = v.kuramori(*holds, *low, "--refill-target", str(hot), "refill", "propose", v.place("proposal"),
                      expect=2)
    assert "refill_target must be above" in err, err
    _, err = v.kuramori(*holds, *low, "--refill-target", str(hot + 6_000_000 * XEM), "refill", "propose",
                      v.place("proposal"), expect=1)
    assert "no single box lifts" in err and "5,000,000.000000 XEM" in err, err
    small = w.keys.boxes[2]     # funded with less: it suffices, and is taken before the larger ones
    assert v.balance(small) == 3_000_000 * XEM, v.balance(small)
    lift = ["--refill-target", str(hot + 2_999_999 * XEM)]
    out, _ = v.kuramori(*holds, *low, *lift, "--dry-run", "yes", "refill", "propose", v.place("proposal"))
    assert "nothing was written" in out and not v.place("proposal").exists(), out
    out, _ = v.kuramori(*holds, *low, *lift, "refill", "propose", v.place("proposal"))
    assert "-".join(small.address()[k:k + 6] for k in range(0, 40, 6)) in out, out
    assert "2,999,998.300000 XEM" in out and "holder-2" in out, out
    made = canon.open_document(v.place("proposal").read_bytes(), w.genesis.id, "refill")
    assert made.body["account"] == small.public_hex and made.body["proposer"] == "officer-cli", made.body
    assert made.body["destination"] in [p.address() for p in w.keys.purses], made.body
    assert made.body["initiator"] == w.keys.holders[2].public_hex and made.body["previous"] == canon.ZERO_ID, made.body
    # never over a file; by other people; into a spare box; a place that is not ours
    v.kuramori(*holds, *low, *lift, "refill", "propose", v.place("proposal"), expect=1)
    v.kuramori(*holds, "refill", "propose", v.place("by"), f"box={small.address()}", f"to={w.keys.spares[0].address()}",
             "by=holder-4,holder-3,holder-1")
    made = canon.open_document(v.place("by").read_bytes(), w.genesis.id, "refill")
    assert made.body["initiator"] == w.keys.holders[1].public_hex, made.body
    for words, said in ((["to=" + nem.KeyPair.named("thief").address()], "refill.destination"),
                        (["by=holder-0,holder-1"], "3 holders"), (["by=holder-0,holder-1,nobody"], "3 holders"),
                        (["by=holder-0,holder-1,holder-2,holder-3"], "no more"),
                        (["previous=" + str(v.place("by"))], "can still be included"), (["nonsense"], "known are")):
        done = process.run([w.program("kuramori"), "--config", w.write_cli_config("officer-cli", None, server=False),
                            *holds, "refill", "propose", v.place("no"), f"box={small.address()}", *words], expect=None,
                           timeout=60.0)
        assert done.returncode != 0 and said in done.stderr and not v.place("no").exists(), (words, done.stderr)
    v.write("lower", v.holding(limit=str(1_000_000 * XEM)))
    _, err = v.kuramori("--holding-file", v.place("lower"), *low, *lift, "refill", "propose", v.place("no"), expect=1)
    assert "no single box lifts" in err, err
    v.write("unsigned", canon.Document("holding", v.holding().body).sign(w.keys.people["officer-1"][0]))
    _, err = v.kuramori("--holding-file", v.place("unsigned"), *low, *lift, "refill", "propose", v.place("no"), expect=None)
    assert "fewer officers" in err, err


@tap.test
def holders_answer_and_it_stands_in_a_block():
    holds = ["--holding-file", v.place("holding")]
    box = w.keys.boxes[2]
    good = v.place("proposal")
    said = canon.open_document(good.read_bytes(), w.genesis.id, "refill")
    purse = next(p for p in w.keys.purses if p.address() == said.body["destination"])
    before, amount = v.balance(purse), int(said.body["amount"])
    words, _, _ = v.tallies(good)
    answers = [v.place(f"answer-{i}") for i in range(3)]
    for i in (0, 1):
        v.cold(i, "sign", good, *words, typed=[PASSPHRASE, "WORDS"], answer=answers[i])
    node = f"node=127.0.0.1:{w.ports['node public']}"
    out, err = v.kuramori(*holds, "refill", "collect", good, *answers[:2], node, expect=None)
    assert "2 of 3 have answered" in out and "answers are missing" in err, (out, err)
    v.cold(2, "sign", good, *words, *answers[:2], typed=[PASSPHRASE, "WORDS"], answer=answers[2])
    # the destination altered on the way: the answers are to something else, and it is none of ours
    v.write("altered", canon.Document("refill", dict(said.body, destination=w.keys.spares[0].address())))
    _, err = v.kuramori(*holds, "refill", "collect", v.place("altered"), *answers, node, expect=1)
    assert "answer.refill" in err, err
    v.write("altered", canon.Document("refill", dict(said.body, destination=nem.KeyPair.named("thief").address())))
    _, err = v.kuramori(*holds, "refill", "collect", v.place("altered"), *answers, node, expect=1)
    assert "refill.destination" in err, err
    # a watcher that is away would call it a theft when it is back: nothing is announced
    w.group.daemons["watcher-3"].stop()
    _, err = v.kuramori(*holds, "refill", "collect", good, *answers, node, expect=4)
    assert "2 of 3 watchers have it" in err and v.balance(box) != 0, err
    w.start_watcher(3)
    process.wait_until(lambda: w.status("watcher-3").get("node_0") == "up" and
                       w.status("watcher-3").get("node_1") == "up", 30, "it is back")
    out, _ = v.kuramori(*holds, "refill", "status", good, *answers)
    assert "3 of 3 have answered" in out and "in no block yet" in out, out
    out, _ = v.kuramori(*holds, "refill", "collect", good, *answers, node)
    assert "stands in block" in out, out
    assert v.balance(box) == 0 and v.balance(purse) == before + amount, (v.balance(box), v.balance(purse))
    out, _ = v.kuramori(*holds, "refill", "status", good, *answers)
    assert "is in a block" in out, out
    w.public.height()
    for number in (1, 2, 3):
        status = w.status(f"watcher-{number}")
        assert status["frozen"] == "no" and status["alarms"] == "0", status
    # the same again changes nothing
    v.kuramori(*holds, "refill", "collect", good, *answers, node)


@tap.test
def a_used_box_is_proposed_no_more():
    holds = ["--holding-file", v.place("holding")]
    box = w.keys.boxes[2]
    _, err = v.kuramori(*holds, "refill", "propose", v.place("again"), f"box={box.address()}", expect=1)
    assert "a box is used once" in err and not v.place("again").exists(), err
    # dust that comes in makes no new box of it
    bank = w.keys.bank
    stamp = w.chain_time()
    w.send(nem.Transfer(bank.public, box.address(), 10 * XEM, timestamp=stamp, deadline=stamp + 3600).sign(bank))
    process.wait_until(lambda: v.balance(box) == 10 * XEM, 20, "dust in the box")
    _, err = v.kuramori(*holds, "refill", "propose", v.place("again"), f"box={box.address()}", expect=None)
    assert "a box is used once" in err, err
    # and a holder's machine says no to what the watchers sign of it
    words, _, _ = v.tallies(box.address())
    evil = v.write("evil", v.refill(box, w.keys.purses[0]))
    _, err = v.cold(3, "sign", evil, *words, typed=[PASSPHRASE], expect=1, answer=v.place("no"))
    assert "refill" in err or "tally" in err, err


@tap.test
def a_journal_that_went_back_freezes():
    holds = ["--holding-file", v.place("holding")]
    own = v.place("holder-0")
    kept = (own / "journal").read_bytes()
    for number, to in enumerate(w.keys.purses):
        (own / "journal").write_bytes(kept)     # an old copy, put back before the second one is signed
        box = w.keys.boxes[number]
        good = v.place(f"back-{number}")
        v.kuramori(*holds, "refill", "propose", good, f"box={box.address()}", f"to={to.address()}")
        words, _, _ = v.tallies(good)
        answer = v.place(f"back-answer-{number}")
        v.cold(0, "sign", good, *words, typed=[PASSPHRASE, "WORDS"], answer=answer)
        out, err = v.kuramori(*holds, "refill", "collect", good, answer, expect=None)
        if number == 0:
            assert "has it, receipt verified" in out and "answers are missing" in err, (out, err)
    assert "two answers stand in one place" in err, err
    process.wait_until(lambda: all(w.status(f"watcher-{n}")["frozen"] == "yes" for n in (1, 2, 3)), 10, "frozen")
    process.wait_until(lambda: all(w.status(f"signer-{x}")["frozen"] == "yes" for x in "ab"), 10, "signers frozen")


if __name__ == "__main__":
    tap.run(start, stop)
