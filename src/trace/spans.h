/* SPDX-License-Identifier: Apache-2.0 */
/*
 * spans.h - the stolen coins of one account as intervals, for FIFO and LIFO.
 *
 * FIFO: on the inflow axis, where the first unit that ever came to the account is 0.  Units leave
 * in the same order, so an outflow of v after O takes [O, O + v).
 *
 * LIFO: on the level axis, where the units in the account lie one upon the other and the balance is
 * the surface.  An outflow of v at a balance of b takes [b - v, b).  What arrives is noted on the
 * inflow axis, because how much had left the receiver stands in no column; it is settled to levels
 * (level = inflow - all out) when the receiver next sends, whose columns say it: until then nothing
 * left.
 *
 * Intervals rise, do not overlap, and two that meet are one; so equal holdings are equal bytes.
 */
#ifndef KURAMORI_TRACE_SPANS_H
#define KURAMORI_TRACE_SPANS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/attr.h"
#include "base/err.h"

/* Units a up to, not with, b; a < b. */
struct trace_span {
	uint64_t a, b;
};

struct spans {
	struct trace_span *p; /* the intervals are p[head] .. p[head + n - 1] */
	size_t head;
	size_t n;
	size_t cap;
	size_t settled; /* LIFO: the first so many are levels, the rest inflow */
	uint64_t total; /* units in all of them */
};

void spans_free(struct spans *s);

/* Appends [a, b), which lies above all that is on its axis.  false: no memory, unchanged. */
MUST_CHECK bool spans_push(struct spans *s, uint64_t a, uint64_t b);

/* The inverses of spans_take_low() and spans_take_high().  false: no memory, unchanged. */
MUST_CHECK bool spans_put_low(struct spans *s, struct trace_span taken);
MUST_CHECK bool spans_put_high(struct spans *s, struct trace_span taken);

/* Takes the lowest interval's part below `end` into *out; false: there is none. */
bool spans_take_low(struct spans *s, uint64_t end, struct trace_span *out);

/* LIFO, all settled: takes the highest interval's part from `begin` up; false: there is none. */
bool spans_take_high(struct spans *s, uint64_t begin, struct trace_span *out);

/* The inverse of spans_push(): everything from `begin` up goes, on the inflow axis. */
void spans_cut(struct spans *s, uint64_t begin);

/*
 * Makes levels of what is inflow, when so much had left the account.  *from: the lowest level that
 * was inflow, UINT64_MAX if nothing was.
 */
void spans_settle(struct spans *s, uint64_t out, uint64_t *from);

/* The inverse: everything from level `from` up is inflow again.  false: no memory. */
MUST_CHECK bool spans_unsettle(struct spans *s, uint64_t out, uint64_t from);

/*
 * Adds [a, b) wherever it lies, on the inflow axis or, with `levels` and all settled, on the level
 * axis: what is there already is not added twice.  *added: units that are new.  false: no memory,
 * unchanged.
 */
MUST_CHECK bool spans_add(struct spans *s, uint64_t a, uint64_t b, bool levels, uint64_t *added);

/* *s becomes n intervals of which so many are settled.  false: no memory, unchanged. */
MUST_CHECK bool spans_set(struct spans *s, const struct trace_span *p, size_t n, size_t settled);

/* All intervals, inflow as it is: for who reports.  Borrowed. */
static inline const struct trace_span *spans_all(const struct spans *s)
{
	return s->p == NULL ? NULL : s->p + s->head;
}

#endif
