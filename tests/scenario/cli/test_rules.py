#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Goal: officers change the rules and start again with the tool alone: the file goes from one to the
next, what tightens binds when the last has signed, what loosens waits and one person stops it; who
may not, or brings the wrong file, is told why and changes nothing.

Method: both real signers, three officers and an approver with keys that `kuramori key new` sealed.
Every case asks the signers themselves what is in force and what waits.
"""
import json
import os
import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parents[3]
sys.path.insert(0, str(ROOT / "tests/kit"))

import process  # noqa: E402
import tap  # noqa: E402
import world  # noqa: E402

BUILD = Path(os.environ.get("KURAMORI_BUILD", ROOT / "build"))
PEOPLE = (("approver-cli", "approver"), ("officer-cli", "officer"), ("officer-cli-2", "officer"))


class Rig:
    def __init__(self):
        self.world = w = world.World(process.temp_dir("kr-"), BUILD,
                                     world.Settings(boxes=1, purses=1, watchers=1, watchers_needed=1, quiet_blocks=1))
        w.ceremony_node()
        w.seal_people(PEOPLE)
        w.write_documents(w.seal_signers())
        for which in "ab":
            w.start_signer(which)
        self.stops = [w.socket(f"signer-{which}", "stop") for which in "ab"]
        self.policy, self.policy_id = dict(w.policy.body), w.policy.id
        self.files = 0
        self.roster_file, self.policy_file = (w.place("documents") / name for name in ("roster.json", "policy.json"))

    def ask(self, *words, person="officer-cli", expect=0):
        """What `kuramori` says: its JSON, or with another exit code its complaint."""
        config = self.world.write_cli_config(person, self.stops, False)
        done = process.run([self.world.program("kuramori"), "--config", config, "--roster-file", self.roster_file,
                            *(("--policy-file", self.policy_file) if self.policy_file else ()), "--json", *words],
                           expect=expect, timeout=60.0)
        return json.loads(done.stdout) if expect == 0 else done.stderr

    def in_force(self, path):
        """From now on officers' roster_file is this one."""
        self.roster_file = path

    def draft(self, body, **changes):
        """A file of a body, in a spelling that no document has."""
        self.files += 1
        path = self.world.place("people") / f"draft-{self.files}.json"
        path.write_text(json.dumps(dict(body, **changes), indent=2))
        return path

    def next_policy(self, **changes):
        return self.draft(self.policy, number=self.policy["number"] + 1, previous=self.policy_id, **changes)

    def says(self, name):
        """What both signers say, once they say the same."""
        told = [self.world.status(f"signer-{which}")[name] for which in "ab"]
        assert told[0] == told[1], told
        return told[0]

    def rules(self):
        """roster NUMBER policy NUMBER: what is in force."""
        return self.says("rules")


@tap.test
def what_tightens_is_in_force_with_the_last_signature():
    before = rig.rules()
    path = rig.next_policy(payment_max="1000000")
    first = rig.ask("policy", "propose", path)
    assert (first["signed"], first["needed"]) == (1, 2) and rig.rules() == before, first
    again = rig.ask("policy", "propose", path)
    assert again["signed"] == 1 and rig.rules() == before, "one officer twice is one officer"
    done = rig.ask("policy", "propose", path, person="officer-cli-2")
    assert done["policy"] == first["policy"] and all(h["persisted"] for h in done["holders"]), done
    assert len(done["holders"]) == 2 and rig.rules() != before and rig.says("waiting") == "none", rig.rules()
    rig.policy_file = path
    # handed in once more by who has it as his policy_file now, it stays what it is
    assert rig.ask("policy", "propose", path)["policy"] == done["policy"]
    rig.policy.update(number=2, previous=rig.policy_id, payment_max="1000000")
    rig.policy_id = done["policy"]
    assert rig.rules() == "roster 1 policy 2"


