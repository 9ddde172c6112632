/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Goal: what comes out of a parcel is whole what one sender packed, whatever parts a foe mixes in,
 * also such that fit every checksum of UR; and only the one form of a message is read.
 * Method: random parcels over a road that loses, damages and disorders, with another animation
 * between; a foe who knows the parcel and changes a part by a multiple of CRC-32's polynomial;
 * every cut and every changed byte of a message; messages of another form by hand.
 */
#include <string.h>

#include "base/check.h"
#include "crypto/crypto.h"
#include "crypto/sha256.h"
#include "t.h"
#include "ur/bytewords.h"
#include "ur/parcel.h"

enum { FRAGMENT = 150, ITEM_MAX = 3000 };

static struct ur_encoder encoder, stranger;
static struct parcel_reader reader;
static uint8_t message[PARCEL_BYTES_MAX + 100], other[PARCEL_BYTES_MAX], text[UR_TEXT_MAX];
static uint8_t items[PARCEL_ITEMS_MAX * ITEM_MAX];

/* Random items; their bytes are items[]. */
static void fill(struct parcel *p, size_t documents, size_t announcements)
{
	uint8_t *at = items;

	*p = (struct parcel){ .document_count = documents, .announcement_count = announcements };
	for (size_t i = 0; i < documents + announcements; i++) {
		size_t n = 1 + t_below(ITEM_MAX);

		for (size_t k = 0; k < n; k++) {
			at[k] = (uint8_t)t_random();
		}
		*(i < documents ? &p->documents[i] : &p->announcements[i - documents]) =
		    bytes_of(at, n);
		at += n;
	}
}

static bool same(const struct parcel *a, const struct parcel *b)
{
	bool good = a->document_count == b->document_count &&
		    a->announcement_count == b->announcement_count &&
		    hash32_eq(&a->digest, &b->digest);

	for (size_t i = 0; good && i < a->document_count; i++) {
		good = bytes_eq(a->documents[i], b->documents[i]);
	}
	for (size_t i = 0; good && i < a->announcement_count; i++) {
		good = bytes_eq(a->announcements[i], b->announcements[i]);
	}
	return good;
}

static struct bytes packed(uint8_t *to, size_t cap, struct parcel *p)
{
	struct writer w = writer_make(to, cap);

	CHECK(parcel_close(&w, p) == ERR_OK);
	return bytes_of(to, w.n);
}

static struct bytes next(struct ur_encoder *e)
{
	struct writer w = writer_make(text, sizeof text);

	CHECK(ur_encoder_next(e, &w) == ERR_OK);
	return bytes_of(text, w.n);
}

static void a_bad_road(void)
{
	for (int round = 0; round < 20; round++) {
		struct parcel p, foreign;
		struct bytes m, f;
		unsigned damaged = 0;
		enum ur_heard heard = UR_HEARD_PART;

		do { /* in several texts: a whole one that comes first is what was sent */
			fill(&foreign, 1 + t_below(4), 0);
			f = packed(other, sizeof other, &foreign);
		} while (f.n < 1000);
		fill(&p, t_below(8), 1 + t_below(4));
		m = packed(message, sizeof message, &p);
		T_EQ(ur_encoder_start(&encoder, PARCEL_TYPE, m, FRAGMENT, true), ERR_OK);
		T_EQ(ur_encoder_start(&stranger, PARCEL_TYPE, f, FRAGMENT, true), ERR_OK);
		parcel_reader_start(&reader);
		(void)parcel_reader_take(&reader, next(t_below(2) == 0 ? &stranger : &encoder));
		for (int shown = 0; shown < 5000 && heard != UR_HEARD_ALL; shown++) {
			struct bytes t = next(&encoder);
			uint64_t what = t_below(10);

			if (what == 0) {
				continue; /* lost */
			}
			if (what == 1 && t.n > 40) {
				text[40 + t_below(t.n - 40)] ^= 1;
				damaged++;
			} else if (what == 2) {
				t = next(&stranger);
			}
			heard = parcel_reader_take(&reader, t);
		}
		T_EQ(heard, UR_HEARD_ALL);
		T_CHECK(same(&reader.parcel, &p));
		T_EQ(reader.noise, damaged);
		T_EQ(parcel_reader_others(&reader),
		     reader.parts - parcel_reader_lead(&reader)->heard);
		T_EQ(reader.forged, 0);
		/* what comes later changes nothing */
		T_EQ(parcel_reader_take(&reader, next(&stranger)), UR_HEARD_AGAIN);
		T_CHECK(same(&reader.parcel, &p));
	}
}

