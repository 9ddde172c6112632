/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Goal: the HTTP server against real clients: pipelining, many connections, slow and vanished
 * clients, malformed requests, and above all no deferred answer lost or given to the wrong client.
 * Method: raw sockets and the server in one loop, turned by hand; a lost wake-up shows as a
 * time-out because nothing else is going on that could hide it.
 */
#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <netinet/tcp.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

#include "base/attr.h"
#include "io/clock.h"
#include "io/http_client.h"
#include "io/http_server.h"
#include "t.h"

enum { CONNS = 100, IN_MAX = 4096, WAIT_MS = 5000, BIG = 16 << 20 };

struct conn {
	int fd;
	bool ended;
	size_t n;
	char in[IN_MAX];
};

static struct loop l;
static struct http_server *server;
static struct http_request *waiting[CONNS * 2];
static size_t waiting_n;
static int served, gone;
static struct conn conns[CONNS];
static uint16_t port;
static char big[BIG];
static char dir[] = "/tmp/kuramori-http-XXXXXX";
static char socket_path[128];

static void say_text(struct http_request *r, const char *text)
{
	http_reply(r, 200, "text/plain", bytes_str(text), NULL);
}

/* The same from memory that is the server's to free, whether anybody takes the answer or not. */
static void give(struct http_request *r, const void *p, size_t n)
{
	char *copy = malloc(n);

	if (copy == NULL) {
		abort();
	}
	memcpy(copy, p, n);
	http_reply_malloced(r, 200, "text/plain", copy, n, NULL);
}

/* Answers one that waits with its own query, so that a mix-up shows. */
static void answer_waiting(size_t i)
{
	struct http_request *r = waiting[i];

	waiting[i] = waiting[--waiting_n];
	say_text(r, http_query(r, "tag"));
}

static void on_request(void *ctx, struct http_request *r)
{
	const char *path = http_path(r);
	char number[16];

	(void)ctx;
	served++;
	if (strcmp(path, "/later") == 0 && waiting_n < ARRAY_LEN(waiting)) {
		waiting[waiting_n++] = r;
	} else if (strcmp(path, "/all") == 0) {
		/* Out of a callback of the same run: the resumed must not be forgotten after it. */
		while (waiting_n > 0) {
			answer_waiting(waiting_n - 1);
		}
		say_text(r, "all");
	} else if (strcmp(path, "/echo") == 0) {
		http_reply(r, 200, "text/plain", http_body(r), NULL);
	} else if (strcmp(path, "/method") == 0) {
		(void)snprintf(number, sizeof number, "method %d", (int)http_method(r));
		say_text(r, number);
	} else if (strcmp(path, "/big") == 0) {
		give(r, big, sizeof big);
	} else if (strcmp(path, "/given") == 0) {
		give(r, http_body(r).p, http_body(r).n);
	} else if (strcmp(path, "/twice") == 0) {
		say_text(r, "one");
		say_text(r, "two");
	} else if (strcmp(path, "/cut") == 0 || strcmp(path, "/drip") == 0) {
		struct http_breakage how = { .cut = SIZE_MAX };

		if (path[1] == 'c') {
			how.cut = strtoul(http_query(r, "at"), NULL, 10);
		} else {
			how.drip_ms = (uint32_t)strtoul(http_query(r, "ms"), NULL, 10);
		}
		http_reply_broken(r, 200, "text/plain", bytes_str("abcdefgh"), NULL, &how);
	} else if (strcmp(path, "/drop") == 0) {
		http_drop(r);
	} else if (strcmp(path, "/drop-waiting") == 0) {
		http_drop(waiting[--waiting_n]);
		say_text(r, "dropped");
	} else if (strcmp(path, "/stop") == 0) {
		http_server_stop(server);
	} else {
		http_problem(r, ERR_NOT_FOUND, NULL, path);
	}
}

static void on_gone(void *ctx, struct http_request *r)
{
	(void)ctx;
	for (size_t i = 0; i < waiting_n; i++) {
		if (waiting[i] == r) {
			waiting[i] = waiting[--waiting_n];
			gone++;
			return;
		}
	}
	abort(); /* told of a request that does not wait */
}

