/* SPDX-License-Identifier: Apache-2.0 */
#include "trace/cells.h"

#include <stdlib.h>
#include <string.h>

#include "base/pages.h"

struct cells_piece {
	struct cells_piece *before;
	uint64_t *memory;
	size_t pages, used;
};

enum err cells_reserve(struct cells *c, size_t accounts_n)
{
	size_t n = (accounts_n + CELLS_PAGE - 1) >> CELLS_SHIFT;
	size_t wanted;
	uint64_t **more;

	if (n <= c->pages_n) {
		return ERR_OK;
	}
	if (c->pages_n == 0) {
		/* memory that was never written costs nothing until it is */
		c->pages = calloc(n, sizeof(uint64_t *));
		if (c->pages == NULL) {
			return ERR_FULL;
		}
		c->pages_n = n;
		return ERR_OK;
	}
	wanted = c->pages_n * 2 > n ? c->pages_n * 2 : n;
	more = realloc(c->pages, wanted * sizeof(uint64_t *));
	if (more == NULL) {
		return ERR_FULL;
	}
	memset(more + c->pages_n, 0, (wanted - c->pages_n) * sizeof(uint64_t *));
	c->pages = more;
	c->pages_n = wanted;
	return ERR_OK;
}

static size_t bytes_of_pages(size_t n)
{
	return n * sizeof(uint64_t[CELLS_PAGE]);
}

static void free_pages(struct cells *c)
{
	while (c->pieces != NULL) {
		struct cells_piece *p = c->pieces;

		c->pieces = p->before;
		pages_give(p->memory, bytes_of_pages(p->pages));
		free(p);
	}
	pages_give(c->flat, c->flat_n * sizeof *c->flat);
}

enum err cells_flatten(struct cells *c)
{
	uint64_t *flat;

	if (c->flat_n == c->pages_n << CELLS_SHIFT) {
		return ERR_OK;
	}
	flat = pages_take(bytes_of_pages(c->pages_n));
	if (flat == NULL) {
		return ERR_FULL;
	}
	for (size_t k = 0; k < c->pages_n; k++) {
		uint64_t *page = flat + k * CELLS_PAGE;

		if (c->pages[k] != NULL) {
			memcpy(page, c->pages[k], bytes_of_pages(1));
		}
		c->pages[k] = page;
	}
	free_pages(c);
	c->flat = flat;
	c->flat_n = c->pages_n << CELLS_SHIFT;
	return ERR_OK;
}

void cells_free(struct cells *c)
{
	free_pages(c);
	free(c->pages);
	*c = (struct cells){ 0 };
}

/* A piece of twice as many pages as the last.  NULL: no memory. */
static struct cells_piece *piece(const struct cells *c)
{
	struct cells_piece *p = malloc(sizeof *p);

	if (p == NULL) {
		return NULL;
	}
	*p = (struct cells_piece){ .before = c->pieces, .pages = CELLS_PIECE_FIRST };
	if (c->pieces != NULL) {
		p->pages = c->pieces->pages * 2;
		p->pages = p->pages < CELLS_PIECE_MAX ? p->pages : CELLS_PIECE_MAX;
	}
	p->memory = pages_take(bytes_of_pages(p->pages));
	if (p->memory == NULL) {
		free(p);
		return NULL;
	}
	return p;
}

uint64_t *cells_page(struct cells *c, uint32_t account)
{
	uint64_t **page = &c->pages[account >> CELLS_SHIFT];

	if (*page == NULL) {
		if (c->pieces == NULL || c->pieces->used == c->pieces->pages) {
			struct cells_piece *p = piece(c);

			if (p == NULL) {
				return NULL;
			}
			c->pieces = p;
		}
		*page = c->pieces->memory + c->pieces->used++ * CELLS_PAGE;
	}
	return *page;
}
