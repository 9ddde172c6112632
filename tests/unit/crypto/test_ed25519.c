/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Goal: documents' signatures are RFC 8032's and nothing near a signature passes.
 * Method: the RFC's vectors; every flipped bit; small-order keys; S + L.
 */
#include <sodium.h>

#include "base/hex.h"
#include "crypto/crypto.h"
#include "crypto/ed25519.h"
#include "crypto/edk.h"
#include "t.h"

/* RFC 8032, 7.1, tests 1 to 3. */
static const struct {
	const char *seed, *public_key, *message, *signature;
} rfc[] = {
	{ "9d61b19deffd5a60ba844af492ec2cc44449c5697b326919703bac031cae7f60",
	  "d75a980182b10ab7d54bfed3c964073a0ee172f3daa62325af021a68f707511a", "",
	  "e5564300c360ac729086e2cc806e828a84877f1eb8e5d974d873e065224901555fb8821590a33bacc61e3970"
	  "1c"
	  "f9b46bd25bf5f0595bbe24655141438e7a100b" },
	{ "4ccd089b28ff96da9db6c346ec114e0f5b8a319f35aba624da8cf6ed4fb8a6fb",
	  "3d4017c3e843895a92b70aa74d1b7ebc9c982ccf2ec4968cc0cd55f12af4660c", "72",
	  "92a009a9f0d4cab8720e820b5f642540a2b27b5416503f8fb3762223ebdb69da085ac1e43e15996e458f3613"
	  "d0"
	  "f11d8c387b2eaeb4302aeeb00d291612bb0c00" },
	{ "c5aa8df43f9f837bedb7442f31dcb7b166d38535076f094b85ce3a2e0b4458f7",
	  "fc51cd8e6218a1a38da47ed00230f0580816ed13ba3303ac5deb911548908025", "af82",
	  "6291d657deec24024827e69c3abe01a30ce548a284743a445e3680d7db5ac3ac18ff9b538d16f290ae67f760"
	  "98"
	  "4dc6594a7c15e9716ed28dc027beceea1ec40a" },
};

static bool unhex(uint8_t *out, size_t n, const char *text)
{
	return hex_get(out, n, bytes_str(text), HEX_LOWER_ONLY) == ERR_OK;
}

static void rfc_vectors(void)
{
	for (size_t i = 0; i < ARRAY_LEN(rfc); i++) {
		uint8_t seed[32], want[64], secret[64], message[2];
		size_t n = strlen(rfc[i].message) / 2;
		struct key32 public_key;
		struct sig64 sig;

		T_CHECK(unhex(seed, 32, rfc[i].seed));
		T_CHECK(n == 0 || unhex(message, n, rfc[i].message));
		ed25519_keypair(&public_key, secret, seed);
		T_CHECK(unhex(want, 32, rfc[i].public_key));
		T_MEM(public_key.b, want, 32);
		ed25519_sign(&sig, secret, bytes_of(message, n));
		T_CHECK(unhex(want, 64, rfc[i].signature));
		T_MEM(sig.b, want, 64);
		T_CHECK(ed25519_verify(&public_key, bytes_of(message, n), &sig));
		T_CHECK(ed25519_verify(&public_key, bytes_of(n > 0 ? message : NULL, n), &sig));
	}
}

static void every_flipped_bit(void)
{
	uint8_t seed[32], secret[64], message[40] = { 0 };
	const struct bytes m = bytes_of(message, sizeof message);
	struct key32 public_key;
	struct sig64 sig;

	for (size_t i = 0; i < 32; i++) {
		seed[i] = (uint8_t)t_random();
	}
	memset(message, 0x42, sizeof message);
	ed25519_keypair(&public_key, secret, seed);
	ed25519_sign(&sig, secret, m);
	for (size_t bit = 0; bit < 512; bit++) {
		sig.b[bit / 8] ^= (uint8_t)(1u << bit % 8);
		T_CHECK(!ed25519_verify(&public_key, m, &sig));
		sig.b[bit / 8] ^= (uint8_t)(1u << bit % 8);
	}
	for (size_t bit = 0; bit < 256; bit++) {
		public_key.b[bit / 8] ^= (uint8_t)(1u << bit % 8);
		T_CHECK(!ed25519_verify(&public_key, m, &sig));
		public_key.b[bit / 8] ^= (uint8_t)(1u << bit % 8);
	}
	for (size_t bit = 0; bit < 8 * sizeof message; bit++) {
		message[bit / 8] ^= (uint8_t)(1u << bit % 8);
		T_CHECK(!ed25519_verify(&public_key, m, &sig));
		message[bit / 8] ^= (uint8_t)(1u << bit % 8);
	}
	for (size_t n = 0; n < sizeof message; n++) {
		T_CHECK(!ed25519_verify(&public_key, bytes_of(message, n), &sig));
	}
	T_CHECK(ed25519_verify(&public_key, m, &sig));
}

