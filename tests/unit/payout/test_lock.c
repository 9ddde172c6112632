/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Goal: an order with a time lock is told to everybody who judges it, until each has said that it
 * knows it; it is not asked for, and burns no attempt, before both signers and enough watchers can
 * say yes (docs/decisions/0019).  Method: the payout core (payout_world.h) under a policy with a
 * lock of five minutes; links that are down, refuse, lie or forget; restarts.
 */
#include "t.h"

#include "payout_world.h"

enum {
	LOCK_MS = 300000,
	ALL = 31, /* links: both signers, three watchers */
	A_BIT = 1,
	B_BIT = 2,
	WATCHERS = 28,
};

static struct doc_request request;
static struct hash32 order;

/* A request for 500 XEM; who refuses to know its order, who lies about it, and whose link is down.
 */
static struct world *begin_as(uint32_t mute, uint32_t lie, uint32_t down)
{
	struct world *w;

	world_lock_ms = LOCK_MS;
	world_orders_mute = mute;
	world_orders_lie = lie;
	w = world_open();
	if (down != 0) {
		channel(w, down, false);
	}
	request = request_of(w, "carol", X(500));
	post_request(w, "k", &request);
	order = see(w, &request.request_id).order;
	return w;
}

static struct world *begin(void)
{
	return begin_as(0, 0, 0);
}

static void say_yes(struct world *w)
{
	approve(w, &w->alice, "alice", &order, DOC_DECISION_YES);
}

/* By both clocks, with ticks at its end. */
static void pass(struct world *w, uint64_t ms)
{
	w->wall_ms += ms;
	w->mono_ms += ms;
	mine(w);
	tick(w);
	tick(w);
}

/* What the API says: until when, or "" if it says nothing of it. */
static const char *until(struct world *w)
{
	static char text[32];
	const char *at;

	api(w, API_WITHDRAWAL, bytes_of(request.request_id.b, 16));
	at = strstr(w->text, "\"locked_until_ms\":");
	text[0] = '\0';
	if (at != NULL) {
		(void)sscanf(at + strlen("\"locked_until_ms\":"), "%31[0-9]", text);
	}
	return text;
}

static const char *number(uint64_t n)
{
	static char text[32];

	(void)snprintf(text, sizeof text, "%llu", (unsigned long long)n);
	return text;
}

static void waits_then_pays(void)
{
	struct world *w = begin();
	uint64_t since = w->wall_ms;

	T_EQ(w->err, ERR_OK);
	T_EQ(see(w, &request.request_id).state, PAYOUT_APPROVING);
	tick(w);
	T_EQ(w->orders_told, 5);
	T_STR(until(w), number(since + LOCK_MS));
	say_yes(w);
	T_EQ(see(w, &request.request_id).state, PAYOUT_APPROVED);
	pass(w, LOCK_MS - 10000);
	T_EQ(see(w, &request.request_id).attempts, 0);
	T_CHECK(strcmp(until(w), number(since + LOCK_MS)) == 0 &&
		strstr(w->text, "waits for its time lock") != NULL);
	T_EQ(w->asked_n, 0);
	pass(w, 20000);
	T_CHECK(reach(w, &request.request_id, PAYOUT_SETTLED));
	T_EQ(attempts_asked(w, &order), 1);
	T_EQ(w->orders_told, 5);
	T_STR(wrong(w), "");
	world_free(w);
}

/* The chain's clock counts as well. */
static void one_clock(void)
{
	struct world *w = begin();

	say_yes(w);
	tick(w);
	w->wall_ms += LOCK_MS + 10000;
	tick(w);
	tick(w);
	T_EQ(w->asked_n, 0);
	T_EQ(see(w, &request.request_id).attempts, 0);
	mine(w);
	tick(w);
	T_CHECK(w->asked_n > 0);
	world_free(w);
}

static void no_lock(void)
{
	struct world *w = begin();
	struct doc_request small = request_of(w, "carol", X(50));

	tick(w);
	post_request(w, "s", &small);
	T_CHECK(reach(w, &small.request_id, PAYOUT_SETTLED));
	T_EQ(w->orders_told, 5);
	world_free(w);
	world_lock_ms = 0;
	w = world_open();
	request = request_of(w, "carol", X(500));
	post_request(w, "k", &request);
	order = see(w, &request.request_id).order;
	say_yes(w);
	T_CHECK(reach(w, &request.request_id, PAYOUT_SETTLED));
	T_STR(until(w), "0");
	T_EQ(w->orders_told, 0);
	world_free(w);
}

/* Who does not know it keeps the lock from running: each signer, and more watchers than may lack.
 */
