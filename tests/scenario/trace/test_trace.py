#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Goal: what `kuramori trace` says of a case is right to the unit, a stranger can compute it again from the
bundle alone, whatever is changed in a bundle is found, and labels of strangers do no harm.

Method: the real programs over small ledgers whose numbers are worked out by hand here, and over random ones, where
the independent verifiers (tools/kuramori-trace-verify and -verify-bounds) judge. One ledger for each rule that it
defeats.
"""

import contextlib
import csv
import hashlib
import importlib.machinery
import importlib.util
import io
import json
import os
import random
import sys
import xml.etree.ElementTree
from pathlib import Path

ROOT = Path(__file__).resolve().parents[3]
sys.path.insert(0, str(ROOT / "tests/kit"))

import process  # noqa: E402
import tap  # noqa: E402
from devnode import program  # noqa: E402

folder = process.temp_dir("kt-")
ALL = ["poison", "poison-emptied", "haircut", "haircut-tx", "fifo", "lifo", "taint-first", "clean-first", "tiho"]
COUNTING = ALL[2:]
T0 = 1516892533


def tx(name):
    return hashlib.sha256(name.encode()).hexdigest()


def store(name, moves):
    """moves: (height, tx name, from, to, amount)."""
    place = folder / name
    lines = "".join(f"{h},{T0 + 43200 * h},{tx(t)},{a.strip('-')},{b.strip('-')},{v}\n" for h, t, a, b, v in moves)
    process.run([program("kuramori"), "trace", "ingest", place, "csv", "-"], input="height,time,txid,from,to,amount\n" + lines)
    return place


def case(name, **fields):
    place = folder / f"{name}.json"
    whole = {"case": name, "asset": "coin", "unit": "COIN", "generated": True, "policies": ALL, **fields}
    place.write_text(json.dumps({key: value for key, value in whole.items() if value is not None}))
    return place


def ask(*words, code=0, stdin=None):
    """stdout; the exit code must be `code`, None: another than 0. With another code than 0: stderr."""
    done = process.run([program("kuramori"), *words], expect=None, input=stdin)
    assert done.returncode != 0 if code is None else done.returncode == code, (words, done.returncode, done.stdout, done.stderr)
    if code != 0:
        assert done.stderr.startswith("kuramori: "), done.stderr
        return done.stderr
    assert done.stderr == "", done.stderr  # quiet in a pipe
    return done.stdout


def report(the_case, the_store, *words):
    return json.loads(ask("--json", "trace", "report", the_case, the_store, *words))


# the verifiers are two programs; here they are also modules, since some thousand bundles are judged
sys.dont_write_bytecode = True


def module(name):
    loader = importlib.machinery.SourceFileLoader(name.replace("-", "_"), str(ROOT / "tools" / name))
    made = importlib.util.module_from_spec(importlib.util.spec_from_loader(loader.name, loader))
    loader.exec_module(made)
    return made


VERIFIERS = [module("kuramori-trace-verify"), module("kuramori-trace-verify-bounds")]


def verify(bundle, *words, only=None):
    """The worse exit code of both, and what they say; the bundle of a pedigree has no bounds."""
    said = io.StringIO()
    with contextlib.redirect_stdout(said), contextlib.redirect_stderr(said):
        codes = [one.main([str(bundle), *words]) for one in (VERIFIERS if only is None else VERIFIERS[only:only + 1])]
    text = said.getvalue()
    if len(codes) == 2 and "bundle of a pedigree" in text:
        codes = codes[:1]
    return max(codes), text


def sits(said, address):
    """{rule: units that sit there} of the rules that count."""
    found = [a for a in said["accounts"] if a["address"] == address]
    by = found[0]["policies"] if found else {}
    return {p: int(by[p]["held"]) + int(by[p]["rests"]) if p in by else 0 for p in COUNTING}


def totals(said):
    return {t["policy"]: t for t in said["totals"]}


def conserved(said):
    for t in said["totals"]:
        parts = [int(t[k]) for k in ("held", "absorbed", "stopped", "evaporated", "destroyed")]
        assert int(t["stolen"]) == sum(parts), t


def within(said):
    """Every rule stays in the interval that no rule leaves."""
    seen = 0
    for a in said["accounts"]:
        if "interval" not in a:  # it holds next to nothing by any rule
            continue
        low, high = int(a["interval"]["lower"]), int(a["interval"]["upper"])
        for policy, units in sits(said, a["address"]).items():
            assert low <= units <= high, (a, policy)
            seen += 1
    return seen


def numbers(haircut, fifo, lifo, taint_first, clean_first, haircut_tx=None, tiho=None):
    return {"haircut": haircut, "haircut-tx": haircut if haircut_tx is None else haircut_tx, "fifo": fifo, "lifo": lifo,
            "taint-first": taint_first, "clean-first": clean_first, "tiho": taint_first if tiho is None else tiho}


# a thief who has 40 of his own steals 60, sends half on to an exchange by a mule, and pays Bob
MIX = [(1, "g1", "-", "VICTIM", 100), (1, "g2", "-", "THIEF", 40), (1, "g3", "-", "EXCHANGE", 1000), (1, "g4", "-", "BOB", 10),
       (2, "theft", "VICTIM", "THIEF", 60), (3, "half", "THIEF", "MULE", 50), (4, "sale", "MULE", "EXCHANGE", 50),
       (5, "pay", "THIEF", "BOB", 20)]
THEFT = [{"tx": tx("theft"), "to": "THIEF"}]


@tap.test
def every_rule_says_what_the_hand_says():
    (folder / "labels.csv").write_text("address,label,category,source,confidence\nEXCHANGE,Zaif,exchange,press,70\n")
    said = report(case("mix", seeds=THEFT, sink_categories=["exchange"], labels=[{"file": "labels.csv"}]), store("mix", MIX))
    conserved(said)
    assert sits(said, "EXCHANGE") == numbers(30, 10, 50, 50, 10), sits(said, "EXCHANGE")
    assert sits(said, "BOB") == numbers(12, 20, 10, 10, 20), sits(said, "BOB")
    assert sits(said, "THIEF") == numbers(18, 30, 0, 0, 30), sits(said, "THIEF")
    assert sits(said, "MULE") == numbers(0, 0, 0, 0, 0)
    assert [totals(said)[p]["accounts"] for p in ALL[:2]] == [3, 2]  # the mule is empty
    reached = said["reached"]
    assert len(reached) == 1 and reached[0]["label"] == "Zaif" and reached[0]["since_s"] == T0 + 43200 * 4
    assert {p: int(reached[0]["policies"][p]["units"]) for p in COUNTING} == numbers(30, 10, 50, 50, 10)
    assert {d["day"] for d in reached[0]["days"]} == {"2018-01-27"}
    # of the thief's hundred fifty went there: all of them stolen, or no more than ten are left to be
    assert reached[0]["interval"] == {"lower": "10", "upper": "50"} and within(said) > 20


@tap.test
def as_of_any_height_and_where_the_case_ends():
    the_store = folder / "mix"
    early = report(folder / "mix.json", the_store, "as_of=3")
    assert sits(early, "MULE") == numbers(30, 10, 50, 50, 10) and sits(early, "BOB") == numbers(0, 0, 0, 0, 0)
    assert early["height"] == 3 and early["reached"] == []
    assert report(case("until", seeds=THEFT, until_height=3), the_store)["totals"] == early["totals"]
    for words, what in ((["as_of=6"], "the store ends at height 5"), (["as_of=x"], "as_of=x"), (["when=3"], "when=3"),
                        (["as_of=1", "as_of=2"], "twice"), (["policy=lifo-ish"], "policy lifo-ish")):
        assert what in ask("trace", "report", folder / "mix.json", the_store, *words, code=3 if "as_of" in words[0] and
                           len(words) == 1 else 1 if "policy" in words[0] else 2), words
    balance = report(case("held", seeds=[{"address": "THIEF", "height": 2, "amount": "10"}]), the_store)
    conserved(balance)
    assert totals(balance)["fifo"]["stolen"] == "10"
    # the newest ten lie at [90, 100): the first fifty and the next twenty are others
    assert sits(balance, "THIEF")["fifo"] == 10 and sits(balance, "EXCHANGE")["lifo"] == 10


@tap.test
def the_text_names_method_ends_and_made_up_data():
    text = ask("trace", "report", folder / "mix.json", folder / "mix", "over=day")
    for what in ("GENERATED DATA", "sinks: 0 accounts by their address, 1 by the category", "no floor", "None of them is the law",
                 "no legal advice", "Zaif (exchange), since 2018-01-27", "2018-01-27", "as of height 5", "Labels labels.csv"):
        assert what in text, what
    real = ask("trace", "report", case("real", seeds=THEFT, generated=False, decimals=1, unit="XEM"), folder / "mix", "policy=haircut")
    assert "GENERATED" not in real and "5.0" not in real and "1.8" in real  # haircut: 18 units of a tenth
    japanese = process.run([program("kuramori"), "trace", "report", folder / "mix.json", folder / "mix"], env={"LANGUAGE": "ja"}).stdout
    assert "法的助言" in japanese and "EXCHANGE" in japanese


@tap.test
def a_way_from_the_seed_to_an_address():
    steps = json.loads(ask("--json", "trace", "path", folder / "mix.json", folder / "mix", "EXCHANGE", "by=shortest"))
    assert [(s["from"], s["to"], s["moved"]) for s in steps] == [("THIEF", "MULE", "10"), ("MULE", "EXCHANGE", "10")]
    assert "THIEF -> MULE" in ask("trace", "path", folder / "mix.json", folder / "mix", "EXCHANGE", "policy=haircut")
    assert "no stolen coin came there" in ask("trace", "path", folder / "mix.json", folder / "mix", "VICTIM", code=1)
    two = store("two", [(1, "g1", "-", "VICTIM", 100), (2, "theft", "VICTIM", "THIEF", 100), (3, "a", "THIEF", "X", 10),
                        (4, "b", "THIEF", "Y", 60), (5, "c", "Y", "Z", 55), (6, "d", "Z", "X", 50), (7, "e", "X", "END", 60)])
    for by, names in (("shortest", ["THIEF", "X"]), ("biggest", ["THIEF", "Y", "Z", "X"])):
        steps = json.loads(ask("--json", "trace", "path", case("two", seeds=THEFT), two, "END", f"by={by}"))
        assert [s["from"] for s in steps] == names, (by, steps)


@tap.test
def the_pedigree_of_a_payment():
    two = folder / "two"
    back = json.loads(ask("--json", "trace", "pedigree", two, "coin", tx("e"), "END"))
    assert [(p["from"], p["to"], p["units"]) for p in back if p["kind"] == "passed"] == [
        ("X", "END", "60"), ("Z", "X", "50"), ("Y", "Z", "50"), ("THIEF", "Y", "50"), ("THIEF", "X", "10"), ("VICTIM", "THIEF", "60")]
    assert [(p["kind"], p["units"]) for p in back if p["kind"] != "passed"] == [("issued", "60")]
    ends = json.loads(ask("--json", "trace", "pedigree", two, "coin", tx("e"), "END", "origin=THIEF"))
    assert sorted((p["kind"], p["to"], p["units"]) for p in ends if p["kind"] != "passed") == [("origin", "X", "10"), ("origin", "Y", "50")]
    late = json.loads(ask("--json", "trace", "pedigree", two, "coin", tx("e"), "END", "from_height=5", "policy=lifo"))
    assert sum(int(p["units"]) for p in late if p["kind"] == "earlier") == 60
    assert "60 made" in ask("trace", "pedigree", two, "coin", tx("e"), "END")
    for words, code, what in ((["gold", tx("e"), "END"], 3, "gold"), (["coin", "zz", "END"], 3, "zz"), (["coin", tx("e"), "X"], 1, "0 times"),
                              (["coin", tx("e"), "NOBODY"], 1, "NOBODY"), (["coin", tx("e"), "END", "policy=haircut"], 3, "haircut"),
                              (["coin", tx("e"), "END", "origin=NOBODY"], 1, "NOBODY")):
        assert what in ask("trace", "pedigree", two, *words, code=code), words


@tap.test
def each_rule_has_its_thief():
    """Adversarial ledgers: whom each rule lets go, and that all of them still conserve."""
    start = [(1, "g1", "-", "VICTIM", 100), (1, "g2", "-", "THIEF", 40)]
    theft = (2, "theft", "VICTIM", "THIEF", 60)
    # poison: dust to strangers marks them for ever, and moves next to nothing
    said = report(case("dust", seeds=THEFT), store("dust", [*start, theft, *((3, f"d{i}", "THIEF", f"STRANGER{i}", 1) for i in range(5))]))
    conserved(said)
    assert totals(said)["poison"]["accounts"] == 6 and sum(sits(said, f"STRANGER{i}")["haircut"] for i in range(5)) == 0
    # haircut: behind a full hub each payment is below the floor; it evaporates, and is counted
    hub = [*start, (1, "g3", "-", "HUB", 900), theft, (3, "in", "THIEF", "HUB", 100), (4, "out", "HUB", "X", 100)]
    said = report(case("hub", seeds=THEFT, floor={"units": "10", "per_million": 0}), store("hub", hub))
    conserved(said)
    assert totals(said)["haircut"]["evaporated"] == "6" and sits(said, "X") == numbers(0, 0, 60, 60, 0)
    # clean-first: the same hub never lets the stolen coins go
    assert sits(said, "HUB")["clean-first"] == 60
    # a share of a transfer as floor: 6 of 100 is below 7 %
    said = report(case("share", seeds=THEFT, floor={"per_million": 70000}), folder / "hub")
    assert totals(said)["haircut"]["evaporated"] == "6" and totals(said)["lifo"]["evaporated"] == "0"
    # FIFO: who orders the inflows decides what leaves first; haircut does not care
    orders = [[*start[:1], theft, (3, "own", "-", "THIEF", 40)], [*start[:1], (2, "own", "-", "THIEF", 40), (3, *theft[1:])]]
    spent = [report(case("order", seeds=THEFT), store(f"order{i}", [*o, (4, "buy", "THIEF", "SHOP", 40)])) for i, o in enumerate(orders)]
    assert [sits(s, "SHOP")["fifo"] for s in spent] == [40, 0] and [sits(s, "SHOP")["haircut"] for s in spent] == [24, 24]
    # LIFO: stolen coins at the bottom, own coins in and out above them
    assert [sits(s, "SHOP")["lifo"] for s in spent] == [0, 40]
    # taint-first: one payment to himself under another name, and the old account is clean
    said = report(case("wash", seeds=THEFT), store("wash", [*start, theft, (3, "wash", "THIEF", "OTHER", 60)]))
    assert sits(said, "THIEF") == numbers(24, 40, 0, 0, 40) and totals(said)["taint-first"]["accounts"] == 1
    # TIHO: the largest output goes home, the shop gets what is clean
    legs = [*start, theft, (3, "split", "THIEF", "HOME", 59), (3, "split", "THIEF", "SHOP", 41)]
    said = report(case("legs", seeds=THEFT), store("legs", legs))
    conserved(said)
    assert sits(said, "SHOP") == numbers(25, 41, 1, 1, 41, haircut_tx=25, tiho=1), sits(said, "SHOP")
    assert sits(said, "HOME")["tiho"] == 59 and sits(said, "HOME")["haircut-tx"] == 35
    # ends: a hop limit and a hub rule are part of the result
    said = report(case("hops", seeds=THEFT, hops_max=1), folder / "mix")
    conserved(said)
    assert totals(said)["haircut"]["stopped"] == "42" and sits(said, "MULE")["haircut"] == 30
    busy = store("busy", [*MIX, (6, "more", "BOB", "EXCHANGE", 5)])
    said = report(case("busy", seeds=THEFT, hub_transfers=3), busy)
    conserved(said)
    assert said["sinks"]["hub"] == 1 and sits(said, "EXCHANGE")["haircut"] == 32 and totals(said)["haircut"]["absorbed"] == "32"
    assert "(by hub)" in ask("trace", "report", case("busier", seeds=THEFT, hub_transfers=2), busy, code=3)


GENESIS = [(1, "g1", "-", "VICTIM", 1000)]
ROBBED = [*GENESIS, (2, "theft", "VICTIM", "THIEF", 1000)]
# attack: its ledger, fields of the case, {address: (what the defeated rules say, and the interval)}
ATTACKS = {
    # 20 strangers with 500 of their own get 2 each: poison marks them all; the interval is the dust
    "dust poisoning": ([*ROBBED, *((1, f"o{i}", "-", f"STRANGER{i}", 500) for i in range(20)),
                        *((3, f"d{i}", "THIEF", f"STRANGER{i}", 2) for i in range(20))], {}, {"STRANGER7": ({}, 2, 2)}),
    # a tag on the account at height 4 comes after the coins: seeds name coins that moved
    "tag race": ([*ROBBED, (3, "a", "THIEF", "SECOND", 1000), (4, "b", "SECOND", "EXCHANGE", 1000)], {}, {"EXCHANGE": ({}, 1000, 1000)}),
    # sixty accounts, each used once, and a case that looks three hops far
    "one-time addresses": ([*ROBBED, *((3 + i, f"h{i}", "THIEF" if i == 0 else f"HOP{i - 1}", f"HOP{i}", 1000) for i in range(60)),
                            (70, "end", "HOP59", "EXCHANGE", 1000)], {}, {"EXCHANGE": ({}, 1000, 1000)}),
    # by paying himself he turns FIFO's queue round
    "self-transfer washing": ([*ROBBED, (3, "own", "-", "THIEF", 1000), (4, "self", "THIEF", "THIEF", 1000),
                               (5, "sale", "THIEF", "EXCHANGE", 1000)], {},
                              {"EXCHANGE": ({"fifo": 0, "haircut": 500, "taint-first": 1000}, 0, 1000)}),
    # stolen coins at the bottom of a hub; others' pass above them
    "hiding below a floor": ([*ROBBED, (3, "in", "THIEF", "HUB", 1000), *(one for i in range(30) for one in (
                                 (4 + i, f"i{i}", "-", "HUB", 1000), (4 + i, f"o{i}", "HUB", "EXCHANGE", 1000)))], {},
                             {"EXCHANGE": ({"lifo": 0, "clean-first": 0, "fifo": 1000}, 0, 1000)}),
    # a false label makes the thief's second account a sink: what it took stands there
    "label bomb": ([*ROBBED, (3, "a", "THIEF", "SECOND", 1000), (4, "b", "SECOND", "EXCHANGE", 600)], {"sinks": ["SECOND"]},
                   {"SECOND": ({}, 1000, 1000)}),
    # a look-alike of the thief's address, alike but for its last letter, has coins of its own
    "address grinding": ([*ROBBED, (2, "own", "-", "THIEG", 700), (3, "a", "THIEF", "SECOND", 700), (3, "b", "THIEG", "EXCHANGE", 700)], {},
                         {"SECOND": ({}, 700, 700), "THIEF": ({}, 300, 300)}),
}


@tap.test
def what_thieves_do_defeats_rules_but_not_the_interval():
    """Each attack through the command, as JSON and as a person reads it; each says whom it defeats."""
    for name, (moves, fields, expected) in ATTACKS.items():
        key = name.replace(" ", "-")
        the_store, the_case = store(key, sorted(moves, key=lambda m: m[0])), case(key, seeds=THEFT, **fields)
        said, text = report(the_case, the_store), ask("trace", "report", the_case, the_store)
        conserved(said)
        assert within(said) >= 7, name
        for address, (rules, low, high) in expected.items():
            found = [a for a in said["accounts"] if a["address"] == address][0]
            assert found["interval"] == {"lower": str(low), "upper": str(high)}, (name, found)
            now = sits(said, address)
            assert all(now[rule] == units for rule, units in rules.items()), (name, now)
            assert rules or set(now.values()) == {low}, (name, now)
            if rules:
                a, b = sorted(rules.values())[0], sorted(rules.values())[-1]
                assert f"differ most at {address}" in text or "differ most at HUB" in text or "differ most at THIEF" in text, text
                assert f"says {a:,} COIN" in text and f"says {b:,} COIN" in text and f"from {low:,} COIN to {high:,} COIN" in text, text
        assert "every rule of the case lies within these bounds" in text, (name, text)
    assert totals(report(folder / "dust-poisoning.json", folder / "dust-poisoning"))["poison"]["accounts"] == 21
    # whoever follows the tagged account, or three hops, has nothing; and the report says where it stopped
    late = ask("--json", "trace", "report", case("tagged", seeds=[{"address": "THIEF", "height": 4}]), folder / "tag-race", code=1)
    assert "held 0" in late
    near = report(case("near", seeds=THEFT, hops_max=3), folder / "one-time-addresses")
    assert all(totals(near)[p]["stopped"] == "1000" for p in COUNTING) and near["reached"] == []
    assert "gives coins up" in ask("trace", "report", folder / "near.json", folder / "one-time-addresses")
    # nothing of the look-alike, nor of whom it paid
    ground = report(folder / "address-grinding.json", folder / "address-grinding")
    assert not [a for a in ground["accounts"] if a["address"] in ("THIEG", "EXCHANGE")]
    # a rollback: the same case over both branches, and a bundle that proves what the second says
    branch = report(folder / "tag-race.json", folder / "tag-race", "as_of=3")
    assert [a["interval"] for a in branch["accounts"] if a["address"] == "SECOND"] == [{"lower": "1000", "upper": "1000"}]
    other = store("branch", [*ROBBED, (3, "a", "THIEF", "SECOND", 1000), (4, "c", "SECOND", "HOME", 1000)])
    said = report(folder / "tag-race.json", other)
    assert {a["address"]: a["interval"] for a in said["accounts"] if set(sits(said, a["address"]).values()) != {0}} == {
        "HOME": {"lower": "1000", "upper": "1000"}}
    place, id = bundle_of(folder / "tag-race.json", other, "branch")
    assert verify(place, id)[0] == 0


def bundle_of(the_case, the_store, name="b"):
    place = folder / f"{name}.bundle"
    said = report(the_case, the_store, f"bundle={place}")
    return place, said["bundle"]


def bounds(the_case, the_store, *words):
    return json.loads(ask("--json", "trace", "bounds", the_case, the_store, *words))


def bounds_bundle(the_case, the_store, *words, name="bounds"):
    place = folder / f"{name}.bundle"
    said = bounds(the_case, the_store, *words, f"bundle={place}")
    return place, said["bundle"], said["asked"]


def sealed(objects):
    """A bundle whose hashes fit, of these lines."""
    chain, out = "0" * 64, []
    for one in objects:
        text = json.dumps(one, sort_keys=True, separators=(",", ":"), ensure_ascii=False)
        chain = hashlib.sha256((chain + text).encode()).hexdigest()
        out.append(f"{chain} {text}\n")
    return "".join(out)


def changed(value):
    """The same field with other content of the same form."""
    if isinstance(value, bool):
        return not value
    if isinstance(value, int):
        return value + 1
    if isinstance(value, str) and value.isdigit():
        return str(int(value) + 1)
    if isinstance(value, str) and len(value) == 64:
        return ("1" if value[0] == "0" else "0") + value[1:]
    return value + "x"


def places(value, at=()):
    """Every field below a line, as a path."""
    if isinstance(value, dict):
        for key, one in value.items():
            yield from places(one, (*at, key))
    elif isinstance(value, list):
        for key, one in enumerate(value):
            yield from places(one, (*at, key))
    else:
        yield at


def mutated(lines, number, path):
    copy = json.loads(json.dumps(lines))
    at = copy[number]
    for step in path[:-1]:
        at = at[step]
    at[path[-1]] = changed(at[path[-1]])
    return copy


@tap.test
def a_stranger_computes_every_number_again_and_finds_every_change():
    place, id, _ = bounds_bundle(folder / "mix.json", folder / "mix", f"deposit={tx('sale')}/EXCHANGE", f"deposit={tx('pay')}/BOB",
                                 f"deposit={tx('theft')}/THIEF", "account=THIEF", "account=VICTIM")
    assert verify(place, id)[0] == 0, verify(place, id)
    done = process.run([ROOT / "tools/kuramori-trace-verify", place, id])
    assert "every number agrees" in done.stdout, done
    done = process.run([ROOT / "tools/kuramori-trace-verify-bounds", place, id])
    assert "9 bounds are proved" in done.stdout, done
    assert all(len((ROOT / "tools" / name).read_text().splitlines()) < 400 for name in ("kuramori-trace-verify", "kuramori-trace-verify-bounds"))
    assert bundle_of(folder / "mix.json", folder / "mix", "b")[1] == bundle_of(folder / "mix.json", folder / "mix", "c")[1]  # the same case
    lines = [json.loads(line[65:]) for line in place.read_text().splitlines()]
    assert sealed(lines) == place.read_text()
    other = folder / "other.bundle"
    unseen = set()
    for number, line in enumerate(lines):
        for path in places(line[1], (1,)):
            changes = mutated(lines, number, path)
            # as it stands: the hashes do not fit any more
            other.write_text("".join(line[:65] + json.dumps(one, sort_keys=True, separators=(",", ":")) + "\n"
                                     for line, one in zip(place.read_text().splitlines(), changes)))
            code, said = verify(other)
            assert code != 0, (line[0], path)
            # sealed anew by a forger: the arithmetic finds it, or at the latest the hash that was given
            other.write_text(sealed(changes))
            assert verify(other, id)[0] != 0
            code, said = verify(other)
            if code == 0:
                unseen.add((line[0], path[1]))
    # what no arithmetic can know: words about things, and what only the chain itself knows
    assert unseen <= {("bundle", "program"), ("labels", "sha256"), ("account", "source"), ("account", "confidence"),
                      ("account", "name"), ("account", "owner"), ("account", "label"), ("account", "category"),
                      ("account", "in"), ("account", "out"), ("ledger", "events"), ("ledger", "time"), ("ledger", "height"),
                      ("transfer", "tx"), ("transfer", "txn"), ("transfer", "time"), ("transfer", "height"),
                      ("transfer", "event"), ("transfer", "in"), ("transfer", "left"),
                      # a proof is no claim: with one unit led another way it may be another proof of the same end
                      ("interval", "least"), ("interval", "most"), ("asked", "least"), ("asked", "most"),
                      # of sinks that no coin came to only the ledger knows
                      ("ledger", "sinks_address"), ("ledger", "sinks_category"), ("ledger", "sinks_hub")}, unseen
    # a line that is left out is found by what the other lines say
    for number, line in enumerate(lines[:-1]):
        rest = [*lines[:number], *lines[number + 1:-1], ["end", {"lines": len(lines) - 1}]]
        other.write_text(sealed(rest))
        code, said = verify(other)
        assert code in (1, 3) and "every number agrees" not in said, (line, said)


def pedigree_bundle(the_store, tx_id, address, *words, name="p"):
    """The bundle of a pedigree, its id, and what the program said."""
    place = folder / f"{name}.bundle"
    said = json.loads(ask("--json", "trace", "pedigree", the_store, "coin", tx_id, address, f"bundle={place}", *words))
    return place, said["bundle"], said["pieces"]


def lines_of(place):
    return [json.loads(line[65:]) for line in place.read_text().splitlines()]


def told(lines):
    """What `trace pedigree` prints of the pieces, out of a bundle: units by event and kind."""
    out = {}
    for kind, line in lines:
        if kind == "transfer" and line["moved"] != ["0"]:
            out[line["event"], "passed"] = int(line["moved"][0])
        if kind == "seed":
            key = line["event"], line["kind"]
            out[key] = out.get(key, 0) + int(line["amount"])
    return out


@tap.test
def a_stranger_computes_a_pedigree_again_and_finds_every_change():
    two, other = folder / "two", folder / "other.bundle"
    for words in ([], ["policy=lifo"], ["origin=THIEF"], ["origin=THIEF", "origin=VICTIM", "origin=THIEF"], ["from_height=5", "policy=lifo"]):
        place, id, pieces = pedigree_bundle(two, tx("e"), "END", *words)
        code, said = verify(place, id)
        assert code == 0 and "every number agrees" in said, said
        lines = lines_of(place)
        assert told(lines) == {(p["event"], p["kind"]): int(p["units"]) for p in pieces}, words
        assert "is what the ledger" in ask("trace", "verify", place, two)
        unseen = set()
        for number, line in enumerate(lines):
            for path in places(line[1], (1,)):
                other.write_text(sealed(mutated(lines, number, path)))
                assert verify(other, id)[0] != 0
                assert ask("trace", "verify", other, two, code=None) != ""
                if verify(other)[0] == 0:
                    unseen.add((line[0], path[1]))
        # words, what only the chain knows, and a label or a sink of an account to which nothing that is followed comes
        assert unseen <= {("bundle", "program"), ("account", "source"), ("account", "confidence"), ("account", "category"),
                          ("account", "label"), ("account", "sink"), ("account", "name"), ("account", "owner"), ("account", "in"), ("account", "out"),
                          ("ledger", "events"), ("ledger", "time"), ("ledger", "height"), ("transfer", "tx"), ("transfer", "txn"),
                          ("transfer", "time"), ("transfer", "height"), ("transfer", "event"), ("transfer", "in"), ("transfer", "left"),
                          ("transfer", "out"), ("transfer", "balance"), ("transfer", "amount")}, unseen
        for number, line in enumerate(lines[:-1]):
            rest = [*lines[:number], *lines[number + 1:-1], ["end", {"lines": len(lines) - 1, "intervals": 0}]]
            other.write_text(sealed(rest))
            assert verify(other)[0] != 0, line
    # the place is named: one unit more, one less of what passed, of where it ends, and of the deposit
    place, id, _ = pedigree_bundle(two, tx("e"), "END", "origin=THIEF")
    lines = lines_of(place)
    for number, (kind, line) in enumerate(lines):
        for step in (1, -1):
            changes = json.loads(json.dumps(lines))
            if kind == "transfer":
                changes[number][1]["moved"] = [str(max(0, int(line["moved"][0]) + step))]
                where = f"transfer {line['event']}"
            elif kind in ("seed", "total", "rest"):
                key = {"seed": "amount", "total": "stolen", "rest": "held"}[kind]
                changes[number][1][key] = str(int(line[key]) + step)
                where = {"seed": "seeds are", "total": "deposit of 60", "rest": "rest "}[kind]
            if changes != lines:
                other.write_text(sealed(changes))
                code, said = verify(other)
                assert code == 1 and (where in said or "deposit of 60: " in said), (line, step, said)
    # a forger who counts in another place beyond an end, and who moves a piece by one unit
    for number, (kind, line) in enumerate(lines):
        if kind == "seed":
            changes = json.loads(json.dumps(lines))
            changes[number][1]["in"] = str(int(line["in"]) + 1)
            other.write_text(sealed(changes))
            assert verify(other)[0] == 1
            changes[number][1].update(line, kind="issued")
            other.write_text(sealed(changes))
            assert "it is origin" in verify(other)[1]
    assert id in ask("trace", "pedigree", two, "coin", tx("e"), "END", "origin=THIEF", f"bundle={folder}/again.bundle")
    assert (folder / "again.bundle").read_text() == place.read_text() == ask("trace", "pedigree", two, "coin", tx("e"), "END", "origin=THIEF", "bundle=-")
    assert "bundle=" in ask("trace", "pedigree", two, "coin", tx("e"), "END", "bundle=", code=2)
    # a deposit that is its own end; the same coins twice are not the whole of it
    place, id, _ = pedigree_bundle(two, tx("e"), "END", "origin=X")
    lines = lines_of(place)
    assert [kind for kind, _ in lines].count("transfer") == 1 and verify(place, id)[0] == 0
    at = next(n for n, (kind, _) in enumerate(lines) if kind == "seed")
    for begins, stolen in (((0, 0), 60), ((0, 0), 30), ((0, 29), 60), ((1, 31), 60)):
        twice = [["seed", {**lines[at][1], "of": n, "amount": "30", "in": str(b)}] for n, b in enumerate(begins)]
        rest = json.loads(json.dumps(lines[at + 1:-1]))
        for kind, line in rest:
            if kind in ("total", "rest"):
                line["held"] = str(stolen)
            if kind == "total":
                line["stolen"] = str(stolen)
        other.write_text(sealed([*lines[:at], *twice, *rest, ["end", {"lines": len(lines) + 1, "intervals": 0}]]))
        assert verify(other)[0] == 1, begins
    # of a ledger in which the payment is another, or is not
    assert "line " in ask("trace", "verify", place, store("another2", [(1, "g", "-", "X", 99), (2, "e", "X", "END", 61)]), code=1)
    assert "END" in ask("trace", "verify", place, folder / "mix", code=1)
    # a case line that is none
    other.write_text(sealed([["case", {"policy": "fifo"}], ["ledger", {"height": 5}]]))
    assert "case" in ask("trace", "verify", other, two, code=3)
    assert verify(other)[0] in (1, 3)


@tap.test
def the_bounds_of_a_deposit_and_of_an_account():
    the_case, the_store = folder / "mix.json", folder / "mix"
    words = [f"deposit={tx('sale')}/EXCHANGE", f"deposit={tx('pay')}/BOB", "account=THIEF", "account=EXCHANGE", "account=VICTIM"]
    sale, pay, thief, exchange, victim = bounds(the_case, the_store, *words)["asked"]
    # 60 of 100 are stolen when fifty leave: ten at least, fifty at most; then twenty of the fifty that stay
    assert (sale["amount"], sale["lower"], sale["upper"], sale["label"]) == ("50", "10", "50", "Zaif"), sale
    assert (sale["from"], sale["height"], sale["time_s"]) == ("MULE", 4, T0 + 43200 * 4)
    assert {p: int(sale["policies"][p]["units"]) for p in COUNTING} == numbers(30, 10, 50, 50, 10)
    assert sale["policies"]["poison"] == {"marked": True}
    assert (pay["amount"], pay["lower"], pay["upper"]) == ("20", "0", "20")
    assert (thief["amount"], thief["lower"], thief["upper"]) == ("30", "0", "30")
    assert {p: int(thief["policies"][p]["units"]) for p in COUNTING} == numbers(18, 30, 0, 0, 30)
    assert (exchange["amount"], exchange["lower"], exchange["upper"]) == ("1050", "10", "50")
    assert (victim["lower"], victim["upper"]) == ("0", "0")
    # poison marks no sink, which absorbed all the same: nothing is said, and not that it is clean
    assert exchange["policies"].keys() == set(COUNTING) and victim["policies"]["poison"] == {"marked": False}
    text = ask("trace", "bounds", the_case, the_store, *words)
    for what in ("GENERATED DATA", "The deposit of 50 COIN to EXCHANGE (Zaif, exchange)", "from MULE", "height 4", "20.0 %", "100.0 %",
                 "10 COIN of it is the case's whatever rule is preferred; of 40 COIN more", "No part of it is certain; up to 20 COIN",
                 "No rule can attribute a coin of it", "no legal advice", "as of height 5"):
        assert what in text, (what, text)
    assert "no coin of the case can have come there" in ask("trace", "bounds", folder / "address-grinding.json", folder / "address-grinding",
                                                            "account=THIEG")
    japanese = process.run([program("kuramori"), "trace", "bounds", the_case, the_store, *words], env={"LANGUAGE": "ja"}).stdout
    assert "どの規則でも" in japanese and "No part" not in japanese, japanese
    rows = list(csv.DictReader(io.StringIO(ask("trace", "bounds", the_case, the_store, *words, "csv=-"))))
    assert [(r["kind"], r["lower"], r["upper"], r["lifo"]) for r in rows][:2] == [("deposit", "10", "50", "50"), ("deposit", "0", "20", "10")]
    assert [(r["poison"], r["poison-emptied"]) for r in rows] == [("50", "50"), ("20", "20"), ("30", "30"), ("", ""), ("0", "0")], rows
    # as of any height; a deposit's bounds do not depend on what came later
    assert bounds(the_case, the_store, words[0], "as_of=4")["asked"][0] == sale
    assert [bounds(the_case, the_store, "account=THIEF", f"as_of={h}")["asked"][0]["upper"] for h in (2, 3, 4, 5)] == ["60", "50", "50", "30"]
    # ends of the case: beyond a sink nothing is followed, and it is said; with a floor a rule may say less
    out = store("beyond", [*MIX, (6, "out", "EXCHANGE", "BOB", 500)])
    said = bounds(the_case, out, f"deposit={tx('out')}/BOB")["asked"][0]
    assert (said["lower"], said["upper"], said["from_sink"]) == ("0", "0", "category")
    assert "is a sink of the case (by category)" in ask("trace", "bounds", the_case, out, f"deposit={tx('out')}/BOB")
    low = case("low", seeds=THEFT, floor={"units": "31"})
    assert "gives coins up by its floor" in ask("trace", "bounds", low, the_store, words[0])
    assert verify(*bounds_bundle(low, the_store, *words)[:2])[0] == 0
    # of what is not there, and of what makes no sense
    sale_word = f"{tx('sale')}/EXCHANGE"
    for more, code, what in (
            ([], 2, "deposit=TX/ADDRESS|account=ADDRESS"), (["as_of=3"], 2, "it is: kuramori trace bounds"),
            ([f"deposit={tx('none')}/EXCHANGE"], 1, "pays EXCHANGE 0 times"), ([f"deposit={tx('sale')}/BOB"], 1, "pays BOB 0 times"),
            ([f"deposit={sale_word}", "as_of=3"], 1, "0 times up to height 3"), ([f"deposit={tx('sale')}/NOBODY"], 1, "NOBODY is not in the ledger"),
            (["account=NOBODY"], 1, "account: NOBODY"), (["deposit=zz/EXCHANGE"], 3, "64 hexadecimal digits"), (["deposit=" + tx("sale")], 3, "deposit=TX/ADDRESS"),
            ([f"deposit={sale_word}", f"deposit={sale_word.upper().replace('EXCHANGE', '')}EXCHANGE"], 2, "asked twice"),
            (["account=BOB", "account=BOB"], 2, "asked twice"), (["account=BOB", "as_of=6"], 3, "the store ends at height 5"),
            (["account=BOB", "bundle="], 2, "name a file"), (["account=BOB", "when=3"], 2, "deposit= account= as_of=")):
        assert what in ask("trace", "bounds", the_case, the_store, *more, code=code), more
    twice = store("twice", [*MIX[:5], (3, "split", "THIEF", "BOB", 5), (3, "split", "THIEF", "BOB", 6)])
    assert "2 times" in ask("trace", "bounds", case("twice", seeds=THEFT), twice, f"deposit={tx('split')}/BOB", code=3)
    # a payment to himself may move all of it or nothing; a rollback behind which the deposit is another
    own = store("own", [*MIX, (6, "self", "THIEF", "THIEF", 25)])
    said = bounds(case("own", seeds=THEFT), own, f"deposit={tx('self')}/THIEF")["asked"][0]
    assert (said["lower"], said["upper"]) == ("0", "25")
    assert verify(*bounds_bundle(folder / "own.json", own, f"deposit={tx('self')}/THIEF", "account=THIEF")[:2])[0] == 0


@tap.test
def what_ever_came_to_an_exchange_that_passes_it_on():
    """Half of what came has left again: what is there now says less than what came, each coin once."""
    moves = [*MIX[:7], (5, "back", "EXCHANGE", "THIEF", 1050), (6, "again", "THIEF", "EXCHANGE", 1100)]
    place, id = bundle_of(case("passes", seeds=THEFT, labels=[{"file": "labels.csv"}]), store("passes", moves), "passes")
    assert verify(place, id)[0] == 0, verify(place, id)
    reached = report(folder / "passes.json", folder / "passes")["reached"][0]
    assert reached["interval"] == reached["ever"] == {"lower": "60", "upper": "60"}, reached
    moves[-1] = (6, "away", "THIEF", "BOB", 1095)
    place, id = bundle_of(folder / "passes.json", store("passes2", moves), "passes2")
    assert verify(place, id)[0] == 0, verify(place, id)
    reached = report(folder / "passes.json", folder / "passes2")["reached"][0]
    assert reached["interval"] == {"lower": "0", "upper": "0"} and reached["ever"] == {"lower": "10", "upper": "50"}, reached
    assert "each coin once: certain 10 COIN, possible 50 COIN" in ask("trace", "report", folder / "passes.json", folder / "passes2")
    # at a sink both are one, and stand once
    said = report(folder / "mix.json", folder / "mix")["reached"][0]
    assert said["interval"] == said["ever"]


@tap.test
def a_label_a_payment_makes_no_report_endless():
    """Each address has a label of its own and passes on what came: what ever came to each wants a network of its own,
    and all of them more than a report spends. It says so, and what is asked for by name is told all the same."""
    n = 2500
    moves = [(1, "g", "-", "VICTIM", 10 * n), (2, "theft", "VICTIM", "THIEF", 10 * n),
             *((3, f"pay{k}", "THIEF", f"L{k}", 10) for k in range(n)), *((4, f"on{k}", f"L{k}", f"M{k % 7}", 6) for k in range(n))]
    (folder / "bomb.csv").write_text("address,label,category\n" + "".join(f"L{k},exchange {k},exchange\n" for k in range(n)))
    the_store = store("bomb", moves)
    the_case = case("bomb", seeds=THEFT, labels=[{"file": "bomb.csv"}], policies=["fifo", "lifo"])
    said = report(the_case, the_store, f"bundle={folder / 'bomb.bundle'}")
    assert said["intervals"] == "too-large" and said["bundle_intervals"] is False and len(said["reached"]) == n
    assert not any("interval" in one for one in [*said["reached"], *said["accounts"]])
    assert {one["policies"]["fifo"]["units"] for one in said["reached"]} == {"10"}
    id = said["bundle"]
    assert verify(folder / "bomb.bundle", id)[0] == 0
    assert "is what the ledger" in ask("trace", "verify", folder / "bomb.bundle", the_store)
    text = ask("trace", "report", the_case, the_store, f"bundle={folder / 'bomb2.bundle'}")
    assert "What no rule can deny was not computed" in text and "interval=yes" in text and "trace bounds" in text, text
    assert "The bundle has no bounds but those that were asked for by name" in text and id in text, text
    # one by its name
    named = bounds(the_case, the_store, "account=L7")["asked"][0]
    assert (named["lower"], named["upper"]) == ("4", "4"), named
    assert report(the_case, the_store, "interval=no")["intervals"] == "not-asked"
    # a few labels of the same ledger are told
    (folder / "bomb.csv").write_text("address,label,category\nL7,exchange 7,exchange\nM3,exchange 3,exchange\n")
    said = report(the_case, the_store, f"bundle={folder / 'bomb.bundle'}")
    assert said["intervals"] == "told" and said["bundle_intervals"] is True and verify(folder / "bomb.bundle", said["bundle"])[0] == 0
    assert {one["label"]: (one["interval"]["lower"], one["ever"]["upper"]) for one in said["reached"]}["exchange 7"] == ("4", "10")


@tap.test
def a_theft_of_very_many_legs():
    """Each leg of the transaction is a seed of its own; a report over them costs what they are, not their square."""
    n = 60000
    rows = "".join(f"2,2,{tx('legs')},{k},VICTIM,THIEF,1\n" for k in range(n))
    process.run([program("kuramori"), "trace", "ingest", folder / "many-legs", "csv", "-"],
                input=f"height,time,txid,index,from,to,amount\n1,1,{tx('g')},0,,VICTIM,{n + 5}\n{rows}3,3,{tx('on')},0,THIEF,MULE,7\n")
    the_case = case("many-legs", seeds=[{"tx": tx("legs"), "to": "THIEF"}], policies=["fifo", "clean-first"])
    said = report(the_case, folder / "many-legs")
    assert said["touched_transfers"] == n + 1 and [t["stolen"] for t in said["totals"]] == [str(n)] * 2
    assert said["intervals"] == "told"
    assert {a["address"]: a["policies"]["fifo"]["held"] for a in said["accounts"]} == {"THIEF": str(n - 7), "MULE": "7"}
    # named twice it is refused by the places in the case, also among others
    twice = [{"tx": tx("on"), "to": "MULE"}, {"tx": tx("legs"), "to": "THIEF"}, {"tx": tx("legs"), "to": "THIEF"}]
    assert "seeds[2]: the same transfer as seeds[1]" in ask("trace", "report", case("legs-twice", seeds=twice), folder / "many-legs", code=3)


def every_way(moves, stolen, goal):
    """Least and most at a goal (an account, or the place of a move) by every way in which whole coins can be moved."""
    ends = []

    def go(i, balance, taint, chosen):
        if i == len(moves):
            ends.append(chosen if isinstance(goal, int) else taint.get(goal, 0))
            return
        _, name, a, b, v = moves[i]
        have, t = balance.get(a, 0), taint.get(a, 0)
        for m in range(max(0, v - (have - t)) if a != "-" else 0, min(v, t) + 1 if a != "-" else 1):
            comes = v if name == stolen else m
            nb, nt = dict(balance), dict(taint)
            nb[a], nt[a] = nb.get(a, 0) - v, t - m
            nb[b], nt[b] = nb.get(b, 0) + v, nt.get(b, 0) + comes
            go(i + 1, nb, nt, comes if i == goal else chosen)

    go(0, {}, {}, 0)
    return min(ends), max(ends)


@tap.test
def bounds_are_what_every_way_to_move_whole_coins_says():
    """Random small ledgers with payments to oneself and in circles, against a search of all ways; and the two verifiers."""
    seed = int(os.environ.get("SEED", random.randrange(1 << 32)))
    print(f"# SEED={seed}")
    r = random.Random(seed)
    for turn in range(15):
        names, held, moves = ["AA", "BB", "CC", "DD"], {}, []
        for name in names:
            held[name] = r.randrange(1, 5)
            moves.append((1, f"g{name}", "-", name, held[name]))
        for k in range(r.randrange(4, 9)):
            a = r.choice([n for n in names if held[n] > 0])
            b, v = r.choice(names), r.randrange(1, held[a] + 1)
            moves.append((2 + k, f"m{k}", a, b, v))
            held[a] -= v
            held[b] += v
        stolen = moves[4]
        the_case = case("ways", seeds=[{"tx": tx(stolen[1]), "to": stolen[3]}])
        words = [f"deposit={tx(m[1])}/{m[3]}" for m in moves[4:]] + [f"account={name}" for name in names]
        goals = [*range(4, len(moves)), *names]
        place, id, asked = bounds_bundle(the_case, store(f"ways{turn}", moves), *words)
        for goal, said in zip(goals, asked):
            assert every_way(moves, stolen[1], goal) == (int(said["lower"]), int(said["upper"])), (seed, turn, goal, said)
            assert all(int(said["lower"]) <= int(said["policies"][p]["units"]) <= int(said["upper"]) for p in COUNTING), (seed, turn, said)
        code, text = verify(place, id)
        assert code == 0, (seed, turn, text)
        assert id in ask("trace", "verify", place, folder / f"ways{turn}")
        # as of the height of each deposit it says the same
        k = r.randrange(4, len(moves))
        assert bounds(the_case, folder / f"ways{turn}", words[k - 4], f"as_of={moves[k][0]}")["asked"][0] == asked[k - 4], (seed, turn)


@tap.test
def forged_bounds_are_not_proved():
    """One who makes every hash anew, and each bound narrower or wider, with whatever proof he has at hand."""
    place, id, _ = bounds_bundle(folder / "mix.json", folder / "mix", f"deposit={tx('sale')}/EXCHANGE", f"deposit={tx('pay')}/BOB",
                                 "account=BOB", "account=THIEF")
    lines, other = lines_of(place), folder / "forged.bundle"
    whole = [one for kind, one in lines if kind in ("interval", "asked")]
    tried = 0
    for number, (kind, line) in enumerate(lines):
        if kind not in ("interval", "asked"):
            continue
        for end, proof in (("lower", "least"), ("upper", "most")):
            for by in (-1, 1):
                if int(line[end]) + by < 0:
                    continue
                for proofs in [line, *whole]:
                    for one in (proofs["least"], proofs["most"], {**proofs["most"], "gone": not proofs["most"]["gone"]},
                                {**proofs["least"], "gone": not proofs["least"]["gone"]}):
                        forged = json.loads(json.dumps(lines))
                        forged[number][1][end] = str(int(line[end]) + by)
                        forged[number][1][proof] = one
                        other.write_text(sealed(forged))
                        assert verify(other, only=1)[0] != 0, (line, end, by, one)
                        tried += 1
    assert tried > 300
    # a deposit that is another transfer, one that the ledger does not have, an account of somebody else
    at = next(n for n, (kind, line) in enumerate(lines) if kind == "asked" and line["kind"] == "deposit")
    for changes in ({"event": lines[at][1]["event"] + 1}, {"event": 9999}, {"tx": tx("none")}, {"address": "BOB"}, {"kind": "account"},
                    {"event": -1}, {"units": ["0"] * len(ALL)}, {"amount": "51"}):
        forged = json.loads(json.dumps(lines))
        forged[at][1].update(changes)
        other.write_text(sealed(forged))
        assert verify(other)[0] != 0, changes
        assert ask("trace", "verify", other, folder / "mix", code=None) != ""
    # an interval that is left out, or stands for another
    cut = [line for line in lines if line[0] != "interval"]
    cut[-1] = ["end", {"lines": len(cut), "intervals": 4}]
    other.write_text(sealed(cut))
    assert verify(other)[0] != 0
    for text in ("", "x\n", "0" * 64 + " {}\n", place.read_text()[:-1], place.read_text()[:900]):
        other.write_text(text)
        assert verify(other, only=1)[0] in (1, 3), text[:20]
    assert process.run([ROOT / "tools/kuramori-trace-verify-bounds"], expect=2).stderr.startswith("kuramori-trace-verify-bounds BUNDLE")
    assert verify(folder / "nothing", only=1)[0] == 3 and verify(place, "0" * 64, only=1)[0] == 1


@tap.test
def what_is_in_a_bundle_writes_no_line_and_no_proof_of_another_type():
    place, id, _ = bounds_bundle(folder / "mix.json", folder / "mix", f"deposit={tx('sale')}/EXCHANGE", "account=BOB")
    lines, other = lines_of(place), folder / "typed.bundle"
    # a proof's numbers are numbers: nothing that is rounded, compares as true, or compares with nothing
    at = next(n for n, (kind, line) in enumerate(lines) if kind in ("interval", "asked") and line["most"]["moves"])
    event, moved = lines[at][1]["most"]["moves"][0]
    assert (type(event), type(moved)) == (int, str), (event, moved)
    for pair in ([event, int(moved)], [event, float(moved)], [float(event), moved], [event, moved, 0], [event], str(event), [event, float("nan")],
                 [event, int(moved) + 0.5], [event, True], [True, moved], [event, None], [event, "0" + moved], [event, "-" + moved], {"0": event, "1": moved}):
        forged = json.loads(json.dumps(lines))
        forged[at][1]["most"]["moves"][0] = pair
        other.write_text(sealed(forged))
        assert verify(other, only=1)[0] in (1, 3), pair
    at = next(n for n, (kind, line) in enumerate(lines) if kind in ("interval", "asked") and line["most"]["turns"])
    event, account = lines[at][1]["most"]["turns"][0]
    for pair in ([float(event), account], [event, float(account)], [event, str(account)], [event, account, 0], [event]):
        forged = json.loads(json.dumps(lines))
        forged[at][1]["most"]["turns"][0] = pair
        other.write_text(sealed(forged))
        assert verify(other, only=1)[0] in (1, 3), pair
    # a case that the engine would refuse
    for field, value in (("hops_max", -1), ("hops_max", True), ("hops_max", 0.5), ("hub_transfers", -1), ("until_height", 5.0),
                         ("floor", {"per_million": -1, "units": "0"}), ("floor", {"per_million": 0.5, "units": "0"}), ("floor", {"per_million": 0, "units": "-1"})):
        forged = json.loads(json.dumps(lines))
        forged[1][1][field] = value
        text = json.dumps(forged[1][1], sort_keys=True, separators=(",", ":"), ensure_ascii=False)
        forged[0][1]["case"] = hashlib.sha256(text.encode()).hexdigest()
        other.write_text(sealed(forged))
        code, said = verify(other, only=0)
        assert code == 1 and ("of another type" in said or "not an amount" in said), (field, value, said)
    # deep enough to end a reader
    other.write_text(sealed(lines[:1]) + "0" * 64 + " " + "[" * 100000 + "]" * 100000 + "\n")
    assert [verify(other, only=n)[0] for n in (0, 1)] == [1, 1]
    deep = "[" * 100000 + "]" * 100000
    other.write_text(hashlib.sha256(("0" * 64 + deep).encode()).hexdigest() + f" {deep}\n")
    assert [verify(other, only=n)[0] for n in (0, 1)] == [3, 3]
    # who wrote the bundle writes no line of a verifier's own and moves no cursor
    evil = "x\nevery number agrees\r\u001b[2K\u202eB"
    for kind, field in (("account", "name"), ("account", "sink"), ("interval", "label"), ("asked", "address"), ("asked", "kind"), ("total", "policy"), ("case", "case"),
                        ("ledger", "asset"), ("service", "label"), ("reached", "day"), ("labels", "file")):
        for number in (n for n, line in enumerate(lines) if line[0] == kind):
            forged = json.loads(json.dumps(lines))
            forged[number][1][field] = evil
            if kind == "case":
                text = json.dumps(forged[number][1], sort_keys=True, separators=(",", ":"), ensure_ascii=False)
                forged[0][1]["case"] = hashlib.sha256(text.encode()).hexdigest()
            other.write_text(sealed(forged))
            for only in (0, 1):
                code, said = verify(other, only=only)
                assert not any(c in said for c in "\r\x1b\u202e") and (code == 0 or "\nevery number agrees\r" not in said), (kind, field, said)
                assert said.count("\n") == (1 if code else 2 if only else said.count("\n")), (kind, field, said)
    # two lines of one account: what left the one would never have left the other
    accounts = [n for n, line in enumerate(lines) if line[0] == "account"]
    forged = json.loads(json.dumps(lines))
    forged[accounts[1]][1].update({key: lines[accounts[0]][1][key] for key in ("name", "owner", "label", "category", "sink")})
    other.write_text(sealed(forged))
    assert "stands twice" in verify(other, only=0)[1], verify(other, only=0)


@tap.test
def a_ledger_that_is_mostly_cold_says_the_same():
    """What is cold is decoded from the theft on alone; who never sends after it is looked for before it."""
    r = random.Random(11)
    people, held, lines = [f"P{i}" for i in range(3000)], {}, ["1,1,,,SLEEPER,5000"]
    lines += [f"1,1,{tx('old')},SLEEPER,P0,700", f"1,1,{tx('vault')},,VICTIM,900000"]
    held["P0"] = 700
    for i in range(262144 + 2000):
        a, b = r.choice(people[:40] if i % 3 else people), r.choice(people)
        v = r.randrange(1, 1000)
        a = a if held.get(a, 0) >= v else ""
        held[a] = held.get(a, 0) - v
        held[b] = held.get(b, 0) + v
        height = 2 + i // 500
        if i == 255000:
            lines.append(f"{height},{height},{tx('early')},VICTIM,P1,500000")
        if i == 258000:
            lines += [f"{height},{height},{tx('thief')},VICTIM,THIEF,300000", f"{height},{height},{tx('sleep')},THIEF,SLEEPER,200"]
            lines += [f"{height},{height},{tx('sale')},THIEF,EXCHANGE,9000", f"{height},{height},{tx('mix')},THIEF,P3,100000"]
        lines.append(f"{height},{height},{tx(str(i)) if i % 7 == 0 else ''},{a},{b},{v}")
    lines += [f"{1000 + i},{1000 + i},,,P1,1" for i in range(360)]
    for name in ("hot", "cold"):
        ask("trace", "ingest", folder / name, "csv", "-", stdin="height,time,txid,from,to,amount\n" + "\n".join(lines) + "\n")
    assert json.loads(ask("--json", "trace", "compact", folder / "cold", "segment=262144"))["cold"] == 262144
    seed = [{"tx": tx("thief"), "to": "THIEF"}]
    cases = [case("coldly", seeds=seed, policies=["haircut", "fifo"]), case("coldly-held", seeds=[{"address": "THIEF", "height": 518}, {"address": "P3", "height": 500, "amount": "9"}], policies=["fifo"]),
             case("coldly-hubs", seeds=seed, hub_transfers=200, policies=["fifo", "lifo"])]
    asked = [f"deposit={tx('sale')}/EXCHANGE", f"deposit={tx('old')}/P0", f"deposit={tx('early')}/P1", "account=SLEEPER", "account=P3", "account=VICTIM"]
    for the_case in cases:
        said = [ask("trace", "bounds", the_case, folder / name, *asked, "bundle=-") for name in ("hot", "cold")]
        assert said[0] == said[1], the_case
        (folder / "coldly.bundle").write_text(said[0])
        code, text = verify(folder / "coldly.bundle")
        assert code == 0, (the_case, text)
        assert "is what the ledger" in ask("trace", "verify", folder / "coldly.bundle", folder / "cold")
    for words in (["report", cases[0]], ["report", cases[0], "as_of=519"], ["path", cases[0], "EXCHANGE"], ["bounds", cases[0], *asked]):
        said = [ask("--json", "trace", *words[:2], folder / name, *words[2:]) for name in ("hot", "cold")]
        assert said[0] == said[1] and len(said[0]) > 50, words
    sleeper = [a for a in bounds(cases[0], folder / "cold", "account=SLEEPER")["asked"]]
    assert sleeper[0]["amount"] == "4500" and sleeper[0]["upper"] == "200", sleeper
    for policy in ("fifo", "lifo"):
        said = [ask("trace", "pedigree", folder / name, "coin", tx("old"), "P0", f"policy={policy}", "bundle=-") for name in ("hot", "cold")]
        assert said[0] == said[1]
    # a damaged page is named where it is needed
    place = folder / "cold/asset-0/cold-0"
    whole = place.read_bytes()
    place.write_bytes(whole[:-100] + bytes([whole[-100] ^ 4]) + whole[-99:])
    assert "asset-0/cold-0" in ask("trace", "report", cases[0], folder / "cold", code=70)
    assert "1 made" not in ask("trace", "pedigree", folder / "cold", "coin", tx("old"), "P0")


@tap.test
def a_bundle_against_the_ledger():
    place, id = bundle_of(folder / "mix.json", folder / "mix")
    assert id in ask("trace", "verify", place, folder / "mix")
    another = store("another", [*MIX[:-1], (5, "pay", "THIEF", "BOB", 21)])
    assert "line " in ask("trace", "verify", place, another, code=1)
    assert "kuramori-trace-verify" in ask("trace", "verify", place, code=2)
    assert "8 events" in ask("trace", "verify", folder / "mix")
    for text, code in (("", 3), ("x\n", 3), ("0" * 64 + " {}\n", 3), (place.read_text()[:-1], 3), (place.read_text()[:1300], 3)):
        bad = folder / "bad.bundle"
        bad.write_text(text)
        assert verify(bad)[0] in (1, 3), text[:20]
        assert ask("trace", "verify", bad, folder / "mix", code=3 if len(text) < 100 else 1) or True
    assert verify(folder / "nothing")[0] == 3
    assert process.run([ROOT / "tools/kuramori-trace-verify"], expect=2).stderr.startswith("kuramori-trace-verify BUNDLE")


@tap.test
def two_implementations_agree_on_random_ledgers():
    seed = int(os.environ.get("SEED", random.randrange(1 << 32)))
    print(f"# SEED={seed}")
    r = random.Random(seed)
    for turn in range(12):
        names, held, moves, height = [f"ACCOUNT{i}" for i in range(8)], {}, [], 1
        for name in names:
            held[name] = r.randrange(1, 1000)
            moves.append((1, f"g{name}", "-", name, held[name]))
        while len(moves) < 150:
            height += r.random() < 0.4
            rich = [n for n in names if held[n] > 0]
            if len(rich) < 3:
                break
            a = r.choice(rich)
            for _ in range(r.randrange(1, 4)):
                if held[a] == 0:
                    break
                b, v = r.choice([*names, *names, *names, "-"]), r.choice([held[a], r.randrange(1, held[a] + 1)])
                moves.append((height + 1, f"t{turn}.{len(moves) if r.random() < 0.5 else height}.{a}", a, b, v))
                held[a] -= v
                if b != "-":
                    held[b] += v
        # a transaction's legs are neighbours: give those that are not an id of their own
        seen, fixed = set(), []
        for k, (h, t, a, b, v) in enumerate(moves):
            t = t if t not in seen or fixed[-1][1] == t else f"{t}.{k}"
            seen.add(t)
            fixed.append((h, t, a, b, v))
        once = [m for m in fixed if m[2] != "-" and m[3] != "-" and sum(n[1] == m[1] for n in fixed) == 1]
        seeds = [{"tx": tx(m[1]), "to": m[3], **({"amount": str(r.randrange(1, m[4] + 1))} if r.random() < 0.5 else {})}
                 for m in r.sample(once, min(2, len(once)))]
        # and what an account held, or a part of it, part of which may have been stolen already
        holders, end = {}, max(m[0] for m in fixed)
        at = r.randrange(1, end + 1)
        for h, _, a, b, v in fixed:
            if h <= min(h2 for h2, *_ in fixed if h2 >= at):
                holders[a] = holders.get(a, 0) - v
                holders[b] = holders.get(b, 0) + v
        for name in r.sample(sorted(n for n, v in holders.items() if v > 0 and n != "-"), 1):
            seeds.append({"address": name, "height": at, **({"amount": str(r.randrange(1, holders[name] + 1))} if r.random() < 0.6 else {})})
        fields = {"hops_max": r.randrange(1, 6)} if r.random() < 0.3 else {}
        if r.random() < 0.4:
            fields["floor"] = {"units": str(r.randrange(20)), "per_million": r.choice([0, 50000])}
        sink = r.choice([n for n in names if n not in [s.get("to", s.get("address")) for s in seeds]])
        the_case = case("random", seeds=seeds, sinks=[sink] if sink in [m[3] for m in fixed] else [], **fields, labels=[{"file": "random.csv"}])
        (folder / "random.csv").write_text("address,label,category\n" + "".join(f"{n},{r.choice('XYZ')},exchange\n" for n in names[2:]))
        words = [f"deposit={tx(m[1])}/{m[3]}" for m in r.sample(once, min(6, len(once)))] + [f"account={n}" for n in r.sample(names, 3)]
        place, id, asked = bounds_bundle(the_case, store(f"random{turn}", fixed), *words)
        assert fields or all(int(a["lower"]) <= int(a["policies"][p]["units"]) <= int(a["upper"]) for a in asked for p in COUNTING), (seed, turn)
        code, said = verify(place, id)
        assert code == 0, (seed, turn, said)
        if not fields:
            within(report(folder / "random.json", folder / f"random{turn}"))
        # the pedigree of what was paid late, and of a payment that is only its own end
        for m in [*r.sample(once[len(once) // 2:], min(4, len(once) // 2)), once[0]]:
            words = [f"policy={r.choice(['fifo', 'lifo'])}"]
            words += [f"origin={r.choice(names)}"] if r.random() < 0.3 else []
            words += [f"from_height={r.randrange(end)}"] if r.random() < 0.3 else []
            place, id, pieces = pedigree_bundle(folder / f"random{turn}", tx(m[1]), m[3], *words)
            code, said = verify(place, id)
            assert code == 0, (seed, turn, m, words, said)
            lines = lines_of(place)
            assert told(lines) == {(p["event"], p["kind"]): int(p["units"]) for p in pieces}, (seed, turn, m, words)
            # one number of it, one unit more
            number = r.choice([n for n, line in enumerate(lines) if line[0] in ("transfer", "seed", "rest", "total")])
            path = {"transfer": ("moved", 0), "seed": ("amount",), "rest": ("held",), "total": ("stolen",)}[lines[number][0]]
            (folder / "other.bundle").write_text(sealed(mutated(lines, number, (1, *path))))
            assert verify(folder / "other.bundle")[0] == 1, (seed, turn, m, words, lines[number])


def digest(place):
    return {p.name: hashlib.sha256(p.read_bytes()).hexdigest() for p in sorted(Path(place).rglob("*")) if p.is_file()}


@tap.test
def a_wrong_case_is_named_by_its_field():
    before = digest(folder / "mix")
    one = THEFT[0]
    for fields, code, what in (
            ({"seeds": None}, 3, "seeds: say what was stolen"), ({"seeds": []}, 3, "seeds"), ({"seeds": {}}, 3, "seeds: a list"),
            ({"spare": 1}, 3, "spare: a case has no such field"), ({"seeds": [{**one, "spare": 1}]}, 3, "seeds[0].spare"),
            ({"seeds": [{**one, "tx": "zz"}]}, 3, "seeds[0].tx"), ({"seeds": [{"tx": one["tx"]}]}, 3, "seeds[0].to"),
            ({"seeds": [{**one, "amount": 5}]}, 3, "seeds[0].amount"), ({"seeds": [{**one, "amount": "-5"}]}, 3, "seeds[0].amount"),
            ({"seeds": [{**one, "amount": "05"}]}, 3, "seeds[0].amount"), ({"seeds": [{**one, "amount": "0"}]}, 3, "seeds[0].amount"),
            ({"seeds": [{**one, "amount": str(1 << 64)}]}, 3, "seeds[0].amount"), ({"seeds": [{**one, "amount": "61"}]}, 1, "seeds[0].amount"),
            ({"seeds": [{"address": "THIEF"}]}, 3, "seeds[0].height"), ({"seeds": [{"address": "THIEF", "height": -1}]}, 3, "seeds[0].height"),
            ({"seeds": [{"address": "THIEF", "height": 9}]}, 3, "seeds[0].height"),
            ({"seeds": [{"address": "THIEF", "height": 2, "amount": "101"}]}, 1, "seeds[0].amount"),
            ({"seeds": [{"address": "NOBODY", "height": 2}]}, 1, "seeds[0]: NOBODY"), ({"seeds": [one, one]}, 3, "seeds[1]"),
            ({"seeds": [{"tx": tx("none"), "to": "THIEF"}]}, 1, "seeds[0]: transaction"),
            ({"sinks": ["NOBODY"]}, 1, "sinks[0]: NOBODY"), ({"sinks": ["BOB", "BOB"]}, 3, "sinks[1]"), ({"sinks": ["THIEF"]}, 3, "is a sink"),
            ({"sinks": ["a b"]}, 3, "sinks[0]"), ({"policies": ["first-come"]}, 3, "policies[0]"), ({"policies": "fifo"}, 3, "policies: a list"),
            ({"floor": {"units": 7}}, 3, "floor.units"), ({"floor": {"per_million": 1000001}}, 3, "floor.per_million"),
            ({"floor": {"part": 1}}, 3, "floor.part"), ({"decimals": 19}, 3, "decimals"), ({"decimals": 1.5}, 3, "decimals"),
            ({"generated": "yes"}, 3, "generated"), ({"asset": "gold"}, 3, "asset"), ({"asset": None}, 3, "asset"), ({"case": ""}, 3, "case"),
            ({"note": "a\u202eb"}, 3, "note"), ({"note": "a" * 501}, 3, "note"), ({"hops_max": 1 << 33}, 3, "hops_max"),
            ({"labels": [{"file": "none.csv"}]}, 1, "none.csv"), ({"labels": [{}]}, 3, "labels[0].file"),
            ({"labels": [{"file": "labels.csv", "sha256": "0" * 64}]}, 1, "labels[0].sha256")):
        said = ask("trace", "report", case("wrong", **{"seeds": THEFT, **fields}), folder / "mix", code=code)
        assert what in said, (fields, said)
    for text, what in (("{", "line 1"), ('{"case":"a",\n"case":"b"}', "line 2"), ("[]", "an object"), ("\xff", "line"), ('{"case":"a","\\u202e":1}', "no such field")):
        (folder / "wrong.json").write_text(text)
        said = ask("trace", "case", "check", folder / "wrong.json", code=3)
        assert "wrong.json" in said and what in said and "\u202e" not in said, said
    good = case("good", seeds=THEFT, labels=[{"file": "wrong.csv"}])
    for text, what in (("", ":"), ("label,address\n", None), ("address\nX\n", "1: label"), ("address,label\nX,\n", "2: label"),
                       ('address,label\nX,"y\n', "2"), ("address,label\nA,b\nX Y,z\n", "3: address"),
                       ("address,label,confidence\nX,y,101\n", "2: confidence")):
        (folder / "wrong.csv").write_text(text)
        if what is None:
            ask("trace", "report", good, folder / "mix")
        else:
            said = ask("trace", "report", good, folder / "mix", code=3)
            assert f"wrong.csv:{what}" in said or "wrong.csv" + what in said, (text, said)
    assert "none" in ask("trace", "report", good, folder / "none", code=1) or True
    assert digest(folder / "mix") == before


@tap.test
def a_case_out_of_words():
    place = folder / "words.json"
    said = json.loads(ask("--json", "trace", "case", "new", place, "name=words", "asset=coin", f"tx={tx('theft')}/THIEF", "at=BOB/1/5",
                          "policy=fifo", "policy=haircut", "sink=EXCHANGE", "labels=labels.csv", "floor_units=2", "decimals=2", "unit=COIN"))
    assert said["case"]["seeds"] == [{"tx": tx("theft"), "to": "THIEF"}, {"address": "BOB", "height": 1, "amount": "5"}]
    canonical = json.dumps(said["case"], sort_keys=True, separators=(",", ":"))
    assert said["id"] == hashlib.sha256(canonical.encode()).hexdigest()
    assert "0.6 COIN at THIEF" in ask("trace", "case", "check", place, folder / "mix")
    ask("trace", "case", "new", place, "name=again", "asset=coin", "at=BOB/1", code=1)  # never over another
    for words in (["name=a"], ["name=a", "asset=coin"], ["name=a", "asset=coin", "at=BOB"], ["name=a", "asset=coin", "at=BOB/x"],
                  ["name=a", "asset=coin", "tx=1/2/3/4"], ["name=a", "asset=coin", "at=BOB/1", "colour=red"], ["x"]):
        done = process.run([program("kuramori"), "trace", "case", "new", folder / "no.json", *words], expect=None)
        assert done.returncode in (2, 3) and done.stderr, words
    assert not (folder / "no.json").exists()
    # the same in another spelling is the same case
    shuffled = dict(reversed(list(json.loads(place.read_text()).items())))
    (folder / "words2.json").write_text(json.dumps(shuffled, indent=7))
    assert json.loads(ask("--json", "trace", "case", "check", folder / "words2.json"))["id"] == said["id"]


@tap.test
def many_seeds_by_words_and_labels_of_a_tagpack():
    moves = [(1, "g", "-", "VICTIM", 1000), *((2, f"t{i}", "VICTIM", "THIEF", 10 + i) for i in range(30)), (3, "s", "THIEF", "EXCHANGE", 500)]
    (folder / "pack.yaml").write_text("title: a pack\ncreator: tests\nlabel: Zaif\nsource: press\nconcepts: [exchange]\n"
                                      "confidence: 50\ntags:\n- address: EXCHANGE\n")
    place = folder / "thirty.json"
    ask("trace", "case", "new", place, "name=thirty", "asset=coin", "labels=pack.yaml", "sink_category=exchange",
        *(f"tx={tx(f't{i}')}/THIEF" for i in range(30)))
    said = report(place, store("thirty", moves))
    conserved(said)
    assert totals(said)["fifo"]["stolen"] == str(30 * 10 + 29 * 15) and said["reached"][0]["label"] == "Zaif", said["totals"]
    assert said["labels"][0]["sha256"] == hashlib.sha256((folder / "pack.yaml").read_bytes()).hexdigest()
    (folder / "pack.yaml").write_text("title: a pack\ntags:\n- address: EXCHANGE\n  label: [\n")
    assert "pack.yaml:" in ask("trace", "report", place, folder / "thirty", code=3)
    (folder / "tab.csv").write_text("address,label\nA,b\nC,tab\there\n")
    assert "tab.csv:3: label" in ask("trace", "report", case("tab", seeds=THEFT, labels=[{"file": "tab.csv"}]), folder / "mix", code=3)


@tap.test
def outpoints_are_followed_to_their_owners():
    """Forty clean and sixty stolen units go into one transaction, in this order; one unit is its fee."""
    def one(height, name, outputs, spends=()):
        said = {"height": height, "time": T0 + height, "txid": tx(name), "outputs": [{"address": a, "amount": v} for a, v in outputs]}
        return json.dumps({**said, "inputs": [{"txid": tx(n), "vout": k} for n, k in spends]} if spends else {**said, "coinbase": True})
    lines = [one(1, "c1", [("VICTIM", 100)]), one(2, "c2", [("THIEF", 40)]), one(3, "c3", [("MINER", 10)]),
             one(3, "theft", [("THIEF", 60), ("VICTIM", 40)], [("c1", 0)]), one(4, "c4", [("MINER", 11)]),
             one(4, "mix", [("EXCHANGE", 70), ("HOME", 29)], [("c2", 0), ("theft", 0)])]
    place = folder / "utxo"
    process.run([program("kuramori"), "trace", "ingest", place, "utxo", "-"], input="\n".join(lines) + "\n")
    the_case = case("utxo", seeds=THEFT, sinks=["EXCHANGE"])
    bundle, id = bundle_of(the_case, place, "utxo")
    assert verify(bundle, id)[0] == 0
    said = report(the_case, place)
    conserved(said)
    held = {a["owner"]: sits(said, a["address"]) for a in said["accounts"] if a["owner"]}
    assert held["EXCHANGE"] == numbers(42, 30, 60, 60, 30), held
    assert held["HOME"]["fifo"] == 29 and held["MINER"]["fifo"] == 1 and within(said) > 5, held
    assert "EXCHANGE (sink" in ask("trace", "report", the_case, place)


HOSTILE = ['Bad"; evil [label="x', "<script>alert(1)</script>", "a&#x202e;b", "\u202egpj.exe", "back\\slash\\N\\", "]]>&amp;", "=1+1"]


@tap.test
def labels_of_strangers_are_harmless():
    rows = io.StringIO()
    writer = csv.writer(rows)
    writer.writerow(["address", "label", "category"])
    for i, label in enumerate(HOSTILE):
        writer.writerow([f"STRANGER{i}", label, "exchange" if i % 2 else "<b>"])
    (folder / "hostile.csv").write_text(rows.getvalue())
    moves = [(1, "g1", "-", "VICTIM", 100), (2, "theft", "VICTIM", "THIEF", 100),
             *((3 + i, f"d{i}", "THIEF", f"STRANGER{i}", 10) for i in range(len(HOSTILE)))]
    the_case, the_store = case("hostile", seeds=THEFT, labels=[{"file": "hostile.csv"}]), store("hostile", moves)
    files = {kind: folder / f"hostile.{kind}" for kind in ("svg", "dot", "graphml", "accounts_csv", "bundle")}
    text = ask("trace", "report", the_case, the_store, *(f"{kind}={path}" for kind, path in files.items()))
    assert "\u202e" not in text
    for kind, path in files.items():
        assert "\u202e" not in path.read_text(), kind
    svg = xml.etree.ElementTree.parse(files["svg"])
    assert {e.tag.split("}")[1] for e in svg.iter()} <= {"svg", "g", "title", "text", "path", "polygon", "polyline", "ellipse"}
    assert all("\u202e" not in "".join(e.itertext()) for e in svg.iter())
    shown = ["".join(e.itertext()) for e in svg.iter() if e.tag.endswith("}text")]
    for what in (HOSTILE[0], HOSTILE[1], "a&#x202e;b", "back\\slash\\N\\", "]]>&amp;"):
        assert what in shown, (what, shown)
    assert any("GENERATED DATA" in line for line in shown)
    graph = xml.etree.ElementTree.parse(files["graphml"])
    values = {e.text for e in graph.iter() if e.tag.endswith("}data")}
    assert HOSTILE[1] in values and "a&#x202e;b" in values
    process.run(["dot", "-Tcanon", files["dot"]])
    cells = [row[2] for row in csv.reader(io.StringIO(files["accounts_csv"].read_text()))]
    assert "'=1+1" in cells and not any(cell.startswith(("=", "+", "@")) for cell in cells)
    assert verify(files["bundle"])[0] == 0


@tap.test
def a_picture_folds_what_is_small():
    moves = [(1, "g1", "-", "VICTIM", 1_000_000), (2, "theft", "VICTIM", "THIEF", 1_000_000)]
    moves += [(3 + i // 20, f"p{i}", "THIEF", f"SMALL{i}", 100 + i) for i in range(300)]
    moves += [(30 + i // 20, f"q{i}", f"SMALL{i}", "EXCHANGE", 50) for i in range(300)]
    the_case = case("many", seeds=THEFT, labels=[{"file": "labels.csv"}], sink_categories=["exchange"])
    dot = ask("trace", "report", the_case, store("many", moves), "dot=-", "accounts=5")
    boxes = [line for line in dot.splitlines() if line.startswith("  b") and "->" not in line]
    assert len(boxes) == 6 and sum("297 small accounts" in line for line in boxes) == 1, boxes
    assert any("Zaif" in line for line in boxes) and "300 transfers" not in dot and "297 transfers" in dot
    graphml = ask("trace", "report", the_case, folder / "many", "graphml=-")
    assert graphml.count("<node ") == 302 and graphml.count("<edge ") == 600
    rows = list(csv.DictReader(io.StringIO(ask("trace", "report", the_case, folder / "many", "transfers_csv=-"))))
    assert len(rows) == 601 and sum(int(row["fifo"]) for row in rows if row["to"] == "EXCHANGE") == 300 * 50
    rows = list(csv.DictReader(io.StringIO(ask("trace", "report", the_case, folder / "many", "reached_csv=-"))))
    assert sum(int(row["units"]) for row in rows if row["policy"] == "haircut") == 300 * 50
    done = process.run([program("kuramori"), "trace", "report", the_case, folder / "many", "svg=-"], expect=4, env={"PATH": "/nowhere"})
    assert "graphviz" in done.stderr and done.stdout == ""


def drawn(svg):
    """Texts of a picture as (text, left, top, right, bottom), and the colours of its grounds."""
    texts, grounds = [], set()
    for e in xml.etree.ElementTree.fromstring(svg).iter():
        if e.tag.endswith("}text"):
            text, x, y, size = "".join(e.itertext()), float(e.get("x")), float(e.get("y")), float(e.get("font-size"))
            width = 0.6 * size * len(text)
            left = x - width / 2 if e.get("text-anchor") == "middle" else x
            texts.append((text, left, y - 0.7 * size, left + width, y))
        else:
            grounds.add(e.get("fill"))
    return texts, grounds


def overlaps(texts):
    return [(a[0], b[0]) for i, a in enumerate(texts) for b in texts[:i]
            if a[1] < b[3] and b[1] < a[3] and a[2] < b[4] and b[2] < a[4]]


@tap.test
def a_picture_is_read_at_a_glance():
    fan = [(1, "g1", "-", "VICTIM", 1_000_000), (2, "theft", "VICTIM", "THIEF", 1_000_000)]
    fan += [(3, f"p{i}", "THIEF", f"SMALL{i}", 9000 + i) for i in range(100)]
    fan += [(4, f"q{i}", f"SMALL{i}", "COLLECTOR", 8900) for i in range(100)]
    fan += [(5 + i, f"r{i}", "COLLECTOR", f"TALL{i}", 40_000) for i in range(20)]
    fan += [(30, f"s{i}", f"TALL{i}", "EXCHANGE", 39_000) for i in range(20)]
    fan += [(31, f"t{i}", f"TALL{i}", "SMALL1", 500) for i in range(20)]
    around = [(1, "g1", "-", "VICTIM", 1_000_000), (2, "theft", "VICTIM", "THIEF", 900_000), (3, "a", "THIEF", "A", 500_000),
              (3, "b", "THIEF", "B", 400_000), (4, "c", "A", "COLLECTOR", 450_000), (5, "d", "B", "COLLECTOR", 400_000),
              (6, "e", "COLLECTOR", "EXCHANGE", 600_000), (7, "f", "COLLECTOR", "A", 100_000), (8, "h", "A", "OTHER", 50_000),
              (9, "i", "EXCHANGE", "OTHER", 7000), (10, "j", "OTHER", "B", 5000), (11, "k", "OTHER", "EXCHANGE", 6000)]
    (folder / "glance.csv").write_text("address,label,category\nEXCHANGE,Big,exchange\nOTHER,Other,exchange\nB,a mixer,mixer\n")
    for name, moves in (("fan", fan), ("around", around)):
        the_case = case(name, seeds=THEFT, labels=[{"file": "glance.csv"}], policies=["fifo"])
        texts, grounds = drawn(ask("trace", "report", the_case, store(name, moves), "svg=-", "accounts=6"))
        assert not overlaps(texts), (name, overlaps(texts))
        words = [t[0] for t in texts]
        assert any("GENERATED" in w for w in words) and any("left to right" in w for w in words), words
        # each colour of a box is explained on that colour, as the box has it
        assert {"#f6b7ae", "#b5d3f3"} <= grounds and {"exchange", "where the stolen coins were first"} <= set(words), grounds
        assert ("small flows, folded and counted" in words) == ("#f3f1e7" in grounds) == (name == "fan"), (name, words)
        # time runs to the right, and no line of columns stands twice
        at = {t[0]: t[1] for t in texts}
        assert at["THIEF"] < at["COLLECTOR"] < at["EXCHANGE"], at
        assert "broken line" in " ".join(words)
    assert any(w.startswith("600,000 ") for w in words) and not any(" k " in w or " M " in w for w in words), words


@tap.test
def at_night_the_words_are_enough():
    """Somebody has --help and the errors alone: each says what to type instead."""
    text = ask("trace", "--help")
    # nothing but trace, each command of it, the rules, the first steps, the exit codes
    assert text.startswith("usage: kuramori [options] trace") and len(text.splitlines()) < 90 and "freeze" not in text, text
    for word in ("demo", "ingest", "case new", "case check", "report", "path", "pedigree", "follow", "verify", "compact", "svg=",
                 "unit=XEM decimals=6", "Exit codes: 0 done", *ALL):
        assert word in text, word
    assert all(entry in ask("--help") for entry in text.split("First steps")[0].splitlines()[2:])
    moves = [(1, "g1", "-", "VICTIM", 100), (2, "theft", "VICTIM", "THIEF", 100), (3, "pay", "THIEF", "SHOP", 40)]
    place, new = store("night", moves), folder / "night.json"
    said = process.run([program("kuramori"), "trace", "ingest", place, "csv", "-"],
                       input=f"height,time,txid,from,to,amount\n9,{T0 + 432000},,SHOP,X,1\n").stdout
    assert "assets      coin" in said, said
    seed = f"tx={tx('theft')}/THIEF"
    begin = ("trace", "case", "new", new)
    for words, wanted, code in (
            ((*begin,), "say name=NAME", 2), ((*begin, "name=my theft"), "without blanks", 2),
            ((*begin, "name=n"), "say asset=NAME: trace ingest prints", 2), ((*begin, "name=n", "asset=coin"), "tx=HASH/ADDRESS", 2),
            ((*begin, "name=n", "asset=coin", f"tx={tx('theft')}"), "whom did it pay", 2),
            ((*begin, "name=n", "asset=coin", seed, "labels=no.csv"), "seen from the folder of the case", 1),
            ((*begin, "name=n", "asset=coin", seed, "rule=fifo"), "it takes name= note= asset=", 2),
            (("trace", "report", place, place), "the case is a file of JSON", 3),
            (("trace", "verify", place / "lock", place), "trace verify BUNDLE STORE", 3),
            (("trace", "nonsense"), "kuramori trace --help", 2)):
        assert wanted in ask(*words, code=code), (words, wanted)
        assert not new.exists(), words
    assert f"Next: kuramori trace report {new} STORE" in ask(*begin, "name=n", "asset=coin", seed, "policy=fifo")
    assert "name a file that is not" in ask(*begin, "name=n", "asset=coin", seed, code=1)
    for words, wanted, code in (
            (("report", "interval=maybe"), "yes or no", 2), (("report", "svg="), "name a file, or -", 2),
            (("report", "picture=x.svg"), "svg= dot=", 2), (("report", "policy=lifo"), "but fifo", 1),
            (("path", "Zaif"), "not its label, and without hyphens", 1), (("path", "VICTIM"), "no stolen coin came there", 1)):
        rest = words[1:] if words[0] == "report" else ()
        middle = words[1:] if words[0] == "path" else ()
        assert wanted in ask("trace", words[0], new, place, *middle, *rest, code=code), words
    labels = folder / "gone.csv"
    labels.write_text("address,label\nSHOP,a shop\n")
    other = folder / "gone.json"
    ask("trace", "case", "new", other, "name=n", "asset=coin", seed, "labels=gone.csv")
    labels.unlink()
    assert "labels[0].file" in ask("trace", "report", other, place, code=1)


if __name__ == "__main__":
    tap.run()
