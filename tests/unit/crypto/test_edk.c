/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Goal: what edk_sign() makes verifies, and nothing near it does.
 *
 * Method: every single flipped bit of signature, key and message; S + nL; S of 0; wrong keys;
 * malleability by the caller; random keys and messages of every length around the blocks.  Verdicts
 * at the edges of the rule stand in tests/conformance/crypto.
 */
#include <sodium.h>

#include "crypto/crypto.h"
#include "crypto/edk.h"
#include "crypto/keccak.h"
#include "t.h"

static const uint8_t order[32] = { 0xed, 0xd3, 0xf5, 0x5c, 0x1a, 0x63, 0x12, 0x58,       0xd6,
				   0x9c, 0xf7, 0xa2, 0xde, 0xf9, 0xde, 0x14, [31] = 0x10 };

static void fill(uint8_t *p, size_t n)
{
	for (size_t i = 0; i < n; i++) {
		p[i] = (uint8_t)t_random();
	}
}

/* a += b over 256 bits; true if it did not fit. */
static bool add256(uint8_t a[32], const uint8_t b[32])
{
	unsigned carry = 0;

	for (size_t i = 0; i < 32; i++) {
		carry += (unsigned)a[i] + b[i];
		a[i] = (uint8_t)carry;
		carry >>= 8;
	}
	return carry != 0;
}

static void random_round_trips(void)
{
	uint8_t seed[32], message[300];

	for (size_t n = 0; n <= sizeof message; n++) {
		struct edk_secret secret, other;
		struct sig64 sig, again;

		fill(seed, 32);
		fill(message, n);
		edk_secret_make(&secret, seed);
		edk_sign(&sig, &secret, bytes_of(message, n));
		T_CHECK(edk_verify_vartime(&secret.public_key, bytes_of(message, n), &sig));
		edk_sign(&again, &secret, bytes_of(message, n));
		T_MEM(&sig, &again, sizeof sig);
		fill(seed, 32);
		edk_secret_make(&other, seed);
		T_CHECK(!edk_verify_vartime(&other.public_key, bytes_of(message, n), &sig));
	}
}

static void every_flipped_bit(void)
{
	uint8_t seed[32], message[52] = { 0 };
	struct edk_secret secret;
	struct sig64 sig;
	const struct bytes m = bytes_of(message, sizeof message);

	fill(seed, 32);
	fill(message, sizeof message);
	edk_secret_make(&secret, seed);
	edk_sign(&sig, &secret, m);
	T_CHECK(edk_verify_vartime(&secret.public_key, m, &sig));
	for (size_t bit = 0; bit < 64 * 8; bit++) {
		sig.b[bit / 8] ^= (uint8_t)(1u << bit % 8);
		T_CHECK(!edk_verify_vartime(&secret.public_key, m, &sig));
		sig.b[bit / 8] ^= (uint8_t)(1u << bit % 8);
	}
	for (size_t bit = 0; bit < 32 * 8; bit++) {
		secret.public_key.b[bit / 8] ^= (uint8_t)(1u << bit % 8);
		T_CHECK(!edk_verify_vartime(&secret.public_key, m, &sig));
		secret.public_key.b[bit / 8] ^= (uint8_t)(1u << bit % 8);
	}
	for (size_t bit = 0; bit < sizeof message * 8; bit++) {
		message[bit / 8] ^= (uint8_t)(1u << bit % 8);
		T_CHECK(!edk_verify_vartime(&secret.public_key, m, &sig));
		message[bit / 8] ^= (uint8_t)(1u << bit % 8);
	}
	for (size_t n = 0; n < sizeof message; n++) {
		T_CHECK(!edk_verify_vartime(&secret.public_key, bytes_of(message, n), &sig));
	}
	T_CHECK(edk_verify_vartime(&secret.public_key, m, &sig));
}

/* S + nL is the same number modulo L: without the range check the signature would be malleable. */
static void other_spellings_of_s(void)
{
	for (int round = 0; round < 50; round++) {
		uint8_t seed[32];
		struct edk_secret secret;
		struct sig64 sig;
		int tried = 0;

		fill(seed, 32);
		edk_secret_make(&secret, seed);
		edk_sign(&sig, &secret, bytes_of(seed, 32));
		T_CHECK(edk_verify_vartime(&secret.public_key, bytes_of(seed, 32), &sig));
		while (!add256(sig.b + 32, order)) {
			T_CHECK(!edk_verify_vartime(&secret.public_key, bytes_of(seed, 32), &sig));
			tried++;
		}
		T_CHECK(tried >= 14);
	}
}

