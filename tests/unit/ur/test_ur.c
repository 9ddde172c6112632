/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Goal: a message comes through whatever is lost, doubled, disordered or damaged, and nothing else
 * ever comes out: not another message, not half of one, not one that somebody mixed in.
 * Method: random messages in random pieces over a road that does all of it; parts of other
 * animations; forged parts with good checksums; every malformed text by hand; ranges and rooms.
 */
#include <string.h>

#include "crypto/crypto.h"
#include "t.h"
#include "ur/bytewords.h"
#include "ur/ur.h"

enum { MESSAGE_MAX = 70000 };

static struct ur_encoder encoder, stranger;
static struct ur_decoder decoder;
static uint8_t message[MESSAGE_MAX], room[MESSAGE_MAX + UR_FRAGMENT_MAX], text[UR_TEXT_MAX];

static void fill(uint8_t *p, size_t n)
{
	for (size_t i = 0; i < n; i++) {
		p[i] = (uint8_t)t_random();
	}
}

static struct bytes next(struct ur_encoder *e)
{
	struct writer w = writer_make(text, sizeof text);

	return ur_encoder_next(e, &w) == ERR_OK ? bytes_of(text, w.n) : bytes_of(NULL, 0);
}

static void a_bad_road(void)
{
	for (int round = 0; round < 40; round++) {
		size_t n = 1 + t_below(round < 30 ? 3000 : 60000);
		size_t fragment = 120 + t_below(400);
		enum ur_heard heard = UR_HEARD_PART;
		size_t solved = 0, noise = 0, others = 0;

		fill(message, n);
		T_EQ(ur_encoder_start(&encoder, "kuramori-test", bytes_of(message, n), fragment,
				      t_below(2) == 1),
		     ERR_OK);
		T_EQ(ur_encoder_start(&stranger, "kuramori-test", bytes_of(message, n - (n > 1)),
				      fragment, false),
		     ERR_OK);
		stranger.checksum ^= 1;
		T_EQ(ur_decoder_start(&decoder, "kuramori-test", room, sizeof room), ERR_OK);
		encoder.seq = (uint32_t)(t_below(2) * t_below(1000));
		while (heard != UR_HEARD_ALL) {
			struct bytes t = next(&encoder);

			T_CHECK(t.n > 0);
			if (t_below(4) == 0) {
				continue; /* lost */
			}
			if (t_below(5) == 0) {
				size_t at = t_below(t.n);

				/* another letter than it was, in either case */
				text[at] = (text[at] | 0x20) == 'x' ? 'y' : 'x';
				heard = ur_decoder_take(&decoder, t);
				T_CHECK(heard == UR_HEARD_NOISE || heard == UR_HEARD_OTHER);
				noise += heard == UR_HEARD_NOISE;
				others += heard == UR_HEARD_OTHER;
				continue;
			}
			heard = ur_decoder_take(&decoder, t);
			T_CHECK(heard == UR_HEARD_PART || heard == UR_HEARD_AGAIN ||
				heard == UR_HEARD_ALL);
			T_EQ(decoder.solved, solved + (heard != UR_HEARD_AGAIN));
			solved = decoder.solved;
			T_EQ(ur_decoder_take(&decoder, t), UR_HEARD_AGAIN);
			if (encoder.parts > 1 && n > 1) {
				T_EQ(ur_decoder_take(&decoder, next(&stranger)), UR_HEARD_OTHER);
				others++;
			}
		}
		T_EQ(decoder.noise, noise);
		T_EQ(decoder.others, others);
		T_EQ(decoder.solved, decoder.parts);
		T_CHECK(bytes_eq(ur_decoder_message(&decoder), bytes_of(message, n)));
	}
}

