/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Goal: one person, one word, proved by what the roster takes (T20, T34); and a key's count serves
 * one approval, never goes back, and is not forgotten into being good again.
 *
 * Method: words that count, then each thing about them made wrong, one at a time; all ways in which
 * people try to vote twice; a key and its copy; more uses than are remembered.  The proofs
 * themselves are broken in tests/conformance/webauthn.
 */
#include "crypto/crypto.h"
#include "passkey_kit.h"
#include "policy/approvals.h"
#include "t.h"

enum { AIKO, REN, MEI, AUDITOR, PEOPLE, RAW = 8192, TOUCHED = 1, VERIFIED = 5 };

#define NOW UINT64_C(1516924800000)

static struct doc_roster roster;
static uint8_t secrets[PEOPLE][ED25519_SECRET_BYTES];
static struct counters counters;
static struct approvals_set set;
static struct approvals_question q;
static struct approvals_count count;
static struct hash32 order;
static uint8_t raw[2 * APPROVALS_MAX + 4][RAW];
static size_t raws;

/* Keys 2 i and 2 i + 1 are person i's. */
static void start(void)
{
	static const char *const ids[] = { "aiko", "ren", "mei", "auditor" };

	memset(&roster, 0, sizeof roster);
	memset(&counters, 0, sizeof counters);
	memset(&set, 0, sizeof set);
	memset(order.b, 0xaa, sizeof order.b);
	raws = 0;
	roster.software_approvals = true;
	passkey_party(&roster.relying_party);
	roster.people_count = PEOPLE;
	for (unsigned i = 0; i < PEOPLE; i++) {
		const uint8_t seed[ED25519_SEED_BYTES] = { 1, (uint8_t)i };
		struct doc_person *p = &roster.people[i];
		uint8_t unused[ED25519_SECRET_BYTES];

		(void)snprintf(p->id, sizeof p->id, "%s", ids[i]);
		ed25519_keypair(&p->key, secrets[i], seed);
		p->roles = i == AUDITOR ? DOC_ROLE_AUDITOR : DOC_ROLE_APPROVER;
		p->passkey_count = 2;
		passkey_make(&p->passkeys[0], unused, (uint8_t)(2 * i));
		passkey_make(&p->passkeys[1], unused, (uint8_t)(2 * i + 1));
	}
	q = (struct approvals_question){ .roster = &roster,
					 .subject_type = DOC_ORDER,
					 .subject = &order,
					 .initiator = "customer-1",
					 .roles = DOC_ROLE_APPROVER,
					 .until_ms = NOW + 1000,
					 .counters = &counters };
}

static struct doc_approval word(unsigned person)
{
	struct doc_approval a = { .decision = DOC_DECISION_YES,
				  .subject = order,
				  .subject_type = DOC_ORDER,
				  .time_ms = NOW };

	(void)snprintf(a.person, sizeof a.person, "%s",
		       person < PEOPLE ? roster.people[person].id : "nobody");
	return a;
}

static struct doc opened(struct writer out)
{
	struct hash32 none = { { 0 } };
	struct doc d;

	CHECK(doc_open(&d, bytes_of(out.p, out.n), &none, NULL) == ERR_OK);
	return d;
}

/* The approval's document; signer: a person, or -1. */
static struct doc paper(const struct doc_approval *a, int signer)
{
	struct writer out = writer_make(raw[raws++], RAW);

	CHECK(doc_approval_make(&out, NULL, a, signer < 0 ? NULL : secrets[signer]) == ERR_OK);
	return opened(out);
}

static struct doc proof(const struct doc *approval, unsigned key, uint32_t counter, uint8_t flags)
{
	struct writer out = writer_make(raw[raws++], RAW);
	struct doc_assertion a;

	passkey_assert(&a, (uint8_t)key, &approval->id, counter, flags);
	CHECK(doc_assertion_make(&out, NULL, &a, NULL) == ERR_OK);
	return opened(out);
}

static enum err add(const struct doc *d)
{
	return approvals_add(&set, d, NULL);
}

