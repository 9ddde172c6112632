/* SPDX-License-Identifier: Apache-2.0 */
#include "io/http_client.h"

#include <curl/curl.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/check.h"

enum { REPLY_FIRST = 16 * 1024, HEADER_MAX = 1024 };

/* One request on its way. */
struct http_call {
	struct http_client *client;
	CURL *easy;
	struct curl_slist *headers;
	uint8_t *reply;
	size_t n, cap, max;
	bool too_large;
	void (*on_done)(void *ctx, enum err e, unsigned status, struct bytes body);
	void *ctx;
	struct http_call *next;
};

/* A descriptor that curl wants watched. */
struct http_socket {
	struct loop_fd io;
	struct http_client *client;
};

struct http_client {
	struct loop *loop;
	CURLM *multi;
	struct loop_timer timer;
	struct http_call *calls;
	size_t calls_n;
	bool closing;
};

static bool header_clean(const char *value)
{
	for (const char *c = value; *c != '\0'; c++) {
		if (*c < 0x20 || *c > 0x7e) {
			return false;
		}
	}
	return strlen(value) < HEADER_MAX - 64;
}

static bool url_allowed(const char *url)
{
	return (strncmp(url, "http://", 7) == 0 || strncmp(url, "https://", 8) == 0) &&
	       strlen(url) < HTTP_CLIENT_URL_MAX;
}

static size_t on_bytes(char *data, size_t size, size_t count, void *ctx)
{
	struct http_call *k = ctx;
	size_t n = size * count;

	if (n > k->max - k->n) {
		k->too_large = true;
		return 0; /* curl ends the transfer */
	}
	if (n > k->cap - k->n) {
		size_t cap = k->cap == 0 ? REPLY_FIRST : k->cap;
		uint8_t *more;

		while (cap < k->n + n) {
			cap *= 2;
		}
		more = realloc(k->reply, cap);
		if (more == NULL) {
			return 0;
		}
		k->reply = more;
		k->cap = cap;
	}
	memcpy(k->reply + k->n, data, n);
	k->n += n;
	return n;
}

static void call_free(struct http_call *k)
{
	if (k->easy != NULL) {
		curl_easy_cleanup(k->easy);
	}
	curl_slist_free_all(k->headers);
	free(k->reply);
	free(k);
}

static bool add_header(struct http_call *k, const char *name, const char *value)
{
	char line[HEADER_MAX];
	struct curl_slist *more;
	int n = snprintf(line, sizeof line, "%s %s", name, value);

	if (n < 0 || (size_t)n >= sizeof line) {
		return false;
	}
	more = curl_slist_append(k->headers, line);
	explicit_bzero(line, sizeof line); /* it may hold the token */
	if (more == NULL) {
		return false;
	}
	k->headers = more;
	return true;
}

static bool set_headers(struct http_call *k, const struct http_client_request *r)
{
	bool well = add_header(k, "Accept:", "application/json") && add_header(k, "Expect:", "");

	if (r->body.n > 0 || r->body.p != NULL) {
		well = well && add_header(k, "Content-Type:", "application/json");
	}
	if (r->bearer != NULL) {
		well = well && add_header(k, "Authorization: Bearer", r->bearer);
	}
	if (r->idempotency_key != NULL) {
		well = well && add_header(k, "Idempotency-Key:", r->idempotency_key);
	}
	return well && curl_easy_setopt(k->easy, CURLOPT_HTTPHEADER, k->headers) == CURLE_OK;
}

static bool set_body(struct http_call *k, const struct http_client_request *r)
{
	if (r->body.n == 0 && r->body.p == NULL) {
		return curl_easy_setopt(k->easy, CURLOPT_HTTPGET, 1L) == CURLE_OK;
	}
	return curl_easy_setopt(k->easy, CURLOPT_POST, 1L) == CURLE_OK &&
	       curl_easy_setopt(k->easy, CURLOPT_POSTFIELDSIZE_LARGE, (curl_off_t)r->body.n) ==
		   CURLE_OK &&
	       curl_easy_setopt(k->easy, CURLOPT_COPYPOSTFIELDS, (const char *)r->body.p) ==
		   CURLE_OK;
}

/* Everything a request may and may not do; nothing is left to curl's or the environment's defaults.
 */