/* Each part once is enough, in any order, and nothing less is. */
static void exactly_the_parts(void)
{
	static uint8_t texts[64][UR_TEXT_MAX];
	size_t lengths[64];

	for (size_t parts = 2; parts <= 64; parts += 31) {
		size_t n = parts * 50;

		fill(message, n);
		T_EQ(ur_encoder_start(&encoder, "x", bytes_of(message, n), 50, true), ERR_OK);
		T_EQ(encoder.parts, parts);
		for (size_t i = 0; i < parts; i++) {
			struct writer w = writer_make(texts[i], sizeof texts[i]);

			T_EQ(ur_encoder_next(&encoder, &w), ERR_OK);
			lengths[i] = w.n;
		}
		T_EQ(ur_decoder_start(&decoder, "x", room, n), ERR_OK);
		for (size_t i = parts; i-- > 0;) {
			T_EQ(ur_decoder_take(&decoder, bytes_of(texts[i], lengths[i])),
			     i == 0 ? UR_HEARD_ALL : UR_HEARD_PART);
		}
		T_CHECK(bytes_eq(ur_decoder_message(&decoder), bytes_of(message, n)));
	}
}

static void the_most_parts(void)
{
	const size_t n = (size_t)UR_PARTS_MAX * 20;
	size_t heard_parts = 0;
	enum ur_heard heard = UR_HEARD_PART;

	fill(message, n + 1);
	T_EQ(ur_encoder_start(&encoder, "x", bytes_of(message, n + 1), 20, true), ERR_TOO_LARGE);
	T_EQ(ur_encoder_start(&encoder, "x", bytes_of(message, n), 20, true), ERR_OK);
	T_EQ(ur_decoder_start(&decoder, "x", room, n), ERR_OK);
	encoder.seq = UR_PARTS_MAX; /* mixes only */
	while (heard != UR_HEARD_ALL) {
		heard = ur_decoder_take(&decoder, next(&encoder));
		T_CHECK(heard <= UR_HEARD_ALL);
		heard_parts++;
	}
	printf("# %zu mixes for %d fragments\n", heard_parts, UR_PARTS_MAX);
	T_CHECK(bytes_eq(ur_decoder_message(&decoder), bytes_of(message, n)));
}

/* A head of CBOR, in its shortest form or the next longer one. */
static void put_number(struct writer *w, unsigned major, uint32_t v, bool longer)
{
	const uint8_t b[] = { (uint8_t)(major << 5 | 26), (uint8_t)(v >> 24), (uint8_t)(v >> 16),
			      (uint8_t)(v >> 8), (uint8_t)v };
	unsigned step = (v > 23 ? 1U : 0U) + (v > 255 ? 1U : 0U) + (v > 65535 ? 1U : 0U) + longer;
	uint8_t first = (uint8_t)(major << 5 | (step == 0 ? v : 23 + step));

	writer_bytes(w, bytes_of(&first, 1));
	writer_bytes(w, step == 0   ? bytes_of(b, 0)
			: step == 1 ? bytes_of(b + 4, 1)
			: step == 2 ? bytes_of(b + 3, 2)
				    : bytes_of(b + 1, 4));
}

/* Which member of a part is not in its shortest form; NOBODY: all are. */
enum { NOBODY = 5 };

static size_t clumsy = NOBODY;

/* A part with a good checksum that nobody's encoder wrote. */
static struct bytes forge(uint32_t seq, uint32_t parts, uint32_t n, uint32_t sum, struct bytes data,
			  const char *place)
{
	static uint8_t body[4096];
	const uint32_t numbers[] = { seq, parts, n, sum };
	struct writer b = writer_make(body, sizeof body);
	struct writer w = writer_make(text, sizeof text);

	put_number(&b, 4, 5, false);
	for (size_t i = 0; i < ARRAY_LEN(numbers); i++) {
		put_number(&b, 0, numbers[i], clumsy == i);
	}
	put_number(&b, 2, (uint32_t)data.n, clumsy == 4);
	writer_bytes(&b, data);
	writer_bytes(&w, bytes_str("ur:x/"));
	writer_bytes(&w, bytes_str(place));
	bytewords_put(&w, BYTEWORDS_MINIMAL, bytes_of(b.p, b.n));
	return bytes_of(w.p, w.n);
}

