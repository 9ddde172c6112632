/* SPDX-License-Identifier: Apache-2.0 */
#include "policy/prices.h"

#include <string.h>

#include "policy/price.h"
#include "policy/verdict.h"

enum err prices_add(struct prices_set *set, const struct doc *d, struct doc_fault *fault)
{
	struct prices_one one = { .doc = *d };
	enum err e;

	if (d->type != DOC_PRICE) {
		return ERR_TYPE;
	}
	if (set->n == DOC_SOURCES_MAX) {
		return ERR_FULL;
	}
	e = doc_price_read(d, &one.said, fault);
	if (e == ERR_OK) {
		set->one[set->n++] = one;
	}
	return e;
}

/* Not above top, and near it; 0 is no price. */
static bool belongs(uint64_t price, uint64_t top, uint64_t jump_max_bp)
{
	return price != 0 && price <= top && price_near(top, price, price, jump_max_bp);
}

/* Its place in the roster; source_count if it has none. */
static size_t source_of(const struct doc_roster *roster, const char *id)
{
	size_t i = 0;

	while (i < roster->source_count && strcmp(roster->price_sources[i].id, id) != 0) {
		i++;
	}
	return i;
}

struct policy_verdict prices_judge(const struct prices_set *set, const struct doc_roster *roster,
				   struct policy_price out[DOC_SOURCES_MAX])
{
	for (size_t i = 0; i < set->n; i++) {
		const struct prices_one *one = &set->one[i];
		size_t source = source_of(roster, one->said.source);

		if (source == roster->source_count) {
			return refuse(ERR_SIGNER_UNKNOWN, "price.source",
				      "not a price source of the roster");
		}
		if (one->doc.signature_count == 0) {
			return refuse(ERR_UNSIGNED, "price.signatures", "nobody signed the price");
		}
		if (!doc_signed_by(&one->doc, &roster->price_sources[source].key)) {
			return refuse(ERR_SIGNATURE, "price.signatures",
				      "not signed by that price source");
		}
		out[i] = (struct policy_price){ .rate = one->said.rate,
						.time_ms = one->said.time_ms,
						.source = source };
	}
	return allowed;
}

size_t prices_agree(const struct prices_set *set, uint64_t jump_max_bp,
		    bool chosen[DOC_SOURCES_MAX])
{
	uint64_t price[DOC_SOURCES_MAX] = { 0 };
	uint64_t top = 0;
	size_t most = 0;

	for (size_t i = 0; i < set->n; i++) {
		uint64_t one = 0;

		price[i] = price_nano(&one, set->one[i].said.rate) == ERR_OK ? one : 0;
	}
	/* each in turn as the highest: what is near it below is near each other, too */
	for (size_t i = 0; i < set->n; i++) {
		size_t n = 0;

		for (size_t k = 0; k < set->n; k++) {
			n += belongs(price[k], price[i], jump_max_bp);
		}
		if (n > most || (n == most && price[i] > top)) {
			most = n;
			top = price[i];
		}
	}
	for (size_t i = 0; i < set->n; i++) {
		chosen[i] = belongs(price[i], top, jump_max_bp);
	}
	return most;
}

uint64_t prices_highest(const struct prices_set *set)
{
	uint64_t highest = 0;

	for (size_t i = 0; i < set->n; i++) {
		uint64_t price = 0;

		if (price_nano(&price, set->one[i].said.rate) == ERR_OK && price > highest) {
			highest = price;
		}
	}
	return highest;
}

uint64_t prices_yen(uint64_t price, u128 outflow)
{
	static const u128 nano_of_units = (u128)1000000000 * 1000000; /* micro-XEM */
	u128 yen;

	if (outflow > UINT64_MAX) {
		return UINT64_MAX;
	}
	yen = outflow * price / nano_of_units + (outflow * price % nano_of_units != 0);
	return yen > UINT64_MAX ? UINT64_MAX : (uint64_t)yen;
}