/* XORs the polynomial of CRC-32 into p, from bit `at` on: the checksum stays what it is. */
static void same_sum(uint8_t *p, size_t at)
{
	const uint64_t polynomial = 0x104c11db7;

	for (unsigned i = 0; i < 33; i++) {
		if ((polynomial >> (32 - i) & 1) != 0) {
			p[(at + i) / 8] ^= (uint8_t)(1u << (at + i) % 8);
		}
	}
}

/* A part of m as a foe writes it, with good checksums. */
static struct bytes forged_part(struct bytes m, uint32_t seq, size_t fragment, uint32_t parts,
				uint32_t checksum)
{
	uint8_t part[512], data[256] = { 0 };
	struct writer b = writer_make(part, sizeof part), w = writer_make(text, sizeof text);
	const size_t from = (seq - 1) * fragment;
	const uint32_t numbers[] = { seq, parts, (uint32_t)m.n, checksum };
	char place[64];

	memcpy(data, m.p + from, m.n - from < fragment ? m.n - from : fragment);
	same_sum(data, 8 * 20 + 3);
	writer_bytes(&b, bytes_of("\x85", 1));
	for (size_t i = 0; i < 4; i++) {
		uint8_t four[] = { 0x1a, (uint8_t)(numbers[i] >> 24), (uint8_t)(numbers[i] >> 16),
				   (uint8_t)(numbers[i] >> 8), (uint8_t)numbers[i] };

		if (numbers[i] < 24) {
			writer_bytes(&b, bytes_of(&four[4], 1));
		} else if (numbers[i] < 65536) {
			four[2] = numbers[i] < 256 ? 0x18 : 0x19;
			writer_bytes(&b, numbers[i] < 256
					     ? bytes_of((uint8_t[]){ 0x18, four[4] }, 2)
					     : bytes_of((uint8_t[]){ 0x19, four[3], four[4] }, 3));
		} else {
			writer_bytes(&b, bytes_of(four, 5));
		}
	}
	ur_wrap(&b, bytes_of(data, fragment));
	(void)snprintf(place, sizeof place, "ur:" PARCEL_TYPE "/%u-%u/", seq, parts);
	writer_bytes(&w, bytes_str(place));
	bytewords_put(&w, BYTEWORDS_MINIMAL, bytes_of(part, b.n));
	CHECK(!b.bad && !w.bad);
	return bytes_of(text, w.n);
}

/* Without the digest a document came out that nobody sent: every checksum of UR fits. */
static void a_foe_who_can_forge_crc(void)
{
	static struct ur_decoder bare;
	static uint8_t room[PARCEL_BYTES_MAX];
	struct parcel p;
	struct bytes m;
	enum ur_heard heard = UR_HEARD_PART;
	uint32_t parts;

	do {
		fill(&p, 3, 0);
		m = packed(message, sizeof message, &p);
	} while (m.n < 1000);
	T_EQ(ur_encoder_start(&encoder, PARCEL_TYPE, m, FRAGMENT, false), ERR_OK);
	parts = (uint32_t)encoder.parts;
	T_EQ(ur_decoder_start(&bare, PARCEL_TYPE, room, sizeof room), ERR_OK);
	parcel_reader_start(&reader);
	for (uint32_t i = 1; i <= parts; i++) {
		struct bytes honest = next(&encoder);
		struct bytes t =
		    i == 3 ? forged_part(m, 3, encoder.fragment, parts, encoder.checksum) : honest;

		heard = ur_decoder_take(&bare, t);
		T_EQ(parcel_reader_take(&reader, t), i < parts ? UR_HEARD_PART : UR_HEARD_FALSE);
	}
	T_EQ(heard, UR_HEARD_ALL);
	T_CHECK(!bytes_eq(ur_decoder_message(&bare), m));
	T_EQ(reader.forged, 1);
	T_EQ(parcel_reader_lead(&reader)->decoder.solved, 0);
	T_EQ(parcel_reader_others(&reader), 0);
	/* and without the foe it is whole in the next round */
	do {
		heard = parcel_reader_take(&reader, next(&encoder));
	} while (heard == UR_HEARD_PART || heard == UR_HEARD_AGAIN);
	T_EQ(heard, UR_HEARD_ALL);
	T_CHECK(same(&reader.parcel, &p));
}

