/* SPDX-License-Identifier: Apache-2.0 */
/*
 * sha256.h - SHA-256 (FIPS 180-4) and HMAC-SHA-256 (RFC 2104) over libsodium.
 */
#ifndef KURAMORI_CRYPTO_SHA256_H
#define KURAMORI_CRYPTO_SHA256_H

#include <sodium.h>

#include "base/bytes.h"

/* A running hash: init, any number of updates, one final. */
struct sha256 {
	crypto_hash_sha256_state state;
};

void sha256_init(struct sha256 *s);
/* in may be empty. */
void sha256_update(struct sha256 *s, struct bytes in);
/* Writes the digest; *s is wiped and needs an init before the next use. */
void sha256_final(struct sha256 *s, struct hash32 *out);

void sha256(struct hash32 *out, struct bytes in);

/* key and in of any length, the empty ones too.  Compare results with crypto_eq(). */
void hmac_sha256(struct hash32 *out, struct bytes key, struct bytes in);

#endif
