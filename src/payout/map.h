/* SPDX-License-Identifier: Apache-2.0 */
/*
 * map.h - 128-bit names to numbers, open addressing, nothing is ever taken out.
 */
#ifndef KURAMORI_PAYOUT_MAP_H
#define KURAMORI_PAYOUT_MAP_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/attr.h"
#include "base/bytes.h"
#include "base/err.h"

struct map_entry {
	struct id128 key;
	uint32_t value; /* + 1; 0: empty */
};

/* All zero is an empty map. */
struct map {
	struct map_entry *slots;
	size_t slot_count, n;
};

void map_free(struct map *m);
/* False if there is none. */
bool map_get(const struct map *m, const struct id128 *key, uint32_t *value);
/* Adds or replaces.  value below 2^32 - 1.  ERR_FULL no memory; unchanged then. */
MUST_CHECK enum err map_put(struct map *m, const struct id128 *key, uint32_t value);
/* The first half of a digest as a key. */
struct id128 map_key(const struct hash32 *h);

#endif
