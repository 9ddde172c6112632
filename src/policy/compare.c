/* SPDX-License-Identifier: Apache-2.0 */
#include "policy/compare.h"

#include <string.h>

#include "base/check.h"
#include "base/words.h"
#include "doc/types.h"
#include "policy/policy.h"

/* What was seen of one field. */
struct seen {
	bool tighter;
	bool looser;
};

static enum change change_of(struct seen s)
{
	static const enum change changes[2][2] = { { CHANGE_NONE, CHANGE_LOOSENS },
						   { CHANGE_TIGHTENS, CHANGE_OTHER } };

	return changes[s.tighter][s.looser];
}

static void row(struct comparison *out, const char *field, enum change change)
{
	CHECK(out->n < COMPARE_ROWS_MAX);
	out->rows[out->n++] = (struct comparison_row){ .field = field, .change = change };
	if (change == CHANGE_LOOSENS || change == CHANGE_OTHER) {
		out->whole = CHANGE_LOOSENS;
	} else if (change == CHANGE_TIGHTENS && out->whole == CHANGE_NONE) {
		out->whole = CHANGE_TIGHTENS;
	}
}

/* A limit: more of it allows more. */
static void see_limit(struct seen *s, u128 before, u128 after)
{
	s->tighter |= after < before;
	s->looser |= after > before;
}

static void limit(struct comparison *out, const char *field, u128 before, u128 after)
{
	struct seen s = { 0 };

	see_limit(&s, before, after);
	row(out, field, change_of(s));
}

/* A demand: more of it allows less. */
static void demand(struct comparison *out, const char *field, u128 before, u128 after)
{
	limit(out, field, after, before);
}

static void amount(struct comparison *out, const char *field, const struct money *before,
		   const struct money *after)
{
	limit(out, field, money_units(before), money_units(after));
}

/* The rule must stay as it is. */
static void fixed(struct comparison *out, const char *field, bool same)
{
	row(out, field, same ? CHANGE_NONE : CHANGE_OTHER);
}

/*
 * Lists as sets: covers(of, j, by, i) says that item i of `by` allows all that item j of `of` does.
 */
typedef bool covers_fn(const void *of, size_t j, const void *by, size_t i);

static bool all_covered(const void *of, size_t of_n, const void *by, size_t by_n, covers_fn *covers)
{
	for (size_t j = 0; j < of_n; j++) {
		bool found = false;

		for (size_t i = 0; i < by_n && !found; i++) {
			found = covers(of, j, by, i);
		}
		if (!found) {
			return false;
		}
	}
	return true;
}

static struct seen sets(const void *before, size_t before_n, const void *after, size_t after_n,
			covers_fn *covers)
{
	return (struct seen){
		.tighter = !all_covered(before, before_n, after, after_n, covers),
		.looser = !all_covered(after, after_n, before, before_n, covers),
	};
}

/* The tier of an amount, or NULL: refused. */
static const struct doc_tier *tier_of(const struct doc_policy *p, const struct money *up_to)
{
	for (size_t i = 0; i < p->tier_count; i++) {
		if (money_units(up_to) <= money_units(&p->approval_tiers[i].up_to)) {
			return &p->approval_tiers[i];
		}
	}
	return NULL;
}

static void see_tier(struct seen *s, const struct doc_tier *before, const struct doc_tier *after)
{
	if (before == NULL || after == NULL) {
		s->tighter = s->tighter || before != NULL;
		s->looser = s->looser || after != NULL;
		return;
	}
	see_limit(s, after->approvals, before->approvals);
	see_limit(s, after->delay_ms, before->delay_ms);
}

/* Both are steps: between two ends of tiers nothing changes. */
static enum change tiers(const struct doc_policy *before, const struct doc_policy *after)
{
	const struct doc_policy *both[] = { before, after };
	struct seen s = { 0 };

	for (size_t k = 0; k < ARRAY_LEN(both); k++) {
		for (size_t i = 0; i < both[k]->tier_count; i++) {
			const struct money *end = &both[k]->approval_tiers[i].up_to;

			if (!money_is_zero(end)) {
				see_tier(&s, tier_of(before, end), tier_of(after, end));
			}
		}
	}
	return change_of(s);
}

static void see_minute(struct seen *s, const struct doc_policy *before,
		       const struct doc_policy *after, unsigned minute)
{
	for (unsigned day = 0; day < 7; day++) {
		see_limit(s, policy_hours_max(before, day, minute),
			  policy_hours_max(after, day, minute));
	}
}

