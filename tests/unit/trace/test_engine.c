/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Goal: every rule moves exactly the units that its words say, on any ledger, with any seeds,
 * sinks, floors and ends; both engines agree to the unit; the laws of docs/trace.md hold. Method:
 * 20,000 random ledgers beside an oracle that keeps every unit as a byte (trace_oracle.h).
 */
#include "trace_oracle.h"

#include "base/pages.h"
#include "crypto/sha256.h"
#include "trace/agenda.h"
#include "trace/cells.h"
#include "trace/filter.h"
#include "trace/lists.h"

enum { LEDGERS = 20000, EVENTS_MAX = 90, AMOUNT_MAX = 30 };

static struct world w;

/* The engine over a case alone, run at once, by scan or frontier. */
static struct trace_engine *run_cases(const struct trace_case *cases, size_t n, bool frontier,
				      unsigned undo)
{
	struct trace_nexts nexts = { 0 };
	struct trace_engine *e = NULL;

	CHECK(trace_engine_new(&e, cases, n, w.accounts, undo) == ERR_OK);
	if (frontier) {
		CHECK(trace_nexts_make(&nexts, &w.c) == ERR_OK);
	}
	CHECK(trace_engine_run(e, &w.c, w.b.blocks, w.b.blocks_n, frontier ? &nexts : NULL, NULL) ==
	      ERR_OK);
	trace_nexts_free(&nexts);
	return e;
}

/* The chain as it was when it had so many blocks. */
static enum err run_to(struct trace_engine *e, size_t blocks)
{
	struct trace_columns c = w.c;

	c.n = blocks < w.b.blocks_n ? w.b.blocks[blocks].first : w.c.n;
	return trace_engine_run(e, &c, w.b.blocks, blocks, NULL, NULL);
}

static bool same_totals(const struct trace_totals *a, const struct trace_totals *b)
{
	return a->stolen == b->stolen && a->held == b->held && a->absorbed == b->absorbed &&
	       a->stopped == b->stopped && a->evaporated == b->evaporated &&
	       a->destroyed == b->destroyed && a->accounts == b->accounts &&
	       a->touched == b->touched;
}

/* The engine's intervals of an account are the oracle's stolen bytes. */
static bool same_coins(const struct trace_engine *e, unsigned k, const struct oracle *o,
		       uint32_t account)
{
	const struct trace_account a = trace_columns_account(&w.c, account, w.c.n);
	size_t settled;
	size_t n;
	const struct trace_span *p = trace_engine_spans(e, k, account, &n, &settled);
	uint64_t at = 0;

	for (size_t i = 0; i < n; i++) {
		/* on the axis of the bytes: FIFO's begins at what left, LIFO's levels at the bottom
		 */
		const uint64_t shift = o->c->policy == TRACE_LIFO && i < settled ? 0 : a.out;
		const uint64_t begin = p[i].a - shift;
		const uint64_t end = p[i].b - shift;

		if (begin < at || end > o->balance[account]) {
			return false;
		}
		for (; at < begin; at++) {
			if (o->coins[account][at] != 0) {
				return false;
			}
		}
		for (; at < end; at++) {
			if (o->coins[account][at] != 1) {
				return false;
			}
		}
	}
	for (; at < o->balance[account]; at++) {
		if (o->coins[account][at] != 0) {
			return false;
		}
	}
	return true;
}

static bool same_as_oracle(const struct trace_engine *e, unsigned k, const struct oracle *o)
{
	const struct trace_totals t = trace_engine_totals(e, k);
	const bool counts = trace_policy_counts(o->c->policy);

	if (!same_totals(&t, &o->t)) {
		return false;
	}
	for (uint32_t a = 0; a < w.accounts; a++) {
		if (trace_engine_taint(e, k, a) != (counts ? o->taint[a] : 0) ||
		    trace_engine_marked(e, k, a) != (o->taint[a] > 0) ||
		    trace_engine_rests(e, k, a) != o->rests[a] ||
		    trace_engine_hops(e, k, a) != (o->c->hops_max == 0 ? 0 : o->hops[a])) {
			return false;
		}
		/* a case that ended earlier holds intervals of a moment that is gone */
		if (oracle_bytes(o) && !trace_engine_stopped(e, k) && !same_coins(e, k, o, a)) {
			return false;
		}
	}
	return true;
}

static void print_ledger(const struct trace_case *c)
{
	printf("# policy %s, stop %d/%d, hops %u, floor %d %u/%u\n", trace_policy_name(c->policy),
	       (int)c->stop_height, (int)c->stop_time_s, c->hops_max, (int)c->floor_units,
	       c->floor_part, c->floor_whole);
	for (size_t i = 0; i < c->seeds_n; i++) {
		printf("# seed kind %d account %u at %d amount %d\n", (int)c->seeds[i].kind,
		       c->seeds[i].account, (int)c->seeds[i].at, (int)c->seeds[i].amount);
	}
	for (size_t i = 0; i < c->sinks_n; i++) {
		printf("# sink %u\n", c->sinks[i]);
	}
	for (size_t k = 0; k < w.b.blocks_n; k++) {
		printf("# block %d from %d\n", (int)w.b.blocks[k].height, (int)w.b.blocks[k].first);
	}
	for (size_t i = 0; i < w.c.n; i++) {
		printf("# %3zu: %u -> %u %d (tx %u)\n", i, w.c.from[i], w.c.to[i],
		       (int)w.c.amount[i], w.c.tx[i]);
	}
}

static void every_rule_against_bytes(void)
{
	static struct oracle o;

	for (unsigned round = 0; round < LEDGERS; round++) {
		enum trace_policy policy = (enum trace_policy)(1 + round % TRACE_POLICIES);
		struct world_case wc;
		struct hash32 digests[2];

		world_random(&w, (uint32_t)(3 + t_below(WORLD_ACCOUNTS_MAX - 3)),
			     5 + t_below(EVENTS_MAX - 30), AMOUNT_MAX);
		world_random_case(&wc, &w, policy, t_below(2) == 0);
		oracle_run(&o, &w, &wc.c, w.b.blocks_n);
		for (int frontier = 0; frontier < 2; frontier++) {
			struct trace_engine *e = run_cases(&wc.c, 1, frontier == 1, 0);
			bool same = same_as_oracle(e, 0, &o);

			trace_engine_certify(e);
			trace_engine_digest(e, &digests[frontier]);
			trace_engine_free(e);
			if (!same) {
				printf("# round %u\n", round);
				print_ledger(&wc.c);
			}
			T_CHECK(same);
		}
		T_CHECK(hash32_eq(&digests[0], &digests[1]));
	}
}

