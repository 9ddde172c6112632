/* SPDX-License-Identifier: Apache-2.0 */
/*
 * pedigree.h - where the coins of one deposit came from, unit by unit, under FIFO or LIFO: the rule
 * run backward (docs/trace.md, "Pedigree").
 */
#ifndef KURAMORI_TRACE_PEDIGREE_H
#define KURAMORI_TRACE_PEDIGREE_H

#include <stddef.h>
#include <stdint.h>

#include "base/attr.h"
#include "base/err.h"
#include "trace/columns.h"
#include "trace/engine.h"
#include "trace/lists.h"

enum trace_piece_kind {
	TRACE_PIECE_PASSED = 1,  /* came from earlier events, which are there too */
	TRACE_PIECE_ISSUED = 2,  /* made here: genesis, coinbase */
	TRACE_PIECE_ORIGIN = 3,  /* sent by an account at which the caller ends */
	TRACE_PIECE_EARLIER = 4, /* before the first event that the caller asks for */
};

/* Units a up to, not with, b of what one event moved are among the deposit. */
struct trace_piece {
	uint32_t event;
	enum trace_piece_kind kind;
	uint64_t a, b;
};

/* Where to end. */
struct trace_pedigree_ends {
	const uint32_t *origins; /* accounts behind which is not looked, rising; may be NULL */
	size_t origins_n;
	size_t first_event; /* events before are not looked behind */
	size_t pieces_max;  /* 0: as many as there are */
};

struct trace_pedigree {
	struct trace_piece *p; /* latest event first, within an event by units; none overlap */
	size_t n;
};

/*
 * All events that the coins of event `event` went through, and which units of each.  The pieces
 * that are not PASSED add up to the deposit's amount.
 * policy: TRACE_FIFO or TRACE_LIFO, which alone can be turned round; out and in are the lists of
 * c->from and of c->to.  The caller frees *out with trace_pedigree_free().
 * ERR_TYPE: another policy.  ERR_NOT_FOUND: no such event.  ERR_TOO_LARGE: more than pieces_max.
 * ERR_FULL: no memory.
 * Cost: FIFO a search in a list per piece; LIFO a walk back in the sender's history per event.
 */
MUST_CHECK enum err trace_pedigree_make(struct trace_pedigree *out, const struct trace_columns *c,
					const struct trace_lists *out_list,
					const struct trace_lists *in_list, enum trace_policy policy,
					size_t event, const struct trace_pedigree_ends *ends);
/* Also of a zeroed one. */
void trace_pedigree_free(struct trace_pedigree *p);

#endif
