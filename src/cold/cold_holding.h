/* SPDX-License-Identifier: Apache-2.0 */
/*
 * cold_holding.h - the next holding: who may sign it, when it binds, who is retired by it.
 *
 * A holding says whose keys count as cold holders'.  Destinations are pinned by genesis, yet a box
 * of genesis that is not yet under anybody's control becomes what its cosigners are: so a holder
 * who is added is as good as a destination that is added.  Therefore a successor that loosens
 * anything - a holder or a key that is new, a larger limit or residue, a shorter window, older
 * tallies - is signed by as many officers as the roster's governance says and by as many holders of
 * its predecessor as genesis asks for a recovery: they could move the coins anyway, so nothing
 * weaker than a theft of the boxes themselves makes a false one.  Who only takes away needs the
 * officers alone, and is obeyed at once.  (docs/decisions/0041-rotation.md)
 *
 * What loosens binds a machine when its predecessor's window has passed since it was taken there,
 * by the machine's clock and by the watchers' chain, whichever is slower.  Until then the
 * predecessor rules, so that refills go on meanwhile.
 */
#ifndef KURAMORI_COLD_COLD_HOLDING_H
#define KURAMORI_COLD_COLD_HOLDING_H

#include "cold/cold.h"

/* What a successor loosens: bits. */
enum cold_loosens {
	COLD_LOOSENS_HOLDERS = 1, /* a holder, or a key of one, that its predecessor has not */
	COLD_LOOSENS_LIMIT = 2,
	COLD_LOOSENS_WINDOW = 4,
	COLD_LOOSENS_RESIDUE = 8,
	COLD_LOOSENS_TALLY_AGE = 16,
};

unsigned cold_holding_loosens(const struct doc_holding *old, const struct doc_holding *next);

/*
 * next: rules whose holding cold_holding_open() has opened from raw, officers and all.  Allowed if
 * it is the successor of old, whose id is old_id, and signed by whom it needs.
 * ERR_MISMATCH (field "holding") not its successor; ERR_STATE (field "holding") next's roster still
 * names among its holders one who goes; ERR_APPROVALS (field "signatures") it loosens,
 * and fewer holders of old signed it than a recovery needs.
 */
struct policy_verdict cold_holding_follows(const struct cold_rules *next, struct bytes raw,
					   const struct doc_holding *old,
					   const struct hash32 *old_id);

/* Adds to r whoever old names by a key that next has not, once.  ERR_FULL: no room for all. */
MUST_CHECK enum err cold_retire(struct cold_retired *r, const struct doc_holding *old,
				const struct doc_holding *next);

/* Named by the holding, or by an earlier one alone; NULL: by none.  *retired: the second. */
const struct doc_holder *cold_known(const struct cold_rules *rules, const struct key32 *key,
				    bool *retired);

/*
 * Writes into the journal that this machine takes rules' holding, which was opened from raw.  The
 * first one that a journal has is compared by two people, in words, with another machine; each
 * other must follow the one before it.
 * Refused, after what cold_restore_judge() refuses: ERR_ONCE it was taken before; ERR_MISMATCH the
 * first one is not the one that this key has signed under; those of cold_holding_follows();
 * ERR_FULL more retired holders than are kept; the errors of append(): c is broken then.  buffer as
 * in cold_begin().
 */
struct policy_verdict cold_take(struct cold *c, const struct cold_secrets *secrets,
				const struct cold_rules *rules, struct bytes raw, uint64_t now_ms,
				const struct cold_journal *journal, uint8_t *buffer);

/* The moment from which what cold_take() would take now binds; 0: at once. */
uint64_t cold_take_from(const struct cold *c, const struct doc_holding *next, uint64_t now_ms);

/*
 * May this machine go by rules' holding now?  field "holding": ERR_STATE it is older than the one
 * that binds, or newer than number 1 and not taken; ERR_MISMATCH another one of the number that was
 * taken; ERR_WAIT it was taken and does not bind yet.
 */
struct policy_verdict cold_held_judge(const struct cold *c, const struct cold_rules *rules,
				      uint64_t now_ms);

/* The retired holders that the journal knows go into rules. */
void cold_rules_know(struct cold_rules *rules, const struct cold *c);

/*
 * The successor of rules' holding that others ask this holder to sign: opened, no signature judged.
 * Errors of doc_open() and doc_holding_read() (field "holding"); ERR_MISMATCH not its successor.
 */
struct policy_verdict cold_successor_open(const struct cold_rules *rules, struct bytes raw,
					  struct doc_holding *next, struct hash32 *id);

/*
 * One holder of rules' holding signs its successor: the envelope raw with his attest key's
 * signature.  Two people have compared the successor in words.  Those of cold_held_judge() and
 * cold_successor_open(); ERR_SIGNER_UNKNOWN (field "holder") the holding does not name him;
 * ERR_FIELD_RANGE, ERR_TOO_LARGE (field "signatures") as doc_add_seal() has them.
 */
struct policy_verdict cold_endorse(struct writer *out, const struct cold *c,
				   const struct cold_rules *rules,
				   const struct cold_secrets *secrets, struct bytes raw,
				   uint64_t now_ms);

#endif
