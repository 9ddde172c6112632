/* SPDX-License-Identifier: Apache-2.0 */
#include "cold/cold_cards.h"

#include <string.h>

#include "base/check.h"
#include "base/words.h"
#include "crypto/crypto.h"
#include "policy/verdict.h"

/* ---- how many ------------------------------------------------------------------------------ */

/* A number of one or two digits without a leading zero; 0: none stands there. */
static uint8_t number(struct bytes text, size_t *at)
{
	unsigned n = 0;
	size_t from = *at;

	while (*at < text.n && *at - from < 2 && text.p[*at] >= '0' && text.p[*at] <= '9') {
		n = 10 * n + text.p[*at] - '0';
		*at += 1;
	}
	return *at > from && text.p[from] != '0' ? (uint8_t)n : 0;
}

static bool group(struct shares_plan *plan, struct bytes text, size_t *at)
{
	uint8_t threshold = number(text, at);
	uint8_t count;

	if (threshold == 0 || text.n - *at < 3 ||
	    !bytes_eq(bytes_of(text.p + *at, 2), bytes_str("of"))) {
		return false;
	}
	*at += 2;
	count = number(text, at);
	if (count == 0 || (*at < text.n && text.p[*at] != ',')) {
		return false;
	}
	if (plan->group_count < SHARES_GROUPS_MAX) {
		plan->groups[plan->group_count].threshold = threshold;
		plan->groups[plan->group_count].count = count;
	}
	if (plan->group_count <= SHARES_GROUPS_MAX) {
		plan->group_count++; /* one too many is enough to know it */
	}
	return true;
}

static struct policy_verdict spelling(struct shares_plan *plan, struct bytes text)
{
	size_t at = 0;
	bool more = true;

	while (more) {
		if (!group(plan, text, &at)) {
			return refuse(ERR_INPUT, "shares",
				      "groups are written 2of3 or 2of3,3of5: how many cards of "
				      "each are needed");
		}
		more = at < text.n;
		at++; /* the comma */
	}
	return allowed;
}

struct policy_verdict cold_cards_plan(struct shares_plan *out, struct bytes text, uint32_t needed,
				      uint32_t exponent)
{
	struct shares_plan plan = { .extendable = true };
	struct policy_verdict v = spelling(&plan, text);
	size_t cards = 0, random = 0;

	if (v.err != ERR_OK) {
		return v;
	}
	needed = needed == 0 && plan.group_count == 1 ? 1 : needed;
	if (needed < 1 || needed > plan.group_count) {
		return refuse(ERR_FIELD_RANGE, "groups-needed",
			      "how many groups are needed: 1 to as many as there are");
	}
	if (exponent > COLD_CARDS_EXPONENT_MAX) {
		return refuse(ERR_FIELD_RANGE, "shares-exponent",
			      "so many rounds would take too long");
	}
	plan.group_threshold = (uint8_t)needed;
	plan.exponent = (uint8_t)exponent;
	if (shares_need(&plan, COLD_CARDS_SECRET_MAX, &cards, &random) != ERR_OK ||
	    cards > COLD_CARDS_MAX) {
		return refuse(ERR_FIELD_RANGE, "shares",
			      "no group needs more cards than it has; no group has more than 16; "
			      "a group of which one card is enough has one; at most 64 cards");
	}
	for (size_t i = 0; needed == 1 && i < plan.group_count; i++) {
		if (plan.groups[i].threshold == 1) {
			return refuse(ERR_POLICY, "shares",
				      "one card alone would bring the key back");
		}
	}
	CHECK(random <= COLD_CARDS_RANDOM_MAX);
	*out = plan;
	return allowed;
}

/* ---- what ---------------------------------------------------------------------------------- */

size_t cold_cards_secret(uint8_t out[COLD_CARDS_SECRET_MAX], struct bytes sealed)
{
	CHECK(sealed.n == COLD_KEY_BYTES || sealed.n == COLD_KEY_BYTES + 1);
	memset(out, 0, COLD_CARDS_SECRET_MAX);
	memcpy(out, sealed.p, sealed.n);
	return sealed.n + sealed.n % 2;
}

