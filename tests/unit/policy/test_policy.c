/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Goal: nothing is allowed that the policy does not allow, to the last micro-XEM and millisecond.
 * Method: one order that passes (policy_world.h); then every limit at its edge, one below and one
 * above; every field of order against request; both clocks moved alone and together; thousands of
 * small payments against a plain re-computation of the windows.
 */
#include "t.h"

#include "chain/nem/nem_fee.h"
#include "policy_world.h"

static struct world w;

#define JUDGED(e, f)                                           \
	do {                                                   \
		struct policy_verdict v_ = policy_judge(&w.q); \
		T_EQ(v_.err, (e));                             \
		T_STR(v_.field, (f));                          \
	} while (0)

static void allows(void)
{
	world_make(&w);
	JUDGED(ERR_OK, "");
}

/* A policy that lacks anything allows nothing (T29). */
static void incomplete_policy(void)
{
	struct doc_policy *p = &w.policy;

#define BROKEN(change, e, f)                  \
	do {                                  \
		world_make(&w);               \
		change;                       \
		JUDGED(e, f);                 \
		T_EQ(policy_check(p).err, e); \
	} while (0)
	BROKEN(p->asset = ASSET_NONE, ERR_ASSET, "policy.asset");
	BROKEN(p->asset = ASSET_JPY, ERR_ASSET, "policy.asset");
	BROKEN(p->payment_max = xem(0), ERR_POLICY, "policy.payment_max");
	BROKEN(p->hour_max = xem(0), ERR_POLICY, "policy.hour_max");
	BROKEN(p->day_max = xem(0), ERR_POLICY, "policy.day_max");
	BROKEN(p->fee_max = xem(0), ERR_POLICY, "policy.fee_max");
	BROKEN(p->till_max = xem(0), ERR_POLICY, "policy.till_max");
	BROKEN(p->day_max = money_of(ASSET_JPY, 5), ERR_POLICY, "policy.day_max");
	BROKEN(p->unapproved_day_max = money_of(ASSET_JPY, 5), ERR_POLICY,
	       "policy.unapproved_day_max");
	BROKEN(p->attempt_life_s = 0, ERR_POLICY, "policy.attempt_life_s");
	BROKEN(p->attempt_life_s = 86401, ERR_POLICY, "policy.attempt_life_s");
	BROKEN(p->clock_skew_ms = 0, ERR_POLICY, "policy.clock_skew_ms");
	BROKEN(p->clock_skew_ms = UINT64_MAX, ERR_POLICY, "policy.clock_skew_ms");
	BROKEN(p->heartbeat_age_ms = 0, ERR_POLICY, "policy.heartbeat_age_ms");
	BROKEN(p->order_life_ms = 0, ERR_POLICY, "policy.order_life_ms");
	BROKEN(p->hot_ceiling_bp = 0, ERR_POLICY, "policy.hot_ceiling_bp");
	BROKEN(p->hot_ceiling_bp = 10001, ERR_POLICY, "policy.hot_ceiling_bp");
	BROKEN(p->tier_count = 0, ERR_POLICY, "policy.approval_tiers");
	BROKEN(p->tier_count = 1000, ERR_POLICY, "policy.approval_tiers");
	BROKEN(p->approval_tiers[0].up_to = xem(0), ERR_POLICY, "policy.approval_tiers");
	BROKEN(p->approval_tiers[1].up_to = xem(X(100)), ERR_POLICY, "policy.approval_tiers");
	BROKEN(p->approval_tiers[0].approvals = 2, ERR_POLICY, "policy.approval_tiers");
	BROKEN(p->approval_tiers[0].delay_ms = 1, ERR_POLICY, "policy.approval_tiers");
	BROKEN(p->approval_tiers[1].up_to = money_of(ASSET_JPY, 5), ERR_POLICY,
	       "policy.approval_tiers");
	BROKEN(p->fee_bp_max = 0, ERR_POLICY, "policy.fee_bp_max");
	BROKEN(p->fee_bp_max = 1000001, ERR_POLICY, "policy.fee_bp_max");
	BROKEN(p->loosening_ms = 0, ERR_POLICY, "policy.loosening_ms");
	BROKEN(p->unlisted_max = money_of(ASSET_JPY, 5), ERR_POLICY, "policy.unlisted_max");
	BROKEN(p->destination_kinds = 0, ERR_POLICY, "policy.destination_kinds");
	BROKEN(p->destination_kinds = 8, ERR_POLICY, "policy.destination_kinds");
	BROKEN(p->destination_count = 65, ERR_POLICY, "policy.destinations");
	BROKEN(p->hours_count = 9, ERR_POLICY, "policy.hours");
#define HOURS(...)                                                                                \
	BROKEN((p->hours_count = 1, p->hours[0] = (struct doc_hours){ __VA_ARGS__ }), ERR_POLICY, \
	       "policy.hours")
	HOURS(0, 0, xem(1), 10);
	HOURS(128, 0, xem(1), 10);
	HOURS(1, 10, xem(1), 10);
	HOURS(1, 10, xem(1), 1441);
	HOURS(1, 0, money_of(ASSET_JPY, 1), 10);
#undef HOURS
	BROKEN(p->yen_count = 2, ERR_POLICY, "policy.yen");
#define YEN(...)                                                                            \
	BROKEN((p->yen_count = 1, p->yen[0] = (struct doc_yen){ __VA_ARGS__ }), ERR_POLICY, \
	       "policy.yen")
	YEN(0, 1, 1, 1);
	YEN(1, 0, 1, 1);
	YEN(1, 1, 0, 1);
	YEN(1, 1, 1, 0);
	YEN(1, 1, 1, 10001);
#undef YEN
#undef BROKEN
}

