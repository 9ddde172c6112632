/* SPDX-License-Identifier: Apache-2.0 */
#include "policy/control.h"

#include <stdio.h>
#include <string.h>

#include "base/check.h"
#include "base/hex.h"
#include "crypto/sha256.h"
#include "policy/compare.h"
#include "policy/verdict.h"

static_assert((int)CONTROL_DOCS_MAX > 2 * (int)CONTROL_BIND_MAX, "room for more than freezes");

/* ---- the table ----------------------------------------------------------------------------- */

/* Where an id stands in `sorted`, or where it belongs. */
static size_t place_of(const struct control *c, const struct hash32 *id)
{
	size_t low = 0;
	size_t high = c->n;

	while (low < high) {
		size_t middle = low + (high - low) / 2;

		if (hash32_cmp(&c->entries[c->sorted[middle]].id, id) < 0) {
			low = middle + 1;
		} else {
			high = middle;
		}
	}
	return low;
}

struct control_entry *control_find(struct control *c, const struct hash32 *id)
{
	size_t at = place_of(c, id);

	return at < c->n && hash32_eq(&c->entries[c->sorted[at]].id, id)
		   ? &c->entries[c->sorted[at]]
		   : NULL;
}

static void head_update(struct control *c)
{
	struct sha256 s;

	sha256_init(&s);
	for (size_t i = 0; i < c->n; i++) {
		const struct hash32 *id = &c->entries[c->sorted[i]].id;

		sha256_update(&s, bytes_of(id->b, sizeof id->b));
	}
	sha256_final(&s, &c->head);
}

/* The caller has seen that there is room and that it is new. */
static struct control_entry *entry_add(struct control *c, const struct hash32 *id,
				       enum doc_type type, enum control_state state)
{
	size_t at = place_of(c, id);
	struct control_entry *e = &c->entries[c->n];

	CHECK(c->n < CONTROL_DOCS_MAX);
	memmove(&c->sorted[at + 1], &c->sorted[at], (c->n - at) * sizeof c->sorted[0]);
	c->sorted[at] = (uint16_t)c->n++;
	*e = (struct control_entry){ .id = *id, .type = type, .state = state };
	return e;
}

/* ---- envelopes ----------------------------------------------------------------------------- */

static uint8_t *store_of(const struct control *c, enum doc_type type)
{
	return type == DOC_FREEZE ? c->storage.freezes : c->storage.others;
}

struct bytes control_raw(const struct control *c, const struct control_entry *e)
{
	return e->n == 0 ? bytes_of(NULL, 0) : bytes_of(store_of(c, e->type) + e->at, e->n);
}

static void raw_drop(struct control *c, struct control_entry *e)
{
	bool freeze = e->type == DOC_FREEZE;
	size_t *used = freeze ? &c->freezes_used : &c->others_used;
	uint8_t *store = store_of(c, e->type);
	size_t end = (size_t)e->at + e->n;

	memmove(store + e->at, store + end, *used - end);
	for (size_t i = 0; i < c->n; i++) {
		struct control_entry *other = &c->entries[i];

		if ((other->type == DOC_FREEZE) == freeze && other->n > 0 && other->at > e->at) {
			other->at -= e->n;
		}
	}
	*used -= e->n;
	e->n = 0;
}

/* What may make room, the least needed first; NULL: nothing may. */
static struct control_entry *droppable(struct control *c)
{
	struct control_entry *last = NULL;

	for (size_t i = 0; i < c->n; i++) {
		struct control_entry *e = &c->entries[i];

		if (e->type == DOC_FREEZE || e->n == 0 || e->state == CONTROL_WAITS ||
		    e->state == CONTROL_FORKED) {
			continue;
		}
		if (e->state != CONTROL_IN_FORCE) {
			return e;
		}
		last = last == NULL ? e : last;
	}
	return last;
}

/* The bytes of all that must stay. */
static size_t others_needed(const struct control *c)
{
	size_t bytes = 0;

	for (size_t i = 0; i < c->n; i++) {
		const struct control_entry *e = &c->entries[i];

		bytes += e->state == CONTROL_WAITS || e->state == CONTROL_FORKED ? e->n : 0;
	}
	return bytes;
}

