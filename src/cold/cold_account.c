/* SPDX-License-Identifier: Apache-2.0 */
#include "cold/cold_account.h"

#include <string.h>

#include "base/check.h"
#include "base/words.h"
#include "chain/nem/nem_fee.h"
#include "chain/nem/nem_time.h"
#include "crypto/crypto.h"
#include "crypto/sha256.h"
#include "policy/verdict.h"

static void derive(uint8_t out[COLD_ACCOUNT_STATE], const uint8_t state[COLD_ACCOUNT_STATE],
		   const char *what)
{
	struct hash32 h;

	hmac_sha256(&h, bytes_of(state, COLD_ACCOUNT_STATE), bytes_str(what));
	memcpy(out, h.b, COLD_ACCOUNT_STATE);
	crypto_wipe(&h, sizeof h);
}

void cold_account_key(struct edk_secret *out, const uint8_t state[COLD_ACCOUNT_STATE])
{
	uint8_t key[COLD_ACCOUNT_STATE];

	derive(key, state, "kuramori box key v1");
	edk_secret_from_nem(out, key);
	crypto_wipe(key, sizeof key);
}

void cold_account_next(uint8_t state[COLD_ACCOUNT_STATE])
{
	derive(state, state, "kuramori box next v1");
}

unsigned cold_account_place(const struct cold_rules *rules, const struct nem_address *address)
{
	const struct doc_genesis *g = &rules->genesis;

	for (size_t i = 0; i < g->box_count + g->spare_count; i++) {
		const struct doc_address *a =
		    i < g->box_count ? &g->boxes[i] : &g->spares[i - g->box_count];

		if (strcmp(a->text, address->text) == 0) {
			return (unsigned)i + 1;
		}
	}
	return 0;
}

struct policy_verdict cold_account_convert(struct nem_tx *out, const struct cold_rules *rules,
					   const struct key32 *account, uint32_t time_nem_s)
{
	const struct doc_holding *h = &rules->holding;
	struct nem_address address;

	nem_address_from_key(&address, account, rules->network);
	if (cold_account_place(rules, &address) == 0) {
		return refuse(ERR_POLICY, "account",
			      "no box and no spare box of genesis: another batch, all of it is "
			      "converted, or somebody has changed the list");
	}
	if (h->holder_count != rules->genesis.recovery.holders) {
		return refuse(ERR_MISMATCH, "holding",
			      "it does not name as many holders as genesis says control a box");
	}
	if (time_nem_s > NEM_TIME_MAX_S - NEM_TIME_DEADLINE_MAX_S) {
		return refuse(ERR_CLOCK, "clock", "the chain has no time of a day later");
	}
	memset(out, 0, sizeof *out);
	out->type = NEM_MODIFICATION;
	out->head = (struct nem_header){ .network = rules->network,
					 .version = 2,
					 .time_nem_s = time_nem_s,
					 .deadline_nem_s = time_nem_s + NEM_TIME_DEADLINE_MAX_S,
					 .fee_micro = NEM_FEE_MODIFICATION_MICRO,
					 .signer = *account };
	out->modification.has_change = true;
	out->modification.change = (int32_t)rules->genesis.recovery.needed;
	for (size_t i = 0; i < h->holder_count; i++) {
		out->modification.entry[out->modification.n++] =
		    (struct nem_modification_entry){ NEM_ADD, h->holders[i].key };
	}
	nem_tx_canonicalise(out);
	CHECK(nem_tx_check(out) == ERR_OK && nem_fee_check(out) == ERR_OK);
	return allowed;
}
