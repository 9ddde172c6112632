/* SPDX-License-Identifier: Apache-2.0 */
/*
 * ceiling.h - hot accounts hold more than the policy's hot_ceiling_bp of everything: which reserve
 * purse goes whole to its own spare box (docs/decisions/0039).
 *
 * The rule, alike for everybody who has the same figures.  Over is: tills, purses and deposit
 * accounts together hold more than the ceiling.  One purse goes at a time, whole; what is left is
 * at least half of the ceiling, so that the float cannot be drained and a refill is not asked for
 * right after it.  Of those that may go the smallest that cures it; if none does, the largest.  A
 * purse that has ever paid, or whose spare box was filled or has paid, never goes: both are used
 * once.  What is on its way out of a purse counts as gone: it is not chosen twice, and who keeps a
 * used purse moving with dust of his own does not keep the others hot.
 *
 * Amounts are micro-XEM.  Nothing is trusted but the figures passed in: whoever asks takes the
 * least that watchers say of a hot account and the most that they say of a cold one.
 */
#ifndef KURAMORI_POLICY_CEILING_H
#define KURAMORI_POLICY_CEILING_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "doc/types.h"

/* What a spare box may hold and still count as never filled: what strangers sent, or what its own
 * making left.  Who sends more to keep coins hot has to give us 100 XEM for it. */
#define CEILING_DUST_MICRO UINT64_C(100000000)

/* One hot account of genesis. */
struct ceiling_account {
	enum doc_hot_kind kind;
	uint64_t micro; /* at most the chain's supply */
	bool moving;    /* a payment of it is signed, or is ahead because it was closed */
	bool spent;     /* coins have left it before */
	bool box_known; /* its spare box is under the control of several keys, as it must be */
	bool box_spent; /* coins have left the box before */
	uint64_t box_micro;
};

enum ceiling_state {
	CEILING_UNDER,  /* nothing is to be moved */
	CEILING_WAITS,  /* over until a purse has arrived that is on its way already */
	CEILING_CHOSEN, /* over, and this purse goes */
	CEILING_NONE,   /* over, and none may go: people decide */
};

struct ceiling_choice {
	enum ceiling_state state;
	size_t at;              /* of CEILING_CHOSEN: which account */
	uint64_t hot_micro;     /* all hot accounts */
	uint64_t going_micro;   /* of it, purses that are on their way */
	uint64_t all_micro;     /* with what is cold */
	uint64_t ceiling_micro; /* the most that hot accounts may hold */
	uint64_t least_micro;   /* what they keep at least */
	uint64_t after_micro;   /* of CEILING_CHOSEN: what they hold then */
};

/* n: at most DOC_HOT_MAX.  cold_micro: boxes and spare boxes.  ceiling_bp: at most 10,000. */
void ceiling_choose(struct ceiling_choice *out, const struct ceiling_account *accounts, size_t n,
		    uint64_t cold_micro, uint64_t ceiling_bp);

/* Why this purse may not go, in words, or NULL; choice: of ceiling_choose(). */
const char *ceiling_why_not(const struct ceiling_account *account,
			    const struct ceiling_choice *choice);

#endif
