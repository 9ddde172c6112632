/* SPDX-License-Identifier: Apache-2.0 */
/*
 * guard_reading.h - a signer's journal, or a copy of it, read by people: what that signer knew at a
 * moment, and what it said of one order (`kuramori policy explain --journal`).
 *
 * The same replay as at a signer's start, without its keys.  So nothing here can sign, and what
 * proves the journal is another thing than for the signer itself (docs/decisions/0027): each
 * attestation is signed by the signer's key and names the hash of the batch before its own, so
 * everything before the newest one is what that signer wrote.  What stands behind it nobody vouches
 * for but the file (`vouched`), unless the journal's secret is there.  An
 * attestation that the signer was handed back (LOG_GUARD_RECALL) names a place in the journal that
 * was lost: its signature is verified, and it vouches for nothing before it.
 *
 * What no journal has: who of the watchers was fresh, and what the tills held.
 */
#ifndef KURAMORI_GUARD_GUARD_READING_H
#define KURAMORI_GUARD_GUARD_READING_H

#include "guard/guard.h"

enum {
	GUARD_SAID_MAX = 32,       /* the newest are kept */
	GUARD_SAID_TEXT_MAX = 320, /* of a refusal */
	GUARD_STANDS_MAX = 5,      /* rules of the signer itself, before those of the policy */
};

enum guard_said_kind {
	GUARD_SAID_KNOWN,    /* the order's time lock runs from here */
	GUARD_SAID_REFUSED,  /* SIGN or ORDER for this request */
	GUARD_SAID_ATTESTED, /* it reserved the amount and attested */
};

/* One thing that the signer said of the request. */
struct guard_said {
	enum guard_said_kind kind;
	uint64_t sequence, time_ms;         /* of its record */
	bool this_order;                    /* KNOWN, ATTESTED: it was this very order */
	enum err err;                       /* REFUSED */
	unsigned number, approvals;         /* ATTESTED: of the attempt; people */
	char text[GUARD_SAID_TEXT_MAX + 1]; /* REFUSED: "field: words", bytes as they stand */
};

/* Read members; guard_reading.c writes them. */
struct guard_reading {
	struct guard *guard;
	uint64_t at_ms;             /* Unix; records of later batches are verified and not taken */
	struct id128 request;       /* whose sayings are wanted */
	struct hash32 order;        /* document id of the order that is asked about */
	bool past;                  /* a batch was later */
	uint64_t taken;             /* records up to the moment */
	uint64_t vouched;           /* records that an attestation's signature binds */
	uint64_t first_ms, last_ms; /* times of the first record, and of the last that was taken */
	struct id128 order_seen;    /* the last of the request that was kept */
	struct guard_said said[GUARD_SAID_MAX];
	size_t said_n;
	uint64_t said_before; /* older ones that have made room */
	const char *why; /* of an error, for people; static; "" the batch is not what it says */
	/* guard_reading_end() */
	struct policy_time now;
	struct policy_entry own; /* of an attempt of this order */
	struct doc_grant grants[CONTROL_GRANTS_KEPT];
	size_t stops, rules_due; /* freezes that bind; what came into force since the last record */
};

/* g: after guard_init() without secrets, its journal not read yet; both outlive *r. */
void guard_reading_init(struct guard_reading *r, struct guard *g, uint64_t at_ms,
			const struct id128 *request, const struct hash32 *order);

/*
 * One batch, in order.  The errors of guard_replay(); ERR_TYPE: not the journal of a signer;
 * ERR_SIGNATURE: an attestation that this signer did not sign, for this place unless it was handed
 * back.  After an error *r is not to be used but for `why`.
 */
MUST_CHECK enum err guard_reading_batch(struct guard_reading *r, struct bytes batch);

/*
 * All batches were read: clocks and rules as they are at the moment, by all clocks.  ERR_STATE: the
 * journal begins later, or is empty; ERR_FIELD_RANGE: a moment that the chain does not know.
 */
MUST_CHECK enum err guard_reading_end(struct guard_reading *r);

/*
 * What the signer asks before the policy: frozen, locked, every account closed, an order of this
 * request that was signed for.  Returns how many rows, allowed ones too.
 */
size_t guard_reading_stands(struct guard_reading *r, struct policy_verdict rows[GUARD_STANDS_MAX]);

/*
 * Fills in what the signer knew: all members of *q but order, request, request_doc, prices,
 * prices_n, approvals and veto, which the caller has set (veto is only ever added to).  Views stay
 * while *r does.
 */
void guard_reading_question(struct guard_reading *r, struct policy_question *q);

/* The newest attestation of this very order, or NULL. */
const struct guard_said *guard_reading_attested(const struct guard_reading *r);

/* The freeze that binds, i < stops: who and since when.  Views into the guard. */
const struct control_entry *guard_reading_freeze(const struct guard_reading *r, size_t i);

#endif
