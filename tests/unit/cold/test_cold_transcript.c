/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Goal: a transcript is read as it was written, and every change of it is found: at its line, or,
 * where somebody wrote all later lines anew, at the next seal.
 *
 * Method: a short transcript with two seals; each byte of it is changed in turn, lines are left
 * out, doubled and exchanged, and lines that are none are read.
 */
#include <stdio.h>
#include <string.h>

#include "t.h"

#include "cold/cold_transcript.h"

enum { LINES = 6 };

static uint8_t room[16384], secret[2][ED25519_SECRET_BYTES];
static struct key32 key[2];
static struct writer w;
static struct cold_transcript t;
static struct bytes line[LINES]; /* without line feeds */

static void cut(void)
{
	const uint8_t *at = room;

	for (size_t i = 0; i < LINES; i++) {
		const uint8_t *end = memchr(at, '\n', (size_t)(room + w.n - at));

		line[i] = bytes_of(at, (size_t)(end - at));
		at = end + 1;
	}
}

static void ready(void)
{
	uint8_t seed[ED25519_SEED_BYTES];

	for (uint8_t i = 0; i < 2; i++) {
		memset(seed, 7 + i, sizeof seed);
		ed25519_keypair(&key[i], secret[i], seed);
	}
	w = writer_make(room, sizeof room);
	cold_transcript_start(&t);
	cold_transcript_add(&t, &w, 1516924800000, "begin", bytes_str("kuramori-cold init"));
	cold_transcript_add(&t, &w, 1516924800001, "shown", bytes_str("genesis in words"));
	cold_transcript_add(&t, &w, 1516924800002, "typed", bytes_str("same"));
	cold_transcript_seal(&t, &w, 1516924800003, "holder-0", secret[0]);
	cold_transcript_add(&t, &w, 1516924800004, "note", bytes_str(""));
	cold_transcript_seal(&t, &w, 1516924800005, "officer-1", secret[1]);
	cut();
}

/* Reads what stands there; the place of the line that is wrong, or LINES. */
static size_t wrong(enum err *e)
{
	struct cold_transcript_line got;
	struct cold_transcript s;

	cold_transcript_start(&s);
	for (size_t i = 0; i < LINES; i++) {
		*e = cold_transcript_take(&s, line[i], &got);
		if (*e != ERR_OK) {
			return i;
		}
	}
	return LINES;
}

static void it_is_read_as_it_was_written(void)
{
	struct cold_transcript_line got;
	struct cold_transcript s;

	ready();
	cold_transcript_start(&s);
	T_EQ(cold_transcript_take(&s, line[0], &got), ERR_OK);
	T_EQ(got.time_ms, 1516924800000);
	T_CHECK(bytes_eq(got.kind, bytes_str("begin")));
	T_CHECK(bytes_eq(got.text, bytes_str("kuramori-cold init")));
	T_CHECK(!s.sealed && s.seals == 0);
	T_EQ(cold_transcript_take(&s, line[1], &got), ERR_OK);
	T_EQ(cold_transcript_take(&s, line[2], &got), ERR_OK);
	T_EQ(cold_transcript_take(&s, line[3], &got), ERR_OK);
	T_CHECK(bytes_eq(got.name, bytes_str("holder-0")) && key32_eq(&got.key, &key[0]));
	T_CHECK(s.sealed && s.seals == 1);
	T_EQ(cold_transcript_take(&s, line[4], &got), ERR_OK);
	T_CHECK(!s.sealed && got.text.n == 0);
	T_EQ(cold_transcript_take(&s, line[5], &got), ERR_OK);
	T_CHECK(s.sealed && s.seals == 2 && s.lines == 7);
	T_CHECK(hash32_eq(&s.chain, &t.chain));
}

static void a_byte_is_found_at_its_line(void)
{
	enum err e;

	ready();
	for (size_t i = 0; i < LINES; i++) {
		for (size_t k = 0; k < line[i].n; k++) {
			uint8_t *at = room + (line[i].p - room) + k;
			uint8_t was = *at;

			*at ^= 1;
			T_EQ(wrong(&e), i);
			*at = was;
		}
	}
	T_EQ(wrong(&e), LINES);
}

static void lines_keep_their_places(void)
{
	struct bytes one;
	enum err e;

	for (size_t i = 0; i + 1 < LINES; i++) {
		ready();
		one = line[i];
		line[i] = line[i + 1]; /* one is gone, the next stands twice */
		T_EQ(wrong(&e), i);
		line[i + 1] = one; /* exchanged */
		T_EQ(wrong(&e), i);
	}
	ready();
	line[5] = line[0]; /* an old line again */
	T_EQ(wrong(&e), 5);
}