static bool start(uint32_t idle_s, uint32_t connections_max, const char *unix_path)
{
	const struct http_server_plan plan = { .unix_path = unix_path,
					       .unix_mode = 0660,
					       .idle_s = idle_s,
					       .connections_max = connections_max,
					       .on_request = on_request,
					       .on_gone = on_gone };

	served = gone = 0;
	waiting_n = 0;
	for (size_t i = 0; i < CONNS; i++) {
		conns[i].fd = -1;
	}
	if (loop_init(&l) != ERR_OK || http_server_open(&server, &l, &plan) != ERR_OK) {
		return false;
	}
	port = http_server_port(server);
	return true;
}

static void hang_up(struct conn *c)
{
	if (c->fd >= 0) {
		(void)close(c->fd);
		c->fd = -1;
	}
}

static void finish(void)
{
	for (size_t i = 0; i < CONNS; i++) {
		hang_up(&conns[i]);
	}
	http_server_close(server);
	loop_close(&l);
}

static bool dial(struct conn *c)
{
	struct sockaddr_in a = { .sin_family = AF_INET,
				 .sin_port = htons(port),
				 .sin_addr = { htonl(INADDR_LOOPBACK) } };

	int on = 1;

	*c = (struct conn){ .fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0) };
	return setsockopt(c->fd, IPPROTO_TCP, TCP_NODELAY, &on, sizeof on) == 0 &&
	       connect(c->fd, (const struct sockaddr *)&a, sizeof a) == 0 &&
	       fcntl(c->fd, F_SETFL, O_NONBLOCK) == 0;
}

static bool say(struct conn *c, const char *text)
{
	size_t n = strlen(text);

	return send(c->fd, text, n, MSG_NOSIGNAL) == (ssize_t)n;
}

/* What has come for c until now. */
static void listen_to(struct conn *c)
{
	ssize_t n;

	while (!c->ended && c->n < IN_MAX - 1) {
		n = read(c->fd, c->in + c->n, IN_MAX - 1 - c->n);
		if (n < 0 && errno == EAGAIN) {
			return;
		}
		c->ended = n <= 0;
		c->n += n > 0 ? (size_t)n : 0;
		c->in[c->n] = '\0';
	}
}

/* Turns the loop until c has heard this (and forgets everything up to its end), or time is up. */
static bool hears(struct conn *c, const char *text)
{
	uint64_t until = clock_mono_ms() + WAIT_MS;

	do {
		char *at;

		listen_to(c);
		at = strstr(c->in, text);
		if (at != NULL) {
			at += strlen(text);
			c->n -= (size_t)(at - c->in);
			memmove(c->in, at, c->n + 1);
			return true;
		}
		if (c->ended || loop_turn(&l, 20) != ERR_OK) {
			break;
		}
	} while (clock_mono_ms() < until);
	printf("# not heard: %s; but: %s%s\n", text, c->in, c->ended ? " (end)" : "");
	return false;
}

static bool hears_end(struct conn *c)
{
	uint64_t until = clock_mono_ms() + WAIT_MS;

	while (!c->ended && clock_mono_ms() < until) {
		if (loop_turn(&l, 20) != ERR_OK) {
			return false;
		}
		listen_to(c);
		if (c->n == IN_MAX - 1) {
			c->n = 0;
		}
	}
	return c->ended;
}

static bool turn_until(const int *what, int want)
{
	uint64_t until = clock_mono_ms() + WAIT_MS;

	while (*what < want && clock_mono_ms() < until) {
		if (loop_turn(&l, 20) != ERR_OK) {
			return false;
		}
	}
	return *what == want;
}

static bool silent(struct conn *c, int turns)
{
	for (int i = 0; i < turns; i++) {
		if (loop_turn(&l, 2) != ERR_OK) {
			return false;
		}
	}
	listen_to(c);
	return !c->ended && c->n == 0;
}

#define HOST " HTTP/1.1\r\nHost: x\r\n"

