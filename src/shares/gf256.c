/* SPDX-License-Identifier: Apache-2.0 */
#include "shares/gf256.h"

#include <string.h>

#include "base/check.h"
#include "crypto/ct.h"

uint8_t gf256_mul(uint8_t a, uint8_t b)
{
	uint64_t x = a;
	uint64_t product = 0;

	for (unsigned i = 0; i < 8; i++) {
		product ^= x & (0 - ct_hidden(((uint64_t)b >> i) & 1));
		x = x << 1 ^ (0x11b & (0 - ct_hidden(x >> 7 & 1)));
	}
	return (uint8_t)product;
}

uint8_t gf256_inverse(uint8_t a)
{
	uint8_t power = a;
	uint8_t inverse = 1;

	/* a^254 = a^2 * a^4 * ... * a^128, as the 255 elements but 0 are a group */
	for (int i = 0; i < 7; i++) {
		power = gf256_mul(power, power);
		inverse = gf256_mul(inverse, power);
	}
	return inverse;
}

void gf256_interpolate(uint8_t *out, size_t n, uint8_t x, const struct gf256_point *points,
		       size_t count)
{
	CHECK(count >= 1 && count <= GF256_POINTS_MAX && n <= GF256_ROW_MAX);
	memset(out, 0, n);
	for (size_t i = 0; i < count; i++) {
		uint8_t above = 1;
		uint8_t below = 1;
		uint8_t weight;

		for (size_t j = 0; j < count; j++) {
			if (j != i) {
				CHECK(points[i].x != points[j].x);
				above = gf256_mul(above, x ^ points[j].x);
				below = gf256_mul(below, points[i].x ^ points[j].x);
			}
		}
		weight = gf256_mul(above, gf256_inverse(below));
		for (size_t k = 0; k < n; k++) {
			out[k] ^= gf256_mul(weight, points[i].y[k]);
		}
	}
}
