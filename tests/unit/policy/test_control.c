/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Goal: one person stops, a quorum starts again and changes rules, and two who were told the same
 * things in another order agree.
 *
 * Method: every rule of control.h is asked for and every refusal provoked, with true keys that may
 * not; then random documents are told to three tables in different orders, with a replay of each.
 */
#include <stdio.h>
#include <stdlib.h>

#include "base/hex.h"
#include "crypto/crypto.h"
#include "crypto/ed25519.h"
#include "passkey_kit.h"
#include "policy/control.h"
#include "policy_world.h"
#include "t.h"

enum {
	OFFICERS = 3,
	PEOPLE = 6,
	HOLDERS = 5,
	NEEDED = 3,
	DOCS = 64,
	ARENA = 192 * 1024,
	FREEZE_ARENA = 64 * 1024
};

struct key {
	struct key32 key;
	uint8_t secret[ED25519_SECRET_BYTES];
};

static struct key people[PEOPLE], watcher[2], backend, stranger, later, attest[2];
static struct key holder[HOLDERS];
static const char *const names[PEOPLE] = { "officer-1",  "officer-2",  "officer-3",
					   "approver-1", "approver-2", "auditor-1" };
static struct hash32 genesis;

/* One keeper of a table. */
struct keeper {
	struct control c;
	struct hash32 roster_id, policy_id;
	struct doc_roster roster;
	struct doc_policy policy;
	uint8_t freezes[FREEZE_ARENA], others[ARENA];
	uint64_t sequence;
	struct policy_time now;
};

static struct keeper k, l, m;

static void key_make(struct key *out, uint8_t n)
{
	uint8_t seed[ED25519_SEED_BYTES] = { n, 31 };

	ed25519_keypair(&out->key, out->secret, seed);
}

static void first_rules(struct doc_roster *r, struct doc_policy *p)
{
	static const uint32_t roles[PEOPLE] = { DOC_ROLE_OFFICER,  DOC_ROLE_OFFICER,
						DOC_ROLE_OFFICER,  DOC_ROLE_APPROVER,
						DOC_ROLE_APPROVER, DOC_ROLE_AUDITOR };
	struct world w;

	*r = (struct doc_roster){ .backend_count = 1,
				  .governance = 2,
				  .number = 1,
				  .people_count = PEOPLE,
				  .signer_count = 2,
				  .software_approvals = true,
				  .watcher_count = 2,
				  .watchers_needed = 2,
				  .genesis = genesis };
	(void)snprintf(r->backends[0].id, sizeof r->backends[0].id, "backend");
	r->backends[0].key = backend.key;
	r->holder_count = HOLDERS;
	for (size_t i = 0; i < HOLDERS; i++) {
		(void)snprintf(r->holders[i].id, sizeof r->holders[i].id, "holder-%zu", i + 1);
		r->holders[i].key = holder[i].key;
	}
	for (size_t i = 0; i < PEOPLE; i++) {
		(void)snprintf(r->people[i].id, sizeof r->people[i].id, "%s", names[i]);
		r->people[i].key = people[i].key;
		r->people[i].roles = roles[i];
	}
	for (size_t i = 0; i < 2; i++) {
		r->signers[i].attest_key = attest[i].key;
		memset(&r->signers[i].chain_key, (int)(i + 3), 32);
		r->signers[i].id = (enum doc_signer)i;
		(void)snprintf(r->watchers[i].id, sizeof r->watchers[i].id, "w%zu", i + 1);
		r->watchers[i].key = watcher[i].key;
	}
	world_make(&w);
	*p = w.policy;
	p->number = 1;
	p->genesis = genesis;
	p->loosening_ms = 3600000;
}

static void keeper_make(struct keeper *o, unsigned planted)
{
	memset(o, 0, sizeof *o);
	first_rules(&o->roster, &o->policy);
	o->roster_id.b[0] = 0xaa;
	o->policy_id.b[0] = 0xbb;
	o->now = (struct policy_time){ .own_ms = NOW, .wall_ms = NOW, .chain_s = 1000000 };
	control_init(
	    &o->c, &genesis,
	    &(struct control_rules){ &o->roster_id, &o->policy_id, &o->roster, &o->policy, NEEDED },
	    &(struct control_storage){ .freezes = o->freezes,
				       .freezes_cap = sizeof o->freezes,
				       .others = o->others,
				       .others_cap = sizeof o->others },
	    planted);
}

/* ---- documents ------------------------------------------------------------------------------ */

struct text {
	uint8_t raw[32 * 1024];
	size_t n;
	struct hash32 id;
};

static struct text t1, t2, t3, t4;

/* Signed by these people (or none of them): bit i is people[i], 6 and 7 the watchers, 8 later, 9 a
 * stranger, 10 and 11 the signers, 12 and so on the holders. */
static void sign(struct text *t, enum doc_type type, const void *in, unsigned by)
{
	static uint8_t body[32 * 1024];
	struct writer w = writer_make(body, sizeof body);
	struct writer out = writer_make(t->raw, sizeof t->raw);
	struct doc_seal seals[16];
	size_t n = 0;
	struct doc_fault fault = { "", "" };

	if (doc_write(&w, type, in, &fault) != ERR_OK) {
		printf("# %s: %s %s\n", doc_type_name(type), fault.field, fault.why);
		CHECK(false);
	}
	doc_id(&t->id, type, doc_type_version(type), &genesis, bytes_of(w.p, w.n));
	for (unsigned i = 0; i < 12 + HOLDERS; i++) {
		const struct key *key = i < PEOPLE ? &people[i]
					: i < 8    ? &watcher[i - PEOPLE]
					: i == 8   ? &later
					: i == 9   ? &stranger
					: i < 12   ? &attest[i - 10]
						   : &holder[i - 12];

		if ((by >> i & 1) != 0) {
			doc_sign(&seals[n++], &t->id, key->secret);
		}
	}
	CHECK(doc_close(&out, type, bytes_of(w.p, w.n), seals, n) == ERR_OK);
	t->n = out.n;
}

static void freeze(struct text *t, const char *issuer, uint8_t nonce, bool evacuate, unsigned by)
{
	struct doc_freeze f = {
		.genesis = genesis, .scope = DOC_SCOPE_ALL, .nonce = { nonce }, .evacuate = evacuate
	};

	(void)snprintf(f.issuer, sizeof f.issuer, "%s", issuer);
	sign(t, DOC_FREEZE, &f, by);
}

static int id_cmp(const void *a, const void *b)
{
	return hash32_cmp(&((const struct doc_lift *)a)->id, &((const struct doc_lift *)b)->id);
}

static void resume_of(struct doc_resume *r, const struct hash32 *const *ids, size_t n,
		      uint8_t nonce)
{
	*r = (struct doc_resume){ .genesis = genesis,
				  .scope = DOC_SCOPE_ALL,
				  .nonce = { nonce },
				  .initiator = "officer-1",
				  .lift_count = n };
	for (size_t i = 0; i < n; i++) {
		r->freezes[i].id = *ids[i];
	}
	qsort(r->freezes, n, sizeof r->freezes[0], id_cmp);
}

static void resume(struct text *t, const struct hash32 *const *ids, size_t n, uint8_t nonce,
		   unsigned by)
{
	struct doc_resume r;

	resume_of(&r, ids, n, nonce);
	sign(t, DOC_RESUME, &r, by);
}

static void strike(struct doc_resume *r, const struct key32 *key)
{
	struct doc_struck *s = &r->struck[r->struck_count++];

	s->key_n = 32;
	memcpy(s->key, key->b, 32);
}

static int struck_cmp(const void *a, const void *b)
{
	const struct doc_struck *x = a;
	const struct doc_struck *y = b;
	int by_bytes = memcmp(x->key, y->key, x->key_n < y->key_n ? x->key_n : y->key_n);

	return by_bytes != 0 ? by_bytes : (int)x->key_n - (int)y->key_n;
}

static void cancel(struct text *t, const char *person, const struct hash32 *id, unsigned by)
{
	struct doc_cancel c = { .genesis = genesis, .document = *id };

	(void)snprintf(c.person, sizeof c.person, "%s", person);
	sign(t, DOC_CANCEL, &c, by);
}

/* The successor of what a keeper has in force, with another day_max: more loosens. */
static void policy(struct text *t, const struct keeper *o, uint64_t day_max, unsigned by)
{
	struct doc_policy p = o->policy;

	p.number++;
	p.previous = o->policy_id;
	p.day_max = xem(day_max);
	sign(t, DOC_POLICY, &p, by);
}

/* The successor with these destinations: bit i is place_of(i). */
static void place_of(struct doc_address *out, unsigned i)
{
	world_address(out, (uint8_t)(200 + i), 0x98);
}

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

static struct policy_verdict tell(struct keeper *o, const struct text *t)
{
	struct control_news news;
	struct policy_verdict v;
	struct doc d;

	CHECK(doc_open(&d, bytes_of(t->raw, t->n), &genesis, NULL) == ERR_OK);
	v = control_check(&o->c, &d, &news);
	if (v.err == ERR_OK && !news.known) {
		(void)control_take(&o->c, &d, &news, ++o->sequence, o->now.wall_ms, &o->now);
	}
	return v;
}