/* Up to 64 cases together are what each is alone; so are blocks one by one, certified each. */
static void many_cases_in_one_pass(void)
{
	static struct world_case wc[TRACE_CASES_MAX];
	static struct oracle o;
	struct trace_case cases[TRACE_CASES_MAX];

	for (unsigned round = 0; round < 300; round++) {
		const size_t n = round % 10 == 0 ? TRACE_CASES_MAX : 1 + t_below(TRACE_CASES_MAX);
		struct trace_engine *e = NULL;
		struct trace_engine *f;
		struct hash32 a;
		struct hash32 b;

		world_random(&w, (uint32_t)(3 + t_below(WORLD_ACCOUNTS_MAX - 3)),
			     20 + t_below(EVENTS_MAX - 30), AMOUNT_MAX);
		for (size_t k = 0; k < n; k++) {
			world_random_case(&wc[k], &w,
					  (enum trace_policy)(1 + t_below(TRACE_POLICIES)), true);
			cases[k] = wc[k].c;
		}
		T_EQ(trace_engine_new(&e, cases, n, w.accounts, 0), ERR_OK);
		for (size_t k = 1; k <= w.b.blocks_n; k++) {
			T_EQ(run_to(e, k), ERR_OK);
			T_EQ(trace_engine_blocks(e), k);
			trace_engine_certify(e);
		}
		f = run_cases(cases, n, true, 0);
		trace_engine_digest(e, &a);
		trace_engine_digest(f, &b);
		T_CHECK(hash32_eq(&a, &b));
		for (unsigned k = 0; k < n; k++) {
			oracle_run(&o, &w, &wc[k].c, w.b.blocks_n);
			T_CHECK(same_as_oracle(e, k, &o));
		}
		trace_engine_free(e);
		trace_engine_free(f);
	}
}

/* Apply k blocks, undo k blocks: the state is the same to the byte; and again forward. */
static void undo_is_exact(void)
{
	enum { UNDO = 20, CASES = TRACE_POLICIES };

	static struct world_case wc[CASES];
	struct trace_case cases[CASES];
	static struct hash32 at[256];

	for (unsigned round = 0; round < 400; round++) {
		struct trace_engine *e = NULL;
		size_t most;

		world_random(&w, (uint32_t)(3 + t_below(WORLD_ACCOUNTS_MAX - 3)),
			     20 + t_below(EVENTS_MAX - 30), AMOUNT_MAX);
		CHECK(w.b.blocks_n < ARRAY_LEN(at));
		for (unsigned k = 0; k < CASES; k++) {
			world_random_case(&wc[k], &w, (enum trace_policy)(1 + k), true);
			cases[k] = wc[k].c;
		}
		T_EQ(trace_engine_new(&e, cases, round % 2 == 0 ? CASES : 1, w.accounts, UNDO),
		     ERR_OK);
		T_EQ(trace_engine_undo_block(e), ERR_STATE);
		trace_engine_digest(e, &at[0]);
		for (size_t k = 1; k <= w.b.blocks_n; k++) {
			T_EQ(run_to(e, k), ERR_OK);
			trace_engine_digest(e, &at[k]);
		}
		most = w.b.blocks_n < UNDO ? w.b.blocks_n : UNDO;
		T_EQ(trace_engine_undoable(e), most);
		for (unsigned turn = 0; turn < 3; turn++) {
			size_t back = turn == 0 ? most : t_below(most + 1);
			size_t blocks = w.b.blocks_n;
			struct hash32 h;

			for (size_t k = 0; k < back; k++) {
				T_EQ(trace_engine_undo_block(e), ERR_OK);
				trace_engine_digest(e, &h);
				T_CHECK(hash32_eq(&h, &at[--blocks]));
				trace_engine_certify(e);
			}
			if (back == UNDO) {
				T_EQ(trace_engine_undo_block(e), ERR_STATE);
			}
			/* forward again, in one run: only its last blocks are logged */
			T_EQ(trace_engine_run(e, &w.c, w.b.blocks, w.b.blocks_n, NULL, NULL),
			     ERR_OK);
			trace_engine_digest(e, &h);
			T_CHECK(hash32_eq(&h, &at[w.b.blocks_n]));
		}
		trace_engine_free(e);
	}
}

/* A rollback to another branch: what the engine says is what one says that never saw the first. */
static void another_branch(void)
{
	enum { UNDO = 6, CASES = TRACE_POLICIES };

	static struct world_case wc[CASES];
	struct trace_case cases[CASES];

	for (unsigned round = 0; round < 400; round++) {
		struct trace_engine *e = NULL;
		struct trace_engine *fresh;
		struct hash32 a;
		struct hash32 b;
		uint32_t tx = 1000;

		world_random(&w, 8, 20 + t_below(40), AMOUNT_MAX);
		for (unsigned k = 0; k < CASES; k++) {
			world_random_case(&wc[k], &w, (enum trace_policy)(1 + k), true);
			cases[k] = wc[k].c;
		}
		/* a part may be more than there is on the other branch; the whole never is */
		for (unsigned k = 0; k < CASES; k++) {
			for (unsigned s = 0; s < WORLD_SEEDS_MAX; s++) {
				wc[k].seeds[s].amount = 0;
			}
		}
		T_EQ(trace_engine_new(&e, cases, CASES, w.accounts, UNDO), ERR_OK);
		T_EQ(trace_engine_run(e, &w.c, w.b.blocks, w.b.blocks_n, NULL, NULL), ERR_OK);
		for (uint64_t k = 1 + t_below(UNDO); k > 0 && w.b.blocks_n > 1; k--) {
			T_EQ(trace_columns_builder_undo_block(&w.b), ERR_OK);
			T_EQ(trace_engine_undo_block(e), ERR_OK);
		}
		for (unsigned k = 0; k < 4; k++) {
			world_block(&w);
			for (uint64_t j = t_below(5); j > 0; j--) {
				world_random_tx(&w, tx++, AMOUNT_MAX);
			}
		}
		world_view(&w);
		T_EQ(trace_engine_run(e, &w.c, w.b.blocks, w.b.blocks_n, NULL, NULL), ERR_OK);
		fresh = run_cases(cases, CASES, round % 2 == 0, 0);
		trace_engine_digest(e, &a);
		trace_engine_digest(fresh, &b);
		T_CHECK(hash32_eq(&a, &b));
		trace_engine_free(e);
		trace_engine_free(fresh);
	}
}

/*
 * Sinks that are said later, for accounts that came later, are those of a case that had them from
 * the beginning; and after blocks were taken back the same number may be somebody else's.
 */
