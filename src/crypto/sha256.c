/* SPDX-License-Identifier: Apache-2.0 */
#include "crypto/sha256.h"

#include "base/check.h"
#include "crypto/crypto.h"

void sha256_init(struct sha256 *s)
{
	CHECK(crypto_hash_sha256_init(&s->state) == 0);
}

void sha256_update(struct sha256 *s, struct bytes in)
{
	if (in.n > 0) {
		CHECK(crypto_hash_sha256_update(&s->state, in.p, in.n) == 0);
	}
}

void sha256_final(struct sha256 *s, struct hash32 *out)
{
	CHECK(crypto_hash_sha256_final(&s->state, out->b) == 0);
	crypto_wipe(s, sizeof *s);
}

void sha256(struct hash32 *out, struct bytes in)
{
	struct sha256 s;

	sha256_init(&s);
	sha256_update(&s, in);
	sha256_final(&s, out);
}

void hmac_sha256(struct hash32 *out, struct bytes key, struct bytes in)
{
	crypto_auth_hmacsha256_state s;
	static const uint8_t none[1];

	CHECK(crypto_auth_hmacsha256_init(&s, key.n > 0 ? key.p : none, key.n) == 0);
	if (in.n > 0) {
		CHECK(crypto_auth_hmacsha256_update(&s, in.p, in.n) == 0);
	}
	CHECK(crypto_auth_hmacsha256_final(&s, out->b) == 0);
	crypto_wipe(&s, sizeof s);
}
