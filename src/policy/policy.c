/* SPDX-License-Identifier: Apache-2.0 */
#include "policy/policy.h"

#include <stdio.h>
#include <string.h>

#include "base/check.h"
#include "chain/nem/nem_address.h"
#include "chain/nem/nem_fee.h"
#include "chain/nem/nem_time.h"
#include "crypto/uuid7.h"
#include "doc/types.h"
#include "policy/verdict.h"

static const uint64_t request_life_ms = (uint64_t)POLICY_REQUEST_DAYS * POLICY_DAY_MS;

void policy_words(char out[POLICY_WORDS_MAX], const struct policy_verdict *v)
{
	if (v->has_figure) {
		char figure[MONEY_TEXT_MAX];
		char limit[MONEY_TEXT_MAX];
		struct money f = money_of(ASSET_XEM, v->figure);
		struct money l = money_of(ASSET_XEM, v->limit);

		money_put(figure, &f);
		money_put(limit, &l);
		(void)snprintf(out, POLICY_WORDS_MAX, "%s: %s, limit %s", v->words, figure, limit);
		return;
	}
	(void)snprintf(out, POLICY_WORDS_MAX, "%s", v->words);
}

void policy_history_init(struct policy_history *h, struct policy_entry *entries, size_t cap)
{
	h->entries = entries;
	h->cap = cap;
	h->n = 0;
}

/* Out of the window only when BOTH clocks say so; a clock that went back says no. */
static bool has_left(const struct policy_entry *e, uint64_t own_ms, uint32_t chain_s,
		     uint64_t window_ms)
{
	uint64_t own_age = own_ms >= e->own_ms ? own_ms - e->own_ms : 0;
	uint64_t chain_age = chain_s >= e->chain_s ? chain_s - e->chain_s : 0;

	return own_age >= window_ms && chain_age >= window_ms / 1000;
}

static size_t leaving(const struct policy_history *h, uint64_t own_ms, uint32_t chain_s)
{
	size_t n = 0;

	for (size_t i = 0; i < h->n; i++) {
		n += has_left(&h->entries[i], own_ms, chain_s, POLICY_DAY_MS);
	}
	return n;
}

enum err policy_history_add(struct policy_history *h, const struct policy_entry *entry)
{
	if (h->n == h->cap) {
		size_t kept = 0;

		for (size_t i = 0; i < h->n; i++) {
			if (!has_left(&h->entries[i], entry->own_ms, entry->chain_s,
				      POLICY_DAY_MS)) {
				h->entries[kept++] = h->entries[i];
			}
		}
		h->n = kept;
	}
	if (h->n == h->cap) {
		return ERR_FULL;
	}
	h->entries[h->n++] = *entry;
	return ERR_OK;
}

void policy_history_forget(struct policy_history *h, const struct policy_entry *entry)
{
	for (size_t i = 0; i < h->n; i++) {
		const struct policy_entry *e = &h->entries[i];

		if (e->own_ms == entry->own_ms && e->outflow == entry->outflow &&
		    e->chain_s == entry->chain_s && e->approvals == entry->approvals) {
			memmove(&h->entries[i], &h->entries[i + 1],
				(h->n - i - 1) * sizeof h->entries[0]);
			h->n--;
			return;
		}
	}
}

bool policy_history_has_room(const struct policy_history *h, const struct policy_time *now)
{
	return h->n < h->cap || leaving(h, now->own_ms, now->chain_s) > 0;
}

static u128 add_saturating(u128 a, u128 b)
{
	u128 sum;

	return __builtin_add_overflow(a, b, &sum) ? ~(u128)0 : sum;
}

u128 policy_history_sum(const struct policy_history *h, const struct policy_time *now,
			uint64_t window_ms, bool unapproved_only)
{
	u128 sum = 0;

	for (size_t i = 0; i < h->n; i++) {
		const struct policy_entry *e = &h->entries[i];

		if (unapproved_only && e->approvals != 0) {
			continue;
		}
		if (!has_left(e, now->own_ms, now->chain_s, window_ms)) {
			sum = add_saturating(sum, e->outflow);
		}
	}
	return sum;
}

