/* SPDX-License-Identifier: Apache-2.0 */
/*
 * show_words.c - what the fields of documents mean, in words: one row a field, for `kuramori show`.
 * A field without a row is shown by its name.
 */
#include <stddef.h>
#include <string.h>

#include "base/attr.h"
#include "base/words.h"
#include "show.h"

struct field_words {
	const char *path;
	const char *words;
};

static const struct field_words genesis_words[] = {
	{ "boxes", N_("boxes that there will ever be") },
	{ "chain", N_("chain") },
	{ "chain_nemesis", N_("hash of its block 1") },
	{ "chain_network", N_("network of the chain") },
	{ "hot", N_("hot account") },
	{ "hot[].kind", N_("what it is for") },
	{ "hot[].public_key", N_("its public key") },
	{ "hot[].spare", N_("its spare box, for ever") },
	{ "policy", N_("names the first policy") },
	{ "recovery", N_("boxes and recovery") },
	{ "recovery.holders", N_("holders who control each box") },
	{ "recovery.needed", N_("of them needed, to move it and for a recovery") },
	{ "roster", N_("names the first roster") },
	{ "spares", N_("spare boxes that there will ever be") },
};

static const struct field_words roster_words[] = {
	{ "backends", N_("back end, which may ask for payments") },
	{ "backends[].key", N_("its key") },
	{ "governance", N_("officers who must sign what rules next") },
	{ "holders", N_("cold holder, who recovers a lost quorum") },
	{ "holders[].key", N_("its attest key") },
	{ "number", N_("number") },
	{ "people", N_("person") },
	{ "people[].key", N_("its key") },
	{ "people[].passkeys", N_("security key") },
	{ "people[].passkeys[].algorithm", N_("algorithm") },
	{ "people[].passkeys[].credential", N_("credential") },
	{ "people[].passkeys[].key", N_("its key") },
	{ "people[].roles", N_("roles") },
	{ "previous", N_("follows") },
	{ "price_sources", N_("price source") },
	{ "price_sources[].key", N_("its key") },
	{ "prices_needed", N_("price sources that must agree") },
	{ "recovery", N_("holders signed it, not officers") },
	{ "relying_party", N_("for whom security keys sign") },
	{ "relying_party.id", N_("host name") },
	{ "relying_party.origins", N_("page that may ask") },
	{ "relying_party.origins[].origin", N_("address") },
	{ "signers", N_("signer") },
	{ "signers[].attest_key", N_("key that attests") },
	{ "signers[].chain_key", N_("key on the chain") },
	{ "software_approvals", N_("software keys approve, too") },
	{ "watchers", N_("watcher") },
	{ "watchers[].key", N_("its key") },
	{ "watchers_needed", N_("watchers who must be well") },
};

static const struct field_words policy_words[] = {
	{ "approval_tiers", N_("tier") },
	{ "approval_tiers[].approvals", N_("people who must say yes") },
	{ "approval_tiers[].delay_ms", N_("an order must be known for") },
	{ "approval_tiers[].up_to", N_("for payments up to") },
	{ "asset", N_("asset") },
	{ "attempt_life_s", N_("a transaction lives for") },
	{ "clock_skew_ms", N_("clocks may differ by") },
	{ "day_max", N_("leaves in any day at most") },
	{ "destination_cooling_ms", N_("a new listed destination waits for") },
	{ "destination_kinds", N_("may be paid to") },
	{ "destinations", N_("listed destination") },
	{ "destinations[].address", N_("address") },
	{ "destinations[].name", N_("name") },
	{ "fee_bp_max", N_("fees of the amount at most") },
	{ "fee_max", N_("fees of one payment at most") },
	{ "grant_life_max_ms", N_("a grant lasts at most") },
	{ "heartbeat_age_ms", N_("watchers' word is good for") },
	{ "hot_ceiling_bp", N_("hot of everything at most") },
	{ "hour_max", N_("leaves in any hour at most") },
	{ "hours", N_("times of the week") },
	{ "hours[].days", N_("days, UTC") },
	{ "hours[].from_minute", N_("from minute of the day") },
	{ "hours[].payment_max", N_("one payment at most") },
	{ "hours[].to_minute", N_("to minute of the day") },
	{ "loosening_ms", N_("what loosens waits for") },
	{ "number", N_("number") },
	{ "order_life_ms", N_("an order lives for") },
	{ "payment_max", N_("one payment at most") },
	{ "previous", N_("follows") },
	{ "till_max", N_("a till holds at most") },
	{ "unapproved_day_max", N_("leaves in any day that nobody approved, at most") },
	{ "unlisted_max", N_("to who is not listed at most") },
	{ "yen", N_("caps in yen") },
	{ "yen[].age_max_ms", N_("a price is good for") },
	{ "yen[].day_max", N_("yen that leave in any day at most") },
	{ "yen[].hour_max", N_("yen that leave in any hour at most") },
	{ "yen[].jump_max_bp", N_("a price jumps at most by") },
};

