/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Goal: whatever allows more is called loosening, in every field, alone and beside others.
 * Method: a table of single changes; random documents for the laws of a partial order; and what
 * the judgement itself says: if a policy does not loosen, no question is allowed that was refused.
 */
#include "policy/compare.h"

#include "base/attr.h"
#include "policy_world.h"
#include "t.h"

static enum change field_of(const struct comparison *c, const char *field)
{
	for (size_t i = 0; i < c->n; i++) {
		if (strcmp(c->rows[i].field, field) == 0) {
			return c->rows[i].change;
		}
	}
	return (enum change) - 1;
}

static size_t changed(const struct comparison *c)
{
	size_t n = 0;

	for (size_t i = 0; i < c->n; i++) {
		n += c->rows[i].change != CHANGE_NONE;
	}
	return n;
}

static enum change mirror(enum change c)
{
	return c == CHANGE_TIGHTENS ? CHANGE_LOOSENS : c == CHANGE_LOOSENS ? CHANGE_TIGHTENS : c;
}

static enum change whole(enum change c)
{
	return c == CHANGE_OTHER ? CHANGE_LOOSENS : c;
}

/* What both directions of one change must say. */
static const char *policy_differs(const struct doc_policy *before, const struct doc_policy *after,
				  const char *field, enum change want)
{
	struct comparison there;
	struct comparison back;

	policy_compare(&there, before, after);
	policy_compare(&back, after, before);
	if (field_of(&there, field) != want || field_of(&back, field) != mirror(want)) {
		return field;
	}
	if (changed(&there) != 1 || changed(&back) != 1) {
		return "another field";
	}
	if (there.whole != whole(want) || back.whole != whole(mirror(want))) {
		return "whole";
	}
	return "";
}

static struct world world;

static struct doc_destination listed(uint8_t n, const char *name)
{
	struct doc_destination d = { .name = "" };

	world_address(&d.address, n, 0x98);
	(void)snprintf(d.name, sizeof d.name, "%s", name);
	return d;
}

/* A policy that uses every field, so that each can be made smaller and larger. */
static struct doc_policy full_policy(void)
{
	struct doc_policy p;

	world_make(&world);
	p = world.policy;
	p.approval_tiers[1].delay_ms = 1000;
	p.approval_tiers[2].delay_ms = 2000;
	p.destination_cooling_ms = 1000;
	p.destination_count = 2;
	p.destinations[0] = listed(201, "alice");
	p.destinations[1] = listed(202, "bob");
	p.grant_life_max_ms = 1000;
	p.hours_count = 1;
	p.hours[0] = (struct doc_hours){ 31, 60, xem(X(500)), 120 };
	p.yen_count = 1;
	p.yen[0] = (struct doc_yen){ 60000, 1000, 500, 100 };
	return p;
}

static void every_number(void)
{
	static const struct {
		const char *field;
		size_t at;
		bool demand;
	} numbers[] = {

#define AT(m) #m, offsetof(struct doc_policy, m)
		{ AT(attempt_life_s), false },        { AT(clock_skew_ms), false },
		{ AT(destination_cooling_ms), true }, { AT(fee_bp_max), false },
		{ AT(grant_life_max_ms), false },     { AT(heartbeat_age_ms), false },
		{ AT(hot_ceiling_bp), false },        { AT(loosening_ms), true },
		{ AT(order_life_ms), false },
	};

	static const struct {
		const char *field;
		size_t at;
	} amounts[] = {
		{ AT(day_max) },      { AT(fee_max) },  { AT(hour_max) },
		{ AT(payment_max) },  { AT(till_max) }, { AT(unapproved_day_max) },
		{ AT(unlisted_max) },

#undef AT
	};
	const struct doc_policy before = full_policy();

	for (size_t i = 0; i < ARRAY_LEN(numbers); i++) {
		struct doc_policy after = before;
		uint64_t *n = (uint64_t *)(void *)((char *)&after + numbers[i].at);

		++*n;
		T_STR(policy_differs(&before, &after, numbers[i].field,
				     numbers[i].demand ? CHANGE_TIGHTENS : CHANGE_LOOSENS),
		      "");
	}
	for (size_t i = 0; i < ARRAY_LEN(amounts); i++) {
		struct doc_policy after = before;
		struct money *m = (struct money *)(void *)((char *)&after + amounts[i].at);

		*m = money_of(ASSET_XEM, money_units(m) + 1);
		T_STR(policy_differs(&before, &after, amounts[i].field, CHANGE_LOOSENS), "");
	}
}

