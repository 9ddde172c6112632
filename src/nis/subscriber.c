/* SPDX-License-Identifier: Apache-2.0 */
#include "nis/subscriber.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/check.h"
#include "nis/handshake.h"
#include "nis/sockjs.h"
#include "nis/stomp.h"
#include "nis/websocket.h"

enum {
	QUEUE_KEPT = 65536,   /* a queue that was longer is given back when it is empty */
	GO_AWAY = 3000,       /* sockjs-protocol, "Closing" */
	HEADERS_BYTES = 1024, /* of a MESSAGE, with every byte escaped */
};

struct subscription {
	char id[SUBSCRIBER_ID_MAX + 1];
	char destination[SUBSCRIBER_DESTINATION_MAX + 1];
};

struct subscriber {
	struct subscriber_plan plan;
	enum subscriber_state state;
	bool sockjs;
	uint64_t messages; /* sent so far */
	struct subscription *subscription;
	unsigned subscriptions;
	uint8_t *queue;
	size_t queue_at, queue_n, queue_cap; /* bytes queue_at .. queue_n wait */
	size_t head_n;
	uint8_t head[HANDSHAKE_HEAD_MAX];
	uint8_t text[WEBSOCKET_MESSAGE_MAX]; /* of a SockJS message */
	struct websocket websocket;
	struct stomp stomp;
};

struct subscriber *subscriber_open(const struct subscriber_plan *plan)
{
	struct subscriber *s = calloc(1, sizeof *s);

	CHECK(s != NULL && plan->subscriptions > 0 && plan->queue_bytes >= HANDSHAKE_ANSWER_MAX);
	s->plan = *plan;
	s->subscription = calloc(plan->subscriptions, sizeof *s->subscription);
	CHECK(s->subscription != NULL);
	websocket_init(&s->websocket);
	stomp_init(&s->stomp);
	return s;
}

void subscriber_close(struct subscriber *s)
{
	if (s != NULL) {
		free(s->subscription);
		free(s->queue);
		free(s);
	}
}

enum subscriber_state subscriber_state(const struct subscriber *s)
{
	return s->state;
}

/* ---- the queue ---- */

static void drop_queue(struct subscriber *s)
{
	free(s->queue);
	s->queue = NULL;
	s->queue_at = s->queue_n = s->queue_cap = 0;
}

static void lose(struct subscriber *s)
{
	s->state = SUBSCRIBER_LOST;
	drop_queue(s);
}

/* A writer at the end of the queue, with room for n bytes or as many as the plan allows. */
static struct writer queue_open(struct subscriber *s, size_t n)
{
	size_t waiting = s->queue_n - s->queue_at;
	size_t room = s->plan.queue_bytes - waiting;
	size_t cap;

	n = n < room ? n : room;
	if (s->queue_at > 0) {
		memmove(s->queue, s->queue + s->queue_at, waiting);
		s->queue_at = 0;
		s->queue_n = waiting;
	}
	cap = waiting + n;
	if (cap > s->queue_cap) {
		cap = cap < 2 * s->queue_cap ? 2 * s->queue_cap : cap;
		cap = cap < s->plan.queue_bytes ? cap : s->plan.queue_bytes;
		s->queue = realloc(s->queue, cap);
		CHECK(s->queue != NULL);
		s->queue_cap = cap;
	}
	return writer_make(s->queue + s->queue_n, n);
}

static void queue_close(struct subscriber *s, const struct writer *w)
{
	if (w->bad) {
		lose(s);
	} else {
		s->queue_n += w->n;
	}
}

struct bytes subscriber_out(const struct subscriber *s)
{
	return s->queue_n == s->queue_at
		   ? bytes_of(NULL, 0)
		   : bytes_of(s->queue + s->queue_at, s->queue_n - s->queue_at);
}

