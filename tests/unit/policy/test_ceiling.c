/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Goal: what the hot ceiling chooses is one whole unused purse or nothing, never drains the float
 * below half of the ceiling, and is not swayed by dust (policy/ceiling.h).
 *
 * Method: a good case, each refusal as that case less one thing; bounds to the micro-XEM; and
 * thousands of random exchanges against a choice that is made here by going through all of them.
 */
#include "policy/ceiling.h"

#include "base/attr.h"
#include "chain/nem/nem_fee.h"
#include "t.h"

enum { N = 5, ROUNDS = 20000 };

static const uint64_t XEM = 1000000;
#define X(n) ((uint64_t)(n)*XEM)

/* Till 2,000, deposit 4,000, purses 5,000, 6,000 and 7,000: 24,000 hot; with the cold 380,000 a
 * ceiling of 5 % is 20,200 and half of it 10,100. */
static struct ceiling_account a[N];
static const uint64_t cold_micro = UINT64_C(380000) * 1000000;
static struct ceiling_choice c;

static void good(void)
{
	static const uint64_t holds[N] = { 2000, 4000, 5000, 6000, 7000 };

	for (size_t i = 0; i < N; i++) {
		a[i] = (struct ceiling_account){ .kind = i == 0   ? DOC_HOT_TILL
							 : i == 1 ? DOC_HOT_DEPOSIT
								  : DOC_HOT_PURSE,
						 .micro = X(holds[i]),
						 .box_known = true };
	}
}

static enum ceiling_state choose(void)
{
	ceiling_choose(&c, a, N, cold_micro, 500);
	return c.state;
}

static void the_smallest_that_cures(void)
{
	good();
	T_EQ(choose(), CEILING_CHOSEN);
	T_EQ(c.at, 2);
	T_EQ(c.hot_micro, X(24000));
	T_EQ(c.all_micro, X(404000));
	T_EQ(c.ceiling_micro, X(20200));
	T_EQ(c.least_micro, X(10100));
	T_EQ(c.after_micro, X(19000));
	/* the first of equals; and where none cures it, the largest */
	a[3].micro = X(5000);
	T_CHECK(choose() == CEILING_CHOSEN && c.at == 2);
	a[2].micro = a[3].micro = X(1000);
	a[4].micro = X(2000);
	a[1].micro = X(24000);
	T_CHECK(choose() == CEILING_CHOSEN && c.at == 4);
	T_CHECK(c.after_micro > c.ceiling_micro);
}

static void exactly_the_ceiling_is_not_over(void)
{
	good();
	/* hot 20,000 of 400,000 */
	a[1].micro = 0;
	T_EQ(choose(), CEILING_UNDER);
	T_EQ(c.hot_micro, c.ceiling_micro);
	a[1].micro = 1;
	T_EQ(choose(), CEILING_CHOSEN);
	/* a ceiling of nothing, and of everything */
	ceiling_choose(&c, a, N, cold_micro, 0);
	T_CHECK(c.state == CEILING_CHOSEN && c.ceiling_micro == 0);
	ceiling_choose(&c, a, N, 0, 10000);
	T_EQ(c.state, CEILING_UNDER);
	ceiling_choose(&c, a, 0, cold_micro, 500);
	T_EQ(c.state, CEILING_UNDER);
}

static void who_may_not_go(void)
{
	static const char *const words[] = { "used once",  "under way",      "no holders' control",
					     "box before", "filled already", "own move" };

	for (size_t i = 0; i < ARRAY_LEN(words); i++) {
		good();
		a[2].spent = i == 0;
		a[2].moving = i == 1;
		a[2].box_known = i != 2;
		a[2].box_spent = i == 3;
		a[2].box_micro = i == 4 ? CEILING_DUST_MICRO + 1 : CEILING_DUST_MICRO;
		if (i == 5) {
			a[2].micro = 300000;
			a[1].micro = X(9000);
		}
		T_CHECK(choose() != CEILING_CHOSEN || c.at != 2);
		T_CHECK(ceiling_why_not(&a[2], &c) != NULL &&
			strstr(ceiling_why_not(&a[2], &c), words[i]) != NULL);
	}
	good();
	T_EQ(choose(), CEILING_CHOSEN);
	T_CHECK(strstr(ceiling_why_not(&a[0], &c), "no reserve purse") != NULL);
	T_CHECK(strstr(ceiling_why_not(&a[1], &c), "no reserve purse") != NULL);
	for (size_t i = 2; i < N; i++) {
		a[i].spent = true;
	}
	T_EQ(choose(), CEILING_NONE);
}

