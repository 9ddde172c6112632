# SPDX-License-Identifier: Apache-2.0
"""The exchange of chapter A with its books in kuramorid: one hot wallet, one key; what its people
do to pay customers back (docs/refund.md). No signer and no watcher runs: no coin moves here."""

import json
import shutil

import canon
import nem
import process
import world as kit

BANK = "bank:mizuho-1"
DECIDERS = ("officer-1", "approver-1", "approver-2")   # besides the initiator, officer-cli


class Exchange(kit.World):
    """node: a DevNode that has started; wallet: the KeyPair with all coins."""

    def __init__(self, folder, build, node, wallet, seed=1):
        super().__init__(folder, build, kit.Settings(seed=seed, boxes=0, purses=0, watchers=1, watchers_needed=1,
                                                     settle_depth=1, deposit_depth=1))
        spare = nem.KeyPair.named(f"refund spare {seed}")
        self.keys.hot, self.keys.spares, self.keys.till = [("till", wallet)], [spare], wallet
        self.public, self.clean = node.public, node.clean
        self.ports["node public"], self.ports["node clean"] = node.public.port, node.clean.port

    def found(self, amounts, people=(("officer-cli", "officer"),)):
        """People, documents, claims; the books are opened against the coins on chain."""
        self.seal_people(people)
        self.write_documents({which: canon.SigningKey.named(f"attest {which}").public_hex for which in "ab"})
        self.write_claims(amounts)
        return self.open_books()

    def place_of(self, name):
        return self.place("refund") / name

    def decide(self, subject, kind, person, decision="yes"):
        """That person's decision, handed in; (status, answer)."""
        body = dict(self.approval(subject, person, decision).body, subject_type=kind)
        document = canon.Document("approval", body).sign(self.keys.people[person][0])
        return self.api("POST", "/v1/documents", document.raw)[:2]

    def approved(self, subject, kind, people):
        """All of them say yes; the last answer's state."""
        for person in people:
            status, answer = self.decide(subject, kind, person)
            if status != 200:
                raise process.Failed(f"{person}: {status} {answer}")
        return answer["state"]

    def pay_in(self, yen, name="own"):
        """The house's own yen, as a posting of officer-cli and two others; the posting's id."""
        draft = self.place_of(f"{name}.draft")
        draft.write_text(json.dumps({"reason": "own funds for the refund", "entries": [
            {"amount": str(yen), "asset": "jpy", "debit": BANK, "credit": "house:jpy", "reason": "paid in"}]}))
        told = self.cli("books", "post", draft, person="officer-cli")
        state = self.approved(told["id"], "posting", DECIDERS[:2])
        if state != "done":
            raise process.Failed(f"the posting is {state}")
        return told["id"]

    def make_plan(self, as_of_ms, rate="88.549", claims=None, name="plan", journal=True, reason="the theft"):
        """Rows and plan; kuramorid must not run where its journal is read. The plan's id."""
        words = ["books", "refund", "plan", claims or self.place("documents") / "claims.csv",
                 self.place_of(f"{name}.rows"), self.place_of(f"{name}.json")]
        words += [self.journal("kuramorid")] if journal else []
        return self.cli("--as-of", str(as_of_ms), "--rate", rate, "--reason", reason, *words, person="officer-cli",
                        server=False)["plan"]

    def make_id(self, name="plan"):
        """The id of a plan on file, from its bytes."""
        return canon.open_document(self.place_of(f"{name}.json").read_bytes()).id

    def propose(self, name="plan", people=DECIDERS):
        told = self.cli("books", "refund", "propose", self.place_of(f"{name}.json"), person="officer-cli")
        return told["id"], self.approved(told["id"], "plan", people)

    def run_argv(self, name="plan", rows=None):
        self.write_server_config()
        return [self.program("kuramorid"), "--config", self.place("kuramorid") / "kuramorid.conf",
                "--refund-plan", self.place_of(f"{name}.json"), "--refund-rows", rows or self.place_of(f"{name}.rows")]

    def run(self, expect=0, **more):
        """The run; kuramorid must not be serving. What it said."""
        done = process.run(self.run_argv(**more), expect=expect, timeout=120.0)
        return done.stdout if expect == 0 else done.stderr

    def keep(self, folder):
        """The journal as it is, in that new folder; kuramorid must not run."""
        folder.mkdir()
        for path in self.place("kuramorid").glob("journal.db*"):
            if path.is_file():          # what else is there is derived from it
                shutil.copy2(path, folder / path.name)

    def back_to(self, folder):
        """The journal that was kept there, and nothing derived from a later one."""
        for path in self.place("kuramorid").glob("journal.db*"):
            shutil.rmtree(path) if path.is_dir() else path.unlink()
        for path in folder.iterdir():
            shutil.copy2(path, self.place("kuramorid") / path.name)

    def show(self, customer, name="plan"):
        return self.cli("books", "refund", "show", self.place_of(f"{name}.json"), self.place_of(f"{name}.rows"),
                        customer, person="officer-cli", server=False)

    def books_hash(self):
        """The state hash of the books, from a server that is started for it if none runs."""
        return self.get("/v1/audit")["books_hash"]


def rob(node, wallet, thief, micro):
    """Everything but the fee in one block, straight past every pool."""
    tx = nem.Transfer(wallet.public, thief.address(), micro, timestamp=node.now()).sign(wallet)
    told = node.given([tx])
    if told["code"] != 1:
        raise process.Failed(f"the theft was not mined: {told}")
    return tx
