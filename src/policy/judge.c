/* SPDX-License-Identifier: Apache-2.0 */
/*
 * judge.c - the rules, one function each, in the order of policy.h.
 */
#include <string.h>

#include "base/check.h"
#include "base/words.h"
#include "chain/nem/nem_address.h"
#include "chain/nem/nem_time.h"
#include "crypto/uuid7.h"
#include "doc/types.h"
#include "policy/policy.h"
#include "policy/price.h"
#include "policy/verdict.h"

static const uint64_t request_life_ms = (uint64_t)POLICY_REQUEST_DAYS * POLICY_DAY_MS;

/* The question, and what earlier rules found out. */
struct facts {
	const struct policy_question *q;
	const struct doc_tier *tier;
	struct policy_fees fees;
	u128 outflow; /* amount and fees */
	uint32_t kind;
	uint64_t chain_ms;
	uint64_t latest_ms; /* the faster clock */
	uint64_t ahead_ms;  /* what is later is from the future */
	struct price_worth worth;
};

typedef struct policy_verdict rule_fn(struct facts *f);

static struct policy_verdict rule_policy(struct facts *f)
{
	struct policy_verdict v = policy_check(f->q->policy);

	return v.err == ERR_OK ? passes("policy") : v;
}

static struct policy_verdict rule_place(struct facts *f)
{
	const struct doc_order *o = f->q->order;
	const struct doc_policy *p = f->q->policy;

	if (o->asset != p->asset || money_asset(&o->amount) != p->asset ||
	    money_asset(&o->fee_max) != p->asset) {
		return refuse(ERR_ASSET, "order.asset", "the policy does not know this asset");
	}
	if (o->chain != f->q->genesis->chain) {
		return refuse(ERR_NETWORK, "order.chain", "not the chain of genesis");
	}
	if (o->network != f->q->genesis->chain_network) {
		return refuse(ERR_NETWORK, "order.network", "not the network of genesis");
	}
	if (o->vault != DOC_VAULT_HOT) {
		return refuse(ERR_POLICY, "order.vault", "this vault does not pay orders");
	}
	return passes("order.asset");
}

/* The order must say exactly what the customer's request says (T11, T13). */
static struct policy_verdict rule_request(struct facts *f)
{
	const struct doc_order *o = f->q->order;
	const struct doc_request *r = f->q->request;
	static const char words[] = N_("order and request differ");

	if (!hash32_eq(&o->genesis, &r->genesis)) {
		return refuse(ERR_MISMATCH, "order.genesis", words);
	}
	if (!hash32_eq(&o->request, f->q->request_doc)) {
		return refuse(ERR_MISMATCH, "order.request", "the order names another request");
	}
	if (!id128_eq(&o->request_id, &r->request_id)) {
		return refuse(ERR_MISMATCH, "order.request_id", words);
	}
	if (o->asset != r->asset) {
		return refuse(ERR_MISMATCH, "order.asset", words);
	}
	if (money_asset(&o->amount) != money_asset(&r->amount) ||
	    !money_eq(&o->amount, &r->amount)) {
		return refuse(ERR_MISMATCH, "order.amount", words);
	}
	if (strcmp(o->destination.text, r->destination.text) != 0) {
		return refuse(ERR_MISMATCH, "order.destination", words);
	}
	if (!bytes_eq(bytes_of(o->message, o->message_n), bytes_of(r->message, r->message_n))) {
		return refuse(ERR_MISMATCH, "order.message", words);
	}
	return passes("order.request");
}

static struct policy_verdict rule_message(struct facts *f)
{
	return at_most(ERR_TOO_LARGE, "order.message", "the message is too long",
		       f->q->order->message_n, DOC_MESSAGE_MAX);
}

static struct policy_verdict rule_amount(struct facts *f)
{
	return at_least(ERR_AMOUNT, "order.amount", "an amount of zero",
			money_units(&f->q->order->amount), 1);
}

static struct policy_verdict rule_payment_max(struct facts *f)
{
	return at_most(ERR_CAP, "policy.payment_max", "more than one payment may carry",
		       money_units(&f->q->order->amount), money_units(&f->q->policy->payment_max));
}

static struct policy_verdict rule_tier(struct facts *f)
{
	const struct doc_policy *p = f->q->policy;
	const struct money *amount = &f->q->order->amount;
	enum err e = policy_tier_find(&f->tier, p, amount);

