/* SPDX-License-Identifier: Apache-2.0 */
#include "io/http_server.h"

#include <errno.h>
#include <microhttpd.h>
#include <netinet/in.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "base/check.h"
#include "base/words.h"
#include "io/clock.h"
#include "io/language.h"
#include "io/notes.h"
#include "io/tcp.h"
#include "io/unix.h"

enum {
	POOL_BYTES = 32 * 1024, /* request line and headers of one connection */
	DISCARD_TIMES = 4,      /* so many limits of a too large body are read before we hang up */
	BODY_FIRST = 4096,
	BROKEN_BLOCK = 1024,
	SWEEP_MS = 1000,
	WATCH_MS = 20, /* of waiting, before a client is watched */
};

/* One connection. */
struct http_peer {
	struct http_server *server;
	struct loop_fd io;          /* watched while his request waits: has he left? */
	struct http_request *waits; /* suspended, or NULL */
	uint64_t since_ms;          /* of the connection, his last answer or its end */
	bool handed;                /* the handler has his request: he is not who is slow */
	struct http_peer *next, *before;
};

/* The body of an answer that is to arrive badly (http_reply_broken()). */
struct broken_body {
	struct http_request *request;
	struct http_breakage how;
	struct loop_timer timer;
	uint8_t *bytes;
	size_t n;
	bool due;       /* the next byte may go */
	bool suspended; /* MHD waits for the timer */
};

struct http_request {
	struct http_server *server;
	struct http_peer *peer;
	struct MHD_Connection *connection;
	struct MHD_Response *response; /* ready, not yet queued */
	struct broken_body *broken;    /* the response's, if it is such a one */
	unsigned status;
	enum http_method method;
	char *path;
	uint8_t *body;
	size_t body_n, body_cap, discarded;
	uint32_t body_max;
	void *user;
	enum err refuse; /* answer with this when the body has been read */
	const char *refuse_why;
	bool handed;    /* the handler has it and owes an answer */
	bool suspended; /* MHD waits for us */
	bool left;      /* nobody is there to be answered */
	struct http_request *next, *before;
};

struct http_server {
	struct loop *loop;
	struct http_server_plan plan;
	struct MHD_Daemon *daemon;
	struct loop_fd io;
	struct loop_timer timer;
	struct loop_timer sweep;
	struct loop_timer watch;
	struct http_request *requests;
	struct http_peer *peers;
	uint16_t port;
	bool stopping;
	bool running; /* inside MHD_run(), which must not be entered twice */
	bool again;   /* something waits for the next MHD_run() that it does not tell of */
};

/*
 * MHD has its own epoll descriptor in ours, and a time at which it wants to be asked anyway.  That
 * time must be asked for after every run: a connection with bytes left in MHD's buffers shows up
 * nowhere else.
 */
static void server_run(struct http_server *s)
{
	MHD_UNSIGNED_LONG_LONG ms = 0;

	CHECK(!s->running);
	s->running = true;
	s->again = false;
	if (MHD_run(s->daemon) != MHD_YES) {
		NOTES(NOTES_BROKEN, "http-run-failed", notes_u64("port", s->port));
	}
	s->running = false;
	if (s->again) {
		/* Said by a callback of this run, which looked at such things at its start. */
		loop_timer_set(s->loop, &s->timer, 0, 0);
	} else if (MHD_get_timeout(s->daemon, &ms) == MHD_YES) {
		loop_timer_set(s->loop, &s->timer, ms > 60000 ? 60000 : ms, 0);
	} else {
		loop_timer_off(s->loop, &s->timer);
	}
}

static void on_ready(void *ctx, uint32_t events)
{
	(void)events;
	server_run(ctx);
}

static void on_time(void *ctx)
{
	server_run(ctx);
}

static void request_link(struct http_server *s, struct http_request *r)
{
	r->next = s->requests;
	if (r->next != NULL) {
		r->next->before = r;
	}
	s->requests = r;
}

static void request_unlink(struct http_request *r)
{
	if (r->before != NULL) {
		r->before->next = r->next;
	} else {
		r->server->requests = r->next;
	}
	if (r->next != NULL) {
		r->next->before = r->before;
	}
}

