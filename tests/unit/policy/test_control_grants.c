/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Goal: what is granted for a while and what counts after a while (docs/decisions/0024) begins and
 * ends for all alike, one person can end it, and it fills no table.
 *
 * Method: grants and listed places beside freezes, forks and rules that were disowned, at keepers
 * whose clocks differ; places that are full.
 */
#include "control_rig.h"

/* A place that a policy or a grant can name. */
static void place_of(struct doc_address *out, unsigned i)
{
	world_address(out, (uint8_t)(200 + i), 0x98);
}

/* The successor with these destinations: bit i is place_of(i). */
static void lists(struct text *t, const struct keeper *o, unsigned which)
{
	struct doc_policy p = o->policy;

	p.number++;
	p.previous = o->policy_id;
	p.destination_count = 0;
	for (unsigned i = 0; i < 3; i++) {
		if ((which >> i & 1) != 0) {
			struct doc_destination *d = &p.destinations[p.destination_count++];

			place_of(&d->address, i);
			(void)snprintf(d->name, sizeof d->name, "place-%u", i);
		}
	}
	sign(t, DOC_POLICY, &p, 3);
}

/* To place i, from now on for so long. */
static void grant(struct text *t, unsigned i, uint64_t life_ms, unsigned by)
{
	struct doc_grant g = {
		.from_ms = NOW, .genesis = genesis, .until_ms = NOW + life_ms, .up_to = xem(X(7))
	};

	place_of(&g.destination, i);
	(void)snprintf(g.reason, sizeof g.reason, "a new office");
	sign(t, DOC_GRANT, &g, by);
}

/* So many grants to place i are given to who judges now. */
static size_t granted(const struct keeper *o, unsigned i, uint64_t late_ms, bool waiting)
{
	static struct doc_grant out[CONTROL_GRANTS_KEPT];
	struct doc_address to;
	const struct control_grants_ask ask = {
		.to = &to, .at = &o->now, .late_ms = late_ms, .waiting = waiting
	};

	place_of(&to, i);
	return control_grants(&o->c, &ask, out);
}

static struct policy_moment listed(const struct keeper *o, unsigned i)
{
	struct doc_address to;

	place_of(&to, i);
	return control_listed(&o->c, &to);
}

