/* SPDX-License-Identifier: Apache-2.0 */
/*
 * bench_trace.c - how fast cases are followed, beside the textbook and the memory bound.
 *
 *   bench_trace [--full] [--rounds N] [--only chain|live|interval]
 *
 * Transfers between accounts whose activity is log-uniform and whose numbers say nothing of it; 10
 * million of them over 1 million accounts, or with --full 100 million over 10 million (7 GB), and
 * each again with ten times less.  Everything is repeated in turns; one thread.
 */
#include <inttypes.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "base/attr.h"
#include "base/check.h"
#include "base/pages.h"
#include "trace/bounds.h"
#include "trace/engine.h"
#include "trace/filter.h"

enum { ROUNDS_MAX = 51, BLOCK_EVENTS = 120, SEEDS = 11, SINKS = 200, LIVE_BLOCKS = 360 };

static volatile uint64_t sink;
static uint64_t random_state = 1;
static unsigned rounds = 5;

static uint64_t random_next(void)
{
	uint64_t z = (random_state += 0x9e3779b97f4a7c15u);

	z = (z ^ (z >> 30)) * 0xbf58476d1ce4e5b9u;
	z = (z ^ (z >> 27)) * 0x94d049bb133111ebu;
	return z ^ (z >> 31);
}

static uint64_t now_ns(void)
{
	struct timespec t;

	CHECK(clock_gettime(CLOCK_THREAD_CPUTIME_ID, &t) == 0);
	return (uint64_t)t.tv_sec * 1000000000u + (uint64_t)t.tv_nsec;
}

static int by_size(const void *a, const void *b)
{
	const double *x = a;
	const double *y = b;

	return (*x > *y) - (*x < *y);
}

struct line {
	const char *name;
	double ns[ROUNDS_MAX]; /* of one round in all */
	double per;            /* what the time is divided by */
	const char *unit;
	char note[96];
};

static void print(struct line *l)
{
	double *ns = l->ns;

	qsort(ns, rounds, sizeof ns[0], by_size);
	printf("%-44s %9.3f ns (%.3f to %.3f) per %-9s %9.1f M/s  %s\n", l->name,
	       ns[rounds / 2] / l->per, ns[0] / l->per, ns[rounds - 1] / l->per, l->unit,
	       1e3 * l->per / ns[rounds / 2], l->note);
}

/* ---- the chain ---- */

struct chain {
	struct trace_columns_builder b;
	struct trace_columns c;
	struct trace_nexts nexts;
	uint32_t *busiest; /* account numbers by activity */
	uint32_t accounts;
};

/* Rank r with a density of 1 / r. */
static uint32_t log_uniform(uint32_t n)
{
	const double u = (double)(random_next() >> 11) / 9007199254740992.0;
	const double r = exp(u * log((double)n));

	return r >= (double)n ? n - 1 : (uint32_t)r - 1;
}

static void make_chain(struct chain *x, size_t n, uint32_t accounts)
{
	struct trace_columns_builder *b = &x->b;
	uint64_t height = 1;

	memset(x, 0, sizeof *x);
	x->accounts = accounts + TRACE_ACCOUNTS_RESERVED;
	x->busiest = malloc(accounts * sizeof *x->busiest);
	CHECK(x->busiest != NULL && trace_columns_builder_init(b) == ERR_OK);
	CHECK(trace_columns_builder_accounts(b, x->accounts) == ERR_OK);
	for (uint32_t i = 0; i < accounts; i++) {
		uint32_t j = (uint32_t)(random_next() % (i + 1));

		x->busiest[i] = x->busiest[j];
		x->busiest[j] = i + TRACE_ACCOUNTS_RESERVED;
	}
	CHECK(trace_columns_builder_block(b, height++, 0) == ERR_OK);
	for (uint32_t i = 0; i < accounts; i++) {
		CHECK(trace_columns_builder_event(b, 0, x->busiest[i],
						  1 + random_next() % 1000000000, 0) == ERR_OK);
	}
	while (b->n < n + accounts) {
		if (b->n % BLOCK_EVENTS == 0) {
			CHECK(trace_columns_builder_block(b, height, height * 60) == ERR_OK);
			height++;
		}
		const uint32_t from = x->busiest[log_uniform(accounts)];
		const uint32_t to = x->busiest[log_uniform(accounts)];
		const uint64_t has = trace_columns_builder_balance(b, from);
		const uint64_t amount =
		    has == 0 ? 0 : (random_next() % 8 == 0 ? has : 1 + random_next() % has);

		if (amount != 0) {
			CHECK(trace_columns_builder_event(b, from, to, amount, (uint32_t)b->n) ==
			      ERR_OK);
		}
	}
	x->c = trace_columns_builder_view(b);
	CHECK(trace_nexts_make(&x->nexts, &x->c) == ERR_OK);
}

