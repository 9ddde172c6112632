/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Goal: a UTXO chain written as accounts (columns.h) is traced as its own rules say: FIFO through
 * inputs and outputs in their order, the fee last and into the coinbase after the subsidy; haircut
 * by largest remainder; TIHO; poison. Method: random chains; beside the engine a tracer of
 * outpoints that knows no accounts.
 */
#include "trace_world.h"

enum { OUTPOINTS_MAX = 600, UNITS_MAX = 128, PARTS = 4, SUBSIDY = 40, OPEN_MAX = 200 };

struct outpoint {
	uint32_t account;
	uint32_t n;               /* units */
	uint8_t coins[UNITS_MAX]; /* FIFO: in their order, 1: stolen */
	uint64_t taint;           /* other rules; poison: 0 or 1 */
	bool spent;
};

static struct world w;
static struct outpoint outs[OUTPOINTS_MAX];
static size_t outs_n;
static uint32_t next_account, next_tx;
static enum trace_policy policy;

/* What runs together into one transaction, and is shared over its outputs. */
static uint8_t pool[OUTPOINTS_MAX * UNITS_MAX];
static size_t pool_n;
static uint64_t pool_taint;

static void share(const uint64_t *v, size_t n, uint64_t t, uint64_t *out)
{
	uint64_t all = 0;
	uint64_t given = 0;
	bool used[PARTS + 1] = { false };

	for (size_t k = 0; k < n; k++) {
		all += v[k];
		out[k] = 0;
	}
	if (policy == TRACE_FIFO) {
		return; /* its coins are in the pool, one by one */
	}
	if (policy == TRACE_POISON) {
		for (size_t k = 0; k < n; k++) {
			out[k] = t > 0;
		}
		return;
	}
	for (size_t k = 0; policy == TRACE_HAIRCUT_TX && k < n; k++) {
		out[k] = v[k] * t / all;
		given += out[k];
	}
	while (given < t) {
		size_t best = n;

		for (size_t k = 0; k < n; k++) {
			const uint64_t key = policy == TRACE_TIHO ? v[k] : v[k] * t % all;
			const uint64_t best_key = best == n              ? 0
						  : policy == TRACE_TIHO ? v[best]
									 : v[best] * t % all;

			if (!used[k] && (best == n || key > best_key)) {
				best = k;
			}
		}
		used[best] = true;
		out[best] += policy == TRACE_TIHO ? (t - given < v[best] ? t - given : v[best]) : 1;
		given += policy == TRACE_TIHO ? out[best] : 1;
	}
}

/* Outputs of what is in the pool: `fee` of it goes last, into the coinbase's pool. */
static void pay_outputs(uint32_t tx_account, uint32_t tx, uint64_t fee, uint32_t coinbase,
			uint8_t *fees, size_t *fees_n, uint64_t *fees_taint)
{
	uint64_t v[PARTS + 1];
	uint64_t shares[PARTS + 1];
	uint64_t left = pool_n - fee;
	size_t at = 0;
	size_t n = 0;

	while (left > 0 && n < PARTS) {
		v[n] = n == PARTS - 1 ? left : 1 + t_below(left);
		if (v[n] > UNITS_MAX) {
			v[n] = UNITS_MAX;
		}
		left -= v[n++];
	}
	fee += left; /* what finds no room in outputs is fee */
	v[n] = fee;
	share(v, fee > 0 ? n + 1 : n, pool_taint, shares);
	for (size_t k = 0; k < n; k++) {
		struct outpoint *o = &outs[outs_n++];

		CHECK(outs_n < OUTPOINTS_MAX);
		*o = (struct outpoint){ .account = next_account++,
					.n = (uint32_t)v[k],
					.taint = shares[k] };
		memcpy(o->coins, pool + at, v[k]);
		at += v[k];
		(void)world_pay(&w, tx_account, o->account, v[k], tx);
	}
	if (fee > 0) {
		memcpy(fees + *fees_n, pool + at, fee);
		*fees_n += fee;
		*fees_taint =
		    policy == TRACE_POISON ? *fees_taint | shares[n] : *fees_taint + shares[n];
		(void)world_pay(&w, tx_account, coinbase, fee, tx);
	}
}

static void block(void)
{
	static uint8_t fees[OUTPOINTS_MAX * UNITS_MAX];
	size_t fees_n = SUBSIDY;
	uint64_t fees_taint = 0;
	const uint32_t coinbase = next_account++;
	const uint32_t coinbase_tx = next_tx++;

	memset(fees, 0, SUBSIDY);
	world_block(&w);
	(void)world_pay(&w, TRACE_ISSUANCE, coinbase, SUBSIDY, coinbase_tx);
	for (uint64_t k = t_below(4); k > 0; k--) {
		const uint32_t account = next_account++;
		const uint32_t tx = next_tx++;

		pool_n = 0;
		pool_taint = 0;
		for (uint64_t in = 1 + t_below(3); in > 0; in--) {
			struct outpoint *o = &outs[t_below(outs_n)];

			if (o->spent) {
				continue;
			}
			o->spent = true;
			memcpy(pool + pool_n, o->coins, o->n);
			pool_n += o->n;
			pool_taint =
			    policy == TRACE_POISON ? pool_taint | o->taint : pool_taint + o->taint;
			(void)world_pay(&w, o->account, account, o->n, tx);
		}
		if (pool_n > 0) {
			pay_outputs(account, tx, t_below(pool_n < 9 ? pool_n : 9), coinbase, fees,
				    &fees_n, &fees_taint);
		}
	}
	memcpy(pool, fees, fees_n);
	pool_n = fees_n;
	pool_taint = fees_taint;
	/* the miner takes everything, to one or more outputs of his */
	while (pool_n > 0) {
		const size_t n = outs_n;
		uint64_t lost = 0;
		size_t lost_n = 0;

		if (pool_n <= UNITS_MAX) {
			pay_outputs(coinbase, coinbase_tx, 0, TRACE_DESTROYED, fees, &lost_n,
				    &lost);
		} else {
			pay_outputs(coinbase, coinbase_tx, pool_n - UNITS_MAX, TRACE_DESTROYED,
				    fees, &lost_n, &lost);
		}
		CHECK(outs_n > n);
		pool_n = 0;
	}
}

