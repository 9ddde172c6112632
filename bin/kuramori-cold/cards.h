/* SPDX-License-Identifier: Apache-2.0 */
/*
 * cards.h - cards of words at a terminal: shown, typed, and what is wrong with them.
 */
#ifndef KURAMORI_BIN_COLD_CARDS_H
#define KURAMORI_BIN_COLD_CARDS_H

#include <stdbool.h>
#include <stddef.h>

#include "base/attr.h"
#include "base/err.h"
#include "cold/cold_cards.h"

enum { CARDS_LINE_MAX = SHARES_TEXT_BYTES + 2 };

/* Everything of cards that is secret, in the locked arena. */
struct cards {
	struct share card[COLD_CARDS_MAX];
	size_t n;
	uint8_t random[COLD_CARDS_RANDOM_MAX];
	uint8_t secret[SHARES_SECRET_MAX];
	char shown[SHARES_TEXT_BYTES]; /* the words of one card */
	char typed[SHARES_TEXT_BYTES];
	char line[CARDS_LINE_MAX];
	char passphrase[SHARES_PASSPHRASE_MAX + 2];
	char again[SHARES_PASSPHRASE_MAX + 2];
};

/*
 * Cards are for people: ERR_INPUT if stdin or stdout is no terminal (a file would keep them).  From
 * here to cards_end() a signal that would end the program makes the next line ERR_STOPPING
 * instead, so that nothing of a card stays on the screen, and the program cannot be put into the
 * background.
 */
MUST_CHECK enum err cards_begin(void);
void cards_end(void);

/* The screen and what can be scrolled back to. */
void cards_clear(void);

/* A line of the terminal, perhaps empty, with echo or without.  ERR_STOPPING: the end of input, or
 * a signal; ERR_TOO_LARGE; ERR_IO.  The caller wipes out. */
MUST_CHECK enum err cards_line(const char *prompt, char *out, size_t cap, bool echo);

/* Asks for the cards' own passphrase, which may be empty; twice, if a set is made. */
MUST_CHECK enum err cards_passphrase(struct cards *c, bool twice);

/* One card, four words a row, on the cleared screen. */
void cards_show(struct cards *c, size_t i, const struct shares_plan *plan);

/*
 * A card is typed, on as many lines as one likes, into *out and c->typed; wrong words are named and
 * asked again.  number: for the person, from 1.  words: how many it has.  ERR_NOT_FOUND: an empty
 * line instead of a card; ERR_STOPPING, ERR_IO.
 */
MUST_CHECK enum err cards_type(struct cards *c, size_t number, size_t words, struct share *out);

/* What is written down is what was shown: so many words of card i, all if it has no more. */
MUST_CHECK enum err cards_read_back(struct cards *c, size_t i, size_t words);

/* Cards are typed until they suffice; what does not fit is named and left out.  ERR_MISMATCH: they
 * suffice and do not fit together; ERR_STOPPING, ERR_IO. */
MUST_CHECK enum err cards_collect(struct cards *c, size_t words);

/* What is wrong, for people: card and word are named, on stderr. */
void cards_fault(const struct shares_fault *f, size_t number);

#endif
