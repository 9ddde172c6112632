/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Goal: what a thief does against tracers. Each case says which rule it defeats, shows that it
 * does, and shows that the interval still tells the truth. Method: the thief's transfers as a
 * ledger, every rule over it; for each rule and account L <= taint <= U, always.
 */
#include "trace_world.h"

#include "trace/bounds.h"

enum { CUSTOMER = 2, THIEF = 3, SECOND = 4, EXCHANGE = 5, HUB = 6, FIRST_OTHER = 7 };

static struct world w;
static struct trace_engine *e;
static struct trace_bounds *b;

/* Rules are cases in the order of their numbers. */
static unsigned rule(enum trace_policy p)
{
	return (unsigned)p - 1;
}

static void forget(void)
{
	trace_engine_free(e);
	trace_bounds_free(b);
	e = NULL;
	b = NULL;
}

/* Every rule over the ledger as it is; the seed, the sinks and the floor are those of `c`. */
static void trace_all(const struct trace_case *c)
{
	struct trace_case cases[TRACE_POLICIES];

	world_view(&w);
	forget();
	for (unsigned k = 0; k < TRACE_POLICIES; k++) {
		cases[k] = *c;
		cases[k].policy = (enum trace_policy)(k + 1);
	}
	CHECK(trace_engine_new(&e, cases, TRACE_POLICIES, w.accounts, 4) == ERR_OK);
	CHECK(trace_engine_run(e, &w.c, w.b.blocks, w.b.blocks_n, NULL, NULL) == ERR_OK);
	trace_engine_certify(e);
	CHECK(trace_bounds_new(&b, c, &w.c, w.b.blocks, w.b.blocks_n, NULL) == ERR_OK);
}

static struct trace_interval of_account(uint32_t account)
{
	struct trace_interval x;

	CHECK(trace_bounds_accounts(b, &account, 1, &x) == ERR_OK);
	return x;
}

static struct trace_interval of_event(size_t event)
{
	struct trace_interval x;

	CHECK(trace_bounds_event(b, event, &x) == ERR_OK);
	return x;
}

/* No rule that counts is outside, in any account. */
static bool inside(void)
{
	for (uint32_t a = TRACE_ACCOUNTS_RESERVED; a < w.accounts; a++) {
		const struct trace_interval x = of_account(a);

		for (unsigned k = rule(TRACE_HAIRCUT); k < TRACE_POLICIES; k++) {
			const uint64_t t =
			    trace_engine_taint(e, k, a) + trace_engine_rests(e, k, a);

			if (t < x.lower || t > x.upper) {
				return false;
			}
		}
	}
	return true;
}

/* 1000 units are stolen from the customer; the thief has `own` units of his own, older or newer. */
static struct trace_seed theft(uint32_t accounts, uint64_t own, bool own_first)
{
	struct trace_seed seed = { .kind = TRACE_SEED_EVENT };

	world_start(&w, accounts);
	world_block(&w);
	(void)world_pay(&w, TRACE_ISSUANCE, CUSTOMER, 1000, 0);
	if (own > 0 && own_first) {
		(void)world_pay(&w, TRACE_ISSUANCE, THIEF, own, 1);
	}
	seed.at = world_pay(&w, CUSTOMER, THIEF, 1000, 2);
	if (own > 0 && !own_first) {
		(void)world_pay(&w, TRACE_ISSUANCE, THIEF, own, 3);
	}
	world_block(&w);
	return seed;
}

/* Defeats poison. A floor keeps the mark off them; what it gives up is counted. */
static void dust(void)
{
	enum { STRANGERS = 20, DUST = 2 };

	struct trace_seed seed = theft(FIRST_OTHER + STRANGERS, 0, false);
	struct trace_case c = { .seeds = &seed, .seeds_n = 1 };

	for (uint32_t k = 0; k < STRANGERS; k++) {
		(void)world_pay(&w, TRACE_ISSUANCE, FIRST_OTHER + k, 500, 10 + k);
		(void)world_pay(&w, THIEF, FIRST_OTHER + k, DUST, 50 + k);
	}
	trace_all(&c);
	T_EQ(trace_engine_totals(e, rule(TRACE_POISON)).accounts, STRANGERS + 1);
	for (uint32_t k = 0; k < STRANGERS; k++) {
		/* two units of 502: that is all that any rule can say of a stranger */
		T_EQ(of_account(FIRST_OTHER + k).upper, DUST);
		T_EQ(of_account(FIRST_OTHER + k).lower, DUST);
	}
	T_CHECK(inside());
	c.floor_units = DUST + 1;
	trace_all(&c);
	T_EQ(trace_engine_totals(e, rule(TRACE_POISON)).accounts, 1);
	for (unsigned k = rule(TRACE_HAIRCUT); k < TRACE_POLICIES; k++) {
		T_EQ(trace_engine_totals(e, k).evaporated, STRANGERS * DUST);
		T_EQ(trace_engine_taint(e, k, THIEF), 1000 - STRANGERS * DUST);
	}
}