	/* rule_policy() has seen that there are tiers, rule_amount() that it is not zero */
	CHECK(e == ERR_OK || e == ERR_CAP);
	return at_most(ERR_CAP, "policy.approval_tiers", "above the last tier", money_units(amount),
		       money_units(&p->approval_tiers[p->tier_count - 1].up_to));
}

static struct policy_verdict rule_carried(struct facts *f)
{
	const struct doc_order *o = f->q->order;

	if (policy_fees(&f->fees, &o->amount, o->message_n) != ERR_OK) {
		return refuse(ERR_AMOUNT, "order.amount", "more than the chain can carry");
	}
	f->outflow = money_units(&o->amount) + f->fees.total;
	return passes("order.amount");
}

static struct policy_verdict rule_fee_allowed(struct facts *f)
{
	return at_most(ERR_CAP, "policy.fee_max", "the order allows too high a fee",
		       money_units(&f->q->order->fee_max), money_units(&f->q->policy->fee_max));
}

static struct policy_verdict rule_fee(struct facts *f)
{
	return at_most(ERR_CAP, "order.fee_max", "the network's fee is higher", f->fees.total,
		       money_units(&f->q->order->fee_max));
}

/* T18: of a small amount, a fee below the absolute cap can still be all there is. */
static struct policy_verdict rule_fee_relative(struct facts *f)
{
	u128 amount = money_units(&f->q->order->amount);
	u128 bp = ((u128)f->fees.total * POLICY_BP + amount - 1) / amount;

	return at_most(ERR_CAP, "policy.fee_bp_max",
		       "the network's fee is too much of the amount, in basis points", bp,
		       f->q->policy->fee_bp_max);
}

void policy_own_make(struct policy_own *out, const struct doc_genesis *genesis)
{
	*out = (struct policy_own){ 0 };
	for (size_t i = 0; i < genesis->hot_count; i++) {
		struct nem_address address;

		nem_address_from_key(&address, &genesis->hot[i].public_key,
				     (uint8_t)genesis->chain_network);
		memcpy(out->hot[i].text, address.text, sizeof out->hot[i].text);
	}
}

static struct policy_verdict rule_destination(struct facts *f)
{
	const struct doc_genesis *g = f->q->genesis;
	const char *to = f->q->order->destination.text;
	struct nem_address parsed;
	const char *why = N_("not an address");
	enum err e;

	e = nem_address_parse(&parsed, (uint8_t)g->chain_network, bytes_str(to), &why);
	if (e != ERR_OK) {
		return refuse(e, "order.destination", why);
	}
	f->kind = DOC_TO_CUSTOMER;
	for (size_t i = 0; i < g->hot_count; i++) {
		if (strcmp(f->q->own->hot[i].text, parsed.text) != 0) {
			continue;
		}
		if (g->hot[i].kind != DOC_HOT_PURSE) {
			return refuse(ERR_POLICY, "order.destination",
				      "one of our tills or deposit accounts");
		}
		f->kind = DOC_TO_PURSE;
	}
	for (size_t i = 0; i < g->box_count; i++) {
		f->kind = strcmp(g->boxes[i].text, to) == 0 ? DOC_TO_BOX : f->kind;
	}
	for (size_t i = 0; i < g->spare_count; i++) {
		f->kind = strcmp(g->spares[i].text, to) == 0 ? DOC_TO_BOX : f->kind;
	}
	return passes("order.destination");
}

static struct policy_verdict rule_kind(struct facts *f)
{
	if ((f->q->policy->destination_kinds & f->kind) == 0) {
		return refuse(ERR_POLICY, "order.destination",
			      f->kind == DOC_TO_PURSE ? N_("one of our purses")
			      : f->kind == DOC_TO_BOX ? N_("one of our boxes")
						      : N_("orders pay no customers"));
	}
	return passes("policy.destination_kinds");
}

static struct policy_verdict rule_clocks(struct facts *f)
{
	const struct policy_time *now = &f->q->now;
	struct policy_verdict v = policy_clocks(f->q->policy, now);

	if (v.err != ERR_OK) {
		return v;
	}
	f->chain_ms = nem_time_to_unix_ms(now->chain_s);
	f->latest_ms = policy_latest_ms(now);
	/* by the host's clock alone: the one that watchers can hold a signer to afterwards */
	f->ahead_ms = now->wall_ms + f->q->policy->clock_skew_ms;
	return passes("policy.clock_skew_ms");
}

static struct policy_verdict rule_created(struct facts *f)
{
	return at_most(ERR_CLOCK, "order.created_ms", "created in the future",
		       f->q->order->created_ms, f->ahead_ms);
}

