/* SPDX-License-Identifier: Apache-2.0 */
/*
 * qr.h - a text as a QR code (ISO/IEC 18004), drawn for a file, a page or a terminal.
 *
 * libqrencode makes the code (qr_qrencode.c; it allocates), or, in the static program, libqrcodegen
 * (qr_qrcodegen.c): a program links one of them.  Nothing is read here: a scanner does that.
 */
#ifndef KURAMORI_IO_QR_H
#define KURAMORI_IO_QR_H

#include <stdbool.h>
#include <stdint.h>

#include "base/attr.h"
#include "base/bytes.h"
#include "base/err.h"

enum {
	QR_SIDE_MAX = 177, /* modules of version 40 */
	QR_QUIET = 4,      /* light modules around a code, which readers need */
	QR_SCALE_MAX = 32,
};

/* How much of a picture may be unreadable: about 7, 15, 25, 30 percent. */
enum qr_level { QR_LEVEL_LOW, QR_LEVEL_MEDIUM, QR_LEVEL_QUARTER, QR_LEVEL_HIGH };

struct qr {
	uint8_t side;
	uint8_t dark[(QR_SIDE_MAX * QR_SIDE_MAX + 7) / 8]; /* rows from the top, one bit a module */
};

/*
 * The smallest code for text, in the alphanumeric mode: digits, capitals and " $%*+-./:" (a UR in
 * capitals, ur/ur.h).
 * ERR_INPUT: an empty text or another character.  ERR_TOO_LARGE: more than version 40 holds at this
 * level (4,296 characters at QR_LEVEL_LOW).  ERR_FULL: no memory.  *out is written only on ERR_OK.
 */
MUST_CHECK enum err qr_make(struct qr *out, struct bytes text, enum qr_level level);

/* Whether the module is dark; outside of the code none is. */
bool qr_dark(const struct qr *q, int row, int column);

/* A picture in grey (PGM, P5), scale dots a module, 1..QR_SCALE_MAX; no room sets w->bad. */
void qr_pgm(struct writer *w, const struct qr *q, unsigned scale);

/* A drawing for a page (SVG), one unit a module; no room sets w->bad. */
void qr_svg(struct writer *w, const struct qr *q);

/*
 * Lines of half blocks (UTF-8) for a terminal, two rows of modules each, black on white by SGR; no
 * room sets w->bad.
 */
void qr_blocks(struct writer *w, const struct qr *q);

#endif
