/* SPDX-License-Identifier: Apache-2.0 */
/*
 * compare.h - does a new policy or roster tighten or loosen?  Tightening is in force at once,
 * loosening waits, is announced, and one person can cancel it (P13, docs/decisions/0016).
 *
 * Field by field.  A field tightens if nothing is allowed under the new one that the old one
 * refused.  What tightens here and loosens there, and what cannot be compared (another key, another
 * asset), is CHANGE_OTHER, which counts as loosening.  "Does not loosen" is a partial order: every
 * document to itself, and from step to step; two that do not loosen each other judge alike.
 *
 * number and previous say which comes first, recovery by whom, not what is allowed: they are not
 * compared.
 * Pure.  Both documents must have passed their reader.
 */
#ifndef KURAMORI_POLICY_COMPARE_H
#define KURAMORI_POLICY_COMPARE_H

#include <stdbool.h>
#include <stddef.h>

struct doc_policy;
struct doc_roster;

enum {
	COMPARE_ROWS_MAX = 32,
};

enum change {
	CHANGE_NONE,
	CHANGE_TIGHTENS,
	CHANGE_LOOSENS,
	CHANGE_OTHER,
};

struct comparison {
	enum change whole; /* NONE, TIGHTENS, or LOOSENS if any row loosens or is OTHER */
	size_t n;

	struct comparison_row {
		const char *field; /* as in the document; static storage */
		enum change change;
	} rows[COMPARE_ROWS_MAX]; /* every field that is compared, in the document's order */
};

void policy_compare(struct comparison *out, const struct doc_policy *before,
		    const struct doc_policy *after);

/*
 * People, holders, back ends, price sources: who goes tightens (a stolen key is revoked at once),
 * who comes loosens.  But those who may stop things must outnumber those who can change the roster:
 * if fewer than governance + 1 officers and approvers stay, their going is CHANGE_OTHER; else a
 * quorum could first remove, at once, everybody who would cancel what it does next. Signers,
 * watchers: any change is CHANGE_OTHER; fewer eyes are no safer.
 */
void roster_compare(struct comparison *out, const struct doc_roster *before,
		    const struct doc_roster *after);

/* "same", "tightens", "loosens", "incomparable".  Static storage. */
const char *compare_word(enum change c);

#endif
