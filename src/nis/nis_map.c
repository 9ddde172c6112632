/* SPDX-License-Identifier: Apache-2.0 */
#include "nis/nis_map.h"

#include <stdlib.h>
#include <string.h>

#include "base/check.h"

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
	if (now < 16) {
		now = 16;
	}
	while (now < want) {
		CHECK(now <= SIZE_MAX / 2);
		now *= 2;
	}
	CHECK(!__builtin_mul_overflow(now, size, &bytes));
	p = realloc(p, bytes);
	CHECK(p != NULL);
	memset((uint8_t *)p + *cap * size, 0, bytes - *cap * size);
	*cap = now;
	return p;
}

void nis_map_free(struct nis_map *m)
{
	free(m->slot);
	*m = (struct nis_map){ 0 };
}

void nis_map_clear(struct nis_map *m)
{
	if (m->n > 0) {
		memset(m->slot, 0, m->cap * sizeof m->slot[0]);
	}
	m->n = 0;
}

/* The slot of the key, or the free one where it belongs. */
static size_t place(const struct nis_map *m, const struct hash32 *key)
{
	size_t i = (size_t)le64_get(key->b) & (m->cap - 1);

	while (m->slot[i].used && !hash32_eq(&m->slot[i].key, key)) {
		i = (i + 1) & (m->cap - 1);
	}
	return i;
}

static void grow(struct nis_map *m)
{
	struct nis_map bigger = { 0 };

	bigger.cap = m->cap == 0 ? 64 : m->cap * 2;
	bigger.slot = calloc(bigger.cap, sizeof bigger.slot[0]);
	CHECK(bigger.slot != NULL);
	for (size_t i = 0; i < m->cap; i++) {
		if (m->slot[i].used) {
			bigger.slot[place(&bigger, &m->slot[i].key)] = m->slot[i];
			bigger.n++;
		}
	}
	free(m->slot);
	*m = bigger;
}

void nis_map_put(struct nis_map *m, const struct hash32 *key, uint64_t value)
{
	size_t i;

	if (m->cap == 0 || (m->n + 1) * 4 > m->cap * 3) {
		grow(m);
	}
	i = place(m, key);
	if (!m->slot[i].used) {
		m->n++;
	}
	m->slot[i] = (struct nis_map_slot){ .key = *key, .value = value, .used = true };
}

bool nis_map_get(const struct nis_map *m, const struct hash32 *key, uint64_t *value)
{
	size_t i;

	if (m->cap == 0) {
		return false;
	}
	i = place(m, key);
	if (!m->slot[i].used) {
		return false;
	}
	if (value != NULL) {
		*value = m->slot[i].value;
	}
	return true;
}

void nis_map_remove(struct nis_map *m, const struct hash32 *key)
{
	size_t gap, i;

	if (m->cap == 0) {
		return;
	}
	gap = place(m, key);
	if (!m->slot[gap].used) {
		return;
	}
	/* Linear probing without tombstones: later ones move back into the gap. */
	for (i = (gap + 1) & (m->cap - 1); m->slot[i].used; i = (i + 1) & (m->cap - 1)) {
		size_t home = (size_t)le64_get(m->slot[i].key.b) & (m->cap - 1);

		if (((i - home) & (m->cap - 1)) >= ((i - gap) & (m->cap - 1))) {
			m->slot[gap] = m->slot[i];
			gap = i;
		}
	}
	m->slot[gap].used = false;
	m->n--;
}