/* Each field of the order altered alone (T11, T13). */
static void altered_order(void)
{
	struct doc_order *o = &w.order;

#define ALTERED(change, e, f)   \
	do {                    \
		world_make(&w); \
		change;         \
		JUDGED(e, f);   \
	} while (0)
	ALTERED(o->asset = ASSET_JPY, ERR_ASSET, "order.asset");
	ALTERED(o->asset = ASSET_NONE, ERR_ASSET, "order.asset");
	ALTERED(o->amount = money_of(ASSET_JPY, 50), ERR_ASSET, "order.asset");
	ALTERED(o->fee_max = money_of(ASSET_JPY, 50), ERR_ASSET, "order.asset");
	ALTERED(o->chain = (enum doc_chain)2, ERR_NETWORK, "order.chain");
	ALTERED(o->network = 0x68, ERR_NETWORK, "order.network");
	ALTERED(o->vault = (enum doc_vault)0, ERR_POLICY, "order.vault");
	ALTERED(o->genesis.b[0] ^= 1, ERR_MISMATCH, "order.genesis");
	ALTERED(o->request.b[31] ^= 1, ERR_MISMATCH, "order.request");
	ALTERED(o->request_id.b[15] ^= 1, ERR_MISMATCH, "order.request_id");
	ALTERED(o->amount = xem(X(50) + 1), ERR_MISMATCH, "order.amount");
	ALTERED(o->amount = xem(X(50) - 1), ERR_MISMATCH, "order.amount");
	ALTERED(o->amount = xem(0), ERR_MISMATCH, "order.amount");
	ALTERED(world_address(&o->destination, 201, 0x98), ERR_MISMATCH, "order.destination");
	ALTERED(o->message[0] ^= 1, ERR_MISMATCH, "order.message");
	ALTERED(o->message_n = 4, ERR_MISMATCH, "order.message");
	ALTERED(o->message_n = 0, ERR_MISMATCH, "order.message");
	ALTERED(w.request.asset = ASSET_JPY, ERR_MISMATCH, "order.asset");
	ALTERED(w.request.amount = money_of(ASSET_JPY, X(50)), ERR_MISMATCH, "order.amount");
	ALTERED(w.q.veto = true, ERR_VETO, "approvals");
#undef ALTERED
}

