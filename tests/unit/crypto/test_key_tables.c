/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Goal: verification by tables says what verification says without them, of every signature.
 * Method: signatures of many keys by both rules, each with bits of it, of the key and of the
 * message turned; and what is special: S of zero, of L and more, R of small order, keys that are
 * none, that are written otherwise, of small order, with a part of small order.  The verdict of
 * each is taken before key_tables_init(), which has no way back, and compared with those after it:
 * on the plain road, when the table is made, and when it is there; with more keys than places, too.
 */
#include <pthread.h>
#include <sodium.h>
#include <string.h>

#include "base/check.h"
#include "crypto/crypto.h"
#include "crypto/ed25519.h"
#include "crypto/edk.h"
#include "crypto/keccak.h"
#include "crypto/key_tables.h"
#include "t.h"

enum { KEYS = KEY_TABLES + 4, CASES_MAX = 8192, MESSAGE = 24 };

static struct one {
	struct key32 key;
	uint8_t message[MESSAGE];
	struct sig64 signature;
	bool good[2]; /* by ed25519_verify(), by edk_verify_vartime() */
} cases[CASES_MAX];

static size_t cases_n;
static size_t goods[2];

/* Encodings of points whose order divides 8, and of others than there are. */
static const uint8_t small[][32] = {
	{ 0 },
	{ 1 },
	{ 0x26, 0xe8, 0x95, 0x8f, 0xc2, 0xb2, 0x27, 0xb0, 0x45, 0xc3, 0xf4,
	  0x89, 0xf2, 0xef, 0x98, 0xf0, 0xd5, 0xdf, 0xac, 0x05, 0xd3, 0xc6,
	  0x33, 0x39, 0xb1, 0x38, 0x02, 0x88, 0x6d, 0x53, 0xfc, 0x05 },
	{ 0xc7, 0x17, 0x6a, 0x70, 0x3d, 0x4d, 0xd8, 0x4f, 0xba, 0x3c, 0x0b,
	  0x76, 0x0d, 0x10, 0x67, 0x0f, 0x2a, 0x20, 0x53, 0xfa, 0x2c, 0x39,
	  0xcc, 0xc6, 0x4e, 0xc7, 0xfd, 0x77, 0x92, 0xac, 0x03, 0x7a },
	{ 0xec, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff,
	  0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff,
	  0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0x7f },
	{ 0xed, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff,
	  0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff,
	  0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0x7f },
	{ 0xee, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff,
	  0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff,
	  0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0x7f },
	/* y = 3 + p: a point written above p; y = 2: no point */
	{ 0xf0, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff,
	  0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff,
	  0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0x7f },
	{ 2 },
	{ 3 },
};

/* L, little-endian. */
static const uint8_t order[32] = { 0xed, 0xd3, 0xf5, 0x5c, 0x1a, 0x63, 0x12, 0x58, 0xd6, 0x9c, 0xf7,
				   0xa2, 0xde, 0xf9, 0xde, 0x14, 0,    0,    0,    0,    0,    0,
				   0,    0,    0,    0,    0,    0,    0,    0,    0,    0x10 };

static bool verdict(const struct one *o, int rule)
{
	struct bytes message = bytes_of(o->message, sizeof o->message);

	return rule == 0 ? ed25519_verify(&o->key, message, &o->signature)
			 : edk_verify_vartime(&o->key, message, &o->signature);
}

static void take(const struct one *o)
{
	struct one *kept = &cases[cases_n++];

	CHECK(cases_n <= CASES_MAX);
	*kept = *o;
	for (int rule = 0; rule < 2; rule++) {
		kept->good[rule] = verdict(o, rule);
		goods[rule] += kept->good[rule];
	}
}

/* It as it is, and each of its parts with one bit turned. */
static void take_turned(const struct one *o)
{
	take(o);
	for (int i = 0; i < 12; i++) {
		struct one other = *o;
		uint8_t *part = i % 3 == 0   ? other.signature.b
				: i % 3 == 1 ? other.message
					     : other.key.b;
		size_t n = i % 3 == 0 ? 64 : i % 3 == 1 ? sizeof other.message : 32;
		uint64_t bit = t_random() % (n * 8);

		part[bit / 8] ^= (uint8_t)(1u << (bit % 8));
		take(&other);
	}
}

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