static void raw_keep(struct control *c, struct control_entry *e, struct bytes raw)
{
	if (e->type == DOC_FREEZE) {
		CHECK(raw.n <= c->storage.freezes_cap - c->freezes_used);
		e->at = (uint32_t)c->freezes_used;
		c->freezes_used += raw.n;
	} else {
		while (raw.n > c->storage.others_cap - c->others_used) {
			struct control_entry *old = droppable(c);

			CHECK(old != NULL && old != e);
			raw_drop(c, old);
		}
		e->at = (uint32_t)c->others_used;
		c->others_used += raw.n;
	}
	e->n = (uint32_t)raw.n;
	memcpy(store_of(c, e->type) + e->at, raw.p, raw.n);
}

/* ---- keys ---------------------------------------------------------------------------------- */

static bool is_struck(const struct control *c, struct bytes key)
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
	if (is_struck(c, key_bytes(&p->key))) {
		memset(&p->key, 0, sizeof p->key);
	}
}

/* Who signs with a struck key is nobody; a struck passkey stands there no more. */
static void roster_strike(const struct control *c, struct doc_roster *r)
{
	for (size_t i = 0; i < r->backend_count; i++) {
		party_strike(c, &r->backends[i]);
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

		if (is_struck(c, key_bytes(&p->key))) {
			memset(&p->key, 0, sizeof p->key);
		}
		for (size_t k = 0; k < p->passkey_count; k++) {
			if (!is_struck(c, bytes_of(p->passkeys[k].key, p->passkeys[k].key_n))) {
				p->passkeys[kept++] = p->passkeys[k];
			}
		}
		p->passkey_count = kept;
	}
}

static bool parties_struck(const struct control *c, const struct doc_party *p, size_t n)
{
	for (size_t i = 0; i < n; i++) {
		if (is_struck(c, key_bytes(&p[i].key))) {
			return true;
		}
	}
	return false;
}

/* A new roster must not bring back what was struck. */
static bool names_struck(const struct control *c, const struct doc_roster *r)
{
	bool any = parties_struck(c, r->backends, r->backend_count) ||
		   parties_struck(c, r->watchers, r->watcher_count) ||
		   parties_struck(c, r->price_sources, r->source_count);

	for (size_t i = 0; i < r->people_count; i++) {
		const struct doc_person *p = &r->people[i];

		any = any || is_struck(c, key_bytes(&p->key));
		for (size_t k = 0; k < p->passkey_count; k++) {
			any =
			    any || is_struck(c, bytes_of(p->passkeys[k].key, p->passkeys[k].key_n));
		}
	}
	return any;
}

/* ---- people -------------------------------------------------------------------------------- */

static const struct doc_person *person_of(const struct doc_roster *r, const char *id)
{
	for (size_t i = 0; i < r->people_count; i++) {
		if (strcmp(r->people[i].id, id) == 0) {
			return &r->people[i];
		}
	}
	return NULL;
}

static bool resume_strikes(const struct doc_resume *r, const struct key32 *key)
{
	for (size_t i = 0; r != NULL && i < r->struck_count; i++) {
		if (bytes_eq(bytes_of(r->struck[i].key, r->struck[i].key_n), key_bytes(key))) {
			return true;
		}
	}
	return false;
}

/* An officer whose key counts, also when this resume (or NULL) has been taken. */
static bool is_officer(const struct control *c, const struct doc_person *p,
		       const struct doc_resume *with)
{
	static const struct key32 nobody;

	return (p->roles & DOC_ROLE_OFFICER) != 0 && !key32_eq(&p->key, &nobody) &&
	       !is_struck(c, key_bytes(&p->key)) && !resume_strikes(with, &p->key);
}

static size_t officers(const struct control *c, const struct doc_roster *r)
{
	size_t n = 0;

	for (size_t i = 0; i < r->people_count; i++) {
		n += is_officer(c, &r->people[i], NULL);
	}
	return n;
}

/* Enough different officers of this roster signed it. */
static struct policy_verdict quorum(const struct control *c, const struct doc *d,
				    const struct doc_roster *r, const struct doc_resume *with)
{
	unsigned n = 0;

	if (d->signature_count == 0) {
		return refuse(ERR_UNSIGNED, "signatures", "nobody signed it");
	}
	for (size_t i = 0; i < r->people_count; i++) {
		n += is_officer(c, &r->people[i], with) && doc_signed_by(d, &r->people[i].key);
	}
	return n >= r->governance
		   ? allowed
		   : refuse_figure(ERR_APPROVALS, "signatures",
				   "fewer officers signed it than the roster's governance", n,
				   r->governance);
}

