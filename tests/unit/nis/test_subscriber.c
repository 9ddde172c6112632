/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Goal: one client of the WebSocket port gets what it asked for, in order and whole, however its
 * bytes are cut and however slowly it reads; it never makes more wait than it may; what it does
 * wrong ends its own connection with the right code.
 * Method: bytes in, the frames that come out in words; the same session in every cut and with every
 * bit flipped; a reader that takes pieces of any size; floods of what has to be answered.
 */
#include "nis/subscriber.h"

#include "base/attr.h"
#include "nis/handshake.h"
#include "t.h"

enum { QUEUE = 65536, SUBSCRIPTIONS = 3 };

#define HEAD                                                                    \
	" HTTP/1.1\r\nHost: x\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n" \
	"Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\nSec-WebSocket-Version: 13\r\n\r\n"
#define SOCKJS "GET /w/messages/1/2/websocket" HEAD
#define RAW    "GET /w/messages/websocket" HEAD

static struct subscriber *s;
static char got[65536];    /* the frames that came out */
static char commands[512]; /* what was sent to destinations */
static bool echo;          /* what is sent is published */

static void on_send(void *ctx, struct bytes destination, struct bytes body)
{
	size_t n = strlen(commands);

	(void)ctx;
	(void)snprintf(commands + n, sizeof commands - n, "%.*s(%.*s)", (int)destination.n,
		       (const char *)destination.p, (int)body.n, (const char *)body.p);
	if (echo) {
		subscriber_publish(s, destination, body);
	}
}

static struct subscriber_plan plan(void)
{
	return (struct subscriber_plan){ .queue_bytes = QUEUE,
					 .subscriptions = SUBSCRIPTIONS,
					 .number = 0xab,
					 .on_send = on_send };
}

static void begin(void)
{
	struct subscriber_plan p = plan();

	subscriber_close(s);
	s = subscriber_open(&p);
	got[0] = '\0';
	commands[0] = '\0';
	echo = false;
}

/* A client's frame with a mask of zeros: its payload is what it says. */
static size_t frame(uint8_t *out, unsigned first, const void *payload, size_t n)
{
	size_t at = 0;

	out[at++] = (uint8_t)first;
	if (n < 126) {
		out[at++] = (uint8_t)(0x80 | n);
	} else {
		out[at++] = 0x80 | 126;
		out[at++] = (uint8_t)(n >> 8);
		out[at++] = (uint8_t)n;
	}
	memset(out + at, 0, 4);
	if (n > 0) {
		memcpy(out + at + 4, payload, n);
	}
	return at + 4 + n;
}

static void receive(const void *p, size_t n)
{
	subscriber_receive(s, bytes_of(p, n));
}

static void receive_frame(unsigned first, const void *payload, size_t n)
{
	static uint8_t raw[70000];

	receive(raw, frame(raw, first, payload, n));
}

/* One STOMP frame, literal with its NUL, as one message; over SockJS as JSON of it. */
#define STOMP(literal) receive_frame(0x81, literal, sizeof(literal))
#define JSON(literal)  receive_frame(0x81, literal, sizeof(literal) - 1)

static void words(struct bytes b)
{
	size_t n = strlen(got);

	for (size_t i = 0; i < b.n && n + 2 < sizeof got; i++) {
		got[n++] = b.p[i] == '\0' ? '0' : b.p[i] == '\n' ? '~' : (char)b.p[i];
	}
	got[n] = '\0';
}