static void sinks_that_come_later(void)
{
	enum { CASES = TRACE_POLICIES, UNDO = 20, ROUNDS = 400 };
	struct trace_case cases[CASES], before[CASES];
	struct world_case wc[CASES];

	for (unsigned round = 0; round < ROUNDS; round++) {
		struct trace_engine *e = NULL;
		struct trace_engine *fresh;
		struct hash32 a, b;
		uint32_t tx = 5000, late;
		const bool again = round % 3 == 0;
		size_t first;

		world_random(&w, 6, 20 + t_below(30), AMOUNT_MAX);
		late = w.accounts;
		first = w.b.blocks_n;
		for (unsigned k = 0; k < CASES; k++) {
			world_random_case(&wc[k], &w, (enum trace_policy)(1 + k), true);
			wc[k].c.sinks_n = wc[k].c.sinks_n > 1 ? 1 : wc[k].c.sinks_n;
			before[k] = wc[k].c;
			wc[k].sinks[wc[k].c.sinks_n] = late;
			cases[k] = wc[k].c;
			cases[k].sinks_n += k % 2;
		}
		T_EQ(trace_engine_new(&e, before, CASES, w.accounts, UNDO), ERR_OK);
		T_EQ(trace_engine_run(e, &w.c, w.b.blocks, w.b.blocks_n, NULL, NULL), ERR_OK);
		for (unsigned turn = again ? 0 : 1; turn < 2; turn++) {
			T_EQ(trace_columns_builder_accounts(&w.b, late + 1), ERR_OK);
			w.accounts = late + 1;
			for (unsigned k = 0; k < 4; k++) {
				world_block(&w);
				for (uint64_t j = t_below(5); j > 0; j--) {
					world_random_tx(&w, tx++, AMOUNT_MAX);
				}
			}
			world_view(&w);
			for (unsigned k = 0; k < CASES; k++) {
				/* in the first turn the others */
				T_EQ(trace_engine_sink(e, k, late, k % 2 == turn), ERR_OK);
			}
			T_EQ(trace_engine_run(e, &w.c, w.b.blocks, w.b.blocks_n, NULL, NULL),
			     ERR_OK);
			while (turn == 0 && w.b.blocks_n > first) {
				T_EQ(trace_columns_builder_undo_block(&w.b), ERR_OK);
				T_EQ(trace_engine_undo_block(e), ERR_OK);
			}
		}
		fresh = run_cases(cases, CASES, round % 2 == 0, 0);
		trace_engine_digest(e, &a);
		trace_engine_digest(fresh, &b);
		T_CHECK(hash32_eq(&a, &b));
		for (unsigned k = 0; k < CASES; k++) {
			const bool has =
			    trace_engine_marked(e, k, late) || trace_engine_rests(e, k, late) != 0;

			T_EQ(trace_engine_sink(e, k, late, true), has ? ERR_STATE : ERR_OK);
			T_EQ(trace_engine_sink(e, k, TRACE_ISSUANCE, true), ERR_INPUT);
			T_EQ(trace_engine_sink(e, k, TRACE_COUNT_MAX, true), ERR_INPUT);
		}
		trace_engine_free(e);
		trace_engine_free(fresh);
	}
}

/* What an observer is told adds up to the totals, event by event, the same from both engines. */
struct heard {
	struct trace_totals t;
	struct sha256 h;
	size_t last;
	const struct trace_case *c;
	bool order, seeds_right;
};

static void hear(void *context, const struct trace_touch *t)
{
	struct heard *x = context;
	const uint64_t row[] = { t->kind, t->case_,  t->event, t->from,
				 t->to,   t->amount, t->moved, t->hops };

	if (t->kind == TRACE_SEEDED) {
		const struct trace_seed *s = &x->c->seeds[t->seed];

		x->seeds_right =
		    x->seeds_right &&
		    (s->kind == TRACE_SEED_EVENT ? s->at == t->event : s->account == t->to);
	}
	x->order = x->order && t->event >= x->last && t->moved <= t->amount && t->moved > 0;
	x->last = t->event;
	x->t.stolen += t->kind == TRACE_SEEDED ? t->moved : 0;
	x->t.absorbed += t->kind == TRACE_ABSORBED ? t->moved : 0;
	x->t.stopped += t->kind == TRACE_STOPPED ? t->moved : 0;
	x->t.evaporated += t->kind == TRACE_EVAPORATED ? t->moved : 0;
	x->t.destroyed += t->kind == TRACE_ENDED ? t->moved : 0;
	sha256_update(&x->h, bytes_of(row, sizeof row));
}

static void an_observer_hears_all(void)
{
	for (unsigned round = 0; round < 2000; round++) {
		struct world_case wc;
		struct heard heard[2];
		struct hash32 digest[2];

		world_random(&w, 9, 40, AMOUNT_MAX);
		world_random_case(&wc, &w, (enum trace_policy)(TRACE_HAIRCUT + round % 7), true);
		for (int frontier = 0; frontier < 2; frontier++) {
			struct heard *x = &heard[frontier];
			struct trace_nexts nexts;
			struct trace_engine *e = NULL;
			struct trace_totals t;

			*x = (struct heard){ .c = &wc.c, .order = true, .seeds_right = true };
			sha256_init(&x->h);
			T_EQ(trace_nexts_make(&nexts, &w.c), ERR_OK);
			T_EQ(trace_engine_new(&e, &wc.c, 1, w.accounts, 0), ERR_OK);
			trace_engine_observe(e, hear, x);
			T_EQ(trace_engine_run(e, &w.c, w.b.blocks, w.b.blocks_n,
					      frontier == 1 ? &nexts : NULL, NULL),
			     ERR_OK);
			t = trace_engine_totals(e, 0);
			T_EQ(x->t.stolen, t.stolen);
			T_EQ(x->t.absorbed, t.absorbed);
			T_EQ(x->t.stopped, t.stopped);
			T_EQ(x->t.evaporated, t.evaporated);
			T_EQ(x->t.destroyed, t.destroyed);
			T_CHECK(x->order);
			T_CHECK(x->seeds_right);
			sha256_final(&x->h, &digest[frontier]);
			trace_engine_free(e);
			trace_nexts_free(&nexts);
		}
		T_CHECK(hash32_eq(&digest[0], &digest[1]));
	}
}

/* Law 3, 4: what any rule marks poison marks; who is emptied holds nothing. */
static void support_and_emptying(void)
{
	for (unsigned round = 0; round < 2000; round++) {
		struct world_case wc;
		struct trace_case cases[TRACE_POLICIES];
		struct trace_engine *e;

		world_random(&w, 9, 50, AMOUNT_MAX);
		world_random_case(&wc, &w, TRACE_POISON, false);
		for (unsigned k = 0; k < TRACE_POLICIES; k++) {
			cases[k] = wc.c;
			cases[k].policy = (enum trace_policy)(k + 1);
		}
		e = run_cases(cases, TRACE_POLICIES, false, 0);
		for (unsigned k = 0; k < TRACE_POLICIES; k++) {
			for (uint32_t a = 0; a < w.accounts; a++) {
				const uint64_t has = trace_columns_builder_balance(&w.b, a);

				T_CHECK(!trace_engine_marked(e, k, a) ||
					trace_engine_marked(e, 0, a));
				T_CHECK(trace_engine_taint(e, k, a) <= has);
				T_CHECK(k == 0 || has > 0 || !trace_engine_marked(e, k, a));
			}
		}
		trace_engine_free(e);
	}
}