static void tiers(void)
{
	const struct doc_policy before = full_policy();
	struct doc_policy after = before;

	after.approval_tiers[1].approvals++;
	T_STR(policy_differs(&before, &after, "approval_tiers", CHANGE_TIGHTENS), "");
	after = before;
	after.approval_tiers[1].delay_ms++;
	T_STR(policy_differs(&before, &after, "approval_tiers", CHANGE_TIGHTENS), "");
	after = before;
	after.approval_tiers[1].up_to = xem(X(1001));
	T_STR(policy_differs(&before, &after, "approval_tiers", CHANGE_LOOSENS), "");
	after = before; /* nothing above the second tier */
	after.tier_count = 2;
	T_STR(policy_differs(&before, &after, "approval_tiers", CHANGE_TIGHTENS), "");
	after = before; /* fewer people, longer wait */
	after.approval_tiers[2].approvals--;
	after.approval_tiers[2].delay_ms++;
	T_STR(policy_differs(&before, &after, "approval_tiers", CHANGE_OTHER), "");
	after = before; /* more for one, less for another */
	after.approval_tiers[0].up_to = xem(X(99));
	after.approval_tiers[1].up_to = xem(X(1001));
	T_STR(policy_differs(&before, &after, "approval_tiers", CHANGE_OTHER), "");
	after = before; /* of nothing */
	after.tier_count = 4;
	memmove(&after.approval_tiers[1], &after.approval_tiers[0],
		3 * sizeof after.approval_tiers[0]);
	after.approval_tiers[0] = (struct doc_tier){ 9, 0, xem(0) };
	{
		struct comparison c;

		policy_compare(&c, &before, &after);
		T_EQ(c.whole, CHANGE_NONE);
	}
	after = before; /* a tier cut in two says the same */
	after.tier_count = 4;
	after.approval_tiers[3] = after.approval_tiers[2];
	after.approval_tiers[2].up_to = xem(X(2000));
	{
		struct comparison c;

		policy_compare(&c, &before, &after);
		T_EQ(c.whole, CHANGE_NONE);
		T_EQ(changed(&c), 0);
	}
}

static void times_of_the_week(void)
{
	const struct doc_policy before = full_policy();
	struct doc_policy after = before;
	struct comparison c;

	after.hours[0].payment_max = xem(X(499));
	T_STR(policy_differs(&before, &after, "hours", CHANGE_TIGHTENS), "");
	after = before;
	after.hours[0].days = 63;
	T_STR(policy_differs(&before, &after, "hours", CHANGE_TIGHTENS), "");
	after = before;
	after.hours[0].from_minute = 59;
	T_STR(policy_differs(&before, &after, "hours", CHANGE_TIGHTENS), "");
	after = before;
	after.hours[0].to_minute = 1440;
	T_STR(policy_differs(&before, &after, "hours", CHANGE_TIGHTENS), "");
	after = before;
	after.hours_count = 0;
	T_STR(policy_differs(&before, &after, "hours", CHANGE_LOOSENS), "");
	after = before; /* the same length, one minute later */
	after.hours[0].from_minute++;
	after.hours[0].to_minute++;
	T_STR(policy_differs(&before, &after, "hours", CHANGE_OTHER), "");
	after = before; /* a second one over the same time that allows more adds nothing */
	after.hours[1] = (struct doc_hours){ 1, 70, xem(X(600)), 80 };
	after.hours_count = 2;
	policy_compare(&c, &before, &after);
	T_EQ(c.whole, CHANGE_NONE);
	after.hours[1].payment_max = xem(0);
	T_STR(policy_differs(&before, &after, "hours", CHANGE_TIGHTENS), "");
	T_CHECK(policy_hours_max(&before, 0, 59) == ~(u128)0);
	T_CHECK(policy_hours_max(&before, 0, 60) == (u128)X(500));
	T_CHECK(policy_hours_max(&before, 4, 119) == (u128)X(500));
	T_CHECK(policy_hours_max(&before, 4, 120) == ~(u128)0);
	T_CHECK(policy_hours_max(&before, 5, 60) == ~(u128)0);
	T_CHECK(policy_hours_max(&after, 0, 75) == 0);
}