static void free_chain(struct chain *x)
{
	trace_columns_builder_free(&x->b);
	trace_nexts_free(&x->nexts);
	free(x->busiest);
}

/* A case with thefts at one time, which the busiest accounts absorb or not. */
static void make_case(struct trace_case *c, struct trace_seed *seeds, const struct chain *x,
		      enum trace_policy policy, double when, bool sinks)
{
	for (size_t i = 0; i < SEEDS; i++) {
		seeds[i] = (struct trace_seed){ .kind = TRACE_SEED_EVENT,
						.at = (uint64_t)((double)x->c.n * when) + i * 1009 +
						      random_next() % 1000 };
	}
	*c = (struct trace_case){ .policy = policy, .seeds = seeds, .seeds_n = SEEDS };
	if (sinks) {
		c->sinks = x->busiest;
		c->sinks_n = SINKS;
	}
}

static double run(const struct chain *x, const struct trace_case *cases, size_t n, bool frontier,
		  struct trace_totals *totals)
{
	struct trace_engine *e = NULL;
	uint64_t begun;
	double ns;

	CHECK(trace_engine_new(&e, cases, n, x->accounts, 0) == ERR_OK);
	begun = now_ns();
	CHECK(trace_engine_run(e, &x->c, x->b.blocks, x->b.blocks_n, frontier ? &x->nexts : NULL,
			       NULL) == ERR_OK);
	ns = (double)(now_ns() - begun);
	*totals = trace_engine_totals(e, 0);
	trace_engine_certify(e);
	trace_engine_free(e);
	return ns;
}

/* The bound: the column of senders, read once. */
static double read_column(const struct chain *x)
{
	const uint64_t begun = now_ns();
	uint64_t sum = 0;

	for (size_t i = 0; i < x->c.n; i++) {
		sum += x->c.from[i];
	}
	sink += sum;
	return (double)(now_ns() - begun);
}

static double filter_alone(const struct chain *x, bool plain)
{
	uint32_t *bits = calloc(x->accounts / 32 + 1, sizeof *bits);
	uint64_t begun;
	uint64_t hits = 0;
	double ns;

	CHECK(bits != NULL);
	/* one account in a hundred thousand, not among the busiest */
	for (uint32_t i = 0; i < x->accounts / 100000 + 1; i++) {
		const uint32_t a = x->busiest[x->accounts / 2 + i];

		bits[a / 32] |= (uint32_t)1 << a % 32;
	}
	begun = now_ns();
	for (size_t i = 0; i < x->c.n; i++, hits++) {
		i = plain ? filter_next_plain(x->c.from, i, x->c.n, bits)
			  : filter_next(x->c.from, i, x->c.n, bits);
	}
	ns = (double)(now_ns() - begun);
	sink += hits;
	free(bits);
	return ns;
}

/*
 * The textbook: balance and taint of every account in one table, both sides of every transfer read
 * and written, taint by proportion.
 */
struct classic {
	uint64_t balance, taint;
};

