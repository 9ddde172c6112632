/* SPDX-License-Identifier: Apache-2.0 */
/*
 * nem_fee.h - minimum fees in force since the second fee fork, in exact integers (nem.md 3.2;
 * C:model/FeeUnitAwareTransactionFeeCalculator.java).  All in micro-XEM.
 */
#ifndef KURAMORI_CHAIN_NEM_FEE_H
#define KURAMORI_CHAIN_NEM_FEE_H

#include <stdbool.h>
#include <stdint.h>

#include "base/attr.h"
#include "base/err.h"
#include "chain/nem/nem_tx.h"

enum {
	NEM_FEE_UNIT_MICRO = 50000,
	NEM_FEE_MULTISIG_MICRO = 3 * NEM_FEE_UNIT_MICRO,
	NEM_FEE_COSIGNATURE_MICRO = 3 * NEM_FEE_UNIT_MICRO,
	NEM_FEE_COSIGNATURE_MAX_MICRO = 1000000000, /* 1000 XEM */
	NEM_FEE_MODIFICATION_MICRO = 10 * NEM_FEE_UNIT_MICRO,
	NEM_FEE_OTHER_MICRO = 3 * NEM_FEE_UNIT_MICRO, /* importance, namespace, mosaics */
	NEM_FEE_RENTAL_ROOT_MICRO = 100000000,        /* 100 XEM to the namespace sink */
	NEM_FEE_RENTAL_SUB_MICRO = 10000000,
	NEM_FEE_CREATION_MICRO = 10000000, /* 10 XEM to the mosaic sink */
	NEM_XEM_MICRO = 1000000,
};

/* All the XEM there are, in micro-XEM (nem.md 3.1). */
#define NEM_SUPPLY_MICRO UINT64_C(8999999999000000)

/* Of a transfer of amount_micro with a message of message_bytes (0: no message). */
uint64_t nem_fee_transfer(uint64_t amount_micro, uint32_t message_bytes);

/* What the fee of a mosaic's transfer depends on. */
struct nem_fee_mosaic {
	uint64_t supply; /* whole units, as of now */
	uint8_t divisibility;
};

/*
 * The units of one mosaic in a transfer (nem.md 3.2): amount_micro and quantity as they stand in
 * it.  1..25; a mosaic of few indivisible pieces costs 1.  Divisibility above 6 counts as 6.  Exact
 * also where NIS's own arithmetic wraps (C:model/AbstractTransactionFeeCalculator.java).
 */
unsigned nem_fee_mosaic_units(const struct nem_fee_mosaic *mosaic, uint64_t quantity,
			      uint64_t amount_micro);

/* Who knows the mosaics.  nem:xem is known without asking. */
struct nem_fee_lookup {
	void *context;
	/* False: no such mosaic. */
	bool (*find)(void *context, const struct nem_mosaic_id *id, struct nem_fee_mosaic *out);
};

/*
 * The least fee of the header of tx: of a multisig the wrapper's own alone.  lookup may be NULL:
 * then nem:xem alone is known.  ERR_ASSET: a mosaic that nobody knows (NIS answers 400); *unknown
 * (may be NULL) is then the mosaic.
 */
MUST_CHECK enum err nem_fee_minimum_of(uint64_t *out_micro, const struct nem_tx *tx,
				       const struct nem_fee_lookup *lookup,
				       const struct nem_mosaic_id **unknown);
MUST_CHECK enum err nem_fee_minimum_of_inner(uint64_t *out_micro, const struct nem_inner *inner,
					     const struct nem_fee_lookup *lookup,
					     const struct nem_mosaic_id **unknown);

/*
 * The same where mosaics other than nem:xem are no business of the caller: each counts as its
 * least, one unit, so that the result is a lower bound for those and exact for everything else.
 */
uint64_t nem_fee_minimum(const struct nem_tx *tx);
uint64_t nem_fee_minimum_inner(const struct nem_inner *inner);

/*
 * Every part pays its minimum (as nem_fee_minimum() knows it), no cosignature more than its maximum
 * (NIS answers 17 otherwise).  ERR_FIELD_RANGE.
 */
MUST_CHECK enum err nem_fee_check(const struct nem_tx *tx);

/* The sum of all fees that the debtor pays: own, inner, attached.  ERR_OVERFLOW. */
MUST_CHECK enum err nem_fee_total(uint64_t *out, const struct nem_tx *tx);

/*
 * What can be sent when an account that holds balance_micro is emptied whole by a multisig transfer
 * of one inner, a wrapper at its minimum fee and n_cosignatures at cosignature_fee_micro each:
 * amount + all fees = balance exactly (design.md 7).  message_bytes as above.
 * out: the amount and the least inner fee with which the sum is exact and the node's minimum met.
 * ERR_FUNDS if nothing is left after fees.
 */
MUST_CHECK enum err nem_fee_empty_account(uint64_t *amount_micro, uint64_t *inner_fee_micro,
					  uint64_t balance_micro, uint32_t message_bytes,
					  unsigned n_cosignatures, uint64_t cosignature_fee_micro);

#endif
