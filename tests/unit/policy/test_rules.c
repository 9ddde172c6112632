/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Goal: time locks, allow-list, kinds, grants, hours, relative fees and caps in yen hold at their
 * edges, whichever clock, price or list somebody has in his hand; windows have no edge.
 * Method: one order that passes (policy_world.h), each rule one below and one above; a second,
 * slow implementation of the windows; thousands of payments; many threads around one judge.
 */
#include <pthread.h>

#include "policy_world.h"
#include "t.h"

static struct world w;

#define JUDGED(e, f)                                           \
	do {                                                   \
		struct policy_verdict v_ = policy_judge(&w.q); \
		T_EQ(v_.err, (e));                             \
		T_STR(v_.field, (f));                          \
	} while (0)

/* Both clocks so much later. */
static void pass_time(uint64_t ms)
{
	w.q.now.own_ms += ms;
	w.q.now.wall_ms += ms;
	w.q.now.chain_s += (uint32_t)(ms / 1000);
}

static struct policy_moment at_now(void)
{
	return (struct policy_moment){ .known = true,
				       .chain_s = w.q.now.chain_s,
				       .own_ms = w.q.now.own_ms };
}

static void time_lock(void)
{
	world_make(&w);
	w.policy.approval_tiers[1].delay_ms = 600000;
	w.policy.approval_tiers[2].delay_ms = 600000;
	JUDGED(ERR_OK, ""); /* the first tier does not wait */
	world_amount(&w, X(500));
	w.q.approvals = 1;
	JUDGED(ERR_WAIT, "policy.approval_tiers"); /* never heard of it before */
	w.q.order_known = at_now();
	JUDGED(ERR_WAIT, "policy.approval_tiers");
	pass_time(599000);
	JUDGED(ERR_WAIT, "policy.approval_tiers");
	pass_time(1000);
	JUDGED(ERR_OK, "");
	/* one clock alone opens nothing */
	w.q.now.own_ms -= 1;
	JUDGED(ERR_WAIT, "policy.approval_tiers");
	w.q.now.own_ms += 1;
	w.q.now.chain_s -= 1;
	JUDGED(ERR_WAIT, "policy.approval_tiers");
	w.q.now.chain_s += 1;
	w.q.order_known.own_ms = UINT64_MAX; /* known in the future: not yet */
	JUDGED(ERR_WAIT, "policy.approval_tiers");
	w.q.order_known.own_ms = NOW;
	w.q.order_known.chain_s = UINT32_MAX;
	JUDGED(ERR_WAIT, "policy.approval_tiers");
	w.q.order_known = (struct policy_moment){ .known = false };
	JUDGED(ERR_WAIT, "policy.approval_tiers");
	/* when it was created, says the server, does not count */
	w.order.created_ms = NOW - 2900000;
	w.order.expires_ms = w.order.created_ms + 3600000;
	JUDGED(ERR_WAIT, "policy.approval_tiers");
	/* more approvals than needed do not shorten it; one no ends it */
	w.q.approvals = 16;
	JUDGED(ERR_WAIT, "policy.approval_tiers");
	w.q.order_known = at_now();
	w.q.order_known.own_ms -= 600000;
	w.q.order_known.chain_s -= 600;
	JUDGED(ERR_OK, "");
	w.q.veto = true;
	JUDGED(ERR_VETO, "approvals");
}

static void list_destination(uint64_t cooling_ms)
{
	w.policy.destination_count = 1;
	w.policy.destinations[0].address = w.order.destination;
	w.policy.destination_cooling_ms = cooling_ms;
}

static void allow_list(void)
{
	world_make(&w);
	w.policy.unlisted_max = xem(X(50));
	JUDGED(ERR_OK, "");
	w.policy.unlisted_max = xem(X(50) - 1);
	JUDGED(ERR_CAP, "policy.unlisted_max");
	w.policy.unlisted_max = xem(0);
	JUDGED(ERR_CAP, "policy.unlisted_max");
	list_destination(0);
	JUDGED(ERR_OK, "");
	world_address(&w.policy.destinations[0].address, 201, 0x98); /* somebody else's */
	JUDGED(ERR_CAP, "policy.unlisted_max");
	/* an address of another network is never the listed one */
	world_address(&w.policy.destinations[0].address, 200, 0x68);
	JUDGED(ERR_CAP, "policy.unlisted_max");
	w.policy.destinations[0].address = w.order.destination;
	w.policy.destination_count = 0;
	JUDGED(ERR_CAP, "policy.unlisted_max");
}

