# SPDX-License-Identifier: Apache-2.0
"""The online side is the thief's: he brings papers and pictures to the machines of cold holders, has bought one holder,
and reaches for cards. Holders, watchers and node are the real programs; what is gone is counted at the node."""

import base64
import json
import os
import re
import resource
import signal
import time

import canon
import evil
import nem
import pictures
import vault
import world as kit
from registry import attack, part
from rig import XEM, must, process, xem
from terminal import words_of_card

THIEF = nem.KeyPair.named("cold thief")
HEAD, TAIL = 30, 1      # characters of an address that its twin shares


def resigned(tally, key, **changed):
    """What a watcher says, as whoever has this key says it; account: changed in its first account."""
    account = dict(tally.body["accounts"][0], **changed.pop("account", {}))
    return canon.Document("tally", {**tally.body, "accounts": [account], **changed}).sign(key)


def opened(c, paths):
    return [canon.open_document(p.read_bytes(), c.world.genesis.id) for p in paths]


# ---------------------------------------------------------------- T10, T13, T14

@part("T10", "a cold holder is shown one thing and signs another", "cold")
def other_pictures(rig):
    c = rig.cold()
    w, v = c.world, c.vault
    refill, tallies = c.papers()
    started = c.tries
    # other documents, and a transaction as nodes take it, in place of the refill
    request = w.request("c1", w.keys.outside[0].address(), XEM)
    with evil.Server(w) as server:
        order = server.order(request)
        others = [order, server.attempt(order), w.roster, v.holding(), request]
    for n, document in enumerate(others):
        c.refused(0, "this type is not known here", v.write(f"other-{n}", document), *tallies, code=3)
    takes = nem.Multisig(v.sold.chain, nem.Modification(w.keys.boxes[4].public, [(1, THIEF.public)], timestamp=w.chain_time()),
                         []).sign(v.sold.chain)
    text = pictures.parcel_text(announcements=[takes.signature + takes.verifiable()])
    c.refused(0, "this type is not known here", v.write("modification", text.encode() + b"\n"), *tallies, code=3)
    # his own animation with ours on the table; parts of his in ours, all checksums right
    def shown(*files):
        return v.kuramori("qr", "show", *files, "fragment=200")[0].splitlines()
    his = v.write("his", v.refill(w.keys.boxes[4], THIEF))
    c.refused(0, "refill.destination", v.write("his-texts", "\n".join(shown(his, *tallies)).encode() + b"\n"))
    ours = shown(refill, *tallies)
    count = int(ours[0].split("/")[1].split("-")[1])
    mixed = 0
    for n in range(0, count, 4):
        foe = [pictures.mixed_in(line) if i == n else line for i, line in enumerate(ours[:count])]
        c.refused(0, "mixed with somebody's own: 1", v.write("mixed", "\n".join(foe).encode() + b"\n"), code=3)
        mixed += 1
    # ours with one of his between: whole, and what is shown is ours
    road = v.write("road", "\n".join([ours[0], shown(his)[0], *ours]).encode() + b"\n")
    said, err = v.cold(0, "explain", road, typed=[vault.PASSPHRASE])
    address = w.keys.purses[0].address()
    must("-".join(address[k:k + 6] for k in range(0, 40, 6)) in said and "of another animation: 1" in err,
         "the true animation is read and shown", (said, err))
    return (f"a cold holder is brought {len(others)} other documents, a change of a box's cosigners as nodes take it, the "
            f"thief's own animation and ours with parts of his whose CRC-32 is right ({mixed} of {count} places): "
            f"{c.tries - started} times refused by name, ours beside his is read and shown as ours; {c.unhurt()}")


@part("T13", "the destination altered on the way to cold holders", "cold")
def altered_refill(rig):
    c = rig.cold()
    w, v = c.world, c.vault
    box, purse, spare = w.keys.boxes[2], w.keys.purses[0], w.keys.spares[-1]
    good = v.refill(box, purse)
    refill = v.write("agreed", good)
    tallies = v.tallies(refill, into="agreed-tallies")[0]
    started = c.tries
    c.refused(0, "refill.destination: neither a purse nor a spare box of genesis",
              v.write("altered", canon.Document("refill", dict(good.body, destination=THIEF.address()))), *tallies)
    for place in (w.keys.outside[0], w.keys.till, w.keys.deposit, w.keys.boxes[3], box):
        c.refused(0, "refill.destination", v.write("altered", canon.Document(
            "refill", dict(good.body, destination=place.address()))), *tallies)
    # two have cosigned what was agreed on; then it is altered for who wraps, and for who collects
    answers = [v.sign(i, f"agreed-{i}", refill, *tallies) for i in (0, 1)]
    for to in (spare, THIEF):
        changed = v.write("altered", canon.Document("refill", dict(good.body, destination=to.address())))
        why = "answer.refill" if to is spare else "refill.destination"
        c.refused(2, why, changed, *tallies, *answers)
        _, err = v.collect(changed, *answers, expect=1)
        must(why in err, "who collects says so too", err)
    return (f"to the thief, to a customer's, a till, a deposit account, another box and itself, before two cosigned and "
            f"after it: cold holders refused {c.tries - started} times with code 1, who collects twice; {c.unhurt()}")


