/* SPDX-License-Identifier: Apache-2.0 */
#include "trace/lists.h"

#include <stdlib.h>
#include <string.h>

#include "base/check.h"

/* So few are searched by halves. */
enum { NEAR = 64 };

enum err trace_lists_make(struct trace_lists *out, const struct trace_columns *c,
			  const uint32_t *side)
{
	struct trace_lists l = { .accounts_n = c->accounts_n, .n = c->n };
	uint32_t at = 0;

	if (c->n > TRACE_COUNT_MAX || c->accounts_n > TRACE_COUNT_MAX) {
		return ERR_OVERFLOW;
	}
	l.start = calloc(c->accounts_n + 1, sizeof *l.start);
	l.events = malloc((c->n == 0 ? 1 : c->n) * sizeof *l.events);
	if (l.start == NULL || l.events == NULL) {
		trace_lists_free(&l);
		return ERR_FULL;
	}
	/* start[a + 1] counts, then is where a's next event goes, and ends as where a + 1 begins */
	for (size_t i = 0; i < c->n; i++) {
		l.start[side[i] + 1]++;
	}
	for (size_t a = 0; a < c->accounts_n; a++) {
		uint32_t count = l.start[a + 1];

		l.start[a + 1] = at;
		at += count;
	}
	for (size_t i = 0; i < c->n; i++) {
		l.events[l.start[side[i] + 1]++] = (uint32_t)i;
	}
	*out = l;
	return ERR_OK;
}

void trace_lists_free(struct trace_lists *l)
{
	free(l->start);
	free(l->events);
	*l = (struct trace_lists){ 0 };
}

uint32_t trace_lists_find(const struct trace_lists *l, uint32_t account, uint32_t event)
{
	const uint32_t *events = l->events;
	uint32_t low;
	uint32_t high;

	CHECK(account < l->accounts_n);
	low = l->start[account];
	high = l->start[account + 1];
	/*
	 * A busy account's list is longer than the cache, and its events lie about evenly: the
	 * search begins where the event would be then, and goes from there by doubled steps.
	 */
	if (high - low > NEAR && events[low] < event && event < events[high - 1]) {
		const uint64_t width = events[high - 1] - events[low];
		const uint32_t guess =
		    low + (uint32_t)((event - events[low]) * (uint64_t)(high - low - 1) / width);
		uint32_t step = 1;

		if (events[guess] < event) {
			low = guess + 1;
			for (; high - low > step && events[low + step - 1] < event; step *= 2) {
				low += step;
			}
			high = high - low > step ? low + step : high;
		} else {
			high = guess;
			for (; high - low > step && events[high - step] >= event; step *= 2) {
				high -= step;
			}
			low = high - low > step ? high - step : low;
		}
	}
	while (low < high) {
		uint32_t middle = low + (high - low) / 2;

		if (events[middle] < event) {
			low = middle + 1;
		} else {
			high = middle;
		}
	}
	return low;
}