static struct policy_verdict rule_requested(struct facts *f)
{
	return at_most(ERR_CLOCK, "request.time_ms", "requested in the future",
		       f->q->request->time_ms, f->ahead_ms);
}

/*
 * The memory of request ids is bounded: an id so old that it may have been forgotten is refused,
 * and one from the future would never become old.
 */
static struct policy_verdict rule_request_id(struct facts *f)
{
	const struct id128 *id = &f->q->order->request_id;
	uint64_t named_ms;
	uint64_t age;

	if (!uuid7_is_valid(id)) {
		return refuse(ERR_INPUT, "order.request_id", "not a UUIDv7");
	}
	named_ms = uuid7_ms(id);
	if (named_ms > f->ahead_ms) {
		return refuse_figure(ERR_CLOCK, "order.request_id", "named in the future", named_ms,
				     f->ahead_ms);
	}
	age = named_ms < f->latest_ms ? f->latest_ms - named_ms : 0;
	return at_most(ERR_STALE, "order.request_id", "the request id is too old, in ms", age,
		       request_life_ms - 1);
}

static struct policy_verdict rule_life(struct facts *f)
{
	const struct doc_order *o = f->q->order;

	if (o->expires_ms <= o->created_ms) {
		return refuse(ERR_CAP, "order.expires_ms", "the order ends before it begins");
	}
	return at_most(ERR_CAP, "order.expires_ms", "the order lives too long, in ms",
		       o->expires_ms - o->created_ms, f->q->policy->order_life_ms);
}

static struct policy_verdict rule_expiry(struct facts *f)
{
	return at_most(ERR_EXPIRED, "order.expires_ms", "the order has expired",
		       f->q->said_ms != 0 ? f->q->said_ms : f->latest_ms,
		       f->q->order->expires_ms - 1);
}

uint64_t policy_since_ms(const struct policy_moment *m, const struct policy_time *now)
{
	uint64_t own = now->own_ms > m->own_ms ? now->own_ms - m->own_ms : 0;
	uint64_t chain =
	    now->chain_s > m->chain_s ? (uint64_t)(now->chain_s - m->chain_s) * 1000 : 0;

	if (!m->known) {
		return 0;
	}
	if (m->always) {
		return UINT64_MAX;
	}
	return own < chain ? own : chain;
}

static bool is_listed(const struct facts *f)
{
	const struct doc_policy *p = f->q->policy;

	for (size_t i = 0; i < p->destination_count; i++) {
		if (strcmp(p->destinations[i].address.text, f->q->order->destination.text) == 0) {
			return true;
		}
	}
	return false;
}

/*
 * Begun by the slower clock, not over by the faster, and of a length that the policy allows now
 * (T28): a grant of a time when more was allowed is none any more.
 */
static bool is_granted(const struct facts *f, const struct doc_grant *g)
{
	uint64_t wall_ms = f->q->now.wall_ms;
	uint64_t slower = f->chain_ms < wall_ms ? f->chain_ms : wall_ms;

	return strcmp(g->destination.text, f->q->order->destination.text) == 0 &&
	       money_asset(&g->up_to) == f->q->policy->asset && g->until_ms > g->from_ms &&
	       g->until_ms - g->from_ms <= f->q->policy->grant_life_max_ms &&
	       slower >= g->from_ms && f->latest_ms < g->until_ms;
}

static struct policy_verdict rule_listed(struct facts *f)
{
	const struct policy_question *q = f->q;
	u128 amount = money_units(&q->order->amount);
	u128 most = money_units(&q->policy->unlisted_max);
	uint64_t cooling = q->policy->destination_cooling_ms;
	bool listed = is_listed(f);

	if (f->kind != DOC_TO_CUSTOMER) {
		return passes("policy.unlisted_max");
	}
	if (listed && policy_since_ms(&q->listed, &q->now) >= cooling) {
		return passes("policy.destinations");
	}
	for (size_t i = 0; i < q->grants_n; i++) {
		if (is_granted(f, &q->grants[i]) && money_units(&q->grants[i].up_to) > most) {
			most = money_units(&q->grants[i].up_to);
		}
	}
	if (listed && amount > most) {
		return too_little(ERR_WAIT, "policy.destination_cooling_ms",
				  "the address is listed, but not for long enough yet, in ms",
				  policy_since_ms(&q->listed, &q->now), cooling);
	}
	return at_most(ERR_CAP, "policy.unlisted_max",
		       "more than an address may get that is not listed", amount, most);
}