void subscriber_sent(struct subscriber *s, size_t n)
{
	CHECK(n <= s->queue_n - s->queue_at);
	s->queue_at += n;
	if (s->queue_at == s->queue_n) {
		s->queue_at = s->queue_n = 0;
		if (s->queue_cap > QUEUE_KEPT) {
			drop_queue(s);
		}
	}
}

/* ---- what is said ---- */

static void put_frame(struct subscriber *s, enum websocket_kind kind, struct bytes payload)
{
	uint8_t head[WEBSOCKET_HEAD_MAX];
	size_t n = websocket_head(head, kind, payload.n);
	struct writer w = queue_open(s, n + payload.n);

	writer_bytes(&w, bytes_of(head, n));
	writer_bytes(&w, payload);
	queue_close(s, &w);
}

/* One text of SockJS or of STOMP itself.  The head is written when the length is known. */
static void put_text(struct subscriber *s, struct bytes text)
{
	uint8_t head[WEBSOCKET_HEAD_MAX];
	struct writer w, body;
	size_t n;

	if (!s->sockjs) {
		put_frame(s, WEBSOCKET_TEXT, text);
		return;
	}
	w = queue_open(s, WEBSOCKET_HEAD_MAX + 6 * text.n + 5);
	if (w.cap < WEBSOCKET_HEAD_MAX) {
		lose(s);
		return;
	}
	body = writer_make(w.p + WEBSOCKET_HEAD_MAX, w.cap - WEBSOCKET_HEAD_MAX);
	sockjs_put(&body, text);
	n = websocket_head(head, WEBSOCKET_TEXT, body.n);
	memmove(w.p + n, body.p, body.n);
	memcpy(w.p, head, n);
	w.n = n + body.n;
	w.bad = body.bad;
	queue_close(s, &w);
}

static void put_stomp(struct subscriber *s, const char *command, const struct stomp_header *header,
		      unsigned headers, struct bytes body)
{
	size_t cap = HEADERS_BYTES + body.n;
	uint8_t *raw = malloc(cap);
	struct writer w = writer_make(raw, cap);

	CHECK(raw != NULL);
	stomp_put(&w, command, header, headers, body);
	CHECK(!w.bad);
	put_text(s, bytes_of(raw, w.n));
	free(raw);
}

/* Ends the connection from this side: SockJS says it first. */
static void end(struct subscriber *s, enum websocket_code code, unsigned sockjs_code,
		const char *reason)
{
	uint8_t payload[WEBSOCKET_CONTROL_MAX] = { (uint8_t)(code >> 8), (uint8_t)code };
	uint8_t text[160];
	struct writer w = writer_make(text, sizeof text);

	if (s->sockjs && s->state != SUBSCRIBER_LOST) {
		sockjs_put_close(&w, sockjs_code, reason);
		put_frame(s, WEBSOCKET_TEXT, bytes_of(text, w.n));
	}
	if (s->state != SUBSCRIBER_LOST) {
		put_frame(s, WEBSOCKET_CLOSE, bytes_of(payload, 2));
	}
	if (s->state != SUBSCRIBER_LOST) {
		s->state = SUBSCRIBER_CLOSING;
	}
}

/* ---- STOMP ---- */

static bool is(struct bytes b, const char *text)
{
	return bytes_eq(b, bytes_str(text));
}

/* An ERROR is the last frame (STOMP 1.2, "ERROR"). */
static void refuse(struct subscriber *s, const char *message)
{
	const struct stomp_header header = { bytes_str("message"), bytes_str(message) };

	put_stomp(s, "ERROR", &header, 1, bytes_of(NULL, 0));
	end(s, WEBSOCKET_PROTOCOL, WEBSOCKET_PROTOCOL, "");
}

/* The word stands in a list separated by commas. */
static bool lists(struct bytes list, const char *word)
{
	size_t n = strlen(word);

	for (size_t at = 0; at + n <= list.n; at++) {
		if ((at == 0 || list.p[at - 1] == ',') &&
		    (at + n == list.n || list.p[at + n] == ',') &&
		    bytes_eq(bytes_of(list.p + at, n), bytes_str(word))) {
			return true;
		}
	}
	return false;
}

