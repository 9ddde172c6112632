/* SPDX-License-Identifier: Apache-2.0 */
/*
 * nem_effects.h - every effect of a NEM transaction in the words of chain.h, and NEM's struct
 * chain.
 *
 * A multisig account pays everything: the inner's fee, the wrapper's (which has no maximum and
 * which cosignatures do not cover) and every attached cosignature's (nem.md 2.8, 3.3).
 */
#ifndef KURAMORI_CHAIN_NEM_EFFECTS_H
#define KURAMORI_CHAIN_NEM_EFFECTS_H

#include "base/attr.h"
#include "base/err.h"
#include "chain/chain.h"
#include "chain/nem/nem_tx.h"

extern const struct chain nem_effects_chain;

/*
 * Lists every effect, in this order: movement, control changes in canonical order, threshold, then
 * fees (inner, outer, cosignatures), consent last.  Fees of zero are listed too.
 * The errors of nem_tx_check(); ERR_AMOUNT if an amount or fee is more than all the XEM there are.
 */
MUST_CHECK enum err nem_effects_list(struct chain_effects *out, const struct nem_tx *tx);

/* The account whose coins and control tx concerns: the inner's signer, the cosignature's account,
 * else the signer. */
void nem_effects_account(struct nem_address *out, const struct nem_tx *tx);

/* A NEM address as a chain_address and back.  ERR_ADDRESS, ERR_NETWORK. */
void nem_effects_address(struct chain_address *out, const struct nem_address *a);

#endif
