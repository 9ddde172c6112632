/* SPDX-License-Identifier: Apache-2.0 */
/*
 * trail.h - does the journal tell of each withdrawal a way that the table of states allows?  From
 * raw records, beside books_verify (books/verify.h), believing nothing.
 *
 * Checked of each WITHDRAWAL_STATE: that the withdrawal was asked for (its request is in the
 * journal), that it is about this customer as before, that it goes from the state in which the
 * withdrawal is, that the table (payout/state.h) has that step, that a blob says who and why, and
 * that he may.  Of each commit: that every withdrawal it touches has the hold that its state says:
 * one from the customer to in-flight until it is settled, refused or expired, none from then on.
 *
 * Memory: 52 to 84 bytes a withdrawal.
 */
#ifndef KURAMORI_PAYOUT_TRAIL_H
#define KURAMORI_PAYOUT_TRAIL_H

#include "books/verify.h"
#include "payout/map.h"
#include "payout/state.h"

struct trail_withdrawal {
	struct id128 id;
	struct id128 account; /* the customer's; zero before the first change */
	uint8_t state;        /* enum payout_state */
	bool settled;         /* once: its hold is posted */
	bool touched;         /* by this commit */
};

/* All zero is an empty one. */
struct trail {
	struct trail_withdrawal *all;
	size_t n, cap;
	struct map by_id;
	uint32_t *touched; /* by this commit */
	size_t touched_n, touched_cap;
	uint64_t changes;
};

void trail_free(struct trail *t);

/* For books_verify's `also`, with context = the struct trail.  ERR_CORRUPT with words; ERR_FULL. */
extern const struct books_verify_also trail_also;

#endif
