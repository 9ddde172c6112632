/* SPDX-License-Identifier: Apache-2.0 */
/* nem_hex.h - test data written in hexadecimal. */
#ifndef KURAMORI_NEM_HEX_H
#define KURAMORI_NEM_HEX_H

#include <stdlib.h>
#include <string.h>

#include "base/bytes.h"
#include "base/hex.h"

/* Reads hex into out (at most cap bytes); ends the test program if the test's own data is wrong. */
static inline struct bytes nem_hex(uint8_t *out, size_t cap, const char *hex)
{
	size_t n = strlen(hex) / 2;

	if (n > cap || hex_get(out, n, bytes_str(hex), HEX_ANY_CASE) != ERR_OK) {
		abort();
	}
	return bytes_of(out, n);
}

#endif