static void pipelined(void)
{
	struct conn *c = &conns[0];

	T_CHECK(start(0, 0, NULL));
	T_CHECK(dial(c));
	T_CHECK(say(c, "GET /method" HOST "\r\n"
		       "POST /echo" HOST "Content-Length: 3\r\n\r\nabc"
		       "GET /later?tag=first" HOST "\r\n"
		       "POST /echo" HOST "Content-Length: 3\r\n\r\ndef"
		       "POST /given" HOST "Content-Length: 5\r\n\r\ngiven"
		       "GET /later?tag=second" HOST "\r\n"
		       "GET /none" HOST "\r\n"));
	T_CHECK(hears(c, "\r\n\r\nmethod 0"));
	T_CHECK(hears(c, "\r\n\r\nabc"));
	T_CHECK(turn_until(&served, 3));
	/* What stands behind a request that waits is not begun. */
	T_CHECK(silent(c, 10));
	T_EQ(served, 3);
	T_EQ(waiting_n, 1);
	answer_waiting(0);
	T_CHECK(hears(c, "\r\n\r\nfirst"));
	T_CHECK(hears(c, "\r\n\r\ndef"));
	T_CHECK(hears(c, "\r\n\r\ngiven"));
	T_CHECK(turn_until(&served, 6));
	T_EQ(waiting_n, 1);
	answer_waiting(0);
	T_CHECK(hears(c, "\r\n\r\nsecond"));
	T_CHECK(hears(c, "HTTP/1.1 404 "));
	T_CHECK(hears(c, "\"detail\":\"/none\"}"));
	T_EQ(served, 7);
	T_EQ(gone, 0);
	finish();
}

/* The request in every two parts. */
static void in_pieces(void)
{
	static const char whole[] = "POST /echo?a=%41" HOST "Content-Length: 3\r\n\r\nxyz";
	struct conn *c = &conns[0];

	T_CHECK(start(0, 0, NULL));
	T_CHECK(dial(c));
	for (size_t i = 1; i < sizeof whole - 1; i++) {
		T_EQ(send(c->fd, whole, i, MSG_NOSIGNAL), i);
		T_CHECK(silent(c, 2));
		T_CHECK(say(c, whole + i));
		T_CHECK(hears(c, "\r\n\r\nxyz"));
	}
	T_EQ(served, sizeof whole - 2);
	finish();
}

static void a_hundred_connections(void)
{
	char text[128];

	T_CHECK(start(0, 0, NULL));
	for (size_t i = 0; i < CONNS; i++) {
		T_CHECK(dial(&conns[i]));
	}
	for (int round = 0; round < 3; round++) {
		for (size_t i = 0; i < CONNS; i++) {
			(void)snprintf(text, sizeof text,
				       "POST /echo" HOST "Content-Length: 4\r\n\r\n%04zu", i);
			T_CHECK(say(&conns[i], text));
		}
		for (size_t i = 0; i < CONNS; i++) {
			(void)snprintf(text, sizeof text, "\r\n\r\n%04zu", i);
			T_CHECK(hears(&conns[i], text));
			T_EQ(conns[i].n, 0);
		}
	}
	T_EQ(served, 3 * CONNS);
	T_CHECK(http_server_idle(server));
	finish();
}

static void no_more_than_the_limit(void)
{
	T_CHECK(start(0, 2, NULL));
	for (size_t i = 0; i < 3; i++) {
		T_CHECK(dial(&conns[i]));
		T_CHECK(say(&conns[i], "GET /method" HOST "\r\n"));
	}
	T_CHECK(hears(&conns[0], "method 0"));
	T_CHECK(hears(&conns[1], "method 0"));
	T_CHECK(silent(&conns[2], 20));
	T_EQ(served, 2);
	hang_up(&conns[0]);
	T_CHECK(hears(&conns[2], "method 0"));
	finish();
}