static void bad_destinations(void)
{
	static const char *const bad[] = {
		"",
		"T",
		"not an address at all, and of the wrong size",
	};
	char text[DOC_ADDRESS_CHARS + 1];

	for (size_t i = 0; i < ARRAY_LEN(bad); i++) {
		world_make(&w);
		memset(w.order.destination.text, 0, sizeof w.order.destination.text);
		memcpy(w.order.destination.text, bad[i], strlen(bad[i]) < 40 ? strlen(bad[i]) : 40);
		w.request.destination = w.order.destination;
		JUDGED(ERR_ADDRESS, "order.destination");
	}
	/* one wrong character at each place */
	for (size_t i = 0; i < DOC_ADDRESS_CHARS; i++) {
		struct policy_verdict v;

		world_make(&w);
		w.order.destination.text[i] = w.order.destination.text[i] == 'A' ? 'B' : 'A';
		w.request.destination = w.order.destination;
		v = policy_judge(&w.q);
		T_CHECK(v.err == ERR_ADDRESS || v.err == ERR_NETWORK);
		T_STR(v.field, "order.destination");
	}
	/* the same key on another network */
	world_make(&w);
	world_address(&w.order.destination, 200, 0x68);
	w.request.destination = w.order.destination;
	JUDGED(ERR_NETWORK, "order.destination");
	/* ourselves */
	for (uint8_t n = 1; n <= 3; n++) {
		world_make(&w);
		world_address(&w.order.destination, n, 0x98);
		w.request.destination = w.order.destination;
		JUDGED(ERR_POLICY, "order.destination");
		world_address(&w.order.destination, (uint8_t)(n + 100), 0x98);
		w.request.destination = w.order.destination;
		JUDGED(ERR_POLICY, "order.destination");
	}
	world_make(&w);
	world_address(&w.order.destination, 50, 0x98);
	w.request.destination = w.order.destination;
	JUDGED(ERR_POLICY, "order.destination");
	memcpy(text, w.order.destination.text, sizeof text);
	T_STR(text, w.genesis.boxes[0].text);
}

static void amounts_and_tiers(void)
{
	static const struct {
		uint64_t micro;
		unsigned approvals;
		enum err want;
		const char *field;
	} rows[] = {
		{ 1, 0, ERR_CAP, "policy.fee_bp_max" },
		{ X(100) - 1, 0, ERR_OK, "" },
		{ X(100), 0, ERR_OK, "" },
		{ X(100) + 1, 0, ERR_APPROVALS, "approvals" },
		{ X(100) + 1, 1, ERR_OK, "" },
		{ X(1000), 1, ERR_OK, "" },
		{ X(1000) + 1, 1, ERR_APPROVALS, "approvals" },
		{ X(1000) + 1, 2, ERR_OK, "" },
		{ X(4000), 2, ERR_OK, "" },
		{ X(4000) + 1, 2, ERR_CAP, "policy.payment_max" },
		{ X(526000000), 16, ERR_CAP, "policy.payment_max" },
		{ UINT64_MAX, 16, ERR_CAP, "policy.payment_max" },
		{ 0, 2, ERR_AMOUNT, "order.amount" },
	};

	for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
		world_make(&w);
		world_amount(&w, rows[i].micro);
		w.q.approvals = rows[i].approvals;
		JUDGED(rows[i].want, rows[i].field);
	}
	/* above the last tier, whoever approved */
	world_make(&w);
	w.policy.payment_max = xem(X(9000));
	w.policy.unlisted_max = xem(X(9000));
	world_amount(&w, X(5000));
	w.q.approvals = 16;
	JUDGED(ERR_OK, "");
	world_amount(&w, X(5000) + 1);
	JUDGED(ERR_CAP, "policy.approval_tiers");
	/* figure and limit are told */
	world_make(&w);
	world_amount(&w, X(4000) + 1);
	{
		char words[POLICY_WORDS_MAX];
		struct policy_verdict v = policy_judge(&w.q);

		T_CHECK(v.has_figure && v.figure == X(4000) + 1 && v.limit == X(4000));
		policy_words(words, &v);
		T_STR(words, "more than one payment may carry: 4000000001, limit 4000000000");
	}
}

