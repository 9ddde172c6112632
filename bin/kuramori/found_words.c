/* SPDX-License-Identifier: Apache-2.0 */
/*
 * found_words.c - words NAME=VALUE out of which documents are made: taken apart, and the fields
 * that are one value each.
 */
#include "found.h"

#include <ctype.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/check.h"
#include "base/utf8.h"
#include "doc/table.h"

enum { XEM_DECIMALS = 6, DIGITS_MAX = 30 };

/* ---- words --------------------------------------------------------------------------------- */

/* What cannot be seen or turns the direction of text. */
static bool is_hidden(uint32_t code)
{
	return code < 0x20 || (code >= 0x7f && code < 0xa0) || code == 0x61c ||
	       (code >= 0x200b && code <= 0x200f) || (code >= 0x2028 && code <= 0x202e) ||
	       (code >= 0x2060 && code <= 0x206f) || code == 0xfeff;
}

/* Only text that can be shown: what is wrong with a word is said with the word in it. */
static bool is_text(const char *text, size_t n)
{
	for (size_t i = 0; i < n;) {
		uint32_t code = 0;
		size_t step = utf8_step((const uint8_t *)text + i, n - i, &code);

		if (step == 0 || is_hidden(code)) {
			return false;
		}
		i += step;
	}
	return true;
}

static int take(struct found_words *out, const char *text, size_t n)
{
	const char *equals = memchr(text, '=', n);
	char *copy = out->text + out->used;

	if (!is_text(text, n)) {
		return cli_fail(ERR_INPUT,
				"word %zu: not UTF-8, or something in it that cannot be seen",
				out->n + 1);
	}
	if (equals == NULL || equals == text || n >= FOUND_WORD_MAX) {
		return cli_fail(ERR_USAGE, "%.*s: it is NAME=VALUE, at most %d bytes",
				n > 80 ? 80 : (int)n, text, FOUND_WORD_MAX - 1);
	}
	if (out->n == FOUND_WORDS_MAX || out->used + n + 1 > sizeof out->text) {
		return cli_fail(ERR_TOO_LARGE, "more words than one document takes");
	}
	memcpy(copy, text, n);
	copy[n] = '\0';
	copy[equals - text] = '\0';
	out->used += n + 1;
	out->all[out->n++] = (struct found_word){ copy, copy + (equals - text) + 1 };
	return 0;
}

static int take_file(struct found_words *out, const char *path)
{
	static uint8_t raw[FOUND_TEXT_MAX];
	size_t n = 0;
	int code = cli_read(path, raw, sizeof raw, &n);

	for (size_t at = 0; code == 0 && at < n;) {
		const char *line = (const char *)raw + at;
		const uint8_t *end = memchr(raw + at, '\n', n - at);
		size_t length = end == NULL ? n - at : (size_t)(end - (raw + at));

		at += length + 1;
		while (length > 0 && isspace((unsigned char)line[0])) {
			line++;
			length--;
		}
		while (length > 0 && isspace((unsigned char)line[length - 1])) {
			length--;
		}
		if (length > 0 && line[0] != '#') {
			code = take(out, line, length);
		}
	}
	return code;
}

int found_words_read(struct found_words *out, const char *const *words, size_t n)
{
	int code = 0;

	out->n = out->used = 0;
	for (size_t i = 0; code == 0 && i < n; i++) {
		code = words[i][0] == '@' ? take_file(out, words[i] + 1)
					  : take(out, words[i], strlen(words[i]));
	}
	return code;
}

bool found_split(char *room, const char *text, const char **part, size_t n)
{
	CHECK(strlen(text) < FOUND_WORD_MAX);
	memcpy(room, text, strlen(text) + 1);
	for (size_t i = n; i > 0; i--) {
		char *colon = strrchr(room, ':');

		if (colon == NULL) {
			return false;
		}
		*colon = '\0';
		part[i] = colon + 1;
	}
	part[0] = room;
	return true;
}

/* ---- one value ----------------------------------------------------------------------------- */

static bool wrong(const struct found_word *w, const char *text, const char *known)
{
	(void)cli_fail(ERR_INPUT, "%s=%.80s: %s", w->name, text, words_of(known));
	return false;
}

bool found_amount(char out[64], const struct found_word *w, const char *text)
{
	static const char known[] = N_("an amount has its unit: 100XEM, 0.5XEM or 500000micro");
	size_t whole = strspn(text, "0123456789");
	const char *rest = text + whole;
	size_t behind = 0;
	char digits[64];

	if (whole == 0 || whole > DIGITS_MAX) {
		return wrong(w, text, known);
	}
	memcpy(digits, text, whole);
	if (strcmp(rest, "micro") != 0) {
		if (*rest == '.') {
			behind = strspn(++rest, "0123456789");
			if (behind == 0 || behind > XEM_DECIMALS) {
				return wrong(w, text, known);
			}
			memcpy(digits + whole, rest, behind);
			rest += behind;
		}
		if (strcmp(rest, "XEM") != 0) {
			return wrong(w, text, known);
		}
		memset(digits + whole + behind, '0', XEM_DECIMALS - behind);
		whole += XEM_DECIMALS;
	}
	digits[whole] = '\0';
	rest = digits + strspn(digits, "0");
	(void)snprintf(out, 64, "%s", *rest == '\0' ? "0" : rest);
	return true;
}

