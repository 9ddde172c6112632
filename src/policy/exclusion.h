/* SPDX-License-Identifier: Apache-2.0 */
/*
 * exclusion.h - when an attempt is dead, so that its order may be tried once more
 * (docs/decisions/0009, docs/withdrawal.md).  One rule, used alike by both signers, by every
 * watcher and by the server.
 *
 * NEM never says that a payment cannot come any more: only a wrapper has a deadline that blocks
 * ask, and one hot key can wrap a cosigned payment again (nem.md 2.8).  What it needs is the
 * till's money.  So an attempt is dead when its till is closed and, at a block that no node undoes
 * any more, was empty, the honest wrapper's deadline was over, and no block up to the newest has
 * the payment.  Each watcher says so of its own chain in an `exclusion`; k of them are a proof,
 * because at most k - 1 lie.  What is said of a final block stays true: a statement does not age.
 *
 * Everything here is pure: no clock, no memory of its own.
 */
#ifndef KURAMORI_POLICY_EXCLUSION_H
#define KURAMORI_POLICY_EXCLUSION_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/attr.h"
#include "base/bytes.h"
#include "base/err.h"
#include "chain/nem/nem_follow.h"
#include "doc/document.h"
#include "doc/types.h"
#include "policy/payment.h"
#include "policy/policy.h"

enum {
	EXCLUSION_DEPTH = NEM_FOLLOW_REWRITE_MAX, /* blocks above the final one */
	EXCLUSION_FREE = 2,                       /* attempts of an order that need no officer */
	EXCLUSION_EARLIER_MAX = DOC_ATTEMPTS_MAX - 1,
	EXCLUSION_STATEMENTS_MAX = EXCLUSION_EARLIER_MAX * DOC_WATCHERS_MAX,
};

/* What stands beside a later attempt: the earlier ones in their order, and what watchers say. */
struct exclusion_set {
	size_t earlier_n;

	struct exclusion_earlier {
		struct doc doc; /* views the bytes that it was opened from */
		struct doc_attempt attempt;
		struct hash32 inner_hash; /* these two by exclusion_check() */
		u128 outflow;             /* amount and exact fees */
	} earlier[EXCLUSION_EARLIER_MAX];

	size_t statements_n;

	struct exclusion_statement {
		struct doc doc;
		struct doc_exclusion says;
	} statements[EXCLUSION_STATEMENTS_MAX];
};

/*
 * One more, opened by the caller.  ERR_FULL more than any order can have; the errors of
 * doc_attempt_read() and doc_exclusion_read(), with fault.  The set is unchanged on error.
 */
MUST_CHECK enum err exclusion_add_earlier(struct exclusion_set *set, const struct doc *d,
					  struct doc_fault *fault);
MUST_CHECK enum err exclusion_add_statement(struct exclusion_set *set, const struct doc *d,
					    struct doc_fault *fault);

/* So little that it does not even pay for its own move (micro-XEM): the till is empty. */
bool exclusion_is_empty(uint64_t residue_micro);

/* Who judges, and about what.  All borrowed, none NULL. */
struct exclusion_question {
	const struct doc_genesis *genesis;
	const struct doc_roster *roster;
	const struct doc_order *order;
	const struct hash32 *order_id;
	unsigned needed; /* statements for each attempt: watchers_needed of the roster */
};

/*
 * Do the statements of the set show that every attempt before this number is dead?  Checked with
 * the field named: as many earlier attempts as the number says, numbered from 1, all of this order,
 * each from another till of genesis (ERR_STATE, ERR_MISMATCH, ERR_POLICY); each statement about one
 * of them (ERR_MISMATCH), of a watcher of the roster (ERR_SIGNER_UNKNOWN) and signed by it
 * (ERR_SIGNATURE), one word each (ERR_ONCE), deep enough (ERR_STATE), with the till empty and never
 * again holding what the payment needs (ERR_FUNDS) and after its deadline (ERR_EXPIRED); enough of
 * them for each (ERR_WAIT).  Fills inner_hash and outflow of all earlier ones on ERR_OK.
 */
struct policy_verdict exclusion_check(struct exclusion_set *set, const struct exclusion_question *q,
				      const struct doc_attempt *attempt);

/*
 * One statement about one attempt whose payment is known, as above but for the quorum; *watcher is
 * its place in the roster on ERR_OK.
 */
struct policy_verdict exclusion_statement_check(const struct exclusion_question *q,
						const struct exclusion_earlier *earlier,
						const struct exclusion_statement *statement,
						size_t *watcher);

/*
 * T12, T16: one attempt may die of bad luck.  When the second is dead too, somebody collects
 * signatures, or something is broken that another attempt does not mend: a signer that is asked for
 * attempt `number`, the third or later, signs this freeze instead, and the attempt only when
 * officers have lifted it (docs/decisions/0025).  All of it follows from the order and the number,
 * so it is asked for once, whoever asks how often, and every watcher knows its id.
 */
void exclusion_freeze(struct doc_freeze *out, enum doc_signer signer, const struct doc_order *order,
		      const struct hash32 *order_id, unsigned number);
/* The id of that freeze. */
void exclusion_freeze_id(struct hash32 *out, enum doc_signer signer, const struct doc_order *order,
			 const struct hash32 *order_id, unsigned number);

/* The payment that an earlier attempt stands for; fills inner_hash and outflow. */
struct policy_verdict exclusion_payment(struct exclusion_earlier *earlier,
					const struct exclusion_question *q);

#endif
