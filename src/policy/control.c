/* SPDX-License-Identifier: Apache-2.0 */
#include "policy/control.h"

#include <stdio.h>
#include <string.h>

#include "base/check.h"
#include "base/hex.h"
#include "crypto/sha256.h"
#include "policy/control_self.h"

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

void control_head_update(struct control *c)
{
	struct sha256 s;

	sha256_init(&s);
	for (size_t i = 0; i < c->n; i++) {
		const struct hash32 *id = &c->entries[c->sorted[i]].id;

		sha256_update(&s, bytes_of(id->b, sizeof id->b));
	}
	sha256_final(&s, &c->head);
}

struct control_entry *control_entry_add(struct control *c, const struct hash32 *id,
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
	CHECK(c->storage.read == NULL);
	return e->n == 0 ? bytes_of(NULL, 0) : bytes_of(store_of(c, e->type) + e->at, e->n);
}

struct bytes control_copy(const struct control *c, const struct control_entry *e, uint8_t *into)
{
	const struct bytes raw = bytes_of(into, e->n);
	struct doc d;

	if (e->n == 0) {
		return bytes_of(NULL, 0);
	}
	if (c->storage.read == NULL) {
		memcpy(into, store_of(c, e->type) + e->at, e->n);
		return raw;
	}
	/* a file can change under its reader: what comes is believed if it has the id */
	return c->storage.read(c->storage.ctx, into, e->n, e->at) == ERR_OK &&
		       doc_open(&d, raw, &c->genesis_id, NULL) == ERR_OK && hash32_eq(&d.id, &e->id)
		   ? raw
		   : bytes_of(NULL, 0);
}

void control_raw_drop(struct control *c, struct control_entry *e)
{
	bool freeze = e->type == DOC_FREEZE;
	size_t *used = freeze ? &c->freezes_used : &c->others_used;
	uint8_t *store = store_of(c, e->type);
	size_t end = (size_t)e->at + e->n;

	if (c->storage.read == NULL) {
		memmove(store + e->at, store + end, *used - end);
	}
	for (size_t i = 0; c->storage.read == NULL && i < c->n; i++) {
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

size_t control_others_needed(const struct control *c)
{
	size_t bytes = 0;

	for (size_t i = 0; i < c->n; i++) {
		const struct control_entry *e = &c->entries[i];

		bytes += e->state == CONTROL_WAITS || e->state == CONTROL_FORKED ? e->n : 0;
	}
	return bytes;
}

void control_raw_keep(struct control *c, struct control_entry *e, struct bytes raw, uint64_t at)
{
	if (e->type == DOC_FREEZE) {
		CHECK(raw.n <= c->storage.freezes_cap - c->freezes_used);
		e->at = c->freezes_used;
		c->freezes_used += raw.n;
	} else {
		while (raw.n > c->storage.others_cap - c->others_used) {
			struct control_entry *old = droppable(c);

			CHECK(old != NULL && old != e);
			control_raw_drop(c, old);
		}
		e->at = c->others_used;
		c->others_used += raw.n;
	}
	e->n = (uint32_t)raw.n;
	if (c->storage.read != NULL) {
		e->at = at;
	} else {
		memcpy(store_of(c, e->type) + e->at, raw.p, raw.n);
	}
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

const char *control_type_name(enum doc_type type, bool recovery)
{
	return recovery ? "recovery" : doc_type_name(type);
}

size_t control_recoveries(const struct control *c)
{
	size_t n = 0;

	for (size_t i = 0; i < c->n; i++) {
		n += c->entries[i].recovery && c->entries[i].state == CONTROL_WAITS;
	}
	return n;
}

static int entry_words(const struct control *c, const struct control_entry *e,
		       const struct policy_time *now, char *out, size_t cap)
{
	unsigned long long wait_s = wait_left_ms(e, now) / 1000;
	char name[17];

	hex_put(name, bytes_of(e->id.b, 8));
	if (e->type == DOC_GRANT && e->state == CONTROL_WAITS) {
		return snprintf(out, cap, "grant %s in %llu s", name, wait_s);
	}
	if (e->type == DOC_GRANT) {
		return snprintf(out, cap, "grant %s runs, %llu s left", name,
				(unsigned long long)control_grant_left_ms(c, e, now) / 1000);
	}
	if (e->state == CONTROL_FORKED) {
		return snprintf(out, cap, "%s %llu %s forks", doc_type_name(e->type),
				(unsigned long long)e->number, name);
	}
	if (control_held_up(c, e)) {
		return snprintf(out, cap, "%s %llu %s waits for the end of another",
				control_type_name(e->type, e->recovery),
				(unsigned long long)e->number, name);
	}
	return snprintf(out, cap, "%s %llu %s in %llu s", control_type_name(e->type, e->recovery),
			(unsigned long long)e->number, name, wait_s);
}

void control_waiting_words(const struct control *c, const struct policy_time *now, char *out,
			   size_t cap)
{
	size_t at = 0;

	(void)snprintf(out, cap, "none");
	for (size_t i = 0; i < c->n && at < cap; i++) {
		const struct control_entry *e = &c->entries[i];

		if (e->state != CONTROL_WAITS && e->state != CONTROL_FORKED &&
		    !(e->type == DOC_GRANT && e->state == CONTROL_IN_FORCE)) {
			continue;
		}
		if (at > 0) {
			at += (size_t)snprintf(out + at, cap - at, "; ");
		}
		if (at < cap) {
			at += (size_t)entry_words(c, e, now, out + at, cap - at);
		}
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
	for (size_t i = 0; i < DOC_DESTINATIONS_MAX; i++) {
		c->listed[i] = (struct policy_moment){ .known = true, .always = true };
	}
}