/* ---- freezes and cancels: one person's word ------------------------------------------------ */

static struct policy_verdict signed_by_one(const struct doc *d, const struct key32 *key)
{
	if (d->signature_count == 0) {
		return refuse(ERR_UNSIGNED, "signatures", "nobody signed it");
	}
	return doc_signed_by(d, key)
		   ? allowed
		   : refuse(ERR_SIGNATURE, "signatures", "not signed by its issuer");
}

/*
 * The last place of each issuer is for a freeze that asks for evacuation: he who has frozen many
 * times can still say that the money must move.
 */
static bool freeze_has_place(const struct control *c, const struct doc_freeze *f, size_t n)
{
	size_t most = f->evacuate ? CONTROL_BIND_EACH_MAX : CONTROL_BIND_EACH_MAX - 1;
	size_t each = 0;

	for (size_t i = 0; i < c->n; i++) {
		each += c->entries[i].state == CONTROL_BINDS &&
			strcmp(c->entries[i].issuer, f->issuer) == 0;
	}
	/* unreached: as many documents as that, without as many freezes that bind */
	return c->binding < CONTROL_BIND_MAX && c->n < CONTROL_DOCS_MAX && each < most &&
	       n <= c->storage.freezes_cap - c->freezes_used;
}

static struct policy_verdict check_freeze(struct control *c, const struct doc *d,
					  struct control_news *news)
{
	const struct doc_roster *r = c->rules.roster;
	const struct doc_freeze *f = &c->news.freeze;
	const struct doc_person *person = person_of(r, f->issuer);
	const struct key32 *key = person == NULL ? NULL : &person->key;
	struct policy_verdict v;

	if (person != NULL && (person->roles & DOC_ROLE_OFFICER) == 0) {
		return refuse(ERR_SIGNER_UNKNOWN, "issuer", "this person is no officer");
	}
	for (size_t i = 0; key == NULL && i < r->watcher_count; i++) {
		if (strcmp(r->watchers[i].id, f->issuer) == 0) {
			key = &r->watchers[i].key;
		}
	}
	if (key == NULL) {
		return refuse(ERR_SIGNER_UNKNOWN, "issuer",
			      "neither an officer nor a watcher of the roster");
	}
	v = signed_by_one(d, key);
	if (v.err != ERR_OK) {
		return v;
	}
	news->officer = person != NULL;
	news->issuer = f->issuer;
	return news->known || freeze_has_place(c, f, d->raw.n)
		   ? allowed
		   : refuse(ERR_FULL, "",
			    "no place for more stop documents; we are frozen already");
}

/* Room for one that is no freeze, and for `more` ids beside it. */
static struct policy_verdict other_has_place(const struct control *c, size_t more, size_t n)
{
	if (c->n + 1 + more + CONTROL_BIND_MAX > CONTROL_DOCS_MAX) {
		return refuse(ERR_FULL, "", "the table is full but for freezes");
	}
	return n + others_needed(c) <= c->storage.others_cap
		   ? allowed
		   : refuse(ERR_FULL, "", "no place for a document of this size");
}

static bool cancel_stops(struct control *c, const struct hash32 *id)
{
	const struct control_entry *e = control_find(c, id);

	return e != NULL && e->state == CONTROL_WAITS;
}

static struct policy_verdict check_cancel(struct control *c, const struct doc *d,
					  struct control_news *news)
{
	const struct doc_cancel *x = &c->news.cancel;
	const struct doc_person *person = person_of(c->rules.roster, x->person);
	struct policy_verdict v;
	size_t idle = 0;

	if (person == NULL || (person->roles & (DOC_ROLE_OFFICER | DOC_ROLE_APPROVER)) == 0) {
		return refuse(ERR_SIGNER_UNKNOWN, "person", "no officer or approver of the roster");
	}
	v = signed_by_one(d, &person->key);
	if (v.err != ERR_OK) {
		return v;
	}
	for (size_t i = 0; i < c->n; i++) {
		idle += c->entries[i].idle && strcmp(c->entries[i].issuer, x->person) == 0;
	}
	news->issuer = x->person;
	if (idle >= CONTROL_IDLE_EACH_MAX && !cancel_stops(c, &x->document)) {
		return refuse(ERR_FULL, "document",
			      "nothing that waits has this id, and too many such cancels are kept");
	}
	return other_has_place(c, 0, d->raw.n);
}