static void peer_forget(struct http_peer *p)
{
	loop_del(p->server->loop, &p->io);
	p->waits = NULL;
	p->handed = false;
	p->since_ms = clock_mono_ms();
}

/*
 * Hands r back to MHD, which asks on_access() about it again on its next run.  Nobody but us brings
 * that run about: MHD_ALLOW_SUSPEND_RESUME stands for an eventfd as well, but without a thread of
 * its own MHD 0.9.75 makes none (MHD_start_daemon: "useless if we are using 'external' select"),
 * a resume only sets a flag, and MHD_get_timeout() does not look at the flag.
 */
static void request_resume(struct http_request *r)
{
	CHECK(r->suspended);
	r->suspended = false;
	r->server->again = true;
	MHD_resume_connection(r->connection);
	loop_timer_set(r->server->loop, &r->server->timer, 0, 0);
}

/* The client of a waiting request closed his side (all of it, or as good as). */
static void on_left(void *ctx, uint32_t events)
{
	struct http_peer *p = ctx;
	struct http_request *r = p->waits;

	(void)events;
	CHECK(r != NULL && r->handed && r->suspended);
	peer_forget(p);
	r->handed = false;
	r->left = true;
	if (p->server->plan.on_gone != NULL) {
		p->server->plan.on_gone(p->server->plan.ctx, r);
	}
	request_resume(r);
}

/*
 * MHD's time-out begins anew with every byte, so that a byte now and then holds a connection for
 * ever.  Twice that time is enough for a whole request to come in, or an answer to be taken.
 */
static void on_sweep(void *ctx)
{
	struct http_server *s = ctx;
	uint64_t now = clock_mono_ms();

	for (struct http_peer *p = s->peers; p != NULL; p = p->next) {
		if (!p->handed && now - p->since_ms > 2000 * (uint64_t)s->plan.idle_s) {
			/* MHD sees the end of the stream and cleans up. */
			(void)shutdown(p->io.fd, SHUT_RDWR);
		}
	}
	if (s->peers == NULL) {
		loop_timer_off(s->loop, &s->sweep);
	}
}

/*
 * Who has waited for a moment is watched, or a client who left is not noticed: MHD does not look at
 * a suspended connection.  Most are answered before, and to watch them all would cost two system
 * calls a request.
 */
static void on_watch(void *ctx)
{
	struct http_server *s = ctx;
	uint64_t now = clock_mono_ms();
	bool more = false;

	for (struct http_peer *p = s->peers; p != NULL; p = p->next) {
		if (p->waits == NULL || p->io.watched) {
			continue;
		}
		if (now - p->since_ms < WATCH_MS) {
			more = true;
		} else if (loop_add(s->loop, &p->io, EPOLLRDHUP) != ERR_OK) {
			NOTES(NOTES_UNUSUAL, "http-unwatched", notes_u64("port", s->port));
		}
	}
	if (more) {
		loop_timer_set(s->loop, &s->watch, WATCH_MS, 0);
	}
}

static void peer_start(struct http_server *s, struct MHD_Connection *connection, void **own)
{
	const union MHD_ConnectionInfo *info =
	    MHD_get_connection_info(connection, MHD_CONNECTION_INFO_CONNECTION_FD);
	struct http_peer *p = calloc(1, sizeof *p);

	CHECK(info != NULL);
	if (p == NULL) {
		return; /* begin() refuses him */
	}
	p->server = s;
	p->io = (struct loop_fd){ .fd = info->connect_fd, .on = on_left, .ctx = p };
	p->since_ms = clock_mono_ms();
	p->next = s->peers;
	if (p->next != NULL) {
		p->next->before = p;
	}
	s->peers = p;
	*own = p;
	if (!s->sweep.armed) {
		loop_timer_set(s->loop, &s->sweep, SWEEP_MS, SWEEP_MS);
	}
}

static void peer_end(struct http_peer *p)
{
	if (p == NULL) {
		return;
	}
	loop_del(p->server->loop, &p->io);
	if (p->before != NULL) {
		p->before->next = p->next;
	} else {
		p->server->peers = p->next;
	}
	if (p->next != NULL) {
		p->next->before = p->before;
	}
	/* At its limit MHD stops accepting, and begins again only in the run after this one. */
	p->server->again = true;
	free(p);
}

