/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Goal: when the quorum of officers is lost, so many cold holders replace the people and nothing
 * else (docs/decisions/0044): it always waits, one who stands ends it, officers are stronger, and
 * those who were told the same agree.
 *
 * Method: rosters that holders sign, each wrong in one thing, beside the same thing right; holders
 * who were struck or went; recoveries against each other and against the officers, in other orders.
 */
#include "control_rig.h"
#include "passkey_kit.h"

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

	rig_init();
	return t_main(cases, ARRAY_LEN(cases), argc, argv);
}