/* What waits, taken in pieces of 1,000 bytes; its frames in words: text|, and CODE! for a close. */
static const char *took(void)
{
	static uint8_t all[1 << 20];
	size_t n = 0, at = 0;

	got[0] = '\0';
	for (struct bytes out = subscriber_out(s); out.n > 0; out = subscriber_out(s)) {
		size_t piece = out.n < 1000 ? out.n : 1000;

		memcpy(all + n, out.p, piece);
		n += piece;
		subscriber_sent(s, piece);
	}
	if (n > 4 && memcmp(all, "HTTP", 4) == 0) {
		at = (size_t)((const uint8_t *)memmem(all, n, "\r\n\r\n", 4) - all) + 4;
	}
	while (at + 2 <= n) {
		size_t length = all[at + 1], head = 2;

		if (length == 126) {
			length = (size_t)(all[at + 2] << 8 | all[at + 3]);
			head = 4;
		} else if (length == 127) {
			length = (size_t)all[at + 7] << 16 | (size_t)all[at + 8] << 8 | all[at + 9];
			head = 10;
		}
		if (at + head + length > n) {
			(void)snprintf(got, sizeof got, "a frame that is cut off");
			return got;
		}
		if (all[at] == 0x88) {
			char code[16];

			(void)snprintf(code, sizeof code, "%d!",
				       length == 0 ? 0 : all[at + head] << 8 | all[at + head + 1]);
			words(bytes_str(code));
		} else {
			words(bytes_of(all + at + head, length));
			words(bytes_str("|"));
		}
		at += head + length;
	}
	return got;
}

static void connect_raw(void)
{
	begin();
	receive(RAW, sizeof RAW - 1);
	STOMP("CONNECT\naccept-version:1.1,1.0\n\n");
	(void)took();
}

static void connect_sockjs(void)
{
	begin();
	receive(SOCKJS, sizeof SOCKJS - 1);
	JSON("[\"CONNECT\\naccept-version:1.1,1.0\\n\\n\\u0000\"]");
	(void)took();
}

static void opening(void)
{
	begin();
	T_EQ(subscriber_state(s), SUBSCRIBER_HEAD);
	receive(SOCKJS, sizeof SOCKJS - 1);
	T_EQ(subscriber_state(s), SUBSCRIBER_OPEN);
	T_STR(took(), "o|");
	JSON("[\"CONNECT\\naccept-version:1.1,1.0\\n\\n\\u0000\"]");
	T_EQ(subscriber_state(s), SUBSCRIBER_CONNECTED);
	T_STR(took(), "a[\"CONNECTED\\u000aversion:1.1\\u000aheart-beat:0,0\\u000a\\u000a"
		      "\\u0000\"]|");
	subscriber_heartbeat(s);
	T_STR(took(), "h|");

	begin();
	receive(RAW, sizeof RAW - 1);
	T_STR(took(), "");
	STOMP("STOMP\naccept-version:1.2\n\n");
	T_STR(took(), "CONNECTED~version:1.2~heart-beat:0,0~~0|");
	subscriber_heartbeat(s);
	T_STR(took(), "");

	/* far more than a request may have, in one piece with it */
	begin();
	{
		static uint8_t raw[20000];
		static char lines[12000];
		size_t n = sizeof RAW - 1;

		memcpy(raw, RAW, n);
		memset(lines, '\n', sizeof lines);
		n += frame(raw + n, 0x81, lines, sizeof lines);
		n += frame(raw + n, 0x89, "behind", 6);
		receive(raw, n);
		T_STR(took(), "behind|");
	}

	begin();
	receive("GET /w/messages/info HTTP/1.1\r\nHost: x\r\n\r\nmore", 47);
	T_EQ(subscriber_state(s), SUBSCRIBER_CLOSING);
	T_CHECK(subscriber_out(s).n > 0);
	begin();
	receive("no HTTP\r\n\r\n", 11);
	T_EQ(subscriber_state(s), SUBSCRIBER_CLOSING);
	T_CHECK(memcmp(subscriber_out(s).p, "HTTP/1.1 400 ", 13) == 0);
}

