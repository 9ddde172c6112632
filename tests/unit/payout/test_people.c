/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Goal: nothing is paid without the people whom the policy asks, one no ends it while no key has
 * spoken, and what people announce, stop or grant is told (P3, P12).
 * Method: the core as a step function in the world of test_payout.c.
 */
#include "t.h"

#include "paper.h"
#include "payout_world.h"

static void approvals(void)
{
	struct world *w = world_open();
	struct doc_request r = request_of(w, "carol", X(2000));
	struct hash32 unknown = { { 9 } };
	struct payout_view v;

	post_request(w, "k", &r);
	T_EQ(w->err, ERR_OK);
	v = see(w, &r.request_id);
	T_EQ(v.state, PAYOUT_APPROVING);
	tick(w);
	T_EQ(w->asked_n, 0);
	approve(w, &w->alice, "bob", &v.order, DOC_DECISION_YES);
	T_EQ(w->err, ERR_SIGNATURE);
	approve(w, &w->officer, "olga", &v.order, DOC_DECISION_YES);
	T_EQ(w->err, ERR_SIGNER_UNKNOWN);
	approve(w, &w->alice, "nobody", &v.order, DOC_DECISION_YES);
	T_EQ(w->err, ERR_SIGNER_UNKNOWN);
	approve(w, &w->alice, "alice", &unknown, DOC_DECISION_YES);
	T_EQ(w->err, ERR_NOT_FOUND);
	approve(w, &w->alice, "alice", &v.order, DOC_DECISION_YES);
	T_EQ(w->err, ERR_OK);
	T_EQ(see(w, &r.request_id).state, PAYOUT_APPROVING);
	approve(w, &w->alice, "alice", &v.order, DOC_DECISION_YES); /* the very same */
	T_EQ(w->err, ERR_OK);
	w->wall_ms += 10;
	approve(w, &w->alice, "alice", &v.order, DOC_DECISION_YES); /* another of hers */
	T_EQ(w->err, ERR_ONCE);
	T_EQ(see(w, &r.request_id).state, PAYOUT_APPROVING);
	restart(w);
	T_EQ(see(w, &r.request_id).state, PAYOUT_APPROVING);
	approve(w, &w->bob, "bob", &v.order, DOC_DECISION_YES);
	T_EQ(w->err, ERR_OK);
	T_EQ(see(w, &r.request_id).state, PAYOUT_APPROVED);
	T_CHECK(reach(w, &r.request_id, PAYOUT_SETTLED));
	approve(w, &w->bob, "bob", &v.order, DOC_DECISION_NO);
	T_EQ(w->err, ERR_STATE);
	T_STR(wrong(w), "");
	world_free(w);
}

static void veto(void)
{
	struct world *w = world_open();
	struct doc_request r = request_of(w, "carol", X(500)), small = request_of(w, "dave", X(5));
	struct payout_view v;

	post_request(w, "k", &r);
	v = see(w, &r.request_id);
	approve(w, &w->bob, "bob", &v.order, DOC_DECISION_NO);
	T_EQ(w->err, ERR_OK);
	T_EQ(see(w, &r.request_id).state, PAYOUT_REFUSED);
	T_CHECK(customer_has(w, "carol") == X(20000));
	approve(w, &w->alice, "alice", &v.order, DOC_DECISION_YES);
	T_EQ(w->err, ERR_STATE);
	/* a no still counts while no key has spoken */
	w->silent[0] = true;
	post_request(w, "k2", &small);
	v = see(w, &small.request_id);
	T_EQ(v.state, PAYOUT_APPROVED);
	approve(w, &w->bob, "bob", &v.order, DOC_DECISION_NO);
	T_EQ(see(w, &small.request_id).state, PAYOUT_REFUSED);
	T_CHECK(customer_has(w, "dave") == X(300));
	for (int i = 0; i < 5; i++) {
		tick(w);
		mine(w);
	}
	T_EQ(w->units_n, 0);
	T_STR(wrong(w), "");
	restart(w);
	T_STR(wrong(w), "");
	T_EQ(see(w, &small.request_id).state, PAYOUT_REFUSED);
	world_free(w);
}

static void cancel_post(struct world *w, const struct doc_cancel *x, const uint8_t *secret)
{
	struct blob doc = doc_blob(DOC_CANCEL, x, secret, NULL);

	api(w, API_DOCUMENT, view(&doc));
	free(doc.p);
}

/* A no on the stop road, by the order's id or its request's: the same end, and the money is back.
 */
