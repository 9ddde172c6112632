/* SPDX-License-Identifier: Apache-2.0 */
/*
 * columns_cold.h - a segment of one asset's events in few bytes: exact, with a check for each page.
 *
 * docs/trace-store.md has each byte.
 *
 * Accounts are numbered anew in a segment, the busiest first (by the power of two of their events,
 * then by id), so that small numbers are common ones.  `balance`, `out` and `in` of an event are
 * not stored: they follow from what each account had before the segment.  The number of an account
 * that only receives there stands without its balance, which nothing needs.
 *
 * Where a page of events stands is in the head, so from, to, amount and tx of any page are read
 * without the others; the sums need all pages of the segment before it.
 *
 * No I/O.
 */
#ifndef KURAMORI_STORE_COLUMNS_COLD_H
#define KURAMORI_STORE_COLUMNS_COLD_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/attr.h"
#include "base/bytes.h"
#include "base/err.h"
#include "trace/columns.h"

enum {
	COLUMNS_COLD_PAGE = 1 << 14,        /* events of a page; the last may have fewer */
	COLUMNS_COLD_PART = 1 << 16,        /* accounts of a part */
	COLUMNS_COLD_SEGMENT_MAX = 1 << 24, /* events of a segment */
};

/*
 * Encodes the events first .. first + n - 1 of c, n from 1 to COLUMNS_COLD_SEGMENT_MAX.  *out is
 * the caller's to free().  The columns are a ledger (trace/columns.h); of ones that are not, what
 * is decoded is something else, so who got them from outside compares.  ERR_CORRUPT: an account
 * that is not there.  ERR_FULL: no memory.
 */
MUST_CHECK enum err columns_cold_encode(uint8_t **out, size_t *bytes, const struct trace_columns *c,
					size_t first, size_t n);

/* What is wrong with the bytes of a segment. */
struct columns_cold_fault {
	uint64_t page;      /* of the file: 0 its head, then parts, then pages */
	uint64_t from, end; /* bytes of it in the file */
};

/* Where decoded events go: arrays of at least as many rows as are asked for. */
struct columns_cold_rows {
	uint32_t *from, *to, *tx;
	uint64_t *amount, *balance, *out, *in;
};

struct columns_cold_sums {
	uint64_t in, out;
};

/* A segment that is read.  Caller's storage. */
struct columns_cold {
	uint64_t first; /* event */
	uint32_t events, pages, parts, accounts;
	/* private */
	struct bytes file; /* borrowed */
	uint64_t issued;
	uint32_t next; /* page whose sums can be told */
	uint32_t *id;
	struct columns_cold_sums *sums;
};

/*
 * Reads the head of a segment and its accounts, all of which must be below accounts_n.  check:
 * compares each part and page with its check when it is read; without it only what would lead
 * astray is found (for a test with bent bytes).  ERR_CORRUPT with *fault; ERR_VERSION: of a newer
 * program; ERR_FULL.  The bytes are borrowed until columns_cold_close().
 */
MUST_CHECK enum err columns_cold_open(struct columns_cold *s, struct bytes file, size_t accounts_n,
				      bool check, struct columns_cold_fault *fault);
/* The same of the head alone: only counts and columns_cold_tx() may be asked. */
MUST_CHECK enum err columns_cold_look(struct columns_cold *s, struct bytes file, bool check,
				      struct columns_cold_fault *fault);
/* Also of a zeroed one, and after an error. */
void columns_cold_close(struct columns_cold *s);

/* Events of a page below s->pages. */
size_t columns_cold_page_events(const struct columns_cold *s, uint32_t page);

/* The transaction of the first event of a page below s->pages.  ERR_CORRUPT with *fault. */
MUST_CHECK enum err columns_cold_tx(const struct columns_cold *s, uint32_t page, bool check,
				    uint32_t *tx, struct columns_cold_fault *fault);

/*
 * from, to, amount and tx of one page, into rows from 0 on; the sums are not written and may be
 * NULL.  ERR_CORRUPT with *fault; ERR_FULL.
 */
MUST_CHECK enum err columns_cold_page(const struct columns_cold *s, uint32_t page, bool check,
				      const struct columns_cold_rows *rows,
				      struct columns_cold_fault *fault);

/*
 * All columns of the next page, in order, into rows from 0 on.  ERR_NOT_FOUND: there are no more.
 * ERR_CORRUPT: also when somebody sends what he does not have.  Other errors as
 * columns_cold_page().
 */
MUST_CHECK enum err columns_cold_next(struct columns_cold *s, bool check,
				      const struct columns_cold_rows *rows,
				      struct columns_cold_fault *fault);

#endif
