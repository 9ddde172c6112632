/* SPDX-License-Identifier: Apache-2.0 */
#include "base/utf8.h"

size_t utf8_step(const uint8_t *p, size_t n, uint32_t *code)
{
	uint32_t c = p[0];
	uint32_t least;
	size_t len;

	if (c < 0x80) {
		*code = c;
		return 1;
	}
	if (c >= 0xc2 && c <= 0xdf) {
		len = 2;
		least = 0x80;
		c &= 0x1f;
	} else if (c >= 0xe0 && c <= 0xef) {
		len = 3;
		least = 0x800;
		c &= 0x0f;
	} else if (c >= 0xf0 && c <= 0xf4) {
		len = 4;
		least = 0x10000;
		c &= 0x07;
	} else {
		return 0;
	}
	if (len > n) {
		return 0;
	}
	for (size_t i = 1; i < len; i++) {
		if ((p[i] & 0xc0) != 0x80) {
			return 0;
		}
		c = (c << 6) | (p[i] & 0x3f);
	}
	if (c < least || c > 0x10ffff || (c >= 0xd800 && c <= 0xdfff)) {
		return 0;
	}
	*code = c;
	return len;
}

bool utf8_valid(struct bytes text)
{
	uint32_t code;

	for (size_t at = 0, step = 0; at < text.n; at += step) {
		step = utf8_step(text.p + at, text.n - at, &code);
		if (step == 0) {
			return false;
		}
	}
	return true;
}
