/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Goal: an approval counts by the roster in force.  Who has left since, or has another key, does
 * not keep a payment waiting until it expires: others approve, and nobody who judges is handed a
 * word that counts no more; so many are needed as the policy in force asks for, and never less than
 * when it was ordered (docs/withdrawal.md). Method: the core in payout_world.h; rosters in
 * which an approver leaves, has another software key, another security key or a struck one, at each
 * state, with restarts between; then those who have no say any more try to have one.  Policies that
 * ask for more people, or for less, at each state.
 */
#include <stdio.h>
#include <string.h>

#include "paper.h"
#include "payout_world.h"
#include "t.h"

enum { MANY = 45, SETTLED = 12, LIFE_MS = 72 * 3600 * 1000, VERIFIED = 5 };

/* The roster of genesis as the first of its successors begins. */
static void roster_first(struct world *w, struct doc_roster *r)
{
	struct doc d;

	CHECK(doc_open(&d, view(&w->roster), NULL, NULL) == ERR_OK);
	CHECK(doc_roster_read(&d, r, NULL) == ERR_OK);
	r->genesis = w->genesis_id;
	r->number = 2;
	r->previous = d.id;
}

/* Of the type given, signed by both officers, and waited for where it loosens; its id in id. */
static void give(struct world *w, enum doc_type type, const void *in, struct hash32 *id)
{
	static struct paper p;
	const uint8_t *const officers[] = { w->officer.secret, w->omar.secret };

	paper_make(&p, type, in, &w->genesis_id, officers, ARRAY_LEN(officers));
	api(w, API_DOCUMENT, bytes_of(p.raw, p.n));
	T_EQ(w->err, ERR_OK);
	for (int i = 0; i < 2 && strstr(w->text, "in force") == NULL; i++) {
		tick(w);
		w->wall_ms += 2 * w->rules.loosening_ms;
		mine(w);
	}
	tick(w);
	api(w, API_DOCUMENT, bytes_of(p.raw, p.n));
	T_CHECK(strstr(w->text, "\"state\":\"in force\"") != NULL);
	*id = p.id;
}

/* It comes into force, and r is its successor's beginning. */
static void roster_give(struct world *w, struct doc_roster *r)
{
	give(w, DOC_ROSTER, r, &r->previous);
	r->number++;
}

static void without_bob(struct doc_roster *r)
{
	CHECK(strcmp(r->people[1].id, "bob") == 0);
	for (size_t i = 1; i + 1 < r->people_count; i++) {
		r->people[i] = r->people[i + 1];
	}
	r->people_count--;
}

/* A payment of carol's that alice and bob have approved; no signer has spoken. */
static struct doc_request by_two(struct world *w, struct hash32 *order)
{
	struct doc_request r = request_of(w, "carol", X(2000));

	w->silent[0] = true;
	post_request(w, "k", &r);
	*order = see(w, &r.request_id).order;
	approve(w, &w->alice, "alice", order, DOC_DECISION_YES);
	approve(w, &w->bob, "bob", order, DOC_DECISION_YES);
	CHECK(w->err == ERR_OK);
	CHECK(see(w, &r.request_id).state == PAYOUT_APPROVED);
	return r;
}

static bool order_says(struct world *w, const struct hash32 *order, const char *words)
{
	api(w, API_ORDER, bytes_of(order->b, 32));
	return w->err == ERR_OK && strstr(w->text, words) != NULL;
}

static bool history_says(struct world *w, const struct id128 *id, const char *words)
{
	api(w, API_HISTORY, bytes_of(id->b, sizeof id->b));
	return w->err == ERR_OK && strstr(w->text, words) != NULL;
}

static const char *last_asked(const struct world *w)
{
	return w->asked_n == 0 ? "nobody" : w->asked[w->asked_n - 1].people;
}

