/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Goal: under no policy and no sequence of questions do the sums of an hour or a day, in coins or
 * in yen, pass what the policy says; no yes without the people that its tier asks for, before its
 * time lock is over, to somebody who may not be paid, or not yet, or not any more, or by a price
 * that is not fresh. Method: the bytes make a policy, then questions: amounts, people,
 * destinations, grants, prices, and clocks that run apart, stand still or go back.  What was
 * allowed is kept here, entry by entry, and added up again by another hand after each yes.
 */
#include "fuzz_main.h"

#include "chain/nem/nem_time.h"
#include "policy_world.h"

enum {
	QUESTIONS_MAX = 400,
	ENTRIES = 64, /* fewer than questions: the memory of a day runs full */
};

static struct world w;
static struct policy_kept entries[ENTRIES];
static struct policy_price prices[DOC_SOURCES_MAX];
static struct doc_grant grants[2];

/* What was allowed, as it was judged. */
static struct {
	struct policy_entry e;
	bool counts; /* false: forgotten, as one that can never leave */
} paid[QUESTIONS_MAX];

static size_t paid_n;

/* The input, byte by byte; zeros behind its end. */
static const uint8_t *input;
static size_t input_n;

static unsigned next(void)
{
	if (input_n == 0) {
		return 0;
	}
	input_n--;
	return *input++;
}

static unsigned below(unsigned n)
{
	return next() % n;
}

static void init(void)
{
}

static void read_policy(void)
{
	struct doc_policy *p = &w.policy;

	p->payment_max = xem(X(1 + next() * 16));
	p->hour_max = xem(X(1 + next() * 16));
	p->day_max = xem(X(1 + next() * 64));
	p->unapproved_day_max = xem(X(next() * 4));
	p->unlisted_max = xem(X(next() * 16));
	p->tier_count = 1 + below(3);
	for (size_t i = 0; i < p->tier_count; i++) {
		p->approval_tiers[i].approvals = below(4);
		p->approval_tiers[i].delay_ms = UINT64_C(1000) * below(8);
		p->approval_tiers[i].up_to = xem(X(1 + next() * (1 + 8 * i)));
	}
	p->destination_count = below(3);
	p->destination_cooling_ms = UINT64_C(1000) * below(8);
	p->grant_life_max_ms = UINT64_C(60000) * below(8);
	world_address(&p->destinations[0].address, 200, 0x98);
	world_address(&p->destinations[1].address, 201, 0x98);
	p->destination_kinds = below(9);
	p->fee_bp_max = 1 + UINT64_C(256) * next();
	p->hours_count = below(3);
	for (size_t i = 0; i < p->hours_count; i++) {
		p->hours[i] = (struct doc_hours){ next() % 128, UINT64_C(60) * below(24),
						  xem(X(next())), UINT64_C(60) * below(25) };
	}
	p->yen_count = below(2);
	p->yen[0] = (struct doc_yen){ .age_max_ms = 1 + UINT64_C(1000) * below(8),
				      .day_max = 1 + UINT64_C(4096) * next(),
				      .hour_max = 1 + UINT64_C(1024) * next(),
				      .jump_max_bp = 1 + UINT64_C(32) * next() };
}

static void read_prices(void)
{
	static const char *const rates[] = { "1", "1.01", "0.99", "1.5", "0.001", "0", "x", "88" };

	w.q.prices_n = below(4);
	w.q.prices_needed = below(3);
	w.q.prices = prices;
	for (size_t i = 0; i < w.q.prices_n; i++) {
		prices[i] =
		    (struct policy_price){ .rate = rates[below(8)],
					   .time_ms = w.q.now.wall_ms - UINT64_C(1000) * below(8),
					   .source = below(4) };
	}
}

/* Mostly forward and together. */
static void pass_time(void)
{
	unsigned how = below(8);
	uint64_t s = how < 6 ? next() : UINT64_C(60) * next();

	w.q.now.own_ms += how == 1 ? 0 : 1000 * s;
	w.q.now.wall_ms += how == 2 ? 0 : 1000 * s;
	w.q.now.chain_s += how == 3 ? 0 : (uint32_t)s;
	w.q.now.chain_s -= how == 4 ? (uint32_t)s : 0;
}