/* Defeats marks on accounts (the mosaic tag of 2018), under every rule; not seeds of events. */
static void tag_race(void)
{
	struct trace_seed seed = theft(FIRST_OTHER + 3, 0, false);
	/* the tag is on the account when the coins have gone */
	struct trace_seed tag = { .kind = TRACE_SEED_ACCOUNT, .account = THIEF, .at = 3 };
	const struct trace_case late = { .seeds = &tag, .seeds_n = 1 };
	const struct trace_case c = { .seeds = &seed, .seeds_n = 1 };

	(void)world_pay(&w, THIEF, SECOND, 1000, 10);
	world_block(&w);
	(void)world_pay(&w, SECOND, EXCHANGE, 1000, 11);
	trace_all(&late);
	for (unsigned k = rule(TRACE_HAIRCUT); k < TRACE_POLICIES; k++) {
		T_EQ(trace_engine_totals(e, k).stolen, 0);
	}
	T_CHECK(!trace_engine_marked(e, rule(TRACE_POISON), EXCHANGE));
	trace_all(&c);
	for (unsigned k = rule(TRACE_HAIRCUT); k < TRACE_POLICIES; k++) {
		T_EQ(trace_engine_taint(e, k, EXCHANGE), 1000);
	}
	T_EQ(of_account(EXCHANGE).lower, 1000);
	T_CHECK(inside());
}

/* Defeats whoever looks only a few hops far; the result says what it gave up, and where. */
static void one_time_addresses(void)
{
	enum { HOPS = 60 };

	struct trace_seed seed = theft(FIRST_OTHER + HOPS, 0, false);
	struct trace_case c = { .seeds = &seed, .seeds_n = 1, .hops_max = 3 };
	uint32_t at = THIEF;

	for (uint32_t k = 0; k < HOPS; k++) {
		(void)world_pay(&w, at, FIRST_OTHER + k, 1000, 10 + k);
		at = FIRST_OTHER + k;
	}
	(void)world_pay(&w, at, EXCHANGE, 1000, 99);
	trace_all(&c);
	for (unsigned k = rule(TRACE_HAIRCUT); k < TRACE_POLICIES; k++) {
		T_EQ(trace_engine_totals(e, k).stopped, 1000);
		T_EQ(trace_engine_rests(e, k, FIRST_OTHER + 2), 1000);
		T_EQ(trace_engine_taint(e, k, EXCHANGE), 0);
	}
	/* the interval does not stop */
	T_EQ(of_account(EXCHANGE).lower, 1000);
	c.hops_max = 0;
	trace_all(&c);
	for (unsigned k = rule(TRACE_HAIRCUT); k < TRACE_POLICIES; k++) {
		T_EQ(trace_engine_taint(e, k, EXCHANGE), 1000);
	}
	T_CHECK(inside());
}

/* Defeats FIFO (he turns his queue round) and taint-first (an account of his own is washed). */
static void washing_by_self_transfer(void)
{
	struct trace_seed seed = theft(FIRST_OTHER, 1000, false);
	const struct trace_case c = { .seeds = &seed, .seeds_n = 1 };
	const uint32_t his[] = { THIEF, SECOND, EXCHANGE };
	struct trace_interval x;
	size_t deposit;

	(void)world_pay(&w, THIEF, THIEF, 1000, 10);
	deposit = world_pay(&w, THIEF, EXCHANGE, 1000, 11);
	trace_all(&c);
	T_EQ(trace_engine_taint(e, rule(TRACE_FIFO), EXCHANGE), 0);
	T_EQ(trace_engine_taint(e, rule(TRACE_HAIRCUT), EXCHANGE), 500);
	T_EQ(trace_engine_taint(e, rule(TRACE_TAINT_FIRST), EXCHANGE), 1000);
	/* of this deposit nothing can be said without a rule, and the interval says so */
	T_EQ(of_event(deposit).lower, 0);
	T_EQ(of_event(deposit).upper, 1000);
	/* but what he and the exchange have together is not in doubt */
	T_EQ(trace_bounds_accounts(b, his, ARRAY_LEN(his), &x), ERR_OK);
	T_EQ(x.lower, 1000);
	T_CHECK(inside());

	seed = theft(FIRST_OTHER, 1000, true);
	(void)world_pay(&w, THIEF, SECOND, 1000, 10); /* to himself, by another account */
	deposit = world_pay(&w, THIEF, EXCHANGE, 1000, 11);
	trace_all(&c);
	T_EQ(trace_engine_taint(e, rule(TRACE_TAINT_FIRST), EXCHANGE), 0);
	T_EQ(trace_engine_taint(e, rule(TRACE_CLEAN_FIRST), EXCHANGE), 1000);
	T_EQ(trace_engine_taint(e, rule(TRACE_FIFO), EXCHANGE), 1000);
	T_EQ(of_event(deposit).upper, 1000);
	T_CHECK(inside());
}

