/* SPDX-License-Identifier: Apache-2.0 */
/*
 * trace_tool.c - ledgers and cases on stdin, what the engine says on stdout: for oracle.py.
 *
 *   L accounts                 a new ledger
 *   B height time              a block
 *   E from to amount tx        an event
 *   C policy units part whole height time hops     a case
 *   S kind account at amount   a seed of the last case
 *   K account                  a sink of the last case
 *   R                          run: a line of totals per case, then per account "taint rests mark"
 *   I                          the intervals of the last case: accounts, then events
 *   P policy event             the pedigree of an event
 */
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/attr.h"
#include "base/check.h"
#include "trace/bounds.h"
#include "trace/engine.h"
#include "trace/pedigree.h"

enum { PARTS_MAX = 8 };

static struct trace_columns_builder b;
static struct trace_case cases[TRACE_CASES_MAX];
static struct trace_seed seeds[TRACE_CASES_MAX][PARTS_MAX];
static uint32_t sinks[TRACE_CASES_MAX][PARTS_MAX];
static size_t cases_n;

static void run(bool frontier)
{
	const struct trace_columns c = trace_columns_builder_view(&b);
	struct trace_nexts nexts = { 0 };
	struct trace_engine *e = NULL;

	CHECK(trace_engine_new(&e, cases, cases_n, c.accounts_n, 0) == ERR_OK);
	CHECK(!frontier || trace_nexts_make(&nexts, &c) == ERR_OK);
	CHECK(trace_engine_run(e, &c, b.blocks, b.blocks_n, frontier ? &nexts : NULL, NULL) ==
	      ERR_OK);
	trace_engine_certify(e);
	for (unsigned k = 0; k < cases_n; k++) {
		const struct trace_totals t = trace_engine_totals(e, k);

		printf("%" PRIu64 " %" PRIu64 " %" PRIu64 " %" PRIu64 " %" PRIu64 " %" PRIu64
		       " %" PRIu64 "\n",
		       t.stolen, t.held, t.absorbed, t.stopped, t.evaporated, t.destroyed,
		       t.touched);
		for (uint32_t a = 0; a < c.accounts_n; a++) {
			printf("%" PRIu64 " %" PRIu64 " %d ", trace_engine_taint(e, k, a),
			       trace_engine_rests(e, k, a), trace_engine_marked(e, k, a));
		}
		printf("\n");
	}
	trace_engine_free(e);
	trace_nexts_free(&nexts);
}

static void intervals(void)
{
	const struct trace_columns c = trace_columns_builder_view(&b);
	struct trace_bounds *x = NULL;
	struct trace_interval i;

	CHECK(trace_bounds_new(&x, &cases[cases_n - 1], &c, b.blocks, b.blocks_n, NULL) == ERR_OK);
	for (uint32_t a = 0; a < c.accounts_n; a++) {
		CHECK(trace_bounds_accounts(x, &a, 1, &i) == ERR_OK);
		printf("%" PRIu64 " %" PRIu64 " ", i.lower, i.upper);
	}
	printf("\n");
	for (size_t k = 0; k < c.n; k++) {
		CHECK(trace_bounds_event(x, k, &i) == ERR_OK);
		printf("%" PRIu64 " %" PRIu64 " ", i.lower, i.upper);
	}
	printf("\n");
	trace_bounds_free(x);
}

static void pedigree(const char *policy, size_t event)
{
	static const struct trace_pedigree_ends ends = { 0 };
	const struct trace_columns c = trace_columns_builder_view(&b);
	struct trace_lists out;
	struct trace_lists in;
	struct trace_pedigree p;
	enum trace_policy which;

	CHECK(trace_policy_parse(&which, bytes_str(policy)) == ERR_OK);
	CHECK(trace_lists_make(&out, &c, c.from) == ERR_OK);
	CHECK(trace_lists_make(&in, &c, c.to) == ERR_OK);
	CHECK(trace_pedigree_make(&p, &c, &out, &in, which, event, &ends) == ERR_OK);
	for (size_t i = 0; i < p.n; i++) {
		printf("%u %" PRIu64 " %" PRIu64 " ", p.p[i].event, p.p[i].a, p.p[i].b);
	}
	printf("\n");
	trace_pedigree_free(&p);
	trace_lists_free(&out);
	trace_lists_free(&in);
}

/* The numbers of a line behind its letter. */
static size_t numbers(char *line, uint64_t *out, size_t max)
{
	char *end;
	size_t n = 0;

	for (char *p = line; n < max; p = end) {
		uint64_t v = strtoull(p, &end, 10);

		if (end == p) {
			break;
		}
		out[n++] = v;
	}
	return n;
}

static void command(char *line)
{
	uint64_t v[8] = { 0 };
	char name[32] = "";
	char *rest = line + 1;
	int used = 0;

	if (line[0] == 'C' || line[0] == 'P') {
		CHECK(sscanf(rest, "%31s%n", name, &used) == 1);
		rest += used;
	}
	(void)numbers(rest, v, ARRAY_LEN(v));
	if (line[0] == 'L') {
		trace_columns_builder_free(&b);
		CHECK(trace_columns_builder_init(&b) == ERR_OK);
		CHECK(trace_columns_builder_accounts(&b, v[0]) == ERR_OK);
		cases_n = 0;
	} else if (line[0] == 'B') {
		CHECK(trace_columns_builder_block(&b, v[0], v[1]) == ERR_OK);
	} else if (line[0] == 'E') {
		CHECK(trace_columns_builder_event(&b, (uint32_t)v[0], (uint32_t)v[1], v[2],
						  (uint32_t)v[3]) == ERR_OK);
	} else if (line[0] == 'C') {
		struct trace_case *c = &cases[cases_n];

		*c = (struct trace_case){ .seeds = seeds[cases_n],
					  .sinks = sinks[cases_n],
					  .floor_units = v[0],
					  .floor_part = (uint32_t)v[1],
					  .floor_whole = (uint32_t)v[2],
					  .stop_height = v[3],
					  .stop_time_s = v[4],
					  .hops_max = (uint32_t)v[5] };
		CHECK(trace_policy_parse(&c->policy, bytes_str(name)) == ERR_OK);
		cases_n++;
	} else if (line[0] == 'S') {
		struct trace_case *c = &cases[cases_n - 1];

		CHECK(c->seeds_n < PARTS_MAX);
		seeds[cases_n - 1][c->seeds_n++] =
		    (struct trace_seed){ .kind = (enum trace_seed_kind)v[0],
					 .account = (uint32_t)v[1],
					 .at = v[2],
					 .amount = v[3] };
	} else if (line[0] == 'K') {
		struct trace_case *c = &cases[cases_n - 1];

		CHECK(c->sinks_n < PARTS_MAX);
		sinks[cases_n - 1][c->sinks_n++] = (uint32_t)v[0];
	} else if (line[0] == 'R') {
		run(v[0] != 0);
	} else if (line[0] == 'I') {
		intervals();
	} else {
		CHECK(line[0] == 'P');
		pedigree(name, v[0]);
	}
}

int main(void)
{
	char line[256];

	CHECK(trace_columns_builder_init(&b) == ERR_OK);
	while (fgets(line, sizeof line, stdin) != NULL) {
		command(line);
		(void)fflush(stdout);
	}
	trace_columns_builder_free(&b);
	return 0;
}
