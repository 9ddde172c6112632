/* SPDX-License-Identifier: Apache-2.0 */
/*
 * http_server.h - libmicrohttpd in our loop by its epoll descriptor: no threads of its own.
 *
 * Loopback TCP or a Unix socket.  The handler gets a request with its whole body (<= the limit) and
 * answers at once or later; whatever is larger, malformed or too slow never reaches it.
 */
#ifndef KURAMORI_IO_HTTP_SERVER_H
#define KURAMORI_IO_HTTP_SERVER_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

#include "base/attr.h"
#include "base/bytes.h"
#include "base/err.h"
#include "io/language.h"
#include "io/loop.h"

enum {
	HTTP_BODY_MAX = 65536,
	HTTP_CONNECTIONS_MAX = 256,
	HTTP_IDLE_S = 30, /* a connection that says nothing that long is closed, and one that needs
			   * twice that for a request or to take its answer */
	HTTP_PATH_MAX = 1024,
};

enum http_method {
	HTTP_GET,
	HTTP_HEAD,
	HTTP_POST,
	HTTP_PUT,
	HTTP_DELETE,
	HTTP_PATCH,
	HTTP_OPTIONS,
	HTTP_OTHER, /* any other token */
};

struct http_server;
struct http_request;

/* Opens, binds and serves.  The server lives in malloc'd memory: not for signers. */
struct http_server_plan {
	const char *unix_path; /* NULL: loopback TCP */
	mode_t unix_mode;
	uint16_t port;            /* on 127.0.0.1; 0: the kernel chooses, ask http_server_port() */
	uint32_t body_max;        /* 0: HTTP_BODY_MAX */
	uint32_t connections_max; /* 0: HTTP_CONNECTIONS_MAX */
	uint32_t idle_s;          /* 0: HTTP_IDLE_S */
	/*
	 * Bytes that the body of this request may have, asked when its head is here (method, path
	 * and headers may be looked at).  NULL: body_max for all.
	 */
	uint32_t (*body_max_of)(void *ctx, const struct http_request *r);
	/*
	 * A complete request.  It must be answered exactly once, here or later, by http_reply().
	 * r stays valid until http_reply() or on_gone().
	 */
	void (*on_request)(void *ctx, struct http_request *r);
	/*
	 * The client closed the connection, or his half of it, before the answer, or the server
	 * stops: forget r (a reply dies).  May be NULL only if on_request always answers at once.
	 */
	void (*on_gone)(void *ctx, struct http_request *r);
	void *ctx;
};

/* ERR_BUSY the port or socket is in use; ERR_FIELD_RANGE path; ERR_IO. */
MUST_CHECK enum err http_server_open(struct http_server **out, struct loop *l,
				     const struct http_server_plan *plan);
uint16_t http_server_port(const struct http_server *s);

/*
 * No new connections; each request that waits is answered 503 (problem document) after its on_gone.
 * Not from inside on_request or on_gone of the same server (dies).
 */
void http_server_stop(struct http_server *s);
/* True when no whole request is unanswered and no answer unsent: the program may end. */
bool http_server_idle(const struct http_server *s);
/* http_server_stop(), then everything is closed, sent or not.  NULL does nothing. */
void http_server_close(struct http_server *s);

enum http_method http_method(const struct http_request *r);
const char *http_path(const struct http_request *r); /* percent-decoded, without the query */
struct bytes http_body(const struct http_request *r);
/* A query argument (percent-decoded) or NULL; the first if repeated. */
const char *http_query(const struct http_request *r, const char *key);
/*
 * The first query argument that is in no place of names (ended by NULL) or stands twice; NULL if
 * there is none.  A misspelt argument must not be an argument that was not given.
 */
const char *http_query_odd(const struct http_request *r, const char *const *names);
/* A request header by name (any case) or NULL.  Repeated headers: NULL too, with *repeated true. */
const char *http_header(const struct http_request *r, const char *name, bool *repeated);
/* The language that the request asks for, of those that are here (io/language.h). */
enum language http_language(const struct http_request *r);
/* For the caller's own use, NULL at first. */
void http_set_user(struct http_request *r, void *user);
void *http_user(const struct http_request *r);

/*
 * Answer.  status 200..599; content_type static or NULL for no body; body is copied.
 * extra: further header lines as name, value, name, value, NULL; or NULL.
 */
void http_reply(struct http_request *r, unsigned status, const char *content_type,
		struct bytes body, const char *const *extra);
/* The same with a body of n bytes that was malloc'd: the server frees it. */
void http_reply_malloced(struct http_request *r, unsigned status, const char *content_type,
			 void *body, size_t n, const char *const *extra);

/*
 * How an answer goes wrong on its way: for a server that tests clients (kuramori-node), never for
 * one that serves them.
 */
struct http_breakage {
	size_t cut; /* the connection is closed after so many bytes of the body; SIZE_MAX: never */
	uint32_t drip_ms; /* one byte of the body each so many milliseconds; 0: all at once */
};

/*
 * http_reply() whose Content-Length says all of body and whose bytes come as how says.  A stopping
 * server does not wait for them: it cuts the answer where it is.
 */
void http_reply_broken(struct http_request *r, unsigned status, const char *content_type,
		       struct bytes body, const char *const *extra,
		       const struct http_breakage *how);
/* In place of an answer: the connection is closed without a byte.  r is gone. */
void http_drop(struct http_request *r);

/*
 * A problem document (RFC 9457) for e: type, title, status, and detail, field if not NULL.  Title
 * and detail are in the language that the request asks for (io/language.h), all else is for
 * machines and the same in all.
 */
void http_problem(struct http_request *r, enum err e, const char *field, const char *detail);
/*
 * The same of a detail that was filled in: format is what the catalogue knows it by.  extra: pairs
 * of headers and their values and NULL, or NULL.
 */
void http_problem_filled(struct http_request *r, enum err e, const char *field, const char *format,
			 const char *detail, const char *const *extra);

#endif
