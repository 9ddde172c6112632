/* SPDX-License-Identifier: Apache-2.0 */
#include "payout/map.h"

#include <stdlib.h>
#include <string.h>

enum { SLOTS_FIRST = 256 };

static struct map_entry *slot_of(struct map_entry *slots, size_t count, const struct id128 *key)
{
	uint64_t x = le64_get(key->b) ^ (le64_get(key->b + 8) * 0x9e3779b97f4a7c15u);

	x ^= x >> 32;
	x *= 0xd6e8feb86659fd93u;
	x ^= x >> 32;
	for (size_t i = (size_t)x & (count - 1);; i = (i + 1) & (count - 1)) {
		if (slots[i].value == 0 || id128_eq(&slots[i].key, key)) {
			return &slots[i];
		}
	}
}

void map_free(struct map *m)
{
	free(m->slots);
	memset(m, 0, sizeof *m);
}

bool map_get(const struct map *m, const struct id128 *key, uint32_t *value)
{
	const struct map_entry *e;

	if (m->slot_count == 0) {
		return false;
	}
	e = slot_of(m->slots, m->slot_count, key);
	if (e->value == 0) {
		return false;
	}
	*value = e->value - 1;
	return true;
}

static enum err grow(struct map *m)
{
	size_t wanted = m->slot_count == 0 ? SLOTS_FIRST : m->slot_count * 2;
	struct map_entry *p = calloc(wanted, sizeof *p);

	if (p == NULL) {
		return ERR_FULL;
	}
	for (size_t i = 0; i < m->slot_count; i++) {
		if (m->slots[i].value != 0) {
			*slot_of(p, wanted, &m->slots[i].key) = m->slots[i];
		}
	}
	free(m->slots);
	m->slots = p;
	m->slot_count = wanted;
	return ERR_OK;
}

enum err map_put(struct map *m, const struct id128 *key, uint32_t value)
{
	struct map_entry *e;

	if ((m->n + 1) * 4 > m->slot_count * 3 && grow(m) != ERR_OK) {
		return ERR_FULL;
	}
	e = slot_of(m->slots, m->slot_count, key);
	m->n += e->value == 0;
	*e = (struct map_entry){ .key = *key, .value = value + 1 };
	return ERR_OK;
}

struct id128 map_key(const struct hash32 *h)
{
	struct id128 k;

	memcpy(k.b, h->b, sizeof k.b);
	return k;
}