/* ---- resumes ------------------------------------------------------------------------------- */

static bool strikes_signer(const struct control *c, const struct doc_resume *r)
{
	for (size_t i = 0; i < c->rules.roster->signer_count; i++) {
		if (resume_strikes(r, &c->rules.roster->signers[i].attest_key) ||
		    resume_strikes(r, &c->rules.roster->signers[i].chain_key)) {
			return true;
		}
	}
	return false;
}

static struct policy_verdict check_resume(struct control *c, const struct doc *d,
					  struct control_news *news)
{
	const struct doc_roster *r = c->rules.roster;
	const struct doc_resume *x = &c->news.resume;
	const struct doc_person *person = person_of(r, x->initiator);
	struct policy_verdict v = quorum(c, d, r, x);
	size_t unknown = 0;

	if (v.err != ERR_OK) {
		return v;
	}
	if (person == NULL || !is_officer(c, person, x) || !doc_signed_by(d, &person->key)) {
		return refuse(ERR_SIGNER_UNKNOWN, "initiator",
			      "none of the officers who signed it");
	}
	if (strikes_signer(c, x)) {
		return refuse(ERR_POLICY, "struck",
			      "a signer's key is retired by closing its accounts");
	}
	/* that enough officers are left to start anything again, quorum() has counted */
	news->issuer = x->initiator;
	if (c->struck_n + x->struck_count > CONTROL_STRUCK_MAX) {
		return refuse(ERR_FULL, "struck", "the table of struck keys is full");
	}
	for (size_t i = 0; i < x->lift_count; i++) {
		unknown += control_find(c, &x->freezes[i].id) == NULL;
	}
	return other_has_place(c, unknown, d->raw.n);
}

/* ---- succession ---------------------------------------------------------------------------- */

/* The line that a new roster or policy wants to go on with. */
struct line {
	enum doc_type type;
	struct hash32 id; /* in force */
	struct hash32 first;
	uint64_t number; /* of the one in force */
	struct hash32 previous;
	uint64_t next; /* number of the new one */
};

/* One that came after this predecessor and was not cancelled; NULL: none. */
static const struct control_entry *successor(const struct control *c, enum doc_type type,
					     const struct hash32 *of)
{
	for (size_t i = 0; i < c->n; i++) {
		const struct control_entry *e = &c->entries[i];

		if (e->type == type && hash32_eq(&e->names, of) &&
		    (e->state == CONTROL_WAITS || e->state == CONTROL_IN_FORCE ||
		     e->state == CONTROL_PAST || e->state == CONTROL_FORKED)) {
			return e;
		}
	}
	return NULL;
}

/*
 * Does it follow what is in force?  *forks: another one followed the same before.  What is in force
 * but disowned may be replaced by another successor of its predecessor: then it is no fork.
 */
static struct policy_verdict check_line(struct control *c, const struct line *l, bool *forks)
{
	const struct control_entry *previous = control_find(c, &l->previous);
	const struct control_entry *other = successor(c, l->type, &l->previous);
	bool current = hash32_eq(&l->previous, &l->id);

	*forks = false;
	if (!current && other == NULL) {
		bool ours = previous != NULL && previous->type == l->type;

		return ours ? refuse(ERR_STATE, "previous", "its predecessor is not in force here")
			    : refuse(ERR_MISMATCH, "previous", "names no predecessor known here");
	}
	if (l->next != (current ? l->number + 1 : other->number)) {
		return refuse(ERR_MISMATCH, "number", "one more than its predecessor's");
	}
	*forks = other != NULL && !(other->state == CONTROL_IN_FORCE && other->disowned);
	return allowed;
}

/* Who signs for a successor of this roster; NULL: too far back. */
static const struct doc_roster *electors(const struct control *c, const struct hash32 *previous)
{
	if (hash32_eq(previous, c->rules.roster_id)) {
		return c->rules.roster;
	}
	/* unreached: none before; until there was a second roster none follows but the first */
	return c->has_before && hash32_eq(previous, &c->before_id) ? &c->before : NULL;
}