static void say_by_software(const struct doc_approval *a, int signer)
{
	struct doc d = paper(a, signer);

	T_EQ(add(&d), ERR_OK);
}

static void say_by_key(const struct doc_approval *a, unsigned key, uint32_t counter)
{
	struct doc d = paper(a, -1);
	struct doc p = proof(&d, key, counter, VERIFIED);

	T_EQ(add(&d), ERR_OK);
	T_EQ(add(&p), ERR_OK);
}

static enum err judged(void)
{
	struct policy_verdict v;

	count = (struct approvals_count){ .yes = 99 };
	v = approvals_judge(&set, &q, &count);
	CHECK((count.yes == 99) == (v.err != ERR_OK));
	return v.err;
}

static void words_that_count(void)
{
	struct doc_approval a;

	start();
	T_EQ(judged(), ERR_OK);
	T_EQ(count.yes, 0);
	a = word(AIKO);
	say_by_software(&a, AIKO);
	a = word(REN);
	say_by_key(&a, 2 * REN, 7);
	T_EQ(judged(), ERR_OK);
	T_EQ(count.yes, 2);
	T_CHECK(!count.veto);
	T_CHECK(set.one[1].person == &roster.people[REN]);
	T_EQ(set.one[1].seen.counter, 7);
	T_EQ(set.one[1].seen.time_ms, NOW);
	T_MEM(set.one[1].seen.approval.b, set.one[1].doc.id.b, 16);
	a = word(MEI);
	a.decision = DOC_DECISION_NO;
	say_by_key(&a, 2 * MEI + 1, 0);
	T_EQ(judged(), ERR_OK);
	T_EQ(count.yes, 2);
	T_CHECK(count.veto);
	/* nobody takes back another's no */
	memcpy(a.person, "auditor", 8);
	q.roles |= DOC_ROLE_AUDITOR;
	say_by_software(&a, AUDITOR);
	T_EQ(judged(), ERR_OK);
	T_EQ(count.yes, 2);
	T_CHECK(count.veto);
	set.n--;
	/* the roster takes security keys alone: the first of them counts no more */
	roster.software_approvals = false;
	T_EQ(judged(), ERR_POLICY);
}

static void software_keys(void)
{
	struct doc_approval a = word(AIKO);
	struct doc d;

	start();
	a = word(AIKO);
	say_by_software(&a, REN);
	T_EQ(judged(), ERR_SIGNATURE);
	start();
	say_by_software(&a, -1);
	T_EQ(judged(), ERR_UNSIGNED);
	roster.software_approvals = false;
	T_EQ(judged(), ERR_UNSIGNED);
	start();
	roster.software_approvals = false;
	say_by_software(&a, AIKO);
	T_EQ(judged(), ERR_POLICY);
	/* a wrong proof is not made up for by a right signature */
	start();
	d = paper(&a, AIKO);
	T_EQ(add(&d), ERR_OK);
	d = proof(&d, 2 * AIKO, 1, TOUCHED);
	T_EQ(add(&d), ERR_OK);
	T_EQ(judged(), ERR_POLICY);
	/* and a signature beside a proof does no harm */
	start();
	roster.software_approvals = false;
	d = paper(&a, AIKO);
	T_EQ(add(&d), ERR_OK);
	d = proof(&d, 2 * AIKO, 1, VERIFIED);
	T_EQ(add(&d), ERR_OK);
	T_EQ(judged(), ERR_OK);
	T_EQ(count.yes, 1);
}

