/* SPDX-License-Identifier: Apache-2.0 */
/*
 * bounds.h - what every rule must agree on: how much stolen coin an account or a deposit holds at
 * least and at most, whatever rule is preferred (docs/trace.md, "The interval").
 *
 * A rule may mix as it likes, but it cannot move coins that are not there: stolen units travel only
 * where transfers went, only after they arrived, and an account never holds more of them than its
 * balance.  So every rule is a flow in the network whose nodes are accounts between two of their
 * outflows and whose arcs are transfers and what was kept.  The most that can flow to a place is
 * its upper bound; what cannot flow anywhere else is its lower bound.  Both are reached by some
 * rule: the interval cannot be made narrower without choosing one.
 *
 * Rules with floors or hops give coins up; what they leave may be less than the lower bound.
 */
#ifndef KURAMORI_TRACE_BOUNDS_H
#define KURAMORI_TRACE_BOUNDS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/attr.h"
#include "base/err.h"
#include "trace/columns.h"
#include "trace/engine.h"
#include "trace/nexts.h"

struct trace_bounds;

struct trace_interval {
	uint64_t lower, upper; /* smallest units */
};

/*
 * The network of one case: its seeds, its sinks, and its ends by height and time count; policy,
 * floors and hops do not.  blocks, columns and nexts (or NULL) as of
 * trace_engine_run(); nothing of them is kept.  The caller frees *out with trace_bounds_free().
 * Errors as of trace_engine_new() and trace_engine_run(), and ERR_OVERFLOW when the seeds are more
 * than 64 bits together.
 */
MUST_CHECK enum err trace_bounds_new(struct trace_bounds **out, const struct trace_case *c,
				     const struct trace_columns *columns,
				     const struct trace_block *blocks, size_t blocks_n,
				     const struct trace_nexts *nexts);
/* NULL is allowed. */
void trace_bounds_free(struct trace_bounds *b);

/* Arcs of the network, and units that all seeds named (overlapping ones count twice here). */
size_t trace_bounds_arcs(const struct trace_bounds *b);
uint64_t trace_bounds_stolen(const struct trace_bounds *b);

/*
 * How much all questions from now on may cost together, in arcs that a search looks at (each time
 * counted; some nanoseconds each); a new network may cost anything.  A question that would cost
 * more is ERR_TOO_LARGE, and so is every later one that has to search.  The same network and
 * questions cost the same everywhere.
 */
void trace_bounds_grant(struct trace_bounds *b, uint64_t steps);
/* What of it is left. */
uint64_t trace_bounds_granted(const struct trace_bounds *b);

/*
 * Of what one event moved (a deposit): the seeds' units among its amount.  Events that no stolen
 * coin can have reached give 0, 0.  ERR_TOO_LARGE: more than was granted.
 */
MUST_CHECK enum err trace_bounds_event(struct trace_bounds *b, size_t event,
				       struct trace_interval *out);

/*
 * Of what n accounts hold together at the end, or absorbed if they are sinks (one exchange has many
 * addresses: the sum of single intervals would be too wide).  Each account once.  ERR_FULL: no
 * memory; ERR_TOO_LARGE.
 */
MUST_CHECK enum err trace_bounds_accounts(struct trace_bounds *b, const uint32_t *accounts,
					  size_t n, struct trace_interval *out);

/*
 * Why one end of an interval is where it is, so that it can be verified in one pass, without a
 * search (docs/trace-bundle.md, "The proof of an interval"): a rule that reaches the end, as its
 * differences from the first flow, and a cut that no rule gets past.
 */
struct trace_proof_units {
	size_t at; /* of moves an event, of overlaps the place of a seed in the case */
	uint64_t units;
};

/* The account turns to the other side when its coins are counted anew by this event or seed. */
struct trace_proof_turn {
	bool of_seed;
	size_t at;
	uint32_t account;
};

struct trace_proof {
	struct trace_proof_units *moves; /* by event */
	size_t moves_n;
	struct trace_proof_units *overlaps; /* of a part of coins that were the case's already */
	size_t overlaps_n;
	struct trace_proof_turn *turns; /* in the order of events and seeds */
	size_t turns_n;
	bool gone; /* what has come to rest, or is destroyed, lies on the side of the goal */
};

/*
 * The proof of the upper end (`most`) or the lower one of trace_bounds_accounts(); *value is that
 * end.  The caller frees *out with trace_proof_free().  ERR_FULL, ERR_TOO_LARGE.
 */
MUST_CHECK enum err trace_bounds_prove(struct trace_bounds *b, const uint32_t *accounts, size_t n,
				       bool most, uint64_t *value, struct trace_proof *out);
/*
 * The same of trace_bounds_event().  A lower end of nothing, an upper one of all that the event
 * moved, and what a seed names need no cut: their proofs have no turns.
 */
MUST_CHECK enum err trace_bounds_prove_event(struct trace_bounds *b, size_t event, bool most,
					     uint64_t *value, struct trace_proof *out);
/* A zeroed one is fine. */
void trace_proof_free(struct trace_proof *p);

#endif