static void who_must_know(void)
{
	static const struct {
		uint32_t mute;
		bool runs;
	} rows[] = {
		{ A_BIT, false }, { B_BIT, false }, { 4, true },         { 8, true },
		{ 16, true },     { 12, false },    { WATCHERS, false }, { ALL, false },
	};

	for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
		for (unsigned lies = 0; lies < 2; lies++) {
			struct world *w =
			    begin_as(lies ? 0 : rows[i].mute, lies ? rows[i].mute : 0, 0);

			say_yes(w);
			tick(w);
			pass(w, LOCK_MS + 10000);
			T_EQ(see(w, &request.request_id).attempts, rows[i].runs);
			T_EQ(strcmp(until(w), "0") != 0, rows[i].runs);
			T_EQ(strstr(w->text, "its time lock begins then") != NULL, !rows[i].runs);
			if (!rows[i].runs) {
				uint64_t since;

				/* told again until it does; from then the lock runs */
				world_orders_mute = world_orders_lie = 0;
				w->mono_ms += 10000;
				since = w->wall_ms;
				tick(w);
				tick(w);
				T_CHECK(strcmp(until(w), "0") != 0);
				/* who lied has known it all the time */
				T_EQ(strtoull(until(w), NULL, 10) >= since + LOCK_MS, !lies);
				T_EQ(see(w, &request.request_id).attempts, lies);
				pass(w, LOCK_MS);
			}
			T_CHECK(reach(w, &request.request_id, PAYOUT_SETTLED));
			T_EQ(attempts_asked(w, &order), 1);
			world_free(w);
		}
	}
}

/* A link that was down, and one that breaks before its answer. */
static void links(void)
{
	struct world *w = begin_as(0, 0, PAYOUT_CHANNEL_B);

	say_yes(w);
	tick(w);
	tick(w);
	T_CHECK(strcmp(until(w), "0") == 0);
	channel(w, PAYOUT_CHANNEL_B, true);
	tick(w);
	T_STR(until(w), number(w->known[0].since[1] + LOCK_MS));
	world_free(w);
}

static void restarted(void)
{
	struct world *w = begin();
	uint64_t since = w->wall_ms;

	say_yes(w);
	tick(w);
	pass(w, LOCK_MS / 2);
	T_EQ(w->orders_told, 5);
	restart(w);
	T_STR(until(w), "0"); /* not known yet */
	tick(w);
	T_EQ(w->orders_told, 10);
	T_STR(until(w), number(since + LOCK_MS));
	T_EQ(see(w, &request.request_id).attempts, 0);
	pass(w, LOCK_MS / 2);
	T_CHECK(reach(w, &request.request_id, PAYOUT_SETTLED));
	T_EQ(attempts_asked(w, &order), 1);
	T_STR(wrong(w), "");
	world_free(w);
}

/* A no while it runs, and time that is over first. */
static void ends_before(void)
{
	struct world *w = begin();

	say_yes(w);
	tick(w);
	approve(w, &w->bob, "bob", &order, DOC_DECISION_NO);
	T_EQ(w->err, ERR_OK);
	T_EQ(see(w, &request.request_id).state, PAYOUT_REFUSED);
	T_CHECK(customer_has(w, "carol") == X(20000));
	pass(w, LOCK_MS);
	T_EQ(w->asked_n, 0);
	world_free(w);
	w = begin_as(B_BIT, 0, 0);
	say_yes(w);
	tick(w);
	pass(w, w->rules.order_life_ms);
	T_EQ(see(w, &request.request_id).state, PAYOUT_EXPIRED);
	T_EQ(w->asked_n, 0);
	T_CHECK(customer_has(w, "carol") == X(20000));
	T_STR(wrong(w), "");
	world_free(w);
}

/* Answers that belong to nothing. */
static void nonsense(void)
{
	struct world *w = begin_as(ALL, 0, 0);
	const uint64_t tags[] = { 0, 7, UINT64_C(1) << 60, (UINT64_C(1) << 60) + 1000, UINT64_MAX };
	const uint32_t channels[] = { 0, 1, 5, 6, 77 };

	tick(w);
	for (size_t i = 0; i < ARRAY_LEN(tags); i++) {
		for (size_t k = 0; k < ARRAY_LEN(channels); k++) {
			struct event e = { .kind = EVENT_FRAME,
					   .role = ROLE_SERVER,
					   .channel = channels[k],
					   .number = MSGS_REPLY(SIGNER_ORDER),
					   .request_id = tags[i],
					   .body = bytes_str("what is this") };

			step(w, &e);
		}
	}
	T_STR(until(w), "0");
	T_STR(wrong(w), "");
	world_free(w);
}

int main(int argc, char **argv)
{
	static const struct t_case cases[] = {
		{ "waits, then pays", waits_then_pays }, { "the slower of two clocks", one_clock },
		{ "what has no lock", no_lock },         { "who must know it", who_must_know },
		{ "links that were down", links },       { "a restart in between", restarted },
		{ "what ends it before", ends_before },  { "nonsense", nonsense },
	};

	if (crypto_init() != ERR_OK) {
		return 1;
	}
	return t_main(cases, ARRAY_LEN(cases), argc, argv);
}