/* Who says nothing, or too little at a time, is out; who waits for us is not. */
static void slow_clients(void)
{
	enum { SILENT, HALF, HEAD, BODY, KEPT, DEAF, PATIENT, KINDS };

	static const char head[] = "GET /method HTTP/1.1\r\nHost: a-long-name-to-go-on-with\r\n";
	uint64_t begun = clock_mono_ms(), next = 0;
	size_t dripped = 0, ended = 0;

	T_CHECK(start(1, 0, NULL));
	for (size_t i = 0; i < KINDS; i++) {
		T_CHECK(dial(&conns[i]));
	}
	T_CHECK(say(&conns[HALF], "GET /method HTT"));
	T_CHECK(say(&conns[BODY], "POST /echo" HOST "Content-Length: 100\r\n\r\n"));
	T_CHECK(say(&conns[KEPT], "GET /method" HOST "\r\n"));
	T_CHECK(say(&conns[DEAF], "GET /big" HOST "\r\n"));
	T_CHECK(say(&conns[PATIENT], "GET /later?tag=worth-it" HOST "\r\n"));
	T_CHECK(hears(&conns[KEPT], "method 0"));
	while (ended < KINDS - 2 && clock_mono_ms() - begun < WAIT_MS) {
		if (clock_mono_ms() >= next) {
			/* Fails once they are out, which is what is waited for. */
			(void)send(conns[HEAD].fd, head + dripped, 1, MSG_NOSIGNAL);
			(void)send(conns[BODY].fd, "x", 1, MSG_NOSIGNAL);
			dripped++;
			next = clock_mono_ms() + 200;
		}
		T_EQ(loop_turn(&l, 20), ERR_OK);
		ended = 0;
		for (size_t i = 0; i < DEAF; i++) {
			listen_to(&conns[i]);
			ended += conns[i].ended;
		}
		/* He takes nothing, so his end shows only at ours: all but the patient are gone. */
		ended += waiting_n == 1 && http_server_idle(server);
	}
	for (size_t i = 0; i < DEAF; i++) {
		T_CHECK(conns[i].ended);
	}
	T_CHECK(clock_mono_ms() - begun >= 2000);
	T_CHECK(dripped >= 6); /* so HEAD and BODY were never silent for the idle time */
	T_EQ(served, 3);
	T_CHECK(!conns[PATIENT].ended && waiting_n == 1);
	answer_waiting(0);
	T_CHECK(hears(&conns[PATIENT], "\r\n\r\nworth-it"));
	/* The deaf one's answer was cut. */
	while (!http_server_idle(server) && clock_mono_ms() - begun < 2 * WAIT_MS) {
		T_EQ(loop_turn(&l, 20), ERR_OK);
	}
	T_CHECK(http_server_idle(server));
	finish();
}

static void methods(void)
{
	static const struct {
		const char *word;
		enum http_method method;
	} known[] = {
		{ "GET", HTTP_GET },       { "POST", HTTP_POST },     { "PUT", HTTP_PUT },
		{ "DELETE", HTTP_DELETE }, { "PATCH", HTTP_PATCH },   { "OPTIONS", HTTP_OPTIONS },
		{ "BREW", HTTP_OTHER },    { "get", HTTP_OTHER },     { "GETX", HTTP_OTHER },
		{ "TRACE", HTTP_OTHER },   { "CONNECT", HTTP_OTHER }, { "PROPFIND", HTTP_OTHER },
		{ "G\x01T", HTTP_OTHER },
	};
	struct conn *c = &conns[0];
	char text[128];

	T_CHECK(start(0, 0, NULL));
	for (size_t i = 0; i < ARRAY_LEN(known); i++) {
		T_CHECK(dial(c));
		(void)snprintf(text, sizeof text, "%s /method" HOST "Content-Length: 0\r\n\r\n",
			       known[i].word);
		T_CHECK(say(c, text));
		(void)snprintf(text, sizeof text, "\r\n\r\nmethod %d", (int)known[i].method);
		T_CHECK(hears(c, text));
		hang_up(c);
	}
	/* HEAD: the same head, no body. */
	T_CHECK(dial(c));
	T_CHECK(say(c, "HEAD /method" HOST "\r\n"));
	T_CHECK(hears(c, "Content-Length: 8\r\n\r\n"));
	T_CHECK(silent(c, 5));
	finish();
}

