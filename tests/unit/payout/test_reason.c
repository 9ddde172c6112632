/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Goal: what printf made of a format is taken apart into exactly what was filled in, for every
 * format that there is, and no text is read two ways or as something that nobody said (decision
 * 28). Method: every format by hand with ordinary and with awkward parts, and with texts that a
 * signer or watcher makes up so as to look like another reason; cut off at every byte; random
 * texts. Translations here are made up; the catalogue is tried with the real kuramorid
 * (tests/scenario/server).
 */
#include <stdio.h>
#include <string.h>

#include "base/attr.h"
#include "base/fill.h"
#include "payout/reason.h"
#include "t.h"

struct example {
	const char *format, *said;
	const char *part[REASON_PARTS_MAX];
};

static const struct example all[] = {
	{ REASON_LOCK_NOT_BEGUN, REASON_LOCK_NOT_BEGUN, { NULL } },
	{ REASON_LOCK, "waits for its time lock", { NULL } },
	{ REASON_DEAD, "20 attempts are dead: none follows", { "20" } },
	{ REASON_UNDONE, REASON_UNDONE, { NULL } },
	{ REASON_TILL, REASON_TILL, { NULL } },
	{ REASON_SECOND, REASON_SECOND, { NULL } },
	{ REASON_PRICES,
	  "waits for prices: 1 of 18446744073709551615 that are needed agree, 0 are fresh",
	  { "1", "18446744073709551615", "0" } },
	{ REASON_SILENT, "signer a gave no answer", { "a" } },
	{ REASON_BAD_ANSWER,
	  "signer b: the signature does not verify",
	  { "b", "the signature does not verify" } },
	{ REASON_REFUSAL,
	  "signer b: stale: the price is too old (price)",
	  { "b", "stale", "the price is too old", "price" } },
	{ REASON_REFUSAL,
	  "signer a: already-used: a (b): c (d) (request.signatures[0])",
	  { "a", "already-used", "a (b): c (d)", "request.signatures[0]" } },
	{ REASON_REFUSAL, "signer a: :::  () ()", { "a", "::", " ()", "" } },
	{ REASON_REFUSAL, "signer a: bad:  ()", { "a", "bad", "", "" } },
	{ REASON_REFUSAL,
	  "signer a: bad: signer b gave no answer (x)",
	  { "a", "bad", "signer b gave no answer", "x" } },
	{ REASON_NO_DOCUMENT, REASON_NO_DOCUMENT, { NULL } },
	{ REASON_TILL_CLOSED,
	  "its till is closed; w1: nobody said no",
	  { "w1", "nobody said no" } },
	{ REASON_TILL_CLOSED,
	  "its till is closed; w:1:: waits: \xe8\x94\xb5",
	  { "w:1:", "waits: \xe8\x94\xb5" } },
	{ REASON_TILL_CLOSED, "its till is closed; w1: ", { "w1", "" } },
	{ REASON_NODE, "node 0 answered 4294967295", { "0", "4294967295" } },
	{ REASON_GONE,
	  "bob's approval counts no more by roster 2: nobody; 1 of 2; 3 of 4; 0 of 3 approvals: "
	  "others have to approve",
	  { "bob", "2", "nobody; 1 of 2; 3 of 4", "0", "3" } },
	{ REASON_MORE,
	  "policy 2 asks for more approvals than when it was ordered: 1 of 3; others have to "
	  "approve",
	  { "2", "1", "3" } },
	{ REASON_NO, "bob said no", { "bob" } },
	{ REASON_FROZEN, "a freeze is in force", { NULL } },
	{ REASON_EXPIRED, "the order's time is over", { NULL } },
	{ REASON_EXPIRED_LAST,
	  "the order's time is over; last: signer a gave no answer",
	  { "signer a gave no answer" } },
	{ REASON_EXPIRED_LAST, "the order's time is over; last: signer a ga", { "signer a ga" } },
	{ REASON_ASKED_FOR, "asked for by carol", { "carol" } },
	{ REASON_SCREENED, "destination and limits", { NULL } },
	{ REASON_NEEDS, "needs 2 approvals", { "2" } },
	{ REASON_LAST, "the last of 2 approvals", { "2" } },
	{ REASON_ENOUGH, REASON_ENOUGH, { NULL } },
	{ REASON_COSIGNED, "attempt 1 is cosigned", { "1" } },
	{ REASON_COMPLETE, "attempt 1 is complete", { "1" } },
	{ REASON_ATTEMPT_DEAD, "attempt 1 is dead by the rules of the chain", { "1" } },
	{ REASON_MINED, "in block 9", { "9" } },
	{ REASON_DEEP, "block 9 is 6 deep", { "9", "6" } },
	{ REASON_UNMINED, "its block was undone", { NULL } },
	{ REASON_RESUMED, "the last freeze was lifted", { NULL } },
};

