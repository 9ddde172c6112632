/* SPDX-License-Identifier: Apache-2.0 */
#include "chain/nem/nem_fee.h"

#include "base/attr.h"
#include "base/check.h"

enum {
	UNITS_MAX = 25,
	XEM_PER_UNIT = 10000,
	MESSAGE_BYTES_PER_UNIT = 32,
	SMALL_BUSINESS_SUPPLY = 10000,
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

static const struct nem_fee_mosaic xem = { .supply = NEM_SUPPLY_MICRO / NEM_XEM_MICRO,
					   .divisibility = NEM_DIVISIBILITY_MAX };

/*
 * trunc(0.8 * ln(n)) is the number of these that n reaches: NIS computes it in floating point, and
 * the steps were found by bisection of its function (nem.md 3.2).
 */
static unsigned rarity(uint64_t n)
{
	static const uint64_t step[] = {
		4,
		13,
		43,
		149,
		519,
		1809,
		6311,
		22027,
		76880,
		268338,
		936590,
		3269018,
		11409992,
		39824785,
		139002156,
		485165196,
		1693392924,
		5910522064,
		20629749058,
		72004899338,
		251321793305,
		877199251319,
		3061726229132,
		10686474581525,
		37299461295719,
		130187912050633,
		454400461972587,
		1586013452313426,
		5535730883721906,
	};
	unsigned reached = 0;

	while (reached < ARRAY_LEN(step) && n >= step[reached]) {
		reached++;
	}
	return reached;
}

/* A product of three 64-bit numbers: limbs from the lowest. */
struct wide {
	uint64_t limb[3];
};

static struct wide product(uint64_t a, uint64_t b, uint64_t c)
{
	u128 ab = (u128)a * b;
	u128 low = (u128)(uint64_t)ab * c;
	u128 high = (u128)(uint64_t)(ab >> 64) * c + (uint64_t)(low >> 64);

	return (struct wide){ { (uint64_t)low, (uint64_t)high, (uint64_t)(high >> 64) } };
}

static void divide(struct wide *w, uint64_t by)
{
	uint64_t rest = 0;

	for (int i = 2; i >= 0; i--) {
		u128 part = (u128)rest << 64 | w->limb[i];

		w->limb[i] = (uint64_t)(part / by);
		rest = (uint64_t)(part % by);
	}
}

/*
 * min(25, max(1, floor(xem / 10,000))) of the XEM that so much of the mosaic would be worth if all
 * of it were worth all XEM: floor(floor(S * quantity * amount / supply) / 10^(divisibility + 6)).
 * Of that NIS keeps 64 bits with sign (BigInteger.longValue()): more than anybody can own may wrap
 * to little.
 */
static unsigned worth_units(const struct nem_fee_mosaic *m, uint64_t quantity,
			    uint64_t amount_micro, unsigned divisibility)
{
	struct wide worth = product(xem.supply, quantity, amount_micro);
	uint64_t scale = 1;
	int64_t units;

	if (m->supply == 0) {
		return 1;
	}
	for (unsigned i = 0; i < divisibility + 6; i++) {
		scale *= 10; /* at most 10^12 */
	}
	divide(&worth, m->supply);
	divide(&worth, scale);
	units = (int64_t)worth.limb[0] / XEM_PER_UNIT;
	return units < 1 ? 1 : units > UNITS_MAX ? UNITS_MAX : (unsigned)units;
}

unsigned nem_fee_mosaic_units(const struct nem_fee_mosaic *m, uint64_t quantity,
			      uint64_t amount_micro)
{
	unsigned divisibility =
	    m->divisibility > NEM_DIVISIBILITY_MAX ? NEM_DIVISIBILITY_MAX : m->divisibility;
	u128 total = m->supply;
	unsigned units;
	unsigned less;

	if (divisibility == 0 && m->supply <= SMALL_BUSINESS_SUPPLY) {
		return 1;
	}
	for (unsigned i = 0; i < divisibility; i++) {
		total *= 10;
	}
	units = worth_units(m, quantity, amount_micro, divisibility);
	less =
	    total == 0 || total > NEM_QUANTITY_MAX ? 0 : rarity(NEM_QUANTITY_MAX / (uint64_t)total);
	return units > less + 1 ? units - less : 1;
}

/* A mosaic of which nothing is known: the least that NIS asks for any. */
static bool find_least(void *context, const struct nem_mosaic_id *id, struct nem_fee_mosaic *out)
{
	(void)context;
	(void)id;
	*out = (struct nem_fee_mosaic){ .supply = 1, .divisibility = 0 };
	return true;
}

static enum err transfer_minimum(uint64_t *out, const struct nem_transfer *t,
				 const struct nem_fee_lookup *lookup,
				 const struct nem_mosaic_id **unknown)
{
	uint64_t units = message_units(t->message_bytes);

	if (t->mosaics == 0) {
		*out = nem_fee_transfer(t->amount_micro, t->message_bytes);
		return ERR_OK;
	}
	for (unsigned i = 0; i < t->mosaics; i++) {
		const struct nem_mosaic_id *id = &t->mosaic[i].id;
		struct nem_fee_mosaic m = xem;

		if (!nem_mosaic_is_xem(id) &&
		    (lookup == NULL || !lookup->find(lookup->context, id, &m))) {
			if (unknown != NULL) {
				*unknown = id;
			}
			return ERR_ASSET;
		}
		units += nem_fee_mosaic_units(&m, t->mosaic[i].quantity, t->amount_micro);
	}
	*out = NEM_FEE_UNIT_MICRO * units;
	return ERR_OK;
}

static enum err minimum(uint64_t *out, enum nem_type type, const union nem_body *body,
			const struct nem_fee_lookup *lookup, const struct nem_mosaic_id **unknown)
{
	switch (type) {
	case NEM_TRANSFER:
		return transfer_minimum(out, &body->transfer, lookup, unknown);
	case NEM_MODIFICATION:
		*out = NEM_FEE_MODIFICATION_MICRO;
		return ERR_OK;
	case NEM_COSIGNATURE:
		*out = NEM_FEE_COSIGNATURE_MICRO;
		return ERR_OK;
	case NEM_MULTISIG:
		*out = NEM_FEE_MULTISIG_MICRO;
		return ERR_OK;
	case NEM_IMPORTANCE:
	case NEM_NAMESPACE:
	case NEM_DEFINITION:
	case NEM_SUPPLY:
		*out = NEM_FEE_OTHER_MICRO;
		return ERR_OK;
	}
	CHECK(false); /* a transaction type without a fee */
	return ERR_TYPE;
}

enum err nem_fee_minimum_of(uint64_t *out_micro, const struct nem_tx *tx,
			    const struct nem_fee_lookup *lookup,
			    const struct nem_mosaic_id **unknown)
{
	return minimum(out_micro, tx->type, &tx->body, lookup, unknown);
}

enum err nem_fee_minimum_of_inner(uint64_t *out_micro, const struct nem_inner *inner,
				  const struct nem_fee_lookup *lookup,
				  const struct nem_mosaic_id **unknown)
{
	return minimum(out_micro, inner->type, &inner->body, lookup, unknown);
}

static uint64_t least(enum nem_type type, const union nem_body *body)
{
	const struct nem_fee_lookup anything = { .find = find_least };
	uint64_t out;

	CHECK(minimum(&out, type, body, &anything, NULL) == ERR_OK);
	return out;
}

uint64_t nem_fee_minimum(const struct nem_tx *tx)
{
	return least(tx->type, &tx->body);
}

uint64_t nem_fee_minimum_inner(const struct nem_inner *inner)
{
	return least(inner->type, &inner->body);
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
