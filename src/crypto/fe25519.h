/* SPDX-License-Identifier: Apache-2.0 */
/*
 * fe25519.h - internal: numbers modulo p = 2^255 - 19, for verification only (variable time
 * allowed, public data only).
 *
 * Five limbs of 51 bits.  Two states, by the size of each limb:
 *   tight:  below 2^52; what fe25519_mul, _sq, _carry and _get give
 *   loose:  below 2^54; what _mul, _sq and _carry take, and what _add and _sub give
 * fe25519_add(tight or sum of two tights, tight) is loose; fe25519_sub(a, b) is a + 4p - b: b below
 * 2^53 - 76 in each limb (a tight number or the sum of two products), a below 2^53.
 *
 * Why products do not overflow: a column is at most (1 + 4 * 19) * 2^108 < 2^115, so its carry is
 * below 2^64; the carry out of the last column is below 2^60 and 19 times it below 2^64.
 */
#ifndef KURAMORI_CRYPTO_FE25519_H
#define KURAMORI_CRYPTO_FE25519_H

#include <stdbool.h>
#include <stdint.h>

#include "base/attr.h"

struct fe25519 {
	uint64_t v[5];
};

#define FE25519_MASK (((uint64_t)1 << 51) - 1)

static inline void fe25519_add(struct fe25519 *out, const struct fe25519 *a,
			       const struct fe25519 *b)
{
	for (int i = 0; i < 5; i++) {
		out->v[i] = a->v[i] + b->v[i];
	}
}

static inline void fe25519_sub(struct fe25519 *out, const struct fe25519 *a,
			       const struct fe25519 *b)
{
	const uint64_t four_p0 = ((uint64_t)1 << 53) - 76, four_p = ((uint64_t)1 << 53) - 4;

	out->v[0] = a->v[0] + four_p0 - b->v[0];
	out->v[1] = a->v[1] + four_p - b->v[1];
	out->v[2] = a->v[2] + four_p - b->v[2];
	out->v[3] = a->v[3] + four_p - b->v[3];
	out->v[4] = a->v[4] + four_p - b->v[4];
}

static inline void fe25519_reduce_(struct fe25519 *out, u128 r0, u128 r1, u128 r2, u128 r3, u128 r4)
{
	uint64_t low;

	r1 += (uint64_t)(r0 >> 51);
	r2 += (uint64_t)(r1 >> 51);
	r3 += (uint64_t)(r2 >> 51);
	r4 += (uint64_t)(r3 >> 51);
	low = ((uint64_t)r0 & FE25519_MASK) + 19 * (uint64_t)(r4 >> 51);
	out->v[0] = low & FE25519_MASK;
	out->v[1] = ((uint64_t)r1 & FE25519_MASK) + (low >> 51);
	out->v[2] = (uint64_t)r2 & FE25519_MASK;
	out->v[3] = (uint64_t)r3 & FE25519_MASK;
	out->v[4] = (uint64_t)r4 & FE25519_MASK;
}

static inline void fe25519_mul(struct fe25519 *out, const struct fe25519 *a,
			       const struct fe25519 *b)
{
	const uint64_t a0 = a->v[0], a1 = a->v[1], a2 = a->v[2], a3 = a->v[3], a4 = a->v[4];
	const uint64_t b0 = b->v[0], b1 = b->v[1], b2 = b->v[2], b3 = b->v[3], b4 = b->v[4];
	const uint64_t b1w = 19 * b1, b2w = 19 * b2, b3w = 19 * b3, b4w = 19 * b4;
	u128 r0, r1, r2, r3, r4;

	r0 = (u128)a0 * b0 + (u128)a1 * b4w + (u128)a2 * b3w + (u128)a3 * b2w + (u128)a4 * b1w;
	r1 = (u128)a0 * b1 + (u128)a1 * b0 + (u128)a2 * b4w + (u128)a3 * b3w + (u128)a4 * b2w;
	r2 = (u128)a0 * b2 + (u128)a1 * b1 + (u128)a2 * b0 + (u128)a3 * b4w + (u128)a4 * b3w;
	r3 = (u128)a0 * b3 + (u128)a1 * b2 + (u128)a2 * b1 + (u128)a3 * b0 + (u128)a4 * b4w;
	r4 = (u128)a0 * b4 + (u128)a1 * b3 + (u128)a2 * b2 + (u128)a3 * b1 + (u128)a4 * b0;
	fe25519_reduce_(out, r0, r1, r2, r3, r4);
}

static inline void fe25519_sq(struct fe25519 *out, const struct fe25519 *a)
{
	const uint64_t a0 = a->v[0], a1 = a->v[1], a2 = a->v[2], a3 = a->v[3], a4 = a->v[4];
	const uint64_t d0 = 2 * a0, d1 = 2 * a1, a3w = 19 * a3, a4w = 19 * a4, d2w = 38 * a2;
	u128 r0, r1, r2, r3, r4;

	r0 = (u128)a0 * a0 + (u128)(2 * a1) * a4w + (u128)d2w * a3;
	r1 = (u128)d0 * a1 + (u128)(2 * a2) * a4w + (u128)a3w * a3;
	r2 = (u128)d0 * a2 + (u128)a1 * a1 + (u128)(2 * a3) * a4w;
	r3 = (u128)d0 * a3 + (u128)d1 * a2 + (u128)a4w * a4;
	r4 = (u128)d0 * a4 + (u128)d1 * a3 + (u128)a2 * a2;
	fe25519_reduce_(out, r0, r1, r2, r3, r4);
}

/* Loose to tight. */
static inline void fe25519_carry(struct fe25519 *out, const struct fe25519 *a)
{
	fe25519_reduce_(out, a->v[0], a->v[1], a->v[2], a->v[3], a->v[4]);
}

/* out = a^(p-2); 0 for 0. */
void fe25519_inverse(struct fe25519 *out, const struct fe25519 *a);

/* out = a^((p-5)/8), the core of the square root. */
void fe25519_pow_p58(struct fe25519 *out, const struct fe25519 *a);

/* 255 bits, little endian; the top bit is ignored; p and above wrap round, as in NIS. */
void fe25519_get(struct fe25519 *out, const uint8_t in[32]);

/* The one encoding below p. */
void fe25519_put(uint8_t out[32], const struct fe25519 *a);

bool fe25519_is_zero(const struct fe25519 *a);

/* The lowest bit of the encoding below p. */
bool fe25519_is_odd(const struct fe25519 *a);

#endif