static void on_connection(void *ctx, struct MHD_Connection *connection, void **own,
			  enum MHD_ConnectionNotificationCode code)
{
	if (code == MHD_CONNECTION_NOTIFY_STARTED) {
		peer_start(ctx, connection, own);
	} else {
		peer_end(*own);
		*own = NULL;
	}
}

static enum http_method method_of(const char *word)
{
	static const struct {
		const char *word;
		enum http_method method;
	} known[] = {
		{ "GET", HTTP_GET },         { "HEAD", HTTP_HEAD },     { "POST", HTTP_POST },
		{ "PUT", HTTP_PUT },         { "DELETE", HTTP_DELETE }, { "PATCH", HTTP_PATCH },
		{ "OPTIONS", HTTP_OPTIONS },
	};

	for (size_t i = 0; i < ARRAY_LEN(known); i++) {
		if (strcmp(word, known[i].word) == 0) {
			return known[i].method;
		}
	}
	return HTTP_OTHER;
}

static int hex_digit(char c)
{
	if (c >= '0' && c <= '9') {
		return c - '0';
	}
	if (c >= 'a' && c <= 'f') {
		return c - 'a' + 10;
	}
	return c >= 'A' && c <= 'F' ? c - 'A' + 10 : -1;
}

/*
 * Decodes %XX in place.  MHD's own decoder would let %00 cut a path short and leave a broken escape
 * as it is; here either makes the text one control character, which is_clean() refuses.
 */
static size_t on_unescape(void *ctx, struct MHD_Connection *connection, char *text)
{
	size_t out = 0;

	(void)ctx;
	(void)connection;
	for (size_t i = 0; text[i] != '\0'; i++) {
		char c = text[i];

		if (c == '%') {
			int high = hex_digit(text[i + 1]);
			int low = high < 0 ? -1 : hex_digit(text[i + 2]);

			if (low < 0 || high * 16 + low == 0) {
				text[0] = '\x01';
				text[1] = '\0';
				return 1;
			}
			c = (char)(high * 16 + low);
			i += 2;
		}
		text[out++] = c;
	}
	text[out] = '\0';
	return out;
}

static bool is_clean(const char *text)
{
	for (; *text != '\0'; text++) {
		if ((unsigned char)*text < 0x20 || *text == 0x7f) {
			return false;
		}
	}
	return true;
}

static enum MHD_Result on_argument(void *ctx, enum MHD_ValueKind kind, const char *key,
				   const char *value)
{
	bool *clean = ctx;

	(void)kind;
	*clean = *clean && is_clean(key) && (value == NULL || is_clean(value));
	return MHD_YES;
}

static struct MHD_Response *whole_response(struct bytes body)
{
	/* MHD takes a non-const pointer but copies. */
	union {
		const uint8_t *ours;
		void *theirs;
	} p = { .ours = body.n > 0 ? body.p : (const uint8_t *)"" };

	return MHD_create_response_from_buffer(body.n, p.theirs, MHD_RESPMEM_MUST_COPY);
}

static void broken_resume(struct broken_body *b)
{
	struct http_server *s = b->request->server;

	loop_timer_off(s->loop, &b->timer);
	if (b->suspended) {
		b->suspended = false;
		s->again = true;
		MHD_resume_connection(b->request->connection);
		loop_timer_set(s->loop, &s->timer, 0, 0);
	}
}

static void on_drip(void *ctx)
{
	struct broken_body *b = ctx;

	b->due = true;
	broken_resume(b);
}

static ssize_t on_broken_read(void *ctx, uint64_t at, char *out, size_t max)
{
	struct broken_body *b = ctx;
	size_t left;

	if (at >= b->how.cut) {
		return MHD_CONTENT_READER_END_WITH_ERROR; /* closes the connection */
	}
	left = (b->n < b->how.cut ? b->n : b->how.cut) - (size_t)at;
	if (b->how.drip_ms == 0) {
		left = left < max ? left : max;
	} else if (b->due) {
		left = 1;
		b->due = false;
	} else {
		b->suspended = true;
		MHD_suspend_connection(b->request->connection);
		loop_timer_set(b->request->server->loop, &b->timer, b->how.drip_ms, 0);
		return 0;
	}
	memcpy(out, b->bytes + at, left);
	return (ssize_t)left;
}

