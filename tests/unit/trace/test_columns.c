/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Goal: the columns say what every account held before each event, nothing that is not a ledger
 * gets in, and a block that is taken back leaves no trace.
 * Method: random ledgers beside a table of balances kept another way (sums over all earlier
 * events); every refusal, each with the builder unchanged.
 */
#include "t.h"

#include "base/attr.h"
#include "trace/columns.h"

enum { ACCOUNTS = 7, EVENTS = 400 };

static struct trace_columns_builder b;

static void start(size_t accounts)
{
	trace_columns_builder_free(&b);
	T_EQ(trace_columns_builder_init(&b), ERR_OK);
	T_EQ(trace_columns_builder_accounts(&b, accounts), ERR_OK);
}

/* All that came to or left an account before an event, by adding up. */
static uint64_t sum(const struct trace_columns *c, const uint32_t *side, uint32_t account,
		    size_t end)
{
	uint64_t total = 0;

	for (size_t i = 0; i < end; i++) {
		total += side[i] == account ? c->amount[i] : 0;
	}
	return total;
}

/* Random events, some refused, a block now and then; the caller looks at what came of it. */
static void random_ledger(size_t events)
{
	uint64_t height = 0;

	for (size_t i = 0; i < events; i++) {
		uint32_t from = (uint32_t)t_below(ACCOUNTS);
		uint32_t to = (uint32_t)(1 + t_below(ACCOUNTS - 1));

		if (i == 0 || t_below(5) == 0) {
			height += 1 + t_below(3);
			(void)!trace_columns_builder_block(&b, height, height * 60);
		}
		(void)!trace_columns_builder_event(&b, from, to, 1 + t_below(40), (uint32_t)i);
	}
}

static void columns_are_sums(void)
{
	struct trace_columns c;

	start(ACCOUNTS);
	random_ledger(EVENTS);
	c = trace_columns_builder_view(&b);
	T_CHECK(c.n > EVENTS / 4);
	T_EQ(c.accounts_n, ACCOUNTS);
	for (size_t i = 0; i < c.n; i++) {
		uint64_t out = sum(&c, c.from, c.from[i], i);
		uint64_t had = sum(&c, c.to, c.from[i], i) - out;

		T_EQ(c.out[i], out);
		T_EQ(c.in[i], sum(&c, c.to, c.to[i], i));
		T_EQ(c.balance[i], c.from[i] == TRACE_ISSUANCE ? 0 : had);
		T_CHECK(c.from[i] == TRACE_ISSUANCE || c.amount[i] <= c.balance[i]);
		T_CHECK(c.from[i] != TRACE_DESTROYED && c.to[i] != TRACE_ISSUANCE);
	}
	for (uint32_t a = 1; a < ACCOUNTS; a++) {
		T_EQ(trace_columns_builder_balance(&b, a),
		     sum(&c, c.to, a, c.n) - sum(&c, c.from, a, c.n));
	}
	T_EQ(trace_columns_builder_balance(&b, TRACE_ISSUANCE), 0);
}

static void an_account_at_any_moment(void)
{
	struct trace_columns c;

	start(ACCOUNTS);
	random_ledger(EVENTS);
	c = trace_columns_builder_view(&b);
	for (size_t i = 0; i <= c.n; i++) {
		for (uint32_t a = 0; a < ACCOUNTS; a++) {
			struct trace_account got = trace_columns_account(&c, a, i);

			T_EQ(got.in, sum(&c, c.to, a, i));
			T_EQ(got.out, sum(&c, c.from, a, i));
			T_EQ(got.balance, a == TRACE_ISSUANCE ? 0 : got.in - got.out);
		}
	}
}

static void blocks_come_and_go(void)
{
	enum { BEFORE = 100 };

	struct trace_columns_builder copy = { 0 };
	uint64_t totals[2][ACCOUNTS];
	struct trace_columns c;
	size_t blocks;

	start(ACCOUNTS);
	random_ledger(BEFORE);
	copy = b;
	blocks = b.blocks_n;
	memcpy(totals[0], b.total_in, sizeof totals[0]);
	memcpy(totals[1], b.total_out, sizeof totals[1]);
	for (unsigned k = 0; k < 50; k++) {
		T_EQ(trace_columns_builder_block(&b, 100000 + k, 1), ERR_OK);
		for (unsigned i = 0; i < 20; i++) {
			(void)!trace_columns_builder_event(&b, (uint32_t)t_below(ACCOUNTS),
							   (uint32_t)t_below(ACCOUNTS),
							   1 + t_below(9), i);
		}
	}
	while (b.blocks_n > blocks) {
		T_EQ(trace_columns_builder_undo_block(&b), ERR_OK);
	}
	T_EQ(b.n, copy.n);
	T_MEM(b.total_in, totals[0], sizeof totals[0]);
	T_MEM(b.total_out, totals[1], sizeof totals[1]);
	/* the same block again at a height that was taken back */
	T_EQ(trace_columns_builder_block(&b, 100000, 1), ERR_OK);
	c = trace_columns_builder_view(&b);
	T_EQ(c.n, copy.n);
	T_EQ(b.blocks[b.blocks_n - 1].first, c.n);
	while (trace_columns_builder_undo_block(&b) == ERR_OK) {
	}
	T_EQ(b.n, 0);
	T_EQ(b.blocks_n, 0);
	T_EQ(trace_columns_builder_undo_block(&b), ERR_STATE);
}

