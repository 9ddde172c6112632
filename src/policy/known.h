/* SPDX-License-Identifier: Apache-2.0 */
/*
 * known.h - the orders that a judge knows before they are to be signed, and since when: what time
 * locks count from (docs/decisions/0019-who-knows-an-order-and-since-when.md).
 *
 * One order of each request: another one of the same request takes its place and begins its own
 * time.  So only who has a back end's key can fill the table, and a full one only refuses.  No
 * I/O, no clock, no allocation: the caller journals what it learns and learns it again in a replay.
 */
#ifndef KURAMORI_POLICY_KNOWN_H
#define KURAMORI_POLICY_KNOWN_H

#include "policy/policy.h"

enum {
	KNOWN_CHANGES_MAX = 3, /* so often may another order take a request's place */
	/* an order is over when it has expired; so much later its place may be taken */
	KNOWN_KEEP_MS = POLICY_DAY_MS,
};

/* One known order.  own_ms and chain_s are the judge's clocks when it learned it. */
struct known_order {
	struct id128 request;
	struct id128 order;  /* first 16 bytes of its document id */
	uint64_t expires_ms; /* as the order says, Unix milliseconds */
	uint64_t own_ms;
	uint64_t time_ms;  /* for receipts: the host's clock then */
	uint64_t sequence; /* for receipts: of its record */
	uint32_t chain_s;
	uint32_t
	    changes; /* orders of this request that it took the place of; known_learn() sets it */
};

struct known {
	struct known_order *orders; /* the caller's */
	size_t cap, n;
};

/* orders: cap places that outlive *k.  Empty afterwards. */
void known_init(struct known *k, struct known_order *orders, size_t cap);

/* The order if it is known, else NULL; valid until the next known_learn(). */
const struct known_order *known_find(const struct known *k, const struct id128 *request,
				     const struct id128 *order);

/* The same as a moment of a policy_question; not known: .known is false. */
struct policy_moment known_since(const struct known *k, const struct id128 *request,
				 const struct id128 *order);

/*
 * Remembers one, unless it is known: then nothing changes, its time least of all.  Orders that are
 * over by the faster of its clocks (own_ms, chain_s) make room when it is needed.
 * ERR_ONCE: the request has had more orders than it may; ERR_FULL.  Nothing changes then.
 */
MUST_CHECK enum err known_learn(struct known *k, const struct known_order *one);

#endif
