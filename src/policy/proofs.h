/* SPDX-License-Identifier: Apache-2.0 */
/*
 * proofs.h - whose word is a document that people sign with software keys or security keys: freeze,
 * cancel, closing, day, resume, roster, policy, grant (docs/decisions/0030).
 *
 * A security key's word is an assertion behind the envelope (doc/document.h), whose challenge is
 * the document's id: type, version, genesis and every field.  So one that was made for an approval
 * proves no resume.  What an assertion must be stands in assertion.h, as for approvals.
 */
#ifndef KURAMORI_POLICY_PROOFS_H
#define KURAMORI_POLICY_PROOFS_H

#include <stdbool.h>
#include <stddef.h>

#include "doc/document.h"
#include "doc/types.h"
#include "policy/counters.h"
#include "policy/policy.h"

/* The assertions behind one document. */
struct proofs {
	size_t n;

	struct proofs_one {
		const struct doc_person *person; /* of the roster that it was judged by */
		const struct doc_passkey *key;   /* of that person */
		struct counters_seen seen;
	} one[DOC_PROOFS_MAX];
};

/*
 * Each assertion behind d is of a key of some person of this roster, and holds for d: the errors of
 * assertion_check(); ERR_ONCE: two of one person.  None at all is ERR_OK.  time_ms: as the document
 * says it, or COUNTERS_NO_TIME.  *out is written on ERR_OK; it views the roster.
 */
struct policy_verdict proofs_judge(struct proofs *out, const struct doc *d, uint64_t time_ms,
				   const struct doc_roster *roster);

/* The proof of this person of the same roster, or NULL. */
const struct proofs_one *proofs_of(const struct proofs *p, const struct doc_person *person);

/* This person stands behind d: by his software key, or by one of p, its proofs. */
bool proofs_by(const struct proofs *p, const struct doc *d, const struct doc_person *person);

/*
 * The word of one person: proofs_judge(), and d is his.  ERR_UNSIGNED: nothing proves whose it is;
 * ERR_SIGNATURE: not his.  The verdict's field is "signatures" then, or one of assertion_check().
 */
struct policy_verdict proofs_judge_one(struct proofs *out, const struct doc *d, uint64_t time_ms,
				       const struct doc_roster *roster,
				       const struct doc_person *person);

/* counters_check() of each.  The first that is refused is the answer. */
struct policy_verdict proofs_count(const struct proofs *p, const struct counters *counters);

#endif