static void on_connect(struct subscriber *s, const struct stomp_frame *f)
{
	static const char *const versions[] = { "1.2", "1.1", "1.0" };
	struct bytes accepted =
	    bytes_str("1.0"); /* nothing said: 1.0 (1.1, "Protocol Negotiation") */
	const char *version = NULL;

	if (s->state == SUBSCRIBER_CONNECTED) {
		refuse(s, "connected already");
		return;
	}
	(void)stomp_find(f, "accept-version", &accepted);
	for (size_t i = 0; version == NULL && i < ARRAY_LEN(versions); i++) {
		version = lists(accepted, versions[i]) ? versions[i] : NULL;
	}
	if (version == NULL) {
		refuse(s, "Unsupported accept version");
		return;
	}
	s->state = SUBSCRIBER_CONNECTED;
	put_stomp(s, "CONNECTED",
		  (const struct stomp_header[]){ { bytes_str("version"), bytes_str(version) },
						 { bytes_str("heart-beat"), bytes_str("0,0") } },
		  2, bytes_of(NULL, 0));
}

/* Its place; the number of subscriptions if there is none. */
static unsigned by_id(const struct subscriber *s, struct bytes id)
{
	unsigned i = 0;

	while (i < s->subscriptions && !is(id, s->subscription[i].id)) {
		i++;
	}
	return i;
}

/* Copies a header that is a name: no NUL in it, so that it is what it was as a string. */
static bool copy(char *out, size_t max, struct bytes b)
{
	if (b.n == 0 || b.n > max || memchr(b.p, '\0', b.n) != NULL) {
		return false;
	}
	memcpy(out, b.p, b.n);
	out[b.n] = '\0';
	return true;
}

static void on_subscribe(struct subscriber *s, const struct stomp_frame *f)
{
	struct subscription *next = s->subscription + s->subscriptions;
	struct bytes id, destination;

	if (!stomp_find(f, "id", &id) || !stomp_find(f, "destination", &destination)) {
		refuse(s, "SUBSCRIBE needs id and destination");
	} else if (by_id(s, id) < s->subscriptions) {
		refuse(s, "this id is subscribed already");
	} else if (s->subscriptions == s->plan.subscriptions) {
		refuse(s, "too many subscriptions");
	} else if (!copy(next->id, SUBSCRIBER_ID_MAX, id) ||
		   !copy(next->destination, SUBSCRIBER_DESTINATION_MAX, destination)) {
		refuse(s, "id or destination empty or too long");
	} else {
		s->subscriptions++;
	}
}

static void on_unsubscribe(struct subscriber *s, const struct stomp_frame *f)
{
	struct subscription *all = s->subscription;
	struct bytes id;
	unsigned at;

	if (!stomp_find(f, "id", &id)) {
		refuse(s, "UNSUBSCRIBE needs id");
		return;
	}
	at = by_id(s, id);
	if (at < s->subscriptions) {
		/* In order: messages come in the order of the subscriptions. */
		s->subscriptions--;
		memmove(all + at, all + at + 1, (s->subscriptions - at) * sizeof *all);
	}
}

static void on_send(struct subscriber *s, const struct stomp_frame *f)
{
	struct bytes destination;

	if (!stomp_find(f, "destination", &destination)) {
		refuse(s, "SEND needs destination");
		return;
	}
	s->plan.on_send(s->plan.ctx, destination, f->body);
}

static void on_disconnect(struct subscriber *s, const struct stomp_frame *f)
{
	struct bytes receipt;
	char text[SUBSCRIBER_ID_MAX + 1];

	if (stomp_find(f, "receipt", &receipt) && copy(text, SUBSCRIBER_ID_MAX, receipt)) {
		const struct stomp_header header = { bytes_str("receipt-id"), bytes_str(text) };

		put_stomp(s, "RECEIPT", &header, 1, bytes_of(NULL, 0));
	}
	end(s, WEBSOCKET_NORMAL, WEBSOCKET_NORMAL, "");
}

