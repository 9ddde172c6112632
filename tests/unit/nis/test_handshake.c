/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Goal: the requests of sockjs-client and of RFC 6455 open a WebSocket; everything else gets an
 * answer that says why, or none.
 * Method: the RFC's own request; every truncation of it; one broken request for each rule; the
 * answers, in full where a client looks at them.
 */
#include "nis/handshake.h"
#include "t.h"

#define HEAD                                                                                \
	"Host: 127.0.0.1:7778\r\nUpgrade: websocket\r\nConnection: keep-alive, Upgrade\r\n" \
	"Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\nSec-WebSocket-Version: 13\r\n"
#define SESSION "GET /w/messages/052/abcd1234/websocket HTTP/1.1\r\n"

static struct handshake h;
static size_t used;

static enum err read_text(const char *text)
{
	memset(&h, 0, sizeof h);
	used = 0;
	return handshake_read(&h, &used, bytes_str(text));
}

static int judged(const char *text)
{
	return read_text(text) == ERR_OK ? (int)handshake_judge(&h) : -1;
}

static const char *answer(enum handshake_answer a)
{
	static uint8_t raw[HANDSHAKE_ANSWER_MAX + 1];
	struct writer w = writer_make(raw, sizeof raw - 1);

	handshake_put(&w, a, &h, 4294967295u);
	raw[w.n] = '\0';
	return w.bad ? "" : (const char *)raw;
}

static void opens(void)
{
	T_EQ(read_text(SESSION HEAD "\r\nrest"), ERR_OK);
	T_EQ(used, strlen(SESSION HEAD) + 2);
	T_EQ(handshake_judge(&h), HANDSHAKE_SOCKJS);
	T_STR(answer(HANDSHAKE_SOCKJS),
	      "HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n"
	      "Sec-WebSocket-Accept: s3pPLMBiTxaQ9kYGzzhZRbK+xOo=\r\n\r\n");
	T_EQ(judged("GET /w/messages/websocket?x=1 HTTP/1.1\r\n" HEAD "\r\n"), HANDSHAKE_RAW);
	/* names and words in any case */
	T_EQ(judged("GET /w/messages/websocket HTTP/1.1\r\nhOST:x\r\nupgrade:WebSocket\r\n"
		    "CONNECTION:upgrade\r\nsec-websocket-key:\tdGhlIHNhbXBsZSBub25jZQ== \r\n"
		    "sec-websocket-version:13\r\n\r\n"),
	     HANDSHAKE_RAW);
}

static void paths(void)
{
	static const struct {
		const char *path;
		int want;
	} rows[] = {
		{ "/w/messages", HANDSHAKE_GREETING },
		{ "/w/messages/", HANDSHAKE_GREETING },
		{ "/w/messages/info", HANDSHAKE_INFO },
		{ "/w/messages/info?t=1", HANDSHAKE_INFO },
		{ "/w/messages/1/2/websocket", HANDSHAKE_SOCKJS },
		{ "/w/messages/info/", HANDSHAKE_NOT_FOUND },
		{ "/w/messagesx", HANDSHAKE_NOT_FOUND },
		{ "/w/message", HANDSHAKE_NOT_FOUND },
		{ "/", HANDSHAKE_NOT_FOUND },
		{ "/w/messages//2/websocket", HANDSHAKE_NOT_FOUND },
		{ "/w/messages/1//websocket", HANDSHAKE_NOT_FOUND },
		{ "/w/messages/1/websocket", HANDSHAKE_NOT_FOUND },
		{ "/w/messages/1/2/3/websocket", HANDSHAKE_NOT_FOUND },
		{ "/w/messages/1/a.b/websocket", HANDSHAKE_NOT_FOUND },
		{ "/w/messages/1.1/ab/websocket", HANDSHAKE_NOT_FOUND },
		{ "/w/messages/1/2/xhr_streaming", HANDSHAKE_NOT_FOUND },
		{ "/w/messages/1/2/websocketx", HANDSHAKE_NOT_FOUND },
	};

	for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
		char text[512];

		(void)snprintf(text, sizeof text, "GET %s HTTP/1.1\r\n" HEAD "\r\n", rows[i].path);
		T_EQ(judged(text), rows[i].want);
	}
}

