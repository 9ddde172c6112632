/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Goal: STOMP frames are read as stomp.js sends them and STOMP 1.2 defines them, however they are
 * cut; what is no frame ends the reader.
 * Method: the frames of nem-sdk's own client, byte for byte; every cut; one broken frame for each
 * rule; what is written reads back the same.
 */
#include "nis/stomp.h"
#include "t.h"

static struct stomp s;
static char text[8192];

static void add(const char *more)
{
	size_t n = strlen(text);

	(void)snprintf(text + n, sizeof text - n, "%s", more);
}

static void add_bytes(struct bytes b)
{
	size_t n = strlen(text);

	for (size_t i = 0; i < b.n && n + 2 < sizeof text; i++) {
		text[n++] = b.p[i] == '\0' ? '0' : b.p[i] == '\n' ? '~' : (char)b.p[i];
	}
	text[n] = '\0';
}

static void log_frame(const struct stomp_frame *f)
{
	add_bytes(f->command);
	for (unsigned i = 0; i < f->headers; i++) {
		add(" ");
		add_bytes(f->header[i].name);
		add("=");
		add_bytes(f->header[i].value);
	}
	add("(");
	add_bytes(f->body);
	add(")");
}

static void feed(const void *p, size_t n, size_t step)
{
	for (size_t at = 0; at < n; at += step) {
		struct bytes in = bytes_of((const uint8_t *)p + at, n - at < step ? n - at : step);
		enum err e = ERR_OK;

		while (e == ERR_OK) {
			struct stomp_frame f;

			e = stomp_feed(&s, &in, &f);
			if (e == ERR_OK) {
				log_frame(&f);
			}
		}
		if (e != ERR_WAIT) {
			add("!");
			add(err_slug(e));
			return;
		}
	}
}

static const char *read_all(const void *p, size_t n)
{
	stomp_init(&s);
	text[0] = '\0';
	feed(p, n, n > 0 ? n : 1);
	return text;
}

#define READ(literal) read_all(literal, sizeof(literal) - 1)

static const char SESSION[] =
    "CONNECT\naccept-version:1.1,1.0\nheart-beat:10000,10000\n\n\0"
    "SUBSCRIBE\nid:sub-0\ndestination:/account/TALICE\n\n\0\n"
    "SEND\ndestination:/w/api/account/get\ncontent-length:20\n\n{'account':'TALICE'}\0"
    "\n\r\n\n"
    "DISCONNECT\r\nreceipt:77\r\n\r\n\0";
static const char SESSION_TEXT[] =
    "CONNECT accept-version=1.1,1.0 heart-beat=10000,10000()"
    "SUBSCRIBE id=sub-0 destination=/account/TALICE()"
    "SEND destination=/w/api/account/get content-length=20({'account':'TALICE'})"
    "DISCONNECT receipt=77()";

static void session(void)
{
	for (size_t step = 1; step < sizeof SESSION; step++) {
		stomp_init(&s);
		text[0] = '\0';
		feed(SESSION, sizeof SESSION - 1, step);
		T_STR(text, SESSION_TEXT);
	}
	for (size_t cut = 0; cut + 1 < sizeof SESSION; cut++) {
		(void)read_all(SESSION, cut);
		T_CHECK(strncmp(text, SESSION_TEXT, strlen(text)) == 0);
	}
}

static void bodies(void)
{
	T_STR(READ("SEND\n\nup to the end\0"), "SEND(up to the end)");
	T_STR(READ("SEND\ncontent-length:3\n\na\0b\0"), "SEND content-length=3(a0b)");
	T_STR(READ("SEND\ncontent-length:0\n\n\0"), "SEND content-length=0()");
	T_STR(READ("SEND\ncontent-length:1\ncontent-length:9\n\na\0"),
	      "SEND content-length=1 content-length=9(a)"); /* the first counts */
	T_STR(READ("SEND\ncontent-length:2\n\na\0b"), "!bad-input");
	T_STR(READ("SEND\ncontent-length:2\n\nabc\0"), "!bad-input");
	T_STR(READ("SEND\ncontent-length:\n\na\0"), "!bad-input");
	T_STR(READ("SEND\ncontent-length:-1\n\na\0"), "!bad-input");
	T_STR(READ("SEND\ncontent-length: 1\n\na\0"), "!bad-input");
	T_STR(READ("SEND\ncontent-length:1x\n\na\0"), "!bad-input");
	T_STR(READ("SEND\ncontent-length:65537\n\n"), "!too-large");
	T_STR(READ("SEND\ncontent-length:18446744073709551617\n\na\0"), "!too-large");
	T_STR(READ("SEND\ncontent-length:65536\n\n"), ""); /* it waits; the limit is found later */
}

static void escapes(void)
{
	T_STR(READ("SEND\na\\cb:c\\nd\\\\e\\rf:g\n\n\0"), "SEND a:b=c~d\\e\rf:g()");
	T_STR(READ("SEND\na:b\\t\n\n\0"), "!bad-input");
	T_STR(READ("SEND\na:b\\\n\n\0"), "!bad-input");
	T_STR(READ("SEND\na\\x:b\n\n\0"), "!bad-input");
	T_STR(READ("CONNECT\na:b\\t\\\n\n\0"), "CONNECT a=b\\t\\()"); /* left alone */
	T_STR(READ("STOMP\na:\\c\n\n\0"), "STOMP a=\\c()");
}

