/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Goal: server and client in one loop: answers now and later, limits, bad input, rubbish from the
 * peer. Method: our client against our server; raw sockets with broken requests; a listener that
 * lies.
 */
#include <arpa/inet.h>
#include <sys/socket.h>
#include <unistd.h>

#include "base/attr.h"
#include "io/clock.h"
#include "io/http_client.h"
#include "io/http_server.h"
#include "t.h"

static struct loop l;
static struct http_server *server;
static struct http_client *client;
static struct http_request *later;
static int done, gone;
static enum err last;
static unsigned status;
static uint32_t timeout_ms = 4000; /* a slow machine is no failure */
static char text[512];
static char big[70000];

static void on_request(void *ctx, struct http_request *r)
{
	(void)ctx;
	if (strcmp(http_path(r), "/later") == 0) {
		later = r;
		return;
	}
	if (http_method(r) == HTTP_OTHER) {
		http_problem(r, ERR_METHOD, NULL, NULL);
		return;
	}
	http_reply(r, 200, "application/json",
		   http_method(r) == HTTP_POST ? http_body(r) : bytes_str("{}"), NULL);
}

static void on_gone(void *ctx, struct http_request *r)
{
	(void)ctx;
	gone += r == later;
	later = NULL;
}

static void on_done(void *ctx, enum err e, unsigned s, struct bytes body)
{
	size_t n = body.n < sizeof text - 1 ? body.n : sizeof text - 1;

	(void)ctx;
	last = e;
	status = s;
	if (n > 0) {
		memcpy(text, body.p, n);
	}
	text[n] = '\0';
	done++;
}

static bool start(void)
{
	const struct http_server_plan plan = { .on_request = on_request, .on_gone = on_gone };

	done = gone = 0;
	later = NULL;
	return loop_init(&l) == ERR_OK && http_server_open(&server, &l, &plan) == ERR_OK &&
	       http_client_open(&client, &l) == ERR_OK;
}

static void finish(void)
{
	http_client_close(client);
	http_server_close(server);
	loop_close(&l);
}

static bool turn_until(int want)
{
	uint64_t until = clock_mono_ms() + 8000;

	while (done < want && clock_mono_ms() < until) {
		if (loop_turn(&l, 10) != ERR_OK) {
			return false;
		}
	}
	return done == want;
}

static enum err ask(uint16_t port, const char *path, struct bytes body, uint32_t max)
{
	char url[128];
	struct http_client_request r = { .url = url,
					 .body = body,
					 .timeout_ms = timeout_ms,
					 .reply_max = max,
					 .on_done = on_done };

	(void)snprintf(url, sizeof url, "http://127.0.0.1:%u%s", port, path);
	return http_client_send(client, &r);
}

static void answers(void)
{
	struct bytes none = { 0 };
	uint16_t port;

	T_CHECK(start());
	port = http_server_port(server);
	T_EQ(ask(port, "/x", none, 0), ERR_OK);
	T_EQ(done, 0);
	T_CHECK(turn_until(1));
	T_EQ(last, ERR_OK);
	T_EQ(status, 200);
	T_STR(text, "{}");
	T_EQ(ask(port, "/x", bytes_str("{\"a\":1}"), 0), ERR_OK);
	T_CHECK(turn_until(2));
	T_STR(text, "{\"a\":1}");
	T_EQ(ask(port, "/x", bytes_of(big, 65536), 0), ERR_OK);
	T_CHECK(turn_until(3));
	T_EQ(status, 200);
	T_EQ(ask(port, "/x", bytes_of(big, 65537), 0), ERR_OK);
	T_CHECK(turn_until(4));
	T_EQ(status, 413);
	T_CHECK(strstr(text, "too-large") != NULL);
	T_EQ(ask(port, "/later", none, 0), ERR_OK);
	for (int i = 0; i < 50 && later == NULL; i++) {
		T_EQ(loop_turn(&l, 10), ERR_OK);
	}
	T_CHECK(later != NULL && !http_server_idle(server));
	http_reply(later, 201, "application/json", bytes_str("[]"), NULL);
	T_CHECK(turn_until(5));
	T_EQ(last, ERR_OK);
	T_EQ(status, 201);
	T_EQ(ask(port, "/x%00y", none, 0), ERR_OK);
	T_CHECK(turn_until(6));
	T_EQ(status, 400);
	T_EQ(ask(port, "/x", bytes_of(big, 600), 599), ERR_OK);
	T_CHECK(turn_until(7));
	T_EQ(last, ERR_TOO_LARGE);
	timeout_ms = 200;
	T_EQ(ask(port, "/later", none, 0), ERR_OK);
	timeout_ms = 4000;
	T_CHECK(turn_until(8));
	T_EQ(last, ERR_TIMEOUT);
	/* Having given up he hung up, and the server sees it. */
	for (int i = 0; i < 200 && gone == 0; i++) {
		T_EQ(loop_turn(&l, 10), ERR_OK);
	}
	T_EQ(gone, 1);
	T_CHECK(later == NULL);
	finish();
}

