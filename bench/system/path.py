# SPDX-License-Identifier: Apache-2.0
"""Reads what path.c noted: where one payment was, and when, from the sync of its request to the server's
decision that both have signed. measure.py --path uses it."""
import pathlib
import statistics
import struct

ROW = struct.Struct("<QQIiqIIQQQ")
SYNC, READ, WRITE, WAIT = 1, 2, 3, 4
SIGN, PREPARE, NEXT, ACK = 16, 20, 64, 68   # src/ipc/signer.def; a reply is one more
RECORD_BYTES = 2000                 # a reply to NEXT with a record is longer, one with a nonce shorter


class Row:
    __slots__ = ("begin", "end", "what", "fd", "result", "number", "body", "id")

    def __init__(self, raw):
        self.begin, self.end, self.what, self.fd, self.result, self.number, self.body, self.id, _, _ = ROW.unpack(raw)


def read(folder, names):
    """{program: rows in order of their end}. names: {pid: program}."""
    out = {}
    for pid, name in names.items():
        data = (pathlib.Path(folder) / f"{pid}.path").read_bytes()
        rows = [Row(data[i:i + ROW.size]) for i in range(0, len(data), ROW.size)
                if data[i + 16] != 0]
        out[name] = sorted(rows, key=lambda r: r.end)
    return out


def first(rows, what, after, number=None, least=0):
    """The first of its kind that ended after this moment; None: there is none."""
    for r in rows:
        if r.end >= after and r.what == what and r.result >= 0 and (number is None or r.number == number) \
                and (what not in (READ, WRITE) or r.body >= least):
            return r
    return None


def signer_part(trace, signer, needed, start, end):
    """Moments between a signer's reading of SIGN and its answer: [(name, ns)], or None."""
    rows = [r for r in trace[signer] if start <= r.end <= end]
    ask = first(rows, READ, start, PREPARE) or first(rows, READ, start, SIGN)
    answer = first(rows, WRITE, start, SIGN + 1)
    sync = ask and first(rows, SYNC, ask.end)
    if not ask or not answer or not sync:
        return None
    records, syncs, synced, acks = [], [], [], []
    for name in (n for n in trace if n.startswith("watcher")):
        mine = [r for r in trace[name] if sync.end <= r.end <= end]
        record = first(mine, READ, sync.end, NEXT + 1, RECORD_BYTES)
        durable = record and first(mine, SYNC, record.end)
        ack = durable and first(mine, WRITE, durable.end, ACK)
        if ack:
            records.append(record.end)
            syncs.append(durable.begin)
            synced.append(durable.end)
            acks.append(ack.begin)
    if len(acks) < needed:
        return None
    kth = needed - 1
    return [("the order is read", ask.end), ("sync begins", sync.begin), ("sync ends", sync.end),
            (f"watcher {needed} has read the record", sorted(records)[kth]),
            (f"watcher {needed}: sync begins", sorted(syncs)[kth]),
            (f"watcher {needed}: sync ends", sorted(synced)[kth]),
            (f"watcher {needed} acknowledges", sorted(acks)[kth]),
            ("the signature leaves", answer.begin)]


def payments(trace, needed):
    """For each payment ([(what, ns)] one after the other, [(what, ns)] of what was done beside that)."""
    server = trace["kuramorid"]
    asks = [r for r in server if r.what == WRITE and r.number == SIGN]
    out = []
    for ask_a, ask_b in zip(asks[::2], asks[1::2]):
        request = [r for r in server if r.what == SYNC and r.end <= ask_a.begin][-1:]
        answer_a = first(server, READ, ask_a.end, SIGN + 1)
        prepare = answer_a and first([r for r in server if r.end < ask_b.begin], WRITE, answer_a.end, PREPARE)
        answer_b = answer_a and first(server, READ, max(ask_b.end, answer_a.end + 1), SIGN + 1)
        word = answer_a and first(server, SYNC, answer_a.end)
        unit = answer_b and first(server, SYNC, answer_b.end)
        if not request or not word or not unit:
            continue
        a = signer_part(trace, "signer-a", needed, ask_a.begin, answer_a.end)
        b = signer_part(trace, "signer-b", needed, (prepare or ask_b).begin, answer_b.end)
        if a is None or b is None:
            continue
        synced = [("server: sync of A's word begins", word.begin), ("server: sync of A's word ends", word.end),
                  ("server asks B for its signature", ask_b.begin)]
        line = [("server: request's sync begins", request[0].begin), ("server: request's sync ends", request[0].end),
                ("server asks A", ask_a.begin)] + [("A: " + n, t) for n, t in a] + \
            [("server has A's word", answer_a.end)] + \
            ([("server has B prepare", prepare.begin)] if prepare else synced) + \
            [("B: " + n, t) for n, t in b] + \
            [("server has B's word", answer_b.end), ("server: both are decided", unit.begin)]
        out.append((line, synced if prepare else []))
    return out


def syncs(trace, count):
    """{program: its syncs for one payment, those beside the path and those of nobody's payment too, and how long one
    took}, while the payments were made one after the other."""
    server = trace["kuramorid"]
    asks = [r.end for r in server if r.what == WRITE and r.number == SIGN]
    out = {}
    for name, rows in trace.items():
        took = sorted((r.end - r.begin) / 1000 for r in rows
                      if r.what == SYNC and asks[0] - 10**8 <= r.begin <= asks[2 * count - 1] + 10**8)
        if took:
            out[name] = {"a_payment": round(len(took) / count, 1), "us": round(statistics.median(took), 1),
                         "low_us": round(took[len(took) // 10], 1), "high_us": round(took[len(took) * 9 // 10], 1)}
    return out


def table(trace, needed):
    """What stands in measure.py's answer: each event, microseconds after the one before it (median, and what nine of
    ten payments took longer than) and after the first; what was done beside them, after the first."""
    found = payments(trace, needed)
    form = [name for name, _ in found[0][0]] if found else []
    found = [one for one in found if [name for name, _ in one[0]] == form]
    if not found:
        return {"payments": 0}
    lines = [line for line, _ in found]
    rows, beside = [], []
    for i, name in enumerate(form):
        since = [(p[i][1] - p[max(i - 1, 0)][1]) / 1000 for p in lines]
        at = [(p[i][1] - p[0][1]) / 1000 for p in lines]
        rows.append({"event": name, "us": round(statistics.median(since), 1), "low_us": round(sorted(since)[len(since) // 10], 1),
                     "at_us": round(statistics.median(at), 1)})
    for i, (name, _) in enumerate(found[0][1]):
        beside.append({"event": name, "at_us": round(statistics.median((b[i][1] - p[0][1]) / 1000 for p, b in found), 1)})
    syncs = [sum(p[i][1] - p[i - 1][1] for i, name in enumerate(form) if name.endswith("ends")) / 1000 for p in lines]
    total = [(p[-1][1] - p[0][1]) / 1000 for p in lines]
    return {"payments": len(lines), "p50_us": round(statistics.median(total), 1),
            "syncs_in_a_row": sum(name.endswith("ends") for name in form),
            "of_it_syncs_us": round(statistics.median(syncs), 1),
            "between_syncs_us": round(statistics.median(t - s for t, s in zip(total, syncs)), 1), "events": rows, "beside": beside}
