/* SPDX-License-Identifier: Apache-2.0 */
#include "policy/day.h"

#include <string.h>

#include "policy/verdict.h"

struct day_point day_point_of(const struct doc_day *day, enum doc_signer signer)
{
	bool a = signer == DOC_SIGNER_A;

	return (struct day_point){
		.sequence = a ? day->a_sequence : day->b_sequence,
		.unapproved = money_units(a ? &day->a_unapproved : &day->b_unapproved),
	};
}

bool day_renews(const struct day_budget *b, const struct day_point *p)
{
	return p->sequence > b->sequence;
}

static const struct doc_person *person_of(const struct doc_roster *roster, const char *id)
{
	for (size_t i = 0; i < roster->people_count; i++) {
		const struct doc_person *person = &roster->people[i];

		if (strcmp(person->id, id) == 0) {
			return (person->roles & (DOC_ROLE_OFFICER | DOC_ROLE_AUDITOR)) != 0 ? person
											    : NULL;
		}
	}
	return NULL;
}

struct policy_verdict day_judge(const struct doc *d, const struct doc_day *day,
				const struct doc_roster *roster, uint64_t until_ms,
				struct proofs *proofs)
{
	const struct doc_person *person = person_of(roster, day->person);
	struct policy_verdict v;

	if (person == NULL) {
		return refuse(ERR_SIGNER_UNKNOWN, "day.person",
			      "no officer or auditor of the roster");
	}
	v = proofs_judge_one(proofs, d, day->time_ms, roster, person);
	if (v.err != ERR_OK) {
		v.field = v.err == ERR_UNSIGNED || strcmp(v.field, "signatures") == 0
			      ? "day.signatures"
			      : v.field;
		return v;
	}
	return at_most(ERR_CLOCK, "day.time_ms", "signed in the future", day->time_ms, until_ms);
}

void day_count(struct day_budget *b, u128 outflow)
{
	b->ever += outflow;
	b->since += outflow;
}

void day_take(struct day_budget *b, const struct day_point *p, u128 after)
{
	b->sequence = p->sequence;
	b->since = after;
}