static double classic(const struct chain *x, const struct trace_case *c, bool ahead, uint64_t *held)
{
	enum { AHEAD = 32 };

	struct classic *t = calloc(x->accounts, sizeof *t);
	const struct trace_columns *k = &x->c;
	size_t seed = 0;
	uint64_t begun;
	uint64_t stolen = 0;
	double ns;

	CHECK(t != NULL);
	memset(t, 0, x->accounts * sizeof *t); /* the pages, before the clock runs */
	begun = now_ns();
	for (size_t i = 0; i < k->n; i++) {
		struct classic *from = &t[k->from[i]];
		struct classic *to = &t[k->to[i]];
		const uint64_t v = k->amount[i];
		uint64_t m = 0;

		if (ahead && i + AHEAD < k->n) {
			__builtin_prefetch(&t[k->from[i + AHEAD]], 1);
			__builtin_prefetch(&t[k->to[i + AHEAD]], 1);
		}
		if (from->taint != 0) {
			m = (uint64_t)((u128)v * from->taint / from->balance);
		}
		from->balance -= v;
		from->taint -= m;
		to->balance += v;
		to->taint += m;
		if (seed < c->seeds_n && c->seeds[seed].at == i) {
			to->taint += v - m;
			stolen += v - m;
			seed++;
		}
	}
	ns = (double)(now_ns() - begun);
	*held = stolen;
	free(t);
	return ns;
}

/* The events that move something of a case, in order. */
struct touched {
	uint32_t *events;
	size_t n, cap;
};

static void keep_event(void *context, const struct trace_touch *t)
{
	struct touched *x = context;

	if (t->kind == TRACE_SEEDED) {
		return;
	}
	if (x->n == x->cap) {
		x->cap = x->cap == 0 ? 1024 : x->cap * 2;
		x->events = realloc(x->events, x->cap * sizeof *x->events);
		CHECK(x->events != NULL);
	}
	x->events[x->n++] = (uint32_t)t->event;
}

static struct touched touched_of(const struct chain *x, const struct trace_case *c)
{
	struct touched found = { 0 };
	struct trace_engine *e = NULL;

	CHECK(trace_engine_new(&e, c, 1, x->accounts, 0) == ERR_OK);
	trace_engine_observe(e, keep_event, &found);
	CHECK(trace_engine_run(e, &x->c, x->b.blocks, x->b.blocks_n, NULL, NULL) == ERR_OK);
	trace_engine_free(e);
	CHECK(found.n > 0);
	return found;
}

/*
 * The bound of the frontier: of the same events in the same order the one place that an event is
 * read from and the two of its accounts, which are written, and nothing else.  `known`: all events
 * are known, and memory is asked ahead; else the place of each follows from what was read of the
 * one before.
 */
static double read_touched(const struct chain *x, const struct touched *t, bool known)
{
	enum { EVENTS_AHEAD = 32, CELLS_AHEAD = 16 };

	static volatile size_t nothing = 0;

	const struct trace_next *next = x->nexts.at;
	const size_t bytes = x->accounts * sizeof(uint64_t);
	const size_t none = nothing;
	uint64_t *cells = pages_take(bytes);
	uint64_t begun;
	uint64_t sum = 0;
	double ns;

	CHECK(cells != NULL);
	memset(cells, 0, bytes); /* the pages, before the clock runs */
	begun = now_ns();
	for (size_t k = 0; k < t->n; k++) {
		const size_t i = t->events[k] + ((size_t)sum & none);

		if (known && k + EVENTS_AHEAD < t->n) {
			const size_t ahead = t->events[k + EVENTS_AHEAD];
			const size_t near = t->events[k + CELLS_AHEAD];

			FETCH(&next[ahead]);
			FETCH(&cells[next[near].from]);
			FETCH(&cells[next[near].to]);
		}
		sum += next[i].amount + next[i].balance + next[i].sender + next[i].receiver;
		sum += cells[next[i].from]++;
		sum += cells[next[i].to]++;
	}
	ns = (double)(now_ns() - begun);
	sink += sum;
	pages_give(cells, bytes);
	return ns;
}