/* Each gets this answer, or none (NULL: hung up on), and the handler never sees it. */
static void bad_requests(void)
{
	static const struct {
		const char *request;
		const char *answer;
	} bad[] = {
		{ "rubbish\r\n\r\n", NULL },
		{ "\x16\x03\x01\x02\x01\x01\r\n\r\n", NULL },
		{ "GET /method\r\n\r\n", NULL },
		{ "GET /method HTTP/9.9\r\nHost: x\r\n\r\n", "505" },
		{ "GET /method HTTP/1.1\r\n\r\n", "400" },
		{ "GET /a%00b" HOST "\r\n", "400" },
		{ "GET /a%" HOST "\r\n", "400" },
		{ "GET /a%4" HOST "\r\n", "400" },
		{ "GET /a%zz" HOST "\r\n", "400" },
		{ "GET /a%0a" HOST "\r\n", "400" },
		{ "GET /a%7f" HOST "\r\n", "400" },
		{ "GET /method?x=%00" HOST "\r\n", "400" },
		{ "GET /method?%1b=1" HOST "\r\n", "400" },
		{ "POST /echo" HOST "Content-Length: -1\r\n\r\n", "400" },
		{ "POST /echo" HOST "Content-Length: 1x\r\n\r\nx", "400" },
		{ "POST /echo" HOST "Content-Length: 99999999999999999999\r\n\r\n", "413" },
		{ "POST /echo" HOST "Content-Length: 262145\r\n\r\n", "413" },
		{ "POST /echo" HOST "Transfer-Encoding: chunked\r\n\r\nxyz\r\n", "400" },
	};
	struct conn *c = &conns[0];
	char text[64];

	T_CHECK(start(0, 0, NULL));
	for (size_t i = 0; i < ARRAY_LEN(bad); i++) {
		T_CHECK(dial(c));
		T_CHECK(say(c, bad[i].request));
		(void)shutdown(c->fd, SHUT_WR);
		if (bad[i].answer != NULL) {
			(void)snprintf(text, sizeof text, "HTTP/1.1 %s ", bad[i].answer);
			T_CHECK(hears(c, text));
		}
		T_CHECK(hears_end(c));
		T_EQ(served, 0);
		hang_up(c);
	}
	finish();
}

static bool asks_long(const char *head, size_t fill, const char *tail, const char *answer)
{
	static char text[80000];
	struct conn *c = &conns[0];
	bool well;

	(void)snprintf(text, sizeof text, "%s", head);
	memset(text + strlen(head), 'a', fill);
	(void)snprintf(text + strlen(head) + fill, sizeof text - strlen(head) - fill, "%s", tail);
	well = dial(c) && say(c, text) && hears(c, answer);
	hang_up(c);
	return well;
}

static void limits(void)
{
	T_CHECK(start(0, 0, NULL));
	T_CHECK(asks_long("GET /", HTTP_PATH_MAX - 1, HOST "\r\n", "HTTP/1.1 404 "));
	T_EQ(served, 1);
	T_CHECK(asks_long("GET /", HTTP_PATH_MAX, HOST "\r\n", "HTTP/1.1 413 "));
	T_CHECK(asks_long("GET /method" HOST "X: ", 40000, "\r\n\r\n", "HTTP/1.1 431 "));
	T_EQ(served, 1);
	/* A body of unknown length is counted while it comes. */
	T_CHECK(asks_long("POST /echo" HOST "Transfer-Encoding: chunked\r\n\r\n10000\r\n",
			  HTTP_BODY_MAX, "\r\n0\r\n\r\n", "HTTP/1.1 200 "));
	T_CHECK(asks_long("POST /echo" HOST "Transfer-Encoding: chunked\r\n\r\n10001\r\n",
			  HTTP_BODY_MAX + 1, "\r\n0\r\n\r\n", "HTTP/1.1 413 "));
	T_EQ(served, 2);
	finish();
}

static int done;
static unsigned done_status;
static enum err done_err;

static void on_done(void *ctx, enum err e, unsigned status, struct bytes body)
{
	(void)ctx;
	(void)body;
	done++;
	done_err = e;
	done_status = status;
}

static void over_a_unix_path(void)
{
	struct http_client_request ask = { .url = "http://localhost/method",
					   .unix_path = socket_path,
					   .timeout_ms = WAIT_MS,
					   .on_done = on_done };
	struct http_server_plan plan = { .on_request = on_request };
	struct http_client *client = NULL;
	struct http_server *other = NULL;
	char path[200];
	struct stat st;

	(void)snprintf(socket_path, sizeof socket_path, "%s/api.sock", dir);
	T_CHECK(start(0, 0, socket_path));
	T_EQ(http_server_port(server), 0);
	T_EQ(stat(socket_path, &st), 0);
	T_EQ(st.st_mode & 0777, 0660);
	T_EQ(http_client_open(&client, &l), ERR_OK);
	done = 0;
	T_EQ(http_client_send(client, &ask), ERR_OK);
	T_CHECK(turn_until(&done, 1));
	T_EQ(done_err, ERR_OK);
	T_EQ(done_status, 200);
	ask.url = "http://localhost/later?tag=x";
	T_EQ(http_client_send(client, &ask), ERR_OK);
	T_CHECK(turn_until(&served, 2));
	T_EQ(waiting_n, 1);
	/* He leaves: on a Unix socket it shows as well. */
	http_client_close(client);
	T_EQ(done_err, ERR_STOPPING);
	T_CHECK(turn_until(&gone, 1));
	plan.unix_path = socket_path;
	T_EQ(http_server_open(&other, &l, &plan), ERR_BUSY);
	memset(path, 'a', sizeof path);
	path[0] = '/';
	path[sizeof path - 1] = '\0';
	plan.unix_path = path;
	T_EQ(http_server_open(&other, &l, &plan), ERR_FIELD_RANGE);
	plan.unix_path = dir;
	T_EQ(http_server_open(&other, &l, &plan), ERR_EXISTS);
	T_CHECK(other == NULL);
	finish();
	(void)unlink(socket_path);
}

