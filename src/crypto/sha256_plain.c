/* SPDX-License-Identifier: Apache-2.0 */
/*
 * sha256_plain.c - what sha256_many.c gives, one hash after the other: for a program whose holder
 * has to trust each line of it, and which never has many hashes to make (kuramori-cold).  It is
 * linked instead of sha256_many.c, never beside it.
 */
#include <string.h>

#include "base/check.h"
#include "crypto/sha256.h"

void sha256_many(struct hash32 *out, uint8_t (*in)[SHA256_MANY_ROOM], size_t count, size_t n)
{
	CHECK(n <= SHA256_MANY_MAX);
	for (size_t i = 0; i < count; i++) {
		sha256(&out[i], bytes_of(in[i], n));
	}
}

void sha256_each(struct hash32 *out, const struct sha256_message *in, size_t count)
{
	for (size_t i = 0; i < count; i++) {
		struct sha256 s;

		sha256_init(&s);
		sha256_update(&s, in[i].head);
		sha256_update(&s, in[i].rest);
		sha256_final(&s, &out[i]);
	}
}

void hmac_sha256_many_ready(struct hmac_sha256_many_key *k, const uint8_t key[32])
{
	memcpy(k->key, key, sizeof k->key);
}

void hmac_sha256_many(struct hash32 *out, const struct hmac_sha256_many_key *k,
		      const uint8_t (*in)[8], size_t count)
{
	for (size_t i = 0; i < count; i++) {
		hmac_sha256(&out[i], bytes_of(k->key, sizeof k->key), bytes_of(in[i], 8));
	}
}
