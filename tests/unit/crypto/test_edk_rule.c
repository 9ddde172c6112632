/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Goal: edk_verify_vartime() decides as the rule of NIS does (Ed25519DsaSigner.java,
 * Ed25519EncodedGroupElement.java), for every key that decodes and every that does not.
 *
 * Method: an oracle that shares no arithmetic with ours.  It adds and doubles with libsodium's
 * crypto_core_ed25519_add(), which takes points outside the prime-order subgroup and other
 * spellings of a point, as NIS does, and multiplies with nothing else.  Random and hostile input:
 * keys and R with a part of small order, keys of small order in every spelling, S at and beyond
 * the ends of its range, R spelt otherwise.  Where libsodium's own verdict on a key is stricter
 * than NIS's, the difference is asserted, so that it stays the only one.
 */
#include <sodium.h>

#include "base/attr.h"
#include "crypto/crypto.h"
#include "crypto/edk.h"
#include "crypto/ge25519.h"
#include "crypto/keccak.h"
#include "t.h"

static const uint8_t identity[32] = { 1 };
static const uint8_t order[32] = { 0xed, 0xd3, 0xf5, 0x5c, 0x1a, 0x63, 0x12, 0x58,       0xd6,
				   0x9c, 0xf7, 0xa2, 0xde, 0xf9, 0xde, 0x14, [31] = 0x10 };
/* A point of order 8. */
static const uint8_t torsion_one[32] = { 0xc7, 0x17, 0x6a, 0x70, 0x3d, 0x4d, 0xd8, 0x4f,
					 0xba, 0x3c, 0x0b, 0x76, 0x0d, 0x10, 0x67, 0x0f,
					 0x2a, 0x20, 0x53, 0xfa, 0x2c, 0x39, 0xcc, 0xc6,
					 0x4e, 0xc7, 0xfd, 0x77, 0x92, 0xac, 0x03, 0x7a };

static uint8_t torsion[8][32];

static void fill(uint8_t *p, size_t n)
{
	for (size_t i = 0; i < n; i++) {
		p[i] = (uint8_t)t_random();
	}
}

static void random_scalar(uint8_t out[32])
{
	uint8_t wide[64];

	fill(wide, sizeof wide);
	crypto_core_ed25519_scalar_reduce(out, wide);
}

/* out = n * p by additions alone; p must decode.  False if libsodium refuses p. */
static bool multiply(uint8_t out[32], const uint8_t n[32], const uint8_t p[32])
{
	uint8_t sum[32];

	memcpy(sum, identity, 32);
	for (int i = 255; i >= 0; i--) {
		if (crypto_core_ed25519_add(sum, sum, sum) != 0 ||
		    ((n[i / 8] >> i % 8 & 1) != 0 && crypto_core_ed25519_add(sum, sum, p) != 0)) {
			return false;
		}
	}
	memcpy(out, sum, 32);
	return true;
}

static bool make_torsion(void)
{
	memcpy(torsion[0], identity, 32);
	for (int i = 1; i < 8; i++) {
		if (crypto_core_ed25519_add(torsion[i], torsion[i - 1], torsion_one) != 0) {
			return false;
		}
	}
	/* its order is 8 and not less */
	return memcmp(torsion[4], identity, 32) != 0 &&
	       crypto_core_ed25519_add(torsion[1], torsion[7], torsion_one) == 0 &&
	       memcmp(torsion[1], identity, 32) == 0 && memcpy(torsion[1], torsion_one, 32) != NULL;
}

static void challenge(uint8_t k[32], const uint8_t r[32], const uint8_t key[32],
		      struct bytes message)
{
	uint8_t wide[64];
	struct keccak state;

	keccak512_init(&state);
	keccak_update(&state, bytes_of(r, 32));
	keccak_update(&state, bytes_of(key, 32));
	keccak_update(&state, message);
	keccak512_final(&state, wide);
	crypto_core_ed25519_scalar_reduce(k, wide);
}

/* a < b as 256-bit numbers, lowest byte first. */
static bool below(const uint8_t a[32], const uint8_t b[32])
{
	for (int i = 31; i >= 0; i--) {
		if (a[i] != b[i]) {
			return a[i] < b[i];
		}
	}
	return false;
}

static bool oracle(const struct key32 *key, struct bytes message, const struct sig64 *signature)
{
	const uint8_t *s = signature->b + 32;
	uint8_t k[32], sb[32], ka[32];

	if (!below(s, order) || sodium_is_zero(s, 32) || sodium_is_zero(key->b, 32)) {
		return false;
	}
	challenge(k, signature->b, key->b, message);
	return crypto_scalarmult_ed25519_base_noclamp(sb, s) == 0 && multiply(ka, k, key->b) &&
	       crypto_core_ed25519_sub(sb, sb, ka) == 0 && memcmp(sb, signature->b, 32) == 0;
}

/*
 * A signature by a, the secret of the key's large part, with R moved by torsion[moved]: it holds
 * exactly if k times the key's small part undoes the move.
 */
static bool sign_with(struct sig64 *out, const uint8_t a[32], const struct key32 *key,
		      struct bytes message, size_t moved)
{
	uint8_t r[32], k[32];