static void leaving_while_waiting(void)
{
	const struct linger at_once = { .l_onoff = 1, .l_linger = 0 };

	/* One connection at a time: the next is served only if the one before is really gone. */
	T_CHECK(start(0, 1, NULL));
	for (int how = 0; how < 4; how++) {
		struct conn *c = &conns[how];

		T_CHECK(dial(c));
		T_CHECK(say(c, "GET /later?tag=x" HOST "\r\n"));
		if (how == 3) {
			T_CHECK(
			    say(c, "GET /method" HOST "\r\n")); /* unread bytes before the end */
		}
		T_CHECK(turn_until(&served, how + 1));
		T_CHECK(silent(c, 3));
		T_EQ(gone, how);
		if (how == 1) {
			T_EQ(shutdown(c->fd, SHUT_WR), 0);
		} else {
			if (how == 2) {
				T_EQ(setsockopt(c->fd, SOL_SOCKET, SO_LINGER, &at_once,
						sizeof at_once),
				     0);
			}
			hang_up(c);
		}
		T_CHECK(turn_until(&gone, how + 1));
		T_EQ(waiting_n, 0);
	}
	T_CHECK(hears_end(&conns[1]));
	T_EQ(conns[1].n, 0);
	T_CHECK(dial(&conns[4]));
	T_CHECK(say(&conns[4], "GET /method" HOST "\r\n"));
	T_CHECK(hears(&conns[4], "method 0"));
	/* Leaving in the moment of the answer: no on_gone any more, and no harm. */
	T_CHECK(say(&conns[4], "GET /later?tag=x" HOST "\r\n"));
	T_CHECK(turn_until(&served, 6));
	answer_waiting(0);
	hang_up(&conns[4]);
	for (int i = 0; i < 10; i++) {
		T_EQ(loop_turn(&l, 2), ERR_OK);
	}
	T_EQ(gone, 4);
	T_CHECK(http_server_idle(server));
	finish();
}

static bool ask_later(struct conn *c, unsigned tag)
{
	char text[64];

	(void)snprintf(text, sizeof text, "GET /later?tag=%06u" HOST "\r\n", tag);
	return say(c, text);
}

static bool hears_tag(struct conn *c, unsigned tag)
{
	char text[32];

	(void)snprintf(text, sizeof text, "\r\n\r\n%06u", tag);
	return hears(c, text) && c->n == 0;
}

/* One client alone: whatever wakes the server up, it is not the traffic of others. */
static void deferred_alone(void)
{
	struct conn *c = &conns[0];

	T_CHECK(start(0, 0, NULL));
	T_CHECK(dial(c));
	for (unsigned i = 0; i < 2000; i++) {
		uint64_t begun = clock_mono_ms();

		T_CHECK(ask_later(c, i));
		T_CHECK(turn_until(&served, (int)i + 1));
		if (i % 3 == 0) {
			T_EQ(loop_turn(&l, 0), ERR_OK);
		}
		T_EQ(waiting_n, 1);
		answer_waiting(0);
		T_CHECK(hears_tag(c, i));
		T_CHECK(clock_mono_ms() - begun < 1000);
	}
	finish();
}

