/* SPDX-License-Identifier: Apache-2.0 */
/*
 * inner.h - what the files of src/books share.
 */
#ifndef KURAMORI_BOOKS_INNER_H
#define KURAMORI_BOOKS_INNER_H

#include <string.h>

#include "books/books.h"

/* One row of the chart (docs/books.md). */
struct chart_row {
	const char *name;
	bool debit;    /* the normal side */
	bool on_chain; /* coins on a chain */
	bool reserve;  /* customers' credit stands on it */
	bool limited;  /* may not go past zero */
	unsigned who;  /* enum books_poster, or-ed */
};

extern const struct chart_row chart[BOOKS_KINDS];

bool chart_known(uint32_t kind);

/*
 * Where an id starts in the tables of b.  A keyed product of both halves: who does not know the
 * seed cannot choose where an id falls.
 */
static inline uint32_t ids_tag(const struct books *b, const struct id128 *id)
{
	uint64_t half[2];
	u128 x;

	memcpy(half, id->b, sizeof half); /* in memory only: any byte order does */
	x = (u128)(half[0] ^ b->seed[0] ^ 0x9e3779b97f4a7c15u) *
	    (half[1] ^ b->seed[1] ^ 0xd6e8feb86659fd93u);
	half[0] = (uint64_t)x ^ (uint64_t)(x >> 64);
	return (uint32_t)(half[0] ^ half[0] >> 32);
}

/* Room in the window for n more.  ERR_FULL. */
MUST_CHECK enum err ids_reserve(struct books *b, size_t n);

/*
 * The record that used this id, as it was applied or refused, and its verdict (ERR_OK: applied).
 * ERR_NOT_FOUND: nobody used it.  What books.find says.
 */
MUST_CHECK enum err ids_find(const struct books *b, const struct id128 *id, struct log_record *out,
			     enum err *verdict);

/* An id that nobody used may be used at this moment: ERR_OK, ERR_CLOCK, ERR_STALE. */
MUST_CHECK enum err ids_fresh(const struct id128 *id, uint64_t now_ms);

/* Keeps r under its id, and takes the newest out again.  Room has been reserved. */
void ids_add(struct books *b, const struct log_record *r, enum err verdict);
void ids_take_back(struct books *b);

/* Brings near what the ahead-th to leave the window needs, if the window is full. */
void ids_fetch_leaving(const struct books *b, size_t ahead);

/* Lets go what is more than the window; after a group, when nothing is taken back any more. */
void ids_let_go(struct books *b);

/* The same but for the time. */
bool ids_same(const struct log_record *a, const struct log_record *b);

#endif
