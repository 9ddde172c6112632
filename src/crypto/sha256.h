/* SPDX-License-Identifier: Apache-2.0 */
/*
 * sha256.h - SHA-256 (FIPS 180-4) and HMAC-SHA-256 (RFC 2104) over nettle, which uses the
 * processor's own SHA instructions where there are any.
 */
#ifndef KURAMORI_CRYPTO_SHA256_H
#define KURAMORI_CRYPTO_SHA256_H

#include <stdint.h>

#include "base/bytes.h"

/* A running hash: init, any number of updates, one final. */
struct sha256 {
	uint64_t state[14]; /* nettle's context, whose header would rename our functions */
};

void sha256_init(struct sha256 *s);
/* in may be empty. */
void sha256_update(struct sha256 *s, struct bytes in);
/* Writes the digest; *s is wiped and needs an init before the next use. */
void sha256_final(struct sha256 *s, struct hash32 *out);

void sha256(struct hash32 *out, struct bytes in);

/* key and in of any length, the empty ones too.  Compare results with crypto_eq(). */
void hmac_sha256(struct hash32 *out, struct bytes key, struct bytes in);

/*
 * A key made ready for many messages: half the work of each is done once.  As secret as the key:
 * wipe it (crypto_wipe).
 */
struct hmac_sha256_key {
	uint64_t state[42];
};

void hmac_sha256_ready(struct hmac_sha256_key *k, struct bytes key);
/* hmac_sha256() under that key.  *k is worked in and may be used again, by one thread at a time. */
void hmac_sha256_with(struct hash32 *out, struct hmac_sha256_key *k, struct bytes in);

enum {
	SHA256_MANY_MAX = 183,  /* bytes of a message of sha256_many() */
	SHA256_MANY_ROOM = 192, /* of its buffer */
};

/*
 * `count` messages of n bytes, hashed side by side: for who has many short ones
 * (crypto/sha256_many.c).  Each stands at the start of its buffer; what is behind it is
 * overwritten.
 */
void sha256_many(struct hash32 *out, uint8_t (*in)[SHA256_MANY_ROOM], size_t count, size_t n);

/* A message in two pieces, each of which may be empty. */
struct sha256_message {
	struct bytes head, rest;
};

/*
 * `count` messages of any lengths, two at a time: whenever one has ended the next takes its place,
 * so the longest stands first.  out must not overlap what is hashed.  Not for secrets: what was
 * worked in is not wiped.
 */
void sha256_each(struct hash32 *out, const struct sha256_message *in, size_t count);

/* The same of HMAC: a key of 32 bytes, messages of 8.  The key made ready is as secret as it. */
struct hmac_sha256_many_key {
	uint8_t key[32];
	uint32_t inner[8], outer[8];
};

void hmac_sha256_many_ready(struct hmac_sha256_many_key *k, const uint8_t key[32]);
void hmac_sha256_many(struct hash32 *out, const struct hmac_sha256_many_key *k,
		      const uint8_t (*in)[8], size_t count);

#endif