static bool same_signers(const struct doc_roster *a, const struct doc_roster *b)
{
	for (size_t i = 0; i < DOC_SIGNERS; i++) {
		if (!key32_eq(&a->signers[i].attest_key, &b->signers[i].attest_key) ||
		    !key32_eq(&a->signers[i].chain_key, &b->signers[i].chain_key)) {
			return false;
		}
	}
	return true;
}

static struct policy_verdict check_roster(struct control *c, const struct doc *d,
					  struct control_news *news)
{
	const struct doc_roster *x = &c->news.roster;
	const struct line l = { .type = DOC_ROSTER,
				.id = *c->rules.roster_id,
				.number = c->rules.roster->number,
				.previous = x->previous,
				.next = x->number };
	const struct doc_roster *by = electors(c, &x->previous);
	struct comparison change;
	struct policy_verdict v = check_line(c, &l, &news->forks);

	if (v.err != ERR_OK) {
		return v;
	}
	if (by == NULL) {
		return refuse(ERR_STALE, "previous",
			      "a fork before the last roster: its officers are not known any more");
	}
	v = quorum(c, d, by, NULL);
	if (v.err != ERR_OK) {
		return v;
	}
	if (!same_signers(x, c->rules.roster)) {
		return refuse(ERR_MISMATCH, "signers",
			      "signers stay; other keys need other accounts, and so a genesis");
	}
	if (names_struck(c, x)) {
		return refuse(ERR_POLICY, "people", "a key that was struck");
	}
	if (officers(c, x) < x->governance) {
		return refuse(ERR_POLICY, "governance",
			      "fewer officers than must sign: nobody could change it any more");
	}
	roster_compare(&change, c->rules.roster, x);
	news->loosens = change.whole == CHANGE_LOOSENS;
	return other_has_place(c, 0, d->raw.n);
}

static struct policy_verdict check_policy(struct control *c, const struct doc *d,
					  struct control_news *news)
{
	const struct doc_policy *x = &c->news.policy;
	const struct line l = { .type = DOC_POLICY,
				.id = *c->rules.policy_id,
				.number = c->rules.policy->number,
				.previous = x->previous,
				.next = x->number };
	struct comparison change;
	struct policy_verdict v = check_line(c, &l, &news->forks);

	if (v.err == ERR_OK) {
		v = quorum(c, d, c->rules.roster, NULL);
	}
	if (v.err == ERR_OK) {
		v = policy_check(x);
	}
	if (v.err != ERR_OK) {
		return v;
	}
	policy_compare(&change, c->rules.policy, x);
	news->loosens = change.whole == CHANGE_LOOSENS;
	return other_has_place(c, 0, d->raw.n);
}

/* ---- taking -------------------------------------------------------------------------------- */

bool control_is(enum doc_type type)
{
	return type == DOC_FREEZE || type == DOC_RESUME || type == DOC_CANCEL ||
	       type == DOC_ROSTER || type == DOC_POLICY;
}

static struct policy_verdict read_news(struct control *c, const struct doc *d)
{
	enum err e = ERR_TYPE;

	c->fault = (struct doc_fault){ "", "" };
	switch ((unsigned)d->type) {
	case DOC_FREEZE:
		e = doc_freeze_read(d, &c->news.freeze, &c->fault);
		break;
	case DOC_RESUME:
		e = doc_resume_read(d, &c->news.resume, &c->fault);
		break;
	case DOC_CANCEL:
		e = doc_cancel_read(d, &c->news.cancel, &c->fault);
		break;
	case DOC_ROSTER:
		e = doc_roster_read(d, &c->news.roster, &c->fault);
		break;
	case DOC_POLICY:
		e = doc_policy_read(d, &c->news.policy, &c->fault);
		break;
	}
	if (e == ERR_OK) {
		return allowed;
	}
	return e == ERR_TYPE ? refuse(e, "type", "no document that stops, starts or rules anything")
			     : refuse(e, c->fault.field, c->fault.why);
}

struct policy_verdict control_check(struct control *c, const struct doc *d,
				    struct control_news *news)
{
	const struct control_entry *known = control_find(c, &d->id);
	struct policy_verdict v = read_news(c, d);

