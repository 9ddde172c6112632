/* SPDX-License-Identifier: Apache-2.0 */
/*
 * ge25519.h - internal: points of edwards25519, for verification only (variable time, public data).
 * The formulas are complete on this curve (-1 is a square, d is not): they hold for every pair of
 * points, the small and mixed orders included.  Hisil, Wong, Carter, Dawson 2008 (extended
 * coordinates).
 */
#ifndef KURAMORI_CRYPTO_GE25519_H
#define KURAMORI_CRYPTO_GE25519_H

#include <stdbool.h>
#include <stdint.h>

#include "crypto/fe25519.h"

/* Extended coordinates: x = X/Z, y = Y/Z, xy = T/Z; all tight. */
struct ge25519 {
	struct fe25519 x, y, z, t;
};

/* Builds the table of multiples of the base point; called by crypto_init(). */
void ge25519_init(void);

/*
 * Decodes as NIS does (Ed25519EncodedGroupElement.decode): y of p and above wraps round, and x = 0
 * with the sign bit set is taken as x = 0.  False if no point has this y; *out untouched then.
 */
bool ge25519_get(struct ge25519 *out, const uint8_t in[32]);

/*
 * Writes the encoding of s*B + k*A; s and k are little-endian integers below 2^255, taken as they
 * are (not modulo L: that matters where A is not of order L).
 * Dies if ge25519_init() was not called.
 */
void ge25519_double_mul_vartime(uint8_t out[32], const uint8_t s[32], const uint8_t k[32],
				const struct ge25519 *a);

/* 0 < s < L. */
bool ge25519_scalar_is_canonical(const uint8_t s[32]);

/* out = -a. */
void ge25519_neg(struct ge25519 *out, const struct ge25519 *a);

#endif