static void lists_and_words(void)
{
	const struct doc_policy before = full_policy();
	struct doc_policy after = before;

	after.destination_kinds |= DOC_TO_BOX;
	T_STR(policy_differs(&before, &after, "destination_kinds", CHANGE_LOOSENS), "");
	after.destination_kinds = DOC_TO_BOX;
	T_STR(policy_differs(&before, &after, "destination_kinds", CHANGE_OTHER), "");
	after = before;
	after.destination_count = 1;
	T_STR(policy_differs(&before, &after, "destinations", CHANGE_TIGHTENS), "");
	after = before; /* one for another */
	after.destinations[1] = listed(203, "bob");
	T_STR(policy_differs(&before, &after, "destinations", CHANGE_OTHER), "");
	after = before; /* whose it is said to be */
	after.destinations[1] = listed(202, "carol");
	T_STR(policy_differs(&before, &after, "destinations", CHANGE_OTHER), "");
	after = before;
	after.yen_count = 0;
	T_STR(policy_differs(&before, &after, "yen", CHANGE_LOOSENS), "");
	after = before;
	after.yen[0].age_max_ms++;
	T_STR(policy_differs(&before, &after, "yen", CHANGE_LOOSENS), "");
	after = before;
	after.yen[0].day_max++;
	T_STR(policy_differs(&before, &after, "yen", CHANGE_LOOSENS), "");
	after = before;
	after.yen[0].hour_max++;
	T_STR(policy_differs(&before, &after, "yen", CHANGE_LOOSENS), "");
	after = before;
	after.yen[0].jump_max_bp++;
	after.yen[0].day_max--;
	T_STR(policy_differs(&before, &after, "yen", CHANGE_OTHER), "");
	after = before;
	after.genesis.b[0] ^= 1;
	T_STR(policy_differs(&before, &after, "genesis", CHANGE_OTHER), "");
	after = before;
	after.asset = ASSET_JPY;
	T_STR(policy_differs(&before, &after, "asset", CHANGE_OTHER), "");
	after = before; /* which comes first is no rule */
	after.number++;
	after.previous.b[0] ^= 1;
	{
		struct comparison c;

		policy_compare(&c, &before, &after);
		T_EQ(c.whole, CHANGE_NONE);
	}
}

static struct doc_person person(const char *id, uint8_t key, uint32_t roles)
{
	struct doc_person p = { .key = world_key(key), .roles = roles };

	(void)snprintf(p.id, sizeof p.id, "%s", id);
	p.passkey_count = 1;
	p.passkeys[0].algorithm = DOC_ALGORITHM_EDDSA;
	p.passkeys[0].credential_n = 1;
	p.passkeys[0].credential[0] = key;
	p.passkeys[0].key_n = 32;
	memset(p.passkeys[0].key, key + 100, 32);
	return p;
}

static struct doc_party party(const char *id, uint8_t key)
{
	struct doc_party p = { .key = world_key(key) };

	(void)snprintf(p.id, sizeof p.id, "%s", id);
	return p;
}

