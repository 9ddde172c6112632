/* SPDX-License-Identifier: Apache-2.0 */
#include "base/base32.h"

#include "base/check.h"

static int value(uint8_t c)
{
	if (c >= 'A' && c <= 'Z') {
		return c - 'A';
	}
	if (c >= '2' && c <= '7') {
		return c - '2' + 26;
	}
	return -1;
}

void base32_put(char *out, struct bytes in)
{
	static const char alphabet[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZ234567";

	CHECK(in.n % 5 == 0);
	for (size_t i = 0; i < in.n / 5; i++) {
		uint64_t group = 0;

		for (size_t j = 0; j < 5; j++) {
			group = group << 8 | in.p[5 * i + j];
		}
		for (size_t j = 0; j < 8; j++) {
			out[8 * i + j] = alphabet[(group >> (35 - 5 * j)) & 31];
		}
	}
	out[in.n / 5 * 8] = '\0';
}

enum err base32_get(uint8_t *out, size_t out_n, struct bytes in)
{
	CHECK(out_n % 5 == 0);
	if (in.n != out_n / 5 * 8) {
		return ERR_INPUT;
	}
	for (size_t i = 0; i < in.n; i++) {
		if (value(in.p[i]) < 0) {
			return ERR_INPUT;
		}
	}
	for (size_t i = 0; i < out_n / 5; i++) {
		uint64_t group = 0;

		for (size_t j = 0; j < 8; j++) {
			group = group << 5 | (uint64_t)value(in.p[8 * i + j]);
		}
		for (size_t j = 0; j < 5; j++) {
			out[5 * i + j] = (uint8_t)(group >> (32 - 8 * j));
		}
	}
	return ERR_OK;
}
