/* SPDX-License-Identifier: Apache-2.0 */
#include "trace/filter.h"

#include "base/attr.h"

#if defined(__x86_64__)
#include <immintrin.h>
#endif

size_t filter_next_plain(const uint32_t *from, size_t begin, size_t end, const uint32_t *bits)
{
	size_t i = begin;

	/* four loads of the bitmap on their way at once, one branch for all */
	for (; i + 4 <= end; i += 4) {
		const uint32_t a = from[i];
		const uint32_t b = from[i + 1];
		const uint32_t c = from[i + 2];
		const uint32_t d = from[i + 3];
		const uint32_t any = bits[a >> 5] >> (a & 31) | bits[b >> 5] >> (b & 31) |
				     bits[c >> 5] >> (c & 31) | bits[d >> 5] >> (d & 31);

		if (any & 1) {
			break;
		}
	}
	for (; i < end; i++) {
		if (filter_bit(bits, from[i])) {
			return i;
		}
	}
	return end;
}

uint64_t filter_window_plain(const uint32_t *from, size_t n, const uint32_t *bits)
{
	uint64_t found = 0;

	for (size_t k = 0; k < n; k++) {
		found |= (uint64_t)filter_bit(bits, from[k]) << k;
	}
	return found;
}

uint64_t filter_equal_plain(const uint32_t *from, size_t n, uint32_t account)
{
	uint64_t found = 0;

	for (size_t k = 0; k < n; k++) {
		found |= (uint64_t)(from[k] == account) << k;
	}
	return found;
}

#if defined(__x86_64__)

enum { WIDE = 16, AHEAD = 64 };

/* Sixteen senders at a time.  The gathers read whole words that the caller's bitmap has. */
static WIDE_CODE("avx512f") size_t
    next_wide(const uint32_t *from, size_t begin, size_t end, const uint32_t *bits)
{
	const __m512i one = _mm512_set1_epi32(1);
	const __m512i low = _mm512_set1_epi32(31);
	size_t i = begin;

	for (; i + (size_t)2 * WIDE <= end; i += (size_t)2 * WIDE) {
		const __m512i a = _mm512_loadu_si512(from + i);
		const __m512i b = _mm512_loadu_si512(from + i + WIDE);
		const __m512i words_a =
		    _mm512_i32gather_epi32(_mm512_srli_epi32(a, 5), (const int *)bits, 4);
		const __m512i words_b =
		    _mm512_i32gather_epi32(_mm512_srli_epi32(b, 5), (const int *)bits, 4);
		const __mmask16 hit_a = _mm512_test_epi32_mask(
		    words_a, _mm512_sllv_epi32(one, _mm512_and_si512(a, low)));
		const __mmask16 hit_b = _mm512_test_epi32_mask(
		    words_b, _mm512_sllv_epi32(one, _mm512_and_si512(b, low)));
		const uint32_t hit = hit_a | (uint32_t)hit_b << WIDE;

		_mm_prefetch((const char *)(from + i + (size_t)WIDE * AHEAD), _MM_HINT_T0);
		_mm_prefetch((const char *)(from + i + (size_t)WIDE * (AHEAD + 1)), _MM_HINT_T0);
		if (hit != 0) {
			return i + (size_t)__builtin_ctz(hit);
		}
	}
	return filter_next_plain(from, i, end, bits);
}

/* Lane k of the vector `at` (of WIDE senders each) is among the first n senders. */
static INLINED __mmask16 lanes(size_t n, size_t at)
{
	const size_t left = n - at * WIDE;

	return (__mmask16)(left < WIDE ? ((uint32_t)1 << left) - 1 : 0xffffu);
}

static WIDE_CODE("avx512f") uint64_t
    window_wide(const uint32_t *from, size_t n, const uint32_t *bits)
{
	const __m512i one = _mm512_set1_epi32(1);
	const __m512i low = _mm512_set1_epi32(31);
	uint64_t found = 0;

	for (size_t k = 0; k * WIDE < n; k++) {
		const __mmask16 on = lanes(n, k);
		const __m512i a = _mm512_maskz_loadu_epi32(on, from + k * WIDE);
		const __m512i words = _mm512_mask_i32gather_epi32(low, on, _mm512_srli_epi32(a, 5),
								  (const int *)bits, 4);
		const __mmask16 hit = _mm512_mask_test_epi32_mask(
		    on, words, _mm512_sllv_epi32(one, _mm512_and_si512(a, low)));

		found |= (uint64_t)hit << k * WIDE;
	}
	return found;
}

static WIDE_CODE("avx512f") uint64_t equal_wide(const uint32_t *from, size_t n, uint32_t account)
{
	const __m512i sought = _mm512_set1_epi32((int)account);
	uint64_t found = 0;

	for (size_t k = 0; k * WIDE < n; k++) {
		const __mmask16 on = lanes(n, k);
		const __m512i a = _mm512_maskz_loadu_epi32(on, from + k * WIDE);

		found |= (uint64_t)_mm512_mask_cmpeq_epi32_mask(on, a, sought) << k * WIDE;
	}
	return found;
}

static bool wide(void)
{
	static int known = -1;

	if (known < 0) {
		known = __builtin_cpu_supports("avx512f") ? 1 : 0;
	}
	return known == 1;
}

size_t filter_next(const uint32_t *from, size_t begin, size_t end, const uint32_t *bits)
{
	return wide() ? next_wide(from, begin, end, bits)
		      : filter_next_plain(from, begin, end, bits);
}

uint64_t filter_window(const uint32_t *from, size_t n, const uint32_t *bits)
{
	return wide() ? window_wide(from, n, bits) : filter_window_plain(from, n, bits);
}

uint64_t filter_equal(const uint32_t *from, size_t n, uint32_t account)
{
	return wide() ? equal_wide(from, n, account) : filter_equal_plain(from, n, account);
}

const char *filter_kind(void)
{
	return wide() ? "avx512" : "plain";
}

#else

size_t filter_next(const uint32_t *from, size_t begin, size_t end, const uint32_t *bits)
{
	return filter_next_plain(from, begin, end, bits);
}

uint64_t filter_window(const uint32_t *from, size_t n, const uint32_t *bits)
{
	return filter_window_plain(from, n, bits);
}

uint64_t filter_equal(const uint32_t *from, size_t n, uint32_t account)
{
	return filter_equal_plain(from, n, account);
}

const char *filter_kind(void)
{
	return "plain";
}

#endif
