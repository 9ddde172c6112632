/* SPDX-License-Identifier: Apache-2.0 */
/*
 * language.h - words for people of one request, in the language that it asks for: what a server
 * says to many, where io/words.h is what a program says to the one who started it.
 *
 * English unless languages_begin() has found the catalogue of another.  Only titles and details of
 * problem documents, and the reason of a withdrawal: names, numbers, slugs and fields are the same
 * for all.
 */
#ifndef KURAMORI_IO_LANGUAGE_H
#define KURAMORI_IO_LANGUAGE_H

#include <stddef.h>

#include "io/catalogue.h"

enum language {
	LANGUAGE_ENGLISH = 0,
	LANGUAGE_JAPANESE = 1,
};

/*
 * Before the first request and before a second thread: sets LANGUAGE, and no locale of the process.
 * A language whose catalogue is not the one that was built with the program stays English, as
 * does one for which the machine has neither its locale nor a C.UTF-8 that gettext translates in.
 */
void languages_begin(const char *program, const struct words_catalogue *all, size_t n);

/*
 * What the value of an Accept-Language header (RFC 9110 12.5.4) prefers of these languages: the
 * highest weight, of equal ones the first.  NULL, none of them, or a header that is not well
 * formed: English.
 */
enum language language_accepted(const char *header);

/* That one if its catalogue is here, else English. */
enum language language_here(enum language l);

/* "en", "ja" (RFC 5646); static. */
const char *language_name(enum language l);

/* English words that were marked with N_, in that language; the argument itself if it has none. */
const char *language_words(enum language l, const char *english);

/*
 * The same of words that were filled in: format is what is in the catalogue, said what printf made
 * of it.  What was filled in stands where the translation puts it (%2$s), untouched but for whole
 * phrases that the catalogue has.  out is NUL-terminated; what does not fit, or is not of that
 * format, is said in English, cut off at cap.
 */
void language_filled(enum language l, char *out, size_t cap, const char *format, const char *said);

#endif
