/* SPDX-License-Identifier: Apache-2.0 */
/*
 * cold_drill.h - the signed result of a restore drill, and who has a valid one (docs/ceremony.md).
 *
 * A backup that nobody has read back is a hope.  In a drill a holder's cards are typed on a clean
 * machine, the keys that they bring back are compared with the holding, and the attest key, in
 * memory alone, signs a `drill` that runs out.  Who hands out addresses asks here first: no valid
 * drill, no new address.
 */
#ifndef KURAMORI_COLD_COLD_DRILL_H
#define KURAMORI_COLD_COLD_DRILL_H

#include "cold/cold.h"

enum {
	COLD_DRILL_BYTES = 2048, /* no drill has more */
	COLD_DRILLS_MAX = 2 * DOC_HOLDERS_MAX,
	COLD_DRILL_DAYS_MAX = 366, /* DOC_DRILL_MAX_MS */
};

/* The holder whose both keys of the holding these are; NULL: nobody's. */
const struct doc_holder *cold_drill_holder(const struct cold_rules *rules,
					   const struct cold_secrets *secrets);

/*
 * The envelope of a drill that was done now and is good for so many days, 1 to
 * COLD_DRILL_DAYS_MAX.  ERR_KEY: the holding does not name these keys; ERR_FIELD_RANGE days;
 * ERR_TOO_LARGE: out has less than COLD_DRILL_BYTES left.
 */
MUST_CHECK enum err cold_drill_make(struct writer *out, const struct cold_rules *rules,
				    const struct cold_secrets *secrets, uint64_t now_ms,
				    uint64_t days);

/*
 * Is this the drill of a holder of the rules' holding, and good at now_ms?  *holder is written if
 * so.  Refused with field "drill...": the errors of doc_open() and doc_drill_read();
 * ERR_SIGNER_UNKNOWN no holder of that name; ERR_KEY his keys are others now; ERR_SIGNATURE not
 * signed by his attest key; ERR_CLOCK done more than COLD_AHEAD_MS from now; ERR_EXPIRED.
 * A drill stays good under another holding that names the same keys.
 */
struct policy_verdict cold_drill_valid(const struct doc_holder **holder,
				       const struct cold_rules *rules, struct bytes raw,
				       uint64_t now_ms);

/*
 * May new addresses of this key set be handed out?  Allowed if as many different holders have a
 * valid drill as genesis says a recovery needs: with fewer of them nobody has shown that a box can
 * ever be emptied.  Drills that are not valid do not count.  n is at most COLD_DRILLS_MAX.
 * ERR_STALE with how many there are and how many are needed.
 */
struct policy_verdict cold_drills_suffice(const struct cold_rules *rules, const struct bytes *raw,
					  size_t n, uint64_t now_ms);

#endif
