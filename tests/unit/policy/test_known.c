/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Goal: a time lock runs from when a judge first had this very order, and nothing that is told
 * later moves that moment; a full memory refuses (docs/decisions/0019).  Method: small tables,
 * every way to tell an order again, another of the same request, too many; and what policy_order()
 * lets in.
 */
#include "t.h"

#include "policy/known.h"
#include "policy_world.h"

enum { CAP = 4 };

static struct known_order places[CAP];
static struct known k;

static struct id128 name(uint8_t n)
{
	return (struct id128){ { n, 9 } };
}

/* Order `order` of request `request`, told at NOW + after_ms by both clocks. */
static struct known_order one(uint8_t request, uint8_t order, uint64_t after_ms)
{
	struct known_order o = { .request = name(request),
				 .order = name(order),
				 .expires_ms = NOW + 1800000,
				 .own_ms = NOW + after_ms,
				 .time_ms = NOW + after_ms,
				 .sequence = 7 };

	CHECK(nem_time_from_unix_ms(&o.chain_s, NOW + after_ms) == ERR_OK);
	return o;
}

static enum err learn(uint8_t request, uint8_t order, uint64_t after_ms)
{
	const struct known_order o = one(request, order, after_ms);

	return known_learn(&k, &o);
}

static struct policy_moment since(uint8_t request, uint8_t order)
{
	const struct id128 r = name(request);
	const struct id128 o = name(order);

	return known_since(&k, &r, &o);
}

static void first_word_counts(void)
{
	struct policy_moment m;

	known_init(&k, places, CAP);
	T_CHECK(!since(1, 1).known);
	T_EQ(learn(1, 1, 5000), ERR_OK);
	T_EQ(learn(1, 1, 60000), ERR_OK);
	T_EQ(learn(1, 1, 0), ERR_OK); /* nor earlier */
	m = since(1, 1);
	T_CHECK(m.known);
	T_EQ(m.own_ms, NOW + 5000);
	T_EQ(m.chain_s, one(1, 1, 5000).chain_s);
	T_EQ(k.n, 1);
	/* the same order under another request's name is none that we know */
	T_CHECK(!since(2, 1).known);
}

static void another_of_the_request(void)
{
	known_init(&k, places, CAP);
	T_EQ(learn(1, 1, 0), ERR_OK);
	T_EQ(learn(1, 2, 5000), ERR_OK);
	T_CHECK(!since(1, 1).known);
	T_EQ(since(1, 2).own_ms, NOW + 5000);
	/* back to the first: its time begins again */
	T_EQ(learn(1, 1, 9000), ERR_OK);
	T_EQ(since(1, 1).own_ms, NOW + 9000);
	T_EQ(learn(1, 3, 9000), ERR_OK);
	T_EQ(learn(1, 4, 9000), ERR_ONCE);
	T_CHECK(since(1, 3).known);
	T_CHECK(!since(1, 4).known);
	T_EQ(k.n, 1);
	/* the same again is still no change */
	T_EQ(learn(1, 3, 10000), ERR_OK);
}

static void full(void)
{
	const uint64_t over = 1800000 + (uint64_t)KNOWN_KEEP_MS;
	struct known_order o;

	known_init(&k, places, CAP);
	for (uint8_t i = 0; i < CAP; i++) {
		T_EQ(learn(i, i, 0), ERR_OK);
	}
	T_EQ(learn(CAP, CAP, over), ERR_FULL);
	T_EQ(k.n, CAP);
	/* one of them may still change */
	T_EQ(learn(1, 77, 0), ERR_OK);
	/* over by one clock is over: what ends something obeys the faster */
	o = one(CAP, CAP, 0);
	o.own_ms = NOW + over + 1;
	T_EQ(known_learn(&k, &o), ERR_OK);
	T_EQ(k.n, 1);
	T_CHECK(since(CAP, CAP).known);
	known_init(&k, places, CAP);
	for (uint8_t i = 0; i < CAP; i++) {
		o = one(i, i, 0);
		o.expires_ms += i < 2 ? 0 : 2000;
		T_EQ(known_learn(&k, &o), ERR_OK);
	}
	o = one(CAP, CAP, over + 1001);
	o.own_ms = NOW;
	T_EQ(known_learn(&k, &o), ERR_OK);
	T_EQ(k.n, CAP - 1);
	T_CHECK(!since(1, 1).known && since(2, 2).known && since(3, 3).known);
}

static void both_clocks(void)
{
	struct policy_moment m = { .known = true, .own_ms = NOW, .chain_s = 1000 };
	struct policy_time now = { .own_ms = NOW + 5000, .chain_s = 1003 };

	T_EQ(policy_since_ms(&m, &now), 3000);
	now.chain_s = 100000;
	T_EQ(policy_since_ms(&m, &now), 5000);
	now.own_ms = NOW + 25 * (uint64_t)POLICY_HOUR_MS;
	now.chain_s = 1004;
	T_EQ(policy_since_ms(&m, &now), 4000);
	now.chain_s = 900;
	T_EQ(policy_since_ms(&m, &now), 0);
	now.chain_s = 1004;
	now.own_ms = NOW - 1;
	T_EQ(policy_since_ms(&m, &now), 0);
	m.known = false;
	now.own_ms = NOW + 5000;
	T_EQ(policy_since_ms(&m, &now), 0);
}

#define NO(code)                                      \
	do {                                          \
		T_EQ(policy_order(&w.q).err, (code)); \
		world_make(&w);                       \
	} while (0)

static void what_may_be_known(void)
{
	static struct world w;

	world_make(&w);
	/* whether it may be paid is asked when it is to be signed */
	world_amount(&w, X(4500));
	NO(ERR_OK);
	w.policy.tier_count = 0;
	NO(ERR_POLICY);
	w.order.network = 0x68;
	NO(ERR_NETWORK);
	world_amount(&w, 0);
	NO(ERR_AMOUNT);
	w.order.amount = xem(X(51));
	NO(ERR_MISMATCH);
	w.request_doc.b[0] ^= 1;
	NO(ERR_MISMATCH);
	world_address(&w.order.destination, 201, 0x98);
	NO(ERR_MISMATCH);
	world_address(&w.order.destination, 1, 0x98);
	w.request.destination = w.order.destination;
	NO(ERR_POLICY);
	w.q.now.wall_ms += 3600000;
	NO(ERR_CLOCK);
	w.order.created_ms = NOW + 600001;
	w.order.expires_ms = NOW + 700000;
	NO(ERR_CLOCK);
	w.order.expires_ms = w.order.created_ms + 3600001;
	NO(ERR_CAP);
	w.order.created_ms = NOW - 10000;
	w.order.expires_ms = NOW;
	NO(ERR_EXPIRED);
	w.order.message_n = w.request.message_n = DOC_MESSAGE_MAX + 1;
	NO(ERR_TOO_LARGE);
	w.order.request_id.b[6] = 0;
	w.request.request_id = w.order.request_id;
	NO(ERR_INPUT);
}

int main(int argc, char **argv)
{
	static const struct t_case cases[] = {
		{ "the first word counts", first_word_counts },
		{ "another order of the same request", another_of_the_request },
		{ "a full memory", full },
		{ "the slower of two clocks", both_clocks },
		{ "what may be known", what_may_be_known },
	};

	return t_main(cases, ARRAY_LEN(cases), argc, argv);
}
