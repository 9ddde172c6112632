/* SPDX-License-Identifier: Apache-2.0 */
#include "policy/attempt.h"

#include <string.h>

#include "base/check.h"
#include "base/words.h"
#include "chain/nem/nem_fee.h"
#include "chain/nem/nem_time.h"
#include "doc/types.h"
#include "policy/verdict.h"

static bool deadline_fits(uint32_t chain_s, uint64_t life_s)
{
	return chain_s <= NEM_TIME_MAX_S && life_s >= 1 && life_s <= NEM_TIME_DEADLINE_MAX_S &&
	       life_s <= NEM_TIME_MAX_S - (uint64_t)chain_s;
}

enum err attempt_make(struct doc_attempt *out, const struct doc_policy *policy,
		      const struct doc_order *order, const struct hash32 *order_id, unsigned number,
		      const struct key32 *till, uint32_t chain_s)
{
	struct policy_fees fees;

	if (!deadline_fits(chain_s, policy->attempt_life_s) || number < 1 ||
	    /* unreached: the compiler asks both bounds at once, on the line above */
	    number > DOC_ATTEMPTS_MAX ||
	    policy_fees(&fees, &order->amount, order->message_n) != ERR_OK) {
		return ERR_FIELD_RANGE;
	}
	*out = (struct doc_attempt){
		.account = *till,
		.deadline_nem_s = chain_s + policy->attempt_life_s,
		.fee_cosign = money_of(ASSET_XEM, fees.cosign),
		.fee_inner = money_of(ASSET_XEM, fees.inner),
		.fee_outer = money_of(ASSET_XEM, fees.outer),
		.genesis = order->genesis,
		.number = number,
		.order = *order_id,
		.timestamp_nem_s = chain_s,
	};
	return ERR_OK;
}

static bool fee_is(const struct money *fee, uint64_t exact)
{
	return money_asset(fee) == ASSET_XEM && money_units(fee) == exact;
}

/* The chain's now, or the host's where the chain's is not known or behind: NIS judges by its own.
 */
static uint64_t latest_s(const struct policy_time *now)
{
	uint32_t wall_s = 0;

	if (nem_time_from_unix_ms(&wall_s, now->wall_ms) != ERR_OK) {
		wall_s = 0;
	}
	return wall_s > now->chain_s ? wall_s : now->chain_s;
}

static struct policy_verdict check_times(uint64_t timestamp, uint64_t deadline, uint64_t life_s,
					 const struct policy_time *now, const char *timestamp_field,
					 const char *deadline_field)
{
	uint64_t latest = latest_s(now);

	if (timestamp > NEM_TIME_MAX_S || deadline > NEM_TIME_MAX_S) {
		return refuse(ERR_FIELD_RANGE, deadline_field, "not a time of the chain");
	}
	if (deadline != timestamp + life_s) {
		return refuse_figure(ERR_MISMATCH, deadline_field,
				     "not the timestamp and the attempt's life", deadline,
				     timestamp + life_s);
	}
	if (timestamp > latest + POLICY_CHAIN_AHEAD_S) {
		return refuse_figure(ERR_CLOCK, timestamp_field, "ahead of the chain", timestamp,
				     latest + POLICY_CHAIN_AHEAD_S);
	}
	if (deadline <= latest) {
		return refuse_figure(ERR_EXPIRED, deadline_field, "the attempt's time is over",
				     latest, deadline);
	}
	return allowed;
}

struct policy_verdict attempt_check(const struct doc_genesis *genesis,
				    const struct doc_policy *policy, const struct doc_order *order,
				    const struct hash32 *order_id,
				    const struct doc_attempt *attempt, size_t dead,
				    const struct policy_time *now)
{
	static const char inexact[] = N_("not exactly the minimum fee");
	struct policy_fees fees;
	bool is_till = false;

	if (!hash32_eq(&attempt->genesis, &order->genesis)) {
		return refuse(ERR_MISMATCH, "attempt.genesis", "attempt and order differ");
	}
	if (!hash32_eq(&attempt->order, order_id)) {
		return refuse(ERR_MISMATCH, "attempt.order", "the attempt is for another order");
	}
	if (attempt->number != dead + 1) {
		return refuse_figure(ERR_STATE, "attempt.number",
				     "a later attempt needs a proof that all earlier ones are dead",
				     attempt->number, dead + 1);
	}
	for (size_t i = 0; i < genesis->hot_count; i++) {
		is_till |= genesis->hot[i].kind == DOC_HOT_TILL &&
			   key32_eq(&genesis->hot[i].public_key, &attempt->account);
	}
	if (!is_till) {
		return refuse(ERR_POLICY, "attempt.account", "not a till of genesis");
	}
	if (policy_fees(&fees, &order->amount, order->message_n) != ERR_OK) {
		return refuse(ERR_AMOUNT, "order.amount", "more than the chain can carry");
	}
	if (!fee_is(&attempt->fee_inner, fees.inner)) {
		return refuse_figure(ERR_MISMATCH, "attempt.fee_inner", inexact,
				     money_units(&attempt->fee_inner), fees.inner);
	}
	if (!fee_is(&attempt->fee_outer, fees.outer)) {
		return refuse_figure(ERR_MISMATCH, "attempt.fee_outer", inexact,
				     money_units(&attempt->fee_outer), fees.outer);
	}
	if (!fee_is(&attempt->fee_cosign, fees.cosign)) {
		return refuse_figure(ERR_MISMATCH, "attempt.fee_cosign", inexact,
				     money_units(&attempt->fee_cosign), fees.cosign);
	}
	return check_times(attempt->timestamp_nem_s, attempt->deadline_nem_s,
			   policy->attempt_life_s, now, "attempt.timestamp_nem_s",
			   "attempt.deadline_nem_s");
}

