/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Goal: a pedigree names exactly the units of exactly the events that the coins of a deposit went
 * through, and no others.
 * Method: random ledgers in which every coin has a name of its own and is moved by hand, queue or
 * stack, with a note of the event; and the way back against the way forward.
 */
#include "trace_world.h"

#include "trace/pedigree.h"

enum { COINS_MAX = 8192, EVENTS_MAX = 128 };

static struct world w;
/* the coins of an account, oldest or lowest first; of an event, in their order */
static uint16_t account_coins[WORLD_ACCOUNTS_MAX][COINS_MAX];
static size_t account_n[WORLD_ACCOUNTS_MAX];
static uint16_t event_coins[EVENTS_MAX][COINS_MAX];
static struct trace_lists out_list, in_list;

static void lists(void)
{
	trace_lists_free(&out_list);
	trace_lists_free(&in_list);
	CHECK(trace_lists_make(&out_list, &w.c, w.c.from) == ERR_OK);
	CHECK(trace_lists_make(&in_list, &w.c, w.c.to) == ERR_OK);
}

static void move_by_hand(bool fifo)
{
	uint16_t next = 0;

	memset(account_n, 0, sizeof account_n);
	CHECK(w.c.n <= EVENTS_MAX);
	for (size_t i = 0; i < w.c.n; i++) {
		const uint32_t from = w.c.from[i];
		const uint32_t to = w.c.to[i];
		const size_t v = w.c.amount[i];
		uint16_t *coins = account_coins[from];

		if (from == TRACE_ISSUANCE) {
			for (size_t k = 0; k < v; k++) {
				event_coins[i][k] = next++;
			}
		} else {
			account_n[from] -= v;
			memcpy(event_coins[i], fifo ? coins : coins + account_n[from],
			       v * sizeof *coins);
			if (fifo) {
				memmove(coins, coins + v, account_n[from] * sizeof *coins);
			}
		}
		memcpy(account_coins[to] + account_n[to], event_coins[i], v * sizeof *coins);
		account_n[to] += v;
	}
	CHECK(next < COINS_MAX);
}

static bool is_among(uint16_t coin, size_t event)
{
	for (size_t k = 0; k < w.c.amount[event]; k++) {
		if (event_coins[event][k] == coin) {
			return true;
		}
	}
	return false;
}

static void every_unit_of_every_event(void)
{
	static const struct trace_pedigree_ends ends = { 0 };

	for (unsigned round = 0; round < 3000; round++) {
		const enum trace_policy policy = round % 2 == 0 ? TRACE_FIFO : TRACE_LIFO;
		struct trace_pedigree p;
		size_t deposit;
		size_t at = 0;

		world_random(&w, (uint32_t)(3 + t_below(9)), 10 + t_below(90), 20);
		if (w.c.n > EVENTS_MAX) {
			continue;
		}
		lists();
		move_by_hand(policy == TRACE_FIFO);
		deposit = t_below(w.c.n);
		T_EQ(trace_pedigree_make(&p, &w.c, &out_list, &in_list, policy, deposit, &ends),
		     ERR_OK);
		for (size_t i = deposit + 1; i-- > 0;) {
			size_t k = 0;

			while (k < w.c.amount[i]) {
				size_t begin;

				if (!is_among(event_coins[i][k], deposit)) {
					k++;
					continue;
				}
				begin = k;
				while (k < w.c.amount[i] && is_among(event_coins[i][k], deposit)) {
					k++;
				}
				T_CHECK(at < p.n);
				T_EQ(p.p[at].event, i);
				T_EQ(p.p[at].a, begin);
				T_EQ(p.p[at].b, k);
				T_EQ(p.p[at].kind, w.c.from[i] == TRACE_ISSUANCE
						       ? TRACE_PIECE_ISSUED
						       : TRACE_PIECE_PASSED);
				at++;
			}
		}
		T_EQ(at, p.n);
		trace_pedigree_free(&p);
	}
}

/* Law 7: what a seed sends forward to a deposit is what the deposit sends back to the seed. */
struct watching {
	size_t event;
	uint64_t moved;
};

static void watch(void *context, const struct trace_touch *t)
{
	struct watching *x = context;

	if (t->event == x->event) {
		x->moved = t->moved;
	}
}

