/* SPDX-License-Identifier: Apache-2.0 */
#include "policy/recovery.h"

#include <string.h>

#include "base/attr.h"
#include "policy/roster.h"
#include "policy/verdict.h"

const struct doc_party *recovery_holder(const struct doc_roster *r, const char *id)
{
	for (size_t i = 0; i < r->holder_count; i++) {
		if (strcmp(r->holders[i].id, id) == 0) {
			return &r->holders[i];
		}
	}
	return NULL;
}

/* The same ones in the same order, without those whose key was struck. */
static bool parties_stay(const struct doc_party *old, size_t old_n, const struct doc_party *next,
			 size_t next_n)
{
	static const struct key32 nobody;
	size_t at = 0;

	for (size_t i = 0; i < old_n; i++) {
		if (key32_eq(&old[i].key, &nobody)) {
			continue;
		}
		if (at == next_n || strcmp(old[i].id, next[at].id) != 0 ||
		    !key32_eq(&old[i].key, &next[at].key)) {
			return false;
		}
		at++;
	}
	return at == next_n;
}

static bool relying_party_stays(const struct doc_relying_party *old,
				const struct doc_relying_party *next)
{
	if (strcmp(old->id, next->id) != 0 || old->origin_count != next->origin_count) {
		return false;
	}
	for (size_t i = 0; i < old->origin_count; i++) {
		if (strcmp(old->origins[i].origin, next->origins[i].origin) != 0) {
			return false;
		}
	}
	return true;
}

struct policy_verdict recovery_check(const struct doc_roster *old, const struct doc_roster *next)
{
	const struct doc_roster *o = old;
	const struct doc_roster *n = next;

	const struct {
		const char *field;
		bool stays;
	} all[] = {
		{ "backends",
		  parties_stay(o->backends, o->backend_count, n->backends, n->backend_count) },
		{ "governance", o->governance == n->governance },
		{ "holders",
		  parties_stay(o->holders, o->holder_count, n->holders, n->holder_count) },
		{ "price_sources", parties_stay(o->price_sources, o->source_count, n->price_sources,
						n->source_count) },
		{ "prices_needed", o->prices_needed == n->prices_needed },
		{ "relying_party", relying_party_stays(&o->relying_party, &n->relying_party) },
		{ "signers", roster_same_signers(o, n) },
		{ "software_approvals", o->software_approvals == n->software_approvals },
		{ "watchers",
		  parties_stay(o->watchers, o->watcher_count, n->watchers, n->watcher_count) },
		{ "watchers_needed", o->watchers_needed == n->watchers_needed },
	};

	for (size_t i = 0; i < ARRAY_LEN(all); i++) {
		if (!all[i].stays) {
			return refuse(ERR_POLICY, all[i].field,
				      "a recovery changes who the people are and nothing else");
		}
	}
	return allowed;
}