static struct policy_moment moment(void)
{
	unsigned known = below(8);

	return (struct policy_moment){ .known = known > 1,
				       .always = known == 7,
				       .chain_s = w.q.now.chain_s - below(12),
				       .own_ms = w.q.now.own_ms - UINT64_C(1000) * below(12) };
}

static void read_grants(void)
{
	w.q.grants_n = below(3);
	w.q.grants = grants;
	for (size_t i = 0; i < w.q.grants_n; i++) {
		uint64_t from_ms = w.q.now.wall_ms + 300000 - UINT64_C(10000) * below(64);

		grants[i] = (struct doc_grant){ .from_ms = from_ms,
						.until_ms = from_ms + UINT64_C(10000) * below(64),
						.up_to = xem(X(next() * 16)) };
		world_address(&grants[i].destination, (uint8_t)(200 + below(3)), 0x98);
	}
}

static void read_question(void)
{
	const uint8_t tail[UUID7_RANDOM_BYTES] = { 3 };
	uint64_t micro = X(1 + next() * 8);

	pass_time();
	read_prices();
	read_grants();
	world_amount(&w, micro);
	world_address(&w.order.destination, (uint8_t[]){ 200, 201, 202, 1, 2, 50 }[below(6)], 0x98);
	w.request.destination = w.order.destination;
	w.order.created_ms = w.q.now.wall_ms;
	w.order.expires_ms = w.q.now.wall_ms + 600000;
	w.request.time_ms = w.q.now.wall_ms;
	uuid7_make(&w.order.request_id, w.q.now.wall_ms, tail);
	w.request.request_id = w.order.request_id;
	w.q.approvals = below(5);
	w.q.veto = below(16) == 15;
	w.q.order_known = moment();
	w.q.listed = moment();
}

/* An entry counts until both clocks say that it is out. */
static u128 sum(uint64_t window_ms, unsigned what)
{
	u128 all = 0;

	for (size_t i = 0; i < paid_n; i++) {
		const struct policy_entry *e = &paid[i].e;
		bool own = w.q.now.own_ms >= e->own_ms + window_ms;
		bool chain = (uint64_t)w.q.now.chain_s >= e->chain_s + window_ms / 1000;

		if (paid[i].counts && !(own && chain)) {
			all += what == 2 ? e->yen : what == 1 && e->approvals != 0 ? 0 : e->outflow;
		}
	}
	return all;
}

/* By both clocks. */
static bool has_waited(const struct policy_moment *m, uint64_t ms)
{
	uint64_t own_ms = w.q.now.own_ms - m->own_ms;
	uint64_t chain_ms = UINT64_C(1000) * (w.q.now.chain_s - m->chain_s);

	return m->known && (m->always || (own_ms >= ms && chain_ms >= ms));
}

/* Some grant runs by all clocks, is no longer than it may be, and goes as far. */
static bool granted(void)
{
	uint64_t wall_ms = w.q.now.wall_ms;
	uint64_t chain_ms = nem_time_to_unix_ms(w.q.now.chain_s);
	bool any = false;

	FUZZ_CHECK(w.q.grants_n <= ARRAY_LEN(grants));
	for (size_t i = 0; i < ARRAY_LEN(grants) && i < w.q.grants_n; i++) {
		const struct doc_grant *g = &grants[i];

		any = any ||
		      (strcmp(g->destination.text, w.order.destination.text) == 0 &&
		       money_cmp(&w.order.amount, &g->up_to) <= 0 && wall_ms >= g->from_ms &&
		       chain_ms >= g->from_ms && wall_ms < g->until_ms && chain_ms < g->until_ms &&
		       g->until_ms - g->from_ms <= w.policy.grant_life_max_ms);
	}
	return any;
}

