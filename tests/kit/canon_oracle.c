/* SPDX-License-Identifier: Apache-2.0 */
/*
 * canon_oracle - says what src/doc/json.c thinks of each text on standard input.
 *
 * Input: u32 length, little-endian, and that many bytes, again and again.  Output: for each text
 * one character, 1 taken or 0 refused.  test_canon_c.py compares it with the kit's own reader.
 */
#include <stdint.h>
#include <stdio.h>

#include "base/bytes.h"
#include "doc/json.h"

enum { TEXT_MAX = 1 << 17 };

int main(void)
{
	static uint8_t text[TEXT_MAX];
	uint8_t head[4];

	while (fread(head, 1, sizeof head, stdin) == sizeof head) {
		uint32_t n = le32_get(head);

		if (n > TEXT_MAX || fread(text, 1, n, stdin) != n) {
			fputs("canon_oracle: bad input\n", stderr);
			return 3;
		}
		putchar(json_check(bytes_of(text, n), NULL, NULL) == ERR_OK ? '1' : '0');
	}
	return 0;
}
