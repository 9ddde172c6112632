/* SPDX-License-Identifier: Apache-2.0 */
#include <assert.h>
#include <nettle/hmac.h>
#include <nettle/sha2.h>

/* nettle gives its functions our names by macros */
#undef sha256_init
#undef sha256_update
#undef sha256_digest
#undef hmac_sha256_set_key
#undef hmac_sha256_update
#undef hmac_sha256_digest

#include "crypto/crypto.h"
#include "crypto/sha256.h"

static_assert(sizeof(struct sha256) == sizeof(struct sha256_ctx) &&
		  _Alignof(struct sha256) >= _Alignof(struct sha256_ctx),
	      "nettle's context");
static_assert(sizeof(struct hmac_sha256_key) == sizeof(struct hmac_sha256_ctx) &&
		  _Alignof(struct hmac_sha256_key) >= _Alignof(struct hmac_sha256_ctx),
	      "nettle's context");
static_assert(sizeof(struct hash32) == SHA256_DIGEST_SIZE, "a digest");

static struct sha256_ctx *context(struct sha256 *s)
{
	return (struct sha256_ctx *)(void *)s->state;
}

static struct hmac_sha256_ctx *keyed(struct hmac_sha256_key *k)
{
	return (struct hmac_sha256_ctx *)(void *)k->state;
}

void sha256_init(struct sha256 *s)
{
	nettle_sha256_init(context(s));
}

void sha256_update(struct sha256 *s, struct bytes in)
{
	if (in.n > 0) {
		nettle_sha256_update(context(s), in.n, in.p);
	}
}

void sha256_final(struct sha256 *s, struct hash32 *out)
{
	nettle_sha256_digest(context(s), sizeof out->b, out->b);
	crypto_wipe(s, sizeof *s);
}

void sha256(struct hash32 *out, struct bytes in)
{
	struct sha256 s;

	sha256_init(&s);
	sha256_update(&s, in);
	sha256_final(&s, out);
}

void hmac_sha256_ready(struct hmac_sha256_key *k, struct bytes key)
{
	static const uint8_t none[1];

	nettle_hmac_sha256_set_key(keyed(k), key.n, key.n > 0 ? key.p : none);
}

void hmac_sha256_with(struct hash32 *out, struct hmac_sha256_key *k, struct bytes in)
{
	if (in.n > 0) {
		nettle_hmac_sha256_update(keyed(k), in.n, in.p);
	}
	nettle_hmac_sha256_digest(keyed(k), sizeof out->b, out->b);
}

void hmac_sha256(struct hash32 *out, struct bytes key, struct bytes in)
{
	struct hmac_sha256_key k;

	hmac_sha256_ready(&k, key);
	hmac_sha256_with(out, &k, in);
	crypto_wipe(&k, sizeof k);
}
