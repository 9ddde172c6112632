/* SPDX-License-Identifier: Apache-2.0 */
/*
 * websocket.h - the frames of a WebSocket, the server's side (RFC 6455 5 to 8), and the answer to
 * its key (4.2.2).
 *
 * A step function over bytes: no I/O, no allocation.  What a client sends is believed in nothing:
 * every length is compared with a limit before a byte of it is kept.
 */
#ifndef KURAMORI_NIS_WEBSOCKET_H
#define KURAMORI_NIS_WEBSOCKET_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/attr.h"
#include "base/bytes.h"
#include "base/err.h"

enum {
	WEBSOCKET_MESSAGE_MAX = 65536,  /* bytes of one message, all its fragments together */
	WEBSOCKET_FRAGMENTS_MAX = 1024, /* of one message: empty ones cost no bytes */
	WEBSOCKET_CONTROL_MAX = 125,    /* RFC 6455 5.5 */
	WEBSOCKET_HEAD_MAX = 10,        /* before the payload of a server's frame */
	WEBSOCKET_KEY_CHARS = 24,       /* base64 of 16 bytes */
	WEBSOCKET_ACCEPT_CHARS = 28,    /* base64 of a SHA-1 */
};

/* Why a connection ends (RFC 6455 7.4.1). */
enum websocket_code {
	WEBSOCKET_NORMAL = 1000,
	WEBSOCKET_GOING_AWAY = 1001,
	WEBSOCKET_PROTOCOL = 1002,
	WEBSOCKET_NOT_ACCEPTED = 1003, /* a kind of data */
	WEBSOCKET_NO_CODE = 1005,      /* never sent: the close frame was empty */
	WEBSOCKET_BAD_DATA = 1007,
	WEBSOCKET_POLICY = 1008,
	WEBSOCKET_TOO_BIG = 1009,
};

/* By opcode (RFC 6455 5.2). */
enum websocket_kind {
	WEBSOCKET_TEXT = 1,
	WEBSOCKET_BINARY = 2,
	WEBSOCKET_CLOSE = 8,
	WEBSOCKET_PING = 9,
	WEBSOCKET_PONG = 10,
};

/* A whole message, or a control frame. */
struct websocket_event {
	enum websocket_kind kind;
	struct bytes payload; /* unmasked, of a text valid UTF-8; a close: its reason.  A view of
			       * the reader, valid until it is fed again. */
	uint16_t code;        /* of a close: 1000..4999, WEBSOCKET_NO_CODE if it had none */
};

/* The reader of one connection; its members are its own. */
struct websocket {
	uint8_t head[14];
	unsigned head_n;
	unsigned head_bytes; /* 0: the payload is being read */
	uint8_t opcode;      /* of the frame */
	bool last;           /* of its message */
	uint64_t left;       /* of the payload */
	unsigned mask_at;
	uint8_t kind; /* of the message that is being put together; 0: none */
	unsigned fragments;
	size_t control_n, message_n;
	bool dead;
	uint8_t control[WEBSOCKET_CONTROL_MAX];
	uint8_t message[WEBSOCKET_MESSAGE_MAX];
};

void websocket_init(struct websocket *w);

/*
 * Takes bytes from the front of *in, up to the end of the next message or control frame.
 *
 * ERR_OK: *out says which; feed the rest of *in.  ERR_WAIT: *in is used up, nothing is complete.
 * ERR_INPUT: the client broke the protocol; *code is what a close frame should say
 * (WEBSOCKET_PROTOCOL, WEBSOCKET_BAD_DATA, WEBSOCKET_POLICY for too many fragments,
 * WEBSOCKET_TOO_BIG).  After that, and after a close frame, only ERR_STATE.
 */
MUST_CHECK enum err websocket_feed(struct websocket *w, struct bytes *in,
				   struct websocket_event *out, enum websocket_code *code);

/* The head of a whole unmasked frame with a payload of n bytes: 2, 4 or 10 bytes. */
size_t websocket_head(uint8_t out[WEBSOCKET_HEAD_MAX], enum websocket_kind kind, size_t n);

/* Sec-WebSocket-Accept for a key of WEBSOCKET_KEY_CHARS; ends with NUL.  ERR_INPUT if the key is
 * not base64 of 16 bytes. */
MUST_CHECK enum err websocket_accept(char out[WEBSOCKET_ACCEPT_CHARS + 1], struct bytes key);

#endif