/* One fault each, of a word that a key proves. */
static void faults(void)
{
	static const char *const kinds[] = {
		"nobody",     "no role",   "other order",    "a posting", "own",
		"the future", "another's", "their approval", "no party"
	};

	static const enum err want[] = { ERR_SIGNER_UNKNOWN, ERR_SIGNER_UNKNOWN, ERR_MISMATCH,
					 ERR_MISMATCH,       ERR_POLICY,         ERR_CLOCK,
					 ERR_SIGNER_UNKNOWN, ERR_MISMATCH,       ERR_MISMATCH };

	for (unsigned i = 0; i < ARRAY_LEN(kinds); i++) {
		struct doc_approval a, b;
		struct doc d, p;

		start();
		a = word(i == 0 ? PEOPLE : i == 1 ? AUDITOR : AIKO);
		b = a;
		if (i == 2) {
			a.subject.b[31] ^= 1;
		} else if (i == 3) {
			a.subject_type = DOC_POSTING;
		} else if (i == 4) {
			q.initiator = "aiko";
		} else if (i == 5) {
			a.time_ms = q.until_ms + 1;
		} else if (i == 8) {
			roster.relying_party.origin_count = 0;
		}
		d = paper(&a, -1);
		b.decision = DOC_DECISION_NO;
		p = paper(&b, -1);
		p = proof(i == 7 ? &p : &d,
			  i == 1   ? 2 * AUDITOR
			  : i == 6 ? 2 * REN
				   : 2 * AIKO,
			  3, VERIFIED);
		T_EQ(add(&d), ERR_OK);
		T_EQ(add(&p), ERR_OK);
		if (judged() != want[i]) {
			printf("# %s\n", kinds[i]);
		}
		T_EQ(judged(), want[i]);
	}
}

/* The same instant is not the future, and the role asked for may be another one. */
static void edges(void)
{
	struct doc_approval a;

	start();
	a = word(AUDITOR);
	a.time_ms = q.until_ms;
	say_by_key(&a, 2 * AUDITOR, 1);
	T_EQ(judged(), ERR_SIGNER_UNKNOWN);
	q.roles = DOC_ROLE_APPROVER | DOC_ROLE_AUDITOR;
	T_EQ(judged(), ERR_OK);
	q.until_ms--;
	T_EQ(judged(), ERR_CLOCK);
}

static void nobody_votes_twice(void)
{
	struct doc_approval a, b;

	/* the same word twice; two words; by two keys; by a key and by software */
	start();
	a = word(AIKO);
	say_by_software(&a, AIKO);
	say_by_software(&a, AIKO);
	T_EQ(judged(), ERR_ONCE);
	start();
	b = word(AIKO);
	b.time_ms++;
	say_by_software(&a, AIKO);
	say_by_software(&b, AIKO);
	T_EQ(judged(), ERR_ONCE);
	start();
	say_by_key(&a, 2 * AIKO, 1);
	say_by_key(&b, 2 * AIKO + 1, 1);
	T_EQ(judged(), ERR_ONCE);
	start();
	say_by_key(&a, 2 * AIKO, 1);
	say_by_software(&b, AIKO);
	T_EQ(judged(), ERR_ONCE);
	start();
	b.decision = DOC_DECISION_NO;
	say_by_software(&a, AIKO);
	say_by_key(&b, 2 * AIKO, 1);
	T_EQ(judged(), ERR_ONCE);
	/* one key for two people */
	start();
	a = word(AIKO);
	b = word(REN);
	say_by_key(&a, 2 * AIKO, 1);
	say_by_key(&b, 2 * AIKO, 2);
	T_EQ(judged(), ERR_SIGNER_UNKNOWN);
}