static void every_format(void)
{
	for (size_t k = 0; k < reason_formats(); k++) {
		bool shown = false;

		for (size_t i = 0; i < ARRAY_LEN(all); i++) {
			shown = shown || strcmp(all[i].format, reason_format(k)) == 0;
		}
		T_CHECK(shown);
	}
	for (size_t i = 0; i < ARRAY_LEN(all); i++) {
		const struct example *x = &all[i];
		struct reason r = { .format = NULL };
		char again[512];
		size_t n = 0;

		T_CHECK(reason_read(&r, x->said));
		T_STR(r.format, x->format);
		while (n < REASON_PARTS_MAX && x->part[n] != NULL) {
			T_EQ(r.part[n].n, strlen(x->part[n]));
			T_MEM(r.part[n].p, x->part[n], r.part[n].n);
			n++;
		}
		T_EQ(strlen(r.kinds), n);
		T_CHECK(fill_words(again, sizeof again, x->format, x->part, n));
		T_STR(again, x->said);
	}
}

/* What is no whole text of a format is of none: no reader puts words into its place. */
static void nothing_else(void)
{
	static const char *const odd[] = {
		"",
		" ",
		"%s said no",
		"said no",
		" said no",
		"bob and bill said no",
		"signer a",
		"signer a: ",
		"signer a: bad: cut off (fi\nld)x (",
		"signer  gave no answer",
		"signer a b gave no answer",
		"node -1 answered 1",
		"node 1 answered ",
		"needs two approvals",
		"needs 2 approvals ",
		" needs 2 approvals",
		"in block 0x9",
		"attempt 1 is dead",
		("bob's approval counts no more by roster 2: nobody; 1 of 2 approvals: others have "
		 "to appr"),
		"Waits for its time lock",
	};
	struct reason r = { .format = "untouched" };
	bool is;

	for (size_t i = 0; i < ARRAY_LEN(odd); i++) {
		is = reason_read(&r, odd[i]);
		/* what a signer said is anything behind its name */
		T_CHECK(!is || (strncmp(odd[i], "signer a: ", 10) == 0 &&
				strcmp(r.format, REASON_BAD_ANSWER) == 0));
		T_CHECK(is || strcmp(r.format, "untouched") == 0);
		r.format = "untouched";
	}
}

static const char *none(const void *ctx, const char *english)
{
	(void)ctx;
	return english;
}

/* In a language that has no translation every text stays what it is, wherever it was cut off. */
static void without_translation(void)
{
	static const char words[] = "signer a: the 12(); said no %s%d$\"\\\n";
	char said[256], out[REASON_WORDS_MAX], few[8];

	for (size_t i = 0; i < ARRAY_LEN(all); i++) {
		size_t n = strlen(all[i].said);

		for (size_t cut = 0; cut <= n; cut++) {
			memcpy(said, all[i].said, cut);
			said[cut] = '\0';
			reason_words(out, sizeof out, said, none, NULL);
			T_STR(out, said);
			reason_words(few, sizeof few, said, none, NULL);
			T_EQ(strlen(few), cut < sizeof few ? cut : sizeof few - 1);
			T_CHECK(strncmp(few, said, strlen(few)) == 0);
		}
	}
	for (int round = 0; round < 20000; round++) {
		size_t n = t_below(100);

		for (size_t i = 0; i < n; i++) {
			said[i] = words[t_below(sizeof words - 1)];
		}
		said[n] = '\0';
		if (n > 12 && round % 2 == 0) {
			memcpy(said, "signer a: x: ", 13);
		}
		reason_words(out, sizeof out, said, none, NULL);
		T_STR(out, said);
	}
}

