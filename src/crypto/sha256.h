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

#endif