static const struct doc_hot *hot_find(const struct doc_genesis *genesis,
				      const struct key32 *account)
{
	for (size_t i = 0; i < genesis->hot_count; i++) {
		if (key32_eq(&genesis->hot[i].public_key, account)) {
			return &genesis->hot[i];
		}
	}
	return NULL;
}

enum err attempt_sweep_make(struct doc_sweep *out, const struct doc_genesis *genesis,
			    const struct doc_policy *policy, const struct hash32 *genesis_id,
			    const struct key32 *account, const struct money *balance,
			    uint32_t chain_s)
{
	const struct doc_hot *hot = hot_find(genesis, account);
	uint64_t micro;
	uint64_t amount;
	uint64_t fee;

	if (hot == NULL) {
		return ERR_NOT_FOUND;
	}
	if (!deadline_fits(chain_s, policy->attempt_life_s) || money_asset(balance) != ASSET_XEM ||
	    money_u64(&micro, balance) != ERR_OK || micro > NEM_SUPPLY_MICRO) {
		return ERR_FIELD_RANGE;
	}
	if (nem_fee_empty_account(&amount, &fee, micro, 0, 1, NEM_FEE_COSIGNATURE_MICRO) !=
	    ERR_OK) {
		return ERR_FUNDS;
	}
	*out = (struct doc_sweep){
		.account = *account,
		.amount = money_of(ASSET_XEM, amount),
		.deadline_nem_s = chain_s + policy->attempt_life_s,
		.destination = hot->spare,
		.fee_cosign = money_of(ASSET_XEM, NEM_FEE_COSIGNATURE_MICRO),
		.fee_inner = money_of(ASSET_XEM, fee),
		.fee_outer = money_of(ASSET_XEM, NEM_FEE_MULTISIG_MICRO),
		.genesis = *genesis_id,
		.timestamp_nem_s = chain_s,
	};
	return ERR_OK;
}

struct policy_verdict attempt_sweep_check(const struct doc_genesis *genesis,
					  const struct doc_policy *policy,
					  const struct doc_sweep *sweep,
					  const struct policy_time *now)
{
	static const char inexact[] = N_("not the fee of a whole move");
	const struct doc_hot *hot = hot_find(genesis, &sweep->account);
	uint64_t amount;
	uint64_t fee;
	uint64_t whole_amount;
	uint64_t whole_fee;

	if (hot == NULL) {
		return refuse(ERR_POLICY, "sweep.account", "not a hot account of genesis");
	}
	if (strcmp(hot->spare.text, sweep->destination.text) != 0) {
		return refuse(ERR_POLICY, "sweep.destination", "not this account's own spare box");
	}
	if (money_asset(&sweep->amount) != ASSET_XEM ||
	    money_u64(&amount, &sweep->amount) != ERR_OK || amount == 0 ||
	    amount > NEM_SUPPLY_MICRO) {
		return refuse(ERR_AMOUNT, "sweep.amount", "not an amount of the chain");
	}
	if (!fee_is(&sweep->fee_outer, NEM_FEE_MULTISIG_MICRO)) {
		return refuse_figure(ERR_MISMATCH, "sweep.fee_outer", inexact,
				     money_units(&sweep->fee_outer), NEM_FEE_MULTISIG_MICRO);
	}
	if (!fee_is(&sweep->fee_cosign, NEM_FEE_COSIGNATURE_MICRO)) {
		return refuse_figure(ERR_MISMATCH, "sweep.fee_cosign", inexact,
				     money_units(&sweep->fee_cosign), NEM_FEE_COSIGNATURE_MICRO);
	}
	/*
	 * What balance it is for follows from the sweep itself; the rule applied to that balance
	 * must give this sweep, so that not even the fee leaves room for choice.
	 */
	if (money_asset(&sweep->fee_inner) != ASSET_XEM ||
	    money_u64(&fee, &sweep->fee_inner) != ERR_OK ||
	    /* unreached: a fee above the supply is tested; the compiler counts it elsewhere */
	    fee > NEM_SUPPLY_MICRO ||
	    nem_fee_empty_account(&whole_amount, &whole_fee,
				  amount + fee + NEM_FEE_MULTISIG_MICRO + NEM_FEE_COSIGNATURE_MICRO,
				  0, 1, NEM_FEE_COSIGNATURE_MICRO) != ERR_OK ||
	    whole_fee != fee) {
		return refuse_figure(ERR_MISMATCH, "sweep.fee_inner", inexact,
				     money_units(&sweep->fee_inner), nem_fee_transfer(amount, 0));
	}
	return check_times(sweep->timestamp_nem_s, sweep->deadline_nem_s, policy->attempt_life_s,
			   now, "sweep.timestamp_nem_s", "sweep.deadline_nem_s");
}
