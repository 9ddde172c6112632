#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Goal: the books in C and the ledger in Python (tests/kit/ledger.py, written from docs/books.md) answer every record
alike and have the same balances at every moment.
Method: tests/unit/books/books_history.c makes the histories, applies them and says what came out; the ledger does the
same and compares each answer, the digest over all balances and holds, and at the end the hash of the state. Random
histories (KURAMORI_MODEL_GROUPS groups of records), and all histories of KURAMORI_MODEL_DEPTH operations on two accounts.
With each bug that can be planted in the C code the comparison must fail.
"""

import os
import pathlib
import struct
import subprocess
import sys

ROOT = pathlib.Path(__file__).resolve().parents[3]
sys.path.insert(0, str(ROOT / "tests/kit"))
import ledger  # noqa: E402
import tap  # noqa: E402

HISTORY = pathlib.Path(os.environ["KURAMORI_BUILD"]) / "tests/unit/books/books_history"
GROUPS = int(os.environ.get("KURAMORI_MODEL_GROUPS", 668000))
DEPTH = int(os.environ.get("KURAMORI_MODEL_DEPTH", 4))
SEED = int(os.environ.get("KURAMORI_SEED", 1))
PLANTS = {1: "a hold is not counted", 2: "a hold is posted twice", 3: "a limit is lost", 4: "a post in part keeps the rest held"}
NONE = 65535
_GROUP = struct.Struct("<HHHQQ")
_REFUSAL = struct.Struct("<HBQ")


def take(stream, size):
    data = stream.read(size)
    if len(data) != size:
        raise AssertionError("the history is cut off: see what books_history says")
    return data


class Differs(Exception):
    pass


def told(record):
    names = {n: name for name, n in vars(ledger).items() if name.isupper() and isinstance(n, int) and n <= 10}
    return f"{names.get(record.kind, record.kind)} asset {record.asset} id {record.id.hex()} debit {record.debit.hex()} " \
           f"credit {record.credit.hex()} amount {record.amount} ref {record.ref.hex()} time {record.time}"


def compare(stream, check_laws_every=5000):
    """Reads a history to its end. Returns (groups, records, how often each answer was given)."""
    model, kept, answers = ledger.Ledger(), [], {}
    groups = records = 0
    while True:
        tag = stream.read(1)
        if tag == b"G":
            n, error, failed, moment, digest = _GROUP.unpack(take(stream, _GROUP.size))
            batch = [ledger.read_record(take(stream, 128)) for _ in range(n)]
            answer, place = model.commit(batch)
            groups, records = groups + 1, records + n
            answers[answer] = answers.get(answer, 0) + 1
            wanted = ledger.NAMES[error], None if failed == NONE else failed
            if (answer, place) != wanted:
                raise Differs(f"group {groups}: the books say {wanted}, the model {answer, place}; "
                              + "; ".join(map(told, batch)))
            if digest != model.digest or moment != model.first_moment():
                raise Differs(f"group {groups}, {answer}: the balances differ after " + "; ".join(map(told, batch)))
            if groups % check_laws_every == 0 and model.broken():
                raise Differs(f"group {groups}: {model.broken()}")
        elif tag == b"R":
            error, taken, digest = _REFUSAL.unpack(take(stream, _REFUSAL.size))
            record, refused = ledger.read_record(take(stream, 128)), take(stream, 128)
            mine = model.refuse(record, ledger.NAMES[error])
            if (ledger.write_record(mine) if mine else bytes(128)) != refused or bool(taken) != bool(mine) \
                    or digest != model.digest:
                raise Differs(f"group {groups}: a refusal is remembered differently: {told(record)}")
        elif tag == b"P":
            kept.append(model.copy())
        elif tag == b"O":
            model = kept.pop()
        elif tag == b"E":
            if stream.read(32) != model.state_hash():
                raise Differs("the states differ at the end")
            return groups, records, answers
        else:
            raise AssertionError(f"the history ends after group {groups}: see what books_history says")


def run(*arguments):
    with subprocess.Popen([HISTORY, *map(str, arguments)], stdout=subprocess.PIPE, bufsize=1 << 20) as process:
        try:
            return compare(process.stdout)
        finally:
            process.stdout.close()


@tap.test
def random_histories_agree():
    print(f"# seed {SEED}")
    groups, records, answers = run("random", SEED, GROUPS, 0)
    print(f"# {groups} groups, {records} records: " + ", ".join(f"{k} {v}" for k, v in sorted(answers.items())))
    wanted = {"OK", "ASSET", "AMOUNT", "INPUT", "EXISTS", "NOT_FOUND", "FUNDS", "CAP", "LIMIT", "CLOSED", "STATE", "EXPIRED",
              "WAIT", "OVERFLOW", "CLOCK", "STALE"}
    if GROUPS >= 100000:
        assert wanted <= answers.keys(), f"never answered: {wanted - answers.keys()}"
    assert answers["OK"] > groups / 5, answers


@tap.test
def every_history_of_a_few_operations_agrees():
    groups, _, answers = run("all", DEPTH, 0)
    print(f"# {groups} histories: " + ", ".join(f"{k} {v}" for k, v in sorted(answers.items())))
    assert groups > 13 ** DEPTH


def must_differ(*arguments):
    for plant, words in PLANTS.items():
        try:
            run(*arguments, plant)
        except Differs as found:
            print(f"# {words}: {str(found)[:150]}")
        else:
            raise AssertionError(f"nobody notices that {words}")


@tap.test
def planted_bugs_are_found_by_random_histories():
    must_differ("random", SEED, 20000)


@tap.test
def planted_bugs_are_found_by_the_exhaustive_test():
    must_differ("all", 3)


tap.run()
