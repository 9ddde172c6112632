/* SPDX-License-Identifier: Apache-2.0 */
/*
 * roster.h - can people go on under this roster, and does it follow that one?
 *
 * One place for those who take rosters (control.h), for the tool that makes them, and for holders'
 * recoveries.  Whose signatures it has is the taker's matter.  Pure.
 */
#ifndef KURAMORI_POLICY_ROSTER_H
#define KURAMORI_POLICY_ROSTER_H

#include <stdbool.h>

#include "doc/types.h"
#include "policy/policy.h"

/*
 * Somebody can sign the next one.  r has passed its reader.  The first rule that is broken:
 *   ERR_KEY     a security key that is none (approvals_keys()); field is its place
 *   ERR_POLICY  (field "governance") fewer officers, whose key is not struck (32 zero bytes), than
 *               must sign
 * fault is the caller's room for the field of ERR_KEY; not NULL.
 */
struct policy_verdict roster_check(const struct doc_roster *r, struct doc_fault *fault);

/* Both signers have the keys that they had: those never change by a roster (decision 18). */
static inline bool roster_same_signers(const struct doc_roster *old, const struct doc_roster *next)
{
	for (size_t i = 0; i < DOC_SIGNERS; i++) {
		if (!key32_eq(&old->signers[i].attest_key, &next->signers[i].attest_key) ||
		    !key32_eq(&old->signers[i].chain_key, &next->signers[i].chain_key)) {
			return false;
		}
	}
	return true;
}

/* A place in the row of rosters, of policies or of holdings. */
struct policy_place {
	uint64_t number;         /* from 1 */
	const struct hash32 *id; /* of the one in force: its own; of the next one: its `previous` */
};

/*
 * next stands right behind old.  ERR_MISMATCH: field "number", it is not one more; "previous", it
 * names another.  first, or NULL where genesis names none (holdings): the id by which genesis names
 * the first one (doc_zero_id()), which is no document's own id; who writes it into `previous` is
 * told so.
 */
struct policy_verdict policy_place_follows(const struct policy_place *old,
					   const struct hash32 *first,
					   const struct policy_place *next);

/* A roster: policy_place_follows(), and ERR_MISMATCH, field "signers": they differ (decision 18).
 */
struct policy_verdict roster_follows(const struct doc_roster *old, const struct hash32 *old_id,
				     const struct hash32 *first, const struct doc_roster *next);

#endif
