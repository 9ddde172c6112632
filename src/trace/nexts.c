/* SPDX-License-Identifier: Apache-2.0 */
#include "trace/nexts.h"

#include <assert.h>

#include "base/pages.h"

/* Events ahead for which memory is asked. */
enum { AHEAD = 24 };

static_assert(sizeof(struct trace_next) == 32, "two of them in a line of the cache");

static size_t bytes_of_nexts(size_t n)
{
	return (n == 0 ? 1 : n) * sizeof(struct trace_next);
}

enum err trace_nexts_make(struct trace_nexts *out, const struct trace_columns *c)
{
	/* accounts_n is at least TRACE_ACCOUNTS_RESERVED */
	const size_t bytes = c->accounts_n * sizeof(uint32_t);
	struct trace_nexts x = { .n = c->n };
	uint32_t *next;

	if (c->n > TRACE_COUNT_MAX || c->accounts_n > TRACE_COUNT_MAX) {
		return ERR_OVERFLOW;
	}
	next = pages_take(bytes);
	x.at = pages_take(bytes_of_nexts(x.n));
	if (next == NULL || x.at == NULL) {
		pages_give(next, bytes);
		trace_nexts_free(&x);
		return ERR_FULL;
	}
	for (size_t a = 0; a < c->accounts_n; a++) {
		next[a] = (uint32_t)c->n;
	}
	for (size_t i = c->n; i-- > 0;) {
		if (i >= AHEAD) {
			FETCH(&next[c->from[i - AHEAD]]);
			FETCH(&next[c->to[i - AHEAD]]);
		}
		const uint32_t from = c->from[i];
		const uint32_t to = c->to[i];

		x.at[i] = (struct trace_next){ .from = from,
					       .to = to,
					       .sender = next[from],
					       .receiver = next[to],
					       .amount = c->amount[i],
					       .balance = c->balance[i] };
		next[from] = (uint32_t)i;
	}
	pages_give(next, bytes);
	*out = x;
	return ERR_OK;
}

void trace_nexts_free(struct trace_nexts *x)
{
	pages_give(x->at, bytes_of_nexts(x->n));
	*x = (struct trace_nexts){ 0 };
}

size_t trace_nexts_find(const struct trace_columns *c, uint32_t account, size_t from)
{
	while (from < c->n && c->from[from] != account) {
		from++;
	}
	return from;
}