static struct doc_roster roster(void)
{
	struct doc_roster r = {
		.backend_count = 1,
		.backends = { party("backend", 1) },
		.governance = 2,
		.number = 1,
		.people_count = 4,
		.people = { person("alice", 10, DOC_ROLE_OFFICER | DOC_ROLE_APPROVER),
			    person("bob", 11, DOC_ROLE_OFFICER),
			    person("carol", 12, DOC_ROLE_APPROVER),
			    person("dave", 13, DOC_ROLE_OFFICER) },
		.source_count = 3,
		.price_sources = { party("p1", 20), party("p2", 21), party("p3", 22) },
		.prices_needed = 2,
		.relying_party = { .id = "example",
				   .origin_count = 1,
				   .origins = { { "https://example" } } },
		.signer_count = 2,
		.signers = { { world_key(30), world_key(31), DOC_SIGNER_A },
			     { world_key(32), world_key(33), DOC_SIGNER_B } },
		.watcher_count = 3,
		.watchers = { party("w1", 40), party("w2", 41), party("w3", 42) },
		.watchers_needed = 2,
	};
	return r;
}

static const char *roster_differs(const struct doc_roster *before, const struct doc_roster *after,
				  const char *field, enum change want)
{
	struct comparison c;

	roster_compare(&c, before, after);
	if (field_of(&c, field) != want) {
		return field;
	}
	if (changed(&c) != 1) {
		return "another field";
	}
	return c.whole == whole(want) ? "" : "whole";
}

static void rosters(void)
{
	static struct doc_roster before;
	static struct doc_roster after;
	struct comparison c;

	before = roster();
	after = before;
	after.number++;
	roster_compare(&c, &before, &after);
	T_EQ(c.whole, CHANGE_NONE);
	after.people[0] = before.people[3]; /* the same people in another order */
	after.people[3] = before.people[0];
	roster_compare(&c, &before, &after);
	T_EQ(c.whole, CHANGE_NONE);

	after = before;
	after.governance++;
	T_STR(roster_differs(&before, &after, "governance", CHANGE_TIGHTENS), "");
	T_STR(roster_differs(&after, &before, "governance", CHANGE_LOOSENS), "");
	after = before;
	after.watchers_needed++;
	T_STR(roster_differs(&before, &after, "watchers_needed", CHANGE_TIGHTENS), "");
	T_STR(roster_differs(&after, &before, "watchers_needed", CHANGE_LOOSENS), "");
	after = before;
	after.prices_needed++;
	T_STR(roster_differs(&before, &after, "prices_needed", CHANGE_TIGHTENS), "");
	T_STR(roster_differs(&after, &before, "prices_needed", CHANGE_LOOSENS), "");
	after = before;
	after.software_approvals = true;
	T_STR(roster_differs(&before, &after, "software_approvals", CHANGE_LOOSENS), "");
	T_STR(roster_differs(&after, &before, "software_approvals", CHANGE_TIGHTENS), "");
	after = before;
	after.backend_count = 0;
	T_STR(roster_differs(&before, &after, "backends", CHANGE_TIGHTENS), "");
	T_STR(roster_differs(&after, &before, "backends", CHANGE_LOOSENS), "");
	after = before;
	after.backends[0].key.b[0] ^= 1;
	T_STR(roster_differs(&before, &after, "backends", CHANGE_OTHER), "");
	after = before;
	after.recovery = true; /* by whom it came, not what it allows */
	roster_compare(&c, &before, &after);
	T_EQ(c.whole, CHANGE_NONE);
	after = before;
	after.holder_count = 1;
	after.holders[0] = party("h1", 50);
	T_STR(roster_differs(&before, &after, "holders", CHANGE_LOOSENS), "");
	T_STR(roster_differs(&after, &before, "holders", CHANGE_TIGHTENS), "");
	after = before;
	after.source_count = 2;
	T_STR(roster_differs(&before, &after, "price_sources", CHANGE_TIGHTENS), "");
	T_STR(roster_differs(&after, &before, "price_sources", CHANGE_LOOSENS), "");
	after = before;
	after.watcher_count = 2; /* T27: a monitor less */
	T_STR(roster_differs(&before, &after, "watchers", CHANGE_OTHER), "");
	T_STR(roster_differs(&after, &before, "watchers", CHANGE_OTHER), "");
	after = before;
	after.signers[1].chain_key.b[0] ^= 1;
	T_STR(roster_differs(&before, &after, "signers", CHANGE_OTHER), "");
	after = before;
	after.signers[1].attest_key.b[0] ^= 1;
	T_STR(roster_differs(&before, &after, "signers", CHANGE_OTHER), "");
	after = before;
	after.signer_count = 1;
	T_STR(roster_differs(&before, &after, "signers", CHANGE_OTHER), "");
	T_STR(roster_differs(&after, &before, "signers", CHANGE_OTHER), "");
	after = before;
	after.genesis.b[0] ^= 1;
	T_STR(roster_differs(&before, &after, "genesis", CHANGE_OTHER), "");
	after = before;
	after.relying_party.origin_count = 2;
	(void)snprintf(after.relying_party.origins[1].origin, 20, "https://evil");
	T_STR(roster_differs(&before, &after, "relying_party", CHANGE_LOOSENS), "");
	T_STR(roster_differs(&after, &before, "relying_party", CHANGE_TIGHTENS), "");
	after = before;
	(void)snprintf(after.relying_party.id, 20, "evil");
	T_STR(roster_differs(&before, &after, "relying_party", CHANGE_OTHER), "");
}

