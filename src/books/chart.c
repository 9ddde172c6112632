/* SPDX-License-Identifier: Apache-2.0 */
/*
 * chart.c - the kinds of accounts and their names (docs/books.md, the chart).
 */
#include "books/inner.h"
#include "crypto/sha256.h"

const struct chart_row chart[BOOKS_KINDS] = {
	[BOOKS_CUSTOMER] = { "customer", false, false, false, true,
			     BOOKS_BY_CHAIN | BOOKS_BY_CLIENT | BOOKS_BY_OPERATOR },
	[BOOKS_BOX] = { "box", true, true, true, true, BOOKS_BY_CHAIN },
	[BOOKS_PURSE] = { "purse", true, true, true, true, BOOKS_BY_CHAIN },
	[BOOKS_TILL] = { "till", true, true, true, true, BOOKS_BY_CHAIN },
	[BOOKS_DEPOSIT] = { "deposit", true, true, true, true, BOOKS_BY_CHAIN },
	[BOOKS_SPARE] = { "spare", true, true, true, true, BOOKS_BY_CHAIN },
	[BOOKS_IN_FLIGHT] = { "in-flight", false, false, false, true,
			      BOOKS_BY_CHAIN | BOOKS_BY_OPERATOR },
	[BOOKS_FEE] = { "fee", true, false, false, false, BOOKS_BY_CHAIN | BOOKS_BY_OPERATOR },
	[BOOKS_SHORTAGE] = { "shortage", true, false, false, false,
			     BOOKS_BY_CHAIN | BOOKS_BY_OPERATOR },
	[BOOKS_OPENING] = { "opening", false, false, false, true, BOOKS_BY_CHAIN },
	[BOOKS_SUSPENSE] = { "suspense", false, false, false, true,
			     BOOKS_BY_CHAIN | BOOKS_BY_OPERATOR },
	[BOOKS_HOUSE] = { "house", false, false, false, false, BOOKS_BY_CHAIN | BOOKS_BY_OPERATOR },
	[BOOKS_BANK] = { "bank", true, false, true, true, BOOKS_BY_OPERATOR },
	[BOOKS_FEE_INCOME] = { "fee-income", false, false, false, true,
			       BOOKS_BY_CLIENT | BOOKS_BY_OPERATOR },
	[BOOKS_CONVERSION] = { "conversion", false, false, false, false,
			       BOOKS_BY_CLIENT | BOOKS_BY_OPERATOR },
};

bool chart_known(uint32_t kind)
{
	return kind < ARRAY_LEN(chart) && chart[kind].name != NULL;
}

bool books_kind_on_chain(uint32_t kind)
{
	return chart_known(kind) && chart[kind].on_chain;
}

bool books_kind_reserve(uint32_t kind)
{
	return chart_known(kind) && chart[kind].reserve;
}

bool books_kind_limited(uint32_t kind)
{
	return chart_known(kind) && chart[kind].limited;
}

bool books_kind_may(uint32_t kind, enum books_poster who)
{
	return chart_known(kind) && (chart[kind].who & (unsigned)who) != 0;
}

bool books_kind_debit(uint32_t kind)
{
	return chart_known(kind) && chart[kind].debit;
}

const char *books_kind_name(uint32_t kind)
{
	return chart_known(kind) ? chart[kind].name : NULL;
}

const char *books_asset_name(uint32_t asset)
{
	return asset == ASSET_XEM ? "nem:xem" : asset == ASSET_JPY ? "jpy" : NULL;
}

uint32_t books_kind_of(struct bytes name)
{
	for (uint32_t kind = 1; kind < ARRAY_LEN(chart); kind++) {
		if (bytes_eq(name, bytes_str(chart[kind].name))) {
			return kind;
		}
	}
	return 0;
}

void books_account_id(struct id128 *out, uint32_t kind, uint32_t asset, struct bytes name)
{
	static const char label[] = "kuramori account v1\n";
	struct sha256 s;
	struct hash32 h;
	uint8_t numbers[8];

	le32_put(numbers, kind);
	le32_put(numbers + 4, asset);
	sha256_init(&s);
	sha256_update(&s, bytes_str(label));
	sha256_update(&s, bytes_of(numbers, sizeof numbers));
	sha256_update(&s, name);
	sha256_final(&s, &h);
	id128_named(out, &h);
}
