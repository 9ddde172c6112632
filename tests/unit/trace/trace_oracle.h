/* SPDX-License-Identifier: Apache-2.0 */
/*
 * trace_oracle.h - the rules again, in the most naive form that fits: every unit of every account
 * is one byte in a queue or a stack, shares are found by counting, marks are a table. No columns,
 * no intervals, no lemma: it looks at every event and keeps its own balances.
 */
#ifndef KURAMORI_TRACE_ORACLE_H
#define KURAMORI_TRACE_ORACLE_H

#include "trace_world.h"

enum { ORACLE_UNITS_MAX = 4096, ORACLE_LEGS_MAX = 16 };

struct oracle {
	const struct world *w;
	const struct trace_case *c;
	/* FIFO: oldest first.  LIFO: bottom first.  1: stolen. */
	uint8_t coins[WORLD_ACCOUNTS_MAX][ORACLE_UNITS_MAX];
	uint64_t balance[WORLD_ACCOUNTS_MAX];
	uint64_t taint[WORLD_ACCOUNTS_MAX]; /* poison: 0 or 1 */
	uint64_t rests[WORLD_ACCOUNTS_MAX];
	uint64_t hops[WORLD_ACCOUNTS_MAX];
	struct trace_totals t;
	uint64_t moved[256]; /* of each event */
	/* shares of the legs of one transaction */
	uint64_t share[ORACLE_LEGS_MAX];
	size_t share_at, share_n;
};

static inline bool oracle_bytes(const struct oracle *o)
{
	return o->c->policy == TRACE_FIFO || o->c->policy == TRACE_LIFO;
}

static inline bool oracle_sink(const struct oracle *o, uint32_t account)
{
	for (size_t i = 0; i < o->c->sinks_n; i++) {
		if (o->c->sinks[i] == account) {
			return true;
		}
	}
	return false;
}

/* The largest m with m / v not above t / b, by trying. */
static inline uint64_t oracle_share(uint64_t v, uint64_t t, uint64_t b)
{
	uint64_t m = 0;

	while ((m + 1) * b <= v * t) {
		m++;
	}
	return m;
}

/* Legs that the sender of event i pays in its transaction, from i on. */
static inline size_t oracle_legs(const struct trace_columns *c, size_t i)
{
	size_t n = 1;

	while (c->from[i] != c->to[i] && i + n < c->n && c->tx[i + n] == c->tx[i] &&
	       c->from[i + n] == c->from[i] && c->to[i + n] != c->from[i]) {
		n++;
	}
	return n;
}

static inline void oracle_share_legs(struct oracle *o, size_t i, uint64_t t, uint64_t b)
{
	const struct trace_columns *c = &o->w->c;
	const size_t n = oracle_legs(c, i);
	bool used[ORACLE_LEGS_MAX] = { false };
	uint64_t all = 0;
	uint64_t rest;

	o->share_at = i;
	o->share_n = n;
	for (size_t k = 0; k < n; k++) {
		o->share[k] = 0;
		all += c->amount[i + k];
	}
	if (o->c->policy == TRACE_TIHO) {
		/* a unit at a time to the largest leg that has room */
		for (rest = t; rest > 0; rest--) {
			size_t best = n;

			for (size_t k = 0; k < n; k++) {
				if (o->share[k] < c->amount[i + k] &&
				    (best == n || c->amount[i + k] > c->amount[i + best])) {
					best = k;
				}
			}
			if (best == n) {
				return;
			}
			o->share[best]++;
		}
		return;
	}
	rest = oracle_share(all, t, b);
	const uint64_t moved = rest;

	for (size_t k = 0; k < n; k++) {
		o->share[k] = oracle_share(c->amount[i + k], moved, all);
		rest -= o->share[k];
	}
	for (; rest > 0; rest--) {
		size_t best = n;
		uint64_t most = 0;

		for (size_t k = 0; k < n; k++) {
			uint64_t left = c->amount[i + k] * moved - o->share[k] * all;

			if (!used[k] && (best == n || left > most)) {
				best = k;
				most = left;
			}
		}
		used[best] = true;
		o->share[best]++;
	}
}