/* Time passes by both clocks; what is due comes into force. */
static void pass(struct keeper *o, uint64_t ms, uint32_t chain_s)
{
	struct control_entry *e;

	o->now.own_ms += ms;
	o->now.wall_ms += ms;
	o->now.chain_s += chain_s;
	while ((e = control_due(&o->c, &o->now)) != NULL) {
		struct id128 name;

		memcpy(name.b, e->id.b, sizeof name.b);
		CHECK(control_activate(&o->c, &name, o->now.wall_ms, &o->now));
	}
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

#define REFUSED(keeper, text, code, f)                         \
	do {                                                   \
		struct hash32 head_ = (keeper)->c.head;        \
		struct policy_verdict v_ = tell(keeper, text); \
		T_EQ(v_.err, code);                            \
		T_STR(v_.field, f);                            \
		T_MEM(&(keeper)->c.head, &head_, 32);          \
	} while (0)
#define TAKEN(keeper, text) T_EQ(tell(keeper, text).err, ERR_OK)
#define STATE(keeper, text) (control_find(&(keeper)->c, &(text)->id)->state)

static void start(void)
{
	keeper_make(&k, 0);
	keeper_make(&l, 0);
	keeper_make(&m, 0);
}

/* ---- cases ----------------------------------------------------------------------------------- */

static void who_stops(void)
{
	start();
	freeze(&t1, "officer-1", 1, false, 1);
	TAKEN(&k, &t1);
	T_EQ(k.c.binding, 1);
	TAKEN(&k, &t1);
	T_EQ(k.c.binding, 1);
	T_EQ(k.c.n, 1);
	freeze(&t1, "w1", 1, false, 1 << 6);
	TAKEN(&k, &t1);
	freeze(&t1, "officer-1", 2, false, 0);
	REFUSED(&k, &t1, ERR_UNSIGNED, "signatures");
	freeze(&t1, "officer-1", 2, false, 2);
	REFUSED(&k, &t1, ERR_SIGNATURE, "signatures");
	freeze(&t1, "approver-1", 2, false, 1 << 3);
	REFUSED(&k, &t1, ERR_SIGNER_UNKNOWN, "issuer");
	freeze(&t1, "nobody", 2, false, 1 << 9);
	REFUSED(&k, &t1, ERR_SIGNER_UNKNOWN, "issuer");
	for (uint8_t i = 2; i < CONTROL_BIND_EACH_MAX; i++) {
		freeze(&t1, "officer-1", i, false, 1);
		TAKEN(&k, &t1);
	}
	freeze(&t1, "officer-1", 60, false, 1);
	REFUSED(&k, &t1, ERR_FULL, "");
	freeze(&t1, "officer-1", 60, true, 1);
	TAKEN(&k, &t1);
	freeze(&t1, "officer-1", 61, true, 1);
	REFUSED(&k, &t1, ERR_FULL, "");
	T_EQ(k.c.binding, CONTROL_BIND_EACH_MAX + 1);
}

static void who_starts(void)
{
	const struct hash32 *both[2];
	struct doc_resume r;

	start();
	freeze(&t1, "officer-1", 1, false, 1);
	freeze(&t2, "w1", 1, false, 1 << 6);
	TAKEN(&k, &t1);
	TAKEN(&k, &t2);
	both[0] = &t1.id;
	both[1] = &t2.id;
	resume(&t3, both, 2, 1, 0);
	REFUSED(&k, &t3, ERR_UNSIGNED, "signatures");
	resume(&t3, both, 2, 1, 1);
	REFUSED(&k, &t3, ERR_APPROVALS, "signatures");
	/* neither approvers, auditors, watchers nor strangers are officers */
	resume(&t3, both, 2, 1, 1 | 1 << 3 | 1 << 4 | 1 << 5 | 1 << 6 | 1 << 7 | 1 << 9);
	REFUSED(&k, &t3, ERR_APPROVALS, "signatures");
	/* the initiator is one of those who sign */
	resume(&t3, both, 2, 1, 6);
	REFUSED(&k, &t3, ERR_SIGNER_UNKNOWN, "initiator");
	T_EQ(k.c.binding, 2);
	/* it lifts what it names and nothing else */
	resume(&t3, both, 1, 2, 3);
	TAKEN(&k, &t3);
	T_EQ(k.c.binding, 1);
	T_EQ(STATE(&k, &t1), CONTROL_LIFTED);
	T_EQ(STATE(&k, &t2), CONTROL_BINDS);
	T_EQ(control_raw(&k.c, control_find(&k.c, &t1.id)).n, 0);
	T_CHECK(bytes_eq(control_raw(&k.c, control_find(&k.c, &t2.id)), bytes_of(t2.raw, t2.n)));
	/* lifted is lifted: the old freeze again stops nothing */
	TAKEN(&k, &t1);
	T_EQ(k.c.binding, 1);
	T_CHECK(control_lifted(&k.c, &t1.id));
	/* the old resume again does not lift a newer one */
	resume(&t4, both, 2, 3, 3);
	TAKEN(&k, &t4);
	T_EQ(k.c.binding, 0);
	freeze(&t2, "w1", 2, false, 1 << 6);
	TAKEN(&k, &t2);
	TAKEN(&k, &t3);
	TAKEN(&k, &t4);
	T_EQ(k.c.binding, 1);
	/* a resume of everybody's is as good as one of two */
	both[0] = &t2.id;
	resume_of(&r, both, 1, 9);
	(void)snprintf(r.initiator, sizeof r.initiator, "officer-3");
	sign(&t3, DOC_RESUME, &r, 7);
	TAKEN(&k, &t3);
	T_EQ(k.c.binding, 0);
}

/* A resume that came first: the freeze that comes later binds no more. */
static void known_before(void)
{
	const struct hash32 *one[1] = { &t1.id };

	start();
	freeze(&t1, "officer-1", 1, false, 1);
	resume(&t2, one, 1, 1, 3);
	TAKEN(&k, &t1);
	TAKEN(&k, &t2);
	TAKEN(&l, &t2);
	T_MEM(&k.c.head, &l.c.head, 32);
	T_EQ(k.c.n, l.c.n);
	TAKEN(&l, &t1);
	T_EQ(l.c.binding, 0);
	T_MEM(&k.c.head, &l.c.head, 32);
	T_EQ(l.c.n, 2);
	/* the bug that ./sim finds: what was named before it came is forgotten */
	keeper_make(&m, CONTROL_PLANT_FORGET);
	TAKEN(&m, &t2);
	TAKEN(&m, &t1);
	T_EQ(m.c.binding, 1);
}

static void struck(void)
{
	const struct hash32 *none[1] = { NULL };
	struct doc_resume r;
	struct doc_roster roster;
	static const uint8_t zero[32];

	start();
	/* an officer, an approver, a watcher and the back end lose their keys */
	resume_of(&r, none, 0, 1);
	strike(&r, &people[2].key);
	for (size_t i = 0; i < 3; i++) {
		const struct key32 *keys[3] = { &people[3].key, &watcher[0].key, &backend.key };
		struct doc_resume one;

		resume_of(&one, none, 0, (uint8_t)(i + 10));
		strike(&one, keys[i]);
		sign(&t1, DOC_RESUME, &one, 3);
		TAKEN(&k, &t1);
	}
	T_EQ(k.roster.people_count, PEOPLE);
	T_MEM(k.roster.people[3].key.b, zero, 32);
	T_MEM(k.roster.watchers[0].key.b, zero, 32);
	T_MEM(k.roster.backends[0].key.b, zero, 32);
	T_MEM(k.roster.people[4].key.b, people[4].key.b, 32);
	freeze(&t2, "w1", 1, false, 1 << 6);
	REFUSED(&k, &t2, ERR_SIGNATURE, "signatures");
	cancel(&t2, "approver-1", &t1.id, 1 << 3);
	REFUSED(&k, &t2, ERR_SIGNATURE, "signatures");
	/* one whose key it strikes does not count for it */
	sign(&t1, DOC_RESUME, &r, 1 | 4);
	REFUSED(&k, &t1, ERR_APPROVALS, "signatures");
	sign(&t1, DOC_RESUME, &r, 3);
	TAKEN(&k, &t1);
	freeze(&t2, "officer-3", 1, false, 4);
	REFUSED(&k, &t2, ERR_SIGNATURE, "signatures");
	policy(&t2, &k, X(1), 1 | 4);
	REFUSED(&k, &t2, ERR_APPROVALS, "signatures");
	/* nor may so many go that nobody could start anything again */
	resume_of(&r, none, 0, 2);
	strike(&r, &stranger.key);
	r.struck_count = 0;
	strike(&r, &people[1].key);
	sign(&t1, DOC_RESUME, &r, 3);
	REFUSED(&k, &t1, ERR_APPROVALS, "signatures");
	/* nor a signer's */
	resume_of(&r, none, 0, 3);
	strike(&r, &k.roster.signers[1].chain_key);
	sign(&t1, DOC_RESUME, &r, 3);
	REFUSED(&k, &t1, ERR_POLICY, "struck");
	/* a roster cannot bring it back */
	roster = k.roster;
	roster.number = 2;
	roster.previous = k.roster_id;
	roster.people[2].key = people[2].key;
	roster.people[3].key = later.key;
	roster.watchers[0].key = stranger.key;
	roster.backends[0].key = k.roster.signers[0].attest_key;
	roster.backends[0].key.b[0] = 0x77;
	sign(&t1, DOC_ROSTER, &roster, 3);
	REFUSED(&k, &t1, ERR_POLICY, "people");
}

static void governance_stays(void)
{
	const struct hash32 *none[1] = { NULL };
	struct doc_resume r;
	struct doc_roster roster;

	start();
	/* three officers, two needed: one may go, two not */
	resume_of(&r, none, 0, 1);
	strike(&r, &people[2].key);
	sign(&t1, DOC_RESUME, &r, 3);
	TAKEN(&k, &t1);
	T_EQ(k.c.struck_n, 1);
	roster = l.roster;
	roster.number = 2;
	roster.previous = l.roster_id;
	roster.governance = 4;
	sign(&t1, DOC_ROSTER, &roster, 3);
	REFUSED(&l, &t1, ERR_POLICY, "governance");
	roster.governance = 3;
	sign(&t1, DOC_ROSTER, &roster, 3);
	TAKEN(&l, &t1);
	/* now two are too few */
	policy(&t2, &l, X(1), 3);
	T_EQ(STATE(&l, &t1), CONTROL_IN_FORCE);
	REFUSED(&l, &t2, ERR_APPROVALS, "signatures");
}

static void loosening_waits(void)
{
	uint64_t wait = k.policy.loosening_ms;

	start();
	wait = k.policy.loosening_ms;
	policy(&t1, &k, X(90000000), 1);
	REFUSED(&k, &t1, ERR_APPROVALS, "signatures");
	policy(&t1, &k, X(90000000), 3);
	TAKEN(&k, &t1);
	T_EQ(STATE(&k, &t1), CONTROL_WAITS);
	T_EQ(k.policy.number, 1);
	/* neither clock alone */
	pass(&k, 10 * wait, 0);
	T_EQ(k.policy.number, 1);
	pass(&k, 0, (uint32_t)(wait / 1000 - 1));
	T_EQ(k.policy.number, 1);
	pass(&k, 0, 1);
	T_EQ(k.policy.number, 2);
	T_EQ(STATE(&k, &t1), CONTROL_IN_FORCE);
	T_MEM(&k.policy_id, &t1.id, 32);
	T_EQ(k.c.policy_place, 1);
	T_MEM(control_policy_id(&k.c, 1), &t1.id, 32);
	T_EQ(control_policy_id(&k.c, 0)->b[0], 0xbb);
	TAKEN(&l, &t1);
	pass(&l, 0, (uint32_t)(10 * wait / 1000));
	T_EQ(l.policy.number, 1);
	/* the chain's time was not known when it came: the wait begins when it is */
	m.now.chain_s = 0;
	TAKEN(&m, &t1);
	pass(&m, 10 * wait, 0);
	T_EQ(m.policy.number, 1);
	pass(&m, 0, 2000000);
	T_EQ(m.policy.number, 1);
	pass(&m, 0, (uint32_t)(wait / 1000));
	T_EQ(m.policy.number, 2);
	/* the bug that ./sim finds */
	keeper_make(&m, CONTROL_PLANT_AT_ONCE);
	TAKEN(&m, &t1);
	T_EQ(m.policy.number, 2);
}

static void tightening_at_once(void)
{
	start();
	policy(&t1, &k, X(5), 3);
	TAKEN(&k, &t1);
	T_EQ(k.policy.number, 2);
	T_EQ(STATE(&k, &t1), CONTROL_IN_FORCE);
	/* back to what was before loosens, and waits like everything that does */
	policy(&t2, &k, X(20000), 3);
	TAKEN(&k, &t2);
	T_EQ(STATE(&k, &t2), CONTROL_WAITS);
	/* a successor of what waits comes too early; one of nothing known, or with another number,
	 * is none */
	{
		struct doc_policy p = k.policy;

		p.number = 4;
		p.previous = t2.id;
		sign(&t3, DOC_POLICY, &p, 3);
		REFUSED(&k, &t3, ERR_STATE, "previous");
		p.previous.b[0] ^= 1;
		sign(&t3, DOC_POLICY, &p, 3);
		REFUSED(&k, &t3, ERR_MISMATCH, "previous");
		p.previous = k.roster_id;
		sign(&t3, DOC_POLICY, &p, 3);
		REFUSED(&k, &t3, ERR_MISMATCH, "previous");
		p.previous = k.policy_id;
		sign(&t3, DOC_POLICY, &p, 3);
		REFUSED(&k, &t3, ERR_MISMATCH, "number");
		p.number = 3;
		p.tier_count = 0;
		sign(&t3, DOC_POLICY, &p, 3);
		T_CHECK(tell(&k, &t3).err != ERR_OK);
	}
}

/* What is or was in force may be named by a record; what waits, or never was, may not. */
static void ruled(void)
{
	struct hash32 none = k.policy_id;

	start();
	none.b[31] ^= 0xff; /* the last of all ids, or behind them */
	T_CHECK(control_ruled(&k.c, DOC_POLICY, &k.policy_id));
	T_CHECK(control_ruled(&k.c, DOC_ROSTER, &k.roster_id));
	T_CHECK(!control_ruled(&k.c, DOC_ROSTER, &k.policy_id));
	T_CHECK(!control_ruled(&k.c, DOC_POLICY, &none));
	policy(&t1, &k, X(5), 3);
	TAKEN(&k, &t1);
	policy(&t2, &k, X(4), 3);
	TAKEN(&k, &t2);
	T_EQ(STATE(&k, &t1), CONTROL_PAST);
	policy(&t3, &k, X(90000), 3);
	TAKEN(&k, &t3);
	T_CHECK(control_ruled(&k.c, DOC_POLICY, &t1.id));
	T_CHECK(control_ruled(&k.c, DOC_POLICY, &t2.id));
	T_CHECK(!control_ruled(&k.c, DOC_ROSTER, &t1.id));
	T_EQ(STATE(&k, &t3), CONTROL_WAITS);
	T_CHECK(!control_ruled(&k.c, DOC_POLICY, &t3.id));
	for (unsigned i = 0; i < 256; i++) {
		memset(none.b, (int)i, sizeof none.b);
		T_CHECK(!control_ruled(&k.c, DOC_POLICY, &none) ||
			hash32_eq(&none, &k.c.first_policy_id));
	}
}

/* A signer stops under its attest key and its own letter; it is no officer, and no other's. */
static void a_signer_freezes(void)
{
	static const char *const letters[] = { "a", "b", "c" };
	const struct control_entry *e;

	for (unsigned i = 0; i < 3; i++) {
		struct doc_freeze f = { .genesis = genesis,
					.nonce = { 1 },
					.scope = DOC_SCOPE_ALL };

		start();
		(void)snprintf(f.issuer, sizeof f.issuer, "%s", letters[i]);
		sign(&t1, DOC_FREEZE, &f, 1);
		REFUSED(&k, &t1, i < 2 ? ERR_SIGNATURE : ERR_SIGNER_UNKNOWN,
			i < 2 ? "signatures" : "issuer");
		sign(&t1, DOC_FREEZE, &f, 0);
		REFUSED(&k, &t1, i < 2 ? ERR_UNSIGNED : ERR_SIGNER_UNKNOWN,
			i < 2 ? "signatures" : "issuer");
		T_EQ(k.c.binding, 0);
		if (i < 2) {
			sign(&t1, DOC_FREEZE, &f, 1u << (10 + i));
			TAKEN(&k, &t1);
			e = control_find(&k.c, &t1.id);
			T_CHECK(e != NULL && e->state == CONTROL_BINDS && !e->officer);
			sign(&t2, DOC_FREEZE, &f, 1u << (11 - i));
			T_EQ(tell(&k, &t2).err, ERR_SIGNATURE);
		}
	}
}

static void one_cancels(void)
{
	start();
	policy(&t1, &k, X(90000000), 3);
	TAKEN(&k, &t1);
	cancel(&t2, "auditor-1", &t1.id, 1 << 5);
	REFUSED(&k, &t2, ERR_SIGNER_UNKNOWN, "person");
	cancel(&t2, "approver-1", &t1.id, 1 << 4);
	REFUSED(&k, &t2, ERR_SIGNATURE, "signatures");
	cancel(&t2, "approver-1", &t1.id, 0);
	REFUSED(&k, &t2, ERR_UNSIGNED, "signatures");
	cancel(&t2, "approver-1", &t1.id, 1 << 3);
	TAKEN(&k, &t2);
	T_EQ(STATE(&k, &t1), CONTROL_CANCELLED);
	pass(&k, UINT64_C(1000) * 3600000, 3600000);
	T_EQ(k.policy.number, 1);
	/* for ever: told again it is still dead, and it is no fork of what comes next */
	TAKEN(&k, &t1);
	T_EQ(STATE(&k, &t1), CONTROL_CANCELLED);
	policy(&t3, &k, X(80000000), 3);
	TAKEN(&k, &t3);
	T_EQ(k.c.forked, 0);
	pass(&k, 3600000, 3600);
	T_EQ(k.policy.number, 2);
	/* the cancel that came first kills it all the same, and the heads agree */
	TAKEN(&l, &t2);
	TAKEN(&l, &t1);
	T_EQ(STATE(&l, &t1), CONTROL_CANCELLED);
	TAKEN(&l, &t3);
	T_MEM(&k.c.head, &l.c.head, 32);
	/* what tightens is not for one person to stop */
	policy(&t1, &m, X(5), 3);
	cancel(&t2, "officer-1", &t1.id, 1);
	TAKEN(&m, &t2);
	TAKEN(&m, &t1);
	T_EQ(STATE(&m, &t1), CONTROL_IN_FORCE);
	/* words that stop nothing do not fill the table */
	start();
	for (uint8_t i = 0; i < CONTROL_IDLE_EACH_MAX; i++) {
		struct hash32 id = { { i } };

		cancel(&t1, "officer-1", &id, 1);
		TAKEN(&k, &t1);
	}
	/* it is a no to an order of this id, or of a request of this id, and to no other */
	{
		const struct hash32 said = { { 5 } }, other = { { 0xa5 } };

		T_CHECK(control_said_no(&k.c, &said, &other));
		T_CHECK(control_said_no(&k.c, &other, &said));
		T_CHECK(!control_said_no(&k.c, &other, &other));
	}
	t4.id.b[0] = 0x99;
	cancel(&t1, "officer-1", &t4.id, 1);
	REFUSED(&k, &t1, ERR_FULL, "document");
	policy(&t2, &k, X(90000000), 3);
	TAKEN(&k, &t2);
	cancel(&t1, "officer-1", &t2.id, 1);
	TAKEN(&k, &t1);
	T_EQ(STATE(&k, &t2), CONTROL_CANCELLED);
}

static void forks_lock(void)
{
	const struct hash32 *both[2] = { &t1.id, &t2.id };

	start();
	policy(&t1, &k, X(5), 3);
	policy(&t2, &k, X(6), 6);
	TAKEN(&k, &t1);
	TAKEN(&k, &t2);
	T_EQ(k.c.forked, 1);
	T_EQ(STATE(&k, &t2), CONTROL_FORKED);
	TAKEN(&l, &t2);
	TAKEN(&l, &t1);
	T_EQ(l.c.forked, 1);
	T_MEM(&k.c.head, &l.c.head, 32);
	/* one person does not settle it */
	cancel(&t3, "officer-1", &t2.id, 1);
	TAKEN(&k, &t3);
	T_EQ(k.c.forked, 1);
	/* a quorum does: it disowns both, and the next is a successor of what was before them */
	resume(&t4, both, 2, 1, 3);
	TAKEN(&k, &t4);
	TAKEN(&l, &t3);
	TAKEN(&l, &t4);
	T_EQ(k.c.forked, 0);
	T_EQ(l.c.forked, 0);
	T_EQ(money_units(&k.policy.day_max), X(5));
	T_EQ(money_units(&l.policy.day_max), X(6));
	policy(&t3, &m, X(4), 3); /* m knows the first alone */
	TAKEN(&k, &t3);
	TAKEN(&l, &t3);
	T_EQ(k.c.forked, 0);
	T_MEM(&k.policy_id, &l.policy_id, 32);
	T_MEM(&k.c.head, &l.c.head, 32);
	/* what waits does not come into force while it is forked */
	start();
	policy(&t1, &k, X(90000000), 3);
	policy(&t2, &k, X(91000000), 3);
	TAKEN(&k, &t1);
	TAKEN(&k, &t2);
	pass(&k, UINT64_C(1000) * 3600000, 3600000);
	T_EQ(k.policy.number, 1);
}

/* A security key that cannot be one shuts its person out: it never comes into force. */
static void keys_off_the_curve(void)
{
	uint8_t unused[ED25519_SECRET_BYTES];
	struct doc_roster r;

	start();
	r = k.roster;
	r.number = 2;
	r.previous = k.roster_id;
	passkey_party(&r.relying_party);
	r.people[3].passkey_count = 2;
	passkey_make(&r.people[3].passkeys[0], unused, 1);
	passkey_point(&r.people[3].passkeys[1], false);
	sign(&t1, DOC_ROSTER, &r, 3);
	REFUSED(&k, &t1, ERR_KEY, "people[3].passkeys[1].key");
	passkey_point(&r.people[3].passkeys[1], true);
	sign(&t1, DOC_ROSTER, &r, 3);
	TAKEN(&k, &t1);
}

static void rosters_follow(void)
{
	struct doc_roster r;

	start();
	r = k.roster;
	r.number = 2;
	r.previous = k.roster_id;
	r.people_count = PEOPLE - 1; /* the auditor goes */
	sign(&t1, DOC_ROSTER, &r, 1 | 1 << 3);
	REFUSED(&k, &t1, ERR_APPROVALS, "signatures");
	sign(&t1, DOC_ROSTER, &r, 3);
	TAKEN(&k, &t1);
	T_EQ(k.roster.number, 2);
	T_EQ(k.roster.people_count, PEOPLE - 1);
	/* somebody new waits, and counts when he is in force */
	r = k.roster;
	r.number = 3;
	r.previous = k.roster_id;
	(void)snprintf(r.people[PEOPLE - 1].id, sizeof r.people[0].id, "officer-4");
	r.people[PEOPLE - 1].key = later.key;
	r.people[PEOPLE - 1].roles = DOC_ROLE_OFFICER;
	r.people_count = PEOPLE;
	sign(&t2, DOC_ROSTER, &r, 5);
	TAKEN(&k, &t2);
	T_EQ(STATE(&k, &t2), CONTROL_WAITS);
	freeze(&t3, "officer-4", 1, false, 1 << 8);
	REFUSED(&k, &t3, ERR_SIGNER_UNKNOWN, "issuer");
	pass(&k, 3600000, 3600);
	T_EQ(k.roster.number, 3);
	TAKEN(&k, &t3);
	/* other signers need another genesis */
	r = k.roster;
	r.number = 4;
	r.previous = k.roster_id;
	r.signers[0].chain_key.b[0] ^= 1;
	sign(&t3, DOC_ROSTER, &r, 3);
	REFUSED(&k, &t3, ERR_MISMATCH, "signers");
	/* a fork of the last: by its predecessor's officers, also those who have gone since */
	r = k.roster;
	r.people_count = 4;
	r.previous = t1.id;
	sign(&t3, DOC_ROSTER, &r, 3);
	TAKEN(&k, &t3);
	T_EQ(k.c.forked, 1);
	/* further back their officers are not known any more */
	r.previous.b[0] = 0;
	r.previous = *control_roster_id(&k.c, 0);
	r.number = 2;
	sign(&t3, DOC_ROSTER, &r, 3);
	REFUSED(&k, &t3, ERR_STALE, "previous");
}

/* What is refused as full leaves the last places to freezes. */
static void full(void)
{
	size_t i;

	start();
	for (i = 0; i < CONTROL_DOCS_MAX; i++) {
		const struct hash32 *one[1];
		struct hash32 id = { { (uint8_t)i, (uint8_t)(i >> 8), 7 } };

		one[0] = &id;
		resume(&t1, one, 1, (uint8_t)i, 3);
		if (tell(&k, &t1).err != ERR_OK) {
			break;
		}
	}
	T_EQ(tell(&k, &t1).err, ERR_FULL);
	T_CHECK(k.c.n + CONTROL_BIND_MAX + 2 > CONTROL_DOCS_MAX);
	T_CHECK(k.c.n + CONTROL_BIND_MAX <= CONTROL_DOCS_MAX);
	freeze(&t2, "officer-1", 1, false, 1);
	TAKEN(&k, &t2);
	T_EQ(k.c.binding, 1);
	/* envelopes made room for each other; the newest is still there */
	T_CHECK(control_raw(&k.c, &k.c.entries[k.c.n - 1]).n > 0);
}

/* ---- orders ---------------------------------------------------------------------------------- */

/* Told to all until nothing changes, each in an order of his own. */
static void gossip(struct keeper *o, const struct text *docs, size_t n)
{
	size_t order[DOCS];

	for (size_t i = 0; i < n; i++) {
		size_t at = t_below(i + 1);

		order[i] = order[at];
		order[at] = i;
	}
	for (size_t round = 0; round < n; round++) {
		for (size_t i = 0; i < n; i++) {
			(void)tell(o, &docs[order[i]]);
		}
	}
}

static void any_order(void)
{
	static struct text docs[DOCS];

	for (unsigned round = 0; round < 60; round++) {
		const struct hash32 *ids[4];
		size_t n = 0;

		start();
		for (uint8_t i = 0; i < 4; i++) {
			freeze(&docs[n], i < 2 ? "officer-1" : "w1", i, t_below(2) == 0,
			       i < 2 ? 1 : 1 << 6);
			ids[i] = &docs[n++].id;
		}
		resume(&docs[n++], ids, 1 + t_below(4), 1, 3);
		resume(&docs[n++], ids + 2, 1 + t_below(2), 2, 6 + 1);
		policy(&docs[n++], &k, t_below(2) == 0 ? X(90000000) : X(5), 3);
		cancel(&docs[n], t_below(2) == 0 ? "officer-2" : "approver-1", &docs[n - 1].id,
		       2 | 1 << 3);
		n++;
		gossip(&k, docs, n);
		gossip(&l, docs, n);
		gossip(&m, docs, n);
		T_MEM(&k.c.head, &l.c.head, 32);
		T_MEM(&k.c.head, &m.c.head, 32);
		T_EQ(k.c.binding, l.c.binding);
		T_EQ(k.c.binding, m.c.binding);
		T_EQ(k.c.forked + l.c.forked + m.c.forked, 0);
		pass(&k, 3600000, 3600);
		pass(&l, 3600000, 3600);
		pass(&m, 3600000, 3600);
		T_MEM(&k.policy_id, &l.policy_id, 32);
		T_MEM(&k.policy_id, &m.policy_id, 32);
	}
}

/* What people are told of what waits. */
static void words(void)
{
	static const char *const states[] = { "kept",     "binds", "lifted",    "waits",
					      "in force", "past",  "cancelled", "forked" };
	const struct hash32 *one[1] = { &genesis };
	struct policy_time now;
	char text[256], want[256], name[2][17];

	for (unsigned i = 0; i < sizeof states / sizeof states[0]; i++) {
		T_STR(control_state_name((enum control_state)i), states[i]);
	}
	T_STR(control_state_name((enum control_state)99), "?");
	start();
	control_waiting_words(&k.c, &k.now, text, sizeof text);
	T_STR(text, "none");
	/* what does not wait is not told */
	resume(&t3, one, 1, 1, 3);
	TAKEN(&k, &t3);
	control_waiting_words(&k.c, &k.now, text, sizeof text);
	T_STR(text, "none");
	policy(&t1, &k, X(90000000), 3);
	policy(&t2, &k, X(91000000), 3);
	hex_put(name[0], bytes_of(t1.id.b, 8));
	hex_put(name[1], bytes_of(t2.id.b, 8));
	TAKEN(&k, &t1);
#define TOLD(own_ms_, chain_s_, left)                                                    \
	do {                                                                             \
		now = k.now;                                                             \
		now.own_ms += (uint64_t)(own_ms_);                                       \
		now.chain_s += (uint32_t)(chain_s_);                                     \
		control_waiting_words(&k.c, &now, text, sizeof text);                    \
		(void)snprintf(want, sizeof want, "policy 2 %s in %s s", name[0], left); \
		T_STR(text, want);                                                       \
	} while (0)
	TOLD(0, 0, "3600");
	TOLD(600000, 500, "3100"); /* the slower of the two */
	TOLD(400000, 500, "3200");
	TOLD(-1, 500, "3600"); /* a clock that goes back has waited for nothing */
	TOLD(500000, -1, "3600");
	TOLD(3600000, 3600, "0");
	TOLD(7200000, 7200, "0");
#undef TOLD
	/* both of a fork, and no more than fits */
	TAKEN(&k, &t2);
	control_waiting_words(&k.c, &k.now, text, sizeof text);
	(void)snprintf(want, sizeof want, "policy 2 %s in 3600 s; policy 2 %s forks", name[0],
		       name[1]);
	T_STR(text, want);
	for (size_t cap = 1; cap < strlen(want); cap += 5) {
		memset(text, 'z', sizeof text);
		control_waiting_words(&k.c, &k.now, text, cap);
		T_EQ(strlen(text), cap - 1);
		T_MEM(text, want, cap - 1);
		T_EQ(text[cap], 'z');
	}
	/* since when is not known: the wait has not begun */
	m.now.chain_s = 0;
	TAKEN(&m, &t1);
	now = k.now;
	now.own_ms += 1800000;
	now.chain_s += 1800;
	control_waiting_words(&m.c, &now, text, sizeof text);
	(void)snprintf(want, sizeof want, "policy 2 %s in 3600 s", name[0]);
	T_STR(text, want);
}

/* A resume lifts what it names and nothing else; the bug that ./sim must find lifts all. */
static void lifts_too_much(void)
{
	const struct hash32 *one[1] = { &t1.id };

	for (unsigned planted = 0; planted < 2; planted++) {
		keeper_make(&k, planted == 0 ? 0 : CONTROL_PLANT_LIFT_ALL);
		freeze(&t1, "officer-1", 1, false, 1);
		freeze(&t2, "officer-1", 2, false, 1);
		TAKEN(&k, &t1);
		TAKEN(&k, &t2);
		resume(&t3, one, 1, 1, 3);
		TAKEN(&k, &t3);
		T_EQ(k.c.binding, planted == 0 ? 1 : 0);
		T_CHECK(control_lifted(&k.c, &t1.id));
		T_EQ(control_lifted(&k.c, &t2.id), planted == 1);
		T_CHECK(!control_lifted(&k.c, &t3.id));       /* no freeze */
		T_CHECK(!control_lifted(&k.c, &k.roster_id)); /* nothing known here */
	}
}

/* A second table of everything that was told before another came into force. */
static void overtaken(void)
{
	/* one waits, and a second that tightens is a fork of it, so nothing comes into force */
	start();
	policy(&t1, &k, X(90000000), 3);
	policy(&t2, &k, X(5), 3);
	TAKEN(&k, &t1);
	TAKEN(&k, &t2);
	T_EQ(STATE(&k, &t2), CONTROL_FORKED);
	pass(&k, UINT64_C(1000) * 3600000, 3600000);
	T_EQ(STATE(&k, &t1), CONTROL_WAITS);
	T_EQ(k.policy.number, 1);
	/* one envelope larger than all its place */
	keeper_make(&m, 0);
	m.c.storage.others_cap = t1.n - 1;
	REFUSED(&m, &t1, ERR_FULL, "");
	m.c.storage.others_cap = t1.n;
	TAKEN(&m, &t1);
	/* as long as it waits it makes no room for another */
	REFUSED(&m, &t2, ERR_FULL, "");
	/* nor is there place for one freeze more than the store of freezes holds */
	freeze(&t3, "officer-1", 1, false, 1);
	m.c.storage.freezes_cap = t3.n - 1;
	REFUSED(&m, &t3, ERR_FULL, "");
	m.c.storage.freezes_cap = t3.n;
	TAKEN(&m, &t3);
	freeze(&t3, "officer-2", 2, false, 2);
	REFUSED(&m, &t3, ERR_FULL, "");
	T_EQ(m.c.binding, 1);
	/* a cancel of nobody's */
	cancel(&t4, "nobody", &t1.id, 1);
	REFUSED(&m, &t4, ERR_SIGNER_UNKNOWN, "person");
}

/* Whose keys were struck, and who may bring them back: nobody, wherever they stand. */
static void struck_everywhere(void)
{
	const struct hash32 *none[1] = { NULL };
	uint8_t unused[ED25519_SECRET_BYTES];
	struct doc_roster whole, next;
	struct doc_resume r;
	size_t n;

	start();
	k.roster.source_count = k.roster.prices_needed = 1;
	(void)snprintf(k.roster.price_sources[0].id, sizeof k.roster.price_sources[0].id, "source");
	k.roster.price_sources[0].key = later.key;
	passkey_party(&k.roster.relying_party);
	k.roster.people[4].passkey_count = 2;
	for (size_t i = 0; i < 2; i++) {
		passkey_make(&k.roster.people[4].passkeys[i], unused, (uint8_t)i);
	}
	whole = k.roster;
	resume_of(&r, none, 0, 1);
	strike(&r, &backend.key);
	strike(&r, &watcher[0].key);
	strike(&r, &later.key);
	r.struck[3].key_n = whole.people[4].passkeys[0].key_n;
	memcpy(r.struck[3].key, whole.people[4].passkeys[0].key, r.struck[3].key_n);
	r.struck_count = 4;
	qsort(r.struck, r.struck_count, sizeof r.struck[0], struck_cmp);
	sign(&t1, DOC_RESUME, &r, 3);
	TAKEN(&k, &t1);
	T_EQ(k.c.struck_n, 4);
	T_EQ(k.roster.price_sources[0].key.b[0], 0);
	T_EQ(k.roster.people[4].passkey_count, 1);
	T_MEM(k.roster.people[4].passkeys[0].key, whole.people[4].passkeys[1].key, 32);
	/* struck again it is struck once */
	r.nonce[0] = 2;
	sign(&t1, DOC_RESUME, &r, 3);
	TAKEN(&k, &t1);
	T_EQ(k.c.struck_n, 4);
	n = k.c.n;
	/* each of them alone in a new roster */
	for (unsigned what = 0; what < 5; what++) {
		next = k.roster;
		next.number = 2;
		next.previous = k.roster_id;
		next.genesis = genesis;
		next.backends[0].key = what == 0 ? backend.key : stranger.key;
		next.watchers[0].key = what == 1 ? watcher[0].key : people[5].key;
		next.watchers[0].key.b[1] ^= what != 1;
		next.price_sources[0].key = what == 2 ? later.key : people[5].key;
		next.price_sources[0].key.b[2] ^= what != 2;
		next.people[4].passkeys[0] = whole.people[4].passkeys[what == 3 ? 0 : 1];
		sign(&t2, DOC_ROSTER, &next, 3);
		if (what < 4) {
			REFUSED(&k, &t2, ERR_POLICY, "people");
			T_EQ(k.c.n, n);
		}
	}
	TAKEN(&k, &t2);
	T_EQ(STATE(&k, &t2), CONTROL_WAITS);
	/* neither signer's key of either kind is struck */
	for (unsigned what = 0; what < 2; what++) {
		resume_of(&r, none, 0, (uint8_t)(20 + what));
		strike(&r, what == 0 ? &k.roster.signers[0].attest_key
				     : &k.roster.signers[0].chain_key);
		sign(&t1, DOC_RESUME, &r, 3);
		REFUSED(&k, &t1, ERR_POLICY, "struck");
	}
	/* nor more keys than the table holds */
	for (uint8_t i = 0; k.c.struck_n < CONTROL_STRUCK_MAX; i++) {
		resume_of(&r, none, 0, (uint8_t)(30 + i));
		while (r.struck_count < DOC_STRUCK_MAX &&
		       k.c.struck_n + r.struck_count < CONTROL_STRUCK_MAX) {
			const struct key32 key = { { 0xf0, i, (uint8_t)r.struck_count } };

			strike(&r, &key);
		}
		sign(&t1, DOC_RESUME, &r, 3);
		TAKEN(&k, &t1);
	}
	resume_of(&r, none, 0, 99);
	strike(&r, &stranger.key);
	sign(&t1, DOC_RESUME, &r, 3);
	REFUSED(&k, &t1, ERR_FULL, "struck");
	T_EQ(k.c.struck_n, CONTROL_STRUCK_MAX);
}

/* Who begins a resume is an officer whose key counts and who signed it. */
static void who_begins(void)
{
	const struct hash32 *one[1] = { &genesis };
	static const char *const others[] = { "nobody", "approver-1", "officer-3" };
	struct doc_resume r;

	start();
	for (unsigned i = 0; i < 3; i++) {
		resume_of(&r, one, 1, 1);
		(void)snprintf(r.initiator, sizeof r.initiator, "%s", others[i]);
		/* the last has signed, and is struck by what he signs */
		if (i == 2) {
			strike(&r, &people[2].key);
		}
		sign(&t1, DOC_RESUME, &r, 1 | 2 | 4 | 1 << 3);
		REFUSED(&k, &t1, ERR_SIGNER_UNKNOWN, "initiator");
	}
	T_EQ(k.c.n, 0);
	/* as many freezes as can bind are as many as one resume lifts */
	freeze(&t1, "officer-1", 1, false, 1);
	k.c.binding = CONTROL_BIND_MAX;
	REFUSED(&k, &t1, ERR_FULL, "");
	k.c.binding--;
	TAKEN(&k, &t1);
}

/* Rosters that follow nothing, and officers who were struck after they had gone. */
static void odd_rosters(void)
{
	const struct hash32 *none[1] = { NULL };
	struct doc_policy p;
	struct doc_roster r;
	struct doc_resume x;

	start();
	r = k.roster;
	r.previous = k.roster_id;
	r.number = 3;
	sign(&t1, DOC_ROSTER, &r, 3);
	REFUSED(&k, &t1, ERR_MISMATCH, "number");
	r.number = 2;
	r.signers[1].attest_key.b[0] ^= 1;
	sign(&t1, DOC_ROSTER, &r, 3);
	REFUSED(&k, &t1, ERR_MISMATCH, "signers");
	r = k.roster;
	r.previous = k.roster_id;
	r.number = 2;
	r.people_count = PEOPLE - 1;
	sign(&t1, DOC_ROSTER, &r, 3);
	TAKEN(&k, &t1);
	/* a freeze is no predecessor of a policy, nor is a roster */
	freeze(&t2, "officer-1", 1, false, 1);
	TAKEN(&k, &t2);
	p = k.policy;
	p.number = 2;
	p.previous = t2.id;
	sign(&t3, DOC_POLICY, &p, 3);
	REFUSED(&k, &t3, ERR_MISMATCH, "previous");
	p.previous = t1.id;
	sign(&t3, DOC_POLICY, &p, 3);
	REFUSED(&k, &t3, ERR_MISMATCH, "previous");
	/* officer-3 is struck now, and elects nobody under the roster before either */
	resume_of(&x, none, 0, 1);
	strike(&x, &people[2].key);
	sign(&t3, DOC_RESUME, &x, 3);
	TAKEN(&k, &t3);
	r.people_count = PEOPLE - 2;
	r.people[2].key = stranger.key;
	sign(&t3, DOC_ROSTER, &r, 1 | 4);
	REFUSED(&k, &t3, ERR_APPROVALS, "signatures");
	sign(&t3, DOC_ROSTER, &r, 3);
	TAKEN(&k, &t3);
	T_EQ(STATE(&k, &t3), CONTROL_FORKED);
}

/* A policy that came into force and was cancelled too late gives way, with what follows it. */
static void disowned(void)
{
	struct doc_policy p;
	struct id128 name = { { 1 } };
	struct policy_time before;

	start();
	p = k.policy;
	policy(&t1, &k, X(90000000), 3);
	TAKEN(&k, &t1);
	/* clocks that went back have waited for nothing; nothing has this name */
	before = k.now;
	before.own_ms -= 1;
	before.chain_s += 10000;
	T_CHECK(control_due(&k.c, &before) == NULL);
	before.own_ms += 100000000;
	before.chain_s = k.now.chain_s - 1;
	T_CHECK(control_due(&k.c, &before) == NULL);
	T_CHECK(!control_activate(&k.c, &name, 1, &before));
	T_EQ(STATE(&k, &t1), CONTROL_WAITS);
	pass(&k, 3600000, 3600);
	T_EQ(STATE(&k, &t1), CONTROL_IN_FORCE);
	policy(&t2, &k, X(91000000), 3);
	TAKEN(&k, &t2);
	T_EQ(STATE(&k, &t2), CONTROL_WAITS);
	cancel(&t3, "officer-1", &t1.id, 1);
	TAKEN(&k, &t3);
	T_EQ(STATE(&k, &t1), CONTROL_IN_FORCE);
	/* another successor of what was before is no fork of what nobody wants */
	p.number = 2;
	p.previous.b[0] = 0xbb;
	memset(p.previous.b + 1, 0, 31);
	p.day_max = xem(X(5));
	sign(&t4, DOC_POLICY, &p, 3);
	TAKEN(&k, &t4);
	T_EQ(k.c.forked, 0);
	T_EQ(STATE(&k, &t4), CONTROL_IN_FORCE);
	T_EQ(STATE(&k, &t1), CONTROL_PAST);
	T_EQ(STATE(&k, &t2), CONTROL_CANCELLED);
	/* what tightened is not disowned by one person's word */
	cancel(&t3, "officer-2", &t4.id, 2);
	TAKEN(&k, &t3);
	T_CHECK(!control_find(&k.c, &t4.id)->disowned);
}

/* One that was cancelled leaves its fork, and that still locks. */
static void fork_alone(void)
{
	struct doc_roster r;
	char text[256], want[256], name[3][17];

	start();
	policy(&t1, &k, X(90000000), 3);
	policy(&t2, &k, X(91000000), 3);
	TAKEN(&k, &t1);
	TAKEN(&k, &t2);
	cancel(&t3, "officer-1", &t1.id, 1);
	TAKEN(&k, &t3);
	T_EQ(STATE(&k, &t1), CONTROL_CANCELLED);
	policy(&t3, &k, X(92000000), 3);
	TAKEN(&k, &t3);
	T_EQ(STATE(&k, &t3), CONTROL_FORKED);
	T_EQ(k.c.forked, 2);
	hex_put(name[0], bytes_of(t2.id.b, 8));
	hex_put(name[1], bytes_of(t3.id.b, 8));
	/* and a roster waits behind them */
	r = k.roster;
	r.number = 2;
	r.previous = k.roster_id;
	r.people[5].roles = DOC_ROLE_OFFICER;
	sign(&t4, DOC_ROSTER, &r, 3);
	TAKEN(&k, &t4);
	T_EQ(STATE(&k, &t4), CONTROL_WAITS);
	hex_put(name[2], bytes_of(t4.id.b, 8));
	control_waiting_words(&k.c, &k.now, text, sizeof text);
	(void)snprintf(want, sizeof want,
		       "policy 2 %s forks; policy 2 %s forks; roster 2 %s in 3600 s", name[0],
		       name[1], name[2]);
	T_STR(text, want);
}

/* What makes room for a new document: what is over first, then what is in force, never what waits.
 */
static void who_makes_room(void)
{
	const struct hash32 *one[1] = { &genesis };
	static struct text t5, t6;
	struct doc_roster r;

	start();
	r = k.roster;
	r.number = 2;
	r.previous = k.roster_id;
	r.people_count = PEOPLE - 1;
	sign(&t1, DOC_ROSTER, &r, 3);
	TAKEN(&k, &t1);
	policy(&t2, &k, X(5), 3);
	TAKEN(&k, &t2);
	policy(&t3, &k, X(90000000), 3);
	TAKEN(&k, &t3);
	policy(&t4, &k, X(91000000), 3);
	TAKEN(&k, &t4);
	T_EQ(STATE(&k, &t4), CONTROL_FORKED);
	freeze(&t5, "officer-1", 1, false, 1);
	TAKEN(&k, &t5);
	k.c.storage.others_cap = k.c.others_used;
	/* nothing is over: of what is in force the older goes */
	resume(&t5, one, 1, 1, 3);
	TAKEN(&k, &t5);
	T_EQ(control_find(&k.c, &t1.id)->n, 0);
	T_EQ(k.roster.number, 2); /* it rules all the same */
	T_EQ(control_find(&k.c, &t2.id)->n, t2.n);
	/* then what is over, as often as it takes */
	k.c.storage.others_cap = k.c.others_used;
	resume(&t6, one, 1, 2, 3);
	TAKEN(&k, &t6);
	T_EQ(control_find(&k.c, &t5.id)->n, 0);
	T_EQ(control_find(&k.c, &t2.id)->n, t2.n);
	T_CHECK(bytes_eq(control_raw(&k.c, control_find(&k.c, &t3.id)), bytes_of(t3.raw, t3.n)));
	T_CHECK(bytes_eq(control_raw(&k.c, control_find(&k.c, &t4.id)), bytes_of(t4.raw, t4.n)));
	T_CHECK(bytes_eq(control_raw(&k.c, control_find(&k.c, &t6.id)), bytes_of(t6.raw, t6.n)));
}

/* ---- for a while, after a while -------------------------------------------------------------- */

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

/* ---- recovery ------------------------------------------------------------------------------- */

enum { BY_H1 = 1 << 12, BY_H2 = 1 << 13, BY_H3 = 1 << 14, BY_H4 = 1 << 15, BY_H5 = 1 << 16 };

enum { BY_THREE = BY_H1 | BY_H2 | BY_H3 };

/* The successor of what o has in force, by holders: other people, by n. */
static void recovery_of(struct doc_roster *r, const struct keeper *o, unsigned n)
{
	*r = o->roster;
	r->recovery = true;
	r->number++;
	r->previous = o->roster_id;
	for (size_t i = 0; i < 3; i++) {
		(void)snprintf(r->people[i].id, sizeof r->people[i].id, "new-%u-%zu", n, i + 1);
		memset(&r->people[i].key, (int)(100 + 10 * n + i), sizeof r->people[i].key);
	}
	r->people[0].key = later.key;
}

static void recovery(struct text *t, const struct keeper *o, unsigned n, unsigned by)
{
	struct doc_roster r;

	recovery_of(&r, o, n);
	sign(t, DOC_ROSTER, &r, by);
}

static void holders_recover(void)
{
	struct text freeze_text;
	struct doc_roster r;

	start();
	/* officers sign none, nor do fewer holders than genesis says, nor strangers */
	recovery(&t1, &k, 1, 7);
	REFUSED(&k, &t1, ERR_APPROVALS, "signatures");
	recovery(&t1, &k, 1, 0);
	REFUSED(&k, &t1, ERR_APPROVALS, "signatures");
	recovery(&t1, &k, 1, BY_H1 | BY_H2 | 7 | 1 << 9);
	REFUSED(&k, &t1, ERR_APPROVALS, "signatures");
	/* an ordinary roster is not for holders */
	recovery_of(&r, &k, 1);
	r.recovery = false;
	sign(&t1, DOC_ROSTER, &r, BY_THREE | BY_H4 | BY_H5);
	REFUSED(&k, &t1, ERR_APPROVALS, "signatures");
	/* of another genesis it is no document at all */
	recovery(&t1, &k, 1, BY_THREE);
	{
		const struct hash32 other = { { 9 } };
		struct doc d;

		T_EQ(doc_open(&d, bytes_of(t1.raw, t1.n), &other, NULL), ERR_GENESIS);
	}
	/* it waits, while frozen too, and lifts nothing */
	freeze(&freeze_text, "officer-1", 1, false, 1);
	TAKEN(&k, &freeze_text);
	TAKEN(&k, &t1);
	T_EQ(STATE(&k, &t1), CONTROL_WAITS);
	T_EQ(control_recoveries(&k.c), 1);
	pass(&k, 3599999, 4000);
	pass(&k, 0, 0);
	T_EQ(k.roster.number, 1);
	pass(&k, 1, 0);
	T_EQ(k.roster.number, 2);
	T_EQ(STATE(&k, &t1), CONTROL_IN_FORCE);
	T_EQ(k.c.binding, 1);
	T_EQ(control_recoveries(&k.c), 0);
	/* the new officers rule, the old ones do not; the holders are who they were */
	policy(&t2, &k, X(5), 3);
	REFUSED(&k, &t2, ERR_APPROVALS, "signatures");
	T_EQ(k.roster.holder_count, HOLDERS);
	T_EQ(k.roster.governance, 2);
	/* told again it changes nothing */
	TAKEN(&k, &t1);
	T_EQ(k.roster.number, 2);
	/* and the old roster's is no way back */
	recovery(&t2, &l, 2, BY_THREE);
	TAKEN(&k, &t2);
	T_EQ(STATE(&k, &t2), CONTROL_CANCELLED);
}

/* What only takes somebody away waits as well. */
static void recovery_always_waits(void)
{
	struct doc_roster r;

	start();
	r = k.roster;
	r.recovery = true;
	r.number++;
	r.previous = k.roster_id;
	r.people_count--;
	sign(&t1, DOC_ROSTER, &r, BY_THREE);
	TAKEN(&k, &t1);
	T_EQ(STATE(&k, &t1), CONTROL_WAITS);
	/* without a number of genesis there is none */
	l.c.rules.recovery_needed = 0;
	REFUSED(&l, &t1, ERR_APPROVALS, "signatures");
	/* nobody is left to rule: not even then */
	r.people_count = 1;
	sign(&t1, DOC_ROSTER, &r, BY_THREE);
	REFUSED(&k, &t1, ERR_POLICY, "governance");
}

static void one_change(struct doc_roster *r, const char *field)
{
	sign(&t1, DOC_ROSTER, r, BY_THREE);
	REFUSED(&k, &t1, ERR_POLICY, field);
	recovery_of(r, &k, 1);
}

static void recovery_changes_people_alone(void)
{
	struct doc_roster r;

	start();
	passkey_party(&k.roster.relying_party);
	k.roster.source_count = 3;
	k.roster.prices_needed = 2;
	for (size_t i = 0; i < 3; i++) {
		(void)snprintf(k.roster.price_sources[i].id, 8, "price-%zu", i);
		memset(&k.roster.price_sources[i].key, (int)(0x50 + i), 32);
	}
	recovery_of(&r, &k, 1);
	r.backends[0].key = stranger.key;
	one_change(&r, "backends");
	r.backend_count = 0;
	one_change(&r, "backends");
	r.backend_count = 2;
	r.backends[1] = (struct doc_party){ .id = "mine", .key = stranger.key };
	one_change(&r, "backends");
	r.governance = 1;
	one_change(&r, "governance");
	r.holders[4].key = stranger.key;
	one_change(&r, "holders");
	(void)snprintf(r.holders[4].id, sizeof r.holders[4].id, "me");
	one_change(&r, "holders");
	r.holder_count = 3;
	one_change(&r, "holders");
	r.price_sources[0].key = stranger.key;
	one_change(&r, "price_sources");
	r.prices_needed = 3;
	one_change(&r, "prices_needed");
	(void)snprintf(r.relying_party.id, sizeof r.relying_party.id, "evil.example");
	one_change(&r, "relying_party");
	(void)snprintf(r.relying_party.origins[0].origin, sizeof r.relying_party.origins[0].origin,
		       "https://evil.example");
	one_change(&r, "relying_party");
	r.relying_party.origin_count = 2;
	(void)snprintf(r.relying_party.origins[1].origin, sizeof r.relying_party.origins[1].origin,
		       "https://evil.example");
	one_change(&r, "relying_party");
	r.signers[0].attest_key = stranger.key;
	one_change(&r, "signers");
	r.signers[1].chain_key = stranger.key;
	one_change(&r, "signers");
	r.software_approvals = false;
	one_change(&r, "software_approvals");
	r.watchers[0].key = stranger.key;
	one_change(&r, "watchers");
	r.watcher_count = 1;
	r.watchers_needed = 1;
	one_change(&r, "watchers");
	r.watcher_count = 3;
	r.watchers[2] = (struct doc_party){ .id = "w3", .key = stranger.key };
	one_change(&r, "watchers");
	k.roster.watchers_needed = 1;
	k.roster.watcher_count = 1;
	recovery_of(&r, &k, 1);
	k.roster.watchers_needed = 2;
	one_change(&r, "watchers_needed");
}

/* A holder whose key was struck signs nothing, is no part of the next roster, and holds up nothing.
 */
static void struck_holders(void)
{
	struct doc_resume x;
	struct doc_roster r;

	start();
	resume_of(&x, NULL, 0, 1);
	strike(&x, &holder[2].key);
	sign(&t1, DOC_RESUME, &x, 3);
	recovery(&t2, &k, 1, BY_THREE | BY_H4);
	TAKEN(&k, &t1);
	REFUSED(&k, &t2, ERR_POLICY, "holders");
	recovery_of(&r, &l, 1);
	memmove(&r.holders[2], &r.holders[3], 2 * sizeof r.holders[0]);
	r.holder_count--;
	sign(&t2, DOC_ROSTER, &r, BY_THREE);
	REFUSED(&k, &t2, ERR_APPROVALS, "signatures");
	sign(&t2, DOC_ROSTER, &r, BY_H1 | BY_H2 | BY_H5);
	TAKEN(&k, &t2);
	/* where the key counts, a roster without it is another one */
	REFUSED(&l, &t2, ERR_POLICY, "holders");
	/* nor does its holder say no */
	cancel(&t3, "holder-3", &t2.id, BY_H3);
	REFUSED(&k, &t3, ERR_SIGNATURE, "signatures");
	/* no roster brings a struck one back */
	r = k.roster;
	r.number++;
	r.previous = k.roster_id;
	r.holders[2].key = holder[2].key;
	sign(&t3, DOC_ROSTER, &r, 3);
	REFUSED(&k, &t3, ERR_POLICY, "people");
}

/* Who stands in the roster no more is nobody, though he still has his key. */
static void retired_holders(void)
{
	struct doc_roster r;

	start();
	recovery(&t2, &k, 1, BY_THREE);
	r = k.roster;
	r.number++;
	r.previous = k.roster_id;
	memcpy(r.holders, &k.roster.holders[3], 2 * sizeof r.holders[0]);
	r.holder_count = 2;
	sign(&t1, DOC_ROSTER, &r, 3);
	TAKEN(&k, &t1);
	T_EQ(k.roster.number, 2);
	/* of the roster that named them: kept, and dead */
	TAKEN(&k, &t2);
	T_EQ(STATE(&k, &t2), CONTROL_CANCELLED);
	/* of the one that does not */
	recovery(&t3, &k, 1, BY_THREE);
	REFUSED(&k, &t3, ERR_APPROVALS, "signatures");
	cancel(&t3, "holder-1", &t2.id, BY_H1);
	REFUSED(&k, &t3, ERR_SIGNER_UNKNOWN, "person");
	pass(&k, UINT64_C(1000) * 3600000, 3600000);
	T_EQ(k.roster.number, 2);
	/* who was told in the other order has the same head, and the same in force */
	TAKEN(&l, &t2);
	T_EQ(STATE(&l, &t2), CONTROL_WAITS);
	TAKEN(&l, &t1);
	T_EQ(STATE(&l, &t2), CONTROL_CANCELLED);
	T_EQ(l.c.forked, 0);
	T_MEM(&k.c.head, &l.c.head, 32);
	T_MEM(&k.roster_id, &l.roster_id, 32);
	/* two rosters on it is further back than one can judge */
	r.number++;
	r.previous = k.roster_id;
	r.people_count--;
	sign(&t1, DOC_ROSTER, &r, 3);
	TAKEN(&k, &t1);
	recovery(&t2, &m, 7, BY_THREE);
	REFUSED(&k, &t2, ERR_STALE, "previous");
}

static void one_ends_a_recovery(void)
{
	start();
	recovery(&t1, &k, 1, BY_THREE);
	/* a holder speaks of recoveries that are known, by his own key */
	cancel(&t2, "holder-5", &t1.id, BY_H5);
	REFUSED(&k, &t2, ERR_STATE, "document");
	TAKEN(&k, &t1);
	cancel(&t3, "holder-5", &t1.id, BY_H4);
	REFUSED(&k, &t3, ERR_SIGNATURE, "signatures");
	cancel(&t3, "holder-5", &t1.id, 0);
	REFUSED(&k, &t3, ERR_UNSIGNED, "signatures");
	TAKEN(&k, &t2);
	T_EQ(STATE(&k, &t1), CONTROL_CANCELLED);
	pass(&k, UINT64_C(1000) * 3600000, 3600000);
	T_EQ(k.roster.number, 1);
	/* for ever, told again or not */
	TAKEN(&k, &t1);
	T_EQ(STATE(&k, &t1), CONTROL_CANCELLED);
	/* one person of the roster does, also before it came */
	cancel(&t3, "approver-2", &t1.id, 1 << 4);
	TAKEN(&l, &t3);
	TAKEN(&l, &t1);
	T_EQ(STATE(&l, &t1), CONTROL_CANCELLED);
	/* nothing else is a holder's to stop */
	policy(&t3, &k, X(90000000), 3);
	TAKEN(&k, &t3);
	cancel(&t4, "holder-5", &t3.id, BY_H5);
	REFUSED(&k, &t4, ERR_STATE, "document");
}

static void recoveries_compete(void)
{
	char text[400];

	start();
	recovery(&t1, &k, 1, BY_THREE);
	recovery(&t2, &k, 2, BY_H3 | BY_H4 | BY_H5);
	TAKEN(&k, &t1);
	TAKEN(&k, &t2);
	TAKEN(&l, &t2);
	TAKEN(&l, &t1);
	T_MEM(&k.c.head, &l.c.head, 32);
	/* neither is a fork, and neither comes into force beside the other */
	T_EQ(k.c.forked, 0);
	pass(&k, UINT64_C(10) * 3600000, 36000);
	pass(&l, UINT64_C(10) * 3600000, 36000);
	T_EQ(k.roster.number, 1);
	T_EQ(l.roster.number, 1);
	T_EQ(control_recoveries(&k.c), 2);
	control_waiting_words(&k.c, &k.now, text, sizeof text);
	T_CHECK(strncmp(text, "recovery 2 ", 11) == 0);
	T_CHECK(strstr(text, "waits for the end of another") != NULL);
	/* one ends one of them: the other goes on, everywhere */
	cancel(&t3, "holder-1", &t2.id, BY_H1);
	TAKEN(&k, &t3);
	TAKEN(&l, &t3);
	pass(&k, 0, 0);
	pass(&l, 0, 0);
	T_MEM(&k.roster_id, &t1.id, 32);
	T_MEM(&l.roster_id, &t1.id, 32);
	/* one that comes later is kept, and dead */
	recovery(&t4, &m, 3, BY_THREE);
	TAKEN(&k, &t4);
	T_EQ(STATE(&k, &t4), CONTROL_CANCELLED);
}

/* What is in force can be disowned once: who says so again and again does not fill the table. */
static void disowned_again_and_again(void)
{
	struct doc_cancel c;
	unsigned n = 0;

	start();
	recovery(&t1, &k, 1, BY_THREE);
	TAKEN(&k, &t1);
	pass(&k, 3600000, 3600);
	T_EQ(k.roster.number, 2);
	c = (struct doc_cancel){ .genesis = genesis, .document = t1.id, .person = "approver-2" };
	for (; n <= CONTROL_IDLE_EACH_MAX; n++) {
		c.time_ms = n + 1;
		sign(&t2, DOC_CANCEL, &c, 1 << 4);
		TAKEN(&k, &t2);
	}
	c.time_ms = n + 1;
	sign(&t2, DOC_CANCEL, &c, 1 << 4);
	REFUSED(&k, &t2, ERR_FULL, "document");
}

/*
 * A holder's no to a recovery is one document: with many he could have keepers hold different ones,
 * and who holds other documents than a watcher signs nothing.
 */
static void one_no_of_each_holder(void)
{
	struct doc_cancel c;

	start();
	recovery(&t1, &k, 1, BY_THREE);
	TAKEN(&k, &t1);
	c = (struct doc_cancel){ .genesis = genesis, .document = t1.id, .person = "holder-4" };
	c.time_ms = 1;
	sign(&t2, DOC_CANCEL, &c, BY_H4);
	REFUSED(&k, &t2, ERR_FIELD_RANGE, "reason");
	c.time_ms = 0;
	c.reason[0] = 'x';
	sign(&t2, DOC_CANCEL, &c, BY_H4);
	REFUSED(&k, &t2, ERR_FIELD_RANGE, "reason");
	T_EQ(STATE(&k, &t1), CONTROL_WAITS);
	cancel(&t2, "holder-4", &t1.id, BY_H4);
	TAKEN(&k, &t2);
	T_EQ(STATE(&k, &t1), CONTROL_CANCELLED);
}

/* More recoveries than are kept, told apart: a resume that names what others lack has all agree. */
static void recoveries_told_apart(void)
{
	const struct hash32 *const lacks[] = { &t1.id, &t2.id };

	start();
	recovery(&t1, &m, 0, BY_THREE);
	recovery(&t2, &m, CONTROL_RECOVERIES_MAX, BY_THREE);
	TAKEN(&k, &t1);
	TAKEN(&l, &t2);
	for (unsigned i = 1; i < CONTROL_RECOVERIES_MAX; i++) {
		recovery(&t3, &m, i, BY_THREE);
		TAKEN(&k, &t3);
		TAKEN(&l, &t3);
	}
	REFUSED(&k, &t2, ERR_FULL, "previous");
	REFUSED(&l, &t1, ERR_FULL, "previous");
	resume(&t4, lacks, 2, 1, 3);
	TAKEN(&k, &t4);
	TAKEN(&l, &t4);
	T_MEM(&k.c.head, &l.c.head, 32);
	T_EQ(k.c.n, l.c.n);
}

/* It came into force here and was ended there: a third one settles it, on both sides. */
static void recovery_disowned(void)
{
	start();
	recovery(&t1, &k, 1, BY_THREE);
	recovery(&t2, &m, 2, BY_THREE);
	TAKEN(&k, &t1);
	pass(&k, 3600000, 3600);
	T_EQ(k.roster.number, 2);
	cancel(&t3, "holder-4", &t1.id, BY_H4);
	TAKEN(&k, &t3);
	TAKEN(&l, &t1);
	TAKEN(&l, &t3);
	TAKEN(&k, &t2);
	TAKEN(&l, &t2);
	T_EQ(STATE(&k, &t2), CONTROL_WAITS);
	T_EQ(STATE(&l, &t2), CONTROL_WAITS);
	pass(&k, 3600000, 3600);
	pass(&l, 3600000, 3600);
	T_MEM(&k.roster_id, &t2.id, 32);
	T_MEM(&l.roster_id, &t2.id, 32);
	T_MEM(&k.c.head, &l.c.head, 32);
	/* a roster of officers that was disowned is not for holders to replace */
	start();
	{
		struct doc_roster r = k.roster;

		r.number++;
		r.previous = k.roster_id;
		r.governance = 1;
		sign(&t1, DOC_ROSTER, &r, 3);
	}
	TAKEN(&k, &t1);
	pass(&k, 3600000, 3600);
	T_EQ(k.roster.number, 2);
	cancel(&t3, "officer-1", &t1.id, 1);
	TAKEN(&k, &t3);
	recovery(&t2, &m, 2, BY_THREE);
	TAKEN(&k, &t2);
	T_EQ(STATE(&k, &t2), CONTROL_CANCELLED);
}

/* What came into force is replaced and followed by recoveries; a struck holder signs neither. */
static void recovered_twice(void)
{
	struct doc_resume x;
	struct doc_roster r;

	start();
	/* one officer alone is replaced, so that the others still strike */
	recovery_of(&r, &k, 1);
	r.people[0] = k.roster.people[0];
	r.people[1] = k.roster.people[1];
	sign(&t1, DOC_ROSTER, &r, BY_THREE);
	TAKEN(&k, &t1);
	pass(&k, 3600000, 3600);
	T_EQ(k.roster.number, 2);
	cancel(&t2, "holder-1", &t1.id, BY_H1);
	TAKEN(&k, &t2);
	/* beside one that replaces it waits one that follows it: they do not hold each other up */
	recovery(&t2, &l, 2, BY_THREE);
	TAKEN(&k, &t2);
	recovery(&t3, &k, 3, BY_THREE);
	TAKEN(&k, &t3);
	policy(&t4, &k, X(90000000), 3);
	TAKEN(&k, &t4);
	T_EQ(STATE(&k, &t2), CONTROL_WAITS);
	T_EQ(STATE(&k, &t3), CONTROL_WAITS);
	resume_of(&x, NULL, 0, 1);
	strike(&x, &holder[2].key);
	sign(&t4, DOC_RESUME, &x, 3);
	TAKEN(&k, &t4);
	/* of the roster before, too, a struck holder is nobody */
	recovery(&t4, &l, 4, BY_THREE);
	REFUSED(&k, &t4, ERR_APPROVALS, "signatures");
	pass(&k, 3600000, 3600);
	T_MEM(&k.roster_id, &t2.id, 32);
	T_EQ(STATE(&k, &t3), CONTROL_CANCELLED);
}

/* A quorum that was not lost is stronger: its roster holds a recovery up, then ends it. */
static void officers_are_stronger(void)
{
	struct doc_roster r;

	start();
	recovery(&t1, &k, 1, BY_THREE);
	r = k.roster;
	r.number++;
	r.previous = k.roster_id;
	r.governance = 1;
	sign(&t2, DOC_ROSTER, &r, 3);
	TAKEN(&k, &t1);
	pass(&k, 3600000 - 1, 3600);
	TAKEN(&k, &t2);
	T_EQ(k.c.forked, 0);
	pass(&k, 3600000 - 1, 3600);
	T_EQ(k.roster.number, 1);
	pass(&k, 1, 0);
	T_MEM(&k.roster_id, &t2.id, 32);
	T_EQ(STATE(&k, &t1), CONTROL_CANCELLED);
	/* one who is ended lets it go on */
	TAKEN(&l, &t1);
	TAKEN(&l, &t2);
	cancel(&t3, "officer-3", &t2.id, 4);
	pass(&l, 3600000, 3600);
	/* both were due: officers' first */
	T_MEM(&l.roster_id, &t2.id, 32);
	TAKEN(&m, &t2);
	TAKEN(&m, &t3);
	TAKEN(&m, &t1);
	T_EQ(STATE(&m, &t1), CONTROL_WAITS);
	pass(&m, 3600000, 3600);
	T_MEM(&m.roster_id, &t1.id, 32);
}

static void so_many_recoveries(void)
{
	start();
	for (unsigned i = 0; i < CONTROL_RECOVERIES_MAX; i++) {
		recovery(&t1, &k, i, BY_THREE);
		TAKEN(&k, &t1);
	}
	recovery(&t1, &k, CONTROL_RECOVERIES_MAX, BY_THREE);
	REFUSED(&k, &t1, ERR_FULL, "previous");
	/* large ones leave room for who stops them, and for a resume */
	start();
	passkey_party(&k.roster.relying_party);
	for (unsigned n = 0; n < CONTROL_RECOVERIES_MAX; n++) {
		struct doc_roster r;

		recovery_of(&r, &k, n);
		for (size_t i = r.people_count; i < DOC_PEOPLE_MAX; i++) {
			struct doc_person *p = &r.people[r.people_count++];

			*p = (struct doc_person){ .passkey_count = 1, .roles = DOC_ROLE_APPROVER };
			(void)snprintf(p->id, sizeof p->id, "%063zu", i);
			memset(&p->key, (int)(i + 1), sizeof p->key);
			p->passkeys[0] = (struct doc_passkey){ .algorithm = DOC_ALGORITHM_EDDSA,
							       .credential_n = DOC_CREDENTIAL_MAX,
							       .key_n = 32 };
			memset(p->passkeys[0].credential, (int)i, DOC_CREDENTIAL_MAX);
			memset(p->passkeys[0].key, (int)(i + 60), 32);
		}
		sign(&t1, DOC_ROSTER, &r, BY_THREE);
		if ((n + 1) * t1.n > CONTROL_RECOVERY_BYTES) {
			REFUSED(&k, &t1, ERR_FULL, "previous");
			break;
		}
		TAKEN(&k, &t1);
		t2 = t1;
		T_CHECK(n + 2 < CONTROL_RECOVERIES_MAX);
	}
	cancel(&t3, "holder-4", &t2.id, BY_H4);
	TAKEN(&k, &t3);
	TAKEN(&k, &t1);
}

/* A holder has no security key: what stands behind a recovery proves nothing. */
static void recovery_with_a_proof(void)
{
	static struct text more;
	struct writer w = writer_make(more.raw, sizeof more.raw);
	struct doc_assertion a = { .genesis = genesis };
	struct text proof;
	struct doc d;

	start();
	recovery(&t1, &k, 1, BY_THREE);
	a.approval = t1.id;
	sign(&proof, DOC_ASSERTION, &a, 0);
	CHECK(doc_open(&d, bytes_of(t1.raw, t1.n), &genesis, NULL) == ERR_OK);
	CHECK(doc_add_proof(&w, &d, bytes_of(proof.raw, proof.n)) == ERR_OK);
	more.n = w.n;
	more.id = t1.id;
	REFUSED(&k, &more, ERR_SIGNATURE, "assertion");
}

int main(int argc, char **argv)
{
	static const struct t_case cases[] = {
		{ "one stops", who_stops },
		{ "a quorum starts again, what it names", who_starts },
		{ "named before it came", known_before },
		{ "struck keys count no more", struck },
		{ "somebody can always change the rules", governance_stays },
		{ "what loosens waits", loosening_waits },
		{ "what tightens does not", tightening_at_once },
		{ "what is or was in force", ruled },
		{ "one cancels", one_cancels },
		{ "a signer freezes", a_signer_freezes },
		{ "forks lock", forks_lock },
		{ "security keys off the curve", keys_off_the_curve },
		{ "rosters follow each other", rosters_follow },
		{ "the last places are for freezes", full },
		{ "the same documents in any order", any_order },
		{ "what people are told of what waits", words },
		{ "a resume lifts what it names", lifts_too_much },
		{ "overtaken, and no place", overtaken },
		{ "struck everywhere", struck_everywhere },
		{ "who begins a resume", who_begins },
		{ "rosters that follow nothing", odd_rosters },
		{ "cancelled too late", disowned },
		{ "a fork alone", fork_alone },
		{ "who makes room", who_makes_room },
		{ "grants wait, run and end", grants_wait_and_end },
		{ "grants that are over before they run", grants_over_before_they_run },
		{ "one ends a grant", grants_are_cancelled },
		{ "one ends a grant in a full place", grants_end_in_a_full_place },
		{ "one disowns rules in a full place", disowned_in_a_full_place },
		{ "so many grants", grants_have_room },
		{ "grants and forks", grants_and_forks },
		{ "listed since", listed_since },
		{ "holders recover a lost quorum", holders_recover },
		{ "a recovery always waits", recovery_always_waits },
		{ "a recovery changes people alone", recovery_changes_people_alone },
		{ "struck holders", struck_holders },
		{ "retired holders", retired_holders },
		{ "one ends a recovery", one_ends_a_recovery },
		{ "recoveries compete", recoveries_compete },
		{ "a recovery in force here and ended there", recovery_disowned },
		{ "disowned again and again", disowned_again_and_again },
		{ "one no of each holder", one_no_of_each_holder },
		{ "recoveries told apart", recoveries_told_apart },
		{ "recovered twice", recovered_twice },
		{ "officers are stronger than holders", officers_are_stronger },
		{ "so many recoveries", so_many_recoveries },
		{ "a recovery with a proof", recovery_with_a_proof },
	};

	CHECK(crypto_init() == ERR_OK);
	genesis.b[0] = 1;
	for (uint8_t i = 0; i < PEOPLE; i++) {
		key_make(&people[i], (uint8_t)(i + 1));
	}
	key_make(&watcher[0], 20);
	key_make(&watcher[1], 21);
	key_make(&backend, 22);
	key_make(&stranger, 23);
	key_make(&later, 24);
	key_make(&attest[0], 25);
	key_make(&attest[1], 26);
	for (size_t i = 0; i < HOLDERS; i++) {
		key_make(&holder[i], (uint8_t)(30 + i));
	}
	return t_main(cases, ARRAY_LEN(cases), argc, argv);
}