static void grants_wait_and_end(void)
{
	char words[200];
	uint64_t wait;

	start();
	wait = k.policy.loosening_ms;
	grant(&t1, 0, 3 * wait, 1);
	REFUSED(&k, &t1, ERR_APPROVALS, "signatures");
	grant(&t1, 0, 3 * wait, 0);
	REFUSED(&k, &t1, ERR_UNSIGNED, "signatures");
	grant(&t1, 0, 3 * wait, 3);
	TAKEN(&k, &t1);
	T_EQ(STATE(&k, &t1), CONTROL_WAITS);
	T_EQ(granted(&k, 0, 0, false), 0);
	T_EQ(granted(&k, 0, 0, true), 1);
	T_EQ(granted(&k, 1, 0, true), 0);
	/* neither clock alone */
	pass(&k, wait, 0);
	T_EQ(STATE(&k, &t1), CONTROL_WAITS);
	pass(&k, 0, (uint32_t)(wait / 1000));
	T_EQ(STATE(&k, &t1), CONTROL_IN_FORCE);
	T_EQ(granted(&k, 0, 0, false), 1);
	T_EQ(k.policy.number, 1);
	/* told again it changes nothing; a fork of others is none of its */
	TAKEN(&k, &t1);
	T_EQ(k.c.n, 1);
	control_waiting_words(&k.c, &k.now, words, sizeof words);
	T_CHECK(strstr(words, " runs, 7200 s left") != NULL);
	/* the host's clock ends it; set back, it stays over */
	k.now.wall_ms = NOW + 3 * wait - 1;
	pass(&k, 0, 0);
	T_EQ(granted(&k, 0, 0, false), 1);
	T_EQ(k.c.grants_over, 0);
	k.now.wall_ms++;
	pass(&k, 0, 0);
	T_EQ(STATE(&k, &t1), CONTROL_PAST);
	T_EQ(k.c.grants_over, 1);
	k.now.wall_ms = NOW + wait;
	pass(&k, 0, 0);
	T_EQ(granted(&k, 0, 0, false), 0);
	TAKEN(&k, &t1);
	T_EQ(STATE(&k, &t1), CONTROL_PAST);
	/* who judges what others signed then has clocks of his own */
	k.now.wall_ms = NOW + 3 * wait + 600000;
	T_EQ(granted(&k, 0, 600000, false), 1);
	T_EQ(granted(&k, 0, 599999, false), 0);
	T_EQ(granted(&k, 0, 0, true), 0);
	control_waiting_words(&k.c, &k.now, words, sizeof words);
	T_STR(words, "none");
	/* the chain's clock alone ends it too, wherever the host's was set */
	TAKEN(&l, &t1);
	l.now.chain_s = (uint32_t)((NOW - 1427587585000) / 1000);
	pass(&l, wait, (uint32_t)(wait / 1000));
	T_EQ(STATE(&l, &t1), CONTROL_IN_FORCE);
	l.now.wall_ms = 0;
	control_waiting_words(&l.c, &l.now, words, sizeof words);
	T_CHECK(strstr(words, " runs, 7200 s left") != NULL);
	pass(&l, 0, (uint32_t)(2 * wait / 1000) - 1);
	T_EQ(STATE(&l, &t1), CONTROL_IN_FORCE);
	pass(&l, 0, 2);
	T_EQ(STATE(&l, &t1), CONTROL_PAST);
	/* an unknown chain ends nothing, and begins nothing */
	TAKEN(&m, &t1);
	m.now.chain_s = 0;
	pass(&m, wait, 0);
	T_EQ(STATE(&m, &t1), CONTROL_WAITS);
	m.now.chain_s = 1000000;
	pass(&m, 0, 0);
	pass(&m, 0, (uint32_t)(wait / 1000));
	T_EQ(STATE(&m, &t1), CONTROL_IN_FORCE);
	m.now.chain_s = 0;
	control_waiting_words(&m.c, &m.now, words, sizeof words);
	T_CHECK(strstr(words, " runs, 7200 s left") != NULL);
	pass(&m, 0, 0);
	T_EQ(STATE(&m, &t1), CONTROL_IN_FORCE);
	T_MEM(&k.c.head, &m.c.head, 32);
}

/* One entry is due, and comes into force or is over. */
static void one_due(struct keeper *o)
{
	struct control_entry *e = control_due(&o->c, &o->now);
	struct id128 name;

	CHECK(e != NULL);
	memcpy(name.b, e->id.b, sizeof name.b);
	CHECK(control_activate(&o->c, &name, o->now.wall_ms, &o->now));
}

/* Who was down, or has a slow clock, waits longer than a grant runs: it never runs there. */
static void grants_over_before_they_run(void)
{
	uint64_t wait;

	start();
	wait = k.policy.loosening_ms;
	grant(&t1, 0, 2 * wait, 3);
	TAKEN(&k, &t1);
	k.now.wall_ms += 2 * wait;
	T_CHECK(control_due(&k.c, &k.now) == NULL);
	k.now.own_ms += wait;
	k.now.chain_s += (uint32_t)(wait / 1000);
	one_due(&k);
	T_EQ(STATE(&k, &t1), CONTROL_PAST);
	T_EQ(granted(&k, 0, 0, true), 0);
	T_CHECK(control_due(&k.c, &k.now) == NULL);
	/* what others signed under it just before is none of its fault */
	T_EQ(granted(&k, 0, 600000, false), 1);
	/* a host's clock that is set back finds it over */
	k.now.wall_ms = NOW + wait;
	T_CHECK(control_due(&k.c, &k.now) == NULL);
	T_EQ(granted(&k, 0, 0, true), 0);
	/* the chain's clock alone; a millisecond before the end it runs */
	TAKEN(&l, &t1);
	l.now.own_ms += wait;
	l.now.chain_s = (uint32_t)((NOW + 2 * wait - 1427587585000) / 1000) + 1;
	one_due(&l);
	T_EQ(STATE(&l, &t1), CONTROL_PAST);
	TAKEN(&m, &t1);
	m.now.own_ms += wait;
	m.now.chain_s += (uint32_t)(wait / 1000);
	m.now.wall_ms = NOW + 2 * wait - 1;
	one_due(&m);
	T_EQ(STATE(&m, &t1), CONTROL_IN_FORCE);
	/* rules have no end */
	policy(&t2, &k, X(90000000), 3);
	TAKEN(&k, &t2);
	k.now.wall_ms += 100 * wait;
	k.now.own_ms += wait;
	k.now.chain_s += (uint32_t)(wait / 1000);
	one_due(&k);
	T_EQ(STATE(&k, &t2), CONTROL_IN_FORCE);
}

