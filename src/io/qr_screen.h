/* SPDX-License-Identifier: Apache-2.0 */
/*
 * qr_screen.h - a message as an animation of QR codes on a person's terminal (docs/ur.md).
 */
#ifndef KURAMORI_IO_QR_SCREEN_H
#define KURAMORI_IO_QR_SCREEN_H

#include <stdbool.h>

#include "base/attr.h"
#include "base/bytes.h"
#include "base/err.h"
#include "io/qr.h"
#include "ur/ur.h"

enum {
	QR_SCREEN_RATE_MAX = 20,
	QR_SCREEN_RATE = 5, /* frames a second that a scanner follows */
	QR_FRAGMENT = 250,  /* bytes a frame, where there is room: about version 16 */
};

struct qr_screen {
	const char *type;     /* as of ur_encoder_start() */
	struct bytes message; /* at most 4 GiB; borrowed */
	unsigned rate;        /* 1..QR_SCREEN_RATE_MAX frames a second */
	const char *caption;  /* one line of UTF-8 below the picture */
};

/* Bytes a frame of a message of n bytes: QR_FRAGMENT, or as many more as UR_PARTS_MAX asks for. */
size_t qr_fragment(size_t n);

/*
 * The most bytes a frame that make no code above this side (modules without the quiet zone), with a
 * type of type_n letters; qr_fragment(n) at most.  0: not even UR_FRAGMENT_MIN, or more than
 * UR_PARTS_MAX frames, or no memory.
 */
size_t qr_fragment_within(size_t n, size_t type_n, int side, enum qr_level level);

/* Standard input and output are a terminal. */
bool qr_screen_possible(void);

/*
 * Shows it, frame after frame, until a key is pressed (or standard input ends); then the terminal
 * is as it was.  A window that changes its size is drawn anew.
 * ERR_TOO_LARGE: the window is too small, or the message too long.  ERR_INPUT: type or message.
 * ERR_IO: no terminal.  ERR_FULL: no memory.
 */
MUST_CHECK enum err qr_screen_show(const struct qr_screen *s);

#endif
