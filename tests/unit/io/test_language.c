/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Goal: a request's language is what its header prefers, whatever stands there; what was filled
 * into words is found again, or nothing is touched (decision 28).  Method: headers and formats by
 * hand, and words without a catalogue; the catalogue itself is tried with the real kuramorid
 * (tests/scenario/server).
 */
#include <stdio.h>
#include <string.h>

#include "base/attr.h"
#include "io/language.h"
#include "t.h"

static void accepted(void)
{
	static const struct {
		const char *header;
		enum language language;
	} known[] = {
		{ NULL, LANGUAGE_ENGLISH },
		{ "", LANGUAGE_ENGLISH },
		{ "ja", LANGUAGE_JAPANESE },
		{ " ja-JP ", LANGUAGE_JAPANESE },
		{ "jA;Q=1", LANGUAGE_JAPANESE },
		{ "ja,en", LANGUAGE_JAPANESE },
		{ "en,ja", LANGUAGE_ENGLISH },
		{ "en;q=0.9,ja", LANGUAGE_JAPANESE },
		{ "en;q=0.9,ja;q=0.899", LANGUAGE_ENGLISH },
		{ "fr,de;q=0.9,ja;q=0.001", LANGUAGE_JAPANESE },
		{ "*", LANGUAGE_ENGLISH },
		{ "*;q=0.5,ja;q=0.6", LANGUAGE_JAPANESE },
		{ "ja;q=0", LANGUAGE_ENGLISH },
		{ "ja;q=0.000", LANGUAGE_ENGLISH },
		{ "j", LANGUAGE_ENGLISH },
		{ "jav", LANGUAGE_ENGLISH },
		{ ",,ja,,", LANGUAGE_JAPANESE },
		/* not well formed: English, whatever stood before */
		{ "ja,en;q", LANGUAGE_ENGLISH },
		{ "ja,x;q=", LANGUAGE_ENGLISH },
		{ "ja;q=1.001", LANGUAGE_ENGLISH },
		{ "ja;q=0.1234", LANGUAGE_ENGLISH },
		{ "ja;q=-1", LANGUAGE_ENGLISH },
		{ "ja;level=1", LANGUAGE_ENGLISH },
		{ "ja en", LANGUAGE_ENGLISH },
		{ ";", LANGUAGE_ENGLISH },
		{ "ja;q=0.5;q=1", LANGUAGE_ENGLISH },
	};

	for (size_t i = 0; i < ARRAY_LEN(known); i++) {
		T_EQ(language_accepted(known[i].header), known[i].language);
	}
	T_STR(language_name(LANGUAGE_ENGLISH), "en");
	T_STR(language_name(LANGUAGE_JAPANESE), "ja");
}

/* Any bytes: an answer, and no byte behind the end is looked at. */
static void any_header(void)
{
	static const char alphabet[] = "jaen-;,=q01. *\t\xe3";
	char header[24];

	for (int round = 0; round < 200000; round++) {
		size_t n = t_below(sizeof header);
		enum language l;

		for (size_t i = 0; i < n; i++) {
			header[i] = alphabet[t_below(sizeof alphabet - 1)];
		}
		header[n] = '\0';
		l = language_accepted(header);
		T_CHECK(l == LANGUAGE_ENGLISH ||
			(l == LANGUAGE_JAPANESE && strstr(header, "ja") != NULL));
	}
}

/* Without a catalogue everything is English, to the byte. */
static void filled(void)
{
	static const struct {
		const char *format, *said;
	} known[] = {
		{ "%s", "no such customer" },
		{ "1 to %d", "1 to 100" },
		{ "the plan is %s: %u of %u people have approved it%s",
		  "the plan is approving: 1 of 3 people have approved it" },
		{ "%.*s: %s", "c1: has another" },
		{ "entry %zu%s%s%s%s: %s", "entry 1, customer bob: no such customer" },
		{ "100 %% of %s", "100 % of it" },
		{ "%s and %s", "of another format" },
		{ "", "" },
	};

	char out[128];
	char few[8];

	T_EQ(language_here(LANGUAGE_JAPANESE), LANGUAGE_ENGLISH);
	for (size_t i = 0; i < ARRAY_LEN(known); i++) {
		for (int l = LANGUAGE_ENGLISH; l <= LANGUAGE_JAPANESE; l++) {
			language_filled((enum language)l, out, sizeof out, known[i].format,
					known[i].said);
			T_STR(out, known[i].said);
			language_filled((enum language)l, few, sizeof few, known[i].format,
					known[i].said);
			T_CHECK(strlen(few) < sizeof few &&
				strncmp(few, known[i].said, strlen(few)) == 0);
		}
	}
	T_STR(language_words(LANGUAGE_JAPANESE, ""), "");
	T_STR(language_words(LANGUAGE_JAPANESE, "done"), "done");
}

int main(int argc, char **argv)
{
	static const struct t_case cases[] = {
		{ "what a header prefers", accepted },
		{ "any header", any_header },
		{ "what was filled in", filled },
	};

	return t_main(cases, ARRAY_LEN(cases), argc, argv);
}
