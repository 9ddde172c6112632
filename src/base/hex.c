/* SPDX-License-Identifier: Apache-2.0 */
#include "base/hex.h"

static int digit(uint8_t c, enum hex_case hc)
{
	if (c >= '0' && c <= '9') {
		return c - '0';
	}
	if (c >= 'a' && c <= 'f') {
		return c - 'a' + 10;
	}
	if (hc == HEX_ANY_CASE && c >= 'A' && c <= 'F') {
		return c - 'A' + 10;
	}
	return -1;
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
	if (in.n % 2 != 0 || in.n / 2 != out_n) {
		return ERR_INPUT;
	}
	for (size_t i = 0; i < in.n; i++) {
		if (digit(in.p[i], c) < 0) {
			return ERR_INPUT;
		}
	}
	for (size_t i = 0; i < out_n; i++) {
		out[i] = (uint8_t)((unsigned)digit(in.p[2 * i], c) << 4 |
				   (unsigned)digit(in.p[2 * i + 1], c));
	}
	return ERR_OK;
}
