/* SPDX-License-Identifier: Apache-2.0 */
/*
 * handshake.h - the HTTP of the WebSocket port: one request, whose answer opens a WebSocket or ends
 * the connection (RFC 6455 4.2; sockjs-protocol 0.3.3, "Base URLs" to "Info").
 */
#ifndef KURAMORI_NIS_HANDSHAKE_H
#define KURAMORI_NIS_HANDSHAKE_H

#include <stdbool.h>
#include <stdint.h>

#include "base/attr.h"
#include "base/bytes.h"
#include "base/err.h"
#include "nis/websocket.h"

enum {
	HANDSHAKE_HEAD_MAX = 8192, /* bytes of a request: it has no body */
	HANDSHAKE_HEADERS_MAX = 64,
	HANDSHAKE_PATH_MAX = 512,
	HANDSHAKE_ORIGIN_MAX = 256,
	HANDSHAKE_ANSWER_MAX = 2048, /* bytes of any answer */
};

enum handshake_method { HANDSHAKE_GET, HANDSHAKE_OPTIONS, HANDSHAKE_OTHER };

struct handshake {
	enum handshake_method method;
	char path[HANDSHAKE_PATH_MAX + 1];     /* as it was sent, without the query */
	char origin[HANDSHAKE_ORIGIN_MAX + 1]; /* empty: none */
	bool upgrade;                          /* Upgrade: websocket and Connection: Upgrade */
	bool version_13;                       /* Sec-WebSocket-Version */
	bool has_key;
	char accept[WEBSOCKET_ACCEPT_CHARS + 1]; /* what the key asks for; with has_key */
};

/*
 * Reads a request from the front of what has arrived; *used: the bytes of it.
 * ERR_WAIT: the head is not complete.  ERR_TOO_LARGE: it is longer than HANDSHAKE_HEAD_MAX, or has
 * too many headers, or too long a path or origin.  ERR_INPUT: no HTTP/1.1 request (line ends other
 * than CR LF, folded lines, control characters, no Host, a body, a header that must stand once
 * twice), or a key that is none.  Nothing written on failure.
 */
MUST_CHECK enum err handshake_read(struct handshake *out, size_t *used, struct bytes have);

enum handshake_answer {
	HANDSHAKE_SOCKJS,   /* 101: a WebSocket that carries SockJS */
	HANDSHAKE_RAW,      /* 101: a WebSocket that carries STOMP itself */
	HANDSHAKE_INFO,     /* 200: what this SockJS can do */
	HANDSHAKE_GREETING, /* 200 */
	HANDSHAKE_PREFLIGHT,
	HANDSHAKE_BAD_REQUEST,
	HANDSHAKE_NOT_FOUND,
	HANDSHAKE_METHOD,
	HANDSHAKE_NO_UPGRADE, /* 400: a WebSocket's path without its headers */
	HANDSHAKE_VERSION,    /* 426: another version than 13 */
	HANDSHAKE_FULL,       /* 503 */
};

/* The paths of NIS: /w/messages, /w/messages/info, /w/messages/SERVER/SESSION/websocket,
 * /w/messages/websocket. */
enum handshake_answer handshake_judge(const struct handshake *h);

/*
 * Appends the whole answer.  h may be NULL for BAD_REQUEST and FULL; entropy is for INFO: any
 * number.  w->bad if HANDSHAKE_ANSWER_MAX bytes are not free.
 */
void handshake_put(struct writer *w, enum handshake_answer answer, const struct handshake *h,
		   uint32_t entropy);

#endif
