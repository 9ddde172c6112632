/* SPDX-License-Identifier: Apache-2.0 */
#include "policy/price.h"

#include "base/decimal.h"
#include "doc/types.h"
#include "policy/prices.h"
#include "policy/verdict.h"

static const u128 nano = 1000000000;

static u128 divide_up(u128 a, u128 b)
{
	return a / b + (a % b != 0);
}

enum err price_nano(uint64_t *out, const char *rate)
{
	struct decimal d;
	u128 n;
	enum err e = decimal_parse(&d, bytes_str(rate));

	if (e != ERR_OK) {
		return e;
	}
	if (__builtin_mul_overflow(d.units, nano, &n)) {
		return ERR_OVERFLOW;
	}
	for (uint32_t i = 0; i < d.scale; i++) {
		n = divide_up(n, 10);
	}
	if (n > UINT64_MAX) {
		return ERR_OVERFLOW;
	}
	*out = (uint64_t)n;
	return n == 0 ? ERR_AMOUNT : ERR_OK;
}

bool price_near(uint64_t a, uint64_t b, uint64_t base, uint64_t bp)
{
	u128 apart = a > b ? a - b : b - a;

	return apart * POLICY_BP <= (u128)base * bp;
}

/* One price alone. */
static struct policy_verdict judge_one(uint64_t *price, const struct policy_question *q, size_t at)
{
	const struct policy_price *p = &q->prices[at];
	uint64_t ahead = q->now.wall_ms + q->policy->clock_skew_ms;
	uint64_t latest = policy_latest_ms(&q->now);
	enum err e = price_nano(price, p->rate);

	if (e != ERR_OK) {
		return refuse(e, "price.rate", "a price that cannot be counted with");
	}
	if (p->time_ms > ahead) {
		return refuse_figure(ERR_CLOCK, "price.time_ms", "a price from the future",
				     p->time_ms, ahead);
	}
	if (p->time_ms < latest && latest - p->time_ms > q->policy->yen[0].age_max_ms) {
		return refuse_figure(ERR_STALE, "price.time_ms", "the price is too old, in ms",
				     latest - p->time_ms, q->policy->yen[0].age_max_ms);
	}
	for (size_t i = 0; i < at; i++) {
		if (q->prices[i].source == p->source) {
			return refuse(ERR_ONCE, "price.source", "two prices of one source");
		}
	}
	return allowed;
}

/* Is the last price that was used young enough to hold the next one to it? */
static bool holds(const struct policy_last_price *last, const struct policy_time *now)
{
	return last->price != 0 &&
	       !policy_has_left(last->own_ms, last->chain_s, now, POLICY_DAY_MS);
}

struct policy_verdict price_judge(struct price_worth *out, const struct policy_question *q,
				  u128 outflow)
{
	const struct policy_last_price *last = &q->history->price;
	uint64_t jump = q->policy->yen[0].jump_max_bp;
	uint64_t highest = 0;
	uint64_t lowest = UINT64_MAX;
	uint64_t yen;

	if (q->prices_needed == 0) {
		return refuse(ERR_POLICY, "roster.prices_needed",
			      "caps in yen, and no price sources to count by");
	}
	for (size_t i = 0; i < q->prices_n; i++) {
		uint64_t price = 0;
		struct policy_verdict v = judge_one(&price, q, i);

		if (v.err != ERR_OK) {
			return v;
		}
		highest = price > highest ? price : highest;
		lowest = price < lowest ? price : lowest;
	}
	if (q->prices_n < q->prices_needed) {
		return too_little(ERR_STALE, "price", "too few fresh prices", q->prices_n,
				  q->prices_needed);
	}
	if (!price_near(highest, lowest, lowest, jump)) {
		return refuse_figure(ERR_MISMATCH, "price.rate",
				     "price sources differ too much, in nano-yen", highest, lowest);
	}
	if (holds(last, &q->now) && !(price_near(highest, last->price, last->price, jump) &&
				      price_near(lowest, last->price, last->price, jump))) {
		return refuse_figure(ERR_MISMATCH, "price.rate",
				     "the price jumped since the last payment, in nano-yen",
				     highest, last->price);
	}
	yen = prices_yen(highest, outflow);
	if (yen == UINT64_MAX) {
		return refuse(ERR_OVERFLOW, "price.rate", "more yen than can be counted");
	}
	*out = (struct price_worth){ .price = highest, .yen = yen };
	return allowed;
}
