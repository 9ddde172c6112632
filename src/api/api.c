/* SPDX-License-Identifier: Apache-2.0 */
#include "api/api.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "api/reasons.h"
#include "api/transfers.h"
#include "base/check.h"
#include "base/hex.h"
#include "base/words.h"
#include "crypto/crypto.h"
#include "crypto/sha256.h"
#include "crypto/uuid7.h"
#include "payout/payout.h"

enum {
	LIST_LIMIT_DEFAULT = 20,
	REQUEST_HEAD = 12, /* u64 tag, u32 n in front of a request's entries */
	/* What is collected, and behind it the one that is being read. */
	COLLECTED_BYTES =
	    2 * (API_WAITING_MAX * REQUEST_HEAD + PAYOUT_TRANSFERS_MAX * PAYOUT_TRANSFER_BYTES),
};

/* What a route needs to know of a request. */
struct asked {
	struct http_request *http;
	const char *rest;   /* the path behind the route's prefix */
	uint16_t operation; /* the route's; what builds the arguments may say another */
	const char *field;
	const char *why;
	const char *format;          /* of which why was made */
	char range[24];              /* words of a limit */
	char name[DOC_NAME_MAX + 1]; /* of a thing in the middle of the path */
};

/* Writes the operation's arguments; on error field and why are set. */
typedef enum err (*build_arguments)(struct asked *q, struct writer *out);

static enum err bad(struct asked *q, enum err e, const char *field, const char *why)
{
	q->field = field;
	q->why = why;
	q->format = "%s";
	return e;
}

static void put_counted(struct writer *out, struct bytes b)
{
	writer_u32(out, (uint32_t)b.n);
	writer_bytes(out, b);
}

static enum err nothing(struct asked *q, struct writer *out)
{
	(void)q;
	(void)out;
	return ERR_OK;
}

static enum err json_body(struct asked *q)
{
	bool repeated = false;
	const char *type = http_header(q->http, "Content-Type", &repeated);
	size_t n = type == NULL ? 0 : strcspn(type, "; \t");

	if (type == NULL || repeated || n != strlen("application/json") ||
	    strncasecmp(type, "application/json", n) != 0) {
		return bad(q, ERR_MEDIA, "Content-Type", "send one document as application/json");
	}
	if (http_body(q->http).n == 0) {
		return bad(q, ERR_INPUT, "body", "the body is empty; send one document");
	}
	return ERR_OK;
}

/* POST /v1/withdrawals */
static enum err withdraw(struct asked *q, struct writer *out)
{
	bool repeated = false;
	const char *key = http_header(q->http, "Idempotency-Key", &repeated);
	enum err e = json_body(q);

	if (e != ERR_OK) {
		return e;
	}
	if (repeated) {
		return bad(q, ERR_INPUT, "Idempotency-Key", "the header is repeated");
	}
	if (key == NULL || key[0] == '\0') {
		return bad(q, ERR_FIELD_MISSING, "Idempotency-Key",
			   "a withdrawal needs the header Idempotency-Key, so that a retry is not "
			   "a second one");
	}
	if (strlen(key) > PAYOUT_KEY_MAX) {
		return bad(q, ERR_FIELD_RANGE, "Idempotency-Key", "at most 128 characters");
	}
	for (size_t i = 0; key[i] != '\0'; i++) {
		if (key[i] < 0x21 || key[i] > 0x7e) {
			return bad(q, ERR_FIELD_RANGE, "Idempotency-Key",
				   "printable ASCII without blanks only");
		}
	}
	put_counted(out, bytes_str(key));
	writer_bytes(out, http_body(q->http));
	return ERR_OK;
}

/* POST /v1/transfers: the entries are read when there is a place for the request */
static enum err transfers(struct asked *q, struct writer *out)
{
	(void)out;
	return json_body(q);
}

/* POST /v1/documents, POST /v1/prices */
static enum err document(struct asked *q, struct writer *out)
{
	enum err e = json_body(q);

	writer_bytes(out, http_body(q->http));
	return e;
}

/* GET /v1/withdrawals/{request id} */
static enum err by_request_id(struct asked *q, struct writer *out)
{
	struct id128 id;