size_t cold_cards_sealed(uint8_t out[COLD_KEY_BYTES + 1], struct bytes secret)
{
	bool practice = secret.n == COLD_CARDS_SECRET_MAX &&
			secret.p[COLD_KEY_BYTES] == COLD_CARDS_PRACTICE &&
			secret.p[COLD_KEY_BYTES + 1] == 0;
	size_t n = COLD_KEY_BYTES + (practice ? 1 : 0);

	if (secret.n != COLD_KEY_BYTES && !practice) {
		return 0;
	}
	memcpy(out, secret.p, n);
	return n;
}

/* ---- the proof ----------------------------------------------------------------------------- */

/* A choice: group_threshold groups from `from` on, in each as many cards as needed from m on. */
static size_t pick(struct share *chosen, bool *used, const struct share *cards,
		   const struct shares_plan *plan, size_t from, size_t round)
{
	size_t n = 0;

	for (size_t k = 0; k < plan->group_threshold; k++) {
		size_t g = (from + k) % plan->group_count;
		size_t first = 0;
		size_t count = plan->groups[g].count, threshold = plan->groups[g].threshold;

		for (size_t i = 0; i < g; i++) {
			first += plan->groups[i].count;
		}
		for (size_t i = 0; i < threshold; i++) {
			size_t at = first + (round * threshold + i) % count;

			chosen[n++] = cards[at];
			used[at] = true;
		}
	}
	return n;
}

/* The same by its words, as a person will type them. */
static enum err by_words(struct share *chosen, size_t n)
{
	char text[SHARES_TEXT_BYTES];
	struct shares_fault fault;
	enum err e = ERR_OK;

	/* unreached: words that cannot be read; shares_text() writes none */
	for (size_t i = 0; e == ERR_OK && i < n; i++) {
		shares_text(text, &chosen[i]);
		e = shares_read(&chosen[i], bytes_str(text), &fault);
	}
	crypto_wipe(text, sizeof text);
	return e;
}

static enum err try_choice(const struct share *cards, bool *used, const struct shares_plan *plan,
			   size_t from, size_t round, struct bytes secret, struct bytes passphrase)
{
	struct share chosen[COLD_CARDS_MAX];
	struct shares_fault fault;
	uint8_t out[SHARES_SECRET_MAX];
	size_t n = 0, count = pick(chosen, used, cards, plan, from, round);
	enum err e = by_words(chosen, count);

	/* unreached: words that cannot be read, as above */
	if (e == ERR_OK) {
		e = shares_combine(out, &n, chosen, count, passphrase, &fault);
	}
	if (e == ERR_OK && (n != secret.n || !crypto_eq(out, secret.p, n))) {
		e = ERR_MISMATCH;
	}
	crypto_wipe(out, sizeof out);
	crypto_wipe(chosen, sizeof chosen);
	return e == ERR_OK ? ERR_OK : ERR_MISMATCH;
}

enum err cold_cards_prove(const struct share *cards, const struct shares_plan *plan,
			  struct bytes secret, struct bytes passphrase)
{
	bool used[COLD_CARDS_MAX] = { false };
	size_t total = 0, rounds = 1;
	enum err e = ERR_OK;

	for (size_t g = 0; g < plan->group_count; g++) {
		size_t t = plan->groups[g].threshold, n = (plan->groups[g].count + t - 1) / t;

		total += plan->groups[g].count;
		rounds = n > rounds ? n : rounds;
	}
	CHECK(total <= COLD_CARDS_MAX);
	for (size_t round = 0; e == ERR_OK && round < rounds; round++) {
		for (size_t g = 0; e == ERR_OK && g < plan->group_count;
		     g += plan->group_threshold) {
			e = try_choice(cards, used, plan, g, round, secret, passphrase);
		}
	}
	for (size_t i = 0; e == ERR_OK && i < total; i++) {
		/* unreached: a card that no choice had; so many rounds have them all */
		e = used[i] ? ERR_OK : ERR_MISMATCH;
	}
	return e;
}