@tap.test
def what_loosens_waits_and_one_person_ends_it():
    before = rig.rules()
    path = rig.next_policy(payment_max="2000000")
    rig.ask("policy", "propose", path)
    told = rig.ask("policy", "propose", path, person="officer-cli-2")["policy"]
    assert told[:16] in rig.says("waiting") and rig.rules() == before, rig.says("waiting")
    words = rig.ask("cancel", told, expect=2)
    assert "--reason" in words and told[:16] in rig.says("waiting"), words
    done = rig.ask("cancel", told, "--reason", "nobody asked me", person="approver-cli")
    assert all(h["persisted"] for h in done["holders"]) and rig.says("waiting") == "none", done
    # handed in once more it stays dead, and its own successor too
    rig.ask("policy", "propose", path, person="officer-cli-2")
    assert rig.says("waiting") == "none" and rig.rules() == before
    child = rig.draft(rig.policy, number=rig.policy["number"] + 2, previous=told, payment_max="1")
    rig.policy_file, ours = path, rig.policy_file  # who believes that it came into force
    rig.ask("policy", "propose", child)
    rig.ask("policy", "propose", child, person="officer-cli-2", expect=1)
    rig.policy_file = ours
    assert rig.rules() == before


@tap.test
def who_may_not_and_what_is_wrong_change_nothing():
    before, waiting = rig.rules(), rig.says("waiting")
    path = rig.next_policy(payment_max="1")
    kept = path.read_bytes()
    words = rig.ask("policy", "propose", path, person="approver-cli", expect=1)
    assert "approver-cli is no officer" in words and path.read_bytes() == kept, words
    for code, body, said in ((3, dict(rig.policy, pyament_max="1"), "pyament_max"),
                             (3, {k: v for k, v in rig.policy.items() if k != "day_max"}, "day_max"),
                             (3, dict(rig.policy, day_max="-1"), "day_max"), (3, dict(rig.policy, number=7, previous="0" * 64), "previous"),
                             (3, dict(rig.policy, genesis="11" * 32), "genesis")):
        words = rig.ask("policy", "propose", rig.draft(body), expect=code)
        assert said in words, (said, words)
    nothing = rig.world.place("people") / "nothing"
    nothing.write_text("")
    for path, code in ((nothing, 3), (rig.world.place("people") / "absent", 1), (rig.world.place("documents") / "roster.json", 3)):
        rig.ask("policy", "propose", path, expect=code)
    assert rig.ask("cancel", "zz", "--reason", "x", expect=3) is not None
    assert (rig.rules(), rig.says("waiting")) == (before, waiting)


@tap.test
def a_policy_that_follows_another_is_refused_before_anybody_signs():
    before, ours, number = rig.rules(), rig.policy_id, rig.policy["number"]
    # a stranger's, the id by which genesis names policy 1, another number, no file, an older one, what nobody could keep
    for changes, said in ((dict(number=number + 1, previous="22" * 32), (f"policy number {number}", ours, "previous")),
                          (dict(number=number + 1, previous=rig.world.genesis.body["policy"]), ("by which genesis names", ours, "previous")),
                          (dict(number=number + 2, previous=ours), (f"policy number {number}", f"number {number + 1}")),
                          (dict(number=number + 1, previous=ours, approval_tiers=[]), ("approval_tiers",))):
        path = rig.draft(rig.policy, **changes)
        kept = path.read_bytes()
        words = rig.ask("policy", "propose", path, expect=1)
        assert all(x in words for x in said) and path.read_bytes() == kept, (changes, words)
    path = rig.next_policy(payment_max="5")
    kept, file = path.read_bytes(), rig.policy_file
    rig.policy_file = None
    assert "policy_file is not set" in rig.ask("policy", "propose", path, expect=2)
    rig.policy_file = rig.world.place("documents") / "policy.json"
    words = rig.ask("policy", "propose", path, expect=1)
    assert f"Number {number} is in force" in words and "policy_file" in words and path.read_bytes() == kept, words
    rig.policy_file = rig.world.place("documents") / "roster.json"
    rig.ask("policy", "propose", path, expect=3)
    rig.policy_file = file
    # what it follows is filled in
    body = {k: v for k, v in rig.policy.items() if k not in ("number", "previous")}
    assert rig.ask("policy", "propose", rig.draft(body, payment_max="6"))["signed"] == 1
    assert path.read_bytes() == kept and rig.rules() == before