static void grants_are_cancelled(void)
{
	const struct hash32 *ids[2];
	char words[200];

	start();
	grant(&t1, 0, 90000000, 3);
	cancel(&t2, "approver-1", &t1.id, 1 << 3);
	/* while it waits */
	TAKEN(&k, &t1);
	control_waiting_words(&k.c, &k.now, words, sizeof words);
	T_CHECK(strncmp(words, "grant ", 6) == 0 && strstr(words, " in 3600 s") != NULL);
	TAKEN(&k, &t2);
	T_EQ(STATE(&k, &t1), CONTROL_CANCELLED);
	T_EQ(granted(&k, 0, 600000, true), 0);
	pass(&k, 3600000, 3600);
	T_EQ(STATE(&k, &t1), CONTROL_CANCELLED);
	T_EQ(k.c.grants_over, 0);
	/* while it runs */
	TAKEN(&l, &t1);
	pass(&l, 3600000, 3600);
	T_EQ(STATE(&l, &t1), CONTROL_IN_FORCE);
	TAKEN(&l, &t2);
	T_EQ(STATE(&l, &t1), CONTROL_PAST);
	T_EQ(l.c.grants_over, 1);
	T_EQ(granted(&l, 0, 0, true), 0);
	T_EQ(granted(&l, 0, 1, false), 1);
	T_CHECK(!control_find(&l.c, &t2.id)->idle);
	/* before it came */
	TAKEN(&m, &t2);
	TAKEN(&m, &t1);
	T_EQ(STATE(&m, &t1), CONTROL_CANCELLED);
	T_EQ(granted(&m, 0, 0, true), 0);
	T_MEM(&k.c.head, &l.c.head, 32);
	T_MEM(&k.c.head, &m.c.head, 32);
	/* a resume that names it ends it, waiting or not */
	start();
	grant(&t2, 1, 90000000, 3);
	TAKEN(&k, &t1);
	pass(&k, 3600000, 3600);
	TAKEN(&k, &t2);
	ids[0] = &t1.id;
	ids[1] = &t2.id;
	resume(&t3, ids, 2, 1, 3);
	TAKEN(&k, &t3);
	T_EQ(STATE(&k, &t1), CONTROL_PAST);
	T_EQ(STATE(&k, &t2), CONTROL_CANCELLED);
	/* the bugs that ./sim finds: it runs at once, it never ends */
	keeper_make(&m, CONTROL_PLANT_AT_ONCE | CONTROL_PLANT_ENDLESS);
	TAKEN(&m, &t1);
	T_EQ(granted(&m, 0, 0, false), 1);
	pass(&m, 90000000, 90000);
	T_EQ(STATE(&m, &t1), CONTROL_PAST);
	T_EQ(granted(&m, 0, 0, false), 1);
}

