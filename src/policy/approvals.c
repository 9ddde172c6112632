/* SPDX-License-Identifier: Apache-2.0 */
#include "policy/approvals.h"

#include <stdio.h>
#include <string.h>

#include "crypto/es256.h"
#include "doc/table.h"
#include "policy/assertion.h"
#include "policy/verdict.h"

enum err approvals_keys(const struct doc_roster *roster, struct doc_fault *fault)
{
	for (size_t i = 0; i < roster->people_count; i++) {
		const struct doc_person *p = &roster->people[i];

		for (size_t k = 0; k < p->passkey_count; k++) {
			if (p->passkeys[k].algorithm == DOC_ALGORITHM_ES256 &&
			    !es256_key_ok(p->passkeys[k].key)) {
				char field[64];

				(void)snprintf(field, sizeof field, "people[%zu].passkeys[%zu].key",
					       i, k);
				return doc_table_fault(fault, ERR_KEY, field,
						       "not a point of P-256: it can never sign");
			}
		}
	}
	return ERR_OK;
}

enum err approvals_add(struct approvals_set *set, const struct doc *d, struct doc_fault *fault)
{
	struct approvals_one *last = set->n > 0 ? &set->one[set->n - 1] : NULL;
	struct doc_approval said;
	enum err e;

	if (d->type == DOC_ASSERTION) {
		if (last == NULL || last->proved) {
			return ERR_STATE;
		}
		/* its body is read where it is judged: it is larger than all else here together */
		last->proved = true;
		last->proof = *d;
		return ERR_OK;
	}
	if (d->type != DOC_APPROVAL) {
		return ERR_TYPE;
	}
	if (set->n == APPROVALS_MAX) {
		return ERR_FULL;
	}
	e = doc_approval_read(d, &said, fault);
	if (e == ERR_OK) {
		set->one[set->n++] = (struct approvals_one){ .doc = *d, .said = said };
	}
	return e;
}

static const struct doc_person *person_of(const struct approvals_question *q, const char *id)
{
	for (size_t i = 0; i < q->roster->people_count; i++) {
		const struct doc_person *person = &q->roster->people[i];

		if (strcmp(person->id, id) == 0) {
			return (person->roles & q->roles) != 0 ? person : NULL;
		}
	}
	return NULL;
}

/* The security key stands behind it, and its count serves nothing else. */
static struct policy_verdict judge_proof(struct approvals_one *one,
					 const struct approvals_question *q)
{
	struct doc_assertion a;
	struct policy_verdict v;
	uint32_t counter = 0;
	enum err e = doc_assertion_read(&one->proof, &a, NULL);

	if (e != ERR_OK) {
		return refuse(e, "assertion", "not an assertion in every field");
	}
	v = assertion_check(&a, &one->doc.id, q->roster, one->person, &counter);
	if (v.err != ERR_OK) {
		return v;
	}
	one->seen = counters_seen_of(&a, &one->doc.id, one->said.time_ms, counter);
	return q->counters == NULL ? allowed : counters_check(q->counters, &one->seen);
}

static struct policy_verdict judge_software(const struct approvals_one *one,
					    const struct approvals_question *q)
{
	if (one->doc.signature_count == 0) {
		return refuse(ERR_UNSIGNED, "approval.signatures", "nothing proves whose it is");
	}
	if (!q->roster->software_approvals) {
		return refuse(ERR_POLICY, "approval.signatures",
			      "only a security key proves it: the roster takes no software key");
	}
	if (!doc_signed_by(&one->doc, &one->person->key)) {
		return refuse(ERR_SIGNATURE, "approval.signatures", "not signed by that person");
	}
	return allowed;
}

static struct policy_verdict judge_one(struct approvals_set *set, size_t at,
				       const struct approvals_question *q)
{
	struct approvals_one *one = &set->one[at];
	const struct doc_approval *a = &one->said;

	one->person = person_of(q, a->person);
	if (one->person == NULL) {
		return refuse(ERR_SIGNER_UNKNOWN, "approval.person",
			      "nobody whom the roster lets decide this");
	}
	if (a->subject_type != q->subject_type || !hash32_eq(&a->subject, q->subject)) {
		return refuse(ERR_MISMATCH, "approval.subject",
			      "this approval is for something else");
	}
	if (strcmp(a->person, q->initiator) == 0) {
		return refuse(ERR_POLICY, "approval.person", "nobody approves his own request");
	}
	if (a->time_ms > q->until_ms) {
		return refuse_figure(ERR_CLOCK, "approval.time_ms", "approved in the future",
				     a->time_ms, q->until_ms);
	}
	for (size_t i = 0; i < at; i++) {
		if (set->one[i].person == one->person) {
			return refuse(ERR_ONCE, "approval.person", "one person, one word");
		}
	}
	return one->proved ? judge_proof(one, q) : judge_software(one, q);
}

/*
 * Two words of this set by one count of one key: of two people they cannot be (the roster has no
 * credential twice), and one person has one word.  So each is judged against the past alone.
 */
struct policy_verdict approvals_judge(struct approvals_set *set, const struct approvals_question *q,
				      struct approvals_count *count)
{
	struct approvals_count counted = { .yes = 0 };

	for (size_t i = 0; i < set->n; i++) {
		struct policy_verdict v = judge_one(set, i, q);

		if (v.err != ERR_OK) {
			return v;
		}
		counted.yes += set->one[i].said.decision == DOC_DECISION_YES;
		counted.veto = counted.veto || set->one[i].said.decision != DOC_DECISION_YES;
	}
	*count = counted;
	return allowed;
}