	if (uuid7_get(&id, bytes_str(q->rest)) != ERR_OK) {
		return bad(
		    q, ERR_INPUT, "id",
		    "a withdrawal is named by its request id, a UUID of version 7 in lower case");
	}
	writer_bytes(out, bytes_of(id.b, sizeof id.b));
	return ERR_OK;
}

/* GET /v1/orders/{document id}, GET /v1/documents/{document id} */
static enum err by_document_id(struct asked *q, struct writer *out)
{
	struct hash32 id;

	if (hex_get(id.b, sizeof id.b, bytes_str(q->rest), HEX_LOWER_ONLY) != ERR_OK) {
		return bad(q, ERR_INPUT, "id",
			   "it is named by its document id, 64 lower-case hex digits");
	}
	writer_bytes(out, bytes_of(id.b, sizeof id.b));
	return ERR_OK;
}

/* Customers' names and addresses of ours alike: 1 to 64 of [A-Za-z0-9._:-]. */
static enum err by_name(struct asked *q, struct writer *out)
{
	size_t n = strlen(q->rest);

	if (n == 0 || n > DOC_NAME_MAX ||
	    strspn(q->rest, "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789._:-") !=
		n) {
		return bad(q, ERR_INPUT, "id", "1 to 64 of A-Z a-z 0-9 . _ : -");
	}
	writer_bytes(out, bytes_str(q->rest));
	return ERR_OK;
}

static enum err small_number(struct asked *q, const char *key, uint32_t fallback, uint32_t max,
			     uint32_t *out)
{
	const char *text = http_query(q->http, key);
	uint32_t v = 0;

	if (text == NULL) {
		*out = fallback;
		return ERR_OK;
	}
	for (size_t i = 0; text[i] != '\0'; i++) {
		if (text[i] < '0' || text[i] > '9' || i > 8) {
			return bad(q, ERR_INPUT, key, "a decimal number");
		}
		v = v * 10 + (uint32_t)(text[i] - '0');
	}
	if (v == 0 || v > max) {
		enum err e = bad(q, ERR_FIELD_RANGE, key, q->range);

		q->format = N_("1 to %u");
		(void)snprintf(q->range, sizeof q->range, "1 to %u", (unsigned)max);
		return e;
	}
	*out = v;
	return ERR_OK;
}

/* GET /v1/withdrawals */
static enum err listing(struct asked *q, struct writer *out)
{
	const char *name = http_query(q->http, "state");
	unsigned state = PAYOUT_NONE;
	uint32_t limit = 0;
	enum err e = small_number(q, "limit", LIST_LIMIT_DEFAULT, PAYOUT_LIST_MAX, &limit);

	if (e != ERR_OK) {
		return e;
	}
	if (name != NULL) {
		state = state_of(bytes_str(name));
		if (state == PAYOUT_NONE) {
			return bad(q, ERR_INPUT, "state",
				   "there is no such state; see docs/withdrawal.md");
		}
	}
	writer_u32(out, state);
	writer_u32(out, limit);
	return ERR_OK;
}

/* GET /v1/accounts/{id}: a UUID is an account's own name, anything else a customer or an address.
 */
static bool is_account_id(const char *text, struct id128 *id)
{
	char hex[33];
	size_t n = 0;

	if (strlen(text) != 36) {
		return false;
	}
	for (size_t i = 0; i < 36; i++) {
		bool dash = i == 8 || i == 13 || i == 18 || i == 23;

		if (dash != (text[i] == '-')) {
			return false;
		}
		if (!dash) {
			hex[n++] = text[i];
		}
	}
	return hex_get(id->b, sizeof id->b, bytes_of(hex, n), HEX_LOWER_ONLY) == ERR_OK;
}

/* A whole number of 64 bits.  ERR_INPUT; *out stays when the argument is not there. */
static enum err large_number(struct asked *q, const char *key, uint64_t *out)
{
	const char *text = http_query(q->http, key);
	uint64_t v = 0;