struct policy_verdict policy_check(const struct doc_policy *p)
{
	const struct {
		const struct money *amount;
		const char *field;
	} amounts[] = {
		{ &p->payment_max, "policy.payment_max" }, { &p->hour_max, "policy.hour_max" },
		{ &p->day_max, "policy.day_max" },         { &p->fee_max, "policy.fee_max" },
		{ &p->till_max, "policy.till_max" },
	};

	const struct {
		uint64_t value;
		uint64_t max;
		const char *field;
	} numbers[] = {
		{ p->attempt_life_s, NEM_TIME_DEADLINE_MAX_S, "policy.attempt_life_s" },
		{ p->clock_skew_ms, POLICY_DAY_MS, "policy.clock_skew_ms" },
		{ p->heartbeat_age_ms, POLICY_DAY_MS, "policy.heartbeat_age_ms" },
		{ p->order_life_ms, request_life_ms, "policy.order_life_ms" },
		{ p->hot_ceiling_bp, 10000, "policy.hot_ceiling_bp" },
	};

	if (p->asset != ASSET_XEM) {
		return refuse(ERR_ASSET, "policy.asset", "the policy names no asset known here");
	}
	for (size_t i = 0; i < ARRAY_LEN(amounts); i++) {
		if (money_asset(amounts[i].amount) != p->asset) {
			return refuse(ERR_POLICY, amounts[i].field, "a limit of another asset");
		}
		if (money_is_zero(amounts[i].amount)) {
			return refuse(ERR_POLICY, amounts[i].field,
				      "a limit of zero allows nothing");
		}
	}
	if (money_asset(&p->unapproved_day_max) != p->asset) {
		return refuse(ERR_POLICY, "policy.unapproved_day_max", "a limit of another asset");
	}
	for (size_t i = 0; i < ARRAY_LEN(numbers); i++) {
		if (numbers[i].value == 0 || numbers[i].value > numbers[i].max) {
			return refuse_figure(ERR_POLICY, numbers[i].field,
					     "a limit that is absent or out of its range",
					     numbers[i].value, numbers[i].max);
		}
	}
	if (p->tier_count == 0 || p->tier_count > DOC_TIERS_MAX) {
		return refuse(ERR_POLICY, "policy.approval_tiers", "no tier allows anything");
	}
	for (size_t i = 0; i < p->tier_count; i++) {
		const struct doc_tier *t = &p->approval_tiers[i];

		if (money_asset(&t->up_to) != p->asset || money_is_zero(&t->up_to)) {
			return refuse(ERR_POLICY, "policy.approval_tiers", "a tier without amount");
		}
		if (i > 0 &&
		    (money_cmp(&t[-1].up_to, &t->up_to) >= 0 || t[-1].approvals > t->approvals)) {
			return refuse(ERR_POLICY, "policy.approval_tiers", "tiers must rise");
		}
	}
	return allowed;
}

enum err policy_tier(unsigned *approvals, const struct doc_policy *policy,
		     const struct money *amount)
{
	if (policy->tier_count == 0 || policy->tier_count > DOC_TIERS_MAX) {
		return ERR_POLICY;
	}
	if (money_asset(amount) != policy->asset || money_is_zero(amount)) {
		return ERR_AMOUNT;
	}
	for (size_t i = 0; i < policy->tier_count; i++) {
		if (money_cmp(amount, &policy->approval_tiers[i].up_to) <= 0) {
			*approvals = (unsigned)policy->approval_tiers[i].approvals;
			return ERR_OK;
		}
	}
	return ERR_CAP;
}

u128 policy_hours_max(const struct doc_policy *policy, unsigned day, unsigned minute)
{
	u128 most = ~(u128)0;

	for (size_t i = 0; i < policy->hours_count; i++) {
		const struct doc_hours *h = &policy->hours[i];

		if ((h->days >> day & 1) != 0 && minute >= h->from_minute &&
		    minute < h->to_minute && money_units(&h->payment_max) < most) {
			most = money_units(&h->payment_max);
		}
	}
	return most;
}

enum err policy_fees(struct policy_fees *out, const struct money *amount, size_t message_bytes)
{
	uint64_t micro;
	struct policy_fees f;

