# SPDX-License-Identifier: Apache-2.0
"""An exchange on one machine: keys, accounts, genesis, chain, and the real programs.

Everything here is for development (network 0x98) with throw-away keys made from a seed, so that a
run can be repeated. The layout is that of design.md 2 and 7: boxes and spare boxes are 3-of-5 of
the cold holders; till, purses and deposit account are 2-of-3 {A, B, recovery}.
"""

import hashlib
import hmac
import json
import os
import shutil
import tempfile
import time
from pathlib import Path

import canon
import claims
import frames
import nem
import passkey
import process
from node import Node

XEM = nem.MICRO
ROOT = Path(__file__).resolve().parent.parent.parent
BOX_XEM = 5_000_000
OUTSIDE_XEM = 50_000                # of each outside account, to pay in with
CONVERSION_FEE = 500_000          # micro-XEM, nem.md 3.2
WATCHERS_USER = 64_100             # of all watchers, when started as root: they visit each other
PASSPHRASE = "development only"    # seals throw-away keys
PARTY, ORIGIN = "approve.example", "https://approve.example"   # for whom people's passkeys sign


def now_ms():
    return int(time.time() * 1000)


def status_of(link):
    """The details of a program's STATUS as a dict of strings."""
    document = canon.open_document(link.call(frames.STATUS)[0], None, "status")
    return {line["name"]: line["value"] for line in document.body["detail"]}


class Sealed:
    """A person whose key only a sealed file of the `kuramori` tool holds."""

    def __init__(self, public_hex):
        self.public_hex = public_hex


class Settings:
    """What a world is made of. The defaults are the night's; tests make smaller ones."""

    def __init__(self, seed=1, boxes=102, purses=3, purse_xem=5_000_000, till_xem=1_300_010,
                 fees_xem=2_000, watchers=3, watchers_needed=2, spare_extra=3, quiet_blocks=360,
                 poll_ms=10, settle_depth=3, deposit_depth=3,
                 block_ms=1000, journal_bytes=16 * 1024 * 1024, more_tills=0, identities=False,
                 passkeys=False, software_approvals=True, price_sources=0, policy=None):
        self.seed = seed
        self.boxes = boxes
        self.purses = purses
        self.purse_xem = purse_xem
        self.till_xem = till_xem
        self.fees_xem = fees_xem
        self.watchers = watchers
        self.watchers_needed = watchers_needed
        self.spare_extra = spare_extra
        self.quiet_blocks = quiet_blocks
        self.poll_ms = poll_ms
        self.settle_depth = settle_depth
        self.deposit_depth = deposit_depth
        self.block_ms = block_ms
        self.journal_bytes = journal_bytes
        self.more_tills = more_tills
        self.passkeys = passkeys        # each person has a security key beside the software key
        self.software_approvals = software_approvals
        self.price_sources = price_sources   # price-1 ...; two must agree
        self.policy = policy or {}      # fields that differ from POLICY
        self.identities = identities    # the clean node takes units of our server and watchers only

    @property
    def claims_xem(self):
        return self.boxes * BOX_XEM + self.purses * self.purse_xem + (1 + self.more_tills) * self.till_xem


POLICY = {
    "approval_tiers": [{"approvals": 0, "delay_ms": 0, "up_to": str(10_000 * XEM)},
                       {"approvals": 1, "delay_ms": 0, "up_to": str(100_000 * XEM)},
                       {"approvals": 2, "delay_ms": 0, "up_to": str(250_000 * XEM)}],
    "asset": "nem:xem",
    "attempt_life_s": 3600,
    "clock_skew_ms": 600_000,
    "day_max": str(1_000_000 * XEM),
    "destination_cooling_ms": 0,
    "destination_kinds": ["customer"],
    "destinations": [],
    "fee_bp_max": 1_000_000,
    "fee_max": str(5 * XEM),
    "grant_life_max_ms": 0,
    "heartbeat_age_ms": 5_000,
    "hot_ceiling_bp": 500,
    "hour_max": str(400_000 * XEM),
    "hours": [],
    "loosening_ms": 3_600_000,
    "number": 1,
    "order_life_ms": 3_600_000,
    "payment_max": str(250_000 * XEM),
    "previous": canon.ZERO_ID,
    "till_max": str(2_000_000 * XEM),
    "unapproved_day_max": str(50_000 * XEM),
    "unlisted_max": str(250_000 * XEM),
    "yen": [],
}