	if (text == NULL) {
		return ERR_OK;
	}
	for (size_t i = 0; text[i] != '\0'; i++) {
		if (text[i] < '0' || text[i] > '9' || v > (UINT64_MAX - 9) / 10) {
			return bad(q, ERR_INPUT, key, "a decimal number");
		}
		v = v * 10 + (uint64_t)(text[i] - '0');
	}
	if (text[0] == '\0') {
		return bad(q, ERR_INPUT, key, "a decimal number");
	}
	*out = v;
	return ERR_OK;
}

static enum err account(struct asked *q, struct writer *out)
{
	struct id128 id;
	bool is_id = is_account_id(q->rest, &id);
	uint64_t as_of = 0;
	enum err e = large_number(q, "as_of", &as_of);

	if (e != ERR_OK) {
		return e;
	}
	if (http_query(q->http, "as_of") != NULL) {
		q->operation = API_PAST_ACCOUNT;
		writer_u64(out, as_of);
		writer_u32(out, is_id);
	}
	if (is_id) {
		/* 16 bytes may also be a customer's name: the operation says which */
		q->operation = q->operation == API_CUSTOMER ? API_ACCOUNT : q->operation;
		writer_bytes(out, bytes_of(id.b, sizeof id.b));
		return ERR_OK;
	}
	return by_name(q, out);
}

/* GET /v1/accounts/{id}/statement */
static enum err statement(struct asked *q, struct writer *out)
{
	size_t n = strcspn(q->rest, "/");
	struct id128 id;
	uint64_t cursor = 0;
	uint32_t limit = 0;
	enum err e = large_number(q, "cursor", &cursor);

	if (e == ERR_OK) {
		e = small_number(q, "limit", API_STATEMENT_DEFAULT, API_STATEMENT_MAX, &limit);
	}
	if (e != ERR_OK) {
		return e;
	}
	if (n <= DOC_NAME_MAX) {
		memcpy(q->name, q->rest, n); /* one that is longer stays empty and is refused */
	}
	q->rest = q->name;
	writer_u64(out, cursor);
	writer_u32(out, limit);
	if (is_account_id(q->name, &id)) {
		writer_u32(out, 1);
		writer_bytes(out, bytes_of(id.b, sizeof id.b));
		return ERR_OK;
	}
	writer_u32(out, 0);
	return by_name(q, out);
}

/* GET /v1/journal */
static enum err journal(struct asked *q, struct writer *out)
{
	uint64_t from = 0;
	enum err e = large_number(q, "from", &from);

	writer_u64(out, from);
	return e;
}

/* GET /v1/withdrawals/{request id}/history */
static enum err history(struct asked *q, struct writer *out)
{
	const char *end = strchr(q->rest, '/');
	struct id128 id;

	if (uuid7_get(&id, bytes_of(q->rest, (size_t)(end - q->rest))) != ERR_OK) {
		return bad(
		    q, ERR_INPUT, "id",
		    "a withdrawal is named by its request id, a UUID of version 7 in lower case");
	}
	writer_bytes(out, bytes_of(id.b, sizeof id.b));
	return ERR_OK;
}

static const char *const no_query[] = { NULL };
static const char *const list_query[] = { "state", "limit", NULL };
static const char *const account_query[] = { "as_of", NULL };
static const char *const statement_query[] = { "cursor", "limit", NULL };
static const char *const journal_query[] = { "from", NULL };

static const struct route {
	enum http_method method;
	/* ends in '/': the rest names the thing; with "{}" that stands for the name */
	const char *path;
	uint16_t operation;
	build_arguments build;
	const char *const *query; /* what may be asked for */
} routes[] = {
	{ HTTP_POST, "/v1/withdrawals", API_WITHDRAW, withdraw, no_query },
	{ HTTP_GET, "/v1/withdrawals", API_WITHDRAWALS, listing, list_query },
	{ HTTP_GET, "/v1/withdrawals/", API_WITHDRAWAL, by_request_id, no_query },
	{ HTTP_GET, "/v1/withdrawals/{}/history", API_HISTORY, history, no_query },
	{ HTTP_GET, "/v1/accounts/", API_CUSTOMER, account, account_query },
	{ HTTP_GET, "/v1/accounts/{}/statement", API_PAST_STATEMENT, statement, statement_query },
	{ HTTP_GET, "/v1/journal", API_PAST_JOURNAL, journal, journal_query },
	{ HTTP_POST, "/v1/transfers", API_TRANSFERS, transfers, no_query },
	{ HTTP_POST, "/v1/documents", API_DOCUMENT, document, no_query },
	{ HTTP_POST, "/v1/prices", API_PRICE, document, no_query },
	{ HTTP_GET, "/v1/documents/", API_RULING, by_document_id, no_query },
	{ HTTP_GET, "/v1/orders/", API_ORDER, by_document_id, no_query },
	{ HTTP_GET, "/v1/deposit-tokens/", API_TOKEN, by_name, no_query },
	{ HTTP_GET, "/v1/status", API_STATUS, nothing, no_query },
	{ HTTP_GET, "/v1/audit", API_AUDIT, nothing, no_query },
	{ HTTP_GET, "/metrics", API_METRICS, nothing, no_query },
};

