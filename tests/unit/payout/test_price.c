/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Goal: prices reach the signers beside every payment, and a payment waits for them as long as it
 * must and no longer; what no source of the roster signed, what is old, lonely or from the future
 * changes nothing; nothing fails because a price was late (docs/decisions/0021).
 * Method: a whole kuramorid in memory (payout_world.h) whose signers count what they are given.
 */
#include "payout_world.h"
#include "t.h"

#include "chain/nem/nem_time.h"

enum { AGE = 60000 };

static struct world *yen_world(void)
{
	struct world *w;

	world_yen = (struct doc_yen){
		.age_max_ms = AGE, .day_max = 100000, .hour_max = 20000, .jump_max_bp = 500
	};
	world_price_bad = false;
	w = world_open();
	world_yen.age_max_ms = 0;
	return w;
}

/* by: whose key; NULL nobody. */
static enum err hand_in(struct world *w, const char *source, const char *rate, uint64_t time_ms,
			const struct person *by)
{
	struct doc_price price = { .asset = ASSET_XEM,
				   .currency = ASSET_JPY,
				   .genesis = w->genesis_id,
				   .time_ms = time_ms };
	struct blob b;

	text_set(price.source, sizeof price.source, source);
	text_set(price.rate, sizeof price.rate, rate);
	b = doc_blob(DOC_PRICE, &price, by == NULL ? NULL : by->secret, NULL);
	api(w, API_PRICE, view(&b));
	free(b.p);
	return w->err;
}

static void all_say(struct world *w, const char *rate)
{
	static const char *const names[] = { "p1", "p2", "p3" };

	for (size_t i = 0; i < 3; i++) {
		T_EQ(hand_in(w, names[i], rate, w->wall_ms, &w->source[i]), ERR_OK);
	}
}

static struct doc_request ask(struct world *w, const char *key, uint64_t micro)
{
	struct doc_request r = request_of(w, "carol", micro);

	post_request(w, key, &r);
	return r;
}

static bool reason_has(struct world *w, const struct id128 *id, const char *words)
{
	api(w, API_WITHDRAWAL, bytes_of(id->b, sizeof id->b));
	if (strstr(w->text, words) == NULL) {
		printf("# %s\n", w->text);
	}
	return strstr(w->text, words) != NULL;
}

static void waits_for_prices(void)
{
	struct world *w = yen_world();
	struct doc_request r = ask(w, "k1", X(50));

	T_EQ(w->err, ERR_OK); /* taken: it waits */
	tick(w);
	T_EQ(w->asked_n, 0);
	T_EQ(see(w, &r.request_id).attempts, 0);
	T_CHECK(reason_has(w, &r.request_id, "waits for prices: 0 of 2"));
	T_EQ(hand_in(w, "p1", "100", w->wall_ms, &w->source[0]), ERR_OK);
	tick(w);
	T_EQ(w->asked_n, 0);
	T_CHECK(reason_has(w, &r.request_id, "waits for prices: 1 of 2 that are needed agree"));
	/* too old in the meantime */
	for (int i = 0; i < AGE / 1000; i++) {
		tick(w);
	}
	T_EQ(hand_in(w, "p2", "100", w->wall_ms, &w->source[1]), ERR_OK);
	tick(w);
	T_EQ(w->asked_n, 0);
	all_say(w, "100.1");
	T_CHECK(reach(w, &r.request_id, PAYOUT_SETTLED));
	T_CHECK(w->asked_n >= 2);
	for (size_t i = 0; i < w->asked_n; i++) {
		T_CHECK(w->asked[i].prices >= 2);
	}
	T_STR(wrong(w), "");
	/* after a start nothing is known, and nothing fails for it */
	restart(w);
	r = ask(w, "k2", X(50));
	T_EQ(w->err, ERR_OK);
	tick(w);
	T_CHECK(reason_has(w, &r.request_id, "waits for prices: 0 of 2"));
	all_say(w, "100");
	T_CHECK(reach(w, &r.request_id, PAYOUT_SETTLED));
	world_free(w);
}

/* A price is late between A and B, and a signer finds one too old: asked again with the next. */
static void late_in_the_middle(void)
{
	struct world *w = yen_world();
	struct doc_request r;
	size_t asked;

	all_say(w, "100");
	w->silent[1] = true;
	r = ask(w, "k1", X(50));
	for (int i = 0; i < AGE / 1000 + 35; i++) {
		tick(w);
	}
	T_EQ(see(w, &r.request_id).state, PAYOUT_AUTHORISED);
	T_CHECK(reason_has(w, &r.request_id, "waits for prices: 0 of 2"));
	w->silent[1] = false;
	asked = w->asked_n;
	for (int i = 0; i < 40; i++) {
		tick(w);
	}
	T_EQ(w->asked_n, asked);
	world_price_bad = true;
	all_say(w, "100");
	for (int i = 0; i < 20; i++) {
		tick(w);
	}
	T_CHECK(reason_has(w, &r.request_id, "signer b: stale: the price is too old"));
	asked = w->asked_n;
	T_CHECK(asked > 0);
	world_price_bad = false;
	/* the next price wakes it, long before its pause is over */
	all_say(w, "100");
	tick(w);
	T_EQ(w->asked_n, asked + 1);
	T_CHECK(reach(w, &r.request_id, PAYOUT_SETTLED));
	T_EQ(see(w, &r.request_id).attempts, 1);
	world_free(w);
}