def twin_of(address):
    """A valid address that shares the first HEAD and the last TAIL characters; whose key nobody needs to know."""
    raw = base64.b32decode(address)
    keep, n = HEAD * 5 // 8, 0
    while True:
        n += 1
        body = raw[:keep + 1] + n.to_bytes(21 - keep - 1, "big")
        twin = base64.b32encode(body + nem.keccak256(body)[:4]).decode()
        if twin != address and twin[:HEAD] == address[:HEAD] and twin[-TAIL:] == address[-TAIL:]:
            return twin


@attack("T14", "an address twin", "cold")
def address_twin(rig):
    c = rig.cold()
    w, v = c.world, c.vault
    _, tallies = c.papers()
    started = c.tries
    told = []
    for what, ours in (("purse", w.keys.purses[0].address()), ("spare box", w.keys.spares[-1].address()),
                       ("box", w.keys.boxes[0].address())):
        twin = twin_of(ours)
        nem.check_address(twin, nem.NETWORK)
        changed = v.write("twin", canon.Document("refill", dict(v.refill(w.keys.boxes[4], THIEF).body, destination=twin)))
        c.refused(0, "not ours, and made to look like one of ours", changed, *tallies)
        _, err = v.kuramori("--holding-file", v.place("holding"), "refill", "propose", v.place("no"),
                            f"box={w.keys.boxes[4].address()}", f"to={twin}", expect=1)
        must("refill.destination" in err and not v.place("no").exists(), "who proposes is told too", err)
        told.append(what)
    # one character of a good address exchanged: no address at all, on neither side
    ours = w.keys.purses[0].address()
    typo = ours[:20] + ("A" if ours[20] != "A" else "B") + ours[21:]
    c.refused(0, "refill.destination: the checksum of the address is wrong", v.write("twin", canon.Document(
        "refill", dict(v.refill(w.keys.boxes[4], THIEF).body, destination=typo))), *tallies, code=3)
    said, _ = v.cold(0, "explain", *c.papers()[0:1], *tallies, typed=[vault.PASSPHRASE])
    must("-".join(ours[k:k + 6] for k in range(0, 40, 6)) in said, "the whole address is shown, in groups", said)
    return (f"valid addresses with {HEAD} characters in front and {TAIL} more at the end of our {', our '.join(told)}: who "
            f"proposes and the cold holder's machine refuse, the latter with 'made to look like one of ours'; the true "
            f"one is shown whole, in groups of six; lists of customers' destinations are the policy's; {c.unhurt()}")


# ---------------------------------------------------------------- T16 to T19

