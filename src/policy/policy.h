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

#include <assert.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/attr.h"
#include "base/bytes.h"
#include "base/err.h"
#include "base/money.h"
#include "doc/types.h"

enum {
	POLICY_HOUR_MS = 3600 * 1000,
	POLICY_DAY_MS = 24 * POLICY_HOUR_MS,
	POLICY_REQUEST_DAYS = 35,  /* an older request id is refused as stale (design.md 6) */
	POLICY_CHAIN_AHEAD_S = 10, /* how far an attempt may be ahead of the chain (nem.md 3.4) */
	POLICY_WORDS_MAX = 200,
	POLICY_RULES_MAX = 40,
	POLICY_DAY_MINUTES = 1440,
};

/* No asset has so much of its smallest unit; sums of a history stay in their range. */
#define POLICY_OUTFLOW_MAX ((u128)1 << 96)

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
	bool least;        /* figure must reach limit; else it must not pass it */
};

/* "words: figure N, limit M (field)" into out, always NUL-terminated; for refusals and logs. */
void policy_words(char out[POLICY_WORDS_MAX], const struct policy_verdict *v);

/*
 * What left, or may leave, in the last day: the memory behind hour_max, day_max,
 * unapproved_day_max and the caps in yen.  An entry counts until BOTH clocks say that it is out of
 * the window, so neither clock set forward frees anything, and windows roll: there is no edge at
 * which the sum starts again from zero.
 */
struct policy_entry {
	uint64_t own_ms;
	uint32_t chain_s;
	uint32_t approvals; /* different people who said yes; 0: from the no-approval budget */
	u128 outflow;       /* amount and all network fees, smallest units of the policy's asset;
			       0: a payment of another asset, which counts in yen alone */
	uint64_t yen;       /* what that was worth when it was signed; 0: there was no cap in yen */
	uint64_t price;     /* with yen: the price that it was counted at, nano-yen */
};

/*
 * An entry as a history keeps it.  There are thousands, all in memory: the members stand so that
 * none leaves a hole.
 */
struct policy_kept {
	uint64_t own_ms;
	uint64_t yen;
	u128 outflow;
	uint32_t chain_s;
	uint32_t approvals;
	uint64_t share; /* a part of the sums that POLICY_BLOCK entries in a row keep together */
};

static_assert(sizeof(struct policy_kept) == 48, "no hole");

enum { POLICY_BLOCK = 8 };

struct policy_sums {
	u128 all;
	u128 unapproved;
	u128 yen;
};

struct policy_history {
	struct policy_kept *entries; /* the caller's; oldest first */
	size_t cap;
	size_t n;
	struct policy_sums sums; /* of all of them */

	/* the newest price that anything was counted at; price 0: none */
	struct policy_last_price {
		uint64_t price;
		uint64_t own_ms;
		uint32_t chain_s;
	} price;
};

/* entries: cap places that outlive *h.  Empty afterwards. */
void policy_history_init(struct policy_history *h, struct policy_kept *entries, size_t cap);

/*
 * Remembers one payment.  Entries that have left the day by both clocks at (own_ms, chain_s) of the
 * new one are forgotten when space is needed.
 * ERR_FULL: no room; ERR_OVERFLOW: more than POLICY_OUTFLOW_MAX.  Nothing is remembered then, and
 * the payment must be refused.
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
 * unapproved_only: only entries without approvals.
 */
u128 policy_history_sum(const struct policy_history *h, const struct policy_time *now,
			uint64_t window_ms, bool unapproved_only);
/* The same in yen. */
u128 policy_history_yen(const struct policy_history *h, const struct policy_time *now,
			uint64_t window_ms);

/* What is of this own_ms and chain_s is out of the window, by both clocks. */
bool policy_has_left(uint64_t own_ms, uint32_t chain_s, const struct policy_time *now,
		     uint64_t window_ms);

/* When a judge learned something, by both its clocks. */
struct policy_moment {
	bool known;
	bool always; /* with known: from the beginning, so that it has waited for long enough */
	uint32_t chain_s;
	uint64_t own_ms;
};

/* What a price source of the roster said; its signature was checked. */
struct policy_price {
	const char *rate; /* decimal text of a price document: yen for one whole coin */
	uint64_t time_ms;
	size_t source; /* its place in the roster */
};

/* The addresses of genesis.hot, in their order: they follow from the keys by three hashes each. */
struct policy_own {
	struct doc_address hot[DOC_HOT_MAX];
};

void policy_own_make(struct policy_own *out, const struct doc_genesis *genesis);

