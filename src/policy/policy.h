/* SPDX-License-Identifier: Apache-2.0 */
/*
 * policy.h - may this order be paid?  One pure judgement, used alike by both signers (guard), by
 * every watcher (watch) and as advice by the server (payout).
 *
 * Default is no (P11): what the policy does not name, what it leaves at zero and what lies above
 * its last tier is refused.  No I/O, no clock, no allocation; signatures are checked by the caller,
 * who passes on how many different people said yes.
 *
 * Two clocks (design.md 3): `own` is the judge's accumulated monotonic time, `chain` the median
 * chain time of its heartbeats (for a watcher: of its nodes).  What frees value waits for the
 * slower, what ends something obeys the faster.
 */
#ifndef KURAMORI_POLICY_POLICY_H
#define KURAMORI_POLICY_POLICY_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/attr.h"
#include "base/bytes.h"
#include "base/err.h"
#include "base/money.h"

struct doc_genesis;
struct doc_policy;
struct doc_order;
struct doc_request;

enum {
	POLICY_HOUR_MS = 3600 * 1000,
	POLICY_DAY_MS = 24 * POLICY_HOUR_MS,
	POLICY_REQUEST_DAYS = 35,  /* an older request id is refused as stale (design.md 6) */
	POLICY_CHAIN_AHEAD_S = 10, /* how far an attempt may be ahead of the chain (nem.md 3.4) */
	POLICY_WORDS_MAX = 200,
};

/* The times of one judgement. */
struct policy_time {
	uint64_t own_ms;  /* accumulated, never backwards, time while off not counted */
	uint64_t wall_ms; /* Unix milliseconds of the host: believed only to end things */
	uint32_t chain_s; /* NEM seconds */
};

/* What was decided and why.  A plain value. */
struct policy_verdict {
	enum err err;      /* ERR_OK: allowed */
	const char *field; /* "amount", "policy.hour_max"; "" when allowed.  Static storage. */
	const char *words; /* why, for people.  Static storage. */
	bool has_figure;   /* figure and limit mean something */
	u128 figure;       /* what was asked for or would be reached */
	u128 limit;        /* what it was compared with, in the same unit */
};

/* "words: figure N, limit M (field)" into out, always NUL-terminated; for refusals and logs. */
void policy_words(char out[POLICY_WORDS_MAX], const struct policy_verdict *v);

/*
 * What left, or may leave, in the last day: the memory behind hour_max, day_max and
 * unapproved_day_max.  An entry counts until BOTH clocks say that it is out of the window, so
 * neither clock set forward frees anything, and windows roll: there is no edge at which the sum
 * starts again from zero.
 */
struct policy_entry {
	uint64_t own_ms;
	u128 outflow; /* amount and all network fees, smallest units */
	uint32_t chain_s;
	uint32_t approvals; /* different people who said yes; 0: from the no-approval budget */
};

struct policy_history {
	struct policy_entry *entries; /* the caller's; oldest first */
	size_t cap;
	size_t n;
};

/* entries: cap places that outlive *h.  Empty afterwards. */
void policy_history_init(struct policy_history *h, struct policy_entry *entries, size_t cap);

/*
 * Remembers one payment.  Entries that have left the day by both clocks at (own_ms, chain_s) of the
 * new one are forgotten when space is needed.  ERR_FULL: no room, nothing remembered; the payment
 * must be refused then.
 */
MUST_CHECK enum err policy_history_add(struct policy_history *h, const struct policy_entry *entry);

/*
 * The payment behind this entry can never leave any more (exclusion.h), so it counts no more; an
 * entry that is not there is none to forget.
 */
void policy_history_forget(struct policy_history *h, const struct policy_entry *entry);

/* True if policy_history_add() of an entry with these times would find room. */
bool policy_history_has_room(const struct policy_history *h, const struct policy_time *now);

/*
 * The sum of what still counts in the last window_ms (a whole number of seconds).
 * unapproved_only: only entries without approvals.  Saturates at 2^128 - 1.
 */
u128 policy_history_sum(const struct policy_history *h, const struct policy_time *now,
			uint64_t window_ms, bool unapproved_only);

/* Everything one judgement looks at.  All pointers borrowed, none NULL. */
struct policy_question {
	const struct doc_genesis *genesis;
	const struct doc_policy *policy;
	const struct doc_order *order;
	const struct doc_request *request;
	const struct hash32 *request_doc; /* document id of request; its signature was checked */
	const struct policy_history *history;
	/* entries of history that stand for earlier attempts of this order, which are dead */
	const struct policy_entry *dead;
	size_t dead_n;
	struct policy_time now;
	unsigned approvals; /* different approvers whose signed yes names this order */
	bool veto;          /* somebody's signed no names this order */
};

/*
 * The judgement.  In this order: the policy itself is complete; asset, chain, network, vault; the
 * request says exactly what the order says; amount, payment_max, tier; fees; destination (an
 * address of the right network and none of our own); message; times; veto, approvals; windows.
 * The first rule that is broken is the answer:
 *   ERR_POLICY    the policy is incomplete, or the vault or destination is not allowed
 *   ERR_ASSET, ERR_NETWORK, ERR_ADDRESS, ERR_AMOUNT, ERR_TOO_LARGE (message)
 *   ERR_MISMATCH  order and request differ
 *   ERR_CAP       payment_max, last tier, fee_max, hour_max, day_max, unapproved_day_max
 *   ERR_EXPIRED, ERR_STALE (request id too old), ERR_CLOCK (clocks too far apart)
 *   ERR_VETO, ERR_APPROVALS, ERR_FULL (history)
 */
struct policy_verdict policy_judge(const struct policy_question *q);

/* Only the first step of policy_judge(): is this policy complete and consistent?  For start-up. */
struct policy_verdict policy_check(const struct doc_policy *policy);

/*
 * |wall - chain| is at most clock_skew_ms: ERR_OK, else ERR_CLOCK with figure and limit in ms.
 * Part of policy_judge(); alone for those who only want to know whether they may sign at all.
 */
struct policy_verdict policy_clocks(const struct doc_policy *policy, const struct policy_time *now);

/*
 * The most that one payment may carry at this time of the week (UTC, day 0 is Monday, minute 0 to
 * 1,439) by policy.hours alone; 2^128 - 1 when none of them speaks of it.
 */
u128 policy_hours_max(const struct doc_policy *policy, unsigned day, unsigned minute);

/*
 * How many people must approve this amount.  ERR_CAP above the last tier, ERR_AMOUNT zero,
 * ERR_POLICY no tiers.  *approvals is written on ERR_OK only.
 */
MUST_CHECK enum err policy_tier(unsigned *approvals, const struct doc_policy *policy,
				const struct money *amount);

/*
 * The network fees of one payment, each the exact minimum (nem_fee.h), by amount and message
 * length in bytes.  *total is their sum.  ERR_FIELD_RANGE: amount or message the chain cannot
 * carry.
 */
struct policy_fees {
	uint64_t inner;
	uint64_t outer;
	uint64_t cosign;
	uint64_t total;
};

MUST_CHECK enum err policy_fees(struct policy_fees *out, const struct money *amount,
				size_t message_bytes);

/*
 * The most that whoever commands this many approvers (0: none, only the back end's key and the
 * server) can move in any hour and any day under this policy, all payments and fees together (P4).
 * Zero if no tier is within reach.
 */
struct policy_exposure {
	u128 hour;
	u128 day;
	u128 payment; /* in one payment */
};

void policy_exposure(struct policy_exposure *out, const struct doc_policy *policy,
		     unsigned approvers);

#endif
