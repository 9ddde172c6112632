/* SPDX-License-Identifier: Apache-2.0 */
#include "ur/bytewords.h"

#include <zlib.h>

#include "base/check.h"

static const uint8_t words[BYTEWORDS_WORDS][BYTEWORDS_WORD_BYTES] = {
#include "ur/bytewords.inc"
};

uint32_t bytewords_sum(struct bytes b)
{
	CHECK(b.n <= UINT32_MAX);
	return (uint32_t)crc32(crc32(0, NULL, 0), b.p, (uInt)b.n);
}

size_t bytewords_length(enum bytewords_style style, size_t n)
{
	size_t all = n + BYTEWORDS_SUM_BYTES;

	return style == BYTEWORDS_MINIMAL ? 2 * all : (BYTEWORDS_WORD_BYTES + 1) * all - 1;
}

static void put_word(struct writer *w, enum bytewords_style style, uint8_t byte, bool first)
{
	const uint8_t *word = words[byte];

	if (style == BYTEWORDS_MINIMAL) {
		const uint8_t ends[2] = { word[0], word[BYTEWORDS_WORD_BYTES - 1] };

		writer_bytes(w, bytes_of(ends, sizeof ends));
		return;
	}
	if (!first) {
		writer_bytes(w, bytes_str(style == BYTEWORDS_URI ? "-" : " "));
	}
	writer_bytes(w, bytes_of(word, BYTEWORDS_WORD_BYTES));
}

void bytewords_put(struct writer *w, enum bytewords_style style, struct bytes body)
{
	uint32_t sum = bytewords_sum(body);

	for (size_t i = 0; i < body.n; i++) {
		put_word(w, style, body.p[i], i == 0);
	}
	for (unsigned i = 0; i < BYTEWORDS_SUM_BYTES; i++) {
		put_word(w, style, (uint8_t)(sum >> (24 - 8 * i)), body.n == 0 && i == 0);
	}
}

static uint8_t lower(uint8_t c)
{
	return c >= 'A' && c <= 'Z' ? (uint8_t)(c - 'A' + 'a') : c;
}

/* The byte of the word whose first and last letter these are, or BYTEWORDS_WORDS. */
static unsigned find(uint8_t first, uint8_t last)
{
	unsigned i = 0;

	while (i < BYTEWORDS_WORDS &&
	       (words[i][0] != first || words[i][BYTEWORDS_WORD_BYTES - 1] != last)) {
		i++;
	}
	return i;
}

/* The byte of the word at p, or BYTEWORDS_WORDS. */
static unsigned get_word(enum bytewords_style style, const uint8_t *p)
{
	unsigned byte;

	if (style == BYTEWORDS_MINIMAL) {
		return find(lower(p[0]), lower(p[1]));
	}
	byte = find(lower(p[0]), lower(p[BYTEWORDS_WORD_BYTES - 1]));
	if (byte < BYTEWORDS_WORDS &&
	    (words[byte][1] != lower(p[1]) || words[byte][2] != lower(p[2]))) {
		return BYTEWORDS_WORDS;
	}
	return byte;
}

enum err bytewords_get(struct writer *out, enum bytewords_style style, struct bytes text)
{
	const size_t word = style == BYTEWORDS_MINIMAL ? 2 : BYTEWORDS_WORD_BYTES;
	const size_t step = style == BYTEWORDS_MINIMAL ? word : word + 1;
	const uint8_t between = style == BYTEWORDS_URI ? '-' : ' ';
	const size_t start = out->n;
	size_t n = (text.n + step - word) / step;
	uint32_t sum = 0;

	if (n < BYTEWORDS_SUM_BYTES || text.n != n * step - (step - word)) {
		return ERR_INPUT;
	}
	for (size_t i = 0; i < n; i++) {
		const uint8_t *p = text.p + i * step;
		unsigned found = get_word(style, p);
		uint8_t byte = (uint8_t)found;

		if (found == BYTEWORDS_WORDS || (i + 1 < n && step > word && p[word] != between)) {
			return ERR_INPUT;
		}
		writer_bytes(out, bytes_of(&byte, 1));
	}
	if (out->bad) {
		return ERR_TOO_LARGE;
	}
	out->n -= BYTEWORDS_SUM_BYTES;
	for (size_t i = 0; i < BYTEWORDS_SUM_BYTES; i++) {
		sum = sum << 8 | out->p[out->n + i];
	}
	return sum == bytewords_sum(bytes_of(out->p + start, out->n - start)) ? ERR_OK : ERR_INPUT;
}
