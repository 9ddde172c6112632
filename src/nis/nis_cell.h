/* SPDX-License-Identifier: Apache-2.0 */
/*
 * nis_cell.h - small numbered values, for what only some accounts have: names, mosaics, holdings of
 * mosaics, remote links.  A table of cells with copies on write over it, like the accounts of
 * nis_state.h, and the same way back.
 */
#ifndef KURAMORI_NIS_NIS_CELL_H
#define KURAMORI_NIS_NIS_CELL_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum nis_cell_kind {
	NIS_CELL_ROOT = 1,   /* a: name.     value: owner + 1, height, line */
	NIS_CELL_SUB = 2,    /* a: name.     value: line + 1 of its root */
	NIS_CELL_MOSAIC = 3, /* a: mosaic.   value: definition + 1, supply, birth */
	NIS_CELL_HELD = 4,   /* a: account, b: mosaic.  value: quantity, birth of the mosaic */
	NIS_CELL_LINK = 5,   /* a: account.  value: partner + 1, height, mode, side */
};

struct nis_cell_key {
	enum nis_cell_kind kind;
	uint32_t a, b;
};

/* All zero: never written. */
struct nis_cell {
	uint64_t v[4];
};

struct nis_cell_slot {
	uint64_t key[2]; /* packed; key[0] == 0: free */
	struct nis_cell cell;
};

/* All zero is an empty table. */
struct nis_cells {
	struct nis_cell_slot *slot;
	size_t cap, n;
};

void nis_cell_free(struct nis_cells *t);
/* A cell that was never written is all zero. */
struct nis_cell nis_cell_get(const struct nis_cells *t, struct nis_cell_key key, bool *is_there);
void nis_cell_put(struct nis_cells *t, struct nis_cell_key key, const struct nis_cell *cell);

/* The key in a slot that is in use. */
struct nis_cell_key nis_cell_key_of(const struct nis_cell_slot *slot);

#endif
