/* SPDX-License-Identifier: Apache-2.0 */
/*
 * agenda.h - a set of events that are to be worked on, asked for in rising order only: one bit an
 * event, and one for each 64 of them that has any.  To put one in costs the same however many there
 * are, and who looks at what comes next finds it without taking anything out.
 */
#ifndef KURAMORI_TRACE_AGENDA_H
#define KURAMORI_TRACE_AGENDA_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/attr.h"
#include "base/err.h"

struct agenda {
	uint64_t *words; /* bits of events 0 .. n; that of n is always there */
	uint64_t *some;  /* a bit for each of the words that is not 0 */
	size_t n;
	size_t bytes; /* of both */
};

/* An empty set of events below n.  The caller frees it.  ERR_FULL: no memory. */
MUST_CHECK enum err agenda_make(struct agenda *a, size_t n);
/* Also of a zeroed one. */
void agenda_free(struct agenda *a);

/* Puts event i <= n in; true if it was not there. */
static INLINED bool agenda_put(struct agenda *a, size_t i)
{
	uint64_t *word = &a->words[i >> 6];
	const uint64_t bit = (uint64_t)1 << (i & 63);
	const uint64_t old = *word;

	*word = old | bit;
	a->some[i >> 12] |= (uint64_t)1 << (i >> 6 & 63);
	return (old & bit) == 0;
}

/* The first event at or after i <= n that is in the set; n if there is none. */
static INLINED size_t agenda_next(const struct agenda *a, size_t i)
{
	size_t w = i >> 6;
	uint64_t bits = a->words[w] & UINT64_MAX << (i & 63);
	size_t s;

	if (bits == 0) {
		/* n is there: the search ends */
		w++;
		s = w >> 6;
		bits = a->some[s] & UINT64_MAX << (w & 63);
		while (bits == 0) {
			bits = a->some[++s];
		}
		w = (s << 6) + (size_t)__builtin_ctzll(bits);
		bits = a->words[w];
	}
	return (w << 6) + (size_t)__builtin_ctzll(bits);
}

#endif
