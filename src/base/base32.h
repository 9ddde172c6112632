/* SPDX-License-Identifier: Apache-2.0 */
/*
 * base32.h - RFC 4648 base32, upper case, no padding, for inputs of a multiple of 5 bytes
 * (NEM addresses are 25 bytes, 40 characters: nem.md 1.2).
 */
#ifndef KURAMORI_BASE_BASE32_H
#define KURAMORI_BASE_BASE32_H

#include <stddef.h>
#include <stdint.h>

#include "base/attr.h"
#include "base/bytes.h"
#include "base/err.h"

/* in.n is a multiple of 5; writes in.n / 5 * 8 characters and a NUL. */
void base32_put(char *out, struct bytes in);

/* Reads exactly out_n / 5 * 8 characters A-Z2-7.  ERR_INPUT otherwise; out untouched then. */
MUST_CHECK enum err base32_get(uint8_t *out, size_t out_n, struct bytes in);

#endif