/* Units of the case among the v that leave; for queue and stack they are put into `block`. */
static inline uint64_t oracle_leave(struct oracle *o, size_t i, uint8_t *block)
{
	const struct trace_columns *c = &o->w->c;
	const uint32_t from = c->from[i];
	const uint64_t v = c->amount[i];
	const uint64_t b = o->balance[from];
	const uint64_t t = o->taint[from];
	uint8_t *coins = o->coins[from];
	uint64_t m = 0;

	switch (o->c->policy) {
	case TRACE_POISON:
	case TRACE_POISON_EMPTIED:
		return t > 0 ? v : 0;
	case TRACE_HAIRCUT:
		return oracle_share(v, t, b);
	case TRACE_TAINT_FIRST:
		for (uint64_t left = t; m < v && left > 0; left--) {
			m++;
		}
		return m;
	case TRACE_CLEAN_FIRST:
		for (uint64_t k = 0, clean = b - t; k < v; k++) {
			if (clean > 0) {
				clean--;
			} else {
				m++;
			}
		}
		return m;
	case TRACE_HAIRCUT_TX:
	case TRACE_TIHO:
		if (t == 0) {
			return 0;
		}
		if (i < o->share_at || i >= o->share_at + o->share_n) {
			oracle_share_legs(o, i, t, b);
		}
		return o->share[i - o->share_at];
	case TRACE_FIFO:
		memcpy(block, coins, v);
		memmove(coins, coins + v, b - v);
		break;
	case TRACE_LIFO:
		memcpy(block, coins + b - v, v);
		break;
	}
	for (uint64_t k = 0; k < v; k++) {
		m += block[k];
	}
	return m;
}

/* Adds coins to an account: a block of v, or v of which m are stolen. */
static inline void oracle_come(struct oracle *o, uint32_t to, const uint8_t *block, uint64_t v)
{
	if (oracle_bytes(o)) {
		CHECK(o->balance[to] + v <= ORACLE_UNITS_MAX);
		memcpy(o->coins[to] + o->balance[to], block, v);
	}
	o->balance[to] += v;
}

static inline void oracle_hops(struct oracle *o, uint32_t to, uint64_t hops, bool was)
{
	if (o->c->hops_max != 0 && (!was || hops < o->hops[to])) {
		o->hops[to] = hops;
	}
}

static inline void oracle_event(struct oracle *o, size_t i, bool active)
{
	const struct trace_columns *c = &o->w->c;
	const uint32_t from = c->from[i];
	const uint32_t to = c->to[i];
	const uint64_t v = c->amount[i];
	const bool poison = !trace_policy_counts(o->c->policy);
	uint8_t block[ORACLE_UNITS_MAX] = { 0 };
	uint64_t hops;
	uint64_t m;
	bool was;

	CHECK(i < ARRAY_LEN(o->moved));
	if (from == TRACE_ISSUANCE || !active) {
		if (from != TRACE_ISSUANCE) {
			o->balance[from] -= v;
		}
		oracle_come(o, to, block, v);
		return;
	}
	if (o->taint[from] > 0) {
		o->t.touched++;
	}
	hops = o->hops[from];
	m = oracle_leave(o, i, block);
	o->balance[from] -= v;
	if (poison) {
		if (o->c->policy == TRACE_POISON_EMPTIED && o->balance[from] == 0) {
			o->taint[from] = 0;
			o->hops[from] = 0;
		}
	} else {
		o->taint[from] -= m;
		if (o->taint[from] == 0) {
			o->hops[from] = 0;
		}
	}
	was = o->taint[to] > 0;
	if (m > 0 && to == TRACE_DESTROYED) {
		o->t.destroyed += poison ? 0 : m;
		o->moved[i] = m;
		memset(block, 0, v);
	} else if (m > 0 && oracle_sink(o, to)) {
		o->t.absorbed += poison ? 0 : m;
		o->rests[to] += poison ? 0 : m;
		o->moved[i] = m;
		memset(block, 0, v);
	} else if (m > 0 &&
		   (m < o->c->floor_units || m * o->c->floor_whole < v * o->c->floor_part)) {
		o->t.evaporated += poison ? 0 : m;
		memset(block, 0, v);
	} else if (m > 0 && o->c->hops_max != 0 && hops + 1 >= o->c->hops_max) {
		o->t.stopped += poison ? 0 : m;
		o->rests[to] += poison ? 0 : m;
		memset(block, 0, v);
	} else if (m > 0) {
		oracle_hops(o, to, hops + 1, was);
		o->taint[to] = poison ? 1 : o->taint[to] + m;
		o->moved[i] = m;
	}
	oracle_come(o, to, block, v);
}

