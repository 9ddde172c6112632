#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Goal: an exchange can ask its policy before its signers do: what it allows at most, what a new one
changes, why an order would be refused, and whether it judges a table of cases as it should; and
nothing malformed passes for an answer.

Method: documents written by tests/kit, the tool alone; words, JSON and exit codes are looked at, and
what is refused outnumbers what is not.
"""

import json
import os
import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parents[3]
sys.path.insert(0, str(ROOT / "tests/kit"))

import canon  # noqa: E402
import nem  # noqa: E402
import process  # noqa: E402
import tap  # noqa: E402
import world  # noqa: E402

BUILD = Path(os.environ.get("KURAMORI_BUILD", ROOT / "build"))
TOOL = BUILD / "bin" / "kuramori" / "kuramori"
XEM = nem.MICRO
FRIDAY = 1_516_924_800_000          # 26 January 2018, 00:00 UTC
STRANGER = nem.KeyPair.named("stranger").address()
LISTED = nem.KeyPair.named("listed").address()


class Place:
    def __init__(self):
        self.folder = Path(process.temp_dir("kp-"))
        keys = [nem.KeyPair.named(f"hot {i}") for i in range(2)]
        spares = [nem.KeyPair.named(f"spare {i}").address() for i in range(2)]
        self.box = nem.KeyPair.named("box").address()
        self.policy_body = dict(
            world.POLICY, destinations=[{"address": LISTED, "name": "market-maker"}],
            destination_cooling_ms=3_600_000, unlisted_max=str(1000 * XEM), genesis=canon.ZERO_ID,
            approval_tiers=[{"approvals": 0, "delay_ms": 0, "up_to": str(100 * XEM)},
                            {"approvals": 2, "delay_ms": 600_000, "up_to": str(250_000 * XEM)}],
            hours=[{"days": 96, "from_minute": 0, "payment_max": "0", "to_minute": 1440}])
        self.genesis = canon.Document("genesis", {
            "boxes": [self.box], "chain": "nem", "chain_network": nem.NETWORK & 0xFF,
            "chain_nemesis": "11" * 32,
            "hot": [{"kind": kind, "public_key": keys[i].public_hex, "spare": spares[i]}
                    for i, kind in enumerate(("till", "purse"))],
            "policy": canon.first_id("policy", self.policy_body),
            "recovery": {"holders": 5, "needed": 3}, "roster": "22" * 32, "spares": spares})
        self.write("genesis", self.genesis.raw)
        self.write("conf", "")
        self.policy("policy")

    def path(self, name):
        return self.folder / name

    def write(self, name, data):
        self.path(name).write_bytes(data if isinstance(data, bytes) else data.encode())
        return self.path(name)

    def policy(self, name, **changes):
        body = dict(self.policy_body, genesis=self.genesis.id, **changes)
        return self.write(name, canon.Document("policy", body).raw)

    def order(self, name="order", **changes):
        body = {"amount": str(50 * XEM), "asset": "nem:xem", "chain": "nem", "created_ms": FRIDAY - 1000,
                "destination": STRANGER, "expires_ms": FRIDAY + 600_000, "fee_max": str(2 * XEM),
                "genesis": self.genesis.id, "message": "", "network": nem.NETWORK & 0xFF, "request": "33" * 32,
                "request_id": canon.uuid7(FRIDAY - 2000), "vault": "hot"}
        return self.write(name, canon.Document("order", dict(body, **changes)).raw)

    def ask(self, *words, more=()):
        done = process.run([TOOL, "--config", self.path("conf"), "--genesis-file", self.path("genesis"),
                            "--policy-file", self.path("policy"), *more, "policy", *words], expect=None)
        return done.returncode, done.stdout, done.stderr

    def answer(self, *words):
        code, out, err = self.ask(*words, more=("--json",))
        return code, json.loads(out) if out else err


@tap.test
def check_says_what_so_many_people_can_move():
    code, out, _ = place.ask("check", place.path("policy"))
    assert code == 0 and " 0 people  100.000000 XEM at once" in out and " 2 people  250,000" in out, out
    assert "caps in yen: NONE" in out, out
    assert out.count("NOTE") == 0 and "known for" in out, out
    code, answer = place.answer("check", place.path("policy"))
    assert code == 0 and answer["complete"] is True, answer
    assert [row["payment"] for row in answer["exposure"]] == [str(100 * XEM), str(100 * XEM), str(250_000 * XEM)], answer


@tap.test
def a_policy_that_lacks_anything_is_named():                                                     # T29
    for changes, said in (({"hour_max": "0"}, "policy.hour_max"), ({"approval_tiers": []}, "policy.approval_tiers"),
                          ({"destination_kinds": []}, "policy.destination_kinds"), ({"fee_max": "0"}, "policy.fee_max"),
                          ({"yen": [{"age_max_ms": 1, "day_max": "0", "hour_max": "1", "jump_max_bp": 1}]}, "policy.yen")):
        code, out, err = place.ask("check", place.policy("poor", **changes))
        assert code == 1 and said in err and "nothing would be paid" in err and not out, (changes, code, err)
    body = dict(place.policy_body, genesis=place.genesis.id)
    for bent, code_wanted in (({"asset": "nem:btc"}, 3), ({"unheard_of": "1"}, 3), ({"hour_max": None}, 3),
                              ({"yen": "none"}, 3), ({"loosening_ms": 0}, 3), ({"fee_bp_max": 0}, 3)):
        text = json.dumps({key: value for key, value in sorted({**body, **bent}.items()) if value is not None},
                          separators=(",", ":"))
        path = place.write("bent", f'{{"body":{text},"signatures":[],"type":"policy","version":2}}')
        code, out, err = place.ask("check", path)
        assert code == code_wanted and not out and next(iter(bent)) in err, (bent, code, out, err)
    for path, said in ((place.path("genesis"), "not a policy"), (place.order(), "not a policy"),
                       (place.path("absent"), "no such thing"), (place.write("empty", ""), "")):
        code, out, err = place.ask("check", path)
        assert code in (1, 3) and said in err and not out, (path, code, err)
    stranger = canon.Document("policy", dict(place.policy_body, genesis="44" * 32)).raw
    code, _, err = place.ask("check", place.write("stranger", stranger))
    assert code == 3 and "genesis" in err, err


@tap.test
def compare_names_what_loosens():
    old = place.path("policy")
    code, out, _ = place.ask("compare", old, place.policy("new", number=2, previous="55" * 32))
    assert code == 0 and out == "the same rules\n", out
    code, out, _ = place.ask("compare", old, place.policy("new", hour_max=str(1000 * XEM)))
    assert code == 0 and "hour_max" in out and "in force at once" in out, out
    code, out, _ = place.ask("compare", old, place.policy("new", hour_max=str(1000 * XEM), hours=[]))
    assert code == 1 and "LOOSENS" in out and "hours" in out, out
    for changes, field, word in (
            ({"destinations": []}, "destinations", "tightens"),
            ({"destination_cooling_ms": 1}, "destination_cooling_ms", "loosens"),
            ({"loosening_ms": 1}, "loosening_ms", "loosens"), ({"unlisted_max": "0"}, "unlisted_max", "tightens"),
            ({"destination_kinds": ["box"]}, "destination_kinds", "incomparable"),
            ({"hours": [{"days": 64, "from_minute": 0, "payment_max": "0", "to_minute": 1440}]}, "hours", "loosens")):
        code, answer = place.answer("compare", old, place.policy("new", **changes))
        assert code == (0 if word == "tightens" else 1) and answer["fields"][field] == word, (changes, answer)
        assert [name for name, change in answer["fields"].items() if change != "same"] == [field], answer
    code, out, err = place.ask("compare", old, place.path("genesis"))
    assert code == 3 and "two policies or two rosters" in err and not out, (code, err)
    code, out, err = place.ask("compare", old)
    assert code == 2 and "policy compare OLD NEW" in err, err


@tap.test
def explain_tells_every_rule():
    code, out, _ = place.ask("explain", place.order(), f"at={FRIDAY}")
    assert code == 0 and "it would be paid" in out and "NO" not in out, out
    code, out, _ = place.ask("explain", place.order(amount=str(2000 * XEM)), f"at={FRIDAY}", f"known={FRIDAY - 60_000}")
    assert code == 1 and "refused, by 3 of" in out, out
    assert "60000, needs 600000" in out and "0, needs 2  too few people approved" in out, out
    assert f"{2000 * XEM}, limit {1000 * XEM}" in out, out
    code, answer = place.answer("explain", place.order(amount=str(2000 * XEM), destination=LISTED), f"at={FRIDAY}",
                                f"known={FRIDAY - 600_000}", f"listed={FRIDAY - 3_600_000}", "approvals=2")
    assert code == 0 and answer["allowed"], answer
    code, answer = place.answer("explain", place.order(), "at=2018-01-27T12:00:00Z")             # a Saturday
    assert code == 1 and not answer["allowed"], answer
    broken = {row["field"]: row["code"] for row in answer["rules"] if not row["allowed"]}
    assert broken == {"order.expires_ms": "expired", "policy.hours": "over-cap"}, broken
    code, answer = place.answer("explain", place.order(destination=place.box), f"at={FRIDAY}")
    assert code == 1 and answer["rules"][-1]["field"] != "order.destination", answer
    code, out, _ = place.ask("explain", place.order(destination=STRANGER[:-1] + "A"), f"at={FRIDAY}")
    assert code == 1 and "was not looked at" in out, out


@tap.test
def explain_takes_nothing_that_it_does_not_understand():
    order = place.order()
    for fact, code_wanted in (("approvals", 2), ("approvals=-1", 3), ("approvals=17", 3), ("approvals=", 3),
                              ("apprvals=1", 2), ("amount=5", 2), ("want=allowed", 2), ("=", 2), ("at=", 3),
                              ("at=now", 3), ("hour=-5", 3), ("hour=1.5", 3), ("no=maybe", 3), ("known=never", 3),
                              ("unapproved=5", 3), ("rates=1;1;1;1;1;1", 3), ("yen_day=1e9", 3)):
        code, out, err = place.ask("explain", order, f"at={FRIDAY}", fact)
        assert code == code_wanted and not out, (fact, code, out, err)
    for words in (("explain",), ("explain", place.path("absent")), ("explain", place.path("policy"))):
        code, out, err = place.ask(*words)
        assert code in (1, 2, 3) and not out and err, (words, code, err)


CASES = f"""# an exchange tests its own policy
name,at,to,amount,approvals,known,listed,hour,rates,want,field
small,{FRIDAY},{STRANGER},{50 * XEM},,,,,,allowed,
two people,{FRIDAY},{LISTED},{50_000 * XEM},2,{FRIDAY - 600_000},{FRIDAY - 3_600_000},,,allowed,
one is too few,{FRIDAY},{LISTED},{50_000 * XEM},1,{FRIDAY - 600_000},{FRIDAY - 3_600_000},,,approvals-missing,approvals
in a hurry,{FRIDAY},{LISTED},{50_000 * XEM},2,{FRIDAY - 599_000},{FRIDAY - 3_600_000},,,waiting,policy.approval_tiers
listed today,{FRIDAY},{LISTED},{50_000 * XEM},2,{FRIDAY - 600_000},{FRIDAY - 3_599_000},,,waiting,
a stranger,{FRIDAY},{STRANGER},{50_000 * XEM},2,{FRIDAY - 600_000},,,,over-cap,policy.unlisted_max

