/* SPDX-License-Identifier: Apache-2.0 */
/*
 * words.h - what a person reads, in his language: gettext, with a catalogue for each language in
 * po/ (docs/decisions/0028-words-for-people.md).
 *
 * Only what is for people: JSON, exports, journals and logs are English whoever asks, and a number,
 * an amount, an address or an id never changes with the language.
 *
 *   _("text")                what is printed here
 *   ngettext("one", "many", n)
 *   N_("text")               what is printed elsewhere (base/words.h)
 *   words_of(text)           the place where that is printed
 *
 * A text is one whole sentence or one cell of a table, never a part that another language would put
 * elsewhere.  tools/words says what to do about a new one.
 */
#ifndef KURAMORI_IO_WORDS_H
#define KURAMORI_IO_WORDS_H

#include <libintl.h>
#include <stdbool.h>
#include <stddef.h>

#include "base/words.h"
#include "io/catalogue.h"

#define _(text) gettext(text)

/*
 * Chooses the language, once, before the first word and before a second thread: the first of
 * LANGUAGE that there is, else that of LC_ALL, LC_MESSAGES or LANG, if the locale is of UTF-8 and
 * not C; else English.  LANGUAGE is only compared with the languages that there are: no file is
 * opened by its name.  English too if the catalogue is not there or is not the one that was built
 * with the program: gettext believes every offset in it, and every format.  Sets LC_MESSAGES and
 * LC_CTYPE and no other category; drops LOCPATH.  program: "kuramori", the name of its catalogues
 * (all[0..n)); they are looked for beside a program that runs where it was built (../../po from
 * bin/NAME/NAME), else where catalogues were installed.
 */
void words_begin(const char *program, const struct words_catalogue *all, size_t n);

/* English words that were marked with N_, in the language of words_begin(); "" for "" and NULL.
 * Static storage, or the argument itself. */
const char *words_of(const char *english);

/* What is printed is shown as UTF-8: the locale of LC_ALL, LC_CTYPE or LANG says so. */
bool words_utf8(void);

/* How many columns of a terminal the text takes: East Asian wide characters take two. */
size_t words_columns(const char *text);

/*
 * The text with blanks behind it (width > 0) or before it (width < 0) up to so many columns, as
 * printf("%-*s") and ("%*s") do it for ASCII.  A longer text stands whole.  out is NUL-terminated;
 * ends the process if cap is too small for text and blanks.  Returns out.
 */
const char *words_column(char *out, size_t cap, const char *text, int width);

#endif