static void tiers_alone(void)
{
	unsigned approvals = 77;
	struct money m = xem(X(100));
	char words[POLICY_WORDS_MAX];
	struct policy_verdict v;

	world_make(&w);
	T_EQ(policy_tier(&approvals, &w.policy, &m), ERR_OK);
	T_EQ(approvals, 0);
	m = xem(X(100) + 1);
	T_EQ(policy_tier(&approvals, &w.policy, &m), ERR_OK);
	T_EQ(approvals, 1);
	m = xem(X(5000) + 1);
	T_EQ(policy_tier(&approvals, &w.policy, &m), ERR_CAP);
	m = xem(0);
	T_EQ(policy_tier(&approvals, &w.policy, &m), ERR_AMOUNT);
	m = money_of(ASSET_JPY, 5);
	T_EQ(policy_tier(&approvals, &w.policy, &m), ERR_AMOUNT);
	m = xem(1);
	w.policy.tier_count = 0;
	T_EQ(policy_tier(&approvals, &w.policy, &m), ERR_POLICY);
	w.policy.tier_count = DOC_TIERS_MAX + 1;
	T_EQ(policy_tier(&approvals, &w.policy, &m), ERR_POLICY);
	T_EQ(approvals, 1);
	v = policy_check(&w.policy);
	policy_words(words, &v);
	T_STR(words, "no tier allows anything");
}

static void fees(void)
{
	/* 50 XEM, 5 bytes of message: 0.05 + 0.05 + 0.15 + 0.15 */
	uint64_t exact = 100000 + 150000 + 150000;
	struct policy_fees f;
	struct money m = xem(X(50));

	T_EQ(policy_fees(&f, &m, 5), ERR_OK);
	T_EQ(f.total, exact);
	T_EQ(policy_fees(&f, &m, 1024), ERR_OK);
	T_EQ(f.inner, 50000 * (1 + 33));
	T_EQ(policy_fees(&f, &m, 1025), ERR_FIELD_RANGE);
	m = xem(0);
	T_EQ(policy_fees(&f, &m, 0), ERR_FIELD_RANGE);
	m = money_of(ASSET_XEM, (u128)NEM_SUPPLY_MICRO + 1);
	T_EQ(policy_fees(&f, &m, 0), ERR_FIELD_RANGE);
	m = money_of(ASSET_XEM, ~(u128)0);
	T_EQ(policy_fees(&f, &m, 0), ERR_FIELD_RANGE);
	m = money_of(ASSET_JPY, 5);
	T_EQ(policy_fees(&f, &m, 0), ERR_FIELD_RANGE);

	world_make(&w);
	w.order.fee_max = xem(exact);
	JUDGED(ERR_OK, "");
	w.order.fee_max = xem(exact - 1);
	JUDGED(ERR_CAP, "order.fee_max");
	w.order.fee_max = xem(X(3));
	JUDGED(ERR_OK, "");
	w.order.fee_max = xem(X(3) + 1);
	JUDGED(ERR_CAP, "policy.fee_max");
}