	*news = (struct control_news){ .type = d->type, .index = c->n, .issuer = "" };
	if (v.err != ERR_OK) {
		return v;
	}
	if (known != NULL) {
		news->known = true;
		news->index = (size_t)(known - c->entries);
	}
	/* who signed a freeze counts also where it is known: it may stand in a sweep */
	if (d->type == DOC_FREEZE) {
		return check_freeze(c, d, news);
	}
	if (known != NULL) {
		return allowed;
	}
	if (d->type == DOC_CANCEL) {
		return check_cancel(c, d, news);
	}
	if (d->type == DOC_RESUME) {
		return check_resume(c, d, news);
	}
	return d->type == DOC_ROSTER ? check_roster(c, d, news) : check_policy(c, d, news);
}

/* It was good when it was taken, so it reads again. */
static void rules_read(struct control *c, const struct control_entry *e)
{
	struct doc d;

	CHECK(doc_open(&d, control_raw(c, e), &c->genesis_id, NULL) == ERR_OK);
	if (e->type == DOC_ROSTER) {
		c->before = *c->rules.roster;
		c->before_id = *c->rules.roster_id;
		c->has_before = true;
		CHECK(doc_roster_read(&d, c->rules.roster, NULL) == ERR_OK);
		roster_strike(c, c->rules.roster);
		*c->rules.roster_id = e->id;
		c->roster_place = (uint16_t)(e - c->entries + 1);
	} else {
		CHECK(doc_policy_read(&d, c->rules.policy, NULL) == ERR_OK);
		*c->rules.policy_id = e->id;
		c->policy_place = (uint16_t)(e - c->entries + 1);
	}
}

static void move(struct control_entry *e, enum control_state to, uint64_t time_ms)
{
	e->state = to;
	e->since_ms = time_ms;
}

/* From now on by this one; what waited behind another predecessor waits for nothing. */
static void in_force(struct control *c, struct control_entry *e, uint64_t time_ms)
{
	if (e->type == DOC_ROSTER && c->roster_place == 0) {
		c->first_roster_end_ms = time_ms;
	}
	if (e->type == DOC_POLICY && c->policy_place == 0) {
		c->first_policy_end_ms = time_ms;
	}
	rules_read(c, e);
	for (size_t i = 0; i < c->n; i++) {
		struct control_entry *other = &c->entries[i];

		if (other->type != e->type || other == e) {
			continue;
		}
		if (other->state == CONTROL_IN_FORCE) {
			move(other, CONTROL_PAST, time_ms);
		} else if (other->state == CONTROL_WAITS) {
			move(other, CONTROL_CANCELLED, time_ms);
		}
	}
	move(e, CONTROL_IN_FORCE, time_ms);
}

/* A cancel, or a resume, names this one. */
static void disown(struct control *c, struct control_entry *e, uint64_t time_ms)
{
	/* unreached: any other state */
	switch (e->state) {
	case CONTROL_BINDS:
		move(e, CONTROL_LIFTED, time_ms);
		c->binding--;
		raw_drop(c, e);
		return;
	case CONTROL_FORKED:
		c->forked--;
		move(e, CONTROL_CANCELLED, time_ms);
		return;
	case CONTROL_WAITS:
		move(e, CONTROL_CANCELLED, time_ms);
		return;
	case CONTROL_IN_FORCE:
		e->disowned = true;
		return;
	case CONTROL_KEPT:
	case CONTROL_LIFTED:
	case CONTROL_PAST:
	case CONTROL_CANCELLED:
		return;
	}
}

static void take_resume(struct control *c, uint64_t sequence, uint64_t time_ms)
{
	const struct doc_resume *x = &c->news.resume;

	for (size_t i = 0; i < x->lift_count; i++) {
		struct control_entry *e = control_find(c, &x->freezes[i].id);

		if (e != NULL) {
			disown(c, e, time_ms);
		} else if ((c->planted & CONTROL_PLANT_FORGET) == 0) {
			e = entry_add(c, &x->freezes[i].id, DOC_FREEZE, CONTROL_LIFTED);
			e->sequence = sequence;
			e->time_ms = e->since_ms = time_ms;
		}
	}
	for (size_t i = 0; (c->planted & CONTROL_PLANT_LIFT_ALL) != 0 && i < c->n; i++) {
		if (c->entries[i].state == CONTROL_BINDS) {
			disown(c, &c->entries[i], time_ms);
		}
	}
	for (size_t i = 0; i < x->struck_count; i++) {
		if (!is_struck(c, bytes_of(x->struck[i].key, x->struck[i].key_n))) {
			c->struck[c->struck_n++] = x->struck[i];
			c->struck_ms = time_ms;
		}
	}
	roster_strike(c, c->rules.roster);
}