/* Defeats LIFO and clean-first: stolen coins lie at the bottom while others pass above them. */
static void hiding_below_a_floor(void)
{
	enum { ROUNDS = 30 };

	struct trace_seed seed = theft(FIRST_OTHER, 0, false);
	const struct trace_case c = { .seeds = &seed, .seeds_n = 1 };

	(void)world_pay(&w, THIEF, HUB, 1000, 10);
	for (uint32_t k = 0; k < ROUNDS; k++) {
		(void)world_pay(&w, TRACE_ISSUANCE, HUB, 1000, 100 + 2 * k);
		(void)world_pay(&w, HUB, EXCHANGE, 1000, 101 + 2 * k);
	}
	trace_all(&c);
	T_EQ(trace_engine_taint(e, rule(TRACE_LIFO), HUB), 1000);
	T_EQ(trace_engine_taint(e, rule(TRACE_CLEAN_FIRST), HUB), 1000);
	T_EQ(trace_engine_taint(e, rule(TRACE_FIFO), EXCHANGE), 1000);
	T_CHECK(trace_engine_taint(e, rule(TRACE_HAIRCUT), EXCHANGE) > 990);
	T_EQ(of_account(HUB).lower, 0);
	T_EQ(of_account(HUB).upper, 1000);
	T_CHECK(inside());
}

/*
 * Defeats poison, and every rule with sinks if the labels are believed: strangers are called
 * thieves, and the thief's account an exchange. Cases keep apart, and what a false sink took is in
 * its row.
 */
static void label_bomb(void)
{
	struct trace_seed seed = theft(FIRST_OTHER + 30, 0, false);
	struct trace_seed lies[TRACE_CASES_MAX];
	struct trace_case cases[TRACE_CASES_MAX];
	const uint32_t false_sink = SECOND;
	struct trace_case c = { .policy = TRACE_HAIRCUT, .seeds = &seed, .seeds_n = 1 };
	struct trace_engine *many = NULL;
	struct trace_totals t;

	for (uint32_t k = 0; k < 30; k++) {
		(void)world_pay(&w, TRACE_ISSUANCE, FIRST_OTHER + k, 100, 10 + k);
	}
	world_block(&w);
	(void)world_pay(&w, FIRST_OTHER, EXCHANGE, 100, 50);
	(void)world_pay(&w, THIEF, SECOND, 1000, 51);
	(void)world_pay(&w, SECOND, EXCHANGE, 600, 52);
	world_view(&w);
	for (unsigned k = 0; k < TRACE_CASES_MAX; k++) {
		lies[k] = (struct trace_seed){ .kind = TRACE_SEED_ACCOUNT,
					       .account = FIRST_OTHER + k % 30,
					       .at = 2 };
		cases[k] = c;
		if (k != 7) {
			cases[k].seeds = &lies[k];
			cases[k].policy = (enum trace_policy)(1 + k % TRACE_POLICIES);
		}
	}
	T_EQ(trace_engine_new(&many, cases, TRACE_CASES_MAX, w.accounts, 0), ERR_OK);
	T_EQ(trace_engine_run(many, &w.c, w.b.blocks, w.b.blocks_n, NULL, NULL), ERR_OK);
	trace_all(&c);
	for (uint32_t a = 0; a < w.accounts; a++) {
		T_EQ(trace_engine_taint(many, 7, a), trace_engine_taint(e, rule(TRACE_HAIRCUT), a));
	}
	t = trace_engine_totals(many, 7);
	T_EQ(t.stolen, 1000);
	trace_engine_free(many);
	T_EQ(of_account(EXCHANGE).lower, 600);
	T_CHECK(inside());
	c.sinks = &false_sink;
	c.sinks_n = 1;
	trace_all(&c);
	for (unsigned k = rule(TRACE_HAIRCUT); k < TRACE_POLICIES; k++) {
		T_EQ(trace_engine_totals(e, k).absorbed, 1000);
		T_EQ(trace_engine_rests(e, k, SECOND), 1000);
		T_EQ(trace_engine_taint(e, k, EXCHANGE), 0);
	}
	T_EQ(of_account(SECOND).lower, 1000);
	T_CHECK(inside());
}

