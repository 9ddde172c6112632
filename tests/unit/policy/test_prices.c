/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Goal: which price source said what, and what it comes to in yen, to the last yen and no further
 * than can be counted.  Method: price documents, right and wrong in one thing each.
 */
#include "policy/prices.h"

#include "t.h"

#include <stdio.h>
#include <string.h>

#include "base/check.h"
#include "crypto/crypto.h"
#include "crypto/ed25519.h"
#include "policy/verdict.h"

static const struct hash32 genesis = { { 7 } };
static struct doc_roster roster;
static uint8_t secrets[3][ED25519_SECRET_BYTES];
static uint8_t raws[DOC_SOURCES_MAX + 1][2048];
static struct prices_set set;
static struct policy_price out[DOC_SOURCES_MAX];

static void begin(void)
{
	static const char *const names[] = { "p1", "p2" };

	CHECK(crypto_init() == ERR_OK);
	memset(&roster, 0, sizeof roster);
	for (uint8_t i = 0; i < 3; i++) {
		const uint8_t seed[ED25519_SEED_BYTES] = { i, 3 };
		struct key32 key;

		ed25519_keypair(&key, secrets[i], seed);
		if (i < ARRAY_LEN(names)) {
			memcpy(roster.price_sources[i].id, names[i], 3);
			roster.price_sources[i].key = key;
		}
	}
	roster.source_count = ARRAY_LEN(names);
	set.n = 0;
}

/* at: a place of raws; by: whose secret, or NULL. */
static enum err add(size_t at, const char *source, const char *rate, const uint8_t *by)
{
	struct doc_price price = {
		.asset = ASSET_XEM, .currency = ASSET_JPY, .genesis = genesis, .time_ms = 5
	};
	struct writer w = writer_make(raws[at], sizeof raws[at]);
	struct doc d;

	(void)snprintf(price.source, sizeof price.source, "%s", source);
	(void)snprintf(price.rate, sizeof price.rate, "%s", rate);
	CHECK(doc_price_make(&w, NULL, &price, by) == ERR_OK);
	CHECK(doc_open(&d, bytes_of(w.p, w.n), &genesis, NULL) == ERR_OK);
	return prices_add(&set, &d, NULL);
}

static void who_said_it(void)
{
	struct policy_verdict v;

	begin();
	T_EQ(prices_judge(&set, &roster, out).err, ERR_OK);
	T_EQ(add(0, "p2", "88.549", secrets[1]), ERR_OK);
	T_EQ(add(1, "p1", "90", secrets[0]), ERR_OK);
	T_EQ(prices_judge(&set, &roster, out).err, ERR_OK);
	T_EQ(out[0].source, 1);
	T_STR(out[0].rate, "88.549");
	T_EQ(out[0].time_ms, 5);
	T_EQ(out[1].source, 0);
#define NOBODY_SAID(source, by, error, name)            \
	do {                                            \
		set.n = 0;                              \
		T_EQ(add(0, source, "90", by), ERR_OK); \
		v = prices_judge(&set, &roster, out);   \
		T_EQ(v.err, error);                     \
		T_STR(v.field, name);                   \
	} while (0)
	NOBODY_SAID("p3", secrets[0], ERR_SIGNER_UNKNOWN, "price.source");
	NOBODY_SAID("p1", NULL, ERR_UNSIGNED, "price.signatures");
	NOBODY_SAID("p1", secrets[1], ERR_SIGNATURE, "price.signatures");
	NOBODY_SAID("p1", secrets[2], ERR_SIGNATURE, "price.signatures");
#undef NOBODY_SAID
}