static void forged_parts(void)
{
	uint8_t data[30] = { 0 };
	const struct bytes all = bytes_of(data, sizeof data);
	const uint32_t sum = 0x12345678;

	fill(data, sizeof data);
	T_EQ(ur_decoder_start(&decoder, "x", room, 2000), ERR_OK);
	/* numbers that say two things, or a message that no parts like these have */
	T_EQ(ur_decoder_take(&decoder, forge(1, 2, 60, sum, all, "2-2/")), UR_HEARD_NOISE);
	T_EQ(ur_decoder_take(&decoder, forge(1, 2, 60, sum, all, "1-3/")), UR_HEARD_NOISE);
	T_EQ(ur_decoder_take(&decoder, forge(0, 2, 60, sum, all, "0-2/")), UR_HEARD_NOISE);
	T_EQ(ur_decoder_take(&decoder, forge(1, 0, 60, sum, all, "1-0/")), UR_HEARD_NOISE);
	T_EQ(ur_decoder_take(&decoder, forge(1, 2, 61, sum, all, "1-2/")), UR_HEARD_NOISE);
	T_EQ(ur_decoder_take(&decoder, forge(1, 2, 30, sum, all, "1-2/")), UR_HEARD_NOISE);
	T_EQ(ur_decoder_take(&decoder, forge(1, 2, 0, sum, bytes_of(data, 0), "1-2/")),
	     UR_HEARD_NOISE);
	T_EQ(decoder.noise, 7);
	/* whole in every way but one number that takes a byte too many */
	for (clumsy = 0; clumsy < NOBODY; clumsy++) {
		if (clumsy != 3) { /* the checksum has no longer form of 32 bits */
			T_EQ(ur_decoder_take(&decoder, forge(1, 2, 60, sum, all, "1-2/")),
			     UR_HEARD_NOISE);
		}
	}
	T_EQ(decoder.noise, 11);
	/* more than there is room for, in bytes and in parts; nothing was begun by it */
	T_EQ(ur_decoder_take(&decoder, forge(1, 67, 2010, sum, all, "1-67/")), UR_HEARD_TOO_LARGE);
	T_EQ(ur_decoder_take(&decoder, forge(1, 513, 513, sum, bytes_of(data, 1), "1-513/")),
	     UR_HEARD_TOO_LARGE);
	T_EQ(ur_decoder_take(&decoder, forge(1, 0xffffffff, 0xffffffff, sum, bytes_of(data, 1),
					     "1-4294967295/")),
	     UR_HEARD_TOO_LARGE);
	T_CHECK(!decoder.started);
	/* a whole message that is not that of its checksum: forgotten */
	T_EQ(ur_decoder_take(&decoder, forge(1, 2, 60, sum, all, "1-2/")), UR_HEARD_PART);
	T_EQ(ur_decoder_take(&decoder, forge(2, 2, 60, sum, all, "2-2/")), UR_HEARD_FALSE);
	T_CHECK(!decoder.started && decoder.solved == 0);
	/* one fragment, twice, that is not the same */
	T_EQ(ur_decoder_take(&decoder, forge(1, 2, 60, sum, all, "1-2/")), UR_HEARD_PART);
	data[3] ^= 1;
	T_EQ(ur_decoder_take(&decoder, forge(1, 2, 60, sum, all, "1-2/")), UR_HEARD_OTHER);
	T_EQ(decoder.others, 1);
	/* another number of parts, length of message, of fragments, checksum */
	T_EQ(ur_decoder_take(&decoder, forge(1, 3, 61, sum, all, "1-3/")), UR_HEARD_OTHER);
	T_EQ(ur_decoder_take(&decoder, forge(1, 2, 59, sum, all, "1-2/")), UR_HEARD_OTHER);
	T_EQ(ur_decoder_take(&decoder, forge(1, 2, 58, sum, bytes_of(data, 29), "1-2/")),
	     UR_HEARD_OTHER);
	T_EQ(ur_decoder_take(&decoder, forge(1, 2, 60, sum + 1, all, "1-2/")), UR_HEARD_OTHER);
	T_EQ(decoder.others, 5);
}