static void times(void)
{
	struct doc_order *o = &w.order;
	uint64_t skew = 600000;

	world_make(&w);
	o->expires_ms = NOW + 1;
	JUDGED(ERR_OK, "");
	o->expires_ms = NOW;
	JUDGED(ERR_EXPIRED, "order.expires_ms");
	/* the faster clock ends it: each alone */
	o->expires_ms = NOW + 60000;
	w.q.now.own_ms = NOW + 60000;
	JUDGED(ERR_EXPIRED, "order.expires_ms");
	w.q.now.own_ms = NOW - 999999;
	w.q.now.chain_s += 60;
	JUDGED(ERR_EXPIRED, "order.expires_ms");
	w.q.now.chain_s -= 60;
	w.q.now.wall_ms += 60000;
	JUDGED(ERR_EXPIRED, "order.expires_ms");
	w.q.now.wall_ms -= 60000;
	JUDGED(ERR_OK, "");

	world_make(&w);
	o->expires_ms = o->created_ms + 3600000;
	JUDGED(ERR_OK, "");
	o->expires_ms++;
	JUDGED(ERR_CAP, "order.expires_ms");
	o->expires_ms = o->created_ms;
	JUDGED(ERR_CAP, "order.expires_ms");

	world_make(&w);
	o->created_ms = NOW + skew;
	o->expires_ms = o->created_ms + 1;
	JUDGED(ERR_OK, "");
	o->created_ms++;
	o->expires_ms++;
	JUDGED(ERR_CLOCK, "order.created_ms");

	world_make(&w);
	w.request.time_ms = NOW + skew;
	JUDGED(ERR_OK, "");
	w.request.time_ms++;
	JUDGED(ERR_CLOCK, "request.time_ms");

	/*
	 * What is still to come is measured by the host's clock alone: a watcher has only the
	 * signer's own word for its time, and would call it a bad record what a chain or an own
	 * clock that runs ahead let through.
	 */
	for (int clock = 0; clock < 2; clock++) {
		world_make(&w);
		if (clock == 0) {
			w.q.now.chain_s += (uint32_t)(skew / 1000);
		} else {
			w.q.now.own_ms += 10 * skew;
		}
		o->created_ms = NOW + skew;
		o->expires_ms = o->created_ms + 20 * skew;
		w.policy.order_life_ms = 20 * skew;
		JUDGED(ERR_OK, "");
		o->created_ms++;
		o->expires_ms++;
		JUDGED(ERR_CLOCK, "order.created_ms");
		o->created_ms--;
		w.request.time_ms = NOW + skew + 1;
		JUDGED(ERR_CLOCK, "request.time_ms");
	}

	/* the clocks apart: the chain counts whole seconds */
	world_make(&w);
	w.q.now.wall_ms = nem_time_to_unix_ms(w.q.now.chain_s) + skew;
	JUDGED(ERR_OK, "");
	w.q.now.wall_ms++;
	JUDGED(ERR_CLOCK, "policy.clock_skew_ms");
	w.q.now.wall_ms = nem_time_to_unix_ms(w.q.now.chain_s) - skew;
	JUDGED(ERR_OK, "");
	w.q.now.wall_ms--;
	JUDGED(ERR_CLOCK, "policy.clock_skew_ms");
	world_make(&w);
	w.q.now.chain_s = UINT32_MAX;
	JUDGED(ERR_CLOCK, "chain_time");
	w.q.now.chain_s = 0;
	JUDGED(ERR_CLOCK, "policy.clock_skew_ms");
}

static void request_ids(void)
{
	const uint8_t tail[UUID7_RANDOM_BYTES] = { 1 };
	const uint64_t age = POLICY_REQUEST_DAYS * (uint64_t)POLICY_DAY_MS;

	static const struct {
		int64_t from_now_ms;
		bool old;
		enum err want;
	} rows[] = {
		{ 1, true, ERR_OK },          { 0, true, ERR_STALE },
		{ -1, true, ERR_STALE },      { 600000, false, ERR_OK },
		{ 600001, false, ERR_CLOCK }, { 99999999, false, ERR_CLOCK },
	};

	for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
		world_make(&w);
		uuid7_make(&w.order.request_id,
			   (rows[i].old ? NOW - age : NOW) + (uint64_t)rows[i].from_now_ms, tail);
		w.request.request_id = w.order.request_id;
		JUDGED(rows[i].want, rows[i].want == ERR_OK ? "" : "order.request_id");
	}
	world_make(&w);
	w.order.request_id.b[6] = 0x40; /* version 4 */
	w.request.request_id = w.order.request_id;
	JUDGED(ERR_INPUT, "order.request_id");
}

static enum err add(uint64_t micro, uint64_t own_ms, uint32_t chain_s, unsigned approvals)
{
	const struct policy_entry e = {
		.own_ms = own_ms, .chain_s = chain_s, .approvals = approvals, .outflow = micro
	};

