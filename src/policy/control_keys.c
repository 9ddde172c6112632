/* SPDX-License-Identifier: Apache-2.0 */
/*
 * control_keys.c - keys that were struck, and whose signatures count.
 */
#include <string.h>

#include "policy/control_self.h"

/* ---- keys ---------------------------------------------------------------------------------- */

bool control_is_struck(const struct control *c, struct bytes key)
{
	for (size_t i = 0; i < c->struck_n; i++) {
		if (bytes_eq(bytes_of(c->struck[i].key, c->struck[i].key_n), key)) {
			return true;
		}
	}
	return false;
}

static struct bytes key_bytes(const struct key32 *k)
{
	return bytes_of(k->b, sizeof k->b);
}

static void party_strike(const struct control *c, struct doc_party *p)
{
	if (control_is_struck(c, key_bytes(&p->key))) {
		memset(&p->key, 0, sizeof p->key);
	}
}

void control_roster_strike(const struct control *c, struct doc_roster *r)
{
	for (size_t i = 0; i < r->backend_count; i++) {
		party_strike(c, &r->backends[i]);
	}
	for (size_t i = 0; i < r->holder_count; i++) {
		party_strike(c, &r->holders[i]);
	}
	for (size_t i = 0; i < r->watcher_count; i++) {
		party_strike(c, &r->watchers[i]);
	}
	for (size_t i = 0; i < r->source_count; i++) {
		party_strike(c, &r->price_sources[i]);
	}
	for (size_t i = 0; i < r->people_count; i++) {
		struct doc_person *p = &r->people[i];
		size_t kept = 0;

		if (control_is_struck(c, key_bytes(&p->key))) {
			memset(&p->key, 0, sizeof p->key);
		}
		for (size_t k = 0; k < p->passkey_count; k++) {
			if (!control_is_struck(
				c, bytes_of(p->passkeys[k].key, p->passkeys[k].key_n))) {
				p->passkeys[kept++] = p->passkeys[k];
			}
		}
		p->passkey_count = kept;
	}
}

static bool parties_struck(const struct control *c, const struct doc_party *p, size_t n)
{
	for (size_t i = 0; i < n; i++) {
		if (control_is_struck(c, key_bytes(&p[i].key))) {
			return true;
		}
	}
	return false;
}

bool control_names_struck(const struct control *c, const struct doc_roster *r)
{
	bool any = parties_struck(c, r->backends, r->backend_count) ||
		   parties_struck(c, r->holders, r->holder_count) ||
		   parties_struck(c, r->watchers, r->watcher_count) ||
		   parties_struck(c, r->price_sources, r->source_count);

	for (size_t i = 0; i < r->people_count; i++) {
		const struct doc_person *p = &r->people[i];

		any = any || control_is_struck(c, key_bytes(&p->key));
		for (size_t k = 0; k < p->passkey_count; k++) {
			any = any || control_is_struck(
					 c, bytes_of(p->passkeys[k].key, p->passkeys[k].key_n));
		}
	}
	return any;
}

/* ---- people -------------------------------------------------------------------------------- */

const struct doc_person *control_person(const struct doc_roster *r, const char *id)
{
	for (size_t i = 0; i < r->people_count; i++) {
		if (strcmp(r->people[i].id, id) == 0) {
			return &r->people[i];
		}
	}
	return NULL;
}

bool control_resume_strikes(const struct doc_resume *r, const struct key32 *key)
{
	for (size_t i = 0; r != NULL && i < r->struck_count; i++) {
		if (bytes_eq(bytes_of(r->struck[i].key, r->struck[i].key_n), key_bytes(key))) {
			return true;
		}
	}
	return false;
}

bool control_is_officer(const struct control *c, const struct doc_person *p,
			const struct doc_resume *with)
{
	static const struct key32 nobody;

	return (p->roles & DOC_ROLE_OFFICER) != 0 && !key32_eq(&p->key, &nobody) &&
	       !control_is_struck(c, key_bytes(&p->key)) && !control_resume_strikes(with, &p->key);
}

size_t control_holders(const struct control *c, const struct doc *d, const struct doc_roster *r)
{
	size_t n = 0;

	for (size_t i = 0; i < r->holder_count; i++) {
		n += !control_is_struck(c, key_bytes(&r->holders[i].key)) &&
		     doc_signed_by(d, &r->holders[i].key);
	}
	return n;
}

static bool passkey_struck(const struct control *c, const struct doc_passkey *k,
			   const struct doc_resume *with)
{
	const struct bytes key = bytes_of(k->key, k->key_n);

	for (size_t i = 0; with != NULL && i < with->struck_count; i++) {
		if (bytes_eq(bytes_of(with->struck[i].key, with->struck[i].key_n), key)) {
			return true;
		}
	}
	return control_is_struck(c, key);
}

struct policy_verdict control_quorum(const struct control *c, const struct doc *d,
				     const struct control_signed *by, struct proofs *proofs)
{
	const struct doc_roster *r = by->roster;
	struct policy_verdict v = proofs_judge(proofs, d, by->time_ms, r);
	unsigned n = 0;

	if (v.err != ERR_OK) {
		return v;
	}
	if (d->signature_count == 0 && proofs->n == 0) {
		return refuse(ERR_UNSIGNED, "signatures", "nobody signed it");
	}
	for (size_t i = 0; i < proofs->n; i++) {
		if (passkey_struck(c, proofs->one[i].key, by->with)) {
			return refuse(ERR_SIGNATURE, "assertion.credential",
				      "a security key that was struck");
		}
	}
	for (size_t i = 0; i < r->people_count; i++) {
		n += control_is_officer(c, &r->people[i], by->with) &&
		     proofs_by(proofs, d, &r->people[i]);
	}
	return n >= r->governance
		   ? allowed
		   : refuse_figure(ERR_APPROVALS, "signatures",
				   "fewer officers signed it than the roster's governance", n,
				   r->governance);
}