static void publishing(void)
{
	connect_raw();
	STOMP("SUBSCRIBE\nid:one\ndestination:/blocks\n\n");
	STOMP("SUBSCRIBE\nid:a\\nb\ndestination:/blocks\n\n");
	STOMP("SUBSCRIBE\nid:three\ndestination:/blocks/new\n\n");
	T_CHECK(subscriber_wants(s, bytes_str("/blocks")));
	T_CHECK(!subscriber_wants(s, bytes_str("/block")));
	T_CHECK(!subscriber_wants(s, bytes_str("/blocksx")));
	subscriber_publish(s, bytes_str("/blocks"), bytes_str("{}"));
	subscriber_publish(s, bytes_str("/errors"), bytes_str("{}"));
	T_STR(took(),
	      "MESSAGE~destination:/blocks~content-type:application/json~subscription:one~"
	      "message-id:ab-0~content-length:2~~{}0|"
	      "MESSAGE~destination:/blocks~content-type:application/json~subscription:a\\nb~"
	      "message-id:ab-1~content-length:2~~{}0|");
	STOMP("UNSUBSCRIBE\nid:one\n\n");
	STOMP("UNSUBSCRIBE\nid:nobody\n\n");
	subscriber_publish(s, bytes_str("/blocks"), bytes_str("1"));
	T_STR(took(), "MESSAGE~destination:/blocks~content-type:application/json~"
		      "subscription:a\\nb~message-id:ab-2~content-length:1~~10|");
	/* the place is free again, and no more than that */
	STOMP("SUBSCRIBE\nid:one\ndestination:/errors\n\n");
	T_STR(took(), "");
	STOMP("SUBSCRIBE\nid:four\ndestination:/errors\n\n");
	T_STR(took(), "ERROR~message:too many subscriptions~~0|1002!");
	T_EQ(subscriber_state(s), SUBSCRIBER_CLOSING);
	subscriber_publish(s, bytes_str("/errors"), bytes_str("{}"));
	T_CHECK(!subscriber_wants(s, bytes_str("/errors")));
	T_STR(took(), "");
}

static void sending(void)
{
	connect_raw();
	STOMP("SEND\ndestination:/w/api/account/get\ncontent-length:15\n\n{'account':'T'}");
	STOMP("SEND\ndestination:/w/api/block/last\n\n\0SEND\ndestination:b\n\nx");
	T_STR(commands, "/w/api/account/get({'account':'T'})/w/api/block/last()b(x)");
	/* it hears itself */
	echo = true;
	STOMP("SUBSCRIBE\nid:1\ndestination:b\n\n");
	STOMP("SEND\ndestination:b\n\nself\0SEND\ndestination:b\n\n");
	T_STR(took(), "MESSAGE~destination:b~content-type:application/json~subscription:1~"
		      "message-id:ab-0~content-length:4~~self0|"
		      "MESSAGE~destination:b~content-type:application/json~subscription:1~"
		      "message-id:ab-1~~0|");
}

static void ends(void)
{
	connect_raw();
	receive_frame(0x88, "\x0f\xa0why", 5);
	T_STR(took(), "4000!");
	T_EQ(subscriber_state(s), SUBSCRIBER_CLOSING);
	STOMP("SEND\ndestination:b\n\n");
	T_STR(commands, "");
	connect_sockjs();
	receive_frame(0x88, "", 0);
	T_STR(took(), "0!"); /* no c: the client said it first */
	connect_sockjs();
	subscriber_leave(s);
	subscriber_leave(s);
	T_STR(took(), "c[3000,\"Go away!\"]|1001!");
	connect_raw();
	subscriber_leave(s);
	T_STR(took(), "1001!");
	begin();
	subscriber_leave(s);
	T_EQ(subscriber_state(s), SUBSCRIBER_LOST);
	receive(RAW, sizeof RAW - 1);
	T_EQ(subscriber_out(s).n, 0);
	connect_sockjs();
	JSON("[\"DISCONNECT\\nreceipt:9\\n\\n\\u0000\"]");
	T_STR(took(), "a[\"RECEIPT\\u000areceipt-id:9\\u000a\\u000a\\u0000\"]|c[1000,\"\"]|1000!");
}

