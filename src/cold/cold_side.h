/* SPDX-License-Identifier: Apache-2.0 */
/*
 * cold_side.h - what one side of a sealed key holds (crypto/seal.h, docs/decisions/0040): the key,
 * a token, zeros.  It does not say which side it is, because it does not know.
 */
#ifndef KURAMORI_COLD_COLD_SIDE_H
#define KURAMORI_COLD_COLD_SIDE_H

#include <stddef.h>
#include <stdint.h>

#include "base/attr.h"
#include "base/bytes.h"
#include "base/err.h"
#include "cold/cold_mark.h"
#include "crypto/seal.h"

enum { COLD_SIDE_KEY = 33 }; /* bytes: a key, and behind one of practice its mark (cold_cards.h) */

/* key: 32 bytes, or 33 of practice.  The caller wipes out. */
void cold_side_put(uint8_t out[SEAL_PAIR_SECRET], struct bytes key,
		   const uint8_t token[COLD_TOKEN_BYTES]);

/*
 * The same back: key and its length, token.  ERR_KEY: nothing that cold_side_put() made; nothing is
 * written then.
 */
MUST_CHECK enum err cold_side_get(uint8_t key[COLD_SIDE_KEY], size_t *n,
				  uint8_t token[COLD_TOKEN_BYTES],
				  const uint8_t side[SEAL_PAIR_SECRET]);

#endif
