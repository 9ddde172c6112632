/* SPDX-License-Identifier: Apache-2.0 */
/*
 * cold_prepare.h - the online side of preparing boxes: is this conversion ours, and may this
 * account be called a box yet?
 *
 * An account is a box when all of it is true at once: genesis names it, exactly today's holders
 * control it, as many as genesis says must sign, no block that could still be undone made it so,
 * and nothing but dust is in it.  Before that its old key may come back to life, or was never the
 * only one; so nobody is given its address, and nothing is sent there.  Whether its holders can
 * bring their keys back is asked beside this (cold_drill.h).
 *
 * No I/O, no allocation.
 */
#ifndef KURAMORI_COLD_COLD_PREPARE_H
#define KURAMORI_COLD_COLD_PREPARE_H

#include "chain/nem/nem_multisig.h"
#include "cold/cold_account.h"

/*
 * Is tx, whose signatures were verified, the conversion of a box of genesis that these rules ask
 * for, and good at now_ms?  *place: its number (cold_account_place()).
 * Refused: ERR_TYPE (field "type") no change of control, signed by the account itself; those of
 * cold_account_convert(); ERR_MISMATCH (field "cosigners") it names others than the holding's
 * holders, or takes somebody away, (field "needed") another number of them must sign, (field
 * "transaction") another fee or another day; ERR_EXPIRED (field "deadline"); ERR_CLOCK (field
 * "deadline") our clock shows no time of the chain, or it was signed more than COLD_AHEAD_MS later.
 */
struct policy_verdict cold_prepare_judge(unsigned *place, const struct cold_rules *rules,
					 const struct nem_tx *tx, uint64_t now_ms);

/* What enough nodes say of one account. */
struct cold_prepared {
	struct nem_multisig control;
	uint64_t micro; /* its balance */
	uint64_t
	    depth; /* blocks upon the last change of its control, at most NEM_FOLLOW_REWRITE_MAX
		    */
	bool depth_known; /* false: a node does not say; it counts as young */
	bool used;        /* something other than its conversion was signed for it */
};

enum cold_prepared_state {
	COLD_PREPARED_UNPAID,  /* nobody's, and it cannot pay the fee of its conversion */
	COLD_PREPARED_PAID,    /* nobody's, and it can */
	COLD_PREPARED_FOREIGN, /* not exactly the holding's holders control it, or not by as many */
	COLD_PREPARED_USED,    /* they do, and coins have left it: never again */
	COLD_PREPARED_YOUNG,   /* they do, and it can still be undone */
	COLD_PREPARED_READY,   /* it is a box */
	COLD_PREPARED_FILLED,  /* it is, and holds more than may stay behind */
};

enum cold_prepared_state cold_prepared_state(const struct cold_rules *rules,
					     const struct cold_prepared *seen);

#endif
