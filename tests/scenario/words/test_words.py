#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Goal: `kuramori` speaks Japanese to whoever's locale says so and English to everybody else, in
columns; what machines read is the same for both; and no environment makes it read another's files.

Method: the real program in prepared environments. Each text in Japanese is compared with the English
one of the same command: exit code, figures, names and commands must be the same.
"""

import json
import os
import random
import re
import shutil
import subprocess
import sys
import unicodedata
from pathlib import Path

ROOT = Path(__file__).resolve().parents[3]
sys.path.insert(0, str(ROOT / "tests/kit"))

import canon  # noqa: E402
import nem  # noqa: E402
import process  # noqa: E402
import tap  # noqa: E402

BUILD = Path(os.environ["KURAMORI_BUILD"])
TOOL = BUILD / "bin/kuramori/kuramori"
folder = process.temp_dir("kw-")
JAPANESE = re.compile("[\u3040-\u30ff\u4e00-\u9fff]")
ENGLISH = {"LC_ALL": "C.UTF-8"}
JA = {"LANG": "ja_JP.UTF-8"}


def ask(*words, env, tool=TOOL, stdin=""):
    """(exit code, stdout, stderr) in this environment and no other; the program never ends by a signal."""
    kept = {name: value for name, value in os.environ.items()
            if not name.startswith("LC_") and name not in ("LANG", "LANGUAGE")}
    done = subprocess.run([str(tool), *map(str, words)], input=stdin.encode(), env={**kept, "HOME": str(folder), **env},
                          stdout=subprocess.PIPE, stderr=subprocess.PIPE, timeout=60)
    assert done.returncode >= 0 and done.returncode != 70, (words, done)
    return done.returncode, done.stdout.decode(), done.stderr.decode()


def columns(text):
    return sum(2 if unicodedata.east_asian_width(c) in "WF" else 1 for c in text)


def is_japanese(env, tool=TOOL):
    code, out, err = ask("no-such-command", env=env, tool=tool)
    assert code == 2 and out == "" and err.startswith("kuramori: ") and "no-such-command" in err, (code, out, err)
    assert "kuramori --help" in err, err
    return bool(JAPANESE.search(err))


@tap.test
def who_is_spoken_to_in_japanese():
    cases = [
        ({"LANG": "ja_JP.UTF-8"}, True),  # though this machine may have no such locale
        ({"LANG": "ja_JP.utf8"}, True),
        ({"LANG": "ja.UTF-8"}, True),
        ({"LC_MESSAGES": "ja_JP.UTF-8", "LC_CTYPE": "C.UTF-8"}, True),
        ({"LANG": "C.UTF-8", "LANGUAGE": "ja"}, True),
        ({"LANG": "de_DE.UTF-8", "LANGUAGE": "fr:ja_JP:en"}, True),
        ({"LANG": "en_US.UTF-8", "LC_ALL": "ja_JP.UTF-8"}, True),
        ({}, False),
        ({"LANG": "C", "LANGUAGE": "ja"}, False),
        ({"LANG": "POSIX", "LANGUAGE": "ja"}, False),
        ({"LANG": "en_US.UTF-8"}, False),
        ({"LANG": "ja_JP.UTF-8", "LC_ALL": "C"}, False),
        ({"LANG": "ja_JP.UTF-8", "LC_ALL": "C.UTF-8"}, False),
        ({"LANG": "ja_JP.UTF-8", "LANGUAGE": "en:ja"}, False),
        ({"LANG": "ja_JP.UTF-8", "LANGUAGE": "xx"}, False),
        ({"LANG": "ja_JP.eucJP"}, False),  # the terminal would show something else
        ({"LANG": "ja_JP"}, False),
        ({"LANG": "ja_JP.UTF-8", "LC_CTYPE": "C"}, False),
        ({"LANG": "japanese.UTF-8"}, False),
    ]
    for env, wanted in cases:
        assert is_japanese(env) == wanted, env


@tap.test
def help_has_every_command_and_setting():
    (code, english, _), (code_ja, japanese, _) = ask("--help", env=ENGLISH), ask("--help", env=JA)
    assert code == code_ja == 0
    assert "支払いを確かめ、承認し、すべてを止め、ジャーナルを検証する" in japanese
    assert "夜中に迷ったら凍結です。" in japanese and "終了コード: 0 完了" in japanese
    assert not JAPANESE.search(english)
    command = re.compile(r"^  ((?:order|approve|challenge|freeze|books|policy|nem|audit|status)\b[^\u3040-\u9fff]*?)(?:  |$)", re.M)
    assert len(command.findall(english)) > 30
    named = {text[:23].strip() for text in command.findall(english)}  # behind that stand the words
    for text in named:
        assert "  " + text in japanese, text
    flag = re.compile(r"^  --[a-zN-]+ .*$", re.M)
    assert flag.findall(english) == flag.findall(japanese) and len(flag.findall(english)) > 20
    behind = [line for line in japanese.splitlines() if line.startswith(" " * 25)]
    assert len(behind) > 40 and all(columns(line) <= 100 for line in behind)


@tap.test
def an_error_says_in_japanese_what_to_do():
    for words, code, golden in [
            (["order", "show", "/nowhere"], 2, ["設定を理解できません", "genesis_file が設定されていません", "kuramori --help"]),
            (["--timeout-ms", "x", "status"], 2, ["`timeout_ms` は 10 進数でなければなりません"]),
            (["freeze"], 2, ["genesis_file"]),
            (["nem", "key", "show", "/nowhere/x"], 1, ["該当するものがありません", "/nowhere/x"]),
            (["withdrawal", "history", "7"], 3, ["引出しは請求の ID", "UUID"]),
            (["nem", "loss", "till", "ten"], 3, ["`ten` はマイクロ XEM の金額ではありません"])]:
        english, japanese = ask(*words, env=ENGLISH), ask(*words, env=JA)
        assert english[0] == japanese[0] == code, (words, english, japanese)
        assert english[1] == japanese[1] == "", (words, japanese)
        assert not JAPANESE.search(english[2]) and all(piece in japanese[2] for piece in golden), (words, japanese)


@tap.test
def a_table_stands_in_its_columns():
    words = ["nem", "loss", "till", "1000000000000", "live:all"]
    (_, english, _), (_, japanese, _) = ask(*words, env=ENGLISH), ask(*words, env=JA)
    rows, rows_ja = english.splitlines(), japanese.splitlines()
    assert len(rows) == len(rows_ja) > 5 and "最大の損失" in rows_ja[0]
    for row, row_ja in zip(rows[1:], rows_ja[1:]):
        # the figures, and where they end
        figures = [m.group() for m in re.finditer(r"[\d,.]+ XEM", row)]
        assert figures and figures == [m.group() for m in re.finditer(r"[\d,.]+ XEM", row_ja)], (row, row_ja)
        assert [m.end() for m in re.finditer("XEM", row)] == [columns(row_ja[:m.end()]) for m in re.finditer("XEM", row_ja)], row_ja
    head = rows_ja[0]
    ends = [columns(head[:head.index(name) + len(name)]) for name in ("最大の損失", "うち盗人の得", "うち二重払い")]
    assert ends == [m.end() for m in re.finditer("XEM", rows[1])], (head, ends)


def transaction():
    """Hex of a signed transfer, and the words of it that must come out whatever the language."""
    keys = nem.KeyPair.named("alice"), nem.KeyPair.named("bob")
    file = folder / "alice.key"
    if not file.exists():
        file.touch(mode=0o600)
        file.write_text(keys[0].private_hex + "\n")
    code, built, err = ask("nem", "tx", "build", "transfer", f"from={keys[0].public_hex}", f"to={keys[1].address()}",
                           "amount=1234567.000001", env=ENGLISH)
    assert code == 0, err
    code, signed, err = ask("nem", "--nem-key-file", file, "tx", "sign", "-", env=JA, stdin=built)
    assert code == 0, err
    return signed, keys[1].address()


@tap.test
def a_transaction_is_told_in_japanese_with_the_same_figures():
    signed, to = transaction()
    (code, english, _), (code_ja, japanese, _) = [ask("nem", "tx", "decode", "-", env=env, stdin=signed) for env in (ENGLISH, JA)]
    assert code == code_ja == 0
    grouped = "-".join(to[i:i + 6] for i in range(0, len(to), 6))
    for piece in ("検証できました", "1,234,567.000001 XEM が移ります", f"{grouped} へ", "送金"):
        assert piece in japanese, (piece, japanese)
    # the sentence turned round: from whom, to whom, how much
    assert re.search(r"loses 1,234,567\.000001 XEM to " + grouped, english), english
    value = re.compile(r"[A-Z2-7]{6}(?:-[A-Z2-7]{1,6})+|\b[\d,]+\.\d{6} XEM|\b[0-9a-f]{64}\b|\d{4}-\d\d-\d\dT\S+")
    assert sorted(value.findall(english)) == sorted(value.findall(japanese)) and len(value.findall(english)) >= 6
    # labels: the values begin in one column
    at = {columns(re.match(r"(\S+\s+)", line).group(1)) for line in japanese.splitlines()[1:] if re.match(r"\S+\s{2,}\S", line)}
    assert at == {11}, japanese


@tap.test
def what_machines_read_is_the_same():
    signed, _ = transaction()
    for words, stdin in [(["--json", "nem", "tx", "decode", "-"], signed),
                         (["--json", "nem", "tx", "verify", "-"], signed),
                         (["--json", "nem", "loss", "box", "1000000000000", "live:all"], ""),
                         (["--version"], "")]:
        english, japanese = [ask(*words, env=env, stdin=stdin) for env in (ENGLISH, JA)]
        assert english == japanese and english[0] == 0 and english[1], (words, english, japanese)
        assert not JAPANESE.search(japanese[1])
        if words[0] == "--json":
            json.loads(japanese[1])


def copy_of_the_build(catalogue):
    """The program as if it were built elsewhere, with this catalogue (bytes, or None: none)."""
    place = folder / f"build-{random.randrange(10**9)}"
    tool = place / "bin/kuramori/kuramori"
    tool.parent.mkdir(parents=True)
    shutil.copy2(TOOL, tool)
    if catalogue is not None:
        file = place / "po/ja/LC_MESSAGES/kuramori.mo"
        file.parent.mkdir(parents=True)
        file.write_bytes(catalogue)
    return tool


@tap.test
def without_a_catalogue_it_is_english():
    good = (BUILD / "po/ja/LC_MESSAGES/kuramori.mo").read_bytes()
    assert is_japanese(JA, copy_of_the_build(good))
    assert not is_japanese(JA, copy_of_the_build(None))
    lone = folder / "kuramori"
    shutil.copy2(TOOL, lone)
    assert not is_japanese(JA, lone)


@tap.test
def a_broken_catalogue_breaks_nothing():
    good = (BUILD / "po/ja/LC_MESSAGES/kuramori.mo").read_bytes()
    for bad in (b"", good[:3], good[:20], b"\0" * 4096, b"\xff" * 4096, good[:6] + b"\xff\xff" + good[8:], good[:len(good) // 2]):
        assert not is_japanese(JA, copy_of_the_build(bad))
    chance = random.Random(26)
    for _ in range(40):  # gettext itself reads wherever an offset points
        bad = bytearray(good)
        bad[chance.randrange(len(bad))] ^= 1 << chance.randrange(8)
        assert not is_japanese(JA, copy_of_the_build(bytes(bad)))


@tap.test
def a_catalogue_of_others_is_not_read():
    other = folder / "other.po"
    other.write_text((ROOT / "po/ja.po").read_text().replace("コマンド", "指図"))
    subprocess.run(["msgfmt", "-o", folder / "other.mo", other], check=True)
    assert not is_japanese(JA, copy_of_the_build((folder / "other.mo").read_bytes()))


@tap.test
def no_environment_makes_it_read_others_files():
    evil = folder / "evil"
    catalogue = evil / "ja/LC_MESSAGES/kuramori.mo"
    catalogue.parent.mkdir(parents=True)
    (folder / "evil.po").write_text('msgid ""\nmsgstr "Content-Type: text/plain; charset=UTF-8\\n"\n'
                                    'msgid "the command line is not understood"\nmsgstr "EVIL"\n'
                                    'msgid "there is no command `%.64s`; kuramori --help lists them"\nmsgstr "EVIL %n%n%s%s"\n')
    subprocess.run(["msgfmt", "-o", catalogue, folder / "evil.po"], check=True)
    up = os.path.relpath(evil, BUILD / "po")
    # Before main(), libp11-kit's start (of libcurl's TLS) asks newlocale(), and glibc 2.36 does not free what it made of LOCPATH
    (folder / "leaks").write_text("leak:__argz_add_sep\n")
    known = {"LSAN_OPTIONS": f"suppressions={folder / 'leaks'}:print_suppressions=0"}
    for env in ({"LANG": "ja_JP.UTF-8", "LANGUAGE": f"{up}/ja"}, {"LANG": "ja_JP.UTF-8", "LANGUAGE": f"ja/../{up}/ja"},
                {"LANG": f"{up}/ja.UTF-8"}, {"LANG": "ja_JP.UTF-8", "LANGUAGE": str(evil / "ja")},
                {"LANG": "ja_JP.UTF-8", "TEXTDOMAINDIR": str(evil), "TEXTDOMAIN": "kuramori", "NLSPATH": str(catalogue)},
                {"LANG": "ja_JP.UTF-8", "LOCPATH": str(evil), "OUTPUT_CHARSET": "EUC-JP"},
                {"LANG": "ja_JP.UTF-8", "LANGUAGE": "ja%n%s%n"}, {"LANG": "ja_JP.UTF-8", "LANGUAGE": ":" * 100000},
                {"LANG": "ja_JP.UTF-8", "LANGUAGE": "x" * 100000 + ":ja"}, {"LANG": "." * 5000 + "UTF-8"},
                {"LANG": "ja_JP.UTF-8", "LC_ALL": "\x1b[31m.UTF-8"}, {"LANG": "ja_JP.UTF-8@" + "../" * 50}):
        code, out, err = ask("no-such-command", env={**known, **env})
        assert code == 2 and out == "" and "EVIL" not in err and "no-such-command" in err, (env, err)
        assert err.startswith("kuramori: ") and err.count("\n") == 1, err
    # dropped, so that Japanese is Japanese all the same
    assert is_japanese({**known, "LANG": "ja_JP.UTF-8", "LOCPATH": str(evil), "OUTPUT_CHARSET": "EUC-JP"})


def message_of(data, env):
    """What `kuramori order show` prints of an order's message, which a stranger wrote."""
    genesis = canon.Document("genesis", {
        "boxes": [], "chain": "nem", "chain_network": nem.NETWORK & 0xFF, "chain_nemesis": "11" * 32,
        "hot": [{"kind": "till", "public_key": nem.KeyPair.named("till").public_hex,
                 "spare": nem.KeyPair.named("spare").address()}],
        "policy": "22" * 32, "recovery": {"holders": 5, "needed": 3}, "roster": "33" * 32,
        "spares": [nem.KeyPair.named("spare").address()]})
    order = canon.Document("order", {
        "amount": "1", "asset": "nem:xem", "chain": "nem", "created_ms": 1, "destination": nem.KeyPair.named("x").address(),
        "expires_ms": 2, "fee_max": "1", "genesis": genesis.id, "message": data.hex(), "network": nem.NETWORK & 0xFF,
        "request": "44" * 32, "request_id": canon.uuid7(1), "vault": "hot"})
    (folder / "genesis.json").write_bytes(genesis.raw)
    (folder / "order.json").write_bytes(order.raw)
    words = ("--genesis-file", folder / "genesis.json", "order", "show", folder / "order.json")
    code, out, err = ask(*words, env=env)
    assert code == 0, (code, out, err)
    json_out = ask(*words, "--json", env=env)[1]
    line = out.splitlines()[3]
    return line[line.index(" "):].lstrip(), json.loads(json_out)["message"], out