/* Law 11: all amounts times c, all units times c (not haircut's, which rounds). */
static void scale(void)
{
	for (unsigned round = 0; round < 2000; round++) {
		static const enum trace_policy exact[] = { TRACE_FIFO, TRACE_LIFO,
							   TRACE_TAINT_FIRST, TRACE_CLEAN_FIRST,
							   TRACE_TIHO };

		const uint64_t by = 1 + t_below(1000000);
		const enum trace_policy policy = exact[round % ARRAY_LEN(exact)];
		struct trace_columns_builder small;
		struct world_case wc;
		struct trace_engine *a;
		struct trace_engine *b = NULL;

		world_random(&w, 9, 50, AMOUNT_MAX);
		world_random_case(&wc, &w, policy, false);
		a = run_cases(&wc.c, 1, false, 0);
		small = w.b;
		w.b = (struct trace_columns_builder){ 0 };
		world_start(&w, 9);
		for (size_t k = 0, i = 0; k < small.blocks_n; k++) {
			world_block(&w);
			for (; i < (k + 1 < small.blocks_n ? small.blocks[k + 1].first : small.n);
			     i++) {
				(void)world_pay(&w, small.from[i], small.to[i],
						small.amount[i] * by, small.tx[i]);
			}
		}
		world_view(&w);
		for (size_t s = 0; s < wc.c.seeds_n; s++) {
			wc.seeds[s].amount *= by;
		}
		T_EQ(trace_engine_new(&b, &wc.c, 1, w.accounts, 0), ERR_OK);
		T_EQ(trace_engine_run(b, &w.c, w.b.blocks, w.b.blocks_n, NULL, NULL), ERR_OK);
		for (uint32_t k = 0; k < w.accounts; k++) {
			T_EQ(trace_engine_taint(b, 0, k), trace_engine_taint(a, 0, k) * by);
		}
		trace_columns_builder_free(&small);
		trace_engine_free(a);
		trace_engine_free(b);
	}
}

/* Law 6: FIFO and LIFO of two disjoint seeds is the sum; haircut within a unit an event. */
static void linearity(void)
{
	static const enum trace_policy rules[] = { TRACE_FIFO, TRACE_LIFO, TRACE_HAIRCUT };

	for (unsigned round = 0; round < 2000; round++) {
		const enum trace_policy policy = rules[round % ARRAY_LEN(rules)];
		struct trace_seed seeds[2];
		struct trace_case cases[3];
		struct trace_engine *e;

		world_random(&w, 9, 50, AMOUNT_MAX);
		/* issued coins were nobody's before: two of them are disjoint */
		for (unsigned s = 0; s < 2; s++) {
			do {
				seeds[s] = (struct trace_seed){ .kind = TRACE_SEED_EVENT,
								.at = t_below(w.c.n) };
			} while (w.c.from[seeds[s].at] != TRACE_ISSUANCE ||
				 (s == 1 && seeds[1].at == seeds[0].at));
		}
		cases[0] = (struct trace_case){ .policy = policy, .seeds = seeds, .seeds_n = 2 };
		cases[1] =
		    (struct trace_case){ .policy = policy, .seeds = &seeds[0], .seeds_n = 1 };
		cases[2] =
		    (struct trace_case){ .policy = policy, .seeds = &seeds[1], .seeds_n = 1 };
		e = run_cases(cases, 3, false, 0);
		for (uint32_t a = 0; a < w.accounts; a++) {
			const uint64_t both = trace_engine_taint(e, 0, a);
			const uint64_t sum =
			    trace_engine_taint(e, 1, a) + trace_engine_taint(e, 2, a);

			if (policy == TRACE_HAIRCUT) {
				T_CHECK((both > sum ? both - sum : sum - both) <= w.c.n);
			} else {
				T_EQ(both, sum);
			}
		}
		trace_engine_free(e);
	}
}

/* Law 5: neighbours that share no account may change places. */
static void order_of_disjoint_events(void)
{
	for (unsigned round = 0; round < 2000; round++) {
		struct trace_seed seed = { .kind = TRACE_SEED_ACCOUNT, .at = 1 };
		struct trace_case c = { .policy = (enum trace_policy)(1 + round % TRACE_POLICIES),
					.seeds = &seed,
					.seeds_n = 1 };
		struct trace_columns_builder old;
		struct trace_engine *a;
		struct trace_engine *b;

		world_random(&w, 9, 50, AMOUNT_MAX);
		seed.account = world_account(&w);
		a = run_cases(&c, 1, false, 0);
		old = w.b;
		w.b = (struct trace_columns_builder){ 0 };
		world_start(&w, 9);
		for (size_t k = 0, i = 0; k < old.blocks_n; k++) {
			const size_t end = k + 1 < old.blocks_n ? old.blocks[k + 1].first : old.n;

			world_block(&w);
			for (; i < end; i++) {
				const size_t j = i + 1;

				if (j < end && old.from[i] != old.from[j] &&
				    old.from[i] != old.to[j] && old.to[i] != old.from[j] &&
				    old.to[i] != old.to[j] && old.tx[i] != old.tx[j] &&
				    (j + 1 == end || old.tx[j + 1] != old.tx[j]) &&
				    (i == 0 || old.tx[i - 1] != old.tx[i])) {
					(void)world_pay(&w, old.from[j], old.to[j], old.amount[j],
							old.tx[j]);
					(void)world_pay(&w, old.from[i], old.to[i], old.amount[i],
							old.tx[i]);
					i = j;
				} else {
					(void)world_pay(&w, old.from[i], old.to[i], old.amount[i],
							old.tx[i]);
				}
			}
		}
		world_view(&w);
		b = run_cases(&c, 1, true, 0);
		for (uint32_t x = 0; x < w.accounts; x++) {
			T_EQ(trace_engine_taint(a, 0, x), trace_engine_taint(b, 0, x));
			T_EQ(trace_engine_marked(a, 0, x), trace_engine_marked(b, 0, x));
		}
		trace_columns_builder_free(&old);
		trace_engine_free(a);
		trace_engine_free(b);
	}
}

/* The largest amounts: products of 128 bits, exact. */
static void large_amounts(void)
{
	const uint64_t all = UINT64_MAX / 2;
	struct trace_seed seed = { .kind = TRACE_SEED_EVENT, .at = 0 };
	const struct trace_case c = { .policy = TRACE_HAIRCUT, .seeds = &seed, .seeds_n = 1 };
	struct trace_engine *e;

	world_start(&w, 5);
	world_block(&w);
	(void)world_pay(&w, 0, 2, all, 0);
	(void)world_pay(&w, 0, 2, all, 1);
	(void)world_pay(&w, 2, 3, all, 2);
	(void)world_pay(&w, 3, 4, 1, 3);
	world_view(&w);
	e = run_cases(&c, 1, false, 0);
	/* half of what is there is stolen: half of what leaves, rounded down */
	T_EQ(trace_engine_taint(e, 0, 3), all / 2);
	T_EQ(trace_engine_taint(e, 0, 2), all - all / 2);
	T_EQ(trace_engine_taint(e, 0, 4), 0);
	trace_engine_free(e);
}