/* To the micro-XEM: half of the ceiling stays, or nothing goes. */
static void the_float_is_not_drained(void)
{
	good();
	a[2].micro = a[3].micro = 0;
	a[1].micro = X(8100);
	a[4].micro = X(13900); /* hot 24,000; without the only purse 10,100 */
	T_EQ(choose(), CEILING_CHOSEN);
	T_EQ(c.after_micro, c.least_micro);
	a[4].micro++;
	a[1].micro--;
	T_EQ(choose(), CEILING_NONE);
	T_CHECK(strstr(ceiling_why_not(&a[4], &c), "half of the ceiling") != NULL);
}

/* One that is on its way counts as gone; coins that somebody keeps moving do not help him. */
static void on_the_way(void)
{
	good();
	a[2].moving = true;
	T_EQ(choose(), CEILING_WAITS);
	T_EQ(c.going_micro, X(5000));
	/* more comes in meanwhile: the next one, and not below the half */
	a[1].micro = X(7000);
	T_CHECK(choose() == CEILING_CHOSEN && c.at == 3);
	T_EQ(c.after_micro, X(16000));
	/* dust that a stranger sends into a used purse, again and again */
	good();
	a[3].spent = a[3].moving = true;
	a[3].micro = X(1);
	a[1].micro = X(10000);
	T_CHECK(choose() == CEILING_CHOSEN && c.at == 2);
	/* a till that pays is no move of a purse */
	good();
	a[0].moving = a[1].moving = true;
	T_CHECK(choose() == CEILING_CHOSEN && c.at == 2 && c.going_micro == 0);
}

static bool may_go(size_t i, uint64_t stays, uint64_t least)
{
	uint64_t amount, fee;

	return a[i].kind == DOC_HOT_PURSE && !a[i].spent && !a[i].moving && a[i].box_known &&
	       !a[i].box_spent && a[i].box_micro <= CEILING_DUST_MICRO &&
	       stays >= least + a[i].micro &&
	       nem_fee_empty_account(&amount, &fee, a[i].micro, 0, 1, NEM_FEE_COSIGNATURE_MICRO) ==
		   ERR_OK;
}

static void random_exchanges(void)
{
	size_t seen[4] = { 0 };

	for (unsigned round = 0; round < ROUNDS; round++) {
		uint64_t stays = 0;
		bool any = false, cures = false;

		for (size_t i = 0; i < N; i++) {
			a[i] = (struct ceiling_account){
				.kind = (enum doc_hot_kind)(DOC_HOT_TILL + t_random() % 3),
				.micro =
				    t_random() % 4 == 0 ? t_random() % XEM : X(t_random() % 9000),
				.moving = t_random() % 8 == 0,
				.spent = t_random() % 8 == 0,
				.box_known = t_random() % 8 != 0,
				.box_spent = t_random() % 8 == 0,
				.box_micro = t_random() % 4 == 0 ? X(t_random() % 200) : 0,
			};
			stays += a[i].kind == DOC_HOT_PURSE && a[i].moving ? 0 : a[i].micro;
		}
		choose();
		seen[c.state]++;
		for (size_t i = 0; i < N; i++) {
			bool may = may_go(i, stays, c.least_micro);

			any = any || may;
			cures = cures || (may && stays - a[i].micro <= c.ceiling_micro);
		}
		T_CHECK((c.state == CEILING_UNDER) == (c.hot_micro <= c.ceiling_micro));
		T_CHECK((c.state <= CEILING_WAITS) == (stays <= c.ceiling_micro));
		if (c.state <= CEILING_WAITS) {
			continue;
		}
		T_EQ(c.state, any ? CEILING_CHOSEN : CEILING_NONE);
		if (c.state != CEILING_CHOSEN) {
			continue;
		}
		T_CHECK(may_go(c.at, stays, c.least_micro) && c.after_micro >= c.least_micro);
		T_EQ(c.after_micro, stays - a[c.at].micro);
		for (size_t i = 0; i < N; i++) {
			if (may_go(i, stays, c.least_micro)) {
				T_CHECK(cures ? c.after_micro <= c.ceiling_micro &&
						    (stays - a[i].micro > c.ceiling_micro ||
						     a[i].micro >= a[c.at].micro)
					      : a[i].micro <= a[c.at].micro);
			}
		}
	}
	for (size_t i = 0; i < ARRAY_LEN(seen); i++) {
		T_CHECK(seen[i] > ROUNDS / 200);
	}
}

int main(int argc, char **argv)
{
	static const struct t_case cases[] = {
		{ "the smallest purse that cures it goes", the_smallest_that_cures },
		{ "exactly the ceiling is not over", exactly_the_ceiling_is_not_over },
		{ "who may not go", who_may_not_go },
		{ "the float is not drained", the_float_is_not_drained },
		{ "what is on its way counts as gone", on_the_way },
		{ "random exchanges", random_exchanges },
	};

	return t_main(cases, ARRAY_LEN(cases), argc, argv);
}