/* Fragments of another size with all the rest the same: 60 in two of 30 or of 31. */
static void another_cut(void)
{
	uint8_t data[31] = { 0 };

	T_EQ(ur_decoder_start(&decoder, "x", room, 2000), ERR_OK);
	T_EQ(ur_decoder_take(&decoder, forge(1, 2, 60, 0x12345678, bytes_of(data, 30), "1-2/")),
	     UR_HEARD_PART);
	T_EQ(ur_decoder_take(&decoder, forge(2, 2, 60, 0x12345678, bytes_of(data, 31), "2-2/")),
	     UR_HEARD_OTHER);
}

/* The padding is zero, or somebody hid something in it. */
static void padding(void)
{
	static const uint8_t hello[60] = "hello";
	uint32_t sum = bytewords_sum(bytes_of(hello, 59));
	uint8_t last[30] = { 0 };

	for (int dirty = 0; dirty < 2; dirty++) {
		T_EQ(ur_decoder_start(&decoder, "x", room, 60), ERR_OK);
		last[29] = (uint8_t)dirty;
		T_EQ(ur_decoder_take(&decoder, forge(1, 2, 59, sum, bytes_of(hello, 30), "1-2/")),
		     UR_HEARD_PART);
		T_EQ(ur_decoder_take(&decoder, forge(2, 2, 59, sum, bytes_of(last, 30), "2-2/")),
		     dirty ? UR_HEARD_FALSE : UR_HEARD_ALL);
	}
}

static void rooms(void)
{
	fill(message, 100);
	T_EQ(ur_encoder_start(&encoder, "x", bytes_of(message, 99), 50, true), ERR_OK);
	T_EQ(ur_decoder_start(&decoder, "x", room, 99), ERR_OK);
	T_EQ(ur_decoder_take(&decoder, next(&encoder)), UR_HEARD_TOO_LARGE);
	T_EQ(ur_decoder_start(&decoder, "x", room, 100), ERR_OK);
	T_EQ(ur_decoder_take(&decoder, next(&encoder)), UR_HEARD_PART);
	T_EQ(ur_encoder_start(&encoder, "x", bytes_of(message, 100), 100, true), ERR_OK);
	T_EQ(ur_decoder_take(&decoder, next(&encoder)), UR_HEARD_OTHER); /* begun as parts */
	T_EQ(ur_decoder_start(&decoder, "x", room, 99), ERR_OK);
	T_EQ(ur_decoder_take(&decoder, next(&encoder)), UR_HEARD_TOO_LARGE);
	T_EQ(ur_decoder_start(&decoder, "x", room, 100), ERR_OK);
	T_EQ(ur_decoder_take(&decoder, next(&encoder)), UR_HEARD_ALL);
	T_EQ(ur_decoder_take(&decoder, next(&encoder)), UR_HEARD_AGAIN);
	message[0] ^= 1;
	T_EQ(ur_encoder_start(&encoder, "x", bytes_of(message, 100), 100, true), ERR_OK);
	T_EQ(ur_decoder_take(&decoder, next(&encoder)), UR_HEARD_OTHER);
	T_EQ(ur_encoder_start(&encoder, "x", bytes_of(message, 100), 50, true), ERR_OK);
	T_EQ(ur_decoder_take(&decoder, next(&encoder)),
	     UR_HEARD_OTHER); /* begun as a single text */
}

