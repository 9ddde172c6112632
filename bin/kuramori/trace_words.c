/* SPDX-License-Identifier: Apache-2.0 */
/* Words behind the commands of `kuramori trace`. */
#include <stdlib.h>
#include <string.h>

#include "base/check.h"
#include "io/file.h"
#include "trace_casefile.h"
#include "trace_words.h"

/* The name of a word, or 0: no NAME= at all. */
static size_t name_n(const char *word)
{
	const char *equals = strchr(word, '=');

	return equals == NULL ? 0 : (size_t)(equals - word);
}

static int unknown(const char *word, const char *const *known)
{
	char all[512];
	size_t used = 0;

	for (size_t k = 0; known[k] != NULL; k++) {
		int n = snprintf(all + used, sizeof all - used, "%s%.*s=", k == 0 ? "" : " ",
				 (int)strcspn(known[k], "*"), known[k]);

		CHECK(n > 0 && (size_t)n < sizeof all - used);
		used += (size_t)n;
	}
	return cli_fail(ERR_USAGE,
			"%s: not a word NAME=VALUE of this command; it takes %s (kuramori trace "
			"--help says what for)",
			word, all);
}

int trace_words_check(const char *const *w, size_t n, const char *const *known)
{
	for (size_t i = 0; i < n; i++) {
		size_t length = name_n(w[i]), k = 0, before = 0;
		char clean[64];

		casefile_clean(clean, sizeof clean, w[i], 40);
		while (known[k] != NULL &&
		       (strncmp(known[k], w[i], length) != 0 || strcspn(known[k], "*") != length)) {
			k++;
		}
		if (length == 0 || known[k] == NULL) {
			return unknown(clean, known);
		}
		while (before < i &&
		       (name_n(w[before]) != length || strncmp(w[before], w[i], length) != 0)) {
			before++;
		}
		if (before < i && known[k][length] != '*') {
			return cli_fail(ERR_USAGE, "%s: it is said twice", clean);
		}
	}
	return 0;
}

const char *trace_words_next(const char *const *w, size_t n, const char *name, size_t *at)
{
	size_t length = strlen(name);

	for (; *at < n; ++*at) {
		if (name_n(w[*at]) == length && strncmp(w[*at], name, length) == 0) {
			return w[(*at)++] + length + 1;
		}
	}
	return NULL;
}

const char *trace_words_value(const char *const *w, size_t n, const char *name)
{
	size_t at = 0;

	return trace_words_next(w, n, name, &at);
}

int trace_words_number(const char *const *w, size_t n, const char *name, uint64_t max,
		       uint64_t *out)
{
	const char *value = trace_words_value(w, n, name);
	char *end = NULL;
	uint64_t v;

	if (value == NULL) {
		return 0;
	}
	v = value[0] >= '0' && value[0] <= '9' && strlen(value) < 20 ? strtoull(value, &end, 10)
								     : 0;
	if (end == NULL || *end != '\0' || v > max) {
		return cli_fail(ERR_FIELD_RANGE, "%s=%.40s: a whole number is wanted, at most %llu",
				name, value, (unsigned long long)max);
	}
	*out = v;
	return 0;
}

void trace_words_open(struct trace_words_file *f, const char *path)
{
	*f = (struct trace_words_file){ .path = path };
	if (strcmp(path, "-") == 0) {
		f->out = stdout;
	} else {
		f->out = open_memstream(&f->text, &f->n);
		CHECK(f->out != NULL);
	}
}

int trace_words_close(struct trace_words_file *f)
{
	enum err e;

	if (f->out == stdout) {
		return fflush(stdout) == 0 ? 0 : cli_fail(ERR_IO, "standard output");
	}
	CHECK(fclose(f->out) == 0);
	e = file_write(f->path, 0644, bytes_of(f->text, f->n));
	free(f->text);
	*f = (struct trace_words_file){ .path = f->path };
	return e == ERR_OK ? 0 : cli_fail(e, "%s", f->path);
}

void trace_words_drop(struct trace_words_file *f)
{
	if (f->out != stdout) {
		(void)fclose(f->out);
		free(f->text);
	}
	*f = (struct trace_words_file){ .path = f->path };
}

void trace_words_csv(FILE *out, const char *text, bool last)
{
	char clean[512];
	bool formula = text[0] != '\0' && strchr("=+-@\t", text[0]) != NULL;

	casefile_clean(clean, sizeof clean, text, 120);
	if (formula || strpbrk(clean, ",\"\n") != NULL) {
		(void)fputs(formula ? "\"'" : "\"", out);
		for (const char *p = clean; *p != '\0'; p++) {
			if (*p == '"') {
				(void)fputc('"', out);
			}
			(void)fputc(*p, out);
		}
		(void)fputc('"', out);
	} else {
		(void)fputs(clean, out);
	}
	(void)fputc(last ? '\n' : ',', out);
}