/* Many, answered in any order, from outside and out of another request's handler. */
static void deferred_in_a_crowd(void)
{
	unsigned tag = 0;

	T_CHECK(start(0, 0, NULL));
	for (size_t i = 0; i < CONNS; i++) {
		T_CHECK(dial(&conns[i]));
	}
	for (int round = 0; round < 60; round++) {
		size_t n = 1 + t_below(CONNS - 1);
		bool inside = t_below(2) == 0;

		served = 0;
		for (size_t i = 0; i < n; i++) {
			T_CHECK(ask_later(&conns[i], tag + (unsigned)i));
		}
		T_CHECK(turn_until(&served, (int)n));
		T_EQ(waiting_n, n);
		if (inside) {
			T_CHECK(say(&conns[CONNS - 1], "GET /all" HOST "\r\n"));
			T_CHECK(hears(&conns[CONNS - 1], "\r\n\r\nall"));
		}
		while (waiting_n > 0) {
			answer_waiting(t_below(waiting_n));
			if (t_below(4) == 0) {
				T_EQ(loop_turn(&l, 0), ERR_OK);
			}
		}
		for (size_t i = 0; i < n; i++) {
			T_CHECK(hears_tag(&conns[i], tag + (unsigned)i));
		}
		tag += (unsigned)n;
	}
	T_EQ(gone, 0);
	finish();
}

/* The wake-up of a resume by another's handler when that is the last thing that happens. */
static void deferred_by_another(void)
{
	T_CHECK(start(0, 0, NULL));
	T_CHECK(dial(&conns[0]) && dial(&conns[1]));
	for (unsigned i = 0; i < 500; i++) {
		T_CHECK(ask_later(&conns[0], i));
		T_CHECK(turn_until(&served, 2 * (int)i + 1));
		T_CHECK(say(&conns[1], "GET /all" HOST "\r\n"));
		T_CHECK(hears_tag(&conns[0], i));
		T_CHECK(hears(&conns[1], "\r\n\r\nall"));
	}
	finish();
}

static void stopping(void)
{
	struct conn late = { .fd = -1 };

	T_CHECK(start(0, 0, NULL));
	T_CHECK(dial(&conns[0]) && dial(&conns[1]) && dial(&conns[2]));
	T_CHECK(say(&conns[0], "GET /later?tag=x" HOST "\r\n"));
	T_CHECK(say(&conns[1], "POST /echo" HOST "Content-Length: 3\r\n\r\na"));
	T_CHECK(turn_until(&served, 1));
	T_CHECK(silent(&conns[1], 3));
	T_CHECK(!http_server_idle(server));
	http_server_stop(server);
	http_server_stop(server);
	T_EQ(gone, 1);
	T_EQ(waiting_n, 0);
	T_CHECK(hears(&conns[0], "HTTP/1.1 503 "));
	T_CHECK(hears(&conns[0], "\"type\":\"urn:kuramori:problem:stopping\""));
	T_CHECK(http_server_idle(server));
	/* What was half here, and what comes on an old connection, gets the same answer. */
	T_CHECK(say(&conns[1], "bc"));
	T_CHECK(hears(&conns[1], "HTTP/1.1 503 "));
	T_CHECK(say(&conns[2], "GET /method" HOST "\r\n"));
	T_CHECK(hears(&conns[2], "HTTP/1.1 503 "));
	T_CHECK(!dial(&late));
	hang_up(&late);
	T_EQ(served, 1);
	finish();
}

static void with_request(const char *request)
{
	if (!start(0, 0, NULL) || !dial(&conns[0]) || !say(&conns[0], request)) {
		_exit(90);
	}
	(void)turn_until(&served, 1);
}

static void reply_twice(void)
{
	with_request("GET /twice" HOST "\r\n");
}

static void stop_inside(void)
{
	with_request("GET /stop" HOST "\r\n");
}

static void reply_to_the_gone(void)
{
	struct http_request *r;

	with_request("GET /later?tag=x" HOST "\r\n");
	r = waiting[0];
	hang_up(&conns[0]);
	/* In the turn that tells of it r is still there, which is why the check can be tested. */
	while (gone == 0) {
		if (loop_turn(&l, 20) != ERR_OK) {
			_exit(91);
		}
	}
	say_text(r, "x");
}

static void our_own_mistakes_die(void)
{
	T_CHECK(t_dies(SIGABRT, reply_twice));
	T_CHECK(t_dies(SIGABRT, stop_inside));
	T_CHECK(t_dies(SIGABRT, reply_to_the_gone));
}

