/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Goal: a person's day reaches both signers beside payments without approvals, survives a restart,
 * and one that a signer refuses holds nothing up.
 * Method: days by people who may and may not; signers that say what stood beside what they were
 * asked, and that refuse it.
 */
#include "payout_world.h"
#include "t.h"

static void day_post(struct world *w, const char *person, const uint8_t *secret, uint64_t time_ms)
{
	struct doc_day day = { .a_sequence = 7,
			       .a_unapproved = xem(X(5)),
			       .b_sequence = 7,
			       .b_unapproved = xem(X(5)),
			       .genesis = w->genesis_id,
			       .time_ms = time_ms };
	struct blob doc;

	text_set(day.person, sizeof day.person, person);
	doc = doc_blob(DOC_DAY, &day, secret, NULL);
	api(w, API_DOCUMENT, view(&doc));
	free(doc.p);
}

/* Days that stood beside what this signer was asked for last; -1: never asked. */
static int beside(const struct world *w, int signer)
{
	for (size_t i = w->asked_n; i-- > 0;) {
		if (w->asked[i].signer == signer) {
			return (int)w->asked[i].days;
		}
	}
	return -1;
}

static bool paid(struct world *w, const char *key, uint64_t micro)
{
	struct doc_request r = request_of(w, "carol", micro);

	post_request(w, key, &r);
	return w->err == ERR_OK && reach(w, &r.request_id, PAYOUT_SETTLED);
}

static void who_may(void)
{
	struct world *w = world_open();
	uint64_t now = w->wall_ms;

	day_post(w, "alice", w->alice.secret, now);
	T_EQ(w->err, ERR_SIGNER_UNKNOWN);
	day_post(w, "nobody", w->alice.secret, now);
	T_EQ(w->err, ERR_SIGNER_UNKNOWN);
	day_post(w, "olga", NULL, now);
	T_EQ(w->err, ERR_UNSIGNED);
	day_post(w, "olga", w->alice.secret, now);
	T_EQ(w->err, ERR_SIGNATURE);
	day_post(w, "olga", w->officer.secret, now + 24 * UINT64_C(3600000));
	T_EQ(w->err, ERR_CLOCK);
	T_CHECK(paid(w, "a", X(5)));
	T_EQ(beside(w, 0), 0);
	T_EQ(beside(w, 1), 0);
	day_post(w, "olga", w->officer.secret, now);
	T_EQ(w->err, ERR_OK);
	T_CHECK(strstr(w->text, "\"type\":\"day\"") != NULL);
	day_post(w, "olga", w->officer.secret, now);
	T_EQ(w->err, ERR_OK); /* the same once more */
	day_post(w, "omar", w->omar.secret, now - 1);
	T_EQ(w->err, ERR_STALE);
	day_post(w, "omar", w->omar.secret, now + 1);
	T_EQ(w->err, ERR_OK);
	T_STR(wrong(w), "");
	world_free(w);
}

static void beside_small_payments(void)
{
	struct world *w = world_open();
	struct doc_request large = request_of(w, "carol", X(150));
	struct hash32 order;

	day_post(w, "olga", w->officer.secret, w->wall_ms);
	for (int round = 0; round < 2; round++) {
		T_CHECK(paid(w, round == 0 ? "a" : "b", X(5) + (uint64_t)round));
		T_EQ(beside(w, 0), 1);
		T_EQ(beside(w, 1), 1);
		restart(w);
	}
	/* what people approve needs none */
	post_request(w, "c", &large);
	T_EQ(see(w, &large.request_id).state, PAYOUT_APPROVING);
	order = see(w, &large.request_id).order;
	approve(w, &w->alice, "alice", &order, DOC_DECISION_YES);
	T_CHECK(reach(w, &large.request_id, PAYOUT_SETTLED));
	T_EQ(beside(w, 0), 0);
	T_EQ(beside(w, 1), 0);
	T_STR(wrong(w), "");
	world_free(w);
}

/* A hostile or honest signer that refuses it is asked without, until there is another. */
static void refused(void)
{
	for (int signer = 0; signer < 2; signer++) {
		struct world *w = world_open();

		day_post(w, "olga", w->officer.secret, w->wall_ms);
		world_day_refused[signer] = true;
		T_CHECK(paid(w, "a", X(5)));
		T_EQ(beside(w, signer), 0);
		T_EQ(beside(w, 1 - signer), 1);
		T_CHECK(paid(w, "b", X(6)));
		T_EQ(beside(w, signer), 0);
		world_day_refused[signer] = false;
		day_post(w, "omar", w->omar.secret, w->wall_ms + 1);
		T_EQ(w->err, ERR_OK);
		T_CHECK(paid(w, "c", X(7)));
		T_EQ(beside(w, signer), 1);
		T_STR(wrong(w), "");
		world_free(w);
	}
}

int main(int argc, char **argv)
{
	static const struct t_case cases[] = {
		{ "who may sign a day", who_may },
		{ "beside payments without approvals", beside_small_payments },
		{ "a day that a signer refuses", refused },
	};

	if (crypto_init() != ERR_OK) {
		return 1;
	}
	return t_main(cases, ARRAY_LEN(cases), argc, argv);
}
