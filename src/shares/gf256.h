/* SPDX-License-Identifier: Apache-2.0 */
/*
 * gf256.h - the field of 256 elements that shares are made in (SLIP-0039, "Shamir's
 * secret-sharing": polynomials modulo x^8 + x^4 + x^3 + x + 1, as in FIPS 197).
 *
 * No table is read at a place that follows from an element and no branch is taken by one: neither
 * the elements nor the points of a polynomial show.
 */
#ifndef KURAMORI_SHARES_GF256_H
#define KURAMORI_SHARES_GF256_H

#include <stddef.h>
#include <stdint.h>

enum { GF256_POINTS_MAX = 16, GF256_ROW_MAX = 64 };

uint8_t gf256_mul(uint8_t a, uint8_t b);

/* The element that times a is 1; 0 for a = 0. */
uint8_t gf256_inverse(uint8_t a);

/* The values of n polynomials at one place x. */
struct gf256_point {
	uint8_t x;
	uint8_t y[GF256_ROW_MAX];
};

/*
 * out[k], k < n: the value at x of the polynomial of lowest degree through (points[i].x,
 * points[i].y[k]) for all i < count (Lagrange).  count: 1..GF256_POINTS_MAX; n: up to
 * GF256_ROW_MAX; the x of the points are pairwise distinct: the caller has seen to all three, and
 * is stopped if not.  out is none of the points' rows.
 */
void gf256_interpolate(uint8_t *out, size_t n, uint8_t x, const struct gf256_point *points,
		       size_t count);

#endif
