/* SPDX-License-Identifier: Apache-2.0 */
/*
 * nis_map.h - memory that ends the process when it runs out, and two small hash tables.
 *
 * Keys are digests or addresses, that is evenly spread; nobody is harmed by a slow look-up in a
 * development node, so there is no defence against keys chosen to collide.
 *
 * Memory is what a chain costs, so keys stand once: an index holds four bytes for each and finds
 * the key where its owner keeps it anyway; a map keeps keys for those who have no such place.
 */
#ifndef KURAMORI_NIS_NIS_MAP_H
#define KURAMORI_NIS_NIS_MAP_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/bytes.h"

/*
 * Makes room for at least `want` elements of `size` bytes: returns p or where it moved, *cap
 * raised.  New elements have no value: of a large array only what was written takes memory.  Dies
 * without memory.
 */
void *nis_map_room(void *p, size_t *cap, size_t want, size_t size);
/* The same; new elements are zero. */
void *nis_map_room_zero(void *p, size_t *cap, size_t want, size_t size);
/* malloc that dies without memory; n > 0. */
void *nis_map_alloc(size_t n);

/* No account, row, record or posting has this number. */
#define NIS_MAP_NONE UINT32_C(0xffffffff)

/* Where keys stand: that of number i is `bytes` long, a multiple of 8, at first + i * stride. */
struct nis_keys {
	const void *first;
	size_t stride, bytes;
};

/* Key to number.  All zero is an empty index. */
struct nis_index {
	uint32_t *slot; /* number + 1, or 0 */
	size_t cap;     /* a power of two, or 0 */
	size_t n;
};

void nis_index_free(struct nis_index *x);
void nis_index_clear(struct nis_index *x);
/* The number of a key, or NIS_MAP_NONE. */
uint32_t nis_index_find(const struct nis_index *x, struct nis_keys keys, const void *key);
/* Names `number` by its key, which stands in its place already; also in the place of another number
 * that had the same key. */
void nis_index_put(struct nis_index *x, struct nis_keys keys, uint32_t number);
/* Nothing happens if it is not there.  The keys of all numbers must still stand. */
void nis_index_remove(struct nis_index *x, struct nis_keys keys, const void *key);

struct nis_map_item {
	struct hash32 key;
	uint64_t value;
};

/* Hash to number.  All zero is an empty map. */
struct nis_map {
	struct nis_map_item *item; /* n of them, in the order of arrival */
	size_t n, cap;
	struct nis_index index;
};

void nis_map_free(struct nis_map *m);
void nis_map_clear(struct nis_map *m);
/* Adds or replaces. */
void nis_map_put(struct nis_map *m, const struct hash32 *key, uint64_t value);
/* False if it is not there; *value (may be NULL) untouched then. */
bool nis_map_get(const struct nis_map *m, const struct hash32 *key, uint64_t *value);
/* Forgets every value that keep() refuses; what stays keeps its order.  ctx is handed to keep(). */
void nis_map_sift(struct nis_map *m, bool (*keep)(const void *ctx, uint64_t value),
		  const void *ctx);

#endif