/* The foe's picture comes first: true parts contradict it, and are whole in the same round. */
static void a_foe_who_is_first(void)
{
	struct parcel p;
	struct bytes m;
	enum ur_heard heard;
	uint32_t parts;

	fill(&p, 8, 0);
	m = packed(message, sizeof message, &p);
	T_EQ(ur_encoder_start(&encoder, PARCEL_TYPE, m, FRAGMENT, false), ERR_OK);
	parts = (uint32_t)encoder.parts;
	T_CHECK(parts > 10);
	parcel_reader_start(&reader);
	T_EQ(parcel_reader_take(&reader,
				forged_part(m, 1, encoder.fragment, parts, encoder.checksum)),
	     UR_HEARD_PART);
	for (uint32_t i = 1; i < parts; i++) {
		T_EQ(parcel_reader_take(&reader, next(&encoder)), UR_HEARD_PART);
	}
	heard = parcel_reader_take(&reader, next(&encoder));
	T_EQ(heard, UR_HEARD_ALL);
	T_CHECK(same(&reader.parcel, &p));
	T_EQ(reader.forged, 1);
}

/* Strangers' pictures, however many and however whole, do not take a place that is well used. */
static void strangers(void)
{
	static struct ur_encoder many[10];
	static uint8_t rooms[10][8192];
	struct parcel p, foreign, tiny = { .document_count = 1 };
	enum ur_heard heard = UR_HEARD_PART;
	uint8_t small[100];

	tiny.documents[0] = bytes_str("x");
	for (size_t i = 0; i < ARRAY_LEN(many); i++) {
		fill(&foreign, 1, 1);
		T_EQ(ur_encoder_start(&many[i], PARCEL_TYPE,
				      packed(rooms[i], sizeof rooms[i], &foreign), 20, true),
		     ERR_OK);
	}
	T_EQ(
	    ur_encoder_start(&stranger, PARCEL_TYPE, packed(small, sizeof small, &tiny), 200, true),
	    ERR_OK);
	fill(&p, 6, 0);
	T_EQ(ur_encoder_start(&encoder, PARCEL_TYPE, packed(message, sizeof message, &p), FRAGMENT,
			      true),
	     ERR_OK);
	parcel_reader_start(&reader);
	for (size_t i = 0; i < 3; i++) {
		T_EQ(parcel_reader_take(&reader, next(&many[i])), UR_HEARD_PART);
	}
	(void)parcel_reader_take(&reader, next(&encoder));
	(void)parcel_reader_take(&reader, next(&encoder));
	/* a whole one in one picture */
	T_EQ(parcel_reader_take(&reader, next(&stranger)), UR_HEARD_OTHER);
	T_CHECK(!reader.complete);
	for (size_t i = 0; heard != UR_HEARD_ALL && i < 2000; i++) {
		(void)parcel_reader_take(&reader, next(&many[i % ARRAY_LEN(many)]));
		heard = parcel_reader_take(&reader, next(&encoder));
	}
	T_EQ(heard, UR_HEARD_ALL);
	T_CHECK(same(&reader.parcel, &p));
	T_CHECK(parcel_reader_others(&reader) > encoder.parts - 3);
	T_EQ(reader.noise + reader.too_large + reader.forged, 0);
}

/* Of those that are not heard most, who was heard least makes room; what is no UR of ours takes
 * none. */
