/* SPDX-License-Identifier: Apache-2.0 */
/*
 * utf8.h - UTF-8, strictly (RFC 3629): shortest form, no surrogates, at most U+10FFFF.
 */
#ifndef KURAMORI_BASE_UTF8_H
#define KURAMORI_BASE_UTF8_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/bytes.h"

/*
 * The length of the sequence at p (1..4), of which n bytes are there, and its code point; 0 if it
 * is not valid (then *code is not written).
 */
size_t utf8_step(const uint8_t *p, size_t n, uint32_t *code);

/* All of it is valid; so is an empty text. */
bool utf8_valid(struct bytes text);

#endif