bool found_duration(uint64_t *ms, const struct found_word *w, const char *text)
{
	static const struct {
		const char *unit;
		uint64_t ms;
	} units[] = {
		{ "ms", 1 }, { "s", 1000 }, { "min", 60000 }, { "h", 3600000 }, { "d", 86400000 }
	};

	size_t n = strspn(text, "0123456789");

	for (size_t i = 0; n > 0 && n <= 9 && i < ARRAY_LEN(units); i++) {
		if (strcmp(text + n, units[i].unit) == 0) {
			*ms = strtoull(text, NULL, 10) * units[i].ms;
			return true;
		}
	}
	return wrong(w, text, N_("a duration has its unit: 7d, 12h, 30min, 90s or 500ms"));
}

static int set_number(json_t *body, const struct doc_field *f, const struct found_word *w)
{
	size_t length = strlen(f->name), n = strspn(w->value, "0123456789");
	bool ms = length > 3 && strcmp(f->name + length - 3, "_ms") == 0;
	bool s = !ms && length > 2 && strcmp(f->name + length - 2, "_s") == 0;
	uint64_t value = 0;

	if (ms || s) {
		if (!found_duration(&value, w, w->value)) {
			return err_exit(ERR_INPUT);
		}
		if (s && value % 1000 != 0) {
			return cli_fail(ERR_INPUT, "%s=%.80s: whole seconds", w->name, w->value);
		}
		value = s ? value / 1000 : value;
	} else if (n == 0 || n > 15 || w->value[n] != '\0') {
		return cli_fail(ERR_INPUT, "%s=%.80s: a whole number", w->name, w->value);
	} else {
		value = strtoull(w->value, NULL, 10);
	}
	(void)json_object_set_new(body, f->name, json_integer((json_int_t)value));
	return 0;
}

static int by_text(const void *a, const void *b)
{
	return strcmp(*(const char *const *)a, *(const char *const *)b);
}

json_t *found_list(const char *text)
{
	static char room[FOUND_WORD_MAX];
	static const char *all[FOUND_WORD_MAX]; /* as many as text can hold */
	json_t *list = json_array();
	size_t n = 0;
	char *rest = room;

	(void)snprintf(room, sizeof room, "%s", text);
	for (char *one = strsep(&rest, ","); one != NULL && n < ARRAY_LEN(all);
	     one = strsep(&rest, ",")) {
		all[n++] = one;
	}
	qsort(all, n, sizeof all[0], by_text);
	for (size_t i = 0; i < n; i++) {
		(void)json_array_append_new(list, json_string(all[i]));
	}
	return list;
}

int found_field(json_t *body, enum doc_type type, const struct found_word *w, bool *known)
{
	const struct doc_table *t = doc_table_of(type);
	const struct doc_field *f = NULL;
	char amount[64];
	bool yes = strcmp(w->value, "yes") == 0;

	for (size_t i = 0; i < t->count; i++) {
		f = strcmp(t->fields[i].name, w->name) == 0 ? &t->fields[i] : f;
	}
	*known = f != NULL && strcmp(w->name, "number") != 0 && strcmp(w->name, "recovery") != 0;
	if (!*known) {
		return 0;
	}
	switch (f->kind) {
	case DOC_KIND_INT:
		return set_number(body, f, w);
	case DOC_KIND_AMOUNT:
		if (!found_amount(amount, w, w->value)) {
			return err_exit(ERR_INPUT);
		}
		(void)json_object_set_new(body, f->name, json_string(amount));
		return 0;
	case DOC_KIND_BOOL:
		if (!yes && strcmp(w->value, "no") != 0) {
			return cli_fail(ERR_INPUT, "%s=%.80s: yes or no", w->name, w->value);
		}
		(void)json_object_set_new(body, f->name, json_boolean(yes));
		return 0;
	case DOC_KIND_WORD:
		(void)json_object_set_new(body, f->name, json_string(w->value));
		return 0;
	case DOC_KIND_WORDS:
		(void)json_object_set_new(body, f->name, found_list(w->value));
		return 0;
	case DOC_KIND_TEXT:
	case DOC_KIND_NAME:
	case DOC_KIND_SLUG:
	case DOC_KIND_ADDRESS:
	case DOC_KIND_ADDRESSES:
	case DOC_KIND_HEX:
	case DOC_KIND_DATA:
	case DOC_KIND_UUID:
	case DOC_KIND_UNITS:
	case DOC_KIND_OBJECT:
	case DOC_KIND_LIST:
	case DOC_KIND_RAW:
		break;
	}
	*known = false; /* it has words of its own */
	return 0;
}