static void who_makes_room(void)
{
	static const size_t times[PARCEL_CANDIDATES] = { 2, 3, 1, 2 };
	static struct ur_encoder many[PARCEL_CANDIDATES + 1];
	static uint8_t rooms[PARCEL_CANDIDATES + 1][8192];
	struct parcel foreign;
	char blanks[UR_TEXT_MAX];
	struct bytes said;

	for (size_t i = 0; i < ARRAY_LEN(many); i++) {
		fill(&foreign, 2, 1);
		T_EQ(ur_encoder_start(&many[i], PARCEL_TYPE,
				      packed(rooms[i], sizeof rooms[i], &foreign), 20, false),
		     ERR_OK);
	}
	T_EQ(ur_encoder_start(&stranger, "bytes",
			      bytes_str("neither a parcel nor any of its parts"), 20, false),
	     ERR_OK);
	parcel_reader_start(&reader);
	for (size_t i = 0; i < PARCEL_CANDIDATES; i++) {
		T_EQ(parcel_reader_take(&reader, next(&stranger)), UR_HEARD_OTHER);
		for (size_t k = 0; k < times[i]; k++) {
			T_EQ(parcel_reader_take(&reader, next(&many[i])), UR_HEARD_PART);
		}
	}
	T_EQ(parcel_reader_take(&reader, next(&stranger)), UR_HEARD_OTHER);
	T_EQ(parcel_reader_take(&reader, next(&many[PARCEL_CANDIDATES])), UR_HEARD_PART);
	/* the third had one text, and is gone; the others are still followed, blanks or not */
	T_EQ(reader.all[2].heard, 1);
	said = next(&many[1]);
	(void)snprintf(blanks, sizeof blanks, "\t\r %.*s \r\t", (int)said.n, (const char *)said.p);
	T_EQ(parcel_reader_take(&reader, bytes_str(blanks)), UR_HEARD_PART);
	T_EQ(reader.all[1].heard, times[1] + 1);
}

static void what_is_no_parcel(void)
{
	struct parcel p, got = { .document_count = 7 };
	struct bytes m;
	uint8_t copy[4096];

	fill(&p, 0, 0);
	p.document_count = 2;
	p.announcement_count = 1;
	p.documents[0] = bytes_str("one");
	p.documents[1] = bytes_str("another one");
	p.announcements[0] = bytes_str("bytes of a transaction");
	m = packed(message, sizeof message, &p);
	T_EQ(parcel_open(&got, m), ERR_OK);
	T_CHECK(same(&got, &p));
	for (size_t n = 0; n < m.n; n++) {
		T_CHECK(parcel_open(&got, bytes_of(m.p, n)) != ERR_OK);
	}
	for (size_t at = 0; at < m.n; at++) {
		for (unsigned bit = 0; bit < 8; bit++) {
			memcpy(copy, m.p, m.n);
			copy[at] ^= (uint8_t)(1u << bit);
			T_CHECK(parcel_open(&got, bytes_of(copy, m.n)) != ERR_OK);
		}
	}
	T_CHECK(same(&got, &p));
}

/* The digest is right, the form is not. */
static enum err open_items(const char *raw, size_t n)
{
	static const char name[] = "kuramori parcel v1\n";
	uint8_t m[256] = { 0x83, 0x58, 32 }, named[256];
	struct parcel p;
	struct hash32 digest;

	memcpy(named, name, sizeof name - 1);
	memcpy(named + sizeof name - 1, raw, n);
	sha256(&digest, bytes_of(named, sizeof name - 1 + n));
	memcpy(m + 3, digest.b, 32);
	memcpy(m + 35, raw, n);
	return parcel_open(&p, bytes_of(m, 35 + n));
}

static void other_forms(void)
{
	T_EQ(open_items("\x81\x41"
			"a"
			"\x80",
			4),
	     ERR_OK);
	T_EQ(open_items("\x80\x81\x41"
			"a",
			4),
	     ERR_OK);
	T_EQ(open_items("\x80\x80", 2), ERR_INPUT);     /* nothing */
	T_EQ(open_items("\x81\x40\x80", 3), ERR_INPUT); /* an empty item */
	T_EQ(open_items("\x81\x41"
			"a",
			3),
	     ERR_INPUT); /* one list */
	T_EQ(open_items("\x81\x41"
			"a"
			"\x80\x80",
			5),
	     ERR_INPUT); /* left over */
	T_EQ(open_items("\x81\x61"
			"a"
			"\x80",
			4),
	     ERR_INPUT); /* a text */
	T_EQ(open_items("\x98\x01\x41"
			"a"
			"\x80",
			5),
	     ERR_INPUT); /* not the shortest */
	T_EQ(open_items("\x9f\x41"
			"a"
			"\xff\x80",
			5),
	     ERR_INPUT); /* without a length */
	T_EQ(open_items("\x98\x41", 2), ERR_TOO_LARGE);
	T_EQ(open_items("", 0), ERR_INPUT);
}