static void whole_chain(size_t n, uint32_t accounts)
{
	enum { LINES = 15, OF_SPARSE = 9, OF_DENSE = 12 };

	static struct line l[LINES];
	static struct trace_seed seeds[66][SEEDS];
	static struct trace_case many[TRACE_CASES_MAX];
	struct trace_case sparse;
	struct trace_case fifo;
	struct trace_case dense;
	struct trace_totals t;
	struct touched few;
	struct touched most;
	struct chain x;
	uint64_t stolen;
	double all;

	make_chain(&x, n, accounts);
	all = (double)x.c.n;
	make_case(&sparse, seeds[0], &x, TRACE_HAIRCUT, 0.5, true);
	fifo = sparse;
	fifo.policy = TRACE_FIFO;
	make_case(&dense, seeds[1], &x, TRACE_HAIRCUT, 0.62, false);
	for (size_t k = 0; k < TRACE_CASES_MAX; k++) {
		make_case(&many[k], seeds[2 + k], &x, (enum trace_policy)(TRACE_HAIRCUT + k % 6),
			  0.3 + 0.01 * (double)k, true);
	}
	few = touched_of(&x, &sparse);
	most = touched_of(&x, &dense);
	for (unsigned r = 0; r < rounds; r++) {
		l[0].name = "memory bound: read the senders";
		l[0].ns[r] = read_column(&x);
		l[1].name = "filter alone, plain C";
		l[1].ns[r] = filter_alone(&x, true);
		l[2].name = "filter alone, best";
		l[2].ns[r] = filter_alone(&x, false);
		(void)snprintf(l[2].note, sizeof l[2].note, "%s", filter_kind());
		l[3].name = "textbook: both sides of every transfer";
		l[3].ns[r] = classic(&x, &dense, false, &stolen);
		l[4].name = "the same, memory asked 32 ahead";
		l[4].ns[r] = classic(&x, &dense, true, &stolen);
		l[5].name = "scan, haircut, sinks";
		l[5].ns[r] = run(&x, &sparse, 1, false, &t);
		(void)snprintf(l[5].note, sizeof l[5].note, "%.4f %% touched",
			       100.0 * (double)t.touched / all);
		l[6].name = "scan, FIFO, sinks";
		l[6].ns[r] = run(&x, &fifo, 1, false, &t);
		(void)snprintf(l[6].note, sizeof l[6].note, "%.4f %% touched",
			       100.0 * (double)t.touched / all);
		l[7].name = "scan, haircut, no sinks (dense)";
		l[7].ns[r] = run(&x, &dense, 1, false, &t);
		(void)snprintf(l[7].note, sizeof l[7].note, "%.1f %% touched",
			       100.0 * (double)t.touched / all);
		l[8].name = "scan, 64 cases";
		l[8].ns[r] = run(&x, many, TRACE_CASES_MAX, false, &t);
		(void)snprintf(l[8].note, sizeof l[8].note, "per case and transfer: 1/64 of it");
		l[9].name = "frontier, haircut, sinks";
		l[9].ns[r] = run(&x, &sparse, 1, true, &t);
		l[9].per = (double)t.touched;
		(void)snprintf(l[9].note, sizeof l[9].note, "%" PRIu64 " touched, %.2f ms in all",
			       t.touched, l[9].ns[r] / 1e6);
		l[10].name = "  bound: its memory, each place known before";
		l[10].ns[r] = read_touched(&x, &few, true);
		l[11].name = "  its memory, each event after the other";
		l[11].ns[r] = read_touched(&x, &few, false);
		l[12].name = "frontier, haircut, no sinks";
		l[12].ns[r] = run(&x, &dense, 1, true, &t);
		l[12].per = (double)t.touched;
		(void)snprintf(l[12].note, sizeof l[12].note, "%" PRIu64 " touched", t.touched);
		l[13].name = "  bound: its memory, each place known before";
		l[13].ns[r] = read_touched(&x, &most, true);
		l[14].name = "  its memory, each event after the other";
		l[14].ns[r] = read_touched(&x, &most, false);
	}
	printf("\n%zu events, %u accounts, %u rounds: median (lowest to highest)\n", x.c.n,
	       accounts, rounds);
	for (unsigned k = 0; k < LINES; k++) {
		l[k].unit = k >= OF_SPARSE ? "touched" : "event";
		l[k].per = k < OF_SPARSE ? all
			   : k == OF_SPARSE || k == OF_DENSE
			       ? l[k].per
			       : (double)(k < OF_DENSE ? few.n : most.n);
		print(&l[k]);
	}
	free(few.events);
	free(most.events);
	free_chain(&x);
}

/* ---- live: one block of 120 transfers after the other, undo log kept ---- */

