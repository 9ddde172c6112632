/* SPDX-License-Identifier: Apache-2.0 */
/*
 * cold_rotation.h - boxes of former holders move whole into new ones: which, where to, when.
 *
 * There is no document that says a plan: it follows from the holdings and from what the chain
 * shows, so that it is the same for everybody, goes on after any interruption, and cannot be old,
 * forged or out of order.  Each step is a refill that the holders' machines judge by itself
 * (cold.h); whoever plans is believed for nothing.  Two things are asked for beyond that judgement:
 * that no two steps are under way at once, and that what the same people sign fits the holding's
 * limit within its window.
 *
 * No I/O, no allocation.
 */
#ifndef KURAMORI_COLD_COLD_ROTATION_H
#define KURAMORI_COLD_COLD_ROTATION_H

#include "cold/cold.h"

/* One box of genesis by the word of k watchers, the worst of them for each question. */
struct cold_seen {
	struct nem_address address;
	bool told; /* false: they say nothing of it: it is under nobody's control yet */
	struct doc_tallied says; /* control, as the first of them says it */
	uint64_t least_micro, most_micro;
	bool spent, open;
};

enum cold_box_state {
	COLD_BOX_UNKNOWN, /* nothing is told */
	COLD_BOX_FOREIGN, /* somebody controls it whom no holding named */
	COLD_BOX_NEW,     /* today's holders', as genesis says, never used, nothing in it */
	COLD_BOX_FILLED,  /* today's holders', never used */
	COLD_BOX_OLD,     /* a former holder has a part in it, and it is to be moved */
	COLD_BOX_BUSY,    /* so, and a payment of it is signed and in no final block */
	COLD_BOX_LARGE,   /* so, and it holds more than the holding's limit */
	COLD_BOX_POOR,    /* so, and it holds less than the fees of its move */
	COLD_BOX_DONE,    /* emptied, and it stays so */
	COLD_BOX_DUST,    /* emptied, and something came in: nobody moves that */
};

/* One whole move. */
struct cold_step {
	size_t from, to; /* of what was seen */
	uint64_t total_micro;
	uint64_t day; /* counted from today, 0 */
	size_t signer_count;
	const struct doc_holder *signer[DOC_HOLDERS_MAX]; /* of rules; who wraps is the last */
};

struct cold_rotation {
	size_t states[COLD_BOX_DUST + 1]; /* how many boxes are so */
	uint64_t left_micro;              /* in OLD, BUSY, LARGE and POOR ones */
	uint64_t moved_micro;             /* in FILLED ones */
	size_t homeless;                  /* old ones for which there is no new one */
	size_t step_count;
	struct cold_step step[COLD_BOXES_MAX];
};

/*
 * One hot account by its own tally and that of its spare box.  Genesis names the spare box for
 * ever, so what former holders control stays theirs: coins that are evacuated lie with them until
 * they have signed once more.  A rotation is over only when no hot account in use has such a one.
 */
enum cold_hot_state {
	COLD_HOT_OURS,    /* its spare box is today's holders' */
	COLD_HOT_EXPOSED, /* in use, and its spare box is not today's holders' alone */
	COLD_HOT_EMPTY,   /* so, but nothing in it: it stays closed */
	COLD_HOT_READY,   /* never used, and its spare box is new: to be taken into use */
	COLD_HOT_LATER,   /* never used, and its spare box is under nobody's control yet */
};

/*
 * seen: of the account; spare: of its spare box.  Told by nobody: never used, not converted.  What
 * strangers send counts as nothing up to CEILING_DUST_MICRO: they hold up no rotation.
 */
enum cold_hot_state cold_hot_state(const struct cold_rules *rules, const struct cold_seen *seen,
				   const struct cold_seen *spare);

enum cold_box_state cold_box_state(const struct cold_rules *rules, const struct cold_seen *seen);

/*
 * The steps that are left, the smallest box first, each into the first new box of genesis that is
 * no hot account's spare one.  seen: of all boxes, in the order of genesis.  proposer: signs
 * nothing, or "".  a_day: moves a day at most, 1 or more.  *out borrows rules.
 */
void cold_rotation_plan(struct cold_rotation *out, const struct cold_rules *rules,
			const struct cold_seen *seen, size_t n, const char *proposer,
			uint64_t a_day);

#endif
