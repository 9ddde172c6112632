/* SPDX-License-Identifier: Apache-2.0 */
#include "ur/fountain.h"

#include <float.h>

#include "base/check.h"
#include "crypto/sha256.h"

/* Each operation rounds once, to the same 53 bits everywhere; meson.build forbids contraction. */
_Static_assert(FLT_EVAL_METHOD == 0 && FLT_RADIX == 2 && DBL_MANT_DIG == 53 && DBL_MAX_EXP == 1024,
	       "parts are chosen by IEEE 754 doubles");

static uint64_t rotate(uint64_t v, unsigned by)
{
	return v << by | v >> (64 - by);
}

void fountain_seed(struct fountain_random *r, struct bytes seed)
{
	struct hash32 h;

	sha256(&h, seed);
	for (size_t i = 0; i < 4; i++) {
		r->s[i] = 0;
		for (size_t k = 0; k < 8; k++) {
			r->s[i] = r->s[i] << 8 | h.b[8 * i + k];
		}
	}
}

uint64_t fountain_next(struct fountain_random *r)
{
	uint64_t *s = r->s;
	uint64_t out = rotate(s[1] * 5, 7) * 9;
	uint64_t shifted = s[1] << 17;

	s[2] ^= s[0];
	s[3] ^= s[1];
	s[1] ^= s[2];
	s[0] ^= s[3];
	s[2] ^= shifted;
	s[3] = rotate(s[3], 45);
	return out;
}

/* 0 <= result <= 1: 2^64 is a power of two, so that only the conversion rounds. */
static double fraction(struct fountain_random *r)
{
	return (double)fountain_next(r) / 18446744073709551616.0;
}

/* The fraction f of n things, as a place among them. */
static uint64_t place(double f, uint64_t n)
{
	uint64_t at = (uint64_t)(f * (double)n);

	return at < n ? at : n - 1;
}

uint64_t fountain_below(struct fountain_random *r, uint64_t n)
{
	return place(fraction(r), n);
}

void fountain_sampler_make(struct fountain_sampler *s, const double *weights, size_t n)
{
	double share[FOUNTAIN_PARTS_MAX];
	uint16_t small[FOUNTAIN_PARTS_MAX], large[FOUNTAIN_PARTS_MAX];
	size_t smalls = 0, larges = 0;
	double sum = 0;

	CHECK(n >= 1 && n <= FOUNTAIN_PARTS_MAX);
	for (size_t i = 0; i < n; i++) {
		CHECK(weights[i] > 0);
		sum += weights[i];
	}
	s->n = n;
	for (size_t i = n; i-- > 0;) {
		share[i] = weights[i] * (double)n;
		share[i] /= sum;
		/* a place that nobody fills up stands for itself alone */
		s->chance[i] = 1;
		s->alias[i] = 0;
		if (share[i] < 1) {
			small[smalls++] = (uint16_t)i;
		} else {
			large[larges++] = (uint16_t)i;
		}
	}
	while (smalls > 0 && larges > 0) {
		uint16_t filled = small[--smalls];
		uint16_t giver = large[--larges];
		double given = share[filled] - 1;

		s->chance[filled] = share[filled];
		s->alias[filled] = giver;
		share[giver] += given;
		if (share[giver] < 1) {
			small[smalls++] = giver;
		} else {
			large[larges++] = giver;
		}
	}
}

size_t fountain_sample(const struct fountain_sampler *s, struct fountain_random *r)
{
	double where = fraction(r);
	double which = fraction(r);
	size_t at = (size_t)place(where, s->n);

	return which < s->chance[at] ? at : s->alias[at];
}

void fountain_degrees_make(struct fountain_sampler *s, size_t n)
{
	double weights[FOUNTAIN_PARTS_MAX];

	CHECK(n <= FOUNTAIN_PARTS_MAX);
	for (size_t i = 0; i < n; i++) {
		weights[i] = 1.0 / (double)(i + 1);
	}
	fountain_sampler_make(s, weights, n);
}

static void add(struct fountain_mix *mix, size_t i)
{
	mix->bits[i / 64] |= (uint64_t)1 << i % 64;
}

void fountain_choose(struct fountain_mix *out, const struct fountain_sampler *s, uint32_t seq,
		     uint32_t checksum)
{
	uint16_t left[FOUNTAIN_PARTS_MAX] = { 0 };
	const uint8_t seed[8] = {
		(uint8_t)(seq >> 24),      (uint8_t)(seq >> 16),
		(uint8_t)(seq >> 8),       (uint8_t)seq,
		(uint8_t)(checksum >> 24), (uint8_t)(checksum >> 16),
		(uint8_t)(checksum >> 8),  (uint8_t)checksum,
	};
	struct fountain_random r;
	size_t degree;

	CHECK(seq >= 1);
	*out = (struct fountain_mix){ 0 };
	if (seq <= s->n) {
		add(out, seq - 1);
		return;
	}
	fountain_seed(&r, bytes_of(seed, sizeof seed));
	degree = fountain_sample(s, &r) + 1;
	for (size_t i = 0; i < s->n; i++) {
		left[i] = (uint16_t)i;
	}
	/* Fisher and Yates: only the first `degree` of the shuffled ones are wanted */
	for (size_t i = 0; i < degree; i++) {
		size_t count = s->n - i;
		size_t at = (size_t)fountain_below(&r, count);

		add(out, left[at]);
		memmove(left + at, left + at + 1, (count - at - 1) * sizeof *left);
	}
}

size_t fountain_fragment(size_t n, size_t min, size_t max)
{
	size_t most = n / min; /* fragments */
	size_t size = n;

	CHECK(n > 0);
	for (size_t count = 2; count <= most && size > max; count++) {
		size = (n + count - 1) / count;
	}
	return size;
}