static void texts_refused(void)
{
	static const struct {
		const char *text;
		enum ur_heard heard;
	} rows[] = {
		{ "", UR_HEARD_NOISE },
		{ "hello", UR_HEARD_NOISE },
		{ "https://example.org/", UR_HEARD_NOISE },
		{ "vr:x/aeadaolazmjendeoti", UR_HEARD_NOISE },
		{ "u:x/aeadaolazmjendeoti", UR_HEARD_NOISE },
		{ "ur:x", UR_HEARD_NOISE },
		{ "ur:x/", UR_HEARD_NOISE },
		{ "ur:x/aeadaolazmjendeot", UR_HEARD_NOISE },
		{ "ur:x/aeadaolazmjendeo", UR_HEARD_NOISE },
		{ "ur:x/aeadaolazmjendeoto", UR_HEARD_NOISE },
		{ "ur:x/aeadaolazmjendeotx", UR_HEARD_NOISE },
		{ "ur:x/aeaeaeae", UR_HEARD_NOISE }, /* the checksum of nothing: no message */
		{ "ur:y/aeadaolazmjendeoti", UR_HEARD_OTHER },
		{ "ur:xx/aeadaolazmjendeoti", UR_HEARD_OTHER },
		{ "ur:/aeadaolazmjendeoti", UR_HEARD_OTHER },
		{ "ur:x/1-2/aeadaolazmjendeoti", UR_HEARD_NOISE },
		{ "ur:x/12/aeadaolazmjendeoti", UR_HEARD_NOISE },
		{ "ur:x/-2/aeadaolazmjendeoti", UR_HEARD_NOISE },
		{ "ur:x/1-/aeadaolazmjendeoti", UR_HEARD_NOISE },
		{ "ur:x/01-2/aeadaolazmjendeoti", UR_HEARD_NOISE },
		{ "ur:x/1-2x/aeadaolazmjendeoti", UR_HEARD_NOISE },
		{ "ur:x/1-:/aeadaolazmjendeoti", UR_HEARD_NOISE },
		{ "ur:x/4294967296-2/aeadaolazmjendeoti", UR_HEARD_NOISE },
		{ "ur:x/42949672960-2/aeadaolazmjendeoti", UR_HEARD_NOISE },
		{ "ur:x/1-2/aeadaolazmjendeotx", UR_HEARD_NOISE },
		{ "UR:X/AEADAOLAZMJENDEOTI", UR_HEARD_ALL },
	};

	static char long_text[UR_TEXT_MAX + 2];
	size_t noise = 0, others = 0;

	T_EQ(ur_decoder_start(&decoder, "x", room, sizeof room), ERR_OK);
	for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
		printf("# %s\n", rows[i].text);
		T_EQ(ur_decoder_take(&decoder, bytes_str(rows[i].text)), rows[i].heard);
		noise += rows[i].heard == UR_HEARD_NOISE;
		others += rows[i].heard == UR_HEARD_OTHER;
	}
	T_EQ(decoder.noise, noise);
	T_EQ(decoder.others, others);
	memset(long_text, 'a', sizeof long_text);
	memcpy(long_text, "ur:x/", 5);
	T_EQ(ur_decoder_take(&decoder, bytes_of(long_text, UR_TEXT_MAX + 1)), UR_HEARD_NOISE);
	T_EQ(ur_decoder_take(&decoder, bytes_of(long_text, UR_TEXT_MAX)), UR_HEARD_NOISE);
}

static void starts_refused(void)
{
	static const char *const bad[] = {
		"", "X", "a b", "a/b", "a_b", "a:b", "a{b", "a234567890123456789012345678901234"
	};
	static uint8_t before[sizeof encoder];
	const void *now = &encoder;

	memset(&encoder, 0x5a, sizeof encoder);
	memset(before, 0x5a, sizeof before);
	for (size_t i = 0; i < ARRAY_LEN(bad); i++) {
		T_EQ(ur_encoder_start(&encoder, bad[i], bytes_of(message, 1), 100, true),
		     ERR_INPUT);
		T_EQ(ur_decoder_start(&decoder, bad[i], room, 1), ERR_INPUT);
	}
	T_EQ(ur_encoder_start(&encoder, "x", bytes_of(message, 0), 100, true), ERR_INPUT);
	T_EQ(ur_encoder_start(&encoder, "x", bytes_of(message, 1), 9, true), ERR_FIELD_RANGE);
	T_EQ(ur_encoder_start(&encoder, "x", bytes_of(message, 1), 2049, true), ERR_FIELD_RANGE);
	T_EQ(ur_encoder_start(&encoder, "x", bytes_of(message, (size_t)UR_MESSAGE_MAX + 1), 2048,
			      true),
	     ERR_TOO_LARGE);
	T_MEM(now, before, sizeof before);
	T_EQ(ur_encoder_start(&encoder, "az-09", bytes_of(message, 1), 10, true), ERR_OK);
}