/* A grant that runs can be ended whatever else was said; one that is over is nothing to end. */
static void grants_end_in_a_full_place(void)
{
	const struct hash32 nothing = { { 0x99 } };

	start();
	grant(&t1, 0, 90000000, 3);
	grant(&t3, 1, 90000000, 3);
	TAKEN(&k, &t1);
	TAKEN(&k, &t3);
	pass(&k, 3600000, 3600);
	cancel(&t2, "approver-1", &t3.id, 1 << 3);
	TAKEN(&k, &t2);
	T_EQ(STATE(&k, &t3), CONTROL_PAST);
	for (uint8_t i = 0; i < CONTROL_IDLE_EACH_MAX; i++) {
		struct hash32 id = { { i } };

		cancel(&t2, "officer-1", &id, 1);
		TAKEN(&k, &t2);
	}
	cancel(&t2, "officer-1", &nothing, 1);
	REFUSED(&k, &t2, ERR_FULL, "document");
	cancel(&t2, "officer-1", &t3.id, 1);
	REFUSED(&k, &t2, ERR_FULL, "document");
	T_EQ(STATE(&k, &t3), CONTROL_PAST);
	cancel(&t2, "officer-1", &t1.id, 1);
	TAKEN(&k, &t2);
	T_EQ(STATE(&k, &t1), CONTROL_PAST);
	T_EQ(granted(&k, 0, 0, true), 0);
	T_EQ(granted(&k, 0, 1, false), 1);
}

/* Who has used up his places can still disown rules that were in force before his word came: where
 * they wait yet it stops them, and all keepers must take the same. */
static void disowned_in_a_full_place(void)
{
	start();
	policy(&t1, &k, X(90000000), 3);
	TAKEN(&k, &t1);
	pass(&k, 3600000, 3600);
	T_EQ(STATE(&k, &t1), CONTROL_IN_FORCE);
	for (uint8_t i = 0; i < CONTROL_IDLE_EACH_MAX; i++) {
		struct hash32 id = { { i } };

		cancel(&t2, "officer-1", &id, 1);
		TAKEN(&k, &t2);
	}
	cancel(&t2, "officer-1", &t1.id, 1);
	TAKEN(&k, &t2);
	T_CHECK(control_find(&k.c, &t1.id)->disowned);
}

static void grants_have_room(void)
{
	uint64_t life_ms = 90000000;

	start();
	for (unsigned i = 0; i < CONTROL_GRANTS_MAX; i++) {
		grant(&t1, i, life_ms + i, 3);
		TAKEN(&k, &t1);
	}
	grant(&t2, 0, life_ms + 100, 3);
	REFUSED(&k, &t2, ERR_FULL, "");
	pass(&k, 3600000, 3600);
	REFUSED(&k, &t2, ERR_FULL, "");
	cancel(&t3, "officer-1", &t1.id, 1);
	TAKEN(&k, &t3);
	TAKEN(&k, &t2);
	T_EQ(STATE(&k, &t2), CONTROL_WAITS);
	/* the rest are over; the last that were make room last */
	pass(&k, 2 * life_ms, (uint32_t)(2 * life_ms / 1000));
	T_EQ(k.c.grants_over, CONTROL_GRANTS_MAX + 1);
	for (unsigned i = 0; i < CONTROL_GRANTS_KEPT; i++) {
		grant(&t4, 100, life_ms + 1000 + i, 3);
		TAKEN(&k, &t4);
		pass(&k, 3600000, 3600);
	}
	T_EQ(STATE(&k, &t4), CONTROL_PAST);
	T_EQ(granted(&k, 0, UINT64_MAX / 4, false), 0);
	T_EQ(granted(&k, 100, UINT64_MAX / 4, false), CONTROL_GRANTS_KEPT);
	/* a full table takes none */
	while (k.c.n + CONTROL_BIND_MAX < CONTROL_DOCS_MAX) {
		struct hash32 id = { { (uint8_t)k.c.n, (uint8_t)(k.c.n >> 8), 1 } };
		const struct hash32 *ids[1] = { &id };

		resume(&t3, ids, 1, (uint8_t)k.c.n, 3);
		if (tell(&k, &t3).err != ERR_OK) {
			break;
		}
	}
	grant(&t2, 0, life_ms + 101, 3);
	while (tell(&k, &t2).err == ERR_OK) {
		pass(&k, 3600000, 3600);
		grant(&t2, 0, life_ms + 101 + k.c.n, 3);
	}
	REFUSED(&k, &t2, ERR_FULL, "");
}

