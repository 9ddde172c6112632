/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Goal: a set of labels says of every address what its lists say, and of no other anything; broken
 * lists are refused whole, with line and field.
 * Method: random addresses beside a plain array; lists that are wrong in one place each; a million
 * tags of one address.
 */
#include "t.h"

#include <stdio.h>

#include "base/attr.h"
#include "base/check.h"
#include "crypto/sha256.h"
#include "ingest/labels.h"

static struct labels *l;
static struct ingest_fault fault;
static uint64_t line, skipped;

static void begin(void)
{
	uint8_t seed[LABELS_SEED_BYTES];

	for (size_t i = 0; i < sizeof seed; i++) {
		seed[i] = (uint8_t)t_random();
	}
	CHECK(labels_new(&l, seed) == ERR_OK);
}

static const char *label_of(const char *address)
{
	size_t place = labels_find(l, bytes_str(address));
	struct label label;

	if (place == SIZE_MAX) {
		return "";
	}
	labels_at(l, place, &label);
	return label.label;
}

static void says_what_lists_say(void)
{
	enum { TAGS = 3000 };

	static char address[TAGS][44], label[TAGS][16];
	const struct hash32 zero = { { 0 } };
	size_t list = 0;

	begin();
	T_EQ(labels_list(l, bytes_str("list"), &zero, &list), ERR_OK);
	for (unsigned i = 0; i < TAGS; i++) {
		struct label_new tag = { .confidence = 50 };

		(void)snprintf(address[i], sizeof address[i], "N%0*u", (int)(3 + i % 40), i);
		(void)snprintf(label[i], sizeof label[i], "label %u", i);
		tag.address = bytes_str(address[i]);
		tag.label = bytes_str(label[i]);
		T_EQ(labels_add(l, &tag, list), ERR_OK);
	}
	T_EQ(labels_seal(l), ERR_OK);
	for (unsigned i = 0; i < TAGS; i++) {
		char other[44];

		T_STR(label_of(address[i]), label[i]);
		/* one bit away, at every place in turn */
		memcpy(other, address[i], sizeof other);
		other[i % strlen(other)] ^= 1;
		T_EQ(labels_find(l, bytes_str(other)), labels_find_exact(l, bytes_str(other)));
		other[0] = 'Q';
		T_EQ(labels_find(l, bytes_str(other)), SIZE_MAX);
	}
	/* a filter may only say no: it never hides what is there */
	for (unsigned i = 0; i < 200000; i++) {
		char some[24];

		(void)snprintf(some, sizeof some, "N%0*llu", 3 + (int)(i % 15),
			       (unsigned long long)t_below(5000));
		T_EQ(labels_find(l, bytes_str(some)), labels_find_exact(l, bytes_str(some)));
	}
	labels_free(l);
}

static void many_say_what_each_does(void)
{
	enum { TAGS = 900, MOST = 70 };

	static char address[TAGS + MOST][INGEST_NAME_MAX + 1];
	size_t list = 0, known = 0;

	begin();
	T_EQ(labels_list(l, bytes_str("x"), &(struct hash32){ { 0 } }, &list), ERR_OK);
	for (unsigned i = 0; i < TAGS + MOST; i++) {
		struct label_new tag = { .label = bytes_str("x") };
		size_t n = i % (INGEST_NAME_MAX + 1);

		/* every length; nearly all alike, so that each byte counts */
		for (size_t k = 0; k < n; k++) {
			address[i][k] = 'A';
		}
		for (size_t k = 0; k < 3 && n > 0; k++) {
			address[i][t_below(n)] = (char)('A' + t_below(26));
		}
		tag.address = bytes_str(address[i]);
		if (i < TAGS && n > 0) {
			T_EQ(labels_add(l, &tag, list), ERR_OK);
		}
	}
	T_EQ(labels_seal(l), ERR_OK);
	for (unsigned round = 0; round < 500; round++) {
		struct bytes asked[MOST];
		size_t place[MOST], n = (size_t)t_below(MOST + 1);

		for (size_t i = 0; i < n; i++) {
			asked[i] = bytes_str(address[t_below(TAGS + MOST)]);
		}
		labels_find_many(l, asked, n, place);
		for (size_t i = 0; i < n; i++) {
			T_EQ(place[i], labels_find(l, asked[i]));
			T_EQ(place[i], labels_find_exact(l, asked[i]));
			known += place[i] != SIZE_MAX;
		}
	}
	T_CHECK(known > 1000);
	labels_free(l);
}

