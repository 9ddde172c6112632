/* SPDX-License-Identifier: Apache-2.0 */
#include "crypto/uuid7.h"

#include <string.h>

#include "base/check.h"
#include "base/hex.h"

/* Bytes written before each hyphen: 8-4-4-4-12 digits. */
static const uint8_t groups[] = { 4, 2, 2, 2, 6 };

void uuid7_make(struct id128 *out, uint64_t unix_ms, const uint8_t random[UUID7_RANDOM_BYTES])
{
	CHECK(unix_ms >> 48 == 0);
	for (size_t i = 0; i < 6; i++) {
		out->b[i] = (uint8_t)(unix_ms >> (40 - 8 * i));
	}
	memcpy(out->b + 6, random, UUID7_RANDOM_BYTES);
	out->b[6] = (uint8_t)(0x70 | (out->b[6] & 0x0f));
	out->b[8] = (uint8_t)(0x80 | (out->b[8] & 0x3f));
}

bool uuid7_is_valid(const struct id128 *id)
{
	return (id->b[6] & 0xf0) == 0x70 && (id->b[8] & 0xc0) == 0x80;
}

uint64_t uuid7_ms(const struct id128 *id)
{
	uint64_t ms = 0;

	for (size_t i = 0; i < 6; i++) {
		ms = ms << 8 | id->b[i];
	}
	return ms;
}

void uuid7_put(char out[UUID7_TEXT_MAX], const struct id128 *id)
{
	size_t at = 0, from = 0;

	for (size_t g = 0; g < ARRAY_LEN(groups); g++) {
		if (g > 0) {
			out[at++] = '-';
		}
		hex_put(out + at, bytes_of(id->b + from, groups[g]));
		at += (size_t)2 * groups[g];
		from += groups[g];
	}
	CHECK(at + 1 == UUID7_TEXT_MAX);
}

enum err uuid7_get(struct id128 *out, struct bytes text)
{
	struct id128 id;
	size_t at = 0, from = 0;

	if (text.n != UUID7_TEXT_MAX - 1) {
		return ERR_INPUT;
	}
	for (size_t g = 0; g < ARRAY_LEN(groups); g++) {
		if (g > 0 && text.p[at++] != '-') {
			return ERR_INPUT;
		}
		if (hex_get(id.b + from, groups[g], bytes_of(text.p + at, (size_t)2 * groups[g]),
			    HEX_LOWER_ONLY) != ERR_OK) {
			return ERR_INPUT;
		}
		at += (size_t)2 * groups[g];
		from += groups[g];
	}
	if (!uuid7_is_valid(&id)) {
		return ERR_INPUT;
	}
	*out = id;
	return ERR_OK;
}
