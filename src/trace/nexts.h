/* SPDX-License-Identifier: Apache-2.0 */
/*
 * nexts.h - for each event the next outflow of its sender and of its receiver: all that the
 * frontier needs to know of who is marked by an event, in one place, which is known as soon as the
 * event is.  A search in a list for each account would wait for memory several times in a row.
 */
#ifndef KURAMORI_TRACE_NEXTS_H
#define KURAMORI_TRACE_NEXTS_H

#include <stddef.h>
#include <stdint.h>

#include "base/attr.h"
#include "base/err.h"
#include "trace/columns.h"

/* Events, each after the one that it stands beside; the number of all events if there is none. */
struct trace_next {
	uint32_t sender;
	uint32_t receiver;
};

struct trace_nexts {
	struct trace_next *at; /* n */
	size_t n;
};

/*
 * Of a chain that stands: what is appended later is not in it.  The caller frees it.  Eight bytes
 * an event; four an account while it is made.  ERR_OVERFLOW: more than 32 bits can count.
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
