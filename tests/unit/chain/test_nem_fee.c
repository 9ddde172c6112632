/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Goal: the least fee of mosaics is NIS's to the unit, for every supply, divisibility and quantity.
 * Method: a slow computation of its own (256 bits, one bit and one decimal at a time, cut to a Java
 * long as NIS cuts it, logarithm by the mathematical library) beside ours on random and on extreme
 * numbers; each step of the rarity table exactly at it and one below; few indivisible pieces; whole
 * transfers with known and unknown mosaics, plain and wrapped.
 */
#include <math.h>

#include "base/attr.h"
#include "base/bytes.h"
#include "chain/nem/nem_fee.h"
#include "chain/nem/nem_network.h"
#include "crypto/crypto.h"
#include "t.h"

enum { NET = NEM_NETWORK_TEST, LIMBS = 8 };

/* ---- the slow way ---- */

struct big {
	uint32_t limb[LIMBS]; /* lowest first */
};

static void big_multiply(struct big *b, uint64_t by)
{
	struct big out = { { 0 } };

	for (int half = 0; half < 2; half++) {
		uint64_t factor = half == 0 ? by & 0xffffffffu : by >> 32;
		uint64_t carry = 0;

		for (int i = 0; i + half < LIMBS; i++) {
			uint64_t sum = (uint64_t)b->limb[i] * factor + out.limb[i + half] + carry;

			out.limb[i + half] = (uint32_t)sum;
			carry = sum >> 32;
		}
	}
	*b = out;
}

/* Bit by bit; by > 0. */
static void big_divide(struct big *b, uint64_t by)
{
	struct big out = { { 0 } };
	u128 rest = 0;

	for (int bit = 32 * LIMBS - 1; bit >= 0; bit--) {
		rest = rest << 1 | (b->limb[bit / 32] >> (bit % 32) & 1u);
		if (rest >= by) {
			rest -= by;
			out.limb[bit / 32] |= 1u << (bit % 32);
		}
	}
	*b = out;
}

/* BigInteger.longValue() of Java: the lowest 64 bits, with sign. */
static int64_t big_long(const struct big *b)
{
	return (int64_t)(b->limb[0] | (uint64_t)b->limb[1] << 32);
}

static unsigned slow_units(uint64_t supply, unsigned divisibility, uint64_t quantity,
			   uint64_t amount)
{
	struct big x = { { 1 } };
	u128 total = supply;
	int64_t worth = 0;
	long fee;
	long less = 0;

	if (divisibility == 0 && supply <= 10000) {
		return 1;
	}
	if (supply > 0) {
		big_multiply(&x, UINT64_C(8999999999));
		big_multiply(&x, quantity);
		big_multiply(&x, amount);
		big_divide(&x, supply);
		for (unsigned i = 0; i < divisibility + 6; i++) {
			big_divide(&x, 10);
		}
		worth = big_long(&x);
	}
	fee = worth / 10000 > 25 ? 25 : worth / 10000;
	fee = fee < 1 ? 1 : fee;
	for (unsigned i = 0; i < divisibility; i++) {
		total *= 10;
	}
	if (total > 0 && total <= NEM_QUANTITY_MAX) {
		less = (long)(0.8 * log((double)(NEM_QUANTITY_MAX / (uint64_t)total)));
	}
	return fee - less < 1 ? 1 : (unsigned)(fee - less);
}

static unsigned our_units(uint64_t supply, unsigned divisibility, uint64_t quantity,
			  uint64_t amount)
{
	struct nem_fee_mosaic m = { .supply = supply, .divisibility = (uint8_t)divisibility };

	return nem_fee_mosaic_units(&m, quantity, amount);
}

static uint64_t random_below_bits(unsigned bits)
{
	unsigned n = (unsigned)t_below(bits + 1);

	return n == 0 ? 0 : t_random() >> (64 - n);
}

static void slow_way_at_random(void)
{
	for (unsigned i = 0; i < 20000; i++) {
		unsigned divisibility = (unsigned)t_below(7);
		uint64_t whole_max = NEM_QUANTITY_MAX;
		uint64_t supply;
		uint64_t quantity = random_below_bits(63);
		uint64_t amount = random_below_bits(63);

		for (unsigned k = 0; k < divisibility; k++) {
			whole_max /= 10;
		}
		supply = random_below_bits(53) % (whole_max + 1);
		T_EQ(our_units(supply, divisibility, quantity, amount),
		     slow_units(supply, divisibility, quantity, amount));
		/* Numbers near a step of the worth: some of what would be 1..30 units. */
		if (supply > 0) {
			struct big x = { { 1 } };

			big_multiply(&x, supply);
			for (unsigned k = 0; k < divisibility + 4; k++) {
				big_multiply(&x, 10);
			}
			big_multiply(&x, 1 + t_below(30));
			big_divide(&x, UINT64_C(8999999999));
			quantity = (uint64_t)big_long(&x);
			for (int off = -1; off <= 1; off++) {
				uint64_t q = quantity + (uint64_t)off;

				if (q <= INT64_MAX) {
					T_EQ(our_units(supply, divisibility, q, 1000000),
					     slow_units(supply, divisibility, q, 1000000));
				}
			}
		}
	}
}

