/* SPDX-License-Identifier: Apache-2.0 */
/*
 * attempt.h - how an order becomes one attempt, and a freeze one sweep: by rule, so that server,
 * signers and watchers that start from the same facts arrive at the same bytes (design.md 4.5).
 *
 * Fees are exactly the minimum of nem.md 3.2 (policy_fees()); deadline is timestamp plus
 * attempt_life_s.  A sweep is a whole move: amount and exact fees use up the balance, so nothing is
 * left to burn (design.md 7).
 */
#ifndef KURAMORI_POLICY_ATTEMPT_H
#define KURAMORI_POLICY_ATTEMPT_H

#include <stdint.h>

#include "base/attr.h"
#include "base/bytes.h"
#include "base/err.h"
#include "base/money.h"
#include "policy/policy.h"

struct doc_attempt;
struct doc_sweep;

/*
 * An attempt of an order, paid from a till.
 * order_id: document id of order; number: 1, or one more than that of the last one, which is dead
 * (exclusion.h); till: its public key; chain_s: NEM seconds, becomes the timestamp.
 * ERR_FIELD_RANGE: number, deadline, amount or message outside what NEM and the document can carry.
 * *out only on ERR_OK.
 */
MUST_CHECK enum err attempt_make(struct doc_attempt *out, const struct doc_policy *policy,
				 const struct doc_order *order, const struct hash32 *order_id,
				 unsigned number, const struct key32 *till, uint32_t chain_s);

/*
 * Is this the attempt that the rule gives?  Checked, in this order, with the field named:
 * genesis and order (ERR_MISMATCH), number (ERR_STATE unless it is dead + 1, where dead is how many
 * earlier attempts of this order exclusion_check() has shown to be dead), account (ERR_POLICY
 * unless it is a till of the genesis list), fee_inner, fee_outer, fee_cosign (ERR_MISMATCH with
 * figure and the exact fee), deadline_nem_s (ERR_MISMATCH), timestamp_nem_s not more than
 * POLICY_CHAIN_AHEAD_S ahead of the chain (ERR_CLOCK), deadline still to come (ERR_EXPIRED).
 */
struct policy_verdict attempt_check(const struct doc_genesis *genesis,
				    const struct doc_policy *policy, const struct doc_order *order,
				    const struct hash32 *order_id,
				    const struct doc_attempt *attempt, size_t dead,
				    const struct policy_time *now);

/*
 * The whole move of a hot account to its own spare box (nem_fee_empty_account()): amount and fees
 * together are exactly balance, what the account can still spend (the pool's remaining balance).
 * account: public key of a hot account of genesis.
 * ERR_NOT_FOUND no such hot account; ERR_FUNDS the balance does not pay for its own move (dust);
 * ERR_FIELD_RANGE times or balance NEM cannot carry.  *out only on ERR_OK.
 */
MUST_CHECK enum err attempt_sweep_make(struct doc_sweep *out, const struct doc_genesis *genesis,
				       const struct doc_policy *policy,
				       const struct hash32 *genesis_id, const struct key32 *account,
				       const struct money *balance, uint32_t chain_s);

/*
 * Is this sweep one that the rule gives for some balance: account hot (ERR_POLICY), destination its
 * own spare (ERR_POLICY), amount (ERR_AMOUNT), fees (ERR_MISMATCH), deadline, clock as above.
 */
struct policy_verdict attempt_sweep_check(const struct doc_genesis *genesis,
					  const struct doc_policy *policy,
					  const struct doc_sweep *sweep,
					  const struct policy_time *now);

#endif
