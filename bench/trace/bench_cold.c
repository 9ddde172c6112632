/* SPDX-License-Identifier: Apache-2.0 */
/*
 * bench_cold.c - bytes of a transfer that is cold (store/columns_cold.h), on a ledger of the shape
 * that ledgers have (ledger.h), and how long reading it takes.
 *
 *   bench_cold [--transfers N] [--accounts N] [--rounds N] [--segment N]
 *
 * default: 8,000,000 transfers, a tenth as many accounts, 3 rounds, the store's segment; then a
 * tenth of both.  Seconds of the processor.  Beside it, in the same run: what zlib makes of the
 * same seven columns; the entropy of senders, receivers and amounts as numbers of their own (what a
 * code that knows how often each comes, and no more, needs at least, its tables not counted); the
 * same rows copied in memory; and a scan of one case over rows that are there already.
 */
#include <math.h>
#include <stdio.h>
#include <string.h>
#include <time.h>
#include <zlib.h>

#include "ledger_columns.h"
#include "store/columns.h"
#include "store/columns_cold.h"
#include "trace/engine.h"

enum { ROUNDS_MAX = 99, PIECE = 1 << 20 };

static double cpu(void)
{
	struct timespec t;

	CHECK(clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &t) == 0);
	return (double)t.tv_sec + (double)t.tv_nsec / 1e9;
}

static int by_value(const void *a, const void *b)
{
	const uint64_t x = *(const uint64_t *)a, y = *(const uint64_t *)b;

	return x < y ? -1 : x > y;
}

/* Bytes an entry. */
static double entropy(uint64_t *v, size_t n)
{
	double bits = 0;

	qsort(v, n, sizeof v[0], by_value);
	for (size_t i = 0, k; i < n; i = k) {
		for (k = i; k < n && v[k] == v[i]; k++) {
		}
		bits -= (double)(k - i) * log2((double)(k - i) / (double)n);
	}
	return bits / 8 / (double)n;
}

static double entropy_of_ids(const uint32_t *from, size_t n)
{
	uint64_t *v = malloc(n * sizeof *v);
	double bytes;

	CHECK(v != NULL);
	for (size_t i = 0; i < n; i++) {
		v[i] = from[i];
	}
	bytes = entropy(v, n);
	free(v);
	return bytes;
}

static double entropy_of_amounts(const uint64_t *from, size_t n)
{
	uint64_t *v = malloc(n * sizeof *v);
	double bytes;

	CHECK(v != NULL);
	memcpy(v, from, n * sizeof *v);
	bytes = entropy(v, n);
	free(v);
	return bytes;
}

/* Bytes that zlib makes of a column, in pieces of a MiB as a page is. */
static double zlib_bytes(const void *p, size_t bytes)
{
	uLongf room = compressBound(PIECE), all = 0;
	uint8_t *out = malloc(room);

	CHECK(out != NULL);
	for (size_t at = 0; at < bytes; at += PIECE) {
		uLongf n = room;
		size_t some = bytes - at < PIECE ? bytes - at : PIECE;

		CHECK(compress2(out, &n, (const uint8_t *)p + at, (uLong)some, 6) == Z_OK);
		all += n;
	}
	free(out);
	return (double)all;
}

static double copy(const struct columns_cold_rows *r, const struct trace_columns *c)
{
	double begun = cpu();

	memcpy(r->from, c->from, 4 * c->n);
	memcpy(r->to, c->to, 4 * c->n);
	memcpy(r->tx, c->tx, 4 * c->n);
	memcpy(r->amount, c->amount, 8 * c->n);
	memcpy(r->balance, c->balance, 8 * c->n);
	memcpy(r->out, c->out, 8 * c->n);
	memcpy(r->in, c->in, 8 * c->n);
	return cpu() - begun;
}

static struct columns_cold_rows behind(const struct columns_cold_rows *r, size_t at)
{
	return (struct columns_cold_rows){ r->from + at,    r->to + at,  r->tx + at, r->amount + at,
					   r->balance + at, r->out + at, r->in + at };
}

/* Everything of all segments into rows; sums: all columns, or those alone that need no others. */
static double decode(uint8_t *const *segment, const size_t *bytes, size_t n,
		     const struct columns_cold_rows *r, size_t accounts, bool sums)
{
	struct columns_cold_fault at;
	size_t event = 0;
	double begun = cpu();

	for (size_t i = 0; i < n; i++) {
		struct columns_cold s;

		CHECK(columns_cold_open(&s, bytes_of(segment[i], bytes[i]), accounts, true, &at) ==
		      ERR_OK);
		for (uint32_t page = 0; page < s.pages; page++) {
			const struct columns_cold_rows rows = behind(r, event);

			CHECK((sums ? columns_cold_next(&s, true, &rows, &at)
				    : columns_cold_page(&s, page, true, &rows, &at)) == ERR_OK);
			event += columns_cold_page_events(&s, page);
		}
		columns_cold_close(&s);
	}
	return cpu() - begun;
}

/* One sparse case by FIFO. */
static double scan(const struct trace_columns *c, const struct trace_columns_builder *b,
		   struct hash32 *digest)
{
	const struct trace_seed seed = { .kind = TRACE_SEED_EVENT, .at = c->n / 2 };
	const struct trace_case fifo = { .policy = TRACE_FIFO, .seeds = &seed, .seeds_n = 1 };
	struct trace_engine *e = NULL;
	double begun;

