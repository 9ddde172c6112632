/* SPDX-License-Identifier: Apache-2.0 */
/*
 * control_check.c - which documents are taken: one function for each kind.
 */
#include <string.h>

#include "policy/compare.h"
#include "policy/control_self.h"
#include "policy/recovery.h"
#include "policy/roster.h"

/* ---- freezes and cancels: one person's word ------------------------------------------------ */

/* A watcher, a signer, a holder: they have no security keys. */
static struct policy_verdict signed_by_machine(const struct doc *d, const struct key32 *key)
{
	if (d->proofs.n > 0) {
		return refuse(ERR_SIGNATURE, "assertion", "its issuer has no security key");
	}
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
	const struct doc_person *person = control_person(r, f->issuer);
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
	/* no roster gives another these names */
	if (key == NULL && strcmp(f->issuer, "a") == 0) {
		key = &r->signers[DOC_SIGNER_A].attest_key;
	} else if (key == NULL && strcmp(f->issuer, "b") == 0) {
		key = &r->signers[DOC_SIGNER_B].attest_key;
	}
	if (key == NULL) {
		return refuse(ERR_SIGNER_UNKNOWN, "issuer",
			      "neither an officer nor a watcher nor a signer of the roster");
	}
	v = person == NULL ? signed_by_machine(d, key)
			   : proofs_judge_one(&news->proofs, d, f->time_ms, r, person);
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
	return n + control_others_needed(c) <= c->storage.others_cap
		   ? allowed
		   : refuse(ERR_FULL, "", "no place for a document of this size");
}

bool control_cancel_stops(struct control *c, const struct hash32 *id)
{
	const struct control_entry *e = control_find(c, id);

	/* in force after a wait: rules are disowned, once, a grant ends */
	return e != NULL && (e->state == CONTROL_WAITS ||
			     (e->state == CONTROL_IN_FORCE && e->waited && !e->disowned));
}

/* Who says no is an officer, an approver or, to a recovery that is known here, a holder. */
static struct policy_verdict who_cancels(struct control *c, const struct doc *d,
					 struct control_news *news)
{
	const struct doc_cancel *x = &c->news.cancel;
	const struct doc_person *person = control_person(c->rules.roster, x->person);
	const struct doc_party *holder = recovery_holder(c->rules.roster, x->person);
	const struct control_entry *of = control_find(c, &x->document);

	if (holder != NULL && (of == NULL || !of->recovery)) {
		return refuse(ERR_STATE, "document",
			      "a holder says no to a recovery that is known, nothing else");
	}
	/* with several he could have keepers hold different ones, up to what is kept of his */
	if (holder != NULL && (x->reason[0] != '\0' || x->time_ms != 0)) {
		return refuse(ERR_FIELD_RANGE, "reason",
			      "a holder's no has neither reason nor time: one for each recovery");
	}
	if (holder != NULL) {
		return signed_by_machine(d, &holder->key);
	}
	if (person == NULL || (person->roles & (DOC_ROLE_OFFICER | DOC_ROLE_APPROVER)) == 0) {
		return refuse(ERR_SIGNER_UNKNOWN, "person", "no officer or approver of the roster");
	}
	return proofs_judge_one(&news->proofs, d, x->time_ms, c->rules.roster, person);
}

static struct policy_verdict check_cancel(struct control *c, const struct doc *d,
					  struct control_news *news)
{
	const struct doc_cancel *x = &c->news.cancel;
	struct policy_verdict v = who_cancels(c, d, news);
	size_t idle = 0;
	size_t each = 0;

	if (v.err != ERR_OK) {
		return v;
	}
	for (size_t i = 0; i < c->n; i++) {
		idle += c->entries[i].idle;
		each += c->entries[i].idle && strcmp(c->entries[i].issuer, x->person) == 0;
	}
	news->issuer = x->person;
	/* unreached: the second, which takes seventeen people */
	if ((each >= CONTROL_IDLE_EACH_MAX || idle >= CONTROL_IDLE_MAX) &&
	    !control_cancel_stops(c, &x->document)) {
		return refuse(ERR_FULL, "document",
			      "nothing that waits has this id, and too many such cancels are kept: "
			      "another person, or a freeze, still stops it");
	}
	return other_has_place(c, 0, d->raw.n);
}

/* ---- resumes ------------------------------------------------------------------------------- */

