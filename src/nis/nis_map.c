/* SPDX-License-Identifier: Apache-2.0 */
#include "nis/nis_map.h"

#include <stdlib.h>
#include <string.h>

#include "base/check.h"

enum { ROOM_MIN = 16, INDEX_MIN = 64 };

void *nis_map_alloc(size_t n)
{
	void *p = malloc(n);

	CHECK(n > 0 && p != NULL);
	return p;
}

void *nis_map_room(void *p, size_t *cap, size_t want, size_t size)
{
	size_t now = *cap;
	size_t bytes;

	if (want <= now) {
		return p;
	}
	if (now < ROOM_MIN) {
		now = ROOM_MIN;
	}
	while (now < want) {
		CHECK(now <= SIZE_MAX / 2);
		now *= 2;
	}
	CHECK(!__builtin_mul_overflow(now, size, &bytes));
	p = realloc(p, bytes);
	CHECK(p != NULL);
	*cap = now;
	return p;
}

void *nis_map_room_zero(void *p, size_t *cap, size_t want, size_t size)
{
	size_t before = *cap;

	p = nis_map_room(p, cap, want, size);
	if (*cap > before) {
		memset((uint8_t *)p + before * size, 0, (*cap - before) * size);
	}
	return p;
}

/* ---- index ---- */

void nis_index_free(struct nis_index *x)
{
	free(x->slot);
	*x = (struct nis_index){ 0 };
}

void nis_index_clear(struct nis_index *x)
{
	if (x->n > 0) {
		memset(x->slot, 0, x->cap * sizeof x->slot[0]);
	}
	x->n = 0;
}

/* The key of the number in a slot that is in use. */
static struct bytes key_at(struct nis_keys keys, uint32_t slot)
{
	return bytes_of((const uint8_t *)keys.first + (size_t)(slot - 1) * keys.stride, keys.bytes);
}

/* Where the search for a key begins.  Anybody may choose parts of an address: all bytes count. */
static size_t home(const struct nis_index *x, struct bytes key)
{
	uint64_t h = 0;

	for (size_t i = 0; i < key.n; i += 8) {
		h = (h ^ le64_get(key.p + i)) * UINT64_C(0x9e3779b97f4a7c15);
		h ^= h >> 29;
	}
	return (size_t)h & (x->cap - 1);
}

/* The slot of the key, or the free one where it belongs. */
static size_t place(const struct nis_index *x, struct nis_keys keys, struct bytes key)
{
	size_t i = home(x, key);

	while (x->slot[i] != 0 && !bytes_eq(key_at(keys, x->slot[i]), key)) {
		i = (i + 1) & (x->cap - 1);
	}
	return i;
}

static void grow(struct nis_index *x, struct nis_keys keys)
{
	struct nis_index bigger = { .cap = x->cap == 0 ? INDEX_MIN : x->cap * 2, .n = x->n };

	bigger.slot = calloc(bigger.cap, sizeof bigger.slot[0]);
	CHECK(bigger.slot != NULL);
	for (size_t i = 0; i < x->cap; i++) {
		if (x->slot[i] != 0) {
			bigger.slot[place(&bigger, keys, key_at(keys, x->slot[i]))] = x->slot[i];
		}
	}
	free(x->slot);
	*x = bigger;
}

uint32_t nis_index_find(const struct nis_index *x, struct nis_keys keys, const void *key)
{
	uint32_t slot = x->cap == 0 ? 0 : x->slot[place(x, keys, bytes_of(key, keys.bytes))];

	return slot == 0 ? NIS_MAP_NONE : slot - 1;
}

void nis_index_put(struct nis_index *x, struct nis_keys keys, uint32_t number)
{
	size_t i;

	CHECK(number < NIS_MAP_NONE - 1);
	if ((x->n + 1) * 4 > x->cap * 3) {
		grow(x, keys);
	}
	i = place(x, keys, key_at(keys, number + 1));
	x->n += x->slot[i] == 0;
	x->slot[i] = number + 1;
}

void nis_index_remove(struct nis_index *x, struct nis_keys keys, const void *key)
{
	size_t gap, i;

	if (x->cap == 0) {
		return;
	}
	gap = place(x, keys, bytes_of(key, keys.bytes));
	if (x->slot[gap] == 0) {
		return;
	}
	/* Linear probing without tombstones: later ones move back into the gap. */
	for (i = (gap + 1) & (x->cap - 1); x->slot[i] != 0; i = (i + 1) & (x->cap - 1)) {
		size_t from = home(x, key_at(keys, x->slot[i]));

		if (((i - from) & (x->cap - 1)) >= ((i - gap) & (x->cap - 1))) {
			x->slot[gap] = x->slot[i];
			gap = i;
		}
	}
	x->slot[gap] = 0;
	x->n--;
}

/* ---- map ---- */

static struct nis_keys keys_of(const struct nis_map *m)
{
	return (struct nis_keys){ .first = m->item,
				  .stride = sizeof m->item[0],
				  .bytes = sizeof m->item[0].key };
}

void nis_map_free(struct nis_map *m)
{
	free(m->item);
	nis_index_free(&m->index);
	*m = (struct nis_map){ 0 };
}

void nis_map_clear(struct nis_map *m)
{
	nis_index_clear(&m->index);
	m->n = 0;
}

void nis_map_put(struct nis_map *m, const struct hash32 *key, uint64_t value)
{
	uint32_t at = nis_index_find(&m->index, keys_of(m), key);

	if (at != NIS_MAP_NONE) {
		m->item[at].value = value;
		return;
	}
	m->item = nis_map_room(m->item, &m->cap, m->n + 1, sizeof m->item[0]);
	m->item[m->n] = (struct nis_map_item){ .key = *key, .value = value };
	nis_index_put(&m->index, keys_of(m), (uint32_t)m->n);
	m->n++;
}

bool nis_map_get(const struct nis_map *m, const struct hash32 *key, uint64_t *value)
{
	uint32_t at = nis_index_find(&m->index, keys_of(m), key);

	if (at == NIS_MAP_NONE) {
		return false;
	}
	if (value != NULL) {
		*value = m->item[at].value;
	}
	return true;
}

void nis_map_sift(struct nis_map *m, bool (*keep)(const void *ctx, uint64_t value), const void *ctx)
{
	size_t kept = 0;

	for (size_t i = 0; i < m->n; i++) {
		if (keep(ctx, m->item[i].value)) {
			m->item[kept++] = m->item[i];
		}
	}
	nis_index_clear(&m->index);
	m->n = kept;
	for (uint32_t i = 0; i < kept; i++) {
		nis_index_put(&m->index, keys_of(m), i);
	}
}
