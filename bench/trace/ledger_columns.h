/* SPDX-License-Identifier: Apache-2.0 */
/*
 * ledger_columns.h - the made ledger (ledger.h) as columns, and room to read cold ones into; for
 * bench_cold.c and tests/unit/store/test_cold.c.
 */
#ifndef KURAMORI_BENCH_LEDGER_COLUMNS_H
#define KURAMORI_BENCH_LEDGER_COLUMNS_H

#include <string.h>

#include "ledger.h"
#include "store/columns_cold.h"
#include "trace/columns.h"

/* Freed by trace_columns_builder_free(). */
static inline void ledger_columns(struct trace_columns_builder *b, uint64_t transfers,
				  uint64_t accounts)
{
	uint32_t *number = calloc((size_t)accounts + 1, sizeof *number), next = 2;
	struct ledger l;

	ledger_begin(&l, accounts);
	CHECK(number != NULL && trace_columns_builder_init(b) == ERR_OK);
	for (uint64_t i = 0; i < transfers; i++) {
		const struct ledger_move m = ledger_next(&l);

		if (m.from < accounts && number[m.from] == 0) {
			number[m.from] = next++;
		}
		if (number[m.to] == 0) {
			number[m.to] = next++;
		}
		CHECK((i % LEDGER_BLOCK != 0 || trace_columns_builder_block(b, i, i) == ERR_OK) &&
		      trace_columns_builder_accounts(b, next) == ERR_OK &&
		      trace_columns_builder_event(b, m.from < accounts ? number[m.from] : 0,
						  number[m.to], m.amount, (uint32_t)i) == ERR_OK);
	}
	ledger_end(&l);
	free(number);
}

/* Room for n rows, whose pages are there: the system's time for them is not what is compared. */
static inline struct columns_cold_rows ledger_rows(size_t n)
{
	struct columns_cold_rows r = { malloc(4 * n), malloc(4 * n), malloc(4 * n), malloc(8 * n),
				       malloc(8 * n), malloc(8 * n), malloc(8 * n) };

	CHECK(r.from != NULL && r.to != NULL && r.tx != NULL && r.amount != NULL &&
	      r.balance != NULL && r.out != NULL && r.in != NULL);
	memset(r.from, 1, 4 * n);
	memset(r.to, 1, 4 * n);
	memset(r.tx, 1, 4 * n);
	memset(r.amount, 1, 8 * n);
	memset(r.balance, 1, 8 * n);
	memset(r.out, 1, 8 * n);
	memset(r.in, 1, 8 * n);
	return r;
}

static inline void ledger_rows_free(struct columns_cold_rows *r)
{
	free(r->from);
	free(r->to);
	free(r->tx);
	free(r->amount);
	free(r->balance);
	free(r->out);
	free(r->in);
}

#endif
