/* SPDX-License-Identifier: Apache-2.0 */
/*
 * bench_store.c - one case over a column store that was ingested, by the scan and by the frontier,
 * which must agree; and how long it takes until they can begin.
 *
 *   bench_store FOLDER [ASSET]
 *
 * Seconds of the processor.  Beside it: the column of senders read once.  Haircut, from what an
 * event in the middle moved; the 2,000 accounts that send most absorb, as exchanges do.
 */
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <time.h>

#include "base/check.h"
#include "store/columns.h"
#include "trace/engine.h"

enum { SINKS = 2000 };

static volatile uint64_t sink;

static double cpu(void)
{
	struct timespec t;

	CHECK(clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &t) == 0);
	return (double)t.tv_sec + (double)t.tv_nsec / 1e9;
}

static double say(const char *what, double begun)
{
	double now = cpu();

	printf("  %-34s %8.2f s\n", what, now - begun);
	(void)fflush(stdout);
	return now;
}

static uint32_t *sends; /* by account, for the sort */

static int busier(const void *a, const void *b)
{
	uint32_t x = *(const uint32_t *)a, y = *(const uint32_t *)b;

	return sends[x] != sends[y] ? (sends[x] < sends[y] ? 1 : -1) : x < y ? -1 : x > y;
}

/* Accounts by how often they send; the caller frees them. */
static uint32_t *busiest(const struct trace_columns *c)
{
	uint32_t *order = malloc(c->accounts_n * sizeof *order);

	sends = calloc(c->accounts_n, sizeof *sends);
	CHECK(order != NULL && sends != NULL);
	for (size_t i = 0; i < c->n; i++) {
		sends[c->from[i]]++;
	}
	sends[TRACE_ISSUANCE] = 0;
	for (uint32_t i = 0; i < c->accounts_n; i++) {
		order[i] = i;
	}
	qsort(order, c->accounts_n, sizeof *order, busier);
	free(sends);
	return order;
}

static void run(const struct columns_view *v, const struct trace_case *haircut,
		const struct trace_nexts *nexts, struct hash32 *digest, const char *what)
{
	struct trace_engine *e = NULL;
	double begun;

	CHECK(trace_engine_new(&e, haircut, 1, v->columns.accounts_n, 0) == ERR_OK);
	begun = cpu();
	CHECK(trace_engine_run(e, &v->columns, v->blocks, v->blocks_n, nexts, NULL) == ERR_OK);
	(void)say(what, begun);
	trace_engine_certify(e);
	trace_engine_digest(e, digest);
	printf("    touched %" PRIu64 ", held by %" PRIu64 "\n", trace_engine_totals(e, 0).touched,
	       trace_engine_totals(e, 0).accounts);
	trace_engine_free(e);
}

int main(int argc, char **argv)
{
	struct trace_nexts nexts = { 0 };
	struct columns_fault fault;
	struct columns_view v;
	struct hash32 by_scan, by_frontier;
	struct trace_seed seed = { .kind = TRACE_SEED_EVENT };
	struct trace_case haircut = { .policy = TRACE_HAIRCUT, .seeds = &seed, .seeds_n = 1 };
	struct rusage usage;
	uint32_t *order, *rank;
	double at = cpu();

	if (argc < 2 ||
	    columns_view_open(&v, argv[1], argc > 2 ? (uint32_t)strtoul(argv[2], NULL, 10) : 0,
			      false, &fault) != ERR_OK) {
		(void)fprintf(stderr, "%s\n", argc < 2 ? "which folder?" : fault.text);
		return 1;
	}
	CHECK(v.columns.n > SINKS);
	printf("%zu events, %zu accounts, %" PRIu64 " events cold\n", v.columns.n,
	       v.columns.accounts_n, v.cold);
	at = say("opened", at);
	for (size_t i = 0; i < v.columns.n; i++) {
		sink ^= v.columns.from[i];
	}
	(void)say("  the senders read once", at);
	order = busiest(&v.columns);
	seed.at = v.columns.n / 2;
	haircut.sinks = order;
	haircut.sinks_n = SINKS;
	/* a payment to somebody who is nearly one: it goes on */
	rank = calloc(v.columns.accounts_n, sizeof *rank);
	CHECK(rank != NULL);
	for (uint32_t i = 0; i < v.columns.accounts_n; i++) {
		rank[order[i]] = i;
	}
	while (v.columns.from[seed.at] == TRACE_ISSUANCE || rank[v.columns.to[seed.at]] < SINKS ||
	       rank[v.columns.to[seed.at]] > 5 * SINKS) {
		CHECK(++seed.at < v.columns.n);
	}
	free(rank);
	run(&v, &haircut, NULL, &by_scan, "scan");
	at = cpu();
	CHECK(trace_nexts_make(&nexts, &v.columns) == ERR_OK);
	(void)say("next events of all made", at);
	run(&v, &haircut, &nexts, &by_frontier, "frontier");
	CHECK(hash32_eq(&by_scan, &by_frontier));
	(void)getrusage(RUSAGE_SELF, &usage);
	printf("  both say the same; most memory %ld MB, of it what is mapped of the files\n",
	       usage.ru_maxrss / 1024);
	trace_nexts_free(&nexts);
	free(order);
	columns_view_close(&v);
	return 0;
}