static void what_stands_where(void)
{
	struct doc_approval a;
	struct doc d, p, none;

	start();
	a = word(AIKO);
	d = paper(&a, -1);
	p = proof(&d, 2 * AIKO, 1, VERIFIED);
	none = d;
	none.type = DOC_ORDER;
	T_EQ(add(&p), ERR_STATE); /* behind nothing */
	T_EQ(add(&none), ERR_TYPE);
	none = p;
	none.type = DOC_APPROVAL; /* in whose body nothing is right */
	T_CHECK(add(&none) != ERR_OK);
	T_EQ(set.n, 0);
	T_EQ(add(&d), ERR_OK);
	T_EQ(add(&p), ERR_OK);
	T_EQ(add(&p), ERR_STATE); /* a second one */
	T_EQ(set.n, 1);
	T_EQ(judged(), ERR_OK);
	/* behind the wrong one */
	start();
	d = paper(&a, AIKO);
	p = proof(&d, 2 * AIKO, 1, VERIFIED);
	T_EQ(add(&d), ERR_OK);
	a = word(REN);
	d = paper(&a, REN);
	T_EQ(add(&d), ERR_OK);
	T_EQ(add(&p), ERR_OK);
	T_EQ(judged(), ERR_MISMATCH);
	/* more than one subject has */
	start();
	a = word(AIKO);
	d = paper(&a, AIKO);
	for (unsigned i = 0; i < APPROVALS_MAX; i++) {
		T_EQ(add(&d), ERR_OK);
	}
	T_EQ(add(&d), ERR_FULL);
	p = proof(&d, 2 * AIKO, 1, VERIFIED);
	T_EQ(add(&p), ERR_OK);
	T_EQ(set.n, APPROVALS_MAX);
}

/* A proof whose body is none is found where it is judged. */
static void a_proof_that_is_none(void)
{
	static const char text[] =
	    "{\"body\":{\"genesis\":"
	    "\"0000000000000000000000000000000000000000000000000000000000000000\"},"
	    "\"signatures\":[],\"type\":\"assertion\",\"version\":1}";
	struct doc_approval a;
	struct doc d;

	start();
	a = word(AIKO);
	d = paper(&a, AIKO);
	T_EQ(add(&d), ERR_OK);
	memcpy(raw[raws], text, sizeof text - 1);
	d = opened((struct writer){ .p = raw[raws], .n = sizeof text - 1 });
	T_EQ(add(&d), ERR_OK);
	T_EQ(judged(), ERR_FIELD_MISSING);
}

/* ---- counters ---- */

static struct counters_seen seen(unsigned key, uint32_t counter, uint64_t time_ms, uint32_t about)
{
	struct counters_seen s = { .time_ms = time_ms, .counter = counter };
	struct doc_passkey entry;
	uint8_t secret[ED25519_SECRET_BYTES];

	passkey_make(&entry, secret, (uint8_t)key);
	s.key = counters_key_name(bytes_of(entry.credential, entry.credential_n));
	le32_put(s.approval.b, about);
	return s;
}

static enum err check(struct counters_seen s)
{
	return counters_check(&counters, &s).err;
}

static bool known(struct counters_seen s)
{
	return counters_known(&counters, &s);
}

static void learn(struct counters_seen s)
{
	counters_learn(&counters, &s, &roster);
}

static void each_count_serves_one(void)
{
	start();
	T_EQ(check(seen(0, 5, NOW, 1)), ERR_OK);
	learn(seen(0, 5, NOW, 1));
	T_EQ(check(seen(0, 5, NOW, 1)), ERR_OK); /* a second attempt of the same order */
	T_EQ(check(seen(0, 5, NOW, 2)), ERR_ONCE);
	T_EQ(check(seen(0, 5, NOW + 1, 2)), ERR_ONCE);
	T_EQ(check(seen(0, 4, NOW + 1, 2)), ERR_STALE);
	T_EQ(check(seen(0, 1, NOW + 1, 2)), ERR_STALE);
	T_EQ(check(seen(0, 0, NOW + 1, 2)), ERR_STALE);
	T_EQ(check(seen(0, 0, NOW - 1, 2)), ERR_STALE);
	T_EQ(check(seen(0, 6, NOW + 1, 2)), ERR_OK);
	T_EQ(check(seen(0, UINT32_MAX, NOW + 1, 2)), ERR_OK);
	T_EQ(check(seen(1, 5, NOW, 2)), ERR_OK); /* another key of the same person */
}