static void forward_and_back(void)
{
	static const struct trace_pedigree_ends ends = { 0 };

	for (unsigned round = 0; round < 3000; round++) {
		const enum trace_policy policy = round % 2 == 0 ? TRACE_FIFO : TRACE_LIFO;
		struct trace_seed seed = { .kind = TRACE_SEED_EVENT };
		const struct trace_case c = { .policy = policy, .seeds = &seed, .seeds_n = 1 };
		struct trace_engine *e = NULL;
		struct trace_pedigree p;
		struct watching x = { 0 };
		uint64_t back = 0;

		world_random(&w, (uint32_t)(3 + t_below(9)), 10 + t_below(90), 20);
		lists();
		seed.at = t_below(w.c.n);
		x.event = seed.at + t_below(w.c.n - seed.at);
		T_EQ(trace_engine_new(&e, &c, 1, w.accounts, 0), ERR_OK);
		trace_engine_observe(e, watch, &x);
		T_EQ(trace_engine_run(e, &w.c, w.b.blocks, w.b.blocks_n, NULL, NULL), ERR_OK);
		trace_engine_free(e);
		T_EQ(trace_pedigree_make(&p, &w.c, &out_list, &in_list, policy, x.event, &ends),
		     ERR_OK);
		for (size_t i = 0; i < p.n; i++) {
			back += p.p[i].event == seed.at ? p.p[i].b - p.p[i].a : 0;
		}
		T_EQ(back, x.moved);
		trace_pedigree_free(&p);
	}
}

static void ends_and_refusals(void)
{
	const uint32_t origins[] = { 3, 5 };
	struct trace_pedigree_ends ends = { .origins = origins, .origins_n = 2 };
	struct trace_pedigree p = { 0 };

	world_start(&w, 7);
	world_block(&w);
	(void)world_pay(&w, 0, 3, 10, 0);
	(void)world_pay(&w, 0, 4, 10, 1);
	(void)world_pay(&w, 3, 6, 5, 2);
	(void)world_pay(&w, 4, 6, 5, 3);
	(void)world_pay(&w, 6, 2, 8, 4);
	world_view(&w);
	lists();
	T_EQ(trace_pedigree_make(&p, &w.c, &out_list, &in_list, TRACE_FIFO, 4, &ends), ERR_OK);
	T_EQ(p.n, 4);
	T_EQ(p.p[0].event, 4);
	T_EQ(p.p[1].event, 3);
	T_EQ(p.p[1].b, 3);
	T_EQ(p.p[2].event, 2);
	T_EQ(p.p[2].kind, TRACE_PIECE_ORIGIN);
	T_EQ(p.p[3].event, 1);
	T_EQ(p.p[3].kind, TRACE_PIECE_ISSUED);
	trace_pedigree_free(&p);
	ends.first_event = 4;
	T_EQ(trace_pedigree_make(&p, &w.c, &out_list, &in_list, TRACE_LIFO, 4, &ends), ERR_OK);
	T_EQ(p.n, 3);
	T_EQ(p.p[1].kind, TRACE_PIECE_EARLIER);
	T_EQ(p.p[1].event, 3);
	T_EQ(p.p[1].b - p.p[1].a, 5);
	T_EQ(p.p[2].kind, TRACE_PIECE_ORIGIN);
	T_EQ(p.p[2].a, 2);
	trace_pedigree_free(&p);
	ends = (struct trace_pedigree_ends){ .pieces_max = 4 };
	T_EQ(trace_pedigree_make(&p, &w.c, &out_list, &in_list, TRACE_FIFO, 4, &ends),
	     ERR_TOO_LARGE);
	T_EQ(trace_pedigree_make(&p, &w.c, &out_list, &in_list, TRACE_HAIRCUT, 4, &ends), ERR_TYPE);
	T_EQ(trace_pedigree_make(&p, &w.c, &out_list, &in_list, TRACE_FIFO, 5, &ends),
	     ERR_NOT_FOUND);
	T_EQ(p.n, 0);
}

int main(int argc, char **argv)
{
	static const struct t_case cases[] = {
		{ "every unit of every event", every_unit_of_every_event },
		{ "forward and back", forward_and_back },
		{ "where it ends, and what is refused", ends_and_refusals },
	};
	int failed = t_main(cases, ARRAY_LEN(cases), argc, argv);

	trace_lists_free(&out_list);
	trace_lists_free(&in_list);
	world_free(&w);
	return failed;
}