static void cancelled(void)
{
	struct world *w = world_open();
	struct doc_request r = request_of(w, "carol", X(500)), small = request_of(w, "dave", X(5));
	struct doc_cancel x = { .genesis = w->genesis_id, .person = "bob" };
	struct payout_view v;
	struct blob doc;

	w->silent[0] = true;
	post_request(w, "k", &r);
	post_request(w, "k2", &small);
	v = see(w, &r.request_id);
	x.document = v.order;
	cancel_post(w, &x, w->alice.secret);
	T_EQ(w->err, ERR_SIGNATURE);
	T_EQ(see(w, &r.request_id).state, PAYOUT_APPROVING);
	cancel_post(w, &x, w->bob.secret);
	T_EQ(w->err, ERR_OK);
	T_EQ(see(w, &r.request_id).state, PAYOUT_REFUSED);
	T_CHECK(customer_has(w, "carol") == X(20000));
	T_EQ(see(w, &small.request_id).state, PAYOUT_APPROVED);
	doc = doc_blob(DOC_REQUEST, &small, w->backend.secret, &x.document);
	free(doc.p);
	cancel_post(w, &x, w->bob.secret);
	T_EQ(see(w, &small.request_id).state, PAYOUT_REFUSED);
	T_CHECK(customer_has(w, "dave") == X(300));
	restart(w);
	T_STR(wrong(w), "");
	T_EQ(see(w, &small.request_id).state, PAYOUT_REFUSED);
	T_EQ(see(w, &r.request_id).state, PAYOUT_REFUSED);
	world_free(w);
}

static void freezes(void)
{
	struct world *w = world_open();
	struct doc_request a = request_of(w, "carol", X(500)), b = request_of(w, "carol", X(5));
	struct doc_freeze f = { .genesis = w->genesis_id,
				.issuer = "olga",
				.reason = "test",
				.scope = DOC_SCOPE_ALL,
				.time_ms = w->wall_ms };
	struct payout_view frozen;
	struct blob doc;

	post_request(w, "a", &a);
	T_EQ(see(w, &a.request_id).state, PAYOUT_APPROVING);
	/* not by an approver, not unsigned, not by another key */
	text_set(f.issuer, sizeof f.issuer, "alice");
	doc = doc_blob(DOC_FREEZE, &f, w->alice.secret, NULL);
	api(w, API_DOCUMENT, view(&doc));
	T_EQ(w->err, ERR_SIGNER_UNKNOWN);
	free(doc.p);
	text_set(f.issuer, sizeof f.issuer, "olga");
	doc = doc_blob(DOC_FREEZE, &f, NULL, NULL);
	api(w, API_DOCUMENT, view(&doc));
	T_EQ(w->err, ERR_UNSIGNED);
	free(doc.p);
	doc = doc_blob(DOC_FREEZE, &f, w->alice.secret, NULL);
	api(w, API_DOCUMENT, view(&doc));
	T_EQ(w->err, ERR_SIGNATURE);
	free(doc.p);
	T_EQ(w->stops_sent, 0);
	channel(w, PAYOUT_CHANNEL_B, false);
	doc = doc_blob(DOC_FREEZE, &f, w->officer.secret, NULL);
	api(w, API_DOCUMENT, view(&doc));
	T_EQ(w->err, ERR_OK);
	T_EQ(w->stops_sent, 4); /* A and three watchers */
	tick(w);
	channel(w, PAYOUT_CHANNEL_B, true);
	T_EQ(w->stops_sent, 5);
	tick(w);
	tick(w);
	T_EQ(w->stops_sent, 5); /* receipts came */
	api(w, API_DOCUMENT, view(&doc));
	T_EQ(w->err, ERR_OK); /* the same again */
	T_EQ(w->stops_sent, 5);
	T_EQ(see(w, &a.request_id).state, PAYOUT_FROZEN);
	post_request(w, "b", &b);
	T_EQ(w->err, ERR_FROZEN);
	frozen = see(w, &a.request_id);
	approve(w, &w->alice, "alice", &frozen.order, DOC_DECISION_YES);
	T_EQ(w->err, ERR_STATE);
	restart(w);
	T_EQ(see(w, &a.request_id).state, PAYOUT_FROZEN);
	T_EQ(w->stops_sent, 10);
	w->wall_ms += w->rules.order_life_ms;
	tick(w);
	T_EQ(see(w, &a.request_id).state, PAYOUT_EXPIRED);
	T_CHECK(customer_has(w, "carol") == X(20000));
	T_EQ(w->asked_n, 0);
	T_STR(wrong(w), "");
	free(doc.p);
	world_free(w);
}

