/* SPDX-License-Identifier: Apache-2.0 */
#include "crypto/fe25519.h"

#include "base/bytes.h"

static void sq_times(struct fe25519 *out, const struct fe25519 *a, unsigned n)
{
	fe25519_sq(out, a);
	for (unsigned i = 1; i < n; i++) {
		fe25519_sq(out, out);
	}
}

/* a^(2^250 - 1) and a^11: both powers below begin with them. */
static void pow_250(struct fe25519 *ones, struct fe25519 *eleven, const struct fe25519 *a)
{
	struct fe25519 t, x5, x10, x20, x50, x100;

	fe25519_sq(&t, a);              /* 2 */
	sq_times(eleven, &t, 2);        /* 8 */
	fe25519_mul(eleven, eleven, a); /* 9 */
	fe25519_mul(&x5, eleven, &t);   /* 11 */
	fe25519_sq(&t, &x5);            /* 22 */
	fe25519_mul(&t, &t, eleven);    /* 31 = 2^5 - 1 */
	*eleven = x5;
	x5 = t;
	sq_times(&t, &x5, 5);
	fe25519_mul(&x10, &t, &x5);
	sq_times(&t, &x10, 10);
	fe25519_mul(&x20, &t, &x10);
	sq_times(&t, &x20, 20);
	fe25519_mul(&t, &t, &x20); /* 2^40 - 1 */
	sq_times(&t, &t, 10);
	fe25519_mul(&x50, &t, &x10);
	sq_times(&t, &x50, 50);
	fe25519_mul(&x100, &t, &x50);
	sq_times(&t, &x100, 100);
	fe25519_mul(&t, &t, &x100); /* 2^200 - 1 */
	sq_times(&t, &t, 50);
	fe25519_mul(ones, &t, &x50);
}

void fe25519_inverse(struct fe25519 *out, const struct fe25519 *a)
{
	struct fe25519 t, eleven;

	pow_250(&t, &eleven, a);
	sq_times(&t, &t, 5);
	fe25519_mul(out, &t, &eleven); /* 2^255 - 32 + 11 = p - 2 */
}

void fe25519_pow_p58(struct fe25519 *out, const struct fe25519 *a)
{
	struct fe25519 t, eleven, base = *a;

	pow_250(&t, &eleven, &base);
	sq_times(&t, &t, 2);
	fe25519_mul(out, &t, &base); /* 2^252 - 4 + 1 = (p - 5) / 8 */
}

void fe25519_get(struct fe25519 *out, const uint8_t in[32])
{
	const uint64_t w0 = le64_get(in), w1 = le64_get(in + 8), w2 = le64_get(in + 16),
		       w3 = le64_get(in + 24);

	out->v[0] = w0 & FE25519_MASK;
	out->v[1] = (w0 >> 51 | w1 << 13) & FE25519_MASK;
	out->v[2] = (w1 >> 38 | w2 << 26) & FE25519_MASK;
	out->v[3] = (w2 >> 25 | w3 << 39) & FE25519_MASK;
	out->v[4] = w3 >> 12 & FE25519_MASK;
}

void fe25519_put(uint8_t out[32], const struct fe25519 *a)
{
	struct fe25519 t;
	uint64_t q;

	/* Twice: after the second carry the number is below 2p and every limb below 2^51 + 1. */
	fe25519_carry(&t, a);
	fe25519_carry(&t, &t);
	/* q = 1 exactly if t >= p: then t + 19 reaches 2^255. */
	q = (t.v[0] + 19) >> 51;
	for (int i = 1; i < 5; i++) {
		q = (t.v[i] + q) >> 51;
	}
	t.v[0] += 19 * q;
	for (int i = 0; i < 4; i++) {
		t.v[i + 1] += t.v[i] >> 51;
		t.v[i] &= FE25519_MASK;
	}
	t.v[4] &= FE25519_MASK;
	le64_put(out, t.v[0] | t.v[1] << 51);
	le64_put(out + 8, t.v[1] >> 13 | t.v[2] << 38);
	le64_put(out + 16, t.v[2] >> 26 | t.v[3] << 25);
	le64_put(out + 24, t.v[3] >> 39 | t.v[4] << 12);
}

bool fe25519_is_zero(const struct fe25519 *a)
{
	uint8_t b[32], all = 0;

	fe25519_put(b, a);
	for (int i = 0; i < 32; i++) {
		all |= b[i];
	}
	return all == 0;
}

bool fe25519_is_odd(const struct fe25519 *a)
{
	uint8_t b[32];

	fe25519_put(b, a);
	return b[0] & 1;
}