/* Whoever writes everything behind his change anew has no key for the seal. */
static void written_anew(void)
{
	struct cold_transcript_line got;
	struct cold_transcript s;
	uint8_t other[4096];
	struct writer o = writer_make(other, sizeof other);
	const char *text;

	ready();
	cold_transcript_start(&s);
	cold_transcript_add(&s, &o, 1516924800000, "begin", bytes_str("kuramori-cold init"));
	cold_transcript_add(&s, &o, 1516924800002, "shown", bytes_str("other words"));
	text = strstr((const char *)line[3].p, "holder-0");
	cold_transcript_add(&s, &o, 1516924800003, "seal",
			    bytes_of(text, line[3].n - (size_t)(text - (const char *)line[3].p)));
	cold_transcript_start(&s);
	for (size_t i = 0, from = 0; i < 3; i++) {
		size_t n =
		    (size_t)((uint8_t *)memchr(other + from, '\n', o.n - from) - other) - from;

		T_EQ(cold_transcript_take(&s, bytes_of(other + from, n), &got),
		     i < 2 ? ERR_OK : ERR_SIGNATURE);
		from += n + 1;
	}
}

static enum err taken(const char *kind, const char *text)
{
	struct cold_transcript_line got;
	struct cold_transcript s;
	uint8_t raw[COLD_TRANSCRIPT_LINE_MAX];
	struct writer o = writer_make(raw, sizeof raw);

	cold_transcript_start(&s);
	cold_transcript_add(&s, &o, 1, kind, bytes_str(text));
	cold_transcript_start(&s);
	return cold_transcript_take(&s, bytes_of(raw, o.n - 1), &got);
}

static void what_is_no_line(void)
{
	static const char *const bad[] = {
		"",
		"x",
		"0123456789abcdef",
		"0123456789abcdef 12",
		"0123456789abcdef 12 note",
		"0123456789abcde 12 note x",
		"0123456789abcdef  note x",
		"0123456789abcdef 1x2 note x",
		"0123456789abcdef /12 note x",
		"0123456789abcdef 1234567890123456 note x",
	};
	struct cold_transcript_line got;
	struct cold_transcript s;
	char longest[COLD_TRANSCRIPT_LINE_MAX + 1];

	for (size_t i = 0; i < ARRAY_LEN(bad); i++) {
		cold_transcript_start(&s);
		T_EQ(cold_transcript_take(&s, bytes_str(bad[i]), &got), ERR_INPUT);
	}
	memset(longest, 'a', sizeof longest);
	T_EQ(cold_transcript_take(&s, bytes_of(longest, COLD_TRANSCRIPT_LINE_MAX), &got),
	     ERR_INPUT);
	T_EQ(taken("note", "x"), ERR_OK);
	T_EQ(taken("seal", ""), ERR_INPUT);
	T_EQ(taken("seal", "name"), ERR_INPUT);
	T_EQ(taken("seal", "name 00"), ERR_INPUT);
	T_EQ(taken("seal", "name 00 00"), ERR_INPUT);
	T_EQ(taken("seal", "name "
			   "0000000000000000000000000000000000000000000000000000000000000000 00"),
	     ERR_INPUT);
}

static void what_cannot_stand_in_a_line(void)
{
	struct cold_transcript_line got;
	struct cold_transcript s;
	uint8_t raw[COLD_TRANSCRIPT_LINE_MAX];
	struct writer o = writer_make(raw, sizeof raw);
	static char much[2 * COLD_TRANSCRIPT_TEXT_MAX];

	memset(much, 'm', sizeof much);
	memcpy(much, "a\nb\x1b\x7f\xc3\xa4", 7);
	cold_transcript_start(&s);
	cold_transcript_add(&s, &o, UINT64_C(999999999999999), "shown",
			    bytes_of(much, sizeof much));
	cold_transcript_start(&s);
	T_EQ(cold_transcript_take(&s, bytes_of(raw, o.n - 1), &got), ERR_OK);
	T_EQ(got.text.n, COLD_TRANSCRIPT_TEXT_MAX);
	T_MEM(got.text.p, "a?b??\xc3\xa4m", 8);
}

int main(int argc, char **argv)
{
	static const struct t_case cases[] = {
		{ "it is read as it was written", it_is_read_as_it_was_written },
		{ "a byte is found at its line", a_byte_is_found_at_its_line },
		{ "lines keep their places", lines_keep_their_places },
		{ "written anew", written_anew },
		{ "what is no line", what_is_no_line },
		{ "what cannot stand in a line", what_cannot_stand_in_a_line },
	};

	return t_main(cases, ARRAY_LEN(cases), argc, argv);
}
