/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Goal: no rule leaves the interval, and the interval is no wider than it must be.
 * Method: random ledgers; every rule inside, for every account and every event; and both ends, and
 * the ends that proofs are of, against a search through every way in which integer coins can be
 * moved, on ledgers small enough for it.
 */
#include "trace_world.h"

#include "trace/bounds.h"

static struct world w;

struct moves {
	uint64_t of[512]; /* stolen units that each event moved, by the rule that runs */
	const struct trace_case *c;
	bool told; /* the next touch only says where the coins of a seed are */
};

static void note_move(void *context, const struct trace_touch *t)
{
	struct moves *m = context;
	const bool told = m->told;

	CHECK(t->event < ARRAY_LEN(m->of));
	m->told = false;
	if (t->kind == TRACE_SEEDED) {
		m->told = t->to == TRACE_DESTROYED;
		for (size_t i = 0; i < m->c->sinks_n; i++) {
			m->told = m->told || m->c->sinks[i] == t->to;
		}
	} else if (!told) {
		m->of[t->event] = t->moved;
	}
}

static void no_rule_leaves_it(void)
{
	static struct moves m;

	for (unsigned round = 0; round < 4000; round++) {
		struct world_case wc;
		struct trace_bounds *b = NULL;
		struct trace_interval x;
		struct trace_nexts nexts;

		world_random(&w, (uint32_t)(3 + t_below(9)), 10 + t_below(60), 30);
		world_random_case(&wc, &w, TRACE_POISON, true);
		wc.c.floor_units = 0;
		wc.c.floor_part = 0;
		wc.c.hops_max = 0;
		T_EQ(trace_nexts_make(&nexts, &w.c), ERR_OK);
		T_EQ(trace_bounds_new(&b, &wc.c, &w.c, w.b.blocks, w.b.blocks_n,
				      round % 2 == 0 ? &nexts : NULL),
		     ERR_OK);
		for (int policy = TRACE_HAIRCUT; policy <= TRACE_TIHO; policy++) {
			struct trace_engine *e = NULL;
			uint32_t pair[2];
			uint64_t seeded;

			wc.c.policy = (enum trace_policy)policy;
			m = (struct moves){ .c = &wc.c };
			T_EQ(trace_engine_new(&e, &wc.c, 1, w.accounts, 0), ERR_OK);
			trace_engine_observe(e, note_move, &m);
			T_EQ(trace_engine_run(e, &w.c, w.b.blocks, w.b.blocks_n, NULL, NULL),
			     ERR_OK);
			for (uint32_t a = TRACE_ACCOUNTS_RESERVED; a < w.accounts; a++) {
				const uint64_t t =
				    trace_engine_taint(e, 0, a) + trace_engine_rests(e, 0, a);

				T_EQ(trace_bounds_accounts(b, &a, 1, &x), ERR_OK);
				T_CHECK(x.lower <= t && t <= x.upper);
			}
			for (size_t i = 0; i < w.c.n; i++) {
				bool seed = false;

				for (size_t s = 0; s < wc.c.seeds_n; s++) {
					seed = seed || (wc.seeds[s].kind == TRACE_SEED_EVENT &&
							wc.seeds[s].at == i);
				}
				T_EQ(trace_bounds_event(b, i, &x), ERR_OK);
				T_CHECK(x.upper <= w.c.amount[i] && x.lower <= x.upper);
				/* of a seed's event the interval counts the seed too */
				T_CHECK(seed || (x.lower <= m.of[i] && m.of[i] <= x.upper));
			}
			/* two accounts together */
			pair[0] = world_account(&w);
			pair[1] = world_account(&w);
			seeded =
			    trace_engine_taint(e, 0, pair[0]) + trace_engine_rests(e, 0, pair[0]);
			if (pair[0] != pair[1]) {
				seeded += trace_engine_taint(e, 0, pair[1]) +
					  trace_engine_rests(e, 0, pair[1]);
				T_EQ(trace_bounds_accounts(b, pair, 2, &x), ERR_OK);
				T_CHECK(x.lower <= seeded && seeded <= x.upper);
			}
			trace_engine_free(e);
		}
		trace_bounds_free(b);
		trace_nexts_free(&nexts);
	}
}

/* Every way to move whole coins: for each event every number of stolen units that can go with it.
 */
enum { TINY_ACCOUNTS = 5, TINY_EVENTS = 11 };

struct search {
	uint64_t seed_event;
	uint64_t balance[TINY_ACCOUNTS], taint[TINY_ACCOUNTS];
	uint64_t chosen[TINY_EVENTS + 8];
	struct trace_interval accounts[TINY_ACCOUNTS];
	struct trace_interval events[TINY_EVENTS + 8];
	struct trace_interval both; /* accounts 2 and 3 together */
};

static void widen(struct trace_interval *x, uint64_t v)
{
	x->lower = v < x->lower ? v : x->lower;
	x->upper = v > x->upper ? v : x->upper;
}

