#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Goal: where the roster takes no software key, a person approves with a security key through
`kuramori`, and the payment is made; officers stop everything and start it again with theirs; every answer that is not for this is found by the tool, and by
the signers if the tool was not asked (T20).

Method: the real programs on the real node. The browser and its key are tests/kit/passkey.py: they
get what `kuramori challenge` prints and nothing else, and answer in the JSON of WebAuthn level 3.
At the end an audit in Python looks at every approval in the server's journal.
"""

import base64
import json
import os
import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parents[3]
sys.path.insert(0, str(ROOT / "tests/kit"))

import audit  # noqa: E402
import canon  # noqa: E402
import frames  # noqa: E402
import passkey  # noqa: E402
import process  # noqa: E402
import tap  # noqa: E402
import world as kit  # noqa: E402

BUILD = Path(os.environ.get("KURAMORI_BUILD", ROOT / "build"))
XEM = 1_000_000
CUSTOMER, PERSON = "c1", "approver-cli"
w = None
asked = {}


def unbase64(text):
    return base64.urlsafe_b64decode(text + "=" * (-len(text) % 4))


def state(one):
    return w.get(f"/v1/withdrawals/{one['id']}")["state"]


def run(*words, expect, person=PERSON):
    """(stdout, stderr) of `kuramori` as that person."""
    done = process.run([w.program("kuramori"), "--config", w.write_cli_config(person), *words], expect=None,
                       timeout=60.0)
    assert done.returncode == expect, (words, done.returncode, done.stdout, done.stderr)
    return done.stdout, done.stderr


def place(name):
    return w.place("people") / name


def answer(name, options, key=None, origin=kit.ORIGIN, key_is_meant=False, **more):
    """What a browser at that page writes when it is asked with these options; its file."""
    key = key or w.passkey(PERSON)
    assert key_is_meant or key.credential in [unbase64(c["id"]) for c in options["allowCredentials"]]
    body = key.assertion(unbase64(options["challenge"]).hex(), options["rpId"], origin, **more)
    out = {field: passkey.base64url(bytes.fromhex(body[source])) for field, source in (
        ("authenticatorData", "authenticator_data"), ("clientDataJSON", "client_data"), ("signature", "signature"))}
    path = place(name)
    path.write_text(json.dumps({"id": passkey.base64url(key.credential), "rawId": passkey.base64url(key.credential),
                                "type": "public-key", "authenticatorAttachment": "cross-platform",
                                "clientExtensionResults": {}, "response": {**out, "userHandle": None}}))
    return path


@tap.test
def a_payment_waits_for_a_person():
    request = w.request(CUSTOMER, w.keys.outside[0].address(), 50_000 * XEM)
    status, body, _ = w.api("POST", "/v1/withdrawals", request.raw, canon.uuid7())
    assert status == 201, (status, body)
    asked.update(id=body["id"], order=body["order"])
    assert state(asked) == "approving"


@tap.test
def a_software_key_does_not_count():
    _, err = run("approve", asked["order"], expect=1)
    assert "only a security key proves it" in err, err
    assert state(asked) == "approving"


@tap.test
def what_the_key_is_asked_follows_from_the_order():
    out, _ = run("challenge", asked["order"], place("approval.json"), expect=0)
    # the order, decoded; then what the browser gets
    assert "50,000.000000 XEM" in out and w.keys.outside[0].address()[:6] in out, out
    options = json.loads(out[out.index("{"):])
    approval = canon.open_document(place("approval.json").read_bytes(), w.genesis.id, "approval")
    assert options == {"challenge": passkey.base64url(bytes.fromhex(approval.id)), "rpId": kit.PARTY,
                       "userVerification": "required",
                       "allowCredentials": [{"id": passkey.base64url(w.passkey(PERSON).credential),
                                             "type": "public-key"}]}
    assert approval.body["subject"] == asked["order"] and approval.body["person"] == PERSON
    assert approval.body["decision"] == "yes" and not approval.signatures
    asked["options"] = options
    _, err = run("challenge", asked["order"], place("approval.json"), expect=1)  # never overwritten
    assert "a new file" in err, err


@tap.test
def the_tool_finds_answers_that_do_not_count():
    options = asked["options"]
    good = json.loads(answer("good", options).read_text())
    for words, said, exit_code, more in (
            ("origin", "not among the roster's origins", 1, {"origin": "https://approve.examp1e"}),
            ("party", "another relying party", 1, {"party": "evil.example"}),
            ("touched", "did not ask who", 1, {"flags": passkey.PRESENT}),
            ("registered", "not the answer", 1, {"kind": "webauthn.create"}),
            ("framed", "inside a page", 1, {"cross_origin": True})):
        changed = dict(options, rpId=more.pop("party", kit.PARTY))
        path = answer(words, changed, **more)
        _, err = run("approve", place("approval.json"), "--passkey-file", path, expect=exit_code)
        assert said in err, (words, err)
    other = passkey.Passkey("a stranger's")
    body = other.assertion(unbase64(options["challenge"]).hex(), kit.PARTY, kit.ORIGIN)
    for name, content, code, said in (
            ("stranger", {**good, "id": passkey.base64url(bytes.fromhex(body["credential"]))}, 1, "not a security key"),
            ("empty", {}, 3, "no answer of a security key"), ("list", [], 3, "no answer of a security key"),
            ("padded", {**good, "id": good["id"] + "="}, 3, "no answer of a security key"),
            ("cut", {**good, "response": {**good["response"], "signature": ""}}, 1, "assertion.signature"),
            ("long", {**good, "response": {**good["response"], "signature": "A" * 400}}, 3, "no answer")):
        place(name).write_text(json.dumps(content))
        _, err = run("approve", place("approval.json"), "--passkey-file", place(name), expect=code)
        assert said in err, (name, err)
    place("broken").write_text("{")
    _, err = run("approve", place("approval.json"), "--passkey-file", place("broken"), expect=3)
    assert "line 1" in err, err
    # a key that was asked about another approval; somebody else's approval; no approval
    elsewhere = dict(options, challenge=passkey.base64url(bytes(32)))
    _, err = run("approve", place("approval.json"), "--passkey-file", answer("elsewhere", elsewhere), expect=1)
    assert "another challenge" in err, err
    _, err = run("approve", place("good"), "--passkey-file", place("good"), expect=3)
    assert "kuramori challenge" in err, err
    _, err = run("approve", place("approval.json"), "--passkey-file", place("good"), "--person", "officer-cli", expect=1)
    assert "you are officer-cli" in err, err
    assert state(asked) == "approving"


@tap.test
def the_server_finds_them_too():
    approval = canon.open_document(place("approval.json").read_bytes(), w.genesis.id, "approval")
    proof = w.passkey(PERSON).approve(approval, kit.PARTY, "https://evil.example")
    for body, code in ((approval.raw, "not-signed"), (proof.raw, "unknown-type"),
                       (b'{"documents":[' + approval.raw + b"," + proof.raw + b"]}", "mismatch"),
                       (b'{"documents":[' + proof.raw + b"," + approval.raw + b"]}", "unknown-type")):
        status, answer_, _ = w.api("POST", "/v1/documents", body)
        assert status >= 400 and answer_["type"].endswith(code), (status, answer_)
    assert state(asked) == "approving"


@tap.test
def the_right_answer_pays():
    path = answer("answer", asked["options"])
    out, _ = run("approve", place("approval.json"), "--passkey-file", path, expect=0)
    assert out == f"{PERSON} said yes\n", out
    process.wait_until(lambda: state(asked) == "settled", 60, "settled")
    asked.update(count=w.passkey(PERSON).counter)


HOLDERS = ("signer-a", "signer-b", "watcher-1", "watcher-2", "watcher-3")


def options_of(out):
    return json.loads(out[out.index("{\n"):])


def frozen(wanted, names=HOLDERS):
    process.wait_until(lambda: all(w.status(name)["frozen"] == wanted for name in names), 20, f"frozen: {wanted}")


def put(name, raw):
    """What a stop socket answers to these bytes: "receipt", or the refusal."""
    with w.link(name, "stop") as link:
        got = canon.open_document(link.call(frames.STOP_PUT, [raw])[0])
    return got.type if got.type == "receipt" else got.body


@tap.test
def one_key_stops_everybody():
    out, _ = run("freeze", "--reason", "by my key", "--prove-file", place("freeze.json"), expect=0, person="officer-cli")
    options = options_of(out)
    document = canon.open_document(place("freeze.json").read_bytes(), w.genesis.id, "freeze")
    assert unbase64(options["challenge"]).hex() == document.id and not document.signatures
    assert options["allowCredentials"][0]["id"] == passkey.base64url(w.passkey("officer-cli").credential)
    # answers that are not for this: the tool finds them, and nobody is told
    for name, key, wrong, said in (
            ("other", "officer-cli", dict(options, challenge=passkey.base64url(bytes(32))), "another challenge"),
            ("approver", PERSON, options, "somebody else's key")):
        path = answer(name, wrong, w.passkey(key), key_is_meant=True)
        _, err = run("prove", place("freeze.json"), "--passkey-file", path, expect=1, person="officer-cli")
        assert said in err, (name, err)
    frozen("no")
    path = answer("freeze-answer", options, w.passkey("officer-cli"))
    out, _ = run("prove", place("freeze.json"), "--passkey-file", path, expect=0, person="officer-cli")
    assert "5 of 5 signers and watchers have it" in out, out
    frozen("yes")
    # after a start it is believed again
    w.group["signer-a"].kill()
    w.start_signer("a")
    frozen("yes")
    asked.update(freeze=document.id)


@tap.test
def an_answer_for_an_approval_starts_nothing():
    """An attacker who has one takes it to the stop sockets himself."""
    approval = canon.open_document(place("approval.json").read_bytes(), w.genesis.id, "approval")
    two = [w.passkey(name).approve(approval, kit.PARTY, kit.ORIGIN) for name in ("officer-cli", "officer-1")]
    resume = canon.Document("resume", {
        "freezes": [{"id": asked["freeze"]}], "genesis": w.genesis.id, "initiator": "officer-1", "nonce": "ab" * 16,
        "reason": "", "scope": "all", "struck": [], "time_ms": kit.now_ms()})
    said_so = [canon.Document("assertion", dict(one.body, approval=resume.id)) for one in two]
    for proofs, code in ((two, "mismatch"), (said_so, "mismatch"), ((), "not-signed")):
        for name in HOLDERS:
            refusal = put(name, b"\n".join([resume.raw, *[one.raw for one in proofs]]))
            assert refusal != "receipt" and refusal["code"] == code, (name, code, refusal)
    frozen("yes")


@tap.test
def two_keys_start_again():
    out, _ = run("resume", place("resume.json"), "--reason", "looked", "--prove-file", place("resume-1.json"), expect=0,
                 person="officer-cli")
    path = answer("resume-answer", options_of(out), w.passkey("officer-cli"))
    out, _ = run("prove", place("resume-1.json"), "--passkey-file", path, expect=0, person="officer-cli")
    assert "1 of 2 officers have signed it" in out, out
    frozen("yes")
    again = ("--person", "officer-1", "--prove-file", place("resume-2.json"))
    out, _ = run("resume", place("resume-1.json"), *again, expect=0)
    options = options_of(out)
    # an old answer of the same key does not count twice: the signers know its count
    used = w.passkey("officer-cli").counter
    path = answer("resume-answer-2", options, w.passkey("officer-1"))
    out, _ = run("prove", place("resume-2.json"), "--passkey-file", path, "--person", "officer-1", expect=0)
    assert "5 of 5 signers and watchers have it" in out, out
    frozen("no")
    assert used == w.passkey("officer-cli").counter


@tap.test
def what_journals_have_is_judged_by_others():
    w.group.stop()
    server = audit.read_sqlite_journal(w.journal("kuramorid")).verify()
    found = audit.withdrawals(server)[asked["id"]]
    assert len(found.approvals) == 1 and len(found.assertions) == 1
    audit.check_people(found, w.roster, w.policy)
    by_key = [document for _, document in server.documents() if document.type in ("freeze", "resume")]
    assert [(d.type, len(d.proofs), len(d.signatures)) for d in by_key] == [("freeze", 1, 0), ("resume", 2, 0)], by_key
    for document, names in zip(by_key, (["officer-cli"], ["officer-cli", "officer-1"])):
        people = {person["id"]: person for person in w.roster.body["people"]}
        assert all(passkey.proves(proof, document, w.roster, people[name])
                   for proof, name in zip(document.proofs, names)), document
    for which in "ab":
        journal = audit.read_file_journal(w.journal(f"signer-{which}")).verify()
        counts = list(journal.records("GUARD_PASSKEY"))
        # of the approval; of the freeze; of the resume, two
        assert len(counts) == 4 and int(counts[0].amount) == asked["count"], counts
        assert len({(r.ref, int(r.amount)) for r in counts}) == 4, counts
    spoilt = canon.Document("assertion", dict(found.assertions[0].body, signature="00"))
    try:
        audit.check_people(found._replace(assertions=[spoilt]), w.roster, w.policy)
    except audit.Objection:
        return
    raise AssertionError("the audit believes a spoilt assertion")


def start():
    global w
    w = kit.World(process.temp_dir("kp-"), BUILD,
                  kit.Settings(boxes=1, purses=1, quiet_blocks=1, passkeys=True, software_approvals=False))
    w.ceremony()
    w.seal_people()
    w.write_documents(w.seal_signers())
    w.open_for_business({CUSTOMER: w.settings.claims_xem * XEM})


def end():
    w.group.kill()


if __name__ == "__main__":
    tap.run(start, end)
