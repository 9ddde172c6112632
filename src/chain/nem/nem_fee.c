/* SPDX-License-Identifier: Apache-2.0 */
#include "chain/nem/nem_fee.h"

#include "base/check.h"

enum {
	UNITS_MAX = 25,
	XEM_PER_UNIT = 10000,
	MESSAGE_BYTES_PER_UNIT = 32,
};

static uint64_t message_units(uint32_t message_bytes)
{
	return message_bytes == 0 ? 0 : message_bytes / MESSAGE_BYTES_PER_UNIT + 1;
}

uint64_t nem_fee_transfer(uint64_t amount_micro, uint32_t message_bytes)
{
	uint64_t units = amount_micro / NEM_XEM_MICRO / XEM_PER_UNIT;

	if (units < 1) {
		units = 1;
	}
	if (units > UNITS_MAX) {
		units = UNITS_MAX;
	}
	return NEM_FEE_UNIT_MICRO * (units + message_units(message_bytes));
}

static uint64_t minimum(enum nem_type type, const struct nem_transfer *transfer)
{
	switch (type) {
	case NEM_TRANSFER:
		return nem_fee_transfer(transfer->amount_micro, transfer->message_bytes);
	case NEM_MODIFICATION:
		return NEM_FEE_MODIFICATION_MICRO;
	case NEM_COSIGNATURE:
		return NEM_FEE_COSIGNATURE_MICRO;
	case NEM_MULTISIG:
		return NEM_FEE_MULTISIG_MICRO;
	}
	CHECK(false); /* a transaction type without a fee */
	return 0;
}

uint64_t nem_fee_minimum(const struct nem_tx *tx)
{
	return minimum(tx->type, &tx->transfer);
}

uint64_t nem_fee_minimum_inner(const struct nem_inner *inner)
{
	return minimum(inner->type, &inner->transfer);
}

static bool cosignature_fee_ok(uint64_t fee_micro)
{
	return fee_micro >= NEM_FEE_COSIGNATURE_MICRO && fee_micro <= NEM_FEE_COSIGNATURE_MAX_MICRO;
}

enum err nem_fee_check(const struct nem_tx *tx)
{
	if (tx->head.fee_micro < nem_fee_minimum(tx)) {
		return ERR_FIELD_RANGE;
	}
	if (tx->type == NEM_COSIGNATURE && !cosignature_fee_ok(tx->head.fee_micro)) {
		return ERR_FIELD_RANGE;
	}
	if (tx->type != NEM_MULTISIG) {
		return ERR_OK;
	}
	if (tx->multisig.inner.head.fee_micro < nem_fee_minimum_inner(&tx->multisig.inner)) {
		return ERR_FIELD_RANGE;
	}
	for (unsigned i = 0; i < tx->multisig.n; i++) {
		if (!cosignature_fee_ok(tx->multisig.cosignature[i].head.fee_micro)) {
			return ERR_FIELD_RANGE;
		}
	}
	return ERR_OK;
}

enum err nem_fee_total(uint64_t *out, const struct nem_tx *tx)
{
	uint64_t sum = tx->head.fee_micro;

	if (tx->type == NEM_MULTISIG) {
		if (__builtin_add_overflow(sum, tx->multisig.inner.head.fee_micro, &sum)) {
			return ERR_OVERFLOW;
		}
		for (unsigned i = 0; i < tx->multisig.n; i++) {
			if (__builtin_add_overflow(sum, tx->multisig.cosignature[i].head.fee_micro,
						   &sum)) {
				return ERR_OVERFLOW;
			}
		}
	}
	*out = sum;
	return ERR_OK;
}

enum err nem_fee_empty_account(uint64_t *amount_micro, uint64_t *inner_fee_micro,
			       uint64_t balance_micro, uint32_t message_bytes,
			       unsigned n_cosignatures, uint64_t cosignature_fee_micro)
{
	uint64_t outside;
	uint64_t rest;

	if (__builtin_mul_overflow((uint64_t)n_cosignatures, cosignature_fee_micro, &outside) ||
	    __builtin_add_overflow(outside, (uint64_t)NEM_FEE_MULTISIG_MICRO, &outside)) {
		return ERR_FUNDS;
	}
	if (__builtin_sub_overflow(balance_micro, outside, &rest)) {
		return ERR_FUNDS;
	}
	/*
	 * The fee rises in steps with the amount, so just below a step no amount meets its own
	 * minimum exactly; the least fee that leaves an amount it suffices for is the answer.
	 */
	for (uint64_t units = 1; units <= UNITS_MAX; units++) {
		uint64_t fee = NEM_FEE_UNIT_MICRO * (units + message_units(message_bytes));

		if (rest <= fee) {
			return ERR_FUNDS;
		}
		if (nem_fee_transfer(rest - fee, message_bytes) <= fee) {
			*amount_micro = rest - fee;
			*inner_fee_micro = fee;
			return ERR_OK;
		}
	}
	CHECK(false); /* the highest fee suffices for every amount */
	return ERR_FUNDS;
}