@part("T16", "a box once more", "cold")
def a_box_again(rig):
    c = rig.cold()
    w, v = c.world, c.vault
    box, purse = w.keys.boxes[0], w.keys.purses[0]
    started = c.tries
    # dust after the refill was made: more than residue_max would stay behind
    stale = v.write("stale", v.refill(box, purse))
    c.dust(box, 6 * XEM)
    c.refused(0, "refill.amount: not the whole box: more than residue_max would stay behind", stale,
              *v.tallies(stale, into="dust")[0])
    refill = v.write("whole", v.refill(box, purse))
    amount = int(canon.open_document(refill.read_bytes(), w.genesis.id).body["amount"])
    left = 3 * XEM
    c.dust(box, left)       # as much as may stay
    tallies = v.tallies(refill, into="before")[0]
    answers = [v.sign(i, f"again-{i}", refill, *tallies) for i in (0, 1)]
    for n in range(3):      # "it did not work, once more please"
        again = v.sign(0, f"again-0-{n}", refill, *tallies)
        first, more = (canon.open_document(p.read_bytes(), w.genesis.id).body for p in (answers[0], again))
        must(first["signature"] == more["signature"] and first["spent"] == more["spent"],
             "signing again is the same signature and counts once", (first, more))
    other = v.write("other", v.refill(box, w.keys.spares[-1]))
    c.refused(0, "refill.previous", other, *tallies)
    out, _ = v.collect(refill, *answers, expect=None)
    must("2 of 3 have answered" in out and v.balance(box) > left, "two answers move nothing", out)
    answers.append(v.sign(2, "again-2", refill, *tallies, *answers))
    before = v.balance(purse)
    v.collect(refill, *answers)
    c.moved.append(box)
    c.fees += vault.MOVED
    must(v.balance(purse) == before + amount and v.balance(box) == left, "the box is in the purse, the dust is not",
         v.balance(box))
    # used: the watchers know, and with their words of before it a holder who has signed it knows
    second = v.write("second", v.refill(box, purse, by=(3, 4, 0), amount=str(amount)))
    c.refused(3, "tally.spent: coins have left this box before", second, *v.tallies(second, into="after")[0])
    fooled = v.sign(3, "fooled", second, *tallies)
    c.refused(0, "refill.previous", second, *tallies, fooled)
    holds = v.balance(box)
    must(holds == left <= 5 * XEM, "what stays in a used box is at most residue_max", xem(holds))
    for n in (1, 2, 3):
        must(w.status(f"watcher-{n}")["frozen"] == "no", "a watcher took the refill for a theft")
    return (f"a box with dust on it: {xem(6 * XEM)} XEM more than the refill says are refused, {xem(left)} XEM stay behind "
            f"(residue_max {xem(5 * XEM)}); signed four times it is one signature and counts once; another refill of "
            f"it, the emptied box with new words of the watchers, and with their old ones at who has signed: refused "
            f"({c.tries - started} times); {c.unhurt()}")


@part("T17", "text for a cold holder's screen", "cold")
def text_for_holders(rig):
    c = rig.cold()
    v = c.vault
    refill, tallies = c.papers()
    good = refill.read_bytes()
    started = c.tries
    bad = [good.replace(b"officer-cli", text) for text in
           (b"\x1b[2Jficer-cl", b"\\u001b[2Jofficer", "officer\u202ecli".encode(), b"<b>officer</b>", b"officer\nto: purse",
            b"officer\xff\xfe", b"officer\0cli", b"o" * 10_240)]
    bad += [b"{" * 70_000, b"{" * 4_000, good[:-1], good + good, b'{"a":' * 3_000, good.replace(b'{"body"', b'{ "body"'),
            b"\xef\xbb\xbf" + good, b"\x1b[2J", b"ur:kuramori/" + b"\x1b[31m" * 400, b"\0" * 5_000, b""]
    for n, raw in enumerate(bad):
        c.refused(0, "kuramori-cold: ", v.write(f"bad-{n}", raw), *tallies, code=3)
    words = tallies[0].read_bytes()
    for n, raw in enumerate((words.replace(b"watcher-1", b"watcher\x1b1"), words.replace(b"watcher-1", b"w" * 9_000),
                             words + b" ", words * 40)):
        c.refused(0, "kuramori-cold: ", refill, v.write(f"bad-tally-{n}", raw), tallies[1], code=3)
    said, _ = v.cold(0, "explain", refill, *tallies, typed=[vault.PASSPHRASE])
    must(said.replace("\n", "").isprintable() and said.isascii(), "what is shown is plain", said)
    return (f"{c.tries - started} papers with escapes, right-to-left marks, bad UTF-8, line feeds, 10 to 70 kB, deep "
            f"nesting, two in one or none at all: a cold holder's machine ends with code 3 before it asks for the "
            f"passphrase and repeats none of it; {c.unhurt()}")