/* One that was cancelled before it came. */
static bool was_cancelled(const struct control *c, const struct hash32 *id)
{
	for (size_t i = 0; i < c->n; i++) {
		if (c->entries[i].type == DOC_CANCEL && hash32_eq(&c->entries[i].names, id)) {
			return true;
		}
	}
	return false;
}

static void take_rules(struct control *c, struct control_entry *e, const struct control_news *news,
		       uint64_t time_ms)
{
	if (news->forks) {
		e->state = CONTROL_FORKED;
		c->forked++;
	} else if (!news->loosens || (c->planted & CONTROL_PLANT_AT_ONCE) != 0) {
		in_force(c, e, time_ms);
	} else {
		e->waited = true;
		e->state = was_cancelled(c, &e->id) ? CONTROL_CANCELLED : CONTROL_WAITS;
	}
}

struct control_entry *control_take(struct control *c, const struct doc *d,
				   const struct control_news *news, uint64_t sequence,
				   uint64_t time_ms, const struct policy_time *now)
{
	enum control_state first = d->type == DOC_FREEZE                            ? CONTROL_BINDS
				   : d->type == DOC_ROSTER || d->type == DOC_POLICY ? CONTROL_WAITS
										    : CONTROL_KEPT;
	struct control_entry *e;

	CHECK(!news->known && news->index == c->n);
	e = entry_add(c, &d->id, d->type, first);
	raw_keep(c, e, d->raw);
	e->sequence = sequence;
	e->time_ms = e->since_ms = time_ms;
	e->own_ms = now->own_ms;
	e->chain_s = now->chain_s;
	(void)snprintf(e->issuer, sizeof e->issuer, "%s", news->issuer);
	/* unreached: any other type; control_check() has refused it */
	switch ((unsigned)d->type) {
	case DOC_FREEZE:
		e->officer = news->officer;
		e->evacuate = c->news.freeze.evacuate;
		e->evidence = c->news.freeze.evidence_n > 0;
		c->binding++;
		break;
	case DOC_RESUME:
		take_resume(c, sequence, time_ms);
		break;
	case DOC_CANCEL: {
		struct control_entry *of = control_find(c, &c->news.cancel.document);

		e->names = c->news.cancel.document;
		e->idle = !cancel_stops(c, &e->names);
		/* a fork is not for one person to settle */
		if (of != NULL &&
		    (of->state == CONTROL_WAITS || (of->state == CONTROL_IN_FORCE && of->waited))) {
			disown(c, of, time_ms);
		}
		break;
	}
	case DOC_ROSTER:
		e->names = c->news.roster.previous;
		e->number = c->news.roster.number;
		e->wait_ms = c->rules.policy->loosening_ms;
		take_rules(c, e, news, time_ms);
		break;
	case DOC_POLICY:
		e->names = c->news.policy.previous;
		e->number = c->news.policy.number;
		e->wait_ms = c->rules.policy->loosening_ms;
		take_rules(c, e, news, time_ms);
		break;
	}
	head_update(c);
	return e;
}

/* ---- time ---------------------------------------------------------------------------------- */

struct control_entry *control_due(struct control *c, const struct policy_time *now)
{
	for (size_t i = 0; i < c->n; i++) {
		struct control_entry *e = &c->entries[i];

		if (e->state != CONTROL_WAITS || now->chain_s == 0) {
			continue;
		}
		if (e->chain_s == 0) {
			e->chain_s = now->chain_s; /* nobody knew the chain's time before */
		}
		if (c->forked == 0 && now->own_ms >= e->own_ms && now->chain_s >= e->chain_s &&
		    now->own_ms - e->own_ms >= e->wait_ms &&
		    (uint64_t)(now->chain_s - e->chain_s) * 1000 >= e->wait_ms) {
			return e;
		}
	}
	return NULL;
}

