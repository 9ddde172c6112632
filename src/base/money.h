/* SPDX-License-Identifier: Apache-2.0 */
/*
 * money.h - an amount with its asset: unsigned 128-bit integers of the smallest unit.
 *
 * Never negative: direction is the debit or credit side, not a sign.  Only money.c touches the
 * members (tools/check-source greps for others); everything is checked, nothing wraps.
 */
#ifndef KURAMORI_BASE_MONEY_H
#define KURAMORI_BASE_MONEY_H

#include <stdbool.h>
#include <stdint.h>

#include "base/attr.h"
#include "base/bytes.h"
#include "base/err.h"

enum {
	ASSET_NONE = 0,
	ASSET_XEM = 1,       /* smallest unit: micro-XEM, 10^-6 XEM */
	ASSET_JPY = 2,       /* smallest unit: one yen */
	MONEY_TEXT_MAX = 40, /* 39 digits and a NUL */
};

struct money {
	u128 base_units_;
	uint32_t asset_;
};

/* An amount of a known asset.  Dies on ASSET_NONE. */
struct money money_of(uint32_t asset, u128 base_units);
struct money money_zero(uint32_t asset);

/*
 * Decimal text as it stands in documents: digits only, no sign, no leading zero ("0" is allowed),
 * at most 2^128 - 1.  ERR_AMOUNT (form), ERR_OVERFLOW (size).
 */
MUST_CHECK enum err money_parse(struct money *out, uint32_t asset, struct bytes text);

/* Writes the decimal text and a NUL (at most MONEY_TEXT_MAX bytes). */
void money_put(char out[MONEY_TEXT_MAX], const struct money *m);

/* *out = a + b or a - b.  ERR_ASSET if the assets differ, ERR_OVERFLOW outside 0..2^128-1. */
MUST_CHECK enum err money_add(struct money *out, const struct money *a, const struct money *b);
MUST_CHECK enum err money_sub(struct money *out, const struct money *a, const struct money *b);

/* -1, 0, 1.  Dies if the assets differ: comparing them is a bug, not an input. */
int money_cmp(const struct money *a, const struct money *b);
bool money_eq(const struct money *a, const struct money *b);
bool money_is_zero(const struct money *m);

uint32_t money_asset(const struct money *m);
/* The bare number, for records and wire formats. */
u128 money_units(const struct money *m);
/* The bare number where a format has 64 bits: ERR_OVERFLOW above 2^64 - 1. */
MUST_CHECK enum err money_u64(uint64_t *out, const struct money *m);

#endif