static void every_way(struct search *s, size_t i)
{
	if (i == w.c.n) {
		for (uint32_t a = 0; a < TINY_ACCOUNTS; a++) {
			widen(&s->accounts[a], s->taint[a]);
		}
		widen(&s->both, s->taint[2] + s->taint[3]);
		for (size_t k = 0; k < w.c.n; k++) {
			widen(&s->events[k], s->chosen[k]);
		}
		return;
	}
	const uint32_t from = w.c.from[i];
	const uint32_t to = w.c.to[i];
	const uint64_t v = w.c.amount[i];
	const uint64_t b = s->balance[from];
	const uint64_t t = s->taint[from];
	const uint64_t into = s->taint[to];
	const uint64_t clean = from == TRACE_ISSUANCE ? v : b - t;

	for (uint64_t m = v > clean ? v - clean : 0; m <= v && m <= t; m++) {
		uint64_t arrives = m;

		if (i == s->seed_event) {
			CHECK(m == 0);
			arrives = v;
		}
		s->chosen[i] = arrives;
		if (from != TRACE_ISSUANCE) {
			s->balance[from] -= v;
			s->taint[from] -= m;
		}
		s->balance[to] += v;
		s->taint[to] += arrives;
		every_way(s, i + 1);
		s->balance[to] -= v;
		s->taint[to] -= arrives;
		if (from != TRACE_ISSUANCE) {
			s->balance[from] += v;
			s->taint[from] += m;
		}
		CHECK(s->taint[to] == into && s->taint[from] == t);
	}
}

/*
 * A proof is of the end that was asked for, and its lists are in order.  That it proves anything
 * is judged by the program that reads it (tests/scenario/trace).
 */
static void proved(struct trace_bounds *b, const uint32_t *accounts, size_t n, size_t event,
		   const struct trace_interval *x)
{
	for (unsigned most = 0; most < 2; most++) {
		struct trace_proof p;
		uint64_t value = 0;

		if (accounts != NULL) {
			T_EQ(trace_bounds_prove(b, accounts, n, most != 0, &value, &p), ERR_OK);
			T_EQ(p.gone, most == 0);
		} else {
			T_EQ(trace_bounds_prove_event(b, event, most != 0, &value, &p), ERR_OK);
		}
		T_CHECK(value == (most != 0 ? x->upper : x->lower));
		for (size_t i = 1; i < p.moves_n; i++) {
			T_CHECK(p.moves[i - 1].at < p.moves[i].at);
		}
		for (size_t i = 0; i < p.turns_n; i++) {
			T_CHECK(p.turns[i].account >= TRACE_ACCOUNTS_RESERVED &&
				p.turns[i].account < w.accounts);
		}
		trace_proof_free(&p);
	}
}

static void both_ends_are_reached(void)
{
	for (unsigned round = 0; round < 1500; round++) {
		struct trace_seed seed = { .kind = TRACE_SEED_EVENT };
		const struct trace_case c = { .policy = TRACE_FIFO, .seeds = &seed, .seeds_n = 1 };
		struct search s = { 0 };
		struct trace_bounds *b = NULL;
		struct trace_interval x;
		const uint32_t pair[] = { 2, 3 };

		do {
			world_random(&w, TINY_ACCOUNTS, TINY_EVENTS, 5);
		} while (w.c.n > TINY_EVENTS + 8);
		/* one seed, whose sender cannot hold the case's coins yet */
		seed.at = t_below(4);
		s.seed_event = seed.at;
		for (uint32_t a = 0; a < TINY_ACCOUNTS; a++) {
			s.accounts[a].lower = UINT64_MAX;
		}
		for (size_t k = 0; k < w.c.n; k++) {
			s.events[k].lower = UINT64_MAX;
		}
		s.both.lower = UINT64_MAX;
		every_way(&s, 0);
		T_EQ(trace_bounds_new(&b, &c, &w.c, w.b.blocks, w.b.blocks_n, NULL), ERR_OK);
		T_EQ(trace_bounds_stolen(b), (long long)w.c.amount[seed.at]);
		for (uint32_t a = TRACE_ACCOUNTS_RESERVED; a < TINY_ACCOUNTS; a++) {
			T_EQ(trace_bounds_accounts(b, &a, 1, &x), ERR_OK);
			T_EQ(x.lower, s.accounts[a].lower);
			T_EQ(x.upper, s.accounts[a].upper);
			proved(b, &a, 1, 0, &x);
		}
		T_EQ(trace_bounds_accounts(b, pair, 2, &x), ERR_OK);
		T_EQ(x.lower, s.both.lower);
		T_EQ(x.upper, s.both.upper);
		proved(b, pair, 2, 0, &x);
		for (size_t k = 0; k < w.c.n; k++) {
			T_EQ(trace_bounds_event(b, k, &x), ERR_OK);
			T_EQ(x.lower, s.events[k].lower);
			T_EQ(x.upper, s.events[k].upper);
			proved(b, NULL, 0, k, &x);
		}
		trace_bounds_free(b);
	}
}