/* Defeats whoever cannot go back: the deposit is on a branch that the chain gives up. */
static void rollback(void)
{
	struct trace_seed seed = theft(FIRST_OTHER, 0, false);
	const struct trace_case c = { .seeds = &seed, .seeds_n = 1 };

	world_block(&w);
	(void)world_pay(&w, THIEF, EXCHANGE, 1000, 10);
	trace_all(&c);
	for (unsigned k = rule(TRACE_HAIRCUT); k < TRACE_POLICIES; k++) {
		T_EQ(trace_engine_taint(e, k, EXCHANGE), 1000);
	}
	T_EQ(trace_engine_undo_block(e), ERR_OK);
	T_EQ(trace_columns_builder_undo_block(&w.b), ERR_OK);
	for (unsigned k = rule(TRACE_HAIRCUT); k < TRACE_POLICIES; k++) {
		T_EQ(trace_engine_taint(e, k, THIEF), 1000);
		T_EQ(trace_engine_taint(e, k, EXCHANGE), 0);
	}
	world_block(&w);
	(void)world_pay(&w, THIEF, SECOND, 1000, 10);
	world_view(&w);
	T_EQ(trace_engine_run(e, &w.c, w.b.blocks, w.b.blocks_n, NULL, NULL), ERR_OK);
	for (unsigned k = rule(TRACE_HAIRCUT); k < TRACE_POLICIES; k++) {
		T_EQ(trace_engine_taint(e, k, SECOND), 1000);
		T_EQ(trace_engine_taint(e, k, EXCHANGE), 0);
	}
	T_CHECK(!trace_engine_marked(e, rule(TRACE_POISON), EXCHANGE));
	trace_bounds_free(b);
	b = NULL;
	T_EQ(trace_bounds_new(&b, &c, &w.c, w.b.blocks, w.b.blocks_n, NULL), ERR_OK);
	T_EQ(of_account(EXCHANGE).upper, 0);
	T_EQ(of_account(SECOND).lower, 1000);
	T_CHECK(inside());
}

/*
 * Defeats filters that may be wrong (hashes, prefixes): an account that is made to lie where
 * another does.  Marks here are exact: of neighbours in one word and one page only the receiver is
 * marked.
 */
static void address_grinding(void)
{
	enum { ACCOUNTS = 4096 };

	struct trace_seed seed = theft(ACCOUNTS, 0, false);
	const struct trace_case c = { .seeds = &seed, .seeds_n = 1 };
	const uint32_t target = 1000;

	for (uint32_t a = target - 64; a <= target + 64; a++) {
		(void)world_pay(&w, a == target ? THIEF : TRACE_ISSUANCE, a, 700, a);
	}
	(void)world_pay(&w, THIEF, target + 2048, 300, 5000);
	for (uint32_t a = target - 64; a <= target + 64; a++) {
		(void)world_pay(&w, a, a == target ? SECOND : EXCHANGE, 700, a);
	}
	trace_all(&c);
	for (unsigned k = 0; k < TRACE_POLICIES; k++) {
		for (uint32_t a = FIRST_OTHER; a < ACCOUNTS; a++) {
			const bool stays = k == rule(TRACE_POISON) && a == target;

			T_EQ(trace_engine_marked(e, k, a), a == target + 2048 || stays);
		}
		T_CHECK(!trace_engine_marked(e, k, EXCHANGE));
		T_CHECK(trace_engine_marked(e, k, SECOND));
	}
	T_EQ(of_account(EXCHANGE).upper, 0);
	T_EQ(of_account(SECOND).lower, 700);
	T_CHECK(inside());
}

int main(int argc, char **argv)
{
	static const struct t_case cases[] = {
		{ "dust poisoning defeats poison", dust },
		{ "a tag race defeats marks on accounts", tag_race },
		{ "one-time addresses defeat few hops", one_time_addresses },
		{ "self-transfers defeat FIFO and taint-first", washing_by_self_transfer },
		{ "a floor of balance defeats LIFO and clean-first", hiding_below_a_floor },
		{ "a label bomb defeats poison and believed sinks", label_bomb },
		{ "a rollback defeats who cannot go back", rollback },
		{ "address grinding defeats filters that may be wrong", address_grinding },
	};
	int failed = t_main(cases, ARRAY_LEN(cases), argc, argv);

	forget();
	world_free(&w);
	return failed;
}
