/* SPDX-License-Identifier: Apache-2.0 */
/*
 * stomp.h - the frames of STOMP 1.0 to 1.2: a command, headers, a body, and a NUL.
 *
 * The reader is a step function over bytes of any cut (stomp.js cuts long frames at 16 KiB); it
 * keeps one frame and allocates nothing.
 */
#ifndef KURAMORI_NIS_STOMP_H
#define KURAMORI_NIS_STOMP_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/attr.h"
#include "base/bytes.h"
#include "base/err.h"

enum {
	STOMP_FRAME_MAX = 65536, /* bytes of a frame; Spring's limit, which is that of NIS */
	STOMP_HEADERS_MAX = 32,
	STOMP_COMMAND_MAX = 16,
};

struct stomp_header {
	struct bytes name, value; /* without the escapes of the wire */
};

/* Views of the reader, valid until it is fed again. */
struct stomp_frame {
	struct bytes command; /* A-Z only */
	struct stomp_header header[STOMP_HEADERS_MAX];
	unsigned headers;
	struct bytes body;
};

enum stomp_state { STOMP_BETWEEN, STOMP_COMMAND, STOMP_HEADER, STOMP_BODY, STOMP_DEAD };

/* The reader of one connection; its members are its own. */
struct stomp {
	enum stomp_state state;
	size_t n;    /* bytes of the frame so far */
	size_t line; /* where the present line begins */
	size_t body;
	size_t length; /* of the body, if the header said so */
	bool has_length, literal;
	unsigned headers;

	struct {
		size_t name, name_n, value, value_n;
	} header[STOMP_HEADERS_MAX];

	size_t command_n;
	uint8_t bytes[STOMP_FRAME_MAX];
};

void stomp_init(struct stomp *s);

/*
 * Takes bytes from the front of *in, up to the end of the next frame.  Line ends between frames are
 * heart-beats and skipped.
 *
 * ERR_OK: *out is a frame; feed the rest of *in.  ERR_WAIT: *in is used up, the frame is not
 * complete.  ERR_INPUT: no STOMP (command, a header without a colon, an escape that does not exist,
 * a NUL or CR inside a header, a content-length that is none or lies); ERR_TOO_LARGE: bytes or
 * headers.  After such an error only ERR_STATE.
 *
 * Escapes are \n \r \c \\ and are left alone in CONNECT and STOMP frames (1.2, "Value Encoding").
 */
MUST_CHECK enum err stomp_feed(struct stomp *s, struct bytes *in, struct stomp_frame *out);

/* The value of the first header of that name (1.2, "Repeated Header Entries"); false if none. */
bool stomp_find(const struct stomp_frame *f, const char *name, struct bytes *value);

/*
 * Appends a frame; values are escaped unless the command is CONNECTED; content-length is added
 * if there is a body.  w->bad if it does not fit.
 */
void stomp_put(struct writer *w, const char *command, const struct stomp_header *header,
	       unsigned headers, struct bytes body);

#endif