/* The request is over, which may be before MHD lets go of the response. */
static void broken_end(struct broken_body *b)
{
	loop_timer_off(b->request->server->loop, &b->timer);
	b->request->broken = NULL;
	b->request = NULL;
}

static void on_broken_free(void *ctx)
{
	struct broken_body *b = ctx;

	if (b->request != NULL) {
		broken_end(b);
	}
	free(b->bytes);
	free(b);
}

static struct MHD_Response *broken_response(struct http_request *r, struct bytes body,
					    const struct http_breakage *how)
{
	struct broken_body *b = calloc(1, sizeof *b);

	CHECK(b != NULL);
	b->request = r;
	b->how = *how;
	b->timer = (struct loop_timer){ .on = on_drip, .ctx = b };
	b->n = body.n;
	b->bytes = malloc(body.n + 1);
	CHECK(b->bytes != NULL);
	if (body.n > 0) {
		memcpy(b->bytes, body.p, body.n);
	}
	r->broken = b;
	return MHD_create_response_from_callback(body.n, BROKEN_BLOCK, on_broken_read, b,
						 on_broken_free);
}

static struct MHD_Response *with_headers(struct MHD_Response *m, const char *content_type,
					 const char *const *extra)
{
	CHECK(m != NULL);
	if (content_type != NULL) {
		CHECK(MHD_add_response_header(m, "Content-Type", content_type) == MHD_YES);
	}
	CHECK(MHD_add_response_header(m, "Cache-Control", "no-store") == MHD_YES);
	CHECK(MHD_add_response_header(m, "X-Content-Type-Options", "nosniff") == MHD_YES);
	for (size_t i = 0; extra != NULL && extra[i] != NULL; i += 2) {
		CHECK(MHD_add_response_header(m, extra[i], extra[i + 1]) == MHD_YES);
	}
	return m;
}

/* on_access() finds the response: now, or when MHD asks it again about a resumed request. */
static void answer_with(struct http_request *r, unsigned status, struct MHD_Response *m)
{
	CHECK(status >= 200 && status <= 599);
	CHECK(r->response == NULL && r->status == 0 && !r->left);
	r->response = m;
	r->status = status;
	r->handed = false;
	peer_forget(r->peer);
	if (r->suspended) {
		request_resume(r);
	}
}

static void answer(struct http_request *r, unsigned status, const char *content_type,
		   struct bytes body, const char *const *extra)
{
	answer_with(r, status, with_headers(whole_response(body), content_type, extra));
}

void http_reply(struct http_request *r, unsigned status, const char *content_type,
		struct bytes body, const char *const *extra)
{
	CHECK(r->handed);
	answer(r, status, content_type, body, extra);
}

void http_reply_malloced(struct http_request *r, unsigned status, const char *content_type,
			 void *body, size_t n, const char *const *extra)
{
	struct MHD_Response *m = MHD_create_response_from_buffer(n, body, MHD_RESPMEM_MUST_FREE);

	CHECK(r->handed);
	answer_with(r, status, with_headers(m, content_type, extra));
}

void http_reply_broken(struct http_request *r, unsigned status, const char *content_type,
		       struct bytes body, const char *const *extra, const struct http_breakage *how)
{
	CHECK(r->handed);
	answer_with(r, status, with_headers(broken_response(r, body, how), content_type, extra));
}

/* on_access() sees left and closes: now, or when MHD asks it again about a resumed request. */
void http_drop(struct http_request *r)
{
	CHECK(r->handed && !r->left);
	peer_forget(r->peer);
	r->handed = false;
	r->left = true;
	if (r->suspended) {
		request_resume(r);
	}
}