/* Taken and without effect, as the simple broker does. */
static void on_ignored(struct subscriber *s, const struct stomp_frame *f)
{
	(void)s;
	(void)f;
}

static void on_stomp(struct subscriber *s, const struct stomp_frame *f)
{
	static const struct {
		const char *command;
		bool connected; /* only then */
		void (*on)(struct subscriber *s, const struct stomp_frame *f);
	} rows[] = {
		{ "CONNECT", false, on_connect },    { "STOMP", false, on_connect },
		{ "SUBSCRIBE", true, on_subscribe }, { "UNSUBSCRIBE", true, on_unsubscribe },
		{ "SEND", true, on_send },           { "DISCONNECT", true, on_disconnect },
		{ "ACK", true, on_ignored },         { "NACK", true, on_ignored },
		{ "BEGIN", true, on_ignored },       { "COMMIT", true, on_ignored },
		{ "ABORT", true, on_ignored },
	};

	for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
		if (is(f->command, rows[i].command)) {
			if (rows[i].connected && s->state != SUBSCRIBER_CONNECTED) {
				refuse(s, "not connected");
			} else {
				rows[i].on(s, f);
			}
			return;
		}
	}
	refuse(s, "unknown command");
}

/* ---- WebSocket ---- */

static bool is_open(const struct subscriber *s)
{
	return s->state == SUBSCRIBER_OPEN || s->state == SUBSCRIBER_CONNECTED;
}

static void on_text(struct subscriber *s, struct bytes text)
{
	while (is_open(s)) {
		struct stomp_frame f;
		enum err e = stomp_feed(&s->stomp, &text, &f);

		if (e == ERR_WAIT) {
			return;
		}
		if (e == ERR_OK) {
			on_stomp(s, &f);
		} else {
			refuse(s,
			       e == ERR_TOO_LARGE ? "the frame is too large" : "this is no STOMP");
		}
	}
}

static void on_message(struct subscriber *s, const struct websocket_event *event)
{
	size_t n = 0;

	if (event->kind == WEBSOCKET_BINARY) {
		end(s, WEBSOCKET_NOT_ACCEPTED, WEBSOCKET_NOT_ACCEPTED,
		    "Binary messages not supported");
	} else if (!s->sockjs) {
		on_text(s, event->payload);
	} else if (sockjs_read(s->text, sizeof s->text, &n, event->payload) != ERR_OK) {
		end(s, WEBSOCKET_BAD_DATA, WEBSOCKET_BAD_DATA, "");
	} else {
		on_text(s, bytes_of(s->text, n));
	}
}

/* The client's close is answered with its own code (RFC 6455 5.5.1). */
static void on_close(struct subscriber *s, const struct websocket_event *event)
{
	uint8_t payload[2] = { (uint8_t)(event->code >> 8), (uint8_t)event->code };

	put_frame(s, WEBSOCKET_CLOSE,
		  bytes_of(payload, event->code == WEBSOCKET_NO_CODE ? 0 : sizeof payload));
	if (s->state != SUBSCRIBER_LOST) {
		s->state = SUBSCRIBER_CLOSING;
	}
}

static void on_event(struct subscriber *s, const struct websocket_event *event)
{
	switch (event->kind) {
	case WEBSOCKET_TEXT:
	case WEBSOCKET_BINARY:
		on_message(s, event);
		return;
	case WEBSOCKET_PING:
		put_frame(s, WEBSOCKET_PONG, event->payload);
		return;
	case WEBSOCKET_PONG:
		return;
	case WEBSOCKET_CLOSE:
		on_close(s, event);
		return;
	}
	CHECK(false); /* a kind that websocket_feed() does not know */
}

