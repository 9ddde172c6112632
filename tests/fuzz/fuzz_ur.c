/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Goal: no text brings the readers of words, byte strings and parts down, whatever was heard
 * before; and what a decoder says is whole has the checksum that its parts named.
 * Method: the bytes are read as words of each style, as a byte string of CBOR, and as texts, one a
 * line, that one decoder with a small room hears in order.  Then they are a part: a checksum is
 * put behind them, so that what reads parts sees more than refused checksums.
 */
#include "fuzz_main.h"

#include "crypto/crypto.h"
#include "ur/bytewords.h"
#include "ur/ur.h"

enum { ROOM = 700, HEARD_MAX = 64 };

static struct ur_decoder decoder;

static void init(void)
{
	FUZZ_CHECK(crypto_init() == ERR_OK);
}

/* What the decoder has is what it says that it has. */
static void check_decoder(enum ur_heard heard)
{
	FUZZ_CHECK(heard <= UR_HEARD_FALSE);
	FUZZ_CHECK(decoder.solved <= decoder.parts && decoder.parts <= UR_PARTS_MAX);
	FUZZ_CHECK(decoder.complete == (decoder.started && decoder.solved == decoder.parts));
	FUZZ_CHECK(heard != UR_HEARD_ALL || decoder.complete);
	if (decoder.complete) {
		struct bytes m = ur_decoder_message(&decoder);

		FUZZ_CHECK(m.n >= 1 && m.n <= ROOM);
		FUZZ_CHECK(decoder.single || bytewords_sum(m) == decoder.checksum);
	}
}

static void as_words(struct bytes in)
{
	for (int style = BYTEWORDS_STANDARD; style <= BYTEWORDS_MINIMAL; style++) {
		size_t cap = in.n / 2 + 1;
		uint8_t *out = malloc(cap), *again = malloc(in.n + 1);
		struct writer w = writer_make(out, cap), a;

		FUZZ_CHECK(out != NULL && again != NULL);
		a = writer_make(again, in.n + 1);
		if (bytewords_get(&w, (enum bytewords_style)style, in) == ERR_OK) {
			bytewords_put(&a, (enum bytewords_style)style, bytes_of(out, w.n));
			FUZZ_CHECK(!a.bad && a.n == in.n);
		}
		free(out);
		free(again);
	}
}

static void as_string(struct bytes in)
{
	struct bytes content;

	if (ur_unwrap(&content, in) == ERR_OK) {
		uint8_t *again = malloc(in.n);
		struct writer w;

		FUZZ_CHECK(again != NULL);
		w = writer_make(again, in.n);
		ur_wrap(&w, content);
		FUZZ_CHECK(!w.bad && bytes_eq(bytes_of(again, w.n), in));
		free(again);
	}
}

static void as_texts(struct bytes in)
{
	uint8_t *room = malloc(ROOM);
	size_t heard = 0;

	FUZZ_CHECK(room != NULL);
	FUZZ_CHECK(ur_decoder_start(&decoder, "x", room, ROOM) == ERR_OK);
	for (size_t at = 0; at <= in.n && heard < HEARD_MAX; heard++) {
		const uint8_t *end = at < in.n ? memchr(in.p + at, '\n', in.n - at) : NULL;
		size_t n = end == NULL ? in.n - at : (size_t)(end - in.p) - at;

		check_decoder(ur_decoder_take(&decoder, bytes_of(in.p + at, n)));
		at += n + 1;
	}
	free(room);
}

/* Two bytes say the place, the rest is the part without its checksum; several stand in a row. */
static void as_parts(struct bytes in)
{
	enum { STEP = 31 }; /* so that a fragment of 18 bytes is whole */

	uint8_t *room = malloc(ROOM);

	FUZZ_CHECK(room != NULL);
	FUZZ_CHECK(ur_decoder_start(&decoder, "x", room, ROOM) == ERR_OK);
	for (size_t at = 0; at + 2 < in.n && at / STEP < HEARD_MAX; at += STEP) {
		size_t n = in.n - at - 2 < STEP - 2 ? in.n - at - 2 : STEP - 2;
		uint8_t text[256];
		struct writer w = writer_make(text, sizeof text);
		char place[32];

		(void)snprintf(place, sizeof place, "ur:x/%u-%u/", in.p[at], in.p[at + 1]);
		writer_bytes(&w, bytes_str(place));
		bytewords_put(&w, BYTEWORDS_MINIMAL, bytes_of(in.p + at + 2, n));
		FUZZ_CHECK(!w.bad);
		check_decoder(ur_decoder_take(&decoder, bytes_of(text, w.n)));
	}
	free(room);
}

static void run(const uint8_t *p, size_t n)
{
	/* exactly as long as it is: who reads on is seen by a sanitizer */
	uint8_t *copy = malloc(n > 0 ? n : 1);

	FUZZ_CHECK(copy != NULL);
	if (n > 0) {
		memcpy(copy, p, n);
	}
	as_words(bytes_of(copy, n));
	as_string(bytes_of(copy, n));
	as_texts(bytes_of(copy, n));
	as_parts(bytes_of(copy, n));
	free(copy);
}