static void live(uint32_t accounts)
{
	static struct trace_seed seeds[TRACE_CASES_MAX][SEEDS];
	static struct trace_case cases[TRACE_CASES_MAX];
	static double ns[2][LIVE_BLOCKS];
	struct chain x;

	make_chain(&x, (size_t)accounts * 4, accounts);
	for (size_t k = 0; k < TRACE_CASES_MAX; k++) {
		make_case(&cases[k], seeds[k], &x, (enum trace_policy)(TRACE_HAIRCUT + k % 6),
			  0.3 + 0.005 * (double)k, true);
	}
	printf(
	    "\n%u accounts, a block of %d transfers against %d cases, undo log kept: median, 9 of "
	    "10, highest of %d blocks\n",
	    accounts, BLOCK_EVENTS, TRACE_CASES_MAX, LIVE_BLOCKS);
	for (unsigned r = 0; r < 2; r++) {
		struct trace_engine *e = NULL;
		struct trace_columns c = x.c;
		size_t k = x.b.blocks_n - LIVE_BLOCKS - 1;
		uint64_t touched = 0;

		CHECK(trace_engine_new(&e, cases, TRACE_CASES_MAX, x.accounts, LIVE_BLOCKS) ==
		      ERR_OK);
		c.n = x.b.blocks[k].first;
		CHECK(trace_engine_run(e, &c, x.b.blocks, k, NULL, NULL) == ERR_OK);
		for (unsigned i = 0; i < TRACE_CASES_MAX; i++) {
			touched -= trace_engine_totals(e, i).touched;
		}
		for (unsigned i = 0; i < LIVE_BLOCKS; i++) {
			uint64_t begun;

			k++;
			c.n = x.b.blocks[k].first;
			begun = now_ns();
			CHECK(trace_engine_run(e, &c, x.b.blocks, k, NULL, NULL) == ERR_OK);
			ns[0][i] = (double)(now_ns() - begun);
		}
		for (unsigned i = 0; i < TRACE_CASES_MAX; i++) {
			touched += trace_engine_totals(e, i).touched;
		}
		for (unsigned i = 0; i < LIVE_BLOCKS; i++) {
			const uint64_t begun = now_ns();

			CHECK(trace_engine_undo_block(e) == ERR_OK);
			ns[1][i] = (double)(now_ns() - begun);
		}
		trace_engine_certify(e);
		trace_engine_free(e);
		for (unsigned w = 0; w < 2; w++) {
			qsort(ns[w], LIVE_BLOCKS, sizeof ns[w][0], by_size);
			printf("%-44s %9.2f us (%.2f, %.2f)  %s%.1f touches a block\n",
			       w == 0 ? "follow a block" : "take it back",
			       ns[w][LIVE_BLOCKS / 2] / 1e3, ns[w][LIVE_BLOCKS * 9 / 10] / 1e3,
			       ns[w][LIVE_BLOCKS - 1] / 1e3, "", (double)touched / LIVE_BLOCKS);
		}
	}
	free_chain(&x);
}

/* ---- the interval ---- */

/*
 * The same by the book: a node for each account after each of its transfers, an arc for each
 * transfer of the ledger, and Dinic's algorithm from an empty flow, twice a question.
 */
struct book {
	uint32_t *head, *next, *first, *level, *at, *queue;
	uint64_t *room;
	uint32_t arcs, nodes;
};

enum { BOOK_SOURCE, BOOK_END, BOOK_ASKED, BOOK_FIXED };

static void book_arc(struct book *b, uint32_t tail, uint32_t head, uint64_t room)
{
	for (unsigned back = 0; back < 2; back++) {
		b->head[b->arcs] = back != 0 ? tail : head;
		b->room[b->arcs] = back != 0 ? 0 : room;
		b->next[b->arcs] = b->first[back != 0 ? head : tail];
		b->first[back != 0 ? head : tail] = b->arcs++;
	}
}

static uint32_t book_node(struct book *b)
{
	b->first[b->nodes] = UINT32_MAX;
	return b->nodes++;
}

