/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Goal: one person stops, a quorum starts again and changes rules, and two who were told the same
 * things in another order agree.
 *
 * Method: every rule of control.h is asked for and every refusal provoked, with true keys that may
 * not; then random documents are told to three tables in different orders, with a replay of each.
 * What is granted for a while is in test_control_grants.c, recovery in test_control_recovery.c.
 */
#include <stdlib.h>

#include "base/hex.h"
#include "control_rig.h"
#include "passkey_kit.h"

enum { DOCS = 64 }; /* that are told in any order */

static int struck_cmp(const void *a, const void *b)
{
	const struct doc_struck *x = a;
	const struct doc_struck *y = b;
	int by_bytes = memcmp(x->key, y->key, x->key_n < y->key_n ? x->key_n : y->key_n);

	return by_bytes != 0 ? by_bytes : (int)x->key_n - (int)y->key_n;
}

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
	};

	rig_init();
	return t_main(cases, ARRAY_LEN(cases), argc, argv);
}
