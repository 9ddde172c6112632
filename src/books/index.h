/* SPDX-License-Identifier: Apache-2.0 */
/*
 * index.h - from the hash of an id to the number of a row, for the tables of the books.
 *
 * Open addressing; a slot keeps 32 bits of the hash beside the row, so that a wrong row is almost
 * never looked at, growing needs no look at the rows, and an entry is taken out by moving back what
 * follows it (no tombstones: ids come and go for ever).
 */
#ifndef KURAMORI_BOOKS_INDEX_H
#define KURAMORI_BOOKS_INDEX_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/attr.h"
#include "base/err.h"

struct index {
	uint64_t *slots; /* tag << 32 | row + 1; 0: empty */
	size_t mask;     /* slots - 1, a power of two less one */
	size_t count;
};

/* An empty index.  ERR_FULL: no memory.  index_free() also of a zeroed one. */
MUST_CHECK enum err index_init(struct index *x);
void index_free(struct index *x);

/* Room for n more entries: index_add() cannot fail for them.  ERR_FULL: no memory, unchanged. */
MUST_CHECK enum err index_reserve(struct index *x, size_t n);

/* Adds a row, below 2^32 - 1, under the tag of its id.  Room has been reserved (dies). */
void index_add(struct index *x, uint32_t tag, uint32_t row);

/* Takes out what index_add() put in (dies if it is not there). */
void index_remove(struct index *x, uint32_t tag, uint32_t row);

/*
 * Walks the rows that may be meant: *at starts at index_start(); false at the end.  The caller
 * compares the row's id.
 */
static inline size_t index_start(const struct index *x, uint32_t tag)
{
	return tag & x->mask;
}

/* Asks memory for the slots of this tag: the first, and those that it may have been pushed to. */
static INLINED void index_fetch(const struct index *x, uint32_t tag)
{
	size_t at = index_start(x, tag);

	FETCH(&x->slots[at]);
	FETCH(&x->slots[(at + 4) & x->mask]);
}

static inline bool index_next(const struct index *x, uint32_t tag, size_t *at, uint32_t *row)
{
	for (;;) {
		uint64_t slot = x->slots[*at];

		if (slot == 0) {
			return false;
		}
		*at = (*at + 1) & x->mask;
		if ((uint32_t)(slot >> 32) == tag) {
			*row = (uint32_t)slot - 1;
			return true;
		}
	}
}

#endif
