#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Assertions as real devices and browsers write them, and as they must not be, by tests/kit.

Goal: what a signer believes and refuses is decided by an implementation that shares nothing with
it. No randomness: keys follow from labels, so the gate makes the file again and compares.

Method: prints tests/conformance/webauthn/formats.inc. Each row is a device (its format as observed:
flags, counter, extensions, the order and members of clientDataJSON), or one thing wrong with it;
every row is signed by its key, so that nothing but the named fault can refuse it. The last word is
the reason in the spelling of err.def.
"""
import hashlib
import json
import sys
from pathlib import Path

HERE = Path(__file__).resolve().parent
sys.path.insert(0, str(HERE.parent.parent / "kit"))
import passkey  # noqa: E402
from passkey import ATTESTED, BACKED_UP, BACKUP_FIT, EXTENSIONS, PRESENT, VERIFIED  # noqa: E402

PARTY, ORIGIN = "approve.example", "https://approve.example"
OTHER_ORIGIN = "https://kuramori.approve.example:8443"  # the roster's second
UV = PRESENT | VERIFIED


def raw(challenge, text):
    return text.replace("CHALLENGE", challenge).encode()


def devices():
    """(name, passkey, words of Passkey.assertion())."""
    yubikey = passkey.Passkey("yubikey", counter=41)
    yield "YubiKey 5: counts, 64 bytes of credential", yubikey, {}
    yield "YubiKey 5, once more", yubikey, {}
    yield ("YubiKey 5 over Firefox: its order of members", yubikey,
           {"text": '{"type":"webauthn.get","challenge":"CHALLENGE","origin":"' + ORIGIN + '",'
                    '"crossOrigin":false}'})
    yield ("a browser of level 1: clientExtensions, hashAlgorithm", yubikey,
           {"text": '{"challenge":"CHALLENGE","clientExtensions":{},"hashAlgorithm":"SHA-256",'
                    '"origin":"' + ORIGIN + '","type":"webauthn.get"}'})
    yield ("a browser of level 2: tokenBinding", yubikey,
           {"text": '{"type":"webauthn.get","challenge":"CHALLENGE","origin":"' + ORIGIN + '",'
                    '"crossOrigin":false,"tokenBinding":{"status":"supported"}}'})
    yield ("Chromium: other keys can be added here", yubikey,
           {"more": {"other_keys_can_be_added_here": "do not compare clientDataJSON against a "
                                                     "template. See https://goo.gl/yabPex"}})
    solo = passkey.Passkey("solo", "eddsa", counter=7, credential_bytes=96)
    yield "an Ed25519 key that counts", solo, {}
    apple = passkey.Passkey("apple", counter=None, credential_bytes=20)
    yield ("Apple's platform: synchronised, counts nothing, no crossOrigin", apple,
           {"flags": UV | BACKUP_FIT | BACKED_UP, "cross_origin": None})
    yield ("Apple's platform, another origin of ours", apple,
           {"flags": UV | BACKUP_FIT | BACKED_UP, "cross_origin": None, "origin": OTHER_ORIGIN})
    hello = passkey.Passkey("hello", counter=0, credential_bytes=32)
    yield "a platform that counts from 1", hello, {}
    android = passkey.Passkey("android", counter=None, credential_bytes=64)
    yield ("Android: slashes escaped, a package name", android,
           {"text": '{"type":"webauthn.get","challenge":"CHALLENGE","origin":'
                    '"https:\\/\\/approve.example","androidPackageName":"com.android.chrome"}'})
    yield "fit for backup, not backed up", android, {"flags": UV | BACKUP_FIT}
    trezor = passkey.Passkey("extensions", counter=1000, credential_bytes=128)
    yield ("extensions: credProtect-like, hmac-secret", trezor,
           {"extensions": {"hmac-secret": bytes(range(64)), "uvm": [[2, 4, 2]]}})
    yield "extensions: an empty map", trezor, {"extensions": {}}
    yield ("extensions: nested to the limit", trezor,
           {"extensions": {"a": [[[[[[1, -1, 23, 24, 255, 65536, 2**32, True]]]]]]}})
    yield ("white space and escapes everywhere", yubikey,
           {"text": '\t{ "\\u0074ype" :\r\n"webauthn\\u002eget", "ch\\u0061llenge":"CHALLENGE" ,'
                    '"origin":"https:\\u002F\\u002fapprove.example","x":[1,-0.5e+7,{},[],null,true,'
                    '"\\ud83d\\ude00\\u00e9\\u20AC\\uE000\\b\\f\\n\\r\\t\\\\\\"",2E-3,{"a":1,"b":2}],'
                    '"crossOrigin" : false } '})


def faults(wrong):
    """(name, words, reason); wrong: another approval's id."""
    good = '{"type":"webauthn.get","challenge":"CHALLENGE","origin":"' + ORIGIN + '"'
    mismatch, form, policy = "MISMATCH", "INPUT", "POLICY"
    yield "registered, not asserted", {"kind": "webauthn.create"}, mismatch
    yield "payment", {"kind": "payment.get"}, mismatch
    yield "no type", {"kind": None}, "FIELD_MISSING"
    yield "type of another case", {"kind": "Webauthn.get"}, mismatch
    yield "type: a prefix", {"kind": "webauthn.ge"}, mismatch
    yield "type: longer", {"kind": "webauthn.get2"}, mismatch
    yield "type: much longer", {"kind": "webauthn.get" + " " * 40}, "TOO_LARGE"
    yield "no challenge", {"challenge": None}, "FIELD_MISSING"
    yield "an empty challenge", {"challenge": ""}, mismatch
    yield "another approval's challenge", {"challenge": passkey.base64url(bytes.fromhex(wrong))}, mismatch
    yield "the challenge in hex", {"challenge": "@hex"}, "TOO_LARGE"
    yield "the challenge with padding", {"challenge": "@padded"}, "TOO_LARGE"
    yield "the challenge in plain base64", {"challenge": "@plain"}, mismatch
    yield "the challenge without its last", {"challenge": "@short"}, mismatch
    yield "the challenge in upper case", {"challenge": "@upper"}, mismatch
    yield "no origin", {"origin": None}, "FIELD_MISSING"
    for name, origin in (("a look-alike", "https://approve.examp1e"),
                         ("a subdomain", "https://evil.approve.example"),
                         ("a longer domain", "https://approve.example.evil.example"),
                         ("plain http", "http://approve.example"), ("a port", ORIGIN + ":8443"),
                         ("a path", ORIGIN + "/"), ("upper case", "https://APPROVE.EXAMPLE"),
                         ("a dot behind", ORIGIN + "."), ("empty", ""), ("null", "null"),
                         ("a homograph", "https://аpprove.example"),
                         ("a user", "https://approve.example@evil.example"),
                         ("a prefix", "https://approve.exampl"), ("white space", ORIGIN + " "),
                         ("an app", "android:apk-key-hash:pNiP5iKyQ8JwgGOaKA1zGPUPJIS-0H1xKCQcfIoGLck")):
        yield f"origin: {name}", {"origin": origin}, mismatch
    yield "origin: of 301 bytes", {"origin": ORIGIN + "/" * (301 - len(ORIGIN))}, "TOO_LARGE"
    yield "from another page", {"cross_origin": True}, policy
    yield "from another page, which is named", {"cross_origin": True, "more": {"topOrigin": "https://evil.example"}}, policy
    yield "topOrigin alone", {"more": {"topOrigin": ORIGIN}}, policy
    for name, text in (("cut off", good), ("an array", '["webauthn.get"]'), ("nothing", ""),
                       ("a brace", "{"), ("something behind", good + "}x"), ("two objects", good + "}{}"),
                       ("type twice", good + ',"type":"webauthn.get"}'),
                       ("challenge twice", good + ',"challenge":"x"}'),
                       ("origin twice, once escaped", good + ',"orig\\u0069n":"https://evil.example"}'),
                       ("crossOrigin twice", good + ',"crossOrigin":false,"crossOrigin":false}'),
                       ("crossOrigin a text", good + ',"crossOrigin":"false"}'),
                       ("crossOrigin null", good + ',"crossOrigin":null}'),
                       ("crossOrigin 0", good + ',"crossOrigin":0}'),
                       ("topOrigin a number", good + ',"topOrigin":1}'),
                       ("type a number", good.replace('"webauthn.get"', "1") + "}"),
                       ("challenge an array", good.replace('"CHALLENGE"', '["CHALLENGE"]') + "}"),
                       ("a comma behind the last", good + ",}"), ("a comma first", "{," + good[1:] + "}"),
                       ("no comma", good + '"x":1}'), ("no colon", good + ',"x"}'),
                       ("no value", good + ',"x":}'), ("a bare name", good + ",x:1}"),
                       ("single quotes", good + ",'x':1}"), ("a comment", good + "/**/}"),
                       ("a number with a zero in front", good + ',"x":01}'),
                       ("a number with a plus", good + ',"x":+1}'), ("a number with a bare dot", good + ',"x":1.}'),
                       ("a minus alone", good + ',"x":-}'), ("an exponent alone", good + ',"x":1e}'),
                       ("NaN", good + ',"x":NaN}'), ("True", good + ',"x":True}'), ("nul", good + ',"x":nul}'),
                       ("a tab in a text", good + ',"x":"\t"}'), ("a line break in a text", good + ',"x":"\n"}'),
                       ("an escape that is none", good + ',"x":"\\x41"}'),
                       ("an escape cut off", good + ',"x":"\\u00"}'), ("a NUL, escaped", good + ',"x":"\\u0000"}'),
                       ("half a pair", good + ',"x":"\\ud83d"}'), ("the other half", good + ',"x":"\\ude00"}'),
                       ("half a pair and a letter", good + ',"x":"\\ud83d\\u0041"}'),
                       ("half a pair and an escape", good + ',"x":"\\ud83d\\n"}'),
                       ("half a pair, cut off", good + ',"x":"\\ud83d\\ude0"}'),
                       ("half a pair and what is above the others", good + ',"x":"\\ud83d\\ue000"}'),
                       ("an escape of no hex digits", good + ',"x":"\\u00g0"}'),
                       ("an escape of signs", good + ',"x":"\\u00:0"}'),
                       ("an escape at the end", good + ',"x":"\\'),
                       ("nested, a name alone", good + ',"x":{"y":1,"z"}}'),
                       ("nested too deep", good + ',"x":' + "[" * 9 + "]" * 9 + "}"),
                       ("closed by another bracket", good + ',"x":[1}}'), ("an open array", good + ',"x":[1,2'),
                       ("nested, a comma behind", good + ',"x":{"y":1,}}'), ("nested, no name", good + ',"x":{1}}'),
                       ("a mark of byte order", "\ufeff" + good + "}")):
        yield f"client data: {name}", {"text": text}, form
    yield "client data: an empty object", {"text": "{}"}, "FIELD_MISSING"
    yield "client data: not UTF-8", {"bytes": (good + ',"x":"').encode() + b'\xff"}'}, form
    yield "client data: a NUL", {"bytes": (good + ',"x":"').encode() + b'\x00"}'}, form
    yield "client data: a surrogate in UTF-8", {"bytes": (good + ',"x":"').encode() + b'\xed\xa0\x80"}'}, form
    for name, party in (("a look-alike", "approve.examp1e"), ("the parent", "example"),
                        ("a subdomain", "www.approve.example"), ("its origin", ORIGIN), ("empty", "")):
        yield f"relying party: {name}", {"party": party}, mismatch
    yield "nobody was there", {"flags": VERIFIED}, policy
    yield "nobody was verified", {"flags": PRESENT}, policy
    yield "neither", {"flags": 0}, policy
    yield "attested data is announced", {"flags": UV | ATTESTED}, "FIELD_RANGE"
    yield "backed up without being fit for it", {"flags": UV | BACKED_UP}, "FIELD_RANGE"
    yield "a reserved flag, 02", {"flags": UV | 0x02}, "FIELD_RANGE"
    yield "a reserved flag, 20", {"flags": UV | 0x20}, "FIELD_RANGE"
    for name, data in (("absent", b""), ("an array", b"\x80"), ("a text", b"\x60"), ("cut off", b"\xa1\x61a"),
                       ("two maps", b"\xa0\xa0"), ("a byte behind", b"\xa0\x00"), ("indefinite", b"\xbf\xff"),
                       ("an indefinite text in it", b"\xa1\x61a\x7f\xff"), ("a tag", b"\xa1\x61a\xc1\x01"), ("a tag for a name", b"\xa1\xc1\x01"),
                       ("a reserved length", b"\xa1\x61a\x1c"), ("a huge map", b"\xbb" + b"\xff" * 8),
                       ("a huge text", b"\xa1\x61a\x7b" + b"\xff" * 8), ("a number cut off", b"\xa1\x61a\x1b\x00"), ("a map that promises more", b"\xa2\x61a\x01"),
                       ("nested too deep", passkey.cbor({"a": [[[[[[[[1]]]]]]]]}))):
        yield f"extensions: {name}", {"flags": UV | EXTENSIONS, "extensions": data}, form
    yield "extensions that no flag announces", {"extensions": b"\xa0"}, form
    yield "a byte that nothing announces", {"extensions": b"\x00"}, form