@tap.test
def a_roster_that_follows_another_is_refused_before_anybody_signs():
    body, ours = dict(rig.world.roster.body), rig.world.roster.id
    named = rig.world.genesis.body["roster"]
    # the id by which genesis names roster 1, a stranger's, another number, number 1 once more, a recovery
    for changes, said in ((dict(number=2, previous=named), ("by which genesis names", ours, "previous")),
                          (dict(number=2, previous="22" * 32), ("roster number 1", ours, "previous")),
                          (dict(number=3, previous=ours), ("roster number 1", "number 2")),
                          (dict(governance=1), ("roster number 1", ours)),
                          (dict(number=2, previous=ours, recovery=True), ("kuramori recover",))):
        path = rig.draft(body, **changes)
        kept = path.read_bytes()
        words = rig.ask("roster", "propose", path, expect=1)
        assert all(x in words for x in said) and path.read_bytes() == kept, (changes, words)
    assert rig.rules() == "roster 1 policy 2"


@tap.test
def a_roster_follows_the_same_way():
    body = dict(rig.world.roster.body)
    people = [p for p in body["people"] if p["id"] != "approver-2"]
    path = rig.draft(body, number=2, previous=rig.world.roster.id, people=people)
    before = rig.rules()
    rig.ask("roster", "propose", path)
    told = rig.ask("roster", "propose", path, person="officer-cli-2")["roster"]
    assert (before, rig.rules()) == ("roster 1 policy 2", "roster 2 policy 2")
    # handed in once more, by who has it as his roster_file now, it stays what it is
    rig.second = path
    rig.in_force(path)
    assert rig.ask("roster", "propose", path)["roster"] == told and rig.rules() == "roster 2 policy 2"
    # one who comes back is more power, so it waits; what it follows is filled in
    more = rig.draft({k: v for k, v in body.items() if k not in ("number", "previous")})
    rig.ask("roster", "propose", more)
    told = rig.ask("roster", "propose", more, person="officer-cli-2")["roster"]
    assert told[:16] in rig.says("waiting") and rig.rules() == "roster 2 policy 2"


@tap.test
def who_has_an_old_roster_is_told_which_is_in_force():
    rig.in_force(rig.world.place("documents") / "roster.json")
    body = dict(rig.world.roster.body)
    words = rig.ask("roster", "propose", rig.draft(body, number=3, previous="33" * 32), expect=1)
    assert "Number 2 is in force" in words and "roster_file" in words, words
    rig.in_force(rig.second)


@tap.test
def a_resume_names_what_binds_and_no_more():
    path = rig.world.place("people") / "resume.json"
    assert rig.ask("freeze", "--reason", "first")["holders"]
    words = rig.ask("resume", path, expect=2)
    assert "--reason" in words and not path.exists(), words
    rig.ask("resume", path, "--reason", "all is well")
    # a freeze after the file was begun is not named by it
    rig.ask("freeze", "--reason", "second", person="officer-cli-2")
    rig.ask("resume", path, person="officer-cli-2")
    assert rig.says("frozen") == "yes"
    path.unlink()
    rig.ask("resume", path, "--reason", "the second too")
    assert rig.says("frozen") == "yes"
    rig.ask("resume", path, person="officer-cli-2")
    assert rig.says("frozen") == "no"


def start():
    global rig
    rig = Rig()


def end():
    rig.world.group.kill()


if __name__ == "__main__":
    tap.run(start, end)