static void cooling(void)
{
	world_make(&w);
	list_destination(600000);
	w.policy.unlisted_max = xem(0);
	JUDGED(ERR_WAIT, "policy.destination_cooling_ms"); /* nobody says since when */
	w.q.listed = at_now();
	JUDGED(ERR_WAIT, "policy.destination_cooling_ms");
	pass_time(599000);
	JUDGED(ERR_WAIT, "policy.destination_cooling_ms");
	w.policy.unlisted_max = xem(X(50)); /* as anybody else meanwhile */
	JUDGED(ERR_OK, "");
	w.policy.unlisted_max = xem(X(50) - 1);
	pass_time(1000);
	JUDGED(ERR_OK, "");
	w.q.now.own_ms--;
	JUDGED(ERR_WAIT, "policy.destination_cooling_ms");
	w.q.now.own_ms++;
	w.q.now.chain_s--;
	JUDGED(ERR_WAIT, "policy.destination_cooling_ms");
}

static void kinds(void)
{
	static const struct {
		uint8_t n;
		uint32_t kind; /* 0: never */
	} rows[] = {
		{ 1, 0 },
		{ 3, 0 }, /* till, deposit account */
		{ 2, DOC_TO_PURSE },
		{ 50, DOC_TO_BOX }, /* purse, box */
		{ 101, DOC_TO_BOX },
		{ 200, DOC_TO_CUSTOMER }, /* spare box, a stranger */
	};

	for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
		for (uint32_t allowed = 1; allowed < 8; allowed++) {
			world_make(&w);
			world_address(&w.order.destination, rows[i].n, 0x98);
			w.request.destination = w.order.destination;
			w.policy.destination_kinds = allowed;
			if ((allowed & rows[i].kind) == 0) {
				JUDGED(ERR_POLICY, "order.destination");
				continue;
			}
			JUDGED(ERR_OK, "");
			/* our own need no list; strangers do */
			w.policy.unlisted_max = xem(0);
			JUDGED(rows[i].kind == DOC_TO_CUSTOMER ? ERR_CAP : ERR_OK,
			       rows[i].kind == DOC_TO_CUSTOMER ? "policy.unlisted_max" : "");
		}
	}
}

/* T28: a permission with an end, and nothing but that. */
static void grants(void)
{
	static struct doc_grant g;
	const uint64_t life = 3600000;

	world_make(&w);
	w.policy.unlisted_max = xem(0);
	w.policy.grant_life_max_ms = life;
	g = (struct doc_grant){ .destination = w.order.destination,
				.from_ms = NOW - 1000,
				.until_ms = NOW - 1000 + life,
				.up_to = xem(X(50)) };
	w.q.grants = &g;
	JUDGED(ERR_CAP, "policy.unlisted_max"); /* it does not count: none was given */
	w.q.grants_n = 1;
	JUDGED(ERR_OK, "");
	g.up_to = xem(X(50) - 1);
	JUDGED(ERR_CAP, "policy.unlisted_max");
	g.up_to = money_of(ASSET_JPY, X(50));
	JUDGED(ERR_CAP, "policy.unlisted_max");
	g.up_to = xem(X(50));
	world_address(&g.destination, 201, 0x98);
	JUDGED(ERR_CAP, "policy.unlisted_max");
	g.destination = w.order.destination;
	/* it ends by the faster clock */
	g.until_ms = NOW + 1;
	JUDGED(ERR_OK, "");
	g.until_ms = NOW;
	JUDGED(ERR_CAP, "policy.unlisted_max");
	g.until_ms = NOW + 60000;
	w.q.now.chain_s += 60;
	JUDGED(ERR_CAP, "policy.unlisted_max");
	w.q.now.chain_s -= 60;
	w.q.now.own_ms += 60000;
	JUDGED(ERR_CAP, "policy.unlisted_max");
	w.q.now.own_ms -= 60000;
	w.q.now.wall_ms += 60000;
	JUDGED(ERR_CAP, "policy.unlisted_max");
	w.q.now.wall_ms -= 60000;
	JUDGED(ERR_OK, "");
	/* and begins by the slower */
	g.from_ms = NOW;
	JUDGED(ERR_OK, "");
	w.q.now.wall_ms--;
	JUDGED(ERR_CAP, "policy.unlisted_max");
	w.q.now.wall_ms++;
	w.q.now.chain_s--;
	JUDGED(ERR_CAP, "policy.unlisted_max");
	w.q.now.chain_s++;
	/* longer than the policy allows now, never ending, or backwards */
	g.until_ms = g.from_ms + life;
	JUDGED(ERR_OK, "");
	g.until_ms++;
	JUDGED(ERR_CAP, "policy.unlisted_max");
	g.until_ms = UINT64_MAX;
	JUDGED(ERR_CAP, "policy.unlisted_max");
	g.from_ms = NOW - 10;
	g.until_ms = NOW - 20;
	JUDGED(ERR_CAP, "policy.unlisted_max");
	g.from_ms = NOW;
	g.until_ms = NOW + life;
	w.policy.grant_life_max_ms = 0;
	JUDGED(ERR_CAP, "policy.unlisted_max");
	w.policy.grant_life_max_ms = life;
	/* less than anybody may get anyway */
	w.policy.unlisted_max = xem(X(50));
	g.up_to = xem(1);
	JUDGED(ERR_OK, "");
	/* everything else binds as before */
	world_amount(&w, X(4000) + 1);
	g.up_to = xem(X(100000));
	JUDGED(ERR_CAP, "policy.payment_max");
	world_amount(&w, X(4000));
	JUDGED(ERR_APPROVALS, "approvals");
}

