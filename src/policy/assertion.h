/* SPDX-License-Identifier: Apache-2.0 */
/*
 * assertion.h - does a person's security key stand behind this document: an approval, or another
 * (proofs.h)?  (P1, T20; WebAuthn level 3, 7.2.)
 *
 * The challenge is the id of the document, so what was signed is, of an approval, this person's yes
 * or no to this very order and nothing else: there is no challenge to keep, to guess or to use
 * again. Pure: no clock, no memory of its own, no allocation.  What the key's counter is worth is
 * judged in counters.h.
 */
#ifndef KURAMORI_POLICY_ASSERTION_H
#define KURAMORI_POLICY_ASSERTION_H

#include <stdint.h>

#include "base/bytes.h"
#include "doc/types.h"
#include "policy/policy.h"

/*
 * Does this assertion hold for the document with this id (`approval`), said by this person of the
 * roster? Checked in this order, with the field named: assertion.approval            it names
 * another document (ERR_MISMATCH) assertion.credential          not one of this person's
 * (ERR_SIGNER_UNKNOWN) assertion.client_data         its form (ERR_INPUT, ERR_FIELD_MISSING,
 * ERR_TOO_LARGE); type, challenge, origin (ERR_MISMATCH); from inside another page (ERR_POLICY)
 *   assertion.authenticator_data  its form (ERR_INPUT, ERR_FIELD_RANGE); the relying party
 *                                 (ERR_MISMATCH); nobody touched it, or was verified (ERR_POLICY)
 *   assertion.signature           over the two, by the roster's key and algorithm (ERR_SIGNATURE)
 * *counter is written on ERR_OK.
 */
struct policy_verdict assertion_check(const struct doc_assertion *a, const struct hash32 *approval,
				      const struct doc_roster *roster,
				      const struct doc_person *person, uint32_t *counter);

#endif