static void extremes(void)
{
	static const uint64_t numbers[] = { 0,
					    1,
					    9999,
					    10000,
					    10001,
					    999999,
					    1000000,
					    INT32_MAX,
					    INT64_MAX,
					    UINT64_C(9000000000),
					    NEM_QUANTITY_MAX };

	for (size_t s = 0; s < ARRAY_LEN(numbers); s++) {
		for (unsigned d = 0; d <= 6; d++) {
			for (size_t q = 0; q < ARRAY_LEN(numbers); q++) {
				for (size_t a = 0; a < ARRAY_LEN(numbers); a++) {
					T_EQ(our_units(numbers[s], d, numbers[q], numbers[a]),
					     slow_units(numbers[s], d, numbers[q], numbers[a]));
				}
			}
		}
	}
	/* No supply: worth nothing, however much moves. */
	T_EQ(our_units(0, 1, INT64_MAX, INT64_MAX), 1);
	/* NIS keeps 64 bits of the worth: more than anybody can own may wrap to little. */
	T_EQ(our_units(1, 6, INT64_MAX, UINT64_C(1) << 44),
	     slow_units(1, 6, INT64_MAX, UINT64_C(1) << 44));
	T_EQ(our_units(UINT64_MAX, 255, INT64_MAX, INT64_MAX),
	     our_units(UINT64_MAX, 6, INT64_MAX, INT64_MAX));
}

static void few_indivisible_pieces(void)
{
	T_EQ(our_units(10000, 0, INT64_MAX, INT64_MAX), 1);
	T_EQ(our_units(1, 0, 1, 1000000), 1);
	T_EQ(our_units(0, 0, 1, 1000000), 1);
	/* One piece more, or divisible: priced by its worth, less its rarity. */
	T_EQ(our_units(10001, 0, 10001, 1000000), 25 - 22);
	T_EQ(our_units(10000, 1, 100000, 1000000), 25 - 20);
	T_EQ(our_units(1, 1, 10, 1000000), 1);
}

/* Every step of the rarity, exactly at it and just short of it. */
static void rarity_steps(void)
{
	static const uint64_t step[] = {
		4,           13,          43,           149,         519,        1809,
		6311,        22027,       76880,        268338,      936590,     3269018,
		11409992,    39824785,    139002156,    485165196,   1693392924, 5910522064,
		20629749058, 72004899338, 251321793305, 877199251319
	};
	unsigned seen = 0;

	for (unsigned i = 0; i < ARRAY_LEN(step); i++) {
		uint64_t at = NEM_QUANTITY_MAX / step[i];
		uint64_t short_of = at + 1;

		T_CHECK(at > 10000);
		T_CHECK(NEM_QUANTITY_MAX / at >= step[i]);
		T_CHECK(NEM_QUANTITY_MAX / short_of < step[i]);
		/* All of it moves: 25 units before the rarity. */
		T_EQ(our_units(at, 0, at, 1000000), 25 - (i + 1));
		T_EQ(our_units(short_of, 0, short_of, 1000000), 25 - i);
		seen++;
	}
	T_EQ(seen, 22);
	/* Rarer still: only divisible mosaics, and 25 units are used up by then. */
	T_EQ(our_units(1, 3, 1000, 1000000), 2);
	T_EQ(our_units(1, 2, 100, 1000000), 1);
	T_EQ(our_units(102, 2, 10200, 1000000), slow_units(102, 2, 10200, 1000000));
	for (uint64_t total = 10; total < 200000; total += 10) {
		T_EQ(our_units(total / 10, 1, total, 1000000),
		     slow_units(total / 10, 1, total, 1000000));
	}
}

/* nem:xem as a mosaic is priced as XEM is. */
static void xem_is_xem(void)
{
	for (uint64_t xem = 0; xem < 300000; xem += 997) {
		uint64_t micro = xem * 1000000 + xem % 1000000;

		T_EQ(50000 * our_units(UINT64_C(8999999999), 6, micro, 1000000),
		     nem_fee_transfer(micro, 0));
		T_EQ(50000 * our_units(UINT64_C(8999999999), 6, 1000000, micro),
		     nem_fee_transfer(micro, 0));
	}
}

/* ---- whole transfers ---- */

static bool find(void *context, const struct nem_mosaic_id *id, struct nem_fee_mosaic *out)
{
	unsigned *asked = context;

	(*asked)++;
	if (strcmp(id->name, "unknown") == 0) {
		return false;
	}
	*out = (struct nem_fee_mosaic){ .supply = 10001, .divisibility = 0 };
	return true;
}

static void put(struct nem_transfer *t, const char *text, uint64_t quantity)
{
	struct nem_mosaic *m = &t->mosaic[t->mosaics++];

	if (nem_mosaic_id_parse(&m->id, bytes_str(text), NULL) != ERR_OK) {
		abort();
	}
	m->quantity = quantity;
}