static void refusals(void)
{
	const char *why = NULL;
	struct trace_seed seeds[] = { { TRACE_SEED_EVENT, 0, 0, 0 },
				      { TRACE_SEED_EVENT, 7, 0, 1 } };
	struct trace_seed bad;
	uint32_t sink = 2;
	struct trace_case c = { .policy = TRACE_FIFO, .seeds = seeds, .seeds_n = 1 };
	struct trace_blame blame = { 9, 9 };
	struct trace_engine *e = NULL;

	world_start(&w, 4);
	world_block(&w);
	(void)world_pay(&w, 0, 2, 10, 0);
	world_block(&w);
	(void)world_pay(&w, 2, 3, 4, 1);
	world_view(&w);
	T_EQ(trace_case_check(&c, 4, &why), ERR_OK);
	c.seeds_n = 2;
	T_EQ(trace_case_check(&c, 4, &why), ERR_INPUT);
	T_STR(why, "two seeds name the same coins");
	c.seeds_n = 1;
	c.policy = (enum trace_policy)0;
	T_EQ(trace_case_check(&c, 4, &why), ERR_INPUT);
	c.policy = (enum trace_policy)10;
	T_EQ(trace_case_check(&c, 4, &why), ERR_INPUT);
	T_EQ(trace_engine_new(&e, &c, 1, 4, 0), ERR_INPUT);
	c.policy = TRACE_POISON;
	c.floor_whole = 10;
	c.floor_part = 1;
	T_EQ(trace_case_check(&c, 4, &why), ERR_INPUT);
	c.policy = TRACE_FIFO;
	c.floor_part = 11;
	T_EQ(trace_case_check(&c, 4, &why), ERR_INPUT);
	c.floor_part = 0;
	c.sinks = &sink;
	c.sinks_n = 1;
	T_EQ(trace_case_check(&c, 4, &why), ERR_OK);
	sink = 4;
	T_EQ(trace_case_check(&c, 4, &why), ERR_INPUT);
	sink = TRACE_DESTROYED;
	T_EQ(trace_case_check(&c, 4, &why), ERR_INPUT);
	c.sinks_n = 0;
	c.seeds = &bad;
	bad = (struct trace_seed){ TRACE_SEED_ACCOUNT, 4, 1, 0 };
	T_EQ(trace_case_check(&c, 4, &why), ERR_INPUT);
	bad.account = TRACE_ISSUANCE;
	T_EQ(trace_case_check(&c, 4, &why), ERR_INPUT);
	bad.kind = (enum trace_seed_kind)3;
	T_EQ(trace_case_check(&c, 4, &why), ERR_INPUT);
	T_EQ(trace_engine_new(&e, &c, 0, 4, 0), ERR_INPUT);
	T_EQ(trace_engine_new(&e, &c, 65, 4, 0), ERR_INPUT);
	T_CHECK(e == NULL);

	/* more than the event moved, or the account held: which seed, and then nothing more */
	bad = (struct trace_seed){ TRACE_SEED_EVENT, 0, 1, 5 };
	T_EQ(trace_engine_new(&e, &c, 1, 4, 0), ERR_OK);
	T_EQ(trace_engine_run(e, &w.c, w.b.blocks, 2, NULL, &blame), ERR_FUNDS);
	T_EQ(blame.case_, 0);
	T_EQ(blame.seed, 0);
	T_EQ(trace_engine_run(e, &w.c, w.b.blocks, 2, NULL, &blame), ERR_STATE);
	T_EQ(trace_engine_undo_block(e), ERR_STATE);
	trace_engine_free(e);
	bad = (struct trace_seed){ TRACE_SEED_ACCOUNT, 2, 2, 7 };
	T_EQ(trace_engine_new(&e, &c, 1, 4, 0), ERR_OK);
	T_EQ(trace_engine_run(e, &w.c, w.b.blocks, 2, NULL, &blame), ERR_FUNDS);
	trace_engine_free(e);
	/* a seed that is not there yet waits; a shorter chain is another one */
	bad = (struct trace_seed){ TRACE_SEED_EVENT, 0, 2, 0 };
	T_EQ(trace_engine_new(&e, &c, 1, 4, 0), ERR_OK);
	T_EQ(trace_engine_run(e, &w.c, w.b.blocks, 2, NULL, NULL), ERR_OK);
	T_EQ(trace_engine_pending(e, 0), 1);
	T_EQ(trace_engine_run(e, &w.c, w.b.blocks, 1, NULL, NULL), ERR_STATE);
	world_block(&w);
	(void)world_pay(&w, 2, 3, 6, 2);
	world_view(&w);
	T_EQ(trace_engine_run(e, &w.c, w.b.blocks, 3, NULL, NULL), ERR_OK);
	T_EQ(trace_engine_pending(e, 0), 0);
	T_EQ(trace_engine_taint(e, 0, 3), 6);
	trace_engine_free(e);
}

static void names(void)
{
	enum trace_policy p = TRACE_FIFO;

	for (int k = 1; k <= TRACE_POLICIES; k++) {
		T_EQ(trace_policy_parse(&p, bytes_str(trace_policy_name((enum trace_policy)k))),
		     ERR_OK);
		T_EQ(p, k);
	}
	T_EQ(trace_policy_parse(&p, bytes_str("Fifo")), ERR_NOT_FOUND);
	T_EQ(p, TRACE_POLICIES);
}

/* Both filters find the same next event, wherever they begin and whatever is marked. */
static void filters_agree(void)
{
	enum { N = 3000, ACCOUNTS = 5000, WORDS = (ACCOUNTS + 31) / 32 };

	static uint32_t from[N];
	static uint32_t bits[WORDS];

	for (unsigned round = 0; round < 60; round++) {
		const uint64_t rare = (uint64_t)1 << t_below(14);

		for (unsigned i = 0; i < N; i++) {
			from[i] = (uint32_t)t_below(ACCOUNTS);
		}
		memset(bits, 0, sizeof bits);
		for (uint32_t a = 0; a < ACCOUNTS; a++) {
			bits[a / 32] |= (uint32_t)(t_below(rare) == 0) << a % 32;
		}
		for (size_t begin = 0; begin <= N; begin += 1 + t_below(40)) {
			const size_t end = begin + t_below(N - begin + 1);
			size_t want = begin;

			while (want < end && (bits[from[want] / 32] >> from[want] % 32 & 1) == 0) {
				want++;
			}
			T_EQ(filter_next(from, begin, end, bits), want);
			T_EQ(filter_next_plain(from, begin, end, bits), want);
		}
	}
}