static const struct field_words holding_words[] = {
	{ "holders", N_("holder") },
	{ "holders[].attest_key", N_("attest key") },
	{ "holders[].key", N_("key on the chain") },
	{ "holders[].registration", N_("registration with the watchers") },
	{ "limit", N_("one holder signs for at most") },
	{ "number", N_("number") },
	{ "previous", N_("follows") },
	{ "residue_max", N_("stays behind in a box at most") },
	{ "tally_age_ms", N_("tallies are good for") },
	{ "window_ms", N_("the holder's limit counts within") },
};

/* Of all others: what has the same name means the same there. */
static const struct field_words other_words[] = {
	{ "account", N_("account") },
	{ "accounts", N_("account") },
	{ "accounts[].account", N_("its public key") },
	{ "accounts[].balance", N_("holds") },
	{ "accounts[].cosigners", N_("cosigner") },
	{ "accounts[].cosigners[].key", N_("its public key") },
	{ "accounts[].needed", N_("cosigners who must sign") },
	{ "accounts[].open", N_("payments of it under way") },
	{ "accounts[].received", N_("has received") },
	{ "accounts[].spent", N_("has spent") },
	{ "amount", N_("amount") },
	{ "asset", N_("asset") },
	{ "attest_key", N_("attest key") },
	{ "block", N_("block") },
	{ "chain_time_nem_s", N_("time of the chain") },
	{ "cosigners", N_("cosigner") },
	{ "cosigners[].key", N_("its public key") },
	{ "customer", N_("customer") },
	{ "deadline_nem_s", N_("deadline") },
	{ "decision", N_("says") },
	{ "destination", N_("to") },
	{ "document", N_("names") },
	{ "evacuate", N_("asks for evacuation") },
	{ "expires_ms", N_("expires") },
	{ "fee_cosign", N_("fee of a cosignature") },
	{ "fee_inner", N_("fee of the payment") },
	{ "fee_max", N_("fees of one payment at most") },
	{ "fee_outer", N_("fee of the wrapper") },
	{ "final_time_nem_s", N_("nothing undoes what is before") },
	{ "freezes", N_("lifts") },
	{ "freezes[].id", N_("id") },
	{ "from_ms", N_("from") },
	{ "height", N_("height") },
	{ "holder", N_("holder") },
	{ "holding", N_("under the holding") },
	{ "initiator", N_("who wraps, or began it") },
	{ "issuer", N_("issuer") },
	{ "key", N_("key on the chain") },
	{ "kind", N_("kind") },
	{ "message", N_("message") },
	{ "number", N_("number") },
	{ "person", N_("person") },
	{ "previous", N_("follows") },
	{ "proposer", N_("proposed by") },
	{ "reason", N_("because") },
	{ "refill", N_("answers the refill") },
	{ "scope", N_("scope") },
	{ "sequence", N_("place in its journal") },
	{ "signature", N_("signature on the chain") },
	{ "spent", N_("signed for within the window") },
	{ "struck", N_("strikes") },
	{ "struck[].key", N_("its key") },
	{ "subject", N_("about") },
	{ "subject_type", N_("about what") },
	{ "time_ms", N_("time") },
	{ "timestamp_nem_s", N_("time on the chain") },
	{ "until_ms", N_("until") },
	{ "up_to", N_("for payments up to") },
	{ "valid_until_ms", N_("runs out") },
	{ "watcher", N_("watcher") },
};

static const char *find(const struct field_words *rows, size_t n, const char *path)
{
	for (size_t i = 0; i < n; i++) {
		if (strcmp(rows[i].path, path) == 0) {
			return rows[i].words;
		}
	}
	return NULL;
}

#define FIND(rows) find(rows, ARRAY_LEN(rows), path)

const char *cli_field_words(enum doc_type type, const char *path)
{
	if (type == DOC_GENESIS) {
		return FIND(genesis_words);
	}
	if (type == DOC_ROSTER) {
		return FIND(roster_words);
	}
	if (type == DOC_POLICY) {
		return FIND(policy_words);
	}
	return type == DOC_HOLDING ? FIND(holding_words) : FIND(other_words);
}
