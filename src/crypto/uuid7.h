/* SPDX-License-Identifier: Apache-2.0 */
/*
 * uuid7.h - UUID version 7 (RFC 9562, 5.7): names that sort by time.
 */
#ifndef KURAMORI_CRYPTO_UUID7_H
#define KURAMORI_CRYPTO_UUID7_H

#include <stdbool.h>
#include <stdint.h>

#include "base/attr.h"
#include "base/bytes.h"
#include "base/err.h"

enum {
	UUID7_RANDOM_BYTES = 10, /* 74 of the 80 bits are used */
	UUID7_TEXT_MAX = 37,     /* 36 characters and a NUL */
};

/* unix_ms: milliseconds since 1970, below 2^48 (dies above). */
void uuid7_make(struct id128 *out, uint64_t unix_ms, const uint8_t random[UUID7_RANDOM_BYTES]);

/* Version 7 and the variant of RFC 9562. */
bool uuid7_is_valid(const struct id128 *id);

/* The milliseconds since 1970 in the name; meaningful only if uuid7_is_valid(). */
uint64_t uuid7_ms(const struct id128 *id);

/* Writes 8-4-4-4-12 in lower case and a NUL.  Any 128 bits are printed. */
void uuid7_put(char out[UUID7_TEXT_MAX], const struct id128 *id);

/*
 * Reads exactly the 36 characters uuid7_put() writes.  ERR_INPUT if a character or the length is
 * wrong, on upper case, and if the version or variant is not that of UUIDv7; out untouched then.
 */
MUST_CHECK enum err uuid7_get(struct id128 *out, struct bytes text);

#endif
