/* SPDX-License-Identifier: Apache-2.0 */
#include "nis/nis_score.h"

#include <stdbool.h>

#include "base/check.h"
#include "crypto/keccak.h"

/* ---- difficulty ---- */

static uint64_t clamp(uint64_t d)
{
	if (d < NIS_DIFFICULTY_MIN) {
		return NIS_DIFFICULTY_MIN;
	}
	return d > NIS_DIFFICULTY_MAX ? NIS_DIFFICULTY_MAX : d;
}

uint64_t nis_score_difficulty(const uint64_t *difficulty, const uint32_t *time_s, size_t n)
{
	uint64_t mean = 0, last, next;
	u128 wide;

	CHECK(n >= 1 && n <= NIS_DIFFICULTY_BLOCKS);
	if (n < 2) {
		return NIS_DIFFICULTY_START;
	}
	CHECK(time_s[n - 1] > time_s[0] && time_s[n - 1] - time_s[0] >= n - 1);
	for (size_t i = 0; i < n; i++) {
		mean += difficulty[i];
	}
	mean /= n;
	wide = (u128)mean * NIS_BLOCK_TARGET_S * (n - 1) / (time_s[n - 1] - time_s[0]);
	next = (uint64_t)wide; /* at most 60 times the mean: times rise by a second or more */
	last = difficulty[n - 1];
	if (19 * last > 20 * next) {
		next = 19 * last / 20;
	} else if (21 * last < 20 * next) {
		next = 21 * last / 20;
	}
	return clamp(next);
}

void nis_score_generation(struct hash32 *out, const struct hash32 *before,
			  const struct key32 *harvester)
{
	uint8_t both[64];
	struct writer w = writer_make(both, sizeof both);

	writer_bytes(&w, bytes_of(before->b, sizeof before->b));
	writer_bytes(&w, bytes_of(harvester->b, sizeof harvester->b));
	keccak256(out, bytes_of(both, sizeof both));
}

/* ---- hit ---- */

enum { FRACTION = 118, DOUBLE_BITS = 53, HIT_BITS = 54 };

static unsigned bits_of(u128 v)
{
	uint64_t high = (uint64_t)(v >> 64), low = (uint64_t)v;

	if (high != 0) {
		return 128 - (unsigned)__builtin_clzll(high);
	}
	return low == 0 ? 0 : 64 - (unsigned)__builtin_clzll(low);
}

/* The upper half of the product. */
static u128 mul_high(u128 a, u128 b)
{
	uint64_t ah = (uint64_t)(a >> 64), al = (uint64_t)a;
	uint64_t bh = (uint64_t)(b >> 64), bl = (uint64_t)b;
	u128 low = (u128)al * bl, one = (u128)ah * bl, two = (u128)al * bh;
	u128 middle = (low >> 64) + (uint64_t)one + (uint64_t)two;

	return (u128)ah * bh + (one >> 64) + (two >> 64) + (middle >> 64);
}

/* v rounded to its first 53 bits, ties to even, as a double would hold it. */
static u128 round_double(u128 v, bool more)
{
	unsigned bits = bits_of(v), cut;
	u128 half, rest;

	if (bits <= DOUBLE_BITS) {
		return v;
	}
	cut = bits - DOUBLE_BITS;
	half = (u128)1 << (cut - 1);
	rest = v & (((u128)1 << cut) - 1);
	v -= rest;
	if (rest > half || (rest == half && (more || (v >> cut & 1) != 0))) {
		v += (u128)1 << cut;
	}
	return v;
}

/*
 * The first 127 bits of the hash (from its first one bit), rounded to a double; *exponent: the hash
 * is 2^exponent times a number in 1..2, which the answer is in units of 2^-127.  0 for zeros.
 */
static u128 hash_as_double(const struct hash32 *hash, int *exponent)
{
	size_t at = 0;
	u128 v = 0;
	bool more = false;
	unsigned bits;

	while (at < sizeof hash->b && hash->b[at] == 0) {
		at++;
	}
	*exponent = (int)(8 * (sizeof hash->b - at));
	for (size_t i = 0; i < 15; i++) {
		v = v << 8 | (at + i < sizeof hash->b ? hash->b[at + i] : 0);
	}
	for (size_t i = at + 15; i < sizeof hash->b; i++) {
		more |= hash->b[i] != 0;
	}
	if (v == 0) {
		return 0;
	}
	/* v stands for v / 2^120 * 2^exponent. */
	v = round_double(v, more);
	bits = bits_of(v);
	*exponent += (int)bits - 121;
	return v << (128 - bits);
}

/* log2 of y / 2^127 in 1..2, as a fraction of FRACTION bits, by squaring: one bit each time. */
static u128 log2_of(u128 y)
{
	u128 out = 0;

	for (unsigned i = 0; i < FRACTION; i++) {
		u128 square = mul_high(y, y); /* 2^126 times the square of the number */

		out <<= 1;
		if (square >> 127 != 0) {
			out |= 1;
			y = square;
		} else {
			y = square << 1;
		}
	}
	return out;
}

uint64_t nis_score_hit(const struct hash32 *generation)
{
	/* 2^128 * ln 2 */
	const u128 ln2 = (u128)UINT64_C(0xb17217f7d1cf79ab) << 64 | UINT64_C(0xc9e3b39803f2f6af);
	int exponent;
	u128 y = hash_as_double(generation, &exponent), v;

	if (y == 0) {
		return INT64_MAX; /* Java: (long) of infinity */
	}
	/* -log2(generation / 2^256) = 256 - exponent - log2(y), and it is not negative. */
	v = ((u128)(unsigned)(256 - exponent) << FRACTION) - log2_of(y);
	v = round_double(mul_high(v, ln2), true);
	return (uint64_t)(v >> (FRACTION - HIT_BITS));
}

/* ---- target ---- */

uint64_t nis_score_target(uint32_t elapsed_s, uint64_t importance, uint64_t difficulty)
{
	u128 power = (u128)elapsed_s * importance;

	CHECK(importance <= NIS_IMPORTANCE_WHOLE && difficulty >= NIS_DIFFICULTY_MIN &&
	      difficulty <= NIS_DIFFICULTY_MAX);
	return power >= difficulty ? UINT64_MAX : (uint64_t)((power << 64) / difficulty);
}

uint32_t nis_score_wait(uint64_t hit, uint64_t importance, uint64_t difficulty)
{
	u128 need, step, wait;

	CHECK(importance <= NIS_IMPORTANCE_WHOLE && difficulty >= NIS_DIFFICULTY_MIN &&
	      difficulty <= NIS_DIFFICULTY_MAX && hit <= INT64_MAX);
	if (importance == 0) {
		return UINT32_MAX;
	}
	/* floor(wait * step / difficulty) > hit is the same as wait * step >= (hit + 1) *
	 * difficulty. */
	need = ((u128)hit + 1) * difficulty;
	step = (u128)importance << 64;
	wait = (need + step - 1) / step;
	return wait >= UINT32_MAX ? UINT32_MAX : wait == 0 ? 1 : (uint32_t)wait;
}