/* Not ours to repeat: a detail is words, not bytes of a stranger. */
static void printable(char *out, size_t cap, const char *text)
{
	size_t n = 0;

	for (; text[n] != '\0' && n + 1 < cap; n++) {
		unsigned char c = (unsigned char)text[n];

		out[n] = (char)(c < 0x20 || c > 0x7e ? '?' : c);
	}
	out[n] = '\0';
}

/* Words of a catalogue, which is of UTF-8, or printable ones, as the inside of a JSON string. */
static void json_text(char *out, size_t cap, const char *text)
{
	size_t n = 0;

	for (; *text != '\0' && n + 2 < cap; text++) {
		if (*text == '"' || *text == '\\') {
			out[n++] = '\\';
		}
		out[n++] = *text;
	}
	out[n] = '\0';
}

enum {
	PROBLEM_HEADERS = 8, /* names and values */
	PROBLEM_TEXT = 1536, /* bytes of a detail in any language */
};

/* What was asked for, how to authenticate where that is lacking (RFC 9110 11.6.1), and extra. */
static void problem_headers(const char *all[PROBLEM_HEADERS + 1], enum err e, enum language l,
			    const char *const *extra)
{
	size_t n = 0;

	all[n++] = "Content-Language";
	all[n++] = language_name(l);
	all[n++] = "Vary";
	all[n++] = "Accept-Language";
	if (e == ERR_UNAUTHORISED) {
		all[n++] = "WWW-Authenticate";
		all[n++] = "Bearer";
	}
	for (size_t i = 0; extra != NULL && extra[i] != NULL; i += 2) {
		CHECK(n + 2 <= PROBLEM_HEADERS);
		all[n++] = extra[i];
		all[n++] = extra[i + 1];
	}
	all[n] = NULL;
}

enum language http_language(const struct http_request *r)
{
	return language_here(language_accepted(MHD_lookup_connection_value(
	    r->connection, MHD_HEADER_KIND, MHD_HTTP_HEADER_ACCEPT_LANGUAGE)));
}

static void answer_problem(struct http_request *r, enum err e, const char *field,
			   const char *format, const char *detail, const char *const *extra)
{
	const enum language l = http_language(r);
	const char *headers[PROBLEM_HEADERS + 1];
	char field_text[256] = "";
	char said[PROBLEM_TEXT] = "";
	char words[PROBLEM_TEXT] = "";
	char detail_text[2 * PROBLEM_TEXT] = "";
	char body[3 * PROBLEM_TEXT];
	int n;

	if (field != NULL) {
		printable(said, sizeof said, field);
		json_text(field_text, sizeof field_text, said);
	}
	if (detail != NULL) {
		printable(said, sizeof said, detail);
		language_filled(l, words, sizeof words, format, said);
		json_text(detail_text, sizeof detail_text, words);
	}
	n = snprintf(
	    body, sizeof body,
	    "{\"type\":\"urn:kuramori:problem:%s\",\"title\":\"%s\",\"status\":%d%s%s%s%s%s%s}",
	    err_slug(e), language_words(l, err_words(e)), err_http(e),
	    field != NULL ? ",\"field\":\"" : "", field_text, field != NULL ? "\"" : "",
	    detail != NULL ? ",\"detail\":\"" : "", detail_text, detail != NULL ? "\"" : "");
	CHECK(n > 0 && (size_t)n < sizeof body);
	problem_headers(headers, e, l, extra);
	answer(r, (unsigned)err_http(e), "application/problem+json", bytes_of(body, (size_t)n),
	       headers);
}

void http_problem(struct http_request *r, enum err e, const char *field, const char *detail)
{
	CHECK(r->handed);
	answer_problem(r, e, field, "%s", detail, NULL);
}

void http_problem_filled(struct http_request *r, enum err e, const char *field, const char *format,
			 const char *detail, const char *const *extra)
{
	CHECK(r->handed);
	answer_problem(r, e, field, format, detail, extra);
}

static enum MHD_Result send_response(struct http_request *r)
{
	enum MHD_Result result = MHD_queue_response(r->connection, r->status, r->response);

	MHD_destroy_response(r->response);
	r->response = NULL;
	return result;
}

static enum MHD_Result answer_now(struct http_request *r, enum err e, const char *why)
{
	answer_problem(r, e, NULL, "%s", why, NULL);
	return send_response(r);
}