/* Orders wait for other people: approvals arrive in another order than they were made in. */
static void arriving_out_of_order(void)
{
	start();
	learn(seen(0, 12, NOW + 20, 3));
	T_EQ(check(seen(0, 11, NOW + 10, 2)), ERR_OK);
	learn(seen(0, 11, NOW + 10, 2));
	T_EQ(check(seen(0, 10, NOW, 1)), ERR_OK);
	learn(seen(0, 10, NOW, 1));
	/* a copy of the key that goes on from 9, with what is approved now */
	T_EQ(check(seen(0, 9, NOW + 30, 4)), ERR_STALE);
	T_CHECK(check(seen(0, 11, NOW + 30, 4)) != ERR_OK);
	/* a higher count of an earlier moment: the copy went ahead */
	T_EQ(check(seen(0, 13, NOW + 15, 4)), ERR_STALE);
	T_EQ(check(seen(0, 13, NOW + 30, 4)), ERR_OK);
}

static void keys_that_do_not_count(void)
{
	start();
	for (uint32_t i = 0; i < 10; i++) {
		T_EQ(check(seen(0, 0, NOW + i, i)), ERR_OK);
		learn(seen(0, 0, NOW + i, i));
	}
	T_EQ(counters.keys_n, 0);
	T_EQ(counters.uses_n, 0);
	/* it begins to count, and never says 0 again */
	learn(seen(0, 1, NOW + 20, 20));
	T_EQ(check(seen(0, 0, NOW + 30, 30)), ERR_STALE);
}

/* What was forgotten for its age is not good again. */
static void forgotten_uses(void)
{
	start();
	learn(seen(0, 7, NOW, 1));
	for (uint32_t i = 0; i < COUNTERS_USES_MAX; i++) {
		learn(seen(2, i + 1, NOW + i, i));
	}
	T_EQ(counters.uses_n, COUNTERS_USES_MAX);
	T_CHECK(!known(seen(0, 7, NOW, 1)));
	T_EQ(check(seen(0, 7, NOW, 2)), ERR_STALE);
	T_EQ(check(seen(0, 6, NOW - 1, 2)), ERR_STALE);
	T_EQ(check(seen(0, 8, NOW + 1, 2)), ERR_OK);
	/* the other key's are all there; one more, and its first is gone */
	T_EQ(check(seen(2, 1, NOW, 0)), ERR_OK);
	learn(seen(2, COUNTERS_USES_MAX + 1, NOW + COUNTERS_USES_MAX, 9999));
	T_EQ(check(seen(2, 1, NOW, 0)), ERR_STALE);
	T_EQ(check(seen(2, 2, NOW + 1, 1)), ERR_OK);
	/* learnt out of order: the higher count goes first, and the lower is still known by name */
	start();
	learn(seen(0, 10, NOW + 20, 1));
	learn(seen(0, 5, NOW + 10, 2));
	for (uint32_t i = 0; i < COUNTERS_USES_MAX - 1; i++) {
		learn(seen(2, i + 1, NOW + i, i));
	}
	T_EQ(check(seen(0, 5, NOW + 10, 2)), ERR_OK);
	T_EQ(check(seen(0, 9, NOW + 20, 3)), ERR_STALE);
	learn(seen(2, COUNTERS_USES_MAX, NOW + COUNTERS_USES_MAX, 9999));
	T_EQ(check(seen(0, 5, NOW + 10, 2)), ERR_STALE);
	T_EQ(check(seen(0, 10, NOW + 30, 3)), ERR_STALE);
	T_EQ(check(seen(0, 11, NOW + 30, 3)), ERR_OK);
}

static void learnt_twice_is_one(void)
{
	start();
	learn(seen(0, 7, NOW, 1));
	learn(seen(0, 7, NOW, 1));
	T_EQ(counters.uses_n, 1);
	T_CHECK(known(seen(0, 7, NOW, 1)));
	T_CHECK(!known(seen(0, 8, NOW, 1)));
	T_CHECK(!known(seen(1, 7, NOW, 1)));
}