/* NOW is Friday 26 January 2018, 00:00 UTC. */
static void hours(void)
{
	world_make(&w);
	w.policy.hours_count = 1;
	w.policy.hours[0] = (struct doc_hours){ 1 << 4, 0, xem(X(50)), 1 };
	JUDGED(ERR_OK, "");
	w.policy.hours[0].payment_max = xem(X(50) - 1);
	JUDGED(ERR_CAP, "policy.hours");
	w.policy.hours[0].payment_max = xem(0); /* nothing leaves */
	JUDGED(ERR_CAP, "policy.hours");
	for (unsigned days = 1; days < 128; days++) {
		w.policy.hours[0].days = days;
		JUDGED((days & 16) != 0 ? ERR_CAP : ERR_OK, (days & 16) != 0 ? "policy.hours" : "");
	}
	w.policy.hours[0].days = 1 << 4;
	/* the first minute, to its last millisecond: by either clock */
	pass_time(60000);
	JUDGED(ERR_OK, "");
	w.q.now.wall_ms--;
	JUDGED(ERR_CAP, "policy.hours");
	w.q.now.wall_ms++;
	w.q.now.chain_s--;
	JUDGED(ERR_CAP, "policy.hours");
	/* judged afterwards: by what the signer says, whatever these say */
	w.q.said_ms = w.q.now.wall_ms;
	JUDGED(ERR_OK, "");
	w.q.said_ms--;
	JUDGED(ERR_CAP, "policy.hours");
	w.q.said_ms = w.order.expires_ms - 1;
	JUDGED(ERR_OK, "");
	w.q.said_ms++;
	JUDGED(ERR_EXPIRED, "order.expires_ms");
	w.q.said_ms = 0;
	/* Thursday's last minute */
	world_make(&w);
	w.policy.hours_count = 1;
	w.policy.hours[0] = (struct doc_hours){ 1 << 3, 1439, xem(0), 1440 };
	JUDGED(ERR_OK, "");
	w.q.now.wall_ms -= 1;
	JUDGED(ERR_CAP, "policy.hours");
	w.q.now.wall_ms += 1;
	w.q.now.chain_s -= 1;
	JUDGED(ERR_CAP, "policy.hours");
	/* two at once: the smaller */
	world_make(&w);
	w.policy.hours_count = 2;
	w.policy.hours[0] = (struct doc_hours){ 127, 0, xem(X(60)), 1440 };
	w.policy.hours[1] = (struct doc_hours){ 127, 0, xem(X(40)), 1440 };
	JUDGED(ERR_CAP, "policy.hours");
	w.policy.hours[1].payment_max = xem(X(50));
	JUDGED(ERR_OK, "");
}

static void relative_fee(void)
{
	/* 0.4 XEM of 50: 80 basis points */
	world_make(&w);
	w.policy.fee_bp_max = 80;
	JUDGED(ERR_OK, "");
	w.policy.fee_bp_max = 79;
	JUDGED(ERR_CAP, "policy.fee_bp_max");
	w.policy.fee_bp_max = 80;
	world_amount(&w, X(50) - 1); /* 80.0000016: above */
	JUDGED(ERR_CAP, "policy.fee_bp_max");
	w.policy.fee_bp_max = 1000000;
	world_amount(&w, 4000);
	JUDGED(ERR_OK, "");
	world_amount(&w, 3999);
	JUDGED(ERR_CAP, "policy.fee_bp_max");
}

static struct policy_price prices[4];

/* 50.4 XEM leave; at 100 yen that is 5,040. */
static void yen_world(void)
{
	world_make(&w);
	w.policy.yen_count = 1;
	w.policy.yen[0] = (struct doc_yen){
		.age_max_ms = 60000, .day_max = 20000, .hour_max = 10000, .jump_max_bp = 500
	};
	for (size_t i = 0; i < ARRAY_LEN(prices); i++) {
		prices[i] =
		    (struct policy_price){ .rate = "100", .time_ms = NOW - 1000, .source = i };
	}
	w.q.prices = prices;
	w.q.prices_n = 2;
	w.q.prices_needed = 2;
}

