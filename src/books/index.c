/* SPDX-License-Identifier: Apache-2.0 */
#include "books/index.h"

#include <stdlib.h>

#include "base/check.h"

enum { SLOTS_FIRST = 1024 };

enum err index_init(struct index *x)
{
	*x = (struct index){ .slots = calloc(SLOTS_FIRST, sizeof *x->slots),
			     .mask = SLOTS_FIRST - 1 };
	return x->slots == NULL ? ERR_FULL : ERR_OK;
}

void index_free(struct index *x)
{
	free(x->slots);
	*x = (struct index){ NULL, 0, 0 };
}

static void put(uint64_t *slots, size_t mask, uint64_t slot)
{
	size_t at = (size_t)(slot >> 32) & mask;

	while (slots[at] != 0) {
		at = (at + 1) & mask;
	}
	slots[at] = slot;
}

enum err index_reserve(struct index *x, size_t n)
{
	size_t wanted = x->mask + 1;
	uint64_t *slots;

	/* at most three quarters full */
	while ((x->count + n) * 4 > wanted * 3) {
		wanted *= 2;
	}
	if (wanted == x->mask + 1) {
		return ERR_OK;
	}
	slots = calloc(wanted, sizeof *slots);
	if (slots == NULL) {
		return ERR_FULL;
	}
	for (size_t i = 0; i <= x->mask; i++) {
		if (x->slots[i] != 0) {
			put(slots, wanted - 1, x->slots[i]);
		}
	}
	free(x->slots);
	x->slots = slots;
	x->mask = wanted - 1;
	return ERR_OK;
}

void index_add(struct index *x, uint32_t tag, uint32_t row)
{
	CHECK(row < UINT32_MAX && x->count < x->mask);
	put(x->slots, x->mask, (uint64_t)tag << 32 | (row + 1));
	x->count++;
}

void index_remove(struct index *x, uint32_t tag, uint32_t row)
{
	uint64_t slot = (uint64_t)tag << 32 | (row + 1);
	size_t hole = index_start(x, tag);

	while (x->slots[hole] != slot) {
		CHECK(x->slots[hole] != 0);
		hole = (hole + 1) & x->mask;
	}
	for (size_t at = (hole + 1) & x->mask; x->slots[at] != 0; at = (at + 1) & x->mask) {
		size_t home = (size_t)(x->slots[at] >> 32) & x->mask;

		/* it may move back as long as that does not put it before its own start */
		if (((at - home) & x->mask) >= ((at - hole) & x->mask)) {
			x->slots[hole] = x->slots[at];
			hole = at;
		}
	}
	x->slots[hole] = 0;
	x->count--;
}