static void empty_says_nothing(void)
{
	begin();
	T_EQ(labels_seal(l), ERR_OK);
	T_EQ(labels_find(l, bytes_str("N")), SIZE_MAX);
	T_EQ(labels_find(l, bytes_of(NULL, 0)), SIZE_MAX);
	labels_free(l);
}

static void csv_is_read(void)
{
	static const char text[] = "category,address,label,confidence,source,note\r\n"
				   "exchange,NAAA,\"Zaif, hot\",trusted_provider,press,x\r\n"
				   "\r\n"
				   "theft,NAAA,thief,90,,\r\n"
				   "theft,NBBB,\"the \"\"thief\"\"\",,,\r\n";
	struct label label;
	struct hash32 hash;
	size_t place;

	begin();
	T_EQ(labels_csv(l, "list.csv", bytes_str(text), &line, &fault), ERR_OK);
	T_EQ(labels_seal(l), ERR_OK);
	T_EQ(labels_n(l), 3);
	/* the surest first */
	place = labels_find(l, bytes_str("NAAA"));
	labels_at(l, place, &label);
	T_STR(label.label, "thief");
	T_EQ(label.confidence, 90);
	place = labels_next(l, place);
	labels_at(l, place, &label);
	T_STR(label.label, "Zaif, hot");
	T_STR(label.category, "exchange");
	T_STR(label.source, "press");
	T_STR(label.list, "list.csv");
	T_EQ(label.confidence, 50);
	sha256(&hash, bytes_str(text));
	T_MEM(label.list_hash.b, hash.b, 32);
	T_EQ(labels_next(l, place), SIZE_MAX);
	T_STR(label_of("NBBB"), "the \"thief\"");
	T_EQ(labels_csv(l, "late.csv", bytes_str(text), &line, &fault), ERR_STATE);
	labels_free(l);
}

static void tagpack_is_read(void)
{
	static const char text[] = "title: Exchanges of 2018\n"
				   "creator: somebody\n"
				   "currency: XEM\n"
				   "source: https://example.org/x\n"
				   "confidence: web_crawl\n"
				   "category: exchange\n"
				   "tags:\n"
				   "- address: NAAA\n"
				   "  label: zaif\n"
				   "- label: bittrex\n"
				   "  address: NBBB\n"
				   "  confidence: ownership\n"
				   "  concepts: [hot_wallet, exchange]\n"
				   "  category: service\n"
				   "- &again\n"
				   "  address: NCCC\n"
				   "  label: other\n"
				   "  concepts:\n"
				   "  - mixing\n"
				   "- tx_hash: 00aa\n"
				   "  label: theft\n";
	struct label label;

	begin();
	T_EQ(labels_tagpack(l, "x.yaml", bytes_str(text), &skipped, &line, &fault), ERR_OK);
	T_EQ(skipped, 1);
	T_EQ(labels_n(l), 3);
	labels_at(l, 0, &label);
	T_STR(label.list, "Exchanges of 2018");
	T_STR(label.source, "https://example.org/x");
	T_STR(label.category, "exchange");
	T_EQ(label.confidence, 20);
	labels_at(l, 1, &label);
	T_STR(label.category, "service");
	T_EQ(label.confidence, 100);
	labels_at(l, 2, &label);
	T_STR(label.category, "mixing");
	labels_free(l);
}

