/* SPDX-License-Identifier: Apache-2.0 */
#include "policy/roster.h"

#include "policy/approvals.h"
#include "policy/verdict.h"

struct policy_verdict roster_check(const struct doc_roster *r, struct doc_fault *fault)
{
	static const struct key32 nobody;
	size_t officers = 0;

	if (approvals_keys(r, fault) != ERR_OK) {
		return refuse(ERR_KEY, fault->field, fault->why);
	}
	for (size_t i = 0; i < r->people_count; i++) {
		officers += (r->people[i].roles & DOC_ROLE_OFFICER) != 0 &&
			    !key32_eq(&r->people[i].key, &nobody);
	}
	return officers >= r->governance
		   ? allowed
		   : refuse(ERR_POLICY, "governance",
			    "fewer officers than must sign: nobody could change it any more");
}

struct policy_verdict policy_place_follows(const struct policy_place *old,
					   const struct hash32 *first,
					   const struct policy_place *next)
{
	if (first != NULL && hash32_eq(next->id, first)) {
		return refuse(ERR_MISMATCH, "previous",
			      "the id by which genesis names the first one, not the one that it "
			      "has under genesis");
	}
	if (!hash32_eq(next->id, old->id)) {
		return refuse(ERR_MISMATCH, "previous", "it follows another one");
	}
	return next->number == old->number + 1
		   ? allowed
		   : refuse(ERR_MISMATCH, "number", "one more than its predecessor's");
}

struct policy_verdict roster_follows(const struct doc_roster *old, const struct hash32 *old_id,
				     const struct hash32 *first, const struct doc_roster *next)
{
	const struct policy_place before = { old->number, old_id };
	const struct policy_place after = { next->number, &next->previous };
	const struct policy_verdict v = policy_place_follows(&before, first, &after);

	return v.err != ERR_OK ? v
	       : roster_same_signers(old, next)
		   ? allowed
		   : refuse(ERR_MISMATCH, "signers",
			    "signers stay; other keys need other accounts, and so a genesis");
}
