/* SPDX-License-Identifier: Apache-2.0 */
#include "nis/sockjs.h"

#include <stdio.h>
#include <string.h>

#include <jansson.h>

#include "base/utf8.h"

/* ---- frames ---- */

enum err sockjs_read(uint8_t *out, size_t cap, size_t *n, struct bytes in)
{
	json_t *list;
	const json_t *first;
	enum err e = ERR_OK;

	if (in.n == 0) {
		*n = 0;
		return ERR_OK;
	}
	list = json_loadb((const char *)in.p, in.n, JSON_ALLOW_NUL, NULL);
	first = json_array_get(list, 0);
	if (!json_is_string(first)) {
		e = ERR_INPUT;
	} else if (json_string_length(first) > cap) {
		e = ERR_FULL;
	} else {
		*n = json_string_length(first);
		memcpy(out, json_string_value(first), *n);
	}
	json_decref(list);
	return e;
}

static void put_unit(struct writer *w, uint32_t unit)
{
	char text[8];

	(void)snprintf(text, sizeof text, "\\u%04x", unit & 0xffff);
	writer_bytes(w, bytes_str(text));
}

static void put_code(struct writer *w, uint32_t code)
{
	if (code < 0x10000) {
		put_unit(w, code);
		return;
	}
	put_unit(w, 0xd800 + ((code - 0x10000) >> 10));
	put_unit(w, 0xdc00 + ((code - 0x10000) & 0x3ff));
}

void sockjs_put(struct writer *w, struct bytes text)
{
	writer_bytes(w, bytes_str("a[\""));
	while (text.n > 0) {
		uint32_t code = 0xfffd;
		size_t n = utf8_step(text.p, text.n, &code);

		if (code == '"' || code == '\\') {
			writer_bytes(w, bytes_str("\\"));
			writer_bytes(w, bytes_of(text.p, 1));
		} else if (code >= 0x20 && code < 0x7f) {
			writer_bytes(w, bytes_of(text.p, 1));
		} else {
			put_code(w, code);
		}
		n = n > 0 ? n : 1;
		text.p += n;
		text.n -= n;
	}
	writer_bytes(w, bytes_str("\"]"));
}

void sockjs_put_close(struct writer *w, unsigned code, const char *reason)
{
	char text[160];

	(void)snprintf(text, sizeof text, "c[%u,\"%.120s\"]", code, reason);
	writer_bytes(w, bytes_str(text));
}

/* ---- loose JSON ---- */

static void skip_blanks(struct bytes *b)
{
	while (b->n > 0 && (*b->p == ' ' || *b->p == '\t' || *b->p == '\r' || *b->p == '\n')) {
		b->p++;
		b->n--;
	}
}

static bool take(struct bytes *b, uint8_t c)
{
	skip_blanks(b);
	if (b->n == 0 || *b->p != c) {
		return false;
	}
	b->p++;
	b->n--;
	return true;
}

static bool is_bare(uint8_t c)
{
	return c > ' ' && c < 0x7f && strchr("{}[]:,'\"\\", c) == NULL;
}

/* A word in quotes or bare.  *quoted: in quotes. */
static bool take_word(struct bytes *b, struct bytes *word, bool *quoted)
{
	size_t n = 0;
	uint8_t quote;

	skip_blanks(b);
	if (b->n == 0) {
		return false;
	}
	quote = *b->p;
	*quoted = quote == '\'' || quote == '"';
	if (*quoted) {
		b->p++;
		b->n--;
		while (n < b->n && b->p[n] != quote && b->p[n] != '\\') {
			n++;
		}
		if (n == b->n || b->p[n] != quote) {
			return false;
		}
	} else {
		while (n < b->n && is_bare(b->p[n])) {
			n++;
		}
		if (n == 0) {
			return false;
		}
	}
	*word = bytes_of(b->p, n);
	b->p += n + (*quoted ? 1 : 0);
	b->n -= n + (*quoted ? 1 : 0);
	return true;
}

static bool is(struct bytes b, const char *text)
{
	return bytes_eq(b, bytes_str(text));
}

/* What a bare word is to a permissive reader of JSON: nothing, no string, or a string. */
static enum err bare_kind(struct bytes word)
{
	if (is(word, "null")) {
		return ERR_FIELD_MISSING;
	}
	if (is(word, "true") || is(word, "false") || word.p[0] == '-' ||
	    (word.p[0] >= '0' && word.p[0] <= '9')) {
		return ERR_FIELD_TYPE;
	}
	return ERR_OK;
}

enum err sockjs_loose_string(struct bytes text, const char *name, struct bytes *value)
{
	struct bytes found = { 0 };
	enum err e = ERR_FIELD_MISSING;
	bool more;

	if (!take(&text, '{')) {
		return ERR_INPUT;
	}
	more = !take(&text, '}');
	while (more) {
		struct bytes key, word;
		bool quoted;

		if (!take_word(&text, &key, &quoted) || !take(&text, ':') ||
		    !take_word(&text, &word, &quoted)) {
			return ERR_INPUT;
		}
		if (is(key, name)) {
			e = quoted ? ERR_OK : bare_kind(word);
			found = word;
		}
		more = take(&text, ',');
		if (!more && !take(&text, '}')) {
			return ERR_INPUT;
		}
	}
	skip_blanks(&text);
	if (text.n > 0) {
		return ERR_INPUT;
	}
	if (e == ERR_OK) {
		*value = found;
	}
	return e;
}