def challenge_of(label, approval):
    plain = passkey.base64url(bytes.fromhex(approval))
    return {"@hex": approval, "@padded": plain + "=", "@plain": plain.replace("-", "+").replace("_", "/"),
            "@short": plain[:-1], "@upper": plain.upper()}.get(label, label)


def row(name, key, number, words, reason):
    # an id in whose challenge - and _ stand: plain base64 must not pass for it
    while True:
        approval = hashlib.sha256(f"approval {number}".encode()).hexdigest()
        challenge = passkey.base64url(bytes.fromhex(approval))
        if "-" in challenge and "_" in challenge:
            break
        number += 1000
    words = dict(words)
    origin, party = words.pop("origin", ORIGIN), words.pop("party", PARTY)
    if "text" in words:
        words["client"] = raw(challenge, words.pop("text"))
    if "bytes" in words:
        words["client"] = words.pop("bytes").replace(b"CHALLENGE", challenge.encode())
    if "challenge" in words:
        words["challenge"] = challenge_of(words["challenge"], approval)
    body = key.assertion(approval, party, origin, **words)
    if reason == "OK":
        json.loads(bytes.fromhex(body["client_data"]))
    print(f'{{ {json.dumps(name)}, "{approval}", "{key.algorithm}",\n  "{key.key.hex()}",\n'
          f'  "{body["credential"]}",\n  "{body["authenticator_data"]}",\n  "{body["client_data"]}",\n'
          f'  "{body["signature"]}", ERR_{reason} }},')


def main():
    print("/* SPDX-License-Identifier: Apache-2.0 */")
    print("/* Made by tests/conformance/webauthn/formats.py; not edited by hand. */")
    number = 0
    for name, key, words in devices():
        row(name, key, number, words, "OK")
        number += 1
    key = passkey.Passkey("yubikey", counter=None)
    for name, words, reason in faults(hashlib.sha256(b"approval of another").hexdigest()):
        row(name, key, number, words, reason)
        number += 1


if __name__ == "__main__":
    main()
