/* SPDX-License-Identifier: Apache-2.0 */
#include "io/config.h"

#include <stdarg.h>
#include <stdio.h>
#include <string.h>
#include <sys/mman.h>

#include "base/bytes.h"
#include "base/check.h"
#include "base/words.h"
#include "io/file.h"

#ifndef KURAMORI_VERSION
#error "KURAMORI_VERSION comes from the build"
#endif

enum { VALUE_MAX = 1024, KEY_MAX = 64, WHY_MAX = 256 };

/* Which values were given, and from where: a bit for each entry of a list. */
struct parse {
	const struct config_program *p;
	void *values;
	uint32_t by_flag[CONFIG_ROWS_MAX];
	uint32_t by_file[CONFIG_ROWS_MAX];
	char *error;
	bool no_file; /* no --config, and nothing at the usual place */
};

/* English words as this program prints them. */
static __attribute__((format_arg(2))) const char *in_words(const struct config_program *p,
							   const char *english)
{
	return p->words == NULL || english[0] == '\0' ? english : p->words(english);
}

static PRINTF(3, 4) enum err fail(struct parse *s, enum err e, const char *format, ...)
{
	va_list args;

	va_start(args, format);
	(void)vsnprintf(s->error, CONFIG_ERROR_MAX, in_words(s->p, format), args);
	va_end(args);
	return e;
}

static void check_program(const struct config_program *p)
{
	CHECK(p->n <= CONFIG_ROWS_MAX);
	for (size_t i = 0; i < p->n; i++) {
		const struct config_row *r = &p->rows[i];

		CHECK(r->count >= 1 && r->count <= CONFIG_LIST_MAX);
		CHECK((strchr(r->key, '#') != NULL) == (r->count > 1));
		CHECK(strlen(r->key) < KEY_MAX && r->size > 0);
		for (size_t j = 0; j < i; j++) {
			CHECK(strcmp(r->key, p->rows[j].key) != 0);
		}
	}
}