/* Everything that is no ledger: the error, and nothing changed. */
static void refusals(void)
{
	static const struct {
		uint32_t from, to;
		uint64_t amount;
		enum err want;
	} bad[] = {
		{ 2, 3, 101, ERR_FUNDS },
		{ 3, 2, 1, ERR_FUNDS },
		{ 2, 2, 101, ERR_FUNDS },
		{ 2, 3, 0, ERR_AMOUNT },
		{ 0, 3, 0, ERR_AMOUNT },
		{ 2, 4, 1, ERR_NOT_FOUND },
		{ 4, 2, 1, ERR_NOT_FOUND },
		{ UINT32_MAX, 2, 1, ERR_NOT_FOUND },
		{ 2, TRACE_ISSUANCE, 1, ERR_TYPE },
		{ TRACE_ISSUANCE, TRACE_ISSUANCE, 1, ERR_TYPE },
		{ TRACE_DESTROYED, 2, 1, ERR_TYPE },
		{ 0, 2, UINT64_MAX - 99, ERR_OVERFLOW },
		{ 0, 3, UINT64_MAX - 99, ERR_OVERFLOW }, /* all that was ever issued */
	};

	start(4);
	T_EQ(trace_columns_builder_event(&b, 0, 2, 1, 0), ERR_STATE);
	T_EQ(trace_columns_builder_block(&b, 10, 5), ERR_OK);
	T_EQ(trace_columns_builder_block(&b, 10, 6), ERR_INPUT);
	T_EQ(trace_columns_builder_block(&b, 9, 6), ERR_INPUT);
	T_EQ(trace_columns_builder_block(&b, 11, 4), ERR_OK); /* clocks step back on some chains */
	T_EQ(trace_columns_builder_event(&b, 0, 2, 100, 0), ERR_OK);
	for (size_t i = 0; i < ARRAY_LEN(bad); i++) {
		T_EQ(trace_columns_builder_event(&b, bad[i].from, bad[i].to, bad[i].amount, 1),
		     bad[i].want);
		T_EQ(b.n, 1);
		T_EQ(trace_columns_builder_balance(&b, 2), 100);
		T_EQ(trace_columns_builder_balance(&b, 3), 0);
	}
	T_EQ(trace_columns_builder_accounts(&b, (size_t)UINT32_MAX + 1), ERR_OVERFLOW);
	T_EQ(trace_columns_builder_accounts(&b, 3), ERR_OK);
	T_EQ(b.accounts_n, 4);
}

static void coins_go_round_and_end(void)
{
	struct trace_columns c;

	start(3);
	T_EQ(trace_columns_builder_block(&b, 1, 0), ERR_OK);
	T_EQ(trace_columns_builder_event(&b, 0, 2, UINT64_MAX, 0), ERR_OK);
	/* all that it has, to itself: the counters would pass 64 bits */
	T_EQ(trace_columns_builder_event(&b, 2, 2, 1, 1), ERR_OVERFLOW);
	T_EQ(trace_columns_builder_event(&b, 2, TRACE_DESTROYED, UINT64_MAX, 2), ERR_OK);
	T_EQ(trace_columns_builder_balance(&b, TRACE_DESTROYED), (long long)UINT64_MAX);
	start(3);
	T_EQ(trace_columns_builder_block(&b, 1, 0), ERR_OK);
	T_EQ(trace_columns_builder_event(&b, 0, 2, 10, 0), ERR_OK);
	T_EQ(trace_columns_builder_event(&b, 2, 2, 4, 1), ERR_OK);
	T_EQ(trace_columns_builder_balance(&b, 2), 10);
	c = trace_columns_builder_view(&b);
	T_EQ(trace_columns_account(&c, 2, 2).in, 14);
	T_EQ(trace_columns_account(&c, 2, 2).out, 4);
	T_EQ(c.tx[1], 1);
}

int main(int argc, char **argv)
{
	static const struct t_case cases[] = {
		{ "the columns are sums of what came before", columns_are_sums },
		{ "an account at any moment", an_account_at_any_moment },
		{ "a block that is taken back leaves nothing", blocks_come_and_go },
		{ "what is no ledger is refused and changes nothing", refusals },
		{ "coins go round and end", coins_go_round_and_end },
	};
	int failed = t_main(cases, ARRAY_LEN(cases), argc, argv);

	trace_columns_builder_free(&b);
	return failed;
}
