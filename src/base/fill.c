/* SPDX-License-Identifier: Apache-2.0 */
#include "base/fill.h"

#include <stdlib.h>
#include <string.h>

size_t fill_conversion(const char *p, size_t *place)
{
	size_t n = 1 + strspn(p + 1, "0123456789");

	*place = p[n] == '$' ? strtoul(p + 1, NULL, 10) : 0;
	n += strspn(p + n, "$-+ #.*0123456789hlzj");
	return p[n] == '\0' ? n : n + 1;
}

bool fill_words(char *out, size_t cap, const char *format, const char *const *part, size_t n)
{
	size_t at = 0;
	size_t next = 0;

	while (*format != '\0') {
		const char *text = format;
		size_t bytes = 1;
		size_t place;

		if (format[0] != '%' || format[1] == '%') {
			format += format[0] == '%' ? 2 : 1;
		} else {
			format += fill_conversion(format, &place);
			place = place == 0 ? next++ : place - 1;
			if (place >= n) {
				return false;
			}
			text = part[place];
			bytes = strlen(text);
		}
		if (bytes >= cap - at) {
			return false;
		}
		memcpy(out + at, text, bytes);
		at += bytes;
	}
	if (cap == 0) {
		return false;
	}
	out[at] = '\0';
	return true;
}
