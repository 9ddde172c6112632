/* SPDX-License-Identifier: Apache-2.0 */
/*
 * recovery.h - the roster that cold holders sign when too few officers are left to sign one
 * (docs/decisions/0044-recovery.md).
 *
 * A roster names its holders.  As many of them as genesis says a recovery needs may sign a
 * successor that says `recovery`, and that changes who the people are and nothing else: no limit,
 * no machine, no holder.  Whether it waits, and who ends it, is control.h's matter.  Pure.
 */
#ifndef KURAMORI_POLICY_RECOVERY_H
#define KURAMORI_POLICY_RECOVERY_H

#include <stdbool.h>

#include "doc/types.h"
#include "policy/policy.h"

/* The holder of this id; NULL: the roster names none. */
const struct doc_party *recovery_holder(const struct doc_roster *r, const char *id);

/*
 * next changes nothing of old but its people, its number and what it follows.  What a resume has
 * struck from old (32 zero bytes) stands in next no more.  ERR_POLICY, with the field that differs:
 * lists are compared in their order.  Both have passed their reader; old may be struck.
 */
struct policy_verdict recovery_check(const struct doc_roster *old, const struct doc_roster *next);

#endif
