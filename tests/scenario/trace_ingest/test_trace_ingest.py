#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Goal: `kuramori trace ingest` takes every leg of a NEM chain and of files, so that every balance in
the store is what the node says; again, after a rollback, after kill -9 at any moment, and against a
node that lies, the store is whole and holds one state of the chain.

Method: the real program against real kuramori-nodes. Balances come out of the store by the script that
stands in docs/trace-store.md, which shares nothing with the program.
"""

import http.server
import json
import random
import re
import subprocess
import sys
import threading
import time
import urllib.request
from pathlib import Path

ROOT = Path(__file__).resolve().parents[3]
sys.path.insert(0, str(ROOT / "tests/kit"))

import nem  # noqa: E402
import nem_types  # noqa: E402
import process  # noqa: E402
import tap  # noqa: E402
from devnode import DevNode, program  # noqa: E402

XEM = 1_000_000
folder = process.temp_dir("kt-")
names = ("alice", "bob", "carol", "shop", "remote")
keys = {name: nem.KeyPair.named(name) for name in names}
NAMESPACE_SINK = "TAMESPACEWH4MKFMBCVFERDPOOP4FK7MTDJEYP35"
MOSAIC_SINK = "TBMOSAICOD4F54EE5CDMR23CCBGOAM2XSJBR5OLC"
script = folder / "read.py"
script.write_text(re.sub("(?m)^    ", "", (ROOT / "docs/trace-store.md").read_text()
                         .split("## Read it with a script\n\n")[1]))


def address(name):
    return keys[name].address()


def trace(*words, code=0, stdin=None):
    done = process.run([program("kuramori"), "--json", "trace", *map(str, words)], expect=None, input=stdin)
    assert done.returncode == code, (words, done.returncode, done.stdout, done.stderr)
    return json.loads(done.stdout) if code == 0 else done.stderr


def balances(store, asset=0):
    done = process.run([sys.executable, str(script), str(store), str(asset)], input=None)
    rows = dict(line.split() for line in done.stdout.splitlines())
    return {name: int(units) for name, units in rows.items() if len(name) == 40}


def assets(store):
    raw = (Path(store) / "assets").read_bytes()
    return [raw[i:i + 239].rstrip(b"\0").decode() for i in range(0, len(raw), 256)]


class Chain:
    def __init__(self, name):
        self.node = DevNode(folder / name, {address(n): 2_000_000 * XEM for n in names[:-1]}).start()
        self.place = f"127.0.0.1:{self.node.public.port}"

    def block(self, *transactions, harvester=None):
        signed = [one if isinstance(one, nem.Multisig) else one.sign(self.key_of(one)) for one in transactions]
        answer = self.node.given(signed, harvester=harvester)
        assert answer["code"] == 1, answer

    @staticmethod
    def key_of(transaction):
        return next(key for key in keys.values() if key.public == transaction.signer)

    def now(self):
        return self.node.now()

    def pay(self, sender, recipient, amount, **more):
        return nem.Transfer(keys[sender].public, address(recipient), amount, timestamp=self.now(), **more)


def agrees(chain, store):
    """Every balance of every account and asset, as the node says it."""
    current = {}
    for number, name in enumerate(assets(store)):
        held = balances(store, number)
        for account, units in held.items():
            if number == 0:
                assert units == chain.node.public.balance(account), (account, units)
            current.setdefault(account, {})[name] = units
    for account, held in current.items():
        owned = chain.node.public.get("/account/mosaic/owned", address=account)["data"]
        said = {f"{one['mosaicId']['namespaceId']}:{one['mosaicId']['name']}": one["quantity"] for one in owned}
        for name, units in said.items():
            mine = [n for n in assets(store) if n == name or n.startswith(name + "@")]
            assert held.get(mine[-1], 0) == units, (account, name, held, said)
        for name, units in held.items():
            base = name.split("@")[0]
            newest = [n for n in assets(store) if n == base or n.startswith(base + "@")][-1]
            assert name != newest or units == said.get(base, 0), (account, name, held, said)


def everything(chain):
    """Rental, definition with a levy, mosaics with XEM among them, supply both ways, a wrapper, a remote."""
    t = chain.now
    alice, bob, shop = keys["alice"].public, keys["bob"].public, keys["shop"].public
    points = ("shop", "points")
    chain.block(nem_types.Namespace(alice, NAMESPACE_SINK, 100 * XEM, "shop", timestamp=t()))
    chain.block(nem_types.Definition(alice, points, "points", MOSAIC_SINK, 10 * XEM, divisibility=2,
                                     initial_supply=1000, supply_mutable=True, timestamp=t(),
                                     levy=(1, address("carol"), ("nem", "xem"), 7 * XEM)))
    chain.block(chain.pay("alice", "bob", 2 * XEM, fee=5 * XEM,
                          mosaics=[("shop", "points", 1000), ("nem", "xem", 3 * XEM)]),
                chain.pay("bob", "carol", 0, message=b"nothing"))
    chain.block(chain.pay("bob", "carol", XEM, fee=5 * XEM, mosaics=[("shop", "points", 70)]),
                chain.pay("bob", "bob", 5 * XEM))
    chain.block(nem_types.Supply(alice, points, 1, 500, timestamp=t()))
    chain.block(nem_types.Supply(alice, points, 2, 200, timestamp=t()))
    # the same name with other terms: what was held of the old one is gone
    for supply in (10, 20):
        chain.block(nem_types.Definition(alice, ("shop", "again"), "again", MOSAIC_SINK, 10 * XEM,
                                         initial_supply=supply, timestamp=t()))
    chain.block(nem.Modification(shop, [(nem.ADD, keys["alice"]), (nem.ADD, keys["bob"])], 2, timestamp=t()))
    inner = nem.Transfer(shop, address("carol"), 777 * XEM, timestamp=t())
    chain.block(nem.Multisig(alice, inner, [nem.Cosignature.of(keys["bob"], inner)]).sign(keys["alice"]))
    chain.block(nem_types.Importance(alice, 1, keys["remote"].public, timestamp=t()))


chain = Chain("first")
store = folder / "store"


@tap.test
def every_leg_of_a_chain():
    everything(chain)
    done = trace("ingest", store, "nem", chain.place, "check=all")
    assert done["checked"] >= 7 and done["height"] == chain.node.public.height(), done
    assert assets(store) == ["nem:xem", "shop:points", "shop:again", "shop:again@9"], assets(store)
    agrees(chain, store)
    trace("verify", store)


@tap.test
def who_lent_his_importance_gets_the_fees():
    chain.node.blocks(count=361)
    chain.block(chain.pay("bob", "carol", XEM), harvester=keys["remote"])
    done = trace("ingest", store, "nem", chain.place, "check=all")
    assert done["height"] == chain.node.public.height() and done["rows"] > 0
    agrees(chain, store)
    assert trace("ingest", store, "nem", chain.place)["events"] == 0


@tap.test
def follows_a_rollback_and_definitions_with_it():
    chain.block(nem_types.Definition(keys["alice"].public, ("shop", "lost"), "lost", MOSAIC_SINK, 10 * XEM,
                                     initial_supply=5, timestamp=chain.now()))
    chain.block(chain.pay("carol", "bob", 9 * XEM))
    trace("ingest", store, "nem", chain.place)
    assert assets(store)[-1] == "shop:lost"
    chain.node.dev("rollback", blocks=2)
    for pool in ("public", "clean"):
        chain.node.dev("drop-pool", pool=pool)
    chain.block(chain.pay("bob", "carol", 4 * XEM))
    chain.block(chain.pay("bob", "alice", 4 * XEM))
    chain.block(nem_types.Definition(keys["alice"].public, ("shop", "found"), "found", MOSAIC_SINK, 10 * XEM,
                                     initial_supply=6, timestamp=chain.now()))
    chain.block(chain.pay("alice", "bob", XEM, fee=5 * XEM, mosaics=[("shop", "found", 2)]))
    done = trace("ingest", store, "nem", chain.place, "check=all")
    assert done["undone"] == 2, done
    agrees(chain, store)
    trace("verify", store)


@tap.test
def a_node_that_is_behind_takes_nothing_back():
    chain.node.dev("rollback", blocks=1)
    for pool in ("public", "clean"):
        chain.node.dev("drop-pool", pool=pool)
    said = trace("ingest", store, "nem", chain.place, code=1)
    assert "nothing is taken back before it has another block" in said, said
    chain.block(chain.pay("carol", "bob", 2 * XEM))
    done = trace("ingest", store, "nem", chain.place, "check=all")
    assert done["height"] == chain.node.public.height() and done["undone"] == 1, done
    agrees(chain, store)


@tap.test
def killed_at_any_moment_it_goes_on():
    kills, fresh = 0, 0
    for i in range(30):
        other = folder / f"killed{fresh}"
        run = subprocess.Popen([program("kuramori"), "trace", "ingest", str(other), "nem", chain.place],
                               stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
        time.sleep(0.005 * i)
        ended = run.poll() is not None
        run.kill()
        run.wait()
        kills += not ended
        fresh += ended
        if (other / "head").exists() and any((other / "head").read_bytes()):
            trace("verify", other)
    other = folder / f"killed{fresh}"
    assert kills > 3, kills
    trace("ingest", other, "nem", chain.place, "check=all")
    agrees(chain, other)
    for name in ("from", "to", "amount", "balance", "out", "in", "name"):
        assert balances(other) == balances(store), name


class Liar:
    """Answers as the node does, but for what `lie` makes of a path and its answer."""

    def __init__(self, port, lie):
        class Handler(http.server.BaseHTTPRequestHandler):
            def answer(self):
                body = self.rfile.read(int(self.headers.get("Content-Length", 0)))
                asked = urllib.request.Request(f"http://127.0.0.1:{port}{self.path}", data=body or None,
                                               headers={"Content-Type": "application/json"})
                with urllib.request.urlopen(asked, timeout=20) as got:
                    data = json.dumps(lie(self.path, json.load(got))).encode()
                self.send_response(200)
                self.send_header("Content-Length", str(len(data)))
                self.end_headers()
                self.wfile.write(data)
            do_GET = do_POST = answer

            def log_message(self, *_):
                pass
        self.server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.place = f"127.0.0.1:{self.server.server_address[1]}"
        threading.Thread(target=self.server.serve_forever, daemon=True).start()

    def close(self):
        self.server.shutdown()
        self.server.server_close()


@tap.test
def a_node_that_lies_about_balances_is_named():
    def lie(path, answer):
        if path.startswith("/account/get"):
            answer["account"]["balance"] += 1
        return answer
    liar = Liar(chain.node.public.port, lie)
    said = trace("ingest", store, "nem", liar.place, code=1)
    liar.close()
    assert "it lies, or is broken" in said and liar.place in said, said
    trace("verify", store)
    agrees(chain, store)


@tap.test
def a_block_that_was_changed_is_refused():
    def lie(path, answer):
        for one in answer.get("data", []) if path.endswith("blocks-after") else []:
            for tx in one["block"]["transactions"]:
                if tx["type"] == 257 and tx["amount"] == 2 * XEM:
                    tx["amount"] += 1
        return answer
    liar = Liar(chain.node.public.port, lie)
    other = folder / "changed"
    said = trace("ingest", other, "nem", liar.place, code=1)
    liar.close()
    assert "is not good" in said, said
    # what came before it was good, and the honest node goes on from there
    trace("ingest", other, "nem", chain.place, "check=all")
    agrees(chain, other)


@tap.test
def a_chain_that_parts_deeper_than_an_undo_is_refused():
    apart = Chain("apart")
    apart.block(apart.pay("carol", "bob", XEM))
    apart.node.blocks(count=chain.node.public.height() + 5)
    said = trace("ingest", store, "nem", apart.place, code=1)
    apart.node.stop()
    assert "more than 360 blocks back" in said, said
    trace("verify", store)
    agrees(chain, store)


@tap.test
def another_network_or_source_is_refused():
    done = process.run([program("kuramori"), "--network", "mainnet", "trace", "ingest", str(store), "nem",
                        chain.place], expect=None, input=None)
    assert done.returncode == 1 and "another source or network" in done.stderr, done.stderr
    trace("ingest", store, "csv", "-", stdin="height,from,to,amount\n1,,a,1\n", code=1)


# ---- files

HEAD = "height,time,txid,index,from,to,amount,asset\n"
ID = ["%064x" % i for i in range(1, 9)]
GOOD = (f"1,100,{ID[0]},0,,alice,1000,coin\n1,100,{ID[0]},1,,bob,18446744073709550615,coin\n"
        f"2,200,{ID[1]},0,alice,bob,1000,coin\n")


def csv(name, text, *more, code=0):
    path = folder / f"{name}.csv"
    path.write_text(text)
    return trace("ingest", folder / name, "csv", path, *more, code=code)


@tap.test
def files_again_add_nothing_and_go_on():
    assert csv("plain", HEAD + GOOD)["events"] == 3
    assert csv("plain", HEAD + GOOD) == {**csv("plain", HEAD + GOOD), "events": 0}
    done = csv("plain", HEAD + GOOD + f"3,300,{ID[2]},0,bob,carol,7,coin\n3,300,,,bob,bob,0,coin\n")
    assert (done["events"], done["known"], done["zeros"]) == (1, 3, 1), done
    rows = [dict(zip(("height", "time", "txid", "index", "from", "to", "amount", "asset"), line.split(",")))
            for line in (GOOD + f"3,300,{ID[2]},0,bob,carol,7,coin\n3,300,,,bob,bob,0,coin\n").splitlines()]
    lines = folder / "plain.jsonl"
    lines.write_text("".join(json.dumps(row) + "\n" for row in rows))
    done = trace("ingest", folder / "plain", "jsonl", lines)
    assert done["events"] == 0 and done["known"] == 4, done


@tap.test
def rows_that_are_there_are_whole_or_it_is_said():
    """A flipped bit under rows that the store says it has, or on which new ones would rest."""
    csv("flipped", HEAD + GOOD)
    store, new = folder / "flipped", f"3,300,{ID[2]},0,bob,carol,7,coin\n"
    columns = "from to amount balance out in tx block txid name name_end kind owner".split()
    # new rows rest on balances that follow from the others; what the sums before an event are is no matter of theirs
    beside = ("asset-0/balance", "asset-0/out", "asset-0/in", "asset-0/tx")
    for name in ("blocks", "assets", *(f"asset-0/{column}" for column in columns)):
        path = store / name
        whole = path.read_bytes()
        for at in (0, len(whole) // 2, len(whole) - 1):
            bad = bytearray(whole)
            bad[at] ^= 1 << at % 8
            path.write_bytes(bad)
            for text in (GOOD, new) if name not in beside else (GOOD, GOOD + new):
                said = csv("flipped", HEAD + text, code=70)
                assert f"{store}: {name}: page 0" in said and "take the store from a copy" in said, (name, at, text, said)
            assert f"{name}: page 0" in trace("verify", store, code=70)
            assert path.read_bytes() == bad
            path.write_bytes(whole)
        assert csv("flipped", HEAD + GOOD)["known"] == 3, name
    trace("verify", store)
    # a file that says something else is another matter
    assert "are not those that the store has" in csv("flipped", HEAD + GOOD.replace(",1000,", ",999,"), code=1)


@tap.test
def what_is_wrong_in_a_file_is_named_with_its_line_and_field():
    cases = {
        "unsorted": (HEAD + GOOD + f"1,300,{ID[2]},0,bob,c,7,coin\n", "line 5", "height: goes back from 2 to 1"),
        "time": (HEAD + GOOD + f"3,199,{ID[2]},0,bob,c,7,coin\n", "line 5", "time: goes back"),
        "twice": (HEAD + GOOD + f"3,300,{ID[0]},0,bob,c,7,coin\n", "line 5", "id stands in the store already"),
        "index": (HEAD + GOOD + f"2,200,{ID[1]},0,bob,c,7,coin\n", "line 5", "index: 0 does not stand behind 0"),
        "overdraft": (HEAD + GOOD + f"3,300,{ID[2]},0,alice,c,1,coin\n", "line 5", "holds 0 and sends 1"),
        "huge": (HEAD + f"1,1,{ID[0]},0,,a,18446744073709551616,coin\n", "line 2", "amount is more than 64 bits"),
        "sum": (HEAD + GOOD + f"3,300,{ID[2]},0,,c,1000,coin\n", "line 5", "more than 64 bits"),
        "text": (HEAD + "1,1,,,,a,1.5,coin\n", "line 2", "amount is a whole number"),
        "txid": (HEAD + "1,1,12,,,a,1,coin\n", "line 2", "txid is not 64"),
        "short": (HEAD + "1,1,,a,1\n", "line 2", "has 5 fields, the header 8"),
        "quote": (HEAD + '1,1,,,,"a,1,coin\n', "line 2", "a quote is not closed"),
        "header": ("height,from,to\n", "line 1", "amount is not in the header"),
        "blank": (HEAD + "1,1,,,,a b,1,coin\n", "line 2", "to has a blank"),
        "day": ("time,from,to,amount\n2018-02-30T00:00:00Z,,a,1\n", "line 2", "time is neither"),
    }
    for name, (text, line, words) in cases.items():
        path = folder / f"{name}.csv"
        path.write_text(text)
        done = process.run([program("kuramori"), "trace", "ingest", str(folder / name), "csv", str(path)],
                           expect=None, input=None)
        assert done.returncode in (1, 3), (name, done.returncode, done.stderr)
        assert str(path) in done.stderr and line in done.stderr and words in done.stderr, (name, done.stderr)
        if GOOD in text:
            trace("verify", folder / name)
            # the block before stands, that of the fault does not
            assert balances_all(folder / name)["bob"] >= 18446744073709550615


def balances_all(store):
    done = process.run([sys.executable, str(script), str(store), "0"], input=None)
    return {name: int(units) for name, units in (line.split() for line in done.stdout.splitlines())}


@tap.test
def a_supply_is_a_limit_and_openings_are_counted():
    said = csv("supply", HEAD + GOOD, "supply=2000", code=1)
    assert "line 3" in said and "more than the supply of 2000" in said, said
    done = csv("middle", f"height,from,to,amount\n5,a,b,10\n6,b,c,25\n", "opening=yes")
    assert done["openings"] == 2, done
    assert balances_all(folder / "middle") == {"issuance": -25, "destroyed": 0, "a": 0, "b": 0, "c": 25}


@tap.test
def a_small_store_has_nothing_to_make_cold():
    csv("small", HEAD + GOOD)
    before = balances_all(folder / "small")
    assert trace("compact", folder / "small") == {"events": 0, "cold": 0, "bytes": 0}
    assert balances_all(folder / "small") == before and trace("verify", folder / "small")["cold"] == 0
    assert "trace compact STORE" in trace("compact", code=2)
    for bad, words in (("segment=1000", "multiple of 262144"), ("segment=0", "multiple of"), ("what=1", "what")):
        assert words in trace("compact", folder / "small", bad, code=2), bad
    assert "there is no store here" in trace("compact", folder / "nowhere", code=1)


@tap.test
def the_script_reads_what_is_cold():
    """From the bytes that docs/trace-store.md describes: what the program made cold says what was there before."""
    draw = random.Random(7)
    people = [f"P{i}" for i in range(70000)]
    few, holds, rows = people[:50], {"P0": 0}, ["1,100,,P0,9223372036854788153"]
    for i in range(262144 + 900):
        a, b = draw.choice(few if i % 2 else people), draw.choice(people)
        amount = draw.choice((draw.randint(1, holds.get(a) or 5), 10 ** draw.randint(0, 11), 7))
        a = a if holds.get(a, 0) >= amount else ""
        holds[a] = holds.get(a, 0) - amount
        holds[b] = holds.get(b, 0) + amount
        rows.append(f"{1 + i // 700},100,{a},{b},{amount}")
    rows += [f"{1000 + i},{1000 + i},,P1,1" for i in range(360)]
    csv("cold", "height,time,from,to,amount\n" + "\n".join(rows) + "\n")
    before = balances_all(folder / "cold")
    assert before["P0"] == holds["P0"] + 9223372036854788153 and before["P1"] == holds["P1"] + 360
    assert trace("compact", folder / "cold", "segment=262144")["cold"] == 262144
    cold = folder / "cold/asset-0/cold-0"
    assert balances_all(folder / "cold") == before and cold.exists()
    whole = cold.read_bytes()
    for at in (20, len(whole) // 3, len(whole) - 9):
        cold.write_bytes(whole[:at] + bytes([whole[at] ^ 8]) + whole[at + 1:])
        done = process.run([sys.executable, str(script), str(folder / "cold"), "0"], expect=None, input=None)
        assert done.returncode != 0 and done.stdout == "", at
        # an ingest that relies on them says it, too
        assert "asset-0/cold-0" in csv("cold", "height,time,from,to,amount\n" + "\n".join(rows) + "\n", code=70), at
    cold.write_bytes(whole)


@tap.test
def utxo_transactions_fill_and_empty():
    lines = [{"height": 1, "time": 1, "txid": ID[0], "coinbase": True, "outputs": [{"address": "miner", "amount": 50}]},
             {"height": 2, "time": 2, "txid": ID[1], "coinbase": True, "outputs": [{"address": "miner", "amount": 55}]},
             {"height": 2, "time": 2, "txid": ID[2], "inputs": [{"txid": ID[0], "vout": 0}],
              "outputs": [{"address": "x", "amount": 20}, {"address": "y", "amount": 27}]},
             {"height": 2, "time": 2, "txid": ID[3], "inputs": [{"txid": ID[2], "vout": 1}, {"txid": ID[2], "vout": 0}],
              "outputs": [{"address": "z", "amount": 45}]}]
    path = folder / "utxo.jsonl"
    path.write_text("".join(json.dumps(line) + "\n" for line in lines))
    assert trace("ingest", folder / "utxo", "utxo", path)["known"] == 0
    trace("verify", folder / "utxo")
    held = balances_all(folder / "utxo")
    assert held[ID[3] + "00000000"] == 45 and held[ID[1] + "00000000"] == 55 and held["issuance"] == -100, held
    bad = [({"height": 3, "time": 3, "txid": ID[4], "inputs": [{"txid": ID[2], "vout": 0}],
             "outputs": [{"address": "q", "amount": 1}]}, "spent already"),
           ({"height": 3, "time": 3, "txid": ID[4], "inputs": [{"txid": ID[7], "vout": 0}],
             "outputs": [{"address": "q", "amount": 1}]}, "no earlier transaction made"),
           ({"height": 3, "time": 3, "txid": ID[4], "inputs": [{"txid": ID[3], "vout": 0}],
             "outputs": [{"address": "q", "amount": 46}]}, "the inputs hold 45"),
           ({"height": 3, "time": 3, "txid": ID[4], "inputs": [{"txid": ID[3], "vout": 0}],
             "outputs": [{"address": "q", "amount": 44}]}, "no coinbase"),
           ({"height": 3, "time": 3, "txid": ID[4], "inputs": [], "outputs": [{"amount": "x"}]}, "inputs"),
           ({"height": 3, "time": 3, "txid": "zz", "outputs": []}, "txid")]
    for line, words in bad:
        path.write_text("".join(json.dumps(one) + "\n" for one in [*lines, line]))
        done = process.run([program("kuramori"), "trace", "ingest", str(folder / "utxo"), "utxo", str(path)],
                           expect=None, input=None)
        assert done.returncode in (1, 3) and "line 5" in done.stderr and words in done.stderr, (words, done.stderr)
    assert balances_all(folder / "utxo") == held


tap.run(end=chain.node.stop)