static void answers_that_break(void)
{
	struct conn *c = &conns[0];
	char text[64];

	T_CHECK(start(0, 0, NULL));
	for (unsigned at = 0; at <= 8; at++) {
		T_CHECK(dial(c));
		(void)snprintf(text, sizeof text, "GET /cut?at=%u" HOST "\r\n", at);
		T_CHECK(say(c, text));
		if (at < 8) {
			T_CHECK(hears_end(c));
			T_EQ(c->n, strlen(c->in));
			T_CHECK(strstr(c->in, "Content-Length: 8\r\n") != NULL);
			T_CHECK(strncmp(c->in + c->n - at, "abcdefgh", at) == 0);
			T_CHECK(strncmp(c->in + c->n - at - 4, "\r\n\r\n", 4) == 0);
		} else {
			/* Cut behind its end, it is whole, and the connection goes on. */
			T_CHECK(hears(c, "\r\n\r\nabcdefgh"));
			T_CHECK(say(c, "GET /drip?ms=1" HOST "\r\n"));
			T_CHECK(hears(c, "\r\n\r\na"));
			T_CHECK(hears(c, "bcdefgh"));
			T_CHECK(say(c, "GET /drop" HOST "\r\n"));
			T_CHECK(hears_end(c));
			T_EQ(c->n, 0);
		}
		hang_up(c);
	}
	/* A request that waits is dropped from another's handler. */
	T_CHECK(dial(c));
	T_CHECK(dial(&conns[1]));
	T_CHECK(say(c, "GET /later?tag=x" HOST "\r\n"));
	T_CHECK(turn_until(&served, 12));
	T_CHECK(say(&conns[1], "GET /drop-waiting" HOST "\r\n"));
	T_CHECK(hears(&conns[1], "dropped"));
	T_CHECK(hears_end(c));
	T_EQ(c->n, 0);
	T_EQ(gone, 0);
	T_CHECK(http_server_idle(server));
	finish();
}

/* Who leaves in the middle of an answer, and a stop there, leave nothing behind. */
static void broken_answers_end(void)
{
	struct conn *c = &conns[0];

	T_CHECK(start(0, 0, NULL));
	T_CHECK(dial(c));
	T_CHECK(say(c, "GET /drip?ms=1" HOST "\r\n"));
	T_CHECK(hears(c, "\r\n\r\na"));
	hang_up(c);
	for (int i = 0; i < 200 && !http_server_idle(server); i++) {
		T_EQ(loop_turn(&l, 20), ERR_OK);
	}
	T_CHECK(http_server_idle(server));
	T_CHECK(dial(c));
	T_CHECK(say(c, "GET /drip?ms=600000" HOST "\r\n"));
	T_CHECK(turn_until(&served, 2));
	T_CHECK(!http_server_idle(server));
	http_server_stop(server);
	T_CHECK(hears_end(c));
	T_CHECK(http_server_idle(server));
	/* Once more, closed without turning the loop again. */
	finish();
	T_CHECK(start(0, 0, NULL));
	T_CHECK(dial(c));
	T_CHECK(say(c, "GET /drip?ms=600000" HOST "\r\n"));
	T_CHECK(turn_until(&served, 1));
	finish();
}

int main(int argc, char **argv)
{
	static const struct t_case cases[] = {
		{ "pipelined requests", pipelined },
		{ "a request in two pieces", in_pieces },
		{ "a hundred connections kept", a_hundred_connections },
		{ "no more than the limit at once", no_more_than_the_limit },
		{ "slow clients are out, patient ones are not", slow_clients },
		{ "methods", methods },
		{ "bad requests", bad_requests },
		{ "limits", limits },
		{ "over a Unix path", over_a_unix_path },
		{ "leaving while waiting", leaving_while_waiting },
		{ "deferred answers to one client alone", deferred_alone },
		{ "deferred answers in a crowd", deferred_in_a_crowd },
		{ "deferred answers out of another's handler", deferred_by_another },
		{ "answers that break", answers_that_break },
		{ "broken answers end", broken_answers_end },
		{ "stopping", stopping },
		{ "our own mistakes die", our_own_mistakes_die },
	};
	int result;

	if (mkdtemp(dir) == NULL) {
		return 1;
	}
	result = t_main(cases, ARRAY_LEN(cases), argc, argv);
	(void)rmdir(dir);
	return result;
}