/* The hash of R, A and the message by either rule, modulo L. */
static void hash_of(uint8_t out[32], const struct one *o, int rule)
{
	uint8_t joined[64 + MESSAGE], h[64];

	memcpy(joined, o->signature.b, 32);
	memcpy(joined + 32, o->key.b, 32);
	memcpy(joined + 64, o->message, MESSAGE);
	if (rule == 0) {
		(void)crypto_hash_sha512(h, joined, sizeof joined);
	} else {
		keccak512(h, bytes_of(joined, sizeof joined));
	}
	crypto_core_ed25519_scalar_reduce(out, h);
}

/* R is in place: S, so that it is a signature by this scalar and this number behind R. */
static void finish(struct one *o, const uint8_t scalar[32], const uint8_t r[32], int rule)
{
	uint8_t k[32];

	hash_of(k, o, rule);
	crypto_core_ed25519_scalar_mul(k, k, scalar);
	crypto_core_ed25519_scalar_add(o->signature.b + 32, k, r);
}

/* An honest key's, by one rule. */
static void honest(int rule)
{
	struct one o;
	uint8_t scalar[32], r[32];

	random_scalar(scalar);
	CHECK(crypto_scalarmult_ed25519_base_noclamp(o.key.b, scalar) == 0);
	for (int i = 0; i < 4; i++) {
		fill(o.message, sizeof o.message);
		random_scalar(r);
		CHECK(crypto_scalarmult_ed25519_base_noclamp(o.signature.b, r) == 0);
		finish(&o, scalar, r, rule);
		take_turned(&o);
		/* S + L */
		for (unsigned at = 0, carry = 0; at < 32; at++) {
			carry += (unsigned)o.signature.b[32 + at] + order[at];
			o.signature.b[32 + at] = (uint8_t)carry;
			carry >>= 8;
		}
		take(&o);
	}
	/* R of the neutral point, which NIS takes; S of zero and of L */
	memset(r, 0, sizeof r);
	memcpy(o.signature.b, small[1], 32);
	finish(&o, scalar, r, rule);
	take(&o);
	memset(o.signature.b + 32, 0, 32);
	take(&o);
	memcpy(o.signature.b + 32, order, 32);
	take(&o);
}

/* A key with a part of order 8, and an R with one: good where the parts come to nothing. */
static void mixed(int rule)
{
	struct one o;
	uint8_t scalar[32], r[32];

	random_scalar(scalar);
	CHECK(crypto_scalarmult_ed25519_base_noclamp(o.key.b, scalar) == 0);
	CHECK(crypto_core_ed25519_add(o.key.b, o.key.b, small[3]) == 0);
	for (int i = 0; i < 40; i++) {
		fill(o.message, sizeof o.message);
		random_scalar(r);
		CHECK(crypto_scalarmult_ed25519_base_noclamp(o.signature.b, r) == 0);
		if (i % 2 == 1) {
			CHECK(crypto_core_ed25519_add(o.signature.b, o.signature.b, small[3]) == 0);
		}
		finish(&o, scalar, r, rule);
		take(&o);
	}
}

/* Keys of small order and keys that are none, with every R of small order. */
static void strange_keys(void)
{
	for (size_t i = 0; i < ARRAY_LEN(small); i++) {
		for (int sign = 0; sign < 2; sign++) {
			for (size_t k = 0; k < ARRAY_LEN(small); k++) {
				struct one o;

				memcpy(o.key.b, small[i], 32);
				o.key.b[31] |= (uint8_t)(sign << 7);
				fill(o.message, sizeof o.message);
				memcpy(o.signature.b, small[k], 32);
				memset(o.signature.b + 32, 0, 32);
				take(&o);
				random_scalar(o.signature.b + 32);
				CHECK(crypto_scalarmult_ed25519_base_noclamp(
					  o.signature.b, o.signature.b + 32) == 0);
				take(&o); /* good where k times the key is nothing */
			}
		}
	}
}