/* Everything one judgement looks at.  All pointers borrowed, none NULL where its count is not 0. */
struct policy_question {
	const struct doc_genesis *genesis;
	const struct policy_own *own; /* of this genesis */
	const struct doc_policy *policy;
	const struct doc_order *order;
	const struct doc_request *request;
	const struct hash32 *request_doc; /* document id of request; its signature was checked */
	const struct policy_history *history;
	/* entries of history that stand for earlier attempts of this order, which are dead */
	const struct policy_entry *dead;
	size_t dead_n;
	/* announced, signed by governance and not cancelled; their dates are judged here */
	const struct doc_grant *grants;
	size_t grants_n;
	const struct policy_price *prices;
	size_t prices_n;
	size_t prices_needed;             /* of the roster; 0: there are no price sources */
	struct policy_moment order_known; /* when this judge first had the order */
	/* when the policy that listed the destination first, and without a gap since, came into
	 * force */
	struct policy_moment listed;
	struct policy_time now;
	/*
	 * 0, or of one who judges afterwards what another has signed: when that one says it did,
	 * Unix ms.  Hours and expiry go by it alone, all else by now: a clock that was set back
	 * since the record before makes neither of them wrong, and no window shorter.
	 */
	uint64_t said_ms;
	unsigned approvals; /* different approvers whose signed yes names this order */
	/* what was attested without approvals since a person has compared (day.h); 0: not judged */
	u128 unapproved_since;
	bool veto; /* somebody's signed no names this order */
};

/*
 * The judgement.  In this order: the policy itself is complete; asset, chain, network, vault;
 * message; the request says exactly what the order says; amount, payment_max, tier; fees, absolute
 * and relative; destination and its kind; times; allow-list, cooling, grants; hours; time lock;
 * veto, approvals; windows; prices, windows in yen. The first rule that is broken is the answer:
 *   ERR_POLICY    the policy is incomplete, or the vault or destination is not allowed; there are
 *                 caps in yen and no price sources
 *   ERR_ASSET, ERR_NETWORK, ERR_ADDRESS, ERR_AMOUNT, ERR_TOO_LARGE (message)
 *   ERR_MISMATCH  order and request differ; prices differ by more than yen.jump_max_bp
 *   ERR_CAP       payment_max, last tier, fee_max, fee_bp_max, unlisted_max, hours, hour_max,
 *                 day_max, unapproved_day_max, yen.hour_max, yen.day_max
 *   ERR_WAIT      the time lock, or a newly listed destination
 *   ERR_EXPIRED, ERR_STALE (request id too old; a price too old, or too few), ERR_CLOCK (clocks too
 *   far apart; something from the future), ERR_ONCE (two prices of one source), ERR_OVERFLOW (more
 *   yen than can be counted)
 *   ERR_VETO, ERR_APPROVALS, ERR_FULL (history)
 */
struct policy_verdict policy_judge(const struct policy_question *q);

/*
 * Only what concerns the order itself and the request behind it: may it be known from now on, so
 * that its time lock runs?  Of q: genesis, own, policy, order, request, request_doc, now.  Errors
 * as above, of the policy itself, asset to request, amount, destination (its kind aside), times.
 */
struct policy_verdict policy_order(const struct policy_question *q);

/* What has passed since, by the slower clock, in ms; 0: not known. */
uint64_t policy_since_ms(const struct policy_moment *m, const struct policy_time *now);

/*
 * The same, rule by rule: rows[i] is what rule i says, allowed ones too, with figure and limit
 * where a rule has them, until one on which all others build is broken.  The first row that is not
 * allowed is policy_judge()'s answer.  Returns how many rows; at most POLICY_RULES_MAX.
 */
size_t policy_explain(struct policy_verdict rows[POLICY_RULES_MAX],
		      const struct policy_question *q);

/*
 * What to remember of a question that policy_judge() answered with yes (dies otherwise where it
 * notices): amount, fees, people, and yen at the price that was judged.
 */
struct policy_entry policy_entry_of(const struct policy_question *q);

/*
 * The rule of the budget alone (day.h): a payment without approvals that takes outflow, when since
 * were attested without them since a person has compared.  ERR_OK or ERR_CAP.
 */
struct policy_verdict policy_budget(const struct doc_policy *policy, u128 since, u128 outflow);

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
/* The whole tier, which lies in policy.  Errors alike. */
MUST_CHECK enum err policy_tier_find(const struct doc_tier **tier, const struct doc_policy *policy,
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
 * Zero if no tier is within reach, or nothing may leave at any time of the week.
 *
 * An upper bound: as if there were a payment at every moment, of the most that the week and the
 * address allow.  unlisted_max binds it only if there is no other address to pay to: with a list,
 * grants or payments to our own accounts, governance may have put his address there.  Caps in yen
 * are not counted: what they are in coins depends on prices.
 */
struct policy_exposure {
	u128 hour;
	u128 day;
	u128 payment; /* in one payment */
};

void policy_exposure(struct policy_exposure *out, const struct doc_policy *policy,
		     unsigned approvers);

#endif
