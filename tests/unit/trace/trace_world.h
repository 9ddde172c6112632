/* SPDX-License-Identifier: Apache-2.0 */
/*
 * trace_world.h - small random ledgers and cases over them.
 *
 * Amounts are small so that everything happens: accounts are emptied, refilled, pay themselves,
 * pay several at once in one transaction, and coins are destroyed.
 */
#ifndef KURAMORI_TRACE_WORLD_H
#define KURAMORI_TRACE_WORLD_H

#include "t.h"

#include "base/attr.h"
#include "base/check.h"
#include "trace/engine.h"

enum { WORLD_ACCOUNTS_MAX = 12, WORLD_SEEDS_MAX = 4, WORLD_SINKS_MAX = 2 };

struct world {
	struct trace_columns_builder b;
	struct trace_columns c;
	uint32_t accounts;
};

struct world_case {
	struct trace_case c;
	struct trace_seed seeds[WORLD_SEEDS_MAX];
	uint32_t sinks[WORLD_SINKS_MAX];
};

static inline void world_start(struct world *w, uint32_t accounts)
{
	trace_columns_builder_free(&w->b);
	CHECK(trace_columns_builder_init(&w->b) == ERR_OK);
	CHECK(trace_columns_builder_accounts(&w->b, accounts) == ERR_OK);
	w->accounts = accounts;
}

static inline void world_view(struct world *w)
{
	w->c = trace_columns_builder_view(&w->b);
}

static inline void world_free(struct world *w)
{
	trace_columns_builder_free(&w->b);
}

/* A block at the next height. */
static inline void world_block(struct world *w)
{
	uint64_t height = w->b.blocks_n == 0 ? 1 : w->b.blocks[w->b.blocks_n - 1].height + 1;

	CHECK(trace_columns_builder_block(&w->b, height, height * 60) == ERR_OK);
}

/* An event that must be possible; returns its index. */
static inline size_t world_pay(struct world *w, uint32_t from, uint32_t to, uint64_t amount,
			       uint32_t tx)
{
	CHECK(trace_columns_builder_event(&w->b, from, to, amount, tx) == ERR_OK);
	return w->b.n - 1;
}

static inline uint32_t world_account(const struct world *w)
{
	return (uint32_t)(TRACE_ACCOUNTS_RESERVED + t_below(w->accounts - TRACE_ACCOUNTS_RESERVED));
}

/* One random transaction: issue, pay once or several, to oneself, or destroy. */
static inline void world_random_tx(struct world *w, uint32_t tx, uint64_t amount_max)
{
	uint32_t from = world_account(w);
	uint64_t legs = t_below(3) == 0 ? 1 + t_below(4) : 1;

	if (t_below(8) == 0) {
		(void)world_pay(w, TRACE_ISSUANCE, from, 1 + t_below(amount_max), tx);
		return;
	}
	for (uint64_t k = 0; k < legs; k++) {
		uint64_t has = trace_columns_builder_balance(&w->b, from);
		uint32_t to = t_below(25) == 0 ? TRACE_DESTROYED : world_account(w);
		uint64_t amount;

		if (has == 0) {
			return;
		}
		amount = t_below(4) == 0 ? has : 1 + t_below(has);
		(void)world_pay(w, from, t_below(12) == 0 ? from : to, amount, tx);
	}
}

/* Blocks of 0 to 5 transactions until there are so many events. */
static inline void world_random(struct world *w, uint32_t accounts, size_t events,
				uint64_t amount_max)
{
	uint32_t tx = 0;

	world_start(w, accounts);
	world_block(w);
	for (uint32_t a = TRACE_ACCOUNTS_RESERVED; a < accounts; a += 2) {
		(void)world_pay(w, TRACE_ISSUANCE, a, 1 + t_below(amount_max), tx++);
	}
	while (w->b.n < events) {
		world_block(w);
		for (uint64_t k = t_below(6); k > 0; k--) {
			world_random_tx(w, tx++, amount_max);
		}
	}
	world_view(w);
}

/* A case with one to four seeds; `rules`: also sinks, floors and ends. */
static inline void world_random_case(struct world_case *out, const struct world *w,
				     enum trace_policy policy, bool rules)
{
	struct trace_case *c = &out->c;
	size_t seeds = 1 + t_below(WORLD_SEEDS_MAX);

	*out = (struct world_case){ .c = { .policy = policy } };
	for (size_t i = 0; i < seeds; i++) {
		struct trace_seed *s = &out->seeds[i];

		if (t_below(3) > 0) {
			s->kind = TRACE_SEED_EVENT;
			s->at = t_below(w->c.n);
			s->amount = t_below(2) == 0 ? 0 : 1 + t_below(w->c.amount[s->at]);
		} else {
			const uint64_t k = t_below(w->b.blocks_n);

			s->kind = TRACE_SEED_ACCOUNT;
			s->account = world_account(w);
			s->at = w->b.blocks[k].height;
			if (t_below(2) == 0) {
				size_t end =
				    k + 1 < w->b.blocks_n ? w->b.blocks[k + 1].first : w->c.n;
				uint64_t has =
				    trace_columns_account(&w->c, s->account, end).balance;

				s->amount = has == 0 ? 0 : 1 + t_below(has);
			}
		}
		for (size_t k = 0; k < i; k++) {
			if (out->seeds[k].kind == s->kind && out->seeds[k].at == s->at &&
			    out->seeds[k].account == s->account) {
				seeds = i;
			}
		}
	}
	c->seeds_n = seeds;
	if (rules) {
		c->sinks_n = t_below(WORLD_SINKS_MAX + 1);
		for (size_t i = 0; i < c->sinks_n; i++) {
			out->sinks[i] = world_account(w);
		}
		c->floor_units = t_below(3) == 0 ? t_below(4) : 0;
		if (t_below(3) == 0 && trace_policy_counts(policy)) {
			c->floor_whole = 100;
			c->floor_part = (uint32_t)t_below(60);
		}
		c->stop_height = t_below(3) == 0 ? 1 + t_below(w->b.blocks_n + 3) : 0;
		c->stop_time_s = t_below(4) == 0 ? 60 * (1 + t_below(w->b.blocks_n + 3)) : 0;
		c->hops_max = t_below(3) == 0 ? (uint32_t)(1 + t_below(5)) : 0;
	}
	c->seeds = out->seeds;
	c->sinks = out->sinks;
}

#endif