/* The most at this moment of the week. */
static u128 hours_max(const struct doc_policy *p, uint64_t unix_ms)
{
	uint64_t minutes = unix_ms / 60000;
	/* 1 January 1970 was a Thursday */
	unsigned day = (unsigned)((minutes / POLICY_DAY_MINUTES + 3) % 7);

	return policy_hours_max(p, day, (unsigned)(minutes % POLICY_DAY_MINUTES));
}

static struct policy_verdict rule_hours(struct facts *f)
{
	uint64_t said = f->q->said_ms;
	u128 wall = hours_max(f->q->policy, said != 0 ? said : f->q->now.wall_ms);
	u128 chain = hours_max(f->q->policy, said != 0 ? said : f->chain_ms);
	u128 most = wall < chain ? wall : chain;

	if (most == ~(u128)0) {
		return passes("policy.hours");
	}
	return at_most(ERR_CAP, "policy.hours", "more than may leave at this time of the week",
		       money_units(&f->q->order->amount), most);
}

static struct policy_verdict rule_delay(struct facts *f)
{
	const struct policy_question *q = f->q;

	if (f->tier->delay_ms > 0 && !q->order_known.known) {
		return refuse(ERR_WAIT, "policy.approval_tiers",
			      "the time lock has not begun: the order is not known here yet");
	}
	return at_least(ERR_WAIT, "policy.approval_tiers",
			"the time lock still holds: known here since, in ms",
			policy_since_ms(&q->order_known, &q->now), f->tier->delay_ms);
}

static struct policy_verdict rule_veto(struct facts *f)
{
	return f->q->veto ? refuse(ERR_VETO, "approvals", "a person said no") : passes("approvals");
}

static struct policy_verdict rule_people(struct facts *f)
{
	return at_least(ERR_APPROVALS, "approvals", "too few people approved", f->q->approvals,
			f->tier->approvals);
}

/*
 * What may still leave in this window, without what this order's dead attempts once reserved: the
 * order counts once, and at the time at which it can leave.
 */
static u128 living(const struct policy_question *q, uint64_t window_ms, bool unapproved_only)
{
	u128 sum = policy_history_sum(q->history, &q->now, window_ms, unapproved_only);

	for (size_t i = 0; i < q->dead_n; i++) {
		const struct policy_entry *e = &q->dead[i];

		if (!policy_has_left(e->own_ms, e->chain_s, &q->now, window_ms) &&
		    !(unapproved_only && e->approvals != 0)) {
			sum = sum < e->outflow ? sum : sum - e->outflow;
		}
	}
	return sum;
}

static u128 living_yen(const struct policy_question *q, uint64_t window_ms)
{
	u128 sum = policy_history_yen(q->history, &q->now, window_ms);

	for (size_t i = 0; i < q->dead_n; i++) {
		const struct policy_entry *e = &q->dead[i];

		if (!policy_has_left(e->own_ms, e->chain_s, &q->now, window_ms)) {
			sum = sum < e->yen ? sum : sum - e->yen;
		}
	}
	return sum;
}

static struct policy_verdict rule_hour(struct facts *f)
{
	return at_most(ERR_CAP, "policy.hour_max", "more than any hour may carry",
		       living(f->q, POLICY_HOUR_MS, false) + f->outflow,
		       money_units(&f->q->policy->hour_max));
}

static struct policy_verdict rule_day(struct facts *f)
{
	return at_most(ERR_CAP, "policy.day_max", "more than any day may carry",
		       living(f->q, POLICY_DAY_MS, false) + f->outflow,
		       money_units(&f->q->policy->day_max));
}

static struct policy_verdict rule_unapproved(struct facts *f)
{
	if (f->q->approvals > 0) {
		return passes("policy.unapproved_day_max");
	}
	return at_most(ERR_CAP, "policy.unapproved_day_max",
		       "more than any day may carry without approvals",
		       living(f->q, POLICY_DAY_MS, true) + f->outflow,
		       money_units(&f->q->policy->unapproved_day_max));
}

struct policy_verdict policy_budget(const struct doc_policy *policy, u128 since, u128 outflow)
{
	return at_most(ERR_CAP, "policy.unapproved_day_max",
		       "more without approvals than may leave until a person signs a day",
		       since + outflow, money_units(&policy->unapproved_day_max));
}

static struct policy_verdict rule_budget(struct facts *f)
{
	const struct policy_question *q = f->q;

	return q->approvals > 0 ? passes("policy.unapproved_day_max")
				: policy_budget(q->policy, q->unapproved_since, f->outflow);
}