static enum change hours(const struct doc_policy *before, const struct doc_policy *after)
{
	const struct doc_policy *both[] = { before, after };
	struct seen s = { 0 };

	see_minute(&s, before, after, 0);
	for (size_t k = 0; k < ARRAY_LEN(both); k++) {
		for (size_t i = 0; i < both[k]->hours_count; i++) {
			const struct doc_hours *h = &both[k]->hours[i];

			see_minute(&s, before, after, (unsigned)h->from_minute);
			/* 1,440 is the next day's 0 */
			see_minute(&s, before, after, (unsigned)h->to_minute % POLICY_DAY_MINUTES);
		}
	}
	return change_of(s);
}

static enum change yen(const struct doc_policy *before, const struct doc_policy *after)
{
	struct seen s = { .tighter =
			      before->yen_count<after->yen_count, .looser = before->yen_count> after
				  ->yen_count };

	if (before->yen_count == 1 && after->yen_count == 1) {
		const struct doc_yen *b = &before->yen[0];
		const struct doc_yen *a = &after->yen[0];

		see_limit(&s, b->age_max_ms, a->age_max_ms);
		see_limit(&s, b->day_max, a->day_max);
		see_limit(&s, b->hour_max, a->hour_max);
		see_limit(&s, b->jump_max_bp, a->jump_max_bp);
	}
	return change_of(s);
}

/* A name is what people read: the same address under another is another entry. */
static bool destination_covers(const void *of, size_t j, const void *by, size_t i)
{
	const struct doc_destination *d = (const struct doc_destination *)of + j;
	const struct doc_destination *c = (const struct doc_destination *)by + i;

	return strcmp(d->address.text, c->address.text) == 0 && strcmp(d->name, c->name) == 0;
}

static enum change kinds(uint32_t before, uint32_t after)
{
	return change_of((struct seen){
	    .tighter = (before & ~after) != 0,
	    .looser = (after & ~before) != 0,
	});
}

void policy_compare(struct comparison *out, const struct doc_policy *before,
		    const struct doc_policy *after)
{
	const struct doc_policy *b = before;
	const struct doc_policy *a = after;

	*out = (struct comparison){ .whole = CHANGE_NONE };
	row(out, "approval_tiers", tiers(b, a));
	fixed(out, "asset", b->asset == a->asset);
	limit(out, "attempt_life_s", b->attempt_life_s, a->attempt_life_s);
	limit(out, "clock_skew_ms", b->clock_skew_ms, a->clock_skew_ms);
	amount(out, "day_max", &b->day_max, &a->day_max);
	demand(out, "destination_cooling_ms", b->destination_cooling_ms, a->destination_cooling_ms);
	row(out, "destination_kinds", kinds(b->destination_kinds, a->destination_kinds));
	row(out, "destinations",
	    change_of(sets(b->destinations, b->destination_count, a->destinations,
			   a->destination_count, destination_covers)));
	limit(out, "fee_bp_max", b->fee_bp_max, a->fee_bp_max);
	amount(out, "fee_max", &b->fee_max, &a->fee_max);
	fixed(out, "genesis", hash32_eq(&b->genesis, &a->genesis));
	limit(out, "grant_life_max_ms", b->grant_life_max_ms, a->grant_life_max_ms);
	limit(out, "heartbeat_age_ms", b->heartbeat_age_ms, a->heartbeat_age_ms);
	limit(out, "hot_ceiling_bp", b->hot_ceiling_bp, a->hot_ceiling_bp);
	amount(out, "hour_max", &b->hour_max, &a->hour_max);
	row(out, "hours", hours(b, a));
	demand(out, "loosening_ms", b->loosening_ms, a->loosening_ms);
	limit(out, "order_life_ms", b->order_life_ms, a->order_life_ms);
	amount(out, "payment_max", &b->payment_max, &a->payment_max);
	amount(out, "till_max", &b->till_max, &a->till_max);
	amount(out, "unapproved_day_max", &b->unapproved_day_max, &a->unapproved_day_max);
	amount(out, "unlisted_max", &b->unlisted_max, &a->unlisted_max);
	row(out, "yen", yen(b, a));
}

static bool party_covers(const void *of, size_t j, const void *by, size_t i)
{
	const struct doc_party *p = (const struct doc_party *)of + j;
	const struct doc_party *c = (const struct doc_party *)by + i;

	return strcmp(p->id, c->id) == 0 && key32_eq(&p->key, &c->key);
}

