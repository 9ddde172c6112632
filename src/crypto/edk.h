/* SPDX-License-Identifier: Apache-2.0 */
/*
 * edk.h - Ed25519 with Keccak-512 in the place of SHA-512: the signatures of NEM (nem.md 1.1).
 *
 * Signing is constant time in the secret, over libsodium's public group and scalar functions.
 * Verification is variable time, on public data only, and follows the rule of NIS
 * (crypto/ed25519/Ed25519DsaSigner.java), not that of RFC 8032 libraries.
 * crypto_init() comes first.
 */
#ifndef KURAMORI_CRYPTO_EDK_H
#define KURAMORI_CRYPTO_EDK_H

#include <stdbool.h>
#include <stdint.h>

#include "base/attr.h"
#include "base/bytes.h"
#include "base/err.h"

enum { EDK_SEED_BYTES = 32 };

/* An expanded secret key: made once, because expanding costs as much as signing. */
struct edk_secret {
	uint8_t scalar[32]; /* clamped */
	uint8_t prefix[32];
	struct key32 public_key;
};

/*
 * seed: the 32 bytes fed to Keccak-512, which is NEM's printed private key REVERSED
 * (nem.md 1.1 steps 1-3).  The caller owns *out and wipes it.
 */
void edk_secret_make(struct edk_secret *out, const uint8_t seed[EDK_SEED_BYTES]);

/* nem_private_key: the 32 bytes as NEM prints them (big-endian integer); reversed here. */
void edk_secret_from_nem(struct edk_secret *out, const uint8_t nem_private_key[EDK_SEED_BYTES]);

void edk_secret_wipe(struct edk_secret *secret);

/* Deterministic; message of any length, signed as it is (nem.md 1.1 step 4). */
void edk_sign(struct sig64 *out, const struct edk_secret *secret, struct bytes message);

/*
 * True exactly when NIS accepts (nem.md 1.1 step 5): 0 < S < L; the public key is not all zero and
 * decodes to a point; the encoding of S*B - k*A equals the first half of the signature byte for
 * byte (no cofactor).  Keys outside the prime-order subgroup are accepted, as NIS accepts them.
 * Variable time: public data only.
 */
bool edk_verify_vartime(const struct key32 *public_key, struct bytes message,
			const struct sig64 *signature);

/*
 * What two accounts have in common: the encoding of a * A of the other (nem.md 1.4).  Secret; the
 * caller wipes out.
 * ERR_KEY: no point, or one outside the subgroup of prime order.  NIS multiplies those too; there a
 * shared secret would be one of few, or tell three bits of ours.  out is undefined then.
 */
MUST_CHECK enum err edk_shared(uint8_t out[32], const struct edk_secret *secret,
			       const struct key32 *other);

#endif