@tap.test
def what_people_write_is_shown_and_steers_nothing():
    utf8, ascii_ = {"LC_ALL": "C.UTF-8"}, {"LC_ALL": "C"}
    for text in ("在庫の移動、担当 田中", "カタカナ ﾊﾝｶｸ", "e\u0301tude, Grüße", "か\u3099", "全角\u3000空白", "plain ASCII ~", "😀 §5"):
        shown, in_json, _ = message_of(text.encode(), utf8)
        assert shown == text, (text, shown)
        # JSON says the same in every locale
        assert in_json == message_of(text.encode(), ascii_)[1] and in_json.isascii(), in_json
        assert message_of(text.encode(), ascii_)[0] == in_json
        assert message_of(text.encode(), {"LC_ALL": "ja_JP.eucJP"})[0] == in_json
    hostile = {
        # what moves a terminal's cursor, in one byte and in two
        b"\x1b[2J\x1b[1;1Hpays 0": "?[2J?[1;1Hpays 0", "a\u009b2Jb".encode(): "a?2Jb", b"a\x00b\x08c\x7fd\re\nf\tg": "a?b?c?d?e?f?g",
        # what turns, hides or looks like nothing
        "paid \u202e001\u202c".encode(): "paid ?001?", "\u2066x\u2069".encode(): "?x?", "\u200fx\u061cy".encode(): "?x?y",
        "a\u200bb\u00adc\ufeffd\u2060e\U000e0041f".encode(): "a?b?c?d?e?f", "a\u2028b\u2029c\u00a0d\u2003e".encode(): "a?b?c?d?e",
        "\u05d0\u05d1 12 \u0661\u0627".encode(): "?? 12 ??", "\ue000\U000f0000\ufffe\U0010ffff".encode(): "????",
        "a\u0301\u0302\u0303\u0304b".encode(): "a\u0301\u0302??b", "\u0301x".encode(): "?x",
        # what is no UTF-8: too long, a surrogate, too large, cut off, alone
        b"\xc0\xaf": "??", b"\xed\xa0\x80": "???", b"\xf4\x90\x80\x80": "????", "田".encode()[:2]: "??", b"\xff\x80x": "??x"}
    for data, wanted in hostile.items():
        shown, in_json, out = message_of(data, utf8)
        assert shown == wanted, (data, shown, wanted)
        assert in_json.isascii() and out.count("\n") == message_of(b"x", utf8)[2].count("\n"), out
    rng = random.Random(int(os.environ.get("KURAMORI_SEED", "1")))
    for _ in range(60):
        data = bytes(rng.choice((0x1b, 0xe2, 0x80, 0xae, 0x9b, 0xc2, 0xcd, 0x81, 0x41, 0xe7, 0x94, 0xb0, 0xff, 0x0a)) for _ in range(40))
        shown = message_of(data, utf8)[0]
        assert all(unicodedata.category(c)[0] in "LMNPS" or c in " \u3000" for c in shown), (data, shown)


if __name__ == "__main__":
    tap.run()