static void price_lies(void)
{
	yen_world();
	JUDGED(ERR_OK, "");
	/* too few, none, or one twice */
	w.q.prices_n = 1;
	JUDGED(ERR_STALE, "price");
	w.q.prices_n = 0;
	JUDGED(ERR_STALE, "price");
	w.q.prices_n = 2;
	prices[1].source = 0;
	JUDGED(ERR_ONCE, "price.source");
	prices[1].source = 1;
	/* caps, and nobody to count by */
	w.q.prices_needed = 0;
	JUDGED(ERR_POLICY, "roster.prices_needed");
	w.q.prices_needed = 2;
	/* stale, to the millisecond, by the faster clock */
	prices[1].time_ms = NOW - 60000;
	JUDGED(ERR_OK, "");
	prices[1].time_ms--;
	JUDGED(ERR_STALE, "price.time_ms");
	prices[1].time_ms = NOW - 1000;
	w.q.now.chain_s += 60;
	JUDGED(ERR_STALE, "price.time_ms");
	w.q.now.chain_s -= 60;
	w.q.now.own_ms += 60000;
	JUDGED(ERR_STALE, "price.time_ms");
	w.q.now.own_ms -= 60000;
	/* from the future */
	prices[0].time_ms = NOW + 600000;
	JUDGED(ERR_OK, "");
	prices[0].time_ms++;
	JUDGED(ERR_CLOCK, "price.time_ms");
	prices[0].time_ms = NOW;
	/* T06: one source says a thousandth */
	prices[1].rate = "0.1";
	JUDGED(ERR_MISMATCH, "price.rate");
	prices[1].rate = "105";
	JUDGED(ERR_OK, "");
	prices[1].rate = "105.000000001";
	JUDGED(ERR_MISMATCH, "price.rate");
	prices[1].rate = "95";
	JUDGED(ERR_MISMATCH, "price.rate"); /* 100 is 5.26 % above 95 */
	/* no numbers */
	{
		static const char *const bad[] = { "", "0", "-1", "1e3", "0.10", " 1", "yen" };

		for (size_t i = 0; i < ARRAY_LEN(bad); i++) {
			prices[1].rate = bad[i];
			T_CHECK(policy_judge(&w.q).err == ERR_AMOUNT);
		}
	}
	prices[1].rate = "18446744073.709551615"; /* the largest nano-yen there is */
	prices[0].rate = prices[1].rate;
	JUDGED(ERR_CAP, "policy.yen");
	prices[1].rate = "18446744073.709551616";
	JUDGED(ERR_OVERFLOW, "price.rate");
	prices[1].rate = "9999999999999999999999999999999999999";
	JUDGED(ERR_OVERFLOW, "price.rate");
	/* what is smaller than a nano-yen counts as one */
	prices[0].rate = "0.0000000000000000001";
	prices[1].rate = prices[0].rate;
	JUDGED(ERR_OK, "");
	T_EQ(policy_entry_of(&w.q).price, 1);
	T_EQ(policy_entry_of(&w.q).yen, 1);
}

static void more_yen_than_can_be_counted(void)
{
	yen_world();
	w.policy.payment_max = xem(X(8000000000));
	w.policy.approval_tiers[2].up_to = xem(X(8000000000));
	w.policy.unlisted_max = xem(X(8000000000));
	w.q.approvals = 2;
	world_amount(&w, X(8000000000));
	w.policy.hour_max = xem(X(9000000000));
	w.policy.day_max = xem(X(9000000000));
	w.policy.yen[0].hour_max = ~(u128)0;
	w.policy.yen[0].day_max = ~(u128)0;
	prices[0].rate = "2300000000";
	prices[1].rate = prices[0].rate;
	JUDGED(ERR_OK, "");
	prices[0].rate = "2400000000";
	prices[1].rate = prices[0].rate;
	JUDGED(ERR_OVERFLOW, "price.rate");
}

static void yen_caps(void)
{
	static struct policy_entry e;

	yen_world();
	w.policy.yen[0].hour_max = 5040;
	JUDGED(ERR_OK, "");
	w.policy.yen[0].hour_max = 5039;
	JUDGED(ERR_CAP, "policy.yen");
	w.policy.yen[0].hour_max = 10000;
	w.policy.yen[0].day_max = 5039;
	JUDGED(ERR_CAP, "policy.yen");
	w.policy.yen[0].day_max = 5040;
	JUDGED(ERR_OK, "");
	/* the highest counts, and part of a yen is one */
	prices[1].rate = "100.000000001";
	JUDGED(ERR_CAP, "policy.yen");
	prices[1].rate = "99";
	JUDGED(ERR_OK, "");
	T_EQ(policy_entry_of(&w.q).yen, 5040);
	T_EQ(policy_entry_of(&w.q).price, 100000000000);

	/* T06: a price of a thousandth, by all sources: the coin caps still bind */
	yen_world();
	prices[0].rate = "0.1";
	prices[1].rate = "0.1";
	world_amount(&w, X(4000) + 1);
	JUDGED(ERR_CAP, "policy.payment_max");
	w.policy.hour_max = xem(X(50));
	world_amount(&w, X(50));
	JUDGED(ERR_CAP, "policy.hour_max");

	/* what was signed counts at the price of then */
	yen_world();
	e = policy_entry_of(&w.q);
	T_EQ(policy_history_add(&w.history, &e), ERR_OK);
	w.policy.yen[0].hour_max = 10080;
	JUDGED(ERR_OK, "");
	w.policy.yen[0].hour_max = 10079;
	JUDGED(ERR_CAP, "policy.yen");
	w.policy.yen[0].hour_max = 10080;
	prices[0].rate = "96";
	prices[1].rate = "96";
	JUDGED(ERR_OK, "");
	T_EQ((uint64_t)policy_history_yen(&w.history, &w.q.now, POLICY_HOUR_MS), 5040);
	/* an order's dead attempt counts no more */
	w.policy.yen[0].hour_max = 5000;
	JUDGED(ERR_CAP, "policy.yen");
	w.q.dead = &e;
	w.q.dead_n = 1;
	JUDGED(ERR_OK, "");
}

