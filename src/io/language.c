/* SPDX-License-Identifier: Apache-2.0 */
#include "io/language.h"

#include <libintl.h>
#include <locale.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "base/attr.h"
#include "base/bytes.h"
#include "base/fill.h"

enum {
	FILLED_MAX = 8, /* conversions in one format */
	PHRASE_MAX = 512,
	WEIGHT_ONE = 1000,
};

static const char *domain;
static locale_t japanese; /* (locale_t)0: there is none */

static const char *const names[] = { [LANGUAGE_ENGLISH] = "en", [LANGUAGE_JAPANESE] = "ja" };

const char *language_name(enum language l)
{
	return names[l];
}

void languages_begin(const char *program, const struct words_catalogue *all, size_t n)
{
	char here[CATALOGUE_PLACE_MAX];
	const char *place = catalogue_place(here);
	bool ours = false;

	for (size_t i = 0; i < n; i++) {
		ours = ours || (strcmp(all[i].language, names[LANGUAGE_JAPANESE]) == 0 &&
				catalogue_is_ours(place, program, &all[i]));
	}
	/* gettext asks LANGUAGE in every locale but C, and C is what this process stays in */
	if (!ours || unsetenv("LOCPATH") != 0 || setenv("LANGUAGE", "ja", 1) != 0 ||
	    bindtextdomain(program, place) == NULL ||
	    bind_textdomain_codeset(program, "UTF-8") == NULL) {
		return;
	}
	japanese = newlocale(LC_MESSAGES_MASK, "ja_JP.UTF-8", (locale_t)0);
	if (japanese == (locale_t)0) {
		japanese = newlocale(LC_MESSAGES_MASK, "C.UTF-8", (locale_t)0);
	}
	domain = program;
	/* maps the catalogue now: later there may be no file to be opened */
	(void)language_words(LANGUAGE_JAPANESE, "done");
}

/* ---- Accept-Language ------------------------------------------------------------------------ */

static const char *skip_blanks(const char *p)
{
	return p + strspn(p, " \t");
}

/* ";q=0.8" or nothing, in thousandths; -1: not well formed. */
static int weight(const char **at)
{
	const char *p = skip_blanks(*at);
	int value = WEIGHT_ONE;

	if (*p == ';') {
		p = skip_blanks(p + 1);
		if ((p[0] != 'q' && p[0] != 'Q') || p[1] != '=' || (p[2] != '0' && p[2] != '1')) {
			return -1;
		}
		value = (p[2] - '0') * WEIGHT_ONE;
		p += 3;
		if (*p == '.') {
			p++;
			for (int unit = WEIGHT_ONE / 10; unit > 0 && *p >= '0' && *p <= '9';
			     unit /= 10) {
				value += (*p++ - '0') * unit;
			}
		}
	}
	p = skip_blanks(p);
	*at = p;
	return value > WEIGHT_ONE || (*p != '\0' && *p != ',') ? -1 : value;
}

enum language language_accepted(const char *header)
{
	enum language best = LANGUAGE_ENGLISH;
	int most = 0;

	if (header == NULL) {
		return LANGUAGE_ENGLISH;
	}
	for (const char *p = header; *p != '\0'; p += *p == ',') {
		const char *range = p = skip_blanks(p);
		size_t n = strcspn(p, "-;, \t"); /* its first subtag decides: ja-JP is ja */
		int q;

		p += strcspn(p, ";, \t");
		q = weight(&p);
		if (q < 0) {
			return LANGUAGE_ENGLISH;
		}
		for (size_t i = 0; i < ARRAY_LEN(names); i++) {
			bool is = n == strlen(names[i]) && strncasecmp(range, names[i], n) == 0;
			bool any = n == 1 && *range == '*' && i == LANGUAGE_ENGLISH;

			if ((is || any) && q > most) {
				most = q;
				best = (enum language)i;
			}
		}
	}
	return best;
}

enum language language_here(enum language l)
{
	return l == LANGUAGE_JAPANESE && domain != NULL && japanese != (locale_t)0
		   ? LANGUAGE_JAPANESE
		   : LANGUAGE_ENGLISH;
}

/* ---- words ---------------------------------------------------------------------------------- */

const char *language_words(enum language l, const char *english)
{
	const char *words;
	locale_t before;

	/* the translation of "" is the head of the catalogue */
	if (language_here(l) == LANGUAGE_ENGLISH || english[0] == '\0') {
		return english;
	}
	before = uselocale(japanese);
	words = dgettext(domain, english);
	(void)uselocale(before);
	return words;
}

/* What printf put for each conversion of format into said; false: it is not of that format. */
static bool taken_apart(struct bytes part[FILLED_MAX], size_t *parts, const char *format,
			const char *said)
{
	*parts = 0;
	while (*format != '\0') {
		size_t place;
		size_t literal;
		const char *end;

		if (format[0] != '%' || format[1] == '%') {
			format += format[0] == '%';
			if (*format++ != *said++) {
				return false;
			}
			continue;
		}
		format += fill_conversion(format, &place);
		literal = strcspn(format, "%");
		if (*parts == FILLED_MAX) {
			return false;
		}
		/* up to what follows; the last one up to the end, less what follows */
		if (format[literal] == '\0') {
			size_t left = strlen(said);

			end = left < literal ? NULL : said + left - literal;
		} else {
			char follows[PHRASE_MAX];

			(void)snprintf(follows, sizeof follows, "%.*s", (int)literal, format);
			end = strstr(said, follows);
		}
		if (end == NULL) {
			return false;
		}
		part[(*parts)++] = bytes_of((const uint8_t *)said, (size_t)(end - said));
		said = end;
	}
	return *said == '\0';
}

/* What was filled in: a whole phrase in that language if there is one, else as it is. */
static const char *phrase(enum language l, char text[PHRASE_MAX], struct bytes part)
{
	(void)snprintf(text, PHRASE_MAX, "%.*s", (int)part.n, (const char *)part.p);
	return strchr(text, ' ') == NULL ? text : language_words(l, text);
}

void language_filled(enum language l, char *out, size_t cap, const char *format, const char *said)
{
	struct bytes part[FILLED_MAX];
	char text[FILLED_MAX][PHRASE_MAX];
	const char *words[FILLED_MAX];
	size_t parts = 0;

	if (l == LANGUAGE_ENGLISH || !taken_apart(part, &parts, format, said)) {
		(void)snprintf(out, cap, "%s", said);
		return;
	}
	for (size_t i = 0; i < parts; i++) {
		words[i] = phrase(l, text[i], part[i]);
	}
	if (!fill_words(out, cap, language_words(l, format), words, parts)) {
		(void)snprintf(out, cap, "%s", said);
	}
}