@part("T18", "fees and lied balances of a box", "cold")
def lied_balances(rig):
    c = rig.cold()
    w, v = c.world, c.vault
    box, purse = w.keys.boxes[4], w.keys.purses[0]
    refill, tallies = c.papers()
    one, _ = opened(c, tallies[:2])
    started = c.tries
    balance = v.balance(box)
    for why, changed in (
            ("refill.fee_cosign", {"fee_cosign": str(1000 * XEM)}), ("refill.fee_outer", {"fee_outer": str(1000 * XEM)}),
            ("refill.fee_inner", {"fee_inner": str(1000 * XEM), "amount": str(balance - 1001 * XEM)}),
            ("refill.fee_inner", {"fee_inner": "50000", "amount": str(balance - 500_000)})):
        c.refused(0, why, v.write("fees", v.refill(box, purse, **changed)), *tallies)
    fees = c.tries - started
    # the fees of one who knows what is there: what he says, and what his paper says it is
    watcher, thief = w.keys.watchers["watcher-1"], canon.SigningKey.named("cold thief")
    less, more = {"balance": str(balance // 2), "received": str(balance // 2)}, {"balance": str(2 * balance),
                                                                                 "received": str(2 * balance)}
    people = [{"key": one} for one in sorted([THIEF.public_hex, *(h.public_hex for h in w.keys.holders[:4])])]
    lies = [("tally.signatures", evil.altered(one, "height", one.body["height"] + 1)),
            ("tally.signatures", resigned(one, thief, account=more)),
            ("tally.watcher", resigned(one, thief, watcher="watcher-9")),
            ("tally.balance", resigned(one, watcher, account=less)),
            ("tally.block", resigned(one, watcher, account={"balance": str(balance + XEM), "received": str(balance + XEM)})),
            ("tally.block", resigned(one, watcher, block="cd" * 32)),
            ("tally.time_ms", resigned(one, watcher, time_ms=kit.now_ms() - 2 * 86_400_000)),
            ("tally.time_ms", resigned(one, watcher, time_ms=kit.now_ms() + 3_600_000)),
            ("tally.chain_time_nem_s", resigned(one, watcher, final_time_nem_s=one.body["final_time_nem_s"] - 7200,
                                                   chain_time_nem_s=one.body["chain_time_nem_s"] - 7200)),
            ("tally.accounts", resigned(one, watcher, account={"account": w.keys.boxes[3].public_hex})),
            ("tally.spent", resigned(one, watcher, account={"received": str(balance + 1), "spent": "1"})),
            ("tally.cosigners", resigned(one, watcher, account={"cosigners": people}))]
    for why, lie in lies:
        c.refused(0, why, refill, v.write("lie", lie), tallies[1])
    # more by all of whom he has bought is still less than k; and alone they are too few
    c.refused(0, "tally.watcher", refill, tallies[0], tallies[0])
    c.refused(0, "tally: fewer watchers than the roster asks for", refill, tallies[0])
    big = v.write("big", v.refill(box, purse, amount=str(2 * balance - vault.MOVED)))
    c.refused(0, "tally.balance: the box holds less", big, v.write("lie", resigned(one, watcher, account=more)), tallies[1])
    return (f"fees of a refill that are not those of a whole move: {fees} refused; {c.tries - started - fees} lies about a "
            f"box (more, less, another block, old, of tomorrow, spent, other cosigners, forged, altered, twice, alone), "
            f"also by a bought watcher: each refused by the field; {c.unhurt()}")


@part("T19", "coins that stay in a box as if they were change", "cold")
def no_change(rig):
    c = rig.cold()
    w, v = c.world, c.vault
    box, purse = w.keys.boxes[4], w.keys.purses[0]
    _, tallies = c.papers()
    started = c.tries
    for back in (6 * XEM, 1000 * XEM, v.balance(box) - 10 * XEM):
        c.refused(0, "refill.", v.write("change", v.refill(box, purse, amount=str(v.balance(box) - vault.MOVED - back))),
                  *tallies)
    c.refused(0, "this is the box itself", v.write("change", v.refill(box, box)), *tallies)
    for key in (purse, w.keys.till, THIEF):
        c.refused(0, "refill.account", v.write("change", v.refill(box, purse, account=key.public_hex)), *tallies)
    return (f"at a cold holder's machine what stays in a box is the only change there is: refills that leave 6 XEM to all "
            f"of it, of the box to itself, or of no box were refused {c.tries - started} times; {c.unhurt()}")


# ---------------------------------------------------------------- T38 to T40

def cards_of(c, i):
    """Cards of that holder, 2 of 3; made once."""
    if i not in c.cards:
        c.cards[i] = c.vault.back_up(i)
    return c.cards[i]


def nowhere(c, cards):
    """No file of this world has three words of a card in a row."""
    words = [" ".join(card[at:at + 3]).encode() for card in cards for at in (4, 17)]
    for path in c.world.folder.rglob("*"):
        if path.is_file():
            raw = path.read_bytes()
            must(not any(one in raw for one in words), "words of a card stand in a file", path.name)


def drill(c, i, name="clean"):
    """That holder's cards typed on a clean machine; the drill's path."""
    out = c.vault.place(f"drill-{i}")
    t = c.vault.from_cards(name, "drill", cards_of(c, i)[:2], "--drill-file", str(out))
    t.expect("this drill counts until")
    must(t.end() == 0 and not list(c.vault.place(name).iterdir()), "the drill ends well and leaves nothing", t.text)
    return out


@attack("T38", "a card that was written wrongly", "cold")
def wrong_card(rig):
    c = rig.cold()
    w, v = c.world, c.vault
    # at the ceremony: what was written is read back
    t = vault.Terminal(v.argv(0, "backup"))
    t.expect("passphrase:")
    t.type(vault.PASSPHRASE)
    for words in ("empty for none:", "the same again:"):
        t.expect(words)
        t.type("")
    _, before = t.expect("Write the card; then press Enter")
    card = words_of_card(before)
    t.type("")
    t.expect("words, on as many lines as you like")
    t.type(" ".join([*card[:6], card[7], card[6], *card[8:]]))
    t.expect("card 1: several words")
    t.key(b"\x04")
    t.expect("there is no backup: destroy every card")
    must(t.end() == 4, "a backup that was broken off ends with code 4")
    # later, on paper: the drill says which card and word, before there is an address
    folder = w.place("drills")
    if ("drill_folder", folder) not in w.server_pairs:
        w.server_pairs.append(("drill_folder", folder))
        w.open_books_of({"alice": 1_000_000})
        w.start_server()
        w.chain_is_read()
    (folder / "holding").write_bytes(v.place("holding").read_bytes())

    def address():
        time.sleep(1.1)     # it looks again each second
        status, body, _ = w.api("GET", "/v1/deposit-tokens/alice")
        must(status in (200, 409), "the server answers", (status, body))
        return status == 200
    must(not address(), "the server gives an address without a drill")
    wrong = [*cards_of(c, 0)[0]]
    wrong[16] = "academic" if wrong[16] != "academic" else "acid"
    out = v.place("drill-wrong")
    t = vault.Terminal(v.argv("clean", "--drill-file", str(out), "drill"))
    t.expect("Type: same")
    t.type("same")
    t.expect("type its 33 words")
    t.type(" ".join(wrong[:20]))
    t.type(" ".join(wrong[20:]))
    t.expect("card 1, word 17: not the word that was written down")
    t.key(b"\x04")
    code = t.end()
    must(code == 4 and not out.exists() and not list(v.place("clean").iterdir()), "no drill of a wrong card", code)
    # two true drills, one that has run out, one that a thief made longer: still none
    for i in (0, 1):
        (folder / f"drill-{i}").write_bytes(drill(c, i).read_bytes())
    old = canon.open_document((folder / "drill-0").read_bytes(), w.genesis.id)
    day = 86_400_000
    body = dict(old.body, holder="holder-4", key=v.sold.chain.public_hex, attest_key=v.sold.attest.public_hex,
                time_ms=kit.now_ms() - 40 * day, valid_until_ms=kit.now_ms() - 10 * day)
    ended = canon.Document("drill", body).sign(v.sold.attest)
    for n, bad in enumerate((ended, evil.altered(ended, "valid_until_ms", kit.now_ms() + day),
                             evil.altered(old, "holder", "holder-2"))):
        (folder / f"drill-bad-{n}").write_bytes(bad.raw)
    must(not address(), "a drill that is none counts")
    (folder / "drill-2").write_bytes(drill(c, 2).read_bytes())
    must(address(), "three true drills and no address")
    (folder / "drill-1").unlink()
    must(not address(), "two of three drills suffice")
    w.group["kuramorid"].stop()
    nowhere(c, [card, *cards_of(c, 0), *cards_of(c, 1), *cards_of(c, 2)])
    return (f"two words exchanged at the ceremony are found when the card is read back, one wrong word on paper by the "
            f"drill, which names card and word (both code 4, no backup, no drill); kuramorid gives no deposit address "
            f"with two true drills, a third run out, made longer by a thief, or in another's name, and does with three "
            f"true ones; {c.unhurt()}")


@attack("T39", "a machine and a card are lost", "cold")
def lost_machine(rig):
    c = rig.cold()
    w, v = c.world, c.vault
    box, purse = w.keys.boxes[3], w.keys.purses[0]
    cards = cards_of(c, 0)
    keys = {"key": w.keys.holders[0].public_hex, "attest_key": v.attest[0]}
    for name in ("key", "journal"):
        v.place("holder-0").joinpath(name).rename(v.place(f"burnt-{name}"))
    try:
        started = time.monotonic()
        # one card of three has burnt with it
        t = v.from_cards("new", "restore", cards[1:], again=(vault.PASSPHRASE, vault.PASSPHRASE, "", ""))
        t.expect("this key signs nothing before")
        must(t.end() == 0, "restored", t.text)
        took = time.monotonic() - started
        out, _ = v.cold("new", "check", typed=[vault.PASSPHRASE])
        must(vault.ceremony.keys_in(out) == keys and "holder-0" in out, "the same keys, which the holding names", out)
        # what the lost machine had signed is not known: the key waits, the other three open the box
        refill = v.write("lost", v.refill(box, purse, by=(0, 1, 2)))
        tallies = v.tallies(refill, into="lost-tallies")[0]
        _, err = v.cold("new", "sign", refill, *tallies, typed=[vault.PASSPHRASE, "WORDS"], expect=1, answer=v.place("refused"))
        must("came back from cards" in err and not v.place("refused").exists(), "a restored key signs at once", err)
    finally:
        for name in ("key", "journal"):
            v.place(f"burnt-{name}").rename(v.place("holder-0") / name)
    refill = v.write("rest", v.refill(box, purse, by=(1, 2, 3)))
    tallies = v.tallies(refill, into="lost-tallies")[0]
    answers = [v.sign(i, f"rest-{i}", refill, *tallies) for i in (1, 2)]
    answers.append(v.sign(3, "rest-3", refill, *tallies, *answers, unit="rest-unit"))
    before, whole = v.balance(purse), v.balance(box)
    v.collect(refill, *answers)
    c.moved.append(box)
    c.fees += vault.MOVED
    must(v.balance(box) == 0 and v.balance(purse) == before + whole - vault.MOVED, "the box is in the purse")
    nowhere(c, cards)
    return (f"a cold holder's machine and one of his three cards are destroyed: the other two bring the same keys back on a "
            f"clean machine in {took:.1f} s (without the reading aloud), which signs nothing yet, since nobody knows what "
            f"the lost one signed last; the other three holders empty a box of {xem(whole)} XEM meanwhile; {c.unhurt()}")


@attack("T40", "cards that do not belong together", "cold")
def wrong_cards(rig):
    c = rig.cold()
    v = c.vault
    mine, other = cards_of(c, 0), cards_of(c, 1)
    out = v.place("drill-no")

    def typed(*steps):
        """A machine that is told these cards, each of which it says that of."""
        t = vault.Terminal(v.argv("clean", "--drill-file", str(out), "drill"))
        t.expect("Type: same")
        t.type("same")
        t.expect("type its 33 words")
        for card, said in steps:
            t.type(" ".join(card[:20]))
            t.type(" ".join(card[20:]))
            t.expect(said)
        return t
    sum_wrong = [*mine[1][:-1], mine[1][-2]]
    t = typed((mine[0], "needs 1 more cards"), (other[1], "of another set"), (mine[0], "the same as card 1"),
                 (sum_wrong, "card 2, word"), (["zzzz", *mine[1][1:]], "card 2, word 1: not on the list"))
    t.key(b"\x04")
    code = t.end()
    must(code == 4 and "the cards brought no key" in t.text, "cards that are none bring no key", t.text[-300:])
    screens = [t.screen()]
    # the right cards under a wrong passphrase are another key, three times
    t = v.from_cards("clean", "drill", mine[:2], "--drill-file", str(out))
    must(t.expect("the holding names this key", "no such key")[0] == "the holding names this key", "the right cards", t.text)
    t.end()
    out.unlink()
    t = vault.Terminal(v.argv("clean", "--drill-file", str(out), "drill"))
    t.expect("Type: same")
    t.type("same")
    for card in mine[:2]:
        t.expect("type its 33 words")
        t.type(" ".join(card))
    for word in ("wrong", "Wrong", "WRONG"):
        t.expect("empty for none:")
        t.type(word)
        t.expect("the holding names no such key")
    code = t.end()
    screens.append(t.screen())
    must(code == 3 and not out.exists(), "another passphrase brings another key", code)
    # killed with the words in its memory: no core, nothing in a file
    soft, hard = resource.getrlimit(resource.RLIMIT_CORE)
    resource.setrlimit(resource.RLIMIT_CORE, (hard, hard))
    try:
        t = typed((mine[0], "needs 1 more cards"))
        os.kill(t.pid, signal.SIGSEGV)
        _, status = os.waitpid(t.pid, 0)
        must(os.WIFSIGNALED(status) and not os.WCOREDUMP(status), "it left a core", status)
    finally:
        resource.setrlimit(resource.RLIMIT_CORE, (soft, hard))
    must(not list(v.place("clean").iterdir()), "a file on the clean machine")
    nowhere(c, [*mine, *other])
    for text in screens:
        must(not any(" ".join(card[4:7]) in text for card in (*mine, *other)), "words of a card stay on the screen")
    return (f"another holder's card, the same one twice, a bad checksum, a word of no list, three wrong passphrases: each is "
            f"named by card and word, none brings a key of the holding, no drill is written; killed in the middle it leaves "
            f"no core, and no words of a card stand in any file or on the screen at the end; {c.unhurt()}")


# ---------------------------------------------------------------- T15, T34, T35: one holder is the thief's

def pool_of(c, proposals):
    """Sends these to the node; how many it took."""
    answers = [c.world.public.announce(one) for one in proposals]
    return sum(a["code"] == 1 for a in answers)


@part("T15", "more than was asked, beside a refill and inside a box", "cold-9")
def hidden_inner(rig):
    c = rig.cold()
    w, v = c.world, c.vault
    k = w.keys
    box = k.boxes[1]
    good = v.refill(box, k.purses[0])
    refill = v.write("inner", good)
    clean = v.tallies(refill, into="inner-tallies")[0]
    raw = json.loads(good.raw)
    started = c.tries
    body = good.raw.split(b'"amount":', 1)
    instructions = [{"amount": str(XEM), "destination": THIEF.address()}] * 8
    for n, bytes_ in enumerate((
            canon.Document("refill", dict(raw["body"], instructions=instructions)).raw,
            canon.Document("refill", dict(raw["body"], message="00")).raw,
            canon.Document("refill", dict(raw["body"], type="4097")).raw,
            body[0] + b'"amount":"1","amount":' + body[1],
            canon.Document("refill", dict(raw["body"], destination=[raw["body"]["destination"], THIEF.address()])).raw)):
        c.refused(1, "kuramori-cold: ", v.write(f"more-{n}", bytes_), *clean, code=3)
    c.refused(1, "refill.cosigners", v.write("more", v.refill(box, k.purses[0], by=(0, 1, 2, 3))), *clean)
    c.refused(1, "refill.cosigners: somebody who is no cosigner of this box", v.write("more", v.refill(
        box, k.purses[0], cosigners=[{"key": one} for one in sorted((k.holders[1].public_hex, THIEF.public_hex))])), *clean)
    papers = c.tries - started
    # the bought holder proposes on the chain: eight payments to himself, himself alone as the box's owner
    at = w.chain_time()
    inners = [nem.Transfer(box.public, THIEF.address(), XEM + n, timestamp=at, deadline=at + 80_000) for n in range(8)]
    inners.append(nem.Modification(box.public, [(1, THIEF.public)], timestamp=at, deadline=at + 80_000))
    took = pool_of(c, [nem.Multisig(v.sold.chain, inner, []).sign(v.sold.chain) for inner in inners])
    must(took >= 1, "the node takes none of his proposals")

    def open_ones():
        said = opened(c, v.tallies(refill, into="open-tallies")[0])
        return len(said) >= 2 and min(one.body["accounts"][0]["open"] for one in said)
    count = process.wait_until(open_ones, 20, "two watchers say that payments are open", 0.2)
    c.refused(1, "tally.open: a payment of this box is signed and still open", refill,
              *sorted(v.place("open-tallies").iterdir()))
    w.wait_blocks(2)
    c.boxes_whole()
    return (f"refills with eight hidden instructions, a message, a type, an amount twice, two destinations or people whom "
            f"the box does not know: {papers} refused; a bought holder's {took} proposals on the chain (payments to the "
            f"thief, the thief as cosigner) are seen by the watchers ({count} open) and nobody signs for that box: "
            f"every box is whole")


@part("T34", "one cold holder alone", "cold-9")
def one_holder(rig):
    c = rig.cold()
    w, v = c.world, c.vault
    k = w.keys
    box, purse = k.boxes[4], k.purses[0]
    refill, tallies = c.papers()
    started = c.tries
    # who proposes does not sign; who wraps has the others' answers, each once, each theirs
    c.refused(0, "refill.proposer", v.write("alone", v.refill(box, purse, proposer="holder-0")), *tallies)
    c.refused(2, "answer: who wraps signs last", refill, *tallies)
    forged = canon.Document("refill", v.refill(box, purse, by=(4, 1, 2)).body)
    paper = v.write("alone", forged)
    mine = v.sign(4, "alone-4", paper, *tallies)
    c.refused(2, "answer.holder: a second answer of the same holder", paper, *tallies, mine, mine)
    said = canon.open_document(mine.read_bytes(), w.genesis.id)
    for why, changed in (("answer.signatures", dict(said.body, holder="holder-1")),
                         ("answer.signature", dict(said.body, signature="00" * 64)),
                         ("answer.holder", dict(said.body, holder="holder-0"))):
        lie = v.write("alone-lie", canon.Document("answer", changed).sign(v.sold.attest))
        c.refused(2, why, paper, *tallies, lie)
    # a holding of his own: signed by one officer, by people who are none, with his key under three names
    sold = [{"attest_key": v.attest[4], "id": f"holder-{i}", "key": k.holders[4].public_hex, "registration": ""} for i in range(5)]
    next_one = {"number": 2, "previous": canon.open_document(v.place("holding").read_bytes(), w.genesis.id).id}
    holdings = [("fewer officers signed it", 1, v.holding(officers=("officer-1",), **next_one)),
                ("signatures", 1, v.holding(officers=("approver-1", "approver-2"), **next_one)),
                ("holding", 3, v.holding(holders=sold, **next_one))]
    for why, code, document in holdings:
        v.write("his-holding", document)
        c.refused(0, why, refill, *tallies, code=code, holding="his-holding")
    # and on the chain, without any of our machines
    at = w.chain_time()
    inner = nem.Transfer(k.boxes[1].public, THIEF.address(), 4_000_000 * XEM, timestamp=at, deadline=at + 80_000)
    began = time.time()
    took = pool_of(c, [nem.Multisig(v.sold.chain, inner, []).sign(v.sold.chain)])
    for name in ("watcher-1", "watcher-2", "watcher-3", "signer-a", "signer-b"):
        process.wait_until(lambda n=name: w.status(n)["frozen"] == "yes", 10, f"{name} stops")
    frozen = time.time() - began
    w.wait_blocks(3)
    c.boxes_whole()
    must(w.public.balance(THIEF.address()) == 0, "the thief has coins")
    return (f"one cold holder as proposer, as who wraps without the others, with one answer twice or in another's name, with "
            f"a holding that one officer or nobody signed or that has his key five times: refused {c.tries - started} "
            f"times; his own proposal at the node ({took} taken) moves nothing in three blocks, and both signers and all "
            f"watchers are frozen {1000 * frozen:.0f} ms later at the latest; every box is whole")


@part("T35", "a holder who is forced", "cold-9")
def forced_holder(rig):
    c = rig.cold()
    w, v = c.world, c.vault
    _, tallies = c.papers()
    # his machine, his passphrase and his three words: what a knife gets
    c.refused(3, "refill.destination", v.write("forced", v.refill(w.keys.boxes[4], THIEF, by=(3, 1, 2))), *tallies)
    # a refill as it should be, which the thief wants to happen now: the same screen under either passphrase, and the files
    # that he carries to the online side tell the watchers alone
    good = v.refill(w.keys.boxes[4], w.keys.purses[0], by=(3, 1, 2))
    paper = v.write("forced-good", good)
    watched = v.tallies(paper, into="forced-tallies")[0]
    screens = [re.sub("(?m)^this machine's clock says.*$", "", v.held(3, "explain", paper, *watched, typed=[one])[0])
               for one in (vault.PASSPHRASE, vault.SECOND)]
    must(screens[0] == screens[1], "the screen tells one passphrase from the other", screens)
    alarms = [int(w.status(f"watcher-{n}")["alarms"]) for n in (1, 2, 3)]
    answer = v.place("forced-answer")
    v.cold(3, "sign", paper, *watched, typed=[vault.SECOND, "WORDS"], answer=answer)
    told = "".join(v.kuramori("--holding-file", v.place("holding"), "refill", "collect", paper, answer, expect=1))
    process.wait_until(lambda: all(int(w.status(f"watcher-{n}")["alarms"]) > alarms[n - 1] for n in (1, 2, 3)), 20,
                       "every watcher raises its alarm")
    must("duress" not in told and "alarm" not in told, "the online tool tells the thief", told)
    for n in (1, 2, 3):
        must("duress: cold holder holder-3" in w.group.daemons[f"watcher-{n}"].errors(), "the alarm does not say who", n)
    began = time.time()
    said = w.cli("freeze", "--reason", "a holder is held", person="officer-cli", server=False)
    took = time.time() - began
    must(sum(h["persisted"] for h in said["holders"]) == len(said["holders"]) == 5, "somebody did not persist it", said)
    w.wait_blocks(2)
    c.boxes_whole()
    must(w.public.balance(THIEF.address()) == 0, "the thief has coins")
    return (f"a cold holder's own machine, with his passphrase, refuses the thief's address whoever types; under his second "
            f"one it shows and signs the same, all three watchers raise the alarm with his name, and the online tool says "
            f"nothing of it; anybody else's freeze is with all five stop sockets in {took:.1f} s, the opening of its key included; every box is whole")
