/* SPDX-License-Identifier: Apache-2.0 */
/*
 * nis_map.h - memory that ends the process when it runs out, and two small hash tables.
 *
 * Keys are digests or addresses, that is evenly spread; nobody is harmed by a slow look-up in a
 * development node, so there is no defence against keys chosen to collide.
 */
#ifndef KURAMORI_NIS_NIS_MAP_H
#define KURAMORI_NIS_NIS_MAP_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/bytes.h"

/*
 * Makes room for at least `want` elements of `size` bytes: returns p or where it moved, new
 * elements zeroed, *cap raised.  Dies without memory.
 */
void *nis_map_room(void *p, size_t *cap, size_t want, size_t size);
/* malloc that dies without memory; n > 0. */
void *nis_map_alloc(size_t n);

/* No account, row, record or posting has this number. */
#define NIS_MAP_NONE UINT32_C(0xffffffff)

struct nis_map_slot {
	struct hash32 key;
	uint64_t value;
	bool used;
};

/* Hash to number.  All zero is an empty map. */
struct nis_map {
	struct nis_map_slot *slot;
	size_t cap; /* a power of two, or 0 */
	size_t n;
};

void nis_map_free(struct nis_map *m);
void nis_map_clear(struct nis_map *m);
/* Adds or replaces. */
void nis_map_put(struct nis_map *m, const struct hash32 *key, uint64_t value);
/* False if it is not there; *value (may be NULL) untouched then. */
bool nis_map_get(const struct nis_map *m, const struct hash32 *key, uint64_t *value);
/* Nothing happens if it is not there. */
void nis_map_remove(struct nis_map *m, const struct hash32 *key);

#endif