static enum err token_read(struct hash32 *out, struct bytes token)
{
	if (token.n < API_TOKEN_MIN || token.n > API_TOKEN_MAX) {
		return ERR_FIELD_RANGE;
	}
	for (size_t i = 0; i < token.n; i++) {
		if (token.p[i] < 0x21 || token.p[i] > 0x7e) {
			return ERR_FIELD_RANGE;
		}
	}
	sha256(out, token);
	return ERR_OK;
}

enum err api_init(struct api *a, struct bytes token,
		  void (*ask)(void *ctx, uint16_t operation, uint64_t tag, struct bytes arguments),
		  void *ctx)
{
	memset(a, 0, sizeof *a);
	a->ask = ask;
	a->ctx = ctx;
	a->next_tag = 1;
	return token_read(&a->token_hash, token);
}

enum err api_settlement(struct api *a, struct bytes token, void (*collected)(void *ctx))
{
	enum err e = token_read(&a->settlement_hash, token);

	if (e != ERR_OK) {
		return e;
	}
	if (hash32_eq(&a->settlement_hash, &a->token_hash)) {
		return ERR_EXISTS;
	}
	a->collected = collected;
	a->transfers = (struct api_collected){ .bytes = malloc(COLLECTED_BYTES) };
	return a->transfers.bytes != NULL ? ERR_OK : ERR_FULL;
}

void api_free(struct api *a)
{
	free(a->transfers.bytes);
	a->transfers = (struct api_collected){ .bytes = NULL };
}

static void refuse(struct api *a, struct http_request *r, enum err e, const char *field,
		   const char *why)
{
	a->refused++;
	http_problem(r, e, field, why);
}

enum who { NOBODY, BACK_END, SETTLEMENT };

static enum who who_asks(const struct api *a, const struct http_request *r)
{
	static const char scheme[] = "Bearer ";
	bool repeated = false;
	const char *header = http_header(r, "Authorization", &repeated);
	struct hash32 h;

	if (header == NULL || repeated || strncasecmp(header, scheme, strlen(scheme)) != 0) {
		return NOBODY;
	}
	sha256(&h, bytes_str(header + strlen(scheme)));
	if (crypto_eq(h.b, a->token_hash.b, sizeof h.b)) {
		return BACK_END;
	}
	return a->transfers.bytes != NULL && crypto_eq(h.b, a->settlement_hash.b, sizeof h.b)
		   ? SETTLEMENT
		   : NOBODY;
}

uint32_t api_body_max(void *ctx, const struct http_request *r)
{
	const struct api *a = ctx;

	return strcmp(http_path(r), "/v1/transfers") == 0 && who_asks(a, r) == SETTLEMENT
		   ? TRANSFERS_BODY_MAX
		   : HTTP_BODY_MAX;
}

void api_flush(struct api *a)
{
	struct bytes all = bytes_of(a->transfers.bytes, a->transfers.n);

	if (all.n > 0) {
		a->transfers.n = 0;
		a->transfers.entries = 0;
		a->ask(a->ctx, API_TRANSFERS, 0, all);
	}
}

