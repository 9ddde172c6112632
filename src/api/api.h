/* SPDX-License-Identifier: Apache-2.0 */
/*
 * api.h - kuramorid's HTTP routes (docs/openapi.yaml): who may ask, which operation of the core a
 * request is, and how its answer looks.  No rule of the exchange stands here: an operation's
 * arguments go to the core as they came (payout/payout.h), and its answer back.
 *
 * Every request carries the bearer token; there is no open route.  Errors are problem documents
 * (RFC 9457) with `field` where one is to blame.
 *
 * POST /v1/withdrawals        a `request` envelope, Idempotency-Key required   201, repeated too
 * GET  /v1/withdrawals        ?state=NAME&limit=N
 * GET  /v1/withdrawals/{id}   by request id
 * GET  /v1/accounts/{id}      a customer's name, an address of ours, or the account's UUID
 * POST /v1/documents          an `approval` or `freeze` envelope
 * GET  /v1/orders/{id}        the order and its documents, as envelopes
 * GET  /v1/deposit-tokens/{customer}
 * GET  /v1/status
 * GET  /v1/audit              journal head, state hash of the books, reconciliation per account
 * GET  /metrics               Prometheus text
 */
#ifndef KURAMORI_API_API_H
#define KURAMORI_API_API_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/attr.h"
#include "base/bytes.h"
#include "base/err.h"
#include "io/http_server.h"

enum {
	API_WAITING_MAX = HTTP_CONNECTIONS_MAX, /* requests that wait for the core */
	API_ARGUMENTS_MAX = HTTP_BODY_MAX + 1024,
	API_TOKEN_MIN = 32, /* characters of the bearer token */
	API_TOKEN_MAX = 128,
};

struct api_waiting {
	struct http_request *request; /* NULL: free */
	uint64_t tag;
	uint16_t operation;
};

struct api {
	/* Hand an operation (enum payout_api) to the core; answered later by api_answer(). */
	void (*ask)(void *ctx, uint16_t operation, uint64_t tag, struct bytes arguments);
	void *ctx;
	uint8_t token_hash[32]; /* SHA-256: comparing hashes tells nothing about the token */
	uint64_t next_tag;
	struct api_waiting waiting[API_WAITING_MAX];
	uint64_t requests, refused; /* for the log */
	uint8_t arguments[API_ARGUMENTS_MAX];
};

/*
 * token: of the 0400 file, without its line feed.  ERR_FIELD_RANGE: shorter than API_TOKEN_MIN,
 * longer than API_TOKEN_MAX, or not printable ASCII without blanks.
 */
MUST_CHECK enum err api_init(struct api *a, struct bytes token,
			     void (*ask)(void *ctx, uint16_t operation, uint64_t tag,
					 struct bytes arguments),
			     void *ctx);

/* For struct http_server_plan, with ctx = the struct api. */
void api_on_request(void *ctx, struct http_request *r);
void api_on_gone(void *ctx, struct http_request *r);

/*
 * The core's answer to a tag: the arguments of PAYOUT_CALL_ANSWER (payout/payout.h).  A tag whose
 * client has gone is dropped silently.  Dies on arguments the core could not have written.
 */
void api_answer(struct api *a, uint64_t tag, struct bytes answer);

#endif