static void writers(void)
{
	uint8_t small[100];
	struct writer w;
	struct bytes whole;

	fill(message, 100);
	T_EQ(ur_encoder_start(&encoder, "x", bytes_of(message, 100), 25, false), ERR_OK);
	whole = next(&encoder);
	T_CHECK(whole.n < sizeof small);
	encoder.seq = 0;
	w = writer_make(small, whole.n - 1);
	T_EQ(ur_encoder_next(&encoder, &w), ERR_FULL);
	T_EQ(w.n, 0);
	T_CHECK(!w.bad);
	T_EQ(encoder.seq, 0); /* nothing was lost */
	w = writer_make(small, whole.n);
	T_EQ(ur_encoder_next(&encoder, &w), ERR_OK);
	T_CHECK(bytes_eq(bytes_of(small, w.n), whole));
	w.bad = true;
	T_EQ(ur_encoder_next(&encoder, &w), ERR_FULL);
	T_CHECK(w.bad && w.n == whole.n);
	encoder.seq = UINT32_MAX - 1;
	T_CHECK(next(&encoder).n > 0);
	w = writer_make(text, sizeof text);
	T_EQ(ur_encoder_next(&encoder, &w), ERR_FULL);
	/* the longest text there is fits into UR_TEXT_MAX */
	T_EQ(ur_encoder_start(&encoder, "a2345678901234567890123456789012",
			      bytes_of(message, 60000), UR_FRAGMENT_MAX, true),
	     ERR_OK);
	encoder.seq = UINT32_MAX - 1;
	T_CHECK(next(&encoder).n > 4000);
}

static void strings(void)
{
	static const struct {
		size_t n;
		uint8_t head[5];
		size_t head_n;
	} rows[] = {
		{ 0, { 0x40 }, 1 },
		{ 23, { 0x57 }, 1 },
		{ 24, { 0x58, 24 }, 2 },
		{ 255, { 0x58, 255 }, 2 },
		{ 256, { 0x59, 1, 0 }, 3 },
		{ 65535, { 0x59, 255, 255 }, 3 },
		{ 65536, { 0x5a, 0, 1, 0, 0 }, 5 },
	};

	for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
		struct writer w = writer_make(room, sizeof room);
		struct bytes content;

		fill(message, rows[i].n);
		ur_wrap(&w, bytes_of(message, rows[i].n));
		T_CHECK(!w.bad);
		T_EQ(w.n, rows[i].head_n + rows[i].n);
		T_MEM(room, rows[i].head, rows[i].head_n);
		T_EQ(ur_unwrap(&content, bytes_of(room, w.n)), ERR_OK);
		T_CHECK(bytes_eq(content, bytes_of(message, rows[i].n)));
		T_EQ(ur_unwrap(&content, bytes_of(room, w.n + 1)), ERR_INPUT);
		T_EQ(ur_unwrap(&content, bytes_of(room, w.n - 1)), ERR_INPUT);
	}
}

