/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Goal: a table of any language stands in its columns, and words that cannot be translated are
 * themselves. Method: texts whose width is known by hand; the languages themselves are tried with
 * the real program (tests/scenario/words).
 */
#include <signal.h>
#include <stdlib.h>

#include "base/attr.h"
#include "io/words.h"
#include "t.h"

static void widths(void)
{
	static const struct {
		const char *text;
		size_t columns;
	} known[] = {
		{ "", 0 },
		{ "amount", 6 },
		{ "金額", 4 },
		{ "残高 XEM", 8 },
		{ "ﾊﾝｶｸ", 4 },           /* half-width forms */
		{ "か\xe3\x82\x99", 2 }, /* with a combining mark */
		{ "（）", 4 },
	};

	for (size_t i = 0; i < ARRAY_LEN(known); i++) {
		T_EQ(words_columns(known[i].text), known[i].columns);
	}
}

static void cells(void)
{
	char out[64];

	T_STR(words_column(out, sizeof out, "amount", 8), "amount  ");
	T_STR(words_column(out, sizeof out, "amount", -8), "  amount");
	T_STR(words_column(out, sizeof out, "金額", 8), "金額    ");
	T_STR(words_column(out, sizeof out, "金額", -8), "    金額");
	T_STR(words_column(out, sizeof out, "金額", 3), "金額"); /* whole, though too long */
	T_STR(words_column(out, sizeof out, "", 2), "  ");
	T_STR(words_column(out, sizeof out, "x", 0), "x");
}

static void too_small(void)
{
	char out[8];

	(void)words_column(out, sizeof out, "金額", 6);
}

static void cell_that_does_not_fit(void)
{
	T_CHECK(t_dies(SIGABRT, too_small));
}

static void english(void)
{
	/* no language is begun here: what is not in a catalogue is itself, and nothing is nothing,
	 * not the head of a catalogue */
	T_STR(words_of("never seen before"), "never seen before");
	T_STR(words_of(""), "");
	T_STR(words_of(NULL), "");
	T_STR(_("yes"), "yes");
	T_STR(N_("yes"), "yes");
}

int main(int argc, char **argv)
{
	static const struct t_case cases[] = {
		{ "how wide a text is", widths },
		{ "a cell is filled with blanks", cells },
		{ "a cell that does not fit ends the process", cell_that_does_not_fit },
		{ "English without a catalogue", english },
	};

	return t_main(cases, ARRAY_LEN(cases), argc, argv);
}