/* upper: how much can come with the event asked about; else how much can come anywhere without. */
static void book_make(struct book *b, const struct chain *x, size_t asked, bool upper)
{
	uint32_t *now = calloc(x->c.accounts_n, sizeof *now);

	CHECK(now != NULL);
	b->arcs = b->nodes = 0;
	while (b->nodes < BOOK_FIXED) {
		(void)book_node(b);
	}
	for (size_t i = 0; i < x->c.n; i++) {
		const uint32_t s = x->c.from[i], r = x->c.to[i], before = now[s];
		const uint64_t v = x->c.amount[i];
		uint32_t to;

		if (before != 0) {
			now[s] = book_node(b);
			book_arc(b, before, now[s], x->c.balance[i] - v);
		}
		to = now[r];
		if (s != r || before == 0) {
			now[r] = book_node(b);
			if (to != 0) {
				book_arc(b, to, now[r], UINT64_MAX / 4);
			}
		}
		to = now[r];
		if (i < SEEDS) {
			book_arc(b, BOOK_SOURCE, to, v);
			if (before != 0) {
				book_arc(b, before, BOOK_END, v);
			}
		} else if (before != 0 && i != asked) {
			book_arc(b, before, to, v);
		} else if (before != 0 && upper) {
			book_arc(b, before, BOOK_ASKED, v);
		}
	}
	for (uint32_t a = 0; a < x->c.accounts_n && !upper; a++) {
		if (now[a] != 0) {
			book_arc(b, now[a], BOOK_END, UINT64_MAX / 4);
		}
	}
	free(now);
}

static bool book_levels(struct book *b, uint32_t to)
{
	uint32_t done = 0, n = 0;

	memset(b->level, 0xff, b->nodes * sizeof *b->level);
	memcpy(b->at, b->first, b->nodes * sizeof *b->at);
	b->level[BOOK_SOURCE] = 0;
	b->queue[n++] = BOOK_SOURCE;
	while (done < n) {
		const uint32_t node = b->queue[done++];

		for (uint32_t k = b->first[node]; k != UINT32_MAX; k = b->next[k]) {
			if (b->room[k] > 0 && b->level[b->head[k]] == UINT32_MAX) {
				b->level[b->head[k]] = b->level[node] + 1;
				b->queue[n++] = b->head[k];
			}
		}
	}
	return b->level[to] != UINT32_MAX;
}

static uint64_t book_flow(struct book *b, uint32_t to)
{
	uint64_t sum = 0;

	while (book_levels(b, to)) {
		uint32_t *path = b->queue, n = 0, node = BOOK_SOURCE;

		for (;;) {
			uint32_t k = b->at[node];

			if (node == to) {
				uint64_t most = UINT64_MAX;

				for (uint32_t i = 0; i < n; i++) {
					most = b->room[path[i]] < most ? b->room[path[i]] : most;
				}
				for (uint32_t i = 0; i < n; i++) {
					b->room[path[i]] -= most;
					b->room[path[i] ^ 1] += most;
				}
				sum += most;
				n = 0;
				node = BOOK_SOURCE;
				continue;
			}
			while (k != UINT32_MAX &&
			       (b->room[k] == 0 || b->level[b->head[k]] != b->level[node] + 1)) {
				k = b->next[k];
			}
			b->at[node] = k;
			if (k != UINT32_MAX) {
				path[n++] = k;
				node = b->head[k];
			} else if (n == 0) {
				break;
			} else {
				b->level[node] = UINT32_MAX;
				node = b->head[path[--n] ^ 1];
			}
		}
	}
	return sum;
}

static struct trace_interval by_the_book(struct book *b, const struct chain *x, size_t asked,
					 uint64_t stolen)
{
	struct trace_interval found;

	book_make(b, x, asked, true);
	found.upper = book_flow(b, BOOK_ASKED);
	book_make(b, x, asked, false);
	found.lower = stolen - book_flow(b, BOOK_END);
	return found;
}

static void book_init(struct book *b, size_t events, size_t accounts)
{
	const size_t nodes = 2 * events + BOOK_FIXED, arcs = 2 * (4 * events + accounts);

	*b = (struct book){ .head = calloc(arcs, 4),
			    .next = calloc(arcs, 4),
			    .room = calloc(arcs, 8),
			    .first = calloc(nodes, 4),
			    .level = calloc(nodes, 4),
			    .at = calloc(nodes, 4),
			    .queue = calloc(nodes, 4) };
	CHECK(b->head != NULL && b->next != NULL && b->room != NULL && b->first != NULL &&
	      b->level != NULL && b->at != NULL && b->queue != NULL);
}

static void book_free(struct book *b)
{
	free(b->head);
	free(b->next);
	free(b->room);
	free(b->first);
	free(b->level);
	free(b->at);
	free(b->queue);
}