static void strings_refused(void)
{
	static const struct {
		uint8_t b[12];
		size_t n;
	} rows[] = {
		{ { 0 }, 0 },
		{ { 0x60 }, 1 },                             /* text */
		{ { 0x00 }, 1 },                             /* a number */
		{ { 0x58, 1, 7 }, 3 },                       /* 1 in two bytes */
		{ { 0x58, 23 }, 2 },                         /* likewise, and cut off */
		{ { 0x58 }, 1 },                             /* no length */
		{ { 0x59, 0, 1, 7 }, 4 },                    /* 1 in three */
		{ { 0x59, 1 }, 2 },                          /* half a length */
		{ { 0x5a, 0, 0, 0, 1, 7 }, 6 },              /* 1 in five */
		{ { 0x5b, 0, 0, 0, 0, 0, 0, 0, 1, 7 }, 10 }, /* 1 in nine */
		{ { 0x5c }, 1 },                             /* not in use */
		{ { 0x5f, 0x41, 7, 0xff }, 4 },              /* without a length */
		{ { 0xd8, 0x18, 0x41, 7 }, 4 },              /* tagged */
	};
	struct bytes content = bytes_of(message, 77);
	struct writer w = writer_make(room, 1);

	for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
		T_EQ(ur_unwrap(&content, bytes_of(rows[i].b, rows[i].n)), ERR_INPUT);
		T_EQ(content.n, 77);
	}
	ur_wrap(&w, bytes_of(message, 4));
	T_CHECK(w.bad);
	w = writer_make(room, sizeof room);
	ur_wrap(&w, bytes_of(message, (size_t)UINT32_MAX + 1)); /* refused before it is read */
	T_CHECK(w.bad && w.n == 0);
}

static void words_list(void)
{
	struct bytes whole;
	uint8_t all[BYTEWORDS_WORDS], back[BYTEWORDS_WORDS + 4];

	for (size_t i = 0; i < sizeof all; i++) {
		all[i] = (uint8_t)i;
	}
	for (int style = BYTEWORDS_STANDARD; style <= BYTEWORDS_MINIMAL; style++) {
		struct writer w = writer_make(room, sizeof room),
			      b = writer_make(back, sizeof back);

		bytewords_put(&w, (enum bytewords_style)style, bytes_of(all, sizeof all));
		whole = bytes_of(room, w.n);
		T_EQ(bytewords_get(&b, (enum bytewords_style)style, whole), ERR_OK);
		T_CHECK(bytes_eq(bytes_of(back, b.n), bytes_of(all, sizeof all)));
		b = writer_make(back, sizeof back - 1);
		T_EQ(bytewords_get(&b, (enum bytewords_style)style, whole), ERR_TOO_LARGE);
		/* behind what is there already */
		b = writer_make(back, sizeof back);
		writer_bytes(&b, bytes_str("abc"));
		w = writer_make(room, sizeof room);
		bytewords_put(&w, (enum bytewords_style)style, bytes_of(all, 0));
		T_EQ(w.n, bytewords_length((enum bytewords_style)style, 0));
		T_EQ(bytewords_get(&b, (enum bytewords_style)style, bytes_of(room, w.n)), ERR_OK);
		T_EQ(b.n, 3);
	}
}

static void words_refused(void)
{
	static const struct {
		enum bytewords_style style;
		const char *text;
		enum err e;
	} rows[] = {
		{ BYTEWORDS_STANDARD, "able acid also lava zoom jade need echo taxi", ERR_OK },
		{ BYTEWORDS_STANDARD, "ABLE acid also lava zoom jade need echo TAXI", ERR_OK },
		{ BYTEWORDS_STANDARD, "able acid also lava zoom jade need echo wolf", ERR_INPUT },
		{ BYTEWORDS_STANDARD, "able acid also lava zoom jade need echo tari", ERR_INPUT },
		{ BYTEWORDS_STANDARD, "able acid also lava zoom jade need echo tixi", ERR_INPUT },
		{ BYTEWORDS_STANDARD, "able acid also lava zoom jade need echo taxi ", ERR_INPUT },
		{ BYTEWORDS_STANDARD, " able acid also lava zoom jade need echo taxi", ERR_INPUT },
		{ BYTEWORDS_STANDARD, "able-acid-also-lava-zoom-jade-need-echo-taxi", ERR_INPUT },
		{ BYTEWORDS_URI, "able acid also lava zoom jade need echo taxi", ERR_INPUT },
		{ BYTEWORDS_URI, "able-acid-also-lava-zoom-jade-need-echo-taxi", ERR_OK },
		{ BYTEWORDS_STANDARD, "wolf", ERR_INPUT },
		{ BYTEWORDS_STANDARD, "", ERR_INPUT },
		{ BYTEWORDS_MINIMAL, "aeadaolazmjendeowf", ERR_INPUT },
		{ BYTEWORDS_MINIMAL, "aeadaolazmjendeot", ERR_INPUT },
		{ BYTEWORDS_MINIMAL, "aeadao", ERR_INPUT },
		{ BYTEWORDS_MINIMAL, "aeadaolazmjendeo[i", ERR_INPUT },
		{ BYTEWORDS_MINIMAL, "aeadaolazmjendeo@i", ERR_INPUT },
	};

	for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
		struct writer w = writer_make(room, sizeof room);

		T_EQ(bytewords_get(&w, rows[i].style, bytes_str(rows[i].text)), rows[i].e);
	}
}

