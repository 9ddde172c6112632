# SPDX-License-Identifier: Apache-2.0
"""Goal: what src/doc says about documents is what everybody else computes.

Method: ids and signatures of our samples are recomputed with tests/kit (written from the text of the
specification) and with the shell recipe of docs/documents.md; documents written and signed by the kit are
opened by ours; thousands of changed texts get the same verdict from both readers; the tables of the page are
the tables of the program.

    check_doc.py DOC_TOOL SOURCE_ROOT
"""

import os
import random
import re
import subprocess
import sys
import tempfile

TOOL, ROOT = sys.argv[1], sys.argv[2]
sys.path.insert(0, os.path.join(ROOT, "tests", "kit"))

import canon  # noqa: E402
import ed25519  # noqa: E402

PAGE = os.path.join(ROOT, "docs", "documents.md")
SEED = int(os.environ.get("KURAMORI_SEED", "1"))
failed = 0
count = 0


def ok(name, condition, detail=""):
    global failed, count
    count += 1
    if not condition:
        failed += 1
        if detail:
            print(f"# {detail}")
    print(f"{'ok' if condition else 'not ok'} {count} - {name}")


def tool(*arguments, texts=()):
    data = b"".join(len(text).to_bytes(4, "little") + text for text in texts)
    done = subprocess.run([TOOL, *arguments], input=data, stdout=subprocess.PIPE, check=True)
    return done.stdout


def samples():
    out = []
    for line in tool("samples").split(b"\n")[:-1]:
        name, identifier, raw = line.split(b" ", 2)
        out.append((name.decode(), identifier.decode(), raw))
    return out


def check_samples(all_samples):
    ok("one sample of every type, in order",
       tuple(name for name, _, _ in all_samples) == canon.TYPES)
    for name, identifier, raw in all_samples:
        document = canon.open_document(raw, type_name=name)
        good = document.raw == raw and document.id == identifier and len(document.signatures) == 1
        for key, signature in document.signatures.items():
            good = good and ed25519.verify(bytes.fromhex(key), canon.signed_text(identifier),
                                           bytes.fromhex(signature))
            wrong = canon.signed_text("0" * 64)
            good = good and not ed25519.verify(bytes.fromhex(key), wrong, bytes.fromhex(signature))
        ok(f"{name}: id and signature as the kit computes them", good, f"{document.id} {identifier}")


def check_kit_documents(all_samples):
    """The other way: the kit writes and signs, ours opens."""
    key = canon.SigningKey.named("conformance")
    for name, identifier, raw in all_samples:
        body = dict(canon.open_document(raw).body)
        genesis = canon.ZERO_ID
        if name != "genesis":
            genesis = body["genesis"] = canon.document_id("cursor", {"after": 1, "genesis": "ab" * 32})
        good = canon.Document(name, body).sign(key)
        bare = canon.Document(name, body)
        forged = canon.Document(name, body, {key.public_hex: "11" * 64})
        other = canon.Document(name, dict(body, genesis="cd" * 32)).sign(key)
        more = canon.Document(name, dict(body, zz=1)).sign(key)
        newer = canon.Document(name, body, version=canon.version_of(name) + 1).sign(key)
        lines = tool("open", genesis, texts=[d.raw for d in (good, bare, forged, other, more, newer)])
        want = [f"{good.id} signed", f"{good.id} unsigned", f"{good.id} forged",
                "refused", "refused", "refused"]
        ok(f"{name}: written and signed by the kit", lines.decode().split("\n")[:-1] == want,
           f"{lines!r} {want!r}")


def change(text, pick):
    """One to three small changes of the kinds that readers get wrong."""
    data = bytearray(text)
    for _ in range(pick.randint(1, 3)):
        at = pick.randrange(len(data) + 1)
        kind = pick.randrange(7)
        if kind == 0 and data:
            data[at % len(data)] = pick.randrange(256)
        elif kind == 1:
            data[at:at] = pick.choice([b" ", b"\n", b",", b"\"", b"\\", b"0", b"\\u0041", b"null", b"-1",
                                       b"1.0", b"\xc2\xa0", b"\xe2\x80\xae", b"\xed\xa0\x80", b"\xc0\x80",
                                       b"\xf4\x90\x80\x80", b"\x7f", b"\xc2\x85", b"true", b"[]", b"{}",
                                       b"\\\\", b"\\\"", b"\xf0\x9f\x92\xb4", b"9007199254740993"])
        elif kind == 2:
            del data[at:at + pick.randint(1, 4)]
        elif kind == 3:
            data[at:at] = data[at:at + pick.randint(1, 40)]
        elif kind == 4 and data:
            data[at % len(data)] ^= 1 << pick.randrange(8)
        elif kind == 5:
            data = data[:at]
        else:
            other = pick.randrange(len(data) + 1)
            low, high = min(at, other), max(at, other)
            data = data[:low] + data[high:] + data[low:high]
    return bytes(data)


