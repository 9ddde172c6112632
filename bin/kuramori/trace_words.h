/* SPDX-License-Identifier: Apache-2.0 */
/* trace_words.h - words NAME=VALUE behind a command of `kuramori trace`, and where it writes to. */
#ifndef KURAMORI_BIN_TRACE_WORDS_H
#define KURAMORI_BIN_TRACE_WORDS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>

#include "cli.h"

/* Every word must be one of known (NULL ends it), which are names; each at most once unless it
 * ends in "*" there.  0 or an exit code, said on stderr. */
int trace_words_check(const char *const *w, size_t n, const char *const *known);

/* The value of the next word of this name from *at on (0 at first); NULL: no more. */
const char *trace_words_next(const char *const *w, size_t n, const char *name, size_t *at);
/* The same of the first. */
const char *trace_words_value(const char *const *w, size_t n, const char *name);

/* A whole number; *out unchanged if the word is not there.  0 or an exit code. */
int trace_words_number(const char *const *w, size_t n, const char *name, uint64_t max,
		       uint64_t *out);

/* A file that is written whole or not at all: "-" is standard output. */
struct trace_words_file {
	const char *path;
	FILE *out;
	char *text;
	size_t n;
};

/* Begins to write; dies without memory. */
void trace_words_open(struct trace_words_file *f, const char *path);
/* Puts what was written in its place.  0 or an exit code. */
int trace_words_close(struct trace_words_file *f);

/* Forgets what was written: nothing is put anywhere, but for what went to standard output. */
void trace_words_drop(struct trace_words_file *f);

/* A cell of CSV: in quotes where it must be, and nothing that a spreadsheet would compute. */
void trace_words_csv(FILE *out, const char *text, bool last);

#endif