/* The signers answer again, and it is paid by the one attempt that it had. */
static void goes_through(struct world *w, const struct doc_request *r, const struct hash32 *order,
			 const char *people)
{
	size_t asked = w->asked_n;

	w->silent[0] = w->silent[1] = false;
	T_CHECK(reach(w, &r->request_id, PAYOUT_SETTLED));
	T_CHECK(w->asked_n > asked);
	for (size_t i = asked; i < w->asked_n; i++) {
		T_STR(w->asked[i].people, people);
	}
	T_EQ(attempts_asked(w, order), 1);
	T_EQ(w->mined_units, 1);
	T_STR(wrong(w), "");
}

static void one_leaves(void)
{
	struct world *w = world_open();
	struct doc_roster next;
	struct hash32 order;
	struct doc_request r = by_two(w, &order);
	size_t asked;

	tick(w);
	T_STR(last_asked(w), " alice bob");
	roster_first(w, &next);
	without_bob(&next);
	roster_give(w, &next);
	asked = w->asked_n;
	for (int round = 0; round < 2; round++) {
		T_EQ(see(w, &r.request_id).state, PAYOUT_APPROVING);
		T_CHECK(order_says(w, &order, "\"approvals\":1,\"approvals_needed\":2"));
		T_CHECK(
		    order_says(w, &order,
			       "\"reason\":\"bob's approval counts no more by roster 2: nobody "
			       "whom the roster lets decide this; 1 of 2 approvals: others have "
			       "to approve\""));
		T_CHECK(order_says(w, &order, "\"person\":\"bob\"")); /* kept and shown */
		T_CHECK(history_says(w, &r.request_id, "\"recount\""));
		w->mono_ms += 60000;
		tick(w);
		mine(w);
		restart(w);
	}
	T_EQ(w->asked_n, asked); /* no signer hears of it meanwhile */
	/* neither he nor a second word of hers */
	approve(w, &w->bob, "bob", &order, DOC_DECISION_YES);
	T_EQ(w->err, ERR_SIGNER_UNKNOWN);
	approve(w, &w->bob, "bob", &order, DOC_DECISION_NO);
	T_EQ(w->err, ERR_SIGNER_UNKNOWN);
	w->wall_ms += 10;
	approve(w, &w->alice, "alice", &order, DOC_DECISION_YES);
	T_EQ(w->err, ERR_ONCE);
	T_EQ(see(w, &r.request_id).state, PAYOUT_APPROVING);
	approve(w, &w->cora, "cora", &order, DOC_DECISION_YES);
	T_EQ(w->err, ERR_OK);
	T_EQ(see(w, &r.request_id).state, PAYOUT_APPROVED);
	restart(w);
	T_EQ(see(w, &r.request_id).state, PAYOUT_APPROVED);
	goes_through(w, &r, &order, " alice cora");
	world_free(w);
}

/* He is on the list again before anybody else has approved: his word counts as it did. */
static void one_comes_back(void)
{
	struct world *w = world_open();
	struct doc_roster first, next;
	struct hash32 order;
	struct doc_request r = by_two(w, &order);

	roster_first(w, &first);
	next = first;
	without_bob(&next);
	roster_give(w, &next);
	T_EQ(see(w, &r.request_id).state, PAYOUT_APPROVING);
	first.number = next.number;
	first.previous = next.previous;
	roster_give(w, &first);
	T_EQ(see(w, &r.request_id).state, PAYOUT_APPROVED);
	restart(w);
	T_CHECK(order_says(w, &order, "\"approvals\":2,\"approvals_needed\":2"));
	goes_through(w, &r, &order, " alice bob");
	world_free(w);
}

static void another_key(void)
{
	struct world *w = world_open();
	struct doc_roster next;
	struct hash32 order;
	struct doc_request r = by_two(w, &order);
	uint64_t then = w->wall_ms;

	roster_first(w, &next);
	next.people[1].key = w->source[0].key;
	roster_give(w, &next);
	T_EQ(see(w, &r.request_id).state, PAYOUT_APPROVING);
	T_CHECK(order_says(w, &order, "not signed by that person"));
	/* the very document of then, by the old key: whoever has it hands it in again */
	w->wall_ms = then;
	approve(w, &w->bob, "bob", &order, DOC_DECISION_YES);
	T_EQ(w->err, ERR_SIGNATURE);
	/* the same words by his new key have the same id */
	approve(w, &w->source[0], "bob", &order, DOC_DECISION_YES);
	T_EQ(w->err, ERR_OK);
	T_EQ(see(w, &r.request_id).state, PAYOUT_APPROVED);
	restart(w);
	T_EQ(see(w, &r.request_id).state, PAYOUT_APPROVED);
	goes_through(w, &r, &order, " alice bob");
	world_free(w);
}