static void no_more_and_nothing_else(void)
{
	struct doc_receipt receipt = { .genesis = genesis, .holder = "h" };
	uint8_t raw[1024];
	struct writer w = writer_make(raw, sizeof raw);
	struct doc d;

	begin();
	CHECK(doc_receipt_make(&w, NULL, &receipt, NULL) == ERR_OK);
	CHECK(doc_open(&d, bytes_of(w.p, w.n), &genesis, NULL) == ERR_OK);
	T_EQ(prices_add(&set, &d, NULL), ERR_TYPE);
	/* a price that says nothing */
	w = writer_make(raw, sizeof raw);
	writer_bytes(&w, bytes_str("{\"body\":{\"genesis\":\"07"));
	for (size_t i = 1; i < sizeof genesis.b; i++) {
		writer_bytes(&w, bytes_str("00"));
	}
	writer_bytes(&w, bytes_str("\"},\"signatures\":[],\"type\":\"price\",\"version\":1}"));
	CHECK(doc_open(&d, bytes_of(w.p, w.n), &genesis, NULL) == ERR_OK);
	T_EQ(prices_add(&set, &d, NULL), ERR_FIELD_MISSING);
	T_EQ(set.n, 0);
	for (size_t i = 0; i < DOC_SOURCES_MAX; i++) {
		T_EQ(add(i, "p1", "1", secrets[0]), ERR_OK);
	}
	T_EQ(add(DOC_SOURCES_MAX, "p1", "1", secrets[0]), ERR_FULL);
	T_EQ(set.n, DOC_SOURCES_MAX);
}

static void what_counts(void)
{
	begin();
	T_EQ(prices_highest(&set), 0);
	T_EQ(add(0, "p1", "88.549", secrets[0]), ERR_OK);
	T_EQ(add(1, "p2", "88.5490000001", secrets[1]), ERR_OK);
	T_EQ(add(2, "p1", "1", secrets[0]), ERR_OK);
	T_EQ(prices_highest(&set), UINT64_C(88549000001));        /* rounded up */
	T_EQ(add(3, "p2", "99999999999999", secrets[1]), ERR_OK); /* too large to count with */
	T_EQ(prices_highest(&set), UINT64_C(88549000001));

	T_EQ(prices_yen(0, 5), 0);
	T_EQ(prices_yen(5, 0), 0);
	T_EQ(prices_yen(UINT64_C(100000000000), 50400000), 5040);
	T_EQ(prices_yen(UINT64_C(100000000000), 50400001), 5041);
	T_EQ(prices_yen(1, 1), 1);
	T_EQ(prices_yen(UINT64_MAX, UINT64_C(1000000000000000)), UINT64_MAX);
	T_EQ(prices_yen(UINT64_MAX - 1, UINT64_C(1000000000000000)), UINT64_MAX - 1);
	T_EQ(prices_yen(UINT64_MAX, UINT64_MAX), UINT64_MAX);
	T_EQ(prices_yen(1, (u128)UINT64_MAX + 1), UINT64_MAX);
}

/* Who is near whom: the most of them, and of as many the higher. */
static void who_agrees(void)
{
	static const struct {
		const char *rates[3];
		const char *who;
	} rows[] = {
		{ { "100", "100", "100" }, "yyy" },
		{ { "100", "105", "110" }, "nyy" },
		{ { "0.1", "100", "102" }, "nyy" },
		{ { "100", "0.1", "0.1" }, "nyy" },
		{ { "105", "100", "200" }, "yyn" },
		{ { "100", "106", "1" }, "nyn" },
		{ { "100", "99999999999999", "101" }, "yny" },
	};

	for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
		bool chosen[DOC_SOURCES_MAX] = { false };
		size_t want = 0;

		begin();
		for (size_t k = 0; k < 3; k++) {
			T_EQ(add(k, k == 0 ? "p1" : "p2", rows[i].rates[k], secrets[k]), ERR_OK);
			want += rows[i].who[k] == 'y';
		}
		T_EQ(prices_agree(&set, 500, chosen), want);
		for (size_t k = 0; k < 3; k++) {
			T_EQ(chosen[k], rows[i].who[k] == 'y');
		}
	}
	begin();
	{
		bool chosen[DOC_SOURCES_MAX] = { false };

		T_EQ(prices_agree(&set, 500, chosen), 0);
		T_EQ(add(0, "p1", "99999999999999", secrets[0]), ERR_OK);
		T_EQ(prices_agree(&set, 500, chosen), 0);
		T_EQ(chosen[0], false);
	}
}

int main(int argc, char **argv)
{
	static const struct t_case cases[] = {
		{ "who said it", who_said_it },
		{ "no more than there are sources, and nothing else", no_more_and_nothing_else },
		{ "what counts, in yen", what_counts },
		{ "who agrees", who_agrees },
	};

	return t_main(cases, ARRAY_LEN(cases), argc, argv);
}