/* Anybody may hand in; only what a source signed, and what is newer, is kept. */
static void what_is_kept(void)
{
	struct world *w = yen_world();
	uint64_t now = w->wall_ms;
	struct doc_request r;
	struct blob b;
	uint8_t deep[4096];

	T_EQ(hand_in(w, "p1", "100", now, NULL), ERR_UNSIGNED);
	T_STR(w->field, "signatures");
	T_EQ(hand_in(w, "p1", "100", now, &w->source[1]), ERR_SIGNATURE);
	T_EQ(hand_in(w, "p4", "100", now, &w->source[1]), ERR_SIGNER_UNKNOWN);
	T_STR(w->field, "source");
	T_EQ(hand_in(w, "backend", "100", now, &w->backend), ERR_SIGNER_UNKNOWN);
	T_EQ(hand_in(w, "p1", "100", now + w->rules.clock_skew_ms + 1, &w->source[0]), ERR_CLOCK);
	T_STR(w->field, "time_ms");
	T_EQ(hand_in(w, "p1", "100", now - 300000, &w->source[0]), ERR_STALE);
	T_EQ(hand_in(w, "p1", "100", now, &w->source[0]), ERR_OK);
	T_EQ(hand_in(w, "p1", "100", now, &w->source[0]), ERR_OK); /* the same once more */
	T_EQ(hand_in(w, "p1", "0.1", now, &w->source[0]), ERR_STALE);
	T_EQ(hand_in(w, "p1", "0.1", now - 1, &w->source[0]), ERR_STALE);
	T_EQ(hand_in(w, "p1", "101", now + 1, &w->source[0]), ERR_OK);
	r = request_of(w, "carol", X(1));
	b = doc_blob(DOC_REQUEST, &r, NULL, NULL);
	api(w, API_PRICE, view(&b));
	T_EQ(w->err, ERR_TYPE);
	free(b.p);
	memset(deep, '[', sizeof deep);
	api(w, API_PRICE, bytes_of(deep, sizeof deep));
	T_CHECK(w->err != ERR_OK);
	api(w, API_STATUS, bytes_of(NULL, 0));
	T_CHECK(strstr(w->text, "\"rate\":\"101\",\"source\":\"p1\"") != NULL);
	T_CHECK(strstr(w->text, "\"prices_needed\":2") != NULL);
	api(w, API_METRICS, bytes_of(NULL, 0));
	T_CHECK(strstr(w->text, "kuramorid_price_age_milliseconds{source=\"p1\"} ") != NULL);
	T_CHECK(strstr(w->text, "source=\"p2\"") == NULL);
	T_CHECK(strstr(w->text, "kuramorid_prices_needed 2") != NULL);
	world_free(w);
}

/* One source lies: it is left out.  Two that differ are no two that agree. */
static void a_liar_is_left_out(void)
{
	struct world *w = yen_world();
	struct doc_request r;

	T_EQ(hand_in(w, "p1", "0.1", w->wall_ms, &w->source[0]), ERR_OK);
	T_EQ(hand_in(w, "p2", "100", w->wall_ms, &w->source[1]), ERR_OK);
	r = ask(w, "k1", X(50));
	T_EQ(w->err, ERR_OK);
	tick(w);
	T_CHECK(reason_has(w, &r.request_id, "1 of 2 that are needed agree, 2 are fresh"));
	T_EQ(w->asked_n, 0);
	T_EQ(hand_in(w, "p3", "102", w->wall_ms, &w->source[2]), ERR_OK);
	T_CHECK(reach(w, &r.request_id, PAYOUT_SETTLED));
	for (size_t i = 0; i < w->asked_n; i++) {
		T_EQ(w->asked[i].prices, 2);
	}
	world_free(w);
}

/* Advice: what passes a cap in yen is refused at once, at the highest of the prices. */
static void caps_as_advice(void)
{
	struct world *w = yen_world();
	struct doc_request r;

	all_say(w, "100");
	r = ask(w, "k1", X(99)); /* some 9,900 of 20,000 */
	T_EQ(w->err, ERR_OK);
	T_CHECK(reach(w, &r.request_id, PAYOUT_SETTLED));
	all_say(w, "104");
	(void)ask(w, "k2", X(99)); /* 10,296 more */
	T_EQ(w->err, ERR_CAP);
	T_STR(w->field, "policy.yen");
	tick(w);
	all_say(w, "100");
	(void)ask(w, "k3", X(99));
	T_EQ(w->err, ERR_OK);
	world_free(w);
}

static void without_caps_in_yen(void)
{
	struct world *w;
	struct doc_request r;

	world_yen.age_max_ms = 0;
	world_price_bad = false;
	w = world_open();
	T_EQ(hand_in(w, "p1", "100", w->wall_ms, &w->source[0]), ERR_SIGNER_UNKNOWN);
	r = ask(w, "k1", X(50));
	T_CHECK(reach(w, &r.request_id, PAYOUT_SETTLED));
	T_EQ(w->asked[0].prices, 0);
	api(w, API_STATUS, bytes_of(NULL, 0));
	T_CHECK(strstr(w->text, "\"prices\":[],\"prices_needed\":0") != NULL);
	world_free(w);
}

int main(int argc, char **argv)
{
	static const struct t_case cases[] = {
		{ "a payment waits for prices and no longer", waits_for_prices },
		{ "a price that is late in the middle", late_in_the_middle },
		{ "what is kept", what_is_kept },
		{ "a liar is left out", a_liar_is_left_out },
		{ "caps as advice", caps_as_advice },
		{ "without caps in yen", without_caps_in_yen },
	};

	return t_main(cases, ARRAY_LEN(cases), argc, argv);
}
