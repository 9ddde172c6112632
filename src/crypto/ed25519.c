/* SPDX-License-Identifier: Apache-2.0 */
#include "crypto/ed25519.h"

#include <sodium.h>
#include <string.h>

#include "base/check.h"
#include "crypto/crypto.h"

_Static_assert((int)ED25519_SEED_BYTES == (int)crypto_sign_SEEDBYTES, "libsodium's seed");
_Static_assert((int)ED25519_SECRET_BYTES == (int)crypto_sign_SECRETKEYBYTES, "libsodium's secret");
_Static_assert((int)ED25519_SHARED_BYTES == (int)crypto_scalarmult_BYTES, "libsodium's X25519");

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
	bool good = false;

	crypto_checks_add();
	if (crypto_by_tables != NULL &&
	    crypto_by_tables(&good, CRYPTO_SHA512, public_key, message, signature)) {
		return good;
	}
	return crypto_sign_verify_detached(signature->b, not_null(message), message.n,
					   public_key->b) == 0;
}

bool ed25519_shared(uint8_t out[ED25519_SHARED_BYTES], const uint8_t secret[ED25519_SECRET_BYTES],
		    const struct key32 *public_key)
{
	uint8_t scalar[crypto_scalarmult_SCALARBYTES];
	uint8_t point[crypto_scalarmult_BYTES];
	bool good = crypto_sign_ed25519_pk_to_curve25519(point, public_key->b) == 0;

	memset(out, 0, ED25519_SHARED_BYTES);
	if (good) {
		CHECK(crypto_sign_ed25519_sk_to_curve25519(scalar, secret) == 0);
		/* fails for points of small order alone, which were refused above */
		CHECK(crypto_scalarmult(out, scalar, point) == 0);
		crypto_wipe(scalar, sizeof scalar);
		crypto_wipe_stack();
	}
	return good;
}