/* Makes `want` of the units [begin, end) of an account stolen: the first of them that are not. */
static inline uint64_t oracle_steal(struct oracle *o, uint32_t account, uint64_t begin,
				    uint64_t end)
{
	uint64_t added = 0;

	for (uint64_t k = begin; k < end; k++) {
		added += o->coins[account][k] == 0;
		o->coins[account][k] = 1;
	}
	return added;
}

static inline void oracle_seed(struct oracle *o, const struct trace_seed *s, size_t i)
{
	const struct trace_columns *c = &o->w->c;
	const bool event = s->kind == TRACE_SEED_EVENT;
	const uint32_t to = event ? c->to[i] : s->account;
	const uint64_t all = event ? c->amount[i] : o->balance[to];
	const uint64_t want = s->amount == 0 ? all : s->amount;
	uint64_t added;

	if (!trace_policy_counts(o->c->policy)) {
		if (to != TRACE_DESTROYED && !oracle_sink(o, to) &&
		    (event || all > 0 || o->c->policy == TRACE_POISON)) {
			o->taint[to] = 1;
			o->hops[to] = 0;
		}
		return;
	}
	if (event && (to == TRACE_DESTROYED || oracle_sink(o, to))) {
		added = want < all - o->moved[i] ? want : all - o->moved[i];
		o->t.stolen += added;
		o->t.destroyed += to == TRACE_DESTROYED ? added : 0;
		o->t.absorbed += to == TRACE_DESTROYED ? 0 : added;
		o->rests[to] += to == TRACE_DESTROYED ? 0 : added;
		return;
	}
	if (!event && oracle_sink(o, to)) {
		added = want < o->rests[to] ? 0 : want - o->rests[to];
		o->t.stolen += added;
		o->t.absorbed += added;
		o->rests[to] += added;
		return;
	}
	if (oracle_bytes(o)) {
		uint64_t b = o->balance[to];

		added = event ? oracle_steal(o, to, b - all, b - all + want)
			      : oracle_steal(o, to, b - want, b);
	} else if (event) {
		added = want < all - o->moved[i] ? want : all - o->moved[i];
	} else {
		added = want < all - o->taint[to] ? want : all - o->taint[to];
	}
	o->taint[to] += added;
	o->t.stolen += added;
	if (want > 0) {
		o->hops[to] = 0;
	}
}

/* The whole ledger up to `blocks` blocks. */
static inline void oracle_run(struct oracle *o, const struct world *w, const struct trace_case *c,
			      size_t blocks)
{
	bool active = true;

	memset(o, 0, sizeof *o);
	o->w = w;
	o->c = c;
	for (size_t k = 0; k < blocks; k++) {
		const struct trace_block *b = &w->b.blocks[k];
		size_t end = k + 1 < w->b.blocks_n ? w->b.blocks[k + 1].first : w->c.n;

		if ((c->stop_height != 0 && b->height > c->stop_height) ||
		    (c->stop_time_s != 0 && b->time_s > c->stop_time_s)) {
			active = false;
		}
		for (size_t i = b->first; i < end; i++) {
			oracle_event(o, i, active);
			for (size_t s = 0; active && s < c->seeds_n; s++) {
				if (c->seeds[s].kind == TRACE_SEED_EVENT && c->seeds[s].at == i) {
					oracle_seed(o, &c->seeds[s], i);
				}
			}
		}
		for (size_t s = 0; active && s < c->seeds_n; s++) {
			if (c->seeds[s].kind == TRACE_SEED_ACCOUNT && c->seeds[s].at == b->height) {
				oracle_seed(o, &c->seeds[s], end);
			}
		}
	}
	for (uint32_t a = 0; a < w->accounts; a++) {
		o->t.held += trace_policy_counts(c->policy) ? o->taint[a] : 0;
		o->t.accounts += o->taint[a] > 0;
	}
}

#endif
