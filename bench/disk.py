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
    times = []
    with tempfile.NamedTemporaryFile(dir=os.environ.get("TMPDIR", "/tmp")) as file:
        file.write(bytes(4096))
        os.fsync(file.fileno())
        for _ in range(rounds):
            start = time.perf_counter()
            os.pwrite(file.fileno(), os.urandom(4096), 0)
            os.fdatasync(file.fileno())
            times.append((time.perf_counter() - start) * 1000)
    return spread(times)
