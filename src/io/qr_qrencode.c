/* SPDX-License-Identifier: Apache-2.0 */
/*
 * qr_make() by libqrencode: for programs that are linked dynamically.
 */
#include <errno.h>
#include <qrencode.h>

#include "io/qr.h"

enum err qr_make(struct qr *out, struct bytes text, enum qr_level level)
{
	static const QRecLevel levels[] = { [QR_LEVEL_LOW] = QR_ECLEVEL_L,
					    [QR_LEVEL_MEDIUM] = QR_ECLEVEL_M,
					    [QR_LEVEL_QUARTER] = QR_ECLEVEL_Q,
					    [QR_LEVEL_HIGH] = QR_ECLEVEL_H };
	QRinput *input = NULL;
	QRcode *code = NULL;
	enum err e = ERR_INPUT;

	if (text.n == 0) {
		return ERR_INPUT;
	}
	if (text.n > INT32_MAX) {
		return ERR_TOO_LARGE;
	}
	input = QRinput_new2(0, levels[level]);
	if (input == NULL) {
		return ERR_FULL;
	}
	/* it refuses what is not alphanumeric */
	if (QRinput_append(input, QR_MODE_AN, (int)text.n, text.p) == 0) {
		code = QRcode_encodeInput(input);
		e = errno == ENOMEM ? ERR_FULL : ERR_TOO_LARGE;
	} else if (errno == ENOMEM) {
		e = ERR_FULL;
	}
	if (code != NULL) {
		*out = (struct qr){ .side = (uint8_t)code->width };
		for (size_t i = 0; i < (size_t)code->width * (size_t)code->width; i++) {
			out->dark[i / 8] =
			    (uint8_t)(out->dark[i / 8] | (code->data[i] & 1U) << i % 8);
		}
		e = ERR_OK;
	}
	QRcode_free(code);
	QRinput_free(input);
	return e;
}