	return policy_history_add(&w.history, &e);
}

static void windows(void)
{
	/* 50 XEM with this message cost 0.4 XEM of fees */
	uint64_t outflow = X(50) + 400000;
	uint32_t s;

	/* hour_max, approved */
	world_make(&w);
	s = w.q.now.chain_s;
	w.q.approvals = 1;
	w.policy.order_life_ms = 2 * (uint64_t)POLICY_HOUR_MS;
	w.order.expires_ms = w.order.created_ms + w.policy.order_life_ms;
	T_EQ(add(X(10000) - outflow, NOW, s, 1), ERR_OK);
	JUDGED(ERR_OK, "");
	T_EQ(add(1, NOW, s, 1), ERR_OK);
	JUDGED(ERR_CAP, "policy.hour_max");
	/* one clock alone frees nothing */
	w.q.now.own_ms = NOW + POLICY_HOUR_MS;
	JUDGED(ERR_CAP, "policy.hour_max");
	w.q.now.own_ms = NOW;
	w.q.now.chain_s = s + 3600;
	w.q.now.wall_ms = NOW + POLICY_HOUR_MS;
	JUDGED(ERR_CAP, "policy.hour_max");
	w.q.now.own_ms = NOW + POLICY_HOUR_MS - 1;
	JUDGED(ERR_CAP, "policy.hour_max");
	w.q.now.own_ms = NOW + POLICY_HOUR_MS;
	w.q.now.chain_s = s + 3599;
	JUDGED(ERR_CAP, "policy.hour_max");
	w.q.now.chain_s = s + 3600;
	JUDGED(ERR_OK, "");
	/* and a chain that went back takes it back in */
	w.q.now.chain_s = s + 3300;
	JUDGED(ERR_CAP, "policy.hour_max");

	/* day_max */
	world_make(&w);
	w.q.approvals = 1;
	T_EQ(add(X(20000) - outflow, NOW - POLICY_DAY_MS + 1, s - 86399, 2), ERR_OK);
	JUDGED(ERR_OK, "");
	T_EQ(add(1, NOW - POLICY_DAY_MS + 1, s - 86399, 2), ERR_OK);
	JUDGED(ERR_CAP, "policy.day_max");

	/* the budget without approvals: only such payments count, and only against such */
	world_make(&w);
	T_EQ(add(X(500) - outflow, NOW - 1000, s, 0), ERR_OK);
	T_EQ(add(X(5000), NOW - 1000, s, 1), ERR_OK);
	JUDGED(ERR_OK, "");
	T_EQ(add(1, NOW - 1000, s, 0), ERR_OK);
	JUDGED(ERR_CAP, "policy.unapproved_day_max");
	w.q.approvals = 1;
	JUDGED(ERR_OK, "");
	w.q.approvals = 0;
	w.policy.unapproved_day_max = xem(0);
	w.history.n = 0;
	w.history.sums = (struct policy_sums){ 0 };
	JUDGED(ERR_CAP, "policy.unapproved_day_max");

	/* what no asset has is not remembered: no sum leaves its range */
	world_make(&w);
	w.q.approvals = 1;
	{
		struct policy_entry e = { .own_ms = NOW, .chain_s = s, .approvals = 1 };

		e.outflow = POLICY_OUTFLOW_MAX + 1;
		T_EQ(policy_history_add(&w.history, &e), ERR_OVERFLOW);
		T_EQ(w.history.n, 0);
		e.outflow = POLICY_OUTFLOW_MAX;
		T_EQ(policy_history_add(&w.history, &e), ERR_OK);
		T_EQ(policy_history_add(&w.history, &e), ERR_OK);
		JUDGED(ERR_CAP, "policy.hour_max");
		T_CHECK(policy_history_sum(&w.history, &w.q.now, POLICY_DAY_MS, false) ==
			2 * POLICY_OUTFLOW_MAX);
		/* nor can a limit be so large that a sum could run past it */
		w.policy.hour_max = money_of(ASSET_XEM, ~(u128)0);
		w.policy.day_max = money_of(ASSET_XEM, ~(u128)0);
		JUDGED(ERR_OK, "");
	}
}