	CHECK(trace_engine_new(&e, &fifo, 1, c->accounts_n, 0) == ERR_OK);
	begun = cpu();
	CHECK(trace_engine_run(e, c, b->blocks, b->blocks_n, NULL, NULL) == ERR_OK);
	begun = cpu() - begun;
	trace_engine_digest(e, digest);
	trace_engine_free(e);
	return begun;
}

static int by_size(const void *a, const void *b)
{
	double x = *(const double *)a, y = *(const double *)b;

	return x < y ? -1 : x > y;
}

static void say(const char *what, double *of, unsigned rounds)
{
	qsort(of, rounds, sizeof of[0], by_size);
	printf("  %-44s %8.1f M/s  (%.1f to %.1f)\n", what, of[rounds / 2], of[0], of[rounds - 1]);
}

static void run(uint64_t transfers, uint64_t accounts, unsigned rounds, size_t segment_events)
{
	struct trace_columns_builder b;
	struct trace_columns c, again;
	struct columns_cold_rows r;
	struct hash32 hot, cold;
	double v[6][ROUNDS_MAX], n, of_zlib, ids, amounts, all = 0;
	size_t segments = 0;
	uint8_t **segment;
	size_t *bytes;

	ledger_columns(&b, transfers, accounts);
	c = again = trace_columns_builder_view(&b);
	n = (double)c.n;
	r = ledger_rows(c.n);
	segment = calloc(c.n / segment_events + 1, sizeof(void *));
	bytes = calloc(c.n / segment_events + 1, sizeof *bytes);
	CHECK(segment != NULL && bytes != NULL);
	again.from = r.from;
	again.to = r.to;
	again.tx = r.tx;
	again.amount = r.amount;
	again.balance = r.balance;
	again.out = r.out;
	again.in = r.in;
	for (unsigned i = 0; i < rounds; i++) {
		double begun = cpu();

		segments = 0;
		all = 0;
		for (size_t at = 0; at < c.n; at += segment_events, segments++) {
			free(segment[segments]);
			CHECK(columns_cold_encode(
				  &segment[segments], &bytes[segments], &c, at,
				  c.n - at < segment_events ? c.n - at : segment_events) == ERR_OK);
			all += (double)bytes[segments];
		}
		v[0][i] = n / 1e6 / (cpu() - begun);
		v[1][i] = n / 1e6 / decode(segment, bytes, segments, &r, c.accounts_n, false);
		v[2][i] = n / 1e6 / decode(segment, bytes, segments, &r, c.accounts_n, true);
		v[3][i] = n / 1e6 / scan(&again, &b, &cold);
		v[4][i] = n / 1e6 / scan(&c, &b, &hot);
		CHECK(hash32_eq(&hot, &cold));
		v[5][i] = n / 1e6 / copy(&r, &c);
	}
	ids = entropy_of_ids(c.from, c.n) + entropy_of_ids(c.to, c.n);
	amounts = entropy_of_amounts(c.amount, c.n);
	of_zlib =
	    (zlib_bytes(c.from, 4 * c.n) + zlib_bytes(c.to, 4 * c.n) + zlib_bytes(c.tx, 4 * c.n) +
	     zlib_bytes(c.amount, 8 * c.n) + zlib_bytes(c.balance, 8 * c.n) +
	     zlib_bytes(c.out, 8 * c.n) + zlib_bytes(c.in, 8 * c.n)) /
	    n;
	printf("%llu transfers, %llu accounts, segments of %zu\n", (unsigned long long)transfers,
	       (unsigned long long)accounts, segment_events);
	printf("  %-44s %8.2f bytes a transfer\n", "cold", all / n);
	printf("  %-44s %8.2f (senders and receivers %.2f, amounts %.2f)\n",
	       "  entropy, without balance, out and in", ids + amounts, ids, amounts);
	printf("  %-44s %8.2f\n", "  zlib -6 of the seven columns", of_zlib);
	printf("  %-44s %8.2f\n", "  hot", 44.0);
	say("made cold", v[0], rounds);
	say("read: from, to, amount, tx", v[1], rounds);
	say("read: all seven columns", v[2], rounds);
	say("  the same rows copied in memory", v[5], rounds);
	say("scanned, one case, once it is read", v[3], rounds);
	say("  scanned hot", v[4], rounds);
	for (size_t i = 0; i < segments; i++) {
		free(segment[i]);
	}
	free(segment);
	free(bytes);
	ledger_rows_free(&r);
	trace_columns_builder_free(&b);
}

int main(int argc, char **argv)
{
	uint64_t transfers = 8000000, accounts = 0;
	size_t segment = COLUMNS_COLD_SEGMENT;
	unsigned rounds = 3;

	for (int i = 1; i + 1 < argc; i += 2) {
		if (strcmp(argv[i], "--transfers") == 0) {
			transfers = strtoull(argv[i + 1], NULL, 10);
		} else if (strcmp(argv[i], "--accounts") == 0) {
			accounts = strtoull(argv[i + 1], NULL, 10);
		} else if (strcmp(argv[i], "--rounds") == 0) {
			rounds = (unsigned)strtoul(argv[i + 1], NULL, 10);
		} else if (strcmp(argv[i], "--segment") == 0) {
			segment = strtoull(argv[i + 1], NULL, 10);
		}
	}
	CHECK(transfers >= 10000 && rounds > 0 && rounds < ROUNDS_MAX && segment > 0 &&
	      segment <= COLUMNS_COLD_SEGMENT_MAX);
	accounts = accounts != 0 ? accounts : transfers / 10;
	run(transfers, accounts, rounds, segment);
	run(transfers / 10, accounts / 10, rounds, segment);
	return 0;
}
