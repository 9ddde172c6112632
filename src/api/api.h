/* SPDX-License-Identifier: Apache-2.0 */
/*
 * api.h - kuramorid's HTTP routes (docs/openapi.yaml): who may ask, which operation of the core a
 * request is, and how its answer looks.  No rule of the exchange stands here: an operation's
 * arguments go to the core as they came (payout/payout.h), and its answer back.
 *
 * Every request carries a bearer token; there is no open route.  Who settles (POST /v1/transfers)
 * has a token of his own, which opens that route and no other: who may read, or ask for a
 * withdrawal that signers judge again, may not therefore move customers' balances.  Errors are
 * problem documents (RFC 9457) with `field` where one is to blame.
 *
 * POST /v1/withdrawals        a `request` envelope, Idempotency-Key required   201, repeated too
 * GET  /v1/withdrawals        ?state=NAME&limit=N
 * GET  /v1/withdrawals/{id}   by request id
 * GET  /v1/accounts/{id}      a customer's name, an address of ours, or the account's UUID
 * POST /v1/transfers          entries of the exchange's settlement; answered one by one (200)
 * POST /v1/documents          an `approval` or `freeze` envelope
 * POST /v1/prices             a `price` envelope
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
	API_STATEMENT_MAX = 200, /* lines of one page */
	API_STATEMENT_DEFAULT = 50,
	API_JOURNAL_BYTES = 3 << 20,            /* of one answer to GET /v1/journal, at most */
	API_WAITING_MAX = HTTP_CONNECTIONS_MAX, /* requests that wait for the core */
	API_ARGUMENTS_MAX = HTTP_BODY_MAX + 1024,
	API_TOKEN_MIN = 32, /* characters of the bearer token */
	API_TOKEN_MAX = 128,
};

/*
 * Operations that are about the past: the shell answers them from the journal and what is derived
 * from it, the core is not asked.  Numbers beside those of enum payout_api.  A name, where there is
 * one: u32 1 and 16 bytes of an account's id, or u32 0 and a customer's name or an address of ours.
 */
enum api_past {
	API_PAST_FIRST = 128,
	API_PAST_ACCOUNT = 128,   /* (u64 as_of in Unix ms, a name) */
	API_PAST_STATEMENT = 129, /* (u64 cursor, u32 lines 1 to API_STATEMENT_MAX, a name) */
	API_PAST_JOURNAL = 130,   /* (u64 sequence that begins a batch, or the end) */
};

struct api_waiting {
	struct http_request *request; /* NULL: free */
	uint64_t tag;
	uint16_t operation;
};

enum {
	API_ABOUT_MAX = 2048, /* bytes of what struct api's about() says */
};

/* Transfers of several requests that go to the core as one event: struct api's own. */
struct api_collected {
	uint8_t *bytes; /* NULL: the route is off */
	size_t n;
	uint32_t entries;
};

struct api {
	/* Hand an operation (enum payout_api) to the core; answered later by api_answer(). */
	void (*ask)(void *ctx, uint16_t operation, uint64_t tag, struct bytes arguments);
	void *ctx;
	struct hash32 token_hash; /* SHA-256: comparing hashes tells nothing about the token */
	struct hash32 settlement_hash;
	void (*collected)(void *ctx);
	struct api_collected transfers;
	const char *(*whom)(void *ctx, const char **format);
	size_t (*about)(void *ctx, bool metrics, char *out, size_t cap);
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

/*
 * Opens POST /v1/transfers to this token.  Its requests are read and kept; collected() says so, and
 * then api_flush() is to be called soon, from the loop: what came in one turn of the loop is
 * decided in one step and becomes one batch.
 *
 * ERR_FIELD_RANGE as api_init().  ERR_EXISTS: the same token as api_init()'s.  ERR_FULL: no memory.
 * api_free() gives it back.
 */
MUST_CHECK enum err api_settlement(struct api *a, struct bytes token, void (*collected)(void *ctx));
void api_flush(struct api *a);
void api_free(struct api *a);

/*
 * For a server whose journal others may write.  whom(): NULL while this server may answer; else why
 * not and whom to ask, and in *format what of it is in the catalogue (io/language.h), and every
 * request is answered 503 `standby` with it, but for those that ask how this server is.  about():
 * what status and metrics say of the journal, in both cases: members of a JSON object, or lines of
 * Prometheus; at most cap (API_ABOUT_MAX) bytes, returns how many. Both get api_init()'s ctx.
 */
void api_standing(struct api *a, const char *(*whom)(void *ctx, const char **format),
		  size_t (*about)(void *ctx, bool metrics, char *out, size_t cap));

/* For struct http_server_plan, with ctx = the struct api. */
void api_on_request(void *ctx, struct http_request *r);
void api_on_gone(void *ctx, struct http_request *r);
uint32_t api_body_max(void *ctx, const struct http_request *r);

/*
 * The core's answer to a tag: the arguments of PAYOUT_CALL_ANSWER (payout/payout.h).  A tag whose
 * client has gone is dropped silently.  Dies on arguments the core could not have written.
 */
void api_answer(struct api *a, uint64_t tag, struct bytes answer);

/* The core's answers to api_flush(): the arguments of PAYOUT_CALL_SETTLED.  As api_answer(). */
void api_settled(struct api *a, struct bytes answers);

#endif