static enum err second;

static void on_done_again(void *ctx, enum err e, unsigned s, struct bytes body)
{
	(void)body;
	last = e;
	status = s;
	done++;
	second = http_client_send(client, ctx);
}

/* Who always asks again does not keep a closing client alive. */
static void closing(void)
{
	struct http_client_request r = { .url = "http://127.0.0.1:1/",
					 .timeout_ms = 4000,
					 .on_done = on_done_again };

	T_CHECK(start());
	r.ctx = &r;
	second = ERR_OK;
	T_EQ(http_client_send(client, &r), ERR_OK);
	T_EQ(http_client_send(client, &r), ERR_OK);
	http_client_close(client);
	T_EQ(done, 2);
	T_EQ(last, ERR_STOPPING);
	T_EQ(second, ERR_STOPPING);
	http_server_close(server);
	loop_close(&l);
}

static void busy_port(void)
{
	struct http_server_plan plan = { .on_request = on_request };
	struct http_server *other = NULL;

	T_CHECK(start());
	plan.port = http_server_port(server);
	T_EQ(http_server_open(&other, &l, &plan), ERR_BUSY);
	T_CHECK(other == NULL);
	finish();
}

/* A listener that answers each of these and hangs up. */
static void rubbish_servers(void)
{
	static const char *const lies[] = { "", "rubbish\r\n\r\n",
					    "HTTP/1.1 200 OK\r\nContent-Length: 9\r\n\r\nx",
					    "HTTP/1.1 abc\r\n\r\n" };
	struct sockaddr_in a = { .sin_family = AF_INET, .sin_addr = { htonl(INADDR_LOOPBACK) } };
	socklen_t n = sizeof a;
	int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);

	T_CHECK(start());
	T_EQ(bind(fd, (const struct sockaddr *)&a, sizeof a), 0);
	T_EQ(listen(fd, 4), 0);
	T_EQ(getsockname(fd, (struct sockaddr *)&a, &n), 0);
	for (size_t i = 0; i < ARRAY_LEN(lies); i++) {
		char in[2048];
		int peer;

		T_EQ(ask(ntohs(a.sin_port), "/", (struct bytes){ 0 }, 0), ERR_OK);
		for (int t = 0; t < 5; t++) {
			T_EQ(loop_turn(&l, 10), ERR_OK);
		}
		peer = accept(fd, NULL, NULL);
		T_CHECK(peer >= 0 && read(peer, in, sizeof in) > 0);
		T_EQ(write(peer, lies[i], strlen(lies[i])), strlen(lies[i]));
		(void)close(peer);
		T_CHECK(turn_until((int)i + 1));
		T_EQ(last, ERR_NODE);
	}
	(void)close(fd);
	T_EQ(ask(ntohs(a.sin_port), "/", (struct bytes){ 0 }, 0), ERR_OK);
	T_CHECK(turn_until((int)ARRAY_LEN(lies) + 1));
	T_EQ(last, ERR_UNREACHABLE);
	finish();
}

int main(int argc, char **argv)
{
	static const struct t_case cases[] = {
		{ "answers, now and later, and limits", answers },
		{ "a client that closes", closing },
		{ "a busy port", busy_port },
		{ "servers that answer rubbish", rubbish_servers },
	};

	return t_main(cases, ARRAY_LEN(cases), argc, argv);
}
