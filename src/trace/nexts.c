/* SPDX-License-Identifier: Apache-2.0 */
#include "trace/nexts.h"

#include <stdlib.h>

#include "base/pages.h"

/* Events ahead for which memory is asked. */
enum { AHEAD = 24 };

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
	x.at = malloc((c->n == 0 ? 1 : c->n) * sizeof *x.at);
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
		x.at[i] = (struct trace_next){ next[c->from[i]], next[c->to[i]] };
		next[c->from[i]] = (uint32_t)i;
	}
	pages_give(next, bytes);
	*out = x;
	return ERR_OK;
}

void trace_nexts_free(struct trace_nexts *x)
{
	free(x->at);
	*x = (struct trace_nexts){ 0 };
}

size_t trace_nexts_find(const struct trace_columns *c, uint32_t account, size_t from)
{
	while (from < c->n && c->from[from] != account) {
		from++;
	}
	return from;
}