/* Reads the entries behind those that are collected already. */
static void collect(struct api *a, struct api_waiting *place, struct http_request *r)
{
	struct api_collected *c = &a->transfers;
	struct transfers_fault fault = { .why = NULL };
	struct writer w = writer_make(c->bytes + c->n, COLLECTED_BYTES - c->n);
	uint32_t n = 0;
	enum err e;

	writer_u64(&w, place->tag);
	writer_u32(&w, 0);
	e = transfers_read(&w, &n, http_body(r), &fault);
	if (e != ERR_OK) {
		place->request = NULL;
		refuse(a, r, e, fault.field, fault.why);
		return;
	}
	CHECK(!w.bad);
	le32_put(c->bytes + c->n + 8, n);
	if (n > PAYOUT_TRANSFERS_MAX - c->entries) {
		size_t before = c->n;

		api_flush(a);
		memmove(c->bytes, c->bytes + before, w.n);
	}
	c->n += w.n;
	c->entries += n;
	a->collected(a->ctx);
}

static bool route_fits(const struct route *route, const char *path, const char **rest)
{
	size_t n = strlen(route->path);
	const char *name = strstr(route->path, "{}");

	if (name != NULL) {
		size_t before = (size_t)(name - route->path);
		size_t behind = n - before - 2;
		size_t all = strlen(path);

		*rest = path + before;
		return all > before + behind && strncmp(path, route->path, before) == 0 &&
		       strcmp(path + all - behind, name + 2) == 0 &&
		       memchr(*rest, '/', all - before - behind) == NULL;
	}
	if (route->path[n - 1] != '/') {
		*rest = "";
		return strcmp(path, route->path) == 0;
	}
	*rest = path + n;
	return strncmp(path, route->path, n) == 0 && path[n] != '\0' &&
	       strchr(path + n, '/') == NULL;
}

/* 405 says what would be taken (RFC 9110 15.5.6). */
static void wrong_method(struct api *a, struct http_request *r, const char *allow)
{
	static const char format[] = N_("this route takes %s");
	const char *extra[] = { "Allow", allow, NULL };
	char detail[128];

	(void)snprintf(detail, sizeof detail, format, allow);
	a->refused++;
	http_problem_filled(r, ERR_METHOD, NULL, format, detail, extra);
}

static const struct route *find(const char *path, enum http_method method, const char **rest,
				const char **allow)
{
	const struct route *found = NULL;
	bool get = false, post = false;

	for (size_t i = 0; i < ARRAY_LEN(routes); i++) {
		const char *here;

		if (!route_fits(&routes[i], path, &here)) {
			continue;
		}
		get = get || routes[i].method == HTTP_GET;
		post = post || routes[i].method == HTTP_POST;
		if (routes[i].method == method) {
			found = &routes[i];
			*rest = here;
		}
	}
	*allow = get && post ? "GET, POST" : get ? "GET" : post ? "POST" : NULL;
	return found;
}

static const char *type_of(uint16_t operation)
{
	return operation == API_METRICS        ? "text/plain; version=0.0.4"
	       : operation == API_PAST_JOURNAL ? "application/octet-stream"
					       : "application/json";
}

/* Status or metrics: the core's own (empty while it does not run) and what about() says. */
static void reply_about(const struct api *a, struct http_request *r, uint16_t operation,
			struct bytes core)
{
	char about[API_ABOUT_MAX];
	size_t n = a->about(a->ctx, operation == API_METRICS, about, sizeof about), at = 0;
	uint8_t *body = malloc(core.n + n + 2);

	CHECK(n <= sizeof about && body != NULL);
	if (operation == API_METRICS) {
		if (core.n > 0) {
			memcpy(body, core.p, core.n);
		}
		memcpy(body + core.n, about, n);
		http_reply_malloced(r, 200, type_of(operation), body, core.n + n, NULL);
		return;
	}
	/* {"store":{...},the core's members} */
	CHECK(core.n == 0 || (core.n > 2 && core.p[0] == '{'));
	body[at++] = '{';
	memcpy(body + at, about, n);
	at += n;
	if (core.n > 0) {
		body[at++] = ',';
		memcpy(body + at, core.p + 1, core.n - 1);
		at += core.n - 1;
	} else {
		body[at++] = '}';
	}
	http_reply_malloced(r, 200, type_of(operation), body, at, NULL);
}

