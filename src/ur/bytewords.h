/* SPDX-License-Identifier: Apache-2.0 */
/*
 * bytewords.h - bytes as words of four letters with a CRC-32 behind them (BCR-2020-012).
 *
 * Pure and without allocation.  Nothing here is constant time: what travels as pictures is public.
 */
#ifndef KURAMORI_UR_BYTEWORDS_H
#define KURAMORI_UR_BYTEWORDS_H

#include "base/attr.h"
#include "base/bytes.h"
#include "base/err.h"

enum { BYTEWORDS_WORDS = 256, BYTEWORDS_WORD_BYTES = 4, BYTEWORDS_SUM_BYTES = 4 };

enum bytewords_style {
	BYTEWORDS_STANDARD, /* whole words, a blank between two */
	BYTEWORDS_URI,      /* whole words, a hyphen between two */
	BYTEWORDS_MINIMAL,  /* first and last letter of each word, nothing between */
};

/* Characters that n bytes and their checksum take. */
size_t bytewords_length(enum bytewords_style style, size_t n);

/* Writes body and its checksum in lower case; what does not fit sets w->bad (bytes.h). */
void bytewords_put(struct writer *w, enum bytewords_style style, struct bytes body);

/*
 * Writes the bytes of a text without their checksum.  Letters of both cases are read.
 * ERR_INPUT: not of this style, a word that is none, fewer words than a checksum, a checksum that
 * does not fit.  ERR_TOO_LARGE: the bytes or their checksum do not fit (out->cap counts both).  On
 * an error out holds rubbish.
 */
MUST_CHECK enum err bytewords_get(struct writer *out, enum bytewords_style style,
				  struct bytes text);

/* The checksum: CRC-32 (ISO-HDLC, as in zlib). */
uint32_t bytewords_sum(struct bytes b);

#endif
