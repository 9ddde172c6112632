/* SPDX-License-Identifier: Apache-2.0 */
/* found.h - what the commands that make documents share (found.c, found_words.c). */
#ifndef KURAMORI_BIN_FOUND_H
#define KURAMORI_BIN_FOUND_H

#include <jansson.h>

#include "cli.h"

enum {
	FOUND_WORDS_MAX = 512,
	FOUND_TEXT_MAX = 131072,
	FOUND_WORD_MAX = 4096,
};

/* NAME=VALUE, as people type them or as @FILE has them, a line each. */
struct found_words {
	size_t n;

	struct found_word {
		const char *name;
		const char *value;
	} all[FOUND_WORDS_MAX];

	size_t used;
	char text[FOUND_TEXT_MAX];
};

/* Takes words apart; a line of @FILE that is empty or begins with # says nothing.  0 or an exit
 * code. */
int found_words_read(struct found_words *out, const char *const *words, size_t n);

/*
 * Sets a top-level field of this type's body out of its word: durations and amounts have a unit
 * (7d, 12h, 30min, 90s, 500ms; 2.5XEM, 100micro), so that nobody takes one for another.  *known:
 * there is such a field.  0 or an exit code.
 */
int found_field(json_t *body, enum doc_type type, const struct found_word *w, bool *known);

/* "officer,approver" in any order, as a list in byte order. */
json_t *found_list(const char *text);

/* An amount or a duration alone; false: said on stderr. */
bool found_amount(char out[64], const struct found_word *w, const char *text);
bool found_duration(uint64_t *ms, const struct found_word *w, const char *text);

/* The last n parts of text behind colons into part[1..n], what stands before them into part[0].
 * room: a copy of text, the caller's, FOUND_WORD_MAX bytes.  False: it has fewer. */
bool found_split(char *room, const char *text, const char **part, size_t n);

#endif
