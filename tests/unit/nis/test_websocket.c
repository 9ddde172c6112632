/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Goal: the frames of RFC 6455 are read as its examples say, however they are cut, and whatever
 * breaks its rules ends the connection with the code that the RFC names.
 * Method: its own examples (5.7, 1.3); every cut, every truncation and every flipped bit of them;
 * one case for each rule that a frame can break, each beside a neighbour that keeps it.
 */
#include "t.h"
#include "nis/websocket.h"

static struct websocket w;
static char text[4096]; /* what was read, in words */

static void log_event(const struct websocket_event *e)
{
	size_t n = strlen(text);

	(void)snprintf(text + n, sizeof text - n, "%d:%u:", (int)e->kind,
		       e->kind == WEBSOCKET_CLOSE ? e->code : 0u);
	n = strlen(text);
	if (e->payload.n < 64) {
		(void)snprintf(text + n, sizeof text - n, "%.*s|", (int)e->payload.n,
			       e->payload.n > 0 ? (const char *)e->payload.p : "");
	} else {
		(void)snprintf(text + n, sizeof text - n, "#%zu|", e->payload.n);
	}
}

/* Feeds p in pieces of at most step bytes; how it ended stands at the end of text. */
static void feed(const uint8_t *p, size_t n, size_t step)
{
	for (size_t at = 0; at < n;) {
		size_t piece = n - at < step ? n - at : step;
		struct bytes in = bytes_of(p + at, piece);

		at += piece;
		for (;;) {
			struct websocket_event event;
			enum websocket_code code = WEBSOCKET_NORMAL;
			enum err e = websocket_feed(&w, &in, &event, &code);
			size_t used = strlen(text);

			if (e == ERR_OK) {
				log_event(&event);
				continue;
			}
			if (e == ERR_INPUT) {
				(void)snprintf(text + used, sizeof text - used, "!%d", (int)code);
				return;
			}
			if (e == ERR_STATE && in.n > 0) {
				(void)snprintf(text + used, sizeof text - used, "dead");
				return;
			}
			break;
		}
	}
}

static const char *read_all(const void *p, size_t n)
{
	websocket_init(&w);
	text[0] = '\0';
	feed(p, n, n);
	return text;
}

#define READ(literal) read_all(literal, sizeof(literal) - 1)

/* Appends a masked frame to out. */
static size_t frame(uint8_t *out, unsigned first, const void *payload, size_t n, unsigned lengths)
{
	static const uint8_t mask[4] = { 0x37, 0xfa, 0x21, 0x3d };
	size_t at = 0;

	out[at++] = (uint8_t)first;
	if (lengths == 1) {
		out[at++] = (uint8_t)(0x80 | n);
	} else {
		out[at++] = (uint8_t)(0x80 | (lengths == 2 ? 126 : 127));
		for (unsigned i = 0; i < (lengths == 2 ? 2u : 8u); i++) {
			unsigned shift = 8 * ((lengths == 2 ? 1 : 7) - i);

			out[at++] = (uint8_t)((uint64_t)n >> shift);
		}
	}
	memcpy(out + at, mask, 4);
	at += 4;
	for (size_t i = 0; i < n; i++) {
		out[at++] = ((const uint8_t *)payload)[i] ^ mask[i % 4];
	}
	return at;
}

static const char *read_frame(unsigned first, const void *payload, size_t n, unsigned lengths)
{
	static uint8_t raw[WEBSOCKET_MESSAGE_MAX + 64];

	return read_all(raw, frame(raw, first, payload, n, lengths));
}

