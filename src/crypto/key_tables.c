/* SPDX-License-Identifier: Apache-2.0 */
#include "crypto/key_tables.h"

#include <sodium.h>
#include <stddef.h>

#include "base/bytes.h"
#include "base/check.h"
#include "crypto/crypto.h"
#include "crypto/ge25519_self.h"
#include "crypto/keccak.h"

/*
 * s*B - k*A, each scalar in four quarters of 64 bits: with 2^(64 q) B and 2^(64 q) A at hand there
 * are 64 doublings instead of 256.
 */
enum {
	QUARTERS = 4,
	QUARTER = GE25519_DIGITS / QUARTERS,
	BASE_WINDOW = 7,
	KEY_WINDOW = 5,
	BASE_ODDS = 1 << (BASE_WINDOW - 2),
	KEY_ODDS = 1 << (KEY_WINDOW - 2),
	SEEN = 8, /* keys that were asked for once */
};

struct known_key {
	struct key32 key;
	uint64_t used;                          /* turn; 0: the place is free */
	bool strict;                            /* libsodium takes this key */
	struct affine odds[QUARTERS][KEY_ODDS]; /* [q][i] = (2i + 1) 2^(64 q) (-A) */
};

static struct affine base[QUARTERS][BASE_ODDS]; /* the same of B */
static struct known_key keys[KEY_TABLES];
static struct key32 seen[SEEN];
static size_t seen_n; /* ever */
static uint64_t turn;
static _Thread_local bool is_ours;

static void odds_make(struct affine *out, size_t n, const struct ge25519 *of)
{
	struct ge25519 p = *of, twice;
	struct completed c;
	struct cached step;

	point_double(&c, of);
	to_extended(&twice, &c);
	make_cached(&step, &twice);
	for (size_t i = 0; i < n; i++) {
		struct fe25519 inverse;

		fe25519_inverse(&inverse, &p.z);
		make_affine(&out[i], &p, &inverse);
		add_cached(&c, &p, &step, false);
		to_extended(&p, &c);
	}
}

static void double_times(struct ge25519 *p, unsigned n)
{
	struct completed c;

	for (unsigned i = 0; i < n; i++) {
		point_double(&c, p);
		to_extended(p, &c);
	}
}

/* Eight times it is the neutral point: all that the curve has but the subgroup of order L. */
static bool is_small(const struct ge25519 *of)
{
	struct ge25519 p = *of;

	double_times(&p, 3);
	return fe25519_is_zero(&p.x);
}

/* y is written below p, whatever the sign bit says. */
static bool is_canonical(const uint8_t in[32])
{
	struct fe25519 y;
	uint8_t out[32];

	fe25519_get(&y, in);
	fe25519_put(out, &y);
	return bytes_eq(bytes_of(out, 31), bytes_of(in, 31)) && out[31] == (in[31] & 0x7f);
}

/* A table for it, or NULL: no key, or all places are in use. */
static struct known_key *key_make(const struct key32 *key)
{
	struct known_key *k = &keys[0];
	struct ge25519 p;

	for (size_t i = 1; i < KEY_TABLES; i++) {
		k = keys[i].used < k->used ? &keys[i] : k;
	}
	if ((k->used != 0 && turn - k->used < KEY_TABLES_STAY) || sodium_is_zero(key->b, 32) ||
	    !ge25519_get(&p, key->b)) {
		return NULL;
	}
	k->key = *key;
	k->used = turn;
	k->strict = is_canonical(key->b) && !is_small(&p);
	ge25519_neg(&p, &p);
	for (size_t q = 0; q < QUARTERS; q++) {
		odds_make(k->odds[q], KEY_ODDS, &p);
		double_times(&p, QUARTER);
	}
	return k;
}

static struct known_key *key_find(const struct key32 *key)
{
	turn++;
	for (size_t i = 0; i < KEY_TABLES; i++) {
		if (keys[i].used != 0 && key32_eq(&keys[i].key, key)) {
			keys[i].used = turn;
			return &keys[i];
		}
	}
	for (size_t i = 0; i < SEEN; i++) {
		if (key32_eq(&seen[i], key)) {
			return key_make(key);
		}
	}
	seen[seen_n++ % SEEN] = *key;
	return NULL;
}

static inline void add_digit(struct completed *c, struct ge25519 *p, const struct affine *odds,
			     int digit)
{
	if (digit != 0) {
		to_extended(p, c);
		add_affine(c, p, &odds[(digit < 0 ? -digit : digit) / 2], digit < 0);
	}
}

static void double_mul(struct ge25519 *out, const uint8_t s[32], const uint8_t k[32],
		       const struct known_key *key)
{
	int8_t base_digits[GE25519_DIGITS], key_digits[GE25519_DIGITS];

	ge25519_slide(base_digits, s, BASE_WINDOW);
	ge25519_slide(key_digits, k, KEY_WINDOW);
	ge25519_zero(out);
	for (size_t i = QUARTER; i-- > 0;) {
		struct completed c;

		point_double(&c, out);
		for (size_t q = 0; q < QUARTERS; q++) {
			add_digit(&c, out, key->odds[q], key_digits[q * QUARTER + i]);
			add_digit(&c, out, base[q], base_digits[q * QUARTER + i]);
		}
		to_projective(out, &c);
	}
}

/* The hash of R, A and the message, modulo L. */
static void hash_to_scalar(uint8_t k[32], enum crypto_rule rule, const struct key32 *key,
			   struct bytes message, const struct sig64 *signature)
{
	uint8_t h[64];

	if (rule == CRYPTO_KECCAK512) {
		struct keccak s;

		keccak512_init(&s);
		keccak_update(&s, bytes_of(signature->b, 32));
		keccak_update(&s, bytes_of(key->b, sizeof key->b));
		keccak_update(&s, message);
		keccak512_final(&s, h);
	} else {
		crypto_hash_sha512_state s;

		(void)crypto_hash_sha512_init(&s); /* these three never fail */
		(void)crypto_hash_sha512_update(&s, signature->b, 32);
		(void)crypto_hash_sha512_update(&s, key->b, sizeof key->b);
		(void)crypto_hash_sha512_update(&s, message.p, message.n);
		(void)crypto_hash_sha512_final(&s, h);
	}
	crypto_core_ed25519_scalar_reduce(k, h);
}

/* crypto_by_tables. */
static bool by_tables(bool *good, enum crypto_rule rule, const struct key32 *key,
		      struct bytes message, const struct sig64 *signature)
{
	const struct known_key *known = is_ours ? key_find(key) : NULL;
	uint8_t k[32], r[32];
	struct ge25519 p;

	if (known == NULL || !ge25519_scalar_is_canonical(signature->b + 32) ||
	    (rule == CRYPTO_SHA512 && !known->strict)) {
		return false;
	}
	hash_to_scalar(k, rule, key, message, signature);
	double_mul(&p, signature->b + 32, k, known);
	ge25519_put(r, &p);
	*good = bytes_eq(bytes_of(r, 32), bytes_of(signature->b, 32)) &&
		(rule == CRYPTO_KECCAK512 || !is_small(&p));
	return true;
}

void key_tables_init(void)
{
	struct ge25519 p;

	if (is_ours) {
		return;
	}
	is_ours = true;
	CHECK(crypto_by_tables == NULL); /* one thread alone */
	ge25519_base(&p);
	for (size_t q = 0; q < QUARTERS; q++) {
		odds_make(base[q], BASE_ODDS, &p);
		double_times(&p, QUARTER);
	}
	crypto_by_tables = by_tables;
}
