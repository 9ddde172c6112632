# SPDX-License-Identifier: Apache-2.0
"""The physical limit that every measurement of something durable prints beside it."""
import os
import statistics
import tempfile
import time


def spread(values):
    values = sorted(values)
    return {"median": round(statistics.median(values), 3), "min": round(values[0], 3), "max": round(values[-1], 3),
            "n": len(values)}


def fdatasync_ms(rounds=200):
    """Overwrite 4 KiB in place and fdatasync: the floor under every durable answer here."""
    with _file() as file:
        return spread([_sync_ms(file) for _ in range(rounds)])


def five_syncs_ms(rounds=60, between_ms=0.5, pause_ms=70):
    """What five of these take together when they come as those of one payment do: with work between them, and
    with a pause before the next five, in which processor and disk may fall asleep."""
    sums = []
    with _file() as file:
        for _ in range(rounds):
            took = 0
            for _ in range(5):
                time.sleep(between_ms / 1000)
                took += _sync_ms(file)
            sums.append(took)
            time.sleep(pause_ms / 1000)
    return spread(sums)


def _file():
    file = tempfile.NamedTemporaryFile(dir=os.environ.get("TMPDIR", "/tmp"))
    file.write(bytes(4096))
    os.fsync(file.fileno())
    return file


def _sync_ms(file):
    start = time.perf_counter()
    os.pwrite(file.fileno(), os.urandom(4096), 0)
    os.fdatasync(file.fileno())
    return (time.perf_counter() - start) * 1000
