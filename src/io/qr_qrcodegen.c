/* SPDX-License-Identifier: Apache-2.0 */
/*
 * qr_make() by libqrcodegen: for the static program, since Debian has libqrencode only as a shared
 * library.  It allocates nothing.
 */
#include <qrcodegen/qrcodegen.h>
#include <string.h>

#include "io/qr.h"

enum { TEXT_MAX = 4296 };

enum err qr_make(struct qr *out, struct bytes text, enum qr_level level)
{
	static const enum qrcodegen_Ecc levels[] = { [QR_LEVEL_LOW] = qrcodegen_Ecc_LOW,
						     [QR_LEVEL_MEDIUM] = qrcodegen_Ecc_MEDIUM,
						     [QR_LEVEL_QUARTER] = qrcodegen_Ecc_QUARTILE,
						     [QR_LEVEL_HIGH] = qrcodegen_Ecc_HIGH };

	uint8_t bits[qrcodegen_BUFFER_LEN_MAX], work[qrcodegen_BUFFER_LEN_MAX];
	uint8_t code[qrcodegen_BUFFER_LEN_MAX];
	char copy[TEXT_MAX + 1];
	struct qrcodegen_Segment segment;
	int side;

	if (text.n > TEXT_MAX) {
		return ERR_TOO_LARGE;
	}
	if (text.n == 0 || memchr(text.p, '\0', text.n) != NULL) {
		return ERR_INPUT;
	}
	memcpy(copy, text.p, text.n);
	copy[text.n] = '\0';
	if (!qrcodegen_isAlphanumeric(copy)) {
		return ERR_INPUT;
	}
	segment = qrcodegen_makeAlphanumeric(copy, bits);
	/* the level that was asked for, not the best that fits: the side is as with libqrencode */
	if (!qrcodegen_encodeSegmentsAdvanced(&segment, 1, levels[level], qrcodegen_VERSION_MIN,
					      qrcodegen_VERSION_MAX, qrcodegen_Mask_AUTO, false,
					      work, code)) {
		return ERR_TOO_LARGE;
	}
	side = qrcodegen_getSize(code);
	*out = (struct qr){ .side = (uint8_t)side };
	for (int row = 0; row < side; row++) {
		for (int column = 0; column < side; column++) {
			size_t i = (size_t)row * (size_t)side + (size_t)column;

			if (qrcodegen_getModule(code, column, row)) {
				out->dark[i / 8] = (uint8_t)(out->dark[i / 8] | 1U << i % 8);
			}
		}
	}
	return ERR_OK;
}