static void refused(void)
{
	static const struct {
		const char *frame;
		const char *words;
	} rows[] = {
		{ "SUBSCRIBE\nid:a\n\n", "SUBSCRIBE needs id and destination" },
		{ "SUBSCRIBE\ndestination:a\n\n", "SUBSCRIBE needs id and destination" },
		{ "SUBSCRIBE\nid:\ndestination:a\n\n", "id or destination empty or too long" },
		{ "CONNECT\n\n", "connected already" },
		{ "SEND\n\n", "SEND needs destination" },
		{ "UNSUBSCRIBE\n\n", "UNSUBSCRIBE needs id" },
		{ "ERROR\n\n", "unknown command" },
		{ "x\n\n", "this is no STOMP" },
		{ "SEND\ncontent-length:99999\n\n", "the frame is too large" },
	};

	for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
		char want[128];

		connect_raw();
		receive_frame(0x81, rows[i].frame, strlen(rows[i].frame) + 1);
		(void)snprintf(want, sizeof want, "ERROR~message:%s~~0|1002!", rows[i].words);
		T_STR(took(), want);
		T_STR(commands, "");
	}
	begin();
	receive(RAW, sizeof RAW - 1);
	STOMP("SEND\ndestination:/w/api/block/last\n\n");
	T_STR(took(), "ERROR~message:not connected~~0|1002!");
	T_STR(commands, "");
	/* layer by layer */
	connect_sockjs();
	JSON("{\"not\":\"a list\"}");
	T_STR(took(), "c[1007,\"\"]|1007!");
	connect_sockjs();
	receive_frame(0x82, "[]", 2);
	T_STR(took(), "c[1003,\"Binary messages not supported\"]|1003!");
	connect_raw();
	receive_frame(0x82, "\n", 1);
	T_STR(took(), "1003!");
	connect_raw();
	receive_frame(0xf1, "\n", 1);
	T_STR(took(), "1002!");
	connect_raw();
	receive_frame(0x81, "\xff", 1);
	T_STR(took(), "1007!");
}

/* A queue of so many bytes, never more; what is over ends the client, and only then. */
static void slow_reader(void)
{
	char body[1000];
	size_t before = 0, n = 0;

	connect_sockjs();
	JSON("[\"SUBSCRIBE\\nid:1\\ndestination:b\\n\\n\\u0000\"]");
	memset(body, '"', sizeof body);
	while (subscriber_state(s) == SUBSCRIBER_CONNECTED) {
		before = subscriber_out(s).n;
		T_CHECK(before <= QUEUE);
		subscriber_publish(s, bytes_str("b"), bytes_of(body, sizeof body));
		n++;
	}
	T_EQ(subscriber_state(s), SUBSCRIBER_LOST);
	T_EQ(subscriber_out(s).n, 0);
	/* each took a little more than its escaped body */
	T_CHECK(n == QUEUE / (before / (n - 1)) + 1);
	subscriber_publish(s, bytes_str("b"), bytes_str("x"));
	subscriber_heartbeat(s);
	T_EQ(subscriber_out(s).n, 0);
}

/* The stream of one client, taken while it grows: moved and grown buffers lose nothing. */
static void growing(void)
{
	static uint8_t slow[1 << 20], quick[1 << 20];
	size_t slow_n = 0, quick_n = 0;

	for (unsigned round = 0; round < 2; round++) {
		connect_raw();
		STOMP("SUBSCRIBE\nid:1\ndestination:b\n\n");
		for (unsigned i = 0; i < 200; i++) {
			static char body[3000];
			struct bytes out;
			size_t part;

			memset(body, 'a' + (int)(i % 26), sizeof body);
			subscriber_publish(s, bytes_str("b"), bytes_of(body, i * 13));
			out = subscriber_out(s);
			part = round == 0 || out.n > QUEUE / 2 ? out.n : (size_t)t_below(out.n + 1);
			memcpy(round == 0 ? quick + quick_n : slow + slow_n, out.p, part);
			*(round == 0 ? &quick_n : &slow_n) += part;
			subscriber_sent(s, part);
		}
		T_EQ(subscriber_state(s), SUBSCRIBER_CONNECTED);
		if (round == 1) {
			struct bytes out = subscriber_out(s);

			memcpy(slow + slow_n, out.p, out.n);
			slow_n += out.n;
			subscriber_sent(s, out.n);
		}
	}
	T_EQ(slow_n, quick_n);
	T_MEM(slow, quick, quick_n);
}