static bool strikes_signer(const struct control *c, const struct doc_resume *r)
{
	for (size_t i = 0; i < c->rules.roster->signer_count; i++) {
		if (control_resume_strikes(r, &c->rules.roster->signers[i].attest_key) ||
		    control_resume_strikes(r, &c->rules.roster->signers[i].chain_key)) {
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
	const struct doc_person *person = control_person(r, x->initiator);
	const struct control_signed by = { .roster = r, .with = x, .time_ms = x->time_ms };
	struct policy_verdict v = control_quorum(c, d, &by, &news->proofs);
	size_t unknown = 0;

	if (v.err != ERR_OK) {
		return v;
	}
	if (person == NULL || !control_is_officer(c, person, x) ||
	    !proofs_by(&news->proofs, d, person)) {
		return refuse(ERR_SIGNER_UNKNOWN, "initiator",
			      "none of the officers who signed it");
	}
	if (strikes_signer(c, x)) {
		return refuse(ERR_POLICY, "struck",
			      "a signer's key is retired by closing its accounts");
	}
	/* that enough officers are left to start anything again, control_quorum() has counted */
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

/* One that came after this predecessor and was not cancelled, nor is a recovery that waits; NULL:
 * none. */
static const struct control_entry *successor(const struct control *c, enum doc_type type,
					     const struct hash32 *of)
{
	for (size_t i = 0; i < c->n; i++) {
		const struct control_entry *e = &c->entries[i];

		if (e->type == type && hash32_eq(&e->names, of) &&
		    ((e->state == CONTROL_WAITS && !e->recovery) || e->state == CONTROL_IN_FORCE ||
		     e->state == CONTROL_PAST || e->state == CONTROL_FORKED)) {
			return e;
		}
	}
	return NULL;
}

/*
 * Does it follow what is in force?  *forks: another one followed the same before.  What is in force
 * but disowned may be replaced by another successor of its predecessor: then it is no fork.  *late:
 * a recovery would be too late, unless it replaces a recovery that is disowned.
 */
static struct policy_verdict check_line(struct control *c, const struct line *l, bool *forks,
					bool *late)
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
	*late = !current && (*forks || !other->recovery);
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

/* As many holders of its predecessor as genesis says, and it changes people alone. */
static struct policy_verdict check_recovery(const struct control *c, const struct doc *d,
					    const struct doc_roster *by)
{
	const struct doc_roster *x = &c->news.roster;
	size_t waiting = 0;
	size_t of_one = 0;

	if (d->proofs.n > 0) {
		return refuse(ERR_SIGNATURE, "assertion", "a holder has no security key");
	}
	if (c->rules.recovery_needed == 0 || control_holders(c, d, by) < c->rules.recovery_needed) {
		return refuse_figure(ERR_APPROVALS, "signatures",
				     "fewer holders of the roster signed it than a recovery needs",
				     control_holders(c, d, by), c->rules.recovery_needed);
	}
	for (size_t i = 0; i < c->n; i++) {
		const struct control_entry *e = &c->entries[i];

		of_one += e->recovery && hash32_eq(&e->names, &x->previous);
		waiting += e->recovery && e->state == CONTROL_WAITS ? e->n : 0;
	}
	if (of_one >= CONTROL_RECOVERIES_MAX || waiting + d->raw.n > CONTROL_RECOVERY_BYTES) {
		return refuse(ERR_FULL, "previous", "no room for one more recovery");
	}
	return recovery_check(by, x);
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
	struct policy_verdict v = check_line(c, &l, &news->forks, &news->late);

	if (v.err != ERR_OK) {
		return v;
	}
	if (by == NULL) {
		return refuse(ERR_STALE, "previous",
			      "a fork before the last roster: its officers are not known any more");
	}
	v = x->recovery
		? check_recovery(c, d, by)
		: control_quorum(
		      c, d, &(struct control_signed){ .roster = by, .time_ms = COUNTERS_NO_TIME },
		      &news->proofs);
	if (v.err != ERR_OK) {
		return v;
	}
	if (!roster_same_signers(x, c->rules.roster)) {
		return refuse(ERR_MISMATCH, "signers",
			      "signers stay; other keys need other accounts, and so a genesis");
	}
	v = roster_check(x, &c->fault);
	if (v.err != ERR_OK) {
		return v;
	}
	if (control_names_struck(c, x)) {
		return refuse(ERR_POLICY, "people", "a key that was struck");
	}
	roster_compare(&change, c->rules.roster, x);
	news->recovery = x->recovery;
	news->forks = news->forks && !x->recovery;
	news->loosens = x->recovery || change.whole == CHANGE_LOOSENS;
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
	struct policy_verdict v = check_line(c, &l, &news->forks, &news->late);

	if (v.err == ERR_OK) {
		v = control_quorum(c, d,
				   &(struct control_signed){ .roster = c->rules.roster,
							     .time_ms = COUNTERS_NO_TIME },
				   &news->proofs);
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

/* ---- grants -------------------------------------------------------------------------------- */

static struct policy_verdict check_grant(struct control *c, const struct doc *d,
					 struct control_news *news)
{
	const struct control_signed by = { .roster = c->rules.roster, .time_ms = COUNTERS_NO_TIME };
	struct policy_verdict v = control_quorum(c, d, &by, &news->proofs);

	if (v.err != ERR_OK) {
		return v;
	}
	news->loosens = true;
	if (control_grants_live(c) >= CONTROL_GRANTS_MAX) {
		return refuse(ERR_FULL, "",
			      "as many grants wait or run as there may be: cancel one of them");
	}
	return other_has_place(c, 0, d->raw.n);
}

/* ---- which of them -------------------------------------------------------------------------- */

bool control_is(enum doc_type type)
{
	return type == DOC_FREEZE || type == DOC_RESUME || type == DOC_CANCEL ||
	       type == DOC_ROSTER || type == DOC_POLICY || type == DOC_GRANT;
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
	case DOC_GRANT:
		e = doc_grant_read(d, &c->news.grant, &c->fault);
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
	if (d->type == DOC_GRANT) {
		return check_grant(c, d, news);
	}
	return d->type == DOC_ROSTER ? check_roster(c, d, news) : check_policy(c, d, news);
}
