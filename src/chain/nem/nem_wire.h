/* SPDX-License-Identifier: Apache-2.0 */
/*
 * nem_wire.h - the bytes of NEM transactions (nem.md 2.1-2.4), for nem_tx.c and nem_other.c alone:
 * what is written and read here is in bounds, but only nem_tx_check() says whether it is well
 * formed.
 */
#ifndef KURAMORI_CHAIN_NEM_WIRE_H
#define KURAMORI_CHAIN_NEM_WIRE_H

#include "base/attr.h"
#include "base/bytes.h"
#include "base/err.h"
#include "chain/nem/nem_tx.h"

enum {
	/* The largest inner transaction: a transfer with a full message and every mosaic. */
	NEM_WIRE_INNER_MAX = 3400,
	NEM_WIRE_SIGNING_MAX = 64 + NEM_WIRE_INNER_MAX,
	NEM_WIRE_COSIGNATURE_SIGNING = 144,
	NEM_WIRE_KEY = 32,                /* bytes of a key or hash, as stated before it */
	NEM_WIRE_PROPERTIES = 4,          /* of a mosaic's definition */
	NEM_WIRE_PROPERTY_VALUE_MAX = 20, /* "18446744073709551615" */
};

/* NIS reads amounts with a sign and refuses those below zero (C:model/primitive/Amount.java). */
#define NEM_AMOUNT_MAX ((uint64_t)INT64_MAX)

/* ERR_OK, ERR_TYPE for an unknown type, ERR_VERSION for a version that this type does not have. */
MUST_CHECK enum err nem_wire_check_version(uint32_t type, uint8_t version);

void nem_wire_put(struct writer *w, const struct nem_tx *tx, enum nem_form form);
void nem_wire_put_inner(struct writer *w, const struct nem_inner *inner);
void nem_wire_put_cosignature(struct writer *w, const struct nem_attached *a);

/* *tx is zero before.  ERR_INPUT, ERR_TYPE, ERR_VERSION, ERR_TOO_LARGE, ERR_FIELD_RANGE,
 * ERR_NOT_CANONICAL; *tx is then half filled. */
MUST_CHECK enum err nem_wire_get(struct reader *r, struct nem_tx *tx, enum nem_form form);

/* ---- parts, for nem_other.c ---- */

/* A field, an object, or a string, each behind its length; an object's is known behind it. */
void nem_wire_put_field(struct writer *w, const void *p, uint32_t n);
void nem_wire_put_text(struct writer *w, struct bytes text);
size_t nem_wire_object_begin(struct writer *w);
void nem_wire_object_end(struct writer *w, size_t begin);

/* A field of exactly n bytes, and an address: r->bad if it states another length or is cut short.
 */
void nem_wire_get_copy(struct reader *r, void *out, uint32_t n);
void nem_wire_get_address(struct reader *r, struct nem_address *a);

/* A string or object of any length; an empty view and r->bad if it does not fit. */
struct bytes nem_wire_get_sized(struct reader *r);

#endif
