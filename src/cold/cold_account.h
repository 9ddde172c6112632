/* SPDX-License-Identifier: Apache-2.0 */
/*
 * cold_account.h - accounts that become boxes: their keys, and the one thing that these sign
 * (docs/ceremony.md, docs/nem-wallets.md).
 *
 * A box is an account whose own key made cosigners its masters and is worth nothing from then on.
 * The keys of a batch follow from one state, and each state from the one before it by a step that
 * nobody can go back: a file that holds the next state knows no key that was used.
 *
 * No I/O, no allocation.
 */
#ifndef KURAMORI_COLD_COLD_ACCOUNT_H
#define KURAMORI_COLD_COLD_ACCOUNT_H

#include "cold/cold.h"

enum {
	COLD_ACCOUNT_STATE = 32,
	COLD_ACCOUNTS_MAX = COLD_BOXES_MAX, /* of one batch: genesis has room for no more */
	COLD_CONVERSIONS_MAX = 64,          /* at once: one parcel (ur/parcel.h) */
	/* a machine without network has a clock of its own: signed so much earlier, nodes take it
	 */
	COLD_CONVERSION_EARLY_S = 10 * 60,
};

/*
 * The key of the account that this state stands for: HMAC-SHA-256(state, "kuramori box key v1").
 * The caller wipes it.
 */
void cold_account_key(struct edk_secret *out, const uint8_t state[COLD_ACCOUNT_STATE]);

/* The state of the next account: HMAC-SHA-256(state, "kuramori box next v1"). */
void cold_account_next(uint8_t state[COLD_ACCOUNT_STATE]);

/* A box or any spare box of genesis: its number, boxes first, from 1; 0: none. */
unsigned cold_account_place(const struct cold_rules *rules, const struct nem_address *address);

/*
 * The unsigned conversion of this account: all holders of the rules' holding become its cosigners,
 * as many of them as genesis says must sign, at NEM's fee.  time_nem_s: of the transaction; it runs
 * out a day later.
 * Refused: ERR_POLICY (field "account") genesis names no box of this address; ERR_MISMATCH (field
 * "holding") the holding names more or fewer holders than genesis says control a box;
 * ERR_CLOCK (field "clock") beyond the chain's times.
 * *out means something if allowed.
 */
struct policy_verdict cold_account_convert(struct nem_tx *out, const struct cold_rules *rules,
					   const struct key32 *account, uint32_t time_nem_s);

#endif
