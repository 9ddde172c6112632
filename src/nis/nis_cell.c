/* SPDX-License-Identifier: Apache-2.0 */
#include "nis/nis_cell.h"

#include <stdlib.h>
#include <string.h>

#include "base/check.h"
#include "nis/nis_map.h"

enum { CAP_MIN = 16 };

void nis_cell_free(struct nis_cells *t)
{
	free(t->slot);
	*t = (struct nis_cells){ 0 };
}

static void pack(uint64_t out[2], struct nis_cell_key key)
{
	CHECK(key.kind != 0);
	out[0] = (uint64_t)key.kind << 32 | key.a;
	out[1] = key.b;
}

struct nis_cell_key nis_cell_key_of(const struct nis_cell_slot *slot)
{
	return (struct nis_cell_key){ .kind = (enum nis_cell_kind)(slot->key[0] >> 32),
				      .a = (uint32_t)slot->key[0],
				      .b = (uint32_t)slot->key[1] };
}

/* The slot of a key, or the free one where it belongs. */
static size_t place(const struct nis_cells *t, const uint64_t key[2])
{
	uint64_t h =
	    (key[0] * UINT64_C(0x9e3779b97f4a7c15)) ^ (key[1] * UINT64_C(0xc2b2ae3d27d4eb4f));
	size_t at = (size_t)(h ^ (h >> 29)) & (t->cap - 1);

	while (t->slot[at].key[0] != 0 &&
	       (t->slot[at].key[0] != key[0] || t->slot[at].key[1] != key[1])) {
		at = (at + 1) & (t->cap - 1);
	}
	return at;
}

struct nis_cell nis_cell_get(const struct nis_cells *t, struct nis_cell_key key, bool *is_there)
{
	uint64_t packed[2];
	size_t at;
	bool found = false;
	struct nis_cell cell = { { 0 } };

	if (t->cap > 0) {
		pack(packed, key);
		at = place(t, packed);
		found = t->slot[at].key[0] != 0;
		if (found) {
			cell = t->slot[at].cell;
		}
	}
	if (is_there != NULL) {
		*is_there = found;
	}
	return cell;
}

static void grow(struct nis_cells *t)
{
	struct nis_cells old = *t;

	t->cap = old.cap == 0 ? CAP_MIN : old.cap * 2;
	t->slot = nis_map_alloc(t->cap * sizeof t->slot[0]);
	memset(t->slot, 0, t->cap * sizeof t->slot[0]);
	for (size_t i = 0; i < old.cap; i++) {
		if (old.slot[i].key[0] != 0) {
			t->slot[place(t, old.slot[i].key)] = old.slot[i];
		}
	}
	free(old.slot);
}

void nis_cell_put(struct nis_cells *t, struct nis_cell_key key, const struct nis_cell *cell)
{
	uint64_t packed[2];
	size_t at;

	if ((t->n + 1) * 4 > t->cap * 3) {
		grow(t);
	}
	pack(packed, key);
	at = place(t, packed);
	if (t->slot[at].key[0] == 0) {
		t->slot[at].key[0] = packed[0];
		t->slot[at].key[1] = packed[1];
		t->n++;
	}
	t->slot[at].cell = *cell;
}