static void people_come_and_go(void)
{
	static struct doc_roster before;
	static struct doc_roster after;

	before = roster();
	after = before;
	after.people_count = 3; /* dave's key was stolen */
	T_STR(roster_differs(&before, &after, "people", CHANGE_TIGHTENS), "");
	T_STR(roster_differs(&after, &before, "people", CHANGE_LOOSENS), "");
	after.people_count = 2; /* two officers removed all who would cancel what they do next */
	T_STR(roster_differs(&before, &after, "people", CHANGE_OTHER), "");
	after = before; /* auditors cannot stop anything */
	after.people[2].roles = DOC_ROLE_AUDITOR;
	after.people[3].roles = DOC_ROLE_AUDITOR;
	T_STR(roster_differs(&before, &after, "people", CHANGE_OTHER), "");
	after = before;
	after.people[0].roles = DOC_ROLE_OFFICER;
	T_STR(roster_differs(&before, &after, "people", CHANGE_TIGHTENS), "");
	after = before;
	after.people[1].roles |= DOC_ROLE_APPROVER;
	T_STR(roster_differs(&before, &after, "people", CHANGE_LOOSENS), "");
	after = before;
	after.people[1].key.b[0] ^= 1;
	T_STR(roster_differs(&before, &after, "people", CHANGE_OTHER), "");
	after = before;
	after.people[1].passkey_count = 0;
	T_STR(roster_differs(&before, &after, "people", CHANGE_TIGHTENS), "");
	T_STR(roster_differs(&after, &before, "people", CHANGE_LOOSENS), "");
	after = before;
	after.people[1].passkeys[0].key[0] ^= 1;
	T_STR(roster_differs(&before, &after, "people", CHANGE_OTHER), "");
	after = before;
	after.people[1].passkeys[0].credential[0] ^= 1;
	T_STR(roster_differs(&before, &after, "people", CHANGE_OTHER), "");
	after = before;
	after.people[1].passkeys[0].algorithm = DOC_ALGORITHM_ES256;
	T_STR(roster_differs(&before, &after, "people", CHANGE_OTHER), "");
}

static struct money some(unsigned choices)
{
	return xem(X(100 + 100 * t_below(choices)));
}

