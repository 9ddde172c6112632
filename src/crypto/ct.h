/* SPDX-License-Identifier: Apache-2.0 */
/*
 * ct.h - choosing by a secret without a branch and without an address that tells of it.
 */
#ifndef KURAMORI_CRYPTO_CT_H
#define KURAMORI_CRYPTO_CT_H

#include <stdint.h>

/* The same number, but the compiler knows nothing of it any more: it made branches of it. */
static inline uint64_t ct_hidden(uint64_t v)
{
	__asm__("" : "+r"(v));
	return v;
}

/* All ones if a and b are equal, else zero, without a branch. */
static inline uint64_t ct_same(uint64_t a, uint64_t b)
{
	uint64_t d = a ^ b;

	return ct_hidden((d | (0 - d)) >> 63) - 1;
}

#endif
