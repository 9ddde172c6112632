/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Goal: a closed till pays no more, and a second attempt of a withdrawal is signed only when the
 * first is dead for good (P3).
 * Method: the core as a step function in the world of test_payout.c, dropped and replayed after
 * every commit.
 */
#include "t.h"

#include "payout_world.h"

static void close_post(struct world *w, const struct key32 *account, const char *issuer,
		       const uint8_t *secret, uint64_t time_ms)
{
	struct doc_closing c = { .account = *account,
				 .genesis = w->genesis_id,
				 .reason = "used up",
				 .time_ms = time_ms };
	struct blob doc;

	text_set(c.issuer, sizeof c.issuer, issuer);
	doc = doc_blob(DOC_CLOSING, &c, secret, NULL);
	api(w, API_DOCUMENT, view(&doc));
	free(doc.p);
}

/* A till that an officer closed is chosen for no payment any more; what was fixed before waits. */
static void closings(void)
{
	struct world *w = world_open();
	struct doc_request before = request_of(w, "carol", X(5)),
			   after = request_of(w, "carol", X(6));
	const struct key32 *till = &w->till.public_key;

	close_post(w, till, "alice", w->alice.secret, 1);
	T_EQ(w->err, ERR_SIGNER_UNKNOWN);
	close_post(w, till, "olga", NULL, 1);
	T_EQ(w->err, ERR_UNSIGNED);
	close_post(w, till, "olga", w->alice.secret, 1);
	T_EQ(w->err, ERR_SIGNATURE);
	close_post(w, &w->stranger.public_key, "olga", w->officer.secret, 1);
	T_EQ(w->err, ERR_POLICY);
	post_request(w, "a", &before);
	T_CHECK(reach(w, &before.request_id, PAYOUT_SETTLED));
	T_CHECK(strstr((api(w, API_STATUS, bytes_of(NULL, 0)), w->text),
		       "\"closed_accounts\":[]") != NULL);
	close_post(w, till, "olga", w->officer.secret, 1);
	T_EQ(w->err, ERR_OK);
	T_CHECK(strstr(w->text, "\"type\":\"closing\"") != NULL);
	close_post(w, till, "olga", w->officer.secret, 1);
	T_EQ(w->err, ERR_OK);
	close_post(w, till, "olga", w->officer.secret, 2);
	T_EQ(w->err, ERR_ONCE);
	for (int round = 0; round < 2; round++) {
		post_request(w, "b", &after);
		T_EQ(w->err, ERR_OK);
		for (int i = 0; i < 5; i++) {
			tick(w);
			mine(w);
		}
		T_EQ(see(w, &after.request_id).state, PAYOUT_APPROVED);
		api(w, API_STATUS, bytes_of(NULL, 0));
		T_CHECK(strstr(w->text, w->till_at.text) != NULL);
		restart(w);
	}
	T_STR(wrong(w), "");
	world_free(w);
}

/*
 * A withdrawal that A signed and B did not is caught by the closing of its till; the server dies
 * after its k-th commit, or in it.  One payment, by attempt 2, whatever is lost.
 */
static bool second_at(size_t k, bool before, size_t *commits, const char **why)
{
	struct world *w = world_new();
	struct doc_request r;
	struct payout_view v = { .state = PAYOUT_NONE };
	uint64_t held = X(10000), away;
	struct nem_tx sweep;
	uint32_t t;

	w->crash_after = k;
	w->crash_before = before;
	w->silent[1] = true;
	open_books(w);
	if (w->crashed) {
		restart(w);
		open_books(w);
	}
	r = request_of(w, "carol", X(50));
	for (int round = 0; round < 60 && v.state != PAYOUT_SETTLED; round++) {
		post_request(w, "one", &r);
		if (w->err != ERR_OK && !w->crashed) {
			break;
		}
		if (!w->crashed && v.state == PAYOUT_AUTHORISED && round < 30) {
			close_post(w, &w->till.public_key, "olga", w->officer.secret, 1);
		}
		if (v.state == PAYOUT_AUTHORISED && held > 0 && round > 8) {
			/* emptied, and the attempt's life goes by */
			away = held - 100000;
			held = 0;
			CHECK(nem_time_from_unix_ms(&t, w->wall_ms) == ERR_OK);
			sweep = transfer_make(&w->till, w->spare_at[0].text, away, NULL, t);
			pool_add(w, &sweep);
			w->wall_ms += 4000000;
			w->mono_ms += 4000000;
			w->silent[1] = false;
			world_closed = &w->till.public_key;
			world_excludes = round > 12;
		}
		world_excludes = world_excludes || (held == 0 && round > 14);
		tick(w);
		mine(w);
		if (w->crashed) {
			restart(w);
		}
		v = see(w, &r.request_id);
		*why = wrong(w);
		if ((*why)[0] != '\0') {
			break;
		}
	}
	*commits = w->commits;
	if ((*why)[0] == '\0') {
		*why = v.state != PAYOUT_SETTLED        ? state_name(v.state)
		       : v.attempts != 2 || v.dead != 1 ? "not by the second attempt"
		       : attempts_asked(w, &v.order) != 2 || w->mined_units != 1
			   ? "asked for or paid more often"
		       : customer_has(w, "carol") != X(20000) - v.amount - v.fee
			   ? "the customer has another balance"
			   : "";
	}
	world_closed = NULL;
	world_excludes = false;
	world_free(w);
	return (*why)[0] == '\0';
}