/* What a yes must not be said to. */
static void allowed_rightly(const struct policy_entry *e)
{
	const struct doc_policy *p = &w.policy;
	u128 amount = money_units(&w.order.amount);
	const struct doc_tier *tier = NULL;

	for (size_t i = p->tier_count; i-- > 0;) {
		if (amount <= money_units(&p->approval_tiers[i].up_to)) {
			tier = &p->approval_tiers[i];
		}
	}
	FUZZ_CHECK(tier != NULL && w.q.approvals >= tier->approvals && !w.q.veto);
	FUZZ_CHECK(tier->delay_ms == 0 || has_waited(&w.q.order_known, tier->delay_ms));
	FUZZ_CHECK(amount <= money_units(&p->payment_max));
	FUZZ_CHECK(sum(POLICY_HOUR_MS, 0) <= money_units(&p->hour_max));
	FUZZ_CHECK(sum(POLICY_DAY_MS, 0) <= money_units(&p->day_max));
	FUZZ_CHECK(w.q.approvals > 0 ||
		   sum(POLICY_DAY_MS, 1) <= money_units(&p->unapproved_day_max));
	if (p->yen_count == 1) {
		FUZZ_CHECK(w.q.prices_needed > 0 && w.q.prices_n >= w.q.prices_needed);
		FUZZ_CHECK(e->yen > 0 && e->price > 0);
		FUZZ_CHECK(sum(POLICY_HOUR_MS, 2) <= p->yen[0].hour_max);
		FUZZ_CHECK(sum(POLICY_DAY_MS, 2) <= p->yen[0].day_max);
	} else {
		FUZZ_CHECK(e->yen == 0);
	}
}

/* The list is short and this one knows it by heart: 200 and 201 may be listed, 2 and 50 are ours.
 */
static void paid_rightly(void)
{
	const struct doc_policy *p = &w.policy;
	struct doc_address ours[3];
	bool listed = false;

	world_address(&ours[0], 1, 0x98);
	world_address(&ours[1], 2, 0x98);
	world_address(&ours[2], 50, 0x98);
	FUZZ_CHECK(strcmp(w.order.destination.text, ours[0].text) != 0);
	if (strcmp(w.order.destination.text, ours[1].text) == 0) {
		FUZZ_CHECK((p->destination_kinds & DOC_TO_PURSE) != 0);
		return;
	}
	if (strcmp(w.order.destination.text, ours[2].text) == 0) {
		FUZZ_CHECK((p->destination_kinds & DOC_TO_BOX) != 0);
		return;
	}
	FUZZ_CHECK((p->destination_kinds & DOC_TO_CUSTOMER) != 0);
	for (size_t i = 0; i < p->destination_count; i++) {
		listed = listed ||
			 strcmp(p->destinations[i].address.text, w.order.destination.text) == 0;
	}
	listed = listed && (p->destination_cooling_ms == 0 ||
			    has_waited(&w.q.listed, p->destination_cooling_ms));
	FUZZ_CHECK(listed || money_cmp(&w.order.amount, &p->unlisted_max) <= 0 || granted());
}

/* The rows of an explanation and the judgement never contradict each other. */
static void explained(const struct policy_verdict *v)
{
	struct policy_verdict rows[POLICY_RULES_MAX];
	size_t n = policy_explain(rows, &w.q);

	for (size_t i = 0; i < n; i++) {
		if (rows[i].err != ERR_OK) {
			FUZZ_CHECK(rows[i].err == v->err && rows[i].field == v->field);
			return;
		}
	}
	FUZZ_CHECK(v->err == ERR_OK);
}

static void run(const uint8_t *p, size_t n)
{
	unsigned questions = 0;

	input = p;
	input_n = n;
	paid_n = 0;
	world_make(&w);
	policy_history_init(&w.history, entries, ENTRIES);
	read_policy();
	while (input_n > 0 && questions++ < QUESTIONS_MAX) {
		struct policy_verdict v;

		read_question();
		v = policy_judge(&w.q);
		explained(&v);
		FUZZ_CHECK((v.err == ERR_OK) == (v.field[0] == '\0'));
		if (v.err == ERR_OK) {
			struct policy_entry e = policy_entry_of(&w.q);

			FUZZ_CHECK(policy_check(&w.policy).err == ERR_OK);
			FUZZ_CHECK(policy_history_add(&w.history, &e) == ERR_OK);
			paid[paid_n].e = e;
			paid[paid_n++].counts = true;
			allowed_rightly(&e);
			paid_rightly();
		}
		if (paid_n > 0 && below(16) == 0) {
			size_t at = below((unsigned)(paid_n < 256 ? paid_n : 256));

			if (paid[at].counts) {
				policy_history_forget(&w.history, &paid[at].e);
				paid[at].counts = false;
			}
		}
	}
}
