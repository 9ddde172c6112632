/* SPDX-License-Identifier: Apache-2.0 */
/*
 * nem_wire.h - the bytes of NEM transactions (nem.md 2.1-2.4), for nem_tx.c alone: what is written
 * and read here is in bounds, but only nem_tx_check() says whether it is well formed.
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
};

/* ERR_OK, ERR_TYPE for an unknown type, ERR_VERSION for a version that this type does not have. */
MUST_CHECK enum err nem_wire_check_version(uint32_t type, uint8_t version);

void nem_wire_put(struct writer *w, const struct nem_tx *tx, enum nem_form form);
void nem_wire_put_inner(struct writer *w, const struct nem_inner *inner);
void nem_wire_put_cosignature(struct writer *w, const struct nem_attached *a);

/* *tx is zero before.  ERR_INPUT, ERR_TYPE, ERR_VERSION, ERR_TOO_LARGE, ERR_FIELD_RANGE,
 * ERR_NOT_CANONICAL; *tx is then half filled. */
MUST_CHECK enum err nem_wire_get(struct reader *r, struct nem_tx *tx, enum nem_form form);

#endif