	random_scalar(r);
	if (crypto_scalarmult_ed25519_base_noclamp(out->b, r) != 0 ||
	    crypto_core_ed25519_add(out->b, out->b, torsion[moved]) != 0) {
		return false;
	}
	challenge(k, out->b, key->b, message);
	crypto_core_ed25519_scalar_mul(k, k, a);
	crypto_core_ed25519_scalar_add(out->b + 32, k, r);
	return true;
}

/* Every spelling of the field elements 0..18 that is not the shortest, both signs; and others. */
static void decoding(void)
{
	unsigned decoded = 0, refused = 0;

	for (unsigned i = 0; i < 4000; i++) {
		uint8_t in[32], want[32], got[32], one[32] = { 1 }, none[32] = { 0 };
		struct ge25519 p;
		bool valid;

		if (i < 76) {
			/* p - 19 .. p + 18 with either sign */
			memset(in, 0xff, 32);
			in[0] = (uint8_t)(0xda + i / 2);
			in[31] = i % 2 != 0 ? 0xff : 0x7f;
		} else if (i < 152) {
			memset(in, 0, 32);
			in[0] = (uint8_t)((i - 76) / 2);
			in[31] = (uint8_t)(i % 2 * 0x80);
		} else {
			fill(in, 32);
		}
		valid = crypto_core_ed25519_add(want, in, identity) == 0;
		T_EQ(ge25519_get(&p, in), valid);
		if (valid) {
			ge25519_double_mul_vartime(got, none, one, &p);
			T_MEM(got, want, 32);
			decoded++;
		} else {
			refused++;
		}
	}
	T_CHECK(decoded > 1500 && refused > 1500);
}

/* s * B + k * A for points A of any order, whatever the hash would have asked for. */
static void double_multiplication(void)
{
	for (int round = 0; round < 60; round++) {
		uint8_t s[32], k[32], a[32], sb[32], want[32], got[32];
		struct ge25519 p;

		random_scalar(s);
		random_scalar(k);
		if (round % 4 == 1) {
			memset(k, 0, 32);
			k[t_below(32)] = (uint8_t)(t_random() & 0x0f);
		} else if (round % 4 == 2) {
			memcpy(k, order, 32);
			k[0] -= (uint8_t)(1 + t_below(8));
		}
		do {
			fill(a, 32);
			if (round % 5 == 0) {
				memcpy(a, torsion[t_below(8)], 32);
			}
		} while (!ge25519_get(&p, a));
		T_CHECK(multiply(want, k, a));
		T_CHECK(crypto_scalarmult_ed25519_base_noclamp(sb, s) == 0);
		T_CHECK(crypto_core_ed25519_add(want, want, sb) == 0);
		ge25519_double_mul_vartime(got, s, k, &p);
		T_MEM(got, want, 32);
	}
}

/* Keys and R with a part of small order, each with each. */
static void mixed_orders(void)
{
	unsigned accepted = 0, refused = 0, stricter = 0;

	for (size_t round = 0; round < 128; round++) {
		size_t part = round % 8, moved = round / 8 % 8;
		uint8_t a[32], text[200];
		struct bytes message = bytes_of(text, t_below(sizeof text));
		struct key32 key;
		struct sig64 sig;
		bool want;

		fill(text, sizeof text);
		random_scalar(a);
		T_CHECK(crypto_scalarmult_ed25519_base_noclamp(key.b, a) == 0);
		T_CHECK(crypto_core_ed25519_add(key.b, key.b, torsion[part]) == 0);
		T_CHECK(sign_with(&sig, a, &key, message, moved));
		want = oracle(&key, message, &sig);
		T_EQ(edk_verify_vartime(&key, message, &sig), want);
		T_CHECK(part != 0 || want == (moved == 0));
		/* libsodium takes keys of the prime-order subgroup only; NIS takes all. */
		T_EQ(crypto_core_ed25519_is_valid_point(key.b), part == 0);
		stricter += want && part != 0;
		accepted += want;
		refused += !want;
	}
	T_CHECK(accepted >= 8 && refused >= 100 && stricter >= 1);
}

