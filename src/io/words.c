/* SPDX-License-Identifier: Apache-2.0 */
#include "io/words.h"

#include <fcntl.h>
#include <limits.h>
#include <locale.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <unistd.h>
#include <uniwidth.h>

#include "base/attr.h"
#include "base/check.h"
#include "crypto/sha256.h"

#ifndef KURAMORI_LOCALEDIR
#error "KURAMORI_LOCALEDIR comes from the build"
#endif

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

/* D/po, if this program runs as D/bin/NAME/NAME, whatever its name is: several share a catalogue.
 */
static bool built_here(char *out, size_t cap)
{
	char tail[256];
	ssize_t n = readlink("/proc/self/exe", out, cap - 1);
	const char *name;
	int tail_n;

	if (n <= 0 || (size_t)n + 1 >= cap) {
		return false;
	}
	out[n] = '\0';
	name = strrchr(out, '/');
	if (name == NULL) {
		return false;
	}
	tail_n = snprintf(tail, sizeof tail, "/bin%s%s", name, name);
	if (tail_n < 0 || (size_t)tail_n >= sizeof tail || n <= tail_n ||
	    strcmp(out + n - tail_n, tail) != 0) {
		return false;
	}
	(void)snprintf(out + n - tail_n, (size_t)tail_n, "/po");
	return access(out, R_OK | X_OK) == 0;
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

/* place/LANGUAGE/LC_MESSAGES/PROGRAM.mo is the file that was built with this program. */
static bool is_ours(const char *place, const char *program, const struct words_catalogue *c)
{
	char path[PATH_MAX];
	uint8_t part[16384];
	struct sha256 hash;
	struct hash32 found;
	ssize_t got = 0;
	int fd = -1;
	int n = snprintf(path, sizeof path, "%s/%s/LC_MESSAGES/%s.mo", place, c->language, program);

	if (n <= 0 || (size_t)n >= sizeof path || (fd = open(path, O_RDONLY | O_CLOEXEC)) < 0) {
		return false;
	}
	sha256_init(&hash);
	while ((got = read(fd, part, sizeof part)) > 0) {
		sha256_update(&hash, bytes_of(part, (size_t)got));
	}
	(void)close(fd);
	sha256_final(&hash, &found);
	return got == 0 && hash32_eq(&found, &c->sha256);
}

void words_begin(const char *program, const struct words_catalogue *all, size_t n)
{
	char here[PATH_MAX];
	const char *locale = locale_of("LC_MESSAGES"), *list = getenv("LANGUAGE");
	const char *place = built_here(here, sizeof here) ? here : KURAMORI_LOCALEDIR;
	const struct language *language;
	bool ours = false;

	if (strcmp(locale, "C") == 0 || strcmp(locale, "POSIX") == 0 ||
	    !is_utf8(locale_of("LC_CTYPE"))) {
		return;
	}
	language = choose(list != NULL && list[0] != '\0' ? list : locale);
	for (size_t i = 0; language != NULL && i < n; i++) {
		ours = ours || (strcmp(all[i].language, language->name) == 0 &&
				is_ours(place, program, &all[i]));
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