the hour is full,{FRIDAY},{STRANGER},{50 * XEM},,,,{400_000 * XEM},,over-cap,policy.hour_max
a Sunday,2018-01-28T10:00:00Z,{STRANGER},{50 * XEM},,,,,,over-cap,policy.hours
"""


@tap.test
def a_table_of_cases_is_judged():
    code, out, err = place.ask("test", place.path("policy"), place.write("cases", CASES))
    assert code == 0 and out == "8 cases, 0 of them judged otherwise than they say\n", (out, err)
    code, answer = place.answer("test", place.path("policy"), place.path("cases"))
    assert code == 0 and answer == {"cases": 8, "failed": 0}, answer
    # the policy is loosened, and the table says where
    code, out, _ = place.ask("test", place.policy("loose", hours=[], unlisted_max=str(100_000 * XEM)), place.path("cases"))
    assert code == 1 and "3 of them judged otherwise" in out, out
    assert "cases:8: a stranger: wanted over-cap by policy.unlisted_max, it is allowed" in out, out
    assert "cases:11: a Sunday: wanted over-cap by policy.hours, it is allowed" in out, out
    # refused, but for another reason, is not what was wanted
    code, out, _ = place.ask("test", place.policy("other", payment_max="1"), place.path("cases"))
    assert code == 1 and "it is over-cap by policy.payment_max: " in out, out


@tap.test
def caps_in_yen_are_tested_too():
    policy = place.policy("yen", yen=[{"age_max_ms": 60_000, "day_max": "20000", "hour_max": "10000", "jump_max_bp": 500}])
    head = "name,at,to,amount,rates,yen_hour,yen_day,want,field\n"
    rows = (("100;100", "", "", "allowed"), ("", "", "", "policy"), ("100;94", "", "", "mismatch"),
            ("100;100", "4966", "", "over-cap"), ("100;100", "4965", "", "allowed"), ("100;100", "", "15000", "over-cap"),
            ("0.1;0.1", "", "", "allowed"), ("0;0", "", "", "bad-amount"))
    text = head + "".join(f"row {i},{FRIDAY},{STRANGER},{50 * XEM},{rates},{hour},{day},{want},\n"
                          for i, (rates, hour, day, want) in enumerate(rows))
    code, out, err = place.ask("test", policy, place.write("cases", text))
    assert code == 0, (out, err)


@tap.test
def grants_end():                                                                                # T28
    policy = place.policy("grants", grant_life_max_ms=3_600_000, unlisted_max="0")
    head = "name,at,to,amount,grant,want,field\n"
    hour = 3_600_000
    rows = (("", "over-cap"), (f"{50 * XEM};{FRIDAY};{FRIDAY + hour}", "allowed"),
            (f"{50 * XEM - 1};{FRIDAY};{FRIDAY + hour}", "over-cap"), (f"{50 * XEM};{FRIDAY + 1};{FRIDAY + hour}", "over-cap"),
            (f"{50 * XEM};{FRIDAY - hour};{FRIDAY}", "over-cap"), (f"{50 * XEM};{FRIDAY};{FRIDAY + hour + 1}", "over-cap"),
            (f"{50 * XEM};{FRIDAY};{1 << 52}", "over-cap"), (f"{50 * XEM};2018-01-26T00:00:00Z;2018-01-26T01:00:00Z", "allowed"))
    text = head + "".join(f"row {i},{FRIDAY},{STRANGER},{50 * XEM},{grant},{want},\n" for i, (grant, want) in enumerate(rows))
    code, out, err = place.ask("test", policy, place.write("cases", text))
    assert code == 0, (out, err)
    for grant in ("5", "5;6", f"x;{FRIDAY};{FRIDAY}", f"5;then;{FRIDAY}", f"5;{FRIDAY};", ";;"):
        code, out, err = place.ask("test", policy, place.write("cases", head + f"x,{FRIDAY},{STRANGER},1000000,{grant},allowed,\n"))
        assert code == 3 and "grant: not a value" in err and not out, (grant, code, out, err)


@tap.test
def a_table_that_is_malformed_tests_nothing():
    good = f"x,{FRIDAY},{STRANGER},1000000,allowed\n"
    head = "name,at,to,amount,want\n"
    for text, said in (("", "no cases"), (head, "no cases"), ("# nothing\n\n", "no cases"),
                       ("name,at,to,amount,whant\n" + good, "whant"), ("name,at,to,amount,amount\n" + good, "twice"),
                       (head + "x,y\n", ":2: at"), (head + good[:-1] + ",more\n", "as many cells"),
                       (head + good.replace(STRANGER, "T"), "to: not a value"), (head + good.replace("1000000", "0"), "amount"),
                       (head + good.replace(str(FRIDAY), ""), "every case says at"),
                       (head + good.replace("allowed", ""), "every case says"),
                       (head + good.replace("x,", "x" * 300 + ","), "name"), (head + good + "\0", "not a text"),
                       ("name,at,to,amount,want,unapproved\n" + good[:-1] + ",5\n", "more than left"),
                       (head + good.replace(str(FRIDAY), "5"), "not a time that the chain knows")):
        code, out, err = place.ask("test", place.path("policy"), place.write("cases", text))
        assert code == 3 and said in err and not out, (text, code, out, err)
    code, _, err = place.ask("test", place.path("cases"), place.path("cases"))
    assert code == 3, err
    code, out, err = place.ask("fly")
    assert code == 2 and "policy check FILE" in err and not out, (code, err)


place = Place()
tap.run()
