/* SPDX-License-Identifier: Apache-2.0 */
/*
 * http_client.h - libcurl's multi_socket interface in our loop: GET and POST of JSON.
 *
 * No redirects, no proxy whatever the environment says, http and https only, connections kept and
 * used again.  An answer is data from a stranger: limited in size and time, judged by the caller.
 */
#ifndef KURAMORI_IO_HTTP_CLIENT_H
#define KURAMORI_IO_HTTP_CLIENT_H

#include <stddef.h>
#include <stdint.h>

#include "base/attr.h"
#include "base/bytes.h"
#include "base/err.h"
#include "io/loop.h"

enum {
	HTTP_CLIENT_REPLY_MAX = 4 << 20,
	HTTP_CLIENT_AT_ONCE_MAX = 64, /* requests in flight of one client */
	HTTP_CLIENT_URL_MAX = 2048,
};

struct http_client;

/* Malloc'd; not for signers.  ERR_IO. */
MUST_CHECK enum err http_client_open(struct http_client **out, struct loop *l);
/* Requests in flight are called back with ERR_STOPPING. */
void http_client_close(struct http_client *c);

struct http_client_request {
	const char *url;       /* http:// or https://; copied */
	const char *unix_path; /* NULL, or: connect to this socket instead of the URL's host */
	const char *bearer;    /* NULL, or the token of an Authorization header; copied */
	const char *idempotency_key; /* NULL, or an Idempotency-Key header; copied */
	struct bytes body;   /* n 0 and p NULL: GET; otherwise POST as application/json; copied */
	uint32_t timeout_ms; /* for everything from name lookup to the last byte; > 0 */
	uint32_t reply_max;  /* 0: HTTP_CLIENT_REPLY_MAX */
	/*
	 * Exactly once, never from inside http_client_send().  e: ERR_OK an HTTP answer arrived
	 * whole (of any status); ERR_UNREACHABLE, ERR_TIMEOUT, ERR_TOO_LARGE, ERR_NODE not HTTP or
	 * cut off, ERR_STOPPING.  body: valid during the call, empty unless ERR_OK.
	 */
	void (*on_done)(void *ctx, enum err e, unsigned status, struct bytes body);
	void *ctx;
};

/*
 * ERR_INPUT url; ERR_FULL too many in flight; ERR_STOPPING out of an on_done that
 * http_client_close() calls; ERR_IO.  on_done is not called then.
 */
MUST_CHECK enum err http_client_send(struct http_client *c, const struct http_client_request *r);

/*
 * For command-line tools: one request, blocking, in a loop of its own.  r->on_done and r->ctx are
 * not used.  reply: cap bytes of the caller; *status, *n written on ERR_OK.  Errors as on_done's.
 */
MUST_CHECK enum err http_client_ask(const struct http_client_request *r, unsigned *status,
				    uint8_t *reply, size_t cap, size_t *n);

#endif
