/* SPDX-License-Identifier: Apache-2.0 */
#include "crypto/ge25519.h"

#include <string.h>

#include "base/bytes.h"
#include "base/check.h"

enum {
	BASE_WINDOW = 8, /* digits -127..127: 64 odd multiples of B, made once */
	KEY_WINDOW = 5,  /* digits -15..15: 8 odd multiples of A, made for each signature */
	BASE_ODDS = 1 << (BASE_WINDOW - 2),
	KEY_ODDS = 1 << (KEY_WINDOW - 2),
	DIGITS = 256,
};

/* What a doubling or an addition gives: x = X/Z, y = Y/T; all loose. */
struct completed {
	struct fe25519 x, y, z, t;
};

/* A point to be added: Y + X, Y - X, Z, 2dT. */
struct cached {
	struct fe25519 sum, difference, z, t2d;
};

/* The same with Z = 1. */
struct affine {
	struct fe25519 sum, difference, t2d;
};

static const struct fe25519 one = { { 1 } };
static const struct fe25519 d = { { 0x34dca135978a3, 0x1a8283b156ebd, 0x5e7a26001c029,
				    0x739c663a03cbb, 0x52036cee2b6ff } };
static const struct fe25519 d2 = { { 0x69b9426b2f159, 0x35050762add7a, 0x3cf44c0038052,
				     0x6738cc7407977, 0x2406d9dc56dff } };
static const struct fe25519 sqrt_minus_one = { { 0x61b274a0ea0b0, 0x0d5a5fc8f189d, 0x7ef5e9cbd0c60,
						 0x78595a6804c9e, 0x2b8324804fc1d } };

static struct affine base_odds[BASE_ODDS]; /* [i] = (2i + 1) B */
static bool base_is_ready;

static void to_projective(struct ge25519 *out, const struct completed *c)
{
	fe25519_mul(&out->x, &c->x, &c->t);
	fe25519_mul(&out->y, &c->y, &c->z);
	fe25519_mul(&out->z, &c->z, &c->t);
}

static void to_extended(struct ge25519 *out, const struct completed *c)
{
	to_projective(out, c);
	fe25519_mul(&out->t, &c->x, &c->y);
}

/* Reads X, Y and Z only. */
static void point_double(struct completed *out, const struct ge25519 *p)
{
	struct fe25519 xx, yy, zz2, s;

	fe25519_sq(&xx, &p->x);
	fe25519_sq(&yy, &p->y);
	fe25519_sq(&zz2, &p->z);
	fe25519_add(&zz2, &zz2, &zz2);
	fe25519_add(&s, &p->x, &p->y);
	fe25519_sq(&s, &s);
	fe25519_add(&out->y, &yy, &xx);
	fe25519_sub(&out->x, &s, &out->y);
	fe25519_sub(&out->z, &yy, &xx);
	/* 2ZZ - (YY - XX), written so that every subtrahend is tight */
	fe25519_add(&zz2, &zz2, &xx);
	fe25519_sub(&out->t, &zz2, &yy);
}

static void make_cached(struct cached *out, const struct ge25519 *p)
{
	fe25519_add(&out->sum, &p->y, &p->x);
	fe25519_sub(&out->difference, &p->y, &p->x);
	out->z = p->z;
	fe25519_mul(&out->t2d, &p->t, &d2);
}

/* p + q, or p - q: -q swaps sum with difference and turns the sign of t2d. */
static inline void add_parts(struct completed *out, const struct ge25519 *p,
			     const struct fe25519 *sum, const struct fe25519 *difference,
			     const struct fe25519 *t2d, const struct fe25519 *zz, bool minus)
{
	struct fe25519 a, b, c, z2;

	fe25519_add(&a, &p->y, &p->x);
	fe25519_sub(&b, &p->y, &p->x);
	fe25519_mul(&a, &a, minus ? difference : sum);
	fe25519_mul(&b, &b, minus ? sum : difference);
	fe25519_mul(&c, &p->t, t2d);
	fe25519_add(&z2, zz, zz);
	fe25519_sub(&out->x, &a, &b);
	fe25519_add(&out->y, &a, &b);
	if (minus) {
		fe25519_sub(&out->z, &z2, &c);
		fe25519_add(&out->t, &z2, &c);
	} else {
		fe25519_add(&out->z, &z2, &c);
		fe25519_sub(&out->t, &z2, &c);
	}
}

static void add_cached(struct completed *out, const struct ge25519 *p, const struct cached *q,
		       bool minus)
{
	struct fe25519 zz;

	fe25519_mul(&zz, &p->z, &q->z);
	add_parts(out, p, &q->sum, &q->difference, &q->t2d, &zz, minus);
}

static void add_affine(struct completed *out, const struct ge25519 *p, const struct affine *q,
		       bool minus)
{
	add_parts(out, p, &q->sum, &q->difference, &q->t2d, &p->z, minus);
}