	if (money_asset(amount) != ASSET_XEM || money_u64(&micro, amount) != ERR_OK || micro == 0 ||
	    micro > NEM_SUPPLY_MICRO || message_bytes > NEM_MESSAGE_MAX) {
		return ERR_FIELD_RANGE;
	}
	f.inner = nem_fee_transfer(micro, (uint32_t)message_bytes);
	f.outer = NEM_FEE_MULTISIG_MICRO;
	f.cosign = NEM_FEE_COSIGNATURE_MICRO;
	f.total = f.inner + f.outer + f.cosign;
	*out = f;
	return ERR_OK;
}

struct policy_verdict policy_clocks(const struct doc_policy *policy, const struct policy_time *now)
{
	uint64_t chain_ms;
	uint64_t apart;

	if (now->chain_s > NEM_TIME_MAX_S) {
		return refuse(ERR_CLOCK, "chain_time", "the chain's time is out of range");
	}
	chain_ms = nem_time_to_unix_ms(now->chain_s);
	apart = now->wall_ms > chain_ms ? now->wall_ms - chain_ms : chain_ms - now->wall_ms;
	if (apart > policy->clock_skew_ms) {
		return refuse_figure(ERR_CLOCK, "policy.clock_skew_ms",
				     "own time and chain time are too far apart, in ms", apart,
				     policy->clock_skew_ms);
	}
	return allowed;
}

/* The faster clock: what ends something obeys it. */
static uint64_t latest_ms(const struct policy_time *now)
{
	uint64_t latest = nem_time_to_unix_ms(now->chain_s);

	if (now->wall_ms > latest) {
		latest = now->wall_ms;
	}
	return now->own_ms > latest ? now->own_ms : latest;
}

static struct policy_verdict judge_place(const struct policy_question *q)
{
	const struct doc_order *o = q->order;

	if (o->asset != q->policy->asset || money_asset(&o->amount) != q->policy->asset ||
	    money_asset(&o->fee_max) != q->policy->asset) {
		return refuse(ERR_ASSET, "order.asset", "the policy does not know this asset");
	}
	if (o->chain != q->genesis->chain) {
		return refuse(ERR_NETWORK, "order.chain", "not the chain of genesis");
	}
	if (o->network != q->genesis->chain_network) {
		return refuse(ERR_NETWORK, "order.network", "not the network of genesis");
	}
	if (o->vault != DOC_VAULT_HOT) {
		return refuse(ERR_POLICY, "order.vault", "this vault does not pay orders");
	}
	return allowed;
}

/* The order must say exactly what the customer's request says (T11, T13). */
static struct policy_verdict judge_request(const struct policy_question *q)
{
	const struct doc_order *o = q->order;
	const struct doc_request *r = q->request;
	static const char words[] = "order and request differ";

	if (!hash32_eq(&o->genesis, &r->genesis)) {
		return refuse(ERR_MISMATCH, "order.genesis", words);
	}
	if (!hash32_eq(&o->request, q->request_doc)) {
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
	return allowed;
}

static struct policy_verdict judge_amount(const struct policy_question *q, struct policy_fees *fees,
					  unsigned *tier)
{
	const struct doc_order *o = q->order;
	const struct doc_policy *p = q->policy;
	struct money total;
	enum err e;

	if (o->message_n > DOC_MESSAGE_MAX) {
		return refuse_figure(ERR_TOO_LARGE, "order.message", "the message is too long",
				     o->message_n, DOC_MESSAGE_MAX);
	}
	if (money_is_zero(&o->amount)) {
		return refuse(ERR_AMOUNT, "order.amount", "an amount of zero");
	}
	if (money_cmp(&o->amount, &p->payment_max) > 0) {
		return refuse_figure(ERR_CAP, "policy.payment_max",
				     "more than one payment may carry", money_units(&o->amount),
				     money_units(&p->payment_max));
	}
	e = policy_tier(tier, p, &o->amount);
	if (e != ERR_OK) {
		return refuse_figure(e, "policy.approval_tiers", "above the last tier",
				     money_units(&o->amount),
				     money_units(&p->approval_tiers[p->tier_count - 1].up_to));
	}
	if (policy_fees(fees, &o->amount, o->message_n) != ERR_OK) {
		return refuse(ERR_AMOUNT, "order.amount", "more than the chain can carry");
	}
	if (money_cmp(&o->fee_max, &p->fee_max) > 0) {
		return refuse_figure(ERR_CAP, "policy.fee_max", "the order allows too high a fee",
				     money_units(&o->fee_max), money_units(&p->fee_max));
	}
	total = money_of(p->asset, fees->total);
	if (money_cmp(&total, &o->fee_max) > 0) {
		return refuse_figure(ERR_CAP, "order.fee_max", "the network's fee is higher",
				     fees->total, money_units(&o->fee_max));
	}
	return allowed;
}

static struct policy_verdict judge_destination(const struct policy_question *q)
{
	const struct doc_genesis *g = q->genesis;
	const char *to = q->order->destination.text;
	struct nem_address parsed;
	const char *why = "not an address";
	enum err e;