static bool set_options(struct http_call *k, const struct http_client_request *r)
{
	CURL *c = k->easy;

	return curl_easy_setopt(c, CURLOPT_URL, r->url) == CURLE_OK &&
	       curl_easy_setopt(c, CURLOPT_PROTOCOLS_STR, "http,https") == CURLE_OK &&
	       curl_easy_setopt(c, CURLOPT_FOLLOWLOCATION, 0L) == CURLE_OK &&
	       curl_easy_setopt(c, CURLOPT_PROXY, "") == CURLE_OK &&
	       curl_easy_setopt(c, CURLOPT_NETRC, (long)CURL_NETRC_IGNORED) == CURLE_OK &&
	       curl_easy_setopt(c, CURLOPT_NOSIGNAL, 1L) == CURLE_OK &&
	       curl_easy_setopt(c, CURLOPT_HTTP_VERSION, (long)CURL_HTTP_VERSION_1_1) == CURLE_OK &&
	       curl_easy_setopt(c, CURLOPT_HTTP09_ALLOWED, 0L) == CURLE_OK &&
	       curl_easy_setopt(c, CURLOPT_TIMEOUT_MS, (long)r->timeout_ms) == CURLE_OK &&
	       curl_easy_setopt(c, CURLOPT_USERAGENT, "kuramori/" KURAMORI_VERSION) == CURLE_OK &&
	       curl_easy_setopt(c, CURLOPT_WRITEFUNCTION, on_bytes) == CURLE_OK &&
	       curl_easy_setopt(c, CURLOPT_WRITEDATA, k) == CURLE_OK &&
	       curl_easy_setopt(c, CURLOPT_PRIVATE, k) == CURLE_OK &&
	       curl_easy_setopt(c, CURLOPT_UNIX_SOCKET_PATH, r->unix_path) == CURLE_OK &&
	       set_headers(k, r) && set_body(k, r);
}

static enum err call_make(struct http_call **out, const struct http_client_request *r)
{
	struct http_call *k;

	if (!url_allowed(r->url) || r->timeout_ms == 0 ||
	    (r->bearer != NULL && !header_clean(r->bearer)) ||
	    (r->idempotency_key != NULL && !header_clean(r->idempotency_key))) {
		return ERR_INPUT;
	}
	k = calloc(1, sizeof *k);
	if (k == NULL) {
		return ERR_IO;
	}
	k->max = r->reply_max == 0 ? HTTP_CLIENT_REPLY_MAX : r->reply_max;
	k->easy = curl_easy_init();
	if (k->easy == NULL || !set_options(k, r)) {
		call_free(k);
		return ERR_IO;
	}
	*out = k;
	return ERR_OK;
}

static enum err err_of(const struct http_call *k, CURLcode code)
{
	if (k->too_large) {
		return ERR_TOO_LARGE;
	}
	if (code == CURLE_OK) {
		return ERR_OK;
	}
	if (code == CURLE_OPERATION_TIMEDOUT) {
		return ERR_TIMEOUT;
	}
	if (code == CURLE_COULDNT_CONNECT || code == CURLE_COULDNT_RESOLVE_HOST ||
	    code == CURLE_SEND_ERROR) {
		return ERR_UNREACHABLE;
	}
	return code == CURLE_OUT_OF_MEMORY ? ERR_IO : ERR_NODE;
}

static enum err call_result(struct http_call *k, CURLcode code, unsigned *status)
{
	enum err e = err_of(k, code);
	long http = 0;

	if (e != ERR_OK) {
		return e;
	}
	if (curl_easy_getinfo(k->easy, CURLINFO_RESPONSE_CODE, &http) != CURLE_OK || http < 100 ||
	    http > 999) {
		return ERR_NODE;
	}
	*status = (unsigned)http;
	return ERR_OK;
}

static void call_unlink(struct http_call *k)
{
	for (struct http_call **at = &k->client->calls; *at != NULL; at = &(*at)->next) {
		if (*at == k) {
			*at = k->next;
			k->client->calls_n--;
			return;
		}
	}
	CHECK(false);
}

static void call_finish(struct http_call *k, enum err e, unsigned status)
{
	struct bytes body = e == ERR_OK ? bytes_of(k->reply, k->n) : bytes_of(NULL, 0);

	call_unlink(k);
	(void)curl_multi_remove_handle(k->client->multi, k->easy);
	k->on_done(k->ctx, e, status, body);
	call_free(k);
}

static void finish_all(struct http_client *c)
{
	for (;;) {
		int left = 0;
		CURLMsg *m = curl_multi_info_read(c->multi, &left);
		char *own = NULL;
		unsigned status = 0;
		struct http_call *k;
		enum err e;

		if (m == NULL) {
			return;
		}
		if (m->msg != CURLMSG_DONE) {
			continue;
		}
		CHECK(curl_easy_getinfo(m->easy_handle, CURLINFO_PRIVATE, &own) == CURLE_OK);
		k = (struct http_call *)(void *)own;
		e = call_result(k, m->data.result, &status);
		call_finish(k, e, status);
	}
}

static void act(struct http_client *c, curl_socket_t fd, int what)
{
	int running = 0;

	CHECK(curl_multi_socket_action(c->multi, fd, what, &running) == CURLM_OK);
	finish_all(c);
}

static void on_event(void *ctx, uint32_t events)
{
	const struct http_socket *s = ctx;
	int what = 0;

	what |= (events & EPOLLIN) != 0 ? CURL_CSELECT_IN : 0;
	what |= (events & EPOLLOUT) != 0 ? CURL_CSELECT_OUT : 0;
	what |= (events & (EPOLLHUP | EPOLLERR)) != 0 ? CURL_CSELECT_ERR : 0;
	act(s->client, s->io.fd, what); /* s may be gone after this */
}

