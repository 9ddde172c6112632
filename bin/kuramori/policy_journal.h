/* SPDX-License-Identifier: Apache-2.0 */
/*
 * policy_journal.h - what a signer knew, for `kuramori policy explain --journal`.
 */
#ifndef KURAMORI_BIN_POLICY_JOURNAL_H
#define KURAMORI_BIN_POLICY_JOURNAL_H

#include <jansson.h>

#include "cli.h"
#include "guard/guard_reading.h"

/* Large: static storage, all zeros before policy_journal_read(). */
struct policy_journal {
	struct guard guard;
	struct guard_reading reading;
	struct log_secret secret; /* with journal_secret_file */
	struct guard_payment *payments;
	struct policy_kept *entries;
	uint8_t control[GUARD_STOP_BYTES + GUARD_CONTROL_BYTES];
	uint64_t records; /* in the whole journal */
};

/*
 * Reads c->journal, which is not changed, as it was at this moment.  0, or an exit code that was
 * said on stderr; policy_journal_free() either way.
 */
int policy_journal_read(const struct cli *c, struct policy_journal *j, uint64_t at_ms,
			const struct id128 *request, const struct hash32 *order);
void policy_journal_free(struct policy_journal *j);

/* What it knew and said, on stdout; q: as guard_reading_question() filled it. */
void policy_journal_print(const struct policy_journal *j, const struct policy_question *q);
/* The same as a new reference. */
json_t *policy_journal_json(const struct policy_journal *j, const struct policy_question *q);

#endif
