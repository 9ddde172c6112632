/* SPDX-License-Identifier: Apache-2.0 */
#include "cold/cold_side.h"

#include <string.h>

#include "base/check.h"
#include "cold/cold_cards.h"

enum { SIDE_TOKEN = 32, SIDE_PRACTICE = SIDE_TOKEN + COLD_TOKEN_BYTES };

void cold_side_put(uint8_t out[SEAL_PAIR_SECRET], struct bytes key,
		   const uint8_t token[COLD_TOKEN_BYTES])
{
	CHECK(key.n == SIDE_TOKEN || key.n == COLD_SIDE_KEY);
	memset(out, 0, SEAL_PAIR_SECRET);
	memcpy(out, key.p, SIDE_TOKEN);
	memcpy(out + SIDE_TOKEN, token, COLD_TOKEN_BYTES);
	if (key.n == COLD_SIDE_KEY) {
		out[SIDE_PRACTICE] = key.p[SIDE_TOKEN];
	}
}

enum err cold_side_get(uint8_t key[COLD_SIDE_KEY], size_t *n, uint8_t token[COLD_TOKEN_BYTES],
		       const uint8_t side[SEAL_PAIR_SECRET])
{
	uint8_t practice = side[SIDE_PRACTICE];

	if (practice != 0 && practice != COLD_CARDS_PRACTICE) {
		return ERR_KEY;
	}
	for (size_t i = SIDE_PRACTICE + 1; i < SEAL_PAIR_SECRET; i++) {
		if (side[i] != 0) {
			return ERR_KEY;
		}
	}
	memcpy(key, side, SIDE_TOKEN);
	key[SIDE_TOKEN] = practice;
	*n = practice == 0 ? SIDE_TOKEN : COLD_SIDE_KEY;
	memcpy(token, side + SIDE_TOKEN, COLD_TOKEN_BYTES);
	return ERR_OK;
}
