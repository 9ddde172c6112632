/* SPDX-License-Identifier: Apache-2.0 */
/*
 * counters.h - what counts of security keys were used for (T20; docs/decisions/0020).
 *
 * A key may count its signatures, over all pages that it signs for, and show the count in each. Two
 * devices that show one credential (a copy) cannot both count on.  Who keeps a journal rebuilds
 * this memory from there; no allocation, no clock.
 */
#ifndef KURAMORI_POLICY_COUNTERS_H
#define KURAMORI_POLICY_COUNTERS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/bytes.h"
#include "doc/types.h"
#include "policy/policy.h"

enum {
	COUNTERS_KEYS_MAX = DOC_PEOPLE_MAX * DOC_PASSKEYS_MAX,
	COUNTERS_USES_MAX = 4096, /* of all keys together; the oldest are forgotten */
};

/* Of a document that says no time: no approval is said in that year. */
#define COUNTERS_NO_TIME UINT64_MAX

/* What counters were used for.  A plain value, empty when all zero; members are for counters.c. */
struct counters {
	size_t keys_n;

	struct counters_key {
		struct id128 name;
		uint32_t floor; /* uses up to here are forgotten */
	} keys[COUNTERS_KEYS_MAX];

	size_t uses_n; /* a ring: the newest stands before place next */
	size_t next;

	struct counters_use {
		struct id128 approval; /* first 16 bytes of its id */
		uint64_t time_ms;      /* of the approval */
		uint32_t counter;
		uint32_t key; /* index of keys */
	} uses[COUNTERS_USES_MAX];
};

/* One use, as it is judged, learnt and journalled. */
struct counters_seen {
	struct id128 key; /* counters_key_name() */
	struct id128
	    approval;     /* first 16 bytes of its document id: an approval, or what it proves */
	uint64_t time_ms; /* the document's own, or COUNTERS_NO_TIME */
	uint32_t counter;
};

/* First 16 bytes of SHA-256 of a credential id. */
struct id128 counters_key_name(struct bytes credential);

/* The use that an assertion with this count is, for the document of this id. */
struct counters_seen counters_seen_of(const struct doc_assertion *a, const struct hash32 *id,
				      uint64_t time_ms, uint32_t counter);

/*
 * May this counter stand behind this approval, or other document?  Each serves one approval
 * (ERR_ONCE), and of one key's approvals a later one has no lower counter (ERR_STALE): orders that
 * wait for other people may arrive out of order, a copy of the key that starts from an old count
 * cannot.  So old that its use may be forgotten: ERR_STALE.  A counter of 0 is allowed as long as
 * the key has never shown another: it keeps none, and the challenge alone binds (platform
 * passkeys). What says no time is neither later nor earlier than anything.
 */
struct policy_verdict counters_check(const struct counters *c, const struct counters_seen *seen);

/* This very use is known already. */
bool counters_known(const struct counters *c, const struct counters_seen *seen);

/*
 * Remembers a use that counters_check() allowed; 0 is nothing to remember.  roster: when more keys
 * than there can be have been seen, one that it no longer has makes room.
 */
void counters_learn(struct counters *c, const struct counters_seen *seen,
		    const struct doc_roster *roster);

#endif
