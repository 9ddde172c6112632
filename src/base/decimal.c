/* SPDX-License-Identifier: Apache-2.0 */
#include "base/decimal.h"

#include <stdbool.h>

enum { DECIMAL_DIGITS_MAX = 38 }; /* 10^38 < 2^128 */

enum err decimal_parse(struct decimal *out, struct bytes text)
{
	struct decimal d = { 0, 0 };
	size_t digits = 0;
	bool behind = false;

	for (size_t i = 0; i < text.n; i++) {
		uint8_t c = text.p[i];

		if (c == '.' && !behind && digits > 0) {
			behind = true;
			continue;
		}
		if (c < '0' || c > '9' || (digits == 1 && d.units == 0 && !behind)) {
			return ERR_AMOUNT;
		}
		if (digits == DECIMAL_DIGITS_MAX) {
			return ERR_OVERFLOW;
		}
		d.units = d.units * 10 + (unsigned)(c - (uint8_t)'0');
		d.scale += behind;
		digits++;
	}
	if (digits == 0 || (behind && (d.scale == 0 || text.p[text.n - 1] == '0'))) {
		return ERR_AMOUNT;
	}
	*out = d;
	return ERR_OK;
}