/* What the head of a request alone shows to be wrong. */
static enum err judge_head(struct http_request *r, const char **why)
{
	bool clean = true;
	const char *length =
	    MHD_lookup_connection_value(r->connection, MHD_HEADER_KIND, "Content-Length");

	(void)MHD_get_connection_values(r->connection, MHD_GET_ARGUMENT_KIND, on_argument, &clean);
	if (!clean || !is_clean(r->path)) {
		*why = N_("the path or query holds a broken escape or a control character");
		return ERR_INPUT;
	}
	if (strlen(r->path) > HTTP_PATH_MAX) {
		*why = N_("the path is too long");
		return ERR_TOO_LARGE;
	}
	/*
	 * Little too much is read and thrown away, so that the client gets to read the 413; an
	 * answer in the middle of his sending would reach him as a reset.
	 */
	if (length != NULL && strtoull(length, NULL, 10) > (uint64_t)DISCARD_TIMES * r->body_max) {
		*why = N_("the body is larger than its limit");
		return ERR_TOO_LARGE;
	}
	if (r->server->stopping) {
		return ERR_STOPPING;
	}
	return ERR_OK;
}

static enum MHD_Result begin(struct http_server *s, struct MHD_Connection *connection,
			     const char *url, const char *method, void **own)
{
	const union MHD_ConnectionInfo *info =
	    MHD_get_connection_info(connection, MHD_CONNECTION_INFO_SOCKET_CONTEXT);
	struct http_request *r;
	const char *why = NULL;
	enum err e;

	CHECK(info != NULL);
	if (info->socket_context == NULL) {
		return MHD_NO;
	}
	r = calloc(1, sizeof *r);
	if (r == NULL) {
		return MHD_NO;
	}
	r->server = s;
	r->peer = info->socket_context;
	r->connection = connection;
	r->method = method_of(method);
	r->path = strdup(url);
	if (r->path == NULL) {
		free(r);
		return MHD_NO;
	}
	request_link(s, r);
	*own = r;
	r->body_max =
	    s->plan.body_max_of != NULL ? s->plan.body_max_of(s->plan.ctx, r) : s->plan.body_max;
	e = judge_head(r, &why);
	/* Answered before the body was read: MHD closes this connection afterwards. */
	return e == ERR_OK ? MHD_YES : answer_now(r, e, why);
}

static enum MHD_Result take_body(struct http_request *r, const char *data, size_t n)
{
	size_t max = r->body_max;

	if (r->refuse != ERR_OK || n > max - r->body_n) {
		r->refuse = ERR_TOO_LARGE;
		r->refuse_why = N_("the body is larger than its limit");
		r->discarded += n;
		return r->discarded > DISCARD_TIMES * max ? MHD_NO : MHD_YES;
	}
	if (n > r->body_cap - r->body_n) {
		size_t cap = r->body_cap == 0 ? BODY_FIRST : r->body_cap;
		uint8_t *more;

		while (cap < r->body_n + n) {
			cap *= 2;
		}
		more = realloc(r->body, cap);
		if (more == NULL) {
			return MHD_NO;
		}
		r->body = more;
		r->body_cap = cap;
	}
	memcpy(r->body + r->body_n, data, n);
	r->body_n += n;
	return MHD_YES;
}

static enum MHD_Result on_access(void *ctx, struct MHD_Connection *connection, const char *url,
				 const char *method, const char *version, const char *data,
				 size_t *data_n, void **own)
{
	struct http_server *s = ctx;
	struct http_request *r = *own;

	(void)version;
	if (r == NULL) {
		return begin(s, connection, url, method, own);
	}
	if (*data_n > 0) {
		size_t n = *data_n;

		*data_n = 0;
		return take_body(r, data, n);
	}
	if (r->left) {
		return MHD_NO; /* closes the connection */
	}
	if (r->response != NULL) {
		return send_response(r);
	}
	if (r->status != 0 || r->handed) {
		return MHD_YES; /* already on its way */
	}
	if (r->refuse != ERR_OK) {
		return answer_now(r, r->refuse, r->refuse_why);
	}
	if (s->stopping) {
		return answer_now(r, ERR_STOPPING, NULL);
	}
	r->handed = true;
	r->peer->handed = true;
	s->plan.on_request(s->plan.ctx, r);
	if (r->left) {
		return MHD_NO;
	}
	if (r->response != NULL) {
		return send_response(r);
	}
	r->suspended = true;
	MHD_suspend_connection(connection);
	r->peer->waits = r;
	r->peer->since_ms = clock_mono_ms();
	if (!s->watch.armed) {
		loop_timer_set(s->loop, &s->watch, WATCH_MS, 0);
	}
	return MHD_YES;
}