static void limits(void)
{
	static uint8_t large[PARCEL_BYTES_MAX];
	struct writer w = writer_make(message, sizeof message);
	struct parcel p = { .document_count = 0 }, got;

	T_EQ(parcel_close(&w, &p), ERR_INPUT);
	p.document_count = 1;
	T_EQ(parcel_close(&w, &p), ERR_INPUT);
	memset(large, 'x', sizeof large);
	/* head, digest, two lists, the length of the item */
	p.documents[0] = bytes_of(large, sizeof large - 42);
	w = writer_make(message, sizeof message);
	T_EQ(parcel_close(&w, &p), ERR_OK);
	T_EQ(w.n, PARCEL_BYTES_MAX);
	T_EQ(parcel_open(&got, bytes_of(message, w.n)), ERR_OK);
	T_EQ(parcel_open(&got, bytes_of(message, w.n + 1)), ERR_TOO_LARGE);
	w = writer_make(message, PARCEL_BYTES_MAX - 1);
	T_EQ(parcel_close(&w, &p), ERR_TOO_LARGE);
	p.documents[0].n++;
	w = writer_make(message, sizeof message);
	T_EQ(parcel_close(&w, &p), ERR_TOO_LARGE);
	p.document_count = PARCEL_ITEMS_MAX + 1;
	w = writer_make(message, sizeof message);
	T_EQ(parcel_close(&w, &p), ERR_TOO_LARGE);
}

static void what_a_reader_counts(void)
{
	struct parcel p;
	char mark[PARCEL_MARK_BYTES];

	fill(&p, 0, 0);
	p.document_count = 1;
	p.documents[0] = bytes_str("short");
	T_EQ(ur_encoder_start(&encoder, PARCEL_TYPE, packed(message, sizeof message, &p), 1000,
			      true),
	     ERR_OK);
	parcel_reader_start(&reader);
	T_EQ(parcel_reader_take(&reader, bytes_str("")), UR_HEARD_NOISE);
	T_EQ(parcel_reader_take(&reader, bytes_str("https://example.org/")), UR_HEARD_NOISE);
	T_EQ(parcel_reader_take(&reader, bytes_str("ur:bytes/aeadaolazmjendeoti")), UR_HEARD_OTHER);
	/* a UR of our type that is no parcel: [0, 1, 2] */
	{
		struct writer w = writer_make(text, sizeof text);

		writer_bytes(&w, bytes_str("ur:" PARCEL_TYPE "/"));
		bytewords_put(&w, BYTEWORDS_MINIMAL, bytes_of("\x83\x00\x01\x02", 4));
		T_EQ(parcel_reader_take(&reader, bytes_of(text, w.n)), UR_HEARD_FALSE);
	}
	/* longer than any text, and a part of a message that is larger than a parcel */
	{
		static uint8_t huge[PARCEL_BYTES_MAX + 2 * UR_FRAGMENT_MAX];

		memset(huge, 'a', sizeof huge);
		T_EQ(parcel_reader_take(&reader, bytes_of(huge, UR_TEXT_MAX + 1)),
		     UR_HEARD_TOO_LARGE);

		T_EQ(ur_encoder_start(&stranger, PARCEL_TYPE, bytes_of(huge, sizeof huge), 2000,
				      true),
		     ERR_OK);
		T_EQ(parcel_reader_take(&reader, next(&stranger)), UR_HEARD_TOO_LARGE);
	}
	T_EQ(reader.too_large, 2);
	T_EQ(parcel_reader_refused(&reader), 6);
	{
		struct bytes t = next(&encoder);

		/* as a scanner types it */
		memmove(text + 1, text, t.n);
		text[0] = ' ';
		text[t.n + 1] = '\r';
		T_EQ(parcel_reader_take(&reader, bytes_of(text, t.n + 2)), UR_HEARD_ALL);
	}
	T_CHECK(same(&reader.parcel, &p));
	parcel_mark(mark, &reader.parcel);
	T_EQ(strlen(mark), PARCEL_MARK_BYTES - 1);
	T_EQ(mark[4], ' ');
}

int main(int argc, char **argv)
{
	static const struct t_case cases[] = {
		{ "a bad road", a_bad_road },
		{ "a foe who can forge CRC-32", a_foe_who_can_forge_crc },
		{ "a foe who is first", a_foe_who_is_first },
		{ "strangers", strangers },
		{ "who makes room", who_makes_room },
		{ "what is no parcel", what_is_no_parcel },
		{ "other forms", other_forms },
		{ "limits", limits },
		{ "what a reader counts", what_a_reader_counts },
	};

	return crypto_init() == ERR_OK ? t_main(cases, ARRAY_LEN(cases), argc, argv) : 1;
}