/* How deep the reason of a withdrawal stands in the answer of an operation; 0: it has none. */
static unsigned reasons_depth(uint16_t operation)
{
	return operation == API_WITHDRAWAL || operation == API_ORDER ? 1
	       : operation == API_WITHDRAWALS                        ? 3
								     : 0;
}

/* Why a withdrawal waits is told in the language of who asks, as problems are. */
static void reply_reasons(struct api *a, struct http_request *r, uint16_t operation,
			  struct bytes core)
{
	enum language l = http_language(r);
	const char *extra[] = { "Content-Language", language_name(l), "Vary", "Accept-Language",
				NULL };
	size_t n = 0;
	uint8_t *body;

	if (l == LANGUAGE_ENGLISH) {
		http_reply(r, 200, type_of(operation), core, extra);
		return;
	}
	body = reasons_in(&n, l, core, reasons_depth(operation));
	if (body == NULL) {
		refuse(a, r, ERR_FULL, NULL, N_("no memory for the answer; ask again"));
		return;
	}
	http_reply_malloced(r, 200, type_of(operation), body, n, extra);
}

/* True if another server is to be asked: then the request is answered. */
static bool stands_by(struct api *a, struct http_request *r, uint16_t operation)
{
	const char *format = NULL;
	const char *whom = a->whom == NULL ? NULL : a->whom(a->ctx, &format);

	if (whom == NULL) {
		return false;
	}
	if (operation == API_STATUS || operation == API_METRICS) {
		reply_about(a, r, operation, bytes_of(NULL, 0));
	} else {
		a->refused++;
		http_problem_filled(r, ERR_STANDBY, NULL, format, whom, NULL);
	}
	return true;
}

void api_standing(struct api *a, const char *(*whom)(void *ctx, const char **format),
		  size_t (*about)(void *ctx, bool metrics, char *out, size_t cap))
{
	a->whom = whom;
	a->about = about;
}

void api_on_request(void *ctx, struct http_request *r)
{
	struct api *a = ctx;
	struct asked q = { .http = r, .rest = "", .field = NULL, .why = NULL };
	struct writer w = writer_make(a->arguments, sizeof a->arguments);
	const char *allow = NULL;
	const char *odd;
	const struct route *route;
	struct api_waiting *place = NULL;
	enum who who = who_asks(a, r);
	enum err e;

	a->requests++;
	if (who == NOBODY) {
		refuse(a, r, ERR_UNAUTHORISED, "Authorization",
		       N_("send the header Authorization: Bearer TOKEN"));
		return;
	}
	route = find(http_path(r), http_method(r), &q.rest, &allow);
	if (route == NULL && allow != NULL) {
		wrong_method(a, r, allow);
		return;
	}
	if (route == NULL) {
		refuse(a, r, ERR_NOT_FOUND, "path",
		       N_("there is no such route; docs/openapi.yaml lists them"));
		return;
	}
	if ((route->operation == API_TRANSFERS) != (who == SETTLEMENT)) {
		refuse(a, r, ERR_CREDENTIAL, "Authorization",
		       who == SETTLEMENT ? N_("the settlement token opens POST /v1/transfers only")
		       : a->transfers.bytes != NULL
			   ? N_("this route takes the settlement token")
			   : N_("settlement is off here: settlement_token_file is not set"));
		return;
	}
	if (stands_by(a, r, route->operation)) {
		return;
	}
	odd = http_query_odd(r, route->query);
	if (odd != NULL) {
		refuse(a, r, ERR_FIELD_UNKNOWN, odd,
		       N_("this route knows no such query argument, or knows it once"));
		return;
	}
	q.operation = route->operation;
	e = route->build(&q, &w);
	if (e == ERR_OK && w.bad) {
		e = bad(&q, ERR_TOO_LARGE, "body", "the document is larger than 64 KiB");
	}
	if (e != ERR_OK) {
		a->refused++;
		http_problem_filled(r, e, q.field, q.format, q.why, NULL);
		return;
	}
	for (size_t i = 0; i < API_WAITING_MAX && place == NULL; i++) {
		place = a->waiting[i].request == NULL ? &a->waiting[i] : NULL;
	}
	if (place == NULL) {
		refuse(a, r, ERR_BUSY, NULL, N_("too many requests wait; try again in a moment"));
		return;
	}
	*place =
	    (struct api_waiting){ .request = r, .tag = a->next_tag++, .operation = q.operation };
	if (route->operation == API_TRANSFERS) {
		collect(a, place, r);
		return;
	}
	a->ask(a->ctx, place->operation, place->tag, bytes_of(a->arguments, w.n));
}

