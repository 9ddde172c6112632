/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Goal: a plan that a person misspelt makes no cards; every card of a plan is proved, and a set in
 * which one is bent is not; practice comes back as practice.  Method: all of a table of spellings;
 * plans of several shapes with each card bent in turn.
 */
#include <string.h>

#include "t.h"

#include "base/check.h"
#include "cold/cold_cards.h"
#include "crypto/crypto.h"

static struct policy_verdict plan_of(struct shares_plan *out, const char *text, uint32_t needed)
{
	return cold_cards_plan(out, bytes_str(text), needed, 0);
}

static void plans_are_spelt_in_one_way(void)
{
	static const struct {
		const char *text;
		uint32_t needed;
		enum err err;
	} rows[] = {
		{ "2of3", 0, ERR_OK },
		{ "2of3", 1, ERR_OK },
		{ "16of16", 0, ERR_OK },
		{ "2of3,3of5", 2, ERR_OK },
		{ "2of3,1of1", 2, ERR_OK },
		{ "1of1,1of1", 2, ERR_OK },
		{ "2of16,2of16,2of16,2of16", 1, ERR_OK }, /* 64 cards */
		{ "2of3,3of5", 0, ERR_FIELD_RANGE },
		{ "2of3,3of5", 3, ERR_FIELD_RANGE },
		{ "2of3", 2, ERR_FIELD_RANGE },
		{ "2of3,1of1", 1, ERR_POLICY },
		{ "1of1", 0, ERR_POLICY },
		{ "1of3", 0, ERR_FIELD_RANGE },
		{ "3of2", 0, ERR_FIELD_RANGE },
		{ "2of17", 0, ERR_FIELD_RANGE },
		{ "2of16,2of16,2of16,2of16,1of1", 2, ERR_FIELD_RANGE },
		{ "", 0, ERR_INPUT },
		{ "2of3,", 1, ERR_INPUT },
		{ ",2of3", 1, ERR_INPUT },
		{ "2of3,,2of3", 2, ERR_INPUT },
		{ "2of3 ", 0, ERR_INPUT },
		{ " 2of3", 0, ERR_INPUT },
		{ "2/3", 0, ERR_INPUT },
		{ "2of", 0, ERR_INPUT },
		{ "of3", 0, ERR_INPUT },
		{ "0of3", 0, ERR_INPUT },
		{ "02of3", 0, ERR_INPUT },
		{ "2of03", 0, ERR_INPUT },
		{ "2of333", 0, ERR_INPUT },
		{ "200of3", 0, ERR_INPUT },
		{ "2OF3", 0, ERR_INPUT },
		{ "-2of3", 0, ERR_INPUT },
		{ "2of3,2of3,2of3,2of3,2of3,2of3,2of3,2of3,2of3,2of3,2of3,2of3,2of3,2of3,2of3,2of3,"
		  "2of3",
		  2, ERR_FIELD_RANGE },
		{ "2of3,2of3,2of3,2of3,2of3,2of3,2of3,2of3,2of3,2of3,2of3,2of3,2of3,2of3,2of3,2of3,"
		  "2of3,2of3,2of3",
		  2, ERR_FIELD_RANGE },
	};
	struct shares_plan plan;

	for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
		memset(&plan, 0xee, sizeof plan);
		T_EQ(plan_of(&plan, rows[i].text, rows[i].needed).err, rows[i].err);
		/* what is refused writes nothing */
		T_CHECK(rows[i].err == ERR_OK || plan.group_count == 0xee);
	}
	T_EQ(plan_of(&plan, "2of3,3of5", 2).err, ERR_OK);
	T_EQ(plan.group_count, 2);
	T_EQ(plan.group_threshold, 2);
	T_EQ(plan.groups[1].threshold, 3);
	T_EQ(plan.groups[1].count, 5);
	T_EQ(cold_cards_plan(&plan, bytes_str("2of3"), 0, COLD_CARDS_EXPONENT_MAX).err, ERR_OK);
	T_EQ(cold_cards_plan(&plan, bytes_str("2of3"), 0, COLD_CARDS_EXPONENT_MAX + 1).err,
	     ERR_FIELD_RANGE);
}

static struct share cards[COLD_CARDS_MAX];
static uint8_t random_bytes[COLD_CARDS_RANDOM_MAX];

static size_t make(const struct shares_plan *plan, struct bytes secret)
{
	size_t n = 0, want = 0;

	CHECK(shares_need(plan, secret.n, &n, &want) == ERR_OK);
	for (size_t i = 0; i < want; i++) {
		random_bytes[i] = (uint8_t)(37 * i + 11 + i / 7);
	}
	CHECK(shares_split(cards, plan, secret, bytes_str("TREZOR"),
			   bytes_of(random_bytes, want)) == ERR_OK);
	return n;
}