/* A fraction that rounds to one stays within the table: nobody's table is read behind its end. */
static void the_last_place(void)
{
	/* next() is rotl(s[1] * 5, 7) * 9: this s[1] makes it 2^64 - 1 */
	struct fountain_random r = { { 0, 0, 0, 0 } };
	static struct fountain_sampler s;
	uint64_t nines = 0x8e38e38e38e38e39ULL * UINT64_MAX; /* divided by 9 */

	r.s[1] = (nines >> 7 | nines << 57) * 0xcccccccccccccccdULL; /* and by 5 */
	T_CHECK(fountain_next(&r) == UINT64_MAX);
	r = (struct fountain_random){ { 0, (nines >> 7 | nines << 57) * 0xcccccccccccccccdULL, 0,
					0 } };
	T_EQ(fountain_below(&r, 7), 6);
	r = (struct fountain_random){ { 0, (nines >> 7 | nines << 57) * 0xcccccccccccccccdULL, 0,
					0 } };
	fountain_degrees_make(&s, 7);
	T_CHECK(fountain_sample(&s, &r) < 7);
}

static void sampler_of_nothing(void)
{
	static struct fountain_sampler s;

	fountain_sampler_make(&s, NULL, 0);
}

static void sampler_of_too_many(void)
{
	static struct fountain_sampler s;

	fountain_degrees_make(&s, FOUNTAIN_PARTS_MAX + 1);
}

static void no_message_yet(void)
{
	(void)!ur_decoder_start(&decoder, "x", room, 1);
	(void)ur_decoder_message(&decoder);
}

static void part_zero(void)
{
	static struct fountain_sampler s;
	struct fountain_mix mix;

	fountain_degrees_make(&s, 2);
	fountain_choose(&mix, &s, 0, 0);
}

static void our_own_mistakes(void)
{
	T_CHECK(t_dies(SIGABRT, sampler_of_nothing));
	T_CHECK(t_dies(SIGABRT, sampler_of_too_many));
	T_CHECK(t_dies(SIGABRT, no_message_yet));
	T_CHECK(t_dies(SIGABRT, part_zero));
}

int main(int argc, char **argv)
{
	static const struct t_case cases[] = {
		{ "a bad road", a_bad_road },
		{ "exactly the parts", exactly_the_parts },
		{ "the most parts", the_most_parts },
		{ "forged parts", forged_parts },
		{ "another cut", another_cut },
		{ "padding", padding },
		{ "rooms", rooms },
		{ "texts refused", texts_refused },
		{ "starts refused", starts_refused },
		{ "writers", writers },
		{ "strings", strings },
		{ "strings refused", strings_refused },
		{ "list of words", words_list },
		{ "words refused", words_refused },
		{ "the last place", the_last_place },
		{ "our own mistakes", our_own_mistakes },
	};

	return crypto_init() == ERR_OK ? t_main(cases, ARRAY_LEN(cases), argc, argv) : 1;
}