/* A has signed; B would refuse what it is asked by a word that counts no more. */
static void a_has_signed(void)
{
	struct world *w = world_open();
	struct doc_roster next;
	struct hash32 order;
	struct doc_request r = by_two(w, &order);
	size_t asked;

	w->silent[0] = false;
	w->silent[1] = true;
	restart(w); /* A is asked again */
	tick(w);
	tick(w);
	T_EQ(see(w, &r.request_id).state, PAYOUT_AUTHORISED);
	approve(w, &w->cora, "cora", &order, DOC_DECISION_YES);
	T_EQ(w->err, ERR_STATE); /* enough have decided */
	roster_first(w, &next);
	without_bob(&next);
	roster_give(w, &next);
	asked = w->asked_n;
	w->mono_ms += 60000;
	tick(w);
	for (int round = 0; round < 2; round++) {
		T_EQ(see(w, &r.request_id).state, PAYOUT_AUTHORISED);
		T_CHECK(order_says(w, &order, "1 of 2 approvals: others have to approve"));
		T_EQ(w->asked_n, asked);
		restart(w);
		tick(w);
	}
	approve(w, &w->cora, "cora", &order, DOC_DECISION_NO);
	T_EQ(w->err, ERR_STATE); /* a key has spoken */
	approve(w, &w->cora, "cora", &order, DOC_DECISION_YES);
	T_EQ(w->err, ERR_OK);
	T_CHECK(order_says(w, &order, "\"approvals\":2,\"approvals_needed\":2"));
	T_CHECK(!order_says(w, &order, "counts no more"));
	goes_through(w, &r, &order, " alice cora");
	world_free(w);
}

/* More than one step counts again; none of them is tried before it was counted. */
static void many_at_once(void)
{
	struct world *w = world_open();
	struct doc_request r[MANY];
	struct doc_roster next;
	char key[16];
	unsigned approving = 0;

	channel(w, PAYOUT_CHANNEL_A, false);
	for (unsigned i = 0; i < MANY; i++) {
		struct hash32 order;

		r[i] = request_of(w, "carol", X(150) + i);
		snprintf(key, sizeof key, "k%u", i);
		post_request(w, key, &r[i]);
		order = see(w, &r[i].request_id).order;
		approve(w, &w->bob, "bob", &order, DOC_DECISION_YES);
		T_EQ(see(w, &r[i].request_id).state, PAYOUT_APPROVED);
	}
	channel(w, PAYOUT_CHANNEL_A, true);
	w->silent[0] = true;
	w->asked_n = 0;
	restart(w); /* as if nothing had been tried yet */
	channel(w, PAYOUT_CHANNEL_A, false);
	w->asked_n = 0;
	roster_first(w, &next);
	without_bob(&next);
	roster_give(w, &next);
	channel(w, PAYOUT_CHANNEL_A, true);
	for (int i = 0; i < 6; i++) {
		tick(w);
	}
	for (unsigned i = 0; i < MANY; i++) {
		approving += see(w, &r[i].request_id).state == PAYOUT_APPROVING;
	}
	T_EQ(approving, MANY);
	T_EQ(w->asked_n, 0);
	T_STR(wrong(w), "");
	world_free(w);
}