static void forbidden_values(void)
{
	uint8_t seed[32], zero[32] = { 0 };
	struct edk_secret secret;
	struct key32 zero_key = { { 0 } };
	struct sig64 sig, bad;

	fill(seed, 32);
	edk_secret_make(&secret, seed);
	edk_sign(&sig, &secret, bytes_str("m"));
	bad = sig;
	memcpy(bad.b + 32, zero, 32);
	T_CHECK(!edk_verify_vartime(&secret.public_key, bytes_str("m"), &bad));
	bad = sig;
	memcpy(bad.b + 32, order, 32);
	T_CHECK(!edk_verify_vartime(&secret.public_key, bytes_str("m"), &bad));
	bad = sig;
	memcpy(bad.b, zero, 32);
	T_CHECK(!edk_verify_vartime(&secret.public_key, bytes_str("m"), &bad));
	memset(&bad, 0, sizeof bad);
	T_CHECK(!edk_verify_vartime(&secret.public_key, bytes_str("m"), &bad));
	memset(&bad, 0xff, sizeof bad);
	T_CHECK(!edk_verify_vartime(&secret.public_key, bytes_str("m"), &bad));
	T_CHECK(!edk_verify_vartime(&zero_key, bytes_str("m"), &sig));
	/* halves in the wrong order */
	memcpy(bad.b, sig.b + 32, 32);
	memcpy(bad.b + 32, sig.b, 32);
	T_CHECK(!edk_verify_vartime(&secret.public_key, bytes_str("m"), &bad));
}

/* The zero key is a point of order 4: without its own rule one in four messages would pass. */
static void zero_key_is_refused_by_rule(void)
{
	struct key32 zero_key = { { 0 } };

	for (uint32_t i = 0; i < 64; i++) {
		struct sig64 sig = { { 0 } };

		sig.b[32] = (uint8_t)(1 + i);
		T_CHECK(crypto_scalarmult_ed25519_base_noclamp(sig.b, sig.b + 32) == 0);
		T_CHECK(!edk_verify_vartime(&zero_key, bytes_of(&i, sizeof i), &sig));
	}
}

static void random_rubbish(void)
{
	for (int i = 0; i < 2000; i++) {
		struct key32 key;
		struct sig64 sig;

		fill(key.b, 32);
		fill(sig.b, 64);
		if (i % 2 == 0) {
			sig.b[63] &= 0x0f;
		}
		T_CHECK(!edk_verify_vartime(&key, bytes_str("m"), &sig));
	}
}

/* SHA-512 in the place of Keccak-512 is another scheme: no signature serves in both. */
static void not_ordinary_ed25519(void)
{
	uint8_t seed[32], ed_secret[64];
	struct edk_secret secret;
	struct key32 ed_public;
	struct sig64 sig;

	fill(seed, 32);
	T_CHECK(crypto_sign_seed_keypair(ed_public.b, ed_secret, seed) == 0);
	edk_secret_make(&secret, seed);
	T_CHECK(!key32_eq(&ed_public, &secret.public_key));
	edk_sign(&sig, &secret, bytes_str("m"));
	T_CHECK(crypto_sign_verify_detached(sig.b, (const uint8_t *)"m", 1, secret.public_key.b) !=
		0);
	T_CHECK(crypto_sign_detached(sig.b, NULL, (const uint8_t *)"m", 1, ed_secret) == 0);
	T_CHECK(!edk_verify_vartime(&ed_public, bytes_str("m"), &sig));
}

static void wipe(void)
{
	static const struct edk_secret zero;
	uint8_t seed[32];
	struct edk_secret secret;

	fill(seed, 32);
	edk_secret_make(&secret, seed);
	T_EQ(secret.scalar[0] & 7, 0);
	T_EQ(secret.scalar[31] & 0xc0, 0x40);
	edk_secret_wipe(&secret);
	T_MEM(&secret, &zero, sizeof zero);
}

/* Keys as the algebra has them: [a]B of ours is that of libsodium for the same clamped scalar. */
static void from_nem_reverses(void)
{
	uint8_t seed[32], printed[32];
	struct edk_secret a, b;

	for (int i = 0; i < 20; i++) {
		fill(seed, 32);
		for (size_t j = 0; j < 32; j++) {
			printed[31 - j] = seed[j];
		}
		edk_secret_make(&a, seed);
		edk_secret_from_nem(&b, printed);
		T_MEM(&a, &b, sizeof a);
	}
}

int main(int argc, char **argv)
{
	static const struct t_case cases[] = {
		{ "random round trips, messages of 0 to 300 bytes", random_round_trips },
		{ "every flipped bit is refused", every_flipped_bit },
		{ "S plus multiples of L is refused", other_spellings_of_s },
		{ "forbidden values", forbidden_values },
		{ "the zero key is refused by rule", zero_key_is_refused_by_rule },
		{ "random rubbish", random_rubbish },
		{ "not ordinary Ed25519", not_ordinary_ed25519 },
		{ "clamped, and wiped", wipe },
		{ "NEM prints keys reversed", from_nem_reverses },
	};

	if (crypto_init() != ERR_OK) {
		return 1;
	}
	return t_main(cases, ARRAY_LEN(cases), argc, argv);
}