/* What both say of a window is what looking at each sender says, and they read no further. */
static void windows_agree(void)
{
	enum { ACCOUNTS = 100, WORDS = (ACCOUNTS + 31) / 32 };

	for (unsigned round = 0; round < 2000; round++) {
		const size_t n = t_below(FILTER_WINDOW + 1);
		const uint32_t account = (uint32_t)t_below(ACCOUNTS);
		/* what is read behind the last sender is not ours */
		uint32_t *from = malloc((n == 0 ? 1 : n) * sizeof *from);
		uint32_t bits[WORDS] = { 0 };
		uint64_t marked = 0;
		uint64_t equal = 0;

		CHECK(from != NULL);
		for (uint32_t a = 0; a < ACCOUNTS; a++) {
			bits[a / 32] |= (uint32_t)(t_below(3) == 0) << a % 32;
		}
		for (size_t i = 0; i < n; i++) {
			from[i] = t_below(4) == 0 ? account : (uint32_t)t_below(ACCOUNTS);
			marked |= (uint64_t)(bits[from[i] / 32] >> from[i] % 32 & 1) << i;
			equal |= (uint64_t)(from[i] == account) << i;
		}
		T_EQ(filter_window(from, n, bits), marked);
		T_EQ(filter_window_plain(from, n, bits), marked);
		T_EQ(filter_equal(from, n, account), equal);
		T_EQ(filter_equal_plain(from, n, account), equal);
		free(from);
	}
}

static void hear_nothing(void *context, const struct trace_touch *t)
{
	*(size_t *)context += t->moved > 0;
}

/* Long ledgers in which most senders are marked: the loops that ask memory ahead. */
static void dense_ledgers(void)
{
	enum { EVENTS = 20000 };

	size_t heard = 0;

	for (unsigned round = 0; round < 2 * TRACE_POLICIES; round++) {
		struct world_case wc;
		struct trace_engine *e[3] = { NULL };
		struct hash32 h[3];

		world_random(&w, 200, EVENTS, 1000);
		world_random_case(&wc, &w, (enum trace_policy)(1 + round % TRACE_POLICIES), false);
		wc.seeds[0] = (struct trace_seed){ .kind = TRACE_SEED_EVENT, .at = round };
		e[0] = run_cases(&wc.c, 1, false, 0);
		e[1] = run_cases(&wc.c, 1, true, 0);
		T_EQ(trace_engine_new(&e[2], &wc.c, 1, w.accounts, 0), ERR_OK);
		trace_engine_observe(e[2], hear_nothing, &heard);
		T_EQ(trace_engine_run(e[2], &w.c, w.b.blocks, w.b.blocks_n, NULL, NULL), ERR_OK);
		for (unsigned k = 0; k < 3; k++) {
			trace_engine_certify(e[k]);
			trace_engine_digest(e[k], &h[k]);
			trace_engine_free(e[k]);
		}
		T_CHECK(hash32_eq(&h[0], &h[1]));
		T_CHECK(hash32_eq(&h[0], &h[2]));
	}
	/* the ledgers are not idle */
	T_CHECK(heard > EVENTS);
}

/* What stands beside each event is what looking through the rest of the ledger finds. */
static void nexts_are_found(void)
{
	for (unsigned round = 0; round < 300; round++) {
		struct trace_nexts x = { 0 };

		world_random(&w, (uint32_t)(3 + t_below(WORLD_ACCOUNTS_MAX - 3)),
			     5 + t_below(EVENTS_MAX - 30), AMOUNT_MAX);
		T_EQ(trace_nexts_make(&x, &w.c), ERR_OK);
		T_EQ(x.n, w.c.n);
		for (size_t i = 0; i < w.c.n; i++) {
			size_t sender = i + 1;
			size_t receiver = i + 1;

			while (sender < w.c.n && w.c.from[sender] != w.c.from[i]) {
				sender++;
			}
			while (receiver < w.c.n && w.c.from[receiver] != w.c.to[i]) {
				receiver++;
			}
			T_EQ(x.at[i].from, w.c.from[i]);
			T_EQ(x.at[i].to, w.c.to[i]);
			T_EQ(x.at[i].amount, w.c.amount[i]);
			T_EQ(x.at[i].balance, w.c.balance[i]);
			T_EQ(x.at[i].sender, sender);
			T_EQ(x.at[i].receiver, receiver);
			T_EQ(trace_nexts_find(&w.c, w.c.from[i], i), i);
			T_EQ(trace_nexts_find(&w.c, w.c.to[i], i + 1), receiver);
		}
		trace_nexts_free(&x);
		T_CHECK(x.at == NULL);
		trace_nexts_free(&x);
	}
}

/* The agenda is a set in order, from one event to so many that most of its words are empty. */
static void agenda_is_a_set(void)
{
	enum { N = 70000 };

	static bool there[N + 1];

	for (unsigned round = 0; round < 40; round++) {
		const size_t n = round < 3 ? round : 1 + t_below(N);
		struct agenda a = { 0 };
		size_t puts = n == 0 ? 0 : t_below(round % 2 == 0 ? 20 : 2 * n);
		size_t want = n;

		memset(there, 0, sizeof there);
		T_EQ(agenda_make(&a, n), ERR_OK);
		T_EQ(agenda_next(&a, 0), n);
		for (; puts > 0; puts--) {
			const size_t i = t_below(n);

			T_EQ(agenda_put(&a, i), !there[i]);
			there[i] = true;
		}
		T_CHECK(!agenda_put(&a, n));
		for (size_t i = n + 1; i-- > 0;) {
			want = there[i] ? i : want;
			if (agenda_next(&a, i) != want) {
				T_EQ(agenda_next(&a, i), want);
			}
		}
		agenda_free(&a);
		agenda_free(&a);
	}
}

/* Every account has its own cell, which stays where it is and begins as zero. */
static void cells_are_apart(void)
{
	enum { ACCOUNTS = 3000000, TOUCHED = 50000 };

	struct cells c = { 0 };
	static uint64_t *at[TOUCHED];
	static uint32_t account[TOUCHED];

	T_EQ(cells_reserve(&c, 10), ERR_OK);
	T_EQ(cells_reserve(&c, ACCOUNTS), ERR_OK);
	T_EQ(cells_get(&c, ACCOUNTS - 1), 0);
	for (uint32_t k = 0; k < TOUCHED; k++) {
		/* each once: 59 has no factor in common with the number of accounts */
		account[k] = (uint32_t)((uint64_t)k * 59 % ACCOUNTS);
		at[k] = cells_ref(&c, account[k]);
		CHECK(at[k] != NULL);
		T_EQ(*at[k], 0);
		*at[k] = (uint64_t)k + 1;
	}
	for (uint32_t k = 0; k < TOUCHED; k++) {
		T_CHECK(cells_ref(&c, account[k]) == at[k]);
		T_EQ(cells_get(&c, account[k]), (uint64_t)k + 1);
	}
	cells_free(&c);
	T_CHECK(c.pages == NULL && c.pieces == NULL);
	cells_free(&c);
}