/* The order of questions does not matter, and what is not reached is nothing. */
static void questions(void)
{
	struct trace_seed seed = { .kind = TRACE_SEED_EVENT, .at = 0 };
	const struct trace_case c = { .policy = TRACE_FIFO, .seeds = &seed, .seeds_n = 1 };
	struct trace_bounds *b = NULL;
	struct trace_interval x;
	struct trace_proof p;
	uint64_t value = 7;
	uint32_t a = 3;

	world_start(&w, 7);
	world_block(&w);
	(void)world_pay(&w, 0, 2, 100, 0); /* stolen */
	(void)world_pay(&w, 0, 3, 50, 1);
	(void)world_pay(&w, 2, 3, 60, 2);
	(void)world_pay(&w, 3, 4, 70, 3);
	(void)world_pay(&w, 0, 5, 9, 4);
	world_view(&w);
	T_EQ(trace_bounds_new(&b, &c, &w.c, w.b.blocks, w.b.blocks_n, NULL), ERR_OK);
	for (unsigned turn = 0; turn < 2; turn++) {
		/* 110 in account 3, 60 of them stolen: of 70 at least 20, at most 60 */
		T_EQ(trace_bounds_event(b, 3, &x), ERR_OK);
		T_EQ(x.lower, 20);
		T_EQ(x.upper, 60);
		T_EQ(trace_bounds_accounts(b, &a, 1, &x), ERR_OK);
		T_EQ(x.lower, 0);
		T_EQ(x.upper, 40);
		T_EQ(trace_bounds_event(b, 4, &x), ERR_OK);
		T_EQ(x.upper, 0);
		T_EQ(trace_bounds_event(b, 99, &x), ERR_OK);
		T_EQ(x.upper, 0);
		T_EQ(trace_bounds_accounts(b, NULL, 0, &x), ERR_OK);
		T_EQ(x.upper, 0);
	}
	/* what is not reached needs no proof; of what is, the ends are proved in any order */
	T_EQ(trace_bounds_prove_event(b, 99, true, &value, &p), ERR_OK);
	T_CHECK(value == 0 && p.moves_n == 0 && p.turns_n == 0 && !p.gone);
	trace_proof_free(&p);
	T_EQ(trace_bounds_prove_event(b, 3, false, &value, &p), ERR_OK);
	T_CHECK(value == 20 && p.moves_n > 0 && p.turns_n > 0);
	trace_proof_free(&p);
	T_EQ(trace_bounds_prove_event(b, 3, true, &value, &p), ERR_OK);
	T_EQ(value, 60);
	trace_proof_free(&p);
	/* all of what a seed names, and it needs no cut */
	T_EQ(trace_bounds_prove_event(b, 0, false, &value, &p), ERR_OK);
	T_CHECK(value == 100 && p.turns_n == 0);
	trace_proof_free(&p);
	T_CHECK(trace_bounds_arcs(b) > 3);
	/* what a question costs is the same each time, and one unit less is not enough */
	uint64_t cost[2];

	for (unsigned turn = 0; turn < 2; turn++) {
		trace_bounds_grant(b, 1000000);
		T_EQ(trace_bounds_event(b, 3, &x), ERR_OK);
		cost[turn] = 1000000 - trace_bounds_granted(b);
	}
	T_CHECK(cost[0] == cost[1] && cost[0] > 0);
	for (uint64_t few = 0; few < cost[0]; few++) {
		trace_bounds_grant(b, few);
		x = (struct trace_interval){ 7, 7 };
		T_EQ(trace_bounds_event(b, 3, &x), ERR_TOO_LARGE);
		T_CHECK(x.lower == 7 && x.upper == 7);
	}
	T_EQ(trace_bounds_prove_event(b, 3, true, &value, &p), ERR_TOO_LARGE);
	T_EQ(trace_bounds_prove(b, &a, 1, false, &value, &p), ERR_TOO_LARGE);
	trace_bounds_grant(b, cost[0]);
	T_EQ(trace_bounds_event(b, 3, &x), ERR_OK);
	T_CHECK(x.lower == 20 && x.upper == 60 && trace_bounds_granted(b) == 0);
	trace_bounds_free(b);
	/* coins that never existed together: more than 64 bits */
	struct trace_seed two[] = { { .kind = TRACE_SEED_EVENT, .at = 0 },
				    { .kind = TRACE_SEED_EVENT, .at = 1 } };
	const struct trace_case large = { .policy = TRACE_FIFO, .seeds = two, .seeds_n = 2 };

	world_start(&w, 4);
	world_block(&w);
	(void)world_pay(&w, 0, 2, UINT64_MAX - 5, 0);
	(void)world_pay(&w, 2, 3, UINT64_MAX - 5, 1);
	world_view(&w);
	b = NULL;
	T_EQ(trace_bounds_new(&b, &large, &w.c, w.b.blocks, w.b.blocks_n, NULL), ERR_OVERFLOW);
	T_CHECK(b == NULL);
}

int main(int argc, char **argv)
{
	static const struct t_case cases[] = {
		{ "no rule leaves it", no_rule_leaves_it },
		{ "both ends are reached by some way", both_ends_are_reached },
		{ "questions", questions },
	};
	int failed = t_main(cases, ARRAY_LEN(cases), argc, argv);

	world_free(&w);
	return failed;
}