/* All questions of a kind over one network, in turn. */
static void interval(size_t events, uint32_t accounts, const char *shape)
{
	enum { QUESTIONS = 64, BY_THE_BOOK = 5 };

	static double ns[QUESTIONS], ratio[BY_THE_BOOK];
	struct book book;
	struct trace_seed seeds[SEEDS];
	struct trace_case c;
	struct trace_bounds *b = NULL;
	struct chain x;
	uint64_t begun;
	double made;

	make_chain(&x, events, accounts);
	for (size_t i = 0; i < SEEDS; i++) {
		seeds[i] = (struct trace_seed){ .kind = TRACE_SEED_EVENT, .at = i };
	}
	c = (struct trace_case){ .policy = TRACE_POISON, .seeds = seeds, .seeds_n = SEEDS };
	begun = now_ns();
	CHECK(trace_bounds_new(&b, &c, &x.c, x.b.blocks, x.b.blocks_n, NULL) == ERR_OK);
	made = (double)(now_ns() - begun);
	book_init(&book, x.c.n, x.c.accounts_n);
	for (unsigned i = 0; i < QUESTIONS; i++) {
		const size_t event = x.c.n - 1 - random_next() % (events / 2);
		struct trace_interval found;

		begun = now_ns();
		CHECK(trace_bounds_event(b, event, &found) == ERR_OK);
		ns[i] = (double)(now_ns() - begun);
		sink += found.upper;
		if (i < BY_THE_BOOK) {
			struct trace_interval other;

			begun = now_ns();
			other = by_the_book(&book, &x, event, trace_bounds_stolen(b));
			/* both with the network: by the book it is made for each end */
			ratio[i] = (double)(now_ns() - begun) / (made + ns[i]);
			CHECK(other.lower == found.lower && other.upper == found.upper);
		}
	}
	book_free(&book);
	qsort(ns, QUESTIONS, sizeof ns[0], by_size);
	qsort(ratio, BY_THE_BOOK, sizeof ratio[0], by_size);
	printf("%-12s %7zu arcs: network %8.2f ms, [L,U] of a deposit %8.2f ms (%.2f to %.2f)\n",
	       shape, trace_bounds_arcs(b), made / 1e6, ns[QUESTIONS / 2] / 1e6, ns[0] / 1e6,
	       ns[QUESTIONS - 1] / 1e6);
	printf("%-12s by the book, network and the same [L,U]: %.1f times as long (%.1f to %.1f)\n",
	       "", ratio[BY_THE_BOOK / 2], ratio[0], ratio[BY_THE_BOOK - 1]);
	trace_bounds_free(b);
	free_chain(&x);
}

int main(int argc, char **argv)
{
	const char *only = "";
	bool full = false;
	bool good = true;

	for (int i = 1; i < argc; i++) {
		if (strcmp(argv[i], "--full") == 0) {
			full = true;
		} else if (strcmp(argv[i], "--rounds") == 0 && i + 1 < argc) {
			rounds = (unsigned)strtoul(argv[++i], NULL, 10);
		} else if (strcmp(argv[i], "--only") == 0 && i + 1 < argc) {
			only = argv[++i];
			good = good && (strcmp(only, "chain") == 0 || strcmp(only, "live") == 0 ||
					strcmp(only, "interval") == 0);
		} else {
			good = false;
		}
	}
	if (!good || rounds == 0 || rounds > ROUNDS_MAX) {
		(void)fprintf(stderr,
			      "usage: bench_trace [--full] [--rounds 1 to %d] "
			      "[--only chain|live|interval]\n",
			      ROUNDS_MAX);
		return 2;
	}
	if (*only == '\0' || strcmp(only, "chain") == 0) {
		whole_chain(full ? 10000000 : 1000000, full ? 1000000 : 100000);
		whole_chain(full ? 100000000 : 10000000, full ? 10000000 : 1000000);
	}
	if (*only == '\0' || strcmp(only, "live") == 0) {
		live(100000);
		live(1000000);
	}
	if (*only == '\0' || strcmp(only, "interval") == 0) {
		printf("\n");
		interval(5000, 100, "hubs");
		interval(50000, 100, "hubs");
		interval(5000, 5000, "spread");
		interval(50000, 50000, "spread");
	}
	return 0;
}