def kit_verdict(text):
    try:
        value = canon.read(text)
    except canon.NotCanonical:
        return "refused"
    if canon.write(value) != text:
        raise AssertionError("the kit disagrees with itself")
    return "canonical"


def edges():
    """Sizes, depths and counts at, below and above their limits."""
    out = []
    for n in (canon.BYTES_MAX - 1, canon.BYTES_MAX, canon.BYTES_MAX + 1):
        out.append(b'{"a":"' + b"x" * (n - 8) + b'"}')
    for n in (7, 8, 9):
        out.append(b'{"a":' + b"[" * (n - 1) + b"]" * (n - 1) + b"}")
        out.append(b'{"a":' * (n - 1) + b"{}" + b"}" * (n - 1))
    for n in (1021, 1022, 1023):
        out.append(b'{"a":[' + b",".join([b"0"] * n) + b"]}")
    for n in (2**53 - 1, 2**53, 2**64):
        out.append(b'{"a":%d}' % n)
    return out


def check_verdicts(all_samples):
    pick = random.Random(SEED)
    print(f"# seed {SEED}")
    seeds = [raw for _, _, raw in all_samples if len(raw) < 1200] + [
        b'{"a":[],"b":[0,1,true,false,"","x\\"y\\\\z\\\\"],"c":{},"d_0":{"e":7,"f":"\xe8\x94\xb5"}}',
        b'{}', b'{"a":{"b":{"c":{"d":{"e":{"f":{"g":0}}}}}}}']
    texts = edges() + seeds + [change(pick.choice(seeds), pick) for _ in range(6000)]
    ours = tool("check", texts=texts).decode().split("\n")[:-1]
    theirs = [kit_verdict(text) for text in texts]
    differ = [text for text, a, b in zip(texts, ours, theirs) if a != b]
    ok("two readers, one verdict", len(ours) == len(texts) and not differ,
       f"{len(differ)} differ, first {differ[:1]!r}")
    ok("both verdicts occur often", min(theirs.count("canonical"), theirs.count("refused")) > 50)


def check_recipe(all_samples, page):
    """The shell lines of the page, as they stand there, on samples: true and forged."""
    script = re.search(r"```sh\n(.*?)```", page, re.S).group(1)
    for name, identifier, raw in all_samples:
        if name not in ("genesis", "order", "freeze", "roster"):
            continue
        body = canon.open_document(raw).body
        genesis = body.get("genesis", canon.ZERO_ID)
        forged = raw.replace(b'"nem', b'"mem').replace(b"10 XEM", b"11 XEM").replace(b"aiko", b"aika")
        for text, wanted in ((raw, True), (forged, False)):
            with tempfile.TemporaryDirectory() as folder:
                with open(os.path.join(folder, "document.json"), "wb") as file:
                    file.write(text)
                done = subprocess.run(["sh", "-c", script, "recipe", genesis], cwd=folder,
                                      stdout=subprocess.PIPE, stderr=subprocess.DEVNULL)
            said = done.stdout.decode().split("\n")
            same = said[0] == identifier
            verified = done.returncode == 0 and "Signature Verified Successfully" in said
            ok(f"{name}: the recipe of the page {'verifies' if wanted else 'refuses'}",
               same == wanted and verified == wanted, f"{said!r} {identifier}")


def check_tables(page):
    stands = re.search(r"<!-- doc_tool tables -->\n(.*?)<!-- end -->", page, re.S).group(1)
    ok("the tables of docs/documents.md are those of the program",
       stands.strip() == tool("tables").decode().strip(),
       "print them with: doc_tool tables")


def main():
    with open(PAGE, encoding="utf-8") as file:
        page = file.read()
    all_samples = samples()
    print("TAP version 13")
    check_samples(all_samples)
    check_kit_documents(all_samples)
    check_verdicts(all_samples)
    check_recipe(all_samples, page)
    check_tables(page)
    print(f"1..{count}")
    sys.exit(1 if failed else 0)


main()