/* With the identity as key and R = sB every message would verify. */
static void small_order_keys(void)
{
	static const char *const keys[] = {
		"0100000000000000000000000000000000000000000000000000000000000000",
		"0000000000000000000000000000000000000000000000000000000000000000",
		"ecffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff7f",
		"0000000000000000000000000000000000000000000000000000000000000080",
		"26e8958fc2b227b045c3f489f2ef98f0d5dfac05d3c63339b13802886d53fc05",
		"c7176a703d4dd84fba3c0b760d10670f2a2053fa2c39ccc64ec7fd7792ac037a",
		"eeffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff7f",
	};

	for (size_t i = 0; i < ARRAY_LEN(keys); i++) {
		struct key32 key;

		T_CHECK(unhex(key.b, 32, keys[i]));
		for (uint8_t n = 1; n < 40; n++) {
			struct sig64 sig = { { 0 } };

			sig.b[32] = n;
			T_CHECK(crypto_scalarmult_ed25519_base_noclamp(sig.b, sig.b + 32) == 0);
			T_CHECK(!ed25519_verify(&key, bytes_of(&n, 1), &sig));
		}
	}
}

/* Both sides have the same, and nobody else; a key that is no good point shares nothing. */
static void what_two_keys_share(void)
{
	static const char *const bad[] = {
		"0100000000000000000000000000000000000000000000000000000000000000",
		"0000000000000000000000000000000000000000000000000000000000000000",
		"ecffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff7f",
		"26e8958fc2b227b045c3f489f2ef98f0d5dfac05d3c63339b13802886d53fc05",
		"eeffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff7f",
		"0200000000000000000000000000000000000000000000000000000000000000",
	};
	uint8_t secret[3][ED25519_SECRET_BYTES], one[32], two[32], zero[32] = { 0 };
	struct key32 key[3];

	for (uint8_t i = 0; i < 3; i++) {
		uint8_t seed[ED25519_SEED_BYTES];

		memset(seed, 10 + i, sizeof seed);
		ed25519_keypair(&key[i], secret[i], seed);
	}
	T_CHECK(ed25519_shared(one, secret[0], &key[1]));
	T_CHECK(ed25519_shared(two, secret[1], &key[0]));
	T_MEM(one, two, sizeof one);
	T_CHECK(ed25519_shared(two, secret[2], &key[0]));
	T_CHECK(memcmp(one, two, sizeof one) != 0);
	/* as libsodium has it of the converted keys */
	{
		uint8_t scalar[32], point[32];

		T_CHECK(crypto_sign_ed25519_sk_to_curve25519(scalar, secret[0]) == 0);
		T_CHECK(crypto_sign_ed25519_pk_to_curve25519(point, key[1].b) == 0);
		T_CHECK(crypto_scalarmult(two, scalar, point) == 0);
		T_MEM(one, two, sizeof one);
	}
	for (size_t i = 0; i < ARRAY_LEN(bad); i++) {
		struct key32 other;

		T_CHECK(unhex(other.b, 32, bad[i]));
		memset(one, 0xee, sizeof one);
		T_CHECK(!ed25519_shared(one, secret[0], &other));
		T_MEM(one, zero, sizeof one);
	}
}

static void s_beyond_its_range(void)
{
	static const uint8_t order[32] = { 0xed, 0xd3, 0xf5, 0x5c, 0x1a,       0x63,
					   0x12, 0x58, 0xd6, 0x9c, 0xf7,       0xa2,
					   0xde, 0xf9, 0xde, 0x14, [31] = 0x10 };
	uint8_t seed[32] = { 7 }, secret[64];
	struct key32 public_key;
	struct sig64 sig;
	unsigned carry = 0;

	ed25519_keypair(&public_key, secret, seed);
	ed25519_sign(&sig, secret, bytes_str("m"));
	T_CHECK(ed25519_verify(&public_key, bytes_str("m"), &sig));
	for (size_t i = 0; i < 32; i++) {
		carry += (unsigned)sig.b[32 + i] + order[i];
		sig.b[32 + i] = (uint8_t)carry;
		carry >>= 8;
	}
	T_CHECK(!ed25519_verify(&public_key, bytes_str("m"), &sig));
}

/* Each check once, whatever it finds; nothing else counts. */
static void checks_are_counted(void)
{
	static const uint8_t seed[ED25519_SEED_BYTES] = { 7 };
	uint8_t secret[ED25519_SECRET_BYTES];
	struct edk_secret nem;
	struct key32 key;
	struct sig64 sig;
	uint64_t before = crypto_checks();

	ed25519_keypair(&key, secret, seed);
	ed25519_sign(&sig, secret, bytes_str("m"));
	edk_secret_make(&nem, seed);
	T_EQ(crypto_checks(), before);
	T_CHECK(ed25519_verify(&key, bytes_str("m"), &sig));
	T_CHECK(!ed25519_verify(&key, bytes_str("n"), &sig));
	T_EQ(crypto_checks(), before + 2);
	edk_sign(&sig, &nem, bytes_str("m"));
	T_EQ(crypto_checks(), before + 2);
	T_CHECK(edk_verify_vartime(&nem.public_key, bytes_str("m"), &sig));
	T_CHECK(!edk_verify_vartime(&nem.public_key, bytes_str("n"), &sig));
	T_EQ(crypto_checks(), before + 4);
}

int main(int argc, char **argv)
{
	static const struct t_case cases[] = {
		{ "checks are counted, good and bad", checks_are_counted },
		{ "RFC 8032 vectors", rfc_vectors },
		{ "every flipped bit is refused", every_flipped_bit },
		{ "keys of small order are refused", small_order_keys },
		{ "what two keys share", what_two_keys_share },
		{ "S beyond its range is refused", s_beyond_its_range },
	};

	if (crypto_init() != ERR_OK) {
		return 1;
	}
	return t_main(cases, ARRAY_LEN(cases), argc, argv);
}
