/* SPDX-License-Identifier: Apache-2.0 */
/*
 * founding.h - may an exchange be founded on these documents?
 *
 * Genesis, the first roster, the first policy and a holding each pass their reader; signers,
 * watchers and cold holders then live by them for years.  What is asked here is what nobody could
 * mend later, or would only notice when coins are to move: keys that can never sign, names that
 * two people read as one, thresholds that nobody can reach, an address of another network, one hand
 * behind two votes.  For who makes these documents; who lives by them judges them by the rules of
 * his own.
 *
 * Each has passed its reader (doc/types.h).  Pure, no allocation.  A verdict's field may be an id
 * or an address of the document that it is of, and is then borrowed from it.
 */
#ifndef KURAMORI_POLICY_FOUNDING_H
#define KURAMORI_POLICY_FOUNDING_H

#include "doc/types.h"
#include "policy/policy.h"

/*
 * A roster: what roster_check() refuses (fault: its room, not NULL); ERR_KEY (field: whose) a key
 * that can never sign; ERR_POLICY (field: the id) two ids that look alike, or an approver without
 * anything that approves.
 */
struct policy_verdict founding_roster(const struct doc_roster *r, struct doc_fault *fault);

/*
 * A policy under that roster: what policy_check() refuses; ERR_POLICY a tier asks for more
 * approvals than there are approvers, or for an order to be known longer than it lives; caps in yen
 * and nobody who says prices.
 */
struct policy_verdict founding_policy(const struct doc_policy *p, const struct doc_roster *r);

/*
 * A genesis with that roster and that policy: ERR_NETWORK a network that is not known; ERR_MISMATCH
 * (field "chain_nemesis") zero, or the main network's and none, or the other way round; ERR_ADDRESS
 * or ERR_NETWORK (field: the address) no address of its network, listed destinations too;
 * ERR_POLICY (field: the address) one that stands twice, as box, spare box or hot account; no box,
 * no hot account; ERR_KEY a hot account's key that is somebody's of the roster.
 */
struct policy_verdict founding_genesis(const struct doc_genesis *g, const struct doc_roster *r,
				       const struct doc_policy *p);

/*
 * A holding under that genesis and roster: ERR_MISMATCH (field "holders") not as many as genesis
 * says control a box, or (field: the id) the roster names this holder by another key; ERR_KEY a key
 * that can never sign, or is somebody's of the roster or genesis; ERR_POLICY ids that look alike, a
 * limit or window of zero that lets nothing move; ERR_STATE (field: the id) the roster names a
 * holder whom this does not; ERR_FIELD_RANGE (field: the id) a registration for other watchers.
 */
struct policy_verdict founding_holding(const struct doc_holding *h, const struct doc_genesis *g,
				       const struct doc_roster *r);

#endif
