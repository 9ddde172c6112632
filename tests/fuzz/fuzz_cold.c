/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Goal: no bytes bring a reader of cold segments down, checks or not: they are refused, or read as
 * rows of accounts that there are, as many as the head says; and what is encoded comes back.
 * Method: the bytes as a segment; a segment of a ledger that the bytes make, as it is and with the
 * bytes laid over it.
 */
#include "fuzz_main.h"

#include "store/columns_cold.h"

enum { ACCOUNTS = 50, EVENTS_MAX = 2000 };

static uint32_t from[COLUMNS_COLD_PAGE], to[COLUMNS_COLD_PAGE], tx[COLUMNS_COLD_PAGE];
static uint64_t amount[COLUMNS_COLD_PAGE], balance[COLUMNS_COLD_PAGE], out[COLUMNS_COLD_PAGE],
    in[COLUMNS_COLD_PAGE];

static const struct columns_cold_rows rows = { from, to, tx, amount, balance, out, in };

static void init(void)
{
}

static void read_it(const uint8_t *p, size_t n, bool check)
{
	/* a copy of just that length, so that a tool sees a byte too many being read */
	uint8_t *copy = malloc(n + 1);
	struct columns_cold_fault at;
	struct columns_cold s;
	enum err e;

	FUZZ_CHECK(copy != NULL);
	if (n > 0) {
		memcpy(copy, p, n);
	}
	e = columns_cold_open(&s, bytes_of(copy, n), ACCOUNTS, check, &at);
	if (e == ERR_OK) {
		for (uint32_t page = 0; page < s.pages; page++) {
			size_t some = columns_cold_page_events(&s, page);

			FUZZ_CHECK(some > 0 && some <= COLUMNS_COLD_PAGE);
			e = columns_cold_page(&s, page, check, &rows, &at);
			for (size_t i = 0; e == ERR_OK && i < some; i++) {
				FUZZ_CHECK(from[i] < ACCOUNTS && to[i] < ACCOUNTS);
			}
		}
		while ((e = columns_cold_next(&s, check, &rows, &at)) == ERR_OK) {
			FUZZ_CHECK(from[0] < ACCOUNTS && to[0] < ACCOUNTS);
		}
		FUZZ_CHECK(e == ERR_NOT_FOUND || e == ERR_CORRUPT);
	}
	columns_cold_close(&s);
	free(copy);
}

static void run(const uint8_t *p, size_t n)
{
	struct trace_columns_builder b;
	struct trace_columns c;
	struct columns_cold_fault at;
	struct columns_cold s;
	uint8_t *bytes = NULL;
	size_t bytes_n = 0, some, begin;

	read_it(p, n, false);
	FUZZ_CHECK(trace_columns_builder_init(&b) == ERR_OK &&
		   trace_columns_builder_accounts(&b, ACCOUNTS) == ERR_OK &&
		   trace_columns_builder_block(&b, 1, 1) == ERR_OK &&
		   trace_columns_builder_event(&b, 0, 2, 1000000, 0) == ERR_OK);
	for (size_t i = 0; i + 4 <= n && b.n < EVENTS_MAX; i += 4) {
		/* what cannot be is left out */
		(void)!trace_columns_builder_event(&b, p[i] % ACCOUNTS, p[i + 1] % ACCOUNTS,
						   ((uint64_t)p[i + 2] + 1) << (p[i + 3] >> 3 & 15),
						   b.tx[b.n - 1] + (p[i + 3] & 1));
	}
	c = trace_columns_builder_view(&b);
	begin = n > 0 ? p[0] % c.n : 0;
	some = c.n - begin;
	FUZZ_CHECK(columns_cold_encode(&bytes, &bytes_n, &c, begin, some) == ERR_OK);
	FUZZ_CHECK(
	    columns_cold_open(&s, bytes_of(bytes, bytes_n), ACCOUNTS, true, &at) == ERR_OK &&
	    columns_cold_next(&s, true, &rows, &at) == ERR_OK &&
	    memcmp(from, c.from + begin, 4 * some) == 0 &&
	    memcmp(to, c.to + begin, 4 * some) == 0 && memcmp(tx, c.tx + begin, 4 * some) == 0 &&
	    memcmp(amount, c.amount + begin, 8 * some) == 0 &&
	    memcmp(balance, c.balance + begin, 8 * some) == 0 &&
	    memcmp(out, c.out + begin, 8 * some) == 0 && memcmp(in, c.in + begin, 8 * some) == 0);
	columns_cold_close(&s);
	/* bent: a few bytes of it are replaced */
	for (size_t i = 0; i + 3 <= n && i < 12; i += 3) {
		bytes[(size_t)(p[i] | p[i + 1] << 8) % bytes_n] = p[i + 2];
	}
	read_it(bytes, bytes_n, false);
	read_it(bytes, bytes_n, true);
	free(bytes);
	trace_columns_builder_free(&b);
}
