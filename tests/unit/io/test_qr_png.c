/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Goal: a PNG has the dots of its code and every check of its chunks; no room is never overrun; and
 * the size of a frame is the largest that a window shows.
 * Method: the chunks are read back and inflated; every smaller room; the texts of an encoder at
 * each side are drawn, and one byte more a frame is too much.  Other people's reader:
 * tests/scenario/qr.
 */
#include <string.h>
#include <zlib.h>

#include "base/check.h"
#include "io/qr_png.h"
#include "io/qr_screen.h"
#include "t.h"

static struct qr code;
static uint8_t out[1 << 18];

static uint32_t u32(const uint8_t *p)
{
	return (uint32_t)p[0] << 24 | (uint32_t)p[1] << 16 | (uint32_t)p[2] << 8 | p[3];
}

/* The data of the chunk at *at, which must have this name and a right check. */
static struct bytes chunk(const uint8_t **at, const char *name)
{
	uint32_t n = u32(*at);
	struct bytes data = bytes_of(*at + 8, n);

	CHECK(memcmp(*at + 4, name, 4) == 0);
	CHECK(u32(*at + 8 + n) == (uint32_t)crc32(0, *at + 4, n + 4));
	*at += n + 12;
	return data;
}

static void dots(void)
{
	static uint8_t raw[1 << 18];

	T_EQ(qr_make(&code, bytes_str("UR:BYTES/AEADAOLAZMJENDEOTI"), QR_LEVEL_MEDIUM), ERR_OK);
	for (unsigned scale = 1; scale <= 9; scale += 4) {
		struct writer w = writer_make(out, sizeof out);
		const uint8_t *at = out + 8;
		uint32_t side = (uint32_t)(code.side + 2 * QR_QUIET) * scale;
		uLongf n = sizeof raw;
		struct bytes data;

		qr_png(&w, &code, scale);
		T_CHECK(!w.bad);
		T_MEM(out, "\x89PNG\r\n\x1a\n", 8);
		data = chunk(&at, "IHDR");
		T_EQ(data.n, 13);
		T_EQ(u32(data.p), side);
		T_EQ(u32(data.p + 4), side);
		T_MEM(data.p + 8, "\x01\0\0\0\0", 5);
		data = chunk(&at, "IDAT");
		T_EQ(uncompress(raw, &n, data.p, data.n), Z_OK);
		T_EQ(chunk(&at, "IEND").n, 0);
		T_EQ(at - out, (long)w.n);
		T_EQ(n, (1 + (side + 7) / 8) * side);
		for (uint32_t y = 0; y < side; y++) {
			const uint8_t *row = raw + y * (1 + (side + 7) / 8);

			T_EQ(row[0], 0);
			for (uint32_t x = 0; x < side; x++) {
				bool light = (row[1 + x / 8] >> (7 - x % 8) & 1) != 0;

				T_EQ(light, !qr_dark(&code, (int)(y / scale) - QR_QUIET,
						     (int)(x / scale) - QR_QUIET));
			}
		}
		for (size_t cap = 0; cap < w.n; cap++) {
			uint8_t *room = malloc(cap > 0 ? cap : 1);
			struct writer less = writer_make(room, cap);

			qr_png(&less, &code, scale);
			T_CHECK(less.bad && less.n <= cap);
			free(room);
		}
	}
}

static void frames_that_fit(void)
{
	static uint8_t message[100000], text[UR_TEXT_MAX];
	static struct ur_encoder e;
	size_t before = 0;

	for (int side = 21; side <= QR_SIDE_MAX; side += 4) {
		size_t n = 2000 + (size_t)side * 500;
		size_t fragment = qr_fragment_within(n, 8, side, QR_LEVEL_LOW);

		if (fragment == 0) {
			T_CHECK(side < 45);
			continue;
		}
		T_CHECK(fragment >= before || fragment == qr_fragment(n));
		before = fragment;
		T_EQ(ur_encoder_start(&e, "kuramori", bytes_of(message, n), fragment, true),
		     ERR_OK);
		e.seq = 65400;
		for (int i = 0; i < 40; i++) {
			struct writer w = writer_make(text, sizeof text);

			T_EQ(ur_encoder_next(&e, &w), ERR_OK);
			T_EQ(qr_make(&code, bytes_of(text, w.n), QR_LEVEL_LOW), ERR_OK);
			T_CHECK(code.side <= side);
		}
	}
	T_EQ(before, QR_FRAGMENT);
	T_EQ(qr_fragment(UR_PARTS_MAX * 1000), 1000);
	/* more than any frame holds, and a window for none */
	T_EQ(qr_fragment_within((size_t)UR_PARTS_MAX * 2100, 8, QR_SIDE_MAX, QR_LEVEL_LOW), 0);
	T_EQ(qr_fragment_within(100, 8, 29, QR_LEVEL_LOW), 0);
	T_EQ(qr_fragment_within(100, 8, -3, QR_LEVEL_LOW), 0);
}

int main(int argc, char **argv)
{
	static const struct t_case cases[] = {
		{ "dots", dots },
		{ "frames that fit", frames_that_fit },
	};

	return t_main(cases, ARRAY_LEN(cases), argc, argv);
}
