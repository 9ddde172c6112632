/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Goal: the field and group arithmetic of verification is right at its edges.
 *
 * Method: laws of a field on numbers of all edge shapes (0, 1, p-1, p, p+1, 2^255-1, limbs at their
 * largest); the largest loose limbs the header allows, against the same product of reduced numbers;
 * sums of multiples against libsodium's group functions on random and extreme scalars.
 */
#include <sodium.h>

#include "crypto/crypto.h"
#include "crypto/fe25519.h"
#include "crypto/ge25519.h"
#include "t.h"

static void fill(uint8_t *p, size_t n)
{
	for (size_t i = 0; i < n; i++) {
		p[i] = (uint8_t)t_random();
	}
}

static bool same(const struct fe25519 *a, const struct fe25519 *b)
{
	uint8_t x[32], y[32];

	fe25519_put(x, a);
	fe25519_put(y, b);
	return memcmp(x, y, 32) == 0;
}

/* A number of an edge-biased shape: random, small, or near p or 2^255. */
static void edgy(struct fe25519 *out)
{
	uint8_t b[32];

	switch (t_below(4)) {
	case 0:
		memset(b, 0, 32);
		b[t_below(32)] = (uint8_t)t_random();
		break;
	case 1:
		memset(b, 0xff, 32);
		b[0] = (uint8_t)t_random();
		break;
	case 2:
		for (int i = 0; i < 5; i++) {
			out->v[i] = t_below(2) ? FE25519_MASK : t_below(3);
		}
		return;
	default:
		fill(b, 32);
	}
	fe25519_get(out, b);
}

static void field_laws(void)
{
	for (int i = 0; i < 5000; i++) {
		struct fe25519 a, b, c, s, t, u;

		edgy(&a);
		edgy(&b);
		edgy(&c);
		fe25519_mul(&s, &a, &b);
		fe25519_mul(&t, &b, &a);
		T_CHECK(same(&s, &t));
		fe25519_mul(&s, &s, &c);
		fe25519_mul(&t, &b, &c);
		fe25519_mul(&t, &a, &t);
		T_CHECK(same(&s, &t));
		fe25519_add(&s, &a, &b);
		fe25519_mul(&s, &s, &c);
		fe25519_mul(&t, &a, &c);
		fe25519_mul(&u, &b, &c);
		fe25519_add(&t, &t, &u);
		T_CHECK(same(&s, &t));
		fe25519_sub(&s, &a, &b);
		fe25519_carry(&s, &s);
		fe25519_add(&s, &s, &b);
		T_CHECK(same(&s, &a));
		fe25519_sq(&s, &a);
		fe25519_mul(&t, &a, &a);
		T_CHECK(same(&s, &t));
	}
}

static void largest_limbs(void)
{
	const uint64_t top = ((uint64_t)1 << 54) - 1;

	for (int i = 0; i < 2000; i++) {
		struct fe25519 a, b, ra, rb, s, t;

		for (int j = 0; j < 5; j++) {
			a.v[j] = t_below(3) ? top - t_below(2) : t_below(top);
			b.v[j] = t_below(3) ? top - t_below(2) : t_below(top);
		}
		if (i == 0) {
			for (int j = 0; j < 5; j++) {
				a.v[j] = b.v[j] = top;
			}
		}
		fe25519_carry(&ra, &a);
		fe25519_carry(&rb, &b);
		for (int j = 0; j < 5; j++) {
			T_CHECK(ra.v[j] < (uint64_t)1 << 52);
		}
		T_CHECK(same(&a, &ra));
		fe25519_mul(&s, &a, &b);
		fe25519_mul(&t, &ra, &rb);
		T_CHECK(same(&s, &t));
		for (int j = 0; j < 5; j++) {
			T_CHECK(s.v[j] < (uint64_t)1 << 52);
		}
		fe25519_sq(&s, &a);
		fe25519_mul(&t, &ra, &ra);
		T_CHECK(same(&s, &t));
	}
}

static void inverse_and_root(void)
{
	static const struct fe25519 one = { { 1 } };
	struct fe25519 a, s, zero = { { 0 } };

	for (int i = 0; i < 300; i++) {
		edgy(&a);
		fe25519_inverse(&s, &a);
		fe25519_mul(&s, &s, &a);
		T_CHECK(same(&s, fe25519_is_zero(&a) ? &zero : &one));
		/* a^((p-5)/8) to the 8th, times a^4, is a^(p-1) */
		fe25519_pow_p58(&s, &a);
		for (int j = 0; j < 3; j++) {
			fe25519_sq(&s, &s);
		}
		for (int j = 0; j < 4; j++) {
			fe25519_mul(&s, &s, &a);
		}
		T_CHECK(same(&s, fe25519_is_zero(&a) ? &zero : &one));
	}
}

