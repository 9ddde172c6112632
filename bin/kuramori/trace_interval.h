/* SPDX-License-Identifier: Apache-2.0 */
/*
 * trace_interval.h - of what the interval of all rules is told: what reached each label, the
 * accounts that hold the most, and the deposits and accounts that somebody asks for by name.
 * Report, bounds and re-run bundle tell of the same ones.
 */
#ifndef KURAMORI_BIN_TRACE_INTERVAL_H
#define KURAMORI_BIN_TRACE_INTERVAL_H

#include "trace_run.h"
#include "trace_tally.h"

enum {
	TRACE_INTERVAL_RICHEST = 20,      /* accounts of each rule */
	TRACE_INTERVAL_ARCS_MAX = 400000, /* a network that is answered in seconds, not minutes */
	TRACE_INTERVAL_ARC_STEPS = 32,    /* what an arc costs that is made */
	TRACE_INTERVAL_PER_MILLE = 1000,
};

/*
 * What all intervals of a report may cost together (trace_bounds_grant()): some seconds.  A case
 * that a thief made for it would cost minutes, or hours with a label a payment.
 */
#define TRACE_INTERVAL_STEPS UINT64_C(500000000)

/* A deposit (the one payment of a transaction to an address), or what an address holds. */
struct trace_asked {
	bool deposit;
	struct hash32 tx;    /* of a deposit */
	const char *address; /* borrowed */
	size_t event;        /* of a deposit */
	size_t
	    *places; /* of the address, in the run's accounts; none: the case does not go there */
	size_t places_n;
	uint64_t amount; /* that the deposit moved, or that the address holds, stolen or not */
	uint64_t
	    units[TRACE_POLICIES]; /* of the case by each of its rules; poison: all or nothing */
	struct trace_interval x;
};

struct trace_asked_list {
	struct trace_asked *p;
	size_t n;
};

/*
 * The words deposit=TX/ADDRESS, then account=ADDRESS, as the case has them at the end of the run;
 * without the intervals.  0 or an exit code, said on stderr; freed by trace_asked_free() also
 * then.  The words are borrowed.
 */
int trace_asked_find(struct trace_asked_list *out, struct trace_run *r, const char *const *w,
		     size_t n);
void trace_asked_free(struct trace_asked_list *l);
/* Their intervals.  ERR_FULL. */
MUST_CHECK enum err trace_asked_bounds(struct trace_asked_list *l, const struct trace_run *r,
				       struct trace_bounds *b);

/* The numbers of the accounts that one asked for has; malloc'd. */
uint32_t *trace_asked_accounts(const struct trace_asked *a, const struct trace_run *r);

/* Units of the case that are with the place-th account under a policy: followed or at rest. */
static inline uint64_t trace_interval_sits(const struct trace_run *r, size_t place, unsigned p)
{
	return r->held[place * r->n + p] + r->rests[place * r->n + p];
}

/* The accounts that hold the most under each rule that counts, TRACE_INTERVAL_RICHEST of each, in
 * rising order; malloc'd places. */
size_t *trace_interval_richest(const struct trace_run *r, size_t *n);

/* The accounts of a group of labels; malloc'd numbers.  *open: one of them at least is no sink. */
uint32_t *trace_interval_group(const struct trace_run *r, const struct trace_tally *t, size_t group,
			       size_t *n, bool *open);

/*
 * The network in which these accounts of a group are sinks, for what ever came there: what making
 * it costs is taken from what is granted to b, and it gets the rest.  The caller gives back what is
 * left with trace_interval_ever_free().  Errors of trace_bounds_new(), and ERR_TOO_LARGE.
 */
MUST_CHECK enum err trace_interval_ever(struct trace_bounds **ever, const struct trace_run *r,
					struct trace_bounds *b, const uint32_t *accounts, size_t n);
/* NULL is allowed. */
void trace_interval_ever_free(struct trace_bounds *ever, struct trace_bounds *b);

/* Among some accounts, in order: where the rules of the case differ most. */
struct trace_spread {
	size_t place;       /* SIZE_MAX: nowhere */
	unsigned low, high; /* which rules say the least and the most */
	uint64_t least, most;
};

struct trace_spread trace_interval_spread(const struct trace_run *r, const size_t *places,
					  size_t n);

/* The case gives coins up (floor, hops), which the intervals do not know. */
bool trace_interval_loose(const struct casefile *f);

#endif