class Keys:
    """Every key of the world, from its seed."""

    def __init__(self, settings):
        tag = f"world {settings.seed} "
        chain = lambda name: nem.KeyPair.named(tag + name)
        paper = lambda name: canon.SigningKey.named(tag + name)
        self.a, self.b, self.recovery = chain("hot a"), chain("hot b"), chain("recovery")
        self.holders = [chain(f"holder {i}") for i in range(1, 6)]
        self.till = chain("till 1")
        self.deposit = chain("deposit 1")
        self.purses = [chain(f"purse {i}") for i in range(1, settings.purses + 1)]
        self.boxes = [chain(f"box {i}") for i in range(1, settings.boxes + 1)]
        self.more_tills = [chain(f"till {i}") for i in range(2, settings.more_tills + 2)]
        self.hot = [("till", self.till), ("deposit", self.deposit)] + [("purse", p) for p in self.purses] + \
                   [("till", t) for t in self.more_tills]
        self.spares = [chain(f"spare {i}") for i in range(1, len(self.hot) + settings.spare_extra + 1)]
        self.bank = chain("bank")            # where the development coins come from
        self.nemesis = chain("nemesis")
        self.harvester = chain("harvester")
        self.outside = [chain(f"outside {i}") for i in range(1, 21)]
        self.thief = chain("thief")
        self.backend = paper("back end")
        self.people = {"officer-1": (paper("officer-1"), ["officer"]),
                       "officer-2": (paper("officer-2"), ["officer"]),
                       "approver-1": (paper("approver-1"), ["approver"]),
                       "approver-2": (paper("approver-2"), ["approver"]),
                       "approver-3": (paper("approver-3"), ["approver"]),
                       "auditor-1": (paper("auditor-1"), ["auditor"])}
        self.sources = {f"price-{i}": paper(f"price-{i}") for i in range(1, settings.price_sources + 1)}
        self.watchers = {f"watcher-{i}": paper(f"watcher-{i}") for i in range(1, settings.watchers + 1)}

    def multisig(self):
        """(account, cosigners, needed) of every account that is converted at the ceremony."""
        hot = [self.a, self.b, self.recovery]
        return [(key, hot, 2) for _, key in self.hot] + \
               [(key, self.holders, 3) for key in self.boxes + self.spares]


def write_private(path, data, mode=0o400):
    """A new file that only its owner reads."""
    path = Path(path)
    path.unlink(missing_ok=True)
    handle = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, mode)
    with os.fdopen(handle, "wb") as file:
        file.write(data if isinstance(data, bytes) else data.encode())
    os.chmod(path, mode)


def write_config(path, pairs):
    Path(path).write_text("".join(f"{key} = {value}\n" for key, value in pairs if value is not None))


