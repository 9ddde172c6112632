/* SPDX-License-Identifier: Apache-2.0 */
#include "policy/proofs.h"

#include "policy/assertion.h"
#include "policy/verdict.h"

/* Whose security key is this?  NULL: nobody's. */
static const struct doc_person *owner_of(const struct doc_roster *roster, struct bytes credential,
					 const struct doc_passkey **key)
{
	for (size_t i = 0; i < roster->people_count; i++) {
		const struct doc_person *p = &roster->people[i];

		for (size_t k = 0; k < p->passkey_count; k++) {
			*key = &p->passkeys[k];
			if (bytes_eq(bytes_of((*key)->credential, (*key)->credential_n),
				     credential)) {
				return p;
			}
		}
	}
	return NULL;
}

static struct policy_verdict judge(struct proofs_one *one, const struct doc *d,
				   const struct doc *proof, uint64_t time_ms,
				   const struct doc_roster *roster)
{
	struct doc_assertion a;
	struct policy_verdict v;
	uint32_t counter = 0;
	enum err e = doc_assertion_read(proof, &a, NULL);

	if (e != ERR_OK) {
		return refuse(e, "assertion", "not an assertion in every field");
	}
	one->person = owner_of(roster, bytes_of(a.credential, a.credential_n), &one->key);
	if (one->person == NULL) {
		return refuse(ERR_SIGNER_UNKNOWN, "assertion.credential",
			      "not a security key of anybody in the roster");
	}
	v = assertion_check(&a, &d->id, roster, one->person, &counter);
	if (v.err == ERR_OK) {
		one->seen = counters_seen_of(&a, &d->id, time_ms, counter);
	}
	return v;
}

struct policy_verdict proofs_judge(struct proofs *out, const struct doc *d, uint64_t time_ms,
				   const struct doc_roster *roster)
{
	struct proofs found = { .n = 0 };
	struct doc proof;
	size_t at = 0;

	while (doc_next_proof(&proof, d, &at)) {
		struct proofs_one one;
		struct policy_verdict v = judge(&one, d, &proof, time_ms, roster);

		if (v.err != ERR_OK) {
			return v;
		}
		if (proofs_of(&found, one.person) != NULL) {
			return refuse(ERR_ONCE, "assertion.credential", "one person, one word");
		}
		found.one[found.n++] = one;
	}
	*out = found;
	return allowed;
}

const struct proofs_one *proofs_of(const struct proofs *p, const struct doc_person *person)
{
	for (size_t i = 0; i < p->n; i++) {
		if (p->one[i].person == person) {
			return &p->one[i];
		}
	}
	return NULL;
}

bool proofs_by(const struct proofs *p, const struct doc *d, const struct doc_person *person)
{
	return proofs_of(p, person) != NULL || doc_signed_by(d, &person->key);
}

struct policy_verdict proofs_judge_one(struct proofs *out, const struct doc *d, uint64_t time_ms,
				       const struct doc_roster *roster,
				       const struct doc_person *person)
{
	struct policy_verdict v = proofs_judge(out, d, time_ms, roster);

	if (v.err != ERR_OK) {
		return v;
	}
	if (d->signature_count == 0 && out->n == 0) {
		return refuse(ERR_UNSIGNED, "signatures", "nobody signed it");
	}
	return proofs_by(out, d, person)
		   ? allowed
		   : refuse(ERR_SIGNATURE, "signatures", "not signed by its issuer");
}

struct policy_verdict proofs_count(const struct proofs *p, const struct counters *counters)
{
	for (size_t i = 0; i < p->n; i++) {
		struct policy_verdict v = counters_check(counters, &p->one[i].seen);

		if (v.err != ERR_OK) {
			return v;
		}
	}
	return allowed;
}