static void second_everywhere(void)
{
	size_t commits = 0, most;
	const char *why = "";

	world_two_tills = true;
	world_order_life_ms = 86400000;
	T_CHECK(second_at(0, false, &most, &why));
	T_STR(why, "");
	for (size_t k = 1; k <= most; k++) {
		for (int before = 0; before < 2; before++) {
			bool ok = second_at(k, before, &commits, &why);

			if (!ok) {
				printf("# commit %zu %s: %s\n", k, before ? "lost" : "kept", why);
			}
			T_CHECK(ok);
		}
	}
	printf("# %zu commits on the way to a second attempt, each kept and each lost\n", most);
	world_two_tills = false;
	world_order_life_ms = 3600000;
}

/*
 * A till is closed while as many withdrawals as may be under way have A's word and not B's.
 * B never gives it; the next till holds 20,000 XEM.  Money must go on leaving.
 */
static void closing_with_all_places_taken(void)
{
	struct world *w;
	struct doc_request stuck[8], after;

	world_two_tills = true;
	w = world_open();
	w->silent[1] = true;
	for (size_t i = 0; i < 8; i++) {
		char key[8];

		stuck[i] = request_of(w, "carol", X(5));
		snprintf(key, sizeof key, "s%zu", i);
		post_request(w, key, &stuck[i]);
		T_EQ(w->err, ERR_OK);
	}
	for (int i = 0; i < 6; i++) {
		tick(w);
		mine(w);
	}
	for (size_t i = 0; i < 8; i++) {
		T_EQ(see(w, &stuck[i].request_id).state, PAYOUT_AUTHORISED);
	}
	close_post(w, &w->till.public_key, "olga", w->officer.secret, 1);
	T_EQ(w->err, ERR_OK);
	world_closed = &w->till.public_key;
	w->silent[1] = false;
	/* far behind every deadline (order_life and attempt_life are an hour), agreed by all */
	w->wall_ms += (uint64_t)4 * 3600 * 1000;
	w->mono_ms += (uint64_t)4 * 3600 * 1000;
	for (int i = 0; i < 20; i++) {
		tick(w);
		mine(w);
	}
	restart(w);
	after = request_of(w, "dave", X(6));
	post_request(w, "after", &after);
	T_EQ(w->err, ERR_OK);
	{
		bool went = reach(w, &after.request_id, PAYOUT_SETTLED);
		world_closed = NULL;
		world_two_tills = false;
		world_free(w);
		T_CHECK(went); /* the second till has 20,000 */
	}
}

/* A closing given to kuramorid alone is told to the signers and watchers, as a freeze is. */
static void a_closing_is_passed_on(void)
{
	struct world *w = world_open();

	close_post(w, &w->till.public_key, "olga", w->officer.secret, 1);
	T_EQ(w->err, ERR_OK);
	for (int i = 0; i < 5; i++) {
		tick(w);
	}
	T_CHECK(w->stops_sent > 0);
	world_free(w);
}

int main(int argc, char **argv)
{
	static const struct t_case cases[] = {
		{ "a closed till pays no more", closings },
		{ "a second attempt, and a crash at every record of it", second_everywhere },
		{ "a closing with all places taken", closing_with_all_places_taken },
		{ "a closing is passed on", a_closing_is_passed_on },
	};

	return t_main(cases, ARRAY_LEN(cases), argc, argv);
}
