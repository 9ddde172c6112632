/* SPDX-License-Identifier: Apache-2.0 */
/*
 * approvals.h - who said yes or no, and what proves it.  One count, used alike by both signers, by
 * every watcher and by the server: one person, one word (T34).
 *
 * A person's word is an `approval` document, proved by one of two things: the signature of his
 * software key under it, as long as the roster's software_approvals allows that; or an `assertion`
 * of one of his security keys right behind it (assertion.h).  Who asked for something has no say
 * in it.
 */
#ifndef KURAMORI_POLICY_APPROVALS_H
#define KURAMORI_POLICY_APPROVALS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/attr.h"
#include "base/bytes.h"
#include "base/err.h"
#include "doc/document.h"
#include "doc/types.h"
#include "policy/counters.h"
#include "policy/policy.h"

enum { APPROVALS_MAX = 16 }; /* about one subject */

/*
 * Every es256 key of the roster is a point of its curve: another can never sign.  ERR_KEY: fault
 * (if not NULL) names its place.  Of an eddsa key only a signature shows whether it is one.
 */
MUST_CHECK enum err approvals_keys(const struct doc_roster *roster, struct doc_fault *fault);

/* One word. */
struct approvals_one {
	struct doc doc; /* views the bytes that it was opened from */
	struct doc_approval said;
	bool proved; /* an assertion stood behind it */
	struct doc proof;
	/* by approvals_judge() */
	const struct doc_person *person; /* of the roster */
	struct counters_seen seen;       /* if proved */
};

/* The words about one subject, in the order in which they came. */
struct approvals_set {
	size_t n;
	struct approvals_one one[APPROVALS_MAX];
};

/*
 * One more document, opened by the caller: an approval, or the assertion of the approval before it.
 * ERR_FULL more words than one subject has; ERR_STATE an assertion that stands behind no approval,
 * or a second one; ERR_TYPE another document; the errors of doc_approval_read().  fault as there.
 * The set is unchanged on error.
 */
MUST_CHECK enum err approvals_add(struct approvals_set *set, const struct doc *d,
				  struct doc_fault *fault);

/* What is judged.  All borrowed, none NULL but counters. */
struct approvals_question {
	const struct doc_roster *roster;
	enum doc_type subject_type;
	const struct hash32 *subject;
	const char *initiator;           /* a person of this name has no say; "" nobody */
	uint32_t roles;                  /* bits of enum doc_role: one of them is enough */
	uint64_t until_ms;               /* what was said later than this was said in the future */
	const struct counters *counters; /* NULL: the judge remembers none */
};

struct approvals_count {
	unsigned yes; /* different people */
	bool veto;    /* somebody said no */
};

/*
 * Are these all words that count, each of another person?  In the order of the set, the first that
 * is not is the answer, with the field named: no person of the roster with such a role
 * (ERR_SIGNER_UNKNOWN); about something else (ERR_MISMATCH); the initiator's own (ERR_POLICY); in
 * the future (ERR_CLOCK); a second one of the same person (ERR_ONCE); not proved: the errors of
 * assertion_check() and counters_check(), ERR_UNSIGNED, ERR_SIGNATURE, or ERR_POLICY for a software
 * key that does not count here.  *count is written on ERR_OK; person and seen mean something then.
 */
struct policy_verdict approvals_judge(struct approvals_set *set, const struct approvals_question *q,
				      struct approvals_count *count);

#endif
