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
	NEM_XEM_MICRO = 1000000,
};

/* All the XEM there are, in micro-XEM (nem.md 3.1). */
#define NEM_SUPPLY_MICRO UINT64_C(8999999999000000)

/* Of a transfer of amount_micro with a message of message_bytes (0: no message). */
uint64_t nem_fee_transfer(uint64_t amount_micro, uint32_t message_bytes);

/* The least fee of the header of tx: of a multisig the wrapper's own alone. */
uint64_t nem_fee_minimum(const struct nem_tx *tx);
uint64_t nem_fee_minimum_inner(const struct nem_inner *inner);

/*
 * Every part pays its minimum, no cosignature more than its maximum (NIS answers 17 otherwise).
 * ERR_FIELD_RANGE.
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