void api_on_gone(void *ctx, struct http_request *r)
{
	struct api *a = ctx;

	for (size_t i = 0; i < API_WAITING_MAX; i++) {
		if (a->waiting[i].request == r) {
			a->waiting[i].request = NULL;
		}
	}
}

static struct api_waiting *place_of(struct api *a, uint64_t tag)
{
	for (size_t i = 0; i < API_WAITING_MAX; i++) {
		if (a->waiting[i].request != NULL && a->waiting[i].tag == tag) {
			return &a->waiting[i];
		}
	}
	return NULL;
}

void api_settled(struct api *a, struct bytes answers)
{
	struct reader in = reader_make(answers);

	while (in.left > 0) {
		uint64_t tag = reader_u64(&in);
		uint32_t n = reader_u32(&in);
		struct bytes results = reader_bytes(&in, (size_t)n * PAYOUT_SETTLED_BYTES);
		struct api_waiting *place = place_of(a, tag);
		struct http_request *r;
		struct writer w;
		uint8_t *body;

		CHECK(!in.bad);
		if (place == NULL) {
			continue;
		}
		r = place->request;
		place->request = NULL;
		body = malloc(TRANSFERS_ANSWER_BYTES(n));
		if (body == NULL) {
			refuse(a, r, ERR_FULL, NULL, N_("no memory for the answer; ask again"));
			continue;
		}
		w = writer_make(body, TRANSFERS_ANSWER_BYTES(n));
		transfers_answer(&w, n, results);
		CHECK(!w.bad);
		http_reply_malloced(r, 200, "application/json", body, w.n, NULL);
	}
}

void api_answer(struct api *a, uint64_t tag, struct bytes answer)
{
	struct api_waiting *place = place_of(a, tag);
	struct reader in = reader_make(answer);
	uint32_t number = reader_u32(&in);
	enum err e;

	CHECK(!in.bad && err_known(number));
	e = (enum err)number;
	if (place == NULL) {
		return;
	}
	if (e == ERR_OK) {
		struct bytes body = bytes_of(in.p, in.left);
		/* a repeat gets the very answer of the first time, its status too */
		unsigned status = place->operation == API_WITHDRAW ? 201 : 200;
		uint16_t operation = place->operation;
		struct http_request *r = place->request;

		place->request = NULL;
		if (a->about != NULL && (operation == API_STATUS || operation == API_METRICS)) {
			reply_about(a, r, operation, body);
			return;
		}
		if (reasons_depth(operation) != 0) {
			reply_reasons(a, r, operation, body);
			return;
		}
		http_reply(r, status, type_of(operation), body, NULL);
		return;
	}
	{
		struct bytes field = reader_bytes(&in, reader_u32(&in));
		struct bytes detail = reader_bytes(&in, reader_u32(&in));
		struct bytes format = reader_bytes(&in, reader_u32(&in));
		char field_text[DOC_FIELD_MAX + 1], detail_text[1024], format_text[256];
		struct http_request *r = place->request;

		CHECK(reader_done(&in) && field.n < sizeof field_text &&
		      detail.n < sizeof detail_text && format.n < sizeof format_text);
		if (field.n > 0) {
			memcpy(field_text, field.p, field.n);
		}
		if (detail.n > 0) {
			memcpy(detail_text, detail.p, detail.n);
		}
		if (format.n > 0) {
			memcpy(format_text, format.p, format.n);
		}
		field_text[field.n] = '\0';
		detail_text[detail.n] = '\0';
		format_text[format.n] = '\0';
		place->request = NULL;
		a->refused++;
		http_problem_filled(r, e, field.n > 0 ? field_text : NULL, format_text,
				    detail.n > 0 ? detail_text : NULL, NULL);
	}
}
