/* SPDX-License-Identifier: Apache-2.0 */
#include "policy/ceiling.h"

#include "base/attr.h"
#include "base/words.h"
#include "chain/nem/nem_fee.h"
#include "policy/verdict.h"

/* The balance pays for its own whole move: else it is dust. */
static bool pays_its_way(uint64_t micro)
{
	uint64_t amount, fee;

	return nem_fee_empty_account(&amount, &fee, micro, 0, 1, NEM_FEE_COSIGNATURE_MICRO) ==
	       ERR_OK;
}

const char *ceiling_why_not(const struct ceiling_account *account,
			    const struct ceiling_choice *choice)
{
	if (account->kind != DOC_HOT_PURSE) {
		return N_("no reserve purse: an officer closes it if it must go");
	}
	if (account->spent) {
		return N_("coins have left this purse before: a purse is used once");
	}
	if (account->moving) {
		return N_("a move of it is under way");
	}
	if (!account->box_known) {
		return N_("its spare box is under no holders' control yet");
	}
	if (account->box_spent) {
		return N_("coins have left its spare box before: a box is used once");
	}
	if (account->box_micro > CEILING_DUST_MICRO) {
		return N_("its spare box is filled already: a box is used once");
	}
	if (!pays_its_way(account->micro)) {
		return N_("it holds nothing that pays for its own move");
	}
	return choice->hot_micro - choice->going_micro - account->micro < choice->least_micro
		   ? N_("without it hot accounts would hold less than half of the ceiling")
		   : NULL;
}

/* Is a better than b?  What cures before what does not; the smallest that cures, the largest else.
 */
static bool better(uint64_t a, uint64_t b, uint64_t over)
{
	if ((a >= over) != (b >= over)) {
		return a >= over;
	}
	return a >= over ? a < b : a > b;
}

void ceiling_choose(struct ceiling_choice *out, const struct ceiling_account *accounts, size_t n,
		    uint64_t cold_micro, uint64_t ceiling_bp)
{
	uint64_t stays;

	*out = (struct ceiling_choice){ .state = CEILING_UNDER };
	for (size_t i = 0; i < n; i++) {
		out->hot_micro += accounts[i].micro;
		if (accounts[i].kind == DOC_HOT_PURSE && accounts[i].moving) {
			out->going_micro += accounts[i].micro;
		}
	}
	out->all_micro = out->hot_micro + cold_micro;
	out->ceiling_micro = (uint64_t)((u128)out->all_micro * ceiling_bp / POLICY_BP);
	out->least_micro = out->ceiling_micro / 2;
	stays = out->hot_micro - out->going_micro;
	if (stays <= out->ceiling_micro) {
		out->state = out->hot_micro > out->ceiling_micro ? CEILING_WAITS : CEILING_UNDER;
		return;
	}
	out->state = CEILING_NONE;
	for (size_t i = 0; i < n; i++) {
		const struct ceiling_account *a = &accounts[i];

		if (ceiling_why_not(a, out) == NULL &&
		    (out->state == CEILING_NONE ||
		     better(a->micro, accounts[out->at].micro, stays - out->ceiling_micro))) {
			out->state = CEILING_CHOSEN;
			out->at = i;
			out->after_micro = stays - a->micro;
		}
	}
}