static void not_an_upgrade(void)
{
	T_EQ(judged(SESSION "Host: x\r\n\r\n"), HANDSHAKE_NO_UPGRADE);
	T_EQ(judged(SESSION "Host: x\r\nUpgrade: websocket\r\n\r\n"), HANDSHAKE_NO_UPGRADE);
	T_EQ(judged(SESSION "Host: x\r\nUpgrade: websocket\r\nConnection: Upgrades\r\n\r\n"),
	     HANDSHAKE_NO_UPGRADE);
	T_EQ(judged(SESSION "Host: x\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n"
			    "Sec-WebSocket-Version: 13\r\n\r\n"),
	     HANDSHAKE_NO_UPGRADE); /* without a key */
	T_EQ(judged(SESSION "Host: x\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n"
			    "Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n"
			    "Sec-WebSocket-Version: 8\r\n\r\n"),
	     HANDSHAKE_VERSION);
	T_EQ(judged("POST /w/messages/1/2/websocket HTTP/1.1\r\n" HEAD "\r\n"), HANDSHAKE_METHOD);
	T_EQ(judged("POST /w/messages/info HTTP/1.1\r\n" HEAD "\r\n"), HANDSHAKE_METHOD);
	T_EQ(judged("OPTIONS /w/messages/info HTTP/1.1\r\n" HEAD "\r\n"), HANDSHAKE_PREFLIGHT);
	T_EQ(judged("POST /w/messages/1/2/xhr HTTP/1.1\r\nHost: x\r\nContent-Length: 3\r\n\r\n"),
	     HANDSHAKE_NOT_FOUND);
	T_CHECK(strstr(answer(HANDSHAKE_VERSION), "\r\nSec-WebSocket-Version: 13\r\n") != NULL);
}

static void broken(void)
{
	static const char *const bad[] = {
		"GET /w/messages/info HTTP/1.0\r\nHost: x\r\n\r\n",
		"GET /w/messages/info HTTP/1.1 \r\nHost: x\r\n\r\n",
		"GET  /w/messages/info HTTP/1.1\r\nHost: x\r\n\r\n",
		"GET w/messages/info HTTP/1.1\r\nHost: x\r\n\r\n",
		"GET http://x/w/messages/info HTTP/1.1\r\nHost: x\r\n\r\n",
		"GET /w/messages/info\r\nHost: x\r\n\r\n",
		"GET\r\nHost: x\r\n\r\n",
		" / HTTP/1.1\r\nHost: x\r\n\r\n",
		"G(T / HTTP/1.1\r\nHost: x\r\n\r\n",
		"GET /\x01 HTTP/1.1\r\nHost: x\r\n\r\n",
		"GET /\xc3\xa4 HTTP/1.1\r\nHost: x\r\n\r\n",
		"GET / HTTP/1.1\r\n\r\n", /* no Host */
		"GET / HTTP/1.1\r\nHost: x\r\nHost: x\r\n\r\n",
		"GET / HTTP/1.1\r\nHost: x\r\n folded\r\n\r\n",
		"GET / HTTP/1.1\r\nHost : x\r\n\r\n",
		"GET / HTTP/1.1\r\nHost: x\r\nnothing\r\n\r\n",
		"GET / HTTP/1.1\r\nHost: x\r\n: nameless\r\n\r\n",
		"GET / HTTP/1.1\nHost: x\r\n\r\n",
		"GET / HTTP/1.1\r\nHost: x\nA: b\r\n\r\n",
		"GET / HTTP/1.1\r\nHost: x\rA: b\r\n\r\n",
		"GET / HTTP/1.1\r\nHost: \x01\r\n\r\n",
		"GET / HTTP/1.1\r\nHost: \x7f\r\n\r\n",
		"GET / HTTP/1.1\r\nHost: x\r\nContent-Length: 1\r\n\r\n",
		"GET / HTTP/1.1\r\nHost: x\r\nContent-Length: 0\r\nContent-Length: 0\r\n\r\n",
		"GET / HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\n",
		"GET / HTTP/1.1\r\nHost: x\r\nSec-WebSocket-Version: 13\r\n"
		"Sec-WebSocket-Version: 8\r\n\r\n",
		"GET / HTTP/1.1\r\nHost: x\r\nSec-WebSocket-Key: short\r\n\r\n",
		SESSION HEAD "Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n\r\n",
		"GET / HTTP/1.1\r\nHost: x\r\nOrigin: a\r\nOrigin: b\r\n\r\n",
		"GET / HTTP/1.1\r\nHost: x\r\nOrigin: a b\r\n\r\n",
		"\r\n\r\n",
	};

	for (size_t i = 0; i < sizeof bad / sizeof bad[0]; i++) {
		T_EQ(read_text(bad[i]), ERR_INPUT);
		T_EQ(used, 0);
	}
}