/* Few values, so that many of two or three documents can be compared. */
static void random_policy(struct doc_policy *p, unsigned spread)
{
	*p = full_policy();
	p->tier_count = 1 + t_below(3);
	for (size_t i = 0; i < p->tier_count; i++) {
		p->approval_tiers[i].up_to = xem(X(300 * (i + 1) + 100 * t_below(spread)));
		p->approval_tiers[i].approvals = i + t_below(spread) / 2;
		p->approval_tiers[i].delay_ms = 1000 * i;
	}
	p->hour_max = some(spread);
	p->day_max = some(spread);
	p->payment_max = some(spread);
	p->unlisted_max = some(spread);
	p->unapproved_day_max = some(spread);
	p->fee_bp_max = 10000 * (1 + t_below(spread));
	p->destination_count = t_below(3);
	p->destination_kinds = DOC_TO_CUSTOMER | (uint32_t)t_below(8);
	p->hours_count = t_below(3);
	for (size_t i = 0; i < p->hours_count; i++) {
		uint64_t from = 720 * t_below(2);

		p->hours[i] = (struct doc_hours){ 15 + t_below(3), from, some(spread), from + 720 };
	}
	p->yen_count = t_below(2);
	p->yen[0].day_max = 1000 + t_below(spread);
}

static bool stays(const struct doc_policy *before, const struct doc_policy *after)
{
	struct comparison c;

	policy_compare(&c, before, after);
	return c.whole != CHANGE_LOOSENS;
}

/* Takes something away, so that steps down are common. */
static void tighten(struct doc_policy *p)
{
	for (unsigned n = 1 + (unsigned)t_below(3); n > 0; n--) {
		switch (t_below(6)) {
		case 0:
			p->hour_max = xem(X(1 + t_below(3)));
			break;
		case 1:
			p->approval_tiers[p->tier_count - 1].approvals++;
			break;
		case 2:
			p->destination_kinds &= DOC_TO_CUSTOMER | (uint32_t)t_below(8);
			break;
		case 3:
			p->destination_count = 0;
			break;
		case 4:
			p->yen_count = 1;
			break;
		default:
			p->hours[0] = (struct doc_hours){ 127, 0, xem(X(10)), 720 };
			p->hours_count = 1;
			break;
		}
	}
}

static void partial_order(void)
{
	unsigned down = 0;
	unsigned chains = 0;
	unsigned up = 0;

	for (unsigned i = 0; i < 30000; i++) {
		struct doc_policy a;
		struct doc_policy b;
		struct doc_policy c;
		struct comparison ab;

		random_policy(&a, 1 + (unsigned)t_below(3));
		random_policy(&b, 1 + (unsigned)t_below(3));
		if (t_below(2) == 0) {
			b = a;
			tighten(&b);
		}
		c = b;
		tighten(&c);
		T_CHECK(stays(&a, &a));
		policy_compare(&ab, &a, &b);
		if (stays(&a, &b) && stays(&b, &a)) {
			T_EQ(ab.whole, CHANGE_NONE);
			T_EQ(changed(&ab), 0);
		}
		if (stays(&a, &b) && stays(&b, &c)) {
			T_CHECK(stays(&a, &c));
			chains++;
		}
		down += ab.whole == CHANGE_TIGHTENS;
		up += ab.whole == CHANGE_LOOSENS;
	}
	/* the laws were tested on something */
	T_CHECK(down > 1000 && chains > 1000 && up > 1000);
}

static void partial_order_of_rosters(void)
{
	unsigned chains = 0;

	for (unsigned i = 0; i < 30000; i++) {
		static struct doc_roster r[3];
		struct comparison ab;
		struct comparison bc;
		struct comparison ac;

		r[0] = roster();
		r[0].governance = 1 + t_below(3);
		r[0].people_count = 2 + t_below(3);
		for (unsigned k = 1; k < 3; k++) {
			size_t at;

			r[k] = r[k - 1];
			at = r[k].people_count == 0 ? 0 : t_below(r[k].people_count);
			switch (t_below(5)) {
			case 0:
				r[k].governance++;
				break;
			case 1:
				if (r[k].people_count > 0) {
					r[k].people[at] = r[k].people[--r[k].people_count];
				}
				break;
			case 2:
				r[k].people[at].roles &= (uint32_t)t_below(8);
				break;
			case 3:
				r[k].people[at].passkey_count = t_below(2);
				break;
			default:
				r[k].watchers_needed = 2 + t_below(2);
				break;
			}
		}
		roster_compare(&ab, &r[0], &r[1]);
		roster_compare(&bc, &r[1], &r[2]);
		roster_compare(&ac, &r[0], &r[2]);
		if (ab.whole != CHANGE_LOOSENS && bc.whole != CHANGE_LOOSENS) {
			T_CHECK(ac.whole != CHANGE_LOOSENS);
			chains++;
		}
	}
	T_CHECK(chains > 1000);
}

