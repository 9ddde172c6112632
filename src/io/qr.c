/* SPDX-License-Identifier: Apache-2.0 */
#include "io/qr.h"

#include <stdio.h>

#include "base/check.h"

bool qr_dark(const struct qr *q, int row, int column)
{
	size_t i;

	if (row < 0 || column < 0 || row >= q->side || column >= q->side) {
		return false;
	}
	i = (size_t)row * q->side + (size_t)column;
	return ((unsigned)q->dark[i / 8] >> i % 8 & 1U) != 0;
}

void qr_pgm(struct writer *w, const struct qr *q, unsigned scale)
{
	const int all = q->side + 2 * QR_QUIET;
	char head[64];

	CHECK(scale >= 1 && scale <= QR_SCALE_MAX);
	(void)snprintf(head, sizeof head, "P5\n%u %u\n255\n", (unsigned)all * scale,
		       (unsigned)all * scale);
	writer_bytes(w, bytes_str(head));
	for (unsigned y = 0; y < (unsigned)all * scale; y++) {
		for (int column = 0; column < all; column++) {
			const bool dark =
			    qr_dark(q, (int)(y / scale) - QR_QUIET, column - QR_QUIET);
			const uint8_t grey = dark ? 0 : 255;

			for (unsigned x = 0; x < scale; x++) {
				writer_bytes(w, bytes_of(&grey, 1));
			}
		}
	}
}

void qr_svg(struct writer *w, const struct qr *q)
{
	const int all = q->side + 2 * QR_QUIET;
	char text[256];

	(void)snprintf(text, sizeof text,
		       "<svg xmlns=\"http://www.w3.org/2000/svg\" viewBox=\"0 0 %d %d\">"
		       "<rect width=\"%d\" height=\"%d\" fill=\"#fff\"/><path d=\"",
		       all, all, all, all);
	writer_bytes(w, bytes_str(text));
	for (int row = 0; row < q->side; row++) {
		for (int column = 0; column < q->side; column++) {
			int start = column;

			while (qr_dark(q, row, column)) {
				column++;
			}
			if (column > start) {
				(void)snprintf(text, sizeof text, "M%d %dh%dv1h-%dz",
					       start + QR_QUIET, row + QR_QUIET, column - start,
					       column - start);
				writer_bytes(w, bytes_str(text));
			}
		}
	}
	writer_bytes(w, bytes_str("\"/></svg>\n"));
}

void qr_blocks(struct writer *w, const struct qr *q)
{
	/* none, the upper, the lower, both */
	static const char *const halves[] = { " ", "\xe2\x96\x80", "\xe2\x96\x84", "\xe2\x96\x88" };

	for (int row = -QR_QUIET; row < q->side + QR_QUIET; row += 2) {
		writer_bytes(w, bytes_str("\x1b[30;107m"));
		for (int column = -QR_QUIET; column < q->side + QR_QUIET; column++) {
			unsigned upper = qr_dark(q, row, column);
			unsigned lower = qr_dark(q, row + 1, column);

			writer_bytes(w, bytes_str(halves[upper + 2 * lower]));
		}
		writer_bytes(w, bytes_str("\x1b[0m\n"));
	}
}
