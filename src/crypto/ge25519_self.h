/* SPDX-License-Identifier: Apache-2.0 */
/*
 * ge25519_self.h - the formulas that ge25519.c and key_tables.c share: for these two only.
 */
#ifndef KURAMORI_CRYPTO_GE25519_SELF_H
#define KURAMORI_CRYPTO_GE25519_SELF_H

#include "crypto/ge25519.h"

enum { GE25519_DIGITS = 256 };

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

/* 2d, of the curve's d. */
static const struct fe25519 GE25519_D2 = { { 0x69b9426b2f159, 0x35050762add7a, 0x3cf44c0038052,
					     0x6738cc7407977, 0x2406d9dc56dff } };

static inline void to_projective(struct ge25519 *out, const struct completed *c)
{
	fe25519_mul(&out->x, &c->x, &c->t);
	fe25519_mul(&out->y, &c->y, &c->z);
	fe25519_mul(&out->z, &c->z, &c->t);
}

static inline void to_extended(struct ge25519 *out, const struct completed *c)
{
	to_projective(out, c);
	fe25519_mul(&out->t, &c->x, &c->y);
}

/* Reads X, Y and Z only. */
static inline void point_double(struct completed *out, const struct ge25519 *p)
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

static inline void make_cached(struct cached *out, const struct ge25519 *p)
{
	fe25519_add(&out->sum, &p->y, &p->x);
	fe25519_sub(&out->difference, &p->y, &p->x);
	out->z = p->z;
	fe25519_mul(&out->t2d, &p->t, &GE25519_D2);
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

static inline void add_cached(struct completed *out, const struct ge25519 *p,
			      const struct cached *q, bool minus)
{
	struct fe25519 zz;

	fe25519_mul(&zz, &p->z, &q->z);
	add_parts(out, p, &q->sum, &q->difference, &q->t2d, &zz, minus);
}

static inline void add_affine(struct completed *out, const struct ge25519 *p,
			      const struct affine *q, bool minus)
{
	add_parts(out, p, &q->sum, &q->difference, &q->t2d, &p->z, minus);
}

/* The affine form of a point; inverse: 1/Z. */
static inline void make_affine(struct affine *out, const struct ge25519 *p,
			       const struct fe25519 *inverse)
{
	struct fe25519 x, y;

	fe25519_mul(&x, &p->x, inverse);
	fe25519_mul(&y, &p->y, inverse);
	fe25519_add(&out->sum, &y, &x);
	fe25519_carry(&out->sum, &out->sum);
	fe25519_sub(&out->difference, &y, &x);
	fe25519_carry(&out->difference, &out->difference);
	fe25519_mul(&out->t2d, &x, &y);
	fe25519_mul(&out->t2d, &out->t2d, &GE25519_D2);
}

/*
 * The digits of a scalar below 2^255, lowest first: odd or zero, below 2^(window-1) in size, and
 * after each that is not zero at least window - 1 zeros.
 */
void ge25519_slide(int8_t digits[GE25519_DIGITS], const uint8_t scalar[32], unsigned window);

/* B. */
void ge25519_base(struct ge25519 *out);

/* The neutral point. */
void ge25519_zero(struct ge25519 *out);

/* The encoding of a point; of it X, Y and Z alone are read. */
void ge25519_put(uint8_t out[32], const struct ge25519 *p);

#endif