/* Says beforehand what add() will find. */
static bool has_room(uint64_t own_ms, uint32_t chain_s)
{
	const struct policy_time now = { .own_ms = own_ms, .chain_s = chain_s };

	return policy_history_has_room(&w.history, &now);
}

static void full_history(void)
{
	uint32_t s;

	world_make(&w);
	s = w.q.now.chain_s;
	for (size_t i = 0; i < ARRAY_LEN(w.entries); i++) {
		T_CHECK(has_room(NOW, s));
		T_EQ(add(1, NOW, s, 1), ERR_OK);
	}
	T_CHECK(!has_room(NOW, s));
	T_EQ(add(1, NOW, s, 1), ERR_FULL);
	T_EQ(w.history.n, ARRAY_LEN(w.entries));
	w.q.approvals = 1;
	JUDGED(ERR_FULL, "history");
	/* neither clock alone makes room */
	T_CHECK(!has_room(NOW + POLICY_DAY_MS, s));
	T_EQ(add(1, NOW + POLICY_DAY_MS, s, 1), ERR_FULL);
	T_CHECK(!has_room(NOW, s + 86400));
	T_EQ(add(1, NOW, s + 86400, 1), ERR_FULL);
	T_CHECK(!has_room(NOW + POLICY_DAY_MS - 1, s + 86400));
	T_EQ(add(1, NOW + POLICY_DAY_MS - 1, s + 86400, 1), ERR_FULL);
	T_CHECK(has_room(NOW + POLICY_DAY_MS, s + 86400));
	T_EQ(add(7, NOW + POLICY_DAY_MS, s + 86400, 1), ERR_OK);
	T_EQ(w.history.n, 1);
	T_EQ((uint64_t)w.history.entries[0].outflow, 7);
}

/*
 * Salami (T04): many payments just below the small tier's limit, at random times, over three days.
 * Whatever was allowed, no hour and no day carries more than the policy says.
 */
static void salami(void)
{
	static struct {
		uint64_t at;
		uint64_t outflow;
	} paid[4096];
	static struct policy_kept entries[4096];
	size_t n = 0;
	size_t refused = 0;
	uint64_t t = NOW;
	struct policy_exposure most;

	world_make(&w);
	policy_history_init(&w.history, entries, ARRAY_LEN(entries));
	w.policy.unapproved_day_max = xem(X(3000));
	w.policy.hour_max = xem(X(1000));
	policy_exposure(&most, &w.policy, 0);
	T_CHECK(most.hour == X(1000) && most.day == X(3000) && most.payment == X(100));
	for (unsigned i = 0; i < 3000; i++) {
		uint64_t micro = X(100) - t_below(3);
		struct policy_verdict v;

		t += t_below(i % 100 == 0 ? 7200000 : 60000);
		w.q.now.own_ms = t;
		w.q.now.wall_ms = t;
		T_EQ(nem_time_from_unix_ms(&w.q.now.chain_s, t), ERR_OK);
		world_amount(&w, micro);
		w.order.created_ms = t;
		w.order.expires_ms = t + 1000000;
		v = policy_judge(&w.q);
		if (v.err == ERR_OK) {
			T_EQ(add(micro + 400000, t, w.q.now.chain_s, 0), ERR_OK);
			paid[n].at = t;
			paid[n++].outflow = micro + 400000;
		} else {
			T_EQ(v.err, ERR_CAP);
			refused++;
		}
	}
	T_CHECK(n > 50 && refused > 500);
	for (size_t i = 0; i < n; i++) {
		u128 hour = 0;
		u128 day = 0;

		for (size_t j = i; j < n && paid[j].at - paid[i].at < POLICY_DAY_MS; j++) {
			day += paid[j].outflow;
			hour += paid[j].at - paid[i].at < POLICY_HOUR_MS ? paid[j].outflow : 0;
		}
		T_CHECK(hour <= most.hour);
		T_CHECK(day <= most.day);
	}
}

