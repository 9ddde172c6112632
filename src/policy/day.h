/* SPDX-License-Identifier: Apache-2.0 */
/*
 * day.h - the budget of payments that nobody approves, and the person's `day` that renews it
 * (docs/decisions/0026).  Used alike by each signer, about itself, and by every watcher, about each
 * signer.
 *
 * The budget is no window: what was attested without approvals counts until an officer or auditor
 * has signed that he compared it with the back end's own list.  A `day` names a point of each
 * signer's journal, so an old one renews nothing, however often and whenever it is shown.
 */
#ifndef KURAMORI_POLICY_DAY_H
#define KURAMORI_POLICY_DAY_H

#include <stdbool.h>
#include <stdint.h>

#include "base/attr.h"
#include "doc/document.h"
#include "doc/types.h"
#include "policy/policy.h"
#include "policy/proofs.h"

/*
 * One signer's payments without approvals: amounts and fees of each attestation, in smallest units.
 * A later attempt of an order counts as a payment of its own.
 */
struct day_budget {
	u128 ever;         /* since the beginning of its journal */
	u128 since;        /* of that, behind `sequence` */
	uint64_t sequence; /* up to which a person has compared; 0: nobody has yet */
};

/* What a day says of one signer. */
struct day_point {
	uint64_t sequence;
	u128 unapproved;
};

struct day_point day_point_of(const struct doc_day *day, enum doc_signer signer);

/* The point lies behind what was compared before: only then has it any effect. */
bool day_renews(const struct day_budget *b, const struct day_point *p);

/*
 * Did somebody say it who may?  d: the opened document, day: what it says; roster: in force when it
 * is judged; until_ms: a later time is in the future.
 *   ERR_SIGNER_UNKNOWN  no officer or auditor of the roster
 *   ERR_UNSIGNED, ERR_SIGNATURE  not signed by that person; the errors of proofs_judge()
 *   ERR_CLOCK           signed in the future
 * proofs: what its security key said, written on ERR_OK; counts are for who remembers them.
 */
struct policy_verdict day_judge(const struct doc *d, const struct doc_day *day,
				const struct doc_roster *roster, uint64_t until_ms,
				struct proofs *proofs);

/* One attestation without approvals more. */
void day_count(struct day_budget *b, u128 outflow);

/* The point counts from now on; after: what was attested without approvals behind it. */
void day_take(struct day_budget *b, const struct day_point *p, u128 after);

#endif