/* T05: payments of other assets count in yen alone, and all of them together (policy_entry). */
static void all_assets_share_one_cap(void)
{
	struct policy_entry e;

	yen_world();
	w.policy.yen[0].hour_max = 10000;
	e = policy_entry_of(&w.q);
	e.outflow = 0; /* some other coin, worth as much */
	for (unsigned i = 0; i < 16; i++) {
		e.yen = 310;
		T_EQ(policy_history_add(&w.history, &e), ERR_OK);
	}
	T_CHECK(policy_history_sum(&w.history, &w.q.now, POLICY_DAY_MS, false) == 0);
	JUDGED(ERR_OK, ""); /* 4,960 and 5,040 */
	e.yen = 1;
	T_EQ(policy_history_add(&w.history, &e), ERR_OK);
	JUDGED(ERR_CAP, "policy.yen");
}

static void price_jumps(void)
{
	struct policy_entry e;

	yen_world();
	w.policy.yen[0].hour_max = 100000;
	w.policy.yen[0].day_max = 100000;
	w.policy.order_life_ms = 2 * (uint64_t)POLICY_DAY_MS;
	w.order.expires_ms = w.order.created_ms + w.policy.order_life_ms;
	e = policy_entry_of(&w.q);
	T_EQ(policy_history_add(&w.history, &e), ERR_OK);
	/* the whole market, says everybody, fell to a thousandth */
	prices[0].rate = "0.1";
	prices[1].rate = "0.1";
	JUDGED(ERR_MISMATCH, "price.rate");
	prices[0].rate = "95";
	prices[1].rate = "95";
	JUDGED(ERR_OK, "");
	prices[1].rate = "94.999999999";
	JUDGED(ERR_MISMATCH, "price.rate");
	prices[0].rate = "105.000000001";
	prices[1].rate = "105";
	JUDGED(ERR_MISMATCH, "price.rate");
	prices[0].rate = "105";
	JUDGED(ERR_OK, "");
	/* forgetting the payment does not forget its price */
	policy_history_forget(&w.history, &e);
	prices[0].rate = "0.1";
	prices[1].rate = "0.1";
	JUDGED(ERR_MISMATCH, "price.rate");
	/* after a day without payments, by both clocks, prices begin anew */
	prices[0].time_ms = NOW + POLICY_DAY_MS;
	prices[1].time_ms = NOW + POLICY_DAY_MS;
	pass_time(POLICY_DAY_MS - 1000);
	JUDGED(ERR_MISMATCH, "price.rate");
	w.q.now.own_ms += 1000;
	JUDGED(ERR_MISMATCH, "price.rate");
	w.q.now.chain_s += 1;
	JUDGED(ERR_OK, "");
}

/* T05: assets of other policies count in yen alone, each under its own caps in coins. */
static void all_assets_together(void)
{
	yen_world();
	for (unsigned asset = 0; asset < 16; asset++) {
		const struct policy_entry other = { .own_ms = NOW,
						    .chain_s = w.q.now.chain_s,
						    .approvals = 1,
						    .yen = 300,
						    .price = 100000000000 };

		T_EQ(policy_history_add(&w.history, &other), ERR_OK);
	}
	T_CHECK(policy_history_sum(&w.history, &w.q.now, POLICY_DAY_MS, false) == 0);
	JUDGED(ERR_OK, ""); /* 4,800 + 5,040 */
	w.policy.yen[0].hour_max = 9839;
	JUDGED(ERR_CAP, "policy.yen");
	w.policy.yen[0].hour_max = 9840;
	JUDGED(ERR_OK, "");
}

/* The windows, slowly: every entry asked, as it was given. */
struct slow {
	struct policy_entry e;
	bool gone;
};

static u128 slow_sum(const struct slow *all, size_t n, const struct policy_time *now,
		     uint64_t window_ms, unsigned what)
{
	u128 sum = 0;

	for (size_t i = 0; i < n; i++) {
		if (!all[i].gone &&
		    !policy_has_left(all[i].e.own_ms, all[i].e.chain_s, now, window_ms)) {
			sum += what == 2                              ? all[i].e.yen
			       : what == 1 && all[i].e.approvals != 0 ? 0
								      : all[i].e.outflow;
		}
	}
	return sum;
}

