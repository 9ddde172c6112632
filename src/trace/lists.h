/* SPDX-License-Identifier: Apache-2.0 */
/*
 * lists.h - for each account its events in order: as sender (forward) or as receiver (backward).
 */
#ifndef KURAMORI_TRACE_LISTS_H
#define KURAMORI_TRACE_LISTS_H

#include <stddef.h>
#include <stdint.h>

#include "base/attr.h"
#include "base/err.h"
#include "trace/columns.h"

/*
 * A view or the owner of two arrays: the events of account a are events[start[a]] up to, not with,
 * events[start[a + 1]], in rising order.  ISSUANCE as a sender and DESTROYED as a receiver have
 * theirs too.
 */
struct trace_lists {
	uint32_t *start;  /* accounts_n + 1 */
	uint32_t *events; /* n */
	size_t accounts_n;
	size_t n;
};

/*
 * Lists of c->from or c->to: `side` is one of the two, of c->n entries.  The caller frees them.
 * Four bytes an event and four an account.  ERR_OVERFLOW: more than 32 bits can count.
 * ERR_FULL: no memory.
 */
MUST_CHECK enum err trace_lists_make(struct trace_lists *out, const struct trace_columns *c,
				     const uint32_t *side);
/* Also of a zeroed one. */
void trace_lists_free(struct trace_lists *l);

/* The place in l->events of the account's first event at or after `event`; start[a + 1] if none. */
uint32_t trace_lists_find(const struct trace_lists *l, uint32_t account, uint32_t event);

#endif