static void whole_transfers(void)
{
	unsigned asked = 0;
	struct nem_fee_lookup lookup = { .context = &asked, .find = find };
	const struct nem_mosaic_id *unknown = NULL;
	struct nem_tx tx;
	struct nem_tx wrapper;
	uint64_t fee = 3;

	memset(&tx, 0, sizeof tx);
	tx.type = NEM_TRANSFER;
	tx.head.network = NET;
	tx.head.version = 2;
	tx.transfer.amount_micro = 1000000;
	put(&tx.transfer, "a:gold", 10001);
	T_EQ(nem_fee_minimum_of(&fee, &tx, &lookup, &unknown), ERR_OK);
	T_EQ(fee, 3 * 50000);
	T_EQ(asked, 1);
	/* Without lookup it is unknown, and where it is no business of ours it counts as its least.
	 */
	T_EQ(nem_fee_minimum_of(&fee, &tx, NULL, &unknown), ERR_ASSET);
	T_CHECK(unknown == &tx.transfer.mosaic[0].id);
	T_EQ(fee, 3 * 50000);
	T_EQ(nem_fee_minimum_of(&fee, &tx, NULL, NULL), ERR_ASSET);
	T_EQ(nem_fee_minimum(&tx), 50000);
	/* The XEM part of a transfer with mosaics costs nothing by itself. */
	tx.transfer.amount_micro = UINT64_C(300000) * 1000000;
	T_EQ(nem_fee_minimum(&tx), 50000);
	tx.transfer.amount_micro = 1000000;
	/* Message and nem:xem, which nobody is asked for. */
	put(&tx.transfer, "nem:xem", UINT64_C(20000) * 1000000);
	tx.transfer.message_type = NEM_MESSAGE_PLAIN;
	tx.transfer.message_bytes = 32;
	asked = 0;
	T_EQ(nem_fee_minimum_of(&fee, &tx, &lookup, &unknown), ERR_OK);
	T_EQ(fee, (3 + 2 + 2) * 50000);
	T_EQ(asked, 1);
	put(&tx.transfer, "z:unknown", 1);
	T_EQ(nem_fee_minimum_of(&fee, &tx, &lookup, &unknown), ERR_ASSET);
	T_STR(unknown->name, "unknown");
	/* Inside a wrapper each pays its own. */
	tx.transfer.mosaics--;
	memset(&wrapper, 0, sizeof wrapper);
	wrapper.type = NEM_MULTISIG;
	wrapper.head = tx.head;
	wrapper.multisig.inner.type = NEM_TRANSFER;
	wrapper.multisig.inner.head = tx.head;
	wrapper.multisig.inner.transfer = tx.transfer;
	T_EQ(nem_fee_minimum_of(&fee, &wrapper, &lookup, &unknown), ERR_OK);
	T_EQ(fee, 150000);
	T_EQ(nem_fee_minimum_of_inner(&fee, &wrapper.multisig.inner, &lookup, &unknown), ERR_OK);
	T_EQ(fee, 7 * 50000);
	wrapper.head.fee_micro = 150000;
	wrapper.multisig.inner.head.fee_micro = (1 + 2 + 2) * 50000 - 1;
	T_EQ(nem_fee_check(&wrapper), ERR_FIELD_RANGE);
	wrapper.multisig.inner.head.fee_micro++;
	T_EQ(nem_fee_check(&wrapper), ERR_OK);
}

static void flat_fees(void)
{
	static const struct {
		enum nem_type type;
		uint64_t fee;
	} rows[] = {
		{ NEM_IMPORTANCE, 150000 },   { NEM_NAMESPACE, 150000 },
		{ NEM_DEFINITION, 150000 },   { NEM_SUPPLY, 150000 },
		{ NEM_MODIFICATION, 500000 }, { NEM_COSIGNATURE, 150000 },
		{ NEM_MULTISIG, 150000 },
	};

	for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
		static struct nem_tx tx;
		uint64_t fee = 0;

		memset(&tx, 0, sizeof tx);
		tx.type = rows[i].type;
		tx.multisig.inner.type = NEM_IMPORTANCE;
		if (rows[i].type == NEM_MULTISIG) {
			tx.multisig.inner.head.fee_micro = 150000;
		}
		T_EQ(nem_fee_minimum(&tx), rows[i].fee);
		T_EQ(nem_fee_minimum_of(&fee, &tx, NULL, NULL), ERR_OK);
		T_EQ(fee, rows[i].fee);
		tx.head.fee_micro = rows[i].fee - 1;
		T_EQ(nem_fee_check(&tx), ERR_FIELD_RANGE);
		tx.head.fee_micro++;
		T_EQ(nem_fee_check(&tx), ERR_OK);
	}
}

int main(int argc, char **argv)
{
	static const struct t_case cases[] = {
		{ "the slow way at random", slow_way_at_random },
		{ "the slow way at extremes", extremes },
		{ "few indivisible pieces", few_indivisible_pieces },
		{ "every step of the rarity", rarity_steps },
		{ "nem:xem is XEM", xem_is_xem },
		{ "whole transfers", whole_transfers },
		{ "flat fees", flat_fees },
	};

	if (crypto_init() != ERR_OK) {
		return 1;
	}
	return t_main(cases, ARRAY_LEN(cases), argc, argv);
}