static void on_completed(void *ctx, struct MHD_Connection *connection, void **own,
			 enum MHD_RequestTerminationCode code)
{
	struct http_request *r = *own;

	(void)ctx;
	(void)connection;
	(void)code;
	if (r == NULL) {
		return;
	}
	*own = NULL;
	if (r->handed && r->server->plan.on_gone != NULL) {
		r->server->plan.on_gone(r->server->plan.ctx, r);
	}
	peer_forget(r->peer);
	request_unlink(r);
	if (r->broken != NULL) {
		broken_end(r->broken);
	}
	if (r->response != NULL) {
		MHD_destroy_response(r->response);
	}
	if (r->body != NULL) {
		explicit_bzero(r->body, r->body_n);
	}
	free(r->body);
	free(r->path);
	free(r);
}

static enum err start_mhd(struct http_server *s, int listener)
{
	const union MHD_DaemonInfo *info;

	s->daemon = MHD_start_daemon(
	    MHD_USE_EPOLL | MHD_ALLOW_SUSPEND_RESUME, 0, NULL, NULL, on_access, s,
	    MHD_OPTION_LISTEN_SOCKET, listener, MHD_OPTION_CONNECTION_LIMIT,
	    (unsigned)s->plan.connections_max, MHD_OPTION_CONNECTION_TIMEOUT,
	    (unsigned)s->plan.idle_s, MHD_OPTION_CONNECTION_MEMORY_LIMIT, (size_t)POOL_BYTES,
	    MHD_OPTION_NOTIFY_COMPLETED, on_completed, s, MHD_OPTION_NOTIFY_CONNECTION,
	    on_connection, s, MHD_OPTION_UNESCAPE_CALLBACK, on_unescape, s,
	    MHD_OPTION_STRICT_FOR_CLIENT, 1, MHD_OPTION_END);
	if (s->daemon == NULL) {
		return ERR_IO;
	}
	info = MHD_get_daemon_info(s->daemon, MHD_DAEMON_INFO_EPOLL_FD);
	CHECK(info != NULL);
	s->io = (struct loop_fd){ .fd = info->epoll_fd, .on = on_ready, .ctx = s };
	return loop_add(s->loop, &s->io, EPOLLIN);
}

enum err http_server_open(struct http_server **out, struct loop *l,
			  const struct http_server_plan *plan)
{
	struct http_server *s = calloc(1, sizeof *s);
	int listener = -1;
	enum err e;

	CHECK(plan->on_request != NULL);
	if (s == NULL) {
		return ERR_IO;
	}
	s->loop = l;
	s->plan = *plan;
	s->timer = (struct loop_timer){ .on = on_time, .ctx = s };
	s->sweep = (struct loop_timer){ .on = on_sweep, .ctx = s };
	s->watch = (struct loop_timer){ .on = on_watch, .ctx = s };
	s->plan.body_max = plan->body_max == 0 ? HTTP_BODY_MAX : plan->body_max;
	s->plan.idle_s = plan->idle_s == 0 ? HTTP_IDLE_S : plan->idle_s;
	s->plan.connections_max =
	    plan->connections_max == 0 ? HTTP_CONNECTIONS_MAX : plan->connections_max;
	e = plan->unix_path != NULL ? unix_listen(plan->unix_path, plan->unix_mode, &listener)
				    : tcp_listen(plan->port, &listener, &s->port);
	if (e != ERR_OK) {
		goto out;
	}
	e = start_mhd(s, listener);
	if (e != ERR_OK) {
		goto out;
	}
	*out = s;
	return ERR_OK;

out:
	if (s->daemon != NULL) {
		MHD_stop_daemon(s->daemon); /* closes the listener */
	} else if (listener >= 0) {
		(void)close(listener);
	}
	free(s);
	return e;
}