static void exposure(void)
{
	struct policy_exposure e;

	world_make(&w);
	policy_exposure(&e, &w.policy, 0);
	T_CHECK(e.hour == X(500) && e.day == X(500) && e.payment == X(100));
	policy_exposure(&e, &w.policy, 1);
	T_CHECK(e.hour == X(10000) && e.day == X(20000) && e.payment == X(1000));
	policy_exposure(&e, &w.policy, 2);
	T_CHECK(e.hour == X(10000) && e.day == X(20000) && e.payment == X(4000));
	w.policy.approval_tiers[0].approvals = 1;
	policy_exposure(&e, &w.policy, 0);
	T_CHECK(e.hour == 0 && e.day == 0 && e.payment == 0);
	w.policy.day_max = xem(0);
	policy_exposure(&e, &w.policy, 2);
	T_CHECK(e.hour == 0 && e.day == 0 && e.payment == 0);
}

#define MOST(one, h, d)                                                       \
	do {                                                                  \
		policy_exposure(&e, &w.policy, 2);                            \
		T_CHECK(e.payment == (one) && e.hour == (h) && e.day == (d)); \
	} while (0)

/* What times of the week and addresses allow at most; and never less than what may leave. */
static void exposure_of_hours_and_lists(void)
{
	struct policy_exposure e;

	world_make(&w);
	/* nights of one day do not bind the other days */
	w.policy.hours_count = 1;
	w.policy.hours[0] = (struct doc_hours){ 1 << 2, 0, xem(X(10)), 1440 };
	MOST(X(4000), X(10000), X(20000));
	w.policy.hours[0].days = 127;
	MOST(X(10), X(10000), X(20000));
	w.policy.hours[0].payment_max = xem(0);
	MOST(0, 0, 0);
	/* a minute of the week is enough, also the last one */
	w.policy.hours[0].to_minute = 1439;
	MOST(X(4000), X(10000), X(20000));
	w.policy.hours_count = 2;
	w.policy.hours[1] = (struct doc_hours){ 127, 600, xem(X(7)), 1440 };
	MOST(X(7), X(10000), X(20000));
	w.policy.hours_count = 0;
	/* only whom nobody listed is there to pay to */
	w.policy.destination_count = 0;
	w.policy.grant_life_max_ms = 0;
	w.policy.destination_kinds = DOC_TO_CUSTOMER;
	w.policy.unlisted_max = xem(X(30));
	MOST(X(30), X(10000), X(20000));
	w.policy.destination_kinds |= DOC_TO_PURSE;
	MOST(X(4000), X(10000), X(20000));
	w.policy.destination_kinds = DOC_TO_CUSTOMER;
	w.policy.grant_life_max_ms = 1;
	MOST(X(4000), X(10000), X(20000));
	w.policy.grant_life_max_ms = 0;
	w.policy.destination_count = 1;
	memcpy(&w.policy.destinations[0].address, &w.order.destination, sizeof w.order.destination);
	MOST(X(4000), X(10000), X(20000));
}

int main(int argc, char **argv)
{
	static const struct t_case cases[] = {
		{ "an order within every limit is allowed", allows },
		{ "a policy that lacks anything allows nothing", incomplete_policy },
		{ "every altered field is named", altered_order },
		{ "destinations: malformed, other network, our own", bad_destinations },
		{ "amounts and tiers at their edges", amounts_and_tiers },
		{ "tiers alone", tiers_alone },
		{ "fees at their edges", fees },
		{ "times at their edges, each clock alone", times },
		{ "request ids: too old, from the future", request_ids },
		{ "windows free value only when both clocks agree", windows },
		{ "a full history refuses", full_history },
		{ "salami never passes hour or day", salami },
		{ "exposure", exposure },
		{ "exposure: times of the week and addresses", exposure_of_hours_and_lists },
	};

	return t_main(cases, ARRAY_LEN(cases), argc, argv);
}