static void windows_by_another_hand(void)
{
	static struct slow all[1000];
	static struct policy_kept entries[1000];
	struct policy_history h;

	for (unsigned round = 0; round < 20; round++) {
		struct policy_time now = { .own_ms = NOW, .chain_s = 100000000 };
		bool steady = round % 2 == 0; /* both clocks agree */
		size_t n = 0;

		policy_history_init(&h, entries, ARRAY_LEN(entries));
		while (n < ARRAY_LEN(all)) {
			struct policy_entry e = { .own_ms = now.own_ms,
						  .chain_s = now.chain_s,
						  .approvals = (uint32_t)t_below(2),
						  /* up to more than half of what may be */
						  .outflow = (u128)(1 + t_below(1000))
							     << 28 * t_below(4),
						  .yen = t_below(1000) << 50 * t_below(2),
						  .price = 1 };

			if (t_below(8) == 0) { /* told late */
				uint64_t late_s = t_below(100);

				e.own_ms -= late_s * 1000;
				e.chain_s -= (uint32_t)late_s;
			}
			T_EQ(policy_history_add(&h, &e), ERR_OK);
			all[n++] = (struct slow){ e, false };
			if (t_below(10) == 0) {
				size_t at = t_below(n);

				if (!all[at].gone) {
					policy_history_forget(&h, &all[at].e);
					all[at].gone = true;
				}
			}
			now.chain_s += (uint32_t)t_below(400);
			now.own_ms = NOW + UINT64_C(1000) * (now.chain_s - 100000000);
			if (!steady) {
				now.own_ms += t_below(50000);
				now.chain_s -= t_below(20) == 0 ? 300 : 0;
			}
			for (unsigned what = 0; what < 3; what++) {
				static const uint64_t windows[] = { POLICY_HOUR_MS, POLICY_DAY_MS };
				uint64_t window = windows[t_below(2)];
				u128 want = slow_sum(all, n, &now, window, what);
				u128 got = what == 2
					       ? policy_history_yen(&h, &now, window)
					       : policy_history_sum(&h, &now, window, what == 1);

				/* a chain that went back may only make things count longer */
				T_CHECK(steady ? got == want : got >= want);
			}
		}
	}
}

/* T04: 200 customers, all day, each just below the first tier; and both sides of midnight. */
static void salami_of_two_hundred(void)
{
	static struct policy_kept entries[8192];
	const uint8_t tail[UUID7_RANDOM_BYTES] = { 9 };
	u128 day[4] = { 0 };
	size_t paid = 0;

	yen_world();
	policy_history_init(&w.history, entries, ARRAY_LEN(entries));
	w.policy.unapproved_day_max = xem(X(1000));
	w.policy.yen[0].day_max = 90000; /* binds before the coins do */
	w.policy.yen[0].hour_max = 90000;
	for (unsigned minute = 0; minute < 4 * 1440; minute += 3) {
		struct policy_entry e;

		world_amount(&w, X(100) - 1);
		(void)snprintf(w.request.customer, sizeof w.request.customer, "customer-%u",
			       minute % 200);
		uuid7_make(&w.request.request_id, w.q.now.wall_ms, tail);
		w.order.request_id = w.request.request_id;
		w.order.created_ms = w.q.now.wall_ms;
		w.order.expires_ms = w.q.now.wall_ms + 60000;
		prices[0].time_ms = w.q.now.wall_ms;
		prices[1].time_ms = w.q.now.wall_ms;
		if (policy_judge(&w.q).err == ERR_OK) {
			e = policy_entry_of(&w.q);
			T_EQ(policy_history_add(&w.history, &e), ERR_OK);
			day[minute / 1440] += e.outflow;
			paid++;
		}
		T_CHECK(policy_history_yen(&w.history, &w.q.now, POLICY_DAY_MS) <= 90000);
		T_CHECK(policy_history_sum(&w.history, &w.q.now, POLICY_DAY_MS, true) <= X(1000));
		pass_time(180000);
	}
	T_CHECK(paid >= 4 * 8 && paid <= 5 * 8);
	for (unsigned i = 0; i < 4; i++) {
		T_CHECK(day[i] <= X(1000));
	}
}

/* T05: however many ask at once, one judge has one memory. */
enum { THREADS = 64, EACH = 200 };

static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;
static uint64_t paid_units;

static void *race(void *context)
{
	(void)context;
	for (unsigned i = 0; i < EACH; i++) {
		struct policy_entry e;

		/* judging and remembering are one step; a signer is one thread for this reason */
		(void)pthread_mutex_lock(&lock);
		if (policy_judge(&w.q).err == ERR_OK) {
			e = policy_entry_of(&w.q);
			CHECK(policy_history_add(&w.history, &e) == ERR_OK);
			paid_units += (uint64_t)e.outflow;
		}
		(void)pthread_mutex_unlock(&lock);
	}
	return NULL;
}

