/* SPDX-License-Identifier: Apache-2.0 */
#include "crypto/ed25519.h"

#include <sodium.h>

#include "base/check.h"
#include "crypto/crypto.h"

_Static_assert((int)ED25519_SEED_BYTES == (int)crypto_sign_SEEDBYTES, "libsodium's seed");
_Static_assert((int)ED25519_SECRET_BYTES == (int)crypto_sign_SECRETKEYBYTES, "libsodium's secret");

/* libsodium reads no byte of an empty message, but its header says the pointer is not NULL. */
static const uint8_t *not_null(struct bytes b)
{
	static const uint8_t none[1];

	return b.n > 0 ? b.p : none;
}

void ed25519_keypair(struct key32 *public_key, uint8_t secret[ED25519_SECRET_BYTES],
		     const uint8_t seed[ED25519_SEED_BYTES])
{
	CHECK(crypto_sign_seed_keypair(public_key->b, secret, seed) == 0);
	crypto_wipe_stack();
}

void ed25519_sign(struct sig64 *out, const uint8_t secret[ED25519_SECRET_BYTES],
		  struct bytes message)
{
	CHECK(crypto_sign_detached(out->b, NULL, not_null(message), message.n, secret) == 0);
	crypto_wipe_stack();
}

bool ed25519_verify(const struct key32 *public_key, struct bytes message,
		    const struct sig64 *signature)
{
	crypto_checks_add();
	return crypto_sign_verify_detached(signature->b, not_null(message), message.n,
					   public_key->b) == 0;
}