/* Whoever has a key of small order needs no secret; NIS refuses the key of zeros alone. */
static void small_orders_in_every_spelling(void)
{
	static const struct {
		uint8_t first, middle, last;
		bool refused;
	} spelt[] = {
		{ 0x00, 0x00, 0x00, true },  /* y = 0: order 4, and NIS's own rule */
		{ 0x00, 0x00, 0x80, false }, /* its negative */
		{ 0xed, 0xff, 0x7f, false }, /* y = p, which is 0 */
		{ 0xed, 0xff, 0xff, false }, { 0x01, 0x00, 0x00, false }, /* y = 1 */
		{ 0x01, 0x00, 0x80, false },                              /* x = 0 with a sign */
		{ 0xee, 0xff, 0x7f, false },                              /* y = p + 1 */
		{ 0xee, 0xff, 0xff, false }, { 0xec, 0xff, 0x7f, false }, /* y = -1 */
		{ 0xec, 0xff, 0xff, false },                              /* x = 0 with a sign */
	};

	unsigned all = 0;

	for (size_t i = 0; i < ARRAY_LEN(spelt) + 4; i++) {
		unsigned accepted = 0;
		bool never = i < ARRAY_LEN(spelt) && spelt[i].refused;
		struct key32 key;

		if (i < ARRAY_LEN(spelt)) {
			memset(key.b, spelt[i].middle, 32);
			key.b[0] = spelt[i].first;
			key.b[31] = spelt[i].last;
		} else {
			memcpy(key.b, torsion[2 * (i - ARRAY_LEN(spelt)) + 1], 32);
		}
		T_EQ(crypto_core_ed25519_is_valid_point(key.b), 0);
		for (size_t round = 0; round < 16; round++) {
			static const uint8_t no_secret[32];
			uint8_t text[8];
			struct bytes message = bytes_of(text, sizeof text);
			struct sig64 sig;
			bool want;

			fill(text, sizeof text);
			T_CHECK(sign_with(&sig, no_secret, &key, message, round % 8));
			want = oracle(&key, message, &sig);
			T_EQ(edk_verify_vartime(&key, message, &sig), want);
			accepted += want;
		}
		T_CHECK(!never || accepted == 0);
		all += accepted;
	}
	/* chance alone lets 1 in 8 through */
	T_CHECK(all >= 8);
}

/* Good signatures of ordinary keys, spoilt in one place each; S around 0 and L. */
static void spoilt(void)
{
	for (size_t round = 0; round < 96; round++) {
		uint8_t seed[32], text[64];
		struct bytes message = bytes_of(text, sizeof text);
		struct edk_secret secret;
		struct sig64 sig;

		fill(seed, 32);
		fill(text, sizeof text);
		edk_secret_make(&secret, seed);
		edk_sign(&sig, &secret, message);
		T_CHECK(edk_verify_vartime(&secret.public_key, message, &sig));
		switch (round % 8) {
		case 0:
			sig.b[t_below(64)] ^= (uint8_t)(1u << t_below(8));
			break;
		case 1: /* L - 1, L, L + 1 */
			memcpy(sig.b + 32, order, 32);
			sig.b[32] = (uint8_t)(sig.b[32] - 1 + round / 8 % 3);
			break;
		case 2: /* 0, 1, 2 */
			memset(sig.b + 32, 0, 32);
			sig.b[32] = (uint8_t)(round / 8 % 3);
			break;
		case 3: /* S + 2^255, which a multiplication that clears the bit would not see */
			sig.b[63] |= 0x80;
			break;
		case 4: /* -R */
			sig.b[31] ^= 0x80;
			break;
		case 5: /* R of small order */
			memcpy(sig.b, torsion[t_below(8)], 32);
			break;
		case 6: /* R above p */
			memset(sig.b, 0xff, 32);
			sig.b[0] = (uint8_t)(0xed + t_below(19));
			sig.b[31] = 0x7f;
			break;
		default:
			secret.public_key.b[t_below(32)] ^= (uint8_t)(1u << t_below(8));
			break;
		}
		T_CHECK(!oracle(&secret.public_key, message, &sig));
		T_CHECK(!edk_verify_vartime(&secret.public_key, message, &sig));
	}
}

/* R is compared as bytes: the point it names, spelt otherwise, is refused. */
static void identity_spelt_otherwise(void)
{
	static const struct {
		uint8_t first, middle, last;
		bool accepted;
	} spelt[] = { { 0x01, 0x00, 0x00, true },
		      { 0x01, 0x00, 0x80, false },
		      { 0xee, 0xff, 0x7f, false },
		      { 0xee, 0xff, 0xff, false } };

	for (size_t i = 0; i < ARRAY_LEN(spelt); i++) {
		uint8_t a[32], k[32];
		struct key32 key;
		struct sig64 sig;

		random_scalar(a);
		T_CHECK(crypto_scalarmult_ed25519_base_noclamp(key.b, a) == 0);
		memset(sig.b, spelt[i].middle, 32);
		sig.b[0] = spelt[i].first;
		sig.b[31] = spelt[i].last;
		/* r = 0: S = k * a, and S * B - k * A is the identity */
		challenge(k, sig.b, key.b, bytes_str("m"));
		crypto_core_ed25519_scalar_mul(sig.b + 32, k, a);
		T_EQ(oracle(&key, bytes_str("m"), &sig), spelt[i].accepted);
		T_EQ(edk_verify_vartime(&key, bytes_str("m"), &sig), spelt[i].accepted);
	}
}

int main(int argc, char **argv)
{
	static const struct t_case cases[] = {
		{ "what decodes, and to what", decoding },
		{ "double multiplication", double_multiplication },
		{ "keys and R of mixed order", mixed_orders },
		{ "keys of small order in every spelling", small_orders_in_every_spelling },
		{ "spoilt signatures", spoilt },
		{ "R spelt otherwise", identity_spelt_otherwise },
	};

	if (crypto_init() != ERR_OK || !make_torsion()) {
		return 1;
	}
	return t_main(cases, ARRAY_LEN(cases), argc, argv);
}
