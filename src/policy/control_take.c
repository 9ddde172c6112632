/* SPDX-License-Identifier: Apache-2.0 */
/*
 * control_take.c - what a document does once it is taken, and what time does to it.
 */
#include <stdio.h>
#include <string.h>

#include "base/check.h"
#include "policy/control_self.h"

/* ---- taking -------------------------------------------------------------------------------- */

/* It was good when it was taken, so it reads again. */
static void rules_read(struct control *c, const struct control_entry *e, struct bytes raw,
		       const struct policy_time *now)
{
	const struct doc_policy *p = c->rules.policy;
	struct control_lists before = { .n = 0 };
	struct doc d;

	CHECK(doc_open(&d, raw, &c->genesis_id, NULL) == ERR_OK && hash32_eq(&d.id, &e->id));
	if (e->type == DOC_ROSTER) {
		c->before = *c->rules.roster;
		c->before_id = *c->rules.roster_id;
		c->has_before = true;
		CHECK(doc_roster_read(&d, c->rules.roster, NULL) == ERR_OK);
		control_roster_strike(c, c->rules.roster);
		*c->rules.roster_id = e->id;
		c->roster_place = (uint16_t)(e - c->entries + 1);
	} else {
		before.n = p->destination_count;
		memcpy(before.since, c->listed, sizeof before.since);
		for (size_t i = 0; i < before.n; i++) {
			before.to[i] = p->destinations[i].address;
		}
		CHECK(doc_policy_read(&d, c->rules.policy, NULL) == ERR_OK);
		control_listed_follow(c, &before, now);
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
static void in_force(struct control *c, struct control_entry *e, struct bytes raw, uint64_t time_ms,
		     const struct policy_time *now)
{
	if (e->type == DOC_ROSTER && c->roster_place == 0) {
		c->first_roster_end_ms = time_ms;
	}
	if (e->type == DOC_POLICY && c->policy_place == 0) {
		c->first_policy_end_ms = time_ms;
	}
	rules_read(c, e, raw, now);
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
		control_raw_drop(c, e);
		return;
	case CONTROL_FORKED:
		c->forked--;
		move(e, CONTROL_CANCELLED, time_ms);
		return;
	case CONTROL_WAITS:
		if (e->type == DOC_GRANT) {
			control_grant_end(c, e, time_ms);
		} else {
			move(e, CONTROL_CANCELLED, time_ms);
		}
		return;
	case CONTROL_IN_FORCE:
		if (e->type != DOC_GRANT) {
			e->disowned = true;
		} else if ((c->planted & CONTROL_PLANT_GRANT_STAYS) == 0) { /* unreached: ./sim */
			control_grant_end(c, e, time_ms);
		}
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
			e = control_entry_add(c, &x->freezes[i].id, DOC_FREEZE, CONTROL_LIFTED);
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
		if (!control_is_struck(c, bytes_of(x->struck[i].key, x->struck[i].key_n))) {
			c->struck[c->struck_n++] = x->struck[i];
			c->struck_ms = time_ms;
		}
	}
	control_roster_strike(c, c->rules.roster);
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

bool control_said_no(const struct control *c, const struct hash32 *order,
		     const struct hash32 *request)
{
	return was_cancelled(c, order) || was_cancelled(c, request);
}

static void take_rules(struct control *c, struct control_entry *e, const struct control_news *news,
		       struct bytes raw, uint64_t time_ms, const struct policy_time *now)
{
	e->wait_ms = c->rules.policy->loosening_ms;
	if (news->forks) {
		e->state = CONTROL_FORKED;
		c->forked++;
	} else if (!news->loosens || (c->planted & CONTROL_PLANT_AT_ONCE) != 0) {
		in_force(c, e, raw, time_ms, now);
	} else {
		e->waited = true;
		e->state = was_cancelled(c, &e->id) || (news->recovery && news->late)
			       ? CONTROL_CANCELLED
			       : CONTROL_WAITS;
	}
}

static void take_grant(struct control *c, struct control_entry *e)
{
	e->wait_ms = c->rules.policy->loosening_ms;
	e->waited = true;
	if (was_cancelled(c, &e->id)) {
		e->state = CONTROL_CANCELLED;
		return;
	}
	control_grant_keep(c, e);
	if ((c->planted & CONTROL_PLANT_AT_ONCE) != 0) {
		e->state = CONTROL_IN_FORCE;
	}
}

struct control_entry *control_take(struct control *c, const struct doc *d,
				   const struct control_news *news, uint64_t sequence,
				   uint64_t time_ms, const struct policy_time *now)
{
	enum control_state first = d->type == DOC_FREEZE                            ? CONTROL_BINDS
				   : d->type == DOC_RESUME || d->type == DOC_CANCEL ? CONTROL_KEPT
										    : CONTROL_WAITS;
	struct control_entry *e;

	CHECK(!news->known && news->index == c->n);
	e = control_entry_add(c, &d->id, d->type, first);
	control_raw_keep(c, e, d->raw, news->at);
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
		e->idle = !control_cancel_stops(c, &e->names);
		/* a fork is not for one person to settle */
		if (!e->idle) {
			disown(c, of, time_ms);
		}
		break;
	}
	case DOC_ROSTER:
		e->names = c->news.roster.previous;
		e->number = c->news.roster.number;
		e->recovery = news->recovery;
		take_rules(c, e, news, d->raw, time_ms, now);
		break;
	case DOC_POLICY:
		e->names = c->news.policy.previous;
		e->number = c->news.policy.number;
		take_rules(c, e, news, d->raw, time_ms, now);
		break;
	case DOC_GRANT:
		take_grant(c, e);
		break;
	}
	control_head_update(c);
	return e;
}

