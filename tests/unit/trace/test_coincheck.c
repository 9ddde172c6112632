/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Goal: the fixture has what was published, marks what was not, and is a ledger that a node would
 * have taken.
 * Method: replay by time with balances; each published figure counted again, for many seeds; what
 * is marked as published, by hand.
 */
#include <stdlib.h>
#include <string.h>

#include "base/attr.h"
#include "chain/nem/nem_fee.h"
#include "chain/nem/nem_network.h"
#include "t.h"
#include "trace/coincheck.h"

#define XEM(n) ((uint64_t)(n)*1000000)

static struct coincheck c;

static void make(uint64_t seed)
{
	coincheck_free(&c);
	T_EQ(coincheck_make(&c, seed), ERR_OK);
}

static void nobody_pays_what_he_has_not(void)
{
	for (uint64_t seed = 0; seed < 20; seed++) {
		uint64_t *has = NULL, supply = 0, after = 0;

		make(seed);
		has = calloc(c.accounts_n, sizeof *has);
		T_CHECK(has != NULL);
		for (size_t i = 0; i < c.accounts_n; i++) {
			has[i] = c.accounts[i].opening;
			supply += has[i];
		}
		for (size_t i = 0; i < c.transfers_n; i++) {
			const struct coincheck_transfer *t = &c.transfers[i];

			T_CHECK(i == 0 || t->time_s >= c.transfers[i - 1].time_s);
			T_EQ(t->fee, nem_fee_transfer(t->amount, 0));
			T_CHECK(has[t->from] >= t->amount + t->fee);
			has[t->from] -= t->amount + t->fee;
			has[t->to] += t->amount;
			has[c.harvester] += t->fee;
		}
		for (size_t i = 0; i < c.accounts_n; i++) {
			after += has[i];
			if (c.accounts[i].part == COINCHECK_THIEF) {
				T_CHECK(has[i] <= XEM(2)); /* sold out on 22 March */
			}
		}
		T_EQ(after, supply);
		T_EQ(has[c.victim], 0);
		free(has);
	}
}

static int cmp(const void *a, const void *b)
{
	return nem_address_cmp(a, b);
}

static void every_address_is_valid_and_its_own(void)
{
	struct nem_address *all = NULL;

	make(1);
	all = calloc(c.accounts_n, sizeof *all);
	T_CHECK(all != NULL);
	for (size_t i = 0; i < c.accounts_n; i++) {
		struct nem_address a;

		all[i] = c.accounts[i].address;
		T_EQ(nem_address_parse(&a, NEM_NETWORK_MAIN, nem_address_bytes(&all[i]), NULL),
		     ERR_OK);
	}
	qsort(all, c.accounts_n, sizeof *all, cmp);
	for (size_t i = 1; i < c.accounts_n; i++) {
		T_CHECK(!nem_address_eq(&all[i - 1], &all[i]));
	}
	free(all);
}

/* Twelve addresses, eleven thefts, fourteen transfers of 30 January, two of February; no more. */
static void what_was_published_is_marked_and_nothing_else(void)
{
	size_t addresses = 0, thefts = 0, transfers = 0, messages = 0;
	uint64_t stolen = 0;

	make(7);
	for (size_t i = 0; i < c.accounts_n; i++) {
		addresses += c.accounts[i].published ? 1 : 0;
		T_CHECK(!c.accounts[i].published || c.accounts[i].part == COINCHECK_VICTIM ||
			c.accounts[i].part == COINCHECK_THIEF);
	}
	for (size_t i = 0; i < c.transfers_n; i++) {
		const struct coincheck_transfer *t = &c.transfers[i];

		transfers += t->published ? 1 : 0;
		messages += t->amount == 0 ? 1 : 0;
		if (t->theft) {
			thefts++;
			stolen += t->amount;
			T_CHECK(t->published && t->from == c.victim);
			T_STR(c.accounts[t->to].address.text,
			      "NC4C6PSUW5CLTDT5SXAGJDQJGZNESKFK5MCN77OG");
		}
	}
	T_EQ(addresses, 12);
	T_EQ(thefts, 11);
	T_EQ(stolen, XEM(526300010));
	T_EQ(transfers, 11 + 14 + 2);
	T_EQ(messages, 3);
}

static void the_published_figures_are_met(void)
{
	size_t n = 0, reached = 0;
	const struct coincheck_figure *f = coincheck_figures(&n);

	for (uint64_t seed = 0; seed < 20; seed++) {
		make(seed);
		for (size_t i = 0; i < n; i++) {
			uint64_t is = 0;

			if (f[i].count == COINCHECK_REACHED) {
				reached++;
				continue;
			}
			is = coincheck_counted(&c, &f[i]);
			/* "more than" means no more than a tenth above, "about" 2 % */
			T_CHECK(is >= f[i].published - (f[i].at_least ? 0 : f[i].published / 50));
			T_CHECK(is <= f[i].published + f[i].published / (f[i].at_least ? 10 : 50));
		}
	}
	T_EQ(reached, 20 * 3);
}

static void the_same_seed_makes_the_same(void)
{
	struct coincheck other;

	make(3);
	T_EQ(coincheck_make(&other, 3), ERR_OK);
	T_EQ(other.transfers_n, c.transfers_n);
	T_EQ(other.accounts_n, c.accounts_n);
	for (size_t i = 0; i < c.transfers_n; i++) {
		T_EQ(other.transfers[i].amount, c.transfers[i].amount);
		T_EQ(other.transfers[i].to, c.transfers[i].to);
	}
	coincheck_free(&other);
	T_EQ(coincheck_make(&other, 4), ERR_OK);
	T_CHECK(other.transfers_n != c.transfers_n ||
		memcmp(other.transfers, c.transfers, c.transfers_n * sizeof *c.transfers) != 0);
	coincheck_free(&other);
}

int main(int argc, char **argv)
{
	static const struct t_case cases[] = {
		{ "nobody pays what he has not", nobody_pays_what_he_has_not },
		{ "every address is valid and its own", every_address_is_valid_and_its_own },
		{ "what was published is marked and nothing else",
		  what_was_published_is_marked_and_nothing_else },
		{ "the published figures are met", the_published_figures_are_met },
		{ "the same seed makes the same", the_same_seed_makes_the_same },
	};
	int failed = t_main(cases, ARRAY_LEN(cases), argc, argv);

	coincheck_free(&c);
	return failed;
}