/* RFC 6455 5.7: "Hello" masked, a ping and its pong; 1.3: the accept key. */
static void examples(void)
{
	char accept[WEBSOCKET_ACCEPT_CHARS + 1];
	uint8_t head[WEBSOCKET_HEAD_MAX];

	T_STR(READ("\x81\x85\x37\xfa\x21\x3d\x7f\x9f\x4d\x51\x58"), "1:0:Hello|");
	T_STR(READ("\x8a\x85\x37\xfa\x21\x3d\x7f\x9f\x4d\x51\x58"), "10:0:Hello|");
	T_STR(READ("\x89\x85\x37\xfa\x21\x3d\x7f\x9f\x4d\x51\x58"), "9:0:Hello|");
	T_EQ(websocket_accept(accept, bytes_str("dGhlIHNhbXBsZSBub25jZQ==")), ERR_OK);
	T_STR(accept, "s3pPLMBiTxaQ9kYGzzhZRbK+xOo=");
	/* 5.7: a single-frame text, 256 bytes, 64 KiB */
	T_EQ(websocket_head(head, WEBSOCKET_TEXT, 5), 2);
	T_MEM(head, "\x81\x05", 2);
	T_EQ(websocket_head(head, WEBSOCKET_BINARY, 256), 4);
	T_MEM(head, "\x82\x7e\x01\x00", 4);
	T_EQ(websocket_head(head, WEBSOCKET_BINARY, 65536), 10);
	T_MEM(head, "\x82\x7f\x00\x00\x00\x00\x00\x01\x00\x00", 10);
	T_EQ(websocket_head(head, WEBSOCKET_CLOSE, 125), 2);
}

static void long_pong(void)
{
	uint8_t head[WEBSOCKET_HEAD_MAX];

	(void)websocket_head(head, WEBSOCKET_PONG, 126);
}

static void heads_of_control(void)
{
	T_CHECK(t_dies(SIGABRT, long_pong));
}

static void keys(void)
{
	char accept[WEBSOCKET_ACCEPT_CHARS + 1] = "";
	static const char *const bad[] = {
		"",
		"dGhlIHNhbXBsZSBub25jZQ=",   /* too short */
		"dGhlIHNhbXBsZSBub25jZQ===", /* too long */
		"dGhlIHNhbXBsZSBub25jZTEy",  /* 18 bytes */
		"dGhlIHNhbXBsZSBub25j====",  /* 15 bytes */
		"dGhlIHNhbXBsZSBub25jZQ=A",
		"dGhlIHNhbXBsZSBub2!jZQ==",
	};

	for (size_t i = 0; i < sizeof bad / sizeof bad[0]; i++) {
		T_EQ(websocket_accept(accept, bytes_str(bad[i])), ERR_INPUT);
	}
	T_STR(accept, "");
}

static void fragments(void)
{
	/* 5.7: "Hel" and "lo", here masked, with a ping between them (5.4) */
	uint8_t raw[256];
	size_t n = frame(raw, 0x01, "Hel", 3, 1);

	n += frame(raw + n, 0x89, "still there?", 12, 1);
	n += frame(raw + n, 0x80, "lo", 2, 1);
	n += frame(raw + n, 0x82, "", 0, 1);
	T_STR(read_all(raw, n), "9:0:still there?|1:0:Hello|2:0:|");
	/* each control frame begins anew */
	n = frame(raw, 0x89, "one", 3, 1);
	n += frame(raw + n, 0x8a, "", 0, 1);
	n += frame(raw + n, 0x89, "two", 3, 1);
	T_STR(read_all(raw, n), "9:0:one|10:0:|9:0:two|");
	/* a continuation of nothing, and a message inside another */
	T_STR(read_frame(0x80, "lo", 2, 1), "!1002");
	n = frame(raw, 0x01, "Hel", 3, 1);
	n += frame(raw + n, 0x81, "lo", 2, 1);
	T_STR(read_all(raw, n), "!1002");
	/* a control frame in pieces */
	T_STR(read_frame(0x09, "", 0, 1), "!1002");
}

/* A character cut by two fragments is one; what is no UTF-8 at the end is none. */
static void utf8(void)
{
	uint8_t raw[64];
	size_t n = frame(raw, 0x01, "\xe2\x82", 2, 1);

	n += frame(raw + n, 0x80, "\xac", 1, 1);
	T_STR(read_all(raw, n), "1:0:\xe2\x82\xac|");
	T_STR(read_frame(0x81, "\xe2\x82", 2, 1), "!1007");
	T_STR(read_frame(0x81, "\xed\xa0\x80", 3, 1), "!1007"); /* a surrogate */
	T_STR(read_frame(0x81, "\xc0\x80", 2, 1), "!1007");     /* not the shortest */
	T_STR(read_frame(0x82, "\xc0\x80", 2, 1), "2:0:\xc0\x80|");
}