static struct policy_verdict rule_room(struct facts *f)
{
	if (!policy_history_has_room(f->q->history, &f->q->now)) {
		return refuse_figure(ERR_FULL, "history", "the memory of a day is full",
				     f->q->history->n, f->q->history->cap);
	}
	return passes("history");
}

static struct policy_verdict rule_price(struct facts *f)
{
	struct policy_verdict v;

	if (f->q->policy->yen_count == 0) {
		return passes("policy.yen");
	}
	v = price_judge(&f->worth, f->q, f->outflow);
	return v.err == ERR_OK ? passes("price.rate") : v;
}

static struct policy_verdict rule_yen_hour(struct facts *f)
{
	if (f->q->policy->yen_count == 0) {
		return passes("policy.yen");
	}
	return at_most(ERR_CAP, "policy.yen", "more yen than any hour may carry",
		       living_yen(f->q, POLICY_HOUR_MS) + f->worth.yen,
		       f->q->policy->yen[0].hour_max);
}

static struct policy_verdict rule_yen_day(struct facts *f)
{
	if (f->q->policy->yen_count == 0) {
		return passes("policy.yen");
	}
	return at_most(ERR_CAP, "policy.yen", "more yen than any day may carry",
		       living_yen(f->q, POLICY_DAY_MS) + f->worth.yen,
		       f->q->policy->yen[0].day_max);
}

static const struct rule {
	rule_fn *judge;
	bool base; /* later rules build on what it finds out */
} rules[] = {
	{ rule_policy, true },     { rule_place, true },         { rule_message, true },
	{ rule_request, true },    { rule_amount, true },        { rule_payment_max, false },
	{ rule_tier, true },       { rule_carried, true },       { rule_fee_allowed, false },
	{ rule_fee, false },       { rule_fee_relative, false }, { rule_destination, true },
	{ rule_kind, false },      { rule_clocks, true },        { rule_created, false },
	{ rule_requested, false }, { rule_request_id, false },   { rule_life, true },
	{ rule_expiry, false },    { rule_listed, false },       { rule_hours, false },
	{ rule_delay, false },     { rule_veto, false },         { rule_people, false },
	{ rule_hour, false },      { rule_day, false },          { rule_unapproved, false },
	{ rule_budget, false },    { rule_room, false },         { rule_price, true },
	{ rule_yen_hour, false },  { rule_yen_day, false },
};

static_assert(ARRAY_LEN(rules) <= POLICY_RULES_MAX, "policy_explain() has a row for each");

/* The first rule that is broken, or `allowed`. */
static struct policy_verdict judge(struct facts *f)
{
	for (size_t i = 0; i < ARRAY_LEN(rules); i++) {
		struct policy_verdict v = rules[i].judge(f);

		if (v.err != ERR_OK) {
			return v;
		}
	}
	return allowed;
}

struct policy_verdict policy_judge(const struct policy_question *q)
{
	struct facts f = { .q = q };

	return judge(&f);
}

/* Those about the order itself, in the same order. */
static rule_fn *const order_rules[] = {
	rule_policy, rule_place,   rule_message,   rule_request,    rule_amount, rule_destination,
	rule_clocks, rule_created, rule_requested, rule_request_id, rule_life,   rule_expiry,
};

struct policy_verdict policy_order(const struct policy_question *q)
{
	struct facts f = { .q = q };

	for (size_t i = 0; i < ARRAY_LEN(order_rules); i++) {
		struct policy_verdict v = order_rules[i](&f);

		if (v.err != ERR_OK) {
			return v;
		}
	}
	return allowed;
}

size_t policy_explain(struct policy_verdict rows[POLICY_RULES_MAX], const struct policy_question *q)
{
	struct facts f = { .q = q };

	for (size_t i = 0; i < ARRAY_LEN(rules); i++) {
		rows[i] = rules[i].judge(&f);
		if (rows[i].err != ERR_OK && rules[i].base) {
			return i + 1;
		}
	}
	return ARRAY_LEN(rules);
}

struct policy_entry policy_entry_of(const struct policy_question *q)
{
	struct facts f = { .q = q };

	CHECK(rule_carried(&f).err == ERR_OK);
	CHECK(rule_price(&f).err == ERR_OK);
	return (struct policy_entry){
		.own_ms = q->now.own_ms,
		.chain_s = q->now.chain_s,
		.approvals = q->approvals,
		.outflow = f.outflow,
		.yen = f.worth.yen,
		.price = f.worth.price,
	};
}
