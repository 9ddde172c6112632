# SPDX-License-Identifier: Apache-2.0
"""Journals of kuramorid as somebody with write access to the file would leave them: batches changed,
taken out, exchanged, added, with every hash made anew, and the tree too if he has the secret.
"""

import shutil
import sqlite3
import struct

import audit


def load(path):
    """The batches of a SQLite journal of a stopped kuramorid."""
    return audit.read_sqlite_journal(path).batches


def rechain(batches, secret=None):
    """Sequences, previous hashes and hashes from the first to the last; roots with the secret, else
    they stay what they were."""
    previous, sequence, tree = audit.ZERO, 0, audit.Tree()
    for batch in batches:
        batch.first, batch.previous = sequence, previous
        if secret is not None:
            for n in range(batch.count):
                tree.append(audit.salted_leaf(secret, sequence + n, batch.records[n * 128:(n + 1) * 128]))
            batch.root = tree.root()
        batch.hash = batch.computed_hash()
        previous, sequence = batch.hash, sequence + batch.count
    return batches


def edit(batch, index, **fields):
    """Changes fields of one record: amount, time_ms, debit, credit, ref, id, kind, asset, link."""
    at = {"kind": (0, "<H"), "asset": (4, "<I"), "time_ms": (8, "<Q"), "id": (16, "16s"), "debit": (32, "16s"),
          "credit": (48, "16s"), "amount": (64, None), "ref": (80, "16s"), "link": (96, "32s")}
    raw = bytearray(batch.records)
    for name, value in fields.items():
        offset, form = at[name]
        data = value.to_bytes(16, "little") if form is None else struct.pack(form, value)
        raw[index * 128 + offset:index * 128 + offset + len(data)] = data
    batch.records = bytes(raw)


def find(batches, kind, nth=0):
    """(batch, index in it, record) of the nth record of a kind."""
    journal = audit.Journal("forged", batches)
    record = [r for r in journal.records(kind)][nth]
    for batch in batches:
        if batch.first <= record.sequence < batch.first + batch.count:
            return batch, record.sequence - batch.first, record
    raise AssertionError(kind)


def append(batches, records, blobs=()):
    """One more batch of these records (audit.build_record())."""
    batches.append(audit.Batch(0, audit.ZERO, batches[-1].root, b"".join(records), list(blobs), audit.ZERO))


def save(like, path, batches):
    """A journal of these batches in a copy of the database `like`; blobs that no batch has any more
    go too."""
    shutil.copy(like, path)
    sql = sqlite3.connect(path)
    sql.execute("DELETE FROM batches")
    sql.execute("DELETE FROM blobs")
    for b in batches:
        names = [audit.sha(blob) for blob in b.blobs]
        sql.executemany("INSERT OR IGNORE INTO blobs VALUES(?, ?)", list(zip(names, b.blobs)))
        sql.execute("INSERT INTO batches VALUES(?, ?, ?, ?, ?, ?, ?)",
                    (b.first, b.count, b.previous, b.hash, b.root, b.records, b"".join(names)))
    sql.commit()
    sql.close()
    return path
