/* SPDX-License-Identifier: Apache-2.0 */
#include "crypto/mark.h"

#include <assert.h>

#include <sodium.h>

static_assert((int)MARK_KEY_BYTES == (int)crypto_shorthash_KEYBYTES, "SipHash's key");

uint64_t mark(const uint8_t key[MARK_KEY_BYTES], const struct hash32 *h)
{
	uint8_t out[crypto_shorthash_BYTES];

	/* it cannot fail */
	(void)crypto_shorthash(out, h->b, sizeof h->b, key);
	return le64_get(out);
}