static void lengths(void)
{
	static char big[WEBSOCKET_MESSAGE_MAX + 1];

	memset(big, 'x', sizeof big);
	T_STR(read_frame(0x81, big, 125, 1), "1:0:#125|");
	T_STR(read_frame(0x81, big, 126, 2), "1:0:#126|");
	T_STR(read_frame(0x81, big, 65535, 2), "1:0:#65535|");
	T_STR(read_frame(0x81, big, 65536, 3), "1:0:#65536|");
	T_STR(read_frame(0x81, big, 65537, 3), "!1009");
	/* longer spellings than needed (5.2) */
	T_STR(read_frame(0x81, big, 125, 2), "!1002");
	T_STR(read_frame(0x81, big, 125, 3), "!1002");
	T_STR(read_frame(0x81, big, 65535, 3), "!1002");
	/* the first bit of 64, and all of them: judged before a byte of it comes */
	T_STR(READ("\x82\xff\x80\x00\x00\x00\x00\x01\x00\x00\x01\x02\x03\x04"), "!1002");
	T_STR(READ("\x82\xff\xff\xff\xff\xff\xff\xff\xff\xff\x01\x02\x03\x04"), "!1002");
	T_STR(READ("\x82\xff\x7f\xff\xff\xff\xff\xff\xff\xff\x01\x02\x03\x04"), "!1009");
	/* a control frame of 126 */
	T_STR(read_frame(0x89, big, 125, 1), "9:0:#125|");
	T_STR(read_frame(0x89, big, 126, 2), "!1002");
	T_STR(read_frame(0x88, big, 126, 2), "!1002");
}

/* Fragments that are each small add up; and empty ones are counted. */
static void fragment_attacks(void)
{
	static uint8_t raw[70000];
	static char half[40000];
	size_t n;

	websocket_init(&w);
	text[0] = '\0';
	memset(half, 'x', sizeof half);
	n = frame(raw, 0x01, half, sizeof half, 2);
	feed(raw, n, n);
	n = frame(raw, 0x00, half, WEBSOCKET_MESSAGE_MAX - sizeof half, 2);
	feed(raw, n, n);
	n = frame(raw, 0x80, "", 0, 1);
	feed(raw, n, n);
	T_STR(text, "1:0:#65536|");
	n = frame(raw, 0x01, half, sizeof half, 2);
	feed(raw, n, n);
	n = frame(raw, 0x80, half, WEBSOCKET_MESSAGE_MAX - sizeof half + 1, 2);
	feed(raw, n, n);
	T_STR(text, "1:0:#65536|!1009");

	websocket_init(&w);
	text[0] = '\0';
	n = frame(raw, 0x01, "", 0, 1);
	feed(raw, n, n);
	for (unsigned i = 1; i < WEBSOCKET_FRAGMENTS_MAX; i++) {
		n = frame(raw, 0x00, "", 0, 1);
		feed(raw, n, n);
		T_STR(text, "");
	}
	feed(raw, n, n);
	T_STR(text, "!1008");
	feed(raw, n, n);
	T_STR(text, "!1008dead");

	/* as many as there may be, and again in the next message */
	websocket_init(&w);
	text[0] = '\0';
	for (unsigned message = 0; message < 2; message++) {
		for (unsigned i = 0; i < WEBSOCKET_FRAGMENTS_MAX; i++) {
			unsigned last = i + 1 == WEBSOCKET_FRAGMENTS_MAX ? 0x80 : 0;

			n = frame(raw, last | (i == 0 ? 2 : 0), "", 0, 1);
			feed(raw, n, n);
		}
	}
	T_STR(text, "2:0:|2:0:|");
}

static void broken_heads(void)
{
	/* unmasked (5.1) */
	T_STR(READ("\x81\x05Hello"), "!1002");
	T_STR(READ("\x89\x00"), "!1002");
	/* reserved bits (5.2) */
	T_STR(read_frame(0xc1, "x", 1, 1), "!1002");
	T_STR(read_frame(0xa1, "x", 1, 1), "!1002");
	T_STR(read_frame(0x91, "x", 1, 1), "!1002");
	/* opcodes without a meaning */
	for (unsigned opcode = 3; opcode < 16; opcode++) {
		if (opcode < 8 || opcode > 10) {
			T_STR(read_frame(0x80 | opcode, "x", 1, 1), "!1002");
		}
	}
}

