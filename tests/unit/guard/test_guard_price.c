/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Goal: a signer counts in yen by prices that the roster's sources signed, and by no others; what
 * it counted it still knows after a restart; whatever a price says, the caps in coins bind (T05,
 * T06; docs/decisions/0017, 0021). Method: guard_step() for A and B (guard_rig.h) under a policy
 * with caps in yen; every price that is false, old, alone or from nobody.
 */
#include "paper.h"
#include "t.h"

#include "guard/guard_self.h"
#include "guard_said.h"

enum { AGE = 60000, COUNTED = 5040 }; /* 50 XEM and their fees are 50.4; at 100 yen each */

static uint8_t number;

static void start(void)
{
	rig_yen = (struct doc_yen){
		.age_max_ms = AGE, .day_max = 20000, .hour_max = 10000, .jump_max_bp = 500
	};
	rig_make();
	rig_well(A);
	rig_well(B);
	rig_prices("100");
	number = 0;
}

static uint64_t asks(uint64_t micro, size_t approvals)
{
	rig_well(A);
	rig_withdrawal(micro, approvals, ++number);
	return rig_sign();
}

static bool pays(uint64_t micro)
{
	uint64_t id = asks(micro, 0);

	rig_acks(A);
	return rig_signed(id);
}

static uint64_t yen_of_a_day(int s)
{
	const struct guard *g = &r.g[s];
	struct policy_time now;

	(void)guard_self_now(g, &now);
	return (uint64_t)policy_history_yen(&g->history, &now, POLICY_DAY_MS);
}

static void caps_bind(void)
{
	start();
	T_CHECK(pays(X(50)));
	T_EQ(yen_of_a_day(A), COUNTED);
	T_EQ(r.g[A].history.price.price, UINT64_C(100000000000));
	REFUSED(asks(X(50), 0), "over-cap", "policy.yen"); /* 10,080 in one hour */
	T_CHECK(pays(X(49)));
	T_CHECK(!pays(X(1)));
	/* what was signed counts at its own price, also after a restart */
	rig_restart(A);
	T_EQ(yen_of_a_day(A), 2 * COUNTED - 100);
	T_EQ(r.g[A].history.price.price, UINT64_C(100000000000));
	rig_prices("96");
	REFUSED(asks(X(1), 0), "over-cap", "policy.yen");
	/* the next hour, and no more than a day */
	rig_tick(A, POLICY_HOUR_MS);
	rig_well(A);
	rig_prices("100");
	T_CHECK(pays(X(50)));
	rig_tick(A, POLICY_HOUR_MS);
	rig_well(A);
	rig_prices("100");
	REFUSED(asks(X(50), 0), "over-cap", "policy.yen");
}

/* T06: every source says a thousandth. */
static void coins_bind_whatever_a_price_says(void)
{
	start();
	rig_prices("0.1");
	REFUSED(asks(X(4000) + 1, 2), "over-cap", "policy.payment_max");
	for (unsigned i = 0; i < 2; i++) {
		uint64_t id = asks(X(4000), 2);

		rig_acks(A);
		T_CHECK(rig_signed(id));
	}
	REFUSED(asks(X(4000), 2), "over-cap", "policy.hour_max");
	T_CHECK(yen_of_a_day(A) < 1000);
	/* the truth is a jump now, and so is a thousandth of the lie */
	rig_prices("100");
	REFUSED(asks(X(50), 0), "mismatch", "price.rate");
	rig_restart(A);
	REFUSED(asks(X(50), 0), "mismatch", "price.rate");
}

