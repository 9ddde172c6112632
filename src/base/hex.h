/* SPDX-License-Identifier: Apache-2.0 */
/*
 * hex.h - hexadecimal.  Kuramori writes lower case; NEM's edges accept either case.
 */
#ifndef KURAMORI_BASE_HEX_H
#define KURAMORI_BASE_HEX_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/attr.h"
#include "base/bytes.h"
#include "base/err.h"

enum hex_case { HEX_LOWER_ONLY, HEX_ANY_CASE };

/* Writes 2n digits and a NUL: out has room for 2n + 1. */
void hex_put(char *out, struct bytes in);

/*
 * Reads exactly 2 * out_n digits from in into out.
 * ERR_INPUT if the length or a digit is wrong (upper case with HEX_LOWER_ONLY); out untouched then.
 */
MUST_CHECK enum err hex_get(uint8_t *out, size_t out_n, struct bytes in, enum hex_case c);

#endif
