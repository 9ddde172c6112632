/* SPDX-License-Identifier: Apache-2.0 */
#include "crypto/crypto.h"

#include <sodium.h>
#include <stdatomic.h>

#include "crypto/ge25519.h"

/* Of the whole process, like libsodium's state: a count that nobody decides by. */
static _Atomic uint64_t checks;

uint64_t crypto_checks(void)
{
	return atomic_load_explicit(&checks, memory_order_relaxed);
}

void crypto_checks_add(void)
{
	(void)atomic_fetch_add_explicit(&checks, 1, memory_order_relaxed);
}

bool (*crypto_by_tables)(bool *good, enum crypto_rule rule, const struct key32 *key,
			 struct bytes message, const struct sig64 *signature);

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