static void compare(size_t i)
{
	for (int rule = 0; rule < 2; rule++) {
		T_CHECK(verdict(&cases[i], rule) == cases[i].good[rule]);
	}
}

static void the_verdicts_are_the_same(void)
{
	for (int i = 0; i < KEYS; i++) {
		honest(i % 2);
	}
	for (int i = 0; i < 4; i++) {
		mixed(i % 2);
	}
	strange_keys();
	/* good ones by both rules, and bad ones */
	T_CHECK(goods[0] > 30 && goods[1] > 30 && goods[0] + goods[1] < cases_n);
	key_tables_init();
	key_tables_init();
	for (int again = 0; again < 3; again++) {
		for (size_t i = 0; i < cases_n; i++) {
			compare(i);
		}
	}
	/* in no order: tables are made and given up in the middle */
	for (size_t n = 0; n < 2 * cases_n; n++) {
		compare((size_t)(t_random() % cases_n));
	}
	/* each with its table there: twice in a row, when no other key has used its place lately */
	for (size_t i = 0; i < cases_n; i += 7) {
		for (int n = 0; n < 3; n++) {
			compare(i);
		}
	}
}

/* How often a table decides: of the same key the first time not, then always. */
static void tables_are_used(void)
{
	struct one o = cases[0];
	bool good = false;

	for (int i = 0; i < KEY_TABLES_STAY + 1; i++) {
		(void)verdict(&cases[0], 0);
	}
	T_CHECK(crypto_by_tables(&good, CRYPTO_SHA512, &o.key,
				 bytes_of(o.message, sizeof o.message), &o.signature) &&
		good == cases[0].good[0]);
	/* another than the first of all, with which each case's random numbers begin */
	T_CHECK(crypto_core_ed25519_add(o.key.b, cases[0].key.b, cases[0].key.b) == 0);
	T_CHECK(!crypto_by_tables(&good, CRYPTO_SHA512, &o.key,
				  bytes_of(o.message, sizeof o.message), &o.signature));
	T_CHECK(crypto_by_tables(&good, CRYPTO_SHA512, &o.key,
				 bytes_of(o.message, sizeof o.message), &o.signature) &&
		!good);
	/* this key is refused by libsodium, and S of zero by us: both are left to the plain road */
	memcpy(o.key.b, small[3], 32);
	for (int i = 0; i < 3; i++) {
		T_CHECK(!crypto_by_tables(&good, CRYPTO_SHA512, &o.key,
					  bytes_of(o.message, sizeof o.message), &o.signature));
	}
	memset(o.signature.b + 32, 0, 32);
	T_CHECK(!crypto_by_tables(&good, CRYPTO_KECCAK512, &o.key,
				  bytes_of(o.message, sizeof o.message), &o.signature));
}

static bool elsewhere_tables, elsewhere_verdict;

static void *elsewhere(void *ctx)
{
	const struct one *o = ctx;
	bool good = false;

	for (int i = 0; i < 3; i++) {
		elsewhere_tables |= crypto_by_tables(&good, CRYPTO_SHA512, &o->key,
						     bytes_of(o->message, MESSAGE), &o->signature);
		elsewhere_verdict = verdict(o, 0);
	}
	return NULL;
}

static void other_threads_verify_as_before(void)
{
	pthread_t thread;

	CHECK(pthread_create(&thread, NULL, elsewhere, &cases[0]) == 0);
	CHECK(pthread_join(thread, NULL) == 0);
	T_CHECK(!elsewhere_tables && elsewhere_verdict == cases[0].good[0]);
}

int main(int argc, char **argv)
{
	static const struct t_case all[] = {
		{ "the verdicts with tables are those without", the_verdicts_are_the_same },
		{ "a key that is met again has its table", tables_are_used },
		{ "other threads have none", other_threads_verify_as_before },
	};

	CHECK(crypto_init() == ERR_OK);
	return t_main(all, ARRAY_LEN(all), argc, argv);
}