static void every_card_is_proved(void)
{
	static const struct {
		const char *text;
		uint32_t needed;
	} plans[] = { { "2of3", 0 }, { "3of5", 0 }, { "2of3,3of5", 2 }, { "2of3,1of1,3of4", 2 } };

	uint8_t key[COLD_KEY_BYTES], other[COLD_KEY_BYTES];
	struct bytes secret;
	struct shares_plan plan;

	memset(key, 0x5c, sizeof key);
	secret = bytes_of(key, sizeof key);
	memset(other, 0x5d, sizeof other);
	for (size_t i = 0; i < sizeof plans / sizeof plans[0]; i++) {
		size_t n;

		CHECK(plan_of(&plan, plans[i].text, plans[i].needed).err == ERR_OK);
		n = make(&plan, secret);
		T_EQ(cold_cards_prove(cards, &plan, secret, bytes_str("TREZOR")), ERR_OK);
		T_EQ(cold_cards_prove(cards, &plan, secret, bytes_str("")), ERR_MISMATCH);
		T_EQ(cold_cards_prove(cards, &plan, bytes_of(other, sizeof other),
				      bytes_str("TREZOR")),
		     ERR_MISMATCH);
		T_EQ(cold_cards_prove(cards, &plan, bytes_of(key, sizeof key - 2),
				      bytes_str("TREZOR")),
		     ERR_MISMATCH);
		/* one bad card among good ones is found, wherever it lies */
		for (size_t k = 0; k < n; k++) {
			cards[k].value[31] ^= 1;
			T_EQ(cold_cards_prove(cards, &plan, secret, bytes_str("TREZOR")),
			     ERR_MISMATCH);
			cards[k].value[31] ^= 1;
			cards[k].id ^= 1;
			T_EQ(cold_cards_prove(cards, &plan, secret, bytes_str("TREZOR")),
			     ERR_MISMATCH);
			cards[k].id ^= 1;
		}
	}
}

static void practice_stays_practice(void)
{
	uint8_t sealed[COLD_KEY_BYTES + 1], back[COLD_KEY_BYTES + 1];
	uint8_t secret[COLD_CARDS_SECRET_MAX + 2] = { 0 };

	memset(sealed, 7, COLD_KEY_BYTES);
	sealed[COLD_KEY_BYTES] = COLD_CARDS_PRACTICE;
	T_EQ(cold_cards_secret(secret, bytes_of(sealed, COLD_KEY_BYTES)), COLD_KEY_BYTES);
	T_EQ(cold_cards_sealed(back, bytes_of(secret, COLD_KEY_BYTES)), COLD_KEY_BYTES);
	T_CHECK(memcmp(back, sealed, COLD_KEY_BYTES) == 0);
	T_EQ(cold_cards_secret(secret, bytes_of(sealed, sizeof sealed)), COLD_CARDS_SECRET_MAX);
	T_EQ(cold_cards_sealed(back, bytes_of(secret, COLD_CARDS_SECRET_MAX)), sizeof sealed);
	T_CHECK(memcmp(back, sealed, sizeof sealed) == 0);
	/* nothing else is a key: another mark, another length */
	for (unsigned byte = 0; byte < 256; byte++) {
		secret[COLD_KEY_BYTES] = (uint8_t)byte;
		T_EQ(cold_cards_sealed(back, bytes_of(secret, COLD_CARDS_SECRET_MAX)),
		     byte == COLD_CARDS_PRACTICE ? sizeof sealed : 0);
	}
	secret[COLD_KEY_BYTES] = COLD_CARDS_PRACTICE;
	secret[COLD_KEY_BYTES + 1] = 1;
	T_EQ(cold_cards_sealed(back, bytes_of(secret, COLD_CARDS_SECRET_MAX)), 0);
	for (size_t n = 16; n <= sizeof secret; n += 2) {
		T_EQ(cold_cards_sealed(back, bytes_of(secret, n)), n == 32 ? 32 : 0);
	}
}

int main(int argc, char **argv)
{
	static const struct t_case cases[] = {
		{ "plans are spelt in one way", plans_are_spelt_in_one_way },
		{ "every card is proved", every_card_is_proved },
		{ "practice stays practice", practice_stays_practice },
	};

	if (crypto_init() != ERR_OK) {
		return 1;
	}
	return t_main(cases, sizeof cases / sizeof cases[0], argc, argv);
}