/* An hour, as the world's policy lets things wait that loosen, and the chain knows of it. */
static void an_hour(struct world *w)
{
	tick(w);
	w->wall_ms += w->rules.loosening_ms + 1000;
	mine(w);
	for (int i = 0; i < 3; i++) {
		tick(w); /* one document comes into force, or is over, in a step */
	}
}

static void grant_give(struct world *w, struct paper *p, uint64_t life_ms, const char *reason)
{
	const uint8_t *const officers[] = { w->officer.secret, w->omar.secret };
	struct doc_grant g = { .from_ms = w->wall_ms,
			       .genesis = w->genesis_id,
			       .until_ms = w->wall_ms + life_ms,
			       .up_to = xem(X(900)) };

	text_set(g.reason, sizeof g.reason, reason);
	address_set(&g.destination, &w->stranger_at);
	paper_make(p, DOC_GRANT, &g, &w->genesis_id, officers, ARRAY_LEN(officers));
	api(w, API_DOCUMENT, bytes_of(p->raw, p->n));
}

static bool grant_is(struct world *w, const struct paper *p, const char *state)
{
	char words[64];

	snprintf(words, sizeof words, "\"state\":\"%s\"", state);
	api(w, API_DOCUMENT, bytes_of(p->raw, p->n)); /* the same once more changes nothing */
	return w->err == ERR_OK && strstr(w->text, words) != NULL;
}

/* It waits, runs and is over, and people are told of both, once; what one person cancels never
 * runs, and what waits until its end neither. */
static void grants(void)
{
	static struct paper runs, cancelled, late, alone;
	struct world *w = world_open();
	uint64_t hour = w->rules.loosening_ms;
	struct doc_cancel no = { .genesis = w->genesis_id, .time_ms = w->wall_ms };
	const uint8_t *const one[] = { w->officer.secret };
	struct doc_grant g = { .from_ms = w->wall_ms,
			       .genesis = w->genesis_id,
			       .reason = "by one officer",
			       .until_ms = w->wall_ms + 3 * hour,
			       .up_to = xem(X(900)) };
	struct blob b;

	address_set(&g.destination, &w->stranger_at);
	paper_make(&alone, DOC_GRANT, &g, &w->genesis_id, one, 1);
	api(w, API_DOCUMENT, bytes_of(alone.raw, alone.n));
	T_EQ(w->err, ERR_APPROVALS);
	grant_give(w, &runs, 3 * hour, "a new office");
	T_EQ(w->err, ERR_OK);
	grant_give(w, &cancelled, 3 * hour, "a mistake");
	grant_give(w, &late, hour / 2, "over before it may run");
	T_EQ(w->err, ERR_OK);
	T_CHECK(grant_is(w, &runs, "waits"));
	no.document = cancelled.id;
	text_set(no.person, sizeof no.person, "alice");
	b = doc_blob(DOC_CANCEL, &no, w->alice.secret, NULL);
	api(w, API_DOCUMENT, view(&b));
	T_EQ(w->err, ERR_OK);
	T_EQ(w->grant_notes, 0);
	for (int i = 0; i < 3; i++) {
		an_hour(w);
		if (i == 0) {
			T_CHECK(grant_is(w, &runs, "in force"));
			T_CHECK(grant_is(w, &late, "past"));
			T_EQ(w->grant_notes, 2); /* each of them once */
		}
		restart(w);
	}
	mine(w);
	tick(w);
	T_EQ(w->grant_notes, 3);
	T_STR(w->grant_note, "unusual grant state=\"past\"");
	T_CHECK(grant_is(w, &runs, "past"));
	T_CHECK(grant_is(w, &cancelled, "cancelled"));
	/* a clock that is set back brings nothing back */
	w->wall_ms -= 2 * hour;
	tick(w);
	restart(w);
	tick(w);
	T_CHECK(grant_is(w, &runs, "past"));
	T_EQ(w->grant_notes, 3);
	T_STR(wrong(w), "");
	free(b.p);
	world_free(w);
}

int main(int argc, char **argv)
{
	static const struct t_case cases[] = {
		{ "approvals: who, what, once, enough", approvals },
		{ "a no ends it while no key has spoken", veto },
		{ "a cancel is a no", cancelled },
		{ "freezes", freezes },
		{ "grants wait, run and are over, and people are told", grants },
	};

	return t_main(cases, ARRAY_LEN(cases), argc, argv);
}
