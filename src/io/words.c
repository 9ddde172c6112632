/* SPDX-License-Identifier: Apache-2.0 */
#include "io/words.h"

#include <locale.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <uniwidth.h>

#include "base/attr.h"
#include "base/check.h"
#include "io/catalogue.h"

static const struct language {
	const char *name;   /* as in po/LINGUAS */
	const char *locale; /* its own, if the machine has made it */
} languages[] = {
	{ "ja", "ja_JP.UTF-8" },
};

/* The first of these variables that says something, in the order of locale(7). */
static const char *locale_of(const char *category)
{
	const char *names[] = { "LC_ALL", category, "LANG" };

	for (size_t i = 0; i < ARRAY_LEN(names); i++) {
		const char *value = getenv(names[i]);

		if (value != NULL && value[0] != '\0') {
			return value;
		}
	}
	return "C";
}

static bool is_utf8(const char *locale)
{
	const char *dot = strchr(locale, '.');
	size_t n = dot == NULL ? 0 : strcspn(dot + 1, "@");

	return (n == 5 && strncasecmp(dot + 1, "utf-8", n) == 0) ||
	       (n == 4 && strncasecmp(dot + 1, "utf8", n) == 0);
}

/* "ja:en" or "ja_JP.UTF-8": the first language that there is, NULL for English. */
static const struct language *choose(const char *list)
{
	while (*list != '\0') {
		size_t n = strcspn(list, "_.@:");

		if (n == 2 && strncmp(list, "en", n) == 0) {
			return NULL;
		}
		for (size_t i = 0; i < ARRAY_LEN(languages); i++) {
			const struct language *one = &languages[i];

			if (n == strlen(one->name) && strncmp(list, one->name, n) == 0) {
				return one;
			}
		}
		list += strcspn(list, ":");
		list += *list == ':' ? 1 : 0;
	}
	return NULL;
}

/* Tells gettext this language.  C.UTF-8 is on every Debian, but newer glibc takes it for English.
 */
static bool set_language(const struct language *l)
{
	return unsetenv("LOCPATH") == 0 && setenv("LANGUAGE", l->name, 1) == 0 &&
	       setlocale(LC_CTYPE, "C.UTF-8") != NULL &&
	       (setlocale(LC_MESSAGES, l->locale) != NULL ||
		setlocale(LC_MESSAGES, "C.UTF-8") != NULL);
}

void words_begin(const char *program, const struct words_catalogue *all, size_t n)
{
	char here[CATALOGUE_PLACE_MAX];
	const char *locale = locale_of("LC_MESSAGES"), *list = getenv("LANGUAGE");
	const char *place = catalogue_place(here);
	const struct language *language;
	bool ours = false;

	if (strcmp(locale, "C") == 0 || strcmp(locale, "POSIX") == 0 ||
	    !is_utf8(locale_of("LC_CTYPE"))) {
		return;
	}
	language = choose(list != NULL && list[0] != '\0' ? list : locale);
	for (size_t i = 0; language != NULL && i < n; i++) {
		ours = ours || (strcmp(all[i].language, language->name) == 0 &&
				catalogue_is_ours(place, program, &all[i]));
	}
	if (ours && set_language(language) &&
	    (bindtextdomain(program, place) == NULL ||
	     bind_textdomain_codeset(program, "UTF-8") == NULL || textdomain(program) == NULL)) {
		(void)setlocale(LC_MESSAGES, "C");
	}
}

bool words_utf8(void)
{
	return is_utf8(locale_of("LC_CTYPE"));
}

const char *words_of(const char *english)
{
	/* the translation of "" is the head of the catalogue */
	return english == NULL || english[0] == '\0' ? "" : gettext(english);
}

size_t words_columns(const char *text)
{
	int n = u8_strwidth((const uint8_t *)text, "UTF-8");

	return n < 0 ? 0 : (size_t)n;
}

const char *words_column(char *out, size_t cap, const char *text, int width)
{
	size_t want = (size_t)(width < 0 ? -width : width), columns = words_columns(text);
	int blanks = columns < want ? (int)(want - columns) : 0;
	int n = width < 0 ? snprintf(out, cap, "%*s%s", blanks, "", text)
			  : snprintf(out, cap, "%s%*s", text, blanks, "");

	CHECK(n >= 0 && (size_t)n < cap);
	return out;
}