static void cuts(void)
{
	static const char raw[] = SESSION HEAD "Origin: http://a.example\r\n\r\n";

	for (size_t i = 0; i + 1 < sizeof raw; i++) {
		T_EQ(handshake_read(&h, &used, bytes_of(raw, i)), ERR_WAIT);
	}
	T_EQ(handshake_read(&h, &used, bytes_of(raw, sizeof raw - 1)), ERR_OK);
	T_STR(h.origin, "http://a.example");
}

static void limits(void)
{
	static char big[HANDSHAKE_HEAD_MAX + 64];
	size_t n;

	memset(big, 'a', sizeof big);
	T_EQ(handshake_read(&h, &used, bytes_of(big, HANDSHAKE_HEAD_MAX - 1)), ERR_WAIT);
	T_EQ(handshake_read(&h, &used, bytes_of(big, HANDSHAKE_HEAD_MAX)), ERR_TOO_LARGE);
	/* an end behind the limit */
	memcpy(big + HANDSHAKE_HEAD_MAX, "\r\n\r\n", 4);
	T_EQ(handshake_read(&h, &used, bytes_of(big, HANDSHAKE_HEAD_MAX + 4)), ERR_TOO_LARGE);

	for (unsigned headers = HANDSHAKE_HEADERS_MAX; headers <= HANDSHAKE_HEADERS_MAX + 1;
	     headers++) {
		n = (size_t)snprintf(big, sizeof big, "GET / HTTP/1.1\r\nHost: x\r\n");
		for (unsigned i = 1; i < headers; i++) {
			n += (size_t)snprintf(big + n, sizeof big - n, "A: b\r\n");
		}
		(void)snprintf(big + n, sizeof big - n, "\r\n");
		T_EQ(read_text(big), headers == HANDSHAKE_HEADERS_MAX ? ERR_OK : ERR_TOO_LARGE);
	}
	for (int length = HANDSHAKE_PATH_MAX; length <= HANDSHAKE_PATH_MAX + 1; length++) {
		(void)snprintf(big, sizeof big, "GET /%0*d HTTP/1.1\r\nHost: x\r\n\r\n", length - 1,
			       0);
		T_EQ(read_text(big), length == HANDSHAKE_PATH_MAX ? ERR_OK : ERR_TOO_LARGE);
		(void)snprintf(big, sizeof big, "GET / HTTP/1.1\r\nHost: x\r\nOrigin: %0*d\r\n\r\n",
			       length - HANDSHAKE_PATH_MAX + HANDSHAKE_ORIGIN_MAX, 0);
		T_EQ(read_text(big), length == HANDSHAKE_PATH_MAX ? ERR_OK : ERR_TOO_LARGE);
	}
}

/* Content-Length is that of the body, for every answer that has one. */
static void answers(void)
{
	T_EQ(read_text("GET /w/messages/info HTTP/1.1\r\nHost: x\r\n\r\n"), ERR_OK);
	T_STR(answer(HANDSHAKE_INFO),
	      "HTTP/1.1 200 OK\r\nConnection: close\r\n"
	      "Content-Type: application/json; charset=UTF-8\r\nCache-Control: no-store\r\n"
	      "Content-Length: 78\r\nAccess-Control-Allow-Origin: *\r\n\r\n"
	      "{\"entropy\":4294967295,\"origins\":[\"*:*\"],\"cookie_needed\":true,"
	      "\"websocket\":true}");
	for (int a = HANDSHAKE_GREETING; a <= HANDSHAKE_FULL; a++) {
		const char *text = answer((enum handshake_answer)a);
		const char *length = strstr(text, "Content-Length: ");

		T_CHECK(strncmp(text, "HTTP/1.1 ", 9) == 0);
		T_CHECK(strstr(text, "\r\nConnection: close\r\n") != NULL);
		T_CHECK(a == HANDSHAKE_PREFLIGHT ||
			strtoul(length + 16, NULL, 10) == strlen(strstr(text, "\r\n\r\n") + 4));
	}
	/* a page of elsewhere */
	T_EQ(read_text("GET /w/messages/info HTTP/1.1\r\nHost: x\r\nOrigin: https://b\r\n\r\n"),
	     ERR_OK);
	T_CHECK(strstr(answer(HANDSHAKE_INFO),
		       "\r\nAccess-Control-Allow-Origin: https://b\r\n"
		       "Access-Control-Allow-Credentials: true\r\n") != NULL);
}

int main(int argc, char **argv)
{
	static const struct t_case cases[] = {
		{ "requests that open a WebSocket", opens },
		{ "paths", paths },
		{ "requests that open none", not_an_upgrade },
		{ "what is no request", broken },
		{ "every truncation", cuts },
		{ "limits", limits },
		{ "answers", answers },
	};

	return t_main(cases, sizeof cases / sizeof cases[0], argc, argv);
}