static const char *read_close(unsigned code, const char *reason)
{
	uint8_t payload[128] = { (uint8_t)(code >> 8), (uint8_t)code };

	memcpy(payload + 2, reason, strlen(reason));
	return read_frame(0x88, payload, 2 + strlen(reason), 1);
}

static void closes(void)
{
	static const unsigned bad[] = { 0,    999,  1004, 1005, 1006, 1015,
					1016, 2000, 2999, 5000, 65535 };
	static const unsigned good[] = { 1000, 1001, 1002, 1003, 1007, 1011, 1014, 3000, 4999 };
	uint8_t raw[64];
	size_t n;

	T_STR(read_frame(0x88, "", 0, 1), "8:1005:|");
	T_STR(read_frame(0x88, "\x03", 1, 1), "!1002");
	T_STR(read_close(1000, "done"), "8:1000:done|");
	T_STR(read_close(1000, "\xff"), "!1007");
	for (size_t i = 0; i < sizeof bad / sizeof bad[0]; i++) {
		T_STR(read_close(bad[i], ""), "!1002");
	}
	for (size_t i = 0; i < sizeof good / sizeof good[0]; i++) {
		char want[32];

		(void)snprintf(want, sizeof want, "8:%u:|", good[i]);
		T_STR(read_close(good[i], ""), want);
	}
	/* nothing after a close */
	n = frame(raw, 0x88, "", 0, 1);
	n += frame(raw + n, 0x81, "more", 4, 1);
	T_STR(read_all(raw, n), "8:1005:|dead");
}

/* A stream of everything, for the cuts. */
static size_t stream(uint8_t *raw)
{
	size_t n = frame(raw, 0x81, "{\"a\":1}", 7, 1);
	char long_text[200];

	memset(long_text, 'y', sizeof long_text);
	n += frame(raw + n, 0x01, "Hel", 3, 1);
	n += frame(raw + n, 0x8a, "", 0, 1);
	n += frame(raw + n, 0x00, long_text, sizeof long_text, 2);
	n += frame(raw + n, 0x80, "", 0, 1);
	return n + frame(raw + n, 0x88, "\x03\xe8yes", 5, 1);
}

static const char WANT[] = "1:0:{\"a\":1}|10:0:|1:0:#203|8:1000:yes|";

static void cuts(void)
{
	uint8_t raw[512];
	size_t n = stream(raw);

	for (size_t step = 1; step <= n; step++) {
		websocket_init(&w);
		text[0] = '\0';
		feed(raw, n, step);
		T_STR(text, WANT);
	}
	/* cut off anywhere: what was complete, and nothing else */
	for (size_t cut = 0; cut < n; cut++) {
		(void)read_all(raw, cut);
		T_CHECK(strncmp(text, WANT, strlen(text)) == 0);
		T_CHECK(strlen(text) < strlen(WANT));
	}
}

/* A flipped bit changes something, ends with a code, or is a frame that is not complete. */
static void flipped_bits(void)
{
	uint8_t raw[512], copy[512];
	size_t n = stream(raw), same = 0;

	for (size_t bit = 0; bit < 8 * n; bit++) {
		memcpy(copy, raw, n);
		copy[bit / 8] ^= (uint8_t)(1u << (bit % 8));
		(void)read_all(copy, n);
		/* Inside the long text: log_event() shows only its length. */
		same += strcmp(text, WANT) == 0;
		T_CHECK(strstr(text, "!1000") == NULL);
	}
	T_CHECK(same <= (size_t)8 * (204 + 4));
	T_CHECK(same > 0);
}

int main(int argc, char **argv)
{
	static const struct t_case cases[] = {
		{ "the examples of RFC 6455", examples },
		{ "a control frame holds 125 bytes", heads_of_control },
		{ "keys that are none", keys },
		{ "messages in fragments", fragments },
		{ "UTF-8", utf8 },
		{ "lengths and their spelling", lengths },
		{ "many fragments", fragment_attacks },
		{ "heads that break a rule", broken_heads },
		{ "closing", closes },
		{ "every cut and truncation", cuts },
		{ "every flipped bit", flipped_bits },
	};

	return t_main(cases, sizeof cases / sizeof cases[0], argc, argv);
}