static bool passkey_covers(const void *of, size_t j, const void *by, size_t i)
{
	const struct doc_passkey *p = (const struct doc_passkey *)of + j;
	const struct doc_passkey *c = (const struct doc_passkey *)by + i;

	return p->algorithm == c->algorithm &&
	       bytes_eq(bytes_of(p->credential, p->credential_n),
			bytes_of(c->credential, c->credential_n)) &&
	       bytes_eq(bytes_of(p->key, p->key_n), bytes_of(c->key, c->key_n));
}

static bool person_covers(const void *of, size_t j, const void *by, size_t i)
{
	const struct doc_person *p = (const struct doc_person *)of + j;
	const struct doc_person *c = (const struct doc_person *)by + i;

	return strcmp(p->id, c->id) == 0 && key32_eq(&p->key, &c->key) &&
	       (p->roles & ~c->roles) == 0 &&
	       all_covered(p->passkeys, p->passkey_count, c->passkeys, c->passkey_count,
			   passkey_covers);
}

static bool signer_covers(const void *of, size_t j, const void *by, size_t i)
{
	const struct doc_signer_entry *s = (const struct doc_signer_entry *)of + j;
	const struct doc_signer_entry *c = (const struct doc_signer_entry *)by + i;

	return s->id == c->id && key32_eq(&s->attest_key, &c->attest_key) &&
	       key32_eq(&s->chain_key, &c->chain_key);
}

static bool origin_covers(const void *of, size_t j, const void *by, size_t i)
{
	const struct doc_origin *o = (const struct doc_origin *)of + j;
	const struct doc_origin *c = (const struct doc_origin *)by + i;

	return strcmp(o->origin, c->origin) == 0;
}

/* They can say no: to an order, to a change of the rules, to everything. */
static size_t may_stop(const struct doc_roster *r)
{
	size_t n = 0;

	for (size_t i = 0; i < r->people_count; i++) {
		n += (r->people[i].roles & (DOC_ROLE_APPROVER | DOC_ROLE_OFFICER)) != 0;
	}
	return n;
}

static enum change people(const struct doc_roster *before, const struct doc_roster *after)
{
	struct seen s = sets(before->people, before->people_count, after->people,
			     after->people_count, person_covers);

	s.looser = s.looser || (s.tighter && may_stop(after) <= before->governance);
	return change_of(s);
}

static bool same_sets(struct seen s)
{
	return !s.tighter && !s.looser;
}

static enum change relying_party(const struct doc_relying_party *before,
				 const struct doc_relying_party *after)
{
	if (strcmp(before->id, after->id) != 0) {
		return CHANGE_OTHER;
	}
	return change_of(sets(before->origins, before->origin_count, after->origins,
			      after->origin_count, origin_covers));
}

void roster_compare(struct comparison *out, const struct doc_roster *before,
		    const struct doc_roster *after)
{
	const struct doc_roster *b = before;
	const struct doc_roster *a = after;

	*out = (struct comparison){ .whole = CHANGE_NONE };
	row(out, "backends",
	    change_of(
		sets(b->backends, b->backend_count, a->backends, a->backend_count, party_covers)));
	fixed(out, "genesis", hash32_eq(&b->genesis, &a->genesis));
	demand(out, "governance", b->governance, a->governance);
	row(out, "holders",
	    change_of(
		sets(b->holders, b->holder_count, a->holders, a->holder_count, party_covers)));
	row(out, "people", people(b, a));
	row(out, "price_sources",
	    change_of(sets(b->price_sources, b->source_count, a->price_sources, a->source_count,
			   party_covers)));
	demand(out, "prices_needed", b->prices_needed, a->prices_needed);
	row(out, "relying_party", relying_party(&b->relying_party, &a->relying_party));
	fixed(out, "signers",
	      same_sets(
		  sets(b->signers, b->signer_count, a->signers, a->signer_count, signer_covers)));
	limit(out, "software_approvals", b->software_approvals, a->software_approvals);
	fixed(out, "watchers",
	      same_sets(sets(b->watchers, b->watcher_count, a->watchers, a->watcher_count,
			     party_covers)));
	demand(out, "watchers_needed", b->watchers_needed, a->watchers_needed);
}

const char *compare_word(enum change c)
{
	switch (c) { /* unreached: its unknown word, of which a test dies */
	case CHANGE_NONE:
		return N_("same");
	case CHANGE_TIGHTENS:
		return N_("tightens");
	case CHANGE_LOOSENS:
		return N_("loosens");
	case CHANGE_OTHER:
		return N_("incomparable");
	}
	check_failed(__FILE__, __LINE__, "a known change");
}