/* Rules that fork lock; what was granted does not hang on them, what waits does. */
static void grants_and_forks(void)
{
	start();
	grant(&t1, 0, 90000000, 3);
	TAKEN(&k, &t1);
	pass(&k, 3600000, 3600);
	grant(&t4, 1, 90000000, 3);
	TAKEN(&k, &t4);
	policy(&t2, &k, X(90000000), 3);
	policy(&t3, &k, X(90000001), 3);
	TAKEN(&k, &t2);
	TAKEN(&k, &t3);
	T_EQ(k.c.forked, 1);
	pass(&k, 3600000, 3600);
	T_EQ(STATE(&k, &t1), CONTROL_IN_FORCE);
	T_EQ(STATE(&k, &t4), CONTROL_WAITS);
	pass(&k, 90000000, 90000);
	T_EQ(STATE(&k, &t1), CONTROL_PAST);
	T_EQ(STATE(&k, &t4), CONTROL_WAITS);
}

static void listed_since(void)
{
	struct policy_moment first;
	uint64_t wait;

	start();
	wait = k.policy.loosening_ms;
	/* the first policy: from the beginning */
	place_of(&k.policy.destinations[0].address, 0);
	k.policy.destination_count = 1;
	T_CHECK(listed(&k, 0).known && listed(&k, 0).always);
	T_CHECK(!listed(&k, 1).known);
	lists(&t1, &k, 3);
	TAKEN(&k, &t1);
	pass(&k, wait, (uint32_t)(wait / 1000));
	T_EQ(k.policy.number, 2);
	T_CHECK(listed(&k, 0).always);
	first = listed(&k, 1);
	T_CHECK(first.known && !first.always);
	T_EQ(first.own_ms, k.now.own_ms);
	T_EQ(first.chain_s, k.now.chain_s);
	/* carried over, wherever it stands in the list */
	pass(&k, 5000, 5);
	lists(&t2, &k, 2);
	TAKEN(&k, &t2);
	T_EQ(k.policy.number, 3);
	T_EQ(listed(&k, 1).own_ms, first.own_ms);
	T_EQ(listed(&k, 1).chain_s, first.chain_s);
	T_CHECK(!listed(&k, 0).known);
	/* who comes back begins anew */
	lists(&t3, &k, 7);
	TAKEN(&k, &t3);
	pass(&k, wait, (uint32_t)(wait / 1000));
	T_EQ(k.policy.number, 4);
	T_CHECK(listed(&k, 0).known && !listed(&k, 0).always);
	T_EQ(listed(&k, 0).own_ms, k.now.own_ms);
	T_EQ(listed(&k, 1).own_ms, first.own_ms);
	T_EQ(listed(&k, 2).chain_s, k.now.chain_s);
	/* where nobody knows the chain's time, nobody knows since when */
	keeper_make(&m, CONTROL_PLANT_AT_ONCE);
	m.now.chain_s = 0;
	lists(&t1, &m, 1);
	TAKEN(&m, &t1);
	T_EQ(m.policy.number, 2);
	T_CHECK(!listed(&m, 0).known);
}

int main(int argc, char **argv)
{
	static const struct t_case cases[] = {
		{ "grants wait, run and end", grants_wait_and_end },
		{ "grants that are over before they run", grants_over_before_they_run },
		{ "one ends a grant", grants_are_cancelled },
		{ "one ends a grant in a full place", grants_end_in_a_full_place },
		{ "one disowns rules in a full place", disowned_in_a_full_place },
		{ "so many grants", grants_have_room },
		{ "grants and forks", grants_and_forks },
		{ "listed since", listed_since },
	};

	rig_init();
	return t_main(cases, ARRAY_LEN(cases), argc, argv);
}