/* A resume that strikes his key: what he had approved stays back, the rest goes on. */
static void a_struck_key(void)
{
	struct world *w = world_open();
	struct doc_request his = request_of(w, "carol", X(500)),
			   hers = request_of(w, "carol", X(501));
	const uint8_t *const officers[] = { w->officer.secret, w->omar.secret };
	struct doc_freeze f = { .genesis = w->genesis_id,
				.issuer = "olga",
				.reason = "test",
				.scope = DOC_SCOPE_ALL,
				.time_ms = w->wall_ms };
	struct doc_resume x = { .genesis = w->genesis_id,
				.initiator = "olga",
				.lift_count = 1,
				.reason = "test",
				.scope = DOC_SCOPE_ALL,
				.struck_count = 1,
				.time_ms = w->wall_ms };
	static struct paper p;
	struct hash32 order[2];
	struct blob b;

	w->silent[0] = true;
	post_request(w, "a", &his);
	post_request(w, "b", &hers);
	order[0] = see(w, &his.request_id).order;
	order[1] = see(w, &hers.request_id).order;
	approve(w, &w->bob, "bob", &order[0], DOC_DECISION_YES);
	approve(w, &w->alice, "alice", &order[1], DOC_DECISION_YES);
	b = doc_blob(DOC_FREEZE, &f, w->officer.secret, &x.freezes[0].id);
	api(w, API_DOCUMENT, view(&b));
	T_EQ(see(w, &his.request_id).state, PAYOUT_FROZEN);
	x.struck[0] = (struct doc_struck){ .key_n = sizeof w->bob.key.b };
	memcpy(x.struck[0].key, w->bob.key.b, sizeof w->bob.key.b);
	paper_make(&p, DOC_RESUME, &x, &w->genesis_id, officers, ARRAY_LEN(officers));
	api(w, API_DOCUMENT, bytes_of(p.raw, p.n));
	T_EQ(w->err, ERR_OK);
	for (int round = 0; round < 2; round++) {
		T_EQ(see(w, &his.request_id).state, PAYOUT_APPROVING);
		T_EQ(see(w, &hers.request_id).state, PAYOUT_APPROVED);
		T_CHECK(order_says(w, &order[0], "bob's approval counts no more by roster 1"));
		restart(w);
		tick(w);
	}
	approve(w, &w->bob, "bob", &order[0], DOC_DECISION_YES);
	T_EQ(w->err, ERR_SIGNATURE);
	approve(w, &w->cora, "cora", &order[0], DOC_DECISION_YES);
	T_EQ(w->err, ERR_OK);
	w->silent[0] = false;
	T_CHECK(reach(w, &his.request_id, PAYOUT_SETTLED));
	T_CHECK(reach(w, &hers.request_id, PAYOUT_SETTLED));
	T_STR(wrong(w), "");
	free(b.p);
	world_free(w);
}

/*
 * Many that were settled and forgotten come back at once by a rollback: more documents than a step
 * can ask for.  Their decisions are counted when it comes to them, and each is paid once.
 */
static void many_come_back(void)
{
	struct world *w = world_open();
	struct doc_request r[SETTLED];
	char key[16];

	for (unsigned i = 0; i < SETTLED; i++) {
		struct hash32 order;

		r[i] = request_of(w, "carol", X(150) + i);
		(void)snprintf(key, sizeof key, "k%u", i);
		post_request(w, key, &r[i]);
		order = see(w, &r[i].request_id).order;
		approve(w, &w->bob, "bob", &order, DOC_DECISION_YES);
	}
	for (unsigned i = 0; i < SETTLED; i++) {
		T_CHECK(reach(w, &r[i].request_id, PAYOUT_SETTLED));
	}
	tick(w); /* what was settled is let go */
	undo(w, w->height - 1 > 20 ? 20 : w->height - 1, false);
	for (int i = 0; i < 4 * SETTLED; i++) {
		tick(w);
	}
	for (unsigned i = 0; i < SETTLED; i++) {
		T_CHECK(reach(w, &r[i].request_id, PAYOUT_SETTLED));
	}
	T_STR(wrong(w), "");
	world_free(w);
}