static void on_frames(struct subscriber *s, struct bytes in)
{
	while (is_open(s)) {
		struct websocket_event event;
		enum websocket_code code = WEBSOCKET_NORMAL;
		enum err e = websocket_feed(&s->websocket, &in, &event, &code);

		if (e == ERR_WAIT) {
			return;
		}
		if (e == ERR_OK) {
			on_event(s, &event);
		} else {
			end(s, code, code, "");
		}
	}
}

/* ---- HTTP ---- */

static void answer(struct subscriber *s, enum handshake_answer a, const struct handshake *h)
{
	struct writer w = queue_open(s, HANDSHAKE_ANSWER_MAX);

	handshake_put(&w, a, h, s->plan.entropy);
	queue_close(s, &w);
	if (a != HANDSHAKE_SOCKJS && a != HANDSHAKE_RAW) {
		s->state = SUBSCRIBER_CLOSING;
		return;
	}
	s->state = SUBSCRIBER_OPEN;
	s->sockjs = a == HANDSHAKE_SOCKJS;
	if (s->sockjs) {
		put_frame(s, WEBSOCKET_TEXT, bytes_str("o"));
	}
}

/* What did not fit into the head cannot belong to it: the head would be too large. */
static void on_head(struct subscriber *s, struct bytes in)
{
	size_t room = HANDSHAKE_HEAD_MAX - s->head_n, n = in.n < room ? in.n : room, used = 0;
	struct handshake h;
	enum err e;

	memcpy(s->head + s->head_n, in.p, n);
	s->head_n += n;
	e = handshake_read(&h, &used, bytes_of(s->head, s->head_n));
	if (e == ERR_WAIT) {
		return;
	}
	if (e != ERR_OK) {
		answer(s, HANDSHAKE_BAD_REQUEST, NULL);
		return;
	}
	answer(s, handshake_judge(&h), &h);
	on_frames(s, bytes_of(s->head + used, s->head_n - used));
	on_frames(s, bytes_of(in.p + n, in.n - n));
}

void subscriber_receive(struct subscriber *s, struct bytes in)
{
	if (in.n == 0) {
		return;
	}
	if (s->state == SUBSCRIBER_HEAD) {
		on_head(s, in);
	} else {
		on_frames(s, in);
	}
}

/* ---- the server's side ---- */

bool subscriber_wants(const struct subscriber *s, struct bytes destination)
{
	for (unsigned i = 0; s->state == SUBSCRIBER_CONNECTED && i < s->subscriptions; i++) {
		if (is(destination, s->subscription[i].destination)) {
			return true;
		}
	}
	return false;
}

void subscriber_publish(struct subscriber *s, struct bytes destination, struct bytes body)
{
	for (unsigned i = 0; s->state == SUBSCRIBER_CONNECTED && i < s->subscriptions; i++) {
		const struct subscription *one = &s->subscription[i];
		char id[48];

		if (!is(destination, one->destination)) {
			continue;
		}
		(void)snprintf(id, sizeof id, "%llx-%llu", (unsigned long long)s->plan.number,
			       (unsigned long long)s->messages++);
		put_stomp(s, "MESSAGE",
			  (const struct stomp_header[]){
			      { bytes_str("destination"), destination },
			      { bytes_str("content-type"), bytes_str("application/json") },
			      { bytes_str("subscription"), bytes_str(one->id) },
			      { bytes_str("message-id"), bytes_str(id) },
			  },
			  4, body);
	}
}

void subscriber_heartbeat(struct subscriber *s)
{
	if (s->sockjs && is_open(s)) {
		put_frame(s, WEBSOCKET_TEXT, bytes_str("h"));
	}
}

void subscriber_leave(struct subscriber *s)
{
	if (is_open(s)) {
		end(s, WEBSOCKET_GOING_AWAY, GO_AWAY, "Go away!");
	} else if (s->state == SUBSCRIBER_HEAD) {
		lose(s);
	}
}