static void outpoints(void)
{
	static const enum trace_policy rules[] = { TRACE_FIFO, TRACE_HAIRCUT_TX, TRACE_TIHO,
						   TRACE_POISON };

	for (unsigned round = 0; round < 2000; round++) {
		struct trace_seed seed = { .kind = TRACE_SEED_ACCOUNT };
		struct trace_case c = { .seeds = &seed, .seeds_n = 1 };
		struct outpoint *stolen;

		policy = rules[round % ARRAY_LEN(rules)];
		c.policy = policy;
		world_start(&w, OUTPOINTS_MAX * 2);
		outs_n = 0;
		next_account = TRACE_ACCOUNTS_RESERVED;
		next_tx = 0;
		memset(outs, 0, sizeof outs);
		for (unsigned k = 0; k < 4; k++) {
			world_block(&w);
			outs[outs_n] = (struct outpoint){ .account = next_account++, .n = 100 };
			(void)world_pay(&w, TRACE_ISSUANCE, outs[outs_n++].account, 100, next_tx++);
		}
		/* one outpoint is stolen before anything is paid */
		stolen = &outs[t_below(4)];
		seed.account = stolen->account;
		seed.at = 4;
		memset(stolen->coins, 1, stolen->n);
		stolen->taint = policy == TRACE_POISON ? 1 : stolen->n;
		for (unsigned k = 0; k < 12; k++) {
			block();
		}
		world_view(&w);
		for (int frontier = 0; frontier < 2; frontier++) {
			struct trace_nexts nexts = { 0 };
			struct trace_engine *e = NULL;

			T_EQ(trace_nexts_make(&nexts, &w.c), ERR_OK);
			T_EQ(trace_engine_new(&e, &c, 1, w.accounts, 0), ERR_OK);
			T_EQ(trace_engine_run(e, &w.c, w.b.blocks, w.b.blocks_n,
					      frontier == 1 ? &nexts : NULL, NULL),
			     ERR_OK);
			trace_engine_certify(e);
			for (size_t k = 0; k < outs_n; k++) {
				const struct outpoint *o = &outs[k];
				uint64_t want = o->taint;

				if (policy == TRACE_FIFO) {
					want = 0;
					for (uint32_t i = 0; i < o->n; i++) {
						want += o->coins[i];
					}
				}
				if (policy == TRACE_POISON) {
					T_EQ(trace_engine_marked(e, 0, o->account), want > 0);
				} else if (o->spent) {
					T_EQ(trace_engine_taint(e, 0, o->account), 0);
				} else {
					T_EQ(trace_engine_taint(e, 0, o->account), want);
				}
			}
			trace_engine_free(e);
			trace_nexts_free(&nexts);
		}
	}
}

/* Inputs of 60 clean and 40 stolen; outputs 50, 30, 15 and a fee of 5: each rule by hand. */
static void by_hand(void)
{
	static const struct {
		enum trace_policy policy;
		uint64_t want[4];
	} rows[] = {
		{ TRACE_FIFO, { 0, 20, 15, 5 } },
		{ TRACE_HAIRCUT_TX, { 20, 12, 6, 2 } },
		{ TRACE_TIHO, { 40, 0, 0, 0 } },
	};

	for (size_t r = 0; r < ARRAY_LEN(rows); r++) {
		struct trace_seed seed = { .kind = TRACE_SEED_EVENT, .at = 1 };
		const struct trace_case c = { .policy = rows[r].policy,
					      .seeds = &seed,
					      .seeds_n = 1 };
		struct trace_engine *e = NULL;

		world_start(&w, 10);
		world_block(&w);
		(void)world_pay(&w, 0, 2, 60, 0);
		(void)world_pay(&w, 0, 3, 40, 1); /* stolen */
		world_block(&w);
		(void)world_pay(&w, 0, 9, SUBSIDY, 2); /* coinbase */
		(void)world_pay(&w, 2, 4, 60, 3);
		(void)world_pay(&w, 3, 4, 40, 3);
		(void)world_pay(&w, 4, 5, 50, 3);
		(void)world_pay(&w, 4, 6, 30, 3);
		(void)world_pay(&w, 4, 7, 15, 3);
		(void)world_pay(&w, 4, 9, 5, 3); /* the fee, last */
		world_view(&w);
		T_EQ(trace_engine_new(&e, &c, 1, w.accounts, 0), ERR_OK);
		T_EQ(trace_engine_run(e, &w.c, w.b.blocks, w.b.blocks_n, NULL, NULL), ERR_OK);
		for (uint32_t k = 0; k < 3; k++) {
			T_EQ(trace_engine_taint(e, 0, 5 + k), rows[r].want[k]);
		}
		T_EQ(trace_engine_taint(e, 0, 9), rows[r].want[3]);
		trace_engine_free(e);
	}
}

int main(int argc, char **argv)
{
	static const struct t_case cases[] = {
		{ "outpoints of random chains", outpoints },
		{ "one transaction by hand", by_hand },
	};
	int failed = t_main(cases, ARRAY_LEN(cases), argc, argv);

	world_free(&w);
	return failed;
}