bool control_activate(struct control *c, const struct id128 *name, uint64_t time_ms)
{
	for (size_t i = 0; i < c->n; i++) {
		struct control_entry *e = &c->entries[i];

		if (e->state == CONTROL_WAITS && bytes_eq(bytes_of(e->id.b, sizeof name->b),
							  bytes_of(name->b, sizeof name->b))) {
			in_force(c, e, time_ms);
			return true;
		}
	}
	return false;
}

/* ---- what is asked ------------------------------------------------------------------------- */

const struct hash32 *control_roster_id(const struct control *c, uint16_t place)
{
	CHECK(place <= c->n);
	return place == 0 ? &c->first_roster_id : &c->entries[place - 1].id;
}

const struct hash32 *control_policy_id(const struct control *c, uint16_t place)
{
	CHECK(place <= c->n);
	return place == 0 ? &c->first_policy_id : &c->entries[place - 1].id;
}

bool control_ruled(const struct control *c, enum doc_type type, const struct hash32 *id)
{
	const struct hash32 *first = type == DOC_ROSTER ? &c->first_roster_id : &c->first_policy_id;
	size_t at = place_of(c, id);
	const struct control_entry *e = at < c->n ? &c->entries[c->sorted[at]] : NULL;

	if (hash32_eq(id, first)) {
		return true;
	}
	return e != NULL && hash32_eq(&e->id, id) && e->type == type &&
	       (e->state == CONTROL_IN_FORCE || e->state == CONTROL_PAST);
}

bool control_lifted(struct control *c, const struct hash32 *id)
{
	const struct control_entry *e = control_find(c, id);

	return e != NULL && e->state == CONTROL_LIFTED;
}

/* How long it still waits, by the slower clock. */
static uint64_t wait_left_ms(const struct control_entry *e, const struct policy_time *now)
{
	uint64_t own = now->own_ms > e->own_ms ? now->own_ms - e->own_ms : 0;
	uint64_t chain =
	    e->chain_s != 0 && now->chain_s > e->chain_s ? now->chain_s - e->chain_s : 0;
	uint64_t waited = own < chain * 1000 ? own : chain * 1000;

	return waited < e->wait_ms ? e->wait_ms - waited : 0;
}

void control_waiting_words(const struct control *c, const struct policy_time *now, char *out,
			   size_t cap)
{
	size_t at = 0;

	(void)snprintf(out, cap, "none");
	for (size_t i = 0; i < c->n && at < cap; i++) {
		const struct control_entry *e = &c->entries[i];
		char name[17];
		int n = 0;

		if (e->state != CONTROL_WAITS && e->state != CONTROL_FORKED) {
			continue;
		}
		hex_put(name, bytes_of(e->id.b, 8));
		if (e->state == CONTROL_FORKED) {
			n = snprintf(out + at, cap - at, "%s%s %llu %s forks", at == 0 ? "" : "; ",
				     doc_type_name(e->type), (unsigned long long)e->number, name);
		} else {
			n = snprintf(out + at, cap - at, "%s%s %llu %s in %llu s",
				     at == 0 ? "" : "; ", doc_type_name(e->type),
				     (unsigned long long)e->number, name,
				     (unsigned long long)(wait_left_ms(e, now) / 1000));
		}
		at += (size_t)n;
	}
}

const char *control_state_name(enum control_state s)
{
	switch (s) {
	case CONTROL_KEPT:
		return "kept";
	case CONTROL_BINDS:
		return "binds";
	case CONTROL_LIFTED:
		return "lifted";
	case CONTROL_WAITS:
		return "waits";
	case CONTROL_IN_FORCE:
		return "in force";
	case CONTROL_PAST:
		return "past";
	case CONTROL_CANCELLED:
		return "cancelled";
	case CONTROL_FORKED:
		return "forked";
	}
	return "?";
}

void control_init(struct control *c, const struct hash32 *genesis_id,
		  const struct control_rules *rules, const struct control_storage *storage,
		  unsigned planted)
{
	memset(c, 0, sizeof *c);
	c->genesis_id = *genesis_id;
	c->rules = *rules;
	c->storage = *storage;
	c->first_roster_id = *rules->roster_id;
	c->first_policy_id = *rules->policy_id;
	c->planted = planted;
}