static void spellings(void)
{
	uint8_t in[32], out[32];

	/* p + i reads as i, for every number that has two spellings; the top bit does not count */
	for (unsigned i = 0; i < 19; i++) {
		struct fe25519 a;

		memset(in, 0xff, 32);
		in[0] = (uint8_t)(0xed + i);
		for (int top = 0; top < 2; top++) {
			in[31] = top ? 0xff : 0x7f;
			fe25519_get(&a, in);
			fe25519_put(out, &a);
			T_EQ(out[0], i);
			T_CHECK(sodium_is_zero(out + 1, 31));
			T_CHECK(fe25519_is_zero(&a) == (i == 0));
			T_CHECK(fe25519_is_odd(&a) == (i % 2 == 1));
		}
	}
	for (int i = 0; i < 1000; i++) {
		struct fe25519 a;

		fill(in, 32);
		in[31] &= 0x7f;
		in[1] &= 0x7f; /* below p for certain */
		fe25519_get(&a, in);
		fe25519_put(out, &a);
		T_MEM(in, out, 32);
	}
}

static void points_like_libsodium(void)
{
	unsigned valid = 0, invalid = 0;

	for (int i = 0; i < 1000; i++) {
		uint8_t in[32], uniform[32];
		struct ge25519 p;

		if (i % 2 == 0) {
			fill(in, 32);
			if (ge25519_get(&p, in)) {
				valid++;
			} else {
				invalid++;
				T_CHECK(!crypto_core_ed25519_is_valid_point(in));
			}
		} else {
			fill(uniform, 32);
			T_CHECK(crypto_core_ed25519_from_uniform(in, uniform) == 0);
			T_CHECK(ge25519_get(&p, in));
		}
	}
	/* about half of all y have a point */
	T_CHECK(valid > 180 && invalid > 180);
}

/* s*B + k*A by libsodium's functions, which take neither scalar 0 nor the identity. */
static void sums_like_libsodium(void)
{
	static const uint8_t zero[32];

	for (int i = 0; i < 600; i++) {
		uint8_t uniform[32], a[32], s[32], k[32], sb[32], ka[32], want[32], got[32];
		struct ge25519 p;

		fill(uniform, 32);
		T_CHECK(crypto_core_ed25519_from_uniform(a, uniform) == 0);
		T_CHECK(ge25519_get(&p, a));
		fill(s, 32);
		fill(k, 32);
		switch (t_below(6)) {
		case 0:
			memset(s, 0, 32);
			s[t_below(32)] = (uint8_t)(1u << t_below(8));
			break;
		case 1:
			memset(s, 0xff, 32);
			break;
		case 2:
			memset(k, 0xff, 32);
			break;
		case 3:
			memset(k, 0, 32);
			k[0] = (uint8_t)(1 + t_below(255));
			break;
		default:
			break;
		}
		s[31] &= 0x7f;
		k[31] &= 0x7f;
		if (sodium_is_zero(s, 32)) {
			s[0] = 1;
		}
		T_CHECK(crypto_scalarmult_ed25519_base_noclamp(sb, s) == 0);
		T_CHECK(crypto_scalarmult_ed25519_noclamp(ka, k, a) == 0);
		T_CHECK(crypto_core_ed25519_add(want, sb, ka) == 0);
		ge25519_double_mul_vartime(got, s, k, &p);
		T_MEM(got, want, 32);
		/* and each half alone */
		ge25519_double_mul_vartime(got, s, zero, &p);
		T_MEM(got, sb, 32);
		ge25519_double_mul_vartime(got, zero, k, &p);
		T_MEM(got, ka, 32);
		/* and the difference */
		T_CHECK(crypto_core_ed25519_sub(want, sb, ka) == 0);
		ge25519_neg(&p, &p);
		ge25519_double_mul_vartime(got, s, k, &p);
		T_MEM(got, want, 32);
	}
}

static void scalar_too_large(void)
{
	uint8_t s[32] = { [31] = 0x80 }, zero[32] = { 0 }, out[32];
	struct ge25519 p;

	zero[0] = 1;
	if (ge25519_get(&p, zero)) {
		ge25519_double_mul_vartime(out, s, zero, &p);
	}
}

static void a_scalar_of_256_bits_dies(void)
{
	T_CHECK(t_dies(SIGABRT, scalar_too_large));
}

int main(int argc, char **argv)
{
	static const struct t_case cases[] = {
		{ "laws of a field", field_laws },
		{ "largest limbs", largest_limbs },
		{ "inverse and root", inverse_and_root },
		{ "spellings of a number", spellings },
		{ "points as libsodium has them", points_like_libsodium },
		{ "sums of multiples as libsodium has them", sums_like_libsodium },
		{ "a scalar of 256 bits dies", a_scalar_of_256_bits_dies },
	};

	if (crypto_init() != ERR_OK) {
		return 1;
	}
	return t_main(cases, ARRAY_LEN(cases), argc, argv);
}