static bool key_char(char c)
{
	return (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') || c == '_';
}

/* 1..count, no leading zero.  Returns the characters used, 0 if it is no such number. */
static size_t list_number(const char *s, size_t n, uint32_t count, uint32_t *out)
{
	uint32_t v = 0;
	size_t i = 0;

	while (i < n && s[i] >= '0' && s[i] <= '9' && i < 3) {
		v = v * 10 + (uint32_t)(s[i] - '0');
		i++;
	}
	if (i == 0 || s[0] == '0' || v < 1 || v > count) {
		return 0;
	}
	*out = v - 1;
	return i;
}

static bool row_matches(const struct config_row *r, const char *key, size_t n, uint32_t *entry)
{
	const char *mark = strchr(r->key, '#');
	size_t head;
	size_t tail;
	size_t used;

	if (mark == NULL) {
		*entry = 0;
		return bytes_eq(bytes_str(r->key), bytes_of(key, n));
	}
	head = (size_t)(mark - r->key);
	tail = strlen(mark + 1);
	if (n < head + tail + 1 || !bytes_eq(bytes_of(key, head), bytes_of(r->key, head))) {
		return false;
	}
	used = list_number(key + head, n - head - tail, r->count, entry);
	return used == n - head - tail &&
	       bytes_eq(bytes_of(key + n - tail, tail), bytes_of(mark + 1, tail));
}

/* Index of the row, or p->n. */
static size_t row_of(const struct config_program *p, const char *key, size_t n, uint32_t *entry)
{
	for (size_t i = 0; i < p->n; i++) {
		if (row_matches(&p->rows[i], key, n, entry)) {
			return i;
		}
	}
	return p->n;
}

static bool get_number(const char *text, size_t n, uint64_t *out)
{
	uint64_t v = 0;

	if (n == 0 || (n > 1 && text[0] == '0')) {
		return false;
	}
	for (size_t i = 0; i < n; i++) {
		if (text[i] < '0' || text[i] > '9' || __builtin_mul_overflow(v, 10, &v) ||
		    __builtin_add_overflow(v, (uint64_t)(text[i] - '0'), &v)) {
			return false;
		}
	}
	*out = v;
	return true;
}

static bool set_text(const struct config_program *p, const struct config_row *r, uint8_t *at,
		     const char *text, size_t n, bool absolute, char why[WHY_MAX])
{
	if (n == 0) {
		(void)snprintf(why, WHY_MAX, in_words(p, "the value of `%s` is empty"), r->key);
		return false;
	}
	if (n >= r->size) {
		(void)snprintf(why, WHY_MAX,
			       in_words(p, "the value of `%s` is longer than %zu bytes"), r->key,
			       r->size - 1);
		return false;
	}
	if (absolute && text[0] != '/') {
		(void)snprintf(why, WHY_MAX, in_words(p, "`%s` must be an absolute path"), r->key);
		return false;
	}
	memset(at, 0, r->size);
	memcpy(at, text, n);
	return true;
}

static bool set_number(const struct config_program *p, const struct config_row *r, uint8_t *at,
		       const char *text, size_t n, char why[WHY_MAX])
{
	uint64_t v;
	uint32_t small;

	if (!get_number(text, n, &v)) {
		(void)snprintf(why, WHY_MAX, in_words(p, "`%s` must be a decimal number"), r->key);
		return false;
	}
	if (v < r->min || v > r->max) {
		(void)snprintf(why, WHY_MAX, in_words(p, "`%s` must be from %llu to %llu"), r->key,
			       (unsigned long long)r->min, (unsigned long long)r->max);
		return false;
	}
	if (r->type == CONFIG_U64) {
		CHECK(r->size == sizeof v);
		memcpy(at, &v, sizeof v);
		return true;
	}
	CHECK(r->size == sizeof small && v <= UINT32_MAX);
	small = (uint32_t)v;
	memcpy(at, &small, sizeof small);
	return true;
}

static bool set_bool(const struct config_program *p, const struct config_row *r, uint8_t *at,
		     const char *text, size_t n, char why[WHY_MAX])
{
	bool yes = bytes_eq(bytes_of(text, n), bytes_str("yes"));

	if (!yes && !bytes_eq(bytes_of(text, n), bytes_str("no"))) {
		(void)snprintf(why, WHY_MAX, in_words(p, "`%s` must be yes or no"), r->key);
		return false;
	}
	CHECK(r->size == sizeof yes);
	memcpy(at, &yes, sizeof yes);
	return true;
}

static bool set_value(const struct parse *s, const struct config_row *r, uint32_t entry,
		      const char *text, size_t n, bool from_file, char why[WHY_MAX])
{
	uint8_t *at = (uint8_t *)s->values + r->offset + (size_t)entry * r->size;

	for (size_t i = 0; i < n; i++) {
		if (text[i] < 0x20 || text[i] > 0x7e) {
			(void)snprintf(
			    why, WHY_MAX,
			    in_words(s->p,
				     "the value of `%s` has a character that is not printable "
				     "ASCII"),
			    r->key);
			return false;
		}
	}
	switch (r->type) {
	case CONFIG_STRING:
		return set_text(s->p, r, at, text, n, false, why);
	case CONFIG_PATH:
		return set_text(s->p, r, at, text, n, from_file, why);
	case CONFIG_PLACE:
		return set_text(s->p, r, at, text, n,
				from_file && memmem(text, n, "://", 3) == NULL, why);
	case CONFIG_U32:
	case CONFIG_U64:
		return set_number(s->p, r, at, text, n, why);
	case CONFIG_BOOL:
		return set_bool(s->p, r, at, text, n, why);
	}
	CHECK(false);
	return false;
}

static bool is_blank(char c)
{
	return c == ' ' || c == '\t';
}

static void trim(const char **text, size_t *n)
{
	while (*n > 0 && is_blank((*text)[0])) {
		(*text)++;
		(*n)--;
	}
	while (*n > 0 && is_blank((*text)[*n - 1])) {
		(*n)--;
	}
}

static enum err take_line(struct parse *s, const char *name, size_t line, const char *text,
			  size_t n)
{
	const char *equals;
	const char *value;
	size_t key_n;
	size_t value_n;
	size_t row;
	uint32_t entry = 0;
	char why[WHY_MAX];

	trim(&text, &n);
	if (n == 0 || text[0] == '#') {
		return ERR_OK;
	}
	equals = memchr(text, '=', n);
	if (equals == NULL) {
		return fail(s, ERR_CONFIG, "%s:%zu: the line is not `key = value`", name, line);
	}
	key_n = (size_t)(equals - text);
	value = equals + 1;
	value_n = n - key_n - 1;
	trim(&text, &key_n);
	trim(&value, &value_n);
	for (size_t i = 0; i < key_n; i++) {
		if (!key_char(text[i])) {
			key_n = 0;
		}
	}
	if (key_n == 0 || key_n >= KEY_MAX) {
		return fail(s, ERR_CONFIG,
			    "%s:%zu: the key is not 1 to %d characters of a-z, 0-9 and _", name,
			    line, KEY_MAX - 1);
	}
	row = row_of(s->p, text, key_n, &entry);
	if (row == s->p->n) {
		return fail(s, ERR_CONFIG, "%s:%zu: the key `%.*s` is not known", name, line,
			    (int)key_n, text);
	}
	if ((s->by_file[row] >> entry & 1) != 0) {
		return fail(s, ERR_CONFIG, "%s:%zu: the key `%.*s` stands here twice", name, line,
			    (int)key_n, text);
	}
	s->by_file[row] |= (uint32_t)1 << entry;
	if ((s->by_flag[row] >> entry & 1) != 0) {
		/* The flag wins, but a wrong line is wrong all the same: judge it, then put back.
		 */
		uint8_t keep[VALUE_MAX];
		const struct config_row *r = &s->p->rows[row];
		uint8_t *at = (uint8_t *)s->values + r->offset + (size_t)entry * r->size;
		bool well;

		CHECK(r->size <= sizeof keep);
		memcpy(keep, at, r->size);
		well = set_value(s, r, entry, value, value_n, true, why);
		memcpy(at, keep, r->size);
		return well ? ERR_OK : fail(s, ERR_CONFIG, "%s:%zu: %s", name, line, why);
	}
	if (!set_value(s, &s->p->rows[row], entry, value, value_n, true, why)) {
		return fail(s, ERR_CONFIG, "%s:%zu: %s", name, line, why);
	}
	return ERR_OK;
}

static enum err take_file(struct parse *s, const char *name, const char *text, size_t n)
{
	size_t line = 0;
	size_t at = 0;

	while (at < n) {
		const char *end = memchr(text + at, '\n', n - at);
		size_t len = end == NULL ? n - at : (size_t)(end - text) - at;
		enum err e = take_line(s, name, ++line, text + at, len);

		if (e != ERR_OK) {
			return e;
		}
		at += len + (end == NULL ? 0 : 1);
	}
	return ERR_OK;
}

/* Defaults, required keys, and lists without holes. */
static enum err finish(struct parse *s)
{
	char why[WHY_MAX];

	for (size_t i = 0; i < s->p->n; i++) {
		const struct config_row *r = &s->p->rows[i];
		uint32_t given = s->by_file[i] | s->by_flag[i];

		if ((given & (given + 1)) != 0) {
			return fail(s, ERR_CONFIG,
				    "the entries of `%s` are not numbered 1, 2, 3 without a gap",
				    r->key);
		}
		if (given != 0) {
			continue;
		}
		if (r->fallback == NULL) {
			if (s->no_file) {
				return fail(s, ERR_CONFIG,
					    "the key `%s` is required; there is no "
					    "/etc/kuramori/%s.conf, --config names another file",
					    r->key, s->p->name);
			}
			return fail(s, ERR_CONFIG, "the key `%s` is required", r->key);
		}
		if (r->fallback[0] != '\0') {
			CHECK(set_value(s, r, 0, r->fallback, strlen(r->fallback), false, why));
		}
	}
	return ERR_OK;
}

static void clear_values(const struct config_program *p, void *values)
{
	for (size_t i = 0; i < p->n; i++) {
		const struct config_row *r = &p->rows[i];

		memset((uint8_t *)values + r->offset, 0, r->size * r->count);
	}
}

enum err config_text(const struct config_program *p, void *values, const char *name,
		     const char *text, size_t n, char error[CONFIG_ERROR_MAX])
{
	struct parse s = { .p = p, .values = values, .error = error };
	enum err e;

	check_program(p);
	error[0] = '\0';
	clear_values(p, values);
	e = take_file(&s, name, text, n);
	return e != ERR_OK ? e : finish(&s);
}

/* The flags that every program has.  True if it was one. */
static bool common_flag(const struct config_program *p, const char *flag, struct config_result *out)
{
	if (strcmp(flag, "--help") == 0) {
		out->action = CONFIG_HELP;
	} else if (strcmp(flag, "--version") == 0) {
		out->action = CONFIG_VERSION;
	} else if (strcmp(flag, "--check-config") == 0) {
		out->action = CONFIG_CHECK;
	} else if (p->json && strcmp(flag, "--json") == 0) {
		out->json = true;
	} else {
		return false;
	}
	return true;
}

static enum err value_flag(struct parse *s, const char *flag, const char *value)
{
	char key[KEY_MAX];
	size_t n = strlen(flag + 2);
	size_t row = s->p->n;
	uint32_t entry = 0;
	char why[WHY_MAX];

	if (n < sizeof key) {
		for (size_t i = 0; i <= n; i++) {
			key[i] = flag[2 + i] == '-' ? '_' : flag[2 + i];
		}
		row = row_of(s->p, key, n, &entry);
	}
	if (row == s->p->n) {
		return fail(s, ERR_USAGE, "the flag %.64s is not known", flag);
	}
	if (value == NULL) {
		return fail(s, ERR_USAGE, "the flag %.64s needs a value", flag);
	}
	if ((s->by_flag[row] >> entry & 1) != 0) {
		return fail(s, ERR_USAGE, "the flag %.64s stands here twice", flag);
	}
	if (!set_value(s, &s->p->rows[row], entry, value, strlen(value), false, why)) {
		return fail(s, ERR_USAGE, "%s: %s", flag, why);
	}
	s->by_flag[row] |= (uint32_t)1 << entry;
	return ERR_OK;
}

static enum err take_flags(struct parse *s, int argc, char **argv, struct config_result *out,
			   const char **file)
{
	bool words_only = false;

	for (int i = 1; i < argc; i++) {
		const char *a = argv[i];
		const char *value = i + 1 < argc ? argv[i + 1] : NULL;
		enum err e;

		if (words_only || a[0] != '-' || a[1] == '\0') {
			if (s->p->usage == NULL) {
				return fail(s, ERR_USAGE, "the word `%.64s` is not understood", a);
			}
			if (out->rest_n == CONFIG_REST_MAX) {
				return fail(s, ERR_USAGE, "more than %d words", CONFIG_REST_MAX);
			}
			out->rest[out->rest_n++] = a;
			continue;
		}
		if (strcmp(a, "--") == 0) {
			words_only = true;
			continue;
		}
		if (a[1] != '-') {
			return fail(s, ERR_USAGE, "the flag %.64s is not known", a);
		}
		if (common_flag(s->p, a, out)) {
			if (out->action == CONFIG_HELP) {
				return ERR_OK; /* whoever asks for help gets it */
			}
			continue;
		}
		if (strcmp(a, "--config") == 0) {
			if (value == NULL || *file != NULL) {
				return fail(s, ERR_USAGE, "the flag --config takes one file, once");
			}
			*file = value;
			i++;
			continue;
		}
		e = value_flag(s, a, value);
		if (e != ERR_OK) {
			return e;
		}
		i++;
	}
	return ERR_OK;
}

/*
 * The file, and later what is printed.  Mapped for the start alone: a process that takes its memory
 * whole (memory.h) need not keep it.
 */
static char *room_take(void)
{
	char *room =
	    mmap(NULL, CONFIG_FILE_MAX, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);

	CHECK(room != MAP_FAILED);
	return room;
}

static void room_give(char *room)
{
	CHECK(munmap(room, CONFIG_FILE_MAX) == 0);
}

static enum err load_file(struct parse *s, const char *path, char *room, bool may_be_away)
{
	size_t n = 0;
	enum err e = file_read(path, room, CONFIG_FILE_MAX, &n);

	if (e == ERR_NOT_FOUND && may_be_away) {
		s->no_file = true;
		return ERR_OK;
	}
	if (e == ERR_INPUT) {
		return fail(s, ERR_CONFIG, "%s: this is not a regular file", path);
	}
	if (e != ERR_OK) {
		return fail(s, ERR_CONFIG, "%s: %s", path, in_words(s->p, err_words(e)));
	}
	return take_file(s, path, room, n);
}

enum err config_load(const struct config_program *p, void *values, int argc, char **argv,
		     struct config_result *out)
{
	struct parse s = { .p = p, .values = values, .error = out->error };
	const char *file = NULL;
	char own[128];
	char *room;
	enum err e;

	check_program(p);
	*out = (struct config_result){ .action = CONFIG_RUN };
	clear_values(p, values);
	e = take_flags(&s, argc, argv, out, &file);
	if (e != ERR_OK) {
		return e;
	}
	switch (out->action) {
	case CONFIG_HELP:
	case CONFIG_VERSION:
		return ERR_OK;
	case CONFIG_RUN:
	case CONFIG_CHECK:
		break;
	}
	(void)snprintf(own, sizeof own, "/etc/kuramori/%s.conf", p->name);
	room = room_take();
	e = load_file(&s, file == NULL ? own : file, room, file == NULL);
	room_give(room);
	return e != ERR_OK ? e : finish(&s);
}

bool config_start(const struct config_program *p, void *values, int argc, char **argv,
		  struct config_result *out, int *exit_code)
{
	enum err e = config_load(p, values, argc, argv, out);
	char *room;

	if (e != ERR_OK) {
		(void)fprintf(stderr, "%s: %s\n", p->name, out->error);
		if (e == ERR_USAGE) {
			(void)fprintf(stderr, in_words(p, "%s --help says what it takes\n"),
				      p->name);
		}
		*exit_code = err_exit(e);
		return false;
	}
	switch (out->action) {
	case CONFIG_RUN:
		return true;
	case CONFIG_CHECK:
		(void)printf(in_words(p, "%s: the configuration is well formed\n"), p->name);
		break;
	case CONFIG_HELP:
		room = room_take();
		(void)config_help(p, room, CONFIG_FILE_MAX);
		(void)fputs(room, stdout);
		room_give(room);
		break;
	case CONFIG_VERSION:
		(void)printf("%s %s\n", p->name, KURAMORI_VERSION);
		break;
	}
	*exit_code = fflush(stdout) == 0 ? 0 : err_exit(ERR_IO);
	return false;
}

/* Text for people. */

struct text {
	const struct config_program *program;
	char *p;
	size_t cap;
	size_t n;
};

static PRINTF(2, 0) void say_arguments(struct text *t, const char *format, va_list args)
{
	int n = vsnprintf(t->p + t->n, t->cap - t->n, format, args);

	CHECK(n >= 0 && (size_t)n < t->cap - t->n);
	t->n += (size_t)n;
}

static PRINTF(2, 3) void say(struct text *t, const char *format, ...)
{
	va_list args;

	va_start(args, format);
	say_arguments(t, format, args);
	va_end(args);
}

/* The same in the person's language. */
static PRINTF(2, 3) void tell(struct text *t, const char *format, ...)
{
	va_list args;

	va_start(args, format);
	say_arguments(t, in_words(t->program, format), args);
	va_end(args);
}

static void flag_name(const struct config_row *r, char out[KEY_MAX])
{
	size_t n = strlen(r->key);

	for (size_t i = 0; i <= n; i++) {
		out[i] = r->key[i] == '_' ? '-' : r->key[i];
		if (r->key[i] == '#') {
			out[i] = 'N';
		}
	}
}

static const char *type_word(enum config_type type)
{
	switch (type) {
	case CONFIG_STRING:
		return "TEXT";
	case CONFIG_PATH:
		return "PATH";
	case CONFIG_PLACE:
		return "PLACE";
	case CONFIG_U32:
	case CONFIG_U64:
		return "NUMBER";
	case CONFIG_BOOL:
		return "yes|no";
	}
	CHECK(false);
	return "";
}

/* " (required)", " (default x)", " (1 to 9)" */
static void say_limits(struct text *t, const struct config_row *r)
{
	if (r->count > 1) {
		tell(t, " (N is 1 to %u)", r->count);
	}
	if (r->type == CONFIG_U32 || r->type == CONFIG_U64) {
		tell(t, " (%llu to %llu)", (unsigned long long)r->min, (unsigned long long)r->max);
	}
	if (r->fallback == NULL) {
		tell(t, " (required)");
	} else if (r->fallback[0] != '\0') {
		tell(t, " (default %s)", r->fallback);
	}
}

static const char *argument_of(const struct config_row *r)
{
	return r->argument != NULL ? r->argument : type_word(r->type);
}

size_t config_help(const struct config_program *p, char *out, size_t cap)
{
	struct text t = { .program = p, .p = out, .cap = cap };
	char flag[KEY_MAX] = "";

	tell(&t, "%s - %s\n\nusage: %s [options]%s%s\n", p->name, in_words(p, p->summary), p->name,
	     p->usage != NULL ? " " : "", p->usage != NULL ? p->usage : "");
	if (p->text != NULL) {
		say(&t, "\n%s\n", p->text);
	}
	if (p->n > 0) {
		tell(&t,
		     "\nSettings, here as flags; in the file as `key = value` lines with _ for -. "
		     "Flags win.\n");
	}
	for (size_t i = 0; i < p->n; i++) {
		const struct config_row *r = &p->rows[i];

		flag_name(r, flag);
		say(&t, "  --%s %s\n      %s", flag, argument_of(r), in_words(p, r->help));
		say_limits(&t, r);
		say(&t, "\n");
	}
	tell(&t,
	     "\nOther flags:\n"
	     "  --config FILE\n      read this file (default /etc/kuramori/%s.conf, if it is "
	     "there)\n"
	     "  --check-config\n      judge flags and file, start nothing\n",
	     p->name);
	if (p->json) {
		tell(&t, "  --json\n      one JSON object on stdout and nothing else\n");
	}
	tell(&t, "  --help, --version\n      print that and end\n"
		 "\nExit codes: 0 done, 1 refused or a check failed, 2 usage, 3 bad input, "
		 "4 not reachable,\n5 locked or frozen, 70 broken invariant.\n");
	return t.n;
}