/* ---- time ---------------------------------------------------------------------------------- */

/* Its wait is over by both clocks. */
static bool waited(const struct control_entry *e, const struct policy_time *now)
{
	return now->own_ms >= e->own_ms && now->chain_s >= e->chain_s &&
	       now->own_ms - e->own_ms >= e->wait_ms &&
	       (uint64_t)(now->chain_s - e->chain_s) * 1000 >= e->wait_ms;
}

bool control_held_up(const struct control *c, const struct control_entry *e)
{
	for (size_t i = 0; e->recovery && i < c->n; i++) {
		const struct control_entry *other = &c->entries[i];

		if (other != e && other->type == e->type && other->state == CONTROL_WAITS &&
		    hash32_eq(&other->names, &e->names)) {
			return true;
		}
	}
	return false;
}

struct control_entry *control_due(struct control *c, const struct policy_time *now)
{
	for (size_t i = 0; i < c->n; i++) {
		struct control_entry *e = &c->entries[i];

		if (e->type == DOC_GRANT && e->state == CONTROL_IN_FORCE &&
		    control_grant_left_ms(c, e, now) == 0) {
			return e;
		}
		if (e->state != CONTROL_WAITS || now->chain_s == 0) {
			continue;
		}
		if (e->chain_s == 0) {
			e->chain_s = now->chain_s; /* nobody knew the chain's time before */
		}
		if (c->forked == 0 && waited(e, now) && !control_held_up(c, e)) {
			return e;
		}
	}
	return NULL;
}

/*
 * Runs from now on; or is over at once, if its wait took longer than it would have run: who was
 * down counts only what he saw.  By the clocks of the record, so that a replay finds the same.
 */
static void grant_runs(struct control *c, struct control_entry *e, uint64_t time_ms,
		       uint32_t chain_s)
{
	const struct policy_time then = { .wall_ms = time_ms, .chain_s = chain_s };

	move(e, CONTROL_IN_FORCE, time_ms);
	if (control_grant_left_ms(c, e, &then) == 0) {
		control_grant_end(c, e, time_ms);
	}
}

/* Empty: it cannot be read again. */
static struct bytes kept_raw(const struct control *c, const struct control_entry *e)
{
	return c->storage.read == NULL ? control_raw(c, e) : control_copy(c, e, c->storage.room);
}

bool control_activate(struct control *c, const struct id128 *name, uint64_t time_ms,
		      const struct policy_time *now)
{
	for (size_t i = 0; i < c->n; i++) {
		struct control_entry *e = &c->entries[i];
		bool runs = e->type == DOC_GRANT && e->state == CONTROL_IN_FORCE;

		if ((e->state != CONTROL_WAITS && !runs) ||
		    !bytes_eq(bytes_of(e->id.b, sizeof name->b),
			      bytes_of(name->b, sizeof name->b))) {
			continue;
		}
		if (runs) {
			control_grant_end(c, e, time_ms);
		} else if (e->type == DOC_GRANT) {
			grant_runs(c, e, time_ms, now->chain_s);
		} else {
			struct bytes raw = kept_raw(c, e);

			if (raw.n == 0) {
				return false;
			}
			in_force(c, e, raw, time_ms, now);
		}
		return true;
	}
	return false;
}
