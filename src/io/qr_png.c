/* SPDX-License-Identifier: Apache-2.0 */
#include "io/qr_png.h"

#include <zlib.h>

#include "base/check.h"

enum { ROW_BYTES = 1 + ((QR_SIDE_MAX + 2 * QR_QUIET) * QR_SCALE_MAX + 7) / 8 };

/* Numbers of PNG are big endian. */
static void put_u32(uint8_t *p, uint32_t v)
{
	p[0] = (uint8_t)(v >> 24);
	p[1] = (uint8_t)(v >> 16);
	p[2] = (uint8_t)(v >> 8);
	p[3] = (uint8_t)v;
}

/* Closes the chunk whose length stands at `at`: the length, and a CRC-32 of name and data. */
static void close_chunk(struct writer *w, size_t at)
{
	uint8_t sum[4];

	if (w->bad) {
		return;
	}
	put_u32(w->p + at, (uint32_t)(w->n - at - 8));
	put_u32(sum, (uint32_t)crc32(0, w->p + at + 4, (uInt)(w->n - at - 4)));
	writer_bytes(w, bytes_of(sum, sizeof sum));
}

static void put_chunk(struct writer *w, const char *name, struct bytes data)
{
	static const uint8_t length[4];
	const size_t at = w->n;

	writer_bytes(w, bytes_of(length, sizeof length));
	writer_bytes(w, bytes_of(name, 4));
	writer_bytes(w, data);
	close_chunk(w, at);
}

/* One row of dots: no filter, then a bit a dot, white is one. */
static size_t fill_row(uint8_t *row, const struct qr *q, int module_row, unsigned scale)
{
	const int all = q->side + 2 * QR_QUIET;
	const size_t dots = (size_t)all * scale;

	memset(row, 0, 1 + (dots + 7) / 8);
	for (size_t x = 0; x < dots; x++) {
		if (!qr_dark(q, module_row, (int)(x / scale) - QR_QUIET)) {
			row[1 + x / 8] = (uint8_t)(row[1 + x / 8] | 0x80U >> x % 8);
		}
	}
	return 1 + (dots + 7) / 8;
}

static void put_dots(struct writer *w, const struct qr *q, unsigned scale)
{
	const size_t rows = (size_t)(q->side + 2 * QR_QUIET) * scale;
	uint8_t row[ROW_BYTES];
	z_stream z = { .next_out = w->p + w->n };

	if (w->bad || deflateInit(&z, Z_DEFAULT_COMPRESSION) != Z_OK) {
		w->bad = true;
		return;
	}
	z.next_out = w->p + w->n;
	z.avail_out = (uInt)(w->cap - w->n);
	for (size_t y = 0; y < rows && !w->bad; y++) {
		int end = y + 1 < rows ? Z_OK : Z_STREAM_END;

		z.next_in = row;
		z.avail_in = (uInt)fill_row(row, q, (int)(y / scale) - QR_QUIET, scale);
		w->bad = deflate(&z, end == Z_OK ? Z_NO_FLUSH : Z_FINISH) != end || z.avail_in != 0;
	}
	w->n = w->cap - z.avail_out;
	(void)deflateEnd(&z);
}

void qr_png(struct writer *w, const struct qr *q, unsigned scale)
{
	const uint32_t side = (uint32_t)(q->side + 2 * QR_QUIET) * scale;
	/* width, height, one bit of grey; deflate, filters of each row, not interlaced */
	uint8_t head[13] = { [8] = 1 };
	size_t at;

	CHECK(scale >= 1 && scale <= QR_SCALE_MAX);
	put_u32(head, side);
	put_u32(head + 4, side);
	writer_bytes(w, bytes_of("\x89PNG\r\n\x1a\n", 8));
	put_chunk(w, "IHDR", bytes_of(head, sizeof head));
	at = w->n;
	writer_bytes(w, bytes_of("\0\0\0\0IDAT", 8));
	put_dots(w, q, scale);
	close_chunk(w, at);
	put_chunk(w, "IEND", bytes_of(NULL, 0));
}