class World:
    """One exchange in one folder. build: where the programs are."""

    def __init__(self, folder, build, settings=None):
        self.folder = Path(folder)
        self.build = Path(build)
        self.settings = settings or Settings()
        self.keys = Keys(self.settings)
        self.group = process.Group()
        self.genesis = self.roster = self.policy = None
        self.ports = {}
        self.server_nodes = None        # ports that kuramorid uses instead of the node's two
        self.server_witnesses = []      # ports of nodes whose chain it compares
        self.server_pairs = []          # further rows of kuramorid's configuration
        self.roster_holders = []        # [{"id", "key"}] of the cold holders who could recover the roster
        self.joined_roster = None       # file of the roster that names watchers whom the first does not
        self.sealed_people = {}         # name: file, of seal_people()
        self.passkeys = {}              # name: passkey.Passkey
        self.token = hashlib.sha256(f"token {self.settings.seed}".encode()).hexdigest()
        self.settlement_token = hashlib.sha256(f"settlement token {self.settings.seed}".encode()).hexdigest()

    # ------------------------------------------------------------ places

    def program(self, name):
        return self.build / "bin" / name / name

    def place(self, name):
        folder = self.folder / name
        folder.mkdir(parents=True, exist_ok=True)
        return folder

    def socket(self, name, which):
        return self.place(name) / f"{which}.sock"

    # ------------------------------------------------------------ the node

    def daemon(self, name, program, folder):
        """The daemon of this name, made once: restarts append to its log."""
        argv = [self.program(program), "--config", folder / f"{program}.conf"]
        known = self.group.daemons.get(name)
        if known is None:
            return self.group.add(process.Daemon(name, argv, folder))
        known.argv = [str(a) for a in argv]
        return known

    def write_nemesis(self, folder, grants):
        """The first block of a new chain: grants as [(address, micro-XEM)]."""
        write_private(folder / "nemesis.txt", "".join(f"{a} {v}\n" for a, v in grants))
        write_private(folder / "nemesis.key", self.keys.nemesis.private_hex + "\n")
        write_private(folder / "harvester.key", self.keys.harvester.private_hex + "\n")

    def start_node(self, start_nem_s=None, grants=None, wait=True, **more):
        """The development node. start_nem_s and grants: a new chain, whose clock stands until
        blocks are asked for; without them it goes on with the folder's chain on the wall clock, a
        block every block_ms. more: settings of the program."""
        folder = self.place("node")
        if "node public" not in self.ports:
            self.ports["node public"], self.ports["node clean"], self.ports["node websocket"] = \
                process.free_ports(3)
        settings = {"public_port": self.ports["node public"], "clean_port": self.ports["node clean"],
                    "websocket_port": self.ports["node websocket"],
                    "nemesis_file": folder / "nemesis.txt", "nemesis_key_file": folder / "nemesis.key",
                    "harvester_key_file": folder / "harvester.key", "data_dir": folder / "data",
                    "development": "yes"}
        if grants is not None:
            self.write_nemesis(folder, grants)
            self.start_nem_s = start_nem_s
            settings["blocks"] = "demand"
        else:
            settings.update(blocks="clock", block_interval_ms=self.settings.block_ms)
        settings["nemesis_time"] = self.start_nem_s
        if self.settings.identities and grants is None:
            for i, name in enumerate(self.speakers(), 1):
                settings[f"clean_client{i}"] = self.identity(name).public_hex
        settings.update(more)
        write_config(folder / "kuramori-node.conf", settings.items())
        daemon = self.daemon("node", "kuramori-node", folder)
        daemon.start(10.0 if wait else None)
        self.public = Node(self.ports["node public"])
        self.clean = Node(self.ports["node clean"])
        return daemon

    def speakers(self):
        """Who pushes units to nodes."""
        return ["kuramorid"] + [f"watcher-{n}" for n in range(1, self.settings.watchers + 1)]

    def identity(self, name):
        return nem.KeyPair.named(f"world {self.settings.seed} identity {name}")

    def identity_pairs(self, name):
        """The configuration of what a clean node knows one of them by; the key is written beside it."""
        if not self.settings.identities:
            return []
        path = self.place(name) / "identity.key"
        if not path.exists():
            write_private(path, self.identity(name).private_hex + "\n")
        return [("node_identity_file", path)]

    def dev(self, hook, **body):
        """One of the node's hooks (docs/node.md): state, blocks, block, clock, next-pool, hold ..."""
        if hook == "state":
            return self.public.get("/dev/state")
        return self.public.post("/dev/" + hook, body)

    def chain_time(self):
        return self.dev("state")["now_nem_s"]

    def mine(self, count=1, seconds=1, pool="public"):
        return self.dev("blocks", count=count, seconds=seconds, pool=pool)

    def given(self, transactions, harvester=None):
        """A block of exactly these, past every pool, as a colluding harvester makes it; the node's
        verdict as a dict (code, message, height)."""
        body = {"transactions": [one.verifiable().hex() for one in transactions], "seconds": 1}
        if harvester is not None:
            body["harvester"] = harvester.private_hex
        return self.dev("block", **body)

    def send(self, transaction, where=None):
        """Announces and insists on SUCCESS."""
        answer = (where or self.public).announce(transaction)
        if answer["code"] != 1:
            raise process.Failed(f"the node answers {answer['code']} {answer['message']}")
        return answer

    def send_all(self, transactions):
        """Announces as many as one likes and mines them, 100 a block."""
        for first in range(0, len(transactions), 100):
            for one in transactions[first:first + 100]:
                self.send(one)
            self.mine(1, 2)

    def ceremony_node(self):
        """The node of a new chain that starts as far in the past as the ceremony takes blocks. Every
        account gets exactly the fee of its conversion in block 1 and is empty after it."""
        s, k = self.settings, self.keys
        accounts = k.multisig()
        start = nem.nem_seconds(now_ms()) - (s.quiet_blocks + 8 * -(-len(accounts) // 100) + 60)
        grants = [(key.address(), CONVERSION_FEE) for key, _, _ in accounts]
        grants += [(key.address(), OUTSIDE_XEM * XEM) for key in k.outside]
        grants.append((k.bank.address(), nem.SUPPLY_MICRO - sum(amount for _, amount in grants)))
        return self.start_node(start, grants)

    def ceremony_chain(self):
        """Conversions, the quiet blocks, fundings, then the wall clock. Accounts are funded only
        quiet_blocks (360, the rewrite limit) after their conversion."""
        s, k = self.settings, self.keys
        accounts = k.multisig()
        at = self.chain_time() + 1
        self.send_all([nem.Modification(key.public, [(1, c.public) for c in cosigners], needed,
                                        timestamp=at, deadline=at + 3600).sign(key)
                       for key, cosigners, needed in accounts])
        self.mine(s.quiet_blocks, 1)
        at = self.chain_time() + 1
        self.send_all([nem.Transfer(k.bank.public, address, micro, timestamp=at, deadline=at + 3600)
                       .sign(k.bank) for address, micro in self.fundings()])
        for key, _, needed in accounts:
            got = self.public.account(key.address())["account"]["multisigInfo"]
            if got.get("minCosignatories") != needed:
                raise process.Failed(f"{key.address()} is not {needed}-of-n: {got}")
        self.dev("clock", mode="real", interval_ms=s.block_ms)

    def ceremony(self):
        """A chain that starts in the past: conversions, the quiet blocks, fundings, up to now."""
        self.ceremony_node()
        self.ceremony_chain()

    def fundings(self):
        """(address, micro-XEM): claims in boxes, purses and till; the house's coins for fees on top."""
        s, k = self.settings, self.keys
        rows = [(key.address(), BOX_XEM * XEM) for key in k.boxes]
        rows += [(key.address(), s.purse_xem * XEM) for key in k.purses]
        rows += [(key.address(), (s.till_xem + s.fees_xem) * XEM) for key in [k.till] + k.more_tills]
        return rows

    # ------------------------------------------------------------ documents

    def write_documents(self, attest_keys):
        """genesis, roster, policy; attest_keys: {"a": hex, "b": hex}."""
        k, s = self.keys, self.settings
        roster = {
            "backends": [{"id": "backend-1", "key": k.backend.public_hex}],
            "genesis": canon.ZERO_ID, "governance": 2, "holders": self.roster_holders, "number": 1,
            "people": sorted(({"id": name, "key": key.public_hex, "roles": roles,
                               "passkeys": [self.passkey(name).entry()] if s.passkeys else []}
                              for name, (key, roles) in k.people.items()), key=lambda p: p["id"]),
            "previous": canon.ZERO_ID,
            "price_sources": [{"id": name, "key": key.public_hex} for name, key in k.sources.items()],
            "prices_needed": min(2, len(k.sources)), "recovery": False, "relying_party":
                {"id": PARTY, "origins": [{"origin": ORIGIN}]} if s.passkeys else {"id": "", "origins": []},
            "signers": [{"attest_key": attest_keys["a"], "chain_key": k.a.public_hex, "id": "a"},
                        {"attest_key": attest_keys["b"], "chain_key": k.b.public_hex, "id": "b"}],
            "software_approvals": s.software_approvals,
            "watchers": [{"id": name, "key": key.public_hex} for name, key in k.watchers.items()],
            "watchers_needed": s.watchers_needed,
        }
        policy = dict(POLICY, genesis=canon.ZERO_ID, **s.policy)
        spares = [key.address() for key in k.spares]
        genesis = {
            "boxes": [key.address() for key in k.boxes],
            "chain": "nem", "chain_network": nem.NETWORK & 0xFF,
            "chain_nemesis": self.public.block(1).hash().hex(),
            "hot": [{"kind": kind, "public_key": key.public_hex, "spare": spares[i]}
                    for i, (kind, key) in enumerate(k.hot)],
            "policy": canon.first_id("policy", policy),
            "recovery": {"holders": 5, "needed": 3},
            "roster": canon.first_id("roster", roster),
            "spares": spares,
        }
        self.genesis = canon.Document("genesis", genesis)
        self.roster = canon.Document("roster", dict(roster, genesis=self.genesis.id))
        self.policy = canon.Document("policy", dict(policy, genesis=self.genesis.id))
        folder = self.place("documents")
        for document in (self.genesis, self.roster, self.policy):
            (folder / f"{document.type}.json").write_bytes(document.raw)

    def found(self):
        """The three documents once more, by the tool that an exchange founds itself with, out of words: the same bytes."""
        folder, roster, policy = self.place("founded"), self.roster.body, self.policy.body
        xem = lambda micro: micro + "micro"
        words = [f"person={p['id']}:{','.join(p['roles'])}:{p['key']}" for p in roster["people"]]
        words += [f"passkey={p['id']}:{k['algorithm']}:{k['credential']}:{k['key']}" for p in roster["people"] for k in p["passkeys"]]
        words += [f"signer={s['id']}:{s['attest_key']}:{s['chain_key']}" for s in roster["signers"]]
        words += [f"{word}={p['id']}:{p['key']}" for word, name in (("watcher", "watchers"), ("backend", "backends"),
                                                                   ("price", "price_sources"), ("holder", "holders"))
                  for p in roster[name]]
        words += [f"{name}={roster[name]}" for name in ("governance", "watchers_needed", "prices_needed")]
        words += [f"software_approvals={'yes' if roster['software_approvals'] else 'no'}"]
        words += [f"relying_party={roster['relying_party']['id']}"] + [f"origin={o['origin']}" for o in roster["relying_party"]["origins"]]
        self.make("roster", folder / "roster", words)
        units = {name: "ms" for name in policy if name.endswith("_ms")} | {"attempt_life_s": "s"} | {
            name: "micro" for name in ("day_max", "fee_max", "hour_max", "payment_max", "till_max", "unapproved_day_max", "unlisted_max")}
        words = [f"{name}={policy[name]}{units.get(name, '')}" for name in policy
                 if not isinstance(policy[name], list) and name not in ("number", "previous", "genesis")]
        words += [f"destination_kinds={','.join(policy['destination_kinds'])}"]
        words += [f"tier={xem(t['up_to'])}:{t['approvals']}:{t['delay_ms']}ms" for t in policy["approval_tiers"]]
        words += [f"destination={d['name']}:{d['address']}" for d in policy["destinations"]]
        words += [f"hours={h['days']}:{h['from_minute']}:{h['to_minute']}:{xem(h['payment_max'])}" for h in policy["hours"]]
        words += [f"yen={y['hour_max']}:{y['day_max']}:{y['age_max_ms']}ms:{y['jump_max_bp']}" for y in policy["yen"]]
        self.make("policy", folder / "policy", words)
        body = self.genesis.body
        words = ["network=testnet", f"node=127.0.0.1:{self.ports['node public']}", f"roster={folder / 'roster'}", f"policy={folder / 'policy'}"]
        words += [f"hot={h['kind']}:{h['public_key']}:{h['spare']}" for h in body["hot"]]
        words += [f"box={a}" for a in body["boxes"]] + [f"spare={a}" for a in body["spares"][len(body["hot"]):]]
        words += [f"holders={body['recovery']['holders']}", f"needed={body['recovery']['needed']}"]
        self.make("genesis", folder / "made", words)
        for document in (self.genesis, self.roster, self.policy):
            made = (folder / "made" / document.type).read_bytes()
            if made != document.raw:
                raise process.Failed(f"kuramori {document.type} make: {made!r} instead of {document.raw!r}")
            (self.place("documents") / f"{document.type}.json").write_bytes(made)

    def make(self, kind, path, words, expect=0):
        """`kuramori KIND make PATH WORDS`, words in a file as people keep them; what it says."""
        said = self.place("founded") / f"{kind}.words"
        said.write_text("# " + kind + "\n" + "".join(word + "\n" for word in words))
        done = process.run([self.program("kuramori"), kind, "make", path, f"@{said}"], expect=expect, timeout=60.0)
        return done.stdout if expect == 0 else done.stderr

    def documents(self):
        folder = self.place("documents")
        return [(f"{name}_file", folder / f"{name}.json") for name in ("genesis", "roster", "policy")]

    def request(self, customer, destination, amount_micro, message=b"", request_id=None, key=None):
        """One withdrawal as the back end signs it."""
        body = {"amount": str(amount_micro), "asset": "nem:xem", "customer": customer,
                "destination": destination, "genesis": self.genesis.id, "message": message.hex(),
                "request_id": request_id or canon.uuid7(), "time_ms": now_ms()}
        return canon.Document("request", body).sign(key or self.keys.backend)

    def approval(self, order_id, person, decision="yes", key=None):
        body = {"decision": decision, "genesis": self.genesis.id, "person": person, "subject": order_id,
                "subject_type": "order", "time_ms": now_ms()}
        return canon.Document("approval", body).sign(key or self.keys.people[person][0])

    def day(self, points, person="auditor-1", key=None, **changes):
        """A day as `kuramori day compare --json` has the points; with whatever is to be wrong."""
        body = {name: points[name] for name in ("a_sequence", "a_unapproved", "b_sequence", "b_unapproved", "list")}
        body.update({"genesis": self.genesis.id, "person": person, "time_ms": now_ms()}, **changes)
        return canon.Document("day", body).sign(key or self.keys.people[person][0])

    def passkey(self, person):
        """That person's security key; it counts, as long as this world lives."""
        if person not in self.passkeys:
            algorithm = "eddsa" if person.endswith("2") else "es256"
            self.passkeys[person] = passkey.Passkey(f"{self.settings.seed} {person}", algorithm)
        return self.passkeys[person]

    def approved_by_key(self, order_id, person, decision="yes", key=None, party=PARTY, origin=ORIGIN, **more):
        """[approval, assertion]: that person's word by a security key. more: as Passkey.assertion()."""
        body = {"decision": decision, "genesis": self.genesis.id, "person": person, "subject": order_id,
                "subject_type": "order", "time_ms": now_ms()}
        approval = canon.Document("approval", body)
        return [approval, (key or self.passkey(person)).approve(approval, party, origin, **more)]

    def price(self, source, rate, time_ms=None, key=None):
        """What a price source says of one XEM, in yen."""
        body = {"asset": "nem:xem", "currency": "jpy", "genesis": self.genesis.id, "rate": rate, "source": source,
                "time_ms": now_ms() if time_ms is None else time_ms}
        return canon.Document("price", body).sign(key or self.keys.sources[source])

    def freeze(self, issuer, reason, evidence=b"", evacuate=False, key=None):
        body = {"evacuate": evacuate, "evidence": evidence.hex(), "genesis": self.genesis.id,
                "issuer": issuer, "nonce": os.urandom(16).hex(), "reason": reason, "scope": "all",
                "time_ms": now_ms()}
        return canon.Document("freeze", body).sign(key or self.keys.people[issuer][0])

    # ------------------------------------------------------------ signers

    def seal_signers(self):
        """Seals both hot keys; returns their attest keys as the program prints them."""
        keys = {}
        for which, key in (("a", self.keys.a), ("b", self.keys.b)):
            folder = self.place(f"signer-{which}")
            done = process.run([self.program("kuramori-signer"), "--seal", folder / "key.sealed", "--json"],
                               input=f"{key.private_hex}\n{PASSPHRASE}\n{PASSPHRASE}\n")
            answer = json.loads(done.stdout)
            if answer["chain_key"] != key.public_hex:
                raise process.Failed(f"signer {which} sealed another key: {answer}")
            keys[which] = answer["attest_key"]
        return keys

    def own_user(self, name, folder):
        """As root: a user number of its own, who owns the folder; None otherwise."""
        if os.geteuid() != 0:
            return None
        user = WATCHERS_USER if name.startswith("watcher") else 64_001 + (ord(name[-1]) - ord("a")) % 26
        for parent in (self.folder, *self.folder.parents):
            if parent == Path(tempfile.gettempdir()) or parent == Path("/"):
                break
            os.chmod(parent, os.stat(parent).st_mode | 0o011)  # his way to his folder
        for path in (folder, *folder.iterdir()):
            os.chown(path, user, user)
        return user

    def admit_watchers(self, which):
        """As root: the watchers' user may come to its sockets of a signer that has just made them."""
        if os.geteuid() == 0:
            for i in range(1, self.settings.watchers + 1):
                path = self.socket(f"signer-{which}", f"watcher-{i}")
                if path.exists():
                    os.chown(path, -1, WATCHERS_USER)

    def start_signer(self, which, wait=True):
        """wait False: it still has to be unlocked, and to become ready."""
        name = f"signer-{which}"
        folder = self.place(name)
        pairs = self.documents() + [
            ("signer_id", which), ("network", nem.NETWORK & 0xFF),
            ("sealed_key_file", folder / "key.sealed"), ("journal_file", folder / "journal"),
            ("journal_create", "yes"), ("journal_bytes", self.settings.journal_bytes),
            ("server_socket", self.socket(name, "server")), ("stop_socket", self.socket(name, "stop")),
            ("unlock_socket", self.socket(name, "unlock")), ("user", self.own_user(name, folder))]
        pairs += [(f"watcher{i}_socket", self.socket(name, f"watcher-{i}"))
                  for i in range(1, self.settings.watchers + 1)]
        write_config(folder / "kuramori-signer.conf", pairs)
        daemon = self.daemon(name, "kuramori-signer", folder)
        daemon.start(ready_timeout=None)
        if wait:
            self.unlock(which)
            daemon.wait_ready(20.0)
            self.admit_watchers(which)
        return daemon

    def unlock(self, which):
        path = self.socket(f"signer-{which}", "unlock")
        daemon = self.group.daemons.get(f"signer-{which}")
        deadline = time.monotonic() + 20.0
        while not path.exists() and time.monotonic() < deadline:
            if daemon is not None:
                daemon.check()              # what it died of is better to know than a missing socket
            time.sleep(0.01)
        with frames.open_client(path, "signer", frames.VERSIONS["signer"], ROOT / "src/ipc/signer.def",
                                timeout=20.0, wait=10.0) as client:
            answer = client.call(frames.UNLOCK, [PASSPHRASE.encode()])
            if answer:
                raise process.Failed(f"signer {which} does not unlock: {answer}")

    def signer(self, which, role="server"):
        """A connection to a signer, past HELLO."""
        return self.link(f"signer-{which}", role)

    def link(self, name, role="stop"):
        """A connection to a signer ("signer-a") or watcher ("watcher-1"), past HELLO."""
        table = "watcher" if name.startswith("watcher") else "signer"
        return frames.open_client(self.socket(name, role), table, frames.VERSIONS[table], ROOT / f"src/ipc/{table}.def")

    def status(self, name, role="stop"):
        with self.link(name, role) as link:
            return status_of(link)

    # ------------------------------------------------------------ watchers

    def start_watcher(self, number, wait=True):
        name = f"watcher-{number}"
        folder = self.place(name)
        if not (folder / "key").exists():
            write_private(folder / "key", self.keys.watchers[name].seed.hex() + "\n")
        pairs = self.documents() + [
            ("watcher_id", name), ("key_file", folder / "key"), ("journal_file", folder / "journal"),
            ("signer_a_socket", self.socket("signer-a", name)), ("signer_b_socket", self.socket("signer-b", name)),
            ("server_socket", self.socket(name, "server")), ("stop_socket", self.socket(name, "stop")),
            ("peer_socket", self.socket(name, "peer")),
            ("node_public", f"127.0.0.1:{self.ports['node public']}"),
            ("node_clean", f"127.0.0.1:{self.ports['node clean']}"), ("poll_ms", self.settings.poll_ms),
            ("joined_roster_file", self.joined_roster)]
        pairs += self.identity_pairs(name)
        peers = [n for n in range(1, self.settings.watchers + 1) if n != number]
        pairs.append(("user", self.own_user(name, folder)))
        for which in "ab":
            self.admit_watchers(which)
        pairs += [(f"peer{i}_socket", self.socket(f"watcher-{n}", "peer")) for i, n in enumerate(peers, 1)]
        write_config(folder / "kuramori-watch.conf", pairs)
        daemon = self.daemon(name, "kuramori-watch", folder)
        return daemon.start(ready_timeout=10.0 if wait else None)

    # ------------------------------------------------------------ the server

    def start_server(self, wait=True):
        folder = self.place("kuramorid")
        self.write_server_config()
        daemon = self.daemon("kuramorid", "kuramorid", folder)
        return daemon.start(ready_timeout=30.0 if wait else None)

    def chain_is_read(self, timeout=30):
        """Waits until kuramorid has read the chain to its top: before that it answers 503 to who asks for coins."""
        process.wait_until(lambda: self.get("/v1/status")["chain_read"], timeout, "the chain is read", 0.02)

    def open_books(self):
        """Books the claims of write_claims() against the coins on chain; kuramorid must not run."""
        folder = self.place("kuramorid")
        self.write_server_config()
        return process.run([self.program("kuramorid"), "--config", folder / "kuramorid.conf", "--open-books",
                            self.place("documents") / "claims.csv"], timeout=60.0)

    def write_claims(self, amounts):
        with open(self.place("documents") / "claims.csv", "w", encoding="ascii", newline="\n") as file:
            claims.write_csv(file, amounts)

    def open_books_of(self, owed):
        """The same for {customer: micro-XEM}."""
        (self.place("documents") / "claims.csv").write_text("".join(f"{who},{micro}\n" for who, micro in owed.items()))
        return self.open_books()

    def write_server_config(self):
        folder = self.place("kuramorid")
        if "api" not in self.ports:
            self.ports["api"] = process.free_port()
        if not (folder / "token").exists():
            write_private(folder / "token", self.token + "\n")
            write_private(folder / "settlement-token", self.settlement_token + "\n")
        nodes = self.server_nodes or (self.ports["node public"], self.ports["node clean"])
        pairs = self.documents() + [
            ("store", folder / "journal.db"), ("listen", f"127.0.0.1:{self.ports['api']}"),
            ("token_file", folder / "token"), ("settlement_token_file", folder / "settlement-token"),
            ("signer_a_socket", self.socket("signer-a", "server")),
            ("signer_b_socket", self.socket("signer-b", "server")),
            ("node_public", f"127.0.0.1:{nodes[0]}"), ("node_clean", f"127.0.0.1:{nodes[1]}"),
            ("poll_ms", self.settings.poll_ms),
            ("settle_depth", self.settings.settle_depth), ("deposit_depth", self.settings.deposit_depth)]
        pairs += self.identity_pairs("kuramorid") + self.server_pairs
        pairs += [(f"node_witness{i}", f"127.0.0.1:{port}") for i, port in enumerate(self.server_witnesses, 1)]
        pairs += [(f"watcher{i}_socket", self.socket(f"watcher-{i}", "server"))
                  for i in range(1, self.settings.watchers + 1)]
        write_config(folder / "kuramorid.conf", pairs)

    def api(self, method, path, body=None, idempotency_key=None, token=None, headers=None):
        """(status, parsed JSON, headers)."""
        import http.client
        connection = http.client.HTTPConnection("127.0.0.1", self.ports["api"], timeout=15)
        try:
            all_headers = {"Authorization": f"Bearer {token or self.token}"}
            if body is not None:
                all_headers["Content-Type"] = "application/json"
            if idempotency_key is not None:
                all_headers["Idempotency-Key"] = idempotency_key
            all_headers.update(headers or {})
            connection.request(method, path, body, all_headers)
            answer = connection.getresponse()
            data = answer.read()
            return answer.status, (json.loads(data) if data else None), dict(answer.getheaders())
        finally:
            connection.close()

    def get(self, path):
        """GET that must succeed; the parsed JSON."""
        status, body, _ = self.api("GET", path)
        if status != 200:
            raise process.Failed(f"GET {path}: {status} {body}")
        return body

    def customer_balance(self, customer):
        """What the books owe a customer, in micro-XEM."""
        return int(self.get(f"/v1/accounts/{customer}")["balance"])

    def deposit_token(self, customer):
        """The message by which a deposit names a customer."""
        return self.get(f"/v1/deposit-tokens/{customer}")["message"]

    # ------------------------------------------------------------ the tool of one person

    def seal_people(self, people=(("approver-cli", "approver"), ("officer-cli", "officer"),
                                   ("auditor-cli", "auditor"))):
        """People whose keys are made and sealed by `kuramori key new`: only the tool can use them."""
        folder = self.place("people")
        write_private(folder / "passphrase", PASSPHRASE + "\n")
        for name, role in people:
            done = process.run([self.program("kuramori"), "--json", "--passphrase-file", folder / "passphrase",
                                "key", "new", folder / f"{name}.key"], timeout=60.0)
            sealed = Sealed(json.loads(done.stdout)["public_key"])
            if role == "price source":
                self.keys.sources[name] = sealed
            else:
                self.keys.people[name] = (sealed, [role])
            self.sealed_people[name] = folder / f"{name}.key"

    def write_cli_config(self, person, stops=None, server=True):
        """The configuration of one sealed person; stops: the stop sockets, all of them by default."""
        folder = self.place("people")
        everybody = ["signer-a", "signer-b"] + [f"watcher-{i}" for i in range(1, self.settings.watchers + 1)]
        stops = [self.socket(name, "stop") for name in everybody] if stops is None else stops
        documents = self.place("documents")
        pairs = [("genesis_file", documents / "genesis.json"), ("roster_file", documents / "roster.json"),
                 ("person", person), ("key_file", self.sealed_people[person]),
                 ("passphrase_file", folder / "passphrase")]
        if server:
            pairs += [("api", f"127.0.0.1:{self.ports['api']}"),
                      ("token_file", self.place("kuramorid") / "token")]
        pairs += [(f"stop{i}_socket", path) for i, path in enumerate(stops, 1)]
        path = folder / f"{person}.conf"
        write_config(path, pairs)
        return path

    def cli(self, *words, person="approver-cli", json_answer=True, stops=None, server=True, secret=None,
            checkpoint=None, expect=0):
        """`kuramori` as that person; the parsed JSON of its answer, or its text."""
        argv = [self.program("kuramori"), "--config", self.write_cli_config(person, stops, server)]
        if secret is not None:
            argv += ["--journal-secret-file", secret]
        if checkpoint is not None:
            argv += ["--checkpoint-file", checkpoint]
        if json_answer:
            argv.append("--json")
        done = process.run(argv + list(words), expect=expect, timeout=60.0)
        return json.loads(done.stdout) if json_answer else done.stdout

    # ------------------------------------------------------------ journals

    def journals(self):
        """{program: path of its journal}."""
        out = {"kuramorid": self.place("kuramorid") / "journal.db"}
        for which in "ab":
            out[f"signer-{which}"] = self.place(f"signer-{which}") / "journal"
        for i in range(1, self.settings.watchers + 1):
            out[f"watcher-{i}"] = self.place(f"watcher-{i}") / "journal"
        return out

    def journal(self, name):
        return self.journals()[name]

    def journal_secret(self, name):
        """The secret that salts a journal's tree: the server's is a file, a signer's follows from its
        sealed key (bin/kuramori-signer/secrets.c), a watcher's from its freeze key."""
        if name == "kuramorid":
            return bytes.fromhex((self.place(name) / "journal.db.secret").read_text().strip())
        if name.startswith("signer"):
            key = self.keys.a if name.endswith("a") else self.keys.b
            return hmac.digest(bytes.fromhex(key.private_hex), b"kuramori signer journal v1", "sha256")
        return hmac.digest(self.keys.watchers[name].seed, b"kuramori watch journal v1", "sha256")

    def journal_secret_file(self, name):
        path = self.place("people") / f"{name}.secret"
        write_private(path, self.journal_secret(name).hex() + "\n")
        return path

    # ------------------------------------------------------------ all together

    def by_hand(self, customer):
        """Lines that say how a person uses the running system; customer: one with enough to pay
        20,000 XEM."""
        officer, approver = self.write_cli_config("officer-cli"), self.write_cli_config("approver-cli")
        tool, place = self.program("kuramori"), self.place("people")
        api = f"http://127.0.0.1:{self.ports['api']}"
        token = self.place("kuramorid") / "token"
        request = place / "request.json"
        request.write_bytes(self.request(customer, self.keys.outside[0].address(),
                                         20_000 * XEM).raw)
        return [
            f"Everything is in {self.folder}.", "",
            "# how signers, watchers and the server are",
            f"{tool} --config {officer} status", "",
            "# a withdrawal of 20,000 XEM that the back end has signed (needs one approval)",
            f"curl -s -H \"Authorization: Bearer $(cat {token})\" -H 'Idempotency-Key: by-hand-1' \\",
            f"  -H 'Content-Type: application/json' --data-binary @{request} {api}/v1/withdrawals", "",
            "# its order (the id is in the answer above), decoded from the document itself; then yes",
            f"{tool} --config {approver} order show ORDER",
            f"{tool} --config {approver} approve ORDER", "",
            "# how far it is",
            f"curl -s -H \"Authorization: Bearer $(cat {token})\" '{api}/v1/withdrawals?limit=1'", "",
            "# stop everything",
            f"{tool} --config {officer} freeze --reason 'I do not like what I see'", "",
            "# the node, as NIS answers",
            f"curl -s http://127.0.0.1:{self.ports['node public']}/chain/height", "",
            "Ctrl-C ends it."]

    def open_for_business(self, owed):
        """Books, then every program; returns when the chain is read and both signers would sign."""
        self.open_books_of(owed)
        self.start_all()
        self.chain_is_read()
        process.wait_until(lambda: all(self.status(f"signer-{x}").get("signs") == "ready" for x in "ab"), 20,
                           "signers ready")

    def start_all(self, server=True):
        """Signers, watchers and the server, side by side; returns when all are ready. The node runs."""
        signers = [self.start_signer(which, wait=False) for which in "ab"]
        for which in "ab":
            self.unlock(which)
        for one, which in zip(signers, "ab"):
            one.wait_ready(20.0)
            self.admit_watchers(which)
        others = [self.start_watcher(n, wait=False) for n in range(1, self.settings.watchers + 1)]
        if server:
            others.append(self.start_server(wait=False))
        for one in others:
            one.wait_ready(30.0)

    def stop(self):
        self.group.stop()

    def save(self, to):
        """A copy of all folders; every process must be stopped, so that they belong together."""
        alive = [d.name for d in self.group if d.alive()]
        if alive:
            raise process.Failed(f"cannot save while {', '.join(alive)} run")
        shutil.rmtree(to, ignore_errors=True)
        shutil.copytree(self.folder, to, symlinks=True,
                        ignore=lambda _d, names: [n for n in names if n.endswith(".sock")])

    def restore(self, saved):
        """The folders as they were saved. Sockets and ports stay the same."""
        alive = [d.name for d in self.group if d.alive()]
        if alive:
            raise process.Failed(f"cannot restore while {', '.join(alive)} run")
        shutil.rmtree(self.folder)
        shutil.copytree(saved, self.folder, symlinks=True)
