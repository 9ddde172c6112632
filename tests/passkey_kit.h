/* SPDX-License-Identifier: Apache-2.0 */
/*
 * passkey_kit.h - a security key with Ed25519, for tests in C.  What other devices say, and by
 * other programs, is in tests/conformance/webauthn.
 */
#ifndef KURAMORI_PASSKEY_KIT_H
#define KURAMORI_PASSKEY_KIT_H

#include <stdio.h>
#include <string.h>

#include "base/check.h"
#include "base/hex.h"
#include "crypto/ed25519.h"
#include "crypto/sha256.h"
#include "doc/types.h"
#include "policy/webauthn.h"

#define PASSKEY_PARTY  "approve.example"
#define PASSKEY_ORIGIN "https://approve.example"

/* The key with this number: its entry in a roster, and what signs for it. */
static inline void passkey_make(struct doc_passkey *entry, uint8_t secret[ED25519_SECRET_BYTES],
				uint8_t number)
{
	const uint8_t seed[ED25519_SEED_BYTES] = { 0x9a, number };
	struct key32 key;

	ed25519_keypair(&key, secret, seed);
	*entry = (struct doc_passkey){ .algorithm = DOC_ALGORITHM_EDDSA,
				       .credential_n = 16,
				       .key_n = sizeof key.b };
	memset(entry->credential, number, entry->credential_n);
	memcpy(entry->key, key.b, sizeof key.b);
}

/* An es256 key that is the base point of P-256 (FIPS 186-4, D.1.2.3), or stands beside the curve.
 */
static inline void passkey_point(struct doc_passkey *entry, bool on_curve)
{
	static const char base[] =
	    "6b17d1f2e12c4247f8bce6e563a440f277037d812deb33a0f4a13945d898c296"
	    "4fe342e2fe1a7f9b8ee7eb4a7c0f9e162bce33576b315ececbb6406837bf51f5";

	*entry = (struct doc_passkey){ .algorithm = DOC_ALGORITHM_ES256,
				       .credential_n = 16,
				       .key_n = 64 };
	memset(entry->credential, 0xe5, entry->credential_n);
	CHECK(hex_get(entry->key, 64, bytes_str(base), HEX_LOWER_ONLY) == ERR_OK);
	entry->key[63] ^= !on_curve;
}

/* Whom these keys sign for. */
static inline void passkey_party(struct doc_relying_party *out)
{
	memset(out, 0, sizeof *out);
	out->origin_count = 1;
	(void)snprintf(out->id, sizeof out->id, "%s", PASSKEY_PARTY);
	(void)snprintf(out->origins[0].origin, sizeof out->origins[0].origin, "%s", PASSKEY_ORIGIN);
}

/* As passkey_assert(), with more members of client data: ",\"x\":1". */
static inline void passkey_assert_with(struct doc_assertion *out, uint8_t number,
				       const struct hash32 *approval, uint32_t counter,
				       uint8_t flags, const char *more)
{
	uint8_t secret[ED25519_SECRET_BYTES], data[WEBAUTHN_PLAIN_BYTES + 32];
	char challenge[WEBAUTHN_CHALLENGE_CHARS + 1];
	struct doc_passkey entry;
	struct hash32 hash;
	struct sig64 signature;
	int n;

	passkey_make(&entry, secret, number);
	webauthn_challenge(challenge, approval);
	*out = (struct doc_assertion){ .approval = *approval,
				       .authenticator_data_n = WEBAUTHN_PLAIN_BYTES,
				       .credential_n = entry.credential_n,
				       .signature_n = sizeof signature.b };
	n = snprintf((char *)out->client_data, sizeof out->client_data,
		     "{\"type\":\"webauthn.get\",\"challenge\":\"%s\",\"origin\":\"%s\"%s}",
		     challenge, PASSKEY_ORIGIN, more);
	CHECK(n > 0 && (size_t)n < sizeof out->client_data);
	out->client_data_n = (size_t)n;
	memcpy(out->credential, entry.credential, entry.credential_n);
	sha256(&hash, bytes_str(PASSKEY_PARTY));
	memcpy(data, hash.b, sizeof hash.b);
	data[32] = flags;
	for (unsigned i = 0; i < 4; i++) {
		data[33 + i] = (uint8_t)(counter >> (24 - 8 * i));
	}
	memcpy(out->authenticator_data, data, WEBAUTHN_PLAIN_BYTES);
	sha256(&hash, bytes_of(out->client_data, out->client_data_n));
	memcpy(data + WEBAUTHN_PLAIN_BYTES, hash.b, sizeof hash.b);
	ed25519_sign(&signature, secret, bytes_of(data, sizeof data));
	memcpy(out->signature, signature.b, sizeof signature.b);
}

/* This key's word on the approval with this id; flags 5: touched, and verified. */
static inline void passkey_assert(struct doc_assertion *out, uint8_t number,
				  const struct hash32 *approval, uint32_t counter, uint8_t flags)
{
	passkey_assert_with(out, number, approval, counter, flags, "");
}

#endif