bool ge25519_get(struct ge25519 *out, const uint8_t in[32])
{
	struct fe25519 u, v, v3, x, y, check;

	/* x^2 = u / v, u = y^2 - 1, v = d y^2 + 1; x = u v^3 (u v^7)^((p-5)/8), perhaps times i */
	fe25519_get(&y, in);
	fe25519_sq(&u, &y);
	fe25519_mul(&v, &u, &d);
	fe25519_sub(&u, &u, &one);
	fe25519_carry(&u, &u);
	fe25519_add(&v, &v, &one);
	fe25519_sq(&v3, &v);
	fe25519_mul(&v3, &v3, &v);
	fe25519_sq(&x, &v3);
	fe25519_mul(&x, &x, &v);
	fe25519_mul(&x, &x, &u);
	fe25519_pow_p58(&x, &x);
	fe25519_mul(&x, &x, &v3);
	fe25519_mul(&x, &x, &u);

	fe25519_sq(&check, &x);
	fe25519_mul(&check, &check, &v);
	fe25519_sub(&v3, &check, &u);
	if (!fe25519_is_zero(&v3)) {
		fe25519_add(&v3, &check, &u);
		if (!fe25519_is_zero(&v3)) {
			return false;
		}
		fe25519_mul(&x, &x, &sqrt_minus_one);
	}
	if (fe25519_is_odd(&x) != (in[31] >> 7 != 0)) {
		static const struct fe25519 zero;

		fe25519_sub(&x, &zero, &x);
		fe25519_carry(&x, &x);
	}
	out->x = x;
	out->y = y;
	out->z = one;
	fe25519_mul(&out->t, &x, &y);
	return true;
}

void ge25519_neg(struct ge25519 *out, const struct ge25519 *a)
{
	static const struct fe25519 zero;

	fe25519_sub(&out->x, &zero, &a->x);
	fe25519_carry(&out->x, &out->x);
	fe25519_sub(&out->t, &zero, &a->t);
	fe25519_carry(&out->t, &out->t);
	out->y = a->y;
	out->z = a->z;
}

void ge25519_init(void)
{
	/* The encoding of B: y = 4/5, x even (RFC 8032, 5.1). */
	uint8_t encoded[32];
	struct completed c;
	struct cached twice;
	struct ge25519 p, p2;

	if (base_is_ready) {
		return;
	}
	memset(encoded, 0x66, sizeof encoded);
	encoded[0] = 0x58;
	CHECK(ge25519_get(&p, encoded));
	point_double(&c, &p);
	to_extended(&p2, &c);
	make_cached(&twice, &p2);
	for (int i = 0; i < BASE_ODDS; i++) {
		struct fe25519 inverse, x, y;

		fe25519_inverse(&inverse, &p.z);
		fe25519_mul(&x, &p.x, &inverse);
		fe25519_mul(&y, &p.y, &inverse);
		fe25519_add(&base_odds[i].sum, &y, &x);
		fe25519_carry(&base_odds[i].sum, &base_odds[i].sum);
		fe25519_sub(&base_odds[i].difference, &y, &x);
		fe25519_carry(&base_odds[i].difference, &base_odds[i].difference);
		fe25519_mul(&base_odds[i].t2d, &x, &y);
		fe25519_mul(&base_odds[i].t2d, &base_odds[i].t2d, &d2);
		add_cached(&c, &p, &twice, false);
		to_extended(&p, &c);
	}
	base_is_ready = true;
}

/*
 * The digits of a scalar, lowest first: odd or zero, below 2^(window-1) in size, and after each
 * that is not zero at least window - 1 zeros.
 */
static void slide(int8_t digits[DIGITS], const uint8_t scalar[32], unsigned window)
{
	uint64_t w[5] = { 0 };
	const uint64_t mask = ((uint64_t)1 << window) - 1;
	uint64_t carry = 0;

	for (size_t i = 0; i < 4; i++) {
		w[i] = le64_get(scalar + 8 * i);
	}
	CHECK(w[3] >> 63 == 0); /* or the last carry would have no digit to go to */
	memset(digits, 0, DIGITS);
	for (unsigned at = 0; at < DIGITS;) {
		const unsigned word = at / 64, bit = at % 64;
		uint64_t v = w[word] >> bit;

		if (bit + window > 64) {
			v |= w[word + 1] << (64 - bit);
		}
		v = (v & mask) + carry;
		if ((v & 1) == 0) {
			at++;
			continue;
		}
		carry = v >> (window - 1);
		digits[at] = (int8_t)((int64_t)v - (int64_t)(carry << window));
		at += window;
	}
	CHECK(carry == 0);
}

void ge25519_double_mul_vartime(uint8_t out[32], const uint8_t s[32], const uint8_t k[32],
				const struct ge25519 *a)
{
	int8_t base_digits[DIGITS], key_digits[DIGITS];
	struct cached key_odds[KEY_ODDS];
	struct ge25519 p;
	struct completed c;
	struct fe25519 inverse;
	int i = DIGITS - 1;

	CHECK(base_is_ready);
	slide(base_digits, s, BASE_WINDOW);
	slide(key_digits, k, KEY_WINDOW);
	make_cached(&key_odds[0], a);
	point_double(&c, a);
	to_extended(&p, &c);
	for (int j = 1; j < KEY_ODDS; j++) {
		struct ge25519 next;

		add_cached(&c, &p, &key_odds[j - 1], false);
		to_extended(&next, &c);
		make_cached(&key_odds[j], &next);
	}
	memset(&p, 0, sizeof p);
	p.y = one;
	p.z = one;
	while (i >= 0 && base_digits[i] == 0 && key_digits[i] == 0) {
		i--;
	}
	for (; i >= 0; i--) {
		const int b = base_digits[i], q = key_digits[i];

		point_double(&c, &p);
		if (q != 0) {
			to_extended(&p, &c);
			add_cached(&c, &p, &key_odds[(q < 0 ? -q : q) / 2], q < 0);
		}
		if (b != 0) {
			to_extended(&p, &c);
			add_affine(&c, &p, &base_odds[(b < 0 ? -b : b) / 2], b < 0);
		}
		to_projective(&p, &c);
	}
	fe25519_inverse(&inverse, &p.z);
	fe25519_mul(&p.x, &p.x, &inverse);
	fe25519_mul(&p.y, &p.y, &inverse);
	fe25519_put(out, &p.y);
	out[31] = (uint8_t)(out[31] | (fe25519_is_odd(&p.x) ? 0x80 : 0));
}
