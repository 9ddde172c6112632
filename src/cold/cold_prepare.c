/* SPDX-License-Identifier: Apache-2.0 */
#include "cold/cold_prepare.h"

#include <string.h>

#include "base/words.h"
#include "chain/nem/nem_fee.h"
#include "chain/nem/nem_follow.h"
#include "chain/nem/nem_time.h"
#include "cold/cold_self.h"
#include "policy/verdict.h"

struct policy_verdict cold_prepare_judge(unsigned *place, const struct cold_rules *rules,
					 const struct nem_tx *tx, uint64_t now_ms)
{
	const struct nem_modification *m = &tx->modification;
	struct nem_address address;
	struct policy_verdict v;
	struct hash32 is, ours;
	struct nem_tx own;
	uint32_t now_s;
	bool same;

	if (tx->type != NEM_MODIFICATION) {
		return refuse(ERR_TYPE, "type", "not the conversion of an account");
	}
	v = cold_account_convert(&own, rules, &tx->head.signer, tx->head.time_nem_s);
	if (v.err != ERR_OK) {
		return v;
	}
	same = m->n == own.modification.n;
	for (size_t i = 0; same && i < m->n; i++) {
		same = m->entry[i].type == NEM_ADD &&
		       key32_eq(&m->entry[i].cosigner, &own.modification.entry[i].cosigner);
	}
	if (!same) {
		return refuse(ERR_MISMATCH, "cosigners",
			      "it does not give the account to the holding's holders, all of them "
			      "and nobody else");
	}
	if (!m->has_change || m->change != own.modification.change) {
		return refuse(ERR_MISMATCH, "needed",
			      "not as many holders would have to sign as genesis says");
	}
	nem_tx_hash(&is, tx);
	nem_tx_hash(&ours, &own);
	if (!hash32_eq(&is, &ours)) {
		return refuse(ERR_MISMATCH, "transaction", "another fee or another day than ours");
	}
	if (nem_time_from_unix_ms(&now_s, now_ms) != ERR_OK) {
		return refuse(ERR_CLOCK, "deadline", "our clock shows no time of the chain");
	}
	if (tx->head.time_nem_s > now_s && tx->head.time_nem_s - now_s > COLD_AHEAD_MS / 1000) {
		return refuse(ERR_CLOCK, "deadline",
			      "signed in the future: was that machine's clock right?");
	}
	if (now_s > tx->head.deadline_nem_s) {
		return refuse(ERR_EXPIRED, "deadline",
			      "its day is over: convert again from the batch's old file");
	}
	nem_address_from_key(&address, &tx->head.signer, rules->network);
	*place = cold_account_place(rules, &address);
	return allowed;
}

/* The holding's holders, and they alone. */
static bool is_ours(const struct cold_rules *rules, const struct nem_multisig *m)
{
	const struct doc_holding *h = &rules->holding;

	if (m->n != h->holder_count || m->n != rules->genesis.recovery.holders ||
	    nem_multisig_required(m) != rules->genesis.recovery.needed) {
		return false;
	}
	for (size_t i = 0; i < h->holder_count; i++) {
		struct nem_address a;

		nem_address_from_key(&a, &h->holders[i].key, rules->network);
		if (!nem_multisig_has(m, &a)) {
			return false;
		}
	}
	return true;
}

enum cold_prepared_state cold_prepared_state(const struct cold_rules *rules,
					     const struct cold_prepared *seen)
{
	uint64_t residue;

	if (!nem_multisig_is(&seen->control)) {
		return seen->micro < NEM_FEE_MODIFICATION_MICRO ? COLD_PREPARED_UNPAID
								: COLD_PREPARED_PAID;
	}
	if (!is_ours(rules, &seen->control)) {
		return COLD_PREPARED_FOREIGN;
	}
	if (seen->used) {
		return COLD_PREPARED_USED;
	}
	if (!seen->depth_known || seen->depth < NEM_FOLLOW_REWRITE_MAX) {
		return COLD_PREPARED_YOUNG;
	}
	return !cold_micro(&residue, &rules->holding.residue_max) || seen->micro <= residue
		   ? COLD_PREPARED_READY
		   : COLD_PREPARED_FILLED;
}
