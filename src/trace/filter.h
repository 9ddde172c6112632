/* SPDX-License-Identifier: Apache-2.0 */
/*
 * filter.h - the next event whose sender is marked: one bit test per event, which is all that a
 * clean sender costs (docs/trace.md, "Clean sender").
 */
#ifndef KURAMORI_TRACE_FILTER_H
#define KURAMORI_TRACE_FILTER_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* A bit per account in words of 32; the words cover every sender in the column. */
static inline bool filter_bit(const uint32_t *bits, uint32_t account)
{
	return bits[account >> 5] >> (account & 31) & 1;
}

/* The first i in [begin, end) whose sender is marked; end if there is none. */
size_t filter_next(const uint32_t *from, size_t begin, size_t end, const uint32_t *bits);

/* The same in plain C, whatever the processor can: filter_next() where it cannot do more. */
size_t filter_next_plain(const uint32_t *from, size_t begin, size_t end, const uint32_t *bits);

/* So many senders are asked about as one. */
enum { FILTER_WINDOW = 64 };

/* A bit for each of the first n <= FILTER_WINDOW senders that is marked, the lowest for from[0]. */
uint64_t filter_window(const uint32_t *from, size_t n, const uint32_t *bits);
/* The same in plain C. */
uint64_t filter_window_plain(const uint32_t *from, size_t n, const uint32_t *bits);

/* A bit for each of the first n <= FILTER_WINDOW senders that is this account. */
uint64_t filter_equal(const uint32_t *from, size_t n, uint32_t account);
/* The same in plain C. */
uint64_t filter_equal_plain(const uint32_t *from, size_t n, uint32_t account);

/* What these use here: "avx512" or "plain".  Static storage. */
const char *filter_kind(void);

#endif
