/* SPDX-License-Identifier: Apache-2.0 */
#include "cold/cold_recovery.h"

#include <stdio.h>

#include "base/check.h"
#include "base/words.h"
#include "cold/cold_drill.h"
#include "cold/cold_holding.h"
#include "cold/cold_restore.h"
#include "cold/cold_self.h"
#include "policy/recovery.h"
#include "policy/verdict.h"

const struct doc_party *cold_recovers(const struct doc_roster *r, const struct key32 *attest)
{
	for (size_t i = 0; i < r->holder_count; i++) {
		if (key32_eq(&r->holders[i].key, attest)) {
			return &r->holders[i];
		}
	}
	return NULL;
}

struct policy_verdict cold_recovered(const struct cold_rules *rules, const struct doc *d,
				     const struct doc_roster *next)
{
	const struct doc_roster *r = &rules->roster;
	uint64_t n = 0;

	for (size_t i = 0; i < r->holder_count; i++) {
		n += doc_signed_by(d, &r->holders[i].key);
	}
	if (n < rules->genesis.recovery.needed) {
		return too_little(ERR_APPROVALS, "signatures",
				  N_("fewer holders of the roster signed it than a recovery needs"),
				  n, rules->genesis.recovery.needed);
	}
	return recovery_check(r, next);
}

struct policy_verdict cold_recovery_open(const struct cold_rules *rules, struct bytes raw,
					 struct doc_roster *next, struct hash32 *id)
{
	struct doc_fault fault;
	struct doc d;
	enum err e = doc_open(&d, raw, &rules->genesis_id, &fault);

	if (e == ERR_OK) {
		e = doc_roster_read(&d, next, &fault);
	}
	if (e != ERR_OK) {
		return refuse(e, "roster", fault.why);
	}
	*id = d.id;
	if (!next->recovery || next->number != rules->roster.number + 1 ||
	    !hash32_eq(&next->previous, &rules->roster_id)) {
		return refuse(ERR_MISMATCH, "roster",
			      "not a recovery that follows the newest roster here");
	}
	return recovery_check(&rules->roster, next);
}

/* The name of this key's holder in the newest roster, or NULL. */
static const struct doc_party *own(const struct cold_rules *rules,
				   const struct cold_secrets *secrets)
{
	struct key32 attest;

	cold_secrets_attest(&attest, secrets);
	return cold_recovers(&rules->roster, &attest);
}

struct policy_verdict cold_recovery_sign(struct writer *out, const struct cold *c,
					 const struct cold_rules *rules,
					 const struct cold_secrets *secrets, struct bytes raw,
					 uint64_t now_ms)
{
	static struct doc_roster next; /* large */
	struct policy_verdict v = cold_restore_judge(c, rules, now_ms);
	struct hash32 id;

	if (v.err == ERR_OK) {
		v = cold_held_judge(c, rules, now_ms);
	}
	if (v.err == ERR_OK) {
		v = cold_recovery_open(rules, raw, &next, &id);
	}
	if (v.err != ERR_OK) {
		return v;
	}
	if (own(rules, secrets) == NULL || cold_drill_holder(rules, secrets) == NULL) {
		return refuse(ERR_SIGNER_UNKNOWN, "holder",
			      "the roster, or the holding, does not name this key");
	}
	return cold_signature_add(out, rules, secrets, raw);
}

struct policy_verdict cold_recovery_refuse(struct writer *out, const struct cold_rules *rules,
					   const struct cold_secrets *secrets, struct bytes raw)
{
	static struct doc_roster next; /* large */
	const struct doc_party *holder = own(rules, secrets);
	/* neither reason nor time: keepers take one no of each holder (policy/control.h) */
	struct doc_cancel no = { .genesis = rules->genesis_id };
	struct policy_verdict v = cold_recovery_open(rules, raw, &next, &no.document);

	if (v.err != ERR_OK) {
		return v;
	}
	if (holder == NULL) {
		return refuse(ERR_SIGNER_UNKNOWN, "holder", "the roster does not name this key");
	}
	(void)snprintf(no.person, sizeof no.person, "%s", holder->id);
	CHECK(doc_cancel_make(out, NULL, &no, secrets->attest) == ERR_OK);
	return allowed;
}
