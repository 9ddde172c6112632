/* SPDX-License-Identifier: Apache-2.0 */
#include "crypto/crypto.h"

#include <sodium.h>

#include "crypto/ge25519.h"

enum err crypto_init(void)
{
	if (sodium_init() < 0) {
		return ERR_IO;
	}
	ge25519_init();
	return ERR_OK;
}

bool crypto_eq(const void *a, const void *b, size_t n)
{
	return n == 0 || sodium_memcmp(a, b, n) == 0;
}

void crypto_wipe(void *p, size_t n)
{
	if (n > 0) {
		sodium_memzero(p, n);
	}
}

__attribute__((noinline)) void crypto_wipe_stack(void)
{
	uint8_t below[CRYPTO_STACK_BYTES];

	crypto_wipe(below, sizeof below);
}
