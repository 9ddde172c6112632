/* SPDX-License-Identifier: Apache-2.0 */
/* ur_text.h - what encoder and decoder share: types and CBOR heads.  For src/ur alone. */
#ifndef KURAMORI_UR_UR_TEXT_H
#define KURAMORI_UR_UR_TEXT_H

#include <stdbool.h>

#include "base/attr.h"
#include "base/bytes.h"
#include "base/err.h"

/* Major types of CBOR (RFC 8949, 3.1). */
enum { UR_CBOR_UNSIGNED = 0, UR_CBOR_BYTES = 2, UR_CBOR_ARRAY = 4 };

/* Writes a head in its shortest form. */
void ur_cbor_put(struct writer *w, unsigned major, uint32_t value);

/*
 * Reads a head of this major type in its shortest form, with a value below 2^32; anything else sets
 * r->bad and gives 0.
 */
uint32_t ur_cbor_get(struct reader *r, unsigned major);

/* 1..UR_TYPE_MAX lower-case letters, digits and hyphens. */
bool ur_type_good(struct bytes type);

#endif