/* A table made flat says the same, is written at the same places by both ways, and grows. */
static void cells_made_flat(void)
{
	static const uint32_t sizes[] = { 1, CELLS_PAGE, CELLS_PAGE + 1, 5000, 400000 };

	struct cells c = { 0 };
	static uint64_t want[400000 + CELLS_PAGE];

	memset(want, 0, sizeof want);
	for (size_t k = 0; k < ARRAY_LEN(sizes); k++) {
		const uint32_t n = sizes[k];
		const uint64_t *flat;

		T_EQ(cells_reserve(&c, n), ERR_OK);
		for (uint32_t i = 0; i < n / 3 + 1; i++) {
			const uint32_t account = (uint32_t)t_below(n);

			want[account] = 1 + t_below(1000);
			*cells_ref(&c, account) = want[account];
		}
		/* the last places, too, which may lie in pages that were added just now */
		want[n - 1]++;
		++*cells_ref(&c, n - 1);
		T_EQ(cells_flatten(&c), ERR_OK);
		T_CHECK(c.flat_n >= n && c.pieces == NULL);
		flat = c.flat;
		T_EQ(cells_flatten(&c), ERR_OK);
		T_CHECK(c.flat == flat);
		for (uint32_t a = 0; a < n; a++) {
			CHECK(cells_get(&c, a) == want[a] && cells_ref(&c, a) == &c.flat[a]);
			CHECK(c.pages[a >> CELLS_SHIFT] + (a & (CELLS_PAGE - 1)) == &c.flat[a]);
		}
	}
	cells_free(&c);
	T_CHECK(c.flat == NULL && c.flat_n == 0);
	cells_free(&c);
}

/* One in which accounts come later; what the first have goes round. */
static void grow_world(uint32_t accounts, size_t events)
{
	enum { FIRST = 8, BLOCK = 6 };

	world_start(&w, accounts);
	world_block(&w);
	for (uint32_t a = 0; a < FIRST; a++) {
		(void)world_pay(&w, TRACE_ISSUANCE, TRACE_ACCOUNTS_RESERVED + a, 1000000, a);
	}
	for (size_t i = FIRST; i < events; i++) {
		const uint64_t most = accounts - TRACE_ACCOUNTS_RESERVED - FIRST;
		const uint64_t known = FIRST + most * i / events;
		const uint32_t from = TRACE_ACCOUNTS_RESERVED + (uint32_t)t_below(known);
		const uint32_t to = TRACE_ACCOUNTS_RESERVED + (uint32_t)t_below(known);
		const uint64_t has = trace_columns_builder_balance(&w.b, from);

		if (i % BLOCK == 0) {
			world_block(&w);
		}
		if (has > 0) {
			(void)world_pay(&w, from, to, 1 + t_below(has), (uint32_t)i);
		}
	}
	world_view(&w);
}

/* The table of a case that is followed densely grows with the accounts. */
static void dense_ledgers_grow(void)
{
	enum { ACCOUNTS = 1000, EVENTS = 40000, PARTS = 4 };

	for (unsigned round = 0; round < TRACE_POLICIES; round++) {
		const struct trace_seed seed = { .kind = TRACE_SEED_EVENT, .at = round };
		const struct world_case wc = { .c = { .policy = (enum trace_policy)(1 + round),
						      .seeds = &seed,
						      .seeds_n = 1 } };
		struct trace_engine *e[2] = { NULL };
		struct hash32 h[2];

		grow_world(ACCOUNTS, EVENTS);
		e[0] = run_cases(&wc.c, 1, false, 0);
		T_EQ(trace_engine_new(&e[1], &wc.c, 1, 0, 0), ERR_OK);
		for (size_t k = 1; k <= PARTS; k++) {
			const size_t blocks = w.b.blocks_n * k / PARTS;
			struct trace_columns c = w.c;

			if (blocks < w.b.blocks_n) {
				c.n = (size_t)w.b.blocks[blocks].first;
			}
			c.accounts_n = TRACE_ACCOUNTS_RESERVED;
			for (size_t i = 0; i < c.n; i++) {
				const uint32_t most = c.from[i] > c.to[i] ? c.from[i] : c.to[i];

				c.accounts_n = most >= c.accounts_n ? most + 1 : c.accounts_n;
			}
			T_EQ(trace_engine_run(e[1], &c, w.b.blocks, blocks, NULL, NULL), ERR_OK);
			trace_engine_certify(e[1]);
		}
		for (unsigned k = 0; k < 2; k++) {
			trace_engine_certify(e[k]);
			trace_engine_digest(e[k], &h[k]);
			trace_engine_free(e[k]);
		}
		T_CHECK(hash32_eq(&h[0], &h[1]));
	}
}

/* Memory of every size is zero, writable to its last byte, and aligned where it is large. */
static void pages_of_every_size(void)
{
	const size_t sizes[] = { 1,           4096,
				 4097,        PAGES_LARGE - 1,
				 PAGES_LARGE, PAGES_LARGE + 1,
				 7654321,     4 * PAGES_LARGE };

	for (size_t k = 0; k < ARRAY_LEN(sizes); k++) {
		uint8_t *p = pages_take(sizes[k]);

		CHECK(p != NULL);
		T_CHECK(sizes[k] < PAGES_LARGE || ((uintptr_t)p & (PAGES_LARGE - 1)) == 0);
		T_EQ(p[0] | p[sizes[k] - 1] | p[sizes[k] / 2], 0);
		p[0] = 1;
		p[sizes[k] - 1] = 1;
		pages_give(p, sizes[k]);
	}
	pages_give(NULL, 0);
	/* more of it: what was there stays, what is new is zero, large ones begin where they must
	 */
	for (size_t k = 0; k + 1 < ARRAY_LEN(sizes); k++) {
		const size_t old = sizes[k], bytes = sizes[k + 1];
		uint8_t *p = pages_take(old);
		size_t wrong = 0;

		T_CHECK(p != NULL);
		for (size_t i = 0; i < old; i++) {
			p[i] = (uint8_t)(i * 7 + k);
		}
		p = pages_more(p, old, bytes);
		T_CHECK(p != NULL);
		T_CHECK(bytes < PAGES_LARGE || ((uintptr_t)p & (PAGES_LARGE - 1)) == 0);
		for (size_t i = 0; i < bytes; i++) {
			wrong += p[i] != (i < old ? (uint8_t)(i * 7 + k) : 0);
		}
		T_EQ(wrong, 0);
		T_CHECK(pages_more(p, bytes, SIZE_MAX / 4) == NULL);
		T_EQ(p[0], (uint8_t)k);
		pages_give(p, bytes);
	}
	T_CHECK(pages_take(SIZE_MAX) == NULL);
	T_CHECK(pages_take(SIZE_MAX / 4) == NULL);
}

