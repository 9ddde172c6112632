/* SPDX-License-Identifier: Apache-2.0 */
/*
 * control_grant.c - what only for a while, or only after a while, is allowed: grants, and since
 * when destinations are listed.
 */
#include <string.h>

#include "base/check.h"
#include "chain/nem/nem_time.h"
#include "policy/control_self.h"

/* ---- listed -------------------------------------------------------------------------------- */

static bool same_address(const struct doc_address *a, const struct doc_address *b)
{
	return strcmp(a->text, b->text) == 0;
}

void control_listed_follow(struct control *c, const struct control_lists *before,
			   const struct policy_time *now)
{
	const struct doc_policy *p = c->rules.policy;

	for (size_t i = 0; i < p->destination_count; i++) {
		c->listed[i] = (struct policy_moment){ .known = now->chain_s != 0,
						       .own_ms = now->own_ms,
						       .chain_s = now->chain_s };
		for (size_t k = 0; k < before->n; k++) {
			if (same_address(&p->destinations[i].address, &before->to[k])) {
				c->listed[i] = before->since[k];
			}
		}
	}
}

struct policy_moment control_listed(const struct control *c, const struct doc_address *to)
{
	const struct doc_policy *p = c->rules.policy;

	for (size_t i = 0; i < p->destination_count; i++) {
		if (same_address(&p->destinations[i].address, to)) {
			return c->listed[i];
		}
	}
	return (struct policy_moment){ .known = false };
}

/* ---- grants -------------------------------------------------------------------------------- */

static const struct control_entry *entry_of(const struct control *c, const struct control_grant *g)
{
	return &c->entries[g->place - 1];
}

size_t control_grants_live(const struct control *c)
{
	size_t n = 0;

	for (size_t i = 0; i < c->n; i++) {
		const struct control_entry *e = &c->entries[i];

		n += e->type == DOC_GRANT &&
		     (e->state == CONTROL_WAITS || e->state == CONTROL_IN_FORCE);
	}
	return n;
}

/* A free place, or that of the one that is over for longest. */
static struct control_grant *place_new(struct control *c)
{
	struct control_grant *oldest = NULL;

	for (size_t i = 0; i < CONTROL_GRANTS_KEPT; i++) {
		struct control_grant *g = &c->grants[i];

		if (g->place == 0) {
			return g;
		}
		if (entry_of(c, g)->state == CONTROL_PAST &&
		    (oldest == NULL || entry_of(c, g)->since_ms < entry_of(c, oldest)->since_ms)) {
			oldest = g;
		}
	}
	return oldest;
}

void control_grant_keep(struct control *c, const struct control_entry *e)
{
	struct control_grant *g = place_new(c);

	static_assert((int)CONTROL_GRANTS_MAX < (int)CONTROL_GRANTS_KEPT,
		      "some place is free, or of one that is over");
	CHECK(g != NULL);
	g->place = (uint16_t)(e - c->entries + 1);
	g->grant = c->news.grant;
}

/* Where the grant of an entry that waits or runs stands. */
static size_t place_of(const struct control *c, const struct control_entry *e)
{
	size_t i = 0;

	while (c->grants[i].place != (size_t)(e - c->entries) + 1) {
		i++;
		CHECK(i < CONTROL_GRANTS_KEPT);
	}
	return i;
}

void control_grant_end(struct control *c, struct control_entry *e, uint64_t time_ms)
{
	e->since_ms = time_ms;
	if (e->state == CONTROL_WAITS) {
		e->state = CONTROL_CANCELLED;
		c->grants[place_of(c, e)].place = 0;
	} else {
		e->state = CONTROL_PAST;
		c->grants_over++;
	}
}

static uint64_t chain_ms(const struct policy_time *t)
{
	return ((uint64_t)t->chain_s + NEM_TIME_EPOCH_UNIX_S) * 1000;
}

static bool counts(const struct control_entry *e, const struct control_grants_ask *ask)
{
	return e->state == CONTROL_IN_FORCE || (e->state == CONTROL_WAITS && ask->waiting) ||
	       (e->state == CONTROL_PAST && ask->late_ms > 0 &&
		ask->at->wall_ms <= e->since_ms + ask->late_ms);
}

size_t control_grants(const struct control *c, const struct control_grants_ask *ask,
		      struct doc_grant out[CONTROL_GRANTS_KEPT])
{
	bool endless = (c->planted & CONTROL_PLANT_ENDLESS) != 0;
	size_t n = 0;

	for (size_t i = 0; i < CONTROL_GRANTS_KEPT; i++) {
		const struct control_grant *g = &c->grants[i];

		if (g->place == 0 || !same_address(&g->grant.destination, ask->to) ||
		    !(counts(entry_of(c, g), ask) || endless)) {
			continue;
		}
		out[n] = g->grant;
		if (endless) {
			uint64_t life_ms = g->grant.until_ms - g->grant.from_ms;

			out[n].from_ms = ask->at->wall_ms - life_ms / 2;
			out[n].until_ms = out[n].from_ms + life_ms;
		}
		n++;
	}
	return n;
}

uint64_t control_grant_left_ms(const struct control *c, const struct control_entry *e,
			       const struct policy_time *now)
{
	uint64_t until = c->grants[place_of(c, e)].grant.until_ms;
	uint64_t latest =
	    now->chain_s != 0 && chain_ms(now) > now->wall_ms ? chain_ms(now) : now->wall_ms;

	return latest < until ? until - latest : 0;
}
