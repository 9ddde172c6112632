/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Goal: a watcher judges what signers counted in yen by the prices that they had, at the time at
 * which they signed: false prices and passed caps are a crime, and what two honest signers do at
 * two prices, or a clock that went back, is none (docs/decisions/0021). Method: the whole watcher
 * on a real chain (watch_rig.h) under a policy with caps in yen.
 */
#include "t.h"
#include "watch_rig.h"

enum { AGE = 60000 };

static struct hash32 at_hand;

static void start(void)
{
	rig_yen = (struct doc_yen){
		.age_max_ms = AGE, .day_max = 20000, .hour_max = 10100, .jump_max_bp = 500
	};
	rig_up();
	pay_prices("100");
}

/* A payment of 50 XEM, 50.4 with fees, as signer s says it at these prices; true: acknowledged. */
static bool told(int s)
{
	at_hand = att_tell(s);
	rig_settle();
	wait_ms(100);
	return was_acked(s, &at_hand);
}

static void next(void)
{
	rig_pass(2000);
	pay_new(X(50));
	pay_link();
}

static u128 yen(void)
{
	const struct policy_time now = { .own_ms = r.wall, .chain_s = 0 };

	return policy_history_yen(&r.w.history, &now, POLICY_DAY_MS);
}

/* It was no crime. */
static bool well(void)
{
	return r.w.control.binding == 0 && r.w.alarms == 0;
}

static bool crime(const char *words)
{
	static struct doc_freeze f;
	bool found = r.w.control.binding == 1 && handed_freeze(&f) && strstr(f.reason, words);

	if (!found) {
		printf("# reason: %s\n", f.reason);
	}
	return found;
}

static void caps_bind(void)
{
	start();
	for (unsigned i = 1; i <= 2; i++) {
		next();
		T_CHECK(told(A));
		T_CHECK(yen() == i * 5040);
		/* B's word on it counts nothing more */
		T_CHECK(told(B));
		T_CHECK(yen() == i * 5040);
	}
	T_CHECK(well());
	rig_restart(r.batches);
	rig_connect();
	T_CHECK(yen() == 10080);
	T_CHECK(r.w.signer[A].price.price == UINT64_C(100000000000));
	next();
	T_CHECK(!told(A));
	T_CHECK(crime("policy.yen"));
}

static void false_prices(void)
{
#define FALSE_PRICE(change, words)       \
	do {                             \
		start();                 \
		next();                  \
		change;                  \
		T_CHECK(!told(A));       \
		T_CHECK(crime(words));   \
		T_EQ(r.w.payments_n, 0); \
	} while (0)
	FALSE_PRICE(r.prices = 0, "too few fresh prices");
	FALSE_PRICE(r.prices = 1, "too few fresh prices");
	FALSE_PRICE(pay_price(1, 0, "100"), "price.source");
	FALSE_PRICE(r.price_key[1] = NULL, "price.signatures");
	FALSE_PRICE(r.price_key[1] = &r.stranger, "price.signatures");
	FALSE_PRICE(r.price_key[1] = &r.source[2], "price.signatures");
	FALSE_PRICE(memcpy(r.price[1].source, "backend", 8), "price.source");
	FALSE_PRICE(r.price[1].time_ms -= AGE, "price.time_ms");
	FALSE_PRICE(r.price[1].time_ms += r.policy.clock_skew_ms + 10000, "price.time_ms");
	FALSE_PRICE(pay_price(1, 1, "0.1"), "price.rate");
	FALSE_PRICE(
	    {
		    for (size_t i = 0; i < ARRAY_LEN(r.price); i++) {
			    pay_price(i, i % 3, "100");
		    }
		    r.prices = ARRAY_LEN(r.price);
	    },
	    "price");
	/* the first was good: the second signer's prices are looked at, too */
	start();
	next();
	T_CHECK(told(A));
	r.price_key[1] = &r.stranger;
	T_CHECK(!told(B));
	T_CHECK(crime("price.signatures"));
#undef FALSE_PRICE
}

/* Each signer is held to the price that it used last itself, in the order of its own records. */
static void jumps(void)
{
	start();
	next();
	T_CHECK(told(A));
	pay_prices("104");
	T_CHECK(told(B));
	T_CHECK(r.w.signer[A].price.price == UINT64_C(100000000000));
	T_CHECK(r.w.signer[B].price.price == UINT64_C(104000000000));
	/* a payment that we hear of from B first: 109 is near its 104 and not near A's 100 */
	next();
	r.request.amount = r.order.amount = xem(X(10));
	pay_link();
	pay_prices("109");
	T_CHECK(told(B));
	pay_prices("100");
	T_CHECK(told(A));
	T_CHECK(well());
	/* also after a restart */
	rig_restart(r.batches);
	rig_connect();
	T_CHECK(r.w.signer[A].price.price == UINT64_C(100000000000));
	T_CHECK(r.w.signer[B].price.price == UINT64_C(109000000000));
	next();
	pay_prices("109");
	T_CHECK(!told(A));
	T_CHECK(crime("price.rate"));
}

/* Told by B first, at a higher price than A counted at: it is A's cap that A has to keep. */
static void the_lower_counts(void)
{
	start();
	next();
	pay_prices("104");
	T_CHECK(told(B));
	T_CHECK(yen() == 5242); /* 5241.6 */
	pay_prices("100");
	T_CHECK(told(A));
	T_CHECK(yen() == 5040);
	next();
	T_CHECK(told(A)); /* 10,080; with B's price it would be 10,282 */
	T_CHECK(well());
	/* and never the higher of the two */
	pay_prices("104");
	T_CHECK(told(B));
	T_CHECK(yen() == 10080);
	rig_restart(r.batches);
	T_CHECK(yen() == 10080);
}

/*
 * Its clock goes back after its first record: the second one is judged at the time of the first,
 * and the prices that it had are not older for that.
 */
static void a_clock_that_went_back(void)
{
	start();
	next();
	att_make(A);
	r.att.time_ms = r.wall + 30000;
	T_CHECK(told(A));
	next();
	r.price[0].time_ms = r.price[1].time_ms = r.wall - 50000;
	T_CHECK(told(A));
	T_CHECK(well());
	T_EQ(r.w.payments_n, 2);
}

static void without_caps_in_yen(void)
{
	rig_yen.age_max_ms = 0;
	rig_up();
	next();
	T_CHECK(told(A));
	T_CHECK(yen() == 0);
	T_CHECK(r.w.signer[A].price.price == 0);
}

int main(int argc, char **argv)
{
	static const struct t_case cases[] = {
		{ "caps in yen bind, also after a restart", caps_bind },
		{ "false prices", false_prices },
		{ "each signer is held to its own last price", jumps },
		{ "of two prices the lower counts", the_lower_counts },
		{ "a clock that went back makes no price older", a_clock_that_went_back },
		{ "without caps in yen nothing is counted in yen", without_caps_in_yen },
	};

	return rig_end(t_main(cases, ARRAY_LEN(cases), argc, argv));
}