static void false_prices(void)
{
#define FALSE_PRICE(change, code, field)             \
	do {                                         \
		rig_prices("100");                   \
		change;                              \
		REFUSED(asks(X(5), 0), code, field); \
	} while (0)
	start();
	FALSE_PRICE(r.prices = 0, "stale", "price");
	FALSE_PRICE(r.prices = 1, "stale", "price");
	FALSE_PRICE(rig_price(1, 0, "100"), "already-used", "price.source");
	FALSE_PRICE(rig_price(1, 0, "100.1"), "already-used", "price.source");
	FALSE_PRICE(r.price_key[1] = NULL, "not-signed", "price.signatures");
	FALSE_PRICE(r.price_key[1] = &r.source[2], "bad-signature", "price.signatures");
	FALSE_PRICE(r.price_key[1] = &r.stranger, "bad-signature", "price.signatures");
	FALSE_PRICE(memcpy(r.price[1].source, "backend", 8), "unknown-signer", "price.source");
	FALSE_PRICE(r.price[1].time_ms -= AGE + 1, "stale", "price.time_ms");
	FALSE_PRICE(r.price[1].time_ms += r.policy.clock_skew_ms + 2000, "clock", "price.time_ms");
	FALSE_PRICE(rig_price(1, 1, "0.1"), "mismatch", "price.rate");
	FALSE_PRICE(rig_price(1, 1, "106"), "mismatch", "price.rate");
	/* two good ones do not make up for a false third */
	FALSE_PRICE((rig_price(2, 2, "0.1"), r.prices = 3), "mismatch", "price.rate");
	FALSE_PRICE((rig_price(2, 2, "100"), r.price_key[2] = NULL, r.prices = 3), "not-signed",
		    "price.signatures");
	FALSE_PRICE((r.price[0].genesis.b[0] ^= 1), "other-genesis", "approval.genesis");
	for (size_t i = 0; i < ARRAY_LEN(r.price); i++) {
		rig_price(i, i % 3, "100");
	}
	r.prices = ARRAY_LEN(r.price);
	REFUSED(asks(X(5), 0), "full", "price");
	T_EQ(r.g[A].payments_n, 0);
	rig_prices("100");
	T_CHECK(pays(X(5)));
#undef FALSE_PRICE
}

/* B is asked later, with what prices are then. */
static void each_signer_by_its_own(void)
{
	uint64_t a, b;

	start();
	a = asks(X(50), 0);
	rig_acks(A);
	rig_tick(B, AGE + 1);
	rig_well(B);
	REFUSED(rig_sign_b(rig_answer(a)), "stale", "price.time_ms");
	rig_prices("101");
	b = rig_sign_b(rig_answer(a));
	rig_acks(B);
	T_CHECK(rig_signed(b));
	T_EQ(yen_of_a_day(A), COUNTED);
	T_EQ(yen_of_a_day(B), 5091); /* 5090.4 */
}

/* Attested under one policy, judged again under the next: by the prices of that moment. */
static void after_other_rules(void)
{
	static struct paper p;
	struct doc_policy next;
	const uint8_t *secrets[2];
	uint64_t id;

	start();
	secrets[0] = r.person[0].secret;
	secrets[1] = r.person[1].secret;
	id = asks(X(50), 0);
	next = r.policy;
	next.number++;
	next.previous = r.policy_id;
	next.yen[0].hour_max = 6000;
	paper_make(&p, DOC_POLICY, &next, &r.genesis_id, secrets, 2);
	{
		static uint8_t body[16400];
		struct writer w = writer_make(body, sizeof body);
		struct bytes item = bytes_of(p.raw, p.n);

		(void)rig_frame(A, STOPPER, SIGNER_STOP_PUT, rig_body(&w, &item, 1));
	}
	REFUSED(id, "stale", "policy");
	r.policy = next;
	r.policy_id = p.id;
	rig_tick(A, AGE + 1);
	rig_well(A);
	REFUSED(rig_sign(), "stale", "price.time_ms");
	rig_prices("101");
	id = rig_sign(); /* it is not counted twice */
	rig_acks(A);
	T_CHECK(rig_signed(id));
	T_EQ(yen_of_a_day(A), COUNTED); /* as it was reserved */
	REFUSED(asks(X(20), 0), "over-cap", "policy.yen");
}

static void without_caps_in_yen(void)
{
	rig_yen.age_max_ms = 0;
	rig_make();
	rig_well(A);
	number = 0;
	T_CHECK(pays(X(50)));
	T_EQ(yen_of_a_day(A), 0);
	/* a roster without sources knows no price */
	rig_prices("100");
	REFUSED(asks(X(50), 0), "unknown-signer", "price.source");
}

/* The bug that ./sim must find is one. */
static void planted(void)
{
	start();
	T_CHECK(pays(X(50)));
	r.planted = GUARD_PLANT_FORGET_PRICE;
	rig_restart(A);
	T_EQ(yen_of_a_day(A), 0);
	T_CHECK(pays(X(90)));
}

int main(int argc, char **argv)
{
	static const struct t_case cases[] = {
		{ "caps in yen bind, also after a restart", caps_bind },
		{ "T06: the caps in coins bind whatever a price says",
		  coins_bind_whatever_a_price_says },
		{ "T06: false, old, lonely and foreign prices", false_prices },
		{ "each signer counts by the prices that it was given", each_signer_by_its_own },
		{ "other rules judge by the prices of their own moment", after_other_rules },
		{ "without caps in yen nothing is counted in yen", without_caps_in_yen },
		{ "the planted bug forgets", planted },
	};

	return t_main(cases, ARRAY_LEN(cases), argc, argv);
}