static void sixty_four_threads(void)
{
	pthread_t threads[THREADS];

	world_make(&w);
	w.policy.unapproved_day_max = xem(X(3000));
	w.policy.hour_max = xem(X(2520)); /* 50 times 50.4 */
	paid_units = 0;
	for (unsigned i = 0; i < THREADS; i++) {
		T_EQ(pthread_create(&threads[i], NULL, race, NULL), 0);
	}
	for (unsigned i = 0; i < THREADS; i++) {
		T_EQ(pthread_join(threads[i], NULL), 0);
	}
	T_EQ(paid_units, X(2520));
	T_EQ(w.history.n, 50);
}

/* An order's dead attempts count no more, each in the windows in which it still stands. */
static void dead_attempts(void)
{
	static struct policy_entry dead[2];
	uint64_t outflow = X(50) + 400000;

	yen_world();
	dead[0] = policy_entry_of(&w.q);
	T_EQ(policy_history_add(&w.history, &dead[0]), ERR_OK);
	w.policy.hour_max = xem(outflow);
	w.policy.day_max = xem(outflow);
	w.policy.unapproved_day_max = xem(outflow);
	w.policy.yen[0].hour_max = 5040;
	w.policy.yen[0].day_max = 5040;
	JUDGED(ERR_CAP, "policy.hour_max");
	w.q.dead = dead;
	w.q.dead_n = 1;
	JUDGED(ERR_OK, "");
	/* one that has left takes nothing from what others hold */
	pass_time(POLICY_HOUR_MS);
	prices[0].time_ms = w.q.now.wall_ms;
	prices[1].time_ms = w.q.now.wall_ms;
	w.order.created_ms = w.q.now.wall_ms;
	w.order.expires_ms = w.order.created_ms + 1000;
	JUDGED(ERR_OK, "");
	dead[1] = policy_entry_of(&w.q);
	dead[1].yen = 1;
	T_EQ(policy_history_add(&w.history, &dead[1]), ERR_OK);
	JUDGED(ERR_CAP, "policy.hour_max");
	/* with approvals it never was in the other budget */
	yen_world();
	dead[0] = policy_entry_of(&w.q);
	dead[0].approvals = 1;
	T_EQ(policy_history_add(&w.history, &dead[0]), ERR_OK);
	dead[1] = dead[0];
	dead[1].approvals = 0;
	T_EQ(policy_history_add(&w.history, &dead[1]), ERR_OK);
	w.q.dead = dead;
	w.q.dead_n = 1;
	w.policy.unapproved_day_max = xem(2 * outflow);
	w.policy.yen[0].hour_max = 10080;
	JUDGED(ERR_OK, "");
	w.policy.unapproved_day_max = xem(2 * outflow - 1);
	JUDGED(ERR_CAP, "policy.unapproved_day_max");
	/* what the history never had is not taken from it twice */
	yen_world();
	dead[0] = policy_entry_of(&w.q);
	w.q.dead = dead;
	w.q.dead_n = 1;
	w.policy.hour_max = xem(outflow - 1);
	JUDGED(ERR_CAP, "policy.hour_max");
	w.policy.hour_max = xem(outflow);
	w.policy.yen[0].hour_max = 5039;
	JUDGED(ERR_CAP, "policy.yen");
}

/* Two that differ in yen alone are two. */
static void forgets_the_right_one(void)
{
	struct policy_entry e;

	yen_world();
	e = policy_entry_of(&w.q);
	T_EQ(policy_history_add(&w.history, &e), ERR_OK);
	e.yen = 7;
	T_EQ(policy_history_add(&w.history, &e), ERR_OK);
	policy_history_forget(&w.history, &e);
	T_EQ(w.history.n, 1);
	T_EQ(w.history.entries[0].yen, 5040);
	T_EQ((uint64_t)policy_history_yen(&w.history, &w.q.now, POLICY_DAY_MS), 5040);
	e.outflow++;
	policy_history_forget(&w.history, &e);
	e.outflow--;
	e.approvals++;
	policy_history_forget(&w.history, &e);
	e.approvals--;
	e.own_ms++;
	policy_history_forget(&w.history, &e);
	T_EQ(w.history.n, 1);
}

static void more_than_there_is(void)
{
	world_make(&w);
	w.q.approvals = 2;
	w.policy.payment_max = money_of(ASSET_XEM, ~(u128)0);
	w.policy.approval_tiers[2].up_to = w.policy.payment_max;
	world_amount(&w, X(9000000000) + 1);
	JUDGED(ERR_AMOUNT, "order.amount");
	/* a message that is too long is not even compared */
	world_make(&w);
	w.order.message_n = DOC_MESSAGE_MAX + 1;
	JUDGED(ERR_TOO_LARGE, "order.message");
}

