/* SPDX-License-Identifier: Apache-2.0 */
/*
 * transcript.h - the transcript of a ceremony in its file (cold/cold_transcript.h).
 */
#ifndef KURAMORI_IO_TRANSCRIPT_H
#define KURAMORI_IO_TRANSCRIPT_H

#include "cold/cold_transcript.h"

/*
 * All lines that are added between opening and closing have the time of the opening: the times
 * between them would say how long somebody typed a passphrase, and whether there is a second one.
 */
struct transcript {
	int fd;
	uint64_t opened_ms; /* wall clock */
	struct cold_transcript state;
	bool broken; /* a line could not be written: it is not whole */
};

/*
 * Reads every line of the file.  each (may be NULL) is told of each line that is what was written,
 * with its number, the first line being 1, and says no by an error, which ends it.  *line: the
 * number of the line that is wrong.
 * ERR_NOT_FOUND, ERR_IO, ERR_INPUT (also a last line without its line feed), and the errors of
 * cold_transcript_take() and each.
 */
MUST_CHECK enum err transcript_read(const char *path, struct cold_transcript *state,
				    enum err (*each)(void *context, uint64_t number,
						     const struct cold_transcript_line *line),
				    void *context, uint64_t *line);

/*
 * Opens one to add to it, all of it read before; begins a new one where there is none.
 * Errors of transcript_read().
 */
MUST_CHECK enum err transcript_open(struct transcript *t, const char *path, uint64_t *line);

/* One line more.  It is written at once, and broken says whether it was. */
void transcript_add(struct transcript *t, const char *kind, struct bytes text);

/* The same of a seal. */
void transcript_seal(struct transcript *t, const char *name,
		     const uint8_t secret[ED25519_SECRET_BYTES]);

/* Durable.  ERR_IO: it may not be whole. */
MUST_CHECK enum err transcript_close(struct transcript *t);

#endif