static void on_time(void *ctx)
{
	act(ctx, CURL_SOCKET_TIMEOUT, 0);
}

static int on_curl_timer(CURLM *multi, long ms, void *ctx)
{
	struct http_client *c = ctx;

	(void)multi;
	if (ms < 0) {
		loop_timer_off(c->loop, &c->timer);
	} else {
		loop_timer_set(c->loop, &c->timer, (uint64_t)ms, 0);
	}
	return 0;
}

static int on_curl_socket(CURL *easy, curl_socket_t fd, int what, void *ctx, void *own)
{
	struct http_client *c = ctx;
	struct http_socket *s = own;
	uint32_t events = 0;

	(void)easy;
	if (what == CURL_POLL_REMOVE) {
		if (s != NULL) {
			loop_del(c->loop, &s->io);
			free(s);
		}
		return 0;
	}
	events |= (what & CURL_POLL_IN) != 0 ? (uint32_t)EPOLLIN : 0u;
	events |= (what & CURL_POLL_OUT) != 0 ? (uint32_t)EPOLLOUT : 0u;
	if (s != NULL) {
		return loop_mod(c->loop, &s->io, events) == ERR_OK ? 0 : -1;
	}
	s = calloc(1, sizeof *s);
	if (s == NULL) {
		return -1;
	}
	s->client = c;
	s->io = (struct loop_fd){ .fd = fd, .on = on_event, .ctx = s };
	if (loop_add(c->loop, &s->io, events) != ERR_OK) {
		free(s);
		return -1;
	}
	CHECK(curl_multi_assign(c->multi, fd, s) == CURLM_OK);
	return 0;
}

static enum err global_once(void)
{
	static bool done; /* one thread */

	if (!done && curl_global_init(CURL_GLOBAL_DEFAULT) != CURLE_OK) {
		return ERR_IO;
	}
	done = true;
	return ERR_OK;
}

enum err http_client_open(struct http_client **out, struct loop *l)
{
	struct http_client *c;

	if (global_once() != ERR_OK) {
		return ERR_IO;
	}
	c = calloc(1, sizeof *c);
	if (c == NULL) {
		return ERR_IO;
	}
	c->loop = l;
	c->timer = (struct loop_timer){ .on = on_time, .ctx = c };
	c->multi = curl_multi_init();
	if (c->multi == NULL) {
		free(c);
		return ERR_IO;
	}
	CHECK(curl_multi_setopt(c->multi, CURLMOPT_SOCKETFUNCTION, on_curl_socket) == CURLM_OK);
	CHECK(curl_multi_setopt(c->multi, CURLMOPT_SOCKETDATA, c) == CURLM_OK);
	CHECK(curl_multi_setopt(c->multi, CURLMOPT_TIMERFUNCTION, on_curl_timer) == CURLM_OK);
	CHECK(curl_multi_setopt(c->multi, CURLMOPT_TIMERDATA, c) == CURLM_OK);
	*out = c;
	return ERR_OK;
}

void http_client_close(struct http_client *c)
{
	if (c == NULL) {
		return;
	}
	c->closing = true; /* or a caller who asks again whatever the answer keeps us here */
	while (c->calls != NULL) {
		/* What is finished has left the list, which the analyzer does not see. */
		call_finish(c->calls, ERR_STOPPING, 0); /* NOLINT(clang-analyzer-unix.Malloc) */
	}
	(void)curl_multi_cleanup(c->multi);
	loop_timer_off(c->loop, &c->timer);
	free(c);
}

enum err http_client_send(struct http_client *c, const struct http_client_request *r)
{
	struct http_call *k = NULL;
	enum err e;

	CHECK(r->on_done != NULL);
	if (c->closing) {
		return ERR_STOPPING;
	}
	if (c->calls_n >= HTTP_CLIENT_AT_ONCE_MAX) {
		return ERR_FULL;
	}
	e = call_make(&k, r);
	if (e != ERR_OK) {
		return e;
	}
	k->client = c;
	k->on_done = r->on_done;
	k->ctx = r->ctx;
	if (curl_multi_add_handle(c->multi, k->easy) != CURLM_OK) {
		call_free(k);
		return ERR_IO;
	}
	k->next = c->calls;
	c->calls = k;
	c->calls_n++;
	return ERR_OK;
}

enum err http_client_ask(const struct http_client_request *r, unsigned *status, uint8_t *reply,
			 size_t cap, size_t *n)
{
	struct http_call *k = NULL;
	unsigned got = 0;
	enum err e = global_once();

	if (e != ERR_OK) {
		return e;
	}
	e = call_make(&k, r);
	if (e != ERR_OK) {
		return e;
	}
	k->max = k->max < cap ? k->max : cap;
	e = call_result(k, curl_easy_perform(k->easy), &got);
	if (e == ERR_OK) {
		if (k->n > 0) {
			memcpy(reply, k->reply, k->n);
		}
		*n = k->n;
		*status = got;
	}
	call_free(k);
	return e;
}