static void explains(void)
{
	struct policy_verdict rows[POLICY_RULES_MAX];
	struct policy_verdict first;
	char words[POLICY_WORDS_MAX];
	size_t n;
	unsigned broken = 0;

	world_make(&w);
	n = policy_explain(rows, &w.q);
	T_CHECK(n > 25);
	for (size_t i = 0; i < n; i++) {
		T_EQ(rows[i].err, ERR_OK);
		T_CHECK(rows[i].field[0] != '\0');
		T_STR(rows[i].has_figure ? "allowed" : rows[i].words, "allowed");
	}
	/* several reasons at once, each with its figures */
	world_amount(&w, X(4000));
	w.policy.hour_max = xem(X(100));
	w.policy.unlisted_max = xem(X(10));
	w.policy.approval_tiers[2].delay_ms = 5000;
	w.q.order_known = at_now();
	pass_time(2000);
	n = policy_explain(rows, &w.q);
	first = policy_judge(&w.q);
	for (size_t i = 0; i < n; i++) {
		if (rows[i].err == ERR_OK) {
			continue;
		}
		if (broken++ == 0) {
			T_EQ(rows[i].err, first.err);
			T_STR(rows[i].field, first.field);
		}
		if (rows[i].err == ERR_APPROVALS) {
			policy_words(words, &rows[i]);
			T_STR(words, "too few people approved: 0, needs 2");
		}
		if (rows[i].err == ERR_WAIT) {
			T_CHECK(rows[i].least && rows[i].figure == 2000 && rows[i].limit == 5000);
		}
	}
	T_EQ(broken, 6); /* unlisted, time lock, people, hour, no-approval day and budget */
	/* nothing is said about what cannot be known */
	w.order.destination.text[3] ^= 1;
	w.request.destination = w.order.destination;
	n = policy_explain(rows, &w.q);
	T_CHECK(n < 15 && rows[n - 1].err != ERR_OK);
	T_STR(rows[n - 1].field, "order.destination");
}

static void no_entry(void)
{
	world_make(&w);
	world_amount(&w, 0);
	(void)policy_entry_of(&w.q);
}

static void no_entry_without_price(void)
{
	yen_world();
	w.q.prices_n = 0;
	(void)policy_entry_of(&w.q);
}

/* It is full until a person has compared, also where no window holds anything any more. */
static void budget_without_a_window(void)
{
	u128 outflow;

	world_make(&w);
	outflow = policy_entry_of(&w.q).outflow;
	w.policy.unapproved_day_max = xem(X(1000));
	w.q.unapproved_since = X(1000) - outflow;
	T_EQ(policy_judge(&w.q).err, ERR_OK);
	T_EQ(policy_budget(&w.policy, w.q.unapproved_since, outflow).err, ERR_OK);
	w.q.unapproved_since++;
	JUDGED(ERR_CAP, "policy.unapproved_day_max");
	T_EQ(policy_budget(&w.policy, w.q.unapproved_since, outflow).err, ERR_CAP);
	/* what people approve is not of it */
	w.q.approvals = 1;
	T_EQ(policy_judge(&w.q).err, ERR_OK);
}

static void what_was_refused_is_not_remembered(void)
{
	T_CHECK(t_dies(SIGABRT, no_entry));
	T_CHECK(t_dies(SIGABRT, no_entry_without_price));
}

int main(int argc, char **argv)
{
	static const struct t_case cases[] = {
		{ "time locks wait for the slower clock", time_lock },
		{ "who is not listed gets at most unlisted_max", allow_list },
		{ "a new address cools down", cooling },
		{ "kinds of destinations", kinds },
		{ "grants begin late, end early and stay within their bounds (T28)", grants },
		{ "a budget without a window", budget_without_a_window },
		{ "hours of the week, by both clocks", hours },
		{ "fees relative to the amount (T18)", relative_fee },
		{ "prices that lie, are old, few or no numbers (T06)", price_lies },
		{ "more yen than can be counted", more_yen_than_can_be_counted },
		{ "caps in yen at their edges", yen_caps },
		{ "a price that jumped stops payments", price_jumps },
		{ "sixteen assets under one cap (T05)", all_assets_together },
		{ "windows by another hand", windows_by_another_hand },
		{ "salami of two hundred accounts over midnights (T04)", salami_of_two_hundred },
		{ "sixteen other assets share one cap in yen (T05)", all_assets_share_one_cap },
		{ "sixty-four threads, one total (T05)", sixty_four_threads },
		{ "an order's dead attempts count no more", dead_attempts },
		{ "forgets the right one", forgets_the_right_one },
		{ "more than there is", more_than_there_is },
		{ "every rule with its figures", explains },
		{ "what was refused is not remembered", what_was_refused_is_not_remembered },
	};

	return t_main(cases, ARRAY_LEN(cases), argc, argv);
}