static void broken(void)
{
	T_STR(READ("send\n\n\0"), "!bad-input");
	T_STR(READ("SE ND\n\n\0"), "!bad-input");
	T_STR(READ(" SEND\n\n\0"), "!bad-input");
	T_STR(READ("\0"), "!bad-input");
	T_STR(READ("SEND\0"), "!bad-input");
	T_STR(READ("SEND\na:b\0"), "!bad-input");
	T_STR(READ("SEND\nno colon\n\n\0"), "!bad-input");
	T_STR(READ("SEND\n:no name\n\n\0"), "!bad-input");
	T_STR(READ("SEND\na:b\rc\n\n\0"), "!bad-input");
	T_STR(READ("SEND\r\r\n\n\0"), "!bad-input");
	T_STR(READ("ABCDEFGHIJKLMNOPQ\n\n\0"), "!bad-input");
	T_STR(READ("ABCDEFGHIJKLMNOP\n\n\0"), "ABCDEFGHIJKLMNOP()");
	/* it stays dead */
	(void)READ("\0");
	feed("SEND\n\n\0", 7, 7);
	T_STR(text, "!bad-input!wrong-state");
}

static void limits(void)
{
	static char big[STOMP_FRAME_MAX + 64];
	char head[STOMP_HEADERS_MAX * 4 + 64] = "SEND\n";

	for (unsigned i = 0; i < STOMP_HEADERS_MAX; i++) {
		(void)strncat(head, "a:b\n", sizeof head - strlen(head) - 1);
	}
	(void)read_all(head, strlen(head));
	T_STR(text, "");
	feed("\n\0", 2, 2);
	T_CHECK(strncmp(text, "SEND a=b a=b", 12) == 0);
	(void)read_all(head, strlen(head));
	feed("a:b\n", 4, 4);
	T_STR(text, "!too-large");

	/* a head and a body without end */
	memset(big, 'A', sizeof big);
	(void)read_all(big, STOMP_FRAME_MAX);
	T_STR(text, "");
	feed(big, 1, 1);
	T_STR(text, "!too-large");
	(void)READ("SEND\n\n"); /* 4 bytes are kept */
	feed(big, STOMP_FRAME_MAX - 4, 1000);
	T_STR(text, "");
	feed("\0", 1, 1);
	T_CHECK(strncmp(text, "SEND(AAAA", 9) == 0);
	(void)READ("SEND\n\n");
	feed(big, STOMP_FRAME_MAX - 3, 1000);
	T_STR(text, "!too-large");
}

static void find(void)
{
	static const char raw[] = "SEND\nx:1\nid:first\nid:second\nidx:3\n\n";
	struct bytes in = bytes_of(raw, sizeof raw), value = { 0 };
	struct stomp_frame f;

	stomp_init(&s);
	T_EQ(stomp_feed(&s, &in, &f), ERR_OK);
	T_EQ(in.n, 0);
	T_CHECK(stomp_find(&f, "id", &value) && bytes_eq(value, bytes_str("first")));
	T_CHECK(!stomp_find(&f, "i", &value) && !stomp_find(&f, "ID", &value));
}

static void writing(void)
{
	uint8_t raw[256];
	struct writer w = writer_make(raw, sizeof raw);
	const struct stomp_header headers[] = {
		{ bytes_str("destination"), bytes_str("/a:b\\c\nd") },
		{ bytes_str("subscription"), bytes_str("\r") },
	};
	static const char connected[] = "CONNECTED\ndestination:/a:b\\c\nd\n\n";
	static const char want[] = "MESSAGE\ndestination:/a\\cb\\\\c\\nd\nsubscription:\\r\n"
				   "content-length:4\n\n{\"\":";

	stomp_put(&w, "MESSAGE", headers, 2, bytes_str("{\"\":"));
	T_CHECK(!w.bad && bytes_eq(bytes_of(raw, w.n), bytes_of(want, sizeof want)));
	T_STR(read_all(raw, w.n), "MESSAGE destination=/a:b\\c~d subscription=\r "
				  "content-length=4({\"\":)");
	w = writer_make(raw, 20);
	stomp_put(&w, "MESSAGE", headers, 2, bytes_str("x"));
	T_CHECK(w.bad);
	w = writer_make(raw, sizeof raw);
	stomp_put(&w, "CONNECTED", headers, 1, bytes_of(NULL, 0));
	T_CHECK(!w.bad && bytes_eq(bytes_of(raw, w.n), bytes_of(connected, sizeof connected)));
}

int main(int argc, char **argv)
{
	static const struct t_case cases[] = {
		{ "the frames of stomp.js, in every cut", session },
		{ "bodies and their length", bodies },
		{ "escapes", escapes },
		{ "what is no frame", broken },
		{ "limits", limits },
		{ "headers by name", find },
		{ "what is written reads back", writing },
	};

	return t_main(cases, sizeof cases / sizeof cases[0], argc, argv);
}
