/* SPDX-License-Identifier: Apache-2.0 */
/*
 * qr_png.h - a QR code as a PNG (RFC 2083), for pages and messages; over zlib, so apart from qr.h.
 */
#ifndef KURAMORI_IO_QR_PNG_H
#define KURAMORI_IO_QR_PNG_H

#include "io/qr.h"

/* One bit a dot, scale dots a module, 1..QR_SCALE_MAX; no room or no memory sets w->bad. */
void qr_png(struct writer *w, const struct qr *q, unsigned scale);

#endif