/* His word with the assertion of security key number `key`. */
static void approve_by_passkey(struct world *w, const char *name, uint8_t key,
			       const struct hash32 *order)
{
	struct doc_approval a = { .decision = DOC_DECISION_YES,
				  .genesis = w->genesis_id,
				  .subject = *order,
				  .subject_type = DOC_ORDER,
				  .time_ms = ++w->wall_ms };
	struct doc_assertion proof;
	struct blob two[2];
	struct hash32 id;
	char text[16384];
	int n;

	text_set(a.person, sizeof a.person, name);
	two[0] = doc_blob(DOC_APPROVAL, &a, NULL, &id);
	passkey_assert_with(&proof, key, &id, 7, VERIFIED, "");
	proof.genesis = w->genesis_id;
	two[1] = doc_blob(DOC_ASSERTION, &proof, NULL, NULL);
	n = snprintf(text, sizeof text, "{\"documents\":[%.*s,%.*s]}", (int)two[0].n,
		     (const char *)two[0].p, (int)two[1].n, (const char *)two[1].p);
	CHECK(n > 0 && (size_t)n < sizeof text);
	api(w, API_DOCUMENT, bytes_of((const uint8_t *)text, (size_t)n));
	free(two[0].p);
	free(two[1].p);
}

/* A security key that is his no more: its assertion stays back with the approval before it. */
static void another_security_key(void)
{
	struct world *w = world_open();
	struct doc_request r = request_of(w, "carol", X(500));
	struct doc_roster next;
	struct hash32 order;
	uint8_t secret[ED25519_SECRET_BYTES];

	w->silent[0] = true;
	post_request(w, "k", &r);
	order = see(w, &r.request_id).order;
	approve_by_passkey(w, "bob", 1, &order);
	T_EQ(w->err, ERR_OK);
	tick(w);
	T_STR(last_asked(w), " bob");
	T_EQ(w->asked[w->asked_n - 1].proofs, 1);
	roster_first(w, &next);
	passkey_make(&next.people[1].passkeys[0], secret, 9);
	roster_give(w, &next);
	T_EQ(see(w, &r.request_id).state, PAYOUT_APPROVING);
	approve_by_passkey(w, "bob", 1, &order);
	T_CHECK(w->err != ERR_OK);
	T_EQ(see(w, &r.request_id).state, PAYOUT_APPROVING);
	approve_by_passkey(w, "bob", 9, &order);
	T_EQ(w->err, ERR_OK);
	T_EQ(see(w, &r.request_id).state, PAYOUT_APPROVED);
	restart(w);
	goes_through(w, &r, &order, " bob");
	T_EQ(w->asked[w->asked_n - 1].proofs, 1);
	world_free(w);
}

/* ---- how many are needed ---- */

/* The policy of genesis as the first of its successors begins. */
static void policy_first(struct world *w, struct doc_policy *p)
{
	struct doc d;

	CHECK(doc_open(&d, view(&w->policy), NULL, NULL) == ERR_OK);
	*p = w->rules;
	p->genesis = w->genesis_id;
	p->number = 2;
	p->previous = d.id;
}

/* It comes into force, and policy is its successor's beginning. */
static void policy_give(struct world *w, struct doc_policy *policy)
{
	give(w, DOC_POLICY, policy, &policy->previous);
	policy->number++;
}

/* A payment of carol's of so much that so many of these have approved; no signer has spoken. */
static struct doc_request by_some(struct world *w, uint64_t micro, unsigned n, struct hash32 *order)
{
	const struct person *who[] = { &w->alice, &w->bob, &w->cora };
	static const char *const names[] = { "alice", "bob", "cora" };
	struct doc_request r = request_of(w, "carol", micro);

	w->silent[0] = true;
	post_request(w, "k", &r);
	*order = see(w, &r.request_id).order;
	for (unsigned i = 0; i < n; i++) {
		approve(w, who[i], names[i], order, DOC_DECISION_YES);
		CHECK(w->err == ERR_OK);
	}
	CHECK(see(w, &r.request_id).state == PAYOUT_APPROVED);
	return r;
}

