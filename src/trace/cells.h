/* SPDX-License-Identifier: Apache-2.0 */
/*
 * cells.h - one number per account, zero until written, in pages that exist only where something
 * was written: a case that touches few of ten million accounts costs little memory, and one that
 * touches most of them reads one line of the cache for each.  The pages are cut from pieces of
 * memory that double, so that they lie in few pages of the kernel, the last ones in large ones.
 * Where a table is used all over, the pages are one piece.
 */
#ifndef KURAMORI_TRACE_CELLS_H
#define KURAMORI_TRACE_CELLS_H

#include <stddef.h>
#include <stdint.h>

#include "base/attr.h"
#include "base/err.h"

enum { CELLS_SHIFT = 6, CELLS_PAGE = 1 << CELLS_SHIFT };

/* The first piece has so many pages (4 KiB), the largest so many (64 MiB). */
enum { CELLS_PIECE_FIRST = 8, CELLS_PIECE_MAX = 1 << 17 };

struct cells_piece;

struct cells {
	uint64_t **pages; /* NULL: all of them zero */
	size_t pages_n;
	struct cells_piece *pieces; /* all that were taken, the newest first */
	uint64_t *flat;             /* the first pages one after the other; or NULL */
	size_t flat_n;              /* accounts in these */
};

/* Room for accounts 0 .. n-1; less than before changes nothing.  ERR_FULL: no memory. */
MUST_CHECK enum err cells_reserve(struct cells *c, size_t accounts_n);
void cells_free(struct cells *c);

/*
 * All pages that are reserved, one after the other in flat[], made if they are not there: flat[a]
 * is then the number of account a, found without asking first where its page is.  For a table that
 * is used all over: eight bytes an account.  What cells_ref() has given before is valid no more.
 * Does nothing where it is so already.  ERR_FULL: no memory; the table is as it was.
 */
MUST_CHECK enum err cells_flatten(struct cells *c);

/* The page of one account, made if it is not there.  NULL: no memory. */
uint64_t *cells_page(struct cells *c, uint32_t account);

/* The account lies below what was reserved. */
static inline uint64_t cells_get(const struct cells *c, uint32_t account)
{
	const uint64_t *page;

	if (account < c->flat_n) {
		return c->flat[account];
	}
	page = c->pages[account >> CELLS_SHIFT];
	return page == NULL ? 0 : page[account & (CELLS_PAGE - 1)];
}

/* Where the account's number stands, to be written.  NULL: no memory. */
static inline uint64_t *cells_ref(struct cells *c, uint32_t account)
{
	uint64_t *page;

	if (account < c->flat_n) {
		return &c->flat[account];
	}
	page = c->pages[account >> CELLS_SHIFT];
	if (__builtin_expect(page == NULL, 0)) {
		page = cells_page(c, account);
		if (page == NULL) {
			return NULL;
		}
	}
	return &page[account & (CELLS_PAGE - 1)];
}

#endif
