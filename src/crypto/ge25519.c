/* SPDX-License-Identifier: Apache-2.0 */
#include "crypto/ge25519.h"

#include <string.h>

#include "base/bytes.h"
#include "base/check.h"
#include "crypto/ge25519_self.h"

enum {
	BASE_WINDOW = 8, /* digits -127..127: 64 odd multiples of B, made once */
	KEY_WINDOW = 5,  /* digits -15..15: 8 odd multiples of A, made for each signature */
	BASE_ODDS = 1 << (BASE_WINDOW - 2),
	KEY_ODDS = 1 << (KEY_WINDOW - 2),
};

static const struct fe25519 one = { { 1 } };
static const struct fe25519 d = { { 0x34dca135978a3, 0x1a8283b156ebd, 0x5e7a26001c029,
				    0x739c663a03cbb, 0x52036cee2b6ff } };
static const struct fe25519 sqrt_minus_one = { { 0x61b274a0ea0b0, 0x0d5a5fc8f189d, 0x7ef5e9cbd0c60,
						 0x78595a6804c9e, 0x2b8324804fc1d } };

static struct affine base_odds[BASE_ODDS]; /* [i] = (2i + 1) B */
static bool base_is_ready;

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

bool ge25519_scalar_is_canonical(const uint8_t s[32])
{
	/* L = 2^252 + 27742317777372353535851937790883648493 */
	static const uint64_t order[4] = { 0x5812631a5cf5d3ed, 0x14def9dea2f79cd6, 0,
					   0x1000000000000000 };
	uint64_t any = 0;

	for (size_t i = 0; i < 4; i++) {
		any |= le64_get(s + 8 * i);
	}
	for (size_t i = 4; i-- > 0;) {
		const uint64_t w = le64_get(s + 8 * i);

		if (w != order[i]) {
			return any != 0 && w < order[i];
		}
	}
	return false;
}

void ge25519_base(struct ge25519 *out)
{
	/* The encoding of B: y = 4/5, x even (RFC 8032, 5.1). */
	uint8_t encoded[32];

	memset(encoded, 0x66, sizeof encoded);
	encoded[0] = 0x58;
	CHECK(ge25519_get(out, encoded));
}

void ge25519_init(void)
{
	struct completed c;
	struct cached twice;
	struct ge25519 p, p2;

	if (base_is_ready) {
		return;
	}
	ge25519_base(&p);
	point_double(&c, &p);
	to_extended(&p2, &c);
	make_cached(&twice, &p2);
	for (int i = 0; i < BASE_ODDS; i++) {
		struct fe25519 inverse;

		fe25519_inverse(&inverse, &p.z);
		make_affine(&base_odds[i], &p, &inverse);
		add_cached(&c, &p, &twice, false);
		to_extended(&p, &c);
	}
	base_is_ready = true;
}

void ge25519_slide(int8_t digits[GE25519_DIGITS], const uint8_t scalar[32], unsigned window)
{
	uint64_t w[5] = { 0 };
	const uint64_t mask = ((uint64_t)1 << window) - 1;
	uint64_t carry = 0;

	for (size_t i = 0; i < 4; i++) {
		w[i] = le64_get(scalar + 8 * i);
	}
	CHECK(w[3] >> 63 == 0); /* or the last carry would have no digit to go to */
	memset(digits, 0, GE25519_DIGITS);
	for (unsigned at = 0; at < GE25519_DIGITS;) {
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

void ge25519_zero(struct ge25519 *out)
{
	memset(out, 0, sizeof *out);
	out->y = one;
	out->z = one;
}

void ge25519_put(uint8_t out[32], const struct ge25519 *p)
{
	struct fe25519 inverse, x, y;

	fe25519_inverse(&inverse, &p->z);
	fe25519_mul(&x, &p->x, &inverse);
	fe25519_mul(&y, &p->y, &inverse);
	fe25519_put(out, &y);
	out[31] = (uint8_t)(out[31] | (fe25519_is_odd(&x) ? 0x80 : 0));
}

void ge25519_double_mul_vartime(uint8_t out[32], const uint8_t s[32], const uint8_t k[32],
				const struct ge25519 *a)
{
	int8_t base_digits[GE25519_DIGITS], key_digits[GE25519_DIGITS];
	struct cached key_odds[KEY_ODDS];
	struct ge25519 p;
	struct completed c;
	int i = GE25519_DIGITS - 1;

	CHECK(base_is_ready);
	ge25519_slide(base_digits, s, BASE_WINDOW);
	ge25519_slide(key_digits, k, KEY_WINDOW);
	make_cached(&key_odds[0], a);
	point_double(&c, a);
	to_extended(&p, &c);
	for (int j = 1; j < KEY_ODDS; j++) {
		struct ge25519 next;

		add_cached(&c, &p, &key_odds[j - 1], false);
		to_extended(&next, &c);
		make_cached(&key_odds[j], &next);
	}
	ge25519_zero(&p);
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
	ge25519_put(out, &p);
}