/* Approved by one, of whom the tier had asked; then it asks for two. */
static void more_are_needed(void)
{
	struct world *w = world_open();
	struct doc_policy next;
	struct hash32 order;
	struct doc_request r = by_some(w, X(500), 1, &order);
	size_t asked;

	tick(w);
	T_STR(last_asked(w), " alice");
	policy_first(w, &next);
	next.approval_tiers[1].approvals = 2;
	policy_give(w, &next);
	asked = w->asked_n;
	for (int round = 0; round < 3; round++) {
		T_EQ(see(w, &r.request_id).state, PAYOUT_APPROVING);
		T_CHECK(order_says(w, &order, "\"approvals\":1,\"approvals_needed\":2"));
		T_CHECK(order_says(w, &order,
				   "\"reason\":\"policy 2 asks for more approvals than when it "
				   "was ordered: 1 of 2; others have to approve\""));
		T_CHECK(history_says(w, &r.request_id, "\"recount\""));
		w->mono_ms += 60000;
		tick(w);
		mine(w);
		restart(w);
	}
	T_EQ(w->asked_n, asked); /* no signer hears of what it would refuse */
	w->wall_ms += 10;
	approve(w, &w->alice, "alice", &order, DOC_DECISION_YES);
	T_EQ(w->err, ERR_ONCE); /* she is one person */
	approve(w, &w->bob, "bob", &order, DOC_DECISION_YES);
	T_EQ(w->err, ERR_OK);
	T_EQ(see(w, &r.request_id).state, PAYOUT_APPROVED);
	restart(w);
	T_EQ(see(w, &r.request_id).state, PAYOUT_APPROVED);
	goes_through(w, &r, &order, " alice bob");
	world_free(w);
}

/* What nobody had to approve, and now somebody has to. */
static void nobody_was_needed(void)
{
	struct world *w = world_open();
	struct doc_policy next;
	struct hash32 order;
	struct doc_request r = by_some(w, X(50), 0, &order);

	policy_first(w, &next);
	next.approval_tiers[0].approvals = 1;
	policy_give(w, &next);
	T_EQ(see(w, &r.request_id).state, PAYOUT_APPROVING);
	T_CHECK(order_says(w, &order, "ordered: 0 of 1; others have to approve"));
	restart(w);
	approve(w, &w->bob, "bob", &order, DOC_DECISION_YES);
	T_EQ(w->err, ERR_OK);
	goes_through(w, &r, &order, " bob");
	world_free(w);
}

/* A has signed; B would refuse it, and waits until enough have said yes. */
static void more_when_a_has_signed(void)
{
	struct world *w = world_open();
	struct doc_policy next;
	struct hash32 order;
	struct doc_request r = by_some(w, X(500), 1, &order);
	size_t asked;

	w->silent[0] = false;
	w->silent[1] = true;
	restart(w); /* A is asked again */
	tick(w);
	tick(w);
	T_EQ(see(w, &r.request_id).state, PAYOUT_AUTHORISED);
	policy_first(w, &next);
	next.approval_tiers[1].approvals = 2;
	policy_give(w, &next);
	asked = w->asked_n;
	for (int round = 0; round < 2; round++) {
		w->mono_ms += 60000;
		tick(w);
		T_EQ(see(w, &r.request_id).state, PAYOUT_AUTHORISED);
		T_CHECK(order_says(w, &order, "ordered: 1 of 2; others have to approve"));
		T_EQ(w->asked_n, asked);
		restart(w);
		tick(w);
	}
	approve(w, &w->cora, "cora", &order, DOC_DECISION_NO);
	T_EQ(w->err, ERR_STATE); /* a key has spoken */
	approve(w, &w->cora, "cora", &order, DOC_DECISION_YES);
	T_EQ(w->err, ERR_OK);
	T_CHECK(!order_says(w, &order, "others have to approve"));
	goes_through(w, &r, &order, " alice cora");
	world_free(w);
}

