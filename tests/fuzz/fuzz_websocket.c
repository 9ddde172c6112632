/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Goal: no bytes bring the reader of WebSocket frames down, none makes it keep more than a message,
 * and how they are cut decides nothing.
 * Method: the bytes at once, and again in pieces, each from a buffer of exactly its size; both must
 * give the same events and the same end; each event is put into a server's head.
 */
#include "fuzz_main.h"

#include "nis/websocket.h"

static struct websocket reader;

struct story {
	uint64_t sum; /* of everything that was read */
	unsigned events;
	int end;
};

static void init(void)
{
}

static void add(struct story *s, uint64_t v)
{
	s->sum = (s->sum ^ v) * 1099511628211u;
}

static void note(struct story *s, const struct websocket_event *e)
{
	uint8_t head[WEBSOCKET_HEAD_MAX];

	FUZZ_CHECK(e->payload.n <= WEBSOCKET_MESSAGE_MAX);
	FUZZ_CHECK(e->kind <= WEBSOCKET_BINARY || e->payload.n <= WEBSOCKET_CONTROL_MAX);
	FUZZ_CHECK(websocket_head(head, e->kind, e->payload.n) >= 2);
	s->events++;
	add(s, (uint64_t)e->kind);
	add(s, e->code);
	for (size_t i = 0; i < e->payload.n; i++) {
		add(s, e->payload.p[i]);
	}
}

/* False at the end of the connection. */
static bool feed(struct story *s, struct bytes in)
{
	for (;;) {
		struct websocket_event event;
		enum websocket_code code = WEBSOCKET_NORMAL;
		enum err e = websocket_feed(&reader, &in, &event, &code);

		if (e == ERR_OK) {
			note(s, &event);
			continue;
		}
		FUZZ_CHECK(e != ERR_WAIT || in.n == 0);
		if (e != ERR_WAIT) {
			FUZZ_CHECK(e == ERR_STATE ||
				   (e == ERR_INPUT && code >= WEBSOCKET_PROTOCOL));
			s->end = e == ERR_STATE ? 1 : (int)code;
			return false;
		}
		return true;
	}
}

static struct story read_in_pieces(const uint8_t *p, size_t n, size_t step)
{
	struct story s = { 0 };

	websocket_init(&reader);
	for (size_t at = 0; at < n; at += step) {
		size_t piece = n - at < step ? n - at : step;
		uint8_t *copy = malloc(piece);
		bool on;

		FUZZ_CHECK(copy != NULL);
		memcpy(copy, p + at, piece);
		on = feed(&s, bytes_of(copy, piece));
		free(copy);
		if (!on) {
			break;
		}
	}
	return s;
}

static void run(const uint8_t *p, size_t n)
{
	struct story whole = read_in_pieces(p, n, n > 0 ? n : 1);
	struct story pieces = read_in_pieces(p, n, n > 0 ? 1 + p[0] % 17 : 1);

	/* A close as the very last frame: only the next feed would find the reader dead. */
	FUZZ_CHECK(whole.sum == pieces.sum && whole.events == pieces.events);
	FUZZ_CHECK(whole.end == pieces.end || whole.end == 1);
}