/* A language in which arguments stand in another order, and one word is as long as it can be. */
static const char *other(const void *ctx, const char *english)
{
	static char long_one[2 * REASON_WORDS_MAX];

	static const struct {
		const char *english, *words;
	} known[] = {
		{ REASON_MORE, "[%3$u/%2$u<%1$llu 100%%]" },
		{ REASON_REFUSAL, "{%4$.40s|%3$.80s|%2$.40s|%1$s}" },
		{ REASON_SILENT, "<%s>" },
		{ REASON_EXPIRED_LAST, "over: %s" },
		{ REASON_NODE, "%3$u" },
		{ REASON_TILL_CLOSED, "closed %s %s" },
		{ REASON_FROZEN, "frozen" },
		{ "the price is too old", "old price" },
	};

	if (*(const bool *)ctx && strcmp(english, REASON_FROZEN) == 0) {
		memset(long_one, 'x', sizeof long_one - 1);
		return long_one;
	}
	for (size_t i = 0; i < ARRAY_LEN(known); i++) {
		if (strcmp(english, known[i].english) == 0) {
			return known[i].words;
		}
	}
	return english;
}

static void translated(void)
{
	static const struct {
		const char *said, *want;
	} known[] = {
		{ "policy 2 asks for more approvals than when it was ordered: 1 of 3; others have "
		  "to approve",
		  "[3/1<2 100%]" },
		{ "signer b: stale: the price is too old (price)", "{price|old price|stale|b}" },
		{ "the order's time is over; last: signer a gave no answer", "over: <a>" },
		{ "the order's time is over; last: signer a: stale: the price is too old (price)",
		  "over: {price|old price|stale|a}" },
		{ "the order's time is over; last: signer a gave no ans",
		  "over: signer a gave no ans" },
		/* nobody says that; it must not go down for ever */
		{ "the order's time is over; last: the order's time is over; last: signer a gave "
		  "no answer",
		  "over: over: signer a gave no answer" },
		/* a translation that wants more than there is */
		{ "node 1 answered 2", "node 1 answered 2" },
		{ "its till is closed; w1: %s%n", "closed w1 %s%n" },
		{ "a freeze is in force", "frozen" },
		{ "of no format", "of no format" },
	};

	char out[REASON_WORDS_MAX];
	bool endless = false;

	for (size_t i = 0; i < ARRAY_LEN(known); i++) {
		reason_words(out, sizeof out, known[i].said, other, &endless);
		T_STR(out, known[i].want);
	}
	endless = true;
	reason_words(out, sizeof out, "a freeze is in force", other, &endless);
	T_STR(out, "a freeze is in force");
	reason_words(out, sizeof out, "its till is closed; w1: a freeze is in force", other,
		     &endless);
	T_STR(out, "its till is closed; w1: a freeze is in force");
}

static void filled(void)
{
	static const char *const part[] = { "one", "" };
	char out[16];

	T_CHECK(fill_words(out, sizeof out, "%s%%%-5.2u|", part, 2));
	T_STR(out, "one%|");
	T_CHECK(fill_words(out, sizeof out, "%2$s%1$s %1$s", part, 2));
	T_STR(out, "one one");
	T_CHECK(fill_words(out, 4, "%s", part, 2));
	T_CHECK(!fill_words(out, 3, "%s", part, 2));
	T_CHECK(!fill_words(out, 4, "%s.", part, 2));
	T_CHECK(fill_words(out, 1, "", part, 0));
	T_CHECK(!fill_words(out, 0, "", part, 0));
	T_CHECK(!fill_words(out, sizeof out, "%s", part, 0));
	T_CHECK(!fill_words(out, sizeof out, "%s%s%s", part, 2));
	T_CHECK(!fill_words(out, sizeof out, "%3$s", part, 2));
	T_CHECK(!fill_words(out, sizeof out, "%99999999999999999999$s", part, 2));
	T_CHECK(
	    fill_words(out, sizeof out, "a%", part, 2)); /* cut off: no byte behind it is read */
}

int main(int argc, char **argv)
{
	static const struct t_case cases[] = {
		{ "every format is taken apart", every_format },
		{ "nothing else is", nothing_else },
		{ "without a translation nothing changes", without_translation },
		{ "in another language", translated },
		{ "parts in their places", filled },
	};

	return t_main(cases, ARRAY_LEN(cases), argc, argv);
}