/* A looser policy lets nothing go that people were told waits for more of them. */
static void less_are_needed(void)
{
	struct world *w = world_open();
	struct doc_policy next;
	struct hash32 order;
	struct doc_request r = request_of(w, "carol", X(2000));
	struct doc_request later;

	post_request(w, "k", &r);
	order = see(w, &r.request_id).order;
	approve(w, &w->alice, "alice", &order, DOC_DECISION_YES);
	policy_first(w, &next);
	next.approval_tiers[2].approvals = 1;
	policy_give(w, &next);
	for (int round = 0; round < 2; round++) {
		T_EQ(see(w, &r.request_id).state, PAYOUT_APPROVING);
		T_CHECK(order_says(w, &order, "\"approvals\":1,\"approvals_needed\":2"));
		restart(w);
		tick(w);
	}
	T_EQ(w->asked_n, 0);
	/* what is ordered now is ordered by the rules of now */
	later = request_of(w, "carol", X(2001));
	post_request(w, "l", &later);
	T_EQ(w->err, ERR_OK);
	T_EQ(see(w, &later.request_id).needed, 1);
	approve(w, &w->bob, "bob", &order, DOC_DECISION_YES);
	T_EQ(w->err, ERR_OK);
	T_CHECK(reach(w, &r.request_id, PAYOUT_SETTLED));
	T_STR(wrong(w), "");
	world_free(w);
}

/* Raised, and taken back before anybody else has approved: as it was ordered. */
static void more_and_as_before(void)
{
	struct world *w = world_open();
	struct doc_policy first, next;
	struct hash32 order;
	struct doc_request r = by_some(w, X(500), 1, &order);

	policy_first(w, &first);
	next = first;
	next.approval_tiers[1].approvals = 2;
	policy_give(w, &next);
	T_EQ(see(w, &r.request_id).state, PAYOUT_APPROVING);
	first.number = next.number;
	first.previous = next.previous;
	policy_give(w, &first);
	T_EQ(see(w, &r.request_id).state, PAYOUT_APPROVED);
	restart(w);
	T_CHECK(order_says(w, &order, "\"approvals\":1,\"approvals_needed\":1"));
	goes_through(w, &r, &order, " alice");
	world_free(w);
}

/* Roster and policy at once: whoever is lacking for which reason, both count. */
static void more_and_one_leaves(void)
{
	struct world *w = world_open();
	struct doc_policy policy;
	struct doc_roster roster;
	struct hash32 order;
	struct doc_request r = by_some(w, X(500), 1, &order);

	policy_first(w, &policy);
	policy.approval_tiers[1].approvals = 2;
	policy_give(w, &policy);
	approve(w, &w->bob, "bob", &order, DOC_DECISION_YES);
	T_EQ(see(w, &r.request_id).state, PAYOUT_APPROVED);
	roster_first(w, &roster);
	without_bob(&roster);
	roster_give(w, &roster);
	T_EQ(see(w, &r.request_id).state, PAYOUT_APPROVING);
	T_CHECK(order_says(w, &order, "bob's approval counts no more by roster 2"));
	T_CHECK(order_says(w, &order, "\"approvals\":1,\"approvals_needed\":2"));
	restart(w);
	approve(w, &w->cora, "cora", &order, DOC_DECISION_YES);
	T_EQ(w->err, ERR_OK);
	goes_through(w, &r, &order, " alice cora");
	world_free(w);
}

int main(int argc, char **argv)
{
	static const struct t_case cases[] = {
		{ "an approver leaves, another approves", one_leaves },
		{ "who comes back counts again", one_comes_back },
		{ "who has another key approves again", another_key },
		{ "when A has signed, B waits for another", a_has_signed },
		{ "many at once", many_at_once },
		{ "many come back", many_come_back },
		{ "a struck key", a_struck_key },
		{ "another security key", another_security_key },
		{ "a policy asks for more", more_are_needed },
		{ "a policy asks for somebody where it asked for nobody", nobody_was_needed },
		{ "a policy asks for more when A has signed", more_when_a_has_signed },
		{ "a policy asks for less", less_are_needed },
		{ "a policy asks for more, and then not", more_and_as_before },
		{ "a policy asks for more, and one leaves", more_and_one_leaves },
	};

	if (crypto_init() != ERR_OK) {
		return 1;
	}
	world_order_life_ms = LIFE_MS; /* longer than rosters wait */
	return t_main(cases, ARRAY_LEN(cases), argc, argv);
}
