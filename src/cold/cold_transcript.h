/* SPDX-License-Identifier: Apache-2.0 */
/*
 * cold_transcript.h - what was shown, asked and answered at a ceremony, line by line, so that no
 * line can be changed, taken out or put in without being named (docs/transcript.md).
 *
 *   kuramori transcript v1
 *   CHAIN TIME KIND TEXT            one a line; TIME in Unix milliseconds
 *
 * CHAIN is the first 16 hex digits of c(n) = SHA-256(c(n-1), "TIME KIND TEXT" LF), and c(0) is
 * SHA-256 of the first line with its line feed.  A line of kind `seal` has "NAME KEY SIGNATURE" as
 * its text: Ed25519 over "kuramori transcript v1" LF c(n-1) in hex LF, so of everything before it.
 * Secrets are never among it: whoever writes sees to that.
 *
 * No I/O, no allocation.
 */
#ifndef KURAMORI_COLD_COLD_TRANSCRIPT_H
#define KURAMORI_COLD_COLD_TRANSCRIPT_H

#include <stdint.h>

#include "base/attr.h"
#include "base/bytes.h"
#include "base/err.h"
#include "crypto/ed25519.h"

#define COLD_TRANSCRIPT_FIRST "kuramori transcript v1\n"

enum {
	COLD_TRANSCRIPT_TEXT_MAX = 1024,
	COLD_TRANSCRIPT_LINE_MAX = COLD_TRANSCRIPT_TEXT_MAX + 64, /* with its line feed */
	COLD_TRANSCRIPT_NAME_MAX = 64,
};

/* Where a transcript stands.  A plain value. */
struct cold_transcript {
	struct hash32 chain;
	uint64_t lines; /* the first included */
	uint64_t seals;
	bool sealed; /* the last line is a seal: all of it is signed */
};

/* One line that was taken; views into it. */
struct cold_transcript_line {
	uint64_t time_ms;
	struct bytes kind, text;
	struct bytes name; /* of a seal, with its key */
	struct key32 key;
};

/* The state behind COLD_TRANSCRIPT_FIRST. */
void cold_transcript_start(struct cold_transcript *t);

/*
 * The next line into w, with its line feed.  kind: lower-case letters.  Of text what is no
 * printable ASCII or UTF-8 byte becomes '?', and what is behind COLD_TRANSCRIPT_TEXT_MAX bytes is
 * cut off. w has COLD_TRANSCRIPT_LINE_MAX bytes left (dies otherwise).
 */
void cold_transcript_add(struct cold_transcript *t, struct writer *w, uint64_t time_ms,
			 const char *kind, struct bytes text);

/* The same of a seal: name, of COLD_TRANSCRIPT_NAME_MAX bytes at most without blanks (dies
 * otherwise), and the secret of his key. */
void cold_transcript_seal(struct cold_transcript *t, struct writer *w, uint64_t time_ms,
			  const char *name, const uint8_t secret[ED25519_SECRET_BYTES]);

/*
 * The next line of one that was written, without its line feed.
 * ERR_INPUT no such line; ERR_MISMATCH it is not what was written there, or not behind what was;
 * ERR_SIGNATURE a seal that is no signature of what stands before it.  *t and *out mean nothing
 * on failure.
 */
MUST_CHECK enum err cold_transcript_take(struct cold_transcript *t, struct bytes line,
					 struct cold_transcript_line *out);

#endif
