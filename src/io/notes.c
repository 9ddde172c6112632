/* SPDX-License-Identifier: Apache-2.0 */
#include "io/notes.h"

#include <stdbool.h>
#include <string.h>
#include <unistd.h>

#include "base/check.h"
#include "io/clock.h"

static const char *program_name = "kuramori";
static enum notes_level least_level = NOTES_INFO;

/* A line in the making; what does not fit is cut and the cut is shown. */
struct line {
	char *p;
	size_t cap; /* without the room for "...\n" */
	size_t n;
	bool cut;
};

static void put(struct line *l, const char *s, size_t n)
{
	/* All or nothing, so that an escape is never cut in half. */
	if (l->cut || n > l->cap - l->n) {
		l->cut = true;
		return;
	}
	memcpy(l->p + l->n, s, n);
	l->n += n;
}

static void put_text(struct line *l, const char *s)
{
	put(l, s, strlen(s));
}

static void put_number(struct line *l, uint64_t v)
{
	char digits[20];
	size_t at = sizeof digits;

	do {
		digits[--at] = (char)('0' + v % 10);
		v /= 10;
	} while (v > 0);
	put(l, digits + at, sizeof digits - at);
}

static bool is_plain(uint8_t c)
{
	return (c >= '0' && c <= '9') || (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') ||
	       (c != '\0' && strchr("-_./:@+,%#~", c) != NULL);
}

static void put_escaped(struct line *l, uint8_t c)
{
	static const char hex[] = "0123456789abcdef";

	if (c == '"' || c == '\\') {
		const char two[2] = { '\\', (char)c };

		put(l, two, sizeof two);
	} else if (c >= 0x20 && c < 0x7f) {
		const char one = (char)c;

		put(l, &one, 1);
	} else {
		const char four[4] = { '\\', 'x', hex[c >> 4], hex[c & 15] };

		put(l, four, sizeof four);
	}
}

static void put_value(struct line *l, struct bytes v)
{
	bool plain = v.n > 0;

	for (size_t i = 0; i < v.n; i++) {
		plain = plain && is_plain(v.p[i]);
	}
	if (plain) {
		/* One by one, so that a long value is cut and not left out. */
		for (size_t i = 0; i < v.n; i++) {
			put_escaped(l, v.p[i]);
		}
		return;
	}
	put_text(l, "\"");
	for (size_t i = 0; i < v.n; i++) {
		put_escaped(l, v.p[i]);
	}
	put_text(l, "\"");
}

static void put_hex(struct line *l, struct bytes v)
{
	static const char hex[] = "0123456789abcdef";

	for (size_t i = 0; i < v.n; i++) {
		const char two[2] = { hex[v.p[i] >> 4], hex[v.p[i] & 15] };

		put(l, two, sizeof two);
	}
}

static const char *level_word(enum notes_level level)
{
	switch (level) {
	case NOTES_DEBUG:
		return "debug";
	case NOTES_INFO:
		return "info";
	case NOTES_UNUSUAL:
		return "unusual";
	case NOTES_BROKEN:
		return "broken";
	}
	CHECK(false);
	return "";
}

static void put_field(struct line *l, const struct notes_field *f)
{
	put_text(l, " ");
	put_text(l, f->key);
	put_text(l, "=");
	switch (f->kind) {
	case NOTES_KIND_TEXT:
		put_value(l, f->value);
		return;
	case NOTES_KIND_NUMBER:
		put_number(l, f->number);
		return;
	case NOTES_KIND_HEX:
		put_hex(l, f->value);
		return;
	}
	CHECK(false);
}

static size_t finish(struct line *l)
{
	if (l->cut) {
		memcpy(l->p + l->n, "...", 3);
		l->n += 3;
	}
	l->p[l->n++] = '\n';
	return l->n;
}

size_t notes_format(char *out, size_t cap, uint64_t wall_ms, const char *program,
		    enum notes_level level, const char *event, const struct notes_field *fields,
		    size_t n)
{
	struct line l = { .p = out, .cap = cap - 4 };
	char time[CLOCK_TEXT_MAX];

	CHECK(cap >= NOTES_LINE_MAX);
	clock_text(time, wall_ms);
	put_text(&l, time);
	put_text(&l, " ");
	put_text(&l, level_word(level));
	put_text(&l, " ");
	put_text(&l, program);
	put_text(&l, " ");
	put_text(&l, event);
	for (size_t i = 0; i < n; i++) {
		put_field(&l, &fields[i]);
	}
	return finish(&l);
}

static void emit(const char *line, size_t n)
{
	/* A log nobody can take is no reason to stop guarding money. */
	ssize_t written = write(STDERR_FILENO, line, n);

	(void)written;
}

void notes_line(enum notes_level level, const char *event, const struct notes_field *fields,
		size_t n)
{
	char line[NOTES_LINE_MAX];

	if (level < least_level) {
		return;
	}
	emit(line, notes_format(line, sizeof line, clock_wall_ms(), program_name, level, event,
				fields, n));
}

void notes_core(struct bytes note)
{
	static const enum notes_level levels[] = { NOTES_DEBUG, NOTES_INFO, NOTES_UNUSUAL,
						   NOTES_BROKEN };
	enum notes_level level = NOTES_INFO;
	char out[NOTES_LINE_MAX];
	char time[CLOCK_TEXT_MAX];
	struct line l = { .p = out, .cap = sizeof out - 4 };
	size_t word = 0;

	for (size_t i = 0; i < ARRAY_LEN(levels); i++) {
		const char *name = level_word(levels[i]);
		size_t len = strlen(name);

		if (note.n > len && bytes_eq(bytes_of(note.p, len), bytes_of(name, len)) &&
		    note.p[len] == ' ') {
			level = levels[i];
			word = len + 1;
		}
	}
	if (level < least_level) {
		return;
	}
	clock_text(time, clock_wall_ms());
	put_text(&l, time);
	put_text(&l, " ");
	put_text(&l, level_word(level));
	put_text(&l, " ");
	put_text(&l, program_name);
	put_text(&l, " ");
	for (size_t i = word; i < note.n; i++) {
		/* The core quotes; here only what no line may hold is taken out. */
		char c = note.p[i] >= 0x20 && note.p[i] < 0x7f ? (char)note.p[i] : '?';

		put(&l, &c, 1);
	}
	emit(out, finish(&l));
}

void notes_init(const char *program, enum notes_level least)
{
	program_name = program;
	least_level = least;
}

struct notes_field notes_bytes(const char *key, struct bytes value)
{
	return (struct notes_field){ .key = key, .kind = NOTES_KIND_TEXT, .value = value };
}

struct notes_field notes_text(const char *key, const char *value)
{
	return notes_bytes(key, value == NULL ? bytes_of("", 0) : bytes_str(value));
}

struct notes_field notes_u64(const char *key, uint64_t value)
{
	return (struct notes_field){ .key = key, .kind = NOTES_KIND_NUMBER, .number = value };
}

struct notes_field notes_hex(const char *key, struct bytes value)
{
	return (struct notes_field){ .key = key, .kind = NOTES_KIND_HEX, .value = value };
}

struct notes_field notes_err(enum err e)
{
	return notes_text("why", err_slug(e));
}
