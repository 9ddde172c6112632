/* SPDX-License-Identifier: Apache-2.0 */
/*
 * cold_recovery.h - what a cold holder says about the roster: the next one, when too few officers
 * are left to sign it, and no to one that others have signed (docs/decisions/0044-recovery.md).
 *
 * Signers, watchers and the server take such a roster by their own table (policy/control.h), after
 * a wait in which one person ends it.  A machine without network knows no waits and no cancels:
 * what it believes is that so many holders signed it, who could move the coins themselves.  A
 * recovery names no other watchers, so what a holder signs still needs the same witnesses.
 */
#ifndef KURAMORI_COLD_COLD_RECOVERY_H
#define KURAMORI_COLD_COLD_RECOVERY_H

#include "cold/cold.h"

/* The holder of the roster who has this attest key; NULL: none. */
const struct doc_party *cold_recovers(const struct doc_roster *r, const struct key32 *attest);

/*
 * next, opened from d, is signed by as many holders of rules' newest roster as genesis says a
 * recovery needs, and passes recovery_check().  ERR_APPROVALS (field "signatures").
 */
struct policy_verdict cold_recovered(const struct cold_rules *rules, const struct doc *d,
				     const struct doc_roster *next);

/*
 * The recovery that others ask this holder to sign, or to say no to: opened, no signature judged.
 * Errors of doc_open() and doc_roster_read() (field "roster"); ERR_MISMATCH (field "roster") not a
 * recovery that follows rules' newest roster; those of recovery_check().
 */
struct policy_verdict cold_recovery_open(const struct cold_rules *rules, struct bytes raw,
					 struct doc_roster *next, struct hash32 *id);

/*
 * One holder signs it: the envelope raw with his attest key's signature.  Two people have compared
 * it in words.  Refused: what cold_restore_judge(), cold_held_judge() and cold_recovery_open()
 * refuse; ERR_SIGNER_UNKNOWN (field "holder") the roster or the holding does not name this key;
 * ERR_FIELD_RANGE, ERR_TOO_LARGE (field "signatures") as doc_add_seal() has them.
 */
struct policy_verdict cold_recovery_sign(struct writer *out, const struct cold *c,
					 const struct cold_rules *rules,
					 const struct cold_secrets *secrets, struct bytes raw,
					 uint64_t now_ms);

/*
 * One holder says no to it, whoever signed it, he himself included: a signed cancel that names it,
 * without reason or time, so that it is always the same.
 * Refused: what cold_recovery_open() refuses; ERR_SIGNER_UNKNOWN (field "holder") the roster does
 * not name this key.  No holding and no wait is asked for: saying no takes nothing.  out has
 * room for COLD_ANSWER_BYTES.
 */
struct policy_verdict cold_recovery_refuse(struct writer *out, const struct cold_rules *rules,
					   const struct cold_secrets *secrets, struct bytes raw);

#endif