/* More keys than a roster can have were seen: those that it has no more make room. */
static void keys_that_left(void)
{
	start();
	for (unsigned i = 0; i < COUNTERS_KEYS_MAX; i++) {
		learn(seen(100 + i, 5, NOW, i));
	}
	T_EQ(counters.keys_n, COUNTERS_KEYS_MAX);
	learn(seen(0, 5, NOW, 1));
	T_EQ(counters.keys_n, COUNTERS_KEYS_MAX);
	T_EQ(check(seen(0, 4, NOW + 1, 2)), ERR_STALE);
	T_EQ(check(seen(0, 6, NOW + 1, 2)), ERR_OK);
	T_EQ(check(seen(0, 5, NOW, 1)), ERR_OK);
	/* whose place it took is forgotten, uses and all; the next is not */
	T_EQ(check(seen(100, 4, NOW + 1, 2)), ERR_OK);
	T_EQ(check(seen(101, 4, NOW + 1, 2)), ERR_STALE);
	/* and what it used goes round with the ring, without a trace */
	for (uint32_t i = 0; i < COUNTERS_USES_MAX; i++) {
		learn(seen(0, i + 6, NOW + i, i));
	}
	T_EQ(check(seen(0, COUNTERS_USES_MAX + 6, NOW + COUNTERS_USES_MAX, 1)), ERR_OK);
	/* all places belong to keys of the roster: one that is not has none */
	start();
	roster.people_count = DOC_PEOPLE_MAX;
	for (unsigned i = 0; i < DOC_PEOPLE_MAX; i++) {
		uint8_t secret[ED25519_SECRET_BYTES];

		roster.people[i].passkey_count = DOC_PASSKEYS_MAX;
		for (unsigned k = 0; k < DOC_PASSKEYS_MAX; k++) {
			passkey_make(&roster.people[i].passkeys[k], secret,
				     (uint8_t)(DOC_PASSKEYS_MAX * i + k));
			learn(seen(DOC_PASSKEYS_MAX * i + k, 5, NOW, i));
		}
	}
	T_EQ(counters.keys_n, COUNTERS_KEYS_MAX);
	learn(seen(200, 5, NOW, 1));
	T_EQ(counters.uses_n, COUNTERS_KEYS_MAX);
	T_EQ(check(seen(0, 4, NOW + 1, 2)), ERR_STALE);
}

/* The counter of a word is judged with it. */
static void a_copy_is_refused(void)
{
	struct doc_approval a;

	start();
	a = word(AIKO);
	say_by_key(&a, 2 * AIKO, 41);
	T_EQ(judged(), ERR_OK);
	learn(set.one[0].seen);
	T_EQ(judged(), ERR_OK); /* asked again */
	memset(&set, 0, sizeof set);
	memset(order.b, 0xbb, sizeof order.b);
	a = word(AIKO);
	a.time_ms++;
	say_by_key(&a, 2 * AIKO, 41);
	T_EQ(judged(), ERR_ONCE);
	memset(&set, 0, sizeof set);
	say_by_key(&a, 2 * AIKO, 40);
	T_EQ(judged(), ERR_STALE);
	q.counters = NULL; /* who remembers none */
	T_EQ(judged(), ERR_OK);
}

int main(int argc, char **argv)
{
	static const struct t_case cases[] = {
		{ "words that count", words_that_count },
		{ "software keys", software_keys },
		{ "one fault each", faults },
		{ "edges of time and role", edges },
		{ "nobody votes twice", nobody_votes_twice },
		{ "an assertion stands behind its approval", what_stands_where },
		{ "a proof that is none", a_proof_that_is_none },
		{ "each count serves one approval", each_count_serves_one },
		{ "approvals that arrive out of order", arriving_out_of_order },
		{ "keys that do not count", keys_that_do_not_count },
		{ "what was forgotten is not good again", forgotten_uses },
		{ "the same use learnt twice", learnt_twice_is_one },
		{ "keys that nobody has any more", keys_that_left },
		{ "a copy of a key is refused", a_copy_is_refused },
	};

	if (crypto_init() != ERR_OK) {
		return 1;
	}
	return t_main(cases, ARRAY_LEN(cases), argc, argv);
}
