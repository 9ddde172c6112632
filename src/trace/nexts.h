/* SPDX-License-Identifier: Apache-2.0 */
/*
 * nexts.h - for each event what it moves, and the next outflow of its sender and of its receiver:
 * all that the frontier needs to know of an event and of who is marked by it, in one place, which
 * is known as soon as the event is.  A search in a list for each account would wait for memory
 * several times in a row; four columns are four lines of the cache, each in a page of its own, of
 * which a sparse case uses nothing else.
 */
#ifndef KURAMORI_TRACE_NEXTS_H
#define KURAMORI_TRACE_NEXTS_H

#include <stddef.h>
#include <stdint.h>

#include "base/attr.h"
#include "base/err.h"
#include "trace/columns.h"

/* 32 bytes, half a line of the cache. */
struct trace_next {
	uint32_t from, to; /* as in the columns, like the two amounts */
	/* events after this one; the number of all events if there is none */
	uint32_t sender;
	uint32_t receiver;
	uint64_t amount, balance;
};

struct trace_nexts {
	struct trace_next *at; /* n */
	size_t n;
};

/*
 * Of a chain that stands: what is appended later is not in it.  The caller frees it.  32
 * bytes an event; four an account while it is made.  ERR_OVERFLOW: more than 32 bits can count.
 * ERR_FULL: no memory.  Nothing is written on error.
 */
MUST_CHECK enum err trace_nexts_make(struct trace_nexts *out, const struct trace_columns *c);
/* Also of a zeroed one. */
void trace_nexts_free(struct trace_nexts *x);

/*
 * The first outflow of an account at or after event `from` <= c->n; c->n if there is none.  Reads
 * the column of senders: as far as the account is idle, at worst all of it.
 */
size_t trace_nexts_find(const struct trace_columns *c, uint32_t account, size_t from);

#endif
