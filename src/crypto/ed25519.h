/* SPDX-License-Identifier: Apache-2.0 */
/*
 * ed25519.h - Ed25519 with SHA-512 (RFC 8032) over libsodium: the signatures of documents.
 * crypto_init() comes first.
 */
#ifndef KURAMORI_CRYPTO_ED25519_H
#define KURAMORI_CRYPTO_ED25519_H

#include <stdbool.h>
#include <stdint.h>

#include "base/bytes.h"

enum { ED25519_SEED_BYTES = 32, ED25519_SECRET_BYTES = 64 };

/* secret: seed and public key, the form ed25519_sign() takes; the caller wipes it. */
void ed25519_keypair(struct key32 *public_key, uint8_t secret[ED25519_SECRET_BYTES],
		     const uint8_t seed[ED25519_SEED_BYTES]);

/* Deterministic; message of any length. */
void ed25519_sign(struct sig64 *out, const uint8_t secret[ED25519_SECRET_BYTES],
		  struct bytes message);

/*
 * True if the signature is this key's over this message.  libsodium's strict rule: S < L, no
 * small-order or non-canonical key, no small-order R, no cofactor.
 */
bool ed25519_verify(const struct key32 *public_key, struct bytes message,
		    const struct sig64 *signature);

/*
 * A canonical point of the prime-order group: another can never sign.  Half of all mistyped keys
 * are none.
 */
bool ed25519_key_ok(const struct key32 *public_key);

enum { ED25519_SHARED_BYTES = 32 };

/*
 * What two keys have in common (X25519, RFC 7748, of both keys as points of curve25519): the same
 * for either's secret and the other's public key, and nobody else can compute it.  Only ever a key
 * of hmac_sha256() with a purpose of its own in the message; never a key by itself.  The caller
 * wipes out.  False: the public key is no good point (of small order, not canonical, all zero as a
 * struck key is); out is zero then.
 */
bool ed25519_shared(uint8_t out[ED25519_SHARED_BYTES], const uint8_t secret[ED25519_SECRET_BYTES],
		    const struct key32 *public_key);

#endif