uint16_t http_server_port(const struct http_server *s)
{
	return s->port;
}

void http_server_stop(struct http_server *s)
{
	struct http_request *next;

	CHECK(!s->running);
	if (!s->stopping) {
		int listener = MHD_quiesce_daemon(s->daemon);

		s->stopping = true;
		/* MHD has let go of it; who connects from now on is refused, not kept waiting. */
		if (listener >= 0) {
			(void)close(listener);
		}
	}
	for (struct http_request *r = s->requests; r != NULL; r = next) {
		next = r->next;
		if (r->handed) {
			r->handed = false;
			if (s->plan.on_gone != NULL) {
				s->plan.on_gone(s->plan.ctx, r);
			}
			answer_problem(r, ERR_STOPPING, NULL, "%s", NULL, NULL);
		}
		if (r->broken != NULL) {
			r->broken->how.cut = 0;
			broken_resume(r->broken);
		}
	}
	server_run(s);
}

bool http_server_idle(const struct http_server *s)
{
	for (const struct http_request *r = s->requests; r != NULL; r = r->next) {
		/* Handed over, or answered and not yet sent; half a request is nobody's loss. */
		if (r->handed || r->status != 0) {
			return false;
		}
	}
	return true;
}

void http_server_close(struct http_server *s)
{
	if (s == NULL) {
		return;
	}
	http_server_stop(s);
	loop_del(s->loop, &s->io);
	loop_timer_off(s->loop, &s->timer);
	MHD_stop_daemon(s->daemon);
	loop_timer_off(s->loop, &s->sweep);
	loop_timer_off(s->loop, &s->watch);
	CHECK(s->requests == NULL && s->peers == NULL);
	free(s);
}

enum http_method http_method(const struct http_request *r)
{
	return r->method;
}

const char *http_path(const struct http_request *r)
{
	return r->path;
}

struct bytes http_body(const struct http_request *r)
{
	return bytes_of(r->body, r->body_n);
}

const char *http_query(const struct http_request *r, const char *key)
{
	return MHD_lookup_connection_value(r->connection, MHD_GET_ARGUMENT_KIND, key);
}

struct query_search {
	const char *const *names;
	const char *odd;
	unsigned seen; /* a bit for each of names */
};

static enum MHD_Result on_query(void *ctx, enum MHD_ValueKind kind, const char *key,
				const char *value)
{
	struct query_search *search = ctx;

	(void)kind;
	(void)value;
	for (unsigned i = 0; search->names[i] != NULL; i++) {
		CHECK(i < 32);
		if (strcmp(key, search->names[i]) == 0 && (search->seen >> i & 1) == 0) {
			search->seen |= 1U << i;
			return MHD_YES;
		}
	}
	search->odd = key;
	return MHD_NO;
}

const char *http_query_odd(const struct http_request *r, const char *const *names)
{
	struct query_search search = { .names = names };

	(void)MHD_get_connection_values(r->connection, MHD_GET_ARGUMENT_KIND, on_query, &search);
	return search.odd;
}

struct header_search {
	const char *name;
	const char *value;
	size_t n;
};

static enum MHD_Result on_header(void *ctx, enum MHD_ValueKind kind, const char *key,
				 const char *value)
{
	struct header_search *search = ctx;

	(void)kind;
	if (strcasecmp(key, search->name) == 0) {
		search->value = value;
		search->n++;
	}
	return MHD_YES;
}

const char *http_header(const struct http_request *r, const char *name, bool *repeated)
{
	struct header_search search = { .name = name };

	(void)MHD_get_connection_values(r->connection, MHD_HEADER_KIND, on_header, &search);
	if (repeated != NULL) {
		*repeated = search.n > 1;
	}
	return search.n == 1 ? search.value : NULL;
}

void http_set_user(struct http_request *r, void *user)
{
	r->user = user;
}

void *http_user(const struct http_request *r)
{
	return r->user;
}