/* Some blocks by the scan, some by the frontier, in any order: the same bytes. */
static void engines_in_turn(void)
{
	enum { CASES = TRACE_POLICIES };

	static struct world_case wc[CASES];
	struct trace_case cases[CASES];

	for (unsigned round = 0; round < 400; round++) {
		const size_t n = round % 2 == 0 ? CASES : 1;
		struct trace_engine *mixed = NULL;
		struct trace_engine *one;
		struct hash32 a;
		struct hash32 b;

		world_random(&w, (uint32_t)(3 + t_below(WORLD_ACCOUNTS_MAX - 3)),
			     20 + t_below(EVENTS_MAX - 30), AMOUNT_MAX);
		for (unsigned k = 0; k < CASES; k++) {
			world_random_case(&wc[k], &w,
					  (enum trace_policy)(1 + (k + round) % TRACE_POLICIES),
					  true);
			cases[k] = wc[k].c;
		}
		T_EQ(trace_engine_new(&mixed, cases, n, w.accounts, 3), ERR_OK);
		for (size_t blocks = 0; blocks < w.b.blocks_n;) {
			struct trace_columns c = w.c;
			struct trace_nexts x = { 0 };

			blocks += 1 + t_below(w.b.blocks_n - blocks);
			c.n = blocks < w.b.blocks_n ? w.b.blocks[blocks].first : w.c.n;
			T_EQ(trace_nexts_make(&x, &c), ERR_OK);
			T_EQ(trace_engine_run(mixed, &c, w.b.blocks, blocks,
					      t_below(3) > 0 ? &x : NULL, NULL),
			     ERR_OK);
			trace_nexts_free(&x);
			trace_engine_certify(mixed);
		}
		one = run_cases(cases, n, false, 0);
		trace_engine_digest(mixed, &a);
		trace_engine_digest(one, &b);
		T_CHECK(hash32_eq(&a, &b));
		/* those of another ledger are refused */
		{
			struct trace_nexts x = { .n = w.c.n + 1 };

			T_EQ(trace_engine_run(one, &w.c, w.b.blocks, w.b.blocks_n, &x, NULL),
			     ERR_STATE);
		}
		trace_engine_free(mixed);
		trace_engine_free(one);
	}
}

struct told {
	unsigned n;
	enum trace_touch_kind kind[4];
};

static void tell_kind(void *context, const struct trace_touch *t)
{
	struct told *x = context;

	CHECK(x->n < ARRAY_LEN(x->kind));
	x->kind[x->n++] = t->kind;
}

/*
 * A sink absorbs whatever comes, a seed too: poison does not mark it, whether the seed is a
 * transfer to it or what it holds, so that nothing is followed beyond it.
 */
static void poison_stops_at_sinks(void)
{
	static const enum trace_policy rules[] = { TRACE_POISON, TRACE_POISON_EMPTIED };

	const uint32_t exchange = 2;

	for (unsigned round = 0; round < 8; round++) {
		const bool frontier = (round & 1) != 0;
		const struct trace_seed seed =
		    (round & 2) != 0 ? (struct trace_seed){ .kind = TRACE_SEED_ACCOUNT,
							    .account = exchange,
							    .at = 1 }
				     : (struct trace_seed){ .kind = TRACE_SEED_EVENT, .at = 0 };
		const struct trace_case c = { .policy = rules[round >> 2],
					      .seeds = &seed,
					      .seeds_n = 1,
					      .sinks = &exchange,
					      .sinks_n = 1 };
		struct trace_nexts x = { 0 };
		struct trace_engine *e = NULL;
		struct told told = { 0 };

		world_start(&w, 4);
		world_block(&w);
		(void)world_pay(&w, TRACE_ISSUANCE, exchange, 10, 0);
		world_block(&w);
		(void)world_pay(&w, exchange, 3, 4, 1);
		world_view(&w);
		T_EQ(trace_nexts_make(&x, &w.c), ERR_OK);
		T_EQ(trace_engine_new(&e, &c, 1, 4, 0), ERR_OK);
		trace_engine_observe(e, tell_kind, &told);
		T_EQ(
		    trace_engine_run(e, &w.c, w.b.blocks, w.b.blocks_n, frontier ? &x : NULL, NULL),
		    ERR_OK);
		T_CHECK(!trace_engine_marked(e, 0, exchange));
		T_CHECK(!trace_engine_marked(e, 0, 3));
		T_EQ(trace_engine_pending(e, 0), 0);
		T_EQ(trace_engine_totals(e, 0).touched, 0);
		T_EQ(told.n, 2);
		T_EQ(told.kind[0], TRACE_SEEDED);
		T_EQ(told.kind[1], TRACE_ABSORBED);
		trace_engine_free(e);
		trace_nexts_free(&x);
	}
}

/* The search that guesses finds what looking at each finds, however uneven the list. */
static void lists_find(void)
{
	for (unsigned round = 0; round < 40; round++) {
		struct trace_lists l = { 0 };
		uint32_t tx = 0;

		world_start(&w, 4);
		world_block(&w);
		(void)world_pay(&w, TRACE_ISSUANCE, 2, 1000000, 0);
		(void)world_pay(&w, TRACE_ISSUANCE, 3, 1000000, 0);
		while (w.b.n < 2000) {
			/* bursts of one sender, long and short */
			const uint32_t from = (uint32_t)(2 + t_below(2));

			for (uint64_t k = 1 + t_below(round % 2 == 0 ? 600 : 3); k > 0; k--) {
				(void)world_pay(&w, from, from, 1, tx++);
			}
		}
		world_view(&w);
		T_EQ(trace_lists_make(&l, &w.c, w.c.from), ERR_OK);
		for (uint32_t a = 0; a < 4; a++) {
			uint32_t want = l.start[a];

			for (uint32_t event = 0; event <= w.c.n; event++) {
				while (want < l.start[a + 1] && l.events[want] < event) {
					want++;
				}
				T_EQ(trace_lists_find(&l, a, event), want);
			}
		}
		trace_lists_free(&l);
	}
}

int main(int argc, char **argv)
{
	static const struct t_case cases[] = {
		{ "every rule against queues, stacks and counting", every_rule_against_bytes },
		{ "many cases in one pass, block by block", many_cases_in_one_pass },
		{ "undo is exact to the byte", undo_is_exact },
		{ "another branch of the chain", another_branch },
		{ "sinks that come later", sinks_that_come_later },
		{ "an observer hears all that moves", an_observer_hears_all },
		{ "poison covers every rule; who is emptied is clean", support_and_emptying },
		{ "scale", scale },
		{ "linearity", linearity },
		{ "order of disjoint events", order_of_disjoint_events },
		{ "the largest amounts", large_amounts },
		{ "what makes no sense is refused", refusals },
		{ "names", names },
		{ "both filters agree", filters_agree },
		{ "a window of senders by both filters", windows_agree },
		{ "long ledgers with most senders marked", dense_ledgers },
		{ "the same with accounts that come later", dense_ledgers_grow },
		{ "a search in the lists", lists_find },
		{ "the next outflows beside an event", nexts_are_found },
		{ "an agenda is a set in order", agenda_is_a_set },
		{ "cells are apart and stay", cells_are_apart },
		{ "a table of cells made flat", cells_made_flat },
		{ "pages of every size", pages_of_every_size },
		{ "scan and frontier in turn", engines_in_turn },
		{ "poison stops at sinks", poison_stops_at_sinks },
	};
	int failed = t_main(cases, ARRAY_LEN(cases), argc, argv);

	world_free(&w);
	return failed;
}