	e = nem_address_parse(&parsed, (uint8_t)g->chain_network, bytes_str(to), &why);
	if (e != ERR_OK) {
		return refuse(e, "order.destination", why);
	}
	for (size_t i = 0; i < g->hot_count; i++) {
		struct nem_address own;

		nem_address_from_key(&own, &g->hot[i].public_key, (uint8_t)g->chain_network);
		if (nem_address_eq(&own, &parsed)) {
			return refuse(ERR_POLICY, "order.destination", "one of our hot accounts");
		}
	}
	for (size_t i = 0; i < g->box_count; i++) {
		if (strcmp(g->boxes[i].text, to) == 0) {
			return refuse(ERR_POLICY, "order.destination", "one of our boxes");
		}
	}
	for (size_t i = 0; i < g->spare_count; i++) {
		if (strcmp(g->spares[i].text, to) == 0) {
			return refuse(ERR_POLICY, "order.destination", "one of our spare boxes");
		}
	}
	return allowed;
}

static struct policy_verdict judge_times(const struct policy_question *q)
{
	const struct doc_order *o = q->order;
	const struct doc_policy *p = q->policy;
	struct policy_verdict clocks = policy_clocks(p, &q->now);
	uint64_t latest;
	uint64_t ahead;
	uint64_t named_ms;

	if (clocks.err != ERR_OK) {
		return clocks;
	}
	latest = latest_ms(&q->now);
	/* by the host's clock alone: the one that watchers can hold a signer to afterwards */
	ahead = q->now.wall_ms + p->clock_skew_ms;
	if (o->created_ms > ahead) {
		return refuse_figure(ERR_CLOCK, "order.created_ms", "created in the future",
				     o->created_ms, ahead);
	}
	if (q->request->time_ms > ahead) {
		return refuse_figure(ERR_CLOCK, "request.time_ms", "requested in the future",
				     q->request->time_ms, ahead);
	}
	if (!uuid7_is_valid(&o->request_id)) {
		return refuse(ERR_INPUT, "order.request_id", "not a UUIDv7");
	}
	/*
	 * The memory of request ids is bounded: an id so old that it may have been forgotten is
	 * refused, and one from the future would never become old.
	 */
	named_ms = uuid7_ms(&o->request_id);
	if (named_ms > ahead) {
		return refuse_figure(ERR_CLOCK, "order.request_id", "named in the future", named_ms,
				     ahead);
	}
	if (latest - (named_ms < latest ? named_ms : latest) >= request_life_ms) {
		return refuse_figure(ERR_STALE, "order.request_id",
				     "the request id is too old, in ms", latest - named_ms,
				     request_life_ms);
	}
	if (o->expires_ms <= o->created_ms || o->expires_ms - o->created_ms > p->order_life_ms) {
		return refuse_figure(ERR_CAP, "order.expires_ms", "the order lives too long, in ms",
				     o->expires_ms <= o->created_ms ? 0
								    : o->expires_ms - o->created_ms,
				     p->order_life_ms);
	}
	if (latest >= o->expires_ms) {
		return refuse_figure(ERR_EXPIRED, "order.expires_ms", "the order has expired",
				     latest, o->expires_ms);
	}
	return allowed;
}

static struct policy_verdict judge_people(const struct policy_question *q, unsigned needed)
{
	if (q->veto) {
		return refuse(ERR_VETO, "approvals", "a person said no");
	}
	if (q->approvals < needed) {
		return refuse_figure(ERR_APPROVALS, "approvals", "too few people approved",
				     q->approvals, needed);
	}
	return allowed;
}

/*
 * What may still leave in this window, without what this order's dead attempts once reserved: the
 * order counts once, and at the time at which it can leave.
 */
static u128 living_sum(const struct policy_question *q, uint64_t window_ms, bool unapproved_only)
{
	u128 sum = policy_history_sum(q->history, &q->now, window_ms, unapproved_only);

	for (size_t i = 0; i < q->dead_n; i++) {
		const struct policy_entry *e = &q->dead[i];

		if (has_left(e, q->now.own_ms, q->now.chain_s, window_ms) ||
		    (unapproved_only && e->approvals != 0)) {
			continue;
		}
		/* a sum that ran over its end stays there: refused */
		sum = sum == ~(u128)0 || sum < e->outflow ? sum : sum - e->outflow;
	}
	return sum;
}

static struct policy_verdict judge_windows(const struct policy_question *q, u128 outflow)
{
	const struct doc_policy *p = q->policy;

