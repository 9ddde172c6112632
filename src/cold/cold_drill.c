/* SPDX-License-Identifier: Apache-2.0 */
#include "cold/cold_drill.h"

#include <string.h>

#include "base/check.h"
#include "base/words.h"
#include "cold/cold_self.h"
#include "policy/verdict.h"

#define DAY_MS UINT64_C(86400000)

const struct doc_holder *cold_drill_holder(const struct cold_rules *rules,
					   const struct cold_secrets *secrets)
{
	const struct doc_holder *h = cold_holder(&rules->holding, &secrets->chain.public_key);
	struct key32 attest;

	cold_secrets_attest(&attest, secrets);
	return h != NULL && key32_eq(&h->attest_key, &attest) ? h : NULL;
}

enum err cold_drill_make(struct writer *out, const struct cold_rules *rules,
			 const struct cold_secrets *secrets, uint64_t now_ms, uint64_t days)
{
	const struct doc_holder *h = cold_drill_holder(rules, secrets);
	struct doc_drill d;

	if (h == NULL) {
		return ERR_KEY;
	}
	if (days < 1 || days > COLD_DRILL_DAYS_MAX) {
		return ERR_FIELD_RANGE;
	}
	if (out->bad || out->cap - out->n < COLD_DRILL_BYTES) {
		return ERR_TOO_LARGE;
	}
	d = (struct doc_drill){
		.attest_key = h->attest_key,
		.genesis = rules->genesis_id,
		.holding = rules->holding_id,
		.key = h->key,
		.time_ms = now_ms,
		.valid_until_ms = now_ms + days * DAY_MS,
	};
	memcpy(d.holder, h->id, sizeof d.holder);
	return doc_drill_make(out, NULL, &d, secrets->attest);
}

static const struct doc_holder *named(const struct doc_holding *h, const char *id)
{
	for (size_t i = 0; i < h->holder_count; i++) {
		if (strcmp(h->holders[i].id, id) == 0) {
			return &h->holders[i];
		}
	}
	return NULL;
}

struct policy_verdict cold_drill_valid(const struct doc_holder **holder,
				       const struct cold_rules *rules, struct bytes raw,
				       uint64_t now_ms)
{
	const struct doc_holder *h;
	struct doc_fault fault;
	struct doc_drill drill;
	struct doc d;
	enum err e = doc_open(&d, raw, &rules->genesis_id, &fault);

	if (e == ERR_OK) {
		e = doc_drill_read(&d, &drill, &fault);
	}
	if (e != ERR_OK) {
		return refuse(e, "drill", fault.why);
	}
	h = named(&rules->holding, drill.holder);
	if (h == NULL) {
		return refuse(ERR_SIGNER_UNKNOWN, "drill.holder",
			      "no holder of the holding has this name");
	}
	if (!key32_eq(&h->key, &drill.key) || !key32_eq(&h->attest_key, &drill.attest_key)) {
		return refuse(ERR_KEY, "drill.key", "the holding names other keys of this holder");
	}
	if (!doc_signed_by(&d, &h->attest_key)) {
		return refuse(ERR_SIGNATURE, "drill.signatures", "not signed by its holder");
	}
	if (drill.time_ms > now_ms && drill.time_ms - now_ms > COLD_AHEAD_MS) {
		return refuse(ERR_CLOCK, "drill.time_ms",
			      "said in the future: is this machine's clock right?");
	}
	if (now_ms >= drill.valid_until_ms) {
		return refuse(ERR_EXPIRED, "drill.valid_until_ms",
			      "this drill has run out: the cards must be tried again");
	}
	*holder = h;
	return allowed;
}

struct policy_verdict cold_drills_suffice(const struct cold_rules *rules, const struct bytes *raw,
					  size_t n, uint64_t now_ms)
{
	bool seen[DOC_HOLDERS_MAX] = { false };
	uint64_t good = 0;

	CHECK(n <= COLD_DRILLS_MAX);
	for (size_t i = 0; i < n; i++) {
		const struct doc_holder *h = NULL;

		if (cold_drill_valid(&h, rules, raw[i], now_ms).err == ERR_OK) {
			size_t at = (size_t)(h - rules->holding.holders);

			good += !seen[at];
			seen[at] = true;
		}
	}
	return at_least(ERR_STALE, "drill",
			N_("too few holders have tried their cards lately: do drills first"), good,
			rules->genesis.recovery.needed);
}