/* T27: what is in force at once may not allow anything that was refused. */
static void no_question_is_answered_yes_that_was_no(void)
{
	unsigned pairs = 0;
	unsigned allowed = 0;

	for (unsigned i = 0; i < 20000; i++) {
		static struct world w;
		static struct doc_policy before;
		static struct doc_policy after;

		random_policy(&before, 3);
		after = before;
		tighten(&after);
		if (t_below(2) == 0) {
			random_policy(&after, 3);
		}
		/* nothing incomplete is ever in force */
		if (policy_check(&before).err != ERR_OK || !stays(&before, &after)) {
			continue;
		}
		pairs++;
		for (unsigned k = 0; k < 8; k++) {
			struct policy_verdict was;
			struct policy_verdict is;

			static struct policy_price prices[] = {
				{ .rate = "0.9", .source = 0 },
				{ .rate = "0.901", .time_ms = NOW, .source = 1 },
			};

			prices[0].time_ms = NOW - t_below(90000);
			world_make(&w);
			world_amount(&w, X(1 + 50 * t_below(20)));
			world_address(&w.order.destination, (uint8_t)(200 + t_below(3)), 0x98);
			w.request.destination = w.order.destination;
			w.q.prices = prices;
			w.q.prices_n = ARRAY_LEN(prices);
			w.q.prices_needed = 1;
			w.q.order_known = (struct policy_moment){ .known = true,
								  .chain_s = w.q.now.chain_s -
									     (uint32_t)t_below(4),
								  .own_ms = NOW - 4000 };
			w.q.listed = w.q.order_known;
			w.q.approvals = (unsigned)t_below(5);
			w.q.policy = &before;
			was = policy_judge(&w.q);
			w.q.policy = &after;
			is = policy_judge(&w.q);
			allowed += is.err == ERR_OK;
			T_CHECK(is.err != ERR_OK || was.err == ERR_OK);
		}
	}
	printf("# %u pairs, %u allowed\n", pairs, allowed);
	T_CHECK(pairs > 1000 && allowed > 1000);
}

static void words(void)
{
	T_STR(compare_word(CHANGE_NONE), "same");
	T_STR(compare_word(CHANGE_TIGHTENS), "tightens");
	T_STR(compare_word(CHANGE_LOOSENS), "loosens");
	T_STR(compare_word(CHANGE_OTHER), "incomparable");
}

static void unknown_word(void)
{
	(void)compare_word((enum change)9);
}

static void an_unknown_change_dies(void)
{
	T_CHECK(t_dies(SIGABRT, unknown_word));
}

int main(int argc, char **argv)
{
	static const struct t_case cases[] = {
		{ "numbers and amounts, one by one", every_number },
		{ "tiers", tiers },
		{ "times of the week", times_of_the_week },
		{ "lists, words, yen", lists_and_words },
		{ "rosters", rosters },
		{ "people come and go", people_come_and_go },
		{ "a partial order of policies", partial_order },
		{ "a partial order of rosters", partial_order_of_rosters },
		{ "what does not loosen allows nothing new",
		  no_question_is_answered_yes_that_was_no },
		{ "words", words },
		{ "an unknown change dies", an_unknown_change_dies },
	};

	return t_main(cases, sizeof cases / sizeof cases[0], argc, argv);
}
