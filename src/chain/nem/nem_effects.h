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
 * The levy of a mosaic is part of its definition, not of the transfer that pays it (nem.md 2.5).
 * Only who follows the chain's definitions can list every effect of a transfer of mosaics.
 */
struct nem_effects_assets {
	void *context;
	/* The levy of this mosaic in *out (NEM_LEVY_NONE: none).  False: no such mosaic. */
	bool (*levy)(void *context, const struct nem_mosaic_id *id, struct nem_levy *out);
};

/*
 * Lists every effect, in this order: movements (mosaics in canonical order, each followed by its
 * levy), what the type does besides, control changes in canonical order, threshold, then fees
 * (inner, outer, cosignatures), consent last.  Fees and movements of zero are listed too.
 * assets may be NULL: nem:xem alone is known then.
 * The errors of nem_tx_check(); ERR_AMOUNT if an amount or fee is more than all the XEM there are,
 * or a quantity more than a mosaic can have; ERR_ASSET a mosaic that is not known; ERR_FIELD_RANGE
 * a namespace whose whole name no node would take.
 */
MUST_CHECK enum err nem_effects_list_with(struct chain_effects *out, const struct nem_tx *tx,
					  const struct nem_effects_assets *assets);
/* With no mosaic known but nem:xem: what may be signed, or is refused. */
MUST_CHECK enum err nem_effects_list(struct chain_effects *out, const struct nem_tx *tx);
/*
 * Of a transaction that others made and a chain took: for each mosaic whose levy is not known
 * CHAIN_LEVY_UNKNOWN stands behind its movement.  The sender pays that, never who receives.
 */
MUST_CHECK enum err nem_effects_list_seen(struct chain_effects *out, const struct nem_tx *tx);

/* The account whose coins and control tx concerns: the inner's signer, the cosignature's account,
 * else the signer. */
void nem_effects_account(struct nem_address *out, const struct nem_tx *tx);

/* A NEM address as a chain_address and back.  ERR_ADDRESS, ERR_NETWORK. */
void nem_effects_address(struct chain_address *out, const struct nem_address *a);

#endif