/* Pings and errors are answered, but not for ever to somebody who does not read. */
static void floods(void)
{
	char ping[125] = { 0 };

	connect_raw();
	for (unsigned i = 0; i < 2000 && subscriber_state(s) == SUBSCRIBER_CONNECTED; i++) {
		receive_frame(0x89, ping, sizeof ping);
		T_CHECK(subscriber_out(s).n <= QUEUE);
	}
	T_EQ(subscriber_state(s), SUBSCRIBER_LOST);
	/* lost in the middle of a message of many frames that each ask for something */
	connect_raw();
	echo = true;
	STOMP("SUBSCRIBE\nid:1\ndestination:b\n\n");
	{
		static char many[60000];
		static const char one[] = "SEND\ndestination:b\n\n";
		size_t n = 0;

		while (n + sizeof one <= sizeof many) {
			memcpy(many + n, one, sizeof one);
			n += sizeof one;
		}
		receive_frame(0x81, many, n);
	}
	T_EQ(subscriber_state(s), SUBSCRIBER_LOST);
	T_EQ(subscriber_out(s).n, 0);
}

static size_t session(uint8_t *raw)
{
	static const char connect[] = "CONNECT\naccept-version:1.1\n\n";
	static const char subscribe[] = "SUBSCRIBE\nid:1\ndestination:b\n\n";
	static const char send[] = "SEND\ndestination:b\ncontent-length:2\n\nhi";
	size_t n = sizeof RAW - 1;

	memcpy(raw, RAW, n);
	n += frame(raw + n, 0x81, connect, sizeof connect);
	n += frame(raw + n, 0x01, subscribe, 10);
	n += frame(raw + n, 0x89, "ping", 4);
	n += frame(raw + n, 0x80, subscribe + 10, sizeof subscribe - 10);
	n += frame(raw + n, 0x81, send, sizeof send);
	return n + frame(raw + n, 0x88, "\x03\xe8", 2);
}

static const char SESSION[] = "CONNECTED~version:1.1~heart-beat:0,0~~0|ping|"
			      "MESSAGE~destination:b~content-type:application/json~subscription:1~"
			      "message-id:ab-0~content-length:2~~hi0|1000!";

static void cuts(void)
{
	uint8_t raw[1024];
	size_t n = session(raw);

	for (size_t step = 1; step <= n; step++) {
		begin();
		echo = true;
		for (size_t at = 0; at < n; at += step) {
			receive(raw + at, n - at < step ? n - at : step);
		}
		T_STR(took(), SESSION);
		T_EQ(subscriber_state(s), SUBSCRIBER_CLOSING);
	}
	for (size_t cut = 0; cut < n; cut++) {
		begin();
		echo = true;
		receive(raw, cut);
		(void)took();
		T_CHECK(strncmp(got, SESSION, strlen(got)) == 0);
		T_CHECK(subscriber_state(s) <= SUBSCRIBER_CONNECTED);
	}
}

static void flipped_bits(void)
{
	uint8_t raw[1024], copy[1024];
	size_t n = session(raw), other = 0;

	for (size_t bit = 0; bit < 8 * n; bit++) {
		memcpy(copy, raw, n);
		copy[bit / 8] ^= (uint8_t)(1u << (bit % 8));
		begin();
		echo = true;
		receive(copy, n);
		T_CHECK(subscriber_out(s).n <= QUEUE);
		other += strcmp(took(), SESSION) != 0;
	}
	T_CHECK(other > 0);
	subscriber_close(s);
	s = NULL;
	subscriber_close(NULL);
}

int main(int argc, char **argv)
{
	static const struct t_case cases[] = {
		{ "from HTTP to STOMP", opening },
		{ "messages to subscriptions", publishing },
		{ "what a client sends", sending },
		{ "how it ends", ends },
		{ "what is refused", refused },
		{ "who does not read", slow_reader },
		{ "who reads while it grows", growing },
		{ "floods", floods },
		{ "every cut and truncation", cuts },
		{ "every flipped bit", flipped_bits },
	};

	return t_main(cases, sizeof cases / sizeof cases[0], argc, argv);
}
