/* SPDX-License-Identifier: Apache-2.0 */
#include "base/hex.h"

/* No branch on the digits: documents are mostly hex, and some of what is read here is secret. */
static unsigned is_digit(uint8_t c, uint8_t fold)
{
	return ((uint8_t)(c - '0') < 10) | ((uint8_t)((c | fold) - 'a') < 6);
}

/* Of a digit: the low four bits, and nine more for a letter. */
static unsigned digit(uint8_t c)
{
	return (c & 15u) + 9u * (c >> 6);
}

/*
 * The same of eight at once.  0x80 in each byte that is at least `least`; all bytes of w are below
 * 0x80, so no byte borrows from the next.
 */
static uint64_t at_least(uint64_t w, uint8_t least)
{
	const uint64_t ones = UINT64_C(0x0101010101010101);

	return ((w | ones * 0x80) - ones * least) & ones * 0x80;
}

/* 0x80 in each byte that is a digit; `folds`: fold in each byte. */
static uint64_t digits_of_8(uint64_t w, uint64_t folds)
{
	const uint64_t ones = UINT64_C(0x0101010101010101);
	uint64_t low = w & ~(ones * 0x80); /* what had the highest bit is none in the end */
	uint64_t digit = at_least(low, '0') & ~at_least(low, '9' + 1);
	uint64_t letter = at_least(low | folds, 'a') & ~at_least(low | folds, 'f' + 1);

	return (digit | letter) & ~w;
}

/* The four bytes that eight digits say, the first lowest. */
static uint32_t values_of_8(uint64_t w)
{
	const uint64_t ones = UINT64_C(0x0101010101010101);
	uint64_t v = (w & ones * 15) + 9 * ((w >> 6) & ones);

	/* each two digits together; then two and two of these */
	v = (v << 4 | v >> 8) & UINT64_C(0x00ff00ff00ff00ff);
	v = (v | v >> 8) & UINT64_C(0x0000ffff0000ffff);
	return (uint32_t)(v | v >> 16);
}

void hex_put(char *out, struct bytes in)
{
	static const char digits[] = "0123456789abcdef";

	for (size_t i = 0; i < in.n; i++) {
		out[2 * i] = digits[in.p[i] >> 4];
		out[2 * i + 1] = digits[in.p[i] & 15];
	}
	out[2 * in.n] = '\0';
}

enum err hex_get(uint8_t *out, size_t out_n, struct bytes in, enum hex_case c)
{
	/* letters of both cases differ in one bit; what is no letter becomes none by it */
	const uint8_t fold = c == HEX_ANY_CASE ? 0x20 : 0;
	const uint64_t folds = UINT64_C(0x0101010101010101) * fold;
	const size_t eights = in.n / 8;
	uint64_t all = UINT64_MAX;
	unsigned good = 1;

	if (in.n % 2 != 0 || in.n / 2 != out_n) {
		return ERR_INPUT;
	}
	for (size_t i = 0; i < eights; i++) {
		all &= digits_of_8(le64_get(in.p + 8 * i), folds);
	}
	for (size_t i = 8 * eights; i < in.n; i++) {
		good &= is_digit(in.p[i], fold);
	}
	if (good == 0 || (~all & UINT64_C(0x8080808080808080)) != 0) {
		return ERR_INPUT;
	}
	for (size_t i = 0; i < eights; i++) {
		le32_put(out + 4 * i, values_of_8(le64_get(in.p + 8 * i)));
	}
	for (size_t i = 4 * eights; i < out_n; i++) {
		out[i] = (uint8_t)(digit(in.p[2 * i]) << 4 | digit(in.p[2 * i + 1]));
	}
	return ERR_OK;
}