	const struct {
		const struct money *limit;
		const char *field;
		const char *words;
		uint64_t window_ms;
		bool unapproved;
	} rules[] = {
		{ &p->hour_max, "policy.hour_max", "more than any hour may carry", POLICY_HOUR_MS,
		  false },
		{ &p->day_max, "policy.day_max", "more than any day may carry", POLICY_DAY_MS,
		  false },
		{ &p->unapproved_day_max, "policy.unapproved_day_max",
		  "more than any day may carry without approvals", POLICY_DAY_MS, true },
	};

	for (size_t i = 0; i < ARRAY_LEN(rules); i++) {
		u128 sum;

		if (rules[i].unapproved && q->approvals > 0) {
			continue;
		}
		sum =
		    add_saturating(living_sum(q, rules[i].window_ms, rules[i].unapproved), outflow);
		if (sum > money_units(rules[i].limit)) {
			return refuse_figure(ERR_CAP, rules[i].field, rules[i].words, sum,
					     money_units(rules[i].limit));
		}
	}
	if (!policy_history_has_room(q->history, &q->now)) {
		return refuse_figure(ERR_FULL, "history", "the memory of a day is full",
				     q->history->n, q->history->cap);
	}
	return allowed;
}

struct policy_verdict policy_judge(const struct policy_question *q)
{
	struct policy_fees fees = { 0 };
	unsigned needed = 0;
	struct policy_verdict v = policy_check(q->policy);

	if (v.err == ERR_OK) {
		v = judge_place(q);
	}
	if (v.err == ERR_OK) {
		v = judge_request(q);
	}
	if (v.err == ERR_OK) {
		v = judge_amount(q, &fees, &needed);
	}
	if (v.err == ERR_OK) {
		v = judge_destination(q);
	}
	if (v.err == ERR_OK) {
		v = judge_times(q);
	}
	if (v.err == ERR_OK) {
		v = judge_people(q, needed);
	}
	if (v.err == ERR_OK) {
		v = judge_windows(q, money_units(&q->order->amount) + fees.total);
	}
	return v;
}

static u128 least(u128 a, u128 b)
{
	return a < b ? a : b;
}

void policy_exposure(struct policy_exposure *out, const struct doc_policy *policy,
		     unsigned approvers)
{
	u128 payment = 0;

	*out = (struct policy_exposure){ 0 };
	if (policy_check(policy).err != ERR_OK) {
		return;
	}
	for (size_t i = 0; i < policy->tier_count; i++) {
		if (policy->approval_tiers[i].approvals <= approvers) {
			payment = money_units(&policy->approval_tiers[i].up_to);
		}
	}
	if (payment == 0) {
		return;
	}
	out->day = money_units(&policy->day_max);
	if (approvers == 0) {
		out->day = least(out->day, money_units(&policy->unapproved_day_max));
	}
	out->hour = least(out->day, money_units(&policy->hour_max));
	out->payment = least(least(payment, money_units(&policy->payment_max)), out->hour);
}
