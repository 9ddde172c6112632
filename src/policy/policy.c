/* SPDX-License-Identifier: Apache-2.0 */
#include "policy/policy.h"

#include <stdio.h>

#include "chain/nem/nem_fee.h"
#include "chain/nem/nem_time.h"
#include "doc/types.h"
#include "policy/verdict.h"

static const uint64_t request_life_ms = (uint64_t)POLICY_REQUEST_DAYS * POLICY_DAY_MS;

enum {
	KINDS_ALL = DOC_TO_BOX | DOC_TO_CUSTOMER | DOC_TO_PURSE,
};

void policy_words(char out[POLICY_WORDS_MAX], const struct policy_verdict *v)
{
	if (v->has_figure) {
		char figure[MONEY_TEXT_MAX];
		char limit[MONEY_TEXT_MAX];
		struct money f = money_of(ASSET_XEM, v->figure);
		struct money l = money_of(ASSET_XEM, v->limit);

		money_put(figure, &f);
		money_put(limit, &l);
		(void)snprintf(out, POLICY_WORDS_MAX, "%s: %s, %s %s", v->words, figure,
			       v->least ? "needs" : "limit", limit);
		return;
	}
	(void)snprintf(out, POLICY_WORDS_MAX, "%s", v->words);
}

/* What may be paid to, and when, and caps in yen. */
static struct policy_verdict check_lists(const struct doc_policy *p)
{
	if (p->destination_kinds == 0 || p->destination_kinds > KINDS_ALL) {
		return refuse(ERR_POLICY, "policy.destination_kinds",
			      "no kind of destination, or an unknown one");
	}
	if (p->destination_count > DOC_DESTINATIONS_MAX) {
		return refuse(ERR_POLICY, "policy.destinations", "more than there can be");
	}
	if (p->hours_count > DOC_HOURS_MAX) {
		return refuse(ERR_POLICY, "policy.hours", "more than there can be");
	}
	for (size_t i = 0; i < p->hours_count; i++) {
		const struct doc_hours *h = &p->hours[i];

		if (money_asset(&h->payment_max) != p->asset || h->days == 0 || h->days > 127 ||
		    h->from_minute >= h->to_minute || h->to_minute > POLICY_DAY_MINUTES) {
			return refuse(ERR_POLICY, "policy.hours",
				      "days, minutes or a limit that are none");
		}
	}
	if (p->yen_count > 1) {
		return refuse(ERR_POLICY, "policy.yen", "more than there can be");
	}
	if (p->yen_count == 1 &&
	    (p->yen[0].age_max_ms == 0 || p->yen[0].day_max == 0 || p->yen[0].hour_max == 0 ||
	     p->yen[0].jump_max_bp == 0 || p->yen[0].jump_max_bp > POLICY_BP)) {
		return refuse(ERR_POLICY, "policy.yen",
			      "a limit that is absent or out of its range");
	}
	return allowed;
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
		{ p->hot_ceiling_bp, POLICY_BP, "policy.hot_ceiling_bp" },
		{ p->fee_bp_max, 1000000, "policy.fee_bp_max" },
		{ p->loosening_ms, UINT64_MAX, "policy.loosening_ms" },
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
	if (money_asset(&p->unlisted_max) != p->asset) {
		return refuse(ERR_POLICY, "policy.unlisted_max", "a limit of another asset");
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
		if (i > 0 && (money_cmp(&t[-1].up_to, &t->up_to) >= 0 ||
			      t[-1].approvals > t->approvals || t[-1].delay_ms > t->delay_ms)) {
			return refuse(ERR_POLICY, "policy.approval_tiers", "tiers must rise");
		}
	}
	return check_lists(p);
}

enum err policy_tier_find(const struct doc_tier **tier, const struct doc_policy *policy,
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
			*tier = &policy->approval_tiers[i];
			return ERR_OK;
		}
	}
	return ERR_CAP;
}

enum err policy_tier(unsigned *approvals, const struct doc_policy *policy,
		     const struct money *amount)
{
	const struct doc_tier *tier;
	enum err e = policy_tier_find(&tier, policy, amount);

	if (e == ERR_OK) {
		*approvals = (unsigned)tier->approvals;
	}
	return e;
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

uint64_t policy_latest_ms(const struct policy_time *now)
{
	uint64_t latest = nem_time_to_unix_ms(now->chain_s);

	if (now->wall_ms > latest) {
		latest = now->wall_ms;
	}
	return now->own_ms > latest ? now->own_ms : latest;
}

static u128 least(u128 a, u128 b)
{
	return a < b ? a : b;
}

static u128 greatest(u128 a, u128 b)
{
	return a > b ? a : b;
}

/*
 * The most that one payment may carry at any time of the week.  It rises only where a span ends, or
 * with a new day.
 */
static u128 hours_most(const struct doc_policy *p)
{
	u128 most = 0;

	for (unsigned day = 0; day < 7; day++) {
		most = greatest(most, policy_hours_max(p, day, 0));
		for (size_t i = 0; i < p->hours_count; i++) {
			const struct doc_hours *h = &p->hours[i];

			if (h->to_minute < POLICY_DAY_MINUTES) {
				most = greatest(most,
						policy_hours_max(p, day, (unsigned)h->to_minute));
			}
		}
	}
	return most;
}

/* To addresses that nobody but the server chose: a list, a grant or one of our own may get more. */
static u128 unlisted_most(const struct doc_policy *p)
{
	bool others = p->destination_count > 0 || p->grant_life_max_ms > 0 ||
		      (p->destination_kinds & ~(uint32_t)DOC_TO_CUSTOMER) != 0;

	return others ? ~(u128)0 : money_units(&p->unlisted_max);
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
	payment = least(payment, money_units(&policy->payment_max));
	payment = least(payment, least(hours_most(policy), unlisted_most(policy)));
	if (payment == 0) {
		return;
	}
	out->day = money_units(&policy->day_max);
	if (approvers == 0) {
		out->day = least(out->day, money_units(&policy->unapproved_day_max));
	}
	out->hour = least(out->day, money_units(&policy->hour_max));
	out->payment = least(payment, out->hour);
}