static void broken_lists_are_refused_whole(void)
{
	static const struct {
		const char *text;
		enum err e;
		uint64_t line;
		const char *field;
	} csv[] = {
		{ "", ERR_INPUT, 0, "" },
		{ "address\nNAAA\n", ERR_FIELD_MISSING, 1, "label" },
		{ "address,label,address\n", ERR_FIELD_UNKNOWN, 1, "address" },
		{ "address,label\nNAAA,a\nNBBB\n", ERR_FIELD_MISSING, 3, "" },
		{ "address,label\nNAAA,a\n,b\n", ERR_FIELD_MISSING, 3, "address" },
		{ "address,label\nNAAA,a\nN BB,b\n", ERR_FIELD_RANGE, 3, "address" },
		{ "address,label\nNAAA,\"a\n", ERR_INPUT, 2, "" },
		{ "address,label\nNAAA,a\x1b[2J\n", ERR_FIELD_RANGE, 2, "label" },
		{ "address,label,confidence\nNAAA,a,101\n", ERR_FIELD_RANGE, 2, "confidence" },
		{ "address,label,confidence\nNAAA,a,sure\n", ERR_FIELD_RANGE, 2, "confidence" },
	}, yaml[] = {
		{ "", ERR_INPUT, 1, "" },
		{ "- a\n", ERR_INPUT, 1, "" },
		{ "title: [\n", ERR_INPUT, 2, "" },
		{ "title: x\ntags: []\n", ERR_FIELD_MISSING, 1, "creator" },
		{ "title: x\ncreator: y\n", ERR_FIELD_MISSING, 1, "tags" },
		{ "title: x\ncreator: y\ntags: z\n", ERR_FIELD_MISSING, 3, "tags" },
		{ "title: x\ncreator: y\ntags:\n- z\n", ERR_FIELD_TYPE, 4, "tags" },
		{ "title: x\ncreator: y\ntags:\n- address: N\n", ERR_FIELD_MISSING, 4, "label" },
		{ "title: x\ncreator: y\ntags:\n- label: N\n", ERR_FIELD_MISSING, 4, "address" },
		{ "title: x\ncreator: y\ntags:\n- label: N\n  address: [a]\n", ERR_FIELD_TYPE, 5,
		  "address" },
		{ "title: x\ncreator: y\ntags:\n- label: N\n  address: a\n  confidence: 1.5\n",
		  ERR_FIELD_RANGE, 4, "confidence" },
	};

	begin();
	T_EQ(labels_csv(l, "good", bytes_str("address,label\nNZZZ,z\n"), &line, &fault), ERR_OK);
	for (size_t i = 0; i < ARRAY_LEN(csv); i++) {
		T_EQ(labels_csv(l, "bad", bytes_str(csv[i].text), &line, &fault), csv[i].e);
		T_EQ(line, csv[i].line);
		T_STR(fault.field, csv[i].field);
		T_CHECK(fault.why[0] != '\0');
		T_EQ(labels_n(l), 1);
		T_EQ(labels_lists(l), 1);
	}
	for (size_t i = 0; i < ARRAY_LEN(yaml); i++) {
		T_EQ(labels_tagpack(l, "bad", bytes_str(yaml[i].text), &skipped, &line, &fault),
		     yaml[i].e);
		T_EQ(line, yaml[i].line);
		T_STR(fault.field, yaml[i].field);
		T_EQ(labels_n(l), 1);
		T_EQ(labels_lists(l), 1);
	}
	T_EQ(labels_seal(l), ERR_OK);
	T_STR(label_of("NZZZ"), "z");
	labels_free(l);
}

static void a_label_bomb_takes_no_longer(void)
{
	enum { TAGS = 1000000 };
	const struct hash32 zero = { { 0 } };
	struct label label;
	size_t list = 0, n = 0;

	begin();
	T_EQ(labels_list(l, bytes_str("bomb"), &zero, &list), ERR_OK);
	for (unsigned i = 0; i < TAGS; i++) {
		const struct label_new tag = { bytes_str("NAAA"),
					       bytes_str("x"),
					       { NULL, 0 },
					       { NULL, 0 },
					       (uint8_t)(i % 101) };

		T_EQ(labels_add(l, &tag, list), ERR_OK);
	}
	T_EQ(labels_seal(l), ERR_OK);
	for (size_t place = labels_find(l, bytes_str("NAAA")), last = 0; place != SIZE_MAX;
	     place = labels_next(l, place)) {
		unsigned want = n == 0 ? 100 : label.confidence;

		labels_at(l, place, &label);
		T_CHECK(label.confidence < want || (label.confidence == want && place >= last));
		last = place;
		n++;
	}
	T_EQ(n, TAGS);
	labels_free(l);
}

int main(int argc, char **argv)
{
	static const struct t_case cases[] = {
		{ "says what lists say", says_what_lists_say },
		{ "many say what each does", many_say_what_each_does },
		{ "empty says nothing", empty_says_nothing },
		{ "CSV is read", csv_is_read },
		{ "TagPack is read", tagpack_is_read },
		{ "broken lists are refused whole", broken_lists_are_refused_whole },
		{ "a label bomb takes no longer", a_label_bomb_takes_no_longer },
	};

	return t_main(cases, ARRAY_LEN(cases), argc, argv);
}
